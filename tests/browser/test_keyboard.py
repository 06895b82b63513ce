"""Search, compare and chart by keyboard alone, and what the chart is made of."""

from __future__ import annotations

import json
from typing import Any

import plotly.graph_objects as go
import pytest
from playwright.sync_api import Page, expect

from tests.browser.archetypes import ARCHETYPES
from tests.browser.reading import Reader

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

MOST_STOPS = 120
FIGURE = (
    "() => { const { data, layout } = document.querySelector('.plot');"
    " return JSON.stringify({ data, layout }); }"
)


def go_to(page: Page, selector: str) -> None:
    """Press Tab until the element that the selector names has the focus, and shows it."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none"
            return
    pytest.fail(f"Tab does not lead to {selector}")


def choose(page: Page, letters: str, hit: str) -> None:
    """Type into the field that has the focus, go down the list to an area and take it."""
    page.keyboard.type(letters)
    expect(page.locator(".hit:visible").first).to_be_visible()
    for _ in range(page.locator(".hit:visible").count()):
        page.keyboard.press("ArrowDown")
        chosen = page.locator(".hit:visible[aria-selected=true]")
        if chosen.get_attribute("data-slug") == hit:
            active = page.evaluate("document.activeElement.getAttribute('aria-activedescendant')")
            assert active == chosen.get_attribute("id")
            page.keyboard.press("Enter")
            return
    pytest.fail(f"{hit} is not among the hits for {letters}")


def test_the_first_stop_leads_past_the_menu(reader: Reader) -> None:
    page = reader.page(ARCHETYPES["large"])
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


@pytest.mark.parametrize(
    ("letters", "slug", "heading"),
    [
        ("sol", "1124-sola", "Sola"),
        ("3002", "3103-moss", "Moss"),
        ("frog", "030105-frogner", "Frogner"),
    ],
)
def test_an_area_is_found(reader: Reader, letters: str, slug: str, heading: str) -> None:
    page = reader.page("en/")
    go_to(page, "#q")
    choose(page, letters, slug)
    page.wait_for_url(f"**/en/{slug}/")
    assert heading in (page.locator("h1").text_content() or "")


def test_enter_takes_the_likeliest_and_escape_closes_the_list(reader: Reader) -> None:
    page = reader.page()
    go_to(page, "#q")
    page.keyboard.type("uts")
    expect(page.locator(".hit")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".hits")).to_be_hidden()
    expect(page.locator("#q")).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("ira")
    page.keyboard.press("Enter")
    page.wait_for_url("**/1151-utsira/")


def test_that_nothing_is_found_is_said(reader: Reader) -> None:
    page = reader.page()
    go_to(page, "#q")
    page.keyboard.type("qqq")
    expect(page.locator("form.search [role=status]")).to_have_text("Ingen treff")


def test_an_area_is_compared_with_another_that_has_signs(reader: Reader) -> None:
    page = reader.page("1124-sola/")
    go_to(page, "#a")
    choose(page, "utsi", "1151-utsira")
    expect(page.locator("th.own + th.added")).to_contain_text("Utsira")
    expect(page.locator("form.with > [role=status]")).to_have_text("Utsira er lagt til i tabellen.")
    added = page.locator("#r-tilfeller-andel td.added")
    expect(added.locator(".sign")).to_have_text(":")
    expect(added).to_contain_text("vises ikke av konfidensialitetshensyn")
    assert page.url.endswith("/1124-sola/?med=1151-utsira")

    go_to(page, "#b")
    choose(page, "kvits", "1144-kvitsoy")
    expect(page.locator("th.added")).to_contain_text(["Utsira", "Kvitsøy"])
    expect(page.locator("#r-tilfeller-andel td.added .sign")).to_have_text([":", ".."])

    page.reload()
    expect(page.locator("th.added")).to_have_count(2)
    go_to(page, "th.added .remove")
    page.keyboard.press("Enter")
    expect(page.locator("th.added")).to_have_count(1)
    expect(page.locator("#a")).to_be_focused()


def test_an_added_figure_is_written_as_on_its_own_page(reader: Reader) -> None:
    own = reader.page("1103-stavanger/")
    cell = "#r-netto-per-innbygger td:nth-of-type(1) [data-c]"
    figure = own.locator(cell).text_content()
    page = reader.page("1124-sola/?med=1103-stavanger")
    expect(page.locator("#r-netto-per-innbygger td.added .f")).to_have_text(figure or "-")


def opened(page: Page) -> dict[str, Any]:
    """The first chart of a page, opened by keyboard; what Plotly was given."""
    go_to(page, "button[data-chart]")
    page.keyboard.press("Enter")
    page.locator(".js-plotly-plot .legendlines path").first.wait_for(state="attached")
    found: dict[str, Any] = json.loads(page.evaluate(FIGURE))
    return found


def test_a_chart_opens_and_closes(reader: Reader) -> None:
    page = reader.page(ARCHETYPES["suppressed"])
    opened(page)
    expect(page.locator(".interactive-chart")).to_be_focused()
    expect(page.locator("button[data-chart]").first).to_be_hidden()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "png"
    page.keyboard.press("Escape")
    expect(page.locator(".interactive-chart")).to_have_count(0)
    expect(page.locator("button[data-chart]").first).to_be_focused()
    expect(page.locator("svg.lines").first).to_be_visible()


def test_what_is_hidden_is_a_gap_in_the_chart(reader: Reader) -> None:
    page = reader.page(ARCHETYPES["suppressed"])
    chart = opened(page)
    [own] = [one for one in chart["data"] if one["name"] == "Utsira"]
    assert own["x"] == [2022, 2023, 2024, 2025]
    assert [value is None for value in own["y"]] == [False, True, False, True]
    assert own["customdata"][1] == own["customdata"][3] == ""
    assert own["connectgaps"] is False
    dashes = {one["name"]: one["line"]["dash"] for one in chart["data"]}
    assert dashes == {"Utsira": "solid", "KOSTRA-gruppe 16": "dash", "Landet": "longdash"}
    expect(page.locator(".chart-notes")).to_contain_text("Utsira 2023, 2025")


@pytest.mark.parametrize("name", ["suppressed", "former code", "country", "bydel"])
def test_plotly_accepts_the_chart_for_what_it_is(reader: Reader, name: str) -> None:
    chart = opened(reader.page(ARCHETYPES[name]))
    figure = go.Figure(data=chart["data"], layout=chart["layout"])
    assert all(isinstance(one, go.Scatter) for one in figure.data)
    assert len(figure.data) == len(chart["data"])


def test_plotly_does_not_accept_just_anything() -> None:
    with pytest.raises(ValueError, match="connectgap"):
        go.Figure(data=[{"type": "scatter", "connectgap": True}])


def test_figures_are_filtered_and_sorted(reader: Reader) -> None:
    page = reader.page(ARCHETYPES["figure"])
    go_to(page, "#filter")
    page.keyboard.type("rogaland")
    rows = page.locator("#kommuner tbody tr:visible")
    expect(rows).to_have_count(23)
    go_to(page, "#kommuner th:nth-child(4) .sort")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    head = page.locator("#kommuner th:nth-child(4)")
    expect(head).to_have_attribute("aria-sort", "descending")
    values = rows.locator("td:last-child").evaluate_all("(all) => all.map((one) => one.dataset.v)")
    numbers = [float(value) for value in values if value is not None]
    assert numbers == sorted(numbers, reverse=True)
    assert values[len(numbers) :] == [None] * (len(values) - len(numbers))
