"""Microdata: one dataset of one årgang, held to its contract; and running queries over it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from kostra_publish.errors import DataError, Finding, MissingDataError, PublishError
from kostra_publish.microdata.contracts import Contract, contract
from kostra_publish.microdata.execution import Runner, execute, streaming
from kostra_publish.microdata.files import DataFile, file_name, find
from kostra_publish.microdata.reading import diagnose_all, scan, structure


class Microdata:
    """One dataset of one årgang: a file, its contract, and its rows as a lazy frame.

    ``unchecked`` has the contract's columns and types, ``frame`` also its rules: running a
    query over it fails where a row breaks one. Queries are run with ``collect``, which holds
    every row to the rules and the keys beside them, and turns a failure into words. ``repr``
    shows what it is, never what it holds.
    """

    __slots__ = ("_frame", "contract", "file")

    def __init__(self, file: DataFile, contract: Contract, frame: pl.LazyFrame) -> None:
        """``frame`` is typed as the contract says; its rows are checked when it is run."""
        self.file = file
        self.contract = contract
        self._frame = frame

    @property
    def dataset(self) -> str:
        """The dataset's name, ``skjema11``."""
        return self.contract.dataset

    @property
    def year(self) -> int:
        """The statistics year (årgang)."""
        return self.contract.year

    @property
    def frame(self) -> pl.LazyFrame:
        """The rows, with the contract's rules built in."""
        return self.contract.validated(self._frame)

    @property
    def unchecked(self) -> pl.LazyFrame:
        """The same rows without the rules, for queries that ``collect`` runs."""
        return self._frame

    def rows(self) -> pl.LazyFrame:
        """One number, how many rows there are."""
        return self._frame.select(pl.len())

    def kept(self) -> pl.LazyFrame:
        """One row with, for each row rule, whether every row keeps it; see ``Contract``."""
        return self.contract.kept(self._frame)

    def key_surplus(self) -> pl.LazyFrame:
        """One row with, for each key, how many rows are too many; see ``Contract``."""
        return self.contract.key_surplus(self._frame)

    def __repr__(self) -> str:
        return f"Microdata({self.dataset}, {self.year}, version {self.file.version})"


def load(
    data: str,
    dataset: str,
    year: int,
    *,
    on_or_before: date | None = None,
    highest_version: int | None = None,
) -> Microdata:
    """The newest eligible version of one dataset; see ``files.find``.

    Raises MissingDataError when there is none, DataError when the file as a whole is wrong.
    """
    wanted = [(dataset, year)]
    [loaded] = load_all(data, wanted, on_or_before=on_or_before, highest_version=highest_version)
    return loaded


def load_all(
    data: str,
    wanted: Sequence[tuple[str, int]],
    *,
    on_or_before: date | None = None,
    highest_version: int | None = None,
) -> list[Microdata]:
    """Several datasets, each a (dataset, year), in the order asked for.

    Raises one MissingDataError that names all that are missing; or, when the structure of
    any file is wrong, one DataError with everything that is wrong in all of them.
    """
    found = {
        (dataset, year): find(
            data, dataset, year, on_or_before=on_or_before, highest_version=highest_version
        )
        for dataset, year in wanted
    }
    missing = [key for key, file in found.items() if file is None]
    if missing:
        raise _missing(data, missing)
    files = [(file, contract(*key)) for key, file in found.items() if file is not None]
    if any(structure(file, held_to) for file, held_to in files):
        raise DataError(diagnose_all(files))
    return [Microdata(file, held_to, scan(file, held_to)) for file, held_to in files]


def _missing(data: str, missing: Sequence[tuple[str, int]]) -> MissingDataError:
    names = ", ".join(f"{dataset} {year}" for dataset, year in missing)
    dataset, year = missing[0]
    return MissingDataError(
        f"not in the data folder {data}: {names}",
        fix=f"Put the files there, named as {file_name(dataset, year, 1)}.",
    )


def collect(
    queries: Sequence[pl.LazyFrame],
    sources: Sequence[Microdata],
    *,
    runner: Runner = streaming,
) -> list[pl.DataFrame]:
    """Run ``queries`` over ``sources`` and give their results in the same order.

    Every row of the sources is held to the rules, and the keys are counted, in the same
    pass. When a row breaks its contract or a key is not unique, every source is diagnosed
    and one DataError tells everything.
    """
    kept = [source.kept() for source in sources]
    keys = [source.key_surplus() for source in sources]
    try:
        results = execute([*queries, *kept, *keys], runner)
    except (pl.exceptions.PolarsError, OSError) as error:
        # Polars' own words may quote a value, so neither they nor the cause go further.
        raise _failure(
            sources, f"a query over the microdata failed ({type(error).__name__})"
        ) from None
    checked = results[len(queries) :]
    rules, surplus = checked[: len(sources)], checked[len(sources) :]
    if not all(frame.min_horizontal().item() for frame in rules):
        raise _failure(sources, "a row breaks a rule of its contract")
    # Two values may share a hash: without a finding there is nothing wrong.
    if any(frame.max_horizontal().item() for frame in surplus) and (found := _diagnosed(sources)):
        raise DataError(found)
    return results[: len(queries)]


def _failure(sources: Sequence[Microdata], what: str) -> PublishError:
    """Everything that is wrong with the sources, or ``what`` went wrong although nothing is."""
    if findings := _diagnosed(sources):
        return DataError(findings)
    return PublishError(
        f"{what}, though every file keeps its contract",
        fix="This is a defect in kostra-publish or in a table spec, not in the data.",
    )


def _diagnosed(sources: Sequence[Microdata]) -> list[Finding]:
    return diagnose_all([(source.file, source.contract) for source in sources])
