"""Frequency tables from any statistic as a disclosure problem; see ``read``.

A problem is two files. ``problem.json`` tells the dimensions and tables::

    {"dims": {"region": {"leaves": ["0301", …],
                         "alternatives": [{"F03": ["0301"], "0": ["F03", …]}, …],
                         "total": "0"}},
     "tables": [["region", "age"], …],
     "measure": "freq"}

Each alternative is one hierarchy over the same leaves; several may overlap. A parent may be
less than everything. A table that leaves a dimension out carries its total. ``inner.parquet``
has a column of leaf codes per dimension, and the counts; combinations that are not there are 0.

Whoever has a data frame instead of files gives it to ``tables_of``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from pydantic import Field, ValidationError
from scipy.sparse import csr_array, kron, vstack

from kostra_publish.disclosure.answer import withstanding
from kostra_publish.disclosure.attack.released import INSIDERS_TRIED
from kostra_publish.disclosure.canonical import code_order
from kostra_publish.disclosure.problem import Flags, Integers, Problem
from kostra_publish.errors import DataError, Finding, ReleaseError, UsageError
from kostra_publish.specs.models import THRESHOLD, Model

HIDING: Final = 12
"""What hiding any cell costs, in persons, beside its count."""

LARGEST_COUNT: Final = 1 << 40
"""The greatest count, and the greatest sum of counts: all arithmetic stays exact below it."""

INTERVALS_TRIED: Final = 60_000
"""Cells of the largest problem in which intervals are sought, unless it is attacked in full."""

PROVEN: Final = "nothing cheaper withstands all this: proven"
"""Among what was tried, when what is hidden costs the least that can be."""

LARGEST_BLOCK: Final = 5_000_000
"""Inner numbers of one block at most; tables that hang together in a ring need one block."""


class DimensionFile(Model):
    """One dimension of ``problem.json``."""

    leaves: list[str] = Field(min_length=1)
    """The finest codes, each once."""
    alternatives: list[dict[str, list[str]]] = Field(default_factory=list)
    """Hierarchies over the leaves: each parent with its children."""
    total: str
    """The code that a table without this dimension carries."""


class ProblemFile(Model):
    """The file ``problem.json``."""

    dims: dict[str, DimensionFile] = Field(min_length=1)
    """The dimensions by name."""
    tables: list[list[str]] = Field(min_length=1)
    """The tables, each the names of its dimensions."""
    measure: str
    """The column of ``inner.parquet`` that holds the counts."""
    description: str = ""
    """What the problem is, for people."""


@dataclass(frozen=True, eq=False)
class Axis:
    """One dimension ready to use: codes and, for each, its leaves.

    ``members`` has shape (codes, leaves), 1 where the leaf is part of the code.
    """

    name: str
    leaves: tuple[str, ...]
    codes: tuple[str, ...]
    members: csr_array
    total: str

    def in_order(self, leaves: Integers, codes: Integers) -> Axis:
        """The same dimension, its leaves and codes in another order."""
        members = csr_array(self.members[codes][:, leaves])
        members.sort_indices()
        return Axis(
            self.name,
            tuple(self.leaves[n] for n in leaves),
            tuple(self.codes[n] for n in codes),
            members,
            self.total,
        )

    @property
    def everything(self) -> csr_array:
        """One row with every leaf."""
        return csr_array(np.ones((1, len(self.leaves)), dtype=np.int64))

    @property
    def each_leaf(self) -> csr_array:
        """A row per leaf."""
        return csr_array(np.eye(len(self.leaves), dtype=np.int64))


@dataclass(frozen=True, eq=False)
class FrequencyTables:
    """Dimensions, tables and counts that hang together; ``problem`` makes the sums."""

    axes: Mapping[str, Axis]
    tables: tuple[tuple[str, ...], ...]
    measure: str
    counts: pl.DataFrame

    def problem(self, *, threshold: int = THRESHOLD, hide_zeros: bool = False) -> Problem:
        """The disclosure problem of these tables.

        Counts from 1 to ``threshold`` - 1 are small; nought is shown, or hidden as they are.
        Tables that share dimensions like a chain (a, b), (b, c) become blocks of inner
        numbers with equal margins: what is known of them is the same as in the crossing of
        all dimensions, with far fewer numbers.
        """
        blocks = _blocks(self.tables)
        offsets, inner = [0], []
        for block in blocks:
            inner.append(self._inner(block))
            offsets.append(offsets[-1] + len(inner[-1]))
        width = offsets[-1]
        places, rows = self._cells(blocks, offsets, width)
        incidence = vstack(rows, format="csr")
        numbers = np.concatenate(inner)
        values: Integers = incidence @ numbers
        lowest = 0 if hide_zeros else 1
        small: Flags = (values >= lowest) & (values < threshold)
        return Problem(
            cells=places,
            rows=csr_array(incidence),
            inner=numbers,
            equations=self._equations(blocks, offsets, width),
            small=small,
            single=values == 1,
            listed=np.ones(len(values), dtype=np.bool_),
            open=(values == 0) & ~small,
            floor=np.full(len(values), lowest, dtype=np.int64),
            cost=np.maximum(values, 1).astype(np.float64),
        )

    def canonical(self) -> FrequencyTables:
        """The same tables in an order that does not depend on names, nor on how they came."""
        held = self.counts.filter(pl.col(self.measure) > 0)
        places = {
            name: held[name]
            .replace_strict({leaf: n for n, leaf in enumerate(axis.leaves)}, return_dtype=pl.Int64)
            .to_numpy()
            for name, axis in self.axes.items()
        }
        members = {name: axis.members for name, axis in self.axes.items()}
        once = {frozenset(table) for table in self.tables}
        leaves, codes = code_order(members, once, places, held[self.measure].to_numpy())
        axes = {name: self.axes[name].in_order(leaves[name], codes[name]) for name in leaves}
        rank = {name: n for n, name in enumerate(axes)}
        tables = {tuple(sorted(table, key=rank.__getitem__)) for table in self.tables}
        ordered = sorted(tables, key=lambda table: [rank[name] for name in table])
        return replace(self, axes=axes, tables=tuple(ordered))

    def _inner(self, block: tuple[str, ...]) -> Integers:
        """The counts of a block, row-major over the leaves of its dimensions."""
        shape = [len(self.axes[name].leaves) for name in block]
        if (size := int(np.prod(shape, dtype=np.float64))) > LARGEST_BLOCK:
            rule = f"the tables need {size:,} inner numbers together"
            fix = f"At most {LARGEST_BLOCK:,} can be protected: fewer dimensions, or leaves"
            raise DataError([Finding("problem.json", "tables", " × ".join(block), rule, fix)])
        position = pl.lit(0, pl.Int64)
        for name, length in zip(block, shape, strict=True):
            number = {code: n for n, code in enumerate(self.axes[name].leaves)}
            found = pl.col(name).replace_strict(number, return_dtype=pl.Int64)
            position = position * length + found
        dense = np.zeros(size, dtype=np.int64)
        held = self.counts.select(position.alias("position"), pl.col(self.measure))
        np.add.at(dense, held["position"].to_numpy(), held[self.measure].to_numpy())
        return dense

    def _cells(
        self, blocks: Sequence[tuple[str, ...]], offsets: Sequence[int], width: int
    ) -> tuple[pl.DataFrame, list[csr_array]]:
        """Every distinct cell once: its codes, and its row."""
        names = list(self.axes)
        frames, rows = [], []
        for table in self.tables:
            home = next(n for n, block in enumerate(blocks) if set(table) <= set(block))
            matrices = [
                self.axes[name].members if name in table else self.axes[name].everything
                for name in blocks[home]
            ]
            rows.append(_widened(_product(matrices), offsets[home], width))
            codes = [
                self.axes[name].codes if name in table else (self.axes[name].total,)
                for name in names
            ]
            order = [name for name in blocks[home] if name in table]
            frames.append(_crossing(names, codes, order))
        every = pl.concat(frames)
        kept = every.with_row_index("row").unique(names, keep="first", maintain_order=True)
        whole = vstack(rows, format="csr")[kept["row"].to_numpy()]
        return kept.drop("row"), [whole]

    def _equations(
        self, blocks: Sequence[tuple[str, ...]], offsets: Sequence[int], width: int
    ) -> csr_array:
        """Each block agrees with the one before it that it shares most with."""
        parts = [csr_array((0, width), dtype=np.int64)]
        for number, block in enumerate(blocks[1:], start=1):
            parent = _parent(blocks, number)
            shared = set(block) & set(blocks[parent])
            own, other = (
                _widened(self._margin(blocks[n], shared), offsets[n], width)
                for n in (number, parent)
            )
            parts.append(csr_array(own - other))
        return csr_array(vstack(parts, format="csr"))

    def _margin(self, block: tuple[str, ...], shared: set[str]) -> csr_array:
        """The sums of a block over all dimensions but ``shared``, in an order of their own."""
        matrices = [
            self.axes[name].each_leaf if name in shared else self.axes[name].everything
            for name in block
        ]
        rows = _product(matrices)
        # Both blocks must list their shared margin in the same order of dimensions.
        sizes = [len(self.axes[name].leaves) for name in block if name in shared]
        order = sorted(range(len(sizes)), key=[n for n in block if n in shared].__getitem__)
        numbers = np.arange(rows.shape[0]).reshape(sizes or [1])
        return rows[numbers.transpose(order if sizes else [0]).ravel()]


def _product(matrices: Sequence[csr_array]) -> csr_array:
    return csr_array(reduce(lambda one, other: kron(one, other, format="csr"), matrices))


def _widened(rows: csr_array, first: int, width: int) -> csr_array:
    return csr_array((rows.data, rows.indices + first, rows.indptr), shape=(rows.shape[0], width))


def _crossing(
    names: Sequence[str], codes: Sequence[Sequence[str]], order: Sequence[str]
) -> pl.DataFrame:
    """All combinations of codes, row-major over the dimensions in ``order``."""
    of = dict(zip(names, codes, strict=True))
    frame = pl.DataFrame({"": [0]})
    for name in [*order, *(name for name in names if name not in order)]:
        frame = frame.join(pl.DataFrame({name: list(of[name])}), how="cross")
    return frame.select(names)


def _blocks(tables: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The blocks of inner numbers: the widest tables, or one of all where they form a ring."""
    sets = [frozenset(table) for table in tables]
    widest = [
        table
        for n, table in enumerate(tables)
        if not any(sets[n] < other for other in sets) and sets.index(sets[n]) == n
    ]
    ordered = _chained(widest)
    return ordered or [tuple(dict.fromkeys(name for table in tables for name in table))]


