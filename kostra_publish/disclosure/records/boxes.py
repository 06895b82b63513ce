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

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kostra_publish.disclosure.problem import Flags
from kostra_publish.disclosure.records import kernel
from kostra_publish.disclosure.records.known import Region
from kostra_publish.disclosure.records.ladders import Cut
from kostra_publish.disclosure.records.refining import Free, Refining, Telling

Integers = NDArray[np.int64]

_DENSE = 20_000
"""Numbers up to this, and some for each element, are told apart by a flag for each."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one region by finest values: one element for each combination there is.

    ``places`` has shape (combinations, variables). ``net`` and ``behind`` have shape (earlier
    deliveries, combinations): how many rows more there are now than in each of them, and how many
    came and left in all. A combination that only an earlier one has has 0 rows.
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


class Generalisation:
    """The search for the boxes of one region."""

    def __init__(
        self,
        telling: Telling,
        region: Region,
        rows: Rows,
        refining: Refining | None = None,
        *,
        careful: bool = False,
    ) -> None:
        """``region`` is what published tables tell of it.

        ``careful`` looks at every step whether boxes come near to what tables tell.
        """
        self.careful = careful
        self.telling = telling
        self.region = region
        self.rows = rows
        self._refining = refining or Refining(telling, region, rows.places, rows.rows)
        own = rows.rows[None]
        self._numbers = np.concatenate([own, rows.net, own, rows.behind])
        gates = telling.gates
        self._limits = np.array([gates.rows] + [gates.difference] * len(rows.net))

    def boxes(self) -> Boxes | None:
        """The best boxes that are found; None where not even the number of rows can be told.

        Boxes seldom come near to what tables tell, so that is looked at when they are found, and
        only where they do at every step of another search.
        """
        if not self.region.has_total or not self._whole_is_enough():
            return None
        found = self.best()
        if not self._is_near(found):
            return found
        found = self._as(self.rows, careful=True).best()
        return None if self._is_near(found) else found

    def best(self) -> Boxes:
        """The boxes that tell most.

        Where little has changed since an earlier delivery, the changes are in few of many small
        boxes, but in each of few large ones: so cuts are also looked for as if nothing had.
        """
        start = tuple(ladder.start for ladder in self.telling.ladders)
        found = [self.refined_from(start)]
        if self.rows.behind.any():
            none = np.zeros((0, len(self.rows.rows)), dtype=np.int64)
            as_new = Rows(self.rows.places, self.rows.rows, none, none)
            cuts, _ = self._as(as_new, careful=self.careful).refined_from(start)
            found.append(self.refined_from(cuts))
        return max((boxes for _, boxes in found), key=lambda one: one.told)

    def _as(self, rows: Rows, *, careful: bool) -> Generalisation:
        """The same search for other rows of the same combinations, or a more careful one."""
        return Generalisation(self.telling, self.region, rows, self._refining, careful=careful)

    def refined_from(self, cuts: tuple[Cut, ...]) -> tuple[tuple[Cut, ...], Boxes]:
        """The cuts refined as long as more is told, and their boxes."""
        best = self._clear(cuts, self._made(cuts))
        refused: set[tuple[int, int]] = set()
        while (step := self._step(cuts, best, refused)) is not None:
            cuts, best = step
        return cuts, best

    def _step(
        self, cuts: tuple[Cut, ...], best: Boxes, refused: set[tuple[int, int]]
    ) -> tuple[tuple[Cut, ...], Boxes] | None:
        """One cut refined, the first that tells more, and the boxes; None when none does."""
        for _, variable, place in self._refining.candidates(cuts, refused):
            refined = self._refining.refined(cuts, variable, place)
            if refined is not None:
                made = self._made(refined)
                if made.told > best.told:
                    made = self._clear(refined, made)
                if made.told > best.told:
                    return refined, made
            refused.add((variable, cuts[variable][place].group))
        return None

    def _whole_is_enough(self) -> bool:
        whole = self._sizes(np.zeros(len(self.rows.rows), dtype=np.int64), 1)
        return bool(self._enough(whole).all()) and self.rows.total >= self.telling.gates.rows

    def _sizes(self, box: Integers, count: int) -> Integers:
        """The sizes of boxes, given the box of each combination; negative for none.

        Shape (2 * (1 + earlier deliveries), boxes): see ``kernel``.
        """
        return kernel.sums(box, count, self._numbers)

    def _enough(self, sizes: Integers) -> Flags:
        """Of which sets there are none or enough, shape (1 + earlier deliveries, sets)."""
        kinds = len(self._limits)
        net, behind = sizes[:kinds], sizes[kinds:]
        found: Flags = (net == 0) | (behind + abs(net) >= 2 * self._limits[:, None])
        return found

    # --- boxes of given cuts ------------------------------------------------------------

    def _clear(self, cuts: tuple[Cut, ...], made: Boxes) -> Boxes:
        """The boxes, or those of the cuts alone where they come near to what tables tell.

        Where those do so, too, they are worth nothing.
        """
        if not self.careful or not self._is_near(made):
            return made
        whole = self._made(cuts, parted=False)
        return replace(whole, told=-np.inf) if self._is_near(whole) else whole

    def _is_near(self, made: Boxes) -> bool:
        """Whether boxes differ by a few people from a set that published tables tell."""
        sizes = kernel.sums(made.box, len(made.groups), self._numbers[:1])[0]
        rows = np.append(sizes, self.rows.total - sizes.sum())
        whole = [ladder.root.group for ladder in self.telling.ladders]
        groups = np.concatenate([made.groups, [whole]])
        there = rows > 0
        names = [ladder.variable.name for ladder in self.telling.ladders]
        of_variable = {name: groups[there, n] for n, name in enumerate(names)}
        enough = self.telling.gates.rows
        return any(sight.near(of_variable, rows[there], enough)[1] for sight in self.region.sights)

    def _made(self, cuts: tuple[Cut, ...], *, parted: bool = True) -> Boxes:
        """The boxes of these cuts, small ones in the rest, parted by what no table tells."""
        own = [self.telling.numbers(n, cut) for n, cut in enumerate(cuts)]
        sizes = [len(cut) for cut in cuts]
        values = zip(own, self._refining.values, strict=True)
        numbers, box = _numbered(*_crossed([one.place[each] for one, each in values], sizes))
        places = np.array(np.unravel_index(numbers, sizes))
        kept = self._kept(sizes, places, box)
        left = np.where(kept, np.cumsum(kept) - 1, -1)
        groups = np.array([one.groups[at] for one, at in zip(own, places[:, kept], strict=True)])
        box = left[box]
        for free in self._refining.free if parted else ():
            box, groups = self._parted(box, groups, free)
        return Boxes(box, groups.T, self._told(box, groups))

    def _told(self, box: Integers, groups: Integers) -> float:
        """How many bits boxes tell, with the ``groups`` of each variable."""
        count = groups.shape[1]
        rows = kernel.sums(box, count, self._numbers[:1])[0]
        worth = sum(
            (self.telling.worth(n, own) for n, own in enumerate(groups)), start=np.zeros(count)
        )
        return float((worth * rows).sum())

    def _kept(self, cuts: Sequence[int], places: Integers, box: Integers) -> Flags:
        """Which boxes are not in the rest.

        ``cuts`` are how many groups there are of each variable, ``places`` those of the boxes.
        """
        count = places.shape[1]
        sizes = self._sizes(box, count)
        kept: Flags = np.logical_and.reduce(self._enough(sizes), axis=0)
        margins = self._margins(cuts, places)
        # What differs by few and is published now was not published before.
        asked = self._enough(kernel.rest_of(np.zeros(count, dtype=np.bool_), sizes, margins))
        asked[0] = True
        classes = _classes(places, cuts, self.telling.quasi)
        told = places[[n for n in self.telling.sensitive if cuts[n] > 1]]
        gate = self.telling.gates.distinct, max(cuts)
        before = -1
        while (now := int(np.count_nonzero(kept))) != before:
            before = now
            if len(told):
                kernel.take_alike(kept, sizes[0], classes, told, gate)
            kernel.fill(kept, sizes, self._limits, margins, asked)
        return kept

    def _margins(self, cuts: Sequence[int], places: Integers) -> Flags:
        """Sets of boxes that published tables tell the size of, and all but them.

        Shape (sets, boxes): all boxes, those of each group, and of crossed groups where tables
        cross variables.
        """
        found = [np.ones((1, places.shape[1]), dtype=np.bool_)]
        for axes in self._refining.margins:
            if any(cuts[n] > 1 for n in axes):
                crossed, end = _crossed([places[n] for n in axes], [cuts[n] for n in axes])
                once, _ = _numbered(crossed, end)
                own = crossed == once[:, None]
                found += [own, ~own]
        return np.concatenate(found)

    # --- what no table tells apart ------------------------------------------------------

    def _parted(self, box: Integers, groups: Integers, free: Free) -> tuple[Integers, Integers]:
        """The boxes that tell a group, each parted by its parts where that can be."""
        size, count = self.telling.ladders[free.variable].size, groups.shape[1]
        sizes = self._sizes(box * size + free.values, count * size)
        told = np.repeat(groups[free.variable], size).reshape(count, size)
        distinct = self.telling.gates.distinct
        first = kernel.part(sizes, self._limits, free.partings, told, distinct)
        if not first.any():
            return box, groups
        number = np.where(box >= 0, box * size + first[box, free.values], -1)
        numbers, parted = _numbered(number, count * size)
        groups = groups[:, numbers // size]
        groups[free.variable] = told.ravel()[numbers]
        return parted, groups


def _crossed(places: Sequence[Integers], sizes: Sequence[int]) -> tuple[Integers, int]:
    """A number for each combination of places, in their order, and what all are below."""
    found, end = places[0], sizes[0]
    for own, size in zip(places[1:], sizes[1:], strict=True):
        found, end = found * size + own, end * size
    return found, end


def _numbered(numbers: Integers, end: int) -> tuple[Integers, Integers]:
    """The distinct numbers below ``end``, sorted, and the place of each; -1 of negative ones."""
    if end > _DENSE + 64 * len(numbers):
        once, place = np.unique(numbers, return_inverse=True)
        lacking = int((once < 0).sum())
        return once[lacking:], place.ravel() - lacking
    return kernel.numbered(numbers, end)


def _classes(places: Integers, cuts: Sequence[int], axes: Sequence[int]) -> Integers:
    """Boxes numbered by their groups of some variables."""
    if not axes:
        return np.zeros(places.shape[1], dtype=np.int64)
    _, found = _numbered(*_crossed([places[n] for n in axes], [cuts[n] for n in axes]))
    return found
