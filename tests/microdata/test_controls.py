"""Each control rule: a record that breaks it and one that does not."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from kostra_publish.errors import UsageError
from kostra_publish.microdata.controls import control_counts, controls
from kostra_publish.microdata.layouts import FORM_OF_DATASET
from tests.microdata import rows

YEARS = range(2022, 2027)
MONTHS_OFF = {f"STMND_{month}": None for month in range(1, 13)}


def broken(dataset: str, year: int, *records: dict[str, Any]) -> dict[str, int]:
    frame = rows.frame(dataset, year, list(records)).lazy()
    counts = control_counts(frame, FORM_OF_DATASET[dataset], year).collect()
    assert set(counts["KOMMUNE_NR"]) <= {"4601", "0301", "9999"}
    return dict(counts.select("rule", "count").iter_rows())


@pytest.mark.parametrize("dataset", rows.MAKERS)
@pytest.mark.parametrize("year", YEARS)
def test_a_good_record_breaks_nothing(dataset: str, year: int) -> None:
    assert broken(dataset, year, rows.MAKERS[dataset](year)) == {}


# rule: what breaks it, and what is close to it and does not.
CASES_11F: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "003a": ({"KOMMUNE_NR": "9999"}, {"KOMMUNE_NR": "4601"}),
    "003b": ({"BYDELSNR": "01"}, {"KOMMUNE_NR": "0301", "BYDELSNR": "15"}),
    "004": ({"VERSION": "24"}, {"VERSION": "25"}),
    "004A": ({"FODSELSDATO": date(2026, 1, 1)}, {"FODSELSDATO": date(2007, 12, 31)}),
    "005": ({"PERSON_FODSELSNR": "12345678901"}, {"PERSON_FODSELSNR": "14038500100"}),
    "006": ({"FODSELSDATO": date(2008, 1, 1)}, {"FODSELSDATO": date(2007, 12, 31)}),
    "007": ({"FODSELSDATO": date(1929, 12, 31)}, {"FODSELSDATO": date(1930, 1, 1)}),
    "008": ({"KJONN": None}, {"KJONN": "2"}),
    "009": ({"EKTSTAT": "8"}, {"EKTSTAT": "5"}),
    "010": ({"BU18": None}, {"BU18": "2"}),
    "011": ({"BU18": "1", "ANTBU18": None}, {"BU18": "1", "ANTBU18": 1}),
    "012": ({"ANTBU18": 1}, {"ANTBU18": None}),
    "013": ({"BU18": "1", "ANTBU18": 14}, {"BU18": "1", "ANTBU18": 13}),
    "014": ({"VKLO": None}, {"VKLO": "9"}),
    "015": ({"VKLO": "1"}, {"VKLO": "1", "ARBSIT": "02"}),
    "016": ({"VKLO": "2"}, {"VKLO": "2", "ARBSIT": "05"}),
    "017": ({"VKLO": "4"}, {"VKLO": "4", "ARBSIT": "03"}),
    "018": ({"VKLO": "6"}, {"VKLO": "6", "ARBSIT": "09"}),
    "019": ({"VKLO": "8"}, {"VKLO": "8", "ARBSIT": "10"}),
    "020B": ({"VKLO": "3"}, {"VKLO": "3", "TRYGDESIT": "01"}),
    "021": ({"ARBSIT": "01"}, {"ARBSIT": "08"}),
    "022": ({"TRYGDESIT": "03"}, {"TRYGDESIT": "10"}),
    "023A": (
        {"TRYGDESIT": "07", "FODSELSDATO": date(1964, 1, 1)},
        {"TRYGDESIT": "07", "FODSELSDATO": date(1963, 12, 31)},
    ),
    "023B": ({"TRYGDESIT": "05"}, {"TRYGDESIT": "05", "BU18": "1", "ANTBU18": 1}),
    "023C": ({"TRYGDESIT": "13"}, {"TRYGDESIT": "13", "BU18": "1", "ANTBU18": 1}),
    "024": ({"TRYGDESIT": "04", "ARBSIT": "08"}, {"TRYGDESIT": "04"}),
    "024B": (
        {"VKLO": "3", "TRYGDESIT": "11", "ARBSIT": "08"},
        {"VKLO": "3", "TRYGDESIT": "11"},
    ),
    "025": ({"ARBSIT": None}, {"ARBSIT": "04"}),
    "026": (MONTHS_OFF, {"STMND_1": None}),
    "027": ({"BIDRAG": 0}, {"BIDRAG": 0, "LAAN": 201}),
    "030": ({"BIDRAG": 1_000_000, "LAAN": 1}, {"BIDRAG": 1_000_000}),
    "031": ({"BIDRAG": 200}, {"BIDRAG": 201}),
    "032": ({"GITT_OKONOMIRAD": None}, {"GITT_OKONOMIRAD": "1"}),
    "033": ({"FAAT_INDIVIDUELL_PLAN": None}, {"FAAT_INDIVIDUELL_PLAN": "1"}),
    "035": ({"BOSIT": None}, {"BOSIT": "5"}),
    "036": ({"BIDRAG_JAN": 19_999}, {"BIDRAG_JAN": 15_000, "BIDRAG_DES": 5_000}),
    "037": ({"LAAN_MAI": 1}, {"LAAN": 7, "LAAN_MAI": 7}),
    "038": ({"PERSON_FODSELSNR": None}, {"PERSON_FODSELSNR": None, "PERSON_DUF": "201512345678"}),
    "039": ({"VILKARSOSLOV": None}, {"VILKARSOSLOV": "2"}),
    "040": ({"VILKARSAMEKT": None}, {"VILKARSAMEKT": "1"}),
    "041": ({"VILKARSOSLOV": "1"}, {"VILKARSOSLOV": "1", "UTBETDATO": date(2025, 2, 1)}),
    "042": ({"VILKARSOSLOV": "1"}, {"VILKARSOSLOV": "1", "UTBETTOMDATO": date(2025, 2, 1)}),
    "043": ({"VILKARSOSLOV": "1"}, {"VILKARSOSLOV": "1", "VILKARNORSKSAMISKOPPL": "20"}),
}

CASES_11CF: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "003a": ({"KOMMUNE_NR": "9999"}, {"KOMMUNE_NR": "4601"}),
    "003b": ({"KOMMUNE_NR": "0301"}, {"KOMMUNE_NR": "0301", "BYDELSNR": "01"}),
    "004": ({"VERSION": "26"}, {"VERSION": "25"}),
    "004A": ({"FODSELSDATO": None}, {"FODSELSDATO": date(2000, 1, 1)}),
    "005": ({"PERSON_FODSELSNR": "12345678901"}, {"PERSON_FODSELSNR": "14038500200"}),
    "006": ({"FODSELSDATO": date(2008, 1, 1)}, {"FODSELSDATO": date(2007, 12, 31)}),
    "007": ({"FODSELSDATO": date(1956, 12, 31)}, {"FODSELSDATO": date(1957, 1, 1)}),
    "008": ({"KJONN": None}, {"KJONN": "1"}),
    "009": ({"EKTSTAT": "8"}, {"EKTSTAT": "5"}),
    "010": ({"BU18": None}, {"BU18": "2"}),
    "011": ({"BU18": "1"}, {"BU18": "1", "ANTBU18": 2}),
    "012": ({"ANTBU18": 1}, {"ANTBU18": 0}),
    "013": ({"BU18": "1", "ANTBU18": 14}, {"BU18": "1", "ANTBU18": 13}),
    "014": ({"REG_DATO": date(2019, 12, 31)}, {"REG_DATO": date(2022, 1, 1)}),
    "015": ({"VEDTAK_DATO": None}, {"VEDTAK_DATO": date(2022, 1, 1)}),
    "016": ({"BEGYNT_DATO": date(2026, 1, 1)}, {"BEGYNT_DATO": date(2025, 12, 31)}),
    "019": ({"KVP_KOMM": None}, {"KVP_KOMM": "2"}),
    "020": ({"KVP_KOMM": "1"}, {"KVP_KOMM": "1", "KOMMNR_KVP_KOMM": "0301"}),
    "021": (
        {"YTELSE_TYPE_SOSHJ": "2"},
        {"YTELSE_SOSHJELP": "1", "YTELSE_TYPE_SOSHJ": "2"},
    ),
    "026": ({"KVP_MED_ASTONAD": None}, {"KVP_MED_ASTONAD": "2"}),
    "027": ({"KVP_MED_ASTONAD": "1"}, {"KVP_MED_ASTONAD": "1", "KVP_MED_KOMMBOS": "4"}),
    "028": (MONTHS_OFF, {"STMND_12": "12"}),
    "029": ({"KVP_STONAD": None}, {"KVP_STONAD": 1}),
    "030": ({"KVP_STONAD": 0}, {"KVP_STONAD": 1}),
    "031": (MONTHS_OFF, {**MONTHS_OFF, "KVP_STONAD": 0}),
    "032": ({"KVP_STONAD": 600_001}, {"KVP_STONAD": 600_000}),
    "036": ({"STATUS": None}, {"STATUS": "2"}),
    "037": ({"STATUS": "4"}, {"STATUS": "4", "AVSL_DATO": date(2025, 12, 31)}),
    "038": ({"STATUS": "3"}, {"STATUS": "3", "AVSL_ANNET": "10"}),
    "039": ({"STATUS": "3"}, {"STATUS": "3", "AVSL_VIKTIGSTE_INNTEKT": "17"}),
}
CASES = {"skjema11": CASES_11F, "skjema11c": CASES_11CF}


@pytest.mark.parametrize(
    ("dataset", "rule"), [(name, rule) for name, cases in CASES.items() for rule in cases]
)
def test_a_record_that_breaks_a_rule_is_counted_and_its_neighbour_is_not(
    dataset: str, rule: str
) -> None:
    bad, fine = CASES[dataset][rule]
    make = rows.MAKERS[dataset]
    assert broken(dataset, 2025, make(2025, **bad)).get(rule) == 1
    assert rule not in broken(dataset, 2025, make(2025, **fine))


def test_duplicates_are_counted_as_the_records_too_many() -> None:
    same = [rows.skjema11(2025), rows.skjema11(2025), rows.skjema11(2025)]
    assert broken("skjema11", 2025, *same) == {"005A": 2, "005B": 2}
    moved = [rows.skjema11c(2025, STATUS="1"), rows.skjema11c(2025, 1, STATUS="2")]
    moved[1]["PERSON_FODSELSNR"] = moved[0]["PERSON_FODSELSNR"]
    assert broken("skjema11c", 2025, *moved) == {}
    moved[1]["STATUS"] = "1"
    assert broken("skjema11c", 2025, *moved) == {"005A": 1}


@pytest.mark.parametrize("dataset", CASES)
def test_every_rule_has_a_case(dataset: str) -> None:
    rules = set(controls(FORM_OF_DATASET[dataset], 2025))
    assert rules == set(CASES[dataset]) | {"005A", "005B"}


def test_counts_are_by_kommune() -> None:
    records = [
        rows.skjema11(2025, number, KOMMUNE_NR=kommune, BIDRAG=0)
        for number, kommune in enumerate(("4601", "4601", "1101"))
    ]
    counts = control_counts(rows.frame("skjema11", 2025, records).lazy(), "11F", 2025).collect()
    assert counts.schema == {"rule": pl.String, "KOMMUNE_NR": pl.String, "count": pl.Int64}
    assert sorted(counts.rows()) == [("027", "1101", 1), ("027", "4601", 2)]


def test_another_form_has_no_rules() -> None:
    with pytest.raises(UsageError):
        controls("12", 2025)
