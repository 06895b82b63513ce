"""The verbs on packages: what they print, and how they end."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from kostra_publish.cli import main
from kostra_publish.terminal import console, print_sealed
from tests.nav.handing_over import Parties, sealed
from tests.nav.test_receipts import receipt, said

TOP = Path(__file__).parents[2]


def verb(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a verb of ``nav`` prints; it must end well."""
    with pytest.raises(SystemExit) as caught:
        main(["nav", *map(str, arguments)])
    assert caught.value.code == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: object, code: int) -> str:
    with pytest.raises(SystemExit) as caught:
        main(["nav", *map(str, arguments)])
    assert caught.value.code == code
    return capsys.readouterr().err


def test_a_package_is_verified_and_opened(
    keys: Parties, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = sealed(keys, tmp_path)
    key = ("--signer", keys.signer)
    shown = verb(capsys, "verify", done.files.folder, *key)
    assert f"soshjelp-nav_p2025_v1 of the release 2026-03: signed by {done.line.signer}" in shown
    assert done.line.content_sha256 in shown
    assert "line 1 of the delivery log" in shown
    assert "not opened" in shown
    opened = ("--identity", keys.identity)
    assert "8 files in it as they were sealed" in verb(
        capsys, "verify", done.files.encrypted, *key, *opened
    )
    into = tmp_path / "into"
    assert str(into) in verb(capsys, "open", done.files.folder, *key, *opened, "--into", into)
    assert (into / "bagit.txt").is_file()
    assert f"the same in {into}" in verb(capsys, "verify", done.files.folder, *key, "--bag", into)
    assert verb(capsys, "verify", done.files.folder, *key, "--quiet") == ""


def test_problems_end_with_their_codes(
    keys: Parties, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = sealed(keys, tmp_path)
    where = (done.files.folder, "--signer", keys.signer)
    assert "no sealed package" in refused(capsys, "verify", tmp_path, *where[1:], code=2)
    assert "cannot be read" in refused(
        capsys, "verify", done.files.folder, "--signer", tmp_path / "x", code=2
    )
    done.files.manifest.write_bytes(b"")
    shown = refused(capsys, "verify", *where, code=7)
    assert "problems in the package" in shown
    assert "soshjelp-nav_p2025_v1.manifest-sha256.txt" in shown
    into = ("--identity", keys.identity, "--into", tmp_path / "into")
    assert "not signed by the key" in refused(capsys, "open", *where, *into, code=7)


def test_the_log_is_printed_for_people_and_programs(
    keys: Parties, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Package" in verb(capsys, "log", "--out", tmp_path)
    assert json.loads(verb(capsys, "log", "--out", tmp_path, "--format", "json")) == []
    assert verb(capsys, "log", "--out", tmp_path, "--format", "csv") == ""
    done = sealed(keys, tmp_path)
    path = receipt(tmp_path, said(done))
    assert "was received by Mottak, NAV" in verb(capsys, "receipt", path, "--out", tmp_path)
    assert "as was logged before" in verb(capsys, "receipt", path, "--out", tmp_path)
    head, first, second = verb(capsys, "log", "--out", tmp_path).splitlines()
    assert head.split() == ["Time", "Step", "Package", "Release", "SHA-256", "Keys", "Who"]
    assert first.split()[:3] == ["2026-03-16", "09:30Z", "sealed"]
    assert second.endswith("Mottak, NAV")
    rows = json.loads(verb(capsys, "log", "--out", tmp_path, "--format", "json"))
    table = [*csv.DictReader(StringIO(verb(capsys, "log", "--out", tmp_path, "--format", "csv")))]
    assert [row["step"] for row in rows] == ["sealed", "received"]
    assert [row["file_sha256"] for row in rows] == [row["file_sha256"] for row in table]
    assert [row["recipients"] for row in table] == ["; ".join(row["recipients"]) for row in rows]


def test_a_receipt_for_something_else_ends_with_7(
    keys: Parties, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = sealed(keys, tmp_path)
    path = receipt(tmp_path, said(done, manifest_sha256="0" * 64))
    shown = refused(capsys, "receipt", path, "--out", tmp_path, code=7)
    assert "not the manifest of soshjelp-nav_p2025_v1 as it was sealed" in shown


def test_sealing_says_for_whom_and_whether_it_was_there(
    keys: Parties, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for wanted in ("is sealed", "was sealed before, and is left as it is"):
        print_sealed(console(), sealed(keys, tmp_path))
        shown = capsys.readouterr().out
        assert wanted in shown
        assert keys.recipients.read_text().splitlines()[-1] in shown


def test_help_answers_without_loading_what_seals() -> None:
    script = (
        "import sys\n"
        "from kostra_publish.cli import main\n"
        "try:\n    main(['nav', 'verify', '--help'])\n"
        "finally:\n    print([one for one in sys.modules if one in ('pyrage', 'bagit', 'polars')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(TOP)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("[]\n")
