"""Small cases whose answers can be counted by hand, and the real tables on a small årgang."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest

from kostra_publish.checking import published_tables, round_inputs
from kostra_publish.codes import regions as codes
from kostra_publish.cube.blocks import chained
from kostra_publish.cube.build import Built, build
from kostra_publish.cube.contributors import Contributors
from kostra_publish.cube.cube import NOT_COUNTED, Cube, State
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.primary import small
from kostra_publish.disclosure.problem import Problem
from kostra_publish.disclosure.universe import Universe, hidden, universes
from kostra_publish.microdata import synth
from kostra_publish.specs.catalogue import load
from kostra_publish.specs.models import RoundKind, TableSpec
from tests.cube.specs import SPECS, catalogue, measure, table
from tests.cube.test_build import KOMMUNER, SKJEMA11, YEAR, population, statuses
from tests.schedule import a_round

# Two kommuner of one fylke and of one KOSTRA group, one more of the group, and Oslo.
ONE, TWO, OSLO = "1119", "1120", "0301"
AMOUNTS = {"BIDRAG": pl.Int64, "LAAN": pl.Int64}

COUNT = measure("n", kind="count")
LONG = measure("long", kind="count", where={"stoenadsmaaneder": {"from": "6"}})
MEN = measure("men", kind="count", where={"KJONN": "1"})
SHARE = measure("share", kind="share", where={"KJONN": "1"})
KOMMUNER_ONLY = {"regions": ["kommune", "fylke", "kostragruppe", "land", "land_uten_oslo"]}


def people(
    kommune: str, count: int, bydel: str | None = None, **columns: object
) -> list[dict[str, Any]]:
    usual = {"KJONN": "1", "VKLO": "5", "alder": 30, "stoenadsmaaneder": 3, "utbetalt": 1000}
    one = {"KOMMUNE_NR": kommune, "BYDELSNR": bydel, **usual, **columns}
    return [dict(one) for _ in range(count)]


def built(
    tables: Sequence[TableSpec],
    rows: Sequence[Mapping[str, Any]],
    *missing: str,
    coming: Sequence[TableSpec] = (),
) -> tuple[Plan, Built]:
    """Of a June round; of one in March when tables are ``coming``."""
    kind: RoundKind = "march" if coming else "june"
    plan = Plan(catalogue(*tables, *coming), tables, YEAR, kind, coming=coming)
    frames = {
        "befolkning": population(),
        "skjema11": pl.LazyFrame(rows, schema={**SKJEMA11, **AMOUNTS}),
    }
    results = pl.collect_all(plan.queries(frames))
    declared = statuses(rows, frozenset(missing))
    return plan, build(plan, results, declared, {name: name for name in frames})


def universe(
    tables: Sequence[TableSpec], rows: Sequence[Mapping[str, Any]], *missing: str
) -> Universe:
    return next(one for one in universes(*built(tables, rows, *missing)) if one.kind == "persons")


def cells(problem: Problem, *, listed: bool | None = None) -> dict[tuple[str, str], int]:
    """The number of persons by set and each of the regions that are the same."""
    found: dict[tuple[str, str], int] = {}
    for (region, name), value, is_listed in zip(
        problem.cells.select("region", "set").iter_rows(),
        problem.values,
        problem.listed,
        strict=True,
    ):
        if listed in {None, is_listed}:
            found |= {(name, code): int(value) for code in region.split("/")}
    return found


# --- sets --------------------------------------------------------------------------


def test_measures_of_several_tables_share_a_set() -> None:
    tables = [
        table([COUNT, MEN], **KOMMUNER_ONLY),
        table([measure("men2", kind="count", where={"KJONN": ["1"]}), SHARE], id="t2"),
    ]
    found = universe(tables, people(ONE, 5) + people(ONE, 4, KJONN="2"))
    persons = cells(found.problem)
    assert persons["all", ONE] == 9
    assert persons["KJONN 1", ONE] == 5
    assert {name for name, _ in persons} == {"all", "KJONN 1"}


def test_what_is_left_of_a_set_is_implied_where_it_is_small() -> None:
    rows = people(ONE, 5, stoenadsmaaneder=6) + people(ONE, 2) + people(TWO, 9)
    found = universe([table([COUNT, LONG])], rows)
    assert cells(found.problem, listed=False)["stoenadsmaaneder -5/blank", ONE] == 2
    assert ("stoenadsmaaneder -5/blank", TWO) not in cells(found.problem)
    implied = ~found.problem.listed
    assert found.problem.small[implied].all()
    assert not found.problem.floor[implied].any()


def test_what_is_left_of_a_region_is_implied_where_it_is_small() -> None:
    rows = people("1101", 5) + people(ONE, 1) + people(TWO, 2)
    found = cells(universe([table([COUNT], regions=["kommune", "fylke"])], rows).problem)
    assert found["all", "EKA11 without 1101"] == 3


def test_equal_regions_are_one_cell() -> None:
    bydeler = table([COUNT], id="t2", regions=["bydel", "bydeler"])
    rows = people(OSLO, 5, "01") + people(OSLO, 2, "02") + people(ONE, 9)
    problem = universe([table([COUNT]), bydeler], rows).problem
    assert "0301/EKA03/EKG13/EAB" in problem.cells["region"].to_list()
    persons = cells(problem)
    assert persons["all", OSLO] == persons["all", "EAB"] == 7
    assert persons["all", "030102"] == 2
    assert persons["all", "EAK"] - persons["all", "EAKUO"] == persons["all", OSLO]


def test_a_kommune_that_has_not_reported_is_no_part_of_anything() -> None:
    rows = people(ONE, 9) + people(TWO, 9)
    problem = universe([table([COUNT], missing="sum")], rows, "1101").problem
    assert ("all", "1101") not in cells(problem)
    assert cells(problem)["all", "EKA11"] == 18
    assert problem.rows.shape[1] == len(problem.inner)


def test_zeros_are_open_and_classes_that_everyone_knows_empty_are_left_out() -> None:
    problem = universe([table([COUNT, MEN])], people(ONE, 5) + people(TWO, 4, KJONN="2")).problem
    persons = cells(problem)
    assert problem.open.sum() == (problem.values == 0).sum()
    assert persons["KJONN 1", TWO] == 0
    # Two sexes in each of 371 units; nobody is without.
    assert len(problem.inner) % 2 == 0


def test_hidden_zeros_are_small_and_nothing_is_known_to_be_empty() -> None:
    spec = table([COUNT, MEN], disclosure={"hide_zeros": "true"})
    problem = universe([spec], people(ONE, 5)).problem
    assert not problem.open.any()
    assert (problem.small == (problem.values < 4)).all()
    assert not problem.floor.any()


def test_the_strictest_threshold_counts() -> None:
    strict = table([COUNT], id="t2", disclosure={"threshold": "6"})
    problem = universe([table([COUNT]), strict], people(ONE, 5)).problem
    place = problem.cells["region"].to_list().index(ONE)
    assert problem.small[place]


def test_a_set_that_nobody_can_be_in_is_open() -> None:
    none = measure("none", kind="count", where={"stoenadsmaaneder": {"from": "6", "to": "5"}})
    problem = universe([table([COUNT, none])], people(ONE, 5)).problem
    assert problem.open[problem.values == 0].all()


# --- the way back to tables ----------------------------------------------------------


def signs(
    tables: Sequence[TableSpec], rows: Sequence[Mapping[str, Any]], *missing: str
) -> dict[tuple[str, str, str], bool]:
    """By table, region and measure: whether the cell is hidden when only small ones are."""
    plan, of = built(tables, rows, *missing)
    found = universes(plan, of)
    marks = hidden(found, [~one.problem.small for one in found])
    return {
        (cube.table.id, region, code): bool(flag)
        for cube in of.cubes
        for (region, code), flag in zip(
            (
                (region, code)
                for region in cube.dimensions[0].codes
                for code in cube.dimensions[-2].codes
            ),
            marks[cube.table.id],
            strict=True,
        )
    }


def test_a_share_inherits_the_sign_of_its_parts() -> None:
    rows = people(ONE, 2) + people(ONE, 9, KJONN="2") + people(TWO, 9)
    found = signs([table([COUNT, SHARE])], rows)
    assert not found["t1", ONE, "n"]
    assert found["t1", ONE, "share"]
    assert not found["t1", TWO, "share"]


def test_an_estimated_fylke_inherits_the_sign_of_its_group() -> None:
    # 1144 has not reported; its group has two men elsewhere, its fylke many.
    group = codes.kommuner(YEAR).filter(kostragruppe="EKG16")
    elsewhere = group.filter(pl.col("fylke") != "11")["kommune"][0]
    mean = measure("mean", kind="mean", of="stoenadsmaaneder", where={"KJONN": "1"})
    men = people("1103", 50) + people(elsewhere, 2)
    found = signs([table([COUNT, MEN, mean])], men, "1144")
    assert found["t1", "EKA11", "mean"]
    assert not found["t1", "EAK", "mean"]
    # A count takes so little of two persons that it is rounded away.
    assert not found["t1", "EKA11", "men"]
    assert not signs([table([COUNT, MEN, mean])], men)["t1", "EKA11", "mean"]


def test_what_is_hidden_in_any_universe_is_hidden() -> None:
    plan, of = built([table([COUNT])], people(ONE, 5))
    found = universes(plan, of)
    everything = [np.ones(one.problem.cells.height, dtype=np.bool_) for one in found]
    assert not hidden(found, everything)["t1"].any()
    assert hidden(found, [~flags for flags in everything])["t1"].sum() == sum(
        (cube.state == State.FIGURE).sum() for cube in of.cubes
    )


# --- amounts -----------------------------------------------------------------------


def test_amounts_that_are_sums_of_each_other() -> None:
    sums = [measure(name, kind="sum", of=name) for name in ("BIDRAG", "LAAN", "utbetalt")]
    rows = people(ONE, 8, BIDRAG=1000, LAAN=0) + people(ONE, 2, BIDRAG=500, LAAN=700, utbetalt=1200)
    _, amounts = universes(*built([table(sums)], rows))
    assert amounts.kind == "amounts"
    kroner = cells(amounts.problem)
    assert kroner["utbetalt", ONE] == kroner["BIDRAG", ONE] + kroner["LAAN", ONE] == 10_400
    is_loan = (amounts.problem.cells["set"] == "LAAN").to_numpy()
    assert (amounts.problem.small == (is_loan & (amounts.problem.values > 0))).all()


def test_a_part_that_no_table_shows_is_implied_where_it_is_small() -> None:
    sums = [measure(name, kind="sum", of=name) for name in ("BIDRAG", "utbetalt")]
    rows = people(ONE, 8, BIDRAG=1000, LAAN=0) + people(ONE, 2, BIDRAG=500, LAAN=700, utbetalt=1200)
    _, amounts = universes(*built([table(sums)], rows))
    assert cells(amounts.problem, listed=False)["LAAN", ONE] == 1400


def test_amounts_that_have_nothing_to_do_with_each_other_are_no_problem() -> None:
    mean = measure("mean", kind="mean", of="utbetalt", per="stoenadsmaaneder")
    assert [one.kind for one in universes(*built([table([mean])], people(ONE, 9)))] == ["persons"]


# --- what later releases add -----------------------------------------------------------


def test_earlier_figures_open_cells_and_add_rows() -> None:
    found = universe([table([COUNT])], people(ONE, 5) + people(TWO, 2))
    opened = found.opened(np.ones(found.problem.cells.height, dtype=np.bool_)).problem
    assert (opened.open == ~opened.small).all()
    more = found.extended(found.problem)
    assert more.problem.cells.height == 2 * found.problem.cells.height
    assert more.tables["t1"].shape[1] == more.problem.cells.height


# --- blocks ---------------------------------------------------------------------------


def test_a_ring_of_variables_gets_a_chord() -> None:
    ring = [frozenset(pair) for pair in ("ab", "bc", "cd", "da")]
    blocks = chained(ring)
    assert all(any(pair <= block for block in blocks) for pair in ring)
    assert sorted(map(len, blocks)) == [3, 3]


def test_blocks_follow_from_the_cubes_as_they_would_be_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw = Random(5)
    rows = [
        row
        for kommune in (ONE, TWO, OSLO)
        for _ in range(40)
        for row in people(
            kommune,
            1,
            draw.choice([None, "01", "02"]) if kommune == OSLO else None,
            KJONN=draw.choice(["1", "2", None]),
            alder=draw.choice([17, 18, 24, 30, None]),
            stoenadsmaaneder=draw.choice([1, 6, 12]),
            BIDRAG=1000,
            LAAN=draw.choice([0, 5, None]),
        )
    ]
    young = measure("young", kind="count", where={"KJONN": "2", "alder": {"to": "24"}})
    age = measure("age", kind="count", where={"alder": {"to": "24"}})
    adult = measure("adult", kind="count", where={"alder": {"from": "18"}})
    sums = [measure(name, kind="sum", of=name) for name in ("BIDRAG", "LAAN", "utbetalt")]
    tables = [table([COUNT, LONG, MEN, young, age, adult, *sums])]
    plan, followed = built(tables, rows)
    assert plan.contributors._following
    monkeypatch.setattr(Contributors, "_following", {})
    _, counted = built(tables, rows)
    for population_, counts in followed.counts.items():
        for one, other in zip(counts.numbers, counted.counts[population_].numbers, strict=True):
            assert (one == other).all()


# --- the real tables --------------------------------------------------------------------


@pytest.fixture(scope="module", params=["2026-06", "2026-03"])
def real(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, Built]:
    data = tmp_path_factory.mktemp("data")
    synth.write(data, vintages=[YEAR], scale=0.05, filuttrekk=False)
    current = a_round(request.param)
    specs = load(SPECS)
    plan = Plan(specs, published_tables(specs, current), YEAR, current.kind)
    inputs = round_inputs(plan, current, str(data))
    counted = inputs.count(plan.sources, plan.population, plan.queries)
    return plan, build(plan, counted.results, counted.statuses, inputs.file_names)


def fewest(found: Sequence[Universe], cube: Cube) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The fewest persons in any set, but empty ones, that a cell of the cube rests on."""
    result = np.full(cube.value.size, np.inf)
    for one in found:
        if one.kind == "persons" and cube.table.id in one.tables:
            rests = one.tables[cube.table.id].tocoo()
            persons = one.problem.values[rests.col]
            np.minimum.at(result, rests.row[persons > 0], persons[persons > 0])
    return result


