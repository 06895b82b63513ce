"""Positional files to Parquet: nothing lost, everything wrong told, no value told."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kostra_publish.errors import DataError, Finding, ReleaseError, UsageError
from kostra_publish.microdata.files import find
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


def test_the_footer_says_when_it_was_delivered(tmp_path: Path) -> None:
    file = rows.write_dat(tmp_path / "a.dat", [rows.record("skjema11", 2025, rows.skjema11(2025))])
    out = tmp_path / "out"

    def footer(delivered: date | None) -> str | None:
        result = import_filuttrekk([file], form="11F", year=2025, out=out, delivered=delivered)
        return pl.read_parquet_metadata(result.path).get("delivered")

    def today() -> str:
        return datetime.now(ZoneInfo("Europe/Oslo")).date().isoformat()

    # The first version counts in every round, and its bytes are the same on every day.
    assert footer(None) is None
    assert footer(date(2026, 5, 30)) == "2026-05-30"
    before = today()
    assert footer(None) in {before, today()}
    march = find(str(out), "skjema11", 2025, on_or_before=date(2026, 3, 16))
    june = find(str(out), "skjema11", 2025, on_or_before=date(2026, 6, 15))
    assert march is not None
    assert june is not None
    assert (march.version, june.version) == (1, 2)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    file = rows.write_dat(tmp_path / "a.dat", [rows.record("skjema11", 2025, rows.skjema11(2025))])
    for out in (file, Path("/proc/x")):
        with pytest.raises(ReleaseError, match="cannot write in") as error:
            import_filuttrekk([file], form="11F", year=2025, out=out)
        assert error.value.exit_code == 7


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    records = [rows.record("skjema11", 2025, rows.skjema11(2025, number)) for number in range(90)]
    file = rows.write_dat(tmp_path / "a.dat", records)
    out = tmp_path / "out"
    program = (
        "import resource, sys; from kostra_publish.cli import main; "
        "import kostra_publish.microdata.filuttrekk; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); main(sys.argv[1:])"
    )
    arguments = ["import", "11F", str(file), "--year", "2025", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, list(out.iterdir())) == (7, [])
    assert "cannot write in" in done.stderr
    assert "Traceback" not in done.stderr


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


@pytest.mark.parametrize("tail", ["\n", "\n\n\r\n", "\x1a", "\x1a\r\n", "\r\n\x1a\n", "  \n"])
def test_blank_lines_at_the_end_are_no_records(tmp_path: Path, tail: str) -> None:
    file = tmp_path / "a.dat"
    line = rows.record("skjema11", 2025, rows.skjema11(2025))
    file.write_text(f"{line}\r\n{tail}", encoding="utf-8", newline="")
    result = import_filuttrekk([file], form="11F", year=2025, out=tmp_path / "out")
    assert result.rows == 1
    file.write_text(f"{line}\n\n{line}\n", encoding="utf-8", newline="")
    found = findings(tmp_path / "again", [file])
    assert ("line 2", "wrong record length") in [(one.where, one.rule) for one in found]


@pytest.mark.parametrize("content", ["", "\n", "\r\n", "\x1a\r\n"])
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


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    first = rows.skjema11(2025, 0)
    files = []
    for number, folder in enumerate(("x/a", "y/a", "y/b")):
        (tmp_path / folder).mkdir(parents=True)
        again = {**first, "PERSON_JOURNALNR": f"J{number}", "KJONN": "7"}
        line = rows.record("skjema11", 2025, again)
        files.append(rows.write_dat(tmp_path / folder / "11F.dat", [line]))
    files.append(rows.write_dat(tmp_path / "x" / "4601.dat", ["short"]))
    told = findings(tmp_path, files)
    assert {found.file for found in told} == {
        "x/a/11F.dat", "y/a/11F.dat", "b/11F.dat", "4601.dat"
    }  # fmt: skip
    assert any("the first is in x/a/11F.dat, line 1" in found.rule for found in told)


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
