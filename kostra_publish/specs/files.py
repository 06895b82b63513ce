"""Which files of a folder of table specs are read, and which only look as if they were."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from kostra_publish.errors import Finding

DISCONTINUED: Final = "discontinued.yaml"
CALENDAR: Final = "rounds.yaml"
QUALITY: Final = "quality.yaml"
PAGES: Final = "pages.yaml"
DELIVERIES: Final = "nav"
"""The folder of the deliveries."""
SHARED: Final = ("sources.yaml", "terms.yaml", "codelists.yaml", "texts.yaml", "disclosure.yaml")

_NAMED: Final = re.compile(r"\.ya?ml(?![a-z0-9])(?!~$)", re.IGNORECASE)
_MEASURES: Final = re.compile(rb"^measures\s*:", re.MULTILINE)
_OTHER_KINDS: Final = frozenset({".json", ".md", ".j2"})


def table_files(folder: Path) -> list[Path]:
    """The files of the tables, sorted."""
    others = {DISCONTINUED, CALENDAR, QUALITY, PAGES}
    return [path for path in sorted(folder.glob("*.yaml")) if path.name not in others]


def delivery_files(folder: Path) -> list[Path]:
    """The files of the deliveries, sorted."""
    return sorted((folder / DELIVERIES).glob("*.yaml"))


def strays(folder: Path) -> Iterator[Finding]:
    """Files that look like specs and are not read: a table in one would be missed."""
    shared = folder / "shared"
    read = {*folder.glob("*.yaml"), *delivery_files(folder)}
    read |= {shared / name for name in SHARED}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith((".", "#")) for part in name.parts)
        if hidden or path in read or not path.is_file() or not _looks_like_a_spec(path):
            continue
        if path.parent == shared:
            fix = f"Name it one of {', '.join(SHARED)}, or take it out of the folder."
        else:
            fix = f"Name it {folder.name}/{stem(path.name)}.yaml, or take it out of the folder."
        rule = "it looks like a table spec, but a file with this name is not read"
        yield Finding(name.as_posix(), "", "", rule, fix)


def stem(path: str) -> str:
    """What a file is called before its first dot: the table that it is about."""
    return PurePosixPath(path).name.partition(".")[0]


def _looks_like_a_spec(path: Path) -> bool:
    if _NAMED.search(path.name):
        return True
    if path.suffix in _OTHER_KINDS or path.name.endswith("~"):
        return False
    try:
        return _MEASURES.search(path.read_bytes()) is not None
    except OSError:
        return False
