"""What to build, and what must be asked of microdata for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl

from kostra_publish.cube.atoms import AtomKey, Compiler, LinearForm, Quotient
from kostra_publish.cube.conditions import problems, where_expression
from kostra_publish.cube.contributors import Contributors
from kostra_publish.cube.sums import Parts, is_amount, related
from kostra_publish.cube.tally import Grouping, query
from kostra_publish.errors import Finding, SpecError
from kostra_publish.microdata.layouts import FIRST_YEAR, LAST_YEAR
from kostra_publish.microdata.variables import Variable, variables
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.files import QUALITY
from kostra_publish.specs.limits import WHOLE, Limits
from kostra_publish.specs.models import Measure, RoundKind, Sum, TableSpec, Where
from kostra_publish.specs.quality import Indicator

POPULATION = "befolkning"


@dataclass(frozen=True)
class Plan:
    """The tables of one vintage, compiled to atoms.

    ``carried`` tells, per table, the earlier vintages that the release will carry, so that
    former regions get their place and name. ``coming`` are tables that other rounds of the
    vintage publish: what is shown now must not give them away. ``limits`` tells what the round
    publishes of its tables. ``indicators`` are the figures of single kommuner that the quality
    report looks at. Raises SpecError when a spec names a variable or a code that its source
    does not have.
    """

    catalogue: Catalogue
    tables: Sequence[TableSpec]
    vintage: int
    round_kind: RoundKind
    carried: Mapping[str, frozenset[int]] = field(default_factory=dict)
    coming: Sequence[TableSpec] = ()
    limits: Limits = WHOLE
    indicators: Mapping[str, Indicator] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every variable and code before anything is read."""
        if findings := [*_population_findings(self), *_findings(self)]:
            raise SpecError(findings)
        if findings := [*_ungrouped_dominance(self)]:
            raise SpecError(findings)
        if findings := [*_split_amounts(self)]:
            raise SpecError(findings)

    @property
    def every(self) -> tuple[TableSpec, ...]:
        """The tables of the round, and those that are coming."""
        return (*self.tables, *self.coming)

    def publishes(self, table: TableSpec, measure: Measure) -> bool:
        """Whether this round publishes a measure."""
        return self.limits.has_measure(table, measure, self.round_kind)

    def is_published(self, table: TableSpec, measure: Measure) -> bool:
        """Whether any round does: this one, or one of before or to come."""
        return bool(table.rounds_of(measure)) or self.publishes(table, measure)

    @cached_property
    def compiler(self) -> Compiler:
        """Holds the conditions of every atom."""
        return Compiler(self.catalogue)

    @cached_property
    def quotients(self) -> dict[str, dict[str, Quotient]]:
        """By table and contents code: the measures that this vintage has."""
        return {
            table.id: {
                quotient.measure.code: quotient
                for quotient in self.compiler.quotients(table, self.vintage)
            }
            for table in self.every
        }

    @cached_property
    def groupings(self) -> dict[tuple[str, ...], tuple[Grouping, list[AtomKey]]]:
        """The distinct atoms, by the source and the dimensions that split them."""
        found: dict[tuple[str, ...], tuple[Grouping, dict[AtomKey, None]]] = {}
        for table in self.every:
            for quotient in self.quotients[table.id].values():
                for atom in quotient.atoms:
                    grouping = grouping_of(table, atom)
                    found.setdefault(grouping.name, (grouping, {}))[1][atom] = None
        whole = [atom for parts in self.amounts.values() for atom in parts]
        whole += [atom for form in self.indicator_forms.values() for _, atom in form]
        for atom in whole:
            grouping = Grouping(atom.source)
            found.setdefault(grouping.name, (grouping, {}))[1][atom] = None
        return {name: (grouping, list(atoms)) for name, (grouping, atoms) in found.items()}

    @cached_property
    def indicator_forms(self) -> dict[str, LinearForm]:
        """The indicators that can be worked out of what the tables are made of, by name.

        A round is not held up for want of a dataset that only an indicator needs.
        """
        read = {POPULATION, *self.counted_from}
        forms = {
            name: self.compiler.of_kommuner(indicator.term)
            for name, indicator in self.indicators.items()
        }
        return {
            name: form
            for name, form in forms.items()
            if all(self.dataset(atom.source) in read for _, atom in form)
        }

    @cached_property
    def _of_tables(self) -> list[AtomKey]:
        """The atoms of every measure."""
        return [
            atom
            for measures in self.quotients.values()
            for quotient in measures.values()
            for atom in quotient.atoms
        ]

    @property
    def counted_from(self) -> frozenset[str]:
        """The datasets that the figures of the tables are counted from."""
        return frozenset(self.dataset(atom.source) for atom in self._of_tables)

    @cached_property
    def amounts(self) -> dict[AtomKey, Parts]:
        """The amounts that are sums of each other, for disclosure control."""
        atoms = self._of_tables
        known = {atom.source: self.variables(atom.source) for atom in atoms}
        return related(atoms, known, self.dominance)

    @cached_property
    def dominance(self) -> dict[AtomKey, float]:
        """The sums that the dominance rule is for, each with its strictest p."""
        found: dict[AtomKey, float] = {}
        for table in self.tables:
            rule = table.disclosure.dominance
            for quotient in self.quotients[table.id].values() if rule else ():
                if rule and isinstance(quotient.measure.formula, Sum):
                    for atom in filter(is_amount, quotient.atoms):
                        found[atom] = max(found.get(atom, 0), rule.p)
        return found

    @cached_property
    def contributors(self) -> Contributors:
        """The sets of persons behind the figures, for disclosure control."""
        return Contributors(self)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The sources that are needed, sorted; befolkning always is."""
        return tuple(sorted({POPULATION, *(name[0] for name in self.groupings)}))

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that are needed, sorted."""
        return tuple(sorted({self.dataset(source) for source in self.sources}))

    @cached_property
    def counted_apart(self) -> tuple[str, ...]:
        """The datasets whose own rows no grouping by unit alone has counted already."""
        return tuple(name for name in self.datasets if (name,) not in self.groupings)

    def dataset(self, source: str) -> str:
        """The dataset that a source rests on."""
        return self.catalogue.sources[source].dataset

    def variables(self, source: str) -> Mapping[str, Variable]:
        """The variables of a source in this vintage."""
        return variables(source, self.vintage)

    def population(self, source: str) -> pl.Expr:
        """Which units of the source's dataset are in the population, as an expression."""
        where = self.catalogue.sources[source].population
        return where_expression(where, self.variables(self.dataset(source)))

    def queries(self, frames: Mapping[str, pl.LazyFrame]) -> list[pl.LazyFrame]:
        """The lazy queries behind the cubes.

        One per grouping, those of ``contributors``, one per dataset in ``counted_apart`` for
        who has rows, and one for the inhabitants.
        ``frames`` holds each source's validated units; see ``build`` for the results.
        """
        tallies = [
            query(
                frames[grouping.source],
                grouping,
                atoms,
                self.compiler,
                self.variables(grouping.source),
                self.dominance,
            )
            for grouping, atoms in self.groupings.values()
        ]
        rows = [_rows(frames[dataset]) for dataset in self.counted_apart]
        inhabitants = pl.col("PERSONER").cast(pl.Int64).sum()
        people = frames[POPULATION].group_by("KOMMUNE_NR").agg(inhabitants).sort("KOMMUNE_NR")
        return [*tallies, *self.contributors.queries(frames), *rows, people]


