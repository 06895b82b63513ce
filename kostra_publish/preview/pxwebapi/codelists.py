"""Code lists: the regions of a table by kind, so that a program can ask for all fylker.

Each table has its own, since not every table has the same regions: ``vs_13995_fylke``. They are
value sets and no aggregations: what larger regions show is a figure of their own, and never the
sum of others.
"""

from __future__ import annotations

from typing import Final

from kostra_publish.codes.regions import REGION_KINDS, kind_of
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.preview.pxwebapi.asked import Asked, Json
from kostra_publish.preview.pxwebapi.expressions import find
from kostra_publish.preview.pxwebapi.problems import Problem, ProblemError
from kostra_publish.specs.models import LANGUAGES

_TYPE: Final = "Valueset"


def of(cube: SafeCube) -> dict[str, dict[str, list[str]]]:
    """The code lists of a table: by dimension and id, their codes.

    A dimension whose categories are all of one kind needs none.
    """
    region = cube.dimensions[0]
    kinds: dict[str, list[str]] = {}
    for code in region.codes:
        kinds.setdefault(kind_of(code), []).append(code)
    if len(kinds) == 1:
        return {}
    return {
        region.code: {
            f"vs_{cube.table.id}_{kind}": kinds[kind] for kind in REGION_KINDS if kind in kinds
        }
    }


def listed(cube: SafeCube, dimension: str, name: str) -> list[str]:
    """The codes in a code list of a dimension.

    Raises ProblemError where the dimension has no such list.
    """
    own = of(cube).get(dimension, {})
    found = find(name, [*own])
    if found is None:
        raise _unknown(Problem.CODELIST, name, f"{dimension} of table {cube.table.id}", [*own])
    return own[found]


def named(asked: Asked, name: str) -> Json:
    """A code list as PxWebApi 2 gives it.

    Raises ProblemError where no table has it.
    """
    for cube in asked.tables():
        for dimension, lists in of(cube).items():
            if (found := find(name, [*lists])) is not None:
                return _document(asked, cube, dimension, found, lists[found])
    raise _unknown(Problem.NO_CODELIST, name, "the draft", [])


def links(asked: Asked, cube: SafeCube, dimension: str) -> list[Json]:
    """What the metadata of a dimension say of its code lists."""
    return [
        {
            "id": name,
            "label": _label(asked, codes),
            "type": _TYPE,
            "links": [asked.link("metadata", f"codelists/{name}")],
        }
        for name, codes in of(cube).get(dimension, {}).items()
    ]


def _document(asked: Asked, cube: SafeCube, dimension: str, name: str, codes: list[str]) -> Json:
    own = cube.dimension(dimension).only(codes)
    path = f"codelists/{name}"
    return {
        "id": name,
        "label": _label(asked, codes),
        "language": asked.called,
        "languages": [*LANGUAGES],
        "elimination": False,
        "type": _TYPE,
        "values": [
            {"code": code, "label": label.get(asked.language), "valueMap": [code]}
            for code, label in zip(own.codes, own.labels, strict=True)
        ],
        "links": [
            asked.link("self", path),
            *(asked.link("alternate", path, language) for language in asked.others()),
        ],
    }


def _label(asked: Asked, codes: list[str]) -> str:
    """The kind of region; all of a list are of one."""
    names = {str(kind): text for kind, text in asked.draft.catalogue.texts.region.items()}
    return names[kind_of(codes[0])].get(asked.language)


def _unknown(problem: Problem, name: str, owner: str, known: list[str]) -> ProblemError:
    listed_there = f"Its code lists are {', '.join(known)}." if known else ""
    return ProblemError(
        problem,
        f"{owner} has no code list {name}",
        fix=listed_there or "The metadata of a table name the code lists of its dimensions.",
    )
