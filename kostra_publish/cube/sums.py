"""Amounts that are sums of each other: who knows two of them knows the third.

Bidrag and lån make up what is paid out, so that a hidden lån could be worked out from the
two others although every count is safe. Which amounts these are is read from the variables
themselves, not from a list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

import polars as pl

from kostra_publish.cube.atoms import AtomKey
from kostra_publish.cube.blocks import roots
from kostra_publish.microdata.variables import Variable

Parts: TypeAlias = Mapping[AtomKey, int]
"""What an amount is the sum of: atoms that are made of nothing, and how often each is in it."""


def is_amount(atom: AtomKey) -> bool:
    """Whether it is a sum of amounts that persons have, rather than a number of persons."""
    return atom.persons == "rows" and atom.of is not None and not atom.given


def related(
    atoms: Iterable[AtomKey],
    known: Mapping[str, Mapping[str, Variable]],
    also: Collection[AtomKey] = (),
) -> dict[AtomKey, Parts]:
    """The amounts that have a part in common with another amount of the same persons.

    ``known`` has the variables of each source; ``also`` are amounts to take with them.
    """
    made_of = {
        atom: {replace(atom, of=name): factor for name, factor in parts.items()}
        for atom in dict.fromkeys(atoms)
        if is_amount(atom)
        for parts in (parts_of(str(atom.of), known[atom.source]),)
    }
    return {
        atom: parts
        for atom, parts in made_of.items()
        if atom in also
        or any(other != atom and parts.keys() & made_of[other].keys() for other in made_of)
    }


def parts_of(name: str, known: Mapping[str, Variable]) -> dict[str, int]:
    """The variables that a number is the sum of, each with its factor; else the number itself."""
    names = sorted(roots(known[name], known))
    itself = {name: 1}
    if names == [name] or any(known[part].kind != "number" for part in names):
        return itself
    count = len(names)
    alone = [[int(row == column) for column in range(count)] for row in range(count)]
    trial = [3 + 5 * column for column in range(count)]
    rows = pl.DataFrame([[0] * count, *alone, trial], schema=names, orient="row")
    nought, *factors, sum_of_trial = rows.select(known[name].expression.alias(name))[name]
    is_sum = nought == 0 and sum_of_trial == sum(
        factor * value for factor, value in zip(factors, trial, strict=True)
    )
    if not is_sum:
        return itself
    return {part: int(factor) for part, factor in zip(names, factors, strict=True) if factor}
