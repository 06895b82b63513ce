"""Small releases for tests of their life: a file, a quality report, a manifest."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from kostra_publish.releases import life
from kostra_publish.releases.life import Standings, standings
from kostra_publish.releases.manifest import Upon, write_manifest
from kostra_publish.releases.rounds import ReleaseFacts, Round
from kostra_publish.releases.staging import locked, staged
from tests.schedule import NOW, SCHEDULE, a_round

EARLY = NOW.replace(year=2020)
"""Before the hour of every round that the tests build."""


def build(out: Path, name: str, content: str = "figures", *, failed: tuple[str, ...] = ()) -> Path:
    """Build a small release as ``publish`` does, upon what is there."""
    return build_round(out, a_round(name), content, failed=failed)


def build_round(
    out: Path, current: Round, content: str = "figures", *, failed: tuple[str, ...] = ()
) -> Path:
    checks = [
        {"name": name, "title": name, "severity": "blocking", "passed": name not in failed}
        for name in ("population", *failed)
    ]

    def log(_staging: object) -> None:
        life.log_built(standings(out), current.name, NOW)

    with staged(out, current.name, then=log) as staging:
        found = standings(out)
        life.mend(found)
        previous = found.previous(current.order)
        beside = found.beside(current.order, current.vintage)
        staging.write("public/statbank/jsonstat/x.nb.json", json.dumps(content).encode())
        staging.write("internal/quality.json", json.dumps({"verdict": {"checks": checks}}).encode())
        manifest = write_manifest(
            staging,
            ReleaseFacts(current, SCHEDULE),
            inputs=[],
            specs={},
            upon=Upon(previous.folder if previous else None, [one.folder for one in beside]),
        )
        life.refuse_edit(found, current.name, staging.written["manifest.json"].sha256)
        assert manifest.round == current.name
    return out / current.name


def audited(out: Path, name: str, violations: int = 0) -> Standings:
    with locked(out):
        return life.log_audited(standings(out), name, NOW, violations, [])


def approved(out: Path, name: str, violations: int = 0) -> Standings:
    audited(out, name, violations)
    with locked(out):
        return life.approve(standings(out), name, NOW, "Kari Nordmann")


def released(out: Path, name: str, time: datetime = NOW) -> Standings:
    with locked(out):
        return life.release(standings(out), name, time)


def withdrawn(out: Path, name: str) -> Standings:
    with locked(out):
        return life.withdraw(standings(out), name, NOW, "Kari Nordmann", "Oslo is wrong")


def shown(out: Path, *names: str) -> None:
    """Build, approve and release, one after the other."""
    for name in names:
        build(out, name)
        approved(out, name)
        released(out, name)


def states(out: Path) -> dict[str, str]:
    return {one.name: one.state for one in standings(out).releases}


def current(out: Path) -> str | None:
    link = out / "current"
    return str(link.readlink()) if link.is_symlink() else None


def just_before(name: str) -> datetime:
    return a_round(name).updated - timedelta(seconds=1)
