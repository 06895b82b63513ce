"""The code book of a package: what each row, column and code is, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kostra_publish.nav.documents import naming
from kostra_publish.nav.documents.letter import Mark, marks, rows
from kostra_publish.nav.documents.words import Wording
from kostra_publish.nav.package import Column, HandedOver, Package
from kostra_publish.specs.delivery import ALL, UNKNOWN, RecordSet, RegionLadder, Value

TEMPLATE: Final = "nav/kodebok.html.j2"
NAMES: Final = ("book", "w")
"""What the template is given."""

PROFILES: Final = {"aggregat": "profile_aggregat", "mikro-anonym": "profile_mikro"}
"""By profile: the word for it."""


@dataclass(frozen=True)
class Rung:
    """A value that may be told instead of the finer ones in it."""

    code: str
    """Empty where only its kind is known."""
    label: str
    parts: Sequence[Rung] = ()


@dataclass(frozen=True)
class ColumnEntry:
    """What the code book says of a column."""

    name: str
    label: str
    kind: str
    role: str
    role_given: bool
    note: str
    codes: Sequence[tuple[str, str]]
    open_list: bool
    plus: bool
    """Whether a code is several values put together."""
    ladder: Sequence[Rung]
    loss: str
    """What generalisation took away, in a sentence; empty where it is not measured."""


@dataclass(frozen=True)
class DatasetEntry:
    """What the code book says of a dataset."""

    id: str
    title: str
    profile: str
    unit: str
    rows: str
    files: Sequence[str]
    columns: Sequence[ColumnEntry]
    roles: bool
    """Whether any column has a role."""
    columns_of: str
    """The name of the list of columns."""
    signs: str
    """Where signs of the statbank stand; empty where there are none."""


@dataclass(frozen=True)
class Book:
    """All that the code book says, in one language."""

    language: str
    title: str
    about: str
    marks: Sequence[Mark]
    datasets: Sequence[DatasetEntry]
    roles: Sequence[tuple[str, str]]
    """Roles that occur, and what they mean."""
    signs: Sequence[tuple[str, str]]
    """Signs of the statbank and what they mean."""


def codebook(package: Package, wording: Wording) -> Book:
    """What the code book of a package says."""
    occurring = {column.role for one in package.datasets for column in one.columns}
    roles = [role for role in ("quasi_identifier", "sensitive") if role in occurring]
    return Book(
        language=wording.language,
        title=wording("codebook_title", title=wording.of(package.delivery.title)),
        about=wording("codebook_about", package=package.name),
        marks=marks(package, wording),
        datasets=[_dataset(package, one, wording) for one in package.datasets],
        roles=[(wording(f"role_{one}"), wording(f"role_{one}_about")) for one in roles],
        signs=[(sign, wording(key)) for sign, key in naming.SIGNS.items()],
    )


def _dataset(package: Package, dataset: HandedOver, wording: Wording) -> DatasetEntry:
    name = naming.stem(package, dataset)
    records = naming.record_set(package, dataset)
    loss = package.loss.get(dataset.id, {})
    signs = [column.name for column in dataset.columns if naming.is_sign(column)]
    title = wording.of(dataset.title)
    return DatasetEntry(
        id=dataset.id,
        title=title,
        profile=wording(PROFILES[dataset.profile]),
        unit=wording.of(dataset.unit),
        rows=rows(dataset, wording),
        files=[f"{name}.csv", f"{name}.parquet", f"{name}__DOC.json"],
        columns=[_column(one, records, loss, wording) for one in dataset.columns],
        roles=any(column.role for column in dataset.columns),
        columns_of=wording("columns_of", title=title),
        signs=wording("signs_about", columns=wording.listed(signs, "or")) if signs else "",
    )


def _column(
    column: Column, records: RecordSet | None, loss: Mapping[str, float], wording: Wording
) -> ColumnEntry:
    share = loss.get(column.name)
    # What signs mean stands below all columns.
    codes = {} if naming.is_sign(column) else column.codes
    return ColumnEntry(
        name=column.name,
        label=wording.of(column.label),
        kind=wording(f"kind_{column.kind}"),
        role=wording(f"role_{column.role or 'none'}"),
        role_given=column.role is not None,
        note=wording.of(column.note) if column.note else "",
        codes=[(code, wording.of(label)) for code, label in codes.items()],
        open_list=column.kind == "code" and not column.codes,
        plus=any("+" in code for code in column.codes),
        ladder=[*_ladder(column, records, wording)],
        loss="" if share is None else wording("loss", share=wording.percent(share)),
    )


def _ladder(column: Column, records: RecordSet | None, wording: Wording) -> Iterator[Rung]:
    """How a column may be generalised, coarsest first; nothing where it may not be."""
    if records is None:
        return
    if (variable := naming.variable(records, column)) is not None:
        parts = [_rung(value, wording) for value in variable.ladder]
        yield Rung(ALL, wording("ladder_all"), parts)
        yield Rung(UNKNOWN, wording("ladder_unknown"))
    elif column.name == naming.REGION:
        yield _region(records.region, wording)


def _rung(value: Value, wording: Wording) -> Rung:
    parts = [_rung(part, wording) for part in value.parts]
    return Rung(value.code, wording.of(value.label), parts)


def _region(ladder: RegionLadder, wording: Wording) -> Rung:
    """The steps of a region: the country, its counties, kommuner of a size, one kommune."""
    rows = wording.listed([*map(wording.number, ladder.rows)], "or")
    found = Rung("", wording("ladder_kommune", rows=rows))
    if ladder.sizes:
        sizes = wording.listed([*map(wording.number, ladder.sizes)])
        found = Rung("", wording("ladder_size", sizes=sizes), [found])
    return Rung("", wording("ladder_country"), [Rung("", wording("ladder_county"), [found])])
