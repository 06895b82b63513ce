"""The letter on paper: what it says, its tags, its pages, and letters that its fonts lack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from kostra_publish.nav.documents import drawn_letters, letter_pdf, words
from kostra_publish.nav.documents.letter import letter
from kostra_publish.nav.package import MissingReport, Package
from kostra_publish.specs.models import LANGUAGES, Language
from tests.nav import packages
from tests.nav.documents.test_tables import AWKWARD

TEMPLATES = Path("templates")


def made(package: Package, language: Language = "nb") -> bytes:
    wording = words.read(TEMPLATES)[language]
    return letter_pdf.pdf(letter(package, wording), wording, package.published)


def pieces(content: bytes) -> Iterator[str]:
    """What the pages show, in the order that it is written; drawn letters as themselves."""
    drawn = ""
    for part in re.finditer(
        rb"/ActualText <FEFF([0-9A-F]+)>|\((?P<text>(?:\\.|[^\\()])*)\) Tj", content
    ):
        if part[1]:
            drawn = bytes.fromhex(part[1].decode()).decode("utf-16-be")
            continue
        text = re.sub(rb"\\(.)", rb"\1", part["text"]).decode("cp1252", errors="replace")
        yield drawn or text
        drawn = ""


def text(content: bytes) -> str:
    return "".join(pieces(content))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_the_page_says(language: Language) -> None:
    package = packages.package(language)
    content, shown = made(package, language), text(made(package, language)).replace(" ", "")
    said = letter(package, words.read(TEMPLATES)[language])
    told = [said.title, *(value for pair in said.facts for value in pair)]
    told += [one for mark in said.marks for one in (mark.head, mark.text)]
    for section in said.sections:
        told += [section.heading, *section.paragraphs]
        told += [part for item in section.items for part in (item.text, item.command)]
    assert [one for one in told if one.replace(" ", "") not in shown] == []
    assert "SYNTETISKEDATA" in shown
    assert content.count(b"/Type /Page\n") == 2


def test_it_has_a_title_a_language_a_date_and_tags() -> None:
    content = made(packages.package())
    assert b"/Lang (nb)" in content
    assert b"/DisplayDocTitle true" in content
    assert b"/MarkInfo <</Marked true>>" in content
    assert b"/CreationDate (D:20260615060000Z" in content
    assert b"/MediaBox [0 0 595.28 841.89]" in content
    assert content.count(b"/S /H1") == 1
    assert content.count(b"/S /H2") == 6
    assert content.count(b" BDC") + content.count(b" BMC") == content.count(b"EMC")
    assert b"/S /Figure" not in content


def test_norwegian_and_sami_letters_are_all_there() -> None:
    names = "Æ Ø Å æ ø å – « » á Á š ž đ Đ ŋ Ŋ ŧ Ŧ č Č ǧ ǩ ń"
    content = made(packages.package(missing=[MissingReport("9999", names)]))
    assert names in text(content)
    assert words.read(TEMPLATES)["nb"]("pdf_letters")[:20] not in text(content)


def test_what_cannot_be_shown_is_told() -> None:
    content = made(packages.package(missing=[MissingReport("9999", "Ω ≥ ﬁ")]))
    assert "9999 ? ? fi." in text(content)
    assert words.read(TEMPLATES)["nb"]("pdf_letters")[:20] in text(content)


def test_many_kommuner_go_on_over_pages() -> None:
    missing = [MissingReport(str(1000 + one), f"Kommune {one}") for one in range(900)]
    content = made(packages.package(missing=missing))
    shown = text(content)
    assert all(f"{one.code}" in shown for one in missing)
    assert "Side 1 av 5" in shown
    assert "Side 5 av 5" in shown


@settings(max_examples=10)
@given(AWKWARD.filter(str.strip), AWKWARD.filter(str.strip))
def test_awkward_texts_are_written_within_the_page(title: str, name: str) -> None:
    delivery = packages.delivery(title=packages.same(title), purpose=packages.same(name))
    content = made(packages.package(delivery=delivery, missing=[MissingReport("1", name)]))
    assert content.count(b" BDC") + content.count(b" BMC") == content.count(b"EMC")
    assert content.endswith(b"%%EOF\n")


@given(AWKWARD)
def test_whatever_is_written_can_be(text: str) -> None:
    based = drawn_letters.based(drawn_letters.written(text))
    assert based.encode(drawn_letters.ENCODING)
