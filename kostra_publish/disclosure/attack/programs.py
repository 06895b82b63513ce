"""Looking for other tables by linear programming, as far away as can be."""

from __future__ import annotations

import highspy
import numpy as np
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.attack.reduction import Reduced
from kostra_publish.disclosure.problem import Flags, Floats, Integers
from kostra_publish.disclosure.solver import TOLERANCE, Method, program_of


class Farthest:
    """Changes that go as far as can be in some direction.

    By the primal simplex method, unless told otherwise: the last answer is where the next
    question starts. What is known must not change, floors must hold, and some rows are
    *watched*: they are free, but can be held. At first no number changes by more than ``most``,
    so that answers are finite.
    """

    def __init__(self, reduced: Reduced, watched: csr_array, most: float) -> None:
        """The rows of ``watched`` are free until they are held."""
        rows, low, high = _rows(reduced, watched)
        self._first = rows.shape[0] - watched.shape[0]
        self._most = most
        self._low, self._high = reduced.low, reduced.high
        self._free: Flags = np.ones(rows.shape[1], dtype=np.bool_)
        self._all = np.arange(rows.shape[1])
        self._held: list[int] = []
        costs = np.zeros(rows.shape[1])
        self._program = program_of("primal", rows, (low, high), self._bounds(most), costs)
        self._program.changeObjectiveSense(highspy.ObjSense.kMaximize)

    def find(self, direction: Floats, enough: float = -np.inf) -> Floats | None:
        """The change whose product with ``direction`` is largest; None if there is no end.

        If that product is less than ``enough``, and the limit ``most`` is why, the answer is
        sought again without it.
        """
        self._program.changeColsCost(len(direction), self._all.astype(np.int32), direction)
        change = self._program.answer()
        if change is None or direction @ change >= enough or not self._limited(change):
            return change
        self._bound(self._all, np.inf)
        change = self._program.answer()
        self._bound(self._all, self._most)
        return change

    def by(self, method: Method) -> None:
        """From now on, answer by this method."""
        self._program.by(method)

    def go_on(self) -> None:
        """From a vertex, the next question begins where this one ended."""
        if self._program.method == "vertex":
            self.by("primal")

    def _limited(self, change: Floats) -> bool:
        """Whether the last answer would go farther if numbers could change by more."""
        weights = np.array(self._program.getSolution().col_dual)
        own = (self._low >= -self._most) & (change < 0) | (self._high <= self._most) & (change > 0)
        return bool((~own & (abs(change) >= self._most) & (abs(weights) > TOLERANCE)).any())

    def hold(self, numbers: Integers) -> None:
        """Let these numbers, and no others, not change."""
        free: Flags = np.ones_like(self._free)
        free[numbers] = False
        turned = np.flatnonzero(free != self._free)
        self._free = free
        self._bound(turned, self._most)

    def hold_rows(self, rows: Integers) -> None:
        """Let these watched rows, and no others, not change."""
        for row in self._held:
            self._program.changeRowBounds(self._first + row, -np.inf, np.inf)
        self._held = rows.tolist()
        for row in self._held:
            self._program.changeRowBounds(self._first + row, 0.0, 0.0)

    def _bounds(self, most: float) -> tuple[Floats, Floats]:
        low = np.where(self._free, np.maximum(self._low, -most), 0.0)
        return low, np.where(self._free, np.minimum(self._high, most), 0.0)

    def _bound(self, numbers: Integers, most: float) -> None:
        low, high = (bound[numbers] for bound in self._bounds(most))
        self._program.changeColsBounds(len(numbers), numbers.astype(np.int32), low, high)


def _rows(reduced: Reduced, watched: csr_array) -> tuple[csr_array, Floats, Floats]:
    """What is known, floors, and watched rows, with their least and greatest sums."""
    parts = [reduced.known, reduced.floors, watched]
    known, floors, free = (np.zeros(part.shape[0]) for part in parts)
    low = np.concatenate([known, floors - reduced.slack, free - np.inf])
    high = np.concatenate([known, floors + np.inf, free + np.inf])
    return csr_array(vstack(parts, format="csr")), low, high
