"""The inner loops of generalising: sums, boxes that go to the rest, and groups that are parted.

Numbers have shape (2 * kinds, …): ``kinds`` times how many rows there are more than before, then
as many times how many came and left in all. The first kind are all rows, each other kind
those beside one earlier delivery; ``limits`` has for each how many persons are enough.

Loops are plain, since numba takes longer to compile what looks shorter.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from kostra_publish.disclosure.problem import Flags

Integers = NDArray[np.int64]

jit = nb.njit(cache=True, nogil=True)


class Partings(NamedTuple):
    """Groups of a variable that are parted box by box, the coarser before the finer.

    ``group`` is each of them, ``first`` a finest value in it, ``parts`` how many parts it has;
    ``part`` is by finest value, shape (groups, finest values), -1 outside; ``across`` tells, shape
    (groups, parts), which parts lie across published classes.
    """

    group: Integers
    first: Integers
    parts: Integers
    part: Integers
    across: Flags


@jit
def sums(place: Integers, count: int, numbers: Integers) -> Integers:
    """Numbers of elements summed by place, shape (2 * kinds, places); a negative place is none."""
    found = np.zeros((len(numbers), count), dtype=np.int64)
    for kind in range(len(numbers)):
        for element in range(len(place)):
            if place[element] >= 0:
                found[kind, place[element]] += numbers[kind, element]
    return found


@jit
def numbered(numbers: Integers, end: int) -> tuple[Integers, Integers]:
    """The distinct numbers below ``end``, sorted, and the place of each; -1 of negative ones."""
    place_of = np.full(end, -1, dtype=np.int64)
    count = 0
    for number in numbers:
        if number >= 0 and place_of[number] < 0:
            place_of[number] = 0
            count += 1
    once = np.empty(count, dtype=np.int64)
    count = 0
    for number in range(end):
        if place_of[number] == 0:
            once[count] = number
            place_of[number] = count
            count += 1
    places = np.full(len(numbers), -1, dtype=np.int64)
    for element in range(len(numbers)):
        if numbers[element] >= 0:
            places[element] = place_of[numbers[element]]
    return once, places


@jit
def is_few(net: int, moved: int, limit: int) -> bool:
    """Whether fewer than ``limit`` persons may stand behind a difference that is not nought.

    ``moved`` came or left, ``net`` more came than left; who moved within a set did both. So the
    persons are as many as came, or as left, whichever is more: half the sum of the two numbers.
    """
    return net != 0 and moved + abs(net) < 2 * limit


# --- boxes that go to the rest -------------------------------------------------------------


@jit
def rest_of(kept: Flags, sizes: Integers, margins: Flags) -> Integers:
    """What boxes that are not kept come to in each margin, shape (2 * kinds, margins).

    ``margins`` are sets of boxes, shape (margins, boxes).
    """
    found = np.zeros((len(sizes), len(margins)), dtype=np.int64)
    for box in range(len(kept)):
        if not kept[box]:
            _add(found, box, sizes, margins)
    return found


@jit
def _add(rest: Integers, box: int, sizes: Integers, margins: Flags) -> None:
    for margin in range(len(margins)):
        if margins[margin, box]:
            for kind in range(len(sizes)):
                rest[kind, margin] += sizes[kind, box]


@jit
def fill(kept: Flags, sizes: Integers, limits: Integers, margins: Flags, asked: Flags) -> None:
    """Take boxes into the rest until nobody can tell a few rows in it apart.

    Whoever subtracts boxes from what is published has the rest of each margin: no rows, or
    enough. ``asked``, shape (kinds, margins), says of which margins that is asked. The smallest
    box that helps goes first.
    """
    rest = rest_of(kept, sizes, margins)
    while True:
        kind, margin = _first_short(rest, limits, asked)
        if margin < 0:
            return
        best = -1
        for box in range(len(kept)):
            helps = kept[box] and margins[margin, box] and sizes[len(limits) + kind, box] > 0
            if helps and (best < 0 or sizes[0, box] < sizes[0, best]):
                best = box
        if best < 0:
            kept[:] = False
            return
        kept[best] = False
        _add(rest, best, sizes, margins)


@jit
def _first_short(rest: Integers, limits: Integers, asked: Flags) -> tuple[int, int]:
    """The first kind and margin of which a few could be told apart; -1 where there is none."""
    for kind in range(len(limits)):
        for margin in range(rest.shape[1]):
            few = is_few(rest[kind, margin], rest[len(limits) + kind, margin], limits[kind])
            if few and asked[kind, margin]:
                return kind, margin
    return -1, -1


@jit
def take_alike(
    kept: Flags, rows: Integers, classes: Integers, values: Integers, gate: tuple[int, int]
) -> None:
    """Take boxes into the rest that stand with too few different values of a sensitive variable.

    Boxes of a class are alike in all quasi-identifiers; ``values``, shape (variables, boxes), are
    the places of their sensitive ones. ``gate`` is how many values there must be, and could be.
    Empty boxes do not count, where there are any others.
    """
    distinct, most = gate
    there = np.zeros((len(values), len(kept), most), dtype=np.bool_)
    different = np.zeros((len(values), len(kept)), dtype=np.int64)
    some = False
    for box in range(len(kept)):
        if kept[box] and rows[box] > 0:
            some = True
            for variable in range(len(values)):
                if not there[variable, classes[box], values[variable, box]]:
                    there[variable, classes[box], values[variable, box]] = True
                    different[variable, classes[box]] += 1
    for variable in range(len(values)):
        for box in range(len(kept)):
            if some and different[variable, classes[box]] < distinct:
                kept[box] = False


# --- groups that are parted box by box -----------------------------------------------------


@jit
def part(
    sizes: Integers, limits: Integers, partings: Partings, told: Integers, distinct: int
) -> Integers:
    """Part groups of a variable box by box, where parts are enough; ``told`` is changed.

    At least ``distinct`` parts are told apart, or none. ``told`` has shape (boxes, finest values),
    the group that is told; ``sizes`` are by these, shape (2 * kinds, boxes * finest values).
    Returns for each the first value of its group, 0 where nothing was parted.
    """
    first = np.zeros(told.shape, dtype=np.int64)
    by_part = np.zeros((len(sizes), partings.across.shape[1]), dtype=np.int64)
    together = np.zeros(partings.across.shape[1], dtype=np.bool_)
    for number in range(len(partings.group)):
        part_of, across = partings.part[number], partings.across[number]
        count = partings.parts[number]
        for box in range(len(told)):
            if told[box, partings.first[number]] == partings.group[number]:
                _sum_parts(by_part, sizes, box * len(part_of), part_of)
                _join(together, by_part, limits, across, count)
                if _count_told(together, by_part, count) >= distinct:
                    _tell(told[box], first[box], together, part_of)
    return first


@jit
def _sum_parts(by_part: Integers, sizes: Integers, start: int, part_of: Integers) -> None:
    for kind in range(len(sizes)):
        for part in range(by_part.shape[1]):
            by_part[kind, part] = 0
        for value in range(len(part_of)):
            if part_of[value] >= 0:
                by_part[kind, part_of[value]] += sizes[kind, start + value]


@jit
def _join(together: Flags, by_part: Integers, limits: Integers, across: Flags, count: int) -> None:
    """Find which of ``count`` parts are told together.

    Those that are not enough, and of parts that lie ``across`` classes those with no rows; and
    while they are not enough together either, the smallest of the others.
    """
    for part in range(count):
        together[part] = across[part] and by_part[0, part] == 0
        for kind in range(len(limits)):
            if is_few(by_part[kind, part], by_part[len(limits) + kind, part], limits[kind]):
                together[part] = True
    while _is_short(together, by_part, limits, across, count):
        smallest = -1
        for part in range(count):
            is_first = smallest < 0 or by_part[0, part] < by_part[0, smallest]
            if not together[part] and is_first:
                smallest = part
        if smallest < 0:
            return
        together[smallest] = True


@jit
def _is_short(
    together: Flags, by_part: Integers, limits: Integers, across: Flags, count: int
) -> bool:
    """Whether parts are not enough together; nobody is not, where one of them lies across."""
    rows, lie_across = 0, False
    for kind in range(len(limits)):
        net, behind = 0, 0
        for part in range(count):
            if together[part]:
                net += by_part[kind, part]
                behind += by_part[len(limits) + kind, part]
                lie_across = lie_across or across[part]
        if is_few(net, behind, limits[kind]):
            return True
        if kind == 0:
            rows = net
    return lie_across and rows == 0


@jit
def _count_told(together: Flags, by_part: Integers, count: int) -> int:
    """How many parts with rows are told apart."""
    apart, joined = 0, 0
    for part in range(count):
        if by_part[0, part] > 0 and together[part]:
            joined = 1
        elif by_part[0, part] > 0:
            apart += 1
    return apart + joined


@jit
def _tell(told: Integers, first: Integers, together: Flags, part_of: Integers) -> None:
    """Tell the parts of a group in one box."""
    for value in range(len(told)):
        own = part_of[value]
        if own >= 0:
            group, lowest = 0, -1
            for other in range(len(told)):
                one = part_of[other]
                if one >= 0 and (one == own or (together[one] and together[own])):
                    group |= 1 << other
                    lowest = other if lowest < 0 else lowest
            told[value], first[value] = group, lowest
