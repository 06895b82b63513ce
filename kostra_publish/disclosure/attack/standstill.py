"""Numbers that cannot move although no single row says so."""

from __future__ import annotations

import highspy
import numpy as np
from scipy.sparse import csr_array, eye_array, hstack, vstack

from kostra_publish.disclosure.problem import Flags, Floats
from kostra_publish.disclosure.solver import program_of


def at_standstill(
    known: csr_array, low: Floats, high: Floats, tight: csr_array
) -> tuple[Flags, Flags]:
    """Which numbers that can only rise, or only fall, cannot do so; and which tight floors.

    One linear program answers for all. Directions may be added to each other, so there is one
    in which everything moves that can move in any, and it may be made as long as we like:
    the sum of all rises, each counted up to 1, is greatest when each that can be is 1.
    (Implicit equalities; Freund, Roundy and Todd 1985.) ``tight`` are floors without slack.
    """
    count = known.shape[1]
    one_way = np.flatnonzero((low == 0) != (high == 0))
    ways = np.where(low[one_way] == 0, 1, -1)
    rising = csr_array((ways, (np.arange(len(one_way)), one_way)), shape=(len(one_way), count))
    moving = csr_array(vstack([rising, tight], format="csr"))
    size, rows = moving.shape[0], known.shape[0]
    if not size:
        return np.zeros(count, dtype=np.bool_), np.zeros(0, dtype=np.bool_)
    nothing = csr_array((rows, size), dtype=np.int64)
    above = hstack([known, nothing], format="csr")
    below = hstack([moving, -eye_array(size, dtype=np.int64)], format="csr")
    whole = csr_array(vstack([above, below], format="csr"))
    program = program_of(
        "interior",
        whole,
        (np.zeros(rows + size), np.repeat([0.0, np.inf], [rows, size])),
        (
            np.concatenate([np.where(low == 0, 0.0, -np.inf), np.zeros(size)]),
            np.concatenate([np.where(high == 0, 0.0, np.inf), np.ones(size)]),
        ),
        np.repeat([0.0, 1.0], [count, size]),
    )
    program.changeObjectiveSense(highspy.ObjSense.kMaximize)
    best = program.answer()
    if best is None:
        msg = "the linear program of all directions has no answer, though nothing moving is one"
        raise ArithmeticError(msg)
    still: Flags = best[count:] < 0.5
    stuck: Flags = np.zeros(count, dtype=np.bool_)
    stuck[one_way] = still[: len(one_way)]
    return stuck, still[len(one_way) :]
