"""Skjema 11, sosialhjelp: one part of a vintage as it stands in June, and what March lacked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from kostra_publish.microdata.synth.columns import (
    SAKSBEHANDLER,
    Journals,
    codes,
    date_or_null,
    in_layout,
    month_columns,
    number_or_null,
    place_columns,
    yes_no,
)
from kostra_publish.microdata.synth.conditions import Situation, condition_columns
from kostra_publish.microdata.synth.identity import (
    D_NUMBER,
    DUF,
    FOEDSELSNUMMER,
    SUBSTITUTE,
    Issuer,
    may_be_substituted,
)
from kostra_publish.microdata.synth.persons import (
    COUPLE,
    Persons,
    children,
    draw,
    housing,
    marital_status,
)
from kostra_publish.microdata.synth.places import Places, generator
from kostra_publish.microdata.synth.situation import TRYGD, main_source_and_work, trygd
from kostra_publish.microdata.synth.support import (
    Tilfeller,
    calendar,
    kommune_counts,
    month_counts,
    pay,
    split,
)
from kostra_publish.microdata.synth.targets import (
    ARBSIT,
    BOSIT,
    VKLO,
    Flags,
    Floats,
    Ints,
    national,
)

SUBSTITUTES_FROM = 2023
MONTH_NAMES = (
    "JAN",
    "FEB",
    "MARS",
    "APRIL",
    "MAI",
    "JUNI",
    "JULI",
    "AUG",
    "SEPT",
    "OKT",
    "NOV",
    "DES",
)
ID_PARTS = {FOEDSELSNUMMER: 0.945, D_NUMBER: 0.047, DUF: 0.005, SUBSTITUTE: 0.003}
"""Assumed shares of the kinds of id."""

LATE, AMENDED = 1, 2
"""What happened to a row between March and June: it came late, or its amounts were corrected."""

_LATE_SHARE = 0.001
_AMENDED_SHARE = 0.002
_ALSO_DUF_SHARE = 0.005
_ADVICE_SHARE = 0.14
_PLAN_SHARE = 0.03
# Exceptions that give the warnings of control rules 021, 030, 031, 036 and 037.
_ODD_WORK_SHARE = 0.0003
_HUGE_SHARE = 0.00005
_TINY_SHARE = 0.0001
_NO_MONTHLY_SHARE = 0.0004
_UNEQUAL_SHARE = 0.0002
_HUGE_KR = 1_000_001
_TINY_KR = 150
_UNEQUAL_KR = 1000


@dataclass(frozen=True)
class Part:
    """One part of a vintage: the June rows, and by row what happened since March.

    ``change`` is 0, LATE or AMENDED. ``paid`` is bidrag + lån in kr by kommune.
    """

    june: pl.DataFrame
    change: Ints
    paid: Floats

    def march(self) -> pl.DataFrame:
        """The rows as they stood in March: without the late, with one month's bidrag lower."""
        frame = self.june.with_columns(pl.Series("change", self.change))
        frame = frame.filter(pl.col("change") != LATE)
        months = [f"BIDRAG_{name}" for name in MONTH_NAMES]
        amended = pl.col("change") == AMENDED
        lower = [pl.when(amended).then(pl.col(m) * 9 // 10).otherwise(m).alias(m) for m in months]
        total = pl.when(amended).then(pl.sum_horizontal(months)).otherwise("BIDRAG")
        frame = frame.with_columns(lower).with_columns(total.cast(pl.Int32).alias("BIDRAG"))
        return frame.drop("change")


def build(places: Places, issuer: Issuer, journals: Journals, *, part: int, size: float) -> Part:
    """One part of skjema 11, ``size`` times a whole country."""
    persons = draw(places, part=part, size=size)
    rng = generator(places.seed, places.vintage, "situation", part)
    vklo, arbsit = main_source_and_work(persons, rng)
    counts = month_counts(persons, vklo, rng)
    kind = _id_kinds(persons, rng, substitutes=part == 0)
    number = kommune_counts(persons, counts, kind == SUBSTITUTE, rng)
    rows = split(persons, calendar(counts, rng), number, rng)
    paid = national(places.vintage)["brutto_utbetalt_1000kr"] * 1000 * size
    tilfeller = pay(persons, vklo, rows, paid=paid, part=part)
    about = _person_columns(persons, vklo, arbsit, rng) | _ids(persons, kind, issuer, rng)
    everyone = pl.Series(tilfeller.person)
    columns = {name: column.gather(everyone) for name, column in about.items()}
    columns |= place_columns(places, tilfeller.place)
    columns["PERSON_JOURNALNR"] = journals.issue(tilfeller.place)
    situation = Situation(
        vintage=places.vintage,
        age=persons.age[tilfeller.person],
        couple=(persons.family >= COUPLE)[tilfeller.person],
        months=tilfeller.months,
    )
    columns |= condition_columns(situation, rng)
    amounts, odd = _amount_columns(tilfeller, rng)
    frame = in_layout("11F", places.vintage, columns | amounts)
    kr = (frame["BIDRAG"] + frame["LAAN"]).cast(pl.Float64).to_numpy()
    paid_out = places.per_kommune(kr, tilfeller.place)
    return Part(june=frame, change=_changes(tilfeller, places, odd, rng), paid=paid_out)


def _person_columns(
    persons: Persons, vklo: Ints, arbsit: Ints, rng: np.random.Generator
) -> dict[str, pl.Series]:
    """The columns that tell of the person, one value per person."""
    benefit = trygd(persons, vklo, arbsit, rng)
    odd = (vklo == VKLO.index("5")) & (rng.random(len(persons)) < _ODD_WORK_SHARE)
    work = np.where(odd, ARBSIT.index("01"), arbsit)
    supported = children(persons, rng)
    return {
        "FODSELSDATO": date_or_null(persons.born, np.ones(len(persons), dtype=np.bool_)),
        "KJONN": codes(("1", "2"), persons.women.astype(np.int64)),
        "EKTSTAT": pl.Series(marital_status(persons, rng)).cast(pl.String),
        "BU18": yes_no(supported > 0),
        "ANTBU18": number_or_null(supported, supported > 0),
        "VKLO": codes(VKLO, vklo),
        "TRYGDESIT": codes(TRYGD, benefit),
        "ARBSIT": codes(ARBSIT, work),
        "GITT_OKONOMIRAD": yes_no(rng.random(len(persons)) < _ADVICE_SHARE),
        "FAAT_INDIVIDUELL_PLAN": yes_no(rng.random(len(persons)) < _PLAN_SHARE),
        "SAKSBEHANDLER": pl.repeat(SAKSBEHANDLER, len(persons), eager=True),
        "BOSIT": codes((*BOSIT, "6"), housing(persons, rng)),
    }


def _id_kinds(persons: Persons, rng: np.random.Generator, *, substitutes: bool) -> Ints:
    kind = rng.choice(list(ID_PARTS), len(persons), p=list(ID_PARTS.values()))
    allowed = np.zeros(len(persons), dtype=np.bool_)
    if substitutes and persons.places.vintage >= SUBSTITUTES_FROM:
        allowed = may_be_substituted(persons.born, persons.women) & _first_of_its_kind(persons)
    return np.where((kind == SUBSTITUTE) & ~allowed, DUF, kind)


def _first_of_its_kind(persons: Persons) -> Flags:
    """One person per kommune, birth date and sex: two substitutes in a kommune never agree."""
    kommune = persons.places.kommune_index[persons.place]
    day = persons.born.astype("datetime64[D]").astype(np.int64)
    key = (kommune * 1_000_000 + day) * 2 + persons.women
    first = np.zeros(len(persons), dtype=np.bool_)
    first[np.unique(key, return_index=True)[1]] = True
    return first


def _ids(
    persons: Persons, kind: Ints, issuer: Issuer, rng: np.random.Generator
) -> dict[str, pl.Series]:
    number, given = issuer.issue(persons.born, persons.women, kind)
    also = (given == D_NUMBER) & (rng.random(len(persons)) < _ALSO_DUF_SHARE)
    return {"PERSON_FODSELSNR": number, "PERSON_DUF": issuer.duf((given == DUF) | also)}


def _amount_columns(
    tilfeller: Tilfeller, rng: np.random.Generator
) -> tuple[dict[str, pl.Series], Flags]:
    """Months and amounts by row, and which rows are exceptions (warnings 030, 031, 036, 037)."""
    bidrag, laan = tilfeller.bidrag.copy(), tilfeller.laan.copy()
    lot = rng.random(len(tilfeller))
    first = np.argmax(tilfeller.months, axis=1)
    huge = np.flatnonzero(lot < _HUGE_SHARE)
    bidrag[huge, first[huge]] = _HUGE_KR
    tiny = np.flatnonzero((lot > 1 - _TINY_SHARE) & (tilfeller.months.sum(axis=1) == 1))
    bidrag[tiny, first[tiny]], laan[tiny] = _TINY_KR, 0
    edge = _HUGE_SHARE + _NO_MONTHLY_SHARE
    blank = (lot >= _HUGE_SHARE) & (lot < edge)
    unequal = (lot >= edge) & (lot < edge + _UNEQUAL_SHARE)
    columns = month_columns(tilfeller.months)
    borrowed = laan.sum(axis=1)
    off = _UNEQUAL_KR * unequal
    columns["BIDRAG"] = pl.Series(bidrag.sum(axis=1) + off * (borrowed == 0), dtype=pl.Int32)
    columns["LAAN"] = pl.Series(borrowed + off * (borrowed > 0), dtype=pl.Int32)
    for month, name in enumerate(MONTH_NAMES):
        for label, amounts in (("BIDRAG", bidrag), ("LAAN", laan)):
            given = (amounts[:, month] > 0) & ~blank
            columns[f"{label}_{name}"] = number_or_null(amounts[:, month], given)
    odd = blank | unequal
    odd[huge] = odd[tiny] = True
    return columns, odd


def _changes(tilfeller: Tilfeller, places: Places, odd: Flags, rng: np.random.Generator) -> Ints:
    """0, LATE or AMENDED by row; kommuner with a fixed number of recipients are left alone."""
    free = ~odd & ~np.isin(tilfeller.place, list(places.few)) & (tilfeller.bidrag.sum(axis=1) > 0)
    rows = rng.permutation(np.flatnonzero(free))
    late, amended = round(_LATE_SHARE * len(free)), round(_AMENDED_SHARE * len(free))
    change = np.zeros(len(free), dtype=np.int64)
    change[rows[:late]] = LATE
    change[rows[late : late + amended]] = AMENDED
    return change
