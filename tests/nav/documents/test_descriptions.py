"""What is said of a package to programs, as independent readers take it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from datadoc_model.all_optional.model import MetadataContainer as Lenient
from datadoc_model.required.model import MetadataContainer
from frictionless import Package as DataPackage
from hypothesis import given, settings

from kostra_publish.errors import DisclosureError
from kostra_publish.nav.documents import payload
from kostra_publish.nav.documents.anonymisation import GATES, Anonymisation
from kostra_publish.nav.package import Column, Gate, Package
from kostra_publish.specs.models import LANGUAGES, Language
from tests.nav import packages
from tests.nav.documents.test_tables import AWKWARD

TEMPLATES = Path("templates")


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def read(files: Mapping[str, bytes], name: str) -> Any:
    return json.loads(files[name])


@pytest.fixture(scope="module")
def files() -> Mapping[str, bytes]:
    return payload(packages.package(), TEMPLATES)


def test_every_file_is_there(files: Mapping[str, bytes]) -> None:
    assert [*files] == [
        "anonymisering.json",
        "avstemming.csv",
        "celler_p2025_v2.csv",
        "celler_p2025_v2.parquet",
        "celler_p2025_v2__DOC.json",
        "datapackage.json",
        "endringer_v1_v2.csv",
        "folgebrev.html",
        "folgebrev.pdf",
        "kodebok.html",
        "tilfeller_p2025_v2.csv",
        "tilfeller_p2025_v2.parquet",
        "tilfeller_p2025_v2__DOC.json",
    ]


def test_a_first_package_has_no_changes() -> None:
    first = payload(packages.package(previous=None, changes=None), TEMPLATES)
    assert not [name for name in first if name.startswith("endringer")]


def test_nothing_is_written_of_a_package_that_has_not_passed_a_gate() -> None:
    failed = Gate("earlier", "tilfeller", passed=False, wanted="0 or >= 4", found="2")
    with pytest.raises(DisclosureError, match="not passed: tilfeller: earlier"):
        payload(packages.package(gates=[failed]), TEMPLATES)


def test_a_gate_of_the_whole_package_is_told() -> None:
    gate = Gate("attack", "", passed=True, wanted="nobody", found="nobody")
    files = payload(packages.package(gates=[gate]), TEMPLATES)
    found = Anonymisation.model_validate_json(files["anonymisering.json"])
    assert [one.name for one in found.gates] == ["attack"]


# --- Data Package -------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_frictionless_finds_every_table_as_it_is_described(
    tmp_path: Path, language: Language
) -> None:
    folder = written(tmp_path, payload(packages.package(language), TEMPLATES))
    found = DataPackage(str(folder / "datapackage.json"))
    report = found.validate()
    assert report.flatten(["name", "type", "message"]) == []
    assert {one.name: one.stats["rows"] for one in report.tasks} == {
        "celler_p2025_v2": 8,
        "tilfeller_p2025_v2": 300,
        "avstemming": 2,
        "endringer_v1_v2": 1,
    }


def test_and_finds_out_an_altered_one(tmp_path: Path, files: Mapping[str, bytes]) -> None:
    folder = written(tmp_path, files)
    path = folder / "tilfeller_p2025_v2.csv"
    path.write_bytes(path.read_bytes().replace(b"18-24", b"17-24", 1))
    report = DataPackage(str(folder / "datapackage.json")).validate()
    assert ["constraint-error"] in report.flatten(["type"])


def test_the_descriptor_tells_purpose_deletion_and_that_all_is_synthetic(
    files: Mapping[str, bytes],
) -> None:
    found = read(files, "datapackage.json")
    assert found["title"].startswith("SYNTETISKE DATA")
    assert found["description"].startswith("SYNTETISKE DATA")
    assert (found["synthetic"], found["provisional"], found["preliminary"]) == (True, True, True)
    assert found["licenses"][0]["title"] == packages.delivery().purpose.nb
    assert found["conditions"]["deleteOn"] == "2028-06-15"
    assert [one["organization"] for one in found["contributors"]] == ["Avsender", "Mottaker"]
    fields = {one["name"]: one for one in found["resources"][0]["schema"]["fields"]}
    assert fields["stoenad"] == {
        "name": "stoenad",
        "title": "Stønad",
        "type": "number",
        "decimalChar": ",",
        "description": "1000 kr",
    }
    assert fields["tegn"]["constraints"] == {"enum": [".", "..", ":"]}
    assert "constraints" not in fields["kjonn"]


# --- Datadoc ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["celler_p2025_v2", "tilfeller_p2025_v2"])
def test_datadoc_documents_have_all_that_the_model_demands(
    files: Mapping[str, bytes], name: str
) -> None:
    text = files[f"{name}__DOC.json"]
    MetadataContainer.model_validate_json(text)
    Lenient.model_validate_json(text)
    dataset = json.loads(text)["datadoc"]["dataset"]
    assert dataset["short_name"] == name
    assert dataset["version"] == "2"
    assert (dataset["contains_data_from"], dataset["contains_data_until"]) == (
        "2025-01-01",
        "2025-12-31",
    )
    for field in ("name", "description"):
        told = {one["languageCode"]: one["languageText"] for one in dataset[field]}
        assert [*told] == [*LANGUAGES]
        assert all("SYNT" in text for text in told.values())
    assert {"key": "synthetic", "value": "true"} in dataset["custom_type"]


def test_datadoc_tells_types_roles_and_special_codes(files: Mapping[str, bytes]) -> None:
    def of(name: str) -> dict[str, Any]:
        variables = read(files, f"{name}__DOC.json")["datadoc"]["variables"]
        return {one["short_name"]: one for one in variables}

    cells, rows = of("celler_p2025_v2"), of("tilfeller_p2025_v2")
    assert {name: (one["data_type"], one["variable_role"]) for name, one in cells.items()} == {
        "region": ("STRING", "IDENTIFIER"),
        "kjonn": ("STRING", "IDENTIFIER"),
        "mottakere": ("INTEGER", "MEASURE"),
        "stoenad": ("FLOAT", "MEASURE"),
        "tegn": ("STRING", "ATTRIBUTE"),
    }
    assert {one["variable_role"] for one in rows.values()} == {"ATTRIBUTE"}
    assert not any(one["is_personal_data"] for one in [*cells.values(), *rows.values()])
    special = [one["code"] for one in cells["tegn"]["special_value"]["other_value"]]
    assert special == [".", "..", ":"]
    special = [one["code"] for one in rows["alder"]["special_value"]["other_value"]]
    assert special == ["alle", "uoppgitt"]
    ids = [one["id"] for one in [*cells.values(), *rows.values()]]
    assert len({*ids}) == len(ids)


# --- anonymisation ------------------------------------------------------------------


def test_anonymisation_reads_back_as_its_model(files: Mapping[str, bytes]) -> None:
    found = Anonymisation.model_validate_json(files["anonymisering.json"])
    cells, rows = found.datasets
    assert found.synthetic
    assert found.notice is not None
    assert found.notice.nb.startswith("SYNTETISKE DATA")
    assert (cells.limits, cells.region, cells.rules) == (None, None, [])
    assert rows.limits is not None
    assert (rows.limits.rows, rows.limits.distinct) == (4, 2)
    assert [gate.name for gate in rows.gates] == ["k", "l", "t", "reconciliation"]
    assert {one.column: one.share for one in rows.loss} == {
        "region": 0.125,
        "alder": 0.4,
        "stoenadstid": 0.0,
    }
    assert rows.generalised_rows == 0.375
    assert [part.code for part in rows.rules[0].values[0].parts] == ["18-24", "25-29"]
    assert {*found.explained} == {*GATES}


def test_the_catalogue_gets_a_text_and_tags_whose_form_is_not_confirmed(
    files: Mapping[str, bytes],
) -> None:
    catalogue = Anonymisation.model_validate_json(files["anonymisering.json"]).catalogue
    assert catalogue.provisional
    tags = {one.id: {col.column: col.tags for col in one.columns} for one in catalogue.datasets}
    assert tags == {
        "celler": {
            "region": ["code"],
            "kjonn": ["code"],
            "mottakere": ["count"],
            "stoenad": ["number"],
            "tegn": ["sign"],
        },
        "tilfeller": {
            "region": ["quasi-identifier", "generalised", "code"],
            "alder": ["quasi-identifier", "generalised", "code"],
            "stoenadstid": ["sensitive", "code"],
        },
    }
    text = catalogue.datasets[1].text.nb
    assert "SYNTETISKE DATA" in text
    assert "Anonymiserte rader" in text
    assert packages.delivery().purpose.nb in text
    assert "15. juni 2028" in text


def test_what_is_not_synthetic_is_not_called_so() -> None:
    for name, content in payload(packages.package(synthetic=False), TEMPLATES).items():
        upper = content.upper()
        assert b"SYNTETISK" not in upper, name
        assert b"SYNTHETIC DATA" not in upper, name


@settings(max_examples=6)
@given(AWKWARD.filter(str.strip), AWKWARD)
def test_awkward_texts_break_nothing(label: str, code: str) -> None:
    dataset = packages.records()
    text = packages.same(label)
    column = Column("alder", text, "code", "quasi_identifier", {code: text}, text)
    frame = dataset.frame.with_columns(alder=pl.lit(code))
    columns = [dataset.columns[0], column, dataset.columns[2]]
    changed = replace(dataset, title=text, unit=text, columns=columns, frame=frame)
    package: Package = packages.package(datasets=[changed])
    files = payload(package, TEMPLATES)
    found = read(files, "datapackage.json")["resources"][0]["schema"]["fields"][1]
    assert found["categories"] == [{"value": code, "label": text.nb}]
    MetadataContainer.model_validate_json(files["tilfeller_p2025_v2__DOC.json"])
    Anonymisation.model_validate_json(files["anonymisering.json"])
    assert files["folgebrev.pdf"].endswith(b"%%EOF\n")
