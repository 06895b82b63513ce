"""Workbooks as this program writes them, read back: figures, and what is said of a table.

The sheet with metadata tells the dimensions, names, units and notes of the table. Everything else
follows from these: each row per cell up to its value, and on the readable sheet the heading, what
stands beside the figures, and the notes. What does not follow is a finding. Rows of figures are
compared as they stand in the file, many at a time.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import BytesIO
from itertools import permutations, product
from math import prod
from typing import Final, NamedTuple
from zipfile import BadZipFile, ZipFile

import numpy as np
import polars as pl

from kostra_publish.auditing.released import (
    NO_SIGN,
    Content,
    ReleasedTable,
    Signs,
    Year,
    contradictions,
    demand,
    is_plain,
)
from kostra_publish.auditing.workbook import Sheet, Workbook, check_archive
from kostra_publish.disclosure.problem import Floats, Integers
from kostra_publish.disclosure.safe import CONTENTS, TIME
from kostra_publish.specs.models import LANGUAGES

FORM: Final = "XLSX"
ENDING: Final = ".xlsx"

_READABLE: Final = "Tabell"
_LONG: Final = "Data"
_METADATA: Final = "Metadata"
_UNIT: Final = "enhet"
_BELOW: Final = "Merknader, tegnforklaring og kilde står under tabellen."
_NOTES: Final = "Merknader"
_OF_TABLE: Final = "•"
_BESIDE: Final = ("unit", "preliminary", "round", "synthetic", "value", "status")
_ABOUT: Final = ("what", "variable", "code", *LANGUAGES)
_LANGUAGE: Final = _ABOUT.index("nb")
_SAID: Final = frozenset(
    {
        "title", "source", "contact", "licence", "official statistics", "updated", "next update",
        "note", "mandatory note", "variable", "category", "unit", "reference period",
    }
)  # fmt: skip

_TRUTH: Final = {'<c t="b"><v>0</v></c>': False, '<c t="b"><v>1</v></c>': True}
_NUMBER: Final = 9
"""The style of a number without decimals; the nine after it have one more each."""
_DECIMALS: Final = 10
_SIGN: Final = 4
_WRAPPED: Final = 5
_LONG_TEXT: Final = 60


def read(content: Content, data: bytes) -> None:
    """Read a file of this form into ``content``."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            check_archive(archive, data)
            content.table = _table(Workbook(content, archive, (_READABLE, _LONG, _METADATA)))
    except (
        BadZipFile, zlib.error, ValueError, LookupError, NotImplementedError,
        pl.exceptions.PolarsError,
    ):  # fmt: skip
        content.table = None
        content.wrong.append("is not a table in XLSX as this program writes it")
        return
    content.wrong.extend(contradictions(content.table))


def _table(book: Workbook) -> ReleasedTable:
    """The table; its sheets say the same. Raises ValueError."""
    about = _metadata(book)
    table = _Long(book, about).table(book.content.file)
    marked = table.synthetic or any(year.preliminary for year in table.years.values())
    readable, decimals = _Readable(book, about).figures(marked=marked)
    same = (readable.values == table.values) | (np.isnan(readable.values) & ~table.shown)
    same &= readable.signs == table.signs
    if count := int((~same).sum()):
        book.content.wrong.append(f"has two sheets that differ in {count} cells")
    book.check_seen()
    return replace(table, decimals=decimals)


def _metadata(book: Workbook) -> _About:
    rows: list[list[str]] = []
    for sheet in book.opened(_METADATA):
        rows += [book.texts(line) for lines in sheet.rows() for line in lines]
        sheet.check(len(rows), len(_ABOUT), frozen=(1, 0))
    return _About(book.content, rows)


# --- what is said of the table ------------------------------------------------------------


@dataclass
class _Dimension:
    code: str
    label: str
    codes: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


