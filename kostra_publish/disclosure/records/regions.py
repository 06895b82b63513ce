"""Which regions rows are told by: a kommune that can stand alone, or a visible group of them.

Kommuner that cannot stand alone stand together with others of their size in the fylke, with the
others of the fylke, or with those of the whole country, in that order, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.disclosure.records.boxes import Boxes, Generalisation, Rows
from kostra_publish.disclosure.records.known import Known
from kostra_publish.disclosure.records.refining import Telling
from kostra_publish.disclosure.safe_records import RegionType
from kostra_publish.specs.delivery import RegionLadder

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Kommune:
    """A kommune: its code, its fylke, and its number of inhabitants."""

    code: str
    fylke: str
    inhabitants: int


@dataclass(frozen=True, eq=False)
class Table:
    """All rows of the country by unit and finest values, beside those of earlier deliveries.

    ``unit`` has the place of each element's unit in ``units``; ``net`` has shape (earlier
    deliveries, elements).
    """

    units: tuple[str, ...]
    unit: Integers
    places: Integers
    rows: Integers
    net: Integers

    @classmethod
    def of(
        cls, counts: pl.DataFrame, names: Sequence[str], earlier: Sequence[pl.DataFrame]
    ) -> Table:
        """The table of ``counts`` (unit, the variables, rows) beside ``earlier`` ones."""
        keys = ["unit", *names]
        every = counts.select(*keys, "rows")
        for number, one in enumerate(earlier):
            before = one.select(*keys, pl.col("rows").alias(f"before{number}"))
            every = every.join(before, on=keys, how="full", coalesce=True)
        every = every.fill_null(0).sort(keys)
        units = tuple(every["unit"].unique().sort())
        return cls(
            units=units,
            unit=every["unit"]
            .replace_strict(
                {unit: place for place, unit in enumerate(units)}, return_dtype=pl.Int64
            )
            .to_numpy(),
            places=every.select(names).to_numpy().astype(np.int64),
            rows=every["rows"].to_numpy(),
            net=np.array(
                [(every["rows"] - every[f"before{n}"]).to_numpy() for n in range(len(earlier))],
                dtype=np.int64,
            ).reshape(len(earlier), every.height),
        )

    @cached_property
    def _elements(self) -> list[Integers]:
        """By unit: its elements."""
        order = np.argsort(self.unit, kind="stable")
        ends = np.cumsum(np.bincount(self.unit, minlength=len(self.units)))
        return np.split(order, ends[:-1])

    @cached_property
    def _combination(self) -> Integers:
        """By element: the number of its combination of finest values, in their order."""
        found = np.zeros(len(self.rows), dtype=np.int64)
        for own in self.places.T:
            _, found = np.unique(found * (own.max(initial=0) + 1) + own, return_inverse=True)
        return found

    @cached_property
    def _combinations(self) -> Integers:
        """By number: each combination of finest values that there is."""
        found = np.empty((self._combination.max(initial=-1) + 1, self.places.shape[1]), np.int64)
        found[self._combination] = self.places
        return found

    def elements(self, units: Sequence[int]) -> Integers:
        """The elements of some units."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *(self._elements[n] for n in units)])

    def region(self, elements: Integers) -> tuple[Rows, Integers]:
        """The rows of some elements by finest values, and which of them each element is in."""
        once, which = np.unique(self._combination[elements], return_inverse=True)
        places = self._combinations[once]
        net = self.net[:, elements]

        def summed(numbers: Integers) -> Integers:
            return np.bincount(which, numbers, len(places)).astype(np.int64)

        def each(numbers: Integers) -> Integers:
            found = [summed(one) for one in numbers]
            return np.array(found, dtype=np.int64).reshape(len(numbers), len(places))

        return Rows(places, summed(self.rows[elements]), each(net), each(abs(net))), which


@dataclass(frozen=True, eq=False)
class Told:
    """A region and its boxes.

    ``kommuner`` are those in it; ``elements`` of the table and the combination of finest values
    of each. ``size`` is the place of its group by size, where it is one. ``whole`` tells that it
    is all of its fylke or of the country.
    """

    kind: RegionType
    kommuner: tuple[str, ...]
    fylke: str | None
    size: int | None
    whole: bool
    boxes: Boxes
    elements: Integers
    which: Integers

    @property
    def box(self) -> Integers:
        """The box of each element; -1 in the rest."""
        found: Integers = self.boxes.box[self.which]
        return found


