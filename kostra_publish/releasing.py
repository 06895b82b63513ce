"""From a built release to one that everybody sees: approve, release, withdraw, verify."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kostra_publish.auditing import Audit, audit
from kostra_publish.errors import ReleaseError
from kostra_publish.releases import life
from kostra_publish.releases.life import Standing, Standings
from kostra_publish.releases.rounds import Round, Schedule
from kostra_publish.releases.staging import locked
from kostra_publish.releases.verdict import quality_verdict
from kostra_publish.specs.calendar import Calendar

_AGAIN = "Do not use it; publish the round again from its inputs, or put a copy back."


@dataclass(frozen=True)
class Place:
    """Releases, and the specs and templates that they were made with."""

    out: Path
    specs: Path
    templates: Path


def approve(place: Place, name: str, time: datetime, by: str) -> Audit:
    """Audit a release beside the others of its vintage, and log who approves it.

    Raises ReleaseError when a file of it is not as it was written or a blocking check has not
    passed, and LeakError when the audit finds anything; that it did is logged.
    """
    with locked(place.out):
        found = _ready(place.out)
        one = found.get(name)
        beside = found.beside(one.order, one.manifest.vintage)
        found = life.log_built(found, name, time)
        verify(one.folder)
        _refuse_failed(one)
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


def release(out: Path, name: str, time: datetime) -> Standing:
    """Let everybody see an approved release, as ``out/current``.

    Raises ReleaseError before its hour, without an approval or an audit that found nothing,
    when a blocking check has not passed, when a file is not as it was written, and when the
    release does not carry on what is seen now.
    """
    with locked(out):
        found = _ready(out)
        one = found.get(name)
        verify(one.folder)
        _refuse_failed(one)
        return life.release(found, name, time).get(name)


def withdraw(out: Path, name: str, time: datetime, by: str, reason: str) -> Standings:
    """Take a release back.

    Raises ReleaseError when a later release carries its figures on.
    """
    with locked(out):
        return life.withdraw(_ready(out), name, time, by, reason)


def verify(folder: Path) -> Standing:
    """Prove that nothing was altered in a release, nor in the log that tells of it.

    Raises ReleaseError with all that was.
    """
    folder = folder.resolve()
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
