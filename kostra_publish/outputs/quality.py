"""The quality report of a round: for the statistician, never published.

It says what the round was made of, who has not reported, which control rules were
broken and how many figures each table could not show. It knows no microdata: those
who read them fill in ``QualityFacts``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import polars as pl

from kostra_publish.disclosure.safe import MISSING, NOT_APPLICABLE, SUPPRESSED, SafeCube, only_safe
from kostra_publish.outputs.pages import page
from kostra_publish.specs.dimensions import TIME

FOLDER: Final = "internal"
TEMPLATE: Final = "quality.html.j2"
NAMES: Final = ("facts", "most")
"""What the template is given."""

MOST: Final = 10
"""How many kommuner the page names under a control rule; the JSON file has all."""


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
    warnings: tuple[str, ...] = ()
    """Anything else the statistician should look at, one sentence each."""


def signs(cube: SafeCube, vintage: int | None = None) -> TableSigns:
    """Count the figures and signs of a cube, of one vintage if given."""
    (cube,) = only_safe([cube])
    frame = cube.frame().lazy()
    if vintage is not None:
        frame = frame.filter(pl.col(TIME) == str(vintage))
    statuses = frame.select("status").collect()["status"]
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
    text = json.dumps(asdict(facts), ensure_ascii=False, indent=1)
    yield f"{FOLDER}/report.json", f"{text}\n".encode()
    yield f"{FOLDER}/report.html", page(templates, TEMPLATE, facts=facts, most=MOST)
