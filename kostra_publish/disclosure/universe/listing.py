"""Which sets of persons, in which regions, the cells of the tables rest on.

A figure rests on the set behind each of its atoms. Whoever sees a share and what it is a
share of has both numbers, so a figure may be shown only when all of its sets may.

A larger region with missing kommuner is the sum of its reporters and a little of what the
reporters of the KOSTRA groups concerned have (see ``cube.estimates``). Here it is the sum of
its reporters. Where it holds the group as a whole, as the country does, the group's sum is in
it anyway, a little heavier. Where it does not, as in a fylke, whoever can add up the region's
reporters is left with the little: then the figure rests on the group too, unless it is a
count whose little is rounded away as long as the group is small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kostra_publish.cube.aggregate import Scheme
from kostra_publish.cube.atoms import AtomKey, Quotient
from kostra_publish.cube.build import Built, Frame
from kostra_publish.cube.contributors import Population
from kostra_publish.cube.cube import Cube, State
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.problem import Flags, Floats, Integers
from kostra_publish.disclosure.universe.space import Regions
from kostra_publish.specs.models import Measure, TableSpec
from kostra_publish.specs.policy import Cost

_NOWHERE = -1


class Entries(NamedTuple):
    """Cells of a cube, and one set in one region that each rests on, by way of ``atom``.

    The arrays are of equal length. ``shown`` is False where the cell has no figure but tells,
    by having none, whether nobody is in the set. ``weight`` is what the region and the page
    make hiding cost.
    """

    table: str
    atom: AtomKey
    cell: Integers
    number: Integers
    region: Integers
    weight: Floats
    shown: bool
    threshold: int
    hide_zeros: bool


@dataclass
class RegionList:
    """The distinct regions of one population, as they are met."""

    codes: list[dict[str, None]] = field(default_factory=list)
    kinds: list[dict[str, None]] = field(default_factory=list)
    rows: list[Integers] = field(default_factory=list)
    _index: dict[bytes, int] = field(default_factory=dict)

    def add(self, code: str, kind: str, members: Integers) -> int:
        """The number of the region with these members; _NOWHERE when it has none."""
        if not members.any():
            return _NOWHERE
        number = self._index.setdefault(members.tobytes(), len(self.rows))
        if number == len(self.rows):
            self.codes.append({})
            self.kinds.append({})
            self.rows.append(members)
        if code:
            self.codes[number][code] = None
            self.kinds[number][kind] = None
        return number

    def regions(self) -> Regions:
        """All of them."""
        return Regions(
            csr_array(np.array(self.rows)),
            tuple("/".join(codes) or "estimated from" for codes in self.codes),
            tuple("/".join(kinds) for kinds in self.kinds),
        )


@dataclass(frozen=True)
class _Places:
    """The regions of a table in one population.

    ``own`` has the number of each region of the table, ``donors`` that of each group that
    missing kommuner are estimated by, and ``leans`` (regions, groups) how much of the group's
    sum a region takes that does not hold the group.
    """

    own: Integers
    donors: Sequence[int]
    leans: Floats

    def rounded(self, threshold: int) -> _Places:
        """Without the regions whose counts take so little of small groups that it is rounded away.

        Fewer than ``threshold`` persons in each group must come to less than a half.
        """
        less = self.leans.sum(axis=1, keepdims=True) * (threshold - 1) < 0.5
        return replace(self, leans=np.where(less, 0.0, self.leans))


@dataclass(frozen=True, eq=False)
class Listing:
    """What every table rests on, by population."""

    entries: Mapping[Population, Sequence[Entries]]
    regions: Mapping[Population, Regions]


def listing(plan: Plan, built: Built) -> Listing:
    """What the cells of the cubes rest on."""
    found: dict[Population, list[Entries]] = {}
    lists: dict[Population, RegionList] = {}
    for table, cube in zip(plan.every, built.complete, strict=True):
        for population, entries in _of_table(plan, table, cube, built.frames[table.id], lists):
            found.setdefault(population, []).append(entries)
    return Listing(found, {name: regions.regions() for name, regions in lists.items()})


def _of_table(
    plan: Plan,
    table: TableSpec,
    cube: Cube,
    frame: Frame,
    lists: dict[Population, RegionList],
) -> Iterator[tuple[Population, Entries]]:
    measures = len(table.measures)
    shape = (len(frame.regions), -1, measures)
    state = cube.state.reshape(shape)
    cells = np.arange(cube.state.size).reshape(shape)
    kinds = plan.catalogue.policy.cost.regions
    by_kind = np.array([kinds.get(region.kind, 1.0) for region in frame.regions])
    places = {
        population: _places(
            frame, frame.schemes[population.source], lists.setdefault(population, RegionList())
        )
        for population in plan.contributors.populations_of(table)
    }
    for place, measure in enumerate(table.measures):
        behind = plan.contributors.behind.get((table.id, measure.code), ())
        weight = by_kind * _page_weight(table, measure, plan.catalogue.policy.cost)
        for atom, population in behind:
            own = places[population]
            if _is_count(plan.quotients[table.id][measure.code]):
                own = own.rounded(table.disclosure.threshold)
            sets = plan.contributors.numbers(table, atom).ravel()
            for entries in _of_measure(
                table, atom, (state[:, :, place], cells[:, :, place]), sets, own, weight
            ):
                yield population, entries


def _page_weight(table: TableSpec, measure: Measure, cost: Cost) -> float:
    return cost.key_figure if measure.code in table.presentation.key_figures else 1.0


def _places(frame: Frame, scheme: Scheme, regions: RegionList) -> _Places:
    rows = scheme.members.astype(np.int64)
    own = [
        regions.add(region.code, region.kind, members)
        for region, members in zip(frame.regions, rows, strict=True)
    ]
    donors = scheme.donors if scheme.donors is not None else np.zeros((0, rows.shape[1]))
    leans = scheme.leans if scheme.leans is not None else np.zeros((len(own), 0))
    groups = [regions.add("", "", members) for members in donors.astype(np.int64)]
    holds = rows @ donors.T == donors.sum(axis=1)
    return _Places(np.array(own, dtype=np.int64), groups, np.where(holds, 0.0, leans))


def _is_count(quotient: Quotient) -> bool:
    """Whether a measure is a number of persons as it stands, shown without decimals."""
    alone = len(quotient.numerator) == 1 and not quotient.denominator
    return alone and quotient.numerator[0][1].of is None


def _of_measure(
    table: TableSpec,
    atom: AtomKey,
    column: tuple[NDArray[np.uint8], Integers],
    sets: Integers,
    places: _Places,
    weight: Floats,
) -> Iterator[Entries]:
    """``column`` has states and numbers of cells, shape (regions, combinations of categories)."""
    state, cells = column
    number = np.broadcast_to(sets, state.shape)
    rules = table.disclosure

    def entries(where: Flags, region: Integers, weight: Floats, *, shown: bool) -> Entries:
        return Entries(
            table.id,
            atom,
            cells[where],
            number[where],
            np.broadcast_to(region[:, None], state.shape)[where],
            np.broadcast_to(weight[:, None], state.shape)[where],
            shown,
            rules.threshold,
            rules.hide_zeros,
        )

    there = (places.own != _NOWHERE)[:, None]
    shown = there & (state == State.FIGURE)
    yield entries(shown, places.own, weight, shown=True)
    yield entries(there & (state == State.NOT_APPLICABLE), places.own, weight, shown=False)
    for group, donors in enumerate(places.donors):
        leaning = shown & (places.leans[:, group] > 0)[:, None]
        region = np.full(len(places.own), donors, dtype=np.int64)
        yield entries(leaning, region, np.zeros(len(places.own)), shown=True)


# --- entries as cells ------------------------------------------------------------------


def distinct(keys: Sequence[Integers], entries: Sequence[Entries]) -> pl.DataFrame:
    """Each key once, with the strictest of what its entries say; sorted."""
    frames = [
        pl.DataFrame(
            {
                "key": key,
                "weight": one.weight,
                "shown": np.full(len(key), one.shown),
                "threshold": np.full(len(key), one.threshold),
                "hide_zeros": np.full(len(key), one.hide_zeros),
            },
            schema_overrides={"key": pl.Int64, "weight": pl.Float64},
        )
        for key, one in zip(keys, entries, strict=True)
    ]
    return pl.concat(frames).group_by("key").agg(pl.all().max()).sort("key")


class Rests(NamedTuple):
    """Pairs: a cell of a table's cube, and a cell of a problem that it rests on."""

    table: str
    cube_cell: Integers
    cell: Integers


def resting(every: Integers, keys: Sequence[Integers], entries: Sequence[Entries]) -> list[Rests]:
    """The pairs of ``entries``, whose cells are the places of ``keys`` in ``every``."""
    return [
        Rests(one.table, one.cell, np.searchsorted(every, key))
        for key, one in zip(keys, entries, strict=True)
        if one.shown and len(key)
    ]


def matrices(rests: Iterable[Rests], sizes: Mapping[str, int], width: int) -> dict[str, csr_array]:
    """By table: which cells each cube cell rests on, shape (cells of the cube, ``width``)."""
    pairs: dict[str, list[Rests]] = {}
    for one in rests:
        pairs.setdefault(one.table, []).append(one)
    found = {}
    for name, of_table in pairs.items():
        keys = np.concatenate([one.cube_cell * width + one.cell for one in of_table])
        once = np.unique(keys)
        ones = np.ones(len(once), dtype=np.int64)
        found[name] = csr_array((ones, np.divmod(once, width)), shape=(sizes[name], width))
    return found
