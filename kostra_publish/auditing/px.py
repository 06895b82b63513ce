"""PX as this program writes it, read back: figures, and what is said of a table.

A statement is ``KEYWORD[language]("of", …)=values;``. All keywords are known here, and what
each may hold: a name, a code, a text, a sign, a small number or YES and NO.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from math import prod
from pathlib import PurePosixPath
from typing import Final

import numpy as np
import polars as pl

from kostra_publish.auditing.released import (
    NO_SIGN,
    Content,
    ReleasedTable,
    Signs,
    Year,
    contradictions,
    demand,
    is_plain,
    sign_number,
)
from kostra_publish.disclosure.problem import Floats
from kostra_publish.disclosure.safe import CONTENTS, SIGNS, TIME
from kostra_publish.specs.models import LANGUAGES

FORM: Final = "PX"
ENDING: Final = ".px"

_TABLES: Final = 64
"""How many tables' figures are kept: files of one table lie in different folders."""
_DATA: Final = b"\nDATA=\n"
_STRING: Final = r'"[^"]*"'
_STATEMENT: Final = re.compile(
    rf"(?P<keyword>[A-Z][A-Z0-9-]*)(?:\[(?P<language>[a-z]+)\])?"
    rf"(?:\((?P<of>{_STRING}(?:,{_STRING})*)\))?="
    rf'(?P<values>(?:{_STRING}|[^";])*);(?:\n|\Z)'
)
_STRINGS: Final = re.compile(rf"\n?{_STRING}(?:\n{_STRING})*(?:,\n?{_STRING}(?:\n{_STRING})*)*")
_ONE: Final = re.compile(rf"{_STRING}(?:\n{_STRING})*")
_YEARS: Final = "TLIST(A1),"
_TRUTH: Final = {"YES": True, "NO": False}

_FIXED: Final = {"CHARSET": "ANSI", "AXIS-VERSION": "2013", "CODEPAGE": "utf-8"}
_SIGN_OF: Final = {f"DATASYMBOL{place}": sign for place, sign in enumerate(SIGNS, start=1)}
_NAMES: Final = frozenset({"STUB", "HEADING", "CONTVARIABLE", "VALUES", "ELIMINATION"})
_CODES: Final = frozenset({"VARIABLECODE", "CODES", "TIMEVAL", "TABLEID", "MATRIX"})
_NOTES: Final = frozenset({"NOTEX", "NOTE", "VALUENOTEX", "VALUENOTE"})
_TEXTS: Final = frozenset(
    {
        "LANGUAGE", "LANGUAGES", "CREATION-DATE", "NEXT-UPDATE", "LAST-UPDATED", "SUBJECT-CODE",
        "SUBJECT-AREA", "TITLE", "CONTENTS", "UNITS", "REFPERIOD", "STOCKFA", "CFPRICES", "CONTACT",
        "SOURCE", "KOSTRA-ROUND", "KOSTRA-LICENCE",
    }
)  # fmt: skip
_PLAIN: Final = {
    **dict.fromkeys(("DECIMALS", "PRECISION"), re.compile(r"[0-9]")),
    **dict.fromkeys(
        ("OFFICIAL-STATISTICS", "KOSTRA-PRELIMINARY", "KOSTRA-SYNTHETIC"), re.compile("YES|NO")
    ),
    **dict.fromkeys(("COPYRIGHT", "DOUBLECOLUMN"), re.compile("YES")),
    "AGGREGALLOWED": re.compile("NO"),
    "SHOWDECIMALS": re.compile("0"),
    "PRESTEXT": re.compile("2"),
}
_MARKS: Final = frozenset({"KOSTRA-ROUND", "KOSTRA-PRELIMINARY", "KOSTRA-SYNTHETIC"})
_OF_VARIABLE: Final = frozenset(
    {"VARIABLECODE", "VALUES", "TIMEVAL", "CODES", "DOUBLECOLUMN", "PRESTEXT", "ELIMINATION"}
)
_OF_VALUE: Final = frozenset({"PRECISION", "VALUENOTEX", "VALUENOTE", *_MARKS})
_OF_MEASURE: Final = frozenset({"LAST-UPDATED", "REFPERIOD", "STOCKFA", "CFPRICES"})
"""What is said of one of them; all else is said of the table, units of both."""
_UNTRANSLATED: Final = frozenset(
    {
        *_FIXED, *_MARKS, "LANGUAGE", "LANGUAGES", "CREATION-DATE", "NEXT-UPDATE", "TABLEID",
        "DECIMALS", "SHOWDECIMALS", "MATRIX", "AGGREGALLOWED", "SUBJECT-CODE", "COPYRIGHT",
        "OFFICIAL-STATISTICS", "KOSTRA-LICENCE",
    }
)  # fmt: skip

