"""Two rounds side by side, on cases that can be counted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from kostra_publish.disclosure.attack.exact import exact
from kostra_publish.disclosure.attack.together import _moved, together
from kostra_publish.disclosure.problem import Problem
from kostra_publish.disclosure.stored_universe import StoredUniverse


def universe(persons: Mapping[str, int], kind: str = "persons", block: str = "") -> StoredUniverse:
    """Units and their sum as cells; those of one to three persons are hidden."""
    inner = np.array([*persons.values()])
    rows = np.vstack([np.eye(len(inner), dtype=np.int64), np.ones(len(inner), dtype=np.int64)])
    values = rows @ inner
    small = (values > 0) & (values < 4)
    count = len(values)
    names = {"population": "p", "block": block, "combination": "", "unit": [*persons]}
    problem = Problem(
        cells=pl.DataFrame(
            {"population": "p", "region": [*persons, "EAK"], "set": "all", "kind": "kommune"}
        ),
        rows=csr_array(rows),
        inner=inner,
        equations=csr_array((0, len(inner)), dtype=np.int64),
        small=small,
        single=values == 1,
        listed=np.ones(count, dtype=np.bool_),
        open=values == 0,
        floor=np.ones(count, dtype=np.int64),
        cost=np.ones(count),
    )
    return StoredUniverse("p", kind, problem, ~small, pl.DataFrame(names), {}, {})


def found(before: StoredUniverse, now: StoredUniverse) -> list[str]:
    """What follows when all that is not small is shown: regions, and differences."""
    both = together(before, now)
    known = both.known(before.visible, now.visible)
    follows = exact(both.problem, known)
    cells = pl.concat([before.problem.cells, now.problem.cells])
    tail = ["difference"] * (len(follows) - cells.height)
    return [
        name for name, is_found in zip([*cells["region"], *tail], follows, strict=True) if is_found
    ]


def test_a_universe_that_is_looked_at_beside_another_stays_as_it_was() -> None:
    rows = csr_array(np.array([[1, 2, 3], [0, 4, 5]]))
    before = rows.toarray()
    moved = _moved(rows, np.array([2, 1, 0]), 3)
    assert moved.toarray().tolist() == [[3, 2, 1], [5, 4, 0]]
    assert (rows.toarray() == before).all()


def test_what_has_not_changed_is_the_same_number() -> None:
    march = universe({"a": 2, "b": 3, "c": 9})
    june = universe({"a": 2, "b": 3, "c": 9})
    both = together(march, june)
    assert len(both.problem.inner) == 3
    assert both.differences == 0
    assert found(march, june) == []


def test_a_cell_that_one_round_shows_opens_the_other() -> None:
    march = universe({"a": 2, "b": 3, "c": 9})
    both = together(march, march)
    known = both.known(march.visible, march.visible | np.array([True, False, False, False]))
    assert exact(both.problem, known).tolist() == [True, True, False, False] * 2


@pytest.mark.parametrize(("later", "count"), [(8, 2), (7, 2), (9, 0), (2, 2)])
def test_a_difference_of_few_persons_is_found(later: int, count: int) -> None:
    """In the kommune and in the country, whose difference is the same."""
    march, june = universe({"a": 5, "b": 30}), universe({"a": later, "b": 30})
    both = together(march, june)
    assert both.differences == 2
    assert found(march, june).count("difference") == count


def test_a_difference_has_as_many_behind_it_as_came_and_left() -> None:
    march, june = universe({"a": 10, "b": 30}), universe({"a": 15, "b": 26})
    assert found(march, june) == []
    # In each kommune one; of the country nothing is told but that as many came as left.
    assert found(march, universe({"a": 11, "b": 29})).count("difference") == 2
    assert found(march, universe({"a": 12, "b": 29})).count("difference") == 3


def test_a_kommune_that_reports_late_is_no_difference_of_few() -> None:
    march, june = universe({"a": 10}), universe({"a": 10, "b": 12})
    assert len(together(march, june).problem.inner) == 2
    assert found(march, june) == []


def test_what_both_hold_of_an_even_earlier_round_differs_from_nothing() -> None:
    """Of other numbers in each, since the unit that it was of has changed again since."""
    june, corrected = universe({"a in 2026-03": 2, "a": 9}), universe({"a": 2, "b": 30})
    cells = june.problem.cells.with_columns(pl.Series("region", ["EAK in 2026-03", "a", "EAK"]))
    carried = corrected.problem.cells.with_columns(
        pl.Series("region", ["EAK in 2026-03", "b", "EAK"])
    )
    assert together(june, corrected).differences == 2
    [before, now] = [
        replace(one, problem=replace(one.problem, cells=names))
        for one, names in ((june, cells), (corrected, carried))
    ]
    assert together(before, now).differences == 1


def test_what_a_later_round_keeps_of_the_earlier_one_is_the_same_number() -> None:
    march = universe({"a": 2, "b": 3, "c": 9})
    june = universe({"a in 2026-03": 2, "a": 20, "b": 3, "c": 9, "d": 2})
    visible = june.visible.copy()
    visible[0] = True
    for release, count in (("2026-03", 5), ("", 6)):
        both = together(march, june, release)
        assert len(both.problem.inner) == count
        opened = exact(both.problem, both.known(march.visible, visible))
        assert opened[0] == (release == "2026-03")


def test_amounts_differ_by_kroner_and_not_by_persons() -> None:
    march, june = universe({"a": 10}, "amounts"), universe({"a": 12}, "amounts")
    assert found(march, june) == []


def test_numbers_of_other_blocks_are_other_numbers() -> None:
    assert len(together(universe({"a": 5}), universe({"a": 5}, block="x")).problem.inner) == 2
