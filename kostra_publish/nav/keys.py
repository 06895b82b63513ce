"""The keys of a handover, read from files: age keys to encrypt with, minisign keys to sign with.

No message holds anything of a file's content: only which line of it is wrong.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import minisign
import pyrage

from kostra_publish.errors import UsageError

AgeRecipient: TypeAlias = pyrage.x25519.Recipient | pyrage.ssh.Recipient
AgeIdentity: TypeAlias = pyrage.x25519.Identity | pyrage.ssh.Identity

_SECRET: Final = re.compile(rb"AGE-SECRET-KEY-|PRIVATE KEY|secret key", re.IGNORECASE)
_PUBLIC_LENGTH: Final = 42
"""Bytes of a minisign public key: 2 for the algorithm, 8 for the key's number, 32 for the key."""


@dataclass(frozen=True)
class Recipient:
    """Who can open a package: the public key, and what encrypts to it."""

    key: str
    """As ``age`` reads it, without a comment: ``age1…``, or ``ssh-ed25519`` and the key."""
    age: AgeRecipient


@dataclass(frozen=True)
class Signer:
    """A minisign public key, and its number as the tool ``minisign`` prints it."""

    number: str
    public: minisign.PublicKey

    def verify(self, data: bytes, signature: bytes) -> str | None:
        """The trusted comment of a signature; None where it is not this key's on these bytes.

        Every byte counts: the signature must be written as this program writes it.
        """
        try:
            read = minisign.Signature.from_bytes(signature)
            self.public.verify(data, read)
        except minisign.Error:
            return None
        is_ours = read.is_prehashed() and read.untrusted_comment == untrusted(self.number)
        return read.trusted_comment if is_ours and bytes(read) + b"\n" == signature else None


def untrusted(number: str) -> str:
    """The first line of our signatures, which the signature itself does not cover."""
    return f"signature by kostra-publish, minisign key {number}"


def recipients(paths: Sequence[Path]) -> tuple[Recipient, ...]:
    """The public keys in files as ``age -R`` reads them, each once, sorted.

    Blank lines and those that begin with ``#`` are passed over.

    Raises UsageError for no file, a file without keys, with a secret key, or with a line that is
    no public key of age (X25519) or SSH.
    """
    if not paths:
        raise UsageError(
            "there is nobody to encrypt to", fix="Name the receiver's file of public keys."
        )
    found: dict[str, Recipient] = {}
    for path in paths:
        data = _read(path)
        if _SECRET.search(data):
            raise UsageError(
                f"{path} holds a secret key: nothing is encrypted to it",
                fix="Take the public key that `age-keygen -y` gives, and keep the secret one with "
                "its owner.",
            )
        ours = [_recipient(path, number, line) for number, line in _lines(data)]
        if not ours:
            raise UsageError(f"{path} holds no public key", fix="Ask the receiver for theirs.")
        found |= {one.key: one for one in ours}
    return tuple(found[key] for key in sorted(found))


def _recipient(path: Path, number: int, line: str) -> Recipient:
    try:
        if line.startswith("ssh-"):
            kind, key = line.split()[:2]
            return Recipient(f"{kind} {key}", pyrage.ssh.Recipient.from_str(f"{kind} {key}"))
        public = pyrage.x25519.Recipient.from_str(line)
    except (pyrage.RecipientError, ValueError) as error:
        raise UsageError(
            f"{path}: line {number} is not a public key",
            fix="A line is age1…, ssh-ed25519 … or ssh-rsa …, or a comment that begins with #.",
        ) from error
    return Recipient(str(public), public)


