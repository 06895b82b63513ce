"""CSV, for whoever opens a table in a spreadsheet.

Two files per table. ``13995.csv`` has a row per cell and a column for everything that
must be read with a figure. ``13995.metadata.csv`` has what stands beside the figures
in other formats: titles, notes, units, and all names in nb, nn and en.

Norwegian spreadsheets open them as they are: UTF-8 with a byte order mark, semicolons
between fields, a comma before decimals (a point would make a date of 8.5), quotation
marks only where a field needs them, and a line for each row: a line break in a name
becomes a space. Codes are in all three languages the same, so a release has the
figures once, with the names in bokmål.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import product
from typing import Final

import polars as pl

from kostra_publish.disclosure.safe import SafeCube, VintageFacts, only_safe
from kostra_publish.outputs.facts import Footnote, TableFacts, footnotes, measures, number, title
from kostra_publish.releases.rounds import ReleaseFacts, utc
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import LANGUAGES, Language, Text

FOLDER: Final = "public/statbank/csv"

BESIDE: Final = ("unit", "preliminary", "round", "synthetic", "value", "status")
"""The columns after those of the dimensions."""
ABOUT: Final = ("what", "variable", "code", *LANGUAGES)
"""The columns of the file with metadata."""

_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}".encode()
_SPECIAL: Final = frozenset(';"\r\n')
_BREAK: Final = re.compile(r"[\r\n]+")


def write_csv(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """The two files of every table: (path in the release, bytes)."""
    for cube in only_safe(cubes):
        table = cube.table.id
        yield f"{FOLDER}/{file_name(table)}", figures(cube, catalogue)
        yield f"{FOLDER}/{metadata_name(table)}", metadata(cube, catalogue, release)


def file_name(table_id: str) -> str:
    """The name of the file with a table's figures."""
    return f"{table_id}.csv"


def metadata_name(table_id: str) -> str:
    """The name of the file with what is to be said of a table."""
    return f"{table_id}.metadata.csv"


# --- figures --------------------------------------------------------------------


def figures(
    cube: SafeCube, catalogue: Catalogue, language: Language = "nb", *, titled: bool = False
) -> bytes:
    """A header and a row per cell, in the cube's order; the table's title first if ``titled``.

    A column with codes and one with names for each dimension (years are their own names),
    then the unit; of the year's figures whether they are preliminary, the round that
    published them and whether they are synthetic; then the value or the sign.
    """
    # All that stands before the value follows from the place of the cell. It is put together
    # once for each place within a region, not for each cell.
    region, *others = cube.dimensions
    within = pl.Series("within", list(_within(cube, others, catalogue, language)), dtype=pl.String)
    regions = pl.Series("region", list(_fields(region, language)), dtype=pl.String)
    place = pl.int_range(pl.len())
    rows = (
        pl.LazyFrame({"value": cube.values, "status": cube.statuses})
        .select(
            pl.lit(regions).gather(place // len(within)),
            pl.lit(within).gather(place % len(within)),
            number("value").str.replace(".", ",", literal=True),
            "status",
        )
        .collect()
    )
    written = BytesIO()
    above = _line([title(cube, language)]) if titled else ""
    written.write(_MARK + (above + _line(columns(cube.dimensions))).encode())
    # Small batches stay in the processor's cache: half the time of large ones.
    rows.write_csv(
        written, separator=";", quote_style="never", include_header=False, batch_size=256
    )
    return written.getvalue()


def columns(dimensions: Iterable[CubeDimension]) -> Iterator[str]:
    """The names of the columns of a row per cell."""
    for dimension in dimensions:
        yield dimension.code
        if dimension.role != "time":
            yield f"{dimension.code}_label"
    yield from BESIDE


def _fields(dimension: CubeDimension, language: Language) -> Iterator[str]:
    """What a row has of a dimension, for each of its categories."""
    for code, label in zip(dimension.codes, dimension.labels, strict=True):
        name = "" if dimension.role == "time" else f";{_field(label.get(language))}"
        yield _field(code) + name


def _within(
    cube: SafeCube,
    dimensions: Sequence[CubeDimension],
    catalogue: Catalogue,
    language: Language,
) -> Iterator[str]:
    """All that a row has between region and value, for each place within a region.

    The last two dimensions are contents and time.
    """
    units = [_field(catalogue.texts.units[item.unit].get(language)) for item in measures(cube)]
    years = [_of_year(cube.vintages[int(year)]) for year in dimensions[-1].codes]
    beside = [*product(units, years)]
    for place, fields in enumerate(product(*(_fields(one, language) for one in dimensions))):
        yield ";".join((*fields, *beside[place % len(beside)]))


def _of_year(facts: VintageFacts) -> str:
    marks = ["true" if mark else "false" for mark in (facts.preliminary, facts.synthetic)]
    return f"{marks[0]};{_field(facts.round)};{marks[1]}"


# --- what stands beside the figures ---------------------------------------------


def metadata(cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts) -> bytes:
    """A header, and a row for each thing that is said of a table, in three languages.

    ``variable`` and ``code`` tell what it is said of; the table itself where they are empty.
    """
    rows = [ABOUT, *about(cube, catalogue, release)]
    return _MARK + "".join(map(_line, rows)).encode()


def about(cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts) -> Iterator[tuple[str, ...]]:
    """What is said of a table, in the columns of ``ABOUT``."""
    yield from _of_table(cube, catalogue, release)
    for dimension in cube.dimensions:
        yield _row("variable", dimension.label, dimension.code)
        for code, label in zip(dimension.codes, dimension.labels, strict=True):
            yield _row("category", label, dimension.code, code)
    contents = cube.dimensions[-2].code
    for item in measures(cube):
        period = item.reference_period or cube.table.reference_period
        yield _row("unit", catalogue.texts.units[item.unit], contents, item.code)
        yield _row("reference period", period, contents, item.code)
    for variable, of in footnotes(cube, catalogue).categories.items():
        for code, notes in of.items():
            yield from (_note(note, variable, code) for note in notes)


def _of_table(
    cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, ...]]:
    texts, facts = catalogue.texts, TableFacts.of(cube, release)
    official = cube.table.official and not facts.synthetic
    yield _row("title", Text(**{language: title(cube, language) for language in LANGUAGES}))
    yield _row("source", texts.publisher)
    yield _row("contact", texts.contact)
    yield _row("licence", _same(texts.licence))
    yield _row("official statistics", _same("true" if official else "false"))
    yield _row("updated", _same(utc(facts.updated)))
    if facts.next_update is not None:
        yield _row("next update", _same(utc(facts.next_update)))
    for note in footnotes(cube, catalogue).table:
        yield _note(note)


def _same(words: str) -> Text:
    return Text(nb=words, nn=words, en=words)


def _note(note: Footnote, variable: str = "", code: str = "") -> tuple[str, ...]:
    return _row("mandatory note" if note.mandatory else "note", note.text, variable, code)


def _row(what: str, text: Text, variable: str = "", code: str = "") -> tuple[str, ...]:
    return (what, variable, code, *(text.get(language) for language in LANGUAGES))


# --- fields ---------------------------------------------------------------------


def _line(fields: Iterable[str]) -> str:
    return ";".join(map(_field, fields)) + "\n"


def _field(text: str) -> str:
    """A field, in quotation marks where it would else be taken for more than one."""
    if _SPECIAL.isdisjoint(text):
        return text
    line = _BREAK.sub(" ", text)
    return line if _SPECIAL.isdisjoint(line) else '"' + line.replace('"', '""') + '"'
