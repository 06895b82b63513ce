"""Counting: atoms over validated microdata, as one lazy query per source and grouping."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import and_

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.cube.atoms import AtomKey, Compiler
from kostra_publish.cube.conditions import condition_expression, where_expression
from kostra_publish.cube.dominance import two_largest
from kostra_publish.cube.regions import Units
from kostra_publish.cube.reports import units_of
from kostra_publish.microdata.variables import Variable
from kostra_publish.specs.models import Category, Condition, Dimension

Array = NDArray[np.float64]
KOMMUNE, BYDEL = "KOMMUNE_NR", "BYDELSNR"
_POPULATION = "__population__"


@dataclass(frozen=True)
class Grouping:
    """A source and the dimensions that its atoms are split by."""

    source: str
    dimensions: tuple[Dimension, ...] = ()

    @property
    def name(self) -> tuple[str, ...]:
        """What tells groupings apart: tables with the same dimensions share one."""
        return (self.source, *(dimension.variable for dimension in self.dimensions))


@dataclass(frozen=True)
class Layout:
    """How the rows of a tally become a dense array.

    ``index`` has the place of each row by unit and by value of each dimension; a matrix per
    dimension is 1 where a category holds a value, shape (categories, values).
    """

    units: int
    index: tuple[NDArray[np.int64], ...]
    matrices: tuple[Array, ...]

    def spread(self, column: pl.Series) -> Array:
        """The column as an array of shape (units, categories of each dimension)."""
        dense = np.zeros((self.units, *(matrix.shape[1] for matrix in self.matrices)))
        np.add.at(dense, self.index, column.cast(pl.Float64).to_numpy())
        for axis, matrix in enumerate(self.matrices, start=1):
            dense = np.moveaxis(np.tensordot(dense, matrix, axes=(axis, 1)), -1, axis)
        return dense


@dataclass(frozen=True)
class Tally:
    """The figures of one grouping: a row per unit and combination of values."""

    frame: pl.DataFrame
    columns: Mapping[AtomKey, int]
    units: Units

    def layout(
        self,
        categories: Sequence[tuple[Dimension, Sequence[Category]]],
        variables: Mapping[str, Variable],
    ) -> Layout:
        """Where the rows belong in arrays by unit and the categories of each dimension.

        A source without kommune (persons counted once in the country) has one unit.
        """
        places, units = self._unit_places
        index = [places]
        matrices = []
        for dimension, members in categories:
            values, position = _distinct(self.frame[dimension.variable])
            index.append(position)
            matrices.append(_matrix(values, dimension, members, variables))
        return Layout(units, tuple(index), tuple(matrices))

    def arrays(self, atom: AtomKey, layout: Layout) -> tuple[Array, Array]:
        """The atom's figures and contributors, shape (units, categories of each dimension)."""
        number = self.columns[atom]
        return layout.spread(self.frame[f"v{number}"]), layout.spread(self.frame[f"n{number}"])

    def largest(self, atom: AtomKey) -> Array:
        """The two largest contributions to an amount that the query ranked, shape (units, 2)."""
        places, units = self._unit_places
        lists = self.frame[f"t{self.columns[atom]}"]
        values = lists.explode().cast(pl.Float64).fill_null(0).to_numpy()
        unit = np.repeat(places, lists.list.len().to_numpy())
        return two_largest(values, unit, units)

    @cached_property
    def _unit_places(self) -> tuple[NDArray[np.int64], int]:
        return unit_places(self.frame, self.units)


