"""The exact attack alone: what follows from what is visible by linear algebra."""

from __future__ import annotations

import numpy as np

from kostra_publish.disclosure.attack.modular import RANDOM_VECTORS, echelon, following
from kostra_publish.disclosure.attack.view import view_of
from kostra_publish.disclosure.problem import Flags, Problem


def exact(problem: Problem, visible: Flags, *, seed: int = 0) -> Flags:
    """Which small cells are shown, or are linear combinations of what is visible.

    ``visible`` has one flag per cell. Part of ``attack``, for problems too large for all of
    it. Elimination modulo a prime: nothing that follows is missed.
    """
    view = view_of(problem, visible)
    form = echelon(view.known)
    targets = following(
        view.targets, form.null_vectors(RANDOM_VECTORS, np.random.default_rng(seed))
    )
    found: Flags = (problem.small & view.shown) | view.plain
    has = view.target_of >= 0
    found[has] |= targets[view.target_of[has]]
    return found
