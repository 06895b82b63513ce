"""What every test can count on: no network, one terminal width, the same examples each time."""

import os

import pytest
from hypothesis import settings

from tests.chromium import browser

__all__ = ["browser"]

# Hypothesis draws the same examples on every machine, and a slow machine is no failure.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)

# pytest-socket keeps this process off the network; these keep its children off it too.
CLOSED_PROXY = "http://127.0.0.1:9"
CHILDREN_OFF_THE_NETWORK = {
    "HTTP_PROXY": CLOSED_PROXY,
    "HTTPS_PROXY": CLOSED_PROXY,
    "ALL_PROXY": CLOSED_PROXY,
    "PIP_NO_INDEX": "1",
    "npm_config_offline": "true",
}

# Threads of linear algebra wait for each other by spinning, and the matrices here are too small
# to gain from them. They are read when numpy is loaded: after this, and in children.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
os.environ.update(ONE_THREAD)

PLAIN_TERMINAL = {"COLUMNS": "120", "LINES": "40", "TERM": "dumb", "NO_COLOR": "1"}


def pytest_configure(config: pytest.Config) -> None:
    os.environ.update(CHILDREN_OFF_THE_NETWORK | PLAIN_TERMINAL)
    for forced_colour in ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS"):
        os.environ.pop(forced_colour, None)
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile("repeatable")


FIRST = ("test_publication.py", "browser", "pages", "test_invariance.py", "test_releasing.py")
"""Modules and rooms that take minutes: begun last, they would keep one process at work while
others rest. Those of browsers compile nothing: two processes do not begin by compiling the same."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: place for place, name in enumerate(FIRST)}

    def place(item: pytest.Item) -> int:
        return order.get(item.path.name, order.get(item.path.parent.name, len(order)))

    items.sort(key=place)
