import numpy as np
import pytest

from kostra_publish.disclosure.attack import attack
from kostra_publish.disclosure.attack.modular import echelon
from kostra_publish.disclosure.attack.reduction import reduce
from kostra_publish.disclosure.attack.search import Witnesses
from kostra_publish.disclosure.attack.view import view_of
from tests.disclosure.attack.problems import all_but, problem, table


def test_everything_hidden_is_clean() -> None:
    rows, inner = table([[1, 2], [3, 9]])
    verdict = attack(problem(rows, inner), all_but(len(rows), range(len(rows))))
    assert verdict.clean
    assert verdict.counts == {"shown": 0, "exact": 0, "narrow": 0, "insider": 0}


def test_a_small_cell_that_is_shown() -> None:
    rows, inner = table([[2, 6], [7, 9]])
    verdict = attack(problem(rows, inner), all_but(len(rows), []))
    assert verdict.shown.tolist() == [True] + [False] * 8
    assert not verdict.clean


def test_one_hidden_cell_follows_from_its_total() -> None:
    rows, inner = table([[2, 6], [7, 9]])
    verdict = attack(problem(rows, inner), all_but(len(rows), [0]))
    assert np.flatnonzero(verdict.exact).tolist() == [0]
    assert (verdict.low[0], verdict.high[0]) == (2, 2)


def test_two_by_two_hidden_is_clean_until_a_width_is_asked() -> None:
    rows, inner = table([[2, 6], [7, 9]])
    hidden = all_but(len(rows), [0, 1, 2, 3])
    assert attack(problem(rows, inner), hidden).clean
    # From 1 to 8 - 1 = 7, as the first row adds up to 8: seven values.
    assert attack(problem(rows, inner), hidden, width=6).clean
    verdict = attack(problem(rows, inner), hidden, width=7)
    assert np.flatnonzero(verdict.narrow).tolist() == [0]
    assert (verdict.low[0], verdict.high[0]) == (1, 7)


def test_one_and_one_are_two() -> None:
    rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1]]
    shown_total = problem(rows, [1, 1, 9], opened=[3])
    verdict = attack(shown_total, all_but(5, [0, 1]))
    assert np.flatnonzero(verdict.narrow).tolist() == [0, 1]
    assert not verdict.exact.any()
    assert not verdict.insider.any()


def test_where_noughts_are_hidden_one_and_one_may_be_nought_and_two() -> None:
    rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]
    hidden_noughts = problem(rows, [1, 1, 9], floor=0)
    verdict = attack(hidden_noughts, all_but(4, [0, 1]))
    assert not verdict.narrow.any()
    # Either knows of the other.
    assert np.flatnonzero(verdict.insider).tolist() == [0, 1]


def test_who_is_alone_subtracts_oneself() -> None:
    rows = [[1, 0], [0, 1], [1, 1]]
    verdict = attack(problem(rows, [1, 3]), all_but(3, [0, 1]))
    assert np.flatnonzero(verdict.insider).tolist() == [1]
    assert verdict.pairs.tolist() == [[0, 1]]
    assert attack(problem(rows, [1, 3]), all_but(3, [0, 1]), insight="intervals").clean
    assert attack(problem(rows, [2, 3]), all_but(3, [0, 1])).clean


def test_who_is_alone_finds_others_at_their_least() -> None:
    # 1 + 5 = 6 and 5 + 1 + 1 = 7. Whoever is the first 1 finds 5, so 2 in all for two cells
    # that are no noughts. No linear combination says so.
    rows = [*np.eye(4, dtype=int).tolist(), [1, 0, 0, 1], [0, 1, 1, 1]]
    verdict = attack(problem(rows, [1, 1, 1, 5]), all_but(6, [0, 1, 2, 3]))
    assert np.flatnonzero(verdict.insider).tolist() == [1, 2]
    assert verdict.pairs.tolist() == [[0, 1], [0, 2]]
    assert not (verdict.exact | verdict.narrow).any()
    assert attack(problem(rows, [1, 1, 2, 5]), all_but(6, [0, 1, 2, 3])).clean


