"""When figures are published, and which: the file `rounds.yaml`."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints

from kostra_publish.specs.models import Model, RegionKind, RoundKind, Text

ROUND_NAME: Final = r"(?P<year>20[0-9]{2})-(?P<month>0[1-9]|1[0-2])(?:-(?P<word>[a-z][a-z0-9]*))?"
"""A round: the year and month it comes out in, and a word where it is not a yearly one."""
CORRECTION: Final = r"\.(?P<correction>[1-9][0-9]*)"
"""What a correction of a round has after the round's name."""

RoundName = Annotated[str, StringConstraints(pattern=f"^{ROUND_NAME}$")]
CorrectionName = Annotated[str, StringConstraints(pattern=f"^{ROUND_NAME}{CORRECTION}$")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"there is no time zone {name}") from error
    return name


def _day(day: date) -> date:
    if not 2000 <= day.year < 2100:
        raise ValueError("the year is not in this century")
    return day


def _hour(hour: time) -> time:
    if hour.tzinfo is not None:
        raise ValueError("the hour is one of the clock in `time_zone`, without an offset")
    return hour


Day = Annotated[date, AfterValidator(_day)]


class Kind(Model):
    """A kind of round: what its figures are, and when it is if it is every year."""

    name: Text
    """What it is called."""
    figures: Literal["preliminary", "final"]
    """Whether its figures are preliminary (foreløpige) or final (endelige)."""
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    """The month it nominally comes out in, every year; left out: each is dated under `rounds`."""
    day: Annotated[int, Field(ge=1, le=28)] | None = None
    """The day it nominally comes out on."""
    weekend: Literal["monday", "friday", "stay"] = "monday"
    """Where it goes when that day is in a weekend: the Monday after, the Friday before, nowhere."""
    regions: list[RegionKind] | None = None
    """The kinds of region that it has figures for; left out: those of each table."""


class DatedRound(Model):
    """One round that is dated by itself: of a kind that is not yearly, or a yearly one moved."""

    round: RoundName
    """Its name: year and month, and a word such as `kvp` unless the kind is yearly."""
    kind: RoundKind
    """One of `kinds`."""
    date: Day
    """The day it comes out on."""
    vintage: Annotated[int, Field(ge=1990, lt=2100)] | None = None
    """The statistics year of its figures; left out: the year before."""
    tables: list[str] | None = None
    """The tables that it publishes, with all their measures; left out: those that have its kind
    among their `rounds`."""
    measures: dict[str, list[str]] = Field(default_factory=dict)
    """By table: the contents codes that it publishes; tables left out are published whole."""
    regions: list[RegionKind] | None = None
    """The kinds of region that it has figures for; left out: those of the kind."""


class Correction(Model):
    """A release that corrects some tables of a round after it came out."""

    release: CorrectionName
    """The round's name and a running number: 2026-06.1."""
    date: Day
    """The day it comes out on."""
    reason: Text
    """Why, in a sentence that readers see beside the tables."""
    tables: Annotated[list[str], Field(min_length=1)]
    """The tables it corrects; it touches no others."""
    unaffected: list[str] = Field(default_factory=list)
    """Tables made of the same data that rightly keep the figures they have."""

    @property
    def round(self) -> str:
        """The round that it corrects."""
        return self.release.partition(".")[0]


class Calendar(Model):
    """The file `rounds.yaml`: when figures are published, and which."""

    time_zone: Annotated[str, AfterValidator(_zone)]
    """Where the hour is read on the clock, such as Europe/Oslo."""
    hour: Annotated[time, AfterValidator(_hour)]
    """The time of day when figures are published."""
    kinds: Annotated[dict[RoundKind, Kind], Field(min_length=1)]
    """The kinds of round."""
    rounds: list[DatedRound] = Field(default_factory=list)
    """Rounds that are dated by themselves."""
    corrections: list[Correction] = Field(default_factory=list)
    """Corrections, oldest first."""

    def on_the_clock(self, moment: datetime) -> str:
        """A moment as the clock shows it there: ``2026-06-15 08:00 Europe/Oslo``."""
        return f"{moment.astimezone(ZoneInfo(self.time_zone)):%Y-%m-%d %H:%M} {self.time_zone}"


def year_and_month(name: str) -> tuple[int, int]:
    """The year and month in the name of a round."""
    return int(name[:4]), int(name[5:7])


def is_yearly(name: str) -> bool:
    """Whether a round's name is a year and month alone."""
    return re.fullmatch(r"\d{4}-\d{2}", name) is not None
