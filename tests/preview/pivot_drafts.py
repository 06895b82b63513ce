"""A small draft with all that a pivot view has to show, and a later one. No figure is about anyone.

Of 13995 every kind of change since the release before is there: see ``CHANGED``. 14019 is
awaited, and 12268 is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kostra_publish.codes.regions import REGION_KINDS
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.drafts import Draft
from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import Break, Note, Scope, TableSpec
from tests.comparing.pairs import Shown, filled, with_words
from tests.cubes import catalogue, cube, dimension, dimensions, facts, measure, table, text
from tests.schedule import release_facts

REGIONS = {
    "0301": "Oslo", "1124": "Sola", "1144": "Kvitsøy", "3103": "Moss",
    "EKA03": "Oslo fylke", "EKA11": "Rogaland", "EKA31": "Østfold",
    "EKG06": "KOSTRA-gruppe 6", "EKG13": "KOSTRA-gruppe 13", "EAK": "Landet",
}  # fmt: skip
SEX = {"0": "Begge kjønn", "1": "Menn", "2": "Kvinner"}
YEARS = (2023, 2024, 2025)
BEFORE, NOW = "2026-03", "2026-06"
MEASURES = [
    measure("antall"),
    measure("andel", decimals=1, unit="prosent", provisional=True),
    measure("timer", note=text("Note on hours")),
]
Place = tuple[str, str, str, str]
"""Region, sex, measure, year."""


def place(region: str, sex: str = "0", code: str = "antall", year: str = "2025") -> Place:
    return region, sex, code, year


CHANGED: dict[Place, tuple[Shown, Shown, str]] = {
    # place: before, after, kind
    place("EAK"): (1234567.0, 1234599.0, "amended"),
    place("EKA11"): (41.0, ":", "newly suppressed"),
    place("EKA03"): (":", 12.0, "newly shown"),
    place("EKA31"): ("..", 9.0, "newly reported"),
    place("EKA31", code="andel"): (4.5, "..", "no longer reported"),
    place("EKA03", code="andel"): (".", "..", "other sign"),
}
"""Of the default selection; none of the others has changed."""


def spec_of(table_id: str, **changes: object) -> TableSpec:
    return table(
        table_id,
        MEASURES,
        title=text(f"Title of {table_id}"),
        notes=[
            Note(text=text("Read this first"), mandatory=True),
            Note(text=text("Note on Sola"), scope=Scope(regions=["1124"])),
            Note(text=text("Note on Rogaland"), scope=Scope(regions=["EKA11"])),
        ],
        breaks=[
            Break(vintage=2025, text=text("Another form"), scope=Scope(measures=["antall"])),
        ],
        **changes,
    )


def made(
    cells: Mapping[tuple[str, ...], Shown],
    *,
    table_id: str = "13995",
    regions: Mapping[str, str] = REGIONS,
    preliminary: bool = True,
) -> SafeCube:
    """A cube in which every cell is 10 but those that are given."""
    spec = spec_of(table_id)
    sex = dimension("Kjonn", SEX)
    sex = CubeDimension(sex.code, sex.role, sex.label, sex.codes, sex.labels, total="0")
    dims = dimensions(spec, YEARS, regions, [sex])
    newest = facts(
        YEARS[-1], round=BEFORE, preliminary=preliminary, estimated={"EKA11": 2.3, "EAK": 0.1}
    )
    published = [*(facts(year) for year in YEARS[:-1]), newest]
    return cube(spec, dims, published, cells=filled(dims, cells))


def draft(version: int = 1, *, regions: int = 0, **cells: Shown) -> Draft:
    """The draft; ``cells`` are other figures of regions for 2025, such as ``EAK=17.0``.

    ``regions`` is how many regions the table has beside those of others.
    """
    own = REGIONS | {f"99{n:02}": f"Region {n}" for n in range(regions)}
    after: dict[tuple[str, ...], Shown] = {at: now for at, (_, now, _) in CHANGED.items()}
    before: dict[tuple[str, ...], Shown] = {at: was for at, (was, _, _) in CHANGED.items()}
    for figures in (before, after):
        figures.update({place("1144", sex): ":" for sex in SEX})
        figures[place("3103")] = ".."
    after.update({place(region): shown for region, shown in cells.items()})
    cubes = [made(after, regions=own), made({}, table_id="12268")]
    specs = [cubes[0].table, spec_of("14019"), cubes[1].table]
    return Draft(
        catalogue=with_words(catalogue(specs), region={kind: text(kind) for kind in REGION_KINDS}),
        release=release_facts(NOW),
        tables=tuple(specs),
        cubes={one.table.id: one for one in cubes},
        interim={"13995": frozenset({"timer"})},
        previous={"13995": made(before), "14019": made({}, table_id="14019")},
        previous_name=BEFORE,
        version=version,
    )


def first_ever(version: int = 1) -> Draft:
    """The same with no release before it."""
    return replace(draft(version), previous={}, previous_name=None)
