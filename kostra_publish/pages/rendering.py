"""Pages from templates: links that hold wherever the site lies, and figures as readers see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from jinja2 import Environment, TemplateNotFound
from markupsafe import Markup, escape

from kostra_publish.disclosure.safe import MISSING, NOT_APPLICABLE, SUPPRESSED
from kostra_publish.outputs.facts import written as written_day
from kostra_publish.outputs.pages import environment, telling
from kostra_publish.pages.areas import Area
from kostra_publish.pages.figures import Cell, Series, written
from kostra_publish.specs.models import LANGUAGES, Language, Text
from kostra_publish.specs.pages import KeyFigure

FOLDER: Final = "public/nokkeltall"
"""The site's root in a release."""
DEFAULT: Final[Language] = "nb"
"""The language whose pages stand at the root."""
TEMPLATES: Final = "site"

PAGES: Final = (
    "base.html.j2", "area.html.j2", "figure.html.j2", "front.html.j2", "tables.html.j2",
    "signs.html.j2", "about.html.j2", "accessibility.html.j2", "former.html.j2",
    "notfound.html.j2", "words.j2", "lead.j2",
)  # fmt: skip
"""The templates of the site."""
SHARED: Final = ("site.css", "site.js", "plotly-basic.min.js", "deling.png")
"""The files that all pages share, as they lie among the templates."""
FIGURES: Final = "tall"
"""The folder of the pages of key figures."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'"
)
"""What a page may do: nothing but what lies beside it."""

_WORDS: Final = f"{TEMPLATES}/words.j2"
_NOTHING: Final = Markup()
_LOOKS: Final = {SUPPRESSED: "suppressed", MISSING: "missing", NOT_APPLICABLE: "not_applicable"}


@dataclass(frozen=True)
class Place:
    """Where a page is: its language, and its folder below that of the language (``1124-sola/``)."""

    language: Language
    path: str
    origin: str = ""
    """The site's root as an address, for a page that may be seen at any other; else empty."""

    @property
    def folder(self) -> str:
        """Its folder from the site's root: empty for the front page in the default language."""
        return self.in_language(self.language)

    def in_language(self, language: Language) -> str:
        """The folder of the same page in a language, from the site's root."""
        return self.path if language == DEFAULT else f"{language}/{self.path}"

    @property
    def root(self) -> str:
        """The way from it to the site's root."""
        return self.origin or "../" * self.folder.count("/") or "./"

    @property
    def home(self) -> str:
        """The way from it to the front page in its language."""
        return self.origin or "../" * self.path.count("/") or "./"

    def to(self, other: str) -> str:
        """The way from it to another page in the same language."""
        return f"{self.home}{other}" if other else self.home

    @property
    def languages(self) -> Mapping[Language, str]:
        """By language: the way to the same page in it."""
        return {each: self.root + self.in_language(each) for each in LANGUAGES}


@dataclass(frozen=True)
class Renderer:
    """Makes pages of the templates in a folder; what all pages know is ``common``."""

    templates: Path
    common: Mapping[str, object]
    units: Mapping[str, Text]

    @cached_property
    def _environments(self) -> Mapping[Language, Environment]:
        """By language: what reads the templates, and writes texts and figures in the language."""
        return {language: self._environment(language) for language in LANGUAGES}

    def _environment(self, language: Language) -> Environment:
        found = environment(self.templates)
        found.globals |= {**self.common, "policy": POLICY, "language": language}
        # Attributes that need no escaping any more: there are a million of them in a site.
        words = {name: escape(text) for name, text in self.words[language].items()}
        found.globals |= {"w": SimpleNamespace(**words), "words_of": self.words}
        writer = Writer(language, self.words[language], self.units)
        found.filters |= {
            "t": partial(Text.get, language=language),
            "day": partial(written_day, language=language),
            "figure": writer.figure,
            "change": writer.change,
            "counted": writer.counted,
            "why": writer.why,
            "unit": writer.unit,
            "unit_beside": writer.unit_beside,
            "link": writer.link,
            "figure_link": writer.figure_link,
        }
        return found

    @cached_property
    def words(self) -> Mapping[Language, Mapping[str, str]]:
        """The words of the templates, by language."""
        with telling(self.templates, _WORDS):
            module: Any = environment(self.templates).get_template(_WORDS).module
            found: Mapping[Language, Mapping[str, str]] = module.words
            return found

    def page(self, name: str, place: Place, **content: object) -> tuple[str, bytes]:
        """The page that a template makes: (path in the release, bytes).

        Raises TemplateError when the template is missing or does not hold together.
        """
        template = f"{TEMPLATES}/{name}"
        with telling(self.templates, template):
            found = self._environments[place.language].get_template(template)
            text = found.render(place=place, **content)
        return f"{FOLDER}/{place.folder}index.html", text.encode()

    def check(self, name: str) -> None:
        """Read a template or a shared file, and all that it includes.

        Raises TemplateError when it is missing or does not read.
        """
        if name in SHARED:
            self.shared(name)
            return
        with telling(self.templates, f"{TEMPLATES}/{name}"):
            self._environments[DEFAULT].get_template(f"{TEMPLATES}/{name}")

    def shared(self, name: str) -> bytes:
        """A file that lies among the templates as it is to be.

        Raises TemplateError when it is missing.
        """
        with telling(self.templates, f"{TEMPLATES}/{name}"):
            try:
                return (self.templates / TEMPLATES / name).read_bytes()
            except OSError as error:
                raise TemplateNotFound(f"{TEMPLATES}/{name}") from error


