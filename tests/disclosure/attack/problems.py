"""Small disclosure problems, and slow ways to attack them that are easy to believe."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product

import numpy as np
import polars as pl
from scipy.optimize import linprog
from scipy.sparse import csr_array

from kostra_publish.disclosure.problem import Flags, Floats, Integers, Problem


def problem(
    rows: Sequence[Sequence[int]],
    inner: Sequence[int],
    *,
    equations: Sequence[Sequence[int]] = (),
    implied: Sequence[int] = (),
    opened: Sequence[int] = (),
    floor: int = 1,
) -> Problem:
    """Cells are the rows; those of value 1 to 3 are small, noughts are open where shown."""
    whole = np.array(rows, dtype=np.int64)
    values = whole @ np.array(inner, dtype=np.int64)
    small = (values >= max(floor, 0)) & (values < 4)
    listed = np.ones(len(values), dtype=np.bool_)
    listed[list(implied)] = False
    known = (values == 0) & ~small & listed
    known[list(opened)] = True
    small &= ~known
    return Problem(
        cells=pl.DataFrame({"cell": range(len(values))}),
        rows=csr_array(whole),
        inner=np.array(inner, dtype=np.int64),
        equations=csr_array(np.array(equations, dtype=np.int64).reshape(-1, len(inner))),
        small=small,
        single=values == 1,
        listed=listed,
        open=known,
        floor=np.where(listed & (values >= floor), floor, min(int(values.min()), 0)),
        cost=np.ones(len(values)),
    )


def table(counts: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[int]]:
    """The rows and inner numbers of a table: cells row by row, row totals, column totals, all."""
    height, width = len(counts), len(counts[0])
    each = np.eye(height * width, dtype=np.int64)
    grid = each.reshape(height, width, -1)
    sums = [*each, *grid.sum(axis=1), *grid.sum(axis=0), grid.sum(axis=(0, 1))]
    return [list(map(int, row)) for row in sums], [n for row in counts for n in row]


def all_but(count: int, hidden: Sequence[int]) -> Flags:
    """Everything shown but ``hidden``."""
    visible = np.ones(count, dtype=np.bool_)
    visible[list(hidden)] = False
    return visible


class Slow:
    """The same attacker, naively: a linear program or an enumeration for every question."""

    def __init__(self, problem: Problem, visible: Flags) -> None:
        self.rows = problem.rows.toarray()
        self.values = problem.values
        self.inner = problem.inner
        self.shown = (visible & problem.listed) | problem.open
        self.floored = problem.listed & ~self.shown
        self.floor = np.minimum(problem.floor, self.values)
        self.equations = problem.equations.toarray()
        self.sought: list[int] = np.flatnonzero(problem.small & ~self.shown).tolist()
        self.lone = [cell for cell in self.sought if self.values[cell] == 1]
        self.interval = cache(self._interval)

    def known(self, insider: int = -1) -> Integers:
        """The rows whose sums are known, to everyone or to one who is alone in a cell."""
        parts = [self.rows[self.shown], self.equations]
        if insider >= 0:
            row = self.rows[insider]
            alone = (row >= 0).all()
            parts.append(np.eye(len(row), dtype=np.int64)[row != 0] if alone else row[None, :])
        return np.concatenate(parts)

    def _interval(self, cell: int, insider: int = -1) -> Floats:
        """The least and greatest value, by linear programming over the inner numbers."""
        known = self.known(insider)
        ends = []
        for way in (1, -1):
            answer = linprog(
                way * self.rows[cell],
                A_eq=known if len(known) else None,
                b_eq=known @ self.inner if len(known) else None,
                A_ub=-self.rows[self.floored] if self.floored.any() else None,
                b_ub=-self.floor[self.floored] if self.floored.any() else None,
            )
            ends.append(way * (float(answer.fun or 0.0) if answer.status == 0 else -np.inf))
        return np.array(ends)

    def values_left(self, cell: int, insider: int = -1) -> float:
        """How many whole values the interval holds."""
        low, high = self.interval(cell, insider)
        return float(np.floor(high + 1e-6) - np.ceil(low - 1e-6) + 1)

    @property
    def unknown(self) -> Flags:
        """The inner numbers that no known row gives outright, nor forces to nought."""
        left: Flags = np.ones(len(self.inner), dtype=np.bool_)
        for _ in range(len(left) + 1):
            for row in self.known():
                rest = row * left
                alike = (rest >= 0).all() or (rest <= 0).all()
                if np.count_nonzero(rest) == 1 or (alike and rest @ self.inner == 0):
                    left[rest != 0] = False
        return left

    def follows(self, cell: int) -> bool:
        """Whether the cell is a combination of known rows once plain noughts are struck out."""
        known = self.known()
        left = np.ones(len(self.inner), dtype=np.bool_)
        while True:
            struck = ((known[:, left] >= 0).all(axis=1)) & (known @ (left * self.inner) == 0)
            forced = (known[struck] > 0).any(axis=0) & left
            if not forced.any():
                break
            left &= ~forced
        more = np.concatenate([known, self.rows[[cell]]])[:, left]
        if not more.size:
            return True
        return bool(np.linalg.matrix_rank(known[:, left]) == np.linalg.matrix_rank(more))

    def tables(self, greatest: int) -> Integers:
        """Every whole table that fits, of inner numbers up to ``greatest``, one a row."""
        known, floored = self.known(), self.rows[self.floored]
        every = np.array(list(product(range(greatest + 1), repeat=len(self.inner))))
        fits = (every @ known.T == known @ self.inner).all(axis=1)
        fits &= (every @ floored.T >= self.floor[self.floored]).all(axis=1)
        found: Integers = every[fits]
        return found
