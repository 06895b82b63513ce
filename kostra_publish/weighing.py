"""What the guarantees of a release cost, and what stricter ones would, from the release alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kostra_publish.disclosure.attack.released import INSIDERS_TRIED
from kostra_publish.disclosure.costs import Cost, of_guarantees, of_widths
from kostra_publish.disclosure.problem import Flags, Problem
from kostra_publish.disclosure.protection import decide
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import ReleaseError
from kostra_publish.outputs import pages
from kostra_publish.outputs.protection import (
    NAMES,
    REPORT,
    TEMPLATE,
    Costs,
    PolicyCosts,
    ProtectionFacts,
    write_protection,
)
from kostra_publish.releases.history import stored_universes
from kostra_publish.releases.manifest import read_manifest
from kostra_publish.specs.policy import Intervals


def weigh(release: Path, say: Callable[[str], None]) -> ProtectionFacts:
    """The disclosure report of a release, with what its guarantees cost.

    Protects every universe again several times, which takes minutes; the widest intervals are
    looked at only where problems are attacked in full. ``say`` hears of each. Raises
    ReleaseError when the release is not as it was published.
    """
    universes = stored_universes(release, read_manifest(release).vintage)
    try:
        facts = TypeAdapter(ProtectionFacts).validate_json((release / REPORT).read_bytes())
    except (OSError, ValidationError) as error:
        raise ReleaseError(
            f"the disclosure report of {release.name} does not read",
            fix="Publish that round again from its inputs.",
        ) from error
    costs = []
    for universe in universes:
        say(universe.title)
        costs.append(_costs(universe))
    return replace(facts, costs=tuple(costs))


def check_template(templates: Path) -> None:
    """Check the report's template before minutes are spent. Raises TemplateError."""
    pages.check(templates, {TEMPLATE: NAMES})


def write(facts: ProtectionFacts, templates: Path, out: Path) -> list[Path]:
    """The report as a page and as JSON in the folder ``out``; the paths.

    Raises TemplateError when a template is missing or does not hold together, and ReleaseError
    when the folder cannot be written.
    """
    found = []
    for name, data in write_protection(facts, templates):
        path = out / Path(name).name
        try:
            out.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise ReleaseError(f"cannot write {path}: {error.strerror}") from error
        found.append(path)
    return found


def _costs(universe: StoredUniverse) -> PolicyCosts:
    problem = universe.problem
    in_full = universe.kind == "persons" and len(problem.small) <= INSIDERS_TRIED
    return PolicyCosts(
        name=universe.name,
        kind=universe.kind,
        figures=int(problem.listed.sum()),
        small=int((problem.small & problem.listed).sum()),
        guarantees=_pairs(of_guarantees(problem, _protected)),
        widths=_pairs(of_widths(problem)) if in_full else None,
    )


def _protected(problem: Problem) -> Flags:
    return decide(problem, Intervals()).visible


def _pairs(costs: Mapping[str, Cost | None]) -> Costs:
    return {name: (one.cells, one.amount) if one else None for name, one in costs.items()}
