"""Datadoc: what Statistics Norway's model of metadata has to say of each table's CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from datadoc_model.required import model

from kostra_publish.disclosure.safe import SafeCube, only_safe
from kostra_publish.outputs.distributions import CSV, TOP, distributions
from kostra_publish.outputs.facts import TableFacts
from kostra_publish.outputs.metadata import datadoc_parts as parts
from kostra_publish.outputs.metadata.columns import Column, Kind, columns
from kostra_publish.outputs.metadata.told import (
    Json,
    about_table,
    document,
    is_synthetic,
    table_title,
)
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import Text

FOLDER: Final = f"{TOP}/datadoc"
ENDING: Final = "__DOC.json"

_TYPES: Final[dict[Kind, model.DataType]] = {
    "truth": model.DataType.BOOLEAN,
    "number": model.DataType.FLOAT,
}
_ROLES: Final[dict[Kind, model.VariableRole]] = {
    "code": model.VariableRole.IDENTIFIER,
    "year": model.VariableRole.IDENTIFIER,
    "number": model.VariableRole.MEASURE,
}


def write_datadoc(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """The document of every table: (path in the release, bytes)."""
    for cube in only_safe(cubes):
        yield (
            f"{FOLDER}/{cube.table.id}{ENDING}",
            document(description(cube, catalogue, release)),
        )


def description(cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts) -> Json:
    """The document of a table, by the model; it has all that the model demands."""
    return parts.dumped(
        _dataset(cube, catalogue, release),
        [_variable(column, cube, catalogue) for column in columns(cube, catalogue.texts)],
    )


def _dataset(cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts) -> model.Dataset:
    shared, facts, table = catalogue.texts, TableFacts.of(cube, release), cube.table
    keywords = [keyword.nb for keyword in shared.descriptions.keywords]
    first, last = _years(cube)
    [path] = [each.path for each in distributions(table.id) if each.form == CSV]
    return model.Dataset(
        short_name=table.id,
        assessment=model.Assessment.OPEN,
        dataset_status=model.DataSetStatus.EXTERNAL,
        dataset_state=model.DataSetState.OUTPUT_DATA,
        name=parts.texts(table_title(cube, shared)),
        description=parts.texts(about_table(cube, catalogue)),
        population_description=parts.texts(table.reference_period),
        version=_published_in(cube, release),
        subject_field=parts.SUBJECT,
        keyword=[*([shared.descriptions.synthetic.nb] if is_synthetic([cube]) else []), *keywords],
        spatial_coverage_description=parts.texts(parts.NORWAY),
        custom_type=[*parts.of_dataset(_facts(facts))],
        id=parts.identifier(table.id),
        owner=shared.publisher.nb,
        file_path=path,
        metadata_created_date=facts.updated,
        metadata_created_by=shared.publisher.nb,
        metadata_last_updated_date=facts.updated,
        metadata_last_updated_by=shared.publisher.nb,
        contains_data_from=first,
        contains_data_until=last,
    )


def _published_in(cube: SafeCube, release: ReleaseFacts) -> str:
    """The release that published its newest figures; a correction of others leaves it as it is."""
    newest = max(cube.vintages.values(), key=lambda one: one.published, default=None)
    return release.round.name if newest is None else newest.round


def _facts(facts: TableFacts) -> dict[str, parts.Fact]:
    unconfirmed = [code for codes in facts.provisional.values() for code in codes]
    return {
        "synthetic": [str(year) for year in facts.synthetic],
        "preliminary": [str(year) for year in facts.preliminary],
        "provisional": [*parts.PROVISIONAL, *unconfirmed],
    }


def _variable(column: Column, cube: SafeCube, catalogue: Catalogue) -> model.Variable:
    measured = column.kind == "number"
    first, last = _years(cube)
    temporal = model.TemporalityTypeType
    return model.Variable(
        short_name=column.name,
        name=parts.texts(column.label),
        data_type=_TYPES.get(column.kind, model.DataType.STRING),
        variable_role=_ROLES.get(column.kind, model.VariableRole.ATTRIBUTE),
        is_personal_data=False,
        unit_type=cube.table.unit,
        data_source=parts.SOURCE,
        temporality_type=temporal.ACCUMULATED if measured else temporal.STATUS,
        special_value=parts.special(_signs(catalogue) if column.kind == "sign" else {}),
        id=parts.identifier(f"{cube.table.id}/{column.name}"),
        contains_data_from=first,
        contains_data_until=last,
    )


def _signs(catalogue: Catalogue) -> Mapping[str, Text]:
    return {sign: meaning for sign, meaning in catalogue.texts.signs.items()}  # noqa: C416


def _years(cube: SafeCube) -> tuple[date, date]:
    codes = cube.dimensions[-1].codes
    return parts.years(int(codes[0]), int(codes[-1]))
