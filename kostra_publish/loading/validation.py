"""A load file held against the statbank's description: does every column hold what it should?

The same fault in many rows is told once, with their number and the first line, and the same
fault in many columns for the first few. Figures are never told, and codes only where the
description of our own beside the file has them too: in a column that stands in the wrong place,
what looks like an unknown code may be a figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import prod
from pathlib import Path
from typing import Final

import polars as pl

from kostra_publish.errors import Finding, LoadFileError, UsageError
from kostra_publish.loading import description as descriptions
from kostra_publish.loading import file as files
from kostra_publish.loading.description import (
    FETCH,
    Deltabell,
    Description,
    Measure,
    Variable,
)
from kostra_publish.loading.file import LINE, Lines, Row
from kostra_publish.loading.findings import FEW, few_of_each
from kostra_publish.outputs.deltabell import DESCRIBED, SYNTHETIC

_WHOLE: Final = "-?(?:0|[1-9][0-9]*)"
_IN_STATBANK: Final = "Correct it here or in the setup of the table in the statbank."
_SAME: Final = "See that it is the same."
_ORDER: Final = "Put the columns in the order of the description."


@dataclass(frozen=True)
class Validated:
    """What was found in a load file. ``doubts`` are to be looked at, and may be as meant."""

    path: Path
    deltabell: str
    rows: int
    columns: int
    findings: tuple[Finding, ...]
    doubts: tuple[Finding, ...]

    def refuse(self) -> None:
        """Raise LoadFileError when anything was found."""
        if self.findings:
            raise LoadFileError(self.findings)


def validate(path: Path, description: Path, deltabell: str | None = None) -> Validated:
    """Hold a load file against a description, which is in either of its two shapes.

    ``deltabell`` is the one that the file is for, where its name is another than that of the
    file. Raises LoadFileError when there is no reading on, and UsageError when the description has
    no such deltabell.
    """
    theirs = descriptions.read(description)
    rows, findings = files.read(path)
    part, named = _part(path, theirs, deltabell)
    findings += named
    own = _own(path)
    strange = _of_another_table(path, theirs, own)
    findings += strange
    if part is None or strange:
        # What else there is to say would be about another table.
        return Validated(path, "", len(rows), 0, tuple(findings), ())
    compared = _Compared(path, theirs, part, own)
    findings += compared.moved
    fitting = [row for row in rows if len(row.fields) == part.width]
    findings += _of_other_width(path, part, rows)
    doubts = compared.doubts
    if fitting:
        checked = _Rows(compared, files.frame(fitting, part.width))
        findings += checked.findings()
        doubts = [*doubts, *checked.unused()]
    told = (tuple(few_of_each(found)) for found in (findings, doubts))
    return Validated(path, part.name, len(rows), part.width, *told)


# --- the right table ---------------------------------------------------------------------


def _part(
    path: Path, theirs: Description, wanted: str | None
) -> tuple[Deltabell | None, list[Finding]]:
    """The deltabell that the file is for, and what is wrong with its name."""
    names = ", ".join(theirs.deltabeller)
    if wanted is not None and wanted not in theirs.deltabeller:
        raise UsageError(
            f"{theirs.path} has no deltabell {wanted}", fix=f"It has {names}: name one of them."
        )
    part = theirs.deltabeller.get(wanted or path.name)
    found = []
    if part is None:
        rule = f"has a name that no deltabell of {theirs.path} has"
        fix = f"Say which one it is for with --deltabell: {names}."
        found.append(Finding(str(path), "", "", rule, fix))
        if len(theirs.deltabeller) == 1:
            [part] = theirs.deltabeller.values()
    if path.name.startswith(SYNTHETIC) and not (part and part.name.startswith(SYNTHETIC)):
        rule = "holds synthetic figures, as its name says"
        fix = "Do not load it; publish the round from real data."
        found.append(Finding(str(path), "", "", rule, fix))
    return part, found


def _own(path: Path) -> Description | None:
    """The description of our own beside a load file, where there is one."""
    beside = path.with_name(f"{path.stem}{DESCRIBED}")
    return descriptions.read(beside) if beside.is_file() else None


def _of_another_table(path: Path, theirs: Description, own: Description | None) -> list[Finding]:
    if own is None or theirs.table == own.table:
        return []
    rule = f"is of table {own.table:05}, and the description of {theirs.table:05}"
    return [Finding(str(path), "", "", rule, "Name the load file and description of one table.")]


def _of_other_width(path: Path, part: Deltabell, rows: Sequence[Row]) -> Iterator[Finding]:
    by_width = sorted(rows, key=lambda row: (len(row.fields), row.line))
    for width, group in groupby(by_width, key=lambda row: len(row.fields)):
        if width == part.width:
            continue
        lines = [row.line for row in group]
        fix = f"The load file and the statbank must have the same columns. {_IN_STATBANK}"
        if len(part.signs) < len(part.measures):
            fix = (
                "The table has not a column of signs for each measure: order them in the statbank."
            )
        rule = (
            f"has {width} column{'s' * (width != 1)}, and the description {part.width}: "
            f"{len(part.variables)} "
            f"variables, {len(part.measures)} measures, {len(part.signs)} of signs"
            + (f", {len(part.others)} others" if part.others else "")
        )
        yield Finding(str(path), str(Lines(len(lines), lines[0])), "", rule, fix)


# --- our description beside theirs ---------------------------------------------------------


@dataclass(frozen=True)
class _Compared:
    """A deltabell of the statbank, and our own of the same file where there is one."""

    path: Path
    theirs: Description
    part: Deltabell
    own: Description | None

    @cached_property
    def _own_part(self) -> Deltabell | None:
        return None if self.own is None else next(iter(self.own.deltabeller.values()))

    @cached_property
    def moved(self) -> list[Finding]:
        """Columns that stand elsewhere in the description."""
        found = []
        for number, name, names in self._pairs:
            places = [at for at, one in names.items() if _same(one, name)]
            if places and number not in places:
                rule = f"holds {_quoted(name)}, which is column {places[0]} in the description"
                found.append(self.finding("", number, rule, _ORDER))
        return found

    @cached_property
    def doubts(self) -> list[Finding]:
        """Columns that are called otherwise there, and units that are others."""
        if self._own_part is None:
            rule = "has no description of our own beside it: the order of measures is not known"
            return [
                Finding(str(self.path), "", "", rule, f"Leave {DESCRIBED} where it was written.")
            ]
        found = []
        for number, name, names in self._pairs:
            if number in names and not any(_same(one, name) for one in names.values()):
                rule = f"holds {_quoted(name)}, and is {_quoted(names[number])} in the description"
                found.append(self.finding("", number, rule, _SAME))
        units = {one.number: one.unit for one in self.part.measures}
        for item in self._own_part.measures:
            unit = units.get(item.number, item.unit)
            if not _same(unit, item.unit):
                rule = f"is in {_quoted(item.unit)}, and in {_quoted(unit)} in the description"
                found.append(self.finding("", item.number, rule, _SAME))
        return found

    @cached_property
    def _pairs(self) -> list[tuple[int, str, Mapping[int, str]]]:
        """For each column of ours: its number, its name, and the names there by number."""
        if self._own_part is None:
            return []
        variables = {one.number: one.code for one in self.part.variables}
        measures = {one.number: one.name for one in self.part.measures}
        own = self._own_part
        return [
            *((one.number, one.code, variables) for one in own.variables),
            *((one.number, one.name, measures) for one in own.measures),
        ]

    def label(self, code: str, number: int) -> str | None:
        """What our own description calls a code in this column; None where it has no such code."""
        if self.own is None or self._own_part is None:
            return None
        for one in self._own_part.variables:
            if one.number == number:
                return (self.own.codes(one) or {}).get(code)
        return None

    def finding(self, where: str, number: int, rule: str, fix: str) -> Finding:
        """A finding on a column."""
        return Finding(str(self.path), where, f"column {number}{self._name(number)}", rule, fix)

    def _name(self, number: int) -> str:
        names = {
            **{one.number: one.code for one in self.part.variables},
            **{one.number: one.name for one in self.part.measures},
            **{one.number: f"signs of column {one.of}" for one in self.part.signs},
        }
        return f" ({names[number]})" if number in names else ""


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _quoted(words: str) -> str:
    return f"“{words}”"


# --- the rows -----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows with as many fields as the description has columns."""

    compared: _Compared
    frame: pl.DataFrame

    @property
    def _part(self) -> Deltabell:
        return self.compared.part

    def findings(self) -> list[Finding]:
        """Everything that is wrong with them."""
        codes = [finding for one in self._part.variables for finding in self._variable(one)]
        found = [*codes, *(each for one in self._part.measures for each in self._measure(one))]
        # Where codes are no codes, there is no telling which rows are twice or missing.
        return found if codes else [*found, *self._repeated(), *self._lacking()]

    def unused(self) -> Iterator[Finding]:
        """Codes that the statbank has and no row."""
        for one in self._part.variables:
            codes = self.compared.theirs.codes(one) or {}
            used = set(self.frame[str(one.number)].unique())
            unused = [code for code in codes if code not in used]
            if unused and len(unused) < len(codes):
                rule = f"has no rows for {_listed(unused)} of code list {one.code_list}"
                yield self.compared.finding("", one.number, rule, "See that this is meant.")

    # --- variables -----------------------------------------------------------------------

    def _variable(self, one: Variable) -> Iterator[Finding]:
        column = self.frame[str(one.number)]
        if not self._fits(column, one).any():
            other = self._owner(column)
            if other is not None:
                rule = f"holds the codes of {other.code}, which is column {other.number}"
                yield self.compared.finding(str(self._lines()), one.number, rule, _ORDER)
                return
        yield from self._misfits(column, one)

    def _owner(self, column: pl.Series) -> Variable | None:
        """The variable whose codes a column holds, where its own column does not hold them."""
        for each in self._part.variables:
            own = self.frame[str(each.number)]
            if self._fits(column, each).all() and not self._fits(own, each).all():
                return each
        return None

    def _fits(self, column: pl.Series, one: Variable) -> pl.Series:
        codes = self.compared.theirs.codes(one)
        if codes is None:
            return column.str.contains(_pattern(one.period or ""))
        return column.is_in([*codes])

    def _misfits(self, column: pl.Series, one: Variable) -> Iterator[Finding]:
        unknown = ~self._fits(column, one)
        if not unknown.any():
            return
        where = str(self._lines(unknown))
        if one.period is not None:
            rule = f"has a period that is not written as {one.period}"
            yield self.compared.finding(where, one.number, rule, "Write the period as it says.")
            return
        codes = column.filter(unknown).unique(maintain_order=True).to_list()
        labels = {code: self.compared.label(code, one.number) for code in codes}
        said = [f"{code} ({label})" for code, label in labels.items() if label is not None]
        count = "a code" if len(codes) == 1 else f"{len(codes)} codes"
        rule = f"has {count} that code list {one.code_list} does not have"
        if said:
            rule += f": {_listed(said)}"
        known = self.compared.theirs.codes(one) or {}
        if any(code.strip() in known for code in codes):
            rule += "; there are spaces around some"
        if any(code not in known and f"0{code}" in known for code in codes):
            rule += "; some lack the 0 that they begin with"
        fix = "Add what is missing to the code list in the statbank, or correct it here."
        yield self.compared.finding(where, one.number, rule, fix)

    # --- measures ------------------------------------------------------------------------

    def _measure(self, one: Measure) -> Iterator[Finding]:
        value = pl.col(str(one.number))
        number = next((each.number for each in self._part.signs if each.of == one.number), None)
        sign = pl.lit("") if number is None else pl.col(str(number))
        known = [*sorted(self.compared.theirs.signs)]
        yield from self._written(one, value)
        if number is None:
            rule = "is blank, and the description has no column for its sign"
            fix = "Order columns of signs (null_prikk_missing) for the table in the statbank."
            yield from self._where(value == "", one.number, rule, fix)
            return
        rule = f"has neither a number nor the code of a sign in column {number}"
        fix = "Write the sign's code there, or the number here."
        yield from self._where((value == "") & (sign == ""), one.number, rule, fix)
        for code in known:
            rule = f"has a number beside the code {code} in column {number}"
            fix = "Leave the number blank: what stands beside the code would be sent with it."
            yield from self._where((value != "") & (sign == code), one.number, rule, fix)
        unknown = ~sign.is_in([*known, ""])
        if known:
            rule = f"has what is no code of a sign; they are {', '.join(known)}"
            fix = "Write one of these codes, or nothing."
        else:
            rule = "has the code of a sign, and the description has no list of them"
            fix = FETCH
        yield from self._where(unknown, number, rule, fix)

    def _written(self, one: Measure, value: pl.Expr) -> Iterator[Finding]:
        """Numbers that are not written as they should be; each row has one of these faults."""
        decimals = value.str.extract(f"^{_WHOLE},([0-9]+)$").str.len_chars().fill_null(0)
        number = value.str.contains(f"^{_WHOLE}(?:,[0-9]+)?$")
        point = value.str.contains(rf"^{_WHOLE}\.[0-9]+$")
        wanted = {0: "no decimals", 1: "1 decimal"}.get(one.decimals, f"{one.decimals} decimals")
        faults = {
            "has a point, not a comma, before its decimals": point,
            f"has more decimals than are stored, {wanted}": number & (decimals > one.decimals),
            f"has fewer decimals than are stored, {wanted}": number & (decimals < one.decimals),
            "is not a number": (value != "") & ~number & ~point,
        }
        for rule, fault in faults.items():
            fix = "Write it with a comma, the stored decimals, and nothing between thousands."
            if "decimals than" in rule:
                fix = f"The table spec and the statbank must have the same. {_IN_STATBANK}"
            yield from self._where(fault, one.number, rule, fix)

    # --- rows as such --------------------------------------------------------------------

    @property
    def _keys(self) -> list[str]:
        return [str(one.number) for one in self._part.variables]

    def _repeated(self) -> Iterator[Finding]:
        again = ~self.frame.select(pl.struct(self._keys).is_first_distinct()).to_series()
        if again.any():
            where = str(self._lines(again))
            rule = "has the same codes as a row before it"
            yield Finding(str(self.compared.path), where, "", rule, "Leave one of them out.")

    def _lacking(self) -> Iterator[Finding]:
        """Combinations of the codes in the file that have no row: the statbank would show zero."""
        codes = [self.frame[key].unique(maintain_order=True) for key in self._keys]
        rows = self.frame.select(self._keys).unique(maintain_order=True)
        if lacking := prod(map(len, codes)) - rows.height:
            combined = rows.lazy().select(pl.lit(0).alias("all")).head(1)
            for one in codes:
                combined = combined.join(one.to_frame().lazy(), how="cross")
            first = combined.drop("all").join(rows.lazy(), on=self._keys, how="anti").head(1)
            where = f"{lacking} combinations" if lacking > 1 else "1 combination"
            named = "; ".join(first.collect().row(0))
            rule = f"of its codes without a row, such as {named}"
            fix = "Take the file as the release has it: it has every combination."
            yield Finding(str(self.compared.path), where, "", rule, fix)

    def _where(self, fault: pl.Expr, number: int, rule: str, fix: str) -> Iterator[Finding]:
        """A finding on a column where there is a fault in any row."""
        faulty = self.frame.select(fault).to_series()
        if faulty.any():
            yield self.compared.finding(str(self._lines(faulty)), number, rule, fix)

    def _lines(self, where: pl.Series | None = None) -> Lines:
        lines = self.frame[LINE] if where is None else self.frame[LINE].filter(where)
        return Lines(len(lines), int(lines[0]))


def _pattern(period: str) -> str:
    """What periods of a form look like: small letters stand for digits, all else for itself."""
    return "^" + "".join("[0-9]" if one.islower() else re.escape(one) for one in period) + "$"


def _listed(codes: Sequence[str]) -> str:
    more = len(codes) - FEW
    return ", ".join(codes[:FEW]) + (f" and {more} more" if more > 0 else "")
