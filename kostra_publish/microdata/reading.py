"""Files to lazy frames with a contract's columns and types, and what is wrong with a file.

The happy path is lazy and strict: ``scan`` gives a frame that fails when it is run on
anything unreadable. ``diagnose`` is the other path: it reads the file again in pieces,
evaluates every rule, and says per rule how many rows break it and which are the first.
No value of a record is ever part of what it says.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl

from kostra_publish.errors import DataError, Finding
from kostra_publish.microdata.contracts import (
    KOMMUNE_NOT_IN_YEAR,
    ROW,
    SYNTHETIC,
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


@dataclass(frozen=True)
class _Csv:
    """A CSV as text columns, and how it was taken apart.

    A field too many is left out of ``frame`` and one too few is null: ``uneven_lines`` says
    where. ``lines`` has the text of each line in ``line`` and its number in ``number``.
    """

    frame: pl.LazyFrame
    lines: pl.LazyFrame
    separator: str


def _csv(file: DataFile) -> _Csv:
    """The separator is the one that makes the most of the header."""
    source = _csv_source(file)

    def opened() -> str | BytesIO:
        return BytesIO(source) if isinstance(source, bytes) else source

    scans = {
        separator: pl.scan_csv(
            opened(),
            separator=separator,
            infer_schema=False,
            truncate_ragged_lines=True,
            glob=False,
        )
        for separator in _CSV_SEPARATORS
    }
    separator = max(scans, key=lambda one: len(scans[one].collect_schema()))
    lines = pl.scan_lines(opened(), row_index_name="number", row_index_offset=1, glob=False)
    return _Csv(scans[separator], lines, separator)


def _open_csv(file: DataFile) -> pl.LazyFrame:
    return _csv(file).frame


_OPENERS: Mapping[str, Callable[[DataFile], pl.LazyFrame]] = {
    ".parquet": _open_parquet,
    ".csv": _open_csv,
}


# Lines with too many or too few fields ----------------------------------------------------

_UNEVEN = pl.Schema({"line": pl.Int64(), ROW: pl.Int64(), "surplus": pl.Int64()})
"""Lines that have not as many fields as the header: line and row number, fields too many.

