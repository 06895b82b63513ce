"""An application asked without a network: what it answers to a request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from threading import Thread
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message


class Answered(NamedTuple):
    status: int
    headers: Headers
    body: bytes


def asked(
    app: ASGIApp, path: str = "/", headers: Sequence[tuple[str, str]] = (), method: str = "GET"
) -> Answered:
    """What is answered; a browser's event loop may run in this thread, so another asks."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "scheme": "http",
        "server": ("127.0.0.1", 8765),
        "http_version": "1.1",
    }
    thread = Thread(target=lambda: asyncio.run(_of(app(scope, receive, send))))
    thread.start()
    thread.join()
    start = told[0]
    body = b"".join(message.get("body", b"") for message in told[1:])
    return Answered(start["status"], Headers(raw=list(start["headers"])), body)


async def _of(coroutine: object) -> None:
    await coroutine  # type: ignore[misc]  # what an application gives
