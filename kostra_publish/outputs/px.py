"""PX (axis version 2013), for PxWeb and programs that read its files.

Four files per table: one with nb, nn and en, where every statement in another language follows
the one in the first; and one in each language alone, for programs that lose their way in files with
several. All have the same data, which are made once. What must be seen is a mandatory note, since
notes on cells are shown by few readers.

A text cannot hold a quotation mark, so ``"`` becomes ``'`` as in PxWeb; ``#`` is a line break
in notes, so one that is meant becomes a wide one. Keywords that begin with ``KOSTRA-`` are our own,
for what the format has no place for; readers pass over keywords that they do not know.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from math import prod
from typing import Final

import numpy as np
import polars as pl

from kostra_publish.disclosure.safe import SIGNS, SafeCube, only_safe
from kostra_publish.outputs.facts import (
    Footnote,
    Footnotes,
    MeasuringType,
    TableFacts,
    elimination,
    footnotes,
    layout,
    measures,
    measuring_type,
    number,
    numbered_title,
    title,
)
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, TIME, CubeDimension
from kostra_publish.specs.models import LANGUAGES, Language, Measure, Text, Texts

FOLDER: Final = "public/statbank/px"
LINE: Final = 256
"""The most characters of a line, but for a name that is longer by itself."""

_QUOTES: Final = len('"";')
_SPECIAL: Final = frozenset('"\r\n')
_SPACES: Final = re.compile(r"[\r\n]+")
_PARAGRAPHS: Final = "##"
_STOCK: Final[Mapping[MeasuringType, str]] = {"Average": "A", "Stock": "S", "Flow": "F"}
_PRICES: Final = {"current": "C", "constant": "F"}
# One, two and three points in the data are the first, second and third sign.
_WRITTEN: Final = {sign: f'"{"." * place}"' for place, sign in enumerate(SIGNS, start=1)}

Said = Callable[[Language], str]
"""A text by language."""


def write_px(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """The files of every table, that with all languages first: (path in the release, bytes)."""
    for cube in only_safe(cubes):
        table, cells = _Table.of(cube, catalogue, release), figures(cube)
        yield f"{FOLDER}/{file_name(cube.table.id)}", _render(table, cells)
        for language in LANGUAGES:
            file = f"{FOLDER}/{file_name(cube.table.id, language)}"
            yield file, _render(replace(table, languages=(language,)), cells)


def file_name(table_id: str, language: Language | None = None) -> str:
    """The name of a table's file: that in one language, or that with all of them."""
    return f"{table_id}.px" if language is None else f"{language}/{table_id}.px"


def render(
    cube: SafeCube,
    catalogue: Catalogue,
    release: ReleaseFacts,
    languages: Sequence[Language] = LANGUAGES,
) -> bytes:
    """A table as PX in UTF-8; the first language is the one that others are translations of."""
    table = _Table.of(cube, catalogue, release, languages)
    return _render(table, figures(cube))


def _render(table: _Table, cells: bytes) -> bytes:
    sections = (_of_file, _of_table, _of_variables, _of_contents, _notes, _signs, _of_years)
    heading = "".join(line for section in sections for line in section(table))
    return f"{heading}DATA=\n".encode() + cells + b";\n"


def figures(cube: SafeCube) -> bytes:
    """The cells, a line for each place at the side, with a space after each cell."""
    stub, heads = layout(cube)
    order = [dimension.code for dimension in cube.dimensions]
    places = np.arange(prod(cube.size)).reshape(cube.size)
    places = places.transpose([order.index(code) for code in (*stub, *heads)]).ravel()
    sign = pl.col("status").replace_strict(_WRITTEN, return_dtype=pl.String)
    cells = (
        pl.LazyFrame({"value": cube.values, "status": cube.statuses})
        .select(pl.coalesce(number("value"), sign).alias("cell"))
        .collect()["cell"]
    )
    if stub + heads != order:
        cells = cells.gather(places)
    across = prod(len(cube.dimension(code).codes) for code in heads)
    lines = pl.DataFrame({str(n): cells.gather_every(across, n) for n in range(across)})
    written = BytesIO()
    lines.write_csv(
        written,
        separator=" ",
        line_terminator=" \n",
        quote_style="never",
        include_header=False,
        batch_size=256,
    )
    return written.getvalue()


# --- names ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Names:
    """What variables and their values are called in a language: PX tells them by name."""

    variables: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, cube: SafeCube, language: Language) -> _Names:
        dimensions = cube.dimensions
        return cls(
            _unique({item.code: item.label for item in dimensions}, language),
            {
                item.code: _unique(dict(zip(item.codes, item.labels, strict=True)), language)
                for item in dimensions
            },
        )


def _unique(labels: Mapping[str, Text], language: Language) -> dict[str, str]:
    """Names by code; those that are alike have the code behind them."""
    names = {code: _clean(label.get(language)) for code, label in labels.items()}
    times = Counter(names.values())
    return {code: name if times[name] == 1 else f"{name} ({code})" for code, name in names.items()}


