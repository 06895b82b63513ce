"""From microdata to safe cubes: all figures of a round, protected together.

``publish`` writes them as a release, and a preview shows them before there is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

import polars as pl

from kostra_publish.checking import input_facts, missing_reports, round_inputs, rule_counts
from kostra_publish.cube.build import Built, build
from kostra_publish.cube.partition import partitions
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.protection import Answers, Protected, protect
from kostra_publish.disclosure.safe import SIGNS, Corrected, SafeCube, VintageFacts
from kostra_publish.disclosure.stored import with_history
from kostra_publish.handing_over import Asked, asked
from kostra_publish.microdata.inputs import Counted as CountedInputs
from kostra_publish.microdata.inputs import Inputs
from kostra_publish.outputs import quality
from kostra_publish.outputs.quality import ComparedRelease, ProvisionalCode, QualityFacts
from kostra_publish.preparing import Ground, Task, plan, refuse_half_corrected
from kostra_publish.quality.assess import assess
from kostra_publish.quality.evidence import Evidence
from kostra_publish.quality.observations import Observations, observe
from kostra_publish.releases.rounds import Round


class Say(Protocol):
    """Takes what a stage found; ``progress`` is told how much of its work is done."""

    def __call__(self, text: str) -> None:
        """Tell what was found."""

    def progress(self, done: int, of: int) -> None:
        """Tell how much is done, of how much."""


Stage = Callable[[str], AbstractContextManager[Say]]
"""Opens a stage of the work by its name; what is said in it ends up on its line."""


@dataclass(frozen=True, repr=False)
class Figures:
    """All figures of a round: true ones while they are needed, and safe cubes.

    ``rows`` answer ``want.queries``. ``cubes`` have earlier vintages, and the tables that the round
    leaves alone; ``protected.cubes`` have the round's own vintage only.
    """

    planned: Plan
    want: Asked
    rows: Sequence[pl.DataFrame]
    built: Built
    inhabitants: pl.DataFrame
    """PERSONER by KOMMUNE_NR."""
    protected: Protected
    cubes: Sequence[SafeCube]
    observed: Observations
    report: QualityFacts


def figures(
    wanted: Task,
    base: Ground,
    stage: Stage,
    *,
    hand_over: bool = True,
    known: Answers | None = None,
) -> Figures:
    """Read, count and protect a round upon what was published before.

    ``hand_over`` also counts the rows that are handed over; ``known`` are answers of disclosure
    control that were found before. Raises a PublishError of the kind that fits.
    """
    with stage("Read, validate and count") as say:
        planned = plan(wanted, base.earlier)
        inputs = round_inputs(planned, wanted.round, wanted.sources.data, wanted.files)
        refuse_half_corrected(wanted, base, inputs)
        want = asked(wanted, planned) if hand_over else Asked((), ())
        counted, rows = _counted(inputs, planned, want)
        say(f"{sum(counted.rows.values()):,} rows in {len(counted.rows)} files")
    with stage("Build the cubes") as say:
        built = build(planned, counted.results, counted.statuses, inputs.file_names)
        say(f"{sum(cube.value.size for cube in built.cubes):,} cells")
    with stage("Protect small figures") as say:
        facts = facts_of(wanted.round, inputs)
        protected = protect(planned, built, facts, base.shown, known)
        cubes = _with_history(protected.cubes, base.earlier, carry_on=not wanted.is_look)
        say(", ".join(f"{count:,} {sign}" for sign, count in signs_of(cubes).items()))
    with stage("Check the quality") as say:
        seen = _Seen(wanted, planned, inputs, counted, built)
        observed, report = seen.quality(protected.cubes, cubes, base.observed)
        failed, warnings = report.verdict.failed_blocking, report.verdict.warnings
        say(f"{len(failed)} blocking, {len(warnings)} warnings")
    return Figures(
        planned, want, rows, built, counted.results[-1], protected, cubes, observed, report
    )


def _counted(
    inputs: Inputs, planned: Plan, want: Asked
) -> tuple[CountedInputs, list[pl.DataFrame]]:
    """What the tables are made of, and the rows that are handed over, counted in one pass."""

    def queries(frames: Mapping[str, pl.LazyFrame]) -> list[pl.LazyFrame]:
        return [*planned.queries(frames), *want.queries(planned, frames)]

    counted = inputs.count(planned.sources, planned.population, queries, with_controls=True)
    own = len(counted.results) - len(want.records)
    return replace(counted, results=counted.results[:own]), counted.results[own:]


def facts_of(current: Round, inputs: Inputs) -> VintageFacts:
    """How the vintage of a round is published."""
    return VintageFacts(
        vintage=current.vintage,
        round=current.name,
        published=current.updated,
        preliminary=current.preliminary,
        final_day=current.final_day,
        synthetic=inputs.synthetic,
        corrected=(Corrected(day=correction.date, reason=correction.reason),)
        if (correction := current.correction)
        else (),
    )


def _with_history(
    new: Sequence[SafeCube], earlier: Mapping[str, SafeCube], *, carry_on: bool
) -> list[SafeCube]:
    """The new cubes with their earlier vintages, and the tables this round leaves alone."""
    cubes = {cube.table.id: with_history(cube, earlier.get(cube.table.id)) for cube in new}
    if carry_on:
        cubes = {**earlier, **cubes}
    return [cubes[name] for name in sorted(cubes)]


def signs_of(cubes: Sequence[SafeCube]) -> dict[str, int]:
    """How many cells show each sign."""
    counts: Counter[str] = Counter()
    for cube in cubes:
        counts.update(dict(cube.statuses.drop_nulls().value_counts().iter_rows()))
    return {sign: counts[sign] for sign in SIGNS}


@dataclass(frozen=True)
class _Seen:
    """What was read and counted, for the quality report."""

    wanted: Task
    planned: Plan
    inputs: Inputs
    counted: CountedInputs
    built: Built

    def quality(
        self,
        new: Sequence[SafeCube],
        every: Sequence[SafeCube],
        earlier: Sequence[Observations],
    ) -> tuple[Observations, QualityFacts]:
        """What is observed of the round, and the report on it."""
        current, catalogue = self.wanted.round, self.wanted.catalogue
        rules = rule_counts(self.counted, current.vintage)
        observed = observe(self.planned, current.name, self.built, self.counted, rules)
        parts = partitions(self.planned, self.built.tallies)
        evidence = Evidence(observed, earlier, rules, new, self.planned.indicators, parts)
        return observed, QualityFacts(
            round=current.name,
            vintage=current.vintage,
            preliminary=current.preliminary,
            synthetic=self.inputs.synthetic,
            inputs=input_facts(self.inputs, self.counted),
            missing=missing_reports(catalogue, self.built, self.counted, current.vintage),
            rules=rules,
            signs=tuple(quality.signs(cube) for cube in every),
            provisional=tuple(ProvisionalCode(*row) for row in catalogue.provisional()),
            checks=assess(catalogue.quality.checks, evidence),
            compared_with=tuple(
                ComparedRelease(one.round, one.vintage, one.manifest_sha256)
                for one in earlier
                if one.manifest_sha256
            ),
        )
