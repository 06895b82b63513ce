"""What tables say differently in two releases beside figures.

The JSON-stat documents of both are walked key by key, so that nothing in them can change
unseen. Before that, what stands in several places of a document but belongs together is put
together (``arranging``): all that is said of a category under its code, a note with its mark
of being mandatory. The three languages are walked side by side and a change is told once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from kostra_publish.comparing.arranging import (
    ABSENT,
    CATEGORIES,
    NOTES,
    ORDER,
    Follows,
    Node,
    arranged,
    without_tables,
)
from kostra_publish.comparing.sides import COLLECTION, Heads, Json, Side
from kostra_publish.outputs.comparison.facts import SaidChange, SaidKind, by_languages
from kostra_publish.specs.models import LANGUAGES, Language

Nodes = tuple[Node, ...]
"""The same part in each of ``LANGUAGES``."""

ALIKE: Final = 0.5
"""Notes that share this part of their words are one note that was changed."""
START: Final = 3
"""With so many words before a colon, a note is known by them."""

_NOWHERE: Final[Nodes] = (ABSENT,) * len(LANGUAGES)


def said_changes(before: Side, after: Side) -> list[SaidChange]:
    """All that is said differently: by table, then in the order of the documents."""
    found: list[SaidChange] = []
    for document in sorted({*before.heads, *after.heads} - {COLLECTION}):
        old, new = before.heads.get(document), after.heads.get(document)
        if old and new:
            found += compared(document, old, new)
        else:
            found.append(_whole_table(document, old, new))
    old, new = (without_tables(side) for side in (before, after))
    return found + compared("", old, new)


def compared(table: str, before: Heads, after: Heads) -> list[SaidChange]:
    """What a table's documents say differently, as changes of that table."""
    if before == after:
        return []
    old, new = (arranged(heads) for heads in (before, after))
    names = _names(new, _names(old, {}))
    return [
        _told(table, difference, names)
        for difference in walked(
            (), *(tuple(side[one] for one in LANGUAGES) for side in (old, new))
        )
    ]


def _whole_table(table: str, before: Heads | None, after: Heads | None) -> SaidChange:
    old, new = (
        by_languages({language: str(heads[language].get("label")) for language in LANGUAGES})
        if heads
        else {}
        for heads in (before, after)
    )
    return SaidChange(table, "added" if after else "removed", ("table",), "", "", "", old, new)


# --- side by side --------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One part that differs: where, and what each language says before and after."""

    path: tuple[str, ...]
    kind: SaidKind
    before: Nodes
    after: Nodes


def walked(path: tuple[str, ...], before: Nodes, after: Nodes) -> Iterator[Difference]:
    """The smallest parts that differ between documents, each in all languages together."""
    if before == after:
        return
    nodes = [node for node in (*before, *after) if node is not ABSENT]
    if _NOWHERE in (before, after):
        yield from _come_or_gone(path, before, after)
    elif all(isinstance(node, dict) for node in nodes):
        for key in dict.fromkeys(key for node in (*after, *before) for key in _keys(node)):
            yield from walked((*path, key), _part(before, key), _part(after, key))
    elif all(isinstance(node, list) for node in nodes):
        yield from _lists(path, before, after)
    else:
        yield Difference(path, "changed", before, after)


def _keys(node: Node) -> list[str]:
    return [] if node is ABSENT else list(node)


def _part(nodes: Nodes, key: str) -> Nodes:
    return tuple(ABSENT if node is ABSENT else node.get(key, ABSENT) for node in nodes)


def _come_or_gone(path: tuple[str, ...], before: Nodes, after: Nodes) -> Iterator[Difference]:
    """A part that only one side has: a category or dimension as one, anything else by its parts."""
    here = after if before == _NOWHERE else before
    if _is_one(path) or not all(isinstance(node, dict | list) for node in here):
        yield Difference(path, "added" if here is after else "removed", before, after)
        return
    empty = tuple(type(node)() for node in here)
    yield from walked(path, *((empty, after) if here is after else (before, empty)))


