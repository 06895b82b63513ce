"""One population as inner numbers: unit by unit, the combinations of each block.

The inner numbers of a block stand unit by unit, and in a unit combination by combination;
blocks stand one after the other. A *vector* is a sum over combinations of one block: 1 for
each that is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy.sparse import csr_array, kron, vstack

from kostra_publish.cube.blocks import Block, agreements, common
from kostra_publish.cube.contributors import Counts
from kostra_publish.disclosure.problem import Flags, Integers


@dataclass(frozen=True, eq=False)
class Regions:
    """Distinct regions: those with the same reporting units are one.

    ``members`` has shape (regions, units), 1 for the units that have reported; ``codes`` and
    ``kinds`` are those of all the regions that are the same, for people.
    """

    members: csr_array
    codes: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Space:
    """The inner numbers of one population, and its sets as vectors.

    ``shows_zeros`` tells that noughts are shown, so that everyone knows of a class that
    nobody in the country is in. Units that belong to no region are left out.
    """

    counts: Counts
    regions: Regions
    shows_zeros: bool

    @cached_property
    def units(self) -> Integers:
        """The units that belong to some region."""
        return np.flatnonzero(self.regions.members.sum(axis=0))

    @cached_property
    def members(self) -> csr_array:
        """Regions by units, only those that belong to some region."""
        return csr_array(self.regions.members[:, self.units])

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks, in an order where each meets those before it in one of them."""
        return self.counts.sets.blocks

    @cached_property
    def _counted(self) -> list[Integers]:
        """By block: persons by unit and combination."""
        return [numbers[self.units] for numbers in self.counts.numbers]

    @cached_property
    def _empty(self) -> Mapping[str, Flags]:
        """By variable: the class that keeps no condition, where nobody in the country is in it.

        Whoever knows that it is empty knows more; to suppose that everyone does is safe.
        """
        found: dict[str, Flags] = {}
        for block, numbers in zip(self.blocks, self._counted, strict=True):
            in_all = numbers.sum(axis=0)
            for partition in block.partitions:
                if partition.became is None:
                    nobody = np.zeros(partition.size, dtype=np.bool_)
                    if self.shows_zeros and partition.rest is not None:
                        only = np.arange(partition.size) == partition.rest
                        in_it = in_all[block.crossing({partition.name: only})].sum()
                        nobody = only & (in_it == 0)
                    found[partition.name] = nobody
        return found

    @cached_property
    def kept(self) -> list[Integers]:
        """By block: the combinations that have inner numbers."""
        result = []
        for block, numbers in zip(self.blocks, self._counted, strict=True):
            there = {partition.name: ~self._empty[partition.name] for partition in block.partitions}
            may_be = block.possible & block.crossing(there)
            result.append(np.flatnonzero(may_be | (numbers.sum(axis=0) > 0)))
        return result

    @cached_property
    def numbers(self) -> list[Integers]:
        """By block: persons by unit and combination kept."""
        return [numbers[:, kept] for numbers, kept in zip(self._counted, self.kept, strict=True)]

    @cached_property
    def offsets(self) -> Integers:
        """Where each block's inner numbers begin, and where all end."""
        return np.cumsum([0, *(numbers.size for numbers in self.numbers)])

    @property
    def width(self) -> int:
        """How many inner numbers there are."""
        return int(self.offsets[-1])

    @cached_property
    def inner(self) -> Integers:
        """The inner numbers."""
        return np.concatenate([numbers.ravel() for numbers in self.numbers])

    @cached_property
    def names(self) -> pl.DataFrame:
        """What each inner number is: population, block, combination, and the unit's code."""
        units = pl.Series("unit", self.counts.units, dtype=pl.String).gather(self.units)
        return pl.concat(self._names_of(block, units) for block in range(len(self.blocks)))

    def _names_of(self, block: int, units: pl.Series) -> pl.DataFrame:
        own = self.blocks[block]
        combinations = pl.DataFrame(
            {"combination": [own.name_of(int(place)) for place in self.kept[block]]},
            schema={"combination": pl.String},
        )
        return (
            units.to_frame()
            .join(combinations, how="cross", maintain_order="left_right")
            .select(
                pl.lit(self.counts.sets.population.name).alias("population"),
                pl.lit(", ".join(own.names)).alias("block"),
                "combination",
                "unit",
            )
        )

    # --- sets -------------------------------------------------------------------------

    @cached_property
    def _limits(self) -> list[dict[str, Flags]]:
        """The classes of each set, without the variables that no longer limit it."""
        return [
            {name: kept for name, kept in limits.items() if not (kept | self._empty[name]).all()}
            for limits in self.counts.sets.classes
        ]

    @cached_property
    def _widest(self) -> list[dict[str, Flags]]:
        """The same sets with the classes that nobody is in."""
        return [
            {name: kept | self._empty[name] for name, kept in limits.items()}
            for limits in self._limits
        ]

    @cached_property
    def same(self) -> Integers:
        """For each set, the first one that is the same."""
        first: dict[tuple[tuple[str, bytes], ...], int] = {}
        result = []
        for number, limits in enumerate(self._widest):
            key = tuple((name, kept.tobytes()) for name, kept in limits.items())
            result.append(first.setdefault(key, number))
        return np.array(result, dtype=np.int64)

    def limited(self, number: int) -> bool:
        """Whether a set is less than the whole population."""
        return bool(self._limits[number])

    def vector(self, number: int, block: int) -> Flags | None:
        """A set over the combinations kept of a block; None if the block cannot tell it."""
        for limits in (self._limits[number], self._widest[number]):
            if self.blocks[block].tells(limits):
                return self.blocks[block].crossing(limits)[self.kept[block]]
        return None

    @cached_property
    def homes(self) -> list[tuple[int, Flags]]:
        """For each set, the block that tells it by the fewest inner numbers, and its vector."""
        return [self._home(number) for number in range(len(self._limits))]

    def _home(self, number: int) -> tuple[int, Flags]:
        found = [
            (int(vector.sum()), block, vector)
            for block in range(len(self.blocks))
            if (vector := self.vector(number, block)) is not None
        ]
        _, block, vector = min(found, key=lambda one: one[:2])
        return block, vector

    # --- rows -------------------------------------------------------------------------

    def rows(self, block: int, vectors: Flags, regions: Integers) -> csr_array:
        """A row for each of ``vectors`` (rows, combinations kept) in each of ``regions``."""
        own = row_products(self.members[regions], csr_array(vectors.astype(np.int64)))
        return widened(own, int(self.offsets[block]), self.width)

    def set_rows(self, sets: Integers, regions: Integers) -> csr_array:
        """A row for each set in each region; the two are of equal length."""
        home = np.array([block for block, _ in self.homes])[sets]
        order, parts = [], [csr_array((0, self.width), dtype=np.int64)]
        for block in np.unique(home):
            here = np.flatnonzero(home == block)
            vectors = np.array([self.homes[number][1] for number in sets[here]])
            parts.append(self.rows(int(block), vectors, regions[here]))
            order.append(here)
        stacked = csr_array(vstack(parts, format="csr"))
        return csr_array(stacked[np.argsort(np.concatenate(order))]) if order else stacked

    def in_regions(self, block: int, vectors: Flags) -> Integers:
        """How many persons are in each of ``vectors``, shape (vectors, regions)."""
        by_unit = self.numbers[block] @ vectors.T.astype(np.int64)
        found: Integers = (self.members @ by_unit).T
        return found

    @cached_property
    def equations(self) -> csr_array:
        """Blocks agree on what they share, in every unit."""
        parts = (self._agreement(*pair) for pair in agreements(self.blocks))
        nothing = csr_array((0, self.width), dtype=np.int64)
        return csr_array(vstack([nothing, *parts], format="csr"))

    def _agreement(self, one: int, other: int, shared: frozenset[str]) -> csr_array:
        pair = [self.blocks[one], self.blocks[other]]
        numberings = {name: common(*(block.partition(name) for block in pair)) for name in shared}
        margins = [
            block.margin({name: both[place] for name, both in numberings.items()})[self.kept[n]]
            for place, (n, block) in enumerate(zip((one, other), pair, strict=True))
        ]
        numbers = np.unique(np.concatenate(margins))
        units = csr_array(np.eye(len(self.units), dtype=np.int64))
        sums = [
            widened(
                csr_array(kron(units, (numbers[:, None] == margin).astype(np.int64))),
                int(self.offsets[block]),
                self.width,
            )
            for block, margin in zip((one, other), margins, strict=True)
        ]
        return csr_array(sums[0] - sums[1])

    def name_of(self, block: int, vector: Flags) -> str:
        """A vector for people: its combinations, the first few of them."""
        names = [self.blocks[block].name_of(int(place)) for place in self.kept[block][vector][:3]]
        more = int(vector.sum()) - len(names)
        return " + ".join(names) + (f" + {more} more" if more > 0 else "")


