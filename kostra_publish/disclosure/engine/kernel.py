"""The inner loops: publish cells one by one while nothing small can be worked out.

What is visible is a set of linear equations for the inner numbers. Its null space holds
every way in which the inner numbers could differ without anyone noticing. Four random
vectors of that space (modulo a prime) stand for all of it: the *mark* of a cell is its
product with them, and

* a cell follows from what is visible exactly when its mark is nought;
* one cell gives another away exactly when their marks are proportional

(each but for a chance of about 2⁻³¹ per vector, and then on the safe side: something that
does not follow is taken to follow). Publishing a cell changes the random vectors by a
multiple of one *move*: a vector of the null space that changes this cell. Moves are short,
and cells that they do not touch keep their marks, so each publication is a local affair.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

P = 2_147_483_647
"""The prime of the random vectors: 2³¹ - 1."""
MARKS = 4
"""Random vectors of the null space."""
Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]

jit = nb.njit(cache=True, nogil=True)


class Matrix(NamedTuple):
    """Cells as sums of inner numbers, by row and by column."""

    row_start: Integers
    row_index: Integers
    row_value: Integers
    column_start: Integers
    column_stop: Integers
    column_index: Integers
    column_value: Integers


class Basis(NamedTuple):
    """Short vectors that span the null space of what is visible: the moves there are.

    They are kept by inner number: what each vector changes it by is a run of entries in
    ``entry``, the vector, and ``value`` (modulo P, perhaps nought). A cell is a sum of few inner
    numbers mostly, and few vectors change each, so that little is read to find the vectors that
    change a cell. ``head``, ``inner``, ``at`` and ``next`` list, for each vector, its entries: the
    inner number, and the place in its run; ``size`` is how many are not nought.
    """

    start: Integers
    length: Integers
    room: Integers
    entry: Integers
    value: Integers
    alive: Bytes
    size: Integers
    head: Integers
    inner: Integers
    at: Integers
    next: Integers
    given_start: Integers
    """By vector that was given up for a cell: its entries then, a run in the two arrays below."""
    given_length: Integers
    given_inner: Integers
    given_value: Integers
    place: Integers
    """By cell: when it was published, -1 if it was not or told nothing new."""
    order: Integers
    """By place: the cell, -1 when it has been hidden again."""
    pivot: Integers
    """By cell with a place: the vector that was given up for it; it stays as it was then."""
    back: Integers
    """By cell with a place: the inverse of its product with that vector."""
    numbers: Integers
    """How much is in use of: [0] ``entry``, [1] ``inner``, [2] ``given_inner``, [3] ``order``."""


class State(NamedTuple):
    """Everything that changes while cells are published; see the module's text."""

    mark: Integers
    """Products of cells and null vectors; shape (cells, MARKS)."""
    key: NDArray[np.uint64]
    """By cell: the direction of its mark, 0 if none."""
    table_key: NDArray[np.uint64]
    """A hash table of directions."""
    table_small: Integers
    table_single: Integers
    numbers: Integers
    """[0] keys in use of ``table_key``, [1] random numbers drawn."""


class Scratch(NamedTuple):
    """Work space: the products of a move with cells, and the vectors that a cell changes."""

    coefficient: Integers
    """By inner number: what the move changes it by; nought between uses."""
    product: Integers
    """By cell: its product with the move."""
    cells: Integers
    seen: Bytes
    touched: Integers
    """By vector: the product with the cell, for those in ``vectors``; nought for others."""
    vectors: Integers
    seen_vector: Bytes
    counts: Integers
    """[0] cells touched by the move, [1] vectors that change the cell."""
    inner: Integers
    seen_inner: Bytes
    heap: Integers
    queued: Bytes
    sizes: Integers
    """[0] inner numbers of the vector in ``coefficient``, [1] the size of ``heap``."""


class Kinds(NamedTuple):
    """What matters of each cell."""

    small: Bytes
    single: Bytes
    guard: Bytes
    """Small rows that only must not follow: doubles of cells."""


@jit
def inverse(number: int) -> int:
    """The inverse modulo P, by Fermat."""
    result = 1
    base = number % P
    exponent = P - 2
    while exponent:
        if exponent & 1:
            result = result * base % P
        base = base * base % P
        exponent >>= 1
    return result


