"""A run that is killed, or fails, at any step leaves the old release or the new one."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kostra_publish.releases.staging import exchange, staged
from tests.releases import publishing

SCRIPT = Path(publishing.__file__)
ROOT = SCRIPT.parents[2]
CLEAN = {publishing.ROUND, ".lock"}

STEPS_KILLED = 14
TIMES_KILLED = 6


def command(verb: str, out: Path, argument: object, swapping: str) -> list[str]:
    return [sys.executable, str(SCRIPT), verb, str(out), str(argument), swapping]


def whole_run(out: Path, swapping: str) -> tuple[int, float]:
    """The number of steps in a run over an old release, and its seconds."""
    publishing.publish(out, 1, exchange)
    start = time.perf_counter()
    run = subprocess.run(
        command("kill", out, 0, swapping), capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert publishing.state(out) == "new"
    return int(run.stdout.split()[1]), time.perf_counter() - start


def killed_at_step(out: Path, step: int, swapping: str) -> None:
    run = subprocess.run(
        command("kill", out, step, swapping), capture_output=True, check=False, cwd=ROOT
    )
    assert run.returncode == -signal.SIGKILL, run.stderr


def killed_after(out: Path, seconds: float, swapping: str) -> None:
    with subprocess.Popen(
        command("kill", out, 0, swapping), stdout=subprocess.PIPE, cwd=ROOT
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        time.sleep(seconds)
        run.kill()


def next_run_mends(out: Path) -> None:
    publishing.publish(out, 2, exchange)
    assert publishing.state(out) == "new"
    assert {path.name for path in out.iterdir()} == CLEAN


def test_killed_at_twenty_moments_the_release_is_whole(tmp_path: Path) -> None:
    steps, seconds = whole_run(tmp_path / "whole", "exchange")
    drawn = random.Random(20)
    found = set()
    moments = [1, steps, *drawn.sample(range(2, steps), STEPS_KILLED - 2)]
    for number, step in enumerate(moments):
        out = tmp_path / f"step{number}"
        publishing.publish(out, 1, exchange)
        killed_at_step(out, step, "exchange")
        found.add(publishing.state(out))
        next_run_mends(out)
    for number in range(TIMES_KILLED):
        out = tmp_path / f"time{number}"
        publishing.publish(out, 1, exchange)
        killed_after(out, drawn.uniform(0, seconds), "exchange")
        found.add(publishing.state(out))
        next_run_mends(out)
    assert found <= {"old", "new"}
    # Both ends were reached: the kills really fell before and after the swap.
    assert found == {"old", "new"}


def test_killed_without_a_swap_the_release_is_whole_at_the_latest_when_the_next_run_starts(
    tmp_path: Path,
) -> None:
    steps, _ = whole_run(tmp_path / "whole", "moves")
    # The last third of the steps is where folders are moved and removed.
    found = set()
    for step in random.Random(3).sample(range(2 * steps // 3, steps + 1), 10):
        out = tmp_path / f"step{step}"
        publishing.publish(out, 1, exchange)
        killed_at_step(out, step, "moves")
        assert publishing.state(out) in {"old", "new", "none"}
        with pytest.raises(RuntimeError), staged(out, publishing.ROUND):
            raise RuntimeError
        found.add(publishing.state(out))
        next_run_mends(out)
    assert found <= {"old", "new"}


@pytest.mark.parametrize("swapping", ["exchange", "moves"])
@pytest.mark.parametrize("kind", ["full", "denied", "interrupt"])
def test_failing_at_any_step_leaves_the_release_whole(
    tmp_path: Path, kind: str, swapping: str
) -> None:
    run = subprocess.run(
        command("fail", tmp_path / "out", kind, swapping),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(lines) > publishing.FILES
    for step, outcome, left, mended, after in lines:
        moved = not outcome or "is in place" in outcome or outcome.startswith("KeyboardInterrupt")
        assert left in ({"old", "new"} if moved else {"old"}), (step, outcome, left)
        assert mended == "new", (step, outcome)
        assert set(after) == CLEAN, (step, outcome, after)
    outcomes = {outcome.partition(":")[0] for _, outcome, *_ in lines}
    assert outcomes == {"", "KeyboardInterrupt" if kind == "interrupt" else "ReleaseError"}
