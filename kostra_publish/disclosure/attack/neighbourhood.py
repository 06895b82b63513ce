"""Parts of a problem small enough to search in a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from heapq import heappop, heappush
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array, vstack

from kostra_publish.disclosure.attack.reduction import Reduced
from kostra_publish.disclosure.problem import Floats, Integers


class Neighbourhoods:
    """Numbers that hang together through the rows they share."""

    def __init__(self, reduced: Reduced, order: Floats) -> None:
        """``order``, one per number, breaks ties."""
        rows = csr_array(vstack([reduced.known, reduced.floors], format="csr"))
        self._order: list[float] = order.tolist()
        self._of_row = _lists(rows)
        self._of_number = _lists(csr_array(rows.T))

    def around(self, seeds: Iterable[int], size: int) -> Integers:
        """About ``size`` numbers around the seeds, ascending.

        Next comes always the number with the fewest rows that no number before it has: as
        much as can be may then change without anything outside.
        """
        inside, met = set[int](), set[int]()
        left = dict.fromkeys(seeds, -1)
        queue = [(-1, self._order[seed], seed) for seed in left]
        while queue and len(inside) < size:
            rows_left, _, number = heappop(queue)
            if number in inside or left[number] != rows_left:
                continue
            inside.add(number)
            for row in self._of_number[number]:
                if row not in met:
                    met.add(row)
                    self._come_closer(self._of_row[row], inside, left, queue)
        return np.array(sorted(inside), dtype=np.int64)

    def _come_closer(
        self,
        numbers: list[int],
        inside: set[int],
        left: dict[int, int],
        queue: list[tuple[int, float, int]],
    ) -> None:
        """These numbers have one row less that is new."""
        for number in numbers:
            if number not in inside and left.get(number) != -1:
                left[number] = left.get(number, len(self._of_number[number])) - 1
                heappush(queue, (left[number], self._order[number], number))


def part(reduced: Reduced, numbers: Integers) -> Reduced:
    """The changes in which all but ``numbers`` stand still."""
    known, floors = reduced.known[:, numbers], reduced.floors[:, numbers]
    some = np.diff(floors.indptr) > 0
    return replace(
        reduced,
        whole=csr_array(reduced.whole[:, numbers]),
        columns=reduced.columns[numbers],
        known=csr_array(known[np.flatnonzero(np.diff(known.indptr))]),
        low=reduced.low[numbers],
        high=reduced.high[numbers],
        floors=csr_array(floors[np.flatnonzero(some)]),
        slack=reduced.slack[some],
        targets=csr_array(reduced.targets[:, numbers]),
        parts=csr_array(reduced.parts[:, numbers]),
    )


def _lists(rows: csr_array) -> list[list[int]]:
    """The columns of each row."""
    columns = rows.indices.tolist()
    return [columns[a:b] for a, b in pairwise(rows.indptr.tolist())]
