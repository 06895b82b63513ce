"""Workbooks (XLSX), for whoever reads a table in a spreadsheet.

One file per table. The first sheet is the table as the statbank shows it, with its title, its
marks and, below it, all its notes. The second has a row per cell, as CSV has. The last has
titles, notes, units and all names in nb, nn and en. What is too long for a sheet goes on in
another one of the same kind; what is too wide gets fewer variables across the top.

Rows of figures are put together by Polars as XML, what stands before the figures once for each
place: cell by cell a national release would take minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from io import BytesIO
from itertools import accumulate, product, takewhile
from math import ceil, prod
from typing import Final

import numpy as np
import polars as pl

from kostra_publish.disclosure.safe import SafeCube, only_safe
from kostra_publish.outputs import csv_table
from kostra_publish.outputs.facts import (
    Footnote,
    Footnotes,
    TableFacts,
    footnotes,
    layout,
    marks,
    measures,
    number,
    title,
    written,
)
from kostra_publish.outputs.grid import Grid, grid
from kostra_publish.outputs.metadata.told import table_title
from kostra_publish.outputs.spreadsheetml import (
    MOST_COLUMNS,
    MOST_LINES,
    Sheet,
    Strings,
    Style,
    area,
    held,
    properties,
    row,
    workbook,
)
from kostra_publish.releases.rounds import ReleaseFacts, utc
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import Language

FOLDER: Final = "public/statbank/xlsx"
LANGUAGE: Final[Language] = "nb"
"""The language of the first sheets."""
ROWS: Final = 1_000_000
"""The most rows of figures on a sheet; there must be room for titles and notes too."""

_TABLE: Final = "Tabell"
_DATA: Final = "Data"
_METADATA: Final = "Metadata"
_UNIT: Final = "enhet"
_BELOW: Final = "Merknader, tegnforklaring og kilde står under tabellen."
_NOTES: Final = "Merknader"
_OF_TABLE: Final = "•"
"""What stands before a note on the whole table."""

_SIDE_BY_SIDE: Final = 2
"""How many workbooks are made at once."""
_CHUNK: Final = 1 << 16
"""Figures that are made at a time, so that memory does not grow with them."""
_CODE_WIDTH: Final = 10
_LONGEST_LABEL: Final = 60
"""Widths are in characters. Longer labels go on in the next line."""
_FIGURE_WIDTH: Final = 12
_PAGE_WIDTH: Final = 110
"""How wide titles and notes are at least."""
_FROZEN_WIDTH: Final = 64
_FROZEN_LINES: Final = 20
"""The most that stays where it is: on a small screen there must be room for figures too."""
_ABOUT_WIDTHS: Final = (20, 24, 24, 60, 60, 60)


def write_xlsx(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """The workbook of every table: (path in the release, bytes)."""
    found = only_safe(cubes)
    make = partial(render, catalogue=catalogue, release=release)
    # Polars and the compression leave the interpreter to others. The largest come first, so that
    # none of them is made alone at the end.
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        largest_first = sorted(enumerate(found), key=lambda one: prod(one[1].size), reverse=True)
        made = {place: pool.submit(make, cube) for place, cube in largest_first}
        for place, cube in enumerate(found):
            yield f"{FOLDER}/{file_name(cube.table.id)}", made.pop(place).result()


def file_name(table_id: str) -> str:
    """The name of a table's file."""
    return f"{table_id}.xlsx"


def render(cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts) -> bytes:
    """The bytes of a table's workbook; the same cube gives the same bytes."""
    table = _Table(cube, catalogue, TableFacts.of(cube, release))
    about = csv_table.about(cube, catalogue, release)
    sheets = [*_readable(table), *_long(table), _metadata(table.strings, about)]
    said = properties(
        table_title(cube, catalogue.texts).get(LANGUAGE),
        catalogue.texts.publisher.get(LANGUAGE),
        utc(table.facts.updated),
    )
    return workbook(sheets, table.strings, said)


