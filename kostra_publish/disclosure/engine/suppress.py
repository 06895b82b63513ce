"""Which cells to hide besides the small ones: the engine's front door."""

from __future__ import annotations

import numpy as np

from kostra_publish.disclosure.engine import floors
from kostra_publish.disclosure.engine.improve import Improvement
from kostra_publish.disclosure.engine.reduced import reduce
from kostra_publish.disclosure.engine.search import Search
from kostra_publish.disclosure.problem import Flags, Problem

SEED = 1
WORK = 2_000_000
"""Steps of improvement times cells, at effort 1."""
MOST_STEPS = 3_000


class Suppression:
    """A problem while it is being protected; ``visible`` says which cells may be shown.

    Deterministic: the same problem and effort give the same cells. Keeps G2 and G4 in the
    sense of linear algebra, and lets no hidden cell be stuck at its floor; what else an
    attack finds is answered by ``widen``.
    """

    def __init__(self, problem: Problem, *, effort: float = 1.0) -> None:
        """Publish as much as can be; ``effort`` scales the steps of improvement (0: none)."""
        self.problem = problem
        self._search = Search(reduce(problem))
        dear = np.argsort(-self._search.reduced.cost[self._search.candidates], kind="stable")
        self._search.publish(self._search.candidates[dear])
        self._raise_floors()
        rows = len(self._search.visible)
        steps = int(min(effort * WORK / max(rows, 1), effort * MOST_STEPS))
        Improvement(self._search, SEED).run(steps)

    @property
    def visible(self) -> Flags:
        """One flag per cell; implied cells count as hidden."""
        return self._search.reduced.spread(self._search.visible) & self.problem.listed

    def widen(self, cell: int) -> None:
        """Hide more, so that a small cell may change in another way.

        Raises DisclosureError when there is nothing left to hide.
        """
        self._search.widen(int(self._search.reduced.of_cell[cell]))
        self._raise_floors()

    def _raise_floors(self) -> None:
        """Guard whatever sum of floors follows, until none does.

        Where guarding hides nothing more, it is rounding that finds floors stuck; the attack
        tells whether they are.
        """
        while True:
            found = floors.guards(self._search.reduced, self._search.moves)
            if not found.shape[0]:
                return
            before = self._search.visible.sum()
            self._search.guard(found)
            if self._search.visible.sum() == before:
                return
