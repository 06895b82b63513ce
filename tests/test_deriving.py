"""How a figure is made is told of every measure, and tried on what is published."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import polars as pl
import pytest

from kostra_publish import cli
from kostra_publish.deriving import Asked, Derivation, derive
from kostra_publish.deriving.figures import Figures
from kostra_publish.deriving.formulas import Made
from kostra_publish.deriving.words import WORDS
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.errors import UsageError
from kostra_publish.outputs.norwegian import number
from kostra_publish.releases.history import cube_files
from kostra_publish.releases.manifest import InputFile, write_manifest
from kostra_publish.releases.staging import staged
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import Tongue
from tests.cube.specs import measure, table
from tests.cube.test_build import YEAR
from tests.cubes import cube, dimension, dimensions, facts
from tests.disclosure.test_rounds_disclosure import published
from tests.disclosure.test_universe import ONE, TWO, built, people
from tests.few_specs import SPECS
from tests.phrases import unlike, unused
from tests.schedule import release_facts

SOLA = "1124"


@pytest.fixture(scope="module")
def specs() -> Catalogue:
    return load(SPECS)


def rows(found: Derivation, name: str) -> list[str]:
    sections = [*found.sections, *([found.region] if found.region else [])]
    return [line for one in sections for row in one.rows if row.name == name for line in row.lines]


# --- in words ------------------------------------------------------------------------------


def test_a_mean_is_told_from_spec_to_columns(specs: Catalogue) -> None:
    found = derive(specs, Asked("13995", "KOSsosgjantmnd0000"))
    assert rows(found, "formula") == ["the sum of stoenadsmaaneder ÷ the number of tilfeller"]
    place, formula = rows(found, "spec")
    line = int(place.removeprefix("13995.yaml:"))
    written = (SPECS / "13995.yaml").read_text(encoding="utf-8").splitlines()
    assert formula in written[line - 1]
    assert rows(found, "unit") == ["months, 1 decimal"]
    assert "· BOSIT is anything but 6 Institusjon" in rows(found, "skjema11")
    columns = rows(found, "skjema11_p2026_v*")
    assert "stoenadsmaaneder ← STMND_* (12)" in columns
    assert "utbetalt ← BIDRAG, LAAN" in columns
    assert rows(found, "rounding") == ["to 1 decimal, half away from zero, after all else"]
    assert "fewer than four tilfeller" in rows(found, "hidden")[0]
    assert found.region is None


def test_terms_are_expanded_where_they_are_put_together(specs: Catalogue) -> None:
    found = derive(specs, Asked("14019", "KOSnetfgk12a0000"), tongue="nb")
    assert rows(found, "formel") == ["fgk12a_netto"]
    plus, minus = rows(found, "deler")
    assert plus.startswith("+ fgk12a_utgifter: summen av BELOEP der FUNKSJON er 242 Råd")
    assert minus.startswith("− fgk12a_inntekter: ")
    terms = rows(found, "termer")
    assert terms[0].endswith("= fgk12a_utgifter − fgk12a_inntekter")
    (line,) = re.findall(r"shared/terms.yaml:(\d+)", terms[0])
    written = (SPECS / "shared" / "terms.yaml").read_text(encoding="utf-8").splitlines()
    assert written[int(line) - 1].startswith("  fgk12a_netto:")
    assert "ingen personer er talt" in rows(found, "ingen")[0]


@pytest.mark.parametrize(
    ("table", "code", "formula"),
    [
        (
            "14019",
            "KOSandvklo0000",
            "100 × the number of tilfeller where VKLO is 5 ÷ the number of tilfeller",
        ),
        ("14019", "KOSandtilfinn0000", "100 × tilfeller ÷ innbyggere"),
        ("13995", "KOSgjutbmnd0000", "the sum of utbetalt ÷ the sum of stoenadsmaaneder"),
        ("13995", "KOSsumutbet0000", "0.001 × the sum of utbetalt"),
        ("13995", "KOSant18240000", "the number of tilfeller where alder is 18 to 24"),
        ("12131", "KOSsatsenslig0000", "SATS_ENSLIG as it stands in the form"),
    ],
)
def test_a_formula_stands_on_one_line(
    specs: Catalogue, table: str, code: str, formula: str
) -> None:
    assert rows(derive(specs, Asked(table, code)), "formula") == [formula]


@pytest.mark.parametrize("tongue", ["nb", "en"])
@pytest.mark.parametrize("name", [path.stem for path in SPECS.glob("*[0-9ta-z].yaml")])
def test_every_measure_can_be_told(specs: Catalogue, name: str, tongue: Tongue) -> None:
    for one in specs.tables[name].measures if name in specs.tables else ():
        found = derive(specs, Asked(name, one.code), tongue=tongue)
        said = [line for part in found.sections for row in part.rows for line in row.lines]
        assert [line for line in said if not line or "None" in line] == []
        assert len(found.sections) >= 5


def test_a_table_that_takes_its_measures_from_another_says_where_they_stand(
    specs: Catalogue,
) -> None:
    found = derive(specs, Asked("13995-bydel", "KOSsumutbet0000"))
    assert rows(found, "spec")[0].startswith("13995.yaml:")
    assert "one of them has not reported" in rows(found, "larger regions")[0]


def test_every_phrase_says_the_same_in_both_languages_and_is_used() -> None:
    assert unlike(WORDS) == []
    assert unused(WORDS, SPECS.parent / "kostra_publish" / "deriving") == []


# --- numbers ---------------------------------------------------------------------------------

COUNT = measure("n", kind="count")
MEN = measure("men", kind="count", where={"KJONN": "1"})
SHARE = measure("share", 1, kind="share", where={"KJONN": ["1"]})
PAID = measure("paid", kind="sum", of="utbetalt", factor=0.001)
MEAN = measure("mean", kind="mean", of="utbetalt")
RATE = measure("rate", 2, kind="rate", numerator="utbetalt", denominator="tilfeller")
LESS = measure("less", kind="difference", terms=["utbetalt", {"term": "tilfeller", "factor": -1}])
EVERY = [COUNT, MEN, SHARE, PAID, MEAN, RATE, LESS]


@pytest.mark.parametrize("missing", ["sum", "estimate"])
def test_published_parts_give_the_published_figure(missing: str) -> None:
    random = Random(3)
    kommuner = [ONE, TWO, "1101", "1103", "3103"]
    sample = [
        row
        for kommune in kommuner
        for sex in "12"
        for row in people(
            kommune, random.randrange(30), KJONN=sex, utbetalt=random.randrange(100, 90_000)
        )
    ]
    spec = table(EVERY, missing=missing)
    plan, _ = built([spec], sample, "1106")
    cubes = {one.table.id: one for one in published([spec], sample, "1106").cubes}
    regions = [*kommuner, "1106", "EKA11", "EKA31", "EAK", "EAKUO"]
    tried = [
        found
        for one in spec.measures
        for region in regions
        if (found := counted(plan.catalogue, cubes, one.code, region).tried(YEAR))
    ]
    assert len(tried) > 30
    assert all(one.agrees for one in tried)


def counted(
    catalogue: Catalogue,
    cubes: Mapping[str, SafeCube],
    code: str,
    region: str,
    categories: Mapping[str, str] | None = None,
) -> Figures:
    spec = catalogue.tables["t1"]
    one = next(each for each in spec.measures if each.code == code)
    return Figures(Made(catalogue, spec, one, YEAR), cubes, region, categories or {})


def places(figures: Figures) -> list[list[tuple[str, str, float] | None]]:
    return [
        [
            (part.place.table, part.place.measure.code, part.place.factor) if part.place else None
            for part in side
        ]
        for side in figures.sides
    ]


def test_parts_are_found_where_they_are_published_and_only_there() -> None:
    spec = table(EVERY, missing="sum")
    rows_ = people(ONE, 9) + people(ONE, 8, KJONN="2")
    plan, _ = built([spec], rows_)
    cubes = {"t1": published([spec], rows_).cubes[0]}

    def of(code: str) -> list[list[tuple[str, str, float] | None]]:
        return places(counted(plan.catalogue, cubes, code, ONE))

    assert of("share") == [[("t1", "men", 1.0)], [("t1", "n", 1.0)]]
    assert of("mean") == [[("t1", "paid", 1000.0)], [("t1", "n", 1.0)]]
    assert of("less") == [[("t1", "paid", 1000.0), ("t1", "n", -1.0)], []]
    assert of("n") == [[], []]
    only = table([SHARE])
    alone = {"t1": published([only], rows_).cubes[0]}
    known, _ = built([only], rows_)
    assert places(counted(known.catalogue, alone, "share", ONE)) == [[None], [None]]


def test_a_category_is_divided_by_what_is_split_as_it_is(specs: Catalogue) -> None:
    spec = specs.tables["12362"]
    functions = dimension("KOKfunksjon0000", {"242": "Råd", "281": "Ytelse"})
    made = shown(specs, "12362", {}, between=[functions])
    one = next(each for each in spec.measures if each.code == "KOSandlonbru0000")
    figures = Figures(
        Made(specs, spec, one, 2025), {"12362": made}, SOLA, {"KOKfunksjon0000": "281"}
    )
    assert places(figures) == [[("12362", "KOSbellon0000", 1.0)], [("12362", "KOSbelbru0000", 1.0)]]
    (above, below) = (side[0].place for side in figures.sides)
    assert above is not None
    assert below is not None
    assert above.categories == below.categories == {"KOKfunksjon0000": "281"}
    with pytest.raises(UsageError, match="no total of KOKfunksjon0000"):
        _ = Figures(Made(specs, spec, one, 2025), {"12362": made}, SOLA, {}).cells


# --- in a release ---------------------------------------------------------------------------


def shown(
    specs: Catalogue,
    name: str,
    numbers: Mapping[str, tuple[float | str, float | str]],
    between: Sequence[CubeDimension] = (),
) -> SafeCube:
    """A table of one kommune in 2024 and 2025: these numbers or signs by measure, else 7."""
    spec = specs.tables[name]
    dims = dimensions(spec, [2024, 2025], {SOLA: "Sola"}, between)
    times = len(between[0].codes) if between else 1
    cells = [
        cell
        for one in [each.code for each in spec.measures] * times
        for cell in numbers.get(one, (7.0, 7.0))
    ]
    frame = pl.DataFrame(
        {
            "value": [one if isinstance(one, float) else None for one in cells],
            "status": [one if isinstance(one, str) else None for one in cells],
        },
        schema={"value": pl.Float64, "status": pl.String},
    )
    march = facts(2025, round="2026-03", preliminary=True)
    return cube(spec, dims, [facts(2024), march], cells=frame)


def release(specs: Catalogue, out: Path, made: SafeCube, **changed: str) -> Path:
    name = "2026-03"
    with staged(out, name) as staging:
        for path, data in cube_files(made):
            staging.write(path, data)
        file = InputFile(name="skjema11_p2025_v1.parquet", version=1, sha256=None, rows=9)
        digests = {**specs.sha256, **changed}
        write_manifest(staging, release_facts(name), inputs=[file], specs=digests)
    return out / name


SHARE_OF_14019, PART, WHOLE = "KOSandvklo0000", "KOSvklososhj0000", "KOSsosantkliente0000"


def test_a_region_shows_the_figure_its_parts_and_what_they_give(
    specs: Catalogue, tmp_path: Path
) -> None:
    numbers: Mapping[str, tuple[float | str, float | str]] = {
        SHARE_OF_14019: (25.0, ":"),
        PART: (1234.0, ":"),
        WHOLE: (4936.0, 4900.0),
    }
    made = release(specs, tmp_path, shown(specs, "14019", numbers))
    found = derive(specs, Asked("14019", SHARE_OF_14019, SOLA), made, "nb")
    assert rows(found, "over streken")[-1] == (
        f"tabell 14019 {PART} «{label(specs, '14019', PART)}»"
    )
    assert rows(found, "kontroll") == [
        "det som regnes ut av publiserte deler, stemmer med tallet innenfor avrunding"
    ]
    assert found.years is not None
    assert found.years.rows == (
        ("2024", "25,0", number(1234), number(4936), "25,000 stemmer", "2025-06, syntetisk"),
        ("2025", ":", ":", number(4900), "", "2026-03, foreløpig, syntetisk"),
    )
    assert rows(found, "`:`")[0].startswith("kostra-publish why ")
    assert "skjema11_p2025_v1.parquet" in [row.name for part in found.sections for row in part.rows]
    assert rows(found, "spesifikasjon")[-1].startswith("formula:")


def label(specs: Catalogue, name: str, code: str) -> str:
    return next(one.label.nb for one in specs.tables[name].measures if one.code == code)


def test_a_figure_that_its_parts_do_not_give_is_told_aloud(
    specs: Catalogue, tmp_path: Path
) -> None:
    numbers = {SHARE_OF_14019: (26.0, 25.0), PART: (1234.0, 1225.0), WHOLE: (4936.0, 4900.0)}
    made = release(specs, tmp_path, shown(specs, "14019", numbers))
    found = derive(specs, Asked("14019", SHARE_OF_14019, SOLA), made)
    assert "does NOT agree" in rows(found, "check")[0]
    assert found.years is not None
    assert [row[4] for row in found.years.rows] == ["25.000 DIFFERS", "25.000 agrees"]


def test_a_spec_that_is_not_the_releases_is_told(specs: Catalogue, tmp_path: Path) -> None:
    changed = {"14019.yaml": "0" * 64}
    made = release(specs, tmp_path, shown(specs, "14019", {}), **changed)
    found = derive(specs, Asked("14019", SHARE_OF_14019, SOLA), made)
    assert "has changed since the release was made" in rows(found, "spec")[-1]


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (Asked("1", "n"), "there is no table 1"),
        (Asked("13138", "n"), "gets no new figures"),
        (Asked("14019", "n"), "table 14019 has no measure n"),
        (Asked("14019", WHOLE, "1103"), "table 14019 has no 1103 in KOKkommuneregion0000"),
        (Asked("13995", WHOLE, SOLA), "has no table 13995"),
        (Asked("14019", WHOLE, SOLA, {"Kjonn": "1"}), "table 14019 has no dimension Kjonn"),
    ],
)
def test_what_is_not_there_cannot_be_explained(
    specs: Catalogue, tmp_path: Path, asked: Asked, rule: str
) -> None:
    made = release(specs, tmp_path, shown(specs, "14019", {}))
    with pytest.raises(UsageError, match=rule):
        derive(specs, asked, made)


def test_a_region_needs_a_release(specs: Catalogue) -> None:
    with pytest.raises(UsageError, match="no release to take the figures"):
        derive(specs, Asked("14019", WHOLE, SOLA))


def test_the_verb_prints_a_line_for_each_row(
    specs: Catalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = release(specs, tmp_path, shown(specs, "14019", {}))
    arguments = ["--region", SOLA, "--release", str(made), "--specs", str(SPECS)]
    with pytest.raises(SystemExit):
        cli.main(["explain", "14019", SHARE_OF_14019, *arguments])
    printed = capsys.readouterr().out
    assert re.search(
        r"^  formula +100 × the number of tilfeller where VKLO is 5 ÷", printed, re.MULTILINE
    )
    assert re.search(r"^2025 +7\.0 +7 +7 ", printed, re.MULTILINE)
