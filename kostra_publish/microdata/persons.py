"""Who is the same person, and when they were born.

An id identifies when it is a fødselsnummer or D-number with a possible date and both
mod-11 control digits right, or, failing that, a DUF number of twelve digits. The substitute
id (birth date + 00100 for men, 00200 for women, from 2023) and anything else identify
nobody outside the kommune's own journal.

D-numbers add 40 to the day. Synthetic ids add 80, 65 or 40 to the month.

``with_persons`` works in steps that each stand in a column, so that nothing is worked out
twice, and in whole numbers as narrow as they may be: as one expression over text the same
sums took thirty times as long.
"""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from operator import add

import polars as pl

PERSON = "__person__"
"""The person as one Int64, null where the id identifies nobody."""
BORN = "__born__"
"""The birth year as Int64, null where it is not known."""

_FIRST_CONTROL = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0)
_SECOND_CONTROL = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_SUBSTITUTE_TAILS = (100, 200)
_SYNTHETIC_MONTH_SHIFTS = (80, 65, 40)
_DNUMBER_DAY_SHIFT = 40
_DUF_OFFSET = 1_000_000_000_000
_ID_DIGITS, _DATE_DIGITS, _DUF_DIGITS = 11, 6, 12
_FEBRUARY = 2
_MONTHS_OF_30_DAYS = (4, 6, 9, 11)

FIRST_YEAR_WITH_BIRTH_DATE = 2025
FIRST_YEAR_WITH_SUBSTITUTE = 2023

# The individual number (digits 7-9) and the two digits of the year give the century:
# lowest and highest individual number, lowest and highest year digits, century.
_CENTURIES = (
    (0, 499, 0, 99, 1900),
    (500, 999, 0, 39, 2000),
    (900, 999, 40, 99, 1900),
    (500, 749, 54, 99, 1800),
)

_NUMBER, _DATE, _TAIL = "__id_number__", "__id_date__", "__id_tail__"
_DAY, _MONTH, _YEAR_DIGITS = "__id_day__", "__id_month__", "__id_year_digits__"
_ID_BORN, _HAS_DATE = "__id_born__", "__id_has_date__"
_STEPS = (_NUMBER, _DATE, _TAIL, _DAY, _MONTH, _YEAR_DIGITS, _ID_BORN, _HAS_DATE)


def _number(column: str, digits: int) -> pl.Expr:
    """The text as Int64 where it is exactly so many digits, else null.

    No sign gets through: + and - come before 0.
    """
    text = pl.col(column)
    whole = (text.str.len_bytes() == digits) & (text >= "0")
    return pl.when(whole).then(text.cast(pl.Int64, strict=False))


def _month(as_written: pl.Expr) -> pl.Expr:
    """The month less the shift of a synthetic id; above 12 where it is no month."""
    plain = as_written
    for shift in reversed(_SYNTHETIC_MONTH_SHIFTS):
        plain = pl.when(as_written > shift).then(as_written - shift).otherwise(plain)
    return plain


def _day(as_written: pl.Expr) -> pl.Expr:
    shifted = as_written > _DNUMBER_DAY_SHIFT
    return pl.when(shifted).then(as_written - _DNUMBER_DAY_SHIFT).otherwise(as_written)


def _id_birth_year(year: int) -> pl.Expr:
    """The birth year that the id gives; null for a combination that is not in use.

    A substitute id has no century: the latest year not after ``year`` is taken.
    """
    digits = pl.col(_YEAR_DIGITS)
    individual = pl.col(_TAIL) // 100
    latest = pl.when(digits <= year - 2000).then(2000 + digits).otherwise(1900 + digits)
    born = pl.lit(None, pl.Int16)
    for first, last, from_digits, to_digits, century in _CENTURIES:
        in_use = individual.is_between(first, last) & digits.is_between(from_digits, to_digits)
        born = pl.when(in_use).then(century + digits).otherwise(born)
    return pl.when(_is_substitute()).then(latest).otherwise(born)


def _is_substitute() -> pl.Expr:
    return pl.col(_TAIL).is_in(_SUBSTITUTE_TAILS)


def _is_date() -> pl.Expr:
    """Whether day, month and birth year of the id are a date in the calendar."""
    day, month, year = pl.col(_DAY), pl.col(_MONTH), pl.col(_ID_BORN)
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    return (
        year.is_not_null()
        & month.is_between(1, 12)
        & day.is_between(1, 31)
        & ((day <= 30) | ~month.is_in(_MONTHS_OF_30_DAYS))
        & ((month != _FEBRUARY) | (day <= 28) | ((day == 29) & leap))
    )


