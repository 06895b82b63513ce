"""Selection expressions: codes that are named by what they are like or where they stand.

``*`` is any number of characters, at the beginning or the end; ``?`` is one. ``top(n)`` and
``bottom(n)`` are the first and the last n categories, after an offset: ``top(n,offset)``; of years,
``top`` is the newest. ``from(code)``, ``to(code)`` and ``range(code,code)`` are what stands
between, both ends included. Upper and lower case are alike everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from kostra_publish.preview.pxwebapi.problems import Problem, ProblemError
from kostra_publish.specs.dimensions import CubeDimension

_CALL: Final = re.compile(r"(top|bottom|from|to|range)\(.*", re.IGNORECASE | re.DOTALL)
_NUMBERS: Final = re.compile(r"([1-9][0-9]{0,8})(?:,([0-9]{1,9}))?")
_WILDCARD: Final = re.compile(r"(\*?)([^*]*)(\*?)")
_SOME: Final = 4
"""How many codes a problem names as examples."""


def items(text: str) -> list[str]:
    """The items of a list in an address, between commas.

    What has a comma of its own stands in brackets, which are taken away: ``[range(2023,2025)]``.
    """
    found, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == "," and depth <= 0:
            found.append("")
        else:
            found[-1] += character
    stripped = (item.strip() for item in found)
    return [
        item[1:-1] if item.startswith("[") and item.endswith("]") else item
        for item in stripped
        if item
    ]


def expanded(wanted: Sequence[str], dimension: CubeDimension) -> tuple[str, ...]:
    """The codes that codes and expressions stand for, each once, in the order of the dimension.

    Raises ProblemError for one that is neither, or that no category is found by.
    """
    found = {code for item in wanted for code in _expanded(item, dimension)}
    return tuple(code for code in dimension.codes if code in found)


def find(wanted: str, known: Sequence[str]) -> str | None:
    """The one of these that is wanted, in upper or lower case; None where there is none."""
    if wanted in known:
        return wanted
    folded = wanted.casefold()
    return next((one for one in known if one.casefold() == folded), None)


def _expanded(item: str, dimension: CubeDimension) -> Sequence[str]:
    code = find(item, dimension.codes)
    if code is not None:
        return [code]
    if _CALL.fullmatch(item):
        name, _, inside = item.partition("(")
        if not inside.endswith(")"):
            raise _illegal(item)
        found = _CALLS[name.casefold()](item, inside.removesuffix(")"), dimension)
    elif "*" in item or "?" in item:
        found = _alike(item, dimension.codes)
    else:
        raise _no_code(item, dimension)
    if not found:
        raise _no_code(item, dimension)
    return found


def _alike(item: str, codes: Sequence[str]) -> list[str]:
    match = _WILDCARD.fullmatch(item)
    if match is None:
        raise _illegal(item)
    before, middle, after = match.groups()
    # A lone star is taken as the first of two.
    pattern = "".join("." if one == "?" else re.escape(one) for one in middle)
    any_before, any_after = (".*" if star else "" for star in (before, after))
    whole = re.compile(any_before + pattern + any_after, re.IGNORECASE | re.DOTALL)
    return [code for code in codes if whole.fullmatch(code)]


def _top(item: str, inside: str, dimension: CubeDimension) -> Sequence[str]:
    count, offset = _numbers(item, inside)
    codes = dimension.codes[::-1] if dimension.role == "time" else dimension.codes
    return codes[offset : offset + count]


def _bottom(item: str, inside: str, dimension: CubeDimension) -> Sequence[str]:
    count, offset = _numbers(item, inside)
    codes = dimension.codes if dimension.role == "time" else dimension.codes[::-1]
    return codes[offset : offset + count]


def _numbers(item: str, inside: str) -> tuple[int, int]:
    match = _NUMBERS.fullmatch(inside)
    if match is None:
        raise _illegal(item)
    return int(match[1]), int(match[2] or 0)


def _from(item: str, inside: str, dimension: CubeDimension) -> Sequence[str]:
    (place,) = _places(item, inside, dimension, 1)
    return dimension.codes[place:]


def _to(item: str, inside: str, dimension: CubeDimension) -> Sequence[str]:
    (place,) = _places(item, inside, dimension, 1)
    return dimension.codes[: place + 1]


def _range(item: str, inside: str, dimension: CubeDimension) -> Sequence[str]:
    first, last = sorted(_places(item, inside, dimension, 2))
    return dimension.codes[first : last + 1]


def _places(item: str, inside: str, dimension: CubeDimension, wanted: int) -> list[int]:
    """Where the codes in an expression stand."""
    named = [code.strip() for code in inside.split(",")]
    if len(named) != wanted or "" in named:
        raise _illegal(item)
    found = [find(code, dimension.codes) for code in named]
    if None in found:
        raise _no_code(item, dimension)
    return [dimension.codes.index(code) for code in found if code is not None]


_CALLS: Final[Mapping[str, Callable[[str, str, CubeDimension], Sequence[str]]]] = {
    "top": _top,
    "bottom": _bottom,
    "from": _from,
    "to": _to,
    "range": _range,
}


def _illegal(item: str) -> ProblemError:
    return ProblemError(
        Problem.EXPRESSION,
        f"{item} is no selection expression",
        fix="There are *, 12*, *12, *12*, ?1, top(3), top(3,1), bottom(3), from(2023), to(2023) and"
        " range(2023,2025). In an address what has a comma stands in brackets:"
        " [range(2023,2025)].",
    )


def _no_code(item: str, dimension: CubeDimension) -> ProblemError:
    some = ", ".join(dimension.codes[:_SOME])
    return ProblemError(
        Problem.VALUE,
        f"no category of {dimension.code} is {item}",
        fix=f"It has {len(dimension.codes)} codes, such as {some}; the table's metadata list them.",
    )
