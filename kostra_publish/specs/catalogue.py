"""The folder of table specs as one checked whole.

``Catalogue`` holds every table and what the tables share. Reading reports all
errors at once, each with file, line, key, rule and fix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from kostra_publish.errors import Finding, SpecError, UsageError
from kostra_publish.specs import yaml_text
from kostra_publish.specs.calendar import Calendar
from kostra_publish.specs.delivery import Delivery
from kostra_publish.specs.files import (
    CALENDAR,
    DELIVERIES,
    DISCONTINUED,
    PAGES,
    QUALITY,
    delivery_files,
    stem,
    strays,
    table_files,
)
from kostra_publish.specs.folders import digests
from kostra_publish.specs.models import (
    Atom,
    Category,
    CodeLists,
    Difference,
    Dimension,
    Discontinued,
    DiscontinuedTable,
    Measure,
    Model,
    Rate,
    Source,
    Sources,
    TableSpec,
    Term,
    TermReference,
    Terms,
    Texts,
)
from kostra_publish.specs.pages import Pages
from kostra_publish.specs.policy import Policy
from kostra_publish.specs.quality import Quality
from kostra_publish.specs.references import (
    Parts,
    calendar_findings,
    delivery_findings,
    pages_findings,
    quality_findings,
    shared_findings,
    table_findings,
)
from kostra_publish.specs.yaml_text import Document

AnyModel = TypeVar("AnyModel", bound=Model)

_FOUNDATIONS: Final = frozenset({"sources.yaml", "terms.yaml", "codelists.yaml"})
"""The shared lists that figures are made from."""


@dataclass(frozen=True)
class Catalogue:
    """All tables, what they share, the calendar, and the checks of quality."""

    tables: Mapping[str, TableSpec]
    discontinued: Mapping[str, DiscontinuedTable]
    sources: Mapping[str, Source]
    terms: Mapping[str, Term]
    codelists: Mapping[str, tuple[Category, ...]]
    texts: Texts
    calendar: Calendar
    documents: Mapping[str, Document]
    sha256: Mapping[str, str]
    """SHA-256 of every spec file but the calendar, by its path in the folder."""
    policy: Policy = field(default_factory=Policy)
    quality: Quality = field(default_factory=Quality)
    pages: Pages | None = None
    """What the key-figure pages show; None: there are none."""
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    """What is handed over to whom, by name."""

    def table(self, table_id: str) -> TableSpec:
        """The table with this number or name.

        Raises UsageError, naming those there are, or what replaced a discontinued one.
        """
        if table_id in self.discontinued:
            raise self._no_longer(self.discontinued[table_id])
        if table_id not in self.tables:
            known = ", ".join(self.tables)
            raise UsageError(f"there is no table {table_id}", fix=f"The tables are {known}.")
        return self.tables[table_id]

    def _no_longer(self, old: DiscontinuedTable) -> UsageError:
        last = f": its last year is {old.last_year}" if old.last_year else ""
        following = ", ".join(old.replaced_by)
        return UsageError(
            f"table {old.id} gets no new figures (avslutta serie){last}",
            fix=f"It was replaced by {following}." if following else "No table carries it on.",
        )

    def finding(self, table_id: str, place: Iterable[str | int], rule: str, fix: str) -> Finding:
        """A finding at a place in the spec of a table."""
        return self.documents[table_id].finding(tuple(place), rule, fix)

    def categories(self, dimension: Dimension) -> tuple[Category, ...]:
        """The categories of a dimension, its shared code list looked up."""
        if isinstance(dimension.categories, str):
            return self.codelists[dimension.categories]
        return tuple(dimension.categories)

    def sources_of(self, table: TableSpec, measure: Measure) -> tuple[str, ...]:
        """The sources that a measure of a table is made from, each once."""
        match measure.formula:
            case Rate(numerator=above, denominator=below):
                terms: tuple[TermReference, ...] = (above, below)
            case Difference(terms=parts):
                terms = tuple(part.term for part in parts)
            case _:
                return (table.source,)
        atoms = (atom for term in terms for atom in self._atoms_of(term))
        return tuple(dict.fromkeys(atom.source or table.source for atom in atoms))

    def _atoms_of(self, term: TermReference) -> Iterator[Atom]:
        found = self.terms[term] if isinstance(term, str) else term
        if isinstance(found, Atom):
            yield found
        else:
            for part in found.combine:
                yield from self._atoms_of(part.term)

    def provisional(self) -> Iterator[tuple[str, str, str]]:
        """What could not be confirmed: (table, what, code), in the tables' order."""
        for table in self.tables.values():
            if table.provisional:
                yield table.id, "table number or title", table.id
            for dimension in table.dimensions:
                if dimension.provisional:
                    yield table.id, "variable code", dimension.code
            for measure in table.measures:
                if measure.provisional:
                    yield table.id, "contents code or title", measure.code
        yield from self._other_provisional()

    def _other_provisional(self) -> Iterator[tuple[str, str, str]]:
        for old in self.discontinued.values():
            if old.provisional:
                yield old.id, "discontinued table", old.id
        if self.pages and self.pages.provisional:
            yield PAGES, "address of the key-figure pages", self.pages.address
        for delivery in self.deliveries.values():
            if delivery.provisional:
                place = f"{DELIVERIES}/{delivery.id}.yaml"
                yield place, "receiver, purpose, legal basis or contents", delivery.id


