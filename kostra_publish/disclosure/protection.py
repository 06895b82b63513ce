"""From true cubes to safe cubes: every table of a release protected together.

The universes of the release are protected one after the other by the engine; what may not
be shown in any of them is hidden in every figure that rests on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from kostra_publish.cube.build import Built
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.answer import not_following, withstanding
from kostra_publish.disclosure.attack.exact import exact
from kostra_publish.disclosure.primary import protect as protect_cube
from kostra_publish.disclosure.problem import Flags, Problem
from kostra_publish.disclosure.safe import SafeCube, VintageFacts
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.disclosure.universe import Universe, hidden, universes
from kostra_publish.errors import DisclosureError
from kostra_publish.specs.models import THRESHOLD
from kostra_publish.specs.policy import Intervals

EFFORT = 0.0
"""Steps of improvement; see ``Suppression``."""
ATTACKED = 3_000
"""Cells of the largest universe that is attacked in full, by intervals and insiders."""


@dataclass(frozen=True)
class UniverseReport:
    """What protecting one universe took: numbers of cells, never a figure.

    ``listed``: cells that tables show; ``small``: of them, those that had to be hidden;
    ``implied``: small cells that no table lists; ``secondary``: hidden to protect them.
    """

    name: str
    kind: str
    listed: int
    small: int
    implied: int
    secondary: int
    by_region: Mapping[str, tuple[int, int, int]]
    """By kind of region: cells, small cells, secondary cells."""


@dataclass(frozen=True)
class Protected:
    """Safe cubes in the plan's order, what it took, and what a release keeps of the universes."""

    cubes: list[SafeCube]
    reports: tuple[UniverseReport, ...]
    universes: tuple[StoredUniverse, ...]


def protect(plan: Plan, built: Built, facts: VintageFacts) -> Protected:
    """Every cube of ``built`` with its small figures hidden, and what would give them away.

    Raises DisclosureError when a small figure still follows from what would be visible.
    """
    found = universes(plan, built)
    intervals = plan.catalogue.policy.intervals
    visible = [_visible(universe, intervals) for universe in found]
    signs = hidden(found, visible)
    cubes = [protect_cube(cube, facts, signs.get(cube.table.id)) for cube in built.cubes]
    reports = tuple(_report(*pair) for pair in zip(found, visible, strict=True))
    dimensions = {cube.table.id: cube.dimensions for cube in built.cubes}
    kept = tuple(
        universe.stored(flags, dimensions) for universe, flags in zip(found, visible, strict=True)
    )
    return Protected(cubes, reports, kept)


def decide(problem: Problem, intervals: Intervals) -> Flags:
    """Which cells of a problem may be shown; ``intervals`` count persons."""
    if problem.cells.height > ATTACKED:
        return not_following(problem, effort=EFFORT)
    could_be = THRESHOLD if intervals.could_be_shown else None
    return withstanding(problem, effort=EFFORT, width=intervals.width, could_be=could_be).visible


def _visible(universe: Universe, intervals: Intervals) -> Flags:
    """Which cells of a universe may be shown; checked apart from the engine."""
    problem = universe.problem
    # An interval of kroner says nothing about persons: there the least will do.
    visible = decide(problem, intervals if universe.kind == "persons" else Intervals())
    if exact(problem, visible).any():
        raise DisclosureError(
            f"{universe.name}: small figures follow from what would be visible",
            fix="Nothing has been written. Report this: the engine should have hidden more.",
        )
    return visible


def _report(universe: Universe, visible: Flags) -> UniverseReport:
    problem = universe.problem
    secondary = problem.listed & ~problem.small & ~visible
    cells = problem.cells.select("kind").with_columns(
        pl.Series("listed", problem.listed),
        pl.Series("small", problem.small & problem.listed),
        pl.Series("secondary", secondary),
    )
    by_kind = (
        cells.filter("listed")
        .group_by("kind")
        .agg(pl.col("listed", "small", "secondary").sum())
        .sort("kind")
    )
    return UniverseReport(
        name=universe.name,
        kind=universe.kind,
        listed=int(problem.listed.sum()),
        small=int((problem.small & problem.listed).sum()),
        implied=int((problem.small & ~problem.listed).sum()),
        secondary=int(secondary.sum()),
        by_region={kind: (cells, few, more) for kind, cells, few, more in by_kind.iter_rows()},
    )
