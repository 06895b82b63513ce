"""Every page and download of a site agrees with the cubes that it was made of."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from math import prod
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.safe import Corrected, SafeCube
from kostra_publish.errors import PublishError, TemplateError
from kostra_publish.pages import site as site_module
from kostra_publish.pages.rendering import PAGES, SHARED, check_site_templates
from kostra_publish.pages.site import write_site
from kostra_publish.specs.dimensions import CONTENTS, TIME, CubeDimension
from kostra_publish.specs.models import Note, Scope, TableSpec
from kostra_publish.specs.pages import KeyFigure
from tests.cubes import cube, dimension, facts, text
from tests.pages.few_figures import (
    COUNT,
    HALDEN,
    PROJECT,
    SHARE,
    SOLA,
    STAVANGER,
    TEMPLATES,
    catalogue,
    made,
    names,
)
from tests.pages.reading import POINTS, SPACE, Element, read, written
from tests.schedule import release_facts

LANGUAGES = ("nb", "nn", "en")
FOLDER = "public/nokkeltall/"
FIGURES = {figure.id: figure for theme in PROJECT.pages.themes for figure in theme.figures}  # type: ignore[union-attr]
THEMES = {theme.id: [figure.id for figure in theme.figures] for theme in PROJECT.pages.themes}  # type: ignore[union-attr]
TABLES = {table for figure in FIGURES.values() for table in figure.tables}
YEARS = (2022, 2023, 2024, 2025)
FYLKER = ("03", "11", "15", "31", "55", "56")
KOMMUNER = (
    codes.OSLO, SOLA, STAVANGER,
    "1508", "1580",  # were one
    *codes.kommuner(2025).filter(fylke="31")["kommune"],  # had other codes
    "5540", "5610",  # have more than one name
)  # fmt: skip
JUNE_ONLY = "12131"
"""A table that this site has not got the newest year of."""

Site = Mapping[str, bytes]


# --- a site -------------------------------------------------------------------------------


def regions(kinds: Sequence[str]) -> dict[str, str]:
    """The regions of some fylker and the larger ones, former ones too, with their names."""
    kommuner = {*KOMMUNER, *(one.former for one in codes.changes() if one.new in KOMMUNER)}
    chosen = kommuner | {f"EKA{fylke}" for fylke in FYLKER}
    return {
        code: name
        for code, name in names().items()
        if (kind := codes.kind_of(code)) in kinds
        and (code in chosen or kind not in {"kommune", "fylke"})
    }


def drawn(spec: TableSpec, years: Sequence[int], seed: int) -> SafeCube:
    """A table of the project with drawn figures, a fifth of them signs."""
    random = Random(seed)
    found = regions(spec.regions)
    wanted = {figure.measure for figure in FIGURES.values() if spec.id in figure.tables}
    measures = [one for one in spec.measures if one.code in wanted]
    own = [
        CubeDimension(
            one.code, "classification", text(one.code), ("x", str(one.total)),
            (text("X"), text("I alt")), total=one.total,
        )
        for one in spec.dimensions
    ]  # fmt: skip
    inner = prod(len(one.codes) for one in own)
    values: list[float | None] = []
    signs: list[str | None] = []
    for region in found:
        first, last = codes.lifetime(region) if codes.kind_of(region) == "kommune" else (0, None)
        for one in [each for _ in range(inner) for each in measures]:
            for year in years:
                there = first <= year <= (last or year)
                sign = random.choice([None] * 9 + [":", ".."] + [""]) if there else "."
                number = 0.0 if sign == "" else random.choice([9.0, 99.0, 99999.0])
                number = random.uniform(-0.02 * number, number)
                values.append(None if sign else round(number, one.decimals))
                signs.append(sign or None)
    dims = [
        dimension("KOKkommuneregion0000", found, "geo"),
        *own,
        dimension(CONTENTS, {one.code: one.code for one in measures}, "metric"),
        dimension(TIME, {str(year): str(year) for year in years}, "time"),
    ]
    lacking = Note(
        text=text(f"Oppgaver for {years[-1]} mangler for: Sola ({SOLA}), Halden ({HALDEN})."),
        mandatory=True,
        scope=Scope(regions=[SOLA, HALDEN], vintages=[years[-1]]),
    )
    told: dict[str, Any] = {"notes": (lacking,), "estimated": {"EAK": 3.4, "EKA11": 12.5}}
    if years[-1] == YEARS[-1]:
        told |= {"round": "2026-03", "preliminary": True}
    published = [*(facts(year) for year in years[:-1]), facts(years[-1], **told)]
    cells = pl.DataFrame(
        {"value": values, "status": signs}, schema={"value": pl.Float64, "status": pl.String}
    )
    return cube(spec, dims, published, cells=cells)


@pytest.fixture(scope="module")
def cubes() -> list[SafeCube]:
    return [
        drawn(PROJECT.tables[name], YEARS[:-1] if name == JUNE_ONLY else YEARS, seed)
        for seed, name in enumerate(sorted(TABLES))
    ]


@pytest.fixture(scope="module")
def site(cubes: list[SafeCube]) -> Site:
    found = [*write_site(cubes, PROJECT, release_facts("2026-03"), TEMPLATES)]
    assert len({path for path, _ in found}) == len(found)
    return dict(found)


# --- what it ought to say -----------------------------------------------------------------

Key = tuple[str, ...]
"""Table, measure, region, year, codes: what a mark says."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The cells of the cubes by what marks say, and what follows from them."""

    cubes: Sequence[SafeCube]

    @cached_property
    def cells(self) -> Mapping[Key, float | str]:
        found: dict[Key, float | str] = {}
        for one in self.cubes:
            for region, *own, contents, year, value, sign in one.frame().iter_rows():
                found[one.table.id, contents, region, year, *own] = value if sign is None else sign
        return found

    @cached_property
    def decimals(self) -> Mapping[tuple[str, str], int]:
        return {
            (one.table.id, measure.code): measure.decimals
            for one in self.cubes
            for measure in one.table.measures
        }

    @cached_property
    def by_id(self) -> Mapping[str, SafeCube]:
        return {one.table.id: one for one in self.cubes}

    def text(self, key: Key, language: str) -> str:
        found = self.cells[key]
        if isinstance(found, str):
            return found
        return written(found, self.decimals[key[0], key[1]], language)

    @cache  # noqa: B019  # there is one, and it lives as long as the tests
    def series(self, figure: str, area: str) -> tuple[Key, ...]:
        """The cells of a key figure over the years: of the first table that has some."""
        asked = FIGURES[figure]
        for table in asked.tables:
            own = tuple(one.total or "" for one in self.by_id[table].dimensions[1:-2] if one.total)
            found = [
                key
                for year in YEARS
                for key in [self._in(table, asked.measure, area, str(year), own)]
                if key is not None
            ]
            if found:
                return tuple(found)
        return ()

    def _in(self, table: str, measure: str, area: str, year: str, own: Key) -> Key | None:
        for region in (area, *former(area)):
            key = (table, measure, region, year, *own)
            if self.cells.get(key, ".") != ".":
                return key
        return None

    def newest(self, figure: str, area: str) -> Key | None:
        return next(iter(self.series(figure, area)[::-1]), None)

    def at(self, figure: str, area: str, year: str) -> Key | None:
        return next((key for key in self.series(figure, area) if key[3] == year), None)

    @cache  # noqa: B019
    def shown(self, table: str, measure: str, year: str, own: Key) -> Mapping[str, float]:
        """The numbers of the kommuner of the release's year."""
        return {
            region: value
            for region in codes.kommuner(2025)["kommune"]
            if isinstance(value := self.cells.get((table, measure, region, year, *own)), float)
        }

    def rank(self, key: Key) -> int | None:
        table, measure, region, year, *own = key
        shown = self.shown(table, measure, year, tuple(own))
        if region not in shown:
            return None
        return 1 + sum(value > shown[region] for value in shown.values())


