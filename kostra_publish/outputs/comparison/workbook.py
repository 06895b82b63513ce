"""A comparison as a workbook: a summary, every changed cell, every changed text.

XlsxWriter makes the workbook, with the first row of cells as a pattern. The hundreds of
thousands of rows after it are made by Polars in the same form and put into the sheet: cell by
cell they would take twenty times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from kostra_publish.outputs.comparison import words
from kostra_publish.outputs.comparison.facts import KINDS, Comparison, TableChanges
from kostra_publish.outputs.comparison.tallies import kinds, relative
from kostra_publish.specs.dimensions import CONTENTS, Role

ROWS: Final = 1_000_000
"""The most cells on a sheet; Excel has 1 048 576 rows."""

_CREATED: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # a workbook knows no time zones
"""The same in every workbook, so that the same comparison gives the same bytes."""
_LEVEL: Final = 3
_CHUNK: Final = 50_000
"""Rows that are made at a time, so that memory does not grow with them."""

_CELLS: Final = (
    ("Tabell", 12),
    ("Region", 9),
    ("Regionnavn", 24),
    ("Statistikkvariabel", 24),
    ("Navn", 44),
    ("Andre variabler", 30),
    ("År", 7),
    ("Endring", 17),
    ("Før", 14),
    ("Etter", 14),
    ("Differanse", 14),
    ("Relativt", 11),
)
_SAID: Final = (
    ("Tabell", 12),
    ("Endring", 15),
    ("Hva", 24),
    ("Gjelder", 32),
    ("Før", 60),
    ("Etter", 60),
    ("Sti", 40),
)
_NUMBERS: Final = 4
"""How many of the last columns of a cell's row hold numbers."""


