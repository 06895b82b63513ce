"""What a round is to be made of: its tables, and the releases that it builds upon."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from kostra_publish.checking import check_templates, coming_tables, published_tables
from kostra_publish.codes.regions import kind_of
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.protection import Earlier
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.microdata.files import digest
from kostra_publish.microdata.inputs import Inputs
from kostra_publish.nav import delivery_log
from kostra_publish.nav.handover import Versions, read_records
from kostra_publish.quality.observations import Observations
from kostra_publish.quality.stored import earlier_observations
from kostra_publish.releases.history import earlier_cubes, refuse_beside_later, shown_before
from kostra_publish.releases.life import Standings, mend, refuse_edit, standings
from kostra_publish.releases.manifest import Manifest, Upon, read_manifest
from kostra_publish.releases.rounds import ReleaseFacts, Round, Schedule
from kostra_publish.specs.calendar import Correction
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.dimensions import CONTENTS, TIME
from kostra_publish.specs.models import TableSpec


@dataclass(frozen=True)
class Sources:
    """Where data, specs and templates are."""

    data: str
    specs: Path
    templates: Path


@dataclass(frozen=True)
class Task:
    """A round to build: its tables, and what they are made of.

    ``is_look`` tells that only some tables are wanted, for a quick look. ``files`` are the names
    of the input files to read; None: the newest there were.
    """

    round: Round
    tables: Sequence[TableSpec]
    catalogue: Catalogue
    sources: Sources
    is_look: bool = False
    files: Collection[str] | None = None


@dataclass(frozen=True)
class Ground:
    """What a release builds upon, and what was read of it.

    ``refuse`` raises when a release with this SHA-256 of its manifest may not be put in place.
    """

    upon: Upon
    earlier: Mapping[str, SafeCube]
    shown: Earlier | None
    observed: Sequence[Observations]
    versions: Versions = field(default_factory=Versions)
    """Which versions packages have had."""
    refuse: Callable[[str], None] = lambda _sha256: None

    @classmethod
    def read(cls, wanted: Task, upon: Upon) -> Ground:
        """Read what is needed of other releases.

        Raises ReleaseError when one is not as it was published.
        """
        shown = shown_before(upon.beside, wanted.round.vintage)
        tables = wanted.catalogue.tables
        return cls(
            upon=upon,
            earlier=earlier_cubes(upon.previous, tables) if upon.previous else {},
            shown=Earlier(shown) if shown else None,
            observed=earlier_observations(upon.compared),
        )

    def release(self, wanted: Task) -> ReleaseFacts:
        """What renderers need to know: the tables that a correction does not name stay as is."""
        schedule, correction = Schedule(wanted.catalogue.calendar), wanted.round.correction
        if correction is None or self.previous is None:
            return ReleaseFacts(wanted.round, schedule)
        told = read_manifest(self.previous).next_updates
        named = set(correction.tables)
        untouched = {table: moment for table, moment in told.items() if table not in named}
        return ReleaseFacts(wanted.round, schedule, untouched)

    @property
    def previous(self) -> Path | None:
        """The release whose earlier vintages are carried on."""
        return self.upon.previous


def task(round_name: str, sources: Sources, only: Sequence[str] = ()) -> Task:
    """The round of this name, or some tables of it.

    Raises SpecError, TemplateError, or UsageError for a round or table that there is not.
    """
    check_templates(sources.templates)
    catalogue = load(sources.specs)
    current = Schedule(catalogue.calendar).round(round_name)
    tables = _tables(catalogue, current, only)
    if current.correction is not None:
        _refuse_tables_of_others(catalogue, current.correction)
    return Task(current, tables, catalogue, sources, is_look=bool(only))


def ground(out: Path, wanted: Task, *, touch: bool = True) -> Ground:
    """What a release in ``out`` builds upon; ask inside ``staged``, or do not ``touch`` it.

    Raises ReleaseError when it may not be built: beside later releases that do not know of it,
    or upon some that have been altered. UsageError when there is nothing to correct.
    """
    found, current = standings(out), wanted.round
    before = found.previous(current.order)
    previous = before.folder if before else None
    if wanted.is_look:
        return Ground.read(wanted, Upon(previous))
    if touch:
        mend(found)
    if current.correction is not None:
        _refuse_nothing_to_correct(found, current.correction)
    refuse_beside_later(found, current)

    def refuse(sha256: str) -> None:
        refuse_beside_later(found, current, sha256)
        refuse_edit(found, current.name, sha256)

    beside = [one.folder for one in found.beside(current.order, current.vintage)]
    compared = [one.folder for one in found.before(current.order) if one.counts]
    base = Ground.read(wanted, Upon(previous, beside, compared))
    _refuse_less_than_is_out(wanted, base.earlier)
    known = [one for folder in beside for one in read_records(folder)]
    versions = Versions(delivery_log.read(out / delivery_log.FOLDER).lines, known)
    return replace(base, refuse=refuse, versions=versions)


def ground_again(out: Path, wanted: Task, manifest: Manifest) -> Ground:
    """What a release in ``out`` was built upon, by its manifest.

    Raises ReleaseError when one of the releases is not as it was published.
    """
    previous = out / manifest.previous.round if manifest.previous else None
    beside, compared = (
        [out / one.round for one in references]
        for references in (manifest.beside, manifest.compared)
    )
    made = Ground.read(wanted, Upon(previous, beside, compared))
    fixed = {one.delivery: one.version for one in read_records(out / manifest.round)}
    return replace(made, versions=Versions(fixed=fixed))


def unlike_then(manifest: Manifest, data: str, catalogue: Catalogue) -> Iterator[str]:
    """What the figures of a release were made of that is not as it was: inputs and specs."""
    inputs = {one.name: one.sha256 for one in manifest.inputs}
    yield from unlike("input", inputs, {name: digest(data, name) for name in inputs})
    yield from unlike("spec", manifest.specs, catalogue.sha256)


def unlike(
    what: str, was: Mapping[str, str | None], now: Mapping[str, str | None]
) -> Iterator[str]:
    """The files of a kind that are not as they were, by the SHA-256 of each, in words."""
    for name in sorted(was.keys() | now.keys()):
        if name not in was:
            yield f"{what} {name}: it was not there then"
        elif now.get(name) is None:
            yield f"{what} {name}: it is not there, or cannot be read"
        elif was[name] is not None and was[name] != now[name]:
            yield f"{what} {name}: its content is another"


def plan(wanted: Task, earlier: Mapping[str, SafeCube]) -> Plan:
    """What to ask of the microdata."""
    current = wanted.round
    carried = {name: frozenset(cube.vintages) - {current.vintage} for name, cube in earlier.items()}
    made = Plan(
        wanted.catalogue,
        wanted.tables,
        current.vintage,
        current.kind,
        carried,
        limits=current.limits,
    )
    if wanted.is_look:
        return made
    indicators = wanted.catalogue.quality.indicators
    return replace(made, coming=coming_tables(made), indicators=indicators)


def refuse_half_corrected(wanted: Task, base: Ground, inputs: Inputs) -> None:
    """Refuse a correction that leaves other tables with what the same data said before.

    Raises ReleaseError, naming the tables and the file.
    """
    correction, current = wanted.round.correction, wanted.round
    if correction is None or base.previous is None:
        return
    told = {*correction.tables, *correction.unaffected}
    left: dict[str, list[str]] = {}
    for name, cube in base.earlier.items():
        if name in told or current.vintage not in cube.vintages:
            continue
        release = base.previous.parent / cube.vintages[current.vintage].round
        before = {file.name: file.sha256 for file in read_manifest(release).inputs}
        table = wanted.catalogue.table(name)
        alone = Plan(wanted.catalogue, [table], current.vintage, current.kind)
        for dataset in alone.counted_from & inputs.datasets.keys():
            file = inputs.datasets[dataset].file
            if file.sha256 is None or before.get(file.name) != file.sha256:
                left.setdefault(file.name, []).append(name)
    if left:
        said = "; ".join(f"{file} ({', '.join(sorted(names))})" for file, names in left.items())
        raise ReleaseError(
            f"{current} is made of data that tables it does not name have not seen: {said}",
            fix="Name each in rounds.yaml: under its `tables`, or, when what is new does not"
            " change its figures, under its `unaffected`.",
        )


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


def _refuse_nothing_to_correct(found: Standings, correction: Correction) -> None:
    if not any(one.name == correction.round and one.seen for one in found.releases):
        raise UsageError(
            f"{correction.release} corrects {correction.round}, which has not been released",
            fix=f"Publish {correction.round} itself again.",
        )


def _refuse_tables_of_others(catalogue: Catalogue, correction: Correction) -> None:
    corrected = Schedule(catalogue.calendar).round(correction.round)
    others = [name for name in correction.tables if not corrected.publishes(catalogue.table(name))]
    if others:
        raise UsageError(
            f"the round {corrected} does not publish {', '.join(others)}, so {correction.release}"
            " cannot correct it",
            fix="Correct its `tables` in rounds.yaml.",
        )


def _refuse_less_than_is_out(wanted: Task, earlier: Mapping[str, SafeCube]) -> None:
    """What is out may be replaced by other figures, not by preliminary ones or by nothing."""
    current = wanted.round
    fix = f"Leave {{}} out of {current}, in rounds.yaml."
    for table in wanted.tables:
        out = earlier.get(table.id)
        if out is None or current.vintage not in out.vintages:
            continue
        if current.preliminary and not out.vintages[current.vintage].preliminary:
            raise ReleaseError(
                f"{current} would put preliminary figures for {current.vintage} in place of the"
                f" final ones in {table.id}",
                fix=fix.format(table.id),
            )
        if withheld := _withheld(current, table, out):
            raise ReleaseError(
                f"{current} publishes only some figures of {table.id}, which has more of them for"
                f" {current.vintage} already: {withheld}",
                fix=fix.format(table.id),
            )


def _withheld(current: Round, table: TableSpec, out: SafeCube) -> str:
    """What a round does not publish of a table though it is out; empty when there is nothing."""
    limits, year = current.limits, pl.col(TIME) == str(current.vintage)
    figures = out.frame().lazy().filter(year & pl.col("value").is_not_null())
    shown = figures.select(CONTENTS, out.dimensions[0].code).unique().collect()
    measures = set(shown[CONTENTS])
    withheld = [
        measure.code
        for measure in table.measures
        if measure.code in measures and not limits.has_measure(table, measure, current.kind)
    ]
    kinds = {kind_of(region) for region in shown[out.dimensions[0].code]}
    if limits.regions is not None:
        withheld += sorted(kinds.difference(limits.regions))
    return ", ".join(withheld)
