"""The whole audit of one or several releases: what was tried, and what was found.

Everything is read from the files of the releases. What a figure in a file tells is found from
the universes that the release was protected as (``internal/disclosure``): each number shown
makes all the cells known that it rests on, so a share gives its numerator away. Then each
universe is attacked with all that is known, those of two rounds of one vintage together too.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, groupby
from pathlib import Path
from typing import Final

import numpy as np

from kostra_publish.auditing import csv_table, load_files
from kostra_publish.auditing.files import JSON_STAT, LANGUAGES_OF, read
from kostra_publish.auditing.handover import given_away, is_record
from kostra_publish.auditing.marks import Figures
from kostra_publish.auditing.places import empty_folders, lacking, misplaced
from kostra_publish.auditing.released import Content, ReleasedTable, disagreements
from kostra_publish.auditing.site import read_all
from kostra_publish.auditing.texts import FIRST_YEAR, KnownTexts, hidden_numbers, numbers
from kostra_publish.disclosure import stored_universe
from kostra_publish.disclosure.attack.exact import exact
from kostra_publish.disclosure.attack.released import INSIDERS_TRIED, attack_known
from kostra_publish.disclosure.attack.together import together
from kostra_publish.disclosure.certificate import proven
from kostra_publish.disclosure.problem import Flags
from kostra_publish.disclosure.records import stored
from kostra_publish.disclosure.records.stored import StoredRecords
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import LeakError
from kostra_publish.releases.history import described_cubes
from kostra_publish.releases.manifest import FILE, read_manifest, verify
from kostra_publish.specs.dimensions import TIME
from kostra_publish.specs.files import CALENDAR

_INTERNAL: Final = "internal"
_HANDED_OVER: Final = "nav"
_SITE: Final = ("public/nokkeltall/", "public/robots.txt")
_SIDE_BY_SIDE: Final = 2
"""Folders of files that are read at once."""
_FOUND: Final = {
    "hidden": "cells that protect small ones are shown",
    "shown": "small cells are shown",
    "exact": "small cells follow from what is shown by linear algebra",
    "narrow": "small cells have only one possible value",
    "insider": "small cells can be worked out by who is alone in another",
    "difference": "differences of few persons between the two can be worked out",
}


@dataclass(frozen=True)
class Attack:
    """One attack: on a universe, or on those of two rounds. Numbers of cells, never a figure.

    ``known``: what can be read in files; ``small``: what must not be found; ``differences``:
    how many cells differ between the rounds; ``found``: by kind, how many cells are given
    away, and the tables that rest on them.
    """

    releases: tuple[str, ...]
    universe: str
    cells: int
    known: int
    small: int
    differences: int | None
    in_full: bool
    found: Mapping[str, tuple[int, tuple[str, ...]]]

    def leaks(self) -> Iterator[Leak]:
        """What was found, in words."""
        for kind, (count, tables) in self.found.items():
            where = f", in {', '.join(tables)}" if tables else ""
            yield Leak(
                f"{' with '.join(self.releases)} {self.universe}", f"{count} {_FOUND[kind]}{where}"
            )


@dataclass(frozen=True)
class Leak:
    """Something that a release gives away, or that is not as it was published."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Proof:
    """How many small cells of a universe have another value in some table of its certificate."""

    release: str
    universe: str
    small: int
    proven: int


@dataclass(frozen=True)
class Audit:
    """What was tried and what was found.

    ``unread`` are releases whose texts were not looked at, since they were published with
    other table specs than those at hand.
    """

    releases: tuple[str, ...]
    files: int
    tables: int
    figures: int
    texts: int
    unread: tuple[str, ...]
    attacks: tuple[Attack, ...]
    leaks: tuple[Leak, ...]

    def refuse(self, *, fix: str) -> None:
        """Raise LeakError when anything was found; ``fix`` tells the way out."""
        if self.leaks:
            raise LeakError([str(leak) for leak in self.leaks], fix=fix)


