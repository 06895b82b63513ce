"""Every bad input is told with file, place, field, rule and fix, and never a value."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kostra_publish.errors import DataError, Finding, MissingDataError, UsageError
from kostra_publish.microdata.contracts import DATASETS, contract
from kostra_publish.microdata.microdata import collect, load, load_all
from tests.microdata import rows

NAME = "skjema11_p2025_v1"


def put(folder: Path, frame: pl.DataFrame, suffix: str, name: str = NAME) -> Path:
    path = folder / f"{name}{suffix}"
    if suffix == ".csv":
        frame.write_csv(path, separator=";")
    else:
        frame.write_parquet(path)
    return path


def count_rows(folder: Path, wanted: list[tuple[str, int]]) -> None:
    sources = load_all(str(folder), wanted)
    collect([source.frame.select(pl.len()) for source in sources], sources)


def told(folder: Path, wanted: list[tuple[str, int]] | None = None) -> list[Finding]:
    with pytest.raises(DataError) as error:
        count_rows(folder, wanted or [("skjema11", 2025)])
    assert rows.CANARY not in str(error.value)
    return list(error.value.findings)


def good(count: int = 3) -> list[dict[str, Any]]:
    return [rows.skjema11(2025, number, SAKSBEHANDLER=rows.CANARY) for number in range(count)]


both = pytest.mark.parametrize("suffix", [".parquet", ".csv"])


@both
@pytest.mark.parametrize("dataset", ["skjema11", "skjema11c"])
@pytest.mark.parametrize("year", range(2022, 2027))
def test_good_records_are_read_as_they_are(
    tmp_path: Path, suffix: str, dataset: str, year: int
) -> None:
    make = rows.MAKERS[dataset]
    frame = rows.frame(dataset, year, [make(year, number) for number in range(3)])
    put(tmp_path, frame, suffix, f"{dataset}_p{year}_v1")
    source = load(str(tmp_path), dataset, year)
    [read] = collect([source.frame], [source])
    assert read.equals(frame)


@both
@pytest.mark.parametrize(
    ("changes", "field", "rule", "fix"),
    [
        ({"KJONN": "7"}, "KJONN", "unknown code for 2025", "1 Mann, 2 Kvinne"),
        ({"EKTSTAT": None}, "EKTSTAT", "mandatory", "Fill"),
        ({"KOMMUNE_NR": "9876"}, "KOMMUNE_NR", "not a kommune number", "four digits"),
        ({"KOMMUNE_NR": "1507"}, "KOMMUNE_NR", "not been in use since 2024", "2025"),
        ({"VERSION": "24"}, "VERSION", "not of årgang 2025", "'25'"),
        ({"BIDRAG": -1}, "BIDRAG", "negative", "0 or more"),
        ({"KOMMUNE_NR": "0301"}, "BYDELSNR", "without a valid bydel", "01-15"),
        ({"BYDELSNR": "03"}, "BYDELSNR", "outside Oslo", "blank"),
        ({"BIDRAG": 99_999_999}, "BIDRAG", "longer than 7 digits", "layout"),
    ],
)
def test_a_broken_rule(
    tmp_path: Path, suffix: str, changes: dict[str, Any], field: str, rule: str, fix: str
) -> None:
    records = good()
    records[1] |= changes
    put(tmp_path, rows.frame("skjema11", 2025, records), suffix)
    [found] = told(tmp_path)
    assert (found.file, found.where, found.field) == (f"{NAME}{suffix}", "row 2", field)
    assert rule in found.rule
    assert fix in found.fix


@both
@pytest.mark.parametrize(
    ("column", "field"),
    [("PERSON_FODSELSNR", "KOMMUNE_NR, person id"), ("PERSON_JOURNALNR", "PERSON_JOURNALNR")],
)
def test_a_key_twice(tmp_path: Path, suffix: str, column: str, field: str) -> None:
    records = good()
    records[2][column] = records[0][column]
    put(tmp_path, rows.frame("skjema11", 2025, records), suffix)
    [found] = told(tmp_path)
    assert (found.where, found.field.endswith(field)) == ("2 rows, first 1, 3", True)


@both
def test_a_column_missing_and_one_too_many(tmp_path: Path, suffix: str) -> None:
    frame = rows.frame("skjema11", 2025, good()).drop("BOSIT")
    put(tmp_path, frame.with_columns(EKSTRA=pl.lit("1")), suffix)
    assert [(one.field, one.rule) for one in told(tmp_path)] == [
        ("BOSIT", "the column is missing"),
        ("EKSTRA", "the column is not in the contract"),
    ]


def test_a_wrong_type(tmp_path: Path) -> None:
    frame = rows.frame("skjema11", 2025, good()).with_columns(pl.col("BIDRAG").cast(pl.String))
    put(tmp_path, frame, ".parquet")
    [found] = told(tmp_path)
    assert (found.field, found.rule) == ("BIDRAG", "the column has type String")
    assert "Int32" in found.fix


@pytest.mark.parametrize(
    ("field", "rule"), [("FODSELSDATO", "not a date"), ("BIDRAG", "not a whole number")]
)
def test_a_csv_value_that_cannot_be_read(tmp_path: Path, field: str, rule: str) -> None:
    frame = rows.frame("skjema11", 2025, good()).cast({field: pl.String})
    spoilt = pl.when(pl.int_range(pl.len()) == 1).then(pl.lit(rows.CANARY)).otherwise(field)
    put(tmp_path, frame.with_columns(spoilt.alias(field)), ".csv")
    [found] = told(tmp_path)
    assert (found.where, found.field, found.rule) == ("row 2", field, rule)


@both
def test_a_file_without_rows(tmp_path: Path, suffix: str) -> None:
    put(tmp_path, rows.frame("skjema11", 2025, []), suffix)
    assert [one.rule for one in told(tmp_path)] == ["the file has no rows"]


@both
def test_a_file_of_no_bytes(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"{NAME}{suffix}").touch()
    assert [one.rule for one in told(tmp_path)] == ["the file has no rows"]


def test_a_truncated_and_a_corrupt_parquet(tmp_path: Path) -> None:
    path = put(tmp_path, rows.frame("skjema11", 2025, good()), ".parquet")
    whole = path.read_bytes()
    middle = bytes(len(whole) // 3)
    for broken in (whole[: len(whole) // 2], b"PAR1" + middle + whole[4 + len(middle) :]):
        path.write_bytes(broken)
        [found] = told(tmp_path)
        assert "truncated or corrupt" in found.rule


def test_datasets_missing_altogether_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError) as error:
        load_all(str(tmp_path), [("skjema11", 2025), ("regnskap", 2024)])
    assert [one.rule for one in error.value.findings] == [
        "regnskap 2024 is not there",
        "skjema11 2025 is not there",
    ]


def test_everything_is_told_in_one_go(tmp_path: Path) -> None:
    put(tmp_path, rows.frame("skjema11", 2025, good()), ".csv", "skjema11_2025")
    put(tmp_path, pl.DataFrame({"KOMMUNE_NR": ["4601"]}), ".csv", "skjema7-p2025")
    put(tmp_path, rows.frame("skjema11c", 2025, []), ".parquet", "skjema11c_p2025_v1")
    (tmp_path / "regnskap_p2025_v1.parquet").write_bytes(b"PAR1 and no more")
    undated = tmp_path / "introduksjon_p2025_v1.parquet"
    rows.frame("introduksjon", 2025, []).write_parquet(undated, metadata={"delivered": "soon"})
    names = ("skjema11", "skjema7", "skjema11c", "regnskap", "introduksjon", "befolkning")
    with pytest.raises(MissingDataError) as error:
        load_all(str(tmp_path), [(name, 2025) for name in names])
    assert [(one.file, one.rule.split(";")[0]) for one in error.value.findings] == [
        ("befolkning_p2025_v1.parquet", "befolkning 2025 is not there"),
        (undated.name, "not a date"),
        ("regnskap_p2025_v1.parquet", "not a readable Parquet file"),
        ("skjema7-p2025.csv", "not named as a version of skjema7 2025"),
        ("skjema11_2025.csv", "not named as a version of skjema11 2025"),
        ("skjema11c_p2025_v1.parquet", "the file has no rows"),
    ]


def test_a_version_delivered_after_the_round_is_named_with_its_date(tmp_path: Path) -> None:
    frame = rows.frame("skjema11", 2025, good())
    frame.write_parquet(
        tmp_path / "skjema11_p2025_v2.parquet", metadata={"delivered": "2026-05-30"}
    )
    wanted = [("skjema11", 2025)]
    with pytest.raises(MissingDataError) as error:
        load_all(str(tmp_path), wanted, on_or_before=date(2026, 3, 16))
    [found] = error.value.findings
    assert (found.file, found.field) == ("skjema11_p2025_v2.parquet", "delivered")
    assert "delivered 2026-05-30, after the round of 2026-03-16" in found.rule
    assert "later round" in found.fix
    assert load_all(str(tmp_path), wanted, on_or_before=date(2026, 5, 30))
    optional = load_all(str(tmp_path), [], optional=wanted, on_or_before=date(2026, 3, 16))
    assert optional == []


def test_several_files_are_reported_together(tmp_path: Path) -> None:
    records = good()
    records[0]["KJONN"] = "X"
    put(tmp_path, rows.frame("skjema11", 2025, records), ".parquet")
    other = rows.skjema11c(2025, STATUS="9", AVSL_DATO=date(2025, 1, 1))
    put(tmp_path, rows.frame("skjema11c", 2025, [other]), ".csv", "skjema11c_p2025_v1")
    found = told(tmp_path, [("skjema11", 2025), ("skjema11c", 2025)])
    assert [(one.file, one.field) for one in found] == [
        (f"{NAME}.parquet", "KJONN"),
        ("skjema11c_p2025_v1.csv", "STATUS"),
    ]


def test_unknown_datasets_and_years() -> None:
    for dataset, year in (("skjema13", 2025), ("skjema11", 2021), ("regnskap", 1999)):
        with pytest.raises(UsageError):
            contract(dataset, year)
    assert {contract(dataset, 2025).dataset for dataset in DATASETS} == set(DATASETS)
