"""The inputs of a round: every dataset it needs, read and counted in one go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from kostra_publish.microdata.controls import control_counts
from kostra_publish.microdata.execution import execute
from kostra_publish.microdata.files import DataFile
from kostra_publish.microdata.layouts import FORM_OF_DATASET
from kostra_publish.microdata.microdata import Microdata, collect, load_all
from kostra_publish.microdata.variables import source_frame

PERSONS = frozenset({"mottakere"})
"""Sources that put the units of another together to persons."""

REPORTING = "innrapportering"
"""The dataset that says who has reported what; a round can do without it."""


@dataclass(frozen=True)
class Counted:
    """What the inputs gave.

    ``results`` answer the queries in their order. ``statuses`` is innrapportering (SKJEMA,
    KOMMUNE_NR, BYDELSNR, STATUS) or None. ``rows`` and ``controls`` are by dataset: the
    number of rows, and the control rules broken (rule, KOMMUNE_NR, count).
    """

    results: list[pl.DataFrame]
    statuses: pl.DataFrame | None
    rows: Mapping[str, int]
    controls: Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Inputs:
    """The datasets of one årgang, held to their contracts; nothing is read before ``count``."""

    year: int
    datasets: Mapping[str, Microdata]

    @property
    def files(self) -> list[DataFile]:
        """The files, sorted by name."""
        return sorted((one.file for one in self.datasets.values()), key=lambda file: file.name)

    @property
    def file_names(self) -> dict[str, str]:
        """The file name of each dataset, for messages."""
        return {dataset: one.file.name for dataset, one in self.datasets.items()}

    @property
    def synthetic(self) -> bool:
        """Whether any of the files is synthetic, by its footer or by its records."""
        return any(file.synthetic for file in self.files)

    def count(
        self,
        sources: Sequence[str],
        tilfelle: Callable[[str], pl.Expr],
        queries: Callable[[Mapping[str, pl.LazyFrame]], list[pl.LazyFrame]],
        *,
        with_controls: bool = False,
        checked: bool = False,
    ) -> Counted:
        """Run ``queries`` over the frames of ``sources`` and datasets, in one pass.

        ``tilfelle`` gives the population of a source, for sources that put units together
        to persons. ``with_controls`` also counts the control rules that records break. Files that
        have been ``checked`` already, byte for byte these, are not held to their contracts again.
        Raises DataError with everything that breaks a contract.
        """
        # ``collect`` checks each row once; all else runs beside it in the same pass.
        raw = {name: one.unchecked for name, one in self.datasets.items()}
        rows = [one.rows() for one in self.datasets.values()]
        asked = queries(self._frames(raw, sources, tilfelle))
        reporting = [raw[REPORTING]] if REPORTING in raw else []
        held = [] if checked else list(self.datasets.values())
        answers = collect([*asked, *rows, *reporting], held)
        counts = answers[len(asked) : len(asked) + len(rows)]
        return Counted(
            results=answers[: len(asked)],
            statuses=answers[-1] if reporting else None,
            rows={name: int(frame.item()) for name, frame in zip(raw, counts, strict=True)},
            controls=self._controls(raw) if with_controls else {},
        )

    def _controls(self, raw: Mapping[str, pl.LazyFrame]) -> dict[str, pl.DataFrame]:
        """By dataset: the control rules broken, counted in a pass of their own.

        They need windows over persons; beside the other queries the scan that they share
        would be held in memory.
        """
        forms = [name for name in self.datasets if name in FORM_OF_DATASET]
        queries = [control_counts(raw[name], FORM_OF_DATASET[name], self.year) for name in forms]
        return dict(zip(forms, execute(queries), strict=True))

    def _frames(
        self,
        raw: Mapping[str, pl.LazyFrame],
        sources: Sequence[str],
        tilfelle: Callable[[str], pl.Expr],
    ) -> dict[str, pl.LazyFrame]:
        names = [name for name in dict.fromkeys([*sources, *self.datasets]) if name != REPORTING]
        frames = {
            name: source_frame(name, raw, self.year, tilfelle(name) if name in PERSONS else None)
            for name in names
        }
        # Several tables are made of the same persons, and putting them together is the
        # dearest step of all.
        return {name: frame.cache() if name in PERSONS else frame for name, frame in frames.items()}


def load_inputs(
    data: str,
    datasets: Sequence[str],
    year: int,
    on_or_before: date | None = None,
    names: Collection[str] | None = None,
) -> Inputs:
    """Find the newest eligible version of each dataset, and innrapportering if it is there.

    ``names`` are those of the only files that are eligible; None: all are.
    Raises MissingDataError or DataError, naming everything that is wrong; see ``load_all``.
    """
    wanted = [(dataset, year) for dataset in datasets if dataset != REPORTING]
    optional = [(REPORTING, year)]
    loaded = load_all(data, wanted, optional=optional, on_or_before=on_or_before, names=names)
    return Inputs(year, {one.dataset: one for one in loaded})
