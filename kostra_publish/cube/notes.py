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

    skjema: str
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
            "skjema": reports.skjema,
            "vintage": str(vintage),
            "regions": listed,
            "count": str(len(reports.kommuner)),
        }
        yield Note(
            text=_filled(texts.missing_reports, values),
            mandatory=True,
            scope=Scope(regions=list(reports.kommuner), vintages=[vintage]),
        )
        how = texts.estimated if table.missing == "estimate" else texts.summed
        yield Note(text=_filled(how, values, share=reports.estimated), mandatory=True, scope=scope)


def _filled(text: Text, values: Mapping[str, str], share: float = 0) -> Text:
    """The text with its placeholders filled; shares with one decimal in each language's way."""
    filled = {}
    for language in LANGUAGES:
        decimal = f"{share:.1f}" if language == "en" else f"{share:.1f}".replace(".", ",")
        filled[language] = text.get(language).format(**values, share=decimal)
    return Text(**filled)
