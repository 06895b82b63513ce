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
    """The folders that are watched; ``data`` is None where it is an address."""

    specs: Path
    templates: Path
    data: Path | None

    @property
    def all(self) -> list[Path]:
        """Those that are there."""
        found = [self.specs, self.templates, *([self.data] if self.data else [])]
        return [folder.resolve() for folder in found if folder.is_dir()]


@dataclass(frozen=True)
class Change:
    """What was saved."""

    specs: bool
    templates: bool
    data: bool


async def changes(folders: Folders, stop: asyncio.Event) -> AsyncIterator[Change]:
    """What is saved, until ``stop`` is set; a file that is saved as it was is no change."""
    specs, data = digests(folders.specs, "*.yaml"), _data_files(folders)
    async for found in awatch(
        *folders.all, step=_STEP, debounce=_DEBOUNCE, stop_event=stop, ignore_permission_denied=True
    ):
        paths = {Path(path) for _, path in found}
        new_specs, new_data = digests(folders.specs, "*.yaml"), _data_files(folders)
        change = Change(
            specs=new_specs != specs,
            templates=any(path.is_relative_to(folders.templates.resolve()) for path in paths),
            data=new_data != data,
        )
        specs, data = new_specs, new_data
        if change.specs or change.templates or change.data:
            yield change


def _data_files(folders: Folders) -> dict[str, tuple[int, int]]:
    """Size and time of each data file: their bytes are read by who makes drafts alone."""
    if folders.data is None or not folders.data.is_dir():
        return {}
    return {
        path.name: (found.st_size, found.st_mtime_ns)
        for path in sorted(folders.data.iterdir())
        if path.suffix in _DATA
        for found in [path.stat()]
    }
