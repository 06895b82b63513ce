"""What stands beside the pages of the key-figure site: data, addresses, and what pages share.

Each is read by its form alone: a key, a column or an element that is not known is a finding.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from kostra_publish.auditing.marks import Cell, Figures
from kostra_publish.auditing.released import Content, demand
from kostra_publish.specs.models import LANGUAGES

_SHARED: Final = "felles"
_OWN: Final = "site"
_BYTE_ORDER: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_PARTS: Final = frozenset(
    {"code", "slug", "kind", "name", "synthetic", "years", "preliminary", "figures"}
)
_FIGURE: Final = frozenset({"table", "measure", "codes", "regions", "values", "signs", "estimated"})
_COLUMNS: Final = (
    "figure", "table", "measure", "codes", "region", "region_name", "label", "unit", "year",
    "value", "sign", "preliminary", "estimated", "synthetic",
)  # fmt: skip
_TRUTH: Final = frozenset({"true", "false"})
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:,([0-9]+))?")
_TAG: Final = re.compile(r"<([^<>]*)>")
_URLSET: Final = 'urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_XHTML: Final = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'
_TAGS: Final = frozenset(
    {
        '?xml version="1.0" encoding="UTF-8"?',
        _URLSET,
        f"{_URLSET} {_XHTML}",
        *(f"{end}{name}" for name in ("url", "loc", "lastmod") for end in ("", "/")),
        "/urlset",
    }
)
_LINK: Final = re.compile(r'xhtml:link rel="alternate" hreflang="[a-z-]+" href="([^"]*)" ?/')
_FIELDS: Final = frozenset({"user-agent", "allow", "disallow", "sitemap"})


def read(content: Content, data: bytes, figures: Figures, templates: Path) -> None:
    """Read a file of a site that is no page into ``content``. Raises UnicodeDecodeError."""
    path = PurePosixPath(content.file)
    if path.parent.name == _SHARED:
        _shared(content, data, templates)
        return
    reads = _READS.get(path.name)
    if reads is None:
        content.wrong.append("is of a kind that the audit does not know")
        return
    try:
        reads(content, data, figures)
    except UnicodeDecodeError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, csv.Error):
        content.wrong.append(f"is not a {path.name} as it should be")


def _shared(content: Content, data: bytes, templates: Path) -> None:
    """A file that all pages share is the one of its name among the templates."""
    own = templates / _OWN / PurePosixPath(content.file).name
    if not own.is_file():
        content.wrong.append("is not among the files that pages share")
    elif hashlib.sha256(own.read_bytes()).digest() != hashlib.sha256(data).digest():
        content.wrong.append("is not the same as among the templates")


# --- the figures of an area -----------------------------------------------------------


def _area(content: Content, data: bytes, figures: Figures) -> None:
    document = _loads(data)
    demand(document.keys() == _PARTS and document["name"].keys() == {*LANGUAGES})
    years = document["years"]
    demand(isinstance(document["synthetic"], bool) and _are_years(years))
    demand({*document["preliminary"]} <= {*years})
    content.says("code", [document["code"], document["slug"]], is_code=True)
    content.says("kind", [document["kind"]])
    content.says("name", document["name"].values())
    content.says("figures", document["figures"], is_code=True)
    wrong = sum(
        1
        for figure in document["figures"].values()
        for agrees in _agreeing(figure, years, figures)
        if not agrees
    )
    if wrong:
        content.wrong.append(f"shows what is not in the tables: {wrong}")


def _agreeing(figure: Mapping[str, Any], years: Sequence[int], figures: Figures) -> Iterator[bool]:
    """For each year, whether a figure says the same as its cell."""
    demand(figure.keys() == _FIGURE and {*figure["estimated"]} <= {*years})
    series = [figure["regions"], figure["values"], figure["signs"]]
    demand(all(isinstance(one, list) and len(one) == len(years) for one in series))
    for year, region, value, sign in zip(years, *series, strict=True):
        demand(type(value) in {int, float, type(None)} and isinstance(sign, str))
        if region is None:
            # The table does not have the year, or the area then.
            yield (value, sign) == (None, "")
            continue
        cell = figures.cell(
            _mark(figure["table"], figure["measure"], region, year, figure["codes"])
        )
        yield cell is not None and (value, sign) == (cell.value, cell.sign)


def _mark(table: str, measure: str, region: str, year: object, codes: Sequence[str]) -> str:
    demand(not isinstance(codes, str))
    return " ".join([table, measure, region, str(year), *codes])


def _are_years(years: object) -> bool:
    """Whether these are years, which the cells that they stand at will be asked for."""
    return isinstance(years, list) and all(type(year) is int for year in years)


def _loads(data: bytes) -> Any:  # noqa: ANN401  # JSON holds anything
    def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        demand(len(dict(pairs)) == len(pairs))
        return dict(pairs)

    return json.loads(data.decode(), object_pairs_hook=once)


def _spreadsheet(content: Content, data: bytes, figures: Figures) -> None:
    text = data.decode()
    demand(text.startswith(_BYTE_ORDER) and text.endswith("\r\n"))
    demand(text.count("\n") == text.count("\r\n"))
    lines = text.removeprefix(_BYTE_ORDER).split("\r\n")[:-1]
    header, *rows = csv.reader(lines, delimiter=";", strict=True)
    demand(tuple(header) == _COLUMNS and all(len(row) == len(_COLUMNS) for row in rows))
    columns = dict(zip(_COLUMNS, zip(*rows, strict=True), strict=False))
    for name in ("figure", "region"):
        content.says(name, sorted({*columns.get(name, ())}), is_code=True)
    for name in ("region_name", "label", "unit"):
        content.says(name, sorted({*columns.get(name, ())}))
    for name in ("preliminary", "estimated", "synthetic"):
        demand({*columns.get(name, ())} <= _TRUTH)
    wrong = 0
    for _, table, measure, codes, region, *_, year, value, sign, _, _, _ in rows:
        cell = figures.cell(_mark(table, measure, region, year, codes.split()))
        wrong += cell is None or not _is_written(cell, value, sign)
    if wrong:
        content.wrong.append(f"shows what is not in the tables: {wrong}")


def _is_written(cell: Cell, value: str, sign: str) -> bool:
    """Whether a value and a sign are those of a cell, with a comma and no decimals too many."""
    if cell.value is None:
        return (value, sign) == ("", cell.sign)
    match = _DECIMAL.fullmatch(value)
    return (
        match is not None
        and sign == ""
        and float(value.replace(",", ".")) == cell.value
        and len(match[1] or "") <= cell.decimals
    )


# --- addresses ------------------------------------------------------------------------


def _search(content: Content, data: bytes, _figures: Figures) -> None:
    document = _loads(data)
    demand(document.keys() == {"areas"})
    for slug, kind, name, former in document["areas"]:
        demand(all(isinstance(one, str) for one in (slug, kind, name, *former)))
        demand(isinstance(former, list))
        content.says("slug", [slug], is_code=True)
        content.says("kind", [kind])
        content.says("name", [name])
        content.says("former", (one.replace(" ", "-") for one in former), is_code=True)


def _sitemap(content: Content, data: bytes, _figures: Figures) -> None:
    before, *parts = _TAG.split(data.decode())
    demand(not before.strip())
    for tag, text in zip(parts[::2], parts[1::2], strict=True):
        link = _LINK.fullmatch(tag)
        demand(tag in _TAGS or link is not None)
        content.says("address", [link[1] if link else ""], is_code=True)
        demand(tag in {"loc", "lastmod"} or not text.strip())
        content.says(tag, [text.strip()], is_code=tag == "loc")


def _robots(content: Content, data: bytes, _figures: Figures) -> None:
    for line in data.decode().splitlines():
        if line.startswith("#"):
            content.says("comment", [line])
        elif line.strip():
            name, separator, value = line.partition(":")
            demand(bool(separator) and name.strip().casefold() in _FIELDS)
            content.says("address", [value], is_code=True)


_READS: Final[Mapping[str, Callable[[Content, bytes, Figures], None]]] = {
    "tall.json": _area,
    "tall.csv": _spreadsheet,
    "sok.json": _search,
    "sitemap.xml": _sitemap,
    "robots.txt": _robots,
}
