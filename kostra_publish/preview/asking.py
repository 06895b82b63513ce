"""Why a cell shows what it shows: asked of the process that knows, and told without a value."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

import numpy as np
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.drafts import Answer, Draft
from kostra_publish.explaining import Link
from kostra_publish.preview.board import Board
from kostra_publish.preview.rendering import FOLDER, Renderer
from kostra_publish.specs.dimensions import TIME

_INTERIM = "Tallet er foreløpig skjermet for seg. Spør igjen når hele runden er laget."
_UNHEARD = "Den som vet det, har ikke svart. Prøv igjen."


def routes(board: Board, renderer: Renderer) -> list[Route]:
    """The answer for one cell, by its place in the table, as a part of a page."""

    async def why(request: Request) -> Response:
        draft = board.draft
        cube = draft.cubes.get(request.path_params["id"])
        place = request.query_params.get("celle", "")
        if cube is None or not _is_below(place, len(cube.values)):
            return PlainTextResponse("Det er ingen slik celle.\n", HTTPStatus.NOT_FOUND)
        answer = await _asked(board, cube, int(place))
        page = renderer.page(
            f"{FOLDER}/why.part.html.j2",
            draft,
            explained=answer.explained,
            why_not=answer.why_not,
            address=partial(_address, draft),
        )
        return HTMLResponse(page)

    return [Route("/tabell/{id}/hvorfor", why)]


def _is_below(place: str, count: int) -> bool:
    """Whether it is the number of one of so many cells; Python reads no number of any length."""
    return place.isdecimal() and len(place) <= len(str(count)) and int(place) < count


async def _asked(board: Board, cube: SafeCube, place: int) -> Answer:
    """What is to be said of a cell; figures that may change yet are not asked about."""
    cell = {
        dimension.code: dimension.codes[int(position)]
        for dimension, position in zip(
            cube.dimensions, np.unravel_index(place, cube.size), strict=True
        )
    }
    if board.draft.interim.get(cube.table.id, frozenset()) & set(cell.values()):
        return Answer(0, None, _INTERIM)
    try:
        return await board.why(cube.table.id, cell)
    except TimeoutError:
        return Answer(0, None, _UNHEARD)


def _address(draft: Draft, link: Link) -> str:
    """Where a cell that is spoken of can be seen; empty where it is in no table here."""
    if link.table not in draft.cubes or link.release:
        return ""
    others = {code: category for code, category in link.codes.items() if code != TIME}
    return f"/tabell/{link.table}?" + urlencode(
        {f"valueCodes[{code}]": category for code, category in others.items()}
    )
