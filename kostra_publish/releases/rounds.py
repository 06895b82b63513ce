"""Rounds: when the statistics of a vintage are published.

Figures of a vintage come out twice the year after: preliminary in March, final in
June, on the 15th or the Monday after when the 15th is in a weekend, at 08:00 in Oslo.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from kostra_publish.errors import UsageError
from kostra_publish.specs.models import RoundKind

OSLO: Final = ZoneInfo("Europe/Oslo")
HOUR: Final = time(8)
DAY: Final = 15

_MONTHS: dict[RoundKind, int] = {"march": 3, "june": 6}
_KINDS: dict[int, RoundKind] = {month: kind for kind, month in _MONTHS.items()}
_NAME = re.compile(r"(?P<year>20[0-9]{2})-(?P<month>[0-9]{2})")
_SATURDAY = 5


@dataclass(frozen=True, order=True)
class Round:
    """One round of publication, by the year and month it comes out in."""

    year: int
    month: int

    def __post_init__(self) -> None:
        """Refuse a month in which nothing is published."""
        if self.month not in _KINDS:
            raise _unknown(f"{self.year:04}-{self.month:02}")

    @classmethod
    def parse(cls, name: str) -> Self:
        """The round called ``name``: year and month, such as ``2026-03``.

        Raises UsageError when the name is something else.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise _unknown(name)
        return cls(int(match["year"]), int(match["month"]))

    @property
    def name(self) -> str:
        """Year and month, such as ``2026-03``."""
        return f"{self.year:04}-{self.month:02}"

    @property
    def kind(self) -> RoundKind:
        """``march`` or ``june``."""
        return _KINDS[self.month]

    @property
    def vintage(self) -> int:
        """The statistics year that the round publishes: the year before."""
        return self.year - 1

    @property
    def preliminary(self) -> bool:
        """Whether the round's own vintage is preliminary (foreløpige tall)."""
        return self.kind == "march"

    @property
    def published_at(self) -> datetime:
        """The hour of publication, in Oslo time."""
        day = date(self.year, self.month, DAY)
        days_into_weekend = day.weekday() - _SATURDAY
        if days_into_weekend >= 0:
            day += timedelta(days=2 - days_into_weekend)
        return datetime.combine(day, HOUR, tzinfo=OSLO)

    @property
    def updated(self) -> datetime:
        """The hour of publication, in UTC."""
        return self.published_at.astimezone(UTC)

    def following(self, kinds: Collection[RoundKind] = ("march", "june")) -> Round:
        """The first later round whose kind is one of ``kinds`` (at least one)."""
        this_year = [Round(self.year, month) for month in self._months(kinds)]
        next_year = [Round(self.year + 1, month) for month in self._months(kinds)]
        return next(later for later in (*this_year, *next_year) if later > self)

    @staticmethod
    def _months(kinds: Collection[RoundKind]) -> list[int]:
        return sorted(_MONTHS[kind] for kind in kinds)

    @property
    def final(self) -> Round:
        """The round that gives the final figures (endelige tall) of this one's vintage."""
        return self.following(["june"]) if self.preliminary else self

    @property
    def next_update(self) -> datetime:
        """The hour of the next round of any kind, in UTC."""
        return self.following().updated

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ReleaseFacts:
    """What every renderer needs to know of the release it writes for."""

    round: Round

    @property
    def updated(self) -> datetime:
        """When the release is published, in UTC."""
        return self.round.updated

    @property
    def next_update(self) -> datetime:
        """When the next release is published, in UTC."""
        return self.round.next_update


def utc(moment: datetime) -> str:
    """``moment`` as UTC text with ``Z``, such as ``2026-06-15T06:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unknown(name: str) -> UsageError:
    return UsageError(
        f"there is no round {name}",
        fix="Name a round by year and month, March or June: 2026-03 or 2026-06.",
    )
