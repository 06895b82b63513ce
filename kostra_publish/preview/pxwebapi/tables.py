"""The list of tables, and what the API says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from kostra_publish import __version__
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.facts import TableFacts, title
from kostra_publish.preview.pxwebapi.asked import ALIASES, DEFAULT, DRAFT, MARK, NAMES, Asked, Json
from kostra_publish.preview.pxwebapi.data import FORMATS, USUAL
from kostra_publish.preview.pxwebapi.problems import Problem, ProblemError
from kostra_publish.preview.pxwebapi.selection import MOST_CELLS
from kostra_publish.releases.rounds import utc
from kostra_publish.specs.models import LANGUAGES

_VERSION: Final = "2.0.0"
_PAGE_SIZE: Final = 20
_IN_TITLE: Final = "title:"


def config(asked: Asked) -> Json:
    """What the API can do. Calls are not limited; there must be a number, so it is a large one."""
    texts = asked.draft.catalogue.texts
    return {
        "apiVersion": _VERSION,
        "appVersion": __version__,
        "languages": [{"id": one, "label": NAMES[one]} for one in LANGUAGES],
        "defaultLanguage": DEFAULT,
        "maxDataCells": MOST_CELLS,
        "maxCallsPerTimeWindow": 10_000,
        "timeWindow": 1,
        "license": texts.licence_address,
        "sourceReferences": [
            {"language": one, "text": texts.publisher.get(one)} for one in LANGUAGES
        ],
        "defaultDataFormat": USUAL,
        "dataFormats": [*FORMATS],
        "features": [
            {"id": "draft", "params": [{"key": "round", "value": asked.draft.release.round.name}]},
            {
                "id": "languageAliases",
                "params": [{"key": alias, "value": own} for alias, own in ALIASES.items()],
            },
        ],
    }


def listing(asked: Asked, parameters: Mapping[str, str]) -> Json:
    """A page of the tables that a search finds; ``parameters`` by name in small letters.

    Raises ProblemError for a page that there is not, or a number that is none.
    """
    found = [cube for cube in asked.tables() if _is_found(asked, cube, parameters)]
    # Noughts and less stand for what is usual, as in PxWebApi 2.
    size = max(_number(parameters, "pagesize"), 0) or _PAGE_SIZE
    page = max(_number(parameters, "pagenumber"), 1)
    pages = max(-(-len(found) // size), 1)
    if page > pages:
        raise ProblemError(
            Problem.NO_PAGE,
            f"there is no page {page}",
            fix=f"There are {len(found)} tables on {pages} pages; ask for one of these.",
        )
    kept = {name: value for name, value in parameters.items() if name in {"query", "pastdays"}}

    def link(relation: str, number: int) -> Json:
        return asked.link(relation, "tables", pagesize=size, pageNumber=number, **kept)

    around = {"next": page + 1, "previous": page - 1, "last": pages}
    return {
        "language": asked.called,
        "tables": [entry(asked, cube) for cube in found[(page - 1) * size : page * size]],
        "page": {
            "pageNumber": page,
            "pageSize": size,
            "totalElements": len(found),
            "totalPages": pages,
            "links": [
                link(relation, number)
                for relation, number in around.items()
                if pages > 1 and 1 <= number <= pages
            ],
        },
        "links": [link("self", page)],
    }


def entry(asked: Asked, cube: SafeCube) -> Json:
    """What the list says of a table."""
    texts = asked.draft.catalogue.texts
    facts = TableFacts.of(cube, asked.draft.release)
    marks = [DRAFT, *([texts.synthetic] if facts.synthetic else [])]
    path = f"tables/{cube.table.id}"
    years = cube.dimensions[-1].codes
    return {
        "id": cube.table.id,
        "label": title(cube, asked.language),
        "description": " ".join(mark.get(asked.language) for mark in marks),
        "tags": [MARK.get(asked.language)],
        "updated": utc(facts.updated),
        "firstPeriod": years[0],
        "lastPeriod": years[-1],
        "category": "internal",
        "variableNames": [one.label.get(asked.language) for one in cube.dimensions],
        "discontinued": False,
        "source": texts.publisher.get(asked.language),
        "subjectCode": texts.subject_code,
        "timeUnit": "Annual",
        "paths": [[{"id": texts.subject_code, "label": texts.subject_area.get(asked.language)}]],
        "links": [
            asked.link("self", path),
            *(asked.link("alternate", path, language) for language in asked.others()),
            asked.link("metadata", f"{path}/metadata"),
            asked.link("data", f"{path}/data", outputFormat=USUAL),
        ],
    }


def _is_found(asked: Asked, cube: SafeCube, parameters: Mapping[str, str]) -> bool:
    """Whether all words that are searched for are in a table's texts, and it is new enough.

    Days are counted back from the hour of the draft's round.
    """
    if days := _number(parameters, "pastdays"):
        release = asked.draft.release
        if TableFacts.of(cube, release).updated < release.updated - timedelta(
            days=min(days, 10**5)
        ):
            return False
    words = parameters.get("query", "").casefold().split()
    if not words:
        return True
    texts = [cube.table.id, title(cube, asked.language)]
    in_title = " ".join(texts).casefold()
    everywhere = " ".join([*texts, *_names(asked, cube)]).casefold()
    return all(
        word.removeprefix(_IN_TITLE) in (in_title if word.startswith(_IN_TITLE) else everywhere)
        for word in (one.strip('*"') for one in words)
    )


def _names(asked: Asked, cube: SafeCube) -> Sequence[str]:
    """The names of dimensions and of their categories."""
    return [
        name.get(asked.language) for one in cube.dimensions for name in (one.label, *one.labels)
    ]


def _number(parameters: Mapping[str, str], name: str) -> int:
    """A parameter that is a whole number; 0 where it is not given."""
    text = parameters.get(name, "").strip() or "0"
    try:
        return int(text[:9])
    except ValueError:
        raise ProblemError(
            Problem.BAD_REQUEST, f"{name} is no whole number", fix=f"Write {name}=20."
        ) from None
