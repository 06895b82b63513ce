"""The state of a search, made and kept from Python; the loops are in ``kernel``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csc_array, csr_array

from kostra_publish.disclosure.engine import kernel
from kostra_publish.disclosure.engine.kernel import MARKS, Basis, Kinds, Matrix, P, Scratch, State
from kostra_publish.disclosure.engine.reduced import Reduced
from kostra_publish.disclosure.problem import Flags, Floats, Integers

SEED = 12_221
WHOLE = 1 << 16
"""Numbers of a vector beyond this stand for fractions."""
DENOMINATOR = 720
SPARE = 4
"""How many times the room that the vectors take there is when they are packed."""
MANY = 20
"""When more than one in so many visible rows is hidden, to begin anew is quicker."""
MORE = 1 << 16
"""And room for so many numbers besides."""
WIDEST = 80
"""Inner numbers at most of a cell whose parts are published anew together."""


@dataclass(eq=False)
class Search:
    """What is visible so far, and everything the kernel needs to publish more."""

    reduced: Reduced
    matrix: Matrix = field(init=False)
    basis: Basis = field(init=False)
    state: State = field(init=False)
    scratch: Scratch = field(init=False)
    kinds: Kinds = field(init=False)
    visible: Flags = field(init=False)
    _still: Integers = field(init=False)
    """Rows that are hidden by now, while vectors and marks are as if they were visible."""

    def __post_init__(self) -> None:
        """Begin with nothing visible but the equations and what is open."""
        self.matrix = _matrix(self.reduced)
        self.kinds = _kinds(self.reduced)
        self.scratch = _scratch(self.matrix)
        self.visible = np.zeros(self.reduced.rows.shape[0], dtype=np.bool_)
        self._begin(self.reduced.open)
        self._join_doubles()

    def _begin(self, visible: Flags) -> None:
        """Begin anew with ``visible``, from which nothing small follows."""
        self._still = np.zeros(0, dtype=np.int64)
        self.basis = _basis(self.reduced)
        self.state = _state(self.reduced, self.matrix, self.kinds)
        # What is nearly everything last: vectors stay short for longest.
        rows = np.flatnonzero(visible)
        self._publish(rows[np.argsort(self._sizes[rows], kind="stable")], force=True)

    def _join_doubles(self) -> None:
        """Let one small cell stand for all that are the same to everyone from the beginning.

        Where no man is under 18, women under 18 are all under 18: whoever knows one of the two
        knows the other, and no publication gives that away.
        """
        reduced = self.reduced
        small = np.flatnonzero(reduced.small & (self.state.key != 0))
        _, first, same = np.unique(self.state.key[small], return_index=True, return_inverse=True)
        single, guard = reduced.single.copy(), reduced.guard.copy()
        np.logical_or.at(single, small[first[same]], reduced.single[small])
        guard[small] = True
        guard[small[first]] = False
        self.reduced = replace(reduced, single=single, guard=guard)
        self.kinds = _kinds(self.reduced)
        kernel.enter_anew(self.state, self.kinds)

    def publish(self, queue: Integers, *, force: bool = False) -> None:
        """Publish the rows of ``queue`` in turn, each if it is safe."""
        self._catch_up()
        self._publish(queue, force=force)

    def _publish(self, queue: Integers, *, force: bool) -> None:
        self._run(kernel.publish_all, queue, force)

    def hide(self, queue: Integers) -> Flags:
        """Hide the visible rows of ``queue`` again; the rows that may now change with them."""
        self._catch_up()
        return self._hide(queue)

    def _hide(self, queue: Integers) -> Flags:
        stirred = np.zeros(len(self.visible), dtype=np.bool_)
        self._run(kernel.hide_all, queue, stirred.view(np.uint8))
        return stirred

    def _run(self, loop: Callable[..., int], queue: Integers, last: object) -> None:
        """Run a loop of the kernel over ``queue``, and make room whenever it stops for that."""
        visible = self.visible.view(np.uint8)
        spare = SPARE
        while len(queue):
            done = loop(
                self.matrix,
                self.basis,
                self.state,
                self.scratch,
                self.kinds,
                queue,
                visible,
                last,
            )
            queue = queue[done:]
            if len(queue):
                spare = SPARE if done else 2 * spare
                self.basis = _packed(self.basis, spare)

    @property
    def moves(self) -> csr_array:
        """Vectors that span the null space; shape (inner numbers, vectors)."""
        self._catch_up()
        basis = self.basis
        alive = basis.alive.astype(np.bool_)
        at, ends = _in_use(basis)
        number = (np.cumsum(alive) - 1)[basis.entry[at]]
        shape = (len(basis.start), int(alive.sum()))
        moves = csr_array((_fractions(basis.value[at]), number, ends), shape=shape)
        moves.sort_indices()
        return moves

    @property
    def loose(self) -> Integers:
        """Rows that are visible because they followed, and do not follow any more.

        What is known anyway among them is made visible again here.
        """
        self._catch_up()
        found = self._loose()
        known = self.reduced.open[found]
        if known.any():
            self._publish(found[known], force=True)
            found = found[self.state.mark[found].any(axis=1)]
        return found

    def _loose(self) -> Integers:
        unplaced = np.flatnonzero(self.visible & (self.basis.place < 0))
        return unplaced[self.state.mark[unplaced].any(axis=1)]

    def hide_for_good(self, rows: Integers) -> None:
        """Hide visible rows; the others stay visible, since from less no more follows."""
        self._still = np.union1d(self._still, rows)
        self.visible[rows] = False

    def _catch_up(self) -> None:
        """Bring vectors and marks to what is visible: row by row, or anew when it is much less."""
        rows = self._still
        if not len(rows):
            return
        if MANY * len(rows) > np.count_nonzero(self.visible):
            self._begin(self.visible)
            return
        self._still = np.zeros(0, dtype=np.int64)
        self._hide(rows)
        self._publish(self._loose(), force=True)

    @property
    def candidates(self) -> Integers:
        """The rows to decide on."""
        return self.reduced.candidates

    def above(self, row: int) -> Integers:
        """The cells that have an inner number in common with ``row`` and are not wide."""
        inner = self._inner(row)
        holding = np.unique(np.concatenate([self._column(one) for one in inner]))
        sizes = self._sizes[holding]
        narrow = holding[(sizes <= WIDEST) & (sizes > 1)]
        return narrow if len(narrow) else holding

    def parts(self, rows: Sequence[int] | Integers) -> Integers:
        """The candidates whose inner numbers all are in one of ``rows`` at least."""
        inner = np.unique(np.concatenate([self._inner(row) for row in rows]))
        held = np.concatenate([self._column(one) for one in inner])
        found, times = np.unique(held, return_counts=True)
        inside = found[times == self._sizes[found]]
        result: Integers = inside[self._is_candidate[inside]]
        return result

    @property
    def _sizes(self) -> Integers:
        sizes: Integers = np.diff(self.matrix.row_start)
        return sizes

    @property
    def _is_candidate(self) -> Flags:
        reduced = self.reduced
        return reduced.listed & ~reduced.open & ~reduced.small

    def _inner(self, row: int) -> Integers:
        matrix = self.matrix
        return matrix.row_index[matrix.row_start[row] : matrix.row_start[row + 1]]

    def _column(self, inner: int) -> Integers:
        matrix = self.matrix
        return matrix.column_index[matrix.column_start[inner] : matrix.column_stop[inner]]


def _fractions(values: Integers) -> Floats:
    """Numbers modulo P as the fractions they stand for: those with a small denominator."""
    result = np.where(values > P // 2, values - P, values).astype(np.float64)
    for below in range(2, DENOMINATOR + 1):
        open_ = np.flatnonzero(np.abs(result) > WHOLE)
        if not len(open_):
            break
        above = values[open_] * below % P
        above = np.where(above > P // 2, above - P, above)
        fits = np.abs(above) <= WHOLE
        result[open_[fits]] = above[fits] / below
    return result


def _matrix(reduced: Reduced) -> Matrix:
    rows = reduced.rows
    columns = csc_array(rows)
    columns.sort_indices()
    return Matrix(
        row_start=rows.indptr.astype(np.int64),
        row_index=rows.indices.astype(np.int64),
        row_value=rows.data.astype(np.int64),
        column_start=columns.indptr[:-1].astype(np.int64),
        column_stop=columns.indptr[1:].astype(np.int64),
        column_index=columns.indices.astype(np.int64),
        column_value=columns.data.astype(np.int64) % P,
    )


def _kinds(reduced: Reduced) -> Kinds:
    return Kinds(
        small=reduced.small.view(np.uint8),
        single=reduced.single.view(np.uint8),
        guard=reduced.guard.view(np.uint8),
    )


def _basis(reduced: Reduced) -> Basis:
    """Nothing visible: each inner number may change by itself."""
    cells, inner = reduced.rows.shape
    count, one = np.arange(inner, dtype=np.int64), np.ones(inner, dtype=np.int64)
    nought, nothing = np.zeros(inner, dtype=np.int64), np.zeros(0, dtype=np.int64)
    whole = Basis(
        start=count,
        length=one,
        room=one,
        entry=count,
        value=one,
        alive=np.ones(inner, dtype=np.uint8),
        size=one.copy(),
        head=count,
        inner=count,
        at=nought,
        next=np.full(inner, -1, dtype=np.int64),
        given_start=nought,
        given_length=nought.copy(),
        given_inner=nothing,
        given_value=nothing,
        place=np.full(cells, -1, dtype=np.int64),
        order=nothing,
        pivot=np.zeros(cells, dtype=np.int64),
        back=np.zeros(cells, dtype=np.int64),
        numbers=np.zeros(4, dtype=np.int64),
    )
    return _packed(whole, SPARE)


def _packed(basis: Basis, spare: int) -> Basis:
    """What is in use one after another, with room to grow, and free room behind."""
    from_, ends = _in_use(basis)
    length, count = np.diff(ends), len(basis.start)
    room = 2 * length + 8
    start = np.cumsum(room) - room
    used = int(room.sum())
    size = spare * used + MORE
    to = _runs(start, length)
    entry, value = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    entry[to], value[to] = basis.entry[from_], basis.value[from_]
    # The lists of vectors: runs of nodes, the last of each -1.
    places = to - np.repeat(start, length)
    turned = csr_array((places, entry[to], ends), shape=(count, count)).tocsc()
    nodes, first, last = turned.nnz, turned.indptr[:-1], turned.indptr[1:] - 1
    inner, at, following = (np.empty(size, dtype=np.int64) for _ in range(3))
    inner[:nodes], at[:nodes] = turned.indices, turned.data
    following[:nodes] = np.arange(1, nodes + 1)
    some = last >= first
    following[last[some]] = -1
    given = _runs(basis.given_start, basis.given_length)
    more = np.zeros(spare * (len(given) + count) + MORE, dtype=np.int64)
    place, order = basis.place.copy(), basis.order[basis.order >= 0]
    place[order] = np.arange(len(order))
    free = np.full(len(place) + len(order) + 1024, -1, dtype=np.int64)
    return basis._replace(
        start=start,
        length=length,
        room=room,
        entry=entry,
        value=value,
        head=np.where(some, first, -1).astype(np.int64),
        inner=inner,
        at=at,
        next=following,
        given_start=np.cumsum(basis.given_length) - basis.given_length,
        given_inner=np.concatenate([basis.given_inner[given], more]),
        given_value=np.concatenate([basis.given_value[given], more]),
        place=place,
        order=np.concatenate([order, free]),
        numbers=np.array([used, nodes, len(given), len(order)], dtype=np.int64),
    )


def _in_use(basis: Basis) -> tuple[Integers, Integers]:
    """The places of entries that are not nought, and where those of each inner number end."""
    at = _runs(basis.start, basis.length)
    not_nought = basis.value[at] != 0
    ends = np.concatenate([[0], np.cumsum(not_nought)])[
        np.concatenate([[0], np.cumsum(basis.length)])
    ]
    return at[not_nought], ends


def _runs(start: Integers, length: Integers) -> Integers:
    """The places of runs, one after another."""
    ends = np.cumsum(length)
    return np.repeat(start - ends + length, length) + np.arange(length.sum())


def _state(reduced: Reduced, matrix: Matrix, kinds: Kinds) -> State:
    count, inner = reduced.rows.shape
    random = np.random.default_rng(SEED)
    null = random.integers(0, P, size=(inner, MARKS), dtype=np.int64)
    mark = np.zeros((count, MARKS), dtype=np.int64)
    owner = np.repeat(np.arange(count), np.diff(matrix.row_start))
    products = (matrix.row_value % P)[:, None] * null[matrix.row_index] % P
    np.add.at(mark, owner, products)
    mark %= P
    small = int(kinds.small.sum())
    size = 1 << max(int(np.ceil(np.log2(8 * small + 8))), 4)
    state = State(
        mark=mark,
        key=np.zeros(count, dtype=np.uint64),
        table_key=np.zeros(size, dtype=np.uint64),
        table_small=np.zeros(size, dtype=np.int64),
        table_single=np.zeros(size, dtype=np.int64),
        numbers=np.array([0, SEED], dtype=np.int64),
    )
    kernel.enter_all(state, kinds, 0)
    return state


def _scratch(matrix: Matrix) -> Scratch:
    count, inner = len(matrix.row_start) - 1, len(matrix.column_start)
    return Scratch(
        coefficient=np.zeros(inner, dtype=np.int64),
        product=np.zeros(count, dtype=np.int64),
        cells=np.zeros(count, dtype=np.int64),
        seen=np.zeros(count, dtype=np.uint8),
        touched=np.zeros(inner, dtype=np.int64),
        vectors=np.zeros(inner, dtype=np.int64),
        seen_vector=np.zeros(inner, dtype=np.uint8),
        counts=np.zeros(2, dtype=np.int64),
        inner=np.zeros(inner, dtype=np.int64),
        seen_inner=np.zeros(inner, dtype=np.uint8),
        heap=np.zeros(count, dtype=np.int64),
        queued=np.zeros(count, dtype=np.uint8),
        sizes=np.zeros(2, dtype=np.int64),
    )
