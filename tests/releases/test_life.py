"""Built, approved, released, withdrawn: who may take which step, and what is seen then."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.releases import life
from kostra_publish.releases.folders import LOG
from kostra_publish.releases.life import standings, verify
from kostra_publish.releases.log import read_log
from kostra_publish.releases.verdict import quality_verdict
from tests.releases.lives import (
    approved,
    audited,
    build,
    build_round,
    current,
    just_before,
    released,
    shown,
    states,
    withdrawn,
)
from tests.schedule import NOW, a_round


def test_a_release_is_built_approved_and_released(tmp_path: Path) -> None:
    build(tmp_path, "2026-03")
    assert (states(tmp_path), current(tmp_path)) == ({"2026-03": "built"}, None)
    approved(tmp_path, "2026-03")
    assert (states(tmp_path), current(tmp_path)) == ({"2026-03": "approved"}, None)
    released(tmp_path, "2026-03")
    assert (states(tmp_path), current(tmp_path)) == ({"2026-03": "released"}, "2026-03")
    lines = read_log(tmp_path).lines
    assert [line.step for line in lines] == ["built", "audited", "approved", "released"]
    assert lines[2].by == "Kari Nordmann"
    assert len({line.manifest_sha256 for line in lines}) == 1


def test_the_same_release_built_again_is_the_one_in_the_log(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03")
    build(tmp_path, "2026-03")
    released(tmp_path, "2026-03")
    assert [line.step for line in read_log(tmp_path).lines].count("built") == 1


def test_another_release_of_that_name_is_not_approved(tmp_path: Path) -> None:
    build(tmp_path, "2026-03")
    approved(tmp_path, "2026-03")
    build(tmp_path, "2026-03", "other figures")
    assert states(tmp_path) == {"2026-03": "built"}
    with pytest.raises(ReleaseError, match="2026-03 is built, not approved"):
        released(tmp_path, "2026-03")


def test_a_released_folder_is_never_edited(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03")
    with pytest.raises(ReleaseError, match="never edited") as caught:
        build(tmp_path, "2026-03", "other figures")
    assert "2026-03.1" in caught.value.fix
    assert verify(tmp_path / "2026-03") == []


# --- what keeps a release back ----------------------------------------------------------


@pytest.mark.parametrize("name", ["2026-03", "2026-06"])
def test_before_its_hour_a_release_is_under_embargo(tmp_path: Path, name: str) -> None:
    build(tmp_path, name)
    approved(tmp_path, name)
    with pytest.raises(
        ReleaseError, match=r"under embargo until 2026-0[36]-1[56] 08:00 Europe/Oslo"
    ):
        released(tmp_path, name, just_before(name))
    assert (states(tmp_path), current(tmp_path)) == ({name: "approved"}, None)
    released(tmp_path, name, a_round(name).updated)
    assert current(tmp_path) == name


def test_a_release_that_nobody_has_approved_stays(tmp_path: Path) -> None:
    build(tmp_path, "2026-03")
    with pytest.raises(ReleaseError, match="not approved") as caught:
        released(tmp_path, "2026-03")
    assert "approve 2026-03" in caught.value.fix


def test_without_an_audit_nothing_is_approved(tmp_path: Path) -> None:
    build(tmp_path, "2026-03")
    with pytest.raises(ReleaseError, match="has not been audited"):
        life.approve(standings(tmp_path), "2026-03", NOW, "Kari Nordmann")


def test_with_a_failed_audit_nothing_is_approved_nor_released(tmp_path: Path) -> None:
    build(tmp_path, "2026-03")
    with pytest.raises(ReleaseError, match="the audit of 2026-03 found 2 violations"):
        approved(tmp_path, "2026-03", violations=2)
    approved(tmp_path, "2026-03")
    # Whatever was approved before: the newest audit counts.
    audited(tmp_path, "2026-03", violations=1)
    with pytest.raises(ReleaseError, match="found 1 violation"):
        released(tmp_path, "2026-03")
    assert current(tmp_path) is None


def test_blocking_checks_are_read_from_the_quality_report(tmp_path: Path) -> None:
    folder = build(tmp_path, "2026-03", failed=("regnskap",))
    assert [one.name for one in quality_verdict(folder).failed_blocking] == ["regnskap"]
    assert quality_verdict(build(tmp_path, "2026-06")).failed_blocking == ()
    (folder / "internal/quality.json").write_text('{"checks": []}', encoding="utf-8")
    with pytest.raises(ReleaseError, match="has been altered"):
        quality_verdict(folder)


def test_what_does_not_carry_on_what_is_seen_is_not_released(tmp_path: Path) -> None:
    build(tmp_path, "2026-03")
    build(tmp_path, "2026-06")
    approved(tmp_path, "2026-06")
    with pytest.raises(ReleaseError, match="carries on the figures of 2026-03, but none") as caught:
        released(tmp_path, "2026-06")
    assert "Release 2026-03 first" in caught.value.fix
    approved(tmp_path, "2026-03")
    released(tmp_path, "2026-03")
    released(tmp_path, "2026-06")
    assert current(tmp_path) == "2026-06"


def test_a_round_of_before_is_not_put_on_top(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03")
    build(tmp_path, "2025-06")
    approved(tmp_path, "2025-06")
    with pytest.raises(ReleaseError, match="carries on the figures of no release, but 2026-03 is"):
        released(tmp_path, "2025-06")


def test_a_release_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    build(tmp_path, "2026-03")
    with pytest.raises(UsageError, match="there is no release 2026-06") as caught:
        approved(tmp_path, "2026-06")
    assert caught.value.fix == "There are 2026-03."


# --- withdrawn --------------------------------------------------------------------------


def test_a_release_that_is_withdrawn_gives_way_to_the_one_before(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03", "2026-06")
    found = withdrawn(tmp_path, "2026-06")
    assert (states(tmp_path)["2026-06"], current(tmp_path)) == ("withdrawn", "2026-03")
    assert read_log(tmp_path).lines[-1].reason == "Oslo is wrong"
    later = a_round("2027-03")
    assert found.previous(later.order) == found.get("2026-03")
    # It has been seen: what it showed is known.
    assert [one.name for one in found.beside(later.order, 2025)] == ["2026-03", "2026-06"]
    with pytest.raises(ReleaseError, match="withdrawn already"):
        released(tmp_path, "2026-06")


def test_what_nobody_has_seen_can_be_withdrawn_and_built_anew(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03")
    build(tmp_path, "2026-06")
    found = withdrawn(tmp_path, "2026-06")
    assert [one.name for one in found.beside(a_round("2027-03").order, 2025)] == ["2026-03"]
    build(tmp_path, "2026-06")
    assert states(tmp_path)["2026-06"] == "built"
    approved(tmp_path, "2026-06")
    released(tmp_path, "2026-06")
    assert (states(tmp_path)["2026-06"], current(tmp_path)) == ("released", "2026-06")
    # What the log says is what the next run goes by.
    build(tmp_path, "2027-03")
    assert current(tmp_path) == "2026-06"
    withdrawn(tmp_path, "2027-03")
    withdrawn(tmp_path, "2026-06")
    assert (states(tmp_path)["2026-06"], current(tmp_path)) == ("withdrawn", "2026-03")


def test_what_later_releases_carry_on_is_not_withdrawn(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03", "2026-06")
    with pytest.raises(ReleaseError, match="2026-06 carries on the figures of 2026-03"):
        withdrawn(tmp_path, "2026-03")


def test_the_first_release_withdrawn_leaves_nothing_current(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03")
    withdrawn(tmp_path, "2026-03")
    assert current(tmp_path) is None


# --- order ------------------------------------------------------------------------------


def test_releases_stand_in_order_of_their_hours_corrections_too(tmp_path: Path) -> None:
    shown(tmp_path, "2024-06", "2025-06", "2026-03")
    late = replace(
        a_round("2025-06"),
        name="2025-06.1",
        published_at=a_round("2026-03").updated.replace(day=20),
    )
    build_round(tmp_path, late)
    names = [one.name for one in standings(tmp_path).releases]
    assert names == ["2024-06", "2025-06", "2026-03", "2025-06.1"]
    assert standings(tmp_path).get("2025-06.1").manifest.previous is not None
    approved(tmp_path, "2025-06.1")
    released(tmp_path, "2025-06.1")
    june = a_round("2026-06")
    found = standings(tmp_path)
    assert found.previous(june.order) == found.get("2025-06.1")
    assert [one.name for one in found.beside(june.order, 2025)] == ["2026-03"]


def test_a_released_release_that_was_moved_away_is_missed(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03")
    (tmp_path / "2026-03").rename(tmp_path / "elsewhere")
    found = standings(tmp_path)
    with pytest.raises(ReleaseError, match="2026-03 has been released, but is not in"):
        found.beside(a_round("2026-06").order, 2025)
    assert found.beside(a_round("2027-06").order, 2026) == []


# --- the log is put right before the next line --------------------------------------------


@pytest.mark.parametrize("left", ["half a line", "no line break"])
def test_a_line_that_was_not_ended_is_mended_once(tmp_path: Path, left: str) -> None:
    shown(tmp_path, "2026-03")
    path = tmp_path / LOG
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:100] if left == "half a line" else whole[:-1])
    # The run mends it when it starts, and writes its own line after that.
    build(tmp_path, "2026-06")
    assert path.read_bytes().startswith(whole)
    assert [line.step for line in read_log(tmp_path).lines][-2:] == ["released", "built"]
    found = standings(tmp_path)
    life.mend(found)
    life.log_audited(found, "2026-06", NOW, 0, [])
    assert len(read_log(tmp_path).lines) == 6


@pytest.mark.parametrize("left", ["half a line", "no line break"])
def test_one_reading_of_the_log_mends_and_goes_on(tmp_path: Path, left: str) -> None:
    build(tmp_path, "2026-03")
    path = tmp_path / LOG
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:100] if left == "half a line" else whole[:-1])
    found = standings(tmp_path)
    life.mend(found)
    assert path.read_bytes() == whole
    life.log_audited(found, "2026-03", NOW, 0, [])
    assert [line.step for line in read_log(tmp_path).lines] == ["built", "audited"]
    assert path.read_bytes().startswith(whole)


# --- current follows the log ------------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, "2026-03"])
def test_current_is_put_right_by_the_next_run(tmp_path: Path, wrong: str | None) -> None:
    shown(tmp_path, "2026-03", "2026-06")
    (tmp_path / "current").unlink()
    if wrong:
        (tmp_path / "current").symlink_to(wrong)
    build(tmp_path, "2026-06")
    assert current(tmp_path) == "2026-06"


def test_a_current_that_the_log_does_not_know_stops_every_step(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03")
    (tmp_path / LOG).unlink()
    with pytest.raises(ReleaseError, match="does not say that it was released"):
        build(tmp_path, "2026-03", "other figures")
    assert verify(tmp_path / "2026-03") != []


def test_what_everybody_sees_must_be_in_its_place(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03", "2026-06")
    (tmp_path / "2026-06").rename(tmp_path / "elsewhere")
    with pytest.raises(ReleaseError, match="2026-06 is what everybody sees, but it is not in"):
        build(tmp_path, "2027-03")
    assert current(tmp_path) == "2026-06"


def test_a_folder_under_another_name_is_no_release(tmp_path: Path) -> None:
    build(tmp_path, "2026-03")
    (tmp_path / "2026-03").rename(tmp_path / "2026-06")
    with pytest.raises(ReleaseError, match="is the release 2026-03"):
        standings(tmp_path)
    assert verify(tmp_path / "2026-06") != []
    (tmp_path / "2026-06").rename(tmp_path / "2026-03")
    (tmp_path / "2026-06").symlink_to(tmp_path / "2026-03")
    with pytest.raises(ReleaseError, match="is a link"):
        standings(tmp_path)


def test_a_release_that_the_log_has_not_heard_of_is_built(tmp_path: Path) -> None:
    build(tmp_path, "2026-03")
    (tmp_path / LOG).unlink()
    assert states(tmp_path) == {"2026-03": "built"}
    life.log_built(standings(tmp_path), "2026-03", NOW)
    assert [line.step for line in read_log(tmp_path).lines] == ["built"]


# --- proof ------------------------------------------------------------------------------


def test_a_release_and_its_log_verify(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03", "2026-06")
    assert verify(tmp_path / "2026-03") == verify(tmp_path / "2026-06") == []


def test_one_altered_byte_anywhere_is_found(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03")
    folder = tmp_path / "2026-03"
    files = [path for path in folder.rglob("*") if path.is_file()] + [tmp_path / LOG]
    assert len(files) == 4
    for path in files:
        whole = path.read_bytes()
        for place in range(0, len(whole), 7):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert verify(folder), (path, place)
        path.write_bytes(whole)
    assert verify(folder) == []


def test_another_release_in_its_place_is_found(tmp_path: Path) -> None:
    shown(tmp_path / "one", "2026-03")
    build(tmp_path / "other", "2026-03", "other figures")
    shutil.rmtree(tmp_path / "one" / "2026-03")
    shutil.move(tmp_path / "other" / "2026-03", tmp_path / "one" / "2026-03")
    [finding] = verify(tmp_path / "one" / "2026-03")
    assert "is not what was released" in finding.rule


def test_a_release_that_was_made_upon_another_one_is_found(tmp_path: Path) -> None:
    build(tmp_path, "2026-03")
    build(tmp_path, "2026-06")
    build(tmp_path, "2026-03", "other figures")
    assert {finding.rule for finding in verify(tmp_path / "2026-06")} == {
        "it was made with another 2026-03 than the one that is there"
    }


def test_lines_taken_from_the_end_of_the_log_are_missed(tmp_path: Path) -> None:
    shown(tmp_path, "2026-03")
    lines = (tmp_path / LOG).read_bytes().splitlines(keepends=True)
    (tmp_path / LOG).write_bytes(b"".join(lines[:-1]))
    [finding] = verify(tmp_path / "2026-03")
    assert "the log does not say that it was released" in finding.rule