@jit
def centred(number: int) -> int:
    """The representative nearest nought."""
    return number if number <= P // 2 else number - P


@jit
def clear(scratch: Scratch) -> None:
    """Forget the move."""
    for at in range(scratch.counts[0]):
        cell = scratch.cells[at]
        scratch.product[cell] = 0
        scratch.seen[cell] = 0
    scratch.counts[0] = 0


@jit
def load(basis: Basis, scratch: Scratch, vector: int) -> None:
    """A vector into ``coefficient``."""
    node = basis.head[vector]
    count = 0
    while node >= 0:
        inner = basis.inner[node]
        amount = basis.value[basis.start[inner] + basis.at[node]]
        if amount:
            scratch.inner[count] = inner
            scratch.coefficient[inner] = amount
            count += 1
        node = basis.next[node]
    scratch.sizes[0] = count


@jit
def multiply(matrix: Matrix, scratch: Scratch) -> None:
    """Work out the products of all cells with the vector in ``coefficient``."""
    clear(scratch)
    for at_inner in range(scratch.sizes[0]):
        inner = scratch.inner[at_inner]
        amount = scratch.coefficient[inner]
        for at in range(matrix.column_start[inner], matrix.column_stop[inner]):
            cell = matrix.column_index[at]
            if not scratch.seen[cell]:
                scratch.seen[cell] = 1
                scratch.cells[scratch.counts[0]] = cell
                scratch.counts[0] += 1
            change = amount * matrix.column_value[at]
            scratch.product[cell] = (scratch.product[cell] + change) % P


@jit
def _push(scratch: Scratch, item: int) -> None:
    heap = scratch.heap
    at = scratch.sizes[1]
    scratch.sizes[1] += 1
    heap[at] = item
    while at:
        up = (at - 1) >> 1
        if heap[up] <= heap[at]:
            break
        heap[up], heap[at] = heap[at], heap[up]
        at = up


@jit
def _pop(scratch: Scratch) -> int:
    heap = scratch.heap
    first = heap[0]
    scratch.sizes[1] -= 1
    size = scratch.sizes[1]
    heap[0] = heap[size]
    at = 0
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        if down + 1 < size and heap[down + 1] < heap[down]:
            down += 1
        if heap[at] <= heap[down]:
            break
        heap[at], heap[down] = heap[down], heap[at]
        at = down
    return int(first)


@jit
def _add(
    matrix: Matrix, basis: Basis, scratch: Scratch, vector: int, factor: int, after: int
) -> None:
    """Add ``factor`` times a vector that was given up to that in ``coefficient``; see ``lift``."""
    first = basis.given_start[vector]
    for at_entry in range(first, first + basis.given_length[vector]):
        inner = basis.given_inner[at_entry]
        amount = factor * basis.given_value[at_entry] % P
        if not scratch.seen_inner[inner]:
            scratch.seen_inner[inner] = 1
            scratch.inner[scratch.sizes[0]] = inner
            scratch.sizes[0] += 1
        scratch.coefficient[inner] = (scratch.coefficient[inner] + amount) % P
        for at in range(matrix.column_start[inner], matrix.column_stop[inner]):
            cell = matrix.column_index[at]
            if not scratch.seen[cell]:
                scratch.seen[cell] = 1
                scratch.cells[scratch.counts[0]] = cell
                scratch.counts[0] += 1
            change = amount * matrix.column_value[at]
            scratch.product[cell] = (scratch.product[cell] + change) % P
            if basis.place[cell] > after and not scratch.queued[cell]:
                scratch.queued[cell] = 1
                _push(scratch, basis.place[cell])


@jit
def lift(matrix: Matrix, basis: Basis, scratch: Scratch, cell: int) -> None:
    """The vector that changes ``cell`` and no other visible cell, into ``coefficient``.

    It is the vector that was given up for the cell, corrected for what was published later.
    """
    clear(scratch)
    after = basis.place[cell]
    _add(matrix, basis, scratch, basis.pivot[cell], 1, after)
    while scratch.sizes[1]:
        later = basis.order[_pop(scratch)]
        scratch.queued[later] = 0
        product = scratch.product[later]
        if product:
            factor = P - product * basis.back[later] % P
            _add(matrix, basis, scratch, basis.pivot[later], factor, basis.place[later])


