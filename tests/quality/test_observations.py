"""Indicators against a naive reading of the same rows, and who is said to have reported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kostra_publish.checking import published_tables, round_inputs, rule_counts
from kostra_publish.cube.build import build
from kostra_publish.cube.plan import Plan
from kostra_publish.microdata import synth
from kostra_publish.quality.observations import Observations, observe
from kostra_publish.specs.catalogue import Catalogue, load
from tests.quality.rounds import SPECS
from tests.schedule import a_round

JUNE = a_round("2026-06")
MONTHS = [f"STMND_{month}" for month in range(1, 13)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    synth.write(folder, vintages=[2025], scale=0.03, filuttrekk=False)
    return folder


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(SPECS)


def observations(catalogue: Catalogue, data: Path, *only: str) -> Observations:
    tables = [catalogue.table(name) for name in only] or published_tables(catalogue, JUNE)
    plan = Plan(catalogue, tables, 2025, "june", indicators=catalogue.quality.indicators)
    inputs = round_inputs(plan, JUNE, str(data))
    counted = inputs.count(plan.sources, plan.population, plan.queries, with_controls=True)
    built = build(plan, counted.results, counted.statuses, inputs.file_names)
    return observe(plan, JUNE.name, built, counted, rule_counts(counted, 2025))


@pytest.fixture(scope="module")
def found(catalogue: Catalogue, data: Path) -> Observations:
    return observations(catalogue, data)


def rows(data: Path, dataset: str) -> Iterator[dict[str, Any]]:
    yield from pl.read_parquet(data / f"{dataset}_p2025_v2.parquet").iter_rows(named=True)


def summed(amounts: Iterator[tuple[str, float]]) -> Mapping[str, float]:
    result: dict[str, float] = defaultdict(float)
    for kommune, amount in amounts:
        result[kommune] += amount
    return result


def tilfeller(data: Path) -> Iterator[tuple[str, int, int]]:
    """Kommune, kroner and months of each tilfelle in the population of the statistics."""
    for row in rows(data, "skjema11"):
        months = sum(row[month] is not None for month in MONTHS)
        paid = (row["BIDRAG"] or 0) + (row["LAAN"] or 0)
        if months and paid > 0 and row["BOSIT"] != "6":
            yield row["KOMMUNE_NR"], paid, months


def f281(data: Path) -> Iterator[tuple[str, float]]:
    for row in rows(data, "regnskap"):
        if row["FUNKSJON"] != "281" or row["REGNSKAPSOMFANG"] != "B":
            continue
        if "010" <= row["ART"] <= "480" or row["ART"] == "590":
            yield row["KOMMUNE_NR"], row["BELOEP"]
        elif row["ART"] in {"690", "710", "729"}:
            yield row["KOMMUNE_NR"], -row["BELOEP"]


def in_kvp(data: Path) -> Iterator[tuple[str, float]]:
    """Participants by kommune, each once; who has more than one record has no bydel here."""
    seen = set()
    for row in rows(data, "skjema11c"):
        person = (row["KOMMUNE_NR"], row["PERSON_FODSELSNR"])
        if row["STATUS"] is not None and person not in seen:
            seen.add(person)
            yield row["KOMMUNE_NR"], 1


def test_indicators_are_what_a_naive_reading_gives(data: Path, found: Observations) -> None:
    people = ((row["KOMMUNE_NR"], row["PERSONER"]) for row in rows(data, "befolkning"))
    expected = {
        "innbyggere": summed(people),
        "tilfeller": summed((kommune, 1) for kommune, _, _ in tilfeller(data)),
        "utbetalt": summed((kommune, paid) for kommune, paid, _ in tilfeller(data)),
        "stoenadsmaaneder": summed((kommune, months) for kommune, _, months in tilfeller(data)),
        "f281": summed(f281(data)),
        "livsopphold_flyktninger": summed(
            (row["KOMMUNE_NR"], row["FLYKTNING_LIVSOPPHOLD"] or 0) for row in rows(data, "skjema7")
        ),
        "kvp_deltakere": summed(in_kvp(data)),
    }
    for name, of_kommune in expected.items():
        assert len(found.figures[name]) > 300
        for kommune, value in found.figures[name].items():
            assert value == pytest.approx(of_kommune.get(kommune, 0)), (name, kommune)


def test_who_has_not_reported_has_no_figure_and_none_is_zero(
    data: Path, found: Observations
) -> None:
    statuses = pl.read_parquet(data / "innrapportering_p2025_v2.parquet")
    for dataset, indicator in (("skjema11", "tilfeller"), ("skjema11c", "kvp_deltakere")):
        own = statuses.filter(SKJEMA=dataset)
        reports = found.reports[dataset]
        assert set(reports.missing) == set(own.filter(STATUS="mangler")["KOMMUNE_NR"])
        assert not set(reports.missing) & set(found.figures[indicator])
        for kommune in reports.none:
            assert found.figures[indicator][kommune] == 0
        assert set(reports.none) <= set(own.filter(STATUS="ingen")["KOMMUNE_NR"])
    assert "befolkning" not in found.reports


def test_an_indicator_asks_for_no_dataset_of_its_own(catalogue: Catalogue, data: Path) -> None:
    some = observations(catalogue, data, "12131")
    assert set(some.figures) == {"innbyggere", "innbyggere_18_24", "innbyggere_18_66"}
    assert set(some.reports) == {"skjema12"}


def test_definitions_tell_terms_populations_and_conditions_apart(found: Observations) -> None:
    definitions = found.definitions
    assert definitions["utbetalt"].datasets == ("skjema11",)
    assert definitions["f281"].datasets == ("regnskap",)
    assert len({one.sha256 for one in definitions.values()}) == len(definitions)
