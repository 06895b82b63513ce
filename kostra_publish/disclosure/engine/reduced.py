"""A problem as the engine works on it: what is known struck out, equal cells put together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.engine.kernel import P
from kostra_publish.disclosure.problem import Flags, Floats, Integers, Problem


@dataclass(frozen=True, eq=False)
class Reduced:
    """Distinct rows over the inner numbers that are not known to be nought.

    The equations come first among the rows, then the distinct cells; ``of_cell`` gives each
    cell's row, -1 where the cell is nought. ``columns`` are the inner numbers that are left.
    """

    rows: csr_array
    equations: int
    of_cell: Integers
    columns: Integers
    inner: Integers
    value: Integers
    small: Flags
    single: Flags
    listed: Flags
    open: Flags
    floor: Integers
    cost: Floats
    guard: Flags
    """Small rows that only must not follow: doubles of cells."""

    @cached_property
    def turned(self) -> csr_array:
        """The rows of each inner number, shape (inner numbers, rows)."""
        return csr_array(self.rows.T)

    @property
    def candidates(self) -> Integers:
        """The rows to decide on."""
        return np.flatnonzero(self.listed & ~self.open & ~self.small)

    def spread(self, rows: Flags) -> Flags:
        """Flags of rows as flags of cells; a cell that is nought has True."""
        found: Flags = np.ones(len(self.of_cell), dtype=np.bool_)
        placed = self.of_cell >= 0
        found[placed] = rows[self.of_cell[placed]]
        return found


def known_noughts(problem: Problem) -> Flags:
    """Which inner numbers everyone knows to be 0.

    Those of an open cell that is 0 and only adds, and those of an equation that, without
    what is known already, only adds; again and again.
    """
    shown = problem.open & (problem.values == 0)
    facts = vstack([problem.rows[shown], problem.equations], format="csr")
    known: Flags = np.zeros(len(problem.inner), dtype=np.bool_)
    while True:
        left = facts.copy()
        left.data = np.where(known[left.indices], 0, left.data)
        adds, takes = left.maximum(0).sum(axis=1), (-left).maximum(0).sum(axis=1)
        one_sign = ((adds == 0) | (takes == 0)) & (adds + takes > 0)
        if not one_sign.any():
            return known
        known[left[one_sign].nonzero()[1]] = True


def reduce(problem: Problem) -> Reduced:
    """Strike out what is known to be nought, and put cells with equal rows together."""
    columns = np.flatnonzero(~known_noughts(problem))
    cells, equations = problem.rows[:, columns], problem.equations[:, columns]
    equations = equations[np.diff(equations.indptr) > 0]
    filled = np.flatnonzero(np.diff(cells.indptr) > 0)
    distinct, first, position = _distinct(cells[filled])
    of_cell = np.full(cells.shape[0], -1, dtype=np.int64)
    of_cell[filled] = position
    count = len(first)

    def any_of(flags: NDArray[np.bool_]) -> Flags:
        found: Flags = np.bincount(position, weights=flags[filled], minlength=count) > 0
        return found

    small, listed = any_of(problem.small), any_of(problem.listed)
    floor = np.zeros(count, dtype=np.int64)
    np.maximum.at(floor, position, problem.floor[filled])
    inner = problem.inner[columns]
    before = np.zeros(equations.shape[0], dtype=np.bool_)
    of_cell[filled] += equations.shape[0]
    rows = csr_array(vstack([equations, distinct], format="csr"))
    rows.sort_indices()

    def whole(array: NDArray[Any]) -> NDArray[Any]:
        none = np.zeros(1, dtype=array.dtype)
        return np.concatenate([none.repeat(len(before)), array])

    cost = np.bincount(position, weights=(problem.cost * problem.listed)[filled], minlength=count)
    return Reduced(
        rows=rows,
        equations=equations.shape[0],
        of_cell=of_cell,
        columns=columns,
        inner=inner,
        value=whole(problem.values[filled][first]),
        small=whole(small),
        single=whole(small & any_of(problem.single)),
        listed=whole(listed),
        open=np.concatenate([~before, any_of(problem.open) & ~small]),
        floor=whole(floor),
        cost=whole(cost),
        guard=np.zeros(rows.shape[0], dtype=np.bool_),
    )


def _distinct(rows: csr_array) -> tuple[csr_array, Integers, Integers]:
    """The distinct rows, where each is first, and which of them each row is.

    Rows are told apart by two products with random vectors modulo P: a chance of 2⁻⁶² that
    two rows are taken for one.
    """
    random = np.random.default_rng(20_100_512)
    weights = random.integers(1, P, size=(rows.shape[1], 2), dtype=np.int64)
    data = rows.data[:, None] * weights[rows.indices] % P
    sums = np.zeros((rows.shape[0], 2), dtype=np.int64)
    owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    np.add.at(sums, owner, data)
    keys = sums % P
    joined = keys[:, 0] << 31 | keys[:, 1]
    _, first, position = np.unique(joined, return_index=True, return_inverse=True)
    # In the order in which they first stand, so that nothing depends on the random vectors.
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return csr_array(rows[first[order]]), first[order], rank[position]