def row_products(one: csr_array, other: csr_array) -> csr_array:
    """Row by row the Kronecker product: shape (rows, columns of one x columns of other)."""
    one, other = csr_array(one), csr_array(other)
    lengths, widths = np.diff(one.indptr), np.diff(other.indptr)
    sizes = lengths * widths
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    within = np.arange(indptr[-1]) - np.repeat(indptr[:-1], sizes)
    each = np.repeat(widths, sizes)
    first = np.repeat(one.indptr[:-1], sizes) + within // np.maximum(each, 1)
    second = np.repeat(other.indptr[:-1], sizes) + within % np.maximum(each, 1)
    columns = one.indices[first].astype(np.int64) * other.shape[1] + other.indices[second]
    shape = (one.shape[0], one.shape[1] * other.shape[1])
    data = (one.data[first] * other.data[second]).astype(np.int64)
    return csr_array((data, columns, indptr), shape=shape)


def widened(rows: csr_array, first: int, width: int) -> csr_array:
    """``rows`` with ``first`` columns of noughts before them, and more up to ``width``."""
    return csr_array((rows.data, rows.indices + first, rows.indptr), shape=(rows.shape[0], width))


def nested(vectors: Flags) -> Iterator[tuple[int, int]]:
    """Pairs of vectors where the first is a part of the second, and not all of it."""
    whole = vectors.astype(np.int64)
    outside = whole @ (1 - whole).T
    for inner, outer in np.argwhere((outside == 0) & (outside.T > 0)):
        yield int(inner), int(outer)
