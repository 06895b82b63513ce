"""Writing files of microdata: what the system says is told as an error of the program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from kostra_publish.errors import written

_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")


@contextmanager
def writing(what: str, *, fix: str) -> Iterator[None]:
    """``errors.written``, for Parquet that Polars writes too.

    Polars tells of a full disk as a failed computation, most often with the system's number
    in its words.
    """
    with written(what, fix=fix):
        try:
            yield
        except pl.exceptions.ComputeError as error:
            if not str(error).startswith("parquet:"):
                raise
            number = _SYSTEM_ERROR.search(str(error))
            if number is None:
                raise OSError("the file could not be written to its end") from None
            raise OSError(int(number[1]), what) from None
