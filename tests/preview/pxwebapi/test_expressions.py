"""Selection expressions against a naive reading of what they mean."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kostra_publish.preview.pxwebapi.expressions import expanded, items
from kostra_publish.preview.pxwebapi.problems import Problem, ProblemError
from kostra_publish.specs.dimensions import CubeDimension
from tests.cubes import dimension

SOME = ("0301", "1124", "EAK", "EAKUO", "EKA11", "EKA15", "EKG07", "x.1", "999")


def of(codes: tuple[str, ...], time: bool = False) -> CubeDimension:
    names = dict.fromkeys(codes, "name")
    return dimension("Region", names, "time" if time else "classification")


@st.composite
def dimensions(draw: st.DrawFn) -> CubeDimension:
    codes = draw(st.lists(st.sampled_from(SOME), min_size=1, unique=True))
    return of(tuple(codes), draw(st.booleans()))


def cases(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from([text, text.upper(), text.lower(), text.title()])


@given(dimensions(), st.text("0123EAKUOGx.?", max_size=5), st.booleans(), st.booleans())
def test_wildcards_find_what_a_shell_would(
    own: CubeDimension, middle: str, before: bool, after: bool
) -> None:
    pattern = "*" * before + middle + "*" * after
    assume({"*", "?"} & {*pattern})
    wanted = tuple(code for code in own.codes if fnmatchcase(code.lower(), pattern.lower()))
    if wanted:
        assert expanded([pattern], own) == wanted
    else:
        with pytest.raises(ProblemError, match="no category"):
            expanded([pattern], own)


@given(dimensions(), st.data())
def test_top_and_bottom_count_from_the_ends_and_time_from_the_newest(
    own: CubeDimension, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, 12))
    offset = data.draw(st.integers(0, len(own.codes) - 1))
    name = data.draw(st.sampled_from(["top", "bottom"]))
    inside = f"{count},{offset}" if offset or data.draw(st.booleans()) else f"{count}"
    from_the_last = (own.role == "time") == (name == "top")
    ordered = list(reversed(own.codes)) if from_the_last else list(own.codes)
    kept = {code for place, code in enumerate(ordered) if offset <= place < offset + count}
    written = data.draw(cases(f"{name}({inside})"))
    assert expanded([written], own) == tuple(code for code in own.codes if code in kept)


@given(dimensions(), st.data())
def test_ranges_have_both_ends(own: CubeDimension, data: st.DataObject) -> None:
    codes = list(own.codes)
    one, other = (data.draw(st.sampled_from(codes)) for _ in range(2))
    first, last = sorted((codes.index(one), codes.index(other)))
    assert expanded([data.draw(cases(f"range({one},{other})"))], own) == own.codes[first : last + 1]
    assert expanded([data.draw(cases(f"from({one})"))], own) == own.codes[codes.index(one) :]
    assert expanded([data.draw(cases(f"to({one})"))], own) == own.codes[: codes.index(one) + 1]


@given(dimensions(), st.data())
def test_several_items_are_together_what_each_is(own: CubeDimension, data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.sampled_from([*own.codes, "*", "top(1)", "bottom(2)"])))
    each = {code for item in wanted for code in expanded([item], own)}
    assert expanded(wanted, own) == tuple(code for code in own.codes if code in each)


NO_EXPRESSIONS = [
    *("a*b", "***", "*1*2*", "top()", "top(0)", "top(-1)", "top(1,)", "top(1,2,3)", "top(x)"),
    *("top(1", "bottom(1.5)", "from()", "from(0301,1124)", "to()", "range(0301)", "range(,0301)"),
    "range(0301,1124,EAK)",
]
MANY_DIGITS = f"top({'9' * 5000})"
ARABIC_DIGIT = "top(\N{ARABIC-INDIC DIGIT ONE})"


@pytest.mark.parametrize("wrong", [*NO_EXPRESSIONS, MANY_DIGITS, ARABIC_DIGIT])
def test_what_is_no_expression_is_said_to_be_none(wrong: str) -> None:
    with pytest.raises(ProblemError) as error:
        expanded([wrong], of(SOME))
    assert error.value.problem is Problem.EXPRESSION
    assert wrong in error.value.message


@pytest.mark.parametrize(
    "unknown",
    ["9999", "", "q*", "????????", "from(9999)", "to(9999)", "range(0301,9999)", "top(1,100)"],
)
def test_what_finds_nothing_is_refused(unknown: str) -> None:
    with pytest.raises(ProblemError) as error:
        expanded([unknown], of(SOME))
    assert error.value.problem is Problem.VALUE
    assert "0301, 1124" in error.value.fix


def test_a_code_is_itself_even_where_it_looks_like_an_expression() -> None:
    odd = of(("top(1)", "a*", "A*", "ab"))
    assert expanded(["top(1)"], odd) == ("top(1)",)
    assert expanded(["A*"], odd) == ("A*",)
    assert expanded(["TOP(1)"], odd) == ("top(1)",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" , ", []),
        ("0301", ["0301"]),
        ("0301, 1124", ["0301", "1124"]),
        ("[range(2023,2025)]", ["range(2023,2025)"]),
        ("0301,[top(2,1)],EAK", ["0301", "top(2,1)", "EAK"]),
        ("[[ME01]],x", ["[ME01]", "x"]),
        ("range(2023,2025)", ["range(2023", "2025)"]),
        ("a],b", ["a]", "b"]),
    ],
)
def test_commas_in_brackets_do_not_divide(text: str, found: list[str]) -> None:
    assert items(text) == found
