"""What a released file says: figures, and every text and number beside them.

Read from its bytes, by nothing that wrote it. What a file says in a way that is not known
here is a finding: a reader that passes over it would be no guard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from html.parser import HTMLParser
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from kostra_publish.auditing import (
    correspondence,
    csv_table,
    feed,
    load_files,
    members,
    metadata,
    parquet,
    px,
    xlsx,
)
from kostra_publish.auditing.released import (
    Content,
    ReleasedTable,
    Said,
    Signs,
    Year,
    contradictions,
    has_number,
    is_plain,
    is_plain_json,
    sign_numbers,
)
from kostra_publish.disclosure.problem import Floats
from kostra_publish.disclosure.safe import CONTENTS
from kostra_publish.specs.models import LANGUAGES

JSON_STAT: Final = "JSON-stat"
DATASET: Final = "dataset"
_FIGURES: Final = '"value":['
"""What figures begin with; a text has its quotes escaped, so it cannot hold this."""
_CODES: Final = (("eliminationValueCode",), ("regions",), ("measures",), ("from",), ("to",))
_NUMBERING: Final = re.compile(r"[0-9]{1,3}")


def read(file: str, data: bytes) -> Content:
    """What the file at this path of a release says."""
    content = Content(file)
    reader = next((known for ending, known in _READERS.items() if file.endswith(ending)), None)
    if reader is None:
        content.wrong.append("is of a kind that the audit does not know")
        return content
    try:
        reader(content, data)
    except UnicodeDecodeError:
        content.wrong.append("is not text, and no way to read it is known")
    return content


# --- JSON-stat ----------------------------------------------------------------------


def _json(content: Content, data: bytes) -> None:
    """A document whose figures, if it has any, are its last members, as this program writes it."""
    text = data.decode()
    head, start, rest = text.partition(_FIGURES)
    try:
        before = f"{head.removesuffix(',')}}}" if start else text
        document = _loads(before)
    except ValueError as error:
        content.wrong.append(f"is not JSON: {type(error).__name__}")
        return
    if not is_plain_json(before, document):
        content.wrong.append("has spaces or signs that this program does not write")
    if start or (isinstance(document, dict) and document.get("class") == DATASET):
        try:
            members.check_dataset(document)
            figures = _figures(f"{{{start}{rest}")
            content.table = _table(content.file, document, figures)
        except (KeyError, TypeError, ValueError, AttributeError, pl.exceptions.PolarsError):
            content.wrong.append("is not a table in JSON-stat as this program writes it")
            return
        if figures.outside:
            content.wrong.append("has a sign outside the table")
        content.wrong.extend(contradictions(content.table))
    content.texts.extend(_walk(document, (), content.table))


def _json_stat(content: Content, data: bytes) -> None:
    """A table, or the list of them."""
    _json(content, data)
    if content.table is None and not content.wrong:
        try:
            members.check_collection(_loads(data.decode()))
        except (LookupError, TypeError, ValueError, AttributeError):
            content.wrong.append("is of a kind that the audit does not know")


def _description(content: Content, data: bytes) -> None:
    """A document on tables."""
    _json(content, data)
    metadata.settle(content, data)


def _loads(text: str) -> Any:  # noqa: ANN401  # JSON holds anything
    return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(_constant: str) -> None:
    raise ValueError("not a number")


class _Figures(NamedTuple):
    values: Floats
    signs: Signs
    outside: bool
    """Whether a sign stands where the table has no cell."""


@lru_cache(maxsize=1)
def _figures(text: str) -> _Figures:
    """The figures and signs of a table; all its languages have the same, which are read once."""
    written, _, rest = text.removeprefix(f"{{{_FIGURES}").partition("]")
    cells = pl.DataFrame({"cell": pl.Series([written]).str.split(",").explode()})
    is_cell = (pl.col("cell") == "null") | is_plain(pl.col("cell"))
    after = f"{{{rest.removeprefix(',')}"
    said = _loads(after)
    whole = is_plain_json(after, said)
    signs = said.pop("status", {})
    places = pl.Series([*signs], dtype=pl.String).cast(pl.Int64).to_numpy()
    in_order = [str(place) for place in places.tolist()] == [*signs] and (np.diff(places) > 0).all()
    if said or not (whole and in_order and cells.select(is_cell.all()).item()):
        raise ValueError("more than figures and signs")
    values = cells["cell"].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    numbers = sign_numbers(pl.Series([*signs.values()], dtype=pl.String))
    inside = (places >= 0) & (places < len(values))
    signed = np.zeros(len(values), dtype=np.int8)
    signed[places[inside]] = numbers[inside]
    return _Figures(values, signed, not inside.all())


def _table(file: str, document: Mapping[str, Any], figures: _Figures) -> ReleasedTable:
    kostra, px = document["extension"]["kostra"], document["extension"]["px"]
    dimensions = {}
    for name in document["id"]:
        index: Mapping[str, int] = document["dimension"][name]["category"]["index"]
        if list(index.values()) != list(range(len(index))):
            raise ValueError("categories are not in order")
        dimensions[str(name)] = tuple(index)
    sizes = [len(codes) for codes in dimensions.values()]
    if list(document["size"]) != sizes or len(figures.values) != prod(sizes):
        raise ValueError("another number of cells")
    return ReleasedTable(
        file=file,
        form=JSON_STAT,
        table=str(px["tableid"]),
        language=str(px["language"]),
        dimensions=dimensions,
        values=figures.values,
        signs=figures.signs,
        years={
            int(year): Year(str(name), year in kostra["preliminary"])
            for year, name in kostra["rounds"].items()
        },
        synthetic=bool(kostra["synthetic"]),
        decimals=_decimals(document["dimension"][CONTENTS]["category"]),
    )


def _decimals(contents: Mapping[str, Any]) -> dict[str, int]:
    """How many decimals each measure has."""
    return {str(code): int(unit["decimals"]) for code, unit in contents.get("unit", {}).items()}


def _walk(part: object, place: tuple[str, ...], table: ReleasedTable | None) -> Iterator[Said]:
    """Every text with digits, and every number; not what counts the table's own parts."""
    if isinstance(part, dict):
        for key, inside in part.items():
            if has_number(key) and not (_NUMBERING.fullmatch(key) and _numbers_notes(place)):
                yield Said(_path(place), key, is_code=place[:1] == ("dimension",))
            if not _counts(place, key, inside, table):
                yield from _walk(inside, (*place, key), table)
    elif isinstance(part, list):
        for inside in part:
            yield from _walk(inside, place, table)
    elif isinstance(part, str):
        if has_number(part):
            yield Said(_path(place), part, is_code=place[-1:] in _CODES)
    elif part is not None and not isinstance(part, bool):
        yield Said(_path(place), f"number {part}")


