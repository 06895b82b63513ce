"""Who stands behind the figures: sets of persons, and the numbers they are made of.

Every figure on persons rests on one or more sets of persons: those of a source who keep
some conditions, in a region. ``Contributors`` finds the sets of all tables of a plan, and
crosses their variables in blocks (see ``blocks``), so that the number of persons in each
combination and unit gives the size of every set in every region.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.cube.blocks import Block, chained, possible, relatives, roots
from kostra_publish.cube.classes import Partition, domain, partition
from kostra_publish.cube.conditions import where_expression
from kostra_publish.cube.regions import Units
from kostra_publish.cube.reports import units_of
from kostra_publish.cube.tally import BYDEL, KOMMUNE
from kostra_publish.microdata.variables import Variable
from kostra_publish.specs.models import Condition, Given, TableSpec, Where, Without

if TYPE_CHECKING:
    from kostra_publish.cube.atoms import AtomKey
    from kostra_publish.cube.plan import Plan

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Conditions = Mapping[str, tuple[Condition, ...]]

LARGEST_PACK = 200
"""Combinations that blocks counted by the same query have together, at most."""

_FIGURE = (Given(given=True), Without.model_validate({"not": ["0"]}))
"""A figure that is given and not 0: those who contribute to a sum."""


class Population(NamedTuple):
    """What is counted: the rows of a source, or the persons that a column has the number of."""

    source: str
    column: str | None = None

    @property
    def name(self) -> str:
        """``skjema11`` or ``skjema7 RUS_VEDTAK``, for people."""
        return self.source if self.column is None else f"{self.source} {self.column}"


class Step(NamedTuple):
    """A combination of a block as what is left of a set, or of a set without one in it."""

    combination: int
    whole: int
    part: int | None


@dataclass(frozen=True, eq=False)
class Sets:
    """The sets of one population that tables use, and the blocks that they are made of.

    ``classes`` has, for each set, the classes it lies in by variable; a variable that does
    not limit it is left out, so that equal sets are equal here.
    """

    population: Population
    blocks: tuple[Block, ...]
    classes: tuple[Mapping[str, Flags], ...]

    def steps(self, block: int) -> list[Step] | None:
        """How every combination of a block follows from the sizes of sets; None if one does not.

        In turn, what is the only combination left of a set, or of a set without another in
        it, when those that are known are taken out.
        """
        own = self.blocks[block]
        told = [n for n, limits in enumerate(self.classes) if own.tells(limits)]
        left = self._vectors(block, told)
        found = []
        while left.any():
            step = _only_one_left(left)
            if step is None:
                return None
            combination, whole, part = step
            left[:, combination] = False
            found.append(Step(combination, told[whole], None if part is None else told[part]))
        return found if len(found) == left.shape[1] else None

    def followed(
        self, block: int, steps: Sequence[Step], sizes: Mapping[int, Integers]
    ) -> Integers:
        """The persons by unit and combination, from the ``sizes`` by unit of sets.

        Raises ValueError when a number is negative: there are then persons in combinations
        that cannot be.
        """
        own = self.blocks[block]
        numbers = np.zeros((len(sizes[steps[0].whole]), int(own.possible.sum())), dtype=np.int64)
        for combination, whole, part in steps:
            vector, size = self._vectors(block, [whole])[0].astype(np.int64), sizes[whole]
            if part is not None:
                vector, size = vector - self._vectors(block, [part])[0], size - sizes[part]
            numbers[:, combination] = size - numbers @ vector
        if (numbers < 0).any():
            msg = f"{self.population.name}: the counts of {', '.join(own.names)} do not add up"
            raise ValueError(msg)
        result = np.zeros((len(numbers), own.size), dtype=np.int64)
        result[:, own.possible] = numbers
        return result

    def _vectors(self, block: int, numbers: Sequence[int]) -> Flags:
        """Sets over the possible combinations of a block, one row each."""
        own = self.blocks[block]
        rows = [own.crossing(self.classes[number])[own.possible] for number in numbers]
        return np.array(rows, dtype=np.bool_).reshape(len(rows), int(own.possible.sum()))

    def name_of(self, number: int) -> str:
        """A set for people: ``alder 18-24, KJONN 1``; ``all`` without conditions."""
        return self.words(self.classes[number])

    def words(self, classes: Mapping[str, Flags]) -> str:
        """Some classes by variable for people, as in ``name_of``."""
        every = (part for block in self.blocks for part in block.partitions)
        partitions = {part.name: part for part in every if part.became is None}
        words = []
        for name, kept in sorted(classes.items()):
            values = [partitions[name].names[int(place)] for place in np.flatnonzero(kept)]
            words.append(f"{name} {'/'.join(values) or 'none'}")
        return ", ".join(words) or "all"


@dataclass(frozen=True, eq=False)
class Counts:
    """The number of persons in each combination of a block, by unit.

    ``numbers`` has shape (units, combinations of the block), ``units`` their codes; a source
    that counts once in the country has one unit.
    """

    sets: Sets
    numbers: tuple[Integers, ...]
    units: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Contributors:
    """The sets of persons behind the tables of a plan."""

    plan: Plan

    @cached_property
    def behind(self) -> Mapping[tuple[str, str], tuple[tuple[AtomKey, Population], ...]]:
        """By table and contents code: the atoms with persons behind of what is published.

        In this round, or in a later one of the vintage.
        """
        return {
            (table.id, code): tuple(
                (atom, population_of(atom))
                for atom in dict.fromkeys(quotient.atoms)
                if atom.persons != "none"
            )
            for table in self.plan.every
            for code, quotient in self.plan.quotients[table.id].items()
            if any(
                table.measure_published(quotient.measure, kind) for kind in self.plan.round_kinds
            )
        }

    @cached_property
    def _conditions(self) -> dict[tuple[str, AtomKey], NDArray[np.object_]]:
        """By table and atom: the conditions of each combination of categories."""
        tables = {table.id: table for table in self.plan.every}
        return {
            (name, atom): self._by_category(tables[name], atom)
            for (name, _), atoms in self.behind.items()
            for atom, _ in atoms
        }

    def _by_category(self, table: TableSpec, atom: AtomKey) -> NDArray[np.object_]:
        own = self._of_atom(atom)
        splits = table.dimensions if atom.grouped else []
        members = [self.plan.catalogue.categories(dimension) for dimension in splits]
        result = np.empty([len(one) for one in members], dtype=object)
        for place in product(*(range(len(one)) for one in members)):
            where = {name: list(conditions) for name, conditions in own.items()}
            for dimension, categories, number in zip(splits, members, place, strict=True):
                category = categories[number]
                condition: Condition = category.values or [category.code]
                where.setdefault(dimension.variable, []).append(condition)
            result[place] = {name: tuple(found) for name, found in where.items()}
        return result

    def _of_atom(self, atom: AtomKey) -> Conditions:
        _, where = self.plan.compiler.conditions[atom.where]
        found: dict[str, tuple[Condition, ...]] = {
            name: (condition,) for name, condition in where.items()
        }
        if atom.of is not None and atom.persons == "rows":
            found[atom.of] = (*found.get(atom.of, ()), *_FIGURE)
        return found

    @cached_property
    def populations(self) -> tuple[Population, ...]:
        """What is counted, sorted."""
        found = {population for atoms in self.behind.values() for _, population in atoms}
        return tuple(sorted(found, key=lambda one: (one.source, one.column or "")))

    def populations_of(self, table: TableSpec) -> tuple[Population, ...]:
        """What the figures of one table count, in the order they are met."""
        codes = (measure.code for measure in table.measures)
        atoms = (pair for code in codes for pair in self.behind.get((table.id, code), ()))
        return tuple(dict.fromkeys(population for _, population in atoms))

    @cached_property
    def sets(self) -> Mapping[Population, Sets]:
        """The sets of each population."""
        return {population: self._gathered(population).sets() for population in self.populations}

    def numbers(self, table: TableSpec, atom: AtomKey) -> Integers:
        """The number of the set behind each combination of categories of an atom."""
        return self._numbers[table.id, atom]

    @cached_property
    def _numbers(self) -> dict[tuple[str, AtomKey], Integers]:
        return {
            key: self._gathered(population_of(key[1])).numbers(conditions)
            for key, conditions in self._conditions.items()
        }

    def _gathered(self, population: Population) -> _Gathering:
        if population not in self._gatherings:
            self._gatherings[population] = _Gathering(
                population,
                self.plan.variables(population.source),
                self.plan.catalogue.sources[population.source].population,
                [
                    conditions
                    for (_, atom), array in self._conditions.items()
                    if population_of(atom) == population
                    for conditions in array.ravel()
                ],
            )
        return self._gatherings[population]

    @cached_property
    def _gatherings(self) -> dict[Population, _Gathering]:
        return {}

    # --- counting -------------------------------------------------------------------

    @cached_property
    def _following(self) -> dict[tuple[Population, int], list[Step]]:
        """By block: how its numbers follow from the sizes of sets, where they do.

        The cubes count these anyway, so that the block needs no query of its own.
        """
        every = {
            (population, number): sets.steps(number)
            for population, sets in self.sets.items()
            for number in range(len(sets.blocks))
        }
        return {key: found for key, found in every.items() if found is not None}

    @cached_property
    def _packs(self) -> list[tuple[Population, list[int]]]:
        """Blocks that one query counts together."""
        found: list[tuple[Population, list[int]]] = []
        for population, sets in self.sets.items():
            size = LARGEST_PACK + 1
            counted = [
                number
                for number in range(len(sets.blocks))
                if (population, number) not in self._following
            ]
            for number in sorted(counted, key=lambda n: sets.blocks[n].size):
                size *= sets.blocks[number].size
                if size > LARGEST_PACK:
                    found.append((population, []))
                    size = sets.blocks[number].size
                found[-1][1].append(number)
        return found

    def queries(self, frames: Mapping[str, pl.LazyFrame]) -> list[pl.LazyFrame]:
        """The lazy queries that count the blocks that do not follow from the cubes' counts."""
        return [
            self._query(frames[population.source], population, numbers)
            for population, numbers in self._packs
        ]

    def _query(
        self, frame: pl.LazyFrame, population: Population, numbers: Sequence[int]
    ) -> pl.LazyFrame:
        origin = self.plan.catalogue.sources[population.source]
        known = self.plan.variables(population.source)
        if not origin.national_only:
            frame = frame.filter(where_expression(origin.population, known))
        columns = frame.collect_schema().names()
        keys = [name for name in (KOMMUNE, BYDEL) if name in columns]
        blocks = self.sets[population].blocks
        codes = {f"b{number}": blocks[number].index for number in numbers}
        count = pl.len() if population.column is None else pl.col(population.column).sum()
        persons = count.cast(pl.Int64).alias("persons")
        own = [] if population.column is None else [population.column]
        coded = frame.select(*keys, *(name for name in own if name not in keys), **codes)
        return coded.group_by([*keys, *codes]).agg(persons)

    def counts(
        self,
        results: Sequence[pl.DataFrame],
        units: Units,
        counted: Mapping[tuple[str, AtomKey], NDArray[np.float64]],
    ) -> Mapping[Population, Counts]:
        """The numbers of every block.

        ``results`` are those of ``queries``; ``counted`` has, by table and atom, the
        contributors by unit and combination of categories.
        """
        found = self._queried(results, units)
        sizes = self._sizes(counted)
        for (population, number), steps in self._following.items():
            numbers = self.sets[population].followed(number, steps, sizes[population])
            found[population, number] = numbers
        return {
            population: _counts(
                sets, [found[population, number] for number in range(len(sets.blocks))], units
            )
            for population, sets in self.sets.items()
        }

    def _queried(
        self, results: Sequence[pl.DataFrame], units: Units
    ) -> dict[tuple[Population, int], Integers]:
        found = {}
        for (population, numbers), frame in zip(self._packs, results, strict=True):
            places, height = _unit_places(frame, units)
            persons = frame["persons"].to_numpy()
            for number in numbers:
                block = self.sets[population].blocks[number]
                dense = np.zeros((height, block.size), dtype=np.int64)
                np.add.at(dense, (places, frame[f"b{number}"].to_numpy()), persons)
                found[population, number] = dense
        return found

    def _sizes(
        self, counted: Mapping[tuple[str, AtomKey], NDArray[np.float64]]
    ) -> dict[Population, dict[int, Integers]]:
        """By population and set: the persons in each unit."""
        found: dict[Population, dict[int, Integers]] = {}
        for key, contributors in counted.items():
            sizes = found.setdefault(population_of(key[1]), {})
            by_unit = np.rint(contributors).astype(np.int64).reshape(len(contributors), -1)
            for place, number in enumerate(self._numbers[key].ravel()):
                sizes.setdefault(int(number), by_unit[:, place])
        return found


