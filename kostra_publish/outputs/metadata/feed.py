"""``changes.xml``: the tables that a release has changed, as an Atom feed to subscribe to.

Where there is no site there is none: an entry of a feed must have an address that stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup

from kostra_publish.disclosure.safe import SafeCube, only_safe
from kostra_publish.outputs.distributions import TOP
from kostra_publish.outputs.facts import TableFacts
from kostra_publish.outputs.metadata.changes import Change, change
from kostra_publish.outputs.metadata.dcat import site
from kostra_publish.outputs.metadata.told import about_table, marked, table_title
from kostra_publish.releases.rounds import ReleaseFacts, utc
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import Language

FILE: Final = f"{TOP}/changes.xml"

_NAME: Final = "changes.xml"
_LANGUAGE: Final[Language] = "nb"
_CHANGES: Final[tuple[Change, ...]] = ("corrected", "replaced", "new")
"""What an entry is called by: the first of these that holds for any year of the table."""
_BEGIN: Final = Markup('<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{}">')
_ELEMENT: Final = Markup("<{name}>{text}</{name}>")
_LINK: Final = Markup('<link rel="{}" href="{}"/>')
_SPACES: Final = re.compile(r"[\x00-\x20\ufffe\uffff]+")
"""Spaces and line breaks, and what may not stand in XML at all."""
_CATEGORY: Final = Markup('<category term="{}"/>')


def write_feed(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """The feed: (path in the release, bytes); nothing where there is no site."""
    of = only_safe(cubes)
    if catalogue.pages is not None:
        yield FILE, "".join(f"{line}\n" for line in _feed(of, catalogue, release)).encode()


def _feed(cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts) -> Iterator[str]:
    texts, root = catalogue.texts, site(catalogue)
    yield _BEGIN.format(_LANGUAGE)
    yield _element("id", f"{root}{_NAME}")
    yield _element("title", marked(texts.descriptions.title, cubes, texts).get(_LANGUAGE))
    yield _element("updated", utc(release.updated))
    yield _element("rights", texts.licence)
    yield "<author>"
    yield _element("name", texts.publisher.get(_LANGUAGE))
    yield "</author>"
    yield _LINK.format("self", f"{root}{_NAME}")
    yield _LINK.format("alternate", f"{root}index.{_LANGUAGE}.html")
    for cube in cubes:
        done = {change(facts, release) for facts in cube.vintages.values()}
        for kind in [each for each in _CHANGES if each in done][:1]:
            yield from _entry(cube, kind, catalogue, release)
    yield "</feed>"


def _entry(
    cube: SafeCube, kind: Change, catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[str]:
    root = site(catalogue)
    yield "<entry>"
    yield _element("id", f"{root}{_NAME}#{cube.table.id}/{release.round.name}")
    yield _element("title", table_title(cube, catalogue.texts).get(_LANGUAGE))
    yield _element("updated", utc(TableFacts.of(cube, release).updated))
    yield _CATEGORY.format(kind)
    yield _LINK.format("alternate", f"{root}index.{_LANGUAGE}.html")
    yield _element("summary", about_table(cube, catalogue).get(_LANGUAGE))
    yield "</entry>"


def _element(name: str, text: str) -> str:
    """An element on a line of its own."""
    return _ELEMENT.format(name=name, text=_SPACES.sub(" ", text))