@dataclass(frozen=True)
class _Table:
    """A table, and all that is to be said of it."""

    cube: SafeCube
    texts: Texts
    facts: TableFacts
    notes: Footnotes
    names: Mapping[Language, _Names]
    languages: tuple[Language, ...]
    """Those of the file, the first one first; there may be more names."""

    @classmethod
    def of(
        cls,
        cube: SafeCube,
        catalogue: Catalogue,
        release: ReleaseFacts,
        languages: Sequence[Language] = LANGUAGES,
    ) -> _Table:
        """All of a cube in a release, with its names in these languages."""
        return cls(
            cube,
            catalogue.texts,
            TableFacts.of(cube, release),
            footnotes(cube, catalogue),
            {language: _Names.of(cube, language) for language in languages},
            tuple(languages),
        )

    def each(self, keyword: str, said: Said, *of: str) -> Iterator[str]:
        """A text in every language; ``of`` is a variable, and maybe a value of it, by code."""
        for language in self.languages:
            yield _text(self.key(keyword, language, *of), _clean(said(language)))

    def same(self, keyword: str, text: str, *of: str) -> Iterator[str]:
        """A text that is the same in every language."""
        return self.each(keyword, lambda _: text, *of)

    def key(self, keyword: str, language: Language, *of: str) -> str:
        """A keyword, with its language and what it is said of."""
        names = self.names[language]
        named = (
            [names.variables[of[0]], *(names.values[of[0]][code] for code in of[1:])] if of else []
        )
        translated = "" if language == self.languages[0] else f"[{language}]"
        about = f"({','.join(map(_quoted, named))})" if named else ""
        return f"{keyword}{translated}{about}="


# --- statements -----------------------------------------------------------------


def _clean(text: str) -> str:
    if _SPECIAL.isdisjoint(text):
        return text
    return _SPACES.sub(" ", text).replace('"', "'")


def _quoted(text: str) -> str:
    return f'"{text}"'


def _text(key: str, text: str) -> str:
    """A statement with one text, on several lines where it is too long for one."""
    if len(key) + len(text) + _QUOTES <= LINE:
        return f'{key}"{text}";\n'
    most = LINE - _QUOTES
    parts = re.findall(rf".{{1,{most}}}(?:(?<=\s)|$)|.{{1,{most}}}", text, re.DOTALL)
    return f"{key}\n" + "\n".join(map(_quoted, parts or [""])) + ";\n"


def _list(key: str, values: Iterable[str]) -> str:
    """A statement with several texts, with a new line after a comma where one is full."""
    lines = [key]
    for value in values:
        written = f"{_quoted(value)},"
        if len(lines[-1]) + len(written) > LINE:
            lines.append("")
        lines[-1] += written
    return "\n".join(lines).removesuffix(",") + ";\n"


def _plain(key: str, value: int | bool) -> str:  # noqa: FBT001  # YES or NO
    return f"{key}{('NO', 'YES')[value] if isinstance(value, bool) else value};\n"


def _moment(moment: datetime, facts: TableFacts) -> str:
    return moment.astimezone(facts.zone).strftime("%Y%m%d %H:%M")


# --- sections, in the order of the specification -----------------------------------


def _of_file(table: _Table) -> Iterator[str]:
    first, *others = table.languages
    decimals = max(item.decimals for item in measures(table.cube))
    yield _text("CHARSET=", "ANSI")
    yield _text("AXIS-VERSION=", "2013")
    yield _text("CODEPAGE=", "utf-8")
    yield _text("LANGUAGE=", first)
    if others:
        yield _list("LANGUAGES=", table.languages)
    yield _text("CREATION-DATE=", _moment(table.facts.updated, table.facts))
    if (following := table.facts.next_update) is not None:
        yield _text("NEXT-UPDATE=", _moment(following, table.facts))
    yield _text("TABLEID=", table.cube.table.id)
    yield _plain("DECIMALS=", decimals)
    # Each measure with decimals says how many under PRECISION.
    yield _plain("SHOWDECIMALS=", 0)
    yield _text("MATRIX=", table.cube.table.id)
    yield _plain("AGGREGALLOWED=", value=False)
    yield _text("SUBJECT-CODE=", table.texts.subject_code)
    yield from table.each("SUBJECT-AREA", table.texts.subject_area.get)
    yield _plain("COPYRIGHT=", value=True)


def _of_table(table: _Table) -> Iterator[str]:
    cube = table.cube
    stub, heads = layout(cube)
    yield from table.each("TITLE", lambda language: title(cube, language))
    yield from table.each("CONTENTS", lambda language: numbered_title(cube.table, language))
    yield from table.each("UNITS", lambda language: " / ".join(_units(table, language)))
    for keyword, codes in (("STUB", stub), ("HEADING", heads)):
        for language in table.languages if codes else ():
            names = table.names[language].variables
            yield _list(table.key(keyword, language), (names[code] for code in codes))
    yield from table.each(
        "CONTVARIABLE", lambda language: table.names[language].variables[CONTENTS]
    )