@cache
def former(area: str) -> tuple[str, ...]:
    """The codes that the same kommune had before."""
    [*found] = (one.former for one in codes.changes() if one.new == area and one.same_area)
    return tuple(chain.from_iterable((one, *former(one)) for one in found))


@pytest.fixture(scope="module")
def truth(cubes: list[SafeCube]) -> Truth:
    return Truth(cubes)


@dataclass(frozen=True)
class AreaPage:
    code: str
    kind: str
    folder: str
    language: str
    page: Element

    @property
    def beside(self) -> list[str]:
        """What it is compared with, from the code lists."""
        if self.kind == "kommune":
            [(group, fylke)] = (
                codes.kommuner(2025)
                .filter(kommune=self.code)
                .select("kostragruppe", "fylke")
                .iter_rows()
            )
            rest = [] if self.code == codes.OSLO else [codes.LAND_UTEN_OSLO]
            return [group, f"EKA{fylke}", codes.LAND, *rest]
        if self.kind in {"fylke", "kostragruppe"}:
            return [codes.LAND, codes.LAND_UTEN_OSLO]
        return {"land": [codes.LAND_UTEN_OSLO], "land_uten_oslo": [codes.LAND]}.get(self.kind, [])


@pytest.fixture(scope="module")
def pages(site: Site) -> dict[str, Element]:
    return {path: read(data) for path, data in site.items() if path.endswith(".html")}


