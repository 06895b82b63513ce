"""Fewer and cheaper secondary cells, by integer programming.

Hiding a cell costs, and each small cell must be able to move by so much. Whether it can is a
linear program in the inner numbers. When it cannot, the dual of that program is a *cut*: a
linear condition on what to hide that every good pattern meets, and the present one does not
(Benders' decomposition, as in Fischetti and Salazar-González 2001). The integer program chooses
the cheapest pattern that meets all cuts so far, until that is good, and so the cheapest of all;
or until it has worked for long enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import highspy
import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.engine.reduced import Reduced, reduce
from kostra_publish.disclosure.engine.stretch import Move, Wanted, may_fall, shown
from kostra_publish.disclosure.problem import Flags, Floats, Problem
from kostra_publish.disclosure.solver import TOLERANCE, Program, mark_whole, program_of

WORK: Final = 1_500_000_000
"""Steps of the simplex method times entries of the cuts, in all integer programs of a problem, at
effort 1: some 20 seconds."""
REMEMBERED: Final = 1_000
"""Changes that are kept, so that what they show need not be asked again."""
NOTHING: Final = 1e-9
"""A dual value closer to 0 is 0."""
CHEAPER: Final = 1e-3
"""A pattern is cheaper when it saves as much."""


class Cut(NamedTuple):
    """What a good pattern must hide: ``weights``, one per candidate, of hidden cells add up to 1.

    Unless it moves the cell the other way; ``None`` says that this cannot be.
    """

    up: Floats
    down: Floats | None


class Refinement:
    """A pattern while it is being made cheaper: the best so far, and what is known of all.

    A pattern that is proposed meets all demands known so far; whoever finds that it is not
    good makes more demands, and asks for another; or else keeps it. Deterministic.
    """

    def __init__(self, problem: Problem, visible: Flags, width: int, effort: float) -> None:
        """Begin with a good pattern: all small cells must be able to move by ``width``.

        Demands that it does not meet are no demands. ``effort`` scales the work.
        """
        self._problem = problem
        self._work = effort * WORK
        self._reduced = reduced = reduce(problem)
        self._candidates = reduced.candidates
        hidden = np.zeros(len(reduced.value), dtype=np.bool_)
        placed = reduced.of_cell >= 0
        hidden[reduced.of_cell[placed]] = ~visible[placed]
        self._best = self._proposed = hidden[self._candidates]
        self.nothing_cheaper = False
        """Whether it has been proven that no cheaper pattern meets the demands."""
        self._changes = _Changes(reduced)
        self._master = _Master(reduced.cost[self._candidates])
        small = np.flatnonzero(reduced.small).tolist()
        self._demands = dict.fromkeys(Move(row, width, up=False, held=None) for row in small)
        unmet = self._cuts(self._best)
        self._demands = {move: None for move in self._demands if move not in unmet}

    def cheaper(self) -> Flags | None:
        """The cheapest pattern that meets all demands: which cells are visible.

        None if none is cheaper than the best so far, or if the work is used up.
        """
        last = self._best
        self.nothing_cheaper = not self._best.any()
        while self._best.any() and self._work > 0:
            hidden = self._master.answer(self._best)
            self._work -= self._master.work
            if hidden is None or (hidden == last).all():
                self.nothing_cheaper = hidden is None and self._master.is_impossible
                return None
            cuts = self._cuts(hidden)
            if not cuts:
                self._proposed = hidden
                visible = np.ones(len(self._reduced.value), dtype=np.bool_)
                visible[self._candidates] = ~hidden
                return self._reduced.spread(visible) & self._problem.listed & ~self._problem.small
            self._master.add(cuts)
            last = hidden
        return None

    def demand(self, wanted: Iterable[Wanted]) -> bool:
        """Demand more of all patterns; False if that is nothing new."""
        before = len(self._demands)
        self._demands |= dict.fromkeys(one.in_rows(self._reduced) for one in wanted)
        return len(self._demands) > before

    def keep(self) -> None:
        """What was proposed is good."""
        self._best = self._proposed

    def _cuts(self, hidden: Flags) -> dict[Move, Cut]:
        """For every demand that a pattern does not meet, a cut."""
        changes = self._changes
        changes.show(hidden)
        found: dict[Move, Cut] = {}
        open_ = changes.unseen(list(self._demands))
        while open_:
            move = open_.pop()
            cut = changes.cut(move)
            if cut is None:
                open_ = changes.unseen(open_, newest=True)
            else:
                found[move] = cut
        return found


class _Changes:
    """The changes of inner numbers that a pattern leaves possible.

    Its linear program has a row for what is known, one for each hidden cell that cannot fall
    below its floor, one for each small cell, and one per candidate: free above when it is hidden,
    and still when it is visible.
    """

    def __init__(self, reduced: Reduced) -> None:
        """Everything is visible at first."""
        self._reduced = reduced
        candidates = reduced.candidates
        floored = (reduced.listed | (reduced.floor > 0)) & ~reduced.open
        other = np.setdiff1d(np.flatnonzero(reduced.open | floored | reduced.small), candidates)
        order = np.concatenate([other, candidates])
        self._place = np.full(len(reduced.value), -1, dtype=np.int64)
        self._place[order] = np.arange(len(order))
        self._first = len(other)
        self._room = np.maximum(reduced.value - reduced.floor, 0)[order].astype(np.float64)
        fixed = reduced.open[order]
        self._low = np.where(fixed, 0.0, np.where(floored[order], -self._room, -np.inf))
        self._high = np.where(fixed, 0.0, np.inf)
        self._low[self._first :] = self._high[self._first :] = 0.0
        self._least = -reduced.inner.astype(np.float64)
        self._most = np.full(len(self._least), np.inf)
        self._columns = np.arange(len(self._least), dtype=np.int32)
        self._hidden: Flags = np.zeros(len(candidates), dtype=np.bool_)
        self._rows = csr_array(reduced.rows[candidates])
        self._program = program_of(
            "primal",
            csr_array(reduced.rows[order]),
            (self._low, self._high),
            (self._least, self._most),
            np.zeros(len(self._least)),
        )
        self._seen = np.zeros((0, len(self._least)))
        self._uses: Flags = np.zeros((0, len(candidates)), dtype=np.bool_)

    def show(self, hidden: Flags) -> None:
        """From now on, ask about this pattern."""
        for candidate in np.flatnonzero(hidden != self._hidden).tolist():
            place = self._first + candidate
            self._low[place] = -self._room[place] if hidden[candidate] else 0.0
            self._high[place] = np.inf if hidden[candidate] else 0.0
            self._program.changeRowBounds(place, self._low[place], self._high[place])
        self._hidden = hidden.copy()

    def unseen(self, moves: Sequence[Move], *, newest: bool = False) -> list[Move]:
        """The moves that no change shows which is remembered, and possible; or the newest alone."""
        uses, seen = (self._uses[-1:], self._seen[-1:]) if newest else (self._uses, self._seen)
        if not moves:
            return []
        flags = shown(self._reduced, moves, seen[~(uses & ~self._hidden).any(axis=1)])
        return [move for move, is_seen in zip(moves, flags, strict=True) if not is_seen]

    def cut(self, move: Move) -> Cut | None:
        """What would make a move possible; None if it is."""
        self._hold(move.held)
        up = self._ask(move.row, float(move.by))
        down = None
        if up is not None and not move.up and may_fall(self._reduced, move.row, move.by):
            down = self._ask(move.row, -float(move.by))
            up = None if down is None else up
        self._hold(None)
        return None if up is None else Cut(up, down)

    def _ask(self, row: int, by: float) -> Floats | None:
        """None if a row can change by so much; else the weights of a cut."""
        place, way = int(self._place[row]), float(np.sign(by))
        own = self._reduced.rows[[row]]
        costs = np.zeros(len(self._least))
        costs[own.indices] = -way * own.data
        low, high = self._low[place], self._high[place]
        bound = (low, min(high, by)) if by > 0 else (max(low, by), high)
        self._low[place], self._high[place] = bound
        self._program.changeColsCost(len(costs), self._columns, costs)
        self._program.changeRowBounds(place, *bound)
        change = self._program.answer()
        if change is None:
            msg = "the linear program of a move has no answer, though no change is one"
            raise ArithmeticError(msg)
        weights = None
        if -costs @ change >= abs(by) - TOLERANCE:
            self._remember(change)
        else:
            weights = self._weights(abs(by))
        self._low[place], self._high[place] = low, high
        self._program.changeRowBounds(place, low, high)
        return weights

    def _weights(self, by: float) -> Floats:
        """From the dual: how much of ``by`` each candidate would allow, if it were hidden.

        The greatest move is the sum of dual values times bounds; those of candidates are 0 while
        they are visible, and as far as they are above their floor when they are hidden.
        """
        solution = self._program.getSolution()
        dual, rest = -np.array(solution.row_dual), -np.array(solution.col_dual)
        always = _bounded(dual[: self._first], self._low, self._high)
        always += _bounded(rest, self._least, self._most)
        own = dual[self._first :]
        allowed = np.maximum(-own, 0) * self._room[self._first :] / max(by - always, NOTHING)
        weights: Floats = np.where(own > NOTHING, 1.0, np.minimum(allowed, 1.0))
        return np.where(weights > NOTHING, weights, 0.0)

    def _remember(self, change: Floats) -> None:
        tidy = np.where(abs(change) > TOLERANCE / 10, change, 0.0)
        self._seen = np.vstack([self._seen, tidy])[-REMEMBERED:]
        self._uses = np.vstack([self._uses, abs(self._rows @ tidy) > TOLERANCE / 10])[-REMEMBERED:]

    def _hold(self, row: int | None) -> None:
        """Let all inner numbers of a row, and no others, stand still."""
        still = np.isinf(self._most) if row is None else np.zeros(len(self._most), dtype=np.bool_)
        own = np.flatnonzero(~still) if row is None else self._reduced.rows[[row]].indices
        self._least[own] = -self._reduced.inner[own].astype(np.float64) if row is None else 0.0
        self._most[own] = np.inf if row is None else 0.0
        for number in own.tolist():
            self._program.changeColBounds(number, self._least[number], self._most[number])


def _bounded(dual: Floats, low: Floats, high: Floats) -> float:
    """What bounds, at their dual values, allow."""
    above, below = dual > NOTHING, dual < -NOTHING
    low, high = low[: len(dual)], high[: len(dual)]
    return float(dual[above] @ high[above] + dual[below] @ low[below])


class _Master:
    """The integer program: which candidates to hide at the least cost, so that all cuts hold."""

    def __init__(self, costs: Floats) -> None:
        """Row 0 is the cost of the whole pattern."""
        count = len(costs)
        self._costs = costs
        self._program: Program = program_of(
            "integer",
            csr_array(costs[None]),
            (np.array([-np.inf]), np.array([np.inf])),
            (np.zeros(count), np.ones(count)),
            costs,
        )
        mark_whole(self._program, range(count))
        self._ways: dict[Move, int] = {}

    def add(self, cuts: dict[Move, Cut]) -> None:
        """Let every pattern meet these, too."""
        for move, (up, down) in cuts.items():
            if down is None:
                self._require(up, ())
                continue
            if move not in self._ways:
                self._ways[move] = self._program.getNumCol()
                self._program.addVar(0.0, 1.0)
                mark_whole(self._program, [self._ways[move]])
            # The way is 0 for up and 1 for down.
            self._require(up, ((self._ways[move], 1.0),))
            self._require(down, ((self._ways[move], -1.0),), 0.0)

    def _require(
        self, weights: Floats, ways: Sequence[tuple[int, float]], least: float = 1.0
    ) -> None:
        places = np.flatnonzero(weights)
        columns = np.concatenate([places, [column for column, _ in ways]]).astype(np.int32)
        values = np.concatenate([weights[places], [value for _, value in ways]])
        self._program.addRow(least, np.inf, len(columns), columns, values)

    def answer(self, hidden: Flags) -> Flags | None:
        """The cheapest pattern, if it is cheaper than ``hidden``."""
        self._program.changeRowBounds(0, -np.inf, float(self._costs @ hidden) - CHEAPER)
        best = self._program.answer()
        if best is None:
            return None
        found: Flags = best[: len(self._costs)] > 0.5
        return found

    @property
    def is_impossible(self) -> bool:
        """Whether the last question has no answer, and not just none that was found in time."""
        return self._program.getModelStatus() == highspy.HighsModelStatus.kInfeasible

    @property
    def work(self) -> int:
        """The steps of the simplex method that the last answer took, times entries of the cuts."""
        steps = int(self._program.getInfo().simplex_iteration_count)
        return max(steps, 1) * int(self._program.getNumNz())
