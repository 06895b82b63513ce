"""What published tables tell of the people that are handed over, by exact linear algebra.

Three random changes of the inner numbers leave all that is published as it is, modulo a large
prime (see ``attack.modular``). What is a sum of inner numbers follows from the published figures
when none of the three changes it. So whether published tables tell how many of some people there
are, is three sums.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from math import prod
from typing import Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.attack.modular import PRIME, RANDOM_VECTORS, echelon
from kostra_publish.disclosure.problem import Flags
from kostra_publish.disclosure.stored_universe import StoredUniverse

Integers = NDArray[np.int64]
Floats = NDArray[np.float32]


SELDOM: Final = 0.01
"""Where a smaller share of all rows lack a value, others will take it that none do."""


class Overlapping(Protocol):
    """How a block of published figures sees some variables; see ``cube.leaves.Overlap``."""

    @property
    def block(self) -> str:
        """The block's name."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that both have."""

    @property
    def touched(self) -> tuple[Flags, ...]:
        """By variable: (finest values, classes), where a value lies in a class."""

    @property
    def combinations(self) -> Mapping[str, tuple[int, ...]]:
        """By name of a combination of the block: its class of each variable."""


@cache
def _marks(count: int) -> NDArray[np.float64]:
    """A random number for each class: their sums tell sets of classes apart."""
    return np.random.default_rng(0).random((count,))


@dataclass(frozen=True, eq=False)
class Margins:
    """The combinations of a block, and the sets of them that tables may tell of.

    ``class_of`` has the number of each combination's class, in the order of a sight's classes.
    ``sets`` has shape (sets, combinations); ``within`` and ``touching``, shape (sets, classes),
    say of which classes all or any combinations are in a set. ``numbers`` is how many people
    there are of each combination, with a column of each random change beside: shape
    (combinations, 1 + changes); of all units, the first axis is the unit.
    """

    class_of: Integers
    sets: Flags
    within: Flags
    touching: Flags
    numbers: Integers

    def of(self, units: Sequence[int]) -> Margins:
        """The same of some units together."""
        numbers = self.numbers[units].sum(axis=0)
        numbers[:, 1:] %= PRIME
        return replace(self, numbers=numbers)

    def near(self, boxes: Flags, rows: Integers, enough: int) -> tuple[int, int]:
        """Sets that tables tell, and how many of them boxes come near to.

        ``boxes``, shape (boxes, classes), says in which classes people of each may be; of ``rows``
        there are all in the region. Whoever takes from a set the boxes that are surely in it has
        what is left of it; and takes that from those that may be partly in it, and has what else
        is in those. Either is nobody or ``enough``, or what tables tell by themselves.
        """
        boxes, rows = boxes[boxes.any(axis=1)], rows[boxes.any(axis=1)]
        sets, size, touching, beyond = self._told
        where = boxes.astype(np.float32)
        inside: Flags = ~np.asarray(where @ beyond > 0)
        partly: Flags = np.asarray(where @ touching > 0) & ~inside
        left = size - rows @ inside
        other = rows @ partly - left
        few = ((left > 0) & (left < enough)) | ((other > 0) & (other < enough))
        near = 0
        for one in np.flatnonzero(few & partly.any(axis=0)):
            if 0 < left[one] < enough:
                rest = sets[one] & ~_any(boxes[inside[:, one]])[self.class_of]
                near += not self._tell(rest, int(left[one]))
            if 0 < other[one] < enough:
                rest = _any(boxes[partly[:, one]])[self.class_of] & ~sets[one]
                near += not self._tell(rest, int(other[one]))
        return len(sets), near

    @cached_property
    def _told(self) -> tuple[Flags, Integers, Floats, Floats]:
        """The sets that tables tell: their combinations, sizes, and classes.

        Of those the ones that they touch and the ones that they are not all of, shape (classes,
        sets).
        """
        numbers = self.sets @ self.numbers
        told = ~(numbers[:, 1:] % PRIME).any(axis=1)
        touching, within = self.touching[told].T, self.within[told].T
        return (
            self.sets[told],
            numbers[told, 0],
            touching.astype(np.float32),
            (~within).astype(np.float32),
        )

    def _tell(self, combinations: Flags, count: int) -> bool:
        """Whether tables tell that there are so many people of some combinations."""
        number, *changes = combinations.astype(np.int64) @ self.numbers
        return bool(number == count) and not any(one % PRIME for one in changes)


