"""Formulas of measures as people write them, and the pieces that they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from kostra_publish.cube.atoms import AtomKey, Compiler, LinearForm, Quotient
from kostra_publish.deriving.conditions import called, conditions
from kostra_publish.deriving.words import WORDS
from kostra_publish.microdata.variables import Variable, variables
from kostra_publish.outputs.facts import listed
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import (
    Atom,
    Combination,
    Combined,
    Difference,
    Figure,
    Measure,
    Rate,
    TableSpec,
    TermReference,
    Tongue,
    Where,
)

_UNITS: Final[Mapping[str, str]] = {
    "skjema11": "tilfeller",
    "mottakere": "mottakere",
    "skjema11c": "deltakere",
    "skjema11_maaneder": "months",
    "skjema7": "reports",
    "skjema12": "reports",
}
"""What a row of a source is, as a word of ``WORDS``; the others have rows."""


@dataclass(frozen=True)
class Piece:
    """A count or a sum in a formula, and what it is multiplied by.

    ``name`` is the shared term that it is, empty where it is written in the measure itself.
    """

    factor: float
    key: AtomKey
    where: Where
    name: str

    @property
    def sign(self) -> str:
        """What stands before it in a sum: its sign, and its factor where that is not 1."""
        size = abs(self.factor)
        return ("− " if self.factor < 0 else "+ ") + ("" if size == 1 else f"{size:g} × ")


@dataclass(frozen=True, eq=False)
class Made:
    """How a measure of a table is made in a year."""

    catalogue: Catalogue
    table: TableSpec
    measure: Measure
    year: int

    @cached_property
    def _compiler(self) -> Compiler:
        return Compiler(self.catalogue)

    @cached_property
    def quotient(self) -> Quotient:
        """The measure as it is computed."""
        alone = self.table.model_copy(update={"measures": [self.measure]})
        (found,) = self._compiler.quotients(alone, self.year)
        return found

    @cached_property
    def above(self) -> list[Piece]:
        """What is summed, or stands above the line."""
        return self._pieces(self.quotient.numerator, self._named[0])

    @cached_property
    def below(self) -> list[Piece]:
        """What stands below the line; nothing where nothing is divided."""
        return self._pieces(self.quotient.denominator, self._named[1])

    @property
    def pieces(self) -> list[Piece]:
        """Every piece, above and below the line."""
        return [*self.above, *self.below]

    @property
    def sources(self) -> list[str]:
        """The sources that it is made from, each once."""
        return [*dict.fromkeys(one.key.source for one in self.pieces)]

    def variables(self, source: str) -> Mapping[str, Variable]:
        """The variables of a source in the year."""
        return variables(source, self.year)

    @property
    def _named(self) -> tuple[Sequence[TermReference], Sequence[TermReference]]:
        """What the formula names above and below the line."""
        formula = self.measure.formula
        if isinstance(formula, Rate):
            return [formula.numerator], [formula.denominator]
        if isinstance(formula, Difference):
            return [part.term for part in formula.terms], []
        return [], []

    @property
    def terms(self) -> list[str]:
        """The shared terms that the formula names."""
        return [one for side in self._named for one in side if isinstance(one, str)]

    def _pieces(self, form: LinearForm, named: Sequence[TermReference]) -> list[Piece]:
        names = [name for one in named for name in self._names(one)] or [""] * len(form)
        return [
            Piece(factor, key, self._compiler.conditions[key.where][1], name)
            for (factor, key), name in zip(form, names, strict=True)
        ]

    def _names(self, term: TermReference) -> Iterator[str]:
        """The terms behind one, in the order in which it is compiled."""
        found = self.catalogue.terms[term] if isinstance(term, str) else term
        if isinstance(found, Combined):
            for part in found.combine:
                yield from self._names(part.term)
        else:
            yield term if isinstance(term, str) else ""

    # --- in words -------------------------------------------------------------------------

    def written(self, tongue: Tongue) -> str:
        """The formula on one line."""
        formula = self.measure.formula
        if isinstance(formula, Figure):
            return WORDS[tongue]["copied"].format(column=formula.of)
        factor = "" if self.quotient.factor == 1 else f"{self.quotient.factor:g} × "
        above, below = self._named
        line = factor + self._side(self.above, above, tongue)
        return line + (f" ÷ {self._side(self.below, below, tongue)}" if self.below else "")

    def _side(self, pieces: Sequence[Piece], named: Sequence[TermReference], tongue: Tongue) -> str:
        if len(named) == 1 and isinstance(named[0], str):
            return named[0]
        sum_ = " ".join(
            one.sign + (one.name or self._short(one, tongue)) for one in pieces
        ).removeprefix("+ ")
        return f"({sum_})" if len(pieces) > 1 and self.quotient.denominator else sum_

    def _short(self, piece: Piece, tongue: Tongue) -> str:
        words = WORDS[tongue]
        if piece.key.of is None:
            what = words["number_of"].format(units=units(piece.key.source, tongue))
        else:
            what = words["sum_of"].format(column=piece.key.of)
        return self._limited(what, piece, tongue, brief=True)

    def described(self, piece: Piece, tongue: Tongue) -> str:
        """A piece in full: what is counted or summed, and under which conditions."""
        words, known = WORDS[tongue], self.variables(piece.key.source)
        what = words["number_of"].format(units=units(piece.key.source, tongue))
        if piece.key.of is not None:
            what = words["sum_of"].format(column=called(known[piece.key.of], tongue))
        return self._limited(what, piece, tongue)

    def _limited(self, what: str, piece: Piece, tongue: Tongue, *, brief: bool = False) -> str:
        """What is counted or summed, with its conditions."""
        if not piece.where:
            return what
        known = self.variables(piece.key.source)
        said = conditions(piece.where, known, tongue, brief=brief)
        limits = listed(said, WORDS[tongue]["and"])
        return WORDS[tongue]["where"].format(what=what, conditions=limits)

    def defined(self, term: str) -> str:
        """What a shared term is put together of; empty where it is one count or sum."""
        found = self.catalogue.terms[term]
        return "" if isinstance(found, Atom) else _combined(found.combine)


def _combined(parts: Combination) -> str:
    said = [
        ("− " if part.factor < 0 else "+ ")
        + ("" if abs(part.factor) == 1 else f"{abs(part.factor):g} × ")
        + part.term
        for part in parts
    ]
    return " ".join(said).removeprefix("+ ")


def units(source: str, tongue: Tongue) -> str:
    """What the rows of a source are."""
    return WORDS[tongue][_UNITS.get(source, "rows")]
