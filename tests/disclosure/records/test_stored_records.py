"""What a release keeps of rows, written and read back."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from kostra_publish.disclosure.records.stored import FOLDER, StoredRecords, read_all, write
from kostra_publish.errors import DisclosureError
from tests.disclosure.records.test_gates import march


def stored() -> StoredRecords:
    return march().rows.stored


def written(top: Path) -> Path:
    for path, data in write(stored(), 2025):
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(data)
    return top / FOLDER / "2025" / "rader"


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    written(tmp_path)
    back = read_all(tmp_path, 2025)
    assert list(back) == ["rader"]
    assert back["rader"].about == stored().about
    assert back["rader"].leaves.equals(stored().leaves)
    assert back["rader"].boxes.equals(stored().boxes)
    overlaps = zip(back["rader"].about.overlaps, march().counted.overlaps, strict=True)
    for one, other in overlaps:
        assert (one.block, one.variables) == (other.block, other.variables)
        assert dict(one.combinations) == dict(other.combinations)
        assert all((a == b).all() for a, b in zip(one.touched, other.touched, strict=True))


def test_the_same_rows_give_the_same_bytes() -> None:
    assert list(write(stored(), 2025)) == list(write(stored(), 2025))


def test_they_are_kept_where_nobody_outside_gets_them() -> None:
    assert all(path.startswith("internal/") for path, _ in write(stored(), 2025))


def test_a_release_without_rows_has_none(tmp_path: Path) -> None:
    assert read_all(tmp_path, 2025) == {}
    written(tmp_path)
    assert read_all(tmp_path, 2024) == {}


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("leaves.parquet", None, "cannot be read"),
        ("boxes.parquet", None, "cannot be read"),
        ("about.json", None, "cannot be read"),
        ("about.json", b"{}", "cannot be read"),
        ("leaves.parquet", b"rubbish", "cannot be read"),
        ("leaves.parquet", pl.col("rows").cast(pl.Int32), "other columns"),
        ("leaves.parquet", pl.lit(1).alias("more"), "other columns"),
        ("boxes.parquet", pl.col("box").cast(pl.String), "other columns"),
    ],
    ids=[
        "no leaves",
        "no boxes",
        "no facts",
        "no such facts",
        "no Parquet",
        "narrow",
        "more",
        "text",
    ],
)
def test_files_that_are_not_as_they_were_written_are_refused(
    tmp_path: Path, name: str, change: bytes | pl.Expr | None, words: str
) -> None:
    path = written(tmp_path) / name
    if change is None:
        path.unlink()
    elif isinstance(change, bytes):
        path.write_bytes(change)
    else:
        pl.read_parquet(path).with_columns(change).write_parquet(path)
    with pytest.raises(DisclosureError, match=words) as error:
        read_all(tmp_path, 2025)
    assert "Publish the round again" in (error.value.fix or "")


def test_the_repr_has_no_figures() -> None:
    assert repr(stored()) == "StoredRecords(rader)"
