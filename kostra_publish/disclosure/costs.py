"""What disclosure control costs: each guarantee by itself, and wider intervals.

A problem is protected again under each, from the beginning, and what is hidden is counted.
The engine takes another way each time, so that a guarantee may seem to cost a few cells less
than nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kostra_publish.disclosure.answer import withstanding
from kostra_publish.disclosure.engine.suppress import Suppression
from kostra_publish.disclosure.explain import secondary
from kostra_publish.disclosure.problem import Flags, Problem
from kostra_publish.errors import DisclosureError
from kostra_publish.specs.models import THRESHOLD

WIDTHS: Final = (1, 2, 3)

Protect = Callable[[Problem], Flags]
"""Which cells may be shown; raises DisclosureError when nothing is left to hide."""


@dataclass(frozen=True)
class Cost:
    """What is hidden besides the small cells: how many cells, and their sum."""

    cells: int
    amount: int

    @classmethod
    def of(cls, problem: Problem, visible: Flags) -> Cost:
        """What a pattern costs."""
        hidden = secondary(problem, visible)
        return cls(int(np.count_nonzero(hidden)), int(problem.values[hidden].sum()))


def of_guarantees(problem: Problem, protect: Protect) -> Mapping[str, Cost]:
    """The cost when guarantees are added one by one; ``protect`` keeps them all.

    * ``exact``: G1 and G2, no small cell follows by arithmetic;
    * ``insiders``: G4 besides, nor for one who is alone in another;
    * ``intervals``: G3 besides, nor has one possible value;
    * ``earlier``: G6 besides, what earlier releases of the vintage show.
    """
    no = np.zeros_like(problem.small)
    first = replace(problem, open=problem.open & (problem.values == 0))
    without_floors = replace(first, floor=np.zeros_like(problem.floor))
    steps: Mapping[str, tuple[Problem, Protect]] = {
        "exact": (replace(without_floors, single=no), _by_arithmetic),
        "insiders": (without_floors, _by_arithmetic),
        "intervals": (first, protect),
        "earlier": (problem, protect),
    }
    found: dict[str, Cost] = {}
    for name, (one, method) in steps.items():
        if name == "earlier" and (problem.open == first.open).all():
            found[name] = found["intervals"]
        else:
            found[name] = Cost.of(one, method(one))
    return found


def _by_arithmetic(problem: Problem) -> Flags:
    """What the engine shows when it looks at linear combinations only."""
    return Suppression(problem, effort=0).visible


def of_widths(problem: Problem) -> Mapping[str, Cost | None]:
    """The cost when intervals must hold ``width`` + 1 whole values: ``1``, ``2`` and ``3``.

    Under ``could be shown`` each must reach the threshold instead: no hidden small cell is
    surely small. None where so much cannot be kept.
    """
    wanted: dict[str, tuple[int, int | None]] = {str(width): (width, None) for width in WIDTHS}
    wanted["could be shown"] = (1, THRESHOLD)
    found = {name: _of_width(problem, *one) for name, one in wanted.items()}
    # What is wide enough for the stricter is so for the milder. From 1 on, four values reach 4.
    from_one = bool((problem.floor[problem.small & problem.listed] >= 1).all())
    reached = (("could be shown", "3"),) if from_one else ()
    for milder, stricter in (*reached, ("2", "3"), ("1", "2")):
        found[milder] = _cheaper(found[milder], found[stricter])
    return found


def _cheaper(one: Cost | None, other: Cost | None) -> Cost | None:
    known = [cost for cost in (one, other) if cost is not None]
    return min(known, key=lambda cost: (cost.cells, cost.amount), default=None)


def _of_width(problem: Problem, width: int, could_be: int | None) -> Cost | None:
    try:
        answer = withstanding(problem, effort=0, width=width, could_be=could_be)
    except DisclosureError:
        return None
    return Cost.of(problem, answer.visible)
