"""What a reader can choose beside what is shown: categories, groups of them, and another layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kostra_publish.preview.changes import Changes
from kostra_publish.preview.selection import HEADING, STUB, Choices, Selection
from kostra_publish.specs.dimensions import CONTENTS, TIME, CubeDimension

_KINDS: Final = (
    ("land", "Landet"), ("fylke", "Fylker"), ("kostragruppe", "KOSTRA-grupper"),
    ("kommune", "Kommuner"), ("bydeler", "Bydelene i alt"), ("bydel", "Bydeler"),
)  # fmt: skip
_COUNTRY: Final = frozenset({"land", "land_uten_oslo"})


@dataclass(frozen=True)
class Option:
    """A category that can be picked."""

    code: str
    label: str
    picked: bool


@dataclass(frozen=True)
class Group:
    """Categories that are picked, or left out, with one touch."""

    name: str
    label: str
    size: int
    picked: bool
    """Whether all of them are picked; then ``address`` leaves them out."""
    address: str


@dataclass(frozen=True)
class Choice:
    """A dimension to choose from."""

    code: str
    label: str
    is_region: bool
    options: Sequence[Option]
    groups: Sequence[Group]
    picked: int


@dataclass(frozen=True)
class Move:
    """A change of the layout: what it is called, where it leads, and what is told afterwards."""

    name: str
    """``earlier``, ``later`` or ``over``."""
    label: str
    address: str
    said: str


@dataclass(frozen=True)
class Placed:
    """A dimension where it stands, with the ways that it can move."""

    code: str
    label: str
    picked: int
    moves: Sequence[Move]


@dataclass(frozen=True)
class Side:
    """Dimensions down the side or across the top, outermost first."""

    name: str
    """``stub`` or ``heading``, as in an address."""
    label: str
    placed: Sequence[Placed]


# --- categories ---------------------------------------------------------------------------


def choices(known: Choices, selection: Selection, changes: Changes | None) -> list[Choice]:
    """What can be chosen of each dimension, in the order of the table."""
    return [_choice(known, selection, one, changes) for one in known.cube.dimensions]


def _choice(
    known: Choices, selection: Selection, dimension: CubeDimension, changes: Changes | None
) -> Choice:
    picked = frozenset(selection.picked[dimension.code])
    return Choice(
        code=dimension.code,
        label=dimension.label.get(selection.language),
        is_region=dimension is known.region,
        options=[
            Option(code, label.get(selection.language), code in picked)
            for code, label in zip(dimension.codes, dimension.labels, strict=True)
        ],
        groups=[
            _group(known, selection, dimension, *one)
            for one in _groups(known, dimension, changes)
            if one[2]
        ],
        picked=len(picked),
    )


def _groups(
    known: Choices, dimension: CubeDimension, changes: Changes | None
) -> Iterator[tuple[str, str, Sequence[str]]]:
    """The groups of a dimension: name, label and codes."""
    if dimension is known.region:
        for kind, label in _KINDS:
            kinds = _COUNTRY if kind == "land" else {kind}
            yield kind, label, [area.code for area in known.areas if area.kind in kinds]
    if dimension.code == TIME and len(dimension.codes) > 1:
        yield "nyeste", "Nyeste år", dimension.codes[-1:]
    if dimension.code == CONTENTS:
        key = known.cube.table.presentation.key_figures
        yield "viktigste", "Viktigste", [code for code in dimension.codes if code in key]
    if dimension.total is not None:
        yield "i-alt", "I alt", [dimension.total]
    if changes is not None and 0 < len(
        changed := changes.categories(dimension.code)
    ) < len(dimension.codes):  # fmt: skip
        yield "endret", "Med endringer", [code for code in dimension.codes if code in changed]
    if len(dimension.codes) > 1:
        yield "alle", "Alle", dimension.codes


def _group(
    known: Choices,
    selection: Selection,
    dimension: CubeDimension,
    name: str,
    label: str,
    group: Sequence[str],
) -> Group:
    picked = frozenset(selection.picked[dimension.code])
    whole = picked.issuperset(group)
    wanted = picked.difference(group) if whole else picked.union(group)
    other = selection.picking(dimension.code, (one for one in dimension.codes if one in wanted))
    return Group(name, label, len(group), whole, known.address(other))


# --- layout -------------------------------------------------------------------------------

_LABELS: Final = {STUB: "Side", HEADING: "Topp"}
_WHERE: Final = {STUB: "på siden", HEADING: "på toppen"}
_TO: Final = {STUB: "til siden", HEADING: "til toppen"}


def sides(known: Choices, selection: Selection) -> list[Side]:
    """The top and the side of a table, with the ways that each dimension can move."""
    return [
        Side(side, _LABELS[side], [_placed(known, selection, side, code) for code in placed])
        for side, placed in ((HEADING, selection.heading), (STUB, selection.stub))
    ]


def _placed(known: Choices, selection: Selection, side: str, code: str) -> Placed:
    own = selection.sides[side]
    label = known.cube.dimension(code).label.get(selection.language)
    moves = []
    for name, word, step in (("earlier", "fram", -1), ("later", "tilbake", 1)):
        to = own.index(code) + step
        if 0 <= to < len(own):
            moved = [one for one in own if one != code]
            moved.insert(to, code)
            address = known.address(selection.placing({**selection.sides, side: moved}))
            said = place_told(label, side, to + 1, len(own))
            moves.append(Move(name, f"Flytt {label} {word}", address, said))
    other = HEADING if side == STUB else STUB
    there = [*selection.sides[other], code]
    rest = [one for one in own if one != code]
    address = known.address(selection.placing({side: rest, other: there}))
    said = place_told(label, other, len(there), len(there))
    moves.append(Move("over", f"Flytt {label} {_TO[other]}", address, said))
    return Placed(code, label, len(selection.picked[code]), moves)


def place_told(label: str, side: str, place: int, among: int) -> str:
    """Where a dimension stands now, for those who cannot see it."""
    return f"{label} står {_WHERE[side]}, som nummer {place} av {among}."


def transposed(selection: Selection) -> Selection:
    """The same with side and top changed over."""
    return selection.placing({STUB: selection.heading, HEADING: selection.stub})
