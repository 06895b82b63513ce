"""A number that a description of tables carries is a finding, wherever it stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kostra_publish.auditing.files import read
from tests.auditing.released import MARCH, TABLE, Look, rewrite, said, sign
from tests.outputs.metadata.described import files
from tests.outputs.test_jsonstat import real, real_cube

Alter = Callable[[Any], None]

CSVW = f"csv/{TABLE}.csv-metadata.json"
DATADOC = f"datadoc/{TABLE}__DOC.json"
PACKAGE = "datapackage.json"
CATALOGUE = "catalog.jsonld"
CHANGES = "changes.json"
SOME_ID = "12345678-1234-5678-1234-567812345678"
KINDS = ["csvw", "datapackage", "datadoc", "dcat", "changes"]


FEED = """\
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="nb">
<updated>2026-03-16T07:00:00Z</updated>
<author>
<name>Statistisk sentralbyrå</name>
</author>
<link rel="self" href="https://kostra-publish.example/statbank/index.nb.html"/>
<entry>
<id>https://kostra-publish.example/statbank/changes.xml#99901/2026-03</id>
<category term="new"/>
</entry>
</feed>
"""


def altered(alter: Alter) -> Callable[[str], str]:
    def change(text: str) -> str:
        document = json.loads(text)
        alter(document)
        return f"{json.dumps(document, ensure_ascii=False, indent=1)}\n"

    return change


def dataset(catalogue: Any) -> Any:
    return catalogue["@graph"][-1]


def last_day(catalogue: Any) -> Any:
    return dataset(catalogue)["dct:temporal"]["dcat:endDate"]


def set_in(of: Callable[[Any], Any], key: Any, value: object) -> Alter:
    def alter(document: Any) -> None:
        of(document)[key] = value

    return alter


@pytest.mark.parametrize("form", KINDS)
def test_what_is_written_reads_as_it_should(form: str) -> None:
    for path, data in files(form, [real_cube("13995")], real()).items():
        content = read(path, data)
        assert content.wrong == []
        assert content.table is None


TEXTS: list[tuple[str, Alter]] = [
    (CSVW, set_in(lambda d: d["dc:description"][0], "@value", "I alt 3.")),
    (CSVW, set_in(lambda d: d["tables"][0]["notes"][0]["dc:description"][1], "@value", "3 av 7")),
    (CSVW, set_in(lambda d: d["tables"][0]["tableSchema"]["columns"][0], "name", "3_label")),
    (CSVW, set_in(lambda d: d["tables"][0], "suppressed", 3)),
    (CSVW, set_in(lambda d: d["dc:modified"], "@value", "2026-03-03T07:00:00Z")),
    (DATADOC, set_in(lambda d: d["datadoc"]["dataset"], "contains_data_from", "2024-01-03")),
    (DATADOC, set_in(lambda d: d["datadoc"]["dataset"], "contains_data_from", "0003-01-01")),
    (DATADOC, set_in(lambda d: d["datadoc"]["dataset"], "version", "2.1.0")),
    (DATADOC, set_in(lambda d: d["datadoc"]["dataset"], "id", SOME_ID)),
    (DATADOC, set_in(lambda d: d["datadoc"], "percentage_complete", 3)),
    (PACKAGE, set_in(lambda d: d["resources"][0], "bytes", 3117)),
    (PACKAGE, set_in(lambda d: d["keywords"], 0, "3117")),
    (PACKAGE, set_in(lambda d: d["resources"][0], "path", "csv/3.csv")),
    (CATALOGUE, set_in(dataset, "dct:identifier", "3")),
    (CATALOGUE, set_in(lambda d: dataset(d)["dct:title"][0], "@value", "Tre er 3")),
    (CATALOGUE, set_in(lambda d: d["@context"], "foaf", "http://xmlns.com/foaf/0.3/")),
    (CATALOGUE, set_in(last_day, "@value", "2025-12-3")),
    (CATALOGUE, set_in(lambda d: dataset(d)["dcat:distribution"][0], "dcat:byteSize", 3117)),
    (CHANGES, set_in(lambda d: d["tables"][0]["vintages"][0], "cells", 3)),
    (CHANGES, set_in(lambda d: d["tables"][0]["vintages"][0], "published", "2026-03-17T07:00:00Z")),
    (CHANGES, set_in(lambda d: d["tables"][0]["provisional"], "measures", ["3"])),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "alter"), TEXTS, ids=[f"{n} {file}" for n, (file, _) in enumerate(TEXTS)]
)
def test_a_planted_number_is_a_finding(out: Path, look: Look, file: str, alter: Alter) -> None:
    rewrite(out / MARCH, file, altered(alter))
    assert f"{file}: has a text with digits that nothing accounts for" in said(look(out / MARCH))


@pytest.mark.parametrize("file", [CSVW, DATADOC, PACKAGE, CATALOGUE, CHANGES])
@pytest.mark.parametrize(
    "alter",
    [
        set_in(lambda d: d, "more", "of it"),
        lambda d: d.pop(next(iter(d))),
        set_in(lambda d: d, "value", [3]),
    ],
    ids=["a member more", "a member less", "figures"],
)
def test_a_document_that_is_not_of_its_kind(out: Path, file: str, alter: Alter) -> None:
    path = out / MARCH / "public" / "statbank" / file
    text = altered(alter)(path.read_text(encoding="utf-8"))
    for written in (text, text.replace('"value": [', '"value":[')):
        assert read(file, written.encode()).wrong


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("</author>", "</author>\n<rights>I alt 3</rights>"),
        ("#99901/2026-03<", "#99901/2026-03/3<"),
        ("/index.nb.html", "/index.nb.html?n=3"),
    ],
    ids=["a text", "an id", "an address"],
)
def test_a_planted_number_in_the_feed_is_a_finding(
    out: Path, look: Look, before: str, after: str
) -> None:
    path = out / MARCH / "public" / "statbank" / "changes.xml"
    path.write_text(FEED, encoding="utf-8")
    sign(out / MARCH)
    assert said(look(out / MARCH)) == ""
    rewrite(out / MARCH, "changes.xml", lambda text: text.replace(before, after))
    assert "changes.xml: has a text with digits" in said(look(out / MARCH))


@pytest.mark.parametrize(
    "text",
    ["<feed/>", FEED.replace("</feed>\n", ""), FEED.replace("<entry>", "<n3>"), f"{FEED}3"],
    ids=["another", "not ended", "an element", "after the end"],
)
def test_what_is_no_feed(text: str) -> None:
    assert read("changes.xml", text.encode()).wrong


def test_a_list_in_place_of_a_document() -> None:
    assert read(CHANGES, b"[]").wrong == ["is not a document of its kind as this program writes it"]


def test_ids_of_variables_without_names_are_not_known() -> None:
    document = {"document_version": "1.0.0", "datadoc": {"variables": [{}]}}
    assert read(DATADOC, json.dumps(document, separators=(",", ":")).encode()).wrong == []
