"""CSV on the Web: a description beside each CSV file with figures, found by its name.

Readers that know the standard look for ``13995.csv-metadata.json`` beside ``13995.csv``. It
describes the file with what is said of the table, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kostra_publish.disclosure.safe import SIGNS, SafeCube, only_safe
from kostra_publish.outputs import csv_table
from kostra_publish.outputs.facts import TableFacts, footnotes
from kostra_publish.outputs.metadata.columns import Column, Kind, about_columns, columns
from kostra_publish.outputs.metadata.told import (
    Json,
    about_table,
    document,
    literals,
    table_title,
)
from kostra_publish.releases.rounds import ReleaseFacts, utc
from kostra_publish.specs.catalogue import Catalogue

ENDING: Final = "-metadata.json"

_CONTEXT: Final = "http://www.w3.org/ns/csvw"
_LANGUAGE: Final = "nb"
"""The language of names in the file with figures."""
_DIALECT: Final = {
    "encoding": "utf-8",
    "delimiter": ";",
    "quoteChar": '"',
    "doubleQuote": True,
    "header": True,
    "lineTerminators": ["\n"],
}
_TYPES: Final[dict[Kind, str | Json]] = {
    "year": "gYear",
    "truth": "boolean",
    "number": {"base": "decimal", "format": {"decimalChar": ","}},
    "sign": {
        "base": "string",
        "format": "|".join(sign.replace(".", r"\.") for sign in reversed(SIGNS)),
    },
}


def write_csvw(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """The description of every table's CSV files: (path in the release, bytes)."""
    for cube in only_safe(cubes):
        path = f"{csv_table.FOLDER}/{csv_table.file_name(cube.table.id)}{ENDING}"
        yield path, document(description(cube, catalogue, release))


def description(cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts) -> Json:
    """A group of two tables: the figures, and what is said of them."""
    texts, facts, table = catalogue.texts, TableFacts.of(cube, release), cube.table.id
    figures, notes = columns(cube, texts), footnotes(cube, catalogue).table
    return {
        "@context": [_CONTEXT, {"@language": _LANGUAGE}],
        "dc:identifier": table,
        "dc:title": literals(table_title(cube, texts)),
        "dc:description": literals(about_table(cube, catalogue)),
        "dc:publisher": literals(texts.publisher),
        "dc:license": {"@id": texts.licence_address},
        "dc:modified": {"@value": utc(facts.updated), "@type": "xsd:dateTime"},
        "dialect": _DIALECT,
        "tables": [
            {
                "url": csv_table.file_name(table),
                "notes": [{"dc:description": literals(note.text)} for note in notes],
                "tableSchema": {
                    "columns": [_column(column) for column in figures],
                    "primaryKey": [column.name for column in figures if column.is_key],
                },
            },
            {
                "url": csv_table.metadata_name(table),
                "tableSchema": {"columns": [_column(each) for each in about_columns(texts)]},
            },
        ],
    }


def _column(column: Column) -> Json:
    return {
        "name": column.name,
        "titles": column.name,
        "dc:description": literals(column.label),
        "datatype": _TYPES.get(column.kind, "string"),
        "null": [""],
        "required": column.is_key,
    }
