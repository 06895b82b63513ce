"""Every method gives the same answers, also when there are none."""

from __future__ import annotations

from typing import get_args

import highspy
import numpy as np
import pytest
from scipy.sparse import csr_array

from kostra_publish.disclosure.problem import Floats
from kostra_publish.disclosure.solver import Method, Program, program_of

METHODS = get_args(Method)


def program(method: Method, least: float, highest: float) -> Program:
    """Two numbers up to ``highest`` that add up to ``least`` or more; the first costs twice."""
    return program_of(
        method,
        csr_array(np.ones((1, 2))),
        (np.array([least]), np.array([np.inf])),
        (np.zeros(2), np.array([highest, highest])),
        np.array([2.0, 1.0]),
    )


def answer(made: Program) -> Floats:
    found = made.answer()
    assert found is not None
    return found


@pytest.mark.parametrize("method", METHODS)
def test_the_optimum(method: Method) -> None:
    assert answer(program(method, 5, 4)) == pytest.approx([1, 4], abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_the_next_question(method: Method) -> None:
    made = program(method, 5, 4)
    answer(made)
    made.changeColCost(0, 0.5)
    assert answer(made) == pytest.approx([4, 1], abs=1e-6)
    made.by("dual")
    assert answer(made) == pytest.approx([4, 1])


@pytest.mark.parametrize("method", METHODS)
def test_nothing_fits(method: Method) -> None:
    assert program(method, 9, 4).answer() is None


@pytest.mark.parametrize("method", METHODS)
def test_there_is_no_end(method: Method) -> None:
    made = program(method, 5, np.inf)
    made.changeObjectiveSense(highspy.ObjSense.kMaximize)
    assert made.answer() is None
    assert made.method == method
