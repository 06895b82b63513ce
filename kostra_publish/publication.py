"""The whole story of a round, from data files to a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from kostra_publish.auditing import audit
from kostra_publish.comparing import compare, read_folder, read_release
from kostra_publish.disclosure import stored_universe
from kostra_publish.disclosure.protection import Protected
from kostra_publish.disclosure.report import by_table
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.handing_over import Counted, inhabitants, made
from kostra_publish.making import Say, Stage, figures, signs_of
from kostra_publish.nav.sealing import Contents, Keys, Sealed, seal
from kostra_publish.outputs import overview, quality
from kostra_publish.outputs.comparison.page import write_page
from kostra_publish.outputs.protection import (
    ProtectedFigures,
    ProtectedTable,
    ProtectionFacts,
    SinceEarlier,
    write_protection,
)
from kostra_publish.outputs.quality import QualityFacts
from kostra_publish.outputs.registry import FORMATS, Format
from kostra_publish.pages.site import write_site
from kostra_publish.preparing import Ground, Sources, Task, ground, task
from kostra_publish.quality.observations import Observations
from kostra_publish.quality.stored import observation_files
from kostra_publish.releases.corrections import refuse_other_changes
from kostra_publish.releases.folders import LOOKS
from kostra_publish.releases.history import cube_files
from kostra_publish.releases.life import log_built, standings
from kostra_publish.releases.manifest import FILE, InputFile, read_manifest, write_manifest
from kostra_publish.releases.rounds import ReleaseFacts, Round
from kostra_publish.releases.staging import Staging, staged
from kostra_publish.releases.verdict import QualityVerdict
from kostra_publish.specs.folders import digests

COMPARISON = "internal/compare.html"
"""What differs from the release before; `compare --out` writes all of it, for programs too."""
SIDE_BY_SIDE = 2
"""Formats that are written at once."""


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
    keys: Keys | None = None
    """Who can open its packages, and who signs them; None: they are not sealed."""
    by: str | None = None
    """Who seals them."""


@dataclass(frozen=True)
class Summary:
    """What was built: where, how many tables, cells, signs and files, and how good it looks."""

    folder: Path
    tables: int
    cells: int
    signs: Mapping[str, int]
    files: int
    synthetic: bool
    previous: str | None
    correction: str | None
    """The tables that it corrects, where it is a correction."""
    is_look: bool
    quality: QualityVerdict
    packages: Sequence[Contents] = field(default=(), repr=False)
    """What is handed over with it, ready to be sealed."""
    sealed: Sequence[Sealed] = ()
    """The packages that were sealed."""


def publish(request: Request, stage: Stage) -> Summary:
    """Build the round's release and put it in place, whole.

    Raises a PublishError of the kind that fits; what was in ``request.out`` is then as it was.
    """
    with stage("Read the table specs") as say:
        sources = Sources(request.data, request.specs, request.templates)
        wanted = task(request.round, sources, request.only)
        say(f"{len(wanted.tables)} tables")
    out, name = request.out / LOOKS if wanted.is_look else request.out, wanted.round.name

    def log(_staging: Staging) -> None:
        if not wanted.is_look:
            log_built(standings(out), name, request.time)

    with staged(out, name, then=log) as staging:
        with stage("Read earlier releases") as say:
            base = ground(request.out, wanted)
            say(base.previous.name if base.previous else "none, so the tables start here")
        built = build_release(staging, wanted, base, stage)
    return replace(built, folder=out / name, sealed=_seal(request, built.packages, stage))


def _seal(request: Request, packages: Sequence[Contents], stage: Stage) -> list[Sealed]:
    """Seal the packages of a release that is in place."""
    if request.keys is None or not packages:
        return []
    with stage("Seal the packages") as say:
        found = [
            seal(one, request.keys, request.out, time=request.time, by=request.by)
            for one in packages
        ]
        say(f"{sum(one.is_new for one in found)} new of {len(found)}")
        return found


def build_release(staging: Staging, wanted: Task, base: Ground, stage: Stage) -> Summary:
    """Write all of a release into ``staging``.

    Raises a PublishError of the kind that fits.
    """
    made_of = figures(wanted, base, stage)
    cubes, want, protected = made_of.cubes, made_of.want, made_of.protected
    report = made_of.report
    with stage("Write the release") as say:
        release = base.release(wanted)
        _write_tables(staging, wanted, release, cubes)
        _write_internal(staging, wanted, cubes, protected)
        _write_quality(staging, wanted, made_of.observed, report)
        say(f"{len(staging.written)} files")
    packages: Sequence[Contents] = ()
    if want.deliveries:
        with stage("Prepare the handover") as say:
            people = inhabitants(made_of.inhabitants)
            counted = Counted(want, made_of.rows, people, made_of.built.missing)
            handed = made(wanted, base, made_of.planned, counted, cubes, protected.universes)
            handed.write(staging, wanted.round.vintage)
            packages = handed.packages
            say(", ".join(one.name for one in packages))
    if wanted.catalogue.pages is not None and not wanted.is_look:
        with stage("Write the key-figure pages") as say:
            say(f"{_write_site(staging, wanted, release, cubes, say):,} pages")
    if base.previous is not None and not wanted.is_look:
        with stage("Compare with the one before") as say:
            say(f"{_write_comparison(staging, wanted, base.previous):,} cells differ")
    files = [InputFile(**asdict(file)) for file in report.inputs]
    write_manifest(
        staging,
        release,
        tables=[cube.table for cube in cubes],
        inputs=files,
        specs=wanted.catalogue.sha256,
        templates=digests(wanted.sources.templates),
        upon=base.upon,
    )
    _refuse(staging, wanted, base)
    with stage("Attack what was written") as say:
        specs, templates = wanted.sources.specs, wanted.sources.templates
        tried = audit([staging.folder], specs=specs, templates=templates, in_full=False)
        tried.refuse(fix="Nothing has been published. Report this: it should not happen.")
        say(f"{tried.figures:,} figures, {tried.texts:,} texts, nothing found")
    return Summary(
        folder=staging.folder,
        tables=len(cubes),
        cells=sum(len(cube.values) for cube in cubes),
        signs=signs_of(cubes),
        files=len(staging.written),
        synthetic=any(facts.synthetic for cube in cubes for facts in cube.vintages.values()),
        previous=base.previous.name if base.previous else None,
        correction=", ".join(correction.tables)
        if (correction := wanted.round.correction)
        else None,
        is_look=wanted.is_look,
        quality=report.verdict,
        packages=packages,
    )


# --- what is written --------------------------------------------------------------------


def _write_tables(
    staging: Staging, wanted: Task, release: ReleaseFacts, cubes: Sequence[SafeCube]
) -> None:
    """What everybody gets."""
    catalogue = wanted.catalogue

    def write_all(write: Format) -> None:
        for path, data in write(cubes, catalogue, release):
            staging.write(path, data)

    # Much of it is done without the interpreter: formats are written side by side.
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for _ in pool.map(write_all, FORMATS.values()):
            pass
    pages = overview.write_overview(cubes, catalogue, release, wanted.sources.templates)
    for path, data in pages:
        staging.write(path, data)


def _write_site(
    staging: Staging,
    wanted: Task,
    release: ReleaseFacts,
    cubes: Sequence[SafeCube],
    say: Say,
) -> int:
    """The key-figure pages; how many there are."""
    templates = wanted.sources.templates
    pages = 0
    for path, data in write_site(cubes, wanted.catalogue, release, templates, say.progress):
        staging.write(path, data)
        pages += path.endswith(".html")
    return pages


def _write_internal(
    staging: Staging, wanted: Task, cubes: Sequence[SafeCube], protected: Protected
) -> None:
    """What the next round carries on, and what this one was protected as."""
    for cube in cubes:
        for path, data in cube_files(cube):
            staging.write(path, data)
    vintage, universes = wanted.round.vintage, protected.universes
    staging.write(*stored_universe.index(universes, vintage))
    for universe in universes:
        for path, data in stored_universe.write(universe, vintage):
            staging.write(path, data)
    hidden = _protection(wanted.round, protected)
    for path, data in write_protection(hidden, wanted.sources.templates):
        staging.write(path, data)


def _write_quality(
    staging: Staging, wanted: Task, observed: Observations, report: QualityFacts
) -> None:
    for path, data in quality.write_quality(report, wanted.sources.templates):
        staging.write(path, data)
    for path, data in observation_files(observed):
        staging.write(path, data)


def _write_comparison(staging: Staging, wanted: Task, previous: Path) -> int:
    """The page that tells what differs from the release before; how many cells do."""
    after = read_folder(staging.folder, wanted.round.name)
    found = compare(read_release(previous), after)
    staging.write(COMPARISON, write_page(found, wanted.sources.templates))
    return sum(table.cells.height for table in found.tables)


def _refuse(staging: Staging, wanted: Task, base: Ground) -> None:
    """Refuse a release that may not be put in place."""
    correction = wanted.round.correction
    if correction is not None and base.previous is not None:
        before = read_manifest(base.previous)
        refuse_other_changes(staging, before, correction, wanted.catalogue.tables)
    base.refuse(staging.written[FILE].sha256)


# --- what is told of it -----------------------------------------------------------------


def _protection(current: Round, protected: Protected) -> ProtectionFacts:
    return ProtectionFacts(
        release=current.name,
        vintage=current.vintage,
        preliminary=current.preliminary,
        synthetic=any(
            facts.synthetic for cube in protected.cubes for facts in cube.vintages.values()
        ),
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
