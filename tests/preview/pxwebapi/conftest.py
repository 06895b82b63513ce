"""The API of a small draft, served on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Mount

from kostra_publish.drafts import Draft
from kostra_publish.preview.pxwebapi import routes
from tests.preview.few_drafts import few_draft
from tests.preview.serving import served


@dataclass
class Api:
    """Where it is, and what it serves; another draft may take the place of the first."""

    draft: Draft
    address: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **parameters: str) -> requests.Response:
        return self.ask("GET", path, params=parameters)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, f"{self.address}{path}", timeout=30, **more)


@pytest.fixture(scope="module")
def server() -> Iterator[Api]:
    found = Api(few_draft())
    app = Starlette(routes=[Mount("/api/v2", routes=routes(lambda: found.draft))])
    with served(app) as origin, found.session:
        found.address = f"{origin}/api/v2"
        # The tests keep off the network by a proxy that is closed.
        found.session.trust_env = False
        yield found


@pytest.fixture
def api(server: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    draft = server.draft
    yield server
    server.draft = draft
