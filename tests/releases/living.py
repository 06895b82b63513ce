"""A process that takes a release from nothing to current, and meets its end at a chosen step.

Run by ``test_interrupted_life.py``. Beside the steps of ``publishing.Steps``, each write and
each wait for the disk by a file descriptor is one: those are how a line of the log is written.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from kostra_publish.errors import PublishError
from kostra_publish.releases.life import standings, verify
from kostra_publish.releases.log import read_log
from tests.releases import lives
from tests.releases.publishing import Steps

MARCH, JUNE = "2026-03", "2026-06"


def start(out: Path) -> None:
    """March is what everybody sees."""
    shutil.rmtree(out, ignore_errors=True)
    lives.shown(out, MARCH)


def go_on(out: Path) -> None:
    """June is built, audited, approved and released, as far as it is not yet."""
    lives.build(out, JUNE)
    if not standings(out).get(JUNE).seen:
        lives.approved(out, JUNE)
    lives.released(out, JUNE)


def problems(out: Path) -> list[str]:
    """All that does not hold between releases, log and ``current``; empty when all is well."""
    found = standings(out)
    wrong = [str(finding) for finding in verify(out / MARCH)]
    seen = lives.current(out)
    if seen not in {MARCH, JUNE}:
        wrong.append(f"current is {seen}")
    states = {one.name: one.state for one in found.releases}
    if seen == JUNE and states.get(JUNE) not in {"released", "withdrawn"}:
        wrong.append(f"current is {JUNE}, which is {states.get(JUNE)}")
    if states[MARCH] != "released":
        wrong.append(f"{MARCH} is {states[MARCH]}")
    if (out / JUNE).exists():
        wrong += [str(one) for one in verify(out / JUNE) if "does not tell" not in one.rule]
    return [one for one in wrong if "not ended" not in one]


def ended(out: Path) -> str:
    """What is current when all has been done again, or what went wrong."""
    go_on(out)
    left = sorted(path.name for path in out.iterdir())
    if left != sorted({".lock", "current", "releases.jsonl", MARCH, JUNE}):
        return f"left {left}"
    if found := [*verify(out / MARCH), *verify(out / JUNE)]:
        return str(found[0])
    return f"{lives.current(out)}, {len(read_log(out).lines)} lines"


def counted(steps: Steps) -> ExitStack:
    """Count writes and waits by descriptor as steps."""
    stack = ExitStack()
    for name in ("write", "fsync"):
        really: Callable[..., Any] = getattr(os, name)

        def wrapped(*arguments: Any, really: Callable[..., Any] = really) -> Any:
            steps.take()
            return really(*arguments)

        stack.enter_context(patch(f"os.{name}", wrapped))
    return stack


def kill(out: Path, step: int) -> None:
    """Die at ``step`` (0: never, and print the steps taken)."""
    steps = Steps(out)
    with counted(steps):
        steps.arm(step, lambda: os.kill(os.getpid(), signal.SIGKILL))
        go_on(out)
        print(steps.disarm())


def fail(out: Path, kind: str) -> None:
    """Once per step, with an error at it; print a line of JSON on each."""
    steps = Steps(out)

    def happen() -> None:
        raise OSError(errno.ENOSPC if kind == "full" else errno.EACCES, "injected")

    step = 0
    with counted(steps):
        while step <= steps.taken:
            step += 1
            start(out)
            outcome = ""
            steps.arm(step, happen)
            try:
                go_on(out)
            except PublishError as error:
                outcome = f"{type(error).__name__}: {error}"
            finally:
                steps.disarm()
            print(json.dumps([step, outcome, problems(out), ended(out)]))


def main() -> None:
    verb, out, argument = sys.argv[1:]
    if verb == "kill":
        kill(Path(out), int(argument))
    else:
        fail(Path(out), argument)


if __name__ == "__main__":
    main()
