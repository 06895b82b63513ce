"""Finding the files of a data folder: names, versions, SHA-256, footer metadata.

A file is named after SSB's standard, ``skjema11_p2025_v2.parquet``: dataset, statistics
year, version. The highest version counts (v10 after v9), and Parquet before CSV of the
same version. The folder is a path, or any address that Polars scans (``gs://…``,
``s3://…``). Such an address is listed with Polars' own pattern matching, so that nothing
but Polars reads it; its files have no SHA-256 here, since their bytes pass only through
Polars.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from kostra_publish.errors import DataError, Finding, UsageError
from kostra_publish.microdata.execution import execute

_SUFFIXES = (".parquet", ".csv")
_NAME = re.compile(
    r"(?P<dataset>[a-z0-9]+)_p(?P<year>\d{4})_v(?P<version>[1-9]\d*)(?P<suffix>\.\w+)"
)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class DataFile:
    """One version of one dataset and year.

    ``path`` is a local path or an address. ``delivered`` and ``synthetic`` come from the
    Parquet footer; CSV has neither. ``sha256`` is empty for an address.
    """

    path: str
    dataset: str
    year: int
    version: int
    sha256: str
    synthetic: bool
    delivered: date | None

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def suffix(self) -> str:
        """``.parquet`` or ``.csv``."""
        return "." + self.name.rsplit(".", 1)[-1]

    @property
    def is_local(self) -> bool:
        """Whether the file is on this machine's file system."""
        return not is_address(self.path)


def is_address(data: str) -> bool:
    """Whether ``data`` is an address such as ``gs://bucket/folder`` and not a local path."""
    return "://" in data


def file_name(dataset: str, year: int, version: int, suffix: str = ".parquet") -> str:
    """The standard name: ``skjema11_p2025_v2.parquet``."""
    return f"{dataset}_p{year}_v{version}{suffix}"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a local file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while piece := source.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


@dataclass(frozen=True)
class _Candidate:
    """A file whose name is right, before it is opened."""

    path: str
    version: int
    suffix: str

    @cached_property
    def metadata(self) -> dict[str, str]:
        """The key-value pairs of the footer; none for CSV or for a file that cannot be read."""
        if self.suffix != ".parquet":
            return {}
        try:
            return pl.read_parquet_metadata(self.path)
        except (pl.exceptions.PolarsError, OSError):
            return {}  # reading reports what is wrong with it

    @property
    def delivered(self) -> date | None:
        text = self.metadata.get("delivered")
        if text is None:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            finding = Finding(
                file=self.path.rsplit("/", 1)[-1],
                where="footer metadata",
                field="delivered",
                rule="not a date",
                fix="Write the date of delivery as YYYY-MM-DD",
            )
            raise DataError([finding]) from None


def _local_paths(data: str) -> Iterator[str]:
    folder = Path(data)
    if not folder.is_dir():
        raise UsageError(
            f"there is no data folder {data}", fix="Give the folder that holds the datasets."
        )
    for entry in folder.iterdir():
        if entry.is_file() and not entry.name.startswith("."):
            yield str(entry)


def _matching_addresses(pattern: str) -> list[str]:
    """The addresses that ``pattern`` matches.

    Parquet footers are enough to tell that a file is there. Where one of them is corrupt
    the files are read as lines instead, which any file is.
    """
    try:
        footers = pl.scan_parquet(
            pattern,
            schema={},
            extra_columns="ignore",
            missing_columns="insert",
            include_file_paths="path",
        )
        [found] = execute([footers.select(pl.col("path").unique())])
    except pl.exceptions.PolarsError:
        lines = pl.scan_lines(pattern, include_file_paths="path")
        [found] = execute([lines.select(pl.col("path").unique())])
    return found.get_column("path").to_list()


def _paths(data: str, dataset: str, year: int) -> list[str]:
    if not is_address(data):
        return sorted(_local_paths(data))
    stem = f"{data.rstrip('/')}/{dataset}_p{year}_v*"
    return sorted(path for suffix in _SUFFIXES for path in _matching_addresses(stem + suffix))


def _is_near_miss(name: str, dataset: str, year: int) -> bool:
    """Whether a name that breaks the standard seems meant for this dataset and year."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    seems_data = any(word in {"parquet", "csv", "pq", "txt"} for word in words[1:])
    seems_year = re.search(rf"(?<!\d){year}(?!\d)", name) is not None
    return words[0] == dataset and seems_year and seems_data


def _candidates(data: str, dataset: str, year: int) -> list[_Candidate]:
    found: list[_Candidate] = []
    strays: list[Finding] = []
    for path in _paths(data, dataset, year):
        name = path.replace("\\", "/").rsplit("/", 1)[-1]
        match = _NAME.fullmatch(name)
        if match is None or match["suffix"] not in _SUFFIXES:
            if _is_near_miss(name, dataset, year):
                strays.append(_misnamed(name, dataset, year))
        elif match["dataset"] == dataset and int(match["year"]) == year:
            found.append(_Candidate(path, int(match["version"]), match["suffix"]))
    if strays:
        raise DataError(strays)
    return sorted(found, key=lambda one: (-one.version, _SUFFIXES.index(one.suffix)))


def _misnamed(name: str, dataset: str, year: int) -> Finding:
    return Finding(
        file=name,
        where="the file's name",
        field="",
        rule=f"not named as a version of {dataset} {year}",
        fix=f"Name it {file_name(dataset, year, 1)} (or v2, v3 …; .csv), or move it away",
    )


def _opened(candidate: _Candidate, dataset: str, year: int) -> DataFile:
    path = candidate.path
    return DataFile(
        path=path,
        dataset=dataset,
        year=year,
        version=candidate.version,
        sha256="" if is_address(path) else sha256_of(Path(path)),
        synthetic=candidate.metadata.get("synthetic") == "true",
        delivered=candidate.delivered,
    )


def find(
    data: str,
    dataset: str,
    year: int,
    *,
    on_or_before: date | None = None,
    highest_version: int | None = None,
) -> DataFile | None:
    """The highest version of ``dataset`` for ``year`` in the folder or address ``data``.

    ``on_or_before`` passes over versions delivered later; a file that does not say when
    it was delivered is always eligible. ``highest_version`` passes over higher versions.
    None when there is no such file. Raises UsageError for a folder that does not exist and
    DataError for a file name that seems meant for this dataset and year but is malformed.
    """
    for candidate in _candidates(data, dataset, year):
        if highest_version is not None and candidate.version > highest_version:
            continue
        if on_or_before is not None:
            delivered = candidate.delivered
            if delivered is not None and delivered > on_or_before:
                continue
        return _opened(candidate, dataset, year)
    return None


def next_version(folder: Path, dataset: str, year: int) -> int:
    """The version after the highest one of ``dataset`` and ``year`` in a local folder; 1 first."""
    versions = [one.version for one in _candidates(str(folder), dataset, year)]
    return max(versions, default=0) + 1


def years(data: str, dataset: str, among: Sequence[int]) -> tuple[int, ...]:
    """Those of the years ``among`` that ``dataset`` has a file for, in order."""
    return tuple(year for year in sorted(among) if _candidates(data, dataset, year))
