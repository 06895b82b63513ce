"""What is asked for of a table: which categories, and how they are to be laid out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kostra_publish.codes.regions import BYDELER_I_ALT, LAND
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.facts import elimination, layout
from kostra_publish.preview.pxwebapi.codelists import listed
from kostra_publish.preview.pxwebapi.expressions import expanded, find, items
from kostra_publish.preview.pxwebapi.problems import Problem, ProblemError
from kostra_publish.specs.dimensions import TIME, CubeDimension
from kostra_publish.specs.models import Presentation

MOST_CELLS: Final = 800_000
"""The most cells of an answer: as many as the statbank gives."""

_TIME: Final = "time"
"""What the time dimension may always be called."""
_MEASURES: Final = 5
_YEARS: Final = 2


class _Model(BaseModel):
    """What programs send; upper and lower case of keys are alike, and unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, content: object) -> object:
        if not isinstance(content, dict):
            return content
        return {str(key).casefold(): value for key, value in content.items() if value is not None}


class Wanted(_Model):
    """What is asked for of a dimension."""

    dimension: str = Field(alias="variablecode")
    items: list[str] = Field(alias="valuecodes", default_factory=list)
    """Codes and expressions; none: the dimension is to be left out."""
    codelist: str | None = None


class Placement(_Model):
    """Which dimensions stand across the top and which at the side."""

    heading: list[str] = Field(default_factory=list)
    stub: list[str] = Field(default_factory=list)


class Query(_Model):
    """What is asked for of a table."""

    wanted: list[Wanted] = Field(alias="selection", default_factory=list)
    """Nothing: the default selection."""
    placement: Placement = Placement()


# --- how it is asked ----------------------------------------------------------------


def in_address(parameters: Iterable[tuple[str, str]]) -> Query:
    """The query that parameters of an address ask, such as ``valueCodes[Tid]=top(2)``."""
    pairs = [*parameters]
    values = by_dimension(pairs, "valuecodes")
    codelists = by_dimension(pairs, "codelist")
    plain = {name.casefold(): value for name, value in pairs}
    return Query.model_validate(
        {
            "selection": [
                {
                    "variableCode": dimension,
                    "valueCodes": items(value),
                    "codelist": codelists.get(dimension),
                }
                for dimension, value in values.items()
            ],
            "placement": {side: items(plain.get(side, "")) for side in ("heading", "stub")},
        }
    )


def by_dimension(parameters: Iterable[tuple[str, str]], name: str) -> dict[str, str]:
    """The values of parameters called ``name[…]``, by the dimension that the brackets name.

    One that is given several times is one list. Raises ProblemError where brackets are missing.
    """
    found: dict[str, list[str]] = {}
    for key, value in parameters:
        if not key.casefold().startswith(name):
            continue
        dimension = key[len(name) :]
        if not (dimension.startswith("[") and dimension.endswith("]") and dimension[1:-1]):
            raise ProblemError(
                Problem.BAD_REQUEST,
                f"{key} does not name a dimension",
                fix=f"Write {name}[Tid]=…, with the code of a dimension in brackets.",
            )
        found.setdefault(dimension[1:-1], []).append(value)
    return {dimension: ",".join(values) for dimension, values in found.items()}


def in_body(body: bytes) -> Query:
    """The query that the body of a request asks; the default selection where there is none.

    Raises ProblemError for what is no JSON of the right form.
    """
    try:
        content = json.loads(body) if body.strip() else None
        return Query() if content is None else Query.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        problem = f"{place or 'the body'}: {first['msg']}"
    except ValueError:
        problem = "the body is no JSON"
    raise ProblemError(
        Problem.BAD_REQUEST,
        problem,
        fix='Send {"selection": [{"variableCode": "Tid", "valueCodes": ["top(2)"]}]}.',
    )


# --- what is chosen -----------------------------------------------------------------


@dataclass(frozen=True)
class Chosen:
    """Categories of a table, by the code of their dimension, and where dimensions stand."""

    picked: Mapping[str, Sequence[str]]
    eliminated: frozenset[str] = frozenset()
    """Dimensions that are left out; their total is what is picked."""
    placement: Presentation | None = None

    def of(self, cube: SafeCube) -> SafeCube:
        """The part of the table that was chosen, laid out as it was asked."""
        part = cube.part(self.picked, without=self.eliminated)
        if self.placement is None:
            return part
        return part.said(cube.table.model_copy(update={"presentation": self.placement}))


