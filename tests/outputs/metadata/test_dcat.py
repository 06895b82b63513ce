"""The catalogue as RDF, held to shapes that say what DCAT-AP-NO asks for."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from rdflib import DCAT, DCTERMS, FOAF, RDF, Graph, Literal, URIRef

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.distributions import distributions
from kostra_publish.outputs.metadata import dcat
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import LANGUAGES
from tests.awkward import awkward_cubes
from tests.cubes import catalogue, sample
from tests.outputs.metadata.described import document, files, unconfirmed, unmarked
from tests.outputs.test_jsonstat import real, real_cube

SHAPES = Path(__file__).parent / "dcat_ap_no.ttl"
ROOT = "https://kostra-publish.example/statbank/"
ELSEWHERE = "https://example.org/statbank/catalog.jsonld"

with warnings.catch_warnings():
    # pyshacl and what it brings use names that Python and rdflib are to give up.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyshacl import validate


def graph(data: bytes) -> Graph:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's own reader of JSON-LD
        return Graph().parse(data=data, format="json-ld", publicID=ELSEWHERE)


def written(cubes: Sequence[SafeCube], texts: Catalogue | None = None) -> bytes:
    [data] = files("dcat", cubes, texts).values()
    return data


@cache
def every() -> Graph:
    return graph(written([*map(real_cube, real().tables)], real()))


def findings(of: Graph) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        conforms, _, report = validate(of, shacl_graph=Graph().parse(SHAPES))
    return "" if conforms else str(report)


def test_the_catalogue_of_all_tables_is_as_dcat_ap_no_asks() -> None:
    assert findings(every()) == ""


@settings(max_examples=5, deadline=None)
@given(awkward_cubes())
def test_and_so_is_one_with_any_label(whole: SafeCube) -> None:
    found = graph(written([whole]))
    assert findings(found) == ""
    [title] = [
        one for one in found.objects(predicate=DCTERMS.title)
        if isinstance(one, Literal) and one.language == "nb" and "13995: " in one
    ]  # fmt: skip
    assert whole.table.title.nb in title


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        *(("dcat:Catalog", f"d{name}") for name in (
            "ct:title", "ct:description", "ct:publisher", "cat:contactPoint", "cat:dataset",
        )),
        *(("dcat:Dataset", f"d{name}") for name in (
            "ct:title", "ct:description", "ct:publisher", "cat:contactPoint", "cat:theme",
            "ct:identifier", "cat:distribution",
        )),
    ],
)  # fmt: skip
def test_the_shapes_find_out_what_is_left_out(kind: str, member: str) -> None:
    content = document("dcat", sample())
    for node in content["@graph"]:
        if node["@type"] == kind:
            del node[member]
    assert member.partition(":")[2] in findings(graph(json.dumps(content).encode()))


@pytest.mark.parametrize("member", ["dcat:accessURL", "dct:format", "dct:license"])
def test_the_shapes_find_out_what_a_distribution_leaves_out(member: str) -> None:
    content = document("dcat", sample())
    for one in content["@graph"][-1]["dcat:distribution"]:
        del one[member]
    assert member.partition(":")[2] in findings(graph(json.dumps(content).encode()))


# --- what it says ---


def test_each_table_is_a_dataset_with_all_its_files() -> None:
    found = every()
    [catalog] = found.subjects(RDF.type, DCAT.Catalog)
    datasets = {*found.objects(catalog, DCAT.dataset)}
    assert datasets == {URIRef(f"{ROOT}catalog.jsonld#{name}") for name in real().tables}
    for table in real().tables:
        dataset = URIRef(f"{ROOT}catalog.jsonld#{table}")
        assert found.value(dataset, DCTERMS.identifier) == Literal(table)
        files_of = {
            str(found.value(one, DCAT.downloadURL))
            for one in found.objects(dataset, DCAT.distribution)
        }
        assert files_of == {ROOT + one.path for one in distributions(table)}


def test_texts_are_in_three_languages_and_the_publisher_is_named() -> None:
    found = every()
    dataset = URIRef(f"{ROOT}catalog.jsonld#13995")
    for predicate in (DCTERMS.title, DCTERMS.description):
        told = [one for one in found.objects(dataset, predicate) if isinstance(one, Literal)]
        assert {one.language for one in told} == {*LANGUAGES}
        assert all(str(one).startswith(("Syntetiske data: ", "Synthetic data: ")) for one in told)
    publisher = found.value(dataset, DCTERMS.publisher)
    assert Literal("Statistics Norway", lang="en") in {*found.objects(publisher, FOAF.name)}


def test_marks_stand_in_title_and_description() -> None:
    *_, dataset = document("dcat", unconfirmed())["@graph"]
    assert dataset["dct:title"][0]["@value"].startswith("Synthetic: ")
    about = dataset["dct:description"][0]["@value"]
    assert about.startswith("synthetic. 2025: preliminary final_figures. provisional: 13995. ")
    assert dataset["dcat:keyword"][0]["@value"] == "Synthetic"


def test_real_and_final_figures_have_no_marks() -> None:
    catalog, _, dataset = document("dcat", unmarked())["@graph"]
    assert catalog["dct:title"][0]["@value"] == "title"
    assert dataset["dct:description"][0]["@value"] == "about. period: Year."
    assert dataset["dcat:keyword"][0]["@value"] == "keyword"


def test_without_a_site_addresses_are_from_where_the_catalogue_is() -> None:
    found = graph(written([sample()]))
    [catalog] = found.subjects(RDF.type, DCAT.Catalog)
    assert catalog == URIRef(ELSEWHERE)
    addresses = {str(one) for one in found.objects(predicate=DCAT.accessURL)}
    assert "https://example.org/statbank/csv/13995.csv" in addresses


@pytest.mark.parametrize(
    ("rounds", "frequency"),
    [(["march", "june"], "ANNUAL_2"), (["june"], "ANNUAL"), (["kvp"], "IRREG")],
    ids=["twice", "once", "never by itself"],
)
def test_how_often_a_table_comes_is_how_many_rounds_of_a_year_have_it(
    rounds: list[str], frequency: str
) -> None:
    *_, dataset = document("dcat", sample(rounds=rounds))["@graph"]
    assert dataset["dct:accrualPeriodicity"]["@id"].endswith(f"/frequency/{frequency}")


def test_addresses_are_those_of_the_site() -> None:
    texts: Any = replace(catalogue(), pages=real().pages)
    assert dcat.site(texts) == ROOT
