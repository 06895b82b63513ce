"""Plain pages from templates: no scripts, nothing fetched, one style in the page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import Final

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplateSyntaxError,
    nodes,
)
from jinja2.meta import find_undeclared_variables
from markupsafe import Markup

from kostra_publish.errors import Finding, TemplateError

STYLE: Final = "plain.css"

_SPACE: Final = "\N{NO-BREAK SPACE}"
_GIVEN: Final = frozenset({"style", "policy"})
_FIX: Final = (
    "Mend the template, or leave out --templates to use the ones that came with the program."
)
_AS_IT_RUNS: Final = (
    TemplateRuntimeError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError
)  # fmt: skip
"""What a template that can be read may still end in."""


def page(
    templates: Path, name: str, *, styles: Sequence[str] = (STYLE,), **content: object
) -> bytes:
    """The page that template ``name`` makes of ``content``, as UTF-8.

    Besides ``content`` the template has ``style``, the text of the files named in ``styles``, and
    ``policy``, a content security policy that allows that style and nothing else.
    Raises TemplateError when a template is missing or does not hold together.
    """
    reader = environment(templates)
    with telling(templates, name):
        style = "".join(_style(templates, each) for each in styles)
        return (
            reader.get_template(name)
            .render(style=Markup(style), policy=_policy(style), **content)  # noqa: S704
            .encode()
        )


def policy(templates: Path, *, styles: Sequence[str] = (STYLE,)) -> str:
    """The content security policy of pages with these styles, for whoever serves them.

    Raises TemplateError when a style is missing or does not hold together.
    """
    with telling(templates, ", ".join(styles)):
        return _policy("".join(_style(templates, each) for each in styles))


def check(
    templates: Path,
    wanted: Mapping[str, Collection[str]],
    *,
    styles: Sequence[str] = (STYLE,),
) -> None:
    """Check templates before there is anything to show in them.

    ``wanted`` has the names that each is given, ``styles`` the files of their style. Raises
    TemplateError with every template that is missing, cannot be read, includes one that is
    missing, or asks for what it is not given.
    """
    findings: list[Finding] = []
    for each in styles:
        try:
            _style(templates, each)
        except TemplateNotFound as error:
            findings.append(_told(templates, each, error))
        except TemplateError as error:
            findings += error.findings
    for name, given in wanted.items():
        findings += _read(templates, name, _GIVEN.union(given))
    _refuse(findings)


def _read(templates: Path, name: str, given: Collection[str]) -> Iterator[Finding]:
    """What can be said of a template, and of those that it includes, without showing anything.

    What an included template is given is not known, so nothing is said of its names.
    """
    reader = environment(templates)
    names, seen = [name], set()
    while names:
        each = names.pop()
        seen.add(each)
        try:
            source, _, _ = _loader(templates).get_source(reader, each)
            reader.compile(source, each)
            tree = reader.parse(source, each)
        except (TemplateNotFound, TemplateSyntaxError, UnicodeDecodeError) as error:
            yield _told(templates, each, error)
            continue
        if each == name:
            yield from _unknown_names(name, tree, {*given, *reader.globals})
        for other, line in _references(tree):
            if not (templates / other).is_file():
                yield _finding(each, line, f"the template {other} is missing")
            elif other not in seen:
                names.append(other)


def _unknown_names(name: str, tree: nodes.Template, given: Collection[str]) -> Iterator[Finding]:
    unknown = find_undeclared_variables(tree).difference(given)
    for node in tree.find_all(nodes.Name):
        if node.name in unknown:
            yield _finding(name, node.lineno, f"{node.name!r} is undefined")


def _references(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """The templates that one names outright and must have, and where."""
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        named = getattr(node, "template", None)
        if getattr(node, "ignore_missing", False) or not isinstance(named, nodes.Const):
            continue
        if isinstance(named.value, str):
            yield named.value, node.lineno


def environment(templates: Path) -> Environment:
    """What reads the templates in a folder; each page of the program is made with it."""
    found = Environment(
        loader=_loader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["grouped"] = grouped
    return found


@contextmanager
def telling(templates: Path, name: str) -> Iterator[None]:
    """Errors of a template, as TemplateError that tells where it is."""
    try:
        yield
    except (TemplateNotFound, TemplateSyntaxError, *_AS_IT_RUNS) as error:
        raise TemplateError([_told(templates, name, error)]) from error


def _loader(templates: Path) -> FileSystemLoader:
    return FileSystemLoader(templates)


def grouped(number: int) -> str:
    """A whole number with a no-break space between thousands."""
    return f"{number:,}".replace(",", _SPACE)


def _style(templates: Path, name: str) -> str:
    """A style sheet. It goes into the page as it stands, so nothing in it may end its own tag."""
    style, _, _ = _loader(templates).get_source(environment(templates), name)
    before, found, _ = style.partition("</")
    if found:
        rule = "a style sheet cannot hold `</`"
        _refuse([_finding(name, before.count("\n") + 1, rule)])
    return style


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _refuse(findings: Collection[Finding]) -> None:
    if findings:
        raise TemplateError(list(dict.fromkeys(findings)))


def _told(templates: Path, name: str, error: Exception) -> Finding:
    """What went wrong in a template, and where."""
    if isinstance(error, TemplateSyntaxError):
        return _finding(error.name or name, error.lineno, str(error.message))
    if isinstance(error, UnicodeDecodeError):
        return _finding(name, None, "the file is not UTF-8")
    places = [
        (Path(frame.filename).relative_to(templates).as_posix(), frame.lineno)
        for frame in extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(templates)
    ]
    if not isinstance(error, TemplateNotFound):
        return _finding(*(places[-1] if places else (name, None)), str(error))
    if not places:
        return _finding(str(error.name), None, "the template is missing")
    return _finding(*places[-1], f"the template {error.name} is missing")


def _finding(name: str, line: int | None, rule: str) -> Finding:
    return Finding(name, "" if line is None else f"line {line}", "", rule, _FIX)
