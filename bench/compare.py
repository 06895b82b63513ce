"""How fast two releases are compared, from the start of the program to its end.

    python -m bench.compare A B [RUNS]        (default: 5 runs)

A and B are folders of releases. Prints seconds and CPU seconds, median and least, of the verb
``compare`` without and with ``--out``; each run is a process of its own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

RUNS = 5
PROGRAM = (sys.executable, "-c", "from kostra_publish.cli import main; main()", "compare")


def measured(arguments: Sequence[str]) -> tuple[float, float]:
    """Seconds and CPU seconds of one run."""
    before = os.times()
    started = perf_counter()
    subprocess.run([*PROGRAM, *arguments], check=True, stdout=subprocess.DEVNULL)
    seconds = perf_counter() - started
    after = os.times()
    cpu = after.children_user + after.children_system
    return seconds, cpu - before.children_user - before.children_system


def main() -> None:
    before, after, *rest = sys.argv[1:]
    runs = int(rest[0]) if rest else RUNS
    with tempfile.TemporaryDirectory() as out:
        for name, more in (("printed", []), ("and written", ["--out", out])):
            found = [measured([before, after, *more]) for _ in range(runs)]
            figures = (
                f"{what} {statistics.median(times):5.2f} (least {min(times):5.2f}) s"
                for what, times in zip(("wall", "CPU"), zip(*found, strict=True), strict=True)
            )
            print(f"{name:<12} {'   '.join(figures)}")
        sizes = (f"{path.name} {path.stat().st_size:,}" for path in sorted(Path(out).iterdir()))
        print(f"bytes        {', '.join(sizes)}")


if __name__ == "__main__":
    main()
