"""Who stands behind the figures: sets of persons, and the numbers they are made of.

Every figure on persons rests on one or more sets of persons: those of a source who keep
some conditions, in a region. ``Contributors`` finds the sets of all tables of a plan, and
crosses their variables in blocks (see ``blocks``), so that the number of persons in each
combination and unit gives the size of every set in every region.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, product
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.cube.blocks import Block, chained, possible, relatives, roots
from kostra_publish.cube.classes import Partition, Together, domain, partition
from kostra_publish.cube.conditions import where_expression
from kostra_publish.cube.regions import Units
from kostra_publish.cube.tally import BYDEL, KOMMUNE, unit_places
from kostra_publish.microdata.variables import Variable
from kostra_publish.specs.models import Condition, Given, TableSpec, Where, Without

if TYPE_CHECKING:
    from kostra_publish.cube.atoms import AtomKey
    from kostra_publish.cube.plan import Plan

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Conditions = tuple[tuple[str, Together], ...]
"""By variable, sorted."""

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
        found: list[Step] = []
        while left.any():
            steps = _only_one_left(left)
            if not steps:
                return None
            left[:, [step.combination for step in steps]] = False
            found.extend(steps)
        if len(found) < left.shape[1]:
            return None
        return [
            Step(combination, told[whole], None if part is None else told[part])
            for combination, whole, part in found
        ]

    def followed(
        self, block: int, steps: Sequence[Step], sizes: Mapping[int, Integers]
    ) -> Integers:
        """The persons by unit and combination, from the ``sizes`` by unit of sets.

        Raises ValueError when a number is negative: there are then persons in combinations
        that cannot be.
        """
        own = self.blocks[block]
        numbers = np.zeros((len(sizes[steps[0].whole]), int(own.possible.sum())), dtype=np.int64)
        used = [
            number for step in steps for number in (step.whole, step.part) if number is not None
        ]
        vectors = dict(zip(used, self._vectors(block, used).astype(np.int64), strict=True))
        for combination, whole, part in steps:
            vector, size = vectors[whole], sizes[whole]
            if part is not None:
                vector, size = vector - vectors[part], size - sizes[part]
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

        In this round, or in another one of the vintage.
        """
        return {
            (table.id, code): tuple(
                (atom, population_of(atom))
                for atom in dict.fromkeys(quotient.atoms)
                if atom.persons != "none"
            )
            for table in self.plan.every
            for code, quotient in self.plan.quotients[table.id].items()
            if self.plan.is_published(table, quotient.measure)
        }

    @cached_property
    def _conditions(self) -> dict[tuple[str, AtomKey], list[Conditions]]:
        """By table and atom: the conditions of each combination of categories, row-major."""
        tables = {table.id: table for table in self.plan.every}
        return {
            (name, atom): self._by_category(tables[name], atom)
            for (name, _), atoms in self.behind.items()
            for atom, _ in atoms
        }

    def _by_category(self, table: TableSpec, atom: AtomKey) -> list[Conditions]:
        own = self._of_atom(atom)
        splits = table.dimensions if atom.grouped else []
        conditions: list[list[Condition]] = [
            [category.values or (category.code,) for category in categories]
            for categories in (self.plan.catalogue.categories(dimension) for dimension in splits)
        ]
        result = []
        for place in product(*conditions):
            where = dict(own)
            for dimension, condition in zip(splits, place, strict=True):
                where[dimension.variable] = (*where.get(dimension.variable, ()), condition)
            result.append(tuple(sorted(where.items(), key=itemgetter(0))))
        return result

    def _of_atom(self, atom: AtomKey) -> dict[str, Together]:
        _, where = self.plan.compiler.conditions[atom.where]
        found: dict[str, Together] = {name: (condition,) for name, condition in where.items()}
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
        return {population: found.sets for population, found in self._gatherings.items()}

    def numbers(self, table: TableSpec, atom: AtomKey) -> Integers:
        """The number of the set behind each combination of categories of an atom, row-major."""
        return self._numbers[table.id, atom]

    @cached_property
    def _numbers(self) -> dict[tuple[str, AtomKey], Integers]:
        return {
            key: numbers
            for gathering in self._gatherings.values()
            for key, numbers in gathering.numbers.items()
        }

    @cached_property
    def _gatherings(self) -> Mapping[Population, _Gathering]:
        return {
            population: _Gathering(
                population,
                self.plan.variables(population.source),
                self.plan.catalogue.sources[population.source].population,
                {
                    key: conditions
                    for key, conditions in self._conditions.items()
                    if population_of(key[1]) == population
                },
            )
            for population in self.populations
        }

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
            places, height = unit_places(frame, units)
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
            for place, number in enumerate(self._numbers[key]):
                sizes.setdefault(int(number), by_unit[:, place])
        return found


