"""Key figures of an area over the years: numbers, signs, changes, and how they are written."""

from __future__ import annotations

from typing import Any

import pytest

from kostra_publish.pages.figures import Cell, Series, figures, written
from kostra_publish.specs.models import Language
from tests.cubes import cube, dimension, dimensions, drawn_cells, facts, table
from tests.pages.few_figures import (
    COST,
    COUNT,
    FYLKE,
    HALDEN,
    LAND,
    MEASURES,
    PAGES,
    SHARE,
    SIZE,
    SOLA,
    Shown,
    Values,
    key_figure,
    known,
    made,
    pages,
)

SPACE, MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"


def series(*shown: Shown, code: str = COUNT, first: int | None = None) -> Series:
    """A figure of Sola, to 2025."""
    start = first or 2026 - len(shown)
    years = range(start, start + len(shown))
    table_id = {COUNT: "99901", SIZE: "99903"}.get(code, "99902")
    ids = {COUNT: "tilfeller", SHARE: "tilfeller-andel", COST: "netto-per-innbygger"}
    found = known(made(table_id, {code: {SOLA: shown}}, [*years])).series(ids[code], SOLA)
    assert found is not None
    return found


# --- cells --------------------------------------------------------------------------------


def test_a_cell_is_a_number_or_a_sign() -> None:
    found = series(12, ":", "..", 0)
    assert [(cell.year, cell.value, cell.sign) for cell in found.cells] == [
        (2022, 12.0, ""),
        (2023, None, ":"),
        (2024, None, ".."),
        (2025, 0.0, ""),
    ]
    assert [cell.is_number for cell in found.cells] == [True, False, False, True]
    assert found.newest == found.at(2025)
    assert found.at(2021) is None
    assert found.has_numbers
    assert not series(":", "..").has_numbers


def test_a_cell_says_where_it_is_from() -> None:
    [before, now] = series(4.5, 5.1, code=SHARE).cells
    assert before.mark == f"99902 {SHARE} {SOLA} 2024"
    assert (now.mark, now.region, now.decimals) == (f"99902 {SHARE} {SOLA} 2025", SOLA, 1)


def test_a_year_for_which_there_is_no_such_figure_is_left_out() -> None:
    found = series(12, ".", 13)
    assert [cell.year for cell in found.cells] == [2023, 2025]
    assert known(made("99901", {COUNT: {SOLA: [".", "."]}})).series("tilfeller", SOLA) is None


def test_a_region_that_no_table_has_has_no_series() -> None:
    found = known(made("99901", {COUNT: {SOLA: [1, 2]}}))
    assert found.series("tilfeller", LAND) is None
    assert found.known("tilfeller").cell(LAND, 2025) is None
    assert found.known("tilfeller").cell(SOLA, 2023) is None


def test_a_key_figure_comes_from_the_first_table_that_has_the_area() -> None:
    asked = pages({"a": [{**key_figure("x", "99901", COUNT), "tables": ["99901", "99904"]}]})
    cubes = [made("99904", {COUNT: {SOLA: [7, 8], "030101": [1, 2]}}),
             made("99901", {COUNT: {SOLA: [5, 6]}})]  # fmt: skip
    found = known(*cubes, asked=asked)
    sola, bydel = found.series("x", SOLA), found.series("x", "030101")
    assert sola is not None
    assert bydel is not None
    assert (sola.newest.mark, sola.newest.value) == (f"99901 {COUNT} {SOLA} 2025", 6)
    assert (bydel.newest.mark, bydel.newest.value) == (f"99904 {COUNT} 030101 2025", 2)
    assert [one.table.id for one in found.sources] == ["99901", "99904"]
    assert found.source(bydel.newest).table is cubes[0].table


def test_what_no_table_has_is_no_key_figure() -> None:
    found = known(made("99902", {SHARE: {SOLA: [1, 2]}}))
    assert set(found.by_id) == {"tilfeller-andel"}