@pytest.fixture(scope="module")
def areas(site: Site, pages: dict[str, Element]) -> list[AreaPage]:
    told = [json.loads(data) for path, data in site.items() if path.endswith("/tall.json")]
    return [
        AreaPage(
            one["code"], one["kind"], one["slug"], language,
            pages[f"{FOLDER}{place(language)}{one['slug']}/index.html"],
        )
        for one in told
        for language in LANGUAGES
    ]  # fmt: skip


def place(language: str) -> str:
    return "" if language == "nb" else f"{language}/"


def key(mark: str) -> Key:
    return tuple(mark.split(" "))


def mark(found: Key | None) -> list[str]:
    return [] if found is None else [" ".join(found)]


def spaced(words: str) -> str:
    """Text with one space where there are several; no-break spaces stay."""
    return re.sub(r"[ \n]+", " ", words).strip()


# --- every mark agrees with the cubes -------------------------------------------------------


def test_every_figure_with_a_mark_is_that_of_the_cube(
    pages: dict[str, Element], truth: Truth
) -> None:
    checked = 0
    for path, page in pages.items():
        language = page.one("html").get("lang")
        for one in page:
            if "data-c" not in one.attributes:
                continue
            told, wanted = one.text, truth.text(key(one.get("data-c")), language)
            if one.tag in POINTS:
                before, _, told = told.rpartition(": ")
                assert before, (path, one)
            assert told == wanted, (path, one)
            checked += 1
    assert checked > 30_000


def test_every_change_is_that_between_the_years(pages: dict[str, Element], truth: Truth) -> None:
    checked = 0
    for path, page in pages.items():
        language = page.one("html").get("lang")
        for one in page:
            if "data-d" not in one.attributes:
                continue
            table, measure, region, first, last, *own = key(one.get("data-d"))
            before = truth.cells[table, measure, region, first, *own]
            now = truth.cells[table, measure, region, last, *own]
            assert isinstance(before, float), path
            assert isinstance(now, float), path
            assert int(last) == int(first) + 1
            share = next(m for m in PROJECT.tables[table].measures if m.code == measure)
            if share.unit == "prosent" or before <= 0:
                decimals = truth.decimals[table, measure]
                wanted = written(now - before, decimals, language, signed=True)
            else:
                per_cent = 100 * (now - before) / before
                wanted = written(per_cent, 1, language, signed=True)
                wanted += "%" if language == "en" else f"{SPACE}%"
            assert one.text == wanted, (path, one)
            checked += 1
    assert checked > 1_000


def test_every_place_and_number_of_kommuner_is_counted_right(
    pages: dict[str, Element], truth: Truth
) -> None:
    checked = 0
    for path, page in pages.items():
        language = page.one("html").get("lang")
        for one in page:
            if place_of := one.get("data-r"):
                wanted = truth.rank(key(place_of))
                assert wanted is not None
                assert one.text == written(wanted, 0, language), (path, one)
                checked += 1
            if of := one.get("data-k"):
                table, measure, year, *own = key(of)
                shown = truth.shown(table, measure, year, tuple(own))
                assert one.text == written(len(shown), 0, language), (path, one)
                checked += 1
    assert checked > 1_000


# --- the pages of areas ---------------------------------------------------------------------


def test_every_area_has_its_pages_in_each_language(areas: list[AreaPage]) -> None:
    wanted = {
        *KOMMUNER, *(f"EKA{fylke}" for fylke in FYLKER), *codes.kostragrupper()["kostragruppe"],
        codes.LAND, codes.LAND_UTEN_OSLO, codes.BYDELER_I_ALT, *codes.bydeler()["bydel"],
    }  # fmt: skip
    assert {one.code for one in areas} == wanted
    assert len(areas) == 3 * len(wanted)
    for one in areas:
        assert one.page.one("html").get("lang") == one.language


def test_the_lead_says_what_the_cubes_say(areas: list[AreaPage], truth: Truth) -> None:
    told = 0
    for one in areas:
        lead = one.page.one("p", class_="lead")
        count = truth.newest("tilfeller", one.code)
        share = truth.newest("tilfeller-andel", one.code)
        wanted = mark(count)
        if (
            count is not None
            and share is not None
            and all(isinstance(truth.cells[each], float) for each in (count, share))
            and count[3] == share[3]
        ):
            wanted += mark(share)
            larger = [one.beside[0], codes.LAND] if one.kind == "kommune" else [codes.LAND]
            for other in larger if codes.LAND in one.beside else []:
                found = truth.at("tilfeller-andel", other, share[3])
                if found is not None and isinstance(truth.cells[found], float):
                    wanted += mark(found)
        assert lead.marks() == wanted, (one.folder, one.language)
        # What search engines and those who share it see is the same sentence.
        for name in ({"name": "description"}, {"property": "og:description"}):
            meta = one.page.one("meta", **name)
            # An estimate is told by its sign alone where nothing can be heard apart from seen.
            heard = re.sub(r"≈ (?:beregnet|berekna|estimated) ", "≈ ", spaced(lead.text))
            heard = re.sub(r"\((:|\.\.|\.) [^)]*\)", r"(\1)", heard)
            assert spaced(meta.get("content")) == heard
            assert meta.get("data-f").split(" | ") == wanted
        told += len(wanted)
    assert told > 200


