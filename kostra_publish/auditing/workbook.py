"""The parts of a workbook as this program writes it, and nothing else: texts, sheets, rows.

What is the same in every workbook is known by its digest. What stands around the rows of a sheet
is known word for word, so that nothing there hides a row, a column or a figure.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO, Final
from zipfile import ZipFile, ZipInfo

import polars as pl

from kostra_publish.auditing.released import Content, demand, lines_of, sign_number
from kostra_publish.disclosure.safe import SIGNS

_BLOCK: Final = 1 << 24
"""How many bytes of a sheet are looked at at a time."""
_VERSION, _DEFLATED, _UNDATED = 20, 8, 0x21
"""What the archive says of each part: of what version it is, how it is packed, and no date."""
_SYSTEMS: Final = frozenset({0, 3})
_MODE: Final = 0o600 << 16
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# What is the same in every workbook: the BLAKE2 digest of a part without what stands for a sheet.
_SAME: Final = {
    "[Content_Types].xml": "0fd0d4117a406c19fe3a9a0230a6c45722047e4e",
    "_rels/.rels": "faf780f8b22f97a8517cbfbc4927f68b50f96080",
    "xl/workbook.xml": "16d914c001b218318489482b4f4276ebd0667a34",
    "xl/_rels/workbook.xml.rels": "9a688b46a446704375ff8e2de08b30f8154d1212",
    "docProps/core.xml": "c641f4540a68f383f49eff1d01750b79b76b6ee0",
    "xl/styles.xml": "63f6d227fd7b37be7654c62fad2f6d1b56795b73",
}
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_SHEET_RELATION: Final = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
)
_NAME: Final = re.compile(
    r'<definedName name="_xlnm\.(_FilterDatabase|Print_Titles)" localSheetId="(\d+)"'
    r'(?: hidden="1")?>([^<]*)</definedName>\n'
)
_PROPERTY: Final = re.compile(r"(?<=:)(title|creator|created)(?=[ >])(?:[^>]*>)([^<]*)(?=</)")
_CORE: Final = "docProps/core.xml"
_STRINGS: Final = "xl/sharedStrings.xml"

_WORKSHEET: Final = re.compile(
    rf'<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
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
_LINE: Final = 15


def check_archive(archive: ZipFile, data: bytes) -> None:
    """Nothing but the parts stands in the archive, and nothing with them."""
    end = 0
    directory = b""
    for part in archive.infolist():
        name = part.filename.encode()
        demand(part.create_system in _SYSTEMS)
        said = _said_of(part, len(name))
        local = b"PK\x03\x04" + said + name
        demand(data[end : end + len(local)] == local)
        packed = data[end + len(local) : end + len(local) + part.compress_size]
        demand(_is_one_stream(packed))
        directory += b"PK\x01\x02" + bytes((_VERSION, part.create_system)) + said
        directory += struct.pack("<HHHII", 0, 0, 0, _MODE, end) + name
        end += len(local) + len(packed)
    parts = len(archive.infolist())
    last = struct.pack("<HHHHIIH", 0, 0, parts, parts, len(directory), end, 0)
    demand(data[end:] == directory + b"PK\x05\x06" + last)


def _said_of(part: ZipInfo, name: int) -> bytes:
    """What the archive says of a part, both before it and in the directory at its end."""
    sizes = (part.CRC, part.compress_size, part.file_size, name, 0)
    return struct.pack("<HHHHHIIIHH", _VERSION, 0, _DEFLATED, 0, _UNDATED, *sizes)


def _is_one_stream(packed: bytes) -> bool:
    """Whether all the bytes of a part belong to what is unpacked: none stand behind it."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    while packed and not stream.eof:
        stream.decompress(packed, _BLOCK)
        packed = stream.unconsumed_tail
    return stream.eof and not stream.unused_data


# --- the parts of the file ----------------------------------------------------------------


