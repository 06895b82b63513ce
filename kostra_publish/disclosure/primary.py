"""Primary suppression: figures on fewer than four persons become ``:``.

One pattern for all measures of a cell: sums, means and shares are hidden when any part
they rest on has one to three contributors.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.cube.cube import Cube, State
from kostra_publish.disclosure.rounding import half_away_from_zero
from kostra_publish.disclosure.safe import (
    MISSING,
    NOT_APPLICABLE,
    SUPPRESSED,
    SafeCube,
    VintageFacts,
)
from kostra_publish.disclosure.seal import SEAL


def protect(cube: Cube, facts: VintageFacts, also: NDArray[np.bool_] | None = None) -> SafeCube:
    """The cube with its small figures hidden and all figures rounded to their decimals.

    ``also`` marks cells, in the cube's order, to hide beside the small ones. ``facts`` get the
    cube's own notes and shares of what is estimated.
    """
    hidden = small(cube)
    if also is not None:
        hidden = hidden | (also & (cube.state == State.FIGURE))
    figure = (cube.state == State.FIGURE) & ~hidden
    value = np.where(figure, rounded(cube), 0.0)
    sign = np.full(len(cube.value), "", dtype=object)
    sign[cube.state == State.NOT_APPLICABLE] = NOT_APPLICABLE
    sign[cube.state == State.MISSING] = MISSING
    sign[hidden] = SUPPRESSED
    cells = pl.DataFrame(
        {
            "value": pl.Series(value, dtype=pl.Float64),
            "status": pl.Series(sign.tolist(), dtype=pl.String),
        }
    ).select(
        pl.when(pl.col("status") == "").then("value").alias("value"),
        pl.col("status").replace("", None).alias("status"),
    )
    shares = {region: _share(share) for region, share in cube.estimated.items()}
    noted = facts.model_copy(
        update={"notes": (*facts.notes, *cube.notes), "estimated": facts.estimated | shares}
    )
    return SafeCube(SEAL, cube.table, cube.dimensions, cells, {cube.vintage: noted})


def rounded(cube: Cube) -> NDArray[np.float64]:
    """True figures with the decimals of their measures, 0 where there is none; one per cell."""
    decimals = np.array([measure.decimals for measure in cube.table.measures])
    per_cell = np.tile(decimals, len(cube.value) // len(decimals))
    figures = np.where(cube.state == State.FIGURE, cube.value, 0.0)
    return half_away_from_zero(figures, per_cell)


def _share(share: float) -> float:
    """A per cent with one decimal, never 0 where something is estimated."""
    decimal = half_away_from_zero(np.array([share]), np.array([1]))
    return max(float(decimal[0]), 0.1)


def small(cube: Cube) -> NDArray[np.bool_]:
    """Which cells rest on too few persons, or on a sum that one or two of them dominate.

    Zeros count as the policy says.
    """
    rules = cube.table.disclosure
    few = (cube.contributors >= 1) & (cube.contributors < rules.threshold)
    if rules.hide_zeros:
        few = few | (cube.contributors == 0)
    if cube.dominated is not None:
        few = few | cube.dominated
    result: NDArray[np.bool_] = few & (cube.state == State.FIGURE)
    return result
