"""Safe cubes from an earlier release, and how their vintages are carried on.

What was published is already safe, and must not change: values and signs of earlier
vintages are taken over exactly as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.disclosure.safe import NOT_APPLICABLE, SafeCube, VintageFacts
from kostra_publish.disclosure.seal import SEAL
from kostra_publish.errors import ReleaseError
from kostra_publish.specs.dimensions import CONTENTS, TIME, CubeDimension
from kostra_publish.specs.models import TableSpec, Text

Positions = NDArray[np.int64]

_CELLS = pl.Schema({"value": pl.Float64, "status": pl.String})
_NOWHERE = -1


def restore(
    table: TableSpec,
    dimensions: Sequence[CubeDimension],
    cells: pl.DataFrame,
    vintages: Mapping[int, VintageFacts],
) -> SafeCube:
    """A published cube again, from what its release keeps of it.

    ``cells`` has a code column per dimension, value and status, in the cube's order.
    A measure that has left the spec leaves the table. The caller answers for the
    bytes: `releases.history` reads them only when they are as the release's manifest
    says. Raises ValueError when they do not fit.
    """
    spec = {measure.code for measure in table.measures}
    dimensions = [
        item.only(spec.intersection(item.codes)) if item.code == CONTENTS else item
        for item in dimensions
    ]
    cells = cells.filter(pl.col(CONTENTS).is_in(spec))
    cube = SafeCube(SEAL, table, dimensions, cells, vintages)
    codes = [dimension.code for dimension in cube.dimensions]
    if not cube.frame().select(codes).equals(cells.select(codes)):
        msg = f"table {table.id}: the cells are not in the order of the dimensions"
        raise ValueError(msg)
    return cube


def arrived(
    table: TableSpec,
    dimensions: Sequence[CubeDimension],
    cells: pl.DataFrame,
    vintages: Mapping[int, VintageFacts],
) -> SafeCube:
    """A safe cube again, as another process of this program passed it on.

    ``cells`` has value and status, in the cube's order. Raises ValueError when they do not fit.
    """
    return SafeCube(SEAL, table, dimensions, cells, vintages)


def composed(
    table: TableSpec,
    dimensions: Sequence[CubeDimension],
    vintage: int,
    parts: Mapping[str, SafeCube],
    facts: VintageFacts,
) -> SafeCube:
    """One vintage of a table, each measure as one of ``parts`` shows it, by contents code.

    ``dimensions`` may have other names than the parts, and measures in another order, but the
    same codes. Raises ValueError when they do not.
    """
    contents = next(one for one in dimensions if one.code == CONTENTS)
    size = prod(len(dimension.codes) for dimension in dimensions)
    places = np.arange(size).reshape([len(dimension.codes) for dimension in dimensions])
    rows, found, first = np.zeros(size, dtype=np.int64), [], 0
    for cube in {id(cube): cube for cube in parts.values()}.values():
        own = [n for n, code in enumerate(contents.codes) if parts[code] is cube]
        taken = _positions(cube, dimensions, [contents.codes[n] for n in own], vintage)
        rows[places[..., own, :].ravel()] = np.arange(first, first + taken.size)
        found.append(_cells(cube)[taken])
        first += taken.size
    return SafeCube(SEAL, table, dimensions, pl.concat(found)[rows], {vintage: facts})


def _positions(
    cube: SafeCube, dimensions: Sequence[CubeDimension], measures: Sequence[str], vintage: int
) -> Positions:
    """Where a cube has these measures in a vintage, in the order of ``dimensions``."""
    only: Mapping[str, Sequence[str]] = {CONTENTS: measures, TIME: [str(vintage)]}
    wanted = {one.code: only.get(one.code, one.codes) for one in dimensions}
    if [one.code for one in cube.dimensions] != list(wanted):
        msg = f"table {cube.table.id} has other dimensions"
        raise ValueError(msg)
    kept = []
    for dimension in cube.dimensions:
        known = {code: place for place, code in enumerate(dimension.codes)}
        if not known.keys() >= set(wanted[dimension.code]):
            msg = f"table {cube.table.id}: {dimension.code} has other codes"
            raise ValueError(msg)
        kept.append(np.array([known[code] for code in wanted[dimension.code]], dtype=np.int64))
    found: Positions = np.ravel_multi_index(np.ix_(*kept), cube.size).ravel()
    return found


def with_history(new: SafeCube, earlier: SafeCube | None) -> SafeCube:
    """``new`` with the vintages of ``earlier`` that it does not publish itself.

    Categories are those of both, in the new cube's order, with the new cube's names
    where both have them. A cell that neither has (a region outside its life, a measure
    outside its vintages) is ``.``. A vintage that both have says what it replaces, and, where
    it is corrected, the corrections before. Raises ReleaseError when the two do not have the
    same dimensions.
    """
    if earlier is None:
        return new
    _same_dimensions(new, earlier)
    own = {
        year: _replacing(facts, earlier.vintages[year]) if year in earlier.vintages else facts
        for year, facts in new.vintages.items()
    }
    carried = {year: facts for year, facts in earlier.vintages.items() if year not in own}
    years = {str(year) for year in carried}
    dimensions = [
        _union(dimension, earlier.dimension(dimension.code)) for dimension in new.dimensions
    ]
    size = prod(len(dimension.codes) for dimension in dimensions)
    # The last row is what a cell shows that neither cube has.
    nothing = pl.DataFrame({"value": None, "status": NOT_APPLICABLE}, schema=_CELLS)
    cells = pl.concat([_cells(new), _cells(earlier), nothing])
    rows = np.full(size, cells.height - 1)
    first = 0
    for cube, of_years in ((new, None), (earlier, years)):
        targets = _targets(cube, dimensions, of_years)
        found = np.flatnonzero(targets != _NOWHERE)
        rows[targets[found]] = found + first
        first += targets.size
    return SafeCube(SEAL, new.table, dimensions, cells[rows], {**carried, **own})


def _replacing(facts: VintageFacts, earlier: VintageFacts) -> VintageFacts:
    """The facts of a vintage that was published before."""
    before = earlier.corrected if facts.corrected else ()
    replaced = {"replaces": earlier.round, "corrected": (*before, *facts.corrected)}
    return facts.model_copy(update=replaced)


def _cells(cube: SafeCube) -> pl.DataFrame:
    return pl.DataFrame([cube.values, cube.statuses], schema=_CELLS)


def _same_dimensions(new: SafeCube, earlier: SafeCube) -> None:
    now = [dimension.code for dimension in new.dimensions]
    before = [dimension.code for dimension in earlier.dimensions]
    if now != before:
        raise ReleaseError(
            f"table {new.table.id} has the dimensions {', '.join(now)}, "
            f"but had {', '.join(before)} in the release before",
            fix="Give the changed table an id of its own, or publish the earlier rounds again.",
        )


def _union(new: CubeDimension, earlier: CubeDimension) -> CubeDimension:
    """The categories of both, with the new names where both have them."""
    names: dict[str, Text] = dict(zip(earlier.codes, earlier.labels, strict=True))
    names |= dict(zip(new.codes, new.labels, strict=True))
    codes = sorted(names) if new.role == "time" else merged(new.codes, earlier.codes)
    return replace(new, codes=tuple(codes), labels=tuple(names[code] for code in codes))


def merged(new: Sequence[str], earlier: Sequence[str]) -> list[str]:
    """The codes of both, in the new order.

    A code that only ``earlier`` has comes after the shared code that it followed
    there; among the codes that only ``new`` has in the same place, by code. So a
    former kommune stands among the kommuner of its fylke, before the fylker.
    """
    shared = set(new) & set(earlier)
    former = _by_anchor(earlier, shared)
    result = []
    for anchor, added in _by_anchor(new, shared).items():
        result += [anchor] if anchor else []
        result += _two_way(added, former.get(anchor, []))
    return result


def _by_anchor(codes: Sequence[str], shared: set[str]) -> dict[str, list[str]]:
    """The codes that are not shared, by the shared code before them ("" at the start)."""
    groups: dict[str, list[str]] = {"": []}
    anchor = ""
    for code in codes:
        if code in shared:
            anchor = code
            groups[anchor] = []
        else:
            groups[anchor].append(code)
    return groups


def _two_way(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """Two lists as one, by code; each keeps its own order."""
    result: list[str] = []
    first, second = list(one), list(other)
    while first and second:
        result.append((first if first[0] < second[0] else second).pop(0))
    return result + first + second


def _targets(
    cube: SafeCube, dimensions: Sequence[CubeDimension], years: set[str] | None
) -> Positions:
    """The flat index in the larger cube of each cell, or _NOWHERE."""
    flat = np.zeros(1, dtype=np.int64)
    here = np.ones(1, dtype=np.bool_)
    for dimension in dimensions:
        position = {code: n for n, code in enumerate(dimension.codes)}
        codes = cube.dimension(dimension.code).codes
        if years is not None and dimension.code == TIME:
            position = {code: n for code, n in position.items() if code in years}
        along = np.array([position.get(code, _NOWHERE) for code in codes], dtype=np.int64)
        flat = (flat[:, None] * len(dimension.codes) + along[None, :]).ravel()
        here = (here[:, None] & (along != _NOWHERE)[None, :]).ravel()
    return np.where(here, flat, _NOWHERE)
