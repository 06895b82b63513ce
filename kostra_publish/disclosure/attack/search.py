"""Which hidden small cells can have another value, and which cannot, beyond doubt."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.attack.programs import Farthest
from kostra_publish.disclosure.attack.reduction import Reduced
from kostra_publish.disclosure.problem import Flags, Floats
from kostra_publish.disclosure.solver import DUAL, PRIMAL, TOLERANCE

AT_RANDOM: Final = 40
"""How many directions to try at random at most, before each cell in turn."""

WORTHWHILE: Final = 12
"""Random directions go on while so many of the targets left are moved enough by one."""


class Witnesses:
    """The changes found, and how far they move each target.

    ``low`` and ``high``, float64, one per target of ``reduced``: the least and greatest
    change seen, so the attacker's interval is at least as wide. ``changes``: all changes.
    ``useful``: for each change, whether it widened an interval that was too narrow.
    """

    def __init__(self, reduced: Reduced, width: int) -> None:
        self.reduced = reduced
        self._width = width
        self.low = np.zeros(reduced.targets.shape[0])
        self.high = np.zeros(reduced.targets.shape[0])
        self.changes: list[Floats] = []
        self.useful: list[bool] = []

    def keep(self, change: Floats) -> Floats:
        """Remember a change; returns how far it moves each target."""
        change[abs(change) < TOLERANCE / 1000] = 0
        self.changes.append(change)
        effect: Floats = self.reduced.targets @ change
        more = (effect < self.low - TOLERANCE) | (effect > self.high + TOLERANCE)
        self.useful.append(bool((more & self.narrow(self._width)).any()))
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
    witnesses: Witnesses,
    program: Farthest,
    width: int,
    random: np.random.Generator,
    enough: int,
) -> Flags:
    """The targets that have fewer than ``width`` + 1 whole values, exactly.

    When ``enough`` of them are found, the others left are not looked into.

    A few random directions clear most targets, since each answer is a whole table. Then each
    of the others is moved in turn, as far as it can be at both ends.
    """
    left = _Left(witnesses, width, random)
    _at_random(left, program)
    # From here on one question is much like the one before.
    program.by(PRIMAL)
    found = witnesses.narrow(width) & ~left.some
    for target in random.permutation(np.flatnonzero(left.flags)).tolist():
        if np.count_nonzero(found) >= enough:
            return found
        found[target] = not _moved_enough(left, program, target)
    return witnesses.narrow(width)


def _at_random(left: _Left, program: Farthest) -> None:
    program.by(DUAL)
    for _ in range(AT_RANDOM):
        before = np.count_nonzero(left.flags)
        change = program.find(left.direction()) if before else None
        if change is None:
            break
        left.witnesses.keep(change)
        if before - np.count_nonzero(left.flags) < WORTHWHILE:
            break


def _moved_enough(left: _Left, program: Farthest, target: int) -> bool:
    """Whether a target can be moved enough, up or down."""
    for way in (1, -1):
        if left.flags[target]:
            left.witnesses.keep_farthest(program, target, way, left.width)
    return not left.flags[target]


class _Left:
    """The targets that are not moved enough yet, and ways to move many of them at once."""

    def __init__(self, witnesses: Witnesses, width: int, random: np.random.Generator) -> None:
        reduced = witnesses.reduced
        self.witnesses, self.width, self._random = witnesses, width, random
        self.some: Flags = np.diff(reduced.targets.indptr) > 0
        self._turned = csr_array(reduced.targets.T)
        rising, falling = reduced.targets.maximum(0), reduced.targets.minimum(0)
        can_fall = rising @ np.maximum(reduced.low, -1) + falling @ np.minimum(reduced.high, 1)
        self._ways: Floats = np.where(can_fall < 0, -1.0, 1.0)

    @property
    def flags(self) -> Flags:
        """One per target."""
        found: Flags = self.witnesses.narrow(self.width) & self.some
        return found

    def direction(self) -> Floats:
        """A random direction for all of them."""
        count = len(self.some)
        ways = np.where(self._random.random(count) < 0.5, 1.0, self._ways)
        weight = ways * (0.2 + self._random.random(count))
        direction: Floats = self._turned @ (weight * self.flags)
        return direction
