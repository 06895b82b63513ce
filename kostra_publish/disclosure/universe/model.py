"""A universe: all published figures that hang together as one problem, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.problem import Flags, Problem
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.specs.dimensions import CubeDimension


@dataclass(frozen=True, eq=False, repr=False)
class Universe:
    """The figures of all tables on some populations, as one disclosure problem.

    ``problem.cells`` has the columns ``population``, ``region``, ``set`` and ``kind`` (of
    region), for people; ``inner`` tells what each inner number is: ``population``, ``block``
    (of variables), ``combination`` and ``unit``, which together are its own. ``tables`` has, by
    table, a matrix of shape (cells of the cube, cells of the problem), 1 where a cube's cell, in
    row-major order, rests on a cell.
    ``kind`` tells whether cells count persons or are amounts.
    """

    name: str
    kind: Literal["persons", "amounts"]
    threshold: int
    problem: Problem
    inner: pl.DataFrame
    tables: Mapping[str, csr_array]

    def limited(self, shown: Mapping[str, Flags]) -> Universe:
        """The same, but listed are only cells that a shown figure rests on.

        ``shown`` has, by table, which cells of its cube are figures that are shown or hidden
        now; other tables come later. What no figure of any table rests on stays as it is.
        """
        every = sum((rests.sum(axis=0) for rests in self.tables.values()), start=np.int64(0))
        tables = {
            name: csr_array(rests.multiply(shown[name][:, None].astype(np.int64)))
            for name, rests in self.tables.items()
            if name in shown
        }
        own = sum((rests.sum(axis=0) for rests in tables.values()), start=np.int64(0))
        later = (every > 0) & (own == 0)
        problem = self.problem
        problem = replace(problem, listed=problem.listed & ~later, open=problem.open & ~later)
        return replace(self, problem=problem, tables=tables)

    def opened(self, cells: Flags) -> Universe:
        """The same with more cells known to everyone, such as those of an earlier release.

        A small cell stays closed, since its number has changed or was never shown.
        """
        known = self.problem.open | (cells & ~self.problem.small)
        return replace(self, problem=replace(self.problem, open=known))

    def extended(self, more: Problem) -> Universe:
        """The same with the cells and equations of ``more``, which has the same inner numbers.

        For what no table of this release shows but everyone may know: figures of an earlier
        release, or what changed since. Raises ValueError when the inner numbers differ.
        """
        own = self.problem
        if not np.array_equal(own.inner, more.inner):
            msg = f"universe {self.name}: other inner numbers"
            raise ValueError(msg)
        joined = Problem(
            cells=pl.concat([own.cells, more.cells], how="diagonal"),
            rows=csr_array(vstack([own.rows, more.rows], format="csr")),
            inner=own.inner,
            equations=csr_array(vstack([own.equations, more.equations], format="csr")),
            small=np.concatenate([own.small, more.small]),
            single=np.concatenate([own.single, more.single]),
            listed=np.concatenate([own.listed, more.listed]),
            open=np.concatenate([own.open, more.open]),
            floor=np.concatenate([own.floor, more.floor]),
            cost=np.concatenate([own.cost, more.cost]),
        )
        count = joined.rows.shape[0]
        tables = {
            name: csr_array((rests.data, rests.indices, rests.indptr), (rests.shape[0], count))
            for name, rests in self.tables.items()
        }
        return replace(self, problem=joined, tables=tables)

    def stored(
        self,
        visible: Flags,
        dimensions: Mapping[str, Sequence[CubeDimension]],
        certificate: csr_array | None = None,
    ) -> StoredUniverse:
        """What a release keeps of it, given which cells of the problem are ``visible``.

        ``dimensions`` are those of the cubes of ``tables``, by table.
        """
        rests = {name: matrix.tocoo() for name, matrix in self.tables.items()}
        return StoredUniverse(
            name=self.name,
            kind=self.kind,
            problem=self.problem,
            visible=visible,
            inner=self.inner,
            rests={
                name: np.stack(pairs.coords, axis=1).astype(np.int64)
                for name, pairs in rests.items()
            },
            dimensions={
                name: {dimension.code: dimension.codes for dimension in dimensions[name]}
                for name in self.tables
            },
            certificate=certificate,
        )

    def __repr__(self) -> str:
        return f"Universe({self.name}, {self.kind}, {self.problem!r})"


def hidden(universes: Sequence[Universe], visible: Iterable[Flags]) -> dict[str, Flags]:
    """Which cells of each table must be hidden, given which of each problem's are visible.

    A cube's cell is hidden when any cell that it rests on is; by table id, one flag for
    each cell in row-major order. Tables without persons in them are not there.
    """
    found: dict[str, Flags] = {}
    for universe, flags in zip(universes, visible, strict=True):
        closed = (~flags).astype(np.int64)
        for name, rests in universe.tables.items():
            own = rests @ closed > 0
            found[name] = found[name] | own if name in found else own
    return found
