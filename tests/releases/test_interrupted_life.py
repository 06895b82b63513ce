"""Killed, or failing, at any step of a release's life: what is seen is whole, the log holds."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.releases import lives, living

SCRIPT = Path(living.__file__)
ROOT = SCRIPT.parents[2]

KILLED = 14


def run(verb: str, out: Path, argument: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.releases.living", verb, str(out), str(argument)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_killed_at_any_step_what_is_seen_is_whole_and_the_log_holds(tmp_path: Path) -> None:
    living.start(tmp_path / "whole")
    whole = run("kill", tmp_path / "whole", 0)
    assert whole.returncode == 0, whole.stderr
    steps = int(whole.stdout)
    drawn = random.Random(4).sample(range(1, steps), KILLED - 2)
    seen = set()
    for step in [1, *sorted(drawn), steps]:
        out = tmp_path / "out"
        living.start(out)
        killed = run("kill", out, step)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert living.problems(out) == [], step
        seen.add(lives.current(out))
        assert living.ended(out).startswith("2026-06, "), step
    assert seen == {"2026-03", "2026-06"}


@pytest.mark.parametrize("kind", ["full", "denied"])
def test_an_error_at_any_step_changes_nothing_that_is_seen(tmp_path: Path, kind: str) -> None:
    found = run("fail", tmp_path / "out", kind)
    assert found.returncode == 0, found.stderr
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert len(lines) > 100
    for step, outcome, problems, after in lines:
        assert problems == [], (step, outcome)
        assert after.startswith("2026-06, "), (step, outcome, after)
    assert {outcome.partition(":")[0] for _, outcome, *_ in lines} == {"", "ReleaseError"}
