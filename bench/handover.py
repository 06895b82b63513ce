"""The handover of a release's rows, from counted units to sealed packages: seconds and memory.

python -m bench.handover RELEASE DATA     (a release of the table specs at hand, and its microdata)

The packages of the release's round are made again, beside the earlier releases of the year that
it was built upon, with the decisions that the release keeps, and sealed with keys that are made in
a temporary folder. Counting the microdata is not part of it. Everything runs in a process of its
own, twice: the second time nothing has to be compiled or read from a compiler's cache. Parts that
lie inside others are indented.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any, Final
from unittest.mock import patch

import minisign
import pyrage

from bench.bench import peak_memory
from kostra_publish import handing_over
from kostra_publish.checking import round_inputs
from kostra_publish.cube.build import build
from kostra_publish.disclosure.records import anonymise
from kostra_publish.disclosure.records.anonymise import Anonymised
from kostra_publish.disclosure.records.regions import Regions
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.disclosure.stored_universe import read_all as universes_of
from kostra_publish.handing_over import Asked, Counted, Made, asked, inhabitants, made
from kostra_publish.nav import bag, handover, sealing
from kostra_publish.nav.sealing import Keys, read_keys
from kostra_publish.preparing import Ground, Sources, Task, ground_again, plan, task
from kostra_publish.releases.history import earlier_cubes
from kostra_publish.releases.manifest import read_manifest
from kostra_publish.specs import folders

PARTS: Final = (
    ("anonymise", handing_over, "anonymised"),
    ("  what tables tell", anonymise, "known"),
    ("  regions and boxes", Regions, "told"),
    ("  measures", anonymise, "anonymity"),
    ("  gates", anonymise, "gates"),
    ("packages", handing_over, "packages"),
    ("  digest", handover, "_digest"),
    ("  files", handover, "payload"),
    ("records", handing_over, "record"),
    ("seal", sealing, "seal"),
    ("  tar", bag, "tar"),
    ("  sign", sealing, "_sign"),
)
"""What is timed: a name, and the function, by where it is looked up."""


@dataclass
class Times:
    """Seconds of CPU time by part, and the rows that were made."""

    of: dict[str, float] = field(default_factory=lambda: {name: 0.0 for name, *_ in PARTS})
    rows: list[Anonymised] = field(default_factory=list)

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            started = process_time()
            found = work(*args, **kwargs)
            self.of[name] += process_time() - started
            if isinstance(found, Anonymised):
                self.rows.append(found)
            return found

        return run


@dataclass(frozen=True)
class Ready:
    """What a handover is made of, once the microdata are counted."""

    task: Task
    ground: Ground
    counted: Counted
    universes: Sequence[StoredUniverse]
    release: Path

    @classmethod
    def read(cls, release: Path, data: str) -> Ready:
        manifest = read_manifest(release)
        sources = Sources(data, folders.find("table_specs"), folders.find("templates"))
        wanted = task(manifest.round, sources)
        base = ground_again(release.parent, wanted, manifest)
        return cls(
            wanted,
            base,
            _counted(wanted, base, asked(wanted, plan(wanted, base.earlier))),
            universes_of(release, wanted.round.vintage),
            release,
        )

    def made(self) -> Made:
        """The packages, as ``publish`` makes them."""
        cubes = list(earlier_cubes(self.release, self.task.catalogue.tables).values())
        planned = plan(self.task, self.ground.earlier)
        return made(self.task, self.ground, planned, self.counted, cubes, self.universes)


def _counted(wanted: Task, base: Ground, want: Asked) -> Counted:
    planned = plan(wanted, base.earlier)
    inputs = round_inputs(planned, wanted.round, wanted.sources.data, wanted.files)
    found = inputs.count(
        planned.sources,
        planned.population,
        lambda frames: [*planned.queries(frames), *want.queries(planned, frames)],
    )
    own = len(found.results) - len(want.records)
    built = build(planned, found.results[:own], found.statuses, inputs.file_names)
    people = inhabitants(found.results[own - 1])
    return Counted(want, found.results[own:], people, built.missing)


def new_keys(folder: Path) -> Keys:
    """Keys of a receiver and of a sender, made for this once."""
    receiver, sender = folder / "receiver.txt", folder / "sender.key"
    receiver.write_text(f"{pyrage.x25519.Identity.generate().to_public()}\n", encoding="ascii")
    sender.write_bytes(bytes(minisign.KeyPair.generate().secret_key))
    return read_keys([receiver], sender)


def handed_over(ready: Ready) -> Sequence[Anonymised]:
    """Hand over once, and print what it took."""
    times = Times()
    with TemporaryDirectory() as name, ExitStack() as stack:
        keys = new_keys(Path(name))
        for part, place, function in PARTS:
            work = times.timed(part, getattr(place, function))
            stack.enter_context(patch.object(place, function, work))
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # peak memory from here on
        started, wall = process_time(), perf_counter()
        found = ready.made()
        for one in found.packages:
            sealing.seal(one, keys, Path(name) / "out", time=datetime.now(UTC))
        spent, wall = process_time() - started, perf_counter() - wall
    for part, seconds in times.of.items():
        print(f"{part:<24} {seconds:6.2f} s")
    print(f"{'all':<24} {spent:6.2f} s of CPU time, {wall:.2f} s, peak {peak_memory():,.0f} MB\n")
    return times.rows


def print_rows(rows: Sequence[Anonymised]) -> None:
    """Print of each set of rows how many there are, and what generalising them has cost."""
    for one in rows:
        found = one.safe.anonymity
        loss = ", ".join(f"{name} {share:.0%}" for name, share in found.loss.items())
        print(
            f"{one.safe.records.id}: {found.rows:,} rows, {found.generalised:.1%} generalised, "
            f"{found.rest:.2%} in rests; lost of {loss}"
        )


def one(release: Path, data: str) -> None:
    """Hand over twice in this process."""
    handed_over(Ready.read(release, data))
    print_rows(handed_over(Ready.read(release, data)))


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        one(Path(sys.argv[2]).resolve(), sys.argv[3])
    else:
        command = [sys.executable, "-m", "bench.handover", "--one", *sys.argv[1:3]]
        subprocess.run(command, check=True)
