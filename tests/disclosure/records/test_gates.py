"""Each gate bites: a seeded violation makes that gate fail, and is told without a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from kostra_publish.disclosure.records.anonymise import Anonymised, _frame
from kostra_publish.disclosure.records.gates import Gate, Proof, gates, kept
from kostra_publish.disclosure.records.ladders import Ladder
from kostra_publish.disclosure.records.measures import anonymity
from kostra_publish.disclosure.records.refining import Telling
from kostra_publish.disclosure.records.stored import StoredRecords
from kostra_publish.disclosure.safe_records import Anonymity, SafeRecords
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import DisclosureError
from tests.disclosure.records.small_rounds import Person, Release, record_set, release

KOMMUNER = ("3103", "3105", "3107")
MEASURES = ("n", "men", "help")


def persons(kommune: str, *counts: tuple[int, str, int, str, int, int]) -> list[Person]:
    return [(kommune, *values) for count, *values in counts for _ in range(count)]  # type: ignore[misc]


PEOPLE = [
    *persons("3103", (12, "1", 40, "5", 1, 5_000), (14, "1", 40, "1", 7, 30_000)),
    *persons("3103", (11, "2", 40, "5", 7, 30_000), (13, "2", 40, "1", 1, 5_000)),
    # Three alone are so young, and have this source.
    *persons("3103", (2, "1", 18, "3", 1, 5_000), (1, "2", 18, "3", 7, 30_000)),
    *persons("3105", (15, "1", 23, "5", 4, 5_000), (9, "2", 40, "1", 12, 90_000)),
    *persons("3105", (8, "2", 23, "5", 4, 5_000), (10, "1", 40, "1", 12, 90_000)),
    # Two women, whom the table hides, and beside them the men of 3105.
    *persons("3107", (20, "1", 40, "5", 1, 5_000), (1, "2", 40, "5", 1, 5_000)),
    *persons("3107", (20, "1", 40, "1", 7, 30_000), (1, "2", 40, "1", 7, 30_000)),
]


@cache
def march() -> Release:
    return release(PEOPLE, KOMMUNER, MEASURES)


def universe() -> StoredUniverse:
    return next(one for one in march().protected.universes if one.kind == "persons")


class Unchecked:
    """What gates look at of safe records, without the check that those make themselves."""

    def __init__(self, frame: pl.DataFrame, measured: Anonymity) -> None:
        self.records, self.regions = own().safe.records, own().safe.regions
        self.anonymity = measured
        self._frame = frame

    def frame(self) -> pl.DataFrame:
        return self._frame


def as_safe(frame: pl.DataFrame, measured: Anonymity | None = None) -> SafeRecords:
    measured = measured or own().safe.anonymity
    return Unchecked(frame, measured)  # type: ignore[return-value]  # what is tested


def made(stored: StoredRecords) -> SafeRecords:
    """The rows that would be made of what is kept, and measured."""
    records = own().safe.records
    ladders = tuple(Ladder.of(one) for one in records.variables)
    shares = tuple(np.full(one.size, 1 / one.size) for one in ladders)
    frame = _frame(stored, ladders)
    telling = Telling(ladders, shares, records.gates)
    return as_safe(frame, anonymity(records, frame, stored, telling))


def failing(
    safe: SafeRecords, stored: StoredRecords, earlier: Mapping[str, StoredRecords] | None = None
) -> list[Gate]:
    proof = gates(safe, stored, kept(stored, universe(), earlier or {}))
    found = [one for one in proof.gates if not one.passed]
    if found:
        refused(proof)
    return found


def refused(proof: Proof) -> None:
    """The error names the gates and numbers of sets, and nothing else that is a number."""
    with pytest.raises(DisclosureError) as error:
        proof.refuse("rader")
    message = error.value.message
    for one in proof.gates:
        named = f"gate {one.name} ("
        assert (named in message) == (not one.passed)
    told = re.sub(r"\([^)]*\)", "", message.replace("2026-03", ""))
    counts = {number for one in proof.gates for number in (one.failing, one.looked_at)}
    assert {int(number) for number in re.findall(r"\d+", told)} <= counts
    assert not any(code in told for code in KOMMUNER)


def own() -> Anonymised:
    return march().rows


def test_rows_as_they_are_made_pass() -> None:
    assert not failing(own().safe, own().stored)
    assert not failing(made(own().stored), own().stored)
    # Something is told, or there would be nothing to spoil.
    assert own().stored.boxes.height > len(own().stored.regions)


def told_apart(kommune: str, variable: str, first: int) -> StoredRecords:
    """What is kept, if a kommune told in which of two groups a variable is, and nothing else.

    ``first`` is one of the groups, with a bit for each finest value.
    """
    stored = own().stored
    [number] = [n for n, one in enumerate(stored.regions) if kommune in one.kommuner]
    whole = (1 << len(stored.about.finest[variable])) - 1
    here = pl.col("region") == number
    none = {name: (1 << len(values)) - 1 for name, values in stored.about.finest.items()}
    boxes = pl.DataFrame(
        {
            "region": [number, number],
            "box": [0, 1],
            **{name: [mask, mask] for name, mask in none.items() if name != variable},
            variable: [first, whole & ~first],
        }
    ).select(stored.boxes.columns)
    inside = (pl.lit(first) // pl.lit(2).pow(pl.col(variable))).cast(pl.Int64) % 2 == 1
    box = pl.when(inside).then(0).otherwise(1).cast(pl.Int64)
    return replace(
        stored,
        leaves=stored.leaves.with_columns(pl.when(here).then(box).otherwise("box").alias("box")),
        boxes=pl.concat([stored.boxes.filter(~here), boxes.cast(stored.boxes.schema)]),
    )


@pytest.mark.parametrize(
    ("kommune", "variable", "first", "gates_failing"),
    [
        ("3103", "alder", 0b1, ["k", "rows"]),
        ("3103", "kilde", 0b0100, ["rows"]),
        ("3103", "kilde", 0b0111, ["l"]),
        ("3105", "kjonn", 0b01, ["tables"]),
        # A table counts those of source 5; beside three of source 3 they are a box.
        ("3103", "kilde", 0b0101, ["margins"]),
        ("3103", "kjonn", 0b01, []),
        ("3103", "maaneder", 0b0011, []),
    ],
    ids=["k", "rows", "l", "tables", "margins", "sex is published", "months no table has"],
)
def test_each_gate_sees_what_it_is_there_for(
    kommune: str, variable: str, first: int, gates_failing: list[str]
) -> None:
    stored = told_apart(kommune, variable, first)
    assert [one.name for one in failing(made(stored), stored)] == gates_failing


def test_t_is_reported_and_never_refused() -> None:
    measured = replace(own().safe.anonymity, distance={"kilde": 1.0})
    assert not failing(as_safe(own().safe.frame(), measured), own().stored)


def test_a_row_that_is_dropped_is_missed() -> None:
    safe = as_safe(own().safe.frame()[1:])
    [gate] = failing(safe, own().stored)
    assert (gate.name, gate.failing) == ("complete", 1)


def test_a_row_in_another_region_is_missed() -> None:
    frame = own().safe.frame()
    codes = frame["region"].unique().sort()
    assert len(codes) > 1
    moved = frame.with_columns(
        pl.when(pl.int_range(pl.len()) == 0)
        .then(pl.lit(codes[-1]))
        .otherwise("region")
        .alias("region")
    )
    [gate] = failing(as_safe(moved), own().stored)
    assert (gate.name, gate.failing) == ("complete", 2)


@pytest.mark.parametrize("value", ["30000", "2025-03-14", "01018012345"])
def test_a_number_or_a_date_is_no_code(value: str) -> None:
    frame = own().safe.frame().with_columns(pl.lit(value).alias("kroner"))
    [gate] = failing(as_safe(frame), own().stored)
    assert gate.name == "columns"


def test_a_column_too_many_is_seen() -> None:
    frame = own().safe.frame().with_columns(pl.lit("x").alias("saksbehandler"))
    [gate] = failing(as_safe(frame), own().stored)
    assert gate.name == "columns"


@pytest.mark.parametrize(("more", "fails"), [(1, True), (3, True), (4, False), (0, False)])
def test_a_box_that_differs_by_a_few_persons_is_refused(more: int, fails: bool) -> None:
    stored = own().stored
    # Fewer before, in one combination of one kommune.
    place = int(stored.leaves["rows"].arg_max() or 0)
    rows = stored.leaves["rows"].to_list()
    rows[place] -= more
    before = replace(stored, leaves=stored.leaves.with_columns(pl.Series("rows", rows)))
    found = failing(own().safe, stored, {"2026-03": before})
    assert [one.name for one in found] == (["since 2026-03"] if fails else [])


def test_a_person_who_has_left_is_seen() -> None:
    stored = own().stored
    gone = stored.leaves.head(1).with_columns(rows=pl.lit(1, pl.Int64), unit=pl.lit("3107"))
    gone = gone.with_columns(pl.lit(2, pl.Int64).alias("kjonn"))
    before = replace(stored, leaves=pl.concat([stored.leaves, gone]))
    [gate] = failing(own().safe, stored, {"2026-03": before})
    assert gate.name == "since 2026-03"


def test_other_finest_values_than_before_are_refused() -> None:
    fewer = record_set(variables=record_set().model_dump()["variables"][:4])
    with pytest.raises(DisclosureError, match="other finest values than in 2026-03: kroner"):
        own().stored.refuse_other_values(fewer, "2026-03")