def test_tiles_show_the_newest_figures(areas: list[AreaPage], truth: Truth) -> None:
    for one in areas:
        wanted = [
            (f"#r-{name}", mark(found))
            for name, figure in FIGURES.items()
            if figure.tile and (found := truth.newest(name, one.code)) is not None
        ]
        tiles = one.page.all("li", class_="tile")
        assert [
            (tile.one("a", class_="tile-name").get("href"), tile.marks()) for tile in tiles
        ] == wanted
        for tile, (_, [own]) in zip(tiles, wanted, strict=True):
            is_number = isinstance(truth.cells[key(own)], float)
            assert ("hidden-figure" in tile.get("class")) is not is_number
            # Of which year it is.
            assert not is_number or key(own)[3] in tile.text


def test_the_comparison_shows_the_same_year_of_all(areas: list[AreaPage], truth: Truth) -> None:
    for one in areas:
        table = one.page.one("table", id="sammenligning")
        rows = {row.get("data-figure"): row for row in table.all("tr") if row.get("data-figure")}
        wanted = {
            name: found
            for name, figure in FIGURES.items()
            if figure.compare and (found := truth.newest(name, one.code)) is not None
        }
        assert rows.keys() == wanted.keys()
        for name, own in wanted.items():
            row = rows[name]
            others = [truth.at(name, other, own[3]) for other in one.beside]
            cells = [cell.marks() for cell in row.all("td", class_="number")]
            assert cells[: 1 + len(others)] == [mark(own), *map(mark, others)], (one.folder, name)
            assert row.get("data-year") == own[3]
            assert row.get("data-decimals") == str(truth.decimals[own[0], own[1]])
            assert row.marks("data-d") == change_marks(truth, name, one.code)
            ranked = one.kind == "kommune" and truth.rank(own) is not None
            assert row.marks("data-r") == (mark(own) if ranked else [])
            assert len(row.marks("data-k")) == ranked
            # The year is told where it is not the newest.
            assert (own[3] == "2025") is not (own[3] in row.one("th").text)


def change_marks(truth: Truth, figure: str, area: str) -> list[str]:
    [*_, before, now] = [(), *truth.series(figure, area)]
    if not before or int(before[3]) != int(now[3]) - 1 or before[2] != now[2]:
        return []
    if isinstance(truth.cells[before], str) or isinstance(truth.cells[now], str):
        return []
    return [" ".join([*now[:3], before[3], now[3], *now[4:]])]


def test_the_tables_show_every_year(areas: list[AreaPage], truth: Truth) -> None:
    for one in areas:
        for theme, figures in THEMES.items():
            every = {name: truth.series(name, one.code) for name in figures}
            wanted = {name: found for name, found in every.items() if found}
            sections = one.page.all("section", **{"aria-labelledby": theme})
            assert len(sections) == bool(wanted)
            if not wanted:
                continue
            table = sections[0].one("table")
            head, *rows = table.all("tr")
            years = sorted({each[3] for found in wanted.values() for each in found})
            assert [cell.text for cell in head.all("th")[1:]] == years
            assert len(rows) == len(wanted)
            for row, (name, found) in zip(rows, wanted.items(), strict=True):
                assert row.one("a").get("href").endswith(f"tall/{name}/")
                by_year = {each[3]: each for each in found}
                assert [cell.marks() for cell in row.all("td")] == [
                    mark(by_year.get(year)) for year in years
                ]


def test_the_charts_show_every_year_of_the_area(areas: list[AreaPage], truth: Truth) -> None:
    drawn_ones = 0
    for one in areas:
        for theme, figures in THEMES.items():
            shown = [name for name in figures if truth.series(name, one.code)]
            charts = one.page.all("figure", id=f"figur-{theme}")
            if not shown:
                assert charts == []
                continue
            own = {" ".join(found) for found in truth.series(shown[0], one.code)}
            allowed = set(own)
            if FIGURES[shown[0]].compare:
                for other in one.beside if one.kind != "kommune" else [one.beside[0], codes.LAND]:
                    allowed |= {" ".join(found) for found in truth.series(shown[0], other)}
            if not charts:
                assert not any(isinstance(truth.cells[key(each)], float) for each in own)
                continue
            chart = charts[0].one("svg")
            assert own <= set(chart.marks()) <= allowed
            for point in chart:
                if point.tag in POINTS and point.get("data-c"):
                    _, _, _, year, *_ = key(point.get("data-c"))
                    assert point.text.startswith(f"{year}: ")
            drawn_ones += 1
    assert drawn_ones > 500


