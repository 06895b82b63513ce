"""The figures of single kommuner that the quality report looks at."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.codes import regions as codes
from kostra_publish.cube.atoms import AtomKey, LinearForm
from kostra_publish.cube.plan import Plan
from kostra_publish.cube.reports import Reports
from kostra_publish.cube.tally import Grouping, Tally, unit_places

Array = NDArray[np.float64]


def by_kommune(
    plan: Plan, tallies: Mapping[tuple[str, ...], Tally], reports: Mapping[str, Reports]
) -> pl.DataFrame:
    """The plan's indicators: a row for each kommune of the year, Oslo as a whole.

    Columns: kommune, and a Float64 for each indicator; null where the kommune has not reported
    every form that it rests on. These are true figures, not rounded.
    """
    kommuner = codes.kommuner(plan.vintage)["kommune"]
    columns = {
        name: _of_form(plan, form, tallies, reports) for name, form in plan.indicator_forms.items()
    }
    figures = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Float64))
    return pl.DataFrame({"kommune": kommuner}).hstack(figures.fill_nan(None).get_columns())


def _of_form(
    plan: Plan,
    form: LinearForm,
    tallies: Mapping[tuple[str, ...], Tally],
    reports: Mapping[str, Reports],
) -> Array:
    """One indicator, NaN where a kommune has not reported."""
    kommuner = len(codes.kommuner(plan.vintage))
    total = np.zeros(kommuner)
    for factor, atom in form:
        reported = reports[plan.dataset(atom.source)].reported
        figures = _of_atom(atom, tallies[Grouping(atom.source).name], kommuner)
        total += factor * np.where(reported, figures, np.nan)
    return total


def _of_atom(atom: AtomKey, tally: Tally, kommuner: int) -> Array:
    """What an atom comes to in each kommune: the sum over its units."""
    places, _ = unit_places(tally.frame, tally.units)
    own = {kommune: place for place, kommune in enumerate(dict.fromkeys(tally.units.kommune))}
    of_unit = np.array([own[kommune] for kommune in tally.units.kommune], dtype=np.int64)
    result = np.zeros(kommuner)
    figures = tally.frame[f"v{tally.columns[atom]}"].cast(pl.Float64).to_numpy()
    np.add.at(result, of_unit[places], figures)
    return result
