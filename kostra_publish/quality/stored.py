"""Observations as a release keeps them, and those of earlier releases read back.

``internal/quality/observations.parquet`` has a row for each kommune and indicator (kommune,
indicator, value), ``observations.json`` the rest. They are read only after the manifest says
that not a byte has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl

from kostra_publish.errors import ReleaseError
from kostra_publish.quality.observations import Definition, Observations, Reporting
from kostra_publish.releases.manifest import FILE, altered, read_manifest
from kostra_publish.specs.models import Model, RoundKind

FIGURES: Final = "internal/quality/observations.parquet"
FACTS: Final = "internal/quality/observations.json"

_AGAIN: Final = "Publish that round again from its inputs, then this one."
_SCHEMA: Final = pl.Schema(
    {"kommune": pl.String(), "indicator": pl.String(), "value": pl.Float64()}
)


class StoredObservations(Model):
    """All of a round's observations but the figures, as kept on disk."""

    round: str
    vintage: int
    kind: RoundKind
    definitions: dict[str, Definition]
    reports: dict[str, Reporting]
    records: dict[str, int]
    rules: dict[str, int]


def observation_files(observed: Observations) -> Iterator[tuple[str, bytes]]:
    """The two files: (path in the release, bytes); same observations, same bytes."""
    names = StoredObservations.model_fields
    facts = StoredObservations.model_validate({name: getattr(observed, name) for name in names})
    text = json.dumps(facts.model_dump(mode="json"), ensure_ascii=False, indent=1, sort_keys=True)
    rows = [
        (kommune, indicator, value)
        for indicator, figures in observed.figures.items()
        for kommune, value in figures.items()
    ]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort("indicator", "kommune")
    buffer = BytesIO()
    frame.rechunk().write_parquet(
        buffer, compression="zstd", compression_level=3, statistics=False, row_group_size=1 << 20
    )
    yield FACTS, f"{text}\n".encode()
    yield FIGURES, buffer.getvalue()


def earlier_observations(releases: Sequence[Path]) -> list[Observations]:
    """What earlier releases observed, in the order given.

    A correction, or a round of some tables, observes only what it reads; of the rest it has
    what was observed before of the same vintage in the same kind of round. A release from before
    there were observations has none. Raises ReleaseError when a file is missing or altered, or
    does not read.
    """
    found: list[Observations] = []
    newest: dict[tuple[int, RoundKind], Observations] = {}
    for observed in filter(None, map(_read, releases)):
        key = observed.vintage, observed.kind
        newest[key] = _filled(observed, newest[key]) if key in newest else observed
        found.append(newest[key])
    return found


def _filled(observed: Observations, before: Observations) -> Observations:
    """Observations with those of before, of what was not observed again."""
    return replace(
        observed,
        figures={**before.figures, **observed.figures},
        definitions={**before.definitions, **observed.definitions},
        reports={**before.reports, **observed.reports},
        records={**before.records, **observed.records},
        rules={**before.rules, **observed.rules},
    )


def _read(release: Path) -> Observations | None:
    manifest = read_manifest(release)
    if FACTS not in manifest.outputs:
        return None
    if findings := sorted(altered(release, manifest, {FACTS: None, FIGURES: None})):
        what = "\n".join(map(str, findings))
        raise ReleaseError(
            f"release {release.name} is not as it was published:\n{what}", fix=_AGAIN
        )
    try:
        facts = StoredObservations.model_validate_json((release / FACTS).read_bytes())
        figures: dict[str, dict[str, float]] = {}
        frame = pl.read_parquet(release / FIGURES).select(_SCHEMA.names()).cast(_SCHEMA)
        for kommune, indicator, value in frame.iter_rows():
            figures.setdefault(indicator, {})[kommune] = value
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise ReleaseError(
            f"the observations of release {release.name} do not read", fix=_AGAIN
        ) from error
    sha256 = hashlib.sha256((release / FILE).read_bytes()).hexdigest()
    return Observations(**dict(facts), figures=figures, manifest_sha256=sha256)