def test_cells_of_the_same_people_are_one_cell() -> None:
    # A region of one kommune: both cells are the same.
    rows = [[1, 0], [1, 0], [0, 1], [1, 1]]
    verdict = attack(problem(rows, [1, 9]), all_but(4, [0, 1, 2]))
    assert verdict.clean


def test_noughts_that_are_shown_strike_out_what_is_in_them() -> None:
    # Women 2 = young women + old women, and nobody is old: young women are all the women.
    rows = [[1, 0, 0, 0], [0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 1]]
    shown_nought = problem(rows, [2, 0, 7, 0])
    assert shown_nought.open[1]
    verdict = attack(shown_nought, all_but(5, [0, 2, 3]))
    assert verdict.clean
    verdict = attack(shown_nought, all_but(5, [0, 2]))
    assert np.flatnonzero(verdict.exact).tolist() == [0, 2]


def test_a_total_less_a_listed_part() -> None:
    # Total, "at least 6 months", and the implied "under 6 months".
    rows = [[1, 1], [0, 1], [1, 0]]
    implied = problem(rows, [2, 30], implied=[2])
    verdict = attack(implied, all_but(3, []))
    assert np.flatnonzero(verdict.exact).tolist() == [2]
    assert attack(implied, all_but(3, [1])).clean
    # Saying that an implied cell is visible does not make it so.
    assert attack(implied, all_but(3, [0])).clean


def test_a_region_is_the_difference_of_two_groups() -> None:
    # EAK with and without Oslo, each with its own table; Oslo itself is hidden.
    eak, eakuo, oslo = [1, 1, 1], [0, 1, 1], [1, 0, 0]
    rows = [eak, eakuo, oslo, [0, 1, 0], [0, 0, 1]]
    overlapping = problem(rows, [3, 20, 30])
    assert np.flatnonzero(attack(overlapping, all_but(5, [2])).exact).tolist() == [2]
    assert attack(overlapping, all_but(5, [1, 2, 3])).clean


def test_a_hierarchy_hides_on_every_level() -> None:
    # Two fylker of two kommuner; one kommune hidden in each does not help either.
    rows = [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [1, 1, 0, 0],
        [0, 0, 1, 1],
        [1, 1, 1, 1],
    ]
    nested = problem(rows, [2, 8, 9, 3])
    assert np.flatnonzero(attack(nested, all_but(7, [0, 3])).exact).tolist() == [0, 3]
    assert attack(nested, all_but(7, [0, 3, 4, 5])).clean
    verdict = attack(nested, all_but(7, [0, 1, 3]))
    assert np.flatnonzero(verdict.exact).tolist() == [3]


def test_blocks_that_agree_in_a_margin() -> None:
    # Region x age and region x sex, two inner numbers each, equal sums by an equation.
    rows = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0]]
    linked = problem(rows, [2, 7, 4, 5], equations=[[1, 1, -1, -1]])
    # The total is hidden, but men and women are shown.
    assert np.flatnonzero(attack(linked, all_but(5, [0, 4])).exact).tolist() == [0]
    assert attack(linked, all_but(5, [0, 1, 4])).clean


def test_a_change_between_two_rounds() -> None:
    # Persons in both rounds, left since, come since; each round's figure, and the difference.
    rows = [[1, 1, 0], [1, 0, 1], [0, -1, 1]]
    two_rounds = problem(rows, [20, 4, 6], implied=[2])
    assert np.flatnonzero(attack(two_rounds, all_but(3, [])).exact).tolist() == [2]
    assert attack(two_rounds, all_but(3, [1])).clean


def test_an_earlier_release_opens_what_is_hidden_now() -> None:
    rows = [[1, 0], [0, 1], [1, 1], [0, 1]]
    hidden = [0, 1]
    assert attack(problem(rows[:3], [2, 9]), all_but(3, hidden)).clean
    released = problem(rows, [2, 9], implied=[3], opened=[3])
    assert np.flatnonzero(attack(released, all_but(4, hidden)).exact).tolist() == [0]


