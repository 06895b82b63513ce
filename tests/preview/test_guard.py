"""Nobody but this machine is answered, and pages of others neither ask nor show what is here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from kostra_publish.preview.app import Place, application
from kostra_publish.preview.board import Board
from kostra_publish.preview.guard import POLICY, Guard
from tests.preview.asked import Answered, asked
from tests.preview.few_drafts import few_draft

PORT = 8765
OWN = f"127.0.0.1:{PORT}"
PXWEB = "http://localhost:3000"
TEMPLATES = Path(__file__).parents[2] / "templates"


def _here(_: Request) -> PlainTextResponse:
    return PlainTextResponse("here")


APP = Guard(
    Starlette(routes=[Route("/{rest:path}", _here)]), PORT, origins=[PXWEB], shared="/api/v2"
)


def ask(path: str = "/", method: str = "GET", **headers: str) -> Answered:
    given = {"host": OWN, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return asked(APP, path, list(given.items()), method)


@pytest.mark.parametrize("host", [OWN, f"localhost:{PORT}", f"[::1]:{PORT}"])
def test_this_machine_is_answered_by_each_of_its_names(host: str) -> None:
    assert ask(host=host).body == b"here"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1",
        "127.0.0.1:80",
        f"127.0.0.1:{PORT}.evil.example",
        f"localhost.:{PORT}",
        f"192.168.1.2:{PORT}",
        "",
    ],
)
def test_another_name_of_this_machine_is_refused(host: str) -> None:
    found = ask(host=host)
    assert (found.status, b"here" in found.body) == (403, False)


def test_a_request_with_two_hosts_or_none_is_refused() -> None:
    assert asked(APP, "/", [("host", OWN), ("host", "evil.example")]).status == 403
    assert asked(APP, "/", []).status == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", f"https://{OWN}", "http://127.0.0.1:1", PXWEB]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_origin_is_refused(origin: str, method: str) -> None:
    found = ask(method=method, origin=origin)
    assert found.status == 403
    assert "access-control-allow-origin" not in found.headers


def test_its_own_pages_may_ask() -> None:
    assert ask(origin=f"http://{OWN}", sec_fetch_site="same-origin").status == 200
    assert ask(origin=f"http://localhost:{PORT}").status == 200


def test_an_allowed_origin_reads_the_api_and_nothing_else() -> None:
    found = ask("/api/v2/tables", origin=PXWEB, sec_fetch_site="cross-site")
    assert found.status == 200
    assert found.headers["access-control-allow-origin"] == PXWEB
    assert "*" not in found.headers["access-control-allow-origin"]
    for path in ("/", "/tabell/13995", "/api/v22", "/api/v2", "/_/hendelser"):
        assert ask(path, origin=PXWEB).status == 403


def test_a_browser_may_ask_first_whether_an_allowed_origin_may_post() -> None:
    found = ask(
        "/api/v2/tables/13995/data",
        "OPTIONS",
        origin=PXWEB,
        access_control_request_method="POST",
        access_control_request_headers="content-type",
    )
    assert (found.status, found.body) == (204, b"")
    assert "POST" in found.headers["access-control-allow-methods"]
    assert found.headers["access-control-allow-headers"] == "content-type"


@pytest.mark.parametrize(
    ("site", "mode", "dest", "status"),
    [
        ("none", "navigate", "document", 200),
        ("same-origin", "cors", "empty", 200),
        ("cross-site", "navigate", "document", 200),
        ("cross-site", "navigate", "iframe", 403),
        ("cross-site", "no-cors", "script", 403),
        ("cross-site", "no-cors", "image", 403),
        ("same-site", "no-cors", "script", 403),
    ],
)
def test_a_link_may_be_followed_from_anywhere_and_nothing_is_loaded_into_other_pages(
    site: str, mode: str, dest: str, status: int
) -> None:
    found = ask(sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=dest)
    assert found.status == status


def test_the_policy_lets_pages_load_what_lies_beside_them_and_nothing_else() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("base-uri") == "'none'"
    assert rules.pop("img-src") == "'self' data:"
    assert set(rules.values()) == {"'self'"}
    assert {"script-src", "style-src", "frame-ancestors", "form-action"} <= rules.keys()
    assert not re.search(r"unsafe|\*|https?:", POLICY)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {}, 200),
        ("/tabell/13995", {}, 200),
        ("/tabell/none", {}, 404),
        ("/none", {}, 404),
        ("/", {"origin": "http://evil.example"}, 403),
        ("/api/v2/config", {}, 200),
        ("/_/preview.js", {}, 200),
        ("/utgivelse/nokkeltall/none/", {}, 404),
    ],
)
def test_every_answer_says_what_a_browser_may_do_with_it(
    path: str, headers: dict[str, str], status: int
) -> None:
    app = application(Board(few_draft()), Place(TEMPLATES, Path("out"), PORT))
    found = asked(app, path, [("host", OWN), *headers.items()])
    assert found.status == status
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["referrer-policy"] == "no-referrer"
    assert found.headers["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert "unsafe" not in found.headers["content-security-policy"]
