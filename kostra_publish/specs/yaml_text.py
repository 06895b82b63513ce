"""YAML read as text, with the line of every key.

Plain YAML loading turns ``0301`` into 193 and the key ``no`` into ``False``. Here
every scalar stays as it was written, and each place in the document remembers its
line, so that an error can name it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from kostra_publish.errors import Finding, SpecError

Tree: TypeAlias = dict[str, Any] | list[Any] | str | None
Place: TypeAlias = tuple[str | int, ...]

# The same in C, where PyYAML was built with it: five times as fast.
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_NULLS = frozenset({"", "~", "null"})


@dataclass(frozen=True)
class Document:
    """One YAML file: its content as text, and the line of each place in it."""

    name: str
    content: dict[str, Any]
    lines: dict[Place, int] = field(repr=False)

    def line(self, place: Sequence[str | int]) -> int:
        """The line of ``place``, or of the nearest place around it.

        Parts that the document does not have (a union tag in a validator's path,
        a key that is missing) are skipped.
        """
        path: Place = ()
        line = self.lines.get((), 1)
        for part in place:
            step = (*path, part)
            if step in self.lines:
                path, line = step, self.lines[step]
        return line

    def finding(self, place: Sequence[str | int], rule: str, fix: str) -> Finding:
        """A finding at ``place`` in this file."""
        dotted = ".".join(str(part) for part in place)
        return Finding(self.name, f"line {self.line(place)}", dotted, rule, fix)


def read(path: Path) -> Document:
    """Read one YAML mapping from ``path``.

    Raises SpecError when the file is not UTF-8, not YAML, not a mapping, or gives
    a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=_LOADER)
    except UnicodeDecodeError as error:
        raise _not_readable(path, 1, "the file is not UTF-8", "Save it as UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        rule = f"not valid YAML ({error.problem})"
        raise _not_readable(path, line, rule, "Mend the indentation or the quotes.") from error
    lines: dict[Place, int] = {}
    findings: list[Finding] = []
    content = _tree(node, (), lines, findings, path.name) if node else {}
    if not isinstance(content, dict):
        raise _not_readable(path, 1, "the file must hold a mapping", "Start it with `id:`.")
    if findings:
        raise SpecError(findings)
    return Document(path.name, content, lines)


def _not_readable(path: Path, line: int, rule: str, fix: str) -> SpecError:
    return SpecError([Finding(path.name, f"line {line}", "", rule, fix)])


def _tree(
    node: yaml.Node, place: Place, lines: dict[Place, int], findings: list[Finding], name: str
) -> Tree:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines, findings, name)
    if isinstance(node, yaml.SequenceNode):
        return [
            _tree(item, (*place, number), lines, findings, name)
            for number, item in enumerate(node.value)
        ]
    plain = not node.style if isinstance(node, yaml.ScalarNode) else False
    return None if plain and node.value in _NULLS else str(node.value)


def _mapping(
    node: yaml.MappingNode,
    place: Place,
    lines: dict[Place, int],
    findings: list[Finding],
    name: str,
) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in content:
            rule = f"the key `{key}` is given twice"
            findings.append(Finding(name, f"line {line}", key, rule, "Keep one of them."))
        lines[(*place, key)] = line
        content[key] = _tree(value_node, (*place, key), lines, findings, name)
    return content