def _chained(blocks: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The blocks, each sharing with all before it only what it shares with one of them.

    Empty when there is no such order. A maximal spanning tree over the shared dimensions
    finds one if there is one (Beeri et al. 1983; Lauritzen 1996, running intersection).
    """
    placed, waiting = [blocks[0]], list(blocks[1:])
    while waiting:
        _, best = max(
            (max(len(set(block) & set(other)) for other in placed), -n)
            for n, block in enumerate(waiting)
        )
        placed.append(waiting.pop(-best))
        seen = set().union(*placed[:-1]) & set(placed[-1])
        if not any(seen <= set(other) for other in placed[:-1]):
            return []
    return placed


def _parent(blocks: Sequence[tuple[str, ...]], number: int) -> int:
    """The earlier block that shares most with this one."""
    return max(range(number), key=lambda n: (len(set(blocks[n]) & set(blocks[number])), -n))


# --- reading ---------------------------------------------------------------------


def read(problem: Path, inner: Path) -> FrequencyTables:
    """The tables of ``problem.json`` and their counts.

    Raises DataError as ``tables_of`` does, and for what is not JSON, has unknown keys or
    cannot be read.
    """
    content = _content(problem)
    try:
        counts = pl.read_parquet(inner)
    except (OSError, pl.exceptions.PolarsError):
        rule = "not a readable Parquet file"
        raise DataError([Finding(inner.name, "file", "", rule, "Write it again")]) from None
    return tables_of(content, counts, names=(problem.name, inner.name))


def tables_of(
    content: ProblemFile,
    counts: pl.DataFrame,
    *,
    names: tuple[str, str] = ("problem", "counts"),
) -> FrequencyTables:
    """The tables that ``content`` describes, of ``counts``; ``names`` are for messages.

    Raises DataError with everything that is wrong: a hierarchy with a cycle, overlapping
    children, or unknown codes; duplicate leaves; a total that is not everything; tables of no
    or unknown dimensions; counts that are negative, not whole or too great; combinations of
    codes that stand twice. ::

        sex = DimensionFile(leaves=["1", "2"], alternatives=[{"T": ["1", "2"]}], total="T")
        age = DimensionFile(leaves=["a", "b"], alternatives=[{"T": ["a", "b"]}], total="T")
        content = ProblemFile(dims={"sex": sex, "age": age}, tables=[["sex", "age"]], measure="n")
        counts = persons.group_by("sex", "age").agg(n=pl.len())
        protect(tables_of(content, counts)).cells
    """
    described, counted = names
    if findings := [
        Finding(described, f"dims.{name}", place, rule, fix)
        for name, dimension in content.dims.items()
        for place, rule, fix in _hierarchy_problems(dimension)
    ] + list(_table_problems(content, described)):
        raise DataError(findings)
    return FrequencyTables(
        axes={name: _axis(name, dimension) for name, dimension in content.dims.items()},
        tables=tuple(dict.fromkeys(tuple(table) for table in content.tables)),
        measure=content.measure,
        counts=_counts(counts, content, counted),
    )


def _content(path: Path) -> ProblemFile:
    try:
        text = path.read_text(encoding="utf-8")
        return ProblemFile.model_validate(json.loads(text, object_pairs_hook=_without_twins))
    except OSError as error:
        raise DataError(
            [Finding(path.name, "file", "", "it cannot be read", f"{error.strerror}: check it")]
        ) from None
    except _TwinError as error:
        raise DataError(
            [Finding(path.name, "file", "", f"the key {error} stands twice", "Give it once")]
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise DataError(
            [Finding(path.name, "file", "", "it is not JSON", "Write it as UTF-8 JSON")]
        ) from None
    except ValidationError as error:
        raise DataError(
            [
                Finding(
                    path.name,
                    ".".join(str(part) for part in one["loc"]),
                    "",
                    one["msg"],
                    "See the description of problem.json",
                )
                for one in error.errors(include_input=False, include_url=False)
            ]
        ) from None


class _TwinError(ValueError):
    """An object of the JSON file gives a key twice."""


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The object, if no key stands twice: JSON would silently keep the last."""
    for key, times in Counter(key for key, _ in pairs).items():
        if times > 1:
            raise _TwinError(key)
    return dict(pairs)


def _hierarchy_problems(dimension: DimensionFile) -> Iterator[tuple[str, str, str]]:
    leaves = dimension.leaves
    for code in sorted(code for code, times in Counter(leaves).items() if times > 1):
        yield "leaves", f"the code {code} stands twice", "Give each leaf once"
    for number, alternative in enumerate(dimension.alternatives):
        place = f"alternatives.{number}"
        for rule, fix in (*_child_problems(leaves, alternative), *_parents(leaves, alternative)):
            yield place, rule, fix
    codes = {code for alternative in dimension.alternatives for code in alternative}
    if dimension.total not in codes and leaves != [dimension.total]:
        yield "total", f"{dimension.total} is no parent", "Name the parent that is everything"


def _child_problems(
    leaves: Sequence[str], alternative: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    known = {*leaves, *alternative}
    parents = Counter(child for children in alternative.values() for child in set(children))
    for parent, children in alternative.items():
        for child in sorted(child for child, times in Counter(children).items() if times > 1):
            yield f"{child} stands twice below {parent}", "Give each child once"
    for child in sorted(parents):
        if child not in known:
            yield f"the child {child} is no leaf and no parent", "Add it, or remove it"
        elif parents[child] > 1:
            yield f"{child} has two parents", "Move one of them to another alternative"


def _parents(
    leaves: Sequence[str], alternative: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    for parent, children in alternative.items():
        if parent in leaves:
            yield f"the leaf {parent} has children", "Give the parent another code"
        if not children:
            yield f"{parent} has no children", "Add them, or remove it"
        elif _in_cycle(parent, alternative):
            yield f"{parent} is part of itself", "Break the cycle"


def _in_cycle(start: str, alternative: Mapping[str, Sequence[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(alternative[start])
    while waiting:
        code = waiting.pop()
        if code == start:
            return True
        if code not in seen:
            seen.add(code)
            waiting.extend(alternative.get(code, ()))
    return False


def _table_problems(content: ProblemFile, file: str) -> Iterator[Finding]:
    if content.measure in content.dims:
        rule = f"{content.measure} is a dimension too"
        yield Finding(file, "measure", "", rule, "Give the column of counts a name of its own")
    for number, table in enumerate(content.tables):
        if not table:
            fix = "Name them; every table shows its totals"
            yield Finding(file, f"tables.{number}", "", "it has no dimensions", fix)
        for name in table:
            if name not in content.dims:
                known = ", ".join(content.dims)
                rule = f"there is no dimension {name}"
                yield Finding(file, f"tables.{number}", "", rule, f"They are {known}")
        if len(set(table)) != len(table):
            yield Finding(file, f"tables.{number}", "", "a dimension stands twice", "Give it once")


def _axis(name: str, dimension: DimensionFile) -> Axis:
    position = {code: n for n, code in enumerate(dimension.leaves)}
    members: dict[str, frozenset[str]] = {code: frozenset([code]) for code in dimension.leaves}
    for alternative in dimension.alternatives:
        for parent in alternative:
            held = frozenset(_leaves_of(parent, alternative))
            if members.setdefault(parent, held) != held:
                rule = f"the alternatives disagree on what {parent} holds"
                fix = "Give the parents different codes"
                raise DataError([Finding("problem.json", f"dims.{name}", "", rule, fix)])
    if len(members[dimension.total]) != len(dimension.leaves):
        rule = f"the total {dimension.total} does not hold every leaf"
        raise DataError(
            [Finding("problem.json", f"dims.{name}", "total", rule, "Add what is missing")]
        )
    pairs = [(n, position[leaf]) for n, held in enumerate(members.values()) for leaf in held]
    row, column = np.array(pairs, dtype=np.int64).T
    matrix = csr_array(
        (np.ones(len(pairs), dtype=np.int64), (row, column)),
        shape=(len(members), len(position)),
    )
    matrix.sort_indices()
    return Axis(name, tuple(dimension.leaves), tuple(members), matrix, dimension.total)


def _leaves_of(code: str, alternative: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if code not in alternative:
        yield code
        return
    for child in alternative[code]:
        yield from _leaves_of(child, alternative)


def _counts(found: pl.DataFrame, content: ProblemFile, file: str) -> pl.DataFrame:
    """The counts, checked; raises DataError."""
    wanted = [*content.dims, content.measure]
    if lacking := [name for name in wanted if name not in found.columns]:
        rule, fix = "the column is missing", "Add it"
        raise DataError([Finding(file, "columns", name, rule, fix) for name in lacking])
    measure = pl.col(content.measure)
    if not found.schema[content.measure].is_numeric():
        rule, fix = "the counts are not numbers", "Write them as whole numbers"
        raise DataError([Finding(file, "columns", content.measure, rule, fix)])
    typed = found.select(
        *(pl.col(name).cast(pl.String) for name in content.dims),
        measure if found.schema[content.measure].is_integer() else measure.cast(pl.Float64),
    )
    tests = [
        (
            content.measure,
            # Not a number is above every number here.
            ~measure.is_between(0, LARGEST_COUNT).fill_null(value=False),
            f"a count is missing, negative or above {LARGEST_COUNT:,}",
        ),
        (content.measure, measure != measure.round(), "a count is not whole"),
        ("", pl.struct(list(content.dims)).is_duplicated(), "a combination of codes stands twice"),
        *(
            (name, ~pl.col(name).is_in(dimension.leaves).fill_null(value=False), "not a leaf")
            for name, dimension in content.dims.items()
        ),
    ]
    findings = []
    for field, broken, rule in tests:
        rows = typed.select(pl.arg_where(broken)).to_series()
        if len(rows):
            first = ", ".join(str(row + 1) for row in rows.head(5))
            where = f"row {first}" if len(rows) == 1 else f"{len(rows)} rows, first {first}"
            findings.append(Finding(file, where, field, rule, "Correct it, or leave it out"))
    if findings:
        raise DataError(findings)
    if float(typed[content.measure].cast(pl.Float64).sum()) > LARGEST_COUNT:
        rule = f"the counts are more than {LARGEST_COUNT:,} together"
        raise DataError([Finding(file, "all rows", content.measure, rule, "Check the column")])
    return typed.with_columns(measure.cast(pl.Int64))


# --- protecting -----------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ProtectedTables:
    """Every cell of the tables once: its codes, the count and ``status``; and what was tried.

    ``status`` is ``P`` published, ``U`` hidden because it is small, ``S`` hidden to protect
    those. ``tried`` says in words what the attack tried, and that it found nothing.
    """

    cells: pl.DataFrame
    tried: tuple[str, ...]

    def write(self, path: Path) -> None:
        """Write the cells as Parquet, whole or not at all. Raises ReleaseError if it cannot."""
        beside = path.with_name(f".{path.name}.part")
        try:
            self.cells.write_parquet(beside)
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise ReleaseError(
                f"{path.name} cannot be written: {error.strerror}",
                fix="Check that the folder is there, and that there is room.",
            ) from None


def protect(
    tables: FrequencyTables,
    *,
    threshold: int = THRESHOLD,
    hide_zeros: bool = False,
    effort: float = 1.0,
    in_full: bool = False,
) -> ProtectedTables:
    """Hide small counts, and what would give them away, in all tables at once.

    Hiding a cell costs its count and ``HIDING`` more, so that few and small cells are hidden.
    Nobody can work out a small count by linear algebra or from what its neighbours must be at
    least, and no lone contributor that of somebody else (beyond 12 000 cells: not by linear
    algebra). Beyond 60 000 cells all this is by linear algebra, and by freeing small cells from
    what everyone knows them to be at least; ``tried`` says so. With ``in_full`` everything is
    tried however large the problem is, which may take hours. Raises UsageError for a threshold
    that makes nothing small, and DisclosureError when the tables cannot be protected. ::

        tables = read(Path("problem.json"), Path("inner.parquet"))
        protect(tables).cells.write_parquet("cells.parquet")
    """
    if threshold < 2:
        raise UsageError(
            f"with a threshold of {threshold} no count is small",
            fix="Give the smallest count that may be shown: 2 or more.",
        )
    problem = tables.canonical().problem(threshold=threshold, hide_zeros=hide_zeros)
    problem = problem.with_cost(problem.cost + HIDING)
    answer = withstanding(
        problem,
        effort=effort,
        insiders_tried=np.inf if in_full else INSIDERS_TRIED,
        intervals_tried=np.inf if in_full else INTERVALS_TRIED,
    )
    found = problem.cells.with_columns(
        pl.Series(tables.measure, problem.values), problem.statuses(answer.visible).cast(pl.String)
    )
    # In the order of the tables as they came.
    given = tables.problem(threshold=threshold, hide_zeros=hide_zeros).cells
    cells = given.join(found, on=given.columns, how="left", maintain_order="left")
    proven = (PROVEN,) if answer.cheapest else ()
    return ProtectedTables(cells, (*answer.verdict.summary, *proven))
