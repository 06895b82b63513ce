"""How fast a round is, and how much memory it takes, against a bare Polars run.

    python bench/bench.py [SCALE …]        (default: 1 10; `make bench` adds 100)

For each scale a synthetic årgang is made in a temporary folder. Then, each in a process of
its own and in turn, so that the machine's moods hit all alike:

* ``bare``     Polars reads every column of skjema 11 and sums or counts it by kommune and bydel
* ``counted``  the contract, the keys and every atom of every table that rests on skjema 11,
               and the cubes made of them
* ``publish``  the whole round, written to disk

``counted`` is timed from the read specs and found files on, ``publish`` from nothing.
Ratios of medians in one run are what to quote; seconds differ from machine to machine.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from time import perf_counter

import polars as pl

from kostra_publish.checking import published_tables, round_inputs
from kostra_publish.cube.build import build
from kostra_publish.cube.plan import Plan
from kostra_publish.making import Say
from kostra_publish.microdata import synth
from kostra_publish.publication import Request
from kostra_publish.publication import publish as publish_round
from kostra_publish.releases.log import now
from kostra_publish.releases.rounds import Schedule
from kostra_publish.specs import folders
from kostra_publish.specs.catalogue import load

YEAR = 2025
RUNS = 3
SPECS = Path(__file__).parents[1] / "table_specs"


Work = Callable[[], int]
"""What is timed, once everything around it is ready."""


def bare(data: Path) -> Work:
    """Read every column of skjema 11, sum numbers and count the rest; returns rows."""
    frame = pl.scan_parquet(data / f"skjema11_p{YEAR}_v2.parquet")
    schema = frame.collect_schema()
    keys = ["KOMMUNE_NR", "BYDELSNR"]
    parts = [
        pl.col(name).cast(pl.Int64).sum() if kind.is_numeric() else pl.col(name).count()
        for name, kind in schema.items()
        if name not in keys
    ]
    query = frame.group_by(keys).agg(*parts, rows=pl.len())
    return lambda: int(query.collect(engine="streaming")["rows"].sum())


def counted(data: Path) -> Work:
    """Contract, controls, keys, atoms and cubes of the tables from skjema 11; returns rows."""
    catalogue = load(SPECS)
    current = Schedule(catalogue.calendar).round(f"{YEAR + 1}-06")
    tables = [
        table
        for table in published_tables(catalogue, current)
        if table.source in {"skjema11", "mottakere"} and table.id not in {"14019", "malekort"}
    ]
    plan = Plan(catalogue, tables, YEAR, current.kind)
    inputs = round_inputs(plan, current, str(data))

    def work() -> int:
        answers = inputs.count(plan.sources, plan.population, plan.queries)
        build(plan, answers.results, answers.statuses, inputs.file_names)
        return answers.rows["skjema11"]

    return work


def publish(data: Path) -> Work:
    """The whole round; returns the number of cells."""

    def work() -> int:
        with tempfile.TemporaryDirectory() as out:
            folder = folders.find("templates")
            request = Request(f"{YEAR + 1}-06", str(data), Path(out), SPECS, folder, now())
            return publish_round(request, _silent).cells

    return work


def _silent(_name: str) -> AbstractContextManager[Say]:
    return nullcontext(_Unheard())


class _Unheard:
    """Stages are not shown while they are timed."""

    def __call__(self, text: str) -> None:
        """What was found."""

    def progress(self, done: int, of: int) -> None:
        """How much is done."""


TASKS = {"bare": bare, "counted": counted, "publish": publish}


def one(task: str, data: Path) -> None:
    """Run one task in this process: prints seconds, peak MB and what it returned."""
    work = TASKS[task](data)
    gc.collect()  # what getting ready left behind is not part of the work
    started = perf_counter()
    result = work()
    seconds = perf_counter() - started
    peak = peak_memory()
    print(f"{seconds:.3f} {peak:.0f} {result}")


def peak_memory() -> float:
    """MB at the most in this process alone (ru_maxrss would count what started it)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(float(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1024


def measured(task: str, data: Path) -> tuple[float, float, int]:
    command = [sys.executable, __file__, "--one", task, str(data)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak, result = done.stdout.split()
    return float(seconds), float(peak), int(result)


def at_scale(scale: float) -> None:
    """Measure every task at one scale and print a line for each."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        started = perf_counter()
        synth.write(data, vintages=[YEAR], scale=scale, filuttrekk=False)
        print(f"\nscale {scale:g}: synthetic data made in {perf_counter() - started:.1f} s")
        runs = RUNS if scale <= 10 else 1
        found: dict[str, list[tuple[float, float, int]]] = {task: [] for task in TASKS}
        for _ in range(runs):
            for task in TASKS:
                found[task].append(measured(task, data))
    rows = found["bare"][0][2]
    print(f"{rows:,} rows of skjema 11, {runs} run(s), medians")
    bare_seconds = statistics.median(run[0] for run in found["bare"])
    for task, results in found.items():
        seconds = statistics.median(run[0] for run in results)
        peak = max(run[1] for run in results)
        print(
            f"{task:<9} {seconds:8.2f} s  {rows / seconds:14,.0f} rows/s  "
            f"{seconds / bare_seconds:6.1f} x bare  peak {peak:6,.0f} MB"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], Path(sys.argv[3]))
    else:
        for argument in sys.argv[1:] or ["1", "10"]:
            at_scale(float(argument))
