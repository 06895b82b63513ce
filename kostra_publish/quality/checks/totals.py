"""Totals against their parts in safe cubes, where all of them are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kostra_publish.codes import regions as codes
from kostra_publish.cube.partition import Partition
from kostra_publish.disclosure.safe import MISSING, NOT_APPLICABLE, SafeCube
from kostra_publish.outputs.norwegian import counted, number
from kostra_publish.outputs.quality import Column, Row
from kostra_publish.quality.evidence import Evidence, Outcome, not_made
from kostra_publish.specs import quality as specs
from kostra_publish.specs.dimensions import TIME, CubeDimension
from kostra_publish.specs.models import Count, Difference, Measure, Sum

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

_EXACT = 1e-6
_WHOLE = ("fylke", "kostragruppe", "land", "land_uten_oslo")


@dataclass(frozen=True)
class _Slice:
    """One measure of a cube in one vintage; arrays have the shape (regions, categories …).

    ``figures`` is NaN where there is a sign, ``unused`` where the sign says that a category is
    not in use. ``members`` is 1 where a kommune is part of a larger region (regions, regions),
    ``tolerance`` (regions) how far one rounded figure may be from the true one.
    """

    cube: SafeCube
    measure: Measure
    figures: Array
    unused: Flags
    members: Array
    tolerance: Array

    def spread(self, tolerance: Array) -> Array:
        """Something by region, so that it fits the figures."""
        return tolerance.reshape(-1, *(1 for _ in self.figures.shape[1:]))


@dataclass(frozen=True)
class _Compared:
    """Totals and the sums of their parts, of equal shape; NaN where not all is shown.

    ``axis`` is where the total has a ``place`` of its own; None for regions. Without ``whole``
    the total may be larger than the sum.
    """

    what: str
    total: Array
    parts: Array
    tolerance: Array
    whole: bool = True
    axis: int | None = None
    place: int = 0

    @property
    def compared(self) -> int:
        """How many totals have been summed after."""
        return int((~np.isnan(self.total) & ~np.isnan(self.parts)).sum())

    @property
    def wrong(self) -> Flags:
        """Which totals do not add up."""
        difference = self.parts - self.total
        found: Flags = difference > self.tolerance
        return found | (-difference > self.tolerance) if self.whole else found


def totals(_limits: specs.Totals, evidence: Evidence) -> Outcome:
    """Every count and sum of this round's vintage: by dimension, and by region."""
    if evidence.cubes is None:
        return not_made("det er ingen skjermede tabeller ennå")
    looked_at, tables = 0, 0
    rows: list[Row] = []
    for cube in evidence.cubes:
        of_cube = 0
        for part in _slices(cube, evidence.now.vintage):
            for found in (*_by_dimension(part, evidence.partitions), *_by_region(part)):
                of_cube += found.compared
                rows += _rows(part, found)
        looked_at += of_cube
        tables += of_cube > 0
    return Outcome(
        not rows,
        f"{counted(looked_at, 'total', 'totaler')} i {counted(tables, 'tabell', 'tabeller')} er "
        f"summert etter; {f'{number(len(rows))} går ikke opp' if rows else 'alle går opp'}.",
        "Antall må gå opp helt; avrundede summer og beregnede tall innenfor avrundingen.",
        (
            Column("table", "Tabell"),
            Column("measure", "Tall"),
            Column("what", "Total"),
            Column("where", "Hvor"),
            Column("total", "Vist", 1),
            Column("parts", "Sum av delene", 1),
            Column("difference", "Forskjell", 1, signed=True),
        ),
        tuple(rows),
    )


def _slices(cube: SafeCube, vintage: int) -> Iterator[_Slice]:
    """The counts, sums and differences of a cube."""
    time = cube.dimension(TIME).codes
    if str(vintage) not in time:
        return
    year = time.index(str(vintage))
    values = cube.values.to_numpy().reshape(cube.size)[..., year]
    statuses = cube.statuses.fill_null("")
    unused, missing = (
        (statuses == sign).to_numpy().reshape(cube.size)[..., year]
        for sign in (NOT_APPLICABLE, MISSING)
    )
    members = _members(cube.dimensions[0], vintage)
    larger = _may_be_estimated(cube)
    for place, measure in enumerate(cube.table.measures):
        if isinstance(measure.formula, Count | Sum | Difference):
            lacking = np.asarray(missing[..., place].reshape(len(members), -1).any(axis=1))
            estimated = larger & _lacks(members, lacking)
            tolerance = _tolerance(measure, estimated)
            yield _Slice(cube, measure, values[..., place], unused[..., place], members, tolerance)


