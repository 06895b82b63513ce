"""A load file that is not what it should be is a finding, whatever has been done to it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kostra_publish.auditing import load_files
from kostra_publish.auditing.files import read
from kostra_publish.auditing.released import Content, disagreements
from kostra_publish.outputs.deltabell import write_deltabell
from kostra_publish.outputs.jsonstat import write_jsonstat
from tests.auditing.released import ALL, JUNE, MARCH, TABLE, WOMEN, Kept, Look, said, sign
from tests.cubes import catalogue, cube, dimensions, facts, sample, table
from tests.outputs.loading import written
from tests.schedule import release_facts

STEM = f"syntetisk-{TABLE}"
FIGURES = f"statbank-load/{STEM}.dat"
ABOUT = f"statbank-load/{STEM}.uttrekksbeskrivelse.json"
NOT_OURS = ["is not a load file as this program writes it"]
NO_DESCRIPTION = ["is not a description of a load file as this program writes it"]

Alter = Callable[[str], str]


def replaced(before: str, after: str) -> Alter:
    return lambda text: text.replace(before, after)


def field(row: int, column: int, text: str) -> Alter:
    """Put something in place of a field; rows and columns count from 0."""

    def alter(before: str) -> str:
        rows = [line.split(";") for line in before.split("\r\n")]
        rows[row][column] = text
        return "\r\n".join(map(";".join, rows))

    return alter


# --- a release ----------------------------------------------------------------------------


def rewrite(release: Path, path: str, *alter: Alter) -> None:
    """Alter one file, as if the release had been made so."""
    file = release / path
    before = after = file.read_bytes().decode()
    for one in alter:
        after = one(after)
    assert after != before
    file.write_bytes(after.encode())
    sign(release)


def number_of(place: int) -> tuple[int, int]:
    """The row and column of a cell of the newest vintage: two variables, three measures."""
    return place // 3, 2 + place % 3


def test_a_release_has_a_load_file_of_its_own_figures(out: Path, look: Look) -> None:
    for release, count in ((MARCH, 1), (JUNE, 1)):
        assert len([*(out / release / "statbank-load").glob("*.dat")]) == count
    assert look(out / MARCH).leaks == ()


def test_a_small_figure_that_only_the_load_file_shows(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, small = kept.first(WOMEN, kept.universe.problem.small)
    row, column = number_of(place)
    alter = (field(row, column, str(kept.values[small])), field(row, column + 3, ""))
    rewrite(out / MARCH, FIGURES, *alter)
    found = said(look(out / MARCH))
    assert "1 small cells are shown, in 99901" in found
    json_file = f"public/statbank/jsonstat/{TABLE}.en.json"
    assert f"{FIGURES}: differs from {json_file} in 1 cells" in found


def test_a_number_left_beside_the_code_of_a_sign(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, small = kept.first(WOMEN, kept.universe.problem.small)
    rewrite(out / MARCH, FIGURES, field(*number_of(place), str(kept.values[small])))
    assert f"{FIGURES}: has both a number and a sign in 1 cells" in said(look(out / MARCH))


def test_a_figure_that_is_another(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, shown = kept.first(ALL, kept.universe.visible & (kept.universe.problem.values > 3))
    rewrite(out / MARCH, FIGURES, field(*number_of(place), str(kept.values[shown] + 1)))
    json_file = f"public/statbank/jsonstat/{TABLE}.en.json"
    found = said(look(out / MARCH))
    assert found == f"2026-03 {FIGURES}: differs from {json_file} in 1 cells"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('"preliminary": [\n   "2025"\n  ]', '"preliminary": []', "does not say the same of its"),
        ('"2025": "2026-03"', '"2025": "2025-06"', "does not say the same of its years"),
        ("99901: Mottakere", "99901: 3 mottakere", "nothing accounts for: title"),
        ('"Kvinner"', '"Kvinner 3"', "nothing accounts for: measures"),
        ("16.03.2026 klokka", "03.03.2026 klokka", "nothing accounts for: moment"),
    ],
    ids=["preliminary", "round", "title", "measure", "moment"],
)
def test_a_description_that_says_something_else(
    out: Path, look: Look, before: str, after: str, expected: str
) -> None:
    rewrite(out / MARCH, ABOUT, replaced(before, after))
    assert expected in said(look(out / MARCH))


def test_files_that_should_be_there_or_should_not(out: Path, look: Look) -> None:
    folder = out / MARCH / "statbank-load"
    (folder / "notes.txt").write_text("3", encoding="utf-8")
    sign(out / MARCH)
    found = said(look(out / MARCH))
    assert "statbank-load/notes.txt: is of a kind that the audit does not know" in found
    (folder / "notes.txt").unlink()
    (out / MARCH / ABOUT).unlink()
    sign(out / MARCH)
    assert f"{FIGURES}: has no description beside it" in said(look(out / MARCH))
    shutil.copytree(out / JUNE / "statbank-load", folder, dirs_exist_ok=True)
    (folder / f"{STEM}.dat").unlink()
    sign(out / MARCH)
    assert f"{ABOUT}: describes a load file that is not there" in said(look(out / MARCH))


# --- a file -------------------------------------------------------------------------------


def wrong(
    alter_figures: Alter = str, alter_description: Alter = str
) -> tuple[list[str], list[str]]:
    figures, description = written(sample())
    texts = figures.decode(), json.dumps(json.loads(description), ensure_ascii=False)
    altered = alter_figures(texts[0]), alter_description(texts[1])
    assert (altered != texts) == (alter_figures is not str or alter_description is not str)
    about = Content("statbank-load/syntetisk-13995.uttrekksbeskrivelse.json")
    content = Content("statbank-load/syntetisk-13995.dat")
    load_files.read(about, content, altered[1].encode(), altered[0].encode())
    return about.wrong, content.wrong


def test_nothing_is_wrong_with_what_was_written() -> None:
    assert wrong() == ([], [])


# The first row: region, sex, year, a count, a share with a decimal, and their signs.
STRANGE: dict[str, Alter] = {
    "another code": field(0, 0, "0302"),
    "another year": field(0, 2, "2024"),
    "a quotation mark": field(0, 3, '"3'),
    "a decimal of a count": field(0, 3, "3,0"),
    "no decimal of a share": field(0, 4, "3"),
    "two decimals of a share": field(0, 4, "3,00"),
    "a decimal point": field(0, 4, "3.0"),
    "a number with a zero in front": field(0, 3, "03"),
    "infinity": field(0, 3, "inf"),
    "a space": field(0, 3, " "),
    "a column more": lambda text: text.replace("\r\n", ";\r\n"),
    "a field more": field(0, 6, ";"),
    "a field less": lambda text: text.replace(";\r\n", "\r\n", 1),
    "a row less": lambda text: text[text.index("\n") + 1 :],
    "a row twice": lambda text: text + text[: text.index("\n") + 1],
    "other line ends": lambda text: text.replace("\r\n", "\n"),
    "no line end": str.rstrip,
    "an empty line": lambda text: text + "\r\n",
    "a header": lambda text: "a;b;c;d;e;f;g\r\n" + text,
    "nothing": lambda _text: "",
}


@pytest.mark.parametrize("alter", STRANGE.values(), ids=STRANGE)
def test_figures_that_are_written_otherwise_are_wrong(alter: Alter) -> None:
    assert wrong(alter) == ([], NOT_OURS)


def test_an_unknown_code_of_a_sign_is_wrong() -> None:
    _, found = wrong(field(0, 5, "03"))
    assert "has an unknown sign in 1 cells" in found


STRANGE_DESCRIPTIONS: dict[str, Alter] = {
    "a member more": replaced('{"Uttaksbeskrivelse_lagd"', '{"x": 3, "Uttaksbeskrivelse_lagd"'),
    "a member twice": replaced('"base"', '"base": "3", "base"'),
    "another base": replaced("kostra_publish", "DB1T"),
    "another table": replaced('"TabellId": "13995"', '"TabellId": "13996"'),
    "another name": replaced('"deltabell": "syntetisk-', '"deltabell": "'),
    "no mark of synthetic figures": replaced('"synthetic": true', '"synthetic": false'),
    "a number of a column": replaced('"kolonnenummer": "4"', '"kolonnenummer": "3"'),
    "another code list": replaced('"Kodeliste_id": "Kjonn"', '"Kodeliste_id": "Alder"'),
    "a code twice": replaced('"kode": "1"', '"kode": "2"'),
    "a total that is no code": replaced('"SumIALtTotalKode": "0"', '"SumIALtTotalKode": "3"'),
    "decimals that differ": replaced('viste_desimaler": "1"', 'viste_desimaler": "3"'),
    "a number for a text": replaced('"Enhet": "number"', '"Enhet": 3'),
    "signs of another column": replaced(
        '"gjelder_for__kolonner_nummer": "4"', '"gjelder_for__kolonner_nummer": "5"'
    ),
    "another sign": replaced('"Vises_som": ":"', '"Vises_som": "3"'),
    "figures in the example": replaced(";;;04;04", ";3;;04;04"),
    "another moment": replaced("klokka 08:00", "klokka 8"),
    "a mark of a year that is not there": replaced(
        '"preliminary": ["2025"]', '"preliminary": ["2024"]'
    ),
    "nothing": lambda _text: "",
    "a list": lambda text: f"[{text}]",
}  # fmt: skip


@pytest.mark.parametrize("alter", STRANGE_DESCRIPTIONS.values(), ids=STRANGE_DESCRIPTIONS)
def test_a_description_that_is_written_otherwise_is_wrong(alter: Alter) -> None:
    assert wrong(alter_description=alter) == (NO_DESCRIPTION, [])


def test_what_is_no_text_is_wrong() -> None:
    figures, description = written(sample())
    contents = Content("a"), Content("b")
    load_files.read(*contents, b"\xff" + description, figures)
    assert contents[0].wrong == NO_DESCRIPTION


# --- beside the whole table ---------------------------------------------------------------


def both(synthetic: tuple[bool, bool], said_to_be: bool | None = None) -> list[str]:
    """What a load file of the second of two years has against the whole table in JSON-stat."""
    spec = table()
    of = [facts(2024 + n, synthetic=synthetic[n]) for n in range(2)]
    whole = cube(spec, dimensions(spec, [2024, 2025]), of)
    files = dict(write_jsonstat([whole], catalogue(), release_facts("2026-06")))
    path = "public/statbank/jsonstat/13995.nb.json"
    in_full = read(path, files[path]).table
    data = dict(write_deltabell([whole], catalogue(), release_facts("2026-06")))
    load, description = data
    about, content = Content(description), Content(load)
    load_files.read(about, content, data[description], data[load])
    assert in_full is not None
    assert content.table is not None
    own = content.table
    if said_to_be is not None:
        own = replace(own, synthetic=said_to_be)
    return [how for _, how in disagreements([in_full, own])]


@pytest.mark.parametrize("synthetic", [(True, True), (True, False), (False, False)])
def test_the_years_of_a_release_agree_with_the_whole_table(synthetic: tuple[bool, bool]) -> None:
    assert both(synthetic) == []


def test_a_mark_that_the_whole_table_does_not_have() -> None:
    [found] = both((False, False), said_to_be=True)
    assert found.startswith("does not say the same of its years")
