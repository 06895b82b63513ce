"""Boxes of one region: everyone is in one, and none is too small."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kostra_publish.disclosure.records import kernel
from kostra_publish.disclosure.records.boxes import Boxes, Generalisation, Rows
from kostra_publish.disclosure.records.known import Margins, Region, Sight
from kostra_publish.disclosure.records.ladders import Ladder
from kostra_publish.disclosure.records.refining import Telling
from kostra_publish.specs.delivery import Gates, Variable
from tests.disclosure.records.small_rounds import MONTHS, SEX, SOURCE

LADDERS = tuple(Ladder.of(Variable.model_validate(one)) for one in (SEX, SOURCE, MONTHS))
TELLING = Telling(
    LADDERS, tuple(np.full(one.size, 1 / one.size) for one in LADDERS), Gates()
)  # fmt: skip


def nothing_published() -> Region:
    return Region(())


def sex_published(hidden: bool) -> Region:
    """A table of men, women and all; the men and women may be hidden."""
    touched = np.eye(3, dtype=np.bool_)
    changes = np.array([[5, 7, 9], [-5, -7, -9], [0, 0, 0]]) * int(hidden)
    whole = np.ones((1, 3), dtype=np.bool_)
    numbers = np.column_stack([[0, 0, 0], changes])
    margins = Margins(np.arange(3), whole, whole, whole, numbers)
    return Region((Sight(("kjonn",), (touched,), changes, margins),))


places = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 4))
people = st.dictionaries(places, st.integers(1, 9), min_size=1, max_size=14)
corrections = st.dictionaries(places, st.integers(-3, 3), max_size=4)


def rows(now: dict[tuple[int, ...], int], change: dict[tuple[int, ...], int]) -> Rows:
    """What there is now, and before the change."""
    every = sorted({*now, *change})
    counts = np.array([now.get(one, 0) for one in every], dtype=np.int64)
    # Nobody can have been fewer than nobody.
    least = [min(change.get(one, 0), now.get(one, 0)) for one in every]
    net = np.array(least, dtype=np.int64)
    return Rows(np.array(every), counts, net[None], abs(net)[None])


def sizes_of(boxes: Boxes, own: np.ndarray) -> Counter[int]:
    found: Counter[int] = Counter()
    for box, count in zip(boxes.box, own, strict=True):
        found[int(box)] += int(count)
    return found


@settings(deadline=None)
@given(people, corrections)
def test_everyone_is_in_a_box_that_is_large_enough(
    now: dict[tuple[int, ...], int], change: dict[tuple[int, ...], int]
) -> None:
    own = rows(now, change)
    boxes = Generalisation(TELLING, nothing_published(), own).boxes()
    if boxes is None:
        whole = (
            0 < own.rows.sum() < 4,
            own.net.sum() != 0 and own.behind.sum() + abs(own.net.sum()) < 8,
        )
        assert any(whole)
        return
    net, behind = sizes_of(boxes, own.net[0]), sizes_of(boxes, own.behind[0])
    for box, count in sizes_of(boxes, own.rows).items():
        assert count == 0 or count >= 4
        assert net[box] == 0 or behind[box] + abs(net[box]) >= 8
    for place, box in zip(own.places, boxes.box, strict=True):
        if box >= 0:
            groups = boxes.groups[box]
            assert all(int(group) >> int(at) & 1 for group, at in zip(groups, place, strict=True))
    assert len({tuple(groups) for groups in boxes.groups}) == len(boxes.groups)


@settings(deadline=None)
@given(people)
def test_a_class_that_tells_a_sensitive_value_tells_two(now: dict[tuple[int, ...], int]) -> None:
    own = rows(now, {})
    boxes = Generalisation(TELLING, nothing_published(), own).boxes()
    if boxes is None:
        return
    for column in (1, 2):
        by_class: dict[int, set[int]] = {}
        for groups in boxes.groups[np.unique(boxes.box[boxes.box >= 0])]:
            by_class.setdefault(int(groups[0]), set()).add(int(groups[column]))
        whole = LADDERS[column].root.group
        assert all(len(told) > 1 or told == {whole} for told in by_class.values())


def test_what_is_hidden_is_not_cut() -> None:
    now: dict[tuple[int, ...], int] = {(0, 0, 0): 20, (1, 0, 0): 20}
    shown = Generalisation(TELLING, sex_published(hidden=False), rows(now, {})).boxes()
    hidden = Generalisation(TELLING, sex_published(hidden=True), rows(now, {})).boxes()
    assert shown is not None
    assert hidden is not None
    assert {LADDERS[0].code(int(one)) for one in shown.groups[:, 0]} == {"1", "2"}
    assert {LADDERS[0].code(int(one)) for one in hidden.groups[:, 0]} == {"1+2"}


def test_where_not_even_the_number_is_told_there_are_no_boxes() -> None:
    touched = np.ones((3, 1), dtype=np.bool_)
    whole = np.ones((1, 1), dtype=np.bool_)
    margins = Margins(np.arange(1), whole, whole, whole, np.array([[0, 1, 2, 3]]))
    region = Region((Sight(("kjonn",), (touched,), np.array([[1, 2, 3]]), margins),))
    assert Generalisation(TELLING, region, rows({(0, 0, 0): 20}, {})).boxes() is None


# --- the rest ---------------------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 9), min_size=4, max_size=7),
    st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=1, max_size=4),
    st.data(),
)
def test_what_is_left_of_each_margin_is_nobody_or_enough(
    counts: list[int], sets: list[list[bool]], data: st.DataObject
) -> None:
    own = np.array(counts)
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(own), max_size=len(own))))
    margins = np.array([one[: len(own)] for one in sets], dtype=np.bool_)
    before = kept.copy()
    asked = np.ones((1, len(margins)), dtype=np.bool_)
    kernel.fill(kept, np.stack([own, own]), np.array([4]), margins, asked)
    left = margins @ (own * ~kept)
    assert not (kept & ~before).any()
    assert ((left == 0) | (left >= 4)).all() or not kept.any()


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=5))
def test_parts_that_are_told_alone_are_enough(counts: list[list[int]]) -> None:
    own = np.array(counts)
    across = np.zeros(3, dtype=np.bool_)
    for parts in own:
        joined = np.zeros(3, dtype=np.bool_)
        kernel._join(joined, np.stack([parts, parts]), np.array([4]), across, 3)
        alone = parts[~joined]
        assert ((alone == 0) | (alone >= 4)).all()
        assert parts[joined].sum() == 0 or parts[joined].sum() >= 4 or joined.all()
