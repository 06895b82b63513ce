"""``anonymisering.json``: how the rows of a package were anonymised, for whoever checks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Final, Literal

from kostra_publish.nav.documents import naming
from kostra_publish.nav.documents.words import Wording, in_all, told
from kostra_publish.nav.package import Column, Gate, HandedOver, Package
from kostra_publish.specs.delivery import ALL, UNKNOWN, Profile, Role, Value
from kostra_publish.specs.models import Language, Model, Text

MEASURE: Final = "non-uniform entropy"
FORMULA: Final = (
    "sum over rows of log2(rows with the value told / rows with the row's finest value), divided "
    "by sum over rows of log2(all rows / rows with the row's finest value)"
)
GATES: Final = ("k", "l", "t", "published", "earlier", "attack", "reconciliation", "columns")
"""The gates there are."""

Tag = Literal["quasi-identifier", "sensitive", "generalised", "code", "sign", "count", "number"]


class GateOutcome(Model):
    """A gate and what it came to."""

    name: str
    """Its name; see `explained`."""
    wanted: str
    """What was demanded."""
    found: str
    """What was found."""
    passed: bool
    """Whether it was passed."""


class Told(Model):
    """A value that may be told instead of the finer ones in it."""

    code: str
    """Its code."""
    label: Text
    """What it is called."""
    parts: list[Told]
    """The finer values in it; none: it is one of the finest."""


class Rule(Model):
    """How a column may be generalised."""

    column: str
    """The column."""
    role: Role
    """What others may know, or must not learn."""
    weight: float
    """What a bit of it is worth beside those of other columns."""
    values: list[Told]
    """The values when it is told least but not nothing, coarsest first."""
    nothing: str = ALL
    """The code when nothing is told."""
    unknown: str = UNKNOWN
    """The code of what none of the finest values holds."""


class RegionRule(Model):
    """How regions may be generalised: kommune, group by size in the fylke, fylke, country."""

    column: str
    """The column."""
    rows: list[int]
    """How many rows a kommune must have to stand alone; the one that loses least was taken."""
    sizes: list[int]
    """Numbers of inhabitants that part kommuner into groups by size."""
    weight: float
    """What a bit of it is worth beside those of other columns."""


class Limits(Model):
    """What the rows had to keep."""

    rows: int
    """k: how many rows must be alike."""
    distinct: int
    """l: how many values a sensitive column must have among rows that are alike."""
    difference: int
    """How many persons must stand behind any difference that is not zero."""


class ColumnLoss(Model):
    """What generalisation took away from a column."""

    column: str
    """The column."""
    share: float
    """0: nothing; 1: everything."""


class ColumnTags(Model):
    """A column as a data catalogue tags it."""

    column: str
    """The column."""
    label: Text
    """What it is called."""
    tags: list[Tag]
    """What is to be known before it is used."""


class AnonymisedSet(Model):
    """How one dataset was anonymised."""

    id: str
    """The first part of its file names."""
    profile: Profile
    """Cells of published tables, or rows."""
    title: Text
    """What it is called."""
    unit: Text
    """What one row is."""
    rows: int
    """How many rows it has."""
    limits: Limits | None
    """What rows had to keep; none for cells, which are protected as the tables are."""
    gates: list[GateOutcome]
    """Every gate it has passed."""
    generalised_rows: float | None
    """The share of rows with any value that is not the finest."""
    loss: list[ColumnLoss]
    """By column: what generalisation took away."""
    region: RegionRule | None
    """How regions may be generalised."""
    rules: list[Rule]
    """How other columns may be generalised."""


class Measure(Model):
    """How loss is measured."""

    name: str
    """The measure's name."""
    formula: str
    """How it is worked out for a column."""
    about: Text
    """The same in plain words."""


class CatalogueSet(Model):
    """A dataset as a data catalogue shows it."""

    id: str
    """The dataset."""
    text: Text
    """That it is anonymous, how it was made so, and what it may be used for."""
    columns: list[ColumnTags]
    """Tags by column."""


class Catalogue(Model):
    """What the receiver's data catalogue asks for."""

    provisional: bool
    """true: the receiver has not confirmed the form."""
    datasets: list[CatalogueSet]
    """The datasets."""


