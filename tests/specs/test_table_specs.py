"""The repository's own table specs: complete, in three languages, and honest about codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kostra_publish.cube.atoms import Compiler
from kostra_publish.cube.conditions import problems
from kostra_publish.microdata.variables import variables
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.models import (
    LANGUAGES,
    Combined,
    Condition,
    Language,
    TableSpec,
    Text,
)

FOLDER = Path(__file__).parents[2] / "table_specs"
VINTAGES = range(2022, 2027)

ACTIVE = {
    "13995", "13995-bydel", "14019", "10509", "12221", "12131", "12132", "12362", "12367",
    "12268", "12269", "malekort",
    "kvp-deltakere", "kvp-status", "kvp-inntekt-foer", "kvp-utfall", "kvp-utbetalt",
    "nasjonal-familiefase-maaneder", "nasjonal-familiefase-viktigste-kilde",
    "nasjonal-familiefase-arbeidssituasjon", "nasjonal-alder-kommuner",
    "nasjonal-familiefase-trygd",
}  # fmt: skip
DISCONTINUED = {
    "12210", "13138", "12203", "12213", "12219", "12266", "12204", "12201", "04906", "04687",
    "07786", "11066",
}  # fmt: skip

# Contents codes that were seen in use; every other one is our own.
CONFIRMED_CODES = {
    "KOSsosantkliente0000", "KOSant18240000", "KOSandelndusostj0000", "KOSbelop0000",
    "KOSsosgjantmnd0000", "KOSgjsnitt18240000", "KOSgj25290000", "KOSgj30390000",
    "KOSgj40490000", "KOSgj50670000", "KOSgjsnittvklo0000",
}  # fmt: skip
CONFIRMED_VARIABLES = {"KOKfunksjon0000", "KOKart0000", "KOKregnskapsomfa0000"}
CONFIRMED_TABLES = {
    "13995", "14019", "12131", "12132", "12362", "12367", "12268", "12269",
}  # fmt: skip

KNOWN_13995 = {
    "KOSsosantkliente0000": "Sosialhjelpstilfeller",
    "KOSsosgjantmnd0000": "Gjennomsnittlig stønadstid",
    "KOSgjsnitt18240000": "Gjennomsnittlig stønadstid 18-24 år",
    "KOSgj25290000": "Gjennomsnittlig stønadstid 25-29 år",
    "KOSgj30390000": "Gjennomsnittlig stønadstid 30-39 år",
    "KOSgj40490000": "Gjennomsnittlig stønadstid 40-49 år",
    "KOSgj50670000": "Gjennomsnittlig stønadstid 50-66 år",
    "KOSgjsnittvklo0000": "Gjennomsnittlig stønadstid, sosialhjelp som viktigste kilde",
}

FUNCTION_243: dict[Language, str] = {
    "nb": "funksjon 243 Tilbud til personer med rusproblemer",
    "nn": "funksjon 243 Tilbod til personar med rusproblem",
    "en": "function 243 Services for people with substance abuse problems",
}
MUNICIPAL_STAFF: dict[Language, str] = {
    "nb": "kommunale årsverk både i og utenfor NAV-kontoret",
    "nn": "kommunale årsverk både i og utanfor NAV-kontoret",
    "en": "municipal full-time equivalents both inside and outside the NAV office",
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(FOLDER)


def texts_of(table: TableSpec) -> Iterator[Text]:
    """Every text of a table that readers see, its categories left out."""
    yield table.title
    yield table.reference_period
    yield from (dimension.label for dimension in table.dimensions)
    for measure in table.measures:
        yield measure.label
        if measure.note:
            yield measure.note
    yield from (note.text for note in table.notes)
    yield from (item.text for item in table.breaks)


def shared_texts(catalogue: Catalogue) -> Iterator[Text]:
    yield from (category.label for rows in catalogue.codelists.values() for category in rows)
    for old in catalogue.discontinued.values():
        yield old.title
        if old.series_break:
            yield old.series_break
    yield from (source.skjema for source in catalogue.sources.values())
    texts = catalogue.texts
    yield from (*texts.units.values(), *texts.signs.values())
    yield from (*texts.region.values(), *texts.region_labels.values())
    yield from (texts.preliminary, texts.synthetic, texts.provisional, texts.missing_reports)
    yield from (texts.estimated, texts.summed, texts.suppressed)


def all_texts(catalogue: Catalogue) -> Iterator[Text]:
    for table in catalogue.tables.values():
        yield from texts_of(table)
    yield from shared_texts(catalogue)


# --- what there is ------------------------------------------------------------------------


def test_every_table_that_was_asked_for_has_a_spec(catalogue: Catalogue) -> None:
    assert set(catalogue.tables) >= ACTIVE
    assert set(catalogue.discontinued) >= DISCONTINUED


def test_a_table_that_carries_a_series_on_exists(catalogue: Catalogue) -> None:
    for old in catalogue.discontinued.values():
        assert set(old.replaced_by) <= set(catalogue.tables), old.id
        assert old.series_break, old.id


def test_13995_has_its_contents_and_the_known_codes(catalogue: Catalogue) -> None:
    measures = {measure.code: measure for measure in catalogue.table("13995").measures}
    assert len(measures) >= 34
    for code, label in KNOWN_13995.items():
        assert measures[code].label.nb == label
        assert not measures[code].provisional


def test_the_bydel_table_shows_what_13995_shows(catalogue: Catalogue) -> None:
    bydel = catalogue.table("13995-bydel")
    assert bydel.measures == catalogue.table("13995").measures
    assert bydel.regions == ["bydel", "bydeler"]


def test_condition_on_norwegian_or_sami_training_begins_in_2024(catalogue: Catalogue) -> None:
    table = catalogue.table("13995")
    (measure,) = (m for m in table.measures if m.code == "KOSvilknorsam0000")
    assert [year for year in VINTAGES if table.measure_has(measure, year)] == [2024, 2025, 2026]


def test_the_scorecard_has_six_indicators(catalogue: Catalogue) -> None:
    assert len(catalogue.table("malekort").measures) == 6


def test_the_estimates_of_form_7_wait_for_june(catalogue: Catalogue) -> None:
    table = catalogue.table("12221")
    waiting = {m.code for m in table.measures if not table.measure_published(m, "march")}
    assert waiting == {"KOSkommstat0000", "KOSstatkomm0000"}


@pytest.mark.parametrize("table_id", ["10509", "12221"])
def test_breaks_for_f243_and_for_oslo_2020_are_told(catalogue: Catalogue, table_id: str) -> None:
    told = " ".join(item.text.nb for item in catalogue.table(table_id).breaks)
    assert "funksjon 253" in told
    assert "Oslo" in told


# --- confirmed or provisional -------------------------------------------------------------


def test_what_could_not_be_confirmed_is_provisional(catalogue: Catalogue) -> None:
    for table in catalogue.tables.values():
        assert table.provisional == (table.id not in CONFIRMED_TABLES), table.id
        for dimension in table.dimensions:
            confirmed = dimension.code in CONFIRMED_VARIABLES
            assert dimension.provisional != confirmed, (table.id, dimension.code)
        for measure in table.measures:
            confirmed = measure.code in CONFIRMED_CODES
            assert measure.provisional != confirmed, (table.id, measure.code)


# --- 10509 and 12221: which function, whose årsverk ---------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("table_id", ["10509", "12221"])
def test_title_says_function_243_and_municipal_staff_in_and_outside_nav(
    catalogue: Catalogue, table_id: str, language: Language
) -> None:
    assert_says_both(catalogue.table(table_id).title, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_variable_of_10509_says_so(catalogue: Catalogue, language: Language) -> None:
    table = catalogue.table("10509")
    labels = [dimension.label for dimension in table.dimensions]
    labels += [measure.label for measure in table.measures]
    assert len(labels) == 4
    for label in labels:
        assert_says_both(label, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_variable_of_12221_says_so(catalogue: Catalogue, language: Language) -> None:
    for measure in catalogue.table("12221").measures:
        assert "243" in measure.label.get(language), measure.code
        assert measure.note, measure.code
        assert_says_both(measure.note, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_of_12221_name_function_and_staff_where_it_is_theirs(
    catalogue: Catalogue, language: Language
) -> None:
    labels = {m.code: m.label.get(language) for m in catalogue.table("12221").measures}
    for code in ("KOSaarsverk2430000", "KOSrusvedtak0000", "KOSruskjoep0000"):
        assert FUNCTION_243[language].casefold() in labels[code].casefold()
    for code in ("KOSaarsverk2430000", "KOSokraadaarsv0000"):
        assert MUNICIPAL_STAFF[language].casefold() in labels[code].casefold()


def assert_says_both(text: Text, language: Language) -> None:
    words = text.get(language).casefold()
    assert FUNCTION_243[language].casefold() in words
    assert MUNICIPAL_STAFF[language].casefold() in words


# --- languages ----------------------------------------------------------------------------

# Words of one written standard only, with those that look alike in the other left out.
ONLY_BOKMAAL = {
    "ikke", "fra", "uten", "utenfor", "noen", "mottakere", "mottaker", "kommuner", "måneder",
    "måned", "bolig", "personer", "tilfeller", "ble", "gjelder", "også", "viktigste", "kilde",
    "deltakere", "deltaker", "veiledning", "hele", "andel", "innbyggere", "innbygger",
    "tjenester", "tjenesten", "ytelser", "livsopphold", "fylker", "flere", "enslige", "hvor",
    "bydeler", "tall", "tallet", "lønnsutgifter", "regnskapet", "sysselsettingstiltak",
    "avsluttet", "antall", "årsverkene",
}  # fmt: skip
ONLY_NYNORSK = {
    "ikkje", "frå", "utan", "utanfor", "nokre", "mottakarar", "kommunar", "månader", "månad",
    "bustad", "personar", "blei", "gjeld", "òg", "viktigaste", "kjelde", "deltakarar",
    "rettleiing", "heile", "innbyggjarar", "tenester", "ytingar", "livsopphald", "fleire",
    "einslege", "kvar", "tal", "talet", "lønsutgifter", "rekneskapen", "avslutta", "ein", "eit",
    "éin", "éi",
}  # fmt: skip


@pytest.mark.parametrize(("language", "foreign"), [("nn", ONLY_BOKMAAL), ("nb", ONLY_NYNORSK)])
def test_the_two_written_standards_are_not_mixed(
    catalogue: Catalogue, language: Language, foreign: set[str]
) -> None:
    mixed = {
        (word, text.get(language))
        for text in all_texts(catalogue)
        for word in re.findall(r"[\wæøåéò]+", text.get(language).casefold())
        if word in foreign
    }
    assert mixed == set()


def test_nynorsk_is_written_and_not_copied(catalogue: Catalogue) -> None:
    """Short texts may well be the same in both; whole sentences and most labels are not."""
    for table in catalogue.tables.values():
        texts = list(texts_of(table))
        sentences = [text for text in texts if text.nb.endswith(".") and len(text.nb) > 30]
        assert [text.nb for text in sentences if text.nb == text.nn] == [], table.id
        longer = [text for text in texts if text.nb.count(" ") >= 2]
        same = sum(text.nb == text.nn for text in longer)
        assert same <= 0.25 * len(longer), table.id


def test_english_is_not_norwegian(catalogue: Catalogue) -> None:
    wrong = [text.en for text in all_texts(catalogue) if re.search("[æøåÆØÅ]", text.en)]
    assert wrong == []
    copied = [text.en for text in all_texts(catalogue) if text.en == text.nb and " " in text.en]
    # Amounts of art and age groups are the same in words; nothing longer is.
    assert [text for text in copied if len(text) > 10] == []


def test_forms_have_english_names(catalogue: Catalogue) -> None:
    names = {name: source.skjema.en for name, source in catalogue.sources.items()}
    assert names["skjema11"] == "form 11 (social assistance)"
    assert names["regnskap"] == "the accounts"
    assert not [name for name in names.values() if "skjema" in name or "regnskap" in name]


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_to_be_filled_in_are_the_same_in_every_language(
    catalogue: Catalogue, language: Language
) -> None:
    texts = catalogue.texts
    filled = {
        "skjema": "11F", "vintage": "2025", "regions": "Moss", "share": "1,2", "date": "15. juni",
        "shares": "x"
    }  # fmt: skip
    expected = {
        texts.preliminary: set(),
        texts.final_figures: {"date"},
        texts.corrected: {"date"},
        texts.missing_reports: {"skjema", "vintage", "regions"},
        texts.estimated: {"skjema", "vintage", "share"},
        texts.summed: set(),
        texts.estimated_regions: {"vintage", "shares"},
        texts.in_part: {"vintage"},
    }
    for text, names in expected.items():
        words = text.get(language)
        assert set(re.findall(r"{(\w+)}", words)) == names
        assert "{" not in words.format(**filled)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_measures_of_a_table_have_the_same_name(
    catalogue: Catalogue, language: Language
) -> None:
    for table in catalogue.tables.values():
        labels = [measure.label.get(language) for measure in table.measures]
        assert len(labels) == len(set(labels)), table.id


# --- formulas -----------------------------------------------------------------------------


@pytest.mark.parametrize("vintage", VINTAGES)
def test_every_variable_and_code_exists_in_every_vintage_that_uses_it(
    catalogue: Catalogue, vintage: int
) -> None:
    compiler = Compiler(catalogue)
    atoms = {
        (table.id, quotient.measure.code, atom)
        for table in catalogue.tables.values()
        for quotient in compiler.quotients(table, vintage)
        for atom in quotient.atoms
    }
    assert atoms
    summed = [
        (table, measure, atom.of)
        for table, measure, atom in atoms
        if atom.of is not None and atom.of not in variables(atom.source, vintage)
    ]
    conditions = [
        (table, measure, problem)
        for table, measure, atom in atoms
        for problem in problems(compiler.conditions[atom.where][1], variables(atom.source, vintage))
    ]
    assert summed == []
    assert conditions == []


@pytest.mark.parametrize("vintage", VINTAGES)
def test_every_code_of_the_forms_has_a_category(catalogue: Catalogue, vintage: int) -> None:
    for table in catalogue.tables.values():
        for dimension in table.dimensions:
            known = variables(table.source, vintage)[dimension.variable].codes
            held = {
                value
                for category in catalogue.categories(dimension)
                for value in category.values or [category.code]
            }
            assert held >= set(known), (table.id, dimension.code)


# Which sign each art has in a group of arter (KOSTRA artshierarki).
GROUPS_OF_ARTER = {
    "brutto": {"010": 1, "089": 1, "480": 1, "490": 0, "590": 1, "600": 0, "690": -1, "700": 0,
               "710": -1, "728": 0, "729": -1, "750": 0, "895": 0},
    "netto": {"010": 1, "089": 1, "480": 1, "490": 0, "590": 1, "600": -1, "690": -1, "700": -1,
              "710": -1, "728": 0, "729": -1, "750": -1, "895": -1},
    "korrigert": {"010": 1, "089": 1, "480": 1, "490": 0, "590": 1, "600": 0, "690": -1,
                  "700": 0, "710": -1, "728": 0, "729": -1, "750": -1, "895": 0},
    "loenn": {"010": 1, "089": 1, "090": 0, "099": 0, "480": 0, "590": 0, "710": 0},
}  # fmt: skip


@pytest.mark.parametrize("function", ["242", "243", "273", "275", "276", "281"])
@pytest.mark.parametrize("group", GROUPS_OF_ARTER)
def test_a_group_of_arter_adds_and_subtracts_as_the_hierarchy_says(
    catalogue: Catalogue, group: str, function: str
) -> None:
    term = f"f{function}_{group}"
    signs = {art: sign(catalogue, term, function, art) for art in GROUPS_OF_ARTER[group]}
    assert signs == GROUPS_OF_ARTER[group]
    other = "242" if function != "242" else "243"
    assert sign(catalogue, term, other, "010") == 0


def test_fgk12_is_fgk12a_with_employment_schemes_and_introduction(catalogue: Catalogue) -> None:
    held = {
        name: {f for f in ("242", "243", "273", "275", "276", "281") if sign(catalogue, name, f)}
        for name in ("fgk12a_brutto", "fgk12_brutto")
    }
    assert held["fgk12a_brutto"] == {"242", "243", "281"}
    assert held["fgk12_brutto"] == {"242", "243", "281", "273", "275"}


def test_the_functions_of_fgk12a_stand_in_one_place() -> None:
    text = (FOLDER / "shared" / "terms.yaml").read_text(encoding="utf-8")
    assert len([line for line in text.splitlines() if '"242", "243", "281"' in line]) == 1


def sign(catalogue: Catalogue, name: str, function: str, art: str = "010") -> float:
    """How an amount in konsern on this funksjon and art counts in a term."""
    row = {"FUNKSJON": function, "ART": art, "REGNSKAPSOMFANG": "B"}
    term = catalogue.terms[name]
    if isinstance(term, Combined):
        return sum(p.factor * sign(catalogue, p.term, function, art) for p in term.combine)
    return float(all(fits(row[variable], term.where[variable]) for variable in term.where))


def fits(value: str, condition: Condition) -> bool:
    assert isinstance(condition, tuple)
    return any(
        value == one if isinstance(one, str) else (one.from_ or value) <= value <= (one.to or value)
        for one in condition
    )
