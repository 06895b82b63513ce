"""Each check passes on a round with nothing wrong, and bites when something is."""

from __future__ import annotations

import pytest

from kostra_publish.quality.assess import assess
from kostra_publish.quality.evidence import Evidence
from kostra_publish.specs.quality import Checks
from tests.quality.rounds import (
    QUALITY,
    check,
    evidence,
    figures,
    flagged,
    observed,
    reporting,
    rule,
)

JUNE = evidence(observed("2026-06"), observed("2024-06"), observed("2025-06"), observed("2026-03"))
MARCH = evidence(observed("2026-03"), observed("2024-06"), observed("2025-06"))
NEW = evidence(observed("2026-06"))


@pytest.mark.parametrize("given", [JUNE, MARCH, NEW], ids=["june", "march", "first round"])
@pytest.mark.parametrize("name", Checks.model_fields)
def test_a_round_with_nothing_wrong_passes_or_is_not_made(name: str, given: Evidence) -> None:
    result = check(name, given)
    assert result.passed is not False, result.summary
    assert not any(row.flagged for row in result.rows)
    assert result.title
    assert result.summary


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (JUNE, {"totals", "main_figures", "march_against_final"}),
        (MARCH, {"totals", "main_figures", "change_from_march"}),
        (NEW, {
            "totals", "main_figures", "march_against_final", "change_from_march",
            "change_from_last_year",
            "still_active", "population_kommune",
        }),
    ],
    ids=["june", "march", "first round"],
)  # fmt: skip
def test_what_cannot_be_made_says_why(given: Evidence, names: set[str]) -> None:
    made = {name: check(name, given) for name in Checks.model_fields}
    assert {name for name, result in made.items() if result.passed is None} == names
    assert all(made[name].summary.startswith("Ikke gjort: ") for name in names)


def test_a_round_that_reads_nothing_but_a_few_tables_makes_what_it_can() -> None:
    bare = evidence(observed("2026-06", definitions={}, reports={}, records={}))
    results = [check(name, bare) for name in Checks.model_fields]
    assert not any(result.passed is False for result in results)


def test_every_check_has_limits_and_texts_in_the_specs() -> None:
    assert all(limits is not None for _, limits in QUALITY.checks)


# --- the accounts -----------------------------------------------------------------------


def test_accounts_of_the_country_in_another_unit() -> None:
    paid = {kommune: value / 1000 for kommune, value in figures(2025)["utbetalt"].items()}
    result = check("f281_country", evidence(observed("2026-06", {"utbetalt": dict(paid)})))
    assert result.passed is False
    assert "−99,9" in result.summary


def test_accounts_of_the_country_at_the_limit() -> None:
    accounts = figures(2025)["f281"]
    for share, passed in ((0.981, True), (0.979, False), (1.019, True), (1.021, False)):
        paid = {kommune: 1000 * share * value for kommune, value in accounts.items()}
        result = check("f281_country", evidence(observed("2026-06", {"utbetalt": dict(paid)})))
        assert result.passed is passed, share


def test_only_kommuner_with_both_are_compared() -> None:
    changes: dict[str, dict[str, float | None]] = {
        "f281": {"4601": None},
        "utbetalt": {"4601": 9e9, "1103": None},
    }
    result = check("f281_country", evidence(observed("2026-06", changes)))
    assert result.passed
    assert result.rows[0].cells[1] == 355


def test_a_kommune_far_from_its_accounts() -> None:
    now = observed("2026-06", {"utbetalt": {"4601": 1.0}, "f281": {"1103": 0.0}})
    result = check("f281_kommune", evidence(now))
    assert sorted(map(str, flagged(result))) == ["1103", "4601"]
    assert result.chart is not None
    assert check("f281_kommune", evidence(now), least=1e9).passed


def test_a_negative_residual_over_years() -> None:
    now = observed("2026-06", {"livsopphold_flyktninger": {"4601": 1e6}})
    before = observed("2025-06", {"livsopphold_flyktninger": {"4601": None}})
    result = check("other_benefits", evidence(now, observed("2024-06"), before))
    assert flagged(result) == ["4601"]
    (row,) = (row for row in result.rows if row.flagged)
    own = figures(2025)
    left = own["f281"]["4601"] - own["utbetalt"]["4601"] / 1000 - 1e6
    assert row.cells[3] == pytest.approx(left)
    assert row.cells[5] is None
    assert row.cells[6] is not None


def test_missing_kommuner_have_no_residual() -> None:
    now = observed("2026-06", {"utbetalt": {"4601": None}})
    rows = check("other_benefits", evidence(now)).rows
    assert "4601" not in {row.cells[0] for row in rows}


