"""A new table spec from a dataset: one that can be previewed at once, with examples to go on."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Final

from kostra_publish.errors import SpecError, UsageError, written
from kostra_publish.microdata.variables import DATASET_OF_SOURCE
from kostra_publish.scaffolding.dimensions import dimensions, in_every_year
from kostra_publish.scaffolding.examples import Example, Words, examples, of_variable
from kostra_publish.scaffolding.template import Frame, spec
from kostra_publish.specs.catalogue import Catalogue, examine
from kostra_publish.specs.files import CALENDAR, DISCONTINUED, PAGES, QUALITY, table_files
from kostra_publish.specs.models import RegionKind, RoundKind, TableSpec, Text

__all__ = ["Asked", "Scaffold", "new_table"]

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
_TAKEN: Final = frozenset(Path(name).stem for name in (CALENDAR, DISCONTINUED, PAGES, QUALITY))
_FORMS_ALONE: Final = frozenset({"skjema7", "skjema12"})
"""Sources with a row for each kommune, which nothing divides."""
_REGIONS: Final[tuple[RegionKind, ...]] = (
    *("kommune", "fylke", "kostragruppe", "land", "land_uten_oslo"),
)
_ROUNDS: Final = ("march", "june")
_LETTERS: Final = 12


@dataclass(frozen=True)
class Asked:
    """The new table: its id, and the source that it is made from.

    ``measures`` names variables to measure beside the first one; ``rounds`` the kinds of round
    that publish it, None: those that other tables of the source are in.
    """

    table: str
    source: str
    measures: tuple[str, ...] = ()
    rounds: tuple[RoundKind, ...] | None = None


@dataclass(frozen=True)
class Scaffold:
    """The spec that was written, and the rounds that it is in."""

    table: str
    path: Path
    rounds: tuple[RoundKind, ...]


def new_table(folder: Path, asked: Asked) -> Scaffold:
    """Write the spec of a new table into a folder of specs; no file is ever replaced.

    Raises UsageError for an id that cannot be taken, and for a source, variable or kind of round
    that is not there; SpecError where what tables share does not hold together, and ReleaseError
    when the file cannot be written.
    """
    examined = examine(folder)
    if examined.catalogue is None:
        raise SpecError(examined.findings)
    catalogue = examined.catalogue
    taken = {path.stem for path in table_files(folder)} | set(catalogue.tables) | _TAKEN
    _check(catalogue, asked, taken)
    made = _Making(catalogue, asked)
    path = folder / f"{asked.table}.yaml"
    _write(path, made.text())
    return Scaffold(asked.table, path, made.rounds)


def _check(catalogue: Catalogue, asked: Asked, taken: Collection[str]) -> None:
    sources = [name for name in catalogue.sources if name in DATASET_OF_SOURCE]
    if asked.source not in sources:
        lines = "\n".join(f"  {name}  {catalogue.sources[name].skjema.en}" for name in sources)
        raise UsageError(f"there is no dataset {asked.source}", fix=f"There are\n{lines}")
    if not _ID.fullmatch(asked.table):
        raise UsageError(
            f"not an id of a table: {asked.table}",
            fix="Use its number, or small letters, digits and hyphens: enslige-fedre.",
        )
    if asked.table in catalogue.discontinued:
        raise UsageError(
            f"{asked.table} is the number of a discontinued table (avslutta serie)",
            fix="Give the new one an id of its own.",
        )
    if asked.table in taken:
        raise UsageError(f"there is a file {asked.table}.yaml", fix="Edit it, or take another id.")
    for kind in asked.rounds or ():
        if kind not in catalogue.calendar.kinds:
            known = ", ".join(catalogue.calendar.kinds)
            raise UsageError(f"there is no kind of round {kind}", fix=f"The kinds are {known}.")
    known_variables = in_every_year(asked.source)
    for name in asked.measures:
        if name not in known_variables:
            raise UsageError(
                f"{asked.source} has no variable {name} in every year",
                fix=f"It has {', '.join(known_variables)}.",
            )


def _write(path: Path, text: str) -> None:
    """Write a new file, whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    with written(f"cannot write {path}", fix="Name another folder with --specs."):
        try:
            beside.write_text(text, encoding="utf-8")
            # A link takes no other's place, while a rename would.
            os.link(beside, path)
        finally:
            beside.unlink(missing_ok=True)


