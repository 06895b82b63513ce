"""Which changes of a spec are of words alone, and which are of figures."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kostra_publish.cube.plan import Plan
from kostra_publish.drafting.basis import Basis, basis
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.models import Source, TableSpec
from tests.cube.specs import SOURCES, catalogue, measure, table, text
from tests.few_specs import SPECS

YEAR = 2025
COUNT = measure("n", kind="count")
MEN = measure("men", kind="count", where={"KJONN": "1"})
RATE = measure("rate", 1, kind="rate", numerator="utbetalt", denominator="innbyggere")
MEASURES = (COUNT, MEN, RATE)
ALL = {"n", "men", "rate"}
DIMENSION: Mapping[str, Any] = {
    "code": "K",
    "variable": "VKLO",
    "label": text("K"),
    "total": "0",
    "categories": [
        {"code": "0", "label": text("all"), "values": "*"},
        {"code": "1", "label": text("some"), "values": ["1", "2"]},
        {"code": "3", "label": text("one")},
    ],
}


def spec(*measures: Mapping[str, object], **keys: object) -> TableSpec:
    return table(measures or MEASURES, dimensions=[DIMENSION], **keys)


def of(one: TableSpec, specs: Catalogue | None = None) -> Basis:
    return basis(Plan(specs or catalogue(one), [one], YEAR, "june"), one)


BEFORE = of(spec())


def shared(after: Basis) -> set[str]:
    """The measures that show the same figures."""
    return {code for code in after.measures if after.shares(BEFORE, code)}


def other(own: Mapping[str, object], **changes: object) -> dict[str, object]:
    return {**own, **changes}


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "after",
    [
        spec(),
        spec(*reversed(MEASURES)),
        spec(title=text("Another")),
        spec(reference_period=text("Another")),
        spec(provisional=True, official=False),
        spec(notes=[{"text": text("A note")}], replaces=["10509"]),
        spec(breaks=[{"vintage": 2024, "text": text("A break")}]),
        spec(presentation={"stub": ["K"], "heading": ["Tid"]}),
        spec(
            other(COUNT, label=text("Another"), note=text("A note"), unit="personer"),
            MEN,
            other(RATE, price_type="current", provisional=True),
        ),
    ],
    ids=["nothing", "order", "title", "period", "marks", "notes", "breaks", "layout", "labels"],
)
def test_words_change_no_figure(after: TableSpec) -> None:
    assert shared(of(after)) == ALL
    assert of(after) == BEFORE


def test_nor_do_names_and_the_order_of_categories() -> None:
    first, *rest = DIMENSION["categories"]
    named = [{**one, "label": text("Another")} for one in (*reversed(rest), first)]
    after = table(MEASURES, dimensions=[{**DIMENSION, "categories": named, "label": text("L")}])
    assert of(after) == BEFORE


# --- figures of one measure --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measures", "left"),
    [
        (
            (other(COUNT, formula={"kind": "count", "where": {"KJONN": "1"}}), MEN, RATE),
            {"men", "rate"},
        ),
        ((COUNT, measure("men", kind="count", where={"KJONN": "2"}), RATE), {"n", "rate"}),
        ((COUNT, measure("men", kind="count", where={"KJONN": ["1", "2"]}), RATE), {"n", "rate"}),
        ((other(COUNT, decimals=1), MEN, RATE), {"men", "rate"}),
        ((other(COUNT, rounds=["march"]), MEN, RATE), {"men", "rate"}),
        ((other(COUNT, first_vintage=2026), MEN, RATE), {"men", "rate"}),
        ((other(COUNT, code="m"), MEN, RATE), {"men", "rate"}),
        ((COUNT, MEN), {"n", "men"}),
        ((*MEASURES, measure("women", kind="count", where={"KJONN": "2"})), ALL),
        (
            (COUNT, MEN, other(RATE, formula={**RATE["formula"], "factor": 2})),  # type: ignore[dict-item]
            {"n", "men"},
        ),
    ],
    ids=[
        "formula", "value", "values", "decimals", "rounds", "years", "code", "one less", "one more",
        "factor",
    ],
)  # fmt: skip
def test_a_measure_is_made_anew_and_others_stand(
    measures: tuple[Mapping[str, object], ...], left: set[str]
) -> None:
    after = of(spec(*measures))
    assert shared(after) == left
    assert after != BEFORE


def test_what_there_was_not_has_nothing_to_share() -> None:
    assert not BEFORE.shares(None, "n")
    assert not BEFORE.shares(BEFORE, "women")


# --- figures of the whole table ----------------------------------------------------------------


def categories(*values: object) -> dict[str, object]:
    """The dimension, with other values in its categories."""
    found = [
        {**one, "values": value} for one, value in zip(DIMENSION["categories"], values, strict=True)
    ]
    return {**DIMENSION, "categories": found}


@pytest.mark.parametrize(
    "keys",
    [
        {"dimensions": [categories("*", ["1"], ["3"])]},
        {"dimensions": [{**DIMENSION, "total": None}]},
        {"dimensions": [{**DIMENSION, "code": "L"}]},
        {"dimensions": []},
        {"regions": ["kommune", "land"]},
        {"missing": "sum"},
        {"unit": "person"},
        {"disclosure": {"threshold": 6}},
        {"disclosure": {"hide_zeros": True}},
        {"presentation": {"key_figures": ["n"]}},
    ],
    ids=[
        "categories", "total", "dimension", "no dimension", "regions", "missing", "unit",
        "threshold", "noughts", "key figures",
    ],
)  # fmt: skip
def test_every_measure_is_made_anew(keys: dict[str, Any]) -> None:
    assert shared(of(table(MEASURES, **{"dimensions": [DIMENSION], **keys}))) == set()


def among(specs: Catalogue, source: str, population: Mapping[str, object]) -> Catalogue:
    """The catalogue, with another population of a source."""
    other_one = Source.model_validate({**SOURCES[source], "population": population})
    return replace(specs, sources={**specs.sources, source: other_one})


def test_who_is_in_the_population_changes_what_is_counted_of_it() -> None:
    specs, more = catalogue(spec()), {"utbetalt": {"from": "2"}}
    assert shared(of(spec(), among(specs, "skjema11", more))) == set()
    assert shared(of(spec(), among(specs, "befolkning", {"KJONN": ["1"]}))) == {"n", "men"}
    assert shared(of(spec(), among(specs, "regnskap", {"FUNKSJON": ["281"]}))) == ALL


def test_also_of_persons_who_are_counted_once_in_the_country() -> None:
    national = table([COUNT], source="mottakere", unit="person", regions=["land"])
    specs = catalogue(national)
    before, after = (
        of(national, each)
        for each in (specs, among(specs, "mottakere", {"utbetalt": {"from": "2"}}))
    )
    assert not after.shares(before, "n")


def test_a_term_changes_what_is_made_of_it() -> None:
    specs = catalogue(spec())
    paid = specs.terms["utbetalt"].model_copy(update={"where": {"KJONN": ("1",)}})
    specs = replace(specs, terms={**specs.terms, "utbetalt": paid})
    assert shared(of(spec(), specs)) == {"n", "men"}


# --- in another process ------------------------------------------------------------------------

ELSEWHERE = """
import pickle, sys
from pathlib import Path
from tests.drafting.test_basis import every
sys.stdout.buffer.write(pickle.dumps(every(Path(sys.argv[1]))))
"""


def every(specs: Path) -> dict[str, Basis]:
    """The basis of each table of a folder."""
    found = load(specs)
    tables = [one for one in found.tables.values() if one.has_vintage(YEAR)]
    plan = Plan(found, tables, YEAR, "march")
    return {one.id: basis(plan, one) for one in tables}


def test_it_is_the_same_whatever_order_sets_have_in_a_process() -> None:
    here = every(SPECS)
    there = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(SPECS)],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(SPECS.parent), "PYTHONHASHSEED": "12345"},
    )
    found: dict[str, Basis] = pickle.loads(there.stdout)  # noqa: S301  # of our own process
    assert len(found) > 15
    assert found == here
    # A table is planned alone when it is looked at, and with all others in the whole round.
    specs = load(SPECS)
    for name, one in here.items():
        alone = Plan(specs, [specs.tables[name]], YEAR, "march")
        assert basis(alone, specs.tables[name]) == one