@jit
def forget(scratch: Scratch) -> None:
    """Forget the vector in ``coefficient``; its products stay."""
    for at in range(scratch.sizes[0]):
        inner = scratch.inner[at]
        scratch.coefficient[inner] = 0
        scratch.seen_inner[inner] = 0
    scratch.sizes[0] = 0


@jit
def hide(
    matrix: Matrix, basis: Basis, state: State, scratch: Scratch, kinds: Kinds, cell: int
) -> bool:
    """Hide ``cell``, which has a place, again; False when there is no more room."""
    lift(matrix, basis, scratch, cell)
    vector = basis.pivot[cell]
    fits = has_room(basis, scratch, 1)
    if fits:
        _revive(basis, scratch, vector)
        basis.order[basis.place[cell]] = -1
        basis.place[cell] = -1
        _mark_more(state, scratch, kinds)
    forget(scratch)
    return bool(fits)


@jit
def _revive(basis: Basis, scratch: Scratch, vector: int) -> None:
    """Let a vector that was given up be what is in ``coefficient``."""
    node = basis.head[vector]
    while node >= 0:
        inner = basis.inner[node]
        amount = scratch.coefficient[inner]
        if amount:
            basis.value[basis.start[inner] + basis.at[node]] = amount
            basis.size[vector] += 1
            scratch.coefficient[inner] = 0
        node = basis.next[node]
    for at in range(scratch.sizes[0]):
        inner = scratch.inner[at]
        if scratch.coefficient[inner]:
            _make_room(basis, inner, 1)
            _append(basis, inner, vector, scratch.coefficient[inner])
    basis.alive[vector] = 1
    basis.given_length[vector] = 0


@jit
def _mark_more(state: State, scratch: Scratch, kinds: Kinds) -> None:
    """Add random multiples of the loaded move to the null vectors that marks stand for."""
    factors = np.empty(MARKS, dtype=np.int64)
    for which in range(MARKS):
        state.numbers[1] += 1
        drawn = _mix(np.uint64(state.numbers[1]) * np.uint64(0x9E3779B97F4A7C15))
        factors[which] = np.int64(drawn % np.uint64(P))
    count = scratch.counts[0]
    marks = np.empty((count, MARKS), dtype=np.int64)
    for at in range(count):
        cell = scratch.cells[at]
        for which in range(MARKS):
            more = scratch.product[cell] * factors[which]
            marks[at, which] = (state.mark[cell, which] + more) % P
    update_marks(state, scratch, kinds, marks, directions(scratch, kinds, marks))


@jit
def gather(matrix: Matrix, basis: Basis, scratch: Scratch, cell: int) -> None:
    """Find the vectors that change ``cell``, and by how much."""
    vectors, touched = scratch.vectors, scratch.touched
    for at in range(scratch.counts[1]):
        touched[vectors[at]] = 0
    count = 0
    for at in range(matrix.row_start[cell], matrix.row_start[cell + 1]):
        inner, factor = matrix.row_index[at], matrix.row_value[at] % P
        start = basis.start[inner]
        for at_entry in range(start, start + basis.length[inner]):
            vector, value = basis.entry[at_entry], basis.value[at_entry]
            if not value:
                continue
            if not scratch.seen_vector[vector]:
                scratch.seen_vector[vector] = 1
                vectors[count] = vector
                count += 1
            touched[vector] = (touched[vector] + factor * value) % P
    kept = 0
    for at in range(count):
        vector = vectors[at]
        scratch.seen_vector[vector] = 0
        if touched[vector]:
            vectors[kept] = vector
            kept += 1
    scratch.counts[1] = kept


@jit
def has_room(basis: Basis, scratch: Scratch, more: int) -> bool:
    """Whether ``more`` vectors for each inner number in ``coefficient`` are sure to fit."""
    numbers, count = basis.numbers, scratch.sizes[0]
    entries = 0
    for at in range(count):
        inner = scratch.inner[at]
        if basis.length[inner] + more > basis.room[inner]:
            entries += 2 * (basis.length[inner] + more)
    return bool(
        numbers[0] + entries <= len(basis.entry)
        and numbers[1] + more * count <= len(basis.inner)
        and numbers[2] + count <= len(basis.given_inner)
        and numbers[3] < len(basis.order)
    )


