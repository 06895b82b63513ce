"""No format has a figure that is hidden, in any byte or packed part, nor depends on one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from io import BytesIO
from itertools import chain
from zipfile import ZipFile, is_zipfile

import polars as pl
import pytest

from kostra_publish.outputs.registry import FORMATS
from tests.canaries import (
    SUM,
    TELLING,
    Round,
    forms,
    given_away,
    numbers,
    rounds,
    with_both,
    with_others_behind,
)
from tests.cubes import catalogue
from tests.pages.few_figures import PAGES
from tests.schedule import release_facts

PARQUET = b"PAR1"
WITH_FIGURES = ("jsonstat", "csv", "px", "xlsx", "parquet", "deltabell")


def files(name: str, first: Round, last: Round) -> Iterator[tuple[str, bytes]]:
    cube = with_both(first, last)
    # With a site there is a feed, too.
    words = replace(catalogue([cube.table]), pages=PAGES)
    return FORMATS[name]([cube], words, release_facts("2026-06"))


@cache
def written(name: str) -> dict[str, bytes]:
    return dict(files(name, *rounds()))


def opened(data: bytes) -> Iterator[bytes]:
    """The bytes of a file, and of what is packed in it."""
    yield data
    if is_zipfile(BytesIO(data)):
        with ZipFile(BytesIO(data)) as parts:
            yield from map(parts.read, parts.namelist())
    if data.startswith(PARQUET):
        yield pl.read_parquet(data).write_csv(float_scientific=False).encode()


def inside(name: str) -> frozenset[bytes]:
    found = chain.from_iterable(map(opened, written(name).values()))
    return frozenset[bytes]().union(*map(numbers, found))


@pytest.mark.parametrize("name", FORMATS)
def test_no_hidden_figure_is_in_any_byte(name: str) -> None:
    assert written(name)
    assert given_away(inside(name)) == []


@pytest.mark.parametrize("name", WITH_FIGURES)
def test_what_is_shown_is_found_by_the_same_search(name: str) -> None:
    # Load files have the newest year alone.
    _, last = rounds()
    shown = [value for (of, _), value in last.where(hidden=False).items() if of == SUM]
    found = inside(name)
    long = [value for value in shown if value >= 10**TELLING]
    assert len(long) > 50
    assert all(next(forms(value)) in found for value in long)


@pytest.mark.parametrize("name", FORMATS)
def test_another_figure_behind_a_sign_gives_the_same_bytes(name: str) -> None:
    first, _ = rounds()
    assert dict(files(name, first, with_others_behind())) == written(name)
