"""The regions of a table in a vintage, and what they are sums of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.codes import regions as codes
from kostra_publish.specs.models import LANGUAGES, RegionKind, Text, Texts

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Region:
    """One region: its code, its kind and its name."""

    code: str
    kind: RegionKind
    label: Text


@dataclass(frozen=True)
class Units:
    """The smallest regions with data: kommuner, and in Oslo the bydeler.

    ``kommune`` and ``bydel`` (two digits or None) are of equal length. Oslo has one unit
    for each of the fifteen bydeler and one for what belongs to none of them.
    """

    kommune: tuple[str, ...]
    bydel: tuple[str | None, ...]

    @classmethod
    def of(cls, year: int) -> Units:
        """The units of ``year``: every kommune, and Oslo's bydeler after Oslo itself."""
        pairs: list[tuple[str, str | None]] = []
        for kommune in codes.kommuner(year)["kommune"]:
            pairs.append((kommune, None))
            if kommune == codes.OSLO:
                pairs.extend((kommune, bydel[-2:]) for bydel in codes.bydeler()["bydel"])
        return cls(tuple(kommune for kommune, _ in pairs), tuple(bydel for _, bydel in pairs))

    @cached_property
    def index(self) -> dict[tuple[str, str | None], int]:
        """The position of each unit."""
        return {pair: n for n, pair in enumerate(zip(self.kommune, self.bydel, strict=True))}

    def codes(self, count: int) -> tuple[str, ...]:
        """The code of each unit: that of its kommune, or of its bydel (six digits).

        ``count`` is 1 for what is counted once in the country: the unit is then the country.
        """
        pairs = zip(self.kommune, self.bydel, strict=True)
        own = tuple(kommune + (bydel or "") for kommune, bydel in pairs)
        return (codes.LAND,) if count == 1 else own

    @cached_property
    def bydel_units(self) -> NDArray[np.bool_]:
        """Which units are one of Oslo's bydeler."""
        return np.array([bydel is not None for bydel in self.bydel])


def membership(year: int, regions: Sequence[Region], units: Units) -> Matrix:
    """1 where a unit is part of a region, else 0; shape (regions, units)."""
    rows = {region.code: n for n, region in enumerate(regions)}
    result = np.zeros((len(regions), len(units.kommune)))
    of_kommune: dict[str, list[int]] = {kommune: [] for kommune in units.kommune}
    for kommune, code in codes.members(year).select("kommune", "region").iter_rows():
        if code in rows:
            of_kommune[kommune].append(rows[code])
    for n, (kommune, bydel) in enumerate(zip(units.kommune, units.bydel, strict=True)):
        result[of_kommune[kommune], n] = 1
        if kommune == codes.OSLO:
            own = codes.OSLO + (bydel or "")
            part_of = (codes.BYDELER_I_ALT, own if bydel else "")
            result[[rows[code] for code in part_of if code in rows], n] = 1
    return result


def table_regions(
    kinds: Sequence[RegionKind], vintages: Iterable[int], newest: int, texts: Texts
) -> list[Region]:
    """The regions of these kinds in any of ``vintages``, kind by kind, sorted by code.

    A region that is no longer there in ``newest`` carries its years: "Moss (2020-2023)".
    """
    years = sorted({*vintages, newest})
    result: list[Region] = []
    for kind in kinds:
        found: dict[str, Region] = {}
        for year in years:
            for code, name in _regions_of(kind, year, texts):
                label = name if year == newest else _with_years(kind, code, name)
                found[code] = Region(code, kind, label)
        result.extend(found[code] for code in sorted(found))
    return result


def _regions_of(kind: RegionKind, year: int, texts: Texts) -> list[tuple[str, Text]]:
    if kind == "kommune":
        return _named(codes.kommuner(year).select("kommune", "navn"))
    if kind == "fylke":
        return _named(codes.fylker(year).select("EKA" + pl.col("fylke"), "navn"))
    if kind == "bydel":
        return _named(codes.bydeler())
    if kind == "kostragruppe":
        word = texts.region_labels["EKG"]
        groups = sorted(codes.kommuner(year)["kostragruppe"].unique())
        return [(group, _numbered(word, group)) for group in groups]
    code = {
        "land": codes.LAND,
        "land_uten_oslo": codes.LAND_UTEN_OSLO,
        "bydeler": codes.BYDELER_I_ALT,
    }[kind]
    return [(code, texts.region_labels[code])]


def _named(frame: pl.DataFrame) -> list[tuple[str, Text]]:
    return [(code, Text(nb=name, nn=name, en=name)) for code, name in frame.iter_rows()]


def _numbered(word: Text, group: str) -> Text:
    number = group.removeprefix("EKG").lstrip("0")
    return Text(**{language: f"{word.get(language)} {number}" for language in LANGUAGES})


def _with_years(kind: RegionKind, code: str, name: Text) -> Text:
    if kind not in {"kommune", "fylke"}:
        return name
    first, last = codes.lifetime(code.removeprefix("EKA"))
    if last is None:
        return name
    return Text(**{language: f"{name.get(language)} ({first}-{last})" for language in LANGUAGES})
