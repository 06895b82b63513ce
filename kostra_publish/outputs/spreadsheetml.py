"""Workbooks as files: Office Open XML (ECMA-376) of what this program needs, and no more.

Rows are made by whoever knows the figures, as XML in large pieces; here are the texts that
cells share, the styles, and all that stands around the rows. Cells have no address of their
own, which the standard leaves out at will: they follow each other from the first column on.
Nothing is a formula: a text stands among the shared ones, whatever it begins with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

MOST_ROWS: Final = 1_048_576
MOST_COLUMNS: Final = 16_384
MOST_CHARACTERS: Final = 32_767
"""What a sheet, and a cell, can hold."""
LINE: Final = 15
"""The height of a line, in points."""
MOST_LINES: Final = 27
"""How many lines a row can have: it is at most 409 points high."""

_LEVEL: Final = 1
"""Higher levels take three times as long, for files that are a third smaller."""
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_BREAKS: Final = re.compile(r"[\r\n]+")
_NO_XML: Final = re.compile("[^\t\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LIKE_AN_ESCAPE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class Style(IntEnum):
    """How a cell looks: the places of the formats in the file with styles."""

    PLAIN = 0
    TITLE = 1
    MARK = 2
    HEADING = 3
    SIGN = 4
    WRAPPED = 5
    SECTION = 6
    LINK = 7
    COLUMN = 8
    """The heading of one column of figures."""
    NUMBER = 9
    """A number without decimals; the formats after it have one more each."""


DECIMALS: Final = 10
"""How many decimals there are formats for: none, one, … nine."""


# --- cells ------------------------------------------------------------------------------


@dataclass
class Strings:
    """The texts of a workbook, each of them once, numbered in the order that they came."""

    _numbers: dict[str, int] = field(default_factory=dict)

    def cell(self, text: str, style: int = Style.PLAIN) -> str:
        """A cell with a text; an empty cell where there is none."""
        styled = f' s="{style:d}"' if style else ""
        if not text:
            return f"<c{styled}/>"
        number = self._numbers.setdefault(held(text), len(self._numbers))
        return f'<c{styled} t="s"><v>{number}</v></c>'

    def row(self, texts: Iterable[str], style: int = Style.PLAIN, lines: int = 1) -> bytes:
        """A row of such cells, as high as some lines of text."""
        return row("".join(self.cell(text, style) for text in texts), lines)

    def xml(self) -> bytes:
        """The part of the file that holds them."""
        items = "".join(
            f'<si><t xml:space="preserve">{escaped(text)}</t></si>\n' for text in self._numbers
        )
        return f'{_HEAD}<sst xmlns="{_MAIN}">\n{items}</sst>\n'.encode()


def row(cells: str, lines: int = 1) -> bytes:
    """A row of cells, as high as some lines of text: programs give merged cells one line."""
    height = f' ht="{LINE * min(lines, MOST_LINES)}" customHeight="1"' if lines > 1 else ""
    return f"<row{height}>{cells}</row>\n".encode()


def held(text: str) -> str:
    """A text as a cell can hold it: on one line, of characters that XML has, not too long."""
    found = _NO_XML.sub(" ", _BREAKS.sub(" ", text))
    # Programs count the characters beyond the first 65 536 twice.
    room = MOST_CHARACTERS // 2
    return found if len(found) <= room else found[: room - 1] + "…"


def escaped(text: str) -> str:
    """A text in XML. What looks like the escape of a character in a workbook is none."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LIKE_AN_ESCAPE.sub("_x005F_", plain.replace('"', "&quot;"))


