"""Who is the same person: ids are made by an oracle of their own, in rows.py."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from kostra_publish.microdata.persons import BORN, PERSON, age, with_persons
from tests.microdata import rows


def person(
    number: str | None, *, duf: str | None = None, year: int = 2024
) -> tuple[int | None, int | None]:
    frame = pl.LazyFrame(
        {"PERSON_FODSELSNR": [number], "PERSON_DUF": [duf], "FODSELSDATO": [None]},
        schema={"PERSON_FODSELSNR": pl.String, "PERSON_DUF": pl.String, "FODSELSDATO": pl.Date},
    )
    found = with_persons(frame, year, duf=True).select(PERSON, BORN).collect()
    return found.item(0, PERSON), found.item(0, BORN)


@pytest.mark.parametrize("shift", [0, 40, 65, 80])
@pytest.mark.parametrize("day", [0, 40])
def test_national_and_d_numbers_identify_synthetic_or_not(shift: int, day: int) -> None:
    number = rows.national_id(date(1985, 3, 14), month=shift, day=day)
    assert person(number) == (int(number), 1985)


@pytest.mark.parametrize("place", range(11))
def test_one_wrong_digit_identifies_nobody(place: int) -> None:
    number = rows.national_id(date(1985, 3, 14))
    wrong = str((int(number[place]) + 1) % 10)
    assert person(number[:place] + wrong + number[place + 1 :])[0] is None


@pytest.mark.parametrize("tail", ["00100", "00200"])
def test_a_substitute_gives_the_birth_year_only(tail: str) -> None:
    assert person(f"140385{tail}") == (None, 1985)
    assert person(f"140310{tail}") == (None, 2010)


def test_duf_identifies_where_no_national_id_does() -> None:
    number = rows.national_id(date(1985, 3, 14))
    assert person(None, duf="201512345678") == (1_000_000_000_000 + 201512345678, None)
    assert person(number, duf="201512345678")[0] == int(number)
    assert person(None, duf="20151234567") == (None, None)
    assert person(None) == (None, None)


@pytest.mark.parametrize("born", [1900, 1939, 1999, 2000, 2007, 2039])
def test_the_individual_number_gives_the_century(born: int) -> None:
    assert person(rows.national_id(date(born, 6, 1)))[1] == born


@pytest.mark.parametrize("text", ["", "1234567890", "123456789012", "abcdefghijk", "31028512345"])
def test_what_is_no_id_identifies_nobody(text: str) -> None:
    assert person(text)[0] is None


def test_a_sign_or_a_space_is_no_digit() -> None:
    number = rows.national_id(date(1905, 3, 1))
    assert person(number)[0] == int(number)
    for sign in ("+", "-", " "):
        assert person(sign + number[1:]) == (None, None)
        assert person(None, duf=f"{sign}20151234567") == (None, None)


def test_age_is_the_year_less_the_birth_year() -> None:
    frame = pl.LazyFrame({BORN: [2000, None]}, schema={BORN: pl.Int64})
    assert frame.select(age(2024)).collect().to_series().to_list() == [24, None]


@pytest.mark.parametrize(("years", "individual"), [("45", 500), ("53", 700), ("60", 750)])
def test_a_century_that_is_not_in_use_identifies_nobody(years: str, individual: int) -> None:
    # Both control digits are right, yet no century has these individual numbers.
    valid = rows.with_controls(f"1403{years}", individual)
    assert person(valid) == (None, None)
