"""Skjema 12: the kommune's guiding rates for livsopphold, and what they cover."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from kostra_publish.microdata.synth.places import Places, generator
from kostra_publish.microdata.synth.targets import table

_RATES = (
    "SATS_ENSLIG",
    "SATS_PAR",
    "SATS_BOFELLESSKAP",
    "SATS_BARN_0_5",
    "SATS_BARN_6_10",
    "SATS_BARN_11_17",
)
_OWN_LEVEL = 1.47
"""About 35 per cent of the kommuner have a lasting trait (lognormal 0, 1) above this."""

_STEP = 50
_STATE, _OWN = "1", "2"
# Assumed share of kommuner that say yes.
_COVERED = {
    "INKL_DAGLIGVARER": 0.995,
    "INKL_KLAER": 0.97,
    "INKL_HUSHOLDNING": 0.97,
    "INKL_TV_AVIS_TELEFON": 0.85,
    "INKL_FRITID": 0.80,
    "INKL_REISE": 0.75,
    "UTENFOR_BARNETRYGD": 0.65,
    "UTENFOR_KONTANTSTOETTE": 0.35,
    "UTENFOR_BARNS_INNTEKTER": 0.85,
}


def skjema12(places: Places) -> pl.DataFrame:
    """One row per kommune. A kommune with its own basis differs lastingly from the state's."""
    rng = generator(places.seed, places.vintage, "skjema12")
    kommuner = places.kommuner
    first = np.unique(places.kommune_index, return_index=True)[1]
    own = places.trait("own rates", 1.0)[first] > _OWN_LEVEL
    factor = np.clip(places.trait("rates", 0.07)[first], 0.85, 1.2)
    satser = table("satser.csv").filter(pl.col("aargang") == str(places.vintage))
    columns: dict[str, pl.Series] = {
        "AARGANG": pl.repeat(places.vintage, len(kommuner), dtype=pl.Int32, eager=True),
        "KOMMUNE_NR": pl.Series(kommuner),
        "BEREGNINGSGRUNNLAG": pl.Series(np.where(own, _OWN, _STATE)),
    }
    for name in _RATES:
        state = int(satser[name].item())
        local = np.rint(state * factor / _STEP) * _STEP
        columns[name] = pl.Series(np.where(own, local, state), dtype=pl.Int32)
    new_year = date(places.vintage, 1, 1)
    days = rng.integers(-60, 60, len(kommuner))
    columns["VEDTAKSDATO"] = pl.Series([new_year + timedelta(days=int(d)) for d in days])
    for name, share in _COVERED.items():
        columns[name] = pl.Series(np.where(rng.random(len(kommuner)) < share, "1", "0"))
    return pl.DataFrame(columns)
