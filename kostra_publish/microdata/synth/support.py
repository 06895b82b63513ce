"""How long and how much: months with support, in which kommuner, and what was paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kostra_publish.microdata.synth.columns import MONTHS
from kostra_publish.microdata.synth.persons import Persons
from kostra_publish.microdata.synth.places import Places, generator
from kostra_publish.microdata.synth.quotas import largest_remainder, tilted
from kostra_publish.microdata.synth.targets import (
    AGES,
    LEAVES,
    VKLO,
    Flags,
    Floats,
    Ints,
    durations,
    month_shape,
    national,
    several_kommuner,
    table,
)

# Who stays longer within a familiefase, by VKLO: those who live on sosialhjelp.
_STAYING = {"1": -0.5, "4": -0.4, "5": 0.6, "6": 0.2}
# What a month pays in relation to others of the same familiefase, by VKLO.
_PAYING = {"1": 0.75, "2": 0.9, "3": 0.8, "4": 0.8, "5": 1.3, "6": 1.0, "7": 0.9, "8": 0.8}
_SAME_FYLKE_WEIGHT = 12.0
_OVERLAP_SHARE = 0.15
_PERSON_SPREAD = 0.45
_MONTH_SPREAD = 0.35
_PLACE_SPREAD = 0.07
_LEAST_MONTH = 350
_LOAN_SHARE = 0.14
_LOAN_ONLY_SHARE = 0.004
_LOAN_PART = 0.55
"""Assumed so that lån is about 2 per cent of what is paid, as in 2009 (gross_paid_nominal)."""


@dataclass(frozen=True)
class Tilfeller:
    """The rows of skjema 11: person and place, 12 months' support, 12 months' bidrag and lån.

    ``person`` indexes the persons; ``bidrag`` and ``laan`` are whole kr by row x month.
    Rows are in order of place.
    """

    person: Ints
    place: Ints
    months: Flags
    bidrag: Ints
    laan: Ints

    def __len__(self) -> int:
        return len(self.person)


def leaf_means(vintage: int, sizes: Ints) -> Floats:
    """Mean months wanted in each leaf of familiefase.

    The published means of "Enslige menn i alt" and "Enslige kvinner i alt" differ a little
    from what their ages give with the sizes drawn here: half of the gap is put on the ages.
    Last, all are shifted so that the mean of all is paid / (kr per month x mottakere).
    """
    published = durations(vintage)
    means = np.array([published[leaf] for leaf in LEAVES])
    for name in ("Enslige menn", "Enslige kvinner"):
        inside = np.array([leaf.startswith(name) for leaf in LEAVES])
        have = float(means[inside] @ sizes[inside]) / max(int(sizes[inside].sum()), 1)
        means[inside] += (published[f"{name} i alt"] - have) / 2
    figures = national(vintage)
    paid_months = figures["brutto_utbetalt_1000kr"] * 1000 / figures["kr_per_maaned"]
    shift = paid_months / figures["mottakere"] - float(means @ sizes) / int(sizes.sum())
    return np.asarray(means + shift)


def month_counts(persons: Persons, vklo: Ints, rng: np.random.Generator) -> Ints:
    """Months with support per person: the shape of 2016 bent to each leaf's mean."""
    sizes = np.bincount(persons.leaf, minlength=len(LEAVES))
    wanted = zip(leaf_means(persons.places.vintage, sizes), sizes, strict=True)
    quotas = [largest_remainder(tilted(month_shape(), mean), int(size)) for mean, size in wanted]
    staying = np.array([_STAYING.get(code, 0.0) for code in VKLO])[vklo]
    order = np.lexsort((staying + rng.standard_normal(len(persons)), persons.leaf))
    counts = np.empty(len(persons), dtype=np.int64)
    counts[order] = np.concatenate([np.repeat(np.arange(1, MONTHS + 1), q) for q in quotas])
    return counts


def calendar(counts: Ints, rng: np.random.Generator) -> Flags:
    """Which months: mostly one spell around some time of the year, some with gaps."""
    middle = rng.uniform(0.0, MONTHS - 1, len(counts))
    scatter = rng.exponential(0.6, len(counts)) * 2
    distance = np.abs(np.arange(MONTHS) - middle[:, None])
    distance += scatter[:, None] * rng.random((len(counts), MONTHS))
    rank = np.argsort(np.argsort(distance, axis=1), axis=1)
    return np.asarray(rank < counts[:, None])


def kommune_counts(persons: Persons, counts: Ints, barred: Flags, rng: np.random.Generator) -> Ints:
    """In how many kommuner each person got support (1, 2 or 3), by age as in 2009.

    A person needs as many months as kommuner, and an id that tells who it is (not ``barred``).
    """
    published = several_kommuner()
    number = np.ones(len(persons), dtype=np.int64)
    able = ~barred & ~np.isin(persons.place, list(persons.places.few))
    for cells, (two, more) in ((_cells(age), shares) for age, shares in published.items()):
        group = np.flatnonzero(np.isin(persons.age_cell, cells))
        for kommuner, share in ((3, more), (2, two)):
            fit = group[able[group] & (counts[group] >= kommuner) & (number[group] == 1)]
            wanted = _random_round(share * len(group), rng)
            number[rng.choice(fit, min(wanted, len(fit)), replace=False)] = kommuner
    return number


def _cells(age: str) -> list[int]:
    forties = age == "40-49"
    return [i for i, cell in enumerate(AGES) if cell == age or (forties and cell[0] == "4")]


def _random_round(value: float, rng: np.random.Generator) -> int:
    return int(value + rng.random())


