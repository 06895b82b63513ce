"""An attacker with all that is published and handed over, who shares no code with what made it.

It has the visible figures of a round, its rows with the kommuner of their regions, and knows what
figures and codes mean. Unknown is how many persons there are of each kind, kommune by kommune,
kinds being all combinations of values that anything tells apart. Figures and rows are sums of
these. Exact linear algebra modulo a prime (not the one that was protected with) then tells which
other sums follow; and whatever adds up to nought, or is a part of a sum that is no larger, has
nobody outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]
Kind = tuple[Any, ...]

PRIME = 2_147_483_629
"""The largest prime below 2^31 - 1."""
FEW = range(1, 4)

VALUES: Mapping[str, Sequence[Any]] = {
    "KJONN": ["1", "2", None],
    "alder": [18, 20, 23, 27, 40, 60, None],
    "VKLO": ["1", "3", "5", None],
    "stoenadsmaaneder": [1, 4, 7, 12, None],
    "utbetalt": [5_000, 30_000, 90_000],
}
"""By variable: a value of each kind that figures or codes tell apart."""

FIGURES: Mapping[str, Mapping[str, set[Any]]] = {
    "n": {},
    "men": {"KJONN": {"1"}},
    "women": {"KJONN": {"2"}},
    "young": {"alder": {18, 20, 23, 27}},
    "teens": {"alder": {18, 20}},
    "grown": {"alder": {40}},
    "middle": {"alder": {20, 23, 27, 40}},
    "help": {"VKLO": {"5"}},
    "work": {"VKLO": {"1"}},
    "long": {"stoenadsmaaneder": {7, 12}},
    "youngmen": {"KJONN": {"1"}, "alder": {18, 20, 23, 27}},
    "youngwomen": {"KJONN": {"2"}, "alder": {18, 20, 23, 27}},
    "helplong": {"VKLO": {"5"}, "stoenadsmaaneder": {7, 12}},
    "menhelp": {"KJONN": {"1"}, "VKLO": {"5"}},
}
"""What each figure counts."""

CODES: Mapping[str, tuple[str, Mapping[str, set[Any]]]] = {
    "kjonn": ("KJONN", {"1": {"1"}, "2": {"2"}, "uoppgitt": {None}}),
    "alder": (
        "alder",
        {
            "-19": {18},
            "20-24": {20, 23},
            "25-29": {27},
            "-29": {18, 20, 23, 27},
            "30-49": {40},
            "50-": {60},
            "30-": {40, 60},
            "uoppgitt": {None},
        },
    ),
    "kilde": (
        "VKLO",
        {"5": {"5"}, "1": {"1"}, "3": {"3"}, "andre": {"1", "3"}, "uoppgitt": {None}},
    ),
    "maaneder": (
        "stoenadsmaaneder",
        {
            "0-2": {1},
            "3-5": {4},
            "0-5": {1, 4},
            "6-8": {7},
            "9-": {12},
            "6-12": {7, 12},
            "uoppgitt": {None},
        },
    ),
    "kroner": (
        "utbetalt",
        {
            "0-9": {5_000},
            "10-49": {30_000},
            "50-": {90_000},
            "10-": {30_000, 90_000},
            "uoppgitt": set(),
        },
    ),
}
"""What each code of a column holds; ``alle`` holds all, and a + adds two."""

KINDS: Sequence[Kind] = [*product(*VALUES.values())]
_PLACE = {kind: place for place, kind in enumerate(KINDS)}
_COLUMN = {
    name: np.array([values.index(kind[n]) for kind in KINDS])
    for n, (name, values) in enumerate(VALUES.items())
}


def holding(variable: str, values: set[Any]) -> Flags:
    """Which kinds have one of the values."""
    own = np.array([value in values for value in VALUES[variable]])
    found: Flags = own[_COLUMN[variable]]
    return found


def all_of(masks: Sequence[Flags]) -> Flags:
    return reduce(np.logical_and, masks, np.ones(len(KINDS), dtype=np.bool_))


def of_figure(name: str) -> Flags:
    """Which kinds a figure counts."""
    return all_of([holding(variable, values) for variable, values in FIGURES[name].items()])


def of_codes(codes: Mapping[str, str]) -> Flags:
    """Which kinds a row may be."""
    masks = []
    for column, code in codes.items():
        variable, known = CODES[column]
        if code != "alle":
            masks.append(holding(variable, set().union(*(known[one] for one in code.split("+")))))
    return all_of(masks)


_FINEST = {
    "KJONN": [0, 1, 2],
    "alder": [0, 1, 1, 2, 3, 4, 5],
    "VKLO": [0, 1, 2, 3],
    "stoenadsmaaneder": [0, 1, 2, 3, 4],
    "utbetalt": [0, 1, 2],
}


def _finest() -> Integers:
    """By kind: the number of its combination of finest codes."""
    number = np.zeros(len(KINDS), dtype=np.int64)
    for name, groups in _FINEST.items():
        number = number * len(groups) + np.array(groups)[_COLUMN[name]]
    return np.unique(number, return_inverse=True)[1].ravel()


FINEST = _finest()
_BLANK = np.array([None in kind for kind in KINDS])
_MARKS = np.random.default_rng(1).integers(1, 2**40, len(KINDS)).astype(np.float64)
"""Sums of some of these tell sets apart."""


@dataclass(frozen=True)
class Row:
    """A combination of codes: the kommuner of its region, its codes, how many rows have them."""

    kommuner: frozenset[str]
    codes: Mapping[str, str]
    count: int


@dataclass(frozen=True)
class Seen:
    """What the receiver has of one round.

    ``figures`` has by kommuner and name the figure, where one is shown; ``reported`` are the
    kommuner that have. ``nothing_blank``: it is known that nobody lacks a value.
    """

    figures: Mapping[tuple[frozenset[str], str], int]
    rows: Sequence[Row]
    reported: frozenset[str]
    nothing_blank: bool = False

    def without_rows(self) -> Seen:
        return replace(self, rows=())


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of unknown numbers that are known: ``masks`` has shape (sums, kommuner, kinds)."""

    masks: Flags
    values: Integers


