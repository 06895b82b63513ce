"""The calendar: when rounds come out, and what each of them publishes."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from kostra_publish.errors import UsageError
from kostra_publish.releases.rounds import ReleaseFacts, Schedule, utc
from kostra_publish.specs.calendar import Calendar
from tests.cubes import measure, table
from tests.schedule import CALENDAR, SCHEDULE, a_round, release_facts

# The first three were observed on the statbank; the others follow from the calendar.
PUBLISHED = """
round    day         utc
2024-06  2024-06-17  2024-06-17T06:00:00Z
2025-03  2025-03-17  2025-03-17T07:00:00Z
2026-06  2026-06-15  2026-06-15T06:00:00Z
2021-03  2021-03-15  2021-03-15T07:00:00Z
2026-03  2026-03-16  2026-03-16T07:00:00Z
2025-06  2025-06-16  2025-06-16T06:00:00Z
"""
NAME = {"nb": "navn", "nn": "namn", "en": "name"}


def schedule(**changes: object) -> Schedule:
    """The calendar, with some keys changed."""
    content: dict[str, Any] = CALENDAR.model_dump()
    return Schedule(Calendar.model_validate(content | changes))


@pytest.mark.parametrize("row", PUBLISHED.split("\n")[2:-1])
def test_a_round_is_on_the_15th_or_the_monday_after_a_weekend_at_eight_in_oslo(row: str) -> None:
    name, day, moment = row.split()
    at = a_round(name).published_at
    assert at.strftime("%Y-%m-%d %H:%M %Z") == f"{day} 08:00 {'CET' if '-03-' in day else 'CEST'}"
    assert utc(at) == moment
    assert utc(a_round(name).updated) == moment


def test_no_yearly_round_is_ever_in_a_weekend_or_before_the_15th() -> None:
    for year in range(2011, 2100):
        for month in (3, 6):
            at = a_round(f"{year}-{month:02}").published_at
            assert at.weekday() < 5
            assert 15 <= at.day <= 17


@pytest.mark.parametrize(
    ("weekend", "day"), [("monday", 17), ("friday", 14), ("stay", 15)]
)  # 15 June 2024 is a Saturday.
def test_the_rule_for_weekends_is_the_calendars(weekend: str, day: int) -> None:
    kind = {"name": NAME, "figures": "final", "month": 6, "day": 15, "weekend": weekend}
    found = schedule(kinds={"june": kind}, rounds=[]).round("2024-06")
    assert found.published_at.date() == date(2024, 6, day)


def test_a_friday_before_a_sunday_is_two_days_earlier() -> None:
    kind = {"name": NAME, "figures": "final", "month": 6, "day": 15, "weekend": "friday"}
    found = schedule(kinds={"june": kind}, rounds=[]).round("2025-06")
    assert found.published_at.date() == date(2025, 6, 13)


def test_a_march_round_publishes_preliminary_figures_of_the_year_before() -> None:
    march = a_round("2026-03")
    assert (march.name, march.kind, march.vintage) == ("2026-03", "march", 2025)
    assert march.preliminary
    assert march.final_day == date(2026, 6, 15)
    assert str(march) == "2026-03"


def test_a_june_round_publishes_final_figures_of_the_year_before() -> None:
    june = a_round("2026-06")
    assert (june.kind, june.vintage, june.preliminary, june.final_day) == (
        "june",
        2025,
        False,
        None,
    )


@pytest.mark.parametrize(
    ("name", "kinds", "following"),
    [
        ("2026-03", ["march", "june"], "2026-06-15"),
        ("2026-06", ["march", "june"], "2027-03-15"),
        ("2026-03", ["june"], "2026-06-15"),
        ("2026-06", ["june"], "2027-06-15"),
        ("2026-03", ["march"], "2027-03-15"),
        # Those that are dated by themselves come in between.
        ("2023-06", ["june", "kvp"], "2023-09-05"),
        ("2023-09-kvp", ["march", "june", "kvp"], "2024-03-15"),
        ("2023-09-kvp", ["kvp"], "2024-10-10"),
        ("2024-10-kvp", ["kvp"], None),
    ],
)
def test_a_table_is_next_updated_in_a_round_that_publishes_it(
    name: str, kinds: list[str], following: str | None
) -> None:
    of_them = table("13995", rounds=kinds, first_vintage=2015)
    found = release_facts(name).next_update_of(of_them)
    assert (found.date().isoformat() if found else None) == following


def test_a_round_that_names_its_tables_is_their_next_update_and_no_others() -> None:
    one = {"round": "2026-08-fag", "kind": "fag", "date": "2026-08-20", "tables": ["13995"]}
    made = schedule(rounds=[one])
    release = ReleaseFacts(made.round("2026-06"), made)
    named, other = table("13995"), table("14019", rounds=["march", "june", "fag"])
    last = table("12131", last_vintage=2025)
    days = [release.next_update_of(each) for each in (named, other, last)]
    assert [day.date().isoformat() if day else None for day in days] == [
        "2026-08-20",
        "2027-03-15",
        None,
    ]


def test_the_final_day_is_that_of_the_first_final_round_wherever_it_was_moved() -> None:
    one = {"round": "2025-06", "kind": "june", "date": "2026-04-01"}
    assert schedule(rounds=[one]).round("2026-03").final_day == date(2026, 6, 15)
    assert schedule(rounds=[one]).round("2025-03").final_day == date(2026, 4, 1)


def test_a_release_is_updated_when_its_round_is_published() -> None:
    release = release_facts("2026-03")
    assert utc(release.updated) == "2026-03-16T07:00:00Z"
    assert release.next_update is not None
    assert utc(release.next_update) == "2026-06-15T06:00:00Z"


@pytest.mark.parametrize(
    "name",
    ["2026-04", "2026", "2026-3", "26-03", "2026-13", "march", "", "2026-03 ", "2026-1-kvp"],
)
def test_what_is_not_a_round_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(UsageError, match="there is no round") as caught:
        a_round(name)
    assert "2026-03 or 2026-06" in caught.value.fix


# --- rounds that are dated by themselves ------------------------------------------------


def test_a_yearly_round_can_be_moved() -> None:
    assert a_round("2009-06").published_at.date() == date(2009, 7, 9)
    assert a_round("2009-06").vintage == 2008


def test_a_round_of_its_own_has_its_own_day_and_vintage() -> None:
    one = {"round": "2023-11-kvp", "kind": "kvp", "date": "2023-11-07", "vintage": 2021}
    found = schedule(rounds=[one]).round("2023-11-kvp")
    assert (found.kind, found.vintage, found.preliminary) == ("kvp", 2021, False)
    assert utc(found.updated) == "2023-11-07T07:00:00Z"


def test_national_figures_only() -> None:
    found = a_round("2020-07-landstall")
    assert (found.vintage, found.published_at.date()) == (2019, date(2020, 7, 3))
    assert found.limits.has_region("land")
    assert not found.limits.has_region("kommune")
    in_it, without_country = (
        table("13995", rounds=["landstall"], regions=[kind], first_vintage=2015)
        for kind in ("land", "bydel")
    )
    assert found.publishes(in_it)
    assert not found.publishes(without_country)


def test_a_round_may_publish_some_measures_of_a_table() -> None:
    found = a_round("2010-06")
    measures = {code: measure(code) for code in ("KOSkvpdelt0000", "KOSkvpgjmnd0000")}
    published = {
        (name, code)
        for name in ("kvp-deltakere", "13995")
        for code, one in measures.items()
        if found.limits.has_measure(table(name, list(measures.values())), one, found.kind)
    }
    every = {(name, code) for name in ("kvp-deltakere", "13995") for code in measures}
    assert every - published == {("kvp-deltakere", "KOSkvpgjmnd0000")}


def test_a_round_may_name_its_tables() -> None:
    one = {"round": "2026-08-ekstra", "kind": "ekstra", "date": "2026-08-20", "tables": ["13995"]}
    found = schedule(rounds=[one]).round("2026-08-ekstra")
    named, other = table("13995", [measure("n")]), table("14019", [measure("n")])
    assert found.publishes(named)
    assert not found.publishes(other)
    june = measure("n", rounds=["june"])
    assert found.limits.has_measure(named, june, "ekstra")
    assert not found.limits.has_measure(other, june, "ekstra")


# --- corrections ------------------------------------------------------------------------

CORRECTION = {
    "release": "2026-06.1",
    "date": "2026-09-01",
    "reason": {"nb": "Feil i tall fra Sola.", "nn": "Feil i tal frå Sola.", "en": "Wrong: Sola."},
    "tables": ["13995"],
}


def test_a_correction_is_its_round_on_another_day() -> None:
    found = schedule(corrections=[CORRECTION]).round("2026-06.1")
    june = a_round("2026-06")
    assert (found.name, found.kind, found.vintage) == ("2026-06.1", june.kind, june.vintage)
    assert utc(found.updated) == "2026-09-01T06:00:00Z"
    assert found.correction is not None
    assert found.correction.round == "2026-06"
    assert found.publishes(table("13995", [measure("n")]))
    assert not found.publishes(table("14019", [measure("n")]))


def test_a_correction_that_nobody_has_dated_is_refused() -> None:
    with pytest.raises(UsageError, match=r"has no correction 2026-06.1") as caught:
        a_round("2026-06.1")
    assert "rounds.yaml" in caught.value.fix


def test_rounds_and_corrections_stand_in_order_of_their_hours() -> None:
    first, last = datetime(2023, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
    found = schedule(corrections=[CORRECTION]).between(first, last)
    assert [one.name for one in found] == [
        "2023-03", "2023-06", "2023-09-kvp", "2024-03", "2024-06", "2024-10-kvp", "2025-03",
        "2025-06", "2026-03", "2026-06", "2026-06.1",
    ]  # fmt: skip
    assert SCHEDULE.between(last, first) == []
