"""What an attack found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from kostra_publish.disclosure.problem import Flags, Floats, Integers


@dataclass(frozen=True, eq=False, repr=False)
class Verdict:
    """What can be worked out; arrays have one element per cell of the problem unless said.

    * ``shown``: a small cell is shown, or open to everyone.
    * ``exact``: a hidden small cell follows from what is visible by linear algebra.
    * ``narrow``: a hidden small cell has too few whole values in its interval; where it is
      exact it is not counted here.
    * ``insider``: a lone contributor of another cell can work it out, and outsiders cannot.
    * ``low``, ``high``: float64; the attacker's interval is at least this wide. For cells in
      ``narrow`` it is exactly this; NaN where a cell is not hidden or not small.
    * ``pairs``: int64, shape (pairs, 2); a cell whose lone contributor finds out, and the cell
      that is found.
    * ``few``: hidden small cells that are surely few, if that was asked: their greatest value
      is below the threshold. No violation.
    * ``sought``: the small cells of the problem.
    * ``width``: what an interval must be at least, in whole values less one.
    * ``intervals``: whether intervals were sought.
    * ``lone``: how many contributors are alone in a hidden small cell; None if insiders were
      not tried.
    * ``tables``: shape (tables, inner numbers): other tables that fit all that is visible, as
      changes of the inner numbers.
    * ``complete``: whether everything was tried; otherwise only what was found counts.
    """

    shown: Flags
    exact: Flags
    narrow: Flags
    insider: Flags
    low: Floats
    high: Floats
    pairs: Integers
    few: Flags | None
    sought: Flags
    width: int
    intervals: bool
    lone: int | None
    tables: csr_array
    complete: bool

    @property
    def violated(self) -> Flags:
        """The cells that are not protected."""
        found: Flags = self.shown | self.exact | self.narrow | self.insider
        return found

    @property
    def clean(self) -> bool:
        """Whether every small cell withstood all that was tried."""
        return self.complete and not bool(self.violated.any())

    @property
    def counts(self) -> dict[str, int]:
        """How many cells of each kind were found."""
        kinds = {
            "shown": self.shown,
            "exact": self.exact,
            "narrow": self.narrow,
            "insider": self.insider,
        }
        if self.few is not None:
            kinds["few"] = self.few
        return {kind: int(np.count_nonzero(found)) for kind, found in kinds.items()}

    @property
    def summary(self) -> tuple[str, ...]:
        """What was tried and what came of it, for people; never a figure of a table."""
        counts = self.counts
        lines = [
            f"{np.count_nonzero(self.sought)} small cells, {counts['shown']} of them shown",
            f"linear algebra: {counts['exact']} follow from what is visible",
            f"intervals: {counts['narrow']} more have fewer than {self.width + 1} whole values"
            if self.intervals
            else "intervals: not tried",
        ]
        lines.append(
            "insiders: not tried"
            if self.lone is None
            else f"insiders: {self.lone} are alone in a cell, {counts['insider']} other cells found"
        )
        if self.few is not None:
            lines.append(f"for information: {counts['few']} are surely below the threshold")
        return (*lines, f"{self.tables.shape[0]} other tables fit all that is visible")

    def __repr__(self) -> str:
        found = ", ".join(f"{count} {kind}" for kind, count in self.counts.items())
        return f"Verdict({'clean' if self.clean else 'not clean'}: {found})"
