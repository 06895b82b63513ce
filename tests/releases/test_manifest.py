"""The manifest says what a release was made of, and finds every byte that changed."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kostra_publish.errors import ReleaseError
from kostra_publish.releases.manifest import (
    FILE,
    InputFile,
    Upon,
    read_manifest,
    verify,
    versions,
    write_manifest,
)
from kostra_publish.releases.rounds import ReleaseFacts, Round
from kostra_publish.releases.staging import staged
from tests.schedule import SCHEDULE, a_round

ROUND = a_round("2026-03")
FILES = {"public/a.json": b"first", "internal/deep/b.parquet": b"second"}
INPUTS = [
    InputFile(name="skjema7_p2025_v1.parquet", version=1, sha256="b" * 64, rows=357),
    InputFile(name="skjema11_p2025_v2.parquet", version=2, sha256="a" * 64, rows=150_000),
]
SPECS = {"13995.yaml": "c" * 64}


def release(out: Path, publication_round: Round = ROUND, previous: Path | None = None) -> Path:
    with staged(out, publication_round.name) as staging:
        for path, data in FILES.items():
            staging.write(path, data)
        write_manifest(
            staging,
            ReleaseFacts(publication_round, SCHEDULE),
            inputs=INPUTS,
            specs=SPECS,
            upon=Upon(previous),
        )
    return out / publication_round.name


def test_a_manifest_reads_back_as_it_was_written(tmp_path: Path) -> None:
    earlier = release(tmp_path, a_round("2025-06"))
    manifest = read_manifest(release(tmp_path, previous=earlier))
    assert (manifest.round, manifest.vintage) == ("2026-03", 2025)
    assert [file.name for file in manifest.inputs] == sorted(file.name for file in INPUTS)
    assert manifest.specs == SPECS
    assert manifest.versions == versions()
    assert {path: file.size for path, file in manifest.outputs.items()} == {
        path: len(data) for path, data in FILES.items()
    }
    assert manifest.previous is not None
    assert manifest.previous.round == "2025-06"


def test_the_same_release_has_the_same_manifest_wherever_it_lies(tmp_path: Path) -> None:
    one, other = release(tmp_path / "one"), release(tmp_path / "other")
    assert (one / FILE).read_bytes() == (other / FILE).read_bytes()
    assert str(tmp_path) not in (one / FILE).read_text()


def test_a_whole_release_verifies(tmp_path: Path) -> None:
    assert verify(release(tmp_path)) == []


def alter_content(folder: Path) -> None:
    (folder / "public/a.json").write_bytes(b"First")


def alter_size(folder: Path) -> None:
    (folder / "public/a.json").write_bytes(b"")


def remove(folder: Path) -> None:
    (folder / "internal/deep/b.parquet").unlink()


def add(folder: Path) -> None:
    (folder / "public/more.json").touch()


def link(folder: Path) -> None:
    (folder / "public/a.json").rename(folder.parent / "elsewhere")
    (folder / "public/a.json").symlink_to(folder.parent / "elsewhere")


def alter_manifest(folder: Path) -> None:
    text = (folder / FILE).read_text()
    (folder / FILE).write_text(text.replace("skjema7", "skjema8"))


def reformat_manifest(folder: Path) -> None:
    (folder / FILE).write_text(json.dumps(json.loads((folder / FILE).read_text())))


def remove_manifest(folder: Path) -> None:
    (folder / FILE).unlink()


def empty_manifest(folder: Path) -> None:
    (folder / FILE).write_text("[]")


@pytest.mark.parametrize(
    ("change", "file", "rule"),
    [
        (alter_content, "public/a.json", "the file has been altered"),
        (alter_size, "public/a.json", "the file has been altered"),
        (remove, "internal/deep/b.parquet", "the file is missing"),
        (add, "public/more.json", "the file is not in the manifest"),
        (link, "public/a.json", "the file is missing"),
        (alter_manifest, FILE, "has been altered"),
        (reformat_manifest, FILE, "has been altered"),
        (remove_manifest, FILE, "is not there"),
        (empty_manifest, FILE, "is not a manifest"),
    ],
)
def test_every_change_to_a_release_is_found(
    tmp_path: Path, change: Callable[[Path], None], file: str, rule: str
) -> None:
    folder = release(tmp_path)
    change(folder)
    (finding,) = verify(folder)
    assert finding.file == file
    assert rule in finding.rule
    assert finding.fix


def test_all_changes_are_reported_together(tmp_path: Path) -> None:
    folder = release(tmp_path)
    for change in (alter_content, remove, add):
        change(folder)
    assert len(verify(folder)) == 3


def test_an_altered_manifest_is_not_read(tmp_path: Path) -> None:
    folder = release(tmp_path)
    alter_manifest(folder)
    with pytest.raises(ReleaseError, match="has been altered"):
        read_manifest(folder)


@pytest.mark.parametrize("path", [*FILES, FILE])
def test_any_one_altered_byte_is_found(tmp_path: Path, path: str) -> None:
    folder = release(tmp_path)
    whole = (folder / path).read_bytes()
    for position, byte in enumerate(whole):
        altered = whole[:position] + bytes([byte ^ 1]) + whole[position + 1 :]
        (folder / path).write_bytes(altered)
        assert [finding.file for finding in verify(folder)] == [path], position


@pytest.mark.parametrize("name", ["/data/a.parquet", "data/a.parquet", "c:\\a.parquet", ""])
def test_an_input_is_named_without_its_folder(name: str) -> None:
    with pytest.raises(ValidationError):
        InputFile(name=name, version=1, sha256="a" * 64, rows=1)


def rewritten(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The release as another version of the program would have written its manifest."""
    content = json.loads((folder / FILE).read_text())
    del content["checksum"]
    change(content)
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    content["checksum"] = hashlib.sha256(text.encode()).hexdigest()
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / FILE).write_text(text)
    return folder


def test_a_manifest_from_before_a_field_with_a_default_is_read(tmp_path: Path) -> None:
    def before(content: dict[str, Any]) -> None:
        del content["calendar"]["corrections"]

    assert read_manifest(rewritten(release(tmp_path), before)).calendar.corrections == []


def test_a_manifest_of_another_version_says_so(tmp_path: Path) -> None:
    def since(content: dict[str, Any]) -> None:
        content["more"] = 1

    with pytest.raises(ReleaseError, match="of another version of the program"):
        read_manifest(rewritten(release(tmp_path), since))