@dataclass(frozen=True, eq=False)
class Attacker:
    """What follows from what is seen of one round."""

    kommuner: Sequence[str]
    seen: Seen
    seed: int = 0

    def units(self, kommuner: frozenset[str]) -> Flags:
        return np.array([one in kommuner for one in self.kommuner])

    @cached_property
    def boxes(self) -> list[tuple[Flags, Flags, int]]:
        """Kommuner, kinds and number of rows of each combination that tells anything."""
        return [
            (self.units(row.kommuner), of_codes(row.codes), row.count)
            for row in self.seen.rows
            if set(row.codes.values()) != {"alle"}
        ]

    @cached_property
    def regions(self) -> list[Flags]:
        """The regions of rows."""
        found = dict.fromkeys(row.kommuner for row in self.seen.rows)
        return [self.units(one) for one in found]

    @cached_property
    def sums(self) -> Sums:
        """Figures, combinations of codes, and what is left of each region beside them."""
        masks, values = [], []
        for (region, name), value in self.seen.figures.items():
            masks.append(np.outer(self.units(region), of_figure(name)))
            values.append(value)
        for units, kinds, count in self.boxes:
            masks.append(np.outer(units, kinds))
            values.append(count)
        for region in dict.fromkeys(row.kommuner for row in self.seen.rows):
            own = [row for row in self.seen.rows if row.kommuner == region]
            told = [of_codes(row.codes) for row in own if set(row.codes.values()) != {"alle"}]
            left = sum(row.count for row in own if set(row.codes.values()) == {"alle"})
            masks.append(np.outer(self.units(region), ~np.any([~_all(), *told], axis=0)))
            values.append(left)
        masks.append(np.outer(~self.units(self.seen.reported), _all()))
        values.append(0)
        if self.seen.nothing_blank:
            masks.append(np.outer(self.units(self.seen.reported), _BLANK))
            values.append(0)
        return Sums(np.array(masks), np.array(values, dtype=np.int64))

    @cached_property
    def _alike(self) -> tuple[Integers, Flags]:
        """Unknown numbers that lie in the same sums are one: its number, and the sums' masks."""
        flat = self.sums.masks.reshape(len(self.sums.values), -1)
        random = np.random.default_rng(self.seed).integers(1, 2**40, len(flat))
        marks = random.astype(np.float64) @ flat.astype(np.float64)
        _, first, place = np.unique(marks, return_index=True, return_inverse=True)
        return place.ravel(), flat[:, first]

    @cached_property
    def nobody(self) -> Flags:
        """Of unknown numbers that are alike: which must be 0."""
        _, masks = self._alike
        values = self.sums.values
        none = np.zeros(masks.shape[1], dtype=np.bool_)
        while True:
            left = (masks & ~none).astype(np.float32)
            within = left @ left.T == left.sum(axis=1)[:, None]
            same = within & (values[:, None] == values[None, :])
            more = (masks & (values == 0)[:, None]).any(axis=0)
            for one, other in np.argwhere(same & ~same.T):
                more |= masks[other] & ~masks[one]
            if not (more & ~none).any():
                return none
            none |= more

    @cached_property
    def changes(self) -> NDArray[np.float64]:
        """Two random changes that leave all sums as they are: shape (2, kommuner, kinds)."""
        place, masks = self._alike
        own = np.flatnonzero(~self.nobody)
        random = np.random.default_rng(self.seed + 1).integers(0, PRIME, (2, len(own)))
        found = np.zeros((2, masks.shape[1]), dtype=np.int64)
        found[:, own] = _null(masks[:, own].astype(np.int64), random)
        # Of those that are alike only the sum is changed so; each by itself may be anything.
        size = np.bincount(place, minlength=masks.shape[1])
        spread = np.random.default_rng(self.seed + 2).integers(0, PRIME, (2, len(place)))
        spread[:, self.nobody[place]] = 0
        for n in range(2):
            total = np.zeros(masks.shape[1], dtype=np.int64)
            np.add.at(total, place, spread[n])
            last = np.zeros(len(size), dtype=np.int64)
            last[place] = np.arange(len(place))
            spread[n, last[own]] += found[n, own] - total[own]
        return (spread % PRIME).reshape(2, len(self.kommuner), -1).astype(np.float64)

    def follow(self, units: Flags, kinds: Flags) -> Flags:
        """Which sums over some kommuner and kinds follow: shape (sets of kommuner, of kinds)."""
        somebody = self.changes.any(axis=(0, 1))
        first, second = ((units.astype(np.float64) @ one) % PRIME for one in self.changes)
        own = kinds[:, somebody].T.astype(np.float64)
        found: Flags = (first[:, somebody] @ own) % PRIME == 0
        u, k = np.nonzero(found)
        found[u, k] = (second[u] * kinds[k]).sum(axis=1) % PRIME == 0
        return found


