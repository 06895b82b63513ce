"""The whole story of a round, from data files to a release."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from kostra_publish.auditing import audit
from kostra_publish.checking import (
    check_templates,
    coming_tables,
    input_facts,
    missing_reports,
    published_tables,
    round_inputs,
    rule_counts,
)
from kostra_publish.cube.build import Built, build
from kostra_publish.cube.partition import partitions
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure import stored_universe
from kostra_publish.disclosure.protection import Earlier, Protected, protect
from kostra_publish.disclosure.report import by_table
from kostra_publish.disclosure.safe import SIGNS, SafeCube, VintageFacts
from kostra_publish.disclosure.stored import with_history
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.microdata.inputs import Counted, Inputs
from kostra_publish.outputs import overview, quality
from kostra_publish.outputs.protection import (
    ProtectedFigures,
    ProtectedTable,
    ProtectionFacts,
    SinceEarlier,
    write_protection,
)
from kostra_publish.outputs.quality import ComparedRelease, ProvisionalCode, QualityFacts
from kostra_publish.outputs.registry import FORMATS
from kostra_publish.quality.assess import assess
from kostra_publish.quality.evidence import Evidence
from kostra_publish.quality.observations import Observations, observe
from kostra_publish.quality.stored import earlier_observations, observation_files
from kostra_publish.releases.folders import order, releases
from kostra_publish.releases.history import (
    cube_files,
    earlier_cubes,
    previous_release,
    refuse_beside_later,
    stored_universes,
)
from kostra_publish.releases.manifest import FILE, InputFile, read_manifest, write_manifest
from kostra_publish.releases.rounds import ReleaseFacts, Round
from kostra_publish.releases.staging import Staging, staged
from kostra_publish.releases.verdict import QualityVerdict
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.models import TableSpec

Say = Callable[[str], None]
Stage = Callable[[str], AbstractContextManager[Say]]
"""Opens a stage of the work by its name; what is said in it ends up on its line."""

LOOKS = "looks"
"""The folder under ``out`` for quick looks: some tables of a round, never a release."""


@dataclass(frozen=True)
class Request:
    """What the user asks for. ``only`` names tables for a quick look; empty is the round."""

    round: Round
    data: str
    out: Path
    specs: Path
    templates: Path
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """What was published: where, and how many tables, cells, signs and files."""

    folder: Path
    tables: int
    cells: int
    signs: Mapping[str, int]
    files: int
    synthetic: bool
    previous: str | None
    quality: QualityVerdict


def publish(request: Request, stage: Stage) -> Summary:
    """Build the round's release and put it in place, whole.

    Raises a PublishError of the kind that fits; what was in ``request.out`` is then as it was.
    """
    with stage("Read the table specs") as say:
        check_templates(request.templates)
        catalogue = load(request.specs)
        tables = _tables(catalogue, request)
        say(f"{len(tables)} tables")
    out = request.out / LOOKS if request.only else request.out
    with staged(out, request.round.name) as staging:
        with stage("Read the release before") as say:
            if not request.only:
                refuse_beside_later(request.out, request.round)
            previous = previous_release(request.out, request.round)
            earlier = earlier_cubes(previous, catalogue.tables) if previous else {}
            shown = _shown(previous, request)
            observed_before = [] if request.only else _observed_before(request)
            say(previous.name if previous else "none, so the tables start with this årgang")
        with stage("Read, validate and count") as say:
            plan = _plan(catalogue, tables, request.round, earlier, coming=not request.only)
            inputs = round_inputs(plan, request.round, request.data)
            counted = inputs.count(plan.sources, plan.population, plan.queries, with_controls=True)
            say(f"{sum(counted.rows.values()):,} rows in {len(counted.rows)} files")
        with stage("Build the cubes") as say:
            built = build(plan, counted.results, counted.statuses, inputs.file_names)
            say(f"{sum(cube.value.size for cube in built.cubes):,} cells")
        with stage("Protect small figures") as say:
            facts = _facts(request.round, inputs)
            protected = protect(plan, built, facts, shown)
            cubes = _with_history(protected.cubes, earlier, carry_on=not request.only)
            say(", ".join(f"{count:,} {sign}" for sign, count in _signs(cubes).items()))
        with stage("Check the quality") as say:
            observed, report = _quality(
                request, plan, (inputs, counted), built, (protected.cubes, cubes), observed_before
            )
            verdict = report.verdict
            say(f"{len(verdict.failed_blocking)} blocking, {len(verdict.warnings)} warnings")
        with stage("Write the release") as say:
            _write(staging, request, catalogue, cubes, protected.universes)
            for path, data in quality.write_quality(report, request.templates):
                staging.write(path, data)
            for path, data in observation_files(observed):
                staging.write(path, data)
            hidden = _protection(request.round, protected, synthetic=inputs.synthetic)
            for path, data in write_protection(hidden, request.templates):
                staging.write(path, data)
            files = [InputFile(**asdict(file)) for file in report.inputs]
            write_manifest(
                staging,
                request.round,
                inputs=files,
                specs=catalogue.sha256,
                previous=previous,
            )
            if not request.only:
                refuse_beside_later(request.out, request.round, staging.written[FILE].sha256)
            say(f"{len(staging.written)} files")
        with stage("Attack what was written") as say:
            tried = audit(
                [staging.folder], specs=request.specs, templates=request.templates, in_full=False
            )
            tried.refuse(fix="Nothing has been published. Report this: it should not happen.")
            say(f"{tried.figures:,} figures, {tried.texts:,} texts, nothing found")
    return Summary(
        folder=out / request.round.name,
        tables=len(cubes),
        cells=sum(len(cube.values) for cube in cubes),
        signs=_signs(cubes),
        files=len(staging.written),
        synthetic=any(facts.synthetic for cube in cubes for facts in cube.vintages.values()),
        previous=previous.name if previous else None,
        quality=verdict,
    )


def _tables(catalogue: Catalogue, request: Request) -> list[TableSpec]:
    """The tables that the round publishes, or those of them that were asked for."""
    asked = [catalogue.table(name) for name in dict.fromkeys(request.only)]
    found = published_tables(catalogue, request.round)
    if left_out := [table for table in asked if table not in found]:
        raise UsageError(
            f"the round {request.round} does not publish {', '.join(one.id for one in left_out)}",
            fix=" ".join(_instead(table, request.round) for table in left_out),
        )
    if not found:
        raise UsageError(
            f"the round {request.round} publishes none of the tables",
            fix="See `rounds`, `first_vintage` and `last_vintage` in the specs.",
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


def _plan(
    catalogue: Catalogue,
    tables: Sequence[TableSpec],
    current: Round,
    earlier: Mapping[str, SafeCube],
    *,
    coming: bool,
) -> Plan:
    carried = {name: frozenset(cube.vintages) - {current.vintage} for name, cube in earlier.items()}
    plan = Plan(catalogue, tables, current.vintage, current.kind, carried)
    if coming:
        indicators = catalogue.quality.indicators
        plan = replace(plan, coming=coming_tables(plan), indicators=indicators)
    return plan


def _observed_before(request: Request) -> list[Observations]:
    """What every earlier release in ``out`` observed, oldest first."""
    own = order(request.round.name)
    return earlier_observations(
        [release for release in releases(request.out) if order(release.name) < own]
    )


def _shown(previous: Path | None, request: Request) -> Earlier | None:
    """What the release before showed of the same vintage; a quick look is beside nothing."""
    vintage = request.round.vintage
    if previous is None or request.only or read_manifest(previous).vintage != vintage:
        return None
    universes = stored_universes(previous, vintage)
    if not universes:
        raise ReleaseError(
            f"release {previous.name} does not say what its figures were protected as",
            fix="Publish that round again, then this one.",
        )
    return Earlier(previous.name, universes)


def _facts(current: Round, inputs: Inputs) -> VintageFacts:
    return VintageFacts(
        vintage=current.vintage,
        round=current.name,
        preliminary=current.preliminary,
        synthetic=inputs.synthetic,
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
    staging: Staging,
    request: Request,
    catalogue: Catalogue,
    cubes: Sequence[SafeCube],
    universes: Sequence[StoredUniverse],
) -> None:
    release = ReleaseFacts(request.round)
    for write in FORMATS.values():
        for path, data in write(cubes, catalogue, release):
            staging.write(path, data)
    for path, data in overview.write_overview(cubes, catalogue, release, request.templates):
        staging.write(path, data)
    for cube in cubes:
        for path, data in cube_files(cube):
            staging.write(path, data)
    staging.write(*stored_universe.index(universes, request.round.vintage))
    for universe in universes:
        for path, data in stored_universe.write(universe, request.round.vintage):
            staging.write(path, data)


def _quality(
    request: Request,
    plan: Plan,
    read: tuple[Inputs, Counted],
    built: Built,
    cubes: tuple[Sequence[SafeCube], Sequence[SafeCube]],
    earlier: Sequence[Observations],
) -> tuple[Observations, QualityFacts]:
    """What is observed of the round, and the report on it; ``cubes`` are the new and all."""
    (inputs, counted), (new, every) = read, cubes
    catalogue, vintage = plan.catalogue, request.round.vintage
    rules = rule_counts(counted, vintage)
    observed = observe(plan, request.round.name, built, counted, rules)
    evidence = Evidence(
        observed, earlier, rules, new, plan.indicators, partitions(plan, built.tallies)
    )
    return observed, QualityFacts(
        round=request.round.name,
        vintage=vintage,
        preliminary=request.round.preliminary,
        synthetic=inputs.synthetic,
        inputs=input_facts(inputs, counted),
        missing=missing_reports(catalogue, built, counted, vintage),
        rules=rules,
        signs=tuple(quality.signs(cube) for cube in every),
        provisional=tuple(ProvisionalCode(*row) for row in catalogue.provisional()),
        checks=assess(catalogue.quality.checks, evidence),
        compared_with=tuple(
            ComparedRelease(one.round, one.vintage, one.manifest_sha256)
            for one in earlier
            if one.manifest_sha256
        ),
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
