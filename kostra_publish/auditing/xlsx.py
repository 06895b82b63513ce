"""Workbooks as this program writes them, read back: figures, and what is said of a table.

The sheet with metadata tells the dimensions, names, units and notes of the table. Everything else
follows from these: each row per cell up to its value, and on the readable sheet the heading, what
stands beside the figures, and the notes. What does not follow is a finding. Rows of figures are
compared as they stand in the file, many at a time.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import BytesIO
from itertools import permutations, product
from math import prod
from typing import IO, Final, NamedTuple
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
    sign_number,
)
from kostra_publish.disclosure.problem import Floats, Integers
from kostra_publish.disclosure.safe import CONTENTS, SIGNS, TIME
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

_BLOCK: Final = 1 << 24
"""How many bytes of a sheet are looked at at a time."""
_UNDATED: Final = (1980, 1, 1, 0, 0, 0)
_LOCAL, _CENTRAL, _END = 30, 46, 22
"""How many bytes the parts of an archive take beside names and contents."""
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# What is the same in every workbook: the BLAKE2 digest of a part without what stands for a sheet.
_SAME: Final = {
    "[Content_Types].xml": "0fd0d4117a406c19fe3a9a0230a6c45722047e4e",
    "_rels/.rels": "faf780f8b22f97a8517cbfbc4927f68b50f96080",
    "xl/workbook.xml": "16d914c001b218318489482b4f4276ebd0667a34",
    "xl/_rels/workbook.xml.rels": "9a688b46a446704375ff8e2de08b30f8154d1212",
    "xl/styles.xml": "66f88e78d24378bc40c16326cc702e0b0a64a6c4",
}
_SHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_SHEET_RELATION: Final = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
)
_NAME: Final = re.compile(
    r'<definedName name="_xlnm\.(_FilterDatabase|Print_Titles)" localSheetId="(\d+)"'
    r'(?: hidden="1")?>([^<]*)</definedName>\n'
)
_CORE: Final = "docProps/core.xml"
_STRINGS: Final = "xl/sharedStrings.xml"

_WORKSHEET: Final = re.compile(
    r'<worksheet xmlns="[\w:/.]+"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
    r'<sheetViews><sheetView workbookViewId="0">'
    r'<pane(?: xSplit="(?P<across>\d+)")?(?: ySplit="(?P<down>\d+)")? topLeftCell="(?P<first>\w+)"'
    r' activePane="\w+" state="frozen"/><selection pane="\w+"/></sheetView></sheetViews>'
    r'<sheetFormatPr defaultRowHeight="15"/><cols>(?P<columns>.*)</cols>\n<sheetData>\n'
)
_COLUMN: Final = re.compile(r'<col min="(\d+)" max="(\d+)" width="[1-6]\d" customWidth="1"/>')
_AREA: Final = r"[A-Z]+\d+:[A-Z]+\d+"
_AFTER: Final = re.compile(
    rf'</sheetData>\n(?:<autoFilter ref="(?P<filtered>{_AREA})"/>)?'
    rf'(?:<mergeCells>(?P<merged>(?:<mergeCell ref="{_AREA}"/>)+)</mergeCells>)?'
    r'(?:<hyperlinks><hyperlink ref="(?P<link>A\d+)" location="(?P<target>[^"]+)"/></hyperlinks>)?'
    r'<pageMargins left="0.5" right="0.5" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
    r'<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'
    rf'(?:<ignoredErrors><ignoredError sqref="(?P<texts>{_AREA})" numberStoredAsText="1"/>'
    r"</ignoredErrors>)?</worksheet>\n"
)
_ROW: Final = re.compile(r'<row(?: ht="(\d+)" customHeight="1")?>(.*)</row>')
_CELL: Final = re.compile(r'<c(?: s="(\d)")?(?:/>| t="s"><v>(\d+)</v></c>)')
_TRUTH: Final = {'<c t="b"><v>0</v></c>': False, '<c t="b"><v>1</v></c>': True}
_NUMBER: Final = 8
"""The style of a number without decimals; the nine after it have one more each."""
_DECIMALS: Final = 10
_SIGN: Final = 4
_WRAPPED: Final = 5
_LONG_TEXT: Final = 60
_LINE: Final = 15


def read(content: Content, data: bytes) -> None:
    """Read a file of this form into ``content``."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            _check_archive(archive, data)
            content.table = _Book(content, archive).table()
    except (
        BadZipFile, zlib.error, ValueError, LookupError, NotImplementedError,
        pl.exceptions.PolarsError,
    ):  # fmt: skip
        content.table = None
        content.wrong.append("is not a table in XLSX as this program writes it")
        return
    content.wrong.extend(contradictions(content.table))


