"""What differs between two rounds, as cells: small when it rests on too few.

A figure of now less the earlier one is a number of persons who came, less those who left.
At least as many stand behind it as the sum, unit by unit, of how much the figure changed.
Of amounts nothing is known but that somebody stands behind each unit that changed, and at
least as many as the number of contributors changed by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy.sparse import coo_array, csr_array, eye_array, vstack

from kostra_publish.disclosure.problem import Flags, Integers
from kostra_publish.disclosure.rounds.matching import Match
from kostra_publish.disclosure.universe.space import nested, row_products


@dataclass(frozen=True, eq=False)
class Differences:
    """Differences: population, region and set of each, and rows over all columns of a match.

    ``contributors`` has how many stand behind each at least.
    """

    names: pl.DataFrame
    rows: csr_array
    contributors: Integers

    def few(self, match: Match, threshold: int) -> Differences:
        """Those that rest on 1 to ``threshold`` - 1, turned so that their values are positive."""
        value = self.rows @ match.inner
        behind = self.contributors
        small = np.flatnonzero((value != 0) & (behind > 0) & (behind < threshold))
        signs = csr_array(np.sign(value[small])[:, None])
        return Differences(
            self.names[small], csr_array(self.rows[small].multiply(signs)), behind[small]
        )


def contributors(rows: csr_array, match: Match, *, amounts: bool) -> Integers:
    """How many stand behind each difference at least; see the module."""
    entries = coo_array(rows)
    row, column = entries.coords
    persons = match.contributors if amounts else match.inner
    changes = pl.DataFrame(
        {
            "row": row,
            "place": match.places[column],
            "element": match.elements[column],
            "change": entries.data * match.inner[column],
            "persons": entries.data * persons[column],
        }
    )
    by_element = changes.group_by("row", "place", "element").agg(pl.col("change", "persons").sum())
    change, most = pl.col("change").sum(), pl.col("persons").abs().max()
    of_unit = pl.when(change != 0).then(pl.max_horizontal(most, 1)) if amounts else change.abs()
    by_unit = by_element.group_by("row", "place").agg(of_unit.alias("behind"))
    found = by_unit.group_by("row").agg(pl.col("behind").sum())
    result = np.zeros(rows.shape[0], dtype=np.int64)
    result[found["row"].to_numpy()] = found["behind"].to_numpy()
    return result


def implied(names: pl.DataFrame, rows: csr_array, match: Match, threshold: int) -> Differences:
    """Differences that no table lists, of 1 to ``threshold`` - 1 persons.

    Combinations, and sets without others, in every region, over the blocks that both releases
    have. ``names`` and ``rows`` are those of the listed cells of this release.
    """
    nothing = csr_array((0, len(match.places)), dtype=np.int64)
    found = [Differences(names.clear(), nothing, np.zeros(0, dtype=np.int64))]
    for population in names["population"].unique().sort():
        own = np.flatnonzero((names["population"] == population).to_numpy())
        found.append(_Population(names[own], csr_array(rows[own]), match).differences(threshold))
    return Differences(
        pl.concat([part.names for part in found]),
        csr_array(vstack([part.rows for part in found], format="csr")),
        np.concatenate([part.contributors for part in found]),
    )


@dataclass(frozen=True, eq=False)
class _Population:
    """The listed cells of one population: names, and rows over the numbers of now."""

    names: pl.DataFrame
    rows: csr_array
    match: Match

    def differences(self, threshold: int) -> Differences:
        """Those that rest on 1 to ``threshold`` - 1, in all regions."""
        vectors, words = self._vectors()
        members, codes = self._regions()
        change = csr_array(vectors @ self._change.T)
        behind = csr_array(members @ abs(change).T)
        behind.data[behind.data >= threshold] = 0
        region, vector = behind.nonzero()
        pairs = row_products(csr_array(members[region]), csr_array(vectors[vector]))
        return Differences(
            pl.DataFrame(
                [
                    self.names["population"].head(1).new_from_index(0, len(region)),
                    codes.gather(region),
                    pl.Series("set", words, dtype=pl.String).gather(vector),
                ]
            ),
            csr_array(pairs @ self._columns),
            behind.toarray()[region, vector],
        )

    # --- what changed ------------------------------------------------------------------

    @cached_property
    def _sizes(self) -> tuple[int, int]:
        """The number of places and of elements."""
        return int(self.match.places.max()) + 1, int(self.match.elements.max()) + 1

    @cached_property
    def _columns(self) -> csr_array:
        """By place and element the number of now less the earlier one, where they differ."""
        match, (places, elements) = self.match, self._sizes
        stepping = np.flatnonzero(match.stepping)
        sign = np.where(stepping < match.width, 1, -1)
        place = match.places[stepping] * elements + match.elements[stepping]
        shape = (places * elements, len(match.places))
        return csr_array((sign, (place, stepping)), shape=shape)

    @cached_property
    def _change(self) -> csr_array:
        """How much each number changed, shape (places, elements)."""
        return csr_array((self._columns @ self.match.inner).reshape(self._sizes))

    # --- in which regions, and of whom ---------------------------------------------------

    def _regions(self) -> tuple[csr_array, pl.Series]:
        """The distinct regions of the listed cells: their places, and their codes."""
        entries = coo_array(self.rows)
        row, column = entries.coords
        shape = (self.rows.shape[0], self._sizes[0])
        places = csr_array((entries.data, (row, self.match.places[column])), shape=shape)
        places.data[:] = 1
        lengths = np.diff(places.indptr)
        first: dict[str, int] = {}
        for place, code in enumerate(self.names["region"]):
            widest = first.setdefault(code, place)
            if lengths[place] > lengths[widest]:
                first[code] = place
        return csr_array(places[list(first.values())]), pl.Series("region", [*first])

    def _vectors(self) -> tuple[csr_array, list[str]]:
        """Sets over elements that no table lists: each element, and sets without others."""
        elements = self._sizes[1]
        columns = np.unique(self.rows.indices)
        own, first = np.unique(self.match.elements[columns], return_index=True)
        single = csr_array(eye_array(elements, dtype=np.int64, format="csr")[own])
        sets = self._sets()
        stacked = np.array([*sets.values()], dtype=np.bool_).reshape(len(sets), elements)
        names = [*sets]
        pairs = [*nested(stacked)]
        left = [stacked[outer] & ~stacked[inner] for inner, outer in pairs]
        words = [f"{names[outer]} without {names[inner]}" for inner, outer in pairs]
        without = csr_array(np.array(left, dtype=np.int64).reshape(len(left), elements))
        alone = self.match.now["combination"].gather(columns[first])
        return csr_array(vstack([single, without], format="csr")), [*alone, *words]

    def _sets(self) -> dict[str, Flags]:
        """By name the elements of each set of a listed cell, and of each block as a whole."""
        found: dict[str, Flags] = {}
        elements, numbers = self._sizes[1], self.match.elements
        for place, name in enumerate(self.names["set"]):
            if name not in found and self.rows.indptr[place] < self.rows.indptr[place + 1]:
                part = slice(self.rows.indptr[place], self.rows.indptr[place + 1])
                found[name] = np.isin(np.arange(elements), numbers[self.rows.indices[part]])
        return found | dict(self._blocks())

    def _blocks(self) -> Iterator[tuple[str, Flags]]:
        elements = np.arange(self._sizes[1])
        columns = np.unique(self.rows.indices)
        blocks = self.match.now["block"].gather(columns)
        for block in blocks.unique().sort():
            own = columns[(blocks == block).to_numpy()]
            yield f"all of {block}", np.isin(elements, self.match.elements[own])
