"""The engine against the attack: what it publishes gives nothing small away."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kostra_publish.disclosure.answer import withstanding
from kostra_publish.disclosure.attack import attack
from kostra_publish.disclosure.attack.exact import exact
from kostra_publish.disclosure.engine.suppress import Suppression
from kostra_publish.disclosure.problem import Problem
from kostra_publish.errors import DisclosureError
from tests.disclosure.attack.problems import problem, table


def hidden(found: Problem, visible: Any) -> list[int]:
    """The cells that are hidden and are not small."""
    return np.flatnonzero(~visible & ~found.small).tolist()


def test_one_small_cell_takes_three_more_with_it() -> None:
    found = problem(*table([[2, 9, 8], [7, 5, 6], [9, 9, 9]]))
    answer = withstanding(found)
    assert answer.verdict.clean
    assert len(hidden(found, answer.visible)) == 3


def test_nothing_small_nothing_hidden() -> None:
    found = problem(*table([[4, 9], [7, 0]]))
    assert withstanding(found).visible.all()


def test_a_row_of_ones_is_not_left_alone() -> None:
    # 1 + 1 + 1 = 3: since each is at least 1, all would be known.
    found = problem(*table([[1, 1, 1, 8], [9, 9, 9, 9], [9, 9, 9, 9]]))
    answer = withstanding(found)
    assert answer.verdict.clean
    row = np.array([0, 1, 2, 3])
    assert not answer.visible[row].all()
    assert (~answer.visible[[3, 12]]).any()


def test_an_insider_does_not_find_the_neighbour() -> None:
    found = problem(*table([[1, 2, 9], [9, 9, 9], [8, 8, 8]]))
    answer = withstanding(found)
    assert answer.verdict.pairs.size == 0
    assert answer.verdict.clean


def test_oslo_is_the_country_less_the_rest() -> None:
    # Oslo, Bergen, the country, the country without Oslo.
    found = problem([[1, 0], [0, 1], [1, 1], [0, 1]], [3, 40])
    visible = withstanding(found).visible
    assert not exact(found, visible).any()
    assert not visible[0]
    assert not visible[[2, 3]].all()


def test_a_measure_inside_another_gives_the_difference() -> None:
    # All, six months or more; under six months is listed nowhere.
    found = problem([[1, 1], [0, 1], [1, 0]], [2, 30], implied=[2])
    visible = withstanding(found).visible
    assert not visible[[0, 1]].all()


def test_cells_that_are_the_same_to_everyone_do_not_hide_the_country() -> None:
    # No man is under 18 in either kommune, so women under 18 are all under 18.
    rows = [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [1, 0, 1, 0, 0], [0, 0, 0, 1, 1], [1, 0, 1, 1, 1]]
    found = problem(rows, [1, 1, 50, 30, 40], equations=[[1, -1, 0, 0, 0]])
    assert withstanding(found).visible.tolist() == [False, False, True, True, True]


def test_what_is_known_already_cannot_be_protected() -> None:
    found = problem([[1, 0], [0, 1], [1, 1]], [2, 30], opened=[1, 2])
    with pytest.raises(DisclosureError):
        withstanding(found)


def test_the_auditor_finds_a_secondary_that_is_shown() -> None:
    found = problem(*table([[2, 9, 8], [7, 5, 6], [9, 9, 9]]))
    visible = withstanding(found).visible
    for leak in hidden(found, visible):
        shown = visible.copy()
        shown[leak] = True
        assert attack(found, shown).exact.any(), leak


counts = st.lists(
    st.lists(st.sampled_from([0, 1, 1, 2, 3, 4, 6, 20]), min_size=3, max_size=3),
    min_size=3,
    max_size=4,
)


@given(counts)
@settings(max_examples=40)
def test_every_table_withstands_the_attack(cells: list[list[int]]) -> None:
    found = problem(*table(cells))
    try:
        answer = withstanding(found, effort=0.01)
    except DisclosureError:
        # Only where every cell that is not nought is hidden already.
        return
    assert attack(found, answer.visible, seed=7).clean
    assert not (answer.visible & found.small).any()
    assert answer.visible[found.open].all()


@given(counts)
@settings(max_examples=20)
def test_large_problems_leave_every_small_cell_another_value(cells: list[list[int]]) -> None:
    found = problem(*table(cells))
    try:
        answer = withstanding(found, effort=0.0, insiders_tried=0)
    except DisclosureError:
        return
    assert "insiders: not tried" in answer.verdict.summary
    assert not exact(found, answer.visible).any()
    assert attack(found, answer.visible, insight="intervals", seed=7).clean


@given(counts)
@settings(max_examples=20)
def test_the_largest_problems_give_nothing_away_by_algebra(cells: list[list[int]]) -> None:
    found = problem(*table(cells))
    try:
        answer = withstanding(found, effort=0.0, insiders_tried=0, intervals_tried=0)
    except DisclosureError:
        return
    assert {"intervals: not tried", "insiders: not tried"} < set(answer.verdict.summary)
    assert not exact(found, answer.visible).any()
    assert not (answer.visible & found.small).any()


@given(counts, st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_costs_are_the_same_in_whatever_order_cells_stand(
    cells: list[list[int]], random: Any
) -> None:
    found = problem(*table(cells))
    order = list(range(len(found.small)))
    random.shuffle(order)
    moved = problem([table(cells)[0][n] for n in order], table(cells)[1])
    visible = Suppression(moved, effort=0).visible
    assert not exact(moved, visible).any()
    assert set(np.flatnonzero(~visible & moved.small)) == set(np.flatnonzero(moved.small))


def test_the_same_problem_has_the_same_answer() -> None:
    random = np.random.default_rng(5)
    found = problem(*table(random.poisson(4, (12, 6)).tolist()))
    one, other = (withstanding(found, effort=0.1).visible for _ in range(2))
    assert (one == other).all()


def test_looking_longer_is_not_dearer() -> None:
    random = np.random.default_rng(6)
    found = problem(*table(random.poisson(4, (20, 8)).tolist()))
    quick, long = (withstanding(found, effort=effort).visible for effort in (0.0, 0.2))
    assert found.cost[~long].sum() <= found.cost[~quick].sum()


def test_arrays_that_do_not_fit_are_refused() -> None:
    found = problem(*table([[2, 9], [7, 5]]))
    with pytest.raises(ValueError, match="another length"):
        found.with_cost(np.ones(3))
    assert "9 cells" in repr(found)
    assert isinstance(found.statuses(~found.small), pl.Series)
