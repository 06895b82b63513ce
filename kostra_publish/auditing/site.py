"""The key-figure site, read back: its pages, and the files beside them.

A page marks each figure with the cell that it is taken from, and that is compared with the
tables of the release (``marks``). Whatever else has digits is a text like those of other files,
which something must account for; so an unmarked figure is found as a text.

A page is cut into tags and the texts between them, and nothing is left out: what a browser would
pass over is read too. What is not written as this program writes pages is a finding. Tags and
texts that have stood on an earlier page are not looked at twice, since a site has many pages.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, Final

from kostra_publish.auditing import site_files
from kostra_publish.auditing.addresses import slugs_gone, unknown_in
from kostra_publish.auditing.marks import ENGLISH, Figures, number
from kostra_publish.auditing.released import Content, Said, has_number
from kostra_publish.specs.models import LANGUAGES

_PAGE: Final = ".html"
_DOCTYPE: Final = "<!DOCTYPE html>"
_LINKED: Final = "application/ld+json"
_ORDINARY: Final = " \t\r\n"
"""Spaces that nobody sees; one that does not break is part of a number."""
_SPACES: Final = re.compile(r"[ \t\r\n]+")
_ENTITY: Final = re.compile(r"&#?\w+;")
_ESCAPED: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "'": "&apos;"}
_REFRESH: Final = re.compile(r"0; ?url=(.*)")
_TAG: Final = re.compile(r"<([^<>]*)>")
_PAIR: Final = re.compile(r'\s([\w:-]+)="([^"]*)"')
_BARE_TAG: Final = re.compile(r"/?[a-z]+[1-6]?(?:\s+[a-z-]+)*\s*/?", re.IGNORECASE)
_KEPT: Final = 1 << 16
_EVERY_TIME: Final = frozenset({"html", "script"})
"""Tags that say something of the page or of the text behind them."""
_NOTHING: Final = ("",) * 6
"""Parts behind the last text of a page, so that it has some behind every tag."""

_FIGURE: Final = re.compile(r' data-([cdrk])="([^"<>]*)"([^<>]*)>([^<>]*)</')
"""A mark, more attributes, the text that it stands at, and what begins the tag behind that."""
_MARK: Final = re.compile(r'\sdata-([cdrk])="([^"]*)"')
_SENTENCE: Final = "data-f"
_POINTS: Final = frozenset({"circle", "rect", "path"})
_DRAWN: Final = frozenset(
    {
        "svg", "g", "path", "circle", "rect", "line", "polyline", "polygon", "ellipse", "text",
        "tspan", "use", "symbol", "marker", "pattern", "defs", "clipPath", "linearGradient",
        "stop",
    }
)  # fmt: skip
_GEOMETRY: Final = re.compile(
    r"\s(?:d|[xy][12]?|c[xy]|r[xy]?|d[xy]|width|height|viewBox|points|(?:patternT|t)ransform|offset|opacity"
    r"|(?:fill|stroke)-opacity|stroke-(?:width|dasharray)|font-(?:size|weight)|ref[XY]"
    r'|marker(?:Width|Height)|orient|pathLength)="[^"]*"'
)
"""Attributes of drawings that say where something is drawn; no texts."""
_LAYOUT: Final = frozenset(
    {
        "colspan",
        "rowspan",
        "tabindex",
        "aria-level",
        "aria-colcount",
        "aria-rowcount",
        "size",
        "data-decimals",
    }
)
"""Attributes that say how a page is laid out; only small numbers."""
_SMALL: Final = re.compile(r"-?[0-9]{1,3}")
_ADDRESSES: Final = frozenset(
    {
        "href", "src", "id", "for", "class", "name", "headers", "list", "srcset", "action", "form",
        "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "download",
    }
)  # fmt: skip
"""Attributes that hold addresses and names."""
_GOES_ON_BEFORE: Final = re.compile(r"(?:[\w.,\N{MINUS SIGN}-]|[0-9]\N{NO-BREAK SPACE})\Z")
_GOES_ON_AFTER: Final = re.compile(r"\w|[.,\N{NO-BREAK SPACE}][0-9]")


def read_all(
    folder: Path, files: Sequence[str], figures: Figures, templates: Path
) -> list[Content]:
    """What the files of a site say, in the order of ``files``, which are below ``folder``.

    ``figures`` are those of the tables of the release; ``templates`` is the folder that holds
    what pages share, under ``site/``.
    """
    names = {path.name for path in folder.rglob("*") if has_number(path.name) and path.is_file()}
    reader = Reader(figures, names, templates)
    contents = {
        file: reader.read(file, (folder / file).read_bytes())
        for file in sorted(files, key=_without_language)
    }
    return [contents[file] for file in files]


def _without_language(file: str) -> tuple[str, str]:
    """A path by which pages come together that say the same."""
    return "/".join(part for part in file.split("/") if part not in LANGUAGES), file


class Reader:
    """Reads files of a site, one after the other; what has been said before is not said again.

    ``names`` are names of files in the release, which may stand in addresses.
    """

    def __init__(self, figures: Figures, names: Collection[str], templates: Path) -> None:
        self.figures = figures
        self.tags: set[str] = set()
        """Tags that have been looked at: there was nothing in them but what has been said."""
        self.texts: set[str] = set()
        """Those of texts in drawings; they are looked at each time for what they stand at."""
        self.drawn: set[str] = set()
        """Tags of drawings that have been looked at, as they are; those of the last pages."""
        self.seen: set[str] = set()
        """Texts between tags that have been looked at."""
        self._agreed: dict[bool, set[tuple[str, str, str]]] = {}
        self._names = names
        self._templates = templates
        self._said: set[tuple[str, str]] = set()
        self._checks: Mapping[str, Callable[[str, str, str], bool]] = {
            "c": figures.is_cell,
            "d": figures.is_change,
            "r": figures.is_rank,
            "k": figures.is_count,
        }

    def read(self, file: str, data: bytes) -> Content:
        """What the file at this path of a release says."""
        content = Content(file)
        try:
            if file.endswith(_PAGE):
                _Page(self, content).read(data.decode())
            else:
                site_files.read(content, data, self.figures, self._templates)
                content.texts = [left for said in content.texts for left in self.left_of(said)]
        except UnicodeDecodeError:
            content.wrong.append("is not text, and no way to read it is known")
        return content

    def lately_drawn(self) -> set[str]:
        """Tags of drawings on the last pages; those in other languages have the same ones."""
        if len(self.drawn) > _KEPT:
            self.drawn.clear()
        return self.drawn

    def lately_agreed(self, language: str) -> set[tuple[str, str, str]]:
        """Figures of the last pages in this language that were right: kinds, marks and texts.

        Bokmål and nynorsk write numbers in one way, and pages of one area are read together.
        """
        found = self._agreed.setdefault(language == ENGLISH, set())
        if len(found) > _KEPT:
            found.clear()
        return found

    def agrees(self, kind: str, mark: str, text: str, language: str) -> bool:
        """Whether a marked text is what its mark stands for."""
        return self._checks[kind](mark, text, language)

    def left_of(self, said: Said) -> Iterator[Said]:
        """A text as the known texts are asked for it: without the regions of addresses.

        Codes that are bare numbers stand in addresses only as those of regions and tables.
        Nothing where it has no digits or has been asked for.
        """
        if has_number(said.text) and (said.place, said.text) not in self._said:
            self._said.add((said.place, said.text))
            if said.is_code:
                for left in unknown_in(said.text, self._names):
                    yield Said(said.place, left)
            elif has_number(left := slugs_gone(said.text)):
                yield Said(said.place, left)


# --- pages --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Tag:
    """A tag with its attributes, and where it stands among the parts of a page."""

    place: int
    name: str
    attributes: Sequence[tuple[str, str]]

    def get(self, name: str) -> str | None:
        """An attribute; None where it is not there."""
        return next((value for own, value in self.attributes if own == name), None)


class _Page:
    """One page, read into ``content``.

    ``_parts`` are texts and tags by turns, beginning with a text; a text that has been read is
    taken out of them.
    """

    def __init__(self, reader: Reader, content: Content) -> None:
        self._reader = reader
        self._content = content
        self._wrong: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._language = ""
        self._parts: list[str] = []

    def read(self, text: str) -> None:
        """Read the whole page."""
        if not text.startswith(_DOCTYPE):
            self._found("is not a page in HTML 5")
        found = _FIGURE.split(_ENTITY.sub(_plain, text))
        figures = {*zip(found[1::5], found[2::5], found[4::5], strict=True)}
        between = [f"{more}></" for more in found[3::5]]
        rest = "".join(chain.from_iterable(zip_longest(found[::5], between, fillvalue="")))
        parts = _TAG.split(rest)
        new = self._new(parts)
        self._parts = [*parts, *_NOTHING]
        self._language = self._language_of(new)
        self._figures(figures)
        for place in new:
            self._tag(place, self._parts[place])
        for words in {*self._parts[::2]} - self._reader.seen:
            self._reader.seen.add(words)
            self._says("text", _joined(words))
        for how, count in self._wrong.items():
            first = self._first.get(how)
            self._content.wrong.append(f"{how}: {count}{f', first {first}' if first else ''}")

    def _new(self, parts: Sequence[str]) -> list[int]:
        """Where tags stand that have not been looked at."""
        known, drawn = self._reader.tags, self._reader.lately_drawn()
        return [
            place
            for place in range(1, len(parts), 2)
            if parts[place] not in known and parts[place] not in drawn
        ]

    def _language_of(self, places: Sequence[int]) -> str:
        """The language that the page says it is in; its tag is never among those known."""
        for place in places:
            if self._parts[place].startswith("html"):
                found = str(dict(_PAIR.findall(self._parts[place])).get("lang"))
                if found in LANGUAGES:
                    return found
        self._found("is in no language of the tables")
        return ""

    def _found(self, how: str, where: str = "") -> None:
        self._wrong[how] += 1
        if where:
            self._first.setdefault(how, where)

    def _says(self, place: str, text: str, *, is_code: bool = False) -> None:
        self._content.texts.extend(self._reader.left_of(Said(place, unescape(text), is_code)))

    def _tag(self, place: int, tag: str) -> None:
        """Look at one tag that has not stood on an earlier page as it is."""
        name = _name(tag)
        if marked := _MARK.search(tag):
            self._marked(place, name, tag, marked)
            self._rest(place, name, tag[: marked.start()] + tag[marked.end() :])
            return
        if name == "text" and "tick" in tag:
            self._tick(place, tag)
        if self._rest(place, name, tag) and name in _DRAWN and name != "text":
            self._reader.drawn.add(tag)

    def _rest(self, place: int, name: str, tag: str) -> bool:
        """Look at a tag without its figure; whether that need not be done again."""
        known = self._reader.texts if name == "text" else self._reader.tags
        bare = _GEOMETRY.sub("", tag) if name in _DRAWN else tag
        if bare in known:
            return True
        self._attributes(place, name, bare)
        if name in _EVERY_TIME or _SENTENCE in bare:
            return False
        known.add(bare)
        return True

    # --- figures --------------------------------------------------------------------------

    def _figures(self, figures: set[tuple[str, str, str]]) -> None:
        """Look at marked figures: kinds, marks and texts."""
        agreed = self._reader.lately_agreed(self._language)
        for figure in figures - agreed:
            kind, mark, text = figure
            if self._reader.agrees(kind, mark, text.strip(_ORDINARY), self._language):
                agreed.add(figure)
            else:
                how = f"shows what is not in the tables, marked with data-{kind}"
                self._found(how, self._told_of(mark))

    def _marked(self, place: int, name: str, tag: str, marked: re.Match[str]) -> None:
        """Look at a mark whose element holds more than a text: a point, or what is wrong."""
        kind, mark = marked.groups()
        if name in _POINTS and tag.endswith("/"):
            return
        text = self._figure(place, name)
        if text is None:
            self._found("has marks that stand at more than a figure", self._told_of(mark))
        else:
            self._figures({(kind, mark, text)})

    def _figure(self, place: int, name: str) -> str | None:
        """A figure, or that in the title of a point, taken out; None where it is not alone."""
        blank, title, told, end, more, last = self._parts[place + 1 : place + 7]
        if title == f"/{name}":
            self._parts[place + 1] = ""
            return blank
        words, separator, figure = told.strip(_ORDINARY).rpartition(": ")
        around = (name in _POINTS, title, separator, end, last, blank.strip(), more.strip())
        if around != (True, "title", ": ", "/title", f"/{name}", "", ""):
            return None
        self._parts[place + 3] = words
        return figure

    def _told_of(self, mark: str) -> str:
        """A mark as a message may name it: only one whose every word is a code."""
        return mark if self._reader.figures.names(mark) else ""

    def _tick(self, place: int, tag: str) -> None:
        """Take a number of an axis out of the page."""
        classes = dict(_PAIR.findall(tag)).get("class", "").split()
        if "tick" not in classes or self._parts[place + 2] != "/text":
            return
        if _is_round(self._parts[place + 1].strip(_ORDINARY), self._language):
            self._parts[place + 1] = ""
        else:
            self._found("has axis numbers that are not round")

    # --- attributes -----------------------------------------------------------------------

    def _attributes(self, place: int, name: str, text: str) -> None:
        """Look at a tag without the figures that it is marked with."""
        if text.startswith("!"):
            self._says("comment or declaration", text)
            return
        tag = _Tag(place, name, _PAIR.findall(text))
        if not _BARE_TAG.fullmatch(_PAIR.sub("", text)):
            self._found("has tags that are not as this program writes them")
            self._says("tag", text)
        listed = tag.get(_SENTENCE)
        figures = self._listed(listed)
        if name == "script":
            self._script(tag, figures)
        for attribute, value in tag.attributes:
            self._attribute(attribute, value, figures)
        if listed is not None and name != "script":
            said = self._parts[place + 1]
            self._parts[place + 1] = ""
            self._says("text", figures.gone(_joined(said)))
        if figures.idle:
            self._found("lists cells that it does not show in data-f")

    def _listed(self, listed: str | None) -> _Listed:
        """The figures of the cells that a tag lists."""
        marks = [] if listed is None else listed.split(" | ")
        cells = [self._reader.figures.cell(mark) for mark in marks]
        if None in cells:
            self._found("lists cells that are not there in data-f")
        return _Listed([cell.texts(self._language) for cell in cells if cell is not None])

    def _attribute(self, name: str, value: str, figures: _Listed) -> None:
        if name == "style" or name.casefold().startswith("on"):
            self._found("has a style or a script in an attribute")
        refresh = _REFRESH.fullmatch(value) if name == "content" else None
        if name in _ADDRESSES or refresh:
            self._says("address or name", refresh[1] if refresh else value, is_code=True)
        elif name != _SENTENCE and not (name in _LAYOUT and _SMALL.fullmatch(value)):
            self._says(f"attribute {name}", f"{name} {figures.gone(_joined(unescape(value)))}")

    # --- scripts --------------------------------------------------------------------------

    def _script(self, tag: _Tag, figures: _Listed) -> None:
        parts = self._parts
        text = parts[tag.place + 1]
        if parts[tag.place + 2] != "/script":
            self._found("has a script that is not one text")
        elif tag.get("type") == _LINKED:
            parts[tag.place + 1] = ""
            for place, said in self._linked(text):
                self._says(f"script {place}", figures.gone(said))
        elif text.strip() or tag.get("src") is None:
            self._found("has a script in the page")

    def _linked(self, text: str) -> Iterator[tuple[str, str]]:
        """Texts and numbers of JSON-LD."""
        try:
            document = json.loads(text)
        except ValueError:
            self._found("has JSON-LD that is not JSON")
            return
        for place, inside in _walk(document, ""):
            if isinstance(inside, str):
                yield place, inside
            elif inside is not None and not isinstance(inside, bool):
                yield place, f"number {inside!r}"


def _name(tag: str) -> str:
    return tag.split(None, 1)[0] if tag.strip() else ""


def _plain(entity: re.Match[str]) -> str:
    """What an entity stands for, but for signs that mean something in HTML."""
    sign = unescape(entity[0])
    return _ESCAPED.get(sign, sign)


def _walk(part: Any, place: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # JSON holds anything
    """Every text and number of a document, and every key with digits."""
    if isinstance(part, dict):
        for key, inside in part.items():
            if has_number(key):
                yield "key", key
            yield from _walk(inside, "key" if has_number(key) else key)
    elif isinstance(part, list):
        for inside in part:
            yield from _walk(inside, place)
    else:
        yield place, part


def _joined(text: str) -> str:
    """A text as it is seen; a space that does not break stays as it is."""
    return _SPACES.sub(" ", text.strip(_ORDINARY))


def _is_round(text: str, language: str) -> bool:
    """Whether a text is a number with at most three figures that are not only zeros around."""
    found = number(text, language)
    if found is None:
        return not has_number(text)
    digits = f"{abs(found.value):.{found.decimals}f}".replace(".", "")
    return len(digits.strip("0")) <= 3


class _Listed:
    """The figures that an element lists: each may stand once in each of its texts."""

    def __init__(self, figures: Sequence[Sequence[str]]) -> None:
        self._figures = [ways for ways in figures if ways]
        self._shown: set[int] = set()

    @property
    def idle(self) -> bool:
        """Whether some figure has stood in none of the texts."""
        return len(self._shown) < len(self._figures)

    def gone(self, text: str) -> str:
        """A text without the figures that are listed."""
        for place, ways in enumerate(self._figures):
            for written in ways:
                first = _first(text, written)
                if first is not None:
                    text = f"{text[:first]} {text[first + len(written) :]}"
                    self._shown.add(place)
                    break
        return text


def _first(text: str, written: str) -> int | None:
    """Where a number first stands in a text and is no part of another one."""
    first = text.find(written)
    while first >= 0:
        before = text[max(first - 2, 0) : first]
        if not _GOES_ON_BEFORE.search(before) and not _GOES_ON_AFTER.match(
            text, first + len(written)
        ):
            return first
        first = text.find(written, first + 1)
    return None