@dataclass(frozen=True, eq=False)
class Sight:
    """What one block of published figures tells of a region.

    ``changes`` has shape (classes of each variable …, 3): what the random changes make of the
    number of people there; noughts where it follows from what is published. ``margins`` has the
    sets of people that tables of the block tell of.
    """

    variables: tuple[str, ...]
    touched: tuple[Flags, ...]
    changes: Integers
    margins: Margins
    parts: dict[tuple[int, tuple[int, ...]], Integers] = field(default_factory=dict, repr=False)
    """What groups part the classes of a variable into, as far as it has been asked."""
    told: dict[tuple[tuple[int, ...], ...], bool] = field(default_factory=dict, repr=False)
    """Of which groups of each variable figures tell as much, as far as it has been asked."""

    def classes(self, variable: str, group: int) -> int:
        """How many classes of the block a group of values lies in."""
        return int(self._apart(variable, (group,)).sum())

    def parts_of(self, variable: str, groups: Sequence[int]) -> int:
        """How many parts groups of values make of the block's classes; those that share are one."""
        return len(self._apart(variable, tuple(groups)))

    def _apart(self, variable: str, groups: tuple[int, ...]) -> Integers:
        axis = self.variables.index(variable)
        if (axis, groups) not in self.parts:
            self.parts[axis, groups] = _apart(groups, self.touched[axis])
        return self.parts[axis, groups]

    def near(self, groups: Mapping[str, Integers], rows: Integers, enough: int) -> tuple[int, int]:
        """Sets of people that tables tell, and how many of them boxes come near to.

        ``groups`` has by variable the group of each box; see ``Margins.near``.
        """
        whole = np.ones((len(rows), 1), dtype=np.bool_)
        for name, touched in zip(self.variables, self.touched, strict=True):
            held = groups[name][:, None] >> np.arange(len(touched)) & 1
            mask = held.astype(np.float32) @ touched.astype(np.float32) > 0
            whole = (whole[:, :, None] & mask[:, None, :]).reshape(len(rows), -1)
        marks = whole @ _marks(whole.shape[1])
        _, first, place = np.unique(marks, return_index=True, return_inverse=True)
        count = np.bincount(place.ravel(), rows).astype(np.int64)
        return self.margins.near(whole[first], count, enough)

    def tells(self, groups: tuple[tuple[int, ...], ...]) -> bool:
        """Whether published figures tell as much of the block's variables as these groups do.

        ``groups`` part the finest values of each variable. Of them the block sees only what is
        made of whole classes: groups that share a class are one to it.
        """
        if groups not in self.told:
            found = self.changes
            for name, own in zip(self.variables, groups, strict=True):
                parts = self._apart(name, own)
                # The variable that is summed comes first, and goes last.
                found = (parts @ found.reshape(parts.shape[1], -1)).T
            self.told[groups] = not (found % PRIME).any()
        return self.told[groups]


@dataclass(frozen=True, eq=False)
class Known:
    """What published tables tell of one population, unit by unit.

    ``units`` are the units that count in it.
    """

    units: tuple[str, ...]
    sights: tuple[Sight, ...]
    """Over all units: the first axis of ``changes`` is the unit. Each block stands there twice: as
    it is, and as it is to those who know that nobody lacks a value where that is so."""
    index: Mapping[str, int]

    def of(self, units: Sequence[str]) -> Region:
        """What is told of some units together."""
        places = [self.index[unit] for unit in units]
        return Region(
            tuple(
                replace(
                    one,
                    changes=one.changes[places].sum(axis=0) % PRIME,
                    margins=one.margins.of(places),
                    told={},
                )
                for one in self.sights
            )
        )


@dataclass(frozen=True, eq=False)
class Region:
    """What published tables tell of the people of one region."""

    sights: tuple[Sight, ...]

    @cached_property
    def has_total(self) -> bool:
        """Whether they tell how many people there are.

        Where nothing is published of these people, they tell nothing that could be used.
        """
        return not any(
            (one.changes.reshape(-1, RANDOM_VECTORS).sum(axis=0) % PRIME).any()
            for one in self.sights
        )

    def is_one_to_tables(self, variable: str, groups: Sequence[int]) -> bool:
        """Whether no published table tells anything of groups of values but of all together.

        They share classes, all of them, or lie in the same one.
        """
        return all(one.parts_of(variable, groups) <= 1 for one in self.seeing(variable))

    def lie_across(self, variable: str, one: int, other: int) -> bool:
        """Whether two groups share a class of some table that is not all that one of them is in.

        That nobody is in one of them would then tell classes apart; but not where a table has
        the variable alone and tells the two apart, since it shows that nobody is there.
        """
        seeing = self.seeing(variable)
        if any(
            len(own.variables) == 1 and own.parts_of(variable, [one, other]) == 2 for own in seeing
        ):
            return False
        classes = [
            (own, own.classes(variable, one), own.classes(variable, other)) for own in seeing
        ]
        return any(
            min(here, there) > 0
            and max(here, there) > 1
            and own.parts_of(variable, [one, other]) == 1
            for own, here, there in classes
        )

    def is_in_several(self, variable: str, group: int) -> bool:
        """Whether a group of values lies in several classes of a published table."""
        return any(one.classes(variable, group) > 1 for one in self.seeing(variable))

    def seeing(self, variable: str) -> list[Sight]:
        """What is told of a variable, alone or beside others."""
        return [one for one in self.sights if variable in one.variables]


