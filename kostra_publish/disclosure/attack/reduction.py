"""A smaller problem with the same answers: what moves together is one number.

When only two unknown numbers of a visible total are left, one rises as the other falls; and
when all that are left of a total are at their least, none can move (1 + 1 = 2). Taking this
to its end shrinks the linear programs to a fraction, and finds most points without any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.attack.modular import RANDOM_VECTORS, echelon, following
from kostra_publish.disclosure.attack.standstill import at_standstill
from kostra_publish.disclosure.attack.view import View, distinct
from kostra_publish.disclosure.problem import Floats, Integers
from kostra_publish.disclosure.solver import TOLERANCE

ENDLESS: Final = 2**62
"""A bound that is none."""


@dataclass(frozen=True, eq=False, repr=False)
class Reduced:
    """The changes that no visible figure contradicts, in as few numbers as is simple.

    * ``whole``: int64, shape (unknown numbers of the View, numbers); each in these numbers.
    * ``columns``: int64, one per number: an unknown number of the View that is it.
    * ``known``: int64, shape (rows, numbers); row @ change is 0.
    * ``low``, ``high``: float64, one per number; low <= 0 <= high, perhaps infinite.
    * ``floors``, ``slack``: as in View, in the numbers here.
    * ``targets``: int64, shape (targets of the View, numbers); empty where nothing can move.
    * ``parts``: 0/1, shape (targets of the View, numbers); the numbers that do not change
      when no inner number of the target changes.
    """

    whole: csr_array
    columns: Integers
    known: csr_array
    low: Floats
    high: Floats
    floors: csr_array
    slack: Integers
    targets: csr_array
    parts: csr_array

    def allows(self, change: Floats) -> bool:
        """Whether a change contradicts nothing; solvers are not always right."""
        room = np.concatenate(
            [
                -abs(self.known @ change),
                self.floors @ change + self.slack,
                change - self.low,
                self.high - change,
            ]
        )
        return bool((room >= -TOLERANCE).all())


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

    def bounds(self) -> tuple[Floats, Floats]:
        """The least and greatest change of each number that is its own leader."""
        low = np.where(self.low <= -ENDLESS, -np.inf, self.low.astype(np.float64))
        return low, np.where(self.high >= ENDLESS, np.inf, self.high.astype(np.float64))

    def matrix(self) -> csr_array:
        """Shape (unknown, unknown): each number in terms of its leader."""
        size = len(self.leader)
        found = [self.find(number) for number in range(size)]
        leader, sign = np.array(found, dtype=np.int64).reshape(-1, 2).T
        whole = csr_array((sign, (np.arange(size), leader)), shape=(size, size))
        whole.eliminate_zeros()
        return whole


def reduce(view: View, basis: Integers, random: np.random.Generator) -> Reduced:
    """The view in fewer numbers; ``basis`` names independent rows of ``view.known``.

    In the end nothing is left that cannot move: whatever bound or floor a number or a row is
    at, some change leaves it. Targets that still cannot move are combinations of known rows.
    """
    ties = _Ties(view.lowest)
    rows, free = csr_array(view.known[basis]), np.ones(len(view.slack), dtype=np.bool_)
    while True:
        whole = _tied(rows, ties)
        known, floors = _tidy(rows @ whole), _tidy(view.floors @ whole)
        free &= np.diff(floors.indptr) > 0
        tight = np.flatnonzero(free & (view.slack == 0))
        stuck, still = at_standstill(known, *ties.bounds(), csr_array(floors[tight]))
        if not (stuck.any() or still.any()):
            break
        for number in np.flatnonzero(stuck):
            ties.stop(int(number))
        # A floor that never rises is one more row that is known.
        rows = csr_array(vstack([rows, view.floors[tight[still]]], format="csr"))
        free[tight[still]] = False
    kept = np.flatnonzero(np.diff(whole.tocsc().indptr))
    known = csr_array(known[distinct(known)[0]][:, kept])
    targets = _tidy((view.targets @ whole)[:, kept])
    moving = ~following(targets, echelon(known).null_vectors(RANDOM_VECTORS, random))
    low, high = ties.bounds()
    return Reduced(
        whole=csr_array(whole[:, kept]),
        columns=kept,
        known=known,
        low=low[kept],
        high=high[kept],
        floors=_tidy(floors[np.flatnonzero(free)][:, kept]),
        slack=view.slack[free],
        targets=_tidy(csr_array(targets.multiply(moving[:, None].astype(np.int64)))),
        parts=_tidy((abs(view.targets) @ abs(whole))[:, kept] != 0).astype(np.int64),
    )


def _tied(rows: csr_array, ties: _Ties) -> csr_array:
    """Tie and stop all that single rows say; each number in terms of those that are left."""
    while True:
        whole = ties.matrix()
        known = _tidy(rows @ whole)
        if not (_stop_stuck(known, ties) or _tie_pairs(known, ties)):
            return whole


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