@dataclass(frozen=True, eq=False)
class _Making:
    """What a new table takes over from others, and what it makes of the dataset."""

    catalogue: Catalogue
    asked: Asked

    @cached_property
    def _siblings(self) -> list[TableSpec]:
        """The tables of the same source that show more than Oslo's bydeler, the plainest first."""
        found = [
            one
            for one in self.catalogue.tables.values()
            if one.source == self.asked.source and "bydel" not in one.regions
        ]
        return sorted(found, key=lambda one: (not one.official, len(one.skjema)))

    @property
    def rounds(self) -> tuple[RoundKind, ...]:
        """The kinds of round that are asked for, or those that most tables of the source have."""
        if self.asked.rounds is not None:
            return self.asked.rounds
        every = Counter(tuple(one.rounds) for one in self._siblings)
        usual = tuple(kind for kind in _ROUNDS if kind in self.catalogue.calendar.kinds)
        return max(every, key=lambda rounds: every[rounds], default=usual)

    def text(self) -> str:
        """The spec."""
        source = self.catalogue.sources[self.asked.source]
        known = in_every_year(self.asked.source)
        first, *spare = examples(self.asked.source, source, self.catalogue.terms)
        used = [first, *(of_variable(name, known[name].kind) for name in self.asked.measures)]
        divided = dimensions(self.catalogue, self.asked.source)
        codes = self._codes([*used, *spare])
        return spec(
            self._frame(first),
            [*zip(codes, used, strict=False)],
            [*zip(codes[len(used) :], spare, strict=True)],
            [] if self.asked.source in _FORMS_ALONE else divided,
            [*known.values()],
        )

    def _frame(self, first: Example) -> Frame:
        source = self.catalogue.sources[self.asked.source]
        like = next(iter(self._siblings), None)
        regions: Sequence[RegionKind] = ("land",) if source.national_only else _REGIONS
        regions = like.regions if like else regions
        unit = like.unit if like else "person" if source.persons != "none" else "kommune"
        reason = (like.unit_reason if like else None) or "GRUNN: no person can be seen, since …"
        period = Text(nb="Kalenderåret", nn="Kalenderåret", en="The calendar year")
        return Frame(
            id=self.asked.table,
            source_name=self.asked.source,
            source=source,
            skjema=like.skjema if like else [source.skjema.nb],
            unit=unit,
            unit_reason=reason if unit == "kommune" else "",
            title=_title(first, regions),
            reference_period=like.reference_period if like else period,
            regions=regions,
            rounds=self.rounds,
            missing="sum" if source.national_only else like.missing if like else "estimate",
        )

    def _codes(self, every: Sequence[Example]) -> list[str]:
        """A contents code for each measure by the habit of the statbank, none of them taken."""
        tables = self.catalogue.tables.values()
        taken = {measure.code for table in tables for measure in table.measures}
        stem = _letters(self.asked.table)[:_LETTERS]
        codes: list[str] = []
        for one in every:
            wanted = f"KOS{stem}{_letters(one.name)[:_LETTERS]}"
            numbered = (f"{wanted}{number or ''}0000" for number in count())
            codes.append(next(code for code in numbered if code not in {*taken, *codes}))
        return codes


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isascii() and letter.isalnum())


def _title(first: Example, regions: Sequence[RegionKind]) -> Words:
    """A title that waits for one, marked as that of a table on kommuner where it is one."""
    nb, nn, en = first.label
    municipal = "kommune" in regions
    of_kommuner, of_municipalities = (" (K)", " (M)") if municipal else ("", "")
    return (
        f"TITTEL {nb}{of_kommuner}",
        f"TITTEL {nn}{of_kommuner}",
        f"TITLE {en}{of_municipalities}",
    )
