"""The positional filuttrekk (``.dat``) that kommuner report, into a dataset's Parquet.

A record is one line in which each field has its fixed positions, counted in characters.
The rules are the contract's own: a record is cut into the contract's columns, and what the
contract says about them is told with file, line and position. No value is ever told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from kostra_publish.errors import DataError, Finding, UsageError
from kostra_publish.microdata.contracts import ROW, SYNTHETIC, Contract, Key, contract
from kostra_publish.microdata.execution import execute
from kostra_publish.microdata.files import file_name, next_version
from kostra_publish.microdata.layouts import DATASET_OF_FORM, Field, layout, record_length
from kostra_publish.microdata.reading import Tally, duplicates, tally_rules
from kostra_publish.microdata.writing import writing

_RECORD = "__record__"
_FIRST_LINES = 5


@dataclass(frozen=True)
class ImportResult:
    """What an import wrote: the file, its rows, how many kommuner, whether it is synthetic.

    ``delivered`` is the date in its footer, or None.
    """

    path: Path
    rows: int
    kommuner: int
    synthetic: bool
    delivered: date | None


@dataclass(frozen=True)
class _Cut:
    """One file's records: ``frame`` has the contract's columns and the line number.

    ``name`` tells the file apart from the others.
    """

    name: str
    frame: pl.DataFrame = field(repr=False)
    findings: Sequence[Finding] = ()


def _lines(path: Path) -> list[str]:
    """The lines of a file in UTF-8, else Latin-1; without line ends, and the last blank ones.

    Only CR LF and LF end a line: other signs that Python takes for line ends may stand in
    a Latin-1 field. The sign that ended a file in DOS (1A) is blank too.
    """
    try:
        content = path.read_bytes()
    except OSError:
        raise UsageError(
            f"the file {path} cannot be read", fix="Give files that exist and may be read."
        ) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1].strip(" \t\x1a"):
        lines.pop()
    return lines


def _names(paths: Sequence[Path]) -> list[str]:
    """The name of each file, with as many of its folders as it takes to tell it apart."""
    names = [path.name for path in paths]
    for depth in range(2, max(len(path.parts) for path in paths) + 1):
        times = Counter(names)
        names = [
            "/".join(path.parts[-depth:]) if times[name] > 1 else name
            for path, name in zip(paths, names, strict=True)
        ]
    return names


def _text(one: Field) -> pl.Expr:
    """The field's characters without blanks around them; null where it is blank."""
    text = pl.col(_RECORD).str.slice(one.start - 1, one.size).str.strip_chars()
    return pl.when(text != "").then(text).alias(one.name)


def _typed(one: Field) -> pl.Expr:
    """The text as the field's type; null where it cannot be read."""
    text = pl.col(one.name)
    if one.kind == "INTEGER":
        return text.cast(pl.Int32, strict=False)
    digits = pl.when(text.str.contains(f"^[0-9]{{{one.size}}}$")).then(text)
    return digits.str.to_date(one.date_format, strict=False)


def _where(tally: Tally, one: Field | None) -> str:
    if one is None:
        return tally.where("line")
    last = one.start + one.size - 1
    position = f"{one.start}" if one.size == 1 else f"{one.start}-{last}"
    return f"{tally.where('line')}, position {position}"


def _unreadable_words(one: Field) -> tuple[str, str]:
    if one.kind == "DATE":
        return "not a date", f"Write the date as {one.date_pattern}"
    return "not a number", "Write a whole number, without spaces or decimals"


class _Cutter:
    """Cuts the files of one form and year into the contract's columns."""

    def __init__(self, form: str, year: int, held_to: Contract) -> None:
        self._title = f"{form} {year}"
        self._length = record_length(form, year)
        self._fields = {one.name: one for one in layout(form, year)}
        self._contract = held_to

    def cut(self, path: Path, name: str) -> _Cut:
        """The records of one file, and everything that is wrong with each of them."""
        lines = _lines(path)
        if not lines:
            finding = Finding(
                name,
                "whole file",
                "",
                "the file has no records",
                "Deliver the records, or leave the file out",
            )
            return _Cut(name, pl.DataFrame(), [finding])
        records = pl.LazyFrame({_RECORD: lines}).with_row_index(ROW, offset=1)
        records = records.with_columns(pl.col(ROW).cast(pl.Int64))
        whole = pl.col(_RECORD).str.len_chars() == self._length
        text = records.filter(whole).select(ROW, *(_text(one) for one in self._fields.values()))
        [wrong, raw] = execute([records.filter(~whole).select(ROW), text])
        findings = list(self._length_findings(name, wrong.get_column(ROW)))
        if raw.is_empty():
            return _Cut(name, pl.DataFrame(), findings)
        other = [_typed(one) for one in self._fields.values() if one.kind != "STRING"]
        [frame] = execute([raw.lazy().with_columns(other)])
        findings.extend(self._row_findings(name, raw, frame))
        return _Cut(name, frame, findings)

    def _length_findings(self, name: str, rows: pl.Series) -> Iterator[Finding]:
        if rows.is_empty():
            return
        tally = Tally()
        tally.add(rows)
        rule = "wrong record length"
        fix = f"A record of {self._title} has {self._length} characters"
        yield Finding(name, tally.where("line"), "", rule, fix)

    def _row_findings(self, name: str, raw: pl.DataFrame, frame: pl.DataFrame) -> Iterator[Finding]:
        unreadable = {}
        for one in self._fields.values():
            lost = raw.get_column(one.name).is_not_null() & frame.get_column(one.name).is_null()
            if not lost.any():
                continue
            rows = unreadable[one.name] = frame.get_column(ROW).filter(lost)
            tally = Tally()
            tally.add(rows)
            yield Finding(name, _where(tally, one), one.name, *_unreadable_words(one))
        tallies: dict[Any, Tally] = {}
        tally_rules(frame, self._contract, tallies, unreadable)
        for breach, tally in tallies.items():
            place = _where(tally, self._fields.get(breach.field))
            yield Finding(name, place, breach.field, breach.rule, breach.fix)


