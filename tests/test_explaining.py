"""Why a figure is hidden, missing or as it is: in words and links, and without values."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kostra_publish import cli
from kostra_publish.cube.notes import MissingReports, report_notes
from kostra_publish.disclosure import explain
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.disclosure.why import Why
from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.explaining import Explained, Explanation, Kind
from kostra_publish.explaining.explainer import Explainer
from kostra_publish.explaining.release import Asked, why
from kostra_publish.explaining.words import WORDS
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from kostra_publish.specs.models import Text, Tongue
from tests import small_release
from tests.cubes import cube, dimensions, facts
from tests.disclosure.test_rounds_disclosure import BY_SEX, FYLKE, published
from tests.disclosure.test_universe import ONE, TWO, built, people
from tests.few_specs import SPECS
from tests.phrases import unlike, unused
from tests.small_release import REGIONS

YEAR = 2025


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return small_release.publish(tmp_path)


@pytest.fixture(scope="module")
def specs() -> Catalogue:
    return load(SPECS)


def first_lines(found: Explanation) -> list[tuple[str, str]]:
    return [(one.name, one.lines[0].text) for one in found.told]


# --- from a release ----------------------------------------------------------------------


def test_a_hidden_figure_names_the_small_one_and_how_it_would_follow(release: Path) -> None:
    found = why(release, Asked("13995", region="1101", categories={"Kjonn": "2"}), 10)
    assert first_lines(found) == [
        (
            "1101 Eigersund (en), Kvinner (en), Tilfeller (en)",
            (
                "protects «1101 Eigersund (en), Menn (en), Tilfeller (en)» (too few to show): "
                "together with «1101 Eigersund (en), Tilfeller (en)» (shown) this would give it"
            ),
        )
    ]
    bokmaal = why(release, Asked("13995", "1101", "n", {"Kjonn": "2"}), 10, tongue="nb")
    assert first_lines(bokmaal) == [
        (
            "1101 Eigersund, Kvinner, Tilfeller",
            (
                "beskytter «1101 Eigersund, Menn, Tilfeller» (for lite til å vises): sammen med "
                "«1101 Eigersund, Tilfeller» (vist) ville dette gitt det"
            ),
        )
    ]


def test_a_small_figure_says_so(release: Path) -> None:
    (figure,) = why(release, Asked("13995", "1101", "n", {"Kjonn": "1"}), 10).told
    assert (figure.sign, figure.kind, figure.chains) == (":", Kind.PRIMARY, ())
    assert figure.lines[0].text == "is too few to show: fewer than four stand behind it"


def test_all_figures_asked_for_are_counted_and_some_explained(release: Path) -> None:
    found = why(release, Asked("13995"), 3)
    assert (found.count, found.signs, len(found.told)) == (9, {":": 4}, 3)
    shown = why(release, Asked("13995", region="EKA11"), 3)
    assert (shown.count, shown.signs, shown.told) == (3, {}, [])


def test_a_single_figure_is_told_of_though_it_is_shown(release: Path) -> None:
    (figure,) = why(release, Asked("13995", "EKA11", "n", {"Kjonn": "0"}), 10).told
    assert (figure.sign, figure.kind) == ("", Kind.SHOWN)
    assert [line.text for line in figure.lines] == [
        "is shown: nothing is hidden",
        "is made of synthetic data",
    ]


@pytest.mark.parametrize("language", ["nb", "en"])
def test_no_value_is_said(release: Path, capsys: pytest.CaptureFixture[str], language: str) -> None:
    with pytest.raises(SystemExit):
        cli.main(["why", str(release), "13995", "--language", language])
    printed = capsys.readouterr().out
    assert printed.count({"nb": "for lite til å vises", "en": "too few to show"}[language]) == 4
    numbers = set(re.findall(r"\d+", printed)) - {*REGIONS, "11", "9", "4"}
    assert numbers == set()


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (Asked("10509"), "no table 10509"),
        (Asked("13995", region="0301"), "no 0301 in KOKkommuneregion0000"),
        (Asked("13995", measure="m"), "no m in ContentsCode"),
        (Asked("13995", year="2019"), "no 2019 in Tid"),
        (Asked("13995", categories={"Alder": "1"}), "no dimension Alder"),
    ],
)
def test_what_is_not_there_cannot_be_asked_for(release: Path, asked: Asked, rule: str) -> None:
    with pytest.raises(UsageError, match=rule):
        why(release, asked, 1)


def test_a_category_is_written_with_its_dimension(release: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["why", str(release), "13995", "--category", "2"])
    assert stopped.value.code == UsageError.exit_code


@pytest.mark.parametrize(
    "file", ["internal/disclosure/2025/**/tables.parquet", "internal/cubes/13995.parquet"]
)
def test_a_release_that_was_altered_explains_nothing(release: Path, file: str) -> None:
    (path,) = release.glob(file)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ReleaseError, match="not as it was published"):
        why(release, Asked("13995"), 1)


# --- held in memory ------------------------------------------------------------------------


def cell(region: str, measure: str = "n", year: int = YEAR) -> dict[str, str]:
    return {KOMMUNE_REGION: region, CONTENTS: measure, TIME: str(year)}


MARCH = people(ONE, 9) + people(ONE, 8, KJONN="2") + people(TWO, 9)
JUNE = MARCH + people(ONE, 1)


def two_rounds() -> Explainer:
    """June, in which one man more is in a kommune than March showed."""
    march = published(BY_SEX, MARCH)
    june = published(BY_SEX, JUNE, earlier=march)
    plan, _ = built(BY_SEX, JUNE)
    return Explainer.of(
        {one.table.id: one for one in june.cubes},
        june.universes,
        YEAR,
        plan.catalogue,
        [("2026-03", one) for one in march.universes],
    )


def test_a_change_since_an_earlier_round_is_named_and_linked() -> None:
    explainer = two_rounds()
    found = explainer.cell("t1", cell(ONE), "en")
    assert (found.sign, found.kind) == (":", Kind.SECONDARY)
    text = found.lines[0].text
    assert f"the change since 2026-03 in «{ONE}" in text
    assert f"«{ONE} Hå, n en» as it was in 2026-03 (shown) this would give" in text
    (chain,) = found.chains
    assert chain.why is Why.FOLLOWS
    assert {one.release for one in (*chain.protects, *chain.beside)} == {"2026-03"}
    assert chain.beside[0].codes == cell(ONE)


def test_what_was_hidden_before_stays_hidden() -> None:
    rows = people(ONE, 2) + people(TWO, 9) + people("1101", 30)
    march = published(BY_SEX, rows)
    june = published(BY_SEX, rows, earlier=march)
    plan, _ = built(BY_SEX, rows)
    earlier = [("2026-03", one) for one in march.universes]
    explainer = Explainer.of({"t1": june.cubes[0]}, june.universes, YEAR, plan.catalogue, earlier)
    found = explainer.cell("t1", cell(TWO))
    assert found.lines[-1].text == (
        "var skjult i 2026-03 også: det som ikke er endret siden da, forblir skjult"
    )


def test_links_go_to_cells_that_show_what_is_said_of_them() -> None:
    explainer = two_rounds()
    table = explainer.tables["t1"]
    assert table.signs is not None
    for place, sign in enumerate(table.signs):
        for chain in explainer.cell("t1", table.codes(place)).chains if sign == ":" else ():
            assert table.signs[table.places(chain.cell.codes)].to_list() == [":"]
            for link in chain.beside:
                if link.table and link.release is None:
                    assert table.signs[table.places(link.codes)].to_list() == [None]


def test_what_answers_have_in_common_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    explainer = two_rounds()
    made: list[object] = []
    prints = explain._Prints

    def counted(*args: Any, **options: Any) -> explain._Prints:
        made.append(options)
        return prints(*args, **options)

    monkeypatch.setattr(explain, "_Prints", counted)
    for _ in range(2):
        for region in (ONE, FYLKE, "EAK"):
            explainer.cell("t1", cell(region))
    assert len(made) <= 2


def test_a_cell_has_a_category_of_every_dimension() -> None:
    explainer = two_rounds()
    with pytest.raises(UsageError, match="has a category of Tid, too"):
        explainer.cell("t1", {KOMMUNE_REGION: ONE, CONTENTS: "n"})
    with pytest.raises(UsageError, match="there is no table t2"):
        explainer.cell("t2", cell(ONE))


# --- missing, not applicable, and numbers ---------------------------------------------------

SOLA, MOSS, ROGALAND = "1124", "3002", "EKA11"
AREAS = {SOLA: "Sola", "1133": "Hjelmeland", MOSS: "Moss (2020-2023)", ROGALAND: "Rogaland"}


def shown(
    specs: Catalogue,
    table: str,
    signs: Mapping[tuple[str, str], str],
    missing: Mapping[str, list[str]] | None = None,
    **changes: object,
) -> SafeCube:
    """A table with these signs by region and measure; ``missing`` by form, in bokmål."""
    spec = specs.tables[table]
    year = 2025
    lacking = [
        MissingReports(source.skjema, kommuner, 1.0)
        for name, kommuner in (missing or {}).items()
        for source in [next(s for s in specs.sources.values() if s.skjema.nb == name)]
    ]
    notes = tuple(report_notes(spec, year, lacking, dict(AREAS), specs.texts))
    dims = dimensions(spec, [year], AREAS)
    every = [(region, measure) for region in AREAS for measure in dims[1].codes]
    found = [signs.get((region, measure)) for region, measure in every]
    cells = pl.DataFrame({"value": [None if one else 5.0 for one in found], "status": found})
    return cube(spec, dims, [facts(year, notes=notes, **changes)], cells=cells)


def told(
    specs: Catalogue, made: SafeCube, region: str, measure: str, tongue: Tongue = "nb"
) -> Explained:
    explainer = Explainer.of({made.table.id: made}, [], YEAR, specs)
    return explainer.cell(made.table.id, cell(region, measure), tongue)


MEAN = "KOSsosgjantmnd0000"


def test_a_missing_figure_says_which_form_is_lacking_and_what_to_do(specs: Catalogue) -> None:
    made = shown(specs, "13995", {(SOLA, MEAN): ".."}, {"skjema 11": [SOLA]})
    found = told(specs, made, SOLA, MEAN)
    assert found.kind is Kind.NOT_REPORTED
    assert [line.text for line in found.lines] == [
        "1124 Sola har ikke rapportert skjema 11 for 2025: det betyr ikke 0",
        (
            "tallene for 2025 er endelige: det som kommer nå, må inn med en rettelse "
            "(`corrections` i rounds.yaml)"
        ),
    ]


def test_of_several_forms_the_one_that_is_lacking_is_named(specs: Catalogue) -> None:
    code = next(
        one.code
        for one in specs.tables["14019"].measures
        if set(specs.sources_of(specs.tables["14019"], one)) == {"regnskap", "skjema11"}
    )
    made = shown(
        specs,
        "14019",
        {(SOLA, code): ".."},
        {"skjema 11": [SOLA], "regnskap": ["1133"]},
        round="2026-03",
        preliminary=True,
    )
    found = told(specs, made, SOLA, code, "en")
    assert found.lines[0].text == (
        "1124 Sola (en) has not reported form 11 (social assistance) for 2025: this is not 0"
    )
    assert "the final figures on 15 June 2026" in found.lines[1].text


def test_a_larger_region_says_how_many_of_its_kommuner_are_lacking(specs: Catalogue) -> None:
    made = shown(specs, "13995", {(ROGALAND, MEAN): ".."}, {"skjema 11": [SOLA, "1133"]})
    assert told(specs, made, ROGALAND, MEAN).lines[0].text == (
        "2 av de 23 kommunene i EKA11 Rogaland har ikke rapportert skjema 11 for 2025, og det er "
        "for mange til å beregne tallet"
    )


def test_a_figure_that_a_form_left_blank_is_not_one_that_was_not_reported(
    specs: Catalogue,
) -> None:
    measure = specs.tables["12131"].measures[0]
    made = shown(specs, "12131", {(SOLA, measure.code): ".."})
    found = told(specs, made, SOLA, measure.code, "en")
    assert found.kind is Kind.LEFT_BLANK
    assert "has reported form 12 (rates) for 2025, but left" in found.lines[0].text


def test_a_figure_of_another_round_says_which(specs: Catalogue) -> None:
    spec = specs.tables["13995"]
    only_june = spec.measures[0].model_copy(update={"rounds": ["june"]})
    changed = spec.model_copy(update={"measures": [only_june, *spec.measures[1:]]})
    tables = {**specs.tables, "13995": changed}
    known = Catalogue(**{**vars(specs), "tables": tables})
    made = shown(known, "13995", {(SOLA, only_june.code): ".."}, round="2026-03")
    found = told(known, made, SOLA, only_june.code)
    assert found.kind is Kind.OTHER_ROUND
    assert found.lines[0].text == (
        "publiseres bare i june (Endelige tall), og 2026-03 er ingen av dem"
    )


def test_a_region_that_is_gone_says_when_and_what_it_became(specs: Catalogue) -> None:
    made = shown(specs, "13995", {(MOSS, MEAN): "."})
    found = told(specs, made, MOSS, MEAN)
    assert found.kind is Kind.NO_REGION
    assert [line.text for line in found.lines] == [
        "3002 Moss (2020-2023) finnes ikke i 2025: den finnes fra 2020 til 2023",
        "i 2024 ble den 3103 Moss",
    ]


def test_a_measure_that_is_new_says_from_when(specs: Catalogue) -> None:
    spec = specs.tables["13995"]
    new = next(one.code for one in spec.measures if one.first_vintage == 2024)
    made = cube(
        spec,
        dimensions(spec, [2023], AREAS),
        [facts(2023)],
        cells=pl.DataFrame(
            {"value": None, "status": ["."] * (len(AREAS) * len(spec.measures))},
            schema={"value": pl.Float64, "status": pl.String},
        ),
    )
    explainer = Explainer.of({"13995": made}, [], 2023, specs)
    found = explainer.cell("13995", cell(SOLA, new, 2023))
    assert found.kind is Kind.NO_MEASURE
    assert found.lines[0].text == "statistikkvariabelen finnes fra 2024"


def test_nothing_to_divide_by_and_what_does_not_add_up_are_told_apart(specs: Catalogue) -> None:
    made = shown(specs, "13995", {(SOLA, MEAN): "."})
    assert told(specs, made, SOLA, MEAN).lines[0].text == "det er ingenting å dele på"
    copied = next(
        one
        for one in specs.tables["12131"].measures
        if getattr(one.formula, "across", "") == "none"
    )
    made = shown(specs, "12131", {(ROGALAND, copied.code): "."})
    assert "hver kommune har sitt" in told(specs, made, ROGALAND, copied.code).lines[0].text


def test_a_number_says_with_which_marks_it_stands(specs: Catalogue) -> None:
    corrected = {"day": "2026-09-01", "reason": Text(nb="Feil.", nn="Feil.", en="Wrong.")}
    made = shown(
        specs,
        "13995",
        {},
        estimated={ROGALAND: 2.5},
        round="2026-03",
        preliminary=True,
        corrected=[corrected],
    )
    found = told(specs, made, ROGALAND, MEAN)
    assert [line.text for line in found.lines] == [
        "er vist: ingenting er skjult",
        "er foreløpig; endelige tall kommer 15. juni 2026",
        (
            "er delvis beregnet: 2,5 prosent av innbyggerne i EKA11 Rogaland bor i kommuner som "
            "ikke har rapportert"
        ),
        "ble rettet 1. september 2026: Feil.",
        "er laget av syntetiske data",
    ]


def test_those_that_are_missing_for_the_same_reason_are_told_together(specs: Catalogue) -> None:
    measures = [one.code for one in specs.tables["13995"].measures]
    made = shown(specs, "13995", {(SOLA, one): ".." for one in measures}, {"skjema 11": [SOLA]})
    explainer = Explainer.of({"13995": made}, [], YEAR, specs)
    found = explainer.cells("13995", {KOMMUNE_REGION: SOLA}, 10)
    (one,) = found.told
    assert (one.count, found.signs) == (len(measures), {"..": len(measures)})


def test_a_figure_hidden_in_an_earlier_release_is_asked_of_that_one(specs: Catalogue) -> None:
    made = shown(specs, "13995", {(SOLA, MEAN): ":"})
    explainer = Explainer.of({"13995": made}, [], YEAR + 1, specs)
    found = explainer.cell("13995", cell(SOLA, MEAN), "en")
    assert found.kind is Kind.EARLIER
    assert "when 2026-06 published it" in found.lines[0].text


# --- words --------------------------------------------------------------------------------------


def test_every_sentence_says_the_same_in_both_languages_and_is_used() -> None:
    assert unlike(WORDS) == []
    assert unused(WORDS, SPECS.parent / "kostra_publish" / "explaining") == []
