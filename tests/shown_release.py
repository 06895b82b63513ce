"""A release of two small tables with figures written by hand, and the specs that they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from kostra_publish.disclosure.safe import SIGNS, SafeCube
from kostra_publish.releases.history import cube_files
from kostra_publish.releases.manifest import write_manifest
from kostra_publish.releases.staging import staged
from kostra_publish.specs.catalogue import load
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME, CubeDimension, Role
from kostra_publish.specs.models import Note, Scope, TableSpec, Text
from tests.cubes import cube, facts, text
from tests.few_specs import write_specs
from tests.schedule import release_facts

NAME: Final = "2026-03"
YEARS: Final = ("2023", "2024", "2025")
REGIONS: Final = {
    "1101": "Eigersund",
    "1124": "Sola",
    "3002": "Moss (2020-2023)",
    "3103": "Moss",
    "3114": "Våler (Østfold)",
    "3419": "Våler (Innlandet)",
    "5612": "Guovdageaidnu - Kautokeino",
    "EKA11": "Rogaland",
    "EKG09": "KOSTRA-gruppe 9",
    "EAK": "Landet",
    "EAKUO": "Landet uten Oslo",
}
COUNT, AMOUNT = "KOSantall0000", "KOSbelop0000"

TABLE: Final = """
id: kontakt
skjema: [11F]
source: skjema11
unit: tilfelle
title: {nb: Tilfeller og beløp (K), nn: Tilfelle og beløp (K), en: Cases and amounts (M)}
reference_period: {nb: Kalenderåret, nn: Kalenderåret, en: The calendar year}
regions: [kommune, fylke, kostragruppe, land, land_uten_oslo]
measures:
  - code: KOSantall0000
    label: {nb: Tilfeller, nn: Tilfelle, en: Cases}
    unit: antall
    formula: {kind: count}
  - code: KOSbelop0000
    label: {nb: Utbetalt beløp i året, nn: Utbetalt beløp i året, en: Amount paid in the year}
    unit: tusen_kroner
    decimals: 1
    provisional: true
    formula: {kind: sum, of: BIDRAG, factor: 0.001}
notes:
  - text: {nb: Et tilfelle er en person., nn: Eit tilfelle er ein person., en: A case is a person.}
breaks:
  - vintage: 2024
    text: {nb: Lån er ikke med lenger., nn: Lån er ikkje med lenger., en: Loans are out.}
    scope: {measures: [KOSbelop0000]}
"""
BY_SEX: Final = (
    TABLE.replace("id: kontakt", "id: kontakt-kjonn").replace("beløp (K)", "beløp etter kjønn (K)")
    + """
dimensions:
  - code: KOKkjonn0000
    variable: KJONN
    label: {nb: kjønn, nn: kjønn, en: sex}
    total: "0"
    categories:
      - {code: "0", label: {nb: Begge kjønn, nn: Begge kjønn, en: Both sexes}, values: "*"}
      - {code: "1", label: {nb: Menn, nn: Menn, en: Men}}
"""
)

Figure = float | str
SOLA: Final[Mapping[str, Sequence[Figure]]] = {
    COUNT: (659, ":", 824),
    AMOUNT: (
        12345.6,
        9876.5,
        "..",
    ),
}


def specs_of(folder: Path) -> Path:
    """A folder of specs in which these tables are among a few of the project's own."""
    specs = folder / "specs"
    if not specs.is_dir():
        write_specs(specs)
        (specs / "kontakt.yaml").write_text(TABLE, encoding="utf-8")
        (specs / "kontakt-kjonn.yaml").write_text(BY_SEX, encoding="utf-8")
    return specs


def shown(folder: Path, name: str = NAME) -> Path:
    """Write specs and a release of both tables; the folder of the release."""
    catalogue = load(specs_of(folder))
    tables = [catalogue.tables[each] for each in ("kontakt", "kontakt-kjonn")]
    release = release_facts(name)
    with staged(folder / "out", name) as staging:
        for table in tables:
            for path, data in cube_files(_cube(table)):
                staging.write(path, data)
        write_manifest(staging, release, tables=tables, inputs=[], specs=catalogue.sha256)
    return folder / "out" / name


def _cube(table: TableSpec) -> SafeCube:
    sex = [
        CubeDimension(
            one.code,
            "classification",
            one.label,
            tuple(each.code for each in one.categories if not isinstance(each, str)),
            tuple(each.label for each in one.categories if not isinstance(each, str)),
            one.total,
        )
        for one in table.dimensions
    ]
    dims = [
        _dimension(KOMMUNE_REGION, "geo", "region", "region", REGIONS),
        *sex,
        CubeDimension(
            CONTENTS,
            "metric",
            Text(nb="statistikkvariabel", nn="statistikkvariabel", en="contents"),
            tuple(one.code for one in table.measures),
            tuple(one.label for one in table.measures),
        ),
        _dimension(TIME, "time", "år", "year", {year: year for year in YEARS}),
    ]
    missing = Note(
        text=text("Skjema 11 mangler for: Eigersund."),
        mandatory=True,
        scope=Scope(regions=["1101"]),
    )
    vintages = [
        facts(2023),
        facts(2024),
        facts(2025, round=NAME, preliminary=True, notes=(missing,), estimated={"EKA11": 2.5}),
    ]
    return cube(table, dims, vintages, cells=_cells(2 if sex else 1))


def _dimension(
    code: str, role: Role, label: str, english: str, names: Mapping[str, str]
) -> CubeDimension:
    labels = tuple(Text(nb=name, nn=name, en=name) for name in names.values())
    return CubeDimension(code, role, Text(nb=label, nn=label, en=english), tuple(names), labels)


def _cells(sexes: int) -> pl.DataFrame:
    """Figures in the order of the cube; men are half of all."""
    found = [
        (figure / (1 + sex) if isinstance(figure, float | int) else figure)
        for place, region in enumerate(REGIONS)
        for sex in range(sexes)
        for measure in (COUNT, AMOUNT)
        for figure in _figures(place, region, measure)
    ]
    rows = [(None, one) if isinstance(one, str) else (one, None) for one in found]
    schema = {"value": pl.Float64, "status": pl.String}
    assert {sign for _, sign in rows} <= {None, *SIGNS}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _figures(place: int, region: str, measure: str) -> Sequence[Figure]:
    if region == "1124":
        return SOLA[measure]
    if region == "3002":
        return (1000, ".", ".")
    if region == "3103":
        return (".", 1100, 1210)
    return tuple(1000.0 * (place + 1) * (year + 1) for year in range(len(YEARS)))
