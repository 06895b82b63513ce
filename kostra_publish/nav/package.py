"""What a package is made of, before it is files: tables of safe rows, and facts on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

import polars as pl

from kostra_publish.specs.delivery import Delivery, Profile, Role
from kostra_publish.specs.models import Text

ColumnKind = Literal["code", "count", "number"]


@dataclass(frozen=True)
class Column:
    """A column of a dataset.

    ``kind``: a ``code`` is text with a code list (which may be open), a ``count`` a whole
    number, a ``number`` a decimal one, null where there is a sign.
    """

    name: str
    label: Text
    kind: ColumnKind
    role: Role | None = None
    codes: Mapping[str, Text] = field(default_factory=dict)
    """By code: what it is called; empty for an open list."""
    note: Text | None = None
    """What is to be known of it: how it was generalised, what a sign is."""


@dataclass(frozen=True)
class HandedOver:
    """One dataset of a package: rows that may be handed over.

    ``frame`` has the columns in their order, sorted by all of them; same input, same frame.
    """

    id: str
    """The first part of its file names."""
    profile: Profile
    title: Text
    unit: Text
    """What one row is."""
    columns: Sequence[Column]
    frame: pl.DataFrame


@dataclass(frozen=True)
class Gate:
    """A gate and what it came to: every package has passed all of its own."""

    name: str
    """`k`, `l`, `t`, `published`, `earlier`, `attack`, `reconciliation`, `columns`."""
    dataset: str
    passed: bool
    wanted: str
    """What was demanded, in a few words: `>= 4 rows`."""
    found: str
    """What was found: `4 rows in the smallest of 812 classes`."""


@dataclass(frozen=True)
class MissingReport:
    """A kommune that has not reported a form, and so has no rows."""

    code: str
    name: str


@dataclass(frozen=True)
class Package:
    """All that a package says.

    ``name`` is ``soshjelp-nav_p2025_v2``. ``reconciliation`` has the columns dataset, table,
    region_level, cells, equal, handed_over, published. ``changes`` (None in a first delivery) has
    dataset, region, column, value, before, now: numbers of rows, gated. ``loss`` is by dataset and
    column: the share of what the finest values tell that generalisation takes away, 0 to 1.
    """

    name: str
    delivery: Delivery
    version: int
    previous: str | None
    """The package before it; None: it is the first."""
    release: str
    """The release it belongs to: `2026-03`."""
    year: int
    """The statistics year."""
    published: datetime
    """The hour of the release, in UTC."""
    delete_on: date
    """When the receiver deletes it."""
    preliminary: bool
    synthetic: bool
    datasets: Sequence[HandedOver]
    missing: Sequence[MissingReport]
    gates: Sequence[Gate]
    loss: Mapping[str, Mapping[str, float]]
    generalised: Mapping[str, float]
    """By dataset: the share of rows with any value that is not the finest."""
    reconciliation: pl.DataFrame
    changes: pl.DataFrame | None
    versions: Mapping[str, str]
    """The versions of what made it."""
    left_out: Sequence[Text] = ()
    """The titles of sets of rows that cannot be told this time, not even for the whole country."""
