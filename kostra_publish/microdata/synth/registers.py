"""What comes from registers: befolkning (real figures) and introduksjonsstønad."""

from __future__ import annotations

import numpy as np
import polars as pl

from kostra_publish.microdata.synth.places import Places, generator, population
from kostra_publish.microdata.synth.quotas import systematic
from kostra_publish.microdata.synth.targets import national

_LEVEL_SPREAD = 0.35
_WOMEN = 0.56


def befolkning(vintage: int) -> pl.DataFrame:
    """Inhabitants at the end of ``vintage`` by kommune (Oslo: bydel), kjønn and age group."""
    keys = ["KOMMUNE_NR", "BYDELSNR", "KJONN"]
    return (
        population(vintage)
        .unpivot(index=keys, variable_name="ALDER", value_name="PERSONER")
        .with_columns(
            pl.lit(vintage, dtype=pl.Int32).alias("AARGANG"), pl.col("PERSONER").cast(pl.Int32)
        )
        .select("AARGANG", *keys, "ALDER", "PERSONER")
        .sort(*keys, "ALDER", nulls_last=True)
    )


def introduksjon(places: Places) -> pl.DataFrame:
    """Recipients of introduksjonsstønad by kommune of residence and kjønn."""
    kommuner = places.kommuner
    weight = places.trait("introduksjon", _LEVEL_SPREAD) * places.adults
    by_kommune = places.per_kommune(weight)
    share = np.array([1 - _WOMEN, _WOMEN])
    total = national(places.vintage)["introduksjonsstoenad"]
    expected = by_kommune[:, None] / by_kommune.sum() * share * total
    rng = generator(places.seed, places.vintage, "introduksjon")
    counts = systematic(expected.ravel(), rng)
    return pl.DataFrame(
        {
            "AARGANG": pl.repeat(places.vintage, len(counts), dtype=pl.Int32, eager=True),
            "KOMMUNE_NR": np.repeat(np.array(kommuner), 2),
            "KJONN": np.tile(np.array(["1", "2"]), len(kommuner)),
            "MOTTAKERE": pl.Series(counts, dtype=pl.Int32),
        }
    )
