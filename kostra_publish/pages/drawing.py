"""Charts of the key-figure site as inline SVG: drawn when the page is made, by no script.

Each function takes what is shown and nothing else, and gives the same text for the same input.
Nothing that is hidden moves anything: a point with a sign counts for its year alone.

Classes for the style sheet, after the element they stand on:

- ``svg``: ``chart`` with one of ``lines``, ``spark``, ``strip``, ``bars``,
  ``dots``, ``tiles``
- ``text``: ``tick``, ``year``, ``unit``, ``key`` (word of a key), ``note`` (word of a sign),
  ``name`` (with a role or ``own``), ``value`` (figure; with ``own``), ``sign`` (with the sign)
- ``path``: ``grid``, ``zero``, ``line`` (with a role; with ``preliminary``), ``leader`` (from
  the end of a line to its name, with a role), ``break``, ``gap`` and ``alone`` (of a sparkline:
  years without a figure, figures with none beside them), ``ticks`` (of a strip)
- ``circle`` and, when estimated, ``path``: ``point`` (with a role, ``preliminary``,
  ``estimated``, ``alone``), ``end`` (of a sparkline, with ``preliminary``), ``dot``
- ``rect``: ``bar`` (with ``own``, ``preliminary``, ``estimated``),
  ``chip`` (ground of a sign, with the sign), ``tile`` (with a level or a sign)
- of a strip: ``own`` (line and circle), ``group`` (path)
- in the pattern of suppressed tiles: ``hatch`` (path)

Roles are ``own``, ``group``, ``county``, ``country``; signs are ``suppressed``, ``missing``,
``inapplicable``; levels are ``level-0`` to ``level-4``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import ceil
from typing import Final

from markupsafe import Markup

from kostra_publish.pages.drawing_areas import (
    Bar,
    Block,
    Dot,
    Tile,
    bars,
    dots,
    strip,
    tile_map,
)
from kostra_publish.pages.drawing_parts import (
    LETTER,
    ROW,
    TEXT,
    WIDTH,
    Point,
    Scale,
    Words,
    is_whole,
    keys_of,
    keys_row,
    name_at,
    picture,
    point_mark,
    safe,
    scale_of,
    sign_chip,
    state,
    text_at,
    wrapped,
)

__all__ = [
    "Bar",
    "Block",
    "Dot",
    "Line",
    "Point",
    "Tile",
    "Words",
    "bars",
    "dots",
    "line_chart",
    "sparkline",
    "strip",
    "tile_map",
]

_TOP: Final = 34.0
_BOTTOM: Final = 222.0
"""Where the highest and the lowest tick of a line chart are."""
_NAME: Final = 16
"""At most so many letters on a line of the name of a line."""
_YEAR: Final = 52
"""How much room a year needs."""
_ORDER: Final = {"own": 0, "group": 1, "county": 2, "country": 3}


@dataclass(frozen=True)
class Line:
    """A series: the figures of an area, in the order of years."""

    name: str
    points: tuple[Point, ...]
    role: str
    """``own``, ``group``, ``county`` or ``country``."""


@dataclass(frozen=True)
class _Frame:
    """Where the years and values of a line chart are."""

    left: float
    right: float
    years: tuple[int, ...]
    x: Mapping[int, float]
    place: Mapping[int, int]
    """Each year's number among the years."""
    scale: Scale
    unit: float
    """Where the unit above the axis ends."""

    def y(self, value: float) -> float:
        return _height(value, self.scale)


def line_chart(
    lines: Sequence[Line],
    *,
    element_id: str,
    title: str,
    description: str,
    unit: str,
    words: Words,
    breaks: Sequence[int] = (),
) -> Markup:
    """Figures by year, a line for each area; empty when there is no figure to show.

    Values are on an axis with zero. A year without a figure breaks the line, and its sign
    stands below the line's place at the foot.
    """
    ordered = sorted(lines, key=lambda line: _ORDER.get(line.role, 9))
    values = [
        point.value
        for line in ordered
        for point in line.points
        if point.value is not None and not point.sign
    ]
    if not values:
        return Markup()
    frame = _frame(ordered, values, unit, words)
    parts = [
        _axes(frame.scale, frame.left, frame.right, words.number),
        text_at(0, 14, unit, "unit"),
    ]
    broken = [frame.x[year] for year in breaks if year in frame.x]
    parts += [f'<path class="break" d="M{x:.1f} {_TOP - 8}V{_BOTTOM}"/>' for x in broken]
    ends: list[tuple[float, float, Line]] = []
    for line in reversed(ordered):
        runs = _runs(line.points, frame.place)
        if runs:
            parts += _line(line, runs, frame)
            last = runs[-1][-1]
            ends.append((frame.x[last.year], frame.y(last.shown or 0), line))
    parts += _names(ends[::-1], frame)
    if ordered[0].role == "own":
        parts += _values(ordered, frame)
    bottom = _foot(parts, ordered, frame, words, broken=bool(broken))
    return picture(
        "lines", bottom, parts, element_id=element_id, title=title, description=description
    )


