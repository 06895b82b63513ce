"""Sources and their variables, against plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kostra_publish.errors import UsageError
from kostra_publish.microdata.contracts import EDUCATIONS, contract
from kostra_publish.microdata.variables import (
    DATASET_OF_SOURCE,
    FAMILIEFASE_CODES,
    source_frame,
    variables,
)
from tests.microdata import rows

YEAR = 2025
MONTHS = [f"STMND_{month}" for month in range(1, 13)]


def made(source: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    dataset = DATASET_OF_SOURCE[source]
    frame = rows.frame(dataset, YEAR, records).lazy()
    return source_frame(source, {dataset: frame}, YEAR).collect().to_dicts()


def phase(row: dict[str, Any]) -> str:
    """Familiefase in plain Python."""
    couple, children = row["EKTSTAT"] in {"2", "3"}, row["BU18"] == "1"
    if couple:
        return "PMB" if children else "PUB"
    sex = "M" if row["KJONN"] == "1" else "K"
    if children:
        return f"EB{sex}"
    age = YEAR - row["FODSELSDATO"].year
    bands = ((19, "-19"), (24, "20-24"), (44, "25-44"), (66, "45-66"))
    return f"E{sex}" + next((band for oldest, band in bands if age <= oldest), "67+")


@pytest.mark.parametrize("sex", ["1", "2"])
@pytest.mark.parametrize("marital", ["1", "2", "3", "4", "5"])
@pytest.mark.parametrize("children", ["1", "2"])
def test_familiefase(sex: str, marital: str, children: str) -> None:
    records = [
        rows.skjema11(
            YEAR,
            number,
            KJONN=sex,
            EKTSTAT=marital,
            BU18=children,
            FODSELSDATO=date(YEAR - age, 12, 31),
        )
        for number, age in enumerate((18, 19, 20, 24, 25, 44, 45, 66, 67, 95))
    ]
    found = [row["familiefase"] for row in made("skjema11", records)]
    assert found == [phase(record) for record in records]
    assert set(found) <= set(FAMILIEFASE_CODES)


tilfeller = st.lists(
    st.tuples(
        st.integers(0, 3),  # person
        st.sampled_from(["0301", "1101", "4601", "5001"]),
        st.sets(st.integers(1, 12), min_size=1),
        st.integers(0, 50_000),
        st.sampled_from("123456789"),
        st.booleans(),  # can be identified
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda drawn: (drawn[0], drawn[1]),
)


def tilfelle(number: int, drawn: tuple[Any, ...]) -> dict[str, Any]:
    person, kommune, months, paid, vklo, identified = drawn
    record = rows.skjema11(YEAR, person, KOMMUNE_NR=kommune, BIDRAG=paid, VKLO=vklo)
    record |= dict.fromkeys(MONTHS)
    record |= {f"STMND_{month}": f"{month:02d}" for month in months}
    record["PERSON_JOURNALNR"] = f"{number:08d}"
    if kommune == "0301":
        record["BYDELSNR"] = "01"
    if not identified:
        record["PERSON_FODSELSNR"] = None
    return record


def naive_mottakere(records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    people = defaultdict(list)
    for number, record in enumerate(records):
        people[record["PERSON_FODSELSNR"] or number].append(record)
    found = []
    for own in people.values():
        first = min(
            own,
            key=lambda one: (
                -sum(one[month] is not None for month in MONTHS),
                -(one["BIDRAG"] + one["LAAN"]),
                one["KOMMUNE_NR"],
            ),
        )
        months = sum(any(one[month] for one in own) for month in MONTHS)
        paid = sum(one["BIDRAG"] + one["LAAN"] for one in own)
        found.append((len(own), months, paid, first["VKLO"], phase(first)))
    return sorted(found)


@settings(max_examples=40, deadline=None)
@given(tilfeller)
def test_mottakere_are_distinct_persons(drawn: list[tuple[Any, ...]]) -> None:
    records = [tilfelle(number, one) for number, one in enumerate(drawn)]
    names = ("antall_kommuner", "stoenadsmaaneder", "utbetalt", "VKLO", "familiefase")
    found = [tuple(row[name] for name in names) for row in made("mottakere", records)]
    assert sorted(found) == naive_mottakere(records)


def test_a_deltaker_is_one_person_in_a_kommune() -> None:
    ended = {"AVSL_DATO": date(2025, 5, 1), "STATUS": "4", "STMND_2": "02", "KVP_STONAD": 1_000}
    records = [
        rows.skjema11c(YEAR, 0, **ended),
        rows.skjema11c(YEAR, 0, BEGYNT_DATO=date(2025, 8, 1), STATUS="1", KVP_STONAD=None),
        rows.skjema11c(YEAR, 0, KOMMUNE_NR="1101", STATUS="2"),
        rows.skjema11c(YEAR, 1, STATUS="3", AVSL_ORDINAERTARB="01"),
    ]
    found = {(row["KOMMUNE_NR"], row["STATUS"]): row for row in made("skjema11c", records)}
    assert set(found) == {("4601", "1"), ("1101", "2"), ("4601", "3")}
    again = found["4601", "1"]
    assert (again["KVP_STONAD"], again["kvp_maaneder"], again["i_program"]) == (1_000, 2, True)
    assert found["4601", "3"]["etter_arbeid"] is True
    assert found["4601", "3"]["alder"] == 40


def test_a_move_to_another_bydel_gives_way() -> None:
    oslo: dict[str, Any] = {"KOMMUNE_NR": "0301"}
    records = [
        rows.skjema11c(YEAR, BYDELSNR="02", STATUS="6", BEGYNT_DATO=date(2025, 9, 1), **oslo),
        rows.skjema11c(YEAR, BYDELSNR="03", STATUS="1", BEGYNT_DATO=date(2025, 1, 1), **oslo),
    ]
    assert [(row["BYDELSNR"], row["STATUS"]) for row in made("skjema11c", records)] == [("03", "1")]


def test_aarsverk_are_the_columns_of_skjema7_one_by_one() -> None:
    columns = [name for name in contract("skjema7", YEAR).columns if name.startswith("AARSVERK_")]
    amounts = {name: number + 0.5 for number, name in enumerate(columns)}
    blank = dict.fromkeys(contract("skjema7", YEAR).columns)
    records = [{**blank, **amounts, "AARGANG": YEAR, "KOMMUNE_NR": "4601"}]
    found = pl.DataFrame(made("aarsverk", records))
    assert len(found) == len(columns)
    assert found["AARSVERK"].sum() == sum(amounts.values())
    assert found["UTDANNING"].n_unique() == len(EDUCATIONS)
    in_243 = found.filter(pl.col("FUNKSJON") == "243")
    assert in_243["AARSVERK"].sum() == sum(
        amount for name, amount in amounts.items() if name.startswith("AARSVERK_243_")
    )
    sosionom = pl.col("UTDANNING") == "1"
    heltid = in_243.filter(sosionom & (pl.col("STILLINGSOMFANG") == "heltid"))
    assert heltid["AARSVERK"].to_list() == [amounts["AARSVERK_243_SOSIONOM_HELTID"]]


@pytest.mark.parametrize("source", DATASET_OF_SOURCE)
def test_no_source_has_an_id_or_an_exact_date(source: str) -> None:
    hidden = {"PERSON_FODSELSNR", "PERSON_DUF", "PERSON_JOURNALNR", "FODSELSDATO", "SAKSBEHANDLER"}
    known = variables(source, YEAR)
    assert not hidden & set(known)
    assert {one.kind for one in known.values()} <= {"code", "number", "flag"}


def test_an_unknown_source() -> None:
    with pytest.raises(UsageError):
        variables("skjema13", YEAR)
