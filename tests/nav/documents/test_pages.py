"""Letter and code book: every word in every language, valid, accessible, and the same each time."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from playwright.sync_api import Browser

from kostra_publish.errors import TemplateError
from kostra_publish.nav.documents import check_nav_templates, letter, payload, words
from kostra_publish.nav.documents.codebook import TEMPLATE as BOOK
from kostra_publish.nav.documents.codebook import codebook
from kostra_publish.nav.package import Column, MissingReport
from kostra_publish.outputs import pages
from kostra_publish.specs.models import LANGUAGES, Language
from tests.browser.test_accessibility import violations
from tests.browser.test_markup import wrong
from tests.nav import packages
from tests.nav.documents.test_tables import AWKWARD

TEMPLATES = Path("templates")
PAGES = ("folgebrev.html", "kodebok.html")


class Texts(HTMLParser):
    """What a page shows."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.decode())

    def handle_data(self, data: str) -> None:
        self.found.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.found))


@pytest.fixture(scope="module")
def files() -> Mapping[Language, Mapping[str, bytes]]:
    return {each: payload(packages.package(each), TEMPLATES) for each in LANGUAGES}


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, files: Mapping[Language, Mapping[str, bytes]]
) -> Path:
    found = tmp_path_factory.mktemp("pages")
    for language, of in files.items():
        for name in PAGES:
            (found / f"{language}-{name}").write_bytes(of[name])
    return found


# --- words --------------------------------------------------------------------------


def test_no_word_is_missing_in_any_language() -> None:
    check_nav_templates(TEMPLATES)
    found = words.read(TEMPLATES)
    assert {*found["nb"].words} == {*found["nn"].words} == {*found["en"].words}


def test_every_word_is_used() -> None:
    sources = [
        *Path("kostra_publish/nav/documents").glob("*.py"),
        *Path("templates/nav").glob("*.html.j2"),
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    by_part = ("contents", "gate", "role", "status", "kind", "verify", "conditions", "contact")
    marks = ("synthetic", "provisional", "preliminary")
    parts = {f"{part}_" for part in by_part} | {f"{mark}_mark" for mark in marks}
    unused = [
        key
        for key in words.read(TEMPLATES)["nb"].words
        if not re.search(rf"""["']{key}["']""", text)
        and f"w.{key}" not in text
        and not any(key.startswith(part) for part in parts)
    ]
    assert unused == []


def altered(folder: Path, old: str, new: str) -> Path:
    (folder / "nav").mkdir()
    for path in [TEMPLATES / pages.STYLE, *(TEMPLATES / "nav").iterdir()]:
        text = path.read_text(encoding="utf-8")
        (folder / path.relative_to(TEMPLATES)).write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"from": "Frå", ', "", "nn, from: is missing"),
        ('"purpose": "Purpose"', '"purpose": " "', "en, purpose: is missing"),
        ("Side {page} av {pages}", "Side {page}", "page: has other braces"),
        ('"Fra"', '"Fra {"', "from: has other braces"),
    ],
)
def test_a_word_that_is_missing_in_a_language_is_told(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(TemplateError, match=re.escape(said)):
        check_nav_templates(altered(tmp_path, old, new))


def test_braces_that_cannot_be_filled_are_told(tmp_path: Path) -> None:
    changed = altered(tmp_path, "{regions}", "{nothing}")
    check_nav_templates(changed)
    with pytest.raises(TemplateError, match=r"nb, missing_many: cannot be filled: 'nothing'"):
        payload(packages.package(), changed)


# --- what they say ------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_says_what_must_be_known(
    files: Mapping[Language, Mapping[str, bytes]], language: Language
) -> None:
    text = Texts(files[language]["folgebrev.html"]).text
    package = packages.package(language)
    delivery = package.delivery
    told = [
        "SYNTETISKE DATA",
        package.name,
        "soshjelp-nav_p2025_v1",
        delivery.sender.name,
        delivery.receiver.contact,
        delivery.sender.email,
        delivery.purpose.get(language),
        delivery.legal_basis.get(language),
        "5436 Porsanger – Porsáŋgu – Porsanki",
        "08.00",
        "2028",
        "endringer_v1_v2.csv",
        "minisign -Vm soshjelp-nav_p2025_v2.tar.age",
    ]
    assert [one for one in told if one not in text] == []
    assert f'<html lang="{language}">'.encode() in files[language]["folgebrev.html"]


def test_the_letter_in_bokmaal_says_it_plainly(
    files: Mapping[Language, Mapping[str, bytes]],
) -> None:
    text = Texts(files["nb"]["folgebrev.html"]).text
    assert "Publisert 15. juni 2026 kl. 08.00" in text
    assert "Slettes senest 15. juni 2028" in text
    assert "foreløpige tall" in text
    assert "Data om færre enn fire personer deles ikke." in text
    assert "Dere skal ikke prøve å finne ut hvem noen er" in text
    assert "minst 4 rader er like" in text
    assert "i 37,5 prosent av radene" in text


