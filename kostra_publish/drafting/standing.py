"""What drafts are made of: the specs as they were saved last, and the releases before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from kostra_publish.checking import published_tables
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.drafting.basis import Basis, basis
from kostra_publish.drafting.request import Request
from kostra_publish.preparing import Ground, Sources, Task, ground
from kostra_publish.releases.history import earlier_cubes
from kostra_publish.releases.rounds import ReleaseFacts, Round, Schedule
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.models import TableSpec


@dataclass(frozen=True, eq=False)
class Standing:
    """The specs of a moment, and what a round is made upon."""

    request: Request
    catalogue: Catalogue
    round: Round
    base: Ground
    earlier: Mapping[str, SafeCube]
    """The tables of the release before, as the specs of now read them."""
    bases: Mapping[str, Basis] = field(default_factory=dict)

    @classmethod
    def read(cls, request: Request) -> Standing:
        """Read specs and earlier releases.

        Raises SpecError, UsageError or ReleaseError.
        """
        catalogue = load(request.specs)
        current = Schedule(catalogue.calendar).round(request.round)
        tables = published_tables(catalogue, current)
        wanted = Task(current, tables, catalogue, sources_of(request))
        base = ground(request.out, wanted, touch=False)
        found = cls(request, catalogue, current, base, base.earlier)
        return replace(found, bases=_bases(found))

    def renewed(self) -> Standing:
        """The same with the specs as they are now.

        Raises SpecError with everything that does not hold together.
        """
        catalogue = load(self.request.specs)
        current = Schedule(catalogue.calendar).round(self.request.round)
        earlier = _earlier(self, catalogue)
        found = replace(self, catalogue=catalogue, round=current, earlier=earlier)
        return replace(found, bases=_bases(found, self))

    @property
    def shared(self) -> tuple[object, ...]:
        """What tables share that figures depend on."""
        one = self.catalogue
        return one.sources, one.terms, one.codelists, self.round.limits

    def is_as(self, before: Standing) -> bool:
        """Whether what the whole round depends on beside its tables' figures is as it was."""
        return all(
            one == other
            for one, other in (
                (self.own.keys(), before.own.keys()),
                (self.others, before.others),
                (self.round, before.round),
                (self.catalogue.policy, before.catalogue.policy),
                (self.catalogue.quality, before.catalogue.quality),
                (self.catalogue.texts, before.catalogue.texts),
            )
        )

    def changed_since(self, before: Standing) -> list[str]:
        """The tables whose spec or shared categories are not as they were."""
        lists = self.catalogue.codelists == before.catalogue.codelists
        texts = self.catalogue.texts == before.catalogue.texts
        return [
            name
            for name, table in self.tables.items()
            if not (lists and texts) or before.tables.get(name) != table
        ]

    @cached_property
    def own(self) -> dict[str, TableSpec]:
        """The tables that the round publishes, by id."""
        return {table.id: table for table in published_tables(self.catalogue, self.round)}

    @property
    def others(self) -> dict[str, TableSpec]:
        """The tables of other rounds, which what is shown now must not give away."""
        return {
            name: table for name, table in self.catalogue.tables.items() if name not in self.own
        }

    @cached_property
    def tables(self) -> dict[str, TableSpec]:
        """Those, and what the round carries on unchanged, in the order of the catalogue."""
        return {
            name: table
            for name, table in self.catalogue.tables.items()
            if name in self.own or name in self.earlier
        }

    @property
    def previous(self) -> str | None:
        """The name of the release before."""
        return self.base.previous.name if self.base.previous else None

    @cached_property
    def release(self) -> ReleaseFacts:
        """What renderers need to know of the release."""
        return self.base.release(
            Task(self.round, tuple(self.own.values()), self.catalogue, sources_of(self.request))
        )

    def basis(self, name: str) -> Basis:
        """What the figures of a table of the round depend on."""
        return self.bases[name]

    def plan_of(self, table: TableSpec) -> Plan:
        """A plan of one table alone, or of some of its measures.

        Raises SpecError when it asks for what its source does not have.
        """
        earlier = self.earlier.get(table.id)
        carried = frozenset(earlier.vintages) - {self.round.vintage} if earlier else frozenset()
        return Plan(
            self.catalogue,
            [table],
            self.round.vintage,
            self.round.kind,
            {table.id: carried},
            limits=self.round.limits,
        )


def _earlier(before: Standing, catalogue: Catalogue) -> dict[str, SafeCube]:
    """Earlier cubes, read again where a spec has other measures or a table is new."""
    previous = before.base.previous
    others = {
        name: table
        for name, table in catalogue.tables.items()
        if _measures(catalogue, name) != _measures(before.catalogue, name)
    }
    same = {name: cube for name, cube in before.earlier.items() if name not in others}
    same = {name: cube for name, cube in same.items() if name in catalogue.tables}
    again = earlier_cubes(previous, others) if previous and others else {}
    return {**same, **again}


def _bases(now: Standing, before: Standing | None = None) -> dict[str, Basis]:
    """The basis of every table, worked out where the spec or what tables share is new."""
    if before is None or now.shared != before.shared:
        return {name: basis(now.plan_of(table), table) for name, table in now.own.items()}
    return {
        name: before.bases[name]
        if before.own.get(name) == table
        else basis(now.plan_of(table), table)
        for name, table in now.own.items()
    }


def sources_of(request: Request) -> Sources:
    """Where data, specs and templates are."""
    return Sources(request.data, request.specs, request.templates)


def _measures(catalogue: Catalogue, name: str) -> frozenset[str] | None:
    table = catalogue.tables.get(name)
    return frozenset(measure.code for measure in table.measures) if table else None
