"""Cells at their floor: 1 + 1 = 2 gives both away, since a hidden cell is at least 1.

What is visible says something about small cells at their floor exactly when no vector of
the null space raises them all. By Farkas' lemma there is then a sum of some of them (with
non-negative weights) that follows from what is visible. That sum becomes a row of its own
that must not follow: a *guard*. (The same holds for inner numbers that are 0 unseen.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack, vstack
from scipy.sparse.csgraph import breadth_first_order, connected_components

from kostra_publish.disclosure.engine.reduced import Reduced
from kostra_publish.disclosure.problem import Flags, Floats, Integers

TINY = 1e-6
FEW = (60, 240)
"""Floors among which a sum is sought; longer ones are left to the attack."""
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
    found: Any = linprog(
        np.concatenate([np.zeros(width), -np.ones(count)]),
        A_ub=hstack([-changes, eye_array(count)], format="csr"),
        b_ub=np.zeros(count),
        bounds=[(None, None)] * width + [(0, 1)] * count,
        method="highs",
    )
    return np.flatnonzero(found.x[width:] < TINY)


def guards(reduced: Reduced, moves: csr_array) -> csr_array:
    """Sums of floors that follow from what is visible: weights of shape (sums, rows).

    First of small cells alone, which is quick; when there are none, of unseen noughts too.
    """
    found = _guards(reduced, moves, _small_floors(reduced))
    if found.shape[0] or not len(reduced.unseen):
        return found
    return _guards(reduced, moves, floor_rows(reduced))


def _guards(reduced: Reduced, moves: csr_array, floors: Integers) -> csr_array:
    """Sums of floors that follow from what is visible: weights of shape (sums, rows).

    ``moves`` has a column per vector that spans the null space. Every small cell that is stuck
    is part of a sum. Few floors hang together, so each sum is a small linear program.
    """
    changes = csr_array(reduced.rows[floors] @ moves)
    held = stuck(changes)
    result = [csr_array((0, reduced.rows.shape[0]), dtype=np.int64)]
    if len(held):
        left = changes[held]
        count, group = connected_components(abs(left) @ abs(left).T)
        for number in range(count):
            members = np.flatnonzero(group == number)
            needed = reduced.small[floors[held[members]]]
            if not needed.any():
                continue
            weights = _weights(left[members], needed)
            sums = np.repeat(np.arange(len(weights)), len(members))
            rows = np.tile(floors[held[members]], len(weights))
            shape = (len(weights), reduced.rows.shape[0])
            result.append(csr_array((weights.ravel(), (sums, rows)), shape=shape))
    whole = csr_array(vstack(result, format="csr"))
    whole.eliminate_zeros()
    return whole


def _weights(changes: csr_array, needed: Flags) -> Integers:
    """Whole non-negative weights, a row per sum, under which ``changes`` add up to nought.

    Each floor that is ``needed`` is part of a sum.
    """
    count = changes.shape[0]
    near = csr_array(abs(changes) @ abs(changes).T)
    covered = np.zeros(count, dtype=np.bool_)
    result = [np.zeros(count, dtype=np.int64)]
    for first in np.flatnonzero(needed):
        if not covered[first]:
            weights = _lightest(changes, near, int(first))
            covered |= weights > TINY
            result.append(_whole(weights))
    whole = np.stack(result)
    return whole[whole.any(axis=1)]


def _lightest(changes: csr_array, near: csr_array, first: int) -> Floats:
    """The lightest weights of a sum that holds the floor ``first``; nought if it is long.

    Sought among the floors that hang together with it most closely: few, then more.
    """
    order = breadth_first_order(near, first, directed=False, return_predecessors=False)
    weights = np.zeros(changes.shape[0])
    for reach in FEW:
        members = order[:reach]
        part = changes[members]
        equal = csr_array(part[:, np.flatnonzero(abs(part).sum(axis=0))].T)
        found: Any = linprog(  # type: ignore[call-overload]  # the stubs know no sparse matrices
            np.ones(len(members)),
            A_eq=equal,
            b_eq=np.zeros(equal.shape[0]),
            bounds=[(1.0, None), *[(0.0, None)] * (len(members) - 1)],
            method="highs",
        )
        if found.x is not None:
            weights[members] = found.x
            break
        if len(members) < reach:
            # Too close for floating point: the floor is guarded by itself.
            weights[first] = 1
            break
    return weights


def _whole(weights: Floats) -> Integers:
    """The smallest whole numbers in the same proportions."""
    scaled = np.round(weights * FINEST).astype(np.int64)
    whole: Integers = scaled // max(int(np.gcd.reduce(scaled)), 1)
    return whole
