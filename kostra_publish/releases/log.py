"""The log of releases: ``out/releases.jsonl``, a line for each step of a release's life.

It is chained by SHA-256, as ``chain`` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field

from kostra_publish.releases import chain
from kostra_publish.releases.chain import Chain, Link, Sha256, now, render, sha256
from kostra_publish.releases.folders import LOG
from kostra_publish.specs.models import Model

__all__ = ["Entry", "Line", "Log", "Sha256", "Step", "now", "read_log", "render", "sha256"]

Step = Literal["built", "audited", "approved", "released", "withdrawn"]


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


class Line(Entry, Link):
    """An entry as it stands in the log."""


@dataclass(frozen=True)
class Log(Chain[Line]):
    """The log of the releases in a folder."""

    def append(self, entry: Entry) -> Self:
        """Add an entry, on disk when this returns; only for the run that holds the lock of ``out``.

        Raises ReleaseError when it cannot be written; the log is then as it was.
        """
        return self.add(Line(**self.place(), **dict(entry)))


def read_log(out: Path) -> Log:
    """The log of ``out``; empty when there is none yet.

    Raises ReleaseError when a line has been changed, taken out or put in.
    """
    found = chain.read(out / LOG, Line)
    return Log(found.path, found.lines, found.torn, found.unended)
