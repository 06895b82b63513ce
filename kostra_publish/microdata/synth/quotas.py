"""Exact quotas instead of independent draws, so that targets hold at any size of Norway."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kostra_publish.microdata.synth.targets import Floats, Ints

_TOLERANCE = 1e-10
_ROUNDS = 200


def largest_remainder(weights: Floats, total: int) -> Ints:
    """Whole numbers in proportion to ``weights`` that sum to ``total`` (Hare-Niemeyer)."""
    exact = weights / weights.sum() * total
    counts = np.floor(exact).astype(np.int64)
    short = total - int(counts.sum())
    order = np.argsort(counts - exact, kind="stable")
    counts[order[:short]] += 1
    return np.asarray(counts)


def systematic(expected: Floats, rng: np.random.Generator) -> Ints:
    """Whole numbers with the given expectations, each off by less than one.

    Along the last axis the running sum is off by less than one too: systematic
    sampling with one random start per row.
    """
    running = np.cumsum(expected, axis=-1)
    start = rng.random((*expected.shape[:-1], 1))
    steps = np.floor(running + start)
    return np.asarray(np.diff(steps, axis=-1, prepend=0.0), dtype=np.int64)


def rake(seed: Floats, margins: Sequence[tuple[tuple[int, ...], Floats]]) -> Floats:
    """Scale ``seed`` until its sums over the other axes equal each margin (IPF).

    ``margins`` are (axes that are kept, wanted sums). A cell that is 0 stays 0. The last
    margin holds exactly; the others within the tolerance when they can be met together.
    """
    fitted = seed.astype(np.float64)
    for _ in range(_ROUNDS):
        worst = 0.0
        for kept, wanted in margins:
            others = tuple(axis for axis in range(fitted.ndim) if axis not in kept)
            have = fitted.sum(axis=others, keepdims=True)
            goal = wanted.reshape(have.shape)
            factor = np.divide(goal, have, out=np.ones_like(have), where=have > 0)
            worst = max(worst, float(np.abs(factor - 1).max()))
            fitted *= factor
        if worst < _TOLERANCE:
            break
    return fitted


def deal(groups: Ints, quotas: Ints, rng: np.random.Generator) -> Ints:
    """Give each member of group ``g`` one of the columns of ``quotas[g]``, in random order.

    ``quotas`` is groups x columns; each row must sum to the size of its group.
    """
    shuffled = np.lexsort((rng.random(len(groups)), groups))
    columns = np.tile(np.arange(quotas.shape[1]), quotas.shape[0])
    dealt = np.empty(len(groups), dtype=np.int64)
    dealt[shuffled] = np.repeat(columns, quotas.ravel())
    return dealt


def tilted(shape: Floats, mean: float) -> Floats:
    """``shape`` over 1, 2 … n, bent exponentially until its mean is ``mean``. Sums to 1."""
    values = np.arange(1, len(shape) + 1)
    low, high = -2.0, 2.0
    for _ in range(60):
        slope = (low + high) / 2
        bent = shape * np.exp(slope * values)
        bent /= bent.sum()
        if float(bent @ values) < mean:
            low = slope
        else:
            high = slope
    return np.asarray(bent)