class Workbook:
    """A workbook, whose texts are counted as they are seen: no text stands where no cell has it."""

    def __init__(self, content: Content, archive: ZipFile, kinds: Sequence[str]) -> None:
        """Open it. Its sheets are of these ``kinds``, one or several of each, in this order."""
        self.content = content
        self.archive = archive
        self.sheets = self._sheets(kinds)
        self.strings = self._strings()
        self.place = {text: number for number, text in enumerate(self.strings)}
        self.seen: set[int] = set()
        demand(len(self.place) == len(self.strings))

    def _text(self, part: str) -> str:
        text = self.archive.read(part).decode()
        demand(text.startswith(_HEAD))
        return text

    def _sheets(self, kinds: Sequence[str]) -> list[str]:
        """The names of the sheets; the archive has the parts of these, and no others."""
        workbook = self._text("xl/workbook.xml")
        listed = re.findall(r'<sheet name="(\w+(?: \d+)?)" sheetId', workbook)
        numbers = range(1, len(listed) + 1)
        parts = [f"xl/worksheets/sheet{number}.xml" for number in numbers]
        first = ["[Content_Types].xml", "_rels/.rels", _CORE, "xl/workbook.xml"]
        then = ["xl/_rels/workbook.xml.rels", "xl/styles.xml", *parts, _STRINGS]
        demand(self.archive.namelist() == [*first, *then])
        of_kind = [name.partition(" ")[0] for name in listed]
        wanted = [
            kind if number == 1 else f"{kind} {number}"
            for kind in kinds
            for number in range(1, max(of_kind.count(kind), 1) + 1)
        ]
        demand(listed == wanted)
        for part, known in _SAME.items():
            demand(digest(self._text(part), listed) == known)
        names = _NAME.findall(workbook)
        self.names: dict[tuple[int, str], str] = {
            (int(place), name): areas for name, place, areas in names
        }
        demand(len(self.names) == len(names) == len(listed))
        self._core()
        return listed

    def _core(self) -> None:
        for name, text in _PROPERTY.findall(self._text(_CORE)):
            self.content.says(name, [_plain(text)])

    def _strings(self) -> list[str]:
        first, *items, last, end = self._text(_STRINGS).removeprefix(_HEAD).split("\n")
        demand((first, last, end) == (f'<sst xmlns="{_MAIN}">', "</sst>", ""))
        start, stop = '<si><t xml:space="preserve">', "</t></si>"
        demand(all(one.startswith(start) and one.endswith(stop) for one in items))
        return [_plain(one[len(start) : -len(stop)]) for one in items]

    # --- cells ------------------------------------------------------------------------

    def texts(self, line: str) -> list[str]:
        """The texts of a row without figures."""
        match = _matched(_ROW, line)
        height, cells = match.groups()
        demand(height is None or (int(height) % _LINE == 0 and 0 < int(height) <= 409))
        demand(_CELL.sub("", cells) == "")
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

    def opened(self, kind: str) -> Iterator[Sheet]:
        """The sheets of a kind, in order."""
        for number, name in enumerate(self.sheets, start=1):
            if name.partition(" ")[0] == kind:
                with self.archive.open(f"xl/worksheets/sheet{number}.xml") as part:
                    yield Sheet(name, part, self._named(number - 1))

    def check_seen(self) -> None:
        """Raise ValueError when a text stands in no cell that was looked at."""
        demand(self.seen == set(range(len(self.strings))))

    def _named(self, place: int) -> str:
        """The area of a sheet that has a name; each has one."""
        [named] = [areas for (of, _), areas in self.names.items() if of == place]
        return named


def digest(text: str, sheets: Sequence[str]) -> str:
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
    text = _PROPERTY.sub(_without_text, _NAME.sub("", text))
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def _without_text(match: re.Match[str]) -> str:
    return match[0].removesuffix(match[2])


def _plain(text: str) -> str:
    """A text out of XML, which may have few escapes."""
    plain = re.sub("&(?:lt|gt|quot|amp);", "", text)
    demand("&" not in plain and "<" not in plain)
    for escape, letter in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(escape, letter)
    return text.replace("_x005F_", "_")


class Sheet:
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
        for block in chain([self._first], self._blocks):
            rows, end, after = block.partition(b"</sheetData>\n")
            if rows:
                lines = lines_of(rows)
                demand(lines.null_count() == 0)
                yield lines
            if end:
                self._after = (end + after + b"".join(self._blocks)).decode()

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
            demand(match["filtered"] == f"A1:{last}{rows}")
            demand(self.named == f"'{self.name}'!$A$1:${last}${rows}")
        else:
            columns_named, rows_named = f"$A:${_column(across)}", f"${heading}:${frozen[0]}"
            demand(match["filtered"] is None)
            demand(self.named == f"'{self.name}'!{columns_named},'{self.name}'!{rows_named}")
        demand(match["target"] == (None if notes is None else f"'{self.name}'!A{notes}"))
        for area in re.findall(_AREA, match["merged"] or ""):
            start, row, end, below = _matched(r"([A-Z]+)(\d+):([A-Z]+)(\d+)", area).groups()
            demand(row == below and int(row) <= rows)
            self.merged.append((int(row), _number(start), _number(end)))
        if match["texts"]:
            _, bottom = re.findall(r"\d+", match["texts"])
            demand(int(bottom) <= rows)

    def _check_head(self, columns: int, frozen: tuple[int, int]) -> int:
        """How many columns stay where they are."""
        match = self._match
        numbers = _COLUMN.findall(match["columns"])
        demand(not _COLUMN.sub("", match["columns"]))
        demand(numbers == [(str(n), str(n)) for n in range(1, columns + 1)])
        down, across = int(match["down"] or 0), int(match["across"] or 0)
        demand(down in {0, frozen[0]} and across <= frozen[1])
        demand(match["first"] == f"{_column(across + 1)}{down + 1}")
        return across


def _whole_lines(part: IO[bytes]) -> Iterator[bytes]:
    """What a part holds, in blocks that end with a line."""
    rest = b""
    while block := part.read(_BLOCK):
        whole, end, rest = (rest + block).rpartition(b"\n")
        if end:
            yield whole + end
    demand(not rest)


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


def _matched(pattern: str | re.Pattern[str], text: str) -> re.Match[str]:
    match = re.fullmatch(pattern, text)
    if match is None:
        raise ValueError("not as this program writes it")
    return match
