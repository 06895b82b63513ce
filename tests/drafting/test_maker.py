"""What the maker sends, when files are saved and tables looked at, without a server around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, TypeVar

import pytest

from kostra_publish.disclosure.protection import Answers
from kostra_publish.drafting import maker, whole
from kostra_publish.drafting.maker import Maker
from kostra_publish.drafting.request import Request
from kostra_publish.drafts import (
    Answer,
    Looked,
    Message,
    Question,
    Report,
    Saved,
    Update,
    Working,
    Wrong,
)
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from tests import draft_house
from tests.draft_house import CARRIED, OWN, House

PATIENCE = 60.0
COUNTING = "Teller "
Kind = TypeVar("Kind", bound=Message)


@dataclass(eq=False)
class Threaded:
    """A whole round made in a thread: what it sends is what its process would."""

    connection: Connection
    doing: str = "Lager hele runden"
    is_made: bool = False

    @classmethod
    def started(cls, request: Request, known: Answers) -> Threaded:
        own, other = Pipe()
        Thread(target=whole.work, args=(request, known, other), daemon=True).start()
        return cls(own)

    def end(self) -> None:
        self.connection.close()


@dataclass(eq=False)
class Other:
    """Whoever is at the other end of the maker's pipe, and what was heard there."""

    connection: Connection
    heard: list[Message] = field(default_factory=list)

    def until(self, kind: type[Kind], fits: Callable[[Kind], object] = lambda _one: True) -> Kind:
        """The next message of a kind that fits; what came before it is remembered."""
        while self.connection.poll(PATIENCE):
            message: Any = self.connection.recv()
            self.heard.append(message)
            if isinstance(message, kind) and fits(message):
                return message
        raise AssertionError(f"no such {kind.__name__} was sent")

    def ask(self, request: object) -> None:
        """Ask for something; what was heard before is forgotten."""
        self.heard.clear()
        self.connection.send(request)

    @property
    def counted(self) -> list[str]:
        """The tables that were counted, in order."""
        said = [one.text for one in self.heard if isinstance(one, Working)]
        return [text.removeprefix(COUNTING) for text in said if text.startswith(COUNTING)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return draft_house.shared(tmp_path_factory).copy(tmp_path_factory.mktemp("made") / "house")


@pytest.fixture(scope="module")
def other(house: House) -> Iterator[Other]:
    """At the other end of a maker that serves all tests, in their order."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maker, "WholeRound", Threaded)
        patch.setattr(maker, "_QUIET", 0.05)
        patch.setattr(maker, "_BREATH", 0.05)
        own, theirs = Pipe()
        thread = Thread(target=Maker(theirs, house.request).run)
        thread.start()
        yield Other(own)
        own.send(None)
        thread.join(PATIENCE)
        assert not thread.is_alive()


def tables(update: Update) -> list[str]:
    return [one.table.id for one in update.cubes]


def is_complete(update: Update) -> bool:
    return update.complete


def has(table: str) -> Callable[[Update], bool]:
    return lambda update: table in tables(update)


def test_what_is_looked_at_is_counted_at_once_and_settled_with_the_round(other: Other) -> None:
    other.ask(Looked("mottakere"))
    first = other.until(Update)
    assert tables(first) == [CARRIED]
    assert first.previous is not None
    assert first.previous_name == draft_house.BEFORE
    assert {table.id for table in first.tables} == {CARRIED, *OWN}
    look = other.until(Update, has("mottakere"))
    assert tables(look) == ["mottakere"]
    assert look.interim["mottakere"] == {"KOSmottakere0000", "KOSmottakere0001"}
    assert look.previous is None
    made = other.until(Update, is_complete)
    assert set(tables(made)) == {CARRIED, *OWN}
    assert not any(made.interim.values())
    other.until(Report)
    assert other.counted == ["mottakere"]


def test_new_words_count_nothing(other: Other, house: House) -> None:
    draft_house.replace(house.spec("kontakt"), "Tilfeller og beløp", "Tilfeller og kroner")
    other.ask(Saved(specs=True))
    update = other.until(Update)
    assert tables(update) == ["kontakt"]
    assert update.cubes[0].table.title.nb.startswith("Tilfeller og kroner")
    assert update.interim["kontakt"] == frozenset()
    assert other.counted == []


def test_the_last_good_draft_stays_while_a_spec_is_broken(other: Other, house: House) -> None:
    draft_house.replace(house.spec("kontakt"), "unit: tilfelle", "unit: [tilfelle")
    other.ask(Saved(specs=True))
    wrong = other.until(Wrong)
    assert [one.file for one in wrong.findings] == ["kontakt.yaml"]
    assert not any(isinstance(one, Update) for one in other.heard)
    draft_house.replace(house.spec("kontakt"), "unit: [tilfelle", "unit: tilfelle")
    other.ask(Saved(specs=True))
    assert tables(other.until(Update)) == []
    assert other.counted == []


def test_a_new_formula_counts_its_own_measure_first_where_somebody_looks(
    other: Other, house: House
) -> None:
    draft_house.replace(house.spec("mottakere"), "of: MOTTAKERE}", "of: MOTTAKERE, factor: 2}")
    draft_house.replace(house.spec("kontakt"), "of: BIDRAG}", "of: BIDRAG, factor: 2}")
    other.ask(Saved(specs=True))
    update = other.until(Update, has("mottakere"))
    assert tables(update) == ["mottakere"]
    assert update.interim["mottakere"] == {"KOSmottakere0000"}
    later = other.until(Update, has("kontakt"))
    assert later.interim["kontakt"] == {"KOSkroner0000"}
    assert other.counted == ["mottakere", "kontakt"]


def test_why_can_be_told_when_the_round_is_made(other: Other, house: House) -> None:
    cell = {KOMMUNE_REGION: house.small, "KOKkjonn0000": "0"}
    cell |= {CONTENTS: "KOSmottakere0000", TIME: str(draft_house.VINTAGE)}
    other.ask(Question(7, "mottakere", cell))
    assert other.until(Answer).explained is None
    settled = other.until(Update, is_complete)
    assert not any(settled.interim.values())
    other.ask(Question(8, "mottakere", cell))
    answer = other.until(Answer)
    assert answer.number == 8
    assert answer.explained is not None