@dataclass(frozen=True)
class Examined:
    """All that is wrong with a folder of specs, and what in it holds together.

    ``catalogue`` has the tables without a finding; it is None when what tables share does
    not hold together.
    """

    catalogue: Catalogue | None
    findings: Sequence[Finding]


def load(folder: Path) -> Catalogue:
    """Read and check every spec in ``folder``.

    Raises UsageError when the folder holds no specs, SpecError with every finding
    when something in them does not hold together.
    """
    examined = examine(folder)
    if examined.findings or examined.catalogue is None:
        raise SpecError(examined.findings)
    return examined.catalogue


def examine(folder: Path) -> Examined:
    """Read every spec in ``folder``, and check each as far as the others allow.

    Raises UsageError when the folder holds no specs.
    """
    findings = list(strays(folder))
    named = {path.stem for path in table_files(folder)} | {stem(one.file) for one in findings}
    shared: dict[str, Document] = {}
    sources = _shared(folder / "shared" / "sources.yaml", Sources, shared, findings)
    terms = _shared(folder / "shared" / "terms.yaml", Terms, shared, findings)
    codelists = _shared(folder / "shared" / "codelists.yaml", CodeLists, shared, findings)
    texts = _shared(folder / "shared" / "texts.yaml", Texts, shared, findings)
    policy = _shared(folder / "shared" / "disclosure.yaml", Policy, shared, findings)
    old = _shared(folder / DISCONTINUED, Discontinued, shared, findings)
    calendar = _shared(folder / CALENDAR, Calendar, shared, findings)
    quality = _shared(folder / QUALITY, Quality, shared, findings)
    pages = _shared(folder / PAGES, Pages, shared, findings) if (folder / PAGES).exists() else None
    own = _documents(folder, findings)
    documents, problems = _inherited(own, named)
    tables = {
        name: table
        for name, document in documents.items()
        if (table := _validated(TableSpec, document, problems[name]))
    }
    parts = Parts(
        sources=sources.sources if sources else None,
        terms=terms.terms if terms else None,
        codelists=codelists.codelists if codelists else None,
        texts=texts,
        discontinued=[table.id for table in old.tables] if old else None,
        tables=named,
        kinds=list(calendar.kinds) if calendar else None,
    )
    findings += shared_findings(parts, shared)
    if calendar:
        findings += calendar_findings(parts, calendar, tables, shared[CALENDAR])
    if quality:
        findings += quality_findings(parts, quality, shared[QUALITY])
    if pages:
        findings += pages_findings(parts, pages, tables, shared[PAGES])
    deliveries = dict(_deliveries(folder, parts, tables, shared, findings))
    for name, table in tables.items():
        problems[name] += table_findings(parts, table, documents[name])
    findings += _told_once(problems, own)
    if not (sources and terms and codelists and texts and policy and old and calendar and quality):
        return Examined(None, findings)
    if not _FOUNDATIONS.isdisjoint(finding.file for finding in findings):
        return Examined(None, findings)
    catalogue = Catalogue(
        tables={name: table for name, table in tables.items() if not problems[name]},
        discontinued={table.id: table for table in old.tables},
        sources=sources.sources,
        terms=terms.terms,
        codelists={name: tuple(rows) for name, rows in codelists.codelists.items()},
        texts=texts,
        calendar=calendar,
        documents=shared | documents,
        sha256=_digests(folder),
        policy=policy,
        quality=quality,
        pages=pages,
        deliveries=deliveries,
    )
    return Examined(catalogue, findings)


