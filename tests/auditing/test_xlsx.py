"""A workbook that is not what it should be is a finding, whatever has been done to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from kostra_publish.auditing.files import read
from tests.auditing.released import ALL, MARCH, TABLE, WOMEN, Kept, Look, said, sign
from tests.cubes import sample
from tests.outputs.test_xlsx import rendered

FILE = f"public/statbank/xlsx/{TABLE}.xlsx"
NO_TABLE = "is not a table in XLSX as this program writes it"
READABLE, LONG, METADATA = (f"xl/worksheets/sheet{number}.xml" for number in (1, 2, 3))
BOOK, STYLES, STRINGS = "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"
CORE, TYPES = "docProps/core.xml", "[Content_Types].xml"

Alter = Callable[[str], str]


def packed(parts: dict[str, str]) -> bytes:
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED, compresslevel=1) as target:
        for name, text in parts.items():
            with target.open(name, "w") as part:
                part.write(text.encode())
    return written.getvalue()


def unpacked(data: bytes) -> dict[str, str]:
    with ZipFile(BytesIO(data)) as source:
        return {name: source.read(name).decode() for name in source.namelist()}


def altered(data: bytes, part: str, alter: Alter) -> bytes:
    parts = unpacked(data)
    after = alter(parts[part])
    assert after != parts[part]
    return packed(parts | {part: after})


def replaced(before: str, after: str) -> Alter:
    return lambda text: text.replace(before, after, 1)


def rewrite(release: Path, *alters: tuple[str, Alter]) -> None:
    """Alter the workbook of a release, as if the release had been made so."""
    path = release / FILE
    for part, alter in alters:
        path.write_bytes(altered(path.read_bytes(), part, alter))
    sign(release)


def cell_of_long(place: int, written: str) -> Alter:
    """Put a number in place of a figure on the sheet with a row per cell."""

    def alter(text: str) -> str:
        lines = text.split("\n")
        first = next(n for n, line in enumerate(lines) if "\t" in line)
        before = lines[first + place].rpartition("\t")[0]
        lines[first + place] = f"{before}\t<c><v>{written}</v></c></row>"
        return "\n".join(lines)

    return alter


def cell_of_readable(place: int, written: str) -> Alter:
    """The same on the readable sheet, where the two years of a row stand beside each other."""

    def alter(text: str) -> str:
        lines = text.split("\n")
        first = next(n for n, line in enumerate(lines) if "\t" in line)
        row, year = divmod(place, 2)
        parts = lines[first + row].split("\t")
        parts[2 + year] = written
        lines[first + row] = "\t".join(parts)
        return "\n".join(lines)

    return alter


def shown(place: int, value: int) -> tuple[tuple[str, Alter], tuple[str, Alter]]:
    """Put a number on both sheets, in the newest of the two vintages of the table."""
    at = 2 * place + 1
    return (
        (LONG, cell_of_long(at, str(value))),
        (READABLE, cell_of_readable(at, f'<c s="9"><v>{value}</v></c>')),
    )


# --- a release ----------------------------------------------------------------------------


def test_a_small_figure_that_only_the_workbook_shows(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, small = kept.first(WOMEN, kept.universe.problem.small)
    rewrite(out / MARCH, *shown(place, kept.values[small]))
    found = said(look(out / MARCH))
    assert "1 small cells are shown, in 99901" in found
    json = f"public/statbank/jsonstat/{TABLE}.en.json"
    assert f"{FILE}: differs from {json} in 1 cells" in found


def test_a_figure_that_is_another(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, cell = kept.first(ALL, kept.universe.visible & (kept.universe.problem.values > 3))
    rewrite(out / MARCH, *shown(place, kept.values[cell] + 1))
    json = f"public/statbank/jsonstat/{TABLE}.en.json"
    found = said(look(out / MARCH))
    assert found == f"2026-03 {FILE}: differs from {json} in 1 cells"


@pytest.mark.parametrize("sheet", [0, 1], ids=["long", "readable"])
def test_a_figure_that_is_another_on_one_sheet(out: Path, look: Look, sheet: int) -> None:
    kept = Kept(out / MARCH)
    place, cell = kept.first(ALL, kept.universe.visible & (kept.universe.problem.values > 3))
    rewrite(out / MARCH, shown(place, kept.values[cell] + 1)[sheet])
    assert f"{FILE}: has two sheets that differ in 1 cells" in said(look(out / MARCH))


@pytest.mark.parametrize(
    ("part", "before", "after", "place"),
    [
        (STRINGS, "Recipients aged 18-55.", "Recipients aged 18-55. In all 3.", "note"),
        (STRINGS, "Statistics Norway<", "Statistics Norway 3<", "source"),
        (STRINGS, "Kilde: Statistisk sentralbyrå", "Kilde: 3", "source"),
        (STRINGS, ">personer<", ">3 personer<", "unit"),
        (STRINGS, "Oppdatert: 16. mars 2026", "Oppdatert: 3. mars 2026", "source"),
        (STRINGS, ">Kvinner<", ">Kvinner 3<", "category"),
        (CORE, "<dc:title>", "<dc:title>3 ", "title"),
        (CORE, "2026-03-16T", "2026-03-03T", "created"),
    ],
    ids=["note", "source", "source below", "unit", "day", "name", "title", "created"],
)
def test_a_text_that_carries_a_number(
    out: Path, look: Look, part: str, before: str, after: str, place: str
) -> None:
    rewrite(out / MARCH, (part, replaced(before, after)))
    found = said(look(out / MARCH))
    assert f"{FILE}: has a text with digits that nothing accounts for: {place}" in found


def test_figures_of_another_round(out: Path, look: Look) -> None:
    rewrite(out / MARCH, (STRINGS, replaced(">2026-03<", ">2025-03<")))
    assert f"{FILE}: does not say the same of its years as" in said(look(out / MARCH))


def test_a_table_that_has_no_workbook(out: Path, look: Look) -> None:
    (out / MARCH / FILE).rename(out / MARCH / FILE.replace(TABLE, "13995"))
    sign(out / MARCH)
    assert "table 99901: is not there once as XLSX" in said(look(out / MARCH))


# --- a file -------------------------------------------------------------------------------


def wrong(data: bytes) -> list[str]:
    return read("public/statbank/xlsx/13995.xlsx", data).wrong


def test_nothing_is_wrong_with_what_was_written() -> None:
    data = rendered(sample())
    assert wrong(data) == []
    assert packed(unpacked(data)) == data


def first_number(after: str) -> Alter:
    return lambda text: re.sub(r"<v>-?\d+(\.\d+)?</v></c>(?=\t|</row>\n)", after, text, count=1)


STRANGE: dict[str, tuple[str, Alter]] = {
    "a formula": (LONG, first_number("<f>1+2</f><v>3</v></c>")),
    "a formula on the readable sheet": (READABLE, first_number("<f>1+2</f><v>3</v></c>")),
    "infinity": (LONG, first_number("<v>inf</v></c>")),
    "no number": (READABLE, first_number("<v>NaN</v></c>")),
    "a number beside a sign": (LONG, replaced('\t<c/><c t="s">', '\t<c><v>3</v></c><c t="s">')),
    "a digit that is not shown": (READABLE, replaced('<c s="9"><v>', '<c s="9"><v>0.5')),
    "a format of another measure": (READABLE, replaced('<c s="9"><v>', '<c s="10"><v>')),
    "a format that is none": (READABLE, replaced('<c s="9"><v>', '<c s="99"><v>')),
    "a number in another style": (READABLE, replaced('<c s="9"><v>', '<c s="0"><v>')),
    "an address": (LONG, replaced("<row>", '<row r="3">')),
    "a hidden row": (READABLE, replaced("<row>", '<row hidden="1">')),
    "a row without height": (READABLE, replaced('ht="30"', 'ht="0"')),
    "a hidden column": (READABLE, replaced('customWidth="1"', 'customWidth="1" hidden="1"')),
    "a narrow column": (READABLE, replaced('width="10"', 'width="0"')),
    "a column more": (LONG, replaced("</cols>", '<col min="99" max="99" width="12"/></cols>')),
    "a grouped row": (LONG, replaced("<row>", '<row outlineLevel="1">')),
    "a row more": (LONG, replaced("</sheetData>", "<row><c><v>3</v></c></row>\n</sheetData>")),
    "a row less": (LONG, lambda text: re.sub(r"<row>[^\n]*\t[^\n]*\n", "", text, count=1)),
    "a cell more": (READABLE, replaced("\t</row>", "\t<c><v>3</v></c>\t</row>")),
    "a cell less": (READABLE, lambda text: re.sub(r"\t[^\t\n]*(?=\t</row>)", "", text, count=1)),
    "rows in another order": (
        LONG,
        lambda text: re.sub(r"(<row>[^\n]*\t[^\n]*\n)(<row>[^\n]*\n)", r"\2\1", text, count=1),
    ),
    "figures that are merged": (
        READABLE, replaced("<mergeCells>", '<mergeCells><mergeCell ref="A9:C9"/>'),
    ),
    "a heading that is merged with another": (
        READABLE, replaced("<mergeCells>", '<mergeCells><mergeCell ref="A6:C6"/>'),
    ),
    "merged over several rows": (
        READABLE, replaced("<mergeCells>", '<mergeCells><mergeCell ref="A1:C9"/>'),
    ),
    "a filter": (READABLE, replaced("</sheetData>\n", '</sheetData>\n<autoFilter ref="A1:B2"/>')),
    "another filter": (LONG, replaced('<autoFilter ref="A1', '<autoFilter ref="A3')),
    "a filter that hides": (LONG, replaced('"/><pageMargins', '"><x/></autoFilter><pageMargins')),
    "a link to elsewhere": (READABLE, replaced("'Tabell'!", "https://ssb.no/")),
    "a footer": (LONG, replaced("</worksheet>", "<headerFooter>3</headerFooter></worksheet>")),
    "a panel elsewhere": (LONG, replaced('topLeftCell="A2"', 'topLeftCell="A3"')),
    "frozen elsewhere": (LONG, replaced('ySplit="1"', 'ySplit="3"')),
    "a comment": (LONG, replaced("</worksheet>", "<!-- 3 --></worksheet>")),
    "a comment at the end": (LONG, lambda text: text + "<!-- 3 -->\n"),
    "an end without a line": (LONG, lambda text: text + "3"),
    "a hidden sheet": (BOOK, replaced('sheetId="2"', 'sheetId="2" state="hidden"')),
    "sheets that have changed names": (BOOK, replaced("Metadata", "Tabell 2")),
    "a name": (
        BOOK, replaced("</definedNames>", '<definedName name="x">3</definedName>\n</definedNames>'),
    ),
    "a name for another area": (BOOK, replaced("$A$1:", "$A$3:")),
    "a style": (STYLES, replaced('formatCode="#,##0.0"', 'formatCode="&quot;3&quot;"')),
    "a type": (TYPES, replaced("</Types>", '<Default Extension="vml" ContentType="3"/></Types>')),
    "a namespace": (CORE, replaced("xmlns:dc=", 'xmlns:x="3" xmlns:dc=')),
    "a property": (CORE, replaced("</cp:", "<dc:subject>3</dc:subject></cp:")),
    "a text that no cell has": (
        STRINGS, replaced("</sst>", '<si><t xml:space="preserve">3</t></si>\n</sst>'),
    ),
    "a text twice": (STRINGS, replaced(">Menn<", ">Kvinner<")),
    "a text with marks of its own": (STRINGS, replaced(">Menn<", "><r>Menn</r><")),
    "an unknown escape": (STRINGS, replaced(">Menn<", ">&#51;<")),
    "another name": (READABLE, replaced('<c t="s">', '<c t="s" x="3">')),
    "another title": (READABLE, lambda text: re.sub(r"<v>\d+</v>", "<v>1</v>", text, count=1)),
    "another kind of row": (METADATA, replaced("<row>", '<row spans="1:6">')),
    "an empty line": (LONG, replaced("<row>", "\n<row>")),
    "an empty line among figures": (READABLE, replaced("\t</row>\n", "\t</row>\n\n")),
    "rows without an end": (LONG, replaced("</sheetData>\n", "")),
    "a sheet without rows": (LONG, lambda text: re.sub(r"<row>.*\n", "", text)),
    "no metadata": (METADATA, lambda text: re.sub(r"<row>.*\n", "", text)),
    "nothing": (READABLE, lambda _text: ""),
}  # fmt: skip


@pytest.mark.parametrize(("part", "alter"), STRANGE.values(), ids=STRANGE)
def test_what_is_written_otherwise_is_wrong(part: str, alter: Alter) -> None:
    assert wrong(altered(rendered(sample()), part, alter)) == [NO_TABLE]


def test_synthetic_data_without_a_mark_is_wrong() -> None:
    data = rendered(sample())

    def without_marks(text: str) -> str:
        marks = re.findall(r'<row(?: ht="\d+" customHeight="1")?><c s="2" t="s">.*\n', text)
        assert len(marks) == 2
        return text.replace("".join(marks), "")

    assert wrong(altered(data, READABLE, without_marks)) == [NO_TABLE]


@pytest.mark.parametrize(
    "alter",
    [
        lambda data: data + b"3",
        lambda data: b"3" + data,
        lambda data: data[:-2] + b"\x01\x003",
        lambda data: data[:1000],
        lambda _data: b"",
        lambda data: packed(unpacked(data) | {"xl/comments1.xml": "<x>3</x>"}),
        lambda data: packed(dict(reversed(unpacked(data).items()))),
        lambda data: packed({k: v for k, v in unpacked(data).items() if k != STYLES}),
    ],
    ids=[
        "more behind it", "more before it", "a comment", "a part of it", "nothing", "a part more",
        "another order", "a part less",
    ],
)  # fmt: skip
def test_an_archive_that_is_another_is_wrong(alter: Callable[[bytes], bytes]) -> None:
    assert wrong(alter(rendered(sample()))) == [NO_TABLE]


def test_an_archive_with_times_or_remarks_is_wrong() -> None:
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED, compresslevel=1) as target:
        for name, text in unpacked(rendered(sample())).items():
            target.writestr(name, text)
    assert wrong(written.getvalue()) == [NO_TABLE]


def test_bytes_behind_what_is_unpacked_are_wrong() -> None:
    data = rendered(sample())
    assert wrong(data) == []
    for place in (4, 6, 10, 12, 14):
        assert wrong(data[:place] + b"\x11" + data[place + 1 :]) == [NO_TABLE]
    directory = data.index(b"PK\x01\x02")
    for place in (4, 5, 6, 34, 38):
        there = directory + place
        assert wrong(data[:there] + b"\x11" + data[there + 1 :]) == [NO_TABLE]


def test_a_digit_that_a_number_cannot_hold_is_wrong() -> None:
    data = rendered(sample())
    for part in (LONG, READABLE):
        written = re.sub(
            r"(<c(?: s=\"9\")?><v>\d+)(</v>)", r"\1.00000000000000000003\2", unpacked(data)[part]
        )
        assert written != unpacked(data)[part]
        assert wrong(packed({**unpacked(data), part: written})) == [NO_TABLE]
