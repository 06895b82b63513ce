"""Engine and attack in turn, until the attack finds nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.attack import Begun, Verdict, attack
from kostra_publish.disclosure.attack.released import INSIDERS_TRIED
from kostra_publish.disclosure.engine.suppress import Suppression, Wanted
from kostra_publish.disclosure.problem import Flags, Problem
from kostra_publish.errors import DisclosureError

ROUNDS = 60
"""Attacks at most; each but the last is answered by hiding more."""
ENOUGH = 10
"""Narrow cells that are answered before the attack goes on: much is mended with them."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Which cells may be shown, and the attack that they withstood."""

    visible: Flags
    verdict: Verdict


def withstanding(
    problem: Problem,
    *,
    effort: float = 1.0,
    width: int = 1,
    could_be: int | None = None,
    insiders_tried: int = INSIDERS_TRIED,
) -> Answer:
    """Protect a problem against everything the attack tries: G1 to G4.

    An interval must hold ``width`` + 1 whole values at least, and reach ``could_be`` where that
    is given. In problems of more than ``insiders_tried`` cells insiders are not tried: there the
    engine alone sees to them, by linear algebra, and takes it that everyone knows which inner
    numbers are 0, which is quick, and safe. Raises DisclosureError when there is nothing left to
    hide, or when the attack is never content.
    """
    large = len(problem.small) > insiders_tried
    known = np.full(len(problem.inner), large)
    suppression = Suppression(problem.with_noughts(known), effort=effort)
    tables = csr_array((0, len(problem.inner)))
    for _ in range(ROUNDS):
        visible = suppression.visible[: len(problem.small)]
        verdict = attack(
            problem,
            visible,
            width=width,
            threshold=could_be,
            insiders="none" if large else "all",
            begun=Begun(tables, ENOUGH),
        )
        wanted = list(_wanted(problem, verdict, could_be))
        if verdict.complete and not wanted:
            return Answer(visible, verdict)
        shown = suppression.stretch(wanted)
        tables = csr_array(vstack([verdict.tables, shown], format="csr"))
    raise DisclosureError(
        "the tables cannot be protected: an attack succeeds however much is hidden",
        fix="Use wider classes in the finest dimension.",
    )


def _wanted(problem: Problem, verdict: Verdict, could_be: int | None) -> Iterator[Wanted]:
    """How far which cells must be able to move, for the attack to find nothing."""
    for cell in np.flatnonzero(verdict.violated & ~verdict.insider).tolist():
        yield Wanted(cell, verdict.width)
    for insider, cell in verdict.pairs.tolist():
        yield Wanted(cell, 1, held=insider)
    if could_be is not None and verdict.few is not None:
        for cell in np.flatnonzero(verdict.few).tolist():
            yield Wanted(cell, could_be - int(problem.values[cell]), up=True)
