"""The feed of changed tables, read by a parser of XML."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from kostra_publish.auditing.files import read
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.specs.catalogue import Catalogue
from tests.awkward import awkward_cubes
from tests.cubes import catalogue, cube, sample
from tests.outputs.metadata.described import corrected, files, unmarked
from tests.outputs.metadata.test_changes import of_rounds
from tests.outputs.test_jsonstat import real

ATOM = "{http://www.w3.org/2005/Atom}"
FILE = "public/statbank/changes.xml"


def with_site() -> Catalogue:
    return replace(catalogue(), pages=real().pages)


def feed(*cubes: SafeCube) -> ET.Element:
    [data] = files("feed", cubes, with_site()).values()
    return ET.fromstring(data)  # noqa: S314  # written just now


def texts(of: ET.Element, name: str) -> list[str | None]:
    return [one.text for one in of.iter(f"{ATOM}{name}")]


def test_a_feed_has_what_atom_demands() -> None:
    found = feed(sample(), sample("14019"))
    assert found.tag == f"{ATOM}feed"
    for each in (found, *found.iter(f"{ATOM}entry")):
        assert {f"{ATOM}{name}" for name in ("id", "title", "updated")} <= {one.tag for one in each}
    ids = texts(found, "id")
    assert len({*ids}) == len(ids) == 3
    assert ids[1] == "https://kostra-publish.example/statbank/changes.xml#13995/2026-03"
    assert texts(found, "name") == ["publisher"]


@pytest.mark.parametrize(
    ("of", "terms"),
    [
        (of_rounds(None, "2026-03"), ["new"]),
        (corrected(), ["replaced"]),
        (unmarked(), []),
    ],
    ids=["new", "replaced", "as it was"],
)
def test_tables_that_have_changed_are_entries(of: SafeCube, terms: list[str]) -> None:
    assert [one.get("term") for one in feed(of).iter(f"{ATOM}category")] == terms


def test_marks_stand_in_titles_and_summaries() -> None:
    found = feed(sample())
    assert all(str(one).startswith("Synthetic: ") for one in texts(found, "title"))
    assert str(texts(found, "summary")[0]).startswith("synthetic. 2025: preliminary final_figures")


def test_without_a_site_there_is_no_feed() -> None:
    assert files("feed", [sample()]) == {}


@settings(max_examples=40)
@given(awkward_cubes())
def test_any_title_is_read_by_parser_and_audit(whole: SafeCube) -> None:
    came = whole.vintages[2025].model_copy(update={"round": "2026-03"})
    moved = cube(whole.table, whole.dimensions, [came])
    [data] = files("feed", [moved], with_site()).values()
    ET.fromstring(data)  # noqa: S314  # written just now
    assert read(FILE, data).wrong == []