@jit
def _make_room(basis: Basis, inner: int, more: int) -> None:
    """Move the entries of an inner number to where there is room for ``more``."""
    start, length = basis.start[inner], basis.length[inner]
    if length + more > basis.room[inner]:
        moved = basis.numbers[0]
        for at in range(length):
            basis.entry[moved + at] = basis.entry[start + at]
            basis.value[moved + at] = basis.value[start + at]
        basis.start[inner] = moved
        basis.room[inner] = 2 * (length + more)
        basis.numbers[0] += basis.room[inner]


@jit
def _append(basis: Basis, inner: int, vector: int, amount: int) -> None:
    """Let a vector change an inner number of which it has no entry."""
    at = basis.start[inner] + basis.length[inner]
    basis.entry[at], basis.value[at] = vector, amount
    basis.length[inner] += 1
    basis.size[vector] += 1
    node = basis.numbers[1]
    basis.numbers[1] += 1
    basis.inner[node] = inner
    basis.at[node] = at - basis.start[inner]
    basis.next[node] = basis.head[vector]
    basis.head[vector] = node


@jit
def _subtract(basis: Basis, scratch: Scratch, inner: int, amount: int) -> None:
    """Take ``amount`` times ``touched`` from what the vectors change an inner number by."""
    _make_room(basis, inner, scratch.counts[1])
    touched, start, factor = scratch.touched, basis.start[inner], P - amount
    for at in range(start, start + basis.length[inner]):
        vector = basis.entry[at]
        other = touched[vector]
        if other:
            before = basis.value[at]
            after = (before + factor * other) % P
            basis.value[at] = after
            basis.size[vector] += (after != 0) - (before != 0)
            touched[vector] = -other
    for at in range(scratch.counts[1]):
        vector = scratch.vectors[at]
        other = touched[vector]
        if other < 0:
            touched[vector] = -other
        else:
            _append(basis, inner, vector, factor * other % P)


@jit
def eliminate(basis: Basis, scratch: Scratch, cell: int, pivot: int) -> None:
    """Take the cell that was gathered out of all vectors by means of the one loaded, which dies."""
    back = inverse(scratch.touched[pivot])
    for at in range(scratch.counts[1]):
        vector = scratch.vectors[at]
        scratch.touched[vector] = scratch.touched[vector] * back % P
    first = basis.numbers[2]
    basis.given_start[pivot], basis.given_length[pivot] = first, scratch.sizes[0]
    basis.numbers[2] += scratch.sizes[0]
    for at in range(scratch.sizes[0]):
        inner = scratch.inner[at]
        amount = scratch.coefficient[inner]
        basis.given_inner[first + at], basis.given_value[first + at] = inner, amount
        _subtract(basis, scratch, inner, amount)
    basis.alive[pivot] = 0
    place = basis.numbers[3]
    basis.numbers[3] += 1
    basis.place[cell] = place
    basis.order[place] = cell
    basis.pivot[cell] = pivot
    basis.back[cell] = back


@jit
def _mix(number: np.uint64) -> np.uint64:
    number ^= number >> np.uint64(31)
    number *= np.uint64(0x7FB5D329728EA185)
    number ^= number >> np.uint64(27)
    number *= np.uint64(0x81DADEF4BC2DD44D)
    number ^= number >> np.uint64(33)
    return number


@jit
def _lead(mark: Integers) -> int:
    """Which number of the mark is the first that is not nought."""
    lead = 0
    while lead < MARKS and mark[lead] == 0:
        lead += 1
    return lead


@jit
def _hash(mark: Integers, lead: int, factor: int) -> np.uint64:
    """A hash of the mark up to a factor; ``factor`` is the inverse of its first number."""
    found = np.uint64(lead + 1)
    for at in range(lead + 1, MARKS):
        found = _mix(found * np.uint64(0x9E3779B97F4A7C15) + np.uint64(mark[at] * factor % P))
    return found | np.uint64(1)


