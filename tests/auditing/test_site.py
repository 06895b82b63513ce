"""The key-figure site: what pages and data show must be what the tables of the release show."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kostra_publish.auditing.marks import Figures
from kostra_publish.auditing.released import Content, ReleasedTable, Year, sign_number
from kostra_publish.auditing.site import read_all
from kostra_publish.auditing.texts import KnownTexts
from tests.auditing.released import JUNE, TEMPLATES, Look, said, sign
from tests.schedule import CALENDAR

TOP = Path(__file__).parents[2]
SPACE, MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"
COUNT, SHARE = "KOSsosantkliente0000", "KOSand18240000"
REGIONS = ("1124", "1103", "3103", "EAK")
SITE = "public/nokkeltall"

# By region and measure, the numbers or signs of 2024 and 2025.
CELLS: dict[str, dict[str, tuple[float | str, float | str]]] = {
    "1124": {COUNT: (1200, 1234), SHARE: (5.0, 5.3)},
    "1103": {COUNT: (4000, 3900), SHARE: (":", 7.1)},
    "3103": {COUNT: ("..", ":"), SHARE: (".", 5.3)},
    "EAK": {COUNT: (90_000, 91_234), SHARE: (-5.5, 6.0)},
}


def table() -> ReleasedTable:
    cells = [cell for of in CELLS.values() for pair in of.values() for cell in pair]
    signs = [sign_number(cell) if isinstance(cell, str) else 0 for cell in cells]
    return ReleasedTable(
        file="14019.nb.json",
        form="JSON-stat",
        table="14019",
        language="nb",
        dimensions={
            "KOKkommuneregion0000": REGIONS,
            "ContentsCode": (COUNT, SHARE),
            "Tid": ("2024", "2025"),
        },
        values=np.array([np.nan if isinstance(cell, str) else cell for cell in cells]),
        signs=np.array(signs, dtype=np.int8),
        years={2024: Year("2025-06", False), 2025: Year("2026-03", True)},
        synthetic=True,
        decimals={COUNT: 0, SHARE: 1},
    )


def mark(measure: str, region: str, *years: int) -> str:
    return " ".join(["14019", measure, region, *map(str, years)])


# --- a page as it should be ---------------------------------------------------------------

PAGE = f"""<!DOCTYPE html>
<html lang="nb">
<head>
<meta charset="utf-8">
<title>Sola (1124): nøkkeltall for 2025</title>
<meta name="description" content="I Sola var 5,3 prosent i 2025, {SPACE}mot 5,0 året før."
 data-f="{mark(SHARE, "1124", 2025)} | {mark(SHARE, "1124", 2024)}">
<link rel="alternate" hreflang="en" href="../en/1124-sola/">
<script src="../felles/site.js" defer></script>
<script type="application/ld+json" data-f="{mark(SHARE, "1124", 2025)}">
{{"@context": "https://schema.org", "name": "Sola: 5,3", "temporalCoverage": "2024/2025"}}
</script>
</head>
<body>
<!-- Sola -->
<h1 id="1124-sola" class="area">Sola</h1>
<p><strong data-c="{mark(COUNT, "1124", 2025)}">1{SPACE}234</strong> tilfeller i 2025,
<span data-d="{mark(COUNT, "1124", 2024, 2025)}">+2,8{SPACE}%</span>
(<span data-d="{mark(COUNT, "1124", 2024, 2025)}">+34</span>). Nummer
<b data-r="{mark(SHARE, "1124", 2025)}">2</b> av <b data-k="{mark(SHARE, "", 2025)}">3</b>.</p>
<p title="nå 5,3" data-f="{mark(SHARE, "1124", 2025)}">Andelen er nå 5,3.</p>
<svg class="chart line" viewBox="0 0 320 180" role="img" aria-label="Sola: 5,3 i 2025"
 data-f="{mark(SHARE, "1124", 2025)}"><desc>Sola, 2024 og 2025</desc>
