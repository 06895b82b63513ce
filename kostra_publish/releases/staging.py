"""Building a release beside its place, and putting it there in one step.

A run writes into ``out/.staging-<round>-<process>`` and, when all is written and on
disk, changes places with ``out/<round>`` by one system call. So whoever looks at
``out/<round>`` sees the old release or the new one, whole, also when the run is
killed. What a killed run leaves behind, the next one clears away.

Where the file system cannot swap two folders in one step, the old release is first
moved to ``out/.previous-<round>``. A run killed between the two moves leaves
``out/<round>`` empty for readers until the next run, which starts by moving the old
release back (see ``recover``).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from kostra_publish.errors import ReleaseError
from kostra_publish.releases.folders import CURRENT, LOCK, is_release_name

Exchange = Callable[[Path, Path], bool]

_STAGING: Final = ".staging-"
_PREVIOUS: Final = ".previous-"
_NEW_CURRENT: Final = ".current-"

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_CANNOT_EXCHANGE: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})

_UNTOUCHED: Final = "What was published before is untouched; mend it and run again."


@dataclass(frozen=True)
class Written:
    """One file of a release: its SHA-256 in hexadecimal, and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Staging:
    """A release being built."""

    folder: Path
    written: dict[str, Written] = field(default_factory=dict)
    """The files written so far, by their path in the release."""

    def write(self, relative: str, data: bytes) -> None:
        """Write one file, at a path with ``/`` inside the release.

        Raises ReleaseError when the path leads outside or is taken, and when the file
        cannot be written.
        """
        path = PurePosixPath(relative)
        if path.is_absolute() or ".." in path.parts or "\\" in relative or not path.name:
            raise ReleaseError(f"{relative} is not a path inside a release")
        if str(path) in self.written:
            raise ReleaseError(f"{path} is written twice in the release")
        target = self.folder / path
        with _reported(f"cannot write {path}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(data)
        self.written[str(path)] = Written(hashlib.sha256(data).hexdigest(), len(data))


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where the system cannot."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    rename = library.renameat2
    rename.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    names = os.fsencode(one), os.fsencode(other)
    if rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(other))


@contextmanager
def staged(
    out: Path,
    name: str,
    *,
    swap: Exchange = exchange,
    then: Callable[[Staging], None] = lambda _staging: None,
) -> Iterator[Staging]:
    """A staging folder that becomes ``out/<name>`` when the block ends well.

    When the block raises, or the release cannot be put in place, nothing is changed.
    When every byte is as in the release that is there, that folder is kept. ``then`` is
    called when it is in place, still alone in ``out``.

    Raises ReleaseError when another run holds ``out``, and when ``out`` cannot be
    written.
    """
    if not is_release_name(name):
        raise ReleaseError(f"{name} is not the name of a release", fix="Name it as 2026-03.")
    with locked(out):
        with _reported(f"cannot prepare {out}"):
            _refuse_strangers(out, name)
            recover(out)
            staging = Staging(out / f"{_STAGING}{name}-{os.getpid()}")
            staging.folder.mkdir()
        try:
            yield staging
            _publish(staging.folder, out / name, swap)
            then(staging)
        finally:
            # What cannot be cleared now, the next run clears; an error here must not
            # hide the one that led here, nor call a release that is in place a failure.
            with suppress(OSError):
                recover(out)


@contextmanager
def scratch(out: Path, name: str) -> Iterator[Staging]:
    """A staging folder in ``out`` that is cleared away at the end, whatever comes of it.

    Raises ReleaseError when another run holds ``out``, and when it cannot be written.
    """
    with locked(out):
        with _reported(f"cannot prepare {out}"):
            recover(out)
            staging = Staging(out / f"{_STAGING}{name}-{os.getpid()}")
            staging.folder.mkdir()
        try:
            yield staging
        finally:
            with suppress(OSError):
                recover(out)


