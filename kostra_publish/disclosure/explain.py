"""Why a figure is hidden though it is not small: which small figures it protects.

Answers come from linear algebra on what is shown, as the attack does it, and never hold a
value. Every change of the hidden numbers that no shown figure contradicts is a *null vector*
of what is shown; random ones, modulo a large prime, stand for all of them. What each cell
comes to along them is its *print*. A cell with nothing in its print follows from what is
shown; two cells with proportional prints give each other away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csc_array, csr_array, hstack, vstack

from kostra_publish.disclosure.attack.modular import PRIME, echelon, products
from kostra_publish.disclosure.attack.view import unknown_numbers
from kostra_publish.disclosure.problem import Flags, Floats, Integers, Problem
from kostra_publish.disclosure.why import Why

SEED: Final = 7
VECTORS: Final = 4
"""Random null vectors; two prints look proportional by chance once in 2^93."""
MOST: Final = 12
"""Small cells that are named at most where only nearness tells which."""
WIDTHS: Final = (4, 8, 12, 16, 32, 64, 128, 256)
"""How many inner numbers the figures hold at most through which two cells are linked."""
REACH: Final = 4
"""How many such figures away from the two others are sought."""
MOST_ROWS: Final = 10_000
"""Figures at most among which those are sought that link two cells."""
TINY: Final = 1e-6


@dataclass(frozen=True)
class Reason:
    """Why one cell is hidden: cells are numbers of cells of the problem.

    ``protects``: small cells that would be given away; by nearness, where ``why`` is NEAR:
    those with which the cell shares the smallest total. ``alone``: for an insider, the small
    cell with one contributor, who would find out; pairwise with ``protects``.
    """

    cell: int
    why: Why
    protects: tuple[int, ...] = ()
    alone: tuple[int, ...] = ()


def secondary(problem: Problem, visible: Flags) -> Flags:
    """The cells of tables that are hidden only to protect small ones."""
    found: Flags = problem.listed & ~problem.small & ~problem.open & ~visible
    return found


def reasons(problem: Problem, visible: Flags, cells: Sequence[int] | None = None) -> list[Reason]:
    """Why each of ``cells`` is hidden, or each secondary cell when none are given.

    ``visible`` has one flag per cell. Raises ValueError as ``Reasons.reason`` does.
    """
    every = Reasons(problem, visible)
    asked = np.flatnonzero(secondary(problem, visible)).tolist() if cells is None else cells
    return [every.reason(cell) for cell in asked]


@dataclass(frozen=True, eq=False)
class Reasons:
    """Why cells of a problem are hidden, one by one; what all answers need is worked out once.

    ``visible`` has one flag per cell.
    """

    problem: Problem
    visible: Flags

    def reason(self, cell: int) -> Reason:
        """Why a cell is hidden.

        Raises ValueError when it is not hidden to protect others.
        """
        if not self._secondary[cell]:
            msg = "a cell that is shown, small or known needs no reason to be hidden"
            raise ValueError(msg)
        return (
            self._prints.reason(cell) or self._knowing.reason(cell) or self._nearness.reason(cell)
        )

    def derivation(self, reason: Reason) -> tuple[int, ...]:
        """Shown cells that, with the reason's own cell, give the first small cell it protects.

        As few as can be found nearby, the most important first; empty where none are found, or
        where nothing follows by arithmetic alone.
        """
        if reason.why not in {Why.FOLLOWS, Why.NOUGHTS}:
            return ()
        shown, known = self._known
        cells = np.append(shown, np.full(self.problem.equations.shape[0], -1, dtype=np.int64))
        told = self.problem.inner > 0
        if reason.why is Why.FOLLOWS:
            told = told | self._unknown
        kept = np.flatnonzero(told)
        ends = _tidy(self.problem.rows[[reason.cell, reason.protects[0]]][:, kept])
        found = cells[_link(_tidy(known[:, kept]), ends)]
        return tuple(dict.fromkeys(cell for cell in found.tolist() if cell >= 0))

    @cached_property
    def _secondary(self) -> Flags:
        return secondary(self.problem, self.visible)

    @cached_property
    def _known(self) -> tuple[Integers, csr_array]:
        return _known(self.problem, self.visible)

    @cached_property
    def _unknown(self) -> Flags:
        return unknown_numbers(self._known[1], self.problem.inner)

    @cached_property
    def _prints(self) -> _Prints:
        return _Prints(self.problem, self.visible, noughts=False)

    @cached_property
    def _knowing(self) -> _Prints:
        """The prints for those who know where nobody is."""
        return _Prints(self.problem, self.visible, noughts=True)

    @cached_property
    def _nearness(self) -> _Nearness:
        return _Nearness(self.problem, self.visible)


class _Prints:
    """The print of every cell, and what a cell with a given print would give away."""

    def __init__(self, problem: Problem, visible: Flags, *, noughts: bool) -> None:
        """With ``noughts``, everyone knows which inner numbers are 0."""
        self.noughts = noughts
        shown, known = _known(problem, visible)
        told = unknown_numbers(known, problem.inner)
        left = np.flatnonzero(told & (problem.inner > 0) if noughts else told)
        form = echelon(_tidy(known[:, left]))
        vectors = form.null_vectors(VECTORS, np.random.default_rng(SEED))
        self.of = products(csr_array(problem.rows[:, left]), vectors)
        small = np.setdiff1d(np.flatnonzero(problem.small), shown)
        self.small = small[self.of[small].any(axis=1)]
        self.single = problem.single[self.small]
        self.alike = _alike(self.of[self.small])

    def reason(self, cell: int) -> Reason | None:
        """What showing the cell would give away, if anything by arithmetic alone."""
        own = self.of[cell]
        if not own.any():
            return None if self.noughts else Reason(cell, Why.KNOWN)
        rest = _without(self.of[self.small], own)
        given = np.flatnonzero(~rest.any(axis=1))
        if len(given):
            protects = tuple(self.small[given].tolist())
            return Reason(cell, Why.NOUGHTS if self.noughts else Why.FOLLOWS, protects)
        pairs = sorted(self._pairs(rest))
        if not pairs:
            return None
        alone, protects = zip(*pairs, strict=True)
        why = Why.INSIDER_NOUGHTS if self.noughts else Why.INSIDER
        return Reason(cell, why, protects, alone)

    def _pairs(self, rest: Integers) -> Iterator[tuple[int, int]]:
        """Small cells that become proportional and were not, one of them with one contributor."""
        now = _alike(rest)
        order = np.lexsort((self.alike, now))
        group = np.split(order, np.flatnonzero(np.diff(now[order])) + 1)
        for members in group:
            if len(members) < 2 or (self.alike[members] == self.alike[members[0]]).all():
                continue
            for insider in members[self.single[members]]:
                for other in members[self.alike[members] != self.alike[insider]]:
                    yield int(self.small[insider]), int(self.small[other])


class _Nearness:
    """Which small cells lie closest to a cell: those that share the narrowest total with it."""

    def __init__(self, problem: Problem, visible: Flags) -> None:
        self.rows = problem.rows
        self.columns = csr_array(problem.rows.T)
        self.sizes = np.diff(problem.rows.indptr)
        self.sought = problem.small & ~((visible & problem.listed) | problem.open)

    def reason(self, cell: int) -> Reason:
        """The small cells within the narrowest cell that holds both them and ``cell``."""
        own = self.rows.indices[self.rows.indptr[cell] : self.rows.indptr[cell + 1]]
        above = np.bincount(self.columns[own].indices, minlength=self.rows.shape[0]) == len(own)
        for total in sorted(np.flatnonzero(above), key=lambda one: (self.sizes[one], one)):
            inner = np.zeros(self.rows.shape[1], dtype=np.int64)
            inner[self.rows[[total]].indices] = 1
            inside = (self.rows @ inner != 0) & self.sought & (self.sizes <= self.sizes[total])
            if inside.any():
                return Reason(cell, Why.NEAR, tuple(np.flatnonzero(inside)[:MOST].tolist()))
        return Reason(cell, Why.NEAR)


# --- how one follows from the other ---------------------------------------------------


def _link(known: csr_array, ends: csr_array) -> Integers:
    """Known rows of which the second of ``ends`` is a combination, with the first known too.

    Sought among the narrow rows that hang together with the two, then among wider ones: the
    figures of the same kommune before those of others. None where there are too many.
    """
    holds = known.copy()
    holds.data[:] = 1
    sizes = np.diff(known.indptr)
    before = 0
    for width in WIDTHS:
        inside = np.zeros(known.shape[1], dtype=np.int64)
        inside[ends.indices] = 1
        for _ in range(REACH):
            inside[known[np.flatnonzero((holds @ inside > 0) & (sizes <= width))].indices] = 1
        rows = np.flatnonzero((holds @ inside == sizes) & (sizes > 0))
        if len(rows) > MOST_ROWS:
            break
        if len(rows) > before:
            weights = _lightest(csr_array(known[rows]), ends)
            if weights.any():
                return rows[np.argsort(-weights, kind="stable")[: np.count_nonzero(weights)]]
        before = len(rows)
    return np.zeros(0, dtype=np.int64)


def _lightest(rows: csr_array, ends: csr_array) -> Floats:
    """How much of each row makes the second of ``ends`` of the first, the least in all.

    Basis pursuit (Chen, Donoho and Saunders 2001): a linear program whose solutions tend to
    have few terms. Noughts when there is none.
    """
    count, width = rows.shape
    own, one, other = csc_array(rows.T), csc_array(ends[[0]].T), ends[[1]].toarray().ravel()
    found: Any = linprog(
        np.concatenate([np.ones(2 * count), [0.0]]),
        A_eq=hstack([own, -own, one], format="csr"),
        b_eq=other.reshape(width),
        bounds=[(0, None)] * (2 * count) + [(None, None)],
        method="highs",
    )
    if found.x is None:
        return np.zeros(count)
    weights = np.abs(found.x[:count] - found.x[count : 2 * count])
    return np.where(weights > TINY, weights, 0.0)


# --- prints ---------------------------------------------------------------------------


def _known(problem: Problem, visible: Flags) -> tuple[Integers, csr_array]:
    """The shown cells, and rows of what everyone knows: theirs, then the equations."""
    shown = np.flatnonzero((visible & problem.listed) | problem.open)
    return shown, csr_array(vstack([problem.rows[shown], problem.equations], format="csr"))


def _tidy(rows: csr_array) -> csr_array:
    tidy = csr_array(rows)
    tidy.sum_duplicates()
    tidy.eliminate_zeros()
    return tidy


def _alike(prints: Integers) -> Integers:
    """A number for each print, the same for proportional ones."""
    scaled = _scaled(prints)
    return np.unique(scaled, axis=0, return_inverse=True)[1].ravel()


def _scaled(prints: Integers) -> Integers:
    """Each print divided by its first number that is not 0, modulo PRIME."""
    first = prints[np.arange(len(prints)), (prints != 0).argmax(axis=1)]
    scaled: Integers = prints * _inverse(first)[:, None] % PRIME
    return scaled


def _without(prints: Integers, one: Integers) -> Integers:
    """Each print less the multiple of ``one`` that leaves its pivot at 0, modulo PRIME."""
    pivot = int(np.flatnonzero(one)[0])
    scaled = _scaled(one[None, :])[0]
    rest: Integers = (prints - prints[:, [pivot]] * scaled % PRIME) % PRIME
    return rest


def _inverse(numbers: Integers) -> Integers:
    """The inverses modulo PRIME, 0 for 0, by Fermat's little theorem."""
    result, power, left = np.ones_like(numbers), numbers % PRIME, PRIME - 2
    while left:
        if left & 1:
            result = result * power % PRIME
        power = power * power % PRIME
        left >>= 1
    return result
