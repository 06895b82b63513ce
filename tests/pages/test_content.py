"""What stands on the page of an area: beside others, and with what readers must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import log
from random import Random
from typing import Any

import pytest

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.safe import Corrected
from kostra_publish.pages.content import Content, Row
from kostra_publish.specs.models import Break, Note, Scope
from tests.cubes import facts, text
from tests.pages.few_figures import (
    COST,
    COUNT,
    FYLKE,
    HALDEN,
    LAND,
    OSLO,
    REST,
    SHARE,
    SIZE,
    SOLA,
    STAVANGER,
    Shown,
    Values,
    content,
    key_figure,
    made,
    pages,
)

GROUP = "EKG09"
OTHERS = [one for one in codes.kommuner(2025).filter(kostragruppe=GROUP)["kommune"] if one != SOLA]
"""The kommuner of Sola's KOSTRA group."""


def shares(shown: Mapping[str, Sequence[Shown]], **changes: Any) -> Content:
    """Content where there is but a share of these areas."""
    return content(made("99902", {SHARE: shown}, **changes))


def row_of(found: Content, code: str, figure: str = "tilfeller-andel") -> Row:
    area = found.areas.get(code)
    return next(row for row in found.rows(area) if row.series.figure.id == figure)


# --- the lead -----------------------------------------------------------------------------


def leading(count: Shown, share: Shown, group: Shown = 4.0, land: Shown = 5.0) -> Content:
    return content(
        made("99901", {COUNT: {SOLA: [10, count], GROUP: [100, 100], LAND: [1000, 1000]}}),
        made("99902", {SHARE: {SOLA: [4.4, share], GROUP: [3.9, group], LAND: [4.9, land]}}),
    )


def test_the_lead_says_how_many_and_how_large_a_share_beside_group_and_country() -> None:
    found = leading(12, 4.5)
    count, share, beside = found.lead(found.areas.get(SOLA))
    assert count is not None
    assert share is not None
    assert (count.value, count.year, share.value, share.year) == (12, 2025, 4.5, 2025)
    assert [(area.code, cell.value, cell.year) for area, cell in beside] == [
        (GROUP, 4.0, 2025),
        (LAND, 5.0, 2025),
    ]


@pytest.mark.parametrize("sign", [":", ".."])
def test_the_lead_leaves_out_what_is_not_shown(sign: str) -> None:
    found = leading(12, 4.5, sign, sign)
    assert found.lead(found.areas.get(SOLA))[2] == []
    found = leading(12, sign)
    count, share, beside = found.lead(found.areas.get(SOLA))
    assert count is not None
    assert (count.value, share, beside) == (12, None, [])
    # A share of what is not shown cannot be told as a share of it.
    found = leading(sign, 4.5)
    count, share, beside = found.lead(found.areas.get(SOLA))
    assert count is not None
    assert (count.sign, share, beside) == (sign, None, [])


def test_the_lead_does_not_mix_years() -> None:
    found = content(
        made("99901", {COUNT: {SOLA: [10, 11]}}, [2023, 2024]),
        made("99902", {SHARE: {SOLA: [4.4, 4.5]}}),
    )
    count, share, _ = found.lead(found.areas.get(SOLA))
    assert count is not None
    assert (count.year, share) == (2024, None)


def test_the_country_is_compared_with_nothing_in_the_lead() -> None:
    found = leading(12, 4.5)
    assert found.lead(found.areas.get(LAND))[2] == []


# --- tiles and comparison -------------------------------------------------------------------


def everything() -> Content:
    areas = [SOLA, STAVANGER, GROUP, FYLKE, LAND, REST]
    return content(
        made("99901", {COUNT: {code: [10, 11] for code in areas}}),
        made("99902", {SHARE: {code: [4.0, 4.5] for code in areas},
                       COST: {code: [4000, 4100] for code in areas}}),
        made("99903", {SIZE: {code: [9000, 9100] for code in areas}}),
    )  # fmt: skip


def test_tiles_are_the_key_figures_that_are_called_so() -> None:
    found = everything()
    area = found.areas.get(SOLA)
    assert [one.figure.id for one in found.tiles(area)] == ["tilfeller-andel", "tilfeller"]
    assert [one.newest.region for one in found.tiles(area)] == [SOLA, SOLA]


def test_rows_are_what_areas_of_different_size_can_be_compared_by() -> None:
    found = everything()
    area = found.areas.get(SOLA)
    assert [(role, other.code) for role, other in found.columns(area)] == [
        ("group", GROUP), ("county", FYLKE), ("country", LAND), ("rest", REST),
    ]  # fmt: skip
    rows = [*found.rows(area)]
    assert [row.series.figure.id for row in rows] == ["tilfeller-andel", "netto-per-innbygger"]
    for row in rows:
        assert [cell and cell.region for cell in row.beside] == [GROUP, FYLKE, LAND, REST]
        assert all(cell is not None and cell.year == 2025 for cell in row.beside)


