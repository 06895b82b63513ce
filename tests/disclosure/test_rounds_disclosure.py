"""Two rounds of one vintage: cases whose answers can be counted by hand, and brute force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kostra_publish.disclosure.attack import attack
from kostra_publish.disclosure.protection import Earlier, Protected, RoundsReport, protect
from kostra_publish.disclosure.safe import SUPPRESSED, VintageFacts
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.specs.models import TableSpec
from tests.cube.specs import measure, table
from tests.cube.test_build import YEAR
from tests.disclosure.test_universe import COUNT, LONG, MEN, ONE, OSLO, TWO, built, people
from tests.schedule import a_round

FYLKE, LAND = "EKA11", "EAK"
REGIONS = ["kommune", "fylke", "land"]
ALL = [table([COUNT], regions=REGIONS, missing="sum")]
BY_SEX = [table([COUNT, MEN], regions=REGIONS, missing="sum")]

Rows = Sequence[Mapping[str, Any]]
Figures = dict[tuple[str, str], float | str]


def published(
    tables: Sequence[TableSpec],
    rows: Rows,
    *missing: str,
    earlier: Protected | None = None,
    name: str = "2026-03",
    coming: Sequence[TableSpec] = (),
) -> Protected:
    """A round of these tables, beside an ``earlier`` one called ``name``."""
    plan, cubes = built(tables, rows, *missing, coming=coming)
    facts = VintageFacts(
        vintage=YEAR,
        round="2026-06",
        published=a_round("2026-06").updated,
        preliminary=False,
        synthetic=True,
    )
    shown = Earlier([(name, one) for one in earlier.universes]) if earlier else None
    return protect(plan, cubes, facts, shown)


def figures(release: Protected) -> Figures:
    """The figure or sign of each measure in each region that has any."""
    return {
        (region, contents): status or value
        for cube in release.cubes
        for region, *_, contents, _, value, status in cube.frame().iter_rows()
        if status or value
    }


def since(release: Protected, kind: str = "persons") -> RoundsReport:
    [found] = [one.since for one in release.reports if one.kind == kind]
    assert found is not None
    return found


def joint(release: Protected) -> StoredUniverse:
    return next(one for one in release.universes if one.kind == "persons")


# --- corrections ---------------------------------------------------------------------


def test_one_more_person_is_not_to_be_read_from_two_rounds() -> None:
    march = published(ALL, people(ONE, 5) + people(TWO, 9) + people(OSLO, 20, "01"))
    assert SUPPRESSED not in figures(march).values()
    june = published(ALL, people(ONE, 6) + people(TWO, 9) + people(OSLO, 20, "01"), earlier=march)
    # All that the new one is part of, since the rest of it is known.
    assert figures(june) == {
        (ONE, "n"): SUPPRESSED,
        (TWO, "n"): 9,
        (OSLO, "n"): 20,
        (FYLKE, "n"): SUPPRESSED,
        (LAND, "n"): SUPPRESSED,
        ("EKA03", "n"): 20,
    }
    assert since(june).late == 3
    assert since(june).disclosed == 0


def test_a_large_correction_is_shown() -> None:
    march = published(ALL, people(ONE, 5) + people(TWO, 9))
    june = published(ALL, people(ONE, 9) + people(TWO, 9), earlier=march)
    assert SUPPRESSED not in figures(june).values()
    assert since(june).differences == 0


def test_two_corrections_hide_each_other_only_when_they_are_many_together() -> None:
    march = published(ALL, people(ONE, 5) + people(TWO, 9))
    few = figures(published(ALL, people(ONE, 6) + people(TWO, 10), earlier=march))
    assert few[FYLKE, "n"] == SUPPRESSED
    more = figures(published(ALL, people(ONE, 7) + people(TWO, 12), earlier=march))
    assert (more[ONE, "n"], more[TWO, "n"], more[FYLKE, "n"]) == (SUPPRESSED, SUPPRESSED, 19)


def test_who_came_and_who_left_are_added_not_set_off() -> None:
    march = published(ALL, people(ONE, 5) + people(TWO, 9))
    june = published(ALL, people(ONE, 9) + people(TWO, 4), earlier=march)
    # One fewer in all, but nine stand behind it.
    assert figures(june)[FYLKE, "n"] == 13
    assert SUPPRESSED not in figures(june).values()


def test_what_the_earlier_round_hid_stays_secret_though_it_has_changed() -> None:
    march = published(ALL, people(ONE, 2) + people(TWO, 9) + people("1101", 30))
    assert figures(march)[TWO, "n"] == SUPPRESSED
    june = published(ALL, people(ONE, 8) + people(TWO, 9) + people("1101", 30), earlier=march)
    # The 8 alone is no secret, nor is the sum. Together they give TWO, and so what ONE was.
    assert figures(june)[TWO, "n"] == SUPPRESSED
    assert SUPPRESSED in {figures(june)[ONE, "n"], figures(june)[FYLKE, "n"]}
    found = joint(june)
    secret = (found.problem.cells["region"] == f"{ONE} in 2026-03").to_numpy()
    assert found.problem.small[secret].all()
    assert secret.sum() == 1


def test_a_difference_that_no_table_lists_is_not_given_away_either() -> None:
    spec = [table([COUNT, LONG], regions=REGIONS)]
    long: dict[str, Any] = {"stoenadsmaaneder": 8}
    march = published(spec, people(ONE, 5) + people(ONE, 5, **long))
    june = published(spec, people(ONE, 6) + people(ONE, 9, **long), earlier=march)
    # Five more in all and four more for long are large; one more for short is not.
    found = figures(june)
    assert SUPPRESSED in {found[ONE, "n"], found[ONE, "long"]}


def test_a_share_is_hidden_with_what_it_rests_on() -> None:
    share = measure("share", kind="share", where={"KJONN": "1"})
    spec = [table([COUNT, share], regions=["kommune"])]
    march = published(spec, people(ONE, 5) + people(ONE, 5, KJONN="2"))
    june = published(spec, people(ONE, 6) + people(ONE, 5, KJONN="2"), earlier=march)
    assert figures(june)[ONE, "n"] == figures(june)[ONE, "share"] == SUPPRESSED


# --- unchanged, and new ----------------------------------------------------------------


def sample(seed: int, kommuner: Sequence[str]) -> list[dict[str, Any]]:
    random = Random(seed)
    return [
        row
        for kommune in kommuner
        for sex in "12"
        for row in people(kommune, random.choice([0, 1, 3, 4, 6, 12]), KJONN=sex)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_an_unchanged_kommune_keeps_its_pattern(seed: int) -> None:
    unchanged = ["1101", TWO, "1121", "1122", "1103", "3103", "3105"]
    rows = sample(seed, unchanged)
    march = published(BY_SEX, rows + people(ONE, 7))
    june = published(BY_SEX, rows + people(ONE, 8) + people("1106", 5), earlier=march)
    before, now = figures(march), figures(june)
    for key in before:
        if key[0] in unchanged:
            assert now[key] == before[key], key
    assert since(june).disclosed == 0


def test_a_round_with_the_same_rows_has_the_same_figures() -> None:
    rows = sample(1, ["1101", TWO, ONE, "3103"])
    march = published(BY_SEX, rows)
    june = published(BY_SEX, rows, earlier=march)
    assert figures(june) == figures(march)
    assert since(june).differences == 0


def test_a_kommune_that_reports_late_is_not_to_be_read_from_its_fylke() -> None:
    rows = people(ONE, 9) + people(TWO, 9)
    march = published(ALL, rows, "1101")
    alone = figures(published(ALL, rows + people("1101", 2)))
    beside = figures(published(ALL, rows + people("1101", 2), earlier=march))
    assert (alone[FYLKE, "n"], alone["1101", "n"]) == (20, SUPPRESSED)
    assert (beside[FYLKE, "n"], beside["1101", "n"]) == (SUPPRESSED, SUPPRESSED)
    assert (beside[ONE, "n"], beside[TWO, "n"]) == (9, 9)


def test_a_kommune_that_reports_late_is_shown_when_it_is_large() -> None:
    rows = people(ONE, 9) + people(TWO, 9)
    march = published(ALL, rows, "1101")
    june = published(ALL, rows + people("1101", 30), earlier=march)
    assert SUPPRESSED not in figures(june).values()


def test_the_first_round_is_beside_nothing() -> None:
    assert all(one.since is None for one in published(ALL, people(ONE, 5)).reports)


# --- several rounds ---------------------------------------------------------------------


def test_all_earlier_rounds_count() -> None:
    rows = people(TWO, 9) + people("1101", 30)
    march = published(ALL, people(ONE, 5) + rows)
    june = published(ALL, people(ONE, 9) + rows, earlier=march)
    again = published(ALL, people(ONE, 7) + rows, earlier=june, name="2026-06")
    assert figures(june)[ONE, "n"] == 9
    # Two fewer than in June, and two more than in March.
    assert figures(again)[ONE, "n"] == SUPPRESSED
    regions = set(joint(again).problem.cells["region"])
    assert f"{ONE} since 2026-06" in regions
    large = published(ALL, people(ONE, 13) + rows, earlier=june, name="2026-06")
    assert figures(large)[ONE, "n"] == 13
    near_march = published(ALL, people(ONE, 4) + rows, earlier=june, name="2026-06")
    assert figures(near_march)[ONE, "n"] == SUPPRESSED


def test_a_correction_that_is_taken_back_shows_what_was_shown() -> None:
    rows = people(TWO, 9)
    march = published(ALL, people(ONE, 5) + rows)
    june = published(ALL, people(ONE, 6) + rows, earlier=march)
    back = published(ALL, people(ONE, 5) + rows, earlier=june, name="2026-06")
    assert figures(june)[ONE, "n"] == SUPPRESSED
    assert figures(back)[ONE, "n"] == 5


# --- tables that differ between rounds ----------------------------------------------------


def test_more_detail_in_june_leaves_what_march_showed() -> None:
    crossed = table(
        [measure("more", kind="count", where={"KJONN": "1", "stoenadsmaaneder": {"from": "6"}})],
        id="t2",
        regions=REGIONS,
    )
    rows = people(ONE, 9) + people(ONE, 9, KJONN="2") + people(TWO, 30)
    march = published([table([COUNT, MEN, LONG], regions=REGIONS)], rows)
    spec = [table([COUNT, MEN, LONG], regions=REGIONS), crossed]
    june = published(spec, rows + people(TWO, 1), earlier=march)
    before, now = figures(march), figures(june)
    assert {key: now[key] for key in before if key[0] == ONE} == {
        key: value for key, value in before.items() if key[0] == ONE
    }
    assert now[TWO, "n"] == now[TWO, "men"] == SUPPRESSED
    assert since(june).disclosed == 0


def test_march_is_protected_with_the_tables_of_june_in_view() -> None:
    # ONE has a single person, whom March hides TWO beside. June shows who of TWO is of which
    # age, one each: then TWO has at least four, and ONE no more than one.
    ages = [{"from": str(low), "to": str(low + 9)} for low in (20, 30, 40, 50)]
    detail = table(
        [measure(f"a{n}", kind="count", where={"alder": age}) for n, age in enumerate(ages)],
        id="t2",
        regions=["kommune"],
        rounds=["june"],
    )
    rows = [
        *people(ONE, 1),
        *(row for age in (25, 35, 45, 55) for row in people(TWO, 1, alder=age)),
        *people("1101", 40),
    ]
    blind = published(ALL, rows)
    assert figures(blind)[TWO, "n"] == SUPPRESSED
    assert since(published([*ALL, detail], rows, earlier=blind)).disclosed > 0
    march = published(ALL, rows, coming=[detail])
    assert [cube.table.id for cube in march.cubes] == ["t1"]
    assert set(joint(march).rests) == {"t1"}
    june = published([*ALL, detail], rows, earlier=march)
    assert since(june).disclosed == 0
    assert {key: figures(june)[key] for key in figures(march)} == figures(march)


# --- amounts ---------------------------------------------------------------------------


def paid(kommune: str, count: int, amount: int) -> list[dict[str, Any]]:
    return [{**row, "BIDRAG": amount, "LAAN": 0} for row in people(kommune, count, utbetalt=amount)]


AMOUNTS = [
    table(
        [measure("sum", kind="sum", of="utbetalt"), measure("bidrag", kind="sum", of="BIDRAG")],
        regions=["kommune", "fylke"],
    )
]


def test_an_amount_that_has_changed_may_be_one_persons() -> None:
    march = published(AMOUNTS, paid(ONE, 9, 1000) + paid(TWO, 9, 1000))
    june = published(
        AMOUNTS, paid(ONE, 8, 1000) + paid(ONE, 1, 1500) + paid(TWO, 9, 1000), earlier=march
    )
    assert figures(june)[ONE, "bidrag"] == figures(june)[FYLKE, "bidrag"] == SUPPRESSED
    assert figures(june)[TWO, "bidrag"] == 9000
    assert since(june, "amounts").late > 0


def test_an_amount_with_many_more_behind_it_is_shown() -> None:
    march = published(AMOUNTS, paid(ONE, 9, 1000) + paid(TWO, 9, 1000))
    june = published(AMOUNTS, paid(ONE, 14, 1000) + paid(TWO, 9, 1000), earlier=march)
    assert SUPPRESSED not in figures(june).values()


# --- the attack -------------------------------------------------------------------------


def test_the_attack_finds_nothing_but_what_is_shown_against_the_rules() -> None:
    march = published(BY_SEX, sample(3, ["1101", TWO, ONE, "3103"]))
    june = published(BY_SEX, sample(3, ["1101", TWO, ONE, "3103"]) + people(TWO, 2), earlier=march)
    found = joint(june)
    assert attack(found.problem, found.visible).clean
    hidden = np.flatnonzero(
        (found.problem.cells["region"] == TWO).to_numpy()
        & found.problem.listed
        & ~found.problem.small
        & ~found.visible
    )
    assert len(hidden)
    leak = found.visible.copy()
    leak[hidden] = True
    verdict = attack(found.problem, leak)
    told = found.problem.cells.filter(verdict.exact)["region"].to_list()
    assert f"{TWO} since 2026-03" in told


numbers = st.lists(st.integers(0, 6), min_size=4, max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=numbers, change=st.lists(st.integers(-3, 3), min_size=4, max_size=4))
def test_no_difference_or_small_figure_has_one_value_only(
    before: list[int], change: list[int]
) -> None:
    """Brute force: every pair of tables of two kommuner by sex that fits what was shown."""
    after = [max(number + more, 0) for number, more in zip(before, change, strict=True)]
    places = [(ONE, "1"), (ONE, "2"), (TWO, "1"), (TWO, "2")]
    rows = [
        [
            row
            for (code, sex), n in zip(places, of, strict=True)
            for row in people(code, n, KJONN=sex)
        ]
        for of in (before, after)
    ]
    march = published(BY_SEX, rows[0])
    june = published(BY_SEX, rows[1], earlier=march)
    if since(june).disclosed:
        return
    tables = _fitting(before, after, march, june)
    truth = np.array([*before, *after])
    cells = np.array(
        [[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0], [1, 1, 1, 1], [1, 0, 1, 0]]
    )
    for row in cells:
        for of in (np.r_[row, row * 0], np.r_[row * 0, row], np.r_[-row, row]):
            units = np.abs((of * truth).reshape(2, 2, 2).sum(axis=(0, 2))).sum()
            if 0 < units < 4 and of @ truth:
                assert len(np.unique(tables @ of)) > 1, (row, of)


def _fitting(before: list[int], after: list[int], march: Protected, june: Protected) -> Any:
    """All tables (before, after) that fit the figures of both, up to 4 above the truth."""
    ways = []
    for kommune in (0, 2):
        sizes = [of[kommune + n] + 5 for of in (before, after) for n in (0, 1)]
        grid = np.stack(np.meshgrid(*(np.arange(n) for n in sizes), indexing="ij"), axis=-1)
        found = grid.reshape(-1, 4)
        code = (ONE, TWO)[kommune // 2]
        if before[kommune : kommune + 2] == after[kommune : kommune + 2]:
            found = found[(found[:, :2] == found[:, 2:]).all(axis=1)]
        for place, release in ((0, march), (2, june)):
            found = found[_fits(found[:, place : place + 2], code, release)]
        ways.append(found)
    one, two = ways
    pairs = np.stack(np.meshgrid(np.arange(len(one)), np.arange(len(two)), indexing="ij"), axis=-1)
    first, second = pairs.reshape(-1, 2).T
    whole = one[first] + two[second]
    fits = np.ones(len(whole), dtype=np.bool_)
    for place, release in ((0, march), (2, june)):
        for code in (FYLKE, LAND):
            fits &= _fits(whole[:, place : place + 2], code, release)
    first, second = first[fits], second[fits]
    return np.hstack([one[first][:, :2], two[second][:, :2], one[first][:, 2:], two[second][:, 2:]])


def _fits(numbers: Any, code: str, release: Protected) -> Any:
    """Whether persons by sex are as shown in a region; what is hidden is at least 1."""
    shown = {
        contents: status or value
        for region, contents, _, value, status in release.cubes[0].frame().iter_rows()
        if region == code
    }
    fits = np.ones(len(numbers), dtype=np.bool_)
    for contents, values in (("n", numbers.sum(axis=1)), ("men", numbers[:, 0])):
        hidden = shown[contents] == SUPPRESSED
        fits &= values >= 1 if hidden else values == shown[contents]
    return fits
