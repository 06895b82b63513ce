"""The pages of tables in a browser: laid out, chosen from, followed and explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from kostra_publish.preview.pivot import as_text
from tests.browser.reading import Reader
from tests.browser.test_accessibility import violations
from tests.browser.test_keyboard import go_to
from tests.preview.pivot_drafts import draft
from tests.preview.pivot_serving import Served, followed

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

REGION, SEX, CONTENTS, TIME = "KOKkommuneregion0000", "Kjonn", "ContentsCode", "Tid"
TABLE = "/tabell/13995"
FEW = f"{TABLE}?valueCodes[{SEX}]=0&valueCodes[{CONTENTS}]=antall"
PHONE: dict[str, Any] = {"width": 390, "height": 844}
SIGN = "button.sign"


@pytest.fixture(scope="module")
def preview() -> Iterator[Served]:
    with followed(draft()) as found:
        yield found


@pytest.fixture
def reader(browser: Browser, preview: Served) -> Iterator[Reader]:
    """Opens pages; afterwards nothing may have been fetched from elsewhere, refused or failed."""
    preview.draft = draft()
    opened = Reader(browser, preview.address)
    yield opened
    opened.close()
    assert opened.troubles == []


def address(page: Page) -> str:
    """What an address says after the page."""
    return unquote(page.url).partition("?")[2]


def following(page: Page) -> None:
    """Wait until the page listens to what comes."""
    expect(page.locator("#status")).to_have_text("Utkast 1 er klart")


def placed(page: Page, side: str) -> list[str]:
    found = page.locator(f"[data-side={side}] li").evaluate_all(
        "(items) => items.map((item) => item.dataset.code)"
    )
    return [str(one) for one in found]


def figure(page: Page, row: str, column: int = -1) -> Locator:
    return page.locator(f'tr[data-k="{row}"] td').nth(column)


def figures(page: Page) -> Locator:
    return page.locator("table.pivot tbody td")


# --- layout ------------------------------------------------------------------------------------


def test_a_dimension_is_dragged_to_the_top(reader: Reader) -> None:
    page = reader.page(FEW)
    item = page.locator(f"[data-side=stub] li[data-code={SEX}]")
    item.drag_to(page.locator("[data-side=heading]"), target_position={"x": 40, "y": 3})
    expect(page.locator("#sagt")).to_contain_text(
        "dimension Kjonn står på toppen, som nummer 1 av 2."
    )
    assert placed(page, "heading") == [SEX, TIME]
    assert placed(page, "stub") == [REGION, CONTENTS]
    assert f"stub={REGION},{CONTENTS}&heading={SEX},{TIME}" in address(page)
    expect(page.locator("table.pivot thead tr")).to_have_count(2)
    page.go_back()
    expect(page.locator("table.pivot thead tr")).to_have_count(1)
    assert placed(page, "stub") == [REGION, SEX, CONTENTS]


def test_and_moved_by_arrow_keys_alone(reader: Reader) -> None:
    page = reader.page(FEW)
    go_to(page, f"#m-{SEX}-earlier")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#sagt")).to_contain_text(
        "dimension Kjonn står på siden, som nummer 1 av 3."
    )
    assert placed(page, "stub") == [SEX, REGION, CONTENTS]
    # It cannot move further up: the focus stays with what has moved.
    assert page.evaluate("document.activeElement.closest('li').dataset.code") == SEX
    page.keyboard.press("ArrowRight")
    expect(page.locator("#sagt")).to_contain_text(
        "dimension Kjonn står på toppen, som nummer 2 av 2."
    )
    assert placed(page, "heading") == [TIME, SEX]
    assert page.evaluate("document.activeElement.closest('li').dataset.code") == SEX
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#sagt")).to_contain_text("står på siden, som nummer 3 av 3.")


def test_sides_are_changed_over_and_set_back(reader: Reader) -> None:
    page = reader.page(FEW)
    page.locator("#bytt").click()
    expect(page.locator("#sagt")).to_contain_text("Side og topp har byttet plass.")
    assert placed(page, "stub") == [TIME]
    expect(page.locator("#bytt")).to_be_focused()
    page.locator("#tabellens").click()
    expect(page.locator("#sagt")).to_contain_text("som spesifikasjonen sier")
    assert placed(page, "heading") == [TIME]
    assert "stub" not in address(page)


# --- choosing ----------------------------------------------------------------------------------


def test_a_region_is_searched_for_and_picked_by_keys_alone(reader: Reader) -> None:
    page = reader.page(f"{FEW}&valueCodes[{REGION}]=EAK")
    go_to(page, f"#d-{REGION} > summary")
    page.keyboard.press("Enter")
    go_to(page, f"#k-{REGION}-1124")
    page.keyboard.press("Space")
    expect(page.locator("table.pivot tbody tr")).to_have_count(2)
    expect(page.locator(f"#k-{REGION}-1124")).to_be_focused()
    expect(page.locator(f"#k-{REGION}-1124")).to_be_checked()
    expect(page.locator(f"#d-{REGION}")).to_have_attribute("open", "")
    expect(page.locator("#sagt")).to_have_text("Tabellen viser 6 celler.")
    assert f"valueCodes[{REGION}]=1124,EAK" in address(page)


def test_a_list_is_searched_by_name_and_code(reader: Reader, preview: Served) -> None:
    preview.draft = draft(regions=15)
    page = reader.page(FEW)
    page.locator(f"#d-{REGION} > summary").click()
    for words, hits in (("kvitsoy", 1), ("1124", 1), ("rogaland eka", 1), ("xyz", 0), ("", 25)):
        page.locator(f"#s-{REGION}").fill(words)
        expect(page.locator(f"#o-{REGION} li:visible")).to_have_count(hits)
        assert page.locator(f"#d-{REGION} .nothing").is_visible() == (hits == 0)


def test_groups_and_regions_that_belong_together(reader: Reader) -> None:
    page = reader.page(f"{FEW}&valueCodes[{REGION}]=EAK")
    page.locator(f"#d-{REGION} > summary").click()
    page.locator(f"#g-{REGION}-fylke").click()
    expect(page.locator("table.pivot tbody tr")).to_have_count(4)
    expect(page.locator(f"#g-{REGION}-fylke")).to_be_focused()
    page.locator(f"#g-{REGION}-fylke").click()
    expect(page.locator("table.pivot tbody tr")).to_have_count(1)
    page.locator("#kommune").select_option("0301")
    expect(page.locator("table.pivot tbody tr")).to_have_count(4)
    assert f"valueCodes[{REGION}]=0301,EKA03,EKG13,EAK" in address(page)
    page.locator("#fylke").select_option("EKA11")
    expect(page.locator(f"#k-{REGION}-1144")).to_be_checked()
    assert f"valueCodes[{REGION}]=1124,1144,EKA11,EAK" in address(page)


def test_nothing_picked_is_told_and_can_be_mended(reader: Reader) -> None:
    page = reader.page(f"{FEW}&valueCodes[{TIME}]=2025")
    page.locator(f"#d-{TIME} > summary").click()
    page.locator(f"#k-{TIME}-2025").uncheck()
    expect(page.locator(".notice.stop")).to_contain_text("Velg minst én kategori")
    page.locator(f"#k-{TIME}-2024").check()
    expect(figures(page)).to_have_count(10)


def test_changes_are_shown_and_hidden(reader: Reader) -> None:
    page = reader.page(FEW)
    expect(figure(page, "EAK 0 antall")).to_have_class(re.compile("changed amended"))
    expect(figure(page, "EAK 0 antall")).to_contain_text("1 234 599, endret, var 1 234 567")
    page.locator("#endringer").uncheck()
    expect(page.locator("td.changed")).to_have_count(0)
    expect(page.locator("#endringer")).to_be_focused()
    assert "endringer=nei" in address(page)
    page.locator("#endringer").check()
    expect(page.locator("td.changed")).to_have_count(4)
    assert "endringer" not in address(page)


def test_without_a_script_the_same_is_done_by_links_and_a_form(
    browser: Browser, preview: Served
) -> None:
    preview.draft = draft()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(preview.address + TABLE)
    page.locator("#oppsett > summary").click()
    page.locator("#bytt").click()
    assert address(page).endswith(f"stub={TIME}&heading={REGION},{SEX},{CONTENTS}")
    page.locator(f"#d-{SEX} > summary").click()
    page.locator(f"#k-{SEX}-1").uncheck()
    page.locator(f"#k-{SEX}-2").uncheck()
    page.locator("#vis").click()
    expect(page.locator("table.pivot thead tr")).to_have_count(3)
    expect(figures(page)).to_have_count(3 * 10 * 3)
    expect(page.locator(f"#k-{SEX}-1")).not_to_be_checked()
    page.locator(SIGN).first.click()
    expect(page.locator("p")).to_contain_text("er skjult.")
    context.close()


def test_the_table_is_copied_for_a_spreadsheet(reader: Reader, preview: Served) -> None:
    page = reader.page(FEW)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#kopier").click()
    expect(page.locator("#sagt")).to_contain_text("Tabellen er kopiert")
    copied = page.evaluate("navigator.clipboard.readText()")
    query = [(f"valueCodes[{SEX}]", "0"), (f"valueCodes[{CONTENTS}]", "antall")]
    assert copied == as_text(preview.draft.cubes["13995"], query)
    expect(page.locator("#kopier")).to_be_focused()


# --- drafts, as they come ----------------------------------------------------------------------


def test_a_new_draft_keeps_focus_scroll_and_what_is_chosen(reader: Reader, preview: Served) -> None:
    page = reader.page(f"{TABLE}?valueCodes[{TIME}]=2024,2025", width=1000, height=500)
    page.locator(f"#d-{REGION} > summary").click()
    table = page.locator("table.pivot")
    expect(table).to_have_attribute("data-version", "1")
    button = figure(page, "1144 1 antall").locator(SIGN)
    button.focus()
    scrolled = page.evaluate("document.querySelector('#rulle').scrollTop")
    following(page)
    preview.tell(draft(2, EAK=17.0), ["13995"], state="Utkast 2 er klart")
    expect(table).to_have_attribute("data-version", "2")
    expect(page.locator("#status")).to_have_text("Utkast 2 er klart")
    expect(figure(page, "EAK 0 antall")).to_have_class(re.compile("fresh"))
    expect(page.locator("td.fresh")).to_have_count(1)
    expect(page.locator("#sagt")).to_have_text("Nytt utkast: 1 celle her er endret.")
    expect(button).to_be_focused()
    assert page.evaluate("document.querySelector('#rulle').scrollTop") == scrolled
    expect(page.locator(f"#d-{REGION}")).to_have_attribute("open", "")
    assert f"valueCodes[{TIME}]=2024,2025" in address(page)
    expect(page.locator("table.pivot thead th")).to_have_count(2)


def test_a_draft_of_another_table_changes_nothing_here(reader: Reader, preview: Served) -> None:
    page = reader.page(FEW)
    following(page)
    preview.tell(draft(2, EAK=17.0), ["12268"], state="Utkast 2 er klart")
    expect(page.locator("#status")).to_have_text("Utkast 2 er klart")
    expect(page.locator("table.pivot")).to_have_attribute("data-version", "1")


def test_the_list_follows_too(reader: Reader, preview: Served) -> None:
    page = reader.page("/")
    following(page)
    preview.tell(draft(2, EKG06=11.0), ["13995"], state="Utkast 2 er klart")
    expect(page.locator("[data-version='2']")).to_be_visible()
    expect(page.locator('tr[data-k="13995"] .some')).to_have_text("7")
    expect(page.locator(".fresh")).to_have_count(1)


def test_what_fails_is_told_and_the_last_good_draft_stays(reader: Reader, preview: Served) -> None:
    page = reader.page(FEW)
    expect(page.locator("#feil")).to_be_hidden()
    following(page)
    preview.tell(draft(2), ["13995"], state="Feil i 13995.yaml", error=True)
    expect(page.locator("#feil")).to_be_visible()
    expect(page.locator("#feil a")).to_have_attribute("href", "/feil")
    expect(page.locator("#status")).to_have_text("Feil i 13995.yaml")
    expect(figures(page)).to_have_count(30)
    preview.tell(draft(3), ["13995"], state="Utkast 3 er klart")
    expect(page.locator("#feil")).to_be_hidden()
    expect(page.locator("table.pivot")).to_have_attribute("data-version", "3")


def test_a_lost_connection_is_told(reader: Reader, preview: Served) -> None:
    page = reader.page(FEW)
    expect(page.locator("#status")).to_have_attribute("data-state", "live")
    following(page)
    preview.hang_up()
    expect(page.locator("#status")).to_contain_text("Mistet kontakten")
    expect(figures(page)).to_have_count(30)


# --- why a figure is not shown -----------------------------------------------------------------


def test_a_hidden_figure_is_explained_and_the_focus_comes_back(
    reader: Reader, preview: Served
) -> None:
    page = reader.page(FEW)
    go_to(page, SIGN)
    button = figure(page, "1144 0 antall").locator(SIGN)
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    panel = page.locator("#vindu")
    expect(panel).to_be_visible()
    expect(page.locator("#vindu-tittel")).to_be_focused()
    expect(page.locator("#vindu-celle")).to_have_text(
        "Kvitsøy · Begge kjønn · Measure antall · 2025"
    )
    place = button.get_attribute("value")
    expect(page.locator("#vindu-innhold")).to_have_text(f"Cella {place} er skjult.")
    assert violations(page) == []
    following(page)
    preview.tell(draft(2, EAK=17.0), ["13995"], state="Utkast 2 er klart")
    expect(page.locator("table.pivot")).to_have_attribute("data-version", "2")
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(button).to_be_focused()


def test_arrow_keys_go_from_sign_to_sign_and_tab_leaves_them(reader: Reader) -> None:
    page = reader.page(FEW)
    go_to(page, SIGN)
    page.keyboard.press("ArrowDown")
    expect(figure(page, "3103 0 antall").locator(SIGN)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(figure(page, "EKA11 0 antall").locator(SIGN)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(figure(page, "EKA11 0 antall").locator(SIGN)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(figure(page, "3103 0 antall").locator(SIGN)).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('table')") is None
    expect(page.locator("button.sign[tabindex='0']")).to_have_count(1)


# --- as everybody can read it ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "how"),
    [
        ("/", {}),
        (TABLE, {}),
        ("/", {**PHONE, "color_scheme": "dark"}),
        (
            f"{TABLE}?heading=&stub={TIME},{SEX},{REGION},{CONTENTS}",
            {**PHONE, "color_scheme": "dark"},
        ),
        (f"{TABLE}?valueCodes[{TIME}]=1999,", {"color_scheme": "dark"}),
    ],
    ids=["list", "table", "list in the dark", "table in the dark", "nothing"],
)
def test_no_page_breaks_a_rule_or_is_too_wide(
    reader: Reader, path: str, how: dict[str, Any]
) -> None:
    page = reader.page(path, **how)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    assert violations(page) == []


def test_headers_stay_in_view_while_figures_are_scrolled(reader: Reader) -> None:
    page = reader.page(
        f"{TABLE}?stub={REGION},{SEX}&heading={CONTENTS},{TIME}", width=1100, height=500
    )
    page.evaluate("document.querySelector('#rulle').scrollTo(300, 400)")
    inside = page.evaluate(
        "() => { const box = document.querySelector('#rulle').getBoundingClientRect();"
        " const head = document.querySelector('thead').getBoundingClientRect();"
        " const side = document.querySelector('tbody tr:last-child th:last-of-type')"
        ".getBoundingClientRect();"
        " const first = document.querySelector('tbody th').getBoundingClientRect();"
        " return [head.top - box.top, side.left >= first.right - 1, first.left - box.left]; }"
    )
    assert 0 <= inside[0] < 5
    assert inside[1]
    assert 0 <= inside[2] < 5