class _About:
    """The sheet with metadata."""

    def __init__(self, content: Content, rows: Iterable[Sequence[str]]) -> None:
        header, *said = rows
        demand(tuple(header) == _ABOUT)
        self.dimensions: dict[str, _Dimension] = {}
        self.units: dict[str, str] = {}
        self.notes: list[str] = []
        self.noted: dict[tuple[str, str], list[str]] = {}
        self.title = ""
        for what, variable, code, *texts in said:
            demand(what in _SAID and len(texts) == len(LANGUAGES))
            content.says(what, [variable, code], is_code=True)
            content.says(what, texts)
            self._take(what, variable, code, texts[_LANGUAGE - len(_ABOUT)])
        self.numbers = {
            text: place
            for place, text in enumerate(
                dict.fromkeys(text for texts in self.noted.values() for text in texts), start=1
            )
        }

    def _take(self, what: str, variable: str, code: str, text: str) -> None:
        if what == "variable":
            self.dimensions[variable] = _Dimension(variable, text)
        elif what == "category":
            self.dimensions[variable].codes.append(code)
            self.dimensions[variable].labels.append(text)
        elif what == "unit":
            self.units[code] = text
        elif what == "title":
            self.title = text
        elif what.endswith("note") and code:
            self.noted.setdefault((variable, code), []).append(text)
        elif what.endswith("note"):
            self.notes.append(text)

    @cached_property
    def region(self) -> str:
        """The code of the first dimension."""
        return next(iter(self.dimensions))

    def names(self, code: str) -> list[str]:
        """What stands above the fields of a dimension at the side."""
        name = self.dimensions[code].label
        if code == self.region:
            return ["", name]
        return [name, _UNIT] if code == CONTENTS else [name]

    def fields(self, code: str) -> list[tuple[str, ...]]:
        """What the readable sheet has of a dimension, for each of its categories."""
        of = self.dimensions[code]
        if code == TIME:
            return [(one,) for one in of.codes]
        names = [
            " ".join(
                [label, *(f"{self.numbers[text]})" for text in self.noted.get((code, one), ()))]
            )
            for one, label in zip(of.codes, of.labels, strict=True)
        ]
        if code == self.region:
            return [*zip(of.codes, names, strict=True)]
        if code == CONTENTS:
            return [(name, self.units[one]) for one, name in zip(of.codes, names, strict=True)]
        return [(name,) for name in names]


# --- a row per cell -----------------------------------------------------------------------


class _Figures(NamedTuple):
    values: Floats
    signs: Signs


