"""Cubes for a glance: small figures are hidden, and do not follow from others by arithmetic."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from kostra_publish.cube.cube import State
from kostra_publish.disclosure import protection
from kostra_publish.disclosure.primary import rounded, small
from kostra_publish.disclosure.problem import Flags, Problem
from kostra_publish.disclosure.protection import protect_by_themselves
from kostra_publish.disclosure.safe import SUPPRESSED
from tests.cube.specs import measure, table
from tests.cube.test_build import YEAR
from tests.cubes import facts
from tests.disclosure.test_universe import COUNT, LONG, MEN, SHARE, built, people

KOMMUNER = ("1101", "1103", "1106", "1108", "1111", "1119", "1120", "0301", "3101", "3103")
MEAN = measure("mean", 1, kind="mean", of="utbetalt")
SEX: dict[str, Any] = {
    "code": "K",
    "variable": "KJONN",
    "label": {"nb": "k", "nn": "k", "en": "k"},
    "total": "0",
    "categories": [
        {"code": code, "label": {"nb": code, "nn": code, "en": code}, **values}
        for code, values in (("0", {"values": "*"}), ("1", {}), ("2", {}))
    ],
}
TABLES = [table([COUNT, LONG, MEN, SHARE, MEAN]), table([COUNT], id="t2", dimensions=[SEX])]


def drawn(seed: int) -> list[dict[str, Any]]:
    """Men and women in some kommuner, few in many of them."""
    random = Random(seed)
    return [
        row
        for kommune in KOMMUNER
        for sex in "12"
        for months in (3, 6)
        for row in people(
            kommune,
            random.choice([0, 0, 1, 2, 3, 4, 7, 12]),
            "01" if kommune == "0301" else None,
            KJONN=sex,
            stoenadsmaaneder=months,
        )
    ]


def follows(problem: Problem, visible: Flags) -> Flags:
    """Which small cells are sums of what is shown, when it is known where nobody is."""
    somebody = problem.inner != 0
    rows = problem.rows.toarray()[:, somebody].astype(float)
    shown = np.vstack([rows[visible], problem.equations.toarray()[:, somebody]])
    wanted = rows[problem.small & ~visible]
    fitted, *_ = np.linalg.lstsq(shown.T, wanted.T, rcond=None)
    found = np.zeros(len(visible), dtype=np.bool_)
    left = np.abs(shown.T @ fitted - wanted.T).max(axis=0, initial=0)
    found[problem.small & ~visible] = left < 1e-7
    return found


@pytest.mark.parametrize("seed", range(5))
def test_nothing_small_is_shown_or_follows_from_what_is(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[tuple[Problem, Flags]] = []
    by_algebra = protection._by_algebra

    def remembered(problem: Problem) -> Flags:
        visible = by_algebra(problem)
        decided.append((problem, visible))
        return visible

    monkeypatch.setattr(protection, "_by_algebra", remembered)
    plan, counted = built(TABLES, drawn(seed))
    cubes = protect_by_themselves(plan, counted, facts(YEAR))
    assert [cube.table.id for cube in cubes] == ["t1", "t2"]
    hidden_more = 0
    for true, safe in zip(counted.cubes, cubes, strict=True):
        hidden = (safe.statuses.fill_null("") == SUPPRESSED).to_numpy()
        assert hidden[small(true)].all()
        assert not hidden[true.state != State.FIGURE].any()
        hidden_more += int((hidden & ~small(true)).sum())
        shown = (true.state == State.FIGURE) & ~hidden
        assert (safe.values.to_numpy()[shown] == rounded(true)[shown]).all()
    assert hidden_more
    assert decided
    for problem, visible in decided:
        assert problem.small.any()
        assert not (problem.small & visible).any()
        assert not follows(problem, visible).any()
        # It would, if only small figures were hidden.
        assert follows(problem, ~problem.small).any()
