"""What can be said of specs and inputs before anything is published."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import polars as pl

from kostra_publish.codes import regions as codes
from kostra_publish.cube.build import Built, build
from kostra_publish.cube.plan import Plan
from kostra_publish.errors import Finding, SpecError, written
from kostra_publish.microdata.controls import controls
from kostra_publish.microdata.inputs import Counted, Inputs, load_inputs
from kostra_publish.microdata.layouts import FIRST_YEAR, FORM_OF_DATASET, LAST_YEAR
from kostra_publish.nav.documents import check_nav_templates
from kostra_publish.outputs import overview, pages, protection, quality
from kostra_publish.outputs.comparison import page as comparison
from kostra_publish.outputs.quality import CheckResult, InputFacts, MissingReports, RuleCount
from kostra_publish.pages.rendering import check_site_templates
from kostra_publish.quality.assess import assess
from kostra_publish.quality.evidence import Evidence
from kostra_publish.quality.observations import observe
from kostra_publish.releases.rounds import Round
from kostra_publish.specs.catalogue import Catalogue, examine
from kostra_publish.specs.models import TableSpec

_RULE_COLUMNS = pl.Schema(
    {
        "form": pl.String(),
        "year": pl.Int64(),
        "rule": pl.String(),
        "severity": pl.String(),
        "kommune": pl.String(),
        "records": pl.Int64(),
        "text": pl.String(),
    }
)


@dataclass(frozen=True)
class SpecReport:
    """A folder of specs that holds together. ``provisional`` has (table, what, codes)."""

    folder: Path
    catalogue: Catalogue
    provisional: Sequence[tuple[str, str, str]]

    @property
    def tables(self) -> int:
        """How many tables there are."""
        return len(self.catalogue.tables)

    @property
    def measures(self) -> int:
        """How many measures the tables have together."""
        return sum(len(table.measures) for table in self.catalogue.tables.values())

    @property
    def discontinued(self) -> int:
        """How many discontinued tables the catalogue remembers."""
        return len(self.catalogue.discontinued)


def check_specs(folder: Path) -> SpecReport:
    """Check every spec, against every årgang of the forms that it has figures for.

    Raises SpecError with all findings.
    """
    examined = examine(folder)
    findings = dict.fromkeys(examined.findings)
    if examined.catalogue is not None:
        for vintage in range(FIRST_YEAR, LAST_YEAR + 1):
            findings.update(dict.fromkeys(_against_forms(examined.catalogue, vintage)))
    if findings or examined.catalogue is None:
        raise SpecError(list(findings))
    return SpecReport(folder, examined.catalogue, _by_table(examined.catalogue))


def _against_forms(catalogue: Catalogue, vintage: int) -> Iterator[Finding]:
    """What the tables ask for that the forms of an årgang do not have.

    A plan is checked in steps, so tables that pass one are tried again without the others.
    """
    tables = [table for table in catalogue.tables.values() if table.has_vintage(vintage)]
    tried: list[TableSpec] = []
    while tables != tried:
        tried = tables
        try:
            Plan(catalogue, tables, vintage, "june", indicators=catalogue.quality.indicators)
        except SpecError as error:
            yield from error.findings
            wrong = {finding.file for finding in error.findings}
            tables = [one for one in tables if catalogue.documents[one.id].name not in wrong]


def _by_table(catalogue: Catalogue) -> list[tuple[str, str, str]]:
    return [
        (table, what, ", ".join(code for _, _, code in group))
        for (table, what), group in groupby(catalogue.provisional(), key=lambda row: row[:2])
    ]


def check_templates(folder: Path) -> None:
    """Check every template of a release, before there is anything to show in it.

    Raises TemplateError with all findings.
    """
    pages.check(
        folder,
        {
            overview.TEMPLATE: overview.NAMES,
            quality.TEMPLATE: quality.NAMES,
            protection.TEMPLATE: protection.NAMES,
            comparison.TEMPLATE: comparison.NAMES,
        },
    )
    check_site_templates(folder)
    check_nav_templates(folder)


@dataclass(frozen=True)
class InputReport:
    """The inputs of a round: files, who has not reported, control rules broken.

    ``checks`` are the quality checks that need neither earlier rounds nor protected tables.
    """

    files: Sequence[InputFacts]
    missing: Sequence[MissingReports]
    rules: Sequence[RuleCount]
    checks: Sequence[CheckResult]


def check_inputs(catalogue: Catalogue, current: Round, data: str) -> InputReport:
    """Read a round's inputs against their contracts, without building a release.

    Raises MissingDataError or DataError with everything that is wrong.
    """
    tables = published_tables(catalogue, current)
    plan = Plan(
        catalogue,
        tables,
        current.vintage,
        current.kind,
        limits=current.limits,
        indicators=catalogue.quality.indicators,
    )
    inputs = round_inputs(plan, current, data)
    counted = inputs.count(plan.sources, plan.population, plan.queries, with_controls=True)
    built = build(plan, counted.results, counted.statuses, inputs.file_names)
    rules = rule_counts(counted, current.vintage)
    observed = observe(plan, current.name, built, counted, rules)
    evidence = Evidence(observed, rules=rules, indicators=plan.indicators)
    return InputReport(
        files=input_facts(inputs, counted),
        missing=missing_reports(catalogue, built, counted, current.vintage),
        rules=rules,
        checks=[
            one for one in assess(catalogue.quality.checks, evidence) if one.passed is not None
        ],
    )


def published_tables(catalogue: Catalogue, current: Round) -> list[TableSpec]:
    """The tables that a round publishes, in the order of the catalogue."""
    return [table for table in catalogue.tables.values() if current.publishes(table)]


def coming_tables(plan: Plan) -> list[TableSpec]:
    """The tables that other rounds of the plan's vintage publish, from the same datasets.

    They may be out already, or come later: what is shown now must not give them away.
    """
    datasets, own = set(plan.datasets), {table.id for table in plan.tables}
    others = [
        table
        for table in plan.catalogue.tables.values()
        if table.has_vintage(plan.vintage) and table.rounds and table.id not in own
    ]
    return [table for table in others if set(replace(plan, tables=[table]).datasets) <= datasets]


def round_inputs(
    plan: Plan, current: Round, data: str, files: Collection[str] | None = None
) -> Inputs:
    """The newest files that had been delivered when the round was published.

    ``files`` names those to read instead.
    """
    day = current.published_at.date()
    return load_inputs(data, plan.datasets, current.vintage, day, files)


def input_facts(inputs: Inputs, counted: Counted) -> tuple[InputFacts, ...]:
    """Each file that was read: name, version, SHA-256, rows."""
    return tuple(
        InputFacts(file.name, file.version, file.sha256, counted.rows[file.dataset])
        for file in inputs.files
    )


def missing_reports(
    catalogue: Catalogue, built: Built, counted: Counted, vintage: int
) -> tuple[MissingReports, ...]:
    """Who has not reported, by dataset."""
    names: Mapping[str, str] = dict(codes.kommuner(vintage).select("kommune", "navn").iter_rows())
    skjema = {source.dataset: source.skjema.nb for source in catalogue.sources.values()}
    return tuple(
        MissingReports(
            skjema=skjema[dataset],
            vintage=vintage,
            expected=len(names),
            missing=tuple((kommune, names[kommune]) for kommune in missing),
            none=_none_to_report(counted, dataset),
        )
        for dataset, missing in built.missing.items()
    )


def _none_to_report(counted: Counted, dataset: str) -> int:
    if counted.statuses is None:
        return 0
    none = (pl.col("SKJEMA") == dataset) & (pl.col("STATUS") == "ingen")
    return counted.statuses.filter(none)["KOMMUNE_NR"].n_unique()


def rule_counts(counted: Counted, vintage: int) -> tuple[RuleCount, ...]:
    """The control rules that records break, most records first within a form."""
    return tuple(
        counts
        for dataset, broken in counted.controls.items()
        for counts in _of_form(FORM_OF_DATASET[dataset], broken, vintage)
    )


def write_rules(rules: Sequence[RuleCount], path: Path) -> None:
    """Write a CSV with a row for each control rule and kommune whose records break it.

    Columns: form, year, rule, severity, kommune, name, records, text; sorted as ``rules`` are,
    and by kommune. Raises ReleaseError when it cannot be written.
    """
    rows = [
        (one.skjema, one.vintage, one.rule, one.severity, kommune, count, one.text)
        for one in rules
        for kommune, count in sorted(one.kommuner)
    ]
    names = pl.concat(
        codes.kommuner(vintage).select(
            pl.lit(vintage, pl.Int64).alias("year"), "kommune", name="navn"
        )
        for vintage in range(codes.FIRST_YEAR, codes.LAST_YEAR + 1)
    )
    counted = pl.DataFrame(rows, schema=_RULE_COLUMNS, orient="row")
    table = counted.join(names, on=["year", "kommune"], how="left", maintain_order="left")
    ordered = table.select(*list(_RULE_COLUMNS)[:5], "name", "records", "text")
    with written(f"cannot write {path}", fix="Name another file with --rules-out."):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ordered.write_csv(separator=";"), encoding="utf-8")


def _of_form(form: str, broken: pl.DataFrame, vintage: int) -> list[RuleCount]:
    found = []
    for (rule,), rows in broken.filter(pl.col("count") > 0).group_by("rule"):
        meaning = controls(form, vintage)[str(rule)]
        by_kommune = rows.sort(["count", "KOMMUNE_NR"], descending=[True, False])
        found.append(
            RuleCount(
                skjema=form,
                vintage=vintage,
                rule=str(rule),
                severity=meaning.severity,
                text=meaning.summary,
                records=int(rows["count"].sum()),
                kommuner=tuple(by_kommune.select("KOMMUNE_NR", "count").iter_rows()),
            )
        )
    return sorted(found, key=lambda counts: (-counts.records, counts.rule))
