"""The handover of a round: which rows are asked for, how they become safe, and the packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from kostra_publish.cube.leaves import findings, leaves, query
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.records.anonymise import Anonymised, anonymised
from kostra_publish.disclosure.records.gates import Gate as ProvenGate
from kostra_publish.disclosure.records.stored import StoredRecords, read_all, write
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import SpecError
from kostra_publish.nav.handover import (
    Anonymous,
    Handover,
    Record,
    packages,
    read_records,
    record,
    record_sets,
    wanted,
    write_records,
)
from kostra_publish.nav.package import Gate
from kostra_publish.nav.sealing import Contents
from kostra_publish.preparing import Ground, Task
from kostra_publish.releases.staging import Staging
from kostra_publish.specs.delivery import Delivery, RecordSet


@dataclass(frozen=True)
class Asked:
    """What a round hands over: its deliveries, and the rows that they need."""

    deliveries: Sequence[Delivery]
    records: Sequence[RecordSet]

    def queries(self, plan: Plan, frames: Mapping[str, pl.LazyFrame]) -> list[pl.LazyFrame]:
        """A lazy query for each set of rows, over the frames of the sources."""
        return [query(plan, one, frames[one.source]) for one in self.records]


def asked(task: Task, plan: Plan) -> Asked:
    """What a round hands over; a quick look hands over nothing, nor does what no table is new of.

    Raises SpecError when rows are asked for by variables or values that there are not.
    """
    if task.is_look:
        return Asked((), ())
    own = {table.id for table in task.tables}
    found = [one for one in wanted(task.catalogue, task.round) if own.intersection(one.tables)]
    counted = {population.source for population in plan.contributors.populations}
    deliveries = [
        one for one in found if all(each.source in counted for each in record_sets([one]))
    ]
    if problems := [*findings(plan, deliveries)]:
        raise SpecError(problems)
    return Asked(deliveries, record_sets(deliveries))


@dataclass(frozen=True)
class Counted:
    """What was ``asked`` for a handover, and counted.

    ``results`` answer the queries of ``Asked``; ``inhabitants`` are by kommune; ``missing`` has by
    dataset the kommuner that have not reported.
    """

    asked: Asked
    results: Sequence[pl.DataFrame]
    inhabitants: Mapping[str, int]
    missing: Mapping[str, Sequence[str]]


def inhabitants(people: pl.DataFrame) -> dict[str, int]:
    """The inhabitants by kommune, from the last of a plan's queries."""
    return dict(people.select("KOMMUNE_NR", "PERSONER").iter_rows())


@dataclass(frozen=True, eq=False)
class Made:
    """The packages of a round, and what its release keeps of them."""

    packages: Sequence[Contents]
    records: Sequence[Record]
    rows: Sequence[StoredRecords]

    def write(self, staging: Staging, vintage: int) -> None:
        """Write what the release keeps: no rows, but true numbers under ``internal/``."""
        for path, data in write_records(self.records):
            staging.write(path, data)
        for one in self.rows:
            for path, data in write(one, vintage):
                staging.write(path, data)


def made(
    task: Task,
    ground: Ground,
    plan: Plan,
    counted: Counted,
    cubes: Sequence[SafeCube],
    universes: Sequence[StoredUniverse],
) -> Made:
    """Generalise the rows, pass them through their gates, and make the packages.

    Raises DisclosureError, naming the gate, when a package does not pass; nothing is written.
    """
    vintage = task.round.vintage
    earlier = {one.name: read_all(one, vintage) for one in ground.upon.beside}
    rows = {
        one.id: found
        for one, result in zip(counted.asked.records, counted.results, strict=True)
        if (found := _anonymised(plan, one, result, counted, universes, earlier)) is not None
    }
    known = [one for release in ground.upon.beside for one in read_records(release)]
    handover = Handover(
        catalogue=task.catalogue,
        release=ground.release(task),
        deliveries=counted.asked.deliveries,
        cubes={cube.table.id: cube for cube in cubes},
        records={
            name: Anonymous(one.safe, [_told(name, gate) for gate in one.proof.gates])
            for name, one in rows.items()
        },
        missing=counted.missing,
        # The newest that has a set comes last, and counts.
        before={name: _before(one) for own in earlier.values() for name, one in own.items()},
        earlier={one.delivery: one for one in known},
        templates=task.sources.templates,
    )
    made_of = packages(handover, ground.versions)
    return Made(
        packages=made_of,
        records=[record(one, counted.missing) for one in made_of],
        rows=[one.stored for one in rows.values()],
    )


def _anonymised(
    plan: Plan,
    records: RecordSet,
    result: pl.DataFrame,
    counted: Counted,
    universes: Sequence[StoredUniverse],
    earlier: Mapping[str, Mapping[str, StoredRecords]],
) -> Anonymised | None:
    return anonymised(
        leaves(plan, records, result),
        universes,
        plan.vintage,
        counted.inhabitants,
        {release: own[records.id] for release, own in earlier.items() if records.id in own},
    )


def _told(dataset: str, gate: ProvenGate) -> Gate:
    word = "most" if gate.name == "t" else "least"
    least = "" if gate.least is None else f"; the {word} is {gate.least:g}"
    return Gate(
        name=gate.name,
        dataset=dataset,
        passed=gate.passed,
        wanted=gate.wanted,
        found=f"{gate.looked_at - gate.failing} of {gate.looked_at}{least}",
    )


def _before(stored: StoredRecords) -> dict[str, tuple[int, frozenset[str]]]:
    """The rows and kommuner of each region of an earlier release."""
    sizes = dict(stored.leaves.group_by("region").agg(pl.col("rows").sum()).iter_rows())
    return {
        one.code: (sizes.get(number, 0), frozenset(one.kommuner))
        for number, one in enumerate(stored.regions)
    }
