"""What each format of a release takes: bytes, seconds of writing and of reading back, memory.

python -m bench.formats RELEASE        (a release of the table specs at hand)

Then two bars, on a made-up table of 200 000 cells: PX in half a second, and JSON-stat in less than
twice what ``json.dumps`` takes for the same documents. CPU seconds, the fastest of some runs; the
runs of both sides of a ratio take turns.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import TypeVar

import polars as pl

from bench.bench import peak_memory
from kostra_publish.auditing.files import read
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs import jsonstat
from kostra_publish.outputs.px import write_px
from kostra_publish.outputs.registry import FORMATS
from kostra_publish.releases.history import earlier_cubes
from kostra_publish.releases.manifest import read_manifest
from kostra_publish.releases.rounds import ReleaseFacts, Schedule
from kostra_publish.specs import folders
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.models import LANGUAGES
from tests.cubes import catalogue, cube, dimension, dimensions, facts, table
from tests.schedule import release_facts

RUNS = 3
CELLS = 200_000
PX_SECONDS, JSON_RATIO, TOTAL_SECONDS = 0.5, 2.0, 10.0

Result = TypeVar("Result")
Files = list[tuple[str, bytes]]


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds of CPU time that it takes, and what it returns."""
    started = process_time()
    result = work()
    return process_time() - started, result


def fastest(work: Callable[[], Result], runs: int = RUNS) -> tuple[float, Result]:
    """Seconds of CPU time that the fastest of some runs takes, and what it returns."""
    return min((timed(work) for _ in range(runs)), key=lambda one: one[0])


def _written(write: Callable[[], Iterator[tuple[str, bytes]]]) -> Files:
    return list(write())


def _read(files: Files) -> int:
    return sum(read(path, data).table is not None for path, data in files)


# --- a release ------------------------------------------------------------------


def loaded(folder: Path) -> tuple[list[SafeCube], Catalogue, ReleaseFacts]:
    """The cubes of a release, and what is to be said of them."""
    found = load(folders.find("table_specs"))
    cubes = list(earlier_cubes(folder, found.tables).values())
    schedule = Schedule(found.calendar)
    return cubes, found, ReleaseFacts(schedule.round(read_manifest(folder).round), schedule)


def memory(folder: Path, formats: Sequence[str]) -> float:
    """MB at the most while these are written one file at a time, the cubes and the program too.

    In a process of its own, and with what Polars takes, which tracemalloc does not see.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (folder, formats))


def _peak(folder: Path, formats: Sequence[str]) -> float:
    cubes, found, release = loaded(folder)
    # Loading takes more than writing: the peak begins anew from what is held now.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    for name in formats:
        for _, data in FORMATS[name](cubes, found, release):
            del data
    return peak_memory()


def of_a_release(folder: Path) -> None:
    cubes, found, release = loaded(folder)
    cells = sum(len(cube.values) for cube in cubes)
    held = memory(folder, [])
    print(
        f"{folder.name}: {cells:,} cells; CPU seconds, and memory at the most ({held:.0f} MB idle)"
    )
    for name, write in FORMATS.items():
        written, files = fastest(partial(_written, partial(write, cubes, found, release)))
        # Once: the audit keeps figures that several files have.
        read_back, _ = timed(partial(_read, files))
        size = sum(len(data) for _, data in files) / 1e6
        print(
            f"{name:<14} {size:6.1f} MB  written {written:5.2f}  read back {read_back:5.2f}"
            f"  {memory(folder, [name]):5.0f} MB"
        )
    started = perf_counter()
    cpu, _ = timed(
        lambda: sum(1 for write in FORMATS.values() for _ in write(cubes, found, release))
    )
    seconds = perf_counter() - started
    print(
        f"all, one after the other: {seconds:.2f} s by the clock (bar {TOTAL_SECONDS:g} s), "
        f"{cpu:.2f} s of CPU, {memory(folder, [*FORMATS]):.0f} MB"
    )


# --- a made-up table ------------------------------------------------------------


def made_up() -> SafeCube:
    """A table of 200 000 cells: 500 regions, 50 groups, 2 measures, 4 years; a tenth are signs."""
    spec = table()
    regions = {str(1000 + n): f"Region {n}" for n in range(500)}
    group = dimension("Gruppe", {str(n): f"Gruppe {n}" for n in range(50)})
    years = [2022, 2023, 2024, 2025]
    place = pl.int_range(CELLS)
    hidden = place % 10 == 0
    cells = pl.select(
        value=pl.when(~hidden).then((place * 7919 % 100_000 / 10).round(1)),
        status=pl.when(hidden).then(pl.lit(":")),
    )
    dims = dimensions(spec, years, regions, [group])
    return cube(spec, dims, [facts(year) for year in years], cells=cells)


def of_a_made_up_table() -> None:
    whole, found, release = made_up(), catalogue(), release_facts("2026-03")
    seconds, files = fastest(lambda: list(write_px([whole], found, release)), 2 * RUNS)
    print(f"\na made-up table of {len(whole.values):,} cells; CPU seconds")
    print(f"PX, {len(files)} files       {seconds:.3f} (bar {PX_SECONDS:g})")

    def write() -> Files:
        return list(jsonstat.write_jsonstat([whole], found, release))

    documents = [json.loads(data) for _, data in write()[: len(LANGUAGES)]]

    def dump() -> list[bytes]:
        return [json.dumps(document, ensure_ascii=False).encode() for document in documents]

    pairs = [(timed(write)[0], timed(dump)[0]) for _ in range(2 * RUNS)]
    ours, bare = (min(side) for side in zip(*pairs, strict=True))
    print(
        f"JSON-stat, {len(LANGUAGES)} languages {ours:.3f}, json.dumps {bare:.3f}: "
        f"{ours / bare:.2f} times (bar {JSON_RATIO:g})"
    )


def main(folder: Path) -> None:
    of_a_release(folder)
    of_a_made_up_table()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
