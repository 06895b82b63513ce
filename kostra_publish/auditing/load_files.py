"""Load files for the statbank as this program writes them, read back with their descriptions.

A load file has no header: what its columns are stands in the description beside it, so the two
are read together. Rows must be every combination of the codes of the description, in its order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
import polars as pl

from kostra_publish.auditing.released import (
    NO_SIGN,
    UNKNOWN,
    Content,
    ReleasedTable,
    Signs,
    Year,
    contradictions,
    demand,
    sign_number,
)
from kostra_publish.disclosure.problem import Floats
from kostra_publish.disclosure.safe import CONTENTS, TIME

FORM: Final = "load file"
FOLDER: Final = "statbank-load/"

_FIGURES: Final = ".dat"
_ABOUT: Final = ".uttrekksbeskrivelse.json"
_SYNTHETIC: Final = "syntetisk-"
_NOT_OURS: Final = "is not a load file as this program writes it"
_SIGN_OF: Final = {"01": ".", "02": "..", "04": ":"}
_SIGNS: Final = {"": NO_SIGN, **{code: sign_number(sign) for code, sign in _SIGN_OF.items()}}
_MOMENT: Final = re.compile(r"(\d{2})\.(\d{2})\.(\d{4}) klokka (\d{2}:\d{2})")
_PERIODS: Final = "Tidsperioden for tabelldataene, enhet = år, format = åååå"
_PROVISIONAL: Final = frozenset({"table", "dimensions", "measures"})


def read_all(folder: Path, files: Sequence[str]) -> list[Content]:
    """What the load files of a release and their descriptions say; ``files`` are all there are."""
    contents = {file: Content(file) for file in files}
    for file, content in contents.items():
        if not file.endswith((_FIGURES, _ABOUT)):
            content.wrong.append("is of a kind that the audit does not know")
        elif file.endswith(_FIGURES) and _beside(file) not in contents:
            content.wrong.append("has no description beside it")
    for file in filter(lambda name: name.endswith(_ABOUT), files):
        figures = file.removesuffix(_ABOUT) + _FIGURES
        if figures not in contents:
            contents[file].wrong.append("describes a load file that is not there")
        else:
            data = [(folder / name).read_bytes() for name in (file, figures)]
            read(contents[file], contents[figures], *data)
    return [*contents.values()]


def read(about: Content, figures: Content, description: bytes, data: bytes) -> None:
    """Read a description and the load file that it is of."""
    try:
        document = json.loads(description, object_pairs_hook=_once)
        demand(description.decode() in {_written(document, None), _written(document, 1)})
        described = _described(about, document)
    except (ValueError, LookupError, TypeError, AttributeError):
        about.texts.clear()
        about.wrong.append("is not a description of a load file as this program writes it")
        return
    try:
        figures.table = _table(figures.file, described, data)
    except (ValueError, LookupError, pl.exceptions.PolarsError):
        figures.wrong.append(_NOT_OURS)
        return
    figures.wrong.extend(contradictions(figures.table))


def _written(document: Json, indent: int | None) -> str:
    return json.dumps(document, ensure_ascii=False, indent=indent)


def _beside(file: str) -> str:
    return file.removesuffix(_FIGURES) + _ABOUT


# --- the description ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Described:
    """What a description tells of its file. ``keys`` has the codes of each variable."""

    table: str
    keys: Mapping[str, tuple[str, ...]]
    decimals: Mapping[str, int]
    years: Mapping[int, Year]
    synthetic: bool


Json = Any


def _described(about: Content, document: Json) -> _Described:
    """What a description says; all of its texts are added to ``about``. Raises ValueError."""
    moment, base, number, name, titles, parts, signs, lists, ours = _members(
        document, "Uttaksbeskrivelse_lagd", "base", "TabellId", "Huvudtabell", "DeltabellTitler",
        "deltabller", "null_prikk_missing_kodeliste", "kodelister", "kostra",
    )  # fmt: skip
    years, synthetic = _marks(about, ours)
    stem = PurePosixPath(about.file).name.removesuffix(_ABOUT)
    table = stem.removeprefix(_SYNTHETIC)
    demand(stem == f"{_SYNTHETIC if synthetic else ''}{table}" and name == stem)
    demand(number == (table if table.isdigit() else "00000") and base == "kostra_publish")
    [[file, title]] = [_members(one, "Filnavn", "Filtext") for one in titles]
    [part] = parts
    own, variables, items, codes, example = _members(
        part, "deltabell", "variabler", "statistikkvariabler", "null_prikk_missing",
        "eksempel_linje",
    )  # fmt: skip
    demand(own == file == f"{stem}{_FIGURES}")
    code_lists = dict(_code_lists(about, lists))
    keys = {
        key: code_lists.get(key, tuple(map(str, years))) for key in _variables(about, variables)
    }
    demand(list(keys) == [*code_lists, TIME])
    decimals = _measures(about, items, codes, first=1 + len(keys))
    first = [of[0] for of in keys.values()]
    demand(example == ";".join([*first, *[""] * len(decimals), *["04"] * len(decimals)]))
    known = {*keys, *decimals}.union(*keys.values())
    demand(all(kind == "table" or {*of} <= known for kind, of in ours["provisional"].items()))
    about.says("table", [table], is_code=True)
    about.says("title", [title])
    about.says("moment", [_moment(moment)])
    about.says("signs", _meanings(signs))
    return _Described(table, keys, decimals, years, synthetic)


def _members(document: Json, *names: str) -> list[Json]:
    """The members of an object, which has exactly these, in this order."""
    demand(isinstance(document, dict) and tuple(document) == names)
    return [document[name] for name in names]


def _texts(document: Json, *names: str) -> list[str]:
    """The same, where all of them are texts."""
    found = _members(document, *names)
    demand(all(isinstance(one, str) for one in found))
    return found


def _once(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    demand(len(found) == len(pairs))
    return found


def _marks(about: Content, ours: Json) -> tuple[dict[int, Year], bool]:
    """The years of the file with their marks, and whether its figures are synthetic."""
    rounds, preliminary, synthetic, provisional = _members(
        ours, "rounds", "preliminary", "synthetic", "provisional"
    )
    demand(isinstance(synthetic, bool) and provisional.keys() <= _PROVISIONAL)
    demand(set(preliminary) <= rounds.keys() and bool(rounds))
    for codes in provisional.values():
        about.says("provisional", codes, is_code=True)
    about.says("round", rounds.values())
    demand(all(re.fullmatch("[0-9]{4}", year) for year in rounds))
    return {int(year): Year(name, year in preliminary) for year, name in rounds.items()}, synthetic


def _variables(about: Content, variables: Json) -> Iterator[str]:
    """The codes of the variables, in the order of their columns."""
    for place, one in enumerate(variables, start=1):
        number, key, name, of, text = _texts(
            one, "kolonnenummer", "Klassifikasjonsvariabel", "Variabeltext", "Kodeliste_id",
            "Kodeliste_text",
        )  # fmt: skip
        demand(number == str(place))
        demand((of, text) == (("-", _PERIODS) if key == TIME else (key, name)))
        about.says("variables", [key], is_code=True)
        about.says("variables", [name])
        yield key


def _code_lists(about: Content, lists: Json) -> Iterator[tuple[str, tuple[str, ...]]]:
    for one in lists:
        total = ["SumIALtTotalKode"] if "SumIALtTotalKode" in one else []
        name, *sums, categories = _members(one, "kodeliste", *total, "koder")
        found = [_texts(category, "kode", "text") for category in categories]
        codes = tuple(code for code, _ in found)
        demand(bool(codes) and len(set(codes)) == len(codes) and set(sums) <= set(codes))
        about.says("codes", codes, is_code=True)
        about.says("names", (label for _, label in found))
        yield name, codes


def _measures(about: Content, items: Json, codes: Json, *, first: int) -> dict[str, int]:
    """The decimals of each measure, by code; columns must be numbered on from ``first``."""
    found: dict[str, int] = {}
    for place, (item, sign) in enumerate(zip(items, codes, strict=True), start=first):
        number, text, unit, stored, shown = _texts(
            item, "kolonnenummer", "Text", "Enhet", "Antall_lagrede_desimaler",
            "Antall_viste_desimaler",
        )  # fmt: skip
        of_sign, code, target = _texts(
            sign, "kolonnenummer", "gjelder_for_text", "gjelder_for__kolonner_nummer"
        )
        demand((number, of_sign, target) == (str(place), str(place + len(items)), str(place)))
        demand(stored == shown and re.fullmatch("[0-9]", stored) is not None)
        demand(code not in found)
        found[code] = int(stored)
        about.says("measures", [text, unit])
        about.says("measures", [code], is_code=True)
    demand(bool(found))
    return found


def _moment(text: Json) -> str:
    """The moment as other files write it: ``20260316 08:00``."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("no moment")
    day, month, year, hour = match.groups()
    return f"{year}{month}{day} {hour}"