def column(number: int) -> str:
    """The letters of a column; the first is 0."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def area(first: tuple[int, int], last: tuple[int, int]) -> str:
    """An area by its corners, which are (row, column) from 0 on: ``A1:C2``."""
    return ":".join(f"{column(across)}{down + 1}" for down, across in (first, last))


# --- sheets -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """A sheet: its rows as XML, and how it is shown. Rows and columns count from 0."""

    name: str
    widths: Sequence[int]
    """Of the columns, in characters."""
    rows: Iterable[bytes]
    frozen: tuple[int, int]
    """How many rows and columns stay where they are."""
    filtered: str = ""
    """The area with a filter."""
    merged: Sequence[str] = ()
    texts: str = ""
    """The area with texts that may look like numbers."""
    link: tuple[str, str] | None = None
    """A cell, and the cell of the same sheet that it leads to."""
    titles: tuple[int, int, int] | None = None
    """What is repeated on each printed page: the first and last row, and how many columns."""

    def before(self) -> str:
        """What stands before the rows."""
        down, across = self.frozen
        pane = f'topLeftCell="{column(across)}{down + 1}"'
        splits = f' xSplit="{across}"' if across else ""
        splits += f' ySplit="{down}"' if down else ""
        place = ("bottom" if down else "top") + ("Right" if across else "Left")
        columns = "".join(
            f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>'
            for n, width in enumerate(self.widths, start=1)
        )
        return (
            f'{_HEAD}<worksheet xmlns="{_MAIN}">'
            '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
            '<sheetViews><sheetView workbookViewId="0">'
            f'<pane{splits} {pane} activePane="{place}" state="frozen"/>'
            f'<selection pane="{place}"/>'
            f'</sheetView></sheetViews><sheetFormatPr defaultRowHeight="{LINE}"/>'
            f"<cols>{columns}</cols>\n<sheetData>\n"
        )

    def after(self) -> str:
        """What stands after the rows, in the order of the standard."""
        parts = [f'<autoFilter ref="{self.filtered}"/>' if self.filtered else ""]
        if self.merged:
            cells = "".join(f'<mergeCell ref="{one}"/>' for one in self.merged)
            parts.append(f"<mergeCells>{cells}</mergeCells>")
        if self.link:
            place, target = self.link
            to = f"'{self.name}'!{target}"
            parts.append(f'<hyperlinks><hyperlink ref="{place}" location="{to}"/></hyperlinks>')
        parts.append(
            '<pageMargins left="0.5" right="0.5" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
            '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'
        )
        if self.texts:
            parts.append(
                f'<ignoredErrors><ignoredError sqref="{self.texts}" numberStoredAsText="1"/>'
                "</ignoredErrors>"
            )
        return f"</sheetData>\n{''.join(parts)}</worksheet>\n"

    def names(self, place: int) -> Iterator[str]:
        """The names that the workbook has for areas of this sheet, which is at ``place``."""
        if self.filtered:
            yield _name("_FilterDatabase", place, self.name, [self.filtered], ' hidden="1"')
        if self.titles:
            first, last, across = self.titles
            areas = [f"A:{column(across - 1)}"] if across else []
            yield _name("Print_Titles", place, self.name, [*areas, f"{first + 1}:{last + 1}"])


def _name(name: str, place: int, sheet: str, areas: Iterable[str], hidden: str = "") -> str:
    fixed = (re.sub(r"[A-Z]+|[0-9]+", r"$\g<0>", one) for one in areas)
    named = ",".join(f"'{sheet}'!{one}" for one in fixed)
    return f'<definedName name="_xlnm.{name}" localSheetId="{place}"{hidden}>{named}</definedName>'


# --- the file ---------------------------------------------------------------------------


def workbook(sheets: Sequence[Sheet], strings: Strings, properties: str) -> bytes:
    """The bytes of a workbook; ``properties`` is XML of the core properties.

    ``strings`` may grow while the rows of the sheets are made.
    """
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as target:

        def part(name: str, *pieces: Iterable[bytes]) -> None:
            # A part that is opened by its name alone has no time of its own.
            with target.open(name, "w") as opened:
                for some in pieces:
                    opened.writelines(some)

        part("[Content_Types].xml", [_content_types(len(sheets))])
        part("_rels/.rels", [_relations(_OF_FILE)])
        part("docProps/core.xml", [properties.encode()])
        part("xl/workbook.xml", [_workbook(sheets)])
        part("xl/_rels/workbook.xml.rels", [_relations(_of_workbook(len(sheets)))])
        part("xl/styles.xml", [_styles()])
        for number, sheet in enumerate(sheets, start=1):
            before, after = sheet.before().encode(), sheet.after().encode()
            part(f"xl/worksheets/sheet{number}.xml", [before], sheet.rows, [after])
        part("xl/sharedStrings.xml", [strings.xml()])
    return written.getvalue()


def properties(title: str, creator: str, created: str) -> str:
    """Core properties: a title, who made the workbook, and when (in UTC, with a ``Z``)."""
    return (
        f'{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escaped(held(title))}</dc:title>"
        f"<dc:creator>{escaped(held(creator))}</dc:creator>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{created}</dcterms:created>'
        "</cp:coreProperties>\n"
    )


def _content_types(sheets: int) -> bytes:
    parts = {
        "xl/workbook.xml": f"{_TYPE}.sheet.main+xml",
        "xl/styles.xml": f"{_TYPE}.styles+xml",
        "xl/sharedStrings.xml": f"{_TYPE}.sharedStrings+xml",
        "docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    for number in range(1, sheets + 1):
        parts[f"xl/worksheets/sheet{number}.xml"] = f"{_TYPE}.worksheet+xml"
    listed = "".join(
        f'<Override PartName="/{part}" ContentType="{kind}"/>\n' for part, kind in parts.items()
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">\n'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\n'
        f'<Default Extension="xml" ContentType="application/xml"/>\n{listed}</Types>\n'
    ).encode()


_OF_FILE: Final = (
    (f"{_OFFICE}/officeDocument", "xl/workbook.xml"),
    (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
)


def _of_workbook(sheets: int) -> Iterator[tuple[str, str]]:
    for number in range(1, sheets + 1):
        yield f"{_OFFICE}/worksheet", f"worksheets/sheet{number}.xml"
    yield f"{_OFFICE}/styles", "styles.xml"
    yield f"{_OFFICE}/sharedStrings", "sharedStrings.xml"


def _relations(targets: Iterable[tuple[str, str]]) -> bytes:
    listed = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>\n'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    start = f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">\n'
    return f"{start}{listed}</Relationships>\n".encode()


def _workbook(sheets: Sequence[Sheet]) -> bytes:
    listed = "".join(
        f'<sheet name="{sheet.name}" sheetId="{number}" r:id="rId{number}"/>\n'
        for number, sheet in enumerate(sheets, start=1)
    )
    names = "".join(
        f"{name}\n" for place, sheet in enumerate(sheets) for name in sheet.names(place)
    )
    return (
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">\n'
        f"<bookViews><workbookView/></bookViews>\n<sheets>\n{listed}</sheets>\n"
        f"<definedNames>\n{names}</definedNames>\n</workbook>\n"
    ).encode()


def _styles() -> bytes:
    """The formats of ``Style``, in its order."""
    codes = ["#,##0" + ("." + "0" * decimals if decimals else "") for decimals in range(DECIMALS)]
    formats = "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode="{code}"/>\n' for n, code in enumerate(codes)
    )
    font = '<font>{}<sz val="{}"/>{}<name val="Calibri"/><family val="2"/></font>\n'
    fonts = (
        font.format("", 11, "")
        + font.format("<b/>", 14, "")
        + font.format("<b/>", 11, "")
        + font.format("<u/>", 11, '<color rgb="FF0563C1"/>')
    )
    side = "<left/><right/><top/>{}<diagonal/>"
    line = '<bottom style="thin"><color auto="1"/></bottom>'
    wrapped = '<alignment vertical="top" wrapText="1"/>'
    xf = '<xf numFmtId="{}" fontId="{}" fillId="0" borderId="{}" xfId="0"{}>{}</xf>\n'
    aligned = ' applyAlignment="1"'
    cells = [
        xf.format(0, 0, 0, "", ""),
        xf.format(0, 1, 0, aligned, wrapped),
        xf.format(0, 2, 0, aligned, wrapped),
        xf.format(0, 2, 1, aligned, wrapped),
        xf.format(0, 0, 0, aligned, '<alignment horizontal="right"/>'),
        xf.format(0, 0, 0, aligned, wrapped),
        xf.format(0, 2, 0, "", ""),
        xf.format(0, 3, 0, "", ""),
        xf.format(0, 2, 1, aligned, '<alignment horizontal="right" vertical="top" wrapText="1"/>'),
        *(xf.format(164 + n, 0, 0, ' applyNumberFormat="1"', "") for n in range(DECIMALS)),
    ]
    return (
        f'{_HEAD}<styleSheet xmlns="{_MAIN}">\n'
        f'<numFmts count="{DECIMALS}">\n{formats}</numFmts>\n<fonts count="4">\n{fonts}</fonts>\n'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>\n'
        f'<borders count="2"><border>{side.format("<bottom/>")}</border>'
        f"<border>{side.format(line)}</border></borders>\n"
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        f'</cellStyleXfs>\n<cellXfs count="{len(cells)}">\n{"".join(cells)}</cellXfs>\n'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>\n'
        "</styleSheet>\n"
    ).encode()
