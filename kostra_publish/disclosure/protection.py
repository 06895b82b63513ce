"""From true cubes to safe cubes: every table of a release protected together.

The universes of the release are protected one after the other by the engine; what may not
be shown in any of them is hidden in every figure that rests on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from kostra_publish.cube.build import Built
from kostra_publish.cube.cube import State
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.answer import Answer, withstanding
from kostra_publish.disclosure.attack.cornered import cornered
from kostra_publish.disclosure.attack.released import INSIDERS_TRIED
from kostra_publish.disclosure.certificate import few_tables
from kostra_publish.disclosure.engine.suppress import Suppression
from kostra_publish.disclosure.primary import protect as protect_cube
from kostra_publish.disclosure.problem import Flags, Problem
from kostra_publish.disclosure.rounds import Joined, alone, joined
from kostra_publish.disclosure.safe import SafeCube, VintageFacts
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.disclosure.universe import Universe, hidden, universes
from kostra_publish.errors import DisclosureError
from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import THRESHOLD
from kostra_publish.specs.policy import Intervals

SIDE_BY_SIDE = 2
"""Universes that are protected at once."""
EFFORT = 0.0
"""Steps of improvement; see ``Suppression``."""


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
    since: RoundsReport | None = None
    """What an earlier release of the vintage took; None without one."""


@dataclass(frozen=True)
class RoundsReport:
    """What an earlier release of the same vintage took: numbers of cells, never a figure.

    ``release``: the earlier one; ``held``: cells that are as they were and stay hidden;
    ``late``: hidden, and not small, because they differ from what was shown by too few;
    ``differences``: small differences, listed and implied; ``disclosed``: small cells and
    differences that the earlier release has given away.
    """

    release: str
    held: int
    late: int
    differences: int
    disclosed: int


@dataclass(frozen=True)
class Earlier:
    """What earlier releases of the same vintage were protected as: (release, universe).

    The newest come first; each holds what was shown before it, too.
    """

    universes: Sequence[tuple[str, StoredUniverse]]


@dataclass(frozen=True)
class Protected:
    """Safe cubes in the plan's order, what it took, and what a release keeps of the universes.

    ``answers`` are those that were found, for whoever protects much of the same again.
    """

    cubes: list[SafeCube]
    reports: tuple[UniverseReport, ...]
    universes: tuple[StoredUniverse, ...]
    answers: Answers = field(default_factory=dict, repr=False)


Answers = Mapping[tuple[str, Intervals], Answer]
"""Answers by the digest of their problem and what was wanted of intervals."""


def protect_by_themselves(plan: Plan, built: Built, facts: VintageFacts) -> list[SafeCube]:
    """The cubes of ``built`` for a glance, protected by themselves.

    Small figures are hidden, and what they would follow from by linear algebra among these very
    cubes. Neither other tables nor earlier releases are looked at, nor is anything attacked:
    that takes much longer. Raises DisclosureError when there is nothing left to hide.
    """
    found = universes(plan, built)
    visible = [_by_algebra(one.problem) for one in found]
    signs = hidden(found, visible)
    return [protect_cube(cube, facts, signs.get(cube.table.id)) for cube in built.cubes]


def _by_algebra(problem: Problem) -> Flags:
    """What may be shown by linear algebra, though everyone knows which inner numbers are 0."""
    noughts = np.ones(len(problem.inner), dtype=np.bool_)
    engine = Suppression(problem.with_noughts(noughts), effort=EFFORT)
    return engine.visible[: len(problem.small)]


def protect(
    plan: Plan,
    built: Built,
    facts: VintageFacts,
    earlier: Earlier | None = None,
    known: Answers | None = None,
) -> Protected:
    """Every cube of ``built`` with its small figures hidden, and what would give them away.

    ``earlier`` is what has been shown of the vintage before; ``known`` are answers that were
    found already, and are not sought again. Raises DisclosureError when a small figure still
    follows from what would be visible.
    """
    decisions = _Decisions(plan.catalogue.policy.intervals, known or {})
    beside = [_beside(universe, earlier) for universe in universes(plan, built)]
    # The loops and the solver work without the interpreter: universes are protected side by side.
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        decided = [*pool.map(decisions.beside, beside)]
    signs = hidden([one.universe for one, _ in decided], [answer.visible for _, answer in decided])
    cubes = [protect_cube(cube, facts, signs.get(cube.table.id)) for cube in built.cubes]
    shown = {cube.table.id: cube.state == State.FIGURE for cube in built.cubes}
    answers = [(one.limited(shown), answer) for one, answer in decided]
    dimensions = {cube.table.id: cube.dimensions for cube in built.cubes}
    return Protected(
        cubes=cubes,
        reports=tuple(_report(one, answer.visible) for one, answer in answers),
        universes=tuple(_stored(one.universe, answer, dimensions) for one, answer in answers),
        answers=decisions.found,
    )


def _stored(
    universe: Universe, answer: Answer, dimensions: Mapping[str, Sequence[CubeDimension]]
) -> StoredUniverse:
    """What a release keeps of a universe: with few tables that prove G3."""
    problem = universe.problem
    visible = answer.visible & problem.listed
    tables = few_tables(problem, visible, answer.verdict.tables, answer.verdict.width)
    return universe.stored(visible, dimensions, tables)


def _beside(universe: Universe, earlier: Earlier | None) -> list[Joined]:
    """A universe together with what each earlier release showed of it, the newest first."""
    found = [
        joined(universe, stored, release)
        for release, stored in (earlier.universes if earlier else ())
        if (stored.name, stored.kind) == (universe.name, universe.kind)
    ]
    return found or [alone(universe)]


@dataclass(frozen=True, eq=False)
class _Decisions:
    """Which cells may be shown, problem by problem; what is known already is not sought again."""

    intervals: Intervals
    known: Answers
    found: dict[tuple[str, Intervals], Answer] = field(default_factory=dict)
    """What was asked for."""

    def beside(self, found: Sequence[Joined]) -> tuple[Joined, Answer]:
        """Which cells may be shown beside all earlier releases.

        What is hidden beside one stays hidden when the next is looked at: that takes nothing
        away from what was found, since whoever is shown less knows less.
        """
        first, answer = self._answer(found[0])
        for other in found[1:]:
            hidden = ~answer.visible[: other.own]
            _, beside = self._answer(other.hiding(hidden))
            visible = answer.visible.copy()
            visible[: other.own] &= beside.visible[: other.own]
            answer = replace(answer, visible=visible)
        return first, answer

    def _answer(self, found: Joined) -> tuple[Joined, Answer]:
        """Which cells may be shown, and what was to be protected in the end."""
        # An interval of kroner says nothing about persons: there the least will do.
        wanted = self.intervals if found.universe.kind == "persons" else Intervals()
        try:
            return found, self._decide(found.problem, wanted)
        except DisclosureError as error:
            given = _given_away(found)
            if not given.any():
                name = found.universe.name
                raise DisclosureError(f"{name}: {error.message}", fix=error.fix) from None
        left = found.without(given)
        return left, self._decide(left.problem, wanted)

    def _decide(self, problem: Problem, intervals: Intervals) -> Answer:
        key = problem.digest, intervals
        answer = self.known.get(key)
        if answer is None:
            answer = decide(problem, intervals)
        self.found[key] = answer
        return answer


def decide(problem: Problem, intervals: Intervals) -> Answer:
    """Which cells of a problem may be shown; ``intervals`` count persons."""
    return withstanding(
        problem,
        effort=EFFORT,
        width=intervals.width,
        could_be=THRESHOLD if intervals.could_be_shown else None,
    )


def _given_away(found: Joined) -> Flags:
    """The small cells that are found from what was shown before, though nothing more is shown.

    Those that would be found without it, too, are no matter of rounds.
    """
    problem, own = found.problem, found.own
    given = _found(problem)
    given[:own] &= ~_found(found.first)
    return given


def _found(problem: Problem) -> Flags:
    """What is found when no figure is shown but what is known already."""
    count = len(problem.small)
    if count > INSIDERS_TRIED:
        # The engine takes it that everyone knows of these.
        problem = problem.with_noughts(np.ones(len(problem.inner), dtype=np.bool_))
    return cornered(problem, np.zeros(len(problem.small), dtype=np.bool_))[:count]


def _report(found: Joined, visible: Flags) -> UniverseReport:
    problem, own = found.universe.problem, np.arange(len(visible)) < found.own
    listed = problem.listed & own
    small = (problem.small | found.disclosed) & own
    secondary = listed & ~small & ~visible
    cells = problem.cells.select("kind").with_columns(
        pl.Series("listed", listed),
        pl.Series("small", small & listed),
        pl.Series("secondary", secondary),
    )
    by_kind = (
        cells.filter("listed")
        .group_by("kind")
        .agg(pl.col("listed", "small", "secondary").sum())
        .sort("kind")
    )
    return UniverseReport(
        name=found.universe.name,
        kind=found.universe.kind,
        listed=int(listed.sum()),
        small=int((small & listed).sum()),
        implied=int((small & ~listed).sum()),
        secondary=int(secondary.sum()),
        by_region={kind: (cells, few, more) for kind, cells, few, more in by_kind.iter_rows()},
        since=None if found.release is None else _since(found.release, found, secondary),
    )


def _since(release: str, found: Joined, secondary: Flags) -> RoundsReport:
    return RoundsReport(
        release=release,
        held=int((secondary & found.held).sum()),
        late=int((secondary & found.differing).sum()),
        differences=int(found.differences.sum()),
        disclosed=int(found.disclosed.sum()),
    )
