"""The p % rule: by hand, and against a count in plain Python."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from kostra_publish.cube.build import Built, build
from kostra_publish.cube.cube import Cube
from kostra_publish.cube.dominance import dominated, two_largest
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.primary import small
from kostra_publish.disclosure.universe import universes
from kostra_publish.errors import SpecError
from kostra_publish.specs.models import TableSpec
from tests.cube.oracle import Country
from tests.cube.specs import catalogue, measure, table
from tests.cube.test_build import (
    INHABITANTS,
    SKJEMA11,
    SOME,
    YEAR,
    Row,
    population,
    statuses,
    tilfelle,
    with_bydel,
)

MEASURES = [
    measure("n", kind="count"),
    measure("paid", kind="sum", of="utbetalt"),
    measure("per_month", kind="mean", of="utbetalt", per="stoenadsmaaneder"),
]
RULE = {"dominance": {"p": 10}}


def built(spec: TableSpec, rows: Sequence[Row]) -> tuple[Plan, Built]:
    plan = Plan(catalogue(spec), [spec], YEAR, "june")
    # What is paid is bidrag and lån; here it is all bidrag.
    paid = [{**row, "BIDRAG": row["utbetalt"], "LAAN": 0} for row in rows]
    schema = {**SKJEMA11, "BIDRAG": pl.Int64, "LAAN": pl.Int64}
    frames = {"befolkning": population(), "skjema11": pl.LazyFrame(paid, schema=schema)}
    results = pl.collect_all(plan.queries(frames), engine="streaming")
    declared = statuses(rows, frozenset())
    return plan, build(plan, results, declared, {name: name for name in frames})


def hidden(cube: Cube, code: str) -> set[str]:
    regions, contents, _ = cube.dimensions
    flags = small(cube).reshape(cube.shape)[:, contents.codes.index(code), 0]
    return {region for region, flag in zip(regions.codes, flags, strict=True) if flag}


def of_amounts(*amounts: int) -> set[str]:
    rows = [tilfelle("1101", utbetalt=amount) for amount in amounts]
    rows += [tilfelle("5603", utbetalt=1000) for _ in range(10)]
    _, found = built(table(MEASURES, disclosure=RULE), rows)
    assert hidden(found.cubes[0], "paid") == hidden(found.cubes[0], "per_month")
    assert "1101" not in hidden(found.cubes[0], "n")
    return hidden(found.cubes[0], "paid")


# --- by hand ---


def test_a_sum_that_one_dominates_is_hidden_and_what_rests_on_it() -> None:
    # 1000 + 100 + 50 + 49: less than a tenth of 1000 is left for the second to be unsure of.
    assert "1101" in of_amounts(1000, 100, 50, 49)


def test_a_tenth_of_the_largest_is_enough() -> None:
    assert "1101" not in of_amounts(1000, 100, 50, 50)


def test_equal_contributions_dominate_nothing() -> None:
    assert "1101" not in of_amounts(100, 100, 100, 100)


def test_the_largest_of_a_region_may_live_in_different_kommuner() -> None:
    # Together 1000 and 900 of two kommuner leave 40 in their fylke; each kommune leaves more.
    big = {"1119": 1000, "1120": 900}
    rows = [tilfelle(kommune, utbetalt=amount) for kommune, amount in big.items()]
    rows += [tilfelle(kommune, utbetalt=10) for kommune in big for _ in range(2)]
    rows += [tilfelle("5603", utbetalt=1000) for _ in range(10)]
    _, found = built(table(MEASURES, disclosure=RULE), rows)
    assert "EKA11" in hidden(found.cubes[0], "paid")
    assert "EAK" not in hidden(found.cubes[0], "paid")


def test_without_a_rule_nothing_is_asked_and_nothing_hidden() -> None:
    rows = [tilfelle("1101", utbetalt=amount) for amount in (100_000, 1, 1, 1, 1)]
    plan, found = built(table(MEASURES), rows)
    assert plan.dominance == {}
    assert found.cubes[0].dominated is None
    columns = [name for tally in found.tallies.values() for name in tally.frame.columns]
    assert not any(name.startswith("t") for name in columns)
    assert "1101" not in hidden(found.cubes[0], "paid")


def test_a_dominated_sum_does_not_follow_from_the_others() -> None:
    rows = [tilfelle("1119", utbetalt=amount) for amount in (100_000, 10, 10, 10, 10)]
    rows += [
        tilfelle(kommune, utbetalt=900) for kommune in ("1120", "1121", "5603") for _ in range(9)
    ]
    amounts = next(
        one
        for one in universes(*built(table(MEASURES, disclosure=RULE), rows))
        if one.kind == "amounts"
    )
    cells = amounts.problem.cells.with_columns(small=pl.Series(amounts.problem.small))
    assert "1119" in cells.filter("small")["region"].to_list()
    assert not (amounts.problem.small & amounts.problem.open).any()


def test_the_rule_is_for_sums_that_no_dimension_splits() -> None:
    split = table(
        MEASURES,
        disclosure=RULE,
        dimensions=[
            {
                "code": "Kjonn",
                "variable": "KJONN",
                "label": {"nb": "k", "nn": "k", "en": "s"},
                "categories": [{"code": "1", "label": {"nb": "m", "nn": "m", "en": "m"}}],
            }
        ],
    )
    for spec in (split, table(MEASURES[:1], disclosure=RULE)):
        with pytest.raises(SpecError, match="dominance rule is for sums"):
            Plan(catalogue(spec), [spec], YEAR, "june")


@pytest.mark.parametrize("p", ["0", "-1", "101"])
def test_p_is_per_cent_of_the_largest(p: str) -> None:
    with pytest.raises(ValueError, match="dominance"):
        table(MEASURES, disclosure={"dominance": {"p": p}})


# --- against plain Python ---


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 50)), max_size=20))
def test_two_largest(pairs: list[tuple[int, int]]) -> None:
    group = np.array([of for of, _ in pairs], dtype=np.int64)
    values = np.array([value for _, value in pairs], dtype=np.float64)
    found = two_largest(values, group, 5)
    for number in range(5):
        own = sorted((value for of, value in pairs if of == number), reverse=True)
        assert found[number].tolist() == [*own, 0, 0][:2]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "KOMMUNE_NR": st.sampled_from(SOME),
                "bydel": st.sampled_from(["01", "07", "15"]),
                "KJONN": st.just("1"),
                "VKLO": st.just("5"),
                "alder": st.just(30),
                "stoenadsmaaneder": st.just(2),
                "utbetalt": st.sampled_from([0, 1, 5, 60, 100, 2000]),
            }
        ),
        max_size=40,
    ),
    st.sampled_from([1, 10, 50]),
)
@settings(max_examples=25)
def test_what_is_dominated_is_what_a_naive_count_gives(
    generated: list[dict[str, Any]], p: int
) -> None:
    rows = [with_bydel(row) for row in generated]
    _, found = built(table(MEASURES, disclosure={"dominance": {"p": p}}), rows)
    (cube,) = found.cubes
    assert cube.dominated is not None
    flags = cube.dominated.reshape(cube.shape)[:, 1, 0]
    country = Country(YEAR, INHABITANTS, frozenset())
    for region, flag in zip(cube.dimensions[0].codes, flags, strict=True):
        kommuner = set(country.members(region))
        own = (row["utbetalt"] for row in rows if row["KOMMUNE_NR"] in kommuner)
        amounts = sorted(own, reverse=True)
        first, *others = [*amounts, 0]
        assert flag == (100 * sum(others[1:]) < p * first), region


def test_a_region_without_units_is_not_dominated() -> None:
    members = csr_array((2, 3), dtype=np.float64)
    assert not dominated(members, np.ones(3), np.ones((3, 2)), 10).any()
