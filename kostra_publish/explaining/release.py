"""Why figures of a release show what they show, from its own files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import UsageError
from kostra_publish.explaining.explainer import Explainer
from kostra_publish.explaining.naming import Described
from kostra_publish.explaining.told import Explanation
from kostra_publish.releases.history import described_cubes, signs, stored_universes
from kostra_publish.releases.manifest import read_manifest
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, TIME
from kostra_publish.specs.models import Tongue


@dataclass(frozen=True)
class Asked:
    """Which figures of a table: codes of categories, by the dimension's code.

    ``region``, ``measure`` and ``year`` stand for the dimensions that every table has; empty:
    every region and measure, and the year that the release publishes.
    """

    table: str
    region: str = ""
    measure: str = ""
    categories: Mapping[str, str] = field(default_factory=dict)
    year: str = ""


def why(
    release: Path,
    asked: Asked,
    most: int,
    catalogue: Catalogue | None = None,
    tongue: Tongue = "en",
) -> Explanation:
    """Why figures of a release show signs; ``most`` of them are explained at most.

    Raises UsageError for a table, dimension or code that the release does not have, and
    ReleaseError when the release is not as it was published.
    """
    manifest = read_manifest(release)
    cubes = described_cubes(release)
    if asked.table not in cubes:
        raise UsageError(
            f"{release.name} has no table {asked.table}", fix=f"It has {', '.join(sorted(cubes))}."
        )
    own = Described.stored(cubes[asked.table], signs(release, asked.table))
    tables = {name: Described.stored(cube) for name, cube in cubes.items()}
    beside = [
        (one.round, universe)
        for one in reversed(manifest.beside)
        for universe in _universes_beside(release, one.round, manifest.vintage)
    ]
    explainer = Explainer(
        {**tables, asked.table: own},
        stored_universes(release, manifest.vintage),
        manifest.vintage,
        catalogue,
        beside,
    )
    always = {
        own.region: asked.region,
        CONTENTS: asked.measure,
        TIME: asked.year or str(max(own.vintages)),
    }
    wanted = {**{code: name for code, name in always.items() if name}, **asked.categories}
    return explainer.cells(asked.table, wanted, most, tongue)


def _universes_beside(release: Path, name: str, vintage: int) -> list[StoredUniverse]:
    """What an earlier release was protected as; none where it does not lie beside this one."""
    folder = release.resolve().parent / name
    return stored_universes(folder, vintage) if folder.is_dir() else []
