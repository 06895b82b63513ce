"""The overview: one page per language that lists the tables of a release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any, Final

from kostra_publish.disclosure.safe import SafeCube, VintageFacts, only_safe
from kostra_publish.outputs import correspondence, csv_table, jsonstat
from kostra_publish.outputs.distributions import CSV, Form, distributions
from kostra_publish.outputs.distributions import TOP as FOLDER
from kostra_publish.outputs.facts import TableFacts, corrected, dated, preliminary
from kostra_publish.outputs.metadata import changes, datapackage, dcat, feed
from kostra_publish.outputs.pages import page
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import LANGUAGES, DiscontinuedTable, Language, Text, Texts

TEMPLATE: Final = "overview.html.j2"
NAMES: Final = (
    "language", "languages", "round", "vintage", "published", "next_update", "source", "subject",
    "licence", "synthetic", "preliminary", "provisional", "tables", "others", "discontinued",
)  # fmt: skip
"""What the template is given."""
FRONT: Final[Language] = "nb"
"""The language of ``index.html``."""

_JSON: Final = "application/json"
_EVERY: Final = "every"
"""Stands for a file with all languages."""


def write_overview(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts, templates: Path
) -> Iterator[tuple[str, bytes]]:
    """The page in each language, and ``index.html``: (path in the release, bytes).

    Raises TemplateError when a template is missing or does not hold together.
    """
    for language in LANGUAGES:
        content = page(templates, TEMPLATE, **overview(cubes, catalogue, language, release))
        yield f"{FOLDER}/index.{language}.html", content
        if language == FRONT:
            yield f"{FOLDER}/index.html", content


def overview(
    cubes: Sequence[SafeCube], catalogue: Catalogue, language: Language, release: ReleaseFacts
) -> dict[str, Any]:
    """What the template is given: plain words, numbers and relative links."""
    texts = catalogue.texts
    tables = [_table(cube, texts, language, release) for cube in only_safe(cubes)]
    marked = _newest_preliminary(cubes)
    return {
        "language": language,
        "languages": LANGUAGES,
        "round": release.round.name,
        "vintage": release.round.vintage,
        "published": release.round.published_at,
        "next_update": _local(release.next_update, release),
        "source": texts.publisher.get(language),
        "subject": texts.subject_area.get(language),
        "licence": texts.licence,
        "synthetic": texts.synthetic.get(language) if any(t["synthetic"] for t in tables) else "",
        "preliminary": preliminary(texts, marked).get(language) if marked else "",
        "provisional": texts.provisional.get(language),
        "tables": tables,
        "others": _others(catalogue, language),
        "discontinued": [
            _discontinued(table, language, {cube.table.id for cube in cubes})
            for table in catalogue.discontinued.values()
        ],
    }


def _newest_preliminary(cubes: Sequence[SafeCube]) -> VintageFacts | None:
    """The newest preliminary figures; None where there are none."""
    facts = [facts for cube in cubes for facts in cube.vintages.values() if facts.preliminary]
    return max(facts, key=lambda one: one.published, default=None)


def _local(moment: datetime | None, release: ReleaseFacts) -> datetime | None:
    """A moment by the clock of the place of publication."""
    return None if moment is None else moment.astimezone(release.round.published_at.tzinfo)


def _notes(cube: SafeCube, texts: Texts) -> Iterator[Text]:
    """Corrections of all years, and who has not reported in the newest."""
    for year, facts in cube.vintages.items():
        for one in facts.corrected:
            yield dated(corrected(texts, one), [str(year)])
    newest = max(cube.vintages, default=None)
    for note in cube.vintages[newest].notes if newest is not None else ():
        yield dated(note.text, [str(newest)])


def _table(
    cube: SafeCube, texts: Texts, language: Language, release: ReleaseFacts
) -> dict[str, Any]:
    facts = TableFacts.of(cube, release)
    return {
        "id": cube.table.id,
        "title": cube.table.title.get(language),
        "vintages": list(cube.vintages),
        "cells": prod(cube.size),
        "preliminary": list(facts.preliminary),
        "synthetic": bool(facts.synthetic),
        "provisional": bool(facts.provisional),
        "corrected": [year for year, one in cube.vintages.items() if one.corrected],
        "notes": [text.get(language) for text in _notes(cube, texts)],
        "updated": _local(facts.updated, release),
        "files": _files(cube.table.id),
    }


def _files(table: str) -> list[dict[str, Any]]:
    """The forms of a table: name, media type, and links by what is in a file.

    That is a language, or a word: all languages, or figures and what is said of them.
    """
    found: dict[Form, dict[str, str]] = {}
    for one in distributions(table):
        found.setdefault(one.form, {})[one.language or _EVERY] = one.path
    found[CSV] = {
        "figures": _link(f"{csv_table.FOLDER}/{csv_table.file_name(table)}"),
        "about": _link(f"{csv_table.FOLDER}/{csv_table.metadata_name(table)}"),
    }
    return [
        {"form": form.name, "type": form.media_type, "links": links}
        for form, links in found.items()
    ]


def _others(catalogue: Catalogue, language: Language) -> dict[str, tuple[str, str]]:
    """Files on all tables, by what they are: a link and a media type."""
    found = {
        "collection": (f"{jsonstat.FOLDER}/{jsonstat.file_name('collection', language)}", _JSON),
        "correspondence": (correspondence.FILE, _JSON),
        "datapackage": (datapackage.FILE, _JSON),
        "catalog": (dcat.FILE, "application/ld+json"),
        "changes": (changes.FILE, _JSON),
    }
    if catalogue.pages is not None:
        found["feed"] = (feed.FILE, "application/atom+xml")
    return {what: (_link(path), media_type) for what, (path, media_type) in found.items()}


def _link(path: str) -> str:
    """A path of the release as a link from the page."""
    return PurePosixPath(path).relative_to(FOLDER).as_posix()


def _discontinued(
    table: DiscontinuedTable, language: Language, published: set[str]
) -> dict[str, Any]:
    return {
        "id": table.id,
        "title": table.title.get(language),
        "years": [table.first_year, table.last_year],
        "replaced_by": [(other, other in published) for other in table.replaced_by],
        "series_break": table.series_break.get(language) if table.series_break else "",
        "provisional": table.provisional,
    }
