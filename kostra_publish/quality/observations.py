"""What is observed of a round: figures by kommune, who has reported, control rules broken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
from pydantic import TypeAdapter

from kostra_publish.codes import regions as codes
from kostra_publish.cube.build import Built
from kostra_publish.cube.plan import POPULATION, Plan
from kostra_publish.cube.reports import NONE_TO_REPORT
from kostra_publish.microdata.inputs import Counted
from kostra_publish.outputs.quality import RuleCount
from kostra_publish.specs.models import Model, RoundKind, Where

Figures = Mapping[str, float]
"""By kommune; one that has not reported is not in it."""

_WHERE: TypeAdapter[Where] = TypeAdapter(Where)


class Definition(Model):
    """What an indicator was when it was observed."""

    datasets: tuple[str, ...]
    """What it rests on."""
    sha256: str
    """Differs where terms, populations or conditions do: then figures do not compare."""


class Reporting(Model):
    """Who has reported a dataset."""

    skjema: str
    """The form, as readers know it."""
    expected: int
    """How many kommuner should report."""
    missing: tuple[str, ...]
    """The kommuner that have not."""
    none: tuple[str, ...] = ()
    """The kommuner that reported that they had nobody."""

    @property
    def percent(self) -> float:
        """The share of the kommuner that have reported."""
        return 100 * (self.expected - len(self.missing)) / self.expected


@dataclass(frozen=True, repr=False)
class Observations:
    """One round as it was observed: true figures, for internal use.

    ``figures`` has each indicator by kommune, ``reports`` and ``records`` are by dataset (who
    has reported, and how many records there are), ``rules`` says how many records break each
    control rule, by form and rule (``11F 036``).
    """

    round: str
    vintage: int
    kind: RoundKind
    figures: Mapping[str, Figures] = field(default_factory=dict)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    reports: Mapping[str, Reporting] = field(default_factory=dict)
    records: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    manifest_sha256: str | None = None
    """That of the release it was read from; None for the round being made."""

    def __repr__(self) -> str:
        return f"Observations({self.round})"


def observe(
    plan: Plan, round_name: str, built: Built, counted: Counted, rules: Sequence[RuleCount]
) -> Observations:
    """What the round being made looks like."""
    return Observations(
        round=round_name,
        vintage=plan.vintage,
        kind=plan.round_kind,
        figures=_figures(built.indicators),
        definitions={name: _definition(plan, name) for name in plan.indicator_forms},
        reports=_reports(plan, built, counted.statuses),
        records=dict(counted.rows),
        rules={f"{one.skjema} {one.rule}": one.records for one in rules},
    )


def _figures(indicators: pl.DataFrame) -> dict[str, Figures]:
    kommuner = indicators["kommune"].to_list()
    return {
        column.name: {
            kommune: value
            for kommune, value in zip(kommuner, column.to_list(), strict=True)
            if value is not None
        }
        for column in indicators.drop("kommune").get_columns()
    }


def _definition(plan: Plan, name: str) -> Definition:
    parts = [
        (factor, atom.source, atom.of, *map(_dumped, plan.compiler.conditions[atom.where]))
        for factor, atom in plan.indicator_forms[name]
    ]
    datasets = sorted({plan.dataset(atom.source) for _, atom in plan.indicator_forms[name]})
    unit = plan.indicators[name].unit
    text = json.dumps([unit, datasets, parts], sort_keys=True, ensure_ascii=False)
    return Definition(datasets=tuple(datasets), sha256=hashlib.sha256(text.encode()).hexdigest())


def _dumped(where: Where) -> object:
    return _WHERE.dump_python(where, mode="json")


def _reports(plan: Plan, built: Built, statuses: pl.DataFrame | None) -> dict[str, Reporting]:
    expected = len(codes.kommuner(plan.vintage))
    skjema = {source.dataset: source.skjema.nb for source in plan.catalogue.sources.values()}
    return {
        dataset: Reporting(
            skjema=skjema[dataset],
            expected=expected,
            missing=tuple(missing),
            none=_none_to_report(dataset, statuses),
        )
        for dataset, missing in built.missing.items()
        if dataset != POPULATION
    }


def _none_to_report(dataset: str, statuses: pl.DataFrame | None) -> tuple[str, ...]:
    """Kommuner all of whose units reported that they had nobody."""
    if statuses is None:
        return ()
    none = (
        statuses.filter(pl.col("SKJEMA") == dataset)
        .group_by("KOMMUNE_NR")
        .agg((pl.col("STATUS") == NONE_TO_REPORT).all().alias("none"))
        .filter("none")
    )
    return tuple(sorted(none["KOMMUNE_NR"].to_list()))
