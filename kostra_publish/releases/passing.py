"""Safe cubes on their way from the process that makes them to the one that shows them.

A safe cube cannot be pickled, which would be a way to cells that no seal was set on. What is
passed on is what a release would keep of it, and only to a process that this program started.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kostra_publish.disclosure.safe import (
    SIGNS,
    CubeDimension,
    SafeCube,
    VintageFacts,
    only_safe,
)
from kostra_publish.disclosure.stored import arrived
from kostra_publish.specs.models import TableSpec


@dataclass(frozen=True, eq=False, repr=False)
class Passed:
    """What is passed on of a safe cube: all of it, made safe already.

    ``cells`` has value (Float64) and status (Enum), in the cube's order.
    """

    table: TableSpec
    dimensions: tuple[CubeDimension, ...]
    vintages: tuple[VintageFacts, ...]
    cells: pl.DataFrame

    @classmethod
    def of(cls, cube: SafeCube) -> Passed:
        """Ready to be sent."""
        (cube,) = only_safe([cube])
        # A sign takes a byte so, and much is passed on.
        signs = cube.statuses.cast(pl.Enum(SIGNS))
        cells = pl.DataFrame({"value": cube.values, "status": signs})
        return cls(cube.table, cube.dimensions, tuple(cube.vintages.values()), cells)

    @property
    def cube(self) -> SafeCube:
        """The cube again."""
        vintages = {facts.vintage: facts for facts in self.vintages}
        return arrived(self.table, self.dimensions, self.cells, vintages)
