"""What is served of tables: the list of them, and each as a pivot view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.drafts import Draft
from kostra_publish.outputs.comparison import words
from kostra_publish.outputs.facts import TableFacts, numbered_title
from kostra_publish.preview.changes import Changes, changes
from kostra_publish.preview.pivot import Page, as_text, pivot
from kostra_publish.preview.rendering import FOLDER, SHARED, TABLES, Renderer
from kostra_publish.specs.models import TableSpec


@dataclass(frozen=True)
class Listed:
    """A table in the list of tables."""

    id: str
    title: str
    cells: int
    facts: TableFacts | None
    """None while the table is awaited."""
    vintages: Sequence[int]
    changes: Changes | None
    """What has changed since the release before; None without one, or while it is awaited."""
    is_new: bool
    interim: int
    """How many of its measures are protected by themselves so far."""
    measures: int


def listed(draft: Draft) -> list[Listed]:
    """The tables of a draft, in its order."""
    return [_listed(draft, table) for table in draft.tables]


def _listed(draft: Draft, table: TableSpec) -> Listed:
    cube = draft.cubes.get(table.id)
    compared = cube is not None and draft.previous_name is not None
    return Listed(
        id=table.id,
        title=numbered_title(table, "nb"),
        cells=0 if cube is None else len(cube.values),
        facts=None if cube is None else TableFacts.of(cube, draft.release),
        vintages=() if cube is None else tuple(cube.vintages),
        changes=changes(cube, draft.previous.get(table.id)) if cube and compared else None,
        is_new=compared and table.id not in draft.previous,
        interim=len(draft.interim.get(table.id, ())),
        measures=len(table.measures),
    )


def routes(
    current: Callable[[], Draft],
    templates: Path,
    looked: Callable[[str], object] = lambda _table: None,
) -> list[Route]:
    """The pages of tables, of whatever draft is the current one when they are asked for.

    ``looked`` is told of each table that somebody looks at.
    """
    views = _Views(current, Renderer(templates), looked)
    return [
        Route(TABLES, views.tables),
        Route("/bord", views.tables_part),
        Route("/tabell/{id}", views.table),
        Route("/tabell/{id}/bord", views.table_part),
        Route("/tabell/{id}/tsv", views.text),
        *(Route(f"/_/{name}", views.shared) for name in SHARED),
    ]


@dataclass(frozen=True, eq=False)
class _Views:
    """Endpoints. They are no coroutines, so that a table that takes its time holds up no other."""

    current: Callable[[], Draft]
    renderer: Renderer
    looked: Callable[[str], object]

    def tables(self, _: Request) -> Response:
        """The list of tables."""
        return self._tables("tables.html.j2")

    def tables_part(self, _: Request) -> Response:
        """The same without what stands around it."""
        return self._tables("tables.part.html.j2")

    def _tables(self, template: str) -> Response:
        draft = self.current()
        return self._page(template, draft, tables=listed(draft), previous=draft.previous_name)

    def table(self, request: Request) -> Response:
        """A table: how it is laid out and what is picked stands in the address."""
        return self._table(request, "table.html.j2", whole=True)

    def table_part(self, request: Request) -> Response:
        """The same without what stands around it."""
        return self._table(request, "table.part.html.j2", whole=False)

    def _table(self, request: Request, template: str, *, whole: bool) -> Response:
        draft = self.current()
        table = _table(draft, request)
        if table is None:
            return self._missing(draft, request)
        self.looked(table.id)
        title = {"title": numbered_title(table, "nb")} if whole else {}
        return self._page(
            template,
            draft,
            page=_pivot(draft, request),
            id=table.id,
            previous=draft.previous_name,
            kinds=words.KIND["nb"],
            meanings=words.MEANING,
            **title,
        )

    def text(self, request: Request) -> Response:
        """What is picked as text, for a spreadsheet."""
        draft = self.current()
        if (cube := _cube(draft, request)) is None:
            return self._missing(draft, request)
        return PlainTextResponse(as_text(cube, request.query_params.multi_items()))

    def shared(self, request: Request) -> Response:
        """A file that all pages share."""
        name = request.url.path.rpartition("/")[2]
        return Response(self.renderer.shared(name), media_type=SHARED[name])

    def _missing(self, draft: Draft, request: Request) -> Response:
        page = self._page("missing.html.j2", draft, id=request.path_params["id"])
        page.status_code = HTTPStatus.NOT_FOUND
        return page

    def _page(self, template: str, draft: Draft, **content: object) -> Response:
        name = f"{FOLDER}/{template}"
        return HTMLResponse(self.renderer.page(name, draft, TABLES, **content))


def _table(draft: Draft, request: Request) -> TableSpec | None:
    wanted = request.path_params["id"]
    return next((table for table in draft.tables if table.id == wanted), None)


def _cube(draft: Draft, request: Request) -> SafeCube | None:
    return draft.cubes.get(request.path_params["id"])


def _pivot(draft: Draft, request: Request) -> Page | None:
    """The page of a table; None while it is awaited."""
    if (cube := _cube(draft, request)) is None:
        return None
    return pivot(
        cube,
        request.query_params.multi_items(),
        draft.catalogue,
        previous=draft.previous.get(cube.table.id),
        previous_name=draft.previous_name,
        interim=draft.interim.get(cube.table.id, frozenset()),
    )
