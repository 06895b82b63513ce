"""Files that do not say what they should in the way they should are findings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kostra_publish.auditing.files import read
from kostra_publish.auditing.released import Content, ReleasedTable, Year, disagreements
from kostra_publish.outputs.correspondence import write_correspondence
from tests.cubes import catalogue, sample
from tests.outputs.test_jsonstat import RELEASE

REGION, CONTENTS, TIME = "Region", "ContentsCode", "Tid"


def document(**changes: Any) -> dict[str, Any]:
    codes = {REGION: ["0301", "EAK"], CONTENTS: ["KOSn0000"], TIME: ["2024", "2025"]}
    return {
        "class": "dataset",
        "id": list(codes),
        "size": [2, 1, 2],
        "dimension": {
            name: {
                "category": {
                    "index": {code: n for n, code in enumerate(of)},
                    "label": dict.fromkeys(of, "a"),
                    **({"unit": {"KOSn0000": {"decimals": 1}}} if name == CONTENTS else {}),
                },
                "extension": {},
            }
            for name, of in codes.items()
        },
        "extension": {
            "firstPeriod": "2024",
            "lastPeriod": "2025",
            "px": {"tableid": "13995", "language": "nb", "decimals": 1},
            "kostra": {
                "rounds": {"2024": "2025-06", "2025": "2026-03"},
                "preliminary": ["2025"],
                "synthetic": True,
            },
        },
        "value": [None, 7, 8.5, None],
        "status": {"0": ":", "3": ".."},
        **changes,
    }


def content(**changes: Any) -> Content:
    return read("13995.nb.json", json.dumps(document(**changes), separators=(",", ":")).encode())


def table(**changes: Any) -> ReleasedTable:
    found = content(**changes).table
    assert found is not None
    return found


def test_a_table_as_it_should_be() -> None:
    found = content()
    assert found.wrong == []
    assert table().shown.tolist() == [False, True, True, False]
    assert table().years == {2024: Year("2025-06", False), 2025: Year("2026-03", True)}


def test_cells_are_found_by_their_codes_in_any_order() -> None:
    dimensions = {TIME: ("2025",), REGION: ("EAK", "1103", "0301"), CONTENTS: ("KOSn0000",)}
    places = table().places(dimensions)
    assert places is not None
    assert places.tolist() == [False, False, True]
    assert table().places({TIME: ("2025",)}) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": [None, 7, 8.5]}, "is not a table"),
        ({"value": [None, 7, "8.5", None]}, "is not a table"),
        ({"value": [None, 7, True, None]}, "is not a table"),
        ({"value": {"1": 7, "2": 8.5}}, "is not a table"),
        ({"size": [1, 2, 2]}, "is not a table"),
        ({"extension": {}}, "is not a table"),
        ({"more": 3}, "is not a table"),
        ({"status": {"0": ":", "3": "x"}}, "has an unknown sign in 1 cells"),
        ({"status": {"0": ":", "4": ":"}}, "has a sign outside the table"),
        ({"status": {"0": ":", "1": ":", "3": ".."}}, "has both a number and a sign in 1 cells"),
        ({"status": {}}, "has neither a number nor a sign in 2 cells"),
    ],
)
def test_what_is_wrong_with_a_table(changes: dict[str, Any], words: str) -> None:
    assert any(words in wrong for wrong in content(**changes).wrong)


def test_categories_out_of_order_and_vintages_without_a_round() -> None:
    changed = document()
    changed["dimension"][REGION]["category"]["index"] = {"0301": 1, "EAK": 0}
    assert "is not a table" in content(**changed).wrong[0]
    changed = document()
    del changed["extension"]["kostra"]["rounds"]["2024"]
    assert content(**changed).wrong == ["does not say which round published a vintage"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.json", b"{", "is not JSON"),
        ("a.json", b'{"value": 1, "value": 2}', "is not JSON"),
        ("a.json", b'{"value": NaN}', "is not JSON"),
        ("a.json", b"\xff", "is not text"),
        ("a.txt", b"1;2", "is of a kind that the audit does not know"),
    ],
    ids=["broken", "a key twice", "no number", "no text", "kind"],
)
def test_what_cannot_be_read(name: str, data: bytes, words: str) -> None:
    assert words in read(name, data).wrong[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": [None, 7, 9, None]}, "differs from 13995.nb.json in 1 cells"),
        ({"status": {"0": "..", "3": ".."}}, "differs from 13995.nb.json in 1 cells"),
        ({"size": [2, 1, 2]}, None),
    ],
    ids=["value", "sign", "the same"],
)
def test_languages_that_do_not_agree(changes: dict[str, Any], words: str | None) -> None:
    found = [how for _, how in disagreements([table(), table(**changes)])]
    assert found == ([] if words is None else [words])


def test_other_categories() -> None:
    other = document()
    of_region = other["dimension"][REGION]["category"]
    of_region |= {"index": {"0301": 0, "EAKUO": 1}, "label": {"0301": "a", "EAKUO": "a"}}
    [(_, how)] = disagreements([table(), table(**other)])
    assert how == "has other categories than 13995.nb.json"


def test_numbers_beside_the_figures_are_texts_and_what_counts_the_table_is_not() -> None:
    changed = document()
    changed["extension"]["contact"] = [{"raw": 3}]
    texts = {said.text for said in content(**changed).texts}
    assert "number 3" in texts
    assert "number 2" not in texts
    assert "number 1" not in texts


def test_a_digit_that_a_number_cannot_hold_is_wrong() -> None:
    """It is not there any more once the number is read, so nothing else would see it."""
    written = json.dumps(document(), separators=(",", ":"))
    for number in ("7.00000000000000000003", "7.0", "7e0", "07", " 7"):
        found = read("13995.nb.json", written.replace("[null,7,", f"[null,{number},").encode())
        assert "is not a table" in " ".join(found.wrong), number


def test_a_document_is_written_in_one_way_only() -> None:
    written = json.dumps(document(), separators=(",", ":"))
    for other in (
        f"\n{written}",
        f"{written}   ",
        written.replace('"id":', '"id": '),
        written.replace("dataset", "\\u0064ataset"),
        written.replace('{"0":":"', '{"00":":"'),
    ):
        assert other != written
        assert read("13995.nb.json", other.encode()).wrong != []


def _within(*keys: str, **members: Any) -> Callable[[dict[str, Any]], None]:
    """Put members into a part of a document."""

    def alter(changed: dict[str, Any]) -> None:
        for key in keys:
            changed = changed[key]
        changed |= members

    return alter


KOSTRA = ("extension", "kostra")
OTHERWISE: dict[str, Callable[[dict[str, Any]], None]] = {
    "decimals": _within(*KOSTRA, decimals=7),
    "decimals of the table": _within("extension", "px", decimals=7),
    "a share of a region that is not there": _within(*KOSTRA, estimated={"2025": {"1103": 17.0}}),
    "a share of another year": _within(*KOSTRA, estimated={"2023": {"0301": 17.0}}),
    "a member": _within("extension", hidden=True),
    "a note that is not there": _within("extension", noteMandatory={"17": True}),
    "a code of no table": _within(*KOSTRA, provisional={"measures": ["3"]}),
    "a total of no table": _within("dimension", REGION, "extension", eliminationValueCode="3"),
    "a dimension": _within("dimension", X={"category": {"index": {"a": 17}}, "extension": {}}),
    "a name": _within("dimension", REGION, "category", "label", more="a"),
    "years": _within("extension", lastPeriod="2017"),
}


@pytest.mark.parametrize("alter", OTHERWISE.values(), ids=OTHERWISE)
def test_what_a_table_does_not_have_is_wrong(alter: Callable[[dict[str, Any]], None]) -> None:
    changed = document()
    alter(changed)
    assert "is not a table" in " ".join(content(**changed).wrong)


@pytest.mark.parametrize("data", [b"{}", b"[true,false]", b'""', b'{"class":"collection"}'])
def test_a_document_of_no_kind_is_wrong(data: bytes) -> None:
    assert read("a.json", data).wrong == ["is of a kind that the audit does not know"]


def test_changes_of_kommuner_are_those_that_are_known() -> None:
    _, data = next(write_correspondence([sample()], catalogue(), RELEASE))
    file = "public/statbank/kommuneendringer.json"
    assert read(file, data).wrong == []
    for before, after in ((b"1508", b"1517"), (b"\n ", b"\n  "), (b"}", b""), (b"2024", b"2023")):
        assert before in data
        assert read(file, data.replace(before, after)).wrong != []