@dataclass(frozen=True, eq=False)
class _Table:
    """A table, all that is to be said of it, and the texts that its workbook shares."""

    cube: SafeCube
    catalogue: Catalogue
    facts: TableFacts
    strings: Strings = field(default_factory=Strings)

    @cached_property
    def marks(self) -> list[Footnote]:
        """What kind of figures they are; the first of the notes on the whole table."""
        return [*marks(self.cube, self.catalogue)]

    @cached_property
    def _notes(self) -> Footnotes:
        return footnotes(self.cube, self.catalogue)

    @cached_property
    def notes(self) -> list[tuple[str, str]]:
        """The notes below the table, each with what stands before it."""
        of_table = self._notes.table[len(self.marks) :]
        return [
            *((_OF_TABLE, note.text.get(LANGUAGE)) for note in of_table),
            *((_numbered(place), text) for text, place in self._numbers.items()),
        ]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The numbers of notes on categories; those that say the same have one."""
        texts = (
            note.text.get(LANGUAGE)
            for of in self._notes.categories.values()
            for notes in of.values()
            for note in notes
        )
        return {text: place for place, text in enumerate(dict.fromkeys(texts), start=1)}

    def fields(self, dimension: CubeDimension) -> list[tuple[str, ...]]:
        """What the readable sheet has of a dimension, for each of its categories.

        The code and name of a region, the name and unit of a measure, the name of any other.
        Behind a name stand the numbers of its notes.
        """
        if dimension.role == "time":
            return [(code,) for code in dimension.codes]
        of = self._notes.categories.get(dimension.code, {})
        names = [
            " ".join([label.get(LANGUAGE), *self._marked(of.get(code, ()))])
            for code, label in zip(dimension.codes, dimension.labels, strict=True)
        ]
        if dimension.role == "geo":
            return [*zip(dimension.codes, names, strict=True)]
        if dimension.role == "metric":
            return [*zip(names, self.units, strict=True)]
        return [(name,) for name in names]

    def _marked(self, notes: Sequence[Footnote]) -> Iterator[str]:
        for note in notes:
            yield _numbered(self._numbers[note.text.get(LANGUAGE)])

    @cached_property
    def figures(self) -> pl.DataFrame:
        """The cells of the cube: the ``number`` as text, null where there is a ``status``."""
        cells = pl.LazyFrame({"value": self.cube.values, "status": self.cube.statuses})
        return cells.select(number("value").alias("number"), "status").collect()

    def signs(self, style: int = Style.PLAIN) -> dict[str, str]:
        """A cell for each sign that occurs."""
        occurring = self.cube.statuses.drop_nulls().unique().sort()
        return {sign: self.strings.cell(sign, style) for sign in occurring}

    @cached_property
    def units(self) -> list[str]:
        """The unit of each measure."""
        units = self.catalogue.texts.units
        return [units[item.unit].get(LANGUAGE) for item in measures(self.cube)]


def _numbered(place: int) -> str:
    return f"{place})"


# --- the table as it is read --------------------------------------------------------------


def _readable(table: _Table) -> Iterator[Sheet]:
    """The sheets with the table as it is read, the last one with notes."""
    page = _Page.of(table)
    down, _ = page.grid.shape
    cells = _laid_out(table, page.grid)
    for place, first in enumerate(range(0, down, ROWS)):
        last = min(first + ROWS, down)
        figures = partial(_rows_of_figures, table, page, cells)
        below = page.below(len(page.head) + last - first) if last == down else _Below()
        yield Sheet(
            name=_sheet_name(_TABLE, place),
            widths=page.widths,
            rows=_joined(page.head, figures(first, last), below.rows),
            frozen=page.frozen,
            merged=[*page.merged, *below.merged],
            texts=page.texts(last - first),
            link=(page.link, below.first) if below.first else None,
            titles=(page.heading, len(page.head) - 1, page.frozen[1]),
        )


def _joined(*parts: Iterator[bytes] | Sequence[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield from part


def _sheet_name(kind: str, place: int) -> str:
    return kind if place == 0 else f"{kind} {place + 1}"


def _sides(table: _Table) -> Grid:
    """The table laid out as its spec says, with fewer variables across if it is too wide."""
    cube = table.cube
    stub, heads = layout(cube)
    while heads:
        beside = sum(len(table.fields(cube.dimension(code))[0]) for code in stub)
        if beside + prod(len(cube.dimension(code).codes) for code in heads) <= MOST_COLUMNS:
            break
        stub.append(heads.pop(0))
    return grid(cube, stub=stub, heading=heads)


def _laid_out(table: _Table, laid: Grid) -> pl.Series:
    """The figures as cells, in the order of the sheet."""
    cube = table.cube
    opened = pl.Series([f'<c s="{Style.NUMBER + one.decimals}"><v>' for one in measures(cube)])
    years = cube.size[-1]
    measure = pl.int_range(pl.len()) // years % len(opened)
    shown = pl.concat_str(pl.lit(opened).gather(measure), "number", pl.lit("</v></c>"))
    sign = pl.col("status").replace_strict(table.signs(Style.SIGN), return_dtype=pl.String)
    cells = table.figures.select(pl.coalesce(shown, sign).alias("cell"))["cell"]
    places = laid.positions.ravel()
    in_order = bool((places == np.arange(len(places))).all())
    return cells if in_order else cells.gather(places)


def _rows_of_figures(
    table: _Table, page: _Page, cells: pl.Series, first: int, last: int
) -> Iterator[bytes]:
    """Rows of the sheet, from ``first`` to before ``last``."""
    outer, *inner = [page.side_cells(table, one) for one in page.grid.stub] or [[""]]
    outside = pl.Series([f"<row>{one}" for one in outer])
    within = pl.Series(["".join(parts) for parts in product(*inner)])
    across = page.grid.shape[1]
    step = max(_CHUNK // across, 1)
    for start in range(first, last, step):
        rows = np.arange(start, min(start + step, last))
        some = cells.slice(start * across, len(rows) * across)
        yield _lines(
            {
                "outside": outside.gather(rows // len(within)),
                "within": within.gather(rows % len(within)),
                **{str(n): some.gather_every(across, n) for n in range(across)},
                "end": pl.repeat("</row>", len(rows), eager=True),
            }
        )


def _lines(columns: Mapping[str, pl.Series]) -> bytes:
    """Rows as XML, each on a line, from parts of them; tabs and line breaks mean nothing there."""
    lines = BytesIO()
    pl.DataFrame(columns).write_csv(
        lines, separator="\t", quote_style="never", include_header=False, batch_size=256
    )
    return lines.getvalue()


@dataclass(frozen=True, eq=False)
class _Below:
    """What stands below the table, and the cell that it begins at."""

    rows: Sequence[bytes] = ()
    merged: Sequence[str] = ()
    first: str = ""


@dataclass(frozen=True, eq=False)
class _Page:
    """The readable sheet around its figures. Rows and columns count from 0."""

    table: _Table
    grid: Grid
    widths: Sequence[int]
    side: int
    """How many columns stand before the figures."""

    @classmethod
    def of(cls, table: _Table) -> _Page:
        """The page of a table."""
        laid = _sides(table)
        side = [
            width
            for dimension in laid.stub
            for width in _widths(table.fields(dimension), _names(dimension))
        ]
        figures = [_figure_width(table.cube)] * laid.shape[1]
        return cls(table, laid, (*side, *figures), len(side))

    @cached_property
    def _text_columns(self) -> int:
        """How many columns titles and notes go over, some beyond the table where it is narrow."""
        wide = takewhile(lambda width: width < _PAGE_WIDTH, accumulate(self.widths))
        found = sum(1 for _ in wide) + 1
        missing = _PAGE_WIDTH - sum(self.widths)
        return max(found if missing <= 0 else len(self.widths) + ceil(missing / 9), 2)

    # --- above the figures ----------------------------------------------------------------

    @cached_property
    def _above(self) -> list[tuple[str, Style, int]]:
        """Texts above the table: the text, its style, how many lines it takes."""
        texts = [
            (title(self.table.cube, LANGUAGE), Style.TITLE, 75),
            *((mark.text.get(LANGUAGE), Style.MARK, 105) for mark in self.table.marks),
            (_BELOW, Style.LINK, 110),
        ]
        return [(text, style, _lines_of(text, width)) for text, style, width in texts]

    @property
    def link(self) -> str:
        """The cell that leads to the notes."""
        return f"A{len(self._above)}"

    @property
    def heading(self) -> int:
        """The first row of the heading; an empty row stands before it."""
        return len(self._above) + 1

    @cached_property
    def _heading(self) -> list[tuple[list[str], int, int]]:
        """The rows of the heading: texts, how many columns each spans, how many lines."""
        across = self.grid.shape[1]
        found = []
        repeated = 1
        for dimension in self.grid.heading:
            fields = self.table.fields(dimension)
            span = across // (repeated * len(fields))
            for of_row in zip(*fields, strict=True):
                texts = [*of_row] * repeated
                width = span * self.widths[-1]
                found.append((texts, span, max(_lines_of(text, width) for text in texts)))
            repeated *= len(fields)
        return found or [([""], 1, 1)]

    @cached_property
    def head(self) -> list[bytes]:
        """The rows above the figures."""
        strings = self.table.strings
        rows = [strings.row([text], style, lines) for text, style, lines in self._above]
        rows.append(row(""))
        names = [name for dimension in self.grid.stub for name in _names(dimension)]
        for place, (texts, span, lines) in enumerate(self._heading, start=1):
            before = names if place == len(self._heading) else [""] * len(names)
            style = Style.COLUMN if span == 1 else Style.HEADING
            rest = strings.cell("", style) * (span - 1)
            cells = [strings.cell(name, Style.HEADING) for name in before]
            cells += [strings.cell(text, style) + rest for text in texts]
            rows.append(row("".join(cells), lines))
        return rows

    @cached_property
    def merged(self) -> list[str]:
        """The areas above the figures that are one cell."""
        found = [area((at, 0), (at, self._text_columns - 1)) for at in range(len(self._above))]
        for at, (texts, span, _) in enumerate(self._heading, start=self.heading):
            starts = (self.side + place * span for place in range(len(texts)))
            found += [area((at, start), (at, start + span - 1)) for start in starts if span > 1]
        return found

    @cached_property
    def frozen(self) -> tuple[int, int]:
        """How many rows and columns stay where they are."""
        lines = sum(lines for *_, lines in (*self._above, *self._heading)) + 1
        columns = takewhile(
            lambda width: width <= _FROZEN_WIDTH, accumulate(self.widths[: self.side])
        )
        return len(self.head) if lines <= _FROZEN_LINES else 0, max(sum(1 for _ in columns), 1)

    # --- beside and below them ------------------------------------------------------------

    def side_cells(self, table: _Table, dimension: CubeDimension) -> list[str]:
        """The cells before the figures, for each category of a dimension."""
        return [
            "".join(
                table.strings.cell(
                    text, Style.WRAPPED if len(text) > _LONGEST_LABEL else Style.PLAIN
                )
                for text in fields
            )
            for fields in table.fields(dimension)
        ]

    def texts(self, rows: int) -> str:
        """The area before some rows of figures, where codes stand."""
        start = len(self.head)
        return area((start, 0), (start + rows - 1, self.side - 1)) if self.side else ""

    def below(self, start: int) -> _Below:
        """What stands below the figures, which end before row ``start``."""
        strings, last = self.table.strings, self._text_columns - 1
        width = _PAGE_WIDTH - self.widths[0]
        rows = [row(""), strings.row([_NOTES], Style.SECTION)]
        merged = []
        for before, text in (*self.table.notes, *_sources(self.table)):
            for n, piece in enumerate(_pieces(held(text), width)):
                at = start + len(rows)
                merged.append(area((at, 1), (at, last)))
                shown = before if n == 0 else ""
                rows.append(strings.row([shown, piece], Style.WRAPPED, _lines_of(piece, width)))
        return _Below(rows, merged, f"A{start + 2}")


def _sources(table: _Table) -> Iterator[tuple[str, str]]:
    texts, facts = table.catalogue.texts, table.facts
    said = {
        "Kilde": texts.publisher.get(LANGUAGE),
        "Kontakt": texts.contact.get(LANGUAGE),
        "Lisens": f"{texts.licence}, {texts.licence_address}",
        "Oppdatert": written(facts.updated.astimezone(facts.zone).date(), LANGUAGE),
    }
    if facts.next_update is not None:
        said["Neste oppdatering"] = written(
            facts.next_update.astimezone(facts.zone).date(), LANGUAGE
        )
    for what, text in said.items():
        yield _OF_TABLE, f"{what}: {text}"


def _names(dimension: CubeDimension) -> tuple[str, ...]:
    """What stands above the fields of a dimension at the side."""
    name = dimension.label.get(LANGUAGE)
    return {"geo": ("", name), "metric": (name, _UNIT)}.get(dimension.role, (name,))


def _widths(fields: Sequence[Sequence[str]], names: Sequence[str]) -> Iterator[int]:
    for of_column, name in zip(zip(*fields, strict=True), names, strict=True):
        longest = max(len(text) for text in (*of_column, name[:_CODE_WIDTH]))
        yield min(max(longest + 2, _CODE_WIDTH), _LONGEST_LABEL)


def _figure_width(cube: SafeCube) -> int:
    """Wide enough for the largest number, with spaces between thousands."""
    largest = cube.values.abs().max()
    decimals = max(item.decimals for item in measures(cube))
    digits = len(f"{float(str(largest or 0)):,.{decimals}f}")
    return min(max(digits + 3, _FIGURE_WIDTH), _LONGEST_LABEL)


def _lines_of(text: str, width: int) -> int:
    return max(ceil(len(text) / width), 1)


def _pieces(text: str, width: int) -> Iterator[str]:
    """A text in parts that a row is high enough for, which end at spaces where they can."""
    most = (MOST_LINES - 2) * width
    while len(text) > most:
        end = text.rfind(" ", 1, most)
        yield text[: end if end > 0 else most]
        text = text[end + 1 if end > 0 else most :]
    yield text


# --- a row per cell -----------------------------------------------------------------------


def _long(table: _Table) -> Iterator[Sheet]:
    """The sheets with a row per cell: a million rows, and the rest on the next ones."""
    columns = [*csv_table.columns(table.cube.dimensions)]
    # How wide codes, names, and what stands beside them are.
    widths = [_LONGEST_LABEL // 2 if name.endswith("_label") else 14 for name in columns]
    cells = len(table.cube.values)
    for place, first in enumerate(range(0, cells, ROWS)):
        last = min(first + ROWS, cells)
        yield Sheet(
            name=_sheet_name(_DATA, place),
            widths=widths,
            rows=_joined([table.strings.row(columns, Style.HEADING)], _records(table, first, last)),
            frozen=(1, 0),
            filtered=area((0, 0), (last - first, len(columns) - 1)),
            texts=area((1, 0), (last - first, len(columns) - len(csv_table.BESIDE) - 1)),
        )


def _records(table: _Table, first: int, last: int) -> Iterator[bytes]:
    """Rows of the sheet, for cells from ``first`` to before ``last``."""
    region, *others = table.cube.dimensions
    regions = pl.Series([f"<row>{one}" for one in _coded(table, region)])
    within = pl.Series([*_within(table, others)])
    signs = {sign: f"<c/>{cell}</row>" for sign, cell in table.signs().items()}
    figures = table.figures.lazy()
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    for start in range(first, last, _CHUNK):
        at = place + start
        yield _lines(
            figures.slice(start, min(_CHUNK, last - start))
            .select(
                pl.lit(regions).gather(at // len(within)).alias("region"),
                pl.lit(within).gather(at % len(within)).alias("within"),
                pl.coalesce(
                    pl.concat_str(pl.lit("<c><v>"), "number", pl.lit("</v></c></row>")),
                    pl.col("status").replace_strict(signs, return_dtype=pl.String),
                ).alias("cell"),
            )
            .collect()
            .to_dict()
        )


def _coded(table: _Table, dimension: CubeDimension) -> Iterator[str]:
    """The cells that a row has of a dimension, for each of its categories."""
    cell = table.strings.cell
    for code, label in zip(dimension.codes, dimension.labels, strict=True):
        yield cell(code) + ("" if dimension.role == "time" else cell(label.get(LANGUAGE)))


def _within(table: _Table, dimensions: Sequence[CubeDimension]) -> Iterator[str]:
    """The cells between region and value, for each place within a region."""
    cell = table.strings.cell
    units = [cell(unit) for unit in table.units]
    years = [
        f"{_truth(facts.preliminary)}{cell(facts.round)}{_truth(facts.synthetic)}"
        for facts in (table.cube.vintages[int(year)] for year in dimensions[-1].codes)
    ]
    beside = ["".join(both) for both in product(units, years)]
    for place, cells in enumerate(product(*(_coded(table, one) for one in dimensions))):
        yield "".join(cells) + beside[place % len(beside)]


def _truth(value: bool) -> str:  # noqa: FBT001  # what the cell holds
    return f'<c t="b"><v>{value:d}</v></c>'


# --- what is said of the table ------------------------------------------------------------


def _metadata(strings: Strings, about: Iterator[tuple[str, ...]]) -> Sheet:
    rows = [strings.row(csv_table.ABOUT, Style.HEADING)]
    rows += [strings.row(texts, Style.WRAPPED) for texts in about]
    return Sheet(
        name=_METADATA,
        widths=_ABOUT_WIDTHS,
        rows=rows,
        frozen=(1, 0),
        filtered=area((0, 0), (len(rows) - 1, len(csv_table.ABOUT) - 1)),
        texts=area((1, 0), (len(rows) - 1, len(csv_table.ABOUT) - 1)),
    )
