"""A universe of this release together with one of an earlier release of the same vintage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, vstack

from kostra_publish.disclosure.problem import Flags, Integers, Problem
from kostra_publish.disclosure.rounds.differences import Differences, contributors, implied
from kostra_publish.disclosure.rounds.matching import Match, dated, match
from kostra_publish.disclosure.stored_universe import SINCE, StoredUniverse, is_dated, undated
from kostra_publish.disclosure.universe import Universe

Keys = NDArray[np.uint64]


@dataclass(frozen=True, eq=False, repr=False)
class Joined:
    """A universe with what an earlier release showed.

    ``universe`` has the cells and numbers of this release first; alone they are ``first``.
    ``release`` is the earlier one, None without one. Flags have one element per cell:

    * ``held``: hidden before and as they were; they stay hidden and need no protection.
    * ``differing``: own cells that differ by so few that showing both gives that away.
    * ``differences``: the small differences themselves.
    * ``disclosed``: small cells that the earlier release has given away; nothing can be done.
    """

    universe: Universe
    first: Problem
    release: str | None
    held: Flags
    differing: Flags
    differences: Flags
    disclosed: Flags

    @property
    def own(self) -> int:
        """How many cells are of this release."""
        return len(self.first.small)

    @property
    def problem(self) -> Problem:
        """What the engine is to protect: cells that are held are no candidates."""
        problem = self.universe.problem
        return replace(problem, listed=problem.listed & ~self.held)

    def limited(self, shown: Mapping[str, Flags]) -> Joined:
        """The same with a limited universe; see ``Universe.limited``."""
        return replace(self, universe=self.universe.limited(shown))

    def hiding(self, hidden: Flags) -> Joined:
        """The same with own cells hidden already; one flag for each cell of this release."""
        listed = self.universe.problem.listed
        return replace(self, held=self.held | (_padded(hidden, len(listed)) & listed))

    def without(self, disclosed: Flags) -> Joined:
        """The same without protection of what has been given away; it stays hidden."""
        problem = self.universe.problem
        small = problem.small & ~disclosed
        return replace(
            self,
            universe=replace(self.universe, problem=replace(problem, small=small)),
            held=self.held | (disclosed & problem.listed),
            disclosed=self.disclosed | disclosed,
        )


def alone(universe: Universe) -> Joined:
    """A universe that no earlier release has shown anything of."""
    count = len(universe.problem.small)
    no = np.zeros(count, dtype=np.bool_)
    return Joined(universe, universe.problem, None, no, no, no, no)


def joined(universe: Universe, earlier: StoredUniverse, release: str) -> Joined:
    """``universe`` together with what ``earlier``, of the release ``release``, showed.

    A stored universe holds what was shown before it, too.
    """
    return _Joining(universe, earlier, release).joined()


@dataclass(frozen=True, eq=False)
class _Joining:
    universe: Universe
    earlier: StoredUniverse
    release: str

    @property
    def now(self) -> Problem:
        """The problem of this release."""
        return self.universe.problem

    @property
    def before(self) -> Problem:
        """The problem of the earlier release."""
        return self.earlier.problem

    def joined(self) -> Joined:
        """All of it."""
        shown, small = self._shown, self.before.small & ~self._shown
        key, before = keys(self._own_rows), keys(self._rows)
        hidden = self.before.listed & ~shown & _filled(self._rows)
        known = np.isin(key, before[shown])
        held = np.isin(key, before[hidden]) & self.now.listed & ~self.now.small & ~known
        more = (
            self._carried(_new(before, shown, key), small=False),
            self._carried(_new(before, small, key), small=True),
            self._differing(np.concatenate([key, before[small]])),
        )
        whole = self._widened(known & ~self.now.small)
        for one in more:
            whole = whole.extended(one)
        count = len(whole.problem.small)
        found = Joined(
            universe=whole,
            first=self.now,
            release=self.release,
            held=_padded(held, count),
            differing=_padded(self._near, count),
            differences=np.arange(count) >= count - len(more[-1].small),
            disclosed=np.zeros(count, dtype=np.bool_),
        )
        # Small for the first time, where the threshold has been raised since.
        return found.without(_padded(known & self.now.small, count))

    # --- cells of both -------------------------------------------------------------------

    @cached_property
    def _pairs(self) -> pl.DataFrame:
        """Cells of tables that are the same by name: ``before`` and ``now``, sorted."""
        now, before = (
            problem.cells.select(
                "population",
                undated("region").str.split("/"),
                "set",
                pl.int_range(pl.len()).alias(name),
            )
            .filter(in_tables)
            .explode("region")
            for name, problem, in_tables in (
                ("now", self.now, _in_tables(self.now)),
                ("before", self.before, _in_tables(self.before)),
            )
        )
        both = before.join(now, on=["population", "region", "set"])
        return both.select("before", "now").unique().sort("before", "now")

    @cached_property
    def match(self) -> Match:
        """The inner numbers of both."""
        now = self.universe.inner.with_columns(pl.Series("value", self.now.inner))
        before = self.earlier.inner.with_columns(pl.Series("value", self.before.inner))
        return match(now, before, self._changed_cells(now, before))

    def _changed_cells(self, now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
        """Units (population, unit) of which a cell has changed, where blocks are gone."""
        names = ["population", "block"]
        gone = before.join(now, on=names, how="anti")["population"].unique()
        pairs = self._pairs
        with_gone = self.before.cells["population"].is_in(gone.implode())
        pairs = pairs.filter(with_gone.gather(pairs["before"]))
        cells, others = pairs["before"].to_numpy(), pairs["now"].to_numpy()
        alone = _only_unit(self.before.rows[cells], before["unit"])
        also = _only_unit(self.now.rows[others], now["unit"])
        differs = self.before.values[cells] != self.now.values[others]
        return (
            pl.DataFrame(
                [
                    self.before.cells["population"].gather(cells),
                    alone.alias("unit"),
                    also.alias("now"),
                    pl.Series("differs", differs),
                ]
            )
            .filter(pl.col("differs") & pl.col("unit").is_not_null() & pl.col("now").is_not_null())
            .select("population", "unit")
            .unique()
        )

    # --- rows ------------------------------------------------------------------------------

    @cached_property
    def _own_rows(self) -> csr_array:
        return self._wide(self.now.rows)

    def _wide(self, rows: csr_array) -> csr_array:
        shape = (rows.shape[0], len(self.match.places))
        return csr_array((rows.data, rows.indices, rows.indptr), shape=shape)

    @cached_property
    def _moved(self) -> csr_array:
        return self.match.moved(self.before.rows)

    @cached_property
    def _rows(self) -> csr_array:
        """The earlier cells over all numbers.

        A cell that is still there is, in the units that have not changed, what it is now.
        """
        first = self._pairs.unique("before", keep="first", maintain_order=True)
        before, now = first["before"].to_numpy(), first["now"].to_numpy()
        match, moved = self.match, coo_array(self._moved)
        paired = np.zeros(self._moved.shape[0], dtype=np.bool_)
        paired[before] = True
        still = np.zeros(len(match.places), dtype=np.bool_)
        still[: match.width] = True
        still[match.width :] = ~match.changed[match.own]
        row, column = moved.coords
        kept = ~(paired[row] & still[column])
        more = coo_array(self.now.rows[now])
        more_row, more_column = before[more.coords[0]], more.coords[1].astype(np.int64)
        there = np.isin(self._unit_key(more_row, more_column), self._unchanged_units)
        return csr_array(
            (
                np.concatenate([moved.data[kept], more.data[there]]),
                (
                    np.concatenate([row[kept], more_row[there]]),
                    np.concatenate([column[kept], more_column[there]]),
                ),
            ),
            shape=moved.shape,
        )

    @cached_property
    def _unchanged_units(self) -> Integers:
        """Pairs of an earlier cell and a unit in it that is as it was, as numbers."""
        entries = coo_array(self.before.rows)
        row, column = entries.coords
        same = ~self.match.changed[column]
        places = self.match.before["place"].to_numpy()[column[same]]
        return np.unique(row[same].astype(np.int64) * len(self.match.places) + places)

    def _unit_key(self, row: Integers, column: Integers) -> Integers:
        found: Integers = row.astype(np.int64) * len(self.match.places) + self.match.places[column]
        return found

    # --- what joins the problem ------------------------------------------------------------

    @cached_property
    def _shown(self) -> Flags:
        """The earlier cells that everyone knows."""
        visible = self.earlier.visible & self.before.listed
        return (visible | self.before.open) & (np.diff(self._rows.indptr) > 0)

    def _widened(self, known: Flags) -> Universe:
        """This release's universe over all numbers, with ``known`` cells and all equations."""
        match = self.match
        names = self.earlier.inner[match.own]
        names = names.with_columns(dated(names["unit"], self.release))
        inner = pl.concat([self.universe.inner, names.select(self.universe.inner.columns)])
        equations = csr_array(
            vstack([match.moved(self.before.equations), self._agreements], format="csr")
        )
        own = self._wide(self.now.equations)
        new = equations[_new(keys(equations), _filled(equations), keys(own))]
        problem = replace(
            self.now,
            rows=self._own_rows,
            inner=match.inner,
            open=self.now.open | known,
            equations=csr_array(vstack([own, new], format="csr")),
        )
        return replace(self.universe, problem=problem, inner=inner)

    @property
    def _agreements(self) -> csr_array:
        """Cells that have not changed, over numbers of blocks that are gone and of those of now."""
        match = self.match
        gone = np.zeros(len(match.places), dtype=np.bool_)
        gone[match.width :] = ~match.changed[match.own]
        telling = np.flatnonzero((abs(self._moved) @ gone.astype(np.int64)) > 0)
        paired = np.isin(telling, self._pairs["before"].to_numpy())
        return csr_array(self._moved[telling[paired]] - self._rows[telling[paired]])

    def _carried(self, cells: Integers, *, small: bool) -> Problem:
        """Earlier cells: known ones, or ``small`` ones that are still to be protected."""
        before = self.before
        names = before.cells[cells]
        return self._more(
            names.with_columns(dated(names["region"], self.release)),
            csr_array(self._rows[cells]),
            single=before.single[cells] & small,
            listed=before.listed[cells] & small,
            floor=np.where(before.listed[cells] & small, before.floor[cells], 0),
            small=small,
        )

    def _differing(self, taken: Keys) -> Problem:
        """The small differences whose rows are not ``taken``.

        Who is alone in one of them is no insider: they know what the earlier figure has become,
        and nothing that is hidden now changes that.
        """
        found = [self._of_tables]
        if self.universe.kind == "persons":
            listed = np.flatnonzero(_in_tables(self.now))
            names = self.now.cells[listed].drop("kind")
            rows = csr_array(self.now.rows[listed])
            every = implied(names, rows, self.match, self.universe.threshold)
            found.append(every.few(self.match, self.universe.threshold))
        rows = csr_array(vstack([one.rows for one in found], format="csr"))
        new = _new(keys(rows), _filled(rows), taken)
        names = pl.concat([one.names.drop("cell", strict=False) for one in found])[new]
        regions = names["region"] + SINCE + self.release
        no = np.zeros(len(new), dtype=np.bool_)
        return self._more(
            names.with_columns(regions, pl.lit("").alias("kind")),
            csr_array(rows[new]),
            single=no,
            listed=no,
            floor=no.astype(np.int64),
            small=True,
        )

    @cached_property
    def _of_tables(self) -> Differences:
        """What cells in tables of both differ by, if it is small; ``names`` has ``cell`` too."""
        before, now = (self._pairs[name].to_numpy() for name in ("before", "now"))
        rows = csr_array(self._own_rows[now] - self._rows[before])
        rows.eliminate_zeros()
        differs = _filled(rows)
        behind = contributors(rows[differs], self.match, amounts=self.universe.kind == "amounts")
        cells = now[differs]
        names = self.now.cells[cells].drop("kind").with_columns(pl.Series("cell", cells))
        every = Differences(names, csr_array(rows[differs]), behind)
        return every.few(self.match, self.universe.threshold)

    @property
    def _near(self) -> Flags:
        """The cells of now that differ by too few."""
        found = np.zeros(len(self.now.small), dtype=np.bool_)
        found[self._of_tables.names["cell"].to_numpy()] = True
        return found

    def _more(
        self,
        names: pl.DataFrame,
        rows: csr_array,
        *,
        single: Flags,
        listed: Flags,
        floor: Integers,
        small: bool,
    ) -> Problem:
        count, width = rows.shape
        return Problem(
            cells=names.select(self.now.cells.columns),
            rows=rows,
            inner=self.match.inner,
            equations=csr_array((0, width), dtype=np.int64),
            small=np.full(count, small),
            single=single,
            listed=listed,
            open=np.full(count, not small),
            floor=floor,
            cost=np.ones(count),
        )


