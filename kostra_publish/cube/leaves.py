"""Units that are handed over one by one, as counts: how many there are of each kind.

What leaves microdata for a handover is no rows but a number for each combination of the finest
values that a delivery may tell, kommune by kommune: its *leaves*. Where published tables tell
classes of the same variables apart, ``Overlap`` has which classes each of the finest values
lies in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.cube.blocks import Block
from kostra_publish.cube.classes import Partition
from kostra_publish.cube.conditions import condition_expression, problems, where_expression
from kostra_publish.cube.contributors import Population
from kostra_publish.cube.plan import Plan, of_any_year
from kostra_publish.cube.tally import BYDEL, KOMMUNE
from kostra_publish.errors import Finding
from kostra_publish.microdata import variables as known
from kostra_publish.specs.delivery import Delivery, RecordSet, Value, Variable
from kostra_publish.specs.models import Condition, Range

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

UNIT, COUNT = "unit", "rows"


@dataclass(frozen=True, eq=False)
class Overlap:
    """How a block of published figures sees the variables of a record set.

    ``variables`` are those that both have. ``touched`` has, for each, which classes of the block
    each of the finest values lies in, shape (finest values, classes). ``combinations`` has, by
    name of a combination of the block, its class of each variable.
    """

    block: str
    variables: tuple[str, ...]
    touched: tuple[Flags, ...]
    combinations: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False, repr=False)
class Leaves:
    """The units of a record set by kommune and finest values.

    ``counts`` has the columns ``unit`` (a kommune, or one of Oslo's bydeler), one for each
    variable with the place of the finest value, the last one for what none of them holds, and
    ``rows``, how many there are. True numbers.
    """

    records: RecordSet
    population: str
    counts: pl.DataFrame
    overlaps: tuple[Overlap, ...]

    def __repr__(self) -> str:
        return f"Leaves({self.records.id})"


def query(plan: Plan, records: RecordSet, frame: pl.LazyFrame) -> pl.LazyFrame:
    """The lazy query for ``counts`` over the frame of the record set's source."""
    variables = plan.variables(records.source)
    population = plan.catalogue.sources[records.source].population
    here = frame.filter(where_expression(population, variables))
    places = {one.name: _place(one, variables[one.variable]) for one in records.variables}
    bydel = pl.col(BYDEL) if BYDEL in frame.collect_schema() else pl.lit(None, pl.String)
    unit = pl.concat_str(pl.col(KOMMUNE), bydel.fill_null("")).alias(UNIT)
    grouped = here.select(unit, **places).group_by(UNIT, *places).agg(pl.len().alias(COUNT))
    return grouped.with_columns(pl.col(COUNT).cast(pl.Int64))


def leaves(plan: Plan, records: RecordSet, result: pl.DataFrame) -> Leaves:
    """The leaves, from the result of ``query``."""
    population = Population(records.source)
    sets = plan.contributors.sets.get(population)
    blocks = sets.blocks if sets else ()
    seen = (_overlap(records, block) for block in blocks)
    names = [one.name for one in records.variables]
    return Leaves(
        records=records,
        population=population.name,
        counts=result.sort(UNIT, *names),
        overlaps=tuple(one for one in seen if one is not None),
    )


def _place(variable: Variable, origin: known.Variable) -> pl.Expr:
    """The place of each row's finest value; after the last one for what none of them holds."""
    held = variable.leaves()
    place = pl.lit(len(held), pl.UInt8)
    for number, leaf in reversed([*enumerate(held)]):
        keeps = condition_expression(pl.col(variable.variable), _condition(leaf), origin)
        place = pl.when(keeps).then(pl.lit(number, pl.UInt8)).otherwise(place)
    return place


def _overlap(records: RecordSet, block: Block) -> Overlap | None:
    shared = [one for one in records.variables if one.variable in block.names]
    if not shared:
        return None
    axes = [block.names.index(one.variable) for one in shared]
    combinations = {}
    for number in np.flatnonzero(block.possible):
        places = np.unravel_index(number, block.shape)
        combinations[block.name_of(int(number))] = tuple(int(places[axis]) for axis in axes)
    return Overlap(
        block=", ".join(block.names),
        variables=tuple(one.name for one in shared),
        touched=tuple(_touched(one, block.partition(one.variable)) for one in shared),
        combinations=combinations,
    )


def _touched(variable: Variable, partition: Partition) -> Flags:
    domain = partition.domain.alias(variable.variable).to_frame()
    places = domain.select(_place(variable, partition.variable)).to_series().to_numpy()
    found = np.zeros((len(variable.leaves()) + 1, partition.size), dtype=np.bool_)
    found[places, partition.classes] = True
    if partition.variable.kind != "number":
        return found
    for number, leaf in enumerate(variable.leaves()):
        if not found[number].any():
            # Of amounts the domain has a few values only; a larger one is in the last class.
            classes = (partition.class_of(bound) for bound in _bounds(leaf))
            found[number, [one for one in classes if one is not None]] = True
            # What no class is known to hold might lie in any.
            found[number] |= not found[number].any()
    return found


def _bounds(leaf: Value) -> Iterator[int]:
    """The whole numbers that a value begins and ends with."""
    values = _condition(leaf)
    for one in values if isinstance(values, tuple) else ():
        if isinstance(one, Range):
            yield from (int(bound) for bound in (one.from_, one.to) if bound is not None)
        elif one.isdecimal():
            yield int(one)


def findings(plan: Plan, deliveries: Sequence[Delivery]) -> Iterator[Finding]:
    """Variables and values of record sets that the source does not have in the plan's year."""
    for delivery in deliveries:
        document = plan.catalogue.documents[f"nav/{delivery.id}.yaml"]
        for number, records in enumerate(delivery.datasets):
            if isinstance(records, RecordSet):
                variables = of_any_year(records.source, plan.variables(records.source))
                for place, one in enumerate(records.variables):
                    for rule, fix in _problems(one, variables):
                        path = ("datasets", number, "variables", place, "ladder")
                        yield document.finding(path, rule, fix)


def _problems(
    variable: Variable, known_variables: Mapping[str, known.Variable]
) -> Iterator[tuple[str, str]]:
    for leaf in variable.leaves():
        where = {variable.variable: _condition(leaf)}
        for _, rule, fix in problems(where, known_variables):
            yield f"{leaf.code}: {rule}", fix
    if variable.variable in known_variables and _twice(variable, known_variables):
        yield f"a value of {variable.variable} lies in two of the finest values", "Part them."


def _twice(variable: Variable, variables: Mapping[str, known.Variable]) -> bool:
    origin = variables[variable.variable]
    values: Sequence[str | int | bool]
    if origin.kind == "number":
        bounds = [bound for leaf in variable.leaves() for bound in _bounds(leaf)]
        values = sorted({bound + step for bound in bounds for step in (-1, 0, 1)})
    else:
        values = [True, False] if origin.kind == "flag" else [*origin.codes]
    held = pl.DataFrame({origin.name: values}).select(
        condition_expression(pl.col(origin.name), _condition(leaf), origin)
        .cast(pl.UInt8)
        .alias(leaf.code)
        for leaf in variable.leaves()
    )
    return bool((held.sum_horizontal() > 1).any())


def _condition(leaf: Value) -> Condition:
    return (leaf.code,) if leaf.values is None else leaf.values
