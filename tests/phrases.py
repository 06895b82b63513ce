"""Words that stand in several languages: each says the same, and is said somewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

from kostra_publish.specs.models import Tongue


def unlike(words: Mapping[Tongue, Mapping[str, str]]) -> list[str]:
    """The words that one language lacks, or fills in with something else than another does."""
    every = {word for own in words.values() for word in own}
    return sorted(word for word in every if len({_filled(own, word) for own in words.values()}) > 1)


def _filled(own: Mapping[str, str], word: str) -> frozenset[str] | None:
    if word not in own:
        return None
    return frozenset(name for _, name, _, _ in Formatter().parse(own[word]) if name)


def unused(words: Mapping[Tongue, Mapping[str, str]], folder: Path) -> list[str]:
    """The words that no module beside ``words.py`` names."""
    modules = (one for one in folder.glob("*.py") if one.stem != "words")
    text = "".join(one.read_text(encoding="utf-8") for one in modules)
    every = {word for own in words.values() for word in own}
    return sorted(word for word in every if not re.search(f"[\"']{word}[\"']", text))
