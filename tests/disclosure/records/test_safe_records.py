"""Nothing but disclosure control makes safe records, and nothing in them changes."""

from __future__ import annotations

import copy
import pickle

import polars as pl
import pytest

from kostra_publish.disclosure.safe_records import SafeRecords
from kostra_publish.disclosure.seal import SEAL
from tests.disclosure.records.test_gates import march

SAFE = march().rows.safe


def again(frame: pl.DataFrame, seal: object = SEAL) -> SafeRecords:
    parts = SAFE.records, frame, SAFE.regions.values(), SAFE.labels, SAFE.anonymity
    return SafeRecords(seal, *parts)  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("seal", [None, object(), type(SEAL)(), "SEAL"])
def test_no_records_are_safe_without_the_seal(seal: object) -> None:
    with pytest.raises(TypeError, match="disclosure control"):
        again(SAFE.frame(), seal)
    with pytest.raises(TypeError, match="disclosure control"):
        SafeRecords.__new__(SafeRecords, seal)  # type: ignore[arg-type]  # what is tested


def test_they_cannot_be_copied_pickled_or_subclassed() -> None:
    for make in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot be copied"):
            make(SAFE)
    with pytest.raises(TypeError, match="no kinds"):
        type("Kind", (SafeRecords,), {})


def test_nothing_in_them_changes() -> None:
    for name in SafeRecords.__slots__:
        with pytest.raises(AttributeError):
            setattr(SAFE, name, None)
        with pytest.raises(AttributeError):
            delattr(SAFE, name)
    with pytest.raises(TypeError):
        SAFE.labels["kjonn"] = {}  # type: ignore[index]  # what is tested
    with pytest.raises(TypeError):
        SAFE.regions["9999"] = SAFE.regions["3103"]  # type: ignore[index]  # what is tested
    with pytest.raises(AttributeError):
        SAFE.__init__(SEAL, SAFE.records, SAFE.frame(), [], {}, SAFE.anonymity)


def test_they_hand_out_copies() -> None:
    given = SAFE.frame()
    made = again(given)
    for frame in (given, made.frame()):
        frame[0, "kjonn"] = "9"
    assert made.frame().equals(SAFE.frame())


@pytest.mark.parametrize("twins", [0, 1, 2, 3])
def test_a_row_with_fewer_than_three_twins_is_refused(twins: int) -> None:
    more = SAFE.frame().head(1).with_columns(kjonn=pl.lit("uoppgitt"))
    frame = pl.concat([SAFE.frame(), *[more] * (twins + 1)])
    if twins == 3:
        assert again(frame).frame().height == SAFE.frame().height + 4
        return
    with pytest.raises(ValueError, match="fewer than 4 rows are alike"):
        again(frame)


@pytest.mark.parametrize(
    "change",
    [
        pl.lit(7).alias("kjonn"),
        pl.lit("x").alias("saksbehandler"),
        pl.lit(None, pl.String).alias("kjonn"),
    ],
    ids=["a number", "another column", "no value"],
)
def test_other_columns_or_values_are_refused(change: pl.Expr) -> None:
    with pytest.raises(ValueError, match="rader: "):
        again(SAFE.frame().with_columns(change))


def test_the_repr_has_no_row() -> None:
    assert repr(SAFE) == f"SafeRecords(rader, {SAFE.frame().height} rows)"


def test_labels_are_of_the_codes_that_are_used() -> None:
    for name, labels in SAFE.labels.items():
        assert {*labels} == {*SAFE.frame()[name]}
