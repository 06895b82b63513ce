"""The attack says what slow and simple attackers say, on many tiny problems."""

from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kostra_publish.disclosure.attack import attack
from kostra_publish.disclosure.problem import Flags, Problem
from tests.disclosure.attack.problems import Slow, problem


@st.composite
def patterns(draw: st.DrawFn, coefficients: tuple[int, ...] = (0, 0, 1)) -> tuple[Problem, Flags]:
    """A tiny problem and what is visible of it; small cells are always hidden."""
    width = draw(st.integers(2, 6))
    numbers = draw(st.lists(st.integers(0, 3), min_size=width, max_size=width))
    row = st.lists(st.sampled_from(coefficients), min_size=width, max_size=width)
    single = [[int(n == m) for n in range(width)] for m in range(width)]
    rows = draw(st.lists(st.sampled_from(single), max_size=width, unique_by=tuple))
    rows += draw(st.lists(row.filter(any), min_size=2, max_size=6))
    values = np.array(rows) @ np.array(numbers)
    implied = [n for n in range(len(rows)) if draw(st.integers(0, 5)) == 0]
    equation = draw(row.filter(any))
    twin = [*numbers, sum(n * c for n, c in zip(numbers, equation, strict=True))]
    with_twin = twin[-1] >= 0 and draw(st.booleans())
    made = problem(
        [[*one, 0] for one in rows] + [[0] * width + [1]] if with_twin else rows,
        twin if with_twin else numbers,
        equations=[[*equation, -1]] if with_twin else (),
        implied=[n for n in implied if values[n] or max(rows[n]) > 0],
        floor=draw(st.sampled_from([0, 1, 1])),
    )
    shown = np.array([draw(st.booleans()) for _ in range(len(made.small))])
    return made, shown & ~made.small


@settings(max_examples=120)
@given(patterns(), st.sampled_from([1, 1, 2, 4]))
def test_intervals_as_by_one_program_per_cell(case: tuple[Problem, Flags], width: int) -> None:
    made, visible = case
    verdict, slow = (
        attack(made, visible, width=width, insight="intervals", threshold=4),
        Slow(*case),
    )
    assert verdict.few is not None
    for cell in slow.sought:
        narrow = slow.values_left(cell) <= width
        assert bool(verdict.exact[cell] | verdict.narrow[cell]) == narrow
        assert bool(verdict.few[cell]) == (slow.interval(cell)[1] < 4 - 1e-6)
        assert slow.follows(cell) <= bool(verdict.exact[cell])


@settings(max_examples=80)
@given(patterns(coefficients=(0, 0, 0, 0, 1, 1, 1, -1)))
def test_insiders_as_by_one_program_per_pair(case: tuple[Problem, Flags]) -> None:
    made, _ = case
    verdict, slow = attack(*case), Slow(*case)
    noughts = replace(made, open=made.open & (made.values == 0))
    if (made.values[made.small] > 0).all():
        # No nought is a secret: that nobody else is in a cell is known before.
        noughts = noughts.with_noughts(np.ones(len(made.inner), dtype=np.bool_))
    before = Slow(noughts, np.zeros(len(noughts.small), dtype=np.bool_))
    for cell in slow.sought:
        if slow.values_left(cell) < 2:
            assert verdict.exact[cell] | verdict.narrow[cell]
            assert not verdict.insider[cell]
            continue
        finders = [
            insider
            for insider in slow.lone
            if slow.values_left(cell, insider) < 2 and _other(slow, cell, insider)
        ]
        # Who knew it before anything was shown has not found it; by equations the attack sees
        # that, by what cannot be negative it need not.
        if any(before.values_left(cell, insider) >= 2 for insider in finders):
            assert verdict.insider[cell]
        elif not finders:
            assert not verdict.insider[cell]


@settings(max_examples=60)
@given(patterns(coefficients=(0, 0, 0, 1, 1, -1, 2)))
def test_nothing_is_found_that_another_table_disproves(case: tuple[Problem, Flags]) -> None:
    made, visible = case
    assume(made.rows.shape[1] <= 5)
    verdict, slow = attack(made, visible), Slow(*case)
    tables = slow.tables(greatest=5)
    seen = tables @ slow.rows.T
    for cell in slow.sought:
        if verdict.exact[cell] | verdict.narrow[cell]:
            assert (seen[:, cell] == slow.values[cell]).all()
            assert verdict.low[cell] <= slow.values[cell] <= verdict.high[cell]
    for insider, cell in verdict.pairs:
        row = slow.rows[insider]
        own = np.eye(len(row), dtype=np.int64)[row != 0] if (row >= 0).all() else row[None, :]
        fits = (tables @ own.T == own @ slow.inner).all(axis=1)
        assert (seen[fits, cell] == slow.values[cell]).all()


@settings(max_examples=40)
@given(patterns(coefficients=(0, 0, 0, 1, 1, -1)))
def test_negative_coefficients_as_by_one_program_per_cell(case: tuple[Problem, Flags]) -> None:
    verdict, slow = attack(*case), Slow(*case)
    for cell in slow.sought:
        found = bool(verdict.exact[cell] | verdict.narrow[cell])
        assert found == (slow.values_left(cell) < 2)


@settings(max_examples=40)
@given(patterns(), st.integers(0, 2**32 - 1))
def test_the_seed_changes_nothing(case: tuple[Problem, Flags], seed: int) -> None:
    one, other = attack(*case), attack(*case, seed=seed)
    assert (one.violated == other.violated).all()
    assert sorted(one.pairs.tolist()) == sorted(other.pairs.tolist())


def _other(slow: Slow, cell: int, insider: int) -> bool:
    """Whether something in the cell is not the insider's: noughts are nobody's."""
    left = slow.inner > 0
    if not slow.rows[cell][left].any():
        left = slow.unknown | left
    one, own = slow.rows[cell][left], slow.rows[insider][left]
    if (slow.rows[insider] >= 0).all():
        return bool(one[own == 0].any())
    return bool((one != own).any())
