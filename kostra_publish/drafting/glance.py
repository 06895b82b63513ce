"""Measures of one table, counted and protected by themselves: seen at once, settled later."""

from __future__ import annotations

from collections.abc import Callable, Collection

from kostra_publish.checking import round_inputs
from kostra_publish.cube.build import build
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.protection import protect_by_themselves
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.making import facts_of
from kostra_publish.releases.rounds import Round
from kostra_publish.specs.models import TableSpec

PlanOf = Callable[[TableSpec], Plan]
"""A plan of one table alone."""


def glance(
    plan_of: PlanOf,
    table: TableSpec,
    measures: Collection[str],
    current: Round,
    data: str,
    checked: set[str],
) -> SafeCube:
    """The round's vintage of some measures of a table.

    ``checked`` has the SHA-256 of each file that was held to its contract before, and gets those
    that are now. Raises SpecError, MissingDataError, DataError or DisclosureError.
    """
    wanted = [measure for measure in table.measures if measure.code in measures]
    part = table.model_copy(update={"measures": wanted})
    plan = plan_of(part)
    inputs = round_inputs(plan, current, data)
    files = {str(file.sha256) for file in inputs.files if file.sha256 is not None}
    known = len(files) == len(inputs.files) and files <= checked
    counted = inputs.count(plan.sources, plan.population, plan.queries, checked=known)
    checked |= files
    built = build(plan, counted.results, counted.statuses, inputs.file_names)
    (cube,) = protect_by_themselves(plan, built, facts_of(current, inputs))
    return cube
