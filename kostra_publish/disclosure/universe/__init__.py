"""All published figures on the same persons as one disclosure problem.

The unit is a set of persons: those of a source who keep some conditions, in a region. Each
figure rests on such sets, and equal sets are one cell, whatever tables and measures use them:
so tables hang together by themselves, overlapping hierarchies of regions too. See ``listing``
for what a figure rests on, ``space`` for the inner numbers, ``implied`` for cells that no
table lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import polars as pl
from scipy.sparse import block_diag, csr_array, vstack

from kostra_publish.cube.build import Built
from kostra_publish.cube.contributors import Population
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.problem import Problem
from kostra_publish.disclosure.universe.amounts import amounts
from kostra_publish.disclosure.universe.links import Links, links
from kostra_publish.disclosure.universe.listing import Listing, listing, matrices
from kostra_publish.disclosure.universe.model import Universe, hidden
from kostra_publish.disclosure.universe.persons import Part, part

__all__ = ["Universe", "hidden", "universes"]


def universes(plan: Plan, built: Built) -> list[Universe]:
    """Every universe of a release: one for each dataset that has persons behind its figures.

    Amounts that are sums of each other have universes of their own.

    ``built`` are the cubes of ``plan``.
    """
    found = listing(plan, built)
    by_dataset = sorted(found.entries, key=lambda one: (plan.dataset(one.source), one.name))
    persons = [
        _of_persons(plan, built, dataset, list(populations), found)
        for dataset, populations in groupby(by_dataset, lambda one: plan.dataset(one.source))
    ]
    sums = [
        amounts(plan, built, found.entries[population], found.regions[population])
        for population in by_dataset
    ]
    return [*persons, *(one for one in sums if one is not None)]


def _of_persons(
    plan: Plan, built: Built, dataset: str, populations: Sequence[Population], found: Listing
) -> Universe:
    cost = plan.catalogue.policy.cost
    parts = [
        part(built.counts[one], found.regions[one], found.entries[one], cost) for one in populations
    ]
    firsts = np.cumsum([0, *(one.cells.height for one in parts)])
    rests = [
        rests._replace(cell=rests.cell + first)
        for one, first in zip(parts, firsts, strict=False)
        for rests in one.rests
    ]
    sizes = {cube.table.id: cube.value.size for cube in built.complete}
    linked = links([one.space for one in parts])
    problem = _problem(parts, linked)
    names = pl.concat([*(one.space.names for one in parts), linked.names])
    return Universe(
        name=dataset,
        kind="persons",
        threshold=max(one.threshold for name in populations for one in found.entries[name]),
        problem=problem,
        inner=names.with_columns(pl.Series("contributors", problem.inner)),
        tables=matrices(rests, sizes, int(firsts[-1])),
    )


def _problem(parts: Sequence[Part], linked: Links) -> Problem:
    cells = pl.concat([one.cells for one in parts])
    inner = np.concatenate([*(one.space.inner for one in parts), linked.inner])
    rows = _wide(csr_array(block_diag([one.rows for one in parts], format="csr")), len(inner))
    agreements = csr_array(block_diag([one.space.equations for one in parts], format="csr"))
    values = rows @ inner
    hide_zeros, listed = cells["hide_zeros"].to_numpy(), cells["listed"].to_numpy()
    # What can only be nought is no secret.
    certain = np.diff(rows.indptr) == 0
    small = (values < cells["threshold"].to_numpy()) & ((values > 0) | hide_zeros) & ~certain
    return Problem(
        cells=cells.select("population", "region", "set", "kind"),
        rows=rows,
        inner=inner,
        equations=csr_array(vstack([_wide(agreements, len(inner)), linked.equations])),
        small=small,
        single=values == 1,
        listed=listed,
        open=(values == 0) & ~small,
        floor=(listed & ~hide_zeros).astype(np.int64),
        cost=cells["cost"].to_numpy(),
    )


def _wide(rows: csr_array, width: int) -> csr_array:
    """``rows`` with columns of noughts after them, ``width`` in all."""
    return csr_array((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], width))
