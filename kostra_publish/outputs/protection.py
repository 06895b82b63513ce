"""The disclosure report of a release: for the statistician, never published.

It says how many figures are hidden in each table and kind of region, and, when somebody has
worked it out (the verb ``policy``), what each guarantee costs. Numbers of figures and shares
only; whoever reads the universes fills in ``ProtectionFacts``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from kostra_publish.outputs.pages import page

FOLDER: Final = "internal/disclosure"
REPORT: Final = f"{FOLDER}/report.json"
TEMPLATE: Final = "protection.html.j2"
NAMES: Final = ("facts",)
"""What the template is given."""


@dataclass(frozen=True)
class ProtectedTable:
    """What is hidden of one table in one kind of region; as in ``disclosure.report``."""

    table: str
    kind: str
    figures: int
    small: int
    secondary: int
    share: float | None


@dataclass(frozen=True)
class SinceEarlier:
    """What an earlier release of the same vintage took, in one dataset."""

    release: str
    """The earlier release."""
    held: int
    """Figures that are as they were, and stay hidden as they were."""
    late: int
    """Figures hidden because they differ from what was shown by too few."""
    differences: int
    """Differences that rest on too few, between figures and between what follows from them."""
    disclosed: int
    """Small figures and differences that the earlier release has given away."""


@dataclass(frozen=True)
class ProtectedFigures:
    """What protecting all tables on some persons took, by kind of region."""

    name: str
    """The dataset behind the figures."""
    kind: str
    """``persons`` or ``amounts``."""
    by_region: Mapping[str, tuple[int, int, int]]
    """Distinct figures, small ones, and those hidden to protect the small ones."""
    since: SinceEarlier | None = None
    """What an earlier release took; None without one."""


Costs = Mapping[str, tuple[int, int] | None]
"""By what is guaranteed: figures hidden besides the small ones, and the persons (or kroner) in
them; None where so much cannot be guaranteed."""


@dataclass(frozen=True)
class PolicyCosts:
    """What guarantees cost on some persons; the keys are those of ``disclosure.costs``.

    ``widths`` is None where intervals were not looked at.
    """

    name: str
    kind: str
    figures: int
    small: int
    guarantees: Costs
    widths: Costs | None


@dataclass(frozen=True)
class ProtectionFacts:
    """Everything the report shows. ``costs`` is None when nobody has worked them out."""

    release: str
    vintage: int
    preliminary: bool
    synthetic: bool
    titles: Mapping[str, str]
    """The title of each table, in bokmål."""
    tables: tuple[ProtectedTable, ...] = ()
    figures: tuple[ProtectedFigures, ...] = ()
    costs: tuple[PolicyCosts, ...] | None = None


def write_protection(facts: ProtectionFacts, templates: Path) -> Iterator[tuple[str, bytes]]:
    """The report as a page and as JSON: (path in the release, bytes).

    Raises TemplateError when a template is missing or does not hold together.
    """
    text = json.dumps(asdict(facts), ensure_ascii=False, indent=1)
    yield REPORT, f"{text}\n".encode()
    yield f"{FOLDER}/report.html", page(templates, TEMPLATE, facts=facts)
