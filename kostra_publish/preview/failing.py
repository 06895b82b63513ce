"""Pages that say what is wrong: with what was saved last, or with the page that was asked for."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from kostra_publish.drafts import Wrong
from kostra_publish.errors import PublishError
from kostra_publish.preview.board import Board
from kostra_publish.preview.rendering import FOLDER, Renderer

ADDRESS: Final = "/feil"
_PART: Final = f"{ADDRESS}/del"


def routes(board: Board, renderer: Renderer) -> list[Route]:
    """What is wrong with what was saved last, as a page and as a part of one."""

    def page(_: Request) -> Response:
        return HTMLResponse(
            renderer.page(f"{FOLDER}/error.html.j2", board.draft, wrong=board.wrong, part=_PART)
        )

    def part(_: Request) -> Response:
        return HTMLResponse(
            renderer.page(f"{FOLDER}/error.part.html.j2", board.draft, wrong=board.wrong)
        )

    return [Route(ADDRESS, page), Route(_PART, part)]


def failed(renderer: Renderer, board: Board, error: PublishError, here: str = "") -> Response:
    """The page that takes the place of one that could not be made.

    A template may be what is wrong, those of the preview too: then plain words do.
    """
    try:
        page = renderer.page(
            f"{FOLDER}/error.html.j2", board.draft, here, wrong=Wrong.of(error), part=""
        )
    except PublishError:
        return Response(f"{error}\n", 500, media_type="text/plain; charset=utf-8")
    return HTMLResponse(page, 500)
