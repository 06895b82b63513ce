"""From a built release to one that everybody sees: approve, release, withdraw, verify."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kostra_publish.auditing import Audit, audit
from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.releases import life
from kostra_publish.releases.folders import LOOKS
from kostra_publish.releases.life import Standing, Standings
from kostra_publish.releases.manifest import FILE, refuse_no_release
from kostra_publish.releases.rounds import Round, Schedule
from kostra_publish.releases.staging import locked
from kostra_publish.releases.verdict import quality_verdict
from kostra_publish.specs.calendar import Calendar
from kostra_publish.specs.catalogue import load
from kostra_publish.specs.folders import digests

_AGAIN = "Do not use it; publish the round again from its inputs, or put a copy back."


@dataclass(frozen=True)
class Place:
    """Releases, and the specs and templates that they were made with."""

    out: Path
    specs: Path
    templates: Path


def approve(place: Place, name: str, time: datetime, by: str) -> Audit:
    """Audit a release beside the others of its vintage, and log who approves it.

    Raises ReleaseError when a file of it is not as it was written, a blocking check has not
    passed, or specs and templates are not those it was made with, and LeakError when the audit
    finds anything; that it did is logged.
    """
    with _alone(place.out):
        found = _ready(place.out)
        one = found.get(name)
        if one.seen:
            raise ReleaseError(f"{name} is {one.state} already", fix="There is nothing to approve.")
        beside = found.beside(one.order, one.manifest.vintage)
        found = life.log_built(found, name, time)
        verify(one.folder)
        _refuse_failed(one)
        _refuse_other_specs(one, place)
        tried = audit(
            [*(each.folder for each in beside), one.folder],
            specs=place.specs,
            templates=place.templates,
        )
        names = [each.name for each in beside]
        found = life.log_audited(found, name, time, len(tried.leaks), names)
        tried.refuse(fix="It cannot be released. See docs/security.md.")
        life.approve(found, name, time, by)
    return tried


def release(place: Place, name: str, time: datetime) -> Standing:
    """Let everybody see an approved release, as ``out/current``.

    Raises ReleaseError before its hour, without an approval or an audit that found nothing,
    when a blocking check has not passed, when a file is not as it was written, when the round
    has been moved since, and when the release does not carry on what is seen now.
    """
    with _alone(place.out):
        found = _ready(place.out)
        one = found.get(name)
        verify(one.folder)
        _refuse_failed(one)
        if not one.seen:
            _refuse_moved(one, Schedule(load(place.specs).calendar))
        return life.release(found, name, time).get(name)


def withdraw(out: Path, name: str, time: datetime, by: str, reason: str) -> Standings:
    """Take a release back.

    Raises ReleaseError when a later release carries its figures on.
    """
    with _alone(out):
        return life.withdraw(_ready(out), name, time, by, reason)


def verify(folder: Path) -> Standing:
    """Prove that nothing was altered in a release, nor in the log that tells of it.

    Raises ReleaseError with all that was.
    """
    folder = folder.resolve()
    refuse_no_release(folder)
    if findings := life.verify(folder):
        lines = "\n".join(str(finding) for finding in findings)
        raise ReleaseError(f"{folder} is not as it was written:\n{lines}", fix=_AGAIN)
    return life.standing(folder)


@dataclass(frozen=True)
class Planned:
    """A round of the calendar, and what has become of it; None: not built yet."""

    round: Round
    standing: Standing | None
    is_current: bool


def planned(calendar: Calendar, out: Path, first: datetime, last: datetime) -> list[Planned]:
    """The rounds and corrections from ``first`` to ``last``, oldest first.

    Raises ReleaseError when the log or a manifest has been altered.
    """
    found = life.standings(out)
    standing = {one.name: one for one in found.releases}
    return [
        Planned(
            one,
            built := standing.get(one.name),
            is_current=built is not None and built is found.current,
        )
        for one in Schedule(calendar).between(first, last)
    ]


def _ready(out: Path) -> Standings:
    """Where the releases are in their lives, ``out/current`` put right."""
    found = life.standings(out)
    life.mend(found)
    return found


def _refuse_failed(one: Standing) -> None:
    if failed := [check.name for check in quality_verdict(one.folder).failed_blocking]:
        noun = "a blocking check has" if len(failed) == 1 else f"{len(failed)} blocking checks have"
        raise ReleaseError(
            f"{noun} not passed in {one.name}: {', '.join(failed)}",
            fix=f"See {one.folder}/internal/quality.html. Mend the data and publish the round"
            " again; or, where the check is too strict, change its limit in quality.yaml.",
        )


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Be alone in a folder of releases, which is there."""
    if not out.is_dir():
        raise UsageError(f"there is no folder {out}", fix="Name the folder of releases with --out.")
    if (out / FILE).is_file() or out.name == LOOKS:
        what = "a release" if out.name != LOOKS else "for quick looks"
        raise UsageError(f"{out} is {what}", fix="Name the folder of releases with --out.")
    with locked(out):
        yield


def _refuse_other_specs(one: Standing, place: Place) -> None:
    """The texts of a release can only be judged by what it was made with."""
    specs, templates = load(place.specs).sha256, digests(place.templates)
    other = [
        what
        for what, was, now in (
            ("table specs", one.manifest.specs, specs),
            ("templates", one.manifest.templates, templates),
        )
        if was != now
    ]
    if other:
        raise ReleaseError(
            f"{one.name} was made with other {' and '.join(other)}",
            fix="Publish it again, or name those it was made with (--specs, --templates).",
        )


def _refuse_moved(one: Standing, schedule: Schedule) -> None:
    hour = schedule.round(one.name).updated
    moved_to = schedule.calendar.on_the_clock(hour)
    if hour != one.manifest.published:
        raise ReleaseError(
            f"{one.name} has been moved to {moved_to} since it was built",
            fix="Publish it again, so that it says so.",
        )
