"""Disclosure problems as large as a whole country's, from the synthetic mottakere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from kostra_publish.codes import regions
from kostra_publish.microdata.synth.persons import COUPLE, Persons, children, draw
from kostra_publish.microdata.synth.places import generator, places
from kostra_publish.microdata.synth.targets import AGES

YEAR: Final = 2025
SEED: Final = 1
TOTAL: Final = "T"
SEXES: Final = ("1", "2")
FAMILIES: Final = tuple(
    f"{kind}{number}" for kind in ("enslig", "par") for number in ("", " 1", " 2", " 3+")
)
"""Alone or a couple, without children and with one, two, three or more."""

GENERATED: Final[Mapping[str, Sequence[Sequence[str]]]] = {
    "linked": [["region", "alder", "kjonn"], ["region", "familie", "kjonn"], ["alder", "familie"]],
    "national": [["region", "kjonn", "alder", "familie"]],
}
"""The tables of each generated problem."""


def write(name: str, folder: Path) -> None:
    """Write ``problem.json`` and ``inner.parquet`` of a generated problem."""
    content = {
        "description": "Synthetic mottakere of sosialhjelp: nobody is real.",
        "dims": _dimensions(),
        "tables": GENERATED[name],
        "measure": "mottakere",
    }
    (folder / "problem.json").write_text(json.dumps(content), encoding="utf-8")
    _counts().write_parquet(folder / "inner.parquet")


def _dimensions() -> dict[str, Any]:
    kommuner = regions.kommuner(YEAR)
    return {
        "region": {
            "leaves": kommuner["kommune"].to_list(),
            "alternatives": [_grouping(kommuner, column) for column in ("fylke", "kostragruppe")],
            "total": regions.LAND,
        },
        "kjonn": _flat(SEXES),
        "alder": _flat(AGES),
        "familie": _flat(FAMILIES),
    }


def _grouping(kommuner: pl.DataFrame, column: str) -> dict[str, list[str]]:
    """One way from kommuner to the country."""
    groups = kommuner.group_by(column, maintain_order=True).agg("kommune")
    parents = dict(zip(groups[column].to_list(), groups["kommune"].to_list(), strict=True))
    return {**parents, regions.LAND: list(parents)}


def _flat(leaves: Sequence[str]) -> dict[str, Any]:
    return {"leaves": list(leaves), "alternatives": [{TOTAL: list(leaves)}], "total": TOTAL}


def _counts() -> pl.DataFrame:
    """Mottakere by kommune, sex, age and family; always the same."""
    where = places(YEAR, SEED)
    persons = draw(where, part=0, size=1.0)
    names = ("region", "kjonn", "alder", "familie")
    codes = (where.kommune, SEXES, AGES, FAMILIES)
    of_person = (persons.place, persons.women.astype(int), persons.age_cell, _family(persons))
    columns = {
        name: np.array(code)[index]
        for name, code, index in zip(names, codes, of_person, strict=True)
    }
    return pl.DataFrame(columns).group_by(names).agg(pl.len().alias("mottakere")).sort(names)


def _family(persons: Persons) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Which of ``FAMILIES`` each person has."""
    rng = generator(SEED, YEAR, "disclosure bench")
    together = (persons.family >= COUPLE).astype(np.int64)
    number: np.ndarray[Any, np.dtype[np.int64]] = np.minimum(children(persons, rng), 3)
    return 4 * together + number
