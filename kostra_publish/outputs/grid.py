"""A table laid out as it is read: some dimensions down the side, the others across the top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.errors import UsageError
from kostra_publish.outputs.facts import layout, measures
from kostra_publish.specs.dimensions import CONTENTS, CubeDimension

Positions = NDArray[np.int64]


class GridCell(NamedTuple):
    """A cell of a table: a number or a sign, and where it stands."""

    position: int
    """Its place among the cells of the cube, row-major."""
    value: float | None
    sign: str
    """Empty where there is a number."""
    decimals: int


@dataclass(frozen=True, eq=False)
class Grid:
    """Some of a table's cells, laid out; its categories stand in the order of the cube.

    ``stub`` are the dimensions down the side and ``heading`` those across the top, each with the
    categories that were picked; the last one turns fastest.
    """

    cube: SafeCube
    stub: tuple[CubeDimension, ...]
    heading: tuple[CubeDimension, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of figures; without a dimension there is one."""
        rows, columns = (prod(len(one.codes) for one in side) for side in (self.stub, self.heading))
        return rows, columns

    @cached_property
    def positions(self) -> Positions:
        """The place of each figure among the cells of the cube, shape (rows, columns)."""
        sides = [*self.stub, *self.heading]
        own = [dimension.code for dimension in self.cube.dimensions]
        strides = np.cumprod([1, *reversed(self.cube.size[1:])])[::-1]
        flat = np.zeros(1, dtype=np.int64)
        for dimension in sides:
            axis = own.index(dimension.code)
            place = {code: n for n, code in enumerate(self.cube.dimensions[axis].codes)}
            along = np.array([place[code] for code in dimension.codes], dtype=np.int64)
            flat = (flat[:, None] + along[None, :] * int(strides[axis])).ravel()
        return flat.reshape(self.shape)

    @cached_property
    def rows(self) -> list[list[GridCell]]:
        """The cells, row by row."""
        flat = self.positions.ravel()
        values = self.cube.values.gather(flat).to_list()
        signs = self.cube.statuses.gather(flat).to_list()
        own = {measure.code: measure.decimals for measure in measures(self.cube)}
        decimals = [own[code] for code in self._along(CONTENTS)]
        cells = [
            GridCell(*one)
            for one in zip(
                flat.tolist(), values, (sign or "" for sign in signs), decimals, strict=True
            )
        ]
        rows, columns = self.shape
        return [cells[first : first + columns] for first in range(0, rows * columns, columns)]

    def _along(self, code: str) -> list[str]:
        """The category of each cell in one dimension, row-major over the grid."""
        sides = [*self.stub, *self.heading]
        sizes = [len(one.codes) for one in sides]
        axis = next(n for n, one in enumerate(sides) if one.code == code)
        places = np.unravel_index(np.arange(prod(sizes)), sizes)[axis]
        return [sides[axis].codes[place] for place in places.tolist()]

    def headers(self, side: Sequence[CubeDimension]) -> list[list[tuple[int, str, int]]]:
        """For each row (or column) of a side, the headers that begin there.

        A header is (which dimension of the side, the category's code, how many rows it spans);
        those that go on from the row before are left out.
        """
        sizes = [len(one.codes) for one in side]
        spans = [prod(sizes[n + 1 :]) for n in range(len(sizes))]
        return [
            [
                (n, dimension.codes[row // spans[n] % sizes[n]], spans[n])
                for n, dimension in enumerate(side)
                if row % spans[n] == 0
            ]
            for row in range(prod(sizes))
        ]


def grid(
    cube: SafeCube,
    picked: Mapping[str, Sequence[str]] | None = None,
    *,
    stub: Sequence[str] | None = None,
    heading: Sequence[str] | None = None,
) -> Grid:
    """The cells of the categories that are ``picked``, by the code of their dimension.

    A dimension that is not picked from has all of its categories. ``stub`` and ``heading`` name
    each dimension exactly once together; without them the table lies as its spec says. Raises
    UsageError for a dimension or category that the table does not have, and for a layout with
    a dimension twice or not at all.
    """
    picked = picked or {}
    own = {dimension.code: dimension for dimension in cube.dimensions}
    if unknown := [code for code in picked if code not in own]:
        raise _no_dimension(cube, unknown)
    chosen = {code: _picked(cube, one, picked.get(code)) for code, one in own.items()}
    sides = layout(cube) if stub is None or heading is None else (list(stub), list(heading))
    named = [*sides[0], *sides[1]]
    if unknown := [code for code in named if code not in own]:
        raise _no_dimension(cube, unknown)
    if sorted(named) != sorted(own):
        raise UsageError(
            f"a layout of table {cube.table.id} has each dimension once, not {', '.join(named)}",
            fix=f"Its dimensions are {', '.join(own)}.",
        )
    return Grid(cube, *(tuple(chosen[code] for code in side) for side in sides))


def _picked(cube: SafeCube, dimension: CubeDimension, codes: Sequence[str] | None) -> CubeDimension:
    if codes is None:
        return dimension
    if unknown := [code for code in codes if code not in dimension.codes]:
        some = ", ".join(dimension.codes[:4])
        raise UsageError(
            f"table {cube.table.id} has no {', '.join(unknown)} in {dimension.code}",
            fix=f"It has {len(dimension.codes)} codes there, such as {some}.",
        )
    return dimension.only(codes)


def _no_dimension(cube: SafeCube, codes: Sequence[str]) -> UsageError:
    return UsageError(
        f"table {cube.table.id} has no dimension {', '.join(codes)}",
        fix=f"Its dimensions are {', '.join(one.code for one in cube.dimensions)}.",
    )
