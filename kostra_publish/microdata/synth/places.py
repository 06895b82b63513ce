"""Where the synthetic persons live: the kommuner of a year, Oslo as its bydeler."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from kostra_publish.codes import regions
from kostra_publish.microdata.synth.targets import (
    AGES,
    Floats,
    Ints,
    age_shares,
    table,
)

REST_OF_OSLO = "99"
"""Sentrum, Marka and unknown: inhabitants of Oslo outside the fifteen bydeler."""

_GROUPS = ("0-17", "18-19", "20-24", "25-29", "30-39", "40-49", "50-59", "60-66", "67+")
_BYDEL_DIGITS = 6
# Standard deviations of the logarithm of a place's level: between kommuner, between Oslo's
# bydeler (which differ more), and of one place from year to year.
_SPREAD_KOMMUNE = 0.22
_SPREAD_BYDEL = 0.45
_SPREAD_YEAR = 0.03
_ANCHOR_ROUNDS = 25


def codes_of(vintage: int) -> dict[str, str]:
    """The kommune of ``vintage`` that each kommune of 2024 was, or was a part of."""
    old = {
        row["to_kommune"]: row["from_kommune"]
        for row in regions.kommune_changes().iter_rows(named=True)
        if row["year"] > vintage
    }
    return {code: old.get(code, code) for code in regions.kommuner(2024)["kommune"]}


def population(vintage: int) -> pl.DataFrame:
    """Inhabitants at the end of ``vintage`` in the codes of that year, as published.

    Shape: kommune x bydel x kjønn; columns KOMMUNE_NR, BYDELSNR (Oslo only, with 99 for the
    rest), KJONN, and one column per age group.
    """
    old = codes_of(vintage)
    rows = (
        table("population.csv")
        .filter(pl.col("aargang") == str(vintage))
        .select("region", pl.col("kjonn").alias("KJONN"), pl.col(_GROUPS).cast(pl.Int64))
    )
    is_bydel = pl.col("region").str.len_chars() == _BYDEL_DIGITS
    in_oslo = is_bydel | (pl.col("region") == regions.OSLO)
    others = (
        rows.filter(~in_oslo)
        .with_columns(pl.col("region").replace_strict(old).alias("KOMMUNE_NR"))
        .group_by("KOMMUNE_NR", "KJONN")
        .agg(pl.col(_GROUPS).sum())
        .with_columns(pl.lit(None, dtype=pl.String).alias("BYDELSNR"))
    )
    order = ["KOMMUNE_NR", "BYDELSNR", "KJONN"]
    both = [part.select(*order, *_GROUPS) for part in (_oslo(rows.filter(in_oslo)), others)]
    return pl.concat(both).sort(order)


def _oslo(rows: pl.DataFrame) -> pl.DataFrame:
    """Oslo's bydeler, and what is left of the whole kommune as bydel 99."""
    whole = pl.col("region") == regions.OSLO
    counted = rows.with_columns(pl.when(whole).then(1).otherwise(-1).alias("sign"))
    rest = counted.group_by("KJONN").agg((pl.col(_GROUPS) * pl.col("sign")).sum())
    bydeler = rows.filter(~whole).with_columns(pl.col("region").str.slice(4).alias("BYDELSNR"))
    return pl.concat(
        [
            bydeler.select("BYDELSNR", "KJONN", *_GROUPS),
            rest.select(pl.lit(REST_OF_OSLO).alias("BYDELSNR"), "KJONN", *_GROUPS),
        ]
    ).with_columns(pl.lit(regions.OSLO).alias("KOMMUNE_NR"))


