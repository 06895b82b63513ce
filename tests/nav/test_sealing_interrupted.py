"""Killed, or failing, at any step: a package is sealed and opened whole, or not at all."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

from tests.nav import sealing_steps
from tests.nav.handing_over import Parties

ROOT = Path(sealing_steps.__file__).parents[2]

KILLED = 8


def run(verb: str, keys: Parties, out: Path, argument: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.nav.sealing_steps", verb, keys.folder, out, str(argument)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_killed_at_any_step_nothing_is_half_there(keys: Parties, tmp_path: Path) -> None:
    sealing_steps.start(keys, tmp_path / "whole")
    whole = run("kill", keys, tmp_path / "whole", 0)
    assert whole.returncode == 0, whole.stderr
    steps = int(whole.stdout)
    drawn = random.Random(5).sample(range(2, steps), KILLED - 2)
    found = set()
    for step in [1, *sorted(drawn), steps]:
        out = tmp_path / "out"
        sealing_steps.start(keys, out)
        killed = run("kill", keys, out, step)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert sealing_steps.problems(keys, out) == [], step
        found.add((out / "nav" / sealing_steps.TWO).exists())
        assert sealing_steps.ended(keys, out) == "well", step
    assert found == {True, False}


def test_an_error_at_any_step_leaves_nothing_half_there(keys: Parties, tmp_path: Path) -> None:
    found = run("fail", keys, tmp_path / "out", "")
    assert (found.returncode, found.stderr) == (0, "")
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert len(lines) > 100
    for step, outcome, problems, after in lines:
        assert (problems, after) == ([], "well"), (step, outcome)
    kinds = {outcome.partition(":")[0] for _, outcome, *_ in lines}
    assert kinds <= {"", "ReleaseError", "UsageError", "PackageError"}
    assert kinds >= {"", "ReleaseError"}
