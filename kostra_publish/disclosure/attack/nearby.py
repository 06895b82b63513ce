"""Other tables that differ from the truth in one neighbourhood only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.attack.neighbourhood import Neighbourhoods, part
from kostra_publish.disclosure.attack.programs import Farthest
from kostra_publish.disclosure.attack.reduction import Reduced
from kostra_publish.disclosure.attack.search import Witnesses, moved
from kostra_publish.disclosure.problem import Flags, Floats, Integers

NEIGHBOURHOODS: Final = (150, 250)
"""How many numbers to search at once."""

WORTHWHILE: Final = 3
"""How many targets a neighbourhood must move for the first time, to be worth its while."""

PATIENCE: Final = 8
"""Over how many neighbourhoods that is averaged."""

TURNS: Final = (4, 4)
"""Random directions in each: with all free to change, and with some insiders' numbers held."""

SHARE_HELD: Final = 0.4
SHARE_WANTED: Final = 0.2
"""Of the insiders, how many are held; of the numbers, how many every other direction has."""

FAR: Final = 5.0
"""How far numbers change at most in a neighbourhood."""


def search_nearby(witnesses: Witnesses, lone: csr_array, random: np.random.Generator) -> None:
    """Change neighbourhoods at random.

    ``lone``: shape (insiders, numbers); the numbers each insider may know. Such changes are
    cheap to find, and leave alone all that is elsewhere.
    """
    waiting: Flags = witnesses.narrow(1) & (np.diff(witnesses.reduced.targets.indptr) > 0)
    for size in NEIGHBOURHOODS:
        _search(witnesses, lone, waiting, size, random)


def _search(
    witnesses: Witnesses, lone: csr_array, waiting: Flags, size: int, random: np.random.Generator
) -> None:
    """Search around one target after the other, as long as that moves enough of them."""
    reduced = witnesses.reduced
    neighbourhoods = Neighbourhoods(reduced, random.random(reduced.targets.shape[1]))
    untried, yields = waiting.copy(), [10 * WORTHWHILE] * PATIENCE
    while untried.any() and sum(yields[-PATIENCE:]) >= PATIENCE * WORTHWHILE:
        seed = int(random.choice(np.flatnonzero(untried)))
        untried[seed] = False
        begin, end = reduced.targets.indptr[seed : seed + 2]
        numbers = neighbourhoods.around(reduced.targets.indices[begin:end].tolist(), size)
        before = np.count_nonzero(waiting)
        for change in _at_random(reduced, lone, numbers, random):
            waiting &= ~moved(witnesses.keep(change))
        untried &= waiting
        yields.append(int(before - np.count_nonzero(waiting)))


def _at_random(
    reduced: Reduced, lone: csr_array, numbers: Integers, random: np.random.Generator
) -> Iterator[Floats]:
    """Changes of these numbers in random directions, some with what some insiders know held."""
    program = Farthest(part(reduced, numbers), reduced.targets[:0, numbers], FAR)
    known = csr_array(lone[:, numbers])
    here = np.flatnonzero(np.diff(known.indptr))
    for turn in range(sum(TURNS)):
        if turn >= TURNS[0]:
            held = here[random.random(len(here)) < SHARE_HELD]
            program.hold(np.unique(known[held].indices).astype(np.int64))
        weight = random.standard_normal(len(numbers))
        if turn % 2:
            weight[random.random(len(numbers)) > SHARE_WANTED] = 0
        found = program.find(weight)
        if found is not None:
            change = np.zeros(reduced.targets.shape[1])
            change[numbers] = found
            yield change
