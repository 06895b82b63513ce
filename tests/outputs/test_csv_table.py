"""CSV read back by Polars and by Python's own csv module, cell by cell."""

import csv
import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from kostra_publish.auditing.files import read
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs import csv_table, jsonstat
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from kostra_publish.specs.models import LANGUAGES
from tests.awkward import awkward_cubes
from tests.cubes import catalogue, cube, dimensions, facts, measure, sample, table, text
from tests.outputs.test_jsonstat import (
    RELEASE,
    cells,
    document,
    flat,
    real,
    real_cube,
)

GOLDEN = Path(__file__).parent / "golden"
Row = dict[str, str]


def figures(of: SafeCube, texts: Catalogue | None = None) -> bytes:
    return csv_table.figures(of, texts or catalogue())


def metadata(of: SafeCube, texts: Catalogue | None = None) -> bytes:
    return csv_table.metadata(of, texts or catalogue(), RELEASE)


def rows(data: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";", strict=True))


def number(written: str) -> float | None:
    return float(written.replace(",", ".")) if written else None


def of_a_row(of: SafeCube, row: Row) -> tuple[tuple[str, ...], tuple[float | None, str | None]]:
    key = tuple(row[item.code] for item in of.dimensions)
    return key, (number(row["value"]), row["status"] or None)


# --- read back by others ---


@pytest.mark.parametrize("table_id", ["13995", "14019", "10509", "12367"])
def test_the_csv_module_reads_the_cells_of_the_cube(table_id: str) -> None:
    whole = real_cube(table_id)
    read_back = dict(of_a_row(whole, row) for row in rows(figures(whole, real())))
    assert read_back == cells(whole)
    assert list(read_back) == list(cells(whole))


@pytest.mark.parametrize("table_id", ["13995", "14019", "10509", "12367"])
def test_polars_reads_the_cells_of_the_cube(table_id: str) -> None:
    whole = real_cube(table_id)
    frame = by_polars(figures(whole, real()), whole)
    assert frame.select(*codes(whole), "value", "status").equals(whole.frame())
    assert frame["synthetic"].dtype == frame["preliminary"].dtype == pl.Boolean


@settings(max_examples=60)
@given(awkward_cubes())
def test_any_label_comes_back_as_it_went_out_but_for_line_breaks(whole: SafeCube) -> None:
    found = rows(figures(whole))
    assert dict(of_a_row(whole, row) for row in found) == cells(whole)
    for item in whole.dimensions[:-1]:
        labels = {row[item.code]: row[f"{item.code}_label"] for row in found}
        assert [labels[code] for code in item.codes] == [on_a_line(one.nb) for one in item.labels]
    said = {(row["what"], row["variable"], row["code"]): row for row in rows(metadata(whole))}
    for item in whole.dimensions:
        for code, label in zip(item.codes, item.labels, strict=True):
            for language in LANGUAGES:
                row = said["category", item.code, code]
                assert row[language] == on_a_line(label.get(language))


@settings(max_examples=40)
@given(awkward_cubes())
def test_polars_reads_awkward_names_too(whole: SafeCube) -> None:
    frame = by_polars(figures(whole), whole)
    assert frame.select(*codes(whole), "value", "status").equals(whole.frame())
    for item in whole.dimensions[:-1]:
        names = frame.select(item.code, f"{item.code}_label").unique(maintain_order=True)
        labels = [on_a_line(label.nb) for label in item.labels]
        assert dict(names.rows()) == dict(zip(item.codes, labels, strict=True))


def by_polars(data: bytes, of: SafeCube) -> pl.DataFrame:
    texts = [*codes(of), *(f"{code}_label" for code in codes(of)[:-1]), "status"]
    return pl.read_csv(
        data,
        separator=";",
        decimal_comma=True,
        schema_overrides={**dict.fromkeys(texts, pl.String), "value": pl.Float64},
    )


def codes(of: SafeCube) -> list[str]:
    return [item.code for item in of.dimensions]


def on_a_line(words: str) -> str:
    """What a text is in a file with a line per row."""
    lines = [line for line in words.replace("\r", "\n").split("\n") if line]
    return " ".join(lines)


@settings(max_examples=60)
@given(awkward_cubes())
def test_the_audit_reads_what_was_written(whole: SafeCube) -> None:
    content = read("public/statbank/csv/13995.csv", figures(whole))
    assert content.wrong == []
    assert content.table is not None
    assert content.table.dimensions == {item.code: item.codes for item in whole.dimensions}
    assert content.table.shown.tolist() == whole.values.is_not_null().to_list()
    assert read("public/statbank/csv/13995.metadata.csv", metadata(whole)).wrong == []


def test_a_row_is_a_line() -> None:
    spec = table(title=text("One\r\n\ntwo"))
    dims = dimensions(spec, [2025], {"5610": 'Kárášjohka\n"Karasjok"; ŋđ', "0301": "x" * 300})
    whole = cube(spec, dims, [facts(2025)])
    assert figures(whole).count(b"\n") == 1 + len(whole.values)
    assert rows(figures(whole))[0][f"{KOMMUNE_REGION}_label"] == 'Kárášjohka "Karasjok"; ŋđ'
    assert rows(metadata(whole))[0]["nb"].startswith("13995: One two, ")