def _check_archive(archive: ZipFile, data: bytes) -> None:
    """Nothing but the parts stands in the archive, and nothing with them."""
    end = 0
    directory = 0
    for part in archive.infolist():
        name = len(part.filename.encode())
        _demand(part.header_offset == end and not part.extra and not part.comment)
        _demand(part.date_time == _UNDATED and part.internal_attr == 0)
        end += _LOCAL + name + part.compress_size
        directory += _CENTRAL + name
    _demand(not archive.comment and len(data) == end + directory + _END)


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
        _demand(tuple(header) == _ABOUT)
        self.dimensions: dict[str, _Dimension] = {}
        self.units: dict[str, str] = {}
        self.notes: list[str] = []
        self.noted: dict[tuple[str, str], list[str]] = {}
        self.title = ""
        for what, variable, code, *texts in said:
            _demand(what in _SAID and len(texts) == len(LANGUAGES))
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


# --- the parts of the file ----------------------------------------------------------------


class _Book:
    """A workbook: its parts are looked at in turn, and the last tell whether all was seen."""

    def __init__(self, content: Content, archive: ZipFile) -> None:
        self.content = content
        self.archive = archive
        self.sheets = self._sheets()
        self.strings = self._strings()
        self.place = {text: number for number, text in enumerate(self.strings)}
        self.seen: set[int] = set()
        _demand(len(self.place) == len(self.strings))

    def _text(self, part: str) -> str:
        text = self.archive.read(part).decode()
        _demand(text.startswith(_HEAD))
        return text

    def _sheets(self) -> list[str]:
        """The names of the sheets; the archive has the parts of these, and no others."""
        workbook = self._text("xl/workbook.xml")
        listed = re.findall(r'<sheet name="(\w+(?: \d+)?)" sheetId', workbook)
        numbers = range(1, len(listed) + 1)
        parts = [f"xl/worksheets/sheet{number}.xml" for number in numbers]
        first = ["[Content_Types].xml", "_rels/.rels", _CORE, "xl/workbook.xml"]
        then = ["xl/_rels/workbook.xml.rels", "xl/styles.xml", *parts, _STRINGS]
        _demand(self.archive.namelist() == [*first, *then])
        kinds = [name.partition(" ")[0] for name in listed]
        counts = [kinds.count(kind) for kind in (_READABLE, _LONG)]
        wanted = [
            kind if number == 1 else f"{kind} {number}"
            for kind, count in zip((_READABLE, _LONG), counts, strict=True)
            for number in range(1, count + 1)
        ]
        _demand(listed == [*wanted, _METADATA] and min(counts) > 0)
        for part, digest in _SAME.items():
            _demand(_digest(self._text(part), listed) == digest)
        names = _NAME.findall(workbook)
        self.names: dict[tuple[int, str], str] = {
            (int(place), name): areas for name, place, areas in names
        }
        _demand(len(self.names) == len(names) == len(listed))
        self._core()
        return listed

    def _core(self) -> None:
        match = _matched(
            r"<cp:coreProperties(?: xmlns:\w+=\"[\w:/.-]+\")+><dc:title>([^<]*)</dc:title>"
            r"<dc:creator>([^<]*)</dc:creator>"
            r'<dcterms:created xsi:type="dcterms:W3CDTF">([^<]*)</dcterms:created>'
            r"</cp:coreProperties>\n",
            self._text(_CORE).removeprefix(_HEAD),
        )
        for place, text in zip(("title", "creator", "created"), match.groups(), strict=True):
            self.content.says(place, [_plain(text)])

    def _strings(self) -> list[str]:
        first, *items, last, end = self._text(_STRINGS).removeprefix(_HEAD).split("\n")
        _matched(r'<sst xmlns="[\w:/.]+">', first)
        _demand((last, end) == ("</sst>", ""))
        start, stop = '<si><t xml:space="preserve">', "</t></si>"
        _demand(all(one.startswith(start) and one.endswith(stop) for one in items))
        return [_plain(one[len(start) : -len(stop)]) for one in items]

    # --- cells ------------------------------------------------------------------------

    def texts(self, line: str) -> list[str]:
        """The texts of a row without figures."""
        match = _matched(_ROW, line)
        height, cells = match.groups()
        _demand(height is None or (int(height) % _LINE == 0 and 0 < int(height) <= 409))
        _demand(_CELL.sub("", cells) == "")
        return [self._of(number) for _, number in _CELL.findall(cells)]

    def _of(self, number: str) -> str:
        if not number:
            return ""
        self.seen.add(int(number))
        return self.strings[int(number)]

    def cell(self, text: str, style: int = 0) -> str:
        """A cell with a text that must be among those of the workbook."""
        styled = f' s="{style}"' if style else ""
        if not text:
            return f"<c{styled}/>"
        number = self.place[text]
        self.seen.add(number)
        return f'<c{styled} t="s"><v>{number}</v></c>'

    def signs(self, pattern: str, style: int = 0) -> dict[str, int]:
        """The number of a sign by its cell, for those that the workbook has."""
        return {
            pattern.format(self.cell(sign, style)): sign_number(sign)
            for sign in SIGNS
            if sign in self.place
        }

    def opened(self, kind: str) -> Iterator[_Sheet]:
        """The sheets of a kind, in order."""
        for number, name in enumerate(self.sheets, start=1):
            if name.partition(" ")[0] == kind:
                with self.archive.open(f"xl/worksheets/sheet{number}.xml") as part:
                    yield _Sheet(name, part, self._named(number - 1))

    def _named(self, place: int) -> str:
        """The area of a sheet that has a name; each has one."""
        [named] = [areas for (of, _), areas in self.names.items() if of == place]
        return named

    # --- sheets -----------------------------------------------------------------------

    def table(self) -> ReleasedTable:
        """The table; its sheets say the same. Raises ValueError."""
        about = self._about()
        table = _Long(self, about).table(self.content.file)
        marked = table.synthetic or any(year.preliminary for year in table.years.values())
        readable, decimals = _Readable(self, about).figures(marked=marked)
        same = (readable.values == table.values) | (np.isnan(readable.values) & ~table.shown)
        same &= readable.signs == table.signs
        if count := int((~same).sum()):
            self.content.wrong.append(f"has two sheets that differ in {count} cells")
        _demand(self.seen == set(range(len(self.strings))))
        return replace(table, decimals=decimals)

    def _about(self) -> _About:
        rows: list[list[str]] = []
        for sheet in self.opened(_METADATA):
            rows += [self.texts(line) for lines in sheet.rows() for line in lines]
            sheet.check(len(rows), len(_ABOUT), frozen=(1, 0))
        return _About(self.content, rows)


