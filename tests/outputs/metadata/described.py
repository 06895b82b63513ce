"""Tables whose descriptions tests look at, and the files that are described."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from kostra_publish.disclosure.safe import Corrected, SafeCube
from kostra_publish.outputs import csv_table
from kostra_publish.outputs.registry import FORMATS
from kostra_publish.specs.catalogue import Catalogue
from tests.cubes import catalogue, cube, dimensions, facts, sample, table, text
from tests.outputs.test_jsonstat import RELEASE


def files(form: str, cubes: Sequence[SafeCube], texts: Catalogue | None = None) -> dict[str, bytes]:
    """What a format writes, by path."""
    return dict(FORMATS[form](cubes, texts or catalogue(), RELEASE))


def document(form: str, of: SafeCube, texts: Catalogue | None = None) -> dict[str, Any]:
    """The one document that a format writes of a table."""
    [data] = files(form, [of], texts).values()
    found: dict[str, Any] = json.loads(data)
    return found


def with_its_csv(
    folder: Path, form: str, cubes: Sequence[SafeCube], texts: Catalogue | None = None
) -> Path:
    """The folder ``public/statbank`` with the files of a format, and the CSV that they describe."""
    written = files(form, cubes, texts)
    written |= dict(csv_table.write_csv(cubes, texts or catalogue(), RELEASE))
    for path, data in written.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder / "public" / "statbank"


def unmarked() -> SafeCube:
    """A table of real, final and confirmed figures."""
    spec = table()
    return cube(spec, dimensions(spec, [2025]), [facts(2025, synthetic=False)])


def unconfirmed() -> SafeCube:
    """A table whose number could not be confirmed."""
    return sample(provisional=True)


def corrected() -> SafeCube:
    """A table whose newest figures replaced others, and were corrected."""
    spec = table()
    why = Corrected(day=date(2026, 4, 1), reason=text("A form was counted twice."))
    return cube(
        spec,
        dimensions(spec, [2024, 2025]),
        [facts(2024), facts(2025, round="2026-03", replaces="2025-06", corrected=(why,))],
    )
