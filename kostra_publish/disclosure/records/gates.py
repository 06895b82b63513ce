"""The gates that rows must pass, each looked at anew in the rows that were made.

Nothing here trusts how the rows were generalised: boxes are read from what is kept of them, and
what published tables tell is worked out from other random changes than those that were used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kostra_publish.disclosure.attack.modular import PRIME
from kostra_publish.disclosure.problem import Flags
from kostra_publish.disclosure.records.known import Known, Sight, known
from kostra_publish.disclosure.records.ladders import bits
from kostra_publish.disclosure.records.stored import StoredRecords
from kostra_publish.disclosure.safe_records import REGION, REGION_TYPE, SafeRecords
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import DisclosureError

Integers = NDArray[np.int64]

SEED: Final = 20_26
"""Of the random changes that the gates look with."""


@dataclass(frozen=True)
class Gate:
    """One gate: what is demanded, how many sets were looked at, and how many do not pass.

    ``least`` is the smallest number that was found, where there is one; of a distance (t) the
    largest.
    """

    name: str
    wanted: str
    looked_at: int
    failing: int
    least: float | None = None

    @property
    def passed(self) -> bool:
        """Whether everything passes."""
        return not self.failing


@dataclass(frozen=True)
class Proof:
    """What all gates came to."""

    gates: tuple[Gate, ...]

    def refuse(self, name: str) -> None:
        """Refuse rows that do not pass; raises DisclosureError, naming gates and numbers of sets.

        Never a value, a region or a person.
        """
        failing = [one for one in self.gates if not one.passed]
        if failing:
            said = "; ".join(
                f"gate {one.name} ({one.wanted}): {one.failing} of {one.looked_at} do not pass"
                for one in failing
            )
            raise DisclosureError(
                f"{name} is not handed over: {said}",
                fix="Nothing has been written. Use coarser ladders or larger `region.rows` in its"
                " spec, or report this: rows are generalised until they pass.",
            )


def gates(safe: SafeRecords, stored: StoredRecords, own: Proof) -> Proof:
    """All gates of rows; ``own`` are those of ``kept``."""
    distances = safe.anonymity.distance
    farthest = max(distances.values(), default=None)
    reported = Gate("t", "reported", len(distances), 0, farthest)
    return Proof((*own.gates, reported, _columns(safe, stored), _complete(safe, stored)))


def kept(
    stored: StoredRecords, universe: StoredUniverse, earlier: Mapping[str, StoredRecords]
) -> Proof:
    """The gates that can be looked at in what a release keeps of its rows.

    ``universe`` is what the release was protected as; ``earlier`` what earlier releases of the
    year keep of the same set.
    """
    about = stored.about
    told = known(universe, about.population, about.overlaps, stored.leaves, seed=SEED)
    regions = [*_regions(stored, told)]
    return Proof(
        (
            *_alike(stored),
            _summed(
                "tables",
                "published tables tell as much of their own variables",
                (one.untold() for one in regions),
            ),
            _summed(
                "margins",
                f"differs from published margins by 0 or >= {about.rows}",
                (one.near_margins(about.rows) for one in regions),
            ),
            *(
                _summed(
                    f"since {release}",
                    f"0 or >= {about.difference} persons behind a difference",
                    [_near_earlier(stored, before, about.difference)],
                )
                for release, before in earlier.items()
            ),
        )
    )


def _alike(stored: StoredRecords) -> Iterator[Gate]:
    """Rows that are alike in all variables, in quasi-identifiers; and what they tell of others."""
    about, names = stored.about, stored.names
    whole = {name: (1 << len(about.finest[name])) - 1 for name in names}
    boxes = (
        stored.leaves.group_by("region", "box")
        .agg(pl.col("rows").sum())
        .join(stored.boxes, on=["region", "box"], how="left")
        .with_columns(pl.col(name).fill_null(group) for name, group in whole.items())
    )
    sensitive = [name for name in names if about.roles[name] == "sensitive"]
    quasi = ["region", *(name for name in names if name not in sensitive)]
    for gate, keys, wanted in (
        ("k", quasi, "rows alike in all quasi-identifiers"),
        ("rows", ["region", *names], "rows alike in all variables"),
    ):
        rows = boxes.group_by(keys).agg(pl.col("rows").sum())["rows"]
        few = int((rows < about.rows).sum())
        yield Gate(gate, f">= {about.rows} {wanted}", len(rows), few, _least(rows))
    told = [
        classes.filter(pl.col("least") != whole[name])["values"]
        for name in sensitive
        for classes in [
            boxes.group_by(quasi).agg(
                pl.col(name).n_unique().alias("values"), pl.col(name).min().alias("least")
            )
        ]
    ]
    values = pl.concat([pl.Series("values", [], dtype=pl.UInt32), *told])
    few = int((values < about.distinct).sum())
    wanted = f">= {about.distinct} values in each class that tells any"
    yield Gate("l", wanted, len(values), few, _least(values))


def _least(numbers: pl.Series) -> float | None:
    least = numbers.min()
    return None if least is None else float(least)  # type: ignore[arg-type]  # a number


def _summed(
    name: str, wanted: str, found: Iterator[tuple[int, int]] | Sequence[tuple[int, int]]
) -> Gate:
    every = list(found)
    return Gate(name, wanted, sum(one for one, _ in every), sum(other for _, other in every))


def _columns(safe: SafeRecords, stored: StoredRecords) -> Gate:
    """Only columns of the set, each with codes of its ladder, and no number among them."""
    frame = safe.frame()
    known_codes = {
        one.name: {value.code for top in one.ladder for value in top.every()} | {"alle", "uoppgitt"}
        for one in safe.records.variables
    }
    wrong = len({*frame.columns} ^ {REGION, REGION_TYPE, *stored.names})
    for name, codes in known_codes.items():
        parts = {part for code in frame[name].unique() for part in code.split("+")}
        wrong += not parts <= codes
    return Gate(
        "columns", "codes of the ladders, no identifier, date or amount", frame.width, wrong
    )


def _complete(safe: SafeRecords, stored: StoredRecords) -> Gate:
    """Every unit has one row, in its region."""
    rows = safe.frame().group_by(REGION).len()
    codes = pl.DataFrame(
        {"region": np.arange(len(stored.regions)), "code": [one.code for one in stored.regions]}
    )
    wanted = stored.leaves.group_by("region").agg(pl.col("rows").sum()).join(codes, on="region")
    joined = wanted.join(rows, left_on="code", right_on=REGION, how="full")
    wrong = joined.filter(pl.col("rows").ne_missing(pl.col("len").cast(pl.Int64))).height
    return Gate("complete", "a row for each unit, none dropped", wanted.height, wrong)


def _near_earlier(now: StoredRecords, before: StoredRecords, enough: int) -> tuple[int, int]:
    """Boxes and rests, and how many of them differ from before by too few.

    Whatever whoever has both deliveries can compare is made of whole boxes.
    """
    keys = ["unit", *now.names]
    places = now.leaves.select(*keys, "rows", "region", "box")
    joined = places.join(
        before.leaves.select(*keys, pl.col("rows").alias("before")),
        on=keys,
        how="full",
        coalesce=True,
    ).with_columns(pl.col("rows", "before").fill_null(0))
    joined = _with_boxes(now, joined).with_columns((pl.col("rows") - pl.col("before")).alias("net"))
    boxes = joined.group_by("region", "box").agg(
        pl.col("net").clip(0).sum().alias("came"), (-pl.col("net")).clip(0).sum().alias("left")
    )
    # Who moved within a box both came and left: the persons are the larger of the two numbers.
    persons = pl.max_horizontal("came", "left")
    few = boxes.filter((pl.col("came") != pl.col("left")) & (persons < enough))
    return boxes.height, few.height


def _with_boxes(now: StoredRecords, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``frame`` that are of an earlier delivery only, with the region and box of now."""
    own, gone = (
        frame.filter(pl.col("region").is_not_null()),
        frame.filter(pl.col("region").is_null()),
    )
    if gone.is_empty():
        return own
    of_unit = {
        kommune: number for number, one in enumerate(now.regions) for kommune in one.kommuner
    }
    region = gone["unit"].str.head(4).replace_strict(of_unit, default=None, return_dtype=pl.Int64)
    gone = gone.with_columns(region.alias("region")).with_row_index("row").drop("box")
    matched = gone.join(now.boxes, on="region", how="left", suffix="_group")
    inside = pl.all_horizontal(
        ((pl.col(f"{name}_group") // pl.lit(2).pow(pl.col(name))) % 2) == 1 for name in now.names
    )
    found = matched.filter(inside).select("row", "box")
    placed = gone.join(found, on="row", how="left").with_columns(pl.col("box").fill_null(-1))
    return pl.concat([own, placed.select(own.columns)], how="vertical_relaxed")


@dataclass(frozen=True, eq=False)
class _Region:
    """The boxes of one region, and what published tables tell of it.

    ``places`` has the finest values of each combination, ``rows`` and ``box`` how many there are
    and where; ``groups`` the group of each variable of each box, all of them in the rest, which
    comes last where there is one.
    """

    names: list[str]
    sights: tuple[Sight, ...]
    places: Integers
    rows: Integers
    box: Integers
    groups: Integers

    def untold(self) -> tuple[int, int]:
        """What boxes tell of variables of tables, and how much of it tables do not tell."""
        found = [self._parts_untold(*each) for each in zip(self.sights, self._seen, strict=True)]
        return sum(one for one, _ in found), sum(other for _, other in found)

    def _parts_untold(self, sight: Sight, classes: Sequence[Flags]) -> tuple[int, int]:
        """The finest sums of boxes that are sums of whole combinations of a block.

        Boxes that share a combination of classes hang together; each set that hangs together is
        such a sum, and all others are made of them.
        """
        different = self._different(sight.variables)
        whole = np.ones((len(different), 1), dtype=np.bool_)
        for every in classes:
            own = every[different]
            whole = (whole[:, :, None] & own[:, None, :]).reshape(len(own), -1)
        changes = sight.changes.reshape(-1, sight.changes.shape[-1])
        untold = 0
        parts = _hanging_together(whole)
        for part in parts:
            untold += bool((changes[part].sum(axis=0) % PRIME).any())
        return len(parts), untold

    def _different(self, variables: Sequence[str]) -> Integers:
        """Boxes that differ in some variables, one for each way to tell those."""
        number = np.zeros(len(self.groups), dtype=np.int64)
        for name in variables:
            once, place = self._groups[self.names.index(name)]
            number = number * len(once) + place
        return np.unique(number, return_index=True)[1]

    @cached_property
    def _seen(self) -> list[list[Flags]]:
        """What each block of published figures sees of boxes; see ``_classes``."""
        return [self._classes(sight) for sight in self.sights]

    def _classes(self, sight: Sight) -> list[Flags]:
        """By variable of a block: which classes each box lies in, shape (boxes, classes)."""
        found = []
        for name, touched in zip(sight.variables, sight.touched, strict=True):
            once, place = self._groups[self.names.index(name)]
            each = [touched[bits(group, len(touched))].any(axis=0) for group in once]
            found.append(np.array(each)[place])
        return found

    @cached_property
    def _groups(self) -> list[tuple[list[int], Integers]]:
        """By variable: the groups that boxes tell, each once, and which each box tells."""
        found = [np.unique(own, return_inverse=True) for own in self.groups.T]
        return [(once.tolist(), place.ravel()) for once, place in found]

    def near_margins(self, enough: int) -> tuple[int, int]:
        """Sets of people that tables tell, and how many leave a few people over beside boxes."""
        rows = np.bincount(self.box, self.rows, len(self.groups)).astype(np.int64)
        groups = {name: self.groups[:, n] for n, name in enumerate(self.names)}
        found = [sight.near(groups, rows, enough) for sight in self.sights]
        return sum(one for one, _ in found), sum(other for _, other in found)


def _regions(stored: StoredRecords, told: Known) -> Iterator[_Region]:
    """The regions of rows."""
    names = stored.names
    by_box = stored.leaves.group_by("region", *names, "box").agg(pl.col("rows").sum())
    leaves = _by_region(by_box.select("region", "rows", "box", *names), len(stored.regions))
    boxes = stored.boxes.sort("region", "box").select("region", *names)
    whole = [(1 << len(stored.about.finest[name])) - 1 for name in names]
    of_kommune: dict[str, list[str]] = {}
    for unit in told.units:
        of_kommune.setdefault(unit[:4], []).append(unit)
    every = zip(stored.regions, leaves, _by_region(boxes, len(stored.regions)), strict=True)
    for region, own, groups in every:
        rows, box = own[:, 0], own[:, 1].copy()
        if (box < 0).any():
            box[box < 0] = len(groups)
            groups = np.concatenate([groups, [whole]])  # noqa: PLW2901  # with the rest
        units = [unit for one in region.kommuner for unit in of_kommune.get(one, [])]
        yield _Region(names, told.of(units).sights, own[:, 2:], rows, box, groups)


def _by_region(frame: pl.DataFrame, count: int) -> list[Integers]:
    """The numbers of a frame by region, which is its first column, without it."""
    numbers = frame.to_numpy().astype(np.int64)
    numbers = numbers[np.argsort(numbers[:, 0], kind="stable")]
    ends = np.cumsum(np.bincount(numbers[:, 0], minlength=count))
    return np.split(numbers[:, 1:], ends[:-1])


def _hanging_together(whole: Flags) -> list[Integers]:
    """The columns of each set of rows that share columns, shape of ``whole`` (rows, columns)."""
    parts: list[Flags] = []
    for row in whole:
        same = [one for one in parts if (one & row).any()]
        parts = [one for one in parts if not (one & row).any()]
        parts.append(np.any([row, *same], axis=0))
    return [np.flatnonzero(part) for part in parts]
