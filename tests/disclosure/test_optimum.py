"""What is hidden in small problems costs the least that keeps the guarantees."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from kostra_publish.disclosure.answer import withstanding
from kostra_publish.disclosure.attack import attack
from kostra_publish.disclosure.problem import Flags, Floats, Integers, Problem
from tests.disclosure.attack.problems import Slow, problem, table

FAR = 1_000.0
"""No inner number changes by more."""


class Whole:
    """One integer program: what to hide, and a changed table for every demand.

    The columns are first the cells, 1 if hidden; then, for each demand, its way (1 is down) and
    its change of every inner number.
    """

    def __init__(self, found: Problem) -> None:
        self.found = found
        self.rows: Integers = found.rows.toarray()
        self.room = found.values - found.floor
        self.demands = list(self._demands())
        self.entries: list[tuple[int, int, float]] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def _demands(self) -> Iterator[tuple[int, Flags]]:
        """Small cells, and the inner numbers that stand still: none, or those of an insider."""
        small = np.flatnonzero(self.found.small)
        nothing = Slow(self.found, np.zeros_like(self.found.small))
        for cell in small.tolist():
            yield cell, np.zeros(self.rows.shape[1], dtype=np.bool_)
        for insider, cell in product(nothing.lone, small.tolist()):
            low, high = nothing.interval(cell, insider)
            if insider != cell and high - low > 0.5:
                yield cell, self.rows[insider] > 0

    @property
    def optimum(self) -> tuple[Flags, float]:
        """Which cells are visible in the cheapest pattern, and what it costs."""
        found, (cells, width) = self.found, self.rows.shape
        count = cells + len(self.demands) * (1 + width)
        least, most = np.full(count, -FAR), np.full(count, FAR)
        least[:cells], most[:cells] = found.small, ~found.open
        whole, cost = np.zeros(count), np.zeros(count)
        whole[:cells], cost[:cells] = 1, found.cost * ~found.small
        for number, (cell, still) in enumerate(self.demands):
            first = cells + number * (1 + width)
            least[first], most[first], whole[first] = 0, 1, 1
            inner = slice(first + 1, first + 1 + width)
            least[inner] = np.where(still, 0, -found.inner)
            most[inner] = np.where(still, 0, FAR)
            self._add(cell, first)
        row, column, value = (np.array(part) for part in zip(*self.entries, strict=True))
        matrix = coo_array((value, (row, column)), shape=(len(self.low), count))
        answer = milp(
            cost,
            integrality=whole,
            bounds=Bounds(least, most),
            constraints=LinearConstraint(matrix.tocsr(), self.low, self.high),
            options={"mip_rel_gap": 1e-6},
        )
        assert answer.success, answer.message
        return answer.x[:cells] < 0.5, float(answer.fun)

    def _add(self, cell: int, first: int) -> None:
        """What holds of one demand: its columns begin at ``first``."""
        for row in range(len(self.rows)):
            change = self.rows[row].astype(np.float64)
            # Hidden, a cell falls to its floor at most; shown, it stands still.
            self._row(first, change, {row: float(self.room[row])}, 0.0, np.inf)
            self._row(first, change, {row: -FAR}, -np.inf, 0.0)
        for equation in self.found.equations.toarray():
            self._row(first, equation.astype(np.float64), {}, 0.0, 0.0)
        moved = self.rows[cell].astype(np.float64)
        self._row(first, moved, {first: 2 * FAR}, 1.0, np.inf)
        self._row(first, moved, {first: 2 * FAR}, -np.inf, 2 * FAR - 1.0)

    def _row(
        self, first: int, change: Floats, others: dict[int, float], low: float, high: float
    ) -> None:
        number = len(self.low)
        for place in np.flatnonzero(change).tolist():
            self.entries.append((number, first + 1 + place, float(change[place])))
        self.entries += [(number, column, value) for column, value in others.items()]
        self.low.append(low)
        self.high.append(high)


def flat(seed: int, height: int, width: int, mean: int) -> Problem:
    """A table of two dimensions."""
    counts = np.random.default_rng(seed).poisson(mean, (height, width))
    return priced(problem(*table(counts.tolist())))


def overlapping(seed: int) -> Problem:
    """Kommuner in fylker, and in KOSTRA groups across them, by sex."""
    counts = np.random.default_rng(seed).poisson(4, (6, 2))
    each = np.eye(12, dtype=np.int64).reshape(6, 2, 12)
    groups = [
        each[list(group)].sum(axis=0) for group in [(0, 1, 2), (3, 4, 5), (0, 3), (1, 2, 4, 5)]
    ]
    regions = [*each, *groups, each.sum(axis=0)]
    rows = [line.tolist() for region in regions for line in (*region, region.sum(axis=0))]
    return priced(problem(rows, counts.ravel().tolist()))


def priced(found: Problem) -> Problem:
    """Hiding many costs more than hiding few, and every cell something."""
    return found.with_cost((found.values + 12).astype(np.float64))


PROBLEMS = [
    flat(1, 4, 4, mean=5),
    flat(1, 5, 5, mean=3),
    flat(2, 6, 5, mean=3),
    flat(4, 8, 5, mean=4),
    flat(5, 10, 6, mean=5),
    overlapping(5),
    overlapping(6),
]


@pytest.mark.parametrize("found", PROBLEMS, ids=range(len(PROBLEMS)))
def test_no_more_is_hidden_than_must_be(found: Problem) -> None:
    best, least = Whole(found).optimum
    answer = withstanding(found)
    visible = answer.visible
    assert answer.cheapest
    assert attack(found, best & found.listed & ~found.small).clean
    cost = float(found.cost[~visible & ~found.small].sum())
    assert cost == pytest.approx(least)
