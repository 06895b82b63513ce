"""What published tables tell, against elimination by fractions, and counting by hand."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kostra_publish.disclosure.problem import Integers
from kostra_publish.disclosure.records.known import Known, Margins, Region, Sight, known
from kostra_publish.disclosure.stored_universe import StoredUniverse
from tests.disclosure.records.small_rounds import Release
from tests.disclosure.records.test_gates import KOMMUNER, march

FINEST = {"kjonn": 3, "kilde": 4}


def universe(of: Release) -> StoredUniverse:
    return next(one for one in of.protected.universes if one.kind == "persons")


@cache
def told(seed: int = 0) -> Known:
    own = march()
    counted = own.counted
    return known(universe(own), counted.population, counted.overlaps, counted.counts, seed)


class Fractions:
    """What follows from rows, by elimination over the fractions."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self.pivots: list[tuple[int, list[Fraction]]] = []
        for row in rows:
            self.follows(row, keep=True)

    def follows(self, row: Sequence[int], *, keep: bool = False) -> bool:
        left = [Fraction(int(number)) for number in row]
        for place, pivot in self.pivots:
            if factor := left[place]:
                left = [a - factor * b for a, b in zip(left, pivot, strict=True)]
        first = next((place for place, number in enumerate(left) if number), None)
        if first is None:
            return True
        if keep:
            self.pivots.append((first, [number / left[first] for number in left]))
        return False


@cache
def oracle() -> tuple[Fractions, list[tuple[str, str, str]]]:
    own = universe(march())
    problem = own.problem
    visible = (own.visible & problem.listed) | problem.open
    rows = [*problem.rows.toarray()[visible], *problem.equations.toarray()]
    return Fractions(rows), [*own.inner.select("unit", "block", "combination").iter_rows()]


def parts_of(groups: Sequence[int], touched: np.ndarray) -> list[set[int]]:
    """The classes that groups lie in, those that share one together."""
    found: list[set[int]] = []
    for group in groups:
        own = {int(n) for place in range(len(touched)) if group >> place & 1
               for n in np.flatnonzero(touched[place])}  # fmt: skip
        found, same = [one for one in found if not one & own], [one for one in found if one & own]
        if own:
            found.append(own.union(*same))
    return found


@st.composite
def partitions(draw: st.DrawFn, size: int) -> list[int]:
    """Groups that part so many values."""
    where = [draw(st.integers(0, 2)) for _ in range(size)]
    groups = [sum(1 << n for n, one in enumerate(where) if one == place) for place in range(3)]
    return [group for group in groups if group]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(st.sampled_from(KOMMUNER), min_size=1), partitions(3), partitions(4))
def test_what_tables_tell_is_what_follows_by_fractions(
    kommuner: set[str], sex: list[int], source: list[int]
) -> None:
    fractions, inner = oracle()
    region = told().of(sorted(kommuner))
    groups = {"kjonn": sex, "kilde": source}
    overlaps = march().counted.overlaps
    for sight, overlap in zip(region.sights, overlaps, strict=False):
        axes = [
            parts_of(groups[name], touched)
            for name, touched in zip(overlap.variables, overlap.touched, strict=True)
        ]
        expected = all(
            fractions.follows(
                [
                    unit in kommuner
                    and block == overlap.block
                    and all(
                        number in own
                        for number, own in zip(
                            overlap.combinations[combination], wanted, strict=True
                        )
                    )
                    for unit, block, combination in inner
                ]
            )
            for wanted in product(*axes)
        )
        assert sight.tells(tuple(tuple(groups[one]) for one in overlap.variables)) == expected


def test_other_random_changes_tell_the_same() -> None:
    groups = {"kjonn": (0b001, 0b110), "kilde": (0b0001, 0b1110)}
    for kommune in KOMMUNER:
        told_of = [
            [
                sight.tells(tuple(tuple(groups[name]) for name in sight.variables))
                for sight in of.sights
            ]
            for of in (told().of([kommune]), told(seed=7).of([kommune]))
        ]
        assert told_of[0] == told_of[1]


