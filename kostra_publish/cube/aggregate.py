"""Atoms added up over the regions of a table, and measures made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kostra_publish.cube.atoms import AtomKey, LinearForm, Quotient
from kostra_publish.cube.cube import NOT_COUNTED, State
from kostra_publish.cube.estimates import Weights

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Scheme:
    """How one dataset adds up over the regions of a table.

    ``weights`` and ``members`` have shape (regions, units): the first makes figures, missing
    kommuner estimated; the second counts those who really reported. ``missing`` and
    ``absent`` mark regions that have no figure, and those that do not exist in this vintage
    or for this dataset. Where kommuner are estimated, ``donors`` (groups, units) tells which
    units their estimates rest on, and ``leans`` (regions, groups) how much of the donors' sum
    a region's estimate takes.
    """

    weights: Array
    members: Array
    missing: Flags
    absent: Flags
    donors: Array | None = None
    leans: Array | None = None

    @cached_property
    def nobody(self) -> Flags:
        """Regions where nobody has reported."""
        nobody: Flags = self.members.sum(axis=1) == 0
        return nobody


@dataclass(frozen=True)
class Cells:
    """Figures, contributors and states of equal shape (regions, categories …)."""

    value: Array
    contributors: Integers
    state: NDArray[np.uint8]


@dataclass(frozen=True)
class Part:
    """An atom's figures and contributors by unit, and the scheme it adds up by."""

    value: Array
    contributors: Array
    scheme: Scheme

    @cached_property
    def figures(self) -> Array:
        """The figure of each region, missing kommuner estimated."""
        return _over_regions(self.scheme.weights, self.value)

    @cached_property
    def counted(self) -> Array:
        """How many really contribute in each region."""
        return _over_regions(self.scheme.members, self.contributors)

    @cached_property
    def reported(self) -> Array:
        """The figure of each region over those who really reported."""
        return _over_regions(self.scheme.members, self.value)


def empty(shape: tuple[int, ...], absent: Flags, state: State) -> Cells:
    """Cells without figures: ``state`` where the region exists, else not applicable."""
    by_region = np.where(absent, State.NOT_APPLICABLE, state).astype(np.uint8)
    return Cells(
        np.full(shape, np.nan),
        np.full(shape, NOT_COUNTED, dtype=np.int64),
        _broadcast(by_region, shape).copy(),
    )


def measure(
    quotient: Quotient,
    parts: Mapping[AtomKey, Part],
    shape: tuple[int, ...],
    single: Flags,
) -> Cells:
    """The cells of one measure, shape (regions, categories …).

    ``single`` marks regions that are one kommune or bydel. A quotient whose denominator is
    zero is not applicable; a figure that a form left blank is missing.
    """
    copied = bool(quotient.denominator) and quotient.denominator[0][1].given
    figure = quotient.factor * _linear(quotient.numerator, parts, shape, plain=copied)
    undefined = np.zeros(shape, dtype=bool)
    if quotient.denominator:
        below = _linear(quotient.denominator, parts, shape, plain=copied)
        undefined = below == 0
        figure = figure / np.where(undefined, 1, below)
    schemes = [parts[atom].scheme for atom in quotient.atoms]
    absent = np.any([scheme.absent for scheme in schemes], axis=0)
    if quotient.across == "none":
        absent = absent | ~single
    missing = np.any([_missing(scheme, plain=copied) for scheme in schemes], axis=0)
    no_quotient = State.MISSING if copied else State.NOT_APPLICABLE
    state = np.where(undefined, no_quotient, State.FIGURE).astype(np.uint8)
    state = np.where(_broadcast(missing, shape), State.MISSING, state)
    state = np.where(_broadcast(absent, shape), State.NOT_APPLICABLE, state).astype(np.uint8)
    return Cells(
        np.where(state == State.FIGURE, figure + 0.0, np.nan),
        _contributors(quotient, parts, shape),
        state,
    )


def without(cells: Cells, unused: Flags) -> Cells:
    """``cells`` with those marked as ``unused`` not applicable."""
    state = np.where(unused, State.NOT_APPLICABLE, cells.state).astype(np.uint8)
    return Cells(np.where(unused, np.nan, cells.value), cells.contributors, state)


def withheld(cells: Cells, regions: Flags) -> Cells:
    """``cells`` with the figures of the regions marked missing: their round is another."""
    if not regions.any():
        return cells
    figures = _broadcast(regions, cells.state.shape) & (cells.state == State.FIGURE)
    state = np.where(figures, State.MISSING, cells.state).astype(np.uint8)
    return Cells(np.where(figures, np.nan, cells.value), cells.contributors, state)


def _missing(scheme: Scheme, *, plain: bool) -> Flags:
    """A plain mean needs one reporter; estimates have their own limits."""
    return scheme.nobody if plain else scheme.missing


def _linear(
    form: LinearForm, parts: Mapping[AtomKey, Part], shape: tuple[int, ...], *, plain: bool
) -> Array:
    total = np.zeros(shape)
    for factor, atom in form:
        part = parts[atom]
        total += factor * _broadcast(part.reported if plain else part.figures, shape)
    return total


def _contributors(
    quotient: Quotient, parts: Mapping[AtomKey, Part], shape: tuple[int, ...]
) -> Integers:
    """The fewest units behind any part that has units behind it; see ``Cube``."""
    counted = [
        _broadcast(parts[atom].counted, shape) for atom in quotient.atoms if atom.persons != "none"
    ]
    if not counted:
        return np.full(shape, NOT_COUNTED, dtype=np.int64)
    each = np.stack(counted)
    fewest = np.where(each > 0, each, np.inf).min(axis=0)
    return np.where(np.isinf(fewest), 0, np.ceil(np.where(np.isinf(fewest), 0, fewest))).astype(
        np.int64
    )


def _over_regions(weights: Array, by_unit: Array) -> Array:
    result: Array = np.tensordot(weights, by_unit, axes=(1, 0))
    return result


def _broadcast(array: NDArray[Number], shape: tuple[int, ...]) -> NDArray[Number]:
    """Repeat an array over the categories that it is not split by."""
    missing_axes = len(shape) - array.ndim
    return np.broadcast_to(array.reshape(array.shape + (1,) * missing_axes), shape)


def scheme_of_kommuner(
    weights: Weights, membership: Array, kommune_of_unit: Integers, reported: Flags
) -> Scheme:
    """A scheme for regions that consist of kommuner.

    Shapes: ``weights`` (regions, kommuner), ``membership`` (regions, kommuner);
    ``kommune_of_unit`` has the place of each unit's kommune.
    """
    absent = membership.sum(axis=1) == 0
    return Scheme(
        weights.weights.take(kommune_of_unit, axis=1),
        (membership * reported).take(kommune_of_unit, axis=1),
        weights.missing & ~absent,
        absent,
        donors=weights.donors.take(kommune_of_unit, axis=1),
        leans=weights.leans,
    )


def stack(columns: Sequence[Cells]) -> Cells:
    """Measures side by side: one more axis, flattened in row-major order."""
    return Cells(
        np.stack([cells.value for cells in columns], axis=-1).reshape(-1),
        np.stack([cells.contributors for cells in columns], axis=-1).reshape(-1),
        np.stack([cells.state for cells in columns], axis=-1).reshape(-1),
    )
