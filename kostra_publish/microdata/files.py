"""Finding the files of a data folder: names, versions, SHA-256, footer metadata.

A file is named after SSB's standard, ``skjema11_p2025_v2.parquet``: dataset, statistics
year, version. The highest version counts (v10 after v9), and Parquet before CSV of the
same version. The folder is a path, or any address that Polars scans (``gs://…``,
``s3://…``). Such an address is listed with Polars' own pattern matching. The bytes of its
files are read once more by fsspec, for their SHA-256, where it has a driver for the address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

import fsspec
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
    Parquet footer; CSV has neither. ``sha256`` is None for an address that fsspec has no
    driver for.
    """

    path: str
    dataset: str
    year: int
    version: int
    sha256: str | None
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
    """The SHA-256 of a local file, read in pieces; not again while it is as it was."""
    now = path.stat()
    return _sha256_then(path, now.st_size, now.st_mtime_ns, now.st_ino)


@lru_cache(maxsize=64)
def _sha256_then(path: Path, _size: int, _time: int, _inode: int) -> str:
    with path.open("rb") as source:
        return _digest(source)


def digest(data: str, name: str) -> str | None:
    """The SHA-256 of a file in a folder or at an address; None when it cannot be read."""
    if is_address(data):
        return sha256_of_address(f"{data.rstrip('/')}/{name}")
    path = Path(data) / name
    return sha256_of(path) if path.is_file() else None


def sha256_of_address(address: str) -> str | None:
    """The SHA-256 of the bytes at an address; None where no driver for it is installed.

    Raises DataError when there is a driver, but it cannot read the bytes.
    """
    try:
        system, path = fsspec.core.url_to_fs(_plain(address))
    except (ImportError, ValueError):
        return None
    try:
        with system.open(path, "rb") as source:
            return _digest(source)
    except Exception as error:  # noqa: BLE001 - every driver has errors of its own
        finding = Finding(
            file=_last_part(address),
            where="whole file",
            field="",
            rule=f"the bytes cannot be read for their SHA-256 ({type(error).__name__})",
            fix="Give fsspec's driver for the address the same rights as Polars",
        )
        raise DataError([finding]) from None


def _plain(address: str) -> str:
    """A ``file:`` address without %20 and the like, which patterns and fsspec do not know."""
    return unquote(address) if address.startswith("file:") else address


