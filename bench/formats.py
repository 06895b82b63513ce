"""What each format of a release takes: bytes, and seconds of writing and of reading back.

python -m bench.formats RELEASE        (a release of the table specs at hand)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import process_time
from typing import TypeVar

from kostra_publish.auditing.files import read
from kostra_publish.outputs.registry import FORMATS
from kostra_publish.releases.history import earlier_cubes
from kostra_publish.releases.manifest import read_manifest
from kostra_publish.releases.rounds import ReleaseFacts, Schedule
from kostra_publish.specs import folders
from kostra_publish.specs.catalogue import load

RUNS = 3

Result = TypeVar("Result")


def fastest(work: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds of CPU time that the fastest of some runs takes, and what it returns."""
    found: list[tuple[float, Result]] = []
    for _ in range(RUNS):
        started = process_time()
        result = work()
        found.append((process_time() - started, result))
    return min(found, key=lambda one: one[0])


Files = list[tuple[str, bytes]]


def _written(write: Callable[[], Iterator[tuple[str, bytes]]]) -> Files:
    return list(write())


def _read(files: Files) -> int:
    return sum(read(path, data).table is not None for path, data in files)


def main(folder: Path) -> None:
    catalogue = load(folders.find("table_specs"))
    cubes = list(earlier_cubes(folder, catalogue.tables).values())
    schedule = Schedule(catalogue.calendar)
    release = ReleaseFacts(schedule.round(read_manifest(folder).round), schedule)
    print(f"{folder.name}: {sum(len(cube.values) for cube in cubes):,} cells; CPU seconds")
    for name, write in FORMATS.items():
        written, files = fastest(partial(_written, partial(write, cubes, catalogue, release)))
        read_back, _ = fastest(partial(_read, files))
        size = sum(len(data) for _, data in files) / 1e6
        print(f"{name:<9} {size:6.1f} MB  written {written:5.2f}  read back {read_back:5.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
