"""Rounding half away from zero, once, at the edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GUARD = 1e-9
"""Lifts ties that floating point holds just below a half (2.675 as 2.67499…). A quotient of
whole numbers with a denominator under 10^8 cannot lie this close to a tie without being it."""


def half_away_from_zero(
    values: NDArray[np.float64], decimals: NDArray[np.int64]
) -> NDArray[np.float64]:
    """``values`` rounded to ``decimals`` places, ties away from zero; arrays of equal shape."""
    scale = 10.0**decimals
    lifted = np.floor(np.abs(values) * scale + 0.5 + GUARD)
    result: NDArray[np.float64] = np.copysign(lifted, values) / scale + 0.0
    return result
