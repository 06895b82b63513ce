"""Which inner numbers of an earlier release are those of this one.

They match by name: population, block, combination and unit. In a unit where all of them are
as they were, each is one number in both releases. In the others what was reported first and
what is reported now are different numbers, and so is everything in blocks that this release
does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from kostra_publish.disclosure.problem import Flags, Integers
from kostra_publish.disclosure.stored_universe import IN, is_dated, undated

NAMES: Final = ("population", "block", "combination", "unit")

_NONE = -1


def dated(codes: pl.Series, release: str) -> pl.Series:
    """Codes as they were in ``release``; those of an even earlier one stay."""
    named = (
        pl.when(is_dated(codes.name))
        .then(pl.col(codes.name))
        .otherwise(pl.col(codes.name) + IN + release)
    )
    return codes.to_frame().select(named).to_series()


@dataclass(frozen=True, eq=False)
class Match:
    """Inner numbers of two releases side by side.

    ``now`` and ``before`` have a row per inner number: its names, ``value``, ``contributors``
    and ``place`` (a unit of a population as a number, the same in both); the units of
    ``before`` are without dates, and ``version`` has them with. ``known`` tells whether the
    block is in both releases.
    ``changed`` tells of each number of ``before`` whether its unit is not as it is now, and
    ``column`` which number of ``now`` it matches by name, -1 for none.
    """

    now: pl.DataFrame
    before: pl.DataFrame
    changed: Flags
    column: Integers

    @property
    def width(self) -> int:
        """How many inner numbers this release has."""
        return self.now.height

    @cached_property
    def own(self) -> Integers:
        """The numbers of ``before`` that are numbers of their own, after those of now.

        A number without a match in an unchanged unit is nought in both releases, unless its
        block is gone.
        """
        gone = ~self.before["known"].to_numpy()
        return np.flatnonzero(self.changed | gone)

    @cached_property
    def positions(self) -> Integers:
        """For each number of ``before`` its column among all; -1 for a nought that has none."""
        found = self.column.copy()
        found[self.own] = self.width + np.arange(len(self.own))
        return found

    @cached_property
    def places(self) -> Integers:
        """The place of each column of all: those of now, then the own ones of ``before``."""
        return self._whole("place").astype(np.int64)

    @cached_property
    def elements(self) -> Integers:
        """The number of the block's combination that each column of all stands for."""
        names = self.names.select("population", "block", "combination")
        found: Integers = names.select(pl.struct(pl.all()).rank("dense") - 1).to_series().to_numpy()
        return found.astype(np.int64)

    @cached_property
    def stepping(self) -> Flags:
        """Which columns of all are of units that differ from the newest release before.

        Of blocks that both have: what is reported now, and what was reported then.
        """
        before, names = self.before, ["population", "block"]
        newest = (before["version"] == before["unit"]) & before["known"]
        same = before.filter(newest & ~pl.Series(self.changed))
        now = (
            self.now.with_row_index("index")
            .join(before.filter("known").select(names).unique(), on=names, how="semi")
            .join(same.select("population", "unit").unique(), on=["population", "unit"], how="anti")
        )
        found = np.zeros(len(self.places), dtype=np.bool_)
        found[now["index"].to_numpy()] = True
        found[self.width :] = newest.to_numpy()[self.own]
        return found

    @cached_property
    def names(self) -> pl.DataFrame:
        """What each column of all is, without dates."""
        return pl.concat([self.now.select(NAMES), self.before.select(NAMES)[self.own]])

    @cached_property
    def inner(self) -> Integers:
        """The value of each column of all."""
        return self._whole("value")

    @cached_property
    def contributors(self) -> Integers:
        """The persons behind each column of all."""
        return self._whole("contributors")

    def _whole(self, name: str) -> Integers:
        own = self.before[name].to_numpy()[self.own]
        return np.concatenate([self.now[name].to_numpy(), own])

    def moved(self, rows: csr_array) -> csr_array:
        """Rows over the numbers of ``before`` as rows over all columns."""
        placed = np.flatnonzero(self.positions >= 0)
        ones = np.ones(len(placed), dtype=np.int64)
        shape = (rows.shape[1], self.width + len(self.own))
        return csr_array(rows @ csr_array((ones, (placed, self.positions[placed])), shape=shape))


def match(now: pl.DataFrame, before: pl.DataFrame, differing: pl.DataFrame) -> Match:
    """Match the inner numbers of two releases.

    Both have the columns of NAMES, ``value`` and ``contributors``. ``differing`` (population,
    unit as in ``before``) are units known otherwise not to be as they were.
    """
    now = now.with_row_index("column")
    before = before.with_columns(pl.col("unit").alias("version"), undated("unit"))
    places = (
        pl.concat([now.select("population", "unit"), before.select("population", "unit")])
        .unique(maintain_order=True)
        .with_row_index("place")
    )
    now = now.join(places, on=["population", "unit"], maintain_order="left")
    beside = (
        before.join(places, on=["population", "unit"], maintain_order="left")
        .join(
            now.select(*NAMES, "column", pl.col("value").alias("value_now")),
            on=NAMES,
            how="left",
            maintain_order="left",
        )
        .join(
            now.select("population", "block", known=pl.lit(value=True)).unique(),
            on=["population", "block"],
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.col("known").fill_null(value=False), pl.col("value_now").fill_null(0))
    )
    changed = pl.concat([_changed(now, beside), differing.rename({"unit": "version"})]).unique()
    marked = beside.join(
        changed.with_columns(changed=pl.lit(value=True)),
        on=["population", "version"],
        how="left",
        maintain_order="left",
    )
    return Match(
        now=now,
        before=beside,
        changed=marked["changed"].fill_null(value=False).to_numpy(),
        column=beside["column"].cast(pl.Int64).fill_null(_NONE).to_numpy(),
    )


def _changed(now: pl.DataFrame, beside: pl.DataFrame) -> pl.DataFrame:
    """The units (population, version) where a number is not as it was.

    Numbers that only one of the two releases has count as nought in the other.
    """
    sums = now.group_by("population", "block", "unit").agg(pl.col("value").sum().alias("sum"))
    by_block = (
        beside.filter("known")
        .group_by("population", "version", "unit", "block")
        .agg(
            (pl.col("value") != pl.col("value_now")).any().alias("differs"),
            pl.col("value_now").sum().alias("matched"),
        )
        .join(sums, on=["population", "block", "unit"], how="left")
    )
    more = pl.col("matched") != pl.col("sum").fill_null(0)
    return by_block.filter(pl.col("differs") | more).select("population", "version").unique()
