"""Two small rounds of one table, and ways to tamper with what they released."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kostra_publish.auditing import Audit
from kostra_publish.disclosure import stored_universe
from kostra_publish.disclosure.problem import Flags
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.microdata import synth
from kostra_publish.publication import Request, publish
from kostra_publish.releases.history import stored_universes
from kostra_publish.releases.manifest import FILE, OutputFile, read_manifest, render
from tests.schedule import NOW
from tests.silence import silent

TOP = Path(__file__).parents[2]
TEMPLATES = TOP / "templates"
TABLE = "99901"
BEFORE, MARCH, JUNE = "2025-06", "2026-03", "2026-06"
VINTAGE = 2025
ALL, WOMEN, SHARE = "KOSalle0000", "KOSkvinner0000", "KOSandel0000"

SPEC = """
id: "99901"
skjema: [a-ordningen]
source: introduksjon
unit: person
title: {nb: Mottakere, nn: Mottakarar, en: Recipients}
reference_period: {nb: Kalenderåret, nn: Kalenderåret, en: The calendar year}
regions: [kommune, fylke, land]
missing: sum
measures:
  - code: KOSalle0000
    label: {nb: Mottakere, nn: Mottakarar, en: Recipients}
    unit: personer
    formula: {kind: sum, of: MOTTAKERE}
  - code: KOSkvinner0000
    label: {nb: Kvinner, nn: Kvinner, en: Women}
    unit: personer
    formula: {kind: sum, of: MOTTAKERE, where: {KJONN: "2"}}
  - code: KOSandel0000
    label: {nb: Andel kvinner, nn: Del kvinner, en: Share of women}
    unit: prosent
    decimals: 1
    counts: person
    formula:
      kind: rate
      factor: 100
      numerator: {source: introduksjon, of: MOTTAKERE, where: {KJONN: "2"}}
      denominator: {source: introduksjon, of: MOTTAKERE}
notes:
  - text:
      nb: Mottakere 18-55 år.
      nn: Mottakarar 18-55 år.
      en: Recipients aged 18-55.
"""


CALENDAR = """
time_zone: Europe/Oslo
hour: "08:00"
kinds:
  march: {name: {nb: f, nn: f, en: p}, figures: preliminary, month: 3, day: 15}
  june: {name: {nb: e, nn: e, en: f}, figures: final, month: 6, day: 15}
"""


def write_specs(folder: Path) -> Path:
    shutil.copytree(TOP / "table_specs" / "shared", folder / "shared")
    (folder / "discontinued.yaml").write_text("tables: []\n", encoding="utf-8")
    (folder / "rounds.yaml").write_text(CALENDAR, encoding="utf-8")
    (folder / "quality.yaml").write_text("indicators: {}\n", encoding="utf-8")
    (folder / f"{TABLE}.yaml").write_text(SPEC, encoding="utf-8")
    return folder


def write_data(folder: Path) -> Path:
    synth.write(folder, vintages=[VINTAGE - 1, VINTAGE], scale=1, filuttrekk=False)
    return folder


def publish_round(name: str, data: Path, out: Path, specs: Path) -> Path:
    request = Request(name, str(data), out, specs, TEMPLATES, NOW)
    return publish(request, silent).folder


# --- looking at a release -----------------------------------------------------------------

Look = Callable[..., Audit]
"""An audit of releases with the specs that they were published with."""


def said(found: Audit) -> str:
    return "\n".join(str(leak) for leak in found.leaks)


# --- looking into a release ------------------------------------------------------------


class Kept:
    """The universe of a release, and where the cells of its table are."""

    def __init__(self, release: Path) -> None:
        [self.universe] = stored_universes(release, read_manifest(release).vintage)
        self.dimensions = self.universe.dimensions[TABLE]

    def places(self, content: str) -> Mapping[int, list[int]]:
        """By place in the table the cells that a measure's figures rest on."""
        _, contents, _ = self.dimensions.values()
        found: dict[int, list[int]] = {}
        for place, cell in self.universe.rests[TABLE].tolist():
            if contents[place % len(contents)] == content:
                found.setdefault(place, []).append(cell)
        return found

    def first(self, content: str, where: Flags) -> tuple[int, int]:
        """The first place of a measure whose cell is one of those, and the cell."""
        return next(
            (place, cell)
            for place, cells in self.places(content).items()
            for cell in cells
            if where[cell]
        )

    @property
    def secondary(self) -> Flags:
        """Cells that are hidden and not small."""
        problem = self.universe.problem
        return problem.listed & ~problem.small & ~self.universe.visible & (problem.values > 3)

    @property
    def values(self) -> list[int]:
        return [int(value) for value in self.universe.problem.values]


# --- tampering with it --------------------------------------------------------------------

Change = Callable[[dict[str, Any]], None]


def jsonstat(release: Path, language: str) -> Path:
    return release / "public" / "statbank" / "jsonstat" / f"{TABLE}.{language}.json"


def change(release: Path, alter: Change, *languages: str) -> None:
    """Alter the table's files, as if the release had been made so, in JSON-stat alone."""
    for form in ("csv", "px", "xlsx", "parquet"):
        shutil.rmtree(release / "public" / "statbank" / form, ignore_errors=True)
    shutil.rmtree(release / "statbank-load", ignore_errors=True)
    for language in languages or ("nb", "nn", "en"):
        path = jsonstat(release, language)
        document = json.loads(path.read_text(encoding="utf-8"))
        alter(document)
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        path.write_text(text, encoding="utf-8")
    sign(release)


def rewrite(release: Path, path: str, alter: Callable[[str], str]) -> None:
    """Alter one public file of any form, as if the release had been made so."""
    file = release / "public" / "statbank" / path
    before = file.read_text(encoding="utf-8")
    after = alter(before)
    assert after != before
    file.write_text(after, encoding="utf-8", newline="")
    sign(release)


def show(place: int, value: float, vintage: int = VINTAGE) -> Change:
    """Put a number in place of a sign; ``place`` is that in the vintage alone."""

    def alter(document: dict[str, Any]) -> None:
        years = list(document["dimension"]["Tid"]["category"]["index"])
        whole = place * len(years) + years.index(str(vintage))
        assert document["status"].pop(str(whole)) == ":"
        document["value"][whole] = value

    return alter


def sign(release: Path) -> None:
    """Make the manifest say what the folder holds."""
    manifest = read_manifest(release)
    outputs = {
        path.relative_to(release).as_posix(): path.read_bytes()
        for path in sorted(release.rglob("*"))
        if path.is_file() and path.name != FILE
    }
    signed = manifest.model_copy(
        update={
            "outputs": {
                path: OutputFile(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
                for path, data in outputs.items()
            }
        }
    )
    (release / FILE).write_bytes(render(signed))


def keep(release: Path, universe: StoredUniverse) -> None:
    """Put another universe in place of what the release keeps."""
    for path, data in stored_universe.write(universe, VINTAGE):
        (release / path).write_bytes(data)
    sign(release)
