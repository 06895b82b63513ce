"""Parquet read back by Polars and by pyarrow, cell by cell."""

import io
import json
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from kostra_publish.auditing.files import read
from kostra_publish.disclosure.safe import SIGNS, SafeCube
from kostra_publish.outputs import parquet
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, TIME
from kostra_publish.specs.models import LANGUAGES, Language
from tests.awkward import awkward_cubes
from tests.cubes import catalogue, cube, dimensions, facts, measure, sample, table
from tests.outputs.test_jsonstat import RELEASE, Cells, cells, document, real, real_cube

FILE = "public/statbank/parquet/13995.parquet"


def written(of: SafeCube, texts: Catalogue | None = None) -> bytes:
    return parquet.render(of, texts or catalogue(), RELEASE)


def metadata(data: bytes) -> dict[str, Any]:
    found = pl.read_parquet_metadata(io.BytesIO(data))
    return {key: json.loads(text) for key, text in found.items() if key != "ARROW:schema"}


def by_codes(of: SafeCube, rows: Iterable[dict[str, Any]]) -> Cells:
    return {
        tuple(row[item.code] for item in of.dimensions): (row["value"], row["status"])
        for row in rows
    }


# --- read back by others ---


def assert_it_is(of: SafeCube, rows: Sequence[dict[str, Any]], said: dict[str, Any]) -> None:
    """Cells in order, and every name and mark beside them, are those of the cube."""
    assert list(by_codes(of, rows).items()) == list(cells(of).items())
    for item in of.dimensions:
        assert said["variables"][item.code] == item.label.model_dump()
        for language in LANGUAGES if item.role != "time" else ():
            names = {row[item.code]: row[f"{item.code}_label_{language}"] for row in rows}
            labels = [label.get(language) for label in item.labels]
            assert names == dict(zip(item.codes, labels, strict=True))
    marks = {(row[TIME], row["preliminary"], row["round"], row["synthetic"]) for row in rows}
    assert marks == {
        (str(year), one.preliminary, one.round, one.synthetic) for year, one in of.vintages.items()
    }


@settings(max_examples=40)
@given(awkward_cubes())
def test_polars_reads_any_cube_as_it_was(whole: SafeCube) -> None:
    data = written(whole)
    frame = pl.read_parquet(io.BytesIO(data))
    assert_it_is(whole, frame.to_dicts(), metadata(data))
    codes = [item.code for item in whole.dimensions]
    text = frame.select(pl.col(*codes, "status").cast(pl.String), "value")
    assert text.select(*codes, "value", "status").equals(whole.frame())


@settings(max_examples=40)
@given(awkward_cubes())
def test_pyarrow_reads_any_cube_as_it_was(whole: SafeCube) -> None:
    data = written(whole)
    said = pq.read_metadata(io.BytesIO(data)).metadata
    found = {key.decode(): json.loads(said[key]) for key in said if key != b"ARROW:schema"}
    assert found == metadata(data)
    assert_it_is(whole, pq.read_table(io.BytesIO(data)).to_pylist(), found)


@settings(max_examples=40)
@given(awkward_cubes())
def test_the_audit_reads_what_was_written(whole: SafeCube) -> None:
    content = read(FILE, written(whole))
    assert content.wrong == []
    assert content.table is not None
    assert content.table.dimensions == {item.code: item.codes for item in whole.dimensions}
    assert content.table.shown.tolist() == whole.values.is_not_null().to_list()
    assert {year: (one.round, one.preliminary) for year, one in content.table.years.items()} == {
        year: (one.round, one.preliminary) for year, one in whole.vintages.items()
    }


@pytest.mark.parametrize("table_id", sorted(real().tables))
def test_every_real_table_can_be_written(table_id: str) -> None:
    whole = real_cube(table_id, regions=["0301", "EAK"])
    data = written(whole, real())
    assert by_codes(whole, pl.read_parquet(io.BytesIO(data)).to_dicts()) == cells(whole)
    content = read(f"public/statbank/parquet/{table_id}.parquet", data)
    assert content.wrong == []
    assert content.table is not None
    assert content.table.decimals == {one.code: one.decimals for one in whole.table.measures}


# --- figures ---