def _numbers_notes(place: tuple[str, ...]) -> bool:
    return place[-1:] == ("noteMandatory",) or place[-2:-1] == ("categoryNoteMandatory",)


def _counts(place: tuple[str, ...], key: str, inside: object, table: ReleasedTable | None) -> bool:
    """Whether ``inside`` is the size or order of the table, or how many decimals it has.

    Size and order have been compared with the figures; the codes of an order are texts.
    """
    if table is None:
        return False
    if place[-2:-1] == ("estimated",):
        # The per cent of a region's inhabitants who live in kommuner without a report.
        return isinstance(inside, float | int) and 0 < inside <= 100 and round(inside, 1) == inside
    if key == "decimals":
        return isinstance(inside, int) and 0 <= inside < 10
    of_dimension = place[:1] + place[2:]
    return (not place and key == "size") or of_dimension == ("dimension", "category", "index")


def _path(place: tuple[str, ...]) -> str:
    return "/".join(part for part in place if not has_number(part))


# --- pages --------------------------------------------------------------------------


def _html(content: Content, data: bytes) -> None:
    parser = _Page()
    parser.feed(data.decode())
    parser.close()
    content.texts.extend(said for said in parser.found() if has_number(said.text))


class _Page(HTMLParser):
    """Texts and attributes of a page, comments and declarations too."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._texts: list[tuple[str, str]] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._texts.extend((f"{tag} {name}", f"{name} {value or ''}") for name, value in attrs)
        self._open.append(tag)

    def handle_data(self, data: str) -> None:
        self._texts.append((self._open[-1] if self._open else "page", data))

    def handle_comment(self, data: str) -> None:
        self._texts.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self._texts.append(("declaration", decl))

    def handle_pi(self, data: str) -> None:
        self._texts.append(("declaration", data))

    def unknown_decl(self, data: str) -> None:
        self._texts.append(("declaration", data))

    def found(self) -> Iterator[Said]:
        """The texts in order; a space that does not break stays as it is."""
        for place, text in self._texts:
            yield Said(place, re.sub(r"[ \t\r\n]+", " ", text.strip(" \t\r\n")))


# --- kinds of files -----------------------------------------------------------------

_READERS: Final[Mapping[str, Callable[[Content, bytes], None]]] = {
    **dict.fromkeys(metadata.ENDINGS, _description),
    feed.ENDING: feed.read,
    correspondence.ENDING: correspondence.read,
    ".json": _json_stat,
    ".html": _html,
    csv_table.ENDING: csv_table.read,
    px.ENDING: px.read,
    xlsx.ENDING: xlsx.read,
    parquet.ENDING: parquet.read,
}
"""Who reads a file, by how its name ends; the first that fits. May raise UnicodeDecodeError."""
LANGUAGES_OF: Final[Mapping[str, Sequence[str]]] = {
    JSON_STAT: LANGUAGES,
    csv_table.FORM: ("",),
    px.FORM: ("", *LANGUAGES),
    xlsx.FORM: ("",),
    parquet.FORM: ("",),
    load_files.FORM: ("",),
}
"""The languages that every table must be in, by form; the empty one is a file with all of them."""
