"""The figures that a key-figure page is marked with, looked up in the tables of the release.

A mark names a cell, two years of it, or the place of a kommune among the others, by codes. What
it stands at is read as a number in the page's language and compared with the cell, so a figure
on a page is one that a table shows, or follows from two of them. Nothing more is known from a
page than from the tables, and what the tables tell is attacked as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from kostra_publish.auditing.released import ReleasedTable, sign_of
from kostra_publish.codes import regions
from kostra_publish.disclosure.problem import Floats
from kostra_publish.disclosure.safe import CONTENTS, TIME

MINUS: Final = "\N{MINUS SIGN}"
_SPACE: Final = "\N{NO-BREAK SPACE}"
_KOMMUNE: Final = "kommune"
ENGLISH: Final = "en"
_BOTH_YEARS: Final = "/"
"""Between two codes of a region in a change: the one of the first year, the one of the second."""


def _pattern(thousands: str, decimal: str) -> re.Pattern[str]:
    whole = f"0|[1-9][0-9]{{0,2}}(?:{thousands}[0-9]{{3}})*"
    return re.compile(f"({MINUS}?)({whole})(?:{decimal}([0-9]+))?")


_NORWEGIAN_NUMBER: Final = _pattern(_SPACE, ",")
_ENGLISH_NUMBER: Final = _pattern(",", r"\.")


class Number(NamedTuple):
    """A number as it is written: what it is, and with how many decimals."""

    value: float
    decimals: int


@lru_cache(maxsize=1 << 17)
def number(text: str, language: str) -> Number | None:
    """The number that a text is, written as pages in this language do; None when it is none."""
    pattern = _ENGLISH_NUMBER if language == ENGLISH else _NORWEGIAN_NUMBER
    match = pattern.fullmatch(text)
    if match is None:
        return None
    minus, whole, decimals = match.groups(default="")
    digits = whole.replace("," if language == ENGLISH else _SPACE, "")
    return Number(float(f"{'-' if minus else ''}{digits}.{decimals or 0}"), len(decimals))


def written(value: float, decimals: int, language: str) -> str:
    """A number with so many decimals, as pages in this language write it."""
    text = f"{value:,.{decimals}f}".replace("-", MINUS)
    if language == ENGLISH:
        return text
    return text.translate({ord(","): _SPACE, ord("."): ","})


@lru_cache(maxsize=1 << 16)
def _ways(value: float, decimals: int, language: str) -> list[str]:
    as_long = (most for most in range(decimals, -1, -1) if round(value, most) == value)
    return [written(value, most, language) for most in as_long]


@dataclass(frozen=True)
class Cell:
    """A cell of a table: a number (``value``) or a sign, and the decimals of its measure."""

    value: float | None
    sign: str
    decimals: int

    def shows(self, text: str, language: str) -> bool:
        """Whether a text is what this cell shows: its number, with no zeros more, or its sign."""
        if self.value is None:
            return text == self.sign
        found = number(text, language)
        return found is not None and found.value == self.value and found.decimals <= self.decimals

    def texts(self, language: str) -> list[str]:
        """All ways that its number may be written, the longest first; none where it is a sign."""
        return [] if self.value is None else _ways(self.value, self.decimals, language)


class Figures:
    """The figures of a release by the codes that marks name them with.

    ``tables`` are those in JSON-stat; of each the first is taken, since that languages show the
    same is looked at elsewhere.
    """

    def __init__(self, tables: Iterable[ReleasedTable]) -> None:
        self._tables: dict[str, _Table] = {}
        for table in tables:
            if table.table not in self._tables:
                self._tables[table.table] = _Table(table)
        self._cells: dict[str, Cell | None] = {}
        self._numbers: dict[str, Floats | None] = {}
        self._ranks: dict[str, int | None] = {}

    def cell(self, mark: str) -> Cell | None:
        """The cell of a mark ``TABLE MEASURE REGION YEAR [CODE…]``; None when there is none."""
        try:
            return self._cells[mark]
        except KeyError:
            found = self._cells[mark] = self._look_up(mark)
            return found

    def _look_up(self, mark: str) -> Cell | None:
        name, *codes = mark.split(" ")
        table = self._tables.get(name)
        return None if table is None or len(codes) < 3 else table.cell(*codes)

    def is_cell(self, mark: str, text: str, language: str) -> bool:
        """Whether a text is what the cell of a mark shows."""
        cell = self.cell(mark)
        return cell is not None and cell.shows(text, language)

    def is_change(self, mark: str, text: str, language: str) -> bool:
        """Whether a text is the change of ``TABLE MEASURE REGION YEAR0 YEAR1 [CODE…]``.

        In per cent with one decimal, or the difference with those of the measure; both years
        must show a number. A region whose code has changed is named by both: ``3001/3101``.
        """
        before, after = self._both(mark)
        if before is None or after is None or before.value is None or after.value is None:
            return False
        bare = text.removesuffix("%" if language == ENGLISH else f"{_SPACE}%")
        found = number(bare.removeprefix("+"), language)
        if found is None or bare.startswith(f"+{MINUS}"):
            return False
        change, decimals = after.value - before.value, after.decimals
        if bare != text:
            if before.value <= 0:
                return False
            change, decimals = change / before.value * 100, 1
        signed = bare.startswith(("+", MINUS)) or found.value == 0
        near = abs(found.value - change) <= 0.5 * 10.0**-decimals + 1e-9
        return signed and near and found.decimals <= decimals

    def _both(self, mark: str) -> tuple[Cell | None, Cell | None]:
        parts = mark.split(" ")
        if len(parts) < 5:
            return None, None
        table, measure, region, first, second, *codes = parts
        former, _, own = region.partition(_BOTH_YEARS)
        before = self.cell(" ".join([table, measure, former, first, *codes]))
        return before, self.cell(" ".join([table, measure, own or former, second, *codes]))

    def is_rank(self, mark: str, text: str, language: str) -> bool:
        """Whether a text is the rank of ``TABLE MEASURE REGION YEAR [CODE…]``.

        Of the region's number among the kommuner that show one in that year; 1 is the highest.
        """
        if mark not in self._ranks:
            self._ranks[mark] = self._rank(mark)
        rank = self._ranks[mark]
        return rank is not None and number(text, language) == Number(rank, 0)

    def _rank(self, mark: str) -> int | None:
        cell, parts = self.cell(mark), mark.split(" ")
        if cell is None or cell.value is None or regions.kind_of(parts[2]) != _KOMMUNE:
            return None
        shown = self._shown(" ".join([*parts[:2], *parts[3:]]))
        if shown is None:
            return None
        return len(shown) - int(np.searchsorted(shown, cell.value, side="right")) + 1

    def is_count(self, mark: str, text: str, language: str) -> bool:
        """Whether a text is how many kommuner show a number: ``TABLE MEASURE YEAR [CODE…]``."""
        shown = self._shown(mark)
        return shown is not None and number(text, language) == Number(len(shown), 0)

    def _shown(self, mark: str) -> Floats | None:
        """The numbers of kommuner that show one, in order."""
        if mark not in self._numbers:
            name, *codes = mark.split(" ")
            table = self._tables.get(name)
            found = None if table is None or len(codes) < 2 else table.kommuner(*codes)
            self._numbers[mark] = found
        return self._numbers[mark]

    def names(self, mark: str) -> bool:
        """Whether every word of a mark is a table or one of its codes, so that it may be told."""
        name, *codes = re.split(f"[ {_BOTH_YEARS}]", mark)
        table = self._tables.get(name)
        return table is not None and all(any(code in of for of in table.codes) for code in codes)


class _Table:
    """A table with its dimensions in the order of marks: region, its own, measure, year."""

    def __init__(self, table: ReleasedTable) -> None:
        region, *others = table.dimensions
        own = [name for name in others if name not in {CONTENTS, TIME}]
        order = {name: table.dimensions[name] for name in (region, *own, CONTENTS, TIME)}
        ordered = table.in_order_of(order)
        self.codes: Sequence[Mapping[str, int]] = [
            {code: place for place, code in enumerate(of)} for of in order.values()
        ]
        sizes = [len(of) for of in order.values()]
        self._values = ordered.values.reshape(sizes)
        self._signs = ordered.signs.reshape(sizes)
        self._decimals = table.decimals
        self._kommuner = np.array([regions.kind_of(code) == _KOMMUNE for code in self.codes[0]])

    def cell(self, measure: str, region: str, year: str, *codes: str) -> Cell | None:
        """The cell of these codes; None when there is none."""
        place = self._place(region, *codes, measure, year)
        if place is None:
            return None
        value = float(self._values[place])
        decimals = self._decimals.get(measure, 0)
        if value != value:  # noqa: PLR0124  # only what is no number differs from itself
            return Cell(None, sign_of(int(self._signs[place])), decimals)
        return Cell(value, "", decimals)

    def kommuner(self, measure: str, year: str, *codes: str) -> Floats | None:
        """The numbers that kommuner show, in order; None when there is no such place."""
        first = next(iter(self.codes[0]))
        place = self._place(first, *codes, measure, year)
        if place is None:
            return None
        by_region: Floats = np.moveaxis(self._values, 0, -1)[place[1:]]
        values = by_region[self._kommuner]
        return np.sort(values[~np.isnan(values)])

    def _place(self, *codes: str) -> tuple[int, ...] | None:
        if len(codes) != len(self.codes):
            return None
        places = [of.get(code) for of, code in zip(self.codes, codes, strict=True)]
        found = [place for place in places if place is not None]
        return tuple(found) if len(found) == len(places) else None
