"""Sealing a package: a bag, encrypted to its receivers, signed by its sender, put in place whole.

What is sealed lies in ``out/nav/<name>/`` (see ``sealed``). It is made beside and moved there in
one step, and then logged. Nothing is overwritten: the same package for the same receivers is left
as it is, and another one of that name refused. Plain text is in memory only, unless asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import minisign
import pyrage

from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.nav import bag, delivery_log, keys
from kostra_publish.nav.delivery_log import DeliveryLog, Entry
from kostra_publish.nav.keys import Recipient, Signer
from kostra_publish.nav.sealed import Comment, Files, recipients_sha256, sha256, signature
from kostra_publish.releases.staging import Staging, put_new, scratch

_NEW_VERSION: Final = "Nothing has been changed. Hand it over as a new version."
_LOOK: Final = "Nothing has been changed. Find out who changed it, and put it back from a copy."


@dataclass(frozen=True)
class Contents:
    """A package before it is sealed: what it is, and its files."""

    name: str
    """`soshjelp-nav_p2025_v2`."""
    delivery: str
    """The delivery it is one of."""
    version: int
    release: str
    """The release that it is handed over with: `2026-03`."""
    year: int
    """The statistics year."""
    published: datetime
    """The hour of the release, with its zone: the time of every file in the tar."""
    data_sha256: str
    """The SHA-256 of the datasets, which decides whether it is a new version."""
    payload: Mapping[str, bytes]
    """The files, by their path below `data/`."""
    info: Mapping[str, str] = field(default_factory=dict)
    """What `bag-info.txt` says, dates included."""


@dataclass(frozen=True)
class Keys:
    """Who can open a package, and who signs it."""

    recipients: tuple[Recipient, ...]
    secret: minisign.SecretKey

    @property
    def signer(self) -> Signer:
        """The public key of the sender."""
        return keys.of_public(self.secret.get_public_key())

    @property
    def public(self) -> tuple[str, ...]:
        """The public keys of the receivers."""
        return tuple(one.key for one in self.recipients)


@dataclass(frozen=True)
class Sealed:
    """A package that is in place, and its line in the log."""

    files: Files
    line: Entry
    is_new: bool
    """False: it was there already, and has been left as it is."""


def read_keys(
    recipients: Sequence[Path], secret: Path, password: Callable[[], str] | None = None
) -> Keys:
    """The keys in files: public ones of the receivers, the sender's secret one.

    Raises UsageError as ``keys.recipients`` and ``keys.secret`` do.
    """
    return Keys(keys.recipients(recipients), keys.secret(secret, password))


def seal(
    contents: Contents,
    sealing_keys: Keys,
    out: Path,
    *,
    time: datetime,
    by: str | None = None,
    keep_plain: bool = False,
) -> Sealed:
    """Encrypt and sign a package, put it in ``out/nav`` and log it.

    ``keep_plain`` leaves the bag beside, in plain text; not where the package was there already.
    The secret key is not wiped here: ``with sealing_keys.secret:`` does that.

    Raises UsageError for names and paths that a package must not have, and ReleaseError when
    another package of that name was sealed, when what is there has been altered, and when it cannot
    be written; nothing is changed then.
    """
    files = bag.bag(contents.name, contents.payload, contents.info)
    place = Files(out / delivery_log.FOLDER / contents.name, contents.name)
    comment = Comment(
        contents.name,
        contents.release,
        sha256(files[bag.MANIFEST]),
        recipients_sha256(sealing_keys.public),
    )
    if Comment.parse(str(comment)) != comment:
        raise UsageError(f"not a release: {contents.release!a}", fix="Name it as 2026-03.")
    with scratch(out, contents.name) as staging:
        log = delivery_log.read(place.folder.parent)
        _refuse_other(log, comment)
        is_new = not place.folder.exists()
        if is_new:
            file = _write(staging, contents, files, sealing_keys, comment)
            if keep_plain:
                _write_plain(staging, contents.name, files)
        else:
            file = _in_place(place, comment, log, sealing_keys.signer)
        line = Entry(
            time=time,
            step="sealed",
            package=contents.name,
            delivery=contents.delivery,
            version=contents.version,
            release=contents.release,
            year=contents.year,
            content_sha256=comment.manifest_sha256,
            data_sha256=contents.data_sha256,
            file_sha256=file,
            recipients=sealing_keys.public,
            signer=sealing_keys.signer.number,
            by=by,
        )
        if is_new:
            put_new(staging.folder, place.folder)
        return Sealed(place, _logged(log, line), is_new)


def _refuse_other(log: DeliveryLog, comment: Comment) -> None:
    """See that no package with other contents was ever sealed under this name."""
    for line in log.of(comment.package, "sealed"):
        if line.content_sha256 != comment.manifest_sha256:
            raise ReleaseError(
                f"{comment.package} was sealed before, with other contents", fix=_NEW_VERSION
            )


def _write(
    staging: Staging,
    contents: Contents,
    files: Mapping[str, bytes],
    sealing_keys: Keys,
    comment: Comment,
) -> str:
    """Write the encrypted bag, its manifest and the signatures of both, which are verified.

    Returns the SHA-256 of the encrypted file.
    """
    place = Files(staging.folder, contents.name)
    plain = bag.tar(contents.name, files, contents.published)
    encrypted = pyrage.encrypt(plain, [one.age for one in sealing_keys.recipients])
    for path, data in ((place.encrypted, encrypted), (place.manifest, files[bag.MANIFEST])):
        signed = _sign(data, sealing_keys, comment)
        staging.write(path.name, data)
        staging.write(signature(path).name, signed)
    for path in (place.encrypted, place.manifest):
        if sealing_keys.signer.verify(_read(path), _read(signature(path))) != str(comment):
            raise ReleaseError(f"the signature of {path.name} does not hold", fix="Run again.")
    return sha256(encrypted)


def _sign(data: bytes, sealing_keys: Keys, comment: Comment) -> bytes:
    made = sealing_keys.secret.sign(
        data,
        untrusted_comment=keys.untrusted(sealing_keys.signer.number),
        trusted_comment=str(comment),
    )
    return bytes(made) + b"\n"


def _write_plain(staging: Staging, name: str, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        staging.write(f"{name}/{path}", data)
    bag.validate(staging.folder / name)


def _in_place(place: Files, comment: Comment, log: DeliveryLog, signer: Signer) -> str:
    """The SHA-256 of the encrypted file in place, which must be this package's.

    Raises ReleaseError when it is for others, has other contents, or is not as it was sealed.
    """
    pairs = [(_read(path), _read(signature(path))) for path in (place.manifest, place.encrypted)]
    if sha256(pairs[0][0]) != comment.manifest_sha256:
        raise ReleaseError(f"{place.folder} has other contents", fix=_NEW_VERSION)
    file = sha256(pairs[1][0])
    logged = [line for line in log.of(place.name, "sealed") if line.file_sha256 == file]
    if logged and recipients_sha256(logged[-1].recipients) != comment.recipients_sha256:
        raise ReleaseError(
            f"{place.name} was sealed before, for other receivers",
            fix="Nothing has been changed. Move its folder away, and run again.",
        )
    # What another key has signed before is known by the log; what is not logged, by its signature.
    if logged and logged[-1].signer != signer.number:
        return file
    if any(signer.verify(data, signed) != str(comment) for data, signed in pairs):
        raise ReleaseError(
            f"{place.folder} has been altered, or was sealed with another key, for other receivers "
            "or with another release",
            fix=_LOOK,
        )
    return file


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReleaseError(
            f"{path.parent} is not a whole sealed package: {path.name} cannot be read", fix=_LOOK
        ) from error


def _logged(log: DeliveryLog, entry: Entry) -> Entry:
    """The entry as it stands in the log, where it is added unless it tells of this file already."""
    before = [
        line for line in log.of(entry.package, "sealed") if line.file_sha256 == entry.file_sha256
    ]
    return before[-1] if before else log.append(entry).lines[-1]
