"""Explanations of figures from what is held in memory, in bokmål or English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl

from kostra_publish.disclosure.safe import NOT_APPLICABLE, SUPPRESSED, SafeCube
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import UsageError
from kostra_publish.explaining.hidden import Reasoned, Teller
from kostra_publish.explaining.naming import Codes, Described
from kostra_publish.explaining.signs import Cell
from kostra_publish.explaining.told import Explained, Explanation, Kind, Line, line
from kostra_publish.explaining.words import WORDS
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import TIME
from kostra_publish.specs.models import THRESHOLD, Tongue

SAMPLED = 300
"""Cells that are missing or not applicable are looked at up to this many, to be told together."""


@dataclass(frozen=True, eq=False)
class Explainer:
    """Why figures of tables show what they show; the first answer of a universe takes longest.

    ``universes`` are those of ``vintage``; ``earlier`` has those of earlier releases of the same
    vintage, by release, the newest first. Nothing in it changes but what answers have in common,
    which is worked out once. Without ``catalogue`` less can be said; see ``signs.Cell``.
    """

    tables: Mapping[str, Described]
    universes: Sequence[StoredUniverse]
    vintage: int
    catalogue: Catalogue | None = None
    earlier: Sequence[tuple[str, StoredUniverse]] = field(default=())

    @classmethod
    def of(
        cls,
        cubes: Mapping[str, SafeCube],
        universes: Sequence[StoredUniverse],
        vintage: int,
        catalogue: Catalogue,
        earlier: Sequence[tuple[str, StoredUniverse]] = (),
    ) -> Explainer:
        """One for safe cubes, by table id, and what they were protected as."""
        tables = {name: Described.of(cube) for name, cube in cubes.items()}
        return cls(tables, universes, vintage, catalogue, earlier)

    def cell(self, table: str, codes: Codes, tongue: Tongue = "nb") -> Explained:
        """Why one cell shows what it shows; ``codes`` has a category of every dimension.

        Raises UsageError for a table, dimension or code that is not there, and where a
        dimension is left out.
        """
        described = self._table(table)
        if lacking := [one.code for one in described.dimensions if one.code not in codes]:
            raise UsageError(
                f"a cell of table {table} has a category of {', '.join(lacking)}, too",
                fix=f"Its dimensions are {', '.join(one.code for one in described.dimensions)}.",
            )
        (place,) = described.places(codes).tolist()
        return self._place(described, place, tongue)

    def cells(self, table: str, codes: Codes, most: int, tongue: Tongue = "nb") -> Explanation:
        """Why cells that show a sign do, of those that have all of ``codes``; ``most`` at most.

        Those that are missing or not applicable for the same reason are told of together. Raises
        UsageError for a table, dimension or code that is not there.
        """
        described = self._table(table)
        places = described.places(codes)
        signs = _signs(described)
        counts = dict(signs.gather(places).drop_nulls().value_counts().iter_rows())
        asked = [(place, signs[place]) for place in places.tolist()]
        hidden = [place for place, sign in asked if sign == SUPPRESSED]
        others = [place for place, sign in asked if sign not in {SUPPRESSED, None}]
        chosen = hidden[:most] + others[:SAMPLED]
        told: dict[object, Explained] = {}
        for place in chosen if len(asked) > 1 else places.tolist():
            one = self._place(described, place, tongue)
            key = (one.sign, one.lines) if one.sign != SUPPRESSED else place
            told[key] = replace(told[key], count=told[key].count + 1) if key in told else one
        return Explanation(len(asked), counts, [*told.values()][:most])

    # --- one cell -------------------------------------------------------------------------

    def _table(self, table: str) -> Described:
        if table not in self.tables:
            raise UsageError(
                f"there is no table {table}", fix=f"There are {', '.join(sorted(self.tables))}."
            )
        return self.tables[table]

    def _place(self, described: Described, place: int, tongue: Tongue) -> Explained:
        codes = described.codes(place)
        sign = _signs(described)[place]
        name = described.name(codes, tongue)
        if sign == SUPPRESSED:
            return replace(self._hidden(described, codes, tongue), name=name)
        cell = Cell(described, codes, self.catalogue, tongue)
        if sign is None:
            kind, lines = cell.shown()
        else:
            kind, lines = cell.not_applicable() if sign == NOT_APPLICABLE else cell.missing()
        return Explained(name, sign or "", kind, lines)

    def _hidden(self, described: Described, codes: Codes, tongue: Tongue) -> Explained:
        if int(codes[TIME]) != self.vintage:
            return self._hidden_then(described, codes, tongue)
        few = self._few(described.table, tongue)
        lines: list[Line] = []
        chains = []
        kind = Kind.SECONDARY
        for reasoned in self._reasoned:
            teller = Teller(reasoned, described.table, self.tables, tongue, few)
            for cell in reasoned.hidden(described.table, codes):
                lines.append(teller.line(cell, codes))
                if teller.is_small(cell):
                    kind = Kind.PRIMARY
                else:
                    chains.append(teller.chain(cell))
        if not lines:
            part = line(WORDS[tongue]["some_part"], threshold=self._threshold(described, tongue))
            return Explained("", SUPPRESSED, Kind.PRIMARY, (part,))
        if kind is Kind.SECONDARY:
            lines += self._hidden_before(described, codes, tongue)
        return Explained("", SUPPRESSED, kind, tuple(lines), tuple(chains))

    def _hidden_then(self, described: Described, codes: Codes, tongue: Tongue) -> Explained:
        facts = described.vintages[int(codes[TIME])]
        then = line(WORDS[tongue]["earlier"], release=facts.round)
        return Explained("", SUPPRESSED, Kind.EARLIER, (then,))

    def _hidden_before(self, described: Described, codes: Codes, tongue: Tongue) -> list[Line]:
        """That an earlier release of the vintage has hidden it, too."""
        releases = [
            release
            for release, universe in self.earlier
            if Reasoned(universe).hidden(described.table, codes)
        ]
        said = WORDS[tongue]["hidden_before"]
        return [line(said, release=one) for one in dict.fromkeys(releases)]

    @cached_property
    def _reasoned(self) -> list[Reasoned]:
        return [Reasoned(one) for one in self.universes]

    # --- too few ----------------------------------------------------------------------------

    def _threshold(self, described: Described, tongue: Tongue) -> str:
        spec = self.catalogue.tables.get(described.table) if self.catalogue else None
        threshold = spec.disclosure.threshold if spec else THRESHOLD
        return WORDS[tongue]["four"] if threshold == THRESHOLD else str(threshold)

    def _few(self, table: str, tongue: Tongue) -> Line:
        spec = self.catalogue.tables.get(table) if self.catalogue else None
        word = "few"
        if spec is not None and spec.disclosure.hide_zeros:
            word = "few_or_none"
        elif spec is not None and spec.disclosure.dominance is not None:
            word = "few_or_dominated"
        return line(WORDS[tongue][word], threshold=self._threshold(self.tables[table], tongue))


def _signs(described: Described) -> pl.Series:
    if described.signs is None:
        msg = f"the signs of table {described.table} have not been read"
        raise ValueError(msg)
    return described.signs
