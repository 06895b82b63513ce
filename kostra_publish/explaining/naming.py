"""Tables as explanations see them: what they are divided by, their signs, and names of cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Protocol, TypeAlias

import numpy as np
import polars as pl

from kostra_publish.disclosure.problem import Integers
from kostra_publish.disclosure.safe import SafeCube, VintageFacts
from kostra_publish.errors import UsageError
from kostra_publish.releases.described import StoredCube
from kostra_publish.specs.dimensions import CONTENTS, TIME
from kostra_publish.specs.models import Text, Tongue

NAMED = 4
"""How many cells are named in a row; the rest are counted."""

Codes: TypeAlias = Mapping[str, str]
"""A category of each dimension, by the dimension's code: a cell."""


class Dimension(Protocol):
    """What is read of a dimension, of a safe cube or of one on disk."""

    @property
    def code(self) -> str:
        """Its code."""

    @property
    def role(self) -> str:
        """What it is of: regions (``geo``), time or something else."""

    @property
    def codes(self) -> Sequence[str]:
        """The codes of its categories, in the table's order."""

    @property
    def labels(self) -> Sequence[Text]:
        """Their names."""

    @property
    def total(self) -> str | None:
        """The category that is the sum of the others."""


@dataclass(frozen=True, eq=False)
class Described:
    """A table, without its numbers.

    ``signs`` has what each cell shows, row-major over ``dimensions``, null where it is a number;
    None where the table is only named. ``vintages`` tell how each of its years was published.
    """

    table: str
    dimensions: Sequence[Dimension]
    vintages: Mapping[int, VintageFacts] = field(default_factory=dict)
    signs: pl.Series | None = None

    @classmethod
    def of(cls, cube: SafeCube) -> Described:
        """A safe cube, without its numbers."""
        return cls(cube.table.id, cube.dimensions, cube.vintages, cube.statuses)

    @classmethod
    def stored(cls, cube: StoredCube, signs: pl.Series | None = None) -> Described:
        """What a release keeps of a cube, with its ``signs`` where they have been read."""
        vintages = {facts.vintage: facts for facts in cube.vintages}
        return cls(cube.table, cube.dimensions, vintages, signs)

    @property
    def size(self) -> tuple[int, ...]:
        """The number of categories of each dimension."""
        return tuple(len(one.codes) for one in self.dimensions)

    @property
    def region(self) -> str:
        """The code of the dimension that is of regions."""
        return next(one.code for one in self.dimensions if one.role == "geo")

    def label(self, dimension: str, category: str, tongue: Tongue) -> str:
        """The name of a category."""
        known = next(one for one in self.dimensions if one.code == dimension)
        return known.labels[known.codes.index(category)].get(tongue)

    def places(self, wanted: Codes) -> Integers:
        """The places of the cells that have the wanted categories, row-major.

        Raises UsageError for a dimension or a code that the table does not have.
        """
        own = {one.code: one.codes for one in self.dimensions}
        for code, category in wanted.items():
            if code not in own:
                raise UsageError(
                    f"table {self.table} has no dimension {code}",
                    fix=f"Its dimensions are {', '.join(own)}.",
                )
            if category not in own[code]:
                some = ", ".join(own[code][:NAMED])
                raise UsageError(
                    f"table {self.table} has no {category} in {code}",
                    fix=f"It has {len(own[code])} codes there, such as {some}.",
                )
        grid = np.arange(prod(self.size), dtype=np.int64).reshape(self.size)
        pick = tuple(
            codes.index(wanted[code]) if code in wanted else slice(None)
            for code, codes in own.items()
        )
        return np.atleast_1d(grid[pick]).reshape(-1)

    def codes(self, place: int) -> dict[str, str]:
        """The cell in a place."""
        positions = np.unravel_index(place, self.size)
        return {
            one.code: one.codes[int(position)]
            for one, position in zip(self.dimensions, positions, strict=True)
        }

    def name(self, cell: Codes, tongue: Tongue) -> str:
        """What a cell is called: the region, then what limits it, and an earlier year."""
        words = []
        for one in self.dimensions:
            category = cell[one.code]
            label = self.label(one.code, category, tongue)
            if one.role == "geo":
                words.append(f"{category} {label}")
            elif one.code == TIME:
                words += [label] if self.vintages and int(category) != max(self.vintages) else []
            elif one.code == CONTENTS or category != one.total:
                words.append(label)
        return ", ".join(words)


def place_in(dimensions: Mapping[str, Sequence[str]], cell: Codes) -> int | None:
    """The place of a cell in a table with these dimensions, row-major; None: it has none."""
    place = 0
    for code, codes in dimensions.items():
        if cell.get(code) not in codes:
            return None
        place = place * len(codes) + codes.index(cell[code])
    return place
