"""Which categories a total is the sum of: beside them a code list may have subtotals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.cube.conditions import condition_expression
from kostra_publish.cube.plan import Plan
from kostra_publish.cube.tally import Tally
from kostra_publish.microdata.variables import Variable
from kostra_publish.specs.models import Category, Range

_NUMBERS = range(201)
"""What ages, months and numbers of kommuner are tried with."""


@dataclass(frozen=True)
class Partition:
    """The categories of a dimension that no unit is in two of, subtotals left out.

    ``whole`` tells that nobody in the data is in none of them because the variable is blank, as
    is a person whose age is not known: then the total is larger than the sum.
    """

    parts: tuple[str, ...]
    whole: bool


def partitions(
    plan: Plan, tallies: Mapping[tuple[str, ...], Tally]
) -> dict[tuple[str, str], Partition]:
    """By table and code of the dimension: what its total is the sum of.

    ``tallies`` tell where the data have blanks. A dimension without a total, or whose categories
    overlap in another way than a subtotal and its parts do, is not there.
    """
    return {
        (table.id, dimension.code): found
        for table in plan.every
        for dimension in table.dimensions
        if dimension.total is not None
        and (
            found := _partition(
                plan.catalogue.categories(dimension),
                dimension.total,
                plan.variables(table.source)[dimension.variable],
                whole=not _has_blanks(tallies, table.source, dimension.variable),
            )
        )
    }


def _has_blanks(tallies: Mapping[tuple[str, ...], Tally], source: str, variable: str) -> bool:
    """Whether units that are counted have nothing in the variable."""
    return any(
        tally.frame.filter(pl.col(variable).is_null())
        .select(pl.sum_horizontal(pl.col("^v[0-9]+$").sum()) > 0)
        .item()
        for (own, *variables), tally in tallies.items()
        if own == source and variable in variables
    )


def _partition(
    categories: Sequence[Category], total: str, variable: Variable, *, whole: bool
) -> Partition | None:
    held = _held(categories, variable)
    codes = [category.code for category in categories]
    own = held[codes.index(total)]
    parts = [
        place
        for place, code in enumerate(codes)
        if code != total and held[place].any() and not _is_subtotal(place, held, codes.index(total))
    ]
    together = held[parts].sum(axis=0)
    if not parts or (together > 1).any() or (together > own).any():
        return None
    return Partition(tuple(codes[place] for place in parts), whole)


def _is_subtotal(place: int, held: NDArray[np.bool_], total: int) -> bool:
    """Whether a category holds all of another one, and more."""
    return any(
        other not in {place, total}
        and of_other.any()
        and not (of_other & ~held[place]).any()
        and (held[place] & ~of_other).any()
        for other, of_other in enumerate(held)
    )


def _held(categories: Sequence[Category], variable: Variable) -> NDArray[np.bool_]:
    """Which values each category holds, the blank one last; shape (categories, values)."""
    name = variable.name
    numbers = variable.kind == "number"
    values: list[str | int | bool | None]
    if variable.kind == "flag":
        values = [True, False]
    else:
        values = [*(_NUMBERS if numbers else variable.codes or _named(categories)), None]
    column = pl.Series(name, values, dtype=pl.Int64 if numbers else None, strict=False)
    held = column.to_frame().select(
        condition_expression(pl.col(name), category.values or (category.code,), variable).alias(
            str(place)
        )
        for place, category in enumerate(categories)
    )
    found: NDArray[np.bool_] = held.to_numpy().T
    return found


def _named(categories: Sequence[Category]) -> Iterator[str]:
    """The codes that categories name, for a variable whose code list is open."""
    for category in categories:
        for value in category.values or (category.code,):
            if isinstance(value, Range):
                yield from (bound for bound in (value.from_, value.to) if bound is not None)
            elif value != "*":
                yield value
