"""Blocks: variables that are seen together, crossed.

Everything that tables show of persons is sums over the crossing of all variables, which is
far too large to hold. What is known of it is the same as of a chain of smaller crossings with
equal margins, one for each clique of variables seen together, when the graph of them has no
ring of four or more without a chord (decomposable models; Lauritzen, Graphical Models, 1996).
Chords are added where there is such a ring.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations
from math import prod

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.cube.classes import Partition
from kostra_publish.cube.conditions import where_expression
from kostra_publish.microdata.variables import Variable
from kostra_publish.specs.models import Where

Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]

LARGEST_CROSSING = 300_000
"""Combinations of values that are tried, at most, to see which can exist together."""


@dataclass(frozen=True, eq=False)
class Block:
    """The crossing of some variables' classes.

    ``possible`` marks the combinations that can exist, row-major over ``partitions``.
    """

    partitions: tuple[Partition, ...]
    possible: Flags

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The variables, in order."""
        return tuple(partition.name for partition in self.partitions)

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of classes of each variable."""
        return tuple(partition.size for partition in self.partitions)

    @property
    def size(self) -> int:
        """The number of combinations, possible or not."""
        return prod(self.shape)

    @cached_property
    def index(self) -> pl.Expr:
        """The combination of each row, as UInt32."""
        number: pl.Expr = pl.lit(0, pl.UInt32)
        for partition in self.partitions:
            number = number * partition.size + partition.index().cast(pl.UInt32)
        return number

    def crossing(self, classes: Mapping[str, Flags]) -> Flags:
        """Which combinations lie in these classes; a variable left out may be anything.

        Classes are those of each variable before any were merged.
        """
        masks = (
            partition.touching(classes[partition.name])
            if partition.name in classes
            else np.ones(partition.size, dtype=np.bool_)
            for partition in self.partitions
        )
        start = np.ones(1, dtype=np.bool_)
        return reduce(lambda whole, mask: np.logical_and.outer(whole, mask).ravel(), masks, start)

    def tells(self, classes: Mapping[str, Flags]) -> bool:
        """Whether the block can tell who lies in these classes from who does not."""
        return classes.keys() <= {*self.names} and all(
            self.partition(name).tells(mask) for name, mask in classes.items()
        )

    def partition(self, name: str) -> Partition:
        """The classes of one of its variables."""
        return self.partitions[self.names.index(name)]

    def margin(self, coarser: Mapping[str, Integers]) -> Integers:
        """For each combination, the number of its combination of some variables alone.

        ``coarser`` has, for each of these variables, the number of each of its classes.
        """
        places = np.unravel_index(np.arange(self.size), self.shape or (1,))
        number = np.zeros(self.size, dtype=np.int64)
        for name in sorted(coarser):
            own = coarser[name][places[self.names.index(name)]]
            number = number * (int(coarser[name].max(initial=0)) + 1) + own
        return number

    def name_of(self, combination: int) -> str:
        """A combination for people: ``alder 18-24, KJONN 1``."""
        places = np.unravel_index(combination, self.shape) if self.shape else ()
        return ", ".join(
            f"{partition.name} {partition.names[int(place)]}"
            for partition, place in zip(self.partitions, places, strict=True)
        )


def chained(groups: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Blocks that hold every group, in an order where each meets all before it in one of them.

    The largest cliques of the graph of ``groups`` after chords are added; see the module.
    """
    waiting = _cliques(groups)
    placed = waiting[:1]
    rest = waiting[1:]
    while rest:
        best = max(rest, key=lambda group: max(len(group & other) for other in placed))
        rest.remove(best)
        placed.append(best)
    return placed


def common(one: Partition, other: Partition) -> tuple[Integers, Integers]:
    """The finest numbering of the classes of both that both can tell."""
    if other.became is None:
        return np.arange(one.size), _numbered(other, one)
    if one.became is None:
        return _numbered(one, other), np.arange(other.size)
    msg = f"{one.name}: two blocks have merged its classes, and neither is the whole"
    raise ValueError(msg)


def _numbered(whole: Partition, merged: Partition) -> Integers:
    return np.arange(whole.size) if merged.became is None else merged.became


