"""Why a figure of a release is hidden, in words; never with a value.

Everything is read from the release itself: its universes, which cells of its tables rest on
which of their cells, and the names of its tables' categories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from kostra_publish.disclosure.explain import Reason, Why, derivation, reasons
from kostra_publish.disclosure.problem import Integers
from kostra_publish.disclosure.stored_universe import Dimensions, StoredUniverse
from kostra_publish.errors import UsageError
from kostra_publish.releases.described import StoredCube
from kostra_publish.releases.history import described_cubes, stored_universes
from kostra_publish.releases.manifest import read_manifest
from kostra_publish.specs.dimensions import CONTENTS, TIME

NAMED: Final = 4
"""How many cells are named in a row; the rest are counted."""
SMALL: Final = "too few to show"


@dataclass(frozen=True)
class Asked:
    """Which figures of a table: codes of categories, by the dimension's code.

    ``region`` and ``measure`` stand for the dimensions that every table has; empty: all.
    """

    table: str
    region: str = ""
    measure: str = ""
    categories: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Explained:
    """One hidden figure: what it is called, and why it is hidden."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """The hidden figures among those that were asked for.

    ``count`` figures were asked for and ``count_hidden`` of them are hidden to protect persons;
    ``hidden`` are the first of these, in the table's order.
    """

    count: int
    count_hidden: int
    hidden: tuple[Explained, ...]


def why(release: Path, asked: Asked, most: int) -> Explanation:
    """Why figures of a release are hidden; ``most`` of them are explained at most.

    Raises UsageError for a table, dimension or code that the release does not protect, and
    ReleaseError when the release is not as it was published.
    """
    universes = stored_universes(release, read_manifest(release).vintage)
    own = [one for one in universes if asked.table in one.rests]
    if not own:
        protected = sorted({table for one in universes for table in one.rests})
        raise UsageError(
            f"{release.name} protects no table {asked.table}",
            fix=f"Tables with persons behind their figures: {', '.join(protected)}.",
        )
    names = _Names(described_cubes(release))
    dimensions = own[0].dimensions[asked.table]
    places = _places(dimensions, asked)
    hidden = np.intersect1d(places, np.concatenate([_hidden(one, asked.table) for one in own]))
    told = [_Told(universe, asked.table, hidden[:most], names) for universe in own]
    explained = (
        Explained(
            names.place(asked.table, dimensions, place),
            tuple(line for one in told for line in one.lines(place)),
        )
        for place in hidden[:most].tolist()
    )
    return Explanation(len(places), len(hidden), tuple(explained))


def _hidden(universe: StoredUniverse, table: str) -> Integers:
    """The places of a table that rest on a hidden cell."""
    pairs = universe.rests[table]
    found: Integers = pairs[~universe.visible[pairs[:, 1]], 0]
    return found


def _places(dimensions: Dimensions, asked: Asked) -> Integers:
    """The places of a table that are asked for, in row-major order."""
    always = {next(iter(dimensions)): asked.region, CONTENTS: asked.measure}
    wanted = {**asked.categories, **{code: name for code, name in always.items() if name}}
    for code, category in wanted.items():
        if code not in dimensions:
            raise UsageError(
                f"table {asked.table} has no dimension {code}",
                fix=f"Its dimensions are {', '.join(dimensions)}.",
            )
        if category not in dimensions[code]:
            some = ", ".join(dimensions[code][:NAMED])
            raise UsageError(
                f"table {asked.table} has no {category} in {code}",
                fix=f"It has {len(dimensions[code])} codes there, such as {some}.",
            )
    grid = np.arange(np.prod([len(codes) for codes in dimensions.values()], dtype=np.int64))
    grid = grid.reshape([len(codes) for codes in dimensions.values()])
    pick = tuple(
        dimensions[code].index(wanted[code]) if code in wanted else slice(None)
        for code in dimensions
    )
    return grid[pick].reshape(-1)


@dataclass(frozen=True, eq=False)
class _Names:
    """The names of tables' cells, in bokmål as the tables have them."""

    cubes: Mapping[str, StoredCube]

    def place(self, table: str, dimensions: Dimensions, place: int) -> str:
        """A cell of a table: the region's code and name, then the names of what limits it."""
        sizes = [len(codes) for codes in dimensions.values()]
        words = []
        for position, (code, codes) in zip(
            np.unravel_index(place, sizes), dimensions.items(), strict=True
        ):
            known = next(one for one in self.cubes[table].dimensions if one.code == code)
            category = codes[int(position)]
            label = known.labels[known.codes.index(category)].nb
            if known.role == "geo":
                words.append(f"{category} {label}")
            elif code != TIME and category != known.total:
                words.append(label)
        return ", ".join(words)


