"""What follows or cannot move at all: a quick part of the attack, for problems of any size."""

from __future__ import annotations

import numpy as np

from kostra_publish.disclosure.attack.modular import RANDOM_VECTORS, echelon, following
from kostra_publish.disclosure.attack.reduction import reduce
from kostra_publish.disclosure.attack.view import view_of
from kostra_publish.disclosure.problem import Flags, Problem


def cornered(problem: Problem, visible: Flags, *, seed: int = 0) -> Flags:
    """Which small cells are linear combinations of what is visible, or sums of what cannot move.

    Numbers cannot move when all that hang together are at their floor (1 + 1 = 2); see
    ``standstill``. ``visible`` has one flag per cell.
    """
    view = view_of(problem, visible)
    form = echelon(view.known)
    random = np.random.default_rng(seed)
    still = np.diff(reduce(view, form.basis, random).targets.indptr) == 0
    still |= following(view.targets, form.null_vectors(RANDOM_VECTORS, random))
    found: Flags = (problem.small & view.shown) | view.plain
    has = view.target_of >= 0
    found[has] |= still[view.target_of[has]]
    return found
