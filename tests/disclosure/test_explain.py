"""Each cell that is hidden to protect others can say which, and never how many they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kostra_publish.disclosure.answer import withstanding
from kostra_publish.disclosure.attack.exact import exact
from kostra_publish.disclosure.explain import Reason, Reasons, reasons, secondary
from kostra_publish.disclosure.why import Why
from kostra_publish.errors import DisclosureError
from tests.disclosure.attack.problems import Slow, all_but, problem, table

# A table of two rows and three columns: cells 0-5, row totals 6 and 7, column totals 8-10,
# and everything, 11.


def test_in_a_total_of_two_each_protects_the_other() -> None:
    of = problem([[1, 0], [0, 1], [1, 1]], [2, 9])
    (reason,) = reasons(of, all_but(3, [0, 1]))
    assert reason == Reason(1, Why.FOLLOWS, (0,))


def test_the_cells_of_a_square_protect_its_small_corner() -> None:
    of = problem(*table([[2, 9, 20], [8, 7, 30]]))
    found = reasons(of, all_but(12, [0, 1, 3, 4]))
    assert found == [Reason(cell, Why.FOLLOWS, (0,)) for cell in (1, 3, 4)]


def test_the_shown_cells_that_would_give_it_away_are_few() -> None:
    of = problem(*table([[2, 9, 20], [8, 7, 30]]))
    visible = all_but(12, [0, 1, 3, 4])
    every = Reasons(of, visible)
    beside, below, across = reasons(of, visible)
    # The rest of the row and its total; the column total; the corner needs both ways round.
    assert set(every.derivation(beside)) == {2, 6}
    assert set(every.derivation(below)) == {8}
    assert 0 < len(every.derivation(across)) <= 4


def test_a_cell_keeps_whoever_is_alone_from_another() -> None:
    of = problem([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], [1, 3, 8])
    (reason,) = reasons(of, all_but(4, [0, 1, 2]))
    # Shown, it would leave a total of the two, from which the one who is alone gets the other.
    assert reason == Reason(2, Why.INSIDER, protects=(1,), alone=(0,))


def test_a_cell_keeps_small_cells_from_their_floor() -> None:
    of = problem([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1]], [2] * 4)
    three = problem(
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1]], [2, 2, 2, 9]
    )
    assert reasons(of, all_but(5, [0, 1, 2, 3])) == []
    (reason,) = reasons(three, all_but(5, [0, 1, 2, 3]))
    assert reason == Reason(3, Why.NEAR, (0, 1, 2))


def test_a_cell_that_follows_anyway_protects_nothing() -> None:
    of = problem([[1, 0], [0, 1], [1, 1]], [8, 9])
    assert reasons(of, all_but(3, [1])) == [Reason(1, Why.KNOWN)]


def test_noughts_that_nobody_shows_count() -> None:
    # Cells: a + n, b + n, a + b; n is 0 and no cell. Whoever knows that has three equations.
    of = problem([[1, 0, 1], [0, 1, 1], [1, 1, 0]], [2, 9, 0])
    first, second = reasons(of, all_but(3, [0, 1, 2]))
    assert (first.why, second.why) == (Why.NEAR, Why.NEAR)
    shown_two = reasons(of, all_but(3, [0, 1]))
    assert shown_two == [Reason(1, Why.NOUGHTS, (0,))]


def test_only_cells_hidden_for_others_have_reasons() -> None:
    of = problem([[1, 0], [0, 1], [1, 1]], [2, 9])
    for cell in (0, 2):
        with pytest.raises(ValueError, match="needs no reason"):
            reasons(of, all_but(3, [0, 1]), [cell])


@given(st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=2, max_size=4))
def test_reasons_are_what_showing_the_cell_would_do(counts: list[list[int]]) -> None:
    of = problem(*table(counts))
    try:
        visible = withstanding(of, effort=0).visible
    except DisclosureError:
        return
    found = reasons(of, visible)
    assert [one.cell for one in found] == np.flatnonzero(secondary(of, visible)).tolist()
    for one in found:
        shown = visible.copy()
        shown[one.cell] = True
        given_away = set(np.flatnonzero(exact(of, shown)).tolist())
        assert of.small[list(one.protects)].all()
        if one.why is Why.FOLLOWS:
            assert set(one.protects) == given_away
        elif one.why is Why.INSIDER:
            slow = Slow(of, shown)
            for alone, protected in zip(one.alone, one.protects, strict=True):
                assert of.values[alone] == 1
                assert slow.values_left(protected, alone) == 1
