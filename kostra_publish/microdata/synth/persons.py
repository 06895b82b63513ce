"""Who receives: sex, age, familiefase and place of each mottaker, by exact quotas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kostra_publish.microdata.synth.identity import Dates
from kostra_publish.microdata.synth.places import Places, generator
from kostra_publish.microdata.synth.quotas import deal, largest_remainder, rake, systematic
from kostra_publish.microdata.synth.targets import (
    AGES,
    BOSIT,
    LEAVES,
    Flags,
    Floats,
    Ints,
    age_shares,
    national,
    shares,
    table,
)

SINGLE, SINGLE_PARENT, COUPLE, COUPLE_PARENT = range(4)
"""The kinds of family; a kind by sex (``2 * kind + woman``) is a *fase* here."""

FASER = 8
INSTITUTION_SHARE = 0.004
"""Stays in institution come on top of the published number of mottakere, which is without."""

UNDER_AGE_SHARE = 0.001
_MEN_AMONG_SINGLE_PARENTS = 3641 / 18449  # work_situation_by_family_phase_2009
_MEN_AMONG_COUPLES = 0.58  # assumed: the spouse who applied first is the one registered
_FIRST_AGE = (18, 20, 25, 30, 40, 45, 50, 60, 67)
_AFTER_AGE = (20, 25, 30, 40, 45, 50, 60, 67, 68)
_OLDEST = 99
_MEAN_YEARS_AFTER_67 = 6.0
_UNDER_AGE = 17
_BANDS = ((0,), (1,), (2, 3, 4), (5, 6, 7), (8,))
"""The age cells of each of the five bands of enslige in the familiefase table."""


@dataclass(frozen=True)
class Persons:
    """One part's mottakere, all arrays of the same length.

    ``place`` indexes ``places``, ``fase`` is 0-7, ``age_cell`` indexes ``AGES``, ``age`` is in
    whole years at the end of the year, ``leaf`` indexes ``LEAVES``, ``institution`` marks
    those on top of the published number.
    """

    places: Places
    place: Ints
    fase: Ints
    age_cell: Ints
    age: Ints
    born: Dates
    institution: Flags

    def __len__(self) -> int:
        return len(self.place)

    @property
    def women(self) -> Flags:
        """True for women."""
        return np.asarray(self.fase % 2 == 1)

    @property
    def family(self) -> Ints:
        """SINGLE, SINGLE_PARENT, COUPLE or COUPLE_PARENT."""
        return np.asarray(self.fase // 2)

    @property
    def leaf(self) -> Ints:
        """The row of the familiefase table."""
        return _LEAF_OF[self.fase, self.age_cell]


def _leaf_of() -> Ints:
    leaf = np.empty((FASER, len(AGES)), dtype=np.int64)
    for band, cells in enumerate(_BANDS):
        for cell in cells:
            leaf[0, cell] = band
            leaf[1, cell] = len(_BANDS) + band
    parents = LEAVES.index("Enslige m barn menn")
    leaf[2], leaf[3] = parents, parents + 1
    leaf[4:6] = parents + 2
    leaf[6:8] = parents + 3
    return leaf


_LEAF_OF = _leaf_of()


def fase_shares(vintage: int) -> Floats:
    """Share of mottakere in each fase. Sums to 1."""
    figures = national(vintage)
    parents, couples = figures["enslige_med_barn"], _MEN_AMONG_COUPLES
    counts = [figures["enslige_menn"], figures["enslige_kvinner"]]
    counts += [parents * _MEN_AMONG_SINGLE_PARENTS, parents * (1 - _MEN_AMONG_SINGLE_PARENTS)]
    for name in ("par_uten_barn", "par_med_barn"):
        counts += [figures[name] * couples, figures[name] * (1 - couples)]
    return np.array(counts) / sum(counts)


def fase_by_age(vintage: int) -> Floats:
    """Share of mottakere by fase x age: both margins as the targets, the inside alike 2009."""
    ages = age_shares()
    enslige = table("work_situation_2009.csv")["i_alt"].cast(float).to_numpy()
    seed = np.empty((FASER, len(AGES)))
    for woman in (0, 1):
        for band, cells in enumerate(_BANDS):
            inside = ages[list(cells)]
            share = enslige[woman * len(_BANDS) + band] / inside.sum()
            seed[woman, list(cells)] = inside * share
    profiles = table("age_profiles.csv").select(AGES).cast(dict.fromkeys(AGES, float)).to_numpy()
    seed[2:] = np.repeat(profiles, 2, axis=0)
    return rake(seed, [((0,), fase_shares(vintage)), ((1,), ages)])


def draw(places: Places, *, part: int, size: float) -> Persons:
    """The mottakere of one part, ``size`` times those of the country, in order of place."""
    rng = generator(places.seed, places.vintage, "persons", part)
    count = national(places.vintage)["mottakere"] / (1 - INSTITUTION_SHARE) * size
    cells = largest_remainder(fase_by_age(places.vintage).ravel(), round(count))
    by_place = _spread(places, cells.reshape(FASER, len(AGES)), rng)
    if part == 0:
        _add_few(places, by_place, rng)
    place, fase, age_cell = (
        np.repeat(i.ravel(), by_place.ravel()) for i in np.indices(by_place.shape)
    )
    shuffled = np.lexsort((rng.random(len(place)), place))
    place, fase, age_cell = place[shuffled], fase[shuffled], age_cell[shuffled]
    age = _ages(age_cell, rng)
    institution = np.zeros(len(place), dtype=np.bool_)
    extra = rng.choice(len(place), round(len(place) * INSTITUTION_SHARE), replace=False)
    institution[extra] = True
    return Persons(
        places=places,
        place=place,
        fase=fase,
        age_cell=age_cell,
        age=age,
        born=birth_dates(places.vintage - age, rng),
        institution=institution,
    )


def _spread(places: Places, cells: Ints, rng: np.random.Generator) -> Ints:
    """Persons by place x fase x age: each cell's number over the places."""
    sex = np.arange(FASER) % 2
    weight = places.level[:, None, None] * places.inhabitants[:, sex, :]
    expected = weight / weight.sum(axis=0) * cells
    by_place = np.moveaxis(systematic(np.moveaxis(expected, 0, -1), rng), -1, 0)
    return np.ascontiguousarray(by_place)


