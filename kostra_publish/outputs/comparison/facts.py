"""What a comparison of two releases holds: changed cells, and changed texts and codes.

Whoever reads the releases fills it in (the room ``comparing``). Every figure in it has been
published in one of the two releases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import polars as pl

from kostra_publish.disclosure.safe import SIGNS
from kostra_publish.specs.dimensions import Role
from kostra_publish.specs.models import LANGUAGES, Language

Kind = Literal[
    "amended",
    "added",
    "removed",
    "newly suppressed",
    "newly shown",
    "newly reported",
    "no longer reported",
    "other sign",
]
KINDS: Final[tuple[Kind, ...]] = (
    "amended",
    "added",
    "removed",
    "newly suppressed",
    "newly shown",
    "newly reported",
    "no longer reported",
    "other sign",
)
"""The ways in which a cell can differ; each changed cell is of one of them.

* ``amended``: a number that is another number
* ``added``, ``removed``: a cell that only the newer, only the older release has
* ``newly suppressed``: anything else is ``:`` now
* ``newly shown``: ``:`` is a number now
* ``newly reported``, ``no longer reported``: ``..`` is a number now, a number is ``..``
* ``other sign``: any other change from or to a sign

A cell that is not there says what ``.`` says: nothing can be counted there. So a new region
whose earlier years are ``.`` adds no cells for them.
"""

SaidKind = Literal["added", "removed", "changed", "reordered"]

CELL_COLUMNS: Final[pl.Schema] = pl.Schema(
    {
        "kind": pl.Enum(KINDS),
        "before_value": pl.Float64(),
        "before_sign": pl.Enum(SIGNS),
        "after_value": pl.Float64(),
        "after_sign": pl.Enum(SIGNS),
    }
)
"""The columns of ``TableChanges.cells`` beside one per dimension."""

EVERY_LANGUAGE: Final = " ".join(LANGUAGES)


@dataclass(frozen=True)
class ComparedDimension:
    """A dimension of a table with the categories that either release has."""

    code: str
    role: Role
    label: str
    """Its name in bokmål, as all names here."""
    codes: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TableChanges:
    """The changed cells of one table.

    ``cells`` has a row per changed cell, in the table's order: ``kind``; per dimension, named
    as its code, a UInt32 that is the position of the category in the dimension's ``codes``
    (null where the release that has the cell lacks the dimension); and value or sign before and
    after, all null where the cell is not there.
    """

    table: str
    title: str
    status: Literal["in both", "added", "removed"]
    dimensions: tuple[ComparedDimension, ...]
    cells: pl.DataFrame
    compared: int
    """How many cells there are in either release."""
    decimals: Mapping[str, int] = field(default_factory=dict)
    """How many decimals each measure is shown with, by its code."""

    def of_role(self, role: Role) -> ComparedDimension | None:
        """The first dimension of this role; None where there is none."""
        return next((one for one in self.dimensions if one.role == role), None)

    def counts(self) -> dict[Kind, int]:
        """How many changed cells there are of each kind."""
        found = dict(self.cells["kind"].value_counts().iter_rows())
        return {kind: found.get(kind, 0) for kind in KINDS}


@dataclass(frozen=True)
class SaidChange:
    """Something else than a figure that a table says otherwise, told once for all languages."""

    table: str
    """The table's id; empty for the list of tables (the JSON-stat collection)."""
    kind: SaidKind
    path: tuple[str, ...]
    """Where it stands, such as ``("dimension", "Tid", "label")``."""
    dimension: str
    """The code of the dimension it is about; empty: the table."""
    category: str
    """The code of the category it is about; empty: the dimension or the table."""
    name: str
    """What dimension or category is called in bokmål; empty where it is about the table."""
    before: Mapping[str, str]
    """What it said, by languages with a space between: ``{"nb nn": "…", "en": "…"}``."""
    after: Mapping[str, str]
    """What it says now. Only languages in which it changed are there."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """All that differs between two releases."""

    before: str
    """The name of the older release, or of the one that was named first."""
    after: str
    synthetic: bool
    """Whether either release holds synthetic data."""
    tables: tuple[TableChanges, ...]
    """Every table of either release that was asked for, changed or not, by id."""
    said: tuple[SaidChange, ...]

    @property
    def compared(self) -> int:
        """How many cells there are in either release."""
        return sum(table.compared for table in self.tables)

    @property
    def changed(self) -> int:
        """How many cells have changed."""
        return sum(table.cells.height for table in self.tables)

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not self.changed and not self.said


def by_languages(texts: Mapping[Language, str]) -> dict[str, str]:
    """Texts by language as texts by languages: those that say the same together."""
    together: dict[str, list[str]] = {}
    for language, text in texts.items():
        together.setdefault(text, []).append(language)
    return {" ".join(languages): text for text, languages in together.items()}
