"""``datapackage.json``: the CSV files of all tables as one Data Package.

It has no digests of the files: the manifest of the release has those of every file, and to
have them here each table would be written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kostra_publish.disclosure.safe import SIGNS, SafeCube, only_safe
from kostra_publish.outputs import csv_table
from kostra_publish.outputs.distributions import CSV, TOP, distributions
from kostra_publish.outputs.facts import TableFacts
from kostra_publish.outputs.metadata.columns import Column, Kind, about_columns, columns
from kostra_publish.outputs.metadata.told import (
    Json,
    about_table,
    document,
    is_synthetic,
    marked,
    shared_about,
    table_title,
)
from kostra_publish.releases.rounds import ReleaseFacts, utc
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import Language, Texts

FILE: Final = f"{TOP}/datapackage.json"
PROFILE: Final = "https://datapackage.org/profiles/2.0/datapackage.json"
CSV_DIALECT: Final = {
    "header": True,
    "delimiter": ";",
    "quoteChar": '"',
    "doubleQuote": True,
    "lineTerminator": "\n",
}

_LANGUAGE: Final[Language] = "nb"
"""A Data Package has one language; it is that of the names in the files."""
_TYPES: Final[dict[Kind, Json]] = {
    "year": {"type": "year"},
    "truth": {"type": "boolean", "trueValues": ["true"], "falseValues": ["false"]},
    "number": {"type": "number", "decimalChar": ","},
    "sign": {"type": "string", "constraints": {"enum": [*SIGNS]}},
}
_ABOUT: Final = "metadata"


def write_datapackage(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """The description of all tables: (path in the release, bytes)."""
    yield FILE, document(description(only_safe(cubes), catalogue, release))


def description(cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts) -> Json:
    """The package; two resources for each table."""
    texts = catalogue.texts
    said = texts.descriptions
    return {
        "$schema": PROFILE,
        "name": texts.subject_code,
        "title": marked(said.title, cubes, texts).get(_LANGUAGE),
        "description": shared_about(cubes, texts).get(_LANGUAGE),
        "version": release.round.name,
        "created": utc(release.updated),
        "keywords": [keyword.get(_LANGUAGE) for keyword in said.keywords],
        "licenses": [_licence(texts)],
        "contributors": [
            {
                "title": texts.contact.get(_LANGUAGE),
                "organization": texts.publisher.get(_LANGUAGE),
                "path": said.contact,
                "roles": ["publisher"],
            }
        ],
        "synthetic": is_synthetic(cubes),
        "resources": [
            resource for cube in cubes for resource in _resources(cube, catalogue, release)
        ],
    }


def _licence(texts: Texts) -> Json:
    """The licence, by the name that lists of licences have for it."""
    return {
        "name": texts.licence.replace(" ", "-"),
        "title": texts.licence,
        "path": texts.licence_address,
    }


def _resources(cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts) -> Iterator[Json]:
    texts, facts, table = catalogue.texts, TableFacts.of(cube, release), cube.table.id
    title = table_title(cube, texts).get(_LANGUAGE)
    figures = columns(cube, texts)
    [path] = [each.path for each in distributions(table) if each.form == CSV]
    yield {
        **_file(table, path, title),
        "description": about_table(cube, catalogue).get(_LANGUAGE),
        "synthetic": bool(facts.synthetic),
        "preliminary": [str(year) for year in facts.preliminary],
        "provisional": facts.provisional,
        "schema": {
            "fields": [_field(column) for column in figures],
            "primaryKey": [column.name for column in figures if column.is_key],
            "missingValues": [""],
        },
    }
    beside = path.replace(csv_table.file_name(table), csv_table.metadata_name(table))
    yield {
        **_file(f"{table}-{_ABOUT}", beside, title),
        "synthetic": bool(facts.synthetic),
        "schema": {
            "fields": [_field(column) for column in about_columns(texts)],
            "missingValues": [""],
        },
    }


def _file(name: str, path: str, title: str) -> Json:
    return {
        "name": name,
        "type": "table",
        "path": path,
        "title": title,
        "format": "csv",
        "mediatype": CSV.media_type,
        "encoding": "utf-8",
        "dialect": CSV_DIALECT,
    }


def _field(column: Column) -> Json:
    label = column.label.get(_LANGUAGE)
    found: Json = {"name": column.name, "title": label, "type": "string"}
    found |= _TYPES.get(column.kind, {})
    if column.is_key:
        found["constraints"] = {"required": True}
    return found
