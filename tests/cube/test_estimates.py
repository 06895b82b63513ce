import numpy as np
import pytest

from kostra_publish.cube import estimates
from kostra_publish.specs.models import Estimation

#  kommuner:          A   B   C   D     E (Oslo)
POPULATION = np.array([100.0, 300.0, 200.0, 400.0, 1000.0])
STRATUM = np.array([1, 1, 1, 2, 3])
OUTSIDE_OSLO = np.array([True, True, True, True, False])
#                    A  B  C  D  E
MEMBERSHIP = np.array(
    [
        [1, 0, 0, 0, 0],  # A itself
        [0, 0, 1, 0, 0],  # C itself
        [1, 1, 1, 0, 0],  # fylke of A, B, C
        [0, 0, 0, 1, 1],  # fylke of D, E
        [1, 1, 1, 1, 1],  # the country
    ],
    dtype=float,
)


def estimated(reported: list[bool], **limits: float) -> estimates.Weights:
    return estimates.estimated(
        MEMBERSHIP,
        POPULATION,
        STRATUM,
        np.array(reported),
        OUTSIDE_OSLO,
        Estimation(**limits),
    )


def test_everybody_reported_is_the_plain_sum() -> None:
    weights = estimated([True] * 5)
    assert (weights.weights == MEMBERSHIP).all()
    assert not weights.missing.any()
    assert (weights.estimated == 0).all()


def test_a_missing_kommune_counts_as_its_group_per_inhabitant() -> None:
    weights = estimated([True, True, False, True, True])
    figures = np.array([10.0, 50.0, 0.0, 7.0, 100.0])
    by_region = weights.weights @ figures
    imputed = 200 * (10 + 50) / (100 + 300)
    assert by_region[2] == pytest.approx(60 + imputed)
    assert by_region[4] == pytest.approx(60 + imputed + 107)
    assert weights.missing.tolist() == [False, True, False, False, False]
    assert weights.estimated[2] == pytest.approx(200 / 600)


def test_a_single_kommune_is_never_estimated() -> None:
    weights = estimated([False, True, True, True, True])
    assert weights.missing[0]
    assert not weights.weights[0].any()


def test_a_region_with_too_many_missing_has_no_figure() -> None:
    weights = estimated([True, False, False, True, True])
    assert weights.missing[2]
    assert not weights.missing[4]


def test_a_group_without_reporters_makes_its_regions_missing() -> None:
    weights = estimated([True, True, True, False, True])
    assert weights.missing.tolist() == [False, False, False, True, True]


def test_a_tiny_group_without_reporters_is_estimated_by_all_others_outside_oslo() -> None:
    weights = estimated(
        [True, True, True, False, True],
        max_foreign_population=0.5,
        max_estimated_population=0.9,
    )
    figures = np.array([6.0, 6.0, 6.0, 0.0, 100.0])
    assert not weights.missing[3]
    assert (weights.weights @ figures)[3] == pytest.approx(100 + 400 * 18 / 600)


def test_all_missing_but_one_gives_no_larger_region() -> None:
    weights = estimated([True, False, False, False, False])
    assert weights.missing.tolist() == [False, True, True, True, True]


def test_summed_regions_are_the_reporters_alone() -> None:
    reported = np.array([True, True, False, True, False])
    weights = estimates.summed(MEMBERSHIP, POPULATION, reported)
    figures = np.array([10.0, 50.0, 99.0, 7.0, 99.0])
    assert (weights.weights @ figures).tolist() == [10, 0, 60, 7, 67]
    assert weights.missing.tolist() == [False, True, False, False, False]
