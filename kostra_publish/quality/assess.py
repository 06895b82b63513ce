"""Every check of a round, made one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kostra_publish.outputs.quality import CheckResult
from kostra_publish.quality.checks import accounts, changes, hidden, people, reports, totals
from kostra_publish.quality.evidence import Evidence, Outcome
from kostra_publish.specs.quality import Checks

MADE: Final[Mapping[str, Callable[[Any, Evidence], Outcome]]] = {
    "totals": totals.totals,
    "main_figures": hidden.main_figures,
    "population": people.population,
    "population_kommune": people.population_kommune,
    "f281_country": accounts.country,
    "f281_kommune": accounts.kommuner,
    "other_benefits": accounts.residual,
    "reporting_rate": reports.reporting_rate,
    "all_zero": people.all_zero,
    "control_errors": reports.control_rules,
    "control_warnings": reports.control_rules,
    "change_from_last_year": changes.from_last_year,
    "change_from_march": changes.from_march,
    "march_against_final": changes.march_against_final,
    "still_active": people.still_active,
}
"""The function behind each check of ``quality.yaml``."""


def assess(checks: Checks, evidence: Evidence) -> tuple[CheckResult, ...]:
    """What comes of every check that is not off, in the order of ``Checks``."""
    results = []
    for name, check in checks:
        if check is None or check.severity == "off":
            continue
        outcome = MADE[name](check, evidence)
        results.append(
            CheckResult(
                name=name,
                title=check.title,
                looks_at=check.looks_at,
                why=check.why,
                if_it_fails=check.if_it_fails,
                severity=check.severity,
                passed=outcome.passed,
                summary=outcome.summary,
                limits=outcome.limits,
                columns=outcome.columns,
                rows=outcome.rows,
                chart=outcome.chart,
            )
        )
    return tuple(results)
