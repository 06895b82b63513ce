"""Which cells to hide besides the small ones: the engine's front door."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.engine import floors
from kostra_publish.disclosure.engine.improve import Improvement
from kostra_publish.disclosure.engine.reduced import reduce
from kostra_publish.disclosure.engine.search import Search
from kostra_publish.disclosure.engine.stretch import Wanted, cheapest, raise_all, shown
from kostra_publish.disclosure.problem import Flags, Problem
from kostra_publish.errors import DisclosureError

SEED = 1
WORK = 2_500_000_000
"""Steps of improvement times the square of the number of cells, at effort 1."""
MOST_STEPS = 3_000
FEWEST_STEPS = 10
"""Fewer are not begun: what they save is not worth what it takes to begin."""


class Suppression:
    """A problem while it is being protected; ``visible`` says which cells may be shown.

    Deterministic: the same problem and effort give the same cells. Keeps G2 and G4 in the
    sense of linear algebra, and lets no hidden cell be stuck at its floor; what else an
    attack finds is answered by ``stretch``.
    """

    def __init__(self, problem: Problem, *, effort: float = 1.0) -> None:
        """Publish as much as can be; ``effort`` scales the steps of improvement (0: none)."""
        self.problem = problem
        self._search = Search(reduce(problem))
        dear = np.argsort(-self._search.reduced.cost[self._search.candidates], kind="stable")
        self._search.publish(self._search.candidates[dear])
        self._raise_floors()
        rows = len(self._search.visible)
        steps = int(effort * min(WORK / max(rows, 1) ** 2, MOST_STEPS))
        if steps >= FEWEST_STEPS:
            Improvement(self._search, SEED).run(steps)

    @property
    def visible(self) -> Flags:
        """One flag per cell; implied cells count as hidden."""
        return self._search.reduced.spread(self._search.visible) & self.problem.listed

    def stretch(self, wanted: Sequence[Wanted]) -> csr_array:
        """Hide more, so that small cells may move as far as is wanted.

        Changes of the inner numbers that show it, shape (changes, inner numbers). Raises
        DisclosureError when a cell cannot move so far, whatever is hidden.
        """
        search = self._search
        reduced = search.reduced
        changes = np.zeros((0, len(reduced.inner)))
        for one in wanted:
            move = one.in_rows(reduced)
            if shown(reduced, [move], changes).all():
                continue
            found = cheapest(reduced, search.visible, move)
            if found is None:
                raise _stuck(" ".join(map(str, self.problem.cells.row(one.cell))))
            search.hide_for_good(found.rows)
            changes = np.vstack([changes, found.change])
        whole = np.zeros((len(changes), len(self.problem.inner)))
        whole[:, reduced.columns] = changes
        return csr_array(whole)

    def _raise_floors(self) -> None:
        """Hide the cheapest cells that let all small cells at their floor rise together."""
        search = self._search
        watched = floors.small_floors(search.reduced)
        if not len(watched):
            return
        found = raise_all(search.reduced, search.visible, watched)
        if found is None:
            raise _stuck()
        search.hide_for_good(found.rows)


def _stuck(cell: str = "") -> DisclosureError:
    where = f" ({cell})" if cell else ""
    return DisclosureError(
        f"a small figure can be worked out though everything around it is hidden{where}",
        fix="Look at figures of earlier releases, and at noughts that are shown.",
    )