def grouping_of(table: TableSpec, atom: AtomKey) -> Grouping:
    """How ``atom`` is split in ``table``."""
    return Grouping(atom.source, tuple(table.dimensions) if atom.grouped else ())


def _rows(frame: pl.LazyFrame) -> pl.LazyFrame:
    columns = frame.collect_schema().names()
    units = [name for name in ("KOMMUNE_NR", "BYDELSNR") if name in columns]
    return frame.select(units).unique().sort(units)


# --- references into microdata ---------------------------------------------------


def _population_findings(plan: Plan) -> Iterator[Finding]:
    document = plan.catalogue.documents["sources.yaml"]
    for name in plan.catalogue.sources:
        source = plan.catalogue.sources[name]
        known = plan.variables(source.dataset)
        for variable, rule, fix in problems(source.population, known):
            place = ("sources", name, "population", variable)
            yield document.finding(place, rule, fix)


def _findings(plan: Plan) -> Iterator[Finding]:
    for table in plan.every:
        document = plan.catalogue.documents[table.id]
        for place, rule, fix in (
            *_dimension_problems(plan, table),
            *_measure_problems(plan, table),
        ):
            yield document.finding(place, rule, fix)
    for name, form in plan.indicator_forms.items():
        document = plan.catalogue.documents[QUALITY]
        for place, rule, fix in _atom_problems(plan, [atom for _, atom in form]):
            yield document.finding(("indicators", name, "term", *place), rule, fix)