def split(
    persons: Persons, months: Flags, number: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Flags]:
    """Rows of skjema 11 as (person, place, months): one per kommune, the year cut in turn.

    A person moves from one kommune to the next; 15 per cent of them get support from both
    in the month of the move.
    """
    alone = np.flatnonzero(number == 1)
    rows = [(alone, persons.place[alone], months[alone])]
    for kommuner in (2, 3):
        movers = np.flatnonzero(number == kommuner)
        visited = _visit(persons, movers, kommuner, rng)
        stage = _stages(months[movers], kommuner, rng)
        overlap = rng.random(len(movers)) < _OVERLAP_SHARE
        for visit in range(kommuner):
            here = stage == visit
            before = np.cumsum(stage == visit - 1, axis=1)
            last_before = (stage == visit - 1) & (before == before[:, [-1]])
            rows.append((movers, visited[visit], here | (last_before & overlap[:, None])))
    person, place, in_month = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    order = np.argsort(place, kind="stable")
    return person[order], place[order], in_month[order]


def _stages(months: Flags, kommuner: int, rng: np.random.Generator) -> Ints:
    """Which of the kommuner pays in each month: 0, 1 (, 2) in turn, -1 without support."""
    total = months.sum(axis=1)
    so_far = np.cumsum(months, axis=1)
    room = rng.random((len(months), MONTHS))
    room[np.arange(MONTHS) >= (total - 1)[:, None]] = 2.0
    cuts = np.sort(np.argsort(room, axis=1)[:, : kommuner - 1] + 1, axis=1)
    stage = (so_far[:, :, None] > cuts[:, None, :]).sum(axis=2)
    return np.where(months, stage, -1)


def _visit(persons: Persons, movers: Ints, kommuner: int, rng: np.random.Generator) -> list[Ints]:
    """The places in turn; the first is home, the others as a rule in the same fylke."""
    places = persons.places
    visited = [persons.place[movers]]
    chances = _moving_chances(places)
    while len(visited) < kommuner:
        point = rng.random((len(movers), 1))
        drawn = _draw_rows(chances, visited[0], point)
        for _ in range(100):
            known = np.any([_same_kommune(places, drawn, seen) for seen in visited], axis=0)
            if not known.any():
                break
            again = rng.random((int(known.sum()), 1))
            drawn[known] = _draw_rows(chances, visited[0][known], again)
        visited.append(drawn)
    return visited


def _draw_rows(chances: Floats, rows: Ints, point: Floats) -> Ints:
    drawn = np.empty(len(rows), dtype=np.int64)
    for row in np.unique(rows):
        here = rows == row
        drawn[here] = np.searchsorted(chances[row], point[here, 0] * chances[row, -1])
    return drawn


def _moving_chances(places: Places) -> Floats:
    """From place x to place, running sums of the chance to move there."""
    fylke = np.array(places.fylke)
    near = np.where(fylke[:, None] == fylke[None, :], _SAME_FYLKE_WEIGHT, 1.0)
    near[_same_kommune(places, *np.indices((len(places), len(places))))] = 0.0
    return np.asarray(np.cumsum(near * (places.level * places.expected), axis=1))


def _same_kommune(places: Places, one: Ints, other: Ints) -> Flags:
    return np.asarray(places.kommune_index[one] == places.kommune_index[other])


def _level_by_fase() -> Floats:
    """Kr per month in relation to the mean of all, by fase (kind of family x sex)."""
    rows = table("amount_levels.csv")
    level = dict(zip(rows["familiefase"], rows["kr_i_forhold_til_alle"].cast(float), strict=True))
    one_of_each = ("Enslige menn", "Enslige kvinner")
    families = ("Enslige m barn", "Par uten barn", "Par med barn")
    names = [*one_of_each, *(name for name in families for _ in (0, 1))]
    return np.array([level[name] for name in names])


def pay(
    persons: Persons,
    vklo: Ints,
    rows: tuple[Ints, Ints, Flags],
    *,
    paid: float,
    part: int,
) -> Tilfeller:
    """Bidrag and lån by row and month; those outside institution get ``paid`` kr together."""
    person, place, months = rows
    rng = generator(persons.places.seed, persons.places.vintage, "amounts", part)
    own = np.exp(_PERSON_SPREAD * rng.standard_normal(len(persons)))
    own *= _level_by_fase()[persons.fase]
    own *= np.array([_PAYING.get(code, 1.0) for code in VKLO])[vklo]
    local = persons.places.trait("kr per month", _PLACE_SPREAD)
    amount = np.exp(_MONTH_SPREAD * rng.standard_normal(months.shape)) * months
    amount *= (own[person] * local[place])[:, None]
    counted = ~persons.institution[person]
    amount *= paid / amount[counted].sum()
    kr = np.where(months, np.maximum(np.rint(amount), _LEAST_MONTH), 0).astype(np.int64)
    laan = _loans(kr, months, rng)
    return Tilfeller(person, place, months, kr - laan, laan)


def _loans(kr: Ints, months: Flags, rng: np.random.Generator) -> Ints:
    """The part of each month that is a loan: for some, part of one month; for a few, all."""
    draw = rng.random(len(kr))
    only = draw < _LOAN_ONLY_SHARE
    some = ~only & (draw < _LOAN_SHARE)
    first = months & (np.cumsum(months, axis=1) == 1)
    part = np.where(first & some[:, None], np.rint(kr * _LOAN_PART), 0).astype(np.int64)
    return np.where(only[:, None], kr, part)
