"""What a sealed package is on disk, and what its signatures say.

``<name>/`` holds ``<name>.tar.age`` (the bag, encrypted), ``<name>.manifest-sha256.txt`` (its
plain manifest: encryption differs every time, this does not), and beside each its minisign
signature. A receipt may lie beside them, and the plain bag where the sender has asked for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

SIGNATURE: Final = ".minisig"
RECEIPT: Final = "kvittering.json"

_COMMENT: Final = re.compile(
    r"package=(\S+) release=(\S+) manifest-sha256=([0-9a-f]{64}) recipients-sha256=([0-9a-f]{64})"
)


@dataclass(frozen=True)
class Files:
    """The files of a sealed package in a folder; they need not be there."""

    folder: Path
    name: str

    @property
    def encrypted(self) -> Path:
        """The bag, as tar, encrypted by age."""
        return self.folder / f"{self.name}.tar.age"

    @property
    def manifest(self) -> Path:
        """The manifest of the bag, in plain text."""
        return self.folder / f"{self.name}.manifest-sha256.txt"

    @property
    def receipt(self) -> Path:
        """What the receiver has answered."""
        return self.folder / RECEIPT

    @property
    def plain(self) -> Path:
        """The bag itself, where it was asked for."""
        return self.folder / self.name


def signature(path: Path) -> Path:
    """Where the signature of a file lies."""
    return path.with_name(path.name + SIGNATURE)


@dataclass(frozen=True)
class Comment:
    """The trusted comment of both signatures: what is signed, so that nothing can be exchanged."""

    package: str
    release: str
    manifest_sha256: str
    recipients_sha256: str

    def __str__(self) -> str:
        return (
            f"package={self.package} release={self.release} "
            f"manifest-sha256={self.manifest_sha256} recipients-sha256={self.recipients_sha256}"
        )

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """A comment that was read; None when it is not one of ours."""
        match = _COMMENT.fullmatch(text)
        return cls(*match.groups()) if match else None


def sha256(data: bytes) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def recipients_sha256(keys: Sequence[str]) -> str:
    """The SHA-256 of the public keys, sorted, each on a line."""
    return sha256("".join(f"{key}\n" for key in sorted(keys)).encode())
