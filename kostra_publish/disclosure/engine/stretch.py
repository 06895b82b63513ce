"""What else to hide so that a small cell can be another number: by linear programming.

A cell may be free to move, and yet not by a whole person: what is hidden around it is too
little. The cheapest change of inner numbers that moves the cell far enough, where every
visible cell may change at a price, tells which cells to hide for that (the relaxation of
Fischetti and Salazar-González 2001, in which a cell's price grows with its change).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack

from kostra_publish.disclosure.engine.parts import parts_of
from kostra_publish.disclosure.engine.reduced import Reduced
from kostra_publish.disclosure.problem import Flags, Floats, Integers
from kostra_publish.disclosure.solver import TOLERANCE, program_of

NEAR: Final = 12_000
"""How many inner numbers around a cell may change at first; then all."""
UNEVEN: Final = 0.05
"""Costs differ by this share at random, so that one cheapest change stands out."""
SEED: Final = 1
BESIDE: Final = 1e-3
"""What changes by less, when others change by 1, is not part of the change."""


class Move(NamedTuple):
    """A row that is to rise, or (unless ``up``) fall, so much, while ``held`` stands still."""

    row: int
    by: int
    up: bool
    held: int | None


class Wanted(NamedTuple):
    """A small cell that must be able to be ``by`` more, or (unless ``up``) ``by`` less.

    While the cell ``held``, if any, stands still, as it does for its lone contributor.
    """

    cell: int
    by: int
    up: bool = False
    held: int | None = None

    def in_rows(self, reduced: Reduced) -> Move:
        """The same for the rows of the two cells."""
        held = None if self.held is None else int(reduced.of_cell[self.held])
        return Move(int(reduced.of_cell[self.cell]), self.by, self.up, held)


class Found(NamedTuple):
    """The rows to hide, and a change of inner numbers that is then possible."""

    rows: Integers
    change: Floats
    price: float


def raise_all(reduced: Reduced, visible: Flags, watched: Integers) -> Found | None:
    """The cheapest way in which all watched rows rise together; None if there is none.

    It may take as long changes as we like: only what is 0, or at its floor, may not fall.
    """
    numbers = np.arange(len(reduced.inner))
    program = _Stretch(reduced, visible, watched, numbers, endless=True)
    for row in watched.tolist():
        program.bound(row, 1.0, np.inf)
    return program.found()


def cheapest(reduced: Reduced, visible: Flags, move: Move) -> Found | None:
    """The cheapest way to make a move; None if there is none, whatever is hidden.

    It is first sought among the changes that leave alone what is far away.
    """
    watched = np.unique([row for row in (move.row, move.held) if row is not None])
    for size in sorted({min(NEAR, len(reduced.inner)), len(reduced.inner)}):
        program = _Stretch(reduced, visible, watched, around(reduced, move.row, size))
        if move.held is not None:
            program.hold(move.held)
        free = program.free(move)
        if free is not None and shown(reduced, [move], free.change[None]).all():
            return free
        if (found := program.cheapest(move)) is not None:
            return found
    return None


def shown(reduced: Reduced, moves: Sequence[Move], changes: Floats) -> Flags:
    """For each move whether one of some changes, shape (changes, inner numbers), is it."""
    moved: Floats = changes @ reduced.rows[[move.row for move in moves]].T
    either = np.array([not move.up for move in moves])
    moved[:, either] = abs(moved[:, either])
    far = moved >= np.array([move.by for move in moves]) - TOLERANCE
    for place, move in enumerate(moves):
        if move.held is not None and far[:, place].any():
            own = reduced.rows[[move.held]].indices
            still = ~(abs(changes[:, own]) > TOLERANCE).any(axis=1)
            far[:, place] &= still
    found: Flags = np.asarray(far.any(axis=0))
    return found


def may_fall(reduced: Reduced, row: int, by: float) -> bool:
    """Whether a row may fall by so much: a difference always, a sum down to its floor."""
    is_difference = bool((reduced.rows[[row]].data < 0).any())
    return is_difference or bool(reduced.value[row] - by >= reduced.floor[row])


def around(reduced: Reduced, row: int, size: int) -> Integers:
    """About ``size`` inner numbers, ascending: those of a row, and what shares rows with them.

    Nearest are those that share the smallest rows.
    """
    count = len(reduced.inner)
    inside = np.zeros(count, dtype=np.bool_)
    inside[reduced.rows[[row]].indices] = True
    if size >= count:
        return np.arange(count)
    turned, sizes = reduced.turned, np.diff(reduced.rows.indptr)
    met = np.zeros(len(sizes), dtype=np.bool_)
    while np.count_nonzero(inside) < size:
        touched = np.unique(turned[np.flatnonzero(inside)].indices)
        touched = touched[~met[touched]]
        if not len(touched):
            break
        # The smaller half of the rows that are new.
        few = touched[np.argsort(sizes[touched], kind="stable")][: max(1, len(touched) // 2)]
        met[few] = True
        inside[reduced.rows[few].indices] = True
    return np.flatnonzero(inside)


class _Stretch:
    """The program of a pattern in which only some inner numbers change."""

    def __init__(
        self,
        reduced: Reduced,
        visible: Flags,
        watched: Integers,
        numbers: Integers,
        *,
        endless: bool = False,
    ) -> None:
        """``watched`` are the rows that will be moved, or held, ascending."""
        self._reduced, self._watched, self._numbers = reduced, watched, numbers
        self._endless = endless
        self._rows = csr_array(reduced.rows[:, numbers])
        here = np.diff(self._rows.indptr) > 0
        hidden = (reduced.listed | (reduced.floor > 0)) & ~reduced.open & ~visible
        self._priced = np.flatnonzero(
            here & visible & reduced.listed & ~reduced.open & ~reduced.small
        )
        known = np.concatenate([np.flatnonzero(here & reduced.open), self._priced])
        floored = np.flatnonzero(here & hidden)
        self._first = len(known) + len(floored)
        uneven = 1 + UNEVEN * np.random.default_rng(SEED).random(len(self._priced))
        price = reduced.cost[self._priced] * uneven
        self._costs = np.concatenate([np.zeros(len(numbers)), price, price])
        self._program = program_of(
            "interior",
            self._all_rows(np.concatenate([known, floored, watched])),
            self._row_bounds(len(known), floored),
            self._column_bounds(),
            self._costs,
        )

    def _all_rows(self, order: Integers) -> csr_array:
        """All rows of the program: a priced one may rise or fall by columns of its own.

        By these its change is also told in the rows that it is a part of.
        """
        is_priced = np.zeros(self._rows.shape[0], dtype=np.bool_)
        is_priced[self._priced] = True
        parts = parts_of(self._rows, is_priced)
        own = csr_array(eye_array(len(is_priced), format="csr")[:, self._priced])
        changes = csr_array(parts.smaller[:, self._priced] - own)[order]
        return csr_array(hstack([parts.rest[order], changes, -changes], format="csr"))

    def _row_bounds(self, known: int, floored: Integers) -> tuple[Floats, Floats]:
        reduced, free = self._reduced, np.full(len(self._watched), np.inf)
        least = self._least(np.maximum(reduced.value - reduced.floor, 0)[floored])
        low = np.concatenate([np.zeros(known), least, -free])
        return low, np.concatenate([np.zeros(known), np.full(len(floored), np.inf), free])

    def _column_bounds(self) -> tuple[Floats, Floats]:
        """Nothing falls below nought, and no cell below what it is known to be at least."""
        reduced, count = self._reduced, len(self._priced)
        fall = -self._least(np.maximum(reduced.value - reduced.floor, 0)[self._priced])
        low = np.concatenate([self._least(reduced.inner[self._numbers]), np.zeros(2 * count)])
        return low, np.concatenate([np.full(len(self._numbers) + count, np.inf), fall])

    def _least(self, room: Integers) -> Floats:
        """The least changes of what may fall by ``room``."""
        return np.where(room > 0, -np.inf, 0.0) if self._endless else -room.astype(np.float64)

    def cheapest(self, move: Move) -> Found | None:
        """The cheapest way to make a move with these numbers; None if there is none."""
        ways: list[tuple[float, float]] = [(move.by, np.inf)]
        if not move.up and may_fall(self._reduced, move.row, move.by):
            ways.append((-np.inf, -move.by))
        found: list[Found] = []
        for low, high in ways:
            self.bound(move.row, low, high)
            one = self.found()
            found += [] if one is None else [one]
        return min(found, key=lambda one: one.price, default=None)

    def free(self, move: Move) -> Found | None:
        """The change that comes nearest to a move upwards while nothing more is hidden."""
        count = len(self._numbers)
        columns = np.arange(count + 2 * len(self._priced), dtype=np.int32)
        own = self._rows[[move.row]]
        wish = np.zeros(len(columns))
        wish[own.indices] = -own.data
        priced = columns[count:]
        low, high = (bounds[count:] for bounds in self._column_bounds())
        self._program.changeColsCost(len(columns), columns, wish)
        self._program.changeColsBounds(len(priced), priced, low, np.zeros(len(priced)))
        self.bound(move.row, -np.inf, move.by)
        found = self.found()
        self.bound(move.row, -np.inf, np.inf)
        self._program.changeColsCost(len(columns), columns, self._costs)
        self._program.changeColsBounds(len(priced), priced, low, high)
        return found

    def bound(self, row: int, low: float, high: float) -> None:
        """The least and greatest change of a watched row."""
        place = self._first + int(np.searchsorted(self._watched, row))
        self._program.changeRowBounds(place, low, high)

    def found(self) -> Found | None:
        """The cheapest change within all bounds."""
        best = self._program.answer()
        if best is None:
            return None
        inner, risen, fallen = np.split(
            best, [len(self._numbers), len(self._numbers) + len(self._priced)]
        )
        change = np.zeros(len(self._reduced.inner))
        change[self._numbers] = inner
        rows = self._priced[risen + fallen > BESIDE]
        return Found(rows, change, float(self._costs @ best))

    def hold(self, row: int) -> None:
        """Let all inner numbers of a sum stand still; of others the sum."""
        own = self._rows[[row]]
        if (own.data < 0).any():
            self.bound(row, 0.0, 0.0)
            return
        for number in own.indices.tolist():
            self._program.changeColBounds(number, 0.0, 0.0)
