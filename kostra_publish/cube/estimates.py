"""Larger regions when kommuner have not reported.

A missing kommune is taken to have, per inhabitant, what the reporters of its KOSTRA
group have together (ratio estimation by stratum with population as the auxiliary; the
imputation of KOSTRA since 2008). As this is linear, it is a matter of weights: a
reporter in stratum g counts 1 + (inhabitants of g's missing kommuner in the region) /
(inhabitants of g's reporters).
"""

from __future__ import annotations

from collections.abc import Iterator
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
    inhabitants who live in missing kommuner. ``donors`` (groups, kommuner) is 1 for those
    that missing kommuner are estimated by, group by group, and ``leans`` (regions, groups)
    is what the group's sum counts in a region beside its own members: the inhabitants of the
    region's missing kommuner per inhabitant of the group's donors.
    """

    weights: Matrix
    missing: Flags
    estimated: Vector
    donors: Matrix
    leans: Matrix


def summed(membership: Matrix, population: Vector, reported: Flags) -> Weights:
    """Larger regions as the sum of those who reported; none reported: no figure."""
    reporters = membership * reported
    return Weights(
        weights=reporters,
        missing=reporters.sum(axis=1) == 0,
        estimated=missing_share(membership, population, reported),
        donors=np.zeros((0, len(population))),
        leans=np.zeros((len(membership), 0)),
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
    share = missing_share(membership, population, reported)
    weights = membership * reported
    foreign = np.zeros(membership.shape[0])
    leans, donors = [], []
    for gap in gaps(stratum, reported, outside_oslo):
        lacking = membership @ (population * gap.absent)
        if gap.foreign:
            foreign += lacking
        if gap.donors.any():
            donors.append(gap.donors)
            leans.append(lacking / (population @ gap.donors))
            weights[:, gap.donors] += leans[-1][:, None]
    inhabitants = np.maximum(membership @ population, 1)
    single = membership.sum(axis=1) <= 1
    missing = (
        (share > limits.max_estimated_population)
        | (foreign / inhabitants > limits.max_foreign_population)
        | (single & (share > 0))
        | (weights.sum(axis=1) == 0)
    )
    return Weights(
        weights=np.where(missing[:, None], 0.0, weights),
        missing=missing,
        estimated=share,
        donors=np.array(donors, dtype=np.float64).reshape(-1, len(population)),
        leans=np.array(leans).reshape(-1, len(membership)).T,
    )


@dataclass(frozen=True)
class Gap:
    """Kommuner of one stratum without a report, and the reporters they are estimated by.

    ``foreign`` tells that the stratum has no reporter, so that the donors are those of the
    country outside Oslo.
    """

    absent: Flags
    donors: Flags
    foreign: bool


def gaps(stratum: NDArray[np.int64], reported: Flags, outside_oslo: Flags) -> Iterator[Gap]:
    """The strata with missing kommuner; see ``estimated`` for the arguments."""
    for group in np.unique(stratum[~reported]):
        members = stratum == group
        foreign = not (members & reported).any()
        donors = reported & (outside_oslo if foreign else members)
        yield Gap(members & ~reported, donors, foreign)


def missing_share(membership: Matrix, population: Vector, reported: Flags) -> Vector:
    """The share of each region's inhabitants who live in kommuner without a report.

    Shapes: membership (regions, kommuner), the vectors (kommuner,).
    """
    inhabitants = np.maximum(membership @ population, 1)
    share: Vector = (membership @ (population * ~reported)) / inhabitants
    return share
