"""What is told of a figure: its sign, why it has it, and the cells that it hangs together with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from string import Formatter
from typing import TypeAlias

from kostra_publish.disclosure.why import Why


class Kind(StrEnum):
    """Why a figure shows what it shows."""

    SHOWN = "shown"
    """A number: nothing is hidden."""
    PRIMARY = "primary"
    """Hidden, since too few stand behind it."""
    SECONDARY = "secondary"
    """Hidden, so that a small one cannot be worked out."""
    EARLIER = "earlier"
    """Hidden in an earlier release, which carries its reasons."""
    NOT_REPORTED = "not reported"
    """Missing: a form has not been handed in."""
    LEFT_BLANK = "left blank"
    """Missing: the form is there, but the place in it is empty."""
    OTHER_ROUND = "other round"
    """Missing: another kind of round publishes it."""
    NO_REGION = "no region"
    """Not applicable: the region does not exist in that year."""
    NO_MEASURE = "no measure"
    """Not applicable: the measure does not exist in that year."""
    NO_CATEGORY = "no category"
    """Not applicable: the category is not in use in that year."""
    NOT_DIVIDED = "not divided"
    """Not applicable: there is nothing to divide by, or the region is not told apart."""


@dataclass(frozen=True)
class Link:
    """A cell that an explanation speaks of.

    ``codes`` are those of every dimension of ``table``, by the dimension's code; a cell that
    stands in no table has neither. ``release`` is where it stands when that is an earlier one.
    """

    name: str
    table: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    release: str | None = None

    def __str__(self) -> str:
        return self.name


Part: TypeAlias = str | Link
"""A piece of a line: words, or a cell that can be gone to."""


@dataclass(frozen=True)
class Line:
    """A sentence, with the cells that it names as links."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The sentence."""
        return "".join(map(str, self.parts))

    @property
    def links(self) -> tuple[Link, ...]:
        """The cells that it names, in its order."""
        return tuple(part for part in self.parts if isinstance(part, Link))

    def __str__(self) -> str:
        return self.text


def line(template: str, **filled: str | Link | Line) -> Line:
    """A line of words with names in braces, each replaced by what is ``filled`` in for it."""
    parts: list[Part] = []
    for words, name, _, _ in Formatter().parse(template):
        parts += [words] if words else []
        if name is not None:
            found = filled[name]
            parts += found.parts if isinstance(found, Line) else [found] if found else []
    return Line(tuple(parts))


@dataclass(frozen=True)
class Chain:
    """How a hidden cell protects: it and those ``beside`` it give the first of ``protects``.

    ``cell`` is what the figure rests on. ``beside`` are shown, the most important first, and
    none where they could not be told. Who could work it out otherwise, by being alone in some
    cell, is not said: that would be its value.
    """

    cell: Link
    why: Why
    protects: tuple[Link, ...] = ()
    beside: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Explained:
    """One figure, or ``count`` of which the same is to be said: what it is called, and why.

    ``sign`` is what it shows, empty where it is a number; never the number itself.
    """

    name: str
    sign: str
    kind: Kind
    lines: tuple[Line, ...]
    chains: tuple[Chain, ...] = ()
    count: int = 1


@dataclass(frozen=True)
class Explanation:
    """What can be told of the figures that were asked for.

    ``count`` figures were asked for; ``signs`` tells how many of them show each sign. ``told``
    are the first of those that show one, in the table's order, those that are hidden before the
    rest; a single figure is told of whatever it shows.
    """

    count: int
    signs: Mapping[str, int]
    told: Sequence[Explained]
