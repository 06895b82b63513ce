"""Workbooks read back by openpyxl and by Polars, cell by cell."""

from __future__ import annotations

from io import BytesIO
from itertools import product
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from openpyxl.cell import Cell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from kostra_publish.auditing.files import read
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs import csv_table, spreadsheetml, xlsx
from kostra_publish.outputs.facts import footnotes, marks, title
from kostra_publish.outputs.grid import grid
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from kostra_publish.specs.models import Note, Scope
from tests.awkward import awkward_cubes
from tests.cubes import catalogue, cube, dimensions, facts, sample, table, text
from tests.outputs.test_jsonstat import RELEASE, cells, flat, real, real_cube

FILE = "public/statbank/xlsx/13995.xlsx"
BELOW = "Merknader, tegnforklaring og kilde står under tabellen."

Row = tuple[object, ...]


def rendered(of: SafeCube, texts: Catalogue | None = None) -> bytes:
    return xlsx.render(of, texts or catalogue(), RELEASE)


def opened(data: bytes) -> Workbook:
    return openpyxl.load_workbook(BytesIO(data))


def rows(sheet: Worksheet) -> list[Row]:
    return list(sheet.iter_rows(values_only=True))


def of_a_row(of: SafeCube, row: Row) -> tuple[tuple[object, ...], tuple[object, object]]:
    """Codes, value and sign of a row of the sheet ``Data``."""
    header = [*csv_table.columns(of.dimensions)]
    named = dict(zip(header, row, strict=True))
    return tuple(named[one.code] for one in of.dimensions), (named["value"], named["status"])


def held(words: str) -> str:
    """What a text is in a cell, as openpyxl gives it."""
    return spreadsheetml.held(words)


def heading_ends(sheet: Worksheet) -> int:
    """How many rows stand above the figures."""
    return int(str(sheet.print_title_rows).rpartition("$")[2])


def figures(sheet: Worksheet, columns: int, count: int) -> list[list[Cell]]:
    """The cells with figures: the last columns of the rows after the heading."""
    first = heading_ends(sheet) + 1
    last = first + count // columns - 1
    found = sheet.iter_rows(min_row=first, max_row=last)
    return [list(row[: _width(sheet)][-columns:]) for row in found]  # type: ignore[arg-type]


def _width(sheet: Worksheet) -> int:
    return len(sheet.column_dimensions)


# --- read back by others ---


@pytest.mark.parametrize("table_id", ["13995", "10509", "12362"])
def test_openpyxl_reads_the_cells_of_the_cube(table_id: str) -> None:
    whole = real_cube(table_id, regions=["0301", "EAK"])
    book = opened(rendered(whole, real()))
    assert book.sheetnames == ["Tabell", "Data", "Metadata"]
    header, *data = rows(book["Data"])
    assert header == tuple(csv_table.columns(whole.dimensions))
    assert dict(of_a_row(whole, row) for row in data) == cells(whole)
    assert [of_a_row(whole, row)[0] for row in data] == list(cells(whole))


@pytest.mark.parametrize("table_id", ["13995", "12362"])
def test_polars_reads_the_cells_of_the_cube(table_id: str) -> None:
    whole = real_cube(table_id, regions=["0301", "EAK"])
    codes = [item.code for item in whole.dimensions]
    frame = pl.read_excel(
        rendered(whole, real()),
        sheet_name="Data",
        engine="openpyxl",
        schema_overrides={**dict.fromkeys(codes, pl.String), "value": pl.Float64},
    )
    assert frame.select(*codes, "value", "status").equals(whole.frame())
    assert frame["synthetic"].dtype == frame["preliminary"].dtype == pl.Boolean


@pytest.mark.parametrize("table_id", sorted(real().tables))
def test_every_real_table_reads_the_same_on_both_sheets(table_id: str) -> None:
    whole = real_cube(table_id, regions=["0301", "EAK"])
    content = read(f"public/statbank/xlsx/{table_id}.xlsx", rendered(whole, real()))
    assert content.wrong == []
    assert content.table is not None
    assert content.table.dimensions == {item.code: item.codes for item in whole.dimensions}
    assert content.table.shown.tolist() == whole.values.is_not_null().to_list()
    shown = content.table.values[content.table.shown]
    assert shown.tolist() == whole.values.drop_nulls().to_list()
    decimals = {one.code: one.decimals for one in whole.table.measures}
    assert content.table.decimals.items() <= decimals.items()


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(awkward_cubes())
def test_any_text_comes_back_but_for_line_breaks(whole: SafeCube) -> None:
    data = rendered(whole)
    book = opened(data)
    found = rows(book["Data"])
    assert dict(of_a_row(whole, row) for row in found[1:]) == cells(whole)
    for item in whole.dimensions[:-1]:
        at = [found[0].index(name) for name in (item.code, f"{item.code}_label")]
        labels = {row[at[0]]: row[at[1]] for row in found[1:]}
        assert [labels[code] for code in item.codes] == [held(one.nb) for one in item.labels]
    said = rows(book["Metadata"])[1:]
    about = csv_table.about(whole, catalogue(), RELEASE)
    assert said == [tuple(held(one) or None for one in row) for row in about]
    assert read(FILE, data).wrong == []


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "_x0041_", "<&>\"'"])
def test_a_text_is_a_text_whatever_it_begins_with(start: str) -> None:
    spec = table(title=text(start))
    whole = cube(spec, dimensions(spec, [2025], {"0301": start, "5610": "x" * 300}), [facts(2025)])
    data = rendered(whole)
    cell = opened(data)["Data"]["B2"]
    assert (cell.value, cell.data_type) == (start, "s")
    assert b"<f" not in ZipFile(BytesIO(data)).read("xl/worksheets/sheet2.xml")
    assert read(FILE, data).wrong == []


