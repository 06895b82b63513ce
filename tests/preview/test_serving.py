"""The preview as it runs: what it listens to, what it loads, and how its parts end."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from kostra_publish.drafts import Looked, Working, Wrong
from kostra_publish.errors import UsageError
from kostra_publish.preview import serving
from kostra_publish.preview.board import Board
from kostra_publish.preview.serving import Preview, serve
from kostra_publish.preview.watching import Folders
from tests.few_specs import SPECS
from tests.loops import run
from tests.preview import stand_ins
from tests.preview.pivot_drafts import draft
from tests.preview.stand_ins import SPAWN

TOP = Path(__file__).parents[2]


def preview(work: Callable[[Connection], None], port: int = 0) -> Preview:
    return Preview(draft(), work, Folders(TOP, TOP, "nowhere"), TOP, port)


# --- what it listens to ------------------------------------------------------------------------


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_it_listens_to_this_machine_alone() -> None:
    with serving._listening(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert listener.family == socket.AF_INET


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_port_that_is_taken_is_told_before_anything_is_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} cannot be listened to") as raised:
            serve(preview(stand_ins.killed, port), print)
    assert "--port" in raised.value.fix


# --- what it loads -----------------------------------------------------------------------------

LOADED = """
import json, sys
from pathlib import Path
from tests.loops import run
from kostra_publish.preview import serving
from tests.preview.asgi import ask

def serve(shown, ready):
    board = serving.Board(shown.draft)
    place = serving.Place(shown.folders.templates, shown.out, 8765)
    app = serving.application(board, place)
    paths = ["/", "/feil", "/kvalitet", "/nokkeltall/", "/endringer", "/api/v2/tables"]
    print(json.dumps({path: ask(app, path).status for path in paths}))
    print(json.dumps(sorted(sys.modules)))

serving.serve = serve
from kostra_publish.cli import main
main()
"""


def test_the_process_that_serves_has_nothing_that_reads_microdata(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c", LOADED, "preview", "2026-03", "--data", str(tmp_path)),
            *("--out", str(tmp_path), "--specs", str(SPECS), "--templates", str(TOP / "templates")),
        ],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(TOP)},
    )
    asked, modules = map(json.loads, done.stdout.splitlines())
    assert set(asked.values()) == {200}
    rooms = ["microdata", "cube", "checking", "making", "handing_over", "preparing"]
    rooms += ["disclosure.engine", "disclosure.problem", "drafting.maker", "drafting.whole"]
    for room in rooms:
        assert [one for one in modules if f"{one}.".startswith(f"kostra_publish.{room}.")] == []
    assert "numba" not in modules


# --- how its parts end -------------------------------------------------------------------------


def made(
    work: Callable[[Connection], None], *requests: Looked, wanted: Callable[[Board], bool]
) -> tuple[Board, int]:
    """The board when what is wanted is there, and the process that had made drafts."""

    async def wait() -> tuple[Board, int]:
        board = Board(draft())
        async with serving._making(preview(work), board):
            for one in requests:
                board.ask(one)
            events = board.events()
            while not wanted(board):
                await asyncio.wait_for(anext(events), 60)
            board.end()
        return board, int(board.working) if board.working.isdecimal() else 0

    return run(wait())


def test_what_the_maker_says_is_on_the_board_and_it_ends_when_told() -> None:
    before = signal.getsignal(signal.SIGINT)
    board, _ = made(stand_ins.echo, Looked("13995"), wanted=lambda board: "13995" in board.working)
    assert board.wrong is None
    assert board.maker is None
    # Ctrl-C is for who started it.
    assert signal.getsignal(signal.SIGINT) == before


def test_a_maker_that_is_killed_is_told_of() -> None:
    board, _ = made(stand_ins.killed, wanted=lambda board: board.wrong is not None)
    assert board.wrong == Wrong(
        "the process that makes drafts was ended", "Start the preview again."
    )
    assert board.draft is not None


def test_a_maker_that_does_not_listen_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_PATIENCE", 0.1)
    _, process = made(stand_ins.deaf, wanted=lambda board: bool(board.working))
    assert process
    assert ends(process)


def test_what_a_killed_process_has_started_ends_with_it() -> None:
    own, other = SPAWN.Pipe()
    process = SPAWN.Process(target=stand_ins.parent, args=(other,))
    process.start()
    assert own.poll(60)
    child = int(own.recv())
    assert ends(child)
    process.join()
    assert process.exitcode == -signal.SIGKILL


def ends(process: int) -> bool:
    """Whether a process ends before long."""
    try:
        end = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([end], [], [], 20)[0])
    finally:
        os.close(end)


def test_a_message_that_comes_when_all_is_over_is_lost() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    own, other = SPAWN.Pipe()
    other.send(Working("late"))
    serving._read(own, loop, Board(draft()))
    own.close()
    other.close()
