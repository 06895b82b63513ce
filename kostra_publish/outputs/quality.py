"""The quality report of a round: for the statistician, never published.

It says what the checks found, what the round was made of, who has not reported, which control
rules were broken and how many figures each table could not show. It knows no microdata: those
who read them fill in ``QualityFacts``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import polars as pl
from pydantic import TypeAdapter

from kostra_publish.disclosure.safe import MISSING, NOT_APPLICABLE, SUPPRESSED, SafeCube, only_safe
from kostra_publish.outputs.charts import Chart, draw
from kostra_publish.outputs.norwegian import number
from kostra_publish.outputs.pages import page
from kostra_publish.releases.verdict import REPORT, CheckVerdict, QualityVerdict
from kostra_publish.specs.dimensions import TIME
from kostra_publish.specs.quality import Severity

PAGE: Final = REPORT.replace(".json", ".html")
TEMPLATE: Final = "quality.html.j2"
NAMES: Final = ("facts", "most")
"""What the template is given."""

MOST: Final = 10
"""How many kommuner the page names under a control rule; the JSON file has all."""
MOST_ROWS: Final = 15
"""How many flagged rows of a check the page shows at once; the JSON file has all."""
FEW_ROWS: Final = 8
"""How many rows it shows at once where none is flagged."""
MORE_ROWS: Final = 60
"""How many rows more it shows when asked."""

_NAMING: Final = frozenset(
    {
        "kommune", "name", "indicator", "skjema", "rule", "severity", "text", "table", "regions",
        "measure",
    }
)  # fmt: skip
"""Columns that name what a row is about, and hold no figure."""

Cell: TypeAlias = str | int | float | None


@dataclass(frozen=True)
class Column:
    """A column in the table of a check. ``decimals`` is None for text."""

    key: str
    label: str
    decimals: int | None = None
    signed: bool = False

    def shown(self, cell: Cell) -> str:
        """A cell as the page shows it."""
        if cell is None:
            return "–"
        if isinstance(cell, str) or self.decimals is None:
            return str(cell)
        return number(cell, self.decimals, signed=self.signed)


@dataclass(frozen=True)
class Row:
    """A row in the table of a check; ``flagged`` is what made it fail."""

    cells: tuple[Cell, ...]
    flagged: bool = False


@dataclass(frozen=True)
class CheckResult:
    """What came of one check, with its texts in bokmål."""

    name: str
    """Its name in ``quality.yaml``."""
    title: str
    looks_at: str
    why: str
    if_it_fails: str
    severity: Severity
    passed: bool | None
    """None: it could not be made; ``summary`` says why."""
    summary: str
    """What it found, in a sentence or two."""
    limits: str = ""
    """What was let pass."""
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    """Flagged ones first."""
    chart: Chart | None = None

    @property
    def verdict(self) -> CheckVerdict:
        """The part of it that others than readers need."""
        return CheckVerdict(
            name=self.name, title=self.title, severity=self.severity, passed=self.passed
        )

    @property
    def status(self) -> Literal["passed", "blocking", "warning", "not_made"]:
        """What it means for the release."""
        if self.passed is None:
            return "not_made"
        return "passed" if self.passed or self.severity == "off" else self.severity

    @property
    def flagged(self) -> int:
        """How many rows made it fail."""
        return sum(row.flagged for row in self.rows)

    @property
    def first_rows(self) -> tuple[Row, ...]:
        """The rows that the page shows at once: what is flagged, else the first few."""
        return self.rows[: min(self.flagged, MOST_ROWS) if self.flagged else FEW_ROWS]

    @property
    def more_rows(self) -> tuple[Row, ...]:
        """The rows that the page shows when asked, not all where there are very many."""
        start = len(self.first_rows)
        return self.rows[start : start + MORE_ROWS]

    @property
    def drawing(self) -> str:
        """The chart, as SVG; empty without one."""
        return draw(self.chart) if self.chart else ""


@dataclass(frozen=True)
class ComparedRelease:
    """An earlier release that the round was compared with."""

    round: str
    vintage: int
    manifest_sha256: str


@dataclass(frozen=True)
class InputFacts:
    """One file that was read."""

    name: str
    version: int
    sha256: str | None
    """None where it is not known: an address that no driver is installed for."""
    rows: int


@dataclass(frozen=True)
class MissingReports:
    """Who has not reported a form for a vintage."""

    skjema: str
    vintage: int
    expected: int
    """How many should report."""
    missing: tuple[tuple[str, str], ...]
    """Code and name of each kommune (bydel) without a report."""
    none: int = 0
    """How many reported that they had nobody: a real zero."""


@dataclass(frozen=True)
class RuleCount:
    """How many records break a control rule."""

    skjema: str
    vintage: int
    rule: str
    """The rule's number or name."""
    severity: str
    text: str
    """What the rule says."""
    records: int
    kommuner: tuple[tuple[str, int], ...] = ()
    """Kommune code and number of records."""


@dataclass(frozen=True)
class TableSigns:
    """How many cells of a table hold figures, and how many each sign."""

    table: str
    title: str
    cells: int
    figures: int
    not_applicable: int
    missing: int
    suppressed: int