def known(
    universe: StoredUniverse,
    population: str,
    overlaps: Sequence[Overlapping],
    counts: pl.DataFrame,
    seed: int = 0,
) -> Known:
    """What a release tells of a population.

    ``universe`` is what it was protected as; ``counts`` has the rows by finest values. ``seed``
    chooses the random changes.
    """
    own = universe.inner.with_row_index("place").filter(population=population)
    units = tuple(own["unit"].unique().sort())
    units = tuple(unit for unit in units if " " not in unit)
    index = {unit: place for place, unit in enumerate(units)}
    changes = _changes(universe, seed, [])
    sights = [_sight(universe, own, index, changes, one) for one in overlaps]
    filled = _filled(counts.filter(pl.col("unit").is_in(units)), overlaps)
    blank = [place for one in overlaps for place in _blank(own, one, filled)]
    changes = _changes(universe, seed, blank)
    sights += [
        _sight(universe, own, index, changes, _without_blank(one, filled), before)
        for one, before in zip(overlaps, sights, strict=True)
        if filled.intersection(one.variables)
    ]
    return Known(units, tuple(sights), index)


def _filled(counts: pl.DataFrame, overlaps: Sequence[Overlapping]) -> set[str]:
    """The variables of which so few lack a value that others will take it that nobody does."""
    rows = max(1, int(counts["rows"].sum()))
    return {
        name
        for one in overlaps
        for name, flags in zip(one.variables, one.touched, strict=True)
        if counts.filter(pl.col(name) == len(flags) - 1)["rows"].sum() < SELDOM * rows
    }


@dataclass(frozen=True, eq=False)
class _Without:
    """An overlap as it is to those who know that nobody lacks a value of some variables."""

    block: str
    variables: tuple[str, ...]
    touched: tuple[Flags, ...]
    combinations: Mapping[str, tuple[int, ...]]


def _without_blank(overlap: Overlapping, filled: Collection[str]) -> _Without:
    touched = [flags.copy() for flags in overlap.touched]
    for name, flags in zip(overlap.variables, touched, strict=True):
        flags[-1] &= name not in filled
    return _Without(overlap.block, overlap.variables, tuple(touched), overlap.combinations)


def _blank(own: pl.DataFrame, overlap: Overlapping, filled: Collection[str]) -> list[int]:
    """The inner numbers of a block of those who lack a value of ``filled`` variables."""
    names = [
        name
        for name, classes in overlap.combinations.items()
        if any(
            variable in filled and not flags[:-1, number].any()
            for variable, flags, number in zip(
                overlap.variables, overlap.touched, classes, strict=True
            )
        )
    ]
    here = own.filter(pl.col("combination").is_in(names), block=overlap.block)
    return here["place"].to_list()


def _changes(universe: StoredUniverse, seed: int, noughts: Sequence[int]) -> Integers:
    """Random changes that leave as it is what is published, and what all know to be nobody."""
    random = np.random.default_rng(seed)
    if not len(noughts):
        return universe.form.null_vectors(RANDOM_VECTORS, random)
    shape = len(noughts), universe.problem.rows.shape[1]
    none = csr_array((np.ones(len(noughts), dtype=np.int64), (range(len(noughts)), noughts)), shape)
    rows = csr_array(vstack([universe.told, none], format="csr"))
    return echelon(rows).null_vectors(RANDOM_VECTORS, random)


