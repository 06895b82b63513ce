"""A release made again from what its manifest names: the same bytes, or what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.microdata.files import digest
from kostra_publish.preparing import Sources, Task, ground_again
from kostra_publish.publication import Stage, build_release
from kostra_publish.releases.manifest import FILE, Manifest, read_manifest, sha256, versions
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
    if not (folder / FILE).is_file():
        raise UsageError(
            f"{folder} is not a release: it has no {FILE}",
            fix="Name the folder of one, such as out/2026-03.",
        )
    with stage("Read the manifest") as say:
        manifest = read_manifest(folder)
        catalogue = replace(load(sources.specs), calendar=manifest.calendar)
        current = Schedule(catalogue.calendar).round(manifest.round)
        differences = [*_differences(folder, manifest, sources, catalogue)]
        if differences:
            lines = "\n".join(differences)
            raise ReleaseError(
                f"{manifest.round} cannot be made again; what it was made of differs:\n{lines}",
                fix="Check out the specs, install the versions and name the data (--data) that"
                " the manifest has.",
            )
        say(f"{len(manifest.inputs)} inputs, {len(manifest.specs)} specs: all as they were")
    task = Task(
        round=current,
        tables=[table for table in catalogue.tables.values() if current.publishes(table)],
        catalogue=catalogue,
        sources=sources,
        files=[one.name for one in manifest.inputs],
    )
    upon = ground_again(folder.parent, task, manifest)
    with scratch(folder.parent, manifest.round) as staging:
        build_release(staging, task, upon, stage)
        return Rebuilt(
            manifest.round, len(staging.written), tuple(_different(staging, folder, manifest))
        )


def _differences(
    folder: Path, manifest: Manifest, sources: Sources, catalogue: Catalogue
) -> Iterator[str]:
    """What the release was made of that is not as it was."""
    inputs = {one.name: one.sha256 for one in manifest.inputs}
    found = {name: digest(sources.data, name) for name in inputs}
    yield from _unlike("input", inputs, found)
    yield from _unlike("spec", manifest.specs, catalogue.sha256)
    yield from _unlike("template", manifest.templates, digests(sources.templates))
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


def _unlike(
    what: str, was: Mapping[str, str | None], now: Mapping[str, str | None]
) -> Iterator[str]:
    for name in sorted(was.keys() | now.keys()):
        if name not in was:
            yield f"{what} {name}: it was not there then"
        elif now.get(name) is None:
            yield f"{what} {name}: it is not there, or cannot be read"
        elif was[name] is not None and was[name] != now[name]:
            yield f"{what} {name}: its content is another"


def _different(staging: Staging, folder: Path, manifest: Manifest) -> Iterator[str]:
    made = {path: file.sha256 for path, file in staging.written.items() if path != FILE}
    was = {path: file.sha256 for path, file in manifest.outputs.items()}
    yield from sorted(path for path in made.keys() | was.keys() if made.get(path) != was.get(path))
    if staging.written[FILE].sha256 != sha256(folder / FILE):
        yield FILE
