"""Files to lazy frames with a contract's columns and types, and what is wrong with a file.

The happy path is lazy and strict: ``scan`` gives a frame that fails when it is run on
anything unreadable. ``diagnose`` is the other path: it reads the file again in pieces,
evaluates every rule, and says per rule how many rows break it and which are the first.
No value of a record is ever part of what it says.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl

from kostra_publish.errors import DataError, Finding
from kostra_publish.microdata.contracts import (
    KOMMUNE_NOT_IN_YEAR,
    ROW,
    Column,
    Contract,
    Key,
    kommune_history,
)
from kostra_publish.microdata.execution import execute
from kostra_publish.microdata.files import DataFile

HELD_ROWS = 2_000_000
"""Rows of a file, at most, that are read once and held until every query is through.

Of a longer file each query reads the columns it needs, so that memory stays bounded.
"""

_BATCH = 200_000
_CHUNK = 1 << 20
_FIRST_ROWS = 5
_CSV_SEPARATORS = (";", ",")

_TYPE_NAMES: Mapping[type[pl.DataType], str] = {
    pl.String: "text (String)",
    pl.Int32: "whole numbers (Int32)",
    pl.Int64: "whole numbers (Int64)",
    pl.Float64: "numbers (Float64)",
    pl.Date: "dates (Date)",
}


# Opening ---------------------------------------------------------------------------------


def is_utf8(path: Path) -> bool:
    """Whether a local file is UTF-8 from end to end, read in pieces."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as source:
            while piece := source.read(_CHUNK):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _open_parquet(file: DataFile) -> pl.LazyFrame:
    return pl.scan_parquet(file.path, glob=False)


def _csv_source(file: DataFile) -> str | bytes:
    """The file's path, or its bytes as UTF-8 when a local file is Latin-1."""
    if not file.is_local or is_utf8(Path(file.path)):
        return file.path
    return Path(file.path).read_text(encoding="latin-1").encode("utf-8")


def _open_csv(file: DataFile) -> pl.LazyFrame:
    """The CSV as text columns; the separator is the one that makes the most of the header."""
    source = _csv_source(file)
    scans = [
        pl.scan_csv(
            BytesIO(source) if isinstance(source, bytes) else source,
            separator=separator,
            infer_schema=False,
            glob=False,
        )
        for separator in _CSV_SEPARATORS
    ]
    return max(scans, key=lambda scan: len(scan.collect_schema()))


_OPENERS: Mapping[str, Callable[[DataFile], pl.LazyFrame]] = {
    ".parquet": _open_parquet,
    ".csv": _open_csv,
}


# Types -----------------------------------------------------------------------------------


def _parsed(column: Column, *, strict: bool) -> pl.Expr:
    """A text column of a CSV as its contract's type. A decimal comma is a point."""
    text = pl.col(column.name).str.strip_chars()
    filled = pl.when(text != "").then(text)
    if column.dtype == pl.String:
        return filled
    if column.dtype == pl.Date:
        return filled.str.to_date("%Y-%m-%d", strict=strict)
    if column.dtype == pl.Float64:
        return filled.str.replace(",", ".", literal=True).cast(pl.Float64, strict=strict)
    return filled.cast(column.dtype, strict=strict)


def _fits(found: pl.DataType, column: Column, *, is_csv: bool) -> bool:
    """Whether a file's type can stand for the contract's without a loss."""
    if is_csv or found in (column.dtype, pl.Null):
        return True
    if column.dtype == pl.String:
        return found in (pl.Categorical, pl.Enum)
    if column.dtype in (pl.Int32, pl.Int64):
        return found.is_integer()
    return column.dtype == pl.Float64 and found.is_numeric()


def _typed(raw: pl.LazyFrame, contract: Contract, *, is_csv: bool, strict: bool) -> pl.LazyFrame:
    if is_csv:
        return raw.with_columns(_parsed(column, strict=strict) for column in contract.fields)
    found = raw.collect_schema()
    return raw.with_columns(
        pl.col(column.name).cast(column.dtype, strict=strict)
        for column in contract.fields
        if found[column.name] != column.dtype
    )


# Structure -------------------------------------------------------------------------------


def _broken(file: DataFile) -> Finding:
    kind = "Parquet" if file.suffix == ".parquet" else "CSV"
    return Finding(
        file=file.name,
        where="whole file",
        field="",
        rule=f"not a readable {kind} file; it may be truncated or corrupt",
        fix="Copy or write the file again",
    )


def _empty(file: DataFile) -> Finding:
    return Finding(
        file=file.name,
        where="whole file",
        field="",
        rule="the file has no rows",
        fix="Deliver the rows, or remove the file",
    )


