"""Tables that were really published, given back from microdata that they were expanded to.

Every person in a printed table becomes records of skjema 11; the national tables are then
made of them by the specs in table_specs/. Sources: ssb.no, tables of soshjelpk as named in
``published/SOURCES.md``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kostra_publish.codes import regions as codes
from kostra_publish.cube.build import build
from kostra_publish.cube.cube import Cube
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.primary import protect
from kostra_publish.disclosure.safe import SafeCube, VintageFacts
from kostra_publish.microdata.contracts import contract
from kostra_publish.microdata.variables import source_frame
from kostra_publish.specs.catalogue import Catalogue, load
from tests.schedule import a_round

YEAR = 2025
PRINTED = Path(__file__).parent / "published"
NO_PHASE, UNKNOWN = "", "UOPPGITT"
KOMMUNER = codes.kommuner(YEAR)["kommune"].to_list()

# Familiefase as printed: (code, sex, age, couple, children).
PHASES: Mapping[str, tuple[str, str, int, str, str]] = {
    "Enslige menn -19": ("EM-19", "1", 19, "1", "2"),
    "Enslige menn 20-24": ("EM20-24", "1", 24, "1", "2"),
    "Enslige menn 25-44": ("EM25-44", "1", 30, "1", "2"),
    "Enslige menn 45-66": ("EM45-66", "1", 66, "4", "2"),
    "Enslige menn 67+": ("EM67+", "1", 67, "5", "2"),
    "Enslige kvinner -19": ("EK-19", "2", 18, "1", "2"),
    "Enslige kvinner 20-24": ("EK20-24", "2", 20, "1", "2"),
    "Enslige kvinner 25-44": ("EK25-44", "2", 44, "4", "2"),
    "Enslige kvinner 45-66": ("EK45-66", "2", 45, "5", "2"),
    "Enslige kvinner 67+": ("EK67+", "2", 80, "5", "2"),
    "Enslige m barn menn": ("EBM", "1", 35, "4", "1"),
    "Enslige m barn kvinner": ("EBK", "2", 35, "4", "1"),
    "Par uten barn <18": ("PUB", "1", 50, "2", "2"),
    "Par med barn <18": ("PMB", "2", 30, "3", "1"),
}
SUMS = {
    "Enslige menn i alt": "EM",
    "Enslige kvinner i alt": "EK",
    "Enslige m barn <18 i alt": "EB",
    "I alt": "00",
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(Path(__file__).parents[2] / "table_specs")


def printed(name: str) -> list[dict[str, str]]:
    with (PRINTED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def person(
    sex: str, age: int | None, couple: str | None, children: str | None, **values: Any
) -> dict[str, Any]:
    return {
        "KJONN": sex,
        "FODSELSDATO": age,
        "EKTSTAT": couple,
        "BU18": children,
        "kommuner": 1,
        "months": 1,
        **values,
    }


def tilfeller(groups: Iterator[tuple[int, dict[str, Any]]]) -> pl.LazyFrame:
    """Records of skjema 11 for ``count`` persons of each kind, each in its kommuner."""
    counts, kinds = zip(*((count, kind) for count, kind in groups if count), strict=True)
    people = (
        pl.DataFrame([*kinds], infer_schema_length=None)
        .with_columns(pl.Series("count", counts))
        .select(pl.all().repeat_by("count").explode())
        .drop("count")
        .with_row_index("person")
    )
    rows = people.with_columns(pl.int_ranges(pl.col("kommuner")).alias("place")).explode("place")
    columns = contract("skjema11", YEAR).schema
    given: dict[str, pl.Series] = {
        "KOMMUNE_NR": pl.Series(KOMMUNER[1:]).gather(rows["place"].cast(pl.UInt32)),
        "PERSON_JOURNALNR": rows["person"].cast(pl.String).str.zfill(8),
        # Persons without fødselsnummer; the DUF tells who is the same.
        "PERSON_DUF": "2" + rows["person"].cast(pl.String).str.zfill(11),
        "FODSELSDATO": rows.select(pl.date(YEAR - pl.col("FODSELSDATO"), 7, 1)).to_series(),
        "BIDRAG": pl.Series([1000]).repeat_by(rows.height).explode(),
        "LAAN": pl.Series([0]).repeat_by(rows.height).explode(),
        "BOSIT": pl.Series(["1"]).repeat_by(rows.height).explode(),
        **{
            f"STMND_{month}": pl.select(
                pl.when(rows["months"] >= month).then(pl.lit(f"{month:02}"))
            ).to_series()
            for month in range(1, 13)
        },
    }
    attributes: dict[str, pl.Series] = {
        name: rows[name]
        for name in ("KJONN", "EKTSTAT", "BU18", "VKLO", "ARBSIT", "TRYGDESIT")
        if name in rows.columns
    }
    known = pl.DataFrame(attributes | given)
    return known.lazy().select(
        (pl.col(name) if name in known.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in columns.items()
    )


def made(catalogue: Catalogue, table_id: str, frame: pl.LazyFrame) -> Cube:
    table = catalogue.tables[table_id]
    plan = Plan(catalogue, [table], YEAR, "june")
    raw = {
        "skjema11": frame,
        "befolkning": pl.LazyFrame(
            {
                "AARGANG": [YEAR] * len(KOMMUNER),
                "KOMMUNE_NR": KOMMUNER,
                "BYDELSNR": [None] * len(KOMMUNER),
                "KJONN": ["1"] * len(KOMMUNER),
                "ALDER": ["67+"] * len(KOMMUNER),
                "PERSONER": [1000] * len(KOMMUNER),
            },
            schema_overrides={"BYDELSNR": pl.String},
        ),
    }
    frames = {
        name: source_frame(name, raw, YEAR, plan.population(name) if name == "mottakere" else None)
        for name in ("mottakere", "skjema11", "befolkning")
    }
    results = pl.collect_all(plan.queries(frames), engine="streaming")
    [cube] = build(plan, results, None, {name: name for name in plan.datasets}).cubes
    return cube


def published(cube: Cube) -> SafeCube:
    facts = VintageFacts(
        vintage=YEAR,
        round="2026-06",
        published=a_round("2026-06").updated,
        preliminary=False,
        synthetic=True,
    )
    return protect(cube, facts)


def counts(cube: SafeCube, measure: str) -> dict[tuple[str, str], float | str]:
    """The figure (or sign) of each pair of categories for the country."""
    one, other = (dimension.code for dimension in cube.dimensions[1:3])
    rows = cube.frame().filter(pl.col("ContentsCode") == measure)
    return {
        (row[one], row[other]): row["status"] if row["value"] is None else row["value"]
        for row in rows.to_dicts()
    }


def shown(count: int) -> float | str:
    """What may be published of a count."""
    return ":" if 1 <= count <= 3 else float(count)


def by_phase(name: str, columns: Mapping[str, str | None]) -> list[tuple[str, dict[str, int]]]:
    """The printed base phases; persons that only the printed total has are of no phase."""
    rows = {
        row["familiefase"]: {column: int(row[column]) for column in columns}
        for row in printed(name)
    }
    base = [(phase, rows[phase]) for phase in PHASES if phase in rows]
    rest = {
        column: rows["I alt"][column] - sum(counts[column] for _, counts in base)
        for column in columns
    }
    return [*base, (NO_PHASE, rest)]


def expanded(
    phases: list[tuple[str, dict[str, int]]], columns: Mapping[str, str | None], variable: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    for phase, row in phases:
        known = PHASES.get(phase)
        _, sex, age, couple, children = known or (UNKNOWN, "1", 40, None, None)
        for column, category in columns.items():
            values: dict[str, Any] = {variable: category}
            yield row[column], person(sex, age, couple, children, **values)


def assert_printed(cube: SafeCube, name: str, columns: Mapping[str, str]) -> None:
    """Every printed cell that can be read is in the cube, small ones as signs."""
    found = counts(cube, "Mottakere")
    for row in printed(name):
        phase = row["familiefase"]
        code = PHASES[phase][0] if phase in PHASES else SUMS[phase]
        for column, category in columns.items():
            assert found[code, category] == shown(int(row[column])), (phase, column)


MAIN_SOURCE = {
    "arbeidsinntekt": "1",
    "amt_kursstoenad": "2",
    "trygd_pensjon": "3",
    "stipend_laan": "4",
    "sosialhjelp": "5",
    "introduksjonsstoenad": "6",
    "annen": "9",
}
WORK = {
    "arbeid_heltid": "01",
    "arbeid_deltid": "02",
    "utdanning": "03",
    "ikke_arbeidssoeker": "04",
    "statlig_amt": "05",
    "kommunalt_tiltak": "06",
    "arbeidsloes": "07",
    "introkurs": "09",
    "kvp": "10",
}


def test_main_source_by_familiefase_2007(catalogue: Catalogue) -> None:
    name = "main_income_by_family_phase_2007.csv"
    columns = {**MAIN_SOURCE, "uoppgitt": None}
    frame = tilfeller(expanded(by_phase(name, columns), columns, "VKLO"))
    cube = published(made(catalogue, "nasjonal-familiefase-viktigste-kilde", frame))
    assert_printed(cube, name, {**MAIN_SOURCE, "i_alt": "00"})


def test_shares_by_main_source_2007(catalogue: Catalogue) -> None:
    """44 per cent had sosialhjelp as their main source (48 584 of 109 608)."""
    columns = {**MAIN_SOURCE, "uoppgitt": None}
    phases = by_phase("main_income_by_family_phase_2007.csv", columns)
    frame = tilfeller(expanded(phases, columns, "VKLO"))
    found = counts(
        published(made(catalogue, "nasjonal-familiefase-viktigste-kilde", frame)), "Mottakere"
    )
    share = 100 * float(found["00", "5"]) / float(found["00", "00"])
    assert round(share, 1) == 44.3


def test_work_situation_by_familiefase_2009(catalogue: Catalogue) -> None:
    name = "work_situation_by_family_phase_2009.csv"
    columns = {**WORK, "uoppgitt": None}
    phases = by_phase(name, columns)
    # The row that could not be read: all 881 were not looking for work.
    unread = dict.fromkeys(columns, 0) | {"ikke_arbeidssoeker": 881}
    phases[-1][1]["ikke_arbeidssoeker"] -= 881
    phases.append(("Enslige kvinner 67+", unread))
    frame = tilfeller(expanded(phases, columns, "ARBSIT"))
    cube = published(made(catalogue, "nasjonal-familiefase-arbeidssituasjon", frame))
    assert_printed(cube, name, {**WORK, "i_alt": "00"})
    assert counts(cube, "Mottakere")["EK67+", "04"] == 881


AGES = {
    "-19": 18,
    "20-24": 22,
    "25-29": 29,
    "30-39": 30,
    "40-49": 45,
    "50-59": 59,
    "60-66": 60,
    "67+": 90,
}


def test_recipients_by_age_and_number_of_kommuner_2009(catalogue: Catalogue) -> None:
    rows = printed("recipients_by_age_n_municipalities_2009.csv")
    columns = {"en_kommune": 1, "to": 2, "tre_pluss": 4}
    known = [row for row in rows if row["alder"] != "I alt"]
    unknown = {
        column: int(rows[0][column]) - sum(int(row[column]) for row in known) for column in columns
    }
    groups = [
        (int(row[column]), person("1", AGES[row["alder"]], "1", "2", kommuner=number))
        for row in known
        for column, number in columns.items()
    ]
    # Three persons of unknown age are in the printed total alone.
    groups += [
        (unknown[column], person("1", None, "1", "2", kommuner=number))
        for column, number in columns.items()
    ]
    cube = published(made(catalogue, "nasjonal-alder-kommuner", tilfeller(iter(groups))))
    found = counts(cube, "Mottakere")
    printed_as = {
        "i_alt": "00",
        "en_kommune": "1",
        "flere_kommuner": "2-",
        "to": "2",
        "tre_pluss": "3-",
    }
    for row in rows:
        age = "999" if row["alder"] == "I alt" else row["alder"]
        for column, category in printed_as.items():
            assert found[age, category] == shown(int(row[column])), (age, column)


def test_months_2016(catalogue: Catalogue) -> None:
    """Counts by number of months, and the mean that was printed: 5.1 months."""
    [row] = printed("duration_national_2016.csv")
    groups = (
        (int(row[f"mnd_{months}"]), person("1", 40, "1", "2", months=months))
        for months in range(1, 13)
    )
    cube = published(made(catalogue, "nasjonal-familiefase-maaneder", tilfeller(groups)))
    found = counts(cube, "Mottakere")
    for months in range(1, 13):
        assert found["00", f"{months:02}"] == int(row[f"mnd_{months}"])
    assert counts(cube, "GjStonadsmnd")["00", "00"] == 5.1