def audit(releases: Sequence[Path], *, specs: Path, templates: Path, in_full: bool = True) -> Audit:
    """Audit the releases in these folders, together.

    ``in_full`` attacks by intervals and insiders too, where a universe is small enough.
    Raises ReleaseError when a folder has no manifest, DisclosureError when a release does
    not keep what it was protected as.
    """
    found = sorted(
        (_Release(folder, templates) for folder in releases),
        key=lambda one: (one.manifest.published, one.name),
    )
    every = [table for one in found for table in one.tables]
    views = [_View(one.name, universe, every) for one in found for universe in one.universes]
    attacks = [
        *(view.attacked(in_full=in_full) for view in views),
        *(
            one.attacked_with(other, in_full=in_full)
            for one, other in combinations(views, 2)
            if one.is_of_the_same_figures(other)
        ),
    ]
    last_year = max((int(one.name[:4]) for one in found), default=0) + 1
    known = {one.name: one.known_texts(specs, templates, last_year) for one in found}
    leaks = [
        *(leak for one in found for leak in one.leaks()),
        *(leak for view in views for leak in view.misfits()),
        *(leak for attack in attacks for leak in attack.leaks()),
        *(leak for one in found for leak in one.unaccounted(known[one.name])),
        *(leak for one in found for leak in one.handed_over(views)),
        *(leak for one in found for leak in one.rows_given_away(found)),
    ]
    return Audit(
        releases=tuple(one.name for one in found),
        files=sum(len(one.manifest.outputs) for one in found),
        tables=sum(len({table.table for table in one.tables}) for one in found),
        figures=sum(int(table.shown.sum()) for table in every),
        texts=sum(len(one.texts) for one in found if known[one.name]),
        unread=tuple(name for name, texts in known.items() if texts is None),
        attacks=tuple(attacks),
        leaks=tuple(leaks),
    )


def certificates(releases: Sequence[Path]) -> list[Proof]:
    """Check the certificates of releases against what their files show, by adding up.

    Raises as ``audit`` does, and LeakError when a small cell is not proven to be safe.
    """
    found = sorted(map(_Release, releases), key=lambda one: (one.manifest.published, one.name))
    proofs = [
        _View(one.name, universe, one.tables).proven()
        for one in found
        for universe in one.universes
    ]
    wrong = [
        f"{one.release} {one.universe}: {one.small - one.proven} small cells without proof"
        for one in proofs
        if one.proven < one.small
    ]
    if wrong:
        raise LeakError(wrong, fix="Publish the round again from its inputs, and audit it.")
    return proofs


# --- one release --------------------------------------------------------------------------


