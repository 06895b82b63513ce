"""Which cells of a table differ between two releases, and how.

Both cubes are laid on one grid: the categories that either has, dimension by dimension.
Everything is done on whole columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.comparing.asking import Asked
from kostra_publish.comparing.sides import Heads, Json, Side
from kostra_publish.disclosure.safe import (
    MISSING,
    NOT_APPLICABLE,
    SIGNS,
    SUPPRESSED,
    CubeDimension,
    SafeCube,
)
from kostra_publish.outputs.comparison.facts import (
    CELL_COLUMNS,
    KINDS,
    ComparedDimension,
    Kind,
    TableChanges,
)
from kostra_publish.outputs.facts import measures
from kostra_publish.releases.described import StoredDimension
from kostra_publish.specs.dimensions import CONTENTS

Dimension = StoredDimension | CubeDimension
Positions = NDArray[np.int64]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Shows = NDArray[np.uint8]
"""What a cell shows: the position of its sign in ``SIGNS``, ``_NUMBER`` or ``_ABSENT``."""

_NUMBER: Final = len(SIGNS)
_ABSENT: Final = len(SIGNS) + 1
_SAME: Final = len(KINDS)
"""The place after the kinds: no change."""


def _kind(before: int, after: int) -> int:
    """The kind of a change from one thing shown to another; two numbers are looked at apart."""
    absent = {_ABSENT, SIGNS.index(NOT_APPLICABLE)}
    missing, suppressed = SIGNS.index(MISSING), SIGNS.index(SUPPRESSED)
    if before == after or {before, after} <= absent:
        return _SAME
    rules: tuple[tuple[bool, Kind], ...] = (
        (before == _ABSENT, "added"),
        (after == _ABSENT, "removed"),
        (after == suppressed, "newly suppressed"),
        (before == suppressed and after == _NUMBER, "newly shown"),
        (before == missing and after == _NUMBER, "newly reported"),
        (before == _NUMBER and after == missing, "no longer reported"),
        (True, "other sign"),
    )
    return KINDS.index(next(kind for holds, kind in rules if holds))


_KIND_OF: Final[Shows] = np.array(
    [[_kind(before, after) for after in range(_ABSENT + 1)] for before in range(_ABSENT + 1)],
    dtype=np.uint8,
)


@dataclass(frozen=True, eq=False)
class _Cells:
    """What a release shows of a table, row-major over some grid."""

    values: Numbers
    shows: Shows

    @classmethod
    def of(cls, cells: pl.DataFrame) -> _Cells:
        signs = cells["status"].cast(pl.Enum(SIGNS)).to_physical()
        return cls(
            cells["value"].fill_null(0.0).to_numpy(),
            signs.cast(pl.UInt8).fill_null(_NUMBER).to_numpy(),
        )

    def on(self, targets: Positions, size: int) -> _Cells:
        """The cells at their places in a larger grid, which has no others."""
        values, shows = np.zeros(size), np.full(size, _ABSENT, dtype=np.uint8)
        values[targets], shows[targets] = self.values, self.shows
        return _Cells(values, shows)

    def __getitem__(self, rows: Positions) -> _Cells:
        return _Cells(self.values[rows], self.shows[rows])

    def __len__(self) -> int:
        return len(self.shows)

    def columns(self, when: str) -> list[pl.Series]:
        """Value and sign, null where the cell shows something else."""
        value = pl.Series(f"{when}_value", self.values)
        shows = pl.Series(f"{when}_sign", self.shows)
        number = pl.DataFrame([value, shows]).select(
            pl.when(shows == _NUMBER).then(value).alias(value.name),
            pl.when(shows < _NUMBER).then(shows).cat.to(CELL_COLUMNS[shows.name]).alias(shows.name),
        )
        return number.get_columns()


@dataclass(frozen=True, eq=False)
class _Shown:
    """A table as one release shows it."""

    dimensions: Sequence[Dimension]
    cells: _Cells


def changed_cells(
    table: str, before: Side, after: Side, asked: Asked | None = None
) -> TableChanges:
    """The changed cells of a table that one release has, or both; of what is asked for."""
    old, new = (
        _Shown(side.cubes[table].dimensions, _Cells.of(side.cells[table]))
        if table in side.cubes
        else None
        for side in (before, after)
    )
    heads = [side.heads[table] for side in (after, before) if table in side.cubes]
    return _compared(
        old, new, asked, table=table, title=_title(heads[0]), decimals=_decimals(heads)
    )


def changed_between(before: SafeCube | None, after: SafeCube) -> TableChanges:
    """The changed cells of a table that is in memory; without one before, each is added."""
    cubes = [cube for cube in (before, after) if cube is not None]
    decimals: dict[str, int] = {}
    for cube in cubes:
        for measure in measures(cube):
            decimals[measure.code] = max(decimals.get(measure.code, 0), measure.decimals)
    old, new = (
        None if cube is None else _Shown(cube.dimensions, _Cells.of(_frame_of(cube)))
        for cube in (before, after)
    )
    spec = after.table
    return _compared(old, new, None, table=spec.id, title=spec.title.nb, decimals=decimals)


def _frame_of(cube: SafeCube) -> pl.DataFrame:
    return pl.DataFrame({"value": cube.values, "status": cube.statuses})


def _compared(
    old: _Shown | None,
    new: _Shown | None,
    asked: Asked | None,
    *,
    table: str,
    title: str,
    decimals: Mapping[str, int],
) -> TableChanges:
    dimensions = _dimensions(old, new)
    picked = asked.picked(dimensions) if asked else {}
    if old and new and len(old.dimensions) == len(new.dimensions) == len(dimensions):
        cells, compared = _on_one_grid(
            _laid(old, dimensions), _laid(new, dimensions), dimensions, picked
        )
    else:
        # Cells with other dimensions are other cells.
        parts = [
            _all(shown, dimensions, picked, gone=shown is old) for shown in (old, new) if shown
        ]
        cells, compared = pl.concat([part for part, _ in parts]), sum(count for _, count in parts)
    return TableChanges(
        table=table,
        title=title,
        status="in both" if old and new else "added" if new else "removed",
        dimensions=dimensions,
        cells=cells,
        compared=compared,
        decimals=decimals,
    )


def _on_one_grid(
    before: _Cells,
    after: _Cells,
    dimensions: Sequence[ComparedDimension],
    picked: Mapping[str, str],
) -> tuple[pl.DataFrame, int]:
    """The changed cells, and how many there are in either release."""
    kinds = _KIND_OF[before.shows, after.shows]
    numbers = (before.shows == _NUMBER) & (after.shows == _NUMBER)
    kinds[numbers & (before.values != after.values)] = KINDS.index("amended")
    asked = _mask(dimensions, picked)
    rows = np.flatnonzero((kinds != _SAME) & asked)
    there = (before.shows != _ABSENT) | (after.shows != _ABSENT)
    places = np.unravel_index(rows, [len(dimension.codes) for dimension in dimensions])
    positions = {
        one.code: pl.Series(place, dtype=pl.UInt32)
        for one, place in zip(dimensions, places, strict=True)
    }
    frame = _frame(kinds[rows], positions, before[rows], after[rows])
    return frame, int((there & asked).sum())


def _mask(dimensions: Sequence[ComparedDimension | Dimension], picked: Mapping[str, str]) -> Flags:
    """Which cells are in the categories that are picked, by the code of their dimension."""
    mask = np.zeros([len(dimension.codes) for dimension in dimensions], dtype=np.bool_)
    own = {one.code: one.codes for one in dimensions}
    if all(category in own.get(code, ()) for code, category in picked.items()):
        mask[
            tuple(
                codes.index(picked[code]) if code in picked else slice(None)
                for code, codes in own.items()
            )
        ] = True
    return mask.ravel()


def _laid(shown: _Shown, dimensions: Sequence[ComparedDimension]) -> _Cells:
    """A table's cells on the grid of ``dimensions``, which hold all its categories."""
    if [(one.code, one.codes) for one in shown.dimensions] == [
        (one.code, one.codes) for one in dimensions
    ]:
        return shown.cells
    strides = _strides(dimensions)
    flat = np.zeros(1, dtype=np.int64)
    for dimension in shown.dimensions:
        whole = next(one for one in dimensions if one.code == dimension.code)
        place = {code: position for position, code in enumerate(whole.codes)}
        along = np.array([place[code] for code in dimension.codes], dtype=np.int64)
        flat = (flat[:, None] + along[None, :] * strides[dimension.code]).ravel()
    return shown.cells.on(flat, prod(len(dimension.codes) for dimension in dimensions))


