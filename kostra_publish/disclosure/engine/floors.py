"""Cells at their floor: 1 + 1 = 2 gives both away, since a hidden cell is at least 1.

What is visible says something about small cells at their floor exactly when no vector of
the null space raises them all.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack

from kostra_publish.disclosure.engine.reduced import Reduced
from kostra_publish.disclosure.problem import Integers
from kostra_publish.disclosure.solver import program_of


def small_floors(reduced: Reduced) -> Integers:
    """The rows of small cells at their floor."""
    return np.flatnonzero(reduced.small & (reduced.value == reduced.floor))


def stuck(changes: csr_array) -> Integers:
    """Which floors no null vector raises; ``changes`` has shape (floors, vectors).

    The null vectors that lower no floor form a cone, so that one linear program finds
    everything that can be raised at all.
    """
    count, width = changes.shape
    if not count:
        return np.zeros(0, dtype=np.int64)
    program = program_of(
        "interior",
        csr_array(hstack([changes, -eye_array(count)], format="csr")),
        (np.zeros(count), np.full(count, np.inf)),
        (np.repeat([-np.inf, 0.0], [width, count]), np.repeat([np.inf, 1.0], [width, count])),
        np.repeat([0.0, -1.0], [width, count]),
    )
    best = program.answer()
    if best is None:
        msg = "the linear program of floors has no answer, though raising nothing is one"
        raise ArithmeticError(msg)
    # Each that can be raised at all is raised to 1.
    return np.flatnonzero(best[width:] < 0.5)
