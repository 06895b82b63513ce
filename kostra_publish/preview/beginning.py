"""Which round is shown when none is named, and what is shown before its first draft is made."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kostra_publish.drafts import Draft
from kostra_publish.errors import UsageError
from kostra_publish.releases.life import standings
from kostra_publish.releases.rounds import ReleaseFacts, Round, Schedule
from kostra_publish.specs.catalogue import load

_YEAR: Final = re.compile(r"_p(\d{4})_v")
"""The year in the name of a data file."""


def first_draft(specs: Path, out: Path, data: str, name: str = "") -> Draft:
    """The tables of the round called ``name``, or of the next one, without figures.

    The next one is the first after what everybody sees that has data; where none has, it is what
    was built last. Raises SpecError, UsageError or ReleaseError.
    """
    catalogue = load(specs)
    schedule = Schedule(catalogue.calendar)
    current = schedule.round(name) if name else _next(schedule, out, data)
    tables = tuple(table for table in catalogue.tables.values() if current.publishes(table))
    return Draft(catalogue, ReleaseFacts(current, schedule), tables)


def _next(schedule: Schedule, out: Path, data: str) -> Round:
    found = standings(out)
    years = _years(data)
    seen = [one.manifest.published for one in found.releases if one.seen]
    following = schedule.following(max(seen)) if seen else None
    if following is not None and following.vintage in years:
        return following
    if found.releases:
        return schedule.round(found.releases[-1].name)
    for year in sorted(years, reverse=True):
        first, last = (datetime(year + more, 1, 1, tzinfo=UTC) for more in (1, 2))
        for one in schedule.between(first, last):
            if one.vintage == year and one.correction is None:
                return one
    raise UsageError(
        f"there is no release in {out} and no data in {data}, so no round is the next one",
        fix="Name a round, such as 2026-03, or another folder with --data.",
    )


def _years(data: str) -> set[int]:
    """The years that a folder has files of; an address is not asked."""
    folder = Path(data)
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return {int(found[1]) for name in names if (found := _YEAR.search(name))}
