"""Keys are read as the tools write them, and no message tells anything of a secret one."""

from __future__ import annotations

from pathlib import Path

import minisign
import pyrage
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from kostra_publish.errors import UsageError
from kostra_publish.nav import keys as reading
from tests.nav.handing_over import Parties, run


def ssh_key(path: Path) -> Path:
    """An SSH key pair as ``ssh-keygen`` writes it; the public one has a comment."""
    key = ed25519.Ed25519PrivateKey.generate()
    encoding, form = serialization.Encoding, serialization.PrivateFormat
    path.write_bytes(key.private_bytes(encoding.PEM, form.OpenSSH, serialization.NoEncryption()))
    path.chmod(0o600)
    public = key.public_key().public_bytes(encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    path.with_suffix(".pub").write_bytes(public + b" noen@nav\n")
    return path


def test_public_keys_are_read_with_comments_and_several_to_a_file(
    keys: Parties, tmp_path: Path
) -> None:
    ssh = ssh_key(tmp_path / "ssh").with_suffix(".pub").read_text()
    ours = keys.recipients.read_text()
    other = str(pyrage.x25519.Identity.generate().to_public())
    (tmp_path / "keys").write_text(f"# kommentar\r\n\n{other}\n  {other.upper()}\n{ssh}")
    found = reading.recipients([keys.recipients, tmp_path / "keys", tmp_path / "keys"])
    (first, second, third) = [one.key for one in found]
    assert third == ssh.rsplit(" ", 1)[0]
    assert {first, second} == {other, ours.splitlines()[-1]}
    assert first < second


def test_nobody_to_encrypt_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# ingen\n\n")
    with pytest.raises(UsageError, match="nobody to encrypt to"):
        reading.recipients([])
    with pytest.raises(UsageError, match="holds no public key"):
        reading.recipients([tmp_path / "empty"])
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        reading.recipients([tmp_path / "nowhere"])


def told(path: Path) -> str:
    """What is said of a file of public keys that is refused, with all that led to it."""
    with pytest.raises(UsageError) as caught:
        reading.recipients([path])
    return f"{caught.value} {caught.value.__cause__!r}"


def test_a_secret_key_is_never_taken_for_a_public_one_nor_told(
    keys: Parties, tmp_path: Path
) -> None:
    ssh = ssh_key(tmp_path / "ssh")
    bare = tmp_path / "bare"
    bare.write_text(str(pyrage.x25519.Identity.generate()).lower())
    for path in (keys.identity, keys.secret, ssh, bare):
        said = told(path)
        assert "holds a secret key" in said
        assert not [word for word in path.read_text().split() if len(word) > 30 and word in said]


@pytest.mark.parametrize("line", ["age1", "age1abc", "ssh-ed25519", "ssh-ed25519 AAAA", "hei", "ÿ"])
def test_a_line_that_is_no_key_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# en\n{pyrage.x25519.Identity.generate().to_public()}\n{line}\n")
    assert "line 3 is not a public key" in told(path)


def test_public_keys_of_minisign_are_read_with_and_without_comment(
    keys: Parties, tmp_path: Path
) -> None:
    found = reading.signer(keys.signer)
    assert f"minisign public key {found.number}\n" in keys.signer.read_text()
    (tmp_path / "bare").write_text(keys.signer.read_text().splitlines()[1])
    assert reading.signer(tmp_path / "bare").number == found.number


def test_what_is_no_key_of_minisign_is_refused(keys: Parties, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    for path in (keys.secret, keys.identity, tmp_path / "empty"):
        with pytest.raises(UsageError, match="not a public key of minisign"):
            reading.signer(path)
    for path in (keys.signer, keys.identity, tmp_path / "empty"):
        with pytest.raises(UsageError, match="not a secret key of minisign"):
            reading.secret(path)


def test_a_key_with_a_password_asks_for_it(tmp_path: Path) -> None:
    pair = minisign.KeyPair.generate()
    pair.secret_key.encrypt("hemmelig", opslimit=32768, memlimit=1 << 20)
    path = tmp_path / "key"
    path.write_bytes(bytes(pair.secret_key))
    assert not reading.secret(path, lambda: "hemmelig").is_encrypted()
    with pytest.raises(UsageError, match="kept by a password, and none is given"):
        reading.secret(path)
    with pytest.raises(UsageError, match="wrong password") as caught:
        reading.secret(path, lambda: "gjettet")
    assert "gjettet" not in str(caught.value)


def test_a_key_without_a_password_asks_for_none(keys: Parties) -> None:
    def ask() -> str:
        raise AssertionError

    assert not reading.secret(keys.secret, ask).is_encrypted()


def test_identities_are_read_as_age_reads_them(keys: Parties, tmp_path: Path) -> None:
    ssh = ssh_key(tmp_path / "ssh")
    assert len(reading.identities(keys.identity)) == 1
    assert len(reading.identities(ssh)) == 1
    run("age-keygen", "-o", "other", cwd=tmp_path)
    both = tmp_path / "both"
    both.write_text(keys.identity.read_text() + (tmp_path / "other").read_text())
    assert len(reading.identities(both)) == 2


def test_what_is_no_identity_is_refused_and_not_told(keys: Parties, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# ingen\n")
    (tmp_path / "ssh").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n")
    (tmp_path / "cut").write_text(keys.identity.read_text().strip()[:-3])
    for name, match in (
        ("empty", "holds no secret key"),
        ("ssh", "not a secret SSH key"),
        ("cut", "line 3 is not a secret key of age"),
    ):
        with pytest.raises(UsageError, match=match) as caught:
            reading.identities(tmp_path / name)
        assert "SECRET-KEY-1" not in f"{caught.value} {caught.value.__cause__!r}"
    with pytest.raises(UsageError, match="line 3 is not a secret key of age"):
        reading.identities(keys.recipients)


def test_nothing_that_holds_keys_shows_a_secret_one(keys: Parties) -> None:
    shown = f"{keys.keys!r} {reading.identities(keys.identity)!r}"
    for path in (keys.secret, keys.identity):
        assert path.read_text().split()[-1] not in shown
