"""Notes that follow from who reported: missing kommuner, and how larger regions are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kostra_publish.specs.models import LANGUAGES, Note, Scope, TableSpec, Text, Texts


@dataclass(frozen=True)
class MissingReports:
    """The kommuner without a report on one form, and what that means for the country.

    ``estimated`` is the per cent of the country's inhabitants who live in them.
    """

    skjema: Text
    kommuner: Sequence[str]
    estimated: float


def report_notes(
    table: TableSpec,
    vintage: int,
    missing: Sequence[MissingReports],
    names: Mapping[str, str],
    texts: Texts,
) -> Iterator[Note]:
    """The notes of one table in one vintage; none where everybody has reported."""
    scope = Scope(vintages=[vintage])
    for reports in missing:
        if not reports.kommuner:
            continue
        listed = ", ".join(f"{names[kommune]} ({kommune})" for kommune in reports.kommuner)
        values = {
            "vintage": str(vintage),
            "regions": listed,
            "count": str(len(reports.kommuner)),
        }
        yield Note(
            text=_filled(texts.missing_reports, reports, values),
            mandatory=True,
            scope=Scope(regions=list(reports.kommuner), vintages=[vintage]),
        )
        how = texts.estimated if table.missing == "estimate" else texts.summed
        yield Note(text=_filled(how, reports, values), mandatory=True, scope=scope)


def part_note(vintage: int, texts: Texts) -> Note:
    """The note on a table of which a round publishes only a part."""
    year = str(vintage)
    said = {language: texts.in_part.get(language).format(vintage=year) for language in LANGUAGES}
    return Note(text=Text(**said), mandatory=True, scope=Scope(vintages=[vintage]))


def _filled(text: Text, reports: MissingReports, values: Mapping[str, str]) -> Text:
    """The text with its placeholders filled; form and share as each language writes them."""
    filled = {}
    for language in LANGUAGES:
        share = f"{reports.estimated:.1f}"
        filled[language] = text.get(language).format(
            **values,
            skjema=reports.skjema.get(language),
            share=share if language == "en" else share.replace(".", ","),
        )
    return Text(**filled)
