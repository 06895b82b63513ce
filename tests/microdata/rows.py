"""Records that keep every rule, to be spoilt one field at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from kostra_publish.microdata.contracts import contract
from kostra_publish.microdata.layouts import FORM_OF_DATASET, Field, layout

CANARY = "KANARI"
_FIRST_WEIGHTS = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def _control(digits: str, weights: tuple[int, ...]) -> int:
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return -total % 11


def national_id(born: date, number: int = 0, *, day: int = 0, month: int = 80) -> str:
    """The ``number``-th valid id of someone born on ``born``; synthetic unless ``month=0``.

    ``day=40`` makes a D-number. Written here anew, as an oracle for persons.py.
    """
    start = f"{born.day + day:02d}{born.month + month:02d}{born.year % 100:02d}"
    individuals = range(500) if born.year < 2000 else range(500, 1000)
    found = 0
    for individual in individuals:
        nine = f"{start}{individual:03d}"
        first = _control(nine, _FIRST_WEIGHTS)
        if first == 10:
            continue
        second = _control(f"{nine}{first}", _SECOND_WEIGHTS)
        if second == 10 or f"{individual:03d}{first}{second}" in {"00100", "00200"}:
            continue
        if found == number:
            return f"{nine}{first}{second}"
        found += 1
    raise ValueError(number)


def with_controls(start: str, individual: int) -> str:
    """``start`` (six digits) and the first individual number on that has control digits."""
    for number in range(individual, individual + 50):
        nine = f"{start}{number:03d}"
        first = _control(nine, _FIRST_WEIGHTS)
        second = _control(f"{nine}{first}", _SECOND_WEIGHTS) if first < 10 else 10
        if second < 10:
            return f"{nine}{first}{second}"
    raise ValueError(start)


def _form_row(
    dataset: str, year: int, values: Mapping[str, Any], changes: Mapping[str, Any]
) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(contract(dataset, year).columns)
    unknown = set(changes) - set(row)
    assert not unknown, f"not columns of {dataset} {year}: {unknown}"
    known = {name: value for name, value in values.items() if name in row}
    return {**row, **known, **changes}


def skjema11(year: int, number: int = 0, **changes: Any) -> dict[str, Any]:
    """A tilfelle that breaks no rule of any kind; ``number`` gives its own person and journal."""
    born = date(1985, 3, 14)
    values = {
        "KOMMUNE_NR": "4601",
        "VERSION": f"{year % 100:02d}",
        "FODSELSDATO": born,
        "PERSON_JOURNALNR": f"J{number:07d}",
        "PERSON_FODSELSNR": national_id(born, number),
        "KJONN": "1",
        "EKTSTAT": "1",
        "BU18": "2",
        "ANTBU18": 0,
        "VKLO": "5",
        "TRYGDESIT": "12",
        "ARBSIT": "07",
        "STMND_1": "01",
        "STMND_2": "02",
        "BIDRAG": 20_000,
        "LAAN": 0,
        "GITT_OKONOMIRAD": "2",
        "FAAT_INDIVIDUELL_PLAN": "2",
        "SAKSBEHANDLER": "Sørås",
        "BOSIT": "1",
        "VILKARSOSLOV": "2",
        "VILKARSAMEKT": "2",
    }
    return _form_row("skjema11", year, values, changes)


def skjema11c(year: int, number: int = 0, **changes: Any) -> dict[str, Any]:
    """A record of kvalifiseringsprogrammet that breaks no rule of any kind."""
    born = date(1985, 3, 14)
    values = {
        "KOMMUNE_NR": "4601",
        "VERSION": f"{year % 100:02d}",
        "FODSELSDATO": born,
        "PERSON_JOURNALNR": f"J{number:07d}",
        "PERSON_FODSELSNR": national_id(born, number),
        "KJONN": "2",
        "EKTSTAT": "1",
        "BU18": "2",
        "ANTBU18": 0,
        "REG_DATO": date(year - 1, 2, 1),
        "VEDTAK_DATO": date(year - 1, 3, 1),
        "BEGYNT_DATO": date(year - 1, 4, 1),
        "KVP_KOMM": "2",
        "KVP_OSLO": "2",
        "KVP_MED_ASTONAD": "2",
        "STMND_1": "01",
        "KVP_STONAD": 15_000,
        "STATUS": "1",
        "SAKSBEHANDLER": "Sørås",
    }
    return _form_row("skjema11c", year, values, changes)


MAKERS = {"skjema11": skjema11, "skjema11c": skjema11c}


def frame(dataset: str, year: int, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as the contract's columns and types."""
    return pl.DataFrame(rows, schema=contract(dataset, year).schema)


def _characters(value: Any, field: Field) -> str:
    if value is None:
        text = ""
    elif isinstance(value, date):
        text = value.strftime(field.date_format)
    else:
        text = str(value)
    return text.rjust(field.size) if field.kind == "INTEGER" else text.ljust(field.size)


def record(dataset: str, year: int, row: Mapping[str, Any]) -> str:
    """A row as the line of a filuttrekk; a text value stands where a date should be too."""
    fields = layout(FORM_OF_DATASET[dataset], year)
    return "".join(_characters(row[field.name], field) for field in fields)


def write_dat(path: Path, lines: list[str], *, encoding: str = "utf-8", end: str = "\n") -> Path:
    path.write_bytes("".join(line + end for line in lines).encode(encoding))
    return path
