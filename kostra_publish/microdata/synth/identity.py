"""Ids that are valid in form and belong to no one: the birth month has 80 added.

Fødselsnummer, D-number (day + 40), DUF number, and the substitute for a person without any
(ddmmyy + 00100 for men, 00200 for women; from 2023, does not tell who is who).

A birth date and sex has about 200 valid numbers of each kind. Above roughly thirty times
the size of Norway they run out for the ages with most recipients; those left get a DUF
number alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from kostra_publish.microdata.synth.targets import Flags, Ints

SYNTHETIC_MONTH = 80
D_NUMBER_DAY = 40

FOEDSELSNUMMER, D_NUMBER, DUF, SUBSTITUTE = range(4)
"""Which kind of id a person has."""

# Weights of the two check digits (modulus 11) over ddmmyy and the three digits after it.
_DATE_1 = (3, 7, 6, 1, 8, 9)
_DATE_2 = (5, 4, 3, 2, 7, 6)
_NUMBER_1 = (4, 5, 2)
_NUMBER_2 = (5, 4, 3, 2)
_DUF_WEIGHTS = (4, 6, 3, 2, 4, 6, 3, 2, 7, 5)
_MODULUS = 11
_TWO_DIGITS = 10
_SUBSTITUTE_ENDINGS = (100, 200)
# Born before 2000: the three digits are 000-499; from 2000: 500-999.
_CENTURY_CUT = 500
_YEAR_2000 = 2000
_EPOCH = np.datetime64("1900-01-01")
_DAYS = 366 * 150
_DUF_YEARS = 20
_DUF_NUMBERS = 1_000_000
_DUF_STRIDE = 7919

Dates = npt.NDArray[np.datetime64]


@cache
def _endings() -> tuple[Ints, Ints]:
    """Every valid last five digits, by what the date contributes to the check digits.

    Returns (endings, how many): endings[a, b, from 2000?, woman?, n], where a and b are the
    date's weighted sums modulo 11. Unused places hold -1.
    """
    number = np.arange(1000)
    digits = np.array([number // 100, number // 10 % 10, number % 10])
    a = np.arange(_MODULUS)[:, None, None]
    b = np.arange(_MODULUS)[None, :, None]
    first = (-(a + np.array(_NUMBER_1) @ digits)) % _MODULUS
    second = -(b + np.array(_NUMBER_2[:3]) @ digits + _NUMBER_2[3] * first) % _MODULUS
    valid = (first < _TWO_DIGITS) & (second < _TWO_DIGITS)
    value = number * 100 + first * 10 + second
    endings = np.full((_MODULUS, _MODULUS, 2, 2, _CENTURY_CUT // 2), -1, dtype=np.int64)
    counts = np.zeros((_MODULUS, _MODULUS, 2, 2), dtype=np.int64)
    for late in (0, 1):
        for woman in (0, 1):
            fits = (number // _CENTURY_CUT == late) & (digits[2] % 2 != woman)
            usable = valid & fits & ~np.isin(value, _SUBSTITUTE_ENDINGS)
            order = np.argsort(~usable, axis=2, kind="stable")[:, :, : _CENTURY_CUT // 2]
            endings[:, :, late, woman] = np.take_along_axis(value, order, axis=2)
            counts[:, :, late, woman] = usable.sum(axis=2)
    return endings, counts


def _date_digits(born: Dates, *, d_number: bool) -> Ints:
    """Ddmmyy as six digits with the synthetic month (and the D-number's day)."""
    days = born.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    year = months.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1 + SYNTHETIC_MONTH
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    day = day + D_NUMBER_DAY * d_number
    yy = year % 100
    return np.array([day // 10, day % 10, month // 10, month % 10, yy // 10, yy % 10])


@dataclass
class Issuer:
    """Hands out each number once. ``from_the_end`` starts with the last numbers of a date.

    Two issuers, one from each end, do not meet until a date's numbers are used up.
    """

    vintage: int
    from_the_end: bool = False
    _used: Ints = field(init=False, repr=False)
    _duf: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._used = np.zeros((2, 2, _DAYS), dtype=np.int64)

    def issue(self, born: Dates, women: Flags, kind: Ints) -> tuple[pl.Series, Ints]:
        """PERSON_FODSELSNR for each person, null for DUF, and the kind that was given.

        A person whose date has no number of the wished kind left gets the next kind.
        """
        given = kind.copy()
        numbers = np.full(len(born), -1, dtype=np.int64)
        for wished in (FOEDSELSNUMMER, D_NUMBER):
            asking = np.flatnonzero(given == wished)
            found = self._take(born[asking], women[asking], wished)
            numbers[asking] = found
            given[asking[found < 0]] = wished + 1
        stand_in = given == SUBSTITUTE
        numbers[stand_in] = self._substitutes(born[stand_in], women[stand_in])
        text = pl.Series(numbers).cast(pl.String).str.zfill(11)
        missing = pl.Series(numbers < 0)
        return _null_where(text, missing), given

    def _take(self, born: Dates, women: Flags, kind: int) -> Ints:
        digits = _date_digits(born, d_number=kind == D_NUMBER)
        a = np.array(_DATE_1) @ digits % _MODULUS
        b = np.array(_DATE_2) @ digits % _MODULUS
        late = (born >= np.datetime64(f"{_YEAR_2000}-01-01")).astype(np.int64)
        woman = women.astype(np.int64)
        day = (born.astype("datetime64[D]") - _EPOCH).astype(np.int64)
        endings, counts = _endings()
        count = counts[a, b, late, woman]
        slot = self._slots(kind, woman, day)
        free = slot < count
        place = count - 1 - slot if self.from_the_end else slot
        ending = endings[a, b, late, woman, np.where(free, place, 0)]
        date = np.array([10**n for n in range(5, -1, -1)]) @ digits
        return np.where(free, date * 100_000 + ending, -1)

    def _slots(self, kind: int, woman: Ints, day: Ints) -> Ints:
        """How many numbers of its date, sex and kind were handed out before each person."""
        key = woman * _DAYS + day
        order = np.argsort(key, kind="stable")
        ranked = key[order]
        first = np.searchsorted(ranked, ranked, side="left")
        rank = np.empty(len(key), dtype=np.int64)
        rank[order] = np.arange(len(key)) - first
        slots = self._used[kind].reshape(-1)[key] + rank
        self._used[kind] += np.bincount(key, minlength=2 * _DAYS).reshape(2, _DAYS)
        return np.asarray(slots)

    @staticmethod
    def _substitutes(born: Dates, women: Flags) -> Ints:
        digits = _date_digits(born, d_number=False)
        date = np.array([10**n for n in range(5, -1, -1)]) @ digits
        real_month = date - SYNTHETIC_MONTH * 100
        return np.asarray(real_month * 100_000 + np.array(_SUBSTITUTE_ENDINGS)[women.astype(int)])

    def duf(self, holders: Flags) -> pl.Series:
        """PERSON_DUF, 12 digits (year, six digits, two check digits), null for the others."""
        count = int(holders.sum())
        serial = np.arange(self._duf, self._duf + count)
        self._duf += count
        year = self.vintage - serial % _DUF_YEARS
        running = (serial // _DUF_YEARS * _DUF_STRIDE) % _DUF_NUMBERS
        stem = year * _DUF_NUMBERS + running
        digits = np.array([stem // 10**n % 10 for n in range(9, -1, -1)])
        numbers = np.full(len(holders), -1, dtype=np.int64)
        numbers[holders] = stem * 100 + np.array(_DUF_WEIGHTS) @ digits % _MODULUS
        return _null_where(pl.Series(numbers).cast(pl.String), pl.Series(~holders))


def may_be_substituted(born: Dates, women: Flags) -> Flags:
    """False where birth date + 00100 or 00200 happens to have valid check digits.

    Such a number could be someone's.
    """
    plain = _date_digits(born, d_number=False)
    plain[2] -= SYNTHETIC_MONTH // 10
    last = np.where(women, 2, 1)
    first_fits = (np.array(_DATE_1) @ plain + _NUMBER_1[2] * last) % _MODULUS == 0
    second_fits = (np.array(_DATE_2) @ plain + _NUMBER_2[2] * last) % _MODULUS == 0
    return np.asarray(~(first_fits & second_fits))


def _null_where(values: pl.Series, missing: pl.Series) -> pl.Series:
    blank = pl.Series([None], dtype=values.dtype)
    return values.zip_with(~missing, blank)