# --- reports ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "before", "passed"),
    [(10, 0, True), (11, 0, False), (15, 15, True), (20, 20, False)],
)
def test_too_few_reports_or_fewer_than_a_year_ago(missing: int, before: int, passed: bool) -> None:
    reports = {"skjema11": reporting(2025, missing)}
    then = observed("2025-06", reports={"skjema11": reporting(2024, before)})
    result = check("reporting_rate", evidence(observed("2026-06", reports=reports), then))
    assert result.passed is passed, result.summary


def test_march_is_compared_with_march_and_may_lack_more() -> None:
    now = observed("2026-03", reports={"skjema11": reporting(2025, 40)})
    june = observed("2025-06", reports={"skjema11": reporting(2024, 0)})
    march = observed("2025-03", reports={"skjema11": reporting(2024, 5)})
    assert check("reporting_rate", evidence(now, june)).passed
    assert check("reporting_rate", evidence(now, march, june)).passed is False


def test_control_rules_by_severity_and_share() -> None:
    rules = (rule("023A", 20), rule("036", 60, "WARNING"), rule("007", 50, "WARNING"))
    given = evidence(observed("2026-06"), rules=rules)
    assert check("control_errors", given).passed
    assert check("control_errors", given, most_percent=1.9).passed is False
    warned = check("control_warnings", given)
    assert flagged(warned, "rule") == ["036"]
    assert check("control_warnings", given, rules=["ERROR"]).passed


def test_control_rules_beside_those_of_a_year_ago() -> None:
    then = observed("2025-06", rules={"11F 023A": 100})
    result = check("control_errors", evidence(observed("2026-06"), then, rules=[rule("023A", 1)]))
    assert result.rows[0].cells[5:7] == (0.1, 10.0)


# --- people -----------------------------------------------------------------------------


def test_another_year_of_inhabitants() -> None:
    smaller = {kommune: value * 0.9 for kommune, value in figures(2025)["innbyggere"].items()}
    now = observed("2026-06", {"innbyggere": dict(smaller)})
    assert check("population", evidence(now, observed("2025-06"))).passed is False


@pytest.mark.parametrize("wrong", [0.0, 1e7])
def test_an_age_group_that_cannot_be(wrong: float) -> None:
    now = observed("2026-06", {"innbyggere_18_66": {"4601": wrong}})
    assert flagged(check("population", evidence(now))) == ["4601"]


def test_a_kommune_that_has_become_another() -> None:
    own = figures(2025)["innbyggere"]
    swapped = {"4601": own["1151"], "1151": own["4601"]}
    result = check(
        "population_kommune",
        evidence(observed("2026-06", {"innbyggere": swapped}), observed("2025-06")),
    )
    assert sorted(map(str, flagged(result))) == ["1151", "4601"]


def test_participants_who_are_no_more() -> None:
    then = observed("2025-06", {"kvp_i_program": {"4601": 40.0, "1103": 5.0, "1101": 9.0}})
    now = observed("2026-06", {"kvp_deltakere": {"4601": 30.0, "1103": 3.0, "1101": None}})
    result = check("still_active", evidence(now, then))
    assert flagged(result) == ["4601"]
    assert [row.cells[4] for row in result.rows] == [10.0, 2.0]


def test_a_form_of_nothing_but_zeros() -> None:
    zeros = {name: {"4601": 0.0} for name in ("tilfeller", "tilfeller_18_24", "utbetalt")}
    some = observed("2026-06", zeros)
    assert check("all_zero", evidence(some)).passed
    every = observed("2026-06", zeros | {"stoenadsmaaneder": {"4601": 0.0}})
    result = check("all_zero", evidence(every))
    assert flagged(result) == ["4601"]
    assert result.rows[0].cells[3] == "har levert, men alle tall er null"


def test_none_is_no_wonder_for_some_forms_and_missing_is_not_zero() -> None:
    kvp = {"kvp_deltakere": {"4601": 0.0}, "kvp_i_program": {"4601": 0.0}}
    forms = {"skjema11c": reporting(2025, none=("4601",)), "skjema11": reporting(2025, missing=2)}
    assert check("all_zero", evidence(observed("2026-06", kvp, reports=forms))).passed
    forms["skjema11"] = reporting(2025, none=("4601",))
    result = check("all_zero", evidence(observed("2026-06", kvp, reports=forms)))
    assert [row.cells[3] for row in result.rows] == ["har meldt «ingen»"]


# --- changes ----------------------------------------------------------------------------