<path d="M10 20.5L30 44.25" class="line"/>
<text class="tick" x="3" y="7">0,5</text><text x="3" class="tick">1{SPACE}200</text>
<text class="year" x="12.5" y="170">2025</text>
<circle cx="10" cy="20.5" r="4" data-c="{mark(SHARE, "1124", 2025)}">
<title>2025: 5,3</title></circle>
<text class="value" x="10" y="16" data-c="{mark(SHARE, "1124", 2025)}">5,3</text></svg>
<table><tr><th scope="row">2024</th><td data-c="{mark(SHARE, "1103", 2024)}">:</td>
<td data-c="{mark(COUNT, "3103", 2024)}">..</td><td data-c="{mark(SHARE, "EAK", 2025)}">6</td>
<td class="num" data-c="{mark(SHARE, "EAK", 2024)}">{MINUS}5,5</td></tr></table>
<p><a href="tall.csv" download="1124-sola-tall.csv">Regneark</a>
<a href="../../statbank/csv/14019.csv">14019</a> <a href="../3103-moss/#innhold">Moss</a></p>
</body>
</html>
""".replace('  2025">3', ' 2025">3')

ENGLISH = f"""<!DOCTYPE html>
<html lang="en"><head><title>Sola</title></head>
<body><p data-c="{mark(COUNT, "1124", 2025)}">1,234</p>
<p data-c="{mark(SHARE, "1124", 2025)}">5.3</p>
<p data-d="{mark(SHARE, "1124", 2024, 2025)}">+0.3</p>
<p data-d="{mark(COUNT, "1103", 2024, 2025)}">{MINUS}2.5%</p></body></html>
"""

REDIRECT = """<!DOCTYPE html>
<html lang="nb"><head><title>Halden (3001)</title>
<meta http-equiv="refresh" content="0; url=../3101-halden/"></head>
<body><a href="../3101-halden/">Halden</a></body></html>
"""


def area() -> dict[str, Any]:
    return {
        "code": "1124",
        "slug": "1124-sola",
        "kind": "kommune",
        "name": {"nb": "Sola", "nn": "Sola", "en": "Sola"},
        "synthetic": True,
        "years": [2024, 2025],
        "preliminary": [2025],
        "figures": {
            "andel-unge": {
                "table": "14019",
                "measure": SHARE,
                "codes": [],
                "regions": ["1103", "1124"],
                "values": [None, 5.3],
                "signs": [":", ""],
                "estimated": [2025],
            }
        },
    }


HEADER = (
    "figure;table;measure;codes;region;region_name;label;unit;year;value;sign;preliminary;"
    "estimated;synthetic"
)
ROWS = [
    f"andel-unge;14019;{SHARE};;1124;Sola;Andel;prosent;2025;5,3;;true;false;true",
    f"andel-unge;14019;{SHARE};;1103;Stavanger;Andel;prosent;2024;;:;false;false;true",
]
SEARCH = {
    "areas": [
        ["1124-sola", "kommune", "Sola", []],
        ["3101-halden", "kommune", "Halden", ["3001 Halden"]],
    ]
}
SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>https://example.org/nokkeltall/1124-sola/</loc><lastmod>2026-03-16</lastmod></url>
</urlset>
"""


def site() -> dict[str, str]:
    sheet = "\N{ZERO WIDTH NO-BREAK SPACE}" + "".join(f"{row}\r\n" for row in [HEADER, *ROWS])
    return {
        f"{SITE}/1124-sola/index.html": PAGE,
        f"{SITE}/1124-sola/tall.json": json.dumps(area()),
        f"{SITE}/1124-sola/tall.csv": sheet,
        f"{SITE}/3001-halden/index.html": REDIRECT,
        f"{SITE}/en/1124-sola/index.html": ENGLISH,
        f"{SITE}/felles/site.css": "p { margin: 3px }",
        f"{SITE}/sitemap.xml": SITEMAP,
        f"{SITE}/sok.json": json.dumps(SEARCH),
        "public/robots.txt": "User-agent: *\nSitemap: nokkeltall/sitemap.xml\n",
        "public/statbank/csv/14019.csv": "",
    }


Findings = Callable[[dict[str, str]], list[str]]


@pytest.fixture(scope="module")
def known() -> KnownTexts:
    return KnownTexts(TOP / "table_specs", TEMPLATES, cells=[], last_year=2027, calendar=CALENDAR)


@pytest.fixture
def findings(tmp_path: Path, known: KnownTexts) -> Findings:
    """What is found in a site of these files, its texts included."""
    templates = tmp_path / "templates"
    (templates / "site").mkdir(parents=True)
    (templates / "site" / "site.css").write_text("p { margin: 3px }", encoding="utf-8")

    def found(files: dict[str, str]) -> list[str]:
        release = tmp_path / "release"
        for name, text in files.items():
            path = release / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        names = sorted(name for name in files if "statbank" not in name)
        contents = read_all(release, names, Figures([table()]), templates)
        assert [content.file for content in contents] == names
        return [line for content in contents for line in _lines(content, known)]

    return found


def _lines(content: Content, known: KnownTexts) -> list[str]:
    unknown = [
        f"text: {one.place}: {one.text}"
        for one in content.texts
        if one.text != "charset utf-8" and not known.accounts_for(one.text, is_code=one.is_code)
    ]
    return [f"{content.file}: {line}" for line in [*content.wrong, *unknown]]


