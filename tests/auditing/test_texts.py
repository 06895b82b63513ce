"""Which texts with digits the specs, the templates and the program account for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kostra_publish.auditing.texts import KnownTexts, hidden_numbers, numbers
from tests.schedule import CALENDAR

TOP = Path(__file__).parents[2]
ESTIMATED = (
    "Figures from 11F for 2025 are estimated for municipalities without a report, from "
    "municipalities in the same KOSTRA group. The estimates cover {} per cent of the country's "
    "inhabitants."
)
SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def known() -> KnownTexts:
    specs, templates = TOP / "table_specs", TOP / "templates"
    return KnownTexts(specs, templates, cells=[34_017, 64], last_year=2027, calendar=CALENDAR)


@pytest.mark.parametrize(
    "text",
    [
        "Ingen tall her",
        "Gjennomsnittleg stønadstid 30-39 år",
        "12131: Social assistance rates and time of decision (M), by region, contents and year",
        "2025: Foreløpige, ureviderte tall. Endelige tall kommer 15. juni 2026.",
        "Oppgaver fra 11F for 2025 mangler for: Moss (3103), Stavanger (1103).",
        "Reports on form 11 (social assistance) for 2025 are missing for: Moss (3103).",
        ESTIMATED.format("7.3"),
        "KOSTRA-gruppe 13",
        "Moss (2020-2023)",
        "2022, 2023, 2024",
        "16. mars 2026",
        "datetime 2026-03-16",
        "2026-03-16T07:00:00Z",
        "Publisering 2026-03. Publisert",
        "kl. 08:00.",
        f"34{SPACE}017 celler",
        "64 cells",
        "13995.nb.json",
        "KOKstillingsomf0000",
        "urn:ssb:classification:klass:131",
        "content width=device-width, initial-scale=1",
        "Lisens: CC BY 4.0.",
    ],
)
def test_what_is_accounted_for(known: KnownTexts, text: str) -> None:
    assert known.accounts_for(text)


@pytest.mark.parametrize(
    "text",
    [
        "3",
        "0301",
        "I Hammerfest var det 3 personer",
        "Gjennomsnittleg stønadstid 30-39 år: 3",
        "2025: 3 personer",
        "1889",
        "3000 personer",
        "Oppgaver fra 11F for 2025 mangler for: Moss (3103), 3 personer (5603).",
        "Reports on form 3 (social assistance) for 2025 are missing for: Moss (3103).",
        "Oppgaver fra 3 for 2025 mangler for: Moss (3103).",
        ESTIMATED.format("7.314"),
        "KOSTRA-gruppe 18",
        "3. mars 2026",
        "2025: Foreløpige, ureviderte tall. Endelige tall kommer 3. juni 2026.",
        "2026-03-03",
        "kl. 08:03",
        "65 cells",
        "34 celler av 34017",
        "KOKstillingsomf0003",
        "Lisens: CC BY 4.0. 3",
        "Moss ³",
    ],
)
def test_what_is_not(known: KnownTexts, text: str) -> None:
    assert not known.accounts_for(text)


def test_a_bare_number_may_be_a_code(known: KnownTexts) -> None:
    assert known.accounts_for("0301", is_code=True)
    assert not known.accounts_for("9876", is_code=True)


@pytest.mark.parametrize(
    "text",
    ["12345", "12 345", f"12{SPACE}345", "12.345", "12,345", "kr 12\N{NARROW NO-BREAK SPACE}345,-"],
)
def test_numbers_are_read_however_they_are_written(text: str) -> None:
    assert list(numbers(text)) == [12345]


def test_short_numbers_years_and_codes_are_no_hidden_numbers() -> None:
    found = hidden_numbers(np.array([3, 999, 2025, 3103, 4711, 4711]), [2025])
    assert found == {4711}
