"""What the drawings of the key-figure site are put together from: points, scales, texts, keys.

All lengths are in the units of the drawing (``viewBox``), y downwards. Text has no size here: the
style sheet sets it, at most ``TEXT`` units high, so that it can be larger where the screen is
narrow. Every place is made for text of that size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, log10
from typing import Final

from markupsafe import Markup, escape

WIDTH: Final = 560
"""How wide a chart is."""
TEXT: Final = 17
"""The largest text that has room."""
LETTER: Final = 8.8
"""About how wide a letter of the largest text is."""
ROW: Final = 20
"""From one line of text to the next where lines stand by themselves."""

_INTERVALS: Final = 4
"""At most so many intervals between the ticks of an axis."""
_CLASSES: Final = {":": "suppressed", "..": "missing", ".": "inapplicable"}


@dataclass(frozen=True)
class Point:
    """A figure of a year, or the sign that stands in its place."""

    year: int
    value: float | None
    """None where there is a sign. Whatever stands here beside a sign is not looked at."""
    sign: str
    """``:``, ``..`` or ``.``; empty when there is a value."""
    text: str
    """The figure as it is published, or the sign."""
    cell: str
    """The cell that the text is from: the content of ``data-c``."""
    preliminary: bool = False
    estimated: bool = False

    @property
    def shown(self) -> float | None:
        """The value, if it is shown."""
        return None if self.sign else self.value


@dataclass(frozen=True)
class Words:
    """Words and numbers of the language of a page."""

    preliminary: str
    estimated: str
    signs: dict[str, str]
    """What each sign says."""
    number: Callable[[float, int], str]
    """A round number of an axis, with so many decimals."""
    broken: str = ""
    """What a break in a series is called; empty for no key of breaks."""
    levels: str = ""
    """What stands beside the five levels of tiles, such as "laveste til høyeste femdel"."""


# --- texts ------------------------------------------------------------------------------


@lru_cache(maxsize=1 << 16)
def safe(text: str) -> str:
    """The text as it can stand in an element or an attribute.

    Names, and the figures of larger areas, stand on page after page: what has been escaped
    is kept.
    """
    return str(escape(text))


def text_at(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    """A text element; ``anchor`` says which end of it is at ``x``."""
    at = f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}"'
    return f"{at}>{safe(words)}</text>"


def told(name: str | int, text: str) -> str:
    """The title of an element that carries a cell: a year or a name, and the figure."""
    return f"<title>{safe(str(name))}: {safe(text)}</title>"


@lru_cache(maxsize=2048)
def wrapped(name: str, most: int) -> tuple[str, ...]:
    """The name on at most two lines of at most ``most`` letters; what has no room is left out.

    A number or a dash keeps to the word before it: a text that is a number alone is a figure.
    """
    words: list[str] = []
    for word in name.split():
        if words and (word[0].isdigit() or word in {"-", "–"}):
            words[-1] += f" {word}"
        else:
            words.append(word)
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) > 2:
        lines = [lines[0], f"{lines[1]} …"]
    short = [line if len(line) <= most else f"{line[: most - 1].rstrip()}…" for line in lines]
    return tuple(short) or ("",)


def name_at(x: float, y: float, name: str, kind: str, most: int, anchor: str = "start") -> str:
    """A name with ``y`` at its middle, on one line or two; the whole name is its title."""
    lines = wrapped(name, most)
    whole = "" if " ".join(lines) == name else f"<title>{safe(name)}</title>"
    at = f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}"'
    if len(lines) == 1:
        return f'{at} dy=".35em">{whole}{safe(lines[0])}</text>'
    # The space between the words stands at the end that is not anchored, so it moves nothing.
    first, second = safe(lines[0]), safe(lines[1])
    first, second = (first, f" {second}") if anchor == "end" else (f"{first} ", second)
    return (
        f'{at}>{whole}<tspan x="{x:.1f}" dy="-.18em">{first}</tspan>'
        f'<tspan x="{x:.1f}" dy="1.05em">{second}</tspan></text>'
    )


def picture(
    kind: str, height: float, body: Iterable[str], *, element_id: str, title: str, description: str
) -> Markup:
    """The whole ``svg`` element. Every text in the body must have been escaped."""
    name = safe(element_id)
    return Markup(  # noqa: S704  # every text in the parts has been escaped
        f'<svg class="chart {kind}" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{safe(title)}</title>'
        f'<desc id="{name}-desc">{safe(description)}</desc>{"".join(body)}</svg>'
    )


# --- points -----------------------------------------------------------------------------


def sign_class(sign: str) -> str:
    """The class of a sign."""
    return _CLASSES.get(sign, "missing")


def state(point: Point) -> str:
    """The classes of a figure that is preliminary or estimated, each with a space before it."""
    return (" preliminary" if point.preliminary else "") + (" estimated" if point.estimated else "")


def sign_chip(x: float, y: float, sign: str, cell: str | None = None) -> str:
    """A sign on its chip, the middle of the chip at (x, y); of a key when it has no cell."""
    mark = "" if cell is None else f' data-c="{safe(cell)}"'
    return (
        f'<rect x="{x - 9:.1f}" y="{y - 8:.1f}" width="18" height="16" rx="3" '
        f'class="chip {sign_class(sign)}"/><text x="{x:.1f}" y="{y:.1f}" dy=".32em" '
        f'class="sign {sign_class(sign)}" text-anchor="middle"{mark}>{safe(sign)}</text>'
    )


def point_mark(x: str, y: str, radius: float, kind: str, *, diamond: bool, inside: str) -> str:
    """A point: a circle, or a diamond; ``inside`` is its attributes' end and its content."""
    if not diamond:
        return f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" class="{kind}"{inside}</circle>'
    half = f"{radius + 1:.1f}"
    return (
        f'<path d="M{x} {y}m0-{half}l{half} {half}-{half} {half}-{half}-{half}z" '
        f'class="{kind}"{inside}</path>'
    )