def _add_few(places: Places, by_place: Ints, rng: np.random.Generator) -> None:
    """The recipients of the places with a fixed number of them, of working age."""
    for place, count in places.few.items():
        for _ in range(count):
            by_place[place, rng.integers(FASER), rng.integers(2, len(AGES) - 1)] += 1


def _ages(age_cell: Ints, rng: np.random.Generator) -> Ints:
    """Single years of age. A few of the youngest are 17, a few of the oldest above 95."""
    first, after = np.array(_FIRST_AGE)[age_cell], np.array(_AFTER_AGE)[age_cell]
    age = rng.integers(first, after)
    old = age_cell == len(AGES) - 1
    age[old] += np.minimum(
        rng.exponential(_MEAN_YEARS_AFTER_67, old.sum()), _OLDEST - _FIRST_AGE[-1]
    ).astype(np.int64)
    youngest = np.flatnonzero(age_cell == 0)
    minors = min(round(UNDER_AGE_SHARE * len(age_cell)), len(youngest))
    age[rng.choice(youngest, minors, replace=False)] = _UNDER_AGE
    return np.asarray(age)


def birth_dates(year: Ints, rng: np.random.Generator) -> Dates:
    """A day in each of the given years."""
    start = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    return np.asarray(start + rng.integers(0, 365, len(year)))


def housing(persons: Persons, rng: np.random.Generator) -> Ints:
    """BOSIT as an index of ``BOSIT``, plus one past its end for institution."""
    wanted = shares("BOSIT")
    counts = largest_remainder(np.array([wanted[code] for code in BOSIT]), len(persons))
    index = deal(np.zeros(len(persons), dtype=np.int64), counts[None, :], rng)
    return np.where(persons.institution, len(BOSIT), index)


def marital_status(persons: Persons, rng: np.random.Generator) -> Ints:
    """EKTSTAT 1-5: couples are gift or samboer, the others ugift, skilt or enke by age."""
    draw_ = rng.random(len(persons))
    couple = persons.family >= COUPLE
    older = np.clip((persons.age - 25) / 50, 0, 0.8)
    alone = np.where(draw_ < 1 - older, 1, np.where(draw_ < 1 - older * 0.2, 4, 5))
    together = np.where(draw_ < np.clip((persons.age - 15) / 40, 0.1, 0.85), 2, 3)
    return np.where(couple, together, alone)


def children(persons: Persons, rng: np.random.Generator) -> Ints:
    """ANTBU18: children under 18 that the person supports, 0 without duty to support."""
    number = 1 + np.minimum(rng.poisson(0.85, len(persons)), 8)
    supports = np.isin(persons.family, (SINGLE_PARENT, COUPLE_PARENT))
    return np.where(supports, number, 0)
