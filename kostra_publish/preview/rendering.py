"""The pages of the preview from their templates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jinja2 import TemplateNotFound

from kostra_publish.drafts import Draft
from kostra_publish.outputs import pages
from kostra_publish.outputs.pages import environment, telling

FOLDER: Final = "preview"
BASE: Final = f"{FOLDER}/base.html.j2"
COMMON: Final = ("round", "version", "synthetic", "navigation", "here")
"""What every template is given, the base of all pages first of all."""
TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    BASE: (),
    f"{FOLDER}/tables.html.j2": ("tables", "previous"),
    f"{FOLDER}/tables.part.html.j2": ("tables", "previous"),
    f"{FOLDER}/table.html.j2": ("page", "id", "title", "previous", "kinds", "meanings"),
    f"{FOLDER}/table.part.html.j2": ("page", "id", "previous", "kinds", "meanings"),
    f"{FOLDER}/missing.html.j2": ("id",),
    f"{FOLDER}/why.part.html.j2": ("explained", "address", "why_not"),
    f"{FOLDER}/frame.html.j2": ("title", "source", "awaited"),
    f"{FOLDER}/error.html.j2": ("wrong", "part"),
    f"{FOLDER}/error.part.html.j2": ("wrong",),
}
"""The templates and what they are given beside what all are."""
SHARED: Final[Mapping[str, str]] = {
    "preview.css": "text/css",
    "preview.js": "text/javascript",
}
"""The files that all pages share, and what they are."""
TABLES: Final = "/"
SITE: Final = "/nokkeltall/"
QUALITY: Final = "/kvalitet"
CHANGES: Final = "/endringer"
NAVIGATION: Final = (
    (TABLES, "Tabeller"),
    (SITE, "Nøkkeltall"),
    (QUALITY, "Kvalitet"),
    (CHANGES, "Endringer"),
)
"""The parts of the preview: where they are, and what they are called."""


class Renderer:
    """Makes pages of the templates in a folder; what is saved there is in the next page."""

    def __init__(self, templates: Path) -> None:
        self.templates = templates
        self._reader = environment(templates)

    def page(self, name: str, draft: Draft, here: str = "", **content: object) -> str:
        """The page that a template makes; ``here`` is the part of the preview it belongs to.

        Raises TemplateError when the template is missing or does not hold together.
        """
        synthetic = draft.catalogue.texts.synthetic.nb if draft.synthetic else ""
        with telling(self.templates, name):
            return self._reader.get_template(name).render(
                round=draft.release.round,
                version=draft.version,
                synthetic=synthetic,
                navigation=NAVIGATION,
                here=here,
                **content,
            )

    def shared(self, name: str) -> bytes:
        """A file that all pages share. Raises TemplateError when it is missing."""
        path = f"{FOLDER}/{name}"
        with telling(self.templates, path):
            try:
                return (self.templates / path).read_bytes()
            except OSError as error:
                raise TemplateNotFound(path) from error


def check_preview_templates(folder: Path) -> None:
    """Check the templates of the preview before there is anything to show in them.

    Raises TemplateError with every template that is missing, cannot be read, or asks for what it
    is not given, and when a file that all pages share is missing.
    """
    pages.check(folder, {name: (*COMMON, *own) for name, own in TEMPLATES.items()}, styles=())
    reader = Renderer(folder)
    for name in SHARED:
        reader.shared(name)
