"""The page of an area as PDF: the same page, printed by a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from kostra_publish.errors import PublishError, UsageError, written
from kostra_publish.pages.rendering import DEFAULT, FOLDER
from kostra_publish.releases.manifest import altered, read_manifest
from kostra_publish.specs.models import Language

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
"""Programs that print pages, in the order that they are looked for."""

_PAGE: Final = "index.html"
_SECONDS: Final = 120


def print_pages(
    release: Path,
    areas: Sequence[str],
    language: Language,
    out: Path,
    browser: str | None = None,
) -> Iterator[Path]:
    """Print the pages of areas, each named by its code or its address, to files in ``out``.

    Raises UsageError when the release has no such page, ReleaseError when the page is not as it
    was published, and PublishError when there is no browser, or it does not print.
    """
    pages = [_page(release, area, language) for area in areas]
    program = _browser(browser)
    with written(f"cannot write into {out}", fix="Name another folder with --out."):
        out.mkdir(parents=True, exist_ok=True)
    for page in pages:
        target = out / f"{page.parent.name}.{language}.pdf"
        _print(program, page, target)
        yield target


def _page(release: Path, area: str, language: Language) -> Path:
    site = release / FOLDER
    folder = site if language == DEFAULT else site / language
    found = [
        path
        for path in sorted(folder.glob(f"*/{_PAGE}"))
        # What has figures beside it is the page of an area, and not of a former kommune.
        if (site / path.parent.name / "tall.json").is_file() and _is_called(path.parent.name, area)
    ]
    if len(found) != 1:
        raise UsageError(
            f"{release} has no page for {area}",
            fix="Name an area by its code (1124) or its address (1124-sola, fylke-11-rogaland).",
        )
    [page] = found
    manifest = read_manifest(release)
    wanted = [page, *sorted((site / "felles").glob("*.css"))]
    paths = [path.relative_to(release).as_posix() for path in wanted]
    if problems := list(altered(release, manifest, paths)):
        raise PublishError(str(problems[0]), fix="Do not use the release.")
    return page


def _is_called(address: str, area: str) -> bool:
    """Whether an area is named by its address, or by the code that the address begins with."""
    return area == address or (area.isdigit() and address.startswith(f"{area}-"))


def _browser(named: str | None) -> str:
    for name in (named,) if named else BROWSERS:
        if program := shutil.which(name):
            return program
    raise PublishError(
        f"there is no browser {named}" if named else "there is no browser that prints pages",
        fix="Install Chromium, or name a program like it with --browser.",
    )


def _print(program: str, page: Path, target: Path) -> None:
    """Print a page; what was in ``target`` stays until the new file is whole."""
    with TemporaryDirectory(dir=target.parent, prefix=".pdf-") as folder:
        made = Path(folder) / "page.pdf"
        command = [
            program,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-extensions",
            f"--user-data-dir={folder}/profile",
            "--no-pdf-header-footer",
            f"--print-to-pdf={made}",
            page.resolve().as_uri(),
        ]
        if os.geteuid() == 0:
            # The browser's own walls need a user who is not root.
            command.insert(1, "--no-sandbox")
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603
            made.replace(target)
        except (OSError, subprocess.SubprocessError) as error:
            raise PublishError(
                f"{program} did not print {page}",
                fix="Try the page in the browser itself, or another browser with --browser.",
            ) from error
