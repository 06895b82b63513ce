"""Rounds: when the figures of a vintage come out, and which of them.

The calendar (``rounds.yaml``) gives the kinds of round, the nominal day of the yearly ones
with the rule for weekends, and what is dated by itself. ``Schedule`` turns a name such as
``2026-03``, ``2023-09-kvp`` or ``2026-06.1`` into a ``Round`` with its hour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from kostra_publish.errors import UsageError
from kostra_publish.specs.calendar import (
    CORRECTION,
    ROUND_NAME,
    Calendar,
    Correction,
    DatedRound,
    Kind,
    is_yearly,
    year_and_month,
)
from kostra_publish.specs.limits import WHOLE, Limits
from kostra_publish.specs.models import RoundKind, TableSpec, Text

_NAME: Final = re.compile(f"{ROUND_NAME}(?:{CORRECTION})?")
_SATURDAY: Final = 5
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2099
"""Names of rounds have the years of this century."""


Order = tuple[datetime, int, str]
"""What releases sort by: when they are published, and their name, ``.10`` after ``.2``."""


def order(published: datetime, name: str) -> Order:
    """What the release of this name sorts by."""
    return published, len(name), name


@dataclass(frozen=True)
class Round:
    """One release to be made: a round, or a correction of one."""

    name: str
    """The name of the release, such as ``2026-03`` or ``2026-06.1``."""
    kind: RoundKind
    """Its kind in the calendar; that of the round it corrects."""
    title: Text
    """What that kind is called."""
    vintage: int
    """The statistics year that it publishes."""
    published_at: datetime
    """The hour of publication, where it is published."""
    preliminary: bool
    """Whether its figures are preliminary (foreløpige tall)."""
    final_day: date | None = None
    """When the final figures come, where its own are preliminary and a later round has them."""
    tables: frozenset[str] | None = None
    """The tables that it publishes; None: those that have its kind among their rounds."""
    limits: Limits = WHOLE
    """What it publishes of them."""
    correction: Correction | None = None
    """What it corrects, and why; None where it is no correction."""

    @property
    def updated(self) -> datetime:
        """The hour of publication, in UTC."""
        return self.published_at.astimezone(UTC)

    @property
    def order(self) -> Order:
        """What it sorts by among releases."""
        return order(self.updated, self.name)

    def publishes(self, table: TableSpec) -> bool:
        """Whether the round publishes figures of the table."""
        if not table.has_vintage(self.vintage):
            return False
        if not any(map(self.limits.has_region, table.regions)):
            return False
        return table.id in self.tables if self.tables is not None else self.kind in table.rounds

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Schedule:
    """The calendar, ready to ask."""

    calendar: Calendar

    def round(self, name: str) -> Round:
        """The release called ``name``: a round, or a correction of one.

        Raises UsageError when the calendar has none of that name.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise self._unknown(name)
        if match["correction"] is not None:
            return self._corrected(name)
        if (found := self._dated.get(name)) is not None:
            return self._with_final_day(self._of_dated(found))
        if is_yearly(name):
            year, month = year_and_month(name)
            for kind, rule in self._yearly.items():
                if rule.month == month:
                    return self._with_final_day(self._of_year(kind, year))
        raise self._unknown(name)

    def between(self, first: datetime, last: datetime) -> list[Round]:
        """The rounds and corrections that come out from ``first`` to ``last``, oldest first."""
        corrections = [self._corrected(one.release) for one in self.calendar.corrections]
        found = [*map(self._with_final_day, self._every), *corrections]
        within = [one for one in found if first <= one.published_at <= last]
        return sorted(within, key=lambda one: one.order)

    def following(self, moment: datetime, table: TableSpec | None = None) -> Round | None:
        """The first round after a moment, of all or of those that publish a table."""
        coming = (one for one in self._every if one.published_at > moment)
        return next((one for one in coming if table is None or one.publishes(table)), None)

    # --- how they are made ----------------------------------------------------------

    @cached_property
    def _dated(self) -> dict[str, DatedRound]:
        return {one.round: one for one in self.calendar.rounds}

    @cached_property
    def _yearly(self) -> dict[RoundKind, Kind]:
        return {name: kind for name, kind in self.calendar.kinds.items() if kind.month is not None}

    @cached_property
    def _every(self) -> tuple[Round, ...]:
        """Every round but corrections, oldest first; without the day of final figures."""
        yearly = {
            one.name: one
            for year in range(_FIRST_YEAR, _LAST_YEAR + 1)
            for one in (self._of_year(kind, year) for kind in self._yearly)
        }
        dated = {name: self._of_dated(one) for name, one in self._dated.items()}
        return tuple(sorted((yearly | dated).values(), key=lambda one: one.order))

    def _of_year(self, kind: RoundKind, year: int) -> Round:
        rule = self.calendar.kinds[kind]
        name = f"{year:04}-{rule.month or 1:02}"
        if name in self._dated:
            return self._of_dated(self._dated[name])
        day = _moved(date(year, rule.month or 1, rule.day or 1), rule)
        return self._made(name, kind, day, year - 1)

    def _of_dated(self, one: DatedRound) -> Round:
        made = self._made(one.round, one.kind, one.date, one.vintage or _year(one.round) - 1)
        regions = made.limits.regions if one.regions is None else frozenset(one.regions)
        measures = {table: frozenset(codes) for table, codes in one.measures.items()}
        return replace(
            made,
            tables=None if one.tables is None else frozenset(one.tables),
            limits=Limits(regions, measures, frozenset(one.tables or ())),
        )

    def _made(self, name: str, kind: RoundKind, day: date, vintage: int) -> Round:
        rule = self.calendar.kinds[kind]
        regions = None if rule.regions is None else frozenset(rule.regions)
        return Round(
            name=name,
            kind=kind,
            title=rule.name,
            vintage=vintage,
            published_at=self._hour(day),
            preliminary=rule.figures == "preliminary",
            limits=Limits(regions),
        )

    def _with_final_day(self, made: Round) -> Round:
        """The round, with the day of the first later one that has final figures of its vintage."""
        if not made.preliminary:
            return made
        days = (
            one.published_at.date()
            for one in self._every
            if one.vintage == made.vintage
            and not one.preliminary
            and one.published_at > made.published_at
        )
        return replace(made, final_day=next(days, None))

    def _corrected(self, name: str) -> Round:
        for one in self.calendar.corrections:
            if one.release == name:
                return self._correcting(self.round(one.round), one)
        raise UsageError(
            f"the calendar has no correction {name}",
            fix="Say under `corrections` in rounds.yaml when it comes out, why, and which tables"
            " it corrects.",
        )

    def _correcting(self, corrected: Round, one: Correction) -> Round:
        hour = self._hour(one.date)
        if hour <= corrected.published_at:
            raise UsageError(
                f"the correction {one.release} is dated {one.date}, before {corrected} is out",
                fix="Correct its `date` in rounds.yaml.",
            )
        made = replace(
            corrected,
            name=one.release,
            published_at=hour,
            tables=frozenset(one.tables),
            correction=one,
        )
        return self._with_final_day(replace(made, final_day=None))

    def _hour(self, day: date) -> datetime:
        zone = ZoneInfo(self.calendar.time_zone)
        return datetime.combine(day, self.calendar.hour, tzinfo=zone)

    def _unknown(self, name: str) -> UsageError:
        months = [f"{kind.month:02}" for kind in self._yearly.values()]
        yearly = " or ".join(f"2026-{month}" for month in months)
        dated = f", or as one that rounds.yaml dates: {', '.join(self._dated)}"
        return UsageError(
            f"there is no round {name}",
            fix=f"Name a round by year and month: {yearly}{dated if self._dated else ''}.",
        )


