"""Where releases lie: one folder per round under ``out``, and ``out/current`` on top."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

CURRENT: Final = "current"
LOCK: Final = ".lock"

_NAME = re.compile(r"(?P<round>[0-9]{4}-[0-9]{2})(?:\.(?P<correction>[0-9]+))?")


def is_release_name(name: str) -> bool:
    """Whether a folder of this name is a release: a round, or a correction of one."""
    return _NAME.fullmatch(name) is not None


def order(name: str) -> tuple[str, int]:
    """The key that sorts release names: by round, then by number of correction."""
    match = _NAME.fullmatch(name)
    if match is None:
        msg = f"{name} is not the name of a release"
        raise ValueError(msg)
    return match["round"], int(match["correction"] or 0)


def releases(out: Path) -> list[Path]:
    """The releases in ``out``, oldest first; none when there is no such folder."""
    if not out.is_dir():
        return []
    found = [path for path in out.iterdir() if is_release_name(path.name) and path.is_dir()]
    return sorted(found, key=lambda path: order(path.name))
