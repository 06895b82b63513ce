"""What the figures of a table depend on beside the data, so that words may change for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kostra_publish.cube.atoms import LinearForm, Quotient
from kostra_publish.cube.plan import Plan
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import TableSpec


@dataclass(frozen=True)
class Basis:
    """What two versions of a table must have in common for a figure of one to be the other's.

    ``frame``: regions, dimensions and how small figures are protected. ``measures``: by contents
    code, what each is made of. Titles, labels, notes and the order of measures are no part of it.
    """

    frame: object
    measures: Mapping[str, object]

    def shares(self, other: Basis | None, measure: str) -> bool:
        """Whether a measure shows the same figures on the other basis."""
        return (
            other is not None
            and self.frame == other.frame
            and measure in self.measures
            and self.measures[measure] == other.measures.get(measure)
        )


def basis(plan: Plan, table: TableSpec) -> Basis:
    """The basis of a table in a plan that has it."""
    return Basis(
        _frame(plan.catalogue, table),
        {
            measure.code: (
                measure.decimals,
                plan.publishes(table, measure),
                plan.is_published(table, measure),
                _made_of(plan, plan.quotients[table.id].get(measure.code)),
            )
            for measure in table.measures
        },
    )


def _frame(catalogue: Catalogue, table: TableSpec) -> object:
    dimensions = [
        (
            dimension.code,
            dimension.variable,
            dimension.total,
            {one.code: one.values for one in catalogue.categories(dimension)},
        )
        for dimension in table.dimensions
    ]
    return (
        table.source,
        table.unit,
        table.regions,
        table.missing,
        dimensions,
        table.disclosure,
        sorted(table.presentation.key_figures),
    )


def _made_of(plan: Plan, quotient: Quotient | None) -> object:
    if quotient is None:
        return None

    def parts(form: LinearForm) -> list[object]:
        # The name of an atom's conditions is for one process; the conditions say what it is.
        # They leave out the population of a source whose persons are counted once in the country.
        return [
            (
                factor,
                replace(atom, where=""),
                plan.catalogue.sources[atom.source],
                plan.compiler.conditions[atom.where],
            )
            for factor, atom in form
        ]

    return (
        parts(quotient.numerator), parts(quotient.denominator), quotient.factor, quotient.across,
    )  # fmt: skip
