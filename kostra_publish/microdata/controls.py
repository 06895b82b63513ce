"""The control rules that a kommune's delivery should have passed, counted once more.

Cleaned microdata may still hold records that a rule would have stopped or questioned.
They are counted by rule and kommune, for ``check`` and the quality report; no record is
changed or left out. The numbers are those of the control programme for form 11F and 11CF.
The rules on the file (000-002: missing, record length, file description) are kept by the
import and the contract.

A rule that the contract also keeps (a code, the kommune, the year) is listed all the same,
so that a frame that is not validated can be counted too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date
from functools import cache
from typing import Literal

import polars as pl

from kostra_publish.codes import regions
from kostra_publish.errors import UsageError
from kostra_publish.microdata.layouts import DATASET_OF_FORM, layout
from kostra_publish.microdata.persons import (
    FIRST_YEAR_WITH_BIRTH_DATE,
    FIRST_YEAR_WITH_SUBSTITUTE,
    PERSON,
    age,
    is_duf,
    is_substitute_text,
    with_persons,
)

Severity = Literal["ERROR", "WARNING"]

MONTH_NAMES = (
    *("JAN", "FEB", "MARS", "APRIL", "MAI", "JUNI"),
    *("JULI", "AUG", "SEPT", "OKT", "NOV", "DES"),
)
_AGE = "__age__"
_SAME_PERSON, _SAME_JOURNAL = "__same_person__", "__same_journal__"
_TICKED_MONTHS = tuple(f"STMND_{month}" for month in range(1, 13))

_YOUNGEST, _OLDEST_11F, _OLDEST_11CF = 18, 95, 68
_YOUNGEST_PENSIONER = 62
_MOST_CHILDREN = 13
_HIGH_STOENAD, _LOW_STOENAD, _HIGH_KVP = 1_000_000, 200, 600_000
_YEARS_BACK = 4


@dataclass(frozen=True, eq=False)
class Control:
    """One control rule of one form and year.

    ``count`` is how many of a kommune's records break it (Int64). For a rule on one record
    it sums a Boolean; for a rule on duplicates it is the records too many.
    """

    form: str
    rule: str
    severity: Severity
    summary: str
    count: pl.Expr = attribute(repr=False)


def _error(form: str, rule: str, summary: str, broken: pl.Expr) -> Control:
    return Control(form, rule, "ERROR", summary, broken.sum().cast(pl.Int64))


def _warning(form: str, rule: str, summary: str, broken: pl.Expr) -> Control:
    return Control(form, rule, "WARNING", summary, broken.sum().cast(pl.Int64))


def _unique(form: str, rule: str, summary: str, column: str) -> Control:
    """The values of ``column`` must differ within a kommune; null equals nothing."""
    value = pl.col(column)
    distinct = value.n_unique().cast(pl.Int64) - value.is_null().any().cast(pl.Int64)
    return Control(form, rule, "ERROR", summary, value.count().cast(pl.Int64) - distinct)


def _is(name: str, *codes: str) -> pl.Expr:
    """Whether the field has one of the codes; never null."""
    return pl.col(name).is_in(list(codes)).fill_null(value=False)


def _has(name: str) -> pl.Expr:
    return pl.col(name).is_not_null()


def _any_of(names: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal([_has(name) for name in names])


def _code(form: str, year: int, rule: str, field: str, summary: str) -> Control:
    [codes] = [one.codes for one in layout(form, year) if one.name == field]
    return _error(form, rule, summary, ~_is(field, *codes))


# Rules that the two forms share ----------------------------------------------------------


def _shared(form: str, year: int) -> list[Control]:
    kommuner = regions.kommuner(year).get_column("kommune").to_list()
    bydeler = [bydel[-2:] for bydel in regions.bydeler().get_column("bydel")]
    oslo = _is("KOMMUNE_NR", regions.OSLO)
    bydel_off = (oslo & ~_is("BYDELSNR", *bydeler)) | (~oslo & _has("BYDELSNR"))
    children = pl.col("ANTBU18").fill_null(0)
    controls = [
        _error(form, "003a", "not a kommune of the year", ~_is("KOMMUNE_NR", *kommuner)),
        _error(form, "003b", "bydel missing in Oslo, or given elsewhere", bydel_off),
        _error(form, "004", "not of the årgang", ~_is("VERSION", f"{year % 100:02d}")),
        _code(form, year, "008", "KJONN", "sex missing or unknown"),
        _code(form, year, "009", "EKTSTAT", "marital status missing or unknown"),
        _code(form, year, "010", "BU18", "support of children missing or unknown"),
        _error(form, "011", "children, but not how many", _is("BU18", "1") & (children == 0)),
        _error(
            form, "012", "number of children, but no children", _is("BU18", "2") & (children > 0)
        ),
        _error(form, "013", "14 children or more", children > _MOST_CHILDREN),
        _too_young(form),
    ]
    if year >= FIRST_YEAR_WITH_BIRTH_DATE:
        born = pl.col("FODSELSDATO")
        late = born.is_null() | (born > date(year, 12, 31))
        controls.append(_error(form, "004A", "birth date missing, or after the year", late))
    return controls


def _too_young(form: str) -> Control:
    make = _warning if form == "11F" else _error
    return make(form, "006", "younger than 18 at the end of the year", pl.col(_AGE) < _YOUNGEST)


def _identified(year: int) -> pl.Expr:
    """Whether the record has a valid national id, or a substitute from the year it came."""
    national = _has(PERSON) & ~is_duf(PERSON)
    if year < FIRST_YEAR_WITH_SUBSTITUTE:
        return national
    return national | is_substitute_text().fill_null(value=False)


# Form 11F --------------------------------------------------------------------------------


def _needs_work(rule: str, vklo: str, arbsit: Sequence[str], summary: str) -> Control:
    return _error("11F", rule, summary, _is("VKLO", vklo) & ~_is("ARBSIT", *arbsit))


def _income_11f() -> list[Control]:
    old_age = _is("TRYGDESIT", "07")
    no_children = ~_is("BU18", "1")
    disabled_or_old = _is("TRYGDESIT", "04", "07")
    return [
        _needs_work("015", "1", ("01", "02"), "lives on work income, but is not at work"),
        _needs_work("016", "2", ("03", "05", "06"), "lives on a scheme, but is in none"),
        _needs_work("017", "4", ("03",), "lives on a student loan, but is not in education"),
        _needs_work("018", "6", ("09",), "lives on introduction benefit, but not in the scheme"),
        _needs_work("019", "8", ("10",), "lives on KVP benefit, but is not in the programme"),
        _error(
            "11F",
            "020B",
            "lives on social security, but has none",
            _is("VKLO", "3") & (pl.col("TRYGDESIT").is_null() | _is("TRYGDESIT", "12")),
        ),
        _warning(
            "11F",
            "021",
            "lives on social assistance with an unexpected work situation",
            _is("VKLO", "5") & ~_is("ARBSIT", "02", "03", "04", "05", "06", "07", "08"),
        ),
        _error(
            "11F",
            "023A",
            "old-age pension and younger than 62",
            old_age & (pl.col(_AGE) < _YOUNGEST_PENSIONER),
        ),
        _error(
            "11F", "023B", "overgangsstønad without a child", _is("TRYGDESIT", "05") & no_children
        ),
        _error("11F", "023C", "barnetrygd without a child", _is("TRYGDESIT", "13") & no_children),
        _warning(
            "11F",
            "024",
            "disability or old-age pension with an unexpected work situation",
            disabled_or_old & ~_is("ARBSIT", "02", "03", "04", "05", "06", "07"),
        ),
        _error(
            "11F",
            "024B",
            "arbeidsavklaringspenger, but unemployed and not registered with NAV",
            _is("VKLO", "3") & _is("TRYGDESIT", "11") & _is("ARBSIT", "08"),
        ),
    ]


def months_disagree(amount: str) -> pl.Expr:
    """Whether BIDRAG or LAAN differs from the sum of its months, where any month is given."""
    months = [pl.col(f"{amount}_{month}").cast(pl.Int64) for month in MONTH_NAMES]
    given = pl.any_horizontal([month.is_not_null() for month in months])
    return given & (pl.sum_horizontal(months) != pl.col(amount).fill_null(0))


def _amounts_11f() -> list[Control]:
    paid = pl.sum_horizontal(pl.col("BIDRAG", "LAAN").cast(pl.Int64))
    return [
        _error("11F", "026", "no month with support", ~_any_of(_TICKED_MONTHS)),
        _error("11F", "027", "neither bidrag nor lån", paid <= 0),
        _warning("11F", "030", "more than 1 000 000 kr", paid > _HIGH_STOENAD),
        _warning("11F", "031", "200 kr or less", paid.is_between(1, _LOW_STOENAD)),
        _warning("11F", "036", "bidrag is not the sum of its months", months_disagree("BIDRAG")),
        _warning("11F", "037", "lån is not the sum of its months", months_disagree("LAAN")),
    ]


def _conditions_11f(year: int) -> list[Control]:
    asked = ("VILKARSOSLOV", "VILKARSAMEKT")
    kinds = [
        one.name
        for one in layout("11F", year)
        if one.name.startswith("VILKAR") and one.name not in asked
    ]
    conditions = _is("VILKARSOSLOV", "1")
    return [
        _error("11F", "041", "conditions without a date", conditions & ~_has("UTBETDATO")),
        _error("11F", "042", "conditions without a to-date", conditions & ~_has("UTBETTOMDATO")),
        _error("11F", "043", "conditions without a kind", conditions & ~_any_of(kinds)),
    ]


def _controls_11f(year: int) -> list[Control]:
    given = _has("PERSON_FODSELSNR")
    old = pl.col(_AGE) > _OLDEST_11F
    return [
        *_shared("11F", year),
        _error("11F", "005", "an id that is not valid", given & ~_identified(year)),
        _unique("11F", "005A", "a person with several journals", _SAME_PERSON),
        _unique("11F", "005B", "a journal number more than once", _SAME_JOURNAL),
        _warning("11F", "007", "96 years or older", old),
        _code("11F", year, "014", "VKLO", "main source of income missing or unknown"),
        _code("11F", year, "022", "TRYGDESIT", "social security missing or unknown"),
        _code("11F", year, "025", "ARBSIT", "work situation missing or unknown"),
        *_income_11f(),
        *_amounts_11f(),
        _code("11F", year, "032", "GITT_OKONOMIRAD", "financial counselling missing or unknown"),
        _code("11F", year, "033", "FAAT_INDIVIDUELL_PLAN", "individual plan missing or unknown"),
        _code("11F", year, "035", "BOSIT", "housing missing or unknown"),
        _warning("11F", "038", "neither a valid id nor a DUF number", pl.col(PERSON).is_null()),
        _code("11F", year, "039", "VILKARSOSLOV", "conditions for recipient missing or unknown"),
        _code("11F", year, "040", "VILKARSAMEKT", "conditions for partner missing or unknown"),
        *_conditions_11f(year),
    ]


# Form 11CF -------------------------------------------------------------------------------


def _dates_11cf(year: int) -> list[Control]:
    outside_oslo = ~_is("KOMMUNE_NR", regions.OSLO)
    oldest, newest = date(year - _YEARS_BACK, 1, 1), date(year, 12, 31)

    def off(name: str) -> pl.Expr:
        return outside_oslo & (pl.col(name).is_null() | (pl.col(name) < oldest))

    late = outside_oslo & (pl.col("BEGYNT_DATO") > newest).fill_null(value=False)
    return [
        _error("11CF", "014", "application date missing or too old", off("REG_DATO")),
        _error("11CF", "015", "decision date missing or too old", off("VEDTAK_DATO")),
        _error("11CF", "016", "start date missing, too old or too late", off("BEGYNT_DATO") | late),
    ]


def _benefits_11cf(year: int) -> list[Control]:
    kommuner = [*regions.kommuner(year).get_column("kommune"), "9999"]
    assistance = _is("YTELSE_SOSHJELP", "1")
    besides = [
        one.name
        for one in layout("11CF", year)
        if one.name.startswith("KVP_MED_") and one.name != "KVP_MED_ASTONAD"
    ]
    return [
        _code("11CF", year, "019", "KVP_KOMM", "programme elsewhere missing or unknown"),
        _error(
            "11CF",
            "020",
            "programme in another kommune, but not which",
            _is("KVP_KOMM", "1") & ~_is("KOMMNR_KVP_KOMM", *kommuner),
        ),
        _error(
            "11CF",
            "021",
            "social assistance before the application and its kind do not match",
            assistance != _has("YTELSE_TYPE_SOSHJ"),
        ),
        _code("11CF", year, "026", "KVP_MED_ASTONAD", "support besides missing or unknown"),
        _error(
            "11CF",
            "027",
            "support besides the benefit and its kinds do not match",
            _is("KVP_MED_ASTONAD", "1") != _any_of(besides),
        ),
    ]


def _amounts_11cf() -> list[Control]:
    amount, months = pl.col("KVP_STONAD"), _any_of(_TICKED_MONTHS)
    paid = amount.fill_null(0) > 0
    return [
        _warning("11CF", "028", "no month with benefit", ~months),
        _warning("11CF", "029", "no amount", amount.is_null()),
        _warning("11CF", "030", "months, but no amount", months & ~paid),
        _warning("11CF", "031", "an amount, but no months", paid & ~months),
        _warning("11CF", "032", "more than 600 000 kr", amount > _HIGH_KVP),
    ]


def _end_11cf(year: int) -> list[Control]:
    outcomes = [
        one.name
        for one in layout("11CF", year)
        if one.name.startswith("AVSL_") and one.name not in {"AVSL_DATO", "AVSL_VIKTIGSTE_INNTEKT"}
    ]
    ended_in_year = (pl.col("AVSL_DATO").dt.year() == year).fill_null(value=False)
    return [
        _code("11CF", year, "036", "STATUS", "status missing or unknown"),
        _error(
            "11CF",
            "037",
            "ended, but without an end date in the year",
            _is("STATUS", "3", "4", "5", "7") & ~ended_in_year,
        ),
        _error(
            "11CF",
            "038",
            "completed, but not what followed",
            _is("STATUS", "3", "7") & ~_any_of(outcomes),
        ),
        _error(
            "11CF",
            "039",
            "completed, but no main income afterwards",
            _is("STATUS", "3") & ~_has("AVSL_VIKTIGSTE_INNTEKT"),
        ),
    ]


def _controls_11cf(year: int) -> list[Control]:
    old = pl.col(_AGE) > _OLDEST_11CF
    return [
        *_shared("11CF", year),
        _error("11CF", "005", "an id that is missing or not valid", ~_identified(year)),
        _unique("11CF", "005A", "a person with several journals of one status", _SAME_PERSON),
        _unique("11CF", "005B", "a journal number more than once", _SAME_JOURNAL),
        _warning("11CF", "007", "older than 68", old),
        *_dates_11cf(year),
        *_benefits_11cf(year),
        *_amounts_11cf(),
        *_end_11cf(year),
    ]


# Public ----------------------------------------------------------------------------------


@cache
def controls(form: str, year: int) -> Mapping[str, Control]:
    """The control rules of ``form`` ("11F" or "11CF") in ``year``, by number.

    Their expressions are over the rows of one kommune, with ``with_control_columns``.
    """
    if form not in DATASET_OF_FORM:
        raise UsageError(
            f"there are no control rules for form {form}",
            fix=f"Use {' or '.join(DATASET_OF_FORM)}.",
        )
    made = _controls_11f(year) if form == "11F" else _controls_11cf(year)
    return {control.rule: control for control in sorted(made, key=lambda one: one.rule)}


def with_control_columns(frame: pl.LazyFrame, form: str, year: int) -> pl.LazyFrame:
    """``frame`` with what the controls need: the person, the age, and hashes of the keys.

    In 11CF a person may have one record for each status (and, in Oslo, bydel), and Oslo's
    journal numbers are the bydeler's own.
    """
    people = with_persons(frame, year, duf=form == "11F").with_columns(age(year).alias(_AGE))
    journal = pl.struct("BYDELSNR", "PERSON_JOURNALNR").hash()
    if form == "11F":
        same_person, same_journal = pl.col(PERSON), journal
    else:
        identified = _has(PERSON)
        same_person = pl.when(identified).then(pl.struct("BYDELSNR", PERSON, "STATUS").hash())
        same_journal = pl.when(~_is("KOMMUNE_NR", regions.OSLO)).then(journal)
    return people.with_columns(same_person.alias(_SAME_PERSON), same_journal.alias(_SAME_JOURNAL))


def control_counts(frame: pl.LazyFrame, form: str, year: int) -> pl.LazyFrame:
    """How many records break each control rule in each kommune.

    Shape: one row per (rule, kommune) with at least one; columns rule, KOMMUNE_NR, count
    (Int64), sorted. Nothing else of the records is kept.
    """
    rules = controls(form, year)
    counted = (
        with_control_columns(frame, form, year)
        .group_by("KOMMUNE_NR")
        .agg(rule.count.alias(name) for name, rule in rules.items())
    )
    return (
        counted.unpivot(index="KOMMUNE_NR", variable_name="rule", value_name="count")
        .filter(pl.col("count") > 0)
        .select("rule", "KOMMUNE_NR", "count")
        .sort("rule", "KOMMUNE_NR")
    )
