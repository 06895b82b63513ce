"""Who has reported: the difference between a real zero and a missing report.

The dataset ``innrapportering`` says it where it is given: *levert*, *ingen* (delivered, no
recipients: a real zero) or *mangler*. Elsewhere a kommune has reported when it has rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.codes.regions import OSLO
from kostra_publish.cube.regions import Units
from kostra_publish.errors import DataError, Finding

Flags = NDArray[np.bool_]

DELIVERED = "levert"
NONE_TO_REPORT = "ingen"
MISSING = "mangler"


@dataclass(frozen=True)
class Reports:
    """Which units and kommuner have reported one dataset.

    ``units`` has one flag per unit and ``kommuner`` one per kommune, in the order of
    ``Units``. Oslo has reported when all its bydeler have, where the form is per bydel.
    """

    units: Flags
    kommuner: tuple[tuple[str, bool], ...]
    by_bydel: bool

    @cached_property
    def reported(self) -> Flags:
        """One flag per kommune."""
        return np.array([flag for _, flag in self.kommuner])

    @cached_property
    def missing(self) -> list[str]:
        """The kommuner that have not reported, sorted."""
        return [kommune for kommune, flag in self.kommuner if not flag]


def reports(
    dataset: str,
    file: str,
    units: Units,
    rows: pl.DataFrame,
    statuses: pl.DataFrame | None,
) -> Reports:
    """Who has reported ``dataset``.

    ``rows`` has a row per unit with data (KOMMUNE_NR and, where the dataset is per bydel,
    BYDELSNR); ``statuses`` is innrapportering's KOMMUNE_NR, BYDELSNR and STATUS for this
    dataset. Raises DataError where the two contradict each other.
    """
    by_bydel = "BYDELSNR" in rows.columns
    has_rows = _units_with_rows(units, rows)
    declared = _declared(units, statuses, by_bydel=by_bydel)
    if findings := list(_contradictions(dataset, file, units, has_rows, declared)):
        raise DataError(findings)
    flags = np.array(
        [
            declared.get(unit, None) in {DELIVERED, NONE_TO_REPORT}
            if unit in declared
            else bool(has_rows[n])
            for unit, n in units.index.items()
        ]
    )
    if by_bydel:
        flags = _oslo_by_bydel(units, flags, has_rows)
    kommuner: dict[str, bool] = {}
    for kommune, bydel, flag in zip(units.kommune, units.bydel, flags, strict=True):
        if bydel is None:
            kommuner[kommune] = bool(flag)
    return Reports(flags, tuple(kommuner.items()), by_bydel)


def _units_with_rows(units: Units, rows: pl.DataFrame) -> Flags:
    flags = np.zeros(len(units.kommune), dtype=bool)
    for unit in units_of(rows):
        flags[units.index.get(unit, units.index[unit[0], None])] = True
    return flags


def units_of(rows: pl.DataFrame) -> Iterator[tuple[str, str | None]]:
    """The (kommune, bydel) of each row; bydel is None outside Oslo."""
    if "BYDELSNR" not in rows.columns:
        yield from ((kommune, None) for kommune in rows["KOMMUNE_NR"])
        return
    for kommune, bydel in rows.select("KOMMUNE_NR", "BYDELSNR").iter_rows():
        yield kommune, bydel if kommune == OSLO else None


def _declared(
    units: Units, statuses: pl.DataFrame | None, *, by_bydel: bool
) -> dict[tuple[str, str | None], str]:
    if statuses is None:
        return {}
    found: dict[tuple[str, str | None], str] = {}
    for kommune, bydel, status in statuses.select("KOMMUNE_NR", "BYDELSNR", "STATUS").iter_rows():
        unit = (kommune, bydel if by_bydel else None)
        if unit in units.index:
            found[unit] = status
    return found


def _contradictions(
    dataset: str,
    file: str,
    units: Units,
    has_rows: Flags,
    declared: dict[tuple[str, str | None], str],
) -> Iterator[Finding]:
    for unit, status in declared.items():
        present = bool(has_rows[units.index[unit]])
        place = f"kommune {unit[0]}" + (f", bydel {unit[1]}" if unit[1] else "")
        if status != DELIVERED and present:
            rule = f"innrapportering says {status}, but there are rows"
            fix = "Correct STATUS in innrapportering, or take the rows out."
            yield Finding(file, place, dataset, rule, fix)
        elif status == DELIVERED and not present and not _oslo_as_a_whole(unit, declared):
            rule = f"innrapportering says {DELIVERED}, but there are no rows"
            fix = f"Write {NONE_TO_REPORT} where there were no recipients, else {MISSING}."
            yield Finding(file, place, dataset, rule, fix)


def _oslo_as_a_whole(
    unit: tuple[str, str | None], declared: dict[tuple[str, str | None], str]
) -> bool:
    """Whether Oslo's own status stands beside those of its bydeler."""
    return unit == (OSLO, None) and any(kommune == OSLO and bydel for kommune, bydel in declared)


def _oslo_by_bydel(units: Units, flags: Flags, has_rows: Flags) -> Flags:
    """Oslo as a whole has reported when every bydel has, or when none is told apart."""
    own = units.index[OSLO, None]
    if not has_rows[units.bydel_units].any() and has_rows[own]:
        return flags
    result = flags.copy()
    result[own] = flags[units.bydel_units].all()
    return result
