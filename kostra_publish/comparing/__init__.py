"""What differs between two releases: cells, and what tables say beside figures."""

from __future__ import annotations

from kostra_publish.comparing.asking import Asked, tables_asked_for
from kostra_publish.comparing.cells import changed_between, changed_cells
from kostra_publish.comparing.metadata import said_changes
from kostra_publish.comparing.sides import (
    COLLECTION,
    Side,
    read_files,
    read_folder,
    read_release,
    read_releases,
    side_of,
)
from kostra_publish.outputs.comparison.facts import Comparison

__all__ = [
    "Asked",
    "Side",
    "changed_between",
    "compare",
    "read_files",
    "read_folder",
    "read_release",
    "read_releases",
    "side_of",
]


def compare(before: Side, after: Side, asked: Asked | None = None) -> Comparison:
    """What differs between two releases: all, or what is asked for.

    Raises UsageError for a table, region or measure that neither has.
    """
    asked = asked or Asked()
    tables = tables_asked_for(before, after, asked)
    said = said_changes(before, after)
    alike = before.name == after.name
    return Comparison(
        before=f"{before.name} (A)" if alike else before.name,
        after=f"{after.name} (B)" if alike else after.name,
        synthetic=any(_synthetic(side) for side in (before, after)),
        tables=tuple(changed_cells(table, before, after, asked) for table in tables),
        said=tuple(change for change in said if asked.about(change, tables)),
    )


def _synthetic(side: Side) -> bool:
    return any(
        bool(heads["nb"].get("extension", {}).get("kostra", {}).get("synthetic"))
        for document, heads in side.heads.items()
        if document != COLLECTION
    )
