"""What suppression takes from readers: main figures that could not be shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.safe import SUPPRESSED, SafeCube
from kostra_publish.outputs.norwegian import counted
from kostra_publish.outputs.quality import Column, Row
from kostra_publish.quality.evidence import Evidence, Outcome, not_made
from kostra_publish.specs import quality as specs
from kostra_publish.specs.dimensions import CONTENTS, TIME

_SMALL: Final = {"kommune": "Kommuner", "bydel": "Bydeler"}
_LARGE: Final = "Fylker, KOSTRA-grupper og landet"


@dataclass(frozen=True)
class _Count:
    """How many main figures of a table there are, and how many of them are hidden."""

    table: str
    regions: str
    figures: int
    hidden: int

    @property
    def percent(self) -> float:
        return 100 * self.hidden / self.figures


def main_figures(limits: specs.MainFigures, evidence: Evidence) -> Outcome:
    """The first measure of each table, over the totals of its dimensions, in every region."""
    if evidence.cubes is None:
        return not_made("det er ingen skjermede tabeller ennå")
    found = [one for cube in evidence.cubes for one in _counts(cube, evidence.now.vintage)]
    most = {_LARGE: limits.most_percent_larger}
    rows = [
        Row(
            (one.table, one.regions, float(one.figures), float(one.hidden), one.percent),
            flagged=one.percent > most.get(one.regions, limits.most_percent),
        )
        for one in found
    ]
    flagged = {row.cells[0] for row in rows if row.flagged}
    return Outcome(
        not flagged,
        f"{counted(len(flagged), 'tabell', 'tabeller')} av {len({one.table for one in found})} "
        "skjuler hovedtallet for flere regioner enn grensen.",
        f"{limits.most_percent:g} prosent av kommunene eller bydelene, "
        f"{limits.most_percent_larger:g} prosent av de større regionene.",
        (
            Column("table", "Tabell"),
            Column("regions", "Regioner"),
            Column("figures", "Hovedtall", 0),
            Column("hidden", "Skjult", 0),
            Column("percent", "Prosent", 1),
        ),
        tuple(sorted(rows, key=lambda row: not row.flagged)),
    )


def _counts(cube: SafeCube, vintage: int) -> Iterator[_Count]:
    """By kind of region: figures that are shown or hidden, and how many are hidden."""
    regions, *others = cube.dimensions[:-2]
    main = pl.all_horizontal(
        pl.col(TIME) == str(vintage),
        pl.col(CONTENTS) == cube.table.measures[0].code,
        *(pl.col(one.code) == (one.total or one.codes[0]) for one in others),
    )
    cells = cube.frame().lazy().filter(main).collect()
    hidden = pl.col("status").fill_null("") == SUPPRESSED
    wanted = cells.filter(hidden | pl.col("value").is_not_null()).select(regions.code, hidden)
    kinds: dict[str, list[bool]] = {}
    for code, is_hidden in wanted.iter_rows():
        kinds.setdefault(_SMALL.get(codes.kind_of(code), _LARGE), []).append(is_hidden)
    for kind, flags in kinds.items():
        yield _Count(cube.table.id, kind, len(flags), sum(flags))
