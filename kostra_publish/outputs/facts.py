"""What every format says of a table beside its figures: dates, marks and notes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Final, Literal

import polars as pl

from kostra_publish.disclosure.safe import SUPPRESSED, Corrected, SafeCube, VintageFacts
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, TIME, CubeDimension
from kostra_publish.specs.models import (
    LANGUAGES,
    Break,
    Count,
    Difference,
    Language,
    Mean,
    Measure,
    Note,
    Scope,
    Sum,
    TableSpec,
    Text,
    Texts,
)

FEW: Final = 6
"""How many unconfirmed codes a note names; a longer list would hide the notes after it."""

_MONTHS: Final = [
    "januar",
    "februar",
    "mars",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "desember",
]
_ENGLISH_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

# "Title, by region, sex and year": how the statbank puts a title together.
_BY_AND: Final[Mapping[Language, tuple[str, str]]] = {
    "nb": ("etter", "og"),
    "nn": ("etter", "og"),
    "en": ("by", "and"),
}

MeasuringType = Literal["Average", "Stock", "Flow", "Other"]


@dataclass(frozen=True)
class TableFacts:
    """When a table's figures came, when the next come, and what marks they carry."""

    updated: datetime
    """When the newest of its figures were published, in UTC."""
    next_update: datetime | None
    """When its next round is, in UTC; None when none is planned."""
    zone: tzinfo | None
    """Where it is published."""
    preliminary: tuple[int, ...]
    """Vintages whose figures are preliminary."""
    synthetic: tuple[int, ...]
    """Vintages made of synthetic data."""
    provisional: Mapping[str, tuple[str, ...]]
    """Codes that could not be confirmed: under ``table``, ``dimensions``, ``measures``."""

    @classmethod
    def of(cls, cube: SafeCube, release: ReleaseFacts) -> TableFacts:
        """The facts of a cube in a release."""
        vintages = cube.vintages.values()
        return cls(
            updated=max((facts.published for facts in vintages), default=release.updated),
            next_update=release.next_update_of(cube.table),
            zone=release.round.published_at.tzinfo,
            preliminary=tuple(facts.vintage for facts in vintages if facts.preliminary),
            synthetic=tuple(facts.vintage for facts in vintages if facts.synthetic),
            provisional=_provisional(cube),
        )


def _provisional(cube: SafeCube) -> dict[str, tuple[str, ...]]:
    found = {
        "table": (cube.table.id,) if cube.table.provisional else (),
        "dimensions": tuple(item.code for item in cube.dimensions if item.provisional),
        "measures": tuple(item.code for item in measures(cube) if item.provisional),
    }
    return {kind: codes for kind, codes in found.items() if codes}


def measures(cube: SafeCube) -> list[Measure]:
    """The measures of a cube, in the cube's order."""
    by_code = {measure.code: measure for measure in cube.table.measures}
    return [by_code[code] for code in cube.dimension(CONTENTS).codes]


def measuring_type(measure: Measure, table: TableSpec) -> MeasuringType:
    """What kind of figure a measure is, in the statbank's words."""
    if isinstance(measure.formula, Mean):
        return "Average"
    if not isinstance(measure.formula, Count | Sum | Difference):
        return "Other"
    period = (measure.reference_period or table.reference_period).nb
    return "Stock" if "31." in period else "Flow"


def title(cube: SafeCube, language: Language) -> str:
    """The title with what the table is divided by, as the statbank writes it."""
    by, and_ = _BY_AND[language]
    *names, last = [dimension.label.get(language) for dimension in cube.dimensions]
    found = numbered_title(cube.table, language)
    # Some titles name their variables themselves.
    return found if f", {by} " in found else f"{found}, {by} {', '.join(names)} {and_} {last}"


def numbered_title(table: TableSpec, language: Language) -> str:
    """The title, with the table's number in front where it has one."""
    found = table.title.get(language)
    return f"{table.id}: {found}" if table.id.isdigit() else found


def layout(cube: SafeCube) -> tuple[list[str], list[str]]:
    """Dimension codes down the side and across the top, each exactly once.

    What the spec does not place stands at the side; time stands at the top if the
    spec places nothing there, unless it places everything at the side.
    """
    codes = [dimension.code for dimension in cube.dimensions]
    wanted = cube.table.presentation
    heads = [code for code in wanted.heading if code in codes]
    if not heads and not set(codes) <= set(wanted.stub):
        heads = codes[-1:]
    stub = [code for code in wanted.stub if code in codes and code not in heads]
    stub += [code for code in codes if code not in heads and code not in stub]
    return stub, heads


