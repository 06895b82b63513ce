"""A sum that nobody can guess, planted in microdata, and how it is found however it is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import polars as pl

TRUE: Final = 8_673_145 + 8_673_146
"""What two persons were paid: no file has it."""
TRUE_TEXT: Final = re.compile(r"17\D?346\D?291")

# Between thousands: one sign, or what stands for one in a page, an address or JSON.
_GAP: Final = r"(?:\D|&[a-z]+;|&#x?[0-9a-f]+;|(?:%[0-9A-F]{2})+|\\u[0-9a-f]{4})?"
_WRITTEN: Final = re.compile(
    rf"17{_GAP}346{_GAP}291|8{_GAP}673{_GAP}14[56]|17{_GAP}346[.,]3|8{_GAP}673[.,]1",
    re.IGNORECASE,
)


def written(content: bytes | str) -> list[str]:
    """Where the sum stands, or what one of the two was paid: in kroner, or in thousands of them."""
    text = content if isinstance(content, str) else content.decode("utf-8", errors="replace")
    return [text[max(found.start() - 40, 0) : found.end()] for found in _WRITTEN.finditer(text)]


def plant(path: Path) -> None:
    """Let two persons in a kommune be paid what adds up to ``TRUE``, and be all there are."""
    rows = pl.read_parquet(path)
    own = pl.col("KOMMUNE_NR") == small_kommune(rows)
    half = pl.when(own.cum_sum() == 1).then(TRUE // 2).otherwise(TRUE - TRUE // 2)
    planted = rows.with_columns(
        BIDRAG=pl.when(own).then(half).otherwise("BIDRAG").cast(rows.schema["BIDRAG"]),
        BOSIT=pl.when(own).then(pl.lit("1")).otherwise("BOSIT"),
    )
    save(path, planted)


def small_kommune(rows: pl.DataFrame) -> str:
    """The first kommune with two rows."""
    counts = rows.group_by("KOMMUNE_NR").len().filter(pl.col("len") == 2)
    return str(counts["KOMMUNE_NR"].min())


def save(path: Path, rows: pl.DataFrame) -> None:
    """Put other rows in the place of those of a file, delivered on the same day."""
    footer = pl.read_parquet_metadata(path)
    beside = path.with_name(f"{path.name}.new")
    rows.write_parquet(beside, metadata={key: footer[key] for key in ("synthetic", "delivered")})
    beside.replace(path)
