"""The pages that list the tables of a release, and what all pages have in common."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from kostra_publish.checking import check_templates
from kostra_publish.errors import TemplateError
from kostra_publish.outputs.overview import NAMES, overview, write_overview
from kostra_publish.outputs.pages import check, grouped, page
from kostra_publish.outputs.registry import FORMATS
from kostra_publish.specs.catalogue import load
from kostra_publish.specs.models import LANGUAGES, DiscontinuedTable
from tests.cubes import catalogue, sample, text
from tests.schedule import release_facts

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
RELEASE = release_facts("2026-03")
GONE = DiscontinuedTable(
    id="12210",
    title=text("Gone"),
    last_year=2021,
    replaced_by=["13995", "99999"],
    series_break=text("New form"),
)


class Page(HTMLParser):
    """Tags in balance, links and identifiers."""

    EMPTY = frozenset({"meta", "link", "br", "hr", "img", "input"})

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.text = content.decode()
        self.open: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.feed(self.text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, attribute: str) -> list[str]:
        return [value for _, had in self.attributes if (value := had.get(attribute))]


def pages() -> dict[str, Page]:
    cubes = [sample("13995", provisional=True), sample("14019")]
    words = catalogue([cube.table for cube in cubes], [GONE])
    written = write_overview(cubes, words, RELEASE, TEMPLATES)
    return {path: Page(content) for path, content in written}


def test_there_is_a_page_per_language_and_a_front_page() -> None:
    found = pages()
    names = [*(f"index.{language}.html" for language in LANGUAGES), "index.html"]
    assert sorted(found) == sorted(f"public/statbank/{name}" for name in names)
    for language in LANGUAGES:
        assert found[f"public/statbank/index.{language}.html"].attributes[0] == (
            "html",
            {"lang": language},
        )
    front = found["public/statbank/index.html"]
    assert front.text == found["public/statbank/index.nb.html"].text


def test_every_link_leads_to_a_file_of_the_release() -> None:
    cubes = [sample("13995"), sample("14019")]
    found = pages()
    written = (write(cubes, catalogue(), RELEASE) for write in FORMATS.values())
    files = {path for files in written for path, _ in files} | found.keys()
    for each in found.values():
        links = [link for link in each.all("href") if not link.startswith("#")]
        assert {f"public/statbank/{link}" for link in links} <= files
        assert len(links) >= 5 * len(cubes)
        names = each.all("aria-label")
        assert len(names) == len(set(names))
        assert {link[1:] for link in each.all("href") if link[0] == "#"} <= set(each.all("id"))


def test_a_page_fetches_nothing_and_runs_nothing() -> None:
    for each in pages().values():
        assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in each.attributes}
        assert not each.all("src")
        assert not each.all("style")
        (policy,) = [value for value in each.all("content") if "default-src" in value]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_a_page_says_what_the_figures_are() -> None:
    found = pages()["public/statbank/index.en.html"].text
    for words in (
        "not an official page of Statistics Norway",
        "16 March 2026",
        "15 June 2026",
        "preliminary figures for 2025",
        "synthetic (en)",
        "not confirmed",
        "Discontinued series",
        "New form (en)",
        "CC BY 4.0",
    ):
        assert words in found


def test_a_release_without_tables_has_a_page(tmp_path: Path) -> None:
    written = dict(write_overview([], catalogue(), RELEASE, TEMPLATES))
    assert "Ingen tabeller" in written["public/statbank/index.html"].decode()
    assert list(tmp_path.iterdir()) == []


def test_the_real_catalogue_fits_the_page() -> None:
    real = load(ROOT / "table_specs")
    found = dict(write_overview([sample()], real, RELEASE, TEMPLATES))
    for content in found.values():
        assert all(gone in Page(content).text for gone in real.discontinued)
    assert "Endelige tall kommer 15. juni 2026." in found["public/statbank/index.html"].decode()


def test_titles_are_escaped() -> None:
    whole = sample(title=text("<script>alert('x')</script> & more"))
    written = dict(write_overview([whole], catalogue(), RELEASE, TEMPLATES))
    found = written["public/statbank/index.html"]
    assert b"&lt;script&gt;" in found
    assert "script" not in {tag for tag, _ in Page(found).attributes}


# --- templates that do not hold together ---


@pytest.mark.parametrize(
    ("template", "rule"),
    [
        ("line\n{{ nothing }}", "'nothing' is undefined"),
        ("line\n{% if %}", "Expected an expression"),
        ("line\n{{ 1 | nothing }}", "No filter named 'nothing'"),
        ('line\n{% include "more.j2" %}', "more.j2 is missing"),
    ],
)
def test_a_template_that_does_not_hold_together_is_reported_before_and_as_it_is_shown(
    tmp_path: Path, template: str, rule: str
) -> None:
    (tmp_path / "plain.css").touch()
    (tmp_path / "page.j2").write_text(template)
    for use in (lambda: check(tmp_path, {"page.j2": []}), lambda: page(tmp_path, "page.j2")):
        with pytest.raises(TemplateError) as caught:
            use()
        (finding,) = caught.value.findings
        assert (finding.file, finding.where) == ("page.j2", "line 2")
        assert rule in finding.rule
        assert "1 problem in the templates:" in str(caught.value)


@pytest.mark.parametrize("template", ["line\n{{ facts.nothing }}", "line\n{{ facts + 1 }}"])
def test_what_only_shows_as_a_page_is_made_has_its_line(tmp_path: Path, template: str) -> None:
    (tmp_path / "plain.css").touch()
    (tmp_path / "page.j2").write_text(template)
    check(tmp_path, {"page.j2": ["facts"]})
    with pytest.raises(TemplateError) as caught:
        page(tmp_path, "page.j2", facts="words")
    (finding,) = caught.value.findings
    assert (finding.file, finding.where) == ("page.j2", "line 2")


def test_an_included_template_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "plain.css").touch()
    (tmp_path / "page.j2").write_text('{% include "more.j2" %}')
    (tmp_path / "more.j2").write_text('{% include "page.j2" %}\n{{ given }}\n{% if %}')
    with pytest.raises(TemplateError) as caught:
        check(tmp_path, {"page.j2": []})
    (finding,) = caught.value.findings
    assert (finding.file, finding.where) == ("more.j2", "line 3")


def test_a_missing_template_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"page.j2: the template is missing"):
        check(tmp_path, {"page.j2": []})
    with pytest.raises(TemplateError, match=r"plain.css: the template is missing"):
        page(tmp_path, "page.j2")


def test_a_style_sheet_cannot_leave_its_tag(tmp_path: Path) -> None:
    (tmp_path / "plain.css").write_text("\n</style><script>")
    (tmp_path / "page.j2").write_text("{{ style }}")
    for use in (lambda: check(tmp_path, {"page.j2": []}), lambda: page(tmp_path, "page.j2")):
        with pytest.raises(TemplateError, match=r"plain.css: line 2: a style sheet"):
            use()


def test_the_programs_own_templates_hold_together() -> None:
    check_templates(TEMPLATES)
    assert set(overview([], catalogue(), "nb", RELEASE)) == set(NAMES)


def test_numbers_are_grouped_by_thousands() -> None:
    assert [grouped(number) for number in (7, 1_234, 1_234_567)] == [
        "7",
        "1\N{NO-BREAK SPACE}234",
        "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567",
    ]
