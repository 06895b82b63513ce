"""True figures beside those that a release shows, for whoever may see them, in a terminal.

The table is counted again from the inputs that the release was made of, and held against it: all
that the release shows must come out the same. True figures are handed to whoever prints them as
texts of a sheet and in no other way. Nothing here writes a file, and no message holds a figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from kostra_publish.checking import round_inputs
from kostra_publish.cube.build import build
from kostra_publish.cube.cube import Cube
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.primary import protect, rounded
from kostra_publish.disclosure.safe import NOT_APPLICABLE, SUPPRESSED, SafeCube
from kostra_publish.errors import PublishError, ReleaseError, UsageError
from kostra_publish.making import Stage
from kostra_publish.outputs.facts import measures
from kostra_publish.pages.figures import written
from kostra_publish.preparing import unlike_then
from kostra_publish.releases.rounds import Schedule
from kostra_publish.showing import Sheet, Shown, profile
from kostra_publish.specs.dimensions import CONTENTS, TIME

_TRUE: Final = "true figure"
_AGAIN: Final = "sign when counted again"
_NUMBER: Final = ""
"""In its place: a number that is not small."""


@dataclass(frozen=True, eq=False, repr=False)
class Region:
    """The figures of a region, the true ones in the last column; which rows are hidden."""

    name: str
    sheet: Sheet
    hidden: tuple[bool, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Revealed:
    """What a release shows of some regions, with the true figures of its own year."""

    shown: Shown
    regions: tuple[Region, ...]
    vintage: int
    synthetic: bool
    """Whether the true figures are of nobody."""


def reveal(shown: Shown, data: str, stage: Stage) -> Revealed:
    """The true figures of the release's own year, beside all years as published.

    Raises UsageError when the release does not publish that year of the table, ReleaseError when
    inputs or specs are not those of the release, or what it shows does not come out the same.
    """
    vintage = shown.standing.manifest.vintage
    _refuse_other_year(shown, vintage)
    with stage("Read the manifest") as say:
        _refuse_other_inputs(shown, data)
        say(f"{len(shown.standing.manifest.inputs)} inputs: all as they were")
    with stage("Count again") as say:
        with _told_by_kind():
            true = _counted_again(shown, data)
            own = _beside(shown.whole.part({TIME: [str(vintage)]}), true, shown)
        say(f"{own.height:,} figures and signs, as the release has them")
    alone = replace(shown, compared=None, beside=())
    return Revealed(
        shown=alone,
        regions=tuple(_region(alone, code, own) for code in shown.cube.dimensions[0].codes),
        vintage=vintage,
        synthetic=shown.whole.vintages[vintage].synthetic,
    )


@contextmanager
def _told_by_kind() -> Iterator[None]:
    """Tell what nobody foresaw by its kind alone: a message of it could hold a figure."""
    try:
        yield
    except PublishError:
        raise
    except Exception as error:  # noqa: BLE001  # of any kind
        raise ReleaseError(
            f"the table cannot be counted again ({type(error).__name__})",
            fix="Report this: it should not happen.",
        ) from None


def _refuse_other_year(shown: Shown, vintage: int) -> None:
    name, table = shown.standing.name, shown.whole.table.id
    facts = shown.whole.vintages.get(vintage)
    if facts is None or facts.round != shown.standing.manifest.round:
        has = f"{vintage} as {facts.round} published it" if facts else f"nothing of {vintage}"
        raise UsageError(
            f"{name} does not publish {table} itself: it has {has}",
            fix=f"Name the release that does: --release …/{facts.round}." if facts else "",
        )
    if str(vintage) not in shown.cube.dimension(TIME).codes:
        raise UsageError(
            f"{name} can only be counted again for its own year, {vintage}",
            fix=f"Leave --year out, or ask for {vintage}, too.",
        )


def _refuse_other_inputs(shown: Shown, data: str) -> None:
    manifest = shown.standing.manifest
    if differences := [*unlike_then(manifest, data, shown.catalogue)]:
        lines = "\n".join(differences)
        raise ReleaseError(
            f"{manifest.round} cannot be counted again; what it was made of differs:\n{lines}",
            fix="Name the data (--data) and the specs (--specs) that the manifest has.",
        )


def _counted_again(shown: Shown, data: str) -> Cube:
    """The true cube of the table, in the release's own year."""
    manifest = shown.standing.manifest
    catalogue = replace(shown.catalogue, calendar=manifest.calendar)
    current = Schedule(manifest.calendar).round(manifest.round)
    plan = Plan(
        catalogue,
        [catalogue.table(shown.whole.table.id)],
        current.vintage,
        current.kind,
        limits=current.limits,
    )
    files = [one.name for one in manifest.inputs]
    inputs = round_inputs(plan, current, data, files)
    counted = inputs.count(plan.sources, plan.population, plan.queries)
    (cube,) = build(plan, counted.results, counted.statuses, inputs.file_names).cubes
    return cube


def _beside(published: SafeCube, true: Cube, shown: Shown) -> pl.DataFrame:
    """The cells of the release's year, each with its true figure.

    Columns: those of ``SafeCube.frame``, and the figure. Raises ReleaseError, which counts cells
    and names none, when what is shown is another figure or sign, or when what is hidden is none.
    """
    alone = protect(true, published.vintages[true.vintage])
    codes = [one.code for one in published.dimensions]
    counted = alone.frame().select(
        *codes, pl.col("status").fill_null(_NUMBER).alias(_AGAIN), pl.Series(_TRUE, rounded(true))
    )
    cells = published.frame().join(counted, on=codes, how="left", maintain_order="left")
    shows, sign = pl.col("value"), pl.col("status")
    # A region that is no more is not counted again.
    again = pl.col(_AGAIN).fill_null(NOT_APPLICABLE)
    same = (
        pl.when(shows.is_not_null())
        .then((again == _NUMBER) & (shows == pl.col(_TRUE)))
        .when(sign == SUPPRESSED)
        .then(again.is_in([_NUMBER, SUPPRESSED]))
        .otherwise(again == sign)
    )
    if differing := cells.filter(~same.fill_null(value=False)).height:
        raise ReleaseError(
            f"{differing:,} of {cells.height:,} figures and signs of {published.table.id} come"
            f" out otherwise than {shown.standing.name} shows them, though its inputs and specs"
            " are the same",
            fix="Install the versions that the manifest has, and try again.",
        )
    return cells


def _region(shown: Shown, code: str, own: pl.DataFrame) -> Region:
    """A region of the part that was asked for."""
    region, *others, _ = shown.cube.dimensions
    one = replace(shown, cube=shown.cube.part({region.code: [code]}))
    wanted = (pl.col(each.code).is_in(each.codes) for each in others)
    cells = own.filter(pl.col(region.code) == code, *wanted)
    decimals = {measure.code: measure.decimals for measure in measures(shown.cube)}
    columns = cells.select(CONTENTS, "status", _TRUE).iter_rows()
    rows = [(decimals[measure], sign, true) for measure, sign, true in columns]
    head = f"{shown.standing.manifest.vintage}, {_TRUE}"
    texts = [_text(shown, places, sign, true) for places, sign, true in rows]
    hidden = tuple(sign == SUPPRESSED for _, sign, _ in rows)
    return Region(one.labels(one.cube.dimensions[0])[0], profile(one).beside(head, texts), hidden)


def _text(shown: Shown, decimals: int, sign: str | None, true: float) -> str:
    """The true figure; the sign where there is none."""
    return sign if sign and sign != SUPPRESSED else written(true, decimals, shown.language)
