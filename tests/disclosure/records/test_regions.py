"""Regions of rows, what they are called, and that nobody is left out."""

from __future__ import annotations

import pytest

from kostra_publish.errors import DisclosureError
from kostra_publish.specs.models import LANGUAGES
from tests.cube.test_build import INHABITANTS
from tests.disclosure.records.small_rounds import (
    FYLKE,
    Person,
    Release,
    record_set,
    release,
    rounds,
    scene,
)


@pytest.fixture(scope="module", params=[3, 7, 10])
def june(request: pytest.FixtureRequest) -> tuple[Release, tuple[str, ...], int]:
    own = scene(request.param)
    return rounds(own)[1], own.kommuner, len(own.june)


def test_every_kommune_is_in_one_region_and_everyone_in_a_row(
    june: tuple[Release, tuple[str, ...], int],
) -> None:
    made, kommuner, persons = june
    told = [one for region in made.rows.safe.regions.values() for one in region.kommuner]
    assert sorted(told) == sorted(kommuner)
    assert made.rows.safe.frame().height == persons
    counted = made.counted.counts["rows"].sum()
    assert made.rows.stored.leaves["rows"].sum() == counted == persons


def test_regions_are_what_their_kind_says(june: tuple[Release, tuple[str, ...], int]) -> None:
    made, kommuner, _ = june
    regions = made.rows.safe.regions
    for code, region in regions.items():
        fylker = {FYLKE[one] for one in region.kommuner}
        if region.kind == "kommune":
            assert region.kommuner == (code,)
        elif region.kind in {"gruppe", "fylke"}:
            assert len(fylker) == 1
            assert code.startswith(f"EKA{min(fylker)}")
            others = {one for one in kommuner if FYLKE[one] in fylker} - {*region.kommuner}
            # The code of a whole fylke says so.
            assert (code == f"EKA{min(fylker)}") == (not others) or region.kind == "gruppe"
        else:
            assert code in {"EAK", "EAK-R"}
            assert (code == "EAK") == ({*region.kommuner} == {*kommuner})
    for language in LANGUAGES:
        labels = [region.label.get(language) for region in regions.values()]
        assert len({*labels}) == len(labels)
        assert all(labels)


def test_regions_have_as_many_rows_as_the_ladder_says(
    june: tuple[Release, tuple[str, ...], int],
) -> None:
    frame = june[0].rows.safe.frame()
    sizes = frame.group_by("region", "regiontype").len()
    # What is left of fylke or country may have fewer, never fewer than the gates.
    assert (sizes.filter(regiontype="kommune")["len"] >= 15).all()
    assert (sizes["len"] >= 4).all()


def one(kommune: str) -> Person:
    return (kommune, "1", 40, "5", 7, 30_000)


def test_kommuner_too_small_stand_together() -> None:
    people = [one("3103")] * 40 + [one("3105")] * 7 + [one("3107")] * 9
    regions = release(people, ["3103", "3105", "3107"], ("n",)).rows.safe.regions
    assert regions["3103"].kommuner == ("3103",)
    [rest] = [region for code, region in regions.items() if code != "3103"]
    assert rest.kommuner == ("3105", "3107")


def test_a_kommune_whose_number_is_hidden_takes_another_with_it() -> None:
    people = [one("3103")] * 40 + [one("3105")] * 30 + [one("3107")] * 2
    regions = release(people, ["3103", "3105", "3107"], ("n",)).rows.safe.regions
    assert any({"3107"} < {*region.kommuner} for region in regions.values())


def test_too_few_in_the_country_are_not_told() -> None:
    with pytest.raises(DisclosureError, match="cannot be told"):
        release([one("3103")] * 3, ["3103"], ("n",))


def test_kommuner_are_grouped_by_size_in_their_fylke() -> None:
    kommuner = ["3101", "3103", "3105", "3107"]
    small, large = INHABITANTS["3103"], INHABITANTS["3105"]
    records = record_set(region={"rows": [40], "sizes": [(small + large) // 2]})
    made = release(
        [one(code) for code in kommuner for _ in range(22)], kommuner, ("n",), records=records
    )
    regions = made.rows.safe.regions
    assert {code: region.kommuner for code, region in regions.items()} == {
        "EKA31-1": ("3101", "3103"),
        "EKA31-2": ("3105", "3107"),
    }
    assert regions["EKA31-1"].label.en.startswith("Østfold: municipalities of fewer than")
    assert regions["EKA31-2"].label.nn.endswith("innbyggjarar eller meir")