def _digest(text: str, sheets: Sequence[str]) -> str:
    """The digest of a part without what stands there for each sheet, exactly so."""
    for number, name in enumerate(sheets, start=1):
        relation = f'Type="{_SHEET_RELATION}" Target="worksheets/sheet{number}.xml"'
        for line in (
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_SHEET_TYPE}"/>',
            f'<Relationship Id="rId{number}" {relation}/>',
            f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>',
        ):
            text = text.replace(f"{line}\n", "", 1)
    for number in range(len(sheets) + 1, len(sheets) + 3):
        text = text.replace(f'Id="rId{number}"', "", 1)
    return hashlib.blake2b(_NAME.sub("", text).encode(), digest_size=20).hexdigest()


def _plain(text: str) -> str:
    """A text out of XML, which may have few escapes."""
    plain = re.sub("&(?:lt|gt|quot|amp);", "", text)
    _demand("&" not in plain and "<" not in plain)
    for escape, letter in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(escape, letter)
    return text.replace("_x005F_", "_")


class _Sheet:
    """A sheet that is read line by line, in large blocks."""

    def __init__(self, name: str, part: IO[bytes], named: str) -> None:
        self.name = name
        self.named = named
        self._blocks = _whole_lines(part)
        first = next(self._blocks, b"")
        before, found, self._first = first.partition(b"<sheetData>\n")
        self._match = _matched(_WORKSHEET, (before + found).decode().removeprefix(_HEAD))
        self._after = ""
        self.merged: list[tuple[int, int, int]] = []

    def rows(self) -> Iterator[pl.Series]:
        """The rows, each a line, some at a time."""
        block = self._first
        while True:
            rows, end, after = block.partition(b"</sheetData>\n")
            if rows:
                yield pl.read_csv(
                    rows,
                    separator="\x01",
                    quote_char=None,
                    has_header=False,
                    infer_schema=False,
                    new_columns=["line"],
                )["line"]
            if end:
                self._after = (end + after + b"".join(self._blocks)).decode()
                return
            block = next(self._blocks)

    def check(
        self,
        rows: int,
        columns: int,
        *,
        frozen: tuple[int, int],
        heading: int | None = None,
        notes: int | None = None,
    ) -> None:
        """What stands around the rows hides nothing.

        ``heading`` is the row that a table as it is read begins at, ``notes`` that of its notes;
        other sheets have filters instead.
        """
        across = self._check_head(columns, frozen)
        match = _matched(_AFTER, self._after)
        last = _column(columns)
        if heading is None:
            _demand(match["filtered"] == f"A1:{last}{rows}")
            _demand(self.named == f"'{self.name}'!$A$1:${last}${rows}")
        else:
            columns_named, rows_named = f"$A:${_column(across)}", f"${heading}:${frozen[0]}"
            _demand(match["filtered"] is None)
            _demand(self.named == f"'{self.name}'!{columns_named},'{self.name}'!{rows_named}")
        _demand(match["target"] == (None if notes is None else f"'{self.name}'!A{notes}"))
        for area in re.findall(_AREA, match["merged"] or ""):
            start, row, end, below = _matched(r"([A-Z]+)(\d+):([A-Z]+)(\d+)", area).groups()
            _demand(row == below and int(row) <= rows)
            self.merged.append((int(row), _number(start), _number(end)))
        if match["texts"]:
            _, bottom = re.findall(r"\d+", match["texts"])
            _demand(int(bottom) <= rows)

    def _check_head(self, columns: int, frozen: tuple[int, int]) -> int:
        """How many columns stay where they are."""
        match = self._match
        numbers = _COLUMN.findall(match["columns"])
        _demand(not _COLUMN.sub("", match["columns"]))
        _demand(numbers == [(str(n), str(n)) for n in range(1, columns + 1)])
        down, across = int(match["down"] or 0), int(match["across"] or 0)
        _demand(down in {0, frozen[0]} and across <= frozen[1])
        _demand(match["first"] == f"{_column(across + 1)}{down + 1}")
        return across


