"""Where the files of a release lie: each at the place of its kind, under the name of its table.

A name, a folder or a file that is there beside these could itself tell something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from kostra_publish.auditing import load_files
from kostra_publish.specs.models import LANGUAGES

_TOP: Final = "public/statbank/"
_OF_LANGUAGE: Final = ("jsonstat/{table}.{language}.json", "px/{language}/{table}.px")
_OF_TABLE: Final = (
    "csv/{table}.csv", "csv/{table}.metadata.csv", "csv/{table}.csv-metadata.json", "px/{table}.px",
    "xlsx/{table}.xlsx", "parquet/{table}.parquet", "datadoc/{table}__DOC.json",
)  # fmt: skip
_CSV, _ABOUT = ".csv", ".metadata.csv"
_OF_ALL: Final = frozenset({
    "kommuneendringer.json", "catalog.jsonld", "changes.json", "changes.xml", "datapackage.json",
    "index.html", *(f"index.{language}.html" for language in LANGUAGES),
    *(f"jsonstat/collection.{language}.json" for language in LANGUAGES),
})  # fmt: skip


def misplaced(files: Iterable[str], tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Files for others that lie where none should: (file, how). The tables are by id."""
    known = {f"{_TOP}{name}" for name in _OF_ALL}
    for table in tables:
        known |= {f"{_TOP}{kind.format(table=table)}" for kind in _OF_TABLE}
        for language in LANGUAGES:
            known |= {
                f"{_TOP}{kind.format(table=table, language=language)}" for kind in _OF_LANGUAGE
            }
    for file in files:
        of_load = file.startswith(load_files.FOLDER) and file.count("/") == 1
        if file not in known and not of_load:
            yield file, "is not where a file of the release should be"


def lacking(files: Iterable[str], tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Files beside a table that others have and it has not: (file, how)."""
    found, every = {*files}, [*tables]
    for kind in (one for one in _OF_TABLE if not one.endswith(_ABOUT)):
        wanted = {f"{_TOP}{kind.format(table=table)}" for table in every}
        if wanted & found:
            yield from ((file, "is missing") for file in sorted(wanted - found))
    for file in sorted(found):
        about = f"{file.removesuffix(_CSV)}{_ABOUT}"
        if file.endswith(_CSV) and not file.endswith(_ABOUT) and about not in found:
            yield about, "is missing"


def empty_folders(folder: Path) -> Iterator[tuple[str, str]]:
    """Folders of a release that hold nothing: (folder, how)."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not any(path.iterdir()):
            yield path.relative_to(folder).as_posix(), "is an empty folder"