def test_a_site_as_it_should_be(findings: Findings) -> None:
    assert findings(site()) == []


# --- leaks in pages -----------------------------------------------------------------------

HIDDEN = mark(COUNT, "3103", 2025)
RIGHT = mark(SHARE, "1124", 2025)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("<p>3 personer</p>", "text: text: 3 personer"),
        ("<p>tre ½</p>", "text: text"),
        ("<p>&#51; personer</p>", "text: text"),
        ("<p>&half;</p>", "text: text"),
        ('<p title="3 personer">x</p>', "text: attribute title"),
        ('<p aria-label="3">x</p>', "text: attribute aria-label"),
        ('<img alt="3 personer" src="a.png">', "text: attribute alt"),
        ('<p data-value="3">x</p>', "text: attribute data-value"),
        ('<p data-c-more="3">x</p>', "text: attribute data-c-more"),
        ("<p data-value='3'>x</p>", "has tags that are not as"),
        ('<p data-value="3>4">x</p>', "has tags that are not as"),
        ("<!-- 3 -->", "text: comment"),
        ("<?php 3 ?>", "text: tag"),
        ('<meta name="description" content="I alt 5,3 prosent">', "text: attribute content"),
        ('<meta content="5,3 og 7,1" data-f="{RIGHT}">', "text: attribute content"),
        ('<meta content="15,3" data-f="{RIGHT}">', "text: attribute content"),
        ('<meta content="5,3 og 5,3" data-f="{RIGHT}">', "text: attribute content"),
        ('<meta content="3 personer" data-f="{HIDDEN}">', "text: attribute content"),
        ('<meta content="Sola" data-f="{RIGHT}">', "lists cells that it does not show"),
        ('<meta content="5,3" data-f="{RIGHT} | 14019 x 1124 2025">', "lists cells that are not"),
        ('<p data-f="{RIGHT}">Fra 5,3 <b>3</b></p>', "text: text: 3"),
        ('<p data-c="{HIDDEN}">3</p>', "marked with data-c: 1, first 14019 KOSsosant"),
        ('<p data-c="{HIDDEN}">..</p>', "marked with data-c"),
        ('<p data-c="{RIGHT}">:</p>', "marked with data-c"),
        ('<p data-c="{RIGHT}">5,4</p>', "marked with data-c"),
        ('<p data-c="{RIGHT}">5.3</p>', "marked with data-c"),
        ('<p data-c="{RIGHT}">5,30</p>', "marked with data-c"),
        ('<p data-c="{RIGHT}">5,3 3</p>', "marked with data-c"),
        ('<p data-c="{RIGHT}"></p>', "marked with data-c"),
        ('<p data-c="{RIGHT}"><b>5,3</b> 3</p>', "stand at more than a figure"),
        ('<p data-c="{RIGHT}">5,3<b>3</b></p>', "stand at more than a figure"),
        ('<p data-c="14019 x 1124 2025">5,3</p>', "marked with data-c: 1"),
        ('<p data-c="14019 {SHARE} 1124 2023">5,3</p>', "marked with data-c: 1"),
        ('<p data-c="{RIGHT} 3">5,3</p>', "marked with data-c: 1"),
        ('<p data-c="{RIGHT}" data-c="3">5,3</p>', "marked with data-c: 1"),
        ('<p data-c="{RIGHT}" title="3">5,3</p>', "text: attribute title"),
        ('<p data-d="14019 {SHARE} 1103 2024 2025">+7,1</p>', "marked with data-d"),
        ('<p data-d="14019 {COUNT} 1124 2024 2025">+2,9 %</p>', "marked with data-d"),
        ('<p data-d="14019 {COUNT} 1124 2024 2025">34</p>', "marked with data-d"),
        ('<p data-d="14019 {COUNT} 1124 2024 2025">+33</p>', "marked with data-d"),
        ('<p data-d="14019 {SHARE} EAK 2024 2025">+9,1 %</p>', "marked with data-d"),
        ('<p data-r="{HIDDEN}">1</p>', "marked with data-r"),
        ('<p data-r="{RIGHT}">1</p>', "marked with data-r"),
        ('<p data-r="14019 {SHARE} EAK 2025">1</p>', "marked with data-r"),
        ('<p data-k="14019 {SHARE} 2025">4</p>', "marked with data-k"),
        ('<p data-k="14019 {SHARE} 2023">3</p>', "marked with data-k"),
        ('<svg><text class="tick">12,34</text></svg>', "axis numbers that are not round"),
        ('<svg><text class="tick">3 personer</text></svg>', "axis numbers that are not round"),
        ('<p class="tick">3</p>', "text: text: 3"),
        ('<svg><text class="year">3</text></svg>', "text: text: 3"),
        ("<svg><text>3</text></svg>", "text: text: 3"),
        ("<svg><circle><title>2025: 5,3</title></circle></svg>", "text: text: 2025: 5,3"),
        ('<svg><circle data-c="{HIDDEN}"><title>2025: 3</title></circle></svg>', "data-c"),
        ('<svg><circle data-c="{RIGHT}"><title>3: 5,3</title></circle></svg>', "text: text: 3"),
        ('<p x="3">x</p>', "text: attribute x"),
        ('<p><b> x="3"</b></p>', "text: text"),
        ('<p style="width: 3px">x</p>', "has a style or a script in an attribute"),
        ('<p onclick="go()">x</p>', "has a style or a script in an attribute"),
        ("<script>var most = 3;</script>", "has a script in the page"),
        ('<script type="application/ld+json">{{"a": 3}}</script>', "text: script a: number 3"),
        ('<script type="application/ld+json">{{"a": "3 p"}}</script>', "text: script a: 3 p"),
        ('<script type="application/ld+json">3;</script>', "has JSON-LD that is not JSON"),
        ("<style>p {{ margin: 3px }}</style>", "text: text"),
        ('<a href="../3/">x</a>', "text: address or name: 3"),
        ('<a id="n-3">x</a>', "text: address or name"),
        ('<b class="w3">x</b>', "text: address or name"),
        ("<p>1124-personer</p>", "text: text"),
    ],
)  # fmt: skip
def test_a_leak_in_a_page(findings: Findings, words: str, found: str) -> None:
    written = words.format(HIDDEN=HIDDEN, RIGHT=RIGHT, COUNT=COUNT, SHARE=SHARE)
    files = site()
    page = f"{SITE}/1124-sola/index.html"
    files[page] = PAGE.replace("</body>", f"{written}</body>")
    assert any(line.startswith(page) and found in line for line in findings(files))


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (PAGE.replace('lang="nb"', 'lang="en"'), "shows what is not in the tables"),
        (PAGE.replace(' lang="nb"', ""), "is in no language of the tables"),
        (PAGE.replace("<!DOCTYPE html>", ""), "is not a page in HTML 5"),
        (PAGE + "3", "text: text"),
        (PAGE.replace("<title>Sola", "<title>3 i Sola"), "text: text"),
        ("3" + PAGE, "text: text"),
    ],
)
def test_a_page_that_is_wrong(findings: Findings, page: str, found: str) -> None:
    files = site()
    files[f"{SITE}/1124-sola/index.html"] = page
    assert any(found in line for line in findings(files))


