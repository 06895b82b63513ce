"""Conditions on one variable, whatever type its column has."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from kostra_publish.cube.conditions import condition_expression
from kostra_publish.microdata.variables import Variable
from kostra_publish.specs.models import Condition, Range, Without

CODES = ["1", "2", None]
CASES: list[tuple[list[Any], pl.DataType, str, Condition, list[bool]]] = [
    (CODES, pl.String(), "code", ("1",), [True, False, False]),
    (CODES, pl.Enum(["1", "2"]), "code", ("1",), [True, False, False]),
    (CODES, pl.String(), "code", Without(**{"not": ("1",)}), [False, True, True]),
    (CODES, pl.Enum(["1", "2"]), "code", Without(**{"not": ("1",)}), [False, True, True]),
    (CODES, pl.String(), "code", Without(**{"not": ()}), [True, True, True]),
    ([5, 6, None], pl.Int64(), "number", Without(**{"not": ("6",)}), [True, False, True]),
    ([1.5, 6.0, None], pl.Float64(), "number", Without(**{"not": ("6",)}), [True, False, True]),
    ([1.5, 6.0, None], pl.Float64(), "number", ("1.5",), [True, False, False]),
    ([17, 18, None], pl.Int64(), "number", (Range(**{"from": "17.5"}),), [False, True, False]),
    ([True, False], pl.Boolean(), "flag", ("true",), [True, False]),
]


@pytest.mark.parametrize(("values", "dtype", "kind", "condition", "kept"), CASES)
def test_a_condition_is_true_or_false_and_never_null(
    values: list[Any], dtype: pl.DataType, kind: Any, condition: Condition, kept: list[bool]
) -> None:
    variable = Variable("x", kind, "", pl.col("x"))
    found = pl.DataFrame({"x": pl.Series(values, dtype=dtype)}).select(
        condition_expression(pl.col("x"), condition, variable)
    )
    assert found.to_series().to_list() == kept
