from pathlib import Path

import pytest

from kostra_publish.errors import SpecError
from kostra_publish.specs import yaml_text


def read(folder: Path, text: str) -> yaml_text.Document:
    path = folder / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    return yaml_text.read(path)


def test_scalars_stay_as_they_were_written(tmp_path: Path) -> None:
    document = read(tmp_path, "kommune: 0301\nno: no\nyear: 2025\nsign: '..'\nshare: 1_000\n")
    assert document.content == {
        "kommune": "0301",
        "no": "no",
        "year": "2025",
        "sign": "..",
        "share": "1_000",
    }


def test_blank_and_null_are_none_but_a_quoted_word_is_not(tmp_path: Path) -> None:
    document = read(tmp_path, "a:\nb: null\nc: ~\nd: 'null'\n")
    assert document.content == {"a": None, "b": None, "c": None, "d": "null"}


def test_every_place_knows_its_line(tmp_path: Path) -> None:
    document = read(tmp_path, "id: x\nmeasures:\n  - code: A\n  - code: B\n    unit: kr\n")
    assert document.line(("measures", 1, "unit")) == 5
    assert document.line(("measures", 1, "missing key")) == 4
    assert document.line(("measures", "union tag", 0, "code")) == 3


def test_an_alias_means_what_its_anchor_says(tmp_path: Path) -> None:
    document = read(tmp_path, "a: &codes ['1', '2']\nb: *codes\n")
    assert document.content["b"] == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("a: 1\na: 2\n", "line 2", "given twice"),
        ("a: [1\nb: 2\n", "line 2", "not valid YAML"),
        ("- a\n- b\n", "line 1", "must hold a mapping"),
        ("id: x\nmissing: &a [*a]\n", "line 2", "inside its own anchor"),
        ("id: x\n\na: &a\n  b: {c: *a}\n", "line 4", "inside its own anchor"),
        ("a: 1\n\nb: \x01\n", "line 3", "control characters"),
        (f"a: {'[' * 2000}{']' * 2000}\n", "line 1", "nested too deep"),
        (f"id: x\na: {'[' * 200}{']' * 200}\n", "line 2", "nested too deep"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(
    tmp_path: Path, text: str, line: str, rule: str
) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text)
    (finding,) = caught.value.findings
    assert finding.file == "spec.yaml"
    assert finding.where == line
    assert rule in finding.rule
    assert finding.fix


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        yaml_text.read(tmp_path)


def test_latin_1_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes("navn: Tromsø\n".encode("latin-1"))
    with pytest.raises(SpecError, match="not UTF-8"):
        yaml_text.read(path)