def test_a_group_that_blank_values_hold_together_is_known_to_be_two() -> None:
    """Where nobody lacks a source, ``5+uoppgitt`` is those of source 5, whom a table counts."""
    region: Region = told().of(["3103"])
    groups = {"kilde": [0b1001, 0b0110]}
    as_it_is, filled = region.seeing("kilde")
    assert as_it_is.parts_of("kilde", groups["kilde"]) == 1
    assert filled.parts_of("kilde", groups["kilde"]) == 2
    assert not region.is_one_to_tables("kilde", groups["kilde"])


# --- boxes beside what tables tell ----------------------------------------------------------


def margins(counts: Sequence[int] | Integers, hidden: Sequence[int] = ()) -> Margins:
    """One variable of as many classes as counts; tables tell every set without hidden classes."""
    size = len(counts)
    sets = np.array([flags for flags in product([False, True], repeat=size) if any(flags)])
    changes = np.zeros((size, 3), dtype=np.int64)
    changes[list(hidden)] = np.arange(1, 1 + 3 * len(hidden)).reshape(-1, 3)
    numbers = np.column_stack([counts, changes])
    return Margins(np.arange(size), sets, sets, sets, numbers)


@pytest.mark.parametrize(
    ("boxes", "hidden", "near"),
    [
        ([[1, 1, 0], [0, 0, 1]], [], False),
        # Tables tell of the first class, and of all; not of the second, which has two.
        ([[1, 1, 0], [0, 0, 1]], [1, 2], True),
        ([[1, 1, 1]], [1, 2], False),
        ([[1, 0, 0], [0, 1, 1]], [1, 2], False),
    ],
    ids=["all is told", "two are left", "nothing is told", "a class for itself"],
)
def test_what_is_left_beside_a_figure_is_nobody_or_enough(
    boxes: list[list[int]], hidden: list[int], near: bool
) -> None:
    counts = np.array([9, 2, 12])
    flags = np.array(boxes, dtype=np.bool_)
    assert bool(margins(counts, hidden).near(flags, flags @ counts, 4)[1]) == near


@given(
    st.lists(st.integers(0, 6), min_size=4, max_size=4),
    st.lists(st.integers(0, 2), min_size=4, max_size=4),
    st.sets(st.integers(0, 3)),
)
def test_whatever_is_left_is_found_by_trying_all(
    counts: list[int], box_of: list[int], hidden: set[int]
) -> None:
    """Brute force: every told set beside the boxes that are in it, and those that touch it."""
    boxes = np.array([[one == box for one in box_of] for box in range(3)])
    boxes = boxes[boxes.any(axis=1)]
    rows = boxes @ np.array(counts)
    expected = False
    for flags in product([False, True], repeat=4):
        own = np.array(flags)
        if not own.any() or hidden & {*np.flatnonzero(own)}:
            continue
        inside = (boxes <= own).all(axis=1)
        partly = (boxes & own).any(axis=1) & ~inside
        if not partly.any():
            continue
        within, around = _union(boxes[inside]), _union(boxes[partly])
        for rest in (own & ~within, around & ~own):
            few = 0 < np.array(counts)[rest].sum() < 4
            expected |= bool(few and hidden & {*np.flatnonzero(rest)})
    assert bool(margins(counts, sorted(hidden)).near(boxes, rows, 4)[1]) == expected


def _union(boxes: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.logical_or.reduce(boxes, axis=0, initial=False)
    return found


def test_a_sight_sees_boxes_by_their_groups() -> None:
    touched = np.array([[1, 0], [0, 1], [0, 1]], dtype=np.bool_)
    counts = np.array([8, 5])
    sight = Sight(("x",), (touched,), np.zeros((2, 3), dtype=np.int64), margins(counts))
    groups = {"x": np.array([0b001, 0b110])}
    assert sight.near(groups, counts, 4) == (3, 0)
    assert sight.classes("x", 0b110) == 1
