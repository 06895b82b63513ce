"""A draft: the next release as it stands while it is made, for those who look at it beforehand.

A draft holds safe cubes only, so whoever serves it cannot give away what is hidden. It never
changes: a new state is a new draft.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass, field

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.errors import Finding, FindingsError, PublishError
from kostra_publish.explaining import Explained
from kostra_publish.outputs.quality import QualityFacts
from kostra_publish.releases.passing import Passed
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

    last_settled: Mapping[str, SafeCube] = field(default_factory=dict)
    """By table id, of those in ``interim``: the cube as it was before, where there was one."""

    @property
    def settled(self) -> dict[str, SafeCube]:
        """The cubes as they would be published, or as they were when they last would be."""
        now = {name: cube for name, cube in self.cubes.items() if not self.interim.get(name)}
        return {
            name: cube
            for name in self.cubes
            if (cube := now.get(name) or self.last_settled.get(name)) is not None
        }

    @property
    def synthetic(self) -> bool:
        """Whether any figure is made of synthetic data, or was in the release before."""
        cubes = (*self.cubes.values(), *self.previous.values())
        return any(facts.synthetic for cube in cubes for facts in cube.vintages.values())


# --- what goes between the process that makes drafts and the one that shows them ---------


def collect_seldom() -> None:
    """Let a process that is to answer at once look through its memory seldom.

    Drafts have many small parts and few circles: the collector finds next to nothing in them, and
    takes a tenth of a second each time. What has been loaded so far is not looked through again.
    """
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)


@dataclass(frozen=True)
class Saved:
    """To the maker: files have been saved, among the table specs, among the data, or both.

    Neither: among the templates, which figures do not depend on, but a round wants whole.
    """

    specs: bool = False
    data: bool = False


@dataclass(frozen=True)
class Looked:
    """To the maker: somebody looks at a table."""

    table: str


@dataclass(frozen=True)
class Question:
    """To the maker: why does a cell of a table show what it shows?

    ``cell`` has a category for each dimension, by code.
    """

    number: int
    table: str
    cell: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Update:
    """From the maker: what is new in the draft; everything else is as it was.

    ``cubes`` are new or have changed, ``interim`` is of these; ``tables`` are all there are.
    ``catalogue`` does not say where in its files things stand.
    ``previous`` is given once, with the first update.
    """

    catalogue: Catalogue
    release: ReleaseFacts
    tables: tuple[TableSpec, ...]
    cubes: tuple[Passed, ...] = ()
    interim: Mapping[str, frozenset[str]] = field(default_factory=dict)
    previous: tuple[Passed, ...] | None = None
    previous_name: str | None = None
    complete: bool = False
    """Whether every table is as it would be published."""

    def applied(self, draft: Draft | None) -> Draft:
        """The draft that comes of it."""
        names = [table.id for table in self.tables]
        before = draft or Draft(self.catalogue, self.release, self.tables)
        new = {one.table.id: one.cube for one in self.cubes}
        cubes, interim = {**before.cubes, **new}, {**before.interim}
        interim |= {name: self.interim.get(name, frozenset()) for name in new}
        settled = before.settled
        return Draft(
            catalogue=self.catalogue,
            release=self.release,
            tables=self.tables,
            cubes={name: cubes[name] for name in names if name in cubes},
            interim={name: interim[name] for name in names if interim.get(name)},
            last_settled={
                name: settled[name] for name in names if interim.get(name) and name in settled
            },
            previous=before.previous
            if self.previous is None
            else {one.table.id: one.cube for one in self.previous},
            previous_name=self.previous_name,
        )


@dataclass(frozen=True)
class Working:
    """From the maker: what it is doing, for the status line; empty when it rests."""

    text: str


@dataclass(frozen=True)
class Wrong:
    """From the maker: why there is no newer draft. What was there before stays."""

    message: str
    fix: str = ""
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, error: PublishError) -> Wrong:
        """What a user error says."""
        findings = error.findings if isinstance(error, FindingsError) else ()
        return cls(error.message, error.fix, findings)


@dataclass(frozen=True)
class Report:
    """From the maker: the quality report of the round, without figures of kommuner."""

    facts: QualityFacts


@dataclass(frozen=True)
class Answer:
    """From the maker: what came of a question; None where it cannot be told yet."""

    number: int
    explained: Explained | None
    why_not: str = ""


Request = Saved | Looked | Question | None
"""What the maker is asked; None: to end."""
Message = Update | Working | Wrong | Report | Answer
"""What the maker sends."""
