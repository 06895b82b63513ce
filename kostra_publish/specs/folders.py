"""Where table specs and templates are found.

They are the user's to edit: a folder named by an option, else one in the working
folder, else the defaults that the package carries.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

from kostra_publish.errors import UsageError


def find(name: Literal["table_specs", "templates"], option: Path | None = None) -> Path:
    """The folder ``name``: the option, the working folder's, or the packaged default.

    Raises UsageError when an option names no folder.
    """
    if option is not None:
        if not option.is_dir():
            raise UsageError(f"there is no folder {option}", fix=f"Name a {name} folder.")
        return option
    here = Path(name)
    if here.is_dir():
        return here
    package = Path(str(resources.files("kostra_publish")))
    for default in (package / "_defaults" / name, package.parent / name):
        if default.is_dir():
            return default
    raise UsageError(f"there is no folder {name}", fix="Reinstall, or name one with an option.")
