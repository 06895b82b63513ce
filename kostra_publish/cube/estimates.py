"""Larger regions when kommuner have not reported.

A missing kommune is taken to have, per inhabitant, what the reporters of its KOSTRA
group have together (ratio estimation by stratum with population as the auxiliary; the
imputation of KOSTRA since 2008). As this is linear, it is a matter of weights: a
reporter in stratum g counts 1 + (inhabitants of g's missing kommuner in the region) /
(inhabitants of g's reporters).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kostra_publish.specs.models import Estimation

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Weights:
    """How regions are computed from kommuner.

    ``weights`` has shape (regions, kommuner) and is zero for missing kommuner.
    ``missing`` marks regions without a figure; ``estimated`` is the share of a region's
    inhabitants who live in missing kommuner.
    """

    weights: Matrix
    missing: Flags
    estimated: Vector


def summed(membership: Matrix, population: Vector, reported: Flags) -> Weights:
    """Larger regions as the sum of those who reported; none reported: no figure."""
    reporters = membership * reported
    return Weights(
        reporters, reporters.sum(axis=1) == 0, _missing_share(membership, population, reported)
    )


def estimated(
    membership: Matrix,
    population: Vector,
    stratum: NDArray[np.int64],
    reported: Flags,
    outside_oslo: Flags,
    limits: Estimation,
) -> Weights:
    """Larger regions with missing kommuner estimated; single kommuner never are.

    Shapes: membership (regions, kommuner), the vectors (kommuner,). A stratum without any
    reporter is estimated by all reporters outside Oslo as long as it holds no more than
    ``limits.max_foreign_population`` of the region's inhabitants; else the region is missing.
    """
    share = _missing_share(membership, population, reported)
    weights = membership * reported
    foreign = np.zeros(membership.shape[0])
    for group in np.unique(stratum):
        members = stratum == group
        absent = members & ~reported
        donors = members & reported
        if not absent.any():
            continue
        if not donors.any():
            foreign += membership @ (population * absent)
            donors = reported & outside_oslo
        if donors.any():
            lacking = membership @ (population * absent)
            weights += np.outer(lacking / (population @ donors), donors)
    inhabitants = np.maximum(membership @ population, 1)
    single = membership.sum(axis=1) <= 1
    missing = (
        (share > limits.max_estimated_population)
        | (foreign / inhabitants > limits.max_foreign_population)
        | (single & (share > 0))
        | (weights.sum(axis=1) == 0)
    )
    return Weights(np.where(missing[:, None], 0.0, weights), missing, share)


def _missing_share(membership: Matrix, population: Vector, reported: Flags) -> Vector:
    inhabitants = np.maximum(membership @ population, 1)
    share: Vector = (membership @ (population * ~reported)) / inhabitants
    return share
