"""Why one universe hides the cells that a figure rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np

from kostra_publish.disclosure.explain import Reason, Reasons
from kostra_publish.disclosure.problem import Integers
from kostra_publish.disclosure.stored_universe import IN, SINCE, StoredUniverse
from kostra_publish.disclosure.why import Why
from kostra_publish.explaining.naming import NAMED, Codes, Described, place_in
from kostra_publish.explaining.told import Chain, Line, Link, line
from kostra_publish.explaining.words import WORDS
from kostra_publish.specs.models import Tongue

_GIVEN: Final[Mapping[Why, str]] = {Why.FOLLOWS: "gives", Why.NOUGHTS: "gives_knowing"}


@dataclass(frozen=True, eq=False)
class Reasoned:
    """A universe and why it hides cells; what answers need is worked out once and kept."""

    universe: StoredUniverse
    _told: dict[int, tuple[Reason, tuple[int, ...]]] = field(default_factory=dict)

    def hidden(self, table: str, cell: Codes) -> list[int]:
        """The hidden cells of the universe that a cell of a table rests on."""
        place = place_in(self.universe.dimensions.get(table, {}), cell)
        if table not in self.universe.rests or place is None:
            return []
        pairs = self.universe.rests[table]
        rested: Integers = pairs[pairs[:, 0] == place, 1]
        return sorted(rested[~self.universe.visible[rested]].tolist())

    def reason(self, cell: int) -> tuple[Reason, tuple[int, ...]]:
        """Why a cell that is not small is hidden, and from which others what it protects follows.

        Raises ValueError for a small cell.
        """
        if cell not in self._told:
            found = self._nearest_first(self._reasons.reason(cell))
            self._told[cell] = found, self._reasons.derivation(found)
        return self._told[cell]

    def _nearest_first(self, reason: Reason) -> Reason:
        """The reason with what it protects in its own region before the rest."""
        names = self.universe.problem.cells["region"]
        own = names[reason.cell]

        def distance(pair: tuple[int, int]) -> tuple[bool, bool]:
            region = str(names[pair[0]])
            return region.partition(SINCE)[0].partition(IN)[0] != own, region != own

        alone = reason.alone or reason.protects
        pairs = sorted(zip(reason.protects, alone, strict=True), key=distance)
        return replace(
            reason,
            protects=tuple(protected for protected, _ in pairs),
            alone=tuple(one for _, one in pairs) if reason.alone else (),
        )

    @cached_property
    def _reasons(self) -> Reasons:
        return Reasons(self.universe.problem, self.universe.visible)

    @cached_property
    def plainest(self) -> Mapping[int, Sequence[tuple[int, str, int]]]:
        """For each cell the places that rest on it: (how much they rest on, table, place)."""
        found: dict[int, list[tuple[int, str, int]]] = {}
        for table, pairs in self.universe.rests.items():
            beside = np.bincount(pairs[:, 0])[pairs[:, 0]]
            for (place, cell), size in zip(pairs.tolist(), beside.tolist(), strict=True):
                found.setdefault(cell, []).append((size, table, place))
        return found

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str, str], int]:
        """The cells of tables by population, region and set."""
        names = self.universe.problem.cells.select("population", "region", "set").rows()
        return {
            (population, region, persons): cell
            for cell in self.plainest
            for population, regions, persons in [names[cell]]
            for region in regions.split("/")
        }


@dataclass(frozen=True, eq=False)
class Teller:
    """What a universe has to say of the figures of one table, in one language.

    ``tables`` give cells their names. ``few`` is the sentence for what is too small.
    """

    reasoned: Reasoned
    table: str
    tables: Mapping[str, Described]
    tongue: Tongue
    few: Line

    def line(self, cell: int, asked: Codes) -> Line:
        """Why a hidden cell that the asked figure rests on is hidden."""
        rest = self._why(cell)
        own = self.link(cell)
        if (own.table, own.codes) == (self.table, asked):
            return rest
        return line(self._words["rests_on"], cell=own, rest=rest)

    def chain(self, cell: int) -> Chain:
        """How a cell that is not small protects others."""
        reason, beside = self.reasoned.reason(cell)
        return Chain(
            cell=self.link(cell),
            why=reason.why,
            protects=tuple(map(self.link, dict.fromkeys(reason.protects))),
            beside=tuple(map(self.link, beside)),
        )

    def is_small(self, cell: int) -> bool:
        """Whether too few stand behind a cell."""
        return bool(self.reasoned.universe.problem.small[cell])

    # --- why ------------------------------------------------------------------------------

    @property
    def _words(self) -> Mapping[str, str]:
        return WORDS[self.tongue]

    def _why(self, cell: int) -> Line:
        words = self._words
        if self.is_small(cell):
            return self.few
        found = self.chain(cell)
        if found.why is Why.KNOWN:
            return line(words["known"])
        if found.why is Why.NEAR:
            near = "near" if found.protects else "near_none"
            return line(words[near], protected=self._some(found.protects))
        protects = line(words["protects"], protected=self._some(found.protects))
        if found.why not in _GIVEN:
            # Who could is alone in a cell: which one that is would tell its value.
            return line(words["insider"], protects=protects)
        beside = line(words["shown"], cells=self._some(found.beside))
        return line(
            words[_GIVEN[found.why]],
            protects=protects,
            beside=beside if found.beside else words["others_shown"],
            it=words["it" if len(found.protects) == 1 else "first"],
        )

    def _some(self, links: Sequence[Link]) -> Line:
        parts: list[str | Link] = []
        for one in links[:NAMED]:
            parts += ["; ", one] if parts else [one]
        if (more := len(links) - NAMED) > 0:
            parts += ["; ", self._words["more"].format(count=more)]
        return Line(tuple(parts))

    # --- names ----------------------------------------------------------------------------

    def link(self, cell: int) -> Link:
        """A cell of the universe as the table's cell that shows it most plainly.

        One of what the universe knows of an earlier release is named after what it is now.
        """
        region = str(self.reasoned.universe.problem.cells["region"][cell])
        for word, sign in (("change", SINCE), ("as_in", IN)):
            former, found, release = region.partition(sign)
            if found:
                now = self._of_now(cell, former)
                name = self._words[word].format(name=now.name, release=release)
                return Link(name, now.table, now.codes, release)
        return self._of_table(cell) or self._of_none(cell, region)

    def _of_now(self, cell: int, regions: str) -> Link:
        population, persons = self.reasoned.universe.problem.cells.select("population", "set").row(
            cell
        )
        for region in regions.split("/"):
            own = self.reasoned.by_name.get((population, region, persons))
            if own is not None and (link := self._of_table(own)):
                return link
        return self._of_none(cell, regions)

    def _of_table(self, cell: int) -> Link | None:
        places = [one for one in self.reasoned.plainest.get(cell, ()) if one[1] in self.tables]
        if not places:
            return None
        _, table, place = min(places, key=lambda one: (one[0], one[1] != self.table, *one[1:]))
        dimensions = self.reasoned.universe.dimensions[table]
        positions = np.unravel_index(place, [len(codes) for codes in dimensions.values()])
        codes = {
            code: own[int(position)]
            for (code, own), position in zip(dimensions.items(), positions, strict=True)
        }
        named = self._words["cell" if table == self.table else "of"]
        name = self.tables[table].name(codes, self.tongue)
        return Link(named.format(name=name, table=table), table, codes)

    def _of_none(self, cell: int, regions: str) -> Link:
        region, persons = regions.partition("/")[0], self._persons(cell)
        described = self.tables[self.table]
        if region in next(one.codes for one in described.dimensions if one.role == "geo"):
            region = f"{region} {described.label(described.region, region, self.tongue)}"
        return Link(self._words["in_no_table"].format(name=f"{region}: {persons}"))

    def _persons(self, cell: int) -> str:
        name = str(self.reasoned.universe.problem.cells["set"][cell])
        for word in ("without", "all_of"):
            name = name.replace(WORDS["en"][word], self._words[word])
        return name
