"""The rows of a package as files: read back they are the same, and nothing else can be written."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kostra_publish.errors import ReleaseError
from kostra_publish.nav.documents import tables
from kostra_publish.nav.package import HandedOver
from tests.nav import packages

AWKWARD = st.text(
    st.sampled_from('"";;,,\n\r\'&<>{}%æøåÆØÅáÁŋđšž–« »ab') | st.characters(codec="utf-8"),
    min_size=1,
    max_size=300,
)
"""Texts that a file could break at."""


def read_csv(content: bytes, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.read_csv(content, separator=";", decimal_comma=True, schema=schema)


@pytest.mark.parametrize("dataset", [packages.cells(), packages.records()], ids=lambda one: one.id)
def test_read_back_they_are_the_same_rows(dataset: HandedOver) -> None:
    frame = tables.rows(dataset)
    assert frame.equals(dataset.frame)
    assert read_csv(tables.csv(frame), dict(frame.schema)).equals(frame)
    assert pl.read_parquet(BytesIO(tables.parquet(frame))).equals(frame)


def test_csv_is_as_norwegian_spreadsheets_want_it() -> None:
    lines = tables.csv(tables.rows(packages.cells())).decode("utf-8-sig").split("\n")
    assert lines[0] == "region;kjonn;mottakere;stoenad;tegn"
    assert lines[1] == "0301;1;1200;1234,5;"
    assert "1124;1;4;;:" in lines
    assert "5610;2;40;-3;" in lines
    assert lines[-1] == ""
    assert tables.csv(packages.cells().frame).startswith("\ufeffregion;".encode())


@given(st.lists(st.tuples(AWKWARD, st.integers(-(2**53), 2**53)), min_size=1, max_size=5))
def test_awkward_codes_come_back(rows: list[tuple[str, int]]) -> None:
    frame = pl.DataFrame(rows, schema={"code": pl.String(), "count": pl.Int64()}, orient="row")
    assert read_csv(tables.csv(frame), dict(frame.schema)).equals(frame)
    assert pl.read_parquet(BytesIO(tables.parquet(frame))).equals(frame)


@given(st.lists(st.none() | st.floats(-1e12, 1e12), min_size=1, max_size=20))
def test_numbers_come_back(numbers: list[float | None]) -> None:
    frame = pl.DataFrame(
        {"sign": ["x"] * len(numbers), "number": pl.Series(numbers, dtype=pl.Float64)}
    )
    assert read_csv(tables.csv(frame), dict(frame.schema)).equals(frame)


def test_how_a_frame_was_made_does_not_matter() -> None:
    frame = packages.records().frame
    parts = pl.concat([frame[:7], frame[7:]], rechunk=False)
    assert tables.parquet(parts) == tables.parquet(frame)


def test_codes_may_come_as_categories() -> None:
    dataset = packages.records()
    other = replace(dataset, frame=dataset.frame.cast({"alder": pl.Categorical}))
    assert tables.rows(other).equals(dataset.frame)


def test_a_column_that_is_not_described_is_never_written() -> None:
    dataset = packages.records()
    more = replace(dataset, frame=dataset.frame.with_columns(fnr=pl.lit("x")))
    with pytest.raises(ReleaseError, match="tilfeller has other columns"):
        tables.rows(more)


def test_nor_a_column_that_is_not_of_its_kind() -> None:
    dataset = packages.cells()
    wrong = dataset.frame.with_columns(mottakere=pl.lit("many"))
    with pytest.raises(ReleaseError, match="celler has a column that is not of its kind"):
        tables.rows(replace(dataset, frame=wrong))


def test_nor_a_code_that_is_not_in_its_list() -> None:
    dataset = packages.records()
    other = dataset.frame.with_columns(alder=pl.lit("44"))
    with pytest.raises(ReleaseError, match="has a code in alder that is not in its list"):
        tables.rows(replace(dataset, frame=other))
