"""The log of releases: lines that follow from each other, whatever happens to a run."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from kostra_publish.errors import ReleaseError
from kostra_publish.releases.folders import LOG
from kostra_publish.releases.log import Entry, Log, read_log, sha256

TIME = datetime(2026, 6, 15, 6, tzinfo=UTC)


def entry(number: int) -> Entry:
    return Entry(
        time=TIME,
        step="built",
        release="2026-06",
        vintage=2025,
        manifest_sha256=f"{number:064}",
        by="Kåre Ødegård",
    )


def written(out: Path, count: int = 3) -> Log:
    log = read_log(out)
    for number in range(count):
        log = log.append(entry(number))
    return log


def test_lines_read_back_as_they_were_written(tmp_path: Path) -> None:
    assert read_log(tmp_path).lines == ()
    log = written(tmp_path)
    found = read_log(tmp_path)
    assert found == log
    assert [line.number for line in found.lines] == [1, 2, 3]
    assert [line.before for line in found.lines] == [None, *map(sha256, found.lines[:2])]
    assert "Kåre Ødegård" in (tmp_path / LOG).read_text(encoding="utf-8")


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_any_altered_byte_is_found(tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / LOG
    whole = path.read_bytes()
    # The last line break too: without it the line is one that was never ended.
    for place in range(len(whole) - 1):
        path.write_bytes(flip(whole, place))
        with pytest.raises(ReleaseError, match=LOG):
            read_log(tmp_path)


def without_second(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines[2:]]


def swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], *lines[2:]]


def twice(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[0], *lines[1:]]


@pytest.mark.parametrize("change", [without_second, swapped, twice])
def test_lines_cannot_be_moved_or_taken_out(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    written(tmp_path)
    path = tmp_path / LOG
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(ReleaseError, match=r"line [12] "):
        read_log(tmp_path)


@pytest.mark.parametrize("left", [1, 40, 200])
def test_what_a_killed_run_left_of_a_line_is_cut_off_by_the_next(tmp_path: Path, left: int) -> None:
    whole = written(tmp_path)
    path = tmp_path / LOG
    data = path.read_bytes()
    path.write_bytes(data + data.splitlines()[-1][:left])
    torn = read_log(tmp_path)
    assert (torn.lines, torn.torn) == (whole.lines, left)
    after = torn.append(entry(9))
    assert read_log(tmp_path).lines == after.lines
    assert path.read_bytes().startswith(data)


def test_a_whole_line_without_its_break_counts(tmp_path: Path) -> None:
    whole = written(tmp_path)
    path = tmp_path / LOG
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    found = read_log(tmp_path)
    assert (found.lines, found.torn, found.unended) == (whole.lines, 0, True)
    found.append(entry(9))
    assert path.read_bytes().startswith(data)
    assert len(read_log(tmp_path).lines) == 4


@pytest.mark.parametrize("at", ["write", "fsync"])
def test_a_line_that_cannot_be_written_leaves_the_log_as_it_was(tmp_path: Path, at: str) -> None:
    log = written(tmp_path)
    before = (tmp_path / LOG).read_bytes()
    really = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return really(descriptor, bytes(data)[:50])

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    failing = patch("os.write", half) if at == "write" else patch("os.fsync", full)
    with failing, pytest.raises(ReleaseError, match="No space left") as caught:
        log.append(entry(7).model_copy(update={"by": "x" * 20}))
    assert "Nothing has been changed" in caught.value.fix
    assert (tmp_path / LOG).read_bytes() == before
    assert read_log(tmp_path).lines == log.lines


def test_a_log_that_does_not_read_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / LOG).mkdir()
    with pytest.raises(ReleaseError, match="cannot be read: Is a directory"):
        read_log(tmp_path)
