"""CSV on the Web, as the csvw package reads it: the rows are the cells of the cube."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from csvw import CSVW
from hypothesis import HealthCheck, given, settings

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs import csv_table
from kostra_publish.outputs.metadata.columns import about_columns, columns
from kostra_publish.specs.models import LANGUAGES
from tests.awkward import awkward_cubes
from tests.cubes import catalogue, sample
from tests.outputs.metadata.described import document, unconfirmed, unmarked, with_its_csv
from tests.outputs.test_jsonstat import RELEASE, cells, real, real_cube


def group(folder: Path, of: SafeCube, texts: Any = None) -> CSVW:
    top = with_its_csv(folder, "csvw", [of], texts)
    return CSVW(str(top / "csv" / f"{of.table.id}.csv-metadata.json"), validate=True)


def cells_of(found: CSVW, whole: SafeCube) -> dict[tuple[str, ...], tuple[float | None, Any]]:
    codes = [dimension.code for dimension in whole.dimensions]
    rows = [*found.t.tables[0].iterdicts()]
    assert {type(row["value"]) for row in rows} <= {Decimal, type(None)}
    return {
        tuple(row[code] for code in codes): (
            None if row["value"] is None else float(row["value"]),
            row["status"],
        )
        for row in rows
    }


@pytest.mark.parametrize("table_id", ["13995", "14019", "10509"])
def test_csvw_reads_the_cells_of_the_cube(tmp_path: Path, table_id: str) -> None:
    whole = real_cube(table_id)
    found = group(tmp_path, whole, real())
    assert found.is_valid
    assert cells_of(found, whole) == cells(whole)


def test_csvw_finds_the_description_by_the_name_of_the_file(tmp_path: Path) -> None:
    top = with_its_csv(tmp_path, "csvw", [sample()])
    found = CSVW(str(top / "csv" / "13995.csv"), validate=True)
    assert found.is_valid
    rows = [*found.t.tables[0].iterdicts()]
    assert {(row["preliminary"], row["synthetic"]) for row in rows} == {(False, True), (True, True)}


def test_csvw_reads_what_is_said_of_the_table(tmp_path: Path) -> None:
    found = group(tmp_path, sample())
    rows = [*found.t.tables[1].iterdicts()]
    assert [*rows[0]] == [*csv_table.ABOUT]
    assert rows[0]["what"] == "title"
    assert all(row[language] for row in rows for language in LANGUAGES)


def test_csvw_finds_out_a_sign_that_is_none_and_a_row_that_stands_twice(tmp_path: Path) -> None:
    top = with_its_csv(tmp_path, "csvw", [sample()])
    path = top / "csv" / "13995.csv"
    described = str(top / "csv" / "13995.csv-metadata.json")
    written = path.read_text(encoding="utf-8")
    *rows, last = written.splitlines()
    path.write_text("\n".join([*rows, rows[-1], ""]), encoding="utf-8")
    with pytest.raises(ValueError, match="duplicate primary key"):
        _ = CSVW(described, validate=True).is_valid
    path.write_text("\n".join([*rows, f"{last}x", ""]), encoding="utf-8")
    with pytest.raises(UserWarning, match=r"Invalid column value: [.:]+x"):
        _ = CSVW(described, validate=True).is_valid


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(awkward_cubes())
def test_csvw_reads_any_label(tmp_path: Path, whole: SafeCube) -> None:
    found = group(tmp_path, whole)
    assert found.is_valid
    assert cells_of(found, whole) == cells(whole)


# --- what it says ---


@pytest.mark.parametrize("table_id", sorted(real().tables))
def test_columns_are_those_of_the_file(table_id: str) -> None:
    whole = real_cube(table_id)
    for described, data in (
        (columns(whole, real().texts), csv_table.figures(whole, real())),
        (about_columns(real().texts), csv_table.metadata(whole, real(), RELEASE)),
    ):
        header = next(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
        assert [column.name for column in described] == header


def test_rows_are_told_apart_by_all_dimensions() -> None:
    schema = document("csvw", sample())["tables"][0]["tableSchema"]
    assert schema["primaryKey"] == [dimension.code for dimension in sample().dimensions]
    assert [one["name"] for one in schema["columns"] if one["required"]] == schema["primaryKey"]


def test_marks_stand_in_title_and_description() -> None:
    found = document("csvw", unconfirmed())
    assert [one["@language"] for one in found["dc:title"]] == [*LANGUAGES]
    assert found["dc:title"][0]["@value"].startswith("Synthetic: 13995: ")
    about = found["dc:description"][0]["@value"]
    assert about.startswith("synthetic. 2025: preliminary final_figures. provisional: 13995. about")
    notes = found["tables"][0]["notes"]
    assert any("Moss" in note["dc:description"][0]["@value"] for note in notes)


def test_real_and_final_figures_have_no_marks() -> None:
    found = document("csvw", unmarked(), catalogue())
    assert found["dc:title"][0]["@value"].startswith("13995: ")
    assert found["dc:description"][0]["@value"] == "about. period: Year."