def _ungrouped_dominance(plan: Plan) -> Iterator[Finding]:
    """The dominance rule looks at sums by region only, and at some sum at least."""
    for table in plan.tables:
        if table.disclosure.dominance is None:
            continue
        quotients = plan.quotients[table.id].values()
        ruled = [atom for one in quotients for atom in one.atoms if atom in plan.dominance]
        if not ruled or any(atom.grouped for atom in ruled):
            rule = "the dominance rule is for sums of amounts that no dimension splits"
            fix = "Leave it out, or take the dimensions away."
            yield plan.catalogue.documents[table.id].finding(("disclosure", "dominance"), rule, fix)


def _split_amounts(plan: Plan) -> Iterator[Finding]:
    """Amounts that are sums of each other are kept from being worked out as totals only."""
    split = [atom for atom in plan.amounts if atom.grouped]
    for table in plan.every if split else ():
        for number, measure in enumerate(table.measures):
            quotient = plan.quotients[table.id].get(measure.code)
            if quotient and any(atom in split for atom in quotient.atoms):
                rule = "an amount and the parts of it are split by the same dimensions"
                fix = "Leave out the parts, or take the dimensions away."
                document = plan.catalogue.documents[table.id]
                yield document.finding(("measures", number, "formula"), rule, fix)


Problem = tuple[tuple[str | int, ...], str, str]


def _dimension_problems(plan: Plan, table: TableSpec) -> Iterator[Problem]:
    known = of_any_year(table.source, plan.variables(table.source))
    for number, dimension in enumerate(table.dimensions):
        place = ("dimensions", number, "categories")
        for category in plan.catalogue.categories(dimension):
            where: Where = {dimension.variable: category.values or (category.code,)}
            for _, rule, fix in problems(where, known):
                yield place, f"category {category.code}: {rule}", fix


def of_any_year(source: str, known: Mapping[str, Variable]) -> dict[str, Variable]:
    """The variables with the codes of every year: a spec spans years, a category need not."""
    years = [variables(source, year) for year in range(FIRST_YEAR, LAST_YEAR + 1)]
    return {
        name: replace(
            variable,
            codes={
                code: label
                for of_year in years
                if name in of_year
                for code, label in of_year[name].codes.items()
            },
        )
        for name, variable in known.items()
    }


def _measure_problems(plan: Plan, table: TableSpec) -> Iterator[Problem]:
    numbers = {measure.code: number for number, measure in enumerate(table.measures)}
    for code, quotient in plan.quotients[table.id].items():
        for place, rule, fix in _atom_problems(plan, quotient.atoms):
            yield ("measures", numbers[code], "formula", *place), rule, fix


def _atom_problems(plan: Plan, atoms: Sequence[AtomKey]) -> Iterator[Problem]:
    for atom in atoms:
        known = plan.variables(atom.source)
        _, where = plan.compiler.conditions[atom.where]
        for variable, rule, fix in problems(where, known):
            yield ("where", variable), rule, fix
        if atom.of is not None and atom.of not in known:
            fix = f"The variables are {', '.join(sorted(known))}."
            yield ("of",), f"there is no variable {atom.of} in {atom.source}", fix