_WRITTEN: Final = {
    f'"{"." * place}"': sign_number(sign) for place, sign in enumerate(SIGNS, start=1)
}


def read(content: Content, data: bytes) -> None:
    """Read a file of this form into ``content``. Raises UnicodeDecodeError."""
    heading, _, body = data.partition(_DATA)
    try:
        said = _Said(_statements(heading.decode() + "\n"))
        content.table = _table(content.file, said, body)
    except (ValueError, LookupError, pl.exceptions.PolarsError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise
        content.wrong.append("is not a table in PX as this program writes it")
        return
    content.wrong.extend(contradictions(content.table))
    for place, texts, is_code in said.texts():
        content.says(place, texts, is_code=is_code)


# --- statements -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Key:
    keyword: str
    language: str
    of: tuple[str, ...] = ()


def _statements(text: str) -> dict[_Key, list[str]]:
    """All statements before the data. Raises ValueError when anything else stands there."""
    found: dict[_Key, list[str]] = {}
    end = 0
    while end < len(text):
        match = _STATEMENT.match(text, end)
        if match is None:
            raise ValueError("no statement")
        of = tuple(re.findall(r'"([^"]*)"', match["of"] or ""))
        key = _Key(match["keyword"], match["language"] or "", of)
        if key in found:
            raise ValueError("said twice")
        found[key] = _values(match["keyword"], match["values"])
        end = match.end()
    return found


def _values(keyword: str, written: str) -> list[str]:
    if keyword in _PLAIN:
        demand(_PLAIN[keyword].fullmatch(written) is not None)
        return [written]
    if keyword == "TIMEVAL":
        demand(written.startswith(_YEARS))
        written = written.removeprefix(_YEARS)
    demand(_STRINGS.fullmatch(written) is not None)
    # A long text stands on several lines, each in quotation marks of its own.
    return [one.replace('"\n"', "")[1:-1] for one in _ONE.findall(written)]


class _Said:
    """The statements of a file, by language; the first is the one without a mark."""

    def __init__(self, statements: Mapping[_Key, list[str]]) -> None:
        self.statements = statements
        [self.first] = statements[_Key("LANGUAGE", "")]
        translated = _Key("LANGUAGES", "") in statements
        self.languages = statements[_Key("LANGUAGES", "")] if translated else [self.first]
        demand(sorted(self.languages) == sorted(LANGUAGES) or not translated)
        demand(self.first in LANGUAGES)
        demand(self.languages[0] == self.first)
        demand(all(key.language in {"", *self.languages[1:]} for key in statements))
        for keyword, value in {**_FIXED, **_SIGN_OF}.items():
            of_keyword = [values for key, values in statements.items() if key.keyword == keyword]
            demand(of_keyword != [] and all(values == [value] for values in of_keyword))

    def values(self, keyword: str, language: str, *of: str) -> Sequence[str]:
        """The values of a statement in a language."""
        return self.statements[_Key(keyword, "" if language == self.first else language, of)]

    def one(self, keyword: str, *of: str) -> str:
        """The only value of a statement that is not translated."""
        [value] = self.values(keyword, self.first, *of)
        return value

    @property
    def language(self) -> str:
        """The language of the file, empty where it has all of them."""
        return self.first if len(self.languages) == 1 else ""

    @cached_property
    def dimensions(self) -> dict[str, tuple[str, ...]]:
        """Codes by the code of the variable, as they follow in the data."""
        every = [self._dimensions(language) for language in self.languages]
        demand(all(list(one.items()) == list(other.items()) for one, other in pairwise(every)))
        return every[0]

    def _dimensions(self, language: str) -> dict[str, tuple[str, ...]]:
        found = {
            code: tuple(self.values("CODES", language, name))
            for code, name in self.variables(language).items()
        }
        for code, categories in found.items():
            demand(len(set(categories)) == len(categories) == len(self.names(language, code)))
        return found

    def variables(self, language: str) -> dict[str, str]:
        """Names of variables by their codes."""
        names = [name for place in ("STUB", "HEADING") for name in self._placed(place, language)]
        found = {}
        for name in names:
            [code] = self.values("VARIABLECODE", language, name)
            found[code] = name
        demand(len(found) == len(set(names)) == len(names))
        return found

    def _placed(self, keyword: str, language: str) -> Sequence[str]:
        """The names of the variables in a place, which may have none."""
        key = _Key(keyword, "" if language == self.first else language)
        return self.statements.get(key, [])

    @property
    def across(self) -> int:
        """How many cells a line has: one for each place across the top."""
        heading = self._placed("HEADING", self.first)
        return prod(len(self.values("CODES", self.first, name)) for name in heading)

    def names(self, language: str, variable: str) -> Mapping[str, str]:
        """Codes of the values of a variable by their names."""
        name = self.variables(language)[variable]
        codes, names = self.values("CODES", language, name), self.values("VALUES", language, name)
        return dict(zip(names, codes, strict=True))

    # --- texts --------------------------------------------------------------------------

    def texts(self) -> Iterator[tuple[str, Sequence[str], bool]]:
        """Every text with its place, and whether it is a code. Raises ValueError."""
        for key, values in self.statements.items():
            keyword = key.keyword
            if keyword in _NOTES:
                notes = [note.replace("#", " ") for text in values for note in text.split("##")]
                yield keyword, notes, False
            elif key == _Key("UNITS", key.language):
                yield keyword, [unit for text in values for unit in text.split(" / ")], False
            elif keyword == "VALUES":
                yield keyword, self._without_codes(key, values), False
            elif keyword in _CODES:
                yield keyword, values, True
            elif keyword in _TEXTS or keyword in {"STUB", "HEADING"}:
                yield keyword, values, False

    def _without_codes(self, key: _Key, names: Sequence[str]) -> list[str]:
        """Names without the codes that stand behind those that are alike."""
        codes = self.values("CODES", key.language or self.first, *key.of)
        return [name.removesuffix(f" ({code})") for name, code in zip(names, codes, strict=True)]


# --- the table --------------------------------------------------------------------------


def _table(file: str, said: _Said, body: bytes) -> ReleasedTable:
    _check_keywords(said)
    demand(said.language in {"", PurePosixPath(file).parent.name})
    dimensions = said.dimensions
    demand({CONTENTS, TIME} <= dimensions.keys())
    demand([said.one("TABLEID")] * 2 == [said.one("MATRIX"), PurePosixPath(file).stem])
    values, signs = _cells(body, prod(map(len, dimensions.values())), said.across)
    time = said.variables(said.first)[TIME]
    years = {name: int(code) for name, code in said.names(said.first, TIME).items()}
    return ReleasedTable(
        file=file,
        form=FORM,
        table=said.one("TABLEID"),
        language=said.language,
        dimensions=dimensions,
        values=values,
        signs=signs,
        years={
            year: Year(
                said.one("KOSTRA-ROUND", time, name),
                _TRUTH[said.one("KOSTRA-PRELIMINARY", time, name)],
            )
            for name, year in years.items()
        },
        synthetic=any(_TRUTH[said.one("KOSTRA-SYNTHETIC", time, name)] for name in years),
        decimals=_decimals(said),
    )


def _decimals(said: _Said) -> dict[str, int]:
    """The decimals of each measure, the same in all languages; the table has the most of them."""
    every = []
    for language in said.languages:
        variable = said.variables(language)[CONTENTS]
        mark = "" if language == said.first else language
        of_names = {
            code: said.statements.get(_Key("PRECISION", mark, (variable, name)))
            for name, code in said.names(language, CONTENTS).items()
        }
        demand(["0"] not in of_names.values())
        every.append({code: int(of[0]) if of else 0 for code, of in of_names.items()})
    found = every[0]
    demand(all(one == found for one in every))
    demand(said.one("DECIMALS") == str(max(found.values())))
    return found


def _check_keywords(said: _Said) -> None:
    """Every keyword is known, and is said of the table, a variable or a value that there is."""
    known = {*_FIXED, *_SIGN_OF, *_NAMES, *_CODES, *_NOTES, *_TEXTS, *_PLAIN}
    demand({key.keyword for key in said.statements} <= known)
    places = {
        "" if language == said.first else language: _places(said, language)
        for language in said.languages
    }
    for key, values in said.statements.items():
        demand(key.of in places[key.language].of(key.keyword))
        demand(not (key.language and key.keyword in _UNTRANSLATED))
        if key.keyword == "CONTVARIABLE":
            demand(tuple(values) in places[key.language].variables)
        if key.keyword == "ELIMINATION":
            demand((*key.of, *values) in places[key.language].values)
        if key.keyword == "TIMEVAL":
            demand(values == said.statements[replace(key, keyword="CODES")])


@dataclass(frozen=True)
class _Places:
    """What something can be said of beside the table: variables, their values, measures."""

    variables: frozenset[tuple[str, ...]]
    values: frozenset[tuple[str, ...]]
    measures: frozenset[tuple[str, ...]]
    decided: Mapping[str, frozenset[tuple[str, ...]]]
    """The values that some keywords alone are said of."""

    def of(self, keyword: str) -> frozenset[tuple[str, ...]]:
        """What a keyword can be said of."""
        if keyword in _OF_VARIABLE:
            return self.variables
        if keyword in _OF_VALUE:
            return self.decided.get(keyword, self.values)
        if keyword in _OF_MEASURE:
            return self.measures
        return frozenset({()}) | (self.measures if keyword == "UNITS" else frozenset())


def _places(said: _Said, language: str) -> _Places:
    variables = said.variables(language)
    values = {
        code: frozenset((name, value) for value in said.names(language, code))
        for code, name in variables.items()
    }
    return _Places(
        frozenset((name,) for name in variables.values()),
        frozenset().union(*values.values()),
        frozenset((value,) for _, value in values[CONTENTS]),
        {"PRECISION": values[CONTENTS], **dict.fromkeys(_MARKS, values[TIME])},
    )


@lru_cache(maxsize=_TABLES)
def _cells(body: bytes, count: int, across: int) -> tuple[Floats, Signs]:
    """The figures and signs, so many ``across`` a line.

    All files of a table have the same, which are read once.
    """
    text = body.decode("ascii")
    demand(text.endswith(" \n;\n"))
    lines = pl.Series("line", [text[: -len("\n;\n")]]).str.split("\n").explode()
    as_written = lines.str.ends_with(" ") & (lines.str.count_matches(" ", literal=True) == across)
    demand(bool(as_written.all()))
    cells = pl.Series("cell", [text[: -len(" \n;\n")].replace("\n", "")]).str.split(" ").explode()
    demand(len(cells) == count)
    read_back = (
        pl.LazyFrame({"cell": cells})
        .select(
            sign=pl.col("cell").replace_strict(_WRITTEN, default=NO_SIGN, return_dtype=pl.Int8),
            number=pl.col("cell").cast(pl.Float64, strict=False),
            is_cell=is_plain(pl.col("cell")),
        )
        .collect()
    )
    demand(bool((read_back["is_cell"] | (read_back["sign"] != NO_SIGN)).all()))
    return read_back["number"].fill_null(np.nan).to_numpy(), read_back["sign"].to_numpy()
