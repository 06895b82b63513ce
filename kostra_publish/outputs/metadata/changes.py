"""``changes.json``: what came with a release, for programs that follow the tables.

It tells of each table and year which release published the figures, when, what they took the
place of, and why they were corrected; never a figure. ``docs/changes.schema.json`` describes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, Literal

from kostra_publish.disclosure.safe import SafeCube, VintageFacts, only_safe
from kostra_publish.outputs.distributions import TOP
from kostra_publish.outputs.facts import TableFacts
from kostra_publish.outputs.metadata.told import Json, document, is_synthetic, table_title
from kostra_publish.releases.rounds import ReleaseFacts, utc
from kostra_publish.specs.catalogue import Catalogue

FILE: Final = f"{TOP}/changes.json"

Change = Literal["new", "replaced", "corrected", "unchanged"]
"""What a release did to the figures of a year."""


def write_changes(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """What came with the release: (path in the release, bytes)."""
    yield FILE, document(changes(only_safe(cubes), catalogue, release))


def changes(cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts) -> Json:
    """The release, and its tables with their years; years and days are texts."""
    current = release.round
    return {
        "release": current.name,
        "title": current.title.model_dump(),
        "published": utc(release.updated),
        "vintage": str(current.vintage),
        "preliminary": current.preliminary,
        "synthetic": is_synthetic(cubes),
        "nextUpdate": _moment(release.next_update),
        "correction": None
        if current.correction is None
        else {
            "round": current.correction.round,
            "reason": current.correction.reason.model_dump(),
            "tables": [*current.correction.tables],
        },
        "tables": [_table(cube, catalogue, release) for cube in cubes],
    }


def change(facts: VintageFacts, release: ReleaseFacts) -> Change:
    """What the release did to the figures of a year."""
    if facts.round != release.round.name:
        return "unchanged"
    if release.round.correction is not None:
        return "corrected"
    return "new" if facts.replaces is None else "replaced"


def _table(cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts) -> Json:
    facts = TableFacts.of(cube, release)
    return {
        "table": cube.table.id,
        "title": table_title(cube, catalogue.texts).model_dump(),
        "updated": utc(facts.updated),
        "nextUpdate": _moment(facts.next_update),
        "provisional": {kind: [*codes] for kind, codes in facts.provisional.items()},
        "vintages": [_vintage(one, release) for one in cube.vintages.values()],
    }


def _vintage(facts: VintageFacts, release: ReleaseFacts) -> Json:
    return {
        "vintage": str(facts.vintage),
        "change": change(facts, release),
        "round": facts.round,
        "published": utc(facts.published),
        "preliminary": facts.preliminary,
        "finalDay": None if facts.final_day is None else facts.final_day.isoformat(),
        "synthetic": facts.synthetic,
        "replaces": facts.replaces,
        "corrections": [
            {"day": one.day.isoformat(), "reason": one.reason.model_dump()}
            for one in facts.corrected
        ],
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else utc(moment)
