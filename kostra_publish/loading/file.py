"""The bytes of a load file as rows of fields, and what is wrong with them as such."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

import polars as pl

from kostra_publish.errors import Finding, LoadFileError

LINE: Final = "line"
"""The column of a frame that has the number of the line where a row begins."""

_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_AGAIN: Final = "Take the file as the release has it; nothing must open and save it between."


@dataclass(frozen=True)
class Lines:
    """How many lines, and the first of them: where something is wrong."""

    count: int
    first: int

    def __str__(self) -> str:
        return (
            f"line {self.first}" if self.count == 1 else f"{self.count} lines, first {self.first}"
        )


@dataclass(frozen=True)
class Row:
    """A row of a load file, and the line where it begins."""

    line: int
    fields: list[str]


def read(path: Path) -> tuple[list[Row], list[Finding]]:
    """The rows of a load file, and what is wrong with how they are written.

    Raises LoadFileError when there is no reading on: it is not there, no text, or has no rows.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, "", "cannot be read", "Name a file of statbank-load/.") from error
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _unreadable(path, f"line {line}", "is not text in UTF-8", _AGAIN) from error
    wrong = [Finding(str(path), where, "", rule, _AGAIN) for where, rule in _form(text)]
    rows = [*_rows(path, text.removeprefix(_MARK))]
    if not rows:
        raise _unreadable(path, "", "has no rows", _AGAIN)
    return rows, wrong


def _unreadable(path: Path, where: str, rule: str, fix: str) -> LoadFileError:
    return LoadFileError([Finding(str(path), where, "", rule, fix)])


def _form(text: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the text as such: (where, rule)."""
    if text.startswith(_MARK):
        yield "line 1", "begins with a byte order mark, which would be part of the first code"
    lines = text.split("\n")
    bare = [number for number, line in enumerate(lines[:-1], 1) if not line.endswith("\r")]
    if bare:
        yield str(Lines(len(bare), bare[0])), "ends without CRLF"
    if lines[-1]:
        yield f"line {len(lines)}", "ends without CRLF"


def _rows(path: Path, text: str) -> Iterator[Row]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=";", strict=True)
    line = 1
    try:
        for fields in reader:
            yield Row(line, fields)
            line = reader.line_num + 1
    except csv.Error as error:
        rule = "has a quotation mark that does not open or close a field"
        raise _unreadable(path, f"line {line}", rule, _AGAIN) from error


def frame(rows: list[Row], width: int) -> pl.DataFrame:
    """Rows of this many fields: String columns ``1``, ``2`` … and the number of the line."""
    names = [str(number) for number in range(1, width + 1)]
    fields = zip(*(row.fields for row in rows), strict=True) if rows else [()] * width
    columns = {name: [*of] for name, of in zip(names, fields, strict=True)}
    schema = dict.fromkeys(names, pl.String)
    lines = pl.Series(LINE, [row.line for row in rows], dtype=pl.Int64)
    return pl.DataFrame(columns, schema=schema).with_columns(lines)
