"""Pages on a narrow screen, on paper, in the dark and in the colours of the reader's system."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.archetypes import ARCHETYPES, AREAS, LANGUAGES, MORE
from tests.browser.reading import Reader

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

NARROW = 320
WIDTH = "document.scrollingElement.scrollWidth"
LOOKS: dict[str, dict[str, Any]] = {
    "desktop": {},
    "phone": {"width": 390, "height": 844},
    "dark": {"color_scheme": "dark"},
    "forced-colours": {"forced_colors": "active"},
    "print": {"width": 794, "height": 1123},
}
PICTURED = ("front", "suppressed", "fylke", "figure")


@pytest.mark.parametrize("name", [*ARCHETYPES, *MORE])
def test_nothing_is_wider_than_a_narrow_screen(reader: Reader, name: str) -> None:
    path = (ARCHETYPES | MORE)[name]
    page = reader.page(path, width=NARROW, height=640)
    for folder in LANGUAGES.values():
        page.goto(reader.address + folder + path)
        assert page.evaluate(WIDTH) <= NARROW, folder


def test_nor_are_lists_added_columns_and_charts(reader: Reader) -> None:
    page = reader.page(
        ARCHETYPES["suppressed"] + "?med=1144-kvitsoy,1124-sola", width=NARROW, height=640
    )
    page.locator("th.added").nth(1).wait_for()
    page.locator("button[data-chart]").first.click()
    page.locator(".js-plotly-plot .legendlines path").first.wait_for(state="attached")
    page.locator("#q").type("3")
    page.locator(".hit").first.wait_for()
    assert page.evaluate(WIDTH) <= NARROW


@pytest.mark.parametrize("name", AREAS)
def test_an_area_is_printed_on_two_sheets_at_most(reader: Reader, name: str, gallery: Path) -> None:
    page = reader.page(AREAS[name])
    printed = page.pdf(prefer_css_page_size=True)
    (gallery / f"{name.replace(' ', '-')}.pdf").write_bytes(printed)
    assert sheets(printed) in {1, 2}


def sheets(printed: bytes) -> int:
    """How many pages a PDF of Chromium's has, all of them A4."""
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert {(round(float(wide)), round(float(high))) for wide, high in boxes} == {(595, 842)}
    return len(re.findall(rb"/Type /Page\b", printed))


@pytest.mark.parametrize("look", LOOKS)
def test_pictures_are_kept_for_people_to_look_at(reader: Reader, look: str, gallery: Path) -> None:
    how = LOOKS[look]
    for name in PICTURED:
        page = reader.page(ARCHETYPES[name], **how)
        if look == "print":
            page.emulate_media(media="print")
        file = gallery / f"{name.replace(' ', '-')}-{look}.png"
        page.screenshot(path=file, full_page=True)
        assert file.stat().st_size > 10_000


def test_in_forced_colours_a_drawing_keeps_its_lines(reader: Reader) -> None:
    page = reader.page(ARCHETYPES["large"], forced_colors="active")
    strokes = page.evaluate(
        "() => [...document.querySelectorAll('svg.lines .line')]"
        ".map((line) => [getComputedStyle(line).stroke, getComputedStyle(document.body)"
        ".backgroundColor])"
    )
    assert strokes
    assert all(stroke not in {"none", ground} for stroke, ground in strokes)
