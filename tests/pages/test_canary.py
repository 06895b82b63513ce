"""No figure that is hidden is in any byte of a site, nor does a byte depend on one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import pytest

from kostra_publish.pages.site import write_site
from tests.canaries import (
    COUNT,
    MEAN,
    SHARE,
    SUM,
    TELLING,
    Round,
    derived,
    forms,
    given_away,
    numbers,
    rounds,
    with_both,
    with_others_behind,
)
from tests.pages.few_figures import TEMPLATES, catalogue, key_figure, pages
from tests.pages.reading import written as in_words
from tests.schedule import release_facts

PAGES = pages(
    {
        "hjelp": [
            key_figure("tilfeller", "99901", COUNT, tile=True, compare=False),
            key_figure("tilfeller-andel", "99901", SHARE, tile=True),
        ],
        "kroner": [
            key_figure("netto-per-innbygger", "99901", MEAN, tile=True),
            key_figure("innbyggere", "99901", SUM),
        ],
    }
)


def site(first: Round, last: Round) -> Iterator[tuple[str, bytes]]:
    cube = with_both(first, last)
    return write_site([cube], catalogue(PAGES), release_facts("2026-06"), TEMPLATES)


@cache
def written() -> dict[str, bytes]:
    return dict(site(*rounds()))


def all_numbers(files: Mapping[str, bytes]) -> frozenset[bytes]:
    """Those of all files."""
    # The chart library is the same in every site.
    own = (data for path, data in files.items() if not path.endswith("plotly-basic.min.js"))
    return frozenset[bytes]().union(*map(numbers, own))


def test_no_hidden_figure_is_in_any_byte_of_the_site() -> None:
    assert given_away(all_numbers(written())) == []


def test_the_search_finds_what_is_shown() -> None:
    inside = all_numbers(written())
    shown = [
        value for one in rounds() for (of, _), value in one.where(hidden=False).items() if of == SUM
    ]
    assert len(shown) > 100
    assert all(next(forms(value)) in inside for value in shown if value >= 10**TELLING)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("decimals", [0, 1])
def test_the_search_finds_what_is_planted(language: str, decimals: int) -> None:
    planted = [value for _, value in derived(rounds()) if abs(value) >= 10**TELLING]
    assert len(planted) > 500
    for value in planted[::50]:
        for text in (in_words(value, decimals, language), f"{value:.{decimals}f}", str(value)):
            found = all_numbers({"a": b"2", "b": f"<p>x={text}</p>".encode()})
            assert any(form in number for number in found for form in forms(value)), text


def test_much_is_hidden_of_every_measure() -> None:
    for one in rounds():
        hidden = one.where(hidden=True)
        for code in (COUNT, SUM, MEAN, SHARE):
            assert sum(of == code for of, _ in hidden) > 50


def test_another_figure_behind_a_sign_gives_the_same_bytes() -> None:
    first, _ = rounds()
    assert digests(site(first, with_others_behind())) == digests(written().items())


def digests(files: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    return {path: hashlib.sha256(data).hexdigest() for path, data in files}
