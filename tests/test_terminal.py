"""What the command line prints is whole, whatever it is printed to."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from kostra_publish.specs.catalogue import load

TOP = Path(__file__).parents[1]
PROGRAM = [sys.executable, "-c", "from kostra_publish.cli import main; main()"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=TOP,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(TOP), **environment},
    )


def in_a_terminal(*arguments: str, columns: int) -> str:
    """What the program shows in a terminal of this width."""
    ours, its = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(TOP), "TERM": "xterm", "COLUMNS": str(columns)}
    with subprocess.Popen(
        [*PROGRAM, *arguments], cwd=TOP, stdin=its, stdout=its, stderr=its, env=environment
    ) as process:
        os.close(its)
        shown = b""
        try:
            while part := os.read(ours, 1 << 16):
                shown += part
        except OSError:  # the other end has been closed
            pass
        assert process.wait() == 0
    os.close(ours)
    return shown.decode()


def provisional() -> list[tuple[str, str]]:
    return [(table, code) for table, _, code in load(TOP / "table_specs").provisional()]


@pytest.mark.parametrize("columns", ["60", "120"])
def test_a_list_in_a_pipe_has_a_line_for_each_row(columns: str) -> None:
    lines = run("check", COLUMNS=columns).stdout.decode().splitlines()
    assert not [line for line in lines if "…" in line]
    for table, code in provisional():
        assert [line for line in lines if line.startswith(f"{table} ") and code in line]


def test_a_list_in_a_narrow_terminal_breaks_cells_and_cuts_none() -> None:
    shown = in_a_terminal("check", columns=60)
    assert "…" not in shown
    rows = [line.split("│")[1:-1] for line in shown.splitlines() if line.count("│") == 4]
    ids, codes = ("".join(row[n].strip() for row in rows) for n in (0, 2))
    for table, code in provisional():
        assert table in ids
        assert code in codes


@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict", "latin-1", "utf-8"])
def test_what_an_encoding_lacks_is_printed_in_its_letters(encoding: str) -> None:
    done = run("check", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    sign = "✓" if encoding == "utf-8" else "ok"
    assert done.stdout.decode(encoding.partition(":")[0]).startswith(f"{sign} ")


@pytest.mark.parametrize(
    ("out", "why"), [("nowhere/c.parquet", "there is no folder"), ("table_specs", "it is a folder")]
)
def test_where_nothing_can_be_written_is_told_first(out: str, why: str) -> None:
    done = run("protect", "no.json", "no.parquet", "--out", out, COLUMNS="60")
    assert done.returncode == 7
    assert f"{out} cannot be written: {why}" in done.stderr.decode()


def test_an_error_is_told_in_any_encoding() -> None:
    done = run("publish", "2026-06", "--specs", "går–ikke", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert done.stderr.startswith(b"there is no folder gar-ikke")
