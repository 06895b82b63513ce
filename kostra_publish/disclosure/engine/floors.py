"""Cells at their floor: 1 + 1 = 2 gives both away, since a hidden cell is at least 1.

What is visible says something about small cells at their floor exactly when no vector of
the null space raises them all. By Farkas' lemma there is then a sum of some of them (with
non-negative weights) that follows from what is visible. That sum becomes a row of its own
that must not follow: a *guard*. (The same holds for inner numbers that are 0 unseen.)
"""

from __future__ import annotations

import highspy
import numpy as np
from scipy.sparse import csr_array, eye_array, hstack

from kostra_publish.disclosure.engine.reduced import Reduced
from kostra_publish.disclosure.problem import Floats, Integers
from kostra_publish.disclosure.solver import DUAL, answer, solver

TINY = 1e-6
FINEST = 720
"""Weights of a guard are multiples of one part in this."""


def floor_rows(reduced: Reduced) -> Integers:
    """The rows of small cells at their floor, and of inner numbers that are 0 unseen."""
    return np.union1d(_small_floors(reduced), reduced.unseen)


def _small_floors(reduced: Reduced) -> Integers:
    at_floor = reduced.small & reduced.listed & (reduced.value == reduced.floor)
    return np.flatnonzero(at_floor)


def stuck(changes: csr_array) -> Integers:
    """Which floors no null vector raises; ``changes`` has shape (floors, vectors).

    The null vectors that lower no floor form a cone, so that one linear program finds
    everything that can be raised at all.
    """
    count, width = changes.shape
    if not count:
        return np.zeros(0, dtype=np.int64)
    program = solver(
        DUAL,
        csr_array(hstack([changes, -eye_array(count)], format="csr")),
        (np.zeros(count), np.full(count, np.inf)),
        (np.repeat([-np.inf, 0.0], [width, count]), np.repeat([np.inf, 1.0], [width, count])),
        np.repeat([0.0, -1.0], [width, count]),
        presolve=True,
    )
    return np.flatnonzero(_found(program)[width:] < TINY)


def guards(reduced: Reduced, moves: csr_array) -> csr_array:
    """Sums of floors that follow from what is visible: weights of shape (sums, rows).

    First of small cells alone, which is quick; when there are none, of unseen noughts too.
    """
    found = _guards(reduced, moves, _small_floors(reduced))
    if found.shape[0] or not len(reduced.unseen):
        return found
    return _guards(reduced, moves, floor_rows(reduced))


def _guards(reduced: Reduced, moves: csr_array, floors: Integers) -> csr_array:
    """Sums of ``floors`` that follow from what is visible: weights of shape (sums, rows).

    ``moves`` has a column per vector that spans the null space. Every small cell that is stuck
    is part of a sum.
    """
    changes = csr_array(reduced.rows[floors] @ moves)
    held = stuck(changes)
    weights = _sums(csr_array(changes[held]), np.flatnonzero(reduced.small[floors[held]]))
    weights.eliminate_zeros()
    shape = (weights.shape[0], reduced.rows.shape[0])
    return csr_array((weights.data, floors[held[weights.indices]], weights.indptr), shape=shape)


def _sums(changes: csr_array, needed: Integers) -> csr_array:
    """Whole non-negative weights, a row per sum, under which ``changes`` add up to nought.

    Each floor that is ``needed`` is part of a sum, the lightest there is. One program finds
    them all: it keeps its place from floor to floor.
    """
    count = changes.shape[0]
    covered = np.zeros(count, dtype=np.bool_)
    found = [np.zeros((0, count), dtype=np.int64)]
    if len(needed):
        by_vector = csr_array(changes.T)
        none = np.zeros(by_vector.shape[0])
        endless = np.full(count, np.inf)
        program = solver(DUAL, by_vector, (none, none), (np.zeros(count), endless), np.ones(count))
    for floor in needed:
        if covered[floor]:
            continue
        program.changeColBounds(int(floor), 1.0, np.inf)
        weights = _whole(_found(program))
        program.changeColBounds(int(floor), 0.0, np.inf)
        if abs(weights @ changes).max() > TINY:
            # Too close for floating point: the floor is guarded by itself.
            weights = (np.arange(count) == floor).astype(np.int64)
        covered |= weights > 0
        found.append(weights[None])
    return csr_array(np.concatenate(found))


def _found(program: highspy.Highs) -> Floats:
    best = answer(program)
    if best is None:
        msg = "a linear program of floors has no answer, though duality says that it has"
        raise ArithmeticError(msg)
    return best


def _whole(weights: Floats) -> Integers:
    """The smallest whole numbers in the same proportions."""
    scaled = np.round(weights * FINEST).astype(np.int64)
    whole: Integers = scaled // max(int(np.gcd.reduce(scaled)), 1)
    return whole
