"""CSV that is not what it should be is a finding, whatever has been done to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kostra_publish.auditing.files import read
from tests.auditing.released import ALL, MARCH, TABLE, WOMEN, Kept, Look, rewrite, said
from tests.cubes import sample
from tests.outputs.test_csv_table import figures, metadata

FIGURES, ABOUT = f"csv/{TABLE}.csv", f"csv/{TABLE}.metadata.csv"
NO_TABLE = "is not a table in CSV as this program writes it"

Alter = Callable[[str], str]


def rows(alter: Callable[[int, list[str]], list[str]]) -> Alter:
    """Alter the rows after the header, each by its number and its fields."""

    def altered(text: str) -> str:
        header, *lines = text.removesuffix("\n").split("\n")
        after = (";".join(alter(n, line.split(";"))) for n, line in enumerate(lines))
        return "\n".join([header, *after]) + "\n"

    return altered


def row(number: int, column: int, field: str) -> Alter:
    """Put a field in a row; columns are counted from the end."""
    return rows(
        lambda n, fields: (
            [*fields[:column], field, *fields[len(fields) + column + 1 :]]
            if n == number
            else fields
        )
    )


# --- a release ----------------------------------------------------------------------------


def row_of(place: int) -> int:
    """The row of a cell of the newest vintage; the table has two."""
    return 2 * place + 1


def test_a_small_figure_that_only_csv_shows(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, cell = kept.first(WOMEN, kept.universe.problem.small)
    number = row_of(place)
    shown = row(number, -2, str(kept.values[cell]))
    rewrite(out / MARCH, FIGURES, lambda text: row(number, -1, "")(shown(text)))
    found = said(look(out / MARCH))
    assert "1 small cells are shown, in 99901" in found
    assert f"public/statbank/{FIGURES}: differs from" in found


def test_a_figure_beside_a_sign(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, cell = kept.first(ALL, kept.universe.problem.small)
    rewrite(out / MARCH, FIGURES, row(row_of(place), -2, str(kept.values[cell])))
    assert f"{FIGURES}: has both a number and a sign in 1 cells" in said(look(out / MARCH))


def test_a_figure_that_is_another(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, cell = kept.first(ALL, kept.universe.visible & (kept.universe.problem.values > 3))
    rewrite(out / MARCH, FIGURES, row(row_of(place), -2, str(kept.values[cell] + 1)))
    found = said(look(out / MARCH))
    json = f"public/statbank/jsonstat/{TABLE}.en.json"
    assert found == f"2026-03 public/statbank/{FIGURES}: differs from {json} in 1 cells"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (";true;2026-03;", ";false;2026-03;"),
        (";2026-03;", ";2025-06;"),
        (";2026-03;true;", ";2026-03;false;"),
    ],
    ids=["preliminary", "round", "synthetic"],
)
def test_a_year_that_is_said_to_be_another_kind(
    out: Path, look: Look, before: str, after: str
) -> None:
    def alter(text: str) -> str:
        # A table is synthetic when any of its years is.
        every = text.replace(";2025-06;true;", ";2025-06;false;") if "true" in before else text
        return every.replace(before, after)

    rewrite(out / MARCH, FIGURES, alter)
    assert f"{FIGURES}: does not say the same of its years as" in said(look(out / MARCH))


def test_a_number_in_every_name_of_a_category(out: Path, look: Look) -> None:
    rewrite(out / MARCH, FIGURES, lambda text: text.replace(";Kvinner;", ";Kvinner (3);"))
    unaccounted = f"{FIGURES}: has a text with digits that nothing accounts for: names"
    assert unaccounted in said(look(out / MARCH))


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_number_in_what_is_said_of_a_table(out: Path, look: Look, language: str) -> None:
    words = {"nb": "Mottakere 18-55 år.", "en": "Recipients aged 18-55."}[language]
    rewrite(out / MARCH, ABOUT, lambda text: text.replace(words, f"{words} In all 3."))
    unaccounted = f"{ABOUT}: has a text with digits that nothing accounts for: note"
    assert unaccounted in said(look(out / MARCH))


def test_a_table_that_is_not_there(out: Path, look: Look) -> None:
    rewrite(out / MARCH, FIGURES, lambda text: text.replace(";KOSandel0000;", ";KOSdel0000;"))
    assert f"{FIGURES}: has other categories than" in said(look(out / MARCH))


# --- a file -------------------------------------------------------------------------------


def wrong(data: str, file: str = "13995.csv") -> list[str]:
    return read(f"public/statbank/csv/{file}", data.encode()).wrong


def test_nothing_is_wrong_with_what_was_written() -> None:
    assert wrong(figures(sample()).decode()) == []
    assert wrong(metadata(sample()).decode(), "13995.metadata.csv") == []


STRANGE: dict[str, Alter] = {
    "a column more": lambda text: text.replace("synthetic;value", "synthetic;more;value", 1),
    "a column of another name": lambda text: text.replace("Kjonn_label", "Kjonn_more", 1),
    "a name in one row": lambda text: text.replace(";Menn;", ";Menn (3);", 1),
    "a code in one row": lambda text: text.replace(";1;Menn;", ";3;Menn;", 1),
    "a unit in one row": lambda text: text.replace(";2025;number;", ";2025;3;", 1),
    "neither true nor false": lambda text: text.replace(";number;true;", ";number;3;"),
    "a round in one row": lambda text: text.replace("2026-03;true", "2026-06;true", 1),
    "a field more": lambda text: text + "3\n",
    "a row more": lambda text: text + text.split("\n")[1] + "\n",
    "a row less": lambda text: "\n".join(text.split("\n")[:-2]) + "\n",
    "a comment": lambda text: text.replace("\n", "\n# 3\n", 1),
    "an open quotation mark": lambda text: text.replace("Moss", '"Moss', 1),
    "nothing": lambda _text: "",
    "no rows": lambda text: text.split("\n")[0],
    "another sign between fields": lambda text: text.replace(";Oslo;", ";\x01;"),
    "a decimal point": row(3, -2, "1.5"),
    "thousands": row(3, -2, "1 234"),
    "infinity": row(3, -2, "inf"),
    "words": row(3, -2, "3 persons"),
}


@pytest.mark.parametrize("alter", STRANGE.values(), ids=STRANGE)
def test_what_does_not_follow_from_its_place_is_wrong(alter: Alter) -> None:
    assert wrong(alter(figures(sample()).decode())) == [NO_TABLE]


CONTRADICTIONS: dict[str, tuple[Alter, str]] = {
    "sign": (row(1, -1, "3"), "has an unknown sign in 1 cells"),
    "more": (row(20, -1, ":;3"), "has an unknown sign in 1 cells"),
    "both": (
        rows(lambda _, fields: [*fields[:-1], ":"]),
        "has both a number and a sign in",
    ),
    "neither": (
        rows(lambda _, fields: [*fields[:-2], "", ""]),
        "has neither a number nor a sign",
    ),
}


@pytest.mark.parametrize(("alter", "words"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_figures_and_signs_that_do_not_go_together(alter: Alter, words: str) -> None:
    assert words in "\n".join(wrong(alter(figures(sample()).decode())))


@pytest.mark.parametrize(
    ("before", "after"),
    [("what;", "more;"), ("\nsource;", "\nfigure;"), ("\nsource;", "\nsource;3;")],
    ids=["column", "what", "field"],
)
def test_what_is_said_in_an_unknown_way_is_wrong(before: str, after: str) -> None:
    text = metadata(sample()).decode().replace(before, after, 1)
    assert wrong(text, "13995.metadata.csv") == [NO_TABLE]


def test_what_is_no_text_is_wrong() -> None:
    for file, data in (("13995.csv", figures), ("13995.metadata.csv", metadata)):
        broken = data(sample()).replace(b"Oslo", b"\xff")
        assert read(f"public/statbank/csv/{file}", broken).wrong != []


def test_figures_are_written_in_one_way_only() -> None:
    text = figures(sample()).decode()
    assert read("csv/13995.csv", text.encode()).wrong == []
    for other in (
        re.sub(r";(\d+);\n", r";\1,00000000000000000003;\n", text, count=1),
        re.sub(r";(\d+);\n", r";0\1;\n", text, count=1),
        text.replace("\n", "\r\n"),
        text.removesuffix("\n"),
        f"\ufeff{text}",
        text.removeprefix("\ufeff"),
    ):
        assert other != text
        assert read("csv/13995.csv", other.encode()).wrong == [NO_TABLE]


def test_what_is_said_is_of_what_there_is() -> None:
    text = metadata(sample()).decode()
    assert read("csv/13995.metadata.csv", text.encode()).wrong == []
    more = (
        "note;3;;a;a;a\n",
        "note;ContentsCode;2;a;a;a\n",
        "category;3;2;a;a;a\n",
        '"note";;;a;a;a\n',
        "\n",
    )
    for row_more in more:
        other = f"{text}{row_more}"
        assert read("csv/13995.metadata.csv", other.encode()).wrong == [NO_TABLE]


def test_a_category_that_only_the_file_beside_has(out: Path, look: Look) -> None:
    rewrite(out / MARCH, ABOUT, lambda text: f"{text}category;ContentsCode;2;a;a;a\n")
    assert f"{ABOUT}: has other categories than public/statbank/{FIGURES}" in said(
        look(out / MARCH)
    )
