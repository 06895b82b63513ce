"""The catalogue of the tables, by DCAT-AP-NO, for data.norge.no and other catalogues.

It is JSON-LD, which is JSON: no text can break out of it, and no other way to write it is needed.
Addresses are those of the key-figure pages' site; where there is none they are relative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kostra_publish.disclosure.safe import SafeCube, only_safe
from kostra_publish.outputs.distributions import TOP, Distribution, distributions
from kostra_publish.outputs.metadata.told import (
    Json,
    about_table,
    document,
    is_synthetic,
    literals,
    marked,
    shared_about,
    table_title,
)
from kostra_publish.releases.rounds import ReleaseFacts, utc
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import LANGUAGES, Language, RegionKind, TableSpec, Texts

FILE: Final = f"{TOP}/catalog.jsonld"

_NAME: Final = "catalog.jsonld"
_CONTEXT: Final = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_AUTHORITY: Final = "http://publications.europa.eu/resource/authority/"
_THEMES: Final = f"{_AUTHORITY}data-theme"
_THEME: Final = f"{_THEMES}/SOCI"
_PUBLIC: Final = f"{_AUTHORITY}access-right/PUBLIC"
_COUNTRY: Final = f"{_AUTHORITY}country/NOR"
_LANGUAGES: Final[Mapping[Language, str]] = {
    "nb": f"{_AUTHORITY}language/NOB",
    "nn": f"{_AUTHORITY}language/NNO",
    "en": f"{_AUTHORITY}language/ENG",
}
_FREQUENCIES: Final = {
    0: f"{_AUTHORITY}frequency/IRREG",
    1: f"{_AUTHORITY}frequency/ANNUAL",
    2: f"{_AUTHORITY}frequency/ANNUAL_2",
}
"""How often a table comes, by how many rounds of a year have it."""
_MEDIA_TYPES: Final = "https://www.iana.org/assignments/media-types/"
_COMPLETED: Final = "http://purl.org/adms/status/Completed"
# The classifications of Statistics Norway that regions are codes of.
_KLASS: Final[Mapping[RegionKind, str]] = {
    "kommune": "https://www.ssb.no/klass/klassifikasjoner/131",
    "bydel": "https://www.ssb.no/klass/klassifikasjoner/103",
}


def write_dcat(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """The catalogue: (path in the release, bytes)."""
    yield FILE, document(description(only_safe(cubes), catalogue, release))


def description(cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts) -> Json:
    """The catalogue, the tables as its datasets, and who publishes them."""
    root = site(catalogue)
    return {
        "@context": _CONTEXT,
        "@graph": [
            _catalog(cubes, catalogue, release, root),
            _publisher(catalogue.texts),
            *(_dataset(cube, catalogue, release, root) for cube in cubes),
        ],
    }


def site(catalogue: Catalogue) -> str:
    """The address that paths from ``TOP`` are joined to; empty where there is none."""
    return f"{catalogue.pages.address}/statbank/" if catalogue.pages else ""


def dataset_address(table_id: str, root: str) -> str:
    """What a table is called in the catalogue."""
    return f"{root}{_NAME}#{table_id}"


# --- the catalogue ----------------------------------------------------------------


def _catalog(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts, root: str
) -> Json:
    texts = catalogue.texts
    return {
        "@id": f"{root}{_NAME}",
        "@type": "dcat:Catalog",
        "dct:title": literals(marked(texts.descriptions.title, cubes, texts)),
        "dct:description": literals(shared_about(cubes, texts)),
        "dct:publisher": _link(texts.descriptions.publisher),
        "dcat:contactPoint": _contact(texts),
        "dct:language": [_link(_LANGUAGES[each]) for each in LANGUAGES],
        "dct:license": _link(texts.licence_address),
        "dct:spatial": _link(_COUNTRY),
        "dcat:themeTaxonomy": _link(_THEMES),
        "foaf:homepage": _link(f"{root}index.html"),
        **_dates(cubes, release),
        "owl:versionInfo": release.round.name,
        "dcat:dataset": [_link(dataset_address(cube.table.id, root)) for cube in cubes],
    }


def _publisher(texts: Texts) -> Json:
    return {
        "@id": texts.descriptions.publisher,
        "@type": "foaf:Agent",
        "foaf:name": literals(texts.publisher),
    }


def _contact(texts: Texts) -> Json:
    return {
        "@type": "vcard:Organization",
        "vcard:fn": literals(texts.contact),
        "vcard:hasURL": _link(texts.descriptions.contact),
    }


# --- tables -----------------------------------------------------------------------


def _dataset(cube: SafeCube, catalogue: Catalogue, release: ReleaseFacts, root: str) -> Json:
    texts, table = catalogue.texts, cube.table
    said = texts.descriptions
    keywords = [said.synthetic, *said.keywords] if is_synthetic([cube]) else said.keywords
    return {
        "@id": dataset_address(table.id, root),
        "@type": "dcat:Dataset",
        "dct:identifier": table.id,
        "dct:title": literals(table_title(cube, texts)),
        "dct:description": literals(about_table(cube, catalogue)),
        "dcat:keyword": [literal for keyword in keywords for literal in literals(keyword)],
        "dcat:theme": _link(_THEME),
        "dct:publisher": _link(said.publisher),
        "dcat:contactPoint": _contact(texts),
        "dct:accessRights": _link(_PUBLIC),
        "dct:accrualPeriodicity": _link(_frequency(table, catalogue)),
        "dct:language": [_link(_LANGUAGES[each]) for each in LANGUAGES],
        "dct:license": _link(texts.licence_address),
        "dct:spatial": _link(_COUNTRY),
        "dct:temporal": _period(cube),
        **_dates([cube], release),
        "dct:provenance": {
            "@type": "dct:ProvenanceStatement", "rdfs:label": literals(said.provenance),
        },
        "dct:conformsTo": [
            {"@id": _KLASS[kind], "@type": "dct:Standard"} for kind in table.regions
            if kind in _KLASS
        ],
        "dcat:landingPage": _link(f"{root}index.html"),
        "dcat:distribution": [
            _distribution(each, texts, root) for each in distributions(table.id)
        ],
    }  # fmt: skip


def _frequency(table: TableSpec, catalogue: Catalogue) -> str:
    kinds = catalogue.calendar.kinds
    yearly = [kind for kind in table.rounds if kind in kinds and kinds[kind].month is not None]
    return _FREQUENCIES[min(len(yearly), max(_FREQUENCIES))]


def _period(cube: SafeCube) -> Json:
    """From the first day of the first year to the last day of the last one."""
    codes = cube.dimensions[-1].codes
    return {
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": {"@value": f"{codes[0]}-01-01", "@type": "xsd:date"},
        "dcat:endDate": {"@value": f"{codes[-1]}-12-31", "@type": "xsd:date"},
    }


def _distribution(one: Distribution, texts: Texts, root: str) -> Json:
    found = {
        "@type": "dcat:Distribution",
        "dct:title": one.title,
        "dct:format": _link(one.form.file_type),
        "dcat:mediaType": _link(f"{_MEDIA_TYPES}{one.form.media_type}"),
        "dcat:accessURL": _link(f"{root}{one.path}"),
        "dcat:downloadURL": _link(f"{root}{one.path}"),
        "dct:language": [_link(_LANGUAGES[each]) for each in one.languages],
        "dct:license": _link(texts.licence_address),
        "adms:status": _link(_COMPLETED),
    }
    if one.form.standard is not None:
        found["dct:conformsTo"] = {"@id": one.form.standard, "@type": "dct:Standard"}
    return found


# --- parts ------------------------------------------------------------------------


def _link(address: str) -> Json:
    return {"@id": address}


def _dates(cubes: Sequence[SafeCube], release: ReleaseFacts) -> Json:
    """When the first and the last of the figures came."""
    moments = [facts.published for cube in cubes for facts in cube.vintages.values()]
    found = {
        "dct:issued": min(moments, default=release.updated),
        "dct:modified": max(moments, default=release.updated),
    }
    return {
        name: {"@value": utc(moment), "@type": "xsd:dateTime"} for name, moment in found.items()
    }
