"""Logs whose lines follow from each other: JSON Lines, chained by SHA-256.

Lines are only ever added. Each carries its own SHA-256 and that of the line before it, so that
none can be changed, taken out or put between without showing. What a killed run left of a line is
cut off before the next is written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Self, TypeVar

from pydantic import StringConstraints

from kostra_publish.errors import ReleaseError, written
from kostra_publish.specs.models import Model

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

_CHECKSUM: Final = "sha256"
_FIX: Final = "Do not go on. Find out who changed it, and put the log back from a copy."
_UNTOUCHED: Final = "Nothing has been changed; mend it and run again."


class Link(Model):
    """What makes an entry a line of a log."""

    number: int
    """Its number, from 1 on."""
    before: Sha256 | None
    """The SHA-256 of the line before it; null in the first."""


LinkT = TypeVar("LinkT", bound=Link)


@dataclass(frozen=True)
class Chain(Generic[LinkT]):
    """The lines, oldest first.

    ``torn`` is how many bytes of a line a killed run has left; ``unended`` that the last line is
    whole but for its line break.
    """

    path: Path
    lines: tuple[LinkT, ...]
    torn: int = 0
    unended: bool = False

    def place(self) -> Mapping[str, Any]:
        """The fields of ``Link`` in the line that comes next."""
        return place(self.lines)

    def add(self, line: LinkT) -> Self:
        """Add a line, on disk when this returns; only for the run that holds the lock of ``out``.

        Raises ReleaseError when it cannot be written; the log is then as it was.
        """
        with written(f"cannot write {self.path}", fix=_UNTOUCHED):
            self.end()
            _append(self.path, render(line) + b"\n")
        return replace(self, lines=(*self.lines, line), torn=0, unended=False)

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


def place(lines: Sequence[Link]) -> Mapping[str, Any]:
    """The fields of ``Link`` in the line after ``lines``."""
    return {"number": len(lines) + 1, "before": sha256(lines[-1]) if lines else None}


def render(line: Link) -> bytes:
    """A line as UTF-8 with its SHA-256, without its line break."""
    return _json(line.model_dump(mode="json") | {_CHECKSUM: sha256(line)})


def sha256(line: Link) -> str:
    """The SHA-256 of what a line says, which it carries, and the next one too."""
    return hashlib.sha256(_json(line.model_dump(mode="json"))).hexdigest()


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def read(path: Path, kind: type[LinkT]) -> Chain[LinkT]:
    """The log in a file, of lines of a kind; empty when there is none yet.

    Raises ReleaseError when a line has been changed, taken out or put in.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Chain(path, ())
    except OSError as error:
        reason = error.strerror or "it does not read"
        raise ReleaseError(f"{path} cannot be read: {reason}", fix=_UNTOUCHED) from error
    *ended, rest = data.split(b"\n")
    lines: list[LinkT] = []
    for text in ended:
        lines.append(_line(path, text, lines, kind))
    try:
        last = [_line(path, rest, lines, kind)] if rest else []
    except ReleaseError:
        return Chain(path, tuple(lines), torn=len(rest))
    return Chain(path, (*lines, *last), unended=bool(last))


def _line(path: Path, text: bytes, before: Sequence[LinkT], kind: type[LinkT]) -> LinkT:
    wanted = place(before)
    try:
        content = json.loads(text)
        content.pop(_CHECKSUM)
        line = kind.model_validate(content)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        what = f"{path}: line {wanted['number']} is not a line of the log"
        raise ReleaseError(what, fix=_FIX) from error
    if {"number": line.number, "before": line.before} != wanted or render(line) != text:
        what = "does not follow from the line before it, or has been altered"
        raise ReleaseError(f"{path}: line {wanted['number']} {what}", fix=_FIX)
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
