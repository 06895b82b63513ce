"""A small catalogue of specs for tests of the cube room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.models import Source, Sources, TableSpec, Term, Terms, Texts
from kostra_publish.specs.yaml_text import Document
from tests.cubes import descriptions
from tests.schedule import CALENDAR

LANGUAGES = ("nb", "nn", "en")


def text(words: str) -> dict[str, str]:
    return {language: f"{words} {language}" for language in LANGUAGES}


def texts() -> Texts:
    words = [
        "publisher", "contact", "subject_area", "region_variable", "bydel_variable",
        "contents_variable", "time_variable", "preliminary", "final_figures", "corrected",
        "synthetic", "provisional", "summed", "suppressed", "estimated_regions", "in_part",
    ]  # fmt: skip
    return Texts.model_validate(
        {
            **{word: text(word) for word in words},
            "missing_reports": text("{skjema} {vintage} {count} {regions}"),
            "estimated": text("{skjema} {vintage} {share}"),
            "subject_code": "soshjelpk",
            "licence": "CC BY 4.0",
            "region": {},
            "region_labels": {code: text(code) for code in ("EAK", "EAKUO", "EAB", "EKG")},
            "units": {"antall": text("antall")},
            "signs": {sign: text("sign") for sign in (".", "..", ":")},
            "descriptions": descriptions(),
        }
    )


SOURCES: Mapping[str, Any] = {
    "skjema11": {
        "dataset": "skjema11",
        "skjema": text("11F"),
        "persons": "rows",
        "population": {"utbetalt": {"from": "1"}},
    },
    "mottakere": {
        "dataset": "skjema11",
        "skjema": text("11F"),
        "persons": "rows",
        "national_only": "true",
        "population": {"utbetalt": {"from": "1"}},
    },
    "skjema7": {"dataset": "skjema7", "skjema": text("7")},
    "skjema12": {"dataset": "skjema12", "skjema": text("12")},
    "regnskap": {"dataset": "regnskap", "skjema": text("regnskap")},
    "befolkning": {"dataset": "befolkning", "skjema": text("befolkning")},
    "introduksjon": {
        "dataset": "introduksjon",
        "skjema": text("a-ordningen"),
        "persons": "values",
    },
}

TERMS: Mapping[str, Any] = {
    "tilfeller": {"source": "skjema11"},
    "utbetalt": {"source": "skjema11", "of": "utbetalt"},
    "innbyggere": {"source": "befolkning", "of": "PERSONER"},
    "f281": {"source": "regnskap", "of": "BELOEP", "where": {"FUNKSJON": "281"}},
}


def measure(code: str, decimals: int = 0, **formula: object) -> dict[str, object]:
    extra: dict[str, object] = {
        name: formula.pop(name) for name in ("counts", "rounds") if name in formula
    }
    return {
        "code": code,
        "label": text(code),
        "unit": "antall",
        "decimals": decimals,
        "formula": formula,
        **extra,
    }


def table(measures: Sequence[Mapping[str, object]], **keys: object) -> TableSpec:
    return TableSpec.model_validate(
        {
            "id": "t1",
            "skjema": "11",
            "source": "skjema11",
            "unit": "tilfelle",
            "title": text("Title"),
            "reference_period": text("Year"),
            "regions": ["kommune", "fylke", "kostragruppe", "land", "land_uten_oslo"],
            "measures": measures,
            **keys,
        }
    )


def catalogue(*tables: TableSpec) -> Catalogue:
    documents = {spec.id: Document(f"{spec.id}.yaml", {}, {}) for spec in tables}
    documents["sources.yaml"] = Document("sources.yaml", {}, {})
    sources: Mapping[str, Source] = Sources.model_validate({"sources": SOURCES}).sources
    terms: Mapping[str, Term] = Terms.model_validate({"terms": TERMS}).terms
    return Catalogue(
        tables={spec.id: spec for spec in tables},
        discontinued={},
        sources=sources,
        terms=terms,
        codelists={},
        texts=texts(),
        calendar=CALENDAR,
        documents=documents,
        sha256={},
    )


SPECS = Path(__file__).parents[2] / "table_specs"
