"""Safe cubes: what may be written, and nothing else.

This module imports neither microdata nor true cubes, so that outputs and releases
can use it without a way to either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from math import prod
from types import MappingProxyType
from typing import Final, NoReturn, Self, final

import numpy as np
import polars as pl
from pydantic import Field

from kostra_publish.disclosure.seal import SEAL, Seal
from kostra_publish.specs.dimensions import CONTENTS, TIME, CubeDimension, Role
from kostra_publish.specs.models import Model, Note, TableSpec, Text

__all__ = [
    "CONTENTS",
    "MISSING",
    "NOT_APPLICABLE",
    "SIGNS",
    "SUPPRESSED",
    "TIME",
    "Corrected",
    "CubeDimension",
    "Role",
    "SafeCube",
    "VintageFacts",
    "only_safe",
]

NOT_APPLICABLE = "."
MISSING = ".."
SUPPRESSED = ":"
SIGNS = (NOT_APPLICABLE, MISSING, SUPPRESSED)


class Corrected(Model):
    """That figures of a vintage were corrected after they came out."""

    day: date
    """The day the correction came out."""
    reason: Text
    """Why."""


class VintageFacts(Model):
    """How one vintage of a table was published: in which release, and with what notes."""

    vintage: int
    """The statistics year."""
    round: str
    """The release that published these figures: a round, or a correction such as 2026-06.1."""
    published: datetime
    """When it did, in UTC."""
    preliminary: bool
    """Whether the figures are foreløpige."""
    final_day: date | None = None
    """When the final figures come, where the figures are preliminary and it is planned."""
    replaces: str | None = None
    """The release whose figures of this vintage these replaced; None: there were none."""
    corrected: tuple[Corrected, ...] = ()
    """The corrections of this vintage since its round came out, oldest first."""
    synthetic: bool
    """Whether any input was synthetic."""
    estimated: dict[str, float] = Field(default_factory=dict)
    """By larger region: the per cent of its inhabitants who live in kommuner that are estimated."""
    notes: tuple[Note, ...] = ()
    """Missing reports, estimates and the like."""


@final
class SafeCube:
    """One table's figures, ready to publish: a value or a sign in every cell.

    Cells are dense and row-major over ``dimensions``, the last one fastest:
    region, the table's own dimensions, contents, time. Values are rounded to each
    measure's decimals. Made only by disclosure control, and nothing in it changes
    afterwards: it hands out copies, and cannot be copied, pickled or subclassed, which
    would each be a way to cells that no seal was set on.
    """

    __slots__ = ("_cells", "dimensions", "table", "vintages")

    def __new__(cls, seal: Seal, *_: object) -> Self:
        """Refuse whoever has no seal; raises TypeError."""
        if seal is not SEAL:
            msg = "a safe cube is made by disclosure control only"
            raise TypeError(msg)
        return super().__new__(cls)

    def __init__(
        self,
        seal: Seal,  # noqa: ARG002  # looked at before there is anything to set
        table: TableSpec,
        dimensions: Sequence[CubeDimension],
        cells: pl.DataFrame,
        vintages: Mapping[int, VintageFacts],
    ) -> None:
        """Seal ``cells``: columns value (Float64) and status (String), one row per cell.

        Raises ValueError when a cell has both, neither, or an unknown sign, or when
        the number of cells is not the product of the dimensions' sizes.
        """
        self.table: Final = table
        self.dimensions: Final = tuple(dimensions)
        self.vintages: Final[Mapping[int, VintageFacts]] = MappingProxyType(
            dict(sorted(vintages.items()))
        )
        self._cells: Final = cells.select(
            pl.col("value").cast(pl.Float64), pl.col("status").cast(pl.String)
        )
        self._check()

    def __init_subclass__(cls) -> NoReturn:
        """Refuse: what is a kind of safe cube could be made without the seal."""
        msg = "a safe cube has no kinds"
        raise TypeError(msg)

    def __setattr__(self, name: str, value: object) -> None:
        """Set what has not been set, once; raises AttributeError after that."""
        if hasattr(self, name):
            msg = f"a safe cube does not change: {name} is set"
            raise AttributeError(msg)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: what is deleted could be set anew."""
        msg = f"a safe cube does not change: {name} stays"
        raise AttributeError(msg)

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        """Refuse copies and pickles: they are made without the seal."""
        msg = "a safe cube cannot be copied or pickled; a release keeps it as files"
        raise TypeError(msg)

    def _check(self) -> None:
        if self._cells.height != prod(self.size):
            msg = f"table {self.table.id}: {self._cells.height} cells, not {self.size}"
            raise ValueError(msg)
        value, status = pl.col("value"), pl.col("status")
        usable = value.is_not_null() & value.is_finite()
        wrong = self._cells.select(
            (usable == status.is_not_null()).any().alias("both or neither"),
            (status.is_not_null() & ~status.is_in(SIGNS)).any().alias("unknown sign"),
            (value.is_not_null() & ~usable).any().alias("not a number"),
        ).row(0, named=True)
        if problems := [name for name, found in wrong.items() if found]:
            msg = f"table {self.table.id}: a cell with {', '.join(problems)}"
            raise ValueError(msg)

    @property
    def size(self) -> tuple[int, ...]:
        """The number of categories of each dimension."""
        return tuple(len(dimension.codes) for dimension in self.dimensions)

    @property
    def values(self) -> pl.Series:
        """Float64, null where there is a sign; row-major."""
        return self._cells["value"].clone()

    @property
    def statuses(self) -> pl.Series:
        """String, the sign, null where there is a value; row-major."""
        return self._cells["status"].clone()

    def dimension(self, code: str) -> CubeDimension:
        """The dimension with this code."""
        return next(dimension for dimension in self.dimensions if dimension.code == code)

    def part(
        self, picked: Mapping[str, Collection[str]], *, without: Collection[str] = ()
    ) -> SafeCube:
        """Some of the cells: what may be published whole may be published in part.

        ``picked`` are codes of categories by the code of their dimension; a dimension that is
        not picked from has all of its own, and they stay in their order. Those named in
        ``without`` are left out of the part, and exactly one category of each must be picked.
        Raises ValueError for a dimension or category that there is not, or where it is not one.
        """
        if unknown := {*picked, *without}.difference(one.code for one in self.dimensions):
            msg = f"table {self.table.id} has no dimension {', '.join(sorted(unknown))}"
            raise ValueError(msg)
        if empty := [code for code, codes in picked.items() if not codes]:
            msg = f"table {self.table.id}: nothing is picked of {', '.join(empty)}"
            raise ValueError(msg)
        kept = [one.only(picked.get(one.code, one.codes)) for one in self.dimensions]
        if many := [one.code for one in kept if one.code in without and len(one.codes) != 1]:
            msg = f"table {self.table.id}: not one category is picked of {', '.join(many)}"
            raise ValueError(msg)
        places = [
            np.flatnonzero(np.isin(whole.codes, one.codes))
            for whole, one in zip(self.dimensions, kept, strict=True)
        ]
        cells = np.arange(prod(self.size)).reshape(self.size)[np.ix_(*places)]
        years = set(next(one for one in kept if one.code == TIME).codes)
        return SafeCube(
            SEAL,
            self.table,
            [one for one in kept if one.code not in without],
            self._cells if cells.size == prod(self.size) else self._cells[cells.ravel()],
            {year: facts for year, facts in self.vintages.items() if str(year) in years},
        )

    def said(self, table: TableSpec) -> SafeCube:
        """The same figures with other words: titles, notes and layout are those of ``table``.

        Raises ValueError where it is another table, or has other measures.
        """
        own, other = (
            [(one.code, one.formula) for one in spec.measures] for spec in (self.table, table)
        )
        if table.id != self.table.id or own != other:
            msg = f"the figures are of table {self.table.id}, not of another"
            raise ValueError(msg)
        return SafeCube(SEAL, table, self.dimensions, self._cells, self.vintages)

    def frame(self) -> pl.DataFrame:
        """The cells in long form: a code column per dimension, value, status.

        Row order is the cube's order; code columns are named as the dimensions.
        """
        places = np.unravel_index(np.arange(prod(self.size)), self.size)
        columns = (
            pl.Series(dimension.code, dimension.codes, dtype=pl.String).gather(place)
            for dimension, place in zip(self.dimensions, places, strict=True)
        )
        return pl.DataFrame(columns).hstack(self._cells)

    def __repr__(self) -> str:
        """Table and shape, never a figure."""
        shape = " x ".join(str(size) for size in self.size)
        return f"SafeCube({self.table.id}, {shape})"


def only_safe(cubes: Iterable[SafeCube]) -> list[SafeCube]:
    """The cubes, looked at before they are written: each is a safe cube.

    Types say so already; this holds when nobody has checked them. Raises TypeError.
    """
    found = list(cubes)
    given: list[object] = [*found]
    if wrong := [type(one).__name__ for one in given if type(one) is not SafeCube]:
        msg = f"only safe cubes can be written, not {', '.join(wrong)}"
        raise TypeError(msg)
    return found
