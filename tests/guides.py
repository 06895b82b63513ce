"""What stands between fences in a guide, so that a test can do as it says."""

from __future__ import annotations

from pathlib import Path

GUIDES = Path(__file__).parents[1] / "docs" / "guide"


def text(guide: str) -> str:
    """The whole guide."""
    return (GUIDES / f"{guide}.md").read_text(encoding="utf-8")


def blocks(guide: str, language: str) -> list[str]:
    """The blocks of a guide that are marked with a language, such as ``sh``."""
    return [part.partition("```")[0] for part in text(guide).split(f"```{language}\n")[1:]]
