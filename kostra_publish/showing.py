"""What a release shows of a table, picked and laid out so that it can be read at once.

Everything comes from the safe cubes that a release keeps: there is nothing here that disclosure
control has not passed. Where one region is asked for, its measures stand down the side and years
across the top, and beside them the newest year of the areas that it is compared with. Where there
are several, regions stand down the side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Final, Literal

from kostra_publish.codes.regions import same_area_before
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.errors import UsageError
from kostra_publish.outputs import csv_table, jsonstat
from kostra_publish.outputs.facts import (
    FEW,
    Footnote,
    Footnotes,
    footnotes,
    measures,
    sign_notes,
    title,
)
from kostra_publish.outputs.grid import GridCell, grid
from kostra_publish.pages.areas import areas, slug
from kostra_publish.pages.content import ROLES
from kostra_publish.pages.figures import written
from kostra_publish.releases.history import earlier_cubes
from kostra_publish.releases.life import Standing, standing, standings
from kostra_publish.releases.manifest import refuse_no_release, release_facts
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.dimensions import CONTENTS, TIME, CubeDimension
from kostra_publish.specs.models import Language

BARS: Final = "▁▂▃▄▅▆▇█"
"""The least and the largest number of a row, and what is between."""
GAP: Final = " "
"""What a sparkline has for a year without a number."""
COUNTED: Final = "antall"
"""The unit that is not told: the name of the measure says what is counted."""
NEAR: Final = 5
"""How many codes are offered in place of one that there is not."""

Kind = Literal["label", "figure", "trend"]


@dataclass(frozen=True)
class Asked:
    """Which figures of a table; where nothing is said of a dimension, all.

    A region, measure or category is told by its code or its name.
    """

    table: str
    regions: Sequence[str] = ()
    measures: Sequence[str] = ()
    years: Sequence[str] = ()
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By the code or the name of their dimension."""


@dataclass(frozen=True)
class Column:
    """A column of a sheet: labels, figures or sparklines."""

    head: str
    kind: Kind
    is_beside: bool = False
    """Whether it is to be read beside the newest figures of another one."""


