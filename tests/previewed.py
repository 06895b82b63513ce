"""The preview as somebody starts it, what it has said, and which files were touched meanwhile."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Thread
from typing import IO, Any, Final

import requests
from watchfiles import watch

from tests.draft_house import NAME, House

TOP: Final = Path(__file__).parents[1]
PROGRAM: Final = [sys.executable, "-c", "from kostra_publish.cli import main; main()"]
ORIGIN: Final = "http://localhost:3000"
"""Another program, whose pages may ask."""
PATIENCE: Final = 60
"""Seconds until what should happen has not happened."""


@dataclass
class Previewed:
    """A running preview of a house."""

    house: House
    process: subprocess.Popen[bytes]
    address: str
    session: requests.Session
    errors: IO[bytes]
    touched: Collection[Path]
    """Files of the house that were written, made or gone since it was started."""
    said: dict[str, bytes] = field(default_factory=dict)
    """By address: everything that was answered, with its headers."""

    @property
    def origin(self) -> str:
        return self.address.rstrip("/")

    def ask(self, path: str, method: str = "GET", **more: Any) -> requests.Response:
        """What is answered; it is remembered."""
        found = self.session.request(
            method, self.origin + path, timeout=PATIENCE, allow_redirects=False, **more
        )
        head = "\n".join(f"{name}: {value}" for name, value in found.headers.items())
        self.said[f"{method} {path} {more or ''}".strip()] = head.encode() + found.content
        return found

    @property
    def maker(self) -> int:
        """The number of the process that makes drafts."""
        (found,) = (
            process
            for process, parent, command in _processes(self.process.pid)
            if parent == self.process.pid and "spawn_main" in command
        )
        return found

    def interrupted(self) -> tuple[int, bytes, bytes]:
        """Press Ctrl-C: what it ends with, and what it has printed beside its address."""
        self.process.send_signal(signal.SIGINT)
        printed, _ = self.process.communicate(timeout=PATIENCE)
        self.errors.seek(0)
        return self.process.returncode, printed, self.errors.read()

    def is_gone(self, seconds: float) -> bool:
        """Whether no process of it is left, or none after a while."""
        return all(_ends(process, seconds) for process, *_ in _processes(self.process.pid))


def _processes(session: int) -> Iterator[tuple[int, int, str]]:
    """The processes of a session that are at work: number, parent, command."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent, _, own = (
                (folder / "stat").read_text().rpartition(")")[2].split(maxsplit=4)[:4]
            )
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        if int(own) == session and state != "Z":
            yield int(folder.name), int(parent), command


def _ends(process: int, seconds: float) -> bool:
    try:
        end = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([end], [], [], seconds)[0])
    finally:
        os.close(end)


@contextmanager
def previewed(house: House) -> Iterator[Previewed]:
    """Start it in folders of its own, in the house; what is still there at the end is killed."""
    own = {name: house.folder / name for name in ("cwd", "tmp", "home")}
    for folder in own.values():
        folder.mkdir()
    named = {name: str(house.folder / name) for name in ("data", "out", "specs", "templates")}
    options = [word for name, folder in named.items() for word in (f"--{name}", folder)]
    environment = {"PYTHONPATH": str(TOP), "TMPDIR": str(own["tmp"]), "HOME": str(own["home"])}
    with (
        _touched(house.folder) as touched,
        TemporaryFile() as errors,
        subprocess.Popen(
            [*PROGRAM, "preview", NAME, *options, "--port", "0", "--allow-origin", ORIGIN],
            cwd=own["cwd"],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        ) as process,
        requests.Session() as session,
    ):
        # Tests keep off the network by a proxy that is closed.
        session.trust_env = False
        try:
            assert process.stdout is not None
            first = process.stdout.readline().decode()
            address = re.search(r"http://127\.0\.0\.1:\d+/", first)
            assert address, first
            yield Previewed(house, process, address[0], session, errors, touched)
        finally:
            for one, *_ in _processes(process.pid):
                os.kill(one, signal.SIGKILL)


@contextmanager
def _touched(folder: Path) -> Iterator[set[Path]]:
    """The files in a folder that are written, made or gone, as long as this lasts."""
    found: set[Path] = set()
    stop, begun = Event(), Event()

    def look() -> None:
        for changes in watch(
            folder, stop_event=stop, yield_on_timeout=True, rust_timeout=50, step=10, debounce=50
        ):
            begun.set()
            found.update(Path(path).relative_to(folder) for _, path in changes)

    looker = Thread(target=look, daemon=True)
    looker.start()
    assert begun.wait(PATIENCE)
    try:
        yield found
    finally:
        stop.set()
        looker.join()