def test_what_search_engines_are_told_holds_no_figure(areas: list[AreaPage], truth: Truth) -> None:
    for one in areas:
        told = json.loads(one.page.one("script", type="application/ld+json").text)
        years = [
            each[3]
            for name, figure in FIGURES.items()
            if figure.tile
            for each in truth.series(name, one.code)
        ]
        assert told["temporalCoverage"] == f"{min(years)}/{max(years)}"
        assert told["dateModified"] == "2026-03-16"
        assert told["name"].startswith(told["spatialCoverage"])
        assert [each["contentUrl"].rpartition("/")[2] for each in told["distribution"]] == [
            "tall.csv", "tall.json",
        ]  # fmt: skip
        known = {"@context", "@type", "name", "description", "url", "inLanguage", "license",
                 "creator", "dateModified", "temporalCoverage", "spatialCoverage",
                 "distribution"}  # fmt: skip
        assert told.keys() == known
        about = " ".join(theme.about.get(one.language) for theme in PROJECT.pages.themes)  # type: ignore[union-attr,arg-type]
        assert told["description"] == about


# --- downloads ------------------------------------------------------------------------------


def test_the_data_of_an_area_are_those_of_the_cubes(site: Site, truth: Truth) -> None:
    count = 0
    for path, data in site.items():
        if not path.endswith("/tall.json"):
            continue
        told = json.loads(data)
        wanted = {name: truth.series(name, told["code"]) for name in FIGURES}
        assert told["figures"].keys() == {name for name, found in wanted.items() if found}
        assert told["synthetic"] is True
        for name, figure in told["figures"].items():
            by_year = {int(each[3]): each for each in wanted[name]}
            first = wanted[name][0]
            assert (figure["table"], figure["measure"]) == first[:2]
            assert tuple(figure["codes"]) == first[4:]
            for place_, year in enumerate(told["years"]):
                own = by_year.get(year)
                cell = None if own is None else truth.cells[own]
                value = cell if isinstance(cell, float) else None
                sign = cell if isinstance(cell, str) else ""
                assert figure["values"][place_] == value
                assert figure["signs"][place_] == sign
                assert figure["regions"][place_] == (own and own[2])
            assert figure["estimated"] == estimated(truth, wanted[name])
            count += 1
    assert count > 500


def estimated(truth: Truth, found: Sequence[Key]) -> list[int]:
    """The years of numbers of larger regions with kommuner that have not reported."""
    return [
        int(each[3])
        for each in found
        if each[2] in truth.by_id[each[0]].vintages[int(each[3])].estimated
        and isinstance(truth.cells[each], float)
        and truth.by_id[each[0]].table.missing != "sum"
    ]


def test_the_spreadsheet_of_an_area_has_the_same(site: Site, truth: Truth) -> None:
    rows = 0
    for path, data in site.items():
        if not path.endswith("/tall.csv"):
            continue
        assert data.startswith(b"\xef\xbb\xbf")
        assert data.count(b"\r\n") == data.count(b"\n")
        area = json.loads(site[path.replace(".csv", ".json")])
        told = [*csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";")]
        wanted = [(name, each) for name in FIGURES for each in truth.series(name, area["code"])]
        assert len(told) == len(wanted)
        for row, (name, own) in zip(told, wanted, strict=True):
            cell = truth.cells[own]
            number = f"{cell:.{truth.decimals[own[:2]]}f}" if isinstance(cell, float) else ""  # type: ignore[index]
            assert row == {
                "figure": name,
                "table": own[0],
                "measure": own[1],
                "codes": " ".join(own[4:]),
                "region": own[2],
                "region_name": area["name"]["nb"],
                "label": FIGURES[name].name.nb,
                "unit": PROJECT.texts.units[unit(own)].nb,
                "year": own[3],
                "value": re.sub(r"^-(0(,0+)?)$", r"\1", number.replace(".", ",")),
                "sign": cell if isinstance(cell, str) else "",
                "preliminary": str(own[3] == "2025").lower(),
                "estimated": str(int(own[3]) in estimated(truth, [own])).lower(),
                "synthetic": "true",
            }
            rows += 1
    assert rows > 2_000


