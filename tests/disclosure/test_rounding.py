from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kostra_publish.disclosure.rounding import half_away_from_zero


def rounded(value: float, decimals: int) -> float:
    return float(half_away_from_zero(np.array([value]), np.array([decimals]))[0])


def test_ties_go_away_from_zero() -> None:
    assert [rounded(value, 0) for value in (0.5, 1.5, 2.5, -0.5, -2.5)] == [1, 2, 3, -1, -3]


def test_ties_that_floating_point_holds_too_low() -> None:
    assert rounded(2.675, 2) == 2.68
    assert rounded(1.005, 2) == 1.01
    assert rounded(4.35, 1) == 4.4


def test_zero_has_no_sign() -> None:
    assert str(rounded(-0.04, 1)) == "0.0"


@given(st.integers(0, 10**9), st.integers(1, 2_000_000), st.integers(0, 2))
def test_quotients_of_whole_numbers_round_as_exact_arithmetic(
    above: int, below: int, decimals: int
) -> None:
    # half up in whole numbers: floor((2 * above * 10^d + below) / (2 * below))
    exact = (2 * above * 10**decimals + below) // (2 * below)
    assert rounded(above / below, decimals) == exact / 10**decimals


@given(st.decimals(-100_000, 100_000, places=3), st.integers(0, 2))
def test_decimal_fractions_round_as_written(value: Decimal, decimals: int) -> None:
    exact = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    assert rounded(float(value), decimals) == float(exact)