@pytest.mark.parametrize(("codes", "chosen"), [({}, "0"), ({"Kjonn": "2"}, "2")])
def test_of_a_table_with_more_it_is_the_total_or_the_category_named(
    codes: dict[str, str], chosen: str
) -> None:
    spec = table("99901", [MEASURES[COUNT], MEASURES[SHARE]])
    sex = dimension("Kjonn", {"1": "Menn", "0": "Begge", "2": "Kvinner"})
    sex = type(sex)(sex.code, sex.role, sex.label, sex.codes, sex.labels, total="0")
    dims = dimensions(spec, [2024, 2025], {SOLA: "Sola", HALDEN: "Halden"}, [sex])
    safe = cube(spec, dims, [facts(2024), facts(2025)], cells=drawn_cells(spec, dims, 3))
    asked = pages({"a": [key_figure("x", "99901", SHARE, codes=codes)]})
    found = figures(asked.figures, [safe]).by_id["x"][0]
    rows = safe.frame().filter(Kjonn=chosen, ContentsCode=SHARE)
    assert rows.height == 4
    for region, _, _, year, value, sign in rows.iter_rows():
        cell = found.cell(region, int(year))
        assert cell is not None
        assert (cell.value, cell.sign or None) == (value, sign)
        assert cell.mark == f"99901 {SHARE} {region} {year} {chosen}"


# --- a change of code ---------------------------------------------------------------------


def test_a_series_goes_on_over_a_change_of_code() -> None:
    before: list[Shown] = [310, 320, ".", "."]
    now: list[Shown] = [".", ".", ":", 340]
    values: Values = {COUNT: {"3001": before, HALDEN: now}}
    found = known(made("99901", values, [2022, 2023, 2024, 2025])).series("tilfeller", HALDEN)
    assert found is not None
    assert [(cell.region, cell.value or cell.sign) for cell in found.cells] == [
        ("3001", 310),
        ("3001", 320),
        (HALDEN, ":"),
        (HALDEN, 340),
    ]
    assert found.cells[0].mark == f"99901 {COUNT} 3001 2022"


def test_a_series_does_not_go_on_over_a_split() -> None:
    values: Values = {COUNT: {"1507": [900, "."], "1508": [".", 700], "1580": [".", 150]}}
    found = known(made("99901", values, [2023, 2024]))
    for code in ("1508", "1580"):
        own = found.series("tilfeller", code)
        assert own is not None
        assert [cell.year for cell in own.cells] == [2024]


# --- change -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "code", "nb", "en"),
    [
        ((200, 225), COUNT, f"+12,5{SPACE}%", "+12.5%"),
        ((225, 200), COUNT, f"{MINUS}11,1{SPACE}%", f"{MINUS}11.1%"),
        ((200, 200), COUNT, f"0,0{SPACE}%", "0.0%"),
        ((1, 25), COUNT, f"+2{SPACE}400,0{SPACE}%", "+2,400.0%"),
        # Shares differ by points.
        ((4.5, 5.1), SHARE, "+0,6", "+0.6"),
        ((5.1, 4.5), SHARE, f"{MINUS}0,6", f"{MINUS}0.6"),
        ((0.1, 0.1), SHARE, "0,0", "0.0"),
        # Nothing is a per cent of nothing, or of less.
        ((0, 12), COUNT, "+12", "+12"),
        ((-100, -50), COST, "+50", "+50"),
        ((100, -50), COST, f"{MINUS}150,0{SPACE}%", f"{MINUS}150.0%"),
    ],
)  # fmt: skip
def test_a_change_is_in_per_cent_but_for_shares(
    shown: tuple[float, ...], code: str, nb: str, en: str
) -> None:
    found = series(*shown, code=code).change
    assert found is not None
    assert (found.text("nb"), found.text("nn"), found.text("en")) == (nb, nb, en)
    assert found.mark.split(" ")[1:] == [code, SOLA, "2024", "2025"]