def _digest(source: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := source.read(_CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def _last_part(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def is_synthetic(path: Path) -> bool:
    """Whether the footer of a local Parquet file marks it as synthetic."""
    return _Candidate(str(path), 1, path.suffix).metadata.get("synthetic") == "true"


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
    def name(self) -> str:
        return _last_part(self.path)

    @property
    def delivered(self) -> date | None:
        text = self.metadata.get("delivered")
        if text is None:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            finding = Finding(
                file=self.name,
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
    except (pl.exceptions.PolarsError, OSError):
        found = _matching_by_lines(pattern)
    return found.get_column("path").to_list()


def _matching_by_lines(pattern: str) -> pl.DataFrame:
    lines = pl.scan_lines(pattern, include_file_paths="path")
    try:
        [found] = execute([lines.select(pl.col("path").unique())])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError(
            f"the data at {pattern} cannot be listed ({type(error).__name__})",
            fix="Look at the address, the network and your rights.",
        ) from None
    return found


def _paths(data: str, dataset: str, year: int) -> list[str]:
    if not is_address(data):
        return sorted(_local_paths(data))
    stem = f"{_plain(data).rstrip('/')}/{dataset}_p{year}_v*"
    return sorted(path for suffix in _SUFFIXES for path in _matching_addresses(stem + suffix))


def _is_near_miss(name: str, dataset: str, year: int) -> bool:
    """Whether a name that breaks the standard seems meant for this dataset and year."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    seems_data = any(word in {"parquet", "csv", "pq", "txt"} for word in words[1:])
    seems_year = re.search(rf"(?<!\d){year}(?!\d)", name) is not None
    return words[0] == dataset and seems_year and seems_data


def _candidates(data: str, dataset: str, year: int) -> tuple[list[_Candidate], tuple[Finding, ...]]:
    """The versions, those that count most first; and a finding for each misnamed file."""
    found: list[_Candidate] = []
    strays: list[Finding] = []
    for path in _paths(data, dataset, year):
        name = _last_part(path)
        match = _NAME.fullmatch(name)
        if match is None or match["suffix"] not in _SUFFIXES:
            if _is_near_miss(name, dataset, year):
                strays.append(_misnamed(name, dataset, year))
        elif match["dataset"] == dataset and int(match["year"]) == year:
            found.append(_Candidate(path, int(match["version"]), match["suffix"]))
    found.sort(key=lambda one: (-one.version, _SUFFIXES.index(one.suffix)))
    return found, tuple(strays)


def _well_named(data: str, dataset: str, year: int) -> list[_Candidate]:
    candidates, strays = _candidates(data, dataset, year)
    if strays:
        raise DataError(strays)
    return candidates


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
        sha256=sha256_of_address(path) if is_address(path) else sha256_of(Path(path)),
        synthetic=candidate.metadata.get("synthetic") == "true",
        delivered=candidate.delivered,
    )


@dataclass(frozen=True)
class Found:
    """What there is of one dataset and year.

    ``file`` is the version that counts, or None. ``late`` has the versions above it that
    were delivered too late: name and date. ``findings`` tell which files are misnamed, and
    what is wrong with the delivery date or the bytes of the one that would count.
    """

    file: DataFile | None
    late: tuple[tuple[str, date], ...]
    findings: tuple[Finding, ...]


def look(
    data: str,
    dataset: str,
    year: int,
    *,
    on_or_before: date | None = None,
    highest_version: int | None = None,
    names: Collection[str] | None = None,
) -> Found:
    """The highest version of ``dataset`` for ``year`` in the folder or address ``data``.

    ``on_or_before`` passes over versions delivered later; a file that does not say when
    it was delivered is always eligible. ``highest_version`` passes over higher versions,
    ``names`` over files of other names.
    Raises UsageError for a folder that does not exist or cannot be listed.
    """
    candidates, strays = _candidates(data, dataset, year)
    late: list[tuple[str, date]] = []
    for candidate in candidates:
        if highest_version is not None and candidate.version > highest_version:
            continue
        if names is not None and candidate.name not in names:
            continue
        try:
            delivered = candidate.delivered
            if on_or_before is not None and delivered is not None and delivered > on_or_before:
                late.append((candidate.name, delivered))
                continue
            return Found(_opened(candidate, dataset, year), tuple(late), strays)
        except DataError as error:
            return Found(None, tuple(late), (*strays, *error.findings))
    return Found(None, tuple(late), strays)


def find(
    data: str,
    dataset: str,
    year: int,
    *,
    on_or_before: date | None = None,
    highest_version: int | None = None,
) -> DataFile | None:
    """The file that ``look`` finds; None when there is no such file.

    Raises UsageError as ``look`` does, and DataError for a file name that seems meant for
    this dataset and year but is malformed.
    """
    found = look(data, dataset, year, on_or_before=on_or_before, highest_version=highest_version)
    if found.findings:
        raise DataError(found.findings)
    return found.file


def next_version(folder: Path, dataset: str, year: int) -> int:
    """The version after the highest one of ``dataset`` and ``year`` in a local folder; 1 first."""
    versions = [one.version for one in _well_named(str(folder), dataset, year)]
    return max(versions, default=0) + 1


def years(data: str, dataset: str, among: Sequence[int]) -> tuple[int, ...]:
    """Those of the years ``among`` that ``dataset`` has a file for, in order."""
    return tuple(year for year in sorted(among) if _well_named(data, dataset, year))
