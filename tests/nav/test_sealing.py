"""Sealed packages are opened by the public tools, and never overwritten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import rmtree

import pyrage
import pytest

from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.nav import delivery_log
from kostra_publish.nav.sealed import signature
from kostra_publish.nav.sealing import Contents, Keys, read_keys, seal
from kostra_publish.releases.staging import locked
from tests.nav.handing_over import BAGIT, PAYLOAD, SEALED, Parties, contents, run, sealed, tree
from tests.nav.test_keys import ssh_key

NAME = contents().name
PLACE = f"nav/{NAME}"
FOUR = {
    f"{PLACE}/{NAME}{end}"
    for end in (".tar.age", ".tar.age.minisig", ".manifest-sha256.txt",
                ".manifest-sha256.txt.minisig")
}  # fmt: skip
LOG = "nav/leveranselogg.jsonl"


def test_the_public_tools_verify_open_and_validate_a_package(keys: Parties, tmp_path: Path) -> None:
    files = sealed(keys, tmp_path / "out").files
    for path in (files.encrypted, files.manifest):
        said = run("minisign", "-V", "-m", path, "-p", keys.signer, cwd=tmp_path)
        assert f"package={NAME} release=2026-03 " in said
    run("age", "-d", "-i", keys.identity, "-o", "plain.tar", files.encrypted, cwd=tmp_path)
    run("tar", "-xf", "plain.tar", cwd=tmp_path)
    bag = tmp_path / NAME
    assert tree(bag / "data") == PAYLOAD
    assert (bag / "manifest-sha256.txt").read_bytes() == files.manifest.read_bytes()
    assert "FAILED" not in run("sha256sum", "--strict", "-c", files.manifest, cwd=bag)
    run("sha256sum", "--strict", "-c", "tagmanifest-sha256.txt", cwd=bag)
    run(BAGIT, "--validate", NAME, cwd=tmp_path)


def test_every_receiver_can_open_it(keys: Parties, tmp_path: Path) -> None:
    ssh = ssh_key(tmp_path / "ssh")
    both = read_keys([keys.recipients, ssh.with_suffix(".pub")], keys.secret)
    files = seal(contents(), both, tmp_path / "out", time=SEALED).files
    for number, identity in enumerate((keys.identity, ssh)):
        run("age", "-d", "-i", identity, "-o", f"{number}.tar", files.encrypted, cwd=tmp_path)
    assert (tmp_path / "0.tar").read_bytes() == (tmp_path / "1.tar").read_bytes()


def test_what_is_put_in_place_holds_nothing_in_plain_text(keys: Parties, tmp_path: Path) -> None:
    sealed(keys, tmp_path)
    found = tree(tmp_path)
    assert set(found) == {*FOUR, LOG}
    for data in found.values():
        assert not [each for each in PAYLOAD.values() if each and each in data]


def test_the_plain_bag_lies_beside_where_it_is_asked_for(keys: Parties, tmp_path: Path) -> None:
    files = sealed(keys, tmp_path, keep_plain=True).files
    assert tree(files.plain / "data") == PAYLOAD
    run(BAGIT, "--validate", files.plain, cwd=tmp_path)


def test_the_plain_manifest_is_the_same_every_time_and_the_encrypted_file_is_not(
    keys: Parties, tmp_path: Path
) -> None:
    one, two = sealed(keys, tmp_path / "1"), sealed(keys, tmp_path / "2")
    for file in (one.files.manifest, signature(one.files.manifest)):
        assert file.read_bytes() == (two.files.folder / file.name).read_bytes()
    assert one.line.content_sha256 == two.line.content_sha256
    assert one.line.file_sha256 != two.line.file_sha256


def test_the_log_tells_what_was_sealed(keys: Parties, tmp_path: Path) -> None:
    line = sealed(keys, tmp_path).line
    assert line == delivery_log.read(tmp_path / "nav").lines[0]
    assert (line.package, line.delivery, line.version) == (NAME, "soshjelp-nav", 1)
    assert (line.release, line.year, line.time, line.by) == ("2026-03", 2025, SEALED, "Kari")
    assert line.recipients == (keys.recipients.read_text().splitlines()[-1],)
    assert line.signer in keys.signer.read_text()
    run("sha256sum", "-c", write(tmp_path / "sums", line, tmp_path / PLACE), cwd=tmp_path)


def write(path: Path, line: delivery_log.Entry, place: Path) -> Path:
    path.write_text(
        f"{line.file_sha256}  {place / NAME}.tar.age\n"
        f"{line.content_sha256}  {place / NAME}.manifest-sha256.txt\n"
    )
    return path


def test_the_same_package_again_is_left_as_it_is(keys: Parties, tmp_path: Path) -> None:
    first = sealed(keys, tmp_path)
    before = tree(tmp_path)
    again = seal(contents(), keys.keys, tmp_path, time=SEALED + timedelta(1), by="Ola")
    assert (first.is_new, again.is_new) == (True, False)
    assert again.line == first.line
    assert tree(tmp_path) == before


def refused(match: str, wanted: Contents, sealing_keys: Keys, out: Path) -> None:
    """Sealing is refused, and nothing is changed by it."""
    before = tree(out)
    with pytest.raises(ReleaseError, match=match):
        seal(wanted, sealing_keys, out, time=SEALED)
    assert tree(out) == before
    assert {path.name for path in out.iterdir()} == {".lock", "nav"}


def test_other_contents_under_the_same_name_are_refused(keys: Parties, tmp_path: Path) -> None:
    sealed(keys, tmp_path)
    other = replace(contents(), payload={**PAYLOAD, "tom.json": b"{}"})
    refused("sealed before, with other contents", other, keys.keys, tmp_path)
    (tmp_path / LOG).unlink()
    refused("has other contents", other, keys.keys, tmp_path)


def test_other_contents_are_refused_also_when_the_folder_was_moved_away(
    keys: Parties, tmp_path: Path
) -> None:
    sealed(keys, tmp_path)
    rmtree(tmp_path / PLACE)
    other = replace(contents(), payload={"a": b""})
    refused("sealed before, with other contents", other, keys.keys, tmp_path)
    assert sealed(keys, tmp_path).is_new
    assert len(delivery_log.read(tmp_path / "nav").lines) == 2


def test_other_receivers_are_refused(keys: Parties, tmp_path: Path) -> None:
    sealed(keys, tmp_path)
    (tmp_path / "other.pub").write_text(str(pyrage.x25519.Identity.generate().to_public()))
    others = read_keys([keys.recipients, tmp_path / "other.pub"], keys.secret)
    (tmp_path / "other.pub").unlink()
    refused("for other receivers", contents(), others, tmp_path)


def test_a_package_without_a_line_gets_one_when_it_is_the_same(
    keys: Parties, tmp_path: Path
) -> None:
    first = sealed(keys, tmp_path)
    (tmp_path / LOG).unlink()
    again = sealed(keys, tmp_path)
    assert not again.is_new
    assert again.line == first.line
    assert (tmp_path / LOG).is_file()


@pytest.mark.parametrize("end", [".tar.age", ".tar.age.minisig", ".manifest-sha256.txt.minisig"])
def test_a_package_that_was_altered_is_not_taken_for_the_same(
    keys: Parties, tmp_path: Path, end: str
) -> None:
    sealed(keys, tmp_path)
    path = tmp_path / PLACE / f"{NAME}{end}"
    path.write_bytes(path.read_bytes().replace(b"e", b"f", 1))
    refused("has been altered", contents(), keys.keys, tmp_path)
    path.unlink()
    refused("not a whole sealed package", contents(), keys.keys, tmp_path)


def test_a_release_that_signs_the_same_is_told(keys: Parties, tmp_path: Path) -> None:
    sealed(keys, tmp_path)
    june = replace(contents(), release="2026-06")
    refused("with another release", june, keys.keys, tmp_path)


def test_a_signature_that_does_not_hold_puts_nothing_in_place(
    keys: Parties, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kostra_publish.nav.keys.Signer.verify", lambda *_: None)
    with pytest.raises(ReleaseError, match="does not hold"):
        sealed(keys, tmp_path)
    assert tree(tmp_path) == {}


def test_names_are_looked_at_before_anything_is_written(keys: Parties, tmp_path: Path) -> None:
    for wrong in ("2026 03", "", "2026-03\n", "mars Æ b"):
        with pytest.raises(UsageError, match="not a release"):
            seal(replace(contents(), release=wrong), keys.keys, tmp_path / "out", time=SEALED)
    for other in (replace(contents(), payload={"../x": b""}), replace(contents(), name="../x")):
        with pytest.raises(UsageError):
            seal(other, keys.keys, tmp_path / "out", time=SEALED)
    assert not (tmp_path / "out").exists()


def test_only_one_run_seals_at_a_time(keys: Parties, tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(ReleaseError, match="another run"):
        sealed(keys, tmp_path)


def test_a_log_that_was_altered_stops_it(keys: Parties, tmp_path: Path) -> None:
    sealed(keys, tmp_path)
    (tmp_path / LOG).write_bytes((tmp_path / LOG).read_bytes().replace(b"Kari", b"Kara"))
    with pytest.raises(ReleaseError, match="line 1"):
        sealed(keys, tmp_path, 2)
