"""Parquet that is not what it should be is a finding, whatever has been done to it."""

from __future__ import annotations

import io
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as parquet_of_arrow
import pytest

from kostra_publish.auditing.files import read
from kostra_publish.outputs import parquet
from kostra_publish.specs.dimensions import CONTENTS, TIME
from tests.auditing.released import ALL, MARCH, TABLE, WOMEN, Kept, Look, said, sign
from tests.cubes import catalogue, sample
from tests.outputs.test_jsonstat import RELEASE

FILE = f"public/statbank/parquet/{TABLE}.parquet"
NO_TABLE = "is not a table in Parquet as this program writes it"

Said = dict[str, Any]
Alter = Callable[[pl.DataFrame, Said], tuple[pl.DataFrame, Said]]


def altered(data: bytes, alter: Alter) -> bytes:
    """The bytes of a file whose rows and metadata have been changed."""
    found = pl.read_parquet_metadata(io.BytesIO(data))
    before = {key: json.loads(text) for key, text in found.items() if key != "ARROW:schema"}
    frame, after = alter(pl.read_parquet(io.BytesIO(data)), before)
    buffer = io.BytesIO()
    written = {
        key: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for key, value in after.items()
    }
    frame.write_parquet(buffer, statistics=False, metadata=written)
    return buffer.getvalue()


def rewrite(release: Path, alter: Alter) -> None:
    file = release / FILE
    file.write_bytes(altered(file.read_bytes(), alter))
    sign(release)


def cell(row: int, value: float | None, status: str | None = None) -> Alter:
    def alter(frame: pl.DataFrame, said: Said) -> tuple[pl.DataFrame, Said]:
        here = pl.int_range(pl.len()) == row
        return frame.with_columns(
            value=pl.when(here).then(value).otherwise("value"),
            status=pl.when(here).then(pl.lit(status, frame.schema["status"])).otherwise("status"),
        ), said

    return alter


def column(**changes: pl.Expr) -> Alter:
    return lambda frame, said: (frame.with_columns(**changes), said)


def about(**changes: Any) -> Alter:
    return lambda frame, said: (frame, said | changes)


def row_of(place: int) -> int:
    """The row of a cell of the newest vintage; the table has two."""
    return 2 * place + 1


# --- a release ----------------------------------------------------------------------------


