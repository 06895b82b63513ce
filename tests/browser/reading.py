"""Pages opened in a browser, with everything that went wrong on the way."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

_TELL_WHAT_IS_REFUSED = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("policy", event.violatedDirective, event.blockedURI, event.sourceFile));
"""


class Reader:
    """Opens pages of a site, each as a new visitor."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser = browser
        self.address = address
        self.troubles: list[str] = []
        """Requests that left the site's server, refusals by its policy, errors of the script."""
        self._contexts: list[BrowserContext] = []

    def page(self, path: str = "", *, width: int = 1280, height: int = 900, **how: Any) -> Page:
        """The page at a path below the site's root; ``how`` is what Playwright calls a context."""
        how.setdefault("reduced_motion", "reduce")
        context = self.browser.new_context(viewport={"width": width, "height": height}, **how)
        self._contexts.append(context)
        context.set_default_timeout(20_000)
        context.add_init_script(_TELL_WHAT_IS_REFUSED)
        page = context.new_page()
        page.on("request", self._watch_request)
        page.on("console", self._watch_console)
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        page.goto(self.address + path)
        return page

    def _watch_request(self, request: Request) -> None:
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.address))
        if not request.url.startswith((origin + "/", "data:", "blob:")):
            self.troubles.append(f"{request.frame.url}: asked for {request.url}")

    def _watch_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(f"{message.location.get('url')}: {message.text}")

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self._contexts.clear()
