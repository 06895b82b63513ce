"""A table of which much is hidden, whose hidden figures are so long that they would be found.

Canaries: each person has an amount of nine digits, so that the digits of a hidden figure, or of
what it leaves of a larger one, stand in a file only where somebody put them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from random import Random
from typing import Any

import polars as pl

from kostra_publish.codes import regions as codes
from kostra_publish.cube.build import build
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.protection import protect
from kostra_publish.disclosure.safe import SUPPRESSED, SafeCube
from kostra_publish.disclosure.stored import with_history
from kostra_publish.specs.dimensions import CONTENTS
from tests.cube.specs import catalogue as counting
from tests.cube.specs import measure, table
from tests.cube.test_build import KOMMUNER, SKJEMA11, population, statuses
from tests.cubes import facts

YEARS = (2024, 2025)
COUNT, SUM, MEAN, SHARE = "KOSantall0000", "KOSsum0000", "KOSsnitt0000", "KOSandel0000"
SPEC = table(
    [
        measure(COUNT, kind="count"),
        measure(SUM, kind="sum", of="utbetalt"),
        measure(MEAN, 1, kind="mean", of="utbetalt"),
        measure(SHARE, 1, kind="share", where={"KJONN": "1"}),
    ],
    id="99901",
)
Rows = list[dict[str, Any]]


def drawn(year: int) -> Rows:
    """Persons of every kommune: few in many of them, each with an amount of nine digits."""
    random = Random(year)
    rows = []
    for kommune in KOMMUNER:
        bydeler = [f"{n:02}" for n in range(1, 16)] if kommune == codes.OSLO else [None]
        for bydel in bydeler:
            count = random.choice([1, 2, 3, 5, 6, 7, 8, 9, 11, 14])
            rows += [
                {
                    "KOMMUNE_NR": kommune,
                    "BYDELSNR": bydel,
                    "KJONN": random.choice("12"),
                    "VKLO": "5",
                    "alder": 30,
                    "stoenadsmaaneder": 3,
                    "utbetalt": random.randrange(100_000_000, 1_000_000_000),
                }
                for _ in range(count)
            ]
    return rows


Cells = Mapping[tuple[str, str], float]
"""By measure and region."""


@dataclass(frozen=True)
class Round:
    """A year of the table: as it is, and as it may be shown."""

    year: int
    rows: Rows
    true: Cells
    safe: SafeCube

    def where(self, *, hidden: bool) -> dict[tuple[str, str], float]:
        """The true values of the figures that are hidden, or of those that are shown."""
        signs = {
            (contents, region): sign
            for region, contents, _, _, sign in self.safe.frame().iter_rows()
        }
        return {
            key: value
            for key, value in self.true.items()
            if value == value and (signs[key] == SUPPRESSED) is hidden  # noqa: PLR0124  # NaN
        }


def protected(year: int, rows: Rows) -> Round:
    plan = Plan(counting(SPEC), [SPEC], year, "june")
    frames = {"befolkning": population(), "skjema11": pl.LazyFrame(rows, schema=SKJEMA11)}
    results = pl.collect_all(plan.queries(frames))
    built = build(plan, results, statuses(rows, frozenset()), {name: name for name in frames})
    [safe] = protect(plan, built, facts(year)).cubes
    [cube] = built.cubes
    region, contents, _ = cube.dimensions
    assert contents.code == CONTENTS
    true = dict(
        zip(
            ((code, where) for where, code in product(region.codes, contents.codes)),
            cube.value.tolist(),
            strict=True,
        )
    )
    return Round(year, rows, true, safe)


def with_both(first: Round, last: Round) -> SafeCube:
    """The table with the figures of both years."""
    return with_history(last.safe, first.safe)


@cache
def rounds() -> tuple[Round, Round]:
    """Both years."""
    first, last = (protected(year, drawn(year)) for year in YEARS)
    return first, last


@cache
def with_others_behind() -> Round:
    """The last year with other hidden figures, and the same shown."""
    _, last = rounds()
    found = (protected(last.year, rows) for rows in swapped(last))
    other = next(one for one in found if one.safe.statuses.equals(last.safe.statuses))
    # What is true is another; what is shown is the same.
    assert other.where(hidden=True) != last.where(hidden=True)
    shown = last.where(hidden=False)
    assert all(abs(value - shown[key]) < 1e-6 for key, value in other.where(hidden=False).items())
    return other


# --- how they are looked for ----------------------------------------------------------------

GROUPED = re.compile(rb"\d{1,3}(?:(?:\xc2\xa0|\xe2\x80\xaf|&nbsp;|&#160;|[ ,.'])\d{3})+")
LONG = re.compile(rb"\d{6,}")
NO_DIGIT = re.compile(rb"\D+")


@cache
def numbers(data: bytes) -> frozenset[bytes]:
    """Every run of six digits or more, as it stands and with its groups joined."""
    found = {*LONG.findall(data)}
    found |= {NO_DIGIT.sub(b"", one) for one in GROUPED.findall(data)}
    return frozenset(found)


TELLING = 9
"""Digits by which a number is known among all those of a site; fewer are there by chance."""


def forms(value: float) -> Iterator[bytes]:
    """The digits by which a number may be known: exact, cut, with decimals, in tens and so on."""
    size = abs(value)
    whole = f"{size:.0f}"
    rounded = [f"{size / 10**less:.0f}" for less in range(len(whole))]
    for form in (str(int(size)), f"{size:.1f}", f"{size:.2f}", *rounded):
        digits = form.replace(".", "")
        if len(digits) >= TELLING and len(whole) >= TELLING - 1:
            yield digits.encode()


def shown_forms(one: Round) -> Iterator[bytes]:
    """The digits of the figures that are shown, with the decimals that they are shown with."""
    decimals = {each.code: each.decimals for each in SPEC.measures}
    for (of, _), value in one.where(hidden=False).items():
        yield f"{value:.{decimals[of]}f}".replace(".", "").encode()
        yield str(int(value)).encode()


def derived(rounds: Sequence[Round]) -> Iterator[tuple[tuple[Any, ...], float]]:
    """What is hidden, and its differences from the other year and from larger regions."""
    for one, other in (rounds, rounds[::-1]):
        for (contents, region), value in one.where(hidden=True).items():
            key = (contents, region, one.year)
            yield key, value
            yield (*key, "change"), value - other.true[contents, region]
            for above in (codes.LAND, codes.LAND_UTEN_OSLO):
                yield (*key, above), one.true[contents, above] - value


# --- other figures behind the same signs ----------------------------------------------------


def swapped(one: Round) -> Iterator[Rows]:
    """The same persons, but an amount moved between two kommuner that hide theirs."""
    hidden = {region for (of, region) in one.where(hidden=True) if of == SUM}
    listed = codes.kommuner(one.year).select("fylke", "kostragruppe", "kommune")
    alike = listed.filter(pl.col("kommune").is_in(hidden)).group_by(
        "fylke", "kostragruppe", maintain_order=True
    )
    for _, members in alike:
        if members.height < 2:
            continue
        first, second = members["kommune"].to_list()[:2]
        rows = [dict(row) for row in one.rows]
        a, b = (next(row for row in rows if row["KOMMUNE_NR"] == code) for code in (first, second))
        a["utbetalt"], b["utbetalt"] = b["utbetalt"], a["utbetalt"]
        yield rows


def accounted_for() -> frozenset[bytes]:
    """The digits of what is shown: a figure that is shown may hold those of another by chance."""
    return frozenset(form for one in rounds() for form in shown_forms(one))


def given_away(inside: frozenset[bytes]) -> list[tuple[Any, ...]]:
    """The hidden figures, and what can be made of them, whose digits are among ``inside``."""
    shown = accounted_for()
    looked_for = {form: key for key, value in derived(rounds()) for form in forms(value)}
    assert len(looked_for.keys() - shown) > 5_000
    left = inside - shown
    every = b"\n".join(left)
    # Whatever is in a number begins at one of its digits: most forms begin at none.
    begun = {
        one[start : start + TELLING] for one in left for start in range(len(one) - TELLING + 1)
    }
    return [key for form, key in looked_for.items() if form[:TELLING] in begun and form in every]
