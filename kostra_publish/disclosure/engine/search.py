"""The state of a search, made and kept from Python; the loops are in ``kernel``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from kostra_publish.disclosure.engine import kernel
from kostra_publish.disclosure.engine.kernel import MARKS, Basis, Kinds, Matrix, P, Scratch, State
from kostra_publish.disclosure.engine.reduced import Reduced
from kostra_publish.disclosure.problem import Flags, Floats, Integers
from kostra_publish.errors import DisclosureError

SEED = 12_221
WHOLE = 1 << 16
"""Numbers of a vector beyond this stand for fractions."""
DENOMINATOR = 720
WIDEST = 80
"""Inner numbers at most of a cell whose parts are published anew together."""
Number = TypeVar("Number", bound=np.generic)


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

    def __post_init__(self) -> None:
        """Begin with nothing visible but the equations and what is open."""
        self.matrix = _matrix(self.reduced)
        self.kinds = _kinds(self.reduced)
        self.basis = _basis(self.reduced)
        self.state = _state(self.reduced, self.matrix, self.kinds)
        self.scratch = _scratch(self.matrix)
        count = self.reduced.rows.shape[0]
        self.visible = np.zeros(count, dtype=np.bool_)
        known = np.flatnonzero(self.reduced.open)
        # What is nearly everything first: it is then met by long moves only here.
        sizes = np.diff(self.matrix.row_start)[known]
        self.publish(known[np.argsort(sizes, kind="stable")], force=True)
        self._join_doubles()

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
        self._run(kernel.publish_all, queue, force)

    def hide(self, queue: Integers) -> Flags:
        """Hide the visible rows of ``queue`` again; the rows that may now change with them."""
        stirred = np.zeros(len(self.visible), dtype=np.bool_)
        self._run(kernel.hide_all, queue, stirred.view(np.uint8))
        return stirred

    def _run(self, loop: Callable[..., int], queue: Integers, last: object) -> None:
        """Run a loop of the kernel over ``queue``, and make room whenever it stops for that."""
        visible = self.visible.view(np.uint8)
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
                self._make_room()

    @property
    def moves(self) -> csr_array:
        """Vectors that span the null space; shape (inner numbers, vectors)."""
        basis = self.basis
        alive = np.flatnonzero(basis.alive)
        length = basis.length[alive]
        ends = np.cumsum(length)
        at = np.repeat(basis.start[alive] - ends + length, length) + np.arange(length.sum())
        value = _fractions(basis.value[at])
        owner = np.repeat(np.arange(len(alive)), length)
        shape = (len(self.reduced.inner), len(alive))
        return csr_array((value, (basis.entry[at], owner)), shape=shape)

    @property
    def loose(self) -> Integers:
        """Rows that are visible because they followed, and do not follow any more.

        What is known anyway among them is made visible again here.
        """
        unplaced = np.flatnonzero(self.visible & (self.basis.place < 0))
        found = unplaced[self.state.mark[unplaced].any(axis=1)]
        known = self.reduced.open[found]
        if known.any():
            self.publish(found[known], force=True)
            found = found[self.state.mark[found].any(axis=1)]
        return found

    def guard(self, weights: csr_array) -> None:
        """From now on, protect sums of rows that must not follow, and free those that do.

        ``weights`` has shape (sums, rows): whole and non-negative.
        """
        first = len(self.visible)
        rows = csr_array(weights @ self.reduced.rows)
        mark = np.zeros((rows.shape[0], MARKS), dtype=np.int64)
        owner = np.repeat(np.arange(rows.shape[0]), np.diff(weights.indptr))
        np.add.at(mark, owner, weights.data[:, None] * self.state.mark[weights.indices] % P)
        self.reduced = self.reduced.guarded(rows)
        self.matrix = _matrix(self.reduced)
        self.kinds = _kinds(self.reduced)
        self.scratch = _scratch(self.matrix)
        self.state = _longer(self.state, mark % P)
        kernel.enter_all(self.state, self.kinds, first)
        self.basis = _packed(self.basis, len(self.reduced.inner), self.reduced.rows.shape[0])
        self.visible = _lengthened(self.visible, rows.shape[0])
        for row in range(first, len(self.visible)):
            if not self.state.mark[row].any():
                self.free(row)

    def free(self, row: int) -> None:
        """Hide cells, the cheapest first, until ``row`` does not follow from what is visible.

        Raises DisclosureError when nothing is left to hide.
        """
        near = self.parts(self.above(row))
        self.again(near[self.visible[near]])
        while not self.state.mark[row].any():
            cell = self._cheapest(row, near)
            if cell < 0:
                cell = self._cheapest(row, self.candidates)
            if cell < 0:
                raise DisclosureError(
                    "small figures follow from figures that are known already",
                    fix="Look at figures of earlier releases, and at noughts that are shown.",
                )
            self.again(np.array([cell]))

    def _cheapest(self, row: int, among: Integers) -> int:
        return int(
            kernel.cheapest(
                self.matrix,
                self.basis,
                self.scratch,
                row,
                among[self.visible[among]],
                self.reduced.cost,
            )
        )

    def hide_for_good(self, rows: Integers) -> None:
        """Hide visible rows, and what followed from them and may not be shown by itself."""
        self.hide(rows)
        self.publish(self.loose)

    def again(self, queue: Integers) -> None:
        """Hide the rows of ``queue`` and publish them anew, the dearest first."""
        self.hide(queue)
        everything = np.concatenate([queue, self.loose])
        self.hide(self.loose)
        self.publish(everything[np.argsort(-self.reduced.cost[everything], kind="stable")])

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

    def _make_room(self) -> None:
        """Pack the vectors into twice the room."""
        self.basis = _packed(self.basis, len(self.reduced.inner), len(self.visible))


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
    inner = len(reduced.inner)
    count = np.arange(inner, dtype=np.int64)
    whole = Basis(
        start=count,
        length=np.ones(inner, dtype=np.int64),
        room=np.ones(inner, dtype=np.int64),
        alive=np.ones(inner, dtype=np.uint8),
        stamp=np.zeros(inner, dtype=np.int64),
        entry=count,
        value=np.ones(inner, dtype=np.int64),
        head=count,
        vector=count,
        next=count,
        place=np.full(reduced.rows.shape[0], -1, dtype=np.int64),
        order=np.full(0, -1, dtype=np.int64),
        pivot=np.zeros(reduced.rows.shape[0], dtype=np.int64),
        back=np.zeros(reduced.rows.shape[0], dtype=np.int64),
        numbers=np.zeros(4, dtype=np.int64),
    )
    return _packed(whole, inner, reduced.rows.shape[0])


def _packed(basis: Basis, inner: int, cells: int) -> Basis:
    """The vectors one after another, each with room to grow, and free room behind."""
    alive = basis.alive.astype(np.bool_)
    length = basis.length
    room = np.where(alive, 2 * length + 8, length)
    start = np.concatenate([[0], np.cumsum(room)[:-1]]).astype(np.int64)
    used = int(room.sum())
    size = 4 * used + 65_536
    from_ = np.repeat(basis.start - np.cumsum(length) + length, length) + np.arange(length.sum())
    to = np.repeat(start - np.cumsum(length) + length, length) + np.arange(length.sum())
    index, value = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    index[to], value[to] = basis.entry[from_], basis.value[from_]
    # Lists of the living vectors only.
    owner = np.repeat(np.arange(len(length)), length)
    listed = np.flatnonzero(alive[owner])
    order = listed[np.argsort(index[to][listed], kind="stable")]
    held = index[to][order]
    nodes, following = np.zeros(size, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    nodes[: len(order)] = owner[order]
    same = held[1:] == held[:-1]
    following[: max(len(order) - 1, 0)] = np.where(same, np.arange(1, len(order)), -1)
    head = np.full(inner, -1, dtype=np.int64)
    head[held[::-1]] = np.arange(len(order))[::-1]
    more = cells - len(basis.place)
    place, places = _lengthened(basis.place, more, -1), basis.order[basis.order >= 0]
    place[places] = np.arange(len(places))
    free = np.full(len(place) + len(places) + 1024, -1, dtype=np.int64)
    return basis._replace(
        start=start,
        length=length.copy(),
        room=room,
        alive=basis.alive.copy(),
        stamp=np.zeros(len(length), dtype=np.int64),
        entry=index,
        value=value,
        head=head,
        vector=nodes,
        next=following,
        place=place,
        pivot=_lengthened(basis.pivot, more),
        back=_lengthened(basis.back, more),
        order=np.concatenate([places, free]),
        numbers=np.array([used, len(order), 0, len(places)], dtype=np.int64),
    )


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


def _longer(state: State, mark: Integers) -> State:
    """The state with more small rows, their marks given."""
    more = len(mark)
    small = int((state.key != 0).sum()) + more
    size = max(1 << int(np.ceil(np.log2(8 * small + 8))), len(state.table_key))
    grown = state._replace(
        mark=np.concatenate([state.mark, mark]),
        key=_lengthened(state.key, more),
    )
    if size == len(state.table_key):
        return grown
    return grown._replace(
        table_key=np.zeros(size, dtype=np.uint64),
        table_small=np.zeros(size, dtype=np.int64),
        table_single=np.zeros(size, dtype=np.int64),
        numbers=np.array([size, state.numbers[1]], dtype=np.int64),
    )


def _lengthened(array: NDArray[Number], more: int, with_: int = 0) -> NDArray[Number]:
    return np.concatenate([array, np.full(more, with_, dtype=array.dtype)])


def _scratch(matrix: Matrix) -> Scratch:
    count, inner = len(matrix.row_start) - 1, len(matrix.column_start)
    return Scratch(
        coefficient=np.zeros(inner, dtype=np.int64),
        product=np.zeros(count, dtype=np.int64),
        cells=np.zeros(count, dtype=np.int64),
        seen=np.zeros(count, dtype=np.uint8),
        touched=np.zeros(inner, dtype=np.int64),
        vectors=np.zeros(inner, dtype=np.int64),
        counts=np.zeros(2, dtype=np.int64),
        inner=np.zeros(inner, dtype=np.int64),
        seen_inner=np.zeros(inner, dtype=np.uint8),
        heap=np.zeros(count, dtype=np.int64),
        queued=np.zeros(count, dtype=np.uint8),
        sizes=np.zeros(2, dtype=np.int64),
    )
