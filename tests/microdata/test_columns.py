"""Every variable knows the columns of the form that it is made of."""

import pytest

from kostra_publish.microdata.columns import columns
from kostra_publish.microdata.contracts import contract
from kostra_publish.microdata.layouts import FIRST_YEAR, LAST_YEAR
from kostra_publish.microdata.variables import DATASET_OF_SOURCE, variables


@pytest.mark.parametrize("year", range(FIRST_YEAR, LAST_YEAR + 1))
@pytest.mark.parametrize("source", DATASET_OF_SOURCE)
def test_every_variable_is_made_of_columns_that_are_there(source: str, year: int) -> None:
    own = contract(DATASET_OF_SOURCE[source], year).columns
    lacking = [
        name
        for name in variables(source, year)
        if not set(columns(source, name, year)) & set(own)
        # No form has one of the boxes in every year.
        and variables(source, year)[name].expression.meta.root_names()
    ]
    assert lacking == []


@pytest.mark.parametrize(
    ("source", "name", "made_of"),
    [
        ("skjema11", "BOSIT", ("BOSIT",)),
        ("skjema11", "utbetalt", ("BIDRAG", "LAAN")),
        ("skjema11", "stoenadsmaaneder", tuple(f"STMND_{month}" for month in range(1, 13))),
        ("mottakere", "utbetalt", ("BIDRAG", "LAAN")),
        ("mottakere", "antall_kommuner", ("KOMMUNE_NR",)),
        ("befolkning", "alder_til", ("ALDER",)),
        ("skjema12", "vedtaksmaaned", ("VEDTAKSDATO",)),
    ],
)
def test_derived_variables_are_followed_to_the_form(
    source: str, name: str, made_of: tuple[str, ...]
) -> None:
    assert columns(source, name, 2025) == made_of


def test_age_comes_from_the_id_and_from_the_birth_date_where_the_form_has_it() -> None:
    assert columns("skjema11", "alder", 2024) == ("PERSON_FODSELSNR",)
    assert set(columns("skjema11", "alder", 2025)) == {"PERSON_FODSELSNR", "FODSELSDATO"}
    assert set(columns("mottakere", "familiefase", 2024)) == {
        "PERSON_FODSELSNR", "KJONN", "EKTSTAT", "BU18",
    }  # fmt: skip


def test_rows_that_are_put_together_know_all_they_come_from() -> None:
    assert len(columns("aarsverk", "AARSVERK", 2025)) == 20
    assert len(columns("skjema11_maaneder", "beloep", 2025)) == 24