def write_workbook(comparison: Comparison) -> bytes:
    """The bytes of the workbook, in bokmål; same comparison, same bytes."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"title": _title(comparison), "created": _CREATED})
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    _summary(book, comparison, head)
    blocks = [_block(table) for table in comparison.tables if table.cells.height]
    cells = pl.concat(blocks) if blocks else pl.DataFrame()
    rows = {sheet: cells.slice(first, ROWS) for sheet, first in _sheets(cells.height)}
    for sheet, some in rows.items():
        _pattern(book, sheet, some, head)
    _said(book, comparison, head)
    book.close()
    return _filled(buffer.getvalue(), list(rows.values()))


def _title(comparison: Comparison) -> str:
    return f"Sammenlikning av {comparison.before} og {comparison.after}"


def _sheets(cells: int) -> Iterator[tuple[str, int]]:
    """The sheets of cells with the row that each begins at."""
    for number, first in enumerate(range(0, max(cells, 1), ROWS), 1):
        yield "Celler" if number == 1 else f"Celler {number}", first


def _header(
    sheet: Worksheet, columns: Sequence[tuple[str, int]], head: Format, row: int = 0
) -> None:
    for place, (name, width) in enumerate(columns):
        sheet.set_column(place, place, width)
        sheet.write_string(row, place, name, head)


def _summary(book: xlsxwriter.Workbook, comparison: Comparison, head: Format) -> None:
    """Sheet 1: what was compared, and the changed cells of each table by kind."""
    sheet = book.add_worksheet("Sammendrag")
    bold = book.add_format({"bold": True, "font_size": 14})
    number = book.add_format({"num_format": "#,##0"})
    sheet.write_string(0, 0, _title(comparison), bold)
    notice = "Til intern bruk: skal ikke publiseres."
    sheet.write_string(1, 0, notice + (" Syntetiske data." if comparison.synthetic else ""))
    found = kinds(comparison)
    names = [words.KIND["nb"][kind].capitalize() for kind in found]
    columns = [("Tabell", 34), ("Tittel", 60), ("Celler", 11), ("Endret i alt", 11)]
    columns += [(name, 11) for name in names] + [("Tekster og koder", 11)]
    _header(sheet, columns, head, row=3)
    said = [change.table for change in comparison.said]
    for row, table in enumerate(comparison.tables, 4):
        counts = table.counts()
        sheet.write_string(row, 0, table.table)
        sheet.write_string(row, 1, table.title)
        numbers = [table.compared, table.cells.height, *(counts[kind] for kind in found)]
        for place, count in enumerate([*numbers, said.count(table.table)], 2):
            sheet.write_number(row, place, count, number)
    sheet.freeze_panes(4, 1)
    sheet.autofilter(3, 0, 3 + len(comparison.tables), len(columns) - 1)


def _pattern(book: xlsxwriter.Workbook, name: str, cells: pl.DataFrame, head: Format) -> None:
    """A sheet of cells with its heading, and a row of blanks in the styles of numbers.

    The styles are, for each number of decimals, that of a value and that of a difference, and
    last that of a share; ``_with_rows`` reads them back.
    """
    sheet = book.add_worksheet(name)
    _header(sheet, _CELLS, head)
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(cells.height, 1), len(_CELLS) - 1)
    if not cells.height:
        return
    codes = []
    for decimals in range(_decimals(cells) + 1):
        number = "#,##0" + ("." + "0" * decimals if decimals else "")
        codes += [number, f"+{number};-{number};0"]
    for place, code in enumerate([*codes, "+0.0%;-0.0%;0.0%"]):
        style = book.add_format({"num_format": code, "align": "right"})
        sheet.write_blank(1, place, None, style)


def _decimals(cells: pl.DataFrame) -> int:
    return int(cells.select(pl.col("decimals").max()).item())


def _said(book: xlsxwriter.Workbook, comparison: Comparison, head: Format) -> None:
    """The last sheet: every changed text, code or mark."""
    sheet = book.add_worksheet("Tekster og koder")
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    _header(sheet, _SAID, head)
    for row, change in enumerate(comparison.said, 1):
        texts = (
            change.table or words.LIST,
            words.SAID["nb"][change.kind],
            words.part(change, "nb"),
            words.about(change),
            words.said(change.before, "nb"),
            words.said(change.after, "nb"),
            " / ".join(change.path),
        )
        for place, text in enumerate(texts):
            sheet.write_string(row, place, text[:32_000], wrapped)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(comparison.said), 1), len(_SAID) - 1)


# --- the rows of cells ---------------------------------------------------------------------


def _block(table: TableChanges) -> pl.DataFrame:
    """The changed cells of a table in the columns of the sheet; texts ready for XML."""
    cells = table.cells.with_columns(relative())
    kind = pl.col("kind").replace_strict(
        {kind: words.KIND["nb"][kind] for kind in KINDS}, return_dtype=pl.String
    )
    return cells.select(
        pl.lit(_escaped(table.table)).alias("table"),
        _named(table, "geo", codes=True).alias("region"),
        _named(table, "geo").alias("region name"),
        _named(table, "metric", codes=True).alias("measure"),
        _named(table, "metric").alias("measure name"),
        _named(table, "classification").alias("others"),
        _named(table, "time").alias("year"),
        kind.alias("kind"),
        *(
            column
            for when in ("before", "after")
            for column in (
                pl.col(f"{when}_value"),
                pl.col(f"{when}_sign").cast(pl.String),
            )
        ),
        # A difference of numbers with a few decimals has no more of them.
        (pl.col("after_value") - pl.col("before_value")).round(8).alias("difference"),
        pl.col("relative"),
        _decimals_of(table).alias("decimals"),
    )


def _decimals_of(table: TableChanges) -> pl.Expr:
    contents = table.of_role("metric")
    if contents is None:
        return pl.lit(0, dtype=pl.UInt8)
    places = pl.Series(range(len(contents.codes)), dtype=pl.UInt32)
    decimals = [table.decimals.get(code, 0) for code in contents.codes]
    return pl.col(contents.code).replace_strict(places, pl.Series(decimals, dtype=pl.UInt8))


def _named(table: TableChanges, role: Role, *, codes: bool = False) -> pl.Expr:
    """The names (or codes) of a cell's categories in the dimensions of a role."""
    parts = []
    for one in table.dimensions:
        if one.role == role and (role != "metric" or one.code == CONTENTS):
            name = f"{one.label}: " if role == "classification" else ""
            texts = [_escaped(name + text) for text in (one.codes if codes else one.labels)]
            places = pl.Series(range(len(texts)), dtype=pl.UInt32)
            parts.append(pl.col(one.code).replace_strict(places, pl.Series(texts, dtype=pl.String)))
    return pl.concat_str(parts, separator=", ", ignore_nulls=True) if parts else pl.lit("")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _xml(cells: pl.DataFrame, styles: Sequence[str], first: int) -> bytes:
    """Rows of a sheet, the first of them with the number ``first``."""
    row = pl.col("row")
    letters = "ABCDEFGHIJKL"
    texts = zip(letters, cells.columns[: len(_CELLS) - _NUMBERS], strict=False)
    parts = [_text_cell(letter, "", name) for letter, name in texts]
    value, difference = (_style(styles[place:-1:2]) for place in (0, 1))
    for letter, when in (("I", "before"), ("J", "after")):
        number = _number_cell(letter, value, f"{when}_value")
        parts.append(pl.coalesce(number, _text_cell(letter, styles[0], f"{when}_sign")))
    parts.append(_number_cell("K", difference, "difference"))
    parts.append(_number_cell("L", pl.lit(styles[-1]), "relative"))
    line = pl.concat_str(
        pl.format('<row r="{}">', row), *(part.fill_null("") for part in parts), pl.lit("</row>")
    )
    found = cells.with_row_index("row", offset=first).select(line.str.join("")).item()
    return str(found).encode()


