"""The guarantees word by word: every table that fits what is visible, counted out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kostra_publish.disclosure.answer import withstanding
from kostra_publish.disclosure.attack import attack
from kostra_publish.disclosure.problem import Flags, Integers, Problem
from kostra_publish.errors import DisclosureError
from tests.disclosure.attack.problems import Slow, problem

GREATEST = 5
"""Inner numbers of the tables that are tried; true ones are below."""


@st.composite
def hierarchies(draw: st.DrawFn) -> Problem:
    """Up to six inner numbers in two groupings that overlap, some measures within others."""
    width = draw(st.integers(3, 6))
    numbers = draw(st.lists(st.sampled_from([0, 1, 1, 2, 3, 4]), min_size=width, max_size=width))
    each = np.eye(width, dtype=np.int64).tolist()
    sums = st.lists(st.sampled_from([0, 1, 1]), min_size=width, max_size=width)
    groups = draw(st.lists(sums.filter(lambda row: sum(row) > 1), min_size=1, max_size=4))
    rows = [*each, [1] * width, *groups]
    hidden_parts = draw(st.sets(st.integers(0, width - 1), max_size=1))
    return problem(rows, numbers, implied=sorted(hidden_parts))


def fitting(found: Problem, visible: Flags) -> Integers:
    """All tables with inner numbers up to ``GREATEST`` that nobody can rule out, one a row."""
    return Slow(found, visible).tables(GREATEST)


def kept(tables: Integers, found: Problem, insider: int) -> Integers:
    """The tables that one who is alone in a cell cannot rule out either."""
    own = found.rows[[insider]].indices
    kept: Integers = tables[(tables[:, own] == found.inner[own]).all(axis=1)]
    return kept


def assert_kept(found: Problem, visible: Flags) -> None:
    """G1 to G4, by counting tables."""
    assert not (visible & found.small).any()
    rows = found.rows.toarray()
    nothing = np.zeros_like(visible)
    tables = fitting(found, visible)
    before = fitting(replace(found, open=found.open & (found.values == 0)), nothing)
    small = np.flatnonzero(found.small)
    for cell in small:
        assert len(set((tables @ rows[cell]).tolist())) > 1, "a small cell has one value only"
    for insider in np.flatnonzero(found.small & found.single).tolist():
        left, ever = kept(tables, found, insider), kept(before, found, insider)
        for cell in small:
            known_before = len(set((ever @ rows[cell]).tolist())) == 1
            found_out = len(set((left @ rows[cell]).tolist())) == 1
            assert known_before or not found_out, "a lone contributor finds another cell"


@given(hierarchies())
@settings(max_examples=60, derandomize=True)
def test_nothing_small_has_one_value_only(found: Problem) -> None:
    try:
        visible = withstanding(found, effort=0.02).visible
    except DisclosureError:
        # Only where an implied cell leaves nothing to hide.
        assert not found.listed.all()
        return
    assert_kept(found, visible)


@given(hierarchies(), st.data())
@settings(max_examples=60, derandomize=True)
def test_what_the_attack_lets_pass_has_several_tables(found: Problem, data: st.DataObject) -> None:
    shown = np.array([data.draw(st.booleans()) for _ in found.small]) & ~found.small & found.listed
    if attack(found, shown).clean:
        assert_kept(found, shown)
