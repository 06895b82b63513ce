"""Totals that equal their parts, and some that do not, in cubes made by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from kostra_publish.codes import regions as codes
from kostra_publish.cube.partition import Partition, partitions
from kostra_publish.cube.plan import Plan
from kostra_publish.cube.tally import Tally
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.quality import CheckResult
from kostra_publish.specs.catalogue import load
from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import Measure, Share, Sum
from tests.cubes import cube, dimension, dimensions, facts, measure, table
from tests.quality.rounds import SPECS, check, evidence, observed

YEAR = 2025
KOMMUNER = codes.kommuner(YEAR).filter(pl.col("fylke") == "03")["kommune"].to_list()
ROGALAND = codes.kommuner(YEAR).filter(pl.col("fylke") == "11")["kommune"].to_list()
REGIONS = {code: code for code in ROGALAND} | {"EKA11": "Rogaland"}
SEX = {"1": "Menn", "2": "Kvinner", "0": "Begge"}
COUNT = measure("n")
WHOLE = {("13995", "Kjonn"): Partition(("1", "2"), whole=True)}


def counts() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Regions x sex: kommuner with men and women, the sums below and to the right."""
    inner = np.arange(2.0 * len(ROGALAND)).reshape(-1, 2) + 4
    regions = np.vstack([inner, inner.sum(axis=0)])
    return np.column_stack([regions, regions.sum(axis=1)])


def safe(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    signs: dict[tuple[int, int], str] | None = None,
    of: Measure = COUNT,
    **spec: object,
) -> SafeCube:
    """The figures as a cube; ``signs`` by region and sex stand in their place."""
    made = table("13995", [of], **spec)
    sex = dimension("Kjonn", SEX)
    sex = CubeDimension(sex.code, sex.role, sex.label, sex.codes, sex.labels, total="0")
    shown = np.full(values.shape, None, dtype=object)
    for place, sign in (signs or {}).items():
        shown[place] = sign
    cells = pl.DataFrame(
        {
            "value": [
                None if sign else float(value)
                for value, sign in zip(values.ravel(), shown.ravel(), strict=True)
            ],
            "status": shown.ravel().tolist(),
        },
        schema={"value": pl.Float64, "status": pl.String},
    )
    return cube(made, dimensions(made, [YEAR], REGIONS, [sex]), [facts(YEAR)], cells=cells)


def result(*cubes: SafeCube, whole: bool = True) -> CheckResult:
    found = {("13995", "Kjonn"): Partition(("1", "2"), whole=whole)}
    return check("totals", evidence(observed("2026-06"), cubes=cubes, partitions=found))


def test_totals_that_equal_their_parts() -> None:
    found = result(safe(counts()))
    assert found.passed
    compared = len(REGIONS) + 3
    assert found.summary.startswith(f"{compared}")


@pytest.mark.parametrize(
    ("place", "of_sex", "of_kommuner"),
    [
        ((0, 0), "1101, Begge", "Rogaland, Menn"),
        ((0, 2), "1101, Begge", "Rogaland, Begge"),
        ((-1, 2), "Rogaland, Begge", "Rogaland, Begge"),
    ],
)
def test_one_wrong_figure_is_found_and_named(
    place: tuple[int, int], of_sex: str, of_kommuner: str
) -> None:
    values = counts()
    values[place] += 1
    found = result(safe(values))
    assert found.passed is False
    assert {row.cells[2:4] for row in found.rows} == {
        ("totalen for dimension kjonn", of_sex),
        ("summen av kommunene", of_kommuner),
    }
    assert {row.cells[6] for row in found.rows} <= {1.0, -1.0}


def test_nothing_is_said_where_a_part_or_the_total_is_hidden_or_missing() -> None:
    values = counts()
    values[-1] += 1
    values[-1, 2] += 1
    for sign in (":", ".."):
        signs = {(0, sex): sign for sex in range(3)}
        assert result(safe(values, signs)).passed
    assert result(safe(values)).passed is False
    values[0, 2] += 1
    assert result(safe(values, {(0, 1): ":", (1, 0): ":", (1, 1): ":", (1, 2): ":"})).passed


def test_a_category_that_is_not_in_use_adds_nothing() -> None:
    values = counts()
    values[:, 1] = 0
    values[:, 2] = values[:, 0]
    unused = {(region, 1): "." for region in range(len(REGIONS))}
    assert result(safe(values, unused)).passed
    values[3, 2] += 1
    assert result(safe(values, unused)).passed is False


def test_where_the_variable_has_blanks_the_total_may_be_larger_but_not_smaller() -> None:
    values = counts()
    values[:, 2] += 1
    values[-1, 2] = values[:-1, 2].sum()
    assert result(safe(values), whole=False).passed
    assert result(safe(values), whole=True).passed is False
    values[:, 2] -= 2
    values[-1, 2] = values[:-1, 2].sum()
    assert result(safe(values), whole=False).passed is False


def test_rounded_sums_are_within_their_rounding_and_no_further() -> None:
    amount = measure("n", formula=Sum(kind="sum", of="x", factor=0.001))
    values = counts()
    values[0, 2] += 1
    values[-1, 2] += 1
    assert result(safe(values, of=amount)).passed
    values[0, 2] += 1
    assert result(safe(values, of=amount)).passed is False
    share = measure("n", formula=Share(kind="share", where={}))
    assert result(safe(values, of=share)).passed


def test_estimates_are_rounded_where_a_kommune_is_missing() -> None:
    values = counts()
    values[-1, 2] += 1
    signs = {(0, sex): ".." for sex in range(3)}
    assert result(safe(values, signs)).passed
    assert result(safe(values, signs, missing="sum")).passed is False


def test_another_vintage_is_not_looked_at() -> None:
    made = safe(counts())
    found = check("totals", evidence(observed("2025-06"), cubes=[made], partitions=WHOLE))
    assert found.passed
    assert found.summary.startswith("0")


# --- what a total is the sum of -----------------------------------------------------------


def test_partitions_of_the_tables() -> None:
    catalogue = load(SPECS)
    tables = [one for one in catalogue.tables.values() if one.has_vintage(YEAR)]
    plan = Plan(catalogue, tables, YEAR, "june")
    found = partitions(plan, {})
    assert found["kvp-deltakere", "KOKkjonn0000"] == Partition(("1", "2"), whole=True)
    # "2-" would be counted twice: it holds "2" and "3-".
    assert found["nasjonal-alder-kommuner", "AntallKommuner"].parts == ("1", "2", "3-")
    families = found["nasjonal-familiefase-maaneder", "Familiefase"].parts
    assert "00" not in families
    assert "UOPPGITT" in families


def test_blanks_are_seen_in_the_tallies() -> None:
    catalogue = load(SPECS)
    plan = Plan(catalogue, [catalogue.table("kvp-deltakere")], YEAR, "june")
    (name,) = (one for one in plan.groupings if "alder" in one)
    for count, whole in ((0, True), (2, False)):
        frame = pl.DataFrame({"alder": [None, 30], "KJONN": ["1", "1"], "v0": [count, 7]})
        tally = {name: Tally(frame, {}, units=None)}  # type: ignore[arg-type]
        assert partitions(plan, tally)["kvp-deltakere", "KOKalder0000"].whole is whole
