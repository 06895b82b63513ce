"""What axe-core finds on every kind of page in every language: WCAG 2.2 at level AA."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.archetypes import ARCHETYPES, LANGUAGES, MORE
from tests.browser.reading import Reader

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

AXE = Path(__file__).parents[1] / "readers" / "node_modules" / "axe-core" / "axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

BAD = """<!doctype html>
<html>
<head><title>A bad page</title></head>
<body>
<p style="color: #999; background: #fff">Grey on white.</p>
<img src="data:,">
<input type="text">
<p><a href="#a" style="display: inline-block; width: 9px">a</a><a href="#b"
  style="display: inline-block; width: 9px">b</a></p>
<button></button>
<ul><p>Not an item.</p></ul>
</body>
</html>
"""


@cache
def axe() -> str:
    return AXE.read_text(encoding="utf-8")


def violations(page: Page, **options: Any) -> list[str]:
    """Each rule that is broken, with where it is."""
    page.evaluate(axe())
    options = {"preload": False, "runOnly": {"type": "tag", "values": LEVELS}, **options}
    found = page.evaluate(
        "(options) => axe.run(document, {...options, resultTypes: ['violations']})", options
    )
    return [
        f"{one['id']}: {node['target']} {node['html'][:120]}"
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("name", [*ARCHETYPES, *MORE])
def test_no_page_breaks_a_rule_in_any_language(reader: Reader, name: str) -> None:
    path = (ARCHETYPES | MORE)[name]
    for folder in LANGUAGES.values():
        assert violations(reader.page(folder + path)) == [], folder


@pytest.mark.parametrize("name", ["suppressed", "figure", "front"])
def test_nor_in_the_dark_or_on_a_telephone(reader: Reader, name: str) -> None:
    page = reader.page(ARCHETYPES[name], width=320, color_scheme="dark")
    assert violations(page) == []


def test_nor_with_an_open_list_an_added_column_and_a_chart(reader: Reader) -> None:
    page = reader.page(ARCHETYPES["suppressed"] + "?med=1144-kvitsoy")
    page.locator("th.added").wait_for()
    page.locator("button[data-chart]").first.click()
    page.locator(".js-plotly-plot").wait_for()
    page.locator("#q").type("sol")
    page.locator(".hit").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert violations(page) == []


def test_a_page_that_does_not_exist_says_so_as_well(reader: Reader) -> None:
    page = reader.page("nothing/here/")
    assert page.locator("h1").text_content() == "Siden finnes ikke"
    assert violations(page) == []
    [failed] = reader.troubles
    assert "404" in failed
    reader.troubles.clear()


def test_a_bad_page_is_found_out(reader: Reader) -> None:
    page = reader.browser.new_page()
    page.set_content(BAD)
    found = {one.partition(":")[0] for one in violations(page)}
    page.close()
    assert found >= {
        "button-name",
        "color-contrast",
        "html-has-lang",
        "image-alt",
        "label",
        "list",
        "target-size",
    }
