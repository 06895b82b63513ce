"""Who has reported, and how many records break the control rules."""

from __future__ import annotations

from kostra_publish.microdata.layouts import DATASET_OF_FORM
from kostra_publish.outputs.charts import Bar, Bars
from kostra_publish.outputs.norwegian import counted, number, percent
from kostra_publish.outputs.quality import Column, Row, RuleCount
from kostra_publish.quality.evidence import Evidence, Outcome, not_made
from kostra_publish.quality.observations import Observations
from kostra_publish.specs.quality import ControlRules, ReportingRate

_MOST_NAMED = 3
_NAMED_MISSING = 8


def reporting_rate(limits: ReportingRate, evidence: Evidence) -> Outcome:
    """The share of the kommuner that have reported each form."""
    now = evidence.now
    if not now.reports:
        return not_made("runden leser ingen skjemaer")
    lowest = limits.lowest_percent.get(now.kind, 0.0)
    before = evidence.round_of(now.vintage - 1, now.kind)
    rows = [_row_of_form(limits, evidence, dataset, before, lowest) for dataset in now.reports]
    flagged = [row for row in rows if row.flagged]
    forms = ", ".join(f"{row.cells[0]} ({percent(_number(row.cells[3]))})" for row in flagged)
    shown = [*evidence.earlier_of(["march", "june"], limits.rounds), now]
    return Outcome(
        not flagged,
        f"{counted(len(flagged), 'skjema', 'skjemaer')} av {number(len(rows))} er under grensen "
        f"eller lavere enn i fjor{': ' + forms if forms else ''}.",
        f"Minst {percent(lowest, 0)} av kommunene, og høyst "
        f"{number(limits.most_fall, 1)} prosentpoeng under samme runde året før.",
        (
            Column("skjema", "Skjema"),
            Column("reported", "Levert", 0),
            Column("expected", "Skal levere", 0),
            Column("percent", "Prosent", 1),
            Column("before", f"Prosent {before.round}" if before else "Prosent året før", 1),
            Column("change", "Endring, prosentpoeng", 1, signed=True),
            Column("inhabitants", "Prosent av innbyggerne", 1),
            Column("missing", "Størst av dem som mangler"),
        ),
        tuple(sorted(rows, key=lambda row: not row.flagged)),
        _bars(evidence, shown, lowest),
    )


def _row_of_form(
    limits: ReportingRate,
    evidence: Evidence,
    dataset: str,
    before: Observations | None,
    lowest: float,
) -> Row:
    own = evidence.now.reports[dataset]
    then = before.reports.get(dataset) if before else None
    change = own.percent - then.percent if then else None
    people = (limits.inhabitants and evidence.figures(limits.inhabitants)) or {}
    largest = sorted(own.missing, key=lambda kommune: (-people.get(kommune, 0), kommune))
    share = (
        100 * (1 - sum(people[one] for one in own.missing) / sum(people.values()))
        if people
        else None
    )
    names = ", ".join(evidence.names[one] for one in largest[:_NAMED_MISSING])
    more = f" og {len(largest) - _NAMED_MISSING} til" if len(largest) > _NAMED_MISSING else ""
    return Row(
        (
            own.skjema,
            own.expected - len(own.missing),
            own.expected,
            own.percent,
            then.percent if then else None,
            change,
            share,
            names + more,
        ),
        flagged=own.percent < lowest or (change is not None and -change > limits.most_fall),
    )


def _bars(evidence: Evidence, shown: list[Observations], lowest: float) -> Bars:
    reports = evidence.now.reports
    lines = "; ".join(f"{one.skjema} {percent(one.percent)}" for one in reports.values())
    return Bars(
        title="Svarprosent for hvert skjema, denne og tidligere runder",
        description=f"Denne runden: {lines}. Tidligere runder står i lysere stolper.",
        groups=tuple(
            (
                reports[dataset].skjema,
                tuple(
                    Bar(one.round, one.reports[dataset].percent, now=one is evidence.now)
                    for one in shown
                    if dataset in one.reports
                ),
            )
            for dataset in reports
        ),
        limit=lowest,
    )


def control_rules(limits: ControlRules, evidence: Evidence) -> Outcome:
    """The rules of some severities that records break, against the form's records."""
    forms = [form for form, dataset in DATASET_OF_FORM.items() if dataset in evidence.now.records]
    if not forms:
        return not_made("runden leser verken skjema 11 eller 11C")
    before = evidence.round_of(evidence.now.vintage - 1, evidence.now.kind)
    rows = [
        _row_of_rule(limits, evidence, rule, before)
        for rule in evidence.rules
        if rule.severity in limits.rules
    ]
    rows.sort(key=lambda row: (not row.flagged, -_number(row.cells[5])))
    flagged = [row for row in rows if row.flagged]
    records = sum(rule.records for rule in evidence.rules if rule.severity in limits.rules)
    several = ", ".join(f"{row.cells[0]} {row.cells[1]}" for row in flagged)
    broken = (
        f"{counted(len(rows), 'regel', 'regler')} er brutt, {counted(records, 'gang', 'ganger')} "
        f"til sammen; {number(len(flagged))} av dem av for mange poster"
        f"{': ' + several if several else ''}."
    )
    return Outcome(
        not flagged,
        broken if rows else "Ingen regel er brutt.",
        f"Høyst {percent(limits.most_percent)} av postene i skjemaet kan bryte en regel.",
        (
            Column("skjema", "Skjema"),
            Column("rule", "Regel"),
            Column("severity", "Alvor"),
            Column("text", "Innhold"),
            Column("records", "Poster", 0),
            Column("percent", "Prosent", 2),
            Column("before", f"Prosent {before.round}" if before else "Prosent året før", 2),
            Column("most", "Flest i"),
        ),
        tuple(rows),
    )


def _row_of_rule(
    limits: ControlRules, evidence: Evidence, rule: RuleCount, before: Observations | None
) -> Row:
    dataset = DATASET_OF_FORM[rule.skjema]
    share = 100 * rule.records / max(evidence.now.records[dataset], 1)
    then = None
    if before and before.records.get(dataset):
        then = 100 * before.rules.get(f"{rule.skjema} {rule.rule}", 0) / before.records[dataset]
    most = ", ".join(
        f"{evidence.names.get(kommune, kommune)} ({number(count)})"
        for kommune, count in rule.kommuner[:_MOST_NAMED]
    )
    cells = (rule.skjema, rule.rule, rule.severity, rule.text, rule.records, share, then, most)
    return Row(cells, flagged=share > limits.most_percent)


def _number(cell: object) -> float:
    return cell if isinstance(cell, int | float) else 0.0
