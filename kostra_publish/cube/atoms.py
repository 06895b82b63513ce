"""What a measure is made of: sums and counts that add up over units and regions.

Every formula of a spec becomes a quotient of two linear forms over atoms,

    value = factor * sum(a_i * A_i) / sum(b_j * B_j)     (no denominator: the sum itself),

so that averages and shares of a larger region are recomputed from summed parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import (
    Atom,
    Combination,
    Combined,
    Count,
    Difference,
    Figure,
    Formula,
    Mean,
    Measure,
    Rate,
    Share,
    Sum,
    TableSpec,
    TermReference,
    Where,
)

Persons = Literal["rows", "values", "none"]


@dataclass(frozen=True)
class AtomKey:
    """One sum or count: where, of what, and who contributes.

    ``where`` names the conditions (see ``Compiler.conditions``). ``persons`` tells
    whether rows are persons, the figure itself is a number of persons, or neither.
    ``grouped`` tells whether the atom is split by the table's own dimensions.
    ``given`` counts the rows that have a figure in ``of`` instead of summing it.
    """

    source: str
    of: str | None
    where: str
    persons: Persons
    grouped: bool
    given: bool = False


LinearForm: TypeAlias = tuple[tuple[float, AtomKey], ...]


@dataclass(frozen=True)
class Quotient:
    """A measure ready to compute; see the module's formula."""

    measure: Measure
    numerator: LinearForm
    denominator: LinearForm = ()
    factor: float = 1
    across: Literal["sum", "mean", "none"] = "sum"
    """What a larger region shows: the formula over its sums (``sum``), or, for a figure
    copied from a form, the plain mean over its kommuner (``mean``) or nothing (``none``)."""

    @property
    def atoms(self) -> tuple[AtomKey, ...]:
        """Every atom above and below the line."""
        return tuple(atom for _, atom in (*self.numerator, *self.denominator))


@dataclass
class Compiler:
    """Turns the measures of tables into quotients, each distinct atom once."""

    catalogue: Catalogue
    conditions: dict[str, tuple[Where, Where]] = field(default_factory=dict)
    """By name: the population of the source and the atom's own conditions."""

    def quotients(self, table: TableSpec, vintage: int) -> list[Quotient]:
        """The measures of ``table`` that exist in ``vintage``, in the table's order."""
        return [
            _Compilation(self, table, measure).quotient(measure.formula)
            for measure in table.measures
            if table.measure_has(measure, vintage)
        ]

    def of_kommuner(self, name: str) -> LinearForm:
        """A shared term over whole kommuner, split by nothing.

        The atoms are those of the tables where they ask for the same, so that they are counted
        once.
        """
        term = self.catalogue.terms[name]
        if isinstance(term, Combined):
            return tuple(
                (part.factor * factor, atom)
                for part in term.combine
                for factor, atom in self.of_kommuner(part.term)
            )
        source = str(term.source)
        return ((1.0, self.atom(term, source, self.catalogue.sources[source].persons)),)

    def atom(
        self,
        atom: Atom,
        source: str,
        persons: Persons,
        *,
        grouped: bool = False,
        given: bool = False,
    ) -> AtomKey:
        """The key of an atom of ``source``; its conditions are remembered by name."""
        origin = self.catalogue.sources[source]
        # Persons counted once in the country are put together from the population.
        population = {} if origin.national_only else origin.population
        name = repr((source, sorted(atom.where.items(), key=lambda item: item[0])))
        self.conditions[name] = (population, atom.where)
        return AtomKey(source, atom.of, name, persons, grouped=grouped, given=given)


@dataclass(frozen=True)
class _Compilation:
    compiler: Compiler
    table: TableSpec
    measure: Measure

    def quotient(self, formula: Formula) -> Quotient:
        match formula:
            case Count():
                return Quotient(self.measure, self._one(None, formula.where))
            case Sum():
                return Quotient(
                    self.measure, self._one(formula.of, formula.where), factor=formula.factor
                )
            case Mean():
                above = self._one(formula.of, formula.where)
                return Quotient(self.measure, above, self._one(formula.per, formula.where))
            case Share():
                part = self._one(None, {**formula.among, **formula.where})
                return Quotient(self.measure, part, self._one(None, formula.among), 100)
            case Rate():
                above = self._linear(formula.numerator)
                below = self._linear(formula.denominator, split=not formula.of_whole)
                return Quotient(self.measure, above, below, formula.factor)
            case Difference():
                return Quotient(self.measure, self._combined(formula.terms))
            case Figure():
                above = self._one(formula.of, {})
                below = ((1.0, self._atom(Atom(of=formula.of), given=True)),)
                return Quotient(self.measure, above, below, across=formula.across)

    def _one(self, of: str | None, where: Where) -> LinearForm:
        return ((1.0, self._atom(Atom(of=of, where=where))),)

    def _linear(self, term: TermReference, *, split: bool = True) -> LinearForm:
        found = self.compiler.catalogue.terms[term] if isinstance(term, str) else term
        if isinstance(found, Combined):
            return self._combined(found.combine, split=split)
        return ((1.0, self._atom(found, split=split)),)

    def _combined(self, parts: Combination, *, split: bool = True) -> LinearForm:
        return tuple(
            (part.factor * factor, atom)
            for part in parts
            for factor, atom in self._linear(part.term, split=split)
        )

    def _atom(self, atom: Atom, *, given: bool = False, split: bool = True) -> AtomKey:
        source = atom.source or self.table.source
        grouped = split and source == self.table.source and bool(self.table.dimensions)
        return self.compiler.atom(atom, source, self._persons(source), grouped=grouped, given=given)

    def _persons(self, source: str) -> Persons:
        declared = self.compiler.catalogue.sources[source].persons
        if declared != "none" or self.measure.counts in {None, "kommune"}:
            return declared
        # A form such as skjema 7 has a row per kommune, and some figures in it are
        # numbers of persons. What is divided by persons is no such number.
        copied = isinstance(self.measure.formula, Sum | Figure)
        return "values" if copied and source == self.table.source else "none"
