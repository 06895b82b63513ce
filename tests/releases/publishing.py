"""A process that publishes generated files and meets its end at a chosen step.

Run by ``test_interrupted.py``. A step is anything the interpreter reports to an audit
hook while files are written and moved: opening, making a folder, renaming, linking,
removing, locking, loading the swap.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from kostra_publish.errors import ReleaseError
from kostra_publish.releases.staging import exchange, staged

ROUND = "2026-03"
FILES = 8
MOST_BYTES = 60_000
STEPS = ("open", "os.", "shutil.", "fcntl.", "ctypes.")


def generated(generation: int) -> dict[str, bytes]:
    """The files of a release; every generation has its own bytes."""
    drawn = random.Random(generation)
    return {
        f"public/{n % 3}/{n}.json": drawn.randbytes(drawn.randrange(MOST_BYTES))
        for n in range(FILES)
    }


def without_exchange(_one: Path, _other: Path) -> bool:
    """Stand for a file system that cannot swap two folders."""
    return False


def publish(out: Path, generation: int, swap: Callable[[Path, Path], bool]) -> None:
    with staged(out, ROUND, swap=swap) as staging:
        for path, data in generated(generation).items():
            staging.write(path, data)


class Steps:
    """Counts steps while armed, and does something at the chosen one.

    Files that are opened outside ``within``, such as those of a package, are no steps.
    """

    def __init__(self, within: Path | None = None) -> None:
        self.within = within
        self.left: int | None = None
        self.taken = 0
        self.happen: Callable[[], None] = lambda: None
        sys.addaudithook(self._hook)

    def arm(self, step: int, happen: Callable[[], None]) -> None:
        self.happen, self.taken, self.left = happen, 0, step

    def disarm(self) -> int:
        self.left = None
        return self.taken

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        outside = event == "open" and self.within and str(self.within) not in str(arguments[0])
        if event.startswith(STEPS) and not outside:
            self.take()

    def take(self) -> None:
        """Count a step, unless disarmed."""
        if self.left is None:
            return
        self.taken += 1
        if self.taken == self.left:
            self.happen()


def state(out: Path) -> str:
    """``old``, ``new``, ``none``, or ``broken`` when the release is neither."""
    folder = out / ROUND
    if not folder.exists():
        return "none"
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    names = {"old": generated(1), "new": generated(2)}
    return next((name for name, files in names.items() if files == found), "broken")


def kill(out: Path, step: int, swap: Callable[[Path, Path], bool]) -> None:
    """Publish over what is there; die at ``step`` (0: never, and print the steps taken)."""
    steps = Steps()
    print("ready", flush=True)
    steps.arm(step, lambda: os.kill(os.getpid(), signal.SIGKILL))
    publish(out, 2, swap)
    print(steps.disarm())


def fail(out: Path, kind: str, swap: Callable[[Path, Path], bool]) -> None:
    """Publish once per step, with an error at it; print a line of JSON on each."""
    steps = Steps()

    def happen() -> None:
        if kind == "interrupt":
            raise KeyboardInterrupt
        raise OSError(errno.ENOSPC if kind == "full" else errno.EACCES, "injected")

    step = 0
    while step <= steps.taken:
        step += 1
        shutil.rmtree(out, ignore_errors=True)
        publish(out, 1, exchange)
        outcome = ""
        steps.arm(step, happen)
        try:
            publish(out, 2, swap)
        except (ReleaseError, KeyboardInterrupt) as error:
            outcome = f"{type(error).__name__}: {error}"
        finally:
            steps.disarm()
        left = state(out)
        publish(out, 2, exchange)
        after = sorted(path.name for path in out.iterdir())
        print(json.dumps([step, outcome, left, state(out), after]))


def main() -> None:
    verb, out, argument, swapping = sys.argv[1:]
    swap = {"exchange": exchange, "moves": without_exchange}[swapping]
    if verb == "kill":
        kill(Path(out), int(argument), swap)
    else:
        # This process lives on, so waiting for the disk would show nothing.
        with patch("os.fsync"):
            fail(Path(out), argument, swap)


if __name__ == "__main__":
    main()