def _all() -> Flags:
    return np.ones(len(KINDS), dtype=np.bool_)


def _null(rows: Integers, vectors: Integers) -> Integers:
    """The vectors, with as few numbers changed as it takes for all rows to leave them at 0."""
    rows = rows % PRIME
    pivots: list[tuple[int, Integers, Integers]] = []
    left = [row for row in rows[np.argsort((rows != 0).sum(axis=1), kind="stable")] if row.any()]
    while left:
        row = left.pop(0)
        columns = np.flatnonzero(row)
        if not len(columns):
            continue
        pivot = int(columns[0])
        numbers = row[columns] * pow(int(row[pivot]), PRIME - 2, PRIME) % PRIME
        for other in left:
            if other[pivot]:
                other[columns] = (other[columns] - other[pivot] * numbers) % PRIME
        pivots.append((pivot, columns, numbers))
    found = vectors.copy()
    for pivot, columns, numbers in reversed(pivots):
        for vector in found:
            vector[pivot] = -(numbers[1:] * vector[columns[1:]] % PRIME).sum() % PRIME
    return found


# --- what could be asked for --------------------------------------------------------------


def sets_of_kommuner(attackers: Sequence[Attacker], more: Sequence[frozenset[str]]) -> Flags:
    """Each kommune, regions of figures and rows, and what two of them have alike or not."""
    first = attackers[0]
    large = [first.units(one) for one in more]
    large += [region for one in attackers for region in one.regions]
    large += [first.units(one.seen.reported) for one in attackers]
    pairs = [*combinations(_once(np.array(large)), 2)]
    parts = [each for a, b in pairs for each in (a & ~b, b & ~a, a & b)]
    single = [first.units(frozenset([one])) for one in first.kommuner]
    return _once(np.array([*single, *large, *parts]))


def _once(masks: Flags) -> Flags:
    """Each mask once, and none that is empty."""
    marks = masks.astype(np.float64) @ _MARKS[: masks.shape[1]]
    _, first = np.unique(marks, return_index=True)
    found: Flags = masks[first[marks[first] > 0]]
    return found


