"""Parquet as this program writes it, read back: figures, and what is said of a table.

Every column before the value must follow from the place of the row, as categories of dense
dimensions do, and every word of an enumeration must be in use. All keys of the metadata are known
here, and what each may hold. That of Polars (``ARROW:schema``) tells of the types of columns, which
are looked at as they are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import product
from math import prod
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from kostra_publish.auditing.parquet_bytes import check_bytes
from kostra_publish.auditing.released import (
    NO_SIGN,
    Content,
    ReleasedTable,
    Said,
    Signs,
    Year,
    contradictions,
    demand,
    has_number,
    sign_number,
)
from kostra_publish.disclosure.problem import Floats, Integers
from kostra_publish.disclosure.safe import CONTENTS, SIGNS, TIME
from kostra_publish.specs.models import LANGUAGES

FORM: Final = "Parquet"
ENDING: Final = ".parquet"

_UNITS: Final = tuple(f"unit_{language}" for language in LANGUAGES)
_BESIDE: Final = (*_UNITS, "preliminary", "round", "synthetic", "value", "status")
_TYPES: Final = "ARROW:schema"
_DEMANDED: Final = frozenset(
    {
        "id", "title", "source", "contact", "licence", "official_statistics", "updated",
        "preliminary", "synthetic", "provisional", "notes", "variables", "measures",
    }
)  # fmt: skip
_KEYS: Final = frozenset(
    {
        "table", "dimensions", "measures", "mandatory", "text", "variable", "code", "unit",
        "decimals", "reference_period",
    }
)  # fmt: skip
"""What stands within the metadata beside codes and languages."""
_CODES: Final = frozenset(
    {"id", "preliminary", "synthetic", "table", "dimensions", "measures", "variable", "code"}
)

_WRONG: Final = (
    ValueError, LookupError, TypeError, pl.exceptions.PolarsError, pl.exceptions.PanicException,
)  # fmt: skip
"""Polars panics at some bytes that are no Parquet."""


def read(content: Content, data: bytes) -> None:
    """Read a file of this form into ``content``."""
    try:
        said = _metadata(pl.read_parquet_metadata(BytesIO(data)))
        frame = pl.read_parquet(BytesIO(data))
        for of in check_bytes(data):
            demand(of.words == len(_categories(frame[of.column])))
        content.table = _table(content, frame, said)
        content.texts.extend(_walk(said, "metadata", _codes(content.table)))
    except _WRONG:
        content.table = None
        content.wrong.append("is not a table in Parquet as this program writes it")
        return
    content.wrong.extend(contradictions(content.table))


# --- what is said of a table ------------------------------------------------------------


def _metadata(written: Mapping[str, str]) -> dict[str, Any]:
    """The keys and what they hold, which must be written in the only way that is known."""
    found = {key: json.loads(text) for key, text in written.items() if key != _TYPES}
    demand(found.keys() - {"next_update"} == _DEMANDED)
    for key, value in found.items():
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        demand(text == written[key])
    return found


def _codes(table: ReleasedTable) -> set[str]:
    return set(table.dimensions).union(*table.dimensions.values())


def _walk(part: object, place: str, codes: set[str]) -> Iterator[Said]:
    """Every text with digits. Raises ValueError for a key or number that is not known."""
    if isinstance(part, dict):
        places = part.keys() if place == "metadata" else _KEYS
        demand(part.keys() <= places | codes | {*LANGUAGES})
        for key, inside in part.items():
            yield from _walk(inside, key if key in places else place, codes)
    elif isinstance(part, list):
        for inside in part:
            yield from _walk(inside, place, codes)
    elif isinstance(part, str):
        if has_number(part):
            yield Said(place, part, is_code=place in _CODES)
    elif not isinstance(part, bool):
        demand(place == "decimals" and part in range(10))


# --- the table --------------------------------------------------------------------------


def _table(content: Content, frame: pl.DataFrame, said: Mapping[str, Any]) -> ReleasedTable:
    file = PurePosixPath(content.file)
    demand(said["id"] == file.name.removesuffix(ENDING))
    names = _names(frame.columns)
    codes = {name: _categories(frame[name]) for name in names}
    demand(frame.height == prod(map(len, codes.values())))
    demand([*said["variables"]] == names and [*said["measures"]] == codes[CONTENTS])
    axes = _axes(frame, codes)
    for name, language in product(names[:-1], LANGUAGES):
        labels = _each(frame[f"{name}_label_{language}"], axes[name])
        content.says("names", labels)
    for unit in _UNITS:
        content.says("unit", _each(frame[unit], axes[CONTENTS]))
    for name, of in codes.items():
        content.says("codes", [name, *of], is_code=True)
    marks = {name: _truth(frame[name], axes[TIME]) for name in ("preliminary", "synthetic")}
    rounds = _each(frame["round"], axes[TIME])
    content.says("round", rounds)
    for name, truths in marks.items():
        marked = [year for year, truth in zip(codes[TIME], truths, strict=True) if truth]
        demand(said[name] == marked)
    return ReleasedTable(
        file=content.file,
        form=FORM,
        table=said["id"],
        language="",
        dimensions={name: tuple(of) for name, of in codes.items()},
        values=_numbers(frame["value"]),
        signs=_signs(frame["status"]),
        years={
            int(year): Year(published, preliminary)
            for year, published, preliminary in zip(
                codes[TIME], rounds, marks["preliminary"], strict=True
            )
        },
        synthetic=any(marks["synthetic"]),
        decimals={code: int(of["decimals"]) for code, of in said["measures"].items()},
    )


def _names(columns: Sequence[str]) -> list[str]:
    """The dimensions that the columns tell of, in order; time has no names."""
    of_dimensions = columns[: -len(_BESIDE)]
    names = list(of_dimensions[:: 1 + len(LANGUAGES)])
    expected = [
        column
        for name in names[:-1]
        for column in (name, *(f"{name}_label_{language}" for language in LANGUAGES))
    ]
    demand(list(columns) == [*expected, TIME, *_BESIDE] and names[-2:] == [CONTENTS, TIME])
    return names


class _Axis(NamedTuple):
    """A dimension along the rows."""

    place: Integers
    """The category of each row."""
    first: Integers
    """The first row of each category."""


def _axes(frame: pl.DataFrame, codes: Mapping[str, Sequence[str]]) -> dict[str, _Axis]:
    """The dimensions; their categories must turn as those of a dense cube."""
    found = {}
    stride = frame.height
    for name, of in codes.items():
        stride //= len(of)
        expected = np.arange(frame.height) // stride % len(of)
        demand(bool((_numbered(frame[name]) == expected).all()))
        found[name] = _Axis(expected, np.arange(len(of)) * stride)
    return found


def _categories(column: pl.Series) -> list[str]:
    """The words of an enumeration. Raises TypeError where the column is something else."""
    if not isinstance(column.dtype, pl.Enum):
        raise TypeError("no enumeration")
    found = column.dtype.categories.to_list()
    demand(bool(found))
    return found


def _numbered(column: pl.Series) -> Integers:
    """The words of an enumeration by number, where there is one in every row."""
    demand(column.null_count() == 0)
    return column.to_physical().cast(pl.Int64).to_numpy()


def _each(column: pl.Series, axis: _Axis) -> list[str]:
    """The word of each category, which must be the same in all of its rows; all must be used."""
    words = _categories(column)
    of_category = _of_category(_numbered(column), axis)
    demand(set(of_category) == set(range(len(words))))
    return [words[number] for number in of_category]


def _truth(column: pl.Series, axis: _Axis) -> list[bool]:
    """What is true of each category, which must be the same in all of its rows."""
    demand(column.dtype == pl.Boolean and column.null_count() == 0)
    return [bool(one) for one in _of_category(column.cast(pl.Int64).to_numpy(), axis)]


def _of_category(numbers: Integers, axis: _Axis) -> list[int]:
    of_category = numbers[axis.first]
    demand(bool((numbers == of_category[axis.place]).all()))
    return [int(number) for number in of_category]


def _numbers(column: pl.Series) -> Floats:
    """The values, NaN where there is none."""
    demand(column.dtype == pl.Float64 and bool(column.drop_nulls().is_finite().all()))
    return column.fill_null(np.nan).to_numpy()


def _signs(column: pl.Series) -> Signs:
    demand(_categories(column) == [*SIGNS])
    numbers = np.array([*map(sign_number, SIGNS), NO_SIGN], dtype=np.int8)
    found: Signs = numbers[column.to_physical().cast(pl.Int64).fill_null(len(SIGNS)).to_numpy()]
    return found
