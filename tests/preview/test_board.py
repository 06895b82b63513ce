"""What the server knows, and what open pages are told of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, replace

import pytest
from starlette.applications import Starlette

from kostra_publish.drafts import (
    Answer,
    Draft,
    Looked,
    Message,
    Question,
    Report,
    Request,
    Update,
    Working,
    Wrong,
)
from kostra_publish.errors import Finding, SpecError, UsageError
from kostra_publish.preview import board as boards
from kostra_publish.preview import live
from kostra_publish.preview.board import Board, Event
from kostra_publish.releases.passing import Passed
from tests.loops import run
from tests.outputs.test_quality import FACTS
from tests.preview.asgi import ask
from tests.preview.few_drafts import few_draft

ONE, OTHER = "10509", "13995"
DRAFT = few_draft((ONE, OTHER), previous=True)
EMPTY = replace(DRAFT, cubes={}, previous={}, previous_name=None)


def update(draft: Draft = DRAFT, *tables: str, **changes: object) -> Update:
    """What makes a draft of the one before."""
    passed = tuple(Passed.of(draft.cubes[name]) for name in tables)
    made = Update(draft.catalogue, draft.release, draft.tables, passed, previous_name="2025-06")
    return replace(made, **changes)  # type: ignore[arg-type]  # of the fields there are


def board(*messages: Message) -> Board:
    found = Board(EMPTY)
    for one in messages:
        found.take(one)
    return found


@dataclass
class Asked:
    """A maker that remembers what it was asked."""

    requests: list[object] = field(default_factory=list)
    then: Callable[[object], object] = lambda _request: None

    def send(self, message: object) -> None:
        self.requests.append(message)
        self.then(message)


# --- drafts ------------------------------------------------------------------------------------


def test_an_update_makes_a_draft_of_a_higher_version() -> None:
    found = board(update(DRAFT, ONE))
    assert (found.version, found.current().version) == (1, 1)
    assert [*found.current().cubes] == [ONE]
    found.take(update(DRAFT, OTHER))
    assert [*found.current().cubes] == [ONE, OTHER]
    assert found.current().version == found.version == 2


def test_whoever_sees_a_version_finds_its_draft() -> None:
    found = board()
    seen = []

    class Watching(Update):
        def applied(self, draft: Draft | None) -> Draft:
            seen.append((found.version, found.draft.version))
            return super().applied(draft)

    found.take(Watching(**vars(update(DRAFT, ONE))))
    assert seen == [(0, 0)]
    assert (found.version, found.draft.version) == (1, 1)


def test_earlier_tables_are_given_once_and_stay() -> None:
    earlier = tuple(Passed.of(cube) for cube in DRAFT.previous.values())
    found = board(update(DRAFT, ONE, previous=earlier), update(DRAFT, OTHER))
    assert [*found.draft.previous] == [*DRAFT.previous]
    assert found.draft.previous_name == "2025-06"


def test_a_table_that_is_gone_is_gone_and_starts_anew_when_it_comes_back() -> None:
    only = tuple(table for table in DRAFT.tables if table.id == ONE)
    found = board(update(DRAFT, ONE, OTHER), update(DRAFT, tables=only))
    assert [*found.draft.cubes] == [ONE]
    found.take(update(DRAFT))
    assert [*found.draft.cubes] == [ONE]


def test_figures_of_a_moment_have_the_last_settled_ones_behind_them() -> None:
    interim = {ONE: frozenset({"KOSaarsverk0000"})}
    found = board(update(DRAFT, ONE, OTHER))
    before = found.draft.cubes[ONE]
    found.take(update(DRAFT, ONE, interim=interim))
    assert found.draft.interim == interim
    assert found.draft.cubes[ONE] is not before
    assert found.draft.settled[ONE] is before
    found.take(update(DRAFT, ONE, interim=interim))
    assert found.draft.settled[ONE] is before
    found.take(update(DRAFT, ONE))
    assert found.draft.interim == {}
    assert found.draft.settled[ONE] is found.draft.cubes[ONE]


def test_what_never_was_settled_is_not_among_it() -> None:
    found = board(update(DRAFT, ONE, interim={ONE: frozenset({"x"})}))
    assert [*found.draft.cubes] == [ONE]
    assert found.draft.settled == {}


# --- what is wrong -----------------------------------------------------------------------------


def test_the_last_good_draft_stays_when_something_is_wrong() -> None:
    found = board(update(DRAFT, ONE))
    good = found.draft
    found.take(Wrong("something", "Mend it."))
    assert found.draft is good
    assert (found.version, good.version) == (2, 1)
    assert "det siste som var riktig, vises fortsatt" in found.state
    found.take(update(DRAFT, ONE))
    assert found.wrong is None
    assert found.draft.version == found.version == 3


def test_an_error_says_what_it_says_everywhere() -> None:
    finding = Finding("a.yaml", "line 3", "unit", "wrong", "Mend it.")
    assert Wrong.of(SpecError([finding])).findings == (finding,)
    plain = Wrong.of(UsageError("no such round", fix="Name another."))
    assert (plain.message, plain.fix, plain.findings) == ("no such round", "Name another.", ())


# --- what is told ------------------------------------------------------------------------------


def told(*messages: Message, templates: bool = False) -> list[Event]:
    """What a page hears that opens before the messages come."""

    async def listen() -> list[Event]:
        found = board()
        events = found.events()
        heard = [await anext(events)]
        for one in messages:
            found.take(one)
        if templates:
            found.templates_saved()
        found.end()
        return heard + [event async for event in events]

    return run(listen())


def test_each_message_is_told_with_what_it_changes() -> None:
    heard = told(
        Working("Teller 13995"),
        update(DRAFT, ONE, OTHER),
        Working(""),
        Wrong("something"),
        update(DRAFT, ONE, complete=True),
        Report(FACTS),
    )
    assert [(one.version, one.tables, one.error, one.state) for one in heard] == [
        (0, (), False, "Venter."),
        (0, (), False, "Teller 13995 …"),
        (1, (ONE, OTHER), False, "Teller 13995 …"),
        (1, (), False, "Venter."),
        (2, (), True, "Noe er galt; det siste som var riktig, vises fortsatt."),
        (3, (ONE,), False, "Alt er som det vil bli publisert."),
        (4, (), False, "Alt er som det vil bli publisert."),
    ]


def test_a_saved_template_may_change_every_page() -> None:
    *_, last = told(templates=True)
    assert (last.version, last.everything) == (1, True)


def test_all_is_complete_until_figures_of_a_moment_come() -> None:
    found = board(update(DRAFT, ONE, complete=True))
    found.take(update(DRAFT, ONE))
    assert found.state == "Alt er som det vil bli publisert."
    found.take(update(DRAFT, ONE, interim={ONE: frozenset({"x"})}))
    assert found.state == "Venter."


def test_two_pages_hear_the_same_and_one_that_has_left_is_forgotten() -> None:
    async def listen() -> tuple[list[Event], list[Event], int]:
        found = board()
        one, other, leaving = (found.events() for _ in range(3))
        for each in (one, other, leaving):
            await anext(each)
        await leaving.aclose()
        found.take(Working("x"))
        left = len(found._listeners)
        found.end()
        return [event async for event in one], [event async for event in other], left

    heard, same, left = run(listen())
    assert heard == same
    assert len(heard) == 1
    assert left == 2


def test_events_are_sent_as_a_browser_reads_them() -> None:
    found = board(Wrong("æ"))
    found.end()
    answered = ask(Starlette(routes=live.routes(found)), live.ADDRESS)
    assert answered.headers["content-type"] == "text/event-stream; charset=utf-8"
    head, data, *rest = answered.text.split("\n")
    assert (head, rest) == ("event: draft", ["", ""])
    name, _, content = data.partition(": ")
    assert name == "data"
    assert json.loads(content) == {**asdict(found._event()), "tables": []}


# --- questions ---------------------------------------------------------------------------------


def asking(of: Callable[[Board], Awaitable[Answer]], maker: Asked | None) -> Answer:
    async def wait() -> Answer:
        found = board()
        if maker:
            maker.then = lambda request: found.take(
                Answer(getattr(request, "number"), None, "fordi")  # noqa: B009  # a Question
            )
        found.maker = maker
        return await of(found)

    return run(wait())


def test_a_question_gets_its_own_answer() -> None:
    maker = Asked()
    cell = {"Tid": "2025"}
    assert asking(lambda found: found.why(ONE, cell), maker).why_not == "fordi"
    assert maker.requests == [Question(0, ONE, cell)]


def test_answers_find_whoever_asked_in_any_order() -> None:
    async def wait() -> list[str]:
        found = board()
        maker = found.maker = Asked()
        waiting = [asyncio.ensure_future(found.why(ONE, {"n": str(n)})) for n in range(3)]
        await asyncio.sleep(0)
        for request in reversed(maker.requests):
            assert isinstance(request, Question)
            found.take(Answer(request.number, None, request.cell["n"]))
            found.take(Answer(request.number, None, "twice"))
        found.take(Answer(99, None, "nobody asked"))
        return [(await one).why_not for one in waiting]

    assert run(wait()) == ["0", "1", "2"]


def test_who_hears_nothing_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "SECONDS", 0)

    async def wait() -> int:
        found = board()
        found.maker = Asked()
        with pytest.raises(TimeoutError):
            await found.why(ONE, {})
        return len(found._questions)

    assert run(wait()) == 0


def test_a_maker_that_is_gone_is_asked_for_nothing() -> None:
    class Gone:
        def send(self, message: object) -> None:
            raise BrokenPipeError(message)

    request: Request = Looked(ONE)
    found = board()
    found.ask(request)
    found.maker = Gone()
    found.ask(request)