class _Release:
    """The files of a release, read from its folder."""

    def __init__(self, folder: Path, templates: Path | None = None) -> None:
        """Read it; its key-figure site only where ``templates`` tells what pages share."""
        self.folder = folder
        self.manifest = read_manifest(folder)
        site, loaded, tables = _shown(folder)
        self.contents = _contents(folder, tables)
        self._paths = [content.file for content in self.contents] + loaded
        self.contents.extend(load_files.read_all(folder, loaded))
        if templates is not None and site:
            figures = Figures(table for table in self.tables if table.form == JSON_STAT)
            self.contents.extend(read_all(folder, site, figures, templates))

    @property
    def name(self) -> str:
        """The round."""
        return self.manifest.round

    @cached_property
    def tables(self) -> list[ReleasedTable]:
        """Every table in every form and language."""
        return [content.table for content in self.contents if content.table is not None]

    @cached_property
    def texts(self) -> Mapping[tuple[str, bool], tuple[str, str]]:
        """Every distinct text (a code or not), and the file and place where it first stands."""
        found: dict[tuple[str, bool], tuple[str, str]] = {}
        for content in self.contents:
            for said in content.texts:
                found.setdefault((said.text, said.is_code), (content.file, said.place))
        return found

    @cached_property
    def universes(self) -> list[StoredUniverse]:
        """What the release was protected as."""
        return stored_universe.read_all(self.folder, self.manifest.vintage)

    def leaks(self) -> Iterator[Leak]:
        """Files that are altered, that do not hold together, or do not say the same."""
        for finding in verify(self.folder):
            yield self._leak(finding.file, finding.rule)
        for content in self.contents:
            yield from (self._leak(content.file, wrong) for wrong in content.wrong)
        names = {table.table for table in self.tables if table.form == JSON_STAT}
        for file, how in (
            *misplaced(self._paths, names),
            *lacking(self._paths, names),
            *empty_folders(self.folder),
        ):
            yield self._leak(file, how)
        yield from self._misdescribed()
        by_table = sorted(self.tables, key=lambda one: (one.table, one.form != JSON_STAT))
        for name, of_table in groupby(by_table, lambda table: table.table):
            in_forms = [*of_table]
            for file, how in disagreements(in_forms):
                yield self._leak(file, how)
            yield from (self._leak(f"table {name}", how) for how in self._lacking(in_forms))

    def _misdescribed(self) -> Iterator[Leak]:
        """Files without figures that tell of other categories than the file with them beside."""
        tables = {table.file: table for table in self.tables if table.form == csv_table.FORM}
        for content in self.contents:
            figures = content.file.removesuffix(csv_table.ABOUT_ENDING) + csv_table.ENDING
            described, table = content.described, tables.get(figures)
            if described is not None and table is not None and described != table.dimensions:
                yield self._leak(content.file, f"has other categories than {figures}")

    def _lacking(self, in_forms: Sequence[ReleasedTable]) -> Iterator[str]:
        """Forms and languages that a table should be in; the forms are those of any table."""
        for form in sorted({table.form for table in self.tables}):
            found = sorted(table.language for table in in_forms if table.form == form)
            wanted = sorted(LANGUAGES_OF[form])
            if form == load_files.FORM and not self._own_years(in_forms):
                wanted = []
            if found != wanted:
                languages = " in every language" if len(wanted) > 1 else ""
                yield f"is not there once as {form}{languages}"
        own = self._own_years(in_forms)
        if any(table.in_part and table.years.keys() != own for table in in_forms):
            yield "is to be loaded with other years than the release publishes"

    def _own_years(self, in_forms: Sequence[ReleasedTable]) -> set[int]:
        """The years of a table that this release publishes itself."""
        first = in_forms[0]
        return {year for year, said in first.years.items() if said.round == self.name}

    def _leak(self, what: str, how: str) -> Leak:
        return Leak(f"{self.name} {what}", how)

    # --- texts ----------------------------------------------------------------------------

    def known_texts(self, specs: Path, templates: Path, last_year: int) -> KnownTexts | None:
        """What accounts for texts; None when the release was published with other specs."""
        if _sha256(specs) != self.manifest.specs:
            return None
        cells = (len(table.values) for table in self.tables if not table.in_part)
        return KnownTexts(
            specs,
            templates,
            cells=cells,
            last_year=last_year,
            calendar=self.manifest.calendar,
            vintages=[
                facts for cube in described_cubes(self.folder).values() for facts in cube.vintages
            ],
            next_updates=filter(None, self.manifest.next_updates.values()),
        )

    def unaccounted(self, known: KnownTexts | None) -> Iterator[Leak]:
        """Texts with digits that nothing accounts for."""
        counts = Counter(
            where
            for (text, is_code), where in self.texts.items()
            if known is not None and not known.accounts_for(text, is_code=is_code)
        )
        for (file, place), count in counts.items():
            texts = "a text" if count == 1 else f"{count} texts"
            yield self._leak(file, f"has {texts} with digits that nothing accounts for: {place}")

    def handed_over(self, views: Sequence[_View]) -> Iterator[Leak]:
        """Files for others that hold the number of a hidden cell of this release."""
        hidden = {number for view in views if view.release == self.name for number in view.hidden}
        for path in _files(self.folder / _HANDED_OVER):
            if is_record(path, self.manifest.vintage):
                continue
            file = path.relative_to(self.folder).as_posix()
            yield self._leak(file, "is no record of a package")
            said = path.read_text(encoding="utf-8", errors="replace")
            if count := len(hidden.intersection(numbers(said))):
                yield self._leak(file, f"holds the numbers of {count} hidden cells")

    @cached_property
    def rows(self) -> Mapping[str, StoredRecords]:
        """What it keeps of the rows that it hands over, by set."""
        return stored.read_all(self.folder, self.manifest.vintage)

    def rows_given_away(self, every: Sequence[_Release]) -> Iterator[Leak]:
        """What rows give away, beside those of releases of the same year before this one."""
        before = {
            one.name: one.rows
            for one in every[: every.index(self)]
            if one.manifest.vintage == self.manifest.vintage
        }
        for name, what in given_away(self.rows, self.universes, before):
            yield self._leak(f"rows of {name}", what)


def _shown(folder: Path) -> tuple[list[str], list[str], list[Path]]:
    """The files for others, by path: those of the key-figure site, load files, and all else."""
    site: list[str] = []
    loaded: list[str] = []
    others: list[Path] = []
    for path in _files(folder):
        file = path.relative_to(folder).as_posix()
        if file.startswith(_SITE):
            site.append(file)
        elif file.startswith(load_files.FOLDER):
            loaded.append(file)
        elif file.split("/")[0] not in {_INTERNAL, _HANDED_OVER, FILE}:
            others.append(path)
    return site, loaded, others


def _contents(folder: Path, paths: Sequence[Path]) -> list[Content]:
    """What files say that are no part of the key-figure site.

    Folders are read side by side, since much of it is done without the interpreter; the files
    of one after the other, since those of one table share figures.
    """
    groups = [[*group] for _, group in groupby(paths, key=lambda path: path.parent)]

    def read_all(group: Sequence[Path]) -> list[Content]:
        return [read(path.relative_to(folder).as_posix(), path.read_bytes()) for path in group]

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return [content for contents in pool.map(read_all, groups) for content in contents]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sha256(specs: Path) -> dict[str, str]:
    """SHA-256 of the specs that a manifest tells of: all but the calendar."""
    return {
        path.relative_to(specs).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in specs.rglob("*.yaml")
        if path != specs / CALENDAR
    }


