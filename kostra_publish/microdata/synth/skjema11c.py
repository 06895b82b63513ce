"""Skjema 11C, kvalifiseringsprogrammet: participants, their programme and what came after."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from kostra_publish.microdata.synth.columns import (
    MONTHS,
    SAKSBEHANDLER,
    Journals,
    codes,
    date_or_null,
    in_layout,
    month_columns,
    number_or_null,
    place_columns,
    ticked,
    yes_no,
)
from kostra_publish.microdata.synth.identity import (
    D_NUMBER,
    FOEDSELSNUMMER,
    SUBSTITUTE,
    Dates,
    Issuer,
    may_be_substituted,
)
from kostra_publish.microdata.synth.persons import birth_dates
from kostra_publish.microdata.synth.places import Places, generator
from kostra_publish.microdata.synth.quotas import deal, largest_remainder, systematic
from kostra_publish.microdata.synth.skjema11 import AMENDED, LATE, SUBSTITUTES_FROM
from kostra_publish.microdata.synth.targets import Flags, Floats, Ints, kvp, national

STATUSES = ("1", "2", "3", "4", "5", "6", "7")
IN_PROGRAMME, ON_LEAVE, COMPLETED, MOVED_BYDEL, ENDED_AFTER_BREAK = 1, 2, 3, 6, 7
STATUS_7_FROM = 2023
"""STATUS 7 is a code from this vintage on."""

_ENDED = (3, 4, 5, 7)
_LONGEST_BEFORE = 730
_LEVEL_SPREAD = 0.4
_SMALL_KOMMUNE = 3000
_NO_PROGRAMME_SHARE = 0.5
_ON_LEAVE_ALL_YEAR_SHARE = 0.03
_YOUNG = 25
_YOUNG_PART = 2 / 3
_MOVE_BYDEL_SHARE = 0.03
_RESTART_SHARE = 0.006
_LATE_SHARE = 0.001
_AMENDED_SHARE = 0.002
_FROM_OTHER_KOMMUNE = 0.02
_BESIDES_SHARE = 0.45
_COMPLETED_OTHERWISE = "AVSL_ANNET"

# What came after the programme: the field and its code, which is also the code of the main
# source of income in AVSL_VIKTIGSTE_INNTEKT.
_AFTER = {
    "AVSL_ORDINAERTARB": "01",
    "AVSL_ARBLONNSTILS": "11",
    "AVSL_ARBMARK": "03",
    "AVSL_SKOLE": "04",
    "AVSL_UFORE": "13",
    "AVSL_AAP": "14",
    "AVSL_OK_AVKLAR": "15",
    "AVSL_UTEN_OK_AVKLAR": "16",
    _COMPLETED_OTHERWISE: "10",
    "AVSL_UKJENT": "17",
}
_BESIDES = {
    "KVP_MED_KOMMBOS": ("4", 0.15),
    "KVP_MED_HUSBANKBOS": ("5", 0.55),
    "KVP_MED_SOSHJ_ENGANG": ("9", 0.25),
    "KVP_MED_SOSHJ_PGM": ("8", 0.10),
    "KVP_MED_SOSHJ_SUP": ("7", 0.30),
}
_AGES = {
    "18-19": (18, 20),
    "20-24": (20, 25),
    "25-29": (25, 30),
    "30-39": (30, 40),
    "40-49": (40, 50),
    "50-59": (50, 60),
    "60-66": (60, 67),
}


@dataclass(frozen=True)
class Programmes:
    """Records of skjema 11C: whose, where, and from when to when.

    ``participant`` indexes the participants; ``ended`` is the last day in the programme (or
    the last of the year); ``months`` is record x month with benefit.
    """

    vintage: int
    participant: Ints
    place: Ints
    status: Ints
    begun: Dates
    ended: Dates
    months: Flags

    def taken(self, rows: Ints) -> Programmes:
        """The given records."""
        return replace(
            self,
            participant=self.participant[rows],
            place=self.place[rows],
            status=self.status[rows],
            begun=self.begun[rows],
            ended=self.ended[rows],
            months=self.months[rows],
        )


@dataclass(frozen=True)
class Part:
    """One part of a vintage: the June rows, and by row what happened since March.

    ``paid`` is kvalifiseringsstønad in kr by kommune.
    """

    june: pl.DataFrame
    change: Ints
    paid: Floats

    def march(self) -> pl.DataFrame:
        """The rows as they stood in March: without the late, some with a lower amount."""
        frame = self.june.with_columns(pl.Series("change", self.change))
        lower = pl.col("KVP_STONAD") * 9 // 10
        amount = pl.when(pl.col("change") == AMENDED).then(lower).otherwise("KVP_STONAD")
        return (
            frame.filter(pl.col("change") != LATE)
            .with_columns(amount.cast(pl.Int32).alias("KVP_STONAD"))
            .drop("change")
        )


def build(places: Places, issuer: Issuer, journals: Journals, *, part: int, size: float) -> Part:
    """One part of skjema 11C, ``size`` times a whole country."""
    rng = generator(places.seed, places.vintage, "skjema11c", part)
    home = _homes(places, size, rng)
    age = _ages(len(home), rng)
    women = _quota_flags(kvp("kjonn")["2"] / 100, len(home), rng)
    records = _records(places, home, rng)
    stoenad = _benefit(records, age[records.participant], size, rng)
    columns = _participant_columns(places, home, age, women, rng)
    columns |= _ids(places, home, age, women, issuer, rng, substitutes=part == 0)
    who = pl.Series(records.participant)
    columns = {name: column.gather(who) for name, column in columns.items()}
    columns |= place_columns(places, records.place) | month_columns(records.months)
    columns["PERSON_JOURNALNR"] = journals.issue(records.place)
    columns["KVP_STONAD"] = number_or_null(stoenad, stoenad > 0)
    columns |= _dates(records, rng) | _outcome(records, rng)
    columns["SAKSBEHANDLER"] = pl.repeat(SAKSBEHANDLER, len(stoenad), eager=True)
    frame = in_layout("11CF", places.vintage, columns)
    paid = places.per_kommune(stoenad.astype(np.float64), records.place)
    return Part(june=frame, change=_changes(len(frame), rng), paid=paid)


def _homes(places: Places, size: float, rng: np.random.Generator) -> Ints:
    """The place of each participant, in order; half of the small kommuner have none."""
    level = places.anchored(places.trait("kvp level", _LEVEL_SPREAD), "kvp")
    weight = level * places.expected
    lot = generator(places.seed, places.vintage, "kvp none").random(len(places))
    weight[(places.adults < _SMALL_KOMMUNE) & (lot < _NO_PROGRAMME_SHARE)] = 0
    weight[list(places.few)] = 0
    total = round(national(places.vintage)["kvp_deltakere"] * size)
    return np.repeat(np.arange(len(places)), systematic(weight / weight.sum() * total, rng))


def _ages(count: int, rng: np.random.Generator) -> Ints:
    published = kvp("alder")
    quotas = largest_remainder(np.array([published[age] for age in _AGES]), count)
    group = deal(np.zeros(count, dtype=np.int64), quotas[None, :], rng)
    bounds = np.array(list(_AGES.values()))[group]
    return rng.integers(bounds[:, 0], bounds[:, 1])


def _quota_flags(share: float, count: int, rng: np.random.Generator) -> Flags:
    flags = np.zeros(count, dtype=np.bool_)
    flags[rng.permutation(count)[: round(share * count)]] = True
    return flags


def _records(places: Places, home: Ints, rng: np.random.Generator) -> Programmes:
    """One record per participant, and a second for some who moved or began again."""
    count = len(home)
    published = kvp("STATUS")
    if places.vintage < STATUS_7_FROM:
        published["4"] += published.pop("7")
    quotas = largest_remainder(np.array([published.get(s, 0.0) for s in STATUSES]), count)
    status = 1 + deal(np.zeros(count, dtype=np.int64), quotas[None, :], rng)
    last = np.datetime64(f"{places.vintage}-12-31")
    first = np.datetime64(f"{places.vintage}-01-01")
    over = np.isin(status, _ENDED)
    ended: Dates = np.where(over, first + rng.integers(10, 360, count), last)
    begun: Dates = ended - rng.integers(40, _LONGEST_BEFORE, count)
    months = _months_between(places.vintage, begun, ended)
    months &= _months_before_leave(months, status == ON_LEAVE, rng)
    records = Programmes(
        vintage=places.vintage,
        participant=np.arange(count),
        place=home,
        status=status,
        begun=begun,
        ended=ended,
        months=months,
    )
    return _with_second_records(places, records, rng)


def _months_before_leave(months: Flags, away: Flags, rng: np.random.Generator) -> Flags:
    """Those on leave at the end of the year stopped in June, or in their first month after.

    A few were on leave all year: no month and no benefit (warnings 028 and 029).
    """
    last = np.maximum(months.argmax(axis=1), MONTHS // 2 - 1)
    stays = np.arange(MONTHS) <= last[:, None]
    all_year = rng.random(len(months)) < _ON_LEAVE_ALL_YEAR_SHARE
    return np.asarray(~away[:, None] | (stays & ~all_year[:, None]))


def _months_between(vintage: int, begun: Dates, ended: Dates) -> Flags:
    start = np.datetime64(f"{vintage}-01", "M") + np.arange(MONTHS)
    first, last = begun.astype("datetime64[M]"), ended.astype("datetime64[M]")
    return np.asarray((start >= first[:, None]) & (start <= last[:, None]))


def _with_second_records(
    places: Places, records: Programmes, rng: np.random.Generator
) -> Programmes:
    """Adds the earlier record of those who moved between bydeler or began again.

    Only participants in the programme at the end of the year, begun well before it.
    """
    oslo = np.array([b is not None for b in places.bydel])[records.place]
    half = records.months.sum(axis=1) >= MONTHS // 2
    able = np.flatnonzero((records.status == IN_PROGRAMME) & half)
    share = np.where(oslo[able], _MOVE_BYDEL_SHARE, _RESTART_SHARE)
    twice = able[rng.random(len(able)) < share / half[records.status == IN_PROGRAMME].mean()]
    if not len(twice):
        return records
    moved = oslo[twice]
    months = records.months[twice]
    cut = MONTHS - months.sum(axis=1) // 2
    cut_day = (np.datetime64(f"{records.vintage}-01", "M") + cut).astype("datetime64[D]")
    early = np.arange(MONTHS) < cut[:, None]
    before = replace(
        records.taken(twice),
        place=np.where(
            moved, _other_bydel(places, records.place[twice], rng), records.place[twice]
        ),
        status=np.where(moved, MOVED_BYDEL, COMPLETED),
        ended=cut_day - 1,
        months=months & early,
    )
    records.months[twice] = months & ~early
    records.begun[twice] = cut_day
    return _in_order(records, before)


def _other_bydel(places: Places, place: Ints, rng: np.random.Generator) -> Ints:
    bydeler = np.flatnonzero([b is not None for b in places.bydel])
    position = np.searchsorted(bydeler, place) % len(bydeler)
    other = (position + rng.integers(1, len(bydeler), len(place))) % len(bydeler)
    return np.asarray(bydeler[other])


def _in_order(one: Programmes, other: Programmes) -> Programmes:
    both = Programmes(
        vintage=one.vintage,
        participant=np.concatenate([one.participant, other.participant]),
        place=np.concatenate([one.place, other.place]),
        status=np.concatenate([one.status, other.status]),
        begun=np.concatenate([one.begun, other.begun]),
        ended=np.concatenate([one.ended, other.ended]),
        months=np.concatenate([one.months, other.months]),
    )
    return both.taken(np.argsort(both.place, kind="stable"))


def _benefit(records: Programmes, age: Ints, size: float, rng: np.random.Generator) -> Ints:
    """Kr in the year: 2 G / 12 a month, two thirds under 25, less for absence.

    All are scaled so that the year's total is the target's.
    """
    figures = national(records.vintage)
    month = 2 * figures["grunnbeloep"] / MONTHS
    amount = records.months.sum(axis=1) * month * np.where(age < _YOUNG, _YOUNG_PART, 1.0)
    amount *= rng.uniform(0.85, 1.0, len(amount))
    amount *= figures["kvp_1000kr"] * 1000 * size / max(amount.sum(), 1.0)
    return np.asarray(np.rint(amount), dtype=np.int64)


def _participant_columns(
    places: Places, home: Ints, age: Ints, women: Flags, rng: np.random.Generator
) -> dict[str, pl.Series]:
    count = len(home)
    supports = rng.random(count) < np.where(women, 0.45, 0.22) * ((age > 20) & (age < 55))
    couple = rng.random(count) < np.where(supports, 0.5, 0.2)
    alone = np.where(rng.random(count) < 0.65, 1, 4)
    elsewhere = rng.random(count) < _FROM_OTHER_KOMMUNE
    other = (places.kommune_index[home] + rng.integers(1, len(places.kommuner), count)) % len(
        places.kommuner
    )
    columns = {
        "KJONN": codes(("1", "2"), women.astype(np.int64)),
        "EKTSTAT": pl.Series(np.where(couple, 2 + (age < 35), alone)).cast(pl.String),
        "BU18": yes_no(supports),
        "ANTBU18": number_or_null(1 + rng.poisson(0.9, count), supports),
        "KVP_KOMM": yes_no(elsewhere),
        "KOMMNR_KVP_KOMM": codes(
            (*places.kommuner, None), np.where(elsewhere, other, len(places.kommuner))
        ),
    }
    return columns | _income_before(count, rng) | _besides(count, rng)


def _income_before(count: int, rng: np.random.Generator) -> dict[str, pl.Series]:
    """Benefits in the two months before the application; several are possible."""
    published = {name: share / 100 for name, share in kvp("inntekt_foer").items()}
    main = published.pop("YTELSE_SOSHJELP_2")
    extra = published.pop("YTELSE_SOSHJELP_3")
    quotas = largest_remainder(np.array([main, extra, 1 - main - extra]), count)
    assistance = deal(np.zeros(count, dtype=np.int64), quotas[None, :], rng)
    columns = {
        "YTELSE_SOSHJELP": codes(("1", "1", None), assistance),
        "YTELSE_TYPE_SOSHJ": codes(("2", "3", None), assistance),
    }
    for name, code in (
        ("YTELSE_INTRO", "4"),
        ("YTELSE_INDIVIDSTONAD", "5"),
        ("YTELSE_FOLKETRYGDL", "6"),
    ):
        columns[name] = ticked(code, _quota_flags(published[name], count, rng))
    return columns


def _besides(count: int, rng: np.random.Generator) -> dict[str, pl.Series]:
    """Other support in the year; rule 027: at least one kind when there was any."""
    some = rng.random(count) < _BESIDES_SHARE
    kinds = {name: some & (rng.random(count) < share) for name, (_, share) in _BESIDES.items()}
    kinds["KVP_MED_HUSBANKBOS"] |= some & ~np.any(list(kinds.values()), axis=0)
    columns = {name: ticked(_BESIDES[name][0], where) for name, where in kinds.items()}
    return {"KVP_MED_ASTONAD": yes_no(some)} | columns


def _ids(
    places: Places,
    home: Ints,
    age: Ints,
    women: Flags,
    issuer: Issuer,
    rng: np.random.Generator,
    *,
    substitutes: bool,
) -> dict[str, pl.Series]:
    """Ids; skjema 11C has no DUF field, so a person without a number has the substitute."""
    born = birth_dates(places.vintage - age, rng)
    kinds = (FOEDSELSNUMMER, D_NUMBER, SUBSTITUTE)
    kind = rng.choice(kinds, len(home), p=(0.958, 0.04, 0.002))
    allowed = np.zeros(len(home), dtype=np.bool_)
    if substitutes and places.vintage >= SUBSTITUTES_FROM:
        allowed = may_be_substituted(born, women)
    kind = np.where((kind == SUBSTITUTE) & ~allowed, FOEDSELSNUMMER, kind)
    number, _ = issuer.issue(born, women, kind)
    return {
        "PERSON_FODSELSNR": number,
        "FODSELSDATO": date_or_null(born, np.ones(len(born), dtype=np.bool_)),
    }


def _dates(records: Programmes, rng: np.random.Generator) -> dict[str, pl.Series]:
    count = len(records.place)
    always = np.ones(count, dtype=np.bool_)
    decided = records.begun - rng.integers(0, 30, count)
    return {
        "REG_DATO": date_or_null(decided - rng.integers(1, 90, count), always),
        "VEDTAK_DATO": date_or_null(decided, always),
        "BEGYNT_DATO": date_or_null(records.begun, always),
        "AVSL_DATO": date_or_null(records.ended, np.isin(records.status, _ENDED)),
    }


def _outcome(records: Programmes, rng: np.random.Generator) -> dict[str, pl.Series]:
    """STATUS; the situation after for 3 and 7 (rule 038), the income after for 3 (rule 039)."""
    count = len(records.status)
    published = kvp("etter")
    chances = np.array([published[name] for name in _AFTER])
    after = rng.choice(len(_AFTER), count, p=chances / chances.sum())
    done = records.status == COMPLETED
    told = done | (records.status == ENDED_AFTER_BREAK)
    columns = {"STATUS": codes(STATUSES, records.status - 1)}
    for position, (name, code) in enumerate(_AFTER.items()):
        columns[name] = ticked(code, told & (after == position))
    income = codes((*_AFTER.values(), None), np.where(done, after, len(_AFTER)))
    return columns | {"AVSL_VIKTIGSTE_INNTEKT": income}


def _changes(count: int, rng: np.random.Generator) -> Ints:
    rows = rng.permutation(count)
    late, amended = round(_LATE_SHARE * count), round(_AMENDED_SHARE * count)
    change = np.zeros(count, dtype=np.int64)
    change[rows[:late]] = LATE
    change[rows[late : late + amended]] = AMENDED
    return change
