"""Main figures that suppression hides, counted in cubes made by hand."""

from __future__ import annotations

import polars as pl
import pytest

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.quality import CheckResult
from kostra_publish.specs.dimensions import CubeDimension
from tests.cubes import cube, dimension, dimensions, facts, measure, table
from tests.quality.rounds import check, evidence, observed

YEAR = 2025
KOMMUNER = codes.kommuner(YEAR)["kommune"].to_list()[:10]
REGIONS = {code: code for code in [*KOMMUNER, "EKA11"]}


def safe(signs: dict[tuple[str, str, str], str]) -> SafeCube:
    """Two measures by sex in ten kommuner and a fylke; ``signs`` by region, sex and measure."""
    made = table("13995", [measure("n"), measure("m")])
    sex = dimension("Kjonn", {"1": "Menn", "0": "Begge"})
    sex = CubeDimension(sex.code, sex.role, sex.label, sex.codes, sex.labels, total="0")
    places = [(region, one, of) for region in REGIONS for one in ("1", "0") for of in ("n", "m")]
    status = [signs.get(place) for place in places]
    cells = pl.DataFrame(
        {"value": [None if sign else 9.0 for sign in status], "status": status},
        schema={"value": pl.Float64, "status": pl.String},
    )
    return cube(made, dimensions(made, [YEAR], REGIONS, [sex]), [facts(YEAR)], cells=cells)


def result(signs: dict[tuple[str, str, str], str]) -> CheckResult:
    return check("main_figures", evidence(observed("2026-06"), cubes=[safe(signs)]))


def test_before_there_are_cubes_nothing_can_be_counted() -> None:
    assert check("main_figures", evidence(observed("2026-06"))).passed is None


@pytest.mark.parametrize(("region", "share"), [(KOMMUNER[0], 10.0), ("EKA11", 100.0)])
def test_a_hidden_main_figure_is_counted_where_it_is(region: str, share: float) -> None:
    found = result({(region, "0", "n"): ":"})
    kind = "Kommuner" if region in KOMMUNER else "Fylker, KOSTRA-grupper og landet"
    [row] = [row for row in found.rows if row.cells[1] == kind]
    assert row.cells[3:] == (1.0, share)
    # One kommune of ten is within the limit; of a larger region none may be hidden.
    assert found.passed is (region in KOMMUNER)


def test_what_is_hidden_beyond_the_main_figure_is_no_matter() -> None:
    found = result(
        {(region, *rest): ":" for region in REGIONS for rest in (("1", "n"), ("0", "m"))}
    )
    assert found.passed
    assert {row.cells[3] for row in found.rows} == {0.0}


def test_what_nobody_has_reported_is_not_hidden() -> None:
    found = result({(region, "0", "n"): ".." for region in KOMMUNER[:4]})
    [row] = [row for row in found.rows if row.cells[1] == "Kommuner"]
    assert row.cells[2:4] == (6.0, 0.0)


def test_too_many_hidden_main_figures_are_told_first() -> None:
    found = result({(region, "0", "n"): ":" for region in KOMMUNER[:2]})
    assert found.passed is False
    assert found.rows[0].flagged
    assert found.summary.startswith("1\u00a0tabell av 1")
