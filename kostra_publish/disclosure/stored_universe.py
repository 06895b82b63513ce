"""Universes on disk: what a release was protected as, for those who look at it later.

A release keeps each of its universes in a folder of Parquet files, so that an audit and the
next round need neither microdata nor the program's memory. They hold true figures, and so
belong under ``internal/``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import StringConstraints, TypeAdapter
from scipy.sparse import coo_array, csr_array, vstack

from kostra_publish.disclosure.attack.modular import Echelon, echelon
from kostra_publish.disclosure.problem import PUBLISHED, STATUSES, Flags, Integers, Problem
from kostra_publish.errors import DisclosureError

FOLDER: Final = "internal/disclosure"
IN: Final = " in "
"""Between the code of a unit or region and the release in which it was so: ``4601 in 2026-03``."""
SINCE: Final = " since "
"""Between a region and the release that a difference is from: ``4601 since 2026-03``."""

FileName = Annotated[str, StringConstraints(pattern=r"^[^/\\]+$")]

Dimensions: TypeAlias = Mapping[str, tuple[str, ...]]
"""The codes of each dimension of a table, by the dimension's code, in the table's order."""

_TEXT: Final = pl.String()
_FLAG: Final = pl.Boolean()
_MATRIX: Final = {"row": pl.UInt32(), "inner": pl.UInt32(), "coefficient": pl.Int16()}
_FILES: Final[Mapping[str, Mapping[str, pl.DataType]]] = {
    "cells": {
        "population": _TEXT,
        "region": _TEXT,
        "set": _TEXT,
        "kind": _TEXT,
        "listed": _FLAG,
        "small": _FLAG,
        "single": _FLAG,
        "open": _FLAG,
        "floor": pl.Int64(),
        "cost": pl.Float64(),
        "status": _TEXT,
    },
    "rows": _MATRIX,
    "equations": _MATRIX,
    "inner": {
        "population": _TEXT,
        "block": _TEXT,
        "combination": _TEXT,
        "unit": _TEXT,
        "contributors": pl.Int64(),
        "value": pl.Int64(),
    },
    "tables": {"table": _TEXT, "place": pl.UInt32(), "cell": pl.UInt32()},
    "certificate": {"table": pl.UInt32(), "inner": pl.UInt32(), "change": pl.Float64()},
    "dimensions": {"table": _TEXT, "dimension": _TEXT, "code": _TEXT},
}
_TITLES: Final = TypeAdapter(list[FileName])
_NAMES: Final = ("population", "region", "set", "kind")


@dataclass(frozen=True, eq=False, repr=False)
class StoredUniverse:
    """A universe of a release, and what was decided.

    ``problem`` and ``inner`` are as in ``Universe``; ``visible`` has one flag for each cell of
    the problem. ``rests`` has, by table, pairs of places in the table and cells of the problem
    that they rest on, shape (pairs, 2). A place is a number in row-major order over
    ``dimensions`` of the table, which are those of the release's round alone. ``certificate``
    has other tables that fit, as changes of inner numbers: see ``disclosure.certificate``.
    """

    name: str
    kind: str
    problem: Problem
    visible: Flags
    inner: pl.DataFrame
    rests: Mapping[str, Integers]
    dimensions: Mapping[str, Dimensions]
    certificate: csr_array | None = None

    @property
    def title(self) -> str:
        """The name of its folder."""
        return f"{self.name}-{self.kind}"

    @cached_property
    def told(self) -> csr_array:
        """The rows of all that is visible: sums of inner numbers that everyone knows."""
        problem = self.problem
        shown = np.flatnonzero((self.visible & problem.listed) | problem.open)
        return csr_array(vstack([problem.equations, problem.rows[shown]], format="csr"))

    @cached_property
    def form(self) -> Echelon:
        """The echelon form of all that is visible."""
        return echelon(self.told)

    def __repr__(self) -> str:
        return f"StoredUniverse({self.title}, {self.problem!r})"


def write(universe: StoredUniverse, vintage: int) -> Iterator[tuple[str, bytes]]:
    """The files of a universe: (path in the release, bytes); same universe, same bytes."""
    problem = universe.problem
    frames = {
        # What another release brings in may have no kind of region.
        "cells": problem.cells.select(pl.col(_NAMES).fill_null("")).with_columns(
            *(
                pl.Series(name, getattr(problem, name))
                for name in ("listed", "small", "single", "open", "floor", "cost")
            ),
            problem.statuses(universe.visible),
        ),
        "rows": _entries(problem.rows),
        "equations": _entries(problem.equations),
        "inner": universe.inner.with_columns(pl.Series("value", problem.inner)),
        "tables": _rests(universe.rests),
        "certificate": _entries(universe.certificate, ("table", "inner", "change")),
        "dimensions": pl.DataFrame(
            [
                (table, dimension, code)
                for table, dimensions in universe.dimensions.items()
                for dimension, codes in dimensions.items()
                for code in codes
            ],
            schema=_FILES["dimensions"],
            orient="row",
        ),
    }
    for name, schema in _FILES.items():
        frame = frames[name].select(pl.col(column).cast(kind) for column, kind in schema.items())
        yield f"{FOLDER}/{vintage}/{universe.title}/{name}.parquet", parquet_bytes(frame)


def index(universes: Sequence[StoredUniverse], vintage: int) -> tuple[str, bytes]:
    """The file that names the universes of a release: (path in the release, bytes).

    A release without persons in it has none, which is not the same as having lost them.
    """
    titles = sorted(universe.title for universe in universes)
    return index_path(vintage), f"{json.dumps(titles, indent=1)}\n".encode()


def index_path(vintage: int) -> str:
    """Where the universes of a release are named."""
    return f"{FOLDER}/{vintage}/universes.json"


def _entries(
    matrix: csr_array | None, names: Sequence[str] = ("row", "inner", "coefficient")
) -> pl.DataFrame:
    found = coo_array((0, 0) if matrix is None else matrix)
    return pl.DataFrame(dict(zip(names, (*found.coords, found.data), strict=True)))


def _rests(rests: Mapping[str, Integers]) -> pl.DataFrame:
    frames = [
        pl.DataFrame(
            {"table": [table] * len(pairs), "place": pairs[:, 0], "cell": pairs[:, 1]},
            schema_overrides={"table": pl.String},
        )
        for table, pairs in sorted(rests.items())
    ]
    return pl.concat([pl.DataFrame(schema=_FILES["tables"]), *frames], how="vertical_relaxed")


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """A frame as Parquet; same frame, same bytes."""
    buffer = BytesIO()
    # The number of chunks and of row groups must not depend on how the frame was made.
    frame.rechunk().write_parquet(
        buffer, compression="zstd", compression_level=3, statistics=False, row_group_size=1 << 22
    )
    return buffer.getvalue()


def undated(column: str) -> pl.Expr:
    """A column of codes without the releases in which they were so."""
    return pl.col(column).str.split_exact(IN, 1).struct.field("field_0").alias(column)


def is_dated(column: str) -> pl.Expr:
    """Whether a code is of an earlier release than the one that keeps it."""
    return pl.col(column).str.contains(IN, literal=True)


# --- reading ------------------------------------------------------------------------


def read_all(release: Path, vintage: int) -> list[StoredUniverse]:
    """The universes that a release keeps of its vintage, sorted.

    Raises DisclosureError as ``read`` does, also when the release does not name any.
    """
    path = release / index_path(vintage)
    try:
        titles: list[str] = _TITLES.validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DisclosureError(
            f"release {release.name} does not keep what it was protected as",
            fix="Publish the round again from its inputs, with this version of the program.",
        ) from error
    return [read(path.parent / title) for title in titles]


def read(folder: Path) -> StoredUniverse:
    """The universe in a folder.

    The caller answers for the bytes, which the manifest of the release vouches for. Raises
    DisclosureError when a file is missing, or when the files do not hold together.
    """
    frames = {name: _frame(folder / f"{name}.parquet", schema) for name, schema in _FILES.items()}
    try:
        return _universe(folder.name, frames)
    except (ValueError, IndexError) as error:
        raise _broken(str(folder), "its files do not hold together") from error


def _frame(path: Path, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _broken(str(path), "cannot be read") from error
    if dict(frame.schema) != dict(schema) or frame.null_count().sum_horizontal().item():
        raise _broken(str(path), "has other columns than it should, or empty places")
    return frame


def _broken(what: str, how: str) -> DisclosureError:
    return DisclosureError(f"{what} {how}", fix="Publish the round again from its inputs.")


def _universe(title: str, frames: Mapping[str, pl.DataFrame]) -> StoredUniverse:
    name, _, kind = title.rpartition("-")
    cells, inner = frames["cells"], frames["inner"]
    status = cells["status"]
    if not status.is_in(STATUSES).all():
        raise ValueError("an unknown status")
    problem = Problem(
        cells=cells.select(_NAMES),
        rows=_matrix(frames["rows"], cells.height, inner.height),
        inner=inner["value"].to_numpy(),
        equations=_matrix(frames["equations"], None, inner.height),
        small=cells["small"].to_numpy(),
        single=cells["single"].to_numpy(),
        listed=cells["listed"].to_numpy(),
        open=cells["open"].to_numpy(),
        floor=cells["floor"].to_numpy(),
        cost=cells["cost"].to_numpy(),
    )
    dimensions = _dimensions(frames["dimensions"])
    rests = {
        table: np.stack([own["place"].to_numpy(), own["cell"].to_numpy()], axis=1).astype(np.int64)
        for (table,), own in frames["tables"].group_by("table", maintain_order=True)
    }
    _check_rests(rests, dimensions, cells.height)
    return StoredUniverse(
        name=name,
        kind=kind,
        problem=problem,
        visible=(status == PUBLISHED).to_numpy(),
        inner=inner.drop("value"),
        rests=rests,
        dimensions=dimensions,
        certificate=_certificate(frames["certificate"], inner.height),
    )


def _certificate(entries: pl.DataFrame, width: int) -> csr_array:
    table, inner = (entries[name].to_numpy().astype(np.int64) for name in ("table", "inner"))
    shape = (int(table.max(initial=-1)) + 1, width)
    return csr_array((entries["change"].to_numpy(), (table, inner)), shape=shape)


def _matrix(entries: pl.DataFrame, height: int | None, width: int) -> csr_array:
    row, column = (entries[name].to_numpy().astype(np.int64) for name in ("row", "inner"))
    if height is None:
        height = int(row.max(initial=-1)) + 1
    values: NDArray[np.int64] = entries["coefficient"].to_numpy().astype(np.int64)
    return csr_array((values, (row, column)), shape=(height, width))


def _dimensions(frame: pl.DataFrame) -> Mapping[str, Dimensions]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for (table, dimension), own in frame.group_by("table", "dimension", maintain_order=True):
        found.setdefault(str(table), {})[str(dimension)] = tuple(own["code"])
    return found


def _check_rests(
    rests: Mapping[str, Integers], dimensions: Mapping[str, Dimensions], cells: int
) -> None:
    for table, pairs in rests.items():
        sizes = [len(codes) for codes in dimensions.get(table, {}).values()]
        if (pairs >= [np.prod(sizes, dtype=np.int64), cells]).any():
            msg = f"table {table}: a place or a cell that is not there"
            raise ValueError(msg)