@pytest.mark.parametrize(
    "shown", [(12,), (":", 12), (12, ":"), (11, ":", 12), ("..", 12), (12, ".."), (11, ".", 12)]
)
def test_there_is_no_change_across_what_is_not_shown(shown: tuple[Shown, ...]) -> None:
    assert series(*shown).change is None


def test_there_is_no_change_between_years_that_do_not_follow_each_other() -> None:
    found = known(made("99901", {COUNT: {SOLA: [11, 12]}}, [2022, 2025])).series("tilfeller", SOLA)
    assert found is not None
    assert (len(found.cells), found.change) == (2, None)


def test_there_is_no_change_across_codes() -> None:
    values: Values = {COUNT: {"3001": [310, "."], HALDEN: [".", 340]}}
    found = known(made("99901", values, [2023, 2024])).series("tilfeller", HALDEN)
    assert found is not None
    assert [cell.value for cell in found.cells] == [310, 340]
    assert found.change is None


# --- how they are written -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "decimals", "nb", "en"),
    [
        (0, 0, "0", "0"),
        (3, 0, "3", "3"),
        (1234.5, 1, f"1{SPACE}234,5", "1,234.5"),
        (1234567, 0, f"1{SPACE}234{SPACE}567", "1,234,567"),
        (-1234.5, 1, f"{MINUS}1{SPACE}234,5", f"{MINUS}1,234.5"),
        (-0.04, 1, "0,0", "0.0"),
        (2.675, 2, "2,68", "2.68"),
        (5, 1, "5,0", "5.0"),
        (999.95, 1, f"1{SPACE}000,0", "1,000.0"),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(
    value: float, decimals: int, nb: str, en: str
) -> None:
    assert [written(value, decimals, each) for each in ("nb", "nn", "en")] == [nb, nb, en]


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_a_sign_is_written_as_it_is(language: Language) -> None:
    found = series(":", "..")
    assert [cell.text(language) for cell in found.cells] == [":", ".."]


# --- what readers must know of them -------------------------------------------------------


def cells(*regions: str, **changes: Any) -> list[Cell]:
    """The figures of regions in 2024 and 2025, of which some are estimated in 2025."""
    published = [
        facts(2024),
        facts(2025, round="2026-03", preliminary=True, estimated={FYLKE: 3.4, LAND: 1.2}),
    ]
    values: Values = {COUNT: {SOLA: [10, 11], FYLKE: [100, ":"], LAND: [1000, 1100]}}
    found = known(made("99901", values, published=published, **changes))
    shown = [found.series("tilfeller", region) for region in regions]
    return [cell for one in shown if one is not None for cell in one.cells]


def test_a_preliminary_figure_is_one_of_a_preliminary_year() -> None:
    assert [cell.preliminary for cell in cells(SOLA)] == [False, True]


def test_an_estimated_figure_is_a_number_of_a_region_with_missing_reports() -> None:
    assert [cell.estimated for cell in cells(SOLA)] == [False, False]
    assert [cell.estimated for cell in cells(LAND)] == [False, True]
    # A sign estimates nothing.
    assert [cell.estimated for cell in cells(FYLKE)] == [False, False]


def test_sums_of_those_that_reported_are_not_estimated() -> None:
    assert not any(cell.estimated for cell in cells(LAND, missing="sum"))


def test_the_name_of_every_region_is_known() -> None:
    found = known(
        made("99901", {COUNT: {SOLA: [1, 2]}}), made("99902", {SHARE: {LAND: [1, 2]}})
    ).labels
    assert {code: label.nb for code, label in found.items()} == {SOLA: "Sola", LAND: "Landet"}


def test_the_key_figures_of_these_tests_are_those_that_pages_count_on() -> None:
    assert {one.id for one in PAGES.figures} >= {"tilfeller", "tilfeller-andel", "innbyggere"}
