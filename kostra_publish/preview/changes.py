"""What has changed in a table since the release before, by the place of its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from kostra_publish.comparing import changed_between
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.comparison.facts import ComparedDimension, Kind, TableChanges
from kostra_publish.outputs.grid import Positions
from kostra_publish.specs.dimensions import CubeDimension

_KEPT: Final = 64
"""How many comparisons are kept: those of a draft of all tables, and of the one before."""


class Earlier(NamedTuple):
    """How a cell differs from what the release before showed."""

    kind: Kind
    value: float | None
    """The number that it showed; None where there was a sign."""
    sign: str


@dataclass(frozen=True, eq=False)
class Changes:
    """What differs between a table and the same table in the release before."""

    found: TableChanges
    cube: SafeCube
    new: Mapping[str, frozenset[str]]
    """By dimension the categories that the release before did not have."""
    alike: bool
    """Whether both have the same dimensions, so that cells can be told apart one by one."""

    @cached_property
    def counts(self) -> dict[Kind, int]:
        """How many changed cells there are of each kind, without kinds that there are none of."""
        return {kind: count for kind, count in self.found.counts().items() if count}

    @property
    def changed(self) -> int:
        """How many cells that both releases have differ."""
        return sum(count for kind, count in self.counts.items() if kind not in {"added", "removed"})

    @property
    def added(self) -> int:
        """How many cells the release before did not have."""
        return self.counts.get("added", 0)

    @property
    def removed(self) -> int:
        """How many cells only the release before had."""
        return self.counts.get("removed", 0)

    def categories(self, dimension: str) -> frozenset[str]:
        """The categories of a dimension that have a cell that both releases have, and differs."""
        if not self.alike:
            return frozenset()
        whole = next(one for one in self.found.dimensions if one.code == dimension)
        changed = self.found.cells.filter(~pl.col("kind").is_in(["added", "removed"]))
        return frozenset(whole.codes[place] for place in changed[dimension].unique())

    @cached_property
    def _places(self) -> Positions:
        """The place in the cube of each changed cell; -1 where it is not in it."""
        cells = self.found.cells
        flat = np.zeros(cells.height, dtype=np.int64)
        for dimension, size in zip(self.cube.dimensions, self.cube.size, strict=True):
            whole = next(one for one in self.found.dimensions if one.code == dimension.code)
            along = _in_cube(whole, dimension)[cells[dimension.code].to_numpy()]
            flat = np.where((flat < 0) | (along < 0), -1, flat * size + along)
        return flat

    @cached_property
    def _order(self) -> Positions:
        return np.argsort(self._places, kind="stable")

    def at(self, positions: Positions) -> dict[int, Earlier]:
        """By the place in the cube: what has changed of these cells, but for those added."""
        if not self.alike or not len(self._places):
            return {}
        wanted = positions.ravel()
        ordered = self._places[self._order]
        nearest = np.searchsorted(ordered, wanted).clip(max=len(ordered) - 1)
        hits = ordered[nearest] == wanted
        rows = self.found.cells[self._order[nearest[hits]].tolist()]
        kept = rows.select("kind", "before_value", "before_sign").iter_rows()
        return {
            place: Earlier(kind, value, sign or "")
            for place, (kind, value, sign) in zip(wanted[hits].tolist(), kept, strict=True)
            if kind != "added"
        }


def _in_cube(whole: ComparedDimension, own: CubeDimension) -> Positions:
    """By the place of a category among those of both releases, its place in the cube; or -1."""
    places = {code: place for place, code in enumerate(own.codes)}
    return np.array([places.get(code, -1) for code in whole.codes], dtype=np.int64)


@lru_cache(maxsize=_KEPT)
def changes(cube: SafeCube, previous: SafeCube | None) -> Changes:
    """What has changed since the release before; without the table there, all of it is new.

    Kept for the next time that the same two are asked for: a cube never changes.
    """
    before = previous.dimensions if previous is not None else ()
    own = {one.code: frozenset(one.codes) for one in cube.dimensions}
    had = {one.code: frozenset(one.codes) for one in before}
    return Changes(
        found=changed_between(previous, cube),
        cube=cube,
        new={code: categories - had.get(code, frozenset()) for code, categories in own.items()},
        alike=own.keys() == had.keys(),
    )
