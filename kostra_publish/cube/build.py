"""From validated microdata to true cubes: one vintage of every table at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kostra_publish.codes import regions as codes
from kostra_publish.cube import aggregate, estimates
from kostra_publish.cube.aggregate import Cells, Part, Scheme
from kostra_publish.cube.atoms import AtomKey, Quotient
from kostra_publish.cube.conditions import in_use
from kostra_publish.cube.contributors import Counts, Population
from kostra_publish.cube.cube import Cube, State
from kostra_publish.cube.dimensions import BYDEL_KINDS, table_dimensions
from kostra_publish.cube.dominance import dominated
from kostra_publish.cube.indicators import by_kommune
from kostra_publish.cube.notes import MissingReports, part_note, report_notes
from kostra_publish.cube.plan import POPULATION, Plan, grouping_of
from kostra_publish.cube.regions import Region, Units, membership, table_regions
from kostra_publish.cube.reports import Reports, reports
from kostra_publish.cube.tally import Layout, Tally
from kostra_publish.errors import DataError, Finding
from kostra_publish.specs.models import (
    Category,
    Dimension,
    Measure,
    MissingRule,
    Note,
    RegionKind,
    TableSpec,
)

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

SINGLE_KINDS = frozenset({"kommune", "bydel"})


@dataclass(frozen=True, repr=False)
class Built:
    """The cubes in the plan's order, and what else is known of them.

    ``complete`` are the cubes of ``plan.every`` with what other rounds of the vintage publish.
    ``units`` are the smallest regions with data; ``missing`` has, by dataset, the kommuner that
    have not reported; ``frames`` how each table adds up; ``counts`` the persons behind the
    figures and ``tallies`` the sums, both by unit. ``indicators`` has the figures of each
    kommune, see ``indicators.by_kommune``: true ones, for the quality report alone.
    """

    cubes: list[Cube]
    complete: list[Cube]
    units: Units
    missing: Mapping[str, list[str]]
    frames: Mapping[str, Frame]
    counts: Mapping[Population, Counts]
    tallies: Mapping[tuple[str, ...], Tally]
    indicators: pl.DataFrame


@dataclass(frozen=True)
class Frame:
    """The regions of a table, and by source how they add up over units."""

    regions: Sequence[Region]
    schemes: Mapping[str, Scheme]


def build(
    plan: Plan,
    results: Sequence[pl.DataFrame],
    statuses: pl.DataFrame | None,
    files: Mapping[str, str],
) -> Built:
    """The cubes of ``plan.tables`` from the results of ``plan.queries``.

    ``statuses`` is innrapportering where it is given (SKJEMA, KOMMUNE_NR, BYDELSNR, STATUS);
    ``files`` names each dataset's file, for messages. Raises DataError when reports and
    rows contradict each other, or when a kommune has no inhabitants.
    """
    ground = _Ground(plan, results, statuses, files)
    builders = [_TableBuilder(ground, table) for table in plan.every]
    complete = [builder.cube(whole=True) for builder in builders]
    own = builders[: len(plan.tables)]
    cubes = [builder.cube() for builder in own]
    counted = {
        (builder.table.id, atom): part.contributors
        for builder in builders
        for atom, part in builder.parts.items()
        if atom.persons != "none"
    }
    return Built(
        cubes=cubes,
        complete=complete,
        units=ground.units,
        missing={name: report.missing for name, report in ground.reports.items()},
        frames={builder.table.id: builder.frame() for builder in builders},
        counts=plan.contributors.counts(ground.block_results, ground.units, counted),
        tallies=ground.tallies,
        indicators=by_kommune(plan, ground.tallies, ground.reports),
    )


class _Ground:
    """What the tables of a vintage share while they are built."""

    def __init__(
        self,
        plan: Plan,
        results: Sequence[pl.DataFrame],
        statuses: pl.DataFrame | None,
        files: Mapping[str, str],
    ) -> None:
        groupings = len(plan.groupings)
        self.plan = plan
        self.units = Units.of(plan.vintage)
        self.kommuner = codes.kommuner(plan.vintage)
        self.tallies = {
            name: Tally(frame, {atom: number for number, atom in enumerate(atoms)}, self.units)
            for (name, (_, atoms)), frame in zip(
                plan.groupings.items(), results[:groupings], strict=True
            )
        }
        first_apart = len(results) - 1 - len(plan.counted_apart)
        self.block_results = results[groupings:first_apart]
        apart = dict(zip(plan.counted_apart, results[first_apart:-1], strict=True))
        rows = {
            dataset: apart[dataset] if dataset in apart else self.tallies[dataset,].frame
            for dataset in plan.datasets
        }
        self.population = self._inhabitants(results[-1], files[POPULATION])
        self.reports = self._reports(rows, statuses, files)

    def _inhabitants(self, population: pl.DataFrame, file: str) -> Array:
        joined = self.kommuner.join(
            population, left_on="kommune", right_on="KOMMUNE_NR", how="left", maintain_order="left"
        )
        lacking = joined.filter(pl.col("PERSONER").fill_null(0) <= 0)["kommune"].to_list()
        if lacking:
            rule = "a kommune of the year has no inhabitants"
            fix = "Deliver befolkning with every kommune of the year."
            raise DataError(
                [Finding(file, f"kommune {code}", "KOMMUNE_NR", rule, fix) for code in lacking]
            )
        inhabitants: Array = np.array(joined["PERSONER"].to_list(), dtype=np.float64)
        return inhabitants

    def _reports(
        self,
        rows: Mapping[str, pl.DataFrame],
        statuses: pl.DataFrame | None,
        files: Mapping[str, str],
    ) -> dict[str, Reports]:
        found: dict[str, Reports] = {}
        findings: list[Finding] = []
        for dataset, units_with_rows in rows.items():
            own = statuses.filter(pl.col("SKJEMA") == dataset) if statuses is not None else None
            declared = None if own is None or own.is_empty() else own
            try:
                found[dataset] = reports(
                    dataset, files[dataset], self.units, units_with_rows, declared
                )
            except DataError as error:
                findings.extend(error.findings)
        if findings:
            raise DataError(findings)
        return found

    @cached_property
    def kommune_of_unit(self) -> Integers:
        """The place among the kommuner of the one that each unit belongs to."""
        places = {kommune: n for n, kommune in enumerate(self.kommuner["kommune"])}
        return np.array([places[kommune] for kommune in self.units.kommune], dtype=np.int64)

    @cached_property
    def own_unit(self) -> Integers:
        """The place among the units of each kommune's own."""
        own = [self.units.index[kommune, None] for kommune in self.kommuner["kommune"]]
        return np.array(own, dtype=np.int64)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The name of each kommune."""
        return dict(self.kommuner.select("kommune", "navn").iter_rows())

    @cached_property
    def stratum(self) -> Integers:
        """The KOSTRA group of each kommune, as a number."""
        return self.kommuner["kostragruppe"].rank("dense").cast(pl.Int64).to_numpy()

    @cached_property
    def outside_oslo(self) -> NDArray[np.bool_]:
        """Which kommuner are not Oslo."""
        return (self.kommuner["kommune"] != codes.OSLO).to_numpy()

    def place(self, table: TableSpec) -> _Place:
        """The regions of a table; tables with the same ones share them."""
        carried = self.plan.carried.get(table.id, frozenset())
        key = (tuple(table.regions), carried, table.missing)
        if key not in self._places:
            self._places[key] = _Place(self, *key)
        return self._places[key]

    @cached_property
    def _places(self) -> dict[tuple[object, ...], _Place]:
        return {}


@dataclass(frozen=True, eq=False)
class _Place:
    """Regions of some kinds, those of earlier vintages too, and how they add up."""

    ground: _Ground
    kinds: tuple[RegionKind, ...]
    carried: frozenset[int]
    missing: MissingRule

    @cached_property
    def regions(self) -> list[Region]:
        plan = self.ground.plan
        return table_regions(self.kinds, self.carried, plan.vintage, plan.catalogue.texts)

    @cached_property
    def membership(self) -> Array:
        return membership(self.ground.plan.vintage, self.regions, self.ground.units)

    @cached_property
    def single(self) -> NDArray[np.bool_]:
        return np.array([region.kind in SINGLE_KINDS for region in self.regions])

    @cached_property
    def withheld(self) -> NDArray[np.bool_]:
        """Regions that the round does not publish."""
        limits = self.ground.plan.limits
        return np.array([not limits.has_region(region.kind) for region in self.regions])

    @cached_property
    def absent(self) -> NDArray[np.bool_]:
        """Regions that do not exist in this vintage."""
        return np.asarray(self.membership.sum(axis=1) == 0)

    def scheme(self, source: str) -> Scheme:
        """How a source adds up over the regions."""
        catalogue = self.ground.plan.catalogue
        dataset = catalogue.sources[source].dataset
        if catalogue.sources[source].national_only:
            return self._national(self.ground.reports[dataset])
        if dataset not in self._schemes:
            self._schemes[dataset] = self._regional(self.ground.reports[dataset])
        return self._schemes[dataset]

    @cached_property
    def _schemes(self) -> dict[str, Scheme]:
        return {}

    def _national(self, report: Reports) -> Scheme:
        """Persons counted once in the country: one unit, the sum of those who reported."""
        whole = np.ones((len(self.regions), 1))
        nobody = np.full(len(self.regions), not report.reported.any())
        return Scheme(whole, whole, nobody, np.zeros(len(self.regions), dtype=bool))

    def _regional(self, report: Reports) -> Scheme:
        by_kommune = self._of_kommuner(report)
        bydel_rows = np.array([region.kind in BYDEL_KINDS for region in self.regions])
        if not bydel_rows.any():
            return by_kommune
        reported = self.membership * report.units
        lacking = (self.membership * ~report.units)[:, self.ground.units.bydel_units].sum(axis=1)
        absent = self.absent if report.by_bydel else np.ones_like(self.absent)
        of_bydeler = Scheme(reported, reported, lacking > 0, absent)
        return _choose(bydel_rows, of_bydeler, by_kommune)

    def _of_kommuner(self, report: Reports) -> Scheme:
        ground = self.ground
        of_kommuner = self.membership[:, ground.own_unit]
        if self.missing == "estimate":
            weights = estimates.estimated(
                of_kommuner,
                ground.population,
                ground.stratum,
                report.reported,
                ground.outside_oslo,
                ground.plan.catalogue.texts.estimation,
            )
        else:
            weights = estimates.summed(of_kommuner, ground.population, report.reported)
        return aggregate.scheme_of_kommuner(
            weights, of_kommuner, ground.kommune_of_unit, report.reported
        )


@dataclass
class _TableBuilder:
    ground: _Ground
    table: TableSpec
    parts: dict[AtomKey, Part] = field(default_factory=dict)

    def cube(self, *, whole: bool = False) -> Cube:
        """The table in the plan's vintage, dense, with what the round publishes.

        Figures of other rounds are missing, unless the ``whole`` table is asked for.
        """
        cells = aggregate.stack(
            [self._cells(measure, whole=whole) for measure in self.table.measures]
        )
        return Cube(
            table=self.table,
            vintage=self.ground.plan.vintage,
            dimensions=table_dimensions(self.ground.plan, self.table, self.place.regions),
            value=cells.value,
            contributors=cells.contributors,
            state=cells.state,
            notes=tuple(self._notes()),
            dominated=self._dominated(),
            estimated=self._estimated(),
        )

    # --- the frame of the table ---------------------------------------------------

    def frame(self) -> Frame:
        """How the table's regions add up, for every source with persons in it."""
        populations = self.ground.plan.contributors.populations_of(self.table)
        sources = dict.fromkeys(population.source for population in populations)
        return Frame(self.place.regions, {source: self.place.scheme(source) for source in sources})

    @cached_property
    def place(self) -> _Place:
        return self.ground.place(self.table)

    @cached_property
    def splits(self) -> list[tuple[Dimension, tuple[Category, ...]]]:
        categories = self.ground.plan.catalogue.categories
        return [(dimension, categories(dimension)) for dimension in self.table.dimensions]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.place.regions), *(len(members) for _, members in self.splits))

    # --- figures ------------------------------------------------------------------

    def _cells(self, measure: Measure, *, whole: bool) -> Cells:
        plan = self.ground.plan
        quotient = plan.quotients[self.table.id].get(measure.code)
        if quotient is None:
            return aggregate.empty(self.shape, self.place.absent, State.NOT_APPLICABLE)
        published = plan.is_published if whole else plan.publishes
        if not published(self.table, measure):
            return aggregate.empty(self.shape, self.place.absent, State.MISSING)
        if measure.code not in self._measured:
            self._measured[measure.code] = self._measure(quotient)
        cells = self._measured[measure.code]
        return cells if whole else aggregate.withheld(cells, self.place.withheld)

    @cached_property
    def _measured(self) -> dict[str, Cells]:
        return {}

    def _measure(self, quotient: Quotient) -> Cells:
        for atom in quotient.atoms:
            if atom not in self.parts:
                self.parts[atom] = self._part(atom)
        cells = aggregate.measure(quotient, self.parts, self.shape, self.place.single)
        return aggregate.without(cells, self.unused)

    def _dominated(self) -> NDArray[np.bool_] | None:
        """Which cells rest on a dominated sum, in the cube's order; None where no rule asks."""
        plan = self.ground.plan
        ruled = [
            (place, atom)
            for place, measure in enumerate(self.table.measures)
            if (quotient := plan.quotients[self.table.id].get(measure.code)) is not None
            for atom in quotient.atoms
            if atom in plan.dominance and atom in self.parts
        ]
        found = np.zeros((*self.shape, len(self.table.measures)), dtype=np.bool_)
        for place, atom in ruled:
            part = self.parts[atom]
            largest = self.ground.tallies[grouping_of(self.table, atom).name].largest(atom)
            members = csr_array(part.scheme.members)
            flags = dominated(members, part.value, largest, plan.dominance[atom])
            found[..., place] |= flags.reshape(-1, *(1 for _ in self.splits))
        return found.reshape(-1) if ruled else None

    @cached_property
    def unused(self) -> NDArray[np.bool_]:
        """Cells of categories whose codes are not in use in this vintage."""
        known = self.ground.plan.variables(self.table.source)
        result = np.zeros(self.shape, dtype=bool)
        for axis, (dimension, members) in enumerate(self.splits, start=1):
            codes_in_use = known[dimension.variable].codes
            for position, category in enumerate(members):
                if codes_in_use and not in_use(category, codes_in_use):
                    np.moveaxis(result, axis, 0)[position] = True
        return result

    def _part(self, atom: AtomKey) -> Part:
        ground = self.ground
        name = grouping_of(self.table, atom).name
        tally = ground.tallies[name]
        if name not in self._layouts:
            splits = self.splits if atom.grouped else []
            self._layouts[name] = tally.layout(splits, ground.plan.variables(atom.source))
        value, contributors = tally.arrays(atom, self._layouts[name])
        return Part(value, contributors, self.place.scheme(atom.source))

    @cached_property
    def _layouts(self) -> dict[tuple[str, ...], Layout]:
        return {}

    # --- reports ------------------------------------------------------------------

    @cached_property
    def _reports(self) -> dict[str, Reports]:
        """By source: who has reported its dataset, each dataset once."""
        plan = self.ground.plan
        atoms = (atom for one in plan.quotients[self.table.id].values() for atom in one.atoms)
        by_dataset = {plan.dataset(atom.source): atom.source for atom in atoms}
        return {name: self.ground.reports[dataset] for dataset, name in by_dataset.items()}

    def _estimated(self) -> dict[str, float]:
        """Per cent of inhabitants in estimated kommuner, of the form that lacks most, by region."""
        if self.table.missing != "estimate":
            return {}
        of_kommuner = self.place.membership[:, self.ground.own_unit]
        most = np.zeros(len(self.place.regions))
        for source, report in self._reports.items():
            share = estimates.missing_share(of_kommuner, self.ground.population, report.reported)
            most = np.maximum(most, np.where(self.place.scheme(source).missing, 0, share))
        return {
            region.code: 100 * float(share)
            for region, share in zip(self.place.regions, most, strict=True)
            if share > 0 and region.kind not in SINGLE_KINDS | BYDEL_KINDS
        }

    def _notes(self) -> Iterator[Note]:
        plan = self.ground.plan
        if plan.limits.regions is not None or self.table.id in plan.limits.measures:
            yield part_note(plan.vintage, plan.catalogue.texts)
        inhabitants = self.ground.population.sum()
        missing: dict[str, MissingReports] = {}
        for name, report in self._reports.items():
            source = plan.catalogue.sources[name]
            share = self.ground.population[~report.reported].sum() / inhabitants
            missing[source.dataset] = MissingReports(
                source.skjema, report.missing, 100 * float(share)
            )
        yield from report_notes(
            self.table,
            plan.vintage,
            list(missing.values()),
            self.ground.names,
            plan.catalogue.texts,
        )


def _choose(rows: NDArray[np.bool_], yes: Scheme, no: Scheme) -> Scheme:
    """Region by region: ``yes`` where ``rows`` says so, else ``no``."""
    wide = rows[:, None]
    return Scheme(
        np.where(wide, yes.weights, no.weights),
        np.where(wide, yes.members, no.members),
        np.where(rows, yes.missing, no.missing),
        np.where(rows, yes.absent, no.absent),
        donors=no.donors,
        leans=None if no.leans is None else np.where(wide, 0.0, no.leans),
    )
