"""JSON-stat documents with all that belongs together in one place, so that they can be walked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from kostra_publish.comparing.sides import COLLECTION, Heads, Json, Side
from kostra_publish.specs.models import LANGUAGES, Language

Node = Any
"""A part of a document: a mapping, a list, a text, a number, true, false or nothing."""

ABSENT: Final = object()
"""What stands for a part that a document does not have."""

NOTES: Final = "note"
ORDER: Final = "order"
CATEGORIES: Final = "categories"


def arranged(heads: Heads) -> dict[Language, Json]:
    """Documents with all that belongs together under one key.

    ``dimension.<code>.categories.<code>`` has all that is said of a category, and ``note`` is a
    list of texts with their marks. What follows from the rest is marked where it does follow:
    first and last period, the title without dimensions, most decimals of any measure; sizes are
    left out then.
    """
    return {language: _arranged(head) for language, head in heads.items()}


def _arranged(head: Json) -> Json:
    result = {key: value for key, value in head.items() if key not in {"id", "size", "role"}}
    extension = dict(head.get("extension", {}))
    result[NOTES] = _marked(result.pop("note", []), extension.pop("noteMandatory", {}))
    dimensions = head.get("dimension", {})
    codes = {code: _codes(dimension) for code, dimension in dimensions.items()}
    roles = {code: name for name, found in head.get("role", {}).items() for code in found}
    result[ORDER] = head.get("id", [])
    result["dimension"] = {
        code: _dimension(dimension, codes[code], roles.pop(code, ""))
        for code, dimension in dimensions.items()
    }
    if roles:
        result["role"] = roles
    if set(result[ORDER]) != set(dimensions):
        result["id"] = result[ORDER]
    if (size := head.get("size", [])) != [len(found) for found in codes.values()]:
        result["size"] = size
    periods = next(
        (codes[code] for code in head.get("role", {}).get("time", []) if codes.get(code)), [""]
    )
    _mark(extension, firstPeriod=periods[0], lastPeriod=periods[-1])
    if "px" in extension:
        extension["px"] = _px(extension["px"], head)
    if "kostra" in extension:
        extension["kostra"] = _kostra(extension["kostra"])
    result["extension"] = extension
    return result


def _codes(dimension: Json) -> list[str]:
    index = dimension.get("category", {}).get("index", {})
    return list(index) if isinstance(index, list) else sorted(index, key=index.__getitem__)


def _dimension(dimension: Json, codes: list[str], role: str) -> Json:
    """A dimension with what is said of each category under the category's code."""
    extension = dict(dimension.get("extension", {}))
    category = dict(dimension.get("category", {}))
    if category.get("index") in ({code: place for place, code in enumerate(codes)}, codes):
        del category["index"]
    marks = extension.pop("categoryNoteMandatory", {})
    categories: dict[str, Json] = {code: {} for code in codes}
    if "note" in category:
        category["note"] = {
            code: _marked(texts, marks.get(code, {})) for code, texts in category["note"].items()
        }
        marks = {code: found for code, found in marks.items() if code not in category["note"]}
    for part in (category, extension):
        for key in [key for key, value in part.items() if _by_code(value, codes)]:
            for code, value in part.pop(key).items():
                categories[code][key] = value
    rest = {"category": category, "categoryNoteMandatory": marks}
    return {
        **{key: value for key, value in dimension.items() if key not in {"category", "extension"}},
        **({"role": role} if role else {}),
        **{key: value for key, value in rest.items() if value},
        ORDER: codes,
        CATEGORIES: categories,
        "extension": extension,
    }


def _by_code(value: Node, codes: Sequence[str]) -> bool:
    """Whether something is said by category (or of no category at all)."""
    return isinstance(value, dict) and value.keys() <= set(codes)


def _marked(texts: Sequence[str], marks: Mapping[str, bool]) -> list[Json]:
    """Notes with their marks. A mark on a note that is not there stays as one without a text."""
    places = {*map(str, range(len(texts))), *marks}
    return [
        {
            "text": texts[int(place)] if place.isdigit() and int(place) < len(texts) else "",
            "mandatory": marks.get(place, False),
        }
        for place in sorted(places, key=lambda place: (len(place), place))
    ]


class Follows:
    """A value that says no more than the rest of its document; two of them are never told apart."""

    def __init__(self, value: Node) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Follows)

    def __hash__(self) -> int:
        return hash(Follows)


def _mark(part: Json, **following: Node) -> None:
    """Mark values that are what follows from the rest."""
    for key, value in following.items():
        if key in part and part[key] == value:
            part[key] = Follows(value)


def _px(px: Json, head: Json) -> Json:
    result = dict(px)
    units = [
        unit.get("decimals", 0)
        for dimension in head.get("dimension", {}).values()
        for unit in dimension.get("category", {}).get("unit", {}).values()
    ]
    _mark(result, decimals=max(units, default=None))
    # The title names the dimensions after these words, or the contents do so themselves.
    label = str(head.get("label", ""))
    _mark(result, contents=label)
    _mark(result, contents=re.split(", (?:etter|by) ", label)[0])
    return result


def _kostra(kostra: Json) -> Json:
    """Breaks by what they are about, so that a new wording is a change of that break."""
    breaks = {
        " ".join([each.get("period", ""), *each.get("measures", []), *each.get("regions", [])])
        + f"{'' if not number else f' ({number})'}": each.get("text", "")
        for number, each in _numbered(kostra.get("breaks", []))
    }
    return {**kostra, "breaks": breaks} if "breaks" in kostra else kostra


def _numbered(breaks: Sequence[Json]) -> Iterator[tuple[int, Json]]:
    """Each break with how many before it are about the same."""
    seen: dict[str, int] = {}
    for each in breaks:
        about = json.dumps({key: value for key, value in each.items() if key != "text"})
        yield seen.setdefault(about, 0), each
        seen[about] += 1


def without_tables(side: Side) -> Heads:
    """The list of tables without what it says of a table in the table's own words."""
    heads = side.heads.get(COLLECTION, {language: {} for language in LANGUAGES})
    return {
        language: _list_of_tables(document, language, side) for language, document in heads.items()
    }


def _list_of_tables(document: Json, language: Language, side: Side) -> Json:
    items: dict[str, Json] = {}
    for item in document.get("link", {}).get("item", []):
        name = Path(str(item.get("href", ""))).name.partition(".")[0]
        rest = {key: value for key, value in item.items() if key != "href"}
        if name in side.heads:
            rest = _beyond(rest, side.heads[name][language])
        if rest:
            items[name] = rest
    link = {key: value for key, value in document.get("link", {}).items() if key != "item"}
    return {**document, "link": {**link, "item": items}}


def _beyond(part: Json, whole: Json) -> Json:
    """What ``part`` says that ``whole`` does not say at the same place."""
    result: Json = {}
    for key, value in part.items():
        other = whole.get(key, ABSENT)
        if isinstance(value, dict) and isinstance(other, dict):
            if rest := _beyond(value, other):
                result[key] = rest
        elif value != other:
            result[key] = value
    return result
