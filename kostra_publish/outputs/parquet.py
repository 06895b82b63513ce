"""Parquet, for programs that work with whole tables.

One file per table: a row per cell, in the cube's order. Beside each code stand its names in nb, nn
and en, then unit, whether the year's figures are preliminary, the round that published them and
whether they are synthetic, and last the value or the sign. Codes, names and signs are enumerations:
each word is in the file once, so that sorting follows the table and many names take little room.
What is said of the table stands in the file's metadata, each key a JSON document.

There are no statistics of columns: a reader has little use for the least and the greatest value,
and what is not written tells nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from math import prod
from typing import Any, Final

import numpy as np
import polars as pl

from kostra_publish.disclosure.safe import SIGNS, SafeCube, only_safe
from kostra_publish.outputs.facts import Footnote, TableFacts, footnotes, measures, title
from kostra_publish.releases.rounds import ReleaseFacts, utc
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import LANGUAGES, Text

FOLDER: Final = "public/statbank/parquet"

# Those that are chosen by themselves may change with the library, and the bytes with them.
_COMPRESSION: Final[Mapping[str, Any]] = {"compression": "zstd", "compression_level": 3}
_ROWS: Final = 1 << 18
"""The most rows of a row group."""


def write_parquet(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """The file of every table: (path in the release, bytes)."""
    for cube in only_safe(cubes):
        yield f"{FOLDER}/{file_name(cube.table.id)}", render(cube, catalogue, release)


def file_name(table_id: str) -> str:
    """The name of a table's file."""
    return f"{table_id}.parquet"


def render(cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts) -> bytes:
    """A table as Parquet, with what is said of it as metadata."""
    written = BytesIO()
    figures(cube, catalogue).write_parquet(
        written,
        **_COMPRESSION,
        statistics=False,
        row_group_size=_ROWS,
        metadata=about(cube, catalogue, release),
    )
    return written.getvalue()


# --- figures --------------------------------------------------------------------


def figures(cube: SafeCube, catalogue: Catalogue) -> pl.DataFrame:
    """A row per cell, in the cube's order.

    A column with codes and three with names for each dimension (years are their own names), then
    ``unit_nb``, ``unit_nn``, ``unit_en``, ``preliminary``, ``round``, ``synthetic``, ``value``
    (Float64) and ``status``; of the last two exactly one is null.
    """
    status = pl.Series("status", cube.statuses, dtype=pl.Enum(SIGNS))
    return pl.DataFrame([*_before(cube, catalogue), cube.values.alias("value"), status])


def _before(cube: SafeCube, catalogue: Catalogue) -> Iterator[pl.Series]:
    """The columns before the value: each follows from the place of the cell."""
    places = [
        pl.Series(place, dtype=pl.get_index_type())
        for place in np.unravel_index(np.arange(prod(cube.size)), cube.size)
    ]
    for dimension, place in zip(cube.dimensions, places, strict=True):
        yield _words(dimension.code, dimension.codes).gather(place)
        if dimension.role != "time":
            for column in _in_languages(f"{dimension.code}_label", dimension.labels):
                yield column.gather(place)
    *_, content, time = places
    units = [catalogue.texts.units[item.unit] for item in measures(cube)]
    for column in _in_languages("unit", units):
        yield column.gather(content)
    years = [cube.vintages[int(year)] for year in cube.dimensions[-1].codes]
    yield pl.Series("preliminary", [facts.preliminary for facts in years]).gather(time)
    yield _words("round", [facts.round for facts in years]).gather(time)
    yield pl.Series("synthetic", [facts.synthetic for facts in years]).gather(time)


def _in_languages(name: str, texts: Sequence[Text]) -> Iterator[pl.Series]:
    for language in LANGUAGES:
        yield _words(f"{name}_{language}", [text.get(language) for text in texts])


def _words(name: str, words: Iterable[str]) -> pl.Series:
    """Words as an enumeration of those that differ, in order."""
    every = [*words]
    return pl.Series(name, every, dtype=pl.Enum([*dict.fromkeys(every)]))


# --- what is said of a table ----------------------------------------------------


def about(cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts) -> dict[str, str]:
    """The metadata of a file: by key a JSON document."""
    texts, facts = catalogue.texts, TableFacts.of(cube, release)
    said = {
        "id": cube.table.id,
        "title": {language: title(cube, language) for language in LANGUAGES},
        "source": _text(texts.publisher),
        "contact": _text(texts.contact),
        "licence": texts.licence,
        "official_statistics": cube.table.official and not facts.synthetic,
        "updated": utc(facts.updated),
        **({"next_update": utc(facts.next_update)} if facts.next_update is not None else {}),
        "preliminary": [str(year) for year in facts.preliminary],
        "synthetic": [str(year) for year in facts.synthetic],
        "provisional": facts.provisional,
        "notes": [*_notes(cube, catalogue)],
        "variables": {dimension.code: _text(dimension.label) for dimension in cube.dimensions},
        "measures": {
            item.code: {
                "unit": _text(texts.units[item.unit]),
                "decimals": item.decimals,
                "reference_period": _text(item.reference_period or cube.table.reference_period),
            }
            for item in measures(cube)
        },
    }
    return {
        key: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for key, value in said.items()
    }


def _text(text: Text) -> dict[str, str]:
    return {language: text.get(language) for language in LANGUAGES}


def _notes(cube: SafeCube, catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """The notes on the table, then those on categories, which say what they are on."""
    found = footnotes(cube, catalogue)
    for note in found.table:
        yield _note(note)
    for variable, categories in found.categories.items():
        for code, notes in categories.items():
            for note in notes:
                yield {"variable": variable, "code": code, **_note(note)}


def _note(note: Footnote) -> dict[str, Any]:
    return {"mandatory": note.mandatory, "text": _text(note.text)}
