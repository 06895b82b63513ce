"""Who had reported when: the kommuner missing in March and in June, form by form."""

from __future__ import annotations

from typing import Literal

import polars as pl

from kostra_publish.codes import regions
from kostra_publish.microdata.synth.places import Places, codes_of, generator
from kostra_publish.microdata.synth.targets import table

Round = Literal["mars", "juni"]

FORMS = ("skjema11", "skjema11c", "skjema7", "skjema12", "regnskap", "introduksjon")
"""The datasets that kommuner deliver; befolkning is the register's."""

PER_BYDEL = ("skjema11", "skjema11c", "skjema7")
DELIVERED, NONE, MISSING = "levert", "ingen", "mangler"

_LARGEST_LATE = 15_000
_DELIVERIES: dict[Round, str] = {"mars": "02-20", "juni": "06-05"}


def delivered(vintage: int, when: Round) -> str:
    """The date of the delivery, in the year after the vintage."""
    return f"{vintage + 1}-{_DELIVERIES[when]}"


def missing(places: Places, form: str, when: Round) -> frozenset[str]:
    """The kommuner whose ``form`` is not in the delivery.

    June follows the lists in ``missing.csv``. In March those are missing too, and others with
    fewer than 15 000 adults, up to the number in ``missing_in_march.csv``.
    """
    named = _named(places.vintage, form, "juni")
    if when == "juni":
        return named
    named |= _named(places.vintage, form, "mars")
    numbers = table("missing_in_march.csv").filter(pl.col("skjema") == form)
    wanted = int(numbers[str(places.vintage)].item()) if len(numbers) else 0
    adults = places.per_kommune(places.adults)
    fixed = {places.kommune[place] for place in places.few} | named | {regions.OSLO}
    others = [
        code
        for code, size in zip(places.kommuner, adults, strict=True)
        if size < _LARGEST_LATE and code not in fixed
    ]
    rng = generator(places.seed, places.vintage, f"missing {form}")
    more = rng.choice(others, max(wanted - len(named), 0), replace=False)
    return named | frozenset(str(code) for code in more)


def _named(vintage: int, form: str, when: Round) -> frozenset[str]:
    rows = table("missing.csv").filter(
        (pl.col("skjema") == form) & (pl.col("runde") == when) & (pl.col(str(vintage)) == "x")
    )
    old = codes_of(vintage)
    return frozenset(old[code] for code in rows["kommune"])


def innrapportering(places: Places, when: Round, frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """STATUS by form and kommune (Oslo by bydel for the forms that are): levert, ingen, mangler.

    ``frames`` holds, by form, the KOMMUNE_NR and BYDELSNR of units with rows; a form that is
    not among them has rows from all that delivered.
    """
    parts = []
    for form in FORMS:
        units = _units(places, per_bydel=form in PER_BYDEL)
        absent = pl.col("KOMMUNE_NR").is_in(sorted(missing(places, form, when)))
        nothing = pl.lit(value=False)
        if form in frames:
            seen = frames[form].select("KOMMUNE_NR", "BYDELSNR", pl.lit(value=True).alias("seen"))
            units = units.join(
                seen,
                on=["KOMMUNE_NR", "BYDELSNR"],
                how="left",
                nulls_equal=True,
                maintain_order="left",
            )
            nothing = pl.col("seen").is_null()
        parts.append(
            units.select(
                pl.lit(places.vintage, dtype=pl.Int32).alias("AARGANG"),
                pl.lit(form).alias("SKJEMA"),
                "KOMMUNE_NR",
                "BYDELSNR",
                pl.when(absent)
                .then(pl.lit(MISSING))
                .when(nothing)
                .then(pl.lit(NONE))
                .otherwise(pl.lit(DELIVERED))
                .alias("STATUS"),
            )
        )
    return pl.concat(parts)


def _units(places: Places, *, per_bydel: bool) -> pl.DataFrame:
    bydel = [b[-2:] if b is not None and per_bydel else None for b in places.bydel]
    units = {"KOMMUNE_NR": places.kommune, "BYDELSNR": pl.Series(bydel, dtype=pl.String)}
    return pl.DataFrame(units).unique(maintain_order=True)