@jit
def direction(mark: Integers) -> np.uint64:
    """A hash of the mark up to a factor; 0 when it is nought."""
    lead = _lead(mark)
    if lead == MARKS:
        return np.uint64(0)
    return _hash(mark, lead, inverse(mark[lead]))


@jit
def directions(scratch: Scratch, kinds: Kinds, marks: Integers) -> NDArray[np.uint64]:
    """The directions of what small cells have for marks, with one inverse for all of them.

    ``marks`` are those of ``cells``, shape (cells touched, MARKS); 0 for cells that are not small.
    """
    count = scratch.counts[0]
    keys = np.zeros(count, dtype=np.uint64)
    before = np.empty(count, dtype=np.int64)
    leads = np.empty(count, dtype=np.int64)
    product = 1
    for at in range(count):
        leads[at] = _lead(marks[at]) if kinds.small[scratch.cells[at]] else MARKS
        before[at] = product
        if leads[at] < MARKS:
            product = product * marks[at, leads[at]] % P
    back = inverse(product)
    for at in range(count - 1, -1, -1):
        if leads[at] < MARKS:
            keys[at] = _hash(marks[at], leads[at], back * before[at] % P)
            back = back * marks[at, leads[at]] % P
    return keys


@jit
def _slot(state: State, key: np.uint64) -> int:
    mask = np.uint64(len(state.table_key) - 1)
    at = _mix(key) & mask
    while state.table_key[at] != key and state.table_key[at] != 0:
        at = (at + np.uint64(1)) & mask
    return int(at)


@jit
def _enter(state: State, kinds: Kinds, cell: int, key: np.uint64, times: int) -> int:
    """Count a small cell in (or out) of a direction; the slot."""
    if key == 0 or kinds.guard[cell]:
        return -1
    at = _slot(state, key)
    if state.table_key[at] == 0:
        state.table_key[at] = key
        state.numbers[0] += 1
    state.table_small[at] += times
    if kinds.single[cell]:
        state.table_single[at] += times
    return at


@jit
def tidy(state: State, kinds: Kinds) -> None:
    """Make the hash table anew when directions that nobody has any more fill it."""
    if state.numbers[0] * 3 >= len(state.table_key) * 2:
        enter_anew(state, kinds)


@jit
def enter_anew(state: State, kinds: Kinds) -> None:
    """Enter the directions that small cells have now, and no others."""
    state.table_key[:] = 0
    state.table_small[:] = 0
    state.table_single[:] = 0
    state.numbers[0] = 0
    for cell in range(len(kinds.small)):
        if kinds.small[cell] and state.key[cell] != 0:
            _enter(state, kinds, cell, state.key[cell], 1)


@jit
def new_marks(state: State, scratch: Scratch, cell: int) -> Integers:
    """The marks of ``cells`` once ``cell`` is published by the move whose products they have."""
    back = inverse(scratch.product[cell])
    count = scratch.counts[0]
    marks = np.empty((count, MARKS), dtype=np.int64)
    for at in range(count):
        touched = scratch.cells[at]
        factor = P - scratch.product[touched] * back % P
        for which in range(MARKS):
            more = factor * state.mark[cell, which]
            marks[at, which] = (state.mark[touched, which] + more) % P
    return marks


@jit
def enter_all(state: State, kinds: Kinds, first: int) -> None:
    """Enter the direction of every small cell from ``first`` on."""
    for cell in range(first, len(kinds.small)):
        if kinds.small[cell]:
            state.key[cell] = direction(state.mark[cell])
            _enter(state, kinds, cell, state.key[cell], 1)


@jit
def gives_away(state: State, scratch: Scratch, kinds: Kinds, keys: NDArray[np.uint64]) -> bool:
    """Whether a small cell would be given away if ``cells`` had the directions ``keys``.

    To everyone, or to the one contributor of another. Leaves everything as it is.
    """
    count = scratch.counts[0]
    for at in range(count):
        touched = scratch.cells[at]
        if keys[at] == 0 and kinds.small[touched] and scratch.product[touched]:
            return True
    _turn(state, scratch, kinds, keys, 1)
    bad = False
    for at in range(count):
        touched = scratch.cells[at]
        if scratch.product[touched] and kinds.small[touched]:
            slot = _slot(state, keys[at])
            if state.table_small[slot] > 1 and state.table_single[slot] > 0:
                bad = True
                break
    _turn(state, scratch, kinds, keys, -1)
    return bad


