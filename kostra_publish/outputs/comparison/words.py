"""What a comparison is told in: kinds of change, and the parts of a table's document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from kostra_publish.outputs.comparison.facts import EVERY_LANGUAGE, Kind, SaidChange, SaidKind
from kostra_publish.specs.models import LANGUAGES

Tongue = Literal["nb", "en"]

KIND: Final[Mapping[Tongue, Mapping[Kind, str]]] = {
    "nb": {
        "amended": "endret",
        "added": "ny",
        "removed": "fjernet",
        "newly suppressed": "nå skjult",
        "newly shown": "nå vist",
        "newly reported": "nå meldt",
        "no longer reported": "ikke meldt lenger",
        "other sign": "annet tegn",
    },
    "en": {
        "amended": "Amended",
        "added": "Added",
        "removed": "Removed",
        "newly suppressed": "Suppressed",
        "newly shown": "Shown",
        "newly reported": "Reported",
        "no longer reported": "Unreported",
        "other sign": "Other sign",
    },
}

MEANING: Final[Mapping[Kind, str]] = {
    "amended": "et tall er blitt et annet tall",
    "added": "cella finnes bare i den nye publiseringen",
    "removed": "cella finnes bare i den gamle publiseringen",
    "newly suppressed": "noe annet er blitt : (skjult)",
    "newly shown": ": (skjult) er blitt et tall",
    "newly reported": ".. (mangler) er blitt et tall",
    "no longer reported": "et tall er blitt .. (mangler)",
    "other sign": "en annen endring fra eller til et tegn",
}
"""What each kind means, in bokmål."""

SAID: Final[Mapping[Tongue, Mapping[SaidKind, str]]] = {
    "nb": {
        "added": "ny",
        "removed": "fjernet",
        "changed": "endret",
        "reordered": "ny rekkefølge",
    },
    "en": {
        "added": "added",
        "removed": "removed",
        "changed": "changed",
        "reordered": "reordered",
    },
}

LIST: Final = "tabellista"
"""What the list of tables is called."""

_PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "table": ("tabell", "table"),
    "label": ("tittel", "title"),
    "source": ("kilde", "source"),
    "updated": ("sist oppdatert", "updated"),
    "note": ("merknad", "note"),
    "note.mandatory": ("merknad må vises", "note must be shown"),
    "order": ("variablenes rekkefølge", "order of dimensions"),
    "size": ("størrelse", "size"),
    "link.item": ("oppføring i tabellista", "entry in the list of tables"),
    "extension.contact": ("kontakt", "contact"),
    "extension.discontinued": ("avslutta serie", "discontinued"),
    "extension.firstPeriod": ("første periode", "first period"),
    "extension.lastPeriod": ("siste periode", "last period"),
    "extension.px.nextUpdate": ("neste oppdatering", "next update"),
    "extension.px.official-statistics": ("offisiell statistikk", "official statistics"),
    "extension.px.decimals": ("desimaler i tabellen", "decimals of the table"),
    "extension.px.contents": ("tittel uten variabler", "title without dimensions"),
    "extension.px.heading": ("variabler i hodet", "dimensions in the heading"),
    "extension.px.stub": ("variabler i forspalten", "dimensions in the stub"),
    "extension.px.tableid": ("tabellnummer", "table number"),
    "extension.px.matrix": ("matrise", "matrix"),
    "extension.px.subject-code": ("emnekode", "subject code"),
    "extension.px.subject-area": ("emne", "subject"),
    "extension.px.aggregallowed": ("kan summeres", "may be summed"),
    "extension.px.copyright": ("opphavsrett", "copyright"),
    "extension.px.language": ("språk", "language"),
    "extension.kostra.preliminary": ("foreløpige årganger", "preliminary vintages"),
    "extension.kostra.synthetic": ("syntetiske data", "synthetic data"),
    "extension.kostra.provisional": ("ikke bekreftet", "not confirmed"),
    "extension.kostra.breaks": ("brudd", "break"),
    "extension.kostra.rounds": ("publisert i", "published in"),
    "extension.kostra.licence": ("lisens", "licence"),
    "extension.kostra.round": ("publisering", "round"),
    "extension.kostra.nextUpdate": ("neste oppdatering", "next update"),
    "dimension": ("variabel", "dimension"),
    "dimension.label": ("navn på variabel", "name of dimension"),
    "dimension.role": ("variabelens rolle", "role of dimension"),
    "dimension.order": ("kategorienes rekkefølge", "order of categories"),
    "dimension.extension.elimination": ("kan utelates", "may be left out"),
    "dimension.extension.eliminationValueCode": ("sumkategori", "total"),
    "dimension.extension.show": ("visning av koder", "how codes are shown"),
    "dimension.extension.codelists": ("kodelister", "code lists"),
    "dimension.link": ("klassifikasjon", "classification"),
    "category": ("kategori", "category"),
    "category.label": ("navn på kategori", "name of category"),
    "category.unit.base": ("enhet", "unit"),
    "category.unit.decimals": ("desimaler", "decimals"),
    "category.unit.position": ("enhetens plass", "place of the unit"),
    "category.refperiod": ("referansetid", "reference period"),
    "category.measuringType": ("målingstype", "measuring type"),
    "category.priceType": ("pristype", "price type"),
    "category.adjustment": ("justering", "adjustment"),
    "category.basePeriod": ("basisperiode", "base period"),
    "category.note": ("merknad", "note"),
    "category.note.mandatory": ("merknad må vises", "note must be shown"),
}
"""The parts of a document as ``comparing.arranging`` has it, in bokmål and English."""

_TRUTH: Final[Mapping[Tongue, Mapping[str, str]]] = {
    "nb": {"true": "ja", "false": "nei"},
    "en": {"true": "yes", "false": "no"},
}


def part(change: SaidChange, tongue: Tongue) -> str:
    """What part of a document has changed, in words.

    What has no words of its own is called by the words of what it stands in, and its own name.
    """
    path = change.path
    if change.category:
        names = ["category", *path[4:]]
    elif change.dimension:
        names = ["dimension", *path[2:]]
    else:
        names = list(path)
    for length in range(len(names), 0, -1):
        if (words := _PARTS.get(".".join(names[:length]))) is not None:
            rest = [name for name in names[length:] if not name.isdigit() or len(name) == 4]
            return " ".join([words[tongue == "en"], *rest])
    return ".".join(names)


def about(change: SaidChange) -> str:
    """The dimension or category that a change is about: its code, and its name where it has one."""
    code = change.category or change.dimension
    return code if change.name in {"", code} else f"{code} {change.name}"


def each_said(texts: Mapping[str, str], tongue: Tongue) -> list[tuple[str, str]]:
    """What was or is said, by languages; these are empty where every language says the same."""
    words = _TRUTH[tongue]
    return [
        ("" if languages == EVERY_LANGUAGE else languages, words.get(text, text))
        for languages, text in texts.items()
    ]


def said(texts: Mapping[str, str], tongue: Tongue) -> str:
    """What was or is said in one line; in several languages, each with its own."""
    return " · ".join(": ".join(filter(None, each)) for each in each_said(texts, tongue))


def said_first(texts: Mapping[str, str], tongue: Tongue) -> str:
    """What was or is said in the first language in which it changed, bokmål if it did there."""
    languages, text = each_said(texts, tongue)[0]
    bokmaal = not languages or languages.startswith(LANGUAGES[0])
    return text if bokmaal else f"{languages}: {text}"
