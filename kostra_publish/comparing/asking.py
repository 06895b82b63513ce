"""What a comparison is about: all, or some tables, one region or one measure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from kostra_publish.comparing.sides import Side
from kostra_publish.errors import UsageError
from kostra_publish.outputs.comparison.facts import ComparedDimension, SaidChange
from kostra_publish.releases.described import StoredCube
from kostra_publish.specs.dimensions import Role


@dataclass(frozen=True)
class Asked:
    """What to look at; empty: all."""

    tables: Collection[str] = ()
    region: str = ""
    measure: str = ""

    @property
    def anything(self) -> bool:
        """Whether less than everything is asked for."""
        return bool(self.tables or self.region or self.measure)

    @property
    def codes(self) -> Mapping[Role, str]:
        """The category that is asked for, by the role of its dimension."""
        wanted: Mapping[Role, str] = {"geo": self.region, "metric": self.measure}
        return {role: code for role, code in wanted.items() if code}

    def picked(self, dimensions: Collection[ComparedDimension]) -> dict[str, str]:
        """The category that is asked for, by the code of its dimension."""
        return {one.code: self.codes[one.role] for one in dimensions if one.role in self.codes}

    def about(self, change: SaidChange, tables: Collection[str]) -> bool:
        """Whether a change of texts and codes is asked for; a category leaves what is about it."""
        return not self.anything or (
            change.table in tables and (not self.codes or change.category in self.codes.values())
        )


_WORDS: Final[Mapping[Role, str]] = {"geo": "region", "metric": "measure"}


def tables_asked_for(before: Side, after: Side, asked: Asked) -> list[str]:
    """The tables of either release to compare, by id: those that have what is asked for.

    Raises UsageError for a table, region or measure that neither release has.
    """
    known = sorted({*before.cubes, *after.cubes})
    if unknown := [table for table in asked.tables if table not in known]:
        raise UsageError(
            f"neither release has a table {', '.join(unknown)}",
            fix=f"They have {', '.join(known)}.",
        )
    tables = [table for table in known if not asked.tables or table in asked.tables]
    for role, code in asked.codes.items():
        tables = [
            table
            for table in tables
            if any(_has(side.cubes.get(table), role, code) for side in (before, after))
        ]
        if not tables:
            what = _WORDS[role]
            raise UsageError(
                f"no table that is compared has the {what} {code}",
                fix=f"Write the code of a {what} as the tables have it.",
            )
    return tables


def _has(cube: StoredCube | None, role: Role, code: str) -> bool:
    return cube is not None and any(
        one.role == role and code in one.codes for one in cube.dimensions
    )
