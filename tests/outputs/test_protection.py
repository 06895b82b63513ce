"""The disclosure report: what is hidden where, and what guarantees cost."""

import json
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from kostra_publish.outputs.protection import (
    REPORT,
    PolicyCosts,
    ProtectedFigures,
    ProtectedTable,
    ProtectionFacts,
    SinceEarlier,
    write_protection,
)

TEMPLATES = Path(__file__).parents[2] / "templates"
PAGE = "internal/disclosure/report.html"

FACTS = ProtectionFacts(
    release="2026-03",
    vintage=2025,
    preliminary=True,
    synthetic=True,
    titles={"13995": "Tilfeller & beløp"},
    tables=(
        ProtectedTable("13995", "land_uten_oslo", 91, 0, 0, 0.0),
        ProtectedTable("13995", "kommune", 27_760, 5_496, 2_558, 0.0615),
        ProtectedTable("14019", "fylke", 400, 1, 1, 0.0004),
        ProtectedTable("14019", "land", 1, 1, 0, None),
    ),
    figures=(ProtectedFigures("skjema11", "persons", {"kommune/fylke/kostragruppe": (80, 3, 7)}),),
)
COSTS = PolicyCosts(
    name="introduksjon",
    kind="persons",
    figures=1_167,
    small=215,
    guarantees={
        "exact": (31, 154),
        "insiders": (32, 160),
        "intervals": (33, 294),
        "earlier": (34, 9),
    },
    widths={"1": (35, 294), "2": (56, 490), "3": None, "could be shown": (80, 579)},
)


def page(facts: ProtectionFacts) -> str:
    return (
        dict(write_protection(facts, TEMPLATES))[PAGE].decode().replace("\N{NO-BREAK SPACE}", " ")
    )


def test_the_report_is_internal_and_says_so() -> None:
    assert sorted(dict(write_protection(FACTS, TEMPLATES))) == [PAGE, REPORT]
    text = page(FACTS)
    assert "skal ikke publiseres" in text
    assert "Syntetiske data" in text
    assert "Syntetiske" not in page(replace(FACTS, synthetic=False))


def test_every_table_has_a_line_for_each_kind_of_region() -> None:
    text = page(FACTS)
    for words in ("Tilfeller &amp; beløp", "landet uten Oslo", "27 760", "5 496", "2 558"):
        assert words in text
    # 5 496 + 2 558 of 27 760; shares of persons.
    for share in ("29,0", "6,2", "&lt; 0,1", "–"):
        assert f'<td class="number">{share}</td>' in text, share
    assert "kommuner, fylker, KOSTRA-grupper" in text


def test_the_page_says_what_an_earlier_round_took() -> None:
    since = SinceEarlier("2026-03.1", held=1_989, late=1_793, differences=6_100, disclosed=7_003)
    (figures,) = FACTS.figures
    text = page(replace(FACTS, figures=(replace(figures, since=since),)))
    for words in ("Vist før i", "2026-03.1", "1 989", "1 793", "6 100", "7 003"):
        assert words in text
    assert "Vist før i" not in page(FACTS)


def test_costs_stand_there_when_somebody_has_worked_them_out() -> None:
    without, with_costs = page(FACTS), page(replace(FACTS, costs=(COSTS,)))
    assert "kostra-publish policy" in without
    assert "lar seg ikke holde" not in without
    for cost in (31, 32, 33, 34, 35, 56, 80):
        assert f'<td class="number">{cost}</td>' in with_costs, cost
    assert "lar seg ikke holde" in with_costs


def test_intervals_that_were_not_looked_at_have_no_line() -> None:
    one, other = (replace(COSTS, widths=widths) for widths in (COSTS.widths, None))
    names = [page(replace(FACTS, costs=(costs,))).count("introduksjon") for costs in (one, other)]
    assert names == [2, 1]


def test_the_file_holds_what_the_page_was_made_of() -> None:
    facts = replace(FACTS, costs=(COSTS,))
    text = dict(write_protection(facts, TEMPLATES))[REPORT]
    assert TypeAdapter(ProtectionFacts).validate_json(text) == facts
    assert json.loads(text)["release"] == "2026-03"


def test_the_same_facts_give_the_same_bytes() -> None:
    assert list(write_protection(FACTS, TEMPLATES)) == list(write_protection(FACTS, TEMPLATES))