def _style(of_decimals: Sequence[str]) -> pl.Expr:
    """The style of a number by its decimals."""
    decimals = pl.Series(range(len(of_decimals)), dtype=pl.UInt8)
    return pl.col("decimals").replace_strict(decimals, pl.Series(of_decimals, dtype=pl.String))


def _text_cell(letter: str, style: str, name: str) -> pl.Expr:
    cell = f'<c r="{letter}{{}}"{style} t="inlineStr"><is><t>{{}}</t></is></c>'
    return pl.format(cell, pl.col("row"), name)


def _number_cell(letter: str, style: pl.Expr, name: str) -> pl.Expr:
    return pl.format(f'<c r="{letter}{{}}"{{}}><v>{{}}</v></c>', pl.col("row"), style, name)


def _filled(book: bytes, sheets: Sequence[pl.DataFrame]) -> bytes:
    """The workbook with the rows of cells in place of the pattern."""
    result = BytesIO()
    with (
        ZipFile(BytesIO(book)) as source,
        ZipFile(result, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as target,
    ):
        for name in source.namelist():
            data = source.read(name)
            match = re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", name)
            number = int(match[1]) - 2 if match else -1
            # A part that is opened by its name alone has no time of its own.
            with target.open(name, "w") as part:
                if 0 <= number < len(sheets) and sheets[number].height:
                    part.writelines(_with_rows(data, sheets[number]))
                else:
                    part.write(data)
    return result.getvalue()


def _with_rows(sheet: bytes, cells: pl.DataFrame) -> Iterator[bytes]:
    start, end = sheet.index(b'<row r="2"'), sheet.index(b"</sheetData>")
    styles = re.findall(r'<c r="[A-Z]+2"( s="\d+")/>', sheet[start:end].decode())
    extent = f'<dimension ref="A1:L{cells.height + 1}"/>'.encode()
    yield re.sub(rb'<dimension ref="[^"]*"/>', extent, sheet[:start], count=1)
    for first in range(0, cells.height, _CHUNK):
        yield _xml(cells.slice(first, _CHUNK), styles, first + 2)
    yield sheet[end:]
