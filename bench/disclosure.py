"""How much is hidden, whether it withstands attack, and how long that takes: the bars.

    python -m bench.disclosure [--problems FOLDER] [--data FOLDER] [--limit SECONDS] [NAME …]

Every problem is protected as ``kostra-publish protect`` does it, then read back as statuses
and attacked once more, each in a process of its own. Problems are the folders of
``--problems`` that hold a ``problem.json`` and an ``inner.parquet``, and the generated ones.
``--data`` is a folder of microdata (``kostra-publish synth``): the whole publication of its
last årgang is then protected too. NAMEs pick some. All seconds are CPU seconds, so that other
work on the machine matters less.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import Final, ParamSpec
from unittest import mock

import polars as pl

from bench import generated
from bench.bench import SPECS, YEAR, peak_memory
from kostra_publish.checking import published_tables, round_inputs
from kostra_publish.cube.build import build
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure import answer, frequency, protection
from kostra_publish.disclosure.attack import Insight, Verdict, attack
from kostra_publish.disclosure.attack.released import INSIDERS_TRIED
from kostra_publish.disclosure.problem import PUBLISHED, Flags
from kostra_publish.disclosure.safe import VintageFacts
from kostra_publish.releases.rounds import Schedule
from kostra_publish.specs.catalogue import load

PUBLICATION: Final = "publication"
LIMIT: Final = 600


@dataclass(frozen=True)
class Bar:
    """What is to be reached: secondary cells, their sum, seconds of protecting alone and in all.

    ``neighbour``: secondary cells, their sum and CPU seconds of GaussSuppression 1.2 with its
    default, as measured for the design; it leaves insiders, and points in linked tables.
    """

    secondary: int | None = None
    total: int | None = None
    engine: float | None = None
    whole: float | None = None
    neighbour: tuple[int, int, float] | None = None


BARS: Final = {
    "s0": Bar(19, 110, neighbour=(17, 96, 0.2)),
    "s2": Bar(85, 516, neighbour=(74, 449, 0.7)),
    "s4": Bar(160, 1068, neighbour=(82, 510, 2)),
    "a": Bar(112, 631, neighbour=(98, 549, 4)),
    "b": Bar(888, 5493, 1, 5, neighbour=(773, 4777, 44)),
    "national": Bar(engine=60),
    PUBLICATION: Bar(engine=10, whole=40),
}
"""1.15 times the neighbour's default in single tables; in linked ones (s4) fewer than it needs
to leave no points, 161 (1 069)."""


@dataclass(frozen=True)
class Measured:
    """One problem protected and attacked: cells, seconds, MB."""

    cells: int
    small: int
    secondary: int
    total: int | None
    engine: float
    whole: float
    attack: float | None
    exact: int
    point: int | None
    insider: int | None
    peak: float
    cheapest: bool = False

    @property
    def violations(self) -> str:
        """Small cells found: exactly, as a point, by an insider."""
        shown = ("–" if n is None else str(n) for n in (self.exact, self.point, self.insider))
        return " / ".join(shown)


P = ParamSpec("P")


class Stopwatch:
    """How many seconds some attacks have taken in all."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function: Callable[P, Verdict]) -> Callable[P, Verdict]:
        def attacked(*arguments: P.args, **options: P.kwargs) -> Verdict:
            started = process_time()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds += process_time() - started

        return attacked


def warm_up() -> None:
    """Load the compiled code before any clock starts: protect a table of three by three."""
    with tempfile.TemporaryDirectory() as name:
        one, other = Path(name, "problem.json"), Path(name, "inner.parquet")
        dimension = {"leaves": ["1", "2"], "alternatives": [{"T": ["1", "2"]}], "total": "T"}
        dims = {"a": dimension, "b": dimension}
        one.write_text(json.dumps({"dims": dims, "tables": [["a", "b"]], "measure": "n"}))
        rows = {"a": ["1", "1", "2", "2"], "b": ["1", "2", "1", "2"], "n": [1, 9, 8, 7]}
        pl.DataFrame(rows).write_parquet(other)
        frequency.protect(frequency.read(one, other))


def protected(folder: Path) -> Measured:
    """Protect one problem, then attack what came out."""
    tables = frequency.read(folder / "problem.json", folder / "inner.parquet")
    warm_up()
    watch, again = Stopwatch(), Stopwatch()
    with mock.patch.object(answer, "attack", watch.timed(attack)):
        started = process_time()
        found = frequency.protect(tables)
        whole = process_time() - started
    problem = tables.problem()
    visible: Flags = (found.cells["status"] == PUBLISHED).to_numpy()
    insight: Insight = "all" if len(visible) <= INSIDERS_TRIED else "lone by algebra"
    if len(visible) > frequency.INTERVALS_TRIED:
        insight = "algebra"
    verdict = again.timed(attack)(problem, visible, insight=insight, seed=1)
    secondary = ~visible & ~problem.small
    return Measured(
        cells=len(visible),
        small=int(problem.small.sum()),
        secondary=int(secondary.sum()),
        total=int(problem.values[secondary].sum()),
        engine=whole - watch.seconds,
        whole=whole,
        attack=again.seconds,
        exact=verdict.counts["shown"] + verdict.counts["exact"],
        point=verdict.counts["narrow"] if verdict.intervals else None,
        insider=None if verdict.lone is None else verdict.counts["insider"],
        peak=peak_memory(),
        cheapest=frequency.PROVEN in found.tried,
    )


