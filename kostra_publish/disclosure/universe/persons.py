"""One population of a universe: its cells, listed and implied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array, vstack

from kostra_publish.cube.contributors import Counts
from kostra_publish.disclosure.problem import Floats, Integers
from kostra_publish.disclosure.universe.implied import Implied, implied
from kostra_publish.disclosure.universe.listing import Entries, Rests, distinct, resting
from kostra_publish.disclosure.universe.space import Regions, Space
from kostra_publish.specs.policy import Cost


@dataclass(frozen=True, eq=False)
class Part:
    """The cells of one population.

    ``cells`` has a row per cell: population, region, set and kind (of region) for people,
    then threshold, hide_zeros, listed and cost. ``rows`` is as in Problem.
    """

    space: Space
    cells: pl.DataFrame
    rows: csr_array
    rests: Sequence[Rests]


def part(counts: Counts, regions: Regions, entries: Sequence[Entries], cost: Cost) -> Part:
    """The cells that ``entries`` list, and the small ones that they imply."""
    space = Space(counts, regions, shows_zeros=not any(one.hide_zeros for one in entries))
    width = len(regions.codes)
    keys = [space.same[one.number] * width + one.region for one in entries]
    cells = distinct(keys, entries)
    numbers, places = np.divmod(cells["key"].to_numpy(), width)
    rows = space.set_rows(numbers, places)
    persons: Integers = rows @ space.inner
    # A cell without a figure tells only that nobody is in it.
    kept = cells["shown"].to_numpy() | (persons == 0)
    cells, numbers, places = cells.filter(kept), numbers[kept], places[kept]
    listed = np.zeros((len(space.same), width), dtype=np.bool_)
    listed[numbers, places] = True
    threshold = max(one.threshold for one in entries)
    more = implied(space, listed, threshold)
    own = cells.select(
        pl.Series("region", regions.codes).gather(places),
        pl.Series("set", [counts.sets.name_of(n) for n in range(len(space.same))]).gather(numbers),
        pl.Series("kind", regions.kinds).gather(places),
        "threshold",
        "hide_zeros",
        pl.lit(value=True).alias("listed"),
        pl.Series("cost", _costs(space, numbers, persons[kept], cost)) * pl.col("weight"),
    )
    population = pl.lit(counts.sets.population.name).alias("population")
    return Part(
        space=space,
        cells=pl.concat([own, _unlisted(more, threshold)]).select(population, pl.all()),
        rows=csr_array(vstack([csr_array(rows[kept]), more.rows], format="csr")),
        rests=resting(cells["key"].to_numpy(), keys, entries),
    )


def _costs(space: Space, numbers: Integers, persons: Integers, cost: Cost) -> Floats:
    whole = np.array([not space.limited(number) for number in range(len(space.same))])
    size = np.maximum(persons, 1).astype(np.float64)
    if cost.persons == "log":
        size = 1 + np.log(size)
    result: Floats = size * np.where(whole[numbers], cost.total, 1.0)
    return result


def _unlisted(more: Implied, threshold: int) -> pl.DataFrame:
    return more.names.with_columns(
        pl.lit("").alias("kind"),
        pl.lit(threshold).cast(pl.Int64).alias("threshold"),
        pl.lit(value=False).alias("hide_zeros"),
        pl.lit(value=False).alias("listed"),
        pl.lit(1.0).alias("cost"),
    )
