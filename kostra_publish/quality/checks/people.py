"""Inhabitants, participants, and kommuner that have nothing but zeros."""

from __future__ import annotations

from collections.abc import Iterator

from kostra_publish.outputs.norwegian import counted, number, percent
from kostra_publish.outputs.quality import Column, Row
from kostra_publish.quality.evidence import Evidence, Outcome, change_in_percent, not_made
from kostra_publish.quality.observations import Observations
from kostra_publish.specs.quality import AllZero, PopulationChange, PopulationCheck, StillActive

_KOMMUNE = (Column("kommune", "Nr."), Column("name", "Kommune"))


# --- inhabitants ----------------------------------------------------------------------


def population(limits: PopulationCheck, evidence: Evidence) -> Outcome:
    """The country against the year before, and groups of inhabitants against the whole."""
    whole = evidence.figures(limits.whole)
    if whole is None:
        return not_made("runden har ikke folketallet")
    then = _inhabitants_before(evidence, limits.whole)
    now = sum(whole.values())
    change = change_in_percent(sum(then.figures[limits.whole].values()), now) if then else None
    rows = tuple(
        Row((kommune, evidence.names[kommune], after, wrong), flagged=True)
        for kommune, after in whole.items()
        for wrong in _wrong_groups(limits, evidence, kommune, after)
    )
    since = (
        f"{percent(change, 2, signed=True)} på ett år"
        if change is not None
        else "ingen tidligere runde å sammenligne med"
    )
    too_far = change is not None and abs(change) > limits.most_percent
    return Outcome(
        not rows and not too_far,
        f"Landet har {number(now)} innbyggere, {since}. "
        f"{counted(len(rows), 'gruppe', 'grupper')} er tom eller for stor.",
        f"Høyst {percent(limits.most_percent, 1)} på ett år i landet; ingen gruppe tom eller "
        "større enn helheten.",
        (*_KOMMUNE, Column("whole", "Innbyggere", 0), Column("wrong", "Galt")),
        rows,
    )


def _inhabitants_before(evidence: Evidence, whole: str) -> Observations | None:
    """The newest round of the vintage before; population figures are the same in all of them."""
    then = evidence.round_of(evidence.now.vintage - 1)
    return then if then is not None and evidence.comparable(then, whole) else None


def _wrong_groups(
    limits: PopulationCheck, evidence: Evidence, kommune: str, whole: float
) -> Iterator[str]:
    for name in limits.parts:
        part = (evidence.figures(name) or {}).get(kommune)
        if part is not None and part <= 0:
            yield f"ingen i gruppen {evidence.label(name)}"
        elif part is not None and part > whole:
            yield f"{evidence.label(name)} er flere enn alle"


def population_kommune(limits: PopulationChange, evidence: Evidence) -> Outcome:
    """Each kommune's inhabitants against the year before."""
    then = _inhabitants_before(evidence, limits.whole)
    if then is None:
        return not_made(f"det er ingen runde for {evidence.now.vintage - 1}")
    changes = (
        (pair, change_in_percent(pair.before, pair.after) or 0.0)
        for pair in evidence.pairs(then, limits.whole)
    )
    rows = [
        Row(
            (pair.kommune, evidence.names[pair.kommune], pair.before, pair.after, change),
            abs(change) > limits.most_percent and abs(pair.after - pair.before) >= limits.least,
        )
        for pair, change in changes
    ]
    rows.sort(key=lambda row: (not row.flagged, -abs(_number(row.cells[4]))))
    flagged = sum(row.flagged for row in rows)
    return Outcome(
        not flagged,
        f"{counted(flagged, 'kommune', 'kommuner')} av {number(len(rows))} er utenfor grensen."
        f"{evidence.not_compared(then)}",
        f"Høyst {percent(limits.most_percent, 0)} på ett år; endringer på færre enn "
        f"{number(limits.least)} personer teller ikke.",
        (
            *_KOMMUNE,
            Column("before", f"31.12.{then.vintage}", 0),
            Column("after", f"31.12.{evidence.now.vintage}", 0),
            Column("percent", "Prosent", 1, signed=True),
        ),
        tuple(rows),
    )