def _may_be_estimated(cube: SafeCube) -> Flags:
    """Which regions hold estimates where a kommune has not reported."""
    if cube.table.missing == "sum":
        return np.zeros(cube.size[0], dtype=np.bool_)
    return np.array([codes.kind_of(code) in _WHOLE for code in cube.dimensions[0].codes])


def _lacks(members: Array, lacking: Flags) -> Flags:
    """Which regions have a kommune without figures, or kommuner that the table does not show."""
    found: Flags = (members @ lacking.astype(np.float64) > 0) | (members.sum(axis=1) == 0)
    return found


def _tolerance(measure: Measure, estimated: Flags) -> Array:
    """How far a shown figure may be from what it was before it was rounded; counts are whole."""
    rounded = 0.5 * 10.0**-measure.decimals
    if isinstance(measure.formula, Count):
        return np.where(estimated, rounded, 0.0)
    return np.full(estimated.shape, rounded)


def _by_dimension(
    part: _Slice, partitions: Mapping[tuple[str, str], Partition]
) -> Iterator[_Compared]:
    """The total of each dimension against its parts; a category not in use adds nothing."""
    if isinstance(part.measure.formula, Difference):
        return
    filled = np.where(part.unused, 0, part.figures)
    for axis, dimension in enumerate(part.cube.dimensions[1:-2], start=1):
        partition = partitions.get((part.cube.table.id, dimension.code))
        if partition is None or dimension.total is None:
            continue
        place = dimension.codes.index(dimension.total)
        parts = [dimension.codes.index(code) for code in partition.parts]
        rounded = part.tolerance * (len(parts) + 1) + _EXACT
        yield _Compared(
            f"totalen for {dimension.label.nb.lower()}",
            part.figures.take([place], axis=axis),
            filled.take(parts, axis=axis).sum(axis=axis, keepdims=True),
            part.spread(rounded),
            partition.whole,
            axis,
            place,
        )


def _by_region(part: _Slice) -> Iterator[_Compared]:
    """Larger regions against their kommuner, where every one of them is shown."""
    members = part.members
    if not members.any():
        return
    flat = part.figures.reshape(len(members), -1)
    shown = ~np.isnan(flat)
    of_region = members.sum(axis=1)
    whole = (members @ shown.astype(np.float64) == of_region[:, None]) & (of_region > 0)[:, None]
    sums = np.where(whole, members @ np.where(shown, flat, 0), np.nan)
    rounded = part.tolerance * (of_region + 1) + _EXACT
    yield _Compared(
        "summen av kommunene",
        part.figures,
        sums.reshape(part.figures.shape),
        part.spread(rounded),
    )


def _members(regions: CubeDimension, vintage: int) -> Array:
    """1 where a kommune is part of a larger region, shape (regions, regions).

    A region whose kommuner are not all in the table has none.
    """
    places = {code: place for place, code in enumerate(regions.codes)}
    larger: dict[str, list[str]] = {}
    for region, kind, kommune in codes.members(vintage).iter_rows():
        if region in places and kind in _WHOLE:
            larger.setdefault(region, []).append(kommune)
    found = np.zeros((len(places), len(places)))
    for region, kommuner in larger.items():
        if all(kommune in places for kommune in kommuner):
            found[places[region], [places[kommune] for kommune in kommuner]] = 1
    return found


def _rows(part: _Slice, found: _Compared) -> Iterator[Row]:
    dimensions = part.cube.dimensions[:-2]
    for place in np.argwhere(found.wrong):
        total, parts = float(found.total[tuple(place)]), float(found.parts[tuple(place)])
        if found.axis is not None:
            place[found.axis] = found.place
        where = [
            dimension.labels[number].nb for dimension, number in zip(dimensions, place, strict=True)
        ]
        yield Row(
            (
                part.cube.table.id,
                part.measure.label.nb,
                found.what,
                ", ".join(where),
                total,
                parts,
                total - parts,
            ),
            flagged=True,
        )
