"""A certificate proves by adding up that small cells have other values, and nothing else."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from kostra_publish.disclosure.answer import withstanding
from kostra_publish.disclosure.certificate import few_tables, proven
from kostra_publish.disclosure.problem import Problem
from kostra_publish.errors import DisclosureError
from tests.disclosure.attack.problems import all_but, problem, table

# [2 6]      cells 0-3 are the inner numbers, then row totals, column totals, everything.
# [7 9]
ROWS, INNER = table([[2, 6], [7, 9]])
FOUND = problem(ROWS, INNER)
HIDDEN = all_but(len(ROWS), [0, 1, 2, 3])


def proofs(*changes: list[float], found: Problem = FOUND) -> list[int]:
    """The cells of the first table that these changes prove something about."""
    return np.flatnonzero(proven(found, HIDDEN, csr_array(np.array(changes)))).tolist()


def test_another_table_with_the_same_totals_proves() -> None:
    assert proofs([1, -1, -1, 1]) == [0]
    assert proofs([-1, 1, 1, -1]) == [0]


def test_a_table_with_another_total_proves_nothing() -> None:
    assert proofs([1, 0, -1, 0]) == []


def test_a_table_that_falls_short_of_a_person_proves_nothing() -> None:
    assert proofs([0.5, -0.5, -0.5, 0.5]) == []
    # But 0.5 up and 0.5 down is one in all.
    assert proofs([0.5, -0.5, -0.5, 0.5], [-0.5, 0.5, 0.5, -0.5]) == [0]


def test_a_hidden_cell_is_known_not_to_be_nought() -> None:
    assert proofs([-2, 2, 2, -2]) == []


def test_no_inner_number_is_negative() -> None:
    assert proofs([-3, 3, 3, -3], found=problem(ROWS, INNER, floor=0)) == []


def test_an_equation_must_hold() -> None:
    tied = problem([[*row, 0] for row in ROWS], [*INNER, 2], equations=[[1, 0, 0, 0, -1]])
    assert proofs([1, -1, -1, 1, 0], found=tied) == []
    assert proofs([1, -1, -1, 1, 1], found=tied) == [0]


def test_a_figure_that_leaks_takes_the_proof_away() -> None:
    change = csr_array(np.array([[1.0, -1.0, -1.0, 1.0]]))
    assert not proven(FOUND, all_but(len(ROWS), [0, 1, 2]), change).any()


@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=3, max_size=5))
@settings(max_examples=40, deadline=None)
def test_what_withstands_the_attack_is_proven_by_few_tables(cells: list[list[int]]) -> None:
    found = problem(*table(cells))
    try:
        answer = withstanding(found, effort=0.0)
    except DisclosureError:
        return
    few = few_tables(found, answer.visible, answer.verdict.tables)
    sought = found.small & ~answer.visible
    assert few.shape[0] <= answer.verdict.tables.shape[0]
    assert proven(found, answer.visible, few).tolist() == sought.tolist()
