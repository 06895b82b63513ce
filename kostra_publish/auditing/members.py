"""The members that documents in JSON-stat have as this program writes them, and no others.

Everywhere else a number is a finding. Here are the few places where one stands beside the
figures, each with what it must agree with, and the places of codes, which must be the table's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from kostra_publish.auditing.released import demand
from kostra_publish.disclosure.safe import CONTENTS, TIME

Json = Any

_DATASET: Final = frozenset({
    "version", "class", "label", "source", "updated", "note", "role", "id", "size", "dimension",
    "extension",
})  # fmt: skip
_EXTENSION: Final = frozenset({
    "noteMandatory", "contact", "discontinued", "firstPeriod", "lastPeriod", "px", "kostra",
})  # fmt: skip
_PX: Final = frozenset({
    "tableid", "matrix", "decimals", "official-statistics", "aggregallowed", "copyright",
    "language", "contents", "heading", "stub", "subject-code", "subject-area", "nextUpdate",
})  # fmt: skip
_KOSTRA: Final = frozenset({
    "preliminary", "synthetic", "provisional", "breaks", "rounds", "replaces", "estimated",
    "corrections", "licence",
})  # fmt: skip
_OF_YEARS: Final = ("rounds", "replaces", "estimated")
_DIMENSION: Final = frozenset({"label", "category", "extension", "link"})
_CATEGORY: Final = frozenset({"index", "label", "unit", "note"})
_UNIT: Final = frozenset({"base", "decimals", "position"})
_OF_MEASURES: Final = ("refperiod", "measuringType", "priceType", "adjustment", "basePeriod")
_OF_DIMENSION: Final = frozenset({
    "elimination", "eliminationValueCode", "show", "codelists", "noteMandatory",
    "categoryNoteMandatory", *_OF_MEASURES,
})  # fmt: skip
_COLLECTION: Final = frozenset({
    "version", "class", "label", "source", "updated", "note", "link", "extension",
})  # fmt: skip
_ITEM: Final = frozenset({"class", "href", "label", "updated", "extension"})


def check_dataset(document: Json) -> None:
    """Raise ValueError unless a table's document, without its figures, has these and no others.

    May raise LookupError, TypeError or AttributeError where it is of another shape.
    """
    extension = document["extension"]
    _only(document, _DATASET)
    _only(extension, _EXTENSION)
    _only(extension["px"], _PX)
    _only(extension["kostra"], _KOSTRA)
    demand(list(document["dimension"]) == document["id"])
    _check_numbers(extension.get("noteMandatory", {}), document.get("note", []))
    every = {name: of["category"]["index"] for name, of in document["dimension"].items()}
    for name, of in document["dimension"].items():
        _check_dimension(name, of, every[name])
    _check_kostra(extension["kostra"], every)
    units = document["dimension"][CONTENTS]["category"]["unit"]
    demand(extension["px"]["decimals"] == max(of["decimals"] for of in units.values()))
    years = [*every[TIME]]
    demand([extension["firstPeriod"], extension["lastPeriod"]] == [years[0], years[-1]])


def check_collection(document: Json) -> None:
    """Raise ValueError unless a list of tables has these members and no others.

    May raise LookupError, TypeError or AttributeError where it is of another shape.
    """
    _only(document, _COLLECTION)
    demand(document["class"] == "collection")
    extension = document["extension"]
    _only(extension, {"noteMandatory", "kostra"})
    _only(extension["kostra"], {"round", "nextUpdate"})
    _check_numbers(extension.get("noteMandatory", {}), document.get("note", []))
    _only(document["link"], {"item"})
    for item in document["link"]["item"]:
        _only(item, _ITEM)
        _only(item["extension"], {"kostra"})
        _only(item["extension"]["kostra"], {"preliminary", "synthetic"})


def _check_dimension(name: str, of: Json, codes: Mapping[str, int]) -> None:
    category, extension = of["category"], of["extension"]
    _only(of, _DIMENSION)
    _only(category, _CATEGORY)
    _only(extension, _OF_DIMENSION)
    demand(list(category["label"]) == list(codes))
    demand(extension.get("eliminationValueCode") in {None, *codes})
    demand(extension.get("codelists", []) == [])
    notes = category.get("note", {})
    _only(notes, codes)
    _only(category.get("unit", {}), codes if name == CONTENTS else ())
    for unit in category.get("unit", {}).values():
        _only(unit, _UNIT)
    for key in _OF_MEASURES:
        _only(extension.get(key, {}), codes)
    mandatory = extension.get("categoryNoteMandatory", {})
    _only(mandatory, notes)
    for code, numbers in mandatory.items():
        _check_numbers(numbers, notes[code])
    _check_numbers(extension.get("noteMandatory", {}), [])
    for link in of.get("link", {}).get("describedby", []):
        _only(link, {"extension"})
        _only(link["extension"], {name})


def _check_kostra(kostra: Json, every: Mapping[str, Mapping[str, int]]) -> None:
    """What this program adds: years and codes must be the table's."""
    codes = {*every}.union(*every.values())
    for key in _OF_YEARS:
        _only(kostra.get(key, {}), every[TIME])
    for shares in kostra.get("estimated", {}).values():
        _only(shares, codes)
    _only(kostra.get("provisional", {}), {"table", "dimensions", "measures"})
    for kind, of in kostra.get("provisional", {}).items():
        demand(kind == "table" or {*of} <= codes)


def _check_numbers(mandatory: Json, notes: Sequence[str]) -> None:
    """Which notes are mandatory, by number."""
    _only(mandatory, [str(number) for number in range(len(notes))])
    demand(all(said is True for said in mandatory.values()))


def _only(document: Mapping[str, Any], names: Collection[str]) -> None:
    demand(document.keys() <= {*names})
