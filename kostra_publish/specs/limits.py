"""What a round publishes of its tables, where it does not publish them whole."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from kostra_publish.specs.models import Measure, RegionKind, RoundKind, TableSpec


@dataclass(frozen=True)
class Limits:
    """Kinds of region and, by table, measures that are published; all where nothing is said.

    ``named`` are tables that the round names: it publishes all of their measures, whatever kinds
    of round those are part of else.
    """

    regions: AbstractSet[RegionKind] | None = None
    measures: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    named: AbstractSet[str] = frozenset()

    def has_region(self, kind: RegionKind) -> bool:
        """Whether figures of this kind of region are published."""
        return self.regions is None or kind in self.regions

    def has_measure(self, table: TableSpec, measure: Measure, kind: RoundKind) -> bool:
        """Whether a round of this kind publishes a measure of a table."""
        only = self.measures.get(table.id)
        if only is not None and measure.code not in only:
            return False
        return table.id in self.named or table.measure_published(measure, kind)


WHOLE: Final = Limits()
"""Tables are published whole."""
