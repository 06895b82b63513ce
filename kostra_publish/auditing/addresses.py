"""What addresses, names of files and ids may hold of digits: regions, years and known names.

``1124-sola`` is the code and name of a region, so it stands for nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import product
from typing import Final
from urllib.parse import unquote

from kostra_publish.auditing.released import has_number
from kostra_publish.auditing.texts import every_region

_HYPHENATED: Final = re.compile(r"\w+(?:-\w+)+")
_SEPARATORS: Final = re.compile(r"[/#?=&:,]")
_LEVEL: Final = re.compile(r"level-[0-4]")
"""Which fifth of the areas one is in, by the class that colours it."""
_LETTERS: Final[tuple[Mapping[str, str], ...]] = (
    {"æ": "ae", "ø": "o", "å": "a"},
    {"æ": "ae", "ø": "oe", "å": "aa"},
    {},
)
"""How letters are written in addresses."""
_PREFIXES: Final = ("EKA", "EKG")
_TABLE: Final = ".csv"
"""What the name of a file may end in beside the name of a region."""


def slugs_gone(text: str) -> str:
    """A text without regions as addresses name them."""
    if "-" not in text or not has_number(text):
        return text
    return _HYPHENATED.sub(lambda match: _without(match[0], _slugs()), text)


def unknown_in(reference: str, files: Collection[str]) -> Iterator[str]:
    """What is left of an address, or of names, when what is known is taken out of it.

    ``files`` are the names of files of the release.
    """
    for one in unquote(reference).split():
        for segment in _SEPARATORS.split(one):
            if has_number(segment) and segment not in files and not _LEVEL.fullmatch(segment):
                left = _without(segment.removesuffix(_TABLE), _slugs() | _codes())
                if has_number(left):
                    yield left


def _without(hyphenated: str, known: Collection[str]) -> str:
    """Words with hyphens between, without the longest that are known."""
    words = hyphenated.split("-")
    left = []
    first = 0
    while first < len(words):
        last = next(
            (
                last
                for last in range(len(words), first, -1)
                if "-".join(words[first:last]).casefold() in known
            ),
            None,
        )
        if last is None:
            left.append(words[first])
        first = last or first + 1
    return "-".join(left)


@cache
def _codes() -> frozenset[str]:
    """Codes of regions as they stand alone."""
    return frozenset(code.casefold() for code, _ in every_region())


@cache
def _slugs() -> frozenset[str]:
    """Codes and names of regions with hyphens between, in all the ways they may be written."""
    found = {
        f"{own}-{name}"
        for code, full in every_region()
        for own, name in product(_written_codes(code), _written_names(full))
    }
    groups = {
        f"{word}-{written}"
        for word, group in product(("kostragruppe", "kostra-gruppe", "kostra-group"), range(1, 18))
        for written in (f"{group}", f"{group:02d}")
    }
    return frozenset(found | groups)


def _written_codes(code: str) -> set[str]:
    small = code.casefold()
    return {small, small[3:]} if code.startswith(_PREFIXES) else {small}


def _written_names(name: str) -> set[str]:
    """``Gáivuotna - Kåfjord`` in whole and each of its names."""
    parts = {name, *name.split(" - ")}
    return {_slug(part, number) for part in parts for number in range(len(_LETTERS))} - {""}


def _slug(name: str, letters: int) -> str:
    small = name.casefold()
    for letter, written in _LETTERS[letters].items():
        small = small.replace(letter, written)
    plain = unicodedata.normalize("NFKD", small) if _LETTERS[letters] else small
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = plain.replace("đ", "d").replace("ŋ", "n").replace("ŧ", "t")
    return "-".join(re.findall(r"\w+", plain))
