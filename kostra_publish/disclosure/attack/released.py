"""The attack on what files show of a universe: what was shown, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.attack.attack import Begun, Insight, attack
from kostra_publish.disclosure.attack.exact import exact
from kostra_publish.disclosure.problem import Flags, Problem

INSIDERS_TRIED = 12_000
"""Cells of the largest problem in which insiders are tried by linear programming."""


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


def attack_known(
    problem: Problem, known: Flags, *, in_full: bool, tables: csr_array | None = None
) -> Outcome:
    """Attack a problem of which the cells in ``known`` can be read somewhere.

    ``tables`` are said to fit what is known; those that do need not be sought. In full by
    intervals and insiders besides; in large problems insiders use linear algebra.
    """
    if not in_full:
        follows = exact(problem, known)
        shown = problem.small & known
        return Outcome({"shown": shown, "exact": follows & ~shown}, in_full=False)
    insight: Insight = "lone by algebra" if len(known) > INSIDERS_TRIED else "all"
    begun = None if tables is None else Begun(tables, len(known) + 1)
    verdict = attack(problem, known, insight=insight, begun=begun)
    kinds = {name: getattr(verdict, name) for name in ("shown", "exact", "narrow", "insider")}
    return Outcome(kinds, in_full=True)