def _meanings(signs: Json) -> list[str]:
    """What the signs mean; their codes must be the statbank's."""
    found = [_texts(one, "Kode", "Vises_som", "Beskrivelse") for one in signs]
    demand({code: sign for code, sign, _ in found} == _SIGN_OF and len(found) == len(_SIGN_OF))
    return [meaning for *_, meaning in found]


# --- the figures -------------------------------------------------------------------------


def _table(file: str, described: _Described, data: bytes) -> ReleasedTable:
    keys, decimals = described.keys, described.decimals
    frame = _rows(data, len(keys) + 2 * len(decimals))
    size = [len(codes) for codes in keys.values()]
    demand(frame.height == prod(size))
    columns = frame.get_columns()
    places = np.unravel_index(np.arange(frame.height), size)
    for column, codes, place in zip(columns, keys.values(), places, strict=False):
        demand(column.equals(pl.Series(codes, dtype=pl.String).gather(place)))
    numbers, signs = columns[len(keys) : len(keys) + len(decimals)], columns[-len(decimals) :]
    values = [_numbers(one, of) for one, of in zip(numbers, decimals.values(), strict=True)]
    return ReleasedTable(
        file=file,
        form=FORM,
        table=described.table,
        language="",
        dimensions={**keys, CONTENTS: tuple(decimals)},
        values=np.stack(values, axis=1).ravel(),
        signs=np.stack([_signs(one) for one in signs], axis=1).ravel(),
        years=described.years,
        synthetic=described.synthetic,
        decimals=decimals,
        in_part=True,
    )


