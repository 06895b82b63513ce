"""A folder of table specs with a few of the project's tables, for rounds that are built fast."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from kostra_publish.specs.files import CALENDAR, DISCONTINUED, QUALITY

SPECS = Path(__file__).parents[1] / "table_specs"
SHARED = (CALENDAR, DISCONTINUED, QUALITY)
TABLES = ("12269", "12131", "12268", "kvp-deltakere")
JUNE = "12268"
"""A table that only June publishes."""

CORRECTION = """corrections:
  - release: {name}
    date: "{day}"
    reason:
      nb: Sola hadde sendt tall for 3 år.
      nn: Sola hadde sendt tal for 3 år.
      en: Sola had sent figures for 3 years.
    tables: [{tables}]
    unaffected: [{unaffected}]
"""


def write_specs(folder: Path, *tables: str) -> Path:
    """The specs of these tables, and all that they share."""
    shutil.copytree(SPECS / "shared", folder / "shared")
    for path in SPECS.glob("*.yaml"):
        if path.name in SHARED or path.stem in (tables or TABLES):
            text = path.read_text(encoding="utf-8")
            # What they are linked with is not there.
            text = re.sub(r"^disclosure:\n  linked: \[[^]]*\]\n", "", text, flags=re.MULTILINE)
            text = re.sub(r"^replaces: \[.*\]\n", "", text, flags=re.MULTILINE)
            if path.stem == JUNE:
                text = text.replace("\nregions:", "\nrounds: [june]\nregions:", 1)
            (folder / path.name).write_text(text, encoding="utf-8")
    return folder


def correct(folder: Path, name: str, day: str, *tables: str, unaffected: str = "") -> None:
    """Date a correction in the calendar of these specs; ``unaffected`` names one table at most."""
    path = folder / "rounds.yaml"
    listed = ", ".join(f'"{table}"' for table in tables)
    rest = f'"{unaffected}"' if unaffected else ""
    dated = CORRECTION.format(name=name, day=day, tables=listed, unaffected=rest)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("corrections: []\n", dated), encoding="utf-8")
