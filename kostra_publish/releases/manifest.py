"""The manifest of a release: what it was made of, and the SHA-256 of all it holds.

``manifest.json`` is sorted and holds no clock and no path of a machine, so that the
same inputs, specs and versions give the same bytes. It carries a checksum of itself.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import StringConstraints, ValidationError

from kostra_publish import __version__
from kostra_publish.errors import Finding, ReleaseError, UsageError, written
from kostra_publish.releases.log import Sha256
from kostra_publish.releases.rounds import ReleaseFacts, Schedule
from kostra_publish.releases.staging import Staging
from kostra_publish.specs.calendar import Calendar, Correction
from kostra_publish.specs.models import Model, TableSpec

FILE: Final = "manifest.json"

FileName = Annotated[str, StringConstraints(pattern=r"^[^/\\]+$")]

_CHECKSUM: Final = "checksum"
_CHECKSUM_LINE: Final = re.compile(rb'^ "checksum": "([0-9a-f]{64})",\n', re.MULTILINE)
"""As ``_text`` writes it: keys that come after it in the alphabet are there always."""
_UNREAD: Final = "Nothing has been changed; mend it and run again."
_ALTERED: Final = "Do not use the release; publish the round again from its inputs."


class InputFile(Model):
    """One input file of a round."""

    name: FileName
    """The file's name, without its folder."""
    version: int
    """The number after ``_v`` in its name."""
    sha256: Sha256 | None
    """Its SHA-256; null for an address whose bytes no installed driver could read."""
    rows: int
    """How many rows it holds."""


class OutputFile(Model):
    """One file of a release."""

    sha256: Sha256
    """Its SHA-256."""
    size: int
    """Its size in bytes."""


class ReleaseReference(Model):
    """Another release, as it was when this one was made."""

    round: str
    """Its name."""
    manifest_sha256: Sha256
    """The SHA-256 of its manifest, and so of everything in it."""


class Manifest(Model):
    """What a release was made of, and what it holds."""

    round: str
    """The release: a round such as 2026-03, or a correction such as 2026-06.1."""
    kind: str
    """The kind of round."""
    vintage: int
    """The statistics year that it publishes."""
    published: datetime
    """The hour of publication, in UTC."""
    preliminary: bool
    """Whether the figures of that year are preliminary."""
    correction: Correction | None
    """What it corrects, where it is a correction."""
    calendar: Calendar
    """The calendar as it was; later rounds come and go in it."""
    next_updates: dict[str, datetime | None]
    """By table: when its next round was said to be, in UTC; null when none was planned."""
    versions: dict[str, str]
    """The versions of this package and of what computes and writes."""
    inputs: tuple[InputFile, ...]
    """Every file that was read."""
    specs: dict[str, Sha256]
    """SHA-256 of every spec file, by its path in the folder of table specs."""
    templates: dict[str, Sha256]
    """SHA-256 of every template, by its path in the folder of templates."""
    previous: ReleaseReference | None
    """The release whose earlier vintages are carried on, where there is one."""
    beside: tuple[ReleaseReference, ...]
    """The releases of the same vintage that it was protected beside."""
    compared: tuple[ReleaseReference, ...]
    """The releases that its quality was compared with."""
    outputs: dict[str, OutputFile]
    """Every file of the release but this one, by its path."""


def versions() -> dict[str, str]:
    """The versions that the bytes of a release depend on."""
    of = ("polars", "numpy", "scipy", "numba", "highspy", "jinja2", "markupsafe")
    return {
        "kostra_publish": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in of},
    }


@dataclass(frozen=True)
class Upon:
    """The folders of the releases that one is made upon; see ``Manifest``."""

    previous: Path | None = None
    beside: Sequence[Path] = ()
    compared: Sequence[Path] = ()


NOTHING: Final = Upon()
"""There are no earlier releases."""


def write_manifest(
    staging: Staging,
    release: ReleaseFacts,
    *,
    tables: Iterable[TableSpec] = (),
    inputs: Sequence[InputFile],
    specs: Mapping[str, str],
    templates: Mapping[str, str] = MappingProxyType({}),
    upon: Upon = NOTHING,
) -> Manifest:
    """Write the manifest of all that ``staging`` holds; call it last.

    ``tables`` are those of the release; ``specs`` and ``templates`` SHA-256 by path. Raises
    ReleaseError when the file cannot be written.
    """
    manifest = Manifest(
        round=release.round.name,
        kind=release.round.kind,
        vintage=release.round.vintage,
        published=release.round.updated,
        preliminary=release.round.preliminary,
        correction=release.round.correction,
        calendar=release.schedule.calendar,
        next_updates={table.id: release.next_update_of(table) for table in tables},
        versions=versions(),
        inputs=tuple(sorted(inputs, key=lambda file: file.name)),
        specs=dict(specs),
        templates=dict(templates),
        previous=_reference(upon.previous) if upon.previous else None,
        beside=tuple(map(_reference, upon.beside)),
        compared=tuple(map(_reference, upon.compared)),
        outputs={
            path: OutputFile(sha256=written.sha256, size=written.size)
            for path, written in staging.written.items()
        },
    )
    staging.write(FILE, render(manifest))
    return manifest


