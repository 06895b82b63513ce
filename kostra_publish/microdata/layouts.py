"""The record layouts of form 11F (sosialhjelp) and 11CF (kvalifiseringsprogram), by year.

``data/layout_<form>.csv`` holds one row per field and span of years. Its rows stand in
the order of the record, so a position is the sum of the sizes before it. The facts are
those of the file descriptions that kommuner report after, with three decisions:

* ``mandatory`` says what *cleaned* microdata must hold. The descriptions of 11F
  2022-2024 call no field mandatory, but the control rules (002, 003a, 004, 008-010, 014,
  022, 025, 032, 033, 035, 039, 040) stop a record without it; they are mandatory here as
  the description of 2025 says.
* BYDELSNR is not mandatory here: it is required in Oslo and blank elsewhere, which is a
  rule of its own.
* The description of 2022 refers to lists for VKLO, TRYGDESIT and ARBSIT without printing
  them; the codes of 2023 are used.

KOMMNR_KVP_KOMM has kommune numbers for codes; they are the kommune list's, not these files'.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal, cast

from kostra_publish.errors import UsageError

FIRST_YEAR = 2022
LAST_YEAR = 2026

FORM_OF_DATASET: Mapping[str, str] = MappingProxyType({"skjema11": "11F", "skjema11c": "11CF"})
DATASET_OF_FORM: Mapping[str, str] = MappingProxyType(
    {form: dataset for dataset, form in FORM_OF_DATASET.items()}
)

Kind = Literal["STRING", "INTEGER", "DATE"]

# The part of a year in Java's date words, as the file descriptions write it, to strftime's.
_DATE_FORMATS = {"ddMMyy": "%d%m%y", "ddMMyyyy": "%d%m%Y"}


@dataclass(frozen=True)
class Field:
    """One field of a record: where it stands, what it may hold.

    ``start`` is the 1-based position of its first character, ``size`` its length in
    characters. ``codes`` maps each valid code to its Norwegian label; empty = no code list.
    ``date_pattern`` is ``ddMMyy`` or ``ddMMyyyy`` for dates, else empty.
    """

    name: str
    start: int
    size: int
    kind: Kind
    mandatory: bool
    date_pattern: str
    codes: Mapping[str, str] = field(repr=False)

    @property
    def date_format(self) -> str:
        """The date pattern in strftime's words: ``%d%m%y`` or ``%d%m%Y``."""
        return _DATE_FORMATS[self.date_pattern]


def _codes(text: str) -> Mapping[str, str]:
    pairs = (entry.split("=", 1) for entry in text.split("|") if entry)
    return MappingProxyType(dict(pairs))


@cache
def _rows(form: str) -> tuple[dict[str, str], ...]:
    source = resources.files("kostra_publish.microdata").joinpath("data", f"layout_{form}.csv")
    return tuple(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))


def _valid_in(row: Mapping[str, str], year: int) -> bool:
    return int(row["valid_from"]) <= year <= int(row["valid_to"] or LAST_YEAR)


@cache
def layout(form: str, year: int) -> tuple[Field, ...]:
    """The fields of ``form`` ("11F" or "11CF") in ``year``, in the order of the record.

    Raises UsageError for another form, or a year outside 2022-2026.
    """
    if form not in DATASET_OF_FORM:
        raise UsageError(
            f"there is no record layout for form {form}", fix=f"Use {' or '.join(DATASET_OF_FORM)}."
        )
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise UsageError(
            f"there is no record layout of {form} for {year}",
            fix=f"Use a year from {FIRST_YEAR} to {LAST_YEAR}.",
        )
    fields: list[Field] = []
    start = 1
    for row in _rows(form):
        if not _valid_in(row, year):
            continue
        fields.append(
            Field(
                name=row["field"],
                start=start,
                size=int(row["size"]),
                kind=cast("Kind", row["kind"]),
                mandatory=row["mandatory"] == "yes",
                date_pattern=row["date_pattern"],
                codes=_codes(row["codes"]),
            )
        )
        start += int(row["size"])
    return tuple(fields)


def record_length(form: str, year: int) -> int:
    """How many characters a record of ``form`` has in ``year``, without the line end."""
    last = layout(form, year)[-1]
    return last.start + last.size - 1