def _is_one(path: tuple[str, ...]) -> bool:
    """Whether all below is told in one: a dimension, or a category."""
    return path[:1] == ("dimension",) and (
        len(path) == 2 or (len(path) == 4 and path[2] == CATEGORIES)
    )


def _lists(path: tuple[str, ...], before: Nodes, after: Nodes) -> Iterator[Difference]:
    if path[-1] == NOTES:
        yield from _notes(path, before, after)
    elif path[-1] == ORDER:
        yield from _order(path, before, after)
    elif all(isinstance(item, dict | list) for item in _items(before, after)):
        # Such as contacts: by their place in the list.
        numbered = [tuple(dict(_by_place(node)) for node in nodes) for nodes in (before, after)]
        yield from walked(path, *numbered)
    else:
        yield from _members(path, before, after)


def _items(*sides: Nodes) -> list[Node]:
    return [item for nodes in sides for node in nodes if node is not ABSENT for item in node]


def _by_place(node: Node) -> Iterator[tuple[str, Node]]:
    for place, item in enumerate([] if node is ABSENT else node):
        yield str(place), item


def _order(path: tuple[str, ...], before: Nodes, after: Nodes) -> Iterator[Difference]:
    """Another order of the codes that both have; others are told where they come or go."""
    both = [{*_items((old,))} & {*_items((new,))} for old, new in zip(before, after, strict=True)]
    old, new = (
        tuple(
            [code for code in _items((node,)) if code in shared]
            for node, shared in zip(nodes, both, strict=True)
        )
        for nodes in (before, after)
    )
    if old != new:
        moved = [
            tuple(_moved(mine, other) for mine, other in zip(*pair, strict=True))
            for pair in ((old, new), (new, old))
        ]
        yield Difference(path, "reordered", *moved)


def _moved(codes: Sequence[str], other: Sequence[str]) -> list[str]:
    """The stretch of ``codes`` outside which both orders are the same."""
    differ = [n for n, pair in enumerate(zip(codes, other, strict=True)) if pair[0] != pair[1]]
    return list(codes[differ[0] : differ[-1] + 1]) if differ else []


def _members(path: tuple[str, ...], before: Nodes, after: Nodes) -> Iterator[Difference]:
    """What a list of texts or numbers has lost and got, or its other order."""
    pairs = [(_items((old,)), _items((new,))) for old, new in zip(before, after, strict=True)]
    lost = tuple([item for item in old if item not in new] or ABSENT for old, new in pairs)
    got = tuple([item for item in new if item not in old] or ABSENT for old, new in pairs)
    if lost != _NOWHERE:
        yield Difference(path, "removed", lost, _NOWHERE)
    if got != _NOWHERE:
        yield Difference(path, "added", _NOWHERE, got)
    if lost == got:
        yield Difference(path, "reordered", before, after)


# --- notes ---------------------------------------------------------------------------------


def _notes(path: tuple[str, ...], before: Nodes, after: Nodes) -> Iterator[Difference]:
    """Notes that came, went, were worded or marked anew, or stand in another order.

    A note is the same in all languages by its place. One that is much like one that was there
    is that one, changed.
    """
    old, new = _as_notes(before), _as_notes(after)
    lost = [note for note in old if note not in new]
    got = [note for note in new if note not in old]
    if not lost and not got:
        yield Difference(
            path, "reordered", *(tuple(map(list, zip(*side, strict=True))) for side in (old, new))
        )
        return
    for note, other in _changed_notes(lost, got):
        lost.remove(note)
        got.remove(other)
        if _texts(note) != _texts(other):
            yield Difference(path, "changed", _texts(note), _texts(other))
        if _marks(note) != _marks(other):
            yield Difference((*path, "mandatory"), "changed", _marks(note), _marks(other))
    for note in lost:
        yield Difference(path, "removed", _texts(note), _NOWHERE)
    for note in got:
        yield Difference(path, "added", _NOWHERE, _texts(note))


