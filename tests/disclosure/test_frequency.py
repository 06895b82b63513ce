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
from kostra_publish.errors import DataError

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


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (_cycle, "part of itself"),
        (_overlap, "1103 has two parents"),
        (_unknown, "9999 is no leaf and no parent"),
        (_twice, "the code c stands twice"),
        (_no_total, "everything is no parent"),
        (_no_dimension, "there is no dimension income"),
    ],
)
def test_a_description_that_does_not_hold_together_is_refused(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None], rule: str
) -> None:
    problem = content()
    spoil(problem)
    with pytest.raises(DataError, match=rule):
        frequency.read(*written(tmp_path, problem, counts()))


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (pl.col("freq") - 3, "missing or negative"),
        (pl.col("freq") + 0.5, "not whole"),
        (pl.lit("0301").alias("region"), "stands twice"),
        (pl.lit("9999").alias("region"), "not a leaf"),
    ],
)
def test_counts_that_are_none_are_refused(tmp_path: Path, spoil: pl.Expr, rule: str) -> None:
    with pytest.raises(DataError, match=rule):
        frequency.read(*written(tmp_path, content(), counts().with_columns(spoil)))


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
