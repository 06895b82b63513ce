"""The delivery log: chained as the log of releases is; it decides which version is next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kostra_publish.errors import ReleaseError
from kostra_publish.nav.delivery_log import LOG, DeliveryLog, Entry, Line, next_version, read

TIME = datetime(2026, 3, 16, 9, 30, tzinfo=UTC)


def entry(version: int, data: str, delivery: str = "soshjelp-nav", year: int = 2025) -> Entry:
    return Entry(
        time=TIME,
        step="sealed",
        package=f"{delivery}_p{year}_v{version}",
        delivery=delivery,
        version=version,
        release="2026-03",
        year=year,
        content_sha256=data * 64,
        data_sha256=data * 64,
        file_sha256=data * 64,
        recipients=("age1a", "age1b"),
        signer="95E7225DA3E999FA",
        by="Kåre Ødegård",
    )


def in_memory(*entries: Entry) -> DeliveryLog:
    log = DeliveryLog(Path(LOG), ())
    for one in entries:
        line = Line(**log.place(), **dict(one))
        log = DeliveryLog(log.path, (*log.lines, line))
    return log


def test_lines_read_back_as_they_were_written(tmp_path: Path) -> None:
    assert read(tmp_path).lines == ()
    log = read(tmp_path).append(entry(1, "a")).append(entry(2, "b"))
    assert read(tmp_path) == log
    assert [line.version for line in log.of("soshjelp-nav_p2025_v2", "sealed")] == [2]
    assert log.of("soshjelp-nav_p2025_v2", "received") == []
    assert "Kåre Ødegård" in (tmp_path / LOG).read_text(encoding="utf-8")


def test_any_altered_byte_is_found(tmp_path: Path) -> None:
    read(tmp_path).append(entry(1, "a")).append(entry(2, "b"))
    whole = (tmp_path / LOG).read_bytes()
    for place in range(len(whole) - 1):
        changed = bytearray(whole)
        changed[place] ^= 1
        (tmp_path / LOG).write_bytes(changed)
        with pytest.raises(ReleaseError, match=LOG):
            read(tmp_path)


def test_half_a_line_is_cut_off_by_the_next(tmp_path: Path) -> None:
    read(tmp_path).append(entry(1, "a"))
    path = tmp_path / LOG
    path.write_bytes(path.read_bytes() + path.read_bytes()[:50])
    log = read(tmp_path)
    assert (len(log.lines), log.torn) == (1, 50)
    log.append(entry(2, "b"))
    assert [line.version for line in read(tmp_path).lines] == [1, 2]


def test_the_same_data_are_the_same_version_and_others_the_next() -> None:
    log = in_memory(entry(1, "a"), entry(2, "b"))
    assert next_version(log.lines, "soshjelp-nav", 2025, "a" * 64) == 1
    assert next_version(log.lines, "soshjelp-nav", 2025, "b" * 64) == 2
    assert next_version(log.lines, "soshjelp-nav", 2025, "c" * 64) == 3
    assert next_version(log.lines, "soshjelp-nav", 2024, "a" * 64) == 1
    assert next_version(log.lines, "andre", 2025, "b" * 64) == 1


def test_versions_that_are_known_from_elsewhere_count() -> None:
    log, known = in_memory(entry(1, "a")), [(3, "c" * 64)]
    assert next_version(log.lines, "soshjelp-nav", 2025, "c" * 64, known) == 3
    assert next_version(log.lines, "soshjelp-nav", 2025, "d" * 64, known) == 4
    assert next_version(log.lines, "soshjelp-nav", 2025, "a" * 64, known) == 1


def test_what_was_received_is_not_sealed_again() -> None:
    sealed = entry(1, "a")
    received = sealed.model_copy(
        update={"step": "received", "version": 9, "received": TIME + timedelta(1)}
    )
    assert next_version(in_memory(sealed, received).lines, "soshjelp-nav", 2025, "b" * 64) == 2


@given(st.lists(st.sampled_from("0123456789abcdef"), max_size=12))
def test_whatever_comes_versions_count_up_and_each_is_of_one_content(drawn: list[str]) -> None:
    seen: dict[str, int] = {}
    entries: list[Entry] = []
    for data in drawn:
        version = next_version(in_memory(*entries).lines, "soshjelp-nav", 2025, data * 64)
        assert version == seen.get(data, len(seen) + 1)
        seen[data] = version
        entries.append(entry(version, data))
