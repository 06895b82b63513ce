"""How figures look: as sheets that fit a terminal, as lines in a pipe, and as Markdown."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kostra_publish.errors import UsageError
from kostra_publish.showing import Column, Sheet, Shown, as_csv, as_json, lines, sheets
from kostra_publish.terminal import aligned

if TYPE_CHECKING:
    from kostra_publish.revealing import Revealed

Form = Literal["table", "csv", "json", "md"]

MOST: Final = 40
"""How many rows of regions a terminal shows; more are counted."""
MOST_OF_ONE: Final = 120
"""How many rows of one region: all measures of the widest tables."""

_BETWEEN: Final = 2
"""Spaces between columns."""
_LEAST: Final = 18
"""What labels have at least of the width, if they need it."""
_HEAD: Final = 10
"""What a head has of the width, if it needs it: longer ones are broken over lines."""


def print_shown(console: Console, shown: Shown, form: Form) -> None:
    """What a release shows of a table, as ``form`` says."""
    if form == "csv":
        _write(as_csv(shown))
    elif form == "json":
        _write(as_json(shown) + b"\n")
    elif form == "md":
        _write(markdown(shown).encode())
    elif console.is_terminal:
        _print_head(console, shown)
        _print_sheets(console, sheets(shown), MOST_OF_ONE if shown.is_one_region else MOST, shown)
        _print_notes(console, shown)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in plain(shown)))


def _write(data: bytes) -> None:
    """Write bytes as they are: what programs read is UTF-8, whatever the terminal's encoding."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)


def refuse_unseen(regions: Sequence[str], form: Form, *, allowed: bool) -> None:
    """Refuse to show true figures to anything but a terminal; ``allowed`` says that it is known.

    Raises UsageError.
    """
    if not regions:
        raise UsageError(
            "--reveal is for some regions, not for a whole table",
            fix="Name each: --region 1124.",
        )
    if form != "table":
        raise UsageError(
            f"true figures are not written as {form}", fix="Leave --format out with --reveal."
        )
    if not (allowed or sys.stdout.isatty()):
        raise UsageError(
            "true figures are shown in a terminal only, and this is none",
            fix="Do not put them in a file. --yes-i-may-see-this prints them all the same.",
        )


def print_revealed(console: Console, found: Revealed) -> None:
    """True figures beside published ones, between two warnings; hidden ones stand out."""
    warnings = _warnings(found)
    if not console.is_terminal:
        sys.stdout.write("".join(f"{line}\n" for line in _plain_revealed(found, warnings)))
        return
    _print_warnings(console, warnings)
    _print_head(console, found.shown)
    for region in found.regions:
        console.print(Text(f"\n{region.name}", style="bold"))
        _print_sheets(console, [region.sheet], MOST_OF_ONE, found.shown, region.hidden)
    _print_notes(console, found.shown)
    _print_warnings(console, warnings)


def _warnings(found: Revealed) -> list[str]:
    """What is said above and below true figures."""
    return [
        "TRUE FIGURES (uprikkede tall): confidential (taushetsbelagt), must not leave this room.",
        f"The last column has those of {found.vintage}; all others are as published.",
        *(["Synthetic data (syntetiske data): they are about nobody."] if found.synthetic else []),
    ]


def _print_warnings(console: Console, warnings: Sequence[str]) -> None:
    for line in warnings:
        console.print(Text(line, style="bold red"))


def _plain_revealed(found: Revealed, warnings: Sequence[str]) -> Iterator[str]:
    yield from (*warnings, "", found.shown.title, _about(found.shown))
    for region in found.regions:
        yield from ("", region.name)
        yield from _aligned(region.sheet)
    yield from ("", *_below(found.shown), "", *warnings)


# --- in a terminal ---------------------------------------------------------------------------


def _print_head(console: Console, shown: Shown) -> None:
    console.print(Text(shown.title, style="bold"))
    console.print(Text(_about(shown)))


def _about(shown: Shown) -> str:
    return "; ".join([shown.release, *shown.fixed])


def _print_sheets(
    console: Console,
    found: Sequence[Sheet],
    most: int,
    shown: Shown,
    hidden: Sequence[bool] | None = None,
) -> None:
    """The first rows of all sheets; the rest are counted.

    Of true figures those that are ``hidden`` stand out, and nobody is sent to a pipe.
    """
    left = most
    for sheet in found:
        rows = sheet.rows[:left]
        if not rows:
            break
        if sheet.title:
            console.print(Text(f"\n{sheet.title}", style="bold"))
        for page in pages(Sheet("", sheet.columns, rows), console.width):
            console.print()
            console.print(_table(page, hidden or ()))
        left -= len(rows)
    count = sum(len(sheet.rows) for sheet in found)
    if count > most:
        picks = ", ".join(shown.pickable)
        said = f"\n{most:,} of {count:,} rows. Pick with {picks}"
        more = "; in a pipe (| less -S) and with --format there are all." if hidden is None else "."
        console.print(Text(said + more, style="dim"))


@dataclass(frozen=True, eq=False, repr=False)
class Page:
    """Columns of a sheet that fit the width together."""

    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]