@dataclass(frozen=True, eq=False, repr=False)
class Sheet:
    """Figures in rows, as texts, with what they are called; columns of labels come first."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def beside(self, head: str, texts: Sequence[str]) -> Sheet:
        """The same with one more column of figures, to be read beside the newest."""
        rows = tuple((*row, text) for row, text in zip(self.rows, texts, strict=True))
        column = Column(head, "figure", is_beside=True)
        return replace(self, columns=(*self.columns, column), rows=rows)


@dataclass(frozen=True, eq=False)
class Shown:
    """What was asked for of a table in a release, and all that is to be read with it."""

    standing: Standing
    catalogue: Catalogue
    whole: SafeCube
    """The table as the release has it."""
    cube: SafeCube
    """The part that was asked for."""
    compared: SafeCube | None
    """The newest year of the areas that one region is compared with; None where there are none."""
    beside: tuple[str, ...]
    """The codes of these areas, in the order of their columns."""
    language: Language

    @property
    def release(self) -> str:
        """The release, and where it is in its life."""
        return f"{self.standing.name} ({self.standing.state})"

    @property
    def title(self) -> str:
        """The title of the table, with what the whole of it is divided by."""
        return title(self.whole, self.language)

    @property
    def is_one_region(self) -> bool:
        """Whether there is one region, told by measures."""
        return len(self.cube.dimensions[0].codes) == 1

    # --- what is the same everywhere ----------------------------------------------------

    @cached_property
    def fixed(self) -> tuple[str, ...]:
        """What all figures have in common: the only category of a dimension."""
        return tuple(
            f"{dimension.label.get(self.language)}: {self.labels(dimension)[0]}"
            for dimension in self.cube.dimensions
            if len(dimension.codes) == 1 and dimension not in self.split
        )

    @cached_property
    def split(self) -> tuple[CubeDimension, ...]:
        """What stands down the side of one region: what it is divided by, or the measure alone."""
        found = [one for one in self.cube.dimensions[1:-1] if len(one.codes) > 1]
        if not self.is_one_region:
            return ()
        return tuple(found) or (self.cube.dimension(CONTENTS),)

    def labels(self, dimension: CubeDimension) -> list[str]:
        """The categories as they are read: by name, regions with their code before it."""
        names = self.names(dimension)
        if dimension.role != "geo":
            return names
        return [f"{code} {name}" for code, name in zip(dimension.codes, names, strict=True)]

    def names(self, dimension: CubeDimension) -> list[str]:
        """The categories by name, measures with their unit."""
        names = [label.get(self.language) for label in dimension.labels]
        if dimension.code != CONTENTS:
            return names
        units = {key: unit.get(self.language) for key, unit in self.catalogue.texts.units.items()}
        return [
            name if measure.unit == COUNTED else f"{name} ({units[measure.unit]})"
            for name, measure in zip(names, measures(self.cube), strict=True)
        ]

    @property
    def pickable(self) -> tuple[str, ...]:
        """The options that would make it shorter."""
        region, *others = self.cube.dimensions[:-2]
        options = {
            "--region": region,
            "--measure": self.cube.dimension(CONTENTS),
            **{f"--category {one.code}=…": one for one in others},
        }
        return tuple(option for option, one in options.items() if len(one.codes) > 1)

    # --- what is to be read with it -----------------------------------------------------

    @cached_property
    def _footnotes(self) -> Footnotes:
        regions = [*self.cube.dimensions[0].codes]
        if self.compared is not None:
            regions += self.compared.dimensions[0].codes
        picked = {one.code: one.codes for one in self.cube.dimensions[1:]}
        whole = self.whole.part({**picked, self.cube.dimensions[0].code: regions})
        return footnotes(whole, self.catalogue)

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be read with the figures, marks first; then the signs that occur."""
        must = [one.text.get(self.language) for one in self._footnotes.table if one.mandatory]
        must += self._of_categories()
        signs = {
            *self.cube.statuses.drop_nulls(),
            *(self.compared.statuses.drop_nulls() if self.compared is not None else ()),
        }
        return tuple(
            dict.fromkeys(
                [
                    *must,
                    *(
                        one.text.get(self.language)
                        for one in sign_notes(signs, self.catalogue.texts)
                    ),
                ]
            )
        )

    @property
    def notes_left_out(self) -> int:
        """How many notes there are besides, which need not be read."""
        signs = {*sign_notes(set(self.whole.statuses), self.catalogue.texts)}
        every = {
            *self._footnotes.table,
            *(note for _, _, notes in self._by_category() for note in notes),
        }
        return len({one for one in every if not one.mandatory} - signs)

    def _by_category(self) -> Iterator[tuple[CubeDimension, str, Sequence[Footnote]]]:
        for code, by_code in self._footnotes.categories.items():
            dimension = self.whole.dimension(code)
            for category, notes in by_code.items():
                yield dimension, category, notes

    def _of_categories(self) -> list[str]:
        """The notes on some categories that must be read, each once with what it is about."""
        about: dict[str, list[str]] = {}
        for dimension, category, notes in self._by_category():
            label = dimension.labels[dimension.codes.index(category)].get(self.language)
            for note in notes:
                if note.mandatory:
                    about.setdefault(note.text.get(self.language), []).append(label)
        return [f"{_some(labels)}: {text}" for text, labels in about.items()]

    @property
    def former(self) -> tuple[str, ...]:
        """The codes that the only region had before, of the same area, where the table has them."""
        if not self.is_one_region:
            return ()
        known = self.whole.dimensions[0].codes
        before = same_area_before(self.cube.dimensions[0].codes[0])
        return tuple(code for code in before if code in known)


def _some(labels: Sequence[str]) -> str:
    more = len(labels) - FEW
    return ", ".join(labels[:FEW]) + (f" … (+{more})" if more > 0 else "")


# --- what is asked for -----------------------------------------------------------------------


def show(
    out: Path, release: Path | None, specs: Path, asked: Asked, language: Language = "nb"
) -> Shown:
    """What a release shows of a table; ``release`` is its folder, None the newest in ``out``.

    Raises UsageError for a release, table or category that there is not, and ReleaseError when
    the release is not as it was published.
    """
    found = _release(out, release)
    catalogue = load(specs)
    spec = catalogue.table(asked.table)
    cubes = earlier_cubes(found.folder, {spec.id: spec})
    if spec.id not in cubes:
        raise UsageError(
            f"{found.name} has no table {spec.id}",
            fix="Name another release with --release.",
        )
    whole = cubes[spec.id]
    picked = _picked(whole, asked)
    cube = whole.part(picked)
    beside = _beside(whole, cube)
    return Shown(found, catalogue, whole, cube, _compared(whole, cube, beside), beside, language)


def _release(out: Path, named: Path | None) -> Standing:
    """The release in a folder; without one the newest in ``out`` whose figures stand."""
    if named is not None:
        folder = (named if named.exists() else out / named).resolve()
        refuse_no_release(folder)
        return standing(folder)
    found = standings(out)
    newest = next((one for one in reversed(found.releases) if one.counts), None)
    if newest is None:
        raise UsageError(
            f"there is no release in {out}",
            fix="Name a folder with --out or --release, or build one: kostra-publish publish.",
        )
    return newest


