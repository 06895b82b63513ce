"""How a figure is made, section by section, as it is told to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from kostra_publish.codes.regions import kind_of
from kostra_publish.deriving.conditions import conditions
from kostra_publish.deriving.figures import SINGLE, Figures, Part
from kostra_publish.deriving.formulas import Made, units
from kostra_publish.deriving.words import WORDS
from kostra_publish.disclosure.safe import SUPPRESSED
from kostra_publish.microdata.columns import columns, families
from kostra_publish.outputs.facts import in_words, listed
from kostra_publish.outputs.grid import GridCell
from kostra_publish.outputs.norwegian import number
from kostra_publish.specs.models import (
    THRESHOLD,
    Difference,
    Figure,
    Rate,
    Scope,
    TableSpec,
    Text,
    Tongue,
)
from kostra_publish.specs.yaml_text import Document, Tree

_POPULATION: Final = "befolkning"
_BYDELER: Final = frozenset({"bydel", "bydeler"})


@dataclass(frozen=True)
class Row:
    """A name and what is said under it, a line or several."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Years:
    """The figures of a region, a row for each year; columns with numbers are marked."""

    columns: tuple[str, ...]
    numbers: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Derivation:
    """How a figure is made: sections, and the numbers of a region where one is asked for."""

    table: str
    title: str
    measure: str
    label: str
    sections: tuple[Section, ...]
    region: Section | None = None
    years: Years | None = None