def is_upon(manifest: Manifest, upon: Upon) -> bool:
    """Whether a release was made upon exactly these others, as they are now."""
    beside, compared = (
        tuple(map(_reference, releases)) for releases in (upon.beside, upon.compared)
    )
    previous = _reference(upon.previous) if upon.previous else None
    return (manifest.previous, manifest.beside, manifest.compared) == (previous, beside, compared)


def _reference(release: Path) -> ReleaseReference:
    return ReleaseReference(round=release.name, manifest_sha256=sha256(release / FILE))


def render(manifest: Manifest) -> bytes:
    """The bytes of ``manifest.json``: UTF-8, keys sorted, checksum included."""
    return _with_checksum(manifest.model_dump(mode="json"))


def _with_checksum(content: Mapping[str, Any]) -> bytes:
    return _text({**content, _CHECKSUM: hashlib.sha256(_text(content)).hexdigest()})


def _is_whole(data: bytes) -> bool:
    """Whether a manifest has the checksum of all its other bytes, on a line of its own."""
    parts = _CHECKSUM_LINE.split(data)
    return len(parts) == 3 and hashlib.sha256(parts[0] + parts[2]).hexdigest().encode() == parts[1]


def _text(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def refuse_no_release(folder: Path) -> None:
    """Refuse a folder that is no release.

    Raises UsageError.
    """
    if not (folder / FILE).is_file():
        raise UsageError(
            f"{folder} is not a release: it has no {FILE}",
            fix="Name the folder of one, such as out/2026-03 or out/current.",
        )


def read_manifest(release: Path) -> Manifest:
    """The manifest of the release in this folder.

    What the program has come to write since, and has a default, may be lacking. Raises
    ReleaseError when it is missing, not a manifest, altered, or not as this version writes it.
    """
    path = release / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ReleaseError(f"{path} is not there", fix=_ALTERED) from error
    except OSError as error:
        reason = error.strerror or "it does not read"
        raise ReleaseError(f"{path} cannot be read: {reason}", fix=_UNREAD) from error
    try:
        content = json.loads(data)
        del content[_CHECKSUM]
    except (ValueError, KeyError, RecursionError, TypeError) as error:
        raise ReleaseError(f"{path} is not a manifest", fix=_ALTERED) from error
    if not _is_whole(data):
        raise ReleaseError(f"{path} has been altered", fix=_ALTERED)
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise ReleaseError(
            f"{path} is of another version of the program",
            fix="Use the version that it names under `versions`, or publish the round again.",
        ) from error


def release_facts(manifest: Manifest) -> ReleaseFacts:
    """What renderers needed to know of a release, as it was when it was published."""
    schedule = Schedule(manifest.calendar)
    return ReleaseFacts(schedule.round(manifest.round), schedule, manifest.next_updates)


def verify(release: Path) -> list[Finding]:
    """What is missing from a release, extra in it, or altered; empty when all is whole."""
    try:
        manifest = read_manifest(release)
    except ReleaseError as error:
        return [Finding(FILE, release.name, "", error.message, error.fix)]
    return sorted([*altered(release, manifest, manifest.outputs), *_extra(release, manifest)])


def altered(release: Path, manifest: Manifest, paths: Iterable[str]) -> Iterator[Finding]:
    """Findings on those of ``paths`` that are missing or not as the manifest says."""
    for path in paths:
        file, expected = release / path, manifest.outputs[path]
        if file.is_symlink() or not file.is_file():
            yield Finding(path, release.name, "", "the file is missing", _ALTERED)
        elif file.stat().st_size != expected.size or sha256(file) != expected.sha256:
            yield Finding(path, release.name, "", "the file has been altered", _ALTERED)


def _extra(release: Path, manifest: Manifest) -> Iterator[Finding]:
    for path in release.rglob("*"):
        name = path.relative_to(release).as_posix()
        is_file = path.is_symlink() or not path.is_dir()
        if is_file and name != FILE and name not in manifest.outputs:
            yield Finding(name, release.name, "", "the file is not in the manifest", _ALTERED)


def sha256(path: Path) -> str:
    """The SHA-256 of a file.

    Raises ReleaseError when it cannot be read.
    """
    with written(f"cannot read {path}", fix=_UNREAD), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
