"""What is served of tables, asked for as a browser without a script would."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Message

from kostra_publish.drafts import Draft
from kostra_publish.errors import TemplateError
from kostra_publish.preview import pxwebapi
from kostra_publish.preview.rendering import SHARED, TEMPLATES, check_preview_templates
from kostra_publish.preview.views import listed, routes
from tests.browser.test_markup import wrong
from tests.outputs.test_overview import Page
from tests.preview.pivot_drafts import BEFORE, CHANGED, draft, first_ever

FOLDER = Path(__file__).parents[2] / "templates"
DRAFT = draft()
CURRENT: list[Callable[[], Draft]] = []
"""What is served, last."""


def _served() -> Draft:
    return CURRENT[-1]()


APP = Starlette(
    routes=[*routes(_served, FOLDER), Mount("/api/v2", routes=pxwebapi.routes(_served))]
)


def answer(
    path: str, query: str = "", current: Callable[[], Draft] = lambda: DRAFT
) -> tuple[int, str]:
    """Status and text of what is served at a path."""
    CURRENT[:] = [current]
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [],
    }
    asyncio.run(APP(scope, receive, send))
    body = b"".join(one.get("body", b"") for one in sent)
    return sent[0]["status"], body.decode()


def page(path: str, query: str = "", current: Callable[[], Draft] = lambda: DRAFT) -> Page:
    """A page with its tags in balance."""
    status, text = answer(path, query, current)
    assert status == 200
    found = Page(re.sub(r"<!doctype html>", "", text).encode())
    ids = found.all("id")
    assert len(ids) == len(set(ids))
    return found


def words(found: Page) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", found.text).split())


def test_the_list_has_every_table_with_its_marks() -> None:
    found = page("/")
    rows = dict(re.findall(r'<tr data-k="([^"]+)">(.*?)</tr>', found.text, re.DOTALL))
    assert list(rows) == ["13995", "14019", "12268"]
    for mark in ("foreløpige tall for 2025", "ikke bekreftet", "syntetiske data"):
        assert mark in rows["13995"]
    assert "foreløpig skjermet: 1 av 3 variabler" in rows["13995"]
    assert re.findall(r'data-name="Endret" class="n some">(\d+)<', rows["13995"]) == [
        str(len(CHANGED))
    ]
    assert "tall ventes" in rows["14019"]
    assert "ny tabell" in rows["12268"]
    assert ">klar<" in rows["12268"]
    assert "2 av 3 tabeller er laget" in words(found)
    assert f"Endringer er regnet fra {BEFORE}" in words(found)


def test_without_a_release_before_the_list_counts_no_changes() -> None:
    found = page("/", current=first_ever)
    assert "Endret" not in found.text
    assert "ingen tidligere publisering" in found.text
    assert all(one.changes is None for one in listed(first_ever()))


def test_pages_run_nothing_but_the_files_that_all_share() -> None:
    for path in ("/", "/tabell/13995", "/tabell/14019"):
        found = page(path)
        assert "<!doctype html>" in answer(path)[1]
        assert not found.all("style")
        assert not found.all("onclick")
        assert found.all("src") == ["/_/preview.js"]
        assert [one for one in found.all("href") if one.startswith("/_")] == ["/_/preview.css"]
        assert "Forhåndsvisning – ikke publisert" in found.text


@pytest.mark.parametrize("name", SHARED)
def test_shared_files_are_served_as_what_they_are(name: str) -> None:
    status, text = answer(f"/_/{name}")
    assert status == 200
    assert text == (FOLDER / "preview" / name).read_text(encoding="utf-8")


def test_the_part_is_what_stands_in_the_page() -> None:
    for path, part in (("/", "/bord"), ("/tabell/13995", "/tabell/13995/bord")):
        query = "lang=en" if "tabell" in path else ""
        inner = answer(part, query)[1].strip()
        assert "<!doctype" not in inner
        assert inner in answer(path, query)[1]


def test_a_table_can_be_read_and_chosen_from_without_a_script() -> None:
    query = "valueCodes[Kjonn]=0&valueCodes[Tid]=2025&endringer=nei"
    found = page("/tabell/13995", query)
    boxes = {
        (had["name"], had["value"]): "checked" in had
        for tag, had in found.attributes
        if tag == "input" and had.get("type") == "checkbox" and had.get("name") != "endringer"
    }
    assert boxes["valueCodes[Kjonn]", "0"]
    assert not boxes["valueCodes[Kjonn]", "1"]
    links = [link.replace("&amp;", "&") for link in found.all("href")]
    for link in (one for one in links if one.startswith("/tabell/13995?")):
        path, _, asked = link.partition("?")
        assert answer(path, asked)[0] == 200
    figures = re.findall(r"<td[^>]*>", found.text)
    assert len([one for one in figures if "headers=" in one]) == 10 * 3
    whys = [had["value"] for tag, had in found.attributes if had.get("name") == "celle"]
    cube = DRAFT.cubes["13995"]
    assert whys
    assert all(cube.statuses[int(str(place))] in {":", ".."} for place in whys)


def test_headers_that_cells_name_are_there() -> None:
    found = page("/tabell/13995", "stub=&heading=Tid,Kjonn,ContentsCode,KOKkommuneregion0000")
    ids = set(found.all("id"))
    assert {one for headers in found.all("headers") for one in headers.split()} <= ids
    found = page("/tabell/13995", "heading=&stub=Tid,Kjonn,ContentsCode,KOKkommuneregion0000")
    ids = set(found.all("id"))
    assert {one for headers in found.all("headers") for one in headers.split()} <= ids


def test_a_table_without_much_to_tell_is_shown_too() -> None:
    def current() -> Draft:
        one = first_ever()
        return replace(one, interim={}, cubes={"12268": one.cubes["12268"]})

    found = page(
        "/tabell/12268", "valueCodes[KOKkommuneregion0000]=0301&valueCodes[Kjonn]=0", current
    )
    assert "Vis endringer" not in found.text
    assert "Foreløpig skjermet" not in found.text
    assert "Tegn og merker" not in found.text


def test_programs_are_sent_only_to_what_they_can_read() -> None:
    (link, _) = re.findall(r'href="(/api/v2/[^"]+)"', answer("/tabell/12268", "lang=nn")[1])
    path, _, query = link.replace("&amp;", "&").partition("?")
    assert query.startswith("lang=nn&valueCodes[KOKkommuneregion0000]=*")
    status, text = answer(path, query)
    assert status == 200
    assert json.loads(text)["size"] == [10, 3, 3, 3]
    assert "/api/v2" not in answer("/tabell/13995")[1]


def test_what_is_amiss_is_told_where_the_table_would_be() -> None:
    none = words(page("/tabell/13995", "valueCodes[Tid]="))
    assert "Velg minst én kategori av dimension Tid" in none
    unknown = words(page("/tabell/13995", "valueCodes[Tid]=1999,2025"))
    assert "Dette er utelatt: 1999 i dimension Tid" in unknown
    assert "Tabellen er ny" in words(page("/tabell/12268"))
    assert "Tallene er ikke laget ennå" in words(page("/tabell/14019"))


def test_what_is_not_of_the_round_is_not_found() -> None:
    status, text = answer("/tabell/99999%3Cb%3E")
    assert status == 404
    assert "ingen tabell 99999%3Cb%3E" in text
    assert answer("/tabell/99999/bord")[0] == 404
    assert answer("/tabell/14019/tsv")[0] == 404


def test_what_is_picked_can_be_had_as_text() -> None:
    status, text = answer("/tabell/13995/tsv", "valueCodes[Tid]=2025&valueCodes[Kjonn]=0")
    assert status == 200
    assert len(text.splitlines()) == 1 + 10 * 3


def test_the_current_draft_is_the_one_that_is_shown() -> None:
    drafts = [draft(1), draft(2, EAK=17.0)]
    assert 'data-version="1"' in answer("/tabell/13995/bord", current=lambda: drafts[0])[1]
    later = answer("/tabell/13995/bord", current=lambda: drafts[1])[1]
    assert 'data-version="2"' in later
    assert "1\xa0234\xa0599" not in later


def test_pages_are_valid(tmp_path: Path) -> None:
    sides = "stub=&heading=KOKkommuneregion0000,Kjonn,ContentsCode,Tid"
    asked = [
        ("/", ""),
        ("/tabell/13995", ""),
        ("/tabell/13995", f"lang=en&{sides}"),
        ("/tabell/12268", "heading=&stub=KOKkommuneregion0000,Kjonn,ContentsCode,Tid"),
        ("/tabell/13995", "valueCodes[Tid]="),
        ("/tabell/14019", ""),
        ("/tabell/99999", ""),
    ]
    texts = [answer(*one)[1] for one in asked] + [answer("/tabell/13995", "", first_ever)[1]]
    files = [tmp_path / f"{n}.html" for n in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    assert wrong(*files) == []


# --- templates ------------------------------------------------------------------------------


def test_the_templates_that_came_with_the_program_hold_together() -> None:
    check_preview_templates(FOLDER)


def test_every_template_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as raised:
        check_preview_templates(tmp_path)
    assert {one.file for one in raised.value.findings} == {*TEMPLATES}


@pytest.mark.parametrize("name", SHARED)
def test_so_is_a_shared_file(tmp_path: Path, name: str) -> None:
    shutil.copytree(FOLDER / "preview", tmp_path / "preview")
    (tmp_path / "preview" / name).unlink()
    with pytest.raises(TemplateError, match=re.escape(f"preview/{name}")):
        check_preview_templates(tmp_path)


def test_a_template_that_asks_for_what_it_is_not_given_is_told(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "preview", tmp_path / "preview")
    path = tmp_path / "preview" / "missing.html.j2"
    path.write_text(path.read_text(encoding="utf-8") + "{{ nobody }}", encoding="utf-8")
    with pytest.raises(TemplateError, match="'nobody' is undefined"):
        check_preview_templates(tmp_path)
