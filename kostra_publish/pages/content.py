"""What stands on pages: an area beside others, and all kommuner by one figure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import log
from typing import Final

from kostra_publish.disclosure.safe import Corrected, VintageFacts
from kostra_publish.outputs.facts import dated
from kostra_publish.pages.areas import Area, Areas, Former
from kostra_publish.pages.figures import Cell, Figures, Known, Series, Source
from kostra_publish.specs.models import LANGUAGES, Break, Text
from kostra_publish.specs.pages import KeyFigure, Pages, Theme

ROLES: Final = ("group", "county", "country", "rest")
"""The areas that one is compared with, in the order of the columns."""

_SIMILAR: Final = 5
_LEAD: Final = ("tilfeller", "tilfeller-andel")
"""The key figures of the lead: how many, and how large a share."""
_ALIKE_BY: Final = ("tilfeller-andel", "netto-per-innbygger")
_SIZE: Final = "innbyggere"


@dataclass(frozen=True)
class Spread:
    """A key figure in all kommuner that show it in its newest year, lowest first."""

    known: Known
    year: int
    values: tuple[float, ...]
    by_code: Mapping[str, float]

    def rank(self, cell: Cell) -> int | None:
        """The place among them, the highest first; None for what is no number of that year."""
        if cell.value is None or cell.year != self.year or cell.region not in self.by_code:
            return None
        return len(self.values) - bisect_right(self.values, cell.value) + 1

    def share(self, cell: Cell | None) -> float | None:
        """Where a figure is between the lowest and the highest, 0 to 1; outside counts as there."""
        if cell is None or cell.value is None or cell.year != self.year or not self.values:
            return None
        low, high = self.values[0], self.values[-1]
        if high == low:
            return 0.5
        return min(1.0, max(0.0, (cell.value - low) / (high - low)))

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """The same for each kommune."""
        if not self.values:
            return ()
        low, span = self.values[0], (self.values[-1] - self.values[0]) or 1.0
        return tuple((value - low) / span for value in self.values)

    def fifth(self, value: float) -> int:
        """Which fifth of the kommuner a figure is in: 0 the lowest, 4 the highest."""
        below = bisect_left(self.values, value)
        return min(4, 5 * below // max(1, len(self.values)))

    @property
    def mark(self) -> str:
        """What counts them, for those who check the page."""
        return " ".join(
            [self.known.source.table.id, self.known.measure.code, str(self.year), *self.known.codes]
        )


@dataclass(frozen=True)
class Row:
    """A key figure of an area beside others: the cells stand in the order of the columns."""

    series: Series
    beside: tuple[Cell | None, ...]
    spread: Spread
    rank: int | None


@dataclass(frozen=True)
class Section:
    """A theme on the page of an area: what the area has of it, the figure of the chart first."""

    theme: Theme
    series: tuple[Series, ...]
    lines: tuple[tuple[str, Area, Series], ...]
    """The lines of the chart: role, area and series; the area's own first."""
    years: tuple[int, ...]

    @property
    def tables(self) -> list[str]:
        """The tables that its figures are from, once each."""
        return [*dict.fromkeys(one.newest.mark.partition(" ")[0] for one in self.series)]


@dataclass(frozen=True)
class Trust:
    """How far the newest figures of a page can be trusted.

    ``published`` is when the newest of them were, ``preliminary`` how those were published that
    are preliminary, None where none is, and ``corrections`` what was corrected, with the years.
    """

    published: datetime
    preliminary: VintageFacts | None
    corrections: tuple[tuple[int, Corrected], ...]