def test_sets_have_the_contributors_that_the_cubes_have(real: tuple[Plan, Built]) -> None:
    plan, of = real
    found = universes(plan, of)
    marks = hidden(found, [~one.problem.small for one in found])
    assert {one.name for one in found} == {"introduksjon", "skjema11", "skjema11c", "skjema7"}
    for cube in of.cubes:
        counted = (cube.state == State.FIGURE) & (cube.contributors != NOT_COUNTED)
        assert counted.any() == (cube.table.id in marks)
        persons = np.where(np.isinf(fewest(found, cube)), 0, fewest(found, cube))
        leaning = persons[counted] < cube.contributors[counted]
        # Only estimates rest on others than the cell's own contributors, or on others alone.
        nobody = cube.contributors == 0
        assert (nobody | (persons <= cube.contributors))[counted].all()
        assert leaning.mean() < 0.05 if counted.any() else True
        assert (small(cube) <= marks.get(cube.table.id, np.False_)).all()


def test_names_are_for_people_and_the_repr_has_no_figures(real: tuple[Plan, Built]) -> None:
    found = universes(*real)
    assert all(one.problem.cells["set"].null_count() == 0 for one in found)
    assert "inner numbers" in repr(found[0])


def test_every_kommune_is_there() -> None:
    problem = universe([table([COUNT])], people(ONE, 5)).problem
    assert {("all", kommune) for kommune in KOMMUNER} <= cells(problem).keys()
