"""The metadata of a table: its JSON-stat without figures, with its code lists."""

from __future__ import annotations

from collections.abc import Mapping

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs import jsonstat
from kostra_publish.preview.pxwebapi import codelists
from kostra_publish.preview.pxwebapi.asked import DRAFT, Asked, Json
from kostra_publish.preview.pxwebapi.selection import as_json, named


def metadata(asked: Asked, cube: SafeCube, applied: Mapping[str, str]) -> Json:
    """All that is said of a table; ``applied`` are code lists by the name of a dimension.

    ``value`` is there and has nothing in it, as in PxWebApi 2. Raises ProblemError for a dimension
    or code list that the table does not have.
    """
    dimensions = {named(cube, name).code: codelist for name, codelist in applied.items()}
    picked = {code: codelists.listed(cube, code, one) for code, one in dimensions.items() if one}
    return {**heading(asked, cube.part(picked), cube), "value": []}


def heading(asked: Asked, part: SafeCube, whole: SafeCube) -> Json:
    """All of the document of a part of a table but its figures, as this API gives it."""
    document = jsonstat.heading(part, asked.draft.catalogue, asked.language, asked.draft.release)
    for code, dimension in document["dimension"].items():
        dimension["extension"]["codelists"] = codelists.links(asked, whole, code)
    extension = document["extension"]
    extension["px"]["language"] = asked.called
    extension["kostra"]["draft"] = True
    _put_first(document, DRAFT.get(asked.language))
    return document


def _put_first(document: Json, note: str) -> None:
    """Put a note before all others: PxWeb 2 shows the first lines of them above the table."""
    notes, mandatory = document["note"], document["extension"]["noteMandatory"]
    places = sorted(range(len(notes)), key=lambda place: notes[place] != note)
    document["note"] = [notes[place] for place in places]
    document["extension"]["noteMandatory"] = {
        str(n): True for n, place in enumerate(places) if str(place) in mandatory
    }


def default_selection(asked: Asked, cube: SafeCube) -> Json:
    """The default selection: what is shown of a table when nothing is chosen."""
    path = f"tables/{cube.table.id}/defaultselection"
    return {"language": asked.called, **as_json(cube), "links": [asked.link("self", path)]}
