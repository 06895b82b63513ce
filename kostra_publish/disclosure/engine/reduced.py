"""A problem as the engine works on it: what is known struck out, equal cells put together."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    """Small rows that only must not follow: sums that are no cells, and doubles of cells."""
    unseen: Integers
    """Rows of single inner numbers that are 0 without everyone's knowing."""

    def guarded(self, guards: csr_array) -> Reduced:
        """With more rows that must not follow from what is visible, and are no cells."""
        count = guards.shape[0]
        no, nothing = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.int64)
        rows = csr_array(vstack([self.rows, guards], format="csr"))
        rows.sort_indices()
        return replace(
            self,
            rows=rows,
            value=np.concatenate([self.value, nothing]),
            small=np.concatenate([self.small, ~no]),
            single=np.concatenate([self.single, no]),
            listed=np.concatenate([self.listed, no]),
            open=np.concatenate([self.open, no]),
            floor=np.concatenate([self.floor, nothing]),
            cost=np.concatenate([self.cost, nothing]),
            guard=np.concatenate([self.guard, ~no]),
        )

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
    np.maximum.at(floor, position, np.where(problem.listed, problem.floor, 0)[filled])
    inner = problem.inner[columns]
    singletons, unseen = _unseen(distinct, inner)
    before = np.zeros(equations.shape[0], dtype=np.bool_)
    after = np.zeros(singletons.shape[0], dtype=np.bool_)
    of_cell[filled] += equations.shape[0]
    rows = csr_array(vstack([equations, distinct, singletons], format="csr"))
    rows.sort_indices()

    def whole(array: NDArray[Any]) -> NDArray[Any]:
        none = np.zeros(1, dtype=array.dtype)
        return np.concatenate([none.repeat(len(before)), array, none.repeat(len(after))])

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
        open=np.concatenate([~before, any_of(problem.open) & ~small, after]),
        floor=whole(floor),
        cost=whole(cost),
        guard=np.zeros(rows.shape[0], dtype=np.bool_),
        unseen=unseen + equations.shape[0],
    )


def _unseen(rows: csr_array, inner: Integers) -> tuple[csr_array, Integers]:
    """Rows to add for single inner numbers that are 0, and where all such rows are."""
    alone = np.flatnonzero(np.diff(rows.indptr) == 1)
    row_of = np.full(len(inner), -1, dtype=np.int64)
    row_of[rows.indices[rows.indptr[alone]]] = alone
    lacking = np.flatnonzero((inner == 0) & (row_of < 0))
    row_of[lacking] = rows.shape[0] + np.arange(len(lacking))
    entries = np.ones(len(lacking), dtype=np.int64)
    more = csr_array(
        (entries, lacking, np.arange(len(lacking) + 1)), shape=(len(lacking), len(inner))
    )
    return more, row_of[inner == 0]


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
