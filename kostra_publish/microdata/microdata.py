"""Microdata: one dataset of one årgang, held to its contract; and running queries over it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from kostra_publish.errors import DataError, Finding, MissingDataError, PublishError
from kostra_publish.microdata.contracts import Contract, contract
from kostra_publish.microdata.execution import Runner, execute, streaming
from kostra_publish.microdata.files import DataFile, Found, file_name, look
from kostra_publish.microdata.reading import diagnose_all, says_synthetic, scan, structure


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
    """The newest eligible version of one dataset; see ``files.look``.

    Raises MissingDataError when there is none, DataError when the file as a whole is wrong.
    """
    wanted = [(dataset, year)]
    [loaded] = load_all(data, wanted, on_or_before=on_or_before, highest_version=highest_version)
    return loaded


def load_all(
    data: str,
    wanted: Sequence[tuple[str, int]],
    *,
    optional: Sequence[tuple[str, int]] = (),
    on_or_before: date | None = None,
    highest_version: int | None = None,
    names: Collection[str] | None = None,
) -> list[Microdata]:
    """Several datasets, each a (dataset, year), in the order asked for.

    Those of ``optional`` come last, where they are there. Raises one error with everything
    that is wrong with all the files when any of them is not there, is misnamed, or is wrong
    as a whole: MissingDataError when one is not there, else DataError.
    """
    looked = {
        (dataset, year): look(
            data,
            dataset,
            year,
            on_or_before=on_or_before,
            highest_version=highest_version,
            names=names,
        )
        for dataset, year in (*wanted, *optional)
    }
    missing = [one for key in wanted for one in _missing(data, key, looked[key], on_or_before)]
    findings = [one for found in looked.values() for one in found.findings]
    files = [(found.file, contract(*key)) for key, found in looked.items() if found.file]
    if missing or findings or any(structure(*one) for one in files):
        kind = MissingDataError if missing else DataError
        raise kind([*missing, *findings, *diagnose_all(files)])
    return [_microdata(file, held_to) for file, held_to in files]


def _microdata(file: DataFile, held_to: Contract) -> Microdata:
    synthetic = file.synthetic or says_synthetic(file, held_to)
    return Microdata(replace(file, synthetic=synthetic), held_to, scan(file, held_to))


def _missing(
    data: str, key: tuple[str, int], found: Found, on_or_before: date | None
) -> Iterator[Finding]:
    """Findings on a dataset that has no file, unless there are others that tell why."""
    if found.file is not None or found.findings:
        return
    dataset, year = key
    for name, delivered in found.late:
        yield Finding(
            file=name,
            where="footer metadata",
            field="delivered",
            rule=f"delivered {delivered}, after the round of {on_or_before}; "
            f"no version of {dataset} {year} had been delivered by then",
            fix="Publish a later round, or correct the date if the file was there earlier",
        )
    if not found.late:
        yield Finding(
            file=file_name(dataset, year, 1),
            where=f"data folder {data}",
            field="",
            rule=f"{dataset} {year} is not there",
            fix="Put the file there, under this name (or v2, v3 …; .csv)",
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
