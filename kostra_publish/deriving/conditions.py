"""Conditions of table specs in words, with the names that variables and codes have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kostra_publish.cube.conditions import ALL
from kostra_publish.deriving.words import WORDS
from kostra_publish.microdata.variables import Variable
from kostra_publish.outputs.facts import listed
from kostra_publish.specs.models import Condition, Given, Range, Tongue, Where, Without

_AS_REPORTED = " as reported"


def called(variable: Variable, tongue: Tongue) -> str:
    """A variable by its name, and by what it is where the name does not say so."""
    if variable.text.endswith(_AS_REPORTED):
        return variable.name
    return WORDS[tongue]["called"].format(name=variable.name, text=variable.text)


def conditions(
    where: Where, variables: Mapping[str, Variable], tongue: Tongue, *, brief: bool = False
) -> list[str]:
    """Each condition of ``where`` in words; every variable must be in ``variables``.

    ``brief`` says names and codes without what they stand for.
    """
    known = ((one, variables[name]) for name, one in where.items())
    return [
        condition(one, replace(its, text=_AS_REPORTED, codes={}) if brief else its, tongue)
        for one, its in known
    ]


def condition(one: Condition, variable: Variable, tongue: Tongue) -> str:
    """A condition on one variable in words."""
    words, name = WORDS[tongue], called(variable, tongue)
    if isinstance(one, Given):
        return words["given" if one.given else "blank"].format(name=name)
    if isinstance(one, Without):
        return words["is_not"].format(name=name, values=_values(one.not_, variable, tongue))
    if variable.kind == "flag" and one in {("true",), ("false",)}:
        return words[str(one[0])].format(name=name)
    return words["is"].format(name=name, values=_values(one, variable, tongue))


def _values(values: Sequence[str | Range], variable: Variable, tongue: Tongue) -> str:
    return listed((_value(one, variable, tongue) for one in values), WORDS[tongue]["or"])


def _value(one: str | Range, variable: Variable, tongue: Tongue) -> str:
    words = WORDS[tongue]
    if isinstance(one, str):
        if one == ALL:
            return words["anything"]
        return f"{one} {variable.codes.get(one, '')}".rstrip()
    if one.from_ is None or one.to is None:
        word = "at_least" if one.to is None else "at_most"
        return words[word].format(first=one.from_, last=one.to)
    return words["between"].format(first=one.from_, last=one.to)
