"""Universes written to disk and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from kostra_publish.disclosure.stored_universe import StoredUniverse, read, write
from kostra_publish.disclosure.universe import Universe, universes
from kostra_publish.errors import DisclosureError
from tests.cube.specs import measure, table
from tests.disclosure.test_universe import COUNT, LONG, ONE, SHARE, TWO, built, people

TABLES = [
    table([COUNT, LONG, SHARE], regions=["kommune", "fylke", "land"]),
    table([measure("sum", kind="sum", of="utbetalt")], id="t2", regions=["kommune", "land"]),
    table([measure("bidrag", kind="sum", of="BIDRAG")], id="t3", regions=["kommune"]),
]


@pytest.fixture(scope="module")
def found() -> list[tuple[Universe, StoredUniverse]]:
    rows = people(ONE, 7) + people(ONE, 2, KJONN="2") + people(TWO, 9, stoenadsmaaneder=8)
    rows = [{**row, "BIDRAG": 1000, "LAAN": 0} for row in rows]
    plan, cubes = built(TABLES, rows)
    dimensions = {cube.table.id: cube.dimensions for cube in cubes.cubes}
    return [
        (universe, universe.stored(~universe.problem.small, dimensions))
        for universe in universes(plan, cubes)
    ]


def written(universe: StoredUniverse, top: Path) -> Path:
    for path, data in write(universe, 2025):
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(data)
    return (top / path).parent


def test_a_universe_comes_back_as_it_was(
    found: list[tuple[Universe, StoredUniverse]], tmp_path: Path
) -> None:
    assert [universe.kind for universe, _ in found] == ["persons", "amounts"]
    for universe, stored in found:
        back = read(written(stored, tmp_path))
        assert (back.name, back.kind) == (universe.name, universe.kind)
        assert back.problem.cells.equals(universe.problem.cells)
        for name in ("rows", "equations"):
            one, other = getattr(back.problem, name), getattr(universe.problem, name)
            assert np.array_equal(one.toarray(), other.toarray())
        for name in ("inner", "small", "single", "listed", "open", "floor", "cost"):
            assert np.array_equal(getattr(back.problem, name), getattr(universe.problem, name))
        assert np.array_equal(back.visible, ~universe.problem.small)
        assert back.inner.equals(universe.inner)
        assert back.rests.keys() == universe.tables.keys()
        for name, matrix in universe.tables.items():
            assert back.rests[name].tolist() == np.argwhere(matrix.toarray()).tolist()


def test_the_same_universe_gives_the_same_bytes(
    found: list[tuple[Universe, StoredUniverse]],
) -> None:
    for _, stored in found:
        assert list(write(stored, 2025)) == list(write(stored, 2025))


def test_each_inner_number_has_a_name_of_its_own(
    found: list[tuple[Universe, StoredUniverse]],
) -> None:
    for universe, _ in found:
        names = universe.inner
        assert names.height == len(universe.problem.inner) == names.n_unique()
        value = names.with_columns(value=pl.Series(universe.problem.inner))
        by_unit = value.filter(pl.col("unit") == ONE).group_by("block").agg(pl.col("value").sum())
        expected = 9 if universe.kind == "persons" else 9000
        assert expected in by_unit["value"].to_list()


def test_what_a_cell_of_a_table_rests_on_is_found_by_its_codes(
    found: list[tuple[Universe, StoredUniverse]],
) -> None:
    _, stored = found[0]
    dimensions = [*stored.dimensions["t1"].values()]
    codes = (ONE, "share", "2025")
    places = [of.index(code) for of, code in zip(dimensions, codes, strict=True)]
    place = np.ravel_multi_index(places, [len(of) for of in dimensions])
    pairs = stored.rests["t1"]
    cells = pairs[pairs[:, 0] == place, 1]
    assert sorted(stored.problem.cells[cells]["set"]) == ["KJONN 1", "all"]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("rows", None, "cannot be read"),
        ("cells", "rubbish", "cannot be read"),
        ("inner", pl.col("value").neg(), "do not hold together"),
        ("inner", pl.col("value").cast(pl.Int32), "other columns"),
        ("cells", pl.lit("X").alias("status"), "do not hold together"),
        ("rows", pl.lit(10**6, pl.UInt32).alias("inner"), "do not hold together"),
        ("tables", pl.lit(10**6, pl.UInt32).alias("place"), "do not hold together"),
        ("tables", pl.lit("t9").alias("table"), "do not hold together"),
    ],
    ids=["no file", "no Parquet", "negative", "narrow", "status", "inner", "place", "table"],
)
def test_what_does_not_hold_together_is_refused(
    found: list[tuple[Universe, StoredUniverse]],
    tmp_path: Path,
    name: str,
    change: pl.Expr | str | None,
    words: str,
) -> None:
    folder = written(found[0][1], tmp_path)
    path = folder / f"{name}.parquet"
    if change is None:
        path.unlink()
    elif isinstance(change, str):
        path.write_text(change)
    else:
        pl.read_parquet(path).with_columns(change).write_parquet(path)
    with pytest.raises(DisclosureError, match=words):
        read(folder)
