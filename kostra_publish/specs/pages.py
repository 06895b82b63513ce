"""What the key-figure pages show: the file `pages.yaml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from kostra_publish.specs.models import Model, Text

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
"""What stands in an address: small letters, digits and hyphens."""


class KeyFigure(Model):
    """One figure of a table that every area has on its page."""

    id: Slug
    """Its name in addresses and downloads; it stays when the words change."""
    tables: Annotated[list[str], Field(min_length=1)]
    """The tables that have it; an area takes it from the first that has the area."""
    measure: str
    """Its contents code in each of them."""
    codes: dict[str, str] = Field(default_factory=dict)
    """By variable of the tables: the category; left out: the total."""
    name: Text
    """What it is called on pages, in a few words."""
    about: Text
    """What it counts, in a sentence or two."""
    compare: bool = True
    """Whether areas of different size can be compared by it; false for numbers of persons, kroner
    and the like, which say how large an area is."""
    tile: bool = False
    """Whether it stands among the few large figures at the top of a page."""


class Theme(Model):
    """Key figures that belong together; a section of every page."""

    id: Slug
    """Its name in addresses."""
    name: Text
    """Its heading."""
    about: Text
    """What it is about, in a sentence or two."""
    figures: Annotated[list[KeyFigure], Field(min_length=1)]
    """Its key figures, the one that the chart shows first."""


class Pages(Model):
    """The file `pages.yaml`: what the key-figure pages show, and where they are."""

    address: Annotated[str, StringConstraints(pattern=r"^https?://[^/?#\s]+(/[^/?#\s]+)*$")]
    """Where readers find `public/` of the current release; search engines are told so."""
    provisional: bool = False
    """true when the address is not confirmed."""
    themes: Annotated[list[Theme], Field(min_length=1)]
    """The themes, in the order of the pages."""

    @property
    def figures(self) -> list[KeyFigure]:
        """All key figures, in the order of the pages."""
        return [figure for theme in self.themes for figure in theme.figures]