def unit(found: Key) -> str:
    measures = PROJECT.tables[found[0]].measures
    return next(one.unit for one in measures if one.code == found[1])


def test_the_search_finds_every_area_and_the_former_ones(site: Site, areas: list[AreaPage]) -> None:
    told = json.loads(site[f"{FOLDER}sok.json"])["areas"]
    assert {(slug, kind) for slug, kind, *_ in told} == {(one.folder, one.kind) for one in areas}
    by_slug = {slug: (name, others) for slug, _, name, others in told}
    assert by_slug["0301-oslo"] == ("Oslo – Oslove", [])
    assert by_slug["3101-halden"] == ("Halden", ["3001 Halden"])
    assert by_slug["1508-alesund"][1] == ["1507 Ålesund"]


# --- the pages of key figures ---------------------------------------------------------------


def figure_pages(pages: dict[str, Element]) -> Iterator[tuple[str, str, KeyFigure, Element]]:
    for name, figure in FIGURES.items():
        for language in LANGUAGES:
            path = f"{FOLDER}{place(language)}tall/{name}/index.html"
            yield path, language, figure, pages[path]


def test_a_key_figure_shows_all_kommuner(pages: dict[str, Element], truth: Truth) -> None:
    for path, _, figure, page in figure_pages(pages):
        table = figure.tables[0]
        year = str(max(truth.by_id[table].vintages))
        total = [one.total for one in truth.by_id[table].dimensions[1:-2]]
        own = {
            (table, figure.measure, region, year, *map(str, total)): region for region in KOMMUNER
        }
        shown = {each for each in own if isinstance(truth.cells[each], float)}
        rows = page.one("table", id="kommuner").all("tr")[1:]
        assert {key(row.marks()[0]) for row in rows} == own.keys(), path
        for row in rows:
            [told] = row.marks()
            assert row.marks("data-r") == ([told] if key(told) in shown else [])
        assert {key(each) for each in page.one("svg", class_="dots").marks()} == shown
        assert {key(each) for each in page.one("svg", class_="tiles").marks()} == own.keys()
        # Who is called what.
        for svg in page.all("svg"):
            for point in svg:
                if point.get("data-c") and point.tag in POINTS:
                    region = key(point.get("data-c"))[2]
                    assert point.text.startswith(tuple(names()[region].split(" - ")))


def test_a_key_figure_shows_the_larger_areas(pages: dict[str, Element], truth: Truth) -> None:
    larger = [f"EKA{fylke}" for fylke in FYLKER] + [codes.LAND, codes.LAND_UTEN_OSLO]
    larger += codes.kostragrupper()["kostragruppe"].to_list()
    for path, _, figure, page in figure_pages(pages):
        table = page.all("table")[1]
        years = [cell.text for cell in table.all("tr")[0].all("th")[1:]]
        assert years == [str(year) for year in truth.by_id[figure.tables[0]].vintages]
        told = [[cell.marks() for cell in row.all("td")] for row in table.all("tr")[1:]]
        wanted = [
            [mark(truth.at(figure.id, area, year)) for year in years]
            for area in larger
            if truth.series(figure.id, area)
        ]
        assert sorted(told) == sorted(wanted), path


# --- the site as a whole ----------------------------------------------------------------------


def test_every_link_leads_to_a_file_of_the_site(site: Site, pages: dict[str, Element]) -> None:
    for path, page in pages.items():
        if path.endswith("404.html"):
            continue
        ways = {
            one.attributes[name]
            for one in page
            for name in ("href", "src")
            if name in one.attributes and one.get("rel") not in {"canonical", "alternate"}
        }
        here = path.removeprefix("public/").rpartition("/")[0]
        for way in ways - {"data:,"}:
            address, _, anchor = way.partition("#")
            found = resolved(here, address)
            if found.startswith("statbank/"):
                continue
            file = f"public/{found}{'index.html' if found.endswith('/') else ''}"
            assert file in site or file.removesuffix("/index.html") in site, (path, way)
            if anchor and file in pages:
                assert anchor in {one.get("id") for one in pages[file]}, (path, way)


def resolved(folder: str, way: str) -> str:
    """Where a relative address leads."""
    if not way:
        return f"{folder}/"
    parts = folder.split("/")
    *steps, last = way.split("/")
    for step in steps:
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/".join([*parts, last])


def test_former_kommuner_lead_on(pages: dict[str, Element]) -> None:
    halden = pages[f"{FOLDER}3001-halden/index.html"]
    refresh = halden.one("meta", **{"http-equiv": "refresh"}).get("content")
    assert refresh == "0; url=../3101-halden/"
    alesund = pages[f"{FOLDER}en/1507-alesund/index.html"]
    assert alesund.all("meta", **{"http-equiv": "refresh"}) == []
    links = [one.get("href") for one in alesund.one("p", class_="lead").all("a")]
    assert links == ["../1508-alesund/", "../1580-haram/"]


