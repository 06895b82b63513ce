"""Changed cells counted and put in words: by region, by measure, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from kostra_publish.outputs.comparison.facts import (
    KINDS,
    Comparison,
    Kind,
    SaidChange,
    TableChanges,
)
from kostra_publish.specs.dimensions import CONTENTS, Role


@dataclass(frozen=True)
class Tally:
    """The changed cells of one category."""

    code: str
    label: str
    changed: int
    counts: Mapping[Kind, int]
    largest: float | None
    """The largest relative change of a number, up or down; None where there is none."""


@dataclass(frozen=True)
class CellChange:
    """One changed cell in words. Value or sign before and after; None: the cell is not there."""

    region: str
    measure: str
    others: str
    year: str
    kind: Kind
    before: float | str | None
    after: float | str | None
    relative: float | None
    decimals: int


def relative() -> pl.Expr:
    """How much a number has changed, as a share of what it was; null from 0 and for signs."""
    before, after = pl.col("before_value"), pl.col("after_value")
    share = (after - before) / before.abs()
    return pl.when((before != 0) & (before != after)).then(share).alias("relative")


def kinds(comparison: Comparison) -> list[Kind]:
    """The kinds of change that occur."""
    found = [table.counts() for table in comparison.tables]
    return [kind for kind in KINDS if any(counts[kind] for counts in found)]


def by_category(table: TableChanges, role: Role) -> list[Tally]:
    """A tally for each category with changed cells, those with most first."""
    dimension = table.of_role(role)
    if dimension is None:
        return []
    place = pl.col(dimension.code)
    counted = (
        table.cells.lazy()
        .filter(place.is_not_null())
        .with_columns(relative())
        .group_by(place)
        .agg(
            pl.len(),
            *((pl.col("kind") == kind).sum().alias(f"count {kind}") for kind in KINDS),
            pl.col("relative").sort_by(pl.col("relative").abs(), nulls_last=False).last(),
        )
        .sort(["len", dimension.code], descending=[True, False])
        .collect()
    )
    return [
        Tally(
            code=dimension.codes[row[dimension.code]],
            label=dimension.labels[row[dimension.code]],
            changed=row["len"],
            counts={kind: row[f"count {kind}"] for kind in KINDS if row[f"count {kind}"]},
            largest=row["relative"],
        )
        for row in counted.iter_rows(named=True)
    ]


def largest(table: TableChanges, most: int) -> list[CellChange]:
    """The numbers that have changed most, as shares of what they were."""
    found = (
        table.cells.with_row_index("row")
        .with_columns(relative())
        .filter(pl.col("relative").is_not_null())
        .sort([pl.col("relative").abs(), pl.col("row")], descending=[True, False])
        .head(most)
    )
    return list(in_words(table, found.drop("row", "relative")))


def in_words(table: TableChanges, cells: pl.DataFrame) -> Iterator[CellChange]:
    """Some of a table's changed cells, each with the names of its categories."""
    names = {
        one.code: dict(enumerate(zip(one.codes, one.labels, strict=True)))
        for one in table.dimensions
    }
    for row in cells.with_columns(relative()).iter_rows(named=True):
        words: dict[Role, list[str]] = {}
        measure = ""
        for one in table.dimensions:
            if row[one.code] is None:
                continue
            code, label = names[one.code][row[one.code]]
            measure = code if one.code == CONTENTS else measure
            named = {"geo": f"{code} {label}", "classification": f"{one.label}: {label}"}
            words.setdefault(one.role, []).append(named.get(one.role, label))
        yield CellChange(
            region=", ".join(words.get("geo", [])),
            measure=", ".join(words.get("metric", [])),
            others=", ".join(words.get("classification", [])),
            year=", ".join(words.get("time", [])),
            kind=row["kind"],
            before=_shown(row["before_sign"], row["before_value"]),
            after=_shown(row["after_sign"], row["after_value"]),
            relative=row["relative"],
            decimals=table.decimals.get(measure, 0),
        )


def _shown(sign: str | None, value: float | None) -> str | float | None:
    return value if sign is None else sign


def same_said(comparison: Comparison) -> list[tuple[SaidChange, list[str]]]:
    """Each change of texts and codes once, with the tables that have it; most tables first."""
    together: dict[object, tuple[SaidChange, list[str]]] = {}
    for change in comparison.said:
        key = (
            change.kind,
            change.path,
            change.name,
            tuple(change.before.items()),
            tuple(change.after.items()),
        )
        together.setdefault(key, (change, []))[1].append(change.table)
    return sorted(together.values(), key=lambda found: -len(found[1]))