@dataclass(frozen=True, eq=False)
class Telling:
    """Tells how a measure is made, in one language; ``files`` are inputs of a release."""

    made: Made
    tongue: Tongue
    files: Sequence[str] = field(default=())

    def sections(self) -> tuple[Section, ...]:
        """All that is said of it without numbers."""
        every = (
            ("what", self._what()),
            ("who", self._who()),
            ("how", self._how()),
            ("files", self._files()),
            ("disclosure", self._disclosure()),
            ("notes", self._notes()),
        )
        told = ((name, tuple(rows)) for name, rows in every)
        return tuple(Section(self._words[name], rows) for name, rows in told if rows)

    # --- what it is -----------------------------------------------------------------------

    def _what(self) -> Iterator[Row]:
        spec, measure, texts = self._spec, self.made.measure, self.made.catalogue.texts
        yield self._row("table", f"{spec.id}: {self._text(spec.title)}")
        yield self._row("measure", f"{measure.code}: {self._text(measure.label)}")
        unit = self._text(texts.units[measure.unit])
        word = {0: "", 1: "unit_one_decimal"}.get(measure.decimals, "unit_decimals")
        said = {"unit": unit, "decimals": measure.decimals}
        yield self._row("unit", self._words[word].format(**said) if word else unit)
        yield self._row("period", self._text(measure.reference_period or spec.reference_period))
        if spec.dimensions:
            names = [f"{self._text(one.label)} ({one.code})" for one in spec.dimensions]
            yield self._row("divided", *names)
        yield self._row("spec", *self._written())
        yield self._row("rounds", self._rounds())
        yield self._row("years", self._years())
        yield self._row("status", *self._status())

    def _written(self) -> Iterator[str]:
        """Where the formula stands, and how."""
        own = self.made.catalogue.documents[self._spec.id]
        like = self._spec.like
        if like is not None and ("measures",) not in own.lines:
            own = self.made.catalogue.documents[like]
        place = ("measures", self._spec.measures.index(self.made.measure), "formula")
        yield f"{own.name}:{own.line(place)}"
        formula = flow(_at(own, place))
        if formula:
            yield f"formula: {formula}"

    def _rounds(self) -> str:
        kinds = self.made.catalogue.calendar.kinds
        found = self._spec.rounds_of(self.made.measure)
        named = (f"{one} ({self._text(kinds[one].name)})" if one in kinds else one for one in found)
        return listed(named, self._words["and"]) or self._words["no_round"]

    def _years(self) -> str:
        first = self.made.measure.first_vintage or self._spec.first_vintage
        last = self.made.measure.last_vintage or self._spec.last_vintage
        word = "years_from" if last is None else "years_between"
        return self._words[word].format(first=first, last=last)

    def _status(self) -> Iterator[str]:
        yield self._words["official" if self._spec.official else "not_official"]
        yield self._words["provisional" if self.made.measure.provisional else "confirmed"]
        if self._spec.provisional:
            yield self._words["table_provisional"]

    # --- who is counted, and how --------------------------------------------------------------

    def _who(self) -> Iterator[Row]:
        document = self.made.catalogue.documents["sources.yaml"]
        for name in self.made.sources:
            source = self.made.catalogue.sources[name]
            skjema = self._text(source.skjema)
            said = {"source": name, "skjema": skjema, "units": units(name, self.tongue)}
            lines = [self._words["of_form"].format(**said)]
            known = self.made.variables(source.dataset)
            found = conditions(source.population, known, self.tongue)
            lines += [f"· {one}" for one in found] or [self._words["whole_source"]]
            if source.national_only:
                lines += [self._words["population_before"], self._words["once_in_country"]]
            place = f"shared/{document.name}:{document.line(('sources', name))}"
            rule = flow(_at(document, ("sources", name, "population")))
            lines.append(f"{place}  population: {rule}" if rule else place)
            yield Row(name, tuple(lines))

    def _how(self) -> Iterator[Row]:
        made = self.made
        yield self._row("formula", made.written(self.tongue))
        if made.below and not isinstance(made.measure.formula, Figure):
            yield self._row("above", *self._pieces(above=True))
            yield self._row("below", *self._pieces(above=False))
        elif not isinstance(made.measure.formula, Figure):
            yield self._row("parts", *self._pieces(above=True))
        if terms := [*self._terms()]:
            yield self._row("terms", *terms)
        yield self._row("larger", *self._larger())
        yield self._row("rounding", self._rounding())

    def _pieces(self, *, above: bool) -> Iterator[str]:
        pieces = self.made.above if above else self.made.below
        for one in pieces:
            said = self.made.described(one, self.tongue)
            sign = one.sign if len(pieces) > 1 or one.factor != 1 else ""
            yield sign + (f"{one.name}: {said}" if one.name else said)
        formula = self.made.measure.formula
        if not above and isinstance(formula, Rate) and formula.of_whole:
            yield self._words["whole_below"]

    def _terms(self) -> Iterator[str]:
        document = self.made.catalogue.documents.get("terms.yaml")
        names = [*self.made.terms, *(one.name for one in self.made.pieces if one.name)]
        for name in dict.fromkeys(names) if document else ():
            place = f"shared/{document.name}:{document.line(('terms', name))}" if document else ""
            defined = self.made.defined(name)
            yield f"{name} ({place})" + (f" = {defined}" if defined else "")

    def _larger(self) -> Iterator[str]:
        formula, source = self.made.measure.formula, self._spec.source
        if isinstance(formula, Figure):
            yield self._words["larger_mean" if formula.across == "mean" else "larger_none"]
            return
        if self.made.catalogue.sources[source].national_only:
            yield self._words["once_in_country"]
        elif set(self._spec.regions) <= _BYDELER:
            yield self._words["larger_bydeler"]
        else:
            added = not self.made.below and not isinstance(formula, Difference)
            yield self._words["larger_sum" if added else "larger_summed"]
            yield self._of_missing()

    def _of_missing(self) -> str:
        if self._spec.missing == "sum":
            return self._words["of_reporters"]
        most = self.made.catalogue.texts.estimation.max_estimated_population
        return self._words["estimated"].format(most=f"{100 * most:g}")

    def _rounding(self) -> str:
        count = self.made.measure.decimals
        word = {0: "whole_numbers", 1: "one_decimal"}.get(count, "decimals")
        unit = self._words[word].format(count=count)
        return self._words["rounded"].format(unit=unit)

    # --- files ------------------------------------------------------------------------------

    def _files(self) -> Iterator[Row]:
        for name in self.made.sources:
            dataset = self.made.catalogue.sources[name].dataset
            yield Row(self._file(dataset), tuple(self._columns(name)))
        if _POPULATION not in self.made.sources and self._spec.missing == "estimate":
            yield Row(self._file(_POPULATION), (self._words["inhabitants"],))
        yield Row(self._file("innrapportering"), (self._words["reporting"],))

    def _file(self, dataset: str) -> str:
        start = f"{dataset}_p"
        own = [one for one in self.files if one.startswith(start)]
        return own[0] if own else f"{start}{self.made.year}_v*"

    def _columns(self, source: str) -> Iterator[str]:
        """Each variable of the source that the figure needs, and the columns behind it."""
        pieces = [one for one in self.made.pieces if one.key.source == source]
        needed = [one.key.of for one in pieces if one.key.of]
        needed += [name for one in pieces for name in one.where]
        needed += self.made.catalogue.sources[source].population
        if source == self._spec.source:
            needed += [one.variable for one in self._spec.dimensions]
        plain: list[str] = []
        for name in dict.fromkeys(needed):
            known = name in self.made.variables(source)
            of = source if known else self.made.catalogue.sources[source].dataset
            behind = columns(of, name, self.made.year)
            if behind == (name,):
                plain.append(name)
            else:
                yield f"{name} ← {', '.join(families(behind))}"
        units_of = [one for one in ("KOMMUNE_NR", "BYDELSNR") if self._has(source, one)]
        yield ", ".join([*plain, *units_of])

    def _has(self, source: str, column: str) -> bool:
        return column in self.made.variables(self.made.catalogue.sources[source].dataset)

    # --- disclosure, notes ------------------------------------------------------------------

    def _disclosure(self) -> Iterator[Row]:
        spec, measure = self._spec, self.made.measure
        if all(one.key.persons == "none" for one in self.made.pieces):
            reason = measure.counts_reason or spec.unit_reason or ""
            yield self._row("not_counted", self._words["no_persons"].format(reason=reason))
            return
        rules, unit = spec.disclosure, measure.counts or spec.unit
        threshold = self._words["four"] if rules.threshold == THRESHOLD else str(rules.threshold)
        word = self._words["tilfeller" if unit == "tilfelle" else "persons"]
        yield self._row("few", self._words["few_hidden"].format(threshold=threshold, units=word))
        yield self._row("zeros", self._words["zeros_hidden" if rules.hide_zeros else "zeros_shown"])
        if rules.dominance is not None:
            said = self._words["dominance_rule"].format(p=f"{rules.dominance.p:g}")
            yield self._row("dominance", said)
        if rules.linked:
            tables = listed(rules.linked, self._words["and"])
            yield self._row("beside", self._words["linked"].format(tables=tables))

    def _notes(self) -> Iterator[Row]:
        if self.made.measure.note is not None:
            yield self._row("note", self._text(self.made.measure.note))
        for note in self._spec.notes:
            if self._concerns(note.scope):
                yield self._row("note", self._text(note.text))
        for one in self._spec.breaks:
            if self._concerns(one.scope):
                name = self._words["break"].format(year=one.vintage)
                yield Row(name, (self._text(one.text),))

    def _concerns(self, scope: Scope) -> bool:
        return not scope.measures or self.made.measure.code in scope.measures

    # --- words --------------------------------------------------------------------------------

    @property
    def _words(self) -> Mapping[str, str]:
        return WORDS[self.tongue]

    @property
    def _spec(self) -> TableSpec:
        return self.made.table

    def _text(self, text: Text) -> str:
        return text.get(self.tongue)

    def _row(self, name: str, *lines: str) -> Row:
        return Row(self._words[name], lines)


