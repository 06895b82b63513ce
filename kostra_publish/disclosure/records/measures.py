"""How anonymous rows are (k, l and t), and what generalising them has cost.

k: Sweeney, k-anonymity (2002). l, by distinct values: Machanavajjhala and others, l-diversity
(2007). t, by the distance between values that are all as far from each other: Li and others,
t-closeness (2007). Loss is non-uniform entropy: Gionis and Tassa, k-Anonymization with minimal
loss of information (2009).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from kostra_publish.disclosure.records.ladders import Ladder
from kostra_publish.disclosure.records.refining import Telling
from kostra_publish.disclosure.records.stored import StoredRecords
from kostra_publish.disclosure.safe_records import REGION, REGION_TYPE, Anonymity
from kostra_publish.specs.delivery import ALL, RecordSet


def anonymity(
    records: RecordSet, frame: pl.DataFrame, stored: StoredRecords, telling: Telling
) -> Anonymity:
    """The measures of the rows of ``frame``."""
    quasi = quasi_identifiers(records)
    sensitive = [one.name for one in records.variables if one.role == "sensitive"]
    classes = frame.group_by(quasi).len()
    return Anonymity(
        rows=frame.height,
        classes=classes.height,
        alike=int(classes["len"].min() or 0),  # type: ignore[arg-type]  # a number
        alike_in_all=int(frame.group_by(frame.columns).len()["len"].min() or 0),  # type: ignore[arg-type]
        distinct={
            name: fewest
            for name in sensitive
            if (fewest := distinct(frame, quasi, name)) is not None
        },
        distance={name: distance(frame, quasi, name) for name in sensitive},
        loss=_loss(stored, telling),
        generalised=_generalised(frame, telling.ladders),
        rest=float(stored.leaves.filter(box=-1)["rows"].sum() / max(1, frame.height)),
    )


def quasi_identifiers(records: RecordSet) -> list[str]:
    """The columns that others may know of somebody; the region is one."""
    own = [one.name for one in records.variables if one.role == "quasi_identifier"]
    return [REGION, REGION_TYPE, *own]


def distinct(frame: pl.DataFrame, quasi: Sequence[str], name: str) -> int | None:
    """The fewest different values in a class that tells any (l); None where no class does."""
    told = frame.group_by(quasi).agg(
        pl.col(name).n_unique().alias("n"), (pl.col(name) != ALL).any().alias("told")
    )
    fewest = told.filter("told")["n"].min()
    return None if fewest is None else int(fewest)  # type: ignore[arg-type]  # a number


def distance(frame: pl.DataFrame, quasi: Sequence[str], name: str) -> float:
    """The largest distance of a class's values from all rows' (t), between 0 and 1."""
    every = frame.group_by(name).agg((pl.len() / frame.height).alias("of_all"))
    own = frame.group_by(*quasi, name).len()
    own = own.with_columns((pl.col("len") / pl.col("len").sum().over(quasi)).alias("of_class"))
    joined = own.join(every, on=name)
    # Values that a class lacks add what they have of all.
    found = joined.group_by(quasi).agg(
        (pl.col("of_class") - pl.col("of_all")).abs().sum().alias("there"),
        (1 - pl.col("of_all").sum()).alias("lacking"),
    )
    largest = found.select((pl.col("there") + pl.col("lacking")).max() / 2).item() or 0.0
    return round(float(largest), 6)  # sums of groups differ in their last digits


def _loss(stored: StoredRecords, telling: Telling) -> Mapping[str, float]:
    names = [one.variable.name for one in telling.ladders]
    told = stored.leaves.join(stored.boxes, on=["region", "box"], how="left", suffix="_told")
    rows = told["rows"].to_numpy()
    found = {REGION: _region_loss(stored)}
    for n, (name, ladder) in enumerate(zip(names, telling.ladders, strict=True)):
        groups = told[f"{name}_told"].fill_null(ladder.root.group).to_numpy()
        whole = np.left_shift(1, told[name].to_numpy().astype(np.int64))
        weight = ladder.variable.weight
        finest = (telling.worth(n, whole) * rows).sum() / weight
        kept = (telling.worth(n, groups) * rows).sum() / weight
        found[name] = _share(finest - kept, finest)
    return found


def _region_loss(stored: StoredRecords) -> float:
    own = stored.leaves.with_columns(pl.col("unit").str.head(4).alias("kommune"))
    by_kommune = own.group_by("kommune").agg(pl.col("rows").sum())["rows"].to_numpy()
    by_region = own.group_by("region").agg(pl.col("rows").sum())["rows"].to_numpy()
    finest, kept = _entropy(by_kommune), _entropy(by_region)
    return _share(finest - kept, finest)


def _entropy(counts: np.ndarray) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def _share(part: float, whole: float) -> float:
    return round(float(max(0.0, part) / whole), 4) if whole > 0 else 0.0


def _generalised(frame: pl.DataFrame, ladders: Sequence[Ladder]) -> float:
    if not frame.height:
        return 0.0
    coarse = [pl.col(REGION_TYPE) != "kommune"]
    for ladder in ladders:
        finest = [node.code for node in ladder.root.every() if not node.parts]
        coarse.append(~pl.col(ladder.variable.name).is_in(finest))
    return round(float(frame.select(pl.any_horizontal(coarse).mean()).item()), 4)