def _controlled(weights: tuple[int, ...]) -> pl.Expr:
    """Whether the weighted sum of the digits is a multiple of 11.

    Date and tail are weighed apart, since they are narrow.
    """
    date = _weighed(_DATE, weights[:_DATE_DIGITS])
    return (date + _weighed(_TAIL, weights[_DATE_DIGITS:])) % 11 == 0


def _weighed(column: str, weights: tuple[int, ...]) -> pl.Expr:
    """The weighted sum of the digits, one for each weight, as it is modulo 11.

    The digit at a place is what the number makes there, less ten times what it makes at the
    place before. Since -10 is 1 (mod 11), the sum is that of the number cut off at each
    place, times the weights of that place and the next: no digit is taken out.
    """
    *cut_off, whole = (pl.col(column) // 10**place for place in reversed(range(len(weights))))
    factors = [here + after for here, after in pairwise(weights)]
    terms = [part * factor for part, factor in zip(cut_off, factors, strict=True)]
    weighed: pl.Expr = reduce(add, terms, whole * weights[-1])
    return weighed


def _is_national_id() -> pl.Expr:
    """Whether the id is a valid fødselsnummer or D-number; never null."""
    valid = (
        pl.col(_HAS_DATE)
        & ~_is_substitute()
        & _controlled(_FIRST_CONTROL)
        & _controlled(_SECOND_CONTROL)
    )
    return valid.fill_null(value=False)


def _person(*, duf: bool) -> pl.Expr:
    national = pl.when(_is_national_id()).then(pl.col(_NUMBER))
    if not duf:
        return national
    return pl.coalesce(national, _number("PERSON_DUF", _DUF_DIGITS) + _DUF_OFFSET)


def _birth_year(year: int) -> pl.Expr:
    if year < FIRST_YEAR_WITH_BIRTH_DATE:
        return pl.when(pl.col(_HAS_DATE)).then(pl.col(_ID_BORN)).cast(pl.Int64)
    return pl.col("FODSELSDATO").dt.year().cast(pl.Int64)


def with_persons(frame: pl.LazyFrame, year: int, *, duf: bool) -> pl.LazyFrame:
    """``frame``, rows of a form in the årgang ``year``, with ``__person__`` and ``__born__``.

    A fødselsnummer or D-number is its own number, a DUF number is 10^12 + itself, so that
    the two never meet; who cannot be identified has null. The birth year comes from
    FODSELSDATO from 2025, when the forms demand it, before that from the date in the id; it
    is null when only a DUF number is known. ``duf`` says whether the form has a DUF field.
    """
    number, date = pl.col(_NUMBER), pl.col(_DATE)
    return (
        frame.with_columns(_number("PERSON_FODSELSNR", _ID_DIGITS).alias(_NUMBER))
        .with_columns(
            (number // 100_000).cast(pl.Int32).alias(_DATE),
            (number % 100_000).cast(pl.Int32).alias(_TAIL),
        )
        .with_columns(
            _day((date // 10_000).cast(pl.Int16)).alias(_DAY),
            _month((date // 100 % 100).cast(pl.Int16)).alias(_MONTH),
            (date % 100).cast(pl.Int16).alias(_YEAR_DIGITS),
        )
        .with_columns(_id_birth_year(year).alias(_ID_BORN))
        .with_columns(_is_date().alias(_HAS_DATE))
        .with_columns(_person(duf=duf).alias(PERSON), _birth_year(year).alias(BORN))
        .drop(_STEPS)
    )


def person_key() -> pl.Expr:
    """The person as a String, never null; over a frame that ``with_persons`` made.

    ``P`` + the person's number, else ``J`` + kommune, bydel and journal number: someone who
    cannot be identified is one person in one journal.
    """
    identified = "P" + pl.col(PERSON).cast(pl.String)
    journal = pl.concat_str(
        pl.lit("J"),
        pl.col("KOMMUNE_NR"),
        pl.col("BYDELSNR").fill_null("--"),
        pl.col("PERSON_JOURNALNR"),
        separator=" ",
    )
    return pl.coalesce(identified, journal)


def is_duf(person: str) -> pl.Expr:
    """Whether a person's number, in the column ``person``, is a DUF number; null for null."""
    return pl.col(person) >= _DUF_OFFSET


def is_substitute_text() -> pl.Expr:
    """Whether PERSON_FODSELSNR is a substitute: six digits, then 00100 or 00200."""
    return pl.col("PERSON_FODSELSNR").str.contains("^[0-9]{6}00[12]00$")


def age(year: int) -> pl.Expr:
    """The age in whole years (Int64) at the end of ``year``: ``year`` less the birth year."""
    return year - pl.col(BORN)
