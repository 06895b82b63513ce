"""The attack on what files show of a universe: what was shown, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kostra_publish.disclosure.attack.attack import attack
from kostra_publish.disclosure.attack.exact import exact
from kostra_publish.disclosure.problem import Flags, Problem

ATTACKED = 3_000
"""Cells of the largest problem that is attacked in full, by intervals and insiders."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an attack found: by kind of finding, which cells; one flag per cell.

    ``in_full`` tells whether intervals and insiders were tried beside linear algebra.
    """

    found: Mapping[str, Flags]
    in_full: bool

    @property
    def violated(self) -> Flags:
        """The cells that are not protected."""
        found: Flags = np.any([*self.found.values()], axis=0)
        return found


def attack_known(problem: Problem, known: Flags, *, in_full: bool) -> Outcome:
    """Attack a problem of which the cells in ``known`` can be read somewhere.

    In full only where the problem is not too large for it.
    """
    if not in_full or len(known) > ATTACKED:
        follows = exact(problem, known)
        shown = problem.small & known
        return Outcome({"shown": shown, "exact": follows & ~shown}, in_full=False)
    verdict = attack(problem, known)
    kinds = {name: getattr(verdict, name) for name in ("shown", "exact", "narrow", "insider")}
    return Outcome(kinds, in_full=True)
