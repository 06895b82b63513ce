"""What goes into a package, from what has passed disclosure control: cells and rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from kostra_publish.codes.regions import kind_of
from kostra_publish.disclosure.safe import SIGNS, SafeCube, only_safe
from kostra_publish.disclosure.safe_records import REGION, REGION_TYPE, SafeRecords
from kostra_publish.nav.package import Column, HandedOver
from kostra_publish.specs.delivery import ALL, AggregateSet
from kostra_publish.specs.dimensions import CONTENTS, TIME, CubeDimension
from kostra_publish.specs.models import LANGUAGES, Text

VALUE, SIGN = "verdi", "tegn"

_LABELS: Mapping[str, Text] = {
    REGION: Text(nb="Region", nn="Region", en="Region"),
    REGION_TYPE: Text(nb="Regiontype", nn="Regiontype", en="Type of region"),
    "statistikkvariabel": Text(nb="Statistikkvariabel", nn="Statistikkvariabel", en="Contents"),
    VALUE: Text(nb="Verdi", nn="Verdi", en="Value"),
    SIGN: Text(nb="Tegn", nn="Teikn", en="Sign"),
}
_SIGNS: Mapping[str, Text] = {
    ".": Text(
        nb="Ikke mulig å oppgi tall", nn="Ikkje mogleg å gje opp tal", en="Category not applicable"
    ),
    "..": Text(nb="Tallgrunnlag mangler", nn="Talgrunnlag manglar", en="Data not available"),
    ":": Text(
        nb="Vises ikke av konfidensialitetshensyn",
        nn="Blir ikkje vist av omsyn til konfidensialitet",
        en="Not for publication",
    ),
}
_TYPES: Mapping[str, Text] = {
    "kommune": Text(nb="Kommune", nn="Kommune", en="Municipality"),
    "gruppe": Text(
        nb="Kommuner av samme størrelse i et fylke",
        nn="Kommunar av same storleik i eit fylke",
        en="Municipalities of a size in a county",
    ),
    "fylke": Text(
        nb="Fylke, eller øvrige kommuner i det",
        nn="Fylke, eller andre kommunar i det",
        en="County, or other municipalities in it",
    ),
    "land": Text(
        nb="Landet, eller øvrige kommuner i det",
        nn="Landet, eller andre kommunar i det",
        en="The country, or other municipalities in it",
    ),
}
_CELL = Text(nb="celle i en tabell", nn="celle i ein tabell", en="cell of a table")


def cells(wanted: AggregateSet, cubes: Mapping[str, SafeCube], year: int) -> Iterator[HandedOver]:
    """The cells of one year of the tables of a set, one dataset for each table.

    A table that has no figures of the year is left out.
    """
    for name in wanted.tables:
        if name in cubes and year in cubes[name].vintages:
            yield _of_table(wanted, cubes[name], year)


def _of_table(wanted: AggregateSet, cube: SafeCube, year: int) -> HandedOver:
    only_safe([cube])
    region, *others = [one for one in cube.dimensions if one.code != TIME]
    names = {one.code: _column(one) for one in others} | {region.code: REGION}
    frame = cube.frame().filter(pl.col(TIME) == str(year)).drop(TIME).rename(names)
    order = [REGION, *(names[one.code] for one in others)]
    frame = frame.select(
        *order, pl.col("value").alias(VALUE), pl.col("status").fill_null("").alias(SIGN)
    ).sort(order)
    columns = [
        _of_dimension(REGION, region, frame),
        *(_of_dimension(names[one.code], one, frame) for one in others),
        Column(VALUE, _LABELS[VALUE], "number"),
        Column(SIGN, _LABELS[SIGN], "code", codes={sign: _SIGNS[sign] for sign in SIGNS}),
    ]
    several = len(wanted.tables) > 1
    return HandedOver(
        id=f"{wanted.id}-{cube.table.id.lower()}" if several else wanted.id,
        profile=wanted.profile,
        title=_titled(wanted.title, cube.table.title) if several else wanted.title,
        unit=_CELL,
        columns=columns,
        frame=frame.with_columns(pl.col(SIGN).replace("", None)),
    )


def _titled(title: Text, table: Text) -> Text:
    return Text(**{word: f"{title.get(word)}: {table.get(word)}" for word in LANGUAGES})


def _column(dimension: CubeDimension) -> str:
    return "statistikkvariabel" if dimension.code == CONTENTS else dimension.code.lower()


def _of_dimension(name: str, dimension: CubeDimension, frame: pl.DataFrame) -> Column:
    used = set(frame[name].unique())
    pairs = zip(dimension.codes, dimension.labels, strict=True)
    codes = {code: label for code, label in pairs if code in used}
    return Column(name, _LABELS.get(name, dimension.label), "code", codes=codes)


def rows(safe: SafeRecords) -> HandedOver:
    """Rows that may be handed over."""
    records = safe.records
    columns = [
        Column(
            REGION,
            _LABELS[REGION],
            "code",
            role="quasi_identifier",
            codes={code: one.label for code, one in safe.regions.items()},
        ),
        Column(
            REGION_TYPE,
            _LABELS[REGION_TYPE],
            "code",
            role="quasi_identifier",
            codes={kind: _TYPES[kind] for kind in _TYPES if kind in _kinds(safe)},
        ),
        *(
            Column(one.name, one.label, "code", role=one.role, codes=safe.labels[one.name])
            for one in records.variables
        ),
    ]
    return HandedOver(
        id=records.id,
        profile=records.profile,
        title=records.title,
        unit=records.unit,
        columns=columns,
        frame=safe.frame(),
    )


def _kinds(safe: SafeRecords) -> set[str]:
    return {one.kind for one in safe.regions.values()}


# --- against what is published ----------------------------------------------------------

RECONCILED = pl.Schema(
    {
        "dataset": pl.String,
        "table": pl.String,
        "region_level": pl.String,
        "cells": pl.Int64,
        "equal": pl.Int64,
        "handed_over": pl.Int64,
        "published": pl.Int64,
    }
)
CHANGED = pl.Schema(
    {
        "dataset": pl.String,
        "region": pl.String,
        "column": pl.String,
        "value": pl.String,
        "before": pl.Int64,
        "now": pl.Int64,
    }
)


@dataclass(frozen=True)
class _Total:
    """What a table tells of the number of units in a region."""

    published: float | None
    estimated: bool


def reconciled_cells(dataset: HandedOver, table: str) -> Iterator[tuple[object, ...]]:
    """Cells are those that are published: by kind of region how many, and how many are figures."""
    kinds = dataset.frame.with_columns(
        pl.col(REGION).map_elements(kind_of, return_dtype=pl.String).alias("kind")
    )
    for (kind,), own in sorted(kinds.group_by("kind")):
        yield dataset.id, table, kind, own.height, own.height, None, None


def reconciled_rows(safe: SafeRecords, cube: SafeCube, year: int) -> Iterator[tuple[object, ...]]:
    """The number of rows beside the number of units that the table of the set has.

    By kind of region: how many are published for the same kommuner, how many of them are equal,
    and the sums of both. A region that is estimated is not the sum of who has reported, so it is
    compared by its kommuner where those are published.
    """
    totals = _totals(safe, cube, year)
    counts = dict(safe.frame().group_by(REGION).len().iter_rows())
    for kind in dict.fromkeys(one.kind for one in safe.regions.values()):
        pairs = [
            (counts[code], wanted)
            for code, one in safe.regions.items()
            if one.kind == kind and (wanted := _published(code, one.kommuner, totals)) is not None
        ]
        equal = sum(own == wanted for own, wanted in pairs)
        sums = [int(sum(one)) for one in zip(*pairs, strict=True)] or [0, 0]
        yield safe.records.id, cube.table.id, kind, len(pairs), equal, *sums


def _published(code: str, kommuner: Sequence[str], totals: Mapping[str, _Total]) -> int | None:
    own = totals.get(code)
    if own is not None and own.published is not None and not own.estimated:
        return int(own.published)
    each = [totals.get(kommune) for kommune in kommuner]
    told = [one.published for one in each if one is not None and one.published is not None]
    return int(sum(told)) if len(told) == len(each) else None


def _totals(safe: SafeRecords, cube: SafeCube, year: int) -> dict[str, _Total]:
    region = cube.dimensions[0].code
    here = pl.col(TIME) == str(year), pl.col(CONTENTS) == safe.records.total
    whole = [
        pl.col(one.code) == one.total
        for one in cube.dimensions[1:]
        if one.code not in {CONTENTS, TIME} and one.total is not None
    ]
    estimated = cube.vintages[year].estimated
    found = cube.frame().filter(*here, *whole).select(region, "value")
    return {code: _Total(value, code in estimated) for code, value in found.iter_rows()}


def changes(
    now: Mapping[str, SafeRecords], before: Mapping[str, Mapping[str, tuple[int, frozenset[str]]]]
) -> pl.DataFrame:
    """The number of rows of each region that is told now as it was before.

    ``before`` has by set and region the number of rows, and the kommuner. A difference of fewer
    than the set's gate allows is left out, as both numbers are.
    """
    found = []
    for name, safe in now.items():
        counts = dict(safe.frame().group_by(REGION).len().iter_rows())
        for code, one in safe.regions.items():
            number, kommuner = before.get(name, {}).get(code, (0, frozenset()))
            difference = abs(counts[code] - number)
            enough = difference == 0 or difference >= safe.records.gates.difference
            if kommuner == frozenset(one.kommuner) and enough:
                found.append((name, code, "", ALL, number, counts[code]))
    return pl.DataFrame(found, schema=CHANGED, orient="row")
