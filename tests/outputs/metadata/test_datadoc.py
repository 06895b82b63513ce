"""Datadoc documents of tables, held to Statistics Norway's own model."""

from __future__ import annotations

import json

import pytest
from datadoc_model.all_optional.model import MetadataContainer as Lenient
from datadoc_model.required.model import MetadataContainer
from hypothesis import given, settings

from kostra_publish.disclosure.safe import SIGNS, SafeCube
from kostra_publish.specs.models import LANGUAGES
from tests.awkward import awkward_cubes
from tests.cubes import sample
from tests.outputs.metadata.described import document, files, unconfirmed, unmarked
from tests.outputs.test_jsonstat import real, real_cube


def test_every_real_table_has_all_that_the_model_demands() -> None:
    written = files("datadoc", [*map(real_cube, real().tables)], real())
    assert len(written) == len(real().tables)
    for path, data in written.items():
        assert path.endswith("__DOC.json")
        MetadataContainer.model_validate_json(data)
        Lenient.model_validate_json(data)


@settings(max_examples=25)
@given(awkward_cubes())
def test_any_label_is_told_as_it_is(whole: SafeCube) -> None:
    found = MetadataContainer.model_validate(document("datadoc", whole))
    assert found.datadoc is not None
    names = {one.short_name: one.name for one in found.datadoc.variables}
    for dimension in whole.dimensions:
        told = json.loads(names[dimension.code].model_dump_json())
        assert {one["languageCode"]: one["languageText"] for one in told} == {
            language: dimension.label.get(language) for language in LANGUAGES
        }


def test_variables_are_the_columns_of_the_file_and_have_their_roles() -> None:
    variables = document("datadoc", sample())["datadoc"]["variables"]
    roles = {one["short_name"]: (one["variable_role"], one["data_type"]) for one in variables}
    assert roles["KOKkommuneregion0000"] == ("IDENTIFIER", "STRING")
    assert roles["KOKkommuneregion0000_label"] == ("ATTRIBUTE", "STRING")
    assert roles["Tid"] == ("IDENTIFIER", "STRING")
    assert roles["value"] == ("MEASURE", "FLOAT")
    assert roles["preliminary"] == roles["synthetic"] == ("ATTRIBUTE", "BOOLEAN")
    status = next(one for one in variables if one["short_name"] == "status")
    assert [one["code"] for one in status["special_value"]["other_value"]] == [*SIGNS]


def test_ids_are_always_the_same_and_never_shared() -> None:
    one, other = (document("datadoc", sample(name))["datadoc"] for name in ("13995", "14019"))
    assert document("datadoc", sample("13995"))["datadoc"] == one
    ids = [each["id"] for of in (one, other) for each in (of["dataset"], *of["variables"])]
    assert len({*ids}) == len(ids)


@pytest.mark.parametrize("synthetic", [True, False])
def test_marks_are_told(synthetic: bool) -> None:
    dataset = document("datadoc", unconfirmed() if synthetic else unmarked())["datadoc"]["dataset"]
    custom = {one["key"]: one["value"] for one in dataset["custom_type"]}
    [name] = [one["languageText"] for one in dataset["name"] if one["languageCode"] == "nb"]
    assert name.startswith("Synthetic: ") == synthetic
    assert ("Synthetic" in dataset["keyword"]) == synthetic
    assert custom["synthetic"] == (["2024", "2025"] if synthetic else [])
    assert custom["preliminary"] == (["2025"] if synthetic else [])
    assert ("13995" in custom["provisional"]) == synthetic
    first = "2024-01-01" if synthetic else "2025-01-01"
    assert (dataset["contains_data_from"], dataset["contains_data_until"]) == (first, "2025-12-31")
