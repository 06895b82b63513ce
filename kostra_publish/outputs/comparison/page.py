"""A comparison as a page: the summary first, then table by table, then texts and codes.

It names the categories and cells that changed most; the workbook and the JSON file have all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kostra_publish.outputs import pages
from kostra_publish.outputs.comparison import words
from kostra_publish.outputs.comparison.facts import Comparison, Kind, TableChanges
from kostra_publish.outputs.comparison.tallies import (
    CellChange,
    Tally,
    by_category,
    kinds,
    largest,
    same_said,
)

TEMPLATE: Final = "compare.html.j2"
NAMES: Final = ("facts", "tables", "said", "kinds", "names", "meanings", "number", "percent")
"""What the template is given."""

CATEGORIES: Final = 25
"""How many regions, and how many measures, the page names in each table."""
CELLS: Final = 15
"""How many of the largest changes the page shows in each table."""
SAID: Final = 150
"""How many changes of texts and codes the page shows."""

_MINUS: Final = "\N{MINUS SIGN}"
_SPACE: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Listed:
    """The first of a list, and how many there are besides."""

    first: Sequence[Tally]
    more: int


@dataclass(frozen=True)
class ShownTable:
    """What the page shows of a table."""

    table: str
    title: str
    status: str
    compared: int
    changed: int
    said: int
    counts: Mapping[Kind, int]
    regions: Listed
    measures: Listed
    largest: Sequence[CellChange]
    amended: int


@dataclass(frozen=True)
class ShownSaid:
    """A change of texts or codes in words, with the tables that have it."""

    kind: str
    part: str
    about: str
    before: Sequence[tuple[str, str]]
    """What it said: languages (empty: all) and text, bokmål first."""
    after: Sequence[tuple[str, str]]
    tables: Sequence[str]


def write_page(comparison: Comparison, templates: Path) -> bytes:
    """The page, as UTF-8. Raises TemplateError when its template does not hold together."""
    found = same_said(comparison)
    said = [
        ShownSaid(
            kind=words.SAID["nb"][change.kind],
            part=words.part(change, "nb"),
            about=words.about(change),
            before=words.each_said(change.before, "nb"),
            after=words.each_said(change.after, "nb"),
            tables=[table or words.LIST for table in tables],
        )
        for change, tables in found[:SAID]
    ]
    return pages.page(
        templates,
        TEMPLATE,
        facts=comparison,
        tables=[_shown(table, comparison) for table in comparison.tables],
        said={"first": said, "more": len(found) - len(said)},
        kinds=kinds(comparison),
        names=words.KIND["nb"],
        meanings=words.MEANING,
        number=number,
        percent=percent,
    )


def _shown(table: TableChanges, comparison: Comparison) -> ShownTable:
    counts = table.counts()
    return ShownTable(
        table=table.table,
        title=table.title,
        status=table.status,
        compared=table.compared,
        changed=table.cells.height,
        said=sum(change.table == table.table for change in comparison.said),
        counts={kind: count for kind, count in counts.items() if count},
        regions=_listed(by_category(table, "geo")),
        measures=_listed(by_category(table, "metric")),
        largest=largest(table, CELLS),
        amended=counts["amended"],
    )


def _listed(tallies: Sequence[Tally]) -> Listed:
    return Listed(tallies[:CATEGORIES], max(len(tallies) - CATEGORIES, 0))


def number(value: float | str | None, decimals: int = 0) -> str:
    """A number as Norwegians write it, or a sign; nothing where the cell is not there."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    text = f"{value:,.{decimals}f}".replace(",", _SPACE).replace(".", ",")
    return text.replace("-", _MINUS)


def percent(share: float | None) -> str:
    """A relative change in per cent with its direction; nothing where there is none."""
    if share is None:
        return ""
    if abs(share) < 0.0005:
        return f"<{_SPACE}0,1{_SPACE}%"
    decimals = 0 if abs(share) >= 1 else 1
    return ("+" if share > 0 else "") + number(100 * share, decimals) + f"{_SPACE}%"
