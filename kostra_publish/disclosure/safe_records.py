"""Safe records: rows that may be handed over, and nothing else.

This module imports neither microdata nor true cubes, so that whoever hands over can use it
without a way to either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NoReturn, Self, final

import polars as pl

from kostra_publish.disclosure.seal import SEAL, Seal
from kostra_publish.specs.delivery import RecordSet
from kostra_publish.specs.models import THRESHOLD, Text

REGION: Final = "region"
REGION_TYPE: Final = "regiontype"

RegionType = Literal["kommune", "gruppe", "fylke", "land"]


@dataclass(frozen=True)
class RegionFacts:
    """A region that rows are told by, and the kommuner in it."""

    code: str
    kind: RegionType
    label: Text
    kommuner: tuple[str, ...]


@dataclass(frozen=True)
class Anonymity:
    """How anonymous rows are, and what that took.

    ``alike`` and ``alike_in_all``: the fewest rows that are alike in all quasi-identifiers (k),
    and in all variables. ``classes``: how many sets of rows are alike in all quasi-identifiers.
    ``distinct`` and ``distance`` are by sensitive variable: the fewest different values in a class
    that tells any (l), and the largest distance between the values of a class and of all rows
    (t; half the sum of the absolute differences of shares). ``loss`` is by column: the share of
    what the finest values tell, in bits, that generalisation takes away. ``generalised``: the
    share of rows of which any value is not the finest; ``rest``: of which only the region is told.
    """

    rows: int
    classes: int
    alike: int
    alike_in_all: int
    distinct: Mapping[str, int]
    distance: Mapping[str, float]
    loss: Mapping[str, float]
    generalised: float
    rest: float


@final
class SafeRecords:
    """The rows of one record set, ready to hand over.

    Each row is one unit: the code and type of its region, and the code of each variable, at its
    finest or generalised; all are text. Rows are sorted by all columns. Made only by disclosure
    control, and nothing in it changes afterwards: it hands out copies, and cannot be copied,
    pickled or subclassed.
    """

    __slots__ = ("_frame", "anonymity", "labels", "records", "regions")

    def __new__(cls, seal: Seal, *_: object) -> Self:
        """Refuse whoever has no seal; raises TypeError."""
        if seal is not SEAL:
            msg = "safe records are made by disclosure control only"
            raise TypeError(msg)
        return super().__new__(cls)

    def __init__(
        self,
        seal: Seal,  # noqa: ARG002  # looked at before there is anything to set
        records: RecordSet,
        frame: pl.DataFrame,
        regions: Iterable[RegionFacts],
        labels: Mapping[str, Mapping[str, Text]],
        anonymity: Anonymity,
    ) -> None:
        """Seal ``frame``; ``labels`` has by variable and code what it is called.

        Raises ValueError when a row has fewer than three others like it, or the columns are not
        those of the record set.
        """
        self.records: Final = records
        self._frame: Final = frame.clone()
        self.regions: Final[Mapping[str, RegionFacts]] = MappingProxyType(
            {one.code: one for one in regions}
        )
        self.labels: Final[Mapping[str, Mapping[str, Text]]] = MappingProxyType(dict(labels))
        self.anonymity: Final = anonymity
        self._check()

    def __init_subclass__(cls) -> NoReturn:
        """Refuse: what is a kind of safe records could be made without the seal."""
        msg = "safe records have no kinds"
        raise TypeError(msg)

    def __setattr__(self, name: str, value: object) -> None:
        """Set what has not been set, once; raises AttributeError after that."""
        if hasattr(self, name):
            msg = f"safe records do not change: {name} is set"
            raise AttributeError(msg)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: what is deleted could be set anew."""
        msg = f"safe records do not change: {name} stays"
        raise AttributeError(msg)

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        """Refuse copies and pickles: they are made without the seal."""
        msg = "safe records cannot be copied or pickled; a package keeps them as files"
        raise TypeError(msg)

    def _check(self) -> None:
        columns = [REGION, REGION_TYPE, *(one.name for one in self.records.variables)]
        if self._frame.columns != columns or set(self._frame.dtypes) != {pl.String()}:
            msg = f"{self.records.id}: the columns are not text, or not those of the record set"
            raise ValueError(msg)
        if self._frame.null_count().sum_horizontal().item():
            msg = f"{self.records.id}: a row lacks a value"
            raise ValueError(msg)
        if self._frame.group_by(columns).len().filter(pl.col("len") < THRESHOLD).height:
            msg = f"{self.records.id}: fewer than {THRESHOLD} rows are alike"
            raise ValueError(msg)

    def frame(self) -> pl.DataFrame:
        """The rows."""
        return self._frame.clone()

    def __repr__(self) -> str:
        """What it is, never a row."""
        return f"SafeRecords({self.records.id}, {self._frame.height} rows)"
