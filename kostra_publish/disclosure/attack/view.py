"""What an attacker is left with: unknown numbers, what is known of them, and cells to find.

Everything is told as *changes*. A change says how much each unknown number differs from the
truth; one that no visible figure contradicts is another table the attacker cannot rule out.
The truth is the change of nothing, so every such problem has a solution to start from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csc_array, csr_array, hstack, vstack

from kostra_publish.disclosure.problem import Flags, Integers, Problem


@dataclass(frozen=True, eq=False, repr=False)
class View:
    """The unknown numbers and all that is known of them.

    Inner numbers that stand in the same cells are merged into one unknown number, their sum.

    * ``merge``: 0/1, shape (inner numbers, unknown); which unknown number each is part of.
    * ``known``: int64, shape (rows, unknown); row @ change is 0. No row stands twice.
    * ``lowest``: int64, one per unknown number; its change is at least this, 0 or negative.
    * ``floors``: int64, shape (floors, unknown); row @ change is at least ``-slack``.
    * ``slack``: int64, one per floor, non-negative.
    * ``targets``: int64, shape (targets, unknown); the hidden small cells of which something
      is unknown. Cells that are the same but for noughts are one target.
    * ``contents``: int64, shape (targets, unknown and known inner numbers); what each target
      is made of, known numbers that are not nought included.
    * ``persons``: int64, the same without the numbers that are nought, unless all are.
    * ``target_of``: int64, for each cell of the problem its target, -1 where it has none.
    * ``lone``: int64, for each target a cell of it with the value 1, -1 where there is none.
    * ``knows_all``: for each target, whether one who knows to be alone in that cell knows all
      its inner numbers: it is a sum, without negative coefficients, so all but the
      contributor's own are nought. Otherwise only the value is known.
    * ``shown``: for each cell of the problem, whether its value is known outright.
    * ``plain``: for each cell of the problem, whether it is small and hidden, but a sum of
      numbers that are known or nought.
    """

    merge: csr_array
    known: csr_array
    lowest: Integers
    floors: csr_array
    slack: Integers
    targets: csr_array
    contents: csr_array
    persons: csr_array
    target_of: Integers
    lone: Integers
    knows_all: Flags
    shown: Flags
    plain: Flags


def view_of(problem: Problem, visible: Flags) -> View:
    """What is left to find when the cells in ``visible`` are shown.

    Listed cells are shown when they are visible, and open cells always. An implied cell is
    never shown, unless it is open.
    """
    if visible.shape != problem.small.shape:
        msg = f"{len(problem.small)} cells, but {len(visible)} flags"
        raise ValueError(msg)
    shown: Flags = (visible & problem.listed) | problem.open
    sought: Flags = problem.small & ~shown
    floored: Flags = (problem.listed | (problem.floor > 0)) & ~shown
    rows = csr_array(vstack([problem.rows[shown], problem.equations], format="csr"))
    unknown = unknown_numbers(rows, problem.inner)
    (known, floors, targets), merge = _merged(
        [rows, problem.rows[floored], problem.rows[sought]], unknown
    )
    inner = merge.T @ problem.inner
    values = problem.values
    slack = np.maximum(values - problem.floor, 0)[floored]
    lowest, floors, slack = _bounds(floors, slack, inner)
    others = ~unknown & (problem.inner > 0)
    given, given_inner = problem.rows[sought][:, others], problem.inner[others]
    contents = csr_array(hstack([targets, given], format="csr"))
    some = np.diff(targets.indptr) > 0
    first, number = distinct(csr_array(contents.multiply(some[:, None].astype(np.int64))))
    lone, knows_all = _lone(problem, np.flatnonzero(sought), number, len(first))
    target_of = np.full(len(values), -1, dtype=np.int64)
    target_of[sought] = number
    plain = np.zeros(len(values), dtype=np.bool_)
    plain[sought] = ~some
    return View(
        merge=merge,
        known=csr_array(known[distinct(known)[0]]),
        lowest=lowest,
        floors=floors,
        slack=slack,
        targets=csr_array(targets[first]),
        contents=csr_array(contents[first]),
        persons=_persons(csr_array(contents[first]), np.append(inner, given_inner)),
        target_of=target_of,
        lone=lone,
        knows_all=knows_all,
        shown=shown,
        plain=plain,
    )


def _persons(rows: csr_array, numbers: Integers) -> csr_array:
    """The numbers that are not nought in each row; all of them where all are nought."""
    some = abs(rows) @ (numbers > 0).astype(np.int64) > 0
    own = np.repeat(some, np.diff(rows.indptr))
    found = csr_array(
        (np.where(own & (numbers[rows.indices] == 0), 0, rows.data), rows.indices, rows.indptr),
        shape=rows.shape,
    )
    found.eliminate_zeros()
    return found


def distinct(rows: csr_array) -> tuple[Integers, Integers]:
    """The first of each distinct row that is not empty, and for each row which of these it is.

    Empty rows are -1.
    """
    tidy = csr_array(rows)
    tidy.sum_duplicates()
    tidy.eliminate_zeros()
    ends = tidy.indptr
    number = np.full(tidy.shape[0], -1, dtype=np.int64)
    first: list[int] = []
    seen: dict[bytes, int] = {}
    for row in np.flatnonzero(np.diff(ends)):
        part = slice(ends[row], ends[row + 1])
        content = tidy.indices[part].tobytes() + tidy.data[part].tobytes()
        number[row] = seen.setdefault(content, len(seen))
        if number[row] == len(first):
            first.append(int(row))
    return np.array(first, dtype=np.int64), number


def _lone(
    problem: Problem, sought: Integers, number: Integers, count: int
) -> tuple[Integers, Flags]:
    """For each target a cell with one contributor, if there is one: rather a sum than not."""
    one = problem.single[sought] & (problem.values[sought] == 1) & (number >= 0)
    is_sum = csr_array(problem.rows[sought] < 0).sum(axis=1) == 0
    lone = np.full(count, -1, dtype=np.int64)
    knows_all = np.zeros(count, dtype=np.bool_)
    for kind in (one & ~is_sum, one & is_sum):
        lone[number[kind]] = sought[kind]
        knows_all[number[kind]] = is_sum[kind]
    return lone, knows_all


def unknown_numbers(rows: csr_array, inner: Integers) -> Flags:
    """The inner numbers that neither follow from one row nor are forced to nought.

    A row of which one number is left gives that number. A row that is left with nought, and
    only with positive (or only with negative) coefficients, forces all its numbers to nought.
    """
    unknown: Flags = np.ones(len(inner), dtype=np.bool_)
    positive, negative = csr_array(rows > 0), csr_array(rows < 0)
    while True:
        number = unknown.astype(np.int64)
        rest = rows @ (number * inner)
        above, below = positive @ number, negative @ number
        gives = (above + below == 1) | ((rest == 0) & ((above == 0) != (below == 0)))
        found = np.zeros(len(inner), dtype=np.bool_)
        found[rows[np.flatnonzero(gives)].indices] = True
        found &= unknown
        if not found.any():
            return unknown
        unknown &= ~found


def _merged(parts: Sequence[csr_array], unknown: Flags) -> tuple[list[csr_array], csr_array]:
    """The unknown columns of the parts, equal columns once, and what each is the sum of."""
    left = np.flatnonzero(unknown)
    stacked = csc_array(vstack(parts, format="csc"))[:, left]
    first, number = distinct(csr_array(stacked.T))
    kept = csr_array(stacked[:, first])
    there = number >= 0
    merge = csr_array(
        (np.ones(np.count_nonzero(there), dtype=np.int64), (left[there], number[there])),
        shape=(len(unknown), len(first)),
    )
    ends = np.cumsum([0, *(part.shape[0] for part in parts)])
    merged = [csr_array(kept[a:b]) for a, b in pairwise(ends)]
    return merged, merge


def _bounds(
    floors: csr_array, slack: Integers, inner: Integers
) -> tuple[Integers, csr_array, Integers]:
    """The lowest change of each number, and the floors that say more than that."""
    lowest = -inner
    single = (np.diff(floors.indptr) == 1) & (floors.sum(axis=1) > 0)
    one = csr_array(floors[np.flatnonzero(single)])
    np.maximum.at(lowest, one.indices, -(slack[single] // one.data))
    # The least that a row can come to; without end when a coefficient is negative.
    endless = csr_array(floors < 0).sum(axis=1) > 0
    useful = np.flatnonzero(endless | (floors @ lowest < -slack))
    first, number = distinct(csr_array(floors[useful]))
    least = np.full(len(first), np.iinfo(np.int64).max)
    np.minimum.at(least, number, slack[useful])
    return lowest, csr_array(floors[useful[first]]), least
