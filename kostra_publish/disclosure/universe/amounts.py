"""Amounts that are sums of each other, as a problem of their own.

Their inner numbers are amounts by unit: kroner of bidrag, and of lån. A sum is small when few
contribute to it, whatever its size in kroner, or when the dominance rule is set and one or two
dominate it; nothing is known of what is hidden but that it
is not negative. A figure is shown only when both its persons and its amounts may be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from kostra_publish.cube.atoms import AtomKey
from kostra_publish.cube.build import Built
from kostra_publish.cube.dominance import dominated
from kostra_publish.cube.plan import Plan
from kostra_publish.cube.sums import Parts
from kostra_publish.disclosure.problem import Flags, Integers, Problem
from kostra_publish.disclosure.universe.listing import Entries, distinct, matrices, resting
from kostra_publish.disclosure.universe.model import Universe
from kostra_publish.disclosure.universe.space import Regions, row_products


def amounts(
    plan: Plan, built: Built, entries: Sequence[Entries], regions: Regions
) -> Universe | None:
    """The amounts among the ``entries`` of one population that are sums of each other, if any."""
    own = [one for one in entries if one.shown and one.atom in plan.amounts]
    return _Amounts(plan, built, own, regions).universe() if own else None


@dataclass(frozen=True, eq=False)
class _Amounts:
    plan: Plan
    built: Built
    entries: Sequence[Entries]
    regions: Regions

    def universe(self) -> Universe:
        """The problem of all these amounts, and the cells of tables that rest on it."""
        keys = [self.sums.index(one.atom) * self.width + one.region for one in self.entries]
        cells = distinct(keys, self.entries)
        listed = cells["key"].to_numpy()
        problem = self._problem(cells, self._implied(cells))
        sizes = {cube.table.id: cube.value.size for cube in self.built.complete}
        rests = resting(listed, keys, self.entries)
        tables = matrices(rests, sizes, problem.cells.height)
        return Universe(
            name=self.entries[0].atom.source,
            kind="amounts",
            threshold=_strictest(cells),
            problem=problem,
            inner=self._names(),
            tables=tables,
        )

    def _names(self) -> pl.DataFrame:
        """What each inner number is; the conditions of an amount stand for its block."""
        units = self.built.units.codes(self.regions.members.shape[1])
        parts = [
            pl.DataFrame(
                {
                    "population": one.source,
                    "block": str(self.plan.compiler.conditions[one.where][1]),
                    "combination": str(one.of),
                    "unit": units,
                    "contributors": self._by_unit(one)[1],
                }
            )
            for one in self.elements
        ]
        return pl.concat(parts)

    @property
    def width(self) -> int:
        """The number of regions. A key is the number of an amount, times this, plus a region."""
        return len(self.regions.codes)

    @cached_property
    def sums(self) -> list[AtomKey]:
        """The amounts that tables show, and those that they are made of."""
        shown = [one.atom for one in self.entries]
        return list(dict.fromkeys([*shown, *(part for one in shown for part in self._parts(one))]))

    @cached_property
    def elements(self) -> list[AtomKey]:
        """The amounts that are made of nothing: the inner numbers, unit by unit."""
        return list(dict.fromkeys(part for one in self.sums for part in self._parts(one)))

    def _parts(self, atom: AtomKey) -> Parts:
        return self.plan.amounts.get(atom, {atom: 1})

    def _by_unit(self, atom: AtomKey) -> tuple[Integers, Integers]:
        """The amount and the contributors of an atom in each unit."""
        tally = self.built.tallies[atom.source,]
        layout = tally.layout([], self.plan.variables(atom.source))
        value, persons = tally.arrays(atom, layout)
        return np.rint(value).astype(np.int64), np.rint(persons).astype(np.int64)

    @cached_property
    def contributors(self) -> Integers:
        """How many contribute to each amount in each region, by key."""
        by_unit = np.array([self._by_unit(one)[1] for one in self.sums])
        found: Integers = (by_unit @ self.regions.members.T).ravel()
        return found

    @cached_property
    def _dominated(self) -> Flags:
        """Which amounts one or two contributors dominate in which regions, by key."""
        found = np.zeros((len(self.sums), self.width), dtype=np.bool_)
        members = csr_array(self.regions.members)
        for number, atom in enumerate(self.sums):
            if atom in self.plan.dominance:
                value, _ = self._by_unit(atom)
                largest = self.built.tallies[atom.source,].largest(atom)
                p = self.plan.dominance[atom]
                found[number] = dominated(members, value.astype(np.float64), largest, p)
        return found.ravel()

    def _implied(self, cells: pl.DataFrame) -> Integers:
        """Keys of small amounts that a listed one is made of, and that are not listed."""
        listed = cells["key"].to_numpy()
        numbers, regions = np.divmod(listed, self.width)
        found = [
            self.sums.index(part) * self.width + int(region)
            for number, region in zip(numbers, regions, strict=True)
            for part in self._parts(self.sums[number])
        ]
        few = np.flatnonzero(self._few(self.contributors, _strictest(cells)))
        return np.intersect1d(np.setdiff1d(found, listed), few).astype(np.int64)

    @staticmethod
    def _few(contributors: Integers, threshold: int) -> Flags:
        few: Flags = (contributors > 0) & (contributors < threshold)
        return few

    def _problem(self, cells: pl.DataFrame, more: Integers) -> Problem:
        keys = np.concatenate([cells["key"].to_numpy(), more])
        number, region = np.divmod(keys, self.width)
        factors = [[self._parts(one).get(part, 0) for part in self.elements] for one in self.sums]
        members = csr_array(self.regions.members)
        rows = row_products(csr_array(np.array(factors))[number], members[region])
        inner = np.concatenate([self._by_unit(one)[0] for one in self.elements])
        contributors = self.contributors[keys]
        zeros = np.append(cells["hide_zeros"].to_numpy(), np.zeros(len(more), dtype=np.bool_))
        small = self._few(contributors, _strictest(cells)) | ((contributors == 0) & zeros)
        small |= self._dominated[keys]
        weight = np.append(cells["weight"].to_numpy(), np.zeros(len(more)))
        names = pl.Series([str(one.of) for one in self.sums], dtype=pl.String)
        return Problem(
            cells=pl.DataFrame(
                {
                    "population": [self.entries[0].atom.source] * len(keys),
                    "region": pl.Series(self.regions.codes).gather(region),
                    "set": names.gather(number),
                    "kind": pl.Series(self.regions.kinds).gather(region),
                }
            ),
            rows=rows,
            inner=inner,
            equations=csr_array((0, len(inner)), dtype=np.int64),
            small=small,
            single=contributors == 1,
            listed=np.arange(len(keys)) < cells.height,
            open=(contributors == 0) & ~small,
            floor=np.zeros(len(keys), dtype=np.int64),
            cost=np.maximum(contributors, 1) * np.maximum(weight, 1.0),
        )


def _strictest(cells: pl.DataFrame) -> int:
    return int(cells["threshold"].to_numpy().max())
