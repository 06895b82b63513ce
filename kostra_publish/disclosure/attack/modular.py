"""Exact linear algebra: which rows follow from the known rows, modulo a large prime.

Modulo 2^31 - 1 a row that follows from the known rows over the fractions follows here too,
unless the prime divides one of the few small denominators of tables; and a random change that
all known rows leave at nought leaves another row at nought by chance once in 2^31.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

import numpy as np
from numba import njit
from scipy.sparse import csr_array

from kostra_publish.disclosure.problem import Flags, Integers

PRIME: Final = 2**31 - 1

RANDOM_VECTORS: Final = 3
"""So many null vectors are tried: each lets a row pass as following by chance once in 2^31."""


@dataclass(frozen=True, eq=False, repr=False)
class Echelon:
    """Independent rows among those given, each with a pivot column that later ones lack.

    ``ends``, ``columns`` and ``numbers`` are the reduced rows in compressed form, modulo
    ``PRIME``; the pivot stands first in each and is 1. ``basis`` tells which of the given
    rows are independent: the rows with fewest numbers where there is a choice.
    """

    ends: Integers
    columns: Integers
    numbers: Integers
    basis: Integers
    width: int

    def null_vectors(self, count: int, random: np.random.Generator) -> Integers:
        """Random changes that the rows leave at nought, modulo ``PRIME``: (width, count)."""
        vectors = random.integers(0, PRIME, (self.width, count))
        _substitute(self.ends, self.columns, self.numbers, vectors)
        return vectors


def echelon(rows: csr_array) -> Echelon:
    """The echelon form of the rows."""
    order = np.argsort(np.diff(rows.indptr), kind="stable").astype(np.int64)
    common = np.bincount(rows.indices, minlength=rows.shape[1])
    ends, columns, numbers, basis = _eliminate(
        rows.indptr.astype(np.int64),
        rows.indices.astype(np.int64),
        rows.data.astype(np.int64) % PRIME,
        order,
        common.astype(np.int64),
    )
    return Echelon(ends, columns, numbers, basis, rows.shape[1])


def products(rows: csr_array, vectors: Integers) -> Integers:
    """``rows @ vectors`` modulo ``PRIME``; coefficients are small, so nothing overflows."""
    found: Integers = (rows @ vectors) % PRIME
    return found


def following(rows: csr_array, vectors: Integers) -> Flags:
    """Which rows leave all these random null vectors at nought, so follow from the known."""
    found: Flags = (products(rows, vectors) == 0).all(axis=1)
    return found


@njit(cache=True)
def at_nought(effects: Integers, mixes: Integers) -> Flags:
    """Which rows of ``effects`` all these mixes of their first columns leave at nought.

    ``mixes``: shape (columns mixed, mixes), modulo ``PRIME``.
    """
    found = np.ones(len(effects), dtype=np.bool_)
    for row in range(len(effects)):
        for n in range(mixes.shape[1]):
            total = 0
            for column in range(len(mixes)):
                total = (total + effects[row, column] * mixes[column, n]) % PRIME
            if total:
                found[row] = False
                break
    return found


@njit(cache=True)
def _inverse(number: int) -> int:
    """The inverse modulo ``PRIME``, by Fermat's little theorem."""
    result, power, left = 1, number, PRIME - 2
    while left:
        if left & 1:
            result = result * power % PRIME
        power = power * power % PRIME
        left >>= 1
    return result


@njit(cache=True)
def _eliminate(
    starts: Integers, indices: Integers, data: Integers, order: Integers, common: Integers
) -> tuple[Integers, Integers, Integers, Integers]:
    """Row by row: take away the pivots before it, and make the rarest column left its pivot.

    A pivot row holds no pivot columns of rows before it, so taking pivots away in their order
    meets each once.
    """
    width = len(common)
    work, touched = np.zeros(width, dtype=np.int64), np.zeros(width, dtype=np.bool_)
    seen, pivot_of = np.empty(width, dtype=np.int64), np.full(width, -1, dtype=np.int64)
    at_work = (work, touched, seen, pivot_of)
    ends = np.zeros(len(order) + 1, dtype=np.int64)
    basis = np.empty(len(order), dtype=np.int64)
    columns = np.empty(4 * len(indices) + width, dtype=np.int64)
    numbers = np.empty(4 * len(indices) + width, dtype=np.int64)
    rank = 0
    for row in order:
        queue = [np.int64(0) for _ in range(0)]
        here = (starts[row], starts[row + 1])
        count = _add((indices, data), here, 1, at_work, 0, queue)
        while queue:
            pivot = heappop(queue)
            here = (ends[pivot], ends[pivot + 1])
            factor = PRIME - work[columns[here[0]]]
            count = _add((columns, numbers), here, factor, at_work, count, queue)
        best = -1
        for column in seen[:count]:
            if work[column] and (best < 0 or common[column] < common[best]):
                best = column
        if best >= 0:
            if ends[rank] + count > len(columns):
                more = np.empty(len(columns) + width, dtype=np.int64)
                columns = np.concatenate((columns, more))
                numbers = np.concatenate((numbers, more))
            pivot_of[best] = rank
            basis[rank] = row
            ends[rank + 1] = _store(columns, numbers, ends[rank], best, work, seen[:count])
            rank += 1
        for column in seen[:count]:
            work[column] = 0
            touched[column] = False
    return ends[: rank + 1], columns[: ends[rank]], numbers[: ends[rank]], basis[:rank]


@njit(cache=True)
def _add(
    stored: tuple[Integers, Integers],
    here: tuple[int, int],
    factor: int,
    at_work: tuple[Integers, Flags, Integers, Integers],
    count: int,
    queue: list[np.int64],
) -> int:
    """Add a multiple of a stored row to the row at work, and queue the pivots it brings.

    ``at_work`` is the row, the columns it has touched as flags and as a list of which
    ``count`` are in use, and the pivot of each column. Returns the new ``count``.
    """
    columns, numbers = stored
    work, touched, seen, pivot_of = at_work
    for k in range(here[0], here[1]):
        column = columns[k]
        work[column] = (work[column] + factor * numbers[k]) % PRIME
        if not touched[column]:
            touched[column] = True
            seen[count] = column
            count += 1
            if pivot_of[column] >= 0:
                heappush(queue, pivot_of[column])
    return count


@njit(cache=True)
def _store(
    columns: Integers, numbers: Integers, end: int, pivot: int, work: Integers, seen: Integers
) -> int:
    """Store the row at work from ``end`` on, scaled so that its pivot is 1; returns its end."""
    scale = _inverse(work[pivot])
    columns[end], numbers[end] = pivot, 1
    end += 1
    for column in seen:
        if work[column] and column != pivot:
            columns[end], numbers[end] = column, work[column] * scale % PRIME
            end += 1
    return end


@njit(cache=True)
def _substitute(ends: Integers, columns: Integers, numbers: Integers, vectors: Integers) -> None:
    """Set the pivot numbers of each vector so that every row leaves it at nought."""
    for row in range(len(ends) - 2, -1, -1):
        pivot = columns[ends[row]]
        for n in range(vectors.shape[1]):
            total = 0
            for k in range(ends[row] + 1, ends[row + 1]):
                total = (total + numbers[k] * vectors[columns[k], n]) % PRIME
            vectors[pivot, n] = (PRIME - total) % PRIME
