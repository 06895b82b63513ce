"""Load files: what the statbank's transfer client takes, and a description of each.

Two files per table, for the statistician who loads the statbank. ``13995.dat`` is a deltabell:
no header, semicolons, CRLF, a decimal comma and exactly the stored number of decimals. A row
is a combination of the categories of all dimensions but the contents; then there is a column for
each measure, and one for the sign of each (``null_prikk_missing``). Beside a sign there is no
number, and beside a number no sign. ``13995.uttrekksbeskrivelse.json`` says what the columns are,
in the shape in which the statbank's API describes a table, made from the cube. The statbank's
own description is the one that counts: ours is provisional, and so are the names of the files.

Only vintages that the release itself publishes are there, a correction's too: the earlier ones
are in the statbank already. A table without any has no files.

Synthetic data must not be loaded by mistake. Names of their files begin with ``syntetisk-``,
which no deltabell of the statbank does, and the title in the description says what they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from math import prod
from typing import Any, Final

import numpy as np
import polars as pl

from kostra_publish.disclosure.safe import (
    MISSING,
    NOT_APPLICABLE,
    SUPPRESSED,
    SafeCube,
    only_safe,
)
from kostra_publish.outputs.facts import TableFacts, elimination, measures, preliminary, title
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, TIME, CubeDimension
from kostra_publish.specs.models import Measure, Text

FOLDER: Final = "statbank-load"
SYNTHETIC: Final = "syntetisk-"
"""What the names of files with synthetic data begin with."""
DESCRIBED: Final = ".uttrekksbeskrivelse.json"
"""What the name of a description has in place of ``.dat``."""
CODES: Final[Mapping[str, str]] = {NOT_APPLICABLE: "01", MISSING: "02", SUPPRESSED: "04"}
"""The statbank's code of each sign (null_prikk_missing_kodeliste)."""

_LANGUAGE: Final = "nb"
_NO_NUMBER: Final = "00000"
"""Stands for the number of a table that has none."""
_BASE: Final = "kostra_publish"
"""Stands for the statbank's database, which these descriptions are not from."""
_NO_CODE_LIST: Final = "-"
_PERIODS: Final = "Tidsperioden for tabelldataene, enhet = år, format = åååå"
"""How the statbank describes years; its client reads the format from it."""
_DIGITS: Final = 38
"""The most digits of a decimal number in Polars."""

Json = dict[str, Any]