def test_nothing_is_inline_and_nothing_comes_from_others(pages: dict[str, Element]) -> None:
    for path, page in pages.items():
        for one in page:
            assert one.tag not in {"style", "iframe", "object", "embed"}, path
            assert "style" not in one.attributes, (path, one)
            assert not [name for name in one.attributes if name.startswith("on")], (path, one)
            if one.tag == "script":
                assert one.get("src") or one.get("type") == "application/ld+json"
            if one.tag in {"script", "img", "link"} and one.get("rel") not in {
                "canonical", "alternate",
            }:  # fmt: skip
                assert "//" not in one.get("src") + one.get("href"), (path, one)


def test_ids_are_not_used_twice(pages: dict[str, Element]) -> None:
    for path, page in pages.items():
        ids = [one.attributes["id"] for one in page if "id" in one.attributes]
        assert len(set(ids)) == len(ids), path
        for one in page.all("label"):
            assert one.get("for") in ids


def test_missing_reports_are_told_on_the_pages_they_concern(areas: list[AreaPage]) -> None:
    for one in areas:
        told = [spaced(each.text) for each in one.page.all("p", class_="missing-note")]
        start = "Oppgaver for 2025 mangler for:"
        wanted = {SOLA: f"{start} Sola ({SOLA}).", HALDEN: f"{start} Halden ({HALDEN})."}
        assert told == ([wanted[one.code]] if one.code in wanted else []), one.folder
        notes = " ".join(each.text for each in one.page.all("section", class_="notes"))
        assert (SOLA in notes) is (one.code in {"EAK", "EAKUO", "EKA11", "EKG09"}), one.folder


def test_bydeler_are_called_bydeler(areas: list[AreaPage]) -> None:
    for one in areas:
        headings = one.page.all("h2", id="gruppe")
        if one.code == codes.OSLO or one.kind in {"bydel", "bydeler"}:
            [heading] = headings
            assert "ydel" in heading.text or "district" in heading.text


def test_the_site_does_not_depend_on_the_order_of_tables(cubes: list[SafeCube], site: Site) -> None:
    again = write_site(cubes[::-1], PROJECT, release_facts("2026-03"), TEMPLATES)
    assert dict(again) == site


# --- robustness ---------------------------------------------------------------------------


def small() -> list[SafeCube]:
    """Two kommuner with a count and a share."""
    shown = {SOLA: [5, 6], HALDEN: [7, 8], "EKA11": [50, 60], "EKA31": [70, 80]}
    return [made("99901", {COUNT: shown}), made("99902", {SHARE: shown})]


def test_a_correction_stands_on_the_pages_of_its_table_and_no_others() -> None:
    once = Corrected(day="2026-09-01", reason=text("Feil i sju skjema."))  # type: ignore[arg-type]
    published = [facts(2024), facts(2025, corrected=(once,))]
    _, other = small()
    of_sola = {SOLA: [5, 6], "EKA11": [50, 60]}
    site = dict(
        write_site(
            [other, made("99901", {COUNT: of_sola}, published=published)],
            catalogue(),
            release_facts("2026-06"),
            TEMPLATES,
        )
    )
    told = {
        path.removeprefix(FOLDER).split("/")[-2]
        for path, page in site.items()
        if path.endswith(".html") and "Feil i sju skjema." in page.decode()
    }
    assert told == {"1124-sola", "fylke-11-rogaland", "tilfeller"}


def test_a_small_site_is_the_same_by_one_process_and_by_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [*write_site(small(), catalogue(), release_facts("2026-03"), TEMPLATES)]
    monkeypatch.setattr(site_module, "_ALONE", 0)
    assert [*write_site(small(), catalogue(), release_facts("2026-03"), TEMPLATES)] == found


def ended(_steps: object) -> None:
    os._exit(9)


def test_a_process_that_is_ended_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_module, "_ALONE", 0)
    monkeypatch.setattr(site_module, "_make", ended)
    with pytest.raises(PublishError, match="was ended by something else"):
        dict(write_site(small(), catalogue(), release_facts("2026-03"), TEMPLATES))


def test_without_pages_in_the_specs_there_is_no_site() -> None:
    assert [*write_site(small(), catalogue(None), release_facts("2026-03"), TEMPLATES)] == []


