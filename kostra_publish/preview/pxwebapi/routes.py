"""The addresses of the API, and what answers there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from kostra_publish.drafts import Draft
from kostra_publish.outputs.jsonstat import render
from kostra_publish.preview.pxwebapi import codelists, tables
from kostra_publish.preview.pxwebapi.asked import Asked, Json
from kostra_publish.preview.pxwebapi.data import data
from kostra_publish.preview.pxwebapi.expressions import items
from kostra_publish.preview.pxwebapi.metadata import default_selection, metadata
from kostra_publish.preview.pxwebapi.problems import MEDIA_TYPE, Problem, ProblemError
from kostra_publish.preview.pxwebapi.selection import Query, by_dimension, in_address, in_body

_HEADERS: Final = {"Cache-Control": "no-store"}
"""A draft changes."""


@dataclass(frozen=True)
class _Call:
    """A request that is to be answered."""

    asked: Asked
    request: Request
    body: bytes

    @property
    def id(self) -> str:
        """What the path names."""
        return str(self.request.path_params["id"])

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters of the address, by name in small letters; lists are joined by commas."""
        found: dict[str, list[str]] = {}
        for name, value in self.pairs:
            found.setdefault(name.casefold(), []).append(value)
        return {name: ",".join(values) for name, values in found.items()}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The parameters of the address, as they are given."""
        return self.request.query_params.multi_items()


Answer = Callable[[_Call], Response]


def routes(current: Callable[[], Draft]) -> list[Route]:
    """What answers at each path of the API, of the draft that ``current`` gives each time.

    Whoever mounts them guards them: they look at neither host nor origin.
    """
    answers: Mapping[str, Mapping[str, Answer]] = {
        "/config": {"GET": lambda call: _json(tables.config(call.asked))},
        "/tables": {"GET": lambda call: _json(tables.listing(call.asked, call.parameters))},
        "/tables/{id}": {"GET": _table},
        "/tables/{id}/metadata": {"GET": _metadata},
        "/tables/{id}/defaultselection": {"GET": _default_selection},
        "/tables/{id}/data": {
            "GET": lambda call: _data(call, in_address(call.pairs)),
            "POST": lambda call: _data(call, in_body(call.body)),
        },
        "/codelists/{id}": {"GET": lambda call: _json(codelists.named(call.asked, call.id))},
        "/savedqueries": {"POST": _save},
        "/savedqueries/{id}": {"GET": _saved},
        "/savedqueries/{id}/{what}": {"GET": _saved},
        "/{rest:path}": {},
    }
    return [Route(path, _Endpoint(current, of)) for path, of in answers.items()]


@dataclass(frozen=True, eq=False)
class _Endpoint:
    """What answers at a path, by method; every other method gets a problem."""

    current: Callable[[], Draft]
    answers: Mapping[str, Answer]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        body = await request.body()
        response = await run_in_threadpool(self._response, request, body)
        await response(scope, receive, send)

    @property
    def _allowed(self) -> list[str]:
        return [*self.answers, *(["HEAD"] if "GET" in self.answers else []), "OPTIONS"]

    def _response(self, request: Request, body: bytes) -> Response:
        try:
            return self._answered(request, body)
        except ProblemError as error:
            response = _json(error.document, error.problem.status, MEDIA_TYPE)
            if error.problem is Problem.METHOD:
                response.headers["Allow"] = ", ".join(self._allowed)
            return response

    def _answered(self, request: Request, body: bytes) -> Response:
        if not self.answers:
            raise ProblemError(
                Problem.NOT_FOUND,
                f"there is nothing at {request.url.path}",
                fix="There are config, tables, tables/{id} with metadata, defaultselection and"
                " data, and codelists/{id}.",
            )
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(self._allowed)})
        answer = self.answers.get("GET" if request.method == "HEAD" else request.method)
        if answer is None:
            raise ProblemError(
                Problem.METHOD,
                f"{request.url.path} does not take {request.method}",
                fix=f"It takes {', '.join(self._allowed)}.",
            )
        address = str(request.url.replace(path=request.scope.get("root_path", ""), query=""))
        language = request.query_params.get("lang")
        return answer(_Call(Asked.of(self.current(), language, address), request, body))


# --- answers ------------------------------------------------------------------------


def _table(call: _Call) -> Response:
    cube = call.asked.table(call.id)
    return _json({"language": call.asked.called, **tables.entry(call.asked, cube)})


def _metadata(call: _Call) -> Response:
    if call.parameters.get("savedquery"):
        raise _no_saved_query()
    applied = by_dimension(call.pairs, "codelist")
    return _json(metadata(call.asked, call.asked.table(call.id), applied))


def _default_selection(call: _Call) -> Response:
    return _json(default_selection(call.asked, call.asked.table(call.id)))


def _data(call: _Call, query: Query) -> Response:
    found = data(
        call.asked,
        call.asked.table(call.id),
        query,
        call.parameters.get("outputformat", ""),
        items(call.parameters.get("outputformatparams", "")),
    )
    named = {"Content-Disposition": f'inline; filename="{found.file_name}"'}
    return Response(found.content, media_type=found.media_type, headers=_HEADERS | named)


def _save(_: _Call) -> Response:
    raise ProblemError(
        Problem.NO_SAVING,
        "the preview keeps no queries",
        fix="Keep the address of tables/{id}/data with its parameters instead.",
    )


def _saved(_: _Call) -> Response:
    raise _no_saved_query()


def _no_saved_query() -> ProblemError:
    return ProblemError(
        Problem.NO_SAVED_QUERY,
        "the preview keeps no queries",
        fix="Ask tables/{id}/data for what is wanted.",
    )


def _json(content: Json, status: int = 200, media_type: str = "application/json") -> Response:
    return Response(render(content), status, _HEADERS, media_type)
