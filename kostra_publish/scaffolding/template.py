"""The text of a new table spec: what is in use, and what can be taken in use.

Sentences begin with ``# `` and examples with ``#`` and no space (or two): taking that sign away
leaves YAML that is in its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from kostra_publish.microdata.columns import families
from kostra_publish.microdata.variables import Variable
from kostra_publish.scaffolding.dimensions import PLACES, Divided
from kostra_publish.scaffolding.examples import Example, Words
from kostra_publish.specs.models import LANGUAGES, Category, Range, Source, Text

WIDTH: Final = 100
_PLAIN: Final = re.compile(r"[A-Za-zÆØÅæøå(][^:#\[\]{},&*!|>'\"%@`\n]*")
_SPECIAL: Final = frozenset({"null", "~", "true", "false", "yes", "no", "on", "off"})
_AS_REPORTED: Final = " as reported"
_DEEP: Final = 12
"""How far to the right the innermost lines stand."""


@dataclass(frozen=True)
class Frame:
    """What stands around the dimensions and measures of a new table."""

    id: str
    source_name: str
    source: Source
    skjema: Sequence[str]
    unit: str
    unit_reason: str
    title: Words
    reference_period: Text
    regions: Sequence[str]
    rounds: Sequence[str]
    missing: str


def spec(
    frame: Frame,
    measures: Sequence[tuple[str, Example]],
    spare_measures: Sequence[tuple[str, Example]],
    dimensions: Sequence[Divided],
    variables: Sequence[Variable],
) -> str:
    """The whole spec; measures have their codes, and the first dimension is in use."""
    parts = [
        _head(frame),
        _known(variables),
        _dimensions(dimensions),
        ["measures:", *_measures(measures, spare_measures)],
        _rest(measures[0][0]),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


# --- parts --------------------------------------------------------------------------------


def _head(frame: Frame) -> list[str]:
    lines = [
        "# yaml-language-server: $schema=schema/table.schema.json",
        *_said(
            f"A new table from {frame.source_name}, made by `kostra-publish new-table`; it can be "
            "previewed as it is. TITTEL, NAVN and their like in other languages stand where words "
            "of yours belong. To use an example, take away the # in front of each of its lines."
        ),
        f"id: {quoted(frame.id)}",
        *_said("true until the statbank has confirmed number, title and codes."),
        "provisional: true",
        *_said("false until it has been decided that these are official statistics."),
        "official: false",
        f"skjema: [{', '.join(map(quoted, frame.skjema))}]",
        f"source: {frame.source_name}",
        *_said("What one contribution is: the threshold of four counts these."),
        f"unit: {frame.unit}",
    ]
    lines += _folded("unit_reason", frame.unit_reason) if frame.unit_reason else []
    lines += [
        *_block("title", frame.title),
        *_texts("reference_period", _words(frame.reference_period)),
        *_said("The kinds of region, in the order shown."),
        f"regions: [{', '.join(frame.regions)}]",
        *_said(
            "The kinds of round that publish it (see rounds.yaml); in none of them it is "
            "previewed only."
        ),
        f"rounds: [{', '.join(frame.rounds)}]",
    ]
    return lines + (["missing: sum"] if frame.missing == "sum" else [])


def _known(variables: Sequence[Variable]) -> list[str]:
    """What formulas and conditions may name."""
    lines: list[str] = []
    plain = []
    for one in variables:
        if not one.text.endswith(_AS_REPORTED):
            lines += _said(f"{one.name}: {one.text}")
        elif one.name not in PLACES:
            plain.append(one.name)
    columns = f"as they stand in the form: {', '.join(families(plain))}"
    return [
        *_said("What `of`, `where` and `variable` may name:"),
        *lines,
        *(_said(columns) if plain else []),
    ]


def _dimensions(every: Sequence[Divided]) -> list[str]:
    if not every:
        return []
    first, *others = every
    lines = _said("What the table is divided by, beside region, contents and year.")
    lines += ["dimensions:", *_item(first.about, _dimension(first))]
    for one in others:
        lines += _item(one.about, _dimension(one), spare=True)
    return lines


def _dimension(one: Divided) -> Iterator[str]:
    own = one.dimension
    yield f"code: {own.code}"
    yield f"variable: {own.variable}"
    yield from _texts("label", _words(own.label))
    if isinstance(own.categories, str):
        yield f"categories: {own.categories}"
    else:
        yield "categories:"
        for category in own.categories:
            yield from (f"  {line}" for line in _category(category))
    if own.total is not None:
        yield f"total: {quoted(own.total)}"
    yield "provisional: true"


def _category(one: Category) -> Iterator[str]:
    label, *rest = _texts("label", _words(one.label))
    values = "" if one.values is None else f"values: [{', '.join(map(_value, one.values))}]"
    if not rest:
        parts = [f"code: {quoted(one.code)}", label, *([values] if values else [])]
        line = f"- {{{', '.join(parts)}}}"
        if len(line) <= WIDTH - _DEEP:
            yield line
            return
    yield f"- code: {quoted(one.code)}"
    yield from (f"  {line}" for line in (label, *rest, *([values] if values else [])))


def _value(one: str | Range) -> str:
    if isinstance(one, str):
        return quoted(one)
    bounds = {"from": one.from_, "to": one.to}
    return f"{{{', '.join(f'{key}: {quoted(v)}' for key, v in bounds.items() if v is not None)}}}"


def _measures(
    used: Sequence[tuple[str, Example]], spare: Sequence[tuple[str, Example]]
) -> Iterator[str]:
    for code, example in used:
        marked = tuple(
            f"{word} {words}"
            for word, words in zip(("NAVN", "NAMN", "NAME"), example.label, strict=True)
        )
        yield from _item(example.about, _measure(code, example, marked))
    for code, example in spare:
        yield from _item(example.about, _measure(code, example, example.label), spare=True)


def _measure(code: str, example: Example, label: Sequence[str]) -> Iterator[str]:
    yield f"code: {code}"
    yield from _block("label", label)
    yield f"unit: {example.unit}"
    if example.decimals:
        yield f"decimals: {example.decimals}"
    yield "provisional: true"
    yield from example.more
    first, *rest = example.formula.splitlines()
    yield f"formula: {first}" if not rest else "formula:"
    yield from (f"  {line}" for line in (first, *rest) if rest)


def _rest(code: str) -> list[str]:
    """Keys that a table may have besides, as examples."""
    notes = [
        "notes:",
        *_listed(
            _texts(
                "text",
                ("MERKNAD om tabellen.", "MERKNAD om tabellen.", "NOTE on the table."),
            )
        ),
    ]
    breaks = [
        "breaks:",
        *_listed(
            [
                "vintage: 2025",
                *_texts("text", ("BRUDD: hva er endret.", "BROT: kva er endra.", "BREAK: what.")),
            ]
        ),
    ]
    disclosure = ["disclosure:", "  threshold: 5"]
    presentation = ["presentation:", f"  key_figures: [{code}]"]
    blocks = (
        ("Footnotes; with `scope` on some measures, regions or years only.", notes),
        ("A break in the series: figures before and from this year do not compare.", breaks),
        ("Figures on fewer than this many are hidden; never below four.", disclosure),
        ("Measures that readers look for first: others are rather hidden.", presentation),
    )
    return [line for about, block in blocks for line in (*_said(about), *_spare(block))]


# --- lines ----------------------------------------------------------------------------------


def _item(about: str, lines: Iterable[str], *, spare: bool = False) -> list[str]:
    """An element of a list, with a sentence before it; ``spare``: as an example."""
    item = _listed(lines)
    # The sign takes the place of nothing: without it the line stands where it belongs.
    said = [f"  {line}" for line in _said(about, width=WIDTH - 2)]
    return said + ([f"  #{line[2:]}" for line in item] if spare else item)


def _listed(lines: Iterable[str]) -> list[str]:
    first, *others = lines
    return [f"  - {first}", *(f"    {line}" for line in others)]


def _spare(lines: Iterable[str]) -> list[str]:
    return [f"#{line}" for line in lines]


def _said(text: str, *, width: int = WIDTH) -> list[str]:
    """A sentence as comments."""
    return [f"# {line}" for line in wrap(text, width - 2, break_on_hyphens=False)]


def _texts(key: str, words: Sequence[str]) -> list[str]:
    """A text in three languages, on one line where it is short."""
    pairs = [f"{one}: {quoted(text)}" for one, text in zip(LANGUAGES, words, strict=True)]
    line = f"{key}: {{{', '.join(pairs)}}}"
    return [line] if len(line) <= WIDTH - _DEEP else _block(key, words)


def _block(key: str, words: Sequence[str]) -> list[str]:
    """A text in three languages, each on lines of its own: there are words to be written."""
    pairs = zip(LANGUAGES, words, strict=True)
    return [f"{key}:", *(f"  {line}" for one, text in pairs for line in _folded(one, text))]


def _folded(key: str, text: str) -> list[str]:
    """A key and its text, over several lines where it is long."""
    line = f"{key}: {quoted(text)}"
    if len(line) <= WIDTH - _DEEP:
        return [line]
    return [f"{key}: >-", *(f"  {part}" for part in wrap(text, WIDTH - _DEEP - 2))]


def _words(text: Text) -> Words:
    return text.nb, text.nn, text.en


def quoted(text: str) -> str:
    """A text as YAML: as it is where that is safe, else in quotes."""
    if _PLAIN.fullmatch(text) and text == text.strip() and text.lower() not in _SPECIAL:
        return text
    return json.dumps(text, ensure_ascii=False)
