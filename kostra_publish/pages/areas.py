"""The areas that have a page, what they are called, and where they are in the site."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from kostra_publish.codes import regions as codes
from kostra_publish.specs.models import LANGUAGES, Text

_KINDS: Final = ("land", "land_uten_oslo", "fylke", "kostragruppe", "kommune", "bydeler", "bydel")
"""The kinds of area that have pages, in the order that they are listed."""
_BESIDE_ALL: Final = {"country": codes.LAND, "rest": codes.LAND_UTEN_OSLO}
_FOLDED: Final = str.maketrans({"æ": "ae", "ø": "o", "đ": "d", "ŋ": "n", "ŧ": "t"})
_NAME_PARTS: Final = " - "


@dataclass(frozen=True)
class Area:
    """An area with a page.

    ``code`` is the statbank's, ``names`` its Norwegian name and those in Sami and Kven
    languages. ``beside`` are the areas that it is compared with: KOSTRA group,
    fylke, the country, the country without Oslo, those of them that it is part of.
    """

    code: str
    kind: str
    name: Text
    names: tuple[str, ...]
    slug: str
    beside: Mapping[str, str] = field(default_factory=dict)
    """By role (``group``, ``county``, ``country``, ``rest``): the code of the area."""

    @property
    def path(self) -> str:
        """Its folder in the site, from the site's root: ``1124-sola/``."""
        return f"{self.slug}/"


@dataclass(frozen=True)
class Former:
    """A kommune that is no more: where its address leads."""

    code: str
    name: str
    slug: str
    year: int
    """The first year without it."""
    to: tuple[str, ...]
    """The kommuner that its area is in now."""
    same_area: bool


@dataclass(frozen=True)
class Areas:
    """All areas of a year, by code, in the order of the statbank."""

    vintage: int
    by_code: Mapping[str, Area]

    def __iter__(self) -> Iterator[Area]:
        """Each area."""
        return iter(self.by_code.values())

    def of_kind(self, kind: str) -> list[Area]:
        """The areas of a kind."""
        return self._by_kind.get(kind, [])

    @cached_property
    def _by_kind(self) -> Mapping[str, list[Area]]:
        found: dict[str, list[Area]] = {}
        for area in self:
            found.setdefault(area.kind, []).append(area)
        return found

    def get(self, code: str) -> Area:
        """The area with this code."""
        return self.by_code[code]

    @cached_property
    def former(self) -> tuple[Former, ...]:
        """Kommuner of earlier years whose code is no longer in use."""
        found: dict[tuple[int, str], list[codes.Change]] = {}
        for change in codes.changes():
            if change.year <= self.vintage and change.former not in self.by_code:
                found.setdefault((change.year, change.former), []).append(change)
        return tuple(
            Former(
                code,
                changes[0].former_name,
                slug(code, changes[0].former_name),
                year,
                tuple(change.new for change in changes if change.new in self.by_code),
                all(change.same_area for change in changes),
            )
            for (year, code), changes in sorted(found.items())
        )

    @cached_property
    def former_of(self) -> Mapping[str, tuple[Former, ...]]:
        """By the code of a kommune: the former ones whose area is in it."""
        found: dict[str, list[Former]] = {}
        for one in self.former:
            for new in one.to:
                found.setdefault(new, []).append(one)
        return {code: tuple(ones) for code, ones in found.items()}

    def members(self, code: str) -> list[Area]:
        """The kommuner of a larger area, in the order of their codes."""
        return [
            area
            for area in self.of_kind("kommune")
            if code in area.beside.values() or code == codes.LAND
        ]


def areas(vintage: int, labels: Mapping[str, Text]) -> Areas:
    """The areas of a year that have figures; ``labels`` are the names in the tables, by code."""
    kommuner = codes.kommuner(vintage).select("kommune", "kostragruppe", "fylke").rows()
    beside = {code: _beside_kommune(code, group, fylke) for code, group, fylke in kommuner}
    beside |= {f"EKA{fylke}": _BESIDE_ALL for fylke in codes.fylker(vintage)["fylke"]}
    beside |= dict.fromkeys(codes.kostragrupper()["kostragruppe"], _BESIDE_ALL)
    beside |= {bydel: {"country": codes.BYDELER_I_ALT} for bydel in codes.bydeler()["bydel"]}
    beside |= {
        codes.LAND: {"rest": codes.LAND_UTEN_OSLO},
        codes.LAND_UTEN_OSLO: {"country": codes.LAND},
        codes.BYDELER_I_ALT: {},
    }
    found = {}
    for code in sorted(labels.keys() & beside.keys(), key=_order):
        others = {role: other for role, other in beside[code].items() if other in labels}
        found[code] = _area(code, labels[code], others)
    return Areas(vintage, found)


def _order(code: str) -> tuple[int, str]:
    return _KINDS.index(codes.kind_of(code)), code


def _beside_kommune(code: str, group: str, fylke: str) -> dict[str, str]:
    found = {"group": group, "county": f"EKA{fylke}", "country": codes.LAND}
    return found if code == codes.OSLO else {**found, "rest": codes.LAND_UTEN_OSLO}


def _area(code: str, label: Text, beside: Mapping[str, str]) -> Area:
    name = Text(**{each: _names(code, label.get(each))[0] for each in LANGUAGES})
    names = tuple(_names(code, label.nb))
    return Area(code, codes.kind_of(code), name, names, slug(_address_code(code), name.nb), beside)


def _names(code: str, label: str) -> list[str]:
    """The names of an area, the Norwegian one first."""
    names = label.split(_NAME_PARTS)
    return [names[1], names[0], *names[2:]] if code in codes.SAMI_FIRST and names[1:] else names


def _address_code(code: str) -> str:
    """What stands before the name in an address: digits only; nothing where the name tells all."""
    if codes.kind_of(code) in {"kommune", "bydel"}:
        return code
    return {"fylke": f"fylke-{code[3:]}"}.get(codes.kind_of(code), "")


def slug(code: str, name: str) -> str:
    """An address: ``1124-sola``; å and ø become a and o, æ becomes ae, other accents fall."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_FOLDED))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return f"{code}-{words}" if code else words


def norwegian_order(words: str) -> tuple[Sequence[int], str]:
    """What to sort Norwegian words by: … z æ ø å, where aa counts as å."""
    plain = unicodedata.normalize("NFC", words.lower()).replace("aa", "å")
    after_z = {"æ": 1, "ä": 1, "ø": 2, "ö": 2, "å": 3}
    keys = []
    for letter in plain:
        base = unicodedata.normalize("NFKD", letter.translate(_FOLDED))[0]
        keys.append(ord("z") + after_z[letter] if letter in after_z else ord(base))
    return keys, words
