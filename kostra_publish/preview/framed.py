"""Pages of a release, seen in a frame: key figures, the quality report, and what differs.

They are made by the renderers of a release, byte for byte, one page at a time. Around each stands
a page of the preview, so that one sees that it is not published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from mimetypes import guess_type
from pathlib import Path
from threading import Lock
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from kostra_publish.comparing import Side, compare, read_files, side_of
from kostra_publish.errors import PublishError
from kostra_publish.outputs import pages
from kostra_publish.outputs.comparison.page import write_page
from kostra_publish.outputs.quality import quality_page
from kostra_publish.pages.rendering import FOLDER as SITE_FOLDER
from kostra_publish.pages.rendering import POLICY
from kostra_publish.pages.site import Site, site_of
from kostra_publish.preview.board import Board
from kostra_publish.preview.failing import failed
from kostra_publish.preview.rendering import CHANGES, FOLDER, QUALITY, SITE, Renderer
from kostra_publish.releases.manifest import read_manifest

INSIDE: Final = "/utgivelse"
"""Where the pages are by themselves."""

_FRAMED: Final = "frame-ancestors 'self'"
"""No page but one of the preview may have them in a frame."""
_TITLES: Final[Mapping[str, str]] = {
    SITE: "Nøkkeltall",
    QUALITY: "Kvalitetsrapport",
    CHANGES: "Endringer siden forrige utgivelse",
}
_AWAITED: Final[Mapping[str, str]] = {
    SITE: "Sidene kommer når tabeller med nøkkeltall er ferdig skjermet.",
    QUALITY: "Kvalitetsrapporten kommer når hele runden er laget.",
    CHANGES: "Det er ingen tidligere utgivelse å sammenligne med, eller ingen tabell er ferdig.",
}


def routes(board: Board, renderer: Renderer, out: Path) -> list[Route]:
    """The pages in their frame, and by themselves."""
    framed = _Framed(board, renderer, out)
    return [
        Route(f"{SITE}{{path:path}}", framed.frame(SITE)),
        Route(QUALITY, framed.frame(QUALITY)),
        Route(CHANGES, framed.frame(CHANGES)),
        Route(f"{INSIDE}{SITE}{{path:path}}", framed.served(SITE, framed.site_file)),
        Route(f"{INSIDE}{QUALITY}", framed.served(QUALITY, framed.quality)),
        Route(f"{INSIDE}{CHANGES}", framed.served(CHANGES, framed.changes)),
    ]


@dataclass(eq=False)
class _Framed:
    """What is made of the newest draft, and kept until anything is saved."""

    board: Board
    renderer: Renderer
    out: Path

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._version = -1
        self._site: Site | None = None
        self._changes: bytes | None = None

    # --- in the frame -------------------------------------------------------------------

    def frame(self, here: str) -> Callable[[Request], Response]:
        """The page around one part of the release."""

        def answer(request: Request) -> Response:
            path = str(request.path_params.get("path", ""))
            return HTMLResponse(
                self.renderer.page(
                    f"{FOLDER}/frame.html.j2",
                    self.board.draft,
                    here,
                    title=_TITLES[here],
                    source=f"{INSIDE}{here}{path}" if self._is_there(here) else "",
                    awaited=_AWAITED[here],
                )
            )

        return answer

    def _is_there(self, here: str) -> bool:
        draft = self.board.draft
        if here == QUALITY:
            return self.board.report is not None
        if here == CHANGES:
            return draft.previous_name is not None and bool(draft.settled)
        return draft.catalogue.pages is not None and bool(draft.settled)

    # --- by themselves ------------------------------------------------------------------

    def served(
        self, here: str, make: Callable[[str], Response | None]
    ) -> Callable[[Request], Response]:
        """A page by itself; what is wrong with a template takes its place."""

        def answer(request: Request) -> Response:
            try:
                with self._lock:
                    self._renew()
                    found = make(str(request.path_params.get("path", "")))
            except PublishError as error:
                return failed(self.renderer, self.board, error, here)
            return found or Response("Siden er ikke her.\n", 404, media_type="text/plain")

        return answer

    def _renew(self) -> None:
        """Forget what was made before anything was saved last."""
        if self._version != self.board.version:
            self._version = self.board.version
            self._site = self._changes = None

    def site_file(self, path: str) -> Response | None:
        """A page or another file of the key-figure site."""
        if self._site is None:
            draft = self.board.draft
            cubes = list(draft.settled.values())
            self._site = site_of(cubes, draft.catalogue, draft.release, self.renderer.templates)
        if self._site is None:
            return None
        name = f"{path}index.html" if path == "" or path.endswith("/") else path
        found = self._site.file(f"{SITE_FOLDER}/{name}")
        if found is None and self._site.file(f"{SITE_FOLDER}/{path}/index.html") is not None:
            return RedirectResponse(f"{INSIDE}{SITE}{path}/")
        if found is None:
            return None
        kind, _ = guess_type(name)
        headers = {"content-security-policy": f"{POLICY}; {_FRAMED}"}
        return Response(found, headers=headers, media_type=kind or "application/octet-stream")

    def quality(self, _path: str) -> Response | None:
        """The quality report, without figures of kommuner."""
        if self.board.report is None:
            return None
        return self._plain(quality_page(self.board.report, self.renderer.templates))

    def changes(self, _path: str) -> Response | None:
        """What differs from the release before."""
        draft = self.board.draft
        if draft.previous_name is None or not draft.settled:
            return None
        if self._changes is None:
            cubes = list(draft.settled.values())
            now = side_of(draft.release.round.name, cubes, draft.catalogue, draft.release)
            found = compare(self._before, now)
            self._changes = write_page(found, self.renderer.templates)
        return self._plain(self._changes)

    @cached_property
    def _before(self) -> Side:
        """The release before, which does not change."""
        release = self.out / str(self.board.draft.previous_name)
        published = read_manifest(release)
        return read_files(release, published.round, published.outputs)

    def _plain(self, page: bytes) -> Response:
        policy = pages.policy(self.renderer.templates)
        headers = {"content-security-policy": f"{policy}; {_FRAMED}"}
        return HTMLResponse(page, headers=headers)