def test_what_was_right_on_one_page_is_not_right_in_another_language(findings: Findings) -> None:
    files = site()
    files[f"{SITE}/en/1124-sola/index.html"] = PAGE.replace('lang="nb"', 'lang="en"')
    assert any("en/1124-sola" in line and "data-c: " in line for line in findings(files))


def test_a_message_names_no_figure(findings: Findings) -> None:
    files = site()
    files[f"{SITE}/1124-sola/index.html"] = PAGE.replace(
        "</body>", f'<p data-c="{HIDDEN}">987</p><p data-c="14019 987">654</p></body>'
    )
    found = [line for line in findings(files) if "text:" not in line]
    assert found
    assert not any("987" in line or "654" in line for line in found)


def test_a_region_with_another_code_in_the_first_year() -> None:
    figures = Figures([table()])
    assert figures.is_change(f"14019 {COUNT} 1103/1124 2024 2025", f"{MINUS}2{SPACE}766", "nb")
    assert not figures.is_change(f"14019 {COUNT} 1103 2024 2025", f"{MINUS}2{SPACE}766", "nb")


# --- leaks in what stands beside ----------------------------------------------------------


def altered(**changes: Any) -> str:
    document = area()
    figure = document["figures"]["andel-unge"]
    for key, value in changes.items():
        (figure if key in figure else document)[key] = value
    return json.dumps(document)


def rows(*changed: str, header: str = HEADER) -> str:
    return "\N{ZERO WIDTH NO-BREAK SPACE}" + "".join(f"{row}\r\n" for row in [header, *changed])


