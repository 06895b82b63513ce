"""What every answer needs: the draft as it is now, the language, and where the API is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.drafts import Draft
from kostra_publish.preview.pxwebapi.expressions import find
from kostra_publish.preview.pxwebapi.problems import Problem, ProblemError
from kostra_publish.specs.models import LANGUAGES, Language, Note, TableSpec, Text

Json = dict[str, Any]

NAMES: Final[Mapping[Language, str]] = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}
DEFAULT: Final[Language] = "nb"
ALIASES: Final[Mapping[str, Language]] = {"no": "nb"}
"""What the statbank calls a language; whoever asks with it is answered with it."""

# Not among the shared texts, which are what is published: a draft never is.
MARK: Final = Text(nb="utkast", nn="utkast", en="draft")
DRAFT: Final = Text(
    nb="Utkast: ikke publisert. Tall og tekster kan endres fram til publiseringen.",
    nn="Utkast: ikkje publisert. Tal og tekstar kan bli endra fram til publiseringa.",
    en="Draft: not published. Figures and texts may change until publication.",
)


@dataclass(frozen=True)
class Asked:
    """Who asks for what is served: in which language, of which draft."""

    draft: Draft
    language: Language
    called: str
    """The language, as whoever asks calls it: answers say that they are in it."""
    address: str
    """Where the API is, such as ``http://127.0.0.1:8000/api/v2``."""

    @classmethod
    def of(cls, draft: Draft, language: str | None, address: str) -> Asked:
        """A request in a language; in the default one where none is named.

        Raises ProblemError for a language that there is not.
        """
        if not language:
            return cls(draft, DEFAULT, DEFAULT, address)
        called = language.casefold()
        found = next((one for one in LANGUAGES if one == called), ALIASES.get(called))
        if found is None:
            raise ProblemError(
                Problem.LANGUAGE,
                f"there is no language {language}",
                fix=f"Ask with lang={', lang='.join(LANGUAGES)} or lang={', lang='.join(ALIASES)}.",
            )
        return cls(draft, found, called, address)

    def link(self, relation: str, path: str, language: str | None = None, **more: object) -> Json:
        """A link to a path of the API, with the language and what else is asked for."""
        called = language or self.called
        query = urlencode({"lang": called, **more})
        return {
            "rel": relation,
            "hreflang": called,
            "href": f"{self.address}/{quote(path)}?{query}",
        }

    def others(self) -> list[Language]:
        """The other languages."""
        return [one for one in LANGUAGES if one != self.language]

    def tables(self) -> list[SafeCube]:
        """The tables that are served, in the order of the catalogue, marked as drafts."""
        settled = self.draft.settled
        return [_marked(settled[one.id]) for one in self.draft.tables if one.id in settled]

    def table(self, name: str) -> SafeCube:
        """The table with this id, in upper or lower case.

        Raises ProblemError where the draft has none, or one that is not settled yet.
        """
        settled = self.draft.settled
        found = find(name, [*settled])
        if found is not None:
            return _marked(settled[found])
        if find(name, [*self.draft.cubes]) is not None:
            raise ProblemError(
                Problem.NO_TABLE,
                f"table {name} has not been protected together with the others yet",
                fix="Ask again when it has; the pages of the preview show how far it is.",
            )
        known = ", ".join(settled) or "none yet"
        raise ProblemError(
            Problem.NO_TABLE,
            f"the draft has no table {name}",
            fix=f"The tables are: {known}.",
        )


def _marked(cube: SafeCube) -> SafeCube:
    return cube.said(_with_mark(cube.table))


def _with_mark(table: TableSpec) -> TableSpec:
    """The spec of a table, saying that it is a draft where every program shows it."""
    title = Text(
        **{one: f"{table.title.get(one)} ({MARK.get(one)})" for one in LANGUAGES},
    )
    notes = [Note(text=DRAFT, mandatory=True), *table.notes]
    return table.model_copy(update={"title": title, "notes": notes})
