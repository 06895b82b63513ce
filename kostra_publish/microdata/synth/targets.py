"""What the synthetic årgang is calibrated to: the small tables in ``data/``, read and typed.

Each row of ``national.csv``, ``shares.csv``, ``kvp.csv`` … says in ``grunnlag`` whether its
figure was published or is an assumption, and in ``kilde`` where it comes from.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from io import BytesIO

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FIRST_VINTAGE = 2022
LAST_VINTAGE = 2025

AGES = ("18-19", "20-24", "25-29", "30-39", "40-44", "45-49", "50-59", "60-66", "67+")
"""Age cells: the published groups, with 40-49 cut where familiefase cuts (45)."""

LEAVES = (
    "Enslige menn -19",
    "Enslige menn 20-24",
    "Enslige menn 25-44",
    "Enslige menn 45-66",
    "Enslige menn 67+",
    "Enslige kvinner -19",
    "Enslige kvinner 20-24",
    "Enslige kvinner 25-44",
    "Enslige kvinner 45-66",
    "Enslige kvinner 67+",
    "Enslige m barn menn",
    "Enslige m barn kvinner",
    "Par uten barn <18",
    "Par med barn <18",
)
"""The rows of familiefase that are not sums of other rows."""

VKLO = ("1", "2", "3", "4", "5", "6", "7", "8", "9")
ARBSIT = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "10")
BOSIT = ("1", "2", "3", "4", "5")

# Published categories that hold several codes are split by these (assumed) parts.
_ARBEIDSLOES = {"07": 0.8, "08": 0.2}
_ANNEN_ENSLIG = {"7": 0.0, "8": 0.7, "9": 0.3}
_ANNEN_PAR = {"7": 0.4, "8": 0.4, "9": 0.2}
_PAR_LEAVES = 2


@cache
def table(name: str) -> pl.DataFrame:
    """One file of ``data/``, all columns as text."""
    data = resources.files("kostra_publish.microdata.synth").joinpath("data", name).read_bytes()
    return pl.read_csv(BytesIO(data), infer_schema=False)


@cache
def national(vintage: int) -> dict[str, float]:
    """The headline figures of ``vintage`` by name: persons, 1000 kr, kr."""
    rows = table("national.csv").filter(pl.col("aargang") == str(vintage))
    return dict(zip(rows["stoerrelse"], rows["verdi"].cast(pl.Float64), strict=True))


def shares(variable: str) -> dict[str, float]:
    """Published shares in per cent by code (see ``shares.csv`` for the base of VKLO)."""
    rows = table("shares.csv").filter(pl.col("variabel") == variable)
    return dict(zip(rows["kode"], rows["prosent"].cast(pl.Float64), strict=True))


def age_shares() -> Floats:
    """Share of mottakere in each of ``AGES``; 40-49 is halved. Sums to 1."""
    published = shares("alder")
    halves = {"40-44": published["40-49"] / 2, "45-49": published["40-49"] / 2}
    parts = np.array([(published | halves)[age] for age in AGES])
    return np.asarray(parts / parts.sum())


def main_source_shares(vintage: int) -> dict[str, float]:
    """Share of mottakere by VKLO category: "1" … "6" and "7-9" together. Sums to 1.

    Sosialhjelp is the headline figure of the year and arbeidsinntekt that of 2021; the
    others share the rest as in 2007, the last year with a full published table.
    """
    headline = national(vintage)
    published = shares("VKLO")
    assistance = headline["sosialhjelp_viktigste_kilde"] / headline["mottakere"]
    work = published.pop("1") / 100
    rest = 1 - assistance - work
    total = sum(published.values())
    return {"1": work, "5": assistance} | {k: rest * v / total for k, v in published.items()}


def main_source_by_leaf() -> Floats:
    """The table of 2007 as counts, leaf x VKLO code."""
    return _by_leaf("main_source_2007.csv", "7-9", VKLO, (_ANNEN_ENSLIG, _ANNEN_PAR))


def work_situation_by_leaf() -> Floats:
    """The table of 2009 as counts, leaf x ARBSIT code."""
    return _by_leaf("work_situation_2009.csv", "07-08", ARBSIT, (_ARBEIDSLOES, _ARBEIDSLOES))


def _by_leaf(
    name: str, joint: str, codes: tuple[str, ...], parts: tuple[dict[str, float], dict[str, float]]
) -> Floats:
    counts = np.zeros((len(LEAVES), len(codes)))
    for leaf, row in enumerate(table(name).iter_rows(named=True)):
        split = parts[leaf >= len(LEAVES) - _PAR_LEAVES]
        for position, code in enumerate(codes):
            own = code in row
            counts[leaf, position] = float(row[code]) if own else float(row[joint]) * split[code]
    return counts


def durations(vintage: int) -> dict[str, float]:
    """Published mean months by familiefase; 2024 and later hold the table of 2023."""
    rows = table("duration.csv")
    column = str(min(vintage, 2023))
    return dict(zip(rows["familiefase"], rows[column].cast(pl.Float64), strict=True))


def month_shape() -> Floats:
    """Share of mottakere with 1, 2 … 12 months in 2016, the published distribution."""
    counts = table("months_2016.csv")["mottakere"].cast(pl.Float64).to_numpy()
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def several_kommuner() -> dict[str, tuple[float, float]]:
    """Share of mottakere with two, and with three or more kommuner in 2009, by age group."""
    rows = table("kommuner_2009.csv").select("alder", pl.exclude("alder").cast(pl.Float64))
    return {age: (two / all_, more / all_) for age, all_, two, more in rows.iter_rows()}


def kvp(variable: str) -> dict[str, float]:
    """Figures on kvalifiseringsprogrammet by code."""
    rows = table("kvp.csv").filter(pl.col("variabel") == variable)
    return dict(zip(rows["kode"], rows["verdi"].cast(pl.Float64), strict=True))
