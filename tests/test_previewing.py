"""The preview from end to end: started as a user starts it, read in Chromium, on a small Norway.

One preview serves all tests, in this order: each leaves files that hold together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import polars as pl
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from tests import draft_house
from tests.browser.reading import Reader
from tests.browser.test_accessibility import violations
from tests.browser.test_keyboard import go_to
from tests.browser.test_markup import wrong
from tests.draft_house import BEFORE, CARRIED, OWN, VINTAGE, House
from tests.planted import TRUE, save, written
from tests.previewed import ORIGIN, PATIENCE, Previewed, previewed

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

SETTLED = "Alt er som det vil bli publisert."
LONG = PATIENCE * 1000.0
TABLE = "/tabell/kontakt"
COUNT = f"valueCodes[{CONTENTS}]=KOSantall0000"
RECIPIENTS = f"valueCodes[{CONTENTS}]=KOSmottakere0000&valueCodes[KOKkjonn0000]=0"
SIGN = "button.sign"
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Previewed]:
    house = draft_house.shared(tmp_path_factory).copy(
        tmp_path_factory.mktemp("previewed") / "house"
    )
    with previewed(house) as found:
        yield found


@pytest.fixture
def house(running: Previewed) -> House:
    return running.house


@pytest.fixture
def reader(browser: Browser, running: Previewed) -> Iterator[Reader]:
    """Opens pages; afterwards nothing may have been fetched from elsewhere, refused or failed."""
    opened = Reader(browser, running.origin)
    yield opened
    opened.close()
    assert opened.troubles == []


def settled(page: Page) -> None:
    """Wait until the whole round is made."""
    expect(page.locator("#status")).to_have_text(SETTLED, timeout=LONG)


def mark(page: Page) -> None:
    """Let it be known whether the page is loaded again."""
    page.evaluate("() => { window.stayed = true; }")


def stayed(page: Page) -> bool:
    return bool(page.evaluate("() => window.stayed === true"))


# --- drafts, as they come ----------------------------------------------------------------------


def test_tables_come_one_by_one_and_then_all_that_waits_for_them(reader: Reader) -> None:
    awaited = reader.page("/kvalitet")
    expect(awaited.locator(".notice")).to_contain_text("kommer når hele runden er laget")
    tables, table = reader.page("/"), reader.page(TABLE)
    mark(tables)
    mark(table)
    expect(table.locator(".notice.interim")).to_be_visible(timeout=LONG)
    settled(table)
    expect(table.locator(".notice.interim")).to_have_count(0)
    expect(tables.locator("table.tables tbody tr")).to_have_count(len(OWN) + 1)
    expect(tables.locator(".lead")).to_contain_text("3 av 3 tabeller er laget")
    assert stayed(tables)
    assert stayed(table)
    report = awaited.frame_locator("iframe.framed")
    expect(report.locator("h1")).to_contain_text("2026-03", timeout=LONG)
    expect(awaited.locator("main main")).to_have_count(0)


def test_saved_words_are_on_the_open_page_at_once(reader: Reader, house: House) -> None:
    page = reader.page(f"{TABLE}?valueCodes[{KOMMUNE_REGION}]={house.small},EAK")
    settled(page)
    mark(page)
    go_to(page, SIGN)
    place = page.evaluate("() => document.activeElement.value")
    draft_house.replace(house.spec("kontakt"), "Tilfeller og beløp", "Tilfeller og kroner")
    expect(page.locator("h1")).to_have_text("Tilfeller og kroner (K)")
    expect(page.locator("#status")).to_have_text(SETTLED)
    assert page.evaluate("() => document.activeElement.value") == place
    assert stayed(page)


def test_a_saved_formula_is_counted_at_once_and_settled_later(reader: Reader, house: House) -> None:
    page = reader.page(f"/tabell/mottakere?{RECIPIENTS}&valueCodes[{KOMMUNE_REGION}]=EAK")
    settled(page)
    mark(page)
    figure = page.locator("table.pivot tbody td").last
    before = number(figure)
    draft_house.replace(house.spec("mottakere"), "of: MOTTAKERE}", "of: MOTTAKERE, factor: 2}")
    expect(page.locator(".notice.interim")).to_be_visible(timeout=LONG)
    expect(figure).to_have_class(re.compile("fresh"))
    assert number(figure) == 2 * before
    settled(page)
    expect(page.locator(".notice.interim")).to_have_count(0)
    assert number(figure) == 2 * before
    assert stayed(page)


def number(figure: Locator) -> int:
    """A figure, without what it was before."""
    return int(re.sub(r"\W", "", figure.inner_text().partition("\n")[0]))


def test_a_broken_spec_is_told_with_its_place_and_the_last_good_table_stays(
    reader: Reader, house: House, running: Previewed
) -> None:
    page, told = reader.page(TABLE), reader.page("/feil")
    settled(page)
    mark(page)
    expect(told.locator("h1")).to_have_text("Ingenting er galt")
    expect(page.locator("#feil")).to_be_hidden()
    draft_house.replace(house.spec("kontakt"), "unit: tilfelle", "unit: [tilfelle")
    alert = page.get_by_role("alert")
    expect(alert).to_be_visible(timeout=LONG)
    expect(alert).to_contain_text("Siden viser det forrige")
    expect(told.locator("h1")).to_have_text("Det siste som ble lagret, holder ikke sammen")
    finding = told.locator(".finding")
    expect(finding).to_contain_text("kontakt.yaml, line 6")
    expect(finding).to_contain_text("not valid YAML")
    expect(finding).to_contain_text("Mend the indentation or the quotes.")
    assert violations(told) == []
    running.ask("/feil")
    alert.get_by_role("link").click()
    expect(page.locator(".finding")).to_contain_text("kontakt.yaml, line 6")
    page.get_by_role("link", name="det siste utkastet som var riktig").click()
    page.get_by_role("link", name="Tilfeller og kroner (K)", exact=True).click()
    expect(page.locator("h1")).to_have_text("Tilfeller og kroner (K)")
    expect(page.locator("table.pivot")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_visible()
    draft_house.replace(house.spec("kontakt"), "unit: [tilfelle", "unit: tilfelle")
    expect(page.locator("#feil")).to_be_hidden(timeout=LONG)
    expect(told.locator("h1")).to_have_text("Ingenting er galt")
    settled(page)


def test_a_saved_template_is_on_the_open_page_and_a_broken_one_is_told(
    reader: Reader, house: House, running: Previewed
) -> None:
    page = reader.page("/")
    mark(page)
    template = house.templates / "preview" / "tables.part.html.j2"
    draft_house.replace(template, "<h1>Tabellene", "<h1>Alle tabellene")
    expect(page.locator("h1")).to_contain_text("Alle tabellene", timeout=LONG)
    assert stayed(page)
    report = house.templates / "quality.html.j2"
    draft_house.replace(report, "<h1", "{{ nobody }}<h1")
    broken = running.ask("/utgivelse/kvalitet")
    assert broken.status_code == 500
    assert "quality.html.j2" in broken.text
    assert "&#39;nobody&#39; is undefined" in broken.text
    draft_house.replace(report, "{{ nobody }}", "")
    assert running.ask("/utgivelse/kvalitet").status_code == 200


# --- pages of the release ----------------------------------------------------------------------


def test_key_figures_are_in_their_frame_and_follow(reader: Reader, house: House) -> None:
    page = reader.page("/nokkeltall/landet/")
    settled(page)
    mark(page)
    inside = page.frame_locator("iframe.framed")
    expect(inside.locator("h1")).to_contain_text("Landet")
    expect(inside.locator("body")).to_contain_text("Tilfeller")
    pages = house.specs / "pages.yaml"
    draft_house.replace(pages, "{nb: Tilfeller, nn", "{nb: Mange saker, nn")
    expect(inside.locator("body")).to_contain_text("Mange saker", timeout=LONG)
    assert stayed(page)
    inside.locator("a[href*='tall/tilfeller']").first.click()
    expect(inside.locator("h1")).to_contain_text("Mange saker")
    assert violations(page) == []


def test_what_differs_from_the_release_before_is_told(reader: Reader) -> None:
    page = reader.page("/endringer")
    inside = page.frame_locator("iframe.framed")
    expect(inside.locator("body")).to_contain_text(BEFORE)
    expect(inside.locator("body")).to_contain_text("Tilfeller og kroner (K)")


# --- by keyboard, and as everybody can read it -------------------------------------------------


def test_a_hidden_figure_is_explained_by_keyboard_alone(reader: Reader, house: House) -> None:
    asked = f"{COUNT}&valueCodes[{KOMMUNE_REGION}]={house.small}&valueCodes[{TIME}]={VINTAGE}"
    page = reader.page(f"{TABLE}?{asked}")
    settled(page)
    go_to(page, SIGN)
    button = page.locator(f"{SIGN}:focus")
    place = button.get_attribute("value")
    page.keyboard.press("Enter")
    panel = page.locator("#vindu")
    expect(panel).to_be_visible()
    expect(page.locator("#vindu-innhold")).to_contain_text("for lite til å vises", timeout=LONG)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == []
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert page.evaluate("() => document.activeElement.value") == place


def test_no_page_breaks_a_rule_in_any_light_or_on_a_telephone(reader: Reader, house: House) -> None:
    page = reader.page("/")
    settled(page)
    few = f"{TABLE}?valueCodes[{KOMMUNE_REGION}]={house.small},EAK"
    for path in ("/", few, "/feil", "/kvalitet", "/utgivelse/kvalitet", "/utgivelse/endringer"):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(color_scheme="light")
        page.goto(reader.address + path)
        assert violations(page) == []
        page.set_viewport_size(PHONE)
        page.emulate_media(color_scheme="dark")
        assert violations(page) == []
        assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]


# --- nothing gives a hidden figure away --------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        str(TRUE), f"{TRUE:,}", "17 346 291,0", "17\u00a0346\u00a0291", "17\u2009346\u202f291",
        "17&nbsp;346&#160;291", "17%C2%A0346%E2%80%AF291", "17\\u00a0346\\u00a0291", "17346.291",
        "17\u00a0346,3", "8673145", "8\u00a0673\u00a0146", "8673.1",
    ],
)  # fmt: skip
def test_what_is_planted_would_be_found(text: str) -> None:
    assert written(f"a {text} b".encode())


def test_nothing_that_is_answered_has_the_planted_sum(
    running: Previewed, house: House, tmp_path: Path
) -> None:
    rows = pl.read_parquet(house.microdata).filter(KOMMUNE_NR=house.small)
    assert rows["BIDRAG"].sum() == TRUE
    for path in everything(running, house):
        running.ask(path)
    pages = [path for path in running.said if path.startswith("GET")]
    assert len(pages) > 150
    hidden = running.ask(f"{TABLE}/bord?valueCodes[{KOMMUNE_REGION}]={house.small}").text
    assert hidden.count('class="sign suppressed"') >= 3
    leaks = {path: found for path, said in running.said.items() if (found := written(said))}
    assert leaks == {}
    files = []
    for n, (path, said) in enumerate(running.said.items()):
        _, _, text = said.partition(b"<!doctype html>")
        if text and "/utgivelse/nokkeltall/" not in path:
            files.append(tmp_path / f"{n}.html")
            files[-1].write_bytes(b"<!doctype html>" + text)
    assert len(files) > 20
    assert wrong(*files) == []


def everything(running: Previewed, house: House) -> Iterator[str]:
    """Every address that a page leads to, with the regions and cells of the planted sum."""
    yield from crawled(running, house)
    region = f"valueCodes[{KOMMUNE_REGION}]={house.small}"
    for table in (*OWN, CARRIED):
        yield from (f"/tabell/{table}{part}?{region}" for part in ("", "/bord", "/tsv"))
        part = running.ask(f"/tabell/{table}/bord?{region}").text
        for place in re.findall(r'name="celle" value="(\d+)"', part):
            yield f"/tabell/{table}/hvorfor?celle={place}"
    yield from of_api(running)
    yield from ("/feil/del", "/bord", "/tabell/nobody", "/api/v2/nothing", "/nothing")
    yield "/tabell/kontakt/hvorfor?celle=" + "9" * 5000


def of_api(running: Previewed) -> Iterator[str]:
    """Every endpoint of PxWebApi, and all of every table in every format."""
    yield from ("/api/v2/tables", "/api/v2/navigation")
    config = running.ask("/api/v2/config").json()
    for table in (*OWN, CARRIED):
        path = f"/api/v2/tables/{table}"
        document = running.ask(f"{path}/metadata").json()
        every = "&".join(f"valueCodes[{code}]=*" for code in document["id"])
        yield from (path, f"{path}/defaultselection")
        for form in config["dataFormats"]:
            yield f"{path}/data?{every}&outputFormat={form}"
        for dimension in document["dimension"].values():
            for one in dimension["extension"].get("codelists", ()):
                yield f"/api/v2/codelists/{one['id']}"


def crawled(running: Previewed, house: House) -> Iterator[str]:
    """Every address that pages lead to; of the pages of single kommuner, one kommune's."""
    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        found = running.ask(path)
        if "html" not in found.headers.get("content-type", ""):
            continue
        # What is picked on the page of a table leads to more of the same.
        for link in re.findall(r'(?:href|src|action)="([^"#]*)', found.text):
            to = urlsplit(urljoin(running.origin + path, unescape(link)))
            address = to.path + (f"?{to.query}" if to.query else "")
            if f"{to.scheme}://{to.netloc}" != running.origin or address in seen:
                continue
            if is_wanted(address, house) and not (to.query and "?" in path):
                seen.add(address)
                waiting.append(address)
    yield from ()


