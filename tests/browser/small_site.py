"""A key-figure site of five fylker: the project's own specs and templates, figures that are drawn.

Every kind of page is there. Kvitsøy has not reported, Utsira is so small that its figures on
people are suppressed in two of the years, and Moss and Halden had other codes before 2024. No
figure is about anyone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from kostra_publish.codes import regions as codes
from kostra_publish.cube.regions import table_regions
from kostra_publish.disclosure.safe import (
    MISSING,
    NOT_APPLICABLE,
    SUPPRESSED,
    SafeCube,
    VintageFacts,
)
from kostra_publish.pages.site import write_site
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.dimensions import (
    BYDEL_REGION,
    CONTENTS,
    KOMMUNE_REGION,
    TIME,
    CubeDimension,
)
from kostra_publish.specs.models import LANGUAGES, Measure, Note, Scope, TableSpec, Text
from tests.cubes import cube, facts
from tests.schedule import release_facts

ROOT = Path(__file__).parents[2]
YEARS = (2022, 2023, 2024, 2025)
NEWEST = YEARS[-1]
FYLKER = ("03", "11", "15", "30", "31", "54", "56")
"""Today's, and those that were split in 2024, whose kommuner have new codes."""
SILENT, SMALL = "1144", "1151"
"""The kommune that has not reported, and the one with suppressed figures."""
ESTIMATED = {"EKA11": 2.3, "EKG06": 4.1, "EAK": 0.2, "EAKUO": 0.2}
USUAL = {
    "prosent": 9.0, "antall": 420.0, "personer": 2400.0, "maaneder": 5.6, "timer_per_uke": 30.0,
    "kroner": 8000.0, "kroner_per_maaned": 9800.0, "tusen_kroner": 21000.0, "per_1000": 2.4,
}  # fmt: skip
"""By unit: about what a kommune has."""


def write(folder: Path) -> Path:
    """Write the site below a folder; the site's own folder."""
    catalogue = specs()
    cubes = [_cube(catalogue.table(table)) for table in tables()]
    for path, data in write_site(cubes, catalogue, release_facts("2026-03"), ROOT / "templates"):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder / "public" / "nokkeltall"


@cache
def specs() -> Catalogue:
    return load(ROOT / "table_specs")


def tables() -> list[str]:
    """The tables that key figures are from."""
    pages = specs().pages
    assert pages is not None
    return sorted({table for figure in pages.figures for table in figure.tables})


def _cube(spec: TableSpec) -> SafeCube:
    regions = {
        one.code: one.label
        for one in table_regions(spec.regions, YEARS, NEWEST, specs().texts)
        if _is_here(one.code)
    }
    dims = [
        _dimension(BYDEL_REGION if "bydel" in spec.regions else KOMMUNE_REGION, "geo", regions),
        *(
            _dimension(
                own.code,
                "classification",
                {item.code: item.label for item in specs().categories(own)},
            )
            for own in spec.dimensions
        ),
        _dimension(CONTENTS, "metric", {one.code: one.label for one in spec.measures}),
        _dimension(TIME, "time", {str(year): _same(str(year)) for year in YEARS}),
    ]
    published = [*(facts(year) for year in YEARS[:-1]), _preliminary()]
    return cube(spec, dims, published, cells=_cells(spec, dims))


def _is_here(code: str) -> bool:
    kind = codes.kind_of(code)
    if kind == "kommune":
        return _fylke_of().get(code) in FYLKER
    return kind != "fylke" or code[3:] in FYLKER


@cache
def _fylke_of() -> Mapping[str, str]:
    return {
        kommune: fylke
        for year in YEARS
        for kommune, fylke in codes.kommuner(year).select("kommune", "fylke").iter_rows()
    }


def _dimension(code: str, role: Any, labels: Mapping[str, Text]) -> CubeDimension:
    return CubeDimension(code, role, _same(code), tuple(labels), tuple(labels.values()))


def _same(words: str) -> Text:
    return Text(**dict.fromkeys(LANGUAGES, words))


def _preliminary() -> VintageFacts:
    missing = Note(
        text=Text(
            nb=f"Oppgaver fra skjema 11 for {NEWEST} mangler for: Kvitsøy ({SILENT}).",
            nn=f"Oppgåver frå skjema 11 for {NEWEST} manglar for: Kvitsøy ({SILENT}).",
            en=f"Reports on form 11 for {NEWEST} are missing for: Kvitsøy ({SILENT}).",
        ),
        mandatory=True,
        scope=Scope(regions=[SILENT], vintages=[NEWEST]),
    )
    return facts(
        NEWEST, round="2026-03", preliminary=True, notes=(missing,), estimated=dict(ESTIMATED)
    )


def _cells(spec: TableSpec, dims: Sequence[CubeDimension]) -> pl.DataFrame:
    """Drawn numbers, shape (regions, own categories, measures, years), and signs."""
    random = np.random.default_rng(sum(map(ord, spec.id)))
    regions, *others = [len(one.codes) for one in dims]
    shape = (regions, int(np.prod(others[:-2])), *others[-2:])
    size = np.array([_size(code) for code in dims[0].codes])
    values = np.exp(random.normal(0, 0.25, (*shape[:3], 1)) + random.normal(0, 0.05, shape))
    for place, measure in enumerate(spec.measures):
        usual = USUAL.get(measure.unit, 20.0)
        grows = size if _counts(measure) else np.ones(regions)
        values[:, :, place] *= usual * grows[:, None, None]
        values[:, :, place] = values[:, :, place].round(measure.decimals)
    signs = np.full(shape, None, dtype=object)
    signs[random.random(shape) < 0.02] = SUPPRESSED
    for row, code in enumerate(dims[0].codes):
        _sign(signs[row], code, spec)
    return pl.DataFrame(
        {"value": values.ravel(), "status": signs.ravel().tolist()},
        schema={"value": pl.Float64, "status": pl.String},
    ).with_columns(value=pl.when(pl.col("status").is_null()).then("value"))


def _sign(signs: np.ndarray[Any, np.dtype[np.object_]], code: str, spec: TableSpec) -> None:
    """Put in the signs of a region, shape (own categories, measures, years)."""
    if codes.kind_of(code) in {"land", "land_uten_oslo", "kostragruppe"}:
        signs[...] = None
    if code == SMALL and spec.id in {"13995", "14019", "kvp-deltakere", "kvp-utbetalt"}:
        signs[..., [1, 3]] = SUPPRESSED
    if code == SILENT and spec.id != "befolkning":
        signs[..., -1] = MISSING
    for column, year in enumerate(YEARS):
        if not _is_in_use(code, year):
            signs[..., column] = NOT_APPLICABLE


def _is_in_use(code: str, year: int) -> bool:
    if codes.kind_of(code) not in {"kommune", "fylke"}:
        return True
    first, last = codes.lifetime(code.removeprefix("EKA"))
    return first <= year <= (last or year)


def _counts(measure: Measure) -> bool:
    """Whether it is larger where more people live."""
    return measure.unit in {"antall", "personer", "tusen_kroner"}


def _size(code: str) -> float:
    """How much larger than a usual kommune a region is."""
    sizes = {"land": 350.0, "land_uten_oslo": 310.0, "fylke": 30.0, "kostragruppe": 20.0}
    if code == codes.OSLO:
        return 40.0
    return sizes.get(codes.kind_of(code), 0.1 if code == SMALL else 1.0)
