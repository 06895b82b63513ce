"""A package that was altered anywhere is found out, and never opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copy, copytree, rmtree

import bagit
import minisign
import pyrage
import pytest

from kostra_publish.errors import PackageError, ReleaseError, UsageError
from kostra_publish.nav import bag
from kostra_publish.nav.opening import Verified, open_package, verify
from kostra_publish.nav.sealed import Comment, Files, recipients_sha256, sha256, signature
from kostra_publish.nav.sealing import seal
from tests.nav.handing_over import PAYLOAD, PUBLISHED, SEALED, Parties, contents, sealed, tree

NAME = contents().name
SHARED = (".tar.age", ".tar.age.minisig", ".manifest-sha256.txt", ".manifest-sha256.txt.minisig")
SAMPLED = 150
"""So many bytes of each file are altered, spread over it; all of them in a smaller one."""


@pytest.fixture
def received(keys: Parties, tmp_path: Path) -> Path:
    """What the receiver has: the folder alone."""
    files = sealed(keys, tmp_path / "sender").files
    return copytree(files.folder, tmp_path / "receiver" / NAME)


def rules(found: Verified) -> list[str]:
    return [finding.rule for finding in found.findings]


def altered(path: Path) -> Iterator[tuple[int, int]]:
    """Alter one byte after another; afterwards the file is as it was."""
    whole = path.read_bytes()
    step = max(1, len(whole) // SAMPLED)
    for place in sorted({*range(0, len(whole), step), len(whole) - 1}):
        for bit in (1, 32):
            changed = bytearray(whole)
            changed[place] ^= bit
            path.write_bytes(changed)
            yield place, bit
    path.write_bytes(whole)


def test_a_package_as_it_was_sealed_is_told_so(keys: Parties, received: Path) -> None:
    found = verify(received, keys.signer)
    assert (found.findings, found.opened, found.logged) == ((), None, None)
    assert found.comment is not None
    assert (found.comment.package, found.comment.release) == (NAME, "2026-03")
    found.refuse()
    opened = verify(received / f"{NAME}.tar.age", keys.signer, identity=keys.identity)
    assert (opened.findings, opened.opened) == ((), len(PAYLOAD) + 4)


def test_the_sender_sees_the_log_too(keys: Parties, tmp_path: Path) -> None:
    folder = sealed(keys, tmp_path).files.folder
    found = verify(folder, keys.signer)
    assert found.findings == ()
    assert found.logged is not None
    assert found.logged.number == 1


@pytest.mark.parametrize("end", SHARED)
def test_one_altered_byte_in_what_is_delivered_is_found(
    keys: Parties, received: Path, end: str
) -> None:
    for where in altered(received / f"{NAME}{end}"):
        found = verify(received, keys.signer, identity=keys.identity)
        assert found.findings, where
        assert found.opened is None
    assert verify(received, keys.signer).findings == ()


@pytest.mark.parametrize("end", SHARED)
@pytest.mark.parametrize("more", [b"", b"\n", b"\0"])
def test_what_is_cut_off_or_added_is_found(
    keys: Parties, received: Path, end: str, more: bytes
) -> None:
    path = received / f"{NAME}{end}"
    path.write_bytes(path.read_bytes() + more if more else path.read_bytes()[:-1])
    assert verify(received, keys.signer).findings


@pytest.mark.parametrize("end", SHARED)
def test_a_missing_file_is_named(keys: Parties, received: Path, end: str) -> None:
    (received / f"{NAME}{end}").unlink()
    (finding,) = verify(received, keys.signer).findings
    assert (finding.file, finding.rule) == (f"{NAME}{end}", "missing")


def test_files_that_cannot_be_read_are_told(keys: Parties, received: Path) -> None:
    path = received / f"{NAME}.manifest-sha256.txt"
    path.unlink()
    path.mkdir()
    assert rules(verify(received, keys.signer)) == ["cannot be read"]


def test_one_altered_byte_in_the_unpacked_bag_is_found(
    keys: Parties, received: Path, tmp_path: Path
) -> None:
    into = tmp_path / "bag"
    open_package(received, keys.signer, keys.identity, into)
    assert verify(received, keys.signer, plain=into).findings == ()
    for path in sorted(path for path in into.rglob("*") if path.is_file()):
        for where in altered(path) if path.stat().st_size else ():
            assert verify(received, keys.signer, plain=into).findings, (path, where)
    assert verify(received, keys.signer, plain=into).findings == ()


def test_a_file_too_many_and_one_too_few_in_the_unpacked_bag_are_found(
    keys: Parties, received: Path, tmp_path: Path
) -> None:
    open_package(received, keys.signer, keys.identity, tmp_path / "bag")
    for extra in ("data/x.csv", "fetch.txt"):
        into = copytree(tmp_path / "bag", tmp_path / "more")
        (into / extra).touch()
        (rule,) = rules(verify(received, keys.signer, plain=into))
        assert rule.startswith("not listed in ")
        rmtree(into)
    for path in [path for path in (tmp_path / "bag").rglob("*") if path.is_file()]:
        into = copytree(tmp_path / "bag", tmp_path / "fewer")
        (into / path.relative_to(tmp_path / "bag")).unlink()
        assert "missing in the bag" in rules(verify(received, keys.signer, plain=into))
        rmtree(into)
    link = tmp_path / "bag" / "data" / "tom.json"
    link.unlink()
    link.symlink_to("/dev/null")
    assert "not a file" in rules(verify(received, keys.signer, plain=tmp_path / "bag"))


def test_information_that_was_made_anew_is_found_with_the_secret_key(
    keys: Parties, received: Path, tmp_path: Path
) -> None:
    into = tmp_path / "bag"
    open_package(received, keys.signer, keys.identity, into)
    other = bag.bag(NAME, PAYLOAD, {"Source-Organization": "En annen"})
    for name in (bag.INFO, bag.TAG_MANIFEST):
        (into / name).write_bytes(other[name])
    found = verify(received, keys.signer, identity=keys.identity, plain=into)
    assert rules(found) == [f"not the bag in {NAME}.tar.age"]


def test_the_plain_bag_beside_a_package_is_looked_at(keys: Parties, tmp_path: Path) -> None:
    files = sealed(keys, tmp_path, keep_plain=True).files
    found = verify(files.folder, keys.signer)
    assert (found.findings, found.in_plain) == ((), files.plain)
    (files.plain / "data" / "tom.json").write_bytes(b"{}")
    assert rules(verify(files.folder, keys.signer)) == [
        "its SHA-256 is not that of manifest-sha256.txt"
    ]


def test_another_key_is_not_the_sender(received: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pub"
    other.write_bytes(bytes(minisign.KeyPair.generate().public_key))
    found = verify(received, other)
    assert len(found.findings) == 2
    assert all("not signed by the key" in rule for rule in rules(found))
    with pytest.raises(PackageError, match="2 problems in the package") as caught:
        found.refuse()
    assert caught.value.exit_code == 7


def test_another_secret_key_does_not_open_it(keys: Parties, received: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text(str(pyrage.x25519.Identity.generate()))
    assert rules(verify(received, keys.signer, identity=other)) == ["not encrypted to this key"]


def test_files_of_two_packages_do_not_go_together(keys: Parties, tmp_path: Path) -> None:
    one, two = (sealed(keys, tmp_path, version).files for version in (1, 2))
    lent = copytree(one.folder, tmp_path / "receiver" / NAME)
    mixed = Files(lent, NAME)
    for path, other in ((mixed.manifest, two.manifest), (mixed.encrypted, two.encrypted)):
        copy(other, path)
        copy(signature(other), signature(path))
        assert "signed as 'soshjelp-nav_p2025_v2'" in rules(verify(lent, keys.signer))


def test_manifests_of_two_sealings_of_one_name_do_not_go_together(
    keys: Parties, tmp_path: Path
) -> None:
    other = replace(contents(), payload={"a.csv": b"1"})
    one = sealed(keys, tmp_path / "1").files
    two = seal(other, keys.keys, tmp_path / "2", time=SEALED).files
    lent = copytree(one.folder, tmp_path / "receiver" / NAME)
    for path in (two.manifest, signature(two.manifest)):
        copy(path, lent)
    found = verify(lent, keys.signer, identity=keys.identity)
    assert rules(found) == ["signed, but not the manifest of this package"]


def sign(keys: Parties, path: Path, comment: str) -> None:
    ours = keys.keys
    made = ours.secret.sign(
        path.read_bytes(),
        untrusted_comment=f"signature by kostra-publish, minisign key {ours.signer.number}",
        trusted_comment=comment,
    )
    signature(path).write_bytes(bytes(made) + b"\n")


def test_something_else_that_the_sender_signed_is_no_package(keys: Parties, received: Path) -> None:
    sign(keys, received / f"{NAME}.tar.age", "timestamp:1")
    assert rules(verify(received, keys.signer)) == ["signed, but not as a package"]


def signed_by_the_sender(keys: Parties, folder: Path, tar: bytes, manifest: bytes) -> Path:
    """A folder that the sender has signed, whatever is in it."""
    files = Files(folder / NAME, NAME)
    files.folder.mkdir(parents=True)
    recipients = keys.keys.recipients
    files.encrypted.write_bytes(pyrage.encrypt(tar, [one.age for one in recipients]))
    files.manifest.write_bytes(manifest)
    known = recipients_sha256(keys.keys.public)
    for path in (files.encrypted, files.manifest):
        sign(keys, path, str(Comment(NAME, "2026-03", sha256(manifest), known)))
    return files.folder


def test_a_bag_that_is_not_the_signed_manifest_is_not_opened(keys: Parties, tmp_path: Path) -> None:
    good = bag.bag(NAME, PAYLOAD, {})
    for number, files in enumerate((
        {**good, "data/extra.csv": b"1"},
        {**good, "data/tom.json": b"1"},
        {path: data for path, data in good.items() if path != "data/tom.json"},
        bag.bag(NAME, {"a.csv": b"1"}, {}),
    )):  # fmt: skip
        tar = bag.tar(NAME, files, PUBLISHED)
        folder = signed_by_the_sender(keys, tmp_path / str(number), tar, good[bag.MANIFEST])
        assert verify(folder, keys.signer).findings == ()
        assert verify(folder, keys.signer, identity=keys.identity).findings
        with pytest.raises(PackageError):
            open_package(folder, keys.signer, keys.identity, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_a_tar_that_leads_outside_is_not_opened(keys: Parties, tmp_path: Path) -> None:
    good = bag.bag(NAME, PAYLOAD, {})
    tar = bag.tar(NAME, {**good, "../../ute.csv": b"1"}, PUBLISHED)
    folder = signed_by_the_sender(keys, tmp_path / "1", tar, good[bag.MANIFEST])
    with pytest.raises(PackageError, match=f"not a file below {NAME}/"):
        open_package(folder, keys.signer, keys.identity, tmp_path / "a" / "into")
    assert not list(tmp_path.rglob("ute.csv"))


def test_opening_unpacks_a_valid_bag_whole(keys: Parties, received: Path, tmp_path: Path) -> None:
    into = tmp_path / "new" / "bag"
    found = open_package(received, keys.signer, keys.identity, into)
    assert found.opened == len(PAYLOAD) + 4
    bagit.Bag(str(into)).validate()
    assert tree(into / "data") == PAYLOAD
    assert [path.name for path in into.parent.iterdir()] == ["bag"]


def test_opening_never_writes_into_a_folder_that_is_there(
    keys: Parties, received: Path, tmp_path: Path
) -> None:
    into = tmp_path / "bag"
    into.mkdir()
    with pytest.raises(UsageError, match="is there already"):
        open_package(received, keys.signer, keys.identity, into)
    into.rmdir()
    into.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is there already"):
        open_package(received, keys.signer, keys.identity, into)
    assert not (tmp_path / "elsewhere").exists()


def test_a_place_that_cannot_be_written_is_said_plainly(
    keys: Parties, received: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ReleaseError, match=r"cannot write beside .*: Not a directory"):
        open_package(received, keys.signer, keys.identity, tmp_path / "file" / "bag")


def test_what_a_killed_run_left_is_cleared_by_the_next(
    keys: Parties, received: Path, tmp_path: Path
) -> None:
    left = tmp_path / "new" / ".opening-bag" / "data"
    left.mkdir(parents=True)
    (left / "half.csv").touch()
    open_package(received, keys.signer, keys.identity, tmp_path / "new" / "bag")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["bag"]
    assert tree(tmp_path / "new" / "bag" / "data") == PAYLOAD


def test_where_there_is_no_package_it_is_said(keys: Parties, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere", keys.signer):
        with pytest.raises(UsageError, match="no sealed package"):
            verify(path, keys.signer)
    for version in (1, 2):
        (tmp_path / f"soshjelp-nav_p2025_v{version}.tar.age").touch()
    with pytest.raises(UsageError, match="several packages"):
        verify(tmp_path, keys.signer)


def test_a_log_that_does_not_tell_of_it_is_a_finding(keys: Parties, tmp_path: Path) -> None:
    files = sealed(keys, tmp_path).files
    log = files.folder.parent / "leveranselogg.jsonl"
    whole = log.read_bytes()
    log.write_bytes(b"")
    assert rules(verify(files.folder, keys.signer)) == ["leveranselogg.jsonl does not tell of it"]
    log.write_bytes(whole.replace(b"Kari", b"Kara"))
    (rule,) = rules(verify(files.folder, keys.signer))
    assert "line 1" in rule


def test_a_log_that_tells_something_else_is_a_finding(keys: Parties, tmp_path: Path) -> None:
    files = sealed(keys, tmp_path).files
    digest, receivers = sha256(files.manifest.read_bytes()), recipients_sha256(keys.keys.public)
    for path in (files.encrypted, files.manifest):
        sign(keys, path, str(Comment(NAME, "2026-06", digest, receivers)))
    (rule,) = rules(verify(files.folder, keys.signer))
    assert rule == "leveranselogg.jsonl tells something else of it"
