"""Cells at their floor: 1 + 1 = 2 gives both away, since a hidden cell is at least 1.

What is visible says something about small cells at their floor exactly when no vector of
the null space raises them all.
"""

from __future__ import annotations

import numpy as np

from kostra_publish.disclosure.engine.reduced import Reduced
from kostra_publish.disclosure.problem import Integers


def small_floors(reduced: Reduced) -> Integers:
    """The rows of small cells at their floor."""
    return np.flatnonzero(reduced.small & (reduced.value == reduced.floor))
