"""Tells when specs, templates or data are saved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from watchfiles import awatch

from kostra_publish.specs.folders import digests

_STEP = 20
"""Milliseconds without anything new after which what was saved is told."""
_DEBOUNCE = 200
"""Milliseconds at most until what was saved is told."""
_DATA = (".parquet", ".csv")


@dataclass(frozen=True)
class Folders:
    """The folders that are watched; ``data`` is not where it is an address."""

    specs: Path
    templates: Path
    data: str

    @property
    def all(self) -> list[Path]:
        """Those that are there."""
        found = (self.specs, self.templates, Path(self.data))
        return [folder.resolve() for folder in found if folder.is_dir()]


@dataclass(frozen=True)
class Change:
    """What was saved."""

    specs: bool
    templates: bool
    data: bool


async def changes(folders: Folders, stop: asyncio.Event) -> AsyncIterator[Change]:
    """What is saved, until ``stop`` is set; a file that is saved as it was is no change."""
    specs, data = _seen(folders)
    async for found in awatch(
        *folders.all, step=_STEP, debounce=_DEBOUNCE, stop_event=stop, ignore_permission_denied=True
    ):
        paths = {Path(path) for _, path in found}
        try:
            new_specs, new_data = _seen(folders)
        except OSError:
            # A file has just been put in another's place: that is told next.
            continue
        change = Change(
            specs=new_specs != specs,
            templates=any(path.is_relative_to(folders.templates.resolve()) for path in paths),
            data=new_data != data,
        )
        specs, data = new_specs, new_data
        if change.specs or change.templates or change.data:
            yield change


def _seen(folders: Folders) -> tuple[object, object]:
    """What specs are, and size and time of data files, whose bytes are not read here."""
    data = Path(folders.data)
    files = [path for path in data.iterdir() if path.suffix in _DATA] if data.is_dir() else []
    found = {path.name: path.stat() for path in files}
    times = {name: (one.st_size, one.st_mtime_ns) for name, one in found.items()}
    return digests(folders.specs, "*.yaml"), times
