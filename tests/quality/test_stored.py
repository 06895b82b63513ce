"""Observations and verdicts come back from a release as they were, or not at all."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from kostra_publish.errors import ReleaseError
from kostra_publish.outputs.quality import CheckResult, QualityFacts, write_quality
from kostra_publish.quality.observations import Observations
from kostra_publish.quality.stored import (
    FACTS,
    FIGURES,
    earlier_observations,
    observation_files,
)
from kostra_publish.releases.manifest import write_manifest
from kostra_publish.releases.staging import staged
from kostra_publish.releases.verdict import REPORT, quality_verdict
from kostra_publish.specs.quality import Severity
from tests.quality.rounds import observed
from tests.schedule import release_facts

TEMPLATES = Path(__file__).parents[2] / "templates"


def publish(out: Path, name: str, *files: tuple[str, bytes]) -> Path:
    with staged(out, name) as staging:
        for path, data in files:
            staging.write(path, data)
        write_manifest(staging, release_facts(name), inputs=[], specs={})
    return out / name


def keep(out: Path, observations: Observations) -> Path:
    return publish(out, observations.round, *observation_files(observations))


def test_observations_come_back_exactly(tmp_path: Path) -> None:
    rounds = [observed("2025-06", {"utbetalt": {"4601": None}}, rules={"11F 036": 7})]
    rounds.append(observed("2026-03", {"aarsverk": {"4601": 0.1 + 0.2}}))
    releases = [keep(tmp_path, one) for one in rounds]
    found = earlier_observations(releases)
    for release, one, other in zip(releases, rounds, found, strict=True):
        manifest = (release / "manifest.json").read_bytes()
        assert other.manifest_sha256 == sha256(manifest).hexdigest()
        assert other.figures == one.figures
        for name in ("round", "vintage", "kind", "definitions", "reports", "records", "rules"):
            assert getattr(other, name) == getattr(one, name)


def test_the_same_observations_give_the_same_bytes() -> None:
    one, other = (list(observation_files(observed("2026-03"))) for _ in range(2))
    assert one == other
    assert {path.split("/")[0] for path, _ in one} == {"internal"}


def test_a_release_from_before_there_were_observations_has_none(tmp_path: Path) -> None:
    assert earlier_observations([publish(tmp_path, "2025-06", ("public/x.txt", b"x"))]) == []


@pytest.mark.parametrize("path", [FACTS, FIGURES])
def test_altered_observations_are_refused(tmp_path: Path, path: str) -> None:
    release = keep(tmp_path, observed("2025-06"))
    (release / path).write_bytes((release / path).read_bytes()[:-1])
    with pytest.raises(ReleaseError, match="altered"):
        earlier_observations([release])


def test_observations_that_do_not_read_are_refused(tmp_path: Path) -> None:
    release = publish(tmp_path, "2025-06", (FACTS, b"{}"), (FIGURES, b""))
    with pytest.raises(ReleaseError, match="do not read"):
        earlier_observations([release])


def test_observations_print_no_figure() -> None:
    assert repr(observed("2026-03")) == "Observations(2026-03)"


# --- the verdict ------------------------------------------------------------------------


def report(*checks: tuple[str, Severity, bool | None]) -> list[tuple[str, bytes]]:
    results = tuple(
        CheckResult(name, name, "x", "x", "x", severity, passed, "x")
        for name, severity, passed in checks
    )
    facts = QualityFacts("2026-03", 2025, preliminary=True, synthetic=True, checks=results)
    return list(write_quality(facts, TEMPLATES))


def test_a_verdict_is_read_from_the_report_of_a_release(tmp_path: Path) -> None:
    release = publish(
        tmp_path,
        "2026-03",
        *report(
            ("a", "blocking", False), ("b", "blocking", True), ("c", "warning", False),
            ("d", "blocking", None),
        ),
    )  # fmt: skip
    verdict = quality_verdict(release)
    assert [one.name for one in verdict.checks] == ["a", "b", "c", "d"]
    assert [one.name for one in verdict.failed_blocking] == ["a"]
    assert [one.name for one in verdict.warnings] == ["c"]
    assert [one.name for one in verdict.not_made] == ["d"]


def test_a_verdict_cannot_be_altered_or_left_out(tmp_path: Path) -> None:
    release = publish(tmp_path, "2026-03", *report(("a", "blocking", False)))
    path = release / REPORT
    path.write_bytes(path.read_bytes().replace(b'"passed": false', b'"passed": true '))
    with pytest.raises(ReleaseError, match="altered"):
        quality_verdict(release)
    with pytest.raises(ReleaseError, match="no quality report"):
        quality_verdict(publish(tmp_path, "2026-06", ("public/x.txt", b"x")))
    with pytest.raises(ReleaseError, match="does not read"):
        quality_verdict(publish(tmp_path, "2025-06", (REPORT, b"[]")))
