"""The method of Hidiroglou and Berthelot, worked by hand from its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kostra_publish.quality.outliers import effects


def test_an_example_worked_by_hand() -> None:
    """Five units; the ratios are 1, 1.25, 1, 0.5 and 4, so that the median ratio is 1.

    s = 0, 0.25, 0, 1 - 1/0.5 = -1, 3. With U = 0.5 the sizes are the roots of the larger value:
    10, sqrt(125), 20, 8, 40. E = 0, 2.795..., 0, -8, 120. Sorted: -8, 0, 0, 2.795, 120, so that
    M = 0, Q1 = 0, Q3 = 2.795. With A = 0.05 the floor |A * M| is 0, and with C = 4 the bounds are
    0 and 11.18: below and above are the fourth and the fifth.
    """
    before = np.array([100.0, 100.0, 400.0, 64.0, 400.0])
    after = np.array([100.0, 125.0, 400.0, 32.0, 1600.0])
    found = effects(before, after, exponent=0.5, width=4, floor=0.05)
    assert found.effect == pytest.approx([0, 0.25 * 125**0.5, 0, -8, 120])
    assert (found.low, found.high) == pytest.approx((0, 4 * 0.25 * 125**0.5))
    assert found.outside.tolist() == [False, False, False, True, True]


def test_the_floor_is_a_share_of_the_median_effect() -> None:
    """Ratios 1, 1, 3, 3 have the median 2, so s = -1, -1, 0.5, 0.5; U = 0 leaves E = s.

    M = -0.25, Q1 = -1 and Q3 = 0.5: the quartiles are 0.75 away, the floor is A * 0.25.
    """
    one = np.ones(4)
    found = effects(one, np.array([1.0, 1, 3, 3]), exponent=0, width=1, floor=8)
    assert found.effect == pytest.approx([-1, -1, 0.5, 0.5])
    assert (found.low, found.high) == pytest.approx((-0.25 - 2, -0.25 + 2))
    found = effects(one, np.array([1.0, 1, 3, 3]), exponent=0, width=1, floor=0.05)
    assert (found.low, found.high) == pytest.approx((-1, 0.5))


def test_a_large_unit_may_change_less_than_a_small_one() -> None:
    before = np.array([20.0, 20_000.0, *np.linspace(100, 5000, 60)])
    after = before * np.array([1.3, 1.3, *np.tile([0.98, 1.0, 1.02], 20)])
    found = effects(before, after, exponent=0.7, width=5, floor=0.05)
    assert found.outside.tolist()[:2] == [False, True]


@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(1, 1e6)), min_size=1, max_size=30))
def test_rises_and_falls_are_alike(pairs: list[tuple[float, float]]) -> None:
    """With every change and its reverse the median ratio is 1, and effects differ in sign only."""
    values = np.array([*pairs, *((after, before) for before, after in pairs), (1, 1)])
    found = effects(values[:, 0], values[:, 1], exponent=0.5, width=4, floor=0.05).effect
    there, back = found[: len(pairs)], found[len(pairs) : -1]
    assert there == pytest.approx(-back, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("values", [([], []), ([0.0], [1.0]), ([1.0], [0.0]), ([-1.0], [1.0])])
def test_what_has_no_ratio_is_refused(values: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError, match="positive"):
        effects(*(np.array(one, dtype=float) for one in values), exponent=0.5, width=4, floor=0)
