"""Where table specs and templates are found.

They are the user's to edit: a folder named by an option, else one in the working
folder, else the defaults that the package carries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final, Literal, TypeAlias

from kostra_publish.errors import UsageError

Name: TypeAlias = Literal["table_specs", "templates"]
_OPTIONS: Final[Mapping[Name, str]] = {"table_specs": "--specs", "templates": "--templates"}


def find(name: Name, option: Path | None = None) -> Path:
    """The folder ``name``: the option, the working folder's, or the packaged default.

    Raises UsageError when an option names no folder.
    """
    if (own := _own(name, option)) is not None:
        return own
    package = Path(str(resources.files("kostra_publish")))
    for default in (package / "_defaults" / name, package.parent / name):
        if default.is_dir():
            return default
    raise UsageError(f"there is no folder {name}", fix="Reinstall, or name one with an option.")


def to_write(name: Name, option: Path | None = None) -> Path:
    """The folder ``name`` of the user: the option, or the working folder's; never a default.

    Raises UsageError when there is none.
    """
    if (own := _own(name, option)) is None:
        raise UsageError(
            f"there is no folder {name} here, and those of the package are not written to",
            fix=f"Run where {name}/ is, or name a folder of your own with {_OPTIONS[name]}.",
        )
    return own


def _own(name: Name, option: Path | None) -> Path | None:
    if option is not None:
        if not option.is_dir():
            raise UsageError(f"there is no folder {option}", fix=f"Name a {name} folder.")
        return option
    here = Path(name)
    return here if here.is_dir() else None


def digests(folder: Path, pattern: str = "*") -> dict[str, str]:
    """SHA-256 of the files in a folder and those below it, by path, sorted."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob(pattern))
        if path.is_file()
    }
