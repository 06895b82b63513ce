"""The record layouts: lengths, positions and what changed from year to year."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kostra_publish.errors import UsageError
from kostra_publish.microdata.layouts import FIRST_YEAR, LAST_YEAR, layout, record_length

YEARS = range(FIRST_YEAR, LAST_YEAR + 1)


@pytest.mark.parametrize(
    ("form", "lengths"),
    [
        ("11F", {2022: 324, 2023: 324, 2024: 324, 2025: 338, 2026: 338}),
        ("11CF", {2022: 139, 2023: 138, 2024: 136, 2025: 152, 2026: 152}),
    ],
)
def test_record_lengths(form: str, lengths: dict[int, int]) -> None:
    assert {year: record_length(form, year) for year in YEARS} == lengths


@pytest.mark.parametrize("form", ["11F", "11CF"])
@pytest.mark.parametrize("year", YEARS)
def test_fields_lie_side_by_side_and_are_named_once(form: str, year: int) -> None:
    fields = layout(form, year)
    assert fields[0].start == 1
    for field, following in pairwise(fields):
        assert following.start == field.start + field.size
    assert len({field.name for field in fields}) == len(fields)


@pytest.mark.parametrize(
    ("form", "name", "years"),
    [
        ("11F", "DISTRIKTSNR", {2022, 2023}),
        ("11F", "VILKARNORSKSAMISKOPPL", {2024, 2025, 2026}),
        ("11F", "FODSELSDATO", {2025, 2026}),
        ("11CF", "KVP_OSLO", {2022}),
        ("11CF", "DISTRIKTSNR", {2022, 2023}),
        ("11CF", "FODSELSDATO", {2025, 2026}),
        ("11CF", "YTELSE_INDIVIDSTONAD", {2022, 2023, 2024, 2025}),
        ("11CF", "YTELSE_TILTAKSPENGER", {2026}),
    ],
)
def test_a_field_lives_in_its_years(form: str, name: str, years: set[int]) -> None:
    has = {year for year in YEARS if name in {field.name for field in layout(form, year)}}
    assert has == years


@pytest.mark.parametrize(
    ("form", "name", "starts"),
    [
        ("11F", "KJONN", {2022: 42, 2024: 40, 2025: 48}),
        ("11F", "SANKSJONANDRE", {2022: 323, 2024: 323, 2025: 337}),
        ("11CF", "STATUS", {2022: 101, 2025: 112}),
    ],
)
def test_where_a_field_begins(form: str, name: str, starts: dict[int, int]) -> None:
    found = {
        year: field.start for year in starts for field in layout(form, year) if field.name == name
    }
    assert found == starts


@pytest.mark.parametrize(("year", "known"), [(2022, False), (2023, False), (2024, True)])
def test_codes_come_and_go(year: int, known: bool) -> None:
    [field] = [field for field in layout("11F", year) if field.name == "TRYGDESIT"]
    assert ("13" in field.codes) is known
    assert field.codes["12"] == "Har ingen trygd/pensjon"


def test_dates_got_four_digits_for_the_year_in_2025() -> None:
    formats = {
        year: {field.date_format for field in layout("11F", year) if field.kind == "DATE"}
        for year in (2024, 2025)
    }
    assert formats == {2024: {"%d%m%y"}, 2025: {"%d%m%Y"}}


@pytest.mark.parametrize("year", YEARS)
def test_what_the_controls_ask_for_is_mandatory_in_every_year(year: int) -> None:
    asked = {"KOMMUNE_NR", "VERSION", "PERSON_JOURNALNR", "KJONN", "EKTSTAT", "BU18", "VKLO"}
    asked |= {"TRYGDESIT", "ARBSIT", "BIDRAG", "LAAN", "BOSIT", "VILKARSOSLOV", "VILKARSAMEKT"}
    mandatory = {field.name for field in layout("11F", year) if field.mandatory}
    assert asked <= mandatory
    assert "BYDELSNR" not in mandatory


@pytest.mark.parametrize(("form", "year"), [("11B", 2025), ("11F", 2021), ("11CF", 2027)])
def test_an_unknown_form_or_year(form: str, year: int) -> None:
    with pytest.raises(UsageError) as error:
        layout(form, year)
    assert "Use " in error.value.fix
