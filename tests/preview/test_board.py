"""What the server knows: the newest draft, what is wrong, and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from threading import Thread
from typing import Any, TypeVar

import pytest

from kostra_publish.drafts import Answer, Question, Request, Update, Working, Wrong
from kostra_publish.preview import board as boards
from kostra_publish.preview.board import Board, Event
from kostra_publish.releases.passing import Passed
from tests.preview.few_drafts import few_draft

Found = TypeVar("Found")
DRAFT = few_draft()
NAME = DRAFT.tables[0].id


def run(coroutine: Coroutine[Any, Any, Found]) -> Found:
    """In a thread of its own: a browser's event loop may run in this one."""
    found: list[Found] = []
    thread = Thread(target=lambda: found.append(asyncio.run(coroutine)))
    thread.start()
    thread.join()
    return found[0]


def update(*names: str, interim: frozenset[str] = frozenset(), complete: bool = False) -> Update:
    return Update(
        DRAFT.catalogue,
        DRAFT.release,
        DRAFT.tables,
        tuple(Passed.of(DRAFT.cubes[name]) for name in names),
        {name: interim for name in names if interim},
        complete=complete,
    )


class Heard:
    def __init__(self) -> None:
        self.messages: list[Request] = []

    def send(self, message: object) -> None:
        self.messages.append(message)  # type: ignore[arg-type]  # what a board sends


def test_a_new_draft_is_told_with_its_tables_and_carries_its_version() -> None:
    board = Board(DRAFT)

    async def listen() -> list[Event]:
        events = board.events()
        first = await anext(events)
        board.take(update(NAME))
        return [first, await anext(events)]

    first, second = run(listen())
    assert (first.version, first.tables, second.tables) == (0, (), (NAME,))
    assert second.version == board.draft.version == 1


def test_what_is_wrong_leaves_the_last_good_draft_until_the_next_one() -> None:
    board = Board(DRAFT)
    board.take(update(NAME))
    good = board.draft
    board.take(Wrong("one problem"))
    assert board.draft is good
    assert board.wrong is not None
    assert "galt" in board.state
    board.take(update(NAME))
    assert "galt" not in board.state


def test_an_interim_table_keeps_what_was_settled_for_those_who_want_that() -> None:
    board = Board(DRAFT)
    board.take(update(*DRAFT.cubes, complete=True))
    settled = board.draft.settled[NAME]
    board.take(update(NAME, interim=frozenset({"x"})))
    assert board.draft.interim == {NAME: frozenset({"x"})}
    assert board.draft.settled[NAME] is settled
    assert board.draft.cubes[NAME] is not settled
    board.take(update(NAME))
    assert board.draft.interim == {}
    assert board.draft.settled[NAME] is board.draft.cubes[NAME]


def test_a_table_that_has_gone_is_in_no_draft() -> None:
    board = Board(DRAFT)
    board.take(update(*DRAFT.cubes))
    rest = DRAFT.tables[1:]
    board.take(Update(DRAFT.catalogue, DRAFT.release, rest))
    assert NAME not in board.draft.cubes
    assert board.draft.tables == rest


def test_a_question_is_answered_by_its_number() -> None:
    board, maker = Board(DRAFT), Heard()
    board.maker = maker

    async def ask() -> Answer:
        asking = asyncio.ensure_future(board.why(NAME, {"Tid": "2025"}))
        await asyncio.sleep(0)
        (question,) = maker.messages
        assert isinstance(question, Question)
        board.take(Answer(question.number + 1, None, "another"))
        board.take(Answer(question.number, None, "this one"))
        return await asking

    assert run(ask()).why_not == "this one"


def test_an_answer_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "SECONDS", 0.01)
    board = Board(DRAFT)

    async def ask() -> str:
        try:
            await board.why(NAME, {})
        except TimeoutError:
            return "nothing was heard"
        return "an answer"

    assert run(ask()) == "nothing was heard"


def test_what_is_done_is_on_the_status_line() -> None:
    board = Board(DRAFT)
    board.take(Working("Teller 13995"))
    assert board.state == "Teller 13995 …"
    board.take(Working(""))
    board.take(update(*DRAFT.cubes, complete=True))
    assert board.state == "Alt er som det vil bli publisert."
