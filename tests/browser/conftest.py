"""A small site, served on this machine, and a Chromium that reads it and reports what is amiss."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import small_site
from tests.browser.reading import Reader
from tests.browser.serving import served


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, in the public folder of a release."""
    return small_site.write(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site's front page is."""
    with served(site.parent) as origin:
        yield f"{origin}/{site.name}/"


@pytest.fixture
def reader(browser: Browser, address: str) -> Iterator[Reader]:
    """Opens pages; afterwards nothing may have been fetched from elsewhere, refused or failed."""
    opened = Reader(browser, address)
    yield opened
    opened.close()
    assert opened.troubles == []


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures for people to look at are kept: SCREENSHOTS, or among the test's own files."""
    wanted = os.environ.get("SCREENSHOTS")
    folder = Path(wanted) if wanted else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
