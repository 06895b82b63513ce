"""Which of many changes stand out, when small units vary more than large ones.

The method of M. A. Hidiroglou and J.-M. Berthelot, *Statistical editing and imputation for
periodic business surveys*, Survey Methodology 12 (1986), no. 1, pp. 73-83. With r = after / before
and m the median of r over all units:

    s = 1 - m / r    where r < m, else    s = r / m - 1        (rises and falls alike)
    E = s * max(before, after) ** U                            (size counts by the exponent U)

A unit stands out when its effect E is outside

    [ M - C * max(M - Q1, |A * M|),  M + C * max(Q3 - M, |A * M|) ]

with M, Q1, Q3 the median and quartiles of E. Every value is positive: what comes from or goes
to zero has no ratio and must be looked at in another way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Effects:
    """The effect of each unit's change, and the bounds that it should be within."""

    effect: Array
    low: float
    high: float

    @property
    def outside(self) -> Flags:
        """Which units stand out."""
        found: Flags = (self.effect < self.low) | (self.effect > self.high)
        return found


def effects(before: Array, after: Array, *, exponent: float, width: float, floor: float) -> Effects:
    """The effects of changes from ``before`` to ``after``, all positive, of equal length.

    ``exponent`` is U (0 to 1), ``width`` is C and ``floor`` is A. Raises ValueError where there
    is nothing to compare, or a value is not positive.
    """
    if len(before) == 0 or not ((before > 0) & (after > 0)).all():
        raise ValueError("effects are of one or more positive values")
    ratio = after / before
    middle = float(np.median(ratio))
    score = np.where(ratio < middle, 1 - middle / ratio, ratio / middle - 1)
    effect = score * np.maximum(before, after) ** exponent
    lower, median, upper = (float(one) for one in np.quantile(effect, [0.25, 0.5, 0.75]))
    least = abs(floor * median)
    return Effects(
        effect=effect,
        low=median - width * max(median - lower, least),
        high=median + width * max(upper - median, least),
    )