# --- one universe -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _View:
    """A universe, and what all the files that were read show of it."""

    release: str
    universe: StoredUniverse
    files: Sequence[ReleasedTable]

    def is_of_the_same_figures(self, other: _View) -> bool:
        """Whether the two are of one vintage and the same universe, in two rounds."""
        return (
            self.release != other.release
            and self._vintages == other._vintages
            and self.universe.title == other.universe.title
        )

    @cached_property
    def _vintages(self) -> set[str]:
        return {year for of in self.universe.dimensions.values() for year in of[TIME]}

    @cached_property
    def _released(self) -> list[ReleasedTable]:
        """The tables with figures of this universe: those that its round published."""
        return [
            table
            for table in self.files
            if table.table in self.universe.rests
            and any(table.published_in(int(year)) == self.release for year in self._vintages)
        ]

    def misfits(self) -> Iterator[Leak]:
        """Tables that cannot be looked up, or that are not there under their name."""
        for name in sorted(self.universe.rests.keys() - {one.table for one in self._released}):
            yield Leak(f"{self.release} table {name}", "is not among the files of its round")
        for table in self._released:
            if set(table.dimensions) != set(self.universe.dimensions[table.table]):
                yield Leak(f"{self.release} {table.file}", "has other dimensions than it should")

    @cached_property
    def known(self) -> Flags:
        """The cells that some figure rests on."""
        found = np.zeros(len(self.universe.visible), dtype=np.bool_)
        for table in self._released:
            shown = table.places(self.universe.dimensions[table.table])
            if shown is not None:
                pairs = self.universe.rests[table.table]
                found[pairs[shown[pairs[:, 0]], 1]] = True
        return found

    @cached_property
    def hidden(self) -> frozenset[int]:
        """The numbers of hidden cells that a text can be searched for."""
        values = self.universe.problem.values[~self.known & ~self.universe.problem.open]
        return hidden_numbers(values, range(FIRST_YEAR, int(self.release[:4]) + 2))

    def attacked(self, *, in_full: bool) -> Attack:
        """Attack it with all that is known."""
        problem = self.universe.problem
        outcome = attack_known(
            problem, self.known, in_full=in_full, tables=self.universe.certificate
        )
        beyond = self.known & ~self.universe.visible & problem.listed & ~problem.small
        return Attack(
            releases=(self.release,),
            universe=self.universe.title,
            cells=len(self.known),
            known=int(self.known.sum()),
            small=int(problem.small.sum()),
            differences=None,
            in_full=outcome.in_full,
            found=_found({"hidden": beyond, **outcome.found}, [self.universe]),
        )

    def proven(self) -> Proof:
        """What the certificate of the universe proves about it."""
        problem, known = self.universe.problem, self.known
        tables = self.universe.certificate
        sought = problem.small & ~known & ~problem.open
        found = np.zeros_like(sought)
        if tables is not None:
            found = proven(problem, known, tables)
        return Proof(self.release, self.universe.title, int(sought.sum()), int(found.sum()))

    def attacked_with(self, later: _View, *, in_full: bool) -> Attack:
        """Attack it together with that of a later round: what both together give away."""
        both = together(self.universe, later.universe, self.release)
        known = both.known(self.known, later.known)
        alone = both.known(*(exact(one.universe.problem, one.known) for one in (self, later)))
        in_full = in_full and len(known) <= INSIDERS_TRIED
        outcome = attack_known(both.problem, known, in_full=in_full)
        own = np.arange(len(known)) < len(self.known) + len(later.known)
        found = {kind: cells & ~alone & own for kind, cells in outcome.found.items()}
        found["difference"] = outcome.violated & ~own
        return Attack(
            releases=(self.release, later.release),
            universe=self.universe.title,
            cells=len(known),
            known=int(known.sum()),
            small=int(both.problem.small.sum()),
            differences=both.differences,
            in_full=outcome.in_full,
            found=_found(found, [self.universe, later.universe]),
        )


def _found(
    kinds: Mapping[str, Flags], universes: Sequence[StoredUniverse]
) -> dict[str, tuple[int, tuple[str, ...]]]:
    """By kind how many cells were found, and the tables that rest on them.

    The cells are those of ``universes``, one after the other, and maybe more.
    """
    found = {}
    for kind, cells in kinds.items():
        tables: set[str] = set()
        first = 0
        for universe in universes:
            own = cells[first : first + len(universe.visible)]
            tables |= {name for name, pairs in universe.rests.items() if own[pairs[:, 1]].any()}
            first += len(own)
        if count := int(cells.sum()):
            found[kind] = (count, tuple(sorted(tables)))
    return found
