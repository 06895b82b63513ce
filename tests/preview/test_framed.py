"""Pages of a release in the preview are those that the release would have, byte for byte."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kostra_publish.comparing import compare, read_release
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.drafts import Draft, Report, Update
from kostra_publish.outputs import pages
from kostra_publish.outputs.comparison.page import write_page
from kostra_publish.outputs.quality import (
    CheckResult,
    Column,
    MissingReports,
    QualityFacts,
    Row,
    RuleCount,
    quality_page,
    without_figures,
)
from kostra_publish.pages.rendering import POLICY
from kostra_publish.pages.site import write_site
from kostra_publish.preview.app import Place, application
from kostra_publish.preview.board import Board
from kostra_publish.preview.guard import Guard
from kostra_publish.releases.passing import Passed
from kostra_publish.specs.catalogue import Catalogue
from tests.comparing import pairs
from tests.cubes import catalogue as words
from tests.outputs.test_quality import CHARTS, FACTS, check
from tests.pages import few_figures
from tests.pages.few_figures import COUNT, FYLKE, LAND, OSLO, SHARE, SOLA, TEMPLATES
from tests.preview.asgi import PORT, Answered, ask
from tests.schedule import release_facts

NAME = "2026-03"
FRAMED = "frame-ancestors 'self'"


def site_cubes(oslo: float = 12.0) -> list[SafeCube]:
    larger: dict[str, list[float | str]] = {"EKA03": [10, oslo], FYLKE: [40, 50], LAND: [90, 100]}
    counts: dict[str, list[float | str]] = {OSLO: [10, oslo], SOLA: [4, ":"], **larger}
    return [
        few_figures.made("99901", {COUNT: counts}),
        few_figures.made("99902", {SHARE: {OSLO: [1.5, 2.5], SOLA: [3, ".."], **larger}}),
    ]


def draft_of(cubes: list[SafeCube], catalogue: Catalogue, name: str = NAME) -> Draft:
    return Draft(
        catalogue,
        release_facts(name),
        tuple(cube.table for cube in cubes),
        {cube.table.id: cube for cube in cubes},
        version=1,
    )


class Shown:
    """A board and the application that serves it."""

    def __init__(self, draft: Draft, out: Path = Path("out"), templates: Path = TEMPLATES) -> None:
        self.board = Board(draft, version=draft.version)
        self.app: Guard = application(self.board, Place(templates, out, PORT))

    def ask(self, path: str) -> Answered:
        return ask(self.app, path)

    def take(self, *cubes: SafeCube, **more: object) -> None:
        now = self.board.draft
        update = Update(now.catalogue, now.release, now.tables, tuple(map(Passed.of, cubes)))
        self.board.take(replace(update, **more))  # type: ignore[arg-type]  # of the fields there are


@pytest.fixture
def shown() -> Shown:
    return Shown(draft_of(site_cubes(), few_figures.catalogue()))


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))


# --- key figures -------------------------------------------------------------------------------


def test_every_page_of_the_site_is_as_it_would_be_written(shown: Shown) -> None:
    site = dict(write_site(site_cubes(), few_figures.catalogue(), release_facts(NAME), TEMPLATES))
    own = {path: data for path, data in site.items() if path.startswith("public/nokkeltall/")}
    assert len(own) > 50
    for path, data in own.items():
        found = shown.ask(f"/utgivelse/{path.removeprefix('public/')}")
        assert (found.status, found.body == data) == (200, True), path
        assert found.headers["content-security-policy"] == f"{POLICY}; {FRAMED}"
    page = shown.ask("/utgivelse/nokkeltall/")
    assert page.body == site["public/nokkeltall/index.html"]
    assert page.headers["content-type"].startswith("text/html")
    moved = shown.ask("/utgivelse/nokkeltall/landet")
    assert (moved.status, moved.headers["location"]) == (307, "/utgivelse/nokkeltall/landet/")
    for path in ("nothing", "nothing/", "../../etc/passwd", "landet/../../x", "//evil.example"):
        assert shown.ask(f"/utgivelse/nokkeltall/{path}").status == 404


def test_figures_of_a_moment_are_not_in_it_and_settled_ones_are(shown: Shown) -> None:
    page = "/utgivelse/nokkeltall/0301-oslo/"
    before = shown.ask(page).body
    newer, *_ = site_cubes(oslo=77.0)
    shown.take(newer, interim={"99901": frozenset({COUNT})})
    assert shown.ask(page).body == before
    shown.take(newer)
    assert b">77<" in shown.ask(page).body
    assert b">77<" not in before


def test_a_saved_template_is_in_the_next_page(templates: Path) -> None:
    found = Shown(draft_of(site_cubes(), few_figures.catalogue()), templates=templates)
    page = "/utgivelse/nokkeltall/landet/"
    assert "Landet" in found.ask(page).text
    area = templates / "site" / "area.html.j2"
    area.write_text("{{ nobody }}", encoding="utf-8")
    assert "Landet" in found.ask(page).text
    found.board.templates_saved()
    broken = found.ask(page)
    assert broken.status == 500
    assert "site/area.html.j2</code>, line 1" in broken.text
    area.write_text("{{ area.code }}", encoding="utf-8")
    found.board.templates_saved()
    assert found.ask(page).text == "EAK"


@pytest.mark.parametrize("path", ["/nokkeltall/", "/nokkeltall/landet/", "/kvalitet", "/endringer"])
def test_what_is_awaited_says_so_and_has_no_frame(path: str) -> None:
    found = Shown(draft_of([], few_figures.catalogue()))
    page = found.ask(path)
    assert page.status == 200
    assert "<iframe" not in page.text
    assert 'class="notice"' in page.text
    assert found.ask(f"/utgivelse{path}").status == 404


@pytest.mark.parametrize("path", ["", "landet/", "nn/landet/"])
def test_the_frame_has_the_page_of_its_own_address(shown: Shown, path: str) -> None:
    page = shown.ask(f"/nokkeltall/{path}").text
    assert re.findall(r'<iframe[^>]*src="([^"]*)"', page) == [f"/utgivelse/nokkeltall/{path}"]
    assert "Forhåndsvisning – ikke publisert" in page


def test_what_an_address_says_is_not_markup(shown: Shown) -> None:
    page = shown.ask('/nokkeltall/"><script>alert(1)</script>').text
    assert "<script>alert" not in page


# --- quality -----------------------------------------------------------------------------------

PLANTED = 918273.0
"""A number of a kommune."""
TOLD = ("918273", "918 273", "918\u00a0273", "918273,0")


def planted_report() -> QualityFacts:
    """Everywhere that a figure of a kommune can stand, there is one."""
    columns = (
        Column("kommune", "Nr."),
        Column("name", "Kommune"),
        Column("paid", "Skjema 11, 1 000 kr", 0),
        Column("what", "Hva"),
        Column("unknown", "Ukjent"),
    )
    rows = tuple(
        Row(("1124", "Sola", PLANTED, TOLD[1], TOLD[0]), flagged=flagged)
        for flagged in (True, False)
    )
    more = {"columns": columns, "rows": rows, "summary": f"Sola har {TOLD[1]}."}
    return replace(
        FACTS,
        missing=(MissingReports("skjema11", 2025, 357, (("1124", "Sola"),)),),
        rules=(RuleCount("skjema11", 2025, "7", "E", "text", 918273, (("1124", 918273),)),),
        checks=tuple(
            check(name, passed=passed, severity=severity, chart=CHARTS["spread"], **more)
            for name, passed, severity in (
                ("blocking", False, "blocking"),
                ("passed", True, "blocking"),
                ("warning", False, "warning"),
            )
        ),
    )


def test_the_quality_page_names_kommuner_and_has_no_figure_of_any() -> None:
    found = Shown(draft_of(site_cubes(), few_figures.catalogue()))
    planted = planted_report()
    assert any(told in quality_page(planted, TEMPLATES).decode() for told in TOLD)
    found.board.take(Report(without_figures(planted)))
    page = found.ask("/utgivelse/kvalitet")
    assert page.status == 200
    assert not [told for told in TOLD if told in page.text]
    assert "<svg" not in page.text
    assert "Sola" in page.text
    assert "1 av 2 rader er utenfor grensen." in page.text
    policy = page.headers["content-security-policy"]
    assert policy == f"{pages.policy(TEMPLATES)}; {FRAMED}"


def test_what_is_left_of_a_check_are_its_words_and_verdict() -> None:
    planted = planted_report()
    left = without_figures(planted)
    assert left.verdict == planted.verdict
    assert left.rules is None
    for one in left.checks:
        assert [column.key for column in one.columns] == ["kommune", "name"]
        assert one.rows == (Row(("1124", "Sola"), flagged=True),)
        assert one.chart is None


def test_why_a_check_was_not_made_stays_and_nothing_else() -> None:
    why = "Ikke gjort: det er ingen tidligere runde."
    rows = (Row(("Sola", PLANTED), flagged=False),)
    bare: CheckResult = check("x", passed=None, summary=why, rows=rows, chart=CHARTS["bars"])
    (found,) = without_figures(replace(FACTS, checks=(bare,))).checks
    assert (found.summary, found.rows, found.chart) == (why, (), None)
    assert [column.key for column in found.columns] == ["name"]


# --- changes -----------------------------------------------------------------------------------


def test_the_page_of_changes_is_that_of_two_written_releases(tmp_path: Path) -> None:
    one, other = pairs.pair(tmp_path)
    now = [
        pairs.made(
            pairs.NEW, {at: now for at, (_, now, _) in pairs.SIGNS.items()} | pairs.ONLY_NEW
        ),
        pairs.made({"0301": "Oslo"}, {pairs._place("0301"): ":"}, table_id="14019", years=[2025]),
    ]
    draft = draft_of(now, words([cube.table for cube in now]), NAME)
    draft = replace(draft, previous_name=one.name, previous={})
    # It is called as the round is called.
    renamed = other.rename(tmp_path / "renamed")
    after = read_release(renamed)
    found = Shown(draft, tmp_path)
    page = found.ask("/utgivelse/endringer")
    assert page.status == 200
    wanted = write_page(compare(read_release(one), replace(after, name=NAME)), TEMPLATES)
    assert page.body == wanted
    assert page.headers["content-security-policy"] == f"{pages.policy(TEMPLATES)}; {FRAMED}"


def test_without_a_release_before_there_are_no_changes(shown: Shown) -> None:
    assert shown.ask("/utgivelse/endringer").status == 404


def test_a_release_before_that_does_not_read_is_told(tmp_path: Path) -> None:
    draft = replace(draft_of(site_cubes(), few_figures.catalogue()), previous_name="2025-06")
    found = Shown(draft, tmp_path).ask("/utgivelse/endringer")
    assert found.status == 500
    assert "2025-06" in found.text
