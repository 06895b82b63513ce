"""The same tables in another order, or with other names, are protected in the same way."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from kostra_publish.disclosure.frequency import ProblemFile, protect, tables_of

Random = Any


def content(kommuner: int, ages: int) -> dict[str, Any]:
    """Kommuner in two hierarchies, age and sex; two linked tables."""
    leaves = [f"k{n}" for n in range(kommuner)]
    codes = [f"a{n}" for n in range(ages)]
    halves = {"f0": leaves[::2], "f1": leaves[1::2], "land": ["f0", "f1"]}
    groups = {"g0": leaves[:2], "g1": leaves[2:], "land": ["g0", "g1"]}
    return {
        "dims": {
            "region": {"leaves": leaves, "alternatives": [halves, groups], "total": "land"},
            "age": {"leaves": codes, "alternatives": [{"all": codes}], "total": "all"},
            "sex": {"leaves": ["1", "2"], "alternatives": [{"0": ["1", "2"]}], "total": "0"},
        },
        "tables": [["region", "age"], ["region", "sex"]],
        "measure": "n",
    }


def counts(kommuner: int, ages: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    numbers = random.poisson(3 * random.gamma(1.0, 1.0, (kommuner, 1, 1)), (kommuner, ages, 2))
    at = np.indices(numbers.shape).reshape(3, -1).tolist()
    columns = {
        name: [f"{letter}{n}" for n in where]
        for name, letter, where in zip(("region", "age"), "ka", at[:2], strict=True)
    }
    return pl.DataFrame(columns | {"sex": [str(n + 1) for n in at[2]], "n": numbers.ravel()})


Hidden = dict[frozenset[str], int]


def hidden(problem: dict[str, Any], rows: pl.DataFrame) -> Hidden:
    """The cells that are hidden besides the small ones, by their codes, and their counts."""
    cells = protect(tables_of(ProblemFile.model_validate(problem), rows), effort=0.02).cells
    names = list(problem["dims"])
    return {
        frozenset(f"{name} {row[name]}" for name in names): row["n"]
        for row in cells.filter(pl.col("status") == "S").iter_rows(named=True)
    }


def stirred(problem: dict[str, Any], random: Random) -> dict[str, Any]:
    """Dimensions, leaves, alternatives, children and tables in another order; a table twice."""

    def shuffled(items: Any) -> list[Any]:
        result = list(items)
        random.shuffle(result)
        return result

    return {
        "dims": {
            name: {
                "leaves": shuffled(one["leaves"]),
                "alternatives": [
                    {parent: shuffled(children) for parent, children in shuffled(way.items())}
                    for way in shuffled(one["alternatives"])
                ],
                "total": one["total"],
            }
            for name, one in shuffled(problem["dims"].items())
        },
        "tables": shuffled([*map(shuffled, problem["tables"]), problem["tables"][0]]),
        "measure": problem["measure"],
    }


def renamed(problem: dict[str, Any], new: dict[str, dict[str, str]]) -> dict[str, Any]:
    dims = {
        name: {
            "leaves": [new[name][code] for code in one["leaves"]],
            "alternatives": [
                {
                    new[name][parent]: [new[name][child] for child in children]
                    for parent, children in way.items()
                }
                for way in one["alternatives"]
            ],
            "total": new[name][one["total"]],
        }
        for name, one in problem["dims"].items()
    }
    return problem | {"dims": dims}


sizes = (st.integers(4, 6), st.integers(2, 4), st.integers(0, 2**32 - 1))


@given(*sizes, st.randoms(use_true_random=False))
@settings(max_examples=20, derandomize=True)
def test_order_changes_nothing(kommuner: int, ages: int, seed: int, random: Random) -> None:
    problem, rows = content(kommuner, ages), counts(kommuner, ages, seed)
    moved = rows.sample(fraction=1.0, shuffle=True, seed=random.randrange(1000))
    one, other = hidden(problem, rows), hidden(stirred(problem, random), moved)
    assert sorted(one.values()) == sorted(other.values())


@given(*sizes, st.randoms(use_true_random=False))
@settings(max_examples=20, derandomize=True)
def test_names_change_nothing(kommuner: int, ages: int, seed: int, random: Random) -> None:
    problem, rows = content(kommuner, ages), counts(kommuner, ages, seed)
    new: dict[str, dict[str, str]] = {}
    for name, one in problem["dims"].items():
        codes = sorted({*one["leaves"], *(parent for way in one["alternatives"] for parent in way)})
        numbers = random.sample(range(100, 1000), len(codes))
        new[name] = {code: str(number) for code, number in zip(codes, numbers, strict=True)}
    told = rows.with_columns(pl.col(name).replace_strict(new[name]) for name in new)
    found = hidden(renamed(problem, new), told)
    assert sorted(hidden(problem, rows).values()) == sorted(found.values())
