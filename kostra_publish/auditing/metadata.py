"""Documents that say what tables are: what in them has digits and is no text of the specs.

They are JSON without figures. Names of vocabularies and standards have digits, and so have the
ids that Datadoc gives to tables and variables, and the first and last day of a table. Each is
taken away as a whole, where it is exactly what it must be; all else must be accounted for as in
any other file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from kostra_publish.auditing.released import Content, Said

_CSVW: Final = ".csv-metadata.json"
_DATADOC: Final = "__DOC.json"
_CATALOGUE: Final = "catalog.jsonld"
_CHANGES: Final = "changes.json"
_PACKAGE: Final = "datapackage.json"
ENDINGS: Final = (_CSVW, _DATADOC, _CATALOGUE, _CHANGES, _PACKAGE)
"""How the names of such documents end."""

_MEMBERS: Final[Mapping[str, frozenset[str]]] = {
    _CSVW: frozenset({
        "@context", "dc:identifier", "dc:title", "dc:description", "dc:publisher", "dc:license",
        "dc:modified", "dialect", "tables",
    }),
    _DATADOC: frozenset({"document_version", "datadoc"}),
    _CATALOGUE: frozenset({"@context", "@graph"}),
    _CHANGES: frozenset({
        "release", "title", "published", "vintage", "preliminary", "synthetic", "nextUpdate",
        "correction", "tables",
    }),
    _PACKAGE: frozenset({
        "$schema", "name", "title", "description", "version", "created", "keywords", "licenses",
        "contributors", "synthetic", "resources",
    }),
}  # fmt: skip
"""What each kind of document has at its top: all of it, and nothing else."""
_NAMES: Final[Mapping[str, frozenset[str]]] = {
    _CATALOGUE: frozenset({
        "http://www.w3.org/ns/adms#",
        "http://www.w3.org/ns/dcat#",
        "http://xmlns.com/foaf/0.1/",
        "http://www.w3.org/2002/07/owl#",
        "http://www.w3.org/2000/01/rdf-schema#",
        "http://www.w3.org/2006/vcard/ns#",
        "http://www.w3.org/2001/XMLSchema#",
        "http://publications.europa.eu/resource/authority/frequency/ANNUAL_2",
        "https://www.ssb.no/klass/klassifikasjoner/103",
        "https://www.ssb.no/klass/klassifikasjoner/131",
        "https://www.w3.org/TR/tabular-data-model/",
    }),
    _DATADOC: frozenset({"1.0.0", "6.2.0"}),
    _PACKAGE: frozenset({
        "https://datapackage.org/profiles/2.0/datapackage.json", "utf-8", "CC-BY-4.0",
    }),
    _CSVW: frozenset({"http://www.w3.org/ns/csvw", "utf-8"}),
}  # fmt: skip
"""Names with digits of vocabularies, standards and versions, each whole."""
_LABEL: Final = "_label"
_DAYS: Final = re.compile(r"(\d{4})-(?:01-01|12-31)")
_DAYS_OF: Final = frozenset(
    {"contains_data_from", "contains_data_until", "dcat:startDate", "dcat:endDate"}
)


def settle(content: Content, data: bytes) -> None:
    """Take out of what a document says, read as JSON, what it must say as it does."""
    ending = next(each for each in ENDINGS if content.file.endswith(each))
    if content.wrong:
        return
    document = json.loads(data)
    if content.table is not None or not _is_of_its_kind(document, ending):
        content.wrong.append("is not a document of its kind as this program writes it")
        return
    known = _NAMES.get(ending, frozenset())
    if ending == _DATADOC:
        known |= {*_ids(content.file, document)}
    content.texts = [_settled(said) for said in content.texts if said.text not in known]


def _is_of_its_kind(document: Any, ending: str) -> bool:  # noqa: ANN401  # JSON holds anything
    return isinstance(document, dict) and document.keys() == _MEMBERS[ending]


def _settled(said: Said) -> Said:
    """What is left of a text to account for: a day's year, the code that a column is named by.

    No place here holds codes that are bare numbers.
    """
    day = _DAYS.fullmatch(said.text)
    if day is not None and not _DAYS_OF.isdisjoint(said.place.split("/")):
        return Said(said.place, day[1])
    return Said(said.place, said.text.removesuffix(_LABEL))


def _ids(file: str, document: Mapping[str, Any]) -> Iterator[str]:
    """The ids of a table and its variables, which follow from their names."""
    table = PurePosixPath(file).name.removesuffix(_DATADOC)
    try:
        names = [str(one["short_name"]) for one in document["datadoc"]["variables"]]
    except (KeyError, TypeError):
        names = []
    for name in (table, *(f"{table}/{each}" for each in names)):
        yield str(uuid5(NAMESPACE_URL, f"kostra-publish:{name}"))