def pages(sheet: Sheet, width: int) -> Iterator[Page]:
    """The sheet in parts that fit ``width``; labels stand in each.

    Where it does not fit at once, other areas come after the region's own years, beside the
    newest of them.
    """
    natural = [_width(sheet, place) for place in range(len(sheet.columns))]
    labels = [n for n, column in enumerate(sheet.columns) if column.kind == "label"]
    room = width - sum(min(natural[n], _LEAST) + _BETWEEN for n in labels)
    figures = range(len(labels), len(sheet.columns))
    beside = [n for n in figures if sheet.columns[n].is_beside]
    own = [n for n in figures if n not in beside]
    newest = [n for n in own if sheet.columns[n].kind == "figure"][-1:]
    parts = [[*figures]]
    if beside and sum(natural[n] + _BETWEEN for n in figures) > room + _BETWEEN:
        parts = [own, [*newest, *beside]]
    for part in parts:
        for places in _fitting(part, natural, room):
            yield _page(sheet, [*labels, *places], natural, width)


def _fitting(places: Sequence[int], natural: Sequence[int], room: int) -> Iterator[list[int]]:
    """Columns in groups that fit; one that never does stands alone."""
    group: list[int] = []
    for place in places:
        taken = sum(natural[n] + _BETWEEN for n in (*group, place)) - _BETWEEN
        if group and taken > room:
            yield group
            group = []
        group.append(place)
    yield group


def _page(sheet: Sheet, places: Sequence[int], natural: Sequence[int], width: int) -> Page:
    """These columns; labels share what figures leave of the width, and are broken if need be."""
    columns = [sheet.columns[n] for n in places]
    widths = [natural[n] for n in places]
    labels = [n for n, column in enumerate(columns) if column.kind == "label"]
    room = width - sum(widths) - _BETWEEN * (len(widths) - 1)
    while room < 0 and max(widths[n] for n in labels) > 1:
        widest = max(labels, key=lambda n: widths[n])
        widths[widest] -= 1
        room += 1
    rows = tuple(tuple(row[n] for n in places) for row in sheet.rows)
    return Page(tuple(columns), tuple(widths), rows)


def _width(sheet: Sheet, place: int) -> int:
    """How wide a column is when nothing but its head is broken."""
    head = sheet.columns[place].head
    longest = max(map(len, head.split()), default=0)
    figures = max((len(row[place]) for row in sheet.rows), default=0)
    return max(figures, longest, min(len(head), _HEAD))


def _table(page: Page, strong: Sequence[bool]) -> Table:
    """A page as a table; a label that goes on from the row before is not said again."""
    table = Table(box=None, pad_edge=False, padding=(0, _BETWEEN, 0, 0))
    for column, width in zip(page.columns, page.widths, strict=True):
        table.add_column(
            Text(column.head),
            width=width,
            justify="right" if column.kind == "figure" else "left",
            overflow="fold",
        )
    before: tuple[str, ...] = ()
    labels = sum(column.kind == "label" for column in page.columns)
    for place, row in enumerate(page.rows):
        own = row[:labels]
        said = [
            "" if n < labels - 1 and own[: n + 1] == before[: n + 1] else text
            for n, text in enumerate(own)
        ]
        style = "bold" if place < len(strong) and strong[place] else None
        table.add_row(*map(Text, (*said, *row[labels:])), style=style)
        before = own
    return table


def _print_notes(console: Console, shown: Shown) -> None:
    console.print()
    for line in _below(shown):
        console.print(Text(line))


def _below(shown: Shown) -> Iterator[str]:
    """What is to be read with the figures, and what else there is."""
    yield from shown.notes
    if shown.former:
        codes = ", ".join(shown.former)
        yield f"The same area had another code before: --region {codes}"
    if count := shown.notes_left_out:
        yield f"{count:,} more {'note' if count == 1 else 'notes'}: --format json"


# --- elsewhere -------------------------------------------------------------------------------


def plain(shown: Shown) -> Iterator[str]:
    """Every row on a line of its own, for whoever reads or searches it in a pipe."""
    yield from (shown.title, _about(shown), "")
    yield from _aligned(lines(shown))
    yield from ("", *_below(shown))


def _aligned(sheet: Sheet) -> Iterator[str]:
    rows = [[column.head for column in sheet.columns], *sheet.rows]
    return aligned(rows, [column.kind == "figure" for column in sheet.columns])


def markdown(shown: Shown) -> str:
    """The sheets as Markdown tables, whole, with what is to be read with them."""
    parts = [f"**{escaped(shown.title)}**", escaped(_about(shown))]
    for sheet in sheets(shown):
        if sheet.title:
            parts.append(f"**{escaped(sheet.title)}**")
        ends = ["---:" if column.kind == "figure" else "---" for column in sheet.columns]
        rows = [[column.head for column in sheet.columns], ends, *sheet.rows]
        parts.append("\n".join(map(_row, rows)))
    parts.append("\n".join(f"- {escaped(line)}" for line in _below(shown)))
    return "\n\n".join(parts) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"


def escaped(text: str) -> str:
    r"""A text in which nothing is taken for Markdown: ``|`` becomes ``\|``."""
    return "".join(f"\\{letter}" if letter in "\\|*_`<[" else letter for letter in text)
