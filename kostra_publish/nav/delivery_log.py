"""The delivery log: ``out/nav/leveranselogg.jsonl``, a line for each package sealed or received.

It is chained by SHA-256, as the log of releases is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, Field

from kostra_publish.releases import chain
from kostra_publish.releases.chain import Chain, Link, Sha256
from kostra_publish.specs.models import Model

FOLDER: Final = "nav"
"""Where packages and their log lie under ``out``."""
LOG: Final = "leveranselogg.jsonl"

Step = Literal["sealed", "received"]


class Entry(Model):
    """One step of a package."""

    time: datetime
    """When it was logged, in UTC."""
    step: Step
    """`sealed`: it is ready to be sent; `received`: its receiver has said that it came."""
    package: str
    """The package: `soshjelp-nav_p2025_v2`."""
    delivery: str
    """The delivery that it is one of, by the name of its spec."""
    version: Annotated[int, Field(ge=1)]
    """Its version."""
    release: str
    """The release it was handed over with."""
    year: int
    """The statistics year."""
    content_sha256: Sha256
    """The SHA-256 of the plain manifest, and so of all that is in `data/`."""
    data_sha256: Sha256
    """The SHA-256 of the datasets alone: another one is another version."""
    file_sha256: Sha256
    """The SHA-256 of the encrypted file, which differs every time."""
    recipients: tuple[str, ...]
    """The public keys that it was encrypted to."""
    signer: str
    """The number of the minisign key that signed it."""
    by: str | None = None
    """Who sealed or received it."""
    received: AwareDatetime | None = None
    """When it was received, as the receipt says."""
    receipt_sha256: Sha256 | None = None
    """The SHA-256 of the receipt."""


class Line(Entry, Link):
    """An entry as it stands in the log."""


@dataclass(frozen=True)
class DeliveryLog(Chain[Line]):
    """The lines, oldest first."""

    def append(self, entry: Entry) -> Self:
        """Add an entry, on disk when this returns; only for the run that holds the lock of ``out``.

        Raises ReleaseError when it cannot be written; the log is then as it was.
        """
        return self.add(Line(**self.place(), **dict(entry)))

    def of(self, package: str, step: Step) -> list[Line]:
        """The lines on one step of a package, oldest first."""
        return [line for line in self.lines if (line.package, line.step) == (package, step)]


def read(folder: Path) -> DeliveryLog:
    """The log in a folder of packages (``out/nav``); empty when there is none yet.

    Raises ReleaseError when a line has been changed, taken out or put in.
    """
    found = chain.read(folder / LOG, Line)
    return DeliveryLog(found.path, found.lines, found.torn, found.unended)


def next_version(
    lines: Iterable[Line],
    delivery: str,
    year: int,
    data_sha256: str,
    known: Iterable[tuple[int, str]] = (),
) -> int:
    """The version of the delivery of a year with these datasets.

    That of the package that already has them, the newest where several do; else one more than the
    highest there is, or 1. ``known`` are versions and SHA-256 of datasets that are known from
    elsewhere, such as releases.
    """
    sealed = (
        (line.version, line.data_sha256)
        for line in lines
        if (line.step, line.delivery, line.year) == ("sealed", delivery, year)
    )
    versions = [*sealed, *known]
    same = [version for version, found in versions if found == data_sha256]
    return max(same) if same else max((version for version, _ in versions), default=0) + 1
