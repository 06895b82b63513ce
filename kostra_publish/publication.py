"""The whole story of a round, from data files to a release."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from kostra_publish.auditing import audit
from kostra_publish.checking import (
    check_templates,
    coming_tables,
    input_facts,
    missing_reports,
    published_tables,
    round_inputs,
)
from kostra_publish.comparing import compare, read_folder, read_release
from kostra_publish.cube.build import Built, build
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure import stored_universe
from kostra_publish.disclosure.protection import Earlier, Protected, protect
from kostra_publish.disclosure.report import by_table
from kostra_publish.disclosure.safe import SIGNS, Corrected, SafeCube, VintageFacts
from kostra_publish.disclosure.stored import with_history
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.microdata.inputs import Counted, Inputs
from kostra_publish.outputs import overview, quality
from kostra_publish.outputs.comparison.page import write_page
from kostra_publish.outputs.protection import (
    ProtectedFigures,
    ProtectedTable,
    ProtectionFacts,
    SinceEarlier,
    write_protection,
)
from kostra_publish.outputs.quality import ProvisionalCode, QualityFacts
from kostra_publish.outputs.registry import FORMATS
from kostra_publish.releases.corrections import refuse_other_changes
from kostra_publish.releases.history import (
    cube_files,
    earlier_cubes,
    refuse_beside_later,
    shown_before,
)
from kostra_publish.releases.life import Standings, log_built, mend, refuse_edit, standings
from kostra_publish.releases.manifest import FILE, InputFile, read_manifest, write_manifest
from kostra_publish.releases.rounds import ReleaseFacts, Round, Schedule
from kostra_publish.releases.staging import Staging, staged
from kostra_publish.specs.calendar import Correction
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.folders import digests
from kostra_publish.specs.models import TableSpec

Say = Callable[[str], None]
Stage = Callable[[str], AbstractContextManager[Say]]
"""Opens a stage of the work by its name; what is said in it ends up on its line."""

COMPARISON = "internal/compare.html"
"""What differs from the release before; `compare --out` writes all of it, for programs too."""
LOOKS = "looks"
"""The folder under ``out`` for quick looks: some tables of a round, never a release."""


@dataclass(frozen=True)
class Request:
    """What the user asks for. ``only`` names tables for a quick look; empty is the round.

    ``time`` is when it is asked for, which only the log of releases tells.
    """

    round: str
    data: str
    out: Path
    specs: Path
    templates: Path
    time: datetime
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """What was built: where, and how many tables, cells, signs and files."""

    release: str
    folder: Path
    tables: int
    cells: int
    signs: Mapping[str, int]
    files: int
    synthetic: bool
    previous: str | None


def publish(request: Request, stage: Stage) -> Summary:
    """Build the round's release and put it in place, whole.

    Raises a PublishError of the kind that fits; what was in ``request.out`` is then as it was.
    """
    with stage("Read the table specs") as say:
        task = _task(request)
        say(f"{len(task.tables)} tables")
    out = request.out / LOOKS if request.only else request.out

    def log(_staging: Staging) -> None:
        if not task.is_look:
            log_built(standings(out), task.round.name, request.time)

    with staged(out, task.round.name, then=log) as staging:
        with stage("Read the release before") as say:
            ground = _ground(request.out, task)
            say(ground.previous.name if ground.previous else "none, so the tables start here")
        summary = build_release(staging, task, ground, stage)
    return replace(summary, folder=out / task.round.name)


@dataclass(frozen=True)
class Task:
    """A round to build: its tables, and what they are made of.

    ``files`` are the names of the input files to read; None: the newest there were.
    """

    round: Round
    tables: Sequence[TableSpec]
    catalogue: Catalogue
    data: str
    specs: Path
    templates: Path
    is_look: bool = False
    files: Collection[str] | None = None

    @property
    def release(self) -> ReleaseFacts:
        """What renderers need to know."""
        return ReleaseFacts(self.round, Schedule(self.catalogue.calendar))


@dataclass(frozen=True)
class Ground:
    """What a release builds on: the one before, and those of its vintage that are known.

    ``refuse`` raises when a release with this SHA-256 of its manifest may not be put in place.
    """

    previous: Path | None = None
    beside: Sequence[Path] = ()
    earlier: Mapping[str, SafeCube] = field(default_factory=dict)
    shown: Earlier | None = None
    refuse: Callable[[str], None] = lambda _sha256: None

    @classmethod
    def of(cls, task: Task, previous: Path | None, beside: Sequence[Path]) -> Ground:
        """Read what is needed of other releases.

        Raises ReleaseError when one is not as it was published.
        """
        shown = shown_before(beside, task.round.vintage)
        return cls(
            previous=previous,
            beside=beside,
            earlier=earlier_cubes(previous, task.catalogue.tables) if previous else {},
            shown=Earlier(shown) if shown else None,
        )


def build_release(staging: Staging, task: Task, ground: Ground, stage: Stage) -> Summary:
    """Write all of a release into ``staging``.

    Raises a PublishError of the kind that fits.
    """
    earlier = ground.earlier
    _refuse_less_than_is_out(task, earlier)
    with stage("Read, validate and count") as say:
        plan = _plan(task, earlier)
        inputs = round_inputs(plan, task.round, task.data, task.files)
        counted = inputs.count(plan.sources, plan.population, plan.queries)
        say(f"{sum(counted.rows.values()):,} rows in {len(counted.rows)} files")
    with stage("Build the cubes") as say:
        built = build(plan, counted.results, counted.statuses, inputs.file_names)
        say(f"{sum(cube.value.size for cube in built.cubes):,} cells")
    with stage("Protect small figures") as say:
        protected = protect(plan, built, _facts(task.round, inputs), ground.shown)
        cubes = _with_history(protected.cubes, earlier, carry_on=not task.is_look)
        say(", ".join(f"{count:,} {sign}" for sign, count in _signs(cubes).items()))
    with stage("Write the release") as say:
        _write(staging, task, cubes, protected.universes)
        report = _quality(task, (inputs, counted), built, cubes)
        for path, data in quality.write_quality(report, task.templates):
            staging.write(path, data)
        hidden = _protection(task.round, protected, synthetic=inputs.synthetic)
        for path, data in write_protection(hidden, task.templates):
            staging.write(path, data)
        say(f"{len(staging.written)} files")
    if ground.previous is not None and not task.is_look:
        with stage("Compare with the one before") as say:
            found = compare(
                read_release(ground.previous), read_folder(staging.folder, task.round.name)
            )
            staging.write(COMPARISON, write_page(found, task.templates))
            say(f"{sum(table.cells.height for table in found.tables):,} cells differ")
    files = [InputFile(**asdict(file)) for file in report.inputs]
    _write_manifest(staging, task, ground, files)
    with stage("Attack what was written") as say:
        tried = audit([staging.folder], specs=task.specs, templates=task.templates, in_full=False)
        tried.refuse(fix="Nothing has been published. Report this: it should not happen.")
        say(f"{tried.figures:,} figures, {tried.texts:,} texts, nothing found")
    return Summary(
        release=task.round.name,
        folder=staging.folder,
        tables=len(cubes),
        cells=sum(len(cube.values) for cube in cubes),
        signs=_signs(cubes),
        files=len(staging.written),
        synthetic=any(facts.synthetic for cube in cubes for facts in cube.vintages.values()),
        previous=ground.previous.name if ground.previous else None,
    )


def _task(request: Request) -> Task:
    check_templates(request.templates)
    catalogue = load(request.specs)
    current = Schedule(catalogue.calendar).round(request.round)
    return Task(
        round=current,
        tables=_tables(catalogue, current, request.only),
        catalogue=catalogue,
        data=request.data,
        specs=request.specs,
        templates=request.templates,
        is_look=bool(request.only),
    )


def _ground(out: Path, task: Task) -> Ground:
    """What a release in ``out`` builds on; ask inside ``staged``."""
    found, current = standings(out), task.round
    before = found.previous(current.order)
    previous = before.folder if before else None
    if task.is_look:
        return Ground.of(task, previous, [])
    mend(found)
    if current.correction is not None:
        _refuse_nothing_to_correct(found, current.correction)
    refuse_beside_later(found, current)

    def refuse(sha256: str) -> None:
        refuse_beside_later(found, current, sha256)
        refuse_edit(found, current.name, sha256)

    beside = [one.folder for one in found.beside(current.order, current.vintage)]
    return replace(Ground.of(task, previous, beside), refuse=refuse)


def _refuse_nothing_to_correct(found: Standings, correction: Correction) -> None:
    if not any(one.name == correction.round and one.seen for one in found.releases):
        raise UsageError(
            f"{correction.release} corrects {correction.round}, which has not been released",
            fix=f"Publish {correction.round} itself again.",
        )


def _refuse_less_than_is_out(task: Task, earlier: Mapping[str, SafeCube]) -> None:
    """A round of some figures only comes before the whole, never after it."""
    current = task.round
    for table in task.tables:
        part = current.limits.regions is not None or table.id in current.limits.measures
        if part and table.id in earlier and current.vintage in earlier[table.id].vintages:
            raise ReleaseError(
                f"{current} publishes only some figures of {table.id}, which has more of them"
                f" for {current.vintage} already",
                fix="Leave the table out of the round, in rounds.yaml.",
            )


def _write_manifest(
    staging: Staging, task: Task, ground: Ground, inputs: Sequence[InputFile]
) -> None:
    write_manifest(
        staging,
        task.round,
        inputs=inputs,
        specs=task.catalogue.sha256,
        templates=digests(task.templates),
        previous=ground.previous,
        beside=ground.beside,
    )
    if task.round.correction is not None and ground.previous is not None:
        before = read_manifest(ground.previous)
        refuse_other_changes(staging, before, task.round.correction, task.catalogue.tables)
    ground.refuse(staging.written[FILE].sha256)


def _tables(catalogue: Catalogue, current: Round, only: Sequence[str]) -> list[TableSpec]:
    """The tables that the round publishes, or those of them that were asked for."""
    asked = [catalogue.table(name) for name in dict.fromkeys(only)]
    found = published_tables(catalogue, current)
    if left_out := [table for table in asked if table not in found]:
        raise UsageError(
            f"the round {current} does not publish {', '.join(one.id for one in left_out)}",
            fix=" ".join(_instead(table, current) for table in left_out),
        )
    if not found:
        raise UsageError(
            f"the round {current} publishes none of the tables",
            fix="See `rounds`, `first_vintage` and `last_vintage` in the specs, and rounds.yaml.",
        )
    return [table for table in found if table in asked] if asked else found


def _instead(table: TableSpec, current: Round) -> str:
    """What to do when a round does not publish a table."""
    if not table.has_vintage(current.vintage):
        years = f"{table.first_vintage}–{table.last_vintage or ''}"
        return f"{table.id} has figures for {years}, not for {current.vintage}: leave it out."
    if not table.rounds:
        return f"{table.id} is in no round: leave it out."
    month = " and ".join(kind.capitalize() for kind in table.rounds)
    return f"{table.id} is published in {month}: leave it out, or ask that round for it."


def _plan(task: Task, earlier: Mapping[str, SafeCube]) -> Plan:
    current = task.round
    carried = {name: frozenset(cube.vintages) - {current.vintage} for name, cube in earlier.items()}
    plan = Plan(
        task.catalogue, task.tables, current.vintage, current.kind, carried, limits=current.limits
    )
    return plan if task.is_look else replace(plan, coming=coming_tables(plan))


def _facts(current: Round, inputs: Inputs) -> VintageFacts:
    return VintageFacts(
        vintage=current.vintage,
        round=current.name,
        published=current.updated,
        preliminary=current.preliminary,
        final_day=current.final_day,
        synthetic=inputs.synthetic,
        corrected=(Corrected(day=correction.date, reason=correction.reason),)
        if (correction := current.correction)
        else (),
    )


def _with_history(
    new: Sequence[SafeCube], earlier: Mapping[str, SafeCube], *, carry_on: bool
) -> list[SafeCube]:
    """The new cubes with their earlier vintages, and the tables this round leaves alone."""
    cubes = {cube.table.id: with_history(cube, earlier.get(cube.table.id)) for cube in new}
    if carry_on:
        cubes = {**earlier, **cubes}
    return [cubes[name] for name in sorted(cubes)]


def _signs(cubes: Sequence[SafeCube]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for cube in cubes:
        counts.update(dict(cube.statuses.drop_nulls().value_counts().iter_rows()))
    return {sign: counts[sign] for sign in SIGNS}


def _write(
    staging: Staging, task: Task, cubes: Sequence[SafeCube], universes: Sequence[StoredUniverse]
) -> None:
    catalogue, release, vintage = task.catalogue, task.release, task.round.vintage
    for write in FORMATS.values():
        for path, data in write(cubes, catalogue, release):
            staging.write(path, data)
    for path, data in overview.write_overview(cubes, catalogue, release, task.templates):
        staging.write(path, data)
    for cube in cubes:
        for path, data in cube_files(cube):
            staging.write(path, data)
    staging.write(*stored_universe.index(universes, vintage))
    for universe in universes:
        for path, data in stored_universe.write(universe, vintage):
            staging.write(path, data)


def _quality(
    task: Task, read: tuple[Inputs, Counted], built: Built, cubes: Sequence[SafeCube]
) -> QualityFacts:
    inputs, counted = read
    vintage, catalogue = task.round.vintage, task.catalogue
    return QualityFacts(
        round=task.round.name,
        vintage=vintage,
        preliminary=task.round.preliminary,
        synthetic=inputs.synthetic,
        inputs=input_facts(inputs, counted),
        missing=missing_reports(catalogue, built, counted, vintage),
        signs=tuple(quality.signs(cube) for cube in cubes),
        provisional=tuple(ProvisionalCode(*row) for row in catalogue.provisional()),
    )


def _protection(current: Round, protected: Protected, *, synthetic: bool) -> ProtectionFacts:
    return ProtectionFacts(
        release=current.name,
        vintage=current.vintage,
        preliminary=current.preliminary,
        synthetic=synthetic,
        titles={cube.table.id: cube.table.title.nb for cube in protected.cubes},
        tables=tuple(ProtectedTable(**asdict(one)) for one in by_table(protected.universes)),
        figures=tuple(
            ProtectedFigures(
                name=one.name,
                kind=one.kind,
                by_region=one.by_region,
                since=None if one.since is None else SinceEarlier(**asdict(one.since)),
            )
            for one in protected.reports
        ),
    )
