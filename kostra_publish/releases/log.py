"""The log of releases: ``out/releases.jsonl``, a line for each step of a release's life.

Lines are only ever added. Each carries its own SHA-256 and that of the line before it, so that
none can be changed, taken out or put between without showing. What a killed run left of a line is
cut off before the next is written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints

from kostra_publish.errors import ReleaseError, written
from kostra_publish.releases.folders import LOG
from kostra_publish.specs.models import Model

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Step = Literal["built", "audited", "approved", "released", "withdrawn"]

_CHECKSUM: Final = "sha256"
_FIX: Final = "Do not go on. Find out who changed it, and put the log back from a copy."
_UNTOUCHED: Final = "Nothing has been changed; mend it and run again."


class Entry(Model):
    """One step in the life of a release."""

    time: datetime
    """When it was taken, in UTC."""
    step: Step
    """What was done."""
    release: str
    """The release."""
    vintage: int
    """The statistics year that it publishes."""
    manifest_sha256: Sha256
    """The SHA-256 of its manifest, and so of all that is in it."""
    by: str | None = None
    """Who did it; None where the program did."""
    reason: str | None = None
    """Why it was withdrawn."""
    violations: Annotated[int, Field(ge=0)] | None = None
    """What an audit found."""
    beside: tuple[str, ...] = ()
    """The releases of the same vintage that it was audited together with."""


class Line(Entry):
    """An entry as it stands in the log."""

    number: int
    """Its number, from 1 on."""
    before: Sha256 | None
    """The SHA-256 of the line before it; null in the first."""

    @classmethod
    def of(cls, entry: Entry, lines: Sequence[Line]) -> Self:
        """The entry as the line after ``lines``."""
        before = sha256(lines[-1]) if lines else None
        return cls(number=len(lines) + 1, before=before, **dict(entry))


@dataclass(frozen=True)
class Log:
    """The lines, oldest first.

    ``torn`` is how many bytes of a line a killed run has left; ``unended`` that the last line is
    whole but for its line break.
    """

    path: Path
    lines: tuple[Line, ...]
    torn: int = 0
    unended: bool = False

    def append(self, entry: Entry) -> Log:
        """Add a line, on disk when this returns; only for the run that holds the lock of ``out``.

        Raises ReleaseError when it cannot be written; the log is then as it was.
        """
        line = Line.of(entry, self.lines)
        with written(f"cannot write {self.path}", fix=_UNTOUCHED):
            self.end()
            _append(self.path, render(line) + b"\n")
        return Log(self.path, (*self.lines, line))

    def end(self) -> None:
        """End the last line, or cut off what a killed run has left of one.

        Done once more it changes nothing. Only for the run that holds the lock. Raises
        ReleaseError when it cannot be done.
        """
        if not (self.torn or self.unended):
            return
        whole = sum(len(render(line)) + 1 for line in self.lines)
        with written(f"cannot write {self.path}", fix=_UNTOUCHED):
            size = self.path.stat().st_size
            if size > whole:
                os.truncate(self.path, whole)
            elif size < whole:
                _append(self.path, b"\n")


def render(line: Line) -> bytes:
    """A line as UTF-8 with its SHA-256, without its line break."""
    return _json(line.model_dump(mode="json") | {_CHECKSUM: sha256(line)})


def sha256(line: Line) -> str:
    """The SHA-256 of what a line says, which it carries, and the next one too."""
    return hashlib.sha256(_json(line.model_dump(mode="json"))).hexdigest()


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def read_log(out: Path) -> Log:
    """The log of ``out``; empty when there is none yet.

    Raises ReleaseError when a line has been changed, taken out or put in.
    """
    path = out / LOG
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Log(path, ())
    except OSError as error:
        reason = error.strerror or "it does not read"
        raise ReleaseError(f"{path} cannot be read: {reason}", fix=_UNTOUCHED) from error
    *ended, rest = data.split(b"\n")
    lines: list[Line] = []
    for number, text in enumerate(ended, start=1):
        lines.append(_line(path, number, text, lines))
    try:
        last = [_line(path, len(lines) + 1, rest, lines)] if rest else []
    except ReleaseError:
        return Log(path, tuple(lines), torn=len(rest))
    return Log(path, (*lines, *last), unended=bool(last))


def _line(path: Path, number: int, text: bytes, before: Sequence[Line]) -> Line:
    try:
        content = json.loads(text)
        content.pop(_CHECKSUM)
        line = Line.model_validate(content)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ReleaseError(f"{path}: line {number} is not a line of the log", fix=_FIX) from error
    wanted = sha256(before[-1]) if before else None
    if (line.number, line.before) != (number, wanted) or render(line) != text:
        what = "does not follow from the line before it, or has been altered"
        raise ReleaseError(f"{path}: line {number} {what}", fix=_FIX)
    return line


def now() -> datetime:
    """The time of a step, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def _append(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        end = os.fstat(descriptor).st_size
        try:
            _write(descriptor, data)
        except OSError:
            os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    """Write all of ``data``; a full disk may take a part of it."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)
