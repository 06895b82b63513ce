"""Rows as sums of smaller rows, so that linear programs have few numbers in them.

The total of a country is the sum of its regions: said so, it takes ten numbers, and not one for
each inner number of the country.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.problem import Flags, Integers

jit = nb.njit(cache=True, nogil=True)


class Parts(NamedTuple):
    """Each row is the sum of the rows in ``smaller`` and of ``rest``.

    ``smaller``: 0/1, shape (rows, rows). ``rest``: shape (rows, inner numbers).
    """

    smaller: csr_array
    rest: csr_array


def parts_of(rows: csr_array, usable: Flags) -> Parts:
    """The largest rows among those in ``usable`` that each row is a sum of, and what is left.

    Only sums without factors have parts, and are parts; no row is a part of one that is as large.
    """
    matrix = csr_array(rows)
    turned = csr_array(matrix.T)
    data = (matrix.data != 1).astype(np.int64)
    factors = csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape).sum(axis=1)
    whole, part = _find(
        _Runs(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)),
        _Runs(turned.indptr.astype(np.int64), turned.indices.astype(np.int64)),
        factors == 0,
        usable,
    )
    count = matrix.shape[0]
    ones = np.ones(len(whole), dtype=np.int64)
    smaller = csr_array((ones, (whole, part)), shape=(count, count))
    rest = csr_array(matrix - smaller @ matrix)
    rest.eliminate_zeros()
    return Parts(smaller, rest)


class _Runs(NamedTuple):
    """What is in each row, one after another."""

    start: Integers
    items: Integers


@jit
def _find(rows: _Runs, turned: _Runs, plain: Flags, usable: Flags) -> tuple[Integers, Integers]:
    """Pairs of a row and a part of it; the parts of a row have nothing in common."""
    count = len(plain)
    fit = usable & plain
    common, met = np.zeros(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    left = np.zeros(len(turned.start), dtype=np.bool_)
    whole = [np.int64(0) for _ in range(0)]
    part = [np.int64(0) for _ in range(0)]
    for row in range(count):
        if not plain[row]:
            continue
        number = _meet(rows, turned, row, common, met)
        ranks = _inside(rows, row, fit, common, met[:number])
        own = rows.items[rows.start[row] : rows.start[row + 1]]
        left[own] = True
        for rank in ranks[::-1]:
            other = rank % count
            some = rows.items[rows.start[other] : rows.start[other + 1]]
            if left[some].all():
                left[some] = False
                whole.append(np.int64(row))
                part.append(other)
        left[own] = False
    return np.array(whole, dtype=np.int64), np.array(part, dtype=np.int64)


@jit
def _meet(rows: _Runs, turned: _Runs, row: int, common: Integers, met: Integers) -> int:
    """Count what a row has in common with others, which ``met`` gets; how many they are."""
    number = 0
    for at in range(rows.start[row], rows.start[row + 1]):
        inner = rows.items[at]
        for at_row in range(turned.start[inner], turned.start[inner + 1]):
            other = turned.items[at_row]
            if common[other] == 0:
                met[number] = other
                number += 1
            common[other] += 1
    return number


@jit
def _inside(rows: _Runs, row: int, fit: Flags, common: Integers, met: Integers) -> Integers:
    """The rows met that lie within a larger one, as ranks by size; ``common`` is noughts then."""
    count, size = len(common), common[row]
    ranks = np.empty(len(met), dtype=np.int64)
    number = 0
    for other in met:
        own = rows.start[other + 1] - rows.start[other]
        if fit[other] and 1 < own < size and common[other] == own:
            ranks[number] = own * count + other
            number += 1
        common[other] = 0
    return np.sort(ranks[:number])
