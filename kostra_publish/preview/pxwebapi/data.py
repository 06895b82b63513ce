"""The figures of a table, in one of the formats that a release has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs import csv_table, jsonstat, parquet, px, xlsx
from kostra_publish.outputs.distributions import PARQUET, XLSX
from kostra_publish.preview.pxwebapi.asked import Asked
from kostra_publish.preview.pxwebapi.expressions import find
from kostra_publish.preview.pxwebapi.metadata import heading
from kostra_publish.preview.pxwebapi.problems import Problem, ProblemError
from kostra_publish.preview.pxwebapi.selection import Query, chosen

Written = Callable[[Asked, SafeCube, SafeCube, frozenset[str]], bytes]
"""From who asks, the part that is chosen, the whole table, and parameters in small letters."""

_TITLE: Final = "includetitle"


@dataclass(frozen=True)
class Format:
    """A format of figures."""

    media_type: str
    suffix: str
    write: Written
    parameters: tuple[str, ...] = ()
    """What may be asked of it."""


def _as_jsonstat(asked: Asked, part: SafeCube, whole: SafeCube, _: frozenset[str]) -> bytes:
    return jsonstat.render(heading(asked, part, whole), jsonstat.figures(part))


def _as_csv(asked: Asked, part: SafeCube, _: SafeCube, parameters: frozenset[str]) -> bytes:
    titled = _TITLE in parameters
    return csv_table.figures(part, asked.draft.catalogue, asked.language, titled=titled)


def _as_px(asked: Asked, part: SafeCube, _: SafeCube, __: frozenset[str]) -> bytes:
    return px.render(part, asked.draft.catalogue, asked.draft.release, [asked.language])


def _as_workbook(asked: Asked, part: SafeCube, _: SafeCube, __: frozenset[str]) -> bytes:
    return xlsx.render(part, asked.draft.catalogue, asked.draft.release)


def _as_parquet(asked: Asked, part: SafeCube, _: SafeCube, __: frozenset[str]) -> bytes:
    return parquet.render(part, asked.draft.catalogue, asked.draft.release)


USUAL: Final = "json-stat2"
FORMATS: Final[Mapping[str, Format]] = {
    USUAL: Format("application/json", "json", _as_jsonstat),
    "csv": Format(
        "text/csv; charset=utf-8",
        "csv",
        _as_csv,
        # It always has codes and texts, each in a column, with semicolons between.
        ("IncludeTitle", "SeparatorSemicolon", "UseCodes", "UseTexts", "UseCodesAndTexts"),
    ),
    "px": Format("application/octet-stream; charset=utf-8", "px", _as_px),
    "xlsx": Format(XLSX.media_type, "xlsx", _as_workbook),
    "parquet": Format(PARQUET.media_type, "parquet", _as_parquet),
}


@dataclass(frozen=True)
class Data:
    """Figures of a table, as they are sent."""

    content: bytes
    media_type: str
    file_name: str


def data(
    asked: Asked, cube: SafeCube, query: Query, format_name: str, parameters: Sequence[str]
) -> Data:
    """The figures that a query asks for of a table.

    Raises ProblemError for a format or a parameter of it that there is not, and for what
    ``chosen`` refuses.
    """
    form = _format(format_name or USUAL, parameters)
    part = chosen(cube, query).of(cube)
    name = f"{cube.table.id}-draft.{form.suffix}"
    folded = frozenset(one.casefold() for one in parameters)
    return Data(form.write(asked, part, cube, folded), form.media_type, name)


def _format(name: str, parameters: Sequence[str]) -> Format:
    form = FORMATS.get(name.casefold())
    if form is None:
        raise ProblemError(
            Problem.FORMAT,
            f"there is no format {name}",
            fix=f"The formats are {', '.join(FORMATS)}.",
        )
    if others := [one for one in parameters if find(one, form.parameters) is None]:
        own = ", ".join(form.parameters)
        raise ProblemError(
            Problem.FORMAT,
            f"{name} is not written with {', '.join(others)}",
            fix=f"It may be asked for with {own}." if own else "Ask for it without parameters.",
        )
    return form
