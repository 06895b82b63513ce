"""Cells that no table lists, and that anyone may form from those that tables do list.

They need protection when they are small: the persons of a set who are not in a part of it
("at least six months" gives "less than six"), the combinations that sets are crossed of, and
what is left of a region without one region in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.problem import Flags, Integers
from kostra_publish.disclosure.universe.space import Space, nested, row_products, widened


@dataclass(frozen=True, eq=False)
class Implied:
    """Small cells that are not listed: ``names`` has region and set; ``rows`` as in Problem."""

    names: pl.DataFrame
    rows: csr_array


def implied(space: Space, listed: Flags, threshold: int) -> Implied:
    """The implied cells of a population with 1 to ``threshold`` - 1 persons.

    ``listed`` has shape (sets, regions).
    """
    parts = [*_vectors(space, threshold), *_remainders(space, listed, threshold)]
    nothing = pl.DataFrame(schema={"region": pl.String, "set": pl.String})
    empty = csr_array((0, space.width), dtype=np.int64)
    return Implied(
        pl.concat([nothing, *(part.names for part in parts)]),
        csr_array(vstack([empty, *(part.rows for part in parts)], format="csr")),
    )


# --- sets that no table lists --------------------------------------------------------


def _vectors(space: Space, threshold: int) -> Iterator[Implied]:
    codes = pl.Series("region", space.regions.codes)
    for block in range(len(space.blocks)):
        vectors = _candidates(space, block)
        persons = space.in_regions(block, vectors)
        number, region = np.nonzero((persons > 0) & (persons < threshold))
        names = pl.Series("set", [space.name_of(block, vector) for vector in vectors], pl.String)
        yield Implied(
            pl.DataFrame([codes.gather(region), names.gather(number)]),
            space.rows(block, vectors[number], region),
        )


def _candidates(space: Space, block: int) -> Flags:
    """Vectors of one block that no set is: differences of sets, margins and combinations."""
    size = len(space.kept[block])
    sets = [space.vector(number, block) for number in np.unique(space.same)]
    own = {number for number, (home, _) in enumerate(space.homes) if home == block}
    told = [
        (number, vector)
        for number, vector in zip(np.unique(space.same), sets, strict=True)
        if vector is not None
    ]
    known = {vector.tobytes() for _, vector in told}
    stacked = np.array([vector for _, vector in told], dtype=np.bool_).reshape(len(told), size)
    found: dict[bytes, Flags] = {}
    for vector in (
        *(
            stacked[outer] & ~stacked[inner]
            for inner, outer in nested(stacked)
            if told[inner][0] in own
        ),
        *_margins(space, block),
        *np.eye(size, dtype=np.bool_),
    ):
        if vector.any() and vector.tobytes() not in known:
            found.setdefault(vector.tobytes(), vector)
    return np.array([*found.values()], dtype=np.bool_).reshape(len(found), size)


def _margins(space: Space, block: int) -> Iterator[Flags]:
    """The classes of each variable that no smaller block has."""
    sizes = [len(kept) for kept in space.kept]
    for partition in space.blocks[block].partitions:
        having = [n for n, one in enumerate(space.blocks) if partition.name in one.names]
        if min(having, key=lambda n: (sizes[n], n)) == block:
            own = space.blocks[block].margin({partition.name: np.arange(partition.size)})
            yield from ((own == number)[space.kept[block]] for number in range(partition.size))


# --- what is left of a region without another ------------------------------------------


def _remainders(space: Space, listed: Flags, threshold: int) -> Iterator[Implied]:
    """A region without one in it, where both are large enough and what is left is not.

    What is left must lie in more than one unit: else it is the listed region of that unit.
    """
    inner, outer = _within(space.members)
    left = csr_array(space.members[outer] - space.members[inner])
    codes = np.array(space.regions.codes, dtype=object)
    for block in range(len(space.blocks)):
        sets = [n for n in np.unique(space.same) if space.homes[n][0] == block]
        if not sets or not len(inner):
            continue
        vectors = np.array([space.homes[number][1] for number in sets])
        by_unit = space.numbers[block] @ vectors.T.astype(np.int64)
        persons = space.members @ by_unit
        both = listed[sets][:, inner].T & listed[sets][:, outer].T
        large = (persons[inner] >= threshold) & (persons[outer] >= threshold)
        rest = persons[outer] - persons[inner]
        several = left @ (by_unit > 0).astype(np.int64) > 1
        small = both & large & (rest > 0) & (rest < threshold) & several
        pair, number = np.nonzero(small)
        rows = row_products(left[pair], csr_array(vectors[number].astype(np.int64)))
        regions = codes[outer[pair]] + " without " + codes[inner[pair]]
        names = [space.counts.sets.name_of(int(sets[n])) for n in number]
        yield Implied(
            pl.DataFrame(
                {"region": regions.tolist(), "set": names},
                schema={"region": pl.String, "set": pl.String},
            ),
            widened(rows, int(space.offsets[block]), space.width),
        )


def _within(members: csr_array) -> tuple[Integers, Integers]:
    """Pairs of regions where the first is a part of the second, and what is left is no region."""
    sizes = members.sum(axis=1)
    common = (members @ members.T).toarray()
    part = (common == sizes[:, None]) & (sizes[:, None] < sizes[None, :])
    inner, outer = np.nonzero(part)
    rows = members.toarray().astype(np.int8)
    known = {row.tobytes() for row in rows}
    new = [
        (rows[large] - rows[small]).tobytes() not in known
        for small, large in zip(inner, outer, strict=True)
    ]
    return inner[new], outer[new]
