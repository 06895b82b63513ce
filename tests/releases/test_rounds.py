from datetime import UTC, datetime

import pytest

from kostra_publish.errors import UsageError
from kostra_publish.releases.rounds import ReleaseFacts, Round, utc

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


@pytest.mark.parametrize("row", PUBLISHED.split("\n")[2:-1])
def test_a_round_is_on_the_15th_or_the_monday_after_a_weekend_at_eight_in_oslo(row: str) -> None:
    name, day, moment = row.split()
    at = Round.parse(name).published_at
    assert at.strftime("%Y-%m-%d %H:%M %Z") == f"{day} 08:00 {'CET' if '-03-' in day else 'CEST'}"
    assert utc(at) == moment
    assert utc(Round.parse(name).updated) == moment


def test_no_round_is_ever_in_a_weekend_or_before_the_15th() -> None:
    for year in range(2000, 2100):
        for month in (3, 6):
            at = Round(year, month).published_at
            assert at.weekday() < 5
            assert 15 <= at.day <= 17


def test_a_march_round_publishes_preliminary_figures_of_the_year_before() -> None:
    march = Round.parse("2026-03")
    assert (march.name, march.kind, march.vintage, march.preliminary) == (
        "2026-03",
        "march",
        2025,
        True,
    )
    assert str(march) == "2026-03"


def test_a_june_round_publishes_final_figures_of_the_year_before() -> None:
    june = Round.parse("2026-06")
    assert (june.kind, june.vintage, june.preliminary) == ("june", 2025, False)


def test_march_is_followed_by_june_and_june_by_march() -> None:
    march = Round.parse("2026-03")
    assert march.following().name == "2026-06"
    assert march.following().following().name == "2027-03"
    assert march.next_update == datetime(2026, 6, 15, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "kinds", "following"),
    [
        ("2026-03", ["june"], "2026-06"),
        ("2026-06", ["june"], "2027-06"),
        ("2026-06", ["march"], "2027-03"),
        ("2026-03", ["march"], "2027-03"),
    ],
)
def test_a_table_is_next_updated_in_a_round_that_publishes_it(
    name: str, kinds: list[str], following: str
) -> None:
    assert Round.parse(name).following(kinds).name == following  # type: ignore[arg-type]


def test_rounds_sort_by_time() -> None:
    names = ["2026-06", "2025-06", "2026-03"]
    assert [r.name for r in sorted(map(Round.parse, names))] == ["2025-06", "2026-03", "2026-06"]


def test_a_release_is_updated_when_its_round_is_published() -> None:
    release = ReleaseFacts(Round.parse("2026-03"))
    assert utc(release.updated) == "2026-03-16T07:00:00Z"
    assert utc(release.next_update) == "2026-06-15T06:00:00Z"


@pytest.mark.parametrize(
    "name", ["2026-04", "2026", "2026-3", "26-03", "2026-13", "march", "", "2026-03 ", "1026-03"]
)
def test_what_is_not_a_round_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(UsageError, match="there is no round") as caught:
        Round.parse(name)
    assert caught.value.fix == "Name a round by year and month, March or June: 2026-03 or 2026-06."


def test_final_figures_come_in_june() -> None:
    assert Round(2026, 3).final == Round(2026, 6).final == Round(2026, 6)
