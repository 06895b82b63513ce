"""A table of a draft as a page shows it: laid out as asked for, with all that must be read with it.

Everything here is a function of safe cubes and the parameters of an address.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

from kostra_publish.disclosure.safe import MISSING, NOT_APPLICABLE, SUPPRESSED, SafeCube
from kostra_publish.outputs.comparison import words
from kostra_publish.outputs.comparison.facts import KINDS, Kind
from kostra_publish.outputs.facts import (
    Footnote,
    breaks,
    is_estimated,
    measures,
    notes,
    numbered_title,
    sign_notes,
    title,
)
from kostra_publish.outputs.grid import Grid, GridCell, grid
from kostra_publish.pages.areas import Area
from kostra_publish.pages.figures import written
from kostra_publish.preview.changes import Changes, Earlier, changes
from kostra_publish.preview.choosing import (
    Choice,
    Side,
    choices,
    sides,
    transposed,
)
from kostra_publish.preview.selection import LIMIT, Query, Selection, choices_in
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, TIME, CubeDimension
from kostra_publish.specs.models import LANGUAGES, Language

LOOKS: Final = {SUPPRESSED: "suppressed", MISSING: "missing", NOT_APPLICABLE: "not_applicable"}
_SHORT: Final = {
    "preliminary": "*", "provisional": "?", "interim": "◔", "break": "⌇", "new": "+",
}  # fmt: skip
_ROW, _COLUMN = "r", "c"
"""The ids of the only header of a side without dimensions."""
_BEFORE: Final = "–"
"""What stands for an earlier figure that was not there."""


class Mark(NamedTuple):
    """A word that stands beside a category: what it is about, and the word."""

    kind: str
    text: str

    @property
    def short(self) -> str:
        """A sign for it, where it has been told in words before."""
        return _SHORT[self.kind]


class Header(NamedTuple):
    """The header of some rows or columns."""

    level: int
    """How many headers stand outside it."""
    id: str
    key: str
    """The codes of the dimensions so far, by which it is known again in the next draft."""
    label: str
    detail: str
    """What it is counted in; empty where that says nothing."""
    span: int
    marks: tuple[Mark, ...]
    notes: tuple[int, ...]
    preliminary: bool
    again: bool = False
    """Whether the same category has stood on this side before."""


class Changed(NamedTuple):
    """How a figure differs from the release before."""

    look: str
    """The kind in one word, for a style."""
    word: str
    before: str
    """What the release before showed."""


class Figure(NamedTuple):
    """A cell as it is shown."""

    position: int
    text: str
    look: str
    """Empty for a number; else what kind of sign it is."""
    estimated: bool
    preliminary: bool
    broken: bool
    """Whether the series is broken between the year before and this one."""
    changed: Changed | None
    headers: str
    """The ids of the headers that it stands under."""

    @property
    def classes(self) -> str:
        """What a style tells it by."""
        words = ["pre" if self.preliminary else "", "broken" if self.broken else ""]
        if self.changed is not None:
            words += ["changed", self.changed.look]
        return " ".join(filter(None, words))


@dataclass(frozen=True)
class Row:
    """A row of figures, with the headers that begin in it."""

    key: str
    headers: Sequence[Header]
    figures: Sequence[Figure]
    within: str
    """What it stands within: its outer headers in one line, where there is no room for columns."""


class Numbered(NamedTuple):
    """A note with the number that headers refer to it by."""

    number: int
    text: str
    mandatory: bool


@dataclass(frozen=True)
class Narrow:
    """A dimension of which there is too much."""

    label: str
    picked: int
    most: int
    """How many can be shown with what is picked of the others; 0: none."""


@dataclass(frozen=True)
class Shown:
    """The table itself."""

    top: Sequence[Sequence[Header]]
    """Rows of headers across the top, outermost first."""
    corner: Sequence[str]
    """The names of the dimensions down the side."""
    column_keys: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[Numbered]
    signs: Sequence[str]
    marks: Sequence[Mark]
    """The marks that stand as a sign somewhere."""
    kinds: Mapping[Kind, int]
    """How many figures have changed since the release before, by kind."""
    time: str
    """The side that years turn fastest on: ``stub``, ``heading``, or empty."""
    refers: bool
    """Whether cells name their headers: there are several levels."""


@dataclass(frozen=True)
class Page:
    """Everything that the page of a table shows."""

    table: str
    title: str
    caption: str
    language: Language
    provisional: bool
    selection: Selection
    cells: int
    shown: Shown | None
    """None where there is too much or nothing to show."""
    narrow: Sequence[Narrow]
    empty: Sequence[str]
    """Dimensions of which nothing is picked."""
    unknown: Sequence[tuple[str, str]]
    choices: Sequence[Choice]
    counties: Sequence[Area]
    kommuner: Sequence[Area]
    sides: Sequence[Side]
    changes: Changes | None
    """What has changed since the release before; None without one."""
    interim: Sequence[str]
    """The measures shown that are protected by themselves so far."""
    settled: bool
    """Whether no measure of the table is; only then do programs read it."""
    address: str
    data_address: str
    addresses: Mapping[str, str]
    """Other views: each language, ``transposed``, ``own`` layout, ``usual`` selection."""


def pivot(
    cube: SafeCube,
    query: Query,
    catalogue: Catalogue,
    *,
    previous: SafeCube | None = None,
    previous_name: str | None = None,
    interim: frozenset[str] = frozenset(),
) -> Page:
    """The page of a table for an address.

    ``previous`` is the table in the release before, ``previous_name`` that release, None without
    one. ``interim`` are measures whose figures are protected by themselves so far. What the
    address asks for that the table does not have is left out and told.
    """
    known = choices_in(cube)
    selection = known.read(query)
    since = changes(cube, previous) if previous_name is not None else None
    language = selection.language
    labels = {one.code: one.label.get(language) for one in cube.dimensions}
    empty = [labels[code] for code, found in selection.picked.items() if not found]
    fits = 0 < selection.cells <= LIMIT
    view = _View(cube, selection, catalogue, since, previous_name or "", interim)
    shown_measures = [one for one in selection.picked[CONTENTS] if one in interim]
    names = dict(zip(*_named(cube.dimension(CONTENTS), language), strict=True))
    return Page(
        table=cube.table.id,
        title=numbered_title(cube.table, language),
        caption=title(cube, language),
        language=language,
        provisional=cube.table.provisional,
        selection=selection,
        cells=selection.cells,
        shown=view.shown() if fits else None,
        narrow=[] if fits or empty else _narrow(selection, labels),
        empty=empty,
        unknown=[(labels.get(code, code), one) for code, one in selection.unknown],
        choices=choices(known, selection, since),
        counties=known.counties,
        kommuner=known.areas.of_kind("kommune"),
        sides=sides(known, selection),
        changes=since,
        interim=[names[code] for code in shown_measures],
        settled=not interim,
        address=known.address(selection),
        data_address=known.data_address(selection),
        addresses={
            **{each: known.address(replace(selection, language=each)) for each in LANGUAGES},
            "transposed": known.address(transposed(selection)),
            "own": known.address(selection.placing(known.layout)),
            "usual": known.address(replace(selection, picked=known.usual)),
        },
    )


def _named(dimension: CubeDimension, language: Language) -> tuple[Sequence[str], list[str]]:
    return dimension.codes, [label.get(language) for label in dimension.labels]


def _narrow(selection: Selection, labels: Mapping[str, str]) -> list[Narrow]:
    """The dimensions of which less can be picked, most first."""
    found = [
        Narrow(labels[code], len(picked), selection.most(code))
        for code, picked in selection.picked.items()
        if len(picked) > 1
    ]
    return sorted(found, key=lambda one: -one.picked)


def as_text(cube: SafeCube, query: Query) -> str:
    """The selection with a tab between cells and a line per row, for a spreadsheet.

    Every header stands in each of its rows and columns. Numbers have decimals as the language
    writes them and nothing between thousands; signs stand as they are. A selection of more cells
    than are shown is empty.
    """
    selection = choices_in(cube).read(query)
    if selection.cells > LIMIT:
        return ""
    laid = _laid(cube, selection)
    language = selection.language
    corner = [one.label.get(language) for one in laid.stub]
    top = _spelled(laid.heading, language)
    side = _spelled(laid.stub, language)
    levels = [[column[n] for column in top] for n in range(len(laid.heading))]
    levels = levels or [[""]]
    filled = [[""] * len(corner) for _ in levels[1:]] + [corner]
    lines = [[*before, *level] for before, level in zip(filled, levels, strict=False)]
    lines += [
        [*headers, *(_plain(cell, language) for cell in row)]
        for headers, row in zip(side, laid.rows, strict=True)
    ]
    return "".join("\t".join(line) + "\n" for line in lines)


def _laid(cube: SafeCube, selection: Selection) -> Grid:
    return grid(cube, selection.picked, stub=selection.stub, heading=selection.heading)


def _spelled(side: Sequence[CubeDimension], language: Language) -> list[list[str]]:
    """The labels of each row or column of a side, outermost first."""
    found: list[list[str]] = [[]]
    for dimension in side:
        labels = [label.get(language) for label in dimension.labels]
        found = [[*before, label] for before in found for label in labels]
    return found


def _plain(cell: GridCell, language: Language) -> str:
    if cell.value is None:
        return cell.sign
    text = f"{cell.value:.{cell.decimals}f}"
    return text if language == "en" else text.replace(".", ",")


@dataclass(frozen=True, eq=False)
class _View:
    """What is needed to show a selection."""

    cube: SafeCube
    selection: Selection
    catalogue: Catalogue
    changes: Changes | None
    previous_name: str
    interim: frozenset[str]

    @property
    def language(self) -> Language:
        return self.selection.language

    @cached_property
    def laid(self) -> Grid:
        return _laid(self.cube, self.selection)

    def shown(self) -> Shown:
        """The table."""
        earlier = self._earlier
        top, column_ids, column_keys = self._headers("c", self.laid.heading)
        side, row_ids, row_keys = self._headers("r", self.laid.stub)
        figures = self._figures(earlier, row_ids, column_ids)
        headers = [header for begun in (*top, *side) for header in begun if header.again]
        again = dict.fromkeys(mark for header in headers for mark in header.marks)
        kinds = Counter(one.kind for one in earlier.values())
        innermost = {
            name: codes[-1] if codes else "" for name, codes in self.selection.sides.items()
        }
        return Shown(
            top=[
                [header for headers in top for header in headers if header.level == level]
                for level in range(len(self.laid.heading))
            ],
            corner=[one.label.get(self.language) for one in self.laid.stub],
            column_keys=column_keys,
            rows=[
                Row(key, begun, row, " · ".join(labels[:-1]))
                for key, begun, row, labels in zip(
                    row_keys, side, figures, _spelled(self.laid.stub, self.language), strict=True
                )
            ],
            notes=[*self._notes.values()],
            signs=self._signs,
            marks=[*again],
            kinds={kind: kinds[kind] for kind in KINDS if kinds[kind] and self.selection.changes},
            time=next((side for side, code in innermost.items() if code == TIME), ""),
            refers=max(len(self.laid.stub), len(self.laid.heading)) > 1,
        )

    @cached_property
    def _earlier(self) -> dict[int, Earlier]:
        """By the place of a cell: how it has changed."""
        return {} if self.changes is None else self.changes.at(self.laid.positions)

    # --- headers ----------------------------------------------------------------------------

    def _headers(
        self, letter: str, side: Sequence[CubeDimension]
    ) -> tuple[list[list[Header]], list[str], list[str]]:
        """By row or column: the headers that begin there, the ids and the codes of all of its."""
        made = [self._of_dimension(one, level) for level, one in enumerate(side)]
        begun: list[list[Header]] = []
        ids, keys = [""] * len(side), [""] * len(side)
        every_id, every_key = [], []
        seen: set[tuple[int, str]] = set()
        for place, headers in enumerate(self.laid.headers(side)):
            found = []
            for n, code, span in headers:
                ids[n], keys[n] = f"{letter}{n}-{place}", code
                key = " ".join(keys[: n + 1])
                again = (n, code) in seen
                header = made[n][code]._replace(id=ids[n], key=key, span=span, again=again)
                found.append(header)
                seen.add((n, code))
            begun.append(found)
            every_id.append(" ".join(ids))
            every_key.append(" ".join(keys))
        return begun, every_id, every_key

    def _of_dimension(self, dimension: CubeDimension, level: int) -> dict[str, Header]:
        """By code: the header of a category, before it is known where it stands."""
        unit = self._units if dimension.code == CONTENTS else {}
        preliminary = self._preliminary if dimension.code == TIME else frozenset()
        return {
            code: Header(
                level=level,
                id="",
                key="",
                label=label.get(self.language),
                detail=unit.get(code, ""),
                span=1,
                marks=tuple(self._marks(dimension.code, code)),
                notes=self._numbers.get((dimension.code, code), ()),
                preliminary=code in preliminary,
            )
            for code, label in zip(dimension.codes, dimension.labels, strict=True)
        }

    @cached_property
    def _units(self) -> Mapping[str, str]:
        """By measure what it is counted in, where its name does not say it."""
        units = self.catalogue.texts.units
        found = {one.code: units[one.unit].get(self.language) for one in measures(self.cube)}
        labels = dict(zip(*_named(self.cube.dimension(CONTENTS), self.language), strict=True))
        return {code: unit for code, unit in found.items() if unit not in labels[code]}

    @cached_property
    def _preliminary(self) -> frozenset[str]:
        return frozenset(
            str(year) for year, facts in self.cube.vintages.items() if facts.preliminary
        )

    def _marks(self, dimension: str, code: str) -> Iterator[Mark]:
        if dimension == TIME and code in self._preliminary:
            yield Mark("preliminary", "foreløpige tall")
        if dimension == CONTENTS:
            if code in self._provisional:
                yield Mark("provisional", "ikke bekreftet")
            if code in self.interim:
                yield Mark("interim", "foreløpig skjermet")
        if dimension == TIME and code in self._broken:
            yield Mark("break", "brudd")
        if self.changes is not None and self.changes.alike and code in self.changes.new[dimension]:
            yield Mark("new", f"ny siden {self.previous_name}")

    @cached_property
    def _provisional(self) -> frozenset[str]:
        return frozenset(one.code for one in measures(self.cube) if one.provisional)

    @cached_property
    def _broken(self) -> Mapping[str, list[tuple[frozenset[str], frozenset[str]]]]:
        """By year: the scopes (measures, regions) of the breaks since the year shown before it."""
        years = self.selection.picked[TIME]
        found: dict[str, list[tuple[frozenset[str], frozenset[str]]]] = {}
        for one in breaks(self.cube):
            for before, year in pairwise(years):
                if int(before) < one.vintage <= int(year):
                    scope = frozenset(one.scope.measures), frozenset(one.scope.regions)
                    found.setdefault(year, []).append(scope)
        return found

    def _is_broken(self, year: str, measure: str, region: str) -> bool:
        return any(
            (not wanted or measure in wanted) and (not there or region in there)
            for wanted, there in self._broken.get(year, ())
        )

    # --- figures ----------------------------------------------------------------------------

    def _figures(
        self, earlier: Mapping[int, Earlier], row_ids: Sequence[str], column_ids: Sequence[str]
    ) -> Iterator[list[Figure]]:
        """Row by row."""
        columns = self.laid.shape[1]
        region, measure, year = (
            self.laid.along(code) for code in (self.cube.dimensions[0].code, CONTENTS, TIME)
        )
        marked = earlier if self.selection.changes else {}
        broken = bool(self._broken)
        estimated = {
            (code, str(one.vintage))
            for one in self.cube.vintages.values()
            for code in one.estimated
            if is_estimated(self.cube.table, one, code)
        }
        for at, (row, ids) in enumerate(zip(self.laid.rows, row_ids, strict=True)):
            yield [
                Figure(
                    position=cell.position,
                    text=_written(cell.value, cell.sign, cell.decimals, self.language),
                    look=LOOKS.get(cell.sign, ""),
                    estimated=cell.value is not None and (region[n], year[n]) in estimated,
                    preliminary=year[n] in self._preliminary,
                    broken=broken and self._is_broken(year[n], measure[n], region[n]),
                    changed=self._changed(marked.get(cell.position), cell.decimals),
                    headers=f"{ids or _ROW} {over or _COLUMN}",
                )
                for n, (cell, over) in enumerate(zip(row, column_ids, strict=True), at * columns)
            ]

    def _changed(self, found: Earlier | None, decimals: int) -> Changed | None:
        if found is None:
            return None
        before = _written(found.value, found.sign, decimals, self.language) or _BEFORE
        return Changed(found.kind.replace(" ", "-"), words.KIND["nb"][found.kind], before)

    # --- notes ------------------------------------------------------------------------------

    @cached_property
    def _signs(self) -> list[str]:
        """What the signs that are shown mean."""
        occurring = {cell.sign for row in self.laid.rows for cell in row}
        found = sign_notes(occurring, self.catalogue.texts)
        return [one.text.get(self.language) for one in found]

    @cached_property
    def _noted(self) -> tuple[list[Footnote], dict[tuple[str, str], list[Footnote]]]:
        """Notes on the table, and by dimension and category those on what is shown."""
        found = notes(self.cube, self.catalogue)
        categories = {
            (dimension, code): [*own]
            for dimension, by_code in found.categories.items()
            for code, own in by_code.items()
            if code in self.selection.picked[dimension]
        }
        return [*found.table], categories

    @cached_property
    def _notes(self) -> dict[Footnote, Numbered]:
        """Every note once, those that must be read first."""
        table, categories = self._noted
        every = dict.fromkeys([*table, *(one for own in categories.values() for one in own)])
        ordered = sorted(every, key=lambda one: not one.mandatory)
        return {
            one: Numbered(number, one.text.get(self.language), one.mandatory)
            for number, one in enumerate(ordered, 1)
        }

    @cached_property
    def _numbers(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """By dimension and category the numbers of its notes."""
        _, categories = self._noted
        return {
            place: tuple(sorted(self._notes[one].number for one in own))
            for place, own in categories.items()
        }


def _written(value: float | None, sign: str, decimals: int, language: Language) -> str:
    return sign if value is None else written(value, decimals, language)