def _frame(lines: Sequence[Line], values: Sequence[float], unit: str, words: Words) -> _Frame:
    scale = scale_of(min(0.0, *values), max(0.0, *values), whole=is_whole(values))
    widest = max(len(tick) for tick in _ticks(scale, words.number))
    letters = max(len(part) for line in lines for part in wrapped(line.name, _NAME))
    left = round(12 + LETTER * widest)
    right = round(WIDTH - 20 - LETTER * letters)
    years = tuple(sorted({point.year for line in lines for point in line.points}))
    x, place = _across(years, left, right)
    return _Frame(left, right, years, x, place, scale, LETTER * len(unit))


@lru_cache(maxsize=512)
def _across(
    years: tuple[int, ...], left: float, right: float
) -> tuple[Mapping[int, float], Mapping[int, int]]:
    """Where each year is, and its number in the order."""
    span = years[-1] - years[0]
    inner = right - left - 24
    if not span:
        return {years[0]: left + 12 + inner / 2}, {years[0]: 0}
    x = {year: left + 12 + inner * (year - years[0]) / span for year in years}
    return x, {year: number for number, year in enumerate(years)}


@lru_cache(maxsize=1024)
def _ticks(scale: Scale, number: Callable[[float, int], str]) -> tuple[str, ...]:
    return tuple(number(tick, scale.decimals) for tick in scale.ticks)


def _height(value: float, scale: Scale) -> float:
    """Where a value is on the vertical axis."""
    return _BOTTOM - (_BOTTOM - _TOP) * (value - scale.low) / (scale.high - scale.low)


@lru_cache(maxsize=2048)
def _axes(scale: Scale, left: float, right: float, number: Callable[[float, int], str]) -> str:
    """The grid with its ticks, and the line at zero: many charts have the same."""
    grid = texts = ""
    for tick, text in zip(scale.ticks, _ticks(scale, number), strict=True):
        y = _height(tick, scale)
        if tick:
            grid += f"M{left} {y:.1f}H{right}"
        texts += (
            f'<text x="{left - 7}" y="{y:.1f}" dy=".35em" class="tick" text-anchor="end">'
            f"{safe(text)}</text>"
        )
    zero = _height(0, scale)
    return (
        f'<path class="grid" d="{grid}"/><path class="zero" d="M{left} {zero:.1f}H{right}"/>{texts}'
    )


# --- lines ------------------------------------------------------------------------------


def _runs(points: Sequence[Point], place: Mapping[int, int]) -> list[list[Point]]:
    """The shown points, cut where a year between them has no figure."""
    runs: list[list[Point]] = []
    reached = -2
    for point in points:
        if point.value is None or point.sign:
            continue
        here = place[point.year]
        if here == reached + 1:
            runs[-1].append(point)
        else:
            runs.append([point])
        reached = here
    return runs


def _line(line: Line, runs: Sequence[Sequence[Point]], frame: _Frame) -> list[str]:
    """The line in one path, its preliminary parts in another, and its points."""
    role = safe(line.role)
    radius = 3.6 if line.role == "own" else 2.2
    full = dashed = ""
    marks: list[str] = []
    for run in runs:
        at, drawn = "", False
        for point in run:
            x, y = f"{frame.x[point.year]:.1f}", f"{frame.y(point.value or 0):.1f}"
            here = f"{x} {y}"
            if at and point.preliminary:
                dashed += f"M{at}L{here}"
                drawn = False
            elif at:
                full += f"L{here}" if drawn else f"M{at}L{here}"
                drawn = True
            at = here
            marks.append(_mark(point, x, y, radius, role))
        if len(run) == 1:
            marks[-1] = _mark(run[0], x, y, radius + 0.8, f"{role} alone")
    parts = [f'<path class="line {role}" d="{full}"/>'] if full else []
    if dashed:
        parts.append(f'<path class="line {role} preliminary" d="{dashed}"/>')
    return parts + marks


def _mark(point: Point, x: str, y: str, radius: float, kind: str) -> str:
    """A point of a line, with its cell and its figure."""
    return point_mark(
        x,
        y,
        radius,
        f"point {kind}{state(point)}",
        diamond=point.estimated,
        inside=(f' data-c="{safe(point.cell)}"><title>{point.year}: {safe(point.text)}</title>'),
    )


