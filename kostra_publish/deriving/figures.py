"""The published figures of one region, and the published parts that they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from kostra_publish.codes.regions import kind_of
from kostra_publish.cube.atoms import AtomKey, Compiler, LinearForm, Quotient
from kostra_publish.cube.conditions import ALL
from kostra_publish.deriving.formulas import Made, Piece
from kostra_publish.disclosure.safe import SafeCube, VintageFacts
from kostra_publish.errors import UsageError
from kostra_publish.outputs.grid import GridCell, grid
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, TIME
from kostra_publish.specs.models import Figure, Measure, TableSpec

Plain: TypeAlias = Mapping[tuple[str, str | None, str, bool], float]
"""What a count, a sum or a difference is made of: factors by source, column and conditions."""

SINGLE = frozenset({"kommune", "bydel"})


@dataclass(frozen=True)
class Place:
    """A measure of a table in one region, with a category of each of the table's own dimensions.

    ``factor`` is what it must be multiplied by to be what is sought.
    """

    table: str
    measure: Measure
    categories: Mapping[str, str]
    factor: float = 1.0


@dataclass(frozen=True)
class Part:
    """One side of a division, or one piece of a sum: where it is published, if it is."""

    place: Place | None
    cells: Mapping[int, GridCell]
    """By year, what is published there."""
    name: str = ""
    """What it is, where it is one of several."""

    def span(self, year: int, *, exact: bool) -> tuple[float, float] | None:
        """Between which numbers it lies, given how it is rounded; None where it is no number."""
        cell = self.cells.get(year)
        if cell is None or cell.value is None or self.place is None:
            return None
        half = 0.0 if exact else 0.5 * 10**-cell.decimals
        ends = ((cell.value + step) * self.place.factor for step in (-half, half))
        low, high = sorted(ends)
        return low, high


@dataclass(frozen=True)
class Tried:
    """The formula on published parts: what comes out, and whether the figure can be that."""

    value: float
    agrees: bool


@dataclass(frozen=True, eq=False)
class Figures:
    """A measure of a table in one region of a release, year by year.

    ``cubes`` are those of the release, by table id; ``categories`` has one of each dimension of
    the table that is not at its total.
    """

    made: Made
    cubes: Mapping[str, SafeCube]
    region: str
    categories: Mapping[str, str]

    @property
    def cube(self) -> SafeCube:
        """The table's cube."""
        return self.cubes[self.made.table.id]

    @property
    def vintages(self) -> Mapping[int, VintageFacts]:
        """How each year was published."""
        return self.cube.vintages

    @cached_property
    def cells(self) -> Mapping[int, GridCell]:
        """The figure itself, by year."""
        return self._cells(Place(self.made.table.id, self.made.measure, self.own))

    @cached_property
    def sides(self) -> tuple[list[Part], list[Part]]:
        """The parts above and below the line; one for a whole side where that is published."""
        made = self.made
        if isinstance(made.measure.formula, Figure):
            return [], []
        above = self._parts(made.quotient.numerator, made.above)
        if self.is_plain:
            above = [one for one in above if one.place is not None]
        return above, self._parts(made.quotient.denominator, made.below)

    @property
    def is_plain(self) -> bool:
        """Whether the figure is one count or sum: it is published at least where it stands."""
        return len(self.made.quotient.atoms) == 1

    def tried(self, year: int) -> Tried | None:
        """The formula on the published parts of a year; None where one is not a number."""
        quotient, cell = self.made.quotient, self.cells.get(year)
        sides = [self._span(side, year) for side in self.sides if side]
        if cell is None or cell.value is None or not sides or None in sides:
            return None
        spans = [one for one in sides if one is not None]
        span = spans[0] if len(spans) == 1 else _divided(*spans)
        if span is None:
            return None
        low, high = sorted(end * quotient.factor for end in span)
        half = 0.5 * 10**-cell.decimals
        slack = half + 1e-9 * max(1.0, abs(cell.value))
        return Tried((low + high) / 2, low - slack <= cell.value <= high + slack)

    def _span(self, side: Sequence[Part], year: int) -> tuple[float, float] | None:
        found = [one.span(year, exact=self._exact(one)) for one in side]
        spans = [one for one in found if one is not None]
        if len(spans) < len(found):
            return None
        return sum(low for low, _ in spans), sum(high for _, high in spans)

    def _exact(self, part: Part) -> bool:
        """Whether a part is published as it is: a count of one kommune."""
        return (
            part.place is not None
            and part.place.measure.formula.kind == "count"
            and kind_of(self.region) in SINGLE
        )

    # --- where parts are published -----------------------------------------------------------

    def _parts(self, form: LinearForm, pieces: Sequence[Piece]) -> list[Part]:
        """The side as one published number; else piece by piece."""
        if not form:
            return []
        whole = self._published(form)
        if whole is not None or len(form) == 1:
            return [Part(whole, self._cells(whole) if whole else {})]
        each = [self._published((one,)) for one in form]
        return [
            Part(place, self._cells(place) if place else {}, piece.sign + piece.name)
            for place, piece in zip(each, pieces, strict=True)
        ]

    def _published(self, form: LinearForm) -> Place | None:
        """Where the very number is published, in the same table rather than another."""
        sought = _plain(form)
        for place, found in self._candidates(form):
            if (factor := _times(sought, found)) is not None:
                return Place(place.table, place.measure, place.categories, factor)
        return None

    def _candidates(self, form: LinearForm) -> Iterator[tuple[Place, Plain]]:
        """What is published without a division, where it can be what a form is."""
        own, spec = self.made.table, self.made.catalogue
        if self._whole or not any(atom.grouped for _, atom in form):
            for table in sorted(self.cubes, key=lambda name: name != own.id):
                totals = _totals(spec, spec.tables[table])
                if totals is not None and self._alike(spec.tables[table]):
                    yield from self._plain_measures(spec.tables[table], totals)
        elif all(atom.grouped for _, atom in form):
            for place, found in self._plain_measures(own, self.own):
                if all(atom.grouped for _, atom in self._quotients[own.id, place.measure.code]):
                    yield place, found

    def _plain_measures(
        self, table: TableSpec, categories: Mapping[str, str]
    ) -> Iterator[tuple[Place, Plain]]:
        published = self.cubes[table.id].dimension(CONTENTS).codes
        for measure in table.measures:
            form = self._quotients.get((table.id, measure.code))
            if form and measure.code in published and measure is not self.made.measure:
                yield Place(table.id, measure, categories), _plain(form)

    @cached_property
    def _quotients(self) -> dict[tuple[str, str], LinearForm]:
        """What measures are sums of that are not divided, by table and measure."""
        catalogue = self.made.catalogue
        compiler = Compiler(catalogue)
        every: Iterator[tuple[str, Quotient]] = (
            (table, one)
            for table in self.cubes
            for one in compiler.quotients(catalogue.tables[table], self.made.year)
        )
        return {
            (table, one.measure.code): tuple(
                (factor * one.factor, atom) for factor, atom in one.numerator
            )
            for table, one in every
            if not one.denominator
        }

    def _alike(self, table: TableSpec) -> bool:
        """Whether a table has the region, and makes it as this one does."""
        if self.region not in self.cubes[table.id].dimensions[0].codes:
            return False
        return kind_of(self.region) in SINGLE or table.missing == self.made.table.missing

    # --- cells ------------------------------------------------------------------------------

    @cached_property
    def own(self) -> Mapping[str, str]:
        """A category of each of the table's own dimensions.

        Raises UsageError where one has no total and none is asked for.
        """
        dimensions = self.cube.dimensions[1:-2]
        own = {one.code: self.categories.get(one.code, one.total or "") for one in dimensions}
        for one in dimensions:
            if not own[one.code]:
                some = ", ".join(one.codes[:4])
                raise UsageError(
                    f"table {self.made.table.id} has no total of {one.code}",
                    fix=f"Say which category: --category {one.code}=CODE, such as {some}.",
                )
        return {**own, **self.categories}

    @property
    def _whole(self) -> bool:
        """Whether everybody in the table is asked for."""
        return _totals(self.made.catalogue, self.made.table) == self.own

    def _cells(self, place: Place) -> Mapping[int, GridCell]:
        cube = self.cubes[place.table]
        region = cube.dimensions[0].code
        single = {region: self.region, CONTENTS: place.measure.code, **place.categories}
        picked = {code: [category] for code, category in single.items()}
        stub = [one.code for one in cube.dimensions if one.code != TIME]
        (row,) = grid(cube, picked, stub=stub, heading=[TIME]).rows
        return dict(zip(map(int, cube.dimension(TIME).codes), row, strict=True))


