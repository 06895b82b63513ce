"""A synthetic package, as it is before it is files: cells with signs, and anonymous rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from kostra_publish.nav.package import Column, Gate, HandedOver, MissingReport, Package
from kostra_publish.specs.delivery import Delivery
from kostra_publish.specs.models import Language, Text

KOMMUNER = {
    "0301": "Oslo",
    "1124": "Sola",
    "1103": "Stavanger",
    "5610": "Kárášjohka – Karasjok",
}
SIGNS = {".": "Ikke mulig å oppgi tall", "..": "Tallgrunnlag mangler", ":": "Vises ikke"}


def same(words: str) -> Text:
    return Text(nb=words, nn=words, en=words)


def labels(codes: dict[str, str]) -> dict[str, Text]:
    return {code: same(words) for code, words in codes.items()}


AGES = [
    {
        "code": "under-30",
        "label": same("Under 30 år"),
        "parts": [
            {"code": "18-24", "label": same("18–24 år"), "values": [{"from": "18", "to": "24"}]},
            {"code": "25-29", "label": same("25–29 år"), "values": [{"from": "25", "to": "29"}]},
        ],
    },
    {"code": "30-66", "label": same("30–66 år"), "values": [{"from": "30", "to": "66"}]},
]
MONTHS = [
    {"code": "1-5", "label": same("1–5 måneder"), "values": [{"from": "1", "to": "5"}]},
    {"code": "6-12", "label": same("6–12 måneder"), "values": [{"from": "6", "to": "12"}]},
]


def delivery(language: Language = "nb", **changed: Any) -> Delivery:
    """What is handed over to a receiver that does not exist."""
    content: dict[str, Any] = {
        "id": "soshjelp-nav",
        "title": Text(
            nb="Økonomisk sosialhjelp", nn="Økonomisk sosialhjelp", en="Social assistance"
        ),
        "provisional": True,
        "language": language,
        "sender": {"name": "Avsender", "contact": "Seksjon for levekår", "email": "fra@example.no"},
        "receiver": {"name": "Mottaker", "contact": "Analyse", "email": "til@example.no"},
        "purpose": Text(
            nb="Analyse av hvem som får økonomisk sosialhjelp, og hvor lenge.",
            nn="Analyse av kven som får økonomisk sosialhjelp, og kor lenge.",
            en="Analysis of who receives social assistance, and for how long.",
        ),
        "legal_basis": Text(
            nb="Avtale om anonyme data.", nn="Avtale om anonyme data.", en="Agreement on such data."
        ),
        "keep_months": 24,
        "rounds": ["march", "june"],
        "datasets": [
            {
                "id": "celler",
                "profile": "aggregat",
                "title": Text(nb="Tall fra tabeller", nn="Tal frå tabellar", en="Table figures"),
                "tables": ["13995"],
            },
            {
                "id": "tilfeller",
                "profile": "mikro-anonym",
                "title": Text(nb="Tilfeller", nn="Tilfelle", en="Cases"),
                "source": "stoenad",
                "unit": Text(nb="et tilfelle", nn="eit tilfelle", en="a case"),
                "table": "13995",
                "total": "KOSmottakere0000",
                "region": {"rows": [20, 40], "sizes": [5000, 20000]},
                "variables": [
                    {
                        "name": "alder",
                        "variable": "ALDER",
                        "role": "quasi_identifier",
                        "label": Text(nb="Alder", nn="Alder", en="Age"),
                        "ladder": AGES,
                    },
                    {
                        "name": "stoenadstid",
                        "variable": "STOENADSTID",
                        "role": "sensitive",
                        "label": Text(nb="Stønadstid", nn="Stønadstid", en="Months of support"),
                        "ladder": MONTHS,
                    },
                ],
            },
        ],
    }
    return Delivery.model_validate(content | changed)


def cells() -> HandedOver:
    """Cells with counts, figures and signs."""
    frame = pl.DataFrame(
        {
            "region": [*KOMMUNER] * 2,
            "kjonn": ["1"] * 4 + ["2"] * 4,
            "mottakere": [1200, 4, 17, 31, 1100, 9, 12, 40],
            "stoenad": [1234.5, None, 117.0, None, 0.25, 8.5, None, -3.0],
            "tegn": [None, ":", None, "..", None, None, ".", None],
        }
    )
    return HandedOver(
        id="celler",
        profile="aggregat",
        title=Text(nb="Tall fra tabeller", nn="Tal frå tabellar", en="Table figures"),
        unit=Text(nb="en celle", nn="ei celle", en="a cell"),
        columns=[
            Column(
                "region",
                Text(nb="Region", nn="Region", en="Region"),
                "code",
                codes=labels(KOMMUNER),
            ),
            Column("kjonn", Text(nb="Kjønn", nn="Kjønn", en="Sex"), "code"),
            Column("mottakere", Text(nb="Mottakere", nn="Mottakarar", en="Recipients"), "count"),
            Column(
                "stoenad",
                Text(nb="Stønad", nn="Stønad", en="Support"),
                "number",
                note=same("1000 kr"),
            ),
            Column("tegn", Text(nb="Tegn", nn="Teikn", en="Sign"), "code", codes=labels(SIGNS)),
        ],
        frame=frame.sort("region", "kjonn", "mottakere", "stoenad", "tegn"),
    )


def records(rows: int = 300) -> HandedOver:
    """Anonymous rows, each like many others."""
    ages = {
        "18-24": "18–24 år",
        "25-29": "25–29 år",
        "30-66": "30–66 år",
        "under-30": "Under 30 år",
    }
    months = {"1-5": "1–5 måneder", "6-12": "6–12 måneder", "alle": "Ikke oppgitt"}
    frame = pl.DataFrame(
        {
            "region": [[*KOMMUNER][row % 4] for row in range(rows)],
            "alder": [[*ages][row // 4 % 4] for row in range(rows)],
            "stoenadstid": [[*months][row // 16 % 3] for row in range(rows)],
        }
    )
    region = Text(nb="Region", nn="Region", en="Region")
    age = Text(nb="Alder", nn="Alder", en="Age")
    time = Text(nb="Stønadstid", nn="Stønadstid", en="Months of support")
    return HandedOver(
        id="tilfeller",
        profile="mikro-anonym",
        title=Text(nb="Tilfeller", nn="Tilfelle", en="Cases"),
        unit=Text(nb="et tilfelle", nn="eit tilfelle", en="a case"),
        columns=[
            Column("region", region, "code", "quasi_identifier", labels(KOMMUNER)),
            Column("alder", age, "code", "quasi_identifier", labels(ages)),
            Column("stoenadstid", time, "code", "sensitive", labels(months)),
        ],
        frame=frame.sort(frame.columns),
    )


def gates(dataset: str) -> list[Gate]:
    return [
        Gate("k", dataset, True, ">= 4 rows", "4 rows in the smallest of 16 classes"),
        Gate("l", dataset, True, ">= 2 values", "2 values in the least varied of 16 classes"),
        Gate("t", dataset, True, "reported", "0.31 at most"),
        Gate("reconciliation", dataset, True, "all equal", "12 of 12 cells"),
    ]


def package(language: Language = "nb", **changed: Any) -> Package:
    """The second version of a package that NAV might get; all of it is synthetic."""
    found = Package(
        name="soshjelp-nav_p2025_v2",
        delivery=delivery(language),
        version=2,
        previous="soshjelp-nav_p2025_v1",
        release="2026-06",
        year=2025,
        published=datetime(2026, 6, 15, 6, 0, tzinfo=UTC),
        delete_on=date(2028, 6, 15),
        preliminary=True,
        synthetic=True,
        datasets=[cells(), records()],
        missing=[
            MissingReport("5634", "Vardø"),
            MissingReport("5436", "Porsanger – Porsáŋgu – Porsanki"),
        ],
        gates=[Gate("published", "celler", True, "0 or >= 4", "0"), *gates("tilfeller")],
        loss={"tilfeller": {"region": 0.125, "alder": 0.4, "stoenadstid": 0.0}},
        generalised={"tilfeller": 0.375},
        reconciliation=pl.DataFrame(
            {
                "dataset": ["celler", "tilfeller"],
                "table": ["13995", "13995"],
                "region_level": ["kommune", "land"],
                "cells": [8, 1],
                "equal": [8, 1],
                "handed_over": [2413, 300],
                "published": [2413, 300],
            }
        ),
        changes=pl.DataFrame(
            {
                "dataset": ["tilfeller"],
                "region": ["1124"],
                "column": ["alder"],
                "value": ["30-66"],
                "before": [24],
                "now": [20],
            }
        ),
        versions={"polars": "2.1.0", "kostra-publish": "1.0.0"},
    )
    return replace(found, **changed)
