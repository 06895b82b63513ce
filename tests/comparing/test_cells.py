"""Which cells differ: every kind of change, and a naive comparison cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kostra_publish.comparing import (
    Asked,
    Side,
    changed_between,
    compare,
    read_folder,
    read_release,
)
from kostra_publish.comparing.cells import changed_cells
from kostra_publish.errors import UsageError
from kostra_publish.outputs.comparison.facts import KINDS
from kostra_publish.releases.described import StoredCube
from tests.comparing.pairs import (
    NEW,
    OLD,
    ONLY_NEW,
    ONLY_OLD,
    expected,
    made,
    pair,
    publish,
    told_cells,
)
from tests.comparing.pairs import SIGNS as SIGNS_OF_PAIR
from tests.cubes import measure, sample, table, text

SIGNS = (".", "..", ":")


def test_a_pair_with_every_kind_of_change_lists_exactly_those(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    found = compare(read_release(one), read_release(other))
    told = told_cells(found)
    assert sorted(map(str, told)) == sorted(map(str, expected()))
    assert {kind for *_, kind, _, _ in told} == set(KINDS)
    assert [(each.table, each.status) for each in found.tables] == [
        ("10509", "removed"),
        ("13995", "in both"),
        ("14019", "added"),
    ]
    # 13995: four regions by two sexes, two measures and two years; the others: a region and year.
    assert [each.compared for each in found.tables] == [4, 32, 4]
    assert found.changed == len(expected())


def test_two_identical_releases_do_not_differ(tmp_path: Path) -> None:
    one, other = (
        read_release(publish(tmp_path / each, "2026-03", sample(), sample("14019")))
        for each in "ab"
    )
    found = compare(one, other)
    assert found.empty
    assert (found.changed, found.said) == (0, ())
    assert found.compared == 2 * 4 * 3 * 2 * 2
    assert (found.before, found.after) == ("2026-03 (A)", "2026-03 (B)")


def test_a_release_that_is_being_built_is_compared_too(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    (other / "manifest.json").unlink()
    built = read_folder(other, "2026-06")
    assert sorted(map(str, told_cells(compare(read_release(one), built)))) == sorted(
        map(str, expected())
    )


def test_two_cubes_in_memory_are_compared_as_releases_are(tmp_path: Path) -> None:
    one, other = pair(tmp_path)
    found = compare(read_release(one), read_release(other)).tables[1]
    old = made(OLD, {at: before for at, (before, _, _) in SIGNS_OF_PAIR.items()} | ONLY_OLD)
    new = made(NEW, {at: after for at, (_, after, _) in SIGNS_OF_PAIR.items()} | ONLY_NEW)
    between = changed_between(old, new)
    assert between.cells.equals(found.cells)
    assert (between.table, between.title, between.compared) == ("13995", found.title, 32)
    assert (between.dimensions, between.decimals) == (found.dimensions, found.decimals)
    added = changed_between(None, new)
    assert added.status == "added"
    # Three regions by two sexes, two measures and two years, five of them not applicable.
    assert added.counts()["added"] == added.cells.height == 24 - 5


def test_another_order_of_categories_moves_no_cell(tmp_path: Path) -> None:
    cells: dict[tuple[str, ...], float | str] = {
        ("0301", "1", "antall", "2025"): 5.0,
        ("4628", "2", "andel", "2024"): ":",
    }
    one = publish(tmp_path / "a", "2026-03", made(OLD, cells))
    other = publish(tmp_path / "b", "2026-03", made(dict(reversed(OLD.items())), cells))
    assert compare(read_release(one), read_release(other)).changed == 0


def test_a_number_keeps_the_decimals_that_it_had(tmp_path: Path) -> None:
    one = publish(tmp_path, "2026-03", made(OLD, {}))
    fewer = table("13995", [measure("antall")])
    other = publish(tmp_path, "2026-06", made(OLD, {}, spec=fewer))
    (found,) = compare(read_release(one), read_release(other)).tables
    assert found.decimals == {"antall": 0, "andel": 1}
    assert found.counts()["removed"] == found.cells.height == 12


# --- what is asked for ---


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (Asked(["14019"]), lambda told: told[0] == "14019"),
        (Asked(region="1580"), lambda told: told[1] == "1580"),
        (Asked(region="0301"), lambda told: told[1] == "0301"),
        (Asked(measure="andel"), lambda told: told[2] == "andel"),
        (Asked(["13995"], "3103", "antall"), lambda told: told[1:3] == ("3103", "antall")),
    ],
)
def test_only_what_is_asked_for_is_listed(tmp_path: Path, asked: Asked, kept: Any) -> None:
    one, other = map(read_release, pair(tmp_path))
    found = compare(one, other, asked)
    assert sorted(map(str, told_cells(found))) == sorted(map(str, filter(kept, expected())))
    assert all(each.cells.height <= each.compared for each in found.tables)


def test_cells_in_what_is_asked_for_are_counted(tmp_path: Path) -> None:
    one, other = map(read_release, pair(tmp_path))
    counted = {
        each.table: each.compared for each in compare(one, other, Asked(region="4628")).tables
    }
    assert counted == {"13995": 8}
    counted = {
        each.table: each.compared for each in compare(one, other, Asked(measure="andel")).tables
    }
    assert counted == {"10509": 2, "13995": 16, "14019": 2}


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (Asked(["99999"]), "neither release has a table 99999"),
        (Asked(region="9999"), "has the region 9999"),
        (Asked(["14019"], region="3103"), "has the region 3103"),
        (Asked(measure="x"), "has the measure x"),
    ],
)
def test_what_neither_has_cannot_be_asked_for(tmp_path: Path, asked: Asked, rule: str) -> None:
    one, other = map(read_release, pair(tmp_path))
    with pytest.raises(UsageError, match=rule):
        compare(one, other, asked)


# --- against a naive comparison ---

NAMES = {"Region": "geo", "Kjonn": "classification", "ContentsCode": "metric", "Tid": "time"}


@st.composite
def side(draw: st.DrawFn) -> Side:
    """A release of one table, perhaps without a dimension, its categories in any order."""
    names = [name for name in NAMES if name != "Kjonn" or draw(st.integers(0, 4))]
    codes = {
        name: draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
        for name in names
    }
    described = [
        {
            "code": name,
            "role": NAMES[name],
            "label": text(name),
            "codes": codes[name],
            "labels": [text(code) for code in codes[name]],
            "total": None,
            "provisional": False,
        }
        for name in draw(st.permutations(names))
    ]
    cube = StoredCube.model_validate({"table": "t", "dimensions": described, "vintages": []})
    size = len(list(product(*codes.values())))
    one_shown = st.one_of(st.sampled_from(SIGNS), st.sampled_from([0.0, 1.0, 2.5]))
    shown = draw(st.lists(one_shown, min_size=size, max_size=size))
    frame = pl.DataFrame(
        {
            "value": [None if isinstance(one, str) else one for one in shown],
            "status": [one if isinstance(one, str) else None for one in shown],
        },
        schema={"value": pl.Float64, "status": pl.String},
    )
    return Side("x", {"t": cube}, {"t": frame}, {"t": {"nb": {}, "nn": {}, "en": {}}})


Place = frozenset[tuple[str, str]]
Shown = float | str | None


def shown_by(one: Side) -> dict[Place, float | str]:
    dims = one.cubes["t"].dimensions
    places = product(*([(dim.code, code) for code in dim.codes] for dim in dims))
    return {
        frozenset(place): value if sign is None else sign
        for place, (value, sign) in zip(places, one.cells["t"].iter_rows(), strict=True)
    }


RULES: list[tuple[Callable[[Shown, Shown], bool], str]] = [
    (lambda before, _: before is None, "added"),
    (lambda _, after: after is None, "removed"),
    (lambda _, after: after == ":", "newly suppressed"),
    (lambda before, after: before == ":" and isinstance(after, float), "newly shown"),
    (lambda before, after: before == ".." and isinstance(after, float), "newly reported"),
    (lambda before, after: isinstance(before, float) and after == "..", "no longer reported"),
    (lambda before, after: isinstance(before, float) and isinstance(after, float), "amended"),
    (lambda _before, _after: True, "other sign"),
]


def naive(before: Shown, after: Shown) -> str | None:
    if before == after or {before, after} == {None, "."}:
        return None
    return next(kind for holds, kind in RULES if holds(before, after))


@given(side(), side(), st.sampled_from(["", "a", "c"]))
def test_the_cells_are_those_of_a_comparison_one_by_one(
    before: Side, after: Side, region: str
) -> None:
    old, new = shown_by(before), shown_by(after)
    wanted = {
        (place, kind, old.get(place), new.get(place))
        for place in {*old, *new}
        if (kind := naive(old.get(place), new.get(place)))
        and (not region or ("Region", region) in place)
    }
    changes = changed_cells("t", before, after, Asked(region=region))
    found = [
        (
            frozenset(
                (one.code, one.codes[row[one.code]])
                for one in changes.dimensions
                if row[one.code] is not None
            ),
            row["kind"],
            row["before_value"] if row["before_sign"] is None else row["before_sign"],
            row["after_value"] if row["after_sign"] is None else row["after_sign"],
        )
        for row in changes.cells.iter_rows(named=True)
    ]
    assert len(found) == len(wanted)
    assert set(found) == wanted
    assert changes.compared == len(
        [place for place in {*old, *new} if not region or ("Region", region) in place]
    )