def _strides(dimensions: Sequence[ComparedDimension]) -> dict[str, int]:
    """By how much the place of a cell grows with each category of a dimension."""
    strides, size = {}, 1
    for dimension in reversed(dimensions):
        strides[dimension.code] = size
        size *= len(dimension.codes)
    return strides


def _all(
    shown: _Shown,
    dimensions: Sequence[ComparedDimension],
    picked: Mapping[str, str],
    *,
    gone: bool,
) -> tuple[pl.DataFrame, int]:
    """Every cell of a table as removed (``gone``) or added, and how many there are."""
    asked = _mask(shown.dimensions, picked)
    rows = np.flatnonzero((shown.cells.shows != SIGNS.index(NOT_APPLICABLE)) & asked)
    sizes = [len(dimension.codes) for dimension in shown.dimensions]
    own = {
        dimension.code: (dimension, place)
        for dimension, place in zip(shown.dimensions, np.unravel_index(rows, sizes), strict=True)
    }
    positions = {one.code: _positions(one, own.get(one.code), len(rows)) for one in dimensions}
    kind = np.full(len(rows), KINDS.index("removed" if gone else "added"), dtype=np.uint8)
    nothing = _Cells(np.zeros(len(rows)), np.full(len(rows), _ABSENT, dtype=np.uint8))
    there = shown.cells[rows]
    before, after = (there, nothing) if gone else (nothing, there)
    return _frame(kind, positions, before, after), int(asked.sum())