@dataclass(frozen=True, eq=False)
class Regions:
    """The search for the regions that lose least."""

    table: Table
    known: Known
    telling: Telling
    ladder: RegionLadder
    kommuner: Sequence[Kommune]
    _tried: dict[tuple[str, ...], Told | None] = field(default_factory=dict)

    def told(self) -> list[Told]:
        """The regions, sorted by their kommuner; empty where there is no way to tell the rows."""
        by_fylke: dict[str, list[Kommune]] = {}
        for one in self.kommuner:
            if self._units(one.code):
                by_fylke.setdefault(one.fylke, []).append(one)
        found = {fylke: self._best(fylke, own) for fylke, own in sorted(by_fylke.items())}
        left = [one for fylke, own in by_fylke.items() if not found[fylke] for one in own]
        told = [one for each in found.values() for one in each]
        return self._with_rest_of_country(told, left)

    def _best(self, fylke: str, own: Sequence[Kommune]) -> list[Told]:
        """The regions of a fylke that lose least; empty where it cannot be told as it is."""
        ways = [self._parted(fylke, own, rows) for rows in self.ladder.rows]
        return max(ways, key=self._worth)

    def _worth(self, told: Sequence[Told]) -> float:
        return sum(one.boxes.told + self._bits(one) for one in told) if told else -np.inf

    def _bits(self, one: Told) -> float:
        """What it tells of the rows to be of this region and no other."""
        rows = self.table.rows
        own = rows[one.elements].sum()
        share = own / max(1, rows.sum())
        return float(-np.log2(share) * own * self.ladder.weight) if own else 0.0

    def _parted(self, fylke: str, own: Sequence[Kommune], least: int) -> list[Told]:
        """A fylke parted so that every region has ``least`` rows or more."""
        alone: list[Told] = []
        by_size: dict[int, list[Kommune]] = {}
        for one in own:
            told = self._try("kommune", [one], fylke, least)
            if told:
                alone.append(told)
            else:
                size = int(np.searchsorted(self.ladder.sizes, one.inhabitants, side="right"))
                by_size.setdefault(size, []).append(one)
        rest: list[Kommune] = []
        for size, kommuner in sorted(by_size.items()):
            told = self._try("gruppe", kommuner, fylke, least, size) if len(kommuner) > 1 else None
            if told:
                alone.append(told)
            else:
                rest += kommuner
        return self._with_rest(alone, rest, fylke, own, least)

    def _with_rest(
        self,
        alone: list[Told],
        rest: list[Kommune],
        fylke: str,
        own: Sequence[Kommune],
        least: int,
    ) -> list[Told]:
        """The regions with one for what is left; small ones join it until it can stand."""
        codes = {one.code: one for one in own}
        alone = sorted(alone, key=lambda one: self.table.rows[one.elements].sum())
        while rest:
            whole = not alone
            told = self._try("fylke", rest, fylke, least, whole=whole)
            if told or whole:
                return [*alone, told] if told else []
            rest = [*rest, *(codes[code] for code in alone.pop(0).kommuner)]
        return alone

    def _with_rest_of_country(self, told: list[Told], left: list[Kommune]) -> list[Told]:
        codes = {one.code: one for one in self.kommuner}
        least = min(self.ladder.rows)
        told = sorted(told, key=lambda one: self.table.rows[one.elements].sum())
        while left:
            rest = self._try("land", left, None, least, whole=not told)
            if rest or not told:
                told = [*told, rest] if rest else []
                break
            # All regions of the smallest fylke join what is left.
            fylke = told[0].fylke
            gone = [one for one in told if one.fylke == fylke]
            told = [one for one in told if one.fylke != fylke]
            left = [*left, *(codes[code] for one in gone for code in one.kommuner)]
        return sorted(told, key=lambda one: one.kommuner)

    def _try(
        self,
        kind: RegionType,
        kommuner: Sequence[Kommune],
        fylke: str | None,
        least: int,
        size: int | None = None,
        *,
        whole: bool = False,
    ) -> Told | None:
        """A region of these kommuner; None where it is too small or cannot be told."""
        codes = tuple(sorted(one.code for one in kommuner))
        if self.table.rows[self._elements(codes)].sum() < least:
            return None
        if codes not in self._tried:
            self._tried[codes] = self._made(kind, codes, fylke, size, whole=whole)
        found = self._tried[codes]
        if found is None:
            return None
        same = (found.kind, found.size, found.whole) == (kind, size, whole)
        return found if same else self._made(kind, codes, fylke, size, whole=whole)

    def _made(
        self,
        kind: RegionType,
        codes: tuple[str, ...],
        fylke: str | None,
        size: int | None,
        *,
        whole: bool,
    ) -> Told | None:
        elements = self._elements(codes)
        rows, which = self.table.region(elements)
        region = self.known.of([unit for code in codes for unit in self._units(code)])
        boxes = Generalisation(self.telling, region, rows).boxes()
        if boxes is None:
            return None
        return Told(kind, codes, fylke, size, whole, boxes, elements, which)

    def _elements(self, kommuner: Sequence[str]) -> Integers:
        units = [unit for code in kommuner for unit in self._units(code)]
        return self.table.elements([self._index[unit] for unit in units if unit in self._index])

    @cached_property
    def _index(self) -> Mapping[str, int]:
        return {unit: place for place, unit in enumerate(self.table.units)}

    @cached_property
    def _of_kommune(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for unit in self.known.units:
            found.setdefault(unit[:4], []).append(unit)
        return found

    def _units(self, kommune: str) -> list[str]:
        return self._of_kommune.get(kommune, [])


def shares(table: Table, sizes: Sequence[int]) -> tuple[NDArray[np.float64], ...]:
    """By variable: the share of all rows with each finest value."""
    total = max(1, int(table.rows.sum()))
    return tuple(
        np.bincount(table.places[:, n], table.rows, size) / total for n, size in enumerate(sizes)
    )
