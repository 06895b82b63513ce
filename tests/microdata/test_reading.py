"""CSV in its dialects, Parquet types that fit, and folders that are addresses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from kostra_publish.errors import DataError
from kostra_publish.microdata.contracts import contract
from kostra_publish.microdata.files import find, sha256_of, sha256_of_address
from kostra_publish.microdata.microdata import collect, load
from tests.microdata import rows

NAME = "skjema11_p2025_v1"


def read(folder: str | Path, dataset: str = "skjema11") -> pl.DataFrame:
    source = load(str(folder), dataset, 2025)
    [frame] = collect([source.frame], [source])
    return frame


def records(count: int = 3) -> pl.DataFrame:
    made = [rows.skjema11(2025, number) for number in range(count)]
    return rows.frame("skjema11", 2025, made)


def skjema7() -> pl.DataFrame:
    empty = dict.fromkeys(contract("skjema7", 2025).columns)
    row = {**empty, "AARGANG": 2025, "KOMMUNE_NR": "4601", "OEKRAAD_AARSVERK": 2.5}
    return rows.frame("skjema7", 2025, [row])


@pytest.mark.parametrize("separator", [";", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_csv_dialects(tmp_path: Path, separator: str, encoding: str) -> None:
    text = records().write_csv(separator=separator)
    (tmp_path / f"{NAME}.csv").write_bytes(text.encode(encoding))
    assert read(tmp_path).equals(records())


@pytest.mark.parametrize(("separator", "number"), [(";", "2,5"), (";", "2.5"), (",", '"2,5"')])
def test_decimal_comma_or_point(tmp_path: Path, separator: str, number: str) -> None:
    text = skjema7().write_csv(separator=separator).replace("2.5", number)
    (tmp_path / "skjema7_p2025_v1.csv").write_text(text, encoding="utf-8")
    assert read(tmp_path, "skjema7").equals(skjema7())


def test_a_csv_without_a_header_does_not_tell_its_first_record(tmp_path: Path) -> None:
    frame = records().with_columns(pl.lit(rows.CANARY).alias("SAKSBEHANDLER"))
    frame.write_csv(tmp_path / f"{NAME}.csv", separator=";", include_header=False)
    with pytest.raises(DataError) as error:
        read(tmp_path)
    [found] = error.value.findings
    assert (found.where, found.fix) == ("columns", "Write the column names in the first line")
    for value in (rows.CANARY, *frame.row(0)):
        assert not (isinstance(value, str) and len(value) > 4 and value in str(error.value))


def ragged(folder: Path, lines: list[str], encoding: str = "utf-8") -> list[tuple[str, str]]:
    """What is told of a file of these lines: place and rule of each finding."""
    (folder / f"{NAME}.csv").write_bytes("\n".join(lines).encode(encoding))
    with pytest.raises(DataError) as error:
        read(folder)
    assert rows.CANARY not in str(error.value)
    assert all(found.fix and found.file == f"{NAME}.csv" for found in error.value.findings)
    return [(found.where, found.rule) for found in error.value.findings]


def lines_of(frame: pl.DataFrame, separator: str = ";") -> list[str]:
    return frame.write_csv(separator=separator, quote_style="non_numeric").splitlines()


MORE, FEWER = "more fields than the header", "fewer fields than the header"


@pytest.mark.parametrize("separator", [";", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_one_separator_too_many_names_its_line(
    tmp_path: Path, separator: str, encoding: str
) -> None:
    lines = lines_of(records(), separator)
    lines[2] += separator
    assert ragged(tmp_path, lines, encoding) == [("line 3", MORE)]


def test_a_cut_last_line_is_told(tmp_path: Path) -> None:
    *lines, last = lines_of(records())
    assert ragged(tmp_path, [*lines, last[: len(last) // 3].rpartition(";")[0]]) == [
        ("line 4", FEWER)
    ]


def test_lines_and_rows_are_told_together_and_summed_up(tmp_path: Path) -> None:
    spoilt = records(12).with_columns(
        KJONN=pl.when(pl.int_range(pl.len()) == 11).then(pl.lit("Q")).otherwise("KJONN")
    )
    header, *lines = lines_of(spoilt)
    lines[0] += ";"
    for number in range(1, 9):
        lines[number] = f'"{rows.CANARY}";"4601"'
    assert ragged(tmp_path, [header, *lines, ""]) == [
        ("8 lines, first 3, 4, 5, 6, 7", FEWER),
        ("line 2", MORE),
        ("row 12", "unknown code for 2025"),
    ]


def test_a_quoted_separator_or_line_end_is_no_field(tmp_path: Path) -> None:
    name = pl.lit("Ås;\nLi")
    frame = records().with_columns(SAKSBEHANDLER=name)
    frame.write_csv(tmp_path / f"{NAME}.csv", separator=";")
    assert read(tmp_path).equals(frame)
    lines = (tmp_path / f"{NAME}.csv").read_text(encoding="utf-8").splitlines()
    assert ragged(tmp_path, [*lines, "1;2"]) == [("line 8", FEWER)]


def test_a_quotation_mark_that_is_not_closed(tmp_path: Path) -> None:
    lines = records().write_csv(separator=";").splitlines()
    lines[2] = lines[2].replace("Sørås", f'"{rows.CANARY}')
    assert ragged(tmp_path, lines) == [("line 3", "a quotation mark is not closed")]


@pytest.mark.parametrize(("signs", "synthetic"), [(["SYNTETISK"] * 3, True), (["", *"ab"], False)])
def test_a_csv_is_synthetic_when_every_record_says_so(
    tmp_path: Path, signs: list[str], synthetic: bool
) -> None:
    frame = records().with_columns(pl.Series("SAKSBEHANDLER", signs))
    frame.write_csv(tmp_path / f"{NAME}.csv", separator=";")
    assert load(str(tmp_path), "skjema11", 2025).file.synthetic is synthetic


def test_a_parquet_without_the_footer_key_tells_by_its_records(tmp_path: Path) -> None:
    frame = records().with_columns(SAKSBEHANDLER=pl.lit("SYNTETISK"))
    frame.write_parquet(tmp_path / f"{NAME}.parquet")
    assert load(str(tmp_path), "skjema11", 2025).file.synthetic


@pytest.mark.parametrize("line", ["1;2;3", ";".join(["KANARI"] * 100), '"KANARI'])
def test_a_ragged_csv_is_told_without_its_words(tmp_path: Path, line: str) -> None:
    text = records().write_csv(separator=";") + line + "\n"
    (tmp_path / f"{NAME}.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as error:
        read(tmp_path)
    assert all(found.file == f"{NAME}.csv" for found in error.value.findings)
    assert rows.CANARY not in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        pl.col("BIDRAG").cast(pl.Int64),
        pl.col("BIDRAG").cast(pl.UInt16),
        pl.col("VKLO").cast(pl.Categorical),
        pl.lit(None).alias("PERSON_DUF"),
    ],
    ids=["Int64", "UInt16", "Categorical", "Null"],
)
def test_parquet_types_that_lose_nothing_are_taken(tmp_path: Path, change: pl.Expr) -> None:
    records().with_columns(change).write_parquet(tmp_path / f"{NAME}.parquet")
    assert read(tmp_path).equals(records())


def test_a_whole_number_too_large_for_its_column(tmp_path: Path) -> None:
    frame = records().with_columns(pl.col("BIDRAG").cast(pl.Int64) * 10**9)
    frame.write_parquet(tmp_path / f"{NAME}.parquet")
    with pytest.raises(DataError) as error:
        read(tmp_path)
    [found] = error.value.findings
    assert (found.field, found.rule) == ("BIDRAG", "not a whole number")


def _parquet(folder: Path, version: int) -> None:
    records().write_parquet(
        folder / f"skjema11_p2025_v{version}.parquet", metadata={"synthetic": "true"}
    )


def _corrupt(folder: Path, version: int) -> None:
    (folder / f"skjema11_p2025_v{version}.parquet").write_bytes(b"PAR1 and no more")


def _csv(folder: Path, version: int) -> None:
    records().write_csv(folder / f"skjema11_p2025_v{version}.csv")


@pytest.mark.parametrize("highest", [_parquet, _corrupt, _csv])
def test_an_address_is_listed_whatever_its_files_hold(
    tmp_path: Path, highest: Callable[[Path, int], None]
) -> None:
    _parquet(tmp_path, 9)
    highest(tmp_path, 10)
    found = find(tmp_path.as_uri(), "skjema11", 2025)
    assert found is not None
    [path] = tmp_path.glob("*_v10.*")
    assert (found.version, found.sha256, found.is_local) == (10, sha256_of(path), False)


def test_an_address_is_read_as_a_folder_is(tmp_path: Path) -> None:
    _parquet(tmp_path, 1)
    assert find(tmp_path.as_uri(), "skjema7", 2025) is None
    source = load(tmp_path.as_uri(), "skjema11", 2025)
    assert source.file.synthetic
    assert read(tmp_path.as_uri()).equals(records())


def test_an_address_with_signs_of_its_own_has_a_sha256(tmp_path: Path) -> None:
    folder = tmp_path / "data 2025"
    folder.mkdir()
    _parquet(folder, 1)
    found = find(folder.as_uri(), "skjema11", 2025)
    assert found is not None
    assert found.sha256 == sha256_of(folder / f"{NAME}.parquet")


def test_an_address_without_a_driver_has_no_sha256() -> None:
    assert sha256_of_address("nosuch://bucket/skjema11_p2025_v1.parquet") is None


def test_bytes_that_a_driver_cannot_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read for their SHA-256"):
        sha256_of_address((tmp_path / "skjema11_p2025_v1.parquet").as_uri())
