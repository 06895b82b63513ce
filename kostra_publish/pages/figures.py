"""The key figures of every area and year, read from safe cubes and written as readers see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.safe import NOT_APPLICABLE, SafeCube, VintageFacts
from kostra_publish.outputs.facts import breaks, is_estimated
from kostra_publish.outputs.norwegian import number
from kostra_publish.specs.dimensions import CONTENTS, TIME
from kostra_publish.specs.models import Break, Language, Measure, TableSpec, Text
from kostra_publish.specs.pages import KeyFigure

Places = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

_SPACE: Final = "\N{NO-BREAK SPACE}"
_PERCENT: Final = "prosent"


class Cell(NamedTuple):
    """A figure as it was published: a number or a sign, and what readers must know of it."""

    year: int
    value: float | None
    sign: str
    """Empty where there is a number."""
    region: str
    """The code that it is published under: that of the former kommune before a change of code."""
    mark: str
    """Table, measure, region, year and codes, for those who check the page."""
    decimals: int
    preliminary: bool
    estimated: bool

    @property
    def is_number(self) -> bool:
        """Whether there is a number."""
        return self.value is not None

    def text(self, language: Language) -> str:
        """The figure as the language writes it, or the sign."""
        return self.sign if self.value is None else written(self.value, self.decimals, language)


@lru_cache(maxsize=1 << 18)
def written(value: float, decimals: int, language: Language, *, signed: bool = False) -> str:
    """A number as the language writes it: ``1 234,5``, in English ``1,234.5``."""
    text = number(value, decimals, signed=signed)
    if language == "en":
        return text.replace(_SPACE, "\0").replace(",", ".").replace("\0", ",")
    return text


class Change(NamedTuple):
    """The change of a figure since the year before."""

    value: float
    percent: bool
    """Whether it is in per cent of the earlier figure; else in the figure's own unit."""
    mark: str
    decimals: int

    def text(self, language: Language) -> str:
        """The change with its sign; per cent with a unit."""
        text = written(self.value, self.decimals, language, signed=True)
        if not self.percent:
            return text
        return f"{text}%" if language == "en" else f"{text}{_SPACE}%"


@dataclass(frozen=True)
class Series:
    """A key figure of one area, oldest year first; years that do not have the area are left out."""

    figure: KeyFigure
    cells: tuple[Cell, ...]
    unit: str

    @property
    def newest(self) -> Cell:
        """The newest year's."""
        return self.cells[-1]

    def at(self, year: int) -> Cell | None:
        """The figure of a year; None where there is none."""
        return self._by_year.get(year)

    @cached_property
    def _by_year(self) -> Mapping[int, Cell]:
        return {cell.year: cell for cell in self.cells}

    @property
    def has_numbers(self) -> bool:
        """Whether any year has a number."""
        return any(cell.is_number for cell in self.cells)

    @cached_property
    def change(self) -> Change | None:
        """From the year before to the newest; None unless both are numbers."""
        now = self.newest
        before = self.cells[-2] if self.cells[:-1] else None
        if before is None or before.value is None or now.value is None:
            return None
        if (before.year, before.region) != (now.year - 1, now.region):
            return None
        table, measure, region, year, *rest = now.mark.split(" ")
        mark = " ".join([table, measure, region, str(before.year), year, *rest])
        difference = now.value - before.value
        # A change in per cent says nothing of what was nothing, or less.
        if self.in_percent or before.value <= 0:
            return Change(difference, percent=False, mark=mark, decimals=now.decimals)
        return Change(100 * difference / before.value, percent=True, mark=mark, decimals=1)

    @property
    def in_percent(self) -> bool:
        """Whether the figure is a share."""
        return self.unit == _PERCENT


@dataclass(frozen=True)
class Source:
    """A table that key figures are from: how each of its years was published, and its breaks.

    Nothing in it but what is published; unlike a safe cube it can go to another process.
    """

    table: TableSpec
    vintages: Mapping[int, VintageFacts]
    breaks: tuple[Break, ...]
    labels: Mapping[str, Text]
    """The name of each region, by code."""

    @classmethod
    def of(cls, cube: SafeCube) -> Source:
        """What is told of a cube."""
        region = cube.dimensions[0]
        labels = dict(zip(region.codes, region.labels, strict=True))
        return cls(cube.table, dict(cube.vintages), tuple(breaks(cube)), labels)


