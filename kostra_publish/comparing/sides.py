"""The two releases of a comparison, each read from its folder."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
from pydantic import ValidationError

from kostra_publish.disclosure.safe import SafeCube, only_safe
from kostra_publish.errors import ReleaseError
from kostra_publish.outputs import jsonstat
from kostra_publish.releases import described, manifest
from kostra_publish.releases.described import StoredCube
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import LANGUAGES, Language

Json = dict[str, Any]
Heads = Mapping[Language, Json]
"""A JSON-stat document in each language, without its figures."""

COLLECTION: Final = "collection"
"""The document that lists the tables, among the heads."""

_AGAIN: Final = "Publish that round again from its inputs."
# Quotes inside a JSON text have a backslash before them, so no text can look like this.
_FIGURES: Final = b',"value":['


@dataclass(frozen=True, eq=False)
class Side:
    """What one release shows: its safe cubes, and what its documents say beside figures."""

    name: str
    cubes: Mapping[str, StoredCube]
    """All of each table but its cells, by table id."""
    cells: Mapping[str, pl.DataFrame]
    """Value (Float64) and status (String) of each table, row-major over its dimensions."""
    heads: Mapping[str, Heads]
    """By table id, and the list of tables under ``COLLECTION``."""


def read_release(release: Path) -> Side:
    """A published release, which must be as it was published to the last byte.

    Raises UsageError when the folder is no release, and ReleaseError with every file that is
    missing, altered or not in the manifest.
    """
    manifest.refuse_no_release(release)
    published = manifest.read_manifest(release)
    if findings := manifest.verify(release):
        raise ReleaseError(
            f"release {release} is not as it was published:\n"
            + "\n".join(str(finding) for finding in findings),
            fix=_AGAIN,
        )
    return read_files(release, published.round, published.outputs)


def read_releases(before: Path, after: Path) -> tuple[Side, Side]:
    """Two published releases, read side by side: most of it is done without the interpreter.

    Raises as ``read_release`` does, of the first one that is not as it should be.
    """
    with ThreadPoolExecutor(2) as pool:
        older, newer = pool.map(read_release, (before, after))
    return older, newer


def side_of(
    name: str, cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Side:
    """Cubes in memory, as the release of this name would show them."""
    documents = {
        cube.table.id: {
            language: jsonstat.heading(cube, catalogue, language, release) for language in LANGUAGES
        }
        for cube in only_safe(cubes)
    }
    documents[COLLECTION] = {
        language: jsonstat.collection(cubes, catalogue, language, release) for language in LANGUAGES
    }
    return Side(
        name,
        {cube.table.id: StoredCube.of(cube) for cube in cubes},
        {cube.table.id: pl.DataFrame([cube.values, cube.statuses]) for cube in cubes},
        {
            document: {language: head(jsonstat.render(one)) for language, one in heads.items()}
            for document, heads in documents.items()
        },
    )


def read_folder(folder: Path, name: str) -> Side:
    """A release that is being built and has no manifest yet: all files that are there.

    Raises ReleaseError when one of them does not read.
    """
    files = (path for path in folder.rglob("*") if path.is_file())
    return read_files(folder, name, sorted(path.relative_to(folder).as_posix() for path in files))


def read_files(folder: Path, name: str, paths: Collection[str]) -> Side:
    """Cubes and heads among the files ``paths`` of a release's folder.

    Raises ReleaseError when one does not read, or a table is not there in every language.
    """
    cubes, cells = {}, {}
    tables = [
        Path(path).stem
        for path in paths
        if path.startswith(f"{described.FOLDER}/") and path.endswith(".parquet")
    ]
    for table in sorted(tables):
        cubes[table], cells[table] = _cube(folder, name, table)
    documents = [*cubes]
    if f"{jsonstat.FOLDER}/{jsonstat.file_name(COLLECTION, 'nb')}" in paths:
        documents.append(COLLECTION)
    heads = {document: _heads(folder, name, document) for document in documents}
    return Side(name, cubes, cells, heads)


def _cube(folder: Path, name: str, table: str) -> tuple[StoredCube, pl.DataFrame]:
    path = folder / described.FOLDER / table
    try:
        stored = StoredCube.model_validate_json(path.with_name(f"{table}.json").read_bytes())
        # The code columns say what the order of the rows says: see ``releases.history``.
        cells = pl.read_parquet(path.with_name(f"{table}.parquet"), columns=["value", "status"])
    except (OSError, ValidationError, pl.exceptions.PolarsError) as error:
        raise ReleaseError(
            f"the cube of table {table} in release {name} does not read", fix=_AGAIN
        ) from error
    size = 1
    for dimension in stored.dimensions:
        size *= len(dimension.codes)
    if cells.height != size:
        raise ReleaseError(
            f"the cube of table {table} in release {name} has {cells.height:,} cells, not {size:,}",
            fix=_AGAIN,
        )
    return stored, cells


def _heads(folder: Path, name: str, document: str) -> Heads:
    found: dict[Language, Json] = {}
    for language in LANGUAGES:
        path = f"{jsonstat.FOLDER}/{jsonstat.file_name(document, language)}"
        try:
            found[language] = head((folder / path).read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise ReleaseError(f"{path} in release {name} does not read", fix=_AGAIN) from error
    return found


def head(document: bytes) -> Json:
    """A JSON-stat document without its figures. Raises ValueError or TypeError for another."""
    before, figures, _ = document.partition(_FIGURES)
    found = json.loads(before + b"}" if figures else before)
    return dict(found)
