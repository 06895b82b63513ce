"""A web application asked without a network, as a server would ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message

from tests.loops import run

PORT: Final = 8765
HOST: Final = ("host", f"127.0.0.1:{PORT}")


@dataclass
class Answered:
    """What was sent back."""

    messages: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> Headers:
        return Headers(raw=self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(one.get("body", b"") for one in self.messages)

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(
    app: ASGIApp,
    path: str = "/",
    query: str = "",
    *,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (HOST,),
) -> Answered:
    """The answer to one request; whoever asked is gone when it has been sent."""
    found = Answered()
    asked = [False]

    async def receive() -> Message:
        if asked[0]:
            await asyncio.Event().wait()
        asked[0] = True
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        found.messages.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }
    run(app(scope, receive, send))  # type: ignore[arg-type]  # each of these is a coroutine
    return found