# --- names at the ends of lines -----------------------------------------------------------


def _names(ends: Sequence[tuple[float, float, Line]], frame: _Frame) -> Iterator[str]:
    """The name of each line to the right, beside its end or as near as there is room."""
    room = _BOTTOM + 10 - (_TOP - 14)
    placed: list[tuple[float, float, float, Line]] = []
    for x, y, line in ends:
        height = 3.0 + TEXT * len(wrapped(line.name, _NAME))
        room -= height
        if room < 0:
            break
        placed.append((y, height, x, line))
    placed.sort(key=lambda each: each[0])
    tops = _spread([(y - height / 2, height) for y, height, *_ in placed], _TOP - 14, _BOTTOM + 10)
    for top, (y, height, x, line) in zip(tops, placed, strict=True):
        role = safe(line.role)
        middle = top + height / 2
        # None from a line that ends early: it would look as if the line went on.
        if x > frame.right - 13 and abs(middle - y) > 3:
            yield (
                f'<path class="leader {role}" d="M{x + 6:.1f} {y:.1f}H{frame.right - 2}'
                f'L{frame.right + 10} {middle:.1f}"/>'
            )
        yield name_at(frame.right + 14, middle, line.name, f"name {role}", _NAME)


def _spread(wanted: Sequence[tuple[float, float]], low: float, high: float) -> list[float]:
    """Where boxes stacked between two limits start, as near as can be to where they would.

    Args:
        wanted: for each box, where it would start, and its height; in the order of the starts.
        low: where the first may start.
        high: where the last must have ended.
    """
    # Blocks of boxes that touch: where the block starts, its height, and how many it holds.
    blocks: list[tuple[float, float, int]] = []
    for wish, size in wanted:
        start, height, count = min(max(wish, low), high - size), size, 1
        while blocks and blocks[-1][0] + blocks[-1][1] > start:
            above, tall, many = blocks.pop()
            # The mean of where the boxes of both would have the joined block start.
            start = (above * many + (start - tall) * count) / (many + count)
            height, count = tall + height, many + count
            start = min(max(start, low), high - height)
        blocks.append((start, height, count))
    starts: list[float] = []
    sizes = iter(size for _, size in wanted)
    for start, _, count in blocks:
        at = start
        for _ in range(count):
            starts.append(at)
            at += next(sizes)
    return starts


# --- values on the own line --------------------------------------------------------------


def _values(lines: Sequence[Line], frame: _Frame) -> Iterator[str]:
    """The first and the last figure that the first line shows, beside their points."""
    shown = [point for point in lines[0].points if point.shown is not None]
    if not shown:
        return
    last = _value_box(shown[-1], frame)
    place = frame.place[shown[-1].year]
    yield _value(shown[-1], frame.years[place - 1], last, lines, frame)
    first = _value_box(shown[0], frame)
    if first[1] + 6 <= last[0]:
        place = frame.place[shown[0].year]
        yield _value(shown[0], frame.years[place + 1], first, lines, frame)


def _value_box(point: Point, frame: _Frame) -> tuple[float, float, str]:
    """Where the label of a point starts and ends, and how it is anchored."""
    x, width = frame.x[point.year], LETTER * len(point.text)
    if x - width / 2 < frame.left:
        return x - 5, x - 5 + width, "start"
    if x + width / 2 > frame.right:
        return x + 5 - width, x + 5, "end"
    return x - width / 2, x + width / 2, "middle"


def _value(
    point: Point,
    beside: int,
    box: tuple[float, float, str],
    lines: Sequence[Line],
    frame: _Frame,
) -> str:
    """The label above or below its point: where fewest lines are on the way to ``beside``."""
    x, y = frame.x[point.year], frame.y(point.shown or 0)
    start, end, anchor = box
    reach = end - x if frame.x[beside] > x else x - start
    share = min(1.0, reach / (abs(frame.x[beside] - x) or 1))
    above = 9 * (y - 24 < (20 if start < frame.unit else 0))
    below = 9 * (y + 26 > _BOTTOM)
    for line in lines:
        here = _at(line, point.year, frame)
        if here is None:
            continue
        there = _at(line, beside, frame)
        far = here + ((here if there is None else there) - here) * share - y
        high, low = min(here - y, far), max(here - y, far)
        weight = 2 if line.role == "own" else 1
        above += weight * (high < -5 and low > -26)
        below += weight * (low > 5 and high < 26)
    at = start if anchor == "start" else end if anchor == "end" else x
    place = f'y="{y + 9:.1f}" dy=".75em"' if below < above else f'y="{y - 9:.1f}"'
    return (
        f'<text x="{at:.1f}" {place} class="value own" text-anchor="{anchor}" '
        f'data-c="{safe(point.cell)}">{safe(point.text)}</text>'
    )


