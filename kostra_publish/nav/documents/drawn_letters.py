"""Letters that the fonts of every PDF reader lack: the nearest letter, and what is drawn on it.

The fonts have Norwegian letters, and á, š and ž. For đ, ŋ, ŧ, č and the like in Sami names a letter
that they have is written, and strokes make it the right one; whoever copies or listens to the text
gets the letter itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

ENCODING: Final = "cp1252"
"""The letters that the fonts have."""

Stroke = Sequence[tuple[float, float]]
"""Points to be joined, in units of the font's size: from the letter's left edge, and up from the
line that letters stand on."""


@dataclass(frozen=True)
class Drawn:
    """A letter that the fonts have, and the strokes that make it another one."""

    base: str
    strokes: Sequence[Stroke]


_CARON: Final[Stroke] = ((-0.11, 0.16), (0, 0.06), (0.11, 0.16))
_ACUTE: Final[Stroke] = ((-0.03, 0.06), (0.08, 0.17))
_MARKS: Final[Mapping[str, Stroke]] = {
    "\N{COMBINING CARON}": _CARON,
    "\N{COMBINING ACUTE ACCENT}": _ACUTE,
}
"""By mark: its strokes, from the middle of the letter and up from its top."""

_WIDTHS: Final = {"c": 0.5, "C": 0.722, "g": 0.556, "G": 0.778, "k": 0.5, "K": 0.667, "n": 0.556}
"""How wide the letters are that marks are drawn above."""
_TOPS: Final = {"k": 0.72}
"""How high they are, where it is not that of other small or capital letters."""
_SMALL, _CAPITAL = 0.54, 0.73

_LETTERS: Final[Mapping[str, Drawn]] = {
    "đ": Drawn("d", [((0.28, 0.62), (0.57, 0.62))]),
    "Đ": Drawn("D", [((0.0, 0.37), (0.36, 0.37))]),
    "ŧ": Drawn("t", [((0.01, 0.27), (0.27, 0.27))]),
    "Ŧ": Drawn("T", [((0.15, 0.35), (0.46, 0.35))]),
    "ŋ": Drawn("n", [((0.448, 0.03), (0.448, -0.1), (0.42, -0.16), (0.36, -0.18), (0.27, -0.165))]),
    "Ŋ": Drawn("N", [((0.6, 0.03), (0.6, -0.1), (0.57, -0.16), (0.51, -0.18), (0.42, -0.165))]),
}


@cache
def shown(letter: str) -> bool:
    """Whether the fonts have a letter."""
    try:
        letter.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return letter.isprintable() or letter == "\N{NO-BREAK SPACE}"


@cache
def drawn(letter: str) -> Drawn | None:
    """How a letter is drawn; None when the fonts have it, or when it cannot be."""
    if shown(letter):
        return None
    if letter in _LETTERS:
        return _LETTERS[letter]
    base, mark = (*unicodedata.normalize("NFD", letter), "", "")[:2]
    if base not in _WIDTHS or mark not in _MARKS:
        return None
    top = _TOPS.get(base, _SMALL if base.islower() else _CAPITAL)
    strokes = [(_WIDTHS[base] / 2 + right, top + up) for right, up in _MARKS[mark]]
    return Drawn(base, [strokes])


def written(text: str) -> str:
    """A text in letters that can be shown: any other is told by its nearest ones."""
    line = unicodedata.normalize("NFC", text)
    return "".join(letter if _known(letter) else _nearest(letter) for letter in line)


def based(text: str) -> str:
    """The same with the letters that others are drawn on: what the fonts are asked to write."""
    return "".join(found.base if (found := drawn(letter)) else letter for letter in text)


def _known(letter: str) -> bool:
    return shown(letter) or drawn(letter) is not None


def _nearest(letter: str) -> str:
    """The nearest letters that the fonts have; a space for a break, else a question mark."""
    if letter.isspace():
        return " "
    return "".join(filter(shown, unicodedata.normalize("NFKD", letter))) or "?"
