"""PX that is not what it should be is a finding, whatever has been done to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kostra_publish.auditing.files import read
from tests.auditing.released import ALL, MARCH, TABLE, WOMEN, Kept, Look, rewrite, said, sign
from tests.cubes import sample
from tests.outputs.test_px import rendered

FILE = f"px/{TABLE}.px"
NO_TABLE = "is not a table in PX as this program writes it"

Alter = Callable[[str], str]


def cell(number: int, written: str) -> Alter:
    """Put something in place of a cell, by its number."""

    def alter(text: str) -> str:
        heading, mark, data = text.partition("DATA=\n")
        lines = [line.split(" ") for line in data.split("\n")]
        line, column = divmod(number, len(lines[0]) - 1)
        lines[line][column] = written
        return heading + mark + "\n".join(" ".join(of) for of in lines)

    return alter


def replaced(before: str, after: str) -> Alter:
    return lambda text: text.replace(before, after)


def number_of(place: int) -> int:
    """The number of a cell of the newest vintage; the table has two."""
    return 2 * place + 1


# --- a release ----------------------------------------------------------------------------


def test_a_small_figure_that_only_px_shows(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, small = kept.first(WOMEN, kept.universe.problem.small)
    rewrite(out / MARCH, FILE, cell(number_of(place), str(kept.values[small])))
    found = said(look(out / MARCH))
    assert "1 small cells are shown, in 99901" in found
    json = f"public/statbank/jsonstat/{TABLE}.en.json"
    assert f"public/statbank/{FILE}: differs from {json} in 1 cells" in found


def test_a_figure_that_is_another(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, shown = kept.first(ALL, kept.universe.visible & (kept.universe.problem.values > 3))
    rewrite(out / MARCH, FILE, cell(number_of(place), str(kept.values[shown] + 1)))
    json = f"public/statbank/jsonstat/{TABLE}.en.json"
    found = said(look(out / MARCH))
    assert found == f"2026-03 public/statbank/{FILE}: differs from {json} in 1 cells"


def test_a_sign_that_is_another(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, _ = kept.first(ALL, kept.universe.problem.small)
    rewrite(out / MARCH, FILE, cell(number_of(place), '".."'))
    assert f"{FILE}: differs from" in said(look(out / MARCH))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('KOSTRA-PRELIMINARY("år","2025")=YES', 'KOSTRA-PRELIMINARY("år","2025")=NO'),
        ('KOSTRA-ROUND("år","2025")="2026-03"', 'KOSTRA-ROUND("år","2025")="2025-06"'),
    ],
    ids=["preliminary", "round"],
)
def test_a_year_that_is_said_to_be_another_kind(
    out: Path, look: Look, before: str, after: str
) -> None:
    rewrite(out / MARCH, FILE, replaced(before, after))
    assert f"{FILE}: does not say the same of its years as" in said(look(out / MARCH))


@pytest.mark.parametrize(
    ("before", "after", "keyword"),
    [
        ("Recipients aged 18-55.", "Recipients aged 18-55. In all 3.", "NOTE"),
        ("Mottakere 18-55 år.", "Mottakere 18-55 år.##3", "NOTE"),
        ('SOURCE[en]="Statistics Norway"', 'SOURCE[en]="Statistics Norway 3"', "SOURCE"),
        ('UNITS="personer / prosent"', 'UNITS="3 personer"', "UNITS"),
        ('CREATION-DATE="20260316 08:00"', 'CREATION-DATE="20260303 08:00"', "CREATION-DATE"),
        ("Kvinner", "Kvinner 3", "VALUES"),
    ],
    ids=["note", "one note more", "source", "unit", "date", "name"],
)
def test_a_text_that_carries_a_number(
    out: Path, look: Look, before: str, after: str, keyword: str
) -> None:
    rewrite(out / MARCH, FILE, replaced(before, after))
    found = said(look(out / MARCH))
    assert f"{FILE}: has a text with digits that nothing accounts for: {keyword}" in found


def test_a_table_that_has_no_file_of_its_own(out: Path, look: Look) -> None:
    rewrite(out / MARCH, FILE, replaced(f'TABLEID="{TABLE}"', 'TABLEID="13995"'))
    assert "table 99901: is not there once as PX in every language" in said(look(out / MARCH))


def test_a_small_figure_that_only_one_language_shows(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, small = kept.first(WOMEN, kept.universe.problem.small)
    file = f"px/nn/{TABLE}.px"
    rewrite(out / MARCH, file, cell(number_of(place), str(kept.values[small])))
    found = said(look(out / MARCH))
    assert "1 small cells are shown, in 99901" in found
    json = f"public/statbank/jsonstat/{TABLE}.en.json"
    assert f"public/statbank/{file}: differs from {json} in 1 cells" in found


def test_a_language_that_has_no_file(out: Path, look: Look) -> None:
    (out / MARCH / "public/statbank/px/nn" / f"{TABLE}.px").unlink()
    sign(out / MARCH)
    assert "table 99901: is not there once as PX in every language" in said(look(out / MARCH))


# --- a file -------------------------------------------------------------------------------


def one_language(alter: Alter = str, folder: str = "nn") -> list[str]:
    text = rendered(sample(), languages=["nn"])
    return wrong(alter(text), f"public/statbank/px/{folder}/13995.px")


def test_a_file_in_one_language_lies_in_the_folder_of_that_language() -> None:
    assert one_language() == []
    assert one_language(folder="en") == [NO_TABLE]
    assert one_language(folder="px") == [NO_TABLE]
    assert one_language(replaced('LANGUAGE="nn"', 'LANGUAGE="fi"'), folder="fi") == [NO_TABLE]


def test_a_file_in_one_language_has_nothing_in_another() -> None:
    another = 'SOURCE="publisher (nn)";\nSOURCE[en]="publisher (en)";'
    assert one_language(replaced('SOURCE="publisher (nn)";', another)) == [NO_TABLE]
    several = 'LANGUAGE="nn";\nLANGUAGES="nn";'
    assert one_language(replaced('LANGUAGE="nn";', several)) == [NO_TABLE]


def wrong(text: str, file: str = "public/statbank/px/13995.px") -> list[str]:
    return read(file, text.encode()).wrong


def test_nothing_is_wrong_with_what_was_written() -> None:
    assert wrong(rendered(sample())) == []


STRANGE: dict[str, Alter] = {
    "a keyword": replaced("COPYRIGHT=YES;", "COPYRIGHT=YES;\nFIGURE=3;"),
    "a keyword of ours": replaced("KOSTRA-LICENCE", "KOSTRA-FIGURE"),
    "a number of some digits": replaced("SHOWDECIMALS=0", "SHOWDECIMALS=30"),
    "another number of precision": replaced(")=1;", ")=1234;"),
    "neither yes nor no": replaced("COPYRIGHT=YES", "COPYRIGHT=3"),
    "a statement twice": replaced("COPYRIGHT=YES;", "COPYRIGHT=YES;\nCOPYRIGHT=YES;"),
    "a comment": replaced("COPYRIGHT=YES;", "COPYRIGHT=YES;\n# 3\n"),
    "text outside quotation marks": replaced('SOURCE="publisher"', 'SOURCE="publisher" 3'),
    "a sign that stands for another": replaced('DATASYMBOL3=":"', 'DATASYMBOL3="3"'),
    "no sign": replaced("DATASYMBOL3", "DATASYMBOL4"),
    "another character set": replaced('CODEPAGE="utf-8"', 'CODEPAGE="iso-8859-1"'),
    "a language": replaced("SOURCE[en]", "SOURCE[fi]"),
    "a language less": replaced('"nb","nn","en"', '"nb","nn"'),
    "something that is not there": replaced('UNITS("Measure KOSandel0000")', 'UNITS("3")'),
    "a total that is not there": replaced(
        'ELIMINATION("dimension Kjonn")="Begge"', 'ELIMINATION("dimension Kjonn")="3"'
    ),
    "codes of another language": replaced(
        'CODES[en]("dimension Kjonn (en)")="0","1","2"',
        'CODES[en]("dimension Kjonn (en)")="0","2","1"',
    ),
    "a name less": replaced('"Begge","Menn","Kvinner"', '"Begge","Menn"'),
    "no round": replaced('KOSTRA-ROUND("dimension Tid","2025")="2026-03";\n', ""),
    "a cell more": replaced("\n;\n", "\n3 \n;\n"),
    "two numbers in a cell": cell(1, "3 3"),
    "a cell less": cell(1, ""),
    "a sign that is none": cell(1, '"...."'),
    "a sign without quotation marks": cell(1, "..."),
    "a number in quotation marks": cell(1, '"3"'),
    "a number beside a sign": cell(1, '3"."'),
    "infinity": cell(1, "inf"),
    "no number": cell(1, "NaN"),
    "a decimal comma": cell(1, "1,5"),
    "more after the data": lambda text: text + "3;\n",
    "no data": lambda text: text.partition("DATA=")[0],
    "nothing": lambda _text: "",
}


@pytest.mark.parametrize("alter", STRANGE.values(), ids=STRANGE)
def test_what_is_written_otherwise_is_wrong(alter: Alter) -> None:
    before = rendered(sample())
    after = alter(before)
    assert after != before
    assert wrong(after) == [NO_TABLE]


def test_what_is_no_text_is_wrong() -> None:
    data = rendered(sample()).encode().replace(b"Oslo", b"\xff")
    assert read("13995.px", data).wrong == ["is not text, and no way to read it is known"]


VALUE = '("dimension Tid","2025")'
BESIDE = {
    "decimals of the table": ("\nDECIMALS=1;", "\nDECIMALS=7;"),
    "decimals that are shown": ("SHOWDECIMALS=0", "SHOWDECIMALS=7"),
    "a way to show": ("AGGREGALLOWED=NO;", 'AGGREGALLOWED=NO;\nPRESTEXT("dimension Tid")=7;'),
    "decimals of a year": ("AGGREGALLOWED=NO;", f"AGGREGALLOWED=NO;\nPRECISION{VALUE}=7;"),
    "a code of a value": ("AGGREGALLOWED=NO;", f'AGGREGALLOWED=NO;\nMATRIX{VALUE}="3";'),
    "a translated code": ("AGGREGALLOWED=NO;", 'AGGREGALLOWED=NO;\nTABLEID[nn]="3";'),
    "a contact of a value": ("AGGREGALLOWED=NO;", f'AGGREGALLOWED=NO;\nCONTACT{VALUE}="a";'),
}


@pytest.mark.parametrize(("before", "after"), BESIDE.values(), ids=BESIDE)
def test_what_is_said_of_something_else_is_wrong(before: str, after: str) -> None:
    text = rendered(sample())
    assert read("px/13995.px", text.encode()).wrong == []
    assert before in text
    assert read("px/13995.px", text.replace(before, after).encode()).wrong == [NO_TABLE]


def test_cells_are_written_in_one_way_only() -> None:
    heading, _, cells = rendered(sample()).partition("DATA=\n")
    number = re.search(r"(?<![\d.-])\d+(?= )", cells)
    assert number is not None
    for other in (f"{number[0]}.00000000000000000003", f"{number[0]}e0", f"0{number[0]}"):
        changed = cells[: number.start()] + other + cells[number.end() :]
        assert read("px/13995.px", f"{heading}DATA=\n{changed}".encode()).wrong == [NO_TABLE]
    for changed in (cells.replace(" \n", " \n\n", 1), cells.replace(" ", " \n", 1)):
        assert read("px/13995.px", f"{heading}DATA=\n{changed}".encode()).wrong == [NO_TABLE]
