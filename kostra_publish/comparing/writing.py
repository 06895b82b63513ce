"""A comparison written into a folder, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from kostra_publish.errors import UsageError, written
from kostra_publish.outputs import pages
from kostra_publish.outputs.comparison.facts import Comparison
from kostra_publish.outputs.comparison.files import write_comparison
from kostra_publish.outputs.comparison.page import NAMES, TEMPLATE
from kostra_publish.releases import manifest


def check_place(out: Path, templates: Path) -> None:
    """Say what would stop ``write``, before there is anything to write.

    Raises UsageError for a folder inside a release, which never changes, and TemplateError.
    """
    place = out.absolute()
    for folder in (place, *place.parents):
        if (folder / manifest.FILE).is_file():
            raise UsageError(
                f"{out} is in the release {folder.name}, and a release never changes",
                fix="Name a folder of its own with --out, such as compare/.",
            )
    pages.check(templates, {TEMPLATE: NAMES})


def write(comparison: Comparison, templates: Path, out: Path) -> list[Path]:
    """The page, the JSON file and the workbook in the folder ``out``; their paths.

    Files of those names are replaced, when all three have been written. Raises TemplateError,
    and ReleaseError when the folder cannot be written; what was there is then as it was.
    """
    with written(f"cannot write in {out}", fix="Mend it, or name another folder with --out."):
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".compare-", dir=out) as folder:
            made = []
            for name, data in write_comparison(comparison, templates):
                path = Path(folder) / name
                path.write_bytes(data)
                made.append(path)
            return [path.replace(out / path.name) for path in made]
