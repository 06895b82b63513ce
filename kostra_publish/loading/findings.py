"""Findings told so that they can be read: a table may have a hundred columns with one fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from kostra_publish.errors import Finding

FEW: Final = 6
"""How many codes a finding names, and how many findings of a kind there are."""


def few_of_each(findings: Iterable[Finding]) -> list[Finding]:
    """The first of each kind, the last of them with how many more there are.

    Findings are of one kind where the same is to be done about them.
    """
    kinds: dict[str, list[Finding]] = {}
    for finding in sorted(findings):
        kinds.setdefault(finding.fix, []).append(finding)
    return [finding for kind in kinds.values() for finding in _few(kind)]


def _few(kind: list[Finding]) -> list[Finding]:
    more = len(kind) - FEW
    if more <= 0:
        return kind
    *first, last = kind[:FEW]
    return [*first, replace(last, rule=f"{last.rule} (and {more} more like this)")]
