"""The letter as a PDF for the archive: tagged, at most a few A4 pages, the same bytes each time.

It is written with the fonts that every PDF reader has, so none is embedded. Letters of the Sami
languages that they lack are drawn; what cannot be drawn is told by its nearest letters, and a line
at the end says so. The page beside it has every letter as it should be.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from fpdf import FPDF
from fpdf.prefs import ViewerPreferences

from kostra_publish.nav.documents import drawn_letters
from kostra_publish.nav.documents.drawn_letters import Drawn
from kostra_publish.nav.documents.letter import Item, Letter, Section
from kostra_publish.nav.documents.words import Wording

_MARGIN: Final = 20.0
"""In millimetres, like all lengths here."""
_FOOT: Final = 14.0
_FACT: Final = 44.0
"""How wide the names of facts are."""


@dataclass(frozen=True)
class _Style:
    """How a text is set: its tag, font, size in points and the space around it."""

    tag: str
    size: float = 9.5
    bold: bool = False
    font: str = "helvetica"
    before: float = 0.0
    after: float = 1.2
    grey: int = 0

    @property
    def line(self) -> float:
        """The height of a line."""
        return self.size * 0.46


_TITLE: Final = _Style("H1", size=17, bold=True, before=1, after=3)
_HEADING: Final = _Style("H2", size=11.5, bold=True, before=2.6, after=0.8)
_TEXT: Final = _Style("P")
_LINE: Final = _Style("LI", after=0.7)
_COMMAND: Final = _Style("Code", font="courier", size=8.5, after=1)
_GRAVE: Final = _Style("P", size=14, bold=True, after=0.6)
_MARK: Final = _Style("P", bold=True, after=0)
_NAME: Final = _Style("P", grey=70, after=0.4)
_VALUE: Final = _Style("P", after=0.4)
_FOOTER: Final = _Style("P", size=8, grey=70, after=0)


def pdf(letter: Letter, wording: Wording, published: datetime) -> bytes:
    """The letter as a PDF, dated by the hour of the release."""
    # The number of pages stands on each of them, so they are counted first.
    pages = _filled(_Paper(letter, wording, published)).page
    return bytes(_filled(_Paper(letter, wording, published, pages)).output())


def _filled(paper: _Paper) -> _Paper:
    """Pages with all of the letter on them."""
    paper.add_page()
    paper.marks()
    paper.block(paper.letter.title, _TITLE)
    for name, value in paper.letter.facts:
        paper.fact(name, value)
    for section in paper.letter.sections:
        paper.section(section)
    if paper.changed:
        paper.block(paper.wording("pdf_letters"), _NAME)
    return paper


class _Paper(FPDF):
    """Pages that are filled from the top, each text with a tag for those who listen to it."""

    def __init__(
        self, letter: Letter, wording: Wording, published: datetime, pages: int = 0
    ) -> None:
        super().__init__(format="A4")
        self.of = pages
        """How many pages there will be."""
        self.str_alias_nb_pages = ""
        self.letter = letter
        self.wording = wording
        self.changed = False
        """Whether a letter could not be shown."""
        # Compressed bytes would depend on the library that compresses.
        self.set_compression(False)
        self.core_fonts_encoding = drawn_letters.ENCODING
        self.set_creation_date(published.astimezone(UTC))
        self.set_producer("kostra-publish")
        self.set_creator("kostra-publish")
        self.set_lang(letter.language)
        self.set_title(letter.title)
        self.set_author(letter.subject)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.c_margin = 0
        self.set_margins(_MARGIN, _MARGIN - 2, _MARGIN)
        # Pages are broken between lines of a tagged text, never within a tag.
        self.set_auto_page_break(False, margin=_MARGIN)

    def footer(self) -> None:
        """What package it is, and which page."""
        with self.untagged():
            self.use(_FOOTER)
            self.set_y(-_FOOT)
            pages = self.wording("page", page=self.page_no(), pages=self.of)
            name = dict(self.letter.facts)[self.wording("package")]
            self.cell(self.epw / 2, _FOOTER.line, drawn_letters.based(self.plain(name)))
            self.cell(self.epw / 2, _FOOTER.line, drawn_letters.based(pages), align="R")

    def marks(self) -> None:
        """What must be known before the rest is read, each in a box."""
        for mark in self.letter.marks:
            top = self.y
            self.set_y(top + 1.5)
            indent = 3.0
            self.block(mark.head, _GRAVE if mark.grave else _MARK, indent=indent)
            self.block(mark.text, _TEXT, indent=indent)
            with self.untagged():
                self.set_line_width(0.8 if mark.grave else 0.3)
                self.rect(self.l_margin, top, self.epw, self.y - top + 0.5)
            self.set_y(self.y + 2.5)

    def fact(self, name: str, value: str) -> None:
        """A name at the left and its value beside it."""
        if self.room(_TEXT) < len(self.lines(value, _TEXT, _FACT)):
            self.add_page()
        top, page = self.y, self.page
        self.block(name, _NAME, width=_FACT - 2)
        if self.page == page:
            self.set_y(top)
        self.block(value, _VALUE, indent=_FACT)

    def section(self, section: Section) -> None:
        """A heading that stays with what follows it, paragraphs and a list."""
        if self.room(_HEADING) < 4:
            self.add_page()
        self.start_section(section.heading)
        self.block(section.heading, _HEADING)
        for paragraph in section.paragraphs:
            self.block(paragraph, _TEXT)
        for number, item in enumerate(section.items, 1):
            self.item(item, f"{number}." if section.ordered else "•")

    def item(self, item: Item, bullet: str) -> None:
        """A point of a list, and the command in it."""
        self.block(item.text, _LINE, indent=5, bullet=bullet)
        if item.command:
            self.block(item.command, _COMMAND, indent=5)

    def block(
        self, text: str, style: _Style, *, indent: float = 0, width: float = 0, bullet: str = ""
    ) -> None:
        """A text with its tag, from the left margin down; a new page where there is no room."""
        if style.before and self.room(style) > 1:
            self.set_y(self.y + style.before)
        rest = self.lines(text, style, indent, width)
        while rest:
            if self.room(style) < 1:
                self.add_page()
            here, rest = rest[: self.room(style)], rest[self.room(style) :]
            with self.tagged(style.tag):
                self.write_lines(here, style, indent, bullet)
            bullet = ""
        self.set_y(self.y + style.after)

    def write_lines(self, lines: Sequence[str], style: _Style, indent: float, bullet: str) -> None:
        """Lines below each other; there is room for them."""
        self.use(style)
        for line in lines:
            if bullet:
                self.set_x(self.l_margin + 1)
                self.cell(4, style.line, bullet)
                bullet = ""
            self.set_x(self.l_margin + indent)
            self.write_line(line, style)
            self.ln(style.line)

    def write_line(self, line: str, style: _Style) -> None:
        """One line, with letters drawn that the fonts do not have."""
        for letter, run in groupby(
            line, key=lambda each: each if drawn_letters.drawn(each) else ""
        ):
            text = "".join(run)
            if found := drawn_letters.drawn(letter) if letter else None:
                for _ in text:
                    self.draw(letter, found, style)
            else:
                self.cell(self.get_string_width(text), style.line, text)

    def draw(self, letter: str, found: Drawn, style: _Style) -> None:
        """A letter as strokes on another; whoever copies the text gets the letter itself."""
        self._out(f"/Span <</ActualText <FEFF{letter.encode('utf-16-be').hex().upper()}>>> BDC")
        left, size = self.x, self.font_size
        # Letters stand on a line 0.3 of their size below the middle of their cell.
        line = self.y + style.line / 2 + 0.3 * size
        self.cell(self.get_string_width(found.base), style.line, found.base)
        self.set_draw_color(style.grey)
        self.set_line_width(size * (0.115 if style.bold else 0.075))
        for stroke in found.strokes:
            self.polyline([(left + size * right, line - size * up) for right, up in stroke])
        self.set_draw_color(0)
        self._out("EMC")

    def lines(self, text: str, style: _Style, indent: float = 0, width: float = 0) -> list[str]:
        """A text in lines that are as wide as there is room for."""
        self.use(style)
        room = width or self.epw - indent
        found = [""]
        for word in self.plain(text).split(" "):
            line = f"{found[-1]} {word}" if found[-1] else word
            if self.width(line) <= room:
                found[-1] = line
                continue
            *full, rest = self.cut(word, room)
            found = [*filter(None, found), *full, rest]
        return found

    def cut(self, word: str, room: float) -> list[str]:
        """A word in pieces that there is room for: one, unless it is very long."""
        found = [""]
        for letter in word:
            if self.width(found[-1] + letter) > room:
                found.append("")
            found[-1] += letter
        return found

    def width(self, text: str) -> float:
        """How wide a text is in the style in use."""
        return self.get_string_width(drawn_letters.based(text))

    def room(self, style: _Style) -> int:
        """How many lines there is room for on the page."""
        return int((self.h - _MARGIN - self.y) / style.line)

    def use(self, style: _Style) -> None:
        """Write in a style from now on."""
        self.set_font(style.font, "B" if style.bold else "", style.size)
        self.set_text_color(style.grey)

    def plain(self, text: str) -> str:
        """A text on one line, in letters that can be shown."""
        line = " ".join(text.split())
        found = drawn_letters.written(line)
        self.changed |= found != unicodedata.normalize("NFC", line)
        return found

    @contextmanager
    def tagged(self, tag: str) -> Iterator[None]:
        """What is written meanwhile is one element of the document, such as a paragraph."""
        content = self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type=f"/{tag}", mcid=content)
        self._out(f"/{tag} <</MCID {content}>> BDC")
        yield
        self._out("EMC")

    @contextmanager
    def untagged(self) -> Iterator[None]:
        """What is written meanwhile is there for the eye alone."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")
