"""What has changed more than it should have since another round."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kostra_publish.outputs.charts import Point, Strips
from kostra_publish.outputs.norwegian import counted, number, percent
from kostra_publish.outputs.quality import Column, Row
from kostra_publish.quality.evidence import Evidence, Outcome, Pair, change_in_percent, not_made
from kostra_publish.quality.observations import Observations
from kostra_publish.quality.outliers import effects
from kostra_publish.specs.quality import Change, MarchAgainstFinal

_FEWEST = 10
"""Fewer kommuner than this have no quartiles worth the name."""


def from_last_year(limits: Change, evidence: Evidence) -> Outcome:
    """Each kommune against its final figures of the vintage before."""
    before = evidence.final(1)
    if before is None:
        return not_made(
            f"det er ingen endelige tall for {evidence.now.vintage - 1} å sammenligne med"
        )
    return _since(limits, evidence, before, f"endelige tall for {before.vintage}")


def from_march(limits: Change, evidence: Evidence) -> Outcome:
    """Each kommune against what it had in March of the same vintage."""
    if evidence.now.kind == "march":
        return not_made("dette er marsrunden")
    before = evidence.round_of(evidence.now.vintage, "march")
    if before is None:
        return not_made(f"det er ingen marsrunde for {evidence.now.vintage}")
    return _since(limits, evidence, before, f"mars ({before.round})")


def _since(limits: Change, evidence: Evidence, before: Observations, what: str) -> Outcome:
    compared = {
        name: [pair for pair in evidence.pairs(before, name) if pair.before or pair.after]
        for name in limits.indicators
        if evidence.comparable(before, name)
    }
    if not any(compared.values()):
        return not_made(f"ingen av tallene kan sammenlignes med {what}")
    found = {name: outlying(limits, name, pairs) for name, pairs in compared.items()}
    rows = [
        _row(evidence, name, pair)
        for name, pairs in found.items()
        for pair in sorted(pairs, key=lambda one: -max(one.before, one.after))
    ]
    several = "; ".join(
        f"{evidence.label(name)} {number(len(pairs))}" for name, pairs in found.items() if pairs
    )
    lacking = [evidence.label(name) for name in limits.indicators if name not in compared]
    left_out = f" Ikke sammenlignet: {', '.join(lacking)}." if lacking else ""
    return Outcome(
        not rows,
        f"{counted(len(rows), 'endring', 'endringer')} skiller seg ut av "
        f"{number(sum(map(len, compared.values())))} sammenlignet med {what}"
        f"{': ' + several if several else ''}.{left_out}{evidence.not_compared(before)}",
        f"Hidiroglou–Berthelot med U = {number(limits.exponent, 2)}, C = "
        f"{number(limits.width, 1)}, A = {number(limits.floor, 2)}; endringer under "
        f"{percent(limits.least_percent, 0)} teller ikke.",
        (
            Column("indicator", "Tall"),
            Column("kommune", "Nr."),
            Column("name", "Kommune"),
            Column("before", f"Før ({before.round})", 1),
            Column("after", f"Nå ({evidence.now.round})", 1),
            Column("change", "Endring", 1, signed=True),
            Column("percent", "Prosent", 1, signed=True),
        ),
        tuple(rows),
        _strips(evidence, compared, found, what),
    )


def outlying(limits: Change, indicator: str, pairs: list[Pair]) -> list[Pair]:
    """The pairs that stand out; from or to zero when the change is not small.

    Where most are unchanged the quartiles meet, and everything else would stand out: that is
    what ``least_percent`` is for.
    """
    least = limits.least.get(indicator, 0)
    ratios = [pair for pair in pairs if pair.before > 0 and pair.after > 0]
    outside = {pair.kommune for pair in pairs if pair.before <= 0 or pair.after <= 0}
    if len(ratios) >= _FEWEST:
        before = np.array([pair.before for pair in ratios])
        after = np.array([pair.after for pair in ratios])
        found = effects(
            before, after, exponent=limits.exponent, width=limits.width, floor=limits.floor
        )
        large = 100 * np.abs(after - before) >= limits.least_percent * before
        outside |= {
            pair.kommune
            for pair, stands_out in zip(ratios, found.outside & large, strict=True)
            if stands_out
        }
    return [
        pair
        for pair in pairs
        if pair.kommune in outside and abs(pair.after - pair.before) >= max(least, 1e-9)
    ]


def _row(evidence: Evidence, name: str, pair: Pair) -> Row:
    return Row(
        (
            evidence.label(name),
            pair.kommune,
            evidence.names[pair.kommune],
            pair.before,
            pair.after,
            pair.after - pair.before,
            change_in_percent(pair.before, pair.after),
        ),
        flagged=True,
    )


def _strips(
    evidence: Evidence,
    compared: Mapping[str, list[Pair]],
    found: Mapping[str, list[Pair]],
    what: str,
) -> Strips:
    marked = {name: {pair.kommune for pair in pairs} for name, pairs in found.items()}
    return Strips(
        title=f"Endring i prosent fra {what}",
        description=(
            "En stripe per tall og et punkt per kommune. Bortover er endringen i prosent, oppover "
            f"hvor stor kommunen er. {sum(map(len, found.values()))} punkter er merket: de "
            "skiller seg ut, og står i tabellen under."
        ),
        strips=tuple(
            (
                evidence.label(name),
                tuple(
                    Point(
                        evidence.names[pair.kommune],
                        change_in_percent(pair.before, pair.after) or 0.0,
                        max(pair.before, pair.after),
                        pair.kommune in marked[name],
                    )
                    for pair in pairs
                    if pair.before > 0
                ),
            )
            for name, pairs in compared.items()
        ),
    )


# --- March against the final figures of earlier years --------------------------------


def march_against_final(limits: MarchAgainstFinal, evidence: Evidence) -> Outcome:
    """The sum over kommuner that are in both, for each indicator and earlier year."""
    if evidence.now.kind != "march":
        return not_made("sjekken er for marsrunder")
    finals = evidence.finals(limits.years)
    if not finals or finals[0].vintage != evidence.now.vintage - 1:
        return not_made(f"det er ingen endelige tall for {evidence.now.vintage - 1}")
    rows = [
        _row_of_march(limits, evidence, finals, name)
        for name in limits.indicators
        if evidence.comparable(finals[0], name) and evidence.pairs(finals[0], name)
    ]
    flagged = [row for row in rows if row.flagged]
    names = ", ".join(str(row.cells[0]) for row in flagged)
    return Outcome(
        not flagged if rows else None,
        f"{number(len(flagged))} av {counted(len(rows), 'tall', 'tall')} er utenfor grensen"
        f"{': ' + names if names else ''}.{evidence.not_compared(finals[0])}",
        f"Høyst {percent(limits.most_percent)} fra de endelige tallene året før, "
        "over kommunene som er med begge år.",
        (
            Column("indicator", "Tall"),
            Column("kommuner", "Kommuner", 0),
            Column("march", f"Mars {evidence.now.vintage}", 0),
            Column("final", f"Endelig {finals[0].vintage}", 0),
            *(
                Column(f"percent_{one.vintage}", f"Fra {one.vintage}, prosent", 1, signed=True)
                for one in finals
            ),
            Column("revision", f"Mars til juni {finals[0].vintage}, prosent", 1, signed=True),
        ),
        tuple(rows),
    )


def _row_of_march(
    limits: MarchAgainstFinal, evidence: Evidence, finals: list[Observations], name: str
) -> Row:
    newest = evidence.pairs(finals[0], name)
    before, after = sum(pair.before for pair in newest), sum(pair.after for pair in newest)
    changes = [_change(evidence, one, name) for one in finals]
    too_far = changes[0] is not None and abs(changes[0]) > limits.most_percent
    revision = _revision(evidence, finals[0], name)
    cells = (evidence.label(name), len(newest), after, before, *changes, revision)
    return Row(cells, flagged=too_far)


def _change(evidence: Evidence, then: Observations, name: str) -> float | None:
    if not evidence.comparable(then, name):
        return None
    pairs = evidence.pairs(then, name)
    return change_in_percent(sum(one.before for one in pairs), sum(one.after for one in pairs))


def _revision(evidence: Evidence, final: Observations, name: str) -> float | None:
    """How much the final figures of an earlier vintage were from its March, the same kommuner."""
    march = evidence.round_of(final.vintage, "march")
    if march is None or not evidence.comparable(march, name):
        return None
    first, last = march.figures.get(name, {}), final.figures.get(name, {})
    both = [kommune for kommune in first if kommune in last]
    return change_in_percent(sum(first[one] for one in both), sum(last[one] for one in both))
