"""Why a figure is not shown: asked with its codes, told in words and links."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from kostra_publish.disclosure.why import Why
from kostra_publish.drafts import Answer, Draft, Question
from kostra_publish.explaining import Chain, Explained, Kind, Line, Link
from kostra_publish.preview import board as boards
from kostra_publish.preview.app import Place, application
from kostra_publish.preview.asking import _address
from kostra_publish.preview.board import Board
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from tests.draft_house import TEMPLATES
from tests.preview.asgi import PORT, Answered, ask
from tests.preview.pivot_drafts import draft

CELL = {KOMMUNE_REGION: "EKA11", "Kjonn": "0", CONTENTS: "antall", TIME: "2025"}
OTHER = {KOMMUNE_REGION: "1124", "Kjonn": "1", CONTENTS: "antall", TIME: "2025"}
HIDDEN = Explained(
    "Rogaland",
    ":",
    Kind.SECONDARY,
    (Line(("beskytter ", Link("Sola & menn", "13995", OTHER))),),
)


def place_of(found: Draft, cell: dict[str, str]) -> int:
    """Where a cell is in the table."""
    cube = found.cubes["13995"]
    place = 0
    for dimension in cube.dimensions:
        place = place * len(dimension.codes) + dimension.codes.index(cell[dimension.code])
    return place


class Asked:
    """A maker that answers all alike, or not at all."""

    def __init__(
        self, answer: Explained | None, why_not: str = "", *, silent: bool = False
    ) -> None:
        self.answer, self.why_not, self.silent = answer, why_not, silent
        self.questions: list[Question] = []
        self.board = Board(draft())
        self.board.maker = self

    def send(self, message: object) -> None:
        assert isinstance(message, Question)
        self.questions.append(message)
        if not self.silent:
            self.board.take(Answer(message.number, self.answer, self.why_not))

    def ask(self, place: object, table: str = "13995") -> Answered:
        app = application(self.board, Place(TEMPLATES, Path("out"), PORT))
        return ask(app, f"/tabell/{table}/hvorfor", f"celle={place}")


def test_a_cell_is_asked_about_by_its_codes_and_told_with_links() -> None:
    maker = Asked(HIDDEN)
    found = maker.ask(place_of(maker.board.draft, CELL))
    assert [(one.table, one.cell) for one in maker.questions] == [("13995", CELL)]
    (link,) = re.findall(r'<a href="([^"]+)">Sola &amp; menn</a>', found.text)
    address = urlsplit(link.replace("&amp;", "&"))
    assert address.path == "/tabell/13995"
    # All years: one sees what it was before.
    assert parse_qs(address.query) == {
        f"valueCodes[{code}]": [category] for code, category in OTHER.items() if code != TIME
    }


@pytest.mark.parametrize(
    "link",
    [
        Link("x", "14019", OTHER),
        Link("x", "13995", OTHER, release="2025-06"),
        Link("x"),
    ],
    ids=["awaited", "of an earlier release", "in no table"],
)
def test_what_cannot_be_seen_here_has_no_link(link: Link) -> None:
    assert _address(draft(), link) == ""
    told = Asked(replace(HIDDEN, lines=(Line((link,)),))).ask(0)
    assert "<a " not in told.text
    assert "x" in told.text


def test_a_chain_is_told_in_its_order() -> None:
    names = [f"Cell {n}" for n in range(12)]
    cell, *beside, protects = (Link(name, "13995", OTHER) for name in names)
    chain = Chain(cell, Why.FOLLOWS, (protects,), tuple(beside))
    told = Asked(replace(HIDDEN, chains=(chain,))).ask(0).text
    shown = re.findall(r">(Cell \d+|og \d+ til)<", told)
    assert shown == [*names[:7], "og 4 til", names[-1]]
    assert "beskytter" not in told


def test_figures_of_a_moment_are_not_asked_about() -> None:
    maker = Asked(HIDDEN)
    interim = CELL | {CONTENTS: "timer"}
    assert (
        "Tallet er foreløpig skjermet for seg"
        in maker.ask(place_of(maker.board.draft, interim)).text
    )
    assert maker.questions == []


def test_what_cannot_be_told_yet_says_why() -> None:
    assert (
        "Hele runden skjermes nå &amp; da"
        in Asked(None, "Hele runden skjermes nå & da").ask(0).text
    )


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "SECONDS", 0)
    assert "har ikke svart" in Asked(None, silent=True).ask(0).text


@pytest.mark.parametrize("place", ["", "-1", "x", "1.5", "270", "²", "9" * 5000, "%20"])
def test_what_is_no_cell_is_not_found(place: str) -> None:
    maker = Asked(HIDDEN)
    assert len(maker.board.draft.cubes["13995"].values) == 270
    assert maker.ask(place).status == 404
    assert maker.questions == []


def test_nor_is_a_table_that_is_not_there() -> None:
    for table in ("14019", "99999"):
        assert Asked(HIDDEN).ask(0, table).status == 404
