"""A release made again from what its manifest names: the same bytes, or what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from kostra_publish.checking import round_inputs
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.stored_universe import read_all
from kostra_publish.errors import ReleaseError
from kostra_publish.handing_over import Asked, Counted, asked, inhabitants, made
from kostra_publish.making import Stage
from kostra_publish.microdata.inputs import Inputs
from kostra_publish.nav.handover import read_records
from kostra_publish.nav.sealing import Contents
from kostra_publish.preparing import Sources, Task, ground_again, plan, unlike, unlike_then
from kostra_publish.publication import build_release
from kostra_publish.releases.history import earlier_cubes
from kostra_publish.releases.manifest import (
    FILE,
    Manifest,
    read_manifest,
    refuse_no_release,
    sha256,
    versions,
)
from kostra_publish.releases.rounds import Schedule
from kostra_publish.releases.staging import Staging, scratch
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.folders import digests


@dataclass(frozen=True)
class Rebuilt:
    """A release made again: how many files, and those that came out otherwise."""

    release: str
    files: int
    different: tuple[str, ...]

    def refuse(self) -> None:
        """Raise ReleaseError when a file came out otherwise."""
        if self.different:
            listed = "\n".join(self.different)
            raise ReleaseError(
                f"{len(self.different)} of {self.files} files of {self.release} came out"
                f" otherwise, though inputs, specs and versions are the same:\n{listed}",
                fix="Report this: it should not happen.",
            )


def rebuild(folder: Path, sources: Sources, stage: Stage) -> Rebuilt:
    """Make the release in ``folder`` again beside it, compare every byte, and clear it away.

    Raises ReleaseError, naming each input, spec, template, version and release that is not as
    the manifest says; nothing is built then.
    """
    with stage("Read the manifest") as say:
        manifest, task = _as_it_was(folder, sources)
        say(f"{len(manifest.inputs)} inputs, {len(manifest.specs)} specs: all as they were")
    upon = ground_again(folder.parent, task, manifest)
    with scratch(folder.parent, manifest.round) as staging:
        build_release(staging, task, upon, stage)
        return Rebuilt(
            manifest.round, len(staging.written), tuple(_different(staging, folder, manifest))
        )


def packages(folder: Path, sources: Sources, stage: Stage) -> list[Contents]:
    """The packages of the release in ``folder`` again, as it was published, to be sealed.

    Raises ReleaseError as ``rebuild`` does, when the release hands over nothing, and when a
    package comes out otherwise than the release says.
    """
    with stage("Read the release") as say:
        manifest, task = _as_it_was(folder, sources)
        told = {one.delivery: one for one in read_records(folder)}
        if not told:
            raise ReleaseError(
                f"{manifest.round} hands over nothing",
                fix="See `active` and `rounds` in the specs of table_specs/nav/.",
            )
        base = ground_again(folder.parent, task, manifest)
        planned = plan(task, base.earlier)
        want = asked(task, planned)
        say(", ".join(one.package for one in told.values()))
    with stage("Count and make the packages") as say:
        inputs = round_inputs(planned, task.round, sources.data, task.files)
        missing = next(iter(told.values())).missing
        found = made(
            task,
            base,
            planned,
            _counted(inputs, planned, want, missing),
            [*earlier_cubes(folder, task.catalogue.tables).values()],
            read_all(folder, manifest.vintage),
        )
        say(f"{len(found.packages)}")
    for one in found.records:
        if one != told.get(one.delivery):
            raise ReleaseError(
                f"{one.package} comes out otherwise than {manifest.round} says",
                fix="Report this: inputs, specs and versions are the same.",
            )
    return [*found.packages]


def _counted(
    inputs: Inputs, planned: Plan, want: Asked, missing: Mapping[str, Sequence[str]]
) -> Counted:
    def queries(frames: Mapping[str, pl.LazyFrame]) -> list[pl.LazyFrame]:
        return [*want.queries(planned, frames), planned.queries(frames)[-1]]

    *rows, people = inputs.count(planned.sources, planned.population, queries).results
    return Counted(want, rows, inhabitants(people), missing)


def _as_it_was(folder: Path, sources: Sources) -> tuple[Manifest, Task]:
    """The manifest of a release, and the task that it was: all that it was made of is the same."""
    refuse_no_release(folder)
    manifest = read_manifest(folder)
    catalogue = replace(load(sources.specs), calendar=manifest.calendar)
    current = Schedule(catalogue.calendar).round(manifest.round)
    if differences := [*_differences(folder, manifest, sources, catalogue)]:
        lines = "\n".join(differences)
        raise ReleaseError(
            f"{manifest.round} cannot be made again; what it was made of differs:\n{lines}",
            fix="Check out the specs, install the versions and name the data (--data) that"
            " the manifest has.",
        )
    return manifest, Task(
        round=current,
        tables=[table for table in catalogue.tables.values() if current.publishes(table)],
        catalogue=catalogue,
        sources=sources,
        files=[one.name for one in manifest.inputs],
    )


def _differences(
    folder: Path, manifest: Manifest, sources: Sources, catalogue: Catalogue
) -> Iterator[str]:
    """What the release was made of that is not as it was."""
    yield from unlike_then(manifest, sources.data, catalogue)
    yield from unlike("template", manifest.templates, digests(sources.templates))
    for name in manifest.versions.keys() | versions().keys():
        was, now = manifest.versions.get(name), versions().get(name)
        if was != now:
            yield f"version of {name}: {was} then, {now} now"
    previous = (manifest.previous,) if manifest.previous else ()
    for reference in dict.fromkeys((*previous, *manifest.beside, *manifest.compared)):
        path = folder.parent / reference.round / FILE
        if not path.is_file():
            yield f"release {reference.round}: it is not in {folder.parent}"
        elif sha256(path) != reference.manifest_sha256:
            yield f"release {reference.round}: it is another than then"


def _different(staging: Staging, folder: Path, manifest: Manifest) -> Iterator[str]:
    made = {path: file.sha256 for path, file in staging.written.items() if path != FILE}
    was = {path: file.sha256 for path, file in manifest.outputs.items()}
    yield from sorted(path for path in made.keys() | was.keys() if made.get(path) != was.get(path))
    if staging.written[FILE].sha256 != sha256(folder / FILE):
        yield FILE