def elimination(dimension: CubeDimension) -> str | None:
    """The category that may stand for all of them, where a reader leaves the dimension out.

    Regions overlap, so none of them may be taken for a total.
    """
    return None if dimension.role == "geo" else dimension.total


def number(column: str) -> pl.Expr:
    """The numbers of a Float64 column as text, as short as they can be: 117 for 117.0."""
    value = pl.col(column)
    # A whole number goes by way of an integer; that also makes -0.0 a 0.
    whole = value.round(0).cast(pl.Int64, strict=False).cast(pl.String)
    decimal = value.cast(pl.String)
    return pl.when(value == value.round(0)).then(pl.coalesce(whole, decimal)).otherwise(decimal)


# --- notes ----------------------------------------------------------------------


@dataclass(frozen=True)
class Footnote:
    """A note, ready to show."""

    text: Text
    mandatory: bool


@dataclass(frozen=True)
class Footnotes:
    """The notes of a table: on the whole of it, and on categories of its dimensions."""

    table: tuple[Footnote, ...]
    categories: Mapping[str, Mapping[str, tuple[Footnote, ...]]]
    """By dimension code and category code."""


def footnotes(cube: SafeCube, catalogue: Catalogue) -> Footnotes:
    """All notes of a cube, each where it is read, and last the meaning of the signs that occur."""
    found = notes(cube, catalogue)
    signs = sign_notes(set(cube.statuses.unique()), catalogue.texts)
    return replace(found, table=tuple(dict.fromkeys([*found.table, *signs])))


def notes(cube: SafeCube, catalogue: Catalogue) -> Footnotes:
    """All notes of a cube but those on signs.

    A note on certain measures or regions stands with these, if the table has any of
    them. All others stand with the table, those on certain vintages with the years in
    front. Marks (synthetic, preliminary, corrected, not confirmed) come first.
    """
    every = [*_spec_notes(cube), *_break_notes(cube), *_vintage_notes(cube, catalogue.texts)]
    table = [*marks(cube, catalogue)]
    categories: dict[str, dict[str, list[Footnote]]] = {}
    for note in every:
        if not _concerns(note.scope, cube):
            continue
        place = _place(note.scope, cube)
        if place is None:
            years = [str(year) for year in note.scope.vintages]
            table.append(Footnote(dated(note.text, years), note.mandatory))
            continue
        dimension, codes = place
        for code in codes:
            found = categories.setdefault(dimension, {}).setdefault(code, [])
            found.append(Footnote(note.text, note.mandatory))
    return Footnotes(
        tuple(dict.fromkeys(table)),
        {
            dimension: {code: tuple(found) for code, found in codes.items()}
            for dimension, codes in categories.items()
        },
    )


def marks(cube: SafeCube, catalogue: Catalogue) -> Iterator[Footnote]:
    """What kind of figures they are: synthetic, preliminary, corrected, not confirmed."""
    texts = catalogue.texts
    marked: dict[Text, list[int]] = {}
    for year, facts in cube.vintages.items():
        if facts.synthetic:
            marked.setdefault(texts.synthetic, []).append(year)
    for year, facts in cube.vintages.items():
        if facts.preliminary:
            marked.setdefault(preliminary(texts, facts), []).append(year)
        for one in facts.corrected:
            marked.setdefault(corrected(texts, one), []).append(year)
    for text, years in marked.items():
        every = len(years) == len(cube.vintages)
        yield Footnote(dated(text, [] if every else [str(year) for year in years]), mandatory=True)
    if codes := [code for found in _provisional(cube).values() for code in found]:
        listed = f": {', '.join(codes)}." if len(codes) <= FEW else "."
        text = _each(texts.provisional, lambda words: words.rstrip(".") + listed)
        yield Footnote(text, mandatory=True)


def preliminary(texts: Texts, facts: VintageFacts) -> Text:
    """The mark of preliminary figures, with the day that the final ones come if it is known."""
    if facts.final_day is None:
        return texts.preliminary
    return _joined(texts.preliminary, _filled(texts.final_figures, facts.final_day))


def corrected(texts: Texts, correction: Corrected) -> Text:
    """The mark of corrected figures: when, and why."""
    return _joined(_filled(texts.corrected, correction.day), correction.reason)


def _joined(one: Text, other: Text) -> Text:
    return Text(**{each: f"{one.get(each)} {other.get(each)}" for each in LANGUAGES})


def _filled(text: Text, day: date) -> Text:
    return Text(**{each: text.get(each).format(date=written(day, each)) for each in LANGUAGES})


def written(day: date, language: Language) -> str:
    """A day in words, such as ``15. juni 2026`` or ``15 June 2026``."""
    if language == "en":
        return f"{day.day} {_ENGLISH_MONTHS[day.month - 1]} {day.year}"
    return f"{day.day}. {_MONTHS[day.month - 1]} {day.year}"


