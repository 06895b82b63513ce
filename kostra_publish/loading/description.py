"""The statbank's description of a table (uttrekksbeskrivelse): which columns a load file has.

Read in either of its two shapes: as the API gives it, and as the client writes it with
``to_json``. Names are those of the API, its own spelling of ``deltabller`` among them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from kostra_publish.errors import Finding, LoadFileError
from kostra_publish.loading.findings import few_of_each

_FORMAT: Final = re.compile(r"format = (\S+)")
FETCH: Final = "Fetch the description again; docs/guide/loading.md tells how."
"""What is to be done about a description that is of no use."""


class Variable(BaseModel):
    """A column with codes, or with periods."""

    number: int = Field(alias="kolonnenummer")
    """The number of the column; the first is 1."""
    code: str = Field(alias="Klassifikasjonsvariabel")
    name: str = Field(alias="Variabeltext")
    code_list: str = Field(alias="Kodeliste_id")
    """The name of its code list; ``-`` where it has periods."""
    about: str = Field(alias="Kodeliste_text")

    @property
    def period(self) -> str | None:
        """How its periods are written, such as ``åååå`` or ``ååååKk``; None where it has codes."""
        found = _FORMAT.search(self.about)
        return None if found is None else found[1].replace("Å", "å")


class Measure(BaseModel):
    """A column with figures."""

    number: int = Field(alias="kolonnenummer")
    name: str = Field(alias="Text")
    unit: str = Field(alias="Enhet")
    decimals: int = Field(alias="Antall_lagrede_desimaler")
    """How many decimals are stored, neither more nor fewer."""


class SignColumn(BaseModel):
    """A column with the codes of signs (null_prikk_missing)."""

    number: int = Field(alias="kolonnenummer")
    of: int = Field(alias="gjelder_for__kolonner_nummer")
    """The number of the column with figures that its signs stand for."""


class Deltabell(BaseModel):
    """A load file, as the description wants it."""

    name: str = Field(alias="deltabell")
    variables: list[Variable] = Field(alias="variabler")
    measures: list[Measure] = Field(alias="statistikkvariabler")
    signs: list[SignColumn] = Field(default_factory=list, alias="null_prikk_missing")
    others: list[Any] = Field(default_factory=list, alias="internasjonal_rapportering")
    """Columns that no load file of this program has."""

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.variables) + len(self.measures) + len(self.signs) + len(self.others)


class _CodeList(BaseModel):
    codes: dict[str, str] = Field(alias="koder")


class _Sign(BaseModel):
    code: str = Field(alias="Kode")


class _Document(BaseModel):
    """What is used of a description, in the names of the saved shape."""

    tableid: int
    variables: list[Deltabell]
    codelists: dict[str, _CodeList]
    suppression: list[_Sign] | None


@dataclass(frozen=True)
class Description:
    """A description that reads."""

    path: Path
    table: int
    """The number of the table."""
    deltabeller: Mapping[str, Deltabell]
    """By their names."""
    code_lists: Mapping[str, Mapping[str, str]]
    """By their names: texts by code."""
    signs: frozenset[str]
    """The codes of signs."""

    def codes(self, variable: Variable) -> Mapping[str, str] | None:
        """The codes of a variable with their texts; None where it has periods."""
        return None if variable.period is not None else self.code_lists[variable.code_list]


def read(path: Path) -> Description:
    """Read a description in either shape.

    Raises LoadFileError when it does not read, or has columns that do not hold together.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        fix = "Name the file that the description was saved in; docs/guide/loading.md tells how."
        raise LoadFileError([Finding(str(path), "", "", "cannot be read", fix)]) from error
    try:
        # The API is known to give control characters within texts.
        document = json.loads(data.decode(), strict=False)
        found = _Document.model_validate(_as_saved(document))
    except ValidationError as error:
        raise LoadFileError(
            few_of_each(
                Finding(str(path), "", ".".join(map(str, one["loc"])), one["msg"], FETCH)
                for one in error.errors(include_input=False, include_url=False)
            )
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        rule = "is not a description of a table, in neither of its shapes"
        raise LoadFileError([Finding(str(path), "", "", rule, FETCH)]) from error
    description = Description(
        path,
        found.tableid,
        {part.name: part for part in found.variables},
        {name: of.codes for name, of in found.codelists.items()},
        frozenset(sign.code for sign in found.suppression or ()),
    )
    _refuse_loose(description)
    return description


def _as_saved(document: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON holds anything
    """The saved shape of either shape."""
    if "Uttaksbeskrivelse_lagd" not in document:
        # Without code lists the client writes a list.
        return {**document, "codelists": document["codelists"] or {}}
    lists = [*document.get("kodelister", []), *document.get("IRkodelister", [])]
    return {
        "tableid": document["TabellId"],
        "variables": document["deltabller"],
        "codelists": {
            of["kodeliste"]: {"koder": {one["kode"]: one["text"] for one in of["koder"]}}
            for of in lists
        },
        "suppression": document.get("null_prikk_missing_kodeliste"),
    }


def _refuse_loose(description: Description) -> None:
    """Refuse columns that are not numbered through, and code lists that are not there."""
    wrong = [] if description.deltabeller else [("", "has no deltabell")]
    for part in description.deltabeller.values():
        numbers = [
            *(one.number for one in part.variables),
            *(one.number for one in part.measures),
            *(one.number for one in part.signs),
        ]
        if len({*numbers}) != len(numbers) or not {*numbers} <= {*range(1, part.width + 1)}:
            wrong.append((part.name, "has columns that are not numbered from 1 on"))
        if not {sign.of for sign in part.signs} <= {measure.number for measure in part.measures}:
            wrong.append((part.name, "has a column of signs that is of no measure"))
        wrong += [
            (part.name, f"has no code list {one.code_list}, which {one.code} needs")
            for one in part.variables
            if one.period is None and one.code_list not in description.code_lists
        ]
    if wrong:
        path = str(description.path)
        raise LoadFileError([Finding(path, "", name, rule, FETCH) for name, rule in wrong])
