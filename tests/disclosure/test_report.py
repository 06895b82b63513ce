"""Hidden figures by table and kind of region."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from kostra_publish.disclosure.report import TableReport, by_table
from kostra_publish.disclosure.stored_universe import StoredUniverse
from tests.disclosure.attack.problems import all_but, problem

# Persons in two kommuner and a fylke, and a second number of persons in each.
OF = problem(
    [[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 1, 1]],
    [2, 38, 30, 30],
)
PERSONS = StoredUniverse(
    name="skjema11",
    kind="persons",
    problem=OF,
    visible=all_but(6, [0, 1]),
    inner=pl.DataFrame(),
    # By region: a count, a share of the second number, and the second number.
    rests={"x": np.array([[0, 0], [1, 0], [1, 3], [2, 3], [3, 1], [4, 1], [4, 4], [5, 4], [6, 2]])},
    dimensions={"x": {"region": ("1101", "1103", "EKA11"), "contents": ("n", "share", "m")}},
)


def test_figures_are_small_when_anything_they_rest_on_is() -> None:
    fylke, kommuner = by_table([PERSONS])
    assert fylke == TableReport("x", "fylke", figures=1, small=0, secondary=0, share=0.0)
    assert (kommuner.figures, kommuner.small, kommuner.secondary) == (6, 2, 2)


def test_persons_count_once_for_each_number_that_they_are_in() -> None:
    _, kommuner = by_table([PERSONS])
    assert kommuner.share == pytest.approx(40 / 100)


def test_amounts_hide_figures_and_are_no_persons() -> None:
    amounts = replace(PERSONS, kind="amounts", visible=all_but(6, [3]))
    (_, both), (_, alone) = by_table([PERSONS, amounts]), by_table([amounts])
    assert (both.figures, both.small, both.secondary) == (6, 2, 3)
    assert both.share == pytest.approx(40 / 100)
    assert alone.share is None


def test_a_release_that_protects_nothing_has_an_empty_report() -> None:
    assert by_table([]) == []
