"""What several documents say of a table, and how they are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.facts import marks, title
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import LANGUAGES, Language, Text, Texts

Json = dict[str, Any]


def document(content: Mapping[str, Any]) -> bytes:
    """A document as UTF-8 that a person can read too."""
    return f"{json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)}\n".encode()


def literals(text: Text) -> list[Json]:
    """A text in each language, as JSON-LD has it."""
    return [{"@value": text.get(each), "@language": each} for each in LANGUAGES]


def in_all(say: Callable[[Language], str]) -> Text:
    """What is said in each language, as one text."""
    return Text(**{language: say(language) for language in LANGUAGES})


def is_synthetic(cubes: Sequence[SafeCube]) -> bool:
    """Whether any figure of the cubes is made of synthetic data."""
    return any(facts.synthetic for cube in cubes for facts in cube.vintages.values())


def marked(text: Text, cubes: Sequence[SafeCube], texts: Texts) -> Text:
    """A title, with the mark of synthetic data before it where the cubes are of such."""
    if not is_synthetic(cubes):
        return text
    mark = texts.descriptions.synthetic
    return in_all(lambda language: f"{mark.get(language)}: {text.get(language)}")


def table_title(cube: SafeCube, texts: Texts) -> Text:
    """The title of a table, with the mark of synthetic data."""
    return marked(in_all(lambda language: title(cube, language)), [cube], texts)


def about_table(cube: SafeCube, catalogue: Catalogue) -> Text:
    """What a table is about: its marks first, then what all tables are about, and its period."""
    said = catalogue.texts.descriptions
    refers = cube.table.reference_period
    period = in_all(lambda language: f"{said.period.get(language)}: {refers.get(language)}")
    texts = [*(note.text for note in marks(cube, catalogue)), said.about, period]
    return in_all(lambda language: " ".join(_sentence(text.get(language)) for text in texts))


def _sentence(words: str) -> str:
    return words if words.endswith(".") else f"{words}."


def shared_about(cubes: Sequence[SafeCube], texts: Texts) -> Text:
    """What all tables are about; the mark of synthetic data first where any is of such."""
    about = texts.descriptions.about
    if not is_synthetic(cubes):
        return about
    return in_all(lambda language: f"{texts.synthetic.get(language)} {about.get(language)}")
