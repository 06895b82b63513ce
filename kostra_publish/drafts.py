"""A draft: the next release as it stands while it is made, for those who look at it beforehand.

A draft holds safe cubes only, so whoever serves it cannot give away what is hidden. It never
changes: a new state is a new draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import TableSpec


@dataclass(frozen=True, eq=False)
class Draft:
    """The tables of the round that comes next, as far as they have been made."""

    catalogue: Catalogue
    release: ReleaseFacts
    tables: tuple[TableSpec, ...]
    """The tables that the round publishes or carries on, in the order of the catalogue."""
    cubes: Mapping[str, SafeCube] = field(default_factory=dict)
    """By table id, what there is so far: with earlier vintages, as ``publish`` would write it."""
    interim: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By table id the measures whose figures have been protected by themselves so far, and not
    together with all tables of the round; empty when they are as they will be published."""
    previous: Mapping[str, SafeCube] = field(default_factory=dict)
    """The tables of the release before, by table id."""
    previous_name: str | None = None
    """The release before; None where there is none."""
    version: int = 0
    """Which state it is; a later one has a higher number."""

    @property
    def settled(self) -> dict[str, SafeCube]:
        """The cubes that are as they would be published, by table id."""
        return {name: cube for name, cube in self.cubes.items() if not self.interim.get(name)}

    @property
    def synthetic(self) -> bool:
        """Whether any figure is made of synthetic data."""
        return any(
            facts.synthetic for cube in self.cubes.values() for facts in cube.vintages.values()
        )
