"""A table laid out in any way, against one that is looked up cell by cell."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.errors import UsageError
from kostra_publish.outputs.grid import Grid, grid
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from tests.cubes import cube, dimension, dimensions, facts, measure, sample, table

YEARS = (2023, 2024, 2025)


@st.composite
def cubes(draw: st.DrawFn) -> SafeCube:
    """A cube of up to three dimensions of its own."""
    spec = table(
        "13995",
        [measure(f"m{n}", decimals=n) for n in range(draw(st.integers(1, 3)))],
    )
    own = [
        dimension(f"D{n}", {str(code): f"{n}-{code}" for code in range(size)})
        for n, size in enumerate(draw(st.lists(st.integers(1, 3), max_size=3)))
    ]
    years = YEARS[: draw(st.integers(1, 3))]
    regions = {f"R{n}": f"Region {n}" for n in range(draw(st.integers(1, 4)))}
    dims = dimensions(spec, years, regions, own)
    return cube(spec, dims, [facts(year) for year in years], seed=draw(st.integers(0, 9)))


@st.composite
def asked(draw: st.DrawFn) -> tuple[SafeCube, dict[str, list[str]], list[str], list[str]]:
    """A cube, what is picked of some dimensions in any order, and a layout."""
    made = draw(cubes())
    picked = {
        one.code: draw(st.lists(st.sampled_from(one.codes), min_size=1, unique=True))
        for one in made.dimensions
        if draw(st.booleans())
    }
    order = draw(st.permutations([one.code for one in made.dimensions]))
    at = draw(st.integers(0, len(order)))
    return made, picked, list(order[:at]), list(order[at:])


def naive(found: Grid) -> list[list[tuple[float | None, str]]]:
    """Each cell, looked up by its codes."""
    names = [one.code for one in found.cube.dimensions]
    frame = found.cube.frame()
    known = {
        tuple(row[name] for name in names): (row["value"], row["status"] or "")
        for row in frame.iter_rows(named=True)
    }
    return [
        [
            known[tuple(dict(zip(_codes(found), (*row, *column), strict=True))[n] for n in names)]
            for column in product(*(one.codes for one in found.heading))
        ]
        for row in product(*(one.codes for one in found.stub))
    ]


def _codes(found: Grid) -> list[str]:
    return [one.code for one in (*found.stub, *found.heading)]


@given(asked())
@settings(max_examples=60)
def test_every_cell_is_the_one_with_its_codes(
    one: tuple[SafeCube, dict[str, list[str]], list[str], list[str]],
) -> None:
    made, picked, stub, heading = one
    found = grid(made, picked, stub=stub, heading=heading)
    assert [[(cell.value, cell.sign) for cell in row] for row in found.rows] == naive(found)
    assert found.shape == (len(found.rows), len(found.rows[0]))
    assert [one.code for one in found.stub] == stub
    assert [one.code for one in found.heading] == heading
    for dimension_ in (*found.stub, *found.heading):
        own = made.dimension(dimension_.code)
        wanted = picked.get(own.code, own.codes)
        assert dimension_.codes == tuple(code for code in own.codes if code in wanted)
        assert dimension_.labels == tuple(
            label for code, label in zip(own.codes, own.labels, strict=True) if code in wanted
        )


@given(asked())
@settings(max_examples=40)
def test_a_position_is_the_row_of_the_cube(
    one: tuple[SafeCube, dict[str, list[str]], list[str], list[str]],
) -> None:
    made, picked, stub, heading = one
    found = grid(made, picked, stub=stub, heading=heading)
    values, statuses = made.values.to_list(), made.statuses.to_list()
    decimals = {measure.code: measure.decimals for measure in made.table.measures}
    along = found.along(CONTENTS)
    flat = [cell for row in found.rows for cell in row]
    assert [cell.position for cell in flat] == found.positions.ravel().tolist()
    for cell, code in zip(flat, along, strict=True):
        assert (cell.value, cell.sign or None) == (values[cell.position], statuses[cell.position])
        assert cell.decimals == decimals[code]


@given(asked())
@settings(max_examples=40)
def test_headers_stand_where_their_category_begins(
    one: tuple[SafeCube, dict[str, list[str]], list[str], list[str]],
) -> None:
    made, picked, stub, heading = one
    found = grid(made, picked, stub=stub, heading=heading)
    for side in (found.stub, found.heading):
        current: dict[int, str] = {}
        left: dict[int, int] = {}
        every = [*product(*(one.codes for one in side))]
        headers = found.headers(side)
        assert len(headers) == len(every)
        for row, codes in zip(headers, every, strict=True):
            for n, code, span in row:
                assert left.get(n, 0) == 0
                current[n], left[n] = code, span
            assert tuple(current[n] for n in range(len(side))) == codes
            left = {n: count - 1 for n, count in left.items()}
        assert not any(left.values())


def test_without_a_layout_a_table_lies_as_its_spec_says() -> None:
    found = grid(sample(presentation={"stub": [TIME], "heading": ["Kjonn", CONTENTS]}))
    assert [one.code for one in found.stub] == [TIME, KOMMUNE_REGION]
    assert [one.code for one in found.heading] == ["Kjonn", CONTENTS]
    plain = grid(sample(), {TIME: ["2025"]})
    assert [one.code for one in plain.heading] == [TIME]
    assert plain.shape == (4 * 3 * 2, 1)


@pytest.mark.parametrize(
    ("picked", "how", "told"),
    [
        ({"Farge": ["1"]}, {}, "table 13995 has no dimension Farge"),
        ({TIME: ["2025", "1999"]}, {}, "table 13995 has no 1999 in Tid"),
        ({}, {"stub": ["Kjonn"], "heading": [TIME]}, "has each dimension once, not Kjonn, Tid"),
        (
            {},
            {"stub": [KOMMUNE_REGION, "Kjonn", TIME], "heading": [TIME, CONTENTS]},
            "has each dimension once",
        ),
        ({}, {"stub": ["Farge"], "heading": [TIME]}, "has no dimension Farge"),
    ],
)
def test_what_the_table_does_not_have_is_refused(
    picked: dict[str, list[str]], how: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told) as raised:
        grid(sample(), picked, **how)
    assert raised.value.fix
