"""The linear programming solver, quiet and on one core."""

from __future__ import annotations

from typing import Final

import highspy
import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.problem import Floats

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


class _Quiet(highspy.Highs):
    """A solver that prints nothing; others print a banner as soon as they are made."""

    def enableCallbacks(self) -> None:  # noqa: N802 - the solver's own name
        """Called as a solver is made; we use no callbacks."""
        self.silent()


def solver(
    method: int,
    rows: csr_array,
    row_bounds: tuple[Floats, Floats],
    column_bounds: tuple[Floats, Floats],
    costs: Floats,
    *,
    presolve: bool = False,
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
    made = _Quiet()  # type: ignore[no-untyped-call]
    options: dict[str, bool | int | float | str] = {
        "output_flag": False,
        "presolve": "on" if presolve else "off",
        "threads": 1,
        "simplex_strategy": method,
        "simplex_scale_strategy": 0,
        "primal_feasibility_tolerance": 1e-9,
        "dual_feasibility_tolerance": 1e-9,
    }
    for option, value in options.items():
        made.setOptionValue(option, value)
    made.passModel(program)
    return made


def answer(asked: highspy.Highs) -> Floats | None:
    """The optimum; None if there is none."""
    asked.run()
    status = asked.getModelStatus()
    if status == highspy.HighsModelStatus.kUnknown:
        # Where it stood after the last question, rounding has led it astray.
        asked.clearSolver()
        asked.run()
        status = asked.getModelStatus()
    if status == highspy.HighsModelStatus.kOptimal:
        return np.array(asked.getSolution().col_value)
    if status in IMPOSSIBLE:
        return None
    msg = f"the linear program ended as {asked.modelStatusToString(status)}"
    raise ArithmeticError(msg)