def _spec_notes(cube: SafeCube) -> Iterator[Note]:
    yield from cube.table.notes
    for measure in measures(cube):
        if measure.note is not None:
            yield Note(text=measure.note, scope=Scope(measures=[measure.code]))


def _break_notes(cube: SafeCube) -> Iterator[Note]:
    for item in breaks(cube):
        text = dated(item.text, [str(item.vintage)])
        yield Note(text=text, mandatory=True, scope=_of_every_year(item.scope))


def breaks(cube: SafeCube) -> list[Break]:
    """The breaks in what the cube shows, up to its last vintage.

    Breaks before its first vintage are among them: whoever joins the series to an
    older one must know.
    """
    last = max(cube.vintages, default=0)
    return [
        item
        for item in cube.table.breaks
        if item.vintage <= last and _concerns(_of_every_year(item.scope), cube)
    ]


def _of_every_year(scope: Scope) -> Scope:
    """A break's scope without vintages: it must be seen beside any of them."""
    return scope.model_copy(update={"vintages": []})


def _vintage_notes(cube: SafeCube, texts: Texts) -> Iterator[Note]:
    for facts in cube.vintages.values():
        for note in facts.notes:
            scope = note.scope.model_copy(update={"vintages": [facts.vintage]})
            yield note.model_copy(update={"scope": scope})
        if facts.estimated:
            yield _estimated_note(cube, facts, texts)


def _estimated_note(cube: SafeCube, facts: VintageFacts, texts: Texts) -> Note:
    """How much of each larger region is estimated."""
    region = cube.dimensions[0]
    names = dict(zip(region.codes, region.labels, strict=True))
    filled = {}
    for language in LANGUAGES:
        shares = ", ".join(
            # A former region has its years behind its name; the note is of one of them.
            f"{names[code].get(language).partition(' (')[0]} ({code}) {in_words(share, language)}"
            for code, share in facts.estimated.items()
            if code in names
        )
        text = texts.estimated_regions.get(language)
        filled[language] = text.format(vintage=facts.vintage, shares=shares)
    scope = Scope(vintages=[facts.vintage], regions=list(facts.estimated))
    return Note(text=Text(**filled), mandatory=True, scope=scope)


def is_estimated(table: TableSpec, facts: VintageFacts, region: str) -> bool:
    """Whether the numbers of a region in a vintage are estimated in part."""
    return table.missing != "sum" and region in facts.estimated


def listed(texts: Iterable[str], word: str) -> str:
    """Texts in a row, with a word before the last one: ``a, b and c``."""
    every = [*texts]
    return ", ".join([*every[:-2], f" {word} ".join(every[-2:])])


def in_words(share: float, language: Language) -> str:
    """A per cent with one decimal, as the language writes it."""
    text = f"{share:.1f}"
    return text if language == "en" else text.replace(".", ",")


def sign_notes(occurring: Collection[str | None], texts: Texts) -> Iterator[Footnote]:
    """What the signs among those that occur mean."""
    for sign, meaning in texts.signs.items():
        if sign in occurring:
            yield Footnote(_each(meaning, f"{sign} = {{}}".format), mandatory=False)
    if SUPPRESSED in occurring:
        yield Footnote(texts.suppressed, mandatory=False)


def _concerns(scope: Scope, cube: SafeCube) -> bool:
    """Whether the cube has any of what a note is about."""
    region = cube.dimensions[0].codes
    return all(
        not wanted or not had.isdisjoint(wanted)
        for wanted, had in (
            (scope.measures, set(cube.dimension(CONTENTS).codes)),
            (scope.regions, set(region)),
            ([str(year) for year in scope.vintages], set(cube.dimension(TIME).codes)),
        )
    )


def _place(scope: Scope, cube: SafeCube) -> tuple[str, list[str]] | None:
    """The dimension and categories a note stands with; None: the whole table."""
    if scope.vintages or bool(scope.measures) == bool(scope.regions):
        return None
    dimension = cube.dimension(CONTENTS) if scope.measures else cube.dimensions[0]
    wanted = set(scope.measures or scope.regions)
    return dimension.code, [code for code in dimension.codes if code in wanted]


def dated(text: Text, years: Iterable[str]) -> Text:
    """``text`` with the years in front, in languages where it does not name them."""
    listed = list(years)

    def in_front(words: str) -> str:
        return words if all(year in words for year in listed) else f"{', '.join(listed)}: {words}"

    return _each(text, in_front)


def _each(text: Text, change: Callable[[str], str]) -> Text:
    return Text(**{language: change(text.get(language)) for language in LANGUAGES})
