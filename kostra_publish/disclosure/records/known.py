"""What published tables tell of the people that are handed over, by exact linear algebra.

Three random changes of the inner numbers leave all that is published as it is, modulo a large
prime (see ``attack.modular``). What is a sum of inner numbers follows from the published figures
when none of the three changes it. So whether published tables tell how many of some people there
are, is three sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.disclosure.attack.modular import PRIME, RANDOM_VECTORS
from kostra_publish.disclosure.problem import Flags
from kostra_publish.disclosure.stored_universe import StoredUniverse

Integers = NDArray[np.int64]


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


@dataclass(frozen=True, eq=False)
class Sight:
    """What one block of published figures tells of a region.

    ``changes`` has shape (classes of each variable …, 3): what the random changes make of the
    number of people there; noughts where it follows from what is published.
    """

    variables: tuple[str, ...]
    touched: tuple[Flags, ...]
    changes: Integers
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
    """Over all units: the first axis of ``changes`` is the unit."""
    index: Mapping[str, int]

    def of(self, units: Sequence[str]) -> Region:
        """What is told of some units together."""
        places = [self.index[unit] for unit in units]
        return Region(
            tuple(
                replace(one, changes=one.changes[places].sum(axis=0) % PRIME, told={})
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
        return any(
            sight.parts_of(variable, [one, other]) == 1
            and max(sight.classes(variable, one), sight.classes(variable, other)) > 1
            for sight in seeing
        )

    def is_in_several(self, variable: str, group: int) -> bool:
        """Whether a group of values lies in several classes of a published table."""
        return any(one.classes(variable, group) > 1 for one in self.seeing(variable))

    def seeing(self, variable: str) -> list[Sight]:
        """What is told of a variable, alone or beside others."""
        return [one for one in self.sights if variable in one.variables]


def known(
    universe: StoredUniverse, population: str, overlaps: Sequence[Overlapping], seed: int = 0
) -> Known:
    """What a release tells of a population.

    ``universe`` is what it was protected as. ``seed`` chooses the random changes.
    """
    changes = universe.form.null_vectors(RANDOM_VECTORS, np.random.default_rng(seed))
    own = universe.inner.with_row_index("place").filter(population=population)
    units = tuple(own["unit"].unique().sort())
    units = tuple(unit for unit in units if " " not in unit)
    index = {unit: place for place, unit in enumerate(units)}
    sights = tuple(_sight(own, index, changes, one) for one in overlaps)
    return Known(units, sights, index)


def _sight(
    own: pl.DataFrame, index: Mapping[str, int], changes: Integers, overlap: Overlapping
) -> Sight:
    sizes = tuple(touched.shape[1] for touched in overlap.touched)
    # By unit and class: the changes of the inner numbers there, summed over other variables.
    found = np.zeros((len(index), prod(sizes), changes.shape[1]), dtype=np.int64)
    names = pl.DataFrame(
        [
            (name, int(np.ravel_multi_index(classes, sizes)) if sizes else 0)
            for name, classes in overlap.combinations.items()
        ],
        schema={"combination": pl.String, "class": pl.Int64},
        orient="row",
    )
    here = own.filter(block=overlap.block).join(names, on="combination")
    here = here.filter(pl.col("unit").is_in(list(index)))
    units = here["unit"].replace_strict(dict(index), return_dtype=pl.Int64).to_numpy()
    np.add.at(found, (units, here["class"].to_numpy()), changes[here["place"].to_numpy()])
    shape = (len(index), *sizes, changes.shape[1])
    return Sight(overlap.variables, overlap.touched, found.reshape(shape) % PRIME)


def _apart(groups: Sequence[int], touched: Flags) -> Integers:
    """What the groups part a block's classes into, shape (parts, classes), 0 and 1."""
    parts: list[Flags] = []
    for group in groups:
        own = [place for place in range(len(touched)) if group >> place & 1]
        mask = touched[own].any(axis=0)
        same = [one for one in parts if (one & mask).any()]
        parts = [one for one in parts if not (one & mask).any()]
        parts.append(np.any([mask, *same], axis=0))
    return np.array(parts, dtype=np.int64)
