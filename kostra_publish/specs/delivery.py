"""What is handed over to whom: the files in `nav/`, one for each delivery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from kostra_publish.specs.models import (
    THRESHOLD,
    Condition,
    Language,
    Model,
    RoundKind,
    Text,
    Words,
)

ALL: Final = "alle"
"""The code of a value that has been generalised away."""
UNKNOWN: Final = "uoppgitt"
"""The code of a value that none of the finest values holds, such as a blank."""

ShortName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
"""What files are called: small letters, digits and hyphens, as SSB's naming standard has it."""
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
Role = Literal["quasi_identifier", "sensitive"]
Profile = Literal["aggregat", "mikro-anonym"]


class Party(Model):
    """Who sends or receives, and whom to ask there."""

    name: Words
    """The organisation."""
    contact: Words
    """The person, group or office that answers."""
    email: Email
    """Where they answer."""


class Gates(Model):
    """What rows must keep before they are handed over; each can only be tightened."""

    rows: Annotated[int, Field(ge=THRESHOLD)] = THRESHOLD
    """k: how many rows must be alike in all quasi-identifiers, and in all variables."""
    distinct: Annotated[int, Field(ge=2)] = 2
    """l: how many values a sensitive variable must have among rows that are alike in all
    quasi-identifiers, where it is told there."""
    difference: Annotated[int, Field(ge=THRESHOLD)] = THRESHOLD
    """How many persons must stand behind any difference from what is published or was handed
    over before, when there is one."""


class Value(Model):
    """A value as it is handed over, at its finest or as a group of finer ones."""

    code: Words
    """Its code."""
    label: Text
    """What it is called."""
    values: Condition | None = None
    """Which values of the variable it holds; left out: its own code."""
    parts: list[Value] = Field(default_factory=list)
    """The finer values that it is a group of, instead of `values`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.parts and self.values is not None:
            raise ValueError(f"{self.code} has both `values` and `parts`")
        if len(self.parts) == 1:
            raise ValueError(f"{self.code} is a group of one")
        return self

    def leaves(self) -> Iterator[Value]:
        """The finest values in it, in order."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()

    def every(self) -> Iterator[Value]:
        """It and all finer values in it."""
        yield self
        for part in self.parts:
            yield from part.every()


class Variable(Model):
    """A column of rows that are handed over, and how it may be generalised.

    `ladder` are the values when it is told least but not nothing; each may be told by its
    `parts`. Nothing told is the code `alle`; what none of them holds is `uoppgitt`.
    """

    name: ShortName
    """The column's name."""
    variable: str
    """The variable of the source."""
    role: Role
    """A quasi-identifier is what others may know of somebody; sensitive is what they must not
    learn."""
    label: Text
    """What it is called."""
    weight: Annotated[float, Field(gt=0)] = 1
    """What a bit of it is worth beside those of other variables, when there must be a choice."""
    ladder: Annotated[list[Value], Field(min_length=2)]
    """Its values."""

    def leaves(self) -> list[Value]:
        """The finest values, in order."""
        return [leaf for value in self.ladder for leaf in value.leaves()]

    @model_validator(mode="after")
    def _codes_once(self) -> Self:
        codes = [one.code for value in self.ladder for one in value.every()]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice or {ALL, UNKNOWN} & {*codes}:
            raise ValueError(f"codes stand once, and are not {ALL} or {UNKNOWN}: {twice}")
        if wrong := sorted(code for code in codes if "+" in code):
            raise ValueError(f"a code has a + in it: {', '.join(wrong)}")
        return self


class RegionLadder(Model):
    """How the region of rows is generalised: kommune, group by size in the fylke, fylke, country.

    A kommune stands alone where the rows of it lose less than they do beside others.
    """

    rows: Annotated[list[Annotated[int, Field(ge=THRESHOLD)]], Field(min_length=1)]
    """How many rows a kommune must have to stand alone; the one that loses least is taken."""
    sizes: list[Annotated[int, Field(gt=0)]] = Field(default_factory=list)
    """Numbers of inhabitants that part kommuner into groups by size, ascending."""
    weight: Annotated[float, Field(gt=0)] = 1
    """What a bit of it is worth beside those of the variables."""

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.sizes != sorted(set(self.sizes)):
            raise ValueError("`sizes` must be ascending")
        return self


class AggregateSet(Model):
    """Cells of published tables, with their signs, for the year of the round."""

    id: ShortName
    """The first part of its file names."""
    profile: Literal["aggregat"]
    """Its profile."""
    title: Text
    """What it is called."""
    tables: Annotated[list[str], Field(min_length=1)]
    """The tables."""


class RecordSet(Model):
    """One row for each unit of a source, generalised until nobody can be singled out."""

    id: ShortName
    """The first part of its file names."""
    profile: Literal["mikro-anonym"]
    """Its profile."""
    title: Text
    """What it is called."""
    source: str
    """What one row is: a unit of this source, in its population."""
    unit: Text
    """What one row is, in words: `tilfelle`."""
    table: str
    """The table, and its `total`, that the number of rows adds up to."""
    total: str
    """The contents code that counts the units."""
    gates: Gates = Field(default_factory=Gates)
    """What the rows must keep."""
    region: RegionLadder
    """How regions are generalised."""
    variables: Annotated[list[Variable], Field(min_length=2)]
    """The other columns."""

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [one.name for one in self.variables]
        if len(set(names)) < len(names) or {"region", "regiontype"} & {*names}:
            raise ValueError("each variable needs a name of its own, not region or regiontype")
        if not any(one.role == "sensitive" for one in self.variables):
            raise ValueError("there is no sensitive variable: a table would do")
        return self


DataSet = Annotated[AggregateSet | RecordSet, Field(discriminator="profile")]


class Delivery(Model):
    """What is handed over to one receiver with some rounds: a file in `nav/`."""

    id: ShortName
    """The first part of the package's name; the file is called so, too."""
    title: Text
    """What is handed over."""
    active: bool = True
    """false: nothing is handed over yet."""
    provisional: bool = False
    """true where receiver, purpose, legal basis or contents are not confirmed."""
    language: Language = "nb"
    """The language of letter and code book."""
    sender: Party
    """Who hands over."""
    receiver: Party
    """Who receives."""
    purpose: Text
    """What it is for."""
    legal_basis: Text
    """What allows it."""
    keep_months: Annotated[int, Field(gt=0)]
    """The receiver deletes it so many months after the round came out."""
    rounds: Annotated[list[RoundKind], Field(min_length=1)]
    """The kinds of round that it is handed over with."""
    datasets: Annotated[list[DataSet], Field(min_length=1)]
    """What is in it."""

    @model_validator(mode="after")
    def _datasets_once(self) -> Self:
        names = [one.id for one in self.datasets]
        if len(set(names)) < len(names):
            raise ValueError("each dataset needs an id of its own")
        return self

    @property
    def tables(self) -> list[str]:
        """The tables that it needs, each once."""
        named = (
            one.tables if isinstance(one, AggregateSet) else [one.table] for one in self.datasets
        )
        return list(dict.fromkeys(name for names in named for name in names))
