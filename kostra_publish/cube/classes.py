"""The classes of a variable: its possible values, those alike that no condition tells apart.

Classes are structural: they come from the variable and the conditions of all tables, not
from the rows, so a class that nobody is in is a class all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.cube.conditions import ALL, condition_expression
from kostra_publish.microdata.variables import Variable
from kostra_publish.specs.models import Condition, Given, Range, Where, Without

Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]
Together = tuple[Condition, ...]
"""Conditions on one variable that must all hold."""

WIDEST_SPAN = 300
"""Whole numbers of a domain at most; beyond, only those around each limit are taken."""

OLDEST = 130
"""An age that nobody passes."""

_ANOTHER = "another code"
_DTYPES: Mapping[str, pl.DataType] = {
    "code": pl.String(),
    "number": pl.Int64(),
    "flag": pl.Boolean(),
}


@dataclass(frozen=True, eq=False)
class Partition:
    """A variable's possible values and their classes.

    ``domain`` holds the values, one each, a blank too where it is possible; ``classes`` has
    the class of each value; ``holds`` tells, for all conditions that stand together, which
    classes keep them. Where classes were merged (see ``merged``), ``became`` has the class
    that each of the classes before became.
    """

    variable: Variable
    domain: pl.Series
    classes: Integers
    holds: Mapping[Together, Flags]
    became: Integers | None = None

    @property
    def name(self) -> str:
        """The variable's name."""
        return self.variable.name

    @property
    def size(self) -> int:
        """The number of classes."""
        return int(self.classes.max(initial=-1)) + 1

    @property
    def rest(self) -> int | None:
        """The class that keeps none of the conditions that tell anything, where there is one."""
        kept = np.any([np.zeros(self.size, dtype=np.bool_), *self.telling.values()], axis=0)
        return None if kept.all() else int(np.argmin(kept))

    @cached_property
    def telling(self) -> Mapping[Together, Flags]:
        """The part of ``holds`` that not every class keeps."""
        return {together: kept for together, kept in self.holds.items() if not kept.all()}

    def merged(self, masks: Sequence[Flags]) -> Partition:
        """The same variable with only the classes that ``masks`` tell apart."""
        kept = np.array(masks, dtype=np.bool_).reshape(len(masks), self.size)
        signatures, became = np.unique(kept, axis=1, return_inverse=True)
        if signatures.shape[1] == self.size:
            return self
        became = became.ravel().astype(np.int64)
        return Partition(self.variable, self.domain, became[self.classes], {}, became)

    def touching(self, mask: Flags) -> Flags:
        """The classes that hold any of ``mask``, which is over the classes before a merge."""
        if self.became is None:
            return mask
        found = np.zeros(self.size, dtype=np.bool_)
        found[self.became[mask]] = True
        return found

    def tells(self, mask: Flags) -> bool:
        """Whether ``mask``, over the classes before a merge, is whole classes."""
        return self.became is None or bool((self.touching(mask)[self.became] == mask).all())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The values of each class, for people: ``18-24``, ``1``, ``blank``."""
        return tuple(self._name(number) for number in range(self.size))

    def class_of(self, value: int | None) -> int | None:
        """The class of a whole number, or of a blank; None where it cannot be one."""
        given = self.domain.drop_nulls().to_list()
        if value is not None and given:
            value = min(max(value, given[0]), given[-1])
        found = self.domain.index_of(value)
        return None if found is None else int(self.classes[found])

    def _name(self, number: int) -> str:
        values = self.domain.filter(self.classes == number)
        given = values.drop_nulls().to_list()
        if self.variable.kind == "number" and given:
            first = "" if given[0] == self.domain.min() else given[0]
            last = "" if given[-1] == self.domain.max() else given[-1]
            words = [f"{first}-{last}" if first != last else str(first)]
        else:
            words = [str(value) for value in given]
        return "/".join([*words, *(["blank"] if values.null_count() else [])])

    def index(self) -> pl.Expr:
        """The class of each row, as UInt16."""
        blank = self._class_of_blank()
        default = blank if blank is not None else int(np.bincount(self.classes).argmax())
        column = pl.col(self.name)
        number = pl.lit(default, pl.UInt16)
        for condition, of in reversed([*self._runs(column, default)]):
            number = pl.when(condition).then(pl.lit(of, pl.UInt16)).otherwise(number)
        return number

    def _class_of_blank(self) -> int | None:
        blanks = self.classes[self.domain.is_null().to_numpy()]
        return int(blanks[0]) if len(blanks) else None

    def _runs(self, column: pl.Expr, default: int) -> Iterator[tuple[pl.Expr, int]]:
        """Conditions and their classes; a row that keeps none is in ``default``."""
        given = [
            (value, int(number))
            for value, number in zip(self.domain, self.classes, strict=True)
            if value is not None
        ]
        if self.variable.kind == "number":
            # Downwards: each class begins where the one below it ends. A blank keeps no limit.
            limits = [
                (value, number)
                for place, (value, number) in enumerate(given)
                if place == 0 or number != given[place - 1][1]
            ]
            yield from ((column >= value, number) for value, number in reversed(limits[1:]))
            yield from ((column.is_not_null(), number) for _, number in limits[:1])
            return
        if len({number for _, number in given}) == 1:
            yield from ((column.is_not_null(), number) for _, number in given[:1])
            return
        for number in sorted({number for _, number in given} - {default}):
            values = [value for value, of in given if of == number]
            if _ANOTHER in values:
                others = [value for value, of in given if of != number]
                yield column.is_not_null() & ~column.is_in(others), number
            else:
                yield pl.any_horizontal(column == value for value in values), number


def partition(
    variable: Variable,
    together: Sequence[Together],
    population: Where | None = None,
) -> Partition:
    """The classes of ``variable`` that some conditions tell apart, within ``population``.

    Each element of ``together`` is some conditions that must all hold, and stands there once.
    """
    name = variable.name
    within = [condition for of, condition in (population or {}).items() if of == name]
    every = [*within, *(condition for conditions in together for condition in conditions)]
    values = pl.Series(name, _values(variable, every), dtype=_DTYPES[variable.kind])
    if within:
        values = values.filter(_kept(values, [within], variable)[0])
    kept = _kept(values, together, variable)
    signatures, classes = np.unique(kept, axis=1, return_inverse=True)
    holds = {conditions: signatures[n] for n, conditions in enumerate(together)}
    return Partition(variable, values, classes.ravel().astype(np.int64), holds)


def domain(variable: Variable, values: pl.Series | None = None) -> pl.Series:
    """The possible values of a variable that others are made of; ``values`` are among them.

    Of numbers those of any age, which also tell an amount from nothing.
    """
    own = _values(variable, []) if values is None else values.to_list()
    ages = range(-1, OLDEST + 1) if variable.kind == "number" else ()
    every = [*dict.fromkeys([*own, *ages])]
    return pl.Series(variable.name, every, dtype=_DTYPES[variable.kind])


def _kept(values: pl.Series, together: Sequence[Sequence[Condition]], variable: Variable) -> Flags:
    """Which values keep all conditions of each element; shape (elements, values)."""
    column = pl.col(values.name)
    every = (
        pl.all_horizontal(
            condition_expression(column, condition, variable) for condition in conditions
        ).alias(str(number))
        for number, conditions in enumerate(together)
    )
    kept = [flags.to_numpy() for flags in values.to_frame().select(every)]
    return np.array(kept, dtype=np.bool_).reshape(len(together), len(values))


def _values(variable: Variable, conditions: Iterable[Condition]) -> list[str | int | bool | None]:
    mentioned = [bound for condition in conditions for bound in _bounds(condition)]
    if variable.kind == "flag":
        return [False, True]
    if variable.kind == "code":
        codes = [*variable.codes, *(() if variable.codes else (_ANOTHER,))]
        return [*dict.fromkeys([*sorted({*mentioned}), *codes]), None]
    limits = sorted({number for bound in mentioned for number in _around(bound)}) or [0]
    if limits[-1] - limits[0] <= WIDEST_SPAN:
        limits = list(range(limits[0], limits[-1] + 1))
    return [*limits, None]


def _around(bound: str) -> tuple[int, ...]:
    low, high = floor(float(bound)), ceil(float(bound))
    return (low - 1, low, high, high + 1)


def _bounds(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Given):
        return
    for value in condition.not_ if isinstance(condition, Without) else condition:
        if isinstance(value, Range):
            yield from (bound for bound in (value.from_, value.to) if bound is not None)
        elif value != ALL:
            yield value
