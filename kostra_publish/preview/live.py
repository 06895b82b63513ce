"""Open pages are told what happens, by server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from kostra_publish.preview.board import Board

ADDRESS = "/_/hendelser"


def routes(board: Board) -> list[Route]:
    """The stream of events."""

    async def stream() -> AsyncIterator[str]:
        async for event in board.events():
            yield f"event: draft\ndata: {json.dumps(asdict(event), ensure_ascii=False)}\n\n"

    async def events(_request: Request) -> StreamingResponse:
        return StreamingResponse(stream(), media_type="text/event-stream")

    return [Route(ADDRESS, events)]