def _whole_lines(part: IO[bytes]) -> Iterator[bytes]:
    """What a part holds, in blocks that end with a line."""
    rest = b""
    while block := part.read(_BLOCK):
        whole, end, rest = (rest + block).rpartition(b"\n")
        if end:
            yield whole + end
    _demand(not rest)


def _column(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


# --- a row per cell -----------------------------------------------------------------------


class _Figures(NamedTuple):
    values: Floats
    signs: Signs


class _Long:
    """The sheets with a row per cell."""

    def __init__(self, book: _Book, about: _About) -> None:
        self.book = book
        self.about = about
        self.dimensions = {code: of.codes for code, of in about.dimensions.items()}
        _demand([*self.dimensions][-2:] == [CONTENTS, TIME])
        _demand(all(len(set(codes)) == len(codes) > 0 for codes in self.dimensions.values()))

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
                    _demand(self.book.texts(str(lines[0])) == header)
                    figures = lines[1:]
                else:
                    figures = lines
                rows += len(lines)
                years = years or self._years(figures)
                found.append(self._cells(figures, years, place))
                place += len(figures)
            sheet.check(rows, len(header), frozen=(1, 0))
        _demand(place == prod(map(len, self.dimensions.values())))
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
        _demand(first + len(lines) <= len(regions) * len(within))
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
                number=pl.when(is_value).then(number.cast(pl.Float64, strict=False)),
                sign=pl.col("rest").replace_strict(signs, default=NO_SIGN, return_dtype=pl.Int8),
            )
            .collect()
        )
        _demand(bool(cells["as_expected"].all()))
        return _figures(cells["number"], cells["sign"])


