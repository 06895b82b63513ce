"""CSV as this program writes it, read back: figures, and what is said of a table.

In the file with figures everything before the value must follow from the place of the row, as
categories of dense dimensions do. So it is taken from the rows of the first region and the
first row of each other; a row that differs from that anywhere is a finding.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from kostra_publish.auditing.released import (
    NO_SIGN,
    UNKNOWN,
    Content,
    ReleasedTable,
    Signs,
    Year,
    contradictions,
    demand,
    is_plain,
    lines_of,
    sign_number,
)
from kostra_publish.disclosure.problem import Floats
from kostra_publish.disclosure.safe import CONTENTS, SIGNS, TIME
from kostra_publish.specs.models import LANGUAGES

FORM: Final = "CSV"
ENDING: Final = ".csv"
ABOUT_ENDING: Final = ".metadata.csv"

_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_BYTES: Final = _MARK.encode()
_LABEL: Final = "_label"
_BESIDE: Final = ("unit", "preliminary", "round", "synthetic", "value", "status")
_ABOUT: Final = ("what", "variable", "code", *LANGUAGES)
_SAID: Final = frozenset(
    {
        "title", "source", "contact", "licence", "official statistics", "updated", "next update",
        "note", "mandatory note", "variable", "category", "unit", "reference period",
    }
)  # fmt: skip
_NAMING: Final = frozenset({"variable", "category"})
_FIELD: Final = r'(?:"(?:[^"]|"")*"|[^";]*);'
_REGION: Final = re.compile(_FIELD * 2)
_SIGNS: Final = {"": NO_SIGN, **{sign: sign_number(sign) for sign in SIGNS}}
_TRUTH: Final = {"true": True, "false": False}


def read(content: Content, data: bytes) -> None:
    """Read a file of this form into ``content``. Raises UnicodeDecodeError."""
    try:
        if content.file.endswith(ABOUT_ENDING):
            _about(content, data.decode())
        else:
            _figures(content, data)
    except (ValueError, LookupError, csv.Error, pl.exceptions.PolarsError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise
        content.table = None
        content.wrong.append("is not a table in CSV as this program writes it")
        return
    if content.table is not None:
        content.wrong.extend(contradictions(content.table))


# --- what is said of a table ------------------------------------------------------------


def _about(content: Content, text: str) -> None:
    """All rows; what they are said of must be among the variables and categories that they name."""
    lines = text.removeprefix(_MARK).split("\n")
    header, *rows = _rows(lines[:-1])
    demand(text.startswith(_MARK) and lines[-1] == "" and tuple(header) == _ABOUT)
    demand([_line(row) for row in (header, *rows)] == lines[:-1])
    named = {("", ""), *((of, code) for what, of, code, *_ in rows if what in _NAMING)}
    demand(len({tuple(row) for row in rows}) == len(rows))
    content.described = {
        of: tuple(code for what, one, code, *_ in rows if (what, one) == ("category", of))
        for what, of, *_ in rows
        if what == "variable"
    }
    demand({of for what, of, *_ in rows if what in _NAMING} == content.described.keys())
    for what, variable, code, *texts in rows:
        demand(what in _SAID and len(texts) == len(LANGUAGES) and (variable, code) in named)
        content.says(what, [variable, code], is_code=True)
        content.says(what, texts)


# --- figures ----------------------------------------------------------------------------


class _Category(NamedTuple):
    code: str
    label: str


class _Before(NamedTuple):
    """What stands before the value: once for each region, and for each place within one."""

    regions: pl.Series
    within: pl.Series


def _figures(content: Content, data: bytes) -> None:
    demand(data.startswith(_BYTES) and not data.startswith(_BYTES * 2))
    demand(data.endswith(b"\n") and b"\r" not in data)
    lines = lines_of(data)
    names = _names(str(lines[0]).removeprefix(_MARK))
    before = _before(lines[1:])
    rows = _rows(before.within.to_list())
    axes = _axes(rows, names[1:])
    of_regions = _rows(before.regions.to_list())
    demand(list(map(_line, of_regions)) == before.regions.to_list())
    demand(list(map(_line, rows)) == before.within.to_list())
    regions = [_Category(code, label) for code, label, _ in of_regions]
    categories = {names[0]: regions, **axes}
    values, signs = _cells(lines[1:], before)
    years = _beside(content, rows, axes)
    content.table = ReleasedTable(
        file=content.file,
        form=FORM,
        table=PurePosixPath(content.file).name.removesuffix(ENDING),
        language="",
        dimensions={name: tuple(one.code for one in of) for name, of in categories.items()},
        values=values,
        signs=signs,
        years={year: said for year, (said, _) in years.items()},
        synthetic=any(synthetic for _, synthetic in years.values()),
    )
    content.says("variables", names, is_code=True)
    for of in categories.values():
        content.says("codes", (one.code for one in of), is_code=True)
        content.says("names", (one.label for one in of))


def _line(fields: Sequence[str]) -> str:
    """Fields as they are written: in quotation marks where they need them, and nowhere else."""
    return ";".join(
        f'"{quoted}"' if (quoted := field.replace('"', '""')) != field or ";" in field else field
        for field in fields
    )


def _names(header: str) -> list[str]:
    """The dimensions that a header tells of, in order; time has no column with names."""
    columns = header.split(";")
    at_end = len(columns) - len(_BESIDE)
    names = [*columns[: at_end - 1 : 2], columns[at_end - 1]]
    expected = [each for name in names[:-1] for each in (name, f"{name}{_LABEL}")]
    demand(columns == [*expected, TIME, *_BESIDE] and names[-2:] == [CONTENTS, TIME])
    return names


def _before(lines: pl.Series) -> _Before:
    """Taken from the first line of each region, and the lines of the first one."""
    first = _region(str(lines[0]))
    within = int(lines.str.starts_with(first).sum())
    demand(len(lines) % within == 0)
    starts = lines.gather_every(within).to_list()
    inside = [line[len(first) :].rsplit(";", 2)[0] for line in lines[:within]]
    return _Before(pl.Series(map(_region, starts)), pl.Series(f"{each};" for each in inside))


def _region(line: str) -> str:
    """The code and name that a line begins with."""
    found = _REGION.match(line)
    if found is None:
        raise ValueError("no region")
    return found[0]


def _rows(lines: Sequence[str]) -> list[list[str]]:
    return list(csv.reader(lines, delimiter=";", strict=True))


def _axes(rows: Sequence[Sequence[str]], names: Sequence[str]) -> dict[str, list[_Category]]:
    """The categories of each dimension within a region; the last one is fastest."""
    found: dict[str, list[_Category]] = {}
    stride = 1
    for axis, name in reversed([*enumerate(names)]):
        width = 1 if name == TIME else 2
        column = [_Category(row[2 * axis], row[2 * axis + width - 1]) for row in rows]
        along = column[::stride]
        size = along.index(along[0], 1) if along[0] in along[1:] else len(along)
        categories = along[:size]
        demand(column == [categories[place // stride % size] for place in range(len(rows))])
        demand(len({one.code for one in categories}) == size)
        found[name] = categories
        stride *= size
    demand(stride == len(rows))
    return {name: found[name] for name in names}


def _beside(
    content: Content, rows: Sequence[Sequence[str]], axes: Mapping[str, Sequence[_Category]]
) -> dict[int, tuple[Year, bool]]:
    """What rows say of a year: round, preliminary, synthetic; and units as texts."""
    contents, times = axes[CONTENTS], axes[TIME]
    last = [row[-len(_BESIDE) + 1 : -1] for row in rows]
    units = [unit for unit, *_ in last[: len(contents) * len(times) : len(times)]]
    marks = [tuple(of_year) for _, *of_year in last[: len(times)]]
    for place, (unit, *of_year) in enumerate(last):
        contents_place, year = divmod(place % (len(contents) * len(times)), len(times))
        demand(unit == units[contents_place] and tuple(of_year) == marks[year])
    content.says("unit", units)
    content.says("round", (published for _, published, _ in marks))
    return {
        int(time.code): (Year(published, _TRUTH[preliminary]), _TRUTH[synthetic])
        for time, (preliminary, published, synthetic) in zip(times, marks, strict=True)
    }


def _cells(lines: pl.Series, before: _Before) -> tuple[Floats, Signs]:
    """The values and signs; what stands before them must be as it is elsewhere."""
    place = pl.int_range(pl.len())
    expected = pl.concat_str(
        pl.lit(before.regions).gather(place // len(before.within)),
        pl.lit(before.within).gather(place % len(before.within)),
    )
    both = pl.col("line").str.strip_prefix(pl.col("expected")).str.splitn(";", 2)
    value = pl.col("both").struct.field("field_0")
    sign = pl.col("both").struct.field("field_1")
    written = value.str.replace(",", ".", literal=True)
    cells = (
        pl.LazyFrame({"line": lines})
        .with_columns(expected=expected)
        .with_columns(both=both)
        .select(
            as_expected=pl.col("line").str.starts_with(pl.col("expected")),
            # A point is no decimal sign here.
            is_value=(value == "") | (is_plain(written) & ~value.str.contains(".", literal=True)),
            number=written.cast(pl.Float64, strict=False).fill_null(np.nan),
            sign=sign.replace_strict(_SIGNS, default=UNKNOWN, return_dtype=pl.Int8),
        )
        .collect()
    )
    demand(cells["as_expected"].fill_null(value=False).all())
    demand(cells["is_value"].fill_null(value=False).all())
    return cells["number"].to_numpy(), cells["sign"].to_numpy()
