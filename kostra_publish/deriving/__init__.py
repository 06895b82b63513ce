"""How a figure is made: from its spec to its formula, its inputs and the numbers of a region.

Reads specs, the descriptions of datasets and, for numbers, the safe cubes of a release; never
microdata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kostra_publish.deriving.derivation import Counting, Derivation, Row, Section, Telling, Years
from kostra_publish.deriving.figures import Figures
from kostra_publish.deriving.formulas import Made
from kostra_publish.errors import UsageError
from kostra_publish.microdata.layouts import FIRST_YEAR, LAST_YEAR
from kostra_publish.releases.history import earlier_cubes
from kostra_publish.releases.manifest import Manifest, read_manifest
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import Measure, TableSpec, Tongue

__all__ = ["Asked", "Derivation", "Row", "Section", "Years", "derive"]


@dataclass(frozen=True)
class Asked:
    """Which measure of which table; in which region, empty for none.

    ``categories`` has one of each dimension of the table that is not asked for as a whole.
    """

    table: str
    measure: str
    region: str = ""
    categories: Mapping[str, str] = field(default_factory=dict)


def derive(
    catalogue: Catalogue, asked: Asked, release: Path | None = None, tongue: Tongue = "en"
) -> Derivation:
    """How a figure is made, with the numbers of its region from ``release``.

    Raises UsageError for a table, measure, region or category that is not there, or a region
    without a release; ReleaseError when the release is not as it was published.
    """
    spec = catalogue.table(asked.table)
    measure = _measure(spec, asked.measure)
    manifest = read_manifest(release) if release else None
    made = Made(catalogue, spec, measure, _year(spec, measure, manifest))
    files = [one.name for one in manifest.inputs] if manifest else []
    told = Derivation(
        table=spec.id,
        title=spec.title.get(tongue),
        measure=measure.code,
        label=measure.label.get(tongue),
        sections=Telling(made, tongue, files).sections(),
    )
    if not asked.region:
        return told
    if release is None or manifest is None:
        raise UsageError(
            "there is no release to take the figures of a region from",
            fix="Name one with --release, or its folder with --out.",
        )
    cubes = earlier_cubes(release, catalogue.tables)
    if asked.table not in cubes:
        raise UsageError(
            f"{release.name} has no table {asked.table}", fix=f"It has {', '.join(sorted(cubes))}."
        )
    figures = Figures(made, cubes, asked.region, asked.categories)
    counting = Counting(figures, manifest.round, release, tongue)
    changed = manifest.specs.get(f"{spec.id}.yaml") != catalogue.sha256.get(f"{spec.id}.yaml")
    return replace(told, years=counting.years(), region=counting.section(spec_changed=changed))


def _measure(spec: TableSpec, code: str) -> Measure:
    found = next((one for one in spec.measures if one.code == code), None)
    if found is None:
        known = "\n".join(f"  {one.code}  {one.label.nb}" for one in spec.measures)
        raise UsageError(f"table {spec.id} has no measure {code}", fix=f"It has\n{known}")
    return found


def _year(spec: TableSpec, measure: Measure, manifest: Manifest | None) -> int:
    """The newest year that the measure exists in and that forms are known for."""
    newest = manifest.vintage if manifest else LAST_YEAR
    last = min(newest, measure.last_vintage or newest, spec.last_vintage or newest)
    first = measure.first_vintage or spec.first_vintage
    return max(first, last, FIRST_YEAR)
