"""What protecting a release took, by table and kind of region: numbers of figures and shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from kostra_publish.codes.regions import kind_of
from kostra_publish.disclosure.stored_universe import StoredUniverse


@dataclass(frozen=True)
class TableReport:
    """What is hidden of one table in one kind of region.

    ``figures``: those with persons behind them; ``small``: hidden because too few contribute
    to something they rest on; ``secondary``: hidden to protect those. ``share``: of the persons
    in all numbers of persons that the table rests on, how much is in hidden ones; each number
    counts once, and persons as often as they are counted. None where nobody is.
    """

    table: str
    kind: str
    figures: int
    small: int
    secondary: int
    share: float | None


def by_table(universes: Sequence[StoredUniverse]) -> list[TableReport]:
    """The report of every table that ``universes`` protect, by table and kind of region."""
    pairs = pl.concat([_EMPTY, *(_pairs(one, n) for n, one in enumerate(universes))])
    figures = (
        pairs.group_by("table", "kind", "place")
        .agg(pl.col("small").any(), pl.col("hidden").any())
        .group_by("table", "kind")
        .agg(
            pl.len().alias("figures"),
            pl.col("small").sum(),
            (pl.col("hidden") & ~pl.col("small")).sum().alias("secondary"),
        )
    )
    persons = (
        pairs.filter("persons")
        .unique(["table", "kind", "universe", "cell"])
        .group_by("table", "kind")
        .agg(
            pl.when(pl.col("value").sum() > 0)
            .then((pl.col("value") * pl.col("hidden")).sum() / pl.col("value").sum())
            .alias("share")
        )
    )
    order = {kind: number for number, kind in enumerate(ORDER)}
    rows = figures.join(persons, on=["table", "kind"], how="left").sort(
        "table", pl.col("kind").replace_strict(order, return_dtype=pl.Int64)
    )
    columns = ("table", "kind", "figures", "small", "secondary", "share")
    return [TableReport(*row) for row in rows.select(columns).iter_rows()]


ORDER = ("land", "land_uten_oslo", "fylke", "kostragruppe", "kommune", "bydeler", "bydel")
"""Kinds of region, as reports list them."""

_EMPTY = pl.DataFrame(
    schema={
        "table": pl.String,
        "kind": pl.String,
        "place": pl.Int64,
        "universe": pl.Int64,
        "cell": pl.Int64,
        "small": pl.Boolean,
        "hidden": pl.Boolean,
        "value": pl.Int64,
        "persons": pl.Boolean,
    }
)


def _pairs(universe: StoredUniverse, number: int) -> pl.DataFrame:
    """Every figure of a table beside every cell of the universe that it rests on."""
    return pl.concat([_EMPTY, *_pairs_by_table(universe, number)])


def _pairs_by_table(universe: StoredUniverse, number: int) -> Iterator[pl.DataFrame]:
    problem, hidden = universe.problem, ~universe.visible
    for table, rests in universe.rests.items():
        regions, *others = universe.dimensions[table].values()
        kinds = pl.Series([kind_of(code) for code in regions], dtype=pl.String)
        behind = int(np.prod([len(codes) for codes in others], dtype=np.int64))
        places, cells = rests.T
        yield pl.DataFrame(
            {
                "table": pl.repeat(table, len(places), dtype=pl.String, eager=True),
                "kind": kinds.gather(places // behind),
                "place": places,
                "universe": np.full(len(places), number),
                "cell": cells,
                "small": (problem.small & hidden)[cells],
                "hidden": hidden[cells],
                "value": problem.values[cells],
                "persons": np.full(len(places), universe.kind == "persons"),
            }
        )