@jit
def _turn(
    state: State, scratch: Scratch, kinds: Kinds, keys: NDArray[np.uint64], times: int
) -> None:
    """Count small cells in their new directions and out of the old ones, or (-1) back."""
    for at in range(scratch.counts[0]):
        touched = scratch.cells[at]
        if scratch.product[touched] and kinds.small[touched]:
            _enter(state, kinds, touched, state.key[touched], -times)
            _enter(state, kinds, touched, keys[at], times)


@jit
def update_marks(
    state: State, scratch: Scratch, kinds: Kinds, marks: Integers, keys: NDArray[np.uint64]
) -> None:
    """Give ``cells`` other marks, and small cells the directions ``keys``."""
    _turn(state, scratch, kinds, keys, 1)
    for at in range(scratch.counts[0]):
        touched = scratch.cells[at]
        if scratch.product[touched]:
            state.mark[touched] = marks[at]
            state.key[touched] = keys[at]


@jit
def _pivot(basis: Basis, scratch: Scratch) -> int:
    """The vector to eliminate with: the shortest that changes the cell by 1.

    The first of those that are as short, so that the order of entries does not matter.
    """
    best, least = -1, 0
    for at in range(scratch.counts[1]):
        vector = scratch.vectors[at]
        rank = basis.size[vector] * len(basis.size) + vector
        if abs(centred(scratch.touched[vector])) != 1:
            rank += len(basis.size) * (len(basis.start) + 1)
        if best < 0 or rank < least:
            best, least = vector, rank
    return int(best)


@jit
def publish(
    matrix: Matrix,
    basis: Basis,
    state: State,
    scratch: Scratch,
    kinds: Kinds,
    cell: int,
    force: bool,
) -> int:
    """Publish ``cell`` if that is safe.

    0: published (it may have followed already). 1: it gives something small away. 2: no more
    room. ``force`` publishes what is known anyway.
    """
    if not state.mark[cell].any():
        return 0
    tidy(state, kinds)
    gather(matrix, basis, scratch, cell)
    pivot = _pivot(basis, scratch)
    load(basis, scratch, pivot)
    result = 2
    if has_room(basis, scratch, scratch.counts[1]):
        multiply(matrix, scratch)
        marks = new_marks(state, scratch, cell)
        keys = directions(scratch, kinds, marks)
        result = int(not force and gives_away(state, scratch, kinds, keys))
        if result == 0:
            update_marks(state, scratch, kinds, marks, keys)
            eliminate(basis, scratch, cell, pivot)
    forget(scratch)
    return result


@jit
def publish_all(
    matrix: Matrix,
    basis: Basis,
    state: State,
    scratch: Scratch,
    kinds: Kinds,
    queue: Integers,
    visible: Bytes,
    force: bool,
) -> int:
    """Publish the cells of ``queue`` in turn; how many were dealt with before room ran out."""
    for at in range(len(queue)):
        cell = queue[at]
        result = publish(matrix, basis, state, scratch, kinds, cell, force)
        if result == 2:
            return at
        visible[cell] = result == 0
    return len(queue)


@jit
def hide_all(
    matrix: Matrix,
    basis: Basis,
    state: State,
    scratch: Scratch,
    kinds: Kinds,
    queue: Integers,
    visible: Bytes,
    stirred: Bytes,
) -> int:
    """Hide the cells of ``queue`` again; how many were dealt with before room ran out.

    ``stirred`` gets the cells that may now change with one of them.
    """
    for at in range(len(queue)):
        if basis.place[queue[at]] >= 0:
            if not hide(matrix, basis, state, scratch, kinds, queue[at]):
                return at
            tidy(state, kinds)
            for which in range(scratch.counts[0]):
                if scratch.product[scratch.cells[which]] != 0:
                    stirred[scratch.cells[which]] = 1
        visible[queue[at]] = 0
    return len(queue)