def _picked(cube: SafeCube, asked: Asked) -> dict[str, list[str]]:
    """The codes that were asked for, by the code of their dimension."""
    others = {
        name: one.code
        for one in cube.dimensions[1:-2]
        for name in (one.code, one.label.nb, one.label.nn, one.label.en)
    }
    if unknown := [name for name in asked.categories if name not in others]:
        has = ", ".join(f"{one.code} ({one.label.nb})" for one in cube.dimensions[1:-2])
        raise UsageError(
            f"table {cube.table.id} has no dimension {', '.join(unknown)}",
            fix=f"It has {has}." if has else "It has regions, measures and years only.",
        )
    said = {
        cube.dimensions[0].code: asked.regions,
        **{others[name]: texts for name, texts in asked.categories.items()},
        CONTENTS: asked.measures,
        TIME: asked.years,
    }
    return {
        code: [_code(cube, cube.dimension(code), text) for text in texts]
        for code, texts in said.items()
        if texts
    }


def _code(cube: SafeCube, dimension: CubeDimension, text: str) -> str:
    """The code that a text says: the code itself, or a name of it.

    A name that a category had in some years only stands behind one that it still has. Raises
    UsageError for what is no code or name, and for a name of several.
    """
    if text in dimension.codes:
        return text
    names = _names(dimension)
    said = slug("", text)
    for whole in (True, False):
        found = [
            code for code, (full, short) in names.items() if said in (full if whole else short)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(
                f"{text} is the name of several in {dimension.code} of table {cube.table.id}",
                fix=f"Write the code: {_listed(dimension, found)}.",
            )
    near = _near(names, said)
    raise UsageError(
        f"table {cube.table.id} has no {text} in {dimension.code} ({dimension.label.nb})",
        fix=f"Did you mean {_listed(dimension, near)}?"
        if near
        else f"It has {_listed(dimension, dimension.codes[:NEAR])} …",
    )


Names = tuple[frozenset[str], frozenset[str]]
"""What a category is called, as addresses are written: in full, and in short."""


def _names(dimension: CubeDimension) -> dict[str, Names]:
    found = {}
    for code, label in zip(dimension.codes, dimension.labels, strict=True):
        full = {label.nb, label.nn, label.en}
        if dimension.role == "geo":
            full |= {part for name in full for part in name.split(" - ")}
        short = {name.partition(" (")[0] for name in full}
        short |= {part for name in short for part in name.split(" - ")}
        found[code] = (
            frozenset(slug("", name) for name in full),
            frozenset(slug("", name) for name in short),
        )
    return found


def _near(names: Mapping[str, Names], said: str) -> list[str]:
    """The codes that a text may mean: those whose name it is a part of, then those like it."""
    by_name = {name: code for code, (full, _) in names.items() for name in (*full, code.lower())}
    parts = [name for name in sorted(by_name) if said and said in name]
    like = get_close_matches(said, by_name, n=NEAR)
    return list(dict.fromkeys(by_name[name] for name in (*parts, *like)))[:NEAR]


def _listed(dimension: CubeDimension, codes: Sequence[str]) -> str:
    names = dict(zip(dimension.codes, dimension.labels, strict=True))
    return ", ".join(
        code if names[code].nb == code else f"{code} {names[code].nb}" for code in codes
    )


def _beside(whole: SafeCube, cube: SafeCube) -> tuple[str, ...]:
    """The areas that the only region of a cube is compared with, in the newest of its years."""
    region = whole.dimensions[0]
    if len(cube.dimensions[0].codes) > 1:
        return ()
    labels = dict(zip(region.codes, region.labels, strict=True))
    known = areas(int(cube.dimension(TIME).codes[-1]), labels).by_code
    own = known.get(cube.dimensions[0].codes[0])
    return tuple(own.beside[role] for role in ROLES if role in own.beside) if own else ()


def _compared(whole: SafeCube, cube: SafeCube, beside: Sequence[str]) -> SafeCube | None:
    """The newest year of these areas."""
    if not beside:
        return None
    region, *others, time = cube.dimensions
    picked = {one.code: one.codes for one in others}
    return whole.part({**picked, region.code: beside, TIME: time.codes[-1:]})


# --- how it is laid out ----------------------------------------------------------------------


def sheets(shown: Shown) -> list[Sheet]:
    """The figures as they are read: by measure where there is one region, else by region.

    With several regions and one year, what else there is stands across the top; with several
    years it has a sheet each.
    """
    if shown.is_one_region:
        return [_beside_others(shown, profile(shown))]
    region, *others, time = shown.cube.dimensions
    names = [", ".join(labels) for labels in product(*(shown.labels(one) for one in others))]
    rows = grid(shown.cube, stub=[one.code for one in (*others, region)], heading=[TIME]).rows
    texts = [[_text(shown, cell) for cell in row] for row in rows]
    count = len(region.codes)
    parts = [texts[first : first + count] for first in range(0, len(texts), count)]
    if len(time.codes) == 1 and len(parts) > 1:
        by_region = [[row[0] for row in together] for together in zip(*parts, strict=True)]
        return [_by_region(shown, "", names, by_region)]
    titles = names if len(parts) > 1 else [""]
    return [
        _by_region(shown, title, time.codes, part)
        for title, part in zip(titles, parts, strict=True)
    ]


def _by_region(
    shown: Shown, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]
) -> Sheet:
    region = shown.cube.dimensions[0]
    return Sheet(
        title,
        (
            Column(region.label.get(shown.language), "label"),
            *(Column(head, "figure") for head in heads),
        ),
        tuple((name, *row) for name, row in zip(shown.labels(region), rows, strict=True)),
    )