def _changed_notes(lost: Sequence[Nodes], got: Sequence[Nodes]) -> list[tuple[Nodes, Nodes]]:
    """Which of the new notes is which of the old ones, changed: the most alike first."""
    pairs = [
        (_alike(note, other), here, there)
        for here, note in enumerate(lost)
        for there, other in enumerate(got)
    ]
    taken: dict[int, int] = {}
    for alike, here, there in sorted(pairs, key=lambda pair: -pair[0]):
        if alike >= ALIKE and here not in taken and there not in taken.values():
            taken[here] = there
    return [(lost[here], got[there]) for here, there in sorted(taken.items())]


def _as_notes(nodes: Nodes) -> list[Nodes]:
    """The notes of a document, each in all languages."""
    return list(zip_longest(*([] if node is ABSENT else node for node in nodes), fillvalue=ABSENT))


def _texts(note: Nodes) -> Nodes:
    return tuple(part if part is ABSENT else part["text"] for part in note)


def _marks(note: Nodes) -> Nodes:
    return tuple(part if part is ABSENT else part["mandatory"] for part in note)


def _alike(one: Nodes, other: Nodes) -> float:
    """How much alike two notes are, in the language where they are most, from 0 to 1."""
    pairs = zip(_texts(one), _texts(other), strict=True)
    return max(
        (_alike_texts(*pair) for pair in pairs if all(isinstance(each, str) for each in pair)),
        default=0.0,
    )


def _alike_texts(one: str, other: str) -> float:
    """The part of all words that both have; close to 1 where they begin alike up to a colon.

    Notes on who has not reported begin alike and then list kommuner.
    """
    words, others = set(one.split()), set(other.split())
    share = len(words & others) / max(len(words | others), 1)
    start, colon, _ = one.partition(": ")
    begin_alike = colon and len(start.split()) >= START and other.startswith(start + colon)
    return 0.9 + share / 10 if begin_alike else share


# --- as changes ----------------------------------------------------------------------------


def _names(
    heads: Mapping[Language, Json], names: dict[tuple[str, str], str]
) -> dict[tuple[str, str], str]:
    """What dimensions and categories are called in bokmål, by their codes; newer names win."""
    for code, dimension in heads["nb"].get("dimension", {}).items():
        names[code, ""] = str(dimension.get("label", ""))
        for category, said in dimension[CATEGORIES].items():
            names[code, category] = str(said.get("label", ""))
    return names


def _told(table: str, difference: Difference, names: Mapping[tuple[str, str], str]) -> SaidChange:
    path = difference.path
    dimension = path[1] if path[0] == "dimension" and len(path) > 1 else ""
    category = path[3] if dimension and path[2:3] == (CATEGORIES,) and len(path) > 3 else ""
    before, after = (
        {
            language: text
            for language, node, other in zip(LANGUAGES, nodes, others, strict=True)
            if node != other and (text := plain(node)) is not None
        }
        for nodes, others in (
            (difference.before, difference.after),
            (difference.after, difference.before),
        )
    )
    return SaidChange(
        table=table,
        kind=difference.kind,
        path=path,
        dimension=dimension,
        category=category,
        name=names.get((dimension, category), ""),
        before=by_languages(before),
        after=by_languages(after),
    )


def plain(node: Node) -> str | None:
    """A part of a document in plain text: of a mapping its label; None where it is not there."""
    if node is ABSENT:
        return None
    if isinstance(node, Follows):
        return plain(node.value)
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, dict):
        return str(node.get("label") or node.get("text") or json.dumps(node, ensure_ascii=False))
    if isinstance(node, list):
        return ", ".join(plain(item) or "" for item in node)
    return "" if node is None else str(node)
