"""Safe cubes put together anew: figures that are there already, under the words of now."""

from __future__ import annotations

from collections.abc import Mapping

from kostra_publish.cube.dimensions import regions_of, table_dimensions
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.safe import SafeCube, VintageFacts
from kostra_publish.disclosure.stored import composed, with_history
from kostra_publish.specs.models import TableSpec


def compose(
    plan: Plan, table: TableSpec, parts: Mapping[str, SafeCube], earlier: SafeCube | None
) -> SafeCube:
    """A table of a plan, each measure as one of ``parts`` shows it, and its earlier vintages.

    ``parts`` has a cube for every measure, by contents code.
    """
    dimensions = table_dimensions(plan, table, regions_of(plan, table))
    facts = _facts(plan.vintage, parts)
    return with_history(composed(table, dimensions, plan.vintage, parts, facts), earlier)


def _facts(vintage: int, parts: Mapping[str, SafeCube]) -> VintageFacts:
    """How the vintage is published: as the part with most measures says.

    What it replaces, and corrections before it, are told again by its history.
    """
    cubes = list(parts.values())
    most = max(cubes, key=lambda cube: sum(cube is other for other in cubes))
    facts = most.vintages[vintage]
    return facts.model_copy(update={"replaces": None, "corrected": facts.corrected[-1:]})
