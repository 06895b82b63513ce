"""Ladders: how far a value may be generalised, and what a group of values is called.

A *group* is a set of finest values, held as a whole number with a bit for each. A *cut* parts
all finest values into groups: what a block of rows tells of a variable. Groups are nodes of the
ladder, or several sisters of it together where one of them is too small to be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kostra_publish.specs.delivery import ALL, UNKNOWN, Value, Variable
from kostra_publish.specs.models import LANGUAGES, Text

Integers = NDArray[np.int64]

TOGETHER = "+"
"""Between the codes of values that are told together."""

_LABELS = {
    ALL: Text(nb="Alle", nn="Alle", en="All"),
    UNKNOWN: Text(nb="Uoppgitt", nn="Ikkje oppgitt", en="Not stated"),
}


@dataclass(frozen=True)
class Node:
    """A group of the ladder; ``parts`` is empty for a finest value."""

    code: str
    label: Text
    group: int
    parts: tuple[Node, ...] = ()

    def every(self) -> Iterator[Node]:
        """It and all that it is made of."""
        yield self
        for part in self.parts:
            yield from part.every()


Cut = tuple[Node, ...]


@dataclass(frozen=True)
class Ladder:
    """The ladder of a variable; ``size`` finest values, the last one for what no other holds."""

    variable: Variable
    root: Node = field(repr=False)
    size: int

    @classmethod
    def of(cls, variable: Variable) -> Ladder:
        """The ladder that a delivery's spec describes."""
        places = {leaf.code: place for place, leaf in enumerate(variable.leaves())}

        def node(value: Value) -> Node:
            parts = tuple(node(part) for part in value.parts)
            group = sum(part.group for part in parts) if parts else 1 << places[value.code]
            return Node(value.code, value.label, group, parts)

        unknown = Node(UNKNOWN, _LABELS[UNKNOWN], 1 << len(places))
        parts = (*map(node, variable.ladder), unknown)
        return cls(variable, Node(ALL, _LABELS[ALL], _together(parts), parts), len(places) + 1)

    @property
    def start(self) -> Cut:
        """The cut that tells nothing."""
        return (self.root,)

    @cached_property
    def _nodes(self) -> dict[int, Node]:
        return {node.group: node for node in reversed([*self.root.every()])}

    @cached_property
    def nodes(self) -> list[Node]:
        """Every node but the root, the coarser before the finer."""
        return [node for node in self.root.every() if node is not self.root]

    def code(self, group: int) -> str:
        """The code of a group: that of a node, or of several nodes with + between them."""
        return TOGETHER.join(node.code for node in self._largest(group))

    def label(self, group: int) -> Text:
        """What a group is called."""
        parts = self._largest(group)
        words = {word: ", ".join(part.label.get(word) for part in parts) for word in LANGUAGES}
        return Text(**words)

    def group_of(self, code: str) -> int:
        """The group that a code stands for.

        Raises KeyError for a code that no group has.
        """
        groups = {node.code: node.group for node in self.root.every()}
        return sum(groups[part] for part in code.split(TOGETHER))

    def _largest(self, group: int) -> list[Node]:
        """The fewest nodes that a group is made of, in the order of the ladder."""
        if (node := self._nodes.get(group)) is not None:
            return [node]
        found: list[Node] = []
        waiting = [*self.root.parts]
        while waiting:
            node = waiting.pop(0)
            if node.group & group == node.group:
                found.append(node)
            elif node.group & group:
                waiting[:0] = node.parts
        return found

    def members(self, group: int) -> Integers:
        """For each finest value, 1 where it is in a group."""
        found = np.zeros(self.size, dtype=np.int64)
        found[bits(group, self.size)] = 1
        return found

    def places(self, cut: Sequence[Node]) -> Integers:
        """For each finest value, the place of its group in a cut."""
        found = np.zeros(self.size, dtype=np.int64)
        for place, node in enumerate(cut):
            found[bits(node.group, self.size)] = place
        return found

    def joined(self, parts: Sequence[Node], same: Callable[[Node, Node], bool]) -> tuple[Node, ...]:
        """The parts of a group, those that are the ``same`` told together."""
        found: list[Node] = []
        for part in parts:
            others = [one for one in found if same(one, part)]
            found = [one for one in found if one not in others]
            found.append(_node([*others, part]) if others else part)
        return tuple(found)

    def refined(
        self, cut: Cut, place: int, parts: Sequence[Node], fits: Callable[[Node], bool]
    ) -> Cut | None:
        """The cut with one of its groups parted; None where it cannot be.

        Parts that do not fit are told together, with the next one where there is only one.
        ``fits`` tells of a part whether it may be told.
        """
        good = [part for part in parts if fits(part)]
        bad = [part for part in parts if part not in good]
        if len(bad) == 1 and good:
            bad.append(good.pop())
        told = [*good, *([_node(bad)] if bad else [])]
        return None if len(told) < 2 else (*cut[:place], *told, *cut[place + 1 :])


def _node(parts: Sequence[Node]) -> Node:
    """Several nodes told together; they are not parted again."""
    if len(parts) == 1:
        return parts[0]
    return Node(TOGETHER.join(part.code for part in parts), parts[0].label, _together(parts))


def _together(nodes: Sequence[Node]) -> int:
    return sum(node.group for node in nodes)


def bits(group: int, size: int) -> list[int]:
    """The finest values of a group."""
    return [place for place in range(size) if group >> place & 1]
