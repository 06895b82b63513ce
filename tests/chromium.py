"""The Chromium that tests read pages with: one for all tests of a process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def program() -> str:
    """The Chromium that tests run; without one they fail, and are never left out."""
    wanted = os.environ.get("CHROMIUM")
    for name in (wanted,) if wanted else BROWSERS:
        if found := shutil.which(name):
            return found
    pytest.fail("no Chromium: `make test` installs it on Debian; else set CHROMIUM to its path")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Playwright can be at work once in a process: whoever needs a browser takes this one."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program(),
            # Names cannot be looked up: a page that fetches from elsewhere fails in any network.
            args=["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield started
        started.close()
