"""Skjema 7: årsverk, measures for people with substance problems, advice, opening hours."""

from __future__ import annotations

import numpy as np
import polars as pl

from kostra_publish.microdata.synth.places import Places, generator
from kostra_publish.microdata.synth.targets import Floats, Ints

# Årsverk by education in 2009 (aarsverk_national_2003_2009).
_EDUCATION = {
    "SOSIONOM": 2355.0,
    "BARNEVERNSPEDAGOG": 304.2,
    "ANNEN_HOEGSKOLE": 1295.9,
    "KONTOR": 721.8,
    "ANNEN": 770.0,
}
# Årsverk per inhabitant of 18 and over; 1.5 per 1000 in 2009 for all but 273, 275 and 276.
_STAFF = {"243": 0.00040, "242": 0.00110}
_FULL_TIME = 0.82
_SPREAD = 0.30
_YEARLY_SPREAD = 0.05
_REFUGEE_LEVEL = 3.24
"""About 12 per cent of the places have a lasting trait (lognormal 0, 1) above this."""

_REFUGEE_KR = 0.06
"""1000 kr per inhabitant where livsopphold to refugees is paid by kommunalt reglement."""

_SURVEY_SHARE = 0.3
_HOURS = (15.0, 20.0, 22.5, 25.0, 27.5, 30.0, 35.0, 37.5)


def skjema7(places: Places) -> pl.DataFrame:
    """One row per kommune; in Oslo one per bydel."""
    rng = generator(places.seed, places.vintage, "skjema7")
    size = places.adults
    columns: dict[str, pl.Series] = {
        "AARGANG": pl.repeat(places.vintage, len(places), dtype=pl.Int32, eager=True),
        "KOMMUNE_NR": pl.Series(places.kommune),
        "BYDELSNR": pl.Series(
            [None if b is None else b[-2:] for b in places.bydel], dtype=pl.String
        ),
    }
    for function, rate in _STAFF.items():
        columns |= _staff(places, function, rate, rng)
    columns |= _activity(places, size, rng)
    return pl.DataFrame(columns)


def _staff(
    places: Places, function: str, rate: float, rng: np.random.Generator
) -> dict[str, pl.Series]:
    level = places.trait(f"staff {function}", _SPREAD) * places.adults * rate
    parts = np.array(list(_EDUCATION.values())) / sum(_EDUCATION.values())
    columns: dict[str, pl.Series] = {}
    for education, part in zip(_EDUCATION, parts, strict=True):
        noise = np.exp(_SPREAD * rng.standard_normal(len(places)))
        for position, share in (("HELTID", _FULL_TIME), ("DELTID", 1 - _FULL_TIME)):
            name = f"AARSVERK_{function}_{education}_{position}"
            columns[name] = pl.Series(np.round(level * noise * part * share, 1))
    return columns


def _activity(places: Places, size: Floats, rng: np.random.Generator) -> dict[str, pl.Series]:
    def number(subject: str, rate: float) -> Ints:
        lasting = places.trait(subject, _SPREAD) * size * rate
        return rng.poisson(lasting * np.exp(_YEARLY_SPREAD * rng.standard_normal(len(size))))

    decisions = number("rus", 0.0035)
    cases = number("advice", 0.0045)
    pays = places.trait("refugees", 1.0) > _REFUGEE_LEVEL
    refugees = np.where(pays, np.rint(size * _REFUGEE_KR), 0)
    state = np.round(size * 0.00012 * 2) / 2
    municipal = np.round(size * 0.00005 * 2) / 2
    hours = np.array(_HOURS)[rng.integers(0, len(_HOURS), len(size))]
    asked = rng.random(len(size)) < _SURVEY_SHARE
    return {
        "RUS_VEDTAK": pl.Series(decisions, dtype=pl.Int32),
        "RUS_KJOEP": pl.Series(rng.binomial(decisions, 0.22), dtype=pl.Int32),
        "OEKRAAD_SAKER": pl.Series(cases, dtype=pl.Int32),
        "IP_ANTALL": pl.Series(number("plan", 0.0011), dtype=pl.Int32),
        "OEKRAAD_AARSVERK": pl.Series(np.round(cases / 60, 1)),
        "AAPNINGSTID_TIMER": pl.Series(hours),
        "BRUKERUNDERSOEKELSE": pl.Series(np.where(asked, "1", "2")),
        "FLYKTNING_LIVSOPPHOLD": pl.Series(refugees, dtype=pl.Int32),
        "KOMM_AARSVERK_STAT": pl.Series(state),
        "STAT_AARSVERK_KOMM": pl.Series(municipal),
    }