class Anonymisation(Model):
    """The file `anonymisering.json`."""

    notice: Text | None
    """What must be known first: that all is synthetic."""
    synthetic: bool
    """Whether the data are made up."""
    package: str
    """The package's name."""
    version: int
    """Its version."""
    previous: str | None
    """The package before it."""
    release: str
    """The release it belongs to."""
    year: int
    """The statistics year."""
    published: datetime
    """When the release came out."""
    delete_on: date
    """When the receiver deletes it."""
    preliminary: bool
    """Whether the figures are preliminary."""
    provisional: bool
    """Whether receiver, purpose, legal basis or contents are not confirmed."""
    gates: list[GateOutcome]
    """Gates of the package as a whole."""
    datasets: list[AnonymisedSet]
    """How each dataset was anonymised."""
    explained: dict[str, Text]
    """What each gate is."""
    measure: Measure
    """How loss is measured."""
    catalogue: Catalogue
    """Text and tags for the receiver's data catalogue."""
    versions: dict[str, str]
    """The versions of what made it."""


def anonymisation(package: Package, words: Mapping[Language, Wording]) -> Anonymisation:
    """How a package was anonymised, and what the receiver's catalogue asks for."""
    ids = {one.id for one in package.datasets}
    return Anonymisation(
        notice=in_all(words, _notice) if package.synthetic else None,
        synthetic=package.synthetic,
        package=package.name,
        version=package.version,
        previous=package.previous,
        release=package.release,
        year=package.year,
        published=package.published,
        delete_on=package.delete_on,
        preliminary=package.preliminary,
        provisional=package.delivery.provisional,
        gates=[_outcome(gate) for gate in package.gates if gate.dataset not in ids],
        datasets=[_dataset(package, one) for one in package.datasets],
        explained={name: told(words, f"gate_{name}") for name in GATES},
        measure=Measure(name=MEASURE, formula=FORMULA, about=told(words, "measure")),
        catalogue=Catalogue(
            provisional=True,
            datasets=[_catalogue(package, one, words) for one in package.datasets],
        ),
        versions=dict(sorted(package.versions.items())),
    )


def _notice(wording: Wording) -> str:
    return f"{wording('synthetic_mark')}. {wording('synthetic')}"


def _dataset(package: Package, dataset: HandedOver) -> AnonymisedSet:
    records = naming.record_set(package, dataset)
    loss = package.loss.get(dataset.id, {})
    return AnonymisedSet(
        id=dataset.id,
        profile=dataset.profile,
        title=dataset.title,
        unit=dataset.unit,
        rows=dataset.frame.height,
        limits=Limits(**records.gates.model_dump()) if records else None,
        gates=[_outcome(gate) for gate in package.gates if gate.dataset == dataset.id],
        generalised_rows=package.generalised.get(dataset.id),
        loss=[ColumnLoss(column=name, share=share) for name, share in loss.items()],
        region=RegionRule(column=naming.REGION, **records.region.model_dump()) if records else None,
        rules=[*_rules(package, dataset)],
    )


def _outcome(gate: Gate) -> GateOutcome:
    return GateOutcome(name=gate.name, wanted=gate.wanted, found=gate.found, passed=gate.passed)


def _rules(package: Package, dataset: HandedOver) -> Iterator[Rule]:
    records = naming.record_set(package, dataset)
    for one in records.variables if records else []:
        values = [_told(value) for value in one.ladder]
        yield Rule(column=one.name, role=one.role, weight=one.weight, values=values)


def _told(value: Value) -> Told:
    return Told(code=value.code, label=value.label, parts=[_told(part) for part in value.parts])


def _catalogue(
    package: Package, dataset: HandedOver, words: Mapping[Language, Wording]
) -> CatalogueSet:
    loss = package.loss.get(dataset.id, {})
    return CatalogueSet(
        id=dataset.id,
        text=in_all(words, lambda wording: catalogue_text(package, dataset, wording)),
        columns=[
            ColumnTags(column=one.name, label=one.label, tags=[*_tags(one, loss)])
            for one in dataset.columns
        ],
    )


def catalogue_text(package: Package, dataset: HandedOver, wording: Wording) -> str:
    """What a data catalogue shows of a dataset: anonymous, how, and what for."""
    records = naming.record_set(package, dataset)
    found = [_notice(wording)] if package.synthetic else []
    if records:
        found.append(wording("catalogue_mikro", rows=records.gates.rows))
    else:
        found.append(wording("catalogue_aggregat"))
    purpose = wording.of(package.delivery.purpose).rstrip(".")
    day = wording.day(package.delete_on)
    found.append(wording("catalogue_use", year=package.year, purpose=f"{purpose}.", day=day))
    return " ".join(found)


def _tags(column: Column, loss: Mapping[str, float]) -> Iterator[Tag]:
    """What is to be known of a column before it is used."""
    if column.role == "quasi_identifier":
        yield "quasi-identifier"
    elif column.role == "sensitive":
        yield "sensitive"
    if loss.get(column.name, 0) > 0:
        yield "generalised"
    if naming.is_sign(column):
        yield "sign"
    else:
        yield column.kind
