"""Figures that are there already, put together under other words; and passed on."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.disclosure.stored import composed
from kostra_publish.releases.passing import Passed
from kostra_publish.specs.dimensions import CONTENTS, CubeDimension
from tests.cubes import cube, dimension, dimensions, drawn_cells, facts, measure, table, text

YEARS = (2024, 2025)
SEX = {"1": "Menn", "2": "Kvinner", "0": "Begge"}


def made(codes: list[str], seed: int, sex: dict[str, str] = SEX) -> SafeCube:
    spec = table("13995", [measure(code) for code in codes])
    dims = dimensions(spec, YEARS, between=[dimension("Kjonn", sex)])
    return cube(spec, dims, [facts(year) for year in YEARS], cells=drawn_cells(spec, dims, seed))


def at(found: SafeCube) -> dict[tuple[str, ...], tuple[float | None, str | None]]:
    frame = found.frame()
    codes = [one.code for one in found.dimensions]
    return {
        row[: len(codes)]: row[len(codes) :]
        for row in frame.select(*codes, "value", "status").rows()
    }


@pytest.mark.parametrize("seed", range(20))
def test_each_measure_is_as_its_part_shows_it(seed: int) -> None:
    draw = Random(seed)
    codes = ["a", "b", "c", "d"]
    first, second = made(codes, seed), made(["b", "d", "e"], seed + 100)
    wanted = draw.sample(["a", "b", "c", "d", "e"], k=draw.randint(1, 5))
    parts = {
        code: second if code == "e" or (code in "bd" and draw.random() < 0.5) else first
        for code in wanted
    }
    sex = dict(draw.sample([*SEX.items()], k=3))
    spec = table("13995", [measure(code, label=text(f"new {code}")) for code in wanted])
    dims = dimensions(spec, [2025], between=[dimension("Kjonn", sex)])
    found = composed(spec, dims, 2025, parts, facts(2025))
    assert found.table is spec
    assert [*found.dimension(CONTENTS).codes] == wanted
    every = at(found)
    assert len(every) == len(found.values)
    for place, shown in every.items():
        measure_code = place[2]
        assert shown == at(parts[measure_code])[place]


def test_other_categories_or_dimensions_are_refused() -> None:
    part = made(["a"], 1)
    spec = table("13995", [measure("a")])
    more = dimensions(spec, [2025], between=[dimension("Kjonn", {**SEX, "9": "Ukjent"})])
    with pytest.raises(ValueError, match="Kjonn has other codes"):
        composed(spec, more, 2025, {"a": part}, facts(2025))
    with pytest.raises(ValueError, match="other dimensions"):
        composed(spec, dimensions(spec, [2025]), 2025, {"a": part}, facts(2025))
    year = dimensions(spec, [2023], between=[dimension("Kjonn", SEX)])
    with pytest.raises(ValueError, match="Tid has other codes"):
        composed(spec, year, 2023, {"a": part}, facts(2023))


def test_a_cube_comes_out_of_passing_as_it_went_in() -> None:
    went = made(["a", "b"], 3)
    passed = Passed.of(went)
    came = passed.cube
    assert came is not went
    assert (came.table, came.dimensions, dict(came.vintages)) == (
        went.table,
        went.dimensions,
        dict(went.vintages),
    )
    assert came.frame().equals(went.frame())
    assert "Passed" in repr(passed)
    assert not any(str(value) in repr(passed) for value in went.values.drop_nulls().head(3))


def test_only_a_safe_cube_is_passed_on() -> None:
    with pytest.raises(TypeError, match="only safe cubes"):
        Passed.of(pl.DataFrame({"value": [1.0]}))  # type: ignore[arg-type]


def test_names_of_dimensions_are_those_of_now() -> None:
    part = made(["a"], 5)
    spec = table("13995", [measure("a")])
    sex = CubeDimension(
        "Kjonn", "classification", text("another name"), ("1", "2", "0"),
        (text("M"), text("K"), text("B")), total="0",
    )  # fmt: skip
    found = composed(spec, dimensions(spec, [2025], between=[sex]), 2025, {"a": part}, facts(2025))
    assert found.dimension("Kjonn") == sex
