"""The report that the statistician reads before a round is published."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from kostra_publish.outputs.charts import Bar, Bars, Chart, Point, Spread, Strips, draw
from kostra_publish.outputs.norwegian import counted, number, percent
from kostra_publish.outputs.quality import (
    MORE_ROWS,
    MOST,
    MOST_ROWS,
    CheckResult,
    Column,
    ComparedRelease,
    InputFacts,
    MissingReports,
    ProvisionalCode,
    QualityFacts,
    Row,
    RuleCount,
    signs,
    write_quality,
)
from tests.cubes import sample

TEMPLATES = Path(__file__).parents[2] / "templates"

POINTS = tuple(
    Point(f"Kommune <{n}>", 10.0 ** (n % 5) * 20, 3.0 * n - 20, marked=n % 3 == 0)
    for n in range(20)
)
CHARTS: dict[str, Chart] = {
    "bars": Bars(
        "Svarprosent",
        "Om svarprosent",
        (("skjema 11", (Bar("2025-06", 97.5, now=False), Bar("2026-06", 100.0, now=True))),),
        95,
    ),
    "spread": Spread("Mot regnskapet", "Om avvik", "1 000 kr", "prosent", POINTS, 10),
    "strips": Strips("Endring", "Om endring", (("Tilfeller", POINTS), ("Utbetalt", ()))),
}


def check(name: str = "f281_country", **changes: object) -> CheckResult:
    made = CheckResult(
        name=name,
        title=f"Title of {name}",
        looks_at="Looks <at> sums.",
        why="Because.",
        if_it_fails=f"Mend {name}.",
        severity="blocking",
        passed=True,
        summary=f"Summary of {name}.",
        limits="At most 2.",
        columns=(Column("name", "Kommune"), Column("share", "Prosent", 1, signed=True)),
        rows=tuple(Row((f"K{n}", n - 0.25), flagged=False) for n in range(3)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


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
    checks=(
        check("totals"),
        check(
            "all_zero", severity="warning", passed=False, rows=(Row(("Leka", 1.0), flagged=True),)
        ),
        check("f281_country", passed=False, chart=CHARTS["spread"]),
        check("still_active", severity="warning", passed=None, rows=()),
    ),
    compared_with=(ComparedRelease("2025-06", 2024, "b" * 64),),
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
    assert sorted(written) == ["internal/quality.html", "internal/quality.json"]
    assert "skal ikke publiseres" in written["internal/quality.html"].decode()


def test_the_page_shows_every_part() -> None:
    page = dict(write_quality(FACTS, TEMPLATES))["internal/quality.html"].decode()
    for words in (
        "Kvalitetsrapport 2026-03",
        "foreløpige",
        "Syntetiske data",
        "Runden kan ikke slippes: 1 sjekk stopper den.",
        "Mend f281_country.",
        "Looks &lt;at&gt; sums.",
        "Sammenlignet med 2025-06.",
        "+1,8",
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
    page = written["internal/quality.html"].decode()
    assert "1114: 14" in page
    assert "1100: 0" not in page
    (rule,) = json.loads(written["internal/quality.json"])["rules"]
    assert len(rule["kommuner"]) == MOST + 5


def test_a_round_with_nothing_to_tell_has_a_report() -> None:
    facts = QualityFacts("2026-06", 2025, preliminary=False, synthetic=False, rules=())
    page = dict(write_quality(facts, TEMPLATES))["internal/quality.html"].decode()
    assert "endelige" in page
    assert "Syntetiske" not in page
    assert "Ingen regel er brutt." in page


def test_the_same_facts_give_the_same_bytes() -> None:
    assert list(write_quality(FACTS, TEMPLATES)) == list(write_quality(FACTS, TEMPLATES))


def test_rules_that_were_not_counted_are_not_said_to_be_kept() -> None:
    facts = QualityFacts("2026-06", 2025, preliminary=False, synthetic=False)
    page = dict(write_quality(facts, TEMPLATES))["internal/quality.html"].decode()
    assert "Ingen regel er brutt." not in page
    assert "kostra-publish check 2026-06" in page


def test_the_page_links_to_the_disclosure_report() -> None:
    page = dict(write_quality(FACTS, TEMPLATES))["internal/quality.html"].decode()
    assert '<a href="disclosure/report.html">' in page


# --- checks -----------------------------------------------------------------------------


def page_of(*checks: CheckResult) -> str:
    facts = replace(FACTS, checks=checks)
    return dict(write_quality(facts, TEMPLATES))["internal/quality.html"].decode()


def test_the_verdict_names_what_blocks_what_warns_and_what_was_not_made() -> None:
    verdict = FACTS.verdict
    assert [one.name for one in verdict.failed_blocking] == ["f281_country"]
    assert [one.name for one in verdict.warnings] == ["all_zero"]
    assert [one.name for one in verdict.not_made] == ["still_active"]
    content = json.loads(dict(write_quality(FACTS, TEMPLATES))["internal/quality.json"])
    assert content["verdict"]["checks"][2] == {
        "name": "f281_country",
        "title": "Title of f281_country",
        "severity": "blocking",
        "passed": False,
    }


def test_the_gravest_come_first_on_the_page() -> None:
    page = dict(write_quality(FACTS, TEMPLATES))["internal/quality.html"].decode()
    # What was not made has no section to lead to.
    assert 'href="#still_active"' not in page
    places = [page.index(f'id="{name}"') for name in ("f281_country", "all_zero", "totals")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ((check(),), "Ingenting stopper runden, og ingen sjekk varsler."),
        ((check(severity="warning", passed=False),), "1 sjekk bør noen se på."),
        ((check("a", passed=False), check("b", passed=False)), "2 sjekker stopper den."),
        ((), "Ingen sjekker er gjort."),
    ],
)
def test_the_verdict_in_words(checks: tuple[CheckResult, ...], words: str) -> None:
    assert words in page_of(*checks)


def test_the_page_shows_the_first_rows_and_the_file_has_all() -> None:
    rows = tuple(Row((f"Kommune {n:03}", float(n)), flagged=n < 40) for n in range(200))
    long = check(passed=False, rows=rows)
    assert len(long.first_rows) == MOST_ROWS
    page = page_of(long)
    assert f"{200 - MOST_ROWS} rader til, {40 - MOST_ROWS} av dem utenfor grensen" in page
    assert page.count("Kommune 0") == MOST_ROWS + MORE_ROWS
    written = dict(write_quality(replace(FACTS, checks=(long,)), TEMPLATES))
    (found,) = json.loads(written["internal/quality.json"])["checks"]
    assert len(found["rows"]) == 200
    assert found["rows"][0] == {"name": "Kommune 000", "share": 0.0, "flagged": True}


# --- charts and numbers -----------------------------------------------------------------


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_well_formed_named_described_and_has_no_style_of_its_own(name: str) -> None:
    drawn = draw(CHARTS[name])
    root = ET.fromstring(drawn)  # noqa: S314  # it has just been made here
    assert root.attrib["role"] == "img"
    assert [child.tag for child in root][:2] == ["title", "desc"]
    assert all("style" not in part.attrib and part.tag != "style" for part in root.iter())
    width = float(root.attrib["viewBox"].split()[2])
    for circle in root.iter("circle"):
        assert 0 <= float(circle.attrib["cx"]) <= width
    assert draw(CHARTS[name]) == drawn


def test_points_beyond_reach_are_drawn_at_the_edge() -> None:
    far = Strips(
        "t", "d", (("x", (Point("a", 900, 5, marked=True), Point("b", 60, 5, marked=False))),)
    )
    root = ET.fromstring(draw(far))  # noqa: S314  # it has just been made here
    one, other = (circle.attrib["cx"] for circle in root.iter("circle"))
    assert one == other


def test_labels_do_not_cover_each_other() -> None:
    same = tuple(Point(f"Navn {n}", 100.0, 20.0, marked=True) for n in range(5))
    root = ET.fromstring(draw(Spread("t", "d", "x", "y", same, 10)))  # noqa: S314
    labels = [text for text in root.iter("text") if text.attrib["class"] == "label"]
    assert len(labels) == 1


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(1234567.25, 1), "1_234_567,3"),
        (number(-0.04, 1), "0,0"),
        (number(-1500), "−1_500"),
        (number(2.5), "3"),
        (number(3, signed=True), "+3"),
        (number(float("nan")), "–"),
        (percent(12.345, 2, signed=True), "+12,35_%"),
        (counted(1, "kommune", "kommuner"), "1_kommune"),
        (counted(1200, "kommune", "kommuner"), "1_200_kommuner"),
    ],
)
def test_numbers_are_norwegian(shown: str, expected: str) -> None:
    assert shown == expected.replace("_", "\N{NO-BREAK SPACE}")
