"""Plain pages from templates: no scripts, nothing fetched, one style in the page."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from markupsafe import Markup

from kostra_publish.errors import Finding, SpecError

STYLE: Final = "plain.css"

_SPACE: Final = "\N{NO-BREAK SPACE}"


def page(templates: Path, name: str, **content: object) -> bytes:
    """The page that template ``name`` makes of ``content``, as UTF-8.

    Besides ``content`` the template has ``style``, the text of ``plain.css``, and
    ``policy``, a content security policy that allows that style and nothing else.
    Raises SpecError when a template is missing or does not hold together.
    """
    loader = FileSystemLoader(templates)
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["grouped"] = grouped
    try:
        style, _, _ = loader.get_source(environment, STYLE)
        _check_style(style)
        return (
            environment.get_template(name)
            .render(style=Markup(style), policy=_policy(style), **content)  # noqa: S704
            .encode()
        )
    except TemplateNotFound as error:
        raise _finding(str(error.name), "", "the template is missing") from error
    except TemplateSyntaxError as error:
        place = f"line {error.lineno}"
        raise _finding(str(error.name or name), place, str(error.message)) from error
    except UndefinedError as error:
        raise _finding(name, "", str(error.message)) from error


def grouped(number: int) -> str:
    """A whole number with a no-break space between thousands."""
    return f"{number:,}".replace(",", _SPACE)


def _check_style(style: str) -> None:
    """Refuse what would end the style's own tag: it goes into the page as it stands."""
    if "</" in style:
        raise _finding(STYLE, "", "a style sheet cannot hold `</`")


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _finding(name: str, place: str, rule: str) -> SpecError:
    fix = "Mend the template, or leave out --templates to use the ones that came with the program."
    return SpecError([Finding(name, place, "", rule, fix)])
