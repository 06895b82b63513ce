"""A house in which March is being made upon June before it: small data, few specs, a planted sum.

Two persons in a small kommune are paid what adds up to ``PLANTED``: hidden in every table, and a
number that nothing else comes to.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from kostra_publish.drafting.request import Request
from kostra_publish.microdata import synth
from kostra_publish.publication import Request as Publication
from kostra_publish.publication import publish
from tests.few_specs import write_specs
from tests.schedule import NOW
from tests.shown_release import BY_SEX, TABLE
from tests.silence import silent

NAME: Final = "2026-03"
BEFORE: Final = "2025-06"
VINTAGE: Final = 2025
PLANTED: Final = 8_673_145 + 8_673_146
CARRIED: Final = "12131"
"""A table that June publishes, and March carries on."""
OWN: Final = ("12269", "kontakt", "kontakt-kjonn")
"""The tables of March."""
TEMPLATES: Final = Path(__file__).parents[1] / "templates"

_KRONER: Final = """\
  - code: KOSkroner0000
    label: {nb: Utbetalt i kroner, nn: Utbetalt i kroner, en: Paid in kroner}
    unit: kroner
    formula: {kind: sum, of: BIDRAG}
"""
_PAGES: Final = """\
address: https://kostra-publish.example
themes:
  - id: hjelp
    name: {nb: Hjelp, nn: Hjelp, en: Help}
    about: {nb: Hvor mange., nn: Kor mange., en: How many.}
    figures:
      - id: tilfeller
        tables: [kontakt]
        measure: KOSantall0000
        tile: true
        name: {nb: Tilfeller, nn: Tilfelle, en: Cases}
        about: {nb: Alle tilfeller., nn: Alle tilfelle., en: All cases.}
      - id: utbetalt
        tables: [kontakt]
        measure: KOSkroner0000
        name: {nb: Utbetalt, nn: Utbetalt, en: Paid}
        about: {nb: Alt som er betalt., nn: Alt som er betalt., en: All that is paid.}
"""


@dataclass(frozen=True)
class House:
    """Its folders."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def specs(self) -> Path:
        return self.folder / "specs"

    @property
    def templates(self) -> Path:
        return self.folder / "templates"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def request(self) -> Request:
        return Request(NAME, str(self.data), self.specs, self.templates, self.out)

    @property
    def microdata(self) -> Path:
        """The file of March of the form that has the planted sum."""
        return self.data / f"skjema11_p{VINTAGE}_v1.parquet"

    @property
    def small(self) -> str:
        """The kommune of the planted sum."""
        return small_kommune(pl.read_parquet(self.microdata))

    def publish(self, name: str) -> Path:
        """Build a round as it is built for real."""
        request = Publication(name, str(self.data), self.out, self.specs, self.templates, NOW)
        return publish(request, silent).folder

    def spec(self, table: str) -> Path:
        return self.specs / f"{table}.yaml"

    def copy(self, folder: Path) -> House:
        """The same elsewhere, to be changed."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return House(folder)


def build(folder: Path) -> House:
    """Write data, specs and templates, and publish June."""
    house = House(folder)
    synth.write(house.data, vintages=[VINTAGE - 1, VINTAGE], scale=0.02, filuttrekk=False)
    plant(house.microdata)
    shutil.copytree(TEMPLATES, house.templates)
    _write_specs(house)
    house.publish(BEFORE)
    # June has no key-figure pages: making them for every kommune takes long.
    (house.specs / "pages.yaml").write_text(_PAGES, encoding="utf-8")
    return house


def _write_specs(house: House) -> None:
    write_specs(house.specs, "12269", CARRIED)
    calendar = house.specs / "rounds.yaml"
    replace(calendar, re.compile(r"\n    measures: \{kvp-deltakere.*"), "")
    replace(house.spec(CARRIED), "\nregions:", "\nrounds: [june]\nregions:")
    house.spec("kontakt").write_text(TABLE.replace("notes:\n", f"{_KRONER}notes:\n"), "utf-8")
    house.spec("kontakt-kjonn").write_text(BY_SEX, encoding="utf-8")
    replace(house.spec("kontakt-kjonn"), re.compile("regions: .*"), "regions: [fylke, land]")


def replace(path: Path, old: str | re.Pattern[str], new: str) -> None:
    """Save a file with another text in the place of the first that is found."""
    text = path.read_text(encoding="utf-8")
    changed = text.replace(old, new, 1) if isinstance(old, str) else old.sub(new, text, count=1)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def plant(path: Path) -> None:
    """Let two persons in a kommune be paid what adds up to ``PLANTED``, and be all there are."""
    rows = pl.read_parquet(path)
    own = pl.col("KOMMUNE_NR") == small_kommune(rows)
    half = pl.when(own.cum_sum() == 1).then(PLANTED // 2).otherwise(PLANTED - PLANTED // 2)
    save(
        path,
        rows.with_columns(
            BIDRAG=pl.when(own).then(half).otherwise("BIDRAG").cast(rows.schema["BIDRAG"]),
            BOSIT=pl.when(own).then(pl.lit("1")).otherwise("BOSIT"),
        ),
    )


def small_kommune(rows: pl.DataFrame) -> str:
    """The first kommune with two rows."""
    counts = rows.group_by("KOMMUNE_NR").len().filter(pl.col("len") == 2)
    return str(counts["KOMMUNE_NR"].min())


def save(path: Path, rows: pl.DataFrame) -> None:
    """Save rows in the place of those of a file, as what the file says it is."""
    footer = pl.read_parquet_metadata(path)
    beside = path.with_name(f"{path.name}.new")
    rows.write_parquet(beside, metadata={key: footer[key] for key in ("synthetic", "delivered")})
    beside.replace(path)
