"""The preview as it runs: the server, the process that makes drafts, and what is watched."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import Final

import uvicorn
from starlette.applications import Starlette

from kostra_publish.drafts import Draft, Message, Saved, Wrong, collect_seldom
from kostra_publish.errors import UsageError
from kostra_publish.preview.app import Place, application
from kostra_publish.preview.board import Board
from kostra_publish.preview.watching import Folders, changes

HOST: Final = "127.0.0.1"
"""Nobody but this machine is listened to; there is no option for another."""
_SECONDS: Final = 1
"""How long open pages are waited for at the end."""
_PATIENCE: Final = 5
"""Seconds that what makes drafts is given to end by itself."""
_ENDED: Final = Wrong("the process that makes drafts was ended", "Start the preview again.")
_SPAWN = get_context("spawn")

Work = Callable[[Connection], None]
"""Makes drafts for whoever is at the other end; can be sent to a process of its own."""


@dataclass(frozen=True)
class Preview:
    """What is served, to whom, and what is watched."""

    draft: Draft
    """What is shown before the first draft has been made: which tables there are."""
    work: Work
    folders: Folders
    out: Path
    port: int
    origins: Collection[str] = field(default=())


def serve(preview: Preview, ready: Callable[[str], object]) -> None:
    """Serve until somebody ends it; ``ready`` is told the address as soon as one can ask.

    Raises UsageError when the port is taken.
    """
    board = Board(preview.draft)
    collect_seldom()
    with _listening(preview.port) as listener:
        port = listener.getsockname()[1]
        place = Place(preview.folders.templates, preview.out, port, preview.origins)

        @asynccontextmanager
        async def living(_app: Starlette) -> AsyncIterator[None]:
            async with _making(preview, board), _watching(preview, board):
                ready(f"http://{HOST}:{port}/")
                yield

        config = uvicorn.Config(
            application(board, place, living),
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=_SECONDS,
        )
        with suppress(KeyboardInterrupt):
            _Server(config, board).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Lets open pages go when it ends, rather than wait for them to leave."""

    def __init__(self, config: uvicorn.Config, board: Board) -> None:
        super().__init__(config)
        self._board = board

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams of events, then the rest."""
        self._board.end()
        await super().shutdown(sockets)


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """Who asks from now on is heard, on this machine alone; 0: any port that is free."""
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(
            f"port {port} cannot be listened to: {reason}",
            fix="Another preview may be running. End it, or choose another with --port.",
        ) from error
    with listener:
        yield listener


@asynccontextmanager
async def _making(preview: Preview, board: Board) -> AsyncIterator[None]:
    """Drafts are made in a process of its own, and its messages taken in."""
    own, other = _SPAWN.Pipe()
    process = _SPAWN.Process(target=preview.work, args=(other,))
    with _interrupts_ignored():
        process.start()
    other.close()
    board.maker = own
    loop = asyncio.get_running_loop()
    reader = Thread(target=_read, args=(own, loop, board), daemon=True)
    reader.start()
    try:
        yield
    finally:
        board.ask(None)
        board.maker = None
        await asyncio.to_thread(process.join, _PATIENCE)
        if process.is_alive():
            process.kill()
        own.close()


def _read(own: Connection, loop: asyncio.AbstractEventLoop, board: Board) -> None:
    """Pass on what the maker sends, until it ends."""
    with suppress(RuntimeError):  # the loop may be closed by now
        while True:
            try:
                message: Message = own.recv()
            except (EOFError, OSError):
                if board.maker is not None:
                    loop.call_soon_threadsafe(board.take, _ENDED)
                return
            loop.call_soon_threadsafe(board.take, message)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A process that is started meanwhile ignores Ctrl-C: who started it tells it to end.

    Signals are the main thread's alone.
    """
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@asynccontextmanager
async def _watching(preview: Preview, board: Board) -> AsyncIterator[None]:
    """What is saved is told to the maker, and templates to open pages."""
    stop = asyncio.Event()

    async def watch() -> None:
        async for change in changes(preview.folders, stop):
            if change.templates:
                board.templates_saved()
            board.ask(Saved(specs=change.specs, data=change.data))

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        stop.set()
        await watcher
