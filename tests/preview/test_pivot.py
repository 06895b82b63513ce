"""What a pivot view shows of a table, and what its addresses say."""

from __future__ import annotations

from itertools import product
from urllib.parse import parse_qsl

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.grid import Positions
from kostra_publish.preview.changes import changes
from kostra_publish.preview.pivot import Figure, Page, Shown, as_text, pivot
from kostra_publish.preview.selection import LIMIT, Choices, Selection
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from tests.comparing.pairs import NEW, OLD, SIGNS
from tests.comparing.pairs import made as pair_made
from tests.cubes import cube, dimension, dimensions, facts, sample, table
from tests.preview.pivot_drafts import BEFORE, CHANGED, REGIONS, SEX, draft, first_ever, made, place

DRAFT = draft()
CUBE = DRAFT.cubes["13995"]
CHOICES = Choices(CUBE)
FEW = ("valueCodes[Kjonn]", "0"), ("valueCodes[ContentsCode]", "antall")


def page(*query: tuple[str, str], table_id: str = "13995") -> Page:
    return pivot(
        DRAFT.cubes[table_id],
        query,
        DRAFT.catalogue,
        previous=DRAFT.previous.get(table_id),
        previous_name=DRAFT.previous_name,
        interim=DRAFT.interim.get(table_id, frozenset()),
    )


def shown(*query: tuple[str, str]) -> Shown:
    found = page(*query).shown
    assert found is not None
    return found


def by_place(found: Shown) -> dict[tuple[str, ...], Figure]:
    """Figures by the codes of their row and column."""
    return {
        tuple(f"{row.key} {column}".split()): figure
        for row in found.rows
        for column, figure in zip(found.column_keys, row.figures, strict=True)
    }


# --- what is picked -------------------------------------------------------------------------


def test_a_table_opens_with_the_country_its_fylker_and_the_newest_years() -> None:
    picked = page().selection.picked
    assert picked == {
        KOMMUNE_REGION: tuple(REGIONS),
        "Kjonn": tuple(SEX),
        CONTENTS: ("antall", "andel", "timer"),
        TIME: ("2023", "2024", "2025"),
    }
    many = {f"{n}": f"Region {n}" for n in range(1101, 1150)}
    large = Choices(made({}, regions=REGIONS | many)).usual
    assert large[KOMMUNE_REGION] == ("EKA03", "EKA11", "EKA31", "EAK")
    assert page().cells <= LIMIT


def test_what_would_be_too_much_to_open_with_is_left_at_its_total() -> None:
    spec = table("13995")
    wide = dimension("D", {str(n): f"Category {n}" for n in range(200)})
    dims = dimensions(spec, [2025], REGIONS, [wide])
    usual = Choices(cube(spec, dims, [facts(2025)])).usual
    assert usual["D"] == ("0",)


def test_codes_and_patterns_pick_and_the_last_word_wins() -> None:
    found = page(
        (f"valueCodes[{KOMMUNE_REGION}]", "EAK,11??"),
        (f"valueCodes[{KOMMUNE_REGION}]", "EKA*"),
        ("valuecodes[TID]", "top(1),[range(2023,2024)]"),
        ("valueCodes[Kjonn]", "2,1"),
        ("endringer", "nei"),
        ("endringer", "ja"),
        ("lang", "en"),
    ).selection
    regions = ("1124", "1144", "EKA03", "EKA11", "EKA31", "EAK")
    assert found.picked[KOMMUNE_REGION] == regions
    assert found.picked["Kjonn"] == ("1", "2")
    assert found.picked[TIME] == ("2023", "2024", "2025")
    assert (found.changes, found.language, found.unknown) == (True, "en", ())


