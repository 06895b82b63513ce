"""What of a table is looked at and how it lies, as an address says it.

The parameters are those of PxWebApi 2, so that a selection is the same here and there: ``lang``,
``valueCodes[DIMENSION]`` with codes and selection expressions, ``stub`` and ``heading``. Beside
them ``endringer`` is ``ja`` or ``nei``, and ``fylke`` or ``kommune`` picks the regions that are
looked at together with one. What an address leaves out is the default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import prod
from typing import Final
from urllib.parse import quote

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.facts import layout
from kostra_publish.pages.areas import Area, Areas, areas
from kostra_publish.preview.pxwebapi.expressions import expanded, find, items
from kostra_publish.preview.pxwebapi.problems import ProblemError
from kostra_publish.preview.pxwebapi.selection import by_dimension
from kostra_publish.specs.dimensions import CONTENTS, TIME, CubeDimension
from kostra_publish.specs.models import LANGUAGES, Language

Query = Sequence[tuple[str, str]]
"""The parameters of an address, in their order."""
Picked = Mapping[str, tuple[str, ...]]
"""By the code of a dimension: the codes of its categories, in the order of the table."""

LIMIT: Final = 5_000
"""How many cells are shown at most."""
ROOMY: Final = 1_000
"""How many cells a table may have before any of it is picked, if all of a dimension is shown."""
FEW_REGIONS: Final = 20
FEW_YEARS: Final = 4
FEW_MEASURES: Final = 6

LANGUAGE, STUB, HEADING, CHANGES, COUNTY, KOMMUNE = (
    "lang", "stub", "heading", "endringer", "fylke", "kommune",
)  # fmt: skip
YES, NO = "ja", "nei"
_VALUE_CODES: Final = "valueCodes"
_NAMED: Final = re.compile(rf"{_VALUE_CODES}\[.+\]", re.IGNORECASE)
_KEPT: Final = 64
"""How many tables are remembered: those of a draft, and of the one before."""
_READABLE: Final = "[]*,"
"""What stands in an address as it is."""


@dataclass(frozen=True)
class Selection:
    """What is looked at, and how it lies. Every dimension is picked from, and on one side."""

    language: Language
    picked: Picked
    stub: tuple[str, ...]
    heading: tuple[str, ...]
    changes: bool = True
    """Whether cells that changed since the release before are marked."""
    unknown: tuple[tuple[str, str], ...] = ()
    """What was asked for that the table does not have: (dimension, code)."""

    @property
    def cells(self) -> int:
        """How many cells are picked."""
        return prod(map(len, self.picked.values()))

    def most(self, code: str) -> int:
        """How many categories of a dimension can be shown with what is picked of the others."""
        others = prod(len(found) for other, found in self.picked.items() if other != code)
        return LIMIT // others if others else LIMIT

    def picking(self, code: str, categories: Iterable[str]) -> Selection:
        """The same with other categories of a dimension."""
        return replace(self, picked={**self.picked, code: tuple(categories)})

    @property
    def sides(self) -> Mapping[str, tuple[str, ...]]:
        """What stands down the side and across the top, outermost first."""
        return {STUB: self.stub, HEADING: self.heading}

    def placing(self, sides: Mapping[str, Sequence[str]]) -> Selection:
        """The same in another layout."""
        return replace(self, stub=tuple(sides[STUB]), heading=tuple(sides[HEADING]))


@dataclass(frozen=True, eq=False)
class Choices:
    """What can be selected in a table, and the addresses of selections."""

    cube: SafeCube

    @cached_property
    def layout(self) -> Mapping[str, tuple[str, ...]]:
        """What stands down the side and across the top by the spec of the table."""
        stub, heading = layout(self.cube)
        return {STUB: tuple(stub), HEADING: tuple(heading)}

    @cached_property
    def region(self) -> CubeDimension:
        """The dimension of regions."""
        return self.cube.dimensions[0]

    @cached_property
    def areas(self) -> Areas:
        """The regions of the newest year."""
        newest = max(self.cube.vintages, default=codes.LAST_YEAR)
        year = min(max(newest, codes.FIRST_YEAR), codes.LAST_YEAR)
        return areas(year, dict(zip(self.region.codes, self.region.labels, strict=True)))

    @cached_property
    def counties(self) -> list[Area]:
        """The fylker whose kommuner the table has."""
        return [one for one in self.areas.of_kind("fylke") if self.areas.members(one.code)]

    # --- what is picked where nothing is asked for ---------------------------------------

    @cached_property
    def usual(self) -> Picked:
        """The country and its fylker, the newest years, the first measures, and totals."""
        found = {
            self.region.code: self._usual_regions,
            CONTENTS: self.cube.dimension(CONTENTS).codes[:FEW_MEASURES],
            TIME: self.cube.dimension(TIME).codes[-FEW_YEARS:],
        }
        cells = prod(map(len, found.values()))
        for dimension in self.cube.dimensions:
            if dimension.code not in found:
                whole = cells * len(dimension.codes) <= ROOMY
                found[dimension.code] = (
                    dimension.codes if whole else (dimension.total or dimension.codes[0],)
                )
                cells *= len(found[dimension.code])
        return {one.code: found[one.code] for one in self.cube.dimensions}

    @property
    def _usual_regions(self) -> tuple[str, ...]:
        own = self.region.codes
        if len(own) <= FEW_REGIONS:
            return own
        kinds = ("land", "land_uten_oslo", "fylke")
        wanted = {area.code for kind in kinds for area in self.areas.of_kind(kind)}
        return tuple(code for code in own if code in wanted) or own[:FEW_REGIONS]

    # --- from an address, and back ---------------------------------------------------------

    def read(self, query: Query) -> Selection:
        """The selection that an address asks for; what the table does not have is told."""
        asked = dict(query)
        picked, unknown = self._picked(query)
        if (together := self._together(asked)) is not None:
            picked[self.region.code] = together
        sides = {side: tuple(items(asked.get(side, ""))) for side in (STUB, HEADING)}
        own = [one.code for one in self.cube.dimensions]
        if sorted([*sides[STUB], *sides[HEADING]]) != sorted(own):
            sides = {**self.layout}
        language = next((one for one in LANGUAGES if one == asked.get(LANGUAGE)), LANGUAGES[0])
        return Selection(
            language=language,
            picked={code: picked.get(code, self.usual[code]) for code in own},
            stub=sides[STUB],
            heading=sides[HEADING],
            changes=asked.get(CHANGES) != NO,
            unknown=tuple(dict.fromkeys(unknown)),
        )

    def _picked(self, query: Query) -> tuple[dict[str, tuple[str, ...]], list[tuple[str, str]]]:
        """By dimension what is asked for, and what is asked for that is not there."""
        picked: dict[str, tuple[str, ...]] = {}
        unknown: list[tuple[str, str]] = []
        for name, value in by_dimension(_named(query), _VALUE_CODES.lower()).items():
            wanted = items(value)
            code = find(name, [one.code for one in self.cube.dimensions])
            if code is None:
                unknown += [(name, one) for one in wanted]
                continue
            dimension = self.cube.dimension(code)
            every = {one: _matching(one, dimension) for one in wanted}
            unknown += [(code, one) for one, matching in every.items() if not matching]
            found = {one for matching in every.values() for one in matching}
            # What is none of the table's leaves the default; nothing at all is what was meant.
            if found or not wanted:
                picked[code] = tuple(one for one in dimension.codes if one in found)
        return picked, unknown

    def _together(self, asked: Mapping[str, str]) -> tuple[str, ...] | None:
        """The regions that are looked at with a fylke or a kommune, if one is asked for."""
        found: set[str] = set()
        for name, others in ((COUNTY, self.of_county), (KOMMUNE, self.beside)):
            area = self.areas.by_code.get(asked.get(name, ""))
            if area is not None:
                found |= others(area)
        return tuple(code for code in self.region.codes if code in found) or None

    def of_county(self, area: Area) -> set[str]:
        """A fylke, its kommuner and the country."""
        return {area.code, *(one.code for one in self.areas.members(area.code)), codes.LAND}

    def beside(self, area: Area) -> set[str]:
        """A kommune and what it is compared with: KOSTRA group, fylke, the country."""
        return {area.code, *area.beside.values()}

    def address(self, selection: Selection) -> str:
        """The parameters of a selection, without those that say the default."""
        parts: list[tuple[str, str]] = []
        if selection.language != LANGUAGES[0]:
            parts.append((LANGUAGE, selection.language))
        parts += self._value_codes(selection, self.usual)
        if selection.sides != self.layout:
            parts += [(side, ",".join(found)) for side, found in selection.sides.items()]
        if not selection.changes:
            parts.append((CHANGES, NO))
        return _address(parts)

    def data_address(self, selection: Selection) -> str:
        """The same selection for the data of PxWebApi, with nothing left out."""
        return _address(
            [
                (LANGUAGE, selection.language),
                *self._value_codes(selection, {}),
                *((side, ",".join(found)) for side, found in selection.sides.items()),
            ]
        )

    def _value_codes(self, selection: Selection, usual: Picked) -> list[tuple[str, str]]:
        return [
            (value_codes(one.code), "*" if found == one.codes else ",".join(found))
            for one in self.cube.dimensions
            for found in [selection.picked[one.code]]
            if found != usual.get(one.code)
        ]


@lru_cache(maxsize=_KEPT)
def choices_in(cube: SafeCube) -> Choices:
    """What can be selected in a table; kept for the next time: a cube never changes."""
    return Choices(cube)


def value_codes(dimension: str) -> str:
    """The parameter that picks categories of a dimension."""
    return f"{_VALUE_CODES}[{dimension}]"


def _named(query: Query) -> Iterator[tuple[str, str]]:
    """The parameters that name a dimension as they should."""
    for name, value in query:
        if _NAMED.fullmatch(name):
            yield name, value


def _matching(wanted: str, dimension: CubeDimension) -> tuple[str, ...]:
    """The codes that a code or an expression stands for; none where it stands for none."""
    try:
        return expanded([wanted], dimension)
    except ProblemError:
        return ()


def _address(parts: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, _READABLE)}={quote(value, _READABLE)}" for name, value in parts)
