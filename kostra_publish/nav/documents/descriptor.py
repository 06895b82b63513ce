"""``datapackage.json``: the tables of a package as Data Package 2.0 describes them.

The figures are described in their CSV files, since every reader of Data Packages has those;
Parquet files of the same name have the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kostra_publish.nav.documents import naming, tables
from kostra_publish.nav.documents.words import Wording
from kostra_publish.nav.package import Column, ColumnKind, HandedOver, Package
from kostra_publish.outputs.metadata.datapackage import CSV_DIALECT, PROFILE
from kostra_publish.releases.rounds import utc

_TYPES: Final[dict[ColumnKind, dict[str, Any]]] = {
    "code": {"type": "string"},
    "count": {"type": "integer"},
    "number": {"type": "number", "decimalChar": tables.DECIMAL},
}


def descriptor(package: Package, files: Mapping[str, bytes], wording: Wording) -> dict[str, Any]:
    """The descriptor of a package, of whose files those that are tables are described."""
    delivery = package.delivery
    about = wording(
        "package_about",
        title=wording.of(delivery.title),
        year=package.year,
        few=wording("conditions_few"),
    )
    return {
        "$schema": PROFILE,
        "name": package.name,
        "title": _marked(package, f"{wording('synthetic_mark')}:", wording.of(delivery.title)),
        "description": _marked(package, _synthetic(wording), about),
        "version": str(package.version),
        "created": utc(package.published),
        "keywords": [*(["synthetic data"] if package.synthetic else []), "anonymous data"],
        "licenses": [{"name": "other-closed", "title": wording.of(delivery.purpose)}],
        "contributors": [*_contributors(package)],
        "synthetic": package.synthetic,
        "provisional": delivery.provisional,
        "preliminary": package.preliminary,
        "conditions": {
            "purpose": delivery.purpose.model_dump(),
            "legalBasis": delivery.legal_basis.model_dump(),
            "deleteOn": package.delete_on.isoformat(),
        },
        "resources": [*_resources(package, files, wording)],
    }


def _synthetic(wording: Wording) -> str:
    return f"{wording('synthetic_mark')}. {wording('synthetic')}"


def _marked(package: Package, mark: str, text: str) -> str:
    return f"{mark} {text}" if package.synthetic else text


def _contributors(package: Package) -> Iterator[dict[str, Any]]:
    delivery = package.delivery
    for party, role in ((delivery.sender, "publisher"), (delivery.receiver, "receiver")):
        yield {
            "title": party.contact,
            "organization": party.name,
            "email": party.email,
            "roles": [role],
        }


def _resources(
    package: Package, files: Mapping[str, bytes], wording: Wording
) -> Iterator[dict[str, Any]]:
    for dataset in package.datasets:
        name = naming.stem(package, dataset)
        described = {"title": wording.of(dataset.title), "description": wording.of(dataset.unit)}
        yield _resource(name, files) | described | {"schema": _schema(dataset, wording)}
    beside = {naming.RECONCILIATION: package.reconciliation}
    if (file := naming.changes_file(package)) and package.changes is not None:
        beside[file] = package.changes
    for file, frame in beside.items():
        fields = [{"name": name} | _TYPES[kind] for name, kind in tables.kinds(frame)]
        yield _resource(file.removesuffix(".csv"), files) | {"schema": _all(fields)}


def _resource(name: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    content = files[f"{name}.csv"]
    return {
        "name": name,
        "type": "table",
        "path": f"{name}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "dialect": CSV_DIALECT,
    }


def _schema(dataset: HandedOver, wording: Wording) -> dict[str, Any]:
    return _all([_field(column, wording) for column in dataset.columns])


def _all(fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {"fields": fields, "missingValues": [""]}


def _field(column: Column, wording: Wording) -> dict[str, Any]:
    found = {"name": column.name, "title": wording.of(column.label)} | _TYPES[column.kind]
    if column.note:
        found["description"] = wording.of(column.note)
    if column.role:
        found["role"] = column.role
    if column.codes:
        found["categories"] = [
            {"value": code, "label": wording.of(label)} for code, label in column.codes.items()
        ]
        found["constraints"] = {"enum": [*column.codes]}
    return found
