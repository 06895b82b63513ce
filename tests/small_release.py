"""A release of one table with a hand-made universe, as ``publish`` would write it."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import polars as pl

from kostra_publish.disclosure import stored_universe
from kostra_publish.disclosure.problem import Problem
from kostra_publish.disclosure.report import by_table
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.outputs.protection import ProtectedTable, ProtectionFacts, write_protection
from kostra_publish.releases.history import cube_files
from kostra_publish.releases.manifest import write_manifest
from kostra_publish.releases.staging import staged
from kostra_publish.specs.dimensions import CubeDimension
from tests.cubes import cube, dimension, dimensions, facts, measure, table
from tests.disclosure.attack.problems import problem
from tests.disclosure.attack.problems import table as grid
from tests.schedule import release_facts

TEMPLATES = Path(__file__).parent.parent / "templates"
REGIONS = {"1101": "Eigersund", "1124": "Sola", "EKA11": "Rogaland"}
SEX = {"1": "Menn", "2": "Kvinner", "0": "Begge"}
# Eigersund and Sola by men and women, then by both, Rogaland by each, Rogaland by both.
ROWS, INNER = grid([[2, 41], [38, 37]])
PLACES = [0, 1, 3, 4, 2, 5, 6, 7, 8]
"""The place in the table of each cell of the problem."""
HIDDEN = [0, 1, 2, 3]


def as_problem() -> Problem:
    found = problem(ROWS, INNER)
    names = pl.DataFrame({"population": "x", "region": [str(n) for n in range(9)]})
    return Problem(
        **{
            **{name: getattr(found, name) for name in Problem.__dataclass_fields__},
            "cells": names.with_columns(set=pl.lit("all"), kind=pl.lit("kommune")),
        }
    )


def cells() -> pl.DataFrame:
    """What the table shows: the numbers of the problem, and a sign where they are hidden."""
    numbers: dict[int, float | None] = dict(zip(PLACES, as_problem().values, strict=True))
    numbers |= dict.fromkeys(PLACES[:4])
    values = [numbers[place] for place in range(9)]
    signs = [":" if value is None else None for value in values]
    schema = {"value": pl.Float64, "status": pl.String}
    return pl.DataFrame({"value": values, "status": signs}, schema=schema)


def publish(out: Path) -> Path:
    """Write it; the folder of the release."""
    spec = table("13995", [measure("n", label={"nb": "Tilfeller", "nn": "x", "en": "x"})])
    sex = dimension("Kjonn", SEX)
    sex = CubeDimension(sex.code, sex.role, sex.label, sex.codes, sex.labels, total="0")
    dims = dimensions(spec, [2025], REGIONS, [sex])
    visible = np.ones(9, dtype=np.bool_)
    visible[HIDDEN] = False
    universe = StoredUniverse(
        name="skjema11",
        kind="persons",
        problem=as_problem(),
        visible=visible,
        inner=pl.DataFrame({"unit": list("1234")}).with_columns(
            population=pl.lit("x"),
            block=pl.lit("b"),
            combination=pl.lit("c"),
            contributors=pl.lit(9),
        ),
        rests={"13995": np.array([PLACES, range(9)], dtype=np.int64).T},
        dimensions={"13995": {one.code: one.codes for one in dims}},
    )
    with staged(out, "2026-06") as staging:
        safe = cube(spec, dims, [facts(2025)], cells=cells())
        for path, data in (*cube_files(safe), *stored_universe.write(universe, 2025)):
            staging.write(path, data)
        report = ProtectionFacts(
            release="2026-06",
            vintage=2025,
            preliminary=False,
            synthetic=True,
            titles={"13995": "Tilfeller"},
            tables=tuple(ProtectedTable(**asdict(one)) for one in by_table([universe])),
        )
        for path, data in write_protection(report, TEMPLATES):
            staging.write(path, data)
        staging.write(*stored_universe.index([universe], 2025))
        write_manifest(staging, release_facts("2026-06"), inputs=[], specs={})
    return out / "2026-06"