@dataclass(frozen=True, eq=False)
class _Told:
    """What one universe has to say of some places of a table."""

    universe: StoredUniverse
    table: str
    places: Integers
    names: _Names

    def lines(self, place: int) -> list[str]:
        """Why the place is hidden: a line for each cell that it rests on and that is hidden."""
        small = self.universe.problem.small
        return [
            self._subject(cell, place)
            + (f"is {SMALL}" if small[cell] else self._protects(self._reasons[cell]))
            for cell in self._cells(place)
        ]

    def _cells(self, place: int) -> list[int]:
        """The hidden cells of the universe that a place rests on."""
        pairs = self.universe.rests[self.table]
        cells = pairs[pairs[:, 0] == place, 1]
        return sorted(cells[~self.universe.visible[cells]].tolist())

    @cached_property
    def _reasons(self) -> dict[int, Reason]:
        small = self.universe.problem.small
        cells = sorted({cell for place in self.places for cell in self._cells(int(place))})
        asked = [cell for cell in cells if not small[cell]]
        found = reasons(self.universe.problem, self.universe.visible, asked) if asked else []
        return {one.cell: one for one in found}

    def _subject(self, cell: int, place: int) -> str:
        same = self._plainest.get(cell) == (self.table, place)
        return "" if same else f"rests on {self._name(cell)}, which "

    def _protects(self, reason: Reason) -> str:
        which = "it" if len(reason.protects) == 1 else "the first"
        protected = f"protects {self._some(reason.protects)} ({SMALL})"
        match reason.why:
            case Why.FOLLOWS:
                return f"{protected}: {which} would follow from this and {self._shown(reason)}"
            case Why.NOUGHTS:
                return (
                    f"{protected}: {which} would follow from this and {self._shown(reason)} for "
                    "whoever knows where nobody is"
                )
            case Why.INSIDER | Why.INSIDER_NOUGHTS:
                # That somebody is alone there is a value, and is not said.
                whom = self._some(reason.alone)
                return f"{protected}: someone counted in {whom} could work it out from this"
            case Why.NEAR:
                return (
                    "keeps small figures near it from having only one possible value; nearest: "
                    f"{self._some(reason.protects)} ({SMALL})"
                )
            case Why.KNOWN:
                return "follows from what is shown, and protects nothing"

    def _shown(self, reason: Reason) -> str:
        """What else the first of the protected cells would follow from, where it can be said."""
        found = derivation(self.universe.problem, self.universe.visible, reason)
        return f"{self._some(found)} (shown)" if found else "other figures that are shown"

    def _some(self, cells: Sequence[int]) -> str:
        once = list(dict.fromkeys(cells))
        named = [self._name(cell) for cell in once[:NAMED]]
        more = len(once) - len(named)
        return "; ".join(named) + (f"; and {more} more" if more > 0 else "")

    def _name(self, cell: int) -> str:
        """A cell of the universe as the table's cell that shows it most plainly."""
        if cell in self._plainest:
            table, place = self._plainest[cell]
            name = self.names.place(table, self.universe.dimensions[table], place)
            return f"«{name}»" if table == self.table else f"«{name}» of {table}"
        region, persons = self.universe.problem.cells.select("region", "set").row(cell)
        return f"«{region}: {persons}» (in no table)"

    @cached_property
    def _plainest(self) -> dict[int, tuple[str, int]]:
        """For each cell the place that rests on it and least besides; rather of the same table."""
        best: dict[int, tuple[int, bool, str, int]] = {}
        for table, pairs in self.universe.rests.items():
            beside = np.bincount(pairs[:, 0])[pairs[:, 0]]
            for (place, cell), size in zip(pairs.tolist(), beside.tolist(), strict=True):
                found = (size, table != self.table, table, place)
                best[cell] = min(best.get(cell, found), found)
        return {cell: found[2:] for cell, found in best.items()}
