"""Safe cubes with figures that are easy to follow, and the key figures that are made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.safe import NOT_APPLICABLE, SafeCube, VintageFacts
from kostra_publish.pages.areas import areas
from kostra_publish.pages.content import Content
from kostra_publish.pages.figures import Figures, figures
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.models import Text
from kostra_publish.specs.pages import Pages
from tests.cubes import cube, dimensions, facts, measure, table

TOP = Path(__file__).parents[2]
SPECS, TEMPLATES = TOP / "table_specs", TOP / "templates"
PROJECT = load(SPECS)

COUNT, SHARE, COST, SIZE = "KOSantall0000", "KOSandel0000", "KOSnetto0000", "KOSinnb0000"
MEASURES = {
    COUNT: measure(COUNT),
    SHARE: measure(SHARE, unit="prosent", decimals=1),
    COST: measure(COST, unit="kroner"),
    SIZE: measure(SIZE, unit="personer"),
}
OSLO, SOLA, STAVANGER, HALDEN, MOSS = "0301", "1124", "1103", "3101", "3103"
FYLKE, OTHER_FYLKE, LAND, REST = "EKA11", "EKA31", "EAK", "EAKUO"

Shown = float | str
"""A number, or a sign."""
Values = Mapping[str, Mapping[str, Sequence[Shown]]]
"""By measure and region: what is shown in each year; a region that is left out has no figure."""


def three(words: str) -> dict[str, str]:
    return {"nb": words, "nn": f"{words} (nn)", "en": f"{words} (en)"}


def key_figure(name: str, table_id: str, code: str, **changes: object) -> dict[str, object]:
    shared = {"id": name, "tables": [table_id], "measure": code}
    return {**shared, "name": three(f"Navn {name}"), "about": three(f"Om {name}."), **changes}


def pages(themes: Mapping[str, Sequence[Mapping[str, object]]]) -> Pages:
    """Key figures by theme."""
    told = [
        {"id": name, "name": three(f"Tema {name}"), "about": three(f"Om {name}."), "figures": own}
        for name, own in themes.items()
    ]
    return Pages.model_validate({"address": "https://example.org/tall", "themes": told})


PAGES = pages(
    {
        "hjelp": [
            key_figure("tilfeller-andel", "99902", SHARE, tile=True),
            key_figure("tilfeller", "99901", COUNT, tile=True, compare=False),
        ],
        "kroner": [key_figure("netto-per-innbygger", "99902", COST)],
        "folk": [key_figure("innbyggere", "99903", SIZE, compare=False)],
    }
)
"""The key figures that the lead and the choice of similar kommuner go by."""


def catalogue(asked: Pages | None = PAGES) -> Catalogue:
    """The project's own, with these pages."""
    return replace(PROJECT, pages=asked)


def names(vintage: int = 2025) -> dict[str, str]:
    """What every region of a year is called, by code; also the former kommuner since 2020."""
    kommuner = codes.kommuner(vintage)
    former = {one.former: f"{one.former_name} (-{one.year - 1})" for one in codes.changes()}
    return {
        **former,
        **dict(kommuner.select("kommune", "navn").iter_rows()),
        **{f"EKA{code}": name for code, name in codes.fylker(vintage).iter_rows()},
        **{code: f"KOSTRA-gruppe {code[3:]}" for code in codes.kostragrupper()["kostragruppe"]},
        LAND: "Landet",
        REST: "Landet uten Oslo",
        **dict(codes.bydeler().iter_rows()),
        codes.BYDELER_I_ALT: "Bydelene i alt",
    }


def labels(vintage: int = 2025) -> dict[str, Text]:
    return {code: Text(nb=name, nn=name, en=name) for code, name in names(vintage).items()}


def made(
    table_id: str,
    values: Values,
    years: Sequence[int] = (2024, 2025),
    *,
    published: Iterable[VintageFacts] = (),
    **changes: object,
) -> SafeCube:
    """A table of these figures; the last year is preliminary unless ``published`` says more."""
    spec = table(table_id, [MEASURES[code] for code in values], **changes)
    found = {code for by_region in values.values() for code in by_region}
    called = {code: name for code, name in names().items() if code in found}
    shown = [
        by_region.get(region, [NOT_APPLICABLE] * len(years))
        for region in called
        for by_region in values.values()
    ]
    flat = [each for row in shown for each in row]
    assert len(flat) == len(called) * len(values) * len(years)
    cells = pl.DataFrame(
        {
            "value": [None if isinstance(each, str) else float(each) for each in flat],
            "status": [each if isinstance(each, str) else None for each in flat],
        },
        schema={"value": pl.Float64, "status": pl.String},
    )
    told = [*published] or [
        *(facts(year) for year in years[:-1]),
        facts(years[-1], round=f"{years[-1] + 1}-03", preliminary=True),
    ]
    return cube(spec, dimensions(spec, years, called), told, cells=cells)


def known(*cubes: SafeCube, asked: Pages = PAGES) -> Figures:
    return figures(asked.figures, cubes)


def content(*cubes: SafeCube, asked: Pages = PAGES, vintage: int = 2025) -> Content:
    found = known(*cubes, asked=asked)
    return Content(asked, areas(vintage, found.labels), found, PROJECT.texts.units)
