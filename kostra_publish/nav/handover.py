"""The packages of a release: made, weighed against what is published, ready to be sealed."""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl
from pydantic import TypeAdapter, ValidationError

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.disclosure.safe_records import SafeRecords
from kostra_publish.errors import DisclosureError, ReleaseError
from kostra_publish.nav import bag
from kostra_publish.nav.contents import (
    RECONCILED,
    cells,
    changes,
    reconciled_cells,
    reconciled_rows,
    rows,
)
from kostra_publish.nav.delivery_log import Line, next_version
from kostra_publish.nav.documents import payload
from kostra_publish.nav.package import Gate, HandedOver, MissingReport, Package
from kostra_publish.nav.sealing import Contents
from kostra_publish.releases.log import Sha256
from kostra_publish.releases.manifest import versions
from kostra_publish.releases.rounds import ReleaseFacts, Round
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.delivery import AggregateSet, Delivery, RecordSet
from kostra_publish.specs.models import Model

FOLDER: Final = "nav"
"""Where a release tells of its packages."""

Before: TypeAlias = Mapping[str, Mapping[str, tuple[int, frozenset[str]]]]
"""By record set and region: how many rows an earlier release had, and of which kommuner."""


class Record(Model):
    """What a release keeps of a package: which it was, never its rows."""

    package: str
    """Its name: `soshjelp-nav_p2025_v2`."""
    delivery: str
    """The delivery it is one of."""
    version: int
    """Its version."""
    data_sha256: Sha256
    """The SHA-256 of the datasets, and of the release they are of."""
    content_sha256: Sha256
    """The SHA-256 of its plain manifest, and so of all that is in `data/`."""
    missing: dict[str, tuple[str, ...]]
    """By dataset of microdata: the kommuner that had not reported."""


@dataclass(frozen=True)
class Anonymous:
    """Rows of a record set, with the gates that they have passed."""

    safe: SafeRecords
    gates: Sequence[Gate]


@dataclass(frozen=True)
class Handover:
    """What packages are made of.

    ``missing`` has by dataset the kommuner that have not reported. ``before`` is what the newest
    earlier release of the year had.
    """

    catalogue: Catalogue
    release: ReleaseFacts
    deliveries: Sequence[Delivery]
    cubes: Mapping[str, SafeCube]
    records: Mapping[str, Anonymous]
    missing: Mapping[str, Sequence[str]]
    templates: Path
    before: Before = field(default_factory=dict)
    earlier: Mapping[str, Record] = field(default_factory=dict)
    """By delivery: the package before."""


@dataclass(frozen=True)
class Versions:
    """Which versions there have been: of packages sealed, and of those of other releases.

    ``fixed`` has by delivery the version that a release made again had.
    """

    sealed: Sequence[Line] = ()
    known: Sequence[Record] = ()
    fixed: Mapping[str, int] = field(default_factory=dict)

    def of(self, delivery: str, year: int, data_sha256: str) -> int:
        """The version of a delivery with these datasets."""
        if delivery in self.fixed:
            return self.fixed[delivery]
        known = [(one.version, one.data_sha256) for one in self.known if one.delivery == delivery]
        return next_version(self.sealed, delivery, year, data_sha256, known)


def wanted(catalogue: Catalogue, current: Round) -> list[Delivery]:
    """The deliveries that are handed over with a round, sorted by name."""
    found = (one for one in catalogue.deliveries.values() if one.active)
    return sorted((one for one in found if current.kind in one.rounds), key=lambda one: one.id)


def record_sets(deliveries: Iterable[Delivery]) -> list[RecordSet]:
    """The sets of rows that deliveries have."""
    return [
        dataset
        for delivery in deliveries
        for dataset in delivery.datasets
        if isinstance(dataset, RecordSet)
    ]


def packages(handover: Handover, found: Versions) -> list[Contents]:
    """The packages of a release, ready to be sealed.

    Raises DisclosureError when one does not pass a gate, reconciliation among them.
    """
    return [_package(handover, delivery, found) for delivery in handover.deliveries]


def record(contents: Contents, missing: Mapping[str, Sequence[str]]) -> Record:
    """What a release keeps of a package; ``missing`` as in ``Handover``."""
    files = bag.bag(contents.name, contents.payload, contents.info)
    return Record(
        package=contents.name,
        delivery=contents.delivery,
        version=contents.version,
        data_sha256=contents.data_sha256,
        content_sha256=hashlib.sha256(files[bag.MANIFEST]).hexdigest(),
        missing={dataset: tuple(kommuner) for dataset, kommuner in missing.items()},
    )


def write_records(records: Iterable[Record]) -> Iterator[tuple[str, bytes]]:
    """The file of each package: (path in the release, bytes)."""
    for one in records:
        yield f"{FOLDER}/{one.delivery}.json", f"{one.model_dump_json(indent=1)}\n".encode()


def read_records(release: Path) -> list[Record]:
    """What a release keeps of its packages, sorted by delivery.

    Raises ReleaseError when a file is not as this version writes it.
    """
    folder = release / FOLDER
    adapter = TypeAdapter(Record)
    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            found.append(adapter.validate_json(path.read_bytes()))
        except (OSError, ValidationError) as error:
            raise ReleaseError(
                f"{path} does not tell of a package", fix="Publish the round again from its inputs."
            ) from error
    return found


