"""Safe cubes for tests, made with the seal that only disclosure control may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from random import Random
from typing import Any, get_args

import polars as pl

from kostra_publish.disclosure.safe import SIGNS, SafeCube, VintageFacts
from kostra_publish.disclosure.seal import SEAL
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME, CubeDimension, Role
from kostra_publish.specs.models import (
    Count,
    DiscontinuedTable,
    FileColumn,
    Measure,
    Note,
    TableSpec,
    Text,
    Texts,
)
from tests.schedule import CALENDAR, a_round

REGIONS = {"0301": "Oslo", "3103": "Moss", "4628": "Vaksdal", "EAK": "Landet"}


def text(words: str) -> Text:
    """Three texts that can be told apart."""
    return Text(nb=words, nn=f"{words} (nn)", en=f"{words} (en)")


def measure(code: str, **changes: object) -> Measure:
    content: dict[str, Any] = {
        "code": code,
        "label": text(f"Measure {code}"),
        "unit": "antall",
        "formula": Count(kind="count"),
    }
    return Measure.model_validate(content | changes)


def table(
    table_id: str = "13995", measures: Sequence[Measure] = (), **changes: object
) -> TableSpec:
    content: dict[str, Any] = {
        "id": table_id,
        "skjema": ["11"],
        "source": "skjema11",
        "unit": "tilfelle",
        "title": text(f"Title of {table_id}"),
        "reference_period": text("Year"),
        "regions": ["kommune", "land"],
        "measures": list(measures)
        or [measure("KOSantall0000"), measure("KOSandel0000", decimals=1)],
    }
    return TableSpec.model_validate(content | changes)


def dimension(code: str, names: Mapping[str, str], role: Role = "classification") -> CubeDimension:
    labels = tuple(text(name) for name in names.values())
    return CubeDimension(code, role, text(f"dimension {code}"), tuple(names), labels)


def dimensions(
    spec: TableSpec,
    vintages: Sequence[int],
    regions: Mapping[str, str] | None = None,
    between: Sequence[CubeDimension] = (),
) -> list[CubeDimension]:
    """Region, the table's own, contents, time."""
    contents = {item.code: item.label.nb for item in spec.measures}
    years = {str(year): str(year) for year in vintages}
    return [
        dimension(KOMMUNE_REGION, REGIONS if regions is None else regions, "geo"),
        *between,
        dimension(CONTENTS, contents, "metric"),
        dimension(TIME, years, "time"),
    ]


def own_dimensions(spec: TableSpec, specs: Catalogue) -> list[CubeDimension]:
    """The dimensions between region and contents of a table of a catalogue."""
    return [
        CubeDimension(
            one.code,
            "classification",
            one.label,
            tuple(category.code for category in specs.categories(one)),
            tuple(category.label for category in specs.categories(one)),
            total=one.total,
            provisional=one.provisional,
        )
        for one in spec.dimensions
    ]


def facts(vintage: int, **changes: object) -> VintageFacts:
    content: dict[str, Any] = {
        "vintage": vintage,
        "round": f"{vintage + 1}-06",
        "preliminary": False,
        "synthetic": True,
    } | changes
    shown = a_round(str(content["round"]).partition(".")[0])
    content.setdefault("published", shown.updated)
    if content["preliminary"]:
        content.setdefault("final_day", shown.final_day)
    return VintageFacts.model_validate(content)


def cube(
    spec: TableSpec,
    dims: Sequence[CubeDimension],
    vintages: Sequence[VintageFacts],
    *,
    seed: int = 1,
    cells: pl.DataFrame | None = None,
) -> SafeCube:
    """A safe cube with these cells, or with drawn ones: about a third are signs."""
    if cells is None:
        cells = drawn_cells(spec, dims, seed)
    return SafeCube(SEAL, spec, dims, cells, {item.vintage: item for item in vintages})


def drawn_cells(spec: TableSpec, dims: Sequence[CubeDimension], seed: int) -> pl.DataFrame:
    """Values with each measure's decimals, and signs, in row-major order."""
    random = Random(seed)
    decimals = {item.code: item.decimals for item in spec.measures}
    contents = next(item for item in dims if item.code == CONTENTS)
    years = len(dims[-1].codes)
    values: list[float | None] = []
    statuses: list[str | None] = []
    for number in range(prod(len(item.codes) for item in dims)):
        code = contents.codes[number // years % len(contents.codes)]
        sign = random.choice([None, None, None, None, *SIGNS[:2], SIGNS[2]])
        values.append(None if sign else round(random.uniform(-5, 5000), decimals[code]))
        statuses.append(sign)
    return pl.DataFrame(
        {"value": values, "status": statuses},
        schema={"value": pl.Float64, "status": pl.String},
    )


def sample(
    table_id: str = "13995",
    vintages: Sequence[int] = (2024, 2025),
    *,
    seed: int = 1,
    regions: Mapping[str, str] | None = None,
    measures: Sequence[Measure] = (),
    **changes: object,
) -> SafeCube:
    """A small cube with a sex dimension; the last vintage is preliminary."""
    spec = table(table_id, measures, **changes)
    sex = dimension("Kjonn", {"0": "Begge", "1": "Menn", "2": "Kvinner"})
    sex = CubeDimension(sex.code, sex.role, sex.label, sex.codes, sex.labels, total="0")
    last = vintages[-1]
    missing = Note(text=text(f"Reports for {last} are missing for: Moss"), mandatory=True)
    published = [
        *(facts(year) for year in vintages[:-1]),
        facts(last, round=f"{last + 1}-03", preliminary=True, notes=(missing,)),
    ]
    return cube(spec, dimensions(spec, vintages, regions, [sex]), published, seed=seed)


def descriptions() -> dict[str, Any]:
    """What catalogues of data say, in words that name themselves."""
    return {
        **{name: text(name) for name in ("title", "about", "provenance", "period")},
        "synthetic": text("Synthetic"),
        "keywords": [text("keyword")],
        "publisher": "https://example.org/publisher",
        "contact": "https://example.org/contact",
        "columns": {name: text(name) for name in get_args(FileColumn)},
    }


def catalogue(
    tables: Sequence[TableSpec] = (), discontinued: Sequence[DiscontinuedTable] = ()
) -> Catalogue:
    """A catalogue of these tables and of words that name themselves."""
    words = {
        name: text(name)
        for name in (
            "publisher",
            "contact",
            "subject_area",
            "region_variable",
            "bydel_variable",
            "contents_variable",
            "time_variable",
            "preliminary",
            "final_figures",
            "corrected",
            "synthetic",
            "provisional",
            "missing_reports",
            "estimated",
            "estimated_regions",
            "in_part",
            "summed",
            "suppressed",
        )
    }
    rest = {
        "subject_code": "soshjelpk",
        "licence": "CC BY 4.0",
        "region": {},
        "region_labels": {},
        "units": {"antall": text("number"), "prosent": text("per cent")},
        "descriptions": descriptions(),
        "signs": {".": text("not applicable"), "..": text("not reported"), ":": text("hidden")},
    }
    texts = Texts.model_validate(words | rest)
    return Catalogue(
        tables={item.id: item for item in tables},
        discontinued={item.id: item for item in discontinued},
        sources={},
        terms={},
        codelists={},
        texts=texts,
        calendar=CALENDAR,
        documents={},
        sha256={"13995.yaml": "0" * 64},
    )
