"""Verifying and opening sealed packages, for those who receive them and those who sent them.

Nothing is taken on trust but the sender's public key. Each problem is a finding; a package with
any is not opened.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyrage

from kostra_publish.errors import (
    Finding,
    PackageError,
    ReleaseError,
    UsageError,
    written,
)
from kostra_publish.nav import bag, delivery_log, keys
from kostra_publish.nav.delivery_log import Line
from kostra_publish.nav.keys import AgeIdentity, Signer
from kostra_publish.nav.sealed import Comment, Files, recipients_sha256, sha256, signature
from kostra_publish.releases.staging import Staging, put_new

_STAGING: Final = ".opening-"
_ALTERED: Final = "Do not use it. Ask the sender for the package again."
_LOG: Final = "Do not go on. Find out which of both was changed, and put it back from a copy."
_UNLOGGED: Final = (
    "Seal it again if that was interrupted, which logs it; else find out where it came from."
)
_UNTOUCHED: Final = "Nothing has been changed; mend it and run again."


@dataclass(frozen=True)
class Verified:
    """What was looked at in a package, and what was found."""

    files: Files
    signer: Signer
    comment: Comment | None
    """What the sender has signed; None when no signature holds."""
    logged: Line | None
    """The line on it in the log beside; None where there is no log."""
    opened: int | None
    """How many files the bag holds, decrypted and compared; None when it was not opened."""
    in_plain: Path | None
    """The plain bag that was compared too."""
    findings: tuple[Finding, ...]

    def refuse(self) -> None:
        """Raise PackageError when anything was found."""
        if self.findings:
            raise PackageError(self.findings)


@dataclass(frozen=True)
class _Signed:
    """A file, its signature looked at."""

    data: bytes | None = None
    """None: the file or its signature cannot be read."""
    comment: Comment | None = None
    findings: tuple[Finding, ...] = ()


def find(path: Path) -> Files:
    """The sealed package in a folder, or whose encrypted file this is.

    Raises UsageError when there is none, or more than one.
    """
    if path.is_dir():
        with written(f"cannot read {path}", fix=_UNTOUCHED):
            names = sorted(one.name for one in path.glob("*.tar.age"))
        if not names and bag.is_name(path.resolve().name):
            names = [f"{path.resolve().name}.tar.age"]
        folder = path
    else:
        names, folder = [path.name] if path.is_file() else [], path.parent
    found = [name.removesuffix(".tar.age") for name in names if name.endswith(".tar.age")]
    if len(found) != 1 or not bag.is_name(found[0]):
        what = "several packages" if len(found) > 1 else "no sealed package"
        raise UsageError(
            f"there is {what} in {path}",
            fix="Name one file such as soshjelp-nav_p2025_v2.tar.age, or a folder with one.",
        )
    return Files(folder, found[0])


def verify(
    path: Path, signer: Path, *, identity: Path | None = None, plain: Path | None = None
) -> Verified:
    """See whether a package is as its sender sealed it.

    ``signer`` is a file with the sender's minisign public key. With an ``identity``, a file with a
    secret key of age, the package is decrypted, in memory, and each file in it compared with the
    signed manifest. ``plain`` is a bag in plain text that is compared too; without one, the bag
    beside the package if there is one. The delivery log is compared where it lies beside.

    Raises UsageError for a path without a package and for keys that do not read.
    """
    secret = keys.identities(identity) if identity else None
    return _examined(find(path), keys.signer(signer), secret, plain)[0]


def open_package(path: Path, signer: Path, identity: Path, into: Path) -> Verified:
    """Verify a package, and unpack its bag into a folder that is not there yet.

    The folder is put in place whole or not at all.

    Raises PackageError when the package is not as it was sealed, UsageError as ``verify`` does and
    when the folder is there, ReleaseError when it cannot be written.
    """
    if into.exists() or into.is_symlink():
        raise UsageError(f"{into} is there already", fix="Name a folder that is not there yet.")
    found, contents = _examined(find(path), keys.signer(signer), keys.identities(identity), None)
    found.refuse()
    with _staging(into) as staging:
        for relative, data in contents.items():
            staging.write(relative, data)
        bag.validate(staging.folder)
        put_new(staging.folder, into)
    return found


@contextmanager
def _staging(into: Path) -> Iterator[Staging]:
    """A folder beside ``into``, gone at the end; what killed runs left of one is cleared first."""
    folder = into.parent / f"{_STAGING}{into.name}"
    with written(f"cannot write beside {into}", fix=_UNTOUCHED):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    try:
        yield Staging(folder)
    finally:
        with suppress(OSError):
            shutil.rmtree(folder)


def _examined(
    files: Files, signer: Signer, secret: Sequence[AgeIdentity] | None, plain: Path | None
) -> tuple[Verified, Mapping[str, bytes]]:
    """What was found, and the files of the bag where it could be opened."""
    encrypted, manifest = (_signed(path, signer) for path in (files.encrypted, files.manifest))
    findings = [*encrypted.findings, *manifest.findings]
    if not findings:
        findings += _at_odds(files, encrypted, manifest)
    logged = None
    contents: Mapping[str, bytes] = {}
    beside = plain or (files.plain if files.plain.exists() else None)
    if encrypted.data is not None and manifest.data is not None:
        logged, in_log = _in_log(files, encrypted, manifest)
        findings += in_log
        if secret is not None and not findings:
            contents, in_bag = _decrypted(files, encrypted.data, manifest.data, secret)
            findings += in_bag
        if beside and not manifest.findings:
            findings += _in_plain(files.name, beside, manifest.data, contents)
    opened = len(contents) if contents else None
    found = Verified(
        files, signer, encrypted.comment, logged, opened, beside, tuple(sorted(findings))
    )
    return found, contents


def _signed(path: Path, signer: Signer) -> _Signed:
    """Read a file, and see what its signature says."""
    read: list[bytes] = []
    for one in (path, signature(path)):
        try:
            read.append(one.read_bytes())
        except OSError as error:
            rule = "missing" if isinstance(error, FileNotFoundError) else "cannot be read"
            return _Signed(findings=(Finding(one.name, "", "", rule, _ALTERED),))
    data, signed = read
    said = signer.verify(data, signed)
    if said is None:
        rule = f"not signed by the key {signer.number}, or file or signature were altered"
        fix = f"See that the sender's key is this one. {_ALTERED}"
        return _Signed(data, None, (Finding(path.name, "", "", rule, fix),))
    comment = Comment.parse(said)
    if comment is None:
        rule = "signed, but not as a package"
        return _Signed(data, None, (Finding(path.name, "", "", rule, _ALTERED),))
    return _Signed(data, comment)


def _at_odds(files: Files, encrypted: _Signed, manifest: _Signed) -> list[Finding]:
    """Where files whose signatures hold do not belong together."""
    found = [
        Finding(path.name, "", "", f"signed as {signed.comment.package!a}", _ALTERED)
        for path, signed in ((files.encrypted, encrypted), (files.manifest, manifest))
        if signed.comment and signed.comment.package != files.name
    ]
    comment = encrypted.comment
    digest = sha256(manifest.data or b"")
    if not found and comment and (comment != manifest.comment or comment.manifest_sha256 != digest):
        rule = "signed, but not the manifest of this package"
        found.append(Finding(files.manifest.name, "", "", rule, _ALTERED))
    return found


def _in_log(
    files: Files, encrypted: _Signed, manifest: _Signed
) -> tuple[Line | None, list[Finding]]:
    """The line on a package in the log beside it, and where both differ."""
    folder = files.folder.resolve().parent
    if not (folder / delivery_log.LOG).exists():
        return None, []
    try:
        log = delivery_log.read(folder)
    except ReleaseError as error:
        return None, [Finding(delivery_log.LOG, "", "", error.message, error.fix)]
    name, digest = files.encrypted.name, sha256(encrypted.data or b"")
    sealed = [line for line in log.of(files.name, "sealed") if line.file_sha256 == digest]
    if not sealed:
        return None, [Finding(name, "", "", f"{delivery_log.LOG} does not tell of it", _UNLOGGED)]
    line, comment = sealed[-1], encrypted.comment
    found = []
    told = (line.release, line.content_sha256, recipients_sha256(line.recipients))
    if line.content_sha256 != sha256(manifest.data or b"") or (
        comment and told != (comment.release, comment.manifest_sha256, comment.recipients_sha256)
    ):
        rule = f"{delivery_log.LOG} tells something else of it"
        found.append(Finding(name, "", f"line {line.number}", rule, _LOG))
    received = log.of(files.name, "received")
    return line, [*found, *_receipt(files, received[-1].receipt_sha256 if received else None)]


def _receipt(files: Files, logged: str | None) -> list[Finding]:
    """Where the receipt beside a package is not the one that was logged."""
    try:
        there = sha256(files.receipt.read_bytes())
    except FileNotFoundError:
        there = None
    except OSError:
        there = ""
    if there == logged:
        return []
    rule = f"not the receipt that {delivery_log.LOG} tells of"
    return [Finding(files.receipt.name, "", "", rule, _LOG)]


def _decrypted(
    files: Files, data: bytes, manifest: bytes, secret: Sequence[AgeIdentity]
) -> tuple[Mapping[str, bytes], list[Finding]]:
    """The files of the encrypted bag, and what is not as it was in them."""
    try:
        contents = bag.untar(files.name, pyrage.decrypt(data, [*secret]))
    except pyrage.DecryptError:
        rule = "not encrypted to this key"
        fix = "Take the secret key whose public key the sender has, or ask for it anew."
        return {}, [Finding(files.encrypted.name, "", "", rule, fix)]
    except PackageError as error:
        return {}, [*error.findings]
    return contents, bag.altered(files.name, contents, manifest)


def _in_plain(
    name: str, folder: Path, manifest: bytes, contents: Mapping[str, bytes]
) -> list[Finding]:
    """Where a bag in plain text is not the one that was signed, or differs from the encrypted."""
    files: dict[str, bytes] = {}
    found: list[Finding] = []
    with written(f"cannot read {folder}", fix=_UNTOUCHED):
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                found.append(Finding(str(folder), relative, "", "not a file", _ALTERED))
            elif path.is_file():
                files[relative] = path.read_bytes()
    found += bag.altered(str(folder), files, manifest)
    if not found and contents and files != contents:
        rule = f"not the bag in {name}.tar.age"
        found.append(Finding(str(folder), "", "", rule, _ALTERED))
    return found