# Keys, across the files ------------------------------------------------------------------


def _key_findings(cuts: Sequence[_Cut], held_to: Contract) -> Iterator[Finding]:
    """Records of any of the files that share a key: told where the later one stands."""
    whole = [cut for cut in cuts if not cut.frame.is_empty()]
    if not whole:
        return
    places = pl.concat(
        cut.frame.select(pl.lit(number).alias("file"), pl.col(ROW).alias("line"))
        for number, cut in enumerate(whole)
    )
    rows = pl.concat(cut.frame.drop(ROW) for cut in whole).lazy()
    frame = held_to.keyed(rows).with_row_index(ROW)
    shared = execute([duplicates(frame, key) for key in held_to.keys])
    for key, found in zip(held_to.keys, shared, strict=True):
        first = places[found.get_column("first").to_list()].select(pl.all().name.prefix("first_"))
        last = places[found.get_column("last").to_list()].select(pl.all().name.prefix("last_"))
        pairs = pl.concat([first, last], how="horizontal")
        yield from _pair_findings(whole, key, pairs)


def _pair_findings(whole: Sequence[_Cut], key: Key, pairs: pl.DataFrame) -> Iterator[Finding]:
    for (early, late), lines in pairs.group_by("first_file", "last_file", maintain_order=True):
        tally = Tally()
        tally.add(lines.get_column("last_line"))
        shown = lines.sort("last_line").head(_FIRST_LINES).get_column("first_line").to_list()
        other = f"{whole[int(str(early))].name}, line {', '.join(str(line) for line in shown)}"
        yield Finding(
            whole[int(str(late))].name,
            tally.where("line"),
            key.field,
            f"{key.text}; the first is in {other}",
            key.fix,
        )


# Writing ---------------------------------------------------------------------------------


_UNTOUCHED = "Nothing has been imported; mend it and run again."


def _version(out: Path, dataset: str, year: int, version: int | None) -> int:
    """The version asked for, else the next free one.

    Raises UsageError where there is such a file.
    """
    if version is None:
        return next_version(out, dataset, year)
    name = file_name(dataset, year, version)
    if (out / name).exists():
        raise UsageError(
            f"{name} is there already",
            fix="A version is never written twice; give another, or none for the next free one.",
        )
    return version


def _today() -> date:
    return datetime.now(ZoneInfo("Europe/Oslo")).date()


def _write(frame: pl.DataFrame, target: Path, metadata: dict[str, str]) -> None:
    """Write whole or not at all; a name that starts with a dot is no dataset."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        frame.write_parquet(unfinished, metadata=metadata or None)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


def import_filuttrekk(
    files: Sequence[Path],
    *,
    form: str,
    year: int,
    out: Path,
    version: int | None = None,
    delivered: date | None = None,
) -> ImportResult:
    """Read the ``.dat`` files of ``form`` ("11F" or "11CF") into one Parquet file in ``out``.

    A file may hold one kommune or several. The Parquet is named after the standard with
    ``version``, else the next free one. Its footer says ``delivered``; where that is not
    given, version 1 says nothing and counts in every round, and a later one says today. It is
    marked synthetic when every record says so.

    Raises UsageError for an unknown form or year, a file that cannot be read or a version
    that is there, one DataError with everything that is wrong in all the files, and
    ReleaseError where ``out`` cannot be written; then nothing is written.
    """
    dataset, frame = _records(files, form, year)
    with writing(f"cannot write in {out}", fix=_UNTOUCHED):
        out.mkdir(parents=True, exist_ok=True)
        chosen = _version(out, dataset, year, version)
        target = out / file_name(dataset, year, chosen)
        delivered = delivered or (_today() if chosen > 1 else None)
        signs = frame.get_column("SAKSBEHANDLER")
        result = ImportResult(
            path=target,
            rows=frame.height,
            kommuner=frame.get_column("KOMMUNE_NR").n_unique(),
            synthetic=bool((signs == SYNTHETIC).fill_null(value=False).all()),
            delivered=delivered,
        )
        _write(frame, target, _metadata(result))
    return result


def _metadata(result: ImportResult) -> dict[str, str]:
    synthetic = {"synthetic": "true"} if result.synthetic else {}
    return synthetic | ({"delivered": result.delivered.isoformat()} if result.delivered else {})


def _records(files: Sequence[Path], form: str, year: int) -> tuple[str, pl.DataFrame]:
    """The dataset of ``form``, and all records as its contract says; else raises."""
    if form not in DATASET_OF_FORM:
        raise UsageError(
            f"there is no form {form} to import", fix=f"Use {' or '.join(DATASET_OF_FORM)}."
        )
    if not files:
        raise UsageError("there are no files to import", fix="Give one or more .dat files.")
    dataset = DATASET_OF_FORM[form]
    cutter = _Cutter(form, year, contract(dataset, year))
    cuts = [cutter.cut(*one) for one in zip(files, _names(files), strict=True)]
    findings = [finding for cut in cuts for finding in cut.findings]
    findings.extend(_key_findings(cuts, contract(dataset, year)))
    if findings:
        raise DataError(findings)
    return dataset, pl.concat(cut.frame.drop(ROW) for cut in cuts)
