"""Which hidden small cells can have another value, and which cannot, beyond doubt."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.attack.programs import Farthest
from kostra_publish.disclosure.attack.reduction import Reduced
from kostra_publish.disclosure.problem import Flags, Floats
from kostra_publish.disclosure.solver import TOLERANCE

AT_RANDOM: Final = 40
"""How many directions to try at random at most, before each cell in turn."""

FEW_MORE: Final = 50
"""Random directions go on while one in this many of the targets left is moved enough."""


class Witnesses:
    """The changes found, and how far they move each target.

    ``low`` and ``high``, float64, one per target of ``reduced``: the least and greatest
    change seen, so the attacker's interval is at least as wide. ``changes``: all changes.
    """

    def __init__(self, reduced: Reduced) -> None:
        self.reduced = reduced
        self.low = np.zeros(reduced.targets.shape[0])
        self.high = np.zeros(reduced.targets.shape[0])
        self.changes: list[Floats] = []

    def keep(self, change: Floats) -> Floats:
        """Remember a change; returns how far it moves each target."""
        change[abs(change) < TOLERANCE / 1000] = 0
        self.changes.append(change)
        effect: Floats = self.reduced.targets @ change
        np.minimum(self.low, effect, out=self.low)
        np.maximum(self.high, effect, out=self.high)
        return effect

    def keep_farthest(self, program: Farthest, target: int, way: int, enough: int) -> None:
        """Move a target as far up (``way`` 1) or down (-1) as can be."""
        row = self.reduced.targets[[target]].toarray()[0]
        change = program.find(way * row.astype(np.float64), enough)
        if change is not None:
            self.keep(change)
        elif way > 0:
            self.high[target] = np.inf
        else:
            self.low[target] = -np.inf

    def narrow(self, width: int) -> Flags:
        """The targets with fewer than ``width`` + 1 whole values so far."""
        found: Flags = (
            np.floor(self.high + 2 * TOLERANCE) - np.ceil(self.low - 2 * TOLERANCE) < width
        )
        return found


def moved(effect: Floats) -> Flags:
    """Whether each target moves by one or more."""
    found: Flags = abs(effect) >= 1 - 2 * TOLERANCE
    return found


def find_narrow(
    witnesses: Witnesses, program: Farthest, width: int, random: np.random.Generator
) -> Flags:
    """The targets that have fewer than ``width`` + 1 whole values, exactly.

    A few random directions clear most targets, since each answer is a whole table; for each
    of the others the interval is found at both ends.
    """
    targets = witnesses.reduced.targets
    some: Flags = np.diff(targets.indptr) > 0
    turned = csr_array(targets.T)
    for _ in range(AT_RANDOM):
        left = witnesses.narrow(width) & some
        if not left.any():
            break
        weight = left * random.choice([-1.0, 1.0], len(left)) * random.random(len(left))
        change = program.find(turned @ weight)
        if change is None:
            break
        witnesses.keep(change)
        if (left & ~witnesses.narrow(width)).sum() * FEW_MORE < left.sum():
            break
    for target in np.flatnonzero(witnesses.narrow(width) & some):
        for way in (1, -1):
            if witnesses.narrow(width)[target]:
                witnesses.keep_farthest(program, int(target), way, width)
    return witnesses.narrow(width)
