"""Regnskap: what the accounts of the sosialtjeneste say, near the forms but not equal to them."""

from __future__ import annotations

import numpy as np
import polars as pl

from kostra_publish.microdata.synth.places import Places, generator
from kostra_publish.microdata.synth.targets import Floats, national, table

SOSIALHJELP, KVP = "281", "276"

# 1000 kr per inhabitant of 18 and over in 2023 (assumed), and the yearly growth.
_LEVEL = {"242": 1.45, "243": 1.10, "273": 0.35}
_GROWTH = 1.05
_BASE_YEAR = 2023
_INTRODUCTION_KR = 230.0
"""Gross expenses of the introduction programme, 1000 kr per recipient (assumed)."""

_BENEFIT_PART_OF_KVP = 0.63
_SPREAD = 0.25
_ART_SPREAD = 0.12
_USUAL_GAP = 0.02
_GAP_SHARE = 0.12
_LARGEST_GAP = 0.15
_CONCERN = ("243", "273")
_CONCERN_SHARE = 0.2
_CONCERN_MOST = 0.10
_REST_ART = "470"


def regnskap(places: Places, paid: Floats, kvp_paid: Floats) -> pl.DataFrame:
    """Beløp in 1000 kr by kommune x regnskapsomfang x funksjon x art.

    ``paid`` is bidrag + lån and ``kvp_paid`` kvalifiseringsstønad, both in kr by kommune. The
    gross expenses of 281 are ``paid`` for the country, and up to 15 per cent off in a kommune.
    Konsern (B) is never less than kommunekasse (A).
    """
    rng = generator(places.seed, places.vintage, "regnskap")
    totals = _totals(places, paid, kvp_paid, rng)
    frames = []
    for function, total in totals.items():
        arts = table("accounts.csv").filter(pl.col("funksjon") == function)
        amounts = _amounts(arts, total, rng, exact=function == SOSIALHJELP)
        more = np.zeros(len(total))
        if function in _CONCERN:
            joins = rng.random(len(total)) < _CONCERN_SHARE
            more = np.where(joins, rng.uniform(0, _CONCERN_MOST, len(total)), 0)
        concern = np.rint(amounts * (1 + more[:, None]))
        for scope, values in (("A", amounts), ("B", concern)):
            frames.append(_long(places, scope, function, list(arts["art"]), values))
    return pl.concat(frames).sort("KOMMUNE_NR", "REGNSKAPSOMFANG", "FUNKSJON", "ART")


def _totals(
    places: Places, paid: Floats, kvp_paid: Floats, rng: np.random.Generator
) -> dict[str, Floats]:
    """Gross expenses by function, 1000 kr by kommune."""
    growth = _GROWTH ** (places.vintage - _BASE_YEAR)
    totals = {
        function: places.per_kommune(
            places.trait(function, _SPREAD) * places.adults * level * growth
        )
        for function, level in _LEVEL.items()
    }
    adults = places.per_kommune(places.adults)
    newcomers = national(places.vintage)["introduksjonsstoenad"] * adults / adults.sum()
    totals["275"] = newcomers * _INTRODUCTION_KR * np.exp(0.2 * rng.standard_normal(len(adults)))
    totals[KVP] = kvp_paid / 1000 / _BENEFIT_PART_OF_KVP
    totals[SOSIALHJELP] = paid / 1000 * (1 + _gaps(paid, rng))
    return totals


def _gaps(paid: Floats, rng: np.random.Generator) -> Floats:
    """How far the accounts are from skjema 11 in each kommune; 0 for the country."""
    usual = _USUAL_GAP * rng.standard_normal(len(paid))
    wide = rng.uniform(-_LARGEST_GAP, _LARGEST_GAP, len(paid))
    gap = np.where(rng.random(len(paid)) < _GAP_SHARE, wide, usual)
    gap -= (gap @ paid) / paid.sum()
    return np.asarray(np.clip(gap, -_LARGEST_GAP, _LARGEST_GAP))


def _amounts(arts: pl.DataFrame, total: Floats, rng: np.random.Generator, *, exact: bool) -> Floats:
    """Kommune x art. With ``exact`` the expenses sum to ``total``; else arts vary freely."""
    share = arts["andel"].cast(float).to_numpy()
    noise = np.exp(_ART_SPREAD * rng.standard_normal((len(total), len(share))))
    amounts = np.rint(total[:, None] * share * noise)
    if exact:
        expense = (arts["slag"] == "utgift").to_numpy()
        rest = list(arts["art"]).index(_REST_ART)
        others = amounts[:, expense].sum(axis=1) - amounts[:, rest]
        amounts[:, rest] = np.maximum(np.rint(total) - others, 0)
    return np.asarray(amounts)


def _long(
    places: Places, scope: str, function: str, arts: list[str], values: Floats
) -> pl.DataFrame:
    kommuner = len(places.kommuner)
    frame = pl.DataFrame(
        {
            "KOMMUNE_NR": np.repeat(np.array(places.kommuner), len(arts)),
            "ART": np.tile(np.array(arts), kommuner),
            "BELOEP": pl.Series(values.ravel(), dtype=pl.Int64),
        }
    )
    return frame.filter(pl.col("BELOEP") != 0).select(
        pl.lit(places.vintage, dtype=pl.Int32).alias("AARGANG"),
        "KOMMUNE_NR",
        pl.lit(scope).alias("REGNSKAPSOMFANG"),
        pl.lit(function).alias("FUNKSJON"),
        "ART",
        "BELOEP",
    )
