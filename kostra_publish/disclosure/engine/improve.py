"""Fewer and cheaper secondary cells: hide a little here, publish more there.

A large neighbourhood search. Each step hides some visible cells around a hidden one again,
then publishes what that frees, then the rest; it is kept when that is not dearer. Steps are
counted, not timed, so that the same problem always has the same answer.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.engine import floors
from kostra_publish.disclosure.engine.search import Search
from kostra_publish.disclosure.problem import Flags, Integers

SIZES = (1, 2, 4, 8, 16)
"""How many cells a step hides at most."""
WALK = 4
"""How many cells away from the hidden one a step may reach."""
NOISE = 0.7
"""How much the order of publishing differs from that of costs (log-normal)."""


class Improvement:
    """Looks for something cheaper; ``search`` always holds the best so far."""

    def __init__(self, search: Search, seed: int) -> None:
        self.search = search
        self.random = np.random.default_rng(seed)

    def run(self, steps: int) -> None:
        """Take ``steps`` steps."""
        for _ in range(steps):
            hidden = self._hidden
            if not len(hidden):
                return
            self._step(int(self.random.choice(hidden)))

    @property
    def _hidden(self) -> Integers:
        """The rows that are hidden and need not be for their own sake."""
        candidates = self.search.candidates
        return candidates[~self.search.visible[candidates]]

    def _step(self, wanted: int) -> None:
        search = self.search
        before = search.visible.copy()
        around = self._around(wanted)
        shown = around[before[around]]
        some = self.random.permutation(shown)[: int(self.random.choice(SIZES))]
        stirred = search.hide(some)
        loose = search.loose
        search.hide(loose)
        hidden = self._hidden
        freed = self.random.permutation(hidden[stirred[hidden] & ~before[hidden]])
        search.publish(np.array([wanted]))
        search.publish(freed)
        search.publish(self._noisy(np.concatenate([some, loose])))
        if not self._is_better(before):
            self._back(before)
            return
        lowest = floors.small_floors(search.reduced)
        if len(floors.stuck(csr_array(search.reduced.rows[lowest] @ search.moves))):
            self._back(before)

    def _is_better(self, before: Flags) -> bool:
        """Whether something has changed, and not for the dearer."""
        search = self.search
        gained = search.reduced.cost @ (search.visible.astype(float) - before)
        return bool(gained > -1e-9) and bool((search.visible != before).any())

    def _back(self, before: Flags) -> None:
        search = self.search
        search.hide(np.flatnonzero(search.visible & ~before))
        search.hide(search.loose)
        search.publish(np.flatnonzero(before & ~search.visible))

    def _around(self, wanted: int) -> Integers:
        """Candidates that are parts of cells around ``wanted``, some steps away."""
        found = np.array([wanted])
        for _ in range(int(self.random.integers(1, WALK + 1))):
            hidden = found[~self.search.visible[found]]
            start = int(self.random.choice(hidden))
            above = self.search.above(start)
            found = np.union1d(found, self.search.parts([int(self.random.choice(above))]))
        return found

    def _noisy(self, rows: Integers) -> Integers:
        """The dearest first, more or less."""
        noise = self.random.lognormal(0.0, NOISE, size=len(rows))
        return rows[np.argsort(-self.search.reduced.cost[rows] * noise, kind="stable")]