def _positions(
    whole: ComparedDimension, own: tuple[Dimension, Positions] | None, count: int
) -> pl.Series:
    """Where each cell is along a dimension; null where its cube lacks the dimension."""
    if own is None:
        return pl.Series([None], dtype=pl.UInt32).new_from_index(0, count)
    dimension, place = own
    in_whole = {code: position for position, code in enumerate(whole.codes)}
    along = np.array([in_whole[code] for code in dimension.codes], dtype=np.uint32)
    return pl.Series(along[place], dtype=pl.UInt32)


def _frame(
    kinds: Shows, positions: Mapping[str, pl.Series], before: _Cells, after: _Cells
) -> pl.DataFrame:
    kind = pl.Series("kind", kinds).cat.to(CELL_COLUMNS["kind"])
    return pl.DataFrame(
        [
            kind,
            *(series.alias(code) for code, series in positions.items()),
            *before.columns("before"),
            *after.columns("after"),
        ]
    )


# --- what tables and categories are called -------------------------------------------------


def _dimensions(before: _Shown | None, after: _Shown | None) -> tuple[ComparedDimension, ...]:
    """The dimensions of both, with the categories of both: the newer release's come first."""
    found: dict[str, list[Dimension]] = {}
    for shown in (after, before):
        for dimension in shown.dimensions if shown else ():
            found.setdefault(dimension.code, []).append(dimension)
    return tuple(_together(versions) for versions in found.values())


def _together(versions: Sequence[Dimension]) -> ComparedDimension:
    first = versions[0]
    labels: dict[str, str] = {}
    for version in versions:
        for code, label in zip(version.codes, version.labels, strict=True):
            labels.setdefault(code, label.nb)
    # Years stand in their order whichever release has them.
    codes = sorted(labels) if first.role == "time" else list(labels)
    return ComparedDimension(
        first.code, first.role, first.label.nb, tuple(codes), tuple(labels[code] for code in codes)
    )


def _title(heads: Heads) -> str:
    """A table's title without its number and dimensions."""
    head = heads["nb"]
    px = head.get("extension", {}).get("px", {})
    contents = str(px.get("contents", head.get("label", "")))
    return contents.removeprefix(f"{px.get('tableid')}: ")


def _decimals(versions: Sequence[Heads]) -> dict[str, int]:
    """How many decimals each measure is shown with, where it has most."""
    found: dict[str, int] = {}
    for heads in versions:
        contents: Json = heads["nb"].get("dimension", {}).get(CONTENTS, {})
        for code, unit in contents.get("category", {}).get("unit", {}).items():
            found[code] = max(found.get(code, 0), int(unit.get("decimals", 0)))
    return found