def keys(rows: csr_array) -> Keys:
    """A number for each row; equal rows have equal numbers, and others, but for chance, not."""
    random = np.random.default_rng(2_025)
    weights = random.integers(0, 2**64, size=rows.shape[1], dtype=np.uint64)
    found: Keys = csr_array(rows).astype(np.uint64) @ weights
    return found


def _new(own: Keys, among: Flags, taken: Keys) -> Integers:
    """The rows ``among`` which each has a key for the first time, and one not ``taken``."""
    rows = np.flatnonzero(among & ~np.isin(own, taken))
    return np.sort(rows[np.unique(own[rows], return_index=True)[1]])


def _filled(rows: csr_array) -> Flags:
    found: Flags = np.diff(rows.indptr) > 0
    return found


def _padded(own: Flags, count: int) -> Flags:
    found = np.zeros(count, dtype=np.bool_)
    found[: len(own)] = own
    return found


def _in_tables(problem: Problem) -> Flags:
    """The cells that stand in a table, or stood in one of an earlier release."""
    cells = problem.cells
    carried = cells.select(is_dated("region") & (pl.col("kind") != "")).to_series()
    found: Flags = (problem.listed & (cells["kind"] != "").to_numpy()) | carried.to_numpy()
    return found


def _only_unit(rows: csr_array, units: pl.Series) -> pl.Series:
    """The unit of each row that has a single one; null for the others."""
    entries = coo_array(rows)
    row, column = entries.coords
    found = (
        pl.DataFrame([pl.Series("row", row), units.gather(column).alias("unit")])
        .group_by("row")
        .agg(pl.col("unit").unique())
        .filter(pl.col("unit").list.len() == 1)
    )
    every = pl.DataFrame({"row": np.arange(rows.shape[0])})
    return every.join(
        found.with_columns(pl.col("unit").list.first()), on="row", how="left", maintain_order="left"
    )["unit"]
