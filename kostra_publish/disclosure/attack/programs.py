"""Looking for other tables by linear programming: as far away as can be, and as near as can be.

Both programs hold the same rows: what is known must not change, floors must hold, and some
rows are *watched*: they are free, but can be held or moved. Both are asked again and again.
"""

from __future__ import annotations

from typing import Final

import highspy
import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from kostra_publish.disclosure.attack.reduction import Reduced
from kostra_publish.disclosure.problem import Flags, Floats, Integers

TOLERANCE: Final = 1e-6
"""What falls short of a whole number by less than this reaches it."""

IMPOSSIBLE: Final = {
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kUnbounded,
    highspy.HighsModelStatus.kUnboundedOrInfeasible,
}

PRIMAL: Final = 4
DUAL: Final = 1
"""The simplex methods, as the solver numbers them."""


class Farthest:
    """Changes that go as far as can be in some direction.

    By the primal simplex method: the last answer is where the next question starts. At first
    no number changes by more than ``most``, so that answers are finite.
    """

    def __init__(self, reduced: Reduced, watched: csr_array, most: float) -> None:
        """The rows of ``watched`` are free until they are held."""
        rows, low, high = _rows(reduced, watched)
        self._first = rows.shape[0] - watched.shape[0]
        self._most = most
        self._low, self._high = reduced.low, reduced.high
        self._free: Flags = np.ones(rows.shape[1], dtype=np.bool_)
        self._all = np.arange(rows.shape[1], dtype=np.int32)
        costs = np.zeros(rows.shape[1])
        self._solver = _solver(PRIMAL, rows, (low, high), self._bounds(most), costs)
        self._solver.changeObjectiveSense(highspy.ObjSense.kMaximize)

    def find(self, direction: Floats, enough: float = -np.inf) -> Floats | None:
        """The change whose product with ``direction`` is largest; None if there is no end.

        If that product is less than ``enough``, and some number changes by ``most``, the
        answer is sought again without that limit.
        """
        self._solver.changeColsCost(len(self._all), self._all, direction)
        change = _answer(self._solver)
        if change is None or direction @ change >= enough or (abs(change) < self._most).all():
            return change
        self._bound(np.inf)
        change = _answer(self._solver)
        self._bound(self._most)
        return change

    def hold(self, numbers: Integers) -> None:
        """Let these numbers, and no others, not change."""
        self._free[:] = True
        self._free[numbers] = False
        self._bound(self._most)

    def hold_row(self, row: int) -> None:
        """Let this watched row not change."""
        self._solver.changeRowBounds(self._first + row, 0.0, 0.0)

    def release_row(self, row: int) -> None:
        """Let this watched row change again."""
        self._solver.changeRowBounds(self._first + row, -np.inf, np.inf)

    def _bounds(self, most: float) -> tuple[Floats, Floats]:
        low = np.where(self._free, np.maximum(self._low, -most), 0.0)
        return low, np.where(self._free, np.minimum(self._high, most), 0.0)

    def _bound(self, most: float) -> None:
        self._solver.changeColsBounds(len(self._all), self._all, *self._bounds(most))


class Nearest:
    """Changes that move one cell and as little else as can be.

    Every change is a rise less a fall, both at least 0, and each costs its ``price``. By the
    dual simplex method, from no change at all: few numbers take part in the answer, so it
    leaves most other cells as they are.
    """

    def __init__(self, reduced: Reduced, watched: csr_array, price: Floats) -> None:
        """The rows of ``watched`` are those that can be moved."""
        rows, low, high = _rows(reduced, watched)
        self._first = rows.shape[0] - watched.shape[0]
        both = csr_array(hstack([rows, -rows], format="csr"))
        columns = np.zeros(both.shape[1]), np.concatenate([reduced.high, -reduced.low])
        self._solver = _solver(DUAL, both, (low, high), columns, np.tile(price, 2))

    def find(self, row: int, amount: int) -> Floats | None:
        """The least change that moves a watched row by ``amount`` or more; None if none does."""
        least = abs(amount) - TOLERANCE
        limits = (least, np.inf) if amount > 0 else (-np.inf, -least)
        self._solver.setBasis()
        self._solver.changeRowBounds(self._first + row, *limits)
        change = _answer(self._solver)
        self._solver.changeRowBounds(self._first + row, -np.inf, np.inf)
        if change is None:
            return None
        rise, fall = np.split(change, 2)
        return np.asarray(rise - fall, dtype=np.float64)


def _rows(reduced: Reduced, watched: csr_array) -> tuple[csr_array, Floats, Floats]:
    """What is known, floors, and watched rows, with their least and greatest sums."""
    parts = [reduced.known, reduced.floors, watched]
    known, floors, free = (np.zeros(part.shape[0]) for part in parts)
    low = np.concatenate([known, floors - reduced.slack, free - np.inf])
    high = np.concatenate([known, floors + np.inf, free + np.inf])
    return csr_array(vstack(parts, format="csr")), low, high


class _Quiet(highspy.Highs):
    """A solver that prints nothing; others print a banner as soon as they are made."""

    def enableCallbacks(self) -> None:  # noqa: N802 - the solver's own name
        """Called as a solver is made; we use no callbacks."""
        self.silent()


def _solver(
    method: int,
    rows: csr_array,
    row_bounds: tuple[Floats, Floats],
    column_bounds: tuple[Floats, Floats],
    costs: Floats,
) -> highspy.Highs:
    """A quiet solver on one core that keeps its place from question to question."""
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = rows.shape
    program.row_lower_, program.row_upper_ = row_bounds
    program.col_lower_, program.col_upper_ = column_bounds
    program.col_cost_ = costs
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = rows.indptr
    program.a_matrix_.index_ = rows.indices
    program.a_matrix_.value_ = rows.data.astype(np.float64)
    solver = _Quiet()  # type: ignore[no-untyped-call]
    options: dict[str, bool | int | float | str] = {
        "output_flag": False,
        "presolve": "off",
        "threads": 1,
        "simplex_strategy": method,
        "simplex_scale_strategy": 0,
        "primal_feasibility_tolerance": 1e-9,
        "dual_feasibility_tolerance": 1e-9,
    }
    for option, value in options.items():
        solver.setOptionValue(option, value)
    solver.passModel(program)
    return solver


def _answer(solver: highspy.Highs) -> Floats | None:
    """The optimum; None if there is none."""
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kOptimal:
        return np.array(solver.getSolution().col_value)
    if status in IMPOSSIBLE:
        return None
    msg = f"the linear program ended as {solver.modelStatusToString(status)}"
    raise ArithmeticError(msg)