def _moved(day: date, rule: Kind) -> date:
    """The day, or where the rule for weekends moves it."""
    into_weekend = day.weekday() - _SATURDAY
    if into_weekend < 0 or rule.weekend == "stay":
        return day
    days = 2 - into_weekend if rule.weekend == "monday" else -1 - into_weekend
    return day + timedelta(days=days)


def _year(name: str) -> int:
    return year_and_month(name)[0]


@dataclass(frozen=True)
class ReleaseFacts:
    """What every renderer needs to know of the release it writes for.

    ``untouched`` has the next update of tables that are to stay as they were, by table.
    """

    round: Round
    schedule: Schedule
    untouched: Mapping[str, datetime | None] = field(default_factory=dict)

    @property
    def updated(self) -> datetime:
        """When the release is published, in UTC."""
        return self.round.updated

    @property
    def next_update(self) -> datetime | None:
        """When the next round of any kind is published, in UTC; None when none is planned."""
        following = self.schedule.following(self.round.published_at)
        return None if following is None else following.updated

    def next_update_of(self, table: TableSpec) -> datetime | None:
        """When the next round that has the table is published, in UTC; None without one."""
        if table.id in self.untouched:
            return self.untouched[table.id]
        following = self.schedule.following(self.round.published_at, table)
        return None if following is None else following.updated


def utc(moment: datetime) -> str:
    """``moment`` as UTC text with ``Z``, such as ``2026-06-15T06:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