With 0 too many a quotation mark in the record is not closed.
"""

_QUOTE = '"'
_TOO_MANY = "Take away separators that are too many, or write text that has one in quotation marks"
_NOT_CLOSED = "Close it, or write it twice where it belongs to the text"
_TOO_FEW = "Write the whole line again; it may be cut, or blank"


def uneven_lines(file: DataFile) -> pl.DataFrame:
    """The lines of a CSV with more or fewer fields than the header (shape: ``_UNEVEN``).

    None for Parquet. A line is where a record starts; the header is one too.
    """
    if file.suffix != ".csv":
        return _UNEVEN.to_frame()
    csv_file = _csv(file)
    width = len(csv_file.frame.collect_schema())
    filled = pl.col("line").str.strip_chars() != ""
    [header] = execute([csv_file.lines.filter(filled).select(pl.col("number").min())])
    lines = csv_file.lines.filter(pl.col("number") > header.item())
    number = pl.col("number").cast(pl.Int64)
    found = lines.select(
        number.alias("line"),
        (number - int(header.item())).alias(ROW),
        (_fields(csv_file.separator) - width).alias("surplus"),
        (pl.col("line").str.count_matches(_QUOTE, literal=True) % 2 == 1).alias("open"),
    )
    [uneven] = execute([found.filter((pl.col("surplus") != 0) | pl.col("open"))])
    if uneven.get_column("open").any():
        return _uneven_records(lines, csv_file.separator, width)
    return uneven.drop("open")


def _fields(separator: str) -> pl.Expr:
    """How many fields a line has, whose quoted fields end in it."""
    line = pl.col("line")
    quoted = line.str.contains(_QUOTE, literal=True)
    bare = pl.when(quoted).then(line.str.replace_all(r'"[^"]*"', "")).otherwise(line)
    return bare.str.count_matches(separator, literal=True).cast(pl.Int64) + 1


def _uneven_records(lines: pl.LazyFrame, separator: str, width: int) -> pl.DataFrame:
    """The same for records of which some go over several lines, which takes longer."""
    [text] = execute([lines.select("number", "line")])
    first = int(text.get_column("number").item(0))
    quotes = text.get_column("line").str.count_matches(_QUOTE, literal=True)
    reader = csv.reader((f"{line}\n" for line in text.get_column("line")), delimiter=separator)
    found = []
    row, start = 1, 0
    try:
        for record in reader:
            surplus = max(len(record), 1) - width
            if quotes[start : reader.line_num].sum() % 2 == 1:
                found.append((first + start, row, 0))
            elif surplus != 0:
                found.append((first + start, row, surplus))
            row, start = row + 1, reader.line_num
    except csv.Error:  # a field without an end
        found.append((first + start, row, 0))
    return pl.DataFrame(found, schema=_UNEVEN, orient="row")


def _uneven_findings(file: DataFile, uneven: pl.DataFrame) -> Iterator[Finding]:
    for rule, fix, kept in (
        ("more fields than the header", _TOO_MANY, pl.col("surplus") > 0),
        ("fewer fields than the header", _TOO_FEW, pl.col("surplus") < 0),
        ("a quotation mark is not closed", _NOT_CLOSED, pl.col("surplus") == 0),
    ):
        lines = uneven.filter(kept).get_column("line")
        if len(lines):
            tally = Tally()
            tally.add(lines)
            yield Finding(file.name, tally.where("line"), "", rule, fix)


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
    """What is wrong with the file as a whole: unreadable, empty, columns, types, lines.

    Reads the header or footer; of the rows only how many they are, and of a CSV how many
    fields each line has.
    """
    findings, uneven = _whole(file, contract)
    return [*findings, *_uneven_findings(file, uneven)]


def _whole(file: DataFile, contract: Contract) -> tuple[list[Finding], pl.DataFrame]:
    """What makes the rows unreadable, and the lines with too many or too few fields."""
    uneven = _UNEVEN.to_frame()
    try:
        raw = _OPENERS[file.suffix](file)
        findings = list(_column_findings(file, contract, raw.collect_schema()))
        uneven = uneven_lines(file)
        if not findings and uneven.is_empty() and _row_count(raw) == 0:
            findings.append(_empty(file))
    except pl.exceptions.NoDataError:
        return [_empty(file)], uneven
    except (pl.exceptions.PolarsError, OSError):
        if len(uneven):
            return [], uneven
        return [_empty(file) if _is_zero_bytes(file) else _broken(file)], uneven
    return findings, uneven


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


def says_synthetic(file: DataFile, contract: Contract) -> bool:
    """Whether every record of a form says that it is synthetic; False where none can say."""
    if "SAKSBEHANDLER" not in contract.columns:
        return False
    raw = _scan(file, contract, strict=False)
    says = (pl.col("SAKSBEHANDLER") == SYNTHETIC).fill_null(value=False).all()
    try:
        # Most files tell by their first row, before the others are read.
        return all(
            execute([rows.select(says & (pl.len() > 0))])[0].item() for rows in (raw.head(1), raw)
        )
    except (pl.exceptions.PolarsError, OSError):
        return False  # reading reports what is wrong with it


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


def _batches(
    file: DataFile, contract: Contract, without: pl.Series
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """The file in pieces: as it is, and typed with row numbers; ``without`` some rows."""
    raw = _OPENERS[file.suffix](file).select(contract.columns)
    is_csv = file.suffix == ".csv"
    for start in range(0, _row_count(raw), _BATCH):
        [piece] = execute([raw.slice(start, _BATCH)])
        typed = _typed(piece.lazy(), contract, is_csv=is_csv, strict=False)
        [numbered] = execute([typed.with_row_index(ROW, offset=start + 1)])
        numbered = numbered.with_columns(pl.col(ROW).cast(pl.Int64))
        kept = ~numbered.get_column(ROW).is_in(without.implode())
        yield piece.filter(kept), numbered.filter(kept)


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


def _row_findings(file: DataFile, contract: Contract, without: pl.Series) -> Iterator[Finding]:
    tallies: dict[_Breach, Tally] = {}
    for raw, batch in _batches(file, contract, without):
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


def _key_findings(file: DataFile, contract: Contract, without: pl.Series) -> Iterator[Finding]:
    frame = contract.keyed(_scan(file, contract, strict=False)).with_row_index(ROW, offset=1)
    if len(without):
        frame = frame.filter(~pl.col(ROW).cast(pl.Int64).is_in(without.implode()))
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

    Rows are numbered from 1, the header of a CSV not counted; lines of a CSV as an editor
    numbers them. Lines with too many or too few fields are held to no other rule. Empty
    when the file keeps its contract.
    """
    fatal, uneven = _whole(file, contract)
    findings = [*fatal, *_uneven_findings(file, uneven)]
    if fatal or (uneven.get_column("surplus") == 0).any():
        return findings
    without = uneven.get_column(ROW)
    try:
        findings += _row_findings(file, contract, without)
        findings += _key_findings(file, contract, without)
    except (pl.exceptions.PolarsError, OSError):
        return findings or [_broken(file)]  # the footer is whole, but a page further in is not
    return findings


def diagnose_all(files: Sequence[tuple[DataFile, Contract]]) -> list[Finding]:
    """What is wrong with several files, together."""
    return [finding for file, contract in files for finding in diagnose(file, contract)]
