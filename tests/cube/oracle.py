"""A naive reading of a table spec: plain Python over lists of rows, no arrays.

It shares nothing with the cube room but the spec and the code lists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kostra_publish.codes import regions as codes

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Country:
    """What the oracle knows of a year: regions by kommune, inhabitants, who is missing."""

    year: int
    inhabitants: Mapping[str, int]
    missing: frozenset[str]

    def members(self, region: str) -> list[str]:
        rows = codes.kommuner(self.year).to_dicts()
        if region == "EAK":
            return [row["kommune"] for row in rows]
        if region == "EAKUO":
            return [row["kommune"] for row in rows if row["kommune"] != "0301"]
        if region.startswith("EKA"):
            return [row["kommune"] for row in rows if row["fylke"] == region[3:]]
        if region.startswith("EKG"):
            return [row["kommune"] for row in rows if row["kostragruppe"] == region]
        return [row["kommune"] for row in rows if row["kommune"] == region]

    def group(self, kommune: str) -> list[str]:
        rows = codes.kommuner(self.year).to_dicts()
        own = next(row["kostragruppe"] for row in rows if row["kommune"] == kommune)
        return self.members(own)

    def people(self, kommuner: Iterable[str]) -> int:
        return sum(self.inhabitants[kommune] for kommune in kommuner)


def total(country: Country, region: str, of_kommune: Callable[[str], float]) -> float | None:
    """A region's sum with missing kommuner imputed one by one; None: no figure."""
    kommuner = country.members(region)
    absent = [kommune for kommune in kommuner if kommune in country.missing]
    if len(kommuner) == 1 and absent:
        return None
    whole = country.people(kommuner)
    if country.people(absent) / whole > 0.5:
        return None
    result = sum(of_kommune(kommune) for kommune in kommuner if kommune not in country.missing)
    foreign = 0
    for kommune in absent:
        donors = [one for one in country.group(kommune) if one not in country.missing]
        if not donors:
            foreign += country.inhabitants[kommune]
            donors = [one for one in country.members("EAKUO") if one not in country.missing]
        result += (
            country.inhabitants[kommune]
            * sum(of_kommune(one) for one in donors)
            / country.people(donors)
        )
    return None if foreign / whole > 0.01 else result


def counted(rows: Iterable[Row], region: Iterable[str], keep: Callable[[Row], bool]) -> int:
    """How many rows in these kommuner pass ``keep``."""
    wanted = set(region)
    return sum(1 for row in rows if row["KOMMUNE_NR"] in wanted and keep(row))


def fewest(*counts: int) -> int:
    """The smallest number of contributors that is not nobody."""
    return min((count for count in counts if count > 0), default=0)


def same(one: float, other: float | None) -> bool:
    if other is None:
        return math.isnan(one)
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
