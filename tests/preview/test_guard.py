"""Who may ask the preview, and what a browser may do with every answer."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from kostra_publish.preview.app import Place, application
from kostra_publish.preview.board import Board
from kostra_publish.preview.guard import POLICY, Guard
from tests.draft_house import TEMPLATES
from tests.loops import run
from tests.preview.asgi import HOST, PORT, Answered, ask
from tests.preview.pivot_drafts import draft

OTHER = "http://localhost:3000"
OWN = [f"http://{name}:{PORT}" for name in ("127.0.0.1", "localhost", "[::1]")]
GUARDED = Guard(PlainTextResponse("inside"), PORT, [OTHER])


def status(*headers: tuple[str, str], method: str = "GET", guard: Guard = GUARDED) -> int:
    found = ask(guard, headers=headers, method=method)
    assert (found.body == b"inside") == (found.status == 200)
    return found.status


# --- by which name -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_is_asked_by_its_own_names(name: str) -> None:
    assert status(("host", f"{name}:{PORT}")) == 200


@pytest.mark.parametrize(
    "host",
    [
        "", "127.0.0.1", "localhost", f"127.0.0.1:{PORT + 1}", f"evil.example:{PORT}",
        f"127.0.0.1.evil.example:{PORT}", f"evil.example#127.0.0.1:{PORT}", f"0.0.0.0:{PORT}",
        f"127.0.0.2:{PORT}", f"127.0.0.1:{PORT},evil.example", f"user@127.0.0.1:{PORT}",
        f"http://127.0.0.1:{PORT}",
    ],
)  # fmt: skip
def test_another_name_is_refused(host: str) -> None:
    assert status(("host", host)) == 403


def test_no_name_and_two_names_are_refused() -> None:
    assert status() == 403
    assert status(HOST, HOST) == 403
    assert status(HOST, ("host", f"evil.example:{PORT}")) == 403


def test_a_browser_leaves_out_the_usual_port() -> None:
    guard = Guard(PlainTextResponse("inside"), 80)
    for host in ("127.0.0.1", "localhost:80"):
        assert status(("host", host), ("origin", f"http://{host}"), guard=guard) == 200
    assert status(("host", f"localhost:{PORT}"), guard=guard) == 403


# --- from which page ---------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [*OWN, OTHER])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_its_own_pages_and_those_that_are_allowed_may_ask(origin: str, method: str) -> None:
    assert status(HOST, ("origin", origin), method=method) == 200


@pytest.mark.parametrize(
    "origin",
    [
        "null", "", "http://evil.example", "http://127.0.0.1", f"https://127.0.0.1:{PORT}",
        f"http://127.0.0.1:{PORT + 1}", "http://localhost:3001", "https://localhost:3000",
        f"{OTHER}/", f"{OTHER}.evil.example", OTHER.upper(), "*",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_others_may_not(origin: str, method: str) -> None:
    found = ask(GUARDED, headers=[HOST, ("origin", origin)], method=method)
    assert found.status == 403
    assert "access-control-allow-origin" not in found.headers


@pytest.mark.parametrize(
    ("site", "mode", "dest", "wanted"),
    [
        ("none", "navigate", "document", 200),
        ("same-origin", "cors", "empty", 200),
        ("same-origin", "no-cors", "script", 200),
        ("same-origin", "navigate", "iframe", 200),
        # A link may be followed from anywhere; the page that has it learns nothing.
        ("cross-site", "navigate", "document", 200),
        ("same-site", "navigate", "document", 200),
        ("cross-site", "navigate", "iframe", 403),
        ("cross-site", "navigate", "embed", 403),
        ("cross-site", "no-cors", "script", 403),
        ("cross-site", "no-cors", "image", 403),
        ("cross-site", "no-cors", "style", 403),
        ("same-site", "no-cors", "script", 403),
        ("cross-site", "cors", "document", 403),
        ("strange", "", "", 403),
    ],
)
def test_what_another_page_would_load_into_itself_is_refused(
    site: str, mode: str, dest: str, wanted: int
) -> None:
    sent = (("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest))
    assert status(HOST, *sent) == wanted


def test_an_allowed_page_is_told_what_it_may_ask_for() -> None:
    asked = ("access-control-request-headers", "content-type, x-more")
    found = ask(GUARDED, headers=[HOST, ("origin", OTHER), asked], method="OPTIONS")
    assert (found.status, found.body) == (204, b"")
    assert found.headers["access-control-allow-origin"] == OTHER
    assert found.headers["access-control-allow-headers"] == "content-type, x-more"
    assert found.headers["access-control-allow-methods"] == "GET, HEAD, POST, OPTIONS"
    assert "access-control-allow-credentials" not in found.headers
    assert found.headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", OWN)
def test_no_other_page_is_let_read_what_its_own_may(origin: str) -> None:
    found = ask(GUARDED, headers=[HOST, ("origin", origin)])
    assert "access-control-allow-origin" not in found.headers
    assert found.headers["cross-origin-resource-policy"] == "same-origin"


def test_nothing_but_http_is_spoken() -> None:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": str(scope["type"])})

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    for kind in ("websocket", "lifespan"):
        run(Guard(app, PORT)({"type": kind, "headers": []}, receive, send))
    assert sent == [{"type": "lifespan"}]


# --- with every answer -------------------------------------------------------------------------


def every_answer(tmp_path: Path) -> Sequence[tuple[int, Answered]]:
    """Answers of each kind: the status that is wanted, and what came."""
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    board = Board(draft())
    board.end()
    app = application(board, Place(templates, tmp_path, PORT, [OTHER]))
    foreign = [HOST, ("origin", "http://evil.example")]
    found = [
        (200, ask(app, "/")),
        (200, ask(app, "/tabell/13995")),
        (200, ask(app, "/_/preview.js")),
        (200, ask(app, "/_/hendelser")),
        (200, ask(app, "/api/v2/config")),
        (200, ask(app, "/api/v2/tables", headers=[HOST, ("origin", OTHER)])),
        (204, ask(app, "/api/v2/tables", headers=[HOST, ("origin", OTHER)], method="OPTIONS")),
        (404, ask(app, "/api/v2/nothing")),
        (403, ask(app, headers=[("host", "evil.example")])),
        (403, ask(app, headers=foreign)),
        (403, ask(app, headers=foreign, method="OPTIONS")),
        (404, ask(app, "/nothing")),
        (404, ask(app, "/tabell/nothing")),
        (404, ask(app, "/tabell/13995/hvorfor", f"celle={'9' * 5000}")),
        (405, ask(app, "/", method="DELETE")),
    ]
    for name in ("tables.html.j2", "error.html.j2"):
        (templates / "preview" / name).write_text("{{ nobody }}", encoding="utf-8")
        found.append((500, ask(app, "/")))
    return found


def test_every_answer_says_what_a_browser_may_do_with_it(tmp_path: Path) -> None:
    for wanted, found in every_answer(tmp_path):
        assert found.status == wanted
        assert found.headers["cache-control"] == "no-store"
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["referrer-policy"] == "no-referrer"
        assert found.headers["cross-origin-opener-policy"] == "same-origin"
        assert "cross-origin-resource-policy" in found.headers
        assert found.headers.getlist("content-security-policy") == [POLICY]
        assert "set-cookie" not in found.headers


def directives(policy: str) -> dict[str, list[str]]:
    parts = (part.split() for part in policy.split(";"))
    return {name: sources for name, *sources in parts}


def test_the_policy_lets_nothing_in_from_elsewhere_and_nothing_stand_in_the_page() -> None:
    found = directives(POLICY)
    assert found.pop("default-src") == ["'none'"]
    assert found.pop("base-uri") == ["'none'"]
    # An empty picture stands for a tab's icon.
    assert found.pop("img-src") == ["'self'", "data:"]
    assert {name: sources for name, sources in found.items() if sources != ["'self'"]} == {}
    assert {"script-src", "style-src", "frame-ancestors", "form-action"} <= found.keys()