def _figures(numbers: pl.Series, signs: pl.Series) -> _Figures:
    """Values and signs, each of them one of the two."""
    _demand(bool((numbers.is_finite().fill_null(value=False) != (signs != NO_SIGN)).all()))
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

    def __init__(self, book: _Book, about: _About) -> None:
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
            _demand(not self.below)
            self._read(sheet)
        self._check_texts(marked=marked)
        sides = [*self.layout.stub, *self.layout.heading]
        sizes = [len(self.about.dimensions[code].codes) for code in sides]
        _demand(self.place == prod(sizes[: len(self.layout.stub)]))
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
            _demand(len(known) <= 1)
            if known:
                found[code] = int(known[0])
        return found

    # --- a sheet ----------------------------------------------------------------------

    def _read(self, sheet: _Sheet) -> None:
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
                _demand(len(rows) == 0 or not (before or self.below))
                self.below += before
            if len(rows):
                _demand(len(rows) == last - first)
                self._take(head, lines[first:last])
            self.below += [self.book.texts(line) for line in lines[last:]]
        self._check_sheet(sheet, head, self.place - start)

    def _take(self, head: list[list[str]], lines: pl.Series) -> None:
        if not self.head:
            self.head = head
            self.across = str(lines[0]).count("\t") - 2
            self.layout = next(one for one in self._layouts() if self._fits(one, lines))
        _demand(head == self.head and self._fits(self.layout, lines))
        self.found.append(self._cells(lines))
        self.place += len(lines)

    def _check_sheet(self, sheet: _Sheet, head: Sequence[Sequence[str]], rows: int) -> None:
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
            _demand(first < last and row not in figures)
            if row <= heading:
                _demand(first == 1)
            elif row > figures.stop:
                _demand(first == 2)
            else:
                hidden = head[row - 1][first:last]
                _demand(not any(hidden) and last <= self.side + self.across)

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
        _demand(self.side >= 0)
        *earlier, names = (row[: self.side] for row in self.heading)
        above = [row[self.side :] for row in self.heading]
        _demand(not any(map(any, earlier)))
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
        _demand(int(outer[-1]) < len(layout.outer))
        return layout.outer.gather(outer) + layout.inner.gather(inner)

    def _fits(self, layout: _Layout, lines: pl.Series) -> bool:
        """Whether rows begin with what stands at the side of the table."""
        frame = pl.DataFrame({"line": lines, "side": self._expected(layout, len(lines))})
        return bool(frame.select(pl.col("line").str.starts_with(pl.col("side")).all()).item())

    def _cells(self, lines: pl.Series) -> tuple[_Figures, Integers]:
        frame = pl.DataFrame({"line": lines, "side": self._expected(self.layout, len(lines))})
        line, end = pl.col("line"), "\t</row>"
        _demand(bool(frame.select(line.str.ends_with(end).all()).item()))
        cells = frame.select(
            cell=line.str.strip_prefix(pl.col("side")).str.strip_suffix(end).str.split("\t")
        )
        _demand(bool(cells.select((pl.col("cell").list.len() == self.across).all()).item()))
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
                number=pl.col("parts").struct[1].cast(pl.Float64, strict=False),
                sign="sign",
            )
        )
        decimals = shown["decimals"].fill_null(-1).to_numpy()
        found = _figures(shown["number"], shown["sign"])
        is_number = ~np.isnan(found.values)
        _demand(bool((((decimals >= 0) & (decimals < _DECIMALS)) == is_number).all()))
        # A number has no digits that are not shown.
        scaled = found.values[is_number] * 10.0 ** decimals[is_number]
        _demand(bool((np.abs(scaled - np.rint(scaled)) <= 1e-9 * np.abs(scaled)).all()))
        return found, decimals

    # --- texts ------------------------------------------------------------------------

    def _check_texts(self, *, marked: bool) -> None:
        """What stands above and below the figures is what the metadata have, and sources."""
        above = [text for [text] in self.head[: self.head.index([])]]
        title, *marks, below = above
        _demand((title, below) == (self.about.title, _BELOW))
        _demand(bool(marks) or not marked)
        empty, notes, *rest = self.below
        _demand((empty, notes) == ([], [_NOTES]))
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
        _demand(marks == self.about.notes[: len(marks)])
        _demand(joined[: len(expected)] == expected)
        sources = joined[len(expected) :]
        _demand(all(before == _OF_TABLE for before, _ in sources))
        self.book.content.says("source", (text for _, text in sources))


def _matched(pattern: str | re.Pattern[str], text: str) -> re.Match[str]:
    match = re.fullmatch(pattern, text)
    if match is None:
        raise ValueError("not as this program writes it")
    return match


def _demand(kept: bool) -> None:  # noqa: FBT001  # reads as the condition it is given
    if not kept:
        raise ValueError("not as this program writes it")
