"""Rows of one region, generalised as little as the gates allow.

A *box* is all rows of a region with the same groups of values. Of what published tables tell
apart, the groups are the same in the whole region (a variable's *cut*): so the boxes of a region
tell of such a variable what its cut tells and no more, and that published tables tell, too (see
``known``). With that, whoever has both learns nothing about what the tables hide, since whatever
the hidden figures are, the rows could be such. Sensitive values that no table tells apart, as
bands of kroner, are parted box by box.

Rows in boxes that are too small stand together in one visible *rest*, in which nothing is told
but the region. Cuts are refined step by step, the step first that may tell most, as long as more
is told, and no boxes differ by a few people from a set that published tables tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kostra_publish.disclosure.problem import Flags
from kostra_publish.disclosure.records.known import Region
from kostra_publish.disclosure.records.ladders import Cut, Ladder, Node, bits
from kostra_publish.specs.delivery import Gates

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_DENSE = 2_000
"""Numbers up to this, and some for each element, are told apart by a flag for each."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one region by finest values: one element for each combination there is.

    ``places`` has shape (combinations, variables). ``net`` and ``behind`` have shape (earlier
    deliveries, combinations): how many rows more there are now than in each of them, and how many
    persons stand behind that. A combination that only an earlier one has has 0 rows.
    """

    places: Integers
    rows: Integers
    net: Integers
    behind: Integers

    @property
    def total(self) -> int:
        """How many rows there are."""
        return int(self.rows.sum())


@dataclass(frozen=True, eq=False)
class Boxes:
    """The boxes of a region.

    ``box`` has, for each combination of finest values, its box; -1 in the rest. ``groups`` has
    for each box its group of each variable, shape (boxes, variables). ``told`` is how many bits
    are told of the rows, weighed.
    """

    box: Integers
    groups: Integers
    told: float


@dataclass(frozen=True, eq=False)
class Telling:
    """What boxes are made with: ladders, what telling is worth, and the gates.

    ``shares`` has by variable the share of all rows of the country with each finest value.
    """

    ladders: tuple[Ladder, ...]
    shares: tuple[Floats, ...]
    gates: Gates
    _bits: dict[tuple[int, int], float] = field(default_factory=dict, repr=False)

    @cached_property
    def quasi(self) -> list[int]:
        """The places of the quasi-identifiers."""
        return [n for n, one in enumerate(self.ladders) if one.variable.role == "quasi_identifier"]

    @cached_property
    def sensitive(self) -> list[int]:
        """The places of the sensitive variables."""
        return [n for n, one in enumerate(self.ladders) if one.variable.role == "sensitive"]

    def bits(self, variable: int, group: int) -> float:
        """How many bits it tells that a value is in a group."""
        key = variable, group
        if key not in self._bits:
            share = self.shares[variable][bits(group, self.ladders[variable].size)].sum()
            self._bits[key] = -float(np.log2(share)) if share > 0 else 0.0
        return self._bits[key]

    def worth(self, variable: int, groups: Integers) -> Floats:
        """The same of many groups, weighed."""
        once, place = _numbered(groups)
        weight = self.ladders[variable].variable.weight
        each = np.array([self.bits(variable, int(group)) * weight for group in once])
        found: Floats = each[place] if len(once) else np.zeros(0)
        return found


@dataclass(frozen=True, eq=False)
class Sizes:
    """How many rows are in each of some sets, and by how many they differ from earlier deliveries.

    ``net`` and ``behind`` have shape (1 + earlier deliveries, sets), the first of each the rows;
    ``limits``, shape (1 + earlier deliveries), says how many persons are enough.
    """

    net: Integers
    behind: Integers
    limits: Integers

    @property
    def rows(self) -> Integers:
        """The rows of each set."""
        found: Integers = self.net[0]
        return found

    @property
    def enough(self) -> Flags:
        """Which sets have none or enough of everything."""
        found: Flags = np.logical_and.reduce(self.enough_of_each, axis=0)
        return found

    @property
    def enough_of_each(self) -> Flags:
        """The same, shape (1 + earlier deliveries, sets)."""
        found: Flags = (self.net == 0) | (self.behind >= self.limits[:, None])
        return found

    def of(self, unions: Integers) -> Sizes:
        """The sizes of unions of sets, shape (unions, sets), 0 and 1."""
        return Sizes(self.net @ unions.T, self.behind @ unions.T, self.limits)


class Generalisation:
    """The search for the boxes of one region."""

    def __init__(self, telling: Telling, region: Region, rows: Rows) -> None:
        """``region`` is what published tables tell of it."""
        self.telling = telling
        self.region = region
        self.rows = rows

    def boxes(self) -> Boxes | None:
        """The best boxes that are found; None where not even the number of rows can be told.

        Where little has changed since an earlier delivery, the changes are in few of many small
        boxes, but in each of few large ones: so cuts are also looked for as if nothing had.
        """
        if not self.region.has_total or not self._whole_is_enough():
            return None
        start = tuple(ladder.start for ladder in self.telling.ladders)
        found = [self.refined_from(start)]
        if self.rows.behind.any():
            cuts, _ = self._as_new.refined_from(start)
            found.append(self.refined_from(cuts))
        return max((boxes for _, boxes in found), key=lambda one: one.told)

    @property
    def _as_new(self) -> Generalisation:
        """The search for the same rows, if nothing had been handed over before."""
        none = np.zeros((0, len(self.rows.rows)), dtype=np.int64)
        rows = Rows(self.rows.places, self.rows.rows, none, none)
        return Generalisation(self.telling, self.region, rows)

    def refined_from(self, cuts: tuple[Cut, ...]) -> tuple[tuple[Cut, ...], Boxes]:
        """The cuts refined as long as more is told, and their boxes."""
        best = self._clear(cuts, self._made(cuts))
        refused: set[tuple[int, int]] = set()
        while (step := self._step(cuts, best, refused)) is not None:
            cuts, best = step
        return cuts, best

    def _whole_is_enough(self) -> bool:
        whole = self._sizes(np.zeros(len(self.rows.rows), dtype=np.int64), 1)
        return bool(whole.enough.all()) and self.rows.total >= self.telling.gates.rows

    def _sizes(self, box: Integers, count: int) -> Sizes:
        """The sizes of boxes, given the box of each combination; -1 for none."""
        gates = self.telling.gates
        limits = [gates.rows] + [gates.difference] * len(self.rows.net)
        inside = box >= 0

        def each(of_earlier: Integers) -> Integers:
            every = [self.rows.rows, *of_earlier]
            found = [np.bincount(box[inside], one[inside], count) for one in every]
            return np.array(found).astype(np.int64)

        return Sizes(each(self.rows.net), each(self.rows.behind), np.array(limits))

    # --- cuts ---------------------------------------------------------------------------

    def _step(
        self, cuts: tuple[Cut, ...], best: Boxes, refused: set[tuple[int, int]]
    ) -> tuple[tuple[Cut, ...], Boxes] | None:
        """One cut refined, the first that tells more, and the boxes; None when none does."""
        for _, variable, place in self._candidates(cuts, refused):
            refined = self._refined(cuts, variable, place)
            if refined is not None and self._is_known(refined, {}, variable):
                made = self._made(refined)
                if made.told > best.told:
                    made = self._clear(refined, made)
                if made.told > best.told:
                    return refined, made
            refused.add((variable, cuts[variable][place].group))
        return None

    def _candidates(
        self, cuts: Sequence[Cut], refused: set[tuple[int, int]]
    ) -> list[tuple[float, int, int]]:
        """What could be refined, as (what that is worth at most, variable, group), best first."""
        found = [
            (-self._most(variable, node), variable, place)
            for variable, cut in enumerate(cuts)
            for place, node in enumerate(cut)
            if (variable, node.group) not in refused and self._is_cut(variable, node)
        ]
        return sorted(found)

    def _name(self, variable: int) -> str:
        return self.telling.ladders[variable].variable.name

    def _most(self, variable: int, node: Node) -> float:
        """What it is worth at most to part a group."""
        here = self._leaves[variable].rows
        own = self.telling.bits(variable, node.group)
        ladder = self.telling.ladders[variable]
        more = sum(
            (self.telling.bits(variable, part.group) - own)
            * here[bits(part.group, ladder.size)].sum()
            for part in node.parts
        )
        return float(more) * ladder.variable.weight

    @cached_property
    def _leaves(self) -> list[Sizes]:
        """By variable: how many rows have each finest value."""
        return [
            self._sizes(self.rows.places[:, n], ladder.size)
            for n, ladder in enumerate(self.telling.ladders)
        ]

    def _refined(self, cuts: tuple[Cut, ...], variable: int, place: int) -> tuple[Cut, ...] | None:
        ladder = self.telling.ladders[variable]

        def fits(part: Node) -> bool:
            inside = ladder.members(part.group)
            sizes = self._leaves[variable].of(np.array([inside, 1 - inside]))
            alone = {variable: [part.group, ladder.root.group & ~part.group]}
            return bool(sizes.enough_of_each[0].all()) and self._is_known(cuts, alone, variable)

        parts = self._parts(variable, cuts[variable][place])
        cut = ladder.refined(cuts[variable], place, parts, fits)
        return None if cut is None else (*cuts[:variable], cut, *cuts[variable + 1 :])

    def _is_known(
        self, cuts: Sequence[Cut], instead: Mapping[int, Sequence[int]], variable: int
    ) -> bool:
        """Whether published tables tell as much of a variable as the cuts do.

        ``instead`` has groups for some variables in place of their cuts.
        """
        groups = {
            self._name(n): instead.get(n) or [node.group for node in cut]
            for n, cut in enumerate(cuts)
        }
        return all(sight.tells(groups) for sight in self.region.seeing(self._name(variable)))

    # --- boxes of given cuts ------------------------------------------------------------

    def _clear(self, cuts: tuple[Cut, ...], made: Boxes) -> Boxes:
        """The boxes, or those of the cuts alone where they come near to what tables tell.

        Where those do so, too, they are worth nothing.
        """
        if not self._is_near(made):
            return made
        whole = self._made(cuts, parted=False)
        return replace(whole, told=-np.inf) if self._is_near(whole) else whole

    def _is_near(self, made: Boxes) -> bool:
        """Whether boxes differ by a few people from a set that published tables tell."""
        sizes = self._sizes(made.box, len(made.groups)).rows
        rows = np.append(sizes, self.rows.total - sizes.sum())
        whole = [ladder.root.group for ladder in self.telling.ladders]
        groups = np.concatenate([made.groups, [whole]])
        there = rows > 0
        of_variable = {self._name(n): groups[there, n] for n in range(len(whole))}
        enough = self.telling.gates.rows
        return any(sight.near(of_variable, rows[there], enough)[1] for sight in self.region.sights)

    def _made(self, cuts: tuple[Cut, ...], *, parted: bool = True) -> Boxes:
        """The boxes of these cuts, small ones in the rest, parted by what no table tells."""
        number = np.zeros(len(self.rows.rows), dtype=np.int64)
        for n, (ladder, cut) in enumerate(zip(self.telling.ladders, cuts, strict=True)):
            number = number * len(cut) + ladder.places(cut)[self.rows.places[:, n]]
        numbers, box = _numbered(number)
        places = np.stack(np.unravel_index(numbers, [len(cut) for cut in cuts]), axis=1)
        kept = self._kept(cuts, places, box)
        left = np.cumsum(kept) - 1
        groups = np.empty_like(places)
        for n, cut in enumerate(cuts):
            groups[:, n] = np.array([node.group for node in cut])[places[:, n]]
        box, groups = np.where(kept[box], left[box], -1), groups[kept]
        if parted:
            box, groups = self._parted(box, groups)
        return Boxes(box, groups, self._told(box, groups))

    def _told(self, box: Integers, groups: Integers) -> float:
        rows = self._sizes(box, len(groups)).rows
        worth = sum(
            (self.telling.worth(n, groups[:, n]) for n in range(groups.shape[1])),
            start=np.zeros(len(groups)),
        )
        return float((worth * rows).sum())

    def _kept(self, cuts: Sequence[Cut], places: Integers, box: Integers) -> Flags:
        """Which boxes are not in the rest; ``places`` of their groups in the cuts."""
        sizes = self._sizes(box, len(places))
        kept = sizes.enough
        margins = self._margins(cuts, places)
        # What differs by few and is published now was not published before.
        told_before = sizes.of(margins).enough_of_each
        told_before[0] = True
        before = np.zeros_like(kept)
        while (kept != before).any():
            before = kept.copy()
            kept &= self._varied(cuts, places, kept & (sizes.rows > 0))
            _fill(kept, sizes, margins, told_before)
        return kept

    def _varied(self, cuts: Sequence[Cut], places: Integers, here: Flags) -> Flags:
        """Which boxes stand beside others that each sensitive variable tells them from."""
        found = np.ones(len(places), dtype=np.bool_)
        told = [n for n in self.telling.sensitive if len(cuts[n]) > 1]
        if not here.any() or not told:
            return found
        own = places[:, self.telling.quasi]
        sizes = [len(cuts[n]) for n in self.telling.quasi]
        classes = np.ravel_multi_index([*own.T], sizes) if sizes else np.zeros(len(own), np.int64)
        _, classes = _numbered(classes)
        count = int(classes.max()) + 1
        for n in told:
            there = np.zeros((count, len(cuts[n])), dtype=np.bool_)
            there[classes[here], places[here, n]] = True
            found &= (there.sum(axis=1) >= self.telling.gates.distinct)[classes]
        return found

    def _margins(self, cuts: Sequence[Cut], places: Integers) -> Integers:
        """Sets of boxes that published tables tell the size of, and all but them.

        Shape (sets, boxes), 0 and 1: all boxes, those of each group, and of crossed groups where
        tables cross variables.
        """
        names = [self._name(n) for n in range(len(cuts))]
        seen = dict.fromkeys(
            tuple(names.index(one) for one in sight.variables) for sight in self.region.sights
        )
        every = dict.fromkeys([*((n,) for one in seen for n in one), *seen])
        found = [np.ones((1, len(places)), dtype=np.bool_)]
        for axes in every:
            sizes = [len(cuts[n]) for n in axes]
            if max(sizes) > 1:
                number = np.ravel_multi_index([*places[:, list(axes)].T], sizes)
                own = number == np.unique(number)[:, None]
                found += [own, ~own]
        return np.concatenate(found).astype(np.int64)

    # --- what no table tells apart ------------------------------------------------------

    def _parted(self, box: Integers, groups: Integers) -> tuple[Integers, Integers]:
        """The boxes parted by groups that are one to all published tables."""
        for n, node in self._free:
            box, groups = self._parted_by(box, groups, n, node)
        return box, groups

    @cached_property
    def _free(self) -> list[tuple[int, Node]]:
        """Groups that are parted box by box, the coarser before the finer.

        Only sensitive ones: parting others would part the rows that are alike in those.
        """
        return [
            (n, node)
            for n in self.telling.sensitive
            for node in self.telling.ladders[n].root.every()
            if node.parts and self.region.is_one_to_tables(self._name(n), _groups(node))
        ]

    def _is_cut(self, variable: int, node: Node) -> bool:
        """Whether a group may be parted in the whole region, and not box by box."""
        return (variable, node) not in self._free and len(self._parts(variable, node)) > 1

    def _parts(self, variable: int, node: Node) -> tuple[Node, ...]:
        """What a group may be parted into; parts that lie across each other are told together."""
        name = self._name(variable)

        def same(one: Node, other: Node) -> bool:
            return self.region.lie_across(name, one.group, other.group)

        return self.telling.ladders[variable].joined(node.parts, same)

    def _parted_by(
        self, box: Integers, groups: Integers, variable: int, node: Node
    ) -> tuple[Integers, Integers]:
        """The boxes that tell a group, each parted by its parts where that can be."""
        mine = groups[:, variable] == node.group
        if not mine.any():
            return box, groups
        ladder = self.telling.ladders[variable]
        count = len(node.parts)
        place = np.full(ladder.size, -1, dtype=np.int64)
        for number, part in enumerate(node.parts):
            place[bits(part.group, ladder.size)] = number
        part_of = place[self.rows.places[:, variable]]
        own = (box >= 0) & mine[box]
        sizes = self._sizes(np.where(own, box * count + part_of, -1), len(groups) * count)
        # That there is nobody in a part would tell tables' classes apart that it lies across.
        across = [
            self.region.is_in_several(self._name(variable), part.group) for part in node.parts
        ]
        together = _together(sizes, len(groups), np.array(across))
        first = together.argmax(axis=1)
        told = np.where(together, first[:, None], np.arange(count))
        filled = sizes.rows.reshape(len(groups), count) > 0
        several = _distinct(told, filled) > 1
        return self._renumbered(box, groups, variable, node, (mine & several, told, part_of))

    def _renumbered(
        self,
        box: Integers,
        groups: Integers,
        variable: int,
        node: Node,
        parted: tuple[Flags, Integers, Integers],
    ) -> tuple[Integers, Integers]:
        which, told, part_of = parted
        count = len(node.parts)
        masks = np.zeros((len(groups), count), dtype=np.int64)
        for number, part in enumerate(node.parts):
            np.bitwise_or.at(masks, (np.arange(len(groups)), told[:, number]), part.group)
        inside = (box >= 0) & which[box]
        new = np.where(inside, box * count + told[box, part_of], box * count)
        numbers, place = _numbered(new[box >= 0])
        result = np.full_like(box, -1)
        result[box >= 0] = place
        after = groups[numbers // count].copy()
        split = which[numbers // count]
        after[split, variable] = masks[numbers // count, numbers % count][split]
        return result, after


def _numbered(numbers: Integers) -> tuple[Integers, Integers]:
    """The distinct numbers, sorted, and the place of each among them; none is negative."""
    most = int(numbers.max(initial=0)) + 1
    if most > _DENSE + 8 * len(numbers):
        once, place = np.unique(numbers, return_inverse=True)
        return once, place.ravel()
    there = np.bincount(numbers, minlength=most) > 0
    return np.flatnonzero(there), (np.cumsum(there) - 1)[numbers]


def _groups(node: Node) -> list[int]:
    return [part.group for part in node.parts]


def _together(sizes: Sizes, boxes: int, across: Flags) -> Flags:
    """Which parts of each box must be told together, shape (boxes, parts).

    Those that are not enough, and of parts that lie ``across`` classes those with no rows; and
    while they are not enough together either, the smallest of the others.
    """
    parts = len(across)
    shape = (len(sizes.limits), boxes, parts)
    net, behind = sizes.net.reshape(shape), sizes.behind.reshape(shape)
    together: Flags = ~sizes.enough.reshape(boxes, parts) | (across & (net[0] == 0))
    limits = sizes.limits[:, None]
    for _ in range(parts):
        joined = (net * together).sum(axis=2), (behind * together).sum(axis=2)
        short = ~((joined[0] == 0) | (joined[1] >= limits)).all(axis=0)
        short |= (together & across).any(axis=1) & (joined[0][0] == 0)
        short &= ~together.all(axis=1)
        if not short.any():
            break
        rows = np.where(together, np.iinfo(np.int64).max, net[0])
        together[short, rows.argmin(axis=1)[short]] = True
    return together


def _distinct(told: Integers, filled: Flags) -> Integers:
    """How many different numbers each row of ``told`` has where it is filled."""
    count = told.shape[1]
    seen = np.zeros(told.shape, dtype=np.bool_)
    for place in range(count):
        seen[np.arange(len(told)), told[:, place]] |= filled[:, place]
    found: Integers = seen.sum(axis=1)
    return found


def _fill(kept: Flags, sizes: Sizes, margins: Integers, asked: Flags) -> None:
    """Take boxes into the rest until nobody can tell a few rows in it apart.

    Whoever subtracts boxes from what is published has the rest of each margin: no rows, or
    enough. ``asked``, shape (1 + earlier deliveries, margins), says of which that is asked. The
    smallest box that helps goes first.
    """
    while kept.any():
        short = ~sizes.of(margins * ~kept).enough_of_each & asked
        if not short.any():
            return
        which, place = np.unravel_index(int(np.argmax(short)), short.shape)
        helping = (margins[place] > 0) & (sizes.behind[which] > 0)
        there = np.flatnonzero(kept & helping)
        if not len(there):
            kept[:] = False
            return
        kept[there[np.argmin(sizes.rows[there])]] = False