def _rows(data: bytes, width: int) -> pl.DataFrame:
    """The fields as they stand, an empty one as an empty text."""
    # Quotation marks would hide what stands within them, and a mark of the order of bytes itself.
    demand(not data.startswith(b"\xef\xbb\xbf") and b'"' not in data)
    demand(data.endswith(b"\r\n") and data.count(b"\r\n") == data.count(b"\n"))
    frame = pl.read_csv(
        data,
        separator=";",
        has_header=False,
        infer_schema=False,
        empty_string_is_null=False,
        new_columns=[str(number) for number in range(width)],
    )
    within = sum(column.str.count_matches(";", literal=True).sum() for column in frame)
    # A line that is too short would be filled up without a word.
    demand(data.count(b";") - within == frame.height * (width - 1) and frame.width == width)
    return frame


def _numbers(column: pl.Series, decimals: int) -> Floats:
    """The numbers of a column, NaN where a field is blank; all have so many decimals."""
    form = "^-?(?:0|[1-9][0-9]*)" + (f",[0-9]{{{decimals}}}$" if decimals else "$")
    # Nothing is less than zero by nothing.
    is_number = column.str.contains(form) & ~column.str.contains("^-[0,]+$")
    demand(bool(((column == "") | is_number).all()))
    written = column.str.replace(",", ".", literal=True)
    found: Floats = written.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    return found


def _signs(column: pl.Series) -> Signs:
    found: Signs = column.replace_strict(_SIGNS, default=UNKNOWN, return_dtype=pl.Int8).to_numpy()
    return found
