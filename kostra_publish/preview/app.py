"""The web application: every part of the preview behind one guard."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Lifespan

from kostra_publish.drafts import Looked
from kostra_publish.errors import PublishError
from kostra_publish.preview import asking, failing, framed, live, views
from kostra_publish.preview.board import Board
from kostra_publish.preview.guard import Guard
from kostra_publish.preview.pxwebapi import routes as pxwebapi
from kostra_publish.preview.rendering import Renderer

API: Final = "/api/v2"
"""Where PxWebApi 2 is."""


@dataclass(frozen=True)
class Place:
    """Where things are: templates and earlier releases; and who may ask."""

    templates: Path
    out: Path
    port: int
    origins: Collection[str] = ()
    """Other programs whose pages may read the API."""


def application(board: Board, place: Place, lifespan: Lifespan[Starlette] | None = None) -> Guard:
    """All that is served of a board, guarded; ``lifespan`` is what runs beside it."""
    renderer = Renderer(place.templates)

    def wrong(_: Request, error: Exception) -> Response:
        assert isinstance(error, PublishError)  # noqa: S101  # it is asked for those alone
        return failing.failed(renderer, board, error)

    served = Starlette(
        routes=[
            *live.routes(board),
            *failing.routes(board, renderer),
            *asking.routes(board, renderer),
            *framed.routes(board, renderer, place.out),
            Mount(API, routes=pxwebapi(board.current)),
            *views.routes(board.current, place.templates, lambda table: board.ask(Looked(table))),
        ],
        exception_handlers={PublishError: wrong},
        lifespan=lifespan,
    )
    return Guard(served, place.port, place.origins, API)