class Content:
    """All that pages are made of: areas, key figures, and how kommuner are spread."""

    def __init__(
        self, pages: Pages, areas: Areas, figures: Figures, units: Mapping[str, Text]
    ) -> None:
        self.pages = pages
        self.areas = areas
        self.figures = figures
        self.units = units
        self._kommuner = [area.code for area in areas.of_kind("kommune")]
        self._series: dict[tuple[str, str], Series | None] = {}

    @cached_property
    def key_figures(self) -> list[KeyFigure]:
        """The key figures that some table has."""
        return [figure for figure in self.pages.figures if figure.id in self.figures.by_id]

    def series(self, figure: str, code: str) -> Series | None:
        """A key figure of an area over the years; None where there is none."""
        key = (figure, code)
        if key not in self._series:
            known = figure in self.figures.by_id
            self._series[key] = self.figures.series(figure, code) if known else None
        return self._series[key]

    @cached_property
    def spreads(self) -> Mapping[str, Spread]:
        """By key figure: how the kommuner are spread."""
        return {figure.id: self._spread(figure) for figure in self.key_figures}

    def _spread(self, figure: KeyFigure) -> Spread:
        known = self.figures.known(figure.id)
        year = known.newest_year
        shown = {
            code: cell.value
            for code in self._kommuner
            if (cell := known.cell(code, year)) is not None and cell.value is not None
        }
        return Spread(known, year, tuple(sorted(shown.values())), shown)

    # --- the page of an area --------------------------------------------------------------

    def lead(self, area: Area) -> tuple[Cell | None, Cell | None, list[tuple[Area, Cell]]]:
        """How many cases, what share, and the share in KOSTRA group and country.

        A share is told only beside the number of cases that it is a share of.
        """
        count, share = (self._newest(figure, area) for figure in _LEAD)
        if count is None or share is None or not (count.is_number and share.is_number):
            return count, None, []
        if share.year != count.year:
            return count, None, []
        beside = [
            (other, cell)
            for role in ("group", "country")
            if (other := self._beside(area, role)) is not None
            and (cell := self._at(_LEAD[1], other, share.year)) is not None
            and cell.is_number
        ]
        return count, share, beside

    def _newest(self, figure: str, area: Area) -> Cell | None:
        series = self.series(figure, area.code)
        return None if series is None else series.newest

    def _beside(self, area: Area, role: str) -> Area | None:
        return self.areas.by_code.get(area.beside.get(role, ""))

    def tiles(self, area: Area) -> list[Series]:
        """The few large figures at the top."""
        tiles = [figure for figure in self.key_figures if figure.tile]
        return [series for one in tiles if (series := self.series(one.id, area.code)) is not None]

    def columns(self, area: Area) -> list[tuple[str, Area]]:
        """The areas that one is compared with: role and area."""
        return [(role, other) for role in ROLES if (other := self._beside(area, role)) is not None]

    def rows(self, area: Area) -> Iterator[Row]:
        """The comparison: key figures by which areas of different size can be compared."""
        columns = self.columns(area)
        for figure in self.key_figures:
            own = self.series(figure.id, area.code)
            if not figure.compare or own is None:
                continue
            spread = self.spreads[figure.id]
            beside = tuple(self._at(figure.id, other, own.newest.year) for _, other in columns)
            rank = spread.rank(own.newest) if area.kind == "kommune" else None
            yield Row(own, beside, spread, rank)

    def _at(self, figure: str, area: Area, year: int) -> Cell | None:
        series = self.series(figure, area.code)
        return None if series is None else series.at(year)

    def sections(self, area: Area) -> Iterator[Section]:
        """The themes that the area has figures of."""
        for theme in self.pages.themes:
            series = tuple(
                found
                for figure in theme.figures
                if (found := self.series(figure.id, area.code)) is not None
            )
            if not series:
                continue
            first = series[0]
            lines = [("own", area, first)]
            if first.figure.compare:
                lines += [
                    (role, other, found)
                    for role, other in self.columns(area)
                    if role in {"group", "country"}
                    and (found := self.series(first.figure.id, other.code)) is not None
                ]
            years = tuple(sorted({cell.year for one in series for cell in one.cells}))
            yield Section(theme, series, tuple(lines), years)

    # --- other areas ------------------------------------------------------------------------

    def similar(self, area: Area) -> list[Area]:
        """Kommuner of the same KOSTRA group that are nearest in size and rates that are shown."""
        if area.kind != "kommune":
            return []
        group = [one for one in self.group(area) if one.code != area.code]
        return sorted(group, key=lambda other: (self._distance(area, other), other.code))[:_SIMILAR]

    def group(self, area: Area) -> list[Area]:
        """The kommuner of the same KOSTRA group."""
        own = area.beside.get("group")
        return [one for one in self.areas.of_kind("kommune") if one.beside.get("group") == own]

    def _distance(self, one: Area, other: Area) -> float:
        """How unlike two kommuner are: size on a log scale, each rate as a ratio."""
        return sum(
            self._ratio(self._newest(figure, one), self._newest(figure, other))
            for figure in (_SIZE, *_ALIKE_BY)
        )

    @staticmethod
    def _ratio(one: Cell | None, other: Cell | None) -> float:
        """How unlike two figures are: the logarithm of their ratio; 1 where one is not shown."""
        shown = [cell.value for cell in (one, other) if cell is not None and cell.value]
        return abs(log(shown[0] / shown[1])) if len(shown) > 1 and min(shown) > 0 else 1.0

    def former(self, area: Area) -> Sequence[Former]:
        """The kommuner that were in its area before."""
        return self.areas.former_of.get(area.code, ())

    # --- what readers must know -------------------------------------------------------------

    @cached_property
    def newest_year(self) -> int:
        """The newest year that any key figure has."""
        return max(spread.year for spread in self.spreads.values())

    @cached_property
    def _newest_vintages(self) -> list[tuple[Source, VintageFacts]]:
        """How each table published the newest year, where it has it."""
        year = self.newest_year
        return [(one, one.vintages[year]) for one in self.figures.sources if year in one.vintages]

    def missing(self, area: Area) -> list[Text]:
        """Who in the area has not reported a form for the newest year, as the tables tell it."""
        own = {one.code: one for one in [area, *self.areas.members(area.code)]}
        found: dict[Text, None] = {}
        for _, facts in self._newest_vintages:
            for note in facts.notes:
                if here := [own[code] for code in note.scope.regions if code in own]:
                    names = ", ".join(f"{self._label(one)} ({one.code})" for one in here)
                    found[_ending(note.text, names)] = None
        return [*found]

    def _label(self, area: Area) -> str:
        """What the tables call an area."""
        return self.figures.labels[area.code].nb

    def estimated(self, area: Area) -> float | None:
        """The largest share of an area's inhabitants whose figures are estimated, in per cent."""
        shares = [
            facts.estimated[area.code]
            for source, facts in self._newest_vintages
            if source.table.missing != "sum" and area.code in facts.estimated
        ]
        return max(shares, default=None)

    def sources(self, area: Area) -> list[Source]:
        """The tables that the figures of an area are from, once each."""
        every = [self.series(figure.id, area.code) for figure in self.key_figures]
        found = [self.figures.source(series.newest) for series in every if series is not None]
        return list({source.table.id: source for source in found}.values())

    def trust(self, sources: Sequence[Source]) -> Trust:
        """What is to be said of the figures of these tables, of which there is one at least."""
        newest = max(max(source.vintages) for source in sources)
        facts = [one.vintages[newest] for one in sources if newest in one.vintages]
        corrections = {
            (year, one): None
            for source in sources
            for year, vintage in source.vintages.items()
            for one in vintage.corrected
        }
        return Trust(
            max(one.published for one in facts),
            next((one for one in facts if one.preliminary), None),
            tuple(corrections),
        )

    @property
    def synthetic(self) -> bool:
        """Whether any figure is synthetic."""
        return any(
            one.synthetic for source in self.figures.sources for one in source.vintages.values()
        )

    def is_synthetic(self, cell: Cell) -> bool:
        """Whether a figure is synthetic."""
        return self.figures.source(cell).vintages[cell.year].synthetic

    def unit(self, series: Series) -> Text:
        """What a figure is counted in."""
        return self.units[series.unit]

    def unit_of(self, figure: KeyFigure) -> Text:
        """What a key figure is counted in."""
        return self.units[self.figures.known(figure.id).measure.unit]

    def breaks(self, series: Series) -> tuple[int, ...]:
        """The years from which figures do not compare with those before, where it shows."""
        first = series.cells[0].year
        table, measure, region, *_ = series.newest.mark.split(" ")
        found = self._breaks[table, measure]
        return tuple(one.vintage for one in found if one.vintage > first and _is_in(one, region))

    def remarks(self, area: Area) -> list[Text]:
        """The breaks in the series of an area, those that show, once each."""
        shown = (
            (series.newest.mark.split(" "), series.cells[0].year)
            for figure in self.key_figures
            if (series := self.series(figure.id, area.code)) is not None
        )
        return [
            *dict.fromkeys(
                dated(item.text, [str(item.vintage)])
                for (table, measure, region, *_), first in shown
                for item in self._breaks[table, measure]
                if item.vintage > first and _is_in(item, region)
            )
        ]

    @cached_property
    def _breaks(self) -> Mapping[tuple[str, str], list[Break]]:
        """By table and measure: the breaks in what the table shows of it."""
        by_table = {one.table.id: one.breaks for one in self.figures.sources}
        return {
            (table, one.measure.code): [
                item
                for item in by_table[table]
                if not item.scope.measures or one.measure.code in item.scope.measures
            ]
            for ones in self.figures.by_id.values()
            for one in ones
            for table in [one.source.table.id]
        }


def _is_in(item: Break, region: str) -> bool:
    """Whether a break concerns a region."""
    return not item.scope.regions or region in item.scope.regions


def _ending(text: Text, names: str) -> Text:
    """A note on who has not reported, with these names in place of all."""
    return Text(**{each: f"{text.get(each).rpartition(': ')[0]}: {names}." for each in LANGUAGES})
