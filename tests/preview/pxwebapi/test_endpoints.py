"""Every endpoint, asked over HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from itertools import product
from math import prod
from typing import Any

import openpyxl
import polars as pl
import pytest

from kostra_publish import __version__
from kostra_publish.outputs import jsonstat
from kostra_publish.specs.models import LANGUAGES, Language
from tests.outputs.test_px import Px, assert_it_is
from tests.preview.few_drafts import REGIONS, TABLES, few_draft
from tests.preview.pxwebapi.conftest import Api

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

TEN = "KOKkommuneregion0000"
ALL = {f"valueCodes[{code}]": "*" for code in (TEN, "KOKutdanning0000", "KOKstillingsomf0000")}
ALL |= {"valueCodes[ContentsCode]": "*", "valueCodes[Tid]": "*"}
PROBLEM = {"type", "title", "status", "detail"}


def links(document: Mapping[str, Any]) -> dict[str, str]:
    return {f"{link['rel']} {link['hreflang']}": link["href"] for link in document["links"]}


# --- what there is ---


def test_the_api_says_what_it_can_do(api: Api) -> None:
    config = api.get("/config").json()
    assert config["apiVersion"] == "2.0.0"
    assert config["appVersion"] == __version__
    assert [one["id"] for one in config["languages"]] == [*LANGUAGES]
    assert config["defaultLanguage"] == "nb"
    assert config["defaultDataFormat"] == "json-stat2"
    assert {"id": "draft", "params": [{"key": "round", "value": "2026-03"}]} in config["features"]
    for form in config["dataFormats"]:
        assert api.get("/tables/10509/data", outputFormat=form).status_code == 200


@pytest.mark.parametrize("language", ["", *LANGUAGES, "no", "EN"])
def test_tables_are_listed_as_drafts_of_synthetic_data(api: Api, language: str) -> None:
    found = api.get("/tables", lang=language).json()
    called = language.lower() or "nb"
    assert found["language"] == called
    assert [one["id"] for one in found["tables"]] == [one.id for one in api.draft.tables]
    mark, synthetic = ("draft", "Synthetic") if called == "en" else ("utkast", "Syntetiske")
    for one in found["tables"]:
        assert f"({mark})" in one["label"]
        assert synthetic in one["description"]
        assert one["tags"] == [mark]
        assert one["category"] == "internal"
        assert (one["firstPeriod"], one["lastPeriod"]) == ("2023", "2025")
        assert links(one)[f"self {called}"] == f"{api.address}/tables/{one['id']}?lang={called}"
        alone = api.get(f"/tables/{one['id'].upper()}", lang=language).json()
        assert alone == {"language": called, **one}


def test_links_lead_somewhere(api: Api) -> None:
    table = api.get("/tables/13995", lang="no").json()
    listing = api.get("/tables", pageSize="2", pageNumber="2").json()
    metadata = api.get("/tables/13995/metadata").json()
    region = metadata["dimension"][TEN]["extension"]["codelists"]
    codelist = api.session.get(region[0]["links"][0]["href"], timeout=30).json()
    selection = api.get("/tables/13995/defaultselection").json()
    for document in (table, listing, listing["page"], codelist, selection):
        for relation, address in links(document).items():
            assert address.startswith(api.address), relation
            assert api.session.get(address, timeout=30).status_code == 200


def test_pages_hold_every_table_once(api: Api) -> None:
    pages = [api.get("/tables", pageSize="2", pageNumber=str(n)).json() for n in (1, 2, 3)]
    assert [one["id"] for page in pages for one in page["tables"]] == [
        one.id for one in api.draft.tables
    ]
    assert [page["page"] | {"links": []} for page in pages] == [
        {"pageNumber": n, "pageSize": 2, "totalElements": 5, "totalPages": 3, "links": []}
        for n in (1, 2, 3)
    ]
    relations = [[link["rel"] for link in page["page"]["links"]] for page in pages]
    assert relations == [["next", "last"], ["next", "previous", "last"], ["previous", "last"]]
    beyond = api.get("/tables", pageSize="2", pageNumber="4")
    assert (beyond.status_code, beyond.json()["title"]) == (404, "Non-existent page")


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"query": "13995"}, ["13995", "13995-bydel"]),
        ({"query": "title:13995 sosialhjelpstilfeller"}, ["13995", "13995-bydel"]),
        ({"query": "GAMLE oslo"}, ["13995-bydel"]),
        ({"query": "title:13995-bydel"}, ["13995-bydel"]),
        ({"query": "nowhere"}, []),
        ({"pastDays": "1"}, [*TABLES]),
        ({"includeDiscontinued": "true", "pageSize": "0", "pageNumber": "-1"}, [*TABLES]),
    ],
)
def test_a_search_finds_what_has_all_its_words(
    api: Api, parameters: dict[str, str], found: list[str]
) -> None:
    tables = api.get("/tables", **parameters).json()["tables"]
    assert {one["id"] for one in tables} == {*found}


def test_the_newest_tables_are_those_of_the_round(api: Api) -> None:
    old = few_draft(("10509",), years=(2023, 2024)).cubes
    api.draft = few_draft(cubes=old)
    found = {days: api.get("/tables", pastDays=days).json()["tables"] for days in ("1", "99999")}
    assert {one["id"] for one in found["1"]} == {*TABLES} - {"10509"}
    assert {one["id"] for one in found["99999"]} == {*TABLES}


def test_only_what_is_as_it_will_be_published_is_served(api: Api) -> None:
    measure = api.draft.cubes["13995"].table.measures[0].code
    api.draft = few_draft(interim={"13995": frozenset({measure}), "10509": frozenset()})
    served = [one["id"] for one in api.get("/tables").json()["tables"]]
    assert "13995" not in served
    assert "10509" in served
    for path in ("", "/metadata", "/defaultselection", "/data"):
        refused = api.get(f"/tables/13995{path}")
        assert refused.status_code == 404
        assert "protected together" in refused.json()["detail"]
    assert api.get("/codelists/vs_13995_fylke").status_code == 404


def test_an_answer_is_of_the_draft_as_it_is_now(api: Api) -> None:
    before = api.get("/tables/10509/data").json()["value"]
    api.draft = few_draft(seed=2)
    answer = api.get("/tables/10509/data")
    assert answer.json()["value"] != before
    assert answer.headers["Cache-Control"] == "no-store"


# --- metadata ---


@pytest.mark.parametrize("table_id", TABLES)
@pytest.mark.parametrize("language", [*LANGUAGES, "no"])
def test_metadata_are_the_jsonstat_without_figures(api: Api, table_id: str, language: Any) -> None:
    found = api.get(f"/tables/{table_id}/metadata", lang=language, defaultSelection="true").json()
    own: Language = "nb" if language == "no" else language
    draft = api.draft
    released = jsonstat.heading(draft.cubes[table_id], draft.catalogue, own, draft.release)
    assert found["value"] == []
    assert "status" not in found
    for one in found["dimension"].values():
        one["extension"]["codelists"] = []
    for member in ("version", "class", "source", "updated", "role", "id", "size", "dimension"):
        assert found[member] == released[member]
    assert found["extension"]["px"]["language"] == language
    assert found["extension"]["kostra"] == released["extension"]["kostra"] | {"draft": True}


@pytest.mark.parametrize("table_id", TABLES)
@pytest.mark.parametrize(
    ("language", "mark"), [("nb", "utkast"), ("nn", "utkast"), ("en", "draft")]
)
def test_metadata_and_data_say_that_they_are_a_draft(
    api: Api, table_id: str, language: Any, mark: str
) -> None:
    draft = api.draft
    released = jsonstat.heading(draft.cubes[table_id], draft.catalogue, language, draft.release)
    for path in ("metadata", "data"):
        found = api.get(f"/tables/{table_id}/{path}", lang=language).json()
        assert f"({mark})" in found["label"]
        assert f"({mark})" in found["extension"]["px"]["contents"]
        assert found["note"][0].startswith(f"{mark.title()}: ")
        assert found["extension"]["noteMandatory"]["0"] is True
    # The rest is as it will be published, and as mandatory.
    found = api.get(f"/tables/{table_id}/metadata", lang=language).json()
    assert found["note"][1:] == released["note"]
    assert found["extension"]["noteMandatory"] == {"0": True} | {
        str(int(place) + 1): must for place, must in released["extension"]["noteMandatory"].items()
    }


def test_metadata_are_of_the_regions_of_a_code_list(api: Api) -> None:
    found = api.get("/tables/10509/metadata", **{f"codelist[{TEN}]": "VS_10509_LAND"}).json()
    assert [*found["dimension"][TEN]["category"]["label"]] == ["EAK"]
    assert found["size"][0] == 1
    assert len(found["dimension"][TEN]["extension"]["codelists"]) == 5


# --- code lists ---


def test_code_lists_divide_the_regions_by_kind(api: Api) -> None:
    for table_id in ("10509", "13995-bydel"):
        metadata = api.get(f"/tables/{table_id}/metadata", lang="en").json()
        region, *others = metadata["id"]
        assert not any(metadata["dimension"][one]["extension"]["codelists"] for one in others)
        codes: list[str] = []
        for one in metadata["dimension"][region]["extension"]["codelists"]:
            assert one["type"] == "Valueset"
            whole = api.get(f"/codelists/{one['id']}", lang="en").json()
            assert (whole["label"], whole["language"]) == (one["label"], "en")
            assert all(value["valueMap"] == [value["code"]] for value in whole["values"])
            codes += [value["code"] for value in whole["values"]]
        assert {*codes} == {*metadata["dimension"][region]["category"]["label"]}
        assert len({*codes}) == len(codes)


def test_a_code_list_narrows_what_expressions_find(api: Api) -> None:
    asked = {**ALL, f"codelist[{TEN}]": "vs_10509_kommune", "valueCodes[Tid]": "top(1)"}
    found = api.get("/tables/10509/data", **asked).json()
    assert [*found["dimension"][TEN]["category"]["index"]] == ["0301", "1124"]
    outside = api.get("/tables/10509/data", **{**asked, f"valueCodes[{TEN}]": "EAK"})
    assert (outside.status_code, outside.json()["title"]) == (400, "Non-existent value")


# --- data ---


def test_data_are_the_cells_that_are_asked_for(api: Api) -> None:
    asked = {
        f"valueCodes[{TEN}]": "E*",
        "valueCodes[KOKutdanning0000]": "??",
        "valueCodes[ContentsCode]": "bottom(1)",
        "valueCodes[Tid]": "[range(2023,2024)]",
    }
    answer = api.get("/tables/10509/data", lang="no", **asked)
    found = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert "draft" in answer.headers["Content-Disposition"]
    assert found["extension"]["px"]["language"] == "no"
    codes = [[*found["dimension"][one]["category"]["index"]] for one in found["id"]]
    assert found["size"] == [len(one) for one in codes]
    cube = api.draft.cubes["10509"]
    whole = cube.frame().filter(pl.col("KOKstillingsomf0000") == "00").drop("KOKstillingsomf0000")
    cells = {row[:-2]: row[-2:] for row in whole.iter_rows()}
    for place, key in enumerate(product(*codes)):
        sign = found.get("status", {}).get(str(place))
        assert (found["value"][place], sign) == cells[key]
    assert codes[0] == [code for code in REGIONS if code in cube.dimensions[0].codes][2:]
    assert codes[-1] == ["2023", "2024"]


def test_notes_on_years_that_are_not_asked_for_are_left_out(api: Api) -> None:
    def notes(years: str) -> str:
        asked = {**ALL, "valueCodes[Tid]": years}
        return " ".join(api.get("/tables/10509/data", **asked).json()["note"])

    assert "2025: Sola" in notes("*")
    assert "2025: Sola" not in notes("2024")
    assert "Utkast: ikke publisert" in notes("2024")
    assert "Syntetiske data" in notes("2024")


def test_the_layout_that_is_asked_for_is_said(api: Api) -> None:
    asked = {**ALL, "heading": f"{TEN}", "stub": ""}
    px = api.get("/tables/10509/data", **asked).json()["extension"]["px"]
    assert px["heading"] == [TEN]
    assert px["stub"] == ["KOKutdanning0000", "KOKstillingsomf0000", "ContentsCode", "Tid"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_csv_has_the_cells_that_are_asked_for(api: Api, language: str) -> None:
    asked = {**ALL, "valueCodes[Tid]": "2025", "outputFormat": "CSV", "lang": language}
    for more in ({}, {"outputFormatParams": "UseCodesAndTexts,separatorsemicolon"}):
        answer = api.get("/tables/10509/data", **asked, **more)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        text = answer.content.decode("utf-8-sig")
        rows = [*csv.DictReader(io.StringIO(text), delimiter=";", strict=True)]
        part = api.draft.cubes["10509"].part({"Tid": ["2025"]})
        assert [row["status"] or None for row in rows] == part.statuses.to_list()
        assert {row["synthetic"] for row in rows} == {"true"}
        suffix = {"nb": "", "nn": " (nn)", "en": " (en)"}[language]
        assert rows[0][f"{TEN}_label"] == f"Oslo{suffix}"


def test_csv_begins_with_the_title_where_that_is_asked_for(api: Api) -> None:
    asked = {
        "outputFormat": "csv",
        "outputFormatParams": "separatorsemicolon,includetitle,usetexts",
    }
    titled = api.get("/tables/10509/data", **asked).content.decode()
    plain = api.get("/tables/10509/data", outputFormat="csv").content.decode()
    title, _, rest = titled.partition("\n")
    assert "(utkast)" in title
    assert "\N{ZERO WIDTH NO-BREAK SPACE}" + rest == plain


@pytest.mark.parametrize("heading", ["Tid", "KOKutdanning0000,Tid", ""])
def test_px_has_the_cells_that_are_asked_for_as_they_are_laid_out(api: Api, heading: str) -> None:
    stub = "" if heading else ",".join(one.code for one in api.draft.cubes["10509"].dimensions)
    asked = {**ALL, "valueCodes[Tid]": "2025", "outputFormat": "px", "lang": "en"}
    answer = api.get("/tables/10509/data", **asked, heading=heading, stub=stub)
    written = Px(answer.content.decode())
    assert written.said["LANGUAGE"] == ["en"]
    assert "LANGUAGES" not in written.said
    assert "(draft)" in written.said["TITLE"][0]
    assert "Draft: not published" in written.said["NOTEX"][0]
    codes = written.codes()
    assert [*codes][len(codes) - heading.count(",") - 1 :] == (heading or "Tid").split(",")
    assert ("HEADING" in written.said) is bool(heading)
    assert_it_is(api.draft.cubes["10509"].part({"Tid": ["2025"]}), written)


def test_parquet_and_workbooks_have_the_cells_that_are_asked_for(api: Api) -> None:
    asked = {**ALL, "valueCodes[Tid]": "2025"}
    part = api.draft.cubes["10509"].part({"Tid": ["2025"]})
    rows = pl.read_parquet(api.get("/tables/10509/data", **asked, outputFormat="parquet").content)
    assert rows["value"].to_list() == part.values.to_list()
    assert rows["status"].to_list() == part.statuses.to_list()
    workbook = api.get("/tables/10509/data", **asked, outputFormat="xlsx")
    assert workbook.headers["Content-Type"].endswith("spreadsheetml.sheet")
    book = openpyxl.load_workbook(io.BytesIO(workbook.content))
    assert "(utkast)" in str(book["Tabell"]["A1"].value)
    *_, values, signs = book["Data"].iter_cols(min_row=2, values_only=True)
    assert [*values] == part.values.to_list()
    assert [*signs] == part.statuses.to_list()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"outputFormat": "json-px"}, "no format json-px"),
        ({"outputFormat": "html"}, "no format html"),
        ({"outputFormat": "csv", "outputFormatParams": "SeparatorTab"}, "SeparatorSemicolon"),
        ({"outputFormat": "px", "outputFormatParams": "IncludeTitle"}, "IncludeTitle"),
        ({"outputFormatParams": "SeparatorTab"}, "SeparatorTab"),
    ],
)
def test_formats_that_there_are_not_are_refused(
    api: Api, parameters: dict[str, str], said: str
) -> None:
    refused = api.get("/tables/10509/data", **parameters)
    assert refused.status_code == 400
    assert refused.json()["title"] == "Unsupported output format"
    assert said in refused.json()["detail"]


# --- what is refused, and other methods ---

REFUSED = [
    ("GET", "/tables/99999", 404, "Non-existent table"),
    ("GET", "/tables/99999/metadata", 404, "Non-existent table"),
    ("GET", "/tables/99999/data", 404, "Non-existent table"),
    ("POST", "/tables/99999/data", 404, "Non-existent table"),
    ("GET", "/tables/10509/defaultselection?lang=sv", 400, "Unsupported language"),
    ("GET", "/tables?pageSize=many", 400, "Bad Request"),
    ("GET", "/tables/10509/metadata?codelist[Tid]=vs_x", 400, "Non-existent codelist"),
    ("GET", "/tables/10509/metadata?codelist[Alder]=vs_x", 400, "Non-existent variable"),
    ("GET", "/tables/10509/metadata?savedQuery=7", 404, "Saved query not found"),
    ("GET", "/tables/10509/data?valueCodes=1", 400, "Bad Request"),
    ("GET", "/tables/10509/data?valueCodes[Tid]=2025", 400, None),
    ("GET", "/tables/10509/data?valueCodes[Tid]=range(2023,2025)", 400, None),
    ("GET", "/codelists/agg_Region", 404, "Non-existent codelist"),
    ("POST", "/savedqueries", 501, "Not Implemented"),
    ("GET", "/savedqueries/7", 404, "Saved query not found"),
    ("GET", "/savedqueries/7/data", 404, "Saved query not found"),
    ("GET", "/savedqueries/7/selection", 404, "Saved query not found"),
    ("GET", "/navigation", 404, "Not Found"),
    ("GET", "/", 404, "Not Found"),
    ("POST", "/config", 405, "Method Not Allowed"),
    ("DELETE", "/tables/10509/data", 405, "Method Not Allowed"),
    ("GET", "/savedqueries", 405, "Method Not Allowed"),
]


@pytest.mark.parametrize(("method", "path", "status", "title"), REFUSED)
def test_what_is_refused_is_a_problem_that_says_what_to_do(
    api: Api, method: str, path: str, status: int, title: str | None
) -> None:
    refused = api.ask(method, path)
    problem = refused.json()
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert (refused.status_code, problem["status"]) == (status, status)
    assert {*problem} == PROBLEM
    assert title in {None, problem["title"]}
    assert problem["detail"].endswith(".")
    if status == 405:
        assert "OPTIONS" in refused.headers["Allow"]


def test_heads_are_those_of_answers(api: Api) -> None:
    for path in ("/config", "/tables/10509/metadata", "/tables/10509/data", "/tables/99999"):
        whole, head = (api.ask(method, path) for method in ("GET", "HEAD"))
        assert head.status_code == whole.status_code
        assert head.content == b""
        assert head.headers["Content-Length"] == str(len(whole.content))
        assert head.headers["Content-Type"] == whole.headers["Content-Type"]


def test_options_say_what_a_path_takes(api: Api) -> None:
    answer = api.ask("OPTIONS", "/tables/10509/data")
    assert answer.status_code == 204
    assert answer.headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert not any(name.startswith("Access-Control") for name in answer.headers)


def test_no_answer_holds_more_cells_than_are_asked_for(api: Api) -> None:
    for table_id in TABLES:
        found = api.get(f"/tables/{table_id}/data").json()
        assert len(found["value"]) == prod(found["size"])
