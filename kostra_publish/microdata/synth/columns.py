"""From arrays of numbers to columns of codes, and small helpers both forms need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from kostra_publish.microdata.layouts import layout
from kostra_publish.microdata.synth.identity import Dates
from kostra_publish.microdata.synth.places import Places
from kostra_publish.microdata.synth.targets import Flags, Ints

MONTHS = 12
SAKSBEHANDLER = "SYNTETISK"

_DTYPES: dict[str, pl.DataType] = {
    "STRING": pl.String(),
    "INTEGER": pl.Int32(),
    "DATE": pl.Date(),
}


def codes(of: Sequence[str | None], index: Ints) -> pl.Series:
    """The code at each index, as text."""
    return pl.Series(of, dtype=pl.String).gather(pl.Series(index))


def ticked(code: str, where: Flags) -> pl.Series:
    """A column with one code: given where ticked, else null."""
    return codes((None, code), where.astype(np.int64))


def yes_no(where: Flags) -> pl.Series:
    """1 = ja, 2 = nei."""
    return codes(("2", "1"), where.astype(np.int64))


def number_or_null(values: Ints, where: Flags) -> pl.Series:
    """Int32 with null outside ``where``."""
    blank = pl.Series([None], dtype=pl.Int32)
    return pl.Series(values, dtype=pl.Int32).zip_with(pl.Series(where), blank)


def date_or_null(values: Dates, where: Flags) -> pl.Series:
    """Date with null outside ``where``."""
    blank = pl.Series([None], dtype=pl.Date)
    dates = pl.Series(values.astype("datetime64[D]")).cast(pl.Date)
    return dates.zip_with(pl.Series(where), blank)


def month_columns(months: Flags) -> dict[str, pl.Series]:
    """STMND_1 to STMND_12 from row x month."""
    return {f"STMND_{m + 1}": ticked(f"{m + 1:02}", months[:, m]) for m in range(MONTHS)}


def place_columns(places: Places, place: Ints) -> dict[str, pl.Series]:
    """KOMMUNE_NR, VERSION (the year's last two digits) and BYDELSNR."""
    bydel = [None if b is None else b[-2:] for b in places.bydel]
    return {
        "KOMMUNE_NR": codes(places.kommune, place),
        "VERSION": pl.repeat(f"{places.vintage % 100:02}", len(place), eager=True),
        "BYDELSNR": codes(bydel, place),
    }


class Journals:
    """Journal numbers, running within each kommune across all parts of a vintage."""

    def __init__(self, places: Places, lettered: frozenset[str]) -> None:
        self._index = places.kommune_index
        self._used = np.zeros(len(places.kommuner), dtype=np.int64)
        self._prefix = ["Ø" if code in lettered else "0" for code in places.kommuner]

    def issue(self, place: Ints) -> pl.Series:
        """PERSON_JOURNALNR: 8 characters, unique in the kommune. Rows are in order of place."""
        kommune = self._index[place]
        first = np.searchsorted(kommune, kommune, side="left")
        number = self._used[kommune] + np.arange(len(place)) - first + 1
        self._used += np.bincount(kommune, minlength=len(self._used))
        return codes(self._prefix, kommune) + pl.Series(number).cast(pl.String).str.zfill(7)


def in_layout(form: str, vintage: int, columns: dict[str, pl.Series]) -> pl.DataFrame:
    """The form's fields of the year in the order of the record; what is not given is null."""
    length = len(next(iter(columns.values())))
    blank = pl.Series([None])
    fields = {
        field.name: columns.get(field.name, blank.new_from_index(0, length)).cast(
            _DTYPES[field.kind]
        )
        for field in layout(form, vintage)
    }
    return pl.DataFrame(fields)
