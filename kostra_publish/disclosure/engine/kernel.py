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

    A vector is a run of entries in ``entry`` and ``value`` (modulo P); ``head``, ``vector``
    and ``next`` list, for each inner number, the vectors that have (or had) it.
    """

    start: Integers
    length: Integers
    room: Integers
    alive: Bytes
    stamp: Integers
    entry: Integers
    value: Integers
    head: Integers
    vector: Integers
    next: Integers
    place: Integers
    """By cell: when it was published, -1 if it was not or told nothing new."""
    order: Integers
    """By place: the cell, -1 when it has been hidden again."""
    pivot: Integers
    """By cell with a place: the vector that was given up for it; it stays as it was then."""
    back: Integers
    """By cell with a place: the inverse of its product with that vector."""
    numbers: Integers
    """[0] entries in use, [1] list nodes in use, [2] the newest stamp, [3] places in use."""


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
    """By inner number: the cell's row, or the move's entries; nought between uses."""
    product: Integers
    """By cell: its product with the move."""
    cells: Integers
    seen: Bytes
    touched: Integers
    """By vector: the product with the cell, for those in ``vectors``."""
    vectors: Integers
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
def load(matrix: Matrix, basis: Basis, scratch: Scratch, vector: int) -> None:
    """Work out the products of all cells with a vector."""
    clear(scratch)
    first = basis.start[vector]
    for at_entry in range(first, first + basis.length[vector]):
        inner, amount = basis.entry[at_entry], basis.value[at_entry]
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
    """Add ``factor`` times a vector to the one in ``coefficient``; see ``lift``."""
    first = basis.start[vector]
    for at_entry in range(first, first + basis.length[vector]):
        inner = basis.entry[at_entry]
        amount = factor * basis.value[at_entry] % P
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
    """Forget the vector that was lifted; its products stay loaded."""
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
    fits = basis.numbers[0] + scratch.sizes[0] <= len(basis.entry) and basis.numbers[
        1
    ] + scratch.sizes[0] <= len(basis.vector)
    if fits:
        start = basis.numbers[0]
        kept = 0
        for at in range(scratch.sizes[0]):
            inner = scratch.inner[at]
            if scratch.coefficient[inner]:
                basis.entry[start + kept] = inner
                basis.value[start + kept] = scratch.coefficient[inner]
                kept += 1
                _attach(basis, inner, vector)
        basis.start[vector] = start
        basis.length[vector] = basis.room[vector] = kept
        basis.numbers[0] += kept
        basis.alive[vector] = 1
        basis.order[basis.place[cell]] = -1
        basis.place[cell] = -1
        _mark_more(state, scratch, kinds)
    forget(scratch)
    return bool(fits)


@jit
def _mark_more(state: State, scratch: Scratch, kinds: Kinds) -> None:
    """Add random multiples of the loaded move to the null vectors that marks stand for."""
    factors = np.empty(MARKS, dtype=np.int64)
    for which in range(MARKS):
        state.numbers[1] += 1
        drawn = _mix(np.uint64(state.numbers[1]) * np.uint64(0x9E3779B97F4A7C15))
        factors[which] = np.int64(drawn % np.uint64(P))
    for at in range(scratch.counts[0]):
        cell = scratch.cells[at]
        if scratch.product[cell] == 0:
            continue
        for which in range(MARKS):
            more = scratch.product[cell] * factors[which]
            state.mark[cell, which] = (state.mark[cell, which] + more) % P
        if kinds.small[cell]:
            _enter(state, kinds, cell, state.key[cell], -1)
            state.key[cell] = direction(state.mark[cell])
            _enter(state, kinds, cell, state.key[cell], 1)


@jit
def gather(matrix: Matrix, basis: Basis, scratch: Scratch, cell: int) -> None:
    """Find the vectors that change ``cell``, and by how much; the shortest first."""
    basis.numbers[2] += 1
    stamp = basis.numbers[2]
    first, last = matrix.row_start[cell], matrix.row_start[cell + 1]
    for at in range(first, last):
        scratch.coefficient[matrix.row_index[at]] = matrix.row_value[at] % P
    count = 0
    for at in range(first, last):
        node = basis.head[matrix.row_index[at]]
        while node >= 0:
            vector = basis.vector[node]
            node = basis.next[node]
            if basis.stamp[vector] == stamp or not basis.alive[vector]:
                continue
            basis.stamp[vector] = stamp
            product = 0
            start = basis.start[vector]
            for at_entry in range(start, start + basis.length[vector]):
                factor = scratch.coefficient[basis.entry[at_entry]]
                if factor:
                    product += factor * basis.value[at_entry] % P
            product %= P
            if product:
                scratch.touched[vector] = product
                scratch.vectors[count] = vector
                count += 1
    for at in range(first, last):
        scratch.coefficient[matrix.row_index[at]] = 0
    scratch.counts[1] = count
    found = scratch.vectors[:count]
    # Ties by number, so that the order of lists does not matter.
    found[:] = found[np.argsort(basis.length[found] * len(basis.start) + found)]


@jit
def _attach(basis: Basis, inner: int, vector: int) -> None:
    node = basis.numbers[1]
    basis.numbers[1] += 1
    basis.vector[node] = vector
    basis.next[node] = basis.head[inner]
    basis.head[inner] = node


@jit
def has_room(basis: Basis, scratch: Scratch, pivot: int) -> bool:
    """Whether eliminating with ``pivot`` is sure to fit in the arrays."""
    more = basis.length[pivot]
    entries = nodes = 0
    for at in range(scratch.counts[1]):
        vector = scratch.vectors[at]
        nodes += more
        if basis.length[vector] + more > basis.room[vector]:
            entries += 2 * (basis.length[vector] + more)
    return bool(
        basis.numbers[0] + entries <= len(basis.entry)
        and basis.numbers[1] + nodes <= len(basis.vector)
        and basis.numbers[3] < len(basis.order)
    )


@jit
def _subtract(basis: Basis, scratch: Scratch, vector: int, pivot: int, factor: int) -> None:
    """Take ``factor`` times ``pivot``, whose entries are in ``coefficient``, from ``vector``."""
    start, length = basis.start[vector], basis.length[vector]
    own, more = basis.start[pivot], basis.length[pivot]
    if length + more > basis.room[vector]:
        moved = basis.numbers[0]
        for at in range(length):
            basis.entry[moved + at] = basis.entry[start + at]
            basis.value[moved + at] = basis.value[start + at]
        basis.start[vector] = start = moved
        basis.room[vector] = 2 * (length + more)
        basis.numbers[0] += basis.room[vector]
    kept = 0
    for at in range(start, start + length):
        inner, value = basis.entry[at], basis.value[at]
        other = scratch.coefficient[inner]
        if other:
            value = (value + (P - factor) * other) % P
            scratch.coefficient[inner] = -other
        if value:
            basis.entry[start + kept] = inner
            basis.value[start + kept] = value
            kept += 1
    for at in range(own, own + more):
        inner = basis.entry[at]
        other = scratch.coefficient[inner]
        if other < 0:
            scratch.coefficient[inner] = -other
        else:
            basis.entry[start + kept] = inner
            basis.value[start + kept] = (P - factor) * other % P
            kept += 1
            _attach(basis, inner, vector)
    basis.length[vector] = kept


@jit
def eliminate(basis: Basis, scratch: Scratch, cell: int, pivot: int) -> None:
    """Take the cell that was gathered out of all vectors by means of one, which dies."""
    back = inverse(scratch.touched[pivot])
    own, more = basis.start[pivot], basis.length[pivot]
    for at in range(own, own + more):
        scratch.coefficient[basis.entry[at]] = basis.value[at]
    for at in range(scratch.counts[1]):
        vector = scratch.vectors[at]
        if vector != pivot:
            _subtract(basis, scratch, vector, pivot, scratch.touched[vector] * back % P)
    for at in range(own, own + more):
        scratch.coefficient[basis.entry[at]] = 0
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
def direction(mark: Integers) -> np.uint64:
    """A hash of the mark up to a factor; 0 when it is nought."""
    lead = 0
    while lead < MARKS and mark[lead] == 0:
        lead += 1
    if lead == MARKS:
        return np.uint64(0)
    factor = inverse(mark[lead])
    found = np.uint64(lead + 1)
    for at in range(lead + 1, MARKS):
        found = _mix(found * np.uint64(0x9E3779B97F4A7C15) + np.uint64(mark[at] * factor % P))
    return found | np.uint64(1)


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
def _new_mark(state: State, scratch: Scratch, cell: int, back: int, touched: int) -> Integers:
    """The mark of ``touched`` once ``cell`` is published by the move in ``scratch``."""
    factor = P - scratch.product[touched] * back % P
    mark = np.empty(MARKS, dtype=np.int64)
    for which in range(MARKS):
        mark[which] = (state.mark[touched, which] + factor * state.mark[cell, which]) % P
    return mark


@jit
def enter_all(state: State, kinds: Kinds, first: int) -> None:
    """Enter the direction of every small cell from ``first`` on."""
    for cell in range(first, len(kinds.small)):
        if kinds.small[cell]:
            state.key[cell] = direction(state.mark[cell])
            _enter(state, kinds, cell, state.key[cell], 1)


@jit
def gives_away(state: State, scratch: Scratch, kinds: Kinds, cell: int) -> bool:
    """Whether publishing ``cell``, whose move is in ``scratch``, gives a small cell away.

    To everyone, or to the one contributor of another. Leaves everything as it is.
    """
    back = inverse(scratch.product[cell])
    keys = np.empty(scratch.counts[0], dtype=np.uint64)
    bad = False
    done = 0
    for at in range(scratch.counts[0]):
        touched = scratch.cells[at]
        done = at + 1
        if scratch.product[touched] == 0 or not kinds.small[touched]:
            continue
        keys[at] = direction(_new_mark(state, scratch, cell, back, touched))
        _enter(state, kinds, touched, state.key[touched], -1)
        slot = _enter(state, kinds, touched, keys[at], 1)
        if keys[at] == 0:
            bad = True
            break
    if not bad:
        for at in range(done):
            touched = scratch.cells[at]
            if scratch.product[touched] == 0 or not kinds.small[touched]:
                continue
            slot = _slot(state, keys[at])
            if state.table_small[slot] > 1 and state.table_single[slot] > 0:
                bad = True
                break
    for at in range(done):
        touched = scratch.cells[at]
        if scratch.product[touched] == 0 or not kinds.small[touched]:
            continue
        _enter(state, kinds, touched, keys[at], -1)
        _enter(state, kinds, touched, state.key[touched], 1)
    return bad


@jit
def update_marks(state: State, scratch: Scratch, kinds: Kinds, cell: int) -> None:
    """Take ``cell`` out of all marks by the move in ``scratch``."""
    back = inverse(scratch.product[cell])
    own = state.mark[cell].copy()
    for at in range(scratch.counts[0]):
        touched = scratch.cells[at]
        if scratch.product[touched] == 0:
            continue
        factor = P - scratch.product[touched] * back % P
        for which in range(MARKS):
            state.mark[touched, which] = (state.mark[touched, which] + factor * own[which]) % P
        if kinds.small[touched]:
            _enter(state, kinds, touched, state.key[touched], -1)
            state.key[touched] = direction(state.mark[touched])
            _enter(state, kinds, touched, state.key[touched], 1)


@jit
def _pivot(scratch: Scratch) -> int:
    """The vector to eliminate with: the shortest that changes the cell by 1."""
    for at in range(scratch.counts[1]):
        vector = scratch.vectors[at]
        if abs(centred(scratch.touched[vector])) == 1:
            return int(vector)
    return int(scratch.vectors[0])


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
    pivot = _pivot(scratch)
    if not has_room(basis, scratch, pivot):
        return 2
    load(matrix, basis, scratch, pivot)
    if not force and gives_away(state, scratch, kinds, cell):
        return 1
    update_marks(state, scratch, kinds, cell)
    eliminate(basis, scratch, cell, pivot)
    return 0


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
