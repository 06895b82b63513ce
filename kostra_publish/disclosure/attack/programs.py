"""Looking for other tables by linear programming: as far away as can be, and as near as can be.

Both programs hold the same rows: what is known must not change, floors must hold, and some
rows are *watched*: they are free, but can be held or moved. Both are asked again and again.
"""

from __future__ import annotations

import highspy
import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from kostra_publish.disclosure.attack.reduction import Reduced
from kostra_publish.disclosure.problem import Flags, Floats, Integers
from kostra_publish.disclosure.solver import DUAL, PRIMAL, TOLERANCE, answer, solver


class Farthest:
    """Changes that go as far as can be in some direction.

    By the primal simplex method: the last answer is where the next question starts. At first
    no number changes by more than ``most``, so that answers are finite.
    """

    def __init__(self, reduced: Reduced, watched: csr_array, most: float) -> None:
        """The rows of ``watched`` are free until they are held."""
        rows, low, high = _rows(reduced, watched)
        self._first, _ = _last(rows, watched)
        self._most = most
        self._low, self._high = reduced.low, reduced.high
        self._free: Flags = np.ones(rows.shape[1], dtype=np.bool_)
        self._all = np.arange(rows.shape[1])
        costs = np.zeros(rows.shape[1])
        self._solver = solver(PRIMAL, rows, (low, high), self._bounds(most), costs)
        self._solver.changeObjectiveSense(highspy.ObjSense.kMaximize)

    def find(self, direction: Floats, enough: float = -np.inf) -> Floats | None:
        """The change whose product with ``direction`` is largest; None if there is no end.

        If that product is less than ``enough``, and some number changes by ``most``, the
        answer is sought again without that limit.
        """
        self._solver.changeColsCost(len(direction), self._all.astype(np.int32), direction)
        change = answer(self._solver)
        if change is None or direction @ change >= enough or (abs(change) < self._most).all():
            return change
        self._bound(self._all, np.inf)
        change = answer(self._solver)
        self._bound(self._all, self._most)
        return change

    def hold(self, numbers: Integers) -> None:
        """Let these numbers, and no others, not change."""
        free: Flags = np.ones_like(self._free)
        free[numbers] = False
        turned = np.flatnonzero(free != self._free)
        self._free = free
        self._bound(turned, self._most)

    def hold_row(self, row: int) -> None:
        """Let this watched row not change."""
        self._solver.changeRowBounds(self._first + row, 0.0, 0.0)

    def release_row(self, row: int) -> None:
        """Let this watched row change again."""
        self._solver.changeRowBounds(self._first + row, -np.inf, np.inf)

    def _bounds(self, most: float) -> tuple[Floats, Floats]:
        low = np.where(self._free, np.maximum(self._low, -most), 0.0)
        return low, np.where(self._free, np.minimum(self._high, most), 0.0)

    def _bound(self, numbers: Integers, most: float) -> None:
        low, high = (bound[numbers] for bound in self._bounds(most))
        self._solver.changeColsBounds(len(numbers), numbers.astype(np.int32), low, high)


class Nearest:
    """Changes that move one cell and as little else as can be.

    Every change is a rise less a fall, both at least 0, and each costs its ``price``. By the
    dual simplex method, from no change at all: few numbers take part in the answer, so it
    leaves most other cells as they are.
    """

    def __init__(self, reduced: Reduced, price: Floats) -> None:
        """``price`` is what a change of each number costs, positive."""
        self._targets = reduced.targets
        several = np.flatnonzero(np.diff(reduced.targets.indptr) > 1)
        watched = csr_array(reduced.targets[several])
        rows, low, high = _rows(reduced, watched)
        self._row_of = dict(zip(several.tolist(), range(*_last(rows, watched)), strict=True))
        both = csr_array(hstack([rows, -rows], format="csr"))
        self._most = np.concatenate([reduced.high, -reduced.low])
        columns = np.zeros(both.shape[1]), self._most
        self._solver = solver(DUAL, both, (low, high), columns, np.tile(price, 2))

    def find(self, target: int, way: int) -> Floats | None:
        """The least change that moves a target by 1 or more, up (``way`` 1) or down (-1).

        None if there is no such change.
        """
        self._solver.setBasis()
        least = 1 - TOLERANCE
        if (row := self._row_of.get(target)) is not None:
            self._solver.changeRowBounds(row, *((least, np.inf) if way > 0 else (-np.inf, -least)))
            change = answer(self._solver)
            self._solver.changeRowBounds(row, -np.inf, np.inf)
        else:
            change = self._find_by_bounds(target, way)
        if change is None:
            return None
        rise, fall = np.split(change, 2)
        return np.asarray(rise - fall, dtype=np.float64)

    def _find_by_bounds(self, target: int, way: int) -> Floats | None:
        """Move a target of one number: by its own bounds, which is cheaper than by a row."""
        place, size = self._targets.indptr[target], self._targets.shape[1]
        number, factor = self._targets.indices[place], way * int(self._targets.data[place])
        up, down = (number, number + size)[:: 1 if factor > 0 else -1]
        least = (1 - TOLERANCE) / abs(factor)
        if self._most[up] < least:
            return None
        self._solver.changeColBounds(up, least, self._most[up])
        self._solver.changeColBounds(down, 0.0, 0.0)
        change = answer(self._solver)
        self._solver.changeColBounds(up, 0.0, self._most[up])
        self._solver.changeColBounds(down, 0.0, self._most[down])
        return change


def _last(rows: csr_array, part: csr_array) -> tuple[int, int]:
    """Where ``part`` begins and ends when it is the last part of ``rows``."""
    return rows.shape[0] - part.shape[0], rows.shape[0]


def _rows(reduced: Reduced, watched: csr_array) -> tuple[csr_array, Floats, Floats]:
    """What is known, floors, and watched rows, with their least and greatest sums."""
    parts = [reduced.known, reduced.floors, watched]
    known, floors, free = (np.zeros(part.shape[0]) for part in parts)
    low = np.concatenate([known, floors - reduced.slack, free - np.inf])
    high = np.concatenate([known, floors + np.inf, free + np.inf])
    return csr_array(vstack(parts, format="csr")), low, high