def test_without_a_table_of_the_key_figures_there_is_no_site(cubes: list[SafeCube]) -> None:
    assert [*write_site(small(), PROJECT, release_facts("2026-03"), TEMPLATES)] == []
    assert [*write_site([], PROJECT, release_facts("2026-03"), TEMPLATES)] == []
    assert [*write_site(cubes, catalogue(), release_facts("2026-03"), TEMPLATES)] == []


@pytest.mark.parametrize("table", sorted(TABLES))
def test_there_are_pages_of_what_tables_there_are(cubes: list[SafeCube], table: str) -> None:
    [one] = (each for each in cubes if each.table.id == table)
    found = dict(write_site([one], PROJECT, release_facts("2026-03"), TEMPLATES))
    shown = {
        path.split("/")[-2]
        for path in found
        if path.startswith(f"{FOLDER}tall/") and path.endswith(".html")
    }
    assert shown == {name for name, figure in FIGURES.items() if table in figure.tables}


def test_tables_of_june_show_the_year_before_in_march_and_say_so(
    areas: list[AreaPage],
) -> None:
    [sola] = (one for one in areas if (one.code, one.language) == (SOLA, "nb"))
    row = sola.page.one("tr", id="r-sats-enslig")
    assert row.get("data-year") == "2024"
    assert row.one("th").text.endswith(" 2024")
    tile = next(
        one for one in sola.page.all("li", class_="tile") if one.marks()[0].startswith(JUNE_ONLY)
    )
    assert tile.marks()[0].split(" ")[3] == "2024"
    assert "2024" in tile.text


@pytest.mark.parametrize("vintage", range(codes.FIRST_YEAR, 2026))
def test_rounds_of_every_year_have_the_fylker_of_their_time(vintage: int) -> None:
    fylker = [f"EKA{code}" for code in codes.fylker(vintage)["fylke"]]
    kommuner = codes.kommuner(vintage)["kommune"].to_list()
    shown = {code: [1, 2] for code in [*kommuner[:3], kommuner[-1], "EAK"]}
    found = names(vintage) | dict.fromkeys(fylker, "Fylke")
    spec = made("99901", {COUNT: {SOLA: [1, 2]}}).table
    every = {code: found[code] for code in [*shown, *fylker]}
    years = [vintage - 1, vintage]
    dims = [
        dimension("KOKkommuneregion0000", every, "geo"),
        dimension(CONTENTS, {COUNT: COUNT}, "metric"),
        dimension(TIME, {str(year): str(year) for year in years}, "time"),
    ]
    safe = cube(spec, dims, [facts(year, round=f"{year + 1}-06") for year in years])
    pages = dict(write_site([safe], catalogue(), release_facts(f"{vintage + 1}-06"), TEMPLATES))
    page = read(pages[f"{FOLDER}tall/tilfeller/index.html"])
    assert len(page.one("svg", class_="tiles").marks()) == len(shown) - 1


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A copy of the templates."""
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    return tmp_path / "templates"


def test_a_missing_template_names_itself(templates: Path) -> None:
    for name in (*PAGES, *SHARED):
        path = templates / "site" / name
        path.rename(templates / "away")
        with pytest.raises(TemplateError, match=re.escape(f"site/{name}")):
            check_site_templates(templates)
        (templates / "away").rename(path)
    check_site_templates(templates)


@pytest.mark.parametrize("name", ["words.j2", "lead.j2", "notfound.html.j2", "site.css"])
def test_a_template_that_is_gone_when_it_is_needed_names_itself(templates: Path, name: str) -> None:
    (templates / "site" / name).unlink()
    made_ones = write_site(small(), catalogue(), release_facts("2026-03"), templates)
    with pytest.raises(TemplateError, match=re.escape(f"site/{name}")):
        dict(made_ones)


@pytest.mark.parametrize("name", ["area", "figure", "former", "notfound"])
def test_a_name_that_a_template_is_not_given_is_told_with_its_place(
    templates: Path, name: str
) -> None:
    path = templates / "site" / f"{name}.html.j2"
    before, block, after = path.read_text(encoding="utf-8").partition("{% block main %}")
    path.write_text(f"{before}{block}{{{{ areal }}}}{after}", encoding="utf-8")
    place_ = rf"site/{name}.html.j2: line {before.count(chr(10)) + 1}: 'areal' is undefined"
    made_ones = write_site(small(), catalogue(), release_facts("2026-03"), templates)
    with pytest.raises(TemplateError, match=place_):
        dict(made_ones)


def test_a_template_that_does_not_read_is_told_before_there_is_anything_to_show(
    templates: Path,
) -> None:
    with (templates / "site" / "area.html.j2").open("a", encoding="utf-8") as file:
        file.write("{% if %}")
    with pytest.raises(TemplateError, match=r"site/area.html.j2: line \d+"):
        check_site_templates(templates)
