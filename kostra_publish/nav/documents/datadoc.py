"""Datadoc documents: what Statistics Norway's model of metadata has to say of a dataset.

``custom_type`` names fields that are told in words under ``provisional``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from datadoc_model.required import model

from kostra_publish.nav.documents import naming
from kostra_publish.nav.documents.words import Wording, in_all, told
from kostra_publish.nav.package import Column, ColumnKind, HandedOver, Package
from kostra_publish.outputs.metadata import datadoc_parts as parts
from kostra_publish.specs.delivery import ALL, UNKNOWN, RecordSet
from kostra_publish.specs.models import Language

_TYPES: Final[dict[ColumnKind, model.DataType]] = {
    "code": model.DataType.STRING,
    "count": model.DataType.INTEGER,
    "number": model.DataType.FLOAT,
}


def document(
    package: Package, dataset: HandedOver, words: Mapping[Language, Wording]
) -> dict[str, Any]:
    """The document of a dataset, by the model; it has all that the model demands."""
    records = naming.record_set(package, dataset)
    return parts.dumped(
        _dataset(package, dataset, words),
        [_variable(package, dataset, column, records, words) for column in dataset.columns],
        complete=100,
    )


def _dataset(
    package: Package, dataset: HandedOver, words: Mapping[Language, Wording]
) -> model.Dataset:
    name, delivery = naming.stem(package, dataset), package.delivery
    aggregate = dataset.profile == "aggregat"
    first, last = _year(package)
    return model.Dataset(
        short_name=name,
        assessment=model.Assessment.OPEN if aggregate else model.Assessment.PROTECTED,
        dataset_status=model.DataSetStatus.EXTERNAL,
        dataset_state=model.DataSetState.OUTPUT_DATA,
        name=parts.texts(in_all(words, lambda w: _name(package, dataset, w))),
        description=parts.texts(in_all(words, lambda w: _about(package, dataset, w))),
        population_description=parts.texts(
            in_all(words, lambda w: _population(package, dataset, w))
        ),
        version=str(package.version),
        version_description=parts.texts(in_all(words, lambda w: _version(package, w))),
        subject_field=parts.SUBJECT,
        keyword=[*(["syntetiske data"] if package.synthetic else []), delivery.id, dataset.profile],
        spatial_coverage_description=parts.texts(parts.NORWAY),
        use_restrictions=[*_restrictions(package)],
        custom_type=[*parts.of_dataset(_facts(package))],
        id=parts.identifier(name),
        owner=delivery.sender.name,
        file_path=f"data/{name}.parquet",
        metadata_created_date=package.published,
        metadata_created_by=delivery.sender.email,
        metadata_last_updated_date=package.published,
        metadata_last_updated_by=delivery.sender.email,
        contains_data_from=first,
        contains_data_until=last,
    )


def _name(package: Package, dataset: HandedOver, wording: Wording) -> str:
    title = f"{wording.of(dataset.title)}, {package.year}"
    return f"{wording('synthetic_mark')}: {title}" if package.synthetic else title


def _about(package: Package, dataset: HandedOver, wording: Wording) -> str:
    records = naming.record_set(package, dataset)
    key = "catalogue_mikro" if records else "catalogue_aggregat"
    rows = records.gates.rows if records else 0
    told = [wording(key, rows=rows), wording("conditions_few")]
    if package.synthetic:
        told = [f"{wording('synthetic_mark')}.", wording("synthetic"), *told]
    return " ".join(told)


def _population(package: Package, dataset: HandedOver, wording: Wording) -> str:
    return f"{wording('one_row')}: {wording.of(dataset.unit)}. {wording('year')}: {package.year}."


def _version(package: Package, wording: Wording) -> str:
    key = "next_version" if package.previous else "first_version"
    status = "status_preliminary" if package.preliminary else "status_final"
    version = wording(key, version=package.version, previous=package.previous)
    return f"{version}, {wording(status)}"


def _restrictions(package: Package) -> Iterator[model.UseRestrictionItem]:
    kinds = model.UseRestrictionType
    yield model.UseRestrictionItem(
        use_restriction_type=kinds.DELETION_ANONYMIZATION, use_restriction_date=package.delete_on
    )
    yield model.UseRestrictionItem(use_restriction_type=kinds.SECONDARY_USE_RESTRICTIONS)


def _facts(package: Package) -> dict[str, parts.Fact]:
    return {
        "synthetic": "true" if package.synthetic else "false",
        "preliminary": "true" if package.preliminary else "false",
        "provisional": parts.PROVISIONAL,
        "release": package.release,
        "package": package.name,
        "purpose": package.delivery.purpose.model_dump(),
        "legal_basis": package.delivery.legal_basis.model_dump(),
    }


def _variable(
    package: Package,
    dataset: HandedOver,
    column: Column,
    records: RecordSet | None,
    words: Mapping[Language, Wording],
) -> model.Variable:
    first, last = _year(package)
    codes = [{"code": code, "label": text.model_dump()} for code, text in column.codes.items()]
    custom: dict[str, str | list[Any]] = {"role": column.role or "", "codes": codes}
    measured = column.kind != "code"
    return model.Variable(
        short_name=column.name,
        name=parts.texts(column.label),
        data_type=_TYPES[column.kind],
        variable_role=_role(dataset, column),
        is_personal_data=False,
        unit_type=dataset.unit.nb,
        data_source=parts.SOURCE,
        temporality_type=(
            model.TemporalityTypeType.ACCUMULATED if measured else model.TemporalityTypeType.STATUS
        ),
        comment=parts.texts(column.note) if column.note else None,
        measurement_unit="antall" if column.kind == "count" else None,
        special_value=_special(column, records, words),
        custom_type=[
            model.CustomTypeForVariableMetadatum(key=key, value=value)
            for key, value in custom.items()
            if value
        ],
        id=parts.identifier(f"{naming.stem(package, dataset)}/{column.name}"),
        contains_data_from=first,
        contains_data_until=last,
    )


def _role(dataset: HandedOver, column: Column) -> model.VariableRole:
    """Codes tell which cell a row is, except signs; no column tells which person one is."""
    if column.kind != "code":
        return model.VariableRole.MEASURE
    of_cell = dataset.profile == "aggregat" and not naming.is_sign(column)
    return model.VariableRole.IDENTIFIER if of_cell else model.VariableRole.ATTRIBUTE


def _special(
    column: Column, records: RecordSet | None, words: Mapping[Language, Wording]
) -> model.SpecialValues | None:
    """Codes that are no value: signs, and what is not told."""
    keys: dict[str, str] = {}
    if naming.is_sign(column):
        keys = {sign: key for sign, key in naming.SIGNS.items() if sign in column.codes}
    elif naming.variable(records, column):
        keys = {ALL: "ladder_all", UNKNOWN: "ladder_unknown"}
    return parts.special({code: told(words, key) for code, key in keys.items()})


def _year(package: Package) -> tuple[date, date]:
    return parts.years(package.year, package.year)