def test_others_are_shown_for_the_year_of_the_area_itself() -> None:
    found = content(made("99902", {SHARE: {SOLA: [4.4, "."], GROUP: [3.9, 4.0]}}))
    [row] = found.rows(found.areas.get(SOLA))
    [beside] = row.beside
    assert beside is not None
    assert (row.series.newest.year, beside.year, beside.value) == (2024, 2024, 3.9)
    assert row.rank is None


def test_oslo_is_not_compared_with_the_country_without_it() -> None:
    found = shares({code: [1.0, 2.0] for code in (OSLO, "EKG13", "EKA03", LAND, REST)})
    assert [role for role, _ in found.columns(found.areas.get(OSLO))] == [
        "group", "county", "country",
    ]  # fmt: skip


def test_a_theme_that_an_area_has_nothing_of_has_no_section() -> None:
    found = everything()
    assert [one.theme.id for one in found.sections(found.areas.get(SOLA))] == [
        "hjelp", "kroner", "folk",
    ]  # fmt: skip
    found = content(made("99902", {COST: {SOLA: [4, 5]}}), made("99901", {COUNT: {LAND: [1, 2]}}))
    [section] = found.sections(found.areas.get(SOLA))
    assert section.theme.id == "kroner"
    assert section.years == (2024, 2025)


def test_a_chart_compares_only_what_can_be_compared() -> None:
    found = everything()
    sections = {one.theme.id: one for one in found.sections(found.areas.get(SOLA))}
    lines = {
        name: [(role, area.code, one.newest.region) for role, area, one in section.lines]
        for name, section in sections.items()
    }
    assert lines["hjelp"] == [
        ("own", SOLA, SOLA), ("group", GROUP, GROUP), ("country", LAND, LAND),
    ]  # fmt: skip
    assert lines["folk"] == [("own", SOLA, SOLA)]


# --- ranks and spreads --------------------------------------------------------------------


def test_the_highest_is_first_and_equals_share_the_best_place() -> None:
    shown = dict(zip([SOLA, *OTHERS[:5]], (7.0, 9.0, 7.0, 3.0, 7.0, 1.0), strict=True))
    found = shares({code: [0.0, value] for code, value in shown.items()})
    ranks = {code: row_of(found, code).rank for code in shown}
    assert [ranks[code] for code in shown] == [2, 1, 2, 5, 2, 6]
    spread = found.spreads["tilfeller-andel"]
    assert spread.values == (1.0, 3.0, 7.0, 7.0, 7.0, 9.0)
    assert spread.mark == f"99902 {SHARE} 2025"


def test_what_is_hidden_has_no_place_and_takes_none() -> None:
    found = shares({SOLA: [5.0, ":"], OTHERS[0]: [5.0, ".."], OTHERS[1]: [5.0, 2.0],
                    OTHERS[2]: [5.0, 3.0]})  # fmt: skip
    assert [row_of(found, code).rank for code in (SOLA, *OTHERS[:3])] == [None, None, 2, 1]
    spread = found.spreads["tilfeller-andel"]
    assert spread.share(row_of(found, SOLA).series.newest) is None
    assert set(spread.by_code) == set(OTHERS[1:3])


def test_larger_areas_have_no_place() -> None:
    found = shares({SOLA: [1.0, 2.0], GROUP: [1.0, 2.0], FYLKE: [1.0, 2.0], LAND: [1.0, 2.0]})
    assert [row_of(found, code).rank for code in (SOLA, GROUP, FYLKE, LAND)] == [1] + [None] * 3
    assert found.spreads["tilfeller-andel"].values == (2.0,)


def test_where_a_figure_is_between_the_lowest_and_the_highest() -> None:
    shown: dict[str, Sequence[Shown]] = {
        SOLA: [1.0, 4.0], OTHERS[0]: [1.0, 2.0], OTHERS[1]: [1.0, 10.0], LAND: [1.0, 12.0],
        GROUP: [1.0, 0.0], FYLKE: [1.0, ":"],
    }  # fmt: skip
    found = shares(shown)
    spread = found.spreads["tilfeller-andel"]
    assert spread.shares == (0.0, 0.25, 1.0)
    newest = {code: row_of(found, code).series.newest for code in shown}
    assert spread.share(newest[SOLA]) == 0.25
    # A mean of some may be outside what all kommuner show; it is drawn at the end.
    assert [spread.share(newest[code]) for code in (LAND, GROUP, FYLKE)] == [1.0, 0.0, None]
    assert spread.share(None) is None
    assert spread.share(row_of(found, SOLA).series.cells[0]) is None


