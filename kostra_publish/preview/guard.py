"""Who may ask, and what a browser may do with the answer.

The preview listens on this machine alone. What could still reach it is a page of somebody else in
the same browser: by another name of this machine (DNS rebinding), or by asking across origins.
Both are refused, before anything is looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
"""What this machine is called by itself."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
"""What a page of the preview may do, unless the page has a policy of its own."""

_ALWAYS: Final[Mapping[str, str]] = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_USUAL_PORT: Final = 80
_METHODS: Final = "GET, HEAD, POST, OPTIONS"


@dataclass(frozen=True)
class Guard:
    """Lets through what comes from this machine and these origins.

    ``origins`` are those of other programs that may read what is below the path ``shared``, such as
    ``http://localhost:3000``; its own may read everything.
    """

    app: ASGIApp
    port: int
    origins: Collection[str] = ()
    shared: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse, or pass on with what a browser must know."""
        if scope["type"] != "http":
            # Nothing but HTTP is spoken here: a web socket is not let in.
            await self.app(scope, receive, send) if scope["type"] == "lifespan" else None
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        if refused := self._refused(headers, scope["path"]):
            answer: ASGIApp = PlainTextResponse(refused, 403)
        elif scope["method"] == "OPTIONS" and origin:
            answer = Response(status_code=204)
        else:
            answer = self.app

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                sharing = self._sharing("" if refused else origin, headers)
                for name, value in {**_ALWAYS, **sharing}.items():
                    found[name] = value
                found.setdefault("content-security-policy", POLICY)
            await send(message)

        await answer(scope, receive, marked)

    @property
    def own(self) -> list[str]:
        """The names and port that this server answers to; a browser leaves out the usual port."""
        ports = (f":{self.port}", "") if self.port == _USUAL_PORT else (f":{self.port}",)
        return [f"{name}{port}" for port in ports for name in NAMES]

    def _refused(self, headers: Headers, path: str) -> str:
        """Why a request is refused; empty when it is not."""
        if headers.getlist("host") != [headers.get("host")] or headers["host"] not in self.own:
            return f"This server answers to {', '.join(self.own)} only.\n"
        origin = headers.get("origin")
        if origin is not None and not self._may_ask(origin, path):
            return "Pages of other origins may not ask; see --allow-origin.\n"
        # Without an origin a browser still says where a request comes from. A link may be followed
        # from anywhere; what another page would load into itself may not.
        site = headers.get("sec-fetch-site", "none")
        if origin is None and site not in {"none", "same-origin"}:
            navigates = headers.get("sec-fetch-mode") == "navigate"
            if not (navigates and headers.get("sec-fetch-dest") == "document"):
                return "Other pages may not load this; see --allow-origin.\n"
        return ""

    def _may_ask(self, origin: str, path: str) -> bool:
        if origin in {f"http://{name}" for name in self.own}:
            return True
        return origin in self.origins and path.startswith(f"{self.shared}/")

    def _sharing(self, origin: str, headers: Headers) -> dict[str, str]:
        """What lets pages of an allowed origin read the answer; no others."""
        if origin not in self.origins:
            return {"cross-origin-resource-policy": "same-origin", "vary": "Origin"}
        asked = headers.get("access-control-request-headers", "")
        return {
            "access-control-allow-origin": origin,
            "access-control-allow-methods": _METHODS,
            **({"access-control-allow-headers": asked} if asked else {}),
            "cross-origin-resource-policy": "cross-origin",
            "vary": "Origin",
        }
