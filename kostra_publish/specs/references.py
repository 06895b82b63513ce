"""What specs refer to: sources, terms, code lists, units, measures and each other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from kostra_publish.errors import Finding
from kostra_publish.specs.calendar import Calendar, DatedRound, is_yearly, year_and_month
from kostra_publish.specs.delivery import Delivery, RecordSet
from kostra_publish.specs.files import CALENDAR, DISCONTINUED
from kostra_publish.specs.models import (
    LANGUAGES,
    Atom,
    Category,
    Combination,
    Combined,
    Difference,
    Dimension,
    Measure,
    Rate,
    Scope,
    Source,
    TableSpec,
    Term,
    TermReference,
    Texts,
)
from kostra_publish.specs.pages import KeyFigure, Pages
from kostra_publish.specs.quality import (
    PER_THOUSAND_KRONER,
    Indicator,
    Quality,
    indicator_names,
    money_names,
)
from kostra_publish.specs.yaml_text import Document

Report = Callable[[tuple[str | int, ...], str, str], None]

_OF_REPORTS = frozenset({"skjema", "vintage", "count", "regions", "share"})
_PLACES: Mapping[str, frozenset[str]] = {
    "final_figures": frozenset({"date"}),
    "corrected": frozenset({"date"}),
    "missing_reports": _OF_REPORTS,
    "estimated": _OF_REPORTS,
    "summed": _OF_REPORTS,
    "estimated_regions": frozenset({"vintage", "shares"}),
    "in_part": frozenset({"vintage"}),
}
"""The shared texts that are filled in, and what may stand in braces in each."""


@dataclass(frozen=True)
class Parts:
    """What can be referred to.

    A part is None where its file could not be read: then nothing is said of what refers to it.
    ``tables`` has the names of the files that could not be read too.
    """

    sources: Mapping[str, Source] | None
    terms: Mapping[str, Term] | None
    codelists: Mapping[str, Sequence[Category]] | None
    texts: Texts | None
    discontinued: Collection[str] | None
    tables: Collection[str]
    kinds: Collection[str] | None

    def categories(self, dimension: Dimension) -> Sequence[Category] | None:
        """The categories of a dimension; None where they could not be read."""
        if not isinstance(dimension.categories, str):
            return dimension.categories
        return None if self.codelists is None else self.codelists.get(dimension.categories)


def shared_findings(parts: Parts, documents: Mapping[str, Document]) -> Iterator[Finding]:
    """What is wrong in the shared lists beyond their form."""
    for name, term in (parts.terms or {}).items():
        for problem in _unresolved(parts, term):
            yield documents["terms.yaml"].finding(("terms", name), problem, "Correct the name.")
    for name, allowed in _PLACES.items() if parts.texts else ():
        for language in LANGUAGES:
            words = getattr(parts.texts, name).get(language)
            if problem := _unfillable(words, allowed):
                fix = f"What may stand in braces: {', '.join(sorted(allowed))}."
                yield documents["texts.yaml"].finding((name, language), problem, fix)


def quality_findings(parts: Parts, quality: Quality, document: Document) -> Iterator[Finding]:
    """What is wrong in the indicators and checks beyond their form."""
    for name, indicator in quality.indicators.items():
        for key, rule in _indicator_problems(parts, indicator):
            yield document.finding(("indicators", name, key), rule, "Correct the name.")
    known = ", ".join(quality.indicators)
    for check_name, check in quality.checks:
        for place, name in indicator_names(check) if check else ():
            if name not in quality.indicators:
                rule = f"there is no indicator `{name}`"
                fix = f"The indicators are {known}."
                yield document.finding(("checks", check_name, *place), rule, fix)
        for place, name in money_names(check) if check else ():
            unit = quality.indicators[name].unit if name in quality.indicators else "kroner"
            if unit not in PER_THOUSAND_KRONER:
                rule = f"`{name}` is no amount of money: its unit is {unit}"
                fix = f"Name one in {' or '.join(PER_THOUSAND_KRONER)}."
                yield document.finding(("checks", check_name, *place), rule, fix)


def delivery_findings(
    parts: Parts, delivery: Delivery, tables: Mapping[str, TableSpec], document: Document
) -> Iterator[Finding]:
    """What is wrong in a delivery beyond its form."""
    if document.name.rpartition("/")[2] != f"{delivery.id}.yaml":
        rule = f"the id must be the file's name, not {delivery.id}"
        yield document.finding(("id",), rule, "Change one of them.")
    for number, kind in enumerate(delivery.rounds):
        if parts.kinds is not None and kind not in parts.kinds:
            rule = f"there is no kind of round {kind}"
            yield document.finding(("rounds", number), rule, "See `kinds` in rounds.yaml.")
    for number, dataset in enumerate(delivery.datasets):
        place = ("datasets", number)
        named = [dataset.table] if isinstance(dataset, RecordSet) else dataset.tables
        for name in named:
            if name not in parts.tables:
                fix = "Correct the name."
                yield document.finding(place, f"there is no table {name}", fix)
        if isinstance(dataset, RecordSet):
            for key, rule in _record_set_problems(parts, dataset, tables):
                yield document.finding((*place, key), rule, "Correct the name.")


def _record_set_problems(
    parts: Parts, records: RecordSet, tables: Mapping[str, TableSpec]
) -> Iterator[tuple[str, str]]:
    if parts.sources is not None and records.source not in parts.sources:
        yield "source", f"there is no source {records.source}"
    table = tables.get(records.table)
    if table and records.total not in {measure.code for measure in table.measures}:
        yield "total", f"table {records.table} has no measure {records.total}"


def pages_findings(
    parts: Parts, pages: Pages, tables: Mapping[str, TableSpec], document: Document
) -> Iterator[Finding]:
    """What is wrong in the key figures beyond their form."""
    seen: set[str] = set()
    for number, theme in enumerate(pages.themes):
        for place, name in [
            ((), theme.id),
            *((("figures", i), f.id) for i, f in enumerate(theme.figures)),
        ]:
            if name in seen:
                rule = f"the name {name} is taken"
                yield document.finding(("themes", number, *place, "id"), rule, "Give it another.")
            seen.add(name)
        for index, figure in enumerate(theme.figures):
            for key, rule in _key_figure_problems(parts, figure, tables):
                place = ("themes", number, "figures", index, key)
                yield document.finding(place, rule, "Correct the name or the code.")


def _key_figure_problems(
    parts: Parts, figure: KeyFigure, tables: Mapping[str, TableSpec]
) -> Iterator[tuple[str, str]]:
    for name in figure.tables:
        if name not in parts.tables:
            yield "tables", f"there is no table {name}"
        if name not in tables:
            continue
        table = tables[name]
        if figure.measure not in {measure.code for measure in table.measures}:
            yield "measure", f"table {name} has no measure {figure.measure}"
        known = {dimension.code: dimension for dimension in table.dimensions}
        for dimension in table.dimensions:
            if dimension.total is None and dimension.code not in figure.codes:
                yield "codes", f"table {name} has no total of {dimension.code}: say which category"
        for variable, code in figure.codes.items():
            categories = parts.categories(known[variable]) if variable in known else ()
            if categories is not None and code not in {each.code for each in categories}:
                yield "codes", f"table {name} has no category {code} of {variable}"


def _indicator_problems(parts: Parts, indicator: Indicator) -> Iterator[tuple[str, str]]:
    for rule in _unresolved(parts, indicator.term):
        yield "term", rule
    for atom in _atoms_of(parts, indicator.term):
        if atom.source is None:
            yield "term", f"`{indicator.term}` does not say which source it is counted in"
        elif (source := (parts.sources or {}).get(atom.source)) and source.national_only:
            yield "term", f"units of `{atom.source}` are counted once in the country"
    if parts.texts is not None and indicator.unit not in parts.texts.units:
        known = ", ".join(parts.texts.units)
        yield "unit", f"there is no unit `{indicator.unit}` (the units are {known})"


def _atoms_of(parts: Parts, name: str) -> list[Atom]:
    """The atoms that a shared term is made of, as far as they can be read."""
    terms = parts.terms or {}
    term = terms.get(name)
    found = (
        [terms.get(part.term) for part in term.combine] if isinstance(term, Combined) else [term]
    )
    return [one for one in found if isinstance(one, Atom)]


def _unfillable(words: str, allowed: Collection[str]) -> str:
    """Why a text cannot be filled in; empty when it can."""
    try:
        places = list(Formatter().parse(words))
    except ValueError as error:
        return f"the braces are not in pairs ({error})"
    for _, name, layout, conversion in places:
        if name is not None and (name not in allowed or layout or conversion):
            return f"nothing can be filled in for `{{{name}}}`"
    return ""


def table_findings(parts: Parts, table: TableSpec, document: Document) -> list[Finding]:
    """What is wrong in a table beyond its form."""
    found: list[Finding] = []

    def report(place: tuple[str | int, ...], rule: str, fix: str) -> None:
        found.append(document.finding(place, rule, fix))

    _check_identity(parts, table, report)
    _check_dimensions(parts, table, report)
    _check_measures(parts, table, report)
    _check_scopes(table, report)
    _check_rounds(parts, table, report)
    return found


def _unresolved(parts: Parts, term: Term | TermReference | Combination) -> Iterator[str]:
    """What a term refers to that does not exist."""
    if isinstance(term, str):
        if parts.terms is not None and term not in parts.terms:
            yield f"there is no shared term `{term}`"
    elif isinstance(term, Atom):
        if parts.sources is not None and term.source not in {None, *parts.sources}:
            yield f"there is no source `{term.source}`"
    elif parts.terms is not None:
        for part in term.combine if isinstance(term, Combined) else term:
            if part.term not in parts.terms:
                yield f"there is no shared term `{part.term}`"
            elif isinstance(term, Combined) and isinstance(parts.terms[part.term], Combined):
                yield f"`{part.term}` is itself a combination; name its parts"


def _check_identity(parts: Parts, table: TableSpec, report: Report) -> None:
    if parts.sources is not None:
        _check_source(parts.sources, table, report)
    if table.unit == "kommune" and not table.unit_reason:
        rule = "a table whose unit is the kommune needs `unit_reason`"
        report(("unit",), rule, "Say why no person can be seen in it.")
    for number, old in enumerate(table.replaces):
        if parts.discontinued is not None and old not in parts.discontinued:
            rule = f"table {old} is not in {DISCONTINUED}"
            report(("replaces", number), rule, "Add it there.")
    for number, other in enumerate(table.disclosure.linked):
        if other not in parts.tables:
            report(("disclosure", "linked", number), f"there is no table {other}", "Correct it.")


def _check_source(sources: Mapping[str, Source], table: TableSpec, report: Report) -> None:
    if table.source not in sources:
        known = ", ".join(sources)
        report(("source",), f"there is no source `{table.source}`", f"The sources are {known}.")
    elif sources[table.source].national_only:
        _check_national(table, report)


def _check_national(table: TableSpec, report: Report) -> None:
    """Units that are counted once in the country neither add up nor can be estimated."""
    rule = f"units of `{table.source}` are counted once in the country"
    if set(table.regions) != {"land"}:
        report(("regions",), rule, "Use `regions: [land]`.")
    if table.missing != "sum":
        report(("missing",), rule, "Use `missing: sum`.")


def _check_dimensions(parts: Parts, table: TableSpec, report: Report) -> None:
    for number, dimension in enumerate(table.dimensions):
        place = ("dimensions", number)
        categories = parts.categories(dimension)
        if categories is None:
            if parts.codelists is not None:
                known = ", ".join(parts.codelists)
                rule = f"there is no shared code list `{dimension.categories}`"
                report((*place, "categories"), rule, f"The code lists are {known}.")
            continue
        codes = [category.code for category in categories]
        if len(set(codes)) != len(codes):
            report((*place, "categories"), "a category code is given twice", "Keep one of them.")
        if dimension.total is not None and dimension.total not in codes:
            rule = f"the total `{dimension.total}` is not a category"
            report((*place, "total"), rule, "Name one of the categories.")


def _check_measures(parts: Parts, table: TableSpec, report: Report) -> None:
    seen: set[str] = set()
    for number, measure in enumerate(table.measures):
        place = ("measures", number)
        if measure.code in seen:
            rule = f"the contents code {measure.code} is given twice"
            report((*place, "code"), rule, "Give each measure a code of its own.")
        seen.add(measure.code)
        if parts.texts is not None and measure.unit not in parts.texts.units:
            known = ", ".join(parts.texts.units)
            rule = f"there is no unit `{measure.unit}`"
            report((*place, "unit"), rule, f"The units are {known}.")
        if measure.counts == "kommune" and not measure.counts_reason:
            rule = "a measure whose unit is the kommune needs `counts_reason`"
            report((*place, "counts"), rule, "Say why no person can be seen in it.")
        for problem in _formula_problems(parts, measure):
            report((*place, "formula"), problem, "Correct the name.")


def _formula_problems(parts: Parts, measure: Measure) -> Iterator[str]:
    formula = measure.formula
    if isinstance(formula, Rate):
        yield from _unresolved(parts, formula.numerator)
        yield from _unresolved(parts, formula.denominator)
    elif isinstance(formula, Difference):
        yield from _unresolved(parts, formula.terms)


def _check_scopes(table: TableSpec, report: Report) -> None:
    codes = {measure.code for measure in table.measures}
    scopes: list[tuple[tuple[str | int, ...], Scope]] = [
        *((("notes", n), note.scope) for n, note in enumerate(table.notes)),
        *((("breaks", n), item.scope) for n, item in enumerate(table.breaks)),
    ]
    for place, scope in scopes:
        for code in scope.measures:
            if code not in codes:
                rule = f"there is no measure {code} in this table"
                report((*place, "scope", "measures"), rule, "Correct the code.")
    for number, code in enumerate(table.presentation.key_figures):
        if code not in codes:
            rule = f"there is no measure {code} in this table"
            report(("presentation", "key_figures", number), rule, "Correct the code.")


def _check_rounds(parts: Parts, table: TableSpec, report: Report) -> None:
    """Whether the kinds of round that a table and its measures name are in the calendar."""
    if parts.kinds is None:
        return
    named: list[tuple[tuple[str | int, ...], Sequence[str]]] = [
        (("rounds",), table.rounds),
        *((("measures", n, "rounds"), one.rounds or ()) for n, one in enumerate(table.measures)),
    ]
    for place, kinds in named:
        for number, kind in enumerate(kinds):
            if kind not in parts.kinds:
                rule = f"{CALENDAR} has no kind of round `{kind}`"
                report((*place, number), rule, f"The kinds are {', '.join(parts.kinds)}.")


def calendar_findings(
    parts: Parts, calendar: Calendar, tables: Mapping[str, TableSpec], document: Document
) -> Iterator[Finding]:
    """What is wrong in the calendar beyond its form; ``tables`` are those that could be read."""
    for place, rule, fix in (
        *_kind_problems(calendar),
        *_round_problems(parts, calendar, tables),
        *_correction_problems(parts, calendar),
    ):
        yield document.finding(place, rule, fix)


Problem = tuple[tuple[str | int, ...], str, str]


def _kind_problems(calendar: Calendar) -> Iterator[Problem]:
    months: dict[int, str] = {}
    for name, kind in calendar.kinds.items():
        if (kind.month is None) != (kind.day is None):
            yield ("kinds", name), "a yearly round has both a month and a day", "Give both."
        if kind.month is not None and months.setdefault(kind.month, name) != name:
            rule = f"`{months[kind.month]}` is yearly in that month, too"
            yield ("kinds", name, "month"), rule, "Date one of them under `rounds`."


def _round_problems(
    parts: Parts, calendar: Calendar, tables: Mapping[str, TableSpec]
) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, one in enumerate(calendar.rounds):
        place = ("rounds", number)
        if one.round in seen:
            yield (*place, "round"), f"{one.round} is dated twice", "Keep one of them."
        seen.add(one.round)
        kind = calendar.kinds.get(one.kind)
        if kind is None:
            fix = f"The kinds are {', '.join(calendar.kinds)}."
            yield (*place, "kind"), f"there is no kind of round `{one.kind}`", fix
            continue
        if is_yearly(one.round) != (kind.month is not None):
            rule = "a round is named by year and month alone if its kind is yearly, and only then"
            yield (*place, "round"), rule, "Name it 2026-06, or 2026-09-kvp."
        year, month = year_and_month(one.round)
        if is_yearly(one.round) and kind.month not in {month, None}:
            rule = f"`{one.kind}` is yearly in month {kind.month}"
            yield (*place, "round"), rule, "Name it by that month, and date it when it comes out."
        if not is_yearly(one.round) and (one.date.year, one.date.month) != (year, month):
            yield (*place, "date"), f"{one.round} is of another month", "Correct one of them."
        yield from _content_problems(parts, one, tables, place)


def _content_problems(
    parts: Parts, one: DatedRound, tables: Mapping[str, TableSpec], place: tuple[str | int, ...]
) -> Iterator[Problem]:
    """What is wrong in the tables and measures that a round names."""
    for table in set(one.measures).difference(one.tables or one.measures):
        rule = f"the round does not publish {table}"
        yield (*place, "measures", table), rule, "Add it to `tables`, or leave it out."
    for table in {*(one.tables or ()), *one.measures}.difference(parts.tables):
        yield place, f"there is no table {table}", "Correct it."
    for table, codes in one.measures.items():
        known = [measure.code for measure in tables[table].measures] if table in tables else codes
        for code in set(codes).difference(known):
            rule = f"there is no measure {code} in this table"
            yield (*place, "measures", table), rule, "Correct the code."


def _correction_problems(parts: Parts, calendar: Calendar) -> Iterator[Problem]:
    numbers: dict[str, int] = {}
    dated = {one.round for one in calendar.rounds}
    months = {kind.month for kind in calendar.kinds.values()}
    for number, one in enumerate(calendar.corrections):
        place = ("corrections", number)
        following = numbers.get(one.round, 0) + 1
        numbers[one.round] = following
        if one.release != f"{one.round}.{following}":
            rule = f"the corrections of {one.round} are numbered from 1 on"
            yield (*place, "release"), rule, f"Name it {one.round}.{following}."
        yearly = is_yearly(one.round) and year_and_month(one.round)[1] in months
        if not yearly and one.round not in dated:
            yield (*place, "release"), f"there is no round {one.round}", "Correct it."
        for key, named in (("tables", one.tables), ("unaffected", one.unaffected)):
            for table in set(named).difference(parts.tables):
                yield (*place, key), f"there is no table {table}", "Correct it."
        for table in set(one.tables).intersection(one.unaffected):
            yield (*place, "unaffected"), f"{table} is among the tables it corrects", "Take it out."
