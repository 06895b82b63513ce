"""What was paid by the forms against what the accounts say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kostra_publish.outputs.charts import Point, Spread
from kostra_publish.outputs.norwegian import counted, number, percent
from kostra_publish.outputs.quality import Cell, Column, Row
from kostra_publish.quality.evidence import Evidence, Outcome, not_made
from kostra_publish.quality.observations import Figures, Observations
from kostra_publish.specs.quality import AgainstAccounts, KommuneAgainstAccounts, Residual

_NO_ACCOUNTS = "runden leser ikke både skjemaet og regnskapet"


def country(limits: AgainstAccounts, evidence: Evidence) -> Outcome:
    """The country: both sums over the kommuner that have delivered both; see the module."""
    rounds = [*evidence.finals(5)[::-1], evidence.now]
    rows = [row for one in rounds if (row := _row_of_country(limits, evidence, one)) is not None]
    if not rows or rows[-1].cells[0] != evidence.now.round:
        return not_made(_NO_ACCOUNTS)
    *_, difference, gap = rows[-1].cells
    passed = not rows[-1].flagged
    return Outcome(
        passed,
        f"Skjema 11 er {percent(_float(gap), 2, signed=True)} "
        f"({number(_float(difference), signed=True)} tusen kr) fra regnskapet.",
        f"Høyst {percent(limits.most_percent)} fra regnskapet, til hver side.",
        (
            Column("round", "Runde"),
            Column("kommuner", "Kommuner med begge", 0),
            Column("paid", "Skjema 11, 1 000 kr", 0),
            Column("accounts", "Regnskap, 1 000 kr", 0),
            Column("difference", "Forskjell, 1 000 kr", 0, signed=True),
            Column("percent", "Prosent av regnskapet", 2, signed=True),
        ),
        tuple(reversed(rows)),
    )


def _row_of_country(
    limits: AgainstAccounts, evidence: Evidence, observed: Observations
) -> Row | None:
    both = _both(limits, evidence, observed)
    accounts = sum(whole for _, whole in both.values())
    if not accounts:
        return None
    paid = sum(part for part, _ in both.values())
    gap = 100 * (paid - accounts) / accounts
    flagged = observed is evidence.now and abs(gap) > limits.most_percent
    return Row((observed.round, len(both), paid, accounts, paid - accounts, gap), flagged)


def _both(
    limits: AgainstAccounts, evidence: Evidence, observed: Observations
) -> Mapping[str, tuple[float, float]]:
    """By kommune: what the form and what the accounts say, 1000 kr, where it has both."""
    paid = evidence.thousand_kroner(limits.paid, observed) or {}
    accounts = evidence.thousand_kroner(limits.accounts, observed) or {}
    return {kommune: (paid[kommune], accounts[kommune]) for kommune in paid if kommune in accounts}


def kommuner(limits: KommuneAgainstAccounts, evidence: Evidence) -> Outcome:
    """Each kommune that has delivered both."""
    both = _both(limits, evidence, evidence.now)
    if not both:
        return not_made(_NO_ACCOUNTS)
    rows = [
        _row_of_kommune(limits, evidence.names[kommune], kommune, *pair)
        for kommune, pair in both.items()
    ]
    rows.sort(key=lambda row: (not row.flagged, -abs(_float(row.cells[4]))))
    flagged = {str(row.cells[0]) for row in rows if row.flagged}
    return Outcome(
        not flagged,
        f"{counted(len(flagged), 'kommune', 'kommuner')} av {number(len(both))} er mer enn "
        f"{percent(limits.most_percent)} fra regnskapet.",
        f"Høyst {percent(limits.most_percent)} fra regnskapet; forskjeller under "
        f"{number(limits.least)} tusen kr teller ikke.",
        (
            Column("kommune", "Nr."),
            Column("name", "Kommune"),
            Column("paid", "Skjema 11, 1 000 kr", 0),
            Column("accounts", "Regnskap, 1 000 kr", 0),
            Column("difference", "Forskjell, 1 000 kr", 0, signed=True),
            Column("percent", "Prosent", 1, signed=True),
        ),
        tuple(rows),
        _spread(limits, evidence, both, flagged),
    )


def _row_of_kommune(
    limits: KommuneAgainstAccounts, name: str, kommune: str, paid: float, accounts: float
) -> Row:
    difference = paid - accounts
    gap = 100 * difference / accounts if accounts else None
    large = gap is None or abs(gap) > limits.most_percent
    flagged = large and abs(difference) >= max(limits.least, 1e-9)
    return Row((kommune, name, paid, accounts, difference, gap), flagged)


def _spread(
    limits: AgainstAccounts,
    evidence: Evidence,
    both: Mapping[str, tuple[float, float]],
    flagged: set[str],
) -> Spread:
    furthest = sorted(both, key=lambda one: -abs(both[one][0] - both[one][1]))
    return Spread(
        title="Skjema 11 mot regnskapet i hver kommune",
        description=(
            "Ett punkt per kommune: bortover hvor mye regnskapet har, oppover hvor langt skjema 11 "
            f"er fra det i prosent. {len(flagged)} av {len(both)} kommuner er utenfor grensen; de "
            "er merket, og de største avvikene i kroner har navn."
        ),
        x_label="Regnskap, funksjon 281, 1 000 kr",
        y_label="Skjema 11 over (+) eller under (−) regnskapet",
        points=tuple(
            Point(
                evidence.names[kommune],
                accounts,
                100 * (paid - accounts) / accounts,
                kommune in flagged,
            )
            for kommune in furthest
            for paid, accounts in (both[kommune],)
            if accounts > 0
        ),
        band=limits.most_percent,
    )


def residual(limits: Residual, evidence: Evidence) -> Outcome:
    """What is left of the accounts; negative values flagged, earlier years beside them."""
    now = _left(limits, evidence, evidence.now)
    accounts = evidence.thousand_kroner(limits.accounts)
    if not now or accounts is None:
        return not_made("runden leser ikke alt det som skal trekkes fra, eller regnskapet")
    earlier = {one.vintage: _left(limits, evidence, one) for one in evidence.finals(limits.years)}
    rows = [
        Row(
            (
                kommune,
                evidence.names[kommune],
                accounts[kommune],
                left,
                100 * left / accounts[kommune] if accounts[kommune] else None,
                *(of_year.get(kommune) for of_year in earlier.values()),
            ),
            _too_low(limits, left, accounts[kommune]),
        )
        for kommune, left in now.items()
    ]
    rows.sort(key=lambda row: (not row.flagged, row.cells[3]))
    negative, flagged = sum(left < 0 for left in now.values()), sum(row.flagged for row in rows)
    total = sum(now.values())
    return Outcome(
        not flagged,
        f"{counted(negative, 'kommune', 'kommuner')} av {number(len(now))} har negativ rest, "
        f"{number(flagged)} av dem utenfor grensen. For landet er resten {number(total)} tusen kr.",
        f"Høyst {percent(limits.most_percent)} av regnskapet under null; negative tall nærmere "
        f"null enn {number(limits.least)} tusen kr teller ikke.",
        (
            Column("kommune", "Nr."),
            Column("name", "Kommune"),
            Column("accounts", "Regnskap, 1 000 kr", 0),
            Column("left", f"Rest {evidence.now.vintage}, 1 000 kr", 0, signed=True),
            Column("percent", "Prosent", 1, signed=True),
            *(Column(f"left_{year}", f"Rest {year}", 0, signed=True) for year in earlier),
        ),
        tuple(rows),
    )


def _left(limits: Residual, evidence: Evidence, observed: Observations) -> Figures:
    """By kommune, 1000 kr: the accounts less the parts, where it has reported all of them."""
    accounts = evidence.thousand_kroner(limits.accounts, observed)
    parts = [evidence.thousand_kroner(name, observed) for name in limits.less]
    if accounts is None or any(part is None for part in parts):
        return {}
    known = [part for part in parts if part is not None]
    return dict(_subtracted(accounts, known))


def _subtracted(whole: Figures, parts: list[Figures]) -> Iterator[tuple[str, float]]:
    for kommune, amount in whole.items():
        if all(kommune in part for part in parts):
            yield kommune, amount - sum(part[kommune] for part in parts)


def _too_low(limits: Residual, left: float, accounts: float) -> bool:
    return left < 0 and -left >= limits.least and -100 * left > limits.most_percent * accounts


def _float(cell: Cell) -> float:
    return cell if isinstance(cell, int | float) else 0.0
