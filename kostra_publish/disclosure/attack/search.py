"""Which hidden small cells can have another value, and which cannot, beyond doubt."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.attack.programs import Farthest
from kostra_publish.disclosure.attack.reduction import Reduced
from kostra_publish.disclosure.problem import Flags, Floats
from kostra_publish.disclosure.solver import TOLERANCE

WORTHWHILE: Final = 100
"""All targets left are moved at random while so many are moved enough by one direction."""

GROUP: Final = 24
"""How many targets are moved at random together after that, before each in turn."""

FEW: Final = 2
"""Groups go on while so many targets are moved enough by one direction."""


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
        """Remember a change, if it is one; returns how far it moves each target."""
        change[abs(change) < TOLERANCE / 1000] = 0
        if not self.reduced.allows(change):
            return np.zeros_like(self.low)
        self.changes.append(change)
        effect: Floats = self.reduced.targets @ change
        more = (effect < self.low - TOLERANCE) | (effect > self.high + TOLERANCE)
        self.useful.append(bool((more & self.narrow(self._width)).any()))
        np.minimum(self.low, effect, out=self.low)
        np.maximum(self.high, effect, out=self.high)
        return effect

    def keep_farthest(self, target: int, way: int, change: Floats | None) -> None:
        """Remember how far a target can move up (``way`` 1) or down (-1): None is without end."""
        if change is not None:
            self.keep(change)
        elif way > 0:
            self.high[target] = np.inf
        else:
            self.low[target] = -np.inf

    def row(self, target: int) -> Floats:
        """A target in numbers."""
        row: Floats = self.reduced.targets[[target]].toarray()[0].astype(np.float64)
        return row

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
    programs: Sequence[Farthest],
    width: int,
    random: np.random.Generator,
    enough: int,
) -> Flags:
    """The targets that have fewer than ``width`` + 1 whole values, exactly.

    When ``enough`` of them are found, the others left are not looked into.

    A few random directions clear most targets, since each answer is a whole table; then such
    for a few targets at once. Each of the others is moved in turn, as far as it can be at
    both ends. The ``programs``, all of ``witnesses.reduced``, are asked side by side.
    """
    left = _Left(witnesses, width, random)
    with ThreadPoolExecutor(len(programs)) as pool:
        for program in programs:
            program.by("interior")
        _at_random(left, programs, pool, len(left.some), WORTHWHILE)
        # From here on one question is much like the one before.
        for program in programs:
            program.by("vertex")
        _at_random(left, programs, pool, GROUP, FEW)
        found = _in_turn(left, programs, pool, enough)
    for program in programs:
        program.by("primal")
    return found


def _at_random(
    left: _Left, programs: Sequence[Farthest], pool: Executor, size: int, worthwhile: int
) -> None:
    """Move ``size`` of the targets in random directions, while ``worthwhile`` are moved enough."""
    while before := np.count_nonzero(left.flags):
        directions = [left.direction(size) for _ in programs]
        for change in pool.map(Farthest.find, programs, directions):
            if change is not None:
                left.witnesses.keep(change)
        for program in programs:
            program.go_on()
        if before - np.count_nonzero(left.flags) < worthwhile * len(programs):
            return


def _in_turn(left: _Left, programs: Sequence[Farthest], pool: Executor, enough: int) -> Flags:
    """The targets that cannot be moved enough, until there are ``enough`` of them."""
    witnesses = left.witnesses
    found = witnesses.narrow(left.width) & ~left.some
    queue = (target for target in left.in_random_order() if left.flags[target])
    while np.count_nonzero(found) < enough and (now := list(islice(queue, len(programs)))):
        rows = [witnesses.row(target) for target in now]
        moves = pool.map(partial(_both_ways, enough=left.width), programs, rows)
        for target, changes in zip(now, moves, strict=True):
            for way, change in changes:
                witnesses.keep_farthest(target, way, change)
            found[target] = left.flags[target]
    return found


def _both_ways(program: Farthest, row: Floats, enough: int) -> list[tuple[int, Floats | None]]:
    """The changes that move ``row`` farthest: up, and if that is not ``enough``, down."""
    changes: list[tuple[int, Floats | None]] = []
    for way in (1, -1):
        change = program.find(way * row, enough)
        program.go_on()
        changes.append((way, change))
        if change is None or way * row @ change >= enough - TOLERANCE:
            break
    return changes


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

    def in_random_order(self) -> list[int]:
        """The targets that are left now."""
        order: list[int] = self._random.permutation(np.flatnonzero(self.flags)).tolist()
        return order

    def direction(self, size: int) -> Floats:
        """A random direction for ``size`` of them."""
        count = len(self.some)
        ways = np.where(self._random.random(count) < 0.5, 1.0, self._ways)
        weight = ways * (0.2 + self._random.random(count))
        some = self._random.permutation(np.flatnonzero(self.flags))[:size]
        direction: Floats = self._turned @ np.where(np.isin(np.arange(count), some), weight, 0.0)
        return direction
