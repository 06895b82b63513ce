"""The Data Package of all tables, as Frictionless reads it, rows included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from frictionless import Package

from kostra_publish.specs.models import LANGUAGES
from tests.cubes import sample
from tests.outputs.metadata.described import document, unconfirmed, unmarked, with_its_csv
from tests.outputs.test_jsonstat import cells, real, real_cube

TABLES = ["13995", "14019", "12131"]


@pytest.fixture
def described(tmp_path: Path) -> Path:
    return with_its_csv(tmp_path, "datapackage", [*map(real_cube, TABLES)], real())


def test_frictionless_finds_every_table_as_it_is_described(described: Path) -> None:
    report = Package(str(described / "datapackage.json")).validate()
    assert report.flatten(["name", "type", "message"]) == []
    rows = {task.name: task.stats["rows"] for task in report.tasks}
    assert [*rows] == [name for table in TABLES for name in (table, f"{table}-metadata")]
    assert {table: rows[table] for table in TABLES} == {
        table: len(real_cube(table).values) for table in TABLES
    }


def test_frictionless_reads_the_cells_of_the_cube(described: Path) -> None:
    for table in TABLES:
        whole = real_cube(table)
        codes = [dimension.code for dimension in whole.dimensions]
        resource: Any = Package(str(described / "datapackage.json")).get_resource(table)
        found = {
            tuple(str(row[code]) for code in codes): (
                None if row["value"] is None else float(row["value"]),
                row["status"],
            )
            for row in resource.read_rows()
        }
        assert found == cells(whole)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (";false;", ";no;", "type-error"),
        (";..\n", ";...\n", "constraint-error"),
        ("KOKkommuneregion0000;", "Region;", "incorrect-label"),
    ],
    ids=["no truth", "no sign", "another header"],
)
def test_and_finds_out_an_altered_one(described: Path, before: str, after: str, kind: str) -> None:
    path = described / "csv" / "13995.csv"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8", newline="")
    assert [kind] in Package(str(described / "datapackage.json")).validate().flatten(["type"])


def test_marks_and_licence_are_told() -> None:
    found = document("datapackage", unconfirmed())
    assert found["title"] == "Synthetic: title"
    assert found["description"] == "synthetic about"
    assert found["licenses"][0]["name"] == "CC-BY-4.0"
    figures, about = found["resources"]
    assert (figures["synthetic"], about["synthetic"], found["synthetic"]) == (True, True, True)
    assert figures["preliminary"] == ["2025"]
    assert figures["provisional"] == {"table": ["13995"]}
    assert figures["title"].startswith("Synthetic: ")
    assert {field["name"] for field in about["schema"]["fields"]} >= {*LANGUAGES}


def test_real_and_final_figures_have_no_marks() -> None:
    found = document("datapackage", unmarked())
    assert (found["title"], found["synthetic"]) == ("title", False)
    figures = found["resources"][0]
    assert (figures["synthetic"], figures["preliminary"], figures["provisional"]) == (False, [], {})


def test_only_cells_are_told_apart() -> None:
    figures, about = document("datapackage", sample())["resources"]
    assert figures["schema"]["primaryKey"] == [one.code for one in sample().dimensions]
    assert "primaryKey" not in about["schema"]
