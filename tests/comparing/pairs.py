"""Pairs of small releases, as ``publish`` would write them, and what differs between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.comparison.facts import Comparison
from kostra_publish.outputs.jsonstat import write_jsonstat
from kostra_publish.releases.history import cube_files
from kostra_publish.releases.manifest import write_manifest
from kostra_publish.releases.staging import staged
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import TableSpec
from tests.cubes import catalogue, cube, dimension, dimensions, facts, measure, table
from tests.schedule import release_facts

Shown = float | str
Told = tuple[str, str, str, str, str, str, Shown | None, Shown | None]
"""Table, region, measure, sex, year, kind, before, after."""

MEASURES = [measure("antall"), measure("andel", decimals=1, unit="prosent")]
SEX = {"1": "Menn", "2": "Kvinner"}


def filled(
    dims: Sequence[CubeDimension], cells: Mapping[tuple[str, ...], Shown], default: Shown = 10.0
) -> pl.DataFrame:
    """Cells with what is given for some, and the default elsewhere; row-major."""
    shown = [cells.get(place, default) for place in product(*(one.codes for one in dims))]
    return pl.DataFrame(
        {
            "value": [None if isinstance(one, str) else one for one in shown],
            "status": [one if isinstance(one, str) else None for one in shown],
        },
        schema={"value": pl.Float64, "status": pl.String},
    )


def made(
    regions: Mapping[str, str],
    cells: Mapping[tuple[str, ...], Shown],
    *,
    table_id: str = "13995",
    years: Sequence[int] = (2024, 2025),
    spec: TableSpec | None = None,
) -> SafeCube:
    """A cube by region, sex, measure and year; every cell is 10 but those that are given."""
    spec = spec or table(table_id, MEASURES)
    dims = dimensions(spec, years, regions, [dimension("Kjonn", SEX)])
    published = [facts(year, round="2026-03") for year in years]
    return cube(spec, dims, published, cells=filled(dims, cells))


def publish(
    out: Path, name: str, *cubes: SafeCube, words: Catalogue | None = None, when: str = "2026-03"
) -> Path:
    """Write a release of these cubes as the folder ``out/name``."""
    words = words or catalogue([each.table for each in cubes])
    release = release_facts(when)
    with staged(out, name) as staging:
        for path, data in write_jsonstat(cubes, words, release):
            staging.write(path, data)
        for each in cubes:
            for path, data in cube_files(each):
                staging.write(path, data)
        write_manifest(staging, release, inputs=[], specs={})
    return out / name


# --- one change of every kind --------------------------------------------------------------

OLD = {"0301": "Oslo", "3103": "Moss", "4628": "Vaksdal"}
NEW = {"0301": "Oslo", "3103": "Moss", "1580": "Haram"}


def _place(
    region: str, code: str = "antall", sex: str = "1", year: str = "2025"
) -> tuple[str, ...]:
    return region, sex, code, year


SIGNS: dict[tuple[str, ...], tuple[Shown, Shown, str]] = {
    # place: before, after, kind
    _place("0301"): (117.0, 118.0, "amended"),
    _place("0301", "andel"): (4.2, 4.1, "amended"),
    _place("0301", sex="2"): (9.0, ":", "newly suppressed"),
    _place("0301", "andel", sex="2"): ("..", ":", "newly suppressed"),
    _place("3103"): (":", 21.0, "newly shown"),
    _place("3103", "andel"): ("..", 0.0, "newly reported"),
    _place("3103", sex="2"): (7.0, "..", "no longer reported"),
    _place("3103", "andel", sex="2"): (".", "..", "other sign"),
    _place("3103", year="2024"): (":", "..", "other sign"),
    _place("3103", "andel", year="2024"): (6.0, ".", "other sign"),
}
ONLY_OLD: dict[tuple[str, ...], Shown] = {
    _place("4628", sex="2", year=year): "." for year in ("2024", "2025")
}
"""Of the region that is gone, this is not told: it could not be counted."""
ONLY_NEW: dict[tuple[str, ...], Shown] = {
    _place("1580"): ":",
    _place("1580", sex="2"): 3.5,
    **{_place("1580", code, sex, "2024"): "." for sex in SEX for code in ("antall", "andel")},
}
"""The new region could not be counted the year before, which is not told either."""


def pair(out: Path) -> tuple[Path, Path]:
    """Two releases with a cell change of every kind, a table that goes, and one that comes."""
    old = made(OLD, {place: before for place, (before, _, _) in SIGNS.items()} | ONLY_OLD)
    new = made(NEW, {place: after for place, (_, after, _) in SIGNS.items()} | ONLY_NEW)
    gone = made({"0301": "Oslo"}, {_place("0301"): "."}, table_id="10509", years=[2025])
    come = made({"0301": "Oslo"}, {_place("0301"): ":"}, table_id="14019", years=[2025])
    one = publish(out, "2026-03", old, gone)
    return one, publish(out, "2026-06", new, come)


def expected() -> set[Told]:
    """Every cell that differs in the pair."""

    def told(name: str, place: tuple[str, ...], *change: Any) -> Told:
        region, sex, code, year = place
        return name, region, code, sex, year, *change

    found = {
        told("13995", place, kind, before, after) for place, (before, after, kind) in SIGNS.items()
    }
    for place in product(["4628"], SEX, ("antall", "andel"), ("2024", "2025")):
        if place not in ONLY_OLD:
            found.add(told("13995", place, "removed", 10.0, None))
    for place in product(["1580"], SEX, ("antall", "andel"), ["2025"]):
        found.add(told("13995", place, "added", None, ONLY_NEW.get(place, 10.0)))
    for place in product(["0301"], SEX, ("antall", "andel"), ["2025"]):
        if place != _place("0301"):
            found.add(told("10509", place, "removed", 10.0, None))
        after = ":" if place == _place("0301") else 10.0
        found.add(told("14019", place, "added", None, after))
    return found


def told_cells(comparison: Comparison) -> list[Told]:
    """The cells of a comparison with their codes."""
    found: list[Told] = []
    for each in comparison.tables:
        codes = {one.code: one.codes for one in each.dimensions}
        for row in each.cells.iter_rows(named=True):
            region, sex, code, year = (
                "" if row.get(name) is None else codes[name][row[name]]
                for name in ("KOKkommuneregion0000", "Kjonn", "ContentsCode", "Tid")
            )
            before, after = (
                row[f"{when}_value"] if row[f"{when}_sign"] is None else row[f"{when}_sign"]
                for when in ("before", "after")
            )
            found.append((each.table, region, code, sex, year, row["kind"], before, after))
    return found


def with_words(base: Catalogue, **changes: Any) -> Catalogue:
    """A catalogue with some of its shared texts changed."""
    return replace(base, texts=base.texts.model_copy(update=changes))