class _Long:
    """The sheets with a row per cell."""

    def __init__(self, book: Workbook, about: _About) -> None:
        self.book = book
        self.about = about
        self.dimensions = {code: of.codes for code, of in about.dimensions.items()}
        demand([*self.dimensions][-2:] == [CONTENTS, TIME])
        demand(all(len(set(codes)) == len(codes) > 0 for codes in self.dimensions.values()))

    def table(self, file: str) -> ReleasedTable:
        """The table that they hold."""
        header = [
            name
            for code in self.dimensions
            for name in ([code] if code == TIME else [code, f"{code}_label"])
        ]
        header += _BESIDE
        years: list[tuple[Year, bool]] = []
        found: list[_Figures] = []
        place = 0
        for sheet in self.book.opened(_LONG):
            rows = 0
            for lines in sheet.rows():
                if rows == 0:
                    demand(self.book.texts(str(lines[0])) == header)
                    figures = lines[1:]
                else:
                    figures = lines
                rows += len(lines)
                years = years or self._years(figures)
                found.append(self._cells(figures, years, place))
                place += len(figures)
            sheet.check(rows, len(header), frozen=(1, 0))
        demand(place == prod(map(len, self.dimensions.values())))
        said = zip(self.dimensions[TIME], years, strict=True)
        self.book.content.says("round", (of.round for of, _ in years))
        return ReleasedTable(
            file=file,
            form=FORM,
            table=re.sub(r"^.*/", "", file).removesuffix(ENDING),
            language="",
            dimensions={code: tuple(codes) for code, codes in self.dimensions.items()},
            values=np.concatenate([some.values for some in found]),
            signs=np.concatenate([some.signs for some in found]),
            years={int(year): of for year, (of, _) in said},
            synthetic=any(synthetic for _, synthetic in years),
        )

    def _coded(self, code: str) -> list[str]:
        of = self.about.dimensions[code]
        cells = [self.book.cell(one) for one in of.codes]
        if code == TIME:
            return cells
        return [cell + self.book.cell(label) for cell, label in zip(cells, of.labels, strict=True)]

    def _years(self, lines: pl.Series) -> list[tuple[Year, bool]]:
        """What the first rows say of each year."""
        found = []
        for line in lines[: len(self.dimensions[TIME])]:
            cells = re.findall(r"<c(?:/>| t=\"[sb]\"><v>\d+</v></c>)", line.split("\t")[1])
            preliminary, published, synthetic = cells[-3:]
            [name] = self.book.texts(f"<row>{published}</row>")
            found.append((Year(name, _TRUTH[preliminary]), _TRUTH[synthetic]))
        return found

    @cached_property
    def _before(self) -> tuple[pl.Series, list[str]]:
        region, *others = (self._coded(code) for code in self.dimensions)
        rows = pl.Series([f"<row>{one}\t" for one in region])
        return rows, ["".join(cells) for cells in product(*others)]

    def _within(self, years: Sequence[tuple[Year, bool]]) -> pl.Series:
        units = [self.book.cell(self.about.units[code]) for code in self.dimensions[CONTENTS]]
        truth = {value: cell for cell, value in _TRUTH.items()}
        of_years = [
            f"{truth[of.preliminary]}{self.book.cell(of.round)}{truth[synthetic]}\t"
            for of, synthetic in years
        ]
        beside = ["".join(both) for both in product(units, of_years)]
        _, within = self._before
        return pl.Series(
            [cells + beside[place % len(beside)] for place, cells in enumerate(within)]
        )

    def _cells(self, lines: pl.Series, years: Sequence[tuple[Year, bool]], first: int) -> _Figures:
        """Values and signs; what stands before them must follow from the place."""
        regions, _ = self._before
        within = self._within(years)
        place = np.arange(first, first + len(lines))
        demand(first + len(lines) <= len(regions) * len(within))
        expected = pl.concat_str(
            pl.lit(regions.gather(place // len(within))),
            pl.lit(within.gather(place % len(within))),
        )
        rest = pl.col("line").str.strip_prefix(pl.col("expected"))
        opened, closed = "<c><v>", "</v></c></row>"
        is_value = pl.col("rest").str.starts_with(opened) & pl.col("rest").str.ends_with(closed)
        number = pl.col("rest").str.strip_prefix(opened).str.strip_suffix(closed)
        signs = self.book.signs("<c/>{}</row>")
        cells = (
            pl.LazyFrame({"line": lines})
            .with_columns(expected=expected)
            .select("line", "expected", rest=rest)
            .select(
                as_expected=pl.col("line").str.starts_with(pl.col("expected")),
                number=pl.when(is_value & is_plain(number)).then(
                    number.cast(pl.Float64, strict=False)
                ),
                sign=pl.col("rest").replace_strict(signs, default=NO_SIGN, return_dtype=pl.Int8),
            )
            .collect()
        )
        demand(bool(cells["as_expected"].all()))
        return _figures(cells["number"], cells["sign"])


def _figures(numbers: pl.Series, signs: pl.Series) -> _Figures:
    """Values and signs, each of them one of the two."""
    demand(bool((numbers.is_finite().fill_null(value=False) != (signs != NO_SIGN)).all()))
    return _Figures(numbers.fill_null(np.nan).to_numpy(), signs.to_numpy())


# --- the table as it is read --------------------------------------------------------------


class _Layout(NamedTuple):
    """Which dimensions stand at the side and which across the top, and the cells at the side."""

    stub: tuple[str, ...]
    heading: tuple[str, ...]
    outer: pl.Series
    inner: pl.Series


class _Readable:
    """The sheets with the table as it is read."""

    def __init__(self, book: Workbook, about: _About) -> None:
        self.book = book
        self.about = about
        self.head: list[list[str]] = []
        self.below: list[list[str]] = []
        self.found: list[tuple[_Figures, Integers]] = []
        self.place = 0

    def figures(self, *, marked: bool) -> tuple[_Figures, dict[str, int]]:
        """The figures in the order of the cube, and the decimals that each measure is shown with.

        ``marked`` tells that a mark must stand above them.
        """
        for sheet in self.book.opened(_READABLE):
            demand(not self.below)
            self._read(sheet)
        self._check_texts(marked=marked)
        sides = [*self.layout.stub, *self.layout.heading]
        sizes = [len(self.about.dimensions[code].codes) for code in sides]
        demand(self.place == prod(sizes[: len(self.layout.stub)]))
        axes = [sides.index(code) for code in self.about.dimensions]
        values, signs, decimals = (
            np.concatenate(parts).reshape(sizes).transpose(axes).ravel()
            for parts in zip(*((*some, decimals) for some, decimals in self.found), strict=True)
        )
        return _Figures(values, signs), self._decimals(decimals)

    def _decimals(self, decimals: Integers) -> dict[str, int]:
        contents, years = (self.about.dimensions[code].codes for code in (CONTENTS, TIME))
        of_measures = decimals.reshape(-1, len(contents), len(years))
        found = {}
        for place, code in enumerate(contents):
            shown = np.unique(of_measures[:, place])
            known = shown[shown >= 0].tolist()
            demand(len(known) <= 1)
            if known:
                found[code] = int(known[0])
        return found

    # --- a sheet ----------------------------------------------------------------------

    def _read(self, sheet: Sheet) -> None:
        head: list[list[str]] = []
        start = self.place
        for lines in sheet.rows():
            # Rows of figures have tabs between their cells, others have none.
            rows = np.flatnonzero(lines.str.contains("\t", literal=True))
            first, last = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (len(lines),) * 2
            before = [self.book.texts(line) for line in lines[:first]]
            if self.place == start:
                head += before
            else:
                demand(len(rows) == 0 or not (before or self.below))
                self.below += before
            if len(rows):
                demand(len(rows) == last - first)
                self._take(head, lines[first:last])
            self.below += [self.book.texts(line) for line in lines[last:]]
        self._check_sheet(sheet, head, self.place - start)

    def _take(self, head: list[list[str]], lines: pl.Series) -> None:
        if not self.head:
            self.head = head
            self.across = str(lines[0]).count("\t") - 2
            found = next((one for one in self._layouts() if self._fits(one, lines)), None)
            if found is None:
                raise ValueError("no layout that is known")
            self.layout = found
        demand(head == self.head and self._fits(self.layout, lines))
        self.found.append(self._cells(lines))
        self.place += len(lines)

    def _check_sheet(self, sheet: Sheet, head: Sequence[Sequence[str]], rows: int) -> None:
        figures = range(len(head) + 1, len(head) + rows + 1)
        notes = figures.stop + 1 if self.below else None
        sheet.check(
            len(head) + rows + len(self.below),
            self.side + self.across,
            frozen=(len(head), max(self.side, 1)),
            heading=head.index([]) + 2,
            notes=notes,
        )
        heading = head.index([]) + 1
        for row, first, last in sheet.merged:
            demand(first < last and row not in figures)
            if row <= heading:
                demand(first == 1)
            elif row > figures.stop:
                demand(first == 2)
            else:
                hidden = head[row - 1][first:last]
                demand(not any(hidden) and last <= self.side + self.across)

    # --- how the table lies -----------------------------------------------------------

    @property
    def heading(self) -> list[list[str]]:
        """The rows of the heading: what follows the empty row."""
        return self.head[self.head.index([]) + 1 :]

    @property
    def side(self) -> int:
        """How many columns stand before the figures."""
        return len(self.heading[-1]) - self.across

    def _layouts(self) -> Iterator[_Layout]:
        """The layouts that the heading may be of; names of dimensions can be alike."""
        demand(self.side >= 0)
        *earlier, names = (row[: self.side] for row in self.heading)
        above = [row[self.side :] for row in self.heading]
        demand(not any(map(any, earlier)))
        for stub in self._stubs(names, [*self.about.dimensions]):
            for heading in permutations(set(self.about.dimensions) - set(stub)):
                if self._heading(heading) == above:
                    yield _Layout(tuple(stub), heading, *self._beside(stub))

    def _stubs(self, names: list[str], left: list[str]) -> Iterator[list[str]]:
        if not names:
            yield []
        for code in left if names else ():
            own = self.about.names(code)
            if names[: len(own)] == own:
                others = [one for one in left if one != code]
                yield from ([code, *rest] for rest in self._stubs(names[len(own) :], others))

    def _heading(self, codes: Sequence[str]) -> list[list[str]]:
        rows = []
        repeated = 1
        for code in codes:
            fields = self.about.fields(code)
            rest = [""] * (self.across // (repeated * len(fields)) - 1)
            rows += [
                [one for text in texts * repeated for one in (text, *rest)]
                for texts in zip(*fields, strict=True)
            ]
            repeated *= len(fields)
        return rows or [[""]]

    def _beside(self, stub: Sequence[str]) -> tuple[pl.Series, pl.Series]:
        """The cells at the side, by place in the first dimension and within it."""
        outer, *inner = [self._side_cells(code) for code in stub] or [[""]]
        return (
            pl.Series([f"<row>{one}\t" for one in outer]),
            pl.Series(["".join(cells) + "\t" for cells in product(*inner)]),
        )

    def _side_cells(self, code: str) -> list[str]:
        return [
            "".join(self.book.cell(text, _WRAPPED if len(text) > _LONG_TEXT else 0) for text in of)
            for of in self.about.fields(code)
        ]

    # --- figures ----------------------------------------------------------------------

    def _expected(self, layout: _Layout, rows: int) -> pl.Series:
        place = np.arange(self.place, self.place + rows)
        outer, inner = place // len(layout.inner), place % len(layout.inner)
        demand(int(outer[-1]) < len(layout.outer))
        return layout.outer.gather(outer) + layout.inner.gather(inner)

    def _fits(self, layout: _Layout, lines: pl.Series) -> bool:
        """Whether rows begin with what stands at the side of the table."""
        frame = pl.DataFrame({"line": lines, "side": self._expected(layout, len(lines))})
        return bool(frame.select(pl.col("line").str.starts_with(pl.col("side")).all()).item())

    def _cells(self, lines: pl.Series) -> tuple[_Figures, Integers]:
        frame = pl.DataFrame({"line": lines, "side": self._expected(self.layout, len(lines))})
        line, end = pl.col("line"), "\t</row>"
        demand(bool(frame.select(line.str.ends_with(end).all()).item()))
        cells = frame.select(
            cell=line.str.strip_prefix(pl.col("side")).str.strip_suffix(end).str.split("\t")
        )
        demand(bool(cells.select((pl.col("cell").list.len() == self.across).all()).item()))
        parts = pl.col("cell").str.extract_groups(r'^<c s="(\d+)"><v>([^<]+)</v></c>$')
        signs = self.book.signs("{}", _SIGN)
        shown = (
            cells.explode("cell")
            .select(
                parts=parts,
                sign=pl.col("cell").replace_strict(signs, default=NO_SIGN, return_dtype=pl.Int8),
            )
            .select(
                decimals=pl.col("parts").struct[0].cast(pl.Int64, strict=False) - _NUMBER,
                number=pl.when(is_plain(pl.col("parts").struct[1])).then(
                    pl.col("parts").struct[1].cast(pl.Float64, strict=False)
                ),
                sign="sign",
            )
        )
        decimals = shown["decimals"].fill_null(-1).to_numpy()
        found = _figures(shown["number"], shown["sign"])
        is_number = ~np.isnan(found.values)
        demand(bool((((decimals >= 0) & (decimals < _DECIMALS)) == is_number).all()))
        # A number has no digits that are not shown.
        scaled = found.values[is_number] * 10.0 ** decimals[is_number]
        demand(bool((np.abs(scaled - np.rint(scaled)) <= 1e-9 * np.abs(scaled)).all()))
        return found, decimals

    # --- texts ------------------------------------------------------------------------

    def _check_texts(self, *, marked: bool) -> None:
        """What stands above and below the figures is what the metadata have, and sources."""
        above = [text for [text] in self.head[: self.head.index([])]]
        title, *marks, below = above
        demand((title, below) == (self.about.title, _BELOW))
        demand(bool(marks) or not marked)
        empty, notes, *rest = self.below
        demand((empty, notes) == ([], [_NOTES]))
        joined: list[tuple[str, str]] = []
        for before, text in rest:
            if before:
                joined.append((before, text))
            else:
                # A long note goes on in the next row.
                joined[-1] = (joined[-1][0], f"{joined[-1][1]} {text}")
        expected = [
            *((_OF_TABLE, text) for text in self.about.notes[len(marks) :]),
            *((f"{place})", text) for text, place in self.about.numbers.items()),
        ]
        demand(marks == self.about.notes[: len(marks)])
        demand(joined[: len(expected)] == expected)
        sources = joined[len(expected) :]
        demand(all(before == _OF_TABLE for before, _ in sources))
        self.book.content.says("source", (text for _, text in sources))
