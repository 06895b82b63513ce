"""What the script of the key-figure pages works out without a page, run by node."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "templates" / "site"
DECISION = ROOT / "docs" / "decisions" / "0011-one-script-and-a-chart-library.md"

AREAS = [
    ["landet", "landet", "Landet", []],
    ["03-oslo", "fylke", "Oslo - Oslove", []],
    ["3101-halden", "kommune", "Halden", ["3001 Halden"]],
    ["1506-molde", "kommune", "Molde", ["1543 Nesset"]],
    ["1578-fjord", "kommune", "Fjord", ["1523 Ørskog", "1524 Norddal"]],
    ["1508-alesund", "kommune", "Ålesund", []],
    ["3201-baerum", "kommune", "Bærum", []],
    ["5501-tromso", "kommune", "Tromsø", []],
    ["5503-harstad", "kommune", "Harstad - Hárstták", []],
    ["3326-nes", "kommune", "Nesbyen", []],
    ["3228-nes", "kommune", "Nes", []],
    ["1108-sandnes", "kommune", "Sandnes", []],
]


def node(expression: str, *given: object) -> Any:
    """What a JavaScript function gives, with arguments and result as JSON."""
    binaries = Path(sys.executable).parent
    program = (
        f"require({json.dumps(str(SITE / 'site.js'))});"
        f"const given = JSON.parse(require('fs').readFileSync(0));"
        f"console.log(JSON.stringify(({expression})(...given)));"
    )
    run = subprocess.run(
        ["node", "--input-type=commonjs", "--eval", program],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={"PATH": str(binaries)},
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def found(*queries: str) -> list[list[str]]:
    slugs: list[list[str]] = node(
        "(areas, queries) => queries.map((query) =>"
        " kostra.search(kostra.prepared(areas), query).map((hit) => hit.slug))",
        AREAS,
        queries,
    )
    return slugs


def test_a_letter_is_found_however_it_is_written() -> None:
    queries = ["tromsø", "TROMSO", "tromsoe", "Ålesund", "aalesund", "alesund", "bærum", "baerum"]
    slugs = ["5501-tromso"] * 3 + ["1508-alesund"] * 3 + ["3201-baerum"] * 2
    assert found(*queries) == [[slug] for slug in slugs]


def test_numbers_former_names_and_sami_names_are_found() -> None:
    assert found("1506", "15", "3001", "nesset 1543", "ørskog", "hars", "hárstt", "oslove") == [
        ["1506-molde"],
        ["1506-molde", "1578-fjord", "1508-alesund"],
        ["3101-halden"],
        ["1506-molde"],
        ["1578-fjord"],
        ["5503-harstad"],
        ["5503-harstad"],
        ["03-oslo"],
    ]


def test_the_likeliest_area_comes_first_and_nothing_finds_nothing() -> None:
    (nes, *empty) = found("nes", "", "  ", "-", "xyz")
    assert nes == ["3228-nes", "3326-nes", "1506-molde", "1108-sandnes"]
    assert empty == [[], [], [], []]


def test_only_what_a_former_name_found_tells_it() -> None:
    former = node(
        "(areas) => ['halden', '3001'].map((query) =>"
        " kostra.search(kostra.prepared(areas), query)[0].former)",
        AREAS,
    )
    assert former == ["", "3001 Halden"]


@pytest.mark.parametrize(
    ("value", "decimals", "norwegian", "english"),
    [
        (0, 0, "0", "0"),
        (5.1, 1, "5,1", "5.1"),
        (5, 1, "5,0", "5.0"),
        (999, 0, "999", "999"),
        (1234.5, 1, "1\u00a0234,5", "1,234.5"),
        (1234567, 0, "1\u00a0234\u00a0567", "1,234,567"),
        (-1234.5, 1, "\u22121\u00a0234,5", "\u22121,234.5"),
        (-0.04, 1, "0,0", "0.0"),
    ],
    ids=str,
)
def test_figures_are_written_as_on_the_pages(
    value: float, decimals: int, norwegian: str, english: str
) -> None:
    written = node(
        "(value, decimals) =>"
        " ['nb', 'nn', 'en'].map((language) => kostra.format(value, decimals, language))",
        value,
        decimals,
    )
    assert written == [norwegian, norwegian, english]


@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
def test_rows_without_a_number_stay_last_and_equal_rows_keep_their_order(descending: bool) -> None:
    keys = [5, None, -1, 10, 5, None]
    order = node(
        "(keys, descending) => keys.map((key, at) => ({ key, at }))"
        ".sort(kostra.comparing(descending)).map(({ at }) => at)",
        keys,
        descending,
    )
    assert order == ([3, 0, 4, 2, 1, 5] if descending else [2, 0, 4, 3, 1, 5])


def test_names_are_sorted_as_in_norwegian() -> None:
    names = ["Ås", "Ærø", "Østre Toten", "Vang", "Aarborte", "Alta", "Zz"]
    order = node(
        "(names) => names.map((key) => ({ key })).sort(kostra.comparing(false))"
        ".map(({ key }) => key)",
        names,
    )
    assert order == ["Alta", "Vang", "Zz", "Ærø", "Østre Toten", "Aarborte", "Ås"]


def test_the_chart_library_is_the_one_that_was_decided_on() -> None:
    library = (SITE / "plotly-basic.min.js").read_bytes()
    assert hashlib.sha256(library).hexdigest() in DECISION.read_text(encoding="utf-8")
    assert b"Licensed under the MIT license" in library[:200]