def sets_of_kinds(attackers: Sequence[Attacker]) -> Flags:
    """Figures and codes, two of them crossed, and what of boxes lies in or beside them."""
    figures = [of_figure(name) for name in FIGURES]
    codes = [
        of_codes({column: code})
        for column, (_, known) in CODES.items()
        for code in known
        if known[code]
    ]
    plain = _once(np.array([*figures, *codes]))
    both = np.concatenate([plain, ~plain])
    found = [both, (both[:, None] & both[None, :]).reshape(-1, len(KINDS))]
    for one in attackers:
        for region in one.regions:
            own = [kinds for units, kinds, _ in one.boxes if (units == region).all()]
            found += [*_beside(np.array(own), plain)] if own else []
    return _once(np.concatenate(found))


def _beside(boxes: Flags, plain: Flags) -> Iterator[Flags]:
    """Boxes, and what sums of them differ by from what figures or codes tell."""
    yield boxes
    for one in plain:
        inside = ~(boxes & ~one).any(axis=1)
        touching = (boxes & one).any(axis=1)
        within = boxes[inside].any(axis=0)
        around = boxes[touching].any(axis=0)
        beside = boxes[~touching].any(axis=0)
        yield np.array([within, one & ~within, around, around & ~one, one & ~around, beside])
        yield boxes[touching] & one
        yield boxes[touching] & ~one


def unions(one: Attacker, other: Attacker) -> Iterator[Flags]:
    """The smallest sets that are made of whole boxes of both rounds: (kommuner, kinds)."""
    left = [(np.outer(units, kinds) & ~_empty(one)).ravel() for units, kinds, _ in one.boxes]
    right = [(np.outer(units, kinds) & ~_empty(other)).ravel() for units, kinds, _ in other.boxes]
    if not left or not right:
        return
    whole = np.array([*left, *right])
    both = whole.astype(np.float32)
    touching = (both @ both.T) > 0
    waiting = {*range(len(both))}
    while waiting:
        group, news = set[int](), {waiting.pop()}
        while news:
            group |= news
            news = {int(n) for each in news for n in np.flatnonzero(touching[each])} - group
        waiting -= group
        of_left = whole[[n for n in group if n < len(left)]].any(axis=0)
        of_right = whole[[n for n in group if n >= len(left)]].any(axis=0)
        if (of_left == of_right).all() and of_left.any():
            yield of_left.reshape(len(one.kommuner), -1)


def _empty(one: Attacker) -> Flags:
    place, _ = one._alike
    found: Flags = one.nobody[place].reshape(len(one.kommuner), -1)
    return found


