"""What a round publishes of its tables, where it does not publish them whole."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from kostra_publish.specs.models import RegionKind


@dataclass(frozen=True)
class Limits:
    """Kinds of region and, by table, measures that are published; all where nothing is said."""

    regions: AbstractSet[RegionKind] | None = None
    measures: Mapping[str, AbstractSet[str]] = field(default_factory=dict)

    def has_region(self, kind: RegionKind) -> bool:
        """Whether figures of this kind of region are published."""
        return self.regions is None or kind in self.regions

    def has_measure(self, table: str, code: str) -> bool:
        """Whether a measure of a table is published."""
        return table not in self.measures or code in self.measures[table]


WHOLE: Final = Limits()
"""Tables are published whole."""
