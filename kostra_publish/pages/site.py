"""The key-figure site: every page in three languages, downloads, and what search engines read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property, lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from markupsafe import Markup

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.safe import SafeCube, only_safe
from kostra_publish.errors import PublishError
from kostra_publish.outputs.facts import corrected, dated, in_words, preliminary, written
from kostra_publish.pages import downloads
from kostra_publish.pages.areas import Area, Former, areas, norwegian_order
from kostra_publish.pages.content import Content, Row, Section
from kostra_publish.pages.drawing import (
    Bar,
    Block,
    Dot,
    Line,
    Point,
    Tile,
    Words,
    bars,
    dots,
    line_chart,
    sparkline,
    strip,
    tile_map,
)
from kostra_publish.pages.figures import Cell, Series, Source, figures
from kostra_publish.pages.rendering import (
    DEFAULT,
    FIGURES,
    FOLDER,
    SHARED,
    Place,
    Renderer,
    formatter,
)
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import LANGUAGES, Language, Text, Texts
from kostra_publish.specs.pages import KeyFigure, Pages

File = tuple[str, bytes]
"""A path in the release, and the bytes."""
Progress = Callable[[int, int], None]
"""Told how many pages are made, and of how many."""

_SIDE_BY_SIDE: Final = 2
_CHUNK: Final = 12
"""How many areas or figures a process takes at a time."""
_ALONE: Final = 170
"""So few are made by this process alone: others take longer to begin than they would save."""
_DOWNLOADS: Final = (("text/csv", downloads.CSV), ("application/json", downloads.JSON))
_DIVIDED: Final = frozenset({"fylke", "kostragruppe"})
_OF_OSLO: Final = frozenset({"bydel", "bydeler"})
_SMALLEST: Final = frozenset({"kommune", "bydel"})
"""Kinds of area that report themselves, or do not."""
_MAP: Final = {
    "EKA55": (2, 0), "EKA56": (3, 0), "EKA18": (2, 1), "EKA15": (0, 2), "EKA50": (1, 2),
    "EKA46": (0, 3), "EKA34": (1, 3), "EKA33": (1, 4), "EKA32": (2, 4), "EKA03": (3, 4),
    "EKA11": (0, 5), "EKA40": (1, 5), "EKA39": (2, 5), "EKA31": (3, 5), "EKA42": (1, 6),
    # Those of 2020 to 2023, where those that they were split into are now.
    "EKA54": (2, 0), "EKA30": (2, 4), "EKA38": (2, 5),
}  # fmt: skip
"""Column and row of each fylke in the overview, roughly where it lies."""


def write_site(
    cubes: Sequence[SafeCube],
    catalogue: Catalogue,
    release: ReleaseFacts,
    templates: Path,
    progress: Progress = lambda _done, _of: None,
) -> Iterator[File]:
    """The whole site: (path in the release, bytes); nothing when the specs ask for no pages.

    Raises TemplateError when a template is missing or does not hold together, PublishError when
    a process that makes pages is ended.
    """
    site = site_of(cubes, catalogue, release, templates)
    if site is None:
        return
    number = len(site.steps)
    chunks = [range(first, min(first + _CHUNK, number)) for first in range(0, number, _CHUNK)]
    made = _alone(site, chunks) if number <= _ALONE else _side_by_side(site, chunks)
    for chunk, files in zip(chunks, made, strict=True):
        yield from files
        progress(chunk.stop, number)


def site_of(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts, templates: Path
) -> Site | None:
    """The site before any page is made; None when the specs ask for no pages."""
    if catalogue.pages is None:
        return None
    known = figures(catalogue.pages.figures, only_safe(cubes))
    if not known.by_id:
        return None
    content = Content(
        catalogue.pages, areas(release.round.vintage, known.labels), known, catalogue.texts.units
    )
    return Site(content, catalogue.pages, catalogue.texts, release, templates)


def _alone(site: Site, chunks: Sequence[range]) -> Iterator[list[File]]:
    """The files of each chunk, made here."""
    return ([file for step in chunk for file in site.made(step)] for chunk in chunks)


def _side_by_side(site: Site, chunks: Sequence[range]) -> Iterator[list[File]]:
    """The files of each chunk; pages are made by the interpreter, which does one thing at a time.

    So they are made by two processes. Raises PublishError when one of them is ended.
    """
    with ProcessPoolExecutor(_SIDE_BY_SIDE, get_context("spawn"), _begin, (site,)) as pool:
        try:
            yield from pool.map(_make, chunks)
        except BrokenProcessPool as error:
            raise PublishError(
                "a process that makes key-figure pages was ended by something else",
                fix="Nothing has been published. Run it again, with more memory to spare.",
            ) from error


_at_work: list[Site] = []
"""In a process that makes pages: the site."""


def _begin(site: Site) -> None:
    _at_work.append(site)


def _make(steps: Sequence[int]) -> list[File]:
    """The files of these steps."""
    return [file for step in steps for file in _at_work[0].made(step)]


@dataclass(frozen=True)
class Site:
    """The key-figure site of a release; its pages are made as they are asked for."""

    content: Content
    pages: Pages
    texts: Texts
    release: ReleaseFacts
    templates: Path

    @cached_property
    def renderer(self) -> Renderer:
        """What all pages know."""
        return Renderer(
            self.templates,
            {
                "site": self.root,
                "themes": self.pages.themes,
                "texts": self.texts,
                "release": self.release,
                "languages": LANGUAGES,
                "facts": self.facts,
                "shown_figures": self.content.key_figures,
                "year": self.content.newest_year,
                "names": {area.code: area.name for area in self.content.areas},
            },
            self.content.units,
        )

    @property
    def root(self) -> str:
        """The address of the site."""
        return f"{self.pages.address}/nokkeltall/"

    @cached_property
    def facts(self) -> Mapping[Language, Mapping[str, str]]:
        """By language: what is said of the release on every page."""
        return {language: self._facts(language) for language in LANGUAGES}

    def _facts(self, language: Language) -> dict[str, str]:
        update, zone = self.release.next_update, self.release.round.published_at.tzinfo
        synthetic = self.texts.synthetic.get(language) if self.content.synthetic else ""
        return {
            "published": written(self.release.round.published_at.date(), language),
            "next": written(update.astimezone(zone), language) if update else "",
            "synthetic": synthetic,
        }

    def _trust(self, sources: Sequence[Source]) -> dict[str, object]:
        """What a page says of how far the figures of these tables can be trusted."""
        trust = self.content.trust(sources)
        return {
            "published": trust.published.astimezone(self.release.round.published_at.tzinfo),
            "preliminary": preliminary(self.texts, trust.preliminary)
            if trust.preliminary
            else None,
            "corrections": [
                dated(corrected(self.texts, one), [str(year)]) for year, one in trust.corrections
            ],
        }

    @cached_property
    def steps(self) -> list[Area | KeyFigure | Former | str]:
        """What there is to make: a page in all languages at a time."""
        content = self.content
        return [*content.areas, *content.key_figures, *content.areas.former, "plain", "rest"]

    def file(self, path: str) -> bytes | None:
        """A file by its path in the release; None where there is none.

        Raises TemplateError as ``write_site`` does.
        """
        for step in self._steps_of(path):
            if step not in self._made:
                self._made[step] = dict(self.made(step))
            if (found := self._made[step].get(path)) is not None:
                return found
        return None

    def _steps_of(self, path: str) -> list[int]:
        """The steps that may make a file."""
        folder, _, _ = path.removeprefix(f"{FOLDER}/").rpartition("/")
        for language in LANGUAGES:
            folder = folder.removeprefix(f"{language}/")
        return [self._places[folder]] if folder in self._places else self._places_of_rest

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """The step of each folder with a page of its own."""
        found = {}
        for number, step in enumerate(self.steps):
            match step:
                case Area():
                    found[step.path.rstrip("/")] = number
                case KeyFigure():
                    found[f"{FIGURES}/{step.id}"] = number
                case Former():
                    found[step.slug] = number
        return found

    @property
    def _places_of_rest(self) -> list[int]:
        return [number for number, step in enumerate(self.steps) if isinstance(step, str)]

    @cached_property
    def _made(self) -> dict[int, dict[str, bytes]]:
        return {}

    def made(self, step: int) -> Iterator[File]:
        """The files of a step."""
        match self.steps[step]:
            case Area() as area:
                return self._area(area)
            case KeyFigure() as figure:
                return self._figure(figure)
            case Former() as former:
                return self._former(former)
            case "plain":
                return self._plain()
            case _:
                return self._rest()

    def _in_each_language(self, path: str, template: str, **more: object) -> Iterator[File]:
        for language in LANGUAGES:
            yield self.renderer.page(template, Place(language, path), **more)

    # --- areas --------------------------------------------------------------------------

    def _area(self, area: Area) -> Iterator[File]:
        content = self.content
        rows = [
            (row, sparkline(self._points(row.series, DEFAULT)), self._strip(area, row))
            for row in content.rows(area)
        ]
        sections, missing = [*content.sections(area)], content.missing(area)
        shared: dict[str, Any] = {
            "area": area,
            "trail": self._trail(area),
            "lead_cells": content.lead(area),
            "tiles": content.tiles(area),
            "columns": content.columns(area),
            "rows": rows,
            "sections": sections,
            "similar": content.similar(area),
            "group": self._group(area),
            "former": content.former(area),
            "missing": missing if area.kind in _SMALLEST else [],
            "notes": [*([] if area.kind in _SMALLEST else missing), *content.remarks(area)],
            "estimated": self._estimated(area),
            **self._trust(content.sources(area)),
        }
        for language in LANGUAGES:
            charts = [self._lines(section, language) for section in sections]
            structured = self._structured(area, language)
            yield self.renderer.page(
                "area.html.j2",
                Place(language, area.path),
                charts=charts,
                chart_words=self._chart_words[language],
                structured=structured,
                **shared,
            )
        yield from downloads.of_area(content, area)

    def _trail(self, area: Area) -> list[Area]:
        """The larger areas that lead to one."""
        if area.kind in _OF_OSLO:
            return [one for one in self.content.areas if one.code == codes.OSLO]
        if area.kind != "kommune":
            return []
        return [other for role, other in self.content.columns(area) if role == "county"]

    def _group(self, area: Area) -> list[Area]:
        """The kommuner beside it, or in it; bydeler of Oslo."""
        if area.code == codes.OSLO or area.kind in _OF_OSLO:
            return self.content.areas.of_kind("bydel")
        if area.kind == "kommune":
            return self.content.group(area)
        return self.content.areas.members(area.code) if area.kind in _DIVIDED else []

    def _estimated(self, area: Area) -> Text | None:
        """How much of a larger area is estimated, in the words of the tables."""
        share = self.content.estimated(area)
        if share is None:
            return None
        text, label = self.texts.estimated_regions, self.content.figures.labels[area.code]
        told = {
            each: text.get(each).format(
                vintage=self.content.newest_year,
                shares=f"{label.get(each)} ({area.code}) {in_words(share, each)}",
            )
            for each in LANGUAGES
        }
        return Text(**told)

    def _structured(self, area: Area, language: Language) -> Markup:
        """What search engines are told of the data: never a figure."""
        words = self.renderer.words[language]
        years = [cell.year for series in self.content.tiles(area) for cell in series.cells]
        name = area.name.get(language)
        data = {
            "@context": "https://schema.org",
            "@type": "Dataset",
            "name": f"{name} – {words['figures_for'].lower()}",
            "description": " ".join(theme.about.get(language) for theme in self.pages.themes),
            "url": self.root + Place(language, area.path).folder,
            "inLanguage": language,
            "license": self.texts.licence_address,
            "creator": {
                "@type": "Organization", "name": self.texts.publisher.get(language),
            },
            "dateModified": self.release.round.published_at.date().isoformat(),
            "temporalCoverage": f"{min(years)}/{max(years)}" if years else "",
            "spatialCoverage": name,
            "distribution": [
                {
                    "@type": "DataDownload",
                    "encodingFormat": kind,
                    "contentUrl": f"{self.root}{area.path}{file}",
                }
                for kind, file in _DOWNLOADS
            ],
        }  # fmt: skip
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return Markup(text.replace("<", "\\u003c"))  # noqa: S704  # nothing in it ends the script

    def _points(self, series: Series, language: Language) -> tuple[Point, ...]:
        return tuple(_point(cell, language) for cell in series.cells)

    def _strip(self, area: Area, row: Row) -> str:
        """Where a kommune is among all; the mark below is that of its KOSTRA group."""
        if area.kind != "kommune":
            return ""
        spread, group = row.spread, row.beside[0] if row.beside else None
        return strip(spread.shares, spread.share(row.series.newest), spread.share(group))

    def _lines(self, section: Section, language: Language) -> str:
        series = section.series[0]
        if not any(one.has_numbers for _, _, one in section.lines):
            return ""
        words = self.renderer.words[language]
        lines = [
            Line(area.name.get(language), self._points(one, language), role)
            for role, area, one in section.lines
        ]
        names = ", ".join(line.name for line in lines)
        name = series.figure.name.get(language)
        return line_chart(
            lines,
            element_id=f"graf-{section.theme.id}",
            title=f"{name}: {names}",
            description=f"{words['chart']}: {name}, {names}. {words['alternative']}",
            unit=self.content.unit(series).get(language),
            words=self._words(language),
            breaks=self.content.breaks(series),
        )

    def _words(self, language: Language) -> Words:
        words = self.renderer.words[language]
        return Words(
            preliminary=words["one_preliminary"],
            estimated=words["estimated"],
            signs={":": words["suppressed"], "..": words["missing"], ".": words["not_applicable"]},
            number=formatter(language),
            broken=words["break"],
            levels=f"{words['lowest']} – {words['highest']}",
        )

    @cached_property
    def _chart_words(self) -> Mapping[Language, str]:
        """By language: what the interactive chart says, as JSON for the script."""
        found = {}
        for language, words in self.renderer.words.items():
            told = {
                "close": words["close"],
                "png": "PNG",
                "svg": "SVG",
                "csv": "CSV",
                "failed": words["failed"],
                "source": f"{words['sentence']}: {self.texts.publisher.get(language)}",
                "preliminary": words["preliminary"],
                "estimated": words["estimated"],
                "signs": self._words(language).signs,
            }
            if self.content.synthetic:
                told["source"] = self.texts.synthetic.get(language)
            found[language] = json.dumps(told, ensure_ascii=False)
        return found

    # --- key figures --------------------------------------------------------------------

    def _figure(self, figure: KeyFigure) -> Iterator[File]:
        content = self.content
        spread = content.spreads[figure.id]
        rows = [
            (area, cell, spread.rank(cell))
            for area in self._by_name(content.areas.of_kind("kommune"))
            if (cell := spread.known.cell(area.code, spread.year)) is not None
        ]
        others = [
            (area, series)
            for area in content.areas
            if area.kind not in {"kommune", *_OF_OSLO}
            and (series := content.series(figure.id, area.code)) is not None
        ]
        for language in LANGUAGES:
            yield self.renderer.page(
                "figure.html.j2",
                Place(language, f"{FIGURES}/{figure.id}/"),
                figure=figure,
                spread=spread,
                rows=rows,
                others=others,
                unit=content.unit_of(figure),
                distribution=self._distribution(figure, language),
                overview=self._overview(figure, language),
                larger=self._larger(figure, others, language),
                **self._trust([spread.known.source]),
            )

    def _larger(
        self, figure: KeyFigure, others: Sequence[tuple[Area, Series]], language: Language
    ) -> str:
        """Larger areas as bars, where their size is no matter; those with a number come first."""
        if not figure.compare:
            return ""
        words, year = self.renderer.words[language], self.content.spreads[figure.id].year
        cells = [(area, cell) for area, series in others if (cell := series.at(year)) is not None]
        rows = [
            Bar(area.name.get(language), _point(cell, language), own=area.code == codes.LAND)
            for area, cell in sorted(cells, key=_highest_first)
        ]
        name = figure.name.get(language)
        return bars(
            rows,
            element_id="storre",
            title=f"{words['others']}: {name}",
            description=f"{name}. {words['alternative']}",
            words=self._words(language),
        )

    def _distribution(self, figure: KeyFigure, language: Language) -> str:
        spread = self.content.spreads[figure.id]
        words = self.renderer.words[language]
        values = [
            Dot(
                value,
                self.content.areas.get(code).name.get(language),
                cell.text(language),
                cell.mark,
            )
            for code, value in spread.by_code.items()
            if (cell := spread.known.cell(code, spread.year)) is not None
        ]
        name = figure.name.get(language)
        return dots(
            values,
            element_id="fordeling",
            title=f"{words['distribution']}: {name}",
            description=f"{name}. {words['alternative']}",
            unit=self.content.unit_of(figure).get(language),
            words=self._words(language),
        )

    def _overview(self, figure: KeyFigure, language: Language) -> str:
        spread = self.content.spreads[figure.id]
        words = self.renderer.words[language]
        blocks = []
        for fylke in self.content.areas.of_kind("fylke"):
            column, row = _MAP[fylke.code]
            tiles = tuple(
                Tile(
                    area.name.get(language),
                    cell.text(language),
                    cell.mark,
                    None if cell.value is None else spread.fifth(cell.value),
                    cell.sign,
                )
                for area in self.content.areas.members(fylke.code)
                if (cell := spread.known.cell(area.code, spread.year)) is not None
            )
            blocks.append(Block(fylke.name.get(language), column, row, tiles))
        name = figure.name.get(language)
        return tile_map(
            blocks,
            element_id="kart",
            title=f"{words['overview']}: {name}",
            description=f"{words['map_about']} {words['alternative']}",
            words=self._words(language),
        )

    # --- the rest -------------------------------------------------------------------------

    def _former(self, former: Former) -> Iterator[File]:
        to = [self.content.areas.get(code) for code in former.to]
        if to:
            yield from self._in_each_language(
                f"{former.slug}/", "former.html.j2", former=former, to=to
            )

    def _plain(self) -> Iterator[File]:
        """The front page, and those that say how to read the others."""
        content = self.content
        by_fylke = [
            (fylke, self._by_name(content.areas.members(fylke.code)))
            for fylke in self._by_name(content.areas.of_kind("fylke"))
        ]
        yield from self._in_each_language(
            "",
            "front.html.j2",
            by_fylke=by_fylke,
            whole=[*content.areas.of_kind("land"), *content.areas.of_kind("land_uten_oslo")],
            bydeler=[*content.areas.of_kind("bydeler"), *content.areas.of_kind("bydel")],
            groups=content.areas.of_kind("kostragruppe"),
            **self._trust(content.figures.sources),
        )
        tables = [
            (one, [figure for figure in content.key_figures if one.table.id in figure.tables])
            for one in sorted(content.figures.sources, key=lambda one: one.table.id)
        ]
        yield from self._in_each_language("tabeller/", "tables.html.j2", tables=tables)
        yield from self._in_each_language("tegn/", "signs.html.j2")
        yield from self._in_each_language("om/", "about.html.j2")
        yield from self._in_each_language("tilgjengelighet/", "accessibility.html.j2")

    @staticmethod
    def _by_name(found: Iterable[Area]) -> list[Area]:
        return sorted(found, key=lambda area: norwegian_order(area.name.nb))

    def _rest(self) -> Iterator[File]:
        anywhere = Place(DEFAULT, "", urlsplit(self.root).path)
        _, page = self.renderer.page("notfound.html.j2", anywhere)
        yield f"{FOLDER}/404.html", page
        yield downloads.search_index(self.content)
        for name in SHARED:
            yield f"{FOLDER}/felles/{name}", self.renderer.shared(name)
        yield f"{FOLDER}/sitemap.xml", self._sitemap()
        yield "public/robots.txt", self._robots()

    def _robots(self) -> bytes:
        return f"User-agent: *\nAllow: /\nSitemap: {self.root}sitemap.xml\n".encode()

    def _sitemap(self) -> bytes:
        day = self.release.round.published_at.date().isoformat()
        paths = [
            "", "tabeller/", "tegn/", "om/", "tilgjengelighet/",
            *(area.path for area in self.content.areas),
            *(f"{FIGURES}/{figure.id}/" for figure in self.content.key_figures),
        ]  # fmt: skip
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
            *(
                f"<url><loc>{escape(self.root + Place(language, path).folder)}</loc>"
                f"<lastmod>{day}</lastmod></url>"
                for path in paths
                for language in LANGUAGES
            ),
            "</urlset>",
        ]
        return ("\n".join(lines) + "\n").encode()


def _highest_first(one: tuple[Area, Cell]) -> tuple[bool, float]:
    """What to sort by: numbers, the highest first, then signs."""
    value = one[1].value
    return value is None, -(value or 0.0)


@lru_cache(maxsize=1 << 17)
def _point(cell: Cell, language: Language) -> Point:
    return Point(
        year=cell.year,
        value=cell.value,
        sign=cell.sign,
        text=cell.text(language),
        cell=cell.mark,
        preliminary=cell.preliminary,
        estimated=cell.estimated,
    )
