"""A smaller problem with the same answers: what moves together is one number.

When only two unknown numbers of a visible total are left, one rises as the other falls; and
when all that are left of a total are at their least, none can move (1 + 1 = 2). Taking this
to its end shrinks the linear programs to a fraction, and finds most points without any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.attack.view import View, distinct
from kostra_publish.disclosure.problem import Floats, Integers

ENDLESS: Final = 2**62
"""A bound that is none."""


@dataclass(frozen=True, eq=False, repr=False)
class Reduced:
    """The changes that no visible figure contradicts, in as few numbers as is simple.

    * ``known``: int64, shape (rows, numbers); row @ change is 0.
    * ``low``, ``high``: float64, one per number; low <= 0 <= high, perhaps infinite.
    * ``floors``, ``slack``: as in View, in the numbers here.
    * ``targets``: int64, shape (targets of the View, numbers); empty where nothing can move.
    * ``parts``: 0/1, shape (targets of the View, numbers); the numbers that do not change
      when no inner number of the target changes.
    """

    known: csr_array
    low: Floats
    high: Floats
    floors: csr_array
    slack: Integers
    targets: csr_array
    parts: csr_array


class _Ties:
    """Each unknown number as a sign times a number it is tied to; sign 0 if it cannot move."""

    def __init__(self, lowest: Integers) -> None:
        self.leader = np.arange(len(lowest))
        self.sign = np.ones(len(lowest), dtype=np.int64)
        self.low = lowest.copy()
        self.high = np.full(len(lowest), ENDLESS, dtype=np.int64)

    def find(self, number: int) -> tuple[int, int]:
        """The leader of a number, and the sign between them."""
        leader, sign = int(number), 1
        while self.leader[leader] != leader:
            sign *= int(self.sign[leader])
            leader = int(self.leader[leader])
        return leader, sign * int(self.sign[leader])

    def stop(self, number: int) -> None:
        """The number cannot move."""
        leader, _ = self.find(number)
        self.sign[leader] = self.low[leader] = self.high[leader] = 0

    def tie(self, one: int, other: int, sign: int) -> None:
        """``one`` moves as ``sign`` times ``other``; both are their own leaders."""
        low, high = (self.low[one], self.high[one])[::sign]
        self.low[other] = max(self.low[other], sign * low)
        self.high[other] = min(self.high[other], sign * high)
        self.leader[one], self.sign[one] = other, sign
        if self.low[other] == self.high[other] == 0:
            self.stop(other)

    def matrix(self) -> csr_array:
        """Shape (unknown, unknown): each number in terms of its leader."""
        size = len(self.leader)
        found = [self.find(number) for number in range(size)]
        leader, sign = np.array(found, dtype=np.int64).reshape(-1, 2).T
        whole = csr_array((sign, (np.arange(size), leader)), shape=(size, size))
        whole.eliminate_zeros()
        return whole


def reduce(view: View, basis: Integers) -> Reduced:
    """The view in fewer numbers; ``basis`` names independent rows of ``view.known``."""
    ties = _Ties(view.lowest)
    whole = ties.matrix()
    while True:
        known = _tidy(view.known[basis] @ whole)
        if not (_stop_stuck(known, ties) or _tie_pairs(known, ties)):
            break
        whole = ties.matrix()
    kept = np.flatnonzero(np.diff(whole.tocsc().indptr))
    low, high = ties.low[kept].astype(np.float64), ties.high[kept].astype(np.float64)
    high[high == ENDLESS], low[low == -ENDLESS] = np.inf, -np.inf
    known, floors = _tidy(known[:, kept]), _tidy((view.floors @ whole)[:, kept])
    some = np.diff(floors.indptr) > 0
    targets = _tidy((view.targets @ whole)[:, kept])
    return Reduced(
        known=csr_array(known[distinct(known)[0]]),
        low=low,
        high=high,
        floors=csr_array(floors[np.flatnonzero(some)]),
        slack=view.slack[some],
        targets=targets,
        parts=_tidy((abs(view.targets) @ abs(whole))[:, kept] != 0).astype(np.int64),
    )


def _tidy(rows: csr_array) -> csr_array:
    tidy = csr_array(rows)
    tidy.sum_duplicates()
    tidy.eliminate_zeros()
    tidy.sort_indices()
    return tidy


def _stop_stuck(known: csr_array, ties: _Ties) -> bool:
    """Stop the numbers of rows in which nothing can rise, or nothing can fall."""
    up, down = _can_move(known, ties)
    stuck = np.flatnonzero((np.diff(known.indptr) > 0) & ((up == 0) | (down == 0)))
    numbers = np.unique(known[stuck].indices)
    for number in numbers:
        ties.stop(number)
    return len(numbers) > 0


def _can_move(known: csr_array, ties: _Ties) -> tuple[Integers, Integers]:
    """For each row, how many of its numbers can raise its sum, and how many can lower it."""
    positive, negative = csr_array(known > 0), csr_array(known < 0)
    rise, fall = (ties.high > 0).astype(np.int64), (ties.low < 0).astype(np.int64)
    up: Integers = positive @ rise + negative @ fall
    down: Integers = positive @ fall + negative @ rise
    return up, down


def _tie_pairs(known: csr_array, ties: _Ties) -> bool:
    """Tie the two numbers of rows that have two, with coefficients of the same size."""
    tied = False
    for row in np.flatnonzero(np.diff(known.indptr) == 2):
        start = known.indptr[row]
        (one, other), (a, b) = known.indices[start : start + 2], known.data[start : start + 2]
        (one, first), (other, second) = ties.find(one), ties.find(other)
        if abs(a) != abs(b) or not first * second:
            continue
        sign = -int(np.sign(a * b)) * first * second
        if one != other:
            ties.tie(one, other, sign)
            tied = True
        elif sign < 0:
            ties.stop(one)
            tied = True
    return tied