@dataclass(frozen=True)
class Known:
    """A key figure in one table: the numbers of all regions, shape (regions, years)."""

    figure: KeyFigure
    source: Source
    measure: Measure
    places: Mapping[str, int]
    """By region code: the row."""
    years: tuple[int, ...]
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    signs: Sequence[Sequence[str | None]]
    codes: tuple[str, ...]
    """The category of each of the table's own dimensions."""

    @property
    def newest_year(self) -> int:
        """The newest year of the table."""
        return self.years[-1]

    def cell(self, region: str, year: int) -> Cell | None:
        """The figure of a region in a year; None where the table does not have it."""
        place = self.places.get(region)
        if place is None or year not in self.years:
            return None
        column = self.years.index(year)
        sign = self.signs[place][column] or ""
        facts = self.source.vintages[year]
        return Cell(
            year=year,
            value=None if sign else float(self.values[place, column]),
            sign=sign,
            region=region,
            mark=" ".join(
                [self.source.table.id, self.measure.code, region, str(year), *self.codes]
            ),
            decimals=self.measure.decimals,
            preliminary=facts.preliminary,
            estimated=not sign and is_estimated(self.source.table, facts, region),
        )

    def series(self, region: str) -> Series | None:
        """The figure of a region over the years; None where the table does not have the region."""
        if region not in self.places:
            return None
        cells = [cell for year in self.years if (cell := self._in_year(region, year)) is not None]
        if not cells:
            return None
        return Series(self.figure, tuple(cells), self.measure.unit)

    def _in_year(self, region: str, year: int) -> Cell | None:
        """The figure of a year, of the same area under a former code where it had one."""
        for code in (region, *codes.same_area_before(region)):
            cell = self.cell(code, year)
            if cell is not None and cell.sign != NOT_APPLICABLE:
                return cell
        return None


@dataclass(frozen=True)
class Figures:
    """Every key figure there is, by its id: in each table that has it."""

    by_id: Mapping[str, tuple[Known, ...]]

    def series(self, figure: str, region: str) -> Series | None:
        """A key figure of a region; None where no table has it."""
        for known in self.by_id[figure]:
            if (found := known.series(region)) is not None:
                return found
        return None

    def known(self, figure: str) -> Known:
        """A key figure in the first table that has it."""
        return self.by_id[figure][0]

    @cached_property
    def _sources(self) -> Mapping[str, Source]:
        every = [known.source for ones in self.by_id.values() for known in ones]
        return {source.table.id: source for source in every}

    @property
    def sources(self) -> list[Source]:
        """The tables that they are from, each once."""
        return [*self._sources.values()]

    def source(self, cell: Cell) -> Source:
        """The table that a figure is from."""
        return self._sources[cell.mark.partition(" ")[0]]

    @cached_property
    def labels(self) -> Mapping[str, Text]:
        """The name of every region, by code."""
        found: dict[str, Text] = {}
        for source in self.sources:
            found = {**source.labels, **found}
        return found


def figures(wanted: Sequence[KeyFigure], cubes: Sequence[SafeCube]) -> Figures:
    """The key figures that the cubes have; those that none of them has are left out."""
    by_table = {cube.table.id: (cube, Source.of(cube)) for cube in cubes}
    found: dict[str, tuple[Known, ...]] = {}
    for figure in wanted:
        known = tuple(
            one
            for table in figure.tables
            if table in by_table and (one := _known(figure, *by_table[table])) is not None
        )
        if known:
            found[figure.id] = known
    return Figures(found)


def _known(figure: KeyFigure, cube: SafeCube, source: Source) -> Known | None:
    region, *others = cube.dimensions[:-2]
    contents, time = cube.dimension(CONTENTS), cube.dimension(TIME)
    if figure.measure not in contents.codes:
        return None
    chosen = tuple(figure.codes.get(one.code, one.total or one.codes[0]) for one in others)
    # The places of its cells among all, shape (regions, years).
    places: Places = np.arange(len(cube.values)).reshape(cube.size)
    for one, code in zip(others, chosen, strict=True):
        places = np.asarray(places.take(one.codes.index(code), axis=1))
    places = np.asarray(places.take(contents.codes.index(figure.measure), axis=1))
    signs = cube.statuses.gather(places.ravel()).to_list()
    measure = next(one for one in cube.table.measures if one.code == figure.measure)
    return Known(
        figure=figure,
        source=source,
        measure=measure,
        places={code: place for place, code in enumerate(region.codes)},
        years=tuple(map(int, time.codes)),
        values=cube.values.to_numpy()[places],
        signs=[signs[row : row + len(time.codes)] for row in range(0, len(signs), len(time.codes))],
        codes=chosen,
    )
