"""What programs and spreadsheets get of each area, and what the search looks in."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any, Final

from kostra_publish.pages.areas import Area
from kostra_publish.pages.content import Content
from kostra_publish.pages.figures import Cell, Series, written
from kostra_publish.pages.rendering import FOLDER
from kostra_publish.specs.models import LANGUAGES

JSON: Final = "tall.json"
CSV: Final = "tall.csv"
INDEX: Final = "sok.json"

COLUMNS: Final = (
    "figure", "table", "measure", "codes", "region", "region_name", "label", "unit", "year",
    "value", "sign", "preliminary", "estimated", "synthetic",
)  # fmt: skip
_BYTE_ORDER_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"


def of_area(content: Content, area: Area) -> Iterator[tuple[str, bytes]]:
    """The figures of an area, for programs and for spreadsheets: (path in the release, bytes)."""
    every = [
        series
        for figure in content.key_figures
        if (series := content.series(figure.id, area.code)) is not None
    ]
    yield f"{FOLDER}/{area.path}{JSON}", _json(content, area, every)
    yield f"{FOLDER}/{area.path}{CSV}", _csv(content, area, every)


def _json(content: Content, area: Area, every: list[Series]) -> bytes:
    cells = [cell for series in every for cell in series.cells]
    years = sorted({cell.year for cell in cells})
    found = {
        "code": area.code,
        "slug": area.slug,
        "kind": area.kind,
        "name": {each: area.name.get(each) for each in LANGUAGES},
        "synthetic": any(content.is_synthetic(cell) for cell in cells),
        "years": years,
        "preliminary": sorted({cell.year for cell in cells if cell.preliminary}),
        "figures": {series.figure.id: _figure(series, years) for series in every},
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _figure(series: Series, years: list[int]) -> dict[str, Any]:
    table, measure, _, _, *codes = series.newest.mark.split(" ")
    by_year = {cell.year: cell for cell in series.cells}
    cells = [by_year.get(year) for year in years]
    return {
        "table": table,
        "measure": measure,
        "codes": codes,
        "regions": [cell.region if cell else None for cell in cells],
        "values": [cell.value if cell else None for cell in cells],
        "signs": [cell.sign if cell else "" for cell in cells],
        "estimated": [cell.year for cell in series.cells if cell.estimated],
    }


def _csv(content: Content, area: Area, every: list[Series]) -> bytes:
    """UTF-8 with a byte order mark, semicolons and decimal commas, as spreadsheets here want it."""
    text = StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for series in every:
        for cell in series.cells:
            writer.writerow(_row(content, area, series, cell))
    return f"{_BYTE_ORDER_MARK}{text.getvalue()}".encode()


def _row(content: Content, area: Area, series: Series, cell: Cell) -> list[object]:
    table, measure, _, _, *codes = cell.mark.split(" ")
    value = "" if cell.value is None else written(cell.value, cell.decimals, "nb")
    # A spreadsheet takes a no-break space and another minus than its own for letters.
    plain = value.replace("\N{NO-BREAK SPACE}", "").replace("\N{MINUS SIGN}", "-")
    return [
        series.figure.id,
        table,
        measure,
        " ".join(codes),
        cell.region,
        area.name.nb,
        series.figure.name.nb,
        content.unit(series).nb,
        cell.year,
        plain,
        cell.sign,
        _truth(cell.preliminary),
        _truth(cell.estimated),
        _truth(content.is_synthetic(cell)),
    ]


def _truth(flag: bool) -> str:  # noqa: FBT001  # the flag is what is written
    return "true" if flag else "false"


def search_index(content: Content) -> tuple[str, bytes]:
    """What the search looks in: address, kind, names and former kommuner of each area."""
    areas = [
        [
            area.slug,
            area.kind,
            " – ".join(area.names),
            [f"{former.code} {former.name}" for former in content.former(area)],
        ]
        for area in content.areas
    ]
    data = json.dumps({"areas": areas}, ensure_ascii=False, separators=(",", ":"))
    return f"{FOLDER}/{INDEX}", f"{data}\n".encode()
