"""The calendar of the project's own specs, for tests that need a round."""

from datetime import UTC, datetime
from pathlib import Path

from kostra_publish.releases.rounds import ReleaseFacts, Round, Schedule
from kostra_publish.specs import yaml_text
from kostra_publish.specs.calendar import Calendar

CALENDAR = Calendar.model_validate(
    yaml_text.read(Path(__file__).parents[1] / "table_specs" / "rounds.yaml").content
)
SCHEDULE = Schedule(CALENDAR)
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
"""When tests run: the rounds of 2026 are out."""


def a_round(name: str) -> Round:
    return SCHEDULE.round(name)


def release_facts(name: str) -> ReleaseFacts:
    return ReleaseFacts(a_round(name), SCHEDULE)
