"""The solver of linear and integer programs: quiet, on one core, by the method asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

import highspy
import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.problem import Floats

_Options: TypeAlias = dict[str, bool | int | float | str]

TOLERANCE: Final = 1e-6
"""What falls short of a whole number by less than this reaches it."""

MOST_NODES: Final = 100
"""Branches of an integer program after which it counts as one without an answer."""

Method = Literal["primal", "dual", "interior", "vertex", "integer"]
"""How to answer: by a simplex method that starts where the last answer was, or through the
interior, anew each time, and then, if a vertex is wanted, from there to the nearest; or by
branch and bound, where some columns are whole."""

_SIMPLEX: Final[_Options] = {
    "solver": "simplex",
    "presolve": "off",
    "simplex_iteration_limit": highspy.kHighsIInf,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
_INTERIOR: Final[_Options] = _SIMPLEX | {
    "solver": "ipm",
    "presolve": "on",
    "run_crossover": "off",
    "ipm_iteration_limit": 300,
    # The last steps are many, or never end, when they are asked to be too exact.
    "primal_feasibility_tolerance": 1e-7,
    "dual_feasibility_tolerance": 1e-7,
}
_OPTIONS: Final[dict[Method, _Options]] = {
    "primal": _SIMPLEX | {"simplex_strategy": 4},
    "dual": _SIMPLEX | {"simplex_strategy": 1},
    "interior": _INTERIOR,
    "vertex": _INTERIOR | {"run_crossover": "on", "simplex_iteration_limit": 5_000},
    "integer": _SIMPLEX
    | {
        # A simplex method by name would take no column for whole.
        "solver": "choose",
        "presolve": "on",
        "simplex_strategy": 1,
        "mip_max_nodes": MOST_NODES,
        "primal_feasibility_tolerance": 1e-7,
        "dual_feasibility_tolerance": 1e-7,
    },
}

_THROUGH_INTERIOR: Final[frozenset[Method]] = frozenset({"interior", "vertex"})
_SURER: Final[dict[Method, tuple[Method, ...]]] = {
    "primal": ("dual",),
    "dual": ("dual",),
    "interior": ("vertex", "dual"),
    "vertex": ("dual",),
    "integer": (),
}
"""What to try when a method loses its way."""

_ALWAYS: Final[_Options] = {"output_flag": False, "threads": 1, "simplex_scale_strategy": 0}

_OPTIMAL: Final = highspy.HighsModelStatus.kOptimal
_IMPOSSIBLE: Final = highspy.HighsModelStatus.kInfeasible
_GIVEN_UP: Final = highspy.HighsModelStatus.kSolutionLimit
_ENDLESS: Final = {
    highspy.HighsModelStatus.kUnbounded,
    highspy.HighsModelStatus.kUnboundedOrInfeasible,
}


class Program(highspy.Highs):
    """A linear program: a solver that prints nothing, on one core."""

    method: Method

    def enableCallbacks(self) -> None:  # noqa: N802 - the solver's own name
        """Called as a solver is made: before it can print a banner. We use no callbacks."""
        self.silent()

    def by(self, method: Method) -> None:
        """From now on, answer by this method."""
        self.method = method
        for option, value in _OPTIONS[method].items():
            self.setOptionValue(option, value)

    def answer(self) -> Floats | None:
        """The optimum; None if there is none."""
        method = self.method
        status = self._run(anew=method in _THROUGH_INTERIOR)
        for surer in _SURER[method]:
            if _certain(status, self.method):
                break
            self.by(surer)
            status = self._run(anew=True)
        self.by(method)
        if status == _OPTIMAL:
            return np.array(self.getSolution().col_value)
        if status in {_IMPOSSIBLE, _GIVEN_UP} or status in _ENDLESS:
            return None
        msg = f"the linear program ended as {self.modelStatusToString(status)}"
        raise ArithmeticError(msg)

    def _run(self, *, anew: bool) -> highspy.HighsModelStatus:
        """With an old answer at hand, the solver would not go through the interior."""
        if anew:
            self.clearSolver()
        self.run()
        return self.getModelStatus()


def _certain(status: highspy.HighsModelStatus, method: Method) -> bool:
    """Whether a program ended well; that it is endless, the simplex method alone can tell."""
    if status in _ENDLESS:
        return method not in _THROUGH_INTERIOR
    return status in {_OPTIMAL, _IMPOSSIBLE}


def program_of(
    method: Method,
    rows: csr_array,
    row_bounds: tuple[Floats, Floats],
    column_bounds: tuple[Floats, Floats],
    costs: Floats,
) -> Program:
    """The program to minimise ``costs`` within the bounds of rows and columns."""
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = rows.shape
    model.row_lower_, model.row_upper_ = row_bounds
    model.col_lower_, model.col_upper_ = column_bounds
    model.col_cost_ = costs
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = rows.indptr
    model.a_matrix_.index_ = rows.indices
    model.a_matrix_.value_ = rows.data.astype(np.float64)
    made = Program()  # type: ignore[no-untyped-call]
    for option, value in _ALWAYS.items():
        made.setOptionValue(option, value)
    made.by(method)
    made.passModel(model)
    return made


def mark_whole(program: Program, columns: Iterable[int]) -> None:
    """Let these columns of an integer program take whole numbers only."""
    for column in columns:
        program.changeColIntegrality(column, highspy.HighsVarType.kInteger)
