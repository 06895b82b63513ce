"""Earlier vintages: safe cubes kept in a release, and read back for the next one.

A release keeps each of its cubes under ``internal/cubes``: the cells as Parquet and
the rest as JSON. The next release takes earlier vintages from there exactly as they
were published, and only after the manifest says that not a byte has changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl

from kostra_publish.disclosure import stored_universe
from kostra_publish.disclosure.safe import SafeCube, only_safe
from kostra_publish.disclosure.stored import restore
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import ReleaseError
from kostra_publish.releases.described import FOLDER, StoredCube, StoredDimension
from kostra_publish.releases.life import Standings
from kostra_publish.releases.manifest import Manifest, altered, read_manifest
from kostra_publish.releases.rounds import Round
from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import TableSpec

_AGAIN: Final = "Publish that round again from its inputs, then this one."


def cube_files(cube: SafeCube) -> Iterator[tuple[str, bytes]]:
    """The two files of a cube: (path in the release, bytes); same cube, same bytes.

    The Parquet file has a code column per dimension, value (Float64) and status
    (String), one row per cell in the cube's order.
    """
    (cube,) = only_safe([cube])
    described = StoredCube(
        table=cube.table.id,
        dimensions=tuple(_described(dimension) for dimension in cube.dimensions),
        vintages=tuple(cube.vintages.values()),
    )
    text = json.dumps(described.model_dump(mode="json"), ensure_ascii=False, indent=1)
    buffer = BytesIO()
    # The number of chunks and of row groups must not depend on how the frame was made.
    cube.frame().rechunk().write_parquet(
        buffer, compression="zstd", compression_level=3, statistics=False, row_group_size=1 << 20
    )
    yield f"{FOLDER}/{cube.table.id}.json", f"{text}\n".encode()
    yield f"{FOLDER}/{cube.table.id}.parquet", buffer.getvalue()


def _described(dimension: CubeDimension) -> StoredDimension:
    return StoredDimension(
        code=dimension.code,
        role=dimension.role,
        label=dimension.label,
        codes=dimension.codes,
        labels=dimension.labels,
        total=dimension.total,
        provisional=dimension.provisional,
    )


def refuse_beside_later(
    found: Standings, publication_round: Round, manifest_sha256: str | None = None
) -> None:
    """Refuse a round that a later release has not been protected beside.

    What both show together could give small figures away. A later release of the same vintage
    must have been made with this round before it; and any that was, with exactly this one, when
    ``manifest_sha256`` tells what it is. Raises ReleaseError.
    """
    for later in found.releases:
        if (
            later.name == publication_round.name
            or later.order < publication_round.order
            or not later.is_known
        ):
            continue
        beside = _before(found.out, later.manifest).get(publication_round.name)
        if beside is None and later.manifest.vintage != publication_round.vintage:
            continue
        if beside is None or manifest_sha256 not in {None, beside}:
            what = "without this round" if beside is None else "beside other figures of this round"
            raise ReleaseError(
                f"{later.name} has been published {what}, and what both show together"
                " could give small figures away",
                fix=f"If nobody has seen {later.name}, withdraw it, publish"
                f" {publication_round}, and then {later.name} again.",
            )


def _before(out: Path, manifest: Manifest) -> dict[str, str]:
    """The releases that a release was made beside: SHA-256 of their manifests, by name."""
    found = {one.round: one.manifest_sha256 for one in manifest.beside}
    previous = manifest.previous
    while previous is not None:
        found[previous.round] = previous.manifest_sha256
        earlier = out / previous.round
        previous = read_manifest(earlier).previous if earlier.is_dir() else None
    return found


def shown_before(beside: Sequence[Path], vintage: int) -> list[tuple[str, StoredUniverse]]:
    """What releases of a vintage, oldest first, were protected as: (release, universe).

    The newest come first. Raises ReleaseError when a file is missing or altered, or a release
    keeps none.
    """
    found: list[tuple[str, StoredUniverse]] = []
    for one in reversed(beside):
        universes = stored_universes(one, vintage)
        if not universes:
            raise ReleaseError(
                f"release {one.name} does not say what its figures were protected as",
                fix="Publish that round again, then this one.",
            )
        found += [(one.name, universe) for universe in universes]
    return found


def earlier_cubes(release: Path, tables: Mapping[str, TableSpec]) -> dict[str, SafeCube]:
    """The cubes that ``release`` keeps of these tables, by table id.

    Raises ReleaseError when a file is missing or altered, or does not read.
    """
    manifest = read_manifest(release)
    paths = {path: table for table in tables for path in _paths(table) if path in manifest.outputs}
    _refuse_altered(release, manifest, paths)
    return {
        table: _cube(release, tables[table], manifest) for table in dict.fromkeys(paths.values())
    }


def described_cubes(release: Path) -> dict[str, StoredCube]:
    """All but the cells of the cubes that ``release`` keeps, by table id.

    Raises ReleaseError when a file is missing or altered, or does not read.
    """
    manifest = read_manifest(release)
    prefix = f"{FOLDER}/"
    paths = {
        path: None
        for path in manifest.outputs
        if path.startswith(prefix) and path.endswith(".json")
    }
    _refuse_altered(release, manifest, paths)
    found = (StoredCube.model_validate_json((release / path).read_bytes()) for path in paths)
    return {cube.table: cube for cube in found}


def signs(release: Path, table: str) -> pl.Series:
    """What each cell of a table that ``release`` keeps shows, row-major: null where a number is.

    Raises ReleaseError when the file is missing or altered, or does not read.
    """
    manifest = read_manifest(release)
    _, cells = _paths(table)
    _refuse_altered(release, manifest, {cells: None})
    try:
        return pl.read_parquet(release / cells, columns=["status"])["status"]
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(table, manifest) from error


def stored_universes(release: Path, vintage: int) -> list[StoredUniverse]:
    """The universes that ``release`` keeps of a vintage, sorted; none of a vintage not its own.

    Raises ReleaseError when a file is missing or altered, DisclosureError when one does not
    read.
    """
    manifest = read_manifest(release)
    prefix = f"{stored_universe.FOLDER}/{vintage}/"
    paths = {path: None for path in manifest.outputs if path.startswith(prefix)}
    _refuse_altered(release, manifest, paths)
    return stored_universe.read_all(release, vintage) if paths else []


def _refuse_altered(release: Path, manifest: Manifest, paths: Mapping[str, object]) -> None:
    if findings := list(altered(release, manifest, paths)):
        raise ReleaseError(
            f"release {release.name} is not as it was published:\n"
            + "\n".join(str(finding) for finding in sorted(findings)),
            fix=_AGAIN,
        )


def _paths(table: str) -> tuple[str, str]:
    return f"{FOLDER}/{table}.json", f"{FOLDER}/{table}.parquet"


def _cube(release: Path, table: TableSpec, manifest: Manifest) -> SafeCube:
    description, cells = _paths(table.id)
    try:
        stored = StoredCube.model_validate_json((release / description).read_bytes())
        frame = pl.read_parquet(release / cells)
        dimensions = [CubeDimension(**dict(dimension)) for dimension in stored.dimensions]
        return restore(
            table, dimensions, frame, {facts.vintage: facts for facts in stored.vintages}
        )
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise _unreadable(table.id, manifest) from error


def _unreadable(table: str, manifest: Manifest) -> ReleaseError:
    return ReleaseError(
        f"the cube of table {table} in release {manifest.round} does not read", fix=_AGAIN
    )
