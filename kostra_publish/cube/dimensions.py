"""The dimensions of a table in a plan: codes and names, before anything is counted."""

from __future__ import annotations

from collections.abc import Sequence

from kostra_publish.cube.plan import Plan
from kostra_publish.cube.regions import Region, table_regions
from kostra_publish.specs.dimensions import (
    BYDEL_REGION,
    CONTENTS,
    KOMMUNE_REGION,
    TIME,
    CubeDimension,
)
from kostra_publish.specs.models import TableSpec, Text

BYDEL_KINDS = frozenset({"bydel", "bydeler"})


def regions_of(plan: Plan, table: TableSpec) -> list[Region]:
    """The regions of a table, those of earlier vintages too."""
    carried = plan.carried.get(table.id, frozenset())
    return table_regions(tuple(table.regions), carried, plan.vintage, plan.catalogue.texts)


def table_dimensions(
    plan: Plan, table: TableSpec, regions: Sequence[Region]
) -> tuple[CubeDimension, ...]:
    """Region, the table's own dimensions, contents, and the plan's vintage as time."""
    texts = plan.catalogue.texts
    bydeler = set(table.regions) <= BYDEL_KINDS
    year = str(plan.vintage)
    return (
        CubeDimension(
            code=BYDEL_REGION if bydeler else KOMMUNE_REGION,
            role="geo",
            label=texts.bydel_variable if bydeler else texts.region_variable,
            codes=tuple(region.code for region in regions),
            labels=tuple(region.label for region in regions),
        ),
        *(
            CubeDimension(
                code=dimension.code,
                role="classification",
                label=dimension.label,
                codes=tuple(category.code for category in members),
                labels=tuple(category.label for category in members),
                total=dimension.total,
                provisional=dimension.provisional,
            )
            for dimension in table.dimensions
            for members in [plan.catalogue.categories(dimension)]
        ),
        CubeDimension(
            code=CONTENTS,
            role="metric",
            label=texts.contents_variable,
            codes=tuple(measure.code for measure in table.measures),
            labels=tuple(measure.label for measure in table.measures),
        ),
        CubeDimension(
            code=TIME,
            role="time",
            label=texts.time_variable,
            codes=(year,),
            labels=(Text(nb=year, nn=year, en=year),),
        ),
    )