def write_deltabell(
    cubes: Sequence[SafeCube], catalogue: Catalogue, release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """The two files of every table that the release has figures of its own for: (path, bytes)."""
    for cube in only_safe(cubes):
        own = of_release(cube, release.round.name)
        if own is not None:
            yield f"{FOLDER}/{file_name(own)}", figures(own)
            described = json.dumps(
                description(own, catalogue, release), ensure_ascii=False, indent=1
            )
            yield f"{FOLDER}/{description_name(own)}", described.encode()


def of_release(cube: SafeCube, name: str) -> SafeCube | None:
    """The vintages of a cube that the release of this name publishes; None where it has none."""
    years = [str(year) for year, facts in cube.vintages.items() if facts.round == name]
    return cube.part({TIME: years}) if years else None


def file_name(own: SafeCube) -> str:
    """The name of the load file of a table: that of its deltabell, until it is known."""
    return f"{_stem(own)}.dat"


def description_name(own: SafeCube) -> str:
    """The name of the file with the description of a table's load file."""
    return f"{_stem(own)}{DESCRIBED}"


def _stem(own: SafeCube) -> str:
    return f"{SYNTHETIC if _synthetic(own) else ''}{own.table.id}"


def _synthetic(own: SafeCube) -> bool:
    return any(facts.synthetic for facts in own.vintages.values())


# --- figures --------------------------------------------------------------------


def figures(own: SafeCube) -> bytes:
    """The rows: codes of the dimensions, a number for each measure, a code for each sign."""
    keys, contents = _variables(own), own.dimension(CONTENTS)
    axis = own.dimensions.index(contents)
    # A row for each combination of the other dimensions, a column for each measure.
    places = np.moveaxis(np.arange(prod(own.size)).reshape(own.size), axis, -1)
    size, places = places.shape[:-1], places.reshape(-1, len(contents.codes))
    along = np.unravel_index(np.arange(prod(size)), size)
    values, signs = own.values, own.statuses.replace_strict(CODES, return_dtype=pl.String)
    columns = [
        *(
            pl.Series(key.codes, dtype=pl.String).gather(place)
            for key, place in zip(keys, along, strict=True)
        ),
        *(
            # Rounded already; as a decimal number it has all its decimals and no others.
            values.gather(places[:, place]).cast(pl.Decimal(_DIGITS, item.decimals))
            for place, item in enumerate(measures(own))
        ),
        *(signs.gather(places[:, place]) for place in range(len(contents.codes))),
    ]
    written = BytesIO()
    pl.DataFrame({str(number): column for number, column in enumerate(columns)}).write_csv(
        written,
        separator=";",
        line_terminator="\r\n",
        include_header=False,
        decimal_comma=True,
        batch_size=256,
    )
    return written.getvalue()


def _variables(own: SafeCube) -> list[CubeDimension]:
    """The dimensions that rows are told apart by, in the order of the columns."""
    return [dimension for dimension in own.dimensions if dimension.code != CONTENTS]


# --- description ----------------------------------------------------------------


def description(own: SafeCube, catalogue: Catalogue, release: ReleaseFacts) -> Json:
    """What the columns are, as the statbank's API says it; ``kostra`` is our own addition."""
    facts = TableFacts.of(own, release)
    moment = facts.updated.astimezone(facts.zone)
    file = file_name(own)
    return {
        "Uttaksbeskrivelse_lagd": f"{moment:%d.%m.%Y klokka %H:%M}",
        "base": _BASE,
        "TabellId": own.table.id if own.table.id.isdigit() else _NO_NUMBER,
        "Huvudtabell": _stem(own),
        "DeltabellTitler": [{"Filnavn": file, "Filtext": _title(own, catalogue)}],
        "deltabller": [{"deltabell": file, **_columns(own, catalogue)}],
        "null_prikk_missing_kodeliste": [
            {"Kode": CODES[sign], "Vises_som": sign, "Beskrivelse": _said(meaning)}
            for sign, meaning in catalogue.texts.signs.items()
        ],
        "kodelister": [_code_list(key) for key in _variables(own) if key.role != "time"],
        "kostra": {
            "rounds": {str(year): vintage.round for year, vintage in own.vintages.items()},
            "preliminary": [str(year) for year in facts.preliminary],
            "synthetic": bool(facts.synthetic),
            "provisional": {kind: list(codes) for kind, codes in facts.provisional.items()},
        },
    }


def _said(text: Text) -> str:
    return text.get(_LANGUAGE)


def _title(own: SafeCube, catalogue: Catalogue) -> str:
    """The table's title between its marks; that it is ours and not confirmed is one of them."""
    texts = catalogue.texts
    vintages = own.vintages.values()
    parts = [
        *([_said(texts.synthetic)] if _synthetic(own) else []),
        f"{title(own, _LANGUAGE).rstrip('.')}.",
        *(_said(preliminary(texts, one)) for one in vintages if one.preliminary),
        _said(texts.provisional),
    ]
    return " ".join(parts)


def _columns(own: SafeCube, catalogue: Catalogue) -> Json:
    """The columns with their numbers, which begin with 1, and a row as an example."""
    keys, items = _variables(own), measures(own)
    first, signs = 1 + len(keys), 1 + len(keys) + len(items)
    return {
        "variabler": [_variable(number, key) for number, key in enumerate(keys, start=1)],
        "statistikkvariabler": [
            _measure(number, item, catalogue) for number, item in enumerate(items, start=first)
        ],
        "null_prikk_missing": [
            {
                "kolonnenummer": str(number),
                "gjelder_for_text": item.code,
                "gjelder_for__kolonner_nummer": str(number - len(items)),
            }
            for number, item in enumerate(items, start=signs)
        ],
        "eksempel_linje": ";".join(
            [
                *(key.codes[0] for key in keys),
                *("" for _ in items),
                *(CODES[SUPPRESSED] for _ in items),
            ]
        ),
    }


def _variable(number: int, key: CubeDimension) -> Json:
    years = key.role == "time"
    return {
        "kolonnenummer": str(number),
        "Klassifikasjonsvariabel": key.code,
        "Variabeltext": _said(key.label),
        "Kodeliste_id": _NO_CODE_LIST if years else key.code,
        "Kodeliste_text": _PERIODS if years else _said(key.label),
    }


def _measure(number: int, item: Measure, catalogue: Catalogue) -> Json:
    return {
        "kolonnenummer": str(number),
        "Text": _said(item.label),
        "Enhet": _said(catalogue.texts.units[item.unit]),
        "Antall_lagrede_desimaler": str(item.decimals),
        "Antall_viste_desimaler": str(item.decimals),
    }


def _code_list(key: CubeDimension) -> Json:
    total = elimination(key)
    return {
        "kodeliste": key.code,
        **({} if total is None else {"SumIALtTotalKode": total}),
        "koder": [
            {"kode": code, "text": _said(label)}
            for code, label in zip(key.codes, key.labels, strict=True)
        ],
    }