def test_kommuner_that_are_all_alike() -> None:
    found = shares({code: [5.0, 5.0] for code in [SOLA, *OTHERS[:4]]})
    spread = found.spreads["tilfeller-andel"]
    cell = row_of(found, SOLA).series.newest
    assert (spread.rank(cell), spread.share(cell), spread.fifth(5.0)) == (1, 0.5, 0)
    assert len(set(spread.shares)) == 1


def test_fifths_hold_about_as_many_and_equals_are_in_the_same() -> None:
    values = [1.0, 2.0, 2.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    found = shares({code: [0.0, value] for code, value in zip(OTHERS, values, strict=False)})
    spread = found.spreads["tilfeller-andel"]
    assert len(spread.values) == 10
    assert [spread.fifth(value) for value in values] == [0, 0, 0, 0, 2, 2, 3, 3, 4, 4]


def test_all_missing_but_one() -> None:
    lacking: dict[str, Sequence[Shown]] = {code: [1.0, ".."] for code in OTHERS}
    found = shares({SOLA: [1.0, 4.0], **lacking})
    spread = found.spreads["tilfeller-andel"]
    row = row_of(found, SOLA)
    assert (row.rank, len(row.spread.values), spread.shares) == (1, 1, (0.0,))
    assert spread.share(row.series.newest) == 0.5
    assert spread.fifth(4.0) == 0


def test_nobody_shows_anything() -> None:
    found = shares({code: [":", ":"] for code in [SOLA, *OTHERS]})
    spread = found.spreads["tilfeller-andel"]
    row = row_of(found, SOLA)
    assert (spread.values, spread.shares, row.rank) == ((), (), None)
    assert spread.share(row.series.newest) is None
    assert row.series.change is None


def test_zero_is_a_figure() -> None:
    found = shares({SOLA: [0.0, 0.0], OTHERS[0]: [0.0, 3.0]})
    row = row_of(found, SOLA)
    assert (row.series.newest.value, row.series.newest.sign, row.rank) == (0.0, "", 2)
    assert row.series.change is not None
    assert row.series.change.text("nb") == "0,0"


def test_a_kommune_with_one_recipient_shows_signs_alone() -> None:
    hidden = [":", ":"]
    found = content(
        made("99901", {COUNT: {SOLA: hidden, LAND: [900, 950]}}),
        made("99902", {SHARE: {SOLA: hidden, LAND: [4.0, 4.1]}, COST: {SOLA: hidden}}),
        made("99903", {SIZE: {SOLA: [9000, 9100], LAND: [9e6, 9e6]}}),
    )
    area = found.areas.get(SOLA)
    count, share, beside = found.lead(area)
    assert count is not None
    assert (count.sign, share, beside) == (":", None, [])
    assert [one.newest.sign for one in found.tiles(area)] == [":", ":"]
    for row in found.rows(area):
        assert (row.series.newest.sign, row.rank, row.series.change) == (":", None, None)
        assert not row.series.has_numbers


# --- similar kommuner ---------------------------------------------------------------------


def alike(random: Random, hide: float = 0.0) -> dict[str, dict[str, Sequence[Shown]]]:
    """Figures of Sola's KOSTRA group by measure, some hidden."""

    def drawn(low: float, high: float) -> Shown:
        value = round(random.uniform(low, high), 1)
        return ":" if random.random() < hide else value

    return {
        SIZE: {code: [1, drawn(2e4, 9e4)] for code in [SOLA, *OTHERS]},
        SHARE: {code: [1, drawn(2, 6)] for code in [SOLA, *OTHERS]},
        COST: {code: [1, drawn(2e3, 6e3)] for code in [SOLA, *OTHERS]},
    }


def of_group(values: Values) -> Content:
    return content(
        made("99902", {SHARE: values[SHARE], COST: values[COST]}),
        made("99903", {SIZE: values[SIZE]}),
    )


def test_similar_kommuner_are_the_nearest_of_the_group() -> None:
    near = OTHERS[3:8]
    same: dict[str, list[Shown]] = {code: [1, 100 if code in near else 10] for code in OTHERS}
    values: Values = {code: {SOLA: [1, 100], **same} for code in (SIZE, SHARE, COST)}
    found = of_group(values)
    assert {one.code for one in found.similar(found.areas.get(SOLA))} == set(near)


def test_the_similar_kommuner_are_five_others_of_the_same_group() -> None:
    found = of_group(alike(Random(1), hide=0.4))
    for code in [SOLA, *OTHERS]:
        similar = [one.code for one in found.similar(found.areas.get(code))]
        assert len(set(similar)) == len(similar) == 5
        assert code not in similar
        assert set(similar) <= {SOLA, *OTHERS}
    found = everything()
    assert found.similar(found.areas.get(FYLKE)) == []
    assert found.similar(found.areas.get(LAND)) == []


@pytest.mark.parametrize("seed", range(20))
def test_the_choice_of_similar_kommuner_tells_nothing_of_what_is_hidden(seed: int) -> None:
    random = Random(seed)
    values = alike(random, hide=0.5)
    found = of_group(values)
    own = found.areas.get(SOLA)
    # It is what the distances of the shown figures make it, worked out here anew.
    assert [one.code for one in found.similar(own)] == nearest(values)


def nearest(values: Values) -> list[str]:
    """The five others nearest to Sola, from what is shown alone."""

    def unlike(code: str) -> tuple[float, str]:
        parts = []
        for measure in (SIZE, SHARE, COST):
            one, other = values[measure][SOLA][-1], values[measure][code][-1]
            hidden = isinstance(one, str) or isinstance(other, str)
            parts.append(1.0 if hidden else abs(log(float(one) / float(other))))
        return sum(parts), code

    return sorted(OTHERS, key=unlike)[:5]


def test_kommuner_that_show_nothing_or_zero_still_have_similar_ones() -> None:
    for shown in (":", "..", 0, -4):
        values: Values = {
            code: {one: [1, shown] for one in [SOLA, *OTHERS]} for code in (SIZE, SHARE, COST)
        }
        found = of_group(values)
        # By code, as nothing tells them apart.
        assert [one.code for one in found.similar(found.areas.get(SOLA))] == OTHERS[:5]


# --- what readers must know -----------------------------------------------------------------

MISSING = Note(
    text=text("Oppgaver fra skjema 11 for 2025 mangler for: Sola (1124), Halden (3101)."),
    mandatory=True,
    scope=Scope(regions=[SOLA, HALDEN], vintages=[2025]),
)
ESTIMATED = Note(text=text("Tall er beregnet."), mandatory=True, scope=Scope(vintages=[2025]))


def lacking(**changes: object) -> Content:
    """Content of a year for which Sola and Halden have not reported."""
    told = {"notes": (MISSING, ESTIMATED), "estimated": {FYLKE: 4.5, LAND: 1.5}, **changes}
    published = [facts(2024), facts(2025, round="2026-03", preliminary=True, **told)]
    regions = [SOLA, STAVANGER, HALDEN, GROUP, FYLKE, "EKA31", LAND]
    return content(
        made("99901", {COUNT: {code: [9, 9] for code in regions}}, published=published),
        made("99902", {SHARE: {code: [9, 9] for code in regions}}, published=published),
    )


def test_who_has_not_reported_is_told_where_it_belongs() -> None:
    found = lacking()
    told = {
        code: [note.nb for note in found.missing(found.areas.get(code))]
        for code in (SOLA, STAVANGER, HALDEN, GROUP, FYLKE, "EKA31", LAND)
    }
    start = "Oppgaver fra skjema 11 for 2025 mangler for:"
    assert told == {
        SOLA: [f"{start} Sola (1124)."],
        STAVANGER: [],
        HALDEN: [f"{start} Halden (3101)."],
        GROUP: [f"{start} Sola (1124)."],
        FYLKE: [f"{start} Sola (1124)."],
        "EKA31": [f"{start} Halden (3101)."],
        LAND: [f"{start} Sola (1124), Halden (3101)."],
    }


def test_who_has_not_reported_is_told_in_each_language() -> None:
    found = lacking()
    [note] = found.missing(found.areas.get(SOLA))
    assert note.en.endswith("mangler for: Sola (1124).")
    assert note.nn == note.nb


def test_how_much_is_estimated_is_told_of_larger_areas_alone() -> None:
    found = lacking()
    shares_of = {code: found.estimated(found.areas.get(code)) for code in (SOLA, FYLKE, LAND)}
    assert shares_of == {SOLA: None, FYLKE: 4.5, LAND: 1.5}


def test_reports_of_an_earlier_year_are_not_told() -> None:
    published = [facts(2024, notes=(MISSING,), estimated={LAND: 3.0}), facts(2025)]
    found = content(made("99901", {COUNT: {SOLA: [9, 9], LAND: [9, 9]}}, published=published))
    assert found.missing(found.areas.get(SOLA)) == []
    assert found.estimated(found.areas.get(LAND)) is None


def broken(*scopes: Scope, first: int = 2023) -> Content:
    """Content of a table with a break in 2024 for each of these."""
    told = [
        Break(vintage=2024, text=text(f"Brudd {number}"), scope=scope)
        for number, scope in enumerate(scopes)
    ]
    years = range(first, 2026)
    shown = {code: [1] * len(years) for code in (SOLA, HALDEN, LAND)}
    asked = pages({"a": [key_figure("x", "99901", COUNT), key_figure("y", "99901", COST)]})
    return content(made("99901", {COUNT: shown, COST: shown}, [*years], breaks=told), asked=asked)


def drawn_breaks(found: Content, figure: str, code: str) -> tuple[int, ...]:
    series = found.series(figure, code)
    assert series is not None
    return found.breaks(series)


def test_a_break_is_told_and_drawn_where_it_shows() -> None:
    found = broken(Scope())
    assert [note.nb for note in found.remarks(found.areas.get(SOLA))] == ["2024: Brudd 0"]
    assert drawn_breaks(found, "x", SOLA) == (2024,)
    # Nothing before it is shown.
    found = broken(Scope(), first=2024)
    assert found.remarks(found.areas.get(SOLA)) == []
    assert drawn_breaks(found, "x", SOLA) == ()


def test_a_break_is_told_of_what_it_concerns() -> None:
    of_cost, of_sola = Scope(measures=[COST]), Scope(regions=[SOLA])
    found = broken(of_cost, of_sola, Scope(measures=["KOSannet0000"]))
    assert {
        (figure, code): drawn_breaks(found, figure, code)
        for figure in "xy"
        for code in (SOLA, HALDEN)
    } == {
        ("x", SOLA): (2024,),
        ("x", HALDEN): (),
        ("y", SOLA): (2024, 2024),
        ("y", HALDEN): (2024,),
    }
    told = {
        code: [note.nb for note in found.remarks(found.areas.get(code))] for code in (SOLA, LAND)
    }
    assert {code: sorted(notes) for code, notes in told.items()} == {
        SOLA: ["2024: Brudd 0", "2024: Brudd 1"],
        LAND: ["2024: Brudd 0"],
    }


def test_a_correction_is_told_once() -> None:
    once = Corrected(day="2026-09-01", reason=text("Feil."))  # type: ignore[arg-type]
    published = [facts(2024), facts(2025, corrected=(once,))]
    found = content(
        made("99901", {COUNT: {SOLA: [1, 2]}}, published=published),
        made("99902", {SHARE: {SOLA: [1, 2]}}, published=published),
    )
    sola = found.areas.get(SOLA)
    assert found.trust(found.sources(sola)).corrections == ((2025, once),)


def test_a_correction_is_told_only_where_its_table_is() -> None:
    once = Corrected(day="2026-09-01", reason=text("Feil."))  # type: ignore[arg-type]
    later = datetime(2026, 9, 1, 6, tzinfo=UTC)
    published = [facts(2024), facts(2025, corrected=(once,), published=later, preliminary=False)]
    found = content(
        made("99901", {COUNT: {SOLA: [1, 2], HALDEN: [3, 4]}}),
        made("99902", {SHARE: {SOLA: [1, 2]}}, published=published),
    )
    sola, halden = (found.trust(found.sources(found.areas.get(code))) for code in (SOLA, HALDEN))
    assert sola.corrections == ((2025, once),)
    assert sola.published == later
    # The other table is preliminary still, and that is said as well.
    assert sola.preliminary is not None
    assert halden.corrections == ()
    assert halden.published < later


def test_the_newest_year_is_that_of_any_key_figure() -> None:
    found = content(
        made("99901", {COUNT: {SOLA: [1, 2]}}, [2023, 2024], published=[facts(2023), facts(2024)]),
        made("99902", {SHARE: {SOLA: [1, 2]}}),
    )
    assert found.newest_year == 2025
    trust = found.trust(found.sources(found.areas.get(SOLA)))
    assert trust.preliminary is not None
    assert trust.preliminary.vintage == 2025
    assert [one.newest.year for one in found.tiles(found.areas.get(SOLA))] == [2025, 2024]


def test_one_synthetic_year_makes_pages_synthetic() -> None:
    published = [facts(2024, synthetic=False), facts(2025, synthetic=True)]
    found = content(made("99901", {COUNT: {SOLA: [1, 2]}}, published=published))
    assert found.synthetic
    series = found.series("tilfeller", SOLA)
    assert series is not None
    assert [found.is_synthetic(cell) for cell in series.cells] == [False, True]
