"""From the units of a source to rows that may be handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.records.gates import Proof, gates, kept
from kostra_publish.disclosure.records.known import known
from kostra_publish.disclosure.records.ladders import Ladder
from kostra_publish.disclosure.records.measures import anonymity
from kostra_publish.disclosure.records.naming import named
from kostra_publish.disclosure.records.refining import Telling
from kostra_publish.disclosure.records.regions import Kommune, Regions, Table, Told, shares
from kostra_publish.disclosure.records.stored import Counted as Kept
from kostra_publish.disclosure.records.stored import StoredRecords
from kostra_publish.disclosure.safe_records import REGION, REGION_TYPE, RegionFacts, SafeRecords
from kostra_publish.disclosure.seal import SEAL
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import DisclosureError
from kostra_publish.specs.models import Text

Integers = NDArray[np.int64]


class Counted(Kept, Protocol):
    """The units of a record set by finest values; see ``cube.leaves.Leaves``."""

    @property
    def counts(self) -> pl.DataFrame:
        """``unit``, the place of the finest value of each variable, and ``rows``."""


@dataclass(frozen=True, eq=False)
class Anonymised:
    """Rows that may be handed over, and what a release keeps of them."""

    safe: SafeRecords
    stored: StoredRecords
    proof: Proof


def anonymised(
    counted: Counted,
    universes: Sequence[StoredUniverse],
    year: int,
    inhabitants: Mapping[str, int],
    earlier: Mapping[str, StoredRecords],
) -> Anonymised | None:
    """The rows of a record set, generalised until every gate holds.

    None where they cannot be told, not even for the whole country: where their number is hidden,
    or differs from that of an earlier release by too few.

    ``universes`` are what the release was protected as, ``inhabitants`` by kommune, ``earlier``
    what was made of the same set for earlier releases of the year, by release. Raises
    DisclosureError, naming the gate, when one does not hold.
    """
    records = counted.records
    for release, one in earlier.items():
        one.refuse_other_values(records, release)
    universe = _universe(universes, counted.population)
    told_of = known(universe, counted.population, counted.overlaps, counted.counts)
    names = [one.name for one in records.variables]
    reported = counted.counts.filter(pl.col("unit").is_in(told_of.units))
    before = [one.counts(names) for one in earlier.values()]
    table = Table.of(reported, names, before)
    ladders = tuple(Ladder.of(variable) for variable in records.variables)
    telling = Telling(ladders, shares(table, [one.size for one in ladders]), records.gates)
    kommuner = [
        Kommune(code, fylke, inhabitants.get(code, 0))
        for code, fylke in codes.kommuner(year).select("kommune", "fylke").iter_rows()
    ]
    told = Regions(table, told_of, telling, records.region, kommuner).told()
    if not told:
        return None
    facts = named(told, year, records.region.sizes)
    stored = _stored(counted, table, told, facts)
    own = kept(stored, universe, earlier)
    own.refuse(records.id)
    frame = _frame(stored, ladders)
    safe = SafeRecords(
        SEAL,
        records,
        frame,
        facts,
        {one.variable.name: _labels(one, frame) for one in ladders},
        anonymity(records, frame, stored, telling),
    )
    proof = gates(safe, stored, own)
    proof.refuse(records.id)
    return Anonymised(safe, stored, proof)


def _universe(universes: Sequence[StoredUniverse], population: str) -> StoredUniverse:
    for one in universes:
        if one.kind == "persons" and (one.inner["population"] == population).any():
            return one
    raise DisclosureError(
        f"nothing is published of {population}, so nothing of it can be handed over row by row",
        fix="Hand it over with a round that publishes a table of it.",
    )


def _stored(
    counted: Counted, table: Table, told: Sequence[Told], facts: Sequence[RegionFacts]
) -> StoredRecords:
    names = [one.name for one in counted.records.variables]
    region = np.zeros(len(table.rows), dtype=np.int64)
    box = np.full(len(table.rows), -1, dtype=np.int64)
    for number, one in enumerate(told):
        region[one.elements], box[one.elements] = number, one.box
    own = table.rows > 0
    leaves = pl.DataFrame(
        {
            "unit": pl.Series(table.units, dtype=pl.String).gather(table.unit),
            **{name: table.places[:, n] for n, name in enumerate(names)},
            "rows": table.rows,
            "region": region,
            "box": box,
        }
    ).filter(own)
    boxes = [
        pl.DataFrame(
            {
                "region": np.full(len(one.boxes.groups), number, dtype=np.int64),
                "box": np.arange(len(one.boxes.groups)),
                **{name: one.boxes.groups[:, n] for n, name in enumerate(names)},
            }
        )
        for number, one in enumerate(told)
    ]
    return StoredRecords.of(counted, leaves, pl.concat(boxes), facts)


def _frame(stored: StoredRecords, ladders: Sequence[Ladder]) -> pl.DataFrame:
    """One row for each unit, by code, sorted."""
    names = [one.variable.name for one in ladders]
    sizes = stored.leaves.group_by("region", "box").agg(pl.col("rows").sum())
    whole = {
        one.variable.name: pl.col(one.variable.name).fill_null(one.root.group) for one in ladders
    }
    boxes = sizes.join(stored.boxes, on=["region", "box"], how="left").with_columns(**whole)
    coded = boxes.select(
        pl.col("region")
        .replace_strict(dict(enumerate(one.code for one in stored.regions)), return_dtype=pl.String)
        .alias(REGION),
        pl.col("region")
        .replace_strict(dict(enumerate(one.kind for one in stored.regions)), return_dtype=pl.String)
        .alias(REGION_TYPE),
        *(
            pl.col(one.variable.name).replace_strict(
                {group: one.code(group) for group in boxes[one.variable.name].unique()},
                return_dtype=pl.String,
            )
            for one in ladders
        ),
        "rows",
    )
    columns = [REGION, REGION_TYPE, *names]
    rows = coded.select(pl.col(columns).repeat_by("rows").explode())
    return rows.sort(columns).rechunk()


def _labels(ladder: Ladder, frame: pl.DataFrame) -> dict[str, Text]:
    used = frame[ladder.variable.name].unique().sort()
    return {code: ladder.label(ladder.group_of(code)) for code in used}
