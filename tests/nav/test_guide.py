"""The steps of docs/guide/nav.md, run as they are written there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from shutil import copy, copytree

import pytest

from kostra_publish.nav.receipts import Receipt
from tests.guides import blocks, text
from tests.nav.handing_over import BAGIT, PAYLOAD, Parties, sealed, tree


def steps(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """The steps with public tools, in a folder with keys and package, up to one that fails."""
    lines = blocks("nav", "sh")[0].splitlines()
    assert lines[0].startswith("NAME=")
    script = "\n".join(["set -e", f"NAME={name}", *lines[1:]])
    path = f"{BAGIT.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path},
    )


@pytest.fixture
def received(keys: Parties, tmp_path: Path) -> tuple[Path, str]:
    """A folder with what the receiver has, and the name of the package."""
    files = sealed(keys, tmp_path / "sender").files
    folder = copytree(files.folder, tmp_path / "receiver")
    for key in (keys.signer, keys.identity):
        copy(key, folder)
    return folder, files.name


def test_the_steps_with_public_tools_open_a_package(received: tuple[Path, str]) -> None:
    folder, name = received
    done = steps(folder, name)
    assert done.returncode == 0, done.stderr
    assert tree(folder / name / "data") == PAYLOAD
    digest = done.stdout.split(" release=")[1].split("manifest-sha256=")[1].split()[0]
    assert f"{digest}  {name}.manifest-sha256.txt" in done.stdout


@pytest.mark.parametrize("end", [".tar.age", ".tar.age.minisig", ".manifest-sha256.txt",
                                 ".manifest-sha256.txt.minisig"])  # fmt: skip
def test_the_steps_stop_at_what_was_altered(received: tuple[Path, str], end: str) -> None:
    folder, name = received
    path = folder / f"{name}{end}"
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    assert steps(folder, name).returncode != 0
    assert not (folder / name).exists()


def test_the_receipt_shown_reads_and_each_key_is_described() -> None:
    (shown,) = blocks("nav", "json")
    assert Receipt.model_validate_json(shown).contact
    for name in Receipt.model_fields:
        assert f"| `{name}` |" in text("nav")
