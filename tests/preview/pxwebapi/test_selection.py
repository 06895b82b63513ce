"""What queries choose of tables, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest

from kostra_publish.outputs.facts import elimination, layout
from kostra_publish.preview.pxwebapi import selection
from kostra_publish.preview.pxwebapi.problems import Problem, ProblemError
from kostra_publish.preview.pxwebapi.selection import Query, chosen, in_address, in_body
from tests.preview.few_drafts import TABLES, few_draft

CUBES = few_draft().cubes
TEN = CUBES["10509"]
REGION, EDUCATION, POSITION, CONTENTS, TIME = (one.code for one in TEN.dimensions)


def query(
    wanted: Mapping[str, list[str]], heading: Sequence[str] = (), stub: Sequence[str] = ()
) -> Query:
    return Query.model_validate(
        {
            "selection": [
                {"variableCode": name, "valueCodes": codes} for name, codes in wanted.items()
            ],
            "placement": {"heading": [*heading], "stub": [*stub]},
        }
    )


def refused(asked: Query, table_id: str = "10509") -> ProblemError:
    with pytest.raises(ProblemError) as error:
        chosen(CUBES[table_id], asked)
    assert error.value.fix
    return error.value


ALL = {REGION: ["*"], EDUCATION: ["*"], POSITION: ["*"], CONTENTS: ["*"], TIME: ["*"]}


# --- ways to ask ---


def test_addresses_and_bodies_ask_the_same() -> None:
    address = [
        (f"valueCodes[{REGION}]", "EAK,[range(0301,1124)]"),
        ("valuecodes[Tid]", "top(1)"),
        ("VALUECODES[Tid]", "2023"),
        (f"codelist[{REGION}]", "vs_10509_land"),
        ("heading", "Tid"),
        ("stub", f"{REGION},ContentsCode"),
        ("outputValues[Tid]", "aggregated"),
        ("lang", "nn"),
    ]
    body = {
        "selection": [
            {
                "variableCode": REGION,
                "valueCodes": ["EAK", "range(0301,1124)"],
                "codeList": "vs_10509_land",
                "outputValues": "single",
            },
            {"VariableCode": "Tid", "valuecodes": ["top(1)", "2023"], "codelist": None},
        ],
        "placement": {"heading": ["Tid"], "stub": [REGION, "ContentsCode"]},
    }
    assert in_address(address) == in_body(json.dumps(body).encode())


@pytest.mark.parametrize("body", [b"", b"  ", b"null", b"{}", b'{"selection":[]}'])
def test_an_empty_body_asks_for_the_default_selection(body: bytes) -> None:
    assert chosen(TEN, in_body(body)).picked == selection.default(TEN)


OTHER_FORMS = b"""
    { [] 7 {"selection":{}} {"selection":[{}]} {"selection":[{"variableCode":1}]}
    {"selection":["Tid"]} {"placement":[]}
    {"selection":[{"variableCode":"Tid","valueCodes":"2025"}]}
""".split()


@pytest.mark.parametrize("body", [*OTHER_FORMS, b"\xff"])
def test_a_body_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(ProblemError) as error:
        in_body(body)
    assert error.value.problem is Problem.BAD_REQUEST


@pytest.mark.parametrize("name", ["valuecodes", "valuecodes[]", "valuecodes[Tid", "valueCodesTid"])
def test_a_parameter_without_a_dimension_is_refused(name: str) -> None:
    with pytest.raises(ProblemError, match="does not name a dimension"):
        in_address([(name, "2025")])


# --- what is chosen ---


def test_what_has_a_total_may_be_left_out_and_is_then_that_total() -> None:
    found = chosen(TEN, query({REGION: ["EAK"], POSITION: [], CONTENTS: ["*"], TIME: ["top(1)"]}))
    assert found.eliminated == {EDUCATION, POSITION}
    part = found.of(TEN)
    assert [one.code for one in part.dimensions] == [REGION, CONTENTS, TIME]
    whole = TEN.part(
        {REGION: ["EAK"], EDUCATION: ["00"], POSITION: ["00"], TIME: ["2025"]},
    )
    assert part.values.equals(whole.values)
    assert part.statuses.equals(whole.statuses)


def test_names_of_dimensions_are_found_in_any_case_and_time_by_its_english_name() -> None:
    asked = query({REGION.upper(): ["eak"], "CONTENTSCODE": ["*"], "TIME": ["2025"]})
    assert chosen(TEN, asked).picked[TIME] == ("2025",)


def test_all_of_a_table_is_the_table() -> None:
    assert chosen(TEN, query(ALL)).of(TEN).frame().equals(TEN.frame())


@pytest.mark.parametrize("table_id", TABLES)
def test_the_default_selection_is_the_country_in_the_newest_years(table_id: str) -> None:
    cube = CUBES[table_id]
    found = selection.default(cube)
    assert [*found] == [one.code for one in cube.dimensions]
    assert all(set(codes) <= set(cube.dimension(code).codes) for code, codes in found.items())
    assert found[cube.dimensions[0].code] == ("EAB" if table_id == "13995-bydel" else "EAK",)
    assert found["Tid"] == ("2024", "2025")
    for one in cube.dimensions[1:-3]:
        assert found[one.code] == (elimination(one) or one.codes[0],)


@pytest.mark.parametrize("table_id", TABLES)
def test_the_default_selection_can_be_sent_as_it_is(table_id: str) -> None:
    cube = CUBES[table_id]
    sent = in_body(json.dumps(selection.as_json(cube)).encode())
    found = chosen(cube, sent)
    assert found.picked == selection.default(cube)
    assert found.placement is not None
    assert layout(found.of(cube)) == layout(cube)


# --- how it is laid out ---


@pytest.mark.parametrize(
    ("heading", "stub", "laid_out"),
    [
        ([], [], ([REGION, EDUCATION, POSITION, CONTENTS], [TIME])),
        (["time", POSITION], [], ([REGION, EDUCATION, CONTENTS], [TIME, POSITION])),
        ([], [REGION.lower(), TIME], ([REGION, TIME], [EDUCATION, POSITION, CONTENTS])),
        ([CONTENTS], [TIME, REGION, EDUCATION, POSITION], None),
        ([], [*ALL], ([*ALL], [])),
        ([*ALL], [], ([], [*ALL])),
    ],
)
def test_dimensions_stand_where_they_are_placed(
    heading: list[str], stub: list[str], laid_out: tuple[list[str], list[str]] | None
) -> None:
    found = chosen(TEN, query(ALL, heading, stub)).of(TEN)
    assert layout(found) == (laid_out or (stub, heading))


@pytest.mark.parametrize(
    ("heading", "stub", "problem"),
    [
        ([TIME], [TIME], Problem.PLACEMENT),
        ([TIME, TIME], [], Problem.PLACEMENT),
        ([TIME], [REGION], Problem.PLACEMENT),
        ([EDUCATION], [], Problem.PLACEMENT),
        (["Alder"], [], Problem.VARIABLE),
    ],
)
def test_a_layout_has_each_dimension_once(
    heading: list[str], stub: list[str], problem: Problem
) -> None:
    asked = {name: items for name, items in ALL.items() if name != EDUCATION}
    assert refused(query(asked, heading, stub)).problem is problem


# --- what is refused ---


@pytest.mark.parametrize("missing", [REGION, CONTENTS, TIME])
@pytest.mark.parametrize("named", [True, False])
def test_what_has_no_total_must_be_chosen_from(missing: str, named: bool) -> None:
    asked = {name: items for name, items in ALL.items() if name != missing}
    error = refused(query(asked | ({missing: []} if named else {})))
    assert error.problem is Problem.MISSING_SELECTION
    assert missing in error.message


def test_a_dimension_without_a_total_must_be_chosen_from_in_any_table() -> None:
    asked = query({REGION: ["*"], CONTENTS: ["*"], TIME: ["*"]})
    assert "KOKfunksjon0000" in refused(asked, "12367").message


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"Alder": ["*"]}, Problem.VARIABLE),
        ({TIME: ["2030"]}, Problem.VALUE),
        ({TIME.lower(): ["*"]}, Problem.BAD_REQUEST),
        ({EDUCATION: ["a*b"]}, Problem.EXPRESSION),
    ],
)
def test_what_a_table_does_not_have_is_refused(
    changes: dict[str, list[str]], problem: Problem
) -> None:
    assert refused(query(ALL | changes)).problem is problem


def test_more_cells_than_an_answer_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = len(TEN.values)
    monkeypatch.setattr(selection, "MOST_CELLS", cells)
    assert len(chosen(TEN, query(ALL)).of(TEN).values) == cells
    monkeypatch.setattr(selection, "MOST_CELLS", cells - 1)
    error = refused(query(ALL))
    assert error.problem is Problem.TOO_MANY_CELLS
    assert f"{cells} cells are selected" in error.message