def chosen(cube: SafeCube, query: Query) -> Chosen:
    """What a query chooses of a table.

    Raises ProblemError for what the table does not have, a dimension that must be chosen from and
    is not, more cells than an answer has, or a layout with a dimension twice or not at all.
    """
    if not query.wanted:
        found = Chosen(default(cube))
    else:
        given = _given(cube, query.wanted)
        totals = {
            one.code: (total,)
            for one in cube.dimensions
            if not given.get(one.code) and (total := elimination(one)) is not None
        }
        _refuse_missing(cube, {**given, **totals})
        found = Chosen({**given, **totals}, frozenset(totals))
    cells = prod(map(len, found.picked.values()))
    if cells > MOST_CELLS:
        raise ProblemError(
            Problem.TOO_MANY_CELLS,
            f"{cells} cells are selected, and an answer has {MOST_CELLS} at most",
            fix="Ask for fewer categories at a time.",
        )
    codes = [code for code in found.picked if code not in found.eliminated]
    return Chosen(found.picked, found.eliminated, _placed(cube, codes, query.placement))


def default(cube: SafeCube) -> dict[str, tuple[str, ...]]:
    """What is shown of a table when nothing is chosen: plain codes, by dimension.

    The whole country, the newest years, the first measures; all of the last dimension between,
    and of others the total.
    """
    region, *between, contents, time = cube.dimensions
    return {
        region.code: (_country(region),),
        **{one.code: _whole(one) for one in between[:-1]},
        **{one.code: one.codes for one in between[-1:]},
        contents.code: contents.codes[:_MEASURES],
        time.code: time.codes[-_YEARS:],
    }


def _country(region: CubeDimension) -> str:
    whole = (LAND, BYDELER_I_ALT, *region.codes)
    return next(code for code in whole if code in region.codes)


def _whole(dimension: CubeDimension) -> tuple[str, ...]:
    return (dimension.total or dimension.codes[0],)


def _given(cube: SafeCube, wanted: Sequence[Wanted]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in wanted:
        dimension = named(cube, one.dimension)
        if dimension.code in found:
            raise ProblemError(
                Problem.BAD_REQUEST,
                f"{dimension.code} is chosen from twice",
                fix="Name all of its categories at one place.",
            )
        if one.codelist:
            dimension = dimension.only(listed(cube, dimension.code, one.codelist))
        found[dimension.code] = expanded(one.items, dimension)
    return found


def named(cube: SafeCube, name: str) -> CubeDimension:
    """The dimension that a program calls by its code or, if it is time, ``time``.

    Raises ProblemError where the table has none of that name.
    """
    own = {one.code: one for one in cube.dimensions}
    code = find(name, [*own]) or (TIME if name.casefold() == _TIME else None)
    if code is None:
        raise ProblemError(
            Problem.VARIABLE,
            f"table {cube.table.id} has no dimension {name}",
            fix=f"Its dimensions are {', '.join(own)}.",
        )
    return own[code]


def _refuse_missing(cube: SafeCube, picked: Mapping[str, Sequence[str]]) -> None:
    if missing := [one.code for one in cube.dimensions if not picked.get(one.code)]:
        first = cube.dimension(missing[0])
        raise ProblemError(
            Problem.MISSING_SELECTION,
            f"nothing is chosen of {', '.join(missing)}, which no total stands for",
            fix=f"Name categories, such as {first.codes[0]} of {first.code}, or * for all.",
        )


def _placed(cube: SafeCube, codes: Sequence[str], asked: Placement) -> Presentation | None:
    """Where dimensions stand; those that are not named stand on the side that is not."""
    heading, stub = (
        [named(cube, name).code for name in side] for side in (asked.heading, asked.stub)
    )
    both = [*heading, *stub]
    if not both:
        return None
    rest = [code for code in codes if code not in both]
    if len(set(both)) < len(both) or not set(both) <= set(codes) or (rest and heading and stub):
        raise ProblemError(
            Problem.PLACEMENT,
            f"heading {', '.join(heading) or 'nothing'} and stub {', '.join(stub) or 'nothing'} do"
            " not place each dimension once",
            fix=f"Place {', '.join(codes)}, or name one of heading and stub alone.",
        )
    if not rest:
        return Presentation(heading=heading, stub=stub)
    return Presentation(heading=heading or rest, stub=stub or rest)


# --- as an answer -------------------------------------------------------------------


def as_json(cube: SafeCube) -> dict[str, object]:
    """The default selection, as a query that could be sent."""
    stub, heading = layout(cube)
    return {
        "selection": [
            {"variableCode": code, "valueCodes": [*codes]} for code, codes in default(cube).items()
        ],
        "placement": {"heading": heading, "stub": stub},
    }
