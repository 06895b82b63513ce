"""The conditions of a table spec as Polars expressions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_, or_

import polars as pl

from kostra_publish.microdata.variables import Variable
from kostra_publish.specs.models import Category, Condition, Given, Range, Where, Without

ALL = "*"


def where_expression(where: Where, variables: Mapping[str, Variable]) -> pl.Expr:
    """All conditions of ``where`` together, as a boolean without nulls.

    Every variable must be in ``variables``; see ``problems``.
    """
    conditions = (
        condition_expression(pl.col(name), condition, variables[name])
        for name, condition in where.items()
    )
    return reduce(and_, conditions, pl.lit(value=True))


def condition_expression(column: pl.Expr, condition: Condition, variable: Variable) -> pl.Expr:
    """One condition on one variable, as a boolean without nulls."""
    if isinstance(condition, Given):
        return column.is_not_null() if condition.given else column.is_null()
    if isinstance(condition, Without):
        return ~_one_of(column, condition.not_, variable)
    return _one_of(column, condition, variable)


def _one_of(column: pl.Expr, values: Sequence[str | Range], variable: Variable) -> pl.Expr:
    singles = [value for value in values if isinstance(value, str)]
    # A literal would not be as long as the column.
    if ALL in singles:
        return column.is_null() | column.is_not_null()
    if not values:
        return column.is_null() & column.is_not_null()
    parts = [_within(column, value, variable) for value in values if isinstance(value, Range)]
    typed = [_typed(value, variable) for value in singles]
    # Comparing with a few codes one by one is faster than a set look-up.
    parts.extend(column == value for value in typed)
    return reduce(or_, parts).fill_null(value=False)


def _within(column: pl.Expr, limits: Range, variable: Variable) -> pl.Expr:
    low = column >= _typed(limits.from_, variable) if limits.from_ is not None else None
    high = column <= _typed(limits.to, variable) if limits.to is not None else None
    bounds = [bound for bound in (low, high) if bound is not None]
    return reduce(and_, bounds) if bounds else column.is_not_null()


def _typed(value: str, variable: Variable) -> str | float | bool:
    if variable.kind == "number":
        # Whole numbers stay so: a fraction would turn the whole column into fractions.
        number = float(value)
        return int(number) if number.is_integer() else number
    if variable.kind == "flag":
        return value == "true"
    return value


def problems(where: Where, variables: Mapping[str, Variable]) -> Iterator[tuple[str, str, str]]:
    """What in ``where`` does not fit the source: (variable, rule, fix)."""
    for name, condition in where.items():
        if name not in variables:
            yield name, f"there is no variable {name} in this source and year", _known(variables)
            continue
        for value in _values(condition):
            if not _fits(value, variables[name]):
                rule = f"`{value}` is not a value of {name}"
                yield name, rule, _expected(variables[name])


def _values(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Given):
        return
    members: Iterable[str | Range] = condition.not_ if isinstance(condition, Without) else condition
    for member in members:
        if isinstance(member, Range):
            yield from (bound for bound in (member.from_, member.to) if bound is not None)
        elif member != ALL:
            yield member


def in_use(category: Category, codes: Collection[str]) -> bool:
    """Whether any code that ``category`` holds is among ``codes``."""
    values = category.values or (category.code,)
    return any(isinstance(value, Range) or value == ALL or value in codes for value in values)


def _fits(value: str, variable: Variable) -> bool:
    if variable.kind == "flag":
        return value in {"true", "false"}
    if variable.kind == "number":
        try:
            float(value)
        except ValueError:
            return False
        return True
    return not variable.codes or value in variable.codes


def _expected(variable: Variable) -> str:
    if variable.kind == "number":
        return "Write a number."
    if variable.kind == "flag":
        return "Write true or false."
    return f"The codes are {', '.join(variable.codes)}."


def _known(variables: Mapping[str, Variable]) -> str:
    return f"The variables are {', '.join(sorted(variables))}."
