"""The words of a package's documents, in the three languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Formatter
from typing import Any, Final

from kostra_publish.errors import Finding, TemplateError
from kostra_publish.outputs import facts, norwegian
from kostra_publish.outputs.pages import environment, grouped, telling
from kostra_publish.specs.models import LANGUAGES, Language, Text

FOLDER: Final = "nav"
"""Where the templates of a package lie among all templates."""
WORDS: Final = f"{FOLDER}/words.j2"

_FIX: Final = "Mend the words, or leave out --templates to use those that came with the program."


@dataclass(frozen=True)
class Wording:
    """The words in one language. ``wording("key", name=…)`` is a text with its braces filled."""

    language: Language
    words: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """A text. Raises TemplateError when it is missing, or has a brace with no value."""
        if key not in self.words:
            raise TemplateError([_finding(self.language, key, "is missing")])
        try:
            return self.words[key].format_map(values)
        except (LookupError, ValueError, AttributeError) as error:
            raise TemplateError([_finding(self.language, key, f"cannot be filled: {error}")]) from (
                error
            )

    def of(self, text: Text) -> str:
        """A text of the package in this language."""
        return text.get(self.language)

    def day(self, day: date) -> str:
        """A day in words."""
        return facts.written(day, self.language)

    def number(self, count: int) -> str:
        """A whole number with a space between thousands."""
        return grouped(count)

    def percent(self, share: float) -> str:
        """A share (0 to 1) in per cent, with one decimal and without the word."""
        text = norwegian.number(share * 100, 1)
        return text.replace(",", ".") if self.language == "en" else text

    def listed(self, parts: list[str], word: str = "and") -> str:
        """Several words as one: ``a, b and c``."""
        return facts.listed(parts, self(word))


def read(templates: Path) -> Mapping[Language, Wording]:
    """The words by language. Raises TemplateError when the file is missing or cannot be read."""
    with telling(templates, WORDS):
        module: Any = environment(templates).get_template(WORDS).module
        found: Mapping[Language, Mapping[str, str]] = module.words
        return {language: Wording(language, found[language]) for language in LANGUAGES}


def in_all(words: Mapping[Language, Wording], say: Callable[[Wording], str]) -> Text:
    """What is said in each language, as one text."""
    return Text(**{language: say(wording) for language, wording in words.items()})


def told(words: Mapping[Language, Wording], key: str, **values: object) -> Text:
    """A text in each language, with its braces filled by the same values."""
    return in_all(words, lambda wording: wording(key, **values))


def check_words(templates: Path) -> None:
    """Check that each word is there in all languages, with the same braces.

    Raises TemplateError with all that is not so.
    """
    words = read(templates)
    if findings := [*_differences(words)]:
        raise TemplateError(findings)


def _differences(words: Mapping[Language, Wording]) -> Iterator[Finding]:
    every = dict.fromkeys(key for wording in words.values() for key in wording.words)
    for key in every:
        there = {language: one.words[key] for language, one in words.items() if key in one.words}
        for language in words:
            if not there.get(language, "").strip():
                yield _finding(language, key, "is missing")
        if len({_braces(text) for text in there.values()}) > 1:
            yield _finding("/".join(there), key, "has other braces in another language")


def _braces(text: str) -> frozenset[str]:
    """What is to be filled into a text; a text that cannot be read is like no other."""
    try:
        return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
    except ValueError:
        return frozenset({text})


def _finding(language: str, key: str, rule: str) -> Finding:
    return Finding(WORDS, language, key, rule, _FIX)
