"""Ladders: codes and groups are each other's, and cuts part all values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kostra_publish.disclosure.records.ladders import Cut, Ladder, Node, bits
from kostra_publish.specs.delivery import ALL, UNKNOWN, Variable
from tests.disclosure.records.small_rounds import AGE, MONTHS, SOURCE, value, variable

LADDERS = [Ladder.of(Variable.model_validate(one)) for one in (AGE, MONTHS, SOURCE)]


@st.composite
def ladders(draw: st.DrawFn) -> Ladder:
    """Ladders of up to three levels."""
    number = iter(range(100))

    def node(depth: int) -> dict[str, Any]:
        count = draw(st.integers(2, 3)) if depth and draw(st.booleans()) else 0
        parts = [node(depth - 1) for _ in range(count)]
        return value(f"c{next(number)}", parts=parts)

    top = [node(2) for _ in range(draw(st.integers(2, 4)))]
    return Ladder.of(Variable.model_validate(variable("x", "X", "sensitive", top)))


@given(ladders(), st.data())
def test_a_group_has_one_code_and_a_code_one_group(ladder: Ladder, data: st.DataObject) -> None:
    group = data.draw(st.integers(1, (1 << ladder.size) - 1))
    code = ladder.code(group)
    assert ladder.group_of(code) == group
    # Of the largest nodes that fit: no two of them are all the parts of another.
    other = data.draw(st.integers(1, (1 << ladder.size) - 1))
    assert (ladder.code(other) == code) == (other == group)


@given(ladders())
def test_nodes_are_made_of_their_parts(ladder: Ladder) -> None:
    assert ladder.root.group == (1 << ladder.size) - 1
    assert ladder.code(ladder.root.group) == ALL
    assert ladder.code(1 << (ladder.size - 1)) == UNKNOWN
    for node in ladder.root.every():
        assert ladder.code(node.group) == node.code
        if node.parts:
            assert sum(part.group for part in node.parts) == node.group
            assert len(bits(node.group, ladder.size)) > 1
        else:
            assert len(bits(node.group, ladder.size)) == 1
        assert ladder.members(node.group).sum() == len(bits(node.group, ladder.size))
    assert {node.code for node in ladder.nodes} == {
        node.code for node in ladder.root.every() if node.code != ALL
    }


@given(ladders(), st.data())
def test_a_cut_parts_all_values_however_it_is_refined(ladder: Ladder, data: st.DataObject) -> None:
    cut: Cut = ladder.start
    for _ in range(5):
        place = data.draw(st.integers(0, len(cut) - 1))
        fitting = data.draw(st.sets(st.sampled_from([one.code for one in ladder.nodes])))
        parts = cut[place].parts
        finer = ladder.refined(cut, place, parts, lambda part, these=fitting: part.code in these)  # type: ignore[misc]
        if finer is None:
            continue
        assert len(finer) > len(cut)
        assert sum(node.group for node in finer) == ladder.root.group
        told = {part.code for part in parts if part.code in fitting}
        # What does not fit is never told alone.
        new = [node for node in finer if node not in cut]
        assert all(node.code in told or "+" in node.code or len(told) == 0 for node in new)
        places = ladder.places(finer)
        for number, node in enumerate(finer):
            assert places[bits(node.group, ladder.size)].tolist() == [number] * len(
                bits(node.group, ladder.size)
            )
        cut = finer


def test_a_part_that_does_not_fit_takes_the_next_with_it() -> None:
    age = LADDERS[0]
    young = age.root.parts[0]
    cut = age.refined((young,), 0, young.parts, lambda part: part.code != "20-24")
    assert cut is not None
    assert [node.code for node in cut] == ["-19", "20-24+25-29"]
    assert age.refined((young,), 0, young.parts[:2], lambda part: part.code != "20-24") is None


def test_parts_that_are_the_same_are_joined() -> None:
    age = LADDERS[0]

    def same(one: Node, other: Node) -> bool:
        return {one.code, other.code} <= {"-29", UNKNOWN}

    joined = age.joined(age.root.parts, same)
    assert [node.code for node in joined] == ["30-", "-29+uoppgitt"]
    assert sum(node.group for node in joined) == age.root.group
    assert not joined[1].parts


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_groups_are_called_what_their_parts_are(language: Any) -> None:
    age = LADDERS[0]
    group = age.group_of("-19+50-")
    assert age.label(group).get(language) == f"-19 {language}, 50- {language}"
    assert age.label(age.root.group).get(language) in {"Alle", "All"}


def test_a_code_that_no_group_has_is_refused() -> None:
    with pytest.raises(KeyError):
        LADDERS[0].group_of("30-34")
