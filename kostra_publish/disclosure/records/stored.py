"""What a release keeps of rows that are handed over, for later rounds and for the audit.

They hold true numbers by finest values and so belong under ``internal/``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

import numpy as np
import polars as pl
from pydantic import ValidationError

from kostra_publish.disclosure.problem import Flags
from kostra_publish.disclosure.records.known import Overlapping
from kostra_publish.disclosure.safe_records import RegionFacts, RegionType
from kostra_publish.disclosure.stored_universe import StoredUniverse, parquet_bytes
from kostra_publish.errors import DisclosureError
from kostra_publish.specs.delivery import UNKNOWN, RecordSet, Variable
from kostra_publish.specs.models import Model, Text

FOLDER: Final = "internal/handover"

_ABOUT, _LEAVES, _BOXES = "about.json", "leaves.parquet", "boxes.parquet"
_FIX: Final = "Publish the round again from its inputs."


class StoredOverlap(Model):
    """How a block of published figures sees the variables; see ``cube.leaves.Overlap``."""

    block: str
    variables: tuple[str, ...]
    touching: tuple[tuple[tuple[int, ...], ...], ...]
    """By variable and finest value: the classes it lies in."""
    sizes: tuple[int, ...]
    """By variable: how many classes there are."""
    combinations: dict[str, tuple[int, ...]]

    @property
    def touched(self) -> tuple[Flags, ...]:
        """By variable: (finest values, classes), where a value lies in a class."""
        found = []
        for size, values in zip(self.sizes, self.touching, strict=True):
            flags = np.zeros((len(values), size), dtype=np.bool_)
            for value, classes in enumerate(values):
                flags[value, list(classes)] = True
            found.append(flags)
        return tuple(found)

    @classmethod
    def of(cls, overlap: Overlapping) -> Self:
        """The same, to be kept."""
        return cls(
            block=overlap.block,
            variables=overlap.variables,
            touching=tuple(
                tuple(tuple(np.flatnonzero(row).tolist()) for row in flags)
                for flags in overlap.touched
            ),
            sizes=tuple(flags.shape[1] for flags in overlap.touched),
            combinations=dict(overlap.combinations),
        )


class StoredRegion(Model):
    """A region of the rows."""

    code: str
    kind: RegionType
    label: Text
    kommuner: tuple[str, ...]


class _About(Model):
    id: str
    population: str
    finest: dict[str, tuple[str, ...]]
    roles: dict[str, str]
    rows: int
    difference: int
    distinct: int
    regions: tuple[StoredRegion, ...]
    overlaps: tuple[StoredOverlap, ...]


class Counted(Protocol):
    """What is needed of the units of a record set; see ``cube.leaves.Leaves``."""

    @property
    def records(self) -> RecordSet:
        """The record set."""

    @property
    def population(self) -> str:
        """What its units are called in universes."""

    @property
    def overlaps(self) -> Sequence[Overlapping]:
        """How blocks of published figures see its variables."""


@dataclass(frozen=True, eq=False, repr=False)
class StoredRecords:
    """The rows of a record set in a release.

    ``leaves`` has ``unit``, the place of the finest value of each variable, ``rows``, and the
    number of the ``region`` and ``box`` they are told in (-1: in its rest); ``boxes`` has
    ``region``, ``box`` and the group of each variable, with a bit for each finest value.
    """

    about: _About
    leaves: pl.DataFrame
    boxes: pl.DataFrame

    @classmethod
    def of(
        cls,
        counted: Counted,
        leaves: pl.DataFrame,
        boxes: pl.DataFrame,
        regions: Sequence[RegionFacts],
    ) -> Self:
        """What is kept of the rows of a release."""
        records = counted.records
        about = _About(
            id=records.id,
            population=counted.population,
            finest={one.name: _finest(one) for one in records.variables},
            roles={one.name: one.role for one in records.variables},
            rows=records.gates.rows,
            difference=records.gates.difference,
            distinct=records.gates.distinct,
            regions=tuple(
                StoredRegion(code=one.code, kind=one.kind, label=one.label, kommuner=one.kommuner)
                for one in regions
            ),
            overlaps=tuple(map(StoredOverlap.of, counted.overlaps)),
        )
        return cls(about, leaves, boxes)

    @property
    def names(self) -> list[str]:
        """The variables."""
        return list(self.about.finest)

    @property
    def regions(self) -> tuple[StoredRegion, ...]:
        """The regions, by their number."""
        return self.about.regions

    def is_of(self, universe: StoredUniverse) -> bool:
        """Whether a universe is of the people whose rows these are."""
        own = universe.inner["population"] == self.about.population
        return universe.kind == "persons" and bool(own.any())

    def counts(self, names: Sequence[str]) -> pl.DataFrame:
        """The rows by unit and the finest values of these variables."""
        return self.leaves.select("unit", *names, "rows")

    def refuse_other_values(self, records: RecordSet, release: str) -> None:
        """Refuse rows that cannot be compared with these, of an earlier ``release``.

        Raises DisclosureError.
        """
        now = {one.name: _finest(one) for one in records.variables}
        if now != self.about.finest:
            other = {*now.items()} ^ {*self.about.finest.items()}
            which = ", ".join(sorted({name for name, _ in other}))
            raise DisclosureError(
                f"{records.id} has other finest values than in {release}: {which}",
                fix="Keep variables and finest values as long as rounds publish the same year.",
            )

    def __repr__(self) -> str:
        return f"StoredRecords({self.about.id})"


def _finest(variable: Variable) -> tuple[str, ...]:
    return (*(leaf.code for leaf in variable.leaves()), UNKNOWN)


def write(stored: StoredRecords, vintage: int) -> Iterator[tuple[str, bytes]]:
    """The files of rows: (path in the release, bytes); same rows, same bytes."""
    folder = f"{FOLDER}/{vintage}/{stored.about.id}"
    about = stored.about.model_dump_json(indent=1)
    yield f"{folder}/{_ABOUT}", f"{about}\n".encode()
    yield f"{folder}/{_LEAVES}", parquet_bytes(stored.leaves)
    yield f"{folder}/{_BOXES}", parquet_bytes(stored.boxes)


def read_all(release: Path, vintage: int) -> dict[str, StoredRecords]:
    """The rows that a release keeps of its vintage, by record set.

    The caller answers for the bytes, which the manifest of the release vouches for. Raises
    DisclosureError when the files cannot be read.
    """
    folder = release / FOLDER / str(vintage)
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {one.name: _read(one) for one in found}


def _read(folder: Path) -> StoredRecords:
    try:
        about = _About.model_validate_json((folder / _ABOUT).read_bytes())
        leaves = pl.read_parquet(folder / _LEAVES)
        boxes = pl.read_parquet(folder / _BOXES)
    except (OSError, ValidationError, pl.exceptions.PolarsError) as error:
        raise DisclosureError(f"{folder} cannot be read", fix=_FIX) from error
    own: Mapping[str, pl.DataType] = {name: pl.Int64() for name in about.finest}
    place = {"region": pl.Int64(), "box": pl.Int64()}
    wanted = {"unit": pl.String(), **own, "rows": pl.Int64(), **place}, {**place, **own}
    if (dict(leaves.schema), dict(boxes.schema)) != wanted:
        raise DisclosureError(f"{folder} has other columns than it should", fix=_FIX)
    return StoredRecords(about, leaves, boxes)
