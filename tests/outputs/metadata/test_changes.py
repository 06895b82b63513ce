"""What came with a release, told to programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.metadata.changes import changes
from kostra_publish.releases.rounds import ReleaseFacts, Schedule
from kostra_publish.specs.calendar import Calendar
from tests.cubes import catalogue, cube, dimensions, facts, sample, table
from tests.outputs.metadata.described import corrected, document, files, unconfirmed, unmarked
from tests.outputs.test_jsonstat import real, real_cube
from tests.schedule import CALENDAR

SCHEMA = json.loads(Path("docs/changes.schema.json").read_text(encoding="utf-8"))


def validate(content: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(content)


def correcting() -> ReleaseFacts:
    """A correction of the round of March, with its own calendar."""
    told = CALENDAR.model_dump(mode="json")
    told["corrections"] = [
        {
            "release": "2026-03.1",
            "date": "2026-04-01",
            "reason": {"nb": "Telt to ganger.", "nn": "Tald to gonger.", "en": "Counted twice."},
            "tables": ["13995"],
        }
    ]
    schedule = Schedule(Calendar.model_validate(told))
    return ReleaseFacts(schedule.round("2026-03.1"), schedule)


def years(content: dict[str, Any]) -> dict[str, str]:
    return {one["vintage"]: one["change"] for one in content["tables"][0]["vintages"]}


def of_rounds(*rounds: str | None, replaces: str | None = None) -> SafeCube:
    """A table whose years came in these rounds, the last of which replaced another."""
    spec, first = table(), 2026 - len(rounds)
    found = [facts(first + n, **({"round": name} if name else {})) for n, name in enumerate(rounds)]
    found[-1] = found[-1].model_copy(update={"replaces": replaces})
    return cube(spec, dimensions(spec, [one.vintage for one in found]), found)


@pytest.mark.parametrize(
    "of", [sample(), unmarked(), unconfirmed(), corrected()],
    ids=["marked", "unmarked", "unconfirmed", "corrected"],
)  # fmt: skip
def test_every_document_fits_its_schema(of: SafeCube) -> None:
    validate(document("changes", of))


def test_every_real_table_fits_it_and_so_does_a_correction() -> None:
    cubes = [*map(real_cube, real().tables)]
    [data] = files("changes", cubes, real()).values()
    validate(json.loads(data))
    found = changes([corrected()], catalogue(), correcting())
    validate(found)
    assert found["correction"]["round"] == "2026-03"
    assert found["correction"]["reason"]["en"] == "Counted twice."


def test_the_schema_leaves_no_room_for_a_figure() -> None:
    content = document("changes", sample())
    content["tables"][0]["cells"] = 7
    assert not Draft202012Validator(SCHEMA).is_valid(content)


def test_years_are_new_replaced_or_as_they_were() -> None:
    assert years(document("changes", of_rounds(None, "2026-03"))) == {
        "2024": "unchanged",
        "2025": "new",
    }
    found = document("changes", of_rounds("2026-03", replaces="2025-06"))
    assert years(found) == {"2025": "replaced"}
    assert found["tables"][0]["vintages"][0]["replaces"] == "2025-06"


def test_what_a_correction_published_is_corrected() -> None:
    whole = of_rounds("2026-03", "2026-03.1", replaces="2026-03")
    assert years(changes([whole], catalogue(), correcting())) == {
        "2024": "unchanged",
        "2025": "corrected",
    }


def test_why_figures_were_corrected_is_told_with_them() -> None:
    [*_, newest] = document("changes", corrected())["tables"][0]["vintages"]
    assert newest["corrections"][0]["day"] == "2026-04-01"
    assert newest["corrections"][0]["reason"]["nb"] == "A form was counted twice."


def test_the_release_says_when_it_came_when_the_next_comes_and_its_marks() -> None:
    found = document("changes", sample())
    assert (found["release"], found["vintage"], found["preliminary"]) == ("2026-03", "2025", True)
    assert found["published"] == "2026-03-16T07:00:00Z"
    assert found["nextUpdate"] == found["tables"][0]["nextUpdate"] == "2026-06-15T06:00:00Z"
    assert found["synthetic"]
    assert found["tables"][0]["vintages"][-1]["finalDay"] == "2026-06-15"
    assert not document("changes", unmarked())["synthetic"]
