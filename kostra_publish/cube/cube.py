"""Cubes: true figures. They never leave the process; disclosure control makes them safe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from math import prod

import numpy as np
from numpy.typing import NDArray

from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import Note, TableSpec

NOT_COUNTED = -1
"""In ``contributors``: no persons contribute, so that disclosure control has nothing to do."""


class State(IntEnum):
    """What a cell holds."""

    FIGURE = 0
    NOT_APPLICABLE = 1
    MISSING = 2


@dataclass(frozen=True, repr=False, eq=False)
class Cube:
    """One table in one vintage: dense, each cell once, in row-major order.

    The dimensions are region, the table's own, contents and time (one year). The three
    arrays have one element per cell: ``value`` (float, NaN where ``state`` is not FIGURE,
    not rounded), ``contributors`` (the fewest units behind any part of the figure that has
    units behind it; 0 when none has; NOT_COUNTED when no persons are involved) and
    ``state`` (see ``State``). ``dominated`` marks cells that rest on a sum which one or two
    contributors dominate; None where no rule asks. ``estimated`` has, for larger regions in
    which kommuner are estimated, the per cent of the inhabitants who live in those.
    """

    table: TableSpec
    vintage: int
    dimensions: tuple[CubeDimension, ...]
    value: NDArray[np.float64]
    contributors: NDArray[np.int64]
    state: NDArray[np.uint8]
    notes: tuple[Note, ...] = ()
    dominated: NDArray[np.bool_] | None = None
    estimated: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit the dimensions or contradict each other."""
        cells = prod(self.shape)
        if self.dominated is not None and self.dominated.shape != (cells,):
            msg = f"table {self.table.id}: not {cells} flags of dominated cells"
            raise ValueError(msg)
        if not self.value.shape == self.contributors.shape == self.state.shape == (cells,):
            msg = f"table {self.table.id}: the arrays do not have {cells} cells"
            raise ValueError(msg)
        if (np.isnan(self.value) != (self.state != State.FIGURE)).any():
            msg = f"table {self.table.id}: a figure is missing or stands where there is none"
            raise ValueError(msg)

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of categories of each dimension."""
        return tuple(len(dimension.codes) for dimension in self.dimensions)

    def __repr__(self) -> str:
        shape = " x ".join(str(size) for size in self.shape)
        return f"Cube({self.table.id}, {self.vintage}, {shape})"
