"""The pages of tables served on this machine, with drafts that come when a test says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kostra_publish.drafts import Draft
from kostra_publish.pages.rendering import POLICY
from kostra_publish.preview.views import routes
from tests.preview.serving import served

TEMPLATES = Path(__file__).parents[2] / "templates"
Said = str | None
"""What is sent to those who listen; None: that there is no more."""


class Served:
    """The current draft, and those who listen for the next."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.address = ""
        self.listening = Event()
        """Set while somebody listens."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: list[asyncio.Queue[Said]] = []

    def current(self) -> Draft:
        return self.draft

    def tell(self, draft: Draft, tables: Sequence[str], *, state: str, **more: bool) -> None:
        """Make a draft the current one, unless it has failed, and tell everybody."""
        if not more.get("error"):
            self.draft = draft
        self._send(_event(draft.version, tables, state, **more))

    def hang_up(self) -> None:
        """End every stream."""
        self._send(None)

    def _send(self, said: Said) -> None:
        assert self.listening.wait(20)
        if self._loop is not None:
            for queue in [*self._listeners]:
                self._loop.call_soon_threadsafe(queue.put_nowait, said)

    async def events(self, _: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[Said] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._listeners.append(queue)
        self.listening.set()
        try:
            # A long wait before the next try: a test looks at what is told while it is lost.
            yield "retry: 60000\n\n"
            version = self.draft.version
            yield _event(version, [], f"Utkast {version} er klart")
            while (said := await queue.get()) is not None:
                yield said
        finally:
            self._listeners.remove(queue)
            if not self._listeners:
                self.listening.clear()

    def why(self, request: Request) -> Response:
        place = int(request.query_params["celle"])
        return HTMLResponse(f"<p>Cella {place} er skjult.</p>")


def _event(version: int, tables: Sequence[str], state: str, **more: bool) -> str:
    content = {"version": version, "tables": [*tables], "state": state, "error": False, **more}
    return f"event: draft\ndata: {json.dumps(content)}\n\n"


class _Policy:
    """Sends the policy of the pages with each answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"content-security-policy", POLICY.encode()))
            await send(message)

        await self.app(scope, receive, with_policy)


@contextmanager
def followed(draft: Draft) -> Iterator[Served]:
    """Serve a draft, and whatever it is changed to."""
    found = Served(draft)
    app = Starlette(
        routes=[
            *routes(found.current, TEMPLATES),
            Route("/_/hendelser", found.events),
            Route("/tabell/{id}/hvorfor", found.why),
        ],
        middleware=[Middleware(_Policy)],
    )
    with served(app) as found.address:
        yield found
        if found.listening.is_set():
            found.hang_up()
