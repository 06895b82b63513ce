"""What everyone knows of how two populations hang together: tilfeller and mottakere.

A mottaker whom n kommuner helped is n tilfeller, so in the country, age group by age group,

    tilfeller = 1 * mottakere of one kommune + 2 * mottakere of two + ...

An open class, "three or more", counts three each, and the rest is a number of its own. Only
what a mottaker has in common with all their tilfeller can be linked so: age can (it follows
from the person), familiefase and main source cannot, since they are those of one tilfelle.
A class where the records do not agree (a birth date that differs between two kommuner) is
left out: the link is then not exact, and nobody can count on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from kostra_publish.codes.regions import LAND
from kostra_publish.cube.classes import Partition
from kostra_publish.disclosure.problem import Flags, Integers
from kostra_publish.disclosure.universe.space import Space

CASES: Final = "skjema11"
PERSONS: Final = "mottakere"
TIMES: Final = "antall_kommuner"
"""The variable of PERSONS that tells how many of CASES a person is."""
IN_COMMON: Final = "alder"
"""The variable that a person has in common with all their cases."""


class Links(NamedTuple):
    """Equations over the inner numbers of all spaces and then those of ``inner``.

    ``names`` tells what those of ``inner`` are, as ``Space.names``.
    """

    equations: csr_array
    inner: Integers
    names: pl.DataFrame


@dataclass(frozen=True)
class _Equation:
    """Coefficients of all inner numbers; ``rest`` is an inner number more, where it is given.

    ``classes`` are those of the cases, for people.
    """

    coefficients: Integers
    rest: int | None
    classes: str


def links(spaces: Sequence[Space]) -> Links:
    """The links between ``spaces``, whose inner numbers stand one space after the other."""
    widths = [space.width for space in spaces]
    found = [*_equations(spaces, np.cumsum([0, *widths]))]
    rests = [equation.rest for equation in found if equation.rest is not None]
    own = np.zeros((len(found), len(rests)), dtype=np.int64)
    own[
        [n for n, equation in enumerate(found) if equation.rest is not None], range(len(rests))
    ] = -1
    main = np.array([equation.coefficients for equation in found], dtype=np.int64)
    rows = np.hstack([main.reshape(len(found), sum(widths)), own])
    names = pl.DataFrame(
        {
            "population": CASES,
            "block": f"beyond {TIMES}",
            "combination": [one.classes for one in found if one.rest is not None],
            "unit": LAND,
        },
        schema=dict.fromkeys(("population", "block", "combination", "unit"), pl.String),
    )
    return Links(csr_array(rows), np.array(rests, dtype=np.int64), names)


def _equations(spaces: Sequence[Space], firsts: Integers) -> Iterator[_Equation]:
    by_source = {space.counts.sets.population.source: n for n, space in enumerate(spaces)}
    if not {CASES, PERSONS} <= by_source.keys():
        return
    cases, persons = spaces[by_source[CASES]], spaces[by_source[PERSONS]]
    for of_cases, of_persons in _shared_classes(cases, persons):
        here = _block(cases, of_cases)
        there = _block(persons, of_persons, TIMES)
        if here is None or there is None:
            continue
        coefficients = np.zeros(int(firsts[-1]), dtype=np.int64)
        first = int(firsts[by_source[CASES]] + cases.offsets[here])
        wanted = cases.blocks[here].crossing(of_cases)[cases.kept[here]]
        coefficients[first : first + cases.numbers[here].size] = np.tile(wanted, len(cases.units))
        weights, is_open = _weights(persons, there, of_persons)
        first = int(firsts[by_source[PERSONS]] + persons.offsets[there])
        coefficients[first : first + len(weights)] = -weights
        inner = np.concatenate([space.inner for space in spaces])
        over = int(coefficients @ inner)
        possible = not persons.shows_zeros or (persons.numbers[there][0] * is_open).any()
        if over == 0 or (over > 0 and possible):
            classes = cases.counts.sets.words(of_cases)
            yield _Equation(coefficients, over if possible else None, classes)


def _block(space: Space, classes: dict[str, Flags], *names: str) -> int | None:
    """The smallest block that can tell ``classes``, and has ``names``."""
    having = [
        n
        for n, block in enumerate(space.blocks)
        if block.tells(classes) and set(names) <= set(block.names)
    ]
    return min(having, key=lambda n: (len(space.kept[n]), n), default=None)


def _weights(space: Space, block: int, classes: dict[str, Flags]) -> tuple[Integers, Flags]:
    """By combination kept: how many cases a person is at least, and whether they may be more."""
    crossed = space.blocks[block]
    partition = crossed.partition(TIMES)
    place = crossed.margin({TIMES: np.arange(partition.size)})[space.kept[block]]
    wanted = crossed.crossing(classes)[space.kept[block]]
    values = [
        [value for value, of in zip(partition.domain, partition.classes, strict=True) if of == n]
        for n in range(partition.size)
    ]
    whole = [[value for value in of if value is not None and value > 0] for of in values]
    least = np.array([min(of, default=0) for of in whole], dtype=np.int64)
    highest = max((value for of in whole for value in of), default=0)
    is_open = np.array([len(of) > 1 or highest in of for of in whole])
    return least[place] * wanted, is_open[place] & wanted


def _shared_classes(
    cases: Space, persons: Space
) -> Iterator[tuple[dict[str, Flags], dict[str, Flags]]]:
    """Classes of IN_COMMON that both can tell, as classes of each; else everyone together."""
    one, other = _partition(cases), _partition(persons)
    if one is None or other is None:
        yield {}, {}
        return
    values = [*range(-1, max(_highest(one), _highest(other)) + 1), None]
    pairs = [(one.class_of(value), other.class_of(value)) for value in values]
    meets = np.zeros((one.size, other.size), dtype=np.int64)
    for here, there in pairs:
        if here is not None and there is not None:
            meets[here, there] = 1
    size = one.size + other.size
    graph = np.zeros((size, size), dtype=np.int64)
    graph[: one.size, one.size :] = meets
    count, component = connected_components(csr_array(graph), directed=False)
    for number in range(count):
        member = component == number
        yield {IN_COMMON: member[: one.size]}, {IN_COMMON: member[one.size :]}


def _partition(space: Space) -> Partition | None:
    every = (part for block in space.blocks for part in block.partitions)
    return next((part for part in every if part.name == IN_COMMON and part.became is None), None)


def _highest(partition: Partition) -> int:
    given = partition.domain.drop_nulls().to_list()
    return int(max(given, default=0))
