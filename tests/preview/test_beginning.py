"""Which round is shown when none is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kostra_publish.errors import UsageError
from kostra_publish.preview.beginning import first_draft
from tests.few_specs import SPECS
from tests.releases import lives


def data_of(folder: Path, *years: int) -> str:
    folder.mkdir()
    (folder / "notes.txt").write_text("nothing", encoding="utf-8")
    for year in years:
        (folder / f"skjema11_p{year}_v1.parquet").write_bytes(b"")
    return str(folder)


@pytest.mark.parametrize(
    ("seen", "built", "years", "wanted"),
    [
        # What follows on what everybody sees.
        (["2025-06"], [], [2024, 2025], "2026-03"),
        (["2025-06", "2026-03"], [], [2025], "2026-06"),
        (["2025-06"], ["2026-03"], [2025], "2026-03"),
        # It has no data yet: what was built last.
        (["2025-06"], [], [2024], "2025-06"),
        (["2025-06"], ["2026-03"], [2024], "2026-03"),
        # Nobody has seen anything: what was built last.
        ([], ["2025-06"], [2025], "2025-06"),
        # Nothing is built: the first round of the newest data.
        ([], [], [2024, 2025], "2026-03"),
        ([], [], [2024], "2025-03"),
    ],
)
def test_the_next_round_is_the_first_that_is_not_out_and_has_data(
    tmp_path: Path, seen: Sequence[str], built: Sequence[str], years: Sequence[int], wanted: str
) -> None:
    out = tmp_path / "out"
    lives.shown(out, *seen)
    for name in built:
        lives.build(out, name)
    found = first_draft(SPECS, out, data_of(tmp_path / "data", *years))
    assert found.release.round.name == wanted


def test_a_named_round_is_shown_with_its_tables_and_no_figure(tmp_path: Path) -> None:
    found = first_draft(SPECS, tmp_path / "out", "nowhere", "2026-03")
    assert found.release.round.name == "2026-03"
    assert found.tables
    assert all(found.release.round.publishes(table) for table in found.tables)
    assert (found.cubes, found.previous, found.previous_name, found.version) == ({}, {}, None, 0)


@pytest.mark.parametrize("data", ["nowhere", "https://example.org/"])
def test_without_releases_and_data_a_round_must_be_named(tmp_path: Path, data: str) -> None:
    with pytest.raises(UsageError, match="no round is the next one") as raised:
        first_draft(SPECS, tmp_path, data)
    assert "Name a round" in raised.value.fix
    with pytest.raises(UsageError, match="2026-13"):
        first_draft(SPECS, tmp_path, data, "2026-13")