def test_a_final_first_confirmed_package_of_real_data_has_no_marks() -> None:
    delivery = packages.delivery(provisional=False)
    package = packages.package(
        delivery=delivery,
        synthetic=False,
        preliminary=False,
        previous=None,
        changes=None,
        missing=[],
    )
    found = letter.letter(package, words.read(TEMPLATES)["nb"])
    assert found.marks == []
    facts = dict(found.facts)
    assert facts["Status"] == "endelige tall"
    assert facts["Versjon"] == "2 (første levering)"
    said = {one.heading: one.paragraphs for one in found.sections}
    assert said["Kommuner uten rapport"] == ["Alle kommuner har rapportert."]


def test_a_kommune_that_misses_two_forms_is_named_once() -> None:
    missing = [MissingReport("1124", "Sola"), MissingReport("1124", "Sola")]
    found = letter.letter(packages.package(missing=missing), words.read(TEMPLATES)["nb"])
    assert "Én kommune har ikke rapportert og har ingen rader: 1124 Sola." in str(found.sections)


def test_the_code_book_explains_columns_codes_ladders_and_signs(
    files: Mapping[Language, Mapping[str, bytes]],
) -> None:
    text = Texts(files["nb"]["kodebok.html"]).text
    for told in (
        "5610 Kárášjohka – Karasjok",
        "under-30 Under 30 år 18-24 18–24 år 25-29 25–29 år",
        "alle ikke oppgitt",
        "uoppgitt ukjent",
        "minst 20 eller 40",
        "Vises ikke, av hensyn til konfidensialitet.",
        "Tap: 40,0 prosent",
        "SYNTETISKE DATA",
        "rolle: følsom",
    ):
        assert told in text
    book = codebook(packages.package(), words.read(TEMPLATES)["nb"])
    ladder = {one.name: one.ladder for one in book.datasets[1].columns}
    assert [rung.code for rung in ladder["alder"]] == ["alle", "uoppgitt"]
    assert [part.code for part in ladder["alder"][0].parts[0].parts] == ["18-24", "25-29"]
    assert book.datasets[0].columns[0].ladder == []


@settings(max_examples=12)
@given(AWKWARD.filter(str.strip), AWKWARD)
def test_awkward_texts_are_shown_and_never_markup(label: str, code: str) -> None:
    text = packages.same(label)
    dataset = packages.records()
    column = Column("alder", text, "code", "quasi_identifier", {code: text}, text)
    columns = [dataset.columns[0], column, dataset.columns[2]]
    package = packages.package(
        datasets=[replace(dataset, title=text, unit=text, columns=columns)],
        delivery=packages.delivery(title=text, purpose=text),
    )
    wording = words.read(TEMPLATES)["nb"]
    book, said = codebook(package, wording), letter.letter(package, wording)
    for page in (
        pages.page(TEMPLATES, BOOK, w=wording.words, book=book),
        pages.page(TEMPLATES, letter.TEMPLATE, w=wording.words, letter=said),
    ):
        assert " ".join(label.split()) in Texts(page).text or not label.isprintable()


# --- valid, accessible, at home on a telephone --------------------------------------


def test_the_pages_are_valid(folder: Path) -> None:
    assert wrong(*sorted(folder.iterdir())) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_breaks_a_rule(browser: Browser, folder: Path, name: str) -> None:
    for language in LANGUAGES:
        assert broken(browser, folder / f"{language}-{name}", width=1200) == [], language


@pytest.mark.parametrize("name", PAGES)
def test_nor_in_the_dark_on_a_telephone(browser: Browser, folder: Path, name: str) -> None:
    assert broken(browser, folder / f"nb-{name}", width=320, dark=True) == []


def broken(browser: Browser, path: Path, *, width: int, dark: bool = False) -> list[str]:
    """The rules that a page breaks, and whether it is wider than the window."""
    page = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        bypass_csp=True,
    )
    page.goto(path.as_uri())
    wide = page.evaluate("document.documentElement.scrollWidth") > width
    found = violations(page) + ["too wide"] * wide
    page.close()
    return found


# --- the same each time -------------------------------------------------------------

MAKE = """
import hashlib, json
from pathlib import Path
from kostra_publish.nav.documents import payload
from tests.nav import packages
files = payload(packages.package(), Path("templates"))
print(json.dumps({name: hashlib.sha256(content).hexdigest() for name, content in files.items()}))
"""


def test_the_same_package_is_the_same_bytes_in_any_process(
    files: Mapping[Language, Mapping[str, bytes]],
) -> None:
    other = subprocess.run(
        [sys.executable, "-c", MAKE],
        env={"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    own = {name: hashlib.sha256(content).hexdigest() for name, content in files["nb"].items()}
    assert json.loads(other.stdout) == own
    assert payload(packages.package(), TEMPLATES) == files["nb"]
