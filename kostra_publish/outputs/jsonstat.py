"""JSON-stat 2.0, as statbank users get it.

One file per table and language, and one collection per language. Figures are the
same in every language, so their text is made once, by Polars. ``dataset`` gives a
whole document as pyjstat's ``Dataset``. Files are not written through pyjstat: that
takes its own spacing and escapes, and a second or more per million cells.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl

from kostra_publish.disclosure.safe import SafeCube, only_safe
from kostra_publish.outputs.facts import (
    Footnote,
    TableFacts,
    breaks,
    elimination,
    footnotes,
    layout,
    measures,
    measuring_type,
    number,
    numbered_title,
    title,
)
from kostra_publish.releases.rounds import ReleaseFacts, utc
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, CubeDimension
from kostra_publish.specs.models import LANGUAGES, Language, RegionKind

FOLDER: Final = "public/statbank/jsonstat"

Json = dict[str, Any]

# Klass 131 holds the kommuner, Klass 103 Oslo's bydeler.
_KLASS: Final[Mapping[RegionKind, int]] = {"kommune": 131, "bydel": 103}

_PRICES: Final = {"current": "Current", "constant": "Fixed", "none": "NotApplicable"}


def write_jsonstat(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """Every table in every language, then the collections: (path in the release, bytes)."""
    for cube in only_safe(cubes):
        cells = figures(cube)
        for language in LANGUAGES:
            document = heading(cube, catalogue, language, release)
            yield f"{FOLDER}/{file_name(cube.table.id, language)}", render(document, cells)
    for language in LANGUAGES:
        document = collection(cubes, catalogue, language, release)
        yield f"{FOLDER}/{file_name('collection', language)}", render(document)


def file_name(table_id: str, language: Language) -> str:
    """The name of a table's file in a language."""
    return f"{table_id}.{language}.json"


def render(document: Mapping[str, Any], cells: str = "") -> bytes:
    """A document as UTF-8 without spaces, with ``figures`` as its last members."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return (f"{text[:-1]},{cells}}}" if cells else text).encode()


def dataset(
    cube: SafeCube, catalogue: Catalogue, language: Language, release: ReleaseFacts
) -> Json:
    """The whole document of a table, as pyjstat's ``Dataset`` (a dict).

    ``.write("dataframe")`` on it gives a pandas frame, without the signs.
    """
    # pyjstat brings pandas, which takes longer to load than a table takes to write.
    from pyjstat import pyjstat  # noqa: PLC0415

    document = render(heading(cube, catalogue, language, release), figures(cube))
    result: Json = pyjstat.Dataset.read(document.decode())
    return result


def figures(cube: SafeCube) -> str:
    """The JSON members ``value`` and, where there are signs, ``status``.

    ``value`` is row-major, null where there is a sign. Numbers are written as short as
    they can be: 117 for 117.0. ``status`` maps the flat index to the sign.
    """
    cells = pl.DataFrame({"value": cube.values, "status": cube.statuses}).with_row_index("n")
    values = cells.select(number("value").fill_null("null").str.join(",")).item()
    signs = (
        cells.lazy()
        .filter(pl.col("status").is_not_null())
        .select(pl.format('"{}":"{}"', "n", "status").str.join(","))
        .collect()
        .item()
    )
    return f'"value":[{values}]' + (f',"status":{{{signs}}}' if signs else "")


def heading(
    cube: SafeCube, catalogue: Catalogue, language: Language, release: ReleaseFacts
) -> Json:
    """All of a table's document but its figures."""
    facts = TableFacts.of(cube, release)
    notes = footnotes(cube, catalogue)
    return {
        "version": "2.0",
        "class": "dataset",
        "label": title(cube, language),
        "source": catalogue.texts.publisher.get(language),
        "updated": utc(facts.updated),
        **_notes(notes.table, language),
        "role": _roles(cube),
        "id": [dimension.code for dimension in cube.dimensions],
        "size": list(cube.size),
        "dimension": {
            dimension.code: _dimension(
                dimension, cube, catalogue, language, notes.categories.get(dimension.code, {})
            )
            for dimension in cube.dimensions
        },
        "extension": {
            **_mandatory(notes.table),
            "contact": [{"raw": catalogue.texts.contact.get(language)}],
            "discontinued": False,
            "firstPeriod": cube.dimensions[-1].codes[0],
            "lastPeriod": cube.dimensions[-1].codes[-1],
            "px": _px(cube, catalogue, language, facts),
            "kostra": _kostra(cube, catalogue, language, facts),
        },
    }


def _roles(cube: SafeCube) -> Json:
    roles = {"time": "time", "geo": "geo", "metric": "metric"}
    return {
        name: codes
        for name, role in roles.items()
        if (codes := [item.code for item in cube.dimensions if item.role == role])
    }


# --- dimensions -----------------------------------------------------------------