def _deliveries(
    folder: Path,
    parts: Parts,
    tables: Mapping[str, TableSpec],
    documents: dict[str, Document],
    findings: list[Finding],
) -> Iterator[tuple[str, Delivery]]:
    """The deliveries that hold together, by name."""
    for path in delivery_files(folder):
        name = f"{DELIVERIES}/{path.name}"
        try:
            document = yaml_text.read(path, name)
        except SpecError as error:
            findings.extend(error.findings)
            continue
        documents[name] = document
        if delivery := _validated(Delivery, document, findings):
            problems = list(delivery_findings(parts, delivery, tables, document))
            findings += problems
            if not problems:
                yield delivery.id, delivery


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of all specs but the calendar, in which other rounds come and go."""
    found = digests(folder, "*.yaml")
    return {path: digest for path, digest in found.items() if path != CALENDAR}


def _shared(
    path: Path,
    model: type[AnyModel],
    documents: dict[str, Document],
    findings: list[Finding],
) -> AnyModel | None:
    if not path.is_file():
        if path.stem in {stem(finding.file) for finding in findings}:
            return None
        raise UsageError(
            f"the folder of table specs has no {path.name}: {path}",
            fix="Name the folder with --specs, or run where table_specs/ is.",
        )
    try:
        documents[path.name] = yaml_text.read(path)
    except SpecError as error:
        findings.extend(error.findings)
        return None
    return _validated(model, documents[path.name], findings)


def _documents(folder: Path, findings: list[Finding]) -> dict[str, Document]:
    """The table files that can be read, by the name of the file."""
    documents: dict[str, Document] = {}
    for path in table_files(folder):
        try:
            documents[path.stem] = yaml_text.read(path)
        except SpecError as error:
            findings.extend(error.findings)
    return documents


Problems = dict[str, list[Finding]]
"""What is wrong with each table, by its name."""


def _inherited(
    own: Mapping[str, Document], named: Iterable[str]
) -> tuple[dict[str, Document], Problems]:
    """The tables with the keys of ``like`` filled in, and what is wrong with id and ``like``.

    A table whose ``like`` cannot be read is left out: nothing more can be said of it.
    """
    documents: dict[str, Document] = {}
    problems: Problems = {name: [] for name in own}
    for name, document in own.items():
        if document.content.get("id") != name:
            rule = f"the id must be the file's name, {name}"
            problems[name].append(document.finding(("id",), rule, "Change one of them."))
        like = document.content.get("like")
        if like is None:
            documents[name] = document
        elif like in own and "like" not in own[like].content:
            content = own[like].content | document.content
            documents[name] = Document(document.name, content, document.lines)
        elif like in own or like not in named:
            rule = "`like` must name a table that has no `like` of its own"
            fix = "Name the table to take keys from."
            problems[name].append(document.finding(("like",), rule, fix))
    return documents, problems


def _told_once(problems: Problems, own: Mapping[str, Document]) -> Iterator[Finding]:
    """All findings on tables, but those in keys that a table has from another, which tells them."""
    for name, findings in problems.items():
        content = own[name].content
        others = problems.get(content.get("like", ""), ())
        told = {(finding.field, finding.rule) for finding in others}
        for finding in findings:
            inherited = finding.field.partition(".")[0] not in content
            if not (inherited and (finding.field, finding.rule) in told):
                yield finding


def _validated(
    model: type[AnyModel], document: Document, findings: list[Finding]
) -> AnyModel | None:
    try:
        return model.model_validate(document.content)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False):
            place = tuple(problem["loc"])
            findings.append(document.finding(place, problem["msg"], _advice(problem["type"])))
        return None


def _advice(kind: str) -> str:
    advice = {
        "extra_forbidden": "Remove the key, or correct its spelling.",
        "missing": "Add the key.",
        "literal_error": "Use one of the words listed.",
        "union_tag_invalid": "Use one of the kinds listed.",
        "union_tag_not_found": "Add `kind:`.",
        "greater_than_equal": "Raise the number; the threshold of four can only be tightened.",
    }
    return advice.get(kind, "See the table spec's JSON Schema (`kostra-publish schema`).")
