"""What a quality report looks at: indicators by kommune, and the checks that are made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kostra_publish.specs.models import Model, RoundKind, Text, Words

Severity = Literal["blocking", "warning", "off"]
Percent = Annotated[float, Field(ge=0, le=100)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]

PER_THOUSAND_KRONER = {"kroner": 1000, "tusen_kroner": 1}
"""How many of each unit of money go into 1000 kr."""


class Indicator(Model):
    """A number for each kommune, worked out from the same units as the tables are."""

    term: str
    """The shared term of `shared/terms.yaml` that it is."""
    label: Text
    """Its name."""
    unit: str
    """Its unit, by its name under `units` in `shared/texts.yaml`."""
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    """Decimals shown."""


class Check(Model):
    """What every check has: how grave it is, and what the report says of it in bokmål."""

    severity: Severity = "warning"
    """blocking: a release that fails it is not for release; warning: look at it; off: not made."""
    title: Words
    """Its name for readers."""
    looks_at: Words
    """What it looks at."""
    why: Words
    """Why that matters."""
    if_it_fails: Words
    """What to do when it fails."""


class ReportingRate(Check):
    """Whether enough kommuner have reported each form, and as many as in the round a year ago."""

    lowest_percent: dict[RoundKind, Percent]
    """The lowest share of the kommuner that must have reported each form, by kind of round."""
    most_fall: Percent
    """How many percentage points the share may fall from the same round a year ago."""
    rounds: Annotated[int, Field(ge=0)] = 4
    """How many earlier rounds to show."""
    inhabitants: str | None = None
    """The indicator that tells how large a kommune is."""


class AgainstAccounts(Check):
    """Amounts of a form against the accounts, over kommuner that have delivered both."""

    paid: str
    """The indicator of what the form says was paid."""
    accounts: str
    """The indicator of what the accounts say."""
    most_percent: Percent
    """The largest difference, in per cent of the accounts."""


class KommuneAgainstAccounts(AgainstAccounts):
    """The same for each kommune."""

    least: Annotated[float, Field(ge=0)] = 0
    """Differences of less than this, in 1000 kr, are let pass."""


class Residual(Check):
    """What is left of the accounts when the parts that are known are taken away."""

    accounts: str
    """The indicator of what the accounts say."""
    less: list[str] = Field(min_length=1)
    """The indicators to take away."""
    most_percent: Percent
    """How far below zero it may be, in per cent of the accounts."""
    least: Annotated[float, Field(ge=0)] = 0
    """Negative values closer to zero than this, in 1000 kr, are let pass."""
    years: Annotated[int, Field(ge=0)] = 3
    """How many earlier years to show."""


class Change(Check):
    """Kommuner whose change stands out, by the method of Hidiroglou and Berthelot (1986)."""

    indicators: list[str] = Field(min_length=1)
    """The indicators to look at."""
    exponent: Annotated[float, Field(ge=0, le=1)] = 0.5
    """How much the size of a kommune counts (U): 0 not at all; 1 as much as it can."""
    width: Annotated[float, Field(gt=0)] = 5
    """How many quartile distances from the median are let pass (C)."""
    floor: Annotated[float, Field(ge=0)] = 0.05
    """The least quartile distance, as a share of the median effect (A)."""
    least_percent: Annotated[float, Field(ge=0)] = 10
    """Smaller changes are let pass, in per cent, however alike all others are."""
    least: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """By indicator: smaller changes, in its unit, are let pass."""


class MarchAgainstFinal(Check):
    """The country in March against the final figures of earlier years, the same kommuner."""

    indicators: list[str] = Field(min_length=1)
    """The indicators to look at."""
    most_percent: Annotated[float, Field(ge=0)]
    """The largest change from the final figures of the year before, in per cent."""
    years: Annotated[int, Field(ge=1)] = 3
    """How many earlier years to show."""


class ControlRules(Check):
    """How many records break each control rule."""

    rules: list[Literal["FATAL", "ERROR", "WARNING"]] = Field(min_length=1)
    """The severities of the rules that are looked at."""
    most_percent: Percent
    """The largest share of the form's records that may break a rule."""


class StillActive(Check):
    """Whether those who were in a programme at the end of last year are among this year's."""

    participants: str
    """The indicator of those who have taken part during the year."""
    active: str
    """The indicator of those who were still in the programme at the end of the year."""
    most_percent: Percent
    """How many of them may be lacking in a kommune, in per cent."""
    least: Annotated[float, Field(ge=0)] = 0
    """Fewer persons than this are let pass."""


class PopulationCheck(Check):
    """Whether the inhabitants that figures are divided by are those of the year."""

    whole: str
    """The indicator of all inhabitants."""
    parts: list[str] = Field(default_factory=list)
    """The indicators of groups of them; none may be larger than the whole, or nobody."""
    most_percent: Annotated[float, Field(ge=0)]
    """The largest change in the country since the year before, in per cent."""


class PopulationChange(Check):
    """Kommuner whose inhabitants have become many more or fewer in a year."""

    whole: str
    """The indicator of all inhabitants."""
    most_percent: Annotated[float, Field(ge=0)]
    """The largest change since the year before, in per cent."""
    least: Annotated[float, Field(ge=0)] = 0
    """Changes of fewer persons than this are let pass."""


class AllZero(Check):
    """Kommuner that have reported a form, and nothing but zeros in it."""

    none_is_likely: list[str] = Field(default_factory=list)
    """The datasets for which it is no wonder that a kommune reports that it had nobody."""


class Totals(Check):
    """Whether totals equal their parts in every cube, where all of them are shown."""


class MainFigures(Check):
    """How many main figures suppression hides: the first measure of each table, over its totals."""

    most_percent: Percent
    """The largest share of the kommuner (bydeler) whose main figure may be hidden."""
    most_percent_larger: Percent = 0
    """The same for larger regions: fylker, KOSTRA groups and the country."""


class Checks(Model):
    """The checks, in the order of the report; one that is left out is not made."""

    totals: Totals | None = None
    main_figures: MainFigures | None = None
    population: PopulationCheck | None = None
    population_kommune: PopulationChange | None = None
    f281_country: AgainstAccounts | None = None
    f281_kommune: KommuneAgainstAccounts | None = None
    other_benefits: Residual | None = None
    reporting_rate: ReportingRate | None = None
    all_zero: AllZero | None = None
    control_errors: ControlRules | None = None
    control_warnings: ControlRules | None = None
    change_from_last_year: Change | None = None
    change_from_march: Change | None = None
    march_against_final: MarchAgainstFinal | None = None
    still_active: StillActive | None = None


class Quality(Model):
    """The file `quality.yaml`."""

    indicators: dict[Name, Indicator] = Field(default_factory=dict)
    """Each indicator by its name."""
    checks: Checks = Checks()
    """The checks."""


def indicator_names(check: Check) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The indicators that a check names: (place in it, name)."""
    for key in ("paid", "accounts", "participants", "active", "whole", "inhabitants"):
        if name := getattr(check, key, None):
            yield (key,), name
    for key in ("less", "indicators", "parts"):
        for number, name in enumerate(getattr(check, key, ())):
            yield (key, number), name
    least = getattr(check, "least", None)
    for name in least if isinstance(least, dict) else ():
        yield ("least", name), name


def money_names(check: Check) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The indicators that a check names and that must be amounts of money."""
    if isinstance(check, AgainstAccounts | Residual):
        yield from indicator_names(check)
