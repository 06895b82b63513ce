"""What guarantees cost: each adds cells to hide, and wider intervals more."""

from dataclasses import replace

import numpy as np
import pytest

from kostra_publish.disclosure.answer import withstanding
from kostra_publish.disclosure.attack import attack
from kostra_publish.disclosure.costs import Cost, of_guarantees, of_widths
from kostra_publish.disclosure.explain import secondary
from kostra_publish.disclosure.problem import Flags, Problem
from kostra_publish.specs.models import THRESHOLD
from tests.disclosure.attack.problems import all_but, problem, table

COUNTS = [[1, 2, 9, 30], [9, 9, 9, 21], [8, 8, 3, 14], [25, 17, 19, 16]]


def protect(of: Problem) -> Flags:
    return withstanding(of, effort=0).visible


@pytest.mark.parametrize("width", [1, 2, 3])
def test_every_interval_is_as_wide_as_was_asked(width: int) -> None:
    of = problem(*table(COUNTS))
    visible = withstanding(of, effort=0, width=width).visible
    assert attack(of, visible, width=width).clean


def test_no_small_cell_is_surely_small_when_that_is_asked() -> None:
    of = problem(*table(COUNTS))
    visible = withstanding(of, effort=0, could_be=THRESHOLD).visible
    verdict = attack(of, visible, threshold=THRESHOLD)
    assert verdict.clean
    assert verdict.few is not None
    assert not verdict.few.any()


def test_a_cost_is_what_is_hidden_besides_small_cells() -> None:
    of = problem([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], [2, 9, 30])
    assert Cost.of(of, all_but(4, [0, 1])) == Cost(1, 9)
    assert Cost.of(of, all_but(4, [0, 1, 2])) == Cost(2, 39)


def test_guarantees_are_added_one_by_one() -> None:
    # Less the third, the total is 3, and whoever is the one of the two would find the other.
    of = problem([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], [1, 2, 9])
    costs = of_guarantees(of, protect)
    assert list(costs) == ["exact", "insiders", "intervals", "earlier"]
    assert [cost.cells for cost in costs.values()] == [0, 1, 1, 1]


def test_what_earlier_releases_show_costs_more() -> None:
    of = problem(*table(COUNTS))
    hidden = np.flatnonzero(secondary(of, protect(of)))
    shown_before = np.zeros_like(of.open)
    shown_before[hidden[0]] = True
    costs = of_guarantees(replace(of, open=of.open | shown_before), protect)
    assert costs["intervals"] == Cost.of(of, protect(of))
    assert costs["earlier"].cells >= costs["intervals"].cells


def test_stricter_intervals_hide_more_or_cannot_be_kept() -> None:
    costs = of_widths(problem(*table(COUNTS)))
    assert list(costs) == ["1", "2", "3", "could be shown"]
    cells = [cost.cells if cost else 999 for cost in costs.values()]
    assert cells[0] <= cells[1] <= cells[2]
    assert cells[0] <= cells[3] <= cells[2] < 999
    # A total of two can never be four, whatever is hidden.
    certain = problem([[1, 0], [0, 1], [1, 1]], [1, 3], opened=[2])
    assert of_widths(certain)["could be shown"] is None
