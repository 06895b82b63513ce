"""A disclosure problem: which cells are published, and what each is the sum of.

Everything that engine, attack and certificate know of tables is here. *Inner* numbers are
whole and non-negative, and nobody but us knows them. A *cell* is a sum of inner numbers;
*equations* are sums of inner numbers that everyone knows to be nought (two ways to count
the same persons). Nothing here says where the tables came from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

PUBLISHED: Final = "P"
PRIMARY: Final = "U"
SECONDARY: Final = "S"
STATUSES: Final = (PUBLISHED, PRIMARY, SECONDARY)


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """Cells as sums of inner numbers; all arrays have one element per cell unless said.

    * ``cells``: what identifies each cell, a column per dimension; only for people.
    * ``rows``: int64, shape (cells, inner numbers); row @ inner is the cell's value.
    * ``inner``: int64, one per inner number, non-negative.
    * ``equations``: int64, shape (equations, inner numbers); row @ inner is 0.
    * ``small``: too few contribute; the cell must be hidden, and must not be found.
    * ``listed``: the cell stands in a table. Others are *implied*: anyone may form them from
      cells that are listed, so they too must not be found when they are small.
    * ``open``: the value is known whatever is decided: a nought that is shown, or a figure of
      an earlier release.
    * ``floor``: what everyone knows a hidden cell to be at least: 1 where noughts are shown.
    * ``cost``: what hiding the cell costs, positive.
    """

    cells: pl.DataFrame
    rows: csr_array
    inner: Integers
    equations: csr_array
    small: Flags
    listed: Flags
    open: Flags
    floor: Integers
    cost: Floats

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit each other, and inner numbers that do not add up."""
        count, inner = self.rows.shape
        per_cell = (self.small, self.listed, self.open, self.floor, self.cost)
        if self.cells.height != count or any(array.shape != (count,) for array in per_cell):
            msg = f"{count} cells, but an array of another length"
            raise ValueError(msg)
        if self.inner.shape != (inner,) or self.equations.shape[1] != inner:
            msg = f"{inner} inner numbers, but an array of another length"
            raise ValueError(msg)
        if (self.inner < 0).any() or (self.equations @ self.inner != 0).any():
            msg = "inner numbers are negative or break an equation"
            raise ValueError(msg)
        if (self.small & self.open).any():
            msg = "a small cell is open"
            raise ValueError(msg)

    @property
    def values(self) -> Integers:
        """The true value of each cell."""
        found: Integers = self.rows @ self.inner
        return found

    def statuses(self, visible: Flags) -> pl.Series:
        """``P``, ``U`` or ``S`` for each cell, from which are ``visible``."""
        sign = np.where(visible, PUBLISHED, np.where(self.small, PRIMARY, SECONDARY))
        return pl.Series("status", sign, dtype=pl.Enum(STATUSES))

    def with_cost(self, cost: Floats) -> Problem:
        """The same problem with other costs."""
        return replace(self, cost=cost)

    def __repr__(self) -> str:
        count, inner = self.rows.shape
        return f"Problem({count} cells of {inner} inner numbers)"
