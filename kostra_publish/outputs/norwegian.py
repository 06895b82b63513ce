"""Numbers as Norwegian readers write them: 1 234,5, −3,0 and 12,5 per cent."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from math import isfinite
from typing import Final

_SPACE: Final = "\N{NO-BREAK SPACE}"
_MINUS: Final = "\N{MINUS SIGN}"


def number(value: float, decimals: int = 0, *, signed: bool = False) -> str:
    """A number with decimal comma and a no-break space between thousands.

    Rounded half away from zero. ``signed`` writes a plus before positive numbers too.
    """
    if not isfinite(value):
        return "–"
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{abs(rounded):,f}".replace(",", _SPACE).replace(".", ",")
    sign = _MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return sign + text


def percent(value: float, decimals: int = 1, *, signed: bool = False) -> str:
    """A share in per cent, with the sign after a no-break space."""
    return f"{number(value, decimals, signed=signed)}{_SPACE}%"


def counted(count: int, one: str, several: str) -> str:
    """A number with its noun: 1 kommune, 2 kommuner."""
    return f"{number(count)}{_SPACE}{one if count == 1 else several}"