def _counts(sets: Sets, numbers: Sequence[Integers], units: Units) -> Counts:
    return Counts(sets, tuple(numbers), units.codes(len(numbers[0])))


def _only_one_left(left: Flags) -> list[Step]:
    """Combinations that alone are left of a row, or one of a row without another; with the rows.

    Empty where there is no such row.
    """
    sizes = left.sum(axis=1)
    alone = np.flatnonzero(sizes == 1)
    if len(alone):
        combinations, first = np.unique(left[alone].argmax(axis=1), return_index=True)
        rows = alone[first]
        return [Step(int(one), int(row), None) for one, row in zip(combinations, rows, strict=True)]
    counts = left.astype(np.float32)
    inside = (counts @ counts.T == sizes[:, None]) & (sizes[:, None] > 0)
    one_more = np.argwhere(inside & (sizes[None, :] == sizes[:, None] + 1))
    if not len(one_more):
        return []
    part, whole = (int(number) for number in one_more[0])
    return [Step(int((left[whole] & ~left[part]).argmax()), whole, part)]


def population_of(atom: AtomKey) -> Population:
    """What an atom with persons behind it counts."""
    return Population(atom.source, atom.of if atom.persons == "values" else None)


@dataclass(frozen=True, eq=False)
class _Gathering:
    """Every condition on one population, and what classes and blocks follow."""

    population: Population
    known: Mapping[str, Variable]
    within: Where
    conditions: Mapping[tuple[str, AtomKey], Sequence[Conditions]]

    @cached_property
    def partitions(self) -> Mapping[str, Partition]:
        """The classes of every variable that some set is limited by."""
        found: dict[str, dict[Together, None]] = {}
        for where in self._every:
            for name, together in where:
                found.setdefault(name, {})[together] = None
        return {
            name: partition(self.known[name], list(every), self.within)
            for name, every in sorted(found.items())
        }

    @cached_property
    def _every(self) -> list[Conditions]:
        return list(dict.fromkeys(chain.from_iterable(self.conditions.values())))

    @cached_property
    def _numbered(self) -> tuple[list[Mapping[str, Flags]], dict[Conditions, int]]:
        """The classes of each distinct set, and the number of the set that conditions make."""
        index: dict[tuple[tuple[str, bytes], ...], int] = {}
        classes: list[Mapping[str, Flags]] = []
        numbers = {}
        for where in self._every:
            limits = self._limits(where)
            key = tuple((name, kept.tobytes()) for name, kept in limits.items())
            if key not in index:
                index[key] = len(classes)
                classes.append(limits)
            numbers[where] = index[key]
        return classes, numbers

    def _limits(self, where: Conditions) -> dict[str, Flags]:
        """The classes of a set, without the variables that all of the population keep."""
        limits = ((name, self.partitions[name].telling.get(of)) for name, of in where)
        return {name: kept for name, kept in limits if kept is not None}

    @cached_property
    def numbers(self) -> Mapping[tuple[str, AtomKey], Integers]:
        """By table and atom: the number of the set that each combination stands for."""
        _, numbers = self._numbered
        return {
            key: np.array([numbers[where] for where in every], dtype=np.int64)
            for key, every in self.conditions.items()
        }

    @cached_property
    def sets(self) -> Sets:
        """The distinct sets and their blocks."""
        classes, _ = self._numbered
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
