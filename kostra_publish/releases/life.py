"""The life of a release: built, approved, released or withdrawn.

``publish`` builds a release, ``approve`` says who has looked at it, ``release`` shows it to
everybody as ``out/current``, ``withdraw`` takes it back. The log tells what was done with
exactly these bytes; ``out/current`` follows the log. A folder that has been released is never
written to again: what was wrong in it is mended by a correction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from kostra_publish.errors import Finding, ReleaseError, UsageError, written
from kostra_publish.releases.folders import CURRENT, LOG, is_release_name, releases
from kostra_publish.releases.log import Entry, Line, Log, Step, read_log
from kostra_publish.releases.manifest import FILE, Manifest, read_manifest, sha256
from kostra_publish.releases.manifest import verify as verify_files
from kostra_publish.releases.rounds import Order, order
from kostra_publish.releases.staging import point_current

State = Literal["built", "approved", "released", "withdrawn"]

_UNREAD = "Nothing has been changed; mend it and run again."
_EDITED = "Put back the folder that was released, from a copy."


@dataclass(frozen=True)
class Standing:
    """A release in its folder, and what the log says of exactly these bytes."""

    folder: Path
    manifest: Manifest
    manifest_sha256: str
    lines: tuple[Line, ...]

    @property
    def name(self) -> str:
        """The release."""
        return self.folder.name

    @property
    def order(self) -> Order:
        """What it sorts by."""
        return order(self.manifest.published, self.name)

    @property
    def state(self) -> State:
        """Where it is in its life; what no log tells of is built."""
        steps: list[State] = [line.step for line in self.lines if line.step != "audited"]
        if not steps:
            return "built"
        # Whoever has seen it has seen it: what is withdrawn after that is not built anew.
        if self.seen and "withdrawn" in steps[steps.index("released") :]:
            return "withdrawn"
        return steps[-1]

    @property
    def seen(self) -> bool:
        """Whether it has ever been released."""
        return any(line.step == "released" for line in self.lines)

    @property
    def counts(self) -> bool:
        """Whether its figures stand: it is not withdrawn."""
        return self.state != "withdrawn"

    @property
    def is_known(self) -> bool:
        """Whether others must be protected beside it: it stands, or has been seen."""
        return self.counts or self.seen

    @property
    def audited(self) -> Line | None:
        """The newest audit of it; None without one."""
        return next((one for one in reversed(self.lines) if one.step == "audited"), None)

    def entry(self, step: Step, time: datetime, **more: object) -> Entry:
        """An entry for the log on this release."""
        return Entry(
            time=time,
            step=step,
            release=self.name,
            vintage=self.manifest.vintage,
            manifest_sha256=self.manifest_sha256,
            **more,  # type: ignore[arg-type]  # pydantic looks at each
        )


@dataclass(frozen=True)
class Standings:
    """All releases of a folder, by hour of publication, and the log."""

    out: Path
    log: Log
    releases: tuple[Standing, ...]

    def get(self, name: str) -> Standing:
        """The release of this name.

        Raises UsageError when there is none.
        """
        for one in self.releases:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.releases)
        raise UsageError(
            f"there is no release {name} in {self.out}",
            fix=f"There are {known}." if known else f"Build it: kostra-publish publish {name}.",
        )

    def before(self, order: Order) -> list[Standing]:
        """The releases that are published before a place in their order, oldest first.

        Not the one of that place itself, which may have been built for another hour before.
        """
        return [one for one in self.releases if one.order < order and one.name != order[-1]]

    def previous(self, order: Order) -> Standing | None:
        """The release whose figures a later one carries on: the newest that stands."""
        return next((one for one in reversed(self.before(order)) if one.counts), None)

    def beside(self, order: Order, vintage: int) -> list[Standing]:
        """The releases of a vintage that a later one must be protected beside, oldest first.

        Raises ReleaseError when one that was released is not in its place.
        """
        places = {one.name for one in self.releases}
        for line in self.log.lines:
            lost = line.step == "released" and line.release not in places
            if lost and line.vintage == vintage:
                raise ReleaseError(
                    f"{line.release} has been released, but is not in {self.out}",
                    fix="Put it back: what it showed could give away small figures of others.",
                )
        return [
            one for one in self.before(order) if one.manifest.vintage == vintage and one.is_known
        ]

    @cached_property
    def current(self) -> Standing | None:
        """The release that everybody sees: the last one released that is not withdrawn.

        Raises ReleaseError when it is not in its place.
        """
        shown: list[str] = []
        for line in self.log.lines:
            if line.step == "released":
                shown.append(line.release)
            elif line.step == "withdrawn" and line.release in shown:
                shown.remove(line.release)
        if not shown:
            return None
        for one in self.releases:
            if one.name == shown[-1]:
                return one
        raise ReleaseError(
            f"{shown[-1]} is what everybody sees, but it is not in {self.out}",
            fix="Put it back: the next release carries its figures on.",
        )


def standings(out: Path) -> Standings:
    """The releases in ``out`` and where each is in its life.

    Raises ReleaseError when the log or a manifest has been altered, and when a folder is not
    what was released under its name.
    """
    log = read_log(out)
    with written(f"{out} cannot be read", fix=_UNREAD):
        found = [_standing(folder, log) for folder in releases(out)]
    return Standings(out, log, tuple(sorted(found, key=lambda one: one.order)))


def standing(folder: Path) -> Standing:
    """One release, and where it is in its life.

    Raises ReleaseError as ``standings`` does.
    """
    return _standing(folder, read_log(folder.parent))


def _standing(folder: Path, log: Log) -> Standing:
    one = Standing(folder, read_manifest(folder), sha256(folder / FILE), ())
    if folder.is_symlink() or one.manifest.round != folder.name:
        what = "a link" if folder.is_symlink() else f"the release {one.manifest.round}"
        raise ReleaseError(f"{folder} is {what}", fix="Move it elsewhere.")
    lines = [line for line in log.lines if line.release == one.name]
    if any(
        line.step == "released" and line.manifest_sha256 != one.manifest_sha256 for line in lines
    ):
        raise ReleaseError(f"{folder} is not what was released under that name", fix=_EDITED)
    return _with_lines(one, log)


def _with_lines(one: Standing, log: Log) -> Standing:
    """A release with what the log says of exactly its bytes."""
    own = one.name, one.manifest_sha256
    lines = tuple(line for line in log.lines if (line.release, line.manifest_sha256) == own)
    return replace(one, lines=lines)


# --- steps ------------------------------------------------------------------------------
#
# Each is for the run that holds the lock of ``out``, and takes what it has just read there.


def log_built(found: Standings, name: str, time: datetime) -> Standings:
    """Log that a release has been built, unless that is in the log already."""
    one = found.get(name)
    if one.state == "built" and any(line.step == "built" for line in one.lines):
        return found
    if one.seen or one.state == "approved":
        return found
    return _after(found, one.entry("built", time))


def log_audited(
    found: Standings, name: str, time: datetime, violations: int, beside: Sequence[str]
) -> Standings:
    """Log what an audit of a release found, together with others of its vintage."""
    one = found.get(name)
    return _after(found, one.entry("audited", time, violations=violations, beside=tuple(beside)))


def approve(found: Standings, name: str, time: datetime, by: str) -> Standings:
    """Log who approves a release that has been audited.

    Raises ReleaseError when it is not there to be approved.
    """
    one = found.get(name)
    if one.state not in {"built", "approved"}:
        raise ReleaseError(f"{name} is {one.state}", fix="Approve a release that is built.")
    _refuse_unaudited(one)
    return _after(found, one.entry("approved", time, by=by))


def release(found: Standings, name: str, time: datetime) -> Standings:
    """Log that everybody sees a release from now on, and let ``out/current`` be it.

    Raises ReleaseError before its hour, when it is not approved, when an audit of it has
    found something, and when it does not carry on what is seen now.
    """
    one = found.get(name)
    if one.state == "released" and found.current is one:
        point_current(found.out, name)
        return found
    if one.seen:
        raise ReleaseError(f"{name} is {one.state} already", fix="Make a correction of it.")
    if one.state != "approved":
        raise ReleaseError(
            f"{name} is {one.state}, not approved",
            fix=f"Look at it, then: kostra-publish approve {name} --by NAME.",
        )
    _refuse_unaudited(one)
    _refuse_before_its_hour(one, time)
    _refuse_out_of_turn(one, found.current)
    after = _after(found, one.entry("released", time))
    point_current(found.out, name)
    return after


def withdraw(found: Standings, name: str, time: datetime, by: str, reason: str) -> Standings:
    """Log that a release is taken back, and let ``out/current`` be the one before it.

    A release that nobody has seen can be built anew; one that has been seen stays known to
    disclosure control. Raises ReleaseError when later releases carry its figures on.
    """
    one = found.get(name)
    if one.state == "withdrawn":
        return found
    for later in found.releases:
        previous = later.manifest.previous
        if later.counts and previous is not None and previous.round == name:
            raise ReleaseError(
                f"{later.name} carries on the figures of {name}",
                fix=f"Withdraw {later.name} first.",
            )
    after = _after(found, one.entry("withdrawn", time, by=by, reason=reason))
    point_current(found.out, after.current.name if after.current else None)
    return after


def refuse_edit(found: Standings, name: str, manifest_sha256: str) -> None:
    """Refuse to put another release in the place of one that has been seen.

    Raises ReleaseError unless the manifest, and so every byte, is the same.
    """
    link = found.out / CURRENT
    is_current = link.is_symlink() and str(link.readlink()) == name
    for one in found.releases:
        kept = one.seen or is_current
        if one.name == name and kept and one.manifest_sha256 != manifest_sha256:
            raise ReleaseError(
                f"{name} has been released with other figures or texts, and is never edited",
                fix=f"Make a correction: date {name.partition('.')[0]}.1 (or the next number) under"
                " `corrections` in rounds.yaml, and publish that.",
            )


def mend(found: Standings) -> None:
    """Let ``out/current`` be what the log says, where a killed run has left it behind.

    Only for the run that holds the lock, as are the steps.
    """
    found.log.end()
    _refuse_unknown_current(found)
    if found.log.lines:
        point_current(found.out, found.current.name if found.current else None)


def _refuse_unknown_current(found: Standings) -> None:
    """Refuse to go on where ``out/current`` is something that the log has not released."""
    link = found.out / CURRENT
    if not link.is_symlink():
        return
    name = str(link.readlink())
    if not any(line.step == "released" and line.release == name for line in found.log.lines):
        raise ReleaseError(
            f"{link} is {name}, but {found.log.path} does not say that it was released",
            fix="Put the log back from a copy.",
        )


def _after(found: Standings, entry: Entry) -> Standings:
    """The same with one entry more: the bytes of the releases are as they were."""
    log = found.log.append(entry)
    return Standings(found.out, log, tuple(_with_lines(one, log) for one in found.releases))


def _refuse_unaudited(one: Standing) -> None:
    audited = one.audited
    if audited is None:
        raise ReleaseError(
            f"{one.name} has not been audited",
            fix=f"kostra-publish approve {one.name} --by NAME audits it.",
        )
    if audited.violations:
        noun = "violation" if audited.violations == 1 else "violations"
        raise ReleaseError(
            f"the audit of {one.name} found {audited.violations} {noun}",
            fix=f"See kostra-publish audit {one.folder}. Mend it and publish the round again.",
        )


def _refuse_before_its_hour(one: Standing, time: datetime) -> None:
    hour = one.manifest.published
    if time < hour:
        raise ReleaseError(
            f"{one.name} is under embargo until {one.manifest.calendar.on_the_clock(hour)}",
            fix="Run it again at that hour.",
        )


def _refuse_out_of_turn(one: Standing, current: Standing | None) -> None:
    previous = one.manifest.previous
    built_on = None if previous is None else (previous.round, previous.manifest_sha256)
    seen = None if current is None else (current.name, current.manifest_sha256)
    if built_on == seen:
        return
    carried = "no release" if previous is None else previous.round
    now_seen = "none has been released" if current is None else f"{current.name} is current"
    raise ReleaseError(
        f"{one.name} carries on the figures of {carried}, but {now_seen}",
        fix=f"Release {carried} first, or withdraw it and publish {one.name} again."
        if previous is not None and current is None
        else f"Publish {one.name} again, so that nothing that is seen now is lost.",
    )


# --- proof ------------------------------------------------------------------------------


def verify(folder: Path) -> list[Finding]:
    """All that has been altered in a release, or in the log that tells of it.

    Empty when every file is as the manifest says, nothing is missing or extra, the lines of
    the log follow from each other, and what was released is what is there.
    """
    return sorted([*verify_files(folder), *_log_findings(folder)])


def _log_findings(folder: Path) -> Iterator[Finding]:
    out = folder.parent
    try:
        log = read_log(out)
        one = _standing(folder, log) if (folder / FILE).is_file() else None
    except ReleaseError as error:
        yield Finding(LOG, folder.name, "", error.message, error.fix)
        return
    fix = "Put the log back from a copy."
    if log.torn:
        rule = "the last line is not whole: a run was killed"
        yield Finding(LOG, "", "", rule, "Nothing is lost; the next step cuts it off.")
    if one is None:
        return
    if log.lines and not one.lines:
        rule = "the log does not tell of this release: a run was killed, or it was put here"
        yield Finding(LOG, folder.name, "", rule, "Publish it again, and it is logged.")
    current = out / CURRENT
    if current.is_symlink() and str(current.readlink()) == folder.name and one.state != "released":
        rule = f"it is {CURRENT}, but the log does not say that it was released"
        yield Finding(LOG, folder.name, "", rule, fix)
    previous = one.manifest.previous
    for reference in (*((previous,) if previous else ()), *one.manifest.beside):
        yield from _reference_findings(out, folder.name, reference.round, reference.manifest_sha256)


def _reference_findings(out: Path, name: str, other: str, expected: str) -> Iterator[Finding]:
    path = out / other / FILE
    if not (is_release_name(other) and path.is_file()):
        return
    if sha256(path) != expected:
        rule = f"it was made with another {other} than the one that is there"
        yield Finding(FILE, name, "", rule, f"Put back the {other} that it was made with.")
