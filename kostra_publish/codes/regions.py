"""Kommuner, fylker, KOSTRA groups, the country and Oslo's bydeler, by year.

Region codes are those of the statbank: kommune four digits, ``EKA`` + fylke,
``EKG01``-``EKG17``, ``EAK`` (landet), ``EAKUO`` (landet uten Oslo), bydel six
digits and ``EAB`` (bydelene i Oslo i alt). Sources: Klass 131 (kommuner), 104
(fylker), 112 (KOSTRA-grupper, the grouping of 2020) and 103 (bydeler).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO

import polars as pl

LAND = "EAK"
LAND_UTEN_OSLO = "EAKUO"
BYDELER_I_ALT = "EAB"
OSLO = "0301"

FIRST_YEAR = 2020
LAST_YEAR = 2026

SAMI_FIRST = frozenset(
    {"1826", "1875", "5041", "5043", "5512", "5518", "5540", "5610", "5612", "5628", "5636"}
)
"""Kommuner in whose name the Norwegian form comes second, after the Sami one."""

REGION_KINDS = ("kommune", "bydel", "bydeler", "fylke", "kostragruppe", "land", "land_uten_oslo")


def kind_of(code: str) -> str:
    """The kind of region that a code of the statbank stands for, one of REGION_KINDS."""
    whole = {LAND: "land", LAND_UTEN_OSLO: "land_uten_oslo", BYDELER_I_ALT: "bydeler"}
    if code in whole:
        return whole[code]
    groups = {"EKA": "fylke", "EKG": "kostragruppe"}
    return groups.get(code[:3]) or ("bydel" if len(code) == len("030101") else "kommune")


def _read(name: str) -> pl.DataFrame:
    data = resources.files("kostra_publish.codes").joinpath("data", name).read_bytes()
    return pl.read_csv(BytesIO(data), infer_schema=False)


@cache
def _dated(name: str) -> pl.DataFrame:
    years = pl.col("valid_from", "valid_to").cast(pl.Int32)
    return _read(name).with_columns(years)


def _in_year(frame: pl.DataFrame, year: int) -> pl.DataFrame:
    open_ended = pl.col("valid_to").fill_null(9999)
    return frame.filter((pl.col("valid_from") <= year) & (open_ended >= year))


@cache
def kommuner(year: int) -> pl.DataFrame:
    """The kommuner of ``year``: kommune, navn, fylke, kostragruppe; sorted by kommune.

    Raises ValueError for a year that the code lists do not cover.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        msg = f"the kommune list covers {FIRST_YEAR}-{LAST_YEAR}, not {year}"
        raise ValueError(msg)
    columns = ["kommune", "navn", "fylke", "kostragruppe"]
    return _in_year(_dated("kommuner.csv"), year).select(columns).sort("kommune")


@cache
def fylker(year: int) -> pl.DataFrame:
    """The fylker of ``year``: fylke (two digits), navn; sorted by fylke."""
    return _in_year(_dated("fylker.csv"), year).select("fylke", "navn").sort("fylke")


@cache
def bydeler() -> pl.DataFrame:
    """Oslo's fifteen bydeler: bydel (six digits), navn."""
    return _read("bydeler.csv").sort("bydel")


@cache
def kostragrupper() -> pl.DataFrame:
    """The KOSTRA groups: kostragruppe and the three criteria that define it."""
    return _read("kostragrupper.csv").sort("kostragruppe")


@cache
def kommune_changes() -> pl.DataFrame:
    """Kommuner that got a new code or were split: year, from_kommune, to_kommune, type."""
    return _read("kommune_changes.csv").with_columns(pl.col("year").cast(pl.Int32))


@dataclass(frozen=True)
class Change:
    """A kommune that got another code, or a part of one that was split; from ``year`` on.

    ``same_area`` tells that it is the same area under a new code.
    """

    year: int
    former: str
    former_name: str
    new: str
    new_name: str
    same_area: bool


@cache
def changes() -> tuple[Change, ...]:
    """The correspondence table of kommuner, by year and former code."""
    rows = kommune_changes().sort("year", "from_kommune", "to_kommune")
    return tuple(
        Change(year, former, _name(former, year - 1), new, _name(new, year), type_ == "new_code")
        for year, former, new, type_ in rows.iter_rows()
    )


def _name(kommune: str, year: int) -> str:
    """What a kommune was called in a year."""
    return str(kommuner(year).filter(pl.col("kommune") == kommune)["navn"].item())


@cache
def same_area_before(kommune: str) -> tuple[str, ...]:
    """The former codes of a kommune whose area is the same, newest first.

    Their series can be shown as its own; none where it came of a split.
    """
    for one in changes():
        if one.new == kommune and one.same_area:
            return (one.former, *same_area_before(one.former))
    return ()


@cache
def predecessors(year: int, before: int) -> Mapping[str, str | None]:
    """Which kommune of the year ``before`` each kommune of ``year`` was, the same area.

    None for one that is not the same area: it has been split off or put together since.
    """
    there = set(kommuner(before)["kommune"])
    found: dict[str, str | None] = {code: code for code in kommuner(year)["kommune"]}
    for changed in range(year, before, -1):
        rows = kommune_changes().filter(pl.col("year") == changed)
        earlier = {
            to: origin if kind == "new_code" else None
            for origin, to, kind in rows.select("from_kommune", "to_kommune", "type").iter_rows()
        }
        found = {code: earlier.get(own, own) if own else None for code, own in found.items()}
    return {code: own if own in there else None for code, own in found.items()}


@cache
def members(year: int) -> pl.DataFrame:
    """Which kommuner a region is the sum of, in ``year``.

    Shape: one row per (region, kommune); columns region, kind, kommune. A kommune
    is a region of its own; fylke, KOSTRA group and country overlap.
    """
    base = kommuner(year)

    def level(kind: str, region: pl.Expr, frame: pl.DataFrame = base) -> pl.DataFrame:
        return frame.select(
            region.cast(pl.String).alias("region"), pl.lit(kind).alias("kind"), "kommune"
        )

    return pl.concat(
        [
            level("kommune", pl.col("kommune")),
            level("fylke", "EKA" + pl.col("fylke")),
            level("kostragruppe", pl.col("kostragruppe")),
            level("land", pl.lit(LAND)),
            level(
                "land_uten_oslo",
                pl.lit(LAND_UTEN_OSLO),
                base.filter(pl.col("kommune") != OSLO),
            ),
        ]
    )


@cache
def lifetime(code: str) -> tuple[int, int | None]:
    """The first and last year of a kommune (four digits) or fylke (two); None: still there.

    The lists begin in 2020, so an older region also starts there. Raises KeyError for a
    code that is in no list.
    """
    name, column = ("kommuner.csv", "kommune") if len(code) == 4 else ("fylker.csv", "fylke")
    rows = _dated(name).filter(pl.col(column) == code)
    if rows.is_empty():
        raise KeyError(code)
    open_ended = rows["valid_to"].null_count() > 0
    last = None if open_ended else int(rows["valid_to"].to_list()[-1])
    return min(rows["valid_from"].to_list()), last
