"""YAML read as text, with the line of every key.

Plain YAML loading turns ``0301`` into 193 and the key ``no`` into ``False``. Here
every scalar stays as it was written, and each place in the document remembers its
line, so that an error can name it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from kostra_publish.errors import Finding, SpecError

Tree: TypeAlias = dict[str, Any] | list[Any] | str | None
Place: TypeAlias = tuple[str | int, ...]

# The one that takes every scalar as text. In C, where PyYAML was built with it: five times as fast.
_LOADER = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
_DEEPEST = 100
"""How many lists and mappings one may stand in."""
_TOO_DEEP = "lists and mappings are nested too deep", "Take the brackets away."
_KEPT = 256
"""Files whose content is remembered."""
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


def read(path: Path, name: str = "") -> Document:
    """Read one YAML mapping from ``path``; ``name`` is what findings call it, if not so.

    Raises SpecError when the file cannot be read, is not UTF-8, not YAML, not a mapping,
    gives a key twice, or holds itself.
    """
    name = name or path.name
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        rule = f"the file cannot be read ({error.strerror})"
        raise _not_readable(name, 1, rule, "Check what it is, and your rights.") from error
    except UnicodeDecodeError as error:
        raise _not_readable(name, 1, "the file is not UTF-8", "Save it as UTF-8.") from error
    return _parsed(name, text)


@lru_cache(maxsize=_KEPT)
def _parsed(name: str, text: str) -> Document:
    """The content of a file, remembered: a folder is read again each time one file is saved."""
    reader = _Reader(name)
    try:
        node = yaml.compose(text, Loader=_LOADER)
        content = reader.tree(node, ()) if node else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        rule = f"not valid YAML ({error.problem})"
        raise _not_readable(name, line, rule, "Mend the indentation or the quotes.") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        rule = f"not valid YAML ({error.reason})"
        raise _not_readable(name, line, rule, "Take the character away.") from error
    except RecursionError as error:
        raise _not_readable(name, 1, *_TOO_DEEP) from error
    if not isinstance(content, dict):
        raise _not_readable(name, 1, "the file must hold a mapping", "Start it with `id:`.")
    if reader.findings:
        raise SpecError(reader.findings)
    return Document(name, content, reader.lines)


def _not_readable(name: str, line: int, rule: str, fix: str) -> SpecError:
    return SpecError([Finding(name, f"line {line}", "", rule, fix)])


class _Reader:
    """Turns the nodes of a file into text, and remembers the line of each place."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Place, int] = {}
        self.findings: list[Finding] = []
        self._around: set[int] = set()
        """The nodes that the one being read stands in, by identity."""

    def tree(self, node: yaml.Node, place: Place) -> Tree:
        """The content of a node; an alias of a node around it is a finding."""
        line = self.lines.setdefault(place, node.start_mark.line + 1)
        if id(node) in self._around:
            rule = "an alias (*) stands inside its own anchor (&)"
            self._find(line, place, rule, "Write out what it should hold.")
            return None
        if len(self._around) == _DEEPEST:
            self._find(line, place[:1], *_TOO_DEEP)
            return None
        self._around.add(id(node))
        try:
            return self._content(node, place)
        finally:
            self._around.discard(id(node))

    def _content(self, node: yaml.Node, place: Place) -> Tree:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.tree(item, (*place, number)) for number, item in enumerate(node.value)]
        plain = not node.style if isinstance(node, yaml.ScalarNode) else False
        return None if plain and node.value in _NULLS else str(node.value)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in content:
                self._find(line, (key,), f"the key `{key}` is given twice", "Keep one of them.")
            self.lines[(*place, key)] = line
            content[key] = self.tree(value_node, (*place, key))
        return content

    def _find(self, line: int, place: Place, rule: str, fix: str) -> None:
        field = ".".join(str(part) for part in place)
        self.findings.append(Finding(self.name, f"line {line}", field, rule, fix))