@dataclass(frozen=True)
class ProvisionalCode:
    """A code or title that could not be confirmed."""

    table: str
    what: str
    code: str


@dataclass(frozen=True)
class QualityFacts:
    """Everything the report shows."""

    round: str
    vintage: int
    preliminary: bool
    synthetic: bool
    inputs: tuple[InputFacts, ...] = ()
    missing: tuple[MissingReports, ...] = ()
    rules: tuple[RuleCount, ...] | None = None
    """The control rules that records broke; None: not counted."""
    signs: tuple[TableSigns, ...] = ()
    provisional: tuple[ProvisionalCode, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    """The checks, in the order of the report."""
    compared_with: tuple[ComparedRelease, ...] = ()
    """The earlier releases that the round was compared with, oldest first."""

    @property
    def gravest_first(self) -> list[CheckResult]:
        """The checks as a reader under a deadline wants them."""
        order = ("blocking", "warning", "passed", "not_made")
        return sorted(self.checks, key=lambda check: order.index(check.status))

    @property
    def verdict(self) -> QualityVerdict:
        """What came of the checks, by name."""
        return QualityVerdict(checks=tuple(check.verdict for check in self.checks))


def without_figures(facts: QualityFacts) -> QualityFacts:
    """The same report for a page that is served: it names kommuner, and shows no figure of any.

    Control rules are left out, since they count single records.
    """
    checks = tuple(map(_without_figures, facts.checks))
    return replace(facts, checks=checks, rules=None)


def _without_figures(check: CheckResult) -> CheckResult:
    kept = [place for place, column in enumerate(check.columns) if column.key in _NAMING]
    rows = [Row(tuple(row.cells[place] for place in kept), flagged=True) for row in check.rows]
    counts = f"{number(check.flagged)} av {number(len(rows))} rader er utenfor grensen."
    return replace(
        check,
        summary=check.summary if check.passed is None else counts,
        columns=tuple(check.columns[place] for place in kept),
        rows=tuple(
            dict.fromkeys(
                one for one, row in zip(rows, check.rows, strict=True) if row.flagged and kept
            )
        ),
        chart=None,
    )


def signs(cube: SafeCube, vintage: int | None = None) -> TableSigns:
    """Count the figures and signs of a cube, of one vintage if given."""
    (cube,) = only_safe([cube])
    statuses = cube.statuses
    if vintage is not None:
        statuses = cube.frame().filter(pl.col(TIME) == str(vintage))["status"]
    counts = dict(statuses.value_counts().iter_rows())
    return TableSigns(
        table=cube.table.id,
        title=cube.table.title.nb,
        cells=statuses.len(),
        figures=counts.get(None, 0),
        not_applicable=counts.get(NOT_APPLICABLE, 0),
        missing=counts.get(MISSING, 0),
        suppressed=counts.get(SUPPRESSED, 0),
    )


def write_quality(facts: QualityFacts, templates: Path) -> Iterator[tuple[str, bytes]]:
    """The report as a page and as JSON: (path in the release, bytes).

    Raises TemplateError when a template is missing or does not hold together.
    """
    content = asdict(facts) | {"checks": [_as_json(check) for check in facts.checks]}
    content = {"verdict": facts.verdict.model_dump(mode="json")} | content
    text = json.dumps(content, ensure_ascii=False, indent=1)
    yield REPORT, f"{text}\n".encode()
    yield PAGE, quality_page(facts, templates)


def quality_page(facts: QualityFacts, templates: Path) -> bytes:
    """The report as a page. Raises TemplateError as ``write_quality`` does."""
    return page(templates, TEMPLATE, facts=facts, most=MOST)


def read_quality(data: bytes) -> QualityFacts:
    """A report again from its JSON; columns have no decimals any more, and charts are lost.

    The caller answers for the bytes. Raises ValueError when they do not read.
    """
    content = json.loads(data)
    del content["verdict"]
    found: QualityFacts = _facts().validate_python(
        content | {"checks": [_from_json(one) for one in content["checks"]]}
    )
    return found


@cache
def _facts() -> TypeAdapter[QualityFacts]:
    """Built when it is asked for: it takes its time."""
    return TypeAdapter(QualityFacts)


def _from_json(check: dict[str, Any]) -> dict[str, Any]:
    columns = [{"key": key, "label": label} for key, label in check["columns"].items()]
    rows = [
        {"cells": [row[column["key"]] for column in columns], "flagged": row["flagged"]}
        for row in check["rows"]
    ]
    return check | {"columns": columns, "rows": rows}


def _as_json(check: CheckResult) -> dict[str, Any]:
    """A check with each row as an object; what the chart shows is in the rows."""
    keys = [column.key for column in check.columns]
    rows = [
        dict(zip(keys, row.cells, strict=True)) | {"flagged": row.flagged} for row in check.rows
    ]
    words = ("name", "title", "looks_at", "why", "if_it_fails", "severity", "passed", "summary")
    return {word: getattr(check, word) for word in (*words, "limits")} | {
        "columns": {column.key: column.label for column in check.columns},
        "rows": rows,
    }