def check_site_templates(folder: Path) -> None:
    """Check the templates of the site before there is anything to show in them.

    Raises TemplateError when one is missing, cannot be read, or includes one that is missing.
    """
    reader = Renderer(folder, {}, {})
    for name in (*PAGES, *SHARED):
        reader.check(name)


class Writer:
    """Writes what pages hold in a language as HTML; what is written again is written once."""

    def __init__(
        self, language: Language, words: Mapping[str, str], units: Mapping[str, Text]
    ) -> None:
        self.language = language
        self.words = words
        self.units = {name: unit.get(language) for name, unit in units.items()}
        self._figures: dict[Cell, Markup] = {}
        self._links: dict[tuple[str, str], Markup] = {}

    def unit(self, name: str) -> str:
        """What a figure is counted in."""
        return self.units[name]

    def unit_beside(self, series: Series) -> str:
        """The same beside the figure's name; empty where the name says it."""
        unit = self.units[series.unit]
        return "" if unit in series.figure.name.get(self.language) else unit

    def link(self, area: Area, home: str) -> Markup:
        """The way to the page of an area, from a page ``home`` below the front page."""
        return self._link(area.path, area.name, home)

    def figure_link(self, figure: KeyFigure, home: str) -> Markup:
        """The way to the page of a key figure."""
        return self._link(f"{FIGURES}/{figure.id}/", figure.name, home)

    def _link(self, path: str, name: Text, home: str) -> Markup:
        key = (path, home)
        if (found := self._links.get(key)) is None:
            text = escape(name.get(self.language))
            found = Markup(f'<a href="{home}{path}">{text}</a>')  # noqa: S704  # escaped
            self._links[key] = found
        return found

    def figure(self, cell: Cell | None, plain: bool = False) -> Markup | str:  # noqa: FBT001, FBT002
        """The figure with its own look: number or sign, preliminary, estimated.

        ``plain`` is the figure alone, where there can be no looks.
        """
        if cell is None:
            return _NOTHING
        if plain:
            return f"≈ {cell.text(self.language)}" if cell.estimated else cell.text(self.language)
        if (found := self._figures.get(cell)) is None:
            found = self._figures[cell] = self._html(cell)
        return found

    def _html(self, cell: Cell) -> Markup:
        mark = escape(cell.mark)
        if cell.value is None:
            look = _LOOKS[cell.sign]
            why = escape(self.words[look])
            return Markup(  # noqa: S704  # all of it is escaped or of the program's own making
                f'<span class="sign {look}" data-c="{mark}" title="{why}">{cell.sign}</span>'
                f'<span class="unseen"> {why}</span>'
            )
        looks = "pre" if cell.preliminary else ""
        text = f'<span class="f {looks}" data-c="{mark}">{cell.text(self.language)}</span>'
        if cell.estimated:
            word = escape(self.words["estimated"])
            text = (
                f'<span class="est" title="{word}"><span aria-hidden="true">≈ </span>'
                f'<span class="unseen">{word} </span>{text}</span>'
            )
        return Markup(text)  # noqa: S704  # as above

    def why(self, cell: Cell) -> str:
        """Why there is a sign, in words."""
        return self.words[_LOOKS[cell.sign]]

    def change(self, series: Series) -> Markup:
        """The change since the year before; nothing where there is none."""
        found = series.change
        if found is None:
            return _NOTHING
        text = f'<span class="d" data-d="{escape(found.mark)}">{found.text(self.language)}</span>'
        if not found.percent and series.in_percent:
            text += f' <span class="soft">{escape(self.words["points"])}</span>'
        return Markup(text)  # noqa: S704  # as above

    def counted(self, number: int, attribute: str, mark: str) -> Markup:
        """A whole number that was counted from figures, with its mark."""
        text = written(number, 0, self.language)
        return Markup(f'<span data-{attribute}="{escape(mark)}">{text}</span>')  # noqa: S704


Formatter = Callable[[float, int], str]


@cache
def formatter(language: Language) -> Formatter:
    """What writes numbers of a language, for axes."""
    return lambda value, decimals: written(value, decimals, language)