def is_wanted(address: str, house: House) -> bool:
    """Not the same in yet another layout, nor the same page of every kommune."""
    if "stub=" in address:
        return False
    kommune = re.search(r"nokkeltall/(?:nn/|en/)?(\d{4})-", address)
    return kommune is None or kommune[1] == house.small


def test_pages_of_others_cannot_ask_and_those_that_may_can(running: Previewed) -> None:
    port = urlsplit(running.address).port
    assert running.ask("/", headers={"Host": f"evil.example:{port}"}).status_code == 403
    assert running.ask("/", headers={"Origin": "http://evil.example"}).status_code == 403
    allowed = running.ask("/api/v2/tables", headers={"Origin": ORIGIN})
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert json.loads(allowed.text)["tables"]


# --- the end -----------------------------------------------------------------------------------


def test_broken_data_are_told_without_a_value(
    reader: Reader, running: Previewed, house: House
) -> None:
    told, page = reader.page("/feil"), reader.page(TABLE)
    expect(page.locator("table.pivot")).to_be_visible()
    rows = pl.read_parquet(house.microdata)
    own = pl.col("KOMMUNE_NR") == house.small
    telling = pl.when(own).then(pl.lit(str(TRUE))).otherwise("KOMMUNE_NR").alias("KOMMUNE_NR")
    for broken in (rows.with_columns(telling), rows.with_columns(BIDRAG=-pl.col("BIDRAG"))):
        save(house.microdata, broken)
        expect(told.locator(".finding").first).to_contain_text("skjema11_p", timeout=LONG)
        expect(page.get_by_role("alert")).to_be_visible()
        for path in ("/feil", "/feil/del", "/", TABLE):
            assert not written(running.ask(path).content)
        save(house.microdata, rows)
        expect(told.locator("h1")).to_have_text("Ingenting er galt", timeout=LONG)
    expect(page.locator("table.pivot")).to_be_visible()


def test_ctrl_c_ends_everything_whatever_it_is_doing(browser: Browser, running: Previewed) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(running.origin)
    expect(page.locator("#status")).to_have_attribute("data-state", "live")
    code, printed, errors = running.interrupted()
    assert (code, errors) == (0, b"")
    assert printed.decode().startswith("Saved specs, templates and data are taken in at once.")
    assert running.is_gone(10)
    expect(page.locator("#status")).to_contain_text("Mistet kontakten")
    context.close()


def test_no_file_has_been_written_but_by_whoever_saved_it(running: Previewed, house: House) -> None:
    saved = {"specs/kontakt.yaml", "specs/mottakere.yaml", "specs/pages.yaml"}
    saved |= {f"templates/{name}" for name in ("quality.html.j2", "preview/tables.part.html.j2")}
    saved |= {f"data/{house.microdata.name}{new}" for new in ("", ".new")}
    assert {path.as_posix() for path in running.touched} == saved