def _package(handover: Handover, delivery: Delivery, found: Versions) -> Contents:
    datasets = [*_datasets(handover, delivery)]
    round_, year = handover.release.round, handover.release.round.vintage
    data_sha256 = _digest(round_.name, datasets)
    version = found.of(delivery.id, year, data_sha256)
    name = f"{delivery.id}_p{year}_v{version}"
    own = {
        one.id: handover.records[one.id]
        for one in delivery.datasets
        if isinstance(one, RecordSet) and one.id in handover.records
    }
    reconciled = _reconciled(handover, delivery, datasets)
    earlier = handover.earlier.get(delivery.id)
    safe = {key: one.safe for key, one in own.items()}
    package = Package(
        name=name,
        delivery=delivery,
        version=version,
        previous=earlier.package if earlier else None,
        release=round_.name,
        year=year,
        published=round_.updated,
        delete_on=_later(round_.published_at.date(), delivery.keep_months),
        preliminary=round_.preliminary,
        synthetic=any(
            cube.vintages[year].synthetic
            for key in delivery.tables
            if (cube := handover.cubes.get(key)) and year in cube.vintages
        ),
        datasets=datasets,
        missing=_missing(handover, delivery, year),
        gates=[*(gate for one in own.values() for gate in one.gates), *_equal(reconciled)],
        loss={key: one.anonymity.loss for key, one in safe.items()},
        generalised={key: one.anonymity.generalised for key, one in safe.items()},
        reconciliation=reconciled,
        changes=changes(safe, handover.before) if earlier else None,
        versions=versions(),
        left_out=[
            one.title
            for one in delivery.datasets
            if isinstance(one, RecordSet) and one.id not in handover.records
        ],
    )
    return Contents(
        name=name,
        delivery=delivery.id,
        version=version,
        release=round_.name,
        year=year,
        published=round_.published_at,
        data_sha256=data_sha256,
        payload=payload(package, handover.templates),
        info=_info(package),
    )


def _datasets(handover: Handover, delivery: Delivery) -> Iterator[HandedOver]:
    year = handover.release.round.vintage
    for dataset in delivery.datasets:
        if isinstance(dataset, AggregateSet):
            yield from cells(dataset, handover.cubes, year)
        elif dataset.id in handover.records:
            yield rows(handover.records[dataset.id].safe)


def _digest(release: str, datasets: Sequence[HandedOver]) -> str:
    """The SHA-256 of a release's datasets: what makes a package another one."""
    found = hashlib.sha256(release.encode())
    for one in datasets:
        found.update(f"\n{one.id}\n".encode())
        found.update(one.frame.write_csv().encode())
    return found.hexdigest()


def _reconciled(
    handover: Handover, delivery: Delivery, datasets: Sequence[HandedOver]
) -> pl.DataFrame:
    year = handover.release.round.vintage
    by_id = {one.id: one for one in datasets}
    found: list[tuple[object, ...]] = []
    for dataset in delivery.datasets:
        if isinstance(dataset, RecordSet):
            if dataset.id in handover.records and dataset.table in handover.cubes:
                safe = handover.records[dataset.id].safe
                found += reconciled_rows(safe, handover.cubes[dataset.table], year)
            continue
        for table in dataset.tables:
            key = f"{dataset.id}-{table.lower()}" if len(dataset.tables) > 1 else dataset.id
            if key in by_id:
                found += reconciled_cells(by_id[key], table)
    return pl.DataFrame(found, schema=RECONCILED, orient="row")


def _equal(reconciled: pl.DataFrame) -> Iterator[Gate]:
    """The gate that what is handed over adds up to what is published."""
    for (dataset,), own in reconciled.group_by("dataset", maintain_order=True):
        total, equal = int(own["cells"].sum()), int(own["equal"].sum())
        if total > equal:
            raise DisclosureError(
                f"{dataset} is not handed over: gate reconciliation (equal to what is published):"
                f" {total - equal} of {total} do not pass",
                fix="Nothing has been written. Report this: it should not happen.",
            )
        yield Gate(
            name="reconciliation",
            dataset=str(dataset),
            passed=total == equal,
            wanted="equal to what is published",
            found=f"{equal} of {total} equal",
        )


def _missing(handover: Handover, delivery: Delivery, year: int) -> list[MissingReport]:
    names = dict(codes.kommuner(year).select("kommune", "navn").iter_rows())
    sources = {
        handover.catalogue.tables[key].source
        for key in delivery.tables
        if key in handover.catalogue.tables
    }
    datasets = {handover.catalogue.sources[source].dataset for source in sources}
    found = {code for dataset in datasets for code in handover.missing.get(dataset, ())}
    return [MissingReport(code, names.get(code, code)) for code in sorted(found)]


def _later(day: date, months: int) -> date:
    """The day so many months later, or the last one of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


def _info(package: Package) -> dict[str, str]:
    """What ``bag-info.txt`` says."""
    delivery, language = package.delivery, package.delivery.language
    return {
        "Source-Organization": delivery.sender.name,
        "Contact-Name": delivery.sender.contact,
        "Contact-Email": delivery.sender.email,
        "External-Description": delivery.title.get(language)
        + (" (SYNTETISKE DATA)" if package.synthetic else ""),
        "External-Identifier": package.name,
        "Bagging-Date": package.published.date().isoformat(),
        "Bag-Group-Identifier": f"{delivery.id}_p{package.year}",
    }
