"""A package as a BagIt 1.0 bag (RFC 8493), and the bag as a tar file: same input, same bytes.

A bag holds its files in ``data/``, their SHA-256 in ``manifest-sha256.txt``, what they are in
``bag-info.txt``, and the SHA-256 of those two and of ``bagit.txt`` in ``tagmanifest-sha256.txt``.
The library ``bagit`` writes bags of version 0.97 into folders; these are made in memory, so that
nothing is on disk before it is encrypted, and `bagit` validates what is unpacked.
"""

from __future__ import annotations

import hashlib
import io
import logging
import re
import tarfile
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import bagit

from kostra_publish.errors import Finding, PackageError, ReleaseError, UsageError, written

MANIFEST: Final = "manifest-sha256.txt"
TAG_MANIFEST: Final = "tagmanifest-sha256.txt"
DECLARATION: Final = "bagit.txt"
INFO: Final = "bag-info.txt"
PAYLOAD: Final = "data/"
TAG_FILES: Final = (INFO, DECLARATION, MANIFEST)
"""The files that the tag manifest lists."""

_BAGIT: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_PACKAGE: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*_p\d{4}(-\d{2}){0,2}_v[1-9]\d*")
_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?<![.])")
"""What a file or folder may be called, so that every system can unpack it."""
_LABEL: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_LINE: Final = re.compile(r"([0-9a-f]{64})  (\S+)")
_LONGEST: Final = 100
"""Characters of a path that every tar reads."""
_OXUM: Final = "Payload-Oxum"

_ALTERED: Final = "Do not use it. Ask the sender for the package again."

# What the library would print is told by the error.
logging.getLogger("bagit").addHandler(logging.NullHandler())


def is_name(name: str) -> bool:
    """Whether a package may be called so."""
    return _PACKAGE.fullmatch(name) is not None


def check_name(name: str) -> None:
    """See that a package is called as files are to be: ``soshjelp-nav_p2025_v2``.

    Raises UsageError for another name.
    """
    if not is_name(name):
        raise UsageError(
            f"not the name of a package: {name!r}",
            fix="Name it by contents, period and version, such as soshjelp-nav_p2025_v2.",
        )


