"""Positional files to Parquet: nothing lost, everything wrong told, no value told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kostra_publish.errors import DataError, Finding, UsageError
from kostra_publish.microdata.filuttrekk import import_filuttrekk
from kostra_publish.microdata.layouts import DATASET_OF_FORM, layout, record_length
from tests.microdata import rows

YEARS = range(2022, 2027)


def position(form: str, year: int, field: str) -> str:
    [one] = [one for one in layout(form, year) if one.name == field]
    return f"{one.start}" if one.size == 1 else f"{one.start}-{one.start + one.size - 1}"


def findings(folder: Path, files: list[Path], form: str = "11F", year: int = 2025) -> list[Finding]:
    """What an import tells, after seeing that it wrote nothing and told no value."""
    out = folder / "out"
    with pytest.raises(DataError) as error:
        import_filuttrekk(files, form=form, year=year, out=out)
    assert not out.exists()
    assert rows.CANARY not in str(error.value)
    return list(error.value.findings)


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("form", ["11F", "11CF"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_round_trip_loses_nothing(
    tmp_path: Path, form: str, year: int, encoding: str, end: str
) -> None:
    dataset = DATASET_OF_FORM[form]
    make = rows.MAKERS[dataset]
    records = [make(year, 0), make(year, 1, KOMMUNE_NR="0301", BYDELSNR="07"), make(year, 2)]
    lines = [rows.record(dataset, year, one) for one in records]
    file = rows.write_dat(tmp_path / "a.dat", lines, encoding=encoding, end=end)
    result = import_filuttrekk([file], form=form, year=year, out=tmp_path / "out")
    assert result.path.name == f"{dataset}_p{year}_v1.parquet"
    assert (result.rows, result.kommuner, result.synthetic) == (3, 2, False)
    assert_frame_equal(pl.read_parquet(result.path), rows.frame(dataset, year, records))


def test_the_next_free_version_is_taken_and_none_is_overwritten(tmp_path: Path) -> None:
    file = rows.write_dat(tmp_path / "a.dat", [rows.record("skjema11", 2025, rows.skjema11(2025))])
    for expected in ("v1", "v2"):
        written = import_filuttrekk([file], form="11F", year=2025, out=tmp_path / "out").path
        assert written.stem.endswith(expected)
    with pytest.raises(UsageError, match="there already"):
        import_filuttrekk([file], form="11F", year=2025, out=tmp_path / "out", version=2)


def test_only_synthetic_records_are_marked(tmp_path: Path) -> None:
    made = rows.skjema11(2025, 0, SAKSBEHANDLER="SYNTETISK")
    lines = [rows.record("skjema11", 2025, one) for one in (made, rows.skjema11(2025, 1))]
    for count, marked in ((1, True), (2, False)):
        file = rows.write_dat(tmp_path / "a.dat", lines[:count])
        result = import_filuttrekk([file], form="11F", year=2025, out=tmp_path / "out")
        assert result.synthetic is marked
        assert (pl.read_parquet_metadata(result.path).get("synthetic") == "true") is marked


@pytest.mark.parametrize(
    ("changes", "field", "rule", "fix"),
    [
        ({"KJONN": "7"}, "KJONN", "unknown code for 2025", "1 Mann, 2 Kvinne"),
        ({"EKTSTAT": None}, "EKTSTAT", "mandatory", "Fill"),
        ({"PERSON_JOURNALNR": None}, "PERSON_JOURNALNR", "mandatory", "Fill"),
        ({"KOMMUNE_NR": "9876"}, "KOMMUNE_NR", "not a kommune number", "four digits"),
        ({"KOMMUNE_NR": "1507"}, "KOMMUNE_NR", "not been in use since 2024", "2025"),
        ({"VERSION": "24"}, "VERSION", "not of årgang 2025", "'25'"),
        ({"FODSELSDATO": "31021990"}, "FODSELSDATO", "not a date", "ddMMyyyy"),
        ({"FODSELSDATO": rows.CANARY}, "FODSELSDATO", "not a date", "ddMMyyyy"),
        ({"BIDRAG": rows.CANARY}, "BIDRAG", "not a number", "whole number"),
        ({"LAAN": -5}, "LAAN", "negative", "0 or more"),
        ({"KOMMUNE_NR": "0301"}, "BYDELSNR", "without a valid bydel", "01-15"),
        ({"KOMMUNE_NR": "0301", "BYDELSNR": "44"}, "BYDELSNR", "valid bydel", "01-15"),
        ({"BYDELSNR": "03"}, "BYDELSNR", "outside Oslo", "blank"),
    ],
)
def test_an_error_names_file_line_position_field_rule_and_fix(
    tmp_path: Path, changes: dict[str, Any], field: str, rule: str, fix: str
) -> None:
    spoilt = rows.skjema11(2025, 1, **{"SAKSBEHANDLER": rows.CANARY, **changes})
    lines = [rows.record("skjema11", 2025, one) for one in (rows.skjema11(2025), spoilt)]
    [found] = findings(tmp_path, [rows.write_dat(tmp_path / "4601.dat", lines)])
    assert (found.file, found.field) == ("4601.dat", field)
    assert found.where == f"line 2, position {position('11F', 2025, field)}"
    assert rule in found.rule
    assert fix in found.fix


@pytest.mark.parametrize("tail", ["", rows.CANARY])
def test_a_wrong_record_length(tmp_path: Path, tail: str) -> None:
    line = rows.record("skjema11", 2025, rows.skjema11(2025))
    [found] = findings(tmp_path, [rows.write_dat(tmp_path / "a.dat", [line, line[:-1] + tail])])
    assert (found.where, found.rule) == ("line 2", "wrong record length")
    assert str(record_length("11F", 2025)) in found.fix


@pytest.mark.parametrize("content", ["", "\n", "\r\n"])
def test_an_empty_file(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.dat"
    file.write_text(content, newline="")
    [found] = findings(tmp_path, [file])
    assert (found.file, found.rule) == ("a.dat", "the file has no records")


def test_a_key_twice_is_told_across_files(tmp_path: Path) -> None:
    first = rows.skjema11(2025, 0)
    again = rows.skjema11(2025, 1, PERSON_FODSELSNR=first["PERSON_FODSELSNR"])
    here = rows.write_dat(tmp_path / "a.dat", [rows.record("skjema11", 2025, first)])
    other = rows.skjema11(2025, 2)
    lines = [rows.record("skjema11", 2025, one) for one in (other, again)]
    there = rows.write_dat(tmp_path / "b.dat", lines)
    [found] = findings(tmp_path, [here, there])
    assert (found.file, found.where, found.field) == ("b.dat", "line 2", "KOMMUNE_NR, person id")
    assert "005A" in found.rule
    assert "a.dat, line 1" in found.rule


def test_several_files_are_reported_together(tmp_path: Path) -> None:
    files = [
        rows.write_dat(
            tmp_path / f"{name}.dat",
            [rows.record("skjema11c", 2024, rows.skjema11c(2024, number, KJONN="X"))],
        )
        for number, name in enumerate("abc")
    ]
    told = findings(tmp_path, files, "11CF", 2024)
    assert [found.file for found in told] == ["a.dat", "b.dat", "c.dat"]


def test_unknown_form_year_or_file(tmp_path: Path) -> None:
    file = rows.write_dat(tmp_path / "a.dat", ["x"])
    for form, year, path in (
        ("12", 2025, file),
        ("11F", 1999, file),
        ("11F", 2025, tmp_path / "b"),
    ):
        with pytest.raises(UsageError):
            import_filuttrekk([path], form=form, year=year, out=tmp_path / "out")
    with pytest.raises(UsageError):
        import_filuttrekk([], form="11F", year=2025, out=tmp_path / "out")