def test_what_the_table_does_not_have_is_left_out_and_told() -> None:
    found = page(
        (f"valueCodes[{KOMMUNE_REGION}]", "EAK,9999"),
        ("valueCodes[Kjonn]", "7,top(0)"),
        ("valueCodes[Farge]", "1"),
        ("valueCodes", "1"),
        ("stub", "Kjonn"),
        ("lang", "se"),
        ("utm_source", "x"),
    )
    assert found.unknown == [
        (f"dimension {KOMMUNE_REGION}", "9999"),
        ("dimension Kjonn", "7"),
        ("dimension Kjonn", "top(0)"),
        ("Farge", "1"),
    ]
    assert found.selection.picked[KOMMUNE_REGION] == ("EAK",)
    assert found.selection.picked["Kjonn"] == tuple(SEX)
    assert found.selection.sides == CHOICES.layout
    assert found.language == "nb"


def test_nothing_of_a_dimension_is_asked_for_again() -> None:
    found = page(("valueCodes[Tid]", ""), ("valueCodes[Kjonn]", ""))
    assert found.shown is None
    assert found.empty == ["dimension Kjonn", "dimension Tid"]
    assert not found.narrow


def test_too_much_is_not_shown_but_told() -> None:
    regions = {f"{n}": f"Region {n}" for n in range(1001, 1301)}
    large = made({}, regions=regions)
    every = [(f"valueCodes[{one.code}]", "*") for one in large.dimensions]
    found = pivot(large, every, DRAFT.catalogue)
    assert (found.cells, found.shown) == (300 * 3 * 3 * 3, None)
    told = {one.label: (one.picked, one.most) for one in found.narrow}
    assert told[f"dimension {KOMMUNE_REGION}"] == (300, LIMIT // 27)
    assert told["dimension Kjonn"] == (3, LIMIT // 2700)
    assert found.narrow[0].picked == 300
    assert as_text(large, every) == ""


@pytest.mark.parametrize(
    ("asked", "regions"),
    [
        (("fylke", "EKA11"), ("1124", "1144", "EKA11", "EAK")),
        (("kommune", "0301"), ("0301", "EKA03", "EKG13", "EAK")),
        (("kommune", ""), tuple(REGIONS)),
        (("fylke", "EKA99"), tuple(REGIONS)),
    ],
)
def test_regions_that_belong_together_are_picked_together(
    asked: tuple[str, str], regions: tuple[str, ...]
) -> None:
    assert page(asked).selection.picked[KOMMUNE_REGION] == regions


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    order = draw(st.permutations([one.code for one in CUBE.dimensions]))
    at = draw(st.integers(0, len(order)))
    picked = {}
    for one in CUBE.dimensions:
        wanted = draw(st.lists(st.sampled_from(one.codes), unique=True))
        picked[one.code] = tuple(code for code in one.codes if code in wanted)
    return Selection(
        language=draw(st.sampled_from(["nb", "nn", "en"])),
        picked=picked,
        stub=tuple(order[:at]),
        heading=tuple(order[at:]),
        changes=draw(st.booleans()),
    )


@given(selections())
@settings(max_examples=60)
def test_an_address_says_all_of_a_selection(selection: Selection) -> None:
    address = CHOICES.address(selection)
    assert CHOICES.read(parse_qsl(address, keep_blank_values=True)) == selection
    data = dict(parse_qsl(CHOICES.data_address(selection), keep_blank_values=True))
    assert data["stub"] == ",".join(selection.stub)
    assert {f"valueCodes[{code}]" for code in selection.picked} <= data.keys()


def test_the_default_needs_no_address() -> None:
    assert page().address == ""
    assert page().addresses["en"] == "lang=en"
    assert page(("valueCodes[Tid]", "*")).address == ""
    assert page(("valueCodes[Tid]", "2025")).address == "valueCodes[Tid]=2025"


# --- how it is laid out -----------------------------------------------------------------------


@given(selections())
@settings(max_examples=40)
def test_every_cell_stands_under_its_own_headers(selection: Selection) -> None:
    query = parse_qsl(CHOICES.address(selection), keep_blank_values=True)
    found = pivot(CUBE, query, DRAFT.catalogue).shown
    if not selection.cells:
        assert found is None
        return
    assert found is not None
    frame = CUBE.frame()
    order = [one.code for one in CUBE.dimensions]
    codes_by_place = list(map(tuple, frame.select(order).iter_rows()))
    layout = [*selection.stub, *selection.heading]
    assert len(by_place(found)) == selection.cells
    for codes, figure in by_place(found).items():
        own = dict(zip(layout, codes, strict=True))
        assert codes_by_place[figure.position] == tuple(own[code] for code in order)
    headers = [header for level in found.top for header in level]
    headers += [header for row in found.rows for header in row.headers]
    last_code = {header.id: header.key.rpartition(" ")[2] for header in headers}
    assert len(last_code) == len(headers)
    for codes, figure in by_place(found).items():
        ids = [one for one in figure.headers.split() if one not in {"r", "c"}]
        assert tuple(last_code[one] for one in ids) == codes


def test_numbers_are_written_as_the_language_writes_them() -> None:
    country = place("EAK")
    query = *FEW, (f"valueCodes[{KOMMUNE_REGION}]", "EAK,1124")
    texts = [
        by_place(shown(*query, ("lang", language)))["EAK", "0", "antall", "2025"].text
        for language in ("nb", "nn", "en")
    ]
    assert texts == ["1\xa0234\xa0599", "1\xa0234\xa0599", "1,234,599"]
    assert country in CHANGED


def test_moves_lead_where_they_say() -> None:
    found = page(("stub", f"{KOMMUNE_REGION},Kjonn"), ("heading", f"{CONTENTS},{TIME}"))
    top, side = found.sides
    assert [one.code for one in top.placed] == [CONTENTS, TIME]
    (first, second) = side.placed
    assert [one.name for one in first.moves] == ["later", "over"]
    assert [one.name for one in second.moves] == ["earlier", "over"]
    over = first.moves[-1]
    moved = CHOICES.read(parse_qsl(over.address))
    assert moved.sides == {"stub": ("Kjonn",), "heading": (CONTENTS, TIME, KOMMUNE_REGION)}
    assert over.said == f"dimension {KOMMUNE_REGION} står på toppen, som nummer 3 av 3."
    later = CHOICES.read(parse_qsl(first.moves[0].address))
    assert later.stub == ("Kjonn", KOMMUNE_REGION)
    transposed = CHOICES.read(parse_qsl(found.addresses["transposed"]))
    assert transposed.sides == {
        "stub": (CONTENTS, TIME),
        "heading": (KOMMUNE_REGION, "Kjonn"),
    }
    assert CHOICES.read(parse_qsl(found.addresses["own"])).sides == CHOICES.layout


def test_a_group_is_added_and_taken_out_again() -> None:
    query = (f"valueCodes[{KOMMUNE_REGION}]", "EAK,EKA03")
    groups = {one.name: one for one in page(query).choices[0].groups}
    assert list(groups) == ["land", "fylke", "kostragruppe", "kommune", "endret", "alle"]
    assert groups["land"].picked
    assert not groups["fylke"].picked
    added = CHOICES.read(parse_qsl(groups["fylke"].address)).picked[KOMMUNE_REGION]
    assert added == ("EKA03", "EKA11", "EKA31", "EAK")
    left = CHOICES.read(parse_qsl(groups["land"].address)).picked[KOMMUNE_REGION]
    assert left == ("EKA03",)
    changed = CHOICES.read(parse_qsl(groups["endret"].address)).picked[KOMMUNE_REGION]
    assert changed == ("EKA03", "EKA11", "EKA31", "EAK")


def test_a_selection_can_be_copied_as_text() -> None:
    query = [
        (f"valueCodes[{KOMMUNE_REGION}]", "EKA11,EAK"),
        ("valueCodes[Kjonn]", "0"),
        ("valueCodes[Tid]", "2024,2025"),
        ("stub", f"{KOMMUNE_REGION},Kjonn"),
        ("heading", f"{CONTENTS},{TIME}"),
        ("valueCodes[ContentsCode]", "antall,andel"),
    ]
    names = f"dimension {KOMMUNE_REGION}\tdimension Kjonn"
    assert as_text(CUBE, query).splitlines() == [
        "\t\tMeasure antall\tMeasure antall\tMeasure andel\tMeasure andel",
        f"{names}\t2024\t2025\t2024\t2025",
        "Rogaland\tBegge kjønn\t10\t:\t10,0\t10,0",
        "Landet\tBegge kjønn\t10\t1234599\t10,0\t10,0",
    ]
    assert "10.0" in as_text(CUBE, [*query, ("lang", "en")])
    alone = as_text(CUBE, [("stub", ",".join(one.code for one in CUBE.dimensions))])
    assert alone.startswith(names)
    assert len({line.count("\t") for line in alone.splitlines()}) == 1


# --- what must be read with it -----------------------------------------------------------------


def test_every_kind_of_change_is_marked_with_what_was_there() -> None:
    figures = by_place(shown())
    assert {
        codes: (one.changed.word, one.changed.before)
        for codes, one in figures.items()
        if one.changed
    } == {
        place("EAK"): ("endret", "1\xa0234\xa0567"),
        place("EKA11"): ("nå skjult", "41"),
        place("EKA03"): ("nå vist", ":"),
        place("EKA31"): ("nå meldt", ".."),
        place("EKA31", code="andel"): ("ikke meldt lenger", "4,5"),
        place("EKA03", code="andel"): ("annet tegn", "."),
    }
    assert shown().kinds == {kind: 1 for _, _, kind in CHANGED.values()}
    assert not any(one.changed for one in by_place(shown(("endringer", "nei"))).values())
    since = page().changes
    assert since is not None
    assert (since.changed, since.added, since.removed) == (len(CHANGED), 0, 0)


def test_without_a_release_before_nothing_is_a_change() -> None:
    alone = first_ever()
    found = pivot(alone.cubes["13995"], (), alone.catalogue)
    assert found.changes is None
    assert found.shown is not None
    assert not found.shown.kinds


def test_what_the_release_before_did_not_have_is_marked_once() -> None:
    one, other = (
        pair_made(regions, {at: shown[n] for at, shown in SIGNS.items()})
        for n, regions in enumerate((OLD, NEW))
    )
    found = pivot(other, (), DRAFT.catalogue, previous=one, previous_name=BEFORE)
    assert found.shown is not None
    marks = {
        header.label: [mark.text for mark in header.marks]
        for row in found.shown.rows
        for header in row.headers
        if header.label in NEW.values()
    }
    assert marks == {"Oslo": [], "Moss": [], "Haram": ["ny siden 2026-03"]}
    figures = by_place(found.shown)
    assert {at for at, one in figures.items() if one.changed} == set(SIGNS)
    for at, (_, _, kind) in SIGNS.items():
        changed = figures[at].changed
        assert changed is not None
        assert changed.look == kind.replace(" ", "-")


@given(st.tuples(st.integers(0, 99), st.integers(0, 99)))
@settings(max_examples=25)
def test_changes_are_those_of_a_walk_cell_by_cell(seeds: tuple[int, int]) -> None:
    before, after = (
        sample(seed=seed, regions=regions)
        for seed, regions in zip(
            seeds,
            ({"0301": "Oslo", "3103": "Moss"}, {"3103": "Moss", "0301": "Oslo", "4628": "Vaksdal"}),
            strict=True,
        )
    )
    found = changes(after, before)
    walked = _walked(before, after)
    rows = after.frame().select(one.code for one in after.dimensions).rows()
    assert {rows[at] for at in found.at(_every(after))} == walked


def _every(one: SafeCube) -> Positions:
    return np.arange(len(one.values), dtype=np.int64)


def _walked(before: SafeCube, after: SafeCube) -> set[tuple[str, ...]]:
    had = {tuple(row[:-2]): row[-2:] for row in before.frame().iter_rows()}
    return {
        tuple(row[:-2])
        for row in after.frame().iter_rows()
        if tuple(row[:-2]) in had and had[tuple(row[:-2])] != row[-2:]
    }


def test_a_table_with_other_dimensions_is_not_compared_cell_by_cell() -> None:
    found = changes(CUBE, sample())
    assert found.alike
    other = changes(CUBE, None)
    assert not other.alike
    assert other.at(_every(CUBE)) == {}
    assert other.categories(TIME) == frozenset()


def test_marks_stand_with_what_they_are_about() -> None:
    found = shown(*FEW[:1])
    years = {header.label: [mark.kind for mark in header.marks] for header in found.top[-1]}
    assert years == {"2023": [], "2024": [], "2025": ["preliminary", "break"]}
    contents = {
        header.label: ([mark.kind for mark in header.marks], header.detail)
        for row in found.rows
        for header in row.headers
        if header.label.startswith("Measure")
    }
    assert contents == {
        "Measure antall": ([], "number"),
        "Measure andel": (["provisional"], "per cent"),
        "Measure timer": (["interim"], "number"),
    }
    assert page().interim == ["Measure timer"]
    (alone,) = shown(*FEW[:1], ("valueCodes[ContentsCode]", "timer")).rows[0].headers[-1:]
    assert alone.marks == ()  # it is told above the table
    assert page(("valueCodes[ContentsCode]", "antall")).interim == []


def test_estimated_and_broken_figures_are_told_apart() -> None:
    figures = by_place(shown())
    estimated = {at[0] for at, one in figures.items() if one.estimated}
    assert estimated == {"EKA11", "EAK"}
    assert not figures[place("EKA11")].estimated  # a sign is nothing that was estimated
    assert {at[2:] for at, one in figures.items() if one.broken} == {("antall", "2025")}
    assert all(one.preliminary == (at[3] == "2025") for at, one in figures.items())


def test_a_break_shows_only_between_years_that_are_shown() -> None:
    alone = by_place(shown(("valueCodes[Tid]", "2025")))
    assert not any(one.broken for one in alone.values())
    apart = by_place(shown(("valueCodes[Tid]", "2023,2025")))
    assert any(one.broken for one in apart.values())


def test_notes_that_must_be_read_come_first_and_are_those_of_what_is_shown() -> None:
    notes = shown(*FEW, (f"valueCodes[{KOMMUNE_REGION}]", "EKA11,EAK")).notes
    mandatory = [one.mandatory for one in notes]
    assert mandatory == sorted(mandatory, reverse=True)
    texts = [one.text for one in notes]
    assert "Read this first" in texts
    assert "Note on Rogaland" in texts
    assert "Note on Sola" not in texts
    assert [one.number for one in notes] == list(range(1, len(notes) + 1))
    rows = shown(*FEW, (f"valueCodes[{KOMMUNE_REGION}]", "EKA11,EAK")).rows
    (number,) = rows[0].headers[0].notes
    assert notes[number - 1].text == "Note on Rogaland"


def test_only_signs_that_are_shown_are_explained() -> None:
    only = (f"valueCodes[{KOMMUNE_REGION}]", "EKA11")
    assert shown(*FEW, only).signs == [": = hidden", "suppressed"]
    assert shown(*FEW, only, ("lang", "en")).signs == [": = hidden (en)", "suppressed (en)"]
    assert shown(*FEW, (only[0], "EAK")).signs == []
    looks = {one.look for one in by_place(shown()).values()}
    assert looks == {"", "suppressed", "missing"}


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_texts_are_those_of_the_language(language: str) -> None:
    found = page(("lang", language))
    ending = {"nb": "", "nn": " (nn)", "en": " (en)"}[language]
    assert found.title == f"13995: Title of 13995{ending}"
    assert found.choices[1].label == f"dimension Kjonn{ending}"
    assert found.shown is not None
    assert found.shown.corner[-1].endswith(ending)
    assert {option.label for option in found.choices[1].options} == {
        f"{label}{ending}" for label in SEX.values()
    }


def test_every_combination_of_the_default_has_a_figure() -> None:
    assert set(by_place(shown())) == set(
        product(REGIONS, SEX, ("antall", "andel", "timer"), ("2023", "2024", "2025"))
    )
