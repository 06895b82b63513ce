"""The seal that makes a safe type. Only this room may import it (import-linter holds it)."""

from __future__ import annotations

from typing import Final


class Seal:
    """Proof that a safe type was made by disclosure control."""

    __slots__ = ()


SEAL: Final = Seal()
