"""Two releases of one vintage side by side, as one problem.

Whoever has both reads them together. In a unit of which all numbers are the same in both, the
numbers of the one are those of the other; in other units both are unknown, apart. A figure of
the later release less that of the earlier is a number of persons who came less those who
left: it must not be found when it is not nought and one to three stand behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.problem import Flags, Integers, Problem
from kostra_publish.disclosure.stored_universe import IN, StoredUniverse, is_dated
from kostra_publish.specs.models import THRESHOLD

_BLOCK: Final = ["population", "block"]
_UNIT: Final = ["population", "unit"]
_NAMES: Final = ["population", "block", "combination", "unit"]
_CELL: Final = ["population", "region", "set"]


@dataclass(frozen=True, eq=False)
class Together:
    """The cells of the earlier universe, then those of the later, then small differences.

    ``problem`` is over the inner numbers of both; ``differences`` are how many cells differ.
    """

    problem: Problem
    differences: int

    def known(self, before: Flags, now: Flags) -> Flags:
        """What is known of all cells, given what is known of those of each universe."""
        rest = len(self.problem.small) - len(before) - len(now)
        return np.concatenate([before, now, np.zeros(rest, dtype=np.bool_)])


def together(before: StoredUniverse, now: StoredUniverse, release: str = "") -> Together:
    """Two universes of the same figures, of two releases, as one.

    ``release`` is the earlier one: what ``now`` keeps of it are its own numbers.
    """
    width = before.inner.height
    column = _columns(_numbered(before), _numbered(now), width, f"{IN}{release}")
    total = max(width, int(column.max(initial=-1)) + 1)
    first = _moved(before.problem.rows, np.arange(width), total)
    second = _moved(now.problem.rows, column, total)
    inner = np.zeros(total, dtype=np.int64)
    inner[column], inner[:width] = now.problem.inner, before.problem.inner
    pairs = _same_cells(before, now)
    steps = csr_array(second[pairs[:, 1]] - first[pairs[:, 0]])
    units = np.zeros(total, dtype=np.int64)
    number = _unit_numbers(before, now)
    units[column], units[:width] = number[width:], number[:width]
    behind = _behind(steps, inner, units)
    of_persons = now.kind == "persons"
    # That as many came as left is nought, which everybody may know, as of any other figure.
    few = np.flatnonzero((steps @ inner != 0) & (behind < THRESHOLD) & of_persons)
    return Together(
        _joined(before.problem, now.problem, (first, second, csr_array(steps[few])), inner, column),
        int((behind > 0).sum()),
    )


def _numbered(universe: StoredUniverse) -> pl.DataFrame:
    value = pl.Series("value", universe.problem.inner)
    return universe.inner.select(_NAMES).with_columns(value).with_row_index("index")


def _columns(before: pl.DataFrame, now: pl.DataFrame, width: int, dated: str) -> Integers:
    """For each number of now the column among all: that of before where they are the same.

    A number that now keeps ``dated`` is that of before, by whatever name they have now.
    """
    both = before.select(_BLOCK).unique().join(now.select(_BLOCK).unique(), on=_BLOCK)
    beside = before.join(both, on=_BLOCK, how="semi").join(
        now.join(both, on=_BLOCK, how="semi"), on=_NAMES, how="full", coalesce=True, suffix="_now"
    )
    moved = pl.col("value").fill_null(0) != pl.col("value_now").fill_null(0)
    changed = beside.filter(moved).select(_UNIT).unique()
    same = beside.drop_nulls().join(changed, on=_UNIT, how="anti")
    kept = now.filter(pl.col("unit").str.ends_with(dated)).with_columns(
        pl.col("unit").str.strip_suffix(dated)
    )
    carried = before.join(kept, on=[*_NAMES, "value"], suffix="_now")
    column = np.full(now.height, -1, dtype=np.int64)
    for found in (same, carried):
        column[found["index_now"].to_numpy()] = found["index"].to_numpy()
    own = column < 0
    column[own] = width + np.arange(own.sum())
    return column


def _moved(rows: csr_array, column: Integers, total: int) -> csr_array:
    # Sorting would put the coefficients of the universe itself in another order.
    data = rows.data.copy()
    found = csr_array((data, column[rows.indices], rows.indptr), shape=(rows.shape[0], total))
    found.sort_indices()
    return found


def _same_cells(before: StoredUniverse, now: StoredUniverse) -> Integers:
    """Pairs of listed cells, before and now, that are the same by their names.

    A cell that both hold of an even earlier release is one figure, and differs from nothing.
    """
    listed = [
        universe.problem.cells.select(_CELL)
        .with_row_index(name)
        .filter(pl.Series(universe.problem.listed), ~is_dated("region"))
        .unique(_CELL, keep="none")
        for name, universe in (("before", before), ("now", now))
    ]
    pairs = listed[0].join(listed[1], on=_CELL).sort("before")
    return pairs.select("before", "now").to_numpy().astype(np.int64)


def _unit_numbers(before: StoredUniverse, now: StoredUniverse) -> Integers:
    units = pl.concat([before.inner.select(_UNIT), now.inner.select(_UNIT)])
    return (
        units.select(pl.struct(pl.all()).rank("dense") - 1).to_series().to_numpy().astype(np.int64)
    )


def _behind(rows: csr_array, inner: Integers, units: Integers) -> Integers:
    """How many persons stand behind each difference at least: unit by unit what it changed by."""
    changes = csr_array((rows.data * inner[rows.indices], rows.indices, rows.indptr), rows.shape)
    shape = (len(units), int(units.max(initial=0)) + 1)
    of_unit = csr_array((np.ones_like(units), (np.arange(len(units)), units)), shape=shape)
    found: Integers = np.asarray(abs(changes @ of_unit).sum(axis=1)).ravel()
    return found


def _joined(
    before: Problem,
    now: Problem,
    rows: tuple[csr_array, csr_array, csr_array],
    inner: Integers,
    column: Integers,
) -> Problem:
    count, total = rows[2].shape
    yes, no = np.ones(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    one, other = before.equations, now.equations
    equations = [
        _moved(one, np.arange(before.rows.shape[1]), total),
        _moved(other, column, total),
    ]
    names = before.cells.clear(count)
    values = rows[2] @ inner
    return Problem(
        cells=pl.concat([before.cells, now.cells, names]),
        rows=csr_array(vstack(rows, format="csr")),
        inner=inner,
        equations=csr_array(vstack(equations, format="csr")),
        small=np.concatenate([before.small, now.small, yes]),
        single=np.concatenate([before.single, now.single, abs(values) == 1]),
        listed=np.concatenate([before.listed, now.listed, no]),
        open=np.concatenate([before.open, now.open, no]),
        floor=np.concatenate([before.floor, now.floor, no.astype(np.int64)]),
        cost=np.concatenate([before.cost, now.cost, yes.astype(np.float64)]),
    )
