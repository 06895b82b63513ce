"""Why a figure is hidden though it is not small: see ``explain``, which finds out."""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """What would happen if a hidden cell alone were shown too."""

    FOLLOWS = "follows"
    """Small cells would follow by arithmetic."""
    INSIDER = "insider"
    """Whoever is alone in one small cell could work out another."""
    NOUGHTS = "noughts"
    """Small cells would follow for those who know where nobody is."""
    INSIDER_NOUGHTS = "insider and noughts"
    """The same for whoever is alone in a small cell."""
    NEAR = "near"
    """No single cell follows: what is kept open is the interval of small cells nearby."""
    KNOWN = "known"
    """Nothing: the cell itself follows from what is shown."""
