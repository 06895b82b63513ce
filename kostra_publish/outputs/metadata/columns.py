"""The columns of the CSV files of tables: what each is called, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs import csv_table
from kostra_publish.outputs.metadata.told import in_all
from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import FileColumn, Text, Texts

Kind = Literal["code", "name", "year", "words", "truth", "number", "sign"]
"""What a column holds: the code or name of a category, a year, words, true or false, figures,
or signs."""

_KINDS: Final[dict[str, Kind]] = {
    "preliminary": "truth", "synthetic": "truth", "value": "number", "status": "sign",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of a CSV file."""

    name: str
    """What stands in the header."""
    label: Text
    """What it is."""
    kind: Kind
    """What it holds."""

    @property
    def is_key(self) -> bool:
        """Whether it tells, with others of its kind, which cell a row is."""
        return self.kind in {"code", "year"}


def columns(cube: SafeCube, texts: Texts) -> list[Column]:
    """The columns of the file with figures, in order."""
    found = [each for dimension in cube.dimensions for each in _of_dimension(dimension, texts)]
    return found + [
        Column(name, _label(name, texts), _KINDS.get(name, "words")) for name in csv_table.BESIDE
    ]


def about_columns(texts: Texts) -> list[Column]:
    """The columns of the file with what is said of a table, in order."""
    return [Column(name, _label(name, texts), "words") for name in csv_table.ABOUT]


def _of_dimension(dimension: CubeDimension, texts: Texts) -> Iterator[Column]:
    yield Column(dimension.code, dimension.label, "year" if dimension.role == "time" else "code")
    if dimension.role != "time":
        name, word = dimension.label, texts.descriptions.columns["label"]
        label = in_all(lambda language: f"{name.get(language)}, {word.get(language)}")
        yield Column(f"{dimension.code}_label", label, "name")


def _label(name: str, texts: Texts) -> Text:
    known: dict[str, FileColumn] = {each: each for each in get_args(FileColumn)}
    return texts.descriptions.columns[known[name]]
