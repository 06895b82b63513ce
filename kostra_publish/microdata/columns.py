"""Which columns of a dataset each variable is made of: what the form has, not what we call it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from kostra_publish.microdata.contracts import contract
from kostra_publish.microdata.persons import BORN
from kostra_publish.microdata.variables import DATASET_OF_SOURCE, Variable, variables

FAMILY: Final = 5
"""From so many columns on that begin alike, they are told by how they begin."""
_BIRTH: Final = ("PERSON_FODSELSNR", "FODSELSDATO")
"""What tells when somebody was born; used at once, and dropped."""
_PUT_TOGETHER: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("aarsverk", "variable"): ("AARSVERK_",),
    ("aarsverk", "value"): ("AARSVERK_",),
    ("skjema11_maaneder", "maaned"): ("STMND_",),
    ("skjema11_maaneder", "beloep"): ("BIDRAG_", "LAAN_"),
    ("mottakere", "antall_kommuner"): ("KOMMUNE_NR",),
}
"""How the columns begin that rows of a source are put together from, by source and name."""


@cache
def columns(source: str, name: str, year: int) -> tuple[str, ...]:
    """The columns of the source's dataset that a variable is made of, in the order of the file.

    Raises UsageError for an unknown source, and KeyError for a variable that it does not have.
    """
    dataset = DATASET_OF_SOURCE[source]
    known = {**variables(dataset, year), **variables(source, year)}
    own = contract(dataset, year).columns
    found = set(_roots(source, known[name], known, own, year))
    return tuple(column for column in own if column in found)


def _roots(
    source: str, variable: Variable, known: Mapping[str, Variable], own: tuple[str, ...], year: int
) -> Iterator[str]:
    for root in dict.fromkeys(variable.expression.meta.root_names()):
        if root in own:
            yield root
        elif root == BORN:
            yield from (column for column in _BIRTH if column in own)
        elif starts := _PUT_TOGETHER.get((source, root)):
            yield from (column for column in own if column.startswith(starts))
        elif root != variable.name:
            yield from _roots(source, known[root], known, own, year)
        else:
            # Rows of this source take it over as it is in the dataset's own source.
            dataset = DATASET_OF_SOURCE[source]
            yield from _roots(dataset, variables(dataset, year)[root], known, own, year)


def families(names: Sequence[str]) -> Iterator[str]:
    """Columns for people to read; many that begin alike are told together: ``STMND_* (12)``."""
    starts = [name.partition("_")[0] for name in names]
    for start in dict.fromkeys(starts):
        own = [name for name, its in zip(names, starts, strict=True) if its == start]
        if len(own) < FAMILY:
            yield from own
        else:
            yield f"{start}_* ({len(own)})"
