"""What a released file says, whatever form it is written in.

Read by the modules beside this one, each of which knows one form of file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from kostra_publish.disclosure.problem import Flags, Floats
from kostra_publish.disclosure.safe import SIGNS, TIME
from kostra_publish.disclosure.stored_universe import Dimensions

Signs = npt.NDArray[np.int8]
NO_SIGN: Final = 0
UNKNOWN: Final = -1
_NUMBER_OF: Final = {sign: number for number, sign in enumerate(SIGNS, start=1)}
_SIGN_OF: Final = {number: sign for sign, number in _NUMBER_OF.items()}
_DIGIT: Final = re.compile(r"\d")
_PLAIN: Final = r"^(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9])$"
_DIGITS: Final = 15
"""How many digits a number can have and still be told from every other one when it is read."""


def sign_number(sign: str) -> int:
    """The number that stands for a sign in an array: from 1 on, or UNKNOWN."""
    return _NUMBER_OF.get(sign, UNKNOWN)


def sign_of(number: int) -> str:
    """The sign that a number in an array stands for; empty when it is none."""
    return _SIGN_OF.get(number, "")


def sign_numbers(signs: pl.Series) -> Signs:
    """The numbers that stand for signs, UNKNOWN for what is none."""
    numbers = signs.replace_strict(_NUMBER_OF, default=UNKNOWN, return_dtype=pl.Int8)
    return numbers.to_numpy()


def is_plain(number: pl.Expr) -> pl.Expr:
    """Whether a text is a number in the only way that it can be written; null for null.

    No digit can stand there that the number, once it is read, does not have: none beyond what a
    float holds, no zeros around it, no exponent, and no sign before zero.
    """
    digits = number.str.len_bytes() - number.str.count_matches("[.-]")
    return number.str.contains(_PLAIN) & (digits <= _DIGITS)


def is_plain_json(text: str, document: object) -> bool:
    """Whether a document is written without spaces, or with lines as this program breaks them."""
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text == compact or text == f"{json.dumps(document, ensure_ascii=False, indent=1)}\n"


def lines_of(data: bytes) -> pl.Series:
    """The lines of a text, each as it stands. Raises PolarsError where it is none."""
    return pl.read_csv(
        data,
        separator="\x01",
        quote_char=None,
        has_header=False,
        infer_schema=False,
        new_columns=["line"],
    )["line"]


def demand(kept: bool) -> None:  # noqa: FBT001  # reads as the condition it is given
    """Raise ValueError unless a file is as this program writes it."""
    if not kept:
        raise ValueError("not as this program writes it")


@dataclass(frozen=True)
class Year:
    """What a table says of the figures of a year."""

    round: str
    """The round that published them."""
    preliminary: bool


@dataclass(frozen=True, eq=False)
class ReleasedTable:
    """The figures of one table in one file.

    ``values`` is row-major over ``dimensions``, NaN where there is no number; ``signs`` has
    the number of the sign, NO_SIGN where there is none. ``form`` is how the file is written,
    ``language`` the one that it is in, empty where it has all of them. ``decimals`` are those of
    each measure, where the file says.
    """

    file: str
    form: str
    table: str
    language: str
    dimensions: Dimensions
    values: Floats
    signs: Signs
    years: Mapping[int, Year]
    synthetic: bool
    decimals: Mapping[str, int] = field(default_factory=dict)
    in_part: bool = False
    """Whether the file has no other years than those that its own release publishes."""

    @property
    def shown(self) -> Flags:
        """Where there is a number."""
        found: Flags = ~np.isnan(self.values)
        return found

    def published_in(self, year: int) -> str | None:
        """The round that published the figures of a year."""
        said = self.years.get(year)
        return None if said is None else said.round

    def places(self, dimensions: Dimensions) -> Flags | None:
        """Where there is a number, over other dimensions with some of the same codes.

        Row-major; False where this table does not have the codes. None when the dimensions
        themselves are not the same.
        """
        if set(dimensions) != set(self.dimensions):
            return None
        axes = [list(self.dimensions).index(code) for code in dimensions]
        shown = self.shown.reshape([len(codes) for codes in self.dimensions.values()])
        shown = shown.transpose(axes)
        there = np.ones(1, dtype=np.bool_)
        for axis, (name, codes) in enumerate(dimensions.items()):
            own = {code: n for n, code in enumerate(self.dimensions[name])}
            shown = shown.take([own.get(code, 0) for code in codes], axis=axis)
            has = np.array([code in own for code in codes])
            there = np.logical_and.outer(there, has).ravel()
        found: Flags = shown.ravel() & there
        return found

    def in_order_of(self, dimensions: Dimensions) -> ReleasedTable:
        """The same table, with the same dimensions in another order."""
        if list(dimensions) == list(self.dimensions):
            return self
        axes = [list(self.dimensions).index(code) for code in dimensions]
        sizes = [len(codes) for codes in self.dimensions.values()]
        return replace(
            self,
            dimensions=dimensions,
            values=self.values.reshape(sizes).transpose(axes).ravel(),
            signs=self.signs.reshape(sizes).transpose(axes).ravel(),
        )

    def of_years(self, years: Collection[int]) -> ReleasedTable:
        """The same table with those of its years that are among ``years``."""
        codes = self.dimensions[TIME]
        kept = [place for place, year in enumerate(codes) if int(year) in years]
        axis = [*self.dimensions].index(TIME)
        sizes = [len(of) for of in self.dimensions.values()]
        return replace(
            self,
            dimensions={**self.dimensions, TIME: tuple(codes[place] for place in kept)},
            values=self.values.reshape(sizes).take(kept, axis=axis).ravel(),
            signs=self.signs.reshape(sizes).take(kept, axis=axis).ravel(),
            years={year: said for year, said in self.years.items() if year in years},
        )


@dataclass(frozen=True)
class Said:
    """A text, or a number beside the figures, and where it stands.

    ``is_code`` tells that the place holds codes, which may be bare numbers.
    """

    place: str
    text: str
    is_code: bool = False


@dataclass(eq=False)
class Content:
    """What a file says: at most one table, texts with digits, and what is wrong with its form."""

    file: str
    table: ReleasedTable | None = None
    texts: list[Said] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    described: Dimensions | None = None
    """The dimensions of the table that the file tells of without figures."""

    def says(self, place: str, texts: Iterable[str], *, is_code: bool = False) -> None:
        """Add those of ``texts`` that have digits."""
        self.texts.extend(Said(place, text, is_code) for text in texts if has_number(text))


@lru_cache(maxsize=1 << 16)
def has_number(text: str) -> bool:
    """Whether a text has a digit, or any other sign that stands for a number (``½``, ``³``)."""
    if text.isascii():
        return _DIGIT.search(text) is not None
    return any(map(str.isnumeric, text))


def contradictions(table: ReleasedTable) -> Iterator[str]:
    """What cannot be, in a table that otherwise reads."""
    signed = table.signs != NO_SIGN
    if both := int((signed & table.shown).sum()):
        yield f"has both a number and a sign in {both} cells"
    if neither := int((~signed & ~table.shown).sum()):
        yield f"has neither a number nor a sign in {neither} cells"
    if unknown := int((table.signs == UNKNOWN).sum()):
        yield f"has an unknown sign in {unknown} cells"
    if not {int(year) for year in table.dimensions[TIME]} <= table.years.keys():
        yield "does not say which round published a vintage"


def disagreements(tables: Sequence[ReleasedTable]) -> Iterator[tuple[str, str]]:
    """Files of one table that do not say the same as the first: (file, how)."""
    whole, *others = tables
    for other in others:
        first = whole.of_years(other.years) if other.in_part else whole
        if other.dimensions != first.dimensions:
            yield other.file, f"has other categories than {first.file}"
            continue
        # A table is synthetic when any of its years is: which ones a part may have is not told.
        unlike = other.synthetic != first.synthetic and (
            other.synthetic or first.years == whole.years
        )
        if whole.decimals and other.decimals and not _same_decimals(whole, other):
            yield other.file, f"has other decimals than {first.file}"
        if other.years != first.years or unlike:
            yield other.file, f"does not say the same of its years as {first.file}"
        same_order = other.in_order_of(first.dimensions)
        same = (same_order.values == first.values) | ~(same_order.shown | first.shown)
        same &= same_order.signs == first.signs
        if count := int((~same).sum()):
            yield other.file, f"differs from {first.file} in {count} cells"


def _same_decimals(whole: ReleasedTable, other: ReleasedTable) -> bool:
    """Whether the measures that both files tell the decimals of have the same in both."""
    both = whole.decimals.keys() & other.decimals.keys()
    return all(whole.decimals[code] == other.decimals[code] for code in both)
