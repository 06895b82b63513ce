"""Small rounds with rows: March, and June beside it with corrections and late kommuner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import numpy as np
import polars as pl

from kostra_publish.codes import regions as codes
from kostra_publish.cube.build import Built, build
from kostra_publish.cube.leaves import Leaves, leaves, query
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.protection import Earlier, Protected, protect
from kostra_publish.disclosure.records.anonymise import Anonymised, anonymised
from kostra_publish.disclosure.records.stored import StoredRecords
from kostra_publish.disclosure.safe import VintageFacts
from kostra_publish.errors import DisclosureError
from kostra_publish.specs.delivery import RecordSet
from tests.cube.specs import catalogue, measure, table, text
from tests.cube.test_build import INHABITANTS, KOMMUNER, SKJEMA11, YEAR, population, statuses
from tests.disclosure.records.attacker import KINDS, Found, Integers, Row, Seen, attack
from tests.schedule import a_round

Person = tuple[str, str | None, int | None, str | None, int | None, int]
"""Kommune, KJONN, alder, VKLO, stoenadsmaaneder, utbetalt."""

COLUMNS = ("KOMMUNE_NR", "KJONN", "alder", "VKLO", "stoenadsmaaneder", "utbetalt")
VALUES: Mapping[str, Sequence[Any]] = {
    "KJONN": ["1", "2", None],
    "alder": [18, 20, 23, 27, 40, 60, None],
    "VKLO": ["1", "3", "5", None],
    "stoenadsmaaneder": [1, 4, 7, 12, None],
    "utbetalt": [5_000, 30_000, 90_000],
}
"""A value of every class that tables or ladders tell apart, and none."""


def value(code: str, values: object = None, parts: Sequence[object] = ()) -> dict[str, object]:
    found: dict[str, object] = {"code": code, "label": text(code)}
    return (
        found
        | ({"values": values} if values is not None else {})
        | ({"parts": parts} if parts else {})
    )


def variable(
    name: str, of: str, role: str, ladder: Sequence[object], **more: object
) -> dict[str, object]:
    return {
        "name": name, "variable": of, "role": role, "label": text(name), "ladder": ladder, **more
    }  # fmt: skip


SEX = variable("kjonn", "KJONN", "quasi_identifier", [value("1"), value("2")])
AGE = variable(
    "alder",
    "alder",
    "quasi_identifier",
    [
        value(
            "-29",
            parts=[
                value("-19", {"to": "19"}),
                value("20-24", {"from": "20", "to": "24"}),
                value("25-29", {"from": "25", "to": "29"}),
            ],
        ),
        value(
            "30-", parts=[value("30-49", {"from": "30", "to": "49"}), value("50-", {"from": "50"})]
        ),
    ],
)
SOURCE = variable(
    "kilde",
    "VKLO",
    "sensitive",
    [value("5"), value("andre", parts=[value("1"), value("3")])],
)
MONTHS = variable(
    "maaneder",
    "stoenadsmaaneder",
    "sensitive",
    [
        value("0-5", parts=[value("0-2", {"to": "2"}), value("3-5", {"from": "3", "to": "5"})]),
        value("6-12", parts=[value("6-8", {"from": "6", "to": "8"}), value("9-", {"from": "9"})]),
    ],
)
KRONER = variable(
    "kroner",
    "utbetalt",
    "sensitive",
    [
        value("0-9", {"to": "9999"}),
        value("10-", parts=[value("10-49", {"from": "10000", "to": "49999"}),
                            value("50-", {"from": "50000"})]),
    ],
)  # fmt: skip


def record_set(**changed: object) -> RecordSet:
    content: dict[str, object] = {
        "id": "rader",
        "profile": "mikro-anonym",
        "title": text("Rows"),
        "source": "skjema11",
        "unit": text("tilfelle"),
        "table": "t1",
        "total": "n",
        "region": {"rows": [15, 40], "sizes": [3000]},
        "variables": [SEX, AGE, SOURCE, MONTHS, KRONER],
    }
    return RecordSet.model_validate(content | changed)


YOUNG = {"alder": {"to": "29"}}
SINGLE: Mapping[str, Mapping[str, object]] = {
    "men": {"KJONN": "1"},
    "women": {"KJONN": "2"},
    "young": YOUNG,
    "teens": {"alder": {"to": "20"}},
    "grown": {"alder": {"from": "30", "to": "49"}},
    "middle": {"alder": {"from": "20", "to": "49"}},
    "help": {"VKLO": "5"},
    "work": {"VKLO": "1"},
    "long": {"stoenadsmaaneder": {"from": "6"}},
}
CROSSED: Mapping[str, Mapping[str, object]] = {
    "youngmen": {**YOUNG, "KJONN": "1"},
    "youngwomen": {**YOUNG, "KJONN": "2"},
    "helplong": {"VKLO": "5", "stoenadsmaaneder": {"from": "6"}},
    "menhelp": {"KJONN": "1", "VKLO": "5"},
}
MEASURES: Mapping[str, Mapping[str, object]] = {"n": {}, **SINGLE, **CROSSED}
"""Sets of persons that tables may count."""
REGIONS = ("kommune", "fylke", "land")


@cache
def plan_of(measures: tuple[str, ...], regions: tuple[str, ...] = REGIONS) -> Plan:
    """The plan of one table that counts some of ``MEASURES``."""
    counts = [measure(name, kind="count", where=MEASURES[name]) for name in measures]
    tables = [table(counts, regions=regions, missing="sum")]
    return Plan(catalogue(*tables), tables, YEAR, "june")


@dataclass(frozen=True)
class Scene:
    """Who there is in March and June, and what is published of them."""

    kommuner: tuple[str, ...]
    late: tuple[str, ...]
    march: tuple[Person, ...]
    june: tuple[Person, ...]
    measures: tuple[str, ...]


@dataclass(frozen=True)
class Release:
    """What is published, and the rows beside it."""

    plan: Plan
    built: Built
    counted: Leaves
    protected: Protected
    rows: Anonymised


def scene(seed: int) -> Scene:
    """Two fylker of a few kommuner; some persons change, come or leave, some kommuner are late."""
    draw = Random(seed)
    by_fylke = {
        fylke: codes.kommuner(YEAR).filter(fylke=fylke)["kommune"].to_list()
        for fylke in ("31", "39")
    }
    kommuner = tuple(
        code for own in by_fylke.values() for code in sorted(draw.sample(own, draw.randint(3, 5)))
    )
    late = tuple(draw.sample(kommuner, draw.choice([0, 0, 1, 2])))
    blank = draw.choice([0, 0, 0, 0.05])
    march: list[Person] = []
    largest = draw.choice([20, 40, 60, 80])
    for code in kommuner:
        # Half of the kommuner are small.
        most = draw.choice([largest, largest // 4])
        march += [_person(draw, code, blank) for _ in range(draw.randint(1, most))]
    june = _corrected(draw, march, kommuner, blank)
    single = ("n", *sorted(draw.sample([*SINGLE], draw.randint(2, 5))))
    crossed = tuple(sorted(draw.sample([*CROSSED], draw.choice([0, 1, 1, 2]))))
    return Scene(
        kommuner=kommuner,
        late=late,
        march=tuple(one for one in march if one[0] not in late),
        june=tuple(june),
        measures=(*single, *crossed),
    )


def _person(draw: Random, kommune: str, blank: float) -> Person:
    def one(name: str, *weights: int) -> Any:
        values = [each for each in VALUES[name] if each is not None]
        if None in VALUES[name] and draw.random() < blank:
            return None
        return draw.choices(values, weights)[0]

    months = one("stoenadsmaaneder", 4, 3, 3, 4)
    kroner = one("utbetalt", *((5, 3, 1) if months in {1, 4} else (1, 3, 5)))
    return (
        kommune,
        one("KJONN", 3, 2),
        one("alder", 1, 1, 2, 3, 5, 2),
        one("VKLO", 2, 3, 5),
        months,
        kroner,
    )


def _corrected(
    draw: Random, march: Sequence[Person], kommuner: Sequence[str], blank: float
) -> list[Person]:
    share = draw.choice([0.0, 0.03, 0.08, 0.15])
    june: list[Person] = []
    for one in march:
        chance = draw.random()
        if chance >= share:
            june.append(one)
        elif chance < share * 0.6:
            other = _person(draw, one[0], blank)
            # One value is corrected, seldom all.
            place = draw.randrange(1, len(one))
            june.append((*one[:place], other[place], *one[place + 1 :]))  # type: ignore[arg-type]
        elif chance < share * 0.8:
            june.append(_person(draw, draw.choice(kommuner), blank))
    if draw.random() < 0.5:
        june += [_person(draw, draw.choice(kommuner), blank) for _ in range(draw.randint(1, 9))]
    return june


def frame(persons: Sequence[Person]) -> pl.LazyFrame:
    rows = [{"BYDELSNR": None, **dict(zip(COLUMNS, one, strict=True))} for one in persons]
    return pl.LazyFrame(rows, schema=SKJEMA11)


@dataclass(frozen=True)
class Before:
    """An earlier round: what was published, and what is kept of the rows."""

    name: str
    protected: Protected
    rows: Mapping[str, StoredRecords]


def release(
    persons: Sequence[Person],
    reporting: Sequence[str],
    measures: tuple[str, ...],
    before: Before | None = None,
    records: RecordSet | None = None,
) -> Release:
    """A round, with its rows; raises DisclosureError where rows cannot be told."""
    records = records or record_set()
    plan = plan_of(measures)
    people = frame(persons)
    frames = {"befolkning": population(), "skjema11": people}
    *results, counts = pl.collect_all([*plan.queries(frames), query(plan, records, people)])
    absent = frozenset(KOMMUNER) - {*reporting}
    named = [dict(zip(COLUMNS, one, strict=True)) for one in persons]
    built = build(
        plan, results, statuses(named, absent, bydeler=False), {name: name for name in frames}
    )
    facts = VintageFacts(
        vintage=YEAR,
        round="2026-06",
        published=a_round("2026-06").updated,
        preliminary=False,
        synthetic=True,
    )
    shown = Earlier([(before.name, one) for one in before.protected.universes]) if before else None
    protected = protect(plan, built, facts, shown)
    counted = leaves(plan, records, counts)
    rows = anonymised(
        counted, protected.universes, YEAR, INHABITANTS, before.rows if before else {}
    )
    if rows is None:
        raise DisclosureError("the rows cannot be told")
    return Release(plan, built, counted, protected, rows)


def rounds(of: Scene) -> tuple[Release, Release]:
    """March, and June beside it."""
    reporting = [code for code in of.kommuner if code not in of.late]
    march = release(of.march, reporting, of.measures)
    before = Before("2026-03", march.protected, {"2026-03": march.rows.stored})
    return march, release(of.june, of.kommuner, of.measures, before)


FYLKE: Mapping[str, str] = dict(codes.kommuner(YEAR).select("kommune", "fylke").iter_rows())


def seen(of: Release, reported: Sequence[str], *, nothing_blank: bool = False) -> Seen:
    """What the receiver of a round has of it."""
    figures = {}
    for cube in of.protected.cubes:
        for region, *_, name, _, number, sign in cube.frame().iter_rows():
            own = frozenset(one for one in reported if region in {"EAK", f"EKA{FYLKE[one]}", one})
            if own and sign is None and number is not None:
                figures[own, name] = int(number)
    frame, regions = of.rows.safe.frame(), of.rows.safe.regions
    rows = [
        Row(
            frozenset(regions[region].kommuner).intersection(reported),
            dict(zip(frame.columns[2:], codes_, strict=False)),
            count,
        )
        for region, _, *codes_, count in frame.group_by(frame.columns).len().iter_rows()
    ]
    return Seen(figures, rows, frozenset(reported), nothing_blank)


def truth(persons: Sequence[Person], kommuner: Sequence[str]) -> Integers:
    """How many persons there are of each kind, kommune by kommune."""
    found = np.zeros((len(kommuner), len(KINDS)), dtype=np.int64)
    for kommune, *kind in persons:
        found[kommuner.index(kommune), KINDS.index(tuple(kind))] += 1
    return found


def attacked(of: Scene, march: Release, june: Release, *, knowing: bool = True) -> Found:
    """The attack on both rounds; ``knowing``: where nobody lacks a value, that is known."""
    blank = any(None in person for person in (*of.march, *of.june))
    reporting = [code for code in of.kommuner if code not in of.late]
    fylker = dict.fromkeys(FYLKE[one] for one in of.kommuner)
    regions = [frozenset(one for one in of.kommuner if FYLKE[one] == own) for own in fylker]
    return attack(
        [
            seen(march, reporting, nothing_blank=knowing and not blank),
            seen(june, of.kommuner, nothing_blank=knowing and not blank),
        ],
        of.kommuner,
        [frozenset(of.kommuner), *regions],
        [truth(of.march, of.kommuner), truth(of.june, of.kommuner)],
    )
