"""Main source of income, work situation and trygd: what the control rules say of them together."""

from __future__ import annotations

from functools import cache

import numpy as np

from kostra_publish.microdata.synth.persons import COUPLE, SINGLE_PARENT, Persons
from kostra_publish.microdata.synth.quotas import deal, largest_remainder, rake
from kostra_publish.microdata.synth.targets import (
    ARBSIT,
    LEAVES,
    VKLO,
    Flags,
    Floats,
    Ints,
    main_source_by_leaf,
    main_source_shares,
    shares,
    work_situation_by_leaf,
)

# Which ARBSIT go with which VKLO, and how likely in relation to independence. Rules 015-019
# fix sources 1, 2, 4, 6 and 8; rule 021 expects sosialhjelp with 02-08; trygd (3) and annen
# inntekt (9) take part of the rest.
_FITS: dict[str, dict[str, float]] = {
    "1": {"01": 1, "02": 1},
    "2": {"03": 0.3, "05": 1, "06": 1},
    "3": {"01": 0.05, "02": 0.4, "03": 0.4, "04": 1, "05": 0.6, "06": 0.6, "07": 0.6}
    | {"08": 0.1, "09": 0.05, "10": 0.1},
    "4": {"03": 1},
    "5": {"02": 0.3, "03": 0.6, "04": 1, "05": 0.6, "06": 0.6, "07": 1, "08": 1},
    "6": {"09": 1},
    "7": {"01": 0.1, "02": 0.5, "03": 1, "04": 1, "07": 1, "08": 1},
    "8": {"10": 1},
    "9": {"01": 0.1, "02": 0.3, "03": 1, "04": 1, "07": 1, "08": 1, "09": 0.5, "10": 0.2},
}

TRYGD = ("01", "02", "04", "05", "06", "07", "09", "10", "11", "12", "13")
NO_TRYGD = TRYGD.index("12")
BARNETRYGD_FROM = 2024
"""TRYGDESIT 13 is a code from this vintage on."""

_YOUNG_PENSIONER = 62
_PENSIONER = 67
_SIDE_TRYGD_SHARE = 0.12


@cache
def _seed() -> Floats:
    """Leaf x VKLO x ARBSIT as the tables of 2007 and 2009 suggest, 0 outside the rules."""
    fits = np.array([[_FITS[v].get(a, 0.0) for a in ARBSIT] for v in VKLO])
    source, work = main_source_by_leaf(), work_situation_by_leaf()
    leaf_share = work.sum(axis=1) / work.sum()
    inside = [t / t.sum(axis=1, keepdims=True) for t in (source, work)]
    both = leaf_share[:, None, None] * inside[0][:, :, None] * inside[1][:, None, :]
    return np.asarray(both * fits)


def _margin(categories: dict[str, float], codes: tuple[str, ...], inside: Floats) -> Floats:
    """Published categories as shares of single codes; joint ones split as ``inside`` has them."""
    total = sum(categories.values())
    wanted = np.zeros(len(codes))
    for name, share in categories.items():
        first, _, last = name.partition("-")
        span = slice(codes.index(first), codes.index(last or first) + 1)
        wanted[span] = share / total * inside[span] / inside[span].sum()
    return wanted


def main_source_and_work(persons: Persons, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """VKLO and ARBSIT as indices of their code lists, in quotas by familiefase."""
    vintage = persons.places.vintage
    sizes = np.bincount(persons.leaf, minlength=len(LEAVES))
    source, work = main_source_by_leaf(), work_situation_by_leaf()
    margins = [
        ((1,), _margin(main_source_shares(vintage), VKLO, source.sum(axis=0))),
        ((2,), _margin(shares("ARBSIT"), ARBSIT, work.sum(axis=0))),
        ((0,), sizes / sizes.sum()),
    ]
    joint = rake(_seed(), margins)
    quotas = _whole(joint.reshape(len(LEAVES), -1) * len(persons), sizes)
    return np.divmod(deal(persons.leaf, quotas, rng), len(ARBSIT))


def _whole(expected: Floats, sizes: Ints) -> Ints:
    """Whole numbers by leaf, each leaf's sum its size, the columns' sums close to theirs.

    What rounding takes from a column in one leaf is given back in the next.
    """
    counts = np.zeros(expected.shape, dtype=np.int64)
    carried = np.zeros(expected.shape[1])
    for leaf, size in enumerate(sizes):
        possible = expected[leaf] > 0
        goal = np.where(possible, np.maximum(expected[leaf] + carried, 0), 0)
        if size and goal.sum() > 0:
            counts[leaf] = largest_remainder(goal, int(size))
        carried += expected[leaf] - counts[leaf]
    return counts


def trygd(persons: Persons, vklo: Ints, arbsit: Ints, rng: np.random.Generator) -> Ints:
    """TRYGDESIT as an index of ``TRYGD``, given source, work situation, age and children."""
    weights = _trygd_weights(persons, arbsit)
    living_on_it = vklo == VKLO.index("3")
    weights[:, NO_TRYGD] = 0
    none_fits = weights.sum(axis=1) == 0
    weights[none_fits, TRYGD.index("10")] = 1
    running = np.cumsum(weights, axis=1)
    point = rng.random(len(persons))[:, None] * running[:, [-1]]
    drawn = (running < point).sum(axis=1)
    has_some = living_on_it | (rng.random(len(persons)) < _SIDE_TRYGD_SHARE)
    return np.where(has_some, drawn, NO_TRYGD)


def _trygd_weights(persons: Persons, arbsit: Ints) -> Floats:
    """How likely each trygd is for each person; 0 where a control rule forbids it."""
    old, late = persons.age >= _PENSIONER, persons.age >= _YOUNG_PENSIONER
    parent = persons.family % 2 == SINGLE_PARENT
    alone_with_child = parent & (persons.family < COUPLE)
    code = np.array(ARBSIT)[arbsit]
    # Rule 024: ufoeretrygd and alderspensjon expect ARBSIT 02-07. Rule 024B: AAP not with 08.
    passive = np.isin(code, ARBSIT[1:7])
    benefit_from_2024 = persons.places.vintage >= BARNETRYGD_FROM
    by_code: dict[str, Floats] = {
        "01": _when(~old, 0.05),
        "02": _when(~old & (code != "04"), 0.14),
        "04": _when(~old & passive, 0.36),
        "05": _when(alone_with_child & ~late, 0.30),
        "06": _when(~old, 0.01),
        "07": _when(old & passive, 0.75) + _when(late & ~old & passive, 0.15),
        "09": _when(old, 0.25),
        "10": _when(np.ones(len(persons), dtype=np.bool_), 0.04),
        "11": _when(~old & (code != "08"), 0.40),
        "13": _when(parent & benefit_from_2024, 0.10),
    }
    columns = [by_code.get(trygd_, np.zeros(len(persons))) for trygd_ in TRYGD]
    return np.column_stack(columns)


def _when(condition: Flags, weight: float) -> Floats:
    return np.where(condition, weight, 0.0)