def test_what_xml_or_a_cell_cannot_hold_is_left_out() -> None:
    assert spreadsheetml.held("a\x00b\ud800c\r\n\nd\ufffe") == "a b c d "
    long = spreadsheetml.held("x" * 40_000)
    assert len(long) <= spreadsheetml.MOST_CHARACTERS
    assert long.endswith("x…")


# --- the table as it is read ---


@pytest.mark.parametrize("table_id", ["13995", "12362", "10509"])
def test_the_readable_sheet_has_the_figures_in_the_layout_of_the_spec(table_id: str) -> None:
    whole = real_cube(table_id, regions=["0301", "EAK"])
    sheet = opened(rendered(whole, real()))["Tabell"]
    laid = grid(whole)
    wanted = [[one.value if not one.sign else one.sign for one in row] for row in laid.rows]
    found = figures(sheet, laid.shape[1], len(whole.values))
    assert [[one.value for one in row] for row in found] == wanted


def test_numbers_have_the_decimals_of_their_measure_and_signs_stand_to_the_right() -> None:
    whole = sample(vintages=[2025])
    decimals = {one.code: one.decimals for one in whole.table.measures}
    sheet = opened(rendered(whole))["Tabell"]
    [*found] = (cell for row in figures(sheet, 1, len(whole.values)) for cell in row)
    for (codes, (value, sign)), cell in zip(cells(whole).items(), found, strict=True):
        if sign is None:
            assert cell.value == value
            assert cell.number_format == ("#,##0.0" if decimals[codes[-2]] else "#,##0")
        else:
            assert (cell.value, cell.data_type, cell.alignment.horizontal) == (sign, "s", "right")


