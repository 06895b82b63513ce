"""Frequency tables from files: read, refused and protected."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from kostra_publish.cli import app
from kostra_publish.disclosure import frequency
from kostra_publish.errors import DataError, UsageError

REGIONS = ["0301", "1103", "1108", "4601"]


def content() -> dict[str, Any]:
    return {
        "dims": {
            "region": {
                "leaves": REGIONS,
                "alternatives": [
                    {"F03": ["0301"], "F11": ["1103", "1108"], "F46": ["4601"],
                     "0": ["F03", "F11", "F46"]},
                    {"G1": ["0301", "1103"], "G2": ["1108", "4601"], "0": ["G1", "G2"]},
                ],
                "total": "0",
            },
            "age": {"leaves": ["a", "b", "c"], "alternatives": [{"T": ["a", "b", "c"]}],
                    "total": "T"},
            "sex": {"leaves": ["1", "2"], "alternatives": [{"T": ["1", "2"]}], "total": "T"},
        },
        "tables": [["region", "age"], ["region", "sex"]],
        "measure": "freq",
    }  # fmt: skip


def counts() -> pl.DataFrame:
    rows = [
        (region, age, sex, (7 * n + 5 * m + 3 * k) % 9)
        for n, region in enumerate(REGIONS)
        for m, age in enumerate("abc")
        for k, sex in enumerate("12")
    ]
    return pl.DataFrame(rows, schema=["region", "age", "sex", "freq"], orient="row")


def written(folder: Path, problem: dict[str, Any], inner: pl.DataFrame) -> tuple[Path, Path]:
    one, other = folder / "problem.json", folder / "inner.parquet"
    one.write_text(json.dumps(problem), encoding="utf-8")
    inner.write_parquet(other)
    return one, other


def test_every_distinct_cell_stands_once_with_its_sum(tmp_path: Path) -> None:
    tables = frequency.read(*written(tmp_path, content(), counts()))
    problem = tables.problem()
    assert problem.cells.height == 10 * 4 + 10 * 2
    assert problem.cells.is_unique().all()
    whole = counts()["freq"].sum()
    total = problem.cells.with_columns(v=problem.values).filter(region="0", age="T", sex="T")
    assert total["v"].to_list() == [whole]
    assert (problem.equations @ problem.inner == 0).all()


def test_linked_tables_are_protected_together(tmp_path: Path) -> None:
    tables = frequency.read(*written(tmp_path, content(), counts()))
    found = frequency.protect(tables, effort=0.1)
    problem = tables.problem()
    assert found.cells.drop("freq", "status").equals(problem.cells)
    assert found.cells["freq"].to_list() == problem.values.tolist()
    small = found.cells.filter(pl.col("freq").is_between(1, 3))
    assert set(small["status"]) == {"U"}
    assert set(found.cells.filter(pl.col("freq") == 0)["status"]) <= {"P"}
    assert any("insiders" in line for line in found.tried)


def _cycle(problem: dict[str, Any]) -> None:
    problem["dims"]["region"]["alternatives"][0]["F03"] = ["0"]


def _overlap(problem: dict[str, Any]) -> None:
    problem["dims"]["region"]["alternatives"][0]["F46"] = ["4601", "1103"]


def _unknown(problem: dict[str, Any]) -> None:
    problem["dims"]["region"]["alternatives"][0]["F46"] = ["9999"]


def _twice(problem: dict[str, Any]) -> None:
    problem["dims"]["age"]["leaves"] = ["a", "b", "c", "c"]


def _no_total(problem: dict[str, Any]) -> None:
    problem["dims"]["age"]["total"] = "everything"


def _no_dimension(problem: dict[str, Any]) -> None:
    problem["tables"] = [["region", "income"]]


def _same_child_twice(problem: dict[str, Any]) -> None:
    problem["dims"]["age"]["alternatives"][0]["T"] = ["a", "b", "c", "a"]


def _leaf_with_children(problem: dict[str, Any]) -> None:
    problem["dims"]["region"]["alternatives"][0]["1103"] = ["1108"]


def _no_children(problem: dict[str, Any]) -> None:
    problem["dims"]["region"]["alternatives"][0]["F46"] = []


def _two_meanings(problem: dict[str, Any]) -> None:
    problem["dims"]["region"]["alternatives"][1] |= {"F03": ["1108"], "G2": ["F03", "4601"]}


def _narrow_total(problem: dict[str, Any]) -> None:
    problem["dims"]["age"]["alternatives"][0]["T"] = ["a", "b"]


def _dimension_twice(problem: dict[str, Any]) -> None:
    problem["tables"] = [["region", "age", "age"]]


def _table_of_nothing(problem: dict[str, Any]) -> None:
    problem["tables"] = [["region", "age"], []]


def _measure_is_dimension(problem: dict[str, Any]) -> None:
    problem["measure"] = "sex"


def _unknown_key(problem: dict[str, Any]) -> None:
    problem["dims"]["age"]["hierarchy"] = {}


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (_cycle, "part of itself"),
        (_overlap, "1103 has two parents"),
        (_unknown, "9999 is no leaf and no parent"),
        (_twice, "the code c stands twice"),
        (_no_total, "everything is no parent"),
        (_no_dimension, "there is no dimension income"),
        (_same_child_twice, "a stands twice below T"),
        (_leaf_with_children, "the leaf 1103 has children"),
        (_no_children, "F46 has no children"),
        (_two_meanings, "disagree on what F03 holds"),
        (_narrow_total, "the total T does not hold every leaf"),
        (_dimension_twice, "a dimension stands twice"),
        (_table_of_nothing, r"tables\.1: it has no dimensions"),
        (_measure_is_dimension, "sex is a dimension too"),
        (_unknown_key, r"dims\.age\.hierarchy"),
    ],
)
def test_a_description_that_does_not_hold_together_is_refused(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None], rule: str
) -> None:
    problem = content()
    spoil(problem)
    with pytest.raises(DataError, match=rule):
        frequency.read(*written(tmp_path, problem, counts()))


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    problem = content()
    for spoil in (_cycle, _twice, _no_dimension):
        spoil(problem)
    with pytest.raises(DataError) as caught:
        frequency.read(*written(tmp_path, problem, counts()))
    assert len(caught.value.findings) >= 3


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{", "it is not JSON"),
        ('{"measure": "n", "measure": "m"}', "the key measure stands twice"),
        ('{"dims": {}, "tables": [["a"]], "measure": "n"}', "dims"),
        ("[]", "problem.json"),
    ],
)
def test_a_file_that_is_no_problem_is_refused(tmp_path: Path, text: str, rule: str) -> None:
    one, other = written(tmp_path, content(), counts())
    one.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=rule):
        frequency.read(one, other)


def test_files_that_are_not_there_or_not_parquet_are_refused(tmp_path: Path) -> None:
    one, other = written(tmp_path, content(), counts())
    with pytest.raises(DataError, match="it cannot be read"):
        frequency.read(tmp_path / "nothing.json", other)
    with pytest.raises(DataError, match="not a readable Parquet file"):
        frequency.read(one, one)


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (pl.col("freq") - 3, "missing, negative"),
        (pl.lit(None, dtype=pl.Int64).alias("freq"), "missing, negative"),
        (pl.lit(float("nan")).alias("freq"), "missing, negative"),
        (pl.lit(float("inf")).alias("freq"), "above"),
        (pl.lit(2**63, dtype=pl.UInt64).alias("freq"), "above"),
        (pl.lit(frequency.LARGEST_COUNT).alias("freq"), "together"),
        (pl.col("freq") + 0.5, "not whole"),
        (pl.lit("many").alias("freq"), "not numbers"),
        (pl.lit("0301").alias("region"), "stands twice"),
        (pl.lit("9999").alias("region"), "not a leaf"),
        (pl.lit(None, dtype=pl.String).alias("region"), "not a leaf"),
        (pl.col("region").cast(pl.Int64), "not a leaf"),
    ],
)
def test_counts_that_are_none_are_refused(tmp_path: Path, spoil: pl.Expr, rule: str) -> None:
    with pytest.raises(DataError, match=rule):
        frequency.read(*written(tmp_path, content(), counts().with_columns(spoil)))


@pytest.mark.parametrize("column", ["region", "freq"])
def test_a_column_that_is_missing_is_told(tmp_path: Path, column: str) -> None:
    with pytest.raises(DataError, match=f"{column}: the column is missing"):
        frequency.read(*written(tmp_path, content(), counts().drop(column)))


def test_whole_numbers_may_be_written_as_fractions(tmp_path: Path) -> None:
    as_float = counts().with_columns(pl.col("freq").cast(pl.Float64))
    one = frequency.read(*written(tmp_path, content(), as_float))
    assert one.counts.equals(frequency.read(*written(tmp_path, content(), counts())).counts)


def test_codes_in_other_columns_and_combinations_left_out_do_not_matter(tmp_path: Path) -> None:
    more = counts().filter(pl.col("freq") > 0).with_columns(note=pl.lit("x"))
    one = frequency.read(*written(tmp_path, content(), more)).problem()
    assert (
        one.values == frequency.read(*written(tmp_path, content(), counts())).problem().values
    ).all()


def test_tables_in_a_ring_that_are_too_large_together_are_refused() -> None:
    leaves = [str(n) for n in range(200)]
    dims = {
        name: frequency.DimensionFile(leaves=leaves, alternatives=[{"T": leaves}], total="T")
        for name in "abc"
    }
    ring = frequency.ProblemFile(
        dims=dims, tables=[["a", "b"], ["b", "c"], ["c", "a"]], measure="n"
    )
    none = pl.DataFrame(schema={"a": pl.String, "b": pl.String, "c": pl.String, "n": pl.Int64})
    with pytest.raises(DataError, match="8,000,000 inner numbers"):
        frequency.tables_of(ring, none).problem()


def test_a_threshold_that_makes_nothing_small_is_refused(tmp_path: Path) -> None:
    tables = frequency.read(*written(tmp_path, content(), counts()))
    with pytest.raises(UsageError, match="no count is small"):
        frequency.protect(tables, threshold=1)


def test_the_verb_tells_what_is_wrong_and_writes_nothing(tmp_path: Path) -> None:
    problem = content()
    _cycle(problem)
    one, other = written(tmp_path, problem, counts())
    out = tmp_path / "cells.parquet"
    done = CliRunner().invoke(app, ["protect", str(one), str(other), "--out", str(out)])
    assert isinstance(done.exception, DataError)
    assert not out.exists()


def test_the_verb_writes_every_cell_and_says_what_was_tried(tmp_path: Path) -> None:
    one, other = written(tmp_path, content(), counts())
    out = tmp_path / "cells.parquet"
    done = CliRunner().invoke(
        app, ["protect", str(one), str(other), "--out", str(out), "--effort", "0"]
    )
    assert done.exit_code == 0, done.output
    assert "to protect those" in done.output
    assert pl.read_parquet(out)["status"].is_in(["P", "U", "S"]).all()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
