"""Who, knowing to be alone in one small cell, can work out another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.attack.modular import (
    RANDOM_VECTORS,
    Echelon,
    at_nought,
    echelon,
    products,
)
from kostra_publish.disclosure.attack.programs import Farthest
from kostra_publish.disclosure.attack.search import Witnesses, moved
from kostra_publish.disclosure.attack.view import View
from kostra_publish.disclosure.problem import Flags, Floats, Integers
from kostra_publish.disclosure.solver import TOLERANCE

TRIES: Final = 3
"""How often to move all that is left for one insider at once, before each cell in turn."""

BATCH: Final = 200
"""How many changes to weigh against all pairs at once."""

SHARE_HELD: Final = 0.3
"""Of the insiders with pairs left, how many are held at once."""

FEW_MORE: Final = 50
"""Random directions go on while one in this many of the pairs left is closed."""


@dataclass(frozen=True, eq=False, repr=False)
class Insiders:
    """Those who are alone in a cell.

    * ``targets``: int64, one per insider; the target each is alone in.
    * ``knows``: 0/1, shape (insiders, unknown numbers of the View); the numbers each knows.
      Empty for those who know only the sum.
    """

    targets: Integers
    knows: csr_array
    knows_all: Flags


def insiders_of(view: View) -> Insiders:
    """The insiders of a view."""
    alone = np.flatnonzero(view.lone >= 0)
    knows_all = view.knows_all[alone]
    # Who knows the sum of one number knows the number.
    knows_all |= np.diff(view.targets.indptr)[alone] == 1
    knows = csr_array(abs(view.targets[alone]) > 0).astype(np.int64)
    knows.data *= np.repeat(knows_all, np.diff(knows.indptr))
    knows.eliminate_zeros()
    return Insiders(alone, knows, knows_all)


def other_cells(view: View, insiders: Insiders) -> Flags:
    """Shape (insiders, targets): whether the target is another cell than the insider's own.

    Cells whose contents are wholly within the insider's cell are the insider's own; where
    only the sum is known, just the cell itself is.
    """
    contents = csr_array(abs(view.persons) > 0).astype(np.int32)
    own = csr_array(abs(view.contents[insiders.targets]) > 0).astype(np.int32)
    own.data *= np.repeat(view.knows_all[insiders.targets], np.diff(own.indptr))
    other: Flags = (own @ contents.T).toarray() < np.diff(contents.indptr)[None, :]
    other[np.arange(len(insiders.targets)), insiders.targets] = False
    return other


def found_exactly(
    view: View, form: Echelon, insiders: Insiders, random: np.random.Generator
) -> Flags:
    """Shape (insiders, targets): whether the target follows by linear algebra.

    A change that leaves at nought all that is known, and all that the insider knows, must
    leave the target at nought too; two random ones are tried for each insider.
    """
    most = int(np.diff(insiders.knows.indptr).max(initial=1))
    vectors = form.null_vectors(most + RANDOM_VECTORS, random)
    effects = products(view.targets, vectors)
    found = np.zeros((len(insiders.targets), len(effects)), dtype=np.bool_)
    for insider, target in enumerate(insiders.targets):
        part = slice(*insiders.knows.indptr[insider : insider + 2])
        own = vectors[insiders.knows.indices[part]] if part.stop > part.start else effects[[target]]
        # Of so many changes, some mixes leave at nought all that the insider knows.
        own = own[:, : len(own) + RANDOM_VECTORS]
        found[insider] = at_nought(effects, echelon(csr_array(own)).null_vectors(2, random))
    return found


class Pairs:
    """Which insiders may still be able to work out which targets.

    ``open``: shape (insiders, targets). A change that the insider cannot rule out, and that
    moves the target by one or more, closes a pair.
    """

    def __init__(self, opened: Flags, insiders: Insiders, witnesses: Witnesses) -> None:
        self.open = opened
        self.witnesses = witnesses
        reduced = witnesses.reduced
        self._by_number = insiders.knows_all
        self.parts = csr_array(reduced.parts[insiders.targets]).astype(np.float32)
        self.sums = csr_array(reduced.targets[insiders.targets]).astype(np.float64)
        self._row = np.cumsum(~insiders.knows_all) - 1
        self._weighed = 0

    def close(self) -> None:
        """Close what the changes found since the last time close."""
        changes, targets = self.witnesses.changes, self.witnesses.reduced.targets
        while self._weighed < len(changes):
            batch = np.array(changes[self._weighed : self._weighed + BATCH]).T
            self._weighed += batch.shape[1]
            who, what = (np.flatnonzero(self.open.any(axis=axis)) for axis in (1, 0))
            ignorant = np.where(
                self._by_number[who, None],
                self.parts[who] @ (batch != 0).astype(np.float32) == 0,
                abs(self.sums[who] @ batch) < TOLERANCE,
            )
            moves = moved(targets[what] @ batch).T
            settled = ignorant.astype(np.float32) @ moves.astype(np.float32) > 0
            self.open[np.ix_(who, what)] &= ~settled

    def hold(self, program: Farthest, insiders: Integers) -> None:
        """Let the program change nothing that these insiders know; ``watched`` are the sums."""
        by_number = self._by_number[insiders]
        program.hold(np.unique(self.parts[insiders[by_number]].indices).astype(np.int64))
        program.hold_rows(self._row[insiders[~by_number]])


def find_at_random(
    witnesses: Witnesses, pairs: Pairs, program: Farthest, random: np.random.Generator
) -> None:
    """Close pairs by changes in random directions, what some insiders know held.

    As long as each closes one in ``FEW_MORE`` of the pairs left.
    """
    turned = csr_array(witnesses.reduced.targets.T)
    program.by("interior")
    while before := np.count_nonzero(pairs.open):
        some = np.flatnonzero(pairs.open.any(axis=1))
        held = some[random.random(len(some)) < SHARE_HELD]
        if len(held):
            pairs.hold(program, held)
            left: Flags = np.asarray(pairs.open[held].any(axis=0))
            weight = random.choice([-1.0, 1.0], len(left)) * (0.2 + random.random(len(left)))
            change = program.find(turned @ (left * weight))
            if change is not None:
                witnesses.keep(change)
                pairs.close()
        if (before - np.count_nonzero(pairs.open)) * FEW_MORE < before:
            break
    program.by("primal")
    pairs.hold(program, np.zeros(0, dtype=np.int64))


def find_pairs(
    witnesses: Witnesses, pairs: Pairs, program: Farthest, random: np.random.Generator
) -> None:
    """Close all pairs that can be closed; what stays open, the insider can work out."""
    turned = csr_array(witnesses.reduced.targets.T)
    for insider in np.argsort(-pairs.open.sum(axis=1), kind="stable"):
        if not pairs.open[insider].any():
            continue
        pairs.hold(program, np.array([insider]))
        weight: Floats = np.zeros(turned.shape[1])
        for turn in range(TRIES):
            left = pairs.open[insider]
            fresh = random.choice([-1.0, 1.0], len(left)) * random.random(len(left))
            weight = left * (-weight if turn % 2 else fresh)
            change = program.find(turned @ weight)
            if change is not None:
                witnesses.keep(change)
                pairs.close()
            if not pairs.open[insider].any():
                break
        _each_in_turn(witnesses, pairs, program, int(insider))
    pairs.hold(program, np.zeros(0, dtype=np.int64))


def _each_in_turn(witnesses: Witnesses, pairs: Pairs, program: Farthest, insider: int) -> None:
    """Move each target that is left for an insider as far as can be, both ways."""
    targets = witnesses.reduced.targets
    for target in np.flatnonzero(pairs.open[insider]):
        row = targets[[target]].toarray()[0].astype(np.float64)
        for way in (1.0, -1.0):
            if pairs.open[insider, target]:
                change = program.find(way * row, 1.0)
                if change is None:
                    pairs.open[insider, target] = False
                else:
                    witnesses.keep(change)
                    pairs.close()