# --- participants ---------------------------------------------------------------------


def still_active(limits: StillActive, evidence: Evidence) -> Outcome:
    """Participants against those who were still in the programme at the end of last year."""
    before = evidence.final(1)
    names = (limits.participants, limits.active)
    if before is None:
        return not_made(f"det er ingen endelige tall for {evidence.now.vintage - 1}")
    if not all(evidence.comparable(before, name) for name in names):
        return not_made("deltakerne er ikke definert som i fjor, eller runden leser dem ikke")
    pairs = evidence.pairs(before, limits.participants, limits.active)
    rows = [
        Row(
            (
                pair.kommune,
                evidence.names[pair.kommune],
                pair.before,
                pair.after,
                pair.before - pair.after,
            ),
            _lacks(limits, pair.before, pair.before - pair.after),
        )
        for pair in pairs
        if pair.before > pair.after
    ]
    rows.sort(key=lambda row: (not row.flagged, -_number(row.cells[4])))
    flagged = sum(row.flagged for row in rows)
    return Outcome(
        not flagged,
        f"{number(sum(one.after for one in pairs))} deltakere mot "
        f"{number(sum(one.before for one in pairs))} i program ved årsskiftet, i "
        f"{counted(len(pairs), 'kommune', 'kommuner')}. {number(len(rows))} av dem har færre "
        f"deltakere enn de hadde i program, {number(flagged)} utenfor grensen."
        f"{evidence.not_compared(before)}",
        f"Høyst {percent(limits.most_percent, 0)} kan mangle; færre enn {number(limits.least)} "
        "teller ikke.",
        (
            *_KOMMUNE,
            Column("before", f"I program 31.12.{before.vintage}", 0),
            Column("after", f"Deltakere {evidence.now.vintage}", 0),
            Column("lacking", "Mangler minst", 0),
        ),
        tuple(rows),
    )


def _lacks(limits: StillActive, before: float, lacking: float) -> bool:
    return lacking >= limits.least and 100 * lacking > limits.most_percent * before


# --- zeros ----------------------------------------------------------------------------


def all_zero(limits: AllZero, evidence: Evidence) -> Outcome:
    """Kommuner whose form is in, and is nothing but zeros or an unlikely "none"."""
    looked_at = [
        evidence.now.reports[dataset].skjema
        for dataset in evidence.now.reports
        if _own_indicators(evidence, dataset)
    ]
    if not looked_at:
        return not_made("runden leser ingen skjemaer med tall å se på")
    rows = [
        Row((skjema, kommune, evidence.names[kommune], what), flagged=True)
        for dataset in evidence.now.reports
        for skjema, kommune, what in _zeros(limits, evidence, dataset)
    ]
    found = len({row.cells[1] for row in rows})
    return Outcome(
        not rows,
        f"{counted(found, 'kommune', 'kommuner')} har levert et skjema med bare nuller, eller "
        f"uventet meldt «ingen». Sett på: {', '.join(looked_at)}.",
        "Ingen.",
        (Column("skjema", "Skjema"), *_KOMMUNE, Column("what", "Hva")),
        tuple(rows),
    )


def _own_indicators(evidence: Evidence, dataset: str) -> list[str]:
    """The indicators that rest on one dataset alone."""
    definitions = evidence.now.definitions
    return [name for name, one in definitions.items() if one.datasets == (dataset,)]


def _zeros(limits: AllZero, evidence: Evidence, dataset: str) -> Iterator[tuple[str, str, str]]:
    reports = evidence.now.reports[dataset]
    own = [evidence.now.figures[name] for name in _own_indicators(evidence, dataset)]
    for kommune in evidence.names:
        if kommune in reports.missing or not own:
            continue
        if kommune in reports.none:
            if dataset not in limits.none_is_likely:
                yield reports.skjema, kommune, "har meldt «ingen»"
        elif all(figures.get(kommune) == 0 for figures in own):
            yield reports.skjema, kommune, "har levert, men alle tall er null"


def _number(cell: object) -> float:
    return cell if isinstance(cell, int | float) else 0.0
