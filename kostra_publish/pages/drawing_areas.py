"""Drawings of many areas in one year: strips, histograms, bars, dots and tiles."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from typing import Final

from markupsafe import Markup

from kostra_publish.pages.drawing_parts import (
    LETTER,
    ROW,
    WIDTH,
    Point,
    Scale,
    Words,
    is_whole,
    keys_of,
    keys_row,
    name_at,
    picture,
    safe,
    scale_of,
    sign_chip,
    sign_class,
    state,
    told,
    wrapped,
)

# --- strips -----------------------------------------------------------------------------

_PLACES: Final = 60
"""The places of a strip are so many and one."""


def strip(shares: Sequence[float], own: float | None, group: float | None) -> Markup:
    """Where an area is among all areas, in the size of a few words, without text.

    Args:
        shares: where each area is, from 0 to 1. The more areas at a place, the higher its tick.
        own: where the area itself is; None draws no mark.
        group: where the median of its group is; None draws no mark.
    """
    ticks = _strip_ticks(tuple(shares))
    if not ticks:
        return Markup()
    marks = ""
    if group is not None:
        x = _strip_x(group)
        marks = f'<path class="group" d="M{x:.1f} 15.5l3 4h-6z"/>'
    if own is not None:
        x = _strip_x(own)
        marks += (
            f'<path class="own" d="M{x:.1f} 4V16"/><circle class="own" cx="{x:.1f}" cy="4" r="3"/>'
        )
    return Markup(  # noqa: S704  # numbers and classes only
        '<svg class="chart strip" viewBox="0 0 140 20" aria-hidden="true" focusable="false">'
        f'<path class="ticks" d="{ticks}"/>{marks}</svg>'
    )


def _strip_x(share: float) -> float:
    return 4 + 132 * min(max(share, 0.0), 1.0)


@lru_cache(maxsize=1024)
def _strip_ticks(shares: tuple[float, ...]) -> str:
    """One path of all ticks: the same for every area that is compared with the same ones."""
    counts = Counter(round(min(max(share, 0.0), 1.0) * _PLACES) for share in shares)
    most = max(counts.values(), default=1)
    return "".join(
        f"M{4 + 132 * place / _PLACES:.1f} 15v-{2.5 + 7.5 * count / most:.1f}"
        for place, count in sorted(counts.items())
    )


def _bottom_axis(
    scale: Scale, left: float, right: float, bottom: float, words: Words
) -> Iterator[str]:
    """A horizontal axis with its ticks."""
    yield f'<path class="zero" d="M{left} {bottom:.1f}H{right}"/>'
    for tick in scale.ticks:
        x = left + (right - left) * (tick - scale.low) / (scale.high - scale.low)
        yield (
            f'<text x="{x:.1f}" y="{bottom + 20:.1f}" class="tick" text-anchor="middle">'
            f"{safe(words.number(tick, scale.decimals))}</text>"
        )


def _unit_below(y: float, unit: str) -> str:
    return f'<text x="{WIDTH}" y="{y:.1f}" class="unit" text-anchor="end">{safe(unit)}</text>'


# --- bars -------------------------------------------------------------------------------

_BAR_NAME: Final = 22
"""At most so many letters on a line of the name of a bar."""


@dataclass(frozen=True)
class Bar:
    """An area with its figure; ``own`` is the one that the page is about."""

    name: str
    point: Point
    own: bool = False


def bars(
    rows: Sequence[Bar], *, element_id: str, title: str, description: str, words: Words
) -> Markup:
    """A horizontal bar for each area, from zero; empty when there is no figure to show.

    An area without a figure has no bar but its sign, with the word for it.
    """
    values = [row.point.shown for row in rows if row.point.shown is not None]
    if not values:
        return Markup()
    low, high = min(0.0, *values), max(0.0, *values)
    letters = max(len(part) for row in rows for part in wrapped(row.name, _BAR_NAME))
    figure = 12 + LETTER * max(len(row.point.text) for row in rows if row.point.shown is not None)
    left = 12 + LETTER * letters + (figure if low < 0 else 0)
    scale = (WIDTH - figure - left) / (high - low or 1)
    zero = left - low * scale
    parts: list[str] = []
    y = 4.0
    for row in rows:
        height = 28.0 if len(wrapped(row.name, _BAR_NAME)) == 1 else 44.0
        parts += _bar(row, y + height / 2, zero, scale, words)
        parts.append(
            name_at(
                LETTER * letters,
                y + height / 2,
                row.name,
                "name own" if row.own else "name",
                _BAR_NAME,
                "end",
            )
        )
        y += height
    parts.append(f'<path class="zero" d="M{zero:.1f} 2V{y + 2:.0f}"/>')
    keys = [
        (mark, word)
        for mark, word in keys_of((row.point for row in rows), words)
        if mark in {"preliminary", "estimated"}
    ]
    if keys:
        y += 26
        parts += keys_row(keys, y - 8, "bar")
    return picture(
        "bars", y + 6, parts, element_id=element_id, title=title, description=description
    )


def _bar(row: Bar, middle: float, zero: float, scale: float, words: Words) -> Iterator[str]:
    """A bar with its figure at its end, or a sign with its word."""
    point, own = row.point, " own" if row.own else ""
    value = point.shown
    if value is None:
        yield sign_chip(zero + 16, middle, point.sign, point.cell)
        word = safe(words.signs.get(point.sign, ""))
        yield f'<text x="{zero + 31:.1f}" y="{middle:.1f}" dy=".35em" class="note">{word}</text>'
        return
    end = zero + value * scale
    yield (
        f'<rect x="{min(zero, end):.1f}" y="{middle - 8:.1f}" width="{abs(end - zero):.1f}" '
        f'height="16" class="bar{own}{state(point)}" data-c="{safe(point.cell)}">'
        f"{told(row.name, point.text)}</rect>"
    )
    x, anchor = (end + 7, "start") if value >= 0 else (end - 7, "end")
    yield (
        f'<text x="{x:.1f}" y="{middle:.1f}" dy=".35em" class="value{own}" '
        f'text-anchor="{anchor}" data-c="{safe(point.cell)}">{safe(point.text)}</text>'
    )


# --- dots -------------------------------------------------------------------------------

_DEEPEST: Final = 190.0
"""How high a swarm of dots may be."""


@dataclass(frozen=True)
class Dot:
    """An area with its figure, which is shown."""

    value: float
    name: str
    text: str
    """The figure as it is published."""
    cell: str


def dots(
    values: Sequence[Dot],
    *,
    element_id: str,
    title: str,
    description: str,
    unit: str,
    words: Words,
) -> Markup:
    """All areas along an axis, each a dot; those of about the same value above each other.

    The axis has zero on it unless all values are far from it. Empty when there are no areas.
    """
    if not values:
        return Markup()
    ordered = sorted(values, key=lambda dot: (dot.value, dot.cell))
    low, high = ordered[0].value, ordered[-1].value
    if low * 2 < high - low or low == high:
        low, high = min(0.0, low), max(0.0, high)
    scale = scale_of(low, high, whole=is_whole(dot.value for dot in ordered))
    left, right = 30.0, WIDTH - 30.0
    factor = (right - left) / (scale.high - scale.low)
    places = [left + factor * (dot.value - scale.low) for dot in ordered]
    radius, lanes, apart = _swarm(places)
    deep = apart * max(abs(lane) for lane in lanes) + radius + 4
    bottom = 2 * deep + 6
    parts = [
        f'<path class="grid" d="{_verticals(scale, left, factor, bottom)}"/>',
        *_bottom_axis(scale, left, right, bottom, words),
        _unit_below(bottom + 42, unit),
    ]
    parts += [
        f'<circle cx="{x:.1f}" cy="{deep + 3 + apart * lane:.1f}" r="{radius}" class="dot" '
        f'data-c="{safe(dot.cell)}">{told(dot.name, dot.text)}</circle>'
        for dot, x, lane in zip(ordered, places, lanes, strict=True)
    ]
    return picture(
        "dots", bottom + 50, parts, element_id=element_id, title=title, description=description
    )


def _verticals(scale: Scale, left: float, factor: float, bottom: float) -> str:
    return "".join(
        f"M{left + factor * (tick - scale.low):.1f} 2V{bottom:.1f}" for tick in scale.ticks
    )


def _swarm(places: Sequence[float]) -> tuple[float, list[int], float]:
    """The radius of the dots, the lane of each, and how far lanes are apart.

    The largest dots that do not make the swarm too high; the smallest ones lie over each
    other where that is not enough.
    """
    for radius in (5.0, 4.2, 3.5, 2.8):
        apart = 2 * radius + 0.8
        lanes = _lanes(places, apart)
        deepest = max(abs(lane) for lane in lanes)
        if (2 * deepest + 1) * apart <= _DEEPEST:
            return radius, lanes, apart
    return radius, lanes, _DEEPEST / (2 * deepest + 1)


def _lanes(places: Sequence[float], apart: float) -> list[int]:
    """For each place, in their order, the free lane nearest the middle: 0, then 1, -1, 2, -2."""
    # Lanes come free in the order in which they were taken.
    taken: deque[tuple[float, int]] = deque()
    free: list[int] = []
    lanes: list[int] = []
    for x in places:
        while taken and taken[0][0] <= x:
            heappush(free, taken.popleft()[1])
        number = heappop(free) if free else len(taken)
        taken.append((x + apart, number))
        lanes.append((number + 1) // 2 * (1 if number % 2 else -1))
    return lanes


# --- tiles ------------------------------------------------------------------------------

_ACROSS: Final = 7
"""So many tiles beside each other in a block."""
_TILE: Final = 18
"""From one tile to the next."""
_COLUMN: Final = 144
"""From one column of blocks to the next."""
_BLOCK_NAME: Final = 14
"""At most so many letters on a line of the name of a block."""


@dataclass(frozen=True)
class Tile:
    """An area: a figure with its level, or a sign."""

    name: str
    text: str
    """The figure as it is published, or the sign."""
    cell: str
    level: int | None
    """Which fifth of the areas it is in, from 0, the lowest, to 4. Not looked at with a sign."""
    sign: str


@dataclass(frozen=True)
class Block:
    """Areas that belong together, with the place of the block on a coarse map."""

    name: str
    column: int
    """From the left, 0 to 3."""
    row: int
    """From the top, from 0."""
    tiles: tuple[Tile, ...]


def tile_map(
    blocks: Sequence[Block], *, element_id: str, title: str, description: str, words: Words
) -> Markup:
    """A square for each area, in blocks placed about as on a map; empty without areas.

    Below there is a key of the levels, when there is a word for them, and one of the signs
    that occur.
    """
    if not any(block.tiles for block in blocks):
        return Markup()
    hatch = f"{element_id}-hatch"
    parts = [_hatching(hatch)]
    y = 0.0
    for row in sorted({block.row for block in blocks}):
        here = [block for block in blocks if block.row == row]
        named = 2 + ROW * max(len(wrapped(block.name, _BLOCK_NAME)) for block in here)
        for block in here:
            parts += _block(block, y + named, hatch)
        deepest = max(-(-len(block.tiles) // _ACROSS) for block in here)
        y += named + _TILE * deepest + 10
    y += 14
    if words.levels:
        parts += _level_keys(y, hatch, words)
        y += ROW + 4
    signs = {tile.sign for block in blocks for tile in block.tiles if tile.sign}
    if signs:
        parts += _sign_keys(signs, y, hatch, words)
        y += ROW + 4
    return picture(
        "tiles", y - 8, parts, element_id=element_id, title=title, description=description
    )


def _hatching(name: str) -> str:
    return (
        f'<defs><pattern id="{safe(name)}" width="4" height="4" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path class="hatch" d="M2 0V4"/></pattern></defs>'
    )


def _block(block: Block, top: float, hatch: str) -> Iterator[str]:
    """The tiles of a block, its name above them."""
    left = block.column * _COLUMN
    lines = len(wrapped(block.name, _BLOCK_NAME))
    yield name_at(left, top - 4 - ROW * lines / 2, block.name, "name", _BLOCK_NAME)
    for number, tile in enumerate(block.tiles):
        down, across = divmod(number, _ACROSS)
        yield (
            f'<rect x="{left + _TILE * across}" y="{top + _TILE * down:.0f}" '
            f"{_tile_look(tile.sign, tile.level, hatch)} "
            f'data-c="{safe(tile.cell)}">{told(tile.name, tile.sign or tile.text)}</rect>'
        )


def _tile_look(sign: str, level: int | None, hatch: str) -> str:
    """The size, the class and, when suppressed, the pattern of a tile."""
    size = f'width="{_TILE - 2}" height="{_TILE - 2}" rx="2"'
    if sign == ":":
        return f'{size} class="tile suppressed" fill="url(#{safe(hatch)})"'
    if sign or level is None:
        return f'{size} class="tile {sign_class(sign)}"'
    return f'{size} class="tile level-{min(max(level, 0), 4)}"'


def _level_keys(y: float, hatch: str, words: Words) -> Iterator[str]:
    for level in range(5):
        yield f'<rect x="{_TILE * level}" y="{y - 8:.1f}" {_tile_look("", level, hatch)}/>'
    yield _key_word(_TILE * 5 + 4, y, words.levels)


def _sign_keys(signs: set[str], y: float, hatch: str, words: Words) -> Iterator[str]:
    x = 0.0
    for sign in (":", "..", "."):
        word = words.signs.get(sign, "")
        if sign in signs and x + 22 + LETTER * len(word) <= WIDTH:
            yield f'<rect x="{x:.1f}" y="{y - 8:.1f}" {_tile_look(sign, None, hatch)}/>'
            yield _key_word(x + 22, y, word)
            x += LETTER * len(word) + 44


def _key_word(x: float, y: float, word: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" dy=".35em" class="key">{safe(word)}</text>'