def bag(name: str, payload: Mapping[str, bytes], info: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a bag, by their path in it, sorted.

    ``payload`` is by path below ``data/``; ``info`` is what ``bag-info.txt`` says, beside the size
    of the payload, which is added. Dates are among it: nothing here looks at a clock.

    Raises UsageError for a name, a path or an information that a bag must not have.
    """
    check_name(name)
    _check_paths(name, payload)
    files = {PAYLOAD + path: data for path, data in payload.items()}
    files[DECLARATION] = _BAGIT
    files[INFO] = _info(payload, info)
    files[MANIFEST] = manifest({path: files[path] for path in files if path.startswith(PAYLOAD)})
    files[TAG_MANIFEST] = manifest({path: files[path] for path in TAG_FILES})
    return dict(sorted(files.items()))


def manifest(files: Mapping[str, bytes]) -> bytes:
    """A line for each file, sorted: its SHA-256 and its path, as ``sha256sum`` writes them."""
    lines = (f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    return "".join(lines).encode()


def _check_paths(name: str, paths: Iterable[str]) -> None:
    listed = [*paths]
    if not listed:
        raise UsageError(f"{name} would hold nothing", fix="Give it files.")
    for path in listed:
        if not _is_safe(path) or path.startswith(PAYLOAD):
            raise UsageError(
                f"not a path in a package: {path!r}",
                fix="Use A-Z, a-z, 0-9, hyphen, underscore, full stop, and / between folders; "
                "data/ is put before it here.",
            )
        if len(f"{name}/{PAYLOAD}{path}") > _LONGEST:
            raise UsageError(
                f"{path} is too long a path", fix=f"At most {_LONGEST} with {name}/{PAYLOAD}."
            )
    folders = {path[: place.start()] for path in listed for place in re.finditer("/", path)}
    seen = Counter(path.lower() for path in [*listed, *folders])
    if twice := sorted(path for path in listed if seen[path.lower()] > 1):
        raise UsageError(
            f"{', '.join(twice)}: some systems cannot tell it from another path",
            fix="Names must differ in more than capital letters, and from those of folders.",
        )


def _is_safe(path: str) -> bool:
    """Whether a path stays inside, on every system."""
    return all(_PART.fullmatch(part) for part in path.split("/"))


def _info(payload: Mapping[str, bytes], info: Mapping[str, str]) -> bytes:
    for label, value in info.items():
        if not _LABEL.fullmatch(label) or label == _OXUM or not value.strip():
            raise UsageError(
                f"bag-info.txt cannot say {label!r}",
                fix=f"A label is letters, digits and hyphens, not {_OXUM}, and says something.",
            )
        if not value.isprintable():
            raise UsageError(f"{label} in bag-info.txt is not one line of text", fix="Mend it.")
    oxum = f"{sum(map(len, payload.values()))}.{len(payload)}"
    said = sorted({**info, _OXUM: oxum}.items())
    return "".join(f"{label}: {value.strip()}\n" for label, value in said).encode()


def tar(name: str, files: Mapping[str, bytes], time: datetime) -> bytes:
    """A bag as an uncompressed tar file (ustar) with the top folder ``name``.

    Every file has ``time``, owner and group 0 without names, and may be read by all.
    """
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(files[path])
            member.mtime = int(time.astimezone(UTC).timestamp())
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(files[path]))
    return whole.getvalue()


def untar(name: str, data: bytes) -> dict[str, bytes]:
    """The files in a tar file of a package, by their path in the bag; nothing is unpacked.

    Raises PackageError when it is no tar file, or holds anything but files with safe paths below
    the folder ``name``, each once.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                path = member.name.removeprefix(f"{name}/")
                content = archive.extractfile(member) if member.isreg() else None
                if content is None or path == member.name or path in files or not _is_safe(path):
                    raise PackageError([_not_a_file(name, member.name)])
                files[path] = content.read()
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        rule = "what was encrypted is not a whole tar file"
        raise PackageError([Finding(f"{name}.tar", "", "", rule, _ALTERED)]) from error
    return files


def _not_a_file(name: str, member: str) -> Finding:
    rule = f"a member that is not a file below {name}/, or is there twice"
    return Finding(f"{name}.tar", ascii(member), "", rule, _ALTERED)


def validate(folder: Path) -> None:
    """See that a folder is a valid bag, as the library ``bagit`` has it.

    Raises ReleaseError when it is not.
    """
    fix = "Nothing has been changed; mend it and run again."
    try:
        with written(f"cannot read {folder} back", fix=fix):
            bagit.Bag(str(folder)).validate()
    except bagit.BagError as error:
        raise ReleaseError(f"{folder} is not a valid bag on disk", fix=fix) from error


def altered(name: str, files: Mapping[str, bytes], signed: bytes | None = None) -> list[Finding]:
    """What is not as it was in the files of a bag, by their path in it; empty when all is.

    ``signed`` is the manifest that was signed: the bag's own must be that one.
    """
    found = [
        Finding(name, path, "", "missing in the bag", _ALTERED)
        for path in (*TAG_FILES, TAG_MANIFEST)
        if path not in files
    ]
    if found:
        return found
    if files[DECLARATION] != _BAGIT:
        found.append(Finding(name, DECLARATION, "", "not that of a BagIt 1.0 bag", _ALTERED))
    if signed is not None and files[MANIFEST] != signed:
        found.append(Finding(name, MANIFEST, "", "not the manifest that was signed", _ALTERED))
    extra = {path for path in files if not path.startswith(PAYLOAD)}
    tags = extra - {TAG_MANIFEST}
    payload = files.keys() - extra
    found += _unlike(name, {path: files[path] for path in payload}, MANIFEST, files[MANIFEST])
    found += _unlike(name, {path: files[path] for path in tags}, TAG_MANIFEST, files[TAG_MANIFEST])
    return found


def _unlike(name: str, files: Mapping[str, bytes], listed_in: str, data: bytes) -> list[Finding]:
    """Where files and the manifest that lists them differ."""
    lines = [_LINE.fullmatch(line) for line in data.decode("ascii", "replace").splitlines()]
    listed = {line[2]: line[1] for line in lines if line}
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    rules = {
        path: "missing in the bag"
        if path not in hashes
        else f"not listed in {listed_in}"
        if path not in listed
        else f"its SHA-256 is not that of {listed_in}"
        for path in sorted({*listed, *hashes})
        if listed.get(path) != hashes.get(path)
    }
    found = [Finding(name, path, "", rule, _ALTERED) for path, rule in rules.items()]
    if not found and data != manifest(files):
        found.append(Finding(name, listed_in, "", "not written as a sorted manifest", _ALTERED))
    return found