def _counts(sets: Sets, numbers: Sequence[Integers], units: Units) -> Counts:
    return Counts(sets, tuple(numbers), units.codes(len(numbers[0])))


def _only_one_left(left: Flags) -> tuple[int, int, int | None] | None:
    """A combination that alone is left of a row, or of a row without another; and the rows."""
    sizes = left.sum(axis=1)
    alone = np.flatnonzero(sizes == 1)
    if len(alone):
        return int(left[alone[0]].argmax()), int(alone[0]), None
    rows = left.astype(np.float32)
    inside = (rows @ rows.T == sizes[:, None]) & (sizes[:, None] > 0)
    one_more = np.argwhere(inside & (sizes[None, :] == sizes[:, None] + 1))
    if not len(one_more):
        return None
    part, whole = (int(number) for number in one_more[0])
    return int((left[whole] & ~left[part]).argmax()), whole, part


def population_of(atom: AtomKey) -> Population:
    """What an atom with persons behind it counts."""
    return Population(atom.source, atom.of if atom.persons == "values" else None)


def _unit_places(frame: pl.DataFrame, units: Units) -> tuple[Integers, int]:
    """The unit of each row, and how many units there are."""
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


@dataclass(frozen=True, eq=False)
class _Gathering:
    """Every condition on one population, and what classes and blocks follow."""

    population: Population
    known: Mapping[str, Variable]
    within: Where
    every: Sequence[Conditions]
    _index: dict[tuple[tuple[str, bytes], ...], int] = field(default_factory=dict)

    @cached_property
    def partitions(self) -> Mapping[str, Partition]:
        """The classes of every variable that some set is limited by."""
        found: dict[str, dict[str, tuple[Condition, ...]]] = {}
        for where in self.every:
            for name, conditions in where.items():
                found.setdefault(name, {})[repr(conditions)] = conditions
        return {
            name: partition(self.known[name], list(together.values()), self.within)
            for name, together in sorted(found.items())
        }

    def numbers(self, conditions: NDArray[np.object_]) -> Integers:
        """The number of the set that each element stands for."""
        flat = [self._index[_key(self._limits(where))] for where in conditions.ravel()]
        return np.array(flat, dtype=np.int64).reshape(conditions.shape)

    def _limits(self, where: Conditions) -> dict[str, Flags]:
        """The classes of a set, without the variables that all of the population keep."""
        kept = {name: self.partitions[name].keeping(of) for name, of in where.items()}
        return {name: classes for name, classes in sorted(kept.items()) if not classes.all()}

    def sets(self) -> Sets:
        """The distinct sets, each with its number in ``_index``, and their blocks."""
        classes: list[Mapping[str, Flags]] = []
        for where in self.every:
            limits = self._limits(where)
            if (key := _key(limits)) not in self._index:
                self._index[key] = len(classes)
                classes.append(limits)
        return Sets(self.population, tuple(self._blocks(classes)), tuple(classes))

    def _blocks(self, classes: Sequence[Mapping[str, Flags]]) -> Iterator[Block]:
        groups = [frozenset(limits) for limits in classes]
        used = frozenset(name for group in groups for name in group)
        limited = frozenset(name for name in self.within if name in self.known)
        related = [group & used for group in relatives(used | limited, self.known)]
        cliques = chained([*groups, *related])
        crossed = [self._crossed(names, cliques, related, classes) for names in cliques]
        merged = {part.name for parts in crossed for part in parts if part.became is not None}
        alone = {name for name in merged if frozenset({name}) not in cliques}
        for parts in [*((self.partitions[name],) for name in sorted(alone)), *crossed]:
            yield Block(parts, possible(parts, self.known, self.within, self._domains))

    def _crossed(
        self,
        names: frozenset[str],
        cliques: Sequence[frozenset[str]],
        related: Sequence[frozenset[str]],
        classes: Sequence[Mapping[str, Flags]],
    ) -> tuple[Partition, ...]:
        """The variables of a block, with the classes that are told apart in their crossing.

        What a set on one variable alone needs, a block of that variable has. Variables that
        are made of each other, or that another block has together too, keep their classes.
        """
        joint = [limits for limits in classes if len(limits) > 1 and limits.keys() <= names]
        whole = [group for group in related if len(group) > 1 and group <= names]
        whole += [names & other for other in cliques if other != names and len(names & other) > 1]
        return tuple(
            self.partitions[name].merged([limits[name] for limits in joint if name in limits])
            if any(name in limits for limits in joint) and not any(name in one for one in whole)
            else self.partitions[name]
            for name in sorted(names)
        )

    @cached_property
    def _domains(self) -> Mapping[str, pl.Series]:
        named = {*self.partitions, *(name for name in self.within if name in self.known)}
        made_of = {part for name in named for part in roots(self.known[name], self.known)}
        own = {name: part.domain for name, part in self.partitions.items()}
        return {name: domain(self.known[name], own.get(name)) for name in sorted(named | made_of)}


def _key(limits: Mapping[str, Flags]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, classes.tobytes()) for name, classes in limits.items())