def published(data: Path) -> Measured:
    """Count the whole publication of an årgang, and protect it."""
    catalogue = load(SPECS)
    current = Schedule(catalogue.calendar).round(f"{YEAR + 1}-06")
    plan = Plan(catalogue, published_tables(catalogue, current), YEAR, current.kind)
    inputs = round_inputs(plan, current, str(data))
    counted = inputs.count(plan.sources, plan.population, plan.queries)
    built = build(plan, counted.results, counted.statuses, inputs.file_names)
    facts = VintageFacts(
        vintage=YEAR,
        round=current.name,
        published=current.updated,
        preliminary=current.preliminary,
        synthetic=inputs.synthetic,
    )
    warm_up()
    watch = Stopwatch()
    # One universe after the other, so that the attacks on one are not charged for another.
    with (
        mock.patch.object(answer, "attack", watch.timed(attack)),
        mock.patch.object(protection, "SIDE_BY_SIDE", 1),
    ):
        started = process_time()
        reports = protection.protect(plan, built, facts).reports
        whole = process_time() - started
    return Measured(
        cells=sum(one.listed for one in reports),
        small=sum(one.small for one in reports),
        secondary=sum(one.secondary for one in reports),
        total=None,
        engine=whole - watch.seconds,
        whole=whole,
        attack=None,
        exact=0,  # protecting raises when linear algebra finds anything
        point=None,
        insider=None,
        peak=peak_memory(),
    )


# --- the table ------------------------------------------------------------------

HEADINGS: Final = (
    "problem", "cells", "small", "secondary (sum)", "bar", "GaussSuppression",
    "exact/point/insider", "engine s", "with attacks s", "attack s", "MB", "bars",
)  # fmt: skip


def row(name: str, found: Measured | None, limit: int) -> tuple[str, ...]:
    """One line of the table."""
    bar = BARS.get(name, Bar())
    allowed = "" if bar.secondary is None else f"{bar.secondary} ({bar.total})"
    neighbour = ""
    if bar.neighbour is not None:
        neighbour = "{} ({}), {:g} s".format(*bar.neighbour)
    if found is None:
        return (name, "", "", "", allowed, neighbour, "", "", f"> {limit}", "", "", "missed")
    hidden = str(found.secondary) if found.total is None else f"{found.secondary} ({found.total})"
    return (
        name,
        str(found.cells),
        str(found.small),
        hidden,
        allowed,
        neighbour,
        found.violations,
        f"{found.engine:.1f}",
        f"{found.whole:.1f}",
        "–" if found.attack is None else f"{found.attack:.1f}",
        f"{found.peak:.0f}",
        ", ".join(remarks(bar, found)),
    )


def remarks(bar: Bar, found: Measured) -> Iterator[str]:
    """Which bars are not met; and whether nothing cheaper is possible."""
    yield from list(missed(bar, found)) or ["met"]
    if found.cheapest:
        yield "proven: nothing cheaper"


def missed(bar: Bar, found: Measured) -> Iterator[str]:
    """Which bars are not met, in a word each."""
    if found.exact or found.point or found.insider:
        yield "violations"
    pairs = {
        "secondary": (found.secondary, bar.secondary),
        "sum": (found.total, bar.total),
        "engine time": (found.engine, bar.engine),
        "whole time": (found.whole, bar.whole),
    }
    for name, (is_, may_be) in pairs.items():
        if is_ is not None and may_be is not None and is_ > may_be:
            yield f"{name} {is_ / may_be:.2f} x"


def print_table(rows: list[tuple[str, ...]]) -> None:
    lines = [HEADINGS, *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEADINGS))]
    lines.insert(1, tuple("-" * width for width in widths))
    for line in lines:
        print(
            "| "
            + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
            + " |"
        )


# --- one command ----------------------------------------------------------------


def one(folder: Path) -> None:
    """Measure one problem, or a folder of microdata, in this process; prints JSON."""
    is_problem = (folder / "problem.json").exists()
    print(json.dumps(asdict(protected(folder) if is_problem else published(folder))))


def measured(folder: Path, limit: int) -> Measured | None:
    """The same in a process of its own; None when it takes too long."""
    command = [sys.executable, "-m", "bench.disclosure", "--one", str(folder)]
    try:
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def folders(arguments: argparse.Namespace, made: Path) -> Iterator[tuple[str, Path]]:
    """Everything to measure by name, generated problems written into ``made``."""
    if arguments.problems:
        for path in sorted(arguments.problems.glob("*/problem.json")):
            yield path.parent.name, path.parent
    for name in generated.GENERATED:
        folder = made / name
        folder.mkdir()
        generated.write(name, folder)
        yield name, folder
    if arguments.data:
        yield PUBLICATION, arguments.data


def main() -> None:
    parser = argparse.ArgumentParser(description="The bars of disclosure control.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--problems", type=Path, help="folder of problem folders")
    parser.add_argument("--data", type=Path, help="folder of microdata to publish")
    parser.add_argument("--limit", type=int, default=LIMIT, help="seconds for each problem")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one)
        return
    with tempfile.TemporaryDirectory() as made:
        rows = []
        for name, folder in folders(arguments, Path(made)):
            if not arguments.names or name in arguments.names:
                found = measured(folder, arguments.limit)
                rows.append(row(name, found, arguments.limit))
                print(f"{name}: done", file=sys.stderr)
    print_table(rows)


if __name__ == "__main__":
    main()
