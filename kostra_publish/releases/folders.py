"""Where releases lie: one folder per release under ``out``, and ``out/current`` on top."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from kostra_publish.specs.calendar import CORRECTION, ROUND_NAME

CURRENT: Final = "current"
LOCK: Final = ".lock"
LOG: Final = "releases.jsonl"
LOOKS: Final = "looks"
"""The folder under ``out`` for quick looks: some tables of a round, never a release."""

_NAME: Final = re.compile(f"{ROUND_NAME}(?:{CORRECTION})?")


def is_release_name(name: str) -> bool:
    """Whether a folder of this name is a release: a round, or a correction of one."""
    return _NAME.fullmatch(name) is not None


def releases(out: Path) -> list[Path]:
    """The releases in ``out``, by name; none when there is no such folder."""
    if not out.is_dir():
        return []
    return sorted(path for path in out.iterdir() if is_release_name(path.name) and path.is_dir())