# --- the attack ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """What the attack came to, in numbers of sets.

    ``small``: sets of 1 to 3 persons that rows tell and figures do not; ``since``: differences
    between rounds with 1 to 3 persons behind; ``net``: those that come to 1 to 3, with more
    persons behind. ``asked`` is how many sets were looked at.
    """

    asked: int
    small: int
    since: int
    net: int
    examples: Sequence[str]


def attack(
    rounds: Sequence[Seen],
    kommuner: Sequence[str],
    regions: Sequence[frozenset[str]],
    truth: Sequence[Integers],
) -> Found:
    """Attack one or two rounds; ``truth`` has shape (kommuner, kinds) and only judges."""
    beside = [Attacker(kommuner, seen) for seen in rounds]
    alone = [Attacker(kommuner, seen.without_rows()) for seen in rounds]
    units, kinds = sets_of_kommuner(beside, regions), sets_of_kinds(beside)
    asked = len(rounds) * len(units) * len(kinds)
    sizes = [_sizes(each, units, kinds) for each in truth]
    # Only what comes to a few is looked at further, and what figures tell only where it matters.
    differences = [*sizes, sizes[-1] - sizes[0]]
    kinds = kinds[np.any([_few(one).any(axis=0) for one in differences], axis=0)]
    sizes = [_sizes(each, units, kinds) for each in truth]
    told = [one.follow(units, kinds) for one in beside]
    examples: list[str] = []
    small = 0
    for n, (each, size) in enumerate(zip(told, sizes, strict=True)):
        bad = each & _few(size)
        if bad.any():
            bad &= _news(units, kinds, alone[n].follow(units, kinds), _empty(beside[n]))
        small += int(bad.sum())
        examples += [
            f"round {n}: {_name(units[u], kommuner)} {_words(kinds[k])}: {size[u, k]:g}"
            for u, k in np.argwhere(bad)[:3]
        ]
    if len(rounds) < 2:
        return Found(asked, small, 0, 0, examples)
    net = sizes[1] - sizes[0]
    near = told[0] & told[1] & _few(net)
    if near.any():
        public = alone[0].follow(units, kinds) & alone[1].follow(units, kinds)
        near &= _news(units, kinds, public, _empty(beside[0]) & _empty(beside[1]))
    since, more = 0, 0
    for u, k in np.argwhere(near):
        behind = _behind(truth, np.outer(units[u], kinds[k]))
        since += behind < FEW.stop
        more += behind >= FEW.stop
        if behind < FEW.stop and len(examples) < 10:
            examples.append(
                f"since: {_name(units[u], kommuner)} {_words(kinds[k])}: {net[u, k]:g} of {behind}"
            )
    for mask in unions(*beside):
        asked += 1
        difference = int((truth[1] - truth[0])[mask].sum())
        behind = _behind(truth, mask)
        since += difference != 0 and behind < FEW.stop
        more += abs(difference) in FEW and behind >= FEW.stop
        if difference and behind < FEW.stop:
            examples.append(f"since: a union of boxes: {difference} of {behind}")
    return Found(asked, small, since, more, examples)


def _few(numbers: NDArray[np.float64]) -> Flags:
    found: Flags = (abs(numbers) >= FEW.start) & (abs(numbers) < FEW.stop)
    return found


def _news(units: Flags, kinds: Flags, public: Flags, empty: Flags) -> Flags:
    """Which sets are not, but for those that nobody is in, sets that figures tell by themselves."""
    random = np.random.default_rng(2).integers(1, 2**30, empty.shape) * ~empty
    marks = units.astype(np.float64) @ random.astype(np.float64) @ kinds.T.astype(np.float64)
    found: Flags = ~np.isin(marks, marks[public])
    return found


def _sizes(truth: Integers, units: Flags, kinds: Flags) -> NDArray[np.float64]:
    somebody = truth.any(axis=0)
    own = kinds[:, somebody].T.astype(np.float64)
    found: NDArray[np.float64] = units.astype(np.float64) @ truth[:, somebody] @ own
    return found


def _behind(truth: Sequence[Integers], mask: Flags) -> int:
    """How many persons stand behind the difference of two rounds in a set: by finest codes.

    As many as came, or as left, whichever is more: who moved within the set did both.
    """
    difference = (truth[1] - truth[0]) * mask
    by_codes = np.zeros((FINEST.max() + 1, len(difference)), dtype=np.int64)
    np.add.at(by_codes, FINEST, difference.T)
    return int(max(by_codes.clip(0).sum(), (-by_codes).clip(0).sum()))


def _name(units: Flags, kommuner: Sequence[str]) -> str:
    return "+".join(one for one, own in zip(kommuner, units, strict=True) if own)


def _words(kinds: Flags) -> str:
    """The values that each variable has in a set, where it has not all."""
    found = []
    for name, values in VALUES.items():
        own = {values[n] for n in np.unique(_COLUMN[name][kinds])}
        if len(own) < len(values):
            found.append(f"{name} {sorted(map(str, own))}")
    return ", ".join(found) or "all"


# --- bounds ----------------------------------------------------------------------------------


def bounds(
    kommuner: Sequence[str], seen: Seen, hidden: Sequence[tuple[frozenset[str], str]]
) -> list[tuple[float, float]]:
    """The least and the most that each hidden figure can be, by linear programming."""
    sums = Attacker(kommuner, seen).sums
    own = [
        np.outer([one in region for one in kommuner], of_figure(name)) for region, name in hidden
    ]
    every = np.array([*sums.masks, *own]).reshape(len(sums.values) + len(own), -1)
    random = np.random.default_rng(5).integers(1, 2**40, len(every)).astype(np.float64)
    _, first = np.unique(random @ every, return_index=True)
    every = every[:, first].astype(np.float64)
    known, asked = every[: len(sums.values)], every[len(sums.values) :]
    found = []
    for target in asked:
        low, high = (
            sign
            * float(linprog(sign * target, A_eq=known, b_eq=sums.values, method="highs").fun or 0)
            for sign in (1, -1)
        )
        found.append((round(low, 6), round(high, 6)))
    return found