def test_a_kommune_that_has_changed_much_since_last_year() -> None:
    own = figures(2025)["tilfeller"]["4601"]
    now = observed("2026-06", {"tilfeller": {"4601": 2 * own}})
    result = check("change_from_last_year", evidence(now, observed("2025-06")))
    assert flagged(result) == ["4601"]
    assert result.rows[0].cells[5] == pytest.approx(own + own * 0.01 / 1.05, rel=0.01)


def test_small_changes_are_let_pass_though_all_others_are_alike() -> None:
    own = figures(2025)["tilfeller"]["4601"]
    given = evidence(observed("2026-06", {"tilfeller": {"4601": 1.15 * own}}), observed("2025-06"))
    assert check("change_from_last_year", given).passed
    result = check("change_from_last_year", given, least_percent=10)
    assert flagged(result) == ["4601"]


def test_from_and_to_zero_when_it_is_not_little() -> None:
    then = observed("2025-06", {"tilfeller": {"4601": 0.0, "1103": 500.0, "1101": 0.0}})
    now = observed("2026-06", {"tilfeller": {"4601": 500.0, "1103": 0.0, "1101": 5.0}})
    result = check("change_from_last_year", evidence(now, then))
    assert sorted(map(str, flagged(result))) == ["1103", "4601"]


def test_missing_kommuner_are_neither_zero_nor_outliers() -> None:
    missing = {name: {"4601": None} for name in ("tilfeller", "utbetalt")}
    for now, then in ((missing, {}), ({}, missing)):
        given = evidence(observed("2026-06", now), observed("2025-06", then))
        assert check("change_from_last_year", given).passed


def test_march_to_june() -> None:
    own = figures(2025)["utbetalt"]["4601"]
    march = observed("2026-03", {"utbetalt": {"4601": own / 2, "1103": None}})
    assert flagged(check("change_from_march", evidence(observed("2026-06"), march))) == ["4601"]
    assert check("change_from_march", evidence(march)).passed is None


def test_an_indicator_that_has_got_another_definition_is_not_compared() -> None:
    own = figures(2025)["f281"]
    then = observed("2025-06", {"f281": {kommune: 3 * value for kommune, value in own.items()}})
    other = dict(then.definitions)
    other["f281"] = other["f281"].model_copy(update={"sha256": "other"})
    now = observed("2026-06", definitions=other)
    result = check("change_from_last_year", evidence(now, then))
    assert result.passed
    assert "Ikke sammenlignet: Brutto driftsutgifter, funksjon 281" in result.summary
    assert check("f281_country", evidence(now, then)).passed


def test_march_far_from_what_the_year_before_ended_on() -> None:
    own = figures(2025)["utbetalt"]
    lower = {kommune: 0.8 * value for kommune, value in own.items()}
    now = observed("2026-03", {"utbetalt": dict(lower)})
    last_march = observed("2025-03", {"utbetalt": {"4601": None}})
    given = evidence(now, last_march, observed("2025-06"))
    result = check("march_against_final", given)
    assert flagged(result, "indicator") == ["Bidrag og lån, skjema 11"]
    assert all(row.cells[-1] == pytest.approx(0) for row in result.rows)


# --- kommuner that change ---------------------------------------------------------------


def test_a_kommune_with_a_new_code_is_compared_with_what_it_was() -> None:
    """Moss was 3002 until 2023, and is 3103."""
    now, then = observed("2025-06"), observed("2024-06")
    pairs = {pair.kommune: pair for pair in evidence(now, then).pairs(then, "tilfeller")}
    assert pairs["3103"].before == then.figures["tilfeller"]["3002"]
    double = observed("2025-06", {"tilfeller": {"3103": 3 * pairs["3103"].after}})
    assert flagged(check("change_from_last_year", evidence(double, then))) == ["3103"]


def test_a_kommune_that_was_split_is_not_compared_and_that_is_said() -> None:
    """Aalesund was split into Aalesund and Haram in 2024."""
    now = observed("2025-06", {"tilfeller": {"1508": 1e6, "1580": 1e6}})
    then = observed("2024-06", {"tilfeller": {"1507": 10.0}})
    pairs = {pair.kommune for pair in evidence(now, then).pairs(then, "tilfeller")}
    assert pairs.isdisjoint({"1508", "1580"})
    result = check("change_from_last_year", evidence(now, then))
    assert result.passed
    assert "Ålesund (1508), Haram (1580)" in result.summary
    after = evidence(observed("2026-06"), now)
    assert {"1508", "1580"} <= {pair.kommune for pair in after.pairs(now, "tilfeller")}


# --- severities -------------------------------------------------------------------------


def test_a_check_that_is_off_is_not_made() -> None:
    limits = QUALITY.checks.population
    assert limits is not None
    off = limits.model_copy(update={"severity": "off"})
    assert assess(Checks(population=off), NEW) == ()