SHEET_ROW = (
    f"andel-unge;14019;{SHARE};;{{}};Stavanger;Andel;prosent;2024;{{}};{{}};false;false;true"
)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("1124-sola/tall.json", altered(values=[3, 5.3]), "shows what is not in the tables: 1"),
        ("1124-sola/tall.json", altered(values=[3, 5.3], signs=["", ""]), "shows what is not"),
        ("1124-sola/tall.json", altered(values=[None, 5.4]), "shows what is not"),
        ("1124-sola/tall.json", altered(values=[None, "5.3"]), "is not a tall.json"),
        ("1124-sola/tall.json", altered(signs=["..", ""]), "shows what is not"),
        ("1124-sola/tall.json", altered(regions=["1103", "9999"]), "shows what is not"),
        ("1124-sola/tall.json", altered(more=3), "is not a tall.json"),
        ("1124-sola/tall.json", altered(years=[2025]), "is not a tall.json"),
        ("1124-sola/tall.json", altered(kind="3 personer"), "text: kind"),
        ("1124-sola/tall.json", altered(slug="3-sola"), "text: code"),
        ("1124-sola/tall.json", "{", "is not a tall.json"),
        ("1124-sola/tall.csv", rows(SHEET_ROW.format("1103", "3", "")), "shows what is not"),
        ("1124-sola/tall.csv", rows(SHEET_ROW.format("1103", "3", ":")), "shows what is not"),
        ("1124-sola/tall.csv", rows(SHEET_ROW.format("1124", "5.0", "")), "shows what is not"),
        ("1124-sola/tall.csv", rows(SHEET_ROW.format("1124", "5,00", "")), "shows what is not"),
        ("1124-sola/tall.csv", rows(ROWS[0].replace("Sola", "3 p")), "text: region_name"),
        ("1124-sola/tall.csv", rows(ROWS[0].replace("false", "3")), "is not a tall.csv"),
        ("1124-sola/tall.csv", rows(*ROWS, header=f"{HEADER};more"), "is not a tall.csv"),
        ("1124-sola/tall.csv", rows(f"{ROWS[0]};3"), "is not a tall.csv"),
        ("1124-sola/tall.csv", rows(*ROWS).replace("\r", ""), "is not a tall.csv"),
        ("sok.json", json.dumps({**SEARCH, "more": 3}), "is not a sok.json"),
        ("sok.json", json.dumps({"areas": [["1124-sola", "k", "Sola", [], 3]]}), "is not a sok"),
        ("sok.json", json.dumps({"areas": [["1124-sola", "k", "3 p", []]]}), "text: name"),
        ("sok.json", json.dumps({"areas": [["1124-sola", "k", "S", ["3 p"]]]}), "text: former"),
        ("sitemap.xml", SITEMAP.replace("<url>", "<url><priority>3</priority>"), "is not a sitem"),
        ("sitemap.xml", SITEMAP.replace("<url>", "<url>3"), "is not a sitemap"),
        ("sitemap.xml", SITEMAP.replace("1124-sola", "3"), "text: loc"),
        ("sitemap.xml", SITEMAP.replace("2026-03-16", "2026-03-03"), "text: lastmod"),
        ("../robots.txt", "User-agent: *\nCrawl-delay: 3\n", "is not a robots.txt"),
        ("../robots.txt", "# 3 personer\n", "text: comment"),
        ("../robots.txt", "Disallow: /3/\n", "text: address"),
        ("felles/site.css", "p { margin: 4px }", "is not the same as among the templates"),
        ("felles/more.js", "", "is not among the files that pages share"),
        ("more.txt", "3", "is of a kind that the audit does not know"),
        ("1124-sola/more.json", "{}", "is of a kind that the audit does not know"),
    ],
)  # fmt: skip
def test_a_leak_beside_the_pages(findings: Findings, name: str, text: str, found: str) -> None:
    files = site()
    path = "public/robots.txt" if name.startswith("..") else f"{SITE}/{name}"
    files[path] = text
    assert any(line.startswith(path) and found in line for line in findings(files))


# --- a release ----------------------------------------------------------------------------


def test_the_site_of_a_release_is_audited(out: Path, look: Look, tmp_path: Path) -> None:
    folder = out / JUNE / "public" / "nokkeltall"
    folder.mkdir()
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    page = PAGE.split("<head>", maxsplit=1)[0] + "<head><title>Tall</title></head>{}</html>"
    (folder / "index.html").write_text(page.format("<p>I 2025</p>"), encoding="utf-8")
    sign(out / JUNE)
    assert said(look(out / JUNE)) == ""
    (folder / "index.html").write_text(page.format("<p>3 personer</p>"), encoding="utf-8")
    sign(out / JUNE)
    assert "index.html: has a text with digits that nothing accounts for: text" in said(
        look(out / JUNE)
    )