def _sight(
    universe: StoredUniverse,
    own: pl.DataFrame,
    index: Mapping[str, int],
    changes: Integers,
    overlap: Overlapping,
    before: Sight | None = None,
) -> Sight:
    """What a block tells; the sets of ``before`` are the same."""
    sizes = tuple(touched.shape[1] for touched in overlap.touched)
    count = prod(sizes)
    class_of = np.array(
        [
            int(np.ravel_multi_index(classes, sizes)) if sizes else 0
            for classes in overlap.combinations.values()
        ],
        dtype=np.int64,
    )
    here = own.filter(pl.col("unit").is_in(list(index)), block=overlap.block).select(
        "place",
        "contributors",
        _number(own["unit"].name, index),
        _number("combination", {name: n for n, name in enumerate(overlap.combinations)}),
    )
    here = here.drop_nulls()
    places = here["place"].to_numpy()
    at = here["unit"].to_numpy(), here["combination"].to_numpy()
    numbers = np.zeros((len(index), len(class_of), 1 + changes.shape[1]), dtype=np.int64)
    numbers[at] = np.column_stack([here["contributors"].to_numpy(), changes[places]])
    # By unit and class: the changes of the inner numbers there, summed over other variables.
    found = np.zeros((len(index), count, changes.shape[1]), dtype=np.int64)
    for combination, number in enumerate(class_of):
        found[:, number] += numbers[:, combination, 1:]
    if before is None:
        combinations = dict(zip(places.tolist(), at[1].tolist(), strict=True))
        sets = _sets(universe, combinations, class_of, sizes)
    else:
        sets = before.margins.sets
    counts = np.bincount(class_of, minlength=count)
    by_class = np.zeros((len(class_of), count), dtype=np.int64)
    by_class[np.arange(len(class_of)), class_of] = 1
    held = sets @ by_class
    margins = Margins(class_of, sets, held == counts, held > 0, numbers)
    shape = (len(index), *sizes, changes.shape[1])
    return Sight(overlap.variables, overlap.touched, found.reshape(shape) % PRIME, margins)


def _number(column: str, numbers: Mapping[str, int]) -> pl.Expr:
    return pl.col(column).replace_strict(dict(numbers), default=None, return_dtype=pl.Int64)


def _sets(
    universe: StoredUniverse, places: Mapping[int, int], class_of: Integers, sizes: Sequence[int]
) -> Flags:
    """Sets of a block's combinations that tables may tell of, shape (sets, combinations).

    Those of listed cells and what is left of the larger ones, each class of each variable, and
    each class of all of them. ``places`` has the combination of each inner number of the block.
    """
    found = [np.ones(len(class_of), dtype=np.bool_)]
    classes = np.unravel_index(class_of, sizes) if sizes else ()
    for axis, size in zip(classes, sizes, strict=True):
        found += [axis == number for number in range(size)]
    found += [class_of == number for number in range(prod(sizes))]
    listed = [found[0], *_listed(universe, places, len(class_of))]
    found += listed
    found += [one & ~other for one in listed for other in listed if not (other & ~one).any()]
    every = np.unique(np.array(found), axis=0)
    return every[every.any(axis=1)]


def _listed(universe: StoredUniverse, places: Mapping[int, int], count: int) -> list[Flags]:
    """The sets of listed cells that are made of these inner numbers alone."""
    rows = universe.problem.rows
    combination = np.full(rows.shape[1], -1, dtype=np.int64)
    combination[[*places]] = [*places.values()]
    filled = universe.problem.listed & (np.diff(rows.indptr) > 0)
    cells = np.flatnonzero(filled)
    cells = cells[combination[rows.indices[rows.indptr[cells]]] >= 0]
    found: dict[bytes, Flags] = {}
    for cell in cells:
        here = slice(rows.indptr[cell], rows.indptr[cell + 1])
        own = combination[rows.indices[here]]
        if (own >= 0).all() and (rows.data[here] == 1).all():
            mask = np.zeros(count, dtype=np.bool_)
            mask[own] = True
            found[mask.tobytes()] = mask
    return [*found.values()]


def _apart(groups: Sequence[int], touched: Flags) -> Integers:
    """What the groups part a block's classes into, shape (parts, classes), 0 and 1."""
    parts: list[Flags] = []
    for group in groups:
        own = [place for place in range(len(touched)) if group >> place & 1]
        mask = touched[own].any(axis=0)
        if not mask.any():
            continue
        same = [one for one in parts if (one & mask).any()]
        parts = [one for one in parts if not (one & mask).any()]
        parts.append(np.any([mask, *same], axis=0))
    return np.array(parts, dtype=np.int64).reshape(len(parts), touched.shape[1])


def _any(masks: Flags) -> Flags:
    found: Flags = np.logical_or.reduce(masks, axis=0)
    return found