def identities(path: Path) -> list[AgeIdentity]:
    """The secret keys in a file as ``age -i`` reads it: of ``age-keygen``, or one of SSH.

    Raises UsageError when there is none, when a line is none, or it is kept by a passphrase.
    """
    data = _read(path)
    if b"-----BEGIN" in data:
        return [_ssh_identity(path, data)]
    found: list[AgeIdentity] = []
    for number, line in _lines(data):
        try:
            found.append(pyrage.x25519.Identity.from_str(line))
        except pyrage.IdentityError as error:
            raise UsageError(
                f"{path}: line {number} is not a secret key of age",
                fix="Name the file that `age-keygen -o` wrote; of a file with a passphrase, "
                "what `age -d` makes of it.",
            ) from error
    if not found:
        raise UsageError(f"{path} holds no secret key", fix="Name the file of your own key.")
    return found


def _ssh_identity(path: Path, data: bytes) -> AgeIdentity:
    try:
        return pyrage.ssh.Identity.from_buffer(data)
    except pyrage.IdentityError as error:
        raise UsageError(
            f"{path} is not a secret SSH key without a passphrase",
            fix="Take one, of the kinds ed25519 or rsa, or a key made by `age-keygen -o`.",
        ) from error


def signer(path: Path) -> Signer:
    """The public key in a file that ``minisign -G`` wrote, or its second line alone.

    Raises UsageError when it holds none.
    """
    data = _read(path)
    lines = [line.strip() for line in data.splitlines() if line.strip()]
    try:
        public = minisign.PublicKey.from_base64(lines[-1] if lines else b"")
    except minisign.Error as error:
        raise UsageError(
            f"{path} is not a public key of minisign",
            fix="Name the sender's minisign.pub; a secret key is not for others.",
        ) from error
    return of_public(public)


def of_public(public: minisign.PublicKey) -> Signer:
    """A public key with its number."""
    raw = base64.b64decode(public.to_base64())
    return Signer(f"{int.from_bytes(raw[2:10], 'little'):X}", public)


def secret(path: Path, password: Callable[[], str] | None = None) -> minisign.SecretKey:
    """The secret key in a file that ``minisign -G`` wrote; wipe it after use (``with``).

    ``password`` is asked for one when the key is kept by it.

    Raises UsageError when the file holds none, or the password is missing or wrong.
    """
    try:
        key = minisign.SecretKey.from_bytes(_read(path))
        locked = key.is_encrypted()
    except minisign.Error as error:
        raise UsageError(
            f"{path} is not a secret key of minisign",
            fix="Name the file that `minisign -G -s` wrote.",
        ) from error
    if not locked:
        return key
    if password is None:
        raise UsageError(f"{path} is kept by a password, and none is given", fix="Give it.")
    try:
        key.decrypt(password())
    except minisign.Error as error:
        raise UsageError(f"wrong password for {path}", fix="Try again.") from error
    return key


TRIAL: Final = ("receiver.key", "receiver.pub", "sender.key", "sender.pub")
"""The files of ``write_trial``: the receiver's age keys, then the sender's minisign keys."""


def write_trial(folder: Path) -> None:
    """New keys of a receiver and a sender, without passwords, for trying packages out.

    Raises UsageError when the folder is there already: no key is overwritten.
    """
    identity, pair = pyrage.x25519.Identity.generate(), minisign.KeyPair.generate()
    contents = (
        f"# public key: {identity.to_public()}\n{identity}\n".encode(),
        f"{identity.to_public()}\n".encode(),
        bytes(pair.secret_key) + b"\n",
        bytes(pair.public_key) + b"\n",
    )
    try:
        folder.mkdir(parents=True, mode=0o700)
        for name, data in zip(TRIAL, contents, strict=True):
            (folder / name).touch(mode=0o600)
            (folder / name).write_bytes(data)
    except FileExistsError as error:
        raise UsageError(f"{folder} is there already", fix="Name a new folder.") from error
    except OSError as error:
        reason = error.strerror or "it does not work"
        raise UsageError(f"cannot write {folder}: {reason}", fix="Name another folder.") from error


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Lines that say something, with their numbers from 1 on."""
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "it does not read"
        raise UsageError(f"{path} cannot be read: {reason}", fix="Name a file of keys.") from error