def _plain(form: LinearForm) -> Plain:
    found: dict[tuple[str, str | None, str, bool], float] = {}
    for factor, atom in form:
        key = _key(atom)
        found[key] = found.get(key, 0.0) + factor
    return found


def _key(atom: AtomKey) -> tuple[str, str | None, str, bool]:
    return atom.source, atom.of, atom.where, atom.given


def _times(sought: Plain, found: Plain) -> float | None:
    """What ``found`` must be multiplied by to be what is sought; None: it is something else."""
    if sought.keys() != found.keys():
        return None
    first, *rest = (sought[key] / found[key] for key in sought)
    return first if all(abs(one - first) < 1e-9 * abs(first) for one in rest) else None


def _totals(catalogue: Catalogue, table: TableSpec) -> Mapping[str, str] | None:
    """The totals of a table's own dimensions; None where one has none that holds everybody."""
    totals = {}
    for dimension in table.dimensions:
        known = {one.code: one.values for one in catalogue.categories(dimension)}
        if dimension.total is None or known[dimension.total] != (ALL,):
            return None
        totals[dimension.code] = dimension.total
    return totals


def _divided(above: tuple[float, float], below: tuple[float, float]) -> tuple[float, float] | None:
    """Between which numbers a division lies; None where the denominator may be nought."""
    if below[0] <= 0 <= below[1]:
        return None
    every = [one / other for one in above for other in below]
    return min(every), max(every)
