"""Engine and attack in turn, until the attack finds nothing more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.attack import Begun, Insight, Verdict, attack
from kostra_publish.disclosure.attack.released import INSIDERS_TRIED
from kostra_publish.disclosure.engine.refine import Refinement
from kostra_publish.disclosure.engine.stretch import Wanted
from kostra_publish.disclosure.engine.suppress import Suppression
from kostra_publish.disclosure.problem import Flags, Problem
from kostra_publish.errors import DisclosureError

ROUNDS = 60
"""Attacks at most; each but the last is answered by hiding more."""
ENOUGH = 10
"""Narrow cells that are answered before the attack goes on: much is mended with them."""
MOST_REFINED = 6_000
"""Cells of the largest problem that is refined: in larger ones it takes minutes."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Which cells may be shown, and the attack that they withstood.

    ``cheapest``: it has been proven that nothing cheaper withstands it.
    """

    visible: Flags
    verdict: Verdict
    cheapest: bool = False


def withstanding(
    problem: Problem,
    *,
    effort: float = 1.0,
    width: int = 1,
    could_be: int | None = None,
    insiders_tried: float = INSIDERS_TRIED,
    intervals_tried: float = np.inf,
) -> Answer:
    """Protect a problem against everything the attack tries: G1 to G4.

    An interval must hold ``width`` + 1 whole values at least, and reach ``could_be`` where that
    is given. In problems of more than ``insiders_tried`` cells insiders are not tried: there the
    engine alone sees to them, by linear algebra, and takes it that everyone knows which inner
    numbers are 0, which is quick, and safe, unless so much cannot be kept from them. Nor are
    intervals sought in problems of more than ``intervals_tried`` cells; there the engine alone
    frees small cells at their floor, and nothing says how far others can move. ``effort`` scales
    how long something cheaper is looked for in problems that are not too large (0: not at all).
    Deterministic. Raises DisclosureError when there is nothing left to hide, or when the attack
    is never content.
    """
    large = len(problem.small) > insiders_tried
    insight: Insight = "intervals" if large else "all"
    if len(problem.small) > intervals_tried:
        insight = "algebra"
    attacker = _Attacker(problem, width, could_be, insight)
    try:
        answer = _mended(attacker, effort, noughts_known=large)
    except DisclosureError:
        if not large:
            raise
        # What everyone is taken to know may be more than can be kept from them. Without it, the
        # attack has to tell what insiders find from noughts that they work out.
        if attacker.insight == "intervals":
            attacker = replace(attacker, insight="lone by algebra")
        answer = _mended(attacker, effort, noughts_known=False)
    return _refined(answer, attacker, effort)


def _mended(attacker: _Attacker, effort: float, *, noughts_known: bool) -> Answer:
    """Protect, and hide more until the attack finds nothing.

    With ``noughts_known`` the engine takes it that everyone knows which inner numbers are 0.
    """
    problem = attacker.problem
    known = np.full(len(problem.inner), noughts_known)
    suppression = Suppression(problem.with_noughts(known), effort=effort)
    tables = csr_array((0, len(problem.inner)))
    for _ in range(ROUNDS):
        visible = suppression.visible[: len(problem.small)]
        verdict = attacker.attack(visible, tables)
        wanted = attacker.wanted(verdict)
        if verdict.complete and not wanted:
            return Answer(visible, verdict)
        shown = suppression.stretch(wanted)
        tables = csr_array(vstack([verdict.tables, shown], format="csr"))
    raise DisclosureError(
        "the tables cannot be protected: an attack succeeds however much is hidden",
        fix="Use wider classes in the finest dimension.",
    )


def _refined(answer: Answer, attacker: _Attacker, effort: float) -> Answer:
    """Something cheaper that withstands the attack, too, as far as ``effort`` finds it."""
    if not effort or len(answer.visible) > MOST_REFINED:
        return answer
    refinement = Refinement(attacker.problem, answer.visible, attacker.width, effort)
    while (visible := refinement.cheaper()) is not None:
        verdict = attacker.attack(visible, answer.verdict.tables)
        wanted = attacker.wanted(verdict)
        if verdict.complete and not wanted:
            refinement.keep()
            answer = Answer(visible, verdict)
        elif not refinement.demand(wanted):
            break
    # A wider interval may lie on both sides; there more is demanded than must be.
    plain = attacker.width == 1 and attacker.could_be is None
    return replace(answer, cheapest=plain and refinement.nothing_cheaper)


@dataclass(frozen=True, eq=False)
class _Attacker:
    """How a problem is attacked, and what its cells must be able to do to withstand that."""

    problem: Problem
    width: int
    could_be: int | None
    insight: Insight

    def attack(self, visible: Flags, tables: csr_array) -> Verdict:
        """Attack a pattern; ``tables`` may show that some cells can be other numbers."""
        return attack(
            self.problem,
            visible,
            width=self.width,
            insight=self.insight,
            threshold=self.could_be,
            begun=Begun(tables, ENOUGH),
        )

    def wanted(self, verdict: Verdict) -> list[Wanted]:
        """How far which cells must be able to move, for the attack to find nothing."""
        found = np.flatnonzero(verdict.violated & ~verdict.insider).tolist()
        wanted = [Wanted(cell, verdict.width) for cell in found]
        pairs = verdict.pairs.tolist()
        wanted += [Wanted(cell, 1, held=insider) for insider, cell in pairs]
        if self.could_be is not None and verdict.few is not None:
            few, values = np.flatnonzero(verdict.few).tolist(), self.problem.values
            wanted += [Wanted(cell, self.could_be - int(values[cell]), up=True) for cell in few]
        return wanted
