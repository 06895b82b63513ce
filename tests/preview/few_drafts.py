"""Drafts for tests: of a release on disk, and a small one that is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from kostra_publish.codes.regions import kind_of
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.drafts import Draft
from kostra_publish.releases.history import earlier_cubes
from kostra_publish.releases.manifest import read_manifest
from kostra_publish.releases.rounds import ReleaseFacts, Schedule
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.dimensions import BYDEL_REGION, KOMMUNE_REGION, CubeDimension
from kostra_publish.specs.models import Note, TableSpec
from tests.cubes import cube, dimensions, facts, own_dimensions, text
from tests.few_specs import SPECS

ROUND: Final = "2026-03"
TABLES: Final = ("10509", "12367", "13995", "13995-bydel", "kvp-deltakere")
"""With and without dimensions of their own, with and without totals, of kommuner and bydeler."""
YEARS: Final = (2023, 2024, 2025)
REGIONS: Final = {
    "0301": "Oslo",
    "1124": "Sola",
    "EKA11": "Rogaland",
    "EKG07": "KOSTRA-gruppe 7",
    "EAK": "Landet",
    "EAKUO": "Landet uten Oslo",
    "030101": "Gamle Oslo",
    "030102": "Grünerløkka",
    "EAB": "Bydelene i Oslo i alt",
}


@cache
def catalogue_of(specs: Path = SPECS) -> Catalogue:
    """The specs in a folder; the project's own are read once."""
    return load(specs)


def draft_of(release: Path, specs: Path = SPECS, previous: Path | None = None) -> Draft:
    """What a release holds, as the draft that it was before it came out."""
    catalogue = catalogue_of(specs)
    schedule = Schedule(catalogue.calendar)
    cubes = earlier_cubes(release, catalogue.tables)
    return Draft(
        catalogue,
        ReleaseFacts(schedule.round(read_manifest(release).round), schedule),
        tuple(table for name, table in catalogue.tables.items() if name in cubes),
        cubes,
        previous=earlier_cubes(previous, catalogue.tables) if previous else {},
        previous_name=previous.name if previous else None,
    )


def few_draft(
    tables: Sequence[str] = TABLES,
    *,
    cubes: Mapping[str, SafeCube] | None = None,
    interim: Mapping[str, frozenset[str]] | None = None,
    previous: bool = False,
    years: Sequence[int] = YEARS,
    seed: int = 1,
) -> Draft:
    """A draft of March with drawn figures in real tables; 2025 is preliminary.

    ``cubes`` take the place of those of the same table. With ``previous`` the release before has
    the same tables without 2025.
    """
    catalogue = catalogue_of()
    specs = tuple(spec for name, spec in catalogue.tables.items() if name in tables)
    schedule = Schedule(catalogue.calendar)
    before = {spec.id: drawn(spec, YEARS[:-1], seed) for spec in specs} if previous else {}
    return Draft(
        catalogue,
        ReleaseFacts(schedule.round(ROUND), schedule),
        specs,
        {spec.id: drawn(spec, years, seed) for spec in specs} | dict(cubes or {}),
        interim or {},
        before,
        "2025-06" if previous else None,
    )


def drawn(spec: TableSpec, years: Sequence[int] = YEARS, seed: int = 1) -> SafeCube:
    """Drawn figures in a table with a few regions of each kind that it has."""
    last = years[-1]
    missing = Note(text=text(f"{last}: Sola"), mandatory=True)
    published = [facts(year) for year in years if year != YEARS[-1]]
    if last == YEARS[-1]:
        published.append(facts(last, round=ROUND, preliminary=True, notes=(missing,)))
    return cube(spec, _dimensions(spec, years), published, seed=seed)


def _dimensions(spec: TableSpec, years: Sequence[int]) -> list[CubeDimension]:
    regions = {code: name for code, name in REGIONS.items() if kind_of(code) in spec.regions}
    region, *others = dimensions(spec, years, regions, own_dimensions(spec, catalogue_of()))
    code = BYDEL_REGION if "bydel" in spec.regions else KOMMUNE_REGION
    return [replace(region, code=code), *others]
