"""What else to hide so that a small cell can be another number: by linear programming.

A cell may be free to move, and yet not by a whole person: what is hidden around it is too
little. The cheapest change of inner numbers that moves the cell far enough, where every
visible cell may change at a price, tells which cells to hide for that (the relaxation of
Fischetti and Salazar-González 2001, in which a cell's price grows with its change).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, hstack

from kostra_publish.disclosure.engine.reduced import Reduced
from kostra_publish.disclosure.problem import Flags, Floats, Integers
from kostra_publish.disclosure.solver import TOLERANCE, program_of

_FREE = (-np.inf, np.inf)
UNEVEN = 0.05
"""Costs differ by this share at random, so that one cheapest change stands out."""
SEED = 1
BESIDE = 1e-3
"""What changes by less, when others change by 1, is not part of the change."""


class Move(NamedTuple):
    """A row that is to rise, or (unless ``up``) fall, so much, while ``held`` stands still."""

    row: int
    by: float
    up: bool
    held: int | None


class Found(NamedTuple):
    """The rows to hide, and a change of inner numbers that is then possible."""

    rows: Integers
    change: Floats


class Stretch:
    """One program for many cells of a pattern: it keeps its place from cell to cell."""

    def __init__(
        self, reduced: Reduced, visible: Flags, watched: Integers, *, endless: bool = False
    ) -> None:
        """``watched`` are the rows that will be moved, or held, ascending.

        With ``endless`` changes may be as long as we like: only what is 0, or at its floor,
        may not fall.
        """
        self._reduced, self._watched, self._endless = reduced, watched, endless
        priced = visible & reduced.listed & ~reduced.open & ~reduced.small
        hidden = (reduced.listed | (reduced.floor > 0)) & ~reduced.open & ~visible
        self._priced = np.flatnonzero(priced)
        known = np.concatenate([np.flatnonzero(reduced.open), self._priced])
        floored = np.flatnonzero(hidden)
        self._first = len(known) + len(floored)
        self._inner = len(reduced.inner)
        self._given = np.zeros(len(self._priced), dtype=np.bool_)
        uneven = 1 + UNEVEN * np.random.default_rng(SEED).random(len(self._priced))
        self._costs = np.tile(reduced.cost[self._priced] * uneven, 2)
        self._program = program_of(
            "interior",
            self._rows(np.concatenate([known, floored, watched])),
            self._row_bounds(len(known), floored),
            self._bounds,
            np.concatenate([np.zeros(self._inner), self._costs]),
        )

    def _rows(self, order: Integers) -> csr_array:
        """All rows of the program: a priced one may rise or fall by columns of its own."""
        count = len(self._priced)
        place = np.flatnonzero(np.isin(order, self._priced))
        own = csr_array((np.ones(count), (place, np.arange(count))), shape=(len(order), count))
        return csr_array(hstack([self._reduced.rows[order], -own, own], format="csr"))

    def _row_bounds(self, known: int, floored: Integers) -> tuple[Floats, Floats]:
        reduced, free = self._reduced, np.full(len(self._watched), np.inf)
        least = self._least(np.maximum(reduced.value - reduced.floor, 0)[floored])
        low = np.concatenate([np.zeros(known), least, -free])
        return low, np.concatenate([np.zeros(known), np.full(len(floored), np.inf), free])

    @property
    def _bounds(self) -> tuple[Floats, Floats]:
        """Nothing falls below nought, and no cell below what it is known to be at least."""
        reduced, count = self._reduced, len(self._priced)
        fall = -self._least(np.maximum(reduced.value - reduced.floor, 0)[self._priced])
        low = np.concatenate([self._least(reduced.inner), np.zeros(2 * count)])
        return low, np.concatenate([np.full(self._inner + count, np.inf), fall])

    def _least(self, room: Integers) -> Floats:
        """The least changes of what may fall by ``room``."""
        return np.where(room > 0, -np.inf, 0.0) if self._endless else -room.astype(np.float64)

    def shows(self, move: Move, changes: Floats) -> bool:
        """Whether one of some changes, shape (changes, inner numbers), is such a move."""
        moved = changes @ self._reduced.rows[[move.row]].toarray()[0]
        far = (moved if move.up else abs(moved)) >= move.by - TOLERANCE
        if move.held is not None:
            own = self._reduced.rows[[move.held]].indices
            far &= ~(abs(changes[:, own]) > TOLERANCE).any(axis=1)
        return bool(far.any())

    def cheapest(self, move: Move) -> Found | None:
        """The cheapest way to make a move; None if there is none, whatever is hidden."""
        ways = [(move.by, np.inf)]
        if not move.up and self._may_fall(move.row, move.by):
            ways.append((-np.inf, -move.by))
        found = [change for way in ways if (change := self._moved(move, way)) is not None]
        return self._found(min(found, key=self._price, default=None))

    def _may_fall(self, row: int, by: float) -> bool:
        """Whether a row may fall by so much: a difference always, a sum down to its floor."""
        is_difference = bool((self._reduced.rows[[row]].data < 0).any())
        return is_difference or bool(self._reduced.value[row] - by >= self._reduced.floor[row])

    def raise_all(self) -> Found | None:
        """The cheapest way in which all watched rows rise together; None if there is none."""
        for place in range(self._first, self._first + len(self._watched)):
            self._program.changeRowBounds(place, 1.0, np.inf)
        return self._found(self._program.answer())

    def _found(self, best: Floats | None) -> Found | None:
        if best is None:
            return None
        risen, fallen = np.split(best[self._inner :], 2)
        return Found(self._priced[risen + fallen > BESIDE], best[: self._inner])

    def give(self, rows: Integers) -> None:
        """These rows are hidden now: they change for nothing."""
        self._given |= np.isin(self._priced, rows)
        self._costs[np.tile(self._given, 2)] = 0
        self._ask(np.concatenate([np.zeros(self._inner), self._costs]), *self._bounds)

    def rise(self, move: Move) -> Floats:
        """A change that rises as far as the move wants, if it can while nothing more is hidden."""
        own = self._reduced.rows[[move.row]]
        wish = np.zeros(self._inner + len(self._costs))
        wish[own.indices] = -own.data
        low, high = self._bounds
        high[self._inner :][~np.tile(self._given, 2)] = 0
        self._ask(wish, low, high)
        found = self._moved(move, (-np.inf, move.by))
        self._ask(np.concatenate([np.zeros(self._inner), self._costs]), *self._bounds)
        return np.zeros(self._inner) if found is None else found[: self._inner]

    def _moved(self, move: Move, bounds: tuple[float, float]) -> Floats | None:
        """The answer while the row of a move is within these bounds, and what it holds is held."""
        place = self._place(move.row)
        self._program.changeRowBounds(place, *bounds)
        if move.held is not None:
            self._hold(move.held, still=True)
        found = self._program.answer()
        self._program.changeRowBounds(place, *_FREE)
        if move.held is not None:
            self._hold(move.held, still=False)
        return found

    def _ask(self, costs: Floats, low: Floats, high: Floats) -> None:
        columns = np.arange(len(costs), dtype=np.int32)
        self._program.changeColsCost(len(columns), columns, costs)
        self._program.changeColsBounds(len(columns), columns, low, high)

    def _hold(self, row: int, *, still: bool) -> None:
        """Let all inner numbers of a sum stand still (or move again); of others the sum."""
        own = self._reduced.rows[[row]]
        if (own.data < 0).any():
            self._program.changeRowBounds(self._place(row), *((0.0, 0.0) if still else _FREE))
            return
        for number in own.indices.tolist():
            low = 0.0 if still else -float(self._reduced.inner[number])
            self._program.changeColBounds(number, low, 0.0 if still else np.inf)

    def _place(self, row: int) -> int:
        return self._first + int(np.searchsorted(self._watched, row))

    def _price(self, found: Floats) -> float:
        cost = self._reduced.cost[self._priced]
        return float(found[self._inner :] @ np.concatenate([cost, cost]))