def recover(out: Path) -> None:
    """Clear what killed runs left in ``out``; only for the run that holds the lock."""
    for previous in out.glob(f"{_PREVIOUS}*"):
        target = out / previous.name.removeprefix(_PREVIOUS)
        if target.exists():
            shutil.rmtree(previous)
        else:
            previous.rename(target)
    for leftover in out.glob(f"{_STAGING}*"):
        shutil.rmtree(leftover)
    for link in out.glob(f"{_NEW_CURRENT}*"):
        link.unlink()


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Be alone in ``out``, which is made if it is not there.

    Raises ReleaseError when another run holds it, and when it cannot be written.
    """
    with _reported(f"cannot write in {out}"):
        out.mkdir(parents=True, exist_ok=True)
        # The file stays: removing it would let two runs lock two files of one name.
        lock = (out / LOCK).open("ab")
    with lock:
        with _reported(f"cannot lock {out}"):
            _lock(lock.fileno(), out)
        yield


def _lock(descriptor: int, out: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ReleaseError(
            f"another run is writing to {out}",
            fix="Wait until it has ended, or name another folder with --out.",
        ) from error


@contextmanager
def _reported(what: str) -> Iterator[None]:
    """Turn what the system says into a ReleaseError."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ReleaseError(f"{what}: {reason}", fix=_UNTOUCHED) from error


def _refuse_strangers(out: Path, name: str | None) -> None:
    """Raise ReleaseError when something that no run made stands where we write."""
    current = out / CURRENT
    if current.exists() and not current.is_symlink():
        raise ReleaseError(f"{current} is not a link", fix="Move it elsewhere.")
    if name is None:
        return
    target = out / name
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise ReleaseError(f"{target} is not a folder", fix="Move it elsewhere.")


def _publish(folder: Path, target: Path, swap: Exchange) -> None:
    with _reported(f"cannot put {target} in place"):
        if not _same(folder, target):
            _sync(folder)
            _put_in_place(folder, target, swap)
    try:
        _sync_entry(target.parent)
    except OSError as error:
        raise ReleaseError(
            f"{target} is in place, but the system does not say that it is on disk",
            fix="Mend the folder or the disk, and run again.",
        ) from error


def put_new(folder: Path, target: Path) -> None:
    """Move a folder, or a file, to a place where nothing is, in one step, all of it on disk.

    Raises ReleaseError when something is there, and when it cannot be moved.
    """
    with _reported(f"cannot put {target} in place"):
        if target.exists() or target.is_symlink():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        _sync(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
        _sync_entry(target.parent)


def point_current(out: Path, name: str | None) -> None:
    """Let ``out/current`` be the release ``name``, in one step; None: there is none.

    Only for the run that holds the lock. Raises ReleaseError when it cannot be moved.
    """
    current, link = out / CURRENT, out / f"{_NEW_CURRENT}{os.getpid()}"
    with _reported(f"cannot move {current}"):
        _refuse_strangers(out, None)
        if name is None:
            current.unlink(missing_ok=True)
        elif not (current.is_symlink() and str(current.readlink()) == name):
            link.unlink(missing_ok=True)
            link.symlink_to(name, target_is_directory=True)
            link.replace(current)
        _sync_entry(out)


def _put_in_place(folder: Path, target: Path, swap: Exchange) -> None:
    if not target.exists():
        folder.rename(target)
    elif not swap(folder, target):
        target.rename(target.parent / f"{_PREVIOUS}{target.name}")
        folder.rename(target)


def _same(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files with the same bytes."""
    files = _files(one)
    return files == _files(other) and all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in files
    )


def _files(folder: Path) -> dict[str, int]:
    """Size by path; a link is no file of a release and so never the same."""
    return {
        path.relative_to(folder).as_posix(): -1 if path.is_symlink() else path.stat().st_size
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }


def _sync(folder: Path) -> None:
    """Have every file and folder on disk before the move that shows them."""
    for path in folder.rglob("*"):
        _sync_entry(path)
    _sync_entry(folder)


def _sync_entry(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
