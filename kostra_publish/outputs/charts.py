"""Charts as inline SVG: drawn when the page is made, with no script and nothing fetched.

Colours and type come from classes in the style sheet, so that dark mode and print are its
business alone. Each chart has a title and a description for those who do not see it; what it
shows stands in the table below it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final, TypeAlias

from markupsafe import Markup, escape

from kostra_publish.outputs.norwegian import number, percent

WIDTH: Final = 560
_LETTER: Final = 6.2
"""About how wide a letter is."""
_LINE: Final = 14
_MOST_LABELS: Final = 8


@dataclass(frozen=True)
class Bar:
    """A share in per cent, with the name of what it is the share of."""

    label: str
    percent: float
    now: bool
    """Whether it is of the round being made; else it is an earlier one."""


@dataclass(frozen=True)
class Bars:
    """Groups of bars from 0 to 100 per cent, with a limit that each group should reach."""

    title: str
    description: str
    groups: tuple[tuple[str, tuple[Bar, ...]], ...]
    limit: float


@dataclass(frozen=True)
class Point:
    """Something with two values; ``marked`` is drawn so that it is seen."""

    label: str
    x: float
    y: float
    marked: bool


@dataclass(frozen=True)
class Spread:
    """Points by size (x, logarithmic) and deviation in per cent (y), with a band around zero."""

    title: str
    description: str
    x_label: str
    y_label: str
    points: tuple[Point, ...]
    band: float
    """Half the width of the band, in per cent."""
    reach: float = 25
    """Deviations beyond this many per cent are drawn at the edge."""


@dataclass(frozen=True)
class Strips:
    """Strips of points: x is a change in per cent, y the size within a strip, logarithmic."""

    title: str
    description: str
    strips: tuple[tuple[str, tuple[Point, ...]], ...]
    reach: float = 60
    """Changes beyond this many per cent are drawn at the edge."""


Chart: TypeAlias = Bars | Spread | Strips


def draw(chart: Chart) -> Markup:
    """The chart as an ``svg`` element."""
    match chart:
        case Bars():
            height, parts = _bars(chart)
        case Spread():
            height, parts = _spread(chart)
        case Strips():
            height, parts = _strips(chart)
    title, description = escape(chart.title), escape(chart.description)
    return Markup(  # noqa: S704  # every text in the parts has been escaped
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height:.0f}" role="img">'
        f"<title>{title}</title><desc>{description}</desc>{''.join(parts)}</svg>"
    )


# --- parts of drawings --------------------------------------------------------------


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _rectangle(x: float, y: float, width: float, height: float, kind: str) -> str:
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} class="{kind}"/>'


def _dot(x: float, y: float, point: Point, told: str) -> str:
    """A point, with what it is when the pointer rests on it."""
    kind, radius = ("marked", 4.0) if point.marked else ("point", 2.5)
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" class="{kind}">'
        f"<title>{escape(told)}</title></circle>"
    )


def _labels(placed: Sequence[tuple[float, float, str]], left: float, right: float) -> Iterator[str]:
    """Names beside points, the first ones first, those that would cover another left out."""
    taken: list[tuple[float, float, float, float]] = []
    for x, y, words in placed:
        if len(taken) == _MOST_LABELS:
            return
        width = _LETTER * len(words)
        start = x + 7 if x + 7 + width <= right else x - 7 - width
        box = (start, y - _LINE / 2, start + width, y + _LINE / 2)
        if start < left or any(_overlap(box, other) for other in taken):
            continue
        taken.append(box)
        yield _text(start, y + 4, words, "label")


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


# --- bars -----------------------------------------------------------------------------


def _bars(chart: Bars) -> tuple[float, list[str]]:
    """A row for each bar: its name to the left, its value to the right."""
    left, right, thick, gap = 70.0, WIDTH - 60.0, 11.0, 4.0
    scale = (right - left) / 100
    parts: list[str] = []
    y = 8.0
    for name, bars in chart.groups:
        parts.append(_text(0, y + 10, name, "group"))
        y += 18
        for bar in bars:
            kind = "bar now" if bar.now else "bar"
            parts += [
                _text(left - 6, y + thick - 2, bar.label, "soft", "end"),
                _rectangle(left, y, bar.percent * scale, thick, kind),
                _text(left + bar.percent * scale + 5, y + thick - 2, percent(bar.percent), "soft"),
            ]
            y += thick + gap
        y += 8
    limit = left + chart.limit * scale
    parts += [
        _line(limit, 8, limit, y, "limit"),
        _text(limit, y + 12, f"grense {percent(chart.limit, 0)}", "soft", "middle"),
    ]
    return y + 20, parts


# --- spread ---------------------------------------------------------------------------


def _spread(chart: Spread) -> tuple[float, list[str]]:
    left, right, top, bottom = 48.0, WIDTH - 36.0, 24.0, 284.0
    shown = [point for point in chart.points if point.x > 0]
    sizes = [log10(point.x) for point in shown] or [0.0]
    low, high = floor(min(sizes)), ceil(max(sizes))
    high = max(high, low + 1)

    def across(power: float) -> float:
        return left + (right - left) * (power - low) / (high - low)

    def up(value: float) -> float:
        inside = max(-chart.reach, min(chart.reach, value))
        return (top + bottom) / 2 - (bottom - top) / 2 * inside / chart.reach

    parts = [
        _rectangle(left, up(chart.band), right - left, up(-chart.band) - up(chart.band), "band")
    ]
    for power in range(low, high + 1):
        parts += [
            _line(across(power), top, across(power), bottom, "grid"),
            _text(across(power), bottom + 16, number(10.0**power), "soft", "middle"),
        ]
    for value in (-chart.reach, -chart.band, 0, chart.band, chart.reach):
        kind = "grid" if value else "equal"
        parts += [
            _line(left, up(value), right, up(value), kind),
            _text(left - 5, up(value) + 4, percent(value, 0, signed=True), "soft", "end"),
        ]
    parts += [
        _text((left + right) / 2, bottom + 33, chart.x_label, "soft", "middle"),
        _text(left, top - 9, chart.y_label, "soft"),
    ]
    parts += [
        _dot(
            across(log10(point.x)),
            up(point.y),
            point,
            f"{point.label}: {percent(point.y, signed=True)}",
        )
        for point in sorted(shown, key=lambda one: one.marked)
    ]
    marked = [(across(log10(one.x)), up(one.y), one.label) for one in shown if one.marked]
    return bottom + 40, [*parts, *_labels(marked, left, WIDTH)]


# --- strips ---------------------------------------------------------------------------


def _strips(chart: Strips) -> tuple[float, list[str]]:
    left, right, tall = 12.0, WIDTH - 12.0, 74.0
    middle, scale = (left + right) / 2, (right - left) / 2 / chart.reach
    parts: list[str] = []
    y = 4.0
    for name, points in chart.strips:
        parts.append(_text(0, y + 10, name, "group"))
        top, bottom = y + 18, y + 18 + tall
        parts.append(_line(middle, top, middle, bottom, "equal"))
        parts.append(_line(left, bottom, right, bottom, "grid"))
        sizes = [log10(max(point.y, 1)) for point in points] or [0.0]
        span = max(max(sizes) - min(sizes), 1e-9)
        labels = []
        for point in sorted(points, key=lambda one: one.marked):
            x = middle + scale * max(-chart.reach, min(chart.reach, point.x))
            height = (log10(max(point.y, 1)) - min(sizes)) / span
            at = bottom - 6 - (tall - 12) * height
            parts.append(_dot(x, at, point, f"{point.label}: {percent(point.x, signed=True)}"))
            if point.marked:
                labels.append((point.y, x, at, point.label))
        largest_first = [(x, at, words) for _, x, at, words in sorted(labels, reverse=True)]
        parts += _labels(largest_first, 0, WIDTH)
        y = bottom + 10
    for step in (-chart.reach, -chart.reach / 2, 0, chart.reach / 2, chart.reach):
        anchor = "start" if step == -chart.reach else "end" if step == chart.reach else "middle"
        words = percent(step, 0, signed=True)
        parts.append(_text(middle + scale * step, y + 6, words, "soft", anchor))
    return y + 14, parts