def _units(table: _Table, language: Language) -> list[str]:
    found = (table.texts.units[item.unit].get(language) for item in measures(table.cube))
    return list(dict.fromkeys(found))


def _of_variables(table: _Table) -> Iterator[str]:
    for dimension in table.cube.dimensions:
        code = dimension.code
        yield from table.same("VARIABLECODE", code, code)
        for language in table.languages:
            names = table.names[language].values[code]
            yield _list(table.key("VALUES", language, code), names.values())
        if code == TIME:
            for language in table.languages:
                key = table.key("TIMEVAL", language, code) + "TLIST(A1),"
                yield _list(key, dimension.codes)
        for language in table.languages:
            yield _list(table.key("CODES", language, code), dimension.codes)
        yield from _shown(table, dimension)


def _shown(table: _Table, dimension: CubeDimension) -> Iterator[str]:
    """How a variable is shown, and which of its values may stand for all."""
    code, total = dimension.code, elimination(dimension)
    if dimension.role == "geo":
        for language in table.languages:
            yield _plain(table.key("DOUBLECOLUMN", language, code), value=True)
        # Code and name.
        for language in table.languages:
            yield _plain(table.key("PRESTEXT", language, code), 2)
    elif total is not None:
        names = {language: table.names[language].values[code] for language in table.languages}
        yield from table.each("ELIMINATION", lambda language: names[language][total], code)


def _of_contents(table: _Table) -> Iterator[str]:
    for item in measures(table.cube):
        if item.decimals:
            for language in table.languages:
                yield _plain(table.key("PRECISION", language, CONTENTS, item.code), item.decimals)
    for item in measures(table.cube):
        yield from _measure(table, item)
    yield from table.each("CONTACT", table.texts.contact.get)
    yield from table.each("SOURCE", table.texts.publisher.get)
    official = table.cube.table.official and not table.facts.synthetic
    yield _plain("OFFICIAL-STATISTICS=", value=official)


def _measure(table: _Table, item: Measure) -> Iterator[str]:
    """What is said of a measure. Keywords of contents have the value alone, without variable."""
    period = item.reference_period or table.cube.table.reference_period
    said: dict[str, Said] = {
        "LAST-UPDATED": lambda _: _moment(table.facts.updated, table.facts),
        "UNITS": table.texts.units[item.unit].get,
        "REFPERIOD": period.get,
    }
    if stock := _STOCK.get(measuring_type(item, table.cube.table)):
        said["STOCKFA"] = lambda _: stock
    if prices := _PRICES.get(item.price_type):
        said["CFPRICES"] = lambda _: prices
    for keyword, text in said.items():
        for language in table.languages:
            name = table.names[language].values[CONTENTS][item.code]
            key = f"{table.key(keyword, language).removesuffix('=')}({_quoted(name)})="
            yield _text(key, _clean(text(language)))


def _notes(table: _Table) -> Iterator[str]:
    of: list[tuple[tuple[str, ...], Sequence[Footnote]]] = [((), table.notes.table)]
    for variable, categories in table.notes.categories.items():
        of += [((variable, code), notes) for code, notes in categories.items()]
    for prefix, place in (("", 0), ("VALUE", 2)):
        for keyword, mandatory in ((f"{prefix}NOTEX", True), (f"{prefix}NOTE", False)):
            for about, notes in of:
                found = [note for note in notes if note.mandatory == mandatory]
                for language in table.languages if found and len(about) == place else ():
                    text = _PARAGRAPHS.join(_note(note.text.get(language)) for note in found)
                    yield _text(table.key(keyword, language, *about), text)


def _note(text: str) -> str:
    """A note, with ``#`` for its line breaks."""
    meant = text.replace("#", "\N{FULLWIDTH NUMBER SIGN}").replace('"', "'")
    return _SPACES.sub("#", meant)


def _signs(table: _Table) -> Iterator[str]:
    for place, sign in enumerate(SIGNS, start=1):
        yield from table.same(f"DATASYMBOL{place}", sign)


def _of_years(table: _Table) -> Iterator[str]:
    """Of each year the round that published its figures, and what marks they carry."""
    first = table.languages[0]
    for year, facts in table.cube.vintages.items():
        of = (first, TIME, str(year))
        yield _text(table.key("KOSTRA-ROUND", *of), facts.round)
        yield _plain(table.key("KOSTRA-PRELIMINARY", *of), facts.preliminary)
        yield _plain(table.key("KOSTRA-SYNTHETIC", *of), facts.synthetic)
    yield _text("KOSTRA-LICENCE=", _clean(table.texts.licence))
