"""The dominance rule for sums: the p % rule.

A sum of amounts is unsafe when who contributes next most can work out too closely what the
largest contributor has: when all others together come to less than p per cent of the largest,

    sum - largest - second < p / 100 * largest.

Source: Handbook on Statistical Disclosure Control, 2nd edition, the chapter on magnitude
tables. Contributors are records: a person with records in two kommuner is two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def two_largest(values: Array, group: Integers, count: int) -> Array:
    """The two largest values of each of ``count`` groups, shape (groups, 2); 0 where there is none.

    ``group`` tells which group each value is in. Values are not negative.
    """
    order = np.lexsort((-values, group))
    first = np.searchsorted(group[order], group[order])
    rank = np.arange(len(order)) - first
    found = np.zeros((count, 2))
    top = rank < 2
    found[group[order][top], rank[top]] = values[order][top]
    return found


def dominated(members: csr_array, sums: Array, largest: Array, p: float) -> Flags:
    """Which regions have a sum that one or two contributors dominate.

    Shapes: ``members`` (regions, units), not 0 where a unit is in a region; ``sums`` (units);
    ``largest`` (units, 2), the two largest contributions in each unit. ``p`` is in per cent.
    """
    regions = members.shape[0]
    own = np.repeat(np.arange(regions), np.diff(members.indptr))
    pairs = largest[members.indices]
    first, second = two_largest(pairs.ravel(), np.repeat(own, 2), regions).T
    found: Flags = members @ sums - first - second < p / 100 * first
    return found