def _column_findings(file: DataFile, contract: Contract, found: pl.Schema) -> Iterator[Finding]:
    def finding(name: str, rule: str, fix: str) -> Finding:
        return Finding(file=file.name, where="columns", field=name, rule=rule, fix=fix)

    title = f"{contract.dataset} {contract.year}"
    if not set(found) & set(contract.columns):
        # Without a header the first record would stand here as column names: name none.
        yield finding("", f"no column of {title}", "Write the column names in the first line")
        return
    for column in contract.fields:
        wanted = _TYPE_NAMES[column.dtype]
        if column.name not in found:
            yield finding(
                column.name, "the column is missing", f"{title} has it; add it, as {wanted}"
            )
        elif not _fits(found[column.name], column, is_csv=file.suffix == ".csv"):
            yield finding(
                column.name,
                f"the column has type {found[column.name]}",
                f"Write it as {wanted}",
            )
    for name in found:
        if name not in contract.columns:
            yield finding(name, "the column is not in the contract", f"Remove it: not in {title}")


def _row_count(frame: pl.LazyFrame) -> int:
    [counted] = execute([frame.select(pl.len())])
    return int(counted.item())


def structure(file: DataFile, contract: Contract) -> list[Finding]:
    """What is wrong with the file as a whole: unreadable, empty, columns, types.

    Reads the header or footer, and of the rows only how many they are.
    """
    try:
        raw = _OPENERS[file.suffix](file)
        found = raw.collect_schema()
        findings = list(_column_findings(file, contract, found))
        if not findings and _row_count(raw) == 0:
            findings.append(_empty(file))
    except pl.exceptions.NoDataError:
        return [_empty(file)]
    except (pl.exceptions.PolarsError, OSError):
        return [_empty(file) if _is_zero_bytes(file) else _broken(file)]
    return findings


def _is_zero_bytes(file: DataFile) -> bool:
    return file.is_local and Path(file.path).stat().st_size == 0


def scan(file: DataFile, contract: Contract) -> pl.LazyFrame:
    """The file as a lazy frame with the contract's columns, in its order and types.

    Parquet, or CSV with ``;`` or ``,``, UTF-8 or (on this machine) Latin-1, decimal comma
    or point, ISO dates. Running it fails on a value that does not fit its type. Queries
    that run together read a file of up to ``HELD_ROWS`` rows once. Raises DataError when
    the file as a whole is wrong.
    """
    findings = structure(file, contract)
    if findings:
        raise DataError(findings)
    frame = _scan(file, contract, strict=True)
    return frame.cache() if _row_count(frame) <= HELD_ROWS else frame


def _scan(file: DataFile, contract: Contract, *, strict: bool) -> pl.LazyFrame:
    raw = _OPENERS[file.suffix](file)
    typed = _typed(raw, contract, is_csv=file.suffix == ".csv", strict=strict)
    return typed.select(contract.columns)


# Diagnosis -------------------------------------------------------------------------------


@dataclass
class Tally:
    """How many rows break a rule, and the first few of them."""

    count: int = 0
    first: tuple[int, ...] = ()

    def add(self, rows: pl.Series) -> None:
        """Count in ``rows``, the numbers of more rows that break the rule."""
        self.count += len(rows)
        room = _FIRST_ROWS - len(self.first)
        self.first += tuple(int(row) for row in rows.sort().head(max(room, 0)))

    def where(self, unit: str = "row") -> str:
        """The place in words: ``row 7``, or ``12 rows, first 3, 8, 9, 20, 21``."""
        if self.count == 1:
            return f"{unit} {self.first[0]}"
        shown = ", ".join(str(row) for row in self.first)
        return f"{self.count} {unit}s, first {shown}"


