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
from enum import StrEnum
from typing import Final

import numpy as np
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.attack.modular import PRIME, echelon, products
from kostra_publish.disclosure.attack.view import unknown_numbers
from kostra_publish.disclosure.problem import Flags, Integers, Problem

SEED: Final = 7
VECTORS: Final = 4
"""Random null vectors; two prints look proportional by chance once in 2^93."""
MOST: Final = 12
"""Small cells that are named at most where only nearness tells which."""


class Why(StrEnum):
    """What would happen if a hidden cell alone were shown too."""

    FOLLOWS = "follows"
    """Small cells would follow by arithmetic."""
    INSIDER = "insider"
    """Whoever is alone in one small cell could work out another."""
    NOUGHTS = "noughts"
    """Small cells would follow for those who know where nobody is."""
    INSIDER_NOUGHTS = "insider and noughts"
    """The same for whoever is alone in a small cell."""
    NEAR = "near"
    """No single cell follows: what is kept open is the interval of small cells nearby."""
    KNOWN = "known"
    """Nothing: the cell itself follows from what is shown."""


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

    ``visible`` has one flag per cell. Raises ValueError when one of ``cells`` is not hidden to
    protect others.
    """
    hidden = secondary(problem, visible)
    asked = np.flatnonzero(hidden) if cells is None else np.array(cells, dtype=np.int64)
    if not hidden[asked].all():
        msg = "a cell that is shown, small or known needs no reason to be hidden"
        raise ValueError(msg)
    everything = np.ones(len(problem.inner), dtype=np.bool_)
    found: dict[int, Reason] = {}
    for told, noughts in ((problem, False), (problem.with_noughts(everything), True)):
        shown = np.append(visible, np.zeros(len(told.small) - len(visible), dtype=np.bool_))
        prints = _Prints(told, shown)
        for cell in asked:
            if int(cell) not in found and (reason := prints.reason(int(cell), noughts=noughts)):
                found[int(cell)] = reason
    near = _Nearness(problem, visible)
    return [found.get(int(cell)) or near.reason(int(cell)) for cell in asked]


class _Prints:
    """The print of every cell, and what a cell with a given print would give away."""

    def __init__(self, problem: Problem, visible: Flags) -> None:
        shown = (visible & problem.listed) | problem.open
        known = csr_array(vstack([problem.rows[shown], problem.equations], format="csr"))
        left = np.flatnonzero(unknown_numbers(known, problem.inner))
        form = echelon(_tidy(known[:, left]))
        vectors = form.null_vectors(VECTORS, np.random.default_rng(SEED))
        self.of = products(csr_array(problem.rows[:, left]), vectors)
        small = np.flatnonzero(problem.small & ~shown)
        self.small = small[self.of[small].any(axis=1)]
        self.single = problem.single[self.small]
        self.alike = _alike(self.of[self.small])

    def reason(self, cell: int, *, noughts: bool) -> Reason | None:
        """What showing the cell would give away, if anything by arithmetic alone."""
        own = self.of[cell]
        if not own.any():
            return None if noughts else Reason(cell, Why.KNOWN)
        rest = _without(self.of[self.small], own)
        given = np.flatnonzero(~rest.any(axis=1))
        if len(given):
            protects = tuple(self.small[given].tolist())
            return Reason(cell, Why.NOUGHTS if noughts else Why.FOLLOWS, protects)
        pairs = sorted(self._pairs(rest))
        if not pairs:
            return None
        alone, protects = zip(*pairs, strict=True)
        return Reason(cell, Why.INSIDER_NOUGHTS if noughts else Why.INSIDER, protects, alone)

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


# --- prints ---------------------------------------------------------------------------


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