def keys_of(points: Iterable[Point], words: Words) -> list[tuple[str, str]]:
    """The marks that need a key: what is marked (a sign or a state), and the word for it."""
    preliminary = estimated = False
    signs: set[str] = set()
    for point in points:
        if point.sign:
            signs.add(point.sign)
        else:
            preliminary |= point.preliminary
            estimated |= point.estimated
    keys = [("preliminary", words.preliminary)] if preliminary else []
    if estimated:
        keys.append(("estimated", words.estimated))
    return keys + [(sign, words.signs.get(sign, "")) for sign in (":", "..", ".") if sign in signs]


def keys_row(keys: Sequence[tuple[str, str]], y: float, kind: str) -> list[str]:
    """The key of the marks on one line with its middle at ``y``.

    ``kind`` is what stands for a state: ``point`` or ``bar``. A word that has no room left
    on the line is left out with its mark.
    """
    parts: list[str] = []
    x = 10.0
    for mark, word in keys:
        end = x + 16 + LETTER * len(word)
        if end > WIDTH:
            break
        if mark in _CLASSES:
            parts.append(sign_chip(x, y, mark))
        elif mark == "break":
            parts.append(f'<path class="break" d="M{x:.1f} {y - 8:.1f}v16"/>')
        elif kind == "bar":
            parts.append(
                f'<rect x="{x - 8:.1f}" y="{y - 6:.1f}" width="16" height="12" class="bar {mark}"/>'
            )
        else:
            diamond = mark == "estimated"
            parts.append(
                point_mark(f"{x:.1f}", f"{y:.1f}", 4, f"point {mark}", diamond=diamond, inside=">")
            )
        parts.append(
            f'<text x="{x + 15:.1f}" y="{y:.1f}" dy=".35em" class="key">{safe(word)}</text>'
        )
        x = end + 24
    return parts


# --- scales -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Scale:
    """An axis from one tick to another, both round numbers."""

    low: float
    high: float
    step: float
    """From one tick to the next."""
    decimals: int
    """How many decimals the ticks need."""

    @property
    def ticks(self) -> list[float]:
        """The round numbers of the axis, three to five."""
        count = round((self.high - self.low) / self.step)
        return [self.low + self.step * each for each in range(count + 1)]


def scale_of(low: float, high: float, *, whole: bool) -> Scale:
    """The narrowest axis of round numbers that holds both; of whole numbers only if so said.

    With ``low`` at zero, as it is for an axis of values that are not negative, the axis
    starts at zero.
    """
    # No axis is finer than any figure: a difference less than that is of calculation.
    span = max(high - low or abs(high) or 1.0, 1e-9)
    power = floor(log10(span / _INTERVALS))
    while True:
        for factor in (1.0, 2.0, 2.5, 5.0):
            # A quotient and not a product with a negative power: 3 / 10 is 0.3, 3 * 0.1 is not.
            step = factor * 10.0**power if power >= 0 else factor / 10.0**-power
            if whole and step % 1:
                continue
            first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
            if last - first <= _INTERVALS:
                decimals = max(0, -power + (factor == 2.5))
                last = max(last, first + 2)
                return Scale(first * step, last * step, step, decimals)
        power += 1


def is_whole(values: Iterable[float]) -> bool:
    """Whether all values are whole numbers, so that the axis should have no others."""
    return all(value % 1 == 0 for value in values)