@dataclass(frozen=True, eq=False)
class Counting:
    """Tells the numbers of a region, and whether published parts give them."""

    figures: Figures
    release: str
    folder: Path
    tongue: Tongue

    def section(self, *, spec_changed: bool) -> Section:
        """Where the parts are published, and whether the arithmetic holds."""
        cube, region = self.figures.cube, self.figures.region
        place = cube.dimensions[0]
        label = place.labels[place.codes.index(region)].get(self.tongue)
        title = self._words["in_release"].format(region=f"{region} {label}", release=self.release)
        rows = [Row(self._words["spec"], (self._words["changed_spec"],))] if spec_changed else []
        rows += self._categories()
        above, below = self.figures.sides
        first = "also" if self.figures.is_plain else "above" if below else "parts"
        for name, side in ((first, above), ("below", below)):
            if side:
                rows.append(Row(self._words[name], tuple(map(self._where, side))))
        if above:
            rows.append(Row(self._words["rests"], (self._words[self._check()],)))
        if self.figures.cells[max(self.figures.cells)].sign == SUPPRESSED:
            why = self._words["why"].format(
                release=self.folder,
                table=cube.table.id,
                region=region,
                measure=self.figures.made.measure.code,
            )
            rows.append(Row(self._words["hidden_here"], (why,)))
        return Section(title, tuple(rows))

    def _categories(self) -> Iterator[Row]:
        """Which of the table's own categories the figures are of."""
        for dimension, category in self.figures.own.items():
            known = self.figures.cube.dimension(dimension)
            label = known.labels[known.codes.index(category)].get(self.tongue)
            yield Row(dimension, (f"{category} {label}",))

    def _where(self, part: Part) -> str:
        where = self._published(part)
        return self._words["of_part"].format(part=part.name, where=where) if part.name else where

    def _published(self, part: Part) -> str:
        if part.place is None:
            return self._words["not_published"]
        factor = part.place.factor * (
            self.figures.made.quotient.factor if self.figures.is_plain else 1
        )
        scaled = "" if factor == 1 else self._words["scaled"].format(factor=f"{factor:g}")
        return self._words["published_as"].format(
            table=part.place.table,
            measure=part.place.measure.code,
            label=part.place.measure.label.get(self.tongue),
            scaled=scaled,
        )

    def _check(self) -> str:
        if any(part.place is None for part in self._parts):
            return "check_none"
        found = [self.figures.tried(year) for year in self.figures.cells]
        agreed = [one.agrees for one in found if one is not None]
        if not agreed:
            return "check_no_year"
        if not all(agreed):
            return "check_differs"
        return "check_same" if self.figures.is_plain else "check_all"

    def years(self) -> Years:
        """Each year: the figure, its parts, what they give, and the marks of the figure."""
        parts = [one for one in self._parts if one.place is not None]
        names = [f"{one.place.table} {one.place.measure.code}" for one in parts if one.place]
        complete = len(parts) == len(self._parts) and bool(parts)
        columns_ = [self._words["year"], self._words["figure"], *names]
        columns_ += [self._words["worked_out"]] if complete else []
        rows = tuple(
            (
                str(year),
                self._shown(cell),
                *(self._shown(one.cells.get(year)) for one in parts),
                *([self._tried(year, cell.decimals)] if complete else []),
                self._marks(year),
            )
            for year, cell in self.figures.cells.items()
        )
        return Years(
            columns=(*columns_, self._words["marks"]),
            numbers=(False, *(True for _ in columns_[1:]), False),
            rows=rows,
        )

    @property
    def _parts(self) -> list[Part]:
        above, below = self.figures.sides
        return [*above, *below]

    def _tried(self, year: int, decimals: int) -> str:
        found = self.figures.tried(year)
        if found is None:
            return ""
        value = self._number(found.value, decimals + 2)
        return self._words["agrees" if found.agrees else "differs"].format(value=value)

    def _marks(self, year: int) -> str:
        facts = self.figures.vintages[year]
        marks = [self._words["preliminary"]] if facts.preliminary else []
        share = facts.estimated.get(self.figures.region)
        if share is not None and kind_of(self.figures.region) not in SINGLE:
            share_ = in_words(share, self.tongue)
            marks.append(self._words["estimated_share"].format(share=share_))
        marks += [self._words["synthetic"]] if facts.synthetic else []
        return ", ".join([facts.round, *marks])

    def _shown(self, cell: GridCell | None) -> str:
        if cell is None or cell.value is None:
            return cell.sign if cell else ""
        return self._number(cell.value, cell.decimals)

    def _number(self, value: float, decimals: int) -> str:
        return f"{value:,.{decimals}f}" if self.tongue == "en" else number(value, decimals)

    @cached_property
    def _words(self) -> Mapping[str, str]:
        return WORDS[self.tongue]


def _at(document: Document, place: Sequence[str | int]) -> Tree:
    """What stands in a place of a document; None where there is nothing."""
    found: Tree = document.content
    for step in place:
        if isinstance(found, dict) and isinstance(step, str):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return None
    return found


def flow(tree: Tree) -> str:
    """A piece of a spec on one line, as YAML writes it; what stands in quotes has none here."""
    if isinstance(tree, dict):
        return f"{{{', '.join(f'{key}: {flow(value)}' for key, value in tree.items())}}}"
    if isinstance(tree, list):
        return f"[{', '.join(map(flow, tree))}]"
    return "" if tree is None else tree
