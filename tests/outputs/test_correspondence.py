"""The table of kommuner that changed, for those who join series."""

import json
from typing import Any

from kostra_publish.outputs.correspondence import FILE, write_correspondence
from tests.cubes import catalogue, sample
from tests.schedule import release_facts

RELEASE = release_facts("2026-03")


def changes(*vintages: int) -> list[dict[str, Any]]:
    cubes = [sample(vintages=list(vintages))] if vintages else []
    [(path, data)] = write_correspondence(cubes, catalogue(), RELEASE)
    assert path == FILE
    found: list[dict[str, Any]] = json.loads(data)["changes"]
    return found


def test_a_new_code_is_told_from_a_split() -> None:
    found = {(one["from"], one["to"]): one for one in changes(2023, 2024)}
    assert found["3002", "3103"] == {
        "year": 2024, "from": "3002", "fromName": "Moss", "to": "3103", "toName": "Moss",
        "sameArea": True,
    }  # fmt: skip
    parts = [found["1507", "1508"], found["1507", "1580"]]
    assert [(part["toName"], part["sameArea"]) for part in parts] == [
        ("Ålesund", False),
        ("Haram", False),
    ]


def test_changes_after_the_newest_figures_are_not_told_yet() -> None:
    assert changes(2022, 2023) == []
    assert changes() == []
