"""What tables say beside figures: every kind of change is told, once, and nothing is unseen."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kostra_publish.comparing import Asked, compare, read_release
from kostra_publish.comparing.metadata import compared
from kostra_publish.outputs import jsonstat
from kostra_publish.outputs.comparison import words
from kostra_publish.outputs.comparison.facts import SaidChange
from kostra_publish.outputs.comparison.tallies import same_said
from kostra_publish.specs.dimensions import KOMMUNE_REGION, CubeDimension
from kostra_publish.specs.models import LANGUAGES, Break, Language, Note, Scope, Text
from tests.comparing.pairs import MEASURES, filled, made, publish, with_words
from tests.cubes import catalogue, cube, dimensions, facts, measure, table, text
from tests.schedule import release_facts

REGIONS = {"0301": "Oslo", "3103": "Moss", "EAK": "Landet"}
SEX = CubeDimension(
    "Kjonn", "classification", text("kjønn"), ("0", "1"), (text("Alle"), text("Menn")), total="0"
)
NOTE = Note(text=text("Tall for Moss er ikke med i landet."), mandatory=True)
OTHER = Note(text=text("Alle beløp er i kroner."))
OF_MOSS = Note(text=text("Moss teller for to."), scope=Scope(regions=["3103"]))
BREAK = Break(vintage=2025, text=text("Ny definisjon."))

Heads = dict[Language, Any]


def heads(
    *,
    regions: Mapping[str, str] | Sequence[CubeDimension] = REGIONS,
    years: Sequence[int] = (2024, 2025),
    sex: Sequence[CubeDimension] = (SEX,),
    measures: Sequence[Any] = MEASURES,
    published: Mapping[str, Any] | None = None,
    shared: Mapping[str, Any] | None = None,
    when: str = "2026-06",
    **spec: Any,
) -> Heads:
    """The heads of a table's documents, as they are written."""
    described = table("13995", measures, **{"notes": [NOTE, OTHER, OF_MOSS], **spec})
    if isinstance(regions, Mapping):
        dims = dimensions(described, years, regions, sex)
    else:
        dims = [*regions, *dimensions(described, years, {}, sex)[1:]]
    last = facts(years[-1], **{"round": "2026-06", "synthetic": False, **(published or {})})
    vintages = [*(facts(year, synthetic=False) for year in years[:-1]), last]
    made_of = cube(described, dims, vintages, cells=filled(dims, {}))
    known = with_words(catalogue([described]), **(shared or {}))
    release = release_facts(when)
    return {one: jsonstat.heading(made_of, known, one, release) for one in LANGUAGES}


TONGUES: tuple[words.Tongue, ...] = ("nb", "en")
Told = tuple[str, str, str, str, str]


def told(before: Heads, after: Heads) -> list[Told]:
    """Each change in words: kind, part, what it is about, before and after in its language."""
    return [in_words(change) for change in compared("13995", before, after)]


def in_words(change: SaidChange) -> Told:
    before, after = (
        words.said_first(texts, "en") if texts else "" for texts in (change.before, change.after)
    )
    return change.kind, words.part(change, "en"), words.about(change), before, after


def region(names: Mapping[str, Text], **changes: Any) -> list[CubeDimension]:
    label = changes.get("label", text(f"dimension {KOMMUNE_REGION}"))
    return [CubeDimension(KOMMUNE_REGION, "geo", label, tuple(names), tuple(names.values()))]