def test_a_small_figure_that_only_parquet_shows(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, small = kept.first(WOMEN, kept.universe.problem.small)
    rewrite(out / MARCH, cell(row_of(place), float(kept.values[small])))
    found = said(look(out / MARCH))
    assert "1 small cells are shown, in 99901" in found
    json = f"public/statbank/jsonstat/{TABLE}.en.json"
    assert f"{FILE}: differs from {json} in 1 cells" in found


def test_a_figure_and_a_sign_that_are_others(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    visible = kept.universe.visible & (kept.universe.problem.values > 3)
    shown, of = kept.first(ALL, visible)
    hidden, _ = kept.first(ALL, kept.universe.problem.small)
    rewrite(out / MARCH, cell(row_of(shown), float(kept.values[of] + 1)))
    rewrite(out / MARCH, cell(row_of(hidden), None, ".."))
    json = f"public/statbank/jsonstat/{TABLE}.en.json"
    found = said(look(out / MARCH))
    assert found == f"2026-03 {FILE}: differs from {json} in 2 cells"


def test_texts_that_carry_a_number(out: Path, look: Look) -> None:
    source = {"nb": "SSB 3", "nn": "SSB", "en": "SSB"}

    def alter(frame: pl.DataFrame, said: Said) -> tuple[pl.DataFrame, Said]:
        said["notes"][0]["text"]["en"] += " In all 3."
        return renamed(f"{CONTENTS}_label_nn", "Kvinner", "Kvinner 3")(
            frame, said | {"source": source}
        )

    rewrite(out / MARCH, alter)
    found = said(look(out / MARCH))
    for place in ("source", "text", "names"):
        assert f"{FILE}: has a text with digits that nothing accounts for: {place}" in found


def words_of(frame: pl.DataFrame, name: str) -> list[str]:
    kind = frame.schema[name]
    assert isinstance(kind, pl.Enum)
    return list(kind.categories)


def renamed(name: str, before: str, after: str) -> Alter:
    """Put another word in place of one of an enumeration."""

    def alter(frame: pl.DataFrame, said: Said) -> tuple[pl.DataFrame, Said]:
        words = [after if word == before else word for word in words_of(frame, name)]
        texts = frame[name].cast(pl.String).replace(before, after)
        return frame.with_columns(texts.cast(pl.Enum(words))), said

    return alter


# --- a file -------------------------------------------------------------------------------


def written() -> bytes:
    return parquet.render(sample(), catalogue(), RELEASE)


def wrong(data: bytes) -> list[str]:
    return read("public/statbank/parquet/13995.parquet", data).wrong


def test_nothing_is_wrong_with_what_was_written_nor_with_the_same_again() -> None:
    assert wrong(written()) == []
    assert wrong(altered(written(), lambda frame, said: (frame, said))) == []


def more_words(name: str) -> Alter:
    """One word more in an enumeration than rows have."""

    def alter(frame: pl.DataFrame, said: Said) -> tuple[pl.DataFrame, Said]:
        words = pl.Enum([*words_of(frame, name), "3"])
        return frame.with_columns(pl.col(name).cast(pl.String).cast(words)), said

    return alter


def less(key: str) -> Alter:
    return lambda frame, said: (frame, {name: said[name] for name in said if name != key})


EVERY_OTHER = pl.int_range(pl.len()) % 4 < 2

STRANGE: dict[str, Alter] = {
    "a column": column(figure=pl.lit(3.0)),
    "a column less": lambda frame, said: (frame.drop("unit_nn"), said),
    "columns in another order": lambda frame, said: (frame.select(pl.all().reverse()), said),
    "rows in another order": lambda frame, said: (frame.reverse(), said),
    "a row less": lambda frame, said: (frame[:-1], said),
    "a row more": lambda frame, said: (pl.concat([frame, frame[:1]]), said),
    "no rows": lambda frame, said: (frame[:0], said),
    "codes as texts": column(Kjonn=pl.col("Kjonn").cast(pl.String)),
    "names as categories": column(Kjonn_label_nb=pl.col("Kjonn_label_nb").cast(pl.Categorical)),
    "values as texts": column(value=pl.col("value").cast(pl.String)),
    "values as short floats": column(value=pl.col("value").cast(pl.Float32)),
    "signs as texts": column(status=pl.col("status").cast(pl.String)),
    "a sign that is none": more_words("status"),
    "a code that no row has": more_words("Kjonn"),
    "a name that no row has": more_words("Kjonn_label_en"),
    "a unit that no row has": more_words("unit_nb"),
    "a round that no row has": more_words("round"),
    "a name that turns": column(
        Kjonn_label_nb=pl.when(EVERY_OTHER)
        .then(pl.col("Kjonn_label_nb").first())
        .otherwise("Kjonn_label_nb")
    ),
    "marks that turn": column(preliminary=EVERY_OTHER),
    "no mark": column(synthetic=pl.lit(None, dtype=pl.Boolean)),
    "no code": column(
        Kjonn=pl.when(pl.int_range(pl.len()) > 0).then(pl.col("Kjonn")).otherwise(None)
    ),
    "infinity": cell(0, float("inf")),
    "not a number": cell(0, float("nan")),
    "other years preliminary": about(preliminary=["2024"]),
    "no years synthetic": about(synthetic=[]),
    "another table": about(id="14019"),
    "a key": about(figure=3),
    "a key less": less("licence"),
    "a number": about(licence=3),
    "a number in a text": about(source={"nb": 3}),
    "a key within": about(source={"fi": "a"}),
    "many decimals": about(
        measures={"KOSantall0000": {"decimals": 30}, "KOSandel0000": {"decimals": 0}}
    ),
    "a measure less": about(measures={"KOSantall0000": {"decimals": 0}}),
    "a variable less": about(variables={TIME: {}}),
}


@pytest.mark.parametrize("alter", STRANGE.values(), ids=STRANGE)
def test_what_is_written_otherwise_is_wrong(alter: Alter) -> None:
    assert wrong(altered(written(), alter)) == [NO_TABLE]


def test_a_cell_has_a_number_or_a_sign() -> None:
    assert wrong(altered(written(), cell(0, 3.0, ":"))) == [
        "has both a number and a sign in 1 cells"
    ]
    assert wrong(altered(written(), cell(0, None))) == [
        "has neither a number nor a sign in 1 cells"
    ]


def test_metadata_is_written_in_one_way_only() -> None:
    data = written()
    frame = pl.read_parquet(io.BytesIO(data))
    said = pl.read_parquet_metadata(io.BytesIO(data))
    said.pop("ARROW:schema")
    for licence in ('"a" ', '{"nb":"a","nb":"b"}', "NaN", "no JSON", '"\\u0041"'):
        buffer = io.BytesIO()
        frame.write_parquet(buffer, statistics=False, metadata=said | {"licence": licence})
        assert wrong(buffer.getvalue()) == [NO_TABLE]


def _before_the_end(data: bytes, more: bytes) -> bytes:
    """More bytes before what a file says of itself at its end."""
    place = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return data[:place] + more + data[place:]


def _rewritten(data: bytes, **how: Any) -> bytes:
    frame = pl.read_parquet(io.BytesIO(data))
    said = pl.read_parquet_metadata(io.BytesIO(data))
    said.pop("ARROW:schema")
    buffer = io.BytesIO()
    frame.write_parquet(buffer, metadata=said, **how)
    return buffer.getvalue()


def _with_dictionaries(data: bytes) -> bytes:
    """The same table with figures in a dictionary, which could hold others too."""
    buffer = io.BytesIO()
    parquet_of_arrow.write_table(parquet_of_arrow.read_table(io.BytesIO(data)), buffer)
    return buffer.getvalue()


def test_bytes_that_no_figure_is_read_from_are_wrong() -> None:
    data = written()
    assert wrong(_rewritten(data, statistics=False)) == []
    assert wrong(_rewritten(data, statistics=False, row_group_size=5)) == []
    for other in (
        _before_the_end(data, b"Moss=17"),
        data + b"17",
        b"17" + data,
        _with_dictionaries(data),
        data.replace(b"Polars (python)", b"Moss: 3 (pytho)"),
        _rewritten(data, statistics=True),
        _rewritten(data, statistics="full"),
    ):
        assert other != data
        assert wrong(other) == [NO_TABLE]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1PAR1", written()[:-9], written()[100:]])
def test_what_is_no_parquet_is_wrong(data: bytes) -> None:
    assert wrong(data) == [NO_TABLE]


def test_a_name_that_an_enumeration_has_twice_is_wrong(capfd: pytest.CaptureFixture[str]) -> None:
    data = written()
    types = pl.read_parquet_metadata(io.BytesIO(data))["ARROW:schema"]
    twice = b64encode(b64decode(types).replace(b"Moss", b"Oslo")).decode()
    assert twice != types
    assert wrong(data.replace(types.encode(), twice.encode())) == [NO_TABLE]
    # Polars says so by a panic, which it writes about.
    assert "panicked" in capfd.readouterr().err
