"""What is handed over adds up to what is published, or is not handed over."""

from __future__ import annotations

import polars as pl
import pytest

from kostra_publish.errors import DisclosureError
from kostra_publish.nav.contents import RECONCILED, changes, reconciled_rows
from kostra_publish.nav.handover import _equal
from tests.cube.test_build import YEAR
from tests.disclosure.records.test_gates import KOMMUNER, march


def reconciled() -> list[tuple[object, ...]]:
    [cube] = march().protected.cubes
    return [*reconciled_rows(march().rows.safe, cube, YEAR)]


def frame(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=RECONCILED, orient="row")


def test_rows_add_up_to_the_table() -> None:
    total = march().rows.safe.frame().height
    assert reconciled() == [("rader", "t1", "kommune", 3, 3, total, total)]
    [gate] = _equal(frame(reconciled()))
    assert gate.passed
    assert (gate.name, gate.found) == ("reconciliation", "3 of 3 equal")


def test_one_region_that_differs_is_refused_and_not_named() -> None:
    name, table, kind, cells, equal, handed_over, published = reconciled()[0]
    assert isinstance(equal, int)
    wrong = frame([(name, table, kind, cells, equal - 1, handed_over, published)])
    with pytest.raises(DisclosureError) as error:
        list(_equal(wrong))
    message = error.value.message
    assert "gate reconciliation" in message
    assert "1 of 3 do not pass" in message
    assert str(published) not in message
    assert not any(code in message for code in KOMMUNER)


@pytest.mark.parametrize(("before", "told"), [(0, True), (1, False), (3, False), (4, True)])
def test_a_small_change_of_a_region_is_left_out(before: int, told: bool) -> None:
    safe = march().rows.safe
    count = safe.frame().filter(region="3103").height
    earlier = {"rader": {"3103": (count - before, frozenset(["3103"]))}}
    found = changes({"rader": safe}, earlier)
    assert (found.height == 1) == told


def test_a_region_of_other_kommuner_is_not_compared() -> None:
    safe = march().rows.safe
    earlier = {"rader": {"3103": (0, frozenset(["3103", "3105"]))}}
    assert changes({"rader": safe}, earlier).is_empty()