TITLE = "Title of 13995, etter dimension KOKkommuneregion0000, kjønn, dimension ContentsCode"
CASES: dict[str, tuple[dict[str, Any], list[Told]]] = {
    "nothing": ({}, []),
    "title": (
        {"title": text("Stønad")},
        [
            (
                "changed", "title", "",
                f"13995: {TITLE} og dimension Tid",
                f"13995: {TITLE.replace('Title of 13995', 'Stønad')} og dimension Tid",
            )
        ],
    ),
    "source": (
        {"shared": {"publisher": text("SSB")}},
        [("changed", "source", "", "publisher", "SSB")],
    ),
    "contact": (
        {"shared": {"contact": text("Ola")}},
        [("changed", "contact raw", "", "contact", "Ola")],
    ),
    "subject": (
        {"shared": {"subject_area": text("Helse")}},
        [("changed", "subject", "", "subject_area", "Helse")],
    ),
    "licence": (
        {"shared": {"licence": "NLOD"}},
        [("changed", "licence", "", "CC BY 4.0", "NLOD")],
    ),
    "official": (
        {"official": False},
        [("changed", "official statistics", "", "yes", "no")],
    ),
    "next update": (
        {"when": "2026-03"},
        [("changed", "next update", "", "2027-03-15T07:00:00Z", "2026-06-15T06:00:00Z")],
    ),
    "updated": (
        {"published": {"round": "2026-03"}},
        [
            ("changed", "updated", "", "2026-06-15T06:00:00Z", "2026-03-16T07:00:00Z"),
            ("changed", "published in 2025", "", "2026-06", "2026-03"),
        ],
    ),
    "preliminary": (
        {"published": {"preliminary": True}},
        [
            ("added", "preliminary vintages", "", "", "2025"),
            ("added", "note", "", "", "2025: preliminary"),
        ],
    ),
    "synthetic": (
        {"published": {"synthetic": True}},
        [
            ("changed", "official statistics", "", "yes", "no"),
            ("changed", "synthetic data", "", "no", "yes"),
            ("added", "note", "", "", "2025: synthetic"),
        ],
    ),
    "provisional": (
        {"provisional": True},
        [
            ("added", "not confirmed table", "", "", "13995"),
            ("added", "note", "", "", "provisional: 13995."),
        ],
    ),
    "break": (
        {"breaks": [BREAK]},
        [
            ("added", "break 2025", "", "", "Ny definisjon."),
            ("added", "note", "", "", "2025: Ny definisjon."),
        ],
    ),
    "note goes": (
        {"notes": [NOTE, OF_MOSS]},
        [("removed", "note", "", "Alle beløp er i kroner.", "")],
    ),
    "note comes": (
        {"notes": [NOTE, OTHER, OF_MOSS, Note(text=text("Noe helt nytt."))]},
        [("added", "note", "", "", "Noe helt nytt.")],
    ),
    "note in other words": (
        {"notes": [NOTE, OTHER.model_copy(update={"text": text("Alle beløp er i 1 000 kroner.")}),
                   OF_MOSS]},
        [("changed", "note", "", "Alle beløp er i kroner.", "Alle beløp er i 1 000 kroner.")],
    ),
    "note in other English words": (
        {"notes": [NOTE, OTHER.model_copy(update={"text": OTHER.text.model_copy(
            update={"en": "All in kroner."})}), OF_MOSS]},
        [
            ("changed", "note", "", "en: Alle beløp er i kroner. (en)", "en: All in kroner."),
        ],
    ),
    "note must not be shown": (
        {"notes": [NOTE.model_copy(update={"mandatory": False}), OTHER, OF_MOSS]},
        [("changed", "note must be shown", "", "yes", "no")],
    ),
    "notes in another order": (
        {"notes": [OTHER, NOTE, OF_MOSS]},
        [
            (
                "reordered", "note", "",
                "Tall for Moss er ikke med i landet., Alle beløp er i kroner.",
                "Alle beløp er i kroner., Tall for Moss er ikke med i landet.",
            )
        ],
    ),
    "note on a category": (
        {"notes": [NOTE, OTHER]},
        [("removed", "note", "3103 Moss", "Moss teller for to.", "")],
    ),
    "note on a category must be shown": (
        {"notes": [NOTE, OTHER, OF_MOSS.model_copy(update={"mandatory": True})]},
        [("changed", "note must be shown", "3103 Moss", "no", "yes")],
    ),
    "category comes": (
        {"regions": {"0301": "Oslo", "1580": "Haram", "3103": "Moss", "EAK": "Landet"}},
        [("added", "category", "1580 Haram", "", "Haram")],
    ),
    "category goes": (
        {"regions": {"3103": "Moss", "EAK": "Landet"}},
        [("removed", "category", "0301 Oslo", "Oslo", "")],
    ),
    "category is called something else": (
        {"regions": {"0301": "Oslo - Oslove", "3103": "Moss", "EAK": "Landet"}},
        [("changed", "name of category", "0301 Oslo - Oslove", "Oslo", "Oslo - Oslove")],
    ),
    "category is called something else in English": (
        {"regions": region({"0301": text("Oslo"), "3103": text("Moss"),
                            "EAK": Text(nb="Landet", nn="Landet (nn)", en="Norway")})},
        [("changed", "name of category", "EAK Landet", "en: Landet (en)", "en: Norway")],
    ),
    "categories in another order": (
        {"regions": {"3103": "Moss", "0301": "Oslo", "EAK": "Landet"}},
        [
            (
                "reordered", "order of categories",
                "KOKkommuneregion0000 dimension KOKkommuneregion0000",
                "0301, 3103", "3103, 0301",
            )
        ],
    ),
    "vintage comes": (
        {"years": (2023, 2024, 2025)},
        [
            ("added", "category", "2023", "", "2023"),
            ("added", "published in 2023", "", "", "2024-06"),
        ],
    ),
    "total": (
        {"sex": [CubeDimension(SEX.code, SEX.role, SEX.label, SEX.codes, SEX.labels)]},
        [
            ("changed", "may be left out", "Kjonn kjønn", "yes", "no"),
            ("removed", "total", "Kjonn kjønn", "0", ""),
        ],
    ),
    "unit": (
        {"measures": [MEASURES[0], measure("andel", decimals=1)]},
        [("changed", "unit", "andel Measure andel", "per cent", "number")],
    ),
    "decimals": (
        {"measures": [MEASURES[0], measure("andel", decimals=2, unit="prosent")]},
        [("changed", "decimals", "andel Measure andel", "1", "2")],
    ),
    "reference period": (
        {"reference_period": text("31. desember")},
        [
            ("changed", "reference period", "antall Measure antall", "Year", "31. desember"),
            ("changed", "measuring type", "antall Measure antall", "Flow", "Stock"),
            ("changed", "reference period", "andel Measure andel", "Year", "31. desember"),
            ("changed", "measuring type", "andel Measure andel", "Flow", "Stock"),
        ],
    ),
    "prices": (
        {"measures": [measure("antall", price_type="current"), MEASURES[1]]},
        [("changed", "price type", "antall Measure antall", "NotApplicable", "Current")],
    ),
    "layout": (
        {"presentation": {"heading": ["Kjonn", "Tid"]}},
        [
            ("added", "dimensions in the heading", "", "", "Kjonn"),
            ("removed", "dimensions in the stub", "", "Kjonn", ""),
        ],
    ),
    "dimension goes": (
        {"sex": []},
        [
            (
                "changed", "title", "",
                f"13995: {TITLE} og dimension Tid",
                f"13995: {TITLE.replace(', kjønn', '')} og dimension Tid",
            ),
            ("removed", "dimension", "Kjonn kjønn", "kjønn", ""),
            ("removed", "dimensions in the stub", "", "Kjonn", ""),
        ],
    ),
    "dimension is called something else": (
        {"sex": [CubeDimension(SEX.code, SEX.role, text("sex"), SEX.codes, SEX.labels, "0")]},
        [
            (
                "changed", "title", "",
                f"13995: {TITLE} og dimension Tid",
                f"13995: {TITLE.replace('kjønn', 'sex')} og dimension Tid",
            ),
            ("changed", "name of dimension", "Kjonn sex", "kjønn", "sex"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_change_is_told_once_and_in_words(case: str) -> None:
    changes, wanted = CASES[case]
    assert sorted(told(heads(), heads(**changes))) == sorted(wanted)


@pytest.mark.parametrize("case", CASES)
def test_the_other_way_round_what_came_goes(case: str) -> None:
    changes, wanted = CASES[case]
    back = {"added": "removed", "removed": "added"}
    found = told(heads(**changes), heads())
    assert sorted(kind for kind, *_ in found) == sorted(back.get(kind, kind) for kind, *_ in wanted)
    assert {part for _, part, *_ in found} == {part for _, part, *_ in wanted}


def test_notes_on_who_has_not_reported_are_known_by_how_they_begin() -> None:
    lists = [("Oslo, Moss, Halden", "Bamble"), ("Vega", "Bamble, Oslo, Moss")]
    before, after = (
        heads(notes=[
            Note(text=text(f"Oppgaver fra {form} mangler for: {names}"))
            for form, names in zip(("skjema 7", "regnskap"), named, strict=True)
        ])
        for named in lists
    )  # fmt: skip
    assert [(kind, old, new) for kind, _, _, old, new in told(before, after)] == [
        (
            "changed",
            "Oppgaver fra skjema 7 mangler for: Oslo, Moss, Halden",
            "Oppgaver fra skjema 7 mangler for: Vega",
        ),
        (
            "changed",
            "Oppgaver fra regnskap mangler for: Bamble",
            "Oppgaver fra regnskap mangler for: Bamble, Oslo, Moss",
        ),
    ]


# --- nothing is unseen ---


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every text, number and truth value of a document stands."""
    parts: Any = ()
    if isinstance(node, dict):
        parts = node.items()
    elif isinstance(node, list):
        parts = enumerate(node)
    else:
        yield path
    for key, part in parts:
        yield from leaves(part, (*path, key))


def with_another(document: Any, path: tuple[Any, ...]) -> Any:
    """The document with another value at one place."""
    result = copy.deepcopy(document)
    part = result
    for key in path[:-1]:
        part = part[key]
    value = part[path[-1]]
    if isinstance(value, bool):
        part[path[-1]] = not value
    else:
        part[path[-1]] = value + 7 if isinstance(value, int) else f"{value}!"
    return result


def without(document: Any, path: tuple[Any, ...]) -> Any:
    """The document without what stands at one place."""
    result = copy.deepcopy(document)
    part = result
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    return result


FULL = heads(
    breaks=[BREAK],
    provisional=True,
    presentation={"heading": ["Tid", "Kjonn"]},
    published={"preliminary": True, "synthetic": True},
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_value_can_change_in_any_language_unseen(language: Language) -> None:
    unseen = [
        path
        for path in leaves(FULL[language])
        for changed in (with_another(FULL[language], path), without(FULL[language], path))
        if not compared("13995", FULL, {**FULL, language: changed})
    ]
    assert unseen == []


def test_whatever_changed_can_be_put_in_words() -> None:
    for path in leaves(FULL["nb"]):
        changed = {**FULL, "nb": with_another(FULL["nb"], path)}
        for change in compared("13995", FULL, changed):
            for tongue in TONGUES:
                assert words.part(change, tongue)
            assert change.before or change.after
            assert json.dumps([change.before, change.after])


# --- whole releases ---


def test_tables_that_come_and_go_are_told_once(tmp_path: Path) -> None:
    one = publish(tmp_path, "2026-03", made(REGIONS, {}), made(REGIONS, {}, table_id="10509"))
    other = publish(tmp_path, "2026-06", made(REGIONS, {}), made(REGIONS, {}, table_id="14019"))
    found = compare(read_release(one), read_release(other)).said
    assert [(each.table, in_words(each)[:2]) for each in found] == [
        ("10509", ("removed", "table")),
        ("14019", ("added", "table")),
    ]
    assert found[0].before["nb"].startswith("10509: Title of 10509")


def test_what_the_list_of_tables_says_itself_is_told(tmp_path: Path) -> None:
    cubes = [made(REGIONS, {})]
    one = publish(tmp_path, "2026-03", *cubes)
    changed = with_words(catalogue([cubes[0].table]), subject_area=text("Helse"))
    other = publish(tmp_path, "2026-06", *cubes, words=changed, when="2026-06")
    found = compare(read_release(one), read_release(other)).said
    of_list = [in_words(each)[1:] for each in found if not each.table]
    assert of_list == [
        ("title", "", "subject_area", "Helse"),
        ("updated", "", "2026-03-16T07:00:00Z", "2026-06-15T06:00:00Z"),
        ("round", "", "2026-03", "2026-06"),
        ("next update", "", "2026-06-15T06:00:00Z", "2027-03-15T07:00:00Z"),
    ]


def test_the_same_change_of_several_tables_stands_once(tmp_path: Path) -> None:
    cubes = [made(REGIONS, {}, table_id=name) for name in ("10509", "13995", "14019")]
    one = publish(tmp_path, "2026-03", *cubes)
    changed = with_words(catalogue([each.table for each in cubes]), licence="NLOD")
    other = publish(tmp_path, "2026-06", *cubes, words=changed)
    found = compare(read_release(one), read_release(other))
    assert [(change.path[-1], tables) for change, tables in same_said(found)] == [
        ("licence", ["10509", "13995", "14019"])
    ]


def test_a_region_leaves_what_is_said_of_it(tmp_path: Path) -> None:
    one = publish(tmp_path, "2026-03", made(REGIONS, {}))
    other = publish(tmp_path, "2026-06", made({**REGIONS, "3103": "Moss by", "EAK": "Norge"}, {}))
    sides = read_release(one), read_release(other)
    assert len(compare(*sides).said) == 2
    (found,) = compare(*sides, Asked(region="3103")).said
    assert in_words(found)[2:] == ("3103 Moss by", "Moss", "Moss by")
