"""The rows of a package as files: Parquet for programs, CSV for spreadsheets too.

CSV is as in the statbank's own files: UTF-8 with a byte order mark, semicolons between fields, a
comma before decimals, quotation marks only where a field needs them, and a line feed after each
row. An empty field is no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Final

import polars as pl

from kostra_publish.errors import ReleaseError
from kostra_publish.nav.package import ColumnKind, HandedOver
from kostra_publish.outputs.facts import number

SEPARATOR: Final = ";"
DECIMAL: Final = ","

_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}".encode()
_TYPES: Final[dict[ColumnKind, type[pl.DataType]]] = {
    "code": pl.String,
    "count": pl.Int64,
    "number": pl.Float64,
}


def rows(dataset: HandedOver) -> pl.DataFrame:
    """The rows of a dataset: codes are text, counts whole numbers, numbers decimal ones.

    Raises ReleaseError when the frame has other columns than are described, one that is not of its
    kind, or a code that is not in its list.
    """
    described = [column.name for column in dataset.columns]
    if dataset.frame.columns != described:
        raise _wrong(dataset, "has other columns than are described")
    try:
        found = dataset.frame.select(
            pl.col(column.name).cast(_TYPES[column.kind]) for column in dataset.columns
        )
    except pl.exceptions.PolarsError as error:
        raise _wrong(dataset, "has a column that is not of its kind") from error
    for column in dataset.columns:
        if column.codes and not {*found[column.name].drop_nulls().unique()} <= {*column.codes}:
            raise _wrong(dataset, f"has a code in {column.name} that is not in its list")
    return found


def parquet(frame: pl.DataFrame) -> bytes:
    """A table as Parquet; the same rows are the same bytes."""
    buffer = BytesIO()
    # The number of chunks and of row groups must not depend on how the frame was made.
    frame.rechunk().write_parquet(
        buffer, compression="zstd", compression_level=3, statistics=False, row_group_size=1 << 22
    )
    return buffer.getvalue()


def csv(frame: pl.DataFrame) -> bytes:
    """A table as CSV, a header and a line for each row."""
    decimals = [name for name, of in frame.schema.items() if of.is_float()]
    written = frame.with_columns(
        number(name).str.replace(".", DECIMAL, literal=True).alias(name) for name in decimals
    )
    return _MARK + written.write_csv(separator=SEPARATOR, line_terminator="\n").encode()


def kinds(frame: pl.DataFrame) -> Sequence[tuple[str, ColumnKind]]:
    """The columns of a table that has no description of its own, each with its kind."""
    return [(name, _kind(of)) for name, of in frame.schema.items()]


def _kind(of: pl.DataType) -> ColumnKind:
    if of.is_integer():
        return "count"
    return "number" if of.is_float() else "code"


def _wrong(dataset: HandedOver, how: str) -> ReleaseError:
    fix = "Report it: a package was put together wrongly. Nothing is handed over."
    return ReleaseError(f"the dataset {dataset.id} {how}", fix=fix)