def unit_places(frame: pl.DataFrame, units: Units) -> tuple[NDArray[np.int64], int]:
    """The place of each row's unit, and how many units there are.

    A source without kommune (persons counted once in the country) has one.
    """
    keys = [name for name in (KOMMUNE, BYDEL) if name in frame.columns]
    if not keys:
        return np.zeros(frame.height, dtype=np.int64), 1
    texts = frame.select(pl.col(keys).cast(pl.String))
    once = texts.unique(maintain_order=True)
    index = units.index
    place = [index.get(unit, index[unit[0], None]) for unit in units_of(once)]
    joined = texts.join(
        once.with_columns(place=pl.Series(place, dtype=pl.Int64)),
        on=keys,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    return joined["place"].to_numpy(), len(units.kommune)


def _distinct(column: pl.Series) -> tuple[pl.Series, NDArray[np.int64]]:
    """The values of a column, sorted, and the place of each row's."""
    values = column.unique().sort()
    places = {value: place for place, value in enumerate(values)}
    return values, np.array([places[value] for value in column], dtype=np.int64)


def _matrix(
    values: pl.Series,
    dimension: Dimension,
    members: Sequence[Category],
    variables: Mapping[str, Variable],
) -> Array:
    """1 where a category holds a value of the variable; shape (categories, values)."""
    variable = variables[dimension.variable]
    held = values.to_frame().select(
        condition_expression(
            pl.col(dimension.variable), category.values or (category.code,), variable
        ).alias(str(number))
        for number, category in enumerate(members)
    )
    matrix: Array = held.select(pl.all().cast(pl.Float64)).to_numpy()
    return matrix.reshape(len(values), len(members)).T


def query(
    frame: pl.LazyFrame,
    grouping: Grouping,
    atoms: Sequence[AtomKey],
    compiler: Compiler,
    variables: Mapping[str, Variable],
    ranked: Collection[AtomKey] = (),
) -> pl.LazyFrame:
    """The lazy query behind a ``Tally``: sums (``v0`` …) and contributors (``n0`` …).

    The amounts in ``ranked`` get their two largest contributions besides (``t0`` …), a list.
    Rows outside the population stay in the groups (with zeros), so that a kommune whose
    rows are all outside it is seen to have reported.
    """
    schema = frame.collect_schema().names()
    keys = [name for name in (KOMMUNE, BYDEL) if name in schema]
    keys.extend(dict.fromkeys(dimension.variable for dimension in grouping.dimensions))
    marked = _marked(frame, atoms, compiler, variables)
    summed, copied = [], []
    for number, atom in enumerate(atoms):
        value, contributors = _sums(atom, compiler, variables)
        summed.append(value.alias(f"v{number}"))
        if contributors is value:
            copied.append(pl.col(f"v{number}").alias(f"n{number}"))
        else:
            summed.append(contributors.alias(f"n{number}"))
        if atom in ranked:
            two = _amounts(atom, compiler, variables).top_k(2).implode()
            summed.append(two.alias(f"t{number}"))
    if not keys:
        return marked.select(summed).with_columns(copied)
    texts = pl.selectors.enum().cast(pl.String)
    return marked.group_by(keys).agg(summed).with_columns(texts, *copied).sort(keys)


def _mark(name: str, condition: Condition) -> str:
    """The name of the column that tells which rows keep a condition."""
    return f"__{name} {condition!r}__"


def _marked(
    frame: pl.LazyFrame,
    atoms: Sequence[AtomKey],
    compiler: Compiler,
    variables: Mapping[str, Variable],
) -> pl.LazyFrame:
    """``frame`` with the population and each distinct condition of the atoms in a column.

    Many atoms have a condition in common, and all have the population of their source:
    each is worked out once.
    """
    population, _ = compiler.conditions[atoms[0].where]
    marks = {_POPULATION: where_expression(population, variables)} | {
        _mark(name, condition): condition_expression(pl.col(name), condition, variables[name])
        for atom in atoms
        for name, condition in compiler.conditions[atom.where][1].items()
    }
    return frame.with_columns(**marks)


def _sums(
    atom: AtomKey, compiler: Compiler, variables: Mapping[str, Variable]
) -> tuple[pl.Expr, pl.Expr]:
    """An atom's figure and its contributors, over a frame that ``_marked`` made."""
    included = _included(atom, compiler)
    if atom.of is None:
        value = contributing = included.sum()
    else:
        amount = _number(atom.of, variables)
        given = included & amount.is_not_null()
        value = given.sum() if atom.given else _amounts(atom, compiler, variables).sum()
        contributing = (given & (amount != 0)).sum()
    return value, {"rows": contributing, "values": value, "none": pl.lit(0)}[atom.persons]


def _included(atom: AtomKey, compiler: Compiler) -> pl.Expr:
    """Which rows an atom counts, over a frame that ``_marked`` made."""
    _, where = compiler.conditions[atom.where]
    marks = (pl.col(_mark(name, condition)) for name, condition in where.items())
    return reduce(and_, marks, pl.col(_POPULATION))


def _amounts(atom: AtomKey, compiler: Compiler, variables: Mapping[str, Variable]) -> pl.Expr:
    """What each row adds to an atom that is a sum of amounts."""
    amount = _number(str(atom.of), variables)
    return pl.when(_included(atom, compiler)).then(amount).otherwise(0)


def _number(name: str, variables: Mapping[str, Variable]) -> pl.Expr:
    column = pl.col(name)
    if variables[name].kind == "flag":
        return column.cast(pl.Int64)
    if variables[name].kind == "code":
        return column.cast(pl.String).cast(pl.Float64, strict=False)
    return column
