"""A certificate: other tables that fit all that is shown, in which small cells are different.

Whoever has the inner numbers can check it by adding up, and needs to trust neither the engine
nor the attack.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import coo_array, csr_array

from kostra_publish.disclosure.problem import Flags, Problem

TOLERANCE: Final = 1e-5


def few_tables(problem: Problem, visible: Flags, tables: csr_array, width: int = 1) -> csr_array:
    """Some of ``tables`` that together show as much of the small cells as all of them.

    ``tables``: changes of inner numbers, shape (tables, inner numbers). Greedily the table
    that moves most cells by ``width``; of a cell that none moves so far, those that move it
    farthest up and down.
    """
    if not tables.shape[0]:
        return tables
    sought = np.flatnonzero(problem.small & ~visible & ~problem.open)
    moved = np.asarray((tables @ problem.rows[sought].T).todense())
    far = abs(moved) >= width - TOLERANCE
    left = far.any(axis=0)
    ends = moved[:, ~left]
    chosen = {*ends.argmin(axis=0).tolist(), *ends.argmax(axis=0).tolist()}
    for table in chosen:
        left &= ~far[table]
    while left.any():
        best = int(far[:, left].sum(axis=1).argmax())
        chosen.add(best)
        left &= ~far[best]
    return csr_array(tables[sorted(chosen)])


def proven(problem: Problem, known: Flags, tables: csr_array, width: int = 1) -> Flags:
    """Which hidden small cells have ``width`` + 1 values at least, as ``tables`` show.

    ``known`` are the cells that can be read somewhere. A table counts only when it leaves
    every known cell and every equation as it is, no inner number is negative in it, and no
    hidden cell is less than everyone knows it to be at least.
    """
    change = _entries(tables, "table", "inner", "change")
    cells = pl.DataFrame(
        {
            "cell": np.arange(len(known)),
            "value": problem.values,
            "known": known | problem.open,
            "floor": np.where(
                problem.listed | (problem.floor > 0), problem.floor, -np.iinfo(np.int64).max
            ),
            "sought": problem.small & ~known & ~problem.open,
        }
    )
    moves = _moves(problem.rows, change).join(cells, left_on="row", right_on="cell")
    nothing = pl.col("moved").abs() < TOLERANCE
    floor = pl.min_horizontal("floor", "value") - TOLERANCE
    below = ~pl.col("known") & (pl.col("value") + pl.col("moved") < floor)
    inner = change.with_columns(value=pl.Series(problem.inner).gather(change["inner"]))
    wrong = pl.concat(
        [
            moves.filter((pl.col("known") & ~nothing) | below).select("table"),
            _moves(problem.equations, change).filter(~nothing).select("table"),
            inner.filter(pl.col("value") + pl.col("change") < -TOLERANCE).select("table"),
        ]
    )
    reach = (
        moves.filter("sought")
        .join(wrong, on="table", how="anti")
        .group_by("row")
        .agg(up=pl.col("moved").max().clip(0), down=pl.col("moved").min().clip(None, 0))
        .filter(pl.col("up") - pl.col("down") >= width - TOLERANCE)
    )
    found = np.zeros(len(known), dtype=np.bool_)
    found[reach["row"].to_numpy()] = True
    return found


def _moves(rows: csr_array, change: pl.DataFrame) -> pl.DataFrame:
    """By table and row, how much the row differs: columns table, row, moved."""
    return (
        _entries(rows, "row", "inner", "coefficient")
        .join(change, on="inner")
        .group_by("table", "row")
        .agg(moved=(pl.col("coefficient") * pl.col("change")).sum())
    )


def _entries(matrix: csr_array, row: str, column: str, value: str) -> pl.DataFrame:
    found = coo_array(matrix)
    of_row, of_column = (places.astype(np.uint32) for places in found.coords)
    return pl.DataFrame({row: of_row, column: of_column, value: found.data})
