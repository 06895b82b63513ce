"""What a new table may be divided by: dimensions of other tables, and variables with codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kostra_publish.cube.conditions import ALL, problems
from kostra_publish.cube.plan import of_any_year
from kostra_publish.microdata.layouts import FIRST_YEAR, LAST_YEAR
from kostra_publish.microdata.variables import DATASET_OF_SOURCE, Variable, variables
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import Category, Dimension, TableSpec, Text

MOST_CODES: Final = 25
"""A variable with more codes is no dimension to begin with."""
FLAGS: Final = 2
"""Variables that are true or false of which a dimension is shown."""
PLACES: Final = frozenset({"KOMMUNE_NR", "BYDELSNR", "VERSION", "AARGANG"})
"""Columns that every table is divided by already, or that say nothing of a row."""
_KOK: Final = "KOK"
_LETTERS: Final = 12


@dataclass(frozen=True)
class Divided:
    """A dimension and where its categories come from."""

    dimension: Dimension
    about: str


def in_every_year(source: str) -> dict[str, Variable]:
    """The variables that a source has in every year of the forms, with the codes of any year."""
    every = [variables(source, year) for year in range(FIRST_YEAR, LAST_YEAR + 1)]
    common = {name: one for name, one in every[-1].items() if all(name in year for year in every)}
    return of_any_year(source, common)


def dimensions(catalogue: Catalogue, source: str) -> list[Divided]:
    """The dimensions for a source: those that tables have first, sex before all others."""
    known = in_every_year(source)
    found: dict[str, Divided] = {}
    for one in (*_of_tables(catalogue, source, known), *_of_codes(known), *_of_flags(known)):
        found.setdefault(one.dimension.variable, one)
    return sorted(found.values(), key=lambda one: one.dimension.variable != "KJONN")


def _of_tables(
    catalogue: Catalogue, source: str, known: Mapping[str, Variable]
) -> Iterator[Divided]:
    """Dimensions of other tables, those nearest to the source first, where the codes fit."""
    dataset = DATASET_OF_SOURCE[source]

    def distance(table: TableSpec) -> tuple[bool, bool, bool]:
        near = DATASET_OF_SOURCE.get(table.source) == dataset
        return not table.official, table.source != source, not near

    tables = sorted(catalogue.tables.values(), key=distance)
    for table in tables:
        for dimension in table.dimensions:
            categories = catalogue.categories(dimension)
            if dimension.variable in known and _fits(dimension.variable, categories, known):
                shared = isinstance(dimension.categories, str)
                about = f"As in table {table.id}" + (
                    f"; the code list {dimension.categories} is in shared/codelists.yaml."
                    if shared
                    else "."
                )
                yield Divided(_with_habit(dimension), about)


def _fits(variable: str, categories: Sequence[Category], known: Mapping[str, Variable]) -> bool:
    return not any(
        problem
        for category in categories
        for problem in problems({variable: category.values or (category.code,)}, known)
    )


def _with_habit(dimension: Dimension) -> Dimension:
    code = dimension.code if dimension.code.startswith(_KOK) else _code(dimension.variable)
    return dimension.model_copy(update={"code": code, "provisional": True})


def _of_codes(known: Mapping[str, Variable]) -> Iterator[Divided]:
    for name, variable in known.items():
        if name not in PLACES and 2 <= len(variable.codes) <= MOST_CODES:
            categories = [_category(code, label) for code, label in variable.codes.items()]
            about = f"{name} with the codes of the form; blanks are in the total only."
            yield Divided(_dimension(name, categories, [*variable.codes]), about)


def _of_flags(known: Mapping[str, Variable]) -> Iterator[Divided]:
    for name in [name for name, one in known.items() if one.kind == "flag"][:FLAGS]:
        categories = [
            Category(code="1", label=Text(nb="Ja", nn="Ja", en="Yes"), values=("true",)),
            Category(code="2", label=Text(nb="Nei", nn="Nei", en="No"), values=("false",)),
        ]
        about = f"{name} is true or false: {known[name].text}."
        yield Divided(_dimension(name, categories, ["1", "2"]), about)


def _dimension(name: str, categories: Sequence[Category], codes: Sequence[str]) -> Dimension:
    total = "00" if "00" not in codes else "SUM"
    whole = Category(code=total, label=Text(nb="I alt", nn="I alt", en="Total"), values=(ALL,))
    return Dimension(
        code=_code(name),
        variable=name,
        label=placeholder(name),
        categories=[whole, *categories],
        total=total,
        provisional=True,
    )


def _category(code: str, label: str) -> Category:
    marked = placeholder(label or code)
    return Category(code=code, label=marked.model_copy(update={"nb": label or code}))


def placeholder(words: str) -> Text:
    """A name that waits for one in three languages."""
    return Text(nb=f"NAVN {words}", nn=f"NAMN {words}", en=f"NAME {words}")


def _code(variable: str) -> str:
    """A code of a variable by the habit of the statbank; not one of its own."""
    letters = "".join(letter for letter in variable.lower() if letter.isalnum())
    return f"{_KOK}{letters[:_LETTERS]}0000"
