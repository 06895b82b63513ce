"""What a check may look at: this round, the rounds before it, and how kommuner compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from kostra_publish.codes import regions as codes
from kostra_publish.cube.partition import Partition
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.charts import Chart
from kostra_publish.outputs.norwegian import counted
from kostra_publish.outputs.quality import Column, Row, RuleCount
from kostra_publish.quality.observations import Figures, Observations
from kostra_publish.specs.models import RoundKind
from kostra_publish.specs.quality import PER_THOUSAND_KRONER, Indicator


@dataclass(frozen=True)
class Outcome:
    """What a check found. ``passed`` is None where it could not be made."""

    passed: bool | None
    summary: str
    limits: str = ""
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    chart: Chart | None = None


def not_made(why: str) -> Outcome:
    """The outcome of a check that could not be made."""
    return Outcome(None, f"Ikke gjort: {why}.")


@dataclass(frozen=True)
class Pair:
    """A kommune before and after; ``kommune`` is its code now."""

    kommune: str
    before: float
    after: float


@dataclass(frozen=True)
class Evidence:
    """All that the checks look at.

    ``earlier`` has the observations of earlier rounds, oldest first, and ``cubes`` the safe
    cubes of this one: None before there are any.
    """

    now: Observations
    earlier: Sequence[Observations] = ()
    rules: Sequence[RuleCount] = ()
    cubes: Sequence[SafeCube] | None = None
    indicators: Mapping[str, Indicator] = field(default_factory=dict)
    partitions: Mapping[tuple[str, str], Partition] = field(default_factory=dict)
    """By table and dimension: the categories that its total is the sum of."""

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The name of each kommune of the year."""
        return dict(codes.kommuner(self.now.vintage).select("kommune", "navn").iter_rows())

    def label(self, indicator: str) -> str:
        """What an indicator is called."""
        return self.indicators[indicator].label.nb

    # --- earlier rounds -------------------------------------------------------------

    def round_of(self, vintage: int, *kinds: RoundKind) -> Observations | None:
        """The newest earlier round of one of these kinds for a vintage, if there is one."""
        found = [
            one
            for one in self.earlier
            if one.vintage == vintage and (not kinds or one.kind in kinds)
        ]
        return found[-1] if found else None

    def final(self, years_back: int) -> Observations | None:
        """The final figures of an earlier vintage."""
        return self.round_of(self.now.vintage - years_back, "june")

    def finals(self, years: int) -> list[Observations]:
        """The final figures of as many of the last years as there are, newest first."""
        found = (self.final(back) for back in range(1, years + 1))
        return [one for one in found if one is not None]

    # --- figures --------------------------------------------------------------------

    def figures(self, indicator: str) -> Figures | None:
        """An indicator now, by kommune; None where the round does not have it."""
        return self.now.figures.get(indicator) if indicator in self.now.definitions else None

    def thousand_kroner(
        self, indicator: str, observed: Observations | None = None
    ) -> Figures | None:
        """An amount in 1000 kr, by the codes of now; None where a round does not have it."""
        observed = observed or self.now
        if not self.comparable(observed, indicator):
            return None
        per_unit = PER_THOUSAND_KRONER[self.indicators[indicator].unit]
        figures = self.as_now(observed, indicator)
        return {kommune: value / per_unit for kommune, value in figures.items()}

    def comparable(self, then: Observations, indicator: str) -> bool:
        """Whether an indicator meant the same in another round as it does now."""
        now, other = self.now.definitions.get(indicator), then.definitions.get(indicator)
        return now is not None and now == other

    def as_now(self, then: Observations, indicator: str) -> Figures:
        """An indicator of an earlier round, by the codes that the kommuner have now.

        Only kommuner that were the same area then.
        """
        figures = then.figures.get(indicator, {})
        if then.vintage == self.now.vintage:
            return figures
        before = codes.predecessors(self.now.vintage, then.vintage)
        return {kommune: figures[own] for kommune, own in before.items() if own and own in figures}

    def pairs(self, then: Observations, indicator: str, before: str | None = None) -> list[Pair]:
        """Kommuner that have reported both then and now, with ``before`` (the same) and now."""
        earlier = self.as_now(then, before or indicator)
        now = self.now.figures.get(indicator, {})
        return [
            Pair(kommune, earlier[kommune], after)
            for kommune, after in now.items()
            if kommune in earlier
        ]

    def not_compared(self, then: Observations) -> str:
        """The kommuner that were not the same area then, as a sentence; empty without any."""
        if then.vintage == self.now.vintage:
            return ""
        before = codes.predecessors(self.now.vintage, then.vintage)
        new = [kommune for kommune, own in before.items() if own is None]
        names = ", ".join(f"{self.names[kommune]} ({kommune})" for kommune in new)
        if not new:
            return ""
        kommuner = counted(len(new), "kommune", "kommuner")
        return (
            f" {kommuner} er ikke samme område som i {then.vintage} og ikke sammenlignet: {names}."
        )

    def earlier_of(self, kinds: Sequence[RoundKind], most: int) -> Iterator[Observations]:
        """The last ``most`` earlier rounds of these kinds, the newest of each, oldest first."""
        newest = {(one.vintage, one.kind): one for one in self.earlier if one.kind in kinds}
        yield from list(newest.values())[-most:] if most else ()


def change_in_percent(before: float, after: float) -> float | None:
    """The change in per cent; None from zero."""
    return 100 * (after - before) / before if before else None
