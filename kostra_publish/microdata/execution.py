"""The one place where a query over microdata is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import polars as pl

Runner: TypeAlias = Callable[[list[pl.LazyFrame]], list[pl.DataFrame]]
"""Runs several queries together; gives one frame for each, in order."""


def streaming(queries: list[pl.LazyFrame]) -> list[pl.DataFrame]:
    """Run on this machine with the streaming engine: memory does not grow with the rows.

    Polars would find what the queries have in common and share it, but what is shared is held
    in memory until the slowest reader is through. What is worth it is shared on purpose, with
    ``LazyFrame.cache``.
    """
    separately = pl.QueryOptFlags(comm_subplan_elim=False)
    return pl.collect_all(queries, engine="streaming", optimizations=separately)


def execute(queries: Sequence[pl.LazyFrame], runner: Runner = streaming) -> list[pl.DataFrame]:
    """Run ``queries`` and return their results in the same order.

    ``runner`` is the engine. A distributed Polars engine takes the streaming engine's place
    by being given here; nothing else in the project runs a query over microdata.
    """
    return runner(list(queries)) if queries else []
