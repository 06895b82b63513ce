"""What the server knows: the newest draft, what is wrong with a newer one, and who waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock
from typing import Protocol

from kostra_publish.drafts import (
    Answer,
    Draft,
    Message,
    Question,
    Report,
    Request,
    Update,
    Working,
    Wrong,
)
from kostra_publish.outputs.quality import QualityFacts

SECONDS: float = 60
"""How long an answer is waited for."""


class Maker(Protocol):
    """Whoever makes drafts, at the other end of a pipe."""

    def send(self, message: object) -> None:
        """Ask for something."""


@dataclass(frozen=True)
class Event:
    """What open pages are told."""

    version: int
    tables: tuple[str, ...]
    """The tables that may have changed; empty: none, or all by a template."""
    state: str
    error: bool
    everything: bool = False
    """Whether a template was saved: any page may look otherwise."""


@dataclass(eq=False)
class Board:
    """The newest draft and all that is told of it. Everything happens on one event loop."""

    draft: Draft
    version: int = 0
    wrong: Wrong | None = None
    """Why there is no newer draft; the last good one is still there."""
    working: str = ""
    report: QualityFacts | None = None
    complete: bool = False
    """Whether every table is as it would be published."""
    maker: Maker | None = None
    _listeners: set[asyncio.Queue[Event | None]] = field(default_factory=set)
    _ended: bool = False
    _questions: dict[int, asyncio.Future[Answer]] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=count)
    _sending: Lock = field(default_factory=Lock)

    def current(self) -> Draft:
        """The newest draft."""
        return self.draft

    def take(self, message: Message) -> None:
        """Take in what the maker has sent, and tell open pages."""
        match message:
            case Update() as update:
                # The draft first: whoever sees the new version must find it.
                new = replace(update.applied(self.draft), version=self.version + 1)
                self.draft, self.version, self.wrong = new, new.version, None
                self.complete = update.complete or (self.complete and not self.draft.interim)
                self._tell(tuple(one.table.id for one in update.cubes), newer=False)
            case Wrong():
                self.wrong = message
                self._tell()
            case Working(text=text):
                self.working = text
                self._tell(newer=False)
            case Report(facts=facts):
                self.report = facts
                self._tell()
            case Answer() as answer:
                waiting = self._questions.pop(answer.number, None)
                if waiting and not waiting.done():
                    waiting.set_result(answer)

    def templates_saved(self) -> None:
        """A template was saved: every open page is shown anew."""
        self._tell(everything=True)

    def ask(self, request: Request) -> None:
        """Ask the maker for something; from whatever thread."""
        if self.maker is not None:
            with self._sending, suppress(OSError):
                self.maker.send(request)

    async def why(self, table: str, cell: Mapping[str, str]) -> Answer:
        """Why a cell shows what it shows.

        Raises TimeoutError when nothing is heard.
        """
        number = next(self._numbers)
        waiting = asyncio.get_running_loop().create_future()
        self._questions[number] = waiting
        self.ask(Question(number, table, cell))
        try:
            return await asyncio.wait_for(waiting, SECONDS)
        finally:
            self._questions.pop(number, None)

    async def events(self) -> AsyncGenerator[Event, None]:
        """What happens from now on until the end, the state of now first."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners.add(queue)
        if self._ended:
            queue.put_nowait(None)
        try:
            event: Event | None = self._event()
            while event is not None:
                yield event
                event = await queue.get()
        finally:
            self._listeners.discard(queue)

    def end(self) -> None:
        """Nothing more happens: whoever listens is let go."""
        self._ended = True
        for queue in self._listeners:
            queue.put_nowait(None)

    @property
    def state(self) -> str:
        """What is going on, in a line."""
        if self.wrong:
            return "Noe er galt; det siste som var riktig, vises fortsatt."
        if self.working:
            return f"{self.working} …"
        return "Alt er som det vil bli publisert." if self.complete else "Venter."

    def _event(self, tables: tuple[str, ...] = (), *, everything: bool = False) -> Event:
        return Event(self.version, tables, self.state, self.wrong is not None, everything)

    def _tell(
        self, tables: tuple[str, ...] = (), *, newer: bool = True, everything: bool = False
    ) -> None:
        self.version += newer
        event = self._event(tables, everything=everything)
        for queue in self._listeners:
            queue.put_nowait(event)