def _at(line: Line, year: int, frame: _Frame) -> float | None:
    """Where the line is in a year, if it shows a figure."""
    for point in line.points:
        if point.year == year:
            return None if point.shown is None else frame.y(point.shown)
    return None


# --- the foot -----------------------------------------------------------------------------


def _foot(
    parts: list[str], lines: Sequence[Line], frame: _Frame, words: Words, *, broken: bool
) -> float:
    """Adds signs, years and keys below the axis; gives how high the chart is."""
    y = _BOTTOM + 10
    for line in lines:
        signs = [point for point in line.points if point.sign]
        if not signs:
            continue
        y += ROW / 2
        for point in signs:
            words_of = f"{point.year} {words.signs.get(point.sign, '')}".strip()
            parts.append(
                f"<g><title>{safe(words_of)}</title>"
                f"{sign_chip(frame.x[point.year], y, point.sign, point.cell)}</g>"
            )
        if line.role != "own" or len(signs) == len(line.points):
            name = wrapped(line.name, _NAME)[0]
            parts.append(
                f'<text x="{frame.right + 14}" y="{y:.1f}" dy=".35em" '
                f'class="name {safe(line.role)}">{safe(name)}</text>'
            )
        y += ROW / 2
    y += 16
    parts.append(_years(frame.years, frame.left, frame.right, y))
    keys = keys_of((point for line in lines for point in line.points), words)
    if broken and words.broken:
        keys.append(("break", words.broken))
    if keys:
        y += 26
        parts += keys_row(keys, y - 4, "point")
    return y + 8


@lru_cache(maxsize=1024)
def _years(years: tuple[int, ...], left: float, right: float, y: float) -> str:
    """The years that have room, counted back from the last."""
    x, _ = _across(years, left, right)
    gaps = [x[after] - x[before] for before, after in pairwise(years)]
    every = max(1, ceil(_YEAR / min(gaps))) if gaps else 1
    return "".join(
        f'<text x="{x[year]:.1f}" y="{y:.1f}" class="year" text-anchor="middle">{year}</text>'
        for year in years[::-1][::every][::-1]
    )


# --- sparklines ---------------------------------------------------------------------------


def sparkline(points: Sequence[Point]) -> Markup:
    """The course of a series in the size of a word, without text; empty without a figure.

    It is not on an axis with zero, but a change fills the height only when it is at least
    a fifth of the largest value.
    """
    values = [point.value for point in points if point.value is not None and not point.sign]
    if not values:
        return Markup()
    low, high = min(values), max(values)
    least = max(abs(low), abs(high)) / 5
    if high - low < least:
        low = (low + high - least) / 2
        high = low + least
    factor = 16 / (high - low) if high > low else 0.0
    x = _spark_x(tuple([point.year for point in points]))
    full = dashed = alone = gaps = ""
    at, drawn, count = "", False, 0
    last = points[0]
    for place, point in zip(x, points, strict=True):
        if point.value is None or point.sign:
            gaps += f"M{place} 4v16"
            if count == 1:
                alone += f"M{at}h0"
            at, count = "", 0
            continue
        here = f"{place} {19 - factor * (point.value - low):.1f}"
        if count:
            if point.preliminary:
                dashed += f"M{at}L{here}"
                drawn = False
            else:
                full += f"L{here}" if drawn else f"M{at}L{here}"
                drawn = True
        else:
            drawn = False
        at, count, last = here, count + 1, point
        end = here
    across, up = end.split(" ")
    kind = "end preliminary" if last.preliminary else "end"
    paths = "".join(
        f'<path class="{name}" d="{d}"/>'
        for name, d in (
            ("line", full),
            ("line preliminary", dashed),
            ("alone", alone),
            ("gap", gaps),
        )
        if d
    )
    return Markup(  # noqa: S704  # numbers and classes only
        '<svg class="chart spark" viewBox="0 0 96 24" aria-hidden="true" focusable="false">'
        f'{paths}<circle class="{kind}" cx="{across}" cy="{up}" r="2.6"/></svg>'
    )


@lru_cache(maxsize=512)
def _spark_x(years: tuple[int, ...]) -> tuple[str, ...]:
    span = max(years) - min(years)
    if not span:
        return ("48",) * len(years)
    return tuple(f"{4 + 88 * (year - min(years)) / span:.1f}" for year in years)
