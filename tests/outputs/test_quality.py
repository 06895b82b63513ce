"""The report that the statistician reads before a round is published."""

import json
from pathlib import Path

from kostra_publish.outputs.quality import (
    MOST,
    InputFacts,
    MissingReports,
    ProvisionalCode,
    QualityFacts,
    RuleCount,
    signs,
    write_quality,
)
from tests.cubes import sample

TEMPLATES = Path(__file__).parents[2] / "templates"

FACTS = QualityFacts(
    round="2026-03",
    vintage=2025,
    preliminary=True,
    synthetic=True,
    inputs=(InputFacts("skjema11_p2025_v2.parquet", 2, "a" * 64, 150_000),),
    missing=(MissingReports("skjema11", 2025, 357, (("3103", "Moss"), ("4628", "Vaksdal")), 3),),
    rules=(
        RuleCount(
            "skjema11",
            2025,
            "K<7>",
            "E",
            "Amount & months",
            1_234,
            tuple((f"{1100 + n}", n) for n in range(MOST + 5)),
        ),
    ),
    signs=(signs(sample()),),
    provisional=(ProvisionalCode("14019", "measure", "KOSny0000"),),
    warnings=("Look at this.",),
)


def test_signs_are_counted_for_the_table_and_for_one_vintage() -> None:
    whole = sample()
    found = signs(whole)
    statuses = whole.statuses.to_list()
    assert (found.table, found.cells) == ("13995", len(statuses))
    counted = (found.not_applicable, found.missing, found.suppressed, found.figures)
    assert counted == tuple(statuses.count(sign) for sign in (".", "..", ":", None))
    halves = [signs(whole, vintage) for vintage in (2024, 2025)]
    assert sum(half.cells for half in halves) == found.cells
    assert sum(half.suppressed for half in halves) == found.suppressed


def test_the_report_is_internal_and_says_so() -> None:
    written = dict(write_quality(FACTS, TEMPLATES))
    assert sorted(written) == ["internal/report.html", "internal/report.json"]
    assert "skal ikke publiseres" in written["internal/report.html"].decode()


def test_the_page_shows_every_part() -> None:
    page = dict(write_quality(FACTS, TEMPLATES))["internal/report.html"].decode()
    for words in (
        "Kvalitetsrapport 2026-03",
        "foreløpige",
        "Syntetiske data",
        "Look at this.",
        "<dd>3103 Moss, 4628 Vaksdal</dd>",
        "K&lt;7&gt;",
        "Amount &amp; months",
        "1\N{NO-BREAK SPACE}234",
        "skjema11_p2025_v2.parquet",
        "KOSny0000",
    ):
        assert words in page


def test_the_page_names_the_kommuner_with_most_and_the_file_names_all() -> None:
    written = dict(write_quality(FACTS, TEMPLATES))
    page = written["internal/report.html"].decode()
    assert "1114: 14" in page
    assert "1100: 0" not in page
    (rule,) = json.loads(written["internal/report.json"])["rules"]
    assert len(rule["kommuner"]) == MOST + 5


def test_a_round_with_nothing_to_tell_has_a_report() -> None:
    facts = QualityFacts("2026-06", 2025, preliminary=False, synthetic=False, rules=())
    page = dict(write_quality(facts, TEMPLATES))["internal/report.html"].decode()
    assert "endelige" in page
    assert "Syntetiske" not in page
    assert "Ingen regel er brutt." in page


def test_the_same_facts_give_the_same_bytes() -> None:
    assert list(write_quality(FACTS, TEMPLATES)) == list(write_quality(FACTS, TEMPLATES))


def test_rules_that_were_not_counted_are_not_said_to_be_kept() -> None:
    facts = QualityFacts("2026-06", 2025, preliminary=False, synthetic=False)
    page = dict(write_quality(facts, TEMPLATES))["internal/report.html"].decode()
    assert "Ingen regel er brutt." not in page
    assert "kostra-publish check 2026-06" in page


def test_the_page_links_to_the_disclosure_report() -> None:
    page = dict(write_quality(FACTS, TEMPLATES))["internal/report.html"].decode()
    assert '<a href="disclosure/report.html">' in page
