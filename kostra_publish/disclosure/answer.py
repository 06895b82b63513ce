"""Engine and attack in turn, until the attack finds nothing more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kostra_publish.disclosure.attack import Verdict, attack
from kostra_publish.disclosure.attack.exact import exact
from kostra_publish.disclosure.engine.suppress import Suppression
from kostra_publish.disclosure.problem import Flags, Problem
from kostra_publish.errors import DisclosureError

ROUNDS = 12
"""Attacks at most; each but the last is answered by hiding more."""
AT_A_TIME = 4
"""Where intervals must be wide, one in so many is answered at a time, in as many more rounds."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Which cells may be shown, and the attack that they withstood."""

    visible: Flags
    verdict: Verdict


def not_following(problem: Problem, *, effort: float = 1.0) -> Flags:
    """Which cells of a large problem may be shown: G1, G2 and what noughts give away.

    Attacked by linear algebra alone, which is quick; the engine sees to lone contributors.
    The engine takes it that everyone knows which inner numbers are 0, also where nobody shows
    it: noughts that can be worked out then give nothing away.
    Raises DisclosureError as ``withstanding`` does.
    """
    everything = np.ones(len(problem.inner), dtype=np.bool_)
    suppression = Suppression(problem.with_noughts(everything), effort=effort)
    visible = suppression.visible[: len(problem.small)]
    if exact(problem, visible).any():
        raise _unprotectable()
    return visible


def withstanding(
    problem: Problem, *, effort: float = 1.0, width: int = 1, could_be: int | None = None
) -> Answer:
    """Protect a problem against everything the attack tries: G1 to G4.

    An interval must hold ``width`` + 1 whole values at least, and reach ``could_be`` where that
    is given. What the attack finds is answered around the lone contributors and around the
    cells found, in turn. Raises DisclosureError when there is nothing left to hide, or when the
    attack is never content.
    """
    suppression = Suppression(problem, effort=effort)
    rounds = ROUNDS if width == 1 and could_be is None else ROUNDS * AT_A_TIME
    for number in range(rounds):
        visible = suppression.visible
        verdict = attack(problem, visible, width=width, threshold=could_be)
        found = _to_widen(verdict, number)
        if not found:
            return Answer(visible, verdict)
        for cell in found:
            suppression.widen(cell)
    raise _unprotectable()


def _unprotectable() -> DisclosureError:
    return DisclosureError(
        "the tables cannot be protected: an attack succeeds however much is hidden",
        fix="Use wider classes in the finest dimension.",
    )


def _to_widen(verdict: Verdict, number: int) -> list[int]:
    """The cells to hide more around: none when the attack found nothing.

    Hiding around one cell widens the intervals of its neighbours too: where they must be wide,
    only some are answered at a time, which hides fewer in the end.
    """
    outside = verdict.violated & ~verdict.insider
    if verdict.few is not None:
        outside |= verdict.few
    found = np.flatnonzero(outside)
    if verdict.width > 1 or verdict.few is not None:
        found = found[::AT_A_TIME]
    return sorted({*found.tolist(), *verdict.pairs[:, number % 2].tolist()})