def profile(shown: Shown) -> Sheet:
    """The only region: measures and categories down the side, years across the top."""
    others = shown.cube.dimensions[1:-1]
    kept = [one in shown.split for one in others]
    labels = [
        tuple(label for label, is_kept in zip(labels, kept, strict=True) if is_kept)
        for labels in product(*(shown.labels(one) for one in others))
    ]
    return _by_year(shown, [one.label.get(shown.language) for one in shown.split], labels)


def lines(shown: Shown) -> Sheet:
    """A row for each region and whatever else figures are divided by, with all codes and names.

    For one region with sparklines and the areas beside it, too.
    """
    dimensions = shown.cube.dimensions[:-1]
    heads = [head for one in dimensions for head in (one.code, one.label.get(shown.language))]
    names = (zip(one.codes, shown.names(one), strict=True) for one in dimensions)
    labels = [tuple(text for pair in pairs for text in pair) for pairs in product(*names)]
    return _beside_others(shown, _by_year(shown, heads, labels))


def _by_year(shown: Shown, heads: Sequence[str], labels: Sequence[tuple[str, ...]]) -> Sheet:
    """All figures with years across the top, and sparklines where there is one region."""
    stub = [one.code for one in shown.cube.dimensions[:-1]]
    rows = grid(shown.cube, stub=stub, heading=[TIME]).rows
    years = shown.cube.dimension(TIME).codes
    has_trend = shown.is_one_region and len(years) > 1
    return Sheet(
        "",
        (
            *(Column(head, "label") for head in heads),
            *(Column(year, "figure") for year in years),
            *([Column("", "trend")] if has_trend else []),
        ),
        tuple(
            (
                *names,
                *(_text(shown, cell) for cell in row),
                *([sparkline([cell.value for cell in row])] if has_trend else []),
            )
            for names, row in zip(labels, rows, strict=True)
        ),
    )


def _beside_others(shown: Shown, sheet: Sheet) -> Sheet:
    """One region with the newest year of the areas that it is compared with."""
    if shown.compared is None:
        return sheet
    region, *others, time = shown.compared.dimensions
    rows = grid(shown.compared, stub=[one.code for one in (*others, time)], heading=[region.code])
    for code in shown.beside:
        place = region.codes.index(code)
        head = f"{region.labels[place].get(shown.language)}, {time.codes[0]}"
        sheet = sheet.beside(head, [_text(shown, row[place]) for row in rows.rows])
    return sheet


def _text(shown: Shown, cell: GridCell) -> str:
    if cell.value is None:
        return cell.sign
    return written(cell.value, cell.decimals, shown.language)


def sparkline(values: Sequence[float | None]) -> str:
    """A bar for each number, from the least to the largest; a gap for a sign.

    Numbers that are all the same are half as high as can be; one alone shows nothing.
    """
    numbers = [value for value in values if value is not None]
    if len(numbers) < 2:
        return GAP * len(values)
    low, span = min(numbers), max(numbers) - min(numbers)
    top = len(BARS) - 1
    return "".join(
        GAP if value is None else BARS[round(top * (value - low) / span) if span else top // 2]
        for value in values
    )


# --- for programs ----------------------------------------------------------------------------


def as_csv(shown: Shown) -> bytes:
    """The part as CSV, written as a release writes its tables: a row per figure, with its marks."""
    return csv_table.figures(shown.cube, shown.catalogue, shown.language)


def as_json(shown: Shown) -> bytes:
    """The part as JSON-stat 2.0.

    It is the format of the release's own files, so whatever reads those reads this, and it has
    what a list of rows would lack: units, notes, and which figures are preliminary.
    """
    release = release_facts(shown.standing.manifest)
    head = jsonstat.heading(shown.cube, shown.catalogue, shown.language, release)
    return jsonstat.render(head, jsonstat.figures(shown.cube))
