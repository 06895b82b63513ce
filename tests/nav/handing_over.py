"""Sender and receiver with keys that the real tools made, and packages for them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kostra_publish.nav.sealing import Contents, Keys, Sealed, read_keys, seal

BAGIT = Path(sys.executable).with_name("bagit.py")
"""The tool of the library `bagit`, beside this Python."""
PUBLISHED = datetime(2026, 3, 16, 7, tzinfo=UTC)
SEALED = datetime(2026, 3, 16, 9, 30, tzinfo=UTC)
PAYLOAD = {
    "soshjelp-nav_p2025_v1.csv": b"region;mottakere\n1103;:\n1124;7\n",
    "soshjelp-nav_p2025_v1.parquet": b"PAR1\x00\x01\x02\xffPAR1",
    "folgebrev.html": "<p>Følgebrev, syntetiske data</p>\n".encode(),
    "tom.json": b"",
}
INFO = {
    "Bagging-Date": "2026-03-16",
    "Source-Organization": "Statistikkavdelingen på Øya",
    "External-Description": "Syntetiske data",
}


def run(*command: str | Path, cwd: Path) -> str:
    """What a tool prints; it must end well."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Parties:
    """The files of keys."""

    folder: Path

    @property
    def secret(self) -> Path:
        """The sender's minisign key."""
        return self.folder / "minisign.key"

    @property
    def signer(self) -> Path:
        """Its public key."""
        return self.folder / "minisign.pub"

    @property
    def identity(self) -> Path:
        """The receiver's age key."""
        return self.folder / "nav.txt"

    @property
    def recipients(self) -> Path:
        """Its public key."""
        return self.folder / "nav.pub"

    @property
    def keys(self) -> Keys:
        """What the sender seals with."""
        return read_keys([self.recipients], self.secret)


def parties(folder: Path) -> Parties:
    """Keys from ``minisign -G`` and ``age-keygen``."""
    made = Parties(folder)
    run("minisign", "-G", "-W", "-p", made.signer, "-s", made.secret, cwd=folder)
    run("age-keygen", "-o", made.identity, cwd=folder)
    made.recipients.write_text(f"# NAV\n\n{run('age-keygen', '-y', made.identity, cwd=folder)}")
    return made


def contents(version: int = 1) -> Contents:
    """A package."""
    return Contents(
        name=f"soshjelp-nav_p2025_v{version}",
        delivery="soshjelp-nav",
        version=version,
        release="2026-03",
        year=2025,
        published=PUBLISHED,
        data_sha256=f"{version:064x}",
        payload=PAYLOAD,
        info=INFO,
    )


def sealed(keys: Parties, out: Path, version: int = 1, *, keep_plain: bool = False) -> Sealed:
    """A package in ``out``."""
    return seal(contents(version), keys.keys, out, time=SEALED, by="Kari", keep_plain=keep_plain)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but the lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }
