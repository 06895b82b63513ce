"""The round as it has been built already, where nothing that it was made of has changed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kostra_publish.checking import round_inputs
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.outputs.quality import QualityFacts, read_quality
from kostra_publish.preparing import Ground, Task
from kostra_publish.releases.history import earlier_cubes, stored_universes
from kostra_publish.releases.manifest import (
    FILE,
    Manifest,
    altered,
    is_upon,
    read_manifest,
    versions,
)
from kostra_publish.releases.verdict import REPORT


@dataclass(frozen=True, eq=False)
class Built:
    """What a release shows, what it was protected as, and its quality report."""

    cubes: Sequence[SafeCube]
    universes: Sequence[StoredUniverse]
    report: QualityFacts


def as_built(release: Path, wanted: Task, base: Ground, planned: Plan) -> Built | None:
    """What is in ``release``, if it is the round as it would be made now; else None.

    Inputs, specs, versions and the releases before must be the same. Raises ReleaseError when the
    release is not as it was written, DataError or MissingDataError when the inputs are wrong.
    """
    if not (release / FILE).is_file():
        return None
    manifest = read_manifest(release)
    if not _is_same(manifest, wanted, base, planned) or [
        *altered(release, manifest, {REPORT: None})
    ]:
        return None
    return Built(
        [*earlier_cubes(release, wanted.catalogue.tables).values()],
        stored_universes(release, manifest.vintage),
        read_quality((release / REPORT).read_bytes()),
    )


def _is_same(manifest: Manifest, wanted: Task, base: Ground, planned: Plan) -> bool:
    current = wanted.round
    if (manifest.versions, manifest.specs) != (versions(), wanted.catalogue.sha256):
        return False
    said = (manifest.round, manifest.vintage, manifest.published, manifest.preliminary)
    if said != (current.name, current.vintage, current.updated, current.preliminary):
        return False
    if manifest.correction != current.correction or not is_upon(manifest, base.upon):
        return False
    inputs = round_inputs(planned, current, wanted.sources.data)
    now = {file.name: file.sha256 for file in inputs.files}
    return None not in now.values() and now == {one.name: one.sha256 for one in manifest.inputs}