def _dimension(
    dimension: CubeDimension,
    cube: SafeCube,
    catalogue: Catalogue,
    language: Language,
    notes: Mapping[str, Sequence[Footnote]],
) -> Json:
    category: Json = {
        "index": {code: position for position, code in enumerate(dimension.codes)},
        "label": {
            code: label.get(language)
            for code, label in zip(dimension.codes, dimension.labels, strict=True)
        },
    }
    total = elimination(dimension)
    extension: Json = {"elimination": total is not None}
    if total is not None:
        extension["eliminationValueCode"] = total
    extension |= {"show": "code_value" if dimension.role == "geo" else "value", "codelists": []}
    if dimension.code == CONTENTS:
        category["unit"] = _units(cube, catalogue, language)
        extension |= _contents(cube, language)
    if notes:
        category["note"] = {
            code: [note.text.get(language) for note in found] for code, found in notes.items()
        }
        extension["categoryNoteMandatory"] = {
            code: which for code, found in notes.items() if (which := _which(found))
        }
    result: Json = {
        "label": dimension.label.get(language),
        "category": category,
        "extension": extension,
    }
    klass = [_KLASS[kind] for kind in cube.table.regions if kind in _KLASS]
    if dimension.role == "geo" and klass:
        urn = f"urn:ssb:classification:klass:{klass[0]}"
        result["link"] = {"describedby": [{"extension": {dimension.code: urn}}]}
    return result


def _units(cube: SafeCube, catalogue: Catalogue, language: Language) -> Json:
    return {
        measure.code: {
            "base": catalogue.texts.units[measure.unit].get(language),
            "decimals": measure.decimals,
            "position": "end",
        }
        for measure in measures(cube)
    }


def _contents(cube: SafeCube, language: Language) -> Json:
    """What ContentsCode says of each measure beside its unit."""
    found = measures(cube)
    table = cube.table
    return {
        "refperiod": {
            item.code: (item.reference_period or table.reference_period).get(language)
            for item in found
        },
        "measuringType": {item.code: measuring_type(item, table) for item in found},
        "priceType": {item.code: _PRICES[item.price_type] for item in found},
        "adjustment": {item.code: "None" for item in found},
        # No measure is an index.
        "basePeriod": {},
    }


# --- notes ----------------------------------------------------------------------


def _notes(notes: Sequence[Footnote], language: Language) -> Json:
    return {"note": [note.text.get(language) for note in notes]} if notes else {}


def _mandatory(notes: Sequence[Footnote]) -> Json:
    found = _which(notes)
    return {"noteMandatory": found} if found else {}


def _which(notes: Sequence[Footnote]) -> dict[str, bool]:
    return {str(number): True for number, note in enumerate(notes) if note.mandatory}


# --- the table as a whole -------------------------------------------------------


def _px(cube: SafeCube, catalogue: Catalogue, language: Language, facts: TableFacts) -> Json:
    table = cube.table
    stub, heads = layout(cube)
    return {
        "tableid": table.id,
        "matrix": table.id,
        "decimals": max(measure.decimals for measure in measures(cube)),
        "official-statistics": table.official and not facts.synthetic,
        "aggregallowed": False,
        "copyright": True,
        "language": language,
        "contents": numbered_title(table, language),
        "heading": heads,
        "stub": stub,
        "subject-code": catalogue.texts.subject_code,
        "subject-area": catalogue.texts.subject_area.get(language),
        **({"nextUpdate": utc(facts.next_update)} if facts.next_update else {}),
    }


def _kostra(cube: SafeCube, catalogue: Catalogue, language: Language, facts: TableFacts) -> Json:
    """Our own additions: what the statbank's own format has no place for."""
    return {
        "preliminary": [str(year) for year in facts.preliminary],
        "synthetic": bool(facts.synthetic),
        "provisional": {kind: list(codes) for kind, codes in facts.provisional.items()},
        "breaks": [
            {
                "period": str(item.vintage),
                "text": item.text.get(language),
                "measures": item.scope.measures,
                "regions": item.scope.regions,
            }
            for item in breaks(cube)
        ],
        "rounds": {str(year): vintage.round for year, vintage in cube.vintages.items()},
        "replaces": {
            str(year): vintage.replaces
            for year, vintage in cube.vintages.items()
            if vintage.replaces is not None
        },
        "estimated": {
            str(year): vintage.estimated
            for year, vintage in cube.vintages.items()
            if vintage.estimated
        },
        "corrections": [
            {
                "period": str(year),
                "date": correction.day.isoformat(),
                "text": correction.reason.get(language),
            }
            for year, vintage in cube.vintages.items()
            for correction in vintage.corrected
        ],
        "licence": catalogue.texts.licence,
    }


def collection(
    cubes: Sequence[SafeCube], catalogue: Catalogue, language: Language, release: ReleaseFacts
) -> Json:
    """The document that lists the tables in a language; links are relative to it."""
    facts = [TableFacts.of(cube, release) for cube in cubes]
    synthetic = any(item.synthetic for item in facts)
    return {
        "version": "2.0",
        "class": "collection",
        "label": catalogue.texts.subject_area.get(language),
        "source": catalogue.texts.publisher.get(language),
        "updated": utc(release.updated),
        **({"note": [catalogue.texts.synthetic.get(language)]} if synthetic else {}),
        "link": {
            "item": [
                {
                    "class": "dataset",
                    "href": file_name(cube.table.id, language),
                    "label": title(cube, language),
                    "updated": utc(item.updated),
                    "extension": {
                        "kostra": {
                            "preliminary": [str(year) for year in item.preliminary],
                            "synthetic": bool(item.synthetic),
                        }
                    },
                }
                for cube, item in zip(cubes, facts, strict=True)
            ]
        },
        "extension": {
            **({"noteMandatory": {"0": True}} if synthetic else {}),
            "kostra": {
                "round": release.round.name,
                **({"nextUpdate": utc(release.next_update)} if release.next_update else {}),
            },
        },
    }