def test_title_and_marks_stand_above_the_table_and_all_notes_below_it() -> None:
    whole = real_cube("13995")
    sheet = opened(rendered(whole, real()))["Tabell"]
    first = [row[0] for row in rows(sheet)[: heading_ends(sheet)]]
    said = [mark.text.nb for mark in marks(whole, real())]
    assert first[: len(said) + 2] == [title(whole, "nb"), *said, BELOW]
    notes = footnotes(whole, real())
    below = [row[:2] for row in rows(sheet)[heading_ends(sheet) + len(whole.values) // 2 :]]
    assert below[:2] == [(None, None), ("Merknader", None)]
    of_table = [("•", note.text.nb) for note in notes.table[len(said) :]]
    assert below[2 : 2 + len(of_table)] == of_table
    numbered = [row for row in below if str(row[0]).endswith(")")]
    of_measures = notes.categories[CONTENTS].values()
    texts = dict.fromkeys(note.text.nb for of in of_measures for note in of)
    assert numbered == [(f"{n})", words) for n, words in enumerate(texts, start=1)]
    assert below[-1] == ("•", "Neste oppdatering: 15. juni 2026")
    assert not any(cell.comment for row in sheet.iter_rows() for cell in row)


def test_a_category_with_notes_carries_their_numbers() -> None:
    one, other = Scope(measures=["KOSandel0000"]), Scope(regions=["3103"])
    notes = [Note(text=text(words), scope=of) for words, of in (("First", one), ("Second", other))]
    sheet = opened(rendered(sample(vintages=[2025], notes=notes)))["Tabell"]
    found = {cell for row in rows(sheet) for cell in row if isinstance(cell, str)}
    assert {"Moss 2)", "Measure KOSandel0000 1)"} <= found
    below = {row[0]: row[1] for row in rows(sheet) if row[0] in {"1)", "2)"}}
    assert below == {"1)": "First", "2)": "Second"}


def test_titles_and_notes_are_wrapped_over_several_columns_and_lines() -> None:
    spec = table(notes=[Note(text=text("words " * 100))])
    whole = cube(spec, dimensions(spec, [2025]), [facts(2025)])
    sheet = opened(rendered(whole))["Tabell"]
    merged = {str(area).split(":")[0] for area in sheet.merged_cells.ranges}
    [note] = [cell for row in sheet.iter_rows() for cell in row if str(cell.value)[:5] == "words"]
    assert note.alignment.wrap_text
    assert {"A1", note.coordinate} <= merged
    assert sheet.row_dimensions[note.row or 0].height == 6 * spreadsheetml.LINE


def test_a_note_that_is_too_long_for_a_row_goes_on_in_the_next() -> None:
    words = " ".join(f"word{'x' * (n % 9)}" for n in range(900))
    spec = table(notes=[Note(text=text(words))])
    whole = cube(spec, dimensions(spec, [2025]), [facts(2025)])
    data = rendered(whole)
    found = [row[1] for row in rows(opened(data)["Tabell"]) if str(row[1]).startswith("word")]
    assert len(found) > 1
    assert " ".join(map(str, found)) == words
    assert read(FILE, data).wrong == []


def test_panes_are_frozen_pages_are_wide_and_the_link_leads_to_the_notes() -> None:
    book = opened(rendered(sample()))
    sheet = book["Tabell"]
    assert sheet.freeze_panes == f"E{heading_ends(sheet) + 1}"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_cols == "$A:$D"
    [(said, link)] = [
        (cell.value, cell.hyperlink) for row in sheet.iter_rows() for cell in row if cell.hyperlink
    ]
    assert said == BELOW
    assert sheet[str(link.location).rpartition("!")[2]].value == "Merknader"
    for name in ("Data", "Metadata"):
        assert book[name].freeze_panes == "A2"
        assert book[name].auto_filter.ref == book[name].dimensions


def test_a_table_without_a_heading_has_one_column_of_figures() -> None:
    codes = [KOMMUNE_REGION, "Kjonn", CONTENTS, TIME]
    whole = sample(presentation={"stub": codes, "heading": []})
    data = rendered(whole)
    found = figures(opened(data)["Tabell"], 1, len(whole.values))
    assert [cell.value for [cell] in found] == [
        value if sign is None else sign for value, sign in cells(whole).values()
    ]
    assert read(FILE, data).wrong == []


def test_a_table_without_a_side_is_one_row() -> None:
    codes = [TIME, CONTENTS, "Kjonn", KOMMUNE_REGION]
    whole = sample(presentation={"stub": [], "heading": codes})
    data = rendered(whole)
    found = figures(opened(data)["Tabell"], len(whole.values), len(whole.values))
    by_codes = {
        (region, sex, content, year): cell.value
        for (year, content, sex, region), cell in zip(
            product(*(whole.dimension(code).codes for code in codes)), found[0], strict=True
        )
    }
    wanted = {key: value if sign is None else sign for key, (value, sign) in cells(whole).items()}
    assert by_codes == wanted
    assert read(FILE, data).wrong == []


def test_a_table_that_is_too_wide_gets_fewer_variables_across(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xlsx, "MOST_COLUMNS", 8)
    whole = sample(presentation={"stub": [KOMMUNE_REGION], "heading": ["Kjonn", CONTENTS, TIME]})
    content = read(FILE, rendered(whole))
    assert content.wrong == []
    sheet = opened(rendered(whole))["Tabell"]
    assert len(sheet.column_dimensions) == 7


def test_what_is_too_long_for_a_sheet_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "ROWS", 10)
    whole = sample()
    data = rendered(whole)
    book = opened(data)
    assert book.sheetnames == [
        "Tabell", "Tabell 2", "Tabell 3",
        "Data", "Data 2", "Data 3", "Data 4", "Data 5", "Metadata",
    ]  # fmt: skip
    data_rows = [row for sheet in book if sheet.title[:4] == "Data" for row in rows(sheet)[1:]]
    assert dict(of_a_row(whole, row) for row in data_rows) == cells(whole)
    assert read(FILE, data).wrong == []


# --- files ---


def test_numbers_stand_beside_no_sign() -> None:
    values = [117.0, -0.0, 0.1, -3.0, 2.5, 1e18, None, None, None]
    statuses = [None] * 6 + [".", "..", ":"]
    found = rows(opened(rendered(flat(values, statuses)))["Data"])[1:]
    assert [row[-2:] for row in found] == [
        (117, None), (0, None), (0.1, None), (-3, None), (2.5, None), (10**18, None),
        (None, "."), (None, ".."), (None, ":"),
    ]  # fmt: skip


def test_what_must_be_read_with_a_figure_stands_in_its_row() -> None:
    found = rows(opened(rendered(sample()))["Data"])[1:]
    assert {row[-7:-2] for row in found} == {
        ("2024", "number", False, "2025-06", True),
        ("2025", "number", True, "2026-03", True),
    }


def test_there_is_a_file_per_table_and_the_same_cubes_give_the_same_bytes() -> None:
    files = dict(xlsx.write_xlsx([sample("13995"), sample("14019")], catalogue(), RELEASE))
    assert list(files) == [FILE, "public/statbank/xlsx/14019.xlsx"]
    again = [sample("13995"), sample("14019")]
    assert files == dict(xlsx.write_xlsx(again, catalogue(), RELEASE))


def test_nothing_in_the_file_tells_when_or_where_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "13995.xlsx"
    path.write_bytes(rendered(sample()))
    with ZipFile(path) as archive:
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = openpyxl.load_workbook(path).properties
    assert properties.title is not None
    assert properties.title.startswith("Synthetic: 13995: ")
    assert properties.creator == "publisher"
    assert f"{properties.created:%Y-%m-%dT%H:%M:%SZ}" == "2026-03-16T07:00:00Z"
