"""How the cuts of a region may be refined, whatever has been handed over before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kostra_publish.disclosure.records.kernel import Partings
from kostra_publish.disclosure.records.known import Region, Sight
from kostra_publish.disclosure.records.ladders import Cut, Ladder, Node, bits
from kostra_publish.specs.delivery import Gates

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class _Worth(dict[int, float]):
    """By group of values of a variable: how many bits it tells, weighed."""

    def __init__(self, shares: Floats, weight: float) -> None:
        super().__init__()
        self._shares, self._weight = shares, weight

    def __missing__(self, group: int) -> float:
        share = self._shares[bits(group, len(self._shares))].sum()
        found = (-float(np.log2(share)) if share > 0 else 0.0) * self._weight
        self[group] = found
        return found


@dataclass(frozen=True, eq=False)
class CutNumbers:
    """A cut: for each finest value the place of its group, and the groups by place."""

    place: Integers
    groups: Integers


@dataclass(frozen=True, eq=False)
class Telling:
    """What boxes are made with: ladders, what telling is worth, and the gates.

    ``shares`` has by variable the share of all rows of the country with each finest value.
    """

    ladders: tuple[Ladder, ...]
    shares: tuple[Floats, ...]
    gates: Gates
    _cuts: dict[tuple[int, tuple[int, ...]], CutNumbers] = field(default_factory=dict, repr=False)

    @cached_property
    def quasi(self) -> tuple[int, ...]:
        """The places of the quasi-identifiers."""
        return tuple(
            n for n, one in enumerate(self.ladders) if one.variable.role == "quasi_identifier"
        )

    @cached_property
    def sensitive(self) -> tuple[int, ...]:
        """The places of the sensitive variables."""
        return tuple(n for n, one in enumerate(self.ladders) if one.variable.role == "sensitive")

    @cached_property
    def _bits(self) -> list[_Worth]:
        return [_Worth(one, 1.0) for one in self.shares]

    @cached_property
    def _worth(self) -> list[_Worth]:
        weights = [one.variable.weight for one in self.ladders]
        return [_Worth(*one) for one in zip(self.shares, weights, strict=True)]

    def bits(self, variable: int, group: int) -> float:
        """How many bits it tells that a value is in a group."""
        return self._bits[variable][group]

    def worth(self, variable: int, groups: Integers) -> Floats:
        """The same of many groups, weighed."""
        worth = self._worth[variable]
        return np.array([*map(worth.__getitem__, groups.tolist())], dtype=np.float64)

    def numbers(self, variable: int, cut: Cut) -> CutNumbers:
        """A cut of a variable as numbers."""
        key = variable, _groups(cut)
        if key not in self._cuts:
            place = self.ladders[variable].places(cut)
            self._cuts[key] = CutNumbers(place, np.array(key[1], dtype=np.int64))
        return self._cuts[key]


@dataclass(frozen=True, eq=False)
class Step:
    """What a group may be parted into in a whole region, and what that is worth at most.

    There are no ``parts`` where it may not be parted, or is parted box by box.
    """

    parts: tuple[Node, ...]
    worth: float


@dataclass(frozen=True, eq=False)
class Free:
    """A variable with groups that are parted box by box; ``values`` are its finest by element."""

    variable: int
    values: Integers
    partings: Partings


class Refining:
    """How the cuts of a region may be refined; ``rows`` are by combination of finest values."""

    def __init__(self, telling: Telling, region: Region, places: Integers, rows: Integers) -> None:
        """``places`` has shape (combinations, variables)."""
        self.telling = telling
        self.region = region
        self.values: Integers = np.ascontiguousarray(places.T)
        self._rows = rows
        self._steps: dict[tuple[int, str], Step] = {}
        self._enough: dict[tuple[int, int], bool] = {}

    def candidates(
        self, cuts: Sequence[Cut], refused: set[tuple[int, int]]
    ) -> list[tuple[float, int, int]]:
        """What could be refined, as (what that is worth at most, variable, group), best first."""
        found = [
            (-self._step(variable, node).worth, variable, place)
            for variable, cut in enumerate(cuts)
            for place, node in enumerate(cut)
            if (variable, node.group) not in refused and self._step(variable, node).parts
        ]
        return sorted(found)

    def _step(self, variable: int, node: Node) -> Step:
        key = variable, node.code
        if key not in self._steps:
            parts = () if node in self.free_nodes(variable) else self._parts(variable, node)
            most = self._most(variable, node) if len(parts) > 1 else 0.0
            self._steps[key] = Step(parts if len(parts) > 1 else (), most)
        return self._steps[key]

    def _parts(self, variable: int, node: Node) -> tuple[Node, ...]:
        """What a group may be parted into; parts that lie across each other are told together."""
        name = self._name(variable)

        def same(one: Node, other: Node) -> bool:
            return self.region.lie_across(name, one.group, other.group)

        return self.telling.ladders[variable].joined(node.parts, same)

    def _most(self, variable: int, node: Node) -> float:
        """What it is worth at most to part a group."""
        here = self._rows_of[variable]
        own = self.telling.bits(variable, node.group)
        ladder = self.telling.ladders[variable]
        more = sum(
            (self.telling.bits(variable, part.group) - own)
            * here[bits(part.group, ladder.size)].sum()
            for part in node.parts
        )
        return float(more) * ladder.variable.weight

    @cached_property
    def _rows_of(self) -> list[Integers]:
        """By variable: how many rows have each finest value."""
        return [
            np.bincount(own, self._rows, ladder.size).astype(np.int64)
            for own, ladder in zip(self.values, self.telling.ladders, strict=True)
        ]

    def refined(self, cuts: tuple[Cut, ...], variable: int, place: int) -> tuple[Cut, ...] | None:
        """The cuts with one group parted; None where that cannot be told."""
        ladder, cut = self.telling.ladders[variable], cuts[variable]

        def fits(part: Node) -> bool:
            alone = {variable: (part.group, ladder.root.group & ~part.group)}
            return self._is_enough(variable, part) and self._is_known(cuts, alone, variable)

        refined = ladder.refined(cut, place, self._step(variable, cut[place]).parts, fits)
        if refined is None:
            return None
        found = (*cuts[:variable], refined, *cuts[variable + 1 :])
        return found if self._is_known(found, {}, variable) else None

    def _is_enough(self, variable: int, part: Node) -> bool:
        """Whether a part of all rows, and the others, are none or enough."""
        key = variable, part.group
        if key not in self._enough:
            here = self._rows_of[variable]
            own = here[bits(part.group, len(here))].sum()
            least = self.telling.gates.rows
            self._enough[key] = all(n == 0 or n >= least for n in (own, here.sum() - own))
        return self._enough[key]

    def _is_known(
        self, cuts: Sequence[Cut], instead: Mapping[int, tuple[int, ...]], variable: int
    ) -> bool:
        """Whether published tables tell as much of a variable as the cuts do.

        ``instead`` has groups for some variables in place of their cuts.
        """
        return all(
            sight.tells(tuple(instead.get(n) or _groups(cuts[n]) for n in variables))
            for sight, variables in self._sights
            if variable in variables
        )

    @cached_property
    def _sights(self) -> list[tuple[Sight, tuple[int, ...]]]:
        """What is told, and of which variables."""
        names = [one.variable.name for one in self.telling.ladders]
        return [
            (sight, tuple(names.index(one) for one in sight.variables))
            for sight in self.region.sights
        ]

    def _name(self, variable: int) -> str:
        return self.telling.ladders[variable].variable.name

    @cached_property
    def margins(self) -> list[tuple[int, ...]]:
        """The variables that published tables tell the margins of, alone and crossed."""
        seen = [variables for _, variables in self._sights]
        return [*dict.fromkeys([*((n,) for one in seen for n in one), *seen])]

    # --- what no table tells apart ------------------------------------------------------

    @cached_property
    def free(self) -> list[Free]:
        """What is parted box by box."""
        return [
            Free(n, self.values[n], self._partings(n))
            for n in self.telling.sensitive
            if self.free_nodes(n)
        ]

    def free_nodes(self, variable: int) -> list[Node]:
        """Groups that are parted box by box, the coarser before the finer.

        Only sensitive ones: parting others would part the rows that are alike in those.
        """
        if variable not in self.telling.sensitive:
            return []
        name = self._name(variable)
        return [
            node
            for node in self.telling.ladders[variable].root.every()
            if node.parts
            and self.region.is_one_to_tables(name, [part.group for part in node.parts])
        ]

    def _partings(self, variable: int) -> Partings:
        nodes, size = self.free_nodes(variable), self.telling.ladders[variable].size
        place = np.full((len(nodes), size), -1, dtype=np.int64)
        across = np.zeros((len(nodes), max(len(node.parts) for node in nodes)), dtype=np.bool_)
        for number, node in enumerate(nodes):
            for at, part in enumerate(node.parts):
                place[number, bits(part.group, size)] = at
                # That nobody is in a part would tell classes apart that it lies across.
                several = self.region.is_in_several(self._name(variable), part.group)
                across[number, at] = several
        group = np.array([node.group for node in nodes], dtype=np.int64)
        parts = np.array([len(node.parts) for node in nodes], dtype=np.int64)
        return Partings(group, (place >= 0).argmax(axis=1), parts, place, across)


def _groups(cut: Cut) -> tuple[int, ...]:
    return tuple([node.group for node in cut])
