"""The folder of table specs as one checked whole.

``Catalogue`` holds every table and what the tables share. Reading reports all
errors at once, each with file, line, key, rule and fix.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from kostra_publish.errors import Finding, SpecError, UsageError
from kostra_publish.specs import yaml_text
from kostra_publish.specs.models import (
    Atom,
    Category,
    CodeLists,
    Combination,
    Combined,
    Difference,
    Dimension,
    Discontinued,
    DiscontinuedTable,
    Measure,
    Model,
    Rate,
    Scope,
    Source,
    Sources,
    TableSpec,
    Term,
    TermReference,
    Terms,
    Texts,
)
from kostra_publish.specs.policy import Policy
from kostra_publish.specs.yaml_text import Document

AnyModel = TypeVar("AnyModel", bound=Model)
Report = Callable[[tuple[str | int, ...], str, str], None]

DISCONTINUED_FILE = "discontinued.yaml"


@dataclass(frozen=True)
class Catalogue:
    """All tables, and the sources, terms, code lists, texts and policy that they share."""

    tables: Mapping[str, TableSpec]
    discontinued: Mapping[str, DiscontinuedTable]
    sources: Mapping[str, Source]
    terms: Mapping[str, Term]
    codelists: Mapping[str, tuple[Category, ...]]
    texts: Texts
    documents: Mapping[str, Document]
    sha256: Mapping[str, str]
    policy: Policy = field(default_factory=Policy)

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
        for old in self.discontinued.values():
            if old.provisional:
                yield old.id, "discontinued table", old.id


def load(folder: Path) -> Catalogue:
    """Read and check every spec in ``folder``.

    Raises UsageError when the folder holds no specs, SpecError with every finding
    when something in them does not hold together.
    """
    findings: list[Finding] = []
    shared: dict[str, Document] = {}
    sources = _shared(folder / "shared" / "sources.yaml", Sources, shared, findings)
    terms = _shared(folder / "shared" / "terms.yaml", Terms, shared, findings)
    codelists = _shared(folder / "shared" / "codelists.yaml", CodeLists, shared, findings)
    texts = _shared(folder / "shared" / "texts.yaml", Texts, shared, findings)
    policy = _shared(folder / "shared" / "disclosure.yaml", Policy, shared, findings)
    old = _shared(folder / DISCONTINUED_FILE, Discontinued, shared, findings)
    documents = _documents(folder, findings)
    tables = {
        document_id: table
        for document_id, document in documents.items()
        if (table := _validated(TableSpec, document, findings))
    }
    if findings or not (sources and terms and codelists and texts and policy and old):
        raise SpecError(findings)
    catalogue = Catalogue(
        tables=tables,
        discontinued={table.id: table for table in old.tables},
        sources=sources.sources,
        terms=terms.terms,
        codelists={name: tuple(rows) for name, rows in codelists.codelists.items()},
        texts=texts,
        documents=shared | documents,
        sha256=_sha256(folder),
        policy=policy,
    )
    findings = list(_references(catalogue))
    if findings:
        raise SpecError(findings)
    return catalogue


def _sha256(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.yaml"))
    }


def _shared(
    path: Path,
    model: type[AnyModel],
    documents: dict[str, Document],
    findings: list[Finding],
) -> AnyModel | None:
    if not path.is_file():
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
    """The table files by table id, with the keys of ``like`` filled in."""
    documents: dict[str, Document] = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.name == DISCONTINUED_FILE:
            continue
        try:
            document = yaml_text.read(path)
        except SpecError as error:
            findings.extend(error.findings)
            continue
        table_id = document.content.get("id")
        if table_id != path.stem:
            rule = f"the id must be the file's name, {path.stem}"
            findings.append(document.finding(("id",), rule, "Change one of them."))
            continue
        documents[path.stem] = document
    return {name: _inherit(document, documents, findings) for name, document in documents.items()}


def _inherit(
    document: Document, documents: Mapping[str, Document], findings: list[Finding]
) -> Document:
    like = document.content.get("like")
    if like is None:
        return document
    if like not in documents or "like" in documents[like].content:
        rule = "`like` must name a table that has no `like` of its own"
        findings.append(document.finding(("like",), rule, "Name the table to take keys from."))
        return document
    return Document(document.name, documents[like].content | document.content, document.lines)


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


# --- references -----------------------------------------------------------------


def _references(catalogue: Catalogue) -> Iterator[Finding]:
    yield from _term_references(catalogue)
    for table in catalogue.tables.values():
        found: list[Finding] = []
        document = catalogue.documents[table.id]

        def report(
            place: tuple[str | int, ...],
            rule: str,
            fix: str,
            *,
            into: list[Finding] = found,
            source: Document = document,
        ) -> None:
            into.append(source.finding(place, rule, fix))

        _check_identity(catalogue, table, report)
        _check_dimensions(catalogue, table, report)
        _check_measures(catalogue, table, report)
        _check_scopes(table, report)
        yield from found


def _term_references(catalogue: Catalogue) -> Iterator[Finding]:
    for name, term in catalogue.terms.items():
        for problem in _unresolved(catalogue, term):
            document = catalogue.documents["terms.yaml"]
            yield document.finding(("terms", name), problem, "Correct the name.")


def _unresolved(catalogue: Catalogue, term: Term | TermReference | Combination) -> Iterator[str]:
    """What a term refers to that does not exist."""
    if isinstance(term, str):
        if term not in catalogue.terms:
            yield f"there is no shared term `{term}`"
    elif isinstance(term, Atom):
        if term.source is not None and term.source not in catalogue.sources:
            yield f"there is no source `{term.source}`"
    else:
        parts = term.combine if isinstance(term, Combined) else term
        for part in parts:
            if part.term not in catalogue.terms:
                yield f"there is no shared term `{part.term}`"
            elif isinstance(term, Combined) and isinstance(catalogue.terms[part.term], Combined):
                yield f"`{part.term}` is itself a combination; name its parts"


def _check_identity(catalogue: Catalogue, table: TableSpec, report: Report) -> None:
    if table.source not in catalogue.sources:
        known = ", ".join(catalogue.sources)
        report(("source",), f"there is no source `{table.source}`", f"The sources are {known}.")
    elif catalogue.sources[table.source].national_only:
        _check_national(table, report)
    if table.unit == "kommune" and not table.unit_reason:
        rule = "a table whose unit is the kommune needs `unit_reason`"
        report(("unit",), rule, "Say why no person can be seen in it.")
    for number, old in enumerate(table.replaces):
        if old not in catalogue.discontinued:
            rule = f"table {old} is not in {DISCONTINUED_FILE}"
            report(("replaces", number), rule, "Add it there.")
    for number, other in enumerate(table.disclosure.linked):
        if other not in catalogue.tables:
            report(("disclosure", "linked", number), f"there is no table {other}", "Correct it.")


def _check_national(table: TableSpec, report: Report) -> None:
    """Units that are counted once in the country neither add up nor can be estimated."""
    rule = f"units of `{table.source}` are counted once in the country"
    if set(table.regions) != {"land"}:
        report(("regions",), rule, "Use `regions: [land]`.")
    if table.missing != "sum":
        report(("missing",), rule, "Use `missing: sum`.")


def _check_dimensions(catalogue: Catalogue, table: TableSpec, report: Report) -> None:
    for number, dimension in enumerate(table.dimensions):
        place = ("dimensions", number)
        name = dimension.categories
        if isinstance(name, str) and name not in catalogue.codelists:
            known = ", ".join(catalogue.codelists)
            rule = f"there is no shared code list `{name}`"
            report((*place, "categories"), rule, f"The code lists are {known}.")
            continue
        codes = [category.code for category in catalogue.categories(dimension)]
        if len(set(codes)) != len(codes):
            report((*place, "categories"), "a category code is given twice", "Keep one of them.")
        if dimension.total is not None and dimension.total not in codes:
            rule = f"the total `{dimension.total}` is not a category"
            report((*place, "total"), rule, "Name one of the categories.")


def _check_measures(catalogue: Catalogue, table: TableSpec, report: Report) -> None:
    seen: set[str] = set()
    for number, measure in enumerate(table.measures):
        place = ("measures", number)
        if measure.code in seen:
            rule = f"the contents code {measure.code} is given twice"
            report((*place, "code"), rule, "Give each measure a code of its own.")
        seen.add(measure.code)
        if measure.unit not in catalogue.texts.units:
            known = ", ".join(catalogue.texts.units)
            rule = f"there is no unit `{measure.unit}`"
            report((*place, "unit"), rule, f"The units are {known}.")
        if measure.counts == "kommune" and not measure.counts_reason:
            rule = "a measure whose unit is the kommune needs `counts_reason`"
            report((*place, "counts"), rule, "Say why no person can be seen in it.")
        for problem in _formula_problems(catalogue, measure):
            report((*place, "formula"), problem, "Correct the name.")


def _formula_problems(catalogue: Catalogue, measure: Measure) -> Iterator[str]:
    formula = measure.formula
    if isinstance(formula, Rate):
        yield from _unresolved(catalogue, formula.numerator)
        yield from _unresolved(catalogue, formula.denominator)
    elif isinstance(formula, Difference):
        yield from _unresolved(catalogue, formula.terms)


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
