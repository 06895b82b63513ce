"""Load files, looked at by the statbank's own client, by Python's csv module and by the audit."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from kostra_publish.auditing import load_files
from kostra_publish.auditing.released import Content, ReleasedTable, sign_of
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.deltabell import CODES, of_release, write_deltabell
from kostra_publish.specs.dimensions import CONTENTS, TIME
from tests.awkward import awkward_cubes
from tests.cubes import catalogue, cube, dimension, dimensions, facts, measure, sample, table, text
from tests.outputs.loading import client, frame, refused, written
from tests.outputs.test_jsonstat import cells, flat, real, real_cube
from tests.schedule import release_facts

NEWEST = 2025
"""The vintage of the sample that the release publishes."""


def rows(figures: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(figures.decode(), newline=""), delimiter=";", strict=True))


def described(whole: SafeCube, release: str = "2026-03") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(written(whole, release=release)[1])
    return document


def own_cells(whole: SafeCube) -> dict[frozenset[str], tuple[float | None, str | None]]:
    """The cells of the newest vintage, whatever the order of dimensions."""
    return {frozenset(key): cell for key, cell in cells(whole).items() if key[-1] == str(NEWEST)}


# --- what the client says ---


@pytest.mark.parametrize("table_id", real().tables)
def test_the_client_takes_every_table(table_id: str) -> None:
    # It takes a minute for a table of a hundred measures: these are some of them.
    some = real().tables[table_id].measures[:4]
    whole = real_cube(table_id).part({CONTENTS: [item.code for item in some]})
    newest = max(whole.vintages.values(), key=lambda one: one.published)
    assert refused(*written(whole, real(), newest.round)) == {}


@settings(max_examples=10, deadline=None)
@given(awkward_cubes())
def test_the_client_takes_a_table_with_any_labels(whole: SafeCube) -> None:
    assert refused(*written(whole, release="2026-06")) == {}


def test_the_client_takes_codes_with_semicolons_and_quotation_marks() -> None:
    spec = table()
    odd = dimension("Odd", {'a;"b"': "x", "æøå Áŋđ": "y", "01": "z"})
    whole = cube(spec, dimensions(spec, [2025], between=[odd]), [facts(2025)])
    figures, description = written(whole, release="2026-06")
    assert refused(figures, description) == {}
    assert [row[1] for row in rows(figures)[:3]] == ['a;"b"', "æøå Áŋđ", "01"]
    assert figures == sent(figures)


def sent(figures: bytes) -> bytes:
    """The bytes that the client sends of what it has read."""
    text = frame(figures).to_csv(sep=";", index=False, header=False)
    return text.replace("\n", "\r\n").encode()


def test_the_client_sends_the_bytes_of_the_file() -> None:
    figures, _ = written(sample())
    assert figures == sent(figures)


def test_the_client_knows_the_codes_of_totals() -> None:
    _, description = written(sample())
    assert client(description).get_totalcodes_dict() == {"Kjonn": "0"}


# --- what is in the file ---


def test_a_row_is_a_combination_and_a_column_a_measure_or_its_sign() -> None:
    whole = sample()
    found = {}
    for region, sex, year, *fields in rows(written(whole)[0]):
        items = whole.dimension(CONTENTS).codes
        for code, value, sign in zip(items, fields[:2], fields[2:], strict=True):
            number = float(value.replace(",", ".")) if value else None
            found[frozenset([region, sex, code, year])] = (number, sign)
    expected = {
        key: (value, CODES.get(sign or "", "")) for key, (value, sign) in own_cells(whole).items()
    }
    assert found == expected


def test_numbers_have_all_their_decimals_and_a_comma_and_stand_beside_no_sign() -> None:
    whole = flat([117.0, -0.0, 0.3, -3.5, None, None, None], [None] * 4 + [".", "..", ":"])
    found = [tuple(row[2:]) for row in rows(written(whole, release="2026-06")[0])]
    assert found == [
        ("117,0", ""), ("0,0", ""), ("0,3", ""), ("-3,5", ""), ("", "01"), ("", "02"), ("", "04"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("decimals", "value", "expected"),
    [
        (0, 1e18, "1000000000000000000"),
        (1, 8.0, "8,0"),
        (1, 0.1 + 0.2, "0,3"),
        (2, 1.15, "1,15"),
        (2, -0.05, "-0,05"),
        (3, 1e12 + 0.125, "1000000000000,125"),
        (6, 0.000001, "0,000001"),
    ],
)
def test_a_number_is_written_as_it_is_stored(decimals: int, value: float, expected: str) -> None:
    spec = table(measures=[measure("KOSn0000", decimals=decimals)])
    dims = dimensions(spec, [2025], {"0301": "Oslo"})
    one = pl.DataFrame(
        {"value": [value], "status": [None]}, schema={"value": pl.Float64, "status": pl.String}
    )
    figures, _ = written(cube(spec, dims, [facts(2025)], cells=one), release="2026-06")
    assert figures.decode() == f"0301;2025;{expected};\r\n"


def test_only_the_vintages_of_the_release_are_there() -> None:
    whole = sample(vintages=(2023, 2024, NEWEST))
    assert {row[2] for row in rows(written(whole)[0])} == {str(NEWEST)}
    assert described(whole)["kostra"]["rounds"] == {str(NEWEST): "2026-03"}


def test_a_table_that_the_release_does_not_publish_has_no_files() -> None:
    assert list(write_deltabell([sample()], catalogue(), release_facts("2025-03"))) == []


def test_a_correction_has_the_vintage_that_it_corrects() -> None:
    spec = table()
    of = [facts(2024), facts(2025, round="2026-06.1")]
    whole = cube(spec, dimensions(spec, [2024, 2025]), of)
    june = release_facts("2026-06")
    corrected = replace(june, round=replace(june.round, name="2026-06.1"))
    figures, _ = dict(write_deltabell([whole], catalogue(), corrected)).values()
    assert {row[1] for row in rows(figures)} == {"2025"}


# --- what the description says ---


def test_synthetic_figures_cannot_be_taken_for_real_ones() -> None:
    files = dict(write_deltabell([sample()], catalogue(), release_facts("2026-03")))
    assert list(files) == [
        "statbank-load/syntetisk-13995.dat",
        "statbank-load/syntetisk-13995.uttrekksbeskrivelse.json",
    ]
    [title] = described(sample())["DeltabellTitler"]
    assert title["Filnavn"] == "syntetisk-13995.dat"
    assert title["Filtext"].startswith("synthetic 13995: Title of 13995, etter ")
    assert title["Filtext"].endswith(" preliminary final_figures provisional")


def test_real_figures_are_named_by_their_table_alone() -> None:
    spec = table()
    of = [facts(2024), facts(2025, synthetic=False)]
    whole = cube(spec, dimensions(spec, [2024, 2025]), of)
    files = dict(write_deltabell([whole], catalogue(), release_facts("2026-06")))
    assert list(files) == [
        "statbank-load/13995.dat",
        "statbank-load/13995.uttrekksbeskrivelse.json",
    ]
    assert described(whole, release="2026-06")["kostra"]["synthetic"] is False


def test_a_table_without_a_number_has_noughts_for_the_client() -> None:
    found = described(sample("kvp-status"))
    assert (found["TabellId"], found["Huvudtabell"]) == ("00000", "syntetisk-kvp-status")


def test_the_description_has_the_columns_in_order() -> None:
    [part] = described(sample())["deltabller"]
    assert [one["Klassifikasjonsvariabel"] for one in part["variabler"]] == [
        "KOKkommuneregion0000", "Kjonn", TIME,
    ]  # fmt: skip
    assert [one["Text"] for one in part["statistikkvariabler"]] == [
        "Measure KOSantall0000", "Measure KOSandel0000",
    ]  # fmt: skip
    assert [one["Antall_lagrede_desimaler"] for one in part["statistikkvariabler"]] == ["0", "1"]
    assert [one["gjelder_for__kolonner_nummer"] for one in part["null_prikk_missing"]] == ["4", "5"]
    columns = [
        one["kolonnenummer"]
        for of in ("variabler", "statistikkvariabler", "null_prikk_missing")
        for one in part[of]
    ]
    assert columns == ["1", "2", "3", "4", "5", "6", "7"]
    assert part["eksempel_linje"] == "0301;0;2025;;;04;04"


def test_its_moment_is_that_of_the_release() -> None:
    assert described(sample())["Uttaksbeskrivelse_lagd"] == "16.03.2026 klokka 08:00"
    assert written(sample()) == written(sample())


# --- what the audit reads ---


def read_back(whole: SafeCube, release: str = "2026-03") -> tuple[Content, Content]:
    figures, description = written(whole, release=release)
    stem = json.loads(description)["Huvudtabell"]
    about = Content(f"statbank-load/{stem}.uttrekksbeskrivelse.json")
    content = Content(f"statbank-load/{stem}.dat")
    load_files.read(about, content, description, figures)
    assert about.wrong == content.wrong == []
    return about, content


def shown(read: ReleasedTable) -> list[tuple[float | None, str | None]]:
    return [
        (None if value != value else value, sign_of(sign) or None)  # noqa: PLR0124
        for value, sign in zip(read.values.tolist(), read.signs.tolist(), strict=True)
    ]


@settings(max_examples=40, deadline=None)
@given(awkward_cubes())
def test_the_audit_reads_what_was_written(whole: SafeCube) -> None:
    own = of_release(whole, "2026-06")
    assert own is not None
    _, content = read_back(whole, release="2026-06")
    assert content.table is not None
    assert content.table.dimensions == {item.code: item.codes for item in own.dimensions}
    ordered = content.table.in_order_of({item.code: item.codes for item in own.dimensions})
    assert shown(ordered) == list(cells(own).values())
    assert content.table.synthetic is any(facts.synthetic for facts in own.vintages.values())
    assert content.table.decimals == {item.code: item.decimals for item in own.table.measures}


def test_the_audit_reads_marks_and_texts() -> None:
    about, content = read_back(sample(title=text("Title 3")))
    assert content.table is not None
    assert [(year, said.round, said.preliminary) for year, said in content.table.years.items()] == [
        (NEWEST, "2026-03", True)
    ]
    said = {one.place: one.text for one in about.texts}
    assert "Title 3" in said["title"]
    assert said["moment"] == "20260316 08:00"
