"""The attack on a pattern: everything that the attackers of the promises would try."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.attack.exact import exact
from kostra_publish.disclosure.attack.insiders import (
    Pairs,
    find_at_random,
    find_pairs,
    found_exactly,
    insiders_of,
    other_cells,
)
from kostra_publish.disclosure.attack.modular import (
    RANDOM_VECTORS,
    at_nought,
    echelon,
    following,
    products,
)
from kostra_publish.disclosure.attack.nearby import search_nearby
from kostra_publish.disclosure.attack.programs import Farthest
from kostra_publish.disclosure.attack.reduction import reduce
from kostra_publish.disclosure.attack.search import Witnesses, find_narrow
from kostra_publish.disclosure.attack.tables import fitting, of_inner
from kostra_publish.disclosure.attack.verdict import Verdict
from kostra_publish.disclosure.attack.view import view_of
from kostra_publish.disclosure.problem import Flags, Floats, Integers, Problem
from kostra_publish.disclosure.solver import TOLERANCE

LIMIT = 20
"""Changes are first sought up to this many times the width; see Farthest."""

SIDE_BY_SIDE = 2
"""Linear programs that are asked at once."""


Insight = Literal["algebra", "intervals", "lone by algebra", "all"]
"""What is tried: linear algebra; intervals, too; what lone contributors find besides by linear
algebra; and by linear programming."""


@dataclass(frozen=True, eq=False)
class Begun:
    """An attack on one pattern after another, when what is found is answered in between.

    ``tables`` are those of the verdict before, as there: what still fits need not be sought
    again. The attack stops when ``enough`` narrow cells are found; the verdict is then not
    ``complete``.
    """

    tables: csr_array
    enough: int


def attack(
    problem: Problem,
    visible: Flags,
    *,
    width: int = 1,
    insight: Insight = "all",
    threshold: int | None = None,
    begun: Begun | None = None,
    seed: int = 0,
) -> Verdict:
    """Attack the small cells of a problem of which the cells in ``visible`` are shown.

    The attacker knows the value of every listed cell that is visible and of every open cell;
    the equations; that inner numbers are whole and not negative; and that a hidden listed
    cell is at least its floor. A cell is *exact* when it follows by linear algebra, and
    *narrow* when its interval holds fewer than ``width`` + 1 whole values; the interval is
    that of linear programming, both ends, as in Fischetti and Salazar-González (2001). Unless
    ``insight`` is less, whoever is alone in a hidden small cell knows its inner numbers, too, and
    must not find another small cell. With a ``threshold``, which takes intervals, hidden small
    cells that are surely below it are reported too; that is no violation.

    ``begun`` goes on from an earlier attack. ``seed`` only decides what is tried first: the
    verdict is the same for all.
    """
    if width < 1:
        msg = f"width {width}: a protected interval holds at least two whole values, width 1"
        raise ValueError(msg)
    if insight == "algebra" and threshold is not None:
        msg = "what is surely few is found from intervals"
        raise ValueError(msg)
    under_way = _Attack(problem, visible, width, seed)
    if begun is not None:
        under_way.begin_with(begun.tables)
    most = None if begun is None else begun.enough
    return under_way.verdict(threshold, most, insight)


class _Attack:
    """One attack: what is known, and the changes found so far."""

    def __init__(self, problem: Problem, visible: Flags, width: int, seed: int) -> None:
        self.problem, self.visible, self.width = problem, visible, width
        self.random = np.random.default_rng(seed)
        self.view = view_of(problem, visible)
        self.form = echelon(self.view.known)
        self.people = insiders_of(self.view)
        self.witnesses = Witnesses(reduce(self.view, self.form.basis, self.random), width)

    def begin_with(self, tables: csr_array) -> None:
        """Take over the tables that fit: shape (tables, inner numbers)."""
        fits = csr_array(tables[np.flatnonzero(fitting(self.problem, self.visible, tables))])
        changes = (fits @ self.view.merge)[:, self.witnesses.reduced.columns]
        for change in changes.toarray().astype(np.float64):
            self.witnesses.keep(change)

    def verdict(self, threshold: int | None, enough: int | None, insight: Insight) -> Verdict:
        """Everything in turn: linear algebra, intervals, insiders."""
        view, reduced = self.view, self.witnesses.reduced
        follows = following(view.targets, self.form.null_vectors(RANDOM_VECTORS, self.random))
        found, few, most = self._nothing(), None, len(view.lone) + 1 if enough is None else enough
        narrow: Flags = np.zeros(len(self.witnesses.low), dtype=np.bool_)
        insiders, tried = insight in {"lone by algebra", "all"}, False
        if insight != "algebra":
            sums = csr_array(reduced.targets[self.people.targets[~self.people.knows_all]])
            limit = float(LIMIT * self.width)
            programs = [Farthest(reduced, sums, limit) for _ in range(SIDE_BY_SIDE)]
            if insiders:
                lone = csr_array(reduced.parts[self.people.targets])
                search_nearby(self.witnesses, lone, self.random)
            narrow = find_narrow(self.witnesses, programs, self.width, self.random, most)
            tried = bool(np.count_nonzero(narrow) < most) and insiders
            if tried:
                found = self._found_by_insiders(programs[0], insight)
            few = None if threshold is None else self._few(programs[0], threshold)
        low, high = self._interval()
        plain_or_exact = view.plain | self._per_cell(follows)
        return Verdict(
            shown=self.problem.small & view.shown,
            exact=plain_or_exact,
            narrow=self._per_cell(narrow) & ~plain_or_exact,
            insider=self._per_cell(np.asarray(found.any(axis=0))),
            low=low,
            high=high,
            pairs=self._pairs(found),
            few=few,
            sought=self.problem.small,
            width=self.width,
            intervals=insight != "algebra",
            lone=len(self.people.targets) if tried else None,
            tables=self._tables(),
            complete=bool(np.count_nonzero(narrow) < most),
        )

    def _tables(self) -> csr_array:
        """The changes that widened an interval, as changes of inner numbers."""
        witnesses = self.witnesses
        useful = list(compress(witnesses.changes, witnesses.useful))
        shape = len(useful), witnesses.reduced.known.shape[1]
        changes = csr_array(np.array(useful, dtype=np.float64).reshape(shape))
        return of_inner(self.view, witnesses.reduced, self.problem.inner, changes)

    def _found_by_insiders(self, program: Farthest, insight: Insight) -> Flags:
        """Shape (insiders, targets): what each can work out, and outsiders cannot."""
        people, random = self.people, self.random
        other = other_cells(self.view, people) & ~self.witnesses.narrow(1)
        exactly = found_exactly(self.view, self.form, people, random) & other
        if insight == "lone by algebra":
            return self._without_known_before(exactly)
        pairs = Pairs(other & ~exactly, people, self.witnesses)
        pairs.close()
        find_at_random(self.witnesses, pairs, program, random)
        find_pairs(self.witnesses, pairs, program, random)
        return self._without_known_before(exactly | pairs.open)

    def _without_known_before(self, found: Flags) -> Flags:
        """Less what each insider knows from what is open, though no figure is shown.

        Where nobody is a man under 18, women under 18 are all under 18: who is alone in the
        one is alone in the other, whatever is published. And who is alone in a cell of which an
        earlier release has shown 4, knows that three have left. Where no nought is a secret, it
        is none that nobody else is in another cell: to find that is to find oneself.
        """
        result = found.copy()
        some = np.flatnonzero(found.any(axis=1))
        if bool((self.problem.values[self.problem.small] == 0).any()):
            for insider in some.tolist():
                result[insider] &= ~self._known_before(insider)
        elif len(some):
            result[some] &= ~self._known_before_noughts_apart(some)
        return result

    def _known_before(self, insider: int) -> Flags:
        """One per target: whether it follows though nothing is shown."""
        problem = self.problem
        own = self.view.target_of == self.people.targets[insider]
        told = replace(problem, open=problem.open | own, small=problem.small & ~own)
        if self.people.knows_all[insider]:
            told = told.with_noughts(abs(problem.rows[own]).sum(axis=0) > 0)
        nothing = np.zeros(len(told.small), dtype=np.bool_)
        return exact(told, nothing)[self._first_cells]

    def _known_before_noughts_apart(self, insiders: Integers) -> Flags:
        """The same, shape (insiders, targets), when every nought is known to all."""
        told = self.problem.with_noughts(np.ones(len(self.problem.inner), dtype=np.bool_))
        view = view_of(told, np.zeros(len(told.small), dtype=np.bool_))
        vectors = echelon(view.known).null_vectors(1 + RANDOM_VECTORS, self.random)
        effects = products(view.targets, vectors)
        # What is plain moves with nothing.
        effects = np.vstack([effects, np.zeros_like(effects[:1])])
        moves = effects[view.target_of[self._first_cells]]
        known = np.zeros((len(insiders), len(moves)), dtype=np.bool_)
        for row, target in enumerate(self.people.targets[insiders].tolist()):
            mixes = echelon(csr_array(moves[[target]])).null_vectors(2, self.random)
            known[row] = at_nought(moves, mixes)
        return known

    @property
    def _first_cells(self) -> Integers:
        """The first cell of each target."""
        first = np.full(len(self.witnesses.low), -1, dtype=np.int64)
        cells = np.flatnonzero(self.view.target_of >= 0)[::-1]
        first[self.view.target_of[cells]] = cells
        return first

    def _nothing(self) -> Flags:
        """Shape (0, targets): what no insider works out."""
        return np.zeros((0, len(self.witnesses.low)), dtype=np.bool_)

    def _few(self, program: Farthest, threshold: int) -> Flags:
        """The hidden small cells whose greatest value is below the threshold."""
        target_of, values = self.view.target_of, self.problem.values
        sought = target_of >= 0
        needed = np.zeros(len(self.witnesses.high))
        np.maximum.at(needed, target_of[sought], (threshold - values)[sought])
        for target in range(len(needed)):
            if self.witnesses.high[target] < needed[target] - TOLERANCE:
                change = program.find(self.witnesses.row(target), int(needed[target]))
                self.witnesses.keep_farthest(target, 1, change)
        return self.view.plain | (sought & (self._interval()[1] < threshold - 2 * TOLERANCE))

    def _per_cell(self, flags: Flags) -> Flags:
        """Flags of targets as flags of cells."""
        target_of = self.view.target_of
        found: Flags = np.zeros(len(target_of), dtype=np.bool_)
        found[target_of >= 0] = flags[target_of[target_of >= 0]]
        return found

    def _interval(self) -> tuple[Floats, Floats]:
        """What is known of the interval of each cell; NaN where it is not hidden and small."""
        target_of, values = self.view.target_of, self.problem.values
        has = target_of >= 0
        low = np.where(has | self.view.plain, values.astype(np.float64), np.nan)
        high = low.copy()
        low[has] += self.witnesses.low[target_of[has]]
        high[has] += self.witnesses.high[target_of[has]]
        return low, high

    def _pairs(self, found: Flags) -> Integers:
        """Cells for pairs of insider and target; the first cell of each target found."""
        insider, target = np.nonzero(found)
        first = self._first_cells
        return np.stack([self.view.lone[self.people.targets[insider]], first[target]], axis=1)