@dataclass(frozen=True)
class Places:
    """The places of a vintage in the order of their codes; all arrays run along them.

    ``inhabitants`` is place x sex (mann, kvinne) x ``targets.AGES``.
    """

    vintage: int
    seed: int
    kommune: tuple[str, ...]
    bydel: tuple[str | None, ...]
    inhabitants: Floats

    def __len__(self) -> int:
        return len(self.kommune)

    @cached_property
    def adults(self) -> Floats:
        """Inhabitants of 18 and over."""
        return np.asarray(self.inhabitants.sum(axis=(1, 2)))

    @cached_property
    def expected(self) -> Floats:
        """Recipients if each age had the country's rate everywhere; sums to 1."""
        by_age = self.inhabitants.sum(axis=1)
        return np.asarray((by_age / by_age.sum(axis=0)) @ age_shares())

    @cached_property
    def kommuner(self) -> tuple[str, ...]:
        """Each kommune once."""
        return tuple(dict.fromkeys(self.kommune))

    @cached_property
    def kommune_index(self) -> Ints:
        """Which of ``kommuner`` each place lies in."""
        position = {code: index for index, code in enumerate(self.kommuner)}
        return np.array([position[code] for code in self.kommune])

    def per_kommune(self, values: Floats, place: Ints | None = None) -> Floats:
        """Sums by kommune of ``values``, which run along the places, or along ``place``."""
        index = self.kommune_index if place is None else self.kommune_index[place]
        sums = np.bincount(index, weights=values, minlength=len(self.kommuner))
        return np.asarray(sums, dtype=np.float64)

    @cached_property
    def fylke(self) -> tuple[str, ...]:
        """The fylke of each place."""
        return self._of_kommune("fylke")

    @cached_property
    def kostragruppe(self) -> tuple[str, ...]:
        """The KOSTRA group of each place."""
        return self._of_kommune("kostragruppe")

    def _of_kommune(self, column: str) -> tuple[str, ...]:
        frame = regions.kommuner(self.vintage)
        known = dict(zip(frame["kommune"], frame[column], strict=True))
        return tuple(known[code] for code in self.kommune)

    def trait(self, subject: str, spread: float) -> Floats:
        """A lasting trait of each place: lognormal around 1, the same in every vintage.

        It is drawn for the kommuner of 2024, so that a new code leaves a kommune's ways alone.
        """
        keys = sorted({*codes_of(self.vintage), *_bydel_keys()})
        rng = generator(self.seed, 0, f"trait {subject}")
        drawn = dict(zip(keys, np.exp(spread * rng.standard_normal(len(keys))), strict=True))
        newest = {old: new for new, old in reversed(codes_of(self.vintage).items())}
        pairs = zip(self.kommune, self.bydel, strict=True)
        return np.array([drawn[newest[kommune] + (bydel or "")] for kommune, bydel in pairs])

    @cached_property
    def few(self) -> dict[int, int]:
        """Places with a fixed number of recipients (0, 1, 2 or 3), whatever the scale."""
        rows = table("few_recipients.csv")
        wanted = dict(zip(rows["kommune"], rows["mottakere"].cast(pl.Int64), strict=True))
        old = codes_of(self.vintage)
        position = {code: index for index, code in enumerate(self.kommune)}
        return {position[old[code]]: count for code, count in wanted.items()}

    @cached_property
    def level(self) -> Floats:
        """Recipients in relation to inhabitants, in any unit; 0 where ``few`` tells the number.

        Kommuner vary around a common level, and the regions with a published number of
        tilfeller in 2021 get their share of the country.
        """
        rng = generator(self.seed, self.vintage, "level")
        spread = np.array([_SPREAD_KOMMUNE if b is None else _SPREAD_BYDEL for b in self.bydel])
        level = self.trait("level", 1.0) ** spread
        level *= np.exp(_SPREAD_YEAR * rng.standard_normal(len(self)))
        level[list(self.few)] = 0.0
        return self.anchored(level, "sosialhjelp")

    def anchored(self, level: Floats, subject: str) -> Floats:
        """``level`` scaled until the regions with a published share of the country have it."""
        names = np.array([[f"EKA{fylke}" for fylke in self.fylke], list(self.kostragruppe)])
        rows = table("regions.csv").filter(pl.col("hva") == subject).iter_rows(named=True)
        anchors = [
            ((names == row["omraade"]).any(axis=0), float(row["del"]) / float(row["hele"]))
            for row in rows
        ]
        level = level.copy()
        for _ in range(_ANCHOR_ROUNDS):
            for inside, share in anchors:
                weight = level * self.expected
                have = weight[inside].sum() / weight.sum()
                level[inside] *= share * (1 - have) / (have * (1 - share))
        return level


def _bydel_keys() -> list[str]:
    return list(regions.bydeler()["bydel"])


def generator(seed: int, vintage: int, purpose: str, part: int = 0) -> np.random.Generator:
    """The random numbers of one purpose: independent of every other purpose's."""
    return np.random.default_rng([seed, vintage, part, *purpose.encode()])


def places(vintage: int, seed: int) -> Places:
    """The places of ``vintage``: every kommune, Oslo as fifteen bydeler."""
    frame = population(vintage).filter(pl.col("BYDELSNR").ne_missing(REST_OF_OSLO))
    units = frame.select("KOMMUNE_NR", "BYDELSNR").unique(maintain_order=True)
    counts = frame.select(_GROUPS[1:]).to_numpy().astype(np.float64)
    forties = _GROUPS[1:].index("40-49")
    halves = counts[:, [forties]] / 2
    ages = np.hstack([counts[:, :forties], halves, halves, counts[:, forties + 1 :]])
    return Places(
        vintage=vintage,
        seed=seed,
        kommune=tuple(units["KOMMUNE_NR"]),
        bydel=tuple(units["BYDELSNR"]),
        inhabitants=ages.reshape(len(units), 2, len(AGES)),
    )
