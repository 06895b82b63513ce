"""Why a figure is missing or not applicable, and what is to be said of one that is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.safe import NOT_APPLICABLE, VintageFacts
from kostra_publish.errors import UsageError
from kostra_publish.explaining.naming import Codes, Described
from kostra_publish.explaining.told import Kind, Line, line
from kostra_publish.explaining.words import WORDS
from kostra_publish.outputs.facts import in_words, listed, written
from kostra_publish.releases.rounds import Round, Schedule
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, TIME
from kostra_publish.specs.models import Figure, Mean, Measure, Rate, Share, TableSpec, Tongue

_BYDELER: Final = frozenset({"bydel", "bydeler"})
_REST: Final = "\N{NULL}"
"""Stands for what the note on missing reports says of them."""

Told = tuple[Kind, tuple[Line, ...]]


@dataclass(frozen=True, eq=False)
class Cell:
    """One cell of a table, and what is known of it beside its figure.

    Without a ``catalogue`` (or with one that does not have the table or the measure any more)
    what follows from specs is not said.
    """

    described: Described
    codes: Codes
    catalogue: Catalogue | None
    tongue: Tongue

    # --- missing ----------------------------------------------------------------------

    def missing(self) -> Told:
        """Why there is no figure, and what to do."""
        if (told := self._of_other_round()) is not None:
            return told
        if isinstance(self._formula, Figure) and not self._lacking:
            return Kind.LEFT_BLANK, (
                self._say("left_blank", forms=self._forms(), column=self._formula.of),
            )
        return Kind.NOT_REPORTED, (self._not_reported(), self._what_to_do())

    def _of_other_round(self) -> Told | None:
        """That the figure is one of another round; None where it is not, or is not known."""
        current, spec, measure = self._round, self._spec, self._measure
        if current is None or spec is None or measure is None:
            return None
        if not current.limits.has_measure(spec, measure, current.kind):
            names = [self._kind_name(kind) for kind in spec.rounds_of(measure)]
            word = "other_round" if names else "no_round"
            said = self._say(word, rounds=self._listed(names), release=current.name)
            return Kind.OTHER_ROUND, (said,)
        kind = next((one for one in spec.regions if one == codes.kind_of(self._region)), None)
        if kind is not None and not current.limits.has_region(kind):
            return Kind.OTHER_ROUND, (self._say("not_published", release=current.name),)
        return None

    def _kind_name(self, kind: str) -> str:
        known = self.catalogue.calendar.kinds.get(kind) if self.catalogue else None
        return kind if known is None else f"{kind} ({known.name.get(self.tongue)})"

    def _not_reported(self) -> Line:
        kind = codes.kind_of(self._region)
        if kind in _BYDELER:
            return self._say("not_all_bydeler", forms=self._forms(self._lacking))
        if kind == "kommune":
            known = self._lacking or self._sources
            word = "not_reported" if known else "not_reported_at_all"
            return self._say(word, forms=self._forms(known))
        members = self._members
        lacking = sum(one in self._without_report for one in members)
        word = "none_reported" if lacking == len(members) else "not_enough"
        counts = {"missing": str(lacking), "all": str(len(members))}
        return self._say(word, forms=self._forms(self._lacking), **counts)

    def _what_to_do(self) -> Line:
        facts = self._facts
        if facts is None or not facts.preliminary:
            return self._say("by_correction")
        if facts.final_day is None:
            return self._say("until_next")
        return self._say("until_final", day=written(facts.final_day, self.tongue))

    @cached_property
    def _lacking(self) -> tuple[str, ...]:
        """The sources of the measure that a kommune of the region has not reported."""
        return tuple(one for one in self._sources if self._members & self._missing_from(one))

    def _missing_from(self, source: str) -> set[str]:
        """The kommuner that have not reported a source, as the notes of the table say."""
        facts, catalogue = self._facts, self.catalogue
        if facts is None or catalogue is None:
            return set()
        skjema = catalogue.sources[source].skjema.nb
        rest = dict.fromkeys(("count", "regions", "share"), _REST)
        text = catalogue.texts.missing_reports.nb
        start = text.format(skjema=skjema, vintage=facts.vintage, **rest).partition(_REST)[0]
        named = (one.scope.regions for one in facts.notes if one.text.nb.startswith(start))
        return {region for regions in named for region in regions}

    @property
    def _without_report(self) -> set[str]:
        """The kommuner of the region that lack a report on any form of the measure."""
        return {one for source in self._sources for one in self._missing_from(source)}

    @cached_property
    def _members(self) -> set[str]:
        """The kommuner of the region in that year."""
        region = codes.OSLO if codes.kind_of(self._region) in _BYDELER else self._region
        members = codes.members(self._year)
        return set(members.filter(members["region"] == region)["kommune"])

    # --- not applicable -----------------------------------------------------------------

    def not_applicable(self) -> Told:
        """Why there can be no figure."""
        for find in (self._no_region, self._no_measure, self._no_category, self._not_divided):
            if (told := find()) is not None:
                return told
        return Kind.NOT_DIVIDED, (self._say("no_figure"),)

    def _no_region(self) -> Told | None:
        kind = codes.kind_of(self._region)
        if kind not in {"kommune", "fylke"}:
            return None
        try:
            first, last = codes.lifetime(self._region.removeprefix("EKA"))
        except KeyError:
            return None
        if first <= self._year <= (last or self._year):
            return None
        lived = (
            self._phrase("lived_from", first=str(first))
            if last is None
            else self._phrase("lived", first=str(first), last=str(last))
        )
        lines = [self._say("no_region", lived=lived)]
        lines += self._changed(last) if kind == "kommune" else []
        return Kind.NO_REGION, tuple(lines)

    def _changed(self, last: int | None) -> Iterator[Line]:
        """What a former kommune became, and what a new one was."""
        for one in {change.year: change for change in codes.changes()}.values():
            became = [each for each in codes.changes() if each.year == one.year]
            new = [f"{each.new} {each.new_name}" for each in became if each.former == self._region]
            old = [
                f"{each.former} {each.former_name}" for each in became if each.new == self._region
            ]
            if new and last is not None and one.year == last + 1:
                yield self._say("became", year=str(one.year), regions=self._listed(new))
            if old and one.year > self._year:
                yield self._say("was_before", year=str(one.year), regions=self._listed(old))

    def _no_measure(self) -> Told | None:
        spec, measure = self._spec, self._measure
        if spec is None or measure is None or spec.measure_has(measure, self._year):
            return None
        if self._year < (first := measure.first_vintage or spec.first_vintage):
            return Kind.NO_MEASURE, (self._say("no_measure_before", first=str(first)),)
        return Kind.NO_MEASURE, (self._say("no_measure_after", last=str(measure.last_vintage)),)

    def _no_category(self) -> Told | None:
        """A category that no figure of the year has was not in use."""
        for one in self.described.dimensions:
            if one.role == "classification" and self._all_empty(one.code):
                category = self.described.label(one.code, self.codes[one.code], self.tongue)
                return Kind.NO_CATEGORY, (self._say("no_category", category=category),)
        return None

    def _all_empty(self, dimension: str) -> bool:
        wanted = {code: self.codes[code] for code in (dimension, TIME)}
        places = self.described.places(wanted)
        signs = self.described.signs
        return signs is not None and bool(signs.gather(places).eq_missing(NOT_APPLICABLE).all())

    def _not_divided(self) -> Told | None:
        kind, formula = codes.kind_of(self._region), self._formula
        if isinstance(formula, Figure) and formula.across == "none" and kind != "kommune":
            return Kind.NOT_DIVIDED, (self._say("not_added", forms=self._forms()),)
        if kind in _BYDELER and not isinstance(formula, Mean | Share | Rate):
            return Kind.NOT_DIVIDED, (self._say("no_bydeler", forms=self._forms()),)
        if isinstance(formula, Mean | Share | Rate):
            return Kind.NOT_DIVIDED, (self._say("nothing_to_divide"),)
        return None

    # --- a number -------------------------------------------------------------------------

    def shown(self) -> Told:
        """That nothing is hidden, and with which marks the number stands."""
        return Kind.SHOWN, (self._say("is_shown"), *self._marks())

    def _marks(self) -> Iterator[Line]:
        facts = self._facts
        if facts is None:
            return
        if facts.preliminary and facts.final_day:
            yield self._say("preliminary", day=written(facts.final_day, self.tongue))
        elif facts.preliminary:
            yield self._say("preliminary_only")
        if (share := facts.estimated.get(self._region)) is not None:
            yield self._say("estimated", share=in_words(share, self.tongue))
        for one in facts.corrected:
            day, reason = written(one.day, self.tongue), one.reason.get(self.tongue)
            yield self._say("corrected", day=day, reason=reason)
        if facts.synthetic:
            yield self._say("synthetic")

    # --- what is known --------------------------------------------------------------------

    @property
    def _region(self) -> str:
        return self.codes[self.described.region]

    @property
    def _year(self) -> int:
        return int(self.codes[TIME])

    @property
    def _facts(self) -> VintageFacts | None:
        return self.described.vintages.get(self._year)

    @cached_property
    def _round(self) -> Round | None:
        """The round that published the figure; None where the calendar does not have it."""
        if self._facts is None or self.catalogue is None:
            return None
        try:
            return Schedule(self.catalogue.calendar).round(self._facts.round)
        except UsageError:
            return None

    @property
    def _spec(self) -> TableSpec | None:
        return self.catalogue.tables.get(self.described.table) if self.catalogue else None

    @cached_property
    def _measure(self) -> Measure | None:
        known = self._spec.measures if self._spec else ()
        return next((one for one in known if one.code == self.codes[CONTENTS]), None)

    @property
    def _formula(self) -> object:
        return self._measure.formula if self._measure else None

    @cached_property
    def _sources(self) -> tuple[str, ...]:
        """The sources that the figure is made from, where they are known."""
        if self.catalogue is None or self._spec is None or self._measure is None:
            return ()
        return self.catalogue.sources_of(self._spec, self._measure)

    def _forms(self, sources: Sequence[str] = ()) -> str:
        """The forms of some sources, or of all that the figure is made from."""
        if self.catalogue is None:
            return "?"
        known = self.catalogue.sources
        names = (known[one].skjema.get(self.tongue) for one in sources or self._sources)
        return self._listed(dict.fromkeys(names))

    # --- words ------------------------------------------------------------------------------

    @property
    def _words(self) -> Mapping[str, str]:
        return WORDS[self.tongue]

    def _say(self, word: str, **filled: str) -> Line:
        region = self._region
        named = f"{region} {self.described.label(self.described.region, region, self.tongue)}"
        return line(self._words[word], **{"region": named, "year": str(self._year), **filled})

    def _phrase(self, word: str, **filled: str) -> str:
        return self._words[word].format(**filled)

    def _listed(self, names: Iterable[str]) -> str:
        return listed(names, self._words["and"])
