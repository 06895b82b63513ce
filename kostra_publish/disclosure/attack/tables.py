"""Other tables that fit all that is visible, inner number by inner number.

What an attack has found is kept as such tables, so that it holds for other patterns too, and
for anyone who adds up cells.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.attack.reduction import Reduced
from kostra_publish.disclosure.attack.view import View
from kostra_publish.disclosure.problem import Flags, Integers, Problem
from kostra_publish.disclosure.solver import TOLERANCE


def of_inner(view: View, reduced: Reduced, inner: Integers, changes: csr_array) -> csr_array:
    """Changes of the numbers of ``reduced`` as changes of inner numbers, shape (changes, inner).

    An unknown number is the sum of inner numbers that stand in the same cells. It rises with
    the first of them, and falls with one after the other, each down to nought.
    """
    unknown = csr_array(changes @ reduced.whole.T)
    unknown.eliminate_zeros()
    table = np.repeat(np.arange(unknown.shape[0]), np.diff(unknown.indptr))
    members = view.merge.tocsc()
    start, size = members.indptr[:-1], np.diff(members.indptr)
    own = inner[members.indices]
    before = np.cumsum(own) - own
    before -= np.repeat(before[start], size)
    rises = unknown.data > 0
    number, amount = unknown.indices[rises], unknown.data[rises]
    entries = [(amount, table[rises], members.indices[start[number]])]
    number, amount = unknown.indices[~rises], -unknown.data[~rises]
    count = size[number]
    each = np.repeat(np.cumsum(count) - count, count)
    place = np.repeat(start[number], count) + np.arange(len(each)) - each
    taken = np.clip(np.repeat(amount, count) - before[place], 0, own[place])
    entries.append((-taken, np.repeat(table[~rises], count), members.indices[place]))
    data, row, column = (np.concatenate(part) for part in zip(*entries, strict=True))
    shape = (changes.shape[0], view.merge.shape[0])
    found = csr_array((data, (row, column)), shape=shape)
    found.eliminate_zeros()
    return found


def fitting(problem: Problem, visible: Flags, tables: csr_array) -> Flags:
    """Which of these changes of inner numbers nothing that is visible contradicts."""
    shown = (visible & problem.listed) | problem.open
    floored = (problem.listed | (problem.floor > 0)) & ~shown
    known = csr_array(vstack([problem.rows[shown], problem.equations], format="csr"))
    least = (problem.floor - problem.values)[floored]
    known_moves = csr_array(tables @ known.T)
    falls = csr_array(tables @ problem.rows[floored].T)
    found: Flags = np.ones(tables.shape[0], dtype=np.bool_)
    for moves, wrong in (
        (known_moves, abs(known_moves.data) > TOLERANCE),
        (falls, falls.data < np.minimum(least, 0)[falls.indices] - TOLERANCE),
        (tables, problem.inner[tables.indices] + tables.data < -TOLERANCE),
    ):
        owner = np.repeat(np.arange(tables.shape[0]), np.diff(moves.indptr))
        found[owner[wrong]] = False
    return found