def test_words_are_enumerations_in_the_order_of_the_table() -> None:
    frame = pl.read_parquet(io.BytesIO(written(sample())))
    assert frame.columns == [
        "KOKkommuneregion0000",
        *(f"KOKkommuneregion0000_label_{language}" for language in LANGUAGES),
        "Kjonn",
        *(f"Kjonn_label_{language}" for language in LANGUAGES),
        CONTENTS,
        *(f"{CONTENTS}_label_{language}" for language in LANGUAGES),
        TIME,
        "unit_nb", "unit_nn", "unit_en", "preliminary", "round", "synthetic", "value", "status",
    ]  # fmt: skip
    assert frame.schema["Kjonn_label_en"] == pl.Enum(["Begge (en)", "Menn (en)", "Kvinner (en)"])
    assert frame.schema["status"] == pl.Enum(SIGNS)
    assert frame.schema["value"] == pl.Float64
    assert frame.schema["preliminary"] == frame.schema["synthetic"] == pl.Boolean


def test_each_measure_has_its_own_unit() -> None:
    measures = [measure("KOSantall0000"), measure("KOSandel0000", unit="prosent")]
    frame = pl.read_parquet(io.BytesIO(written(sample(measures=measures))))
    assert set(frame.select(pl.col(CONTENTS, "unit_en").cast(pl.String)).rows()) == {
        ("KOSantall0000", "number (en)"),
        ("KOSandel0000", "per cent (en)"),
    }


PLANTED, SHOWN = 7_654_321.125, 1_234_567.625


def test_a_number_beneath_a_sign_is_nowhere_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where memory still holds it: a null of Arrow may lie over any number."""
    numbers = struct.pack("<2d", SHOWN, PLANTED)
    buffers = [pa.py_buffer(b"\x01"), pa.py_buffer(numbers)]
    values = pl.Series(pl.from_arrow(pa.Array.from_buffers(pa.float64(), 2, buffers)))
    frame = pl.DataFrame({"value": values, "status": [None, ":"]})
    spec = table(measures=[measure("KOSantall0000", decimals=3)])
    dims = dimensions(spec, [2025], {"0301": "Oslo", "3103": "Moss"})
    monkeypatch.setattr(parquet, "_COMPRESSION", {"compression": "uncompressed"})
    data = written(cube(spec, dims, [facts(2025)], cells=frame))
    assert struct.pack("<d", SHOWN) in data
    assert struct.pack("<d", PLANTED) not in data
    assert b"7654321" not in data


def test_there_are_no_statistics_that_could_tell_of_figures() -> None:
    of_file = pq.ParquetFile(io.BytesIO(written(sample()))).metadata
    columns = [
        of_file.row_group(group).column(column)
        for group in range(of_file.num_row_groups)
        for column in range(of_file.num_columns)
    ]
    assert columns
    assert {column.statistics for column in columns} == {None}
    assert {column.compression for column in columns} == {"ZSTD"}


# --- what is said of a table ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_notes_are_those_of_jsonstat_mandatory_or_not(language: Language) -> None:
    whole = real_cube("13995")
    said = metadata(written(whole, real()))
    json_stat = document(whole, language, real())
    assert said["title"][language] == json_stat["label"]
    assert said["updated"] == json_stat["updated"]
    of_table = [note for note in said["notes"] if "variable" not in note]
    assert [note["text"][language] for note in of_table] == json_stat["note"]
    mandatory = [str(n) for n, note in enumerate(of_table) if note["mandatory"]]
    assert mandatory == list(json_stat["extension"]["noteMandatory"])
    on_measures = json_stat["dimension"][CONTENTS]["category"]["note"]
    assert {note["code"] for note in said["notes"] if "variable" in note} == set(on_measures)


def test_preliminary_synthetic_and_provisional_are_marked() -> None:
    said = metadata(written(sample(provisional=True)))
    assert said["preliminary"] == ["2025"]
    assert said["synthetic"] == ["2024", "2025"]
    assert said["provisional"] == {"table": ["13995"]}
    assert said["official_statistics"] is False
    assert said["next_update"] == "2026-06-15T06:00:00Z"
    mandatory = [note["text"]["en"] for note in said["notes"] if note["mandatory"]]
    assert mandatory == [
        "synthetic (en)",
        "2025: preliminary (en) final_figures (en)",
        "provisional (en): 13995.",
        "Reports for 2025 are missing for: Moss (en)",
    ]


# --- files ---


def test_there_is_a_file_per_table_and_the_same_cubes_give_the_same_bytes() -> None:
    def files() -> dict[str, bytes]:
        cubes = [sample("13995"), sample("14019")]
        return dict(parquet.write_parquet(cubes, catalogue(), RELEASE))

    first = files()
    assert list(first) == [
        "public/statbank/parquet/13995.parquet",
        "public/statbank/parquet/14019.parquet",
    ]
    assert all(files() == first for _ in range(5))
