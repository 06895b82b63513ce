"""The positional filuttrekk a kommune's fagsystem writes: one line per record."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kostra_publish.codes import regions
from kostra_publish.microdata.layouts import Field, layout

_LETTERS = ("Ø", "Å")


def lettered(vintage: int) -> frozenset[str]:
    """The kommuner whose journal numbers hold a letter outside ASCII: those named Ø… or Å…."""
    frame = regions.kommuner(vintage)
    return frozenset(frame.filter(pl.col("navn").str.slice(0, 1).is_in(_LETTERS))["kommune"])


def latin_1(vintage: int) -> frozenset[str]:
    """The kommuner that write Latin-1 instead of UTF-8: every second of the lettered."""
    return frozenset(sorted(lettered(vintage))[::2])


def lines(frame: pl.DataFrame, form: str, vintage: int) -> pl.DataFrame:
    """KOMMUNE_NR and the record as text. Text stands left, numbers right behind zeros."""
    record = pl.concat_str([_positioned(field) for field in layout(form, vintage)])
    return frame.select("KOMMUNE_NR", record.alias("line"))


def _positioned(field: Field) -> pl.Expr:
    column = pl.col(field.name)
    if field.kind == "INTEGER":
        column = column.cast(pl.String).str.zfill(field.size)
    elif field.kind == "DATE":
        column = column.dt.strftime(field.date_format)
    return column.fill_null("").str.pad_end(field.size)


def write_files(frame: pl.DataFrame, form: str, vintage: int, folder: Path) -> list[Path]:
    """Writes ``<folder>/<vintage>/<form>/<kommune>.dat`` for each kommune in ``frame``."""
    target = folder / str(vintage) / form
    target.mkdir(parents=True, exist_ok=True)
    old = latin_1(vintage)
    files = lines(frame, form, vintage).group_by("KOMMUNE_NR", maintain_order=True)
    written = []
    for (kommune,), records in files:
        path = target / f"{kommune}.dat"
        encoding = "latin-1" if kommune in old else "utf-8"
        text = "\n".join(records["line"]) + "\n"
        path.write_bytes(text.encode(encoding))
        written.append(path)
    return written