def test_who_is_alone_in_a_difference_knows_only_the_difference() -> None:
    # One more came than left: nobody is alone by that, but the difference could be known.
    rows = [[1, 1, 0], [1, 0, 1], [0, 1, -1], [0, 1, 0], [0, 0, 1]]
    change = problem(rows, [20, 4, 3], implied=[2])
    assert attack(change, all_but(5, [0, 1, 3, 4])).clean
    # Who knows the difference, and sees one of the two, knows the other.
    assert attack(change, all_but(5, [0, 1, 4])).pairs.tolist() == [[2, 4]]


def test_what_an_earlier_release_alone_tells_an_insider_is_not_found_now() -> None:
    rows = [[1, 1, 0], [1, 0, 1], [0, -1, 1], [0, 1, 0], [0, 0, 1]]
    change = problem(rows, [20, 2, 3], implied=[2], opened=[3])
    assert attack(change, all_but(5, [0, 1, 4])).clean


def test_what_an_insider_knew_before_is_not_found() -> None:
    # Two ways to count the same person: everyone knows that they agree, whatever is shown.
    rows = [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    twins = problem(rows, [1, 1, 50], equations=[[1, -1, 0]])
    assert attack(twins, all_but(3, [0, 1])).clean
    # Without that knowledge it is the total of the two that gives the one to the other.
    apart = problem([[1, 0], [0, 1], [1, 1]], [1, 2])
    assert attack(apart, all_but(3, [0, 1])).pairs.tolist() == [[0, 1]]


def test_many_numbers_in_the_same_cells_are_one() -> None:
    rows = np.array([[1] * 40 + [0] * 3, [0] * 40 + [1] * 3, [1] * 43])
    verdict = attack(problem(rows.tolist(), [0] * 39 + [1, 1, 0, 1]), all_but(3, [0, 1]))
    # 1 + 2: who is alone in the first finds the second, outsiders see 1 + 2 or 2 + 1.
    assert np.flatnonzero(verdict.insider).tolist() == [1]


def test_figures_that_nothing_bounds() -> None:
    rows = [[1, 0], [1, 1]]
    verdict = attack(problem(rows, [2, 9]), all_but(2, [0, 1]), width=50, threshold=4)
    assert verdict.clean
    assert verdict.few is not None
    assert not verdict.few.any()


def test_what_is_surely_few() -> None:
    rows, inner = table([[1, 2], [2, 9]])
    hidden = all_but(len(rows), [0, 1, 2, 3, 4, 6, 8])
    # The first row and column are hidden too, and the total: nothing is sure.
    verdict = attack(problem(rows, inner), hidden, threshold=4)
    assert verdict.few is not None
    assert not verdict.few.any()
    rows, inner = table([[2, 2], [2, 9]])
    verdict = attack(problem(rows, inner), all_but(len(rows), [0, 1, 2, 3]), threshold=4)
    assert verdict.few is not None
    # A first row of 4 holds at most 3 + 1.
    assert np.flatnonzero(verdict.few).tolist() == [0, 1, 2]


def test_the_summary_tells_no_figures() -> None:
    rows, inner = table([[2, 777], [888, 999]])
    verdict = attack(problem(rows, inner), all_but(len(rows), [0]), threshold=4)
    text = "\n".join([*verdict.summary, repr(verdict)])
    assert "linear algebra: 1 follow" in text
    assert not any(figure in text for figure in ("777", "888", "999", "779"))


def test_arguments_that_do_not_fit() -> None:
    rows, inner = table([[2, 6], [7, 9]])
    with pytest.raises(ValueError, match="9 cells, but 3 flags"):
        attack(problem(rows, inner), all_but(3, []))
    with pytest.raises(ValueError, match="width 0"):
        attack(problem(rows, inner), all_but(len(rows), [0]), width=0)


def test_a_change_that_contradicts_something_is_no_other_table() -> None:
    found = problem(*table([[2, 41], [38, 37]]))
    visible = np.ones(9, dtype=np.bool_)
    visible[:4] = False
    view = view_of(found, visible)
    random = np.random.default_rng(0)
    reduced = reduce(view, echelon(view.known).basis, random)
    witnesses = Witnesses(reduced, width=1)
    one = np.ones(reduced.known.shape[1])
    assert reduced.allows(one)
    assert witnesses.keep(one.copy()).any()
    assert not reduced.allows(100 * one)
    assert not witnesses.keep(100 * one).any()
    assert len(witnesses.changes) == 1
