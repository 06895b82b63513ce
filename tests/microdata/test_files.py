"""Which file of a folder counts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from kostra_publish.errors import DataError, UsageError
from kostra_publish.microdata.files import find, next_version, sha256_of, years


def put(folder: Path, name: str, **metadata: str) -> None:
    frame = pl.DataFrame({"KOMMUNE_NR": ["4601"]})
    if name.endswith(".csv"):
        frame.write_csv(folder / name)
    else:
        frame.write_parquet(folder / name, metadata=metadata)


def test_the_highest_version_counts_as_a_number(tmp_path: Path) -> None:
    for version in (2, 9, 10):
        put(tmp_path, f"skjema11_p2025_v{version}.parquet")
    put(tmp_path, "skjema11_p2024_v11.parquet")
    found = find(str(tmp_path), "skjema11", 2025)
    assert found is not None
    assert (found.version, found.name) == (10, "skjema11_p2025_v10.parquet")
    assert found.sha256 == sha256_of(tmp_path / found.name)
    assert next_version(tmp_path, "skjema11", 2025) == 11
    assert next_version(tmp_path, "skjema11", 2023) == 1
    assert years(str(tmp_path), "skjema11", range(2022, 2027)) == (2024, 2025)


def test_parquet_before_csv_of_the_same_version(tmp_path: Path) -> None:
    for name in ("skjema12_p2025_v1.csv", "skjema12_p2025_v1.parquet", "skjema12_p2024_v1.csv"):
        put(tmp_path, name)
    for year, suffix in ((2025, ".parquet"), (2024, ".csv")):
        found = find(str(tmp_path), "skjema12", year)
        assert found is not None
        assert found.suffix == suffix


def test_only_what_was_delivered_in_time_is_eligible(tmp_path: Path) -> None:
    put(tmp_path, "skjema11_p2025_v1.parquet", delivered="2026-03-01", synthetic="true")
    put(tmp_path, "skjema11_p2025_v2.parquet", delivered="2026-05-30")
    in_march = find(str(tmp_path), "skjema11", 2025, on_or_before=date(2026, 3, 16))
    in_june = find(str(tmp_path), "skjema11", 2025, on_or_before=date(2026, 6, 15))
    assert in_march is not None
    assert in_june is not None
    assert (in_march.version, in_march.synthetic, in_march.delivered) == (1, True, date(2026, 3, 1))
    assert (in_june.version, in_june.synthetic) == (2, False)
    assert find(str(tmp_path), "skjema11", 2025, on_or_before=date(2026, 1, 1)) is None


def test_a_highest_version_passes_over_later_ones(tmp_path: Path) -> None:
    for version in (1, 2):
        put(tmp_path, f"skjema11_p2025_v{version}.parquet")
    found = find(str(tmp_path), "skjema11", 2025, highest_version=1)
    assert found is not None
    assert found.version == 1


@pytest.mark.parametrize(
    "name", ["skjema11_2025.parquet", "skjema11-p2025-v1.csv", "skjema11_p2025_v01.parquet"]
)
def test_a_misnamed_file_is_told_not_passed_over(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    with pytest.raises(DataError, match="not named as a version") as error:
        find(str(tmp_path), "skjema11", 2025)
    assert name in str(error.value)
    assert find(str(tmp_path), "skjema11", 2024) is None


def test_a_delivery_date_that_is_none_is_told(tmp_path: Path) -> None:
    put(tmp_path, "skjema11_p2025_v1.parquet", delivered="in March")
    with pytest.raises(DataError, match="not a date"):
        find(str(tmp_path), "skjema11", 2025)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no data folder"):
        find(str(tmp_path / "nothing"), "skjema11", 2025)
