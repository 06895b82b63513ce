"""Corrections: what one may change of a release."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

from kostra_publish.errors import ReleaseError
from kostra_publish.releases.manifest import Manifest
from kostra_publish.releases.staging import Staging
from kostra_publish.specs.calendar import Correction


def refuse_other_changes(
    staging: Staging, previous: Manifest, correction: Correction, tables: Collection[str]
) -> None:
    """Refuse a correction that changes a file of a table that it does not name.

    A file is of a table when it is called by its number or name; ``tables`` are all there are.
    Raises ReleaseError, naming the tables.
    """
    untouched = set(tables).difference(correction.tables)
    written = {path: file.sha256 for path, file in staging.written.items()}
    before = {path: file.sha256 for path, file in previous.outputs.items()}
    changed = {
        table
        for path in written.keys() | before.keys()
        if (table := PurePosixPath(path).name.partition(".")[0]) in untouched
        and written.get(path) != before.get(path)
    }
    if changed:
        listed = ", ".join(sorted(changed))
        raise ReleaseError(
            f"the correction {correction.release} would change what it does not name: {listed}",
            fix="Name them under its `tables` in rounds.yaml, or take back what has changed"
            " in their specs since.",
        )
