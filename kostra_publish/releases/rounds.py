"""Rounds: when the figures of a vintage come out, and which of them.

The calendar (``rounds.yaml``) gives the kinds of round, the nominal day of the yearly ones
with the rule for weekends, and what is dated by itself. ``Schedule`` turns a name such as
``2026-03``, ``2023-09-kvp`` or ``2026-06.1`` into a ``Round`` with its hour.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import chain, count
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
"""Names of rounds begin with this century."""


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
    def order(self) -> tuple[datetime, str]:
        """What releases sort by: when they are published, and their name."""
        return self.updated, self.name

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
        years = range(max(first.year - 1, _FIRST_YEAR), last.year + 2)
        yearly = [self._of_year(kind, year) for year in years for kind in self._yearly]
        names = {
            *(one.name for one in yearly),
            *self._dated,
            *(one.release for one in self.calendar.corrections),
        }
        found = [self.round(name) for name in names]
        return sorted(
            (one for one in found if first <= one.published_at <= last),
            key=lambda one: (one.published_at, one.name),
        )

    def following(self, moment: datetime, kinds: Collection[RoundKind]) -> Round | None:
        """The first round after ``moment`` whose kind is one of ``kinds``; None without one."""
        dated = [self._of_dated(one) for one in self._dated.values() if one.kind in kinds]
        found = [one for one in dated if one.published_at > moment]
        yearly = [kind for kind in self._yearly if kind in kinds]
        if yearly:
            found.append(next(one for one in self._from(moment.year, yearly, after=moment)))
        return min(found, key=lambda one: one.published_at, default=None)

    # --- how they are made ----------------------------------------------------------

    @cached_property
    def _dated(self) -> dict[str, DatedRound]:
        return {one.round: one for one in self.calendar.rounds}

    @cached_property
    def _yearly(self) -> dict[RoundKind, Kind]:
        return {name: kind for name, kind in self.calendar.kinds.items() if kind.month is not None}

    def _from(self, year: int, kinds: Collection[RoundKind], *, after: datetime) -> Iterator[Round]:
        """The yearly rounds of these kinds after a moment, one after the other."""
        for each in chain([year - 1], count(year)):
            of_year = [self._of_year(kind, each) for kind in kinds]
            yield from sorted(
                (one for one in of_year if one.published_at > after),
                key=lambda one: one.published_at,
            )

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
        kinds = self.calendar.kinds
        final = [kind for kind in self._yearly if kinds[kind].figures == "final"]
        after = self._from(made.published_at.year, final, after=made.published_at)
        dated = [self._of_dated(one) for one in self._dated.values() if one.kind in final]
        found = [next(after), *dated] if final else dated
        days = [
            one.published_at.date()
            for one in found
            if one.vintage == made.vintage and one.published_at > made.published_at
        ]
        return replace(made, final_day=min(days, default=None))

    def _corrected(self, name: str) -> Round:
        for one in self.calendar.corrections:
            if one.release == name:
                return replace(
                    self.round(one.round),
                    name=name,
                    published_at=self._hour(one.date),
                    tables=frozenset(one.tables),
                    correction=one,
                )
        raise UsageError(
            f"the calendar has no correction {name}",
            fix="Say under `corrections` in rounds.yaml when it comes out, why, and which tables"
            " it corrects.",
        )

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
    """What every renderer needs to know of the release it writes for."""

    round: Round
    schedule: Schedule

    @property
    def updated(self) -> datetime:
        """When the release is published, in UTC."""
        return self.round.updated

    @property
    def next_update(self) -> datetime | None:
        """When the next round of any kind is published, in UTC; None when none is planned."""
        return self.next_update_of(list(self.schedule.calendar.kinds))

    def next_update_of(self, kinds: Collection[RoundKind]) -> datetime | None:
        """When the next round of these kinds is published, in UTC; None when none is planned."""
        following = self.schedule.following(self.round.published_at, kinds)
        return None if following is None else following.updated


def utc(moment: datetime) -> str:
    """``moment`` as UTC text with ``Z``, such as ``2026-06-15T06:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
