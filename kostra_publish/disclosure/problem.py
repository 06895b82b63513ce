"""A disclosure problem: which cells are published, and what each is the sum of.

Everything that engine, attack and certificate know of tables is here. *Inner* numbers are
whole and non-negative, and nobody but us knows them. A *cell* is a sum of inner numbers;
*equations* are sums of inner numbers that everyone knows to be nought (two ways to count
the same persons). Nothing here says where the tables came from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

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
    * ``single``: one contributes, and knows it.
    * ``listed``: the cell stands in a table. Others are *implied*: anyone may form them from
      cells that are listed, so they too must not be found when they are small.
    * ``open``: the value is known whatever is decided: a nought that is shown, or a figure of
      an earlier release.
    * ``floor``: what everyone knows a hidden cell to be at least: 1 where noughts are shown; 0
      tells nothing of a cell that is not listed.
    * ``cost``: what hiding the cell costs, positive.
    """

    cells: pl.DataFrame
    rows: csr_array
    inner: Integers
    equations: csr_array
    small: Flags
    single: Flags
    listed: Flags
    open: Flags
    floor: Integers
    cost: Floats

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit each other, and inner numbers that do not add up."""
        count, inner = self.rows.shape
        per_cell = (self.small, self.single, self.listed, self.open, self.floor, self.cost)
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

    @property
    def digest(self) -> str:
        """SHA-256 of all but ``cells``: problems of the same digest have the same answer."""
        found = sha256()
        for matrix in (self.rows, self.equations):
            found.update(repr(matrix.shape).encode())
            for part in (matrix.data, matrix.indices, matrix.indptr):
                found.update(np.ascontiguousarray(part, dtype=np.int64).tobytes())
        flags = (self.small, self.single, self.listed, self.open)
        for array in (self.inner, *flags, self.floor, self.cost):
            found.update(array.tobytes())
        return found.hexdigest()

    def statuses(self, visible: Flags) -> pl.Series:
        """``P``, ``U`` or ``S`` for each cell, from which are ``visible``."""
        sign = np.where(visible, PUBLISHED, np.where(self.small, PRIMARY, SECONDARY))
        return pl.Series("status", sign, dtype=pl.Enum(STATUSES))

    def with_cost(self, cost: Floats) -> Problem:
        """The same problem with other costs."""
        return replace(self, cost=cost)

    def with_noughts(self, which: Flags) -> Problem:
        """The same problem, and everyone knows that some inner numbers are 0; cells at the end.

        ``which`` has one flag per inner number.
        """
        places = np.flatnonzero(which & (self.inner == 0))
        count = len(places)
        units = csr_array(
            (np.ones(count, dtype=np.int64), places, np.arange(count + 1)),
            shape=(count, len(self.inner)),
        )
        no = np.zeros(count, dtype=np.bool_)
        return replace(
            self,
            cells=pl.concat([self.cells, self.cells.clear(count)]),
            rows=csr_array(vstack([self.rows, units], format="csr")),
            small=np.concatenate([self.small, no]),
            single=np.concatenate([self.single, no]),
            listed=np.concatenate([self.listed, no]),
            open=np.concatenate([self.open, ~no]),
            floor=np.concatenate([self.floor, np.zeros(count, dtype=np.int64)]),
            cost=np.concatenate([self.cost, np.ones(count)]),
        )

    def __repr__(self) -> str:
        count, inner = self.rows.shape
        return f"Problem({count} cells of {inner} inner numbers)"
