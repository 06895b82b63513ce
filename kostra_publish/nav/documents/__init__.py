"""The files of a package: figures, descriptions for programs, and documents for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from kostra_publish.errors import DisclosureError
from kostra_publish.nav.documents import (
    anonymisation,
    codebook,
    datadoc,
    descriptor,
    letter,
    letter_pdf,
    naming,
    tables,
    words,
)
from kostra_publish.nav.package import Package
from kostra_publish.outputs import pages

STYLES = (pages.STYLE, "nav/nav.css")
"""The styles of the pages."""


def payload(package: Package, templates: Path) -> Mapping[str, bytes]:
    """The files of a package's ``data`` folder by name; the same package is the same bytes.

    Raises DisclosureError when a gate has not been passed, ReleaseError when a dataset is not what
    its columns say, and TemplateError when a template does not hold together.
    """
    _refuse_failed(package)
    wording = words.read(templates)
    own = wording[package.delivery.language]
    files = dict(_tables(package))
    for dataset in package.datasets:
        name = f"{naming.stem(package, dataset)}__DOC.json"
        files[name] = _json(datadoc.document(package, dataset, wording))
    files[naming.DESCRIPTOR] = _json(descriptor.descriptor(package, files, own))
    found = anonymisation.anonymisation(package, wording)
    files[naming.ANONYMISATION] = _json(found.model_dump(mode="json"))
    text = letter.letter(package, own)
    files[naming.LETTER] = pages.page(
        templates, letter.TEMPLATE, styles=STYLES, letter=text, w=own.words
    )
    files[naming.LETTER_PDF] = letter_pdf.pdf(text, own, package.published)
    files[naming.CODEBOOK] = pages.page(
        templates,
        codebook.TEMPLATE,
        styles=STYLES,
        book=codebook.codebook(package, own),
        w=own.words,
    )
    return dict(sorted(files.items()))


def check_nav_templates(folder: Path) -> None:
    """Check the templates of packages before there is anything to show in them.

    Raises TemplateError when one is missing or does not hold together, or when a word is not
    there in all languages.
    """
    wanted = {letter.TEMPLATE: letter.NAMES, codebook.TEMPLATE: codebook.NAMES}
    pages.check(folder, wanted, styles=STYLES)
    words.check_words(folder)


def _refuse_failed(package: Package) -> None:
    """Write nothing of a package that has not passed all of its gates."""
    failed = [
        f"{one.dataset or package.name}: {one.name}" for one in package.gates if not one.passed
    ]
    if failed:
        fix = "Nothing is handed over. Make the delivery coarser, or leave the dataset out."
        raise DisclosureError(f"gates that were not passed: {', '.join(failed)}", fix=fix)


def _tables(package: Package) -> Iterator[tuple[str, bytes]]:
    for dataset in package.datasets:
        name, frame = naming.stem(package, dataset), tables.rows(dataset)
        yield f"{name}.parquet", tables.parquet(frame)
        yield f"{name}.csv", tables.csv(frame)
    yield naming.RECONCILIATION, tables.csv(package.reconciliation)
    if (file := naming.changes_file(package)) and package.changes is not None:
        yield file, tables.csv(package.changes)


def _json(content: object) -> bytes:
    return f"{json.dumps(content, ensure_ascii=False, indent=1)}\n".encode()