def agreements(blocks: Sequence[Block]) -> Iterator[tuple[int, int, frozenset[str]]]:
    """Pairs of blocks and the variables on which they agree, so that all hang together.

    ``blocks`` are those of ``chained`` after blocks of a single variable each, which the
    others meet on that variable: there its classes may have been merged. What meets nothing
    else has the number of all persons in common with the first block.
    """
    names = [frozenset(block.names) for block in blocks]
    alone = {
        name: n for n in reversed(range(len(blocks))) if len(names[n]) == 1 for name in names[n]
    }
    several = [n for n in range(len(blocks)) if len(names[n]) > 1]
    for number in range(len(blocks)):
        meets = {
            alone[name]: frozenset({name})
            for name in sorted(names[number])
            if name in alone and alone[name] != number
        }
        before = [other for other in several if other < number]
        if number in several and before:
            nearest = max(before, key=lambda other: (len(names[other] & names[number]), -other))
            shared = names[nearest] & names[number]
            if len(shared) > 1 or (shared and not shared <= alone.keys()):
                meets[nearest] = shared
        if not meets and number:
            meets[0] = frozenset()
        yield from ((number, other, shared) for other, shared in meets.items())


def _cliques(groups: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """The largest cliques once chords are added, by taking out the cheapest variable in turn."""
    graph: dict[str, set[str]] = {}
    for group in groups:
        for name in sorted(group):
            graph.setdefault(name, set()).update(group - {name})
    found: list[frozenset[str]] = []
    while graph:
        name = min(graph, key=lambda one: (_chords(graph, one), len(graph[one]), one))
        around = graph.pop(name)
        for other in around:
            graph[other] |= around - {other}
            graph[other].discard(name)
        found.append(frozenset({name, *around}))
    largest = [group for group in found if not any(group < other for other in found)]
    return sorted(set(largest), key=lambda group: (-len(group), sorted(group))) or [frozenset()]


def _chords(graph: Mapping[str, set[str]], name: str) -> int:
    return sum(other not in graph[one] for one, other in combinations(sorted(graph[name]), 2))


# --- which combinations can exist --------------------------------------------------


def relatives(names: Iterable[str], known: Mapping[str, Variable]) -> Iterator[frozenset[str]]:
    """The variables among ``names`` that depend on each other because of how they are made.

    A variable goes with those that it is made of, and with those made of the same.
    """
    every = frozenset(names)
    made_of = {name: roots(known[name], known) for name in sorted(every)}
    yield from (frozenset({name, *parts} & every) for name, parts in made_of.items())
    for part in sorted({part for parts in made_of.values() for part in parts}):
        yield frozenset(name for name in every if part in made_of[name])


def roots(variable: Variable, known: Mapping[str, Variable]) -> frozenset[str]:
    """The variables of the same source that ``variable`` is made of; itself where of none."""
    found = {name for name in variable.expression.meta.root_names() if name in known}
    return frozenset(found or {variable.name})


def possible(
    partitions: Sequence[Partition],
    known: Mapping[str, Variable],
    population: Where,
    domains: Mapping[str, pl.Series],
) -> Flags:
    """Which combinations of classes can exist, given how variables are made of each other.

    ``domains`` gives the possible values of every variable of the block, and of those that
    they are made of. All combinations can, where nothing is made of the same as anything
    else, or where too many would be tried.
    """
    block = Block(tuple(partitions), np.ones(0, dtype=np.bool_))
    every = {*block.names, *(name for name in population if name in known)}
    parts = {name: roots(known[name], known) for name in sorted(every)}
    made = [
        name
        for name, of in parts.items()
        if name not in of and any(of & others for other, others in parts.items() if other != name)
    ]
    limits = {name for name in made if name in population}
    base = {part for name in made for part in parts[name]} | ({*block.names} - {*made})
    if not made or prod(len(domains[name]) for name in base) > LARGEST_CROSSING:
        return np.ones(block.size, dtype=np.bool_)
    frame = pl.DataFrame({"": [0]})
    for name in sorted(base):
        frame = frame.join(domains[name].alias(name).to_frame(), how="cross")
    frame = frame.with_columns(known[name].expression.alias(name) for name in made)
    within = where_expression({name: population[name] for name in limits}, known)
    numbers = frame.filter(within).select(block.index.alias("number")).to_series()
    found = np.zeros(block.size, dtype=np.bool_)
    found[numbers.unique().to_numpy()] = True
    return found
