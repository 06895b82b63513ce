"""A part of a safe cube has the cells of the whole, and no others."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.facts import footnotes
from kostra_publish.specs.dimensions import CONTENTS, TIME
from kostra_publish.specs.models import Presentation
from tests.cubes import catalogue, measure, sample, table, text

WHOLE = sample()


@st.composite
def picked(draw: st.DrawFn) -> dict[str, list[str]]:
    chosen: dict[str, list[str]] = {}
    for one in WHOLE.dimensions:
        if draw(st.booleans()):
            chosen[one.code] = draw(st.lists(st.sampled_from(one.codes), min_size=1, unique=True))
    return chosen


@given(picked())
def test_a_part_has_the_cells_that_are_picked_in_their_order(chosen: dict[str, list[str]]) -> None:
    part = WHOLE.part(chosen)
    kept = [pl.col(code).is_in(codes) for code, codes in chosen.items()]
    assert part.frame().equals(WHOLE.frame().filter(*kept))
    for one in part.dimensions:
        names = dict(zip(one.codes, one.labels, strict=True))
        whole = WHOLE.dimension(one.code)
        assert names.items() <= dict(zip(whole.codes, whole.labels, strict=True)).items()
    assert [*part.vintages] == [int(year) for year in part.dimension(TIME).codes]
    assert type(part) is SafeCube


def test_a_dimension_of_which_one_category_is_picked_may_be_left_out() -> None:
    part = WHOLE.part({"Kjonn": ["0"]}, without={"Kjonn"})
    assert [one.code for one in part.dimensions] == ["KOKkommuneregion0000", CONTENTS, TIME]
    assert part.frame().equals(WHOLE.frame().filter(pl.col("Kjonn") == "0").drop("Kjonn"))


@pytest.mark.parametrize(
    ("chosen", "without", "said"),
    [
        ({"Kjonn": ["0", "1"]}, {"Kjonn"}, "not one category"),
        ({}, {"Kjonn"}, "not one category"),
        ({"Alder": ["1"]}, set(), "no dimension Alder"),
        ({}, {"Alder"}, "no dimension Alder"),
        ({"Kjonn": ["3"]}, set(), "has no 3"),
    ],
)
def test_a_part_of_what_there_is_not_is_refused(
    chosen: dict[str, list[str]], without: set[str], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        WHOLE.part(chosen, without=without)


def test_notes_on_what_is_left_out_are_left_out_too() -> None:
    last = footnotes(WHOLE, catalogue()).table
    first = footnotes(WHOLE.part({TIME: ["2024"]}), catalogue()).table
    assert any("missing for: Moss" in note.text.nb for note in last)
    assert not any("missing for: Moss" in note.text.nb for note in first)
    assert not any("preliminary" in note.text.nb for note in first)


def test_figures_may_be_said_in_other_words() -> None:
    words = WHOLE.table.model_copy(
        update={"title": text("Another"), "presentation": Presentation(heading=["Kjonn"])}
    )
    said = WHOLE.said(words)
    assert said.table.title.nb == "Another"
    assert said.frame().equals(WHOLE.frame())


def test_figures_are_not_said_to_be_others() -> None:
    for other in (table("14019"), table(measures=[measure("KOSantall0000")])):
        with pytest.raises(ValueError, match="not of another"):
            WHOLE.said(other)
