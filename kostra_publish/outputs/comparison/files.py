"""A comparison as files: a page to read, JSON for programs, a workbook to filter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import polars as pl

from kostra_publish.outputs.comparison.facts import (
    EVERY_LANGUAGE,
    KINDS,
    Comparison,
    TableChanges,
)
from kostra_publish.outputs.comparison.page import write_page
from kostra_publish.outputs.comparison.workbook import write_workbook

PAGE: Final = "compare.html"
JSON: Final = "compare.json"
WORKBOOK: Final = "compare.xlsx"


def write_comparison(comparison: Comparison, templates: Path) -> Iterator[tuple[str, bytes]]:
    """The three files: (name, bytes); same comparison, same bytes.

    Raises TemplateError when a template is missing or does not hold together.
    """
    yield PAGE, write_page(comparison, templates)
    yield JSON, write_json(comparison)
    yield WORKBOOK, write_workbook(comparison)


def write_json(comparison: Comparison) -> bytes:
    """All of a comparison as JSON.

    The cells of a table are columns: ``kind`` is a position in the document's ``kinds``, a
    dimension's a position in its ``codes``, and ``before`` and ``after`` hold a number, a sign,
    or null where the cell is not there.
    """
    tables = ",\n".join(_table(table) for table in comparison.tables)
    heading = {
        "before": comparison.before,
        "after": comparison.after,
        "synthetic": comparison.synthetic,
        "compared": comparison.compared,
        "changed": comparison.changed,
        "kinds": list(KINDS),
    }
    said = [
        asdict(change) | {"before": _texts(change.before), "after": _texts(change.after)}
        for change in comparison.said
    ]
    return (
        f'{_text(heading)[:-1]},"tables":[\n{tables}\n],"said":[\n'
        + ",\n".join(_text(change) for change in said)
        + "\n]}\n"
    ).encode()


def _texts(texts: object) -> object:
    """Texts by languages; one that is the same in every language is told as it is."""
    if isinstance(texts, dict) and [*texts] == [EVERY_LANGUAGE]:
        return texts[EVERY_LANGUAGE]
    return texts


def _text(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _table(table: TableChanges) -> str:
    heading = {
        "table": table.table,
        "title": table.title,
        "status": table.status,
        "compared": table.compared,
        "changed": table.cells.height,
        "counts": {kind: count for kind, count in table.counts().items() if count},
        "dimensions": [asdict(dimension) for dimension in table.dimensions],
    }
    cells = table.cells.select(
        pl.col("kind").to_physical(),
        *(pl.col(dimension.code) for dimension in table.dimensions),
        *(_shown(when).alias(when) for when in ("before", "after")),
    )
    columns = ",".join(
        f"{_text(column.name)}:[{column.cast(pl.String).fill_null('null').str.join(',').item()}]"
        for column in cells
    )
    return f'{_text(heading)[:-1]},"cells":{{{columns}}}}}'


def _shown(when: str) -> pl.Expr:
    """Value or sign as JSON text; null where there is neither."""
    sign = pl.col(f"{when}_sign").cast(pl.String)
    return pl.coalesce(pl.format('"{}"', sign), shortest(pl.col(f"{when}_value")))


def shortest(value: pl.Expr) -> pl.Expr:
    """A number as short as it can be written: 117 for 117.0."""
    whole = value.cast(pl.Int64, strict=False).cast(pl.String)
    return pl.when(value == value.round(0)).then(whole).otherwise(value.cast(pl.String))