def broken_rules(batch: pl.DataFrame, contract: Contract) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each row rule that ``batch`` breaks, with the rows that do: row number and kommune.

    ``batch`` has the contract's columns and types, and ``row_number``.
    """
    _, failure = contract.numbered_schema.filter(batch)
    if len(failure) == 0:
        return
    details = failure.details()
    for name in failure.counts():
        rows = details.filter(pl.col(name) == "invalid")
        yield name, rows.select(ROW, "KOMMUNE_NR")


def _unreadable(
    raw: pl.DataFrame, typed: pl.DataFrame, contract: Contract
) -> Iterator[tuple[Column, pl.Series]]:
    """Columns with values that are there but could not be turned into the type: the rows."""
    for column in contract.fields:
        before, after = raw.get_column(column.name), typed.get_column(column.name)
        if before.dtype == after.dtype:
            continue
        there = before.is_not_null()
        if before.dtype == pl.String:
            there &= before.str.strip_chars() != ""
        lost = there & after.is_null()
        if lost.any():
            yield column, typed.get_column(ROW).filter(lost)


def _unreadable_words(column: Column) -> tuple[str, str]:
    if column.dtype == pl.Date:
        return "not a date", "Write dates as YYYY-MM-DD"
    if column.dtype == pl.Float64:
        return "not a number", "Write numbers with a decimal comma or point"
    return "not a whole number", "Write whole numbers without spaces or decimals"


def _batches(file: DataFile, contract: Contract) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """The file in pieces: as it is, and typed with row numbers."""
    raw = _OPENERS[file.suffix](file).select(contract.columns)
    is_csv = file.suffix == ".csv"
    for start in range(0, _row_count(raw), _BATCH):
        [piece] = execute([raw.slice(start, _BATCH)])
        typed = _typed(piece.lazy(), contract, is_csv=is_csv, strict=False)
        [numbered] = execute([typed.with_row_index(ROW, offset=start + 1)])
        yield piece, numbered.with_columns(pl.col(ROW).cast(pl.Int64))


@dataclass(frozen=True)
class _Breach:
    """What a finding is about; ``detail`` tells apart findings of one rule."""

    field: str
    rule: str
    fix: str


def _rule_breaches(
    contract: Contract, name: str, rows: pl.DataFrame
) -> Iterator[tuple[_Breach, pl.Series]]:
    rule = contract.rules[name]
    if name != KOMMUNE_NOT_IN_YEAR:
        yield _Breach(rule.field, rule.text, rule.fix), rows.get_column(ROW)
        return
    for (kommune,), part in rows.group_by("KOMMUNE_NR", maintain_order=True):
        text = kommune_history(str(kommune), contract.year)
        yield _Breach(rule.field, text, rule.fix), part.get_column(ROW)


def tally_rules(
    batch: pl.DataFrame,
    contract: Contract,
    tallies: dict[_Breach, Tally],
    unreadable: Mapping[str, pl.Series],
) -> None:
    """Add what ``batch`` breaks to ``tallies``.

    A mandatory field that is there but unreadable is not reported as missing too.
    """
    for name, rows in broken_rules(batch, contract):
        lost = unreadable.get(contract.rules[name].field)
        kept = rows if lost is None else rows.filter(~pl.col(ROW).is_in(lost.implode()))
        for breach, numbers in _rule_breaches(contract, name, kept):
            if len(numbers):
                tallies.setdefault(breach, Tally()).add(numbers)


def _row_findings(file: DataFile, contract: Contract) -> Iterator[Finding]:
    tallies: dict[_Breach, Tally] = {}
    for raw, batch in _batches(file, contract):
        unreadable = {}
        for column, rows in _unreadable(raw, batch, contract):
            unreadable[column.name] = rows
            breach = _Breach(column.name, *_unreadable_words(column))
            tallies.setdefault(breach, Tally()).add(rows)
        tally_rules(batch, contract, tallies, unreadable)
    for breach, tally in tallies.items():
        yield Finding(file.name, tally.where(), breach.field, breach.rule, breach.fix)


def duplicates(frame: pl.LazyFrame, key: Key) -> pl.LazyFrame:
    """The values of ``key`` that several rows of ``frame`` share: rows, first and last row.

    ``frame`` has ``row_number``. The values themselves are left out.
    """
    parts = [part.alias(f"__part_{number}") for number, part in enumerate(key.parts)]
    names = [f"__part_{number}" for number in range(len(parts))]
    return (
        frame.filter(key.applies)
        .select(ROW, *parts)
        .group_by(names)
        .agg(
            pl.len().alias("rows"),
            pl.col(ROW).min().alias("first"),
            pl.col(ROW).max().alias("last"),
        )
        .filter(pl.col("rows") > 1)
        .drop(names)
        .sort("first")
    )


def _key_findings(file: DataFile, contract: Contract) -> Iterator[Finding]:
    frame = contract.keyed(_scan(file, contract, strict=False)).with_row_index(ROW, offset=1)
    for key, shared in zip(
        contract.keys, execute([duplicates(frame, key) for key in contract.keys]), strict=True
    ):
        if shared.is_empty():
            continue
        rows = shared.head(_FIRST_ROWS).select(pl.concat_list("first", "last").explode())
        tally = Tally(int(shared.get_column("rows").sum()))
        first = sorted({int(row) for row in rows.to_series()})
        tally.first = tuple(first[:_FIRST_ROWS])
        yield Finding(file.name, tally.where(), key.field, key.text, key.fix)


def diagnose(file: DataFile, contract: Contract) -> list[Finding]:
    """Everything that is wrong with ``file``, with counts and first rows, never a value.

    Rows are numbered from 1, the header of a CSV not counted. Empty when the file keeps
    its contract.
    """
    findings = structure(file, contract)
    if findings:
        return findings
    try:
        return [*_row_findings(file, contract), *_key_findings(file, contract)]
    except (pl.exceptions.PolarsError, OSError):
        return [_broken(file)]  # the footer is whole, but a page further in is not


def diagnose_all(files: Sequence[tuple[DataFile, Contract]]) -> list[Finding]:
    """What is wrong with several files, together."""
    return [finding for file, contract in files for finding in diagnose(file, contract)]