# --- figures ---


def test_numbers_have_a_comma_and_stand_beside_no_sign() -> None:
    values = [117.0, -0.0, 0.1, -3.0, 2.5, 1e18, None, None, None]
    statuses = [None] * 6 + [".", "..", ":"]
    found = rows(figures(flat(values, statuses)))
    assert [row["value"] for row in found] == [
        "117", "0", "0,1", "-3", "2,5", "1000000000000000000", "", "", "",
    ]  # fmt: skip
    assert [row["status"] for row in found] == [""] * 6 + [".", "..", ":"]


def test_what_must_be_read_with_a_figure_stands_in_its_row() -> None:
    found = rows(figures(sample()))
    beside = {row[TIME]: (row["preliminary"], row["round"], row["synthetic"]) for row in found}
    assert beside == {"2024": ("false", "2025-06", "true"), "2025": ("true", "2026-03", "true")}
    assert {row["unit"] for row in found} == {"number"}
    assert list(found[0])[-6:] == list(csv_table.BESIDE)


def test_each_measure_has_its_own_unit() -> None:
    measures = [measure("KOSantall0000"), measure("KOSandel0000", unit="prosent")]
    found = rows(figures(sample(measures=measures)))
    assert {(row[CONTENTS], row["unit"]) for row in found} == {
        ("KOSantall0000", "number"),
        ("KOSandel0000", "per cent"),
    }


def test_real_figures_are_not_marked_as_synthetic() -> None:
    spec = table()
    published = [facts(2024, synthetic=True), facts(2025, synthetic=False)]
    whole = cube(spec, dimensions(spec, [2024, 2025]), published)
    marks = {(row[TIME], row["synthetic"]) for row in rows(figures(whole))}
    assert marks == {("2024", "true"), ("2025", "false")}


# --- what is said of a table ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_notes_are_those_of_jsonstat_mandatory_or_not(language: Any) -> None:
    whole = real_cube("13995")
    said = rows(metadata(whole, real()))
    json = document(whole, language, real())
    of_table = [row for row in said if row["what"].endswith("note") and not row["variable"]]
    assert [row[language] for row in of_table] == json["note"]
    mandatory = [str(n) for n, row in enumerate(of_table) if row["what"] == "mandatory note"]
    assert mandatory == list(json["extension"]["noteMandatory"])
    of_measure = {row["code"] for row in said if row["what"].endswith("note") and row["variable"]}
    assert of_measure == set(json["dimension"][CONTENTS]["category"]["note"])
    assert [row[language] for row in said if row["what"] == "title"] == [json["label"]]


def test_preliminary_missing_and_synthetic_are_said_in_words() -> None:
    notes = [row["nb"] for row in rows(metadata(sample())) if row["what"] == "mandatory note"]
    assert notes[:3] == [
        "synthetic", "2025: preliminary final_figures", "Reports for 2025 are missing for: Moss",
    ]  # fmt: skip
    said = {row["what"]: row["nb"] for row in rows(metadata(sample()))}
    assert said["official statistics"] == "false"
    assert said["updated"] == "2026-03-16T07:00:00Z"
    assert said["next update"] == "2026-06-15T06:00:00Z"


# --- files ---


def test_there_are_two_files_per_table_and_the_same_cubes_give_the_same_bytes() -> None:
    cubes = [sample("13995"), sample("14019")]
    files = dict(csv_table.write_csv(cubes, catalogue(), RELEASE))
    assert list(files) == [
        "public/statbank/csv/13995.csv",
        "public/statbank/csv/13995.metadata.csv",
        "public/statbank/csv/14019.csv",
        "public/statbank/csv/14019.metadata.csv",
    ]
    again = [sample("13995"), sample("14019")]
    assert files == dict(csv_table.write_csv(again, catalogue(), RELEASE))
    assert all(data.startswith("\ufeff".encode()) for data in files.values())


def test_the_files_of_a_small_table_look_like_this() -> None:
    """Once changed on purpose, write them anew from what this finds."""
    whole = sample(vintages=[2025], regions={"0301": "Oslo", "3103": "Moss; før 2020"})
    for path, data in csv_table.write_csv([whole], catalogue(), RELEASE):
        assert data.decode() == (GOLDEN / Path(path).name).read_text(encoding="utf-8")


@pytest.mark.parametrize("table_id", sorted(real().tables))
def test_every_real_table_can_be_written(table_id: str) -> None:
    whole = real_cube(table_id, regions=["0301", "EAK"])
    assert dict(of_a_row(whole, row) for row in rows(figures(whole, real()))) == cells(whole)
    content = read(f"public/statbank/csv/{table_id}.csv", figures(whole, real()))
    assert content.wrong == []
    assert content.table is not None
    written = jsonstat.render(
        jsonstat.heading(whole, real(), "nb", RELEASE), jsonstat.figures(whole)
    )
    json = read(f"public/statbank/jsonstat/{table_id}.nb.json", written).table
    assert json is not None
    assert (json.years, json.synthetic) == (content.table.years, content.table.synthetic)
    assert (json.signs == content.table.signs).all()
