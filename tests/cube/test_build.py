from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kostra_publish.codes import regions as codes
from kostra_publish.cube.build import Built, build
from kostra_publish.cube.cube import Cube, State
from kostra_publish.cube.plan import Plan
from kostra_publish.errors import DataError, SpecError
from kostra_publish.specs.models import TableSpec
from tests.cube.oracle import Country, counted, fewest, same, total
from tests.cube.specs import catalogue, measure, table, text

YEAR = 2025
KOMMUNER = tuple(codes.kommuner(YEAR)["kommune"])
INHABITANTS = {kommune: 1000 + 37 * number for number, kommune in enumerate(KOMMUNER)}
Row = Mapping[str, Any]

SKJEMA11 = {
    "KOMMUNE_NR": pl.String,
    "BYDELSNR": pl.String,
    "KJONN": pl.String,
    "VKLO": pl.String,
    "alder": pl.Int64,
    "stoenadsmaaneder": pl.Int64,
    "utbetalt": pl.Int64,
}
POPULATION = {
    "KOMMUNE_NR": pl.String,
    "BYDELSNR": pl.String,
    "PERSONER": pl.Int64,
    "KJONN": pl.String,
}
ACCOUNTS = {"KOMMUNE_NR": pl.String, "FUNKSJON": pl.String, "ART": pl.String, "BELOEP": pl.Int64}


def population() -> pl.LazyFrame:
    rows = [
        {"KOMMUNE_NR": kommune, "BYDELSNR": None, "PERSONER": count, "KJONN": "1"}
        for kommune, count in INHABITANTS.items()
        if kommune != codes.OSLO
    ]
    share, rest = divmod(INHABITANTS[codes.OSLO], 15)
    rows += [
        {
            "KOMMUNE_NR": codes.OSLO,
            "BYDELSNR": f"{bydel:02}",
            "PERSONER": share + (rest if bydel == 1 else 0),
            "KJONN": "1",
        }
        for bydel in range(1, 16)
    ]
    return pl.LazyFrame(rows, schema=POPULATION)


def statuses(
    rows: Sequence[Row], missing: frozenset[str], dataset: str = "skjema11", *, bydeler: bool = True
) -> pl.DataFrame:
    present = {(row["KOMMUNE_NR"], row.get("BYDELSNR")) for row in rows}
    units: list[tuple[str, str | None]] = [
        (kommune, None) for kommune in KOMMUNER if kommune != codes.OSLO or not bydeler
    ]
    if bydeler:
        units += [(codes.OSLO, f"{bydel:02}") for bydel in range(1, 16)]

    def status(unit: tuple[str, str | None]) -> str:
        if unit[0] in missing:
            return "mangler"
        return "levert" if unit in present else "ingen"

    return pl.DataFrame(
        [
            {"SKJEMA": dataset, "KOMMUNE_NR": unit[0], "BYDELSNR": unit[1], "STATUS": status(unit)}
            for unit in units
        ],
        schema=dict.fromkeys(["SKJEMA", "KOMMUNE_NR", "BYDELSNR", "STATUS"], pl.String),
    )


def cubes(
    tables: Sequence[TableSpec],
    frames: Mapping[str, pl.LazyFrame],
    declared: pl.DataFrame | None,
    **plan_options: Any,
) -> Built:
    plan = Plan(catalogue(*tables), tables, YEAR, plan_options.pop("kind", "june"), **plan_options)
    every = {"befolkning": population(), **frames}
    results = pl.collect_all(plan.queries(every), engine="streaming")
    return build(plan, results, declared, {name: f"{name}.parquet" for name in every})


def cells(cube: Cube, code: str, *categories: str) -> dict[str, tuple[float, int, State]]:
    """By region: value, contributors and state of one measure."""
    shape = cube.shape
    regions, *inner, contents, _ = cube.dimensions
    index = [dimension.codes.index(c) for dimension, c in zip(inner, categories, strict=True)]
    place: Any = (slice(None), *index, contents.codes.index(code), 0)
    return {
        region: (float(value), int(units), State(state))
        for region, value, units, state in zip(
            regions.codes,
            cube.value.reshape(shape)[place],
            cube.contributors.reshape(shape)[place],
            cube.state.reshape(shape)[place],
            strict=True,
        )
    }


# --- against a naive oracle -------------------------------------------------------

# Oslo, three kommuner of one KOSTRA group, and two others in fylker of their own.
SOME = ("0301", "1101", "1119", "1120", "3401", "5603")

rows_of_skjema11 = st.lists(
    st.fixed_dictionaries(
        {
            "KOMMUNE_NR": st.sampled_from(SOME),
            "bydel": st.sampled_from(["01", "07", "15"]),
            "KJONN": st.sampled_from(["1", "2"]),
            "VKLO": st.sampled_from(["1", "3", "5"]),
            "alder": st.one_of(st.none(), st.integers(17, 70)),
            "stoenadsmaaneder": st.integers(1, 12),
            "utbetalt": st.integers(0, 5),
        }
    ),
    max_size=40,
)


def with_bydel(row: dict[str, Any]) -> Row:
    bydel = row.pop("bydel")
    return {**row, "BYDELSNR": bydel if row["KOMMUNE_NR"] == codes.OSLO else None}


MEASURES = [
    measure("all", kind="count"),
    measure("young", kind="count", where={"alder": {"from": "18", "to": "24"}}),
    measure("main", kind="count", where={"VKLO": ["3", "5"]}),
    measure("unknown_age", kind="count", where={"alder": {"given": "false"}}),
    measure("not_main", kind="count", where={"VKLO": {"not": "5"}}),
    measure("paid", kind="sum", of="utbetalt", factor="0.001"),
    measure("months", 1, kind="mean", of="stoenadsmaaneder"),
    measure("per_month", kind="mean", of="utbetalt", per="stoenadsmaaneder"),
    measure("men", 1, kind="share", where={"KJONN": "1"}, among={"VKLO": "5"}),
    measure(
        "per_1000",
        1,
        kind="rate",
        numerator="tilfeller",
        denominator="innbyggere",
        factor="1000",
    ),
    measure(
        "other",
        kind="difference",
        terms=["utbetalt", {"term": "tilfeller", "factor": "-2"}],
    ),
]  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(rows_of_skjema11, st.sets(st.sampled_from(SOME)))
def test_every_measure_and_region_is_what_a_naive_count_gives(
    generated: list[dict[str, Any]], missing: set[str]
) -> None:
    rows = [with_bydel(row) for row in generated if row["KOMMUNE_NR"] not in missing]
    frame = pl.LazyFrame(rows, schema=SKJEMA11)
    absent = frozenset(missing)
    [cube] = cubes([table(MEASURES)], {"skjema11": frame}, statuses(rows, absent)).cubes
    country = Country(YEAR, INHABITANTS, absent)
    paid = [row for row in rows if row["utbetalt"] > 0]
    for region in (*SOME, "EKA03", "EKA11", "EKA34", "EKA56", "EKG13", "EKG01", "EAK", "EAKUO"):
        expected = naive(country, region, paid)
        for code, (figure, units) in expected.items():
            value, contributors, state = cells(cube, code)[region]
            assert same(value, figure), (region, code)
            if state == State.FIGURE:
                assert contributors == units, (region, code)


def naive(
    country: Country, region: str, rows: Sequence[Row]
) -> dict[str, tuple[float | None, int]]:
    members = [one for one in country.members(region) if one not in country.missing]

    def number(keep: Any) -> float | None:
        return total(country, region, lambda kommune: counted(rows, [kommune], keep))

    def amount(name: str, keep: Any = lambda _row: True) -> float | None:
        return total(
            country,
            region,
            lambda kommune: sum(
                row[name] for row in rows if row["KOMMUNE_NR"] == kommune and keep(row)
            ),
        )

    def over(above: float | None, below: float | None, factor: float = 1) -> float | None:
        return factor * above / below if above is not None and below else None

    def units(keep: Any) -> int:
        return counted(rows, members, keep)

    def everyone(_row: Row) -> bool:
        return True

    keeps: dict[str, Any] = {
        "all": everyone,
        "young": lambda row: row["alder"] is not None and 18 <= row["alder"] <= 24,
        "main": lambda row: row["VKLO"] in {"3", "5"},
        "unknown_age": lambda row: row["alder"] is None,
        "not_main": lambda row: row["VKLO"] != "5",
    }

    def main(row: Row) -> bool:
        return bool(row["VKLO"] == "5")

    def both(row: Row) -> bool:
        return main(row) and row["KJONN"] == "1"

    everybody, months = units(everyone), amount("stoenadsmaaneder")
    people = country.people(country.members(region))
    money, cases = amount("utbetalt"), number(everyone)
    return {
        **{code: (number(keep), units(keep)) for code, keep in keeps.items()},
        "paid": (None if money is None else money * 0.001, everybody),
        "months": (over(months, cases), everybody),
        "per_month": (over(money, months), everybody),
        "men": (over(number(both), number(main), 100), fewest(units(both), units(main))),
        "per_1000": (over(cases, people, 1000), everybody),
        "other": (None if money is None or cases is None else money - 2 * cases, everybody),
    }


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(rows_of_skjema11)
def test_dimensions_split_what_the_whole_adds_up_to(generated: list[dict[str, Any]]) -> None:
    rows = [with_bydel(row) for row in generated]
    split = table(
        [measure("n", kind="count")],
        id="split",
        dimensions=[
            {
                "code": "Alder",
                "variable": "alder",
                "label": text("Alder"),
                "categories": [
                    {"code": "all", "label": text("all"), "values": "*"},
                    {"code": "-24", "label": text("young"), "values": {"to": "24"}},
                    {"code": "25+", "label": text("old"), "values": {"from": "25"}},
                ],
                "total": "all",
            },
            {
                "code": "Kjonn",
                "variable": "KJONN",
                "label": text("Kjønn"),
                "categories": [
                    {"code": "0", "label": text("both"), "values": ["1", "2"]},
                    {"code": "1", "label": text("men")},
                    {"code": "2", "label": text("women")},
                ],
            },
        ],
    )
    frame = pl.LazyFrame(rows, schema=SKJEMA11)
    [cube] = cubes([split], {"skjema11": frame}, statuses(rows, frozenset())).cubes
    paid = [row for row in rows if row["utbetalt"] > 0]
    for age in ("all", "-24", "25+"):
        for sex in ("0", "1", "2"):
            for region, members in (("EAK", SOME), ("1101", ("1101",)), ("EAKUO", SOME[1:])):
                expected = counted(paid, members, lambda row: _in(row, age, sex))  # noqa: B023
                value, units, _ = cells(cube, "n", age, sex)[region]
                assert (value, units) == (expected, expected)


def _in(row: Row, age: str, sex: str) -> bool:
    years = row["alder"]
    fits_age = age == "all" or (years is not None and (years <= 24) == (age == "-24"))
    return fits_age and sex in {"0", row["KJONN"]}


# --- who has reported -------------------------------------------------------------


def tilfelle(kommune: str, bydel: str | None = None, **values: Any) -> Row:
    row = {"KJONN": "1", "VKLO": "5", "alder": 30, "stoenadsmaaneder": 2, "utbetalt": 100}
    return {"KOMMUNE_NR": kommune, "BYDELSNR": bydel, **row, **values}


def one_table(rows: Sequence[Row], not_reported: frozenset[str], **keys: Any) -> Cube:
    frame = pl.LazyFrame(rows, schema=SKJEMA11)
    spec = table(MEASURES, **keys)
    [cube] = cubes([spec], {"skjema11": frame}, statuses(rows, not_reported)).cubes
    return cube


def test_no_recipients_is_zero_and_no_report_is_missing() -> None:
    cube = one_table([tilfelle("1101")], frozenset({"1103"}))
    found = cells(cube, "all")
    assert [found[kommune][2] for kommune in ("1101", "1119", "1103")] == [
        State.FIGURE,
        State.FIGURE,
        State.MISSING,
    ]
    assert [found[kommune][0] for kommune in ("1101", "1119")] == [1, 0]
    assert math.isnan(found["1103"][0])


def test_a_kommune_whose_rows_are_all_outside_the_population_has_reported_zero() -> None:
    cube = one_table([tilfelle("1101", utbetalt=0)], frozenset())
    assert cells(cube, "all")["1101"] == (0, 0, State.FIGURE)


def test_a_mean_over_nobody_is_not_applicable() -> None:
    cube = one_table([tilfelle("1101")], frozenset())
    assert cells(cube, "months")["1119"][2] == State.NOT_APPLICABLE


def test_all_kommuner_missing_but_one_gives_that_one_alone() -> None:
    cube = one_table([tilfelle("1101")], frozenset(KOMMUNER) - {"1101"})
    shown = {
        region for region, (_, _, state) in cells(cube, "all").items() if state == State.FIGURE
    }
    assert shown == {"1101"}


def test_sums_of_reporters_where_the_spec_says_so() -> None:
    cube = one_table([tilfelle("1101"), tilfelle("1119")], frozenset({"1103"}), missing="sum")
    assert cells(cube, "all")["EKA11"][0] == 2


def test_missing_reports_are_told_in_notes() -> None:
    cube = one_table([tilfelle("1101")], frozenset({"1103", "1119"}))
    listing, how = cube.notes
    assert listing.text.en == "11F en 2025 2 Stavanger (1103), Hå (1119) en"
    assert listing.text.nb == "11F nb 2025 2 Stavanger (1103), Hå (1119) nb"
    assert listing.scope.regions == ["1103", "1119"]
    assert how.mandatory
    assert "," in how.text.nb
    assert "." in how.text.en


def test_oslo_is_missing_until_every_bydel_has_reported() -> None:
    rows = [tilfelle("0301", "01"), tilfelle("0301", "02")]
    declared = statuses(rows, frozenset()).with_columns(
        STATUS=pl.when((pl.col("KOMMUNE_NR") == "0301") & (pl.col("BYDELSNR") == "09"))
        .then(pl.lit("mangler"))
        .otherwise("STATUS")
    )
    frame = pl.LazyFrame(rows, schema=SKJEMA11)
    by_bydel = table(MEASURES, id="bydel", regions=["bydel", "bydeler"])
    whole, bydeler = cubes([table(MEASURES), by_bydel], {"skjema11": frame}, declared).cubes
    assert cells(whole, "all")["0301"][2] == State.MISSING
    assert cells(whole, "all")["EKG13"][2] == State.MISSING
    assert cells(bydeler, "all")["030101"][:2] == (1, 1)
    assert cells(bydeler, "all")["030103"][:2] == (0, 0)
    assert cells(bydeler, "all")["030109"][2] == State.MISSING
    assert cells(bydeler, "all")["EAB"][2] == State.MISSING


def test_without_a_list_of_reports_a_kommune_without_rows_is_missing() -> None:
    rows = [tilfelle("1101"), *(tilfelle("0301", f"{bydel:02}") for bydel in range(1, 16))]
    frame = pl.LazyFrame(rows, schema=SKJEMA11)
    [cube] = cubes([table(MEASURES)], {"skjema11": frame}, None).cubes
    found = cells(cube, "all")
    assert found["1101"][2] == State.FIGURE
    assert found["0301"][0] == 15
    assert found["1103"][2] == State.MISSING


@pytest.mark.parametrize(
    ("status", "rule"), [("mangler", "there are rows"), ("ingen", "there are rows")]
)
def test_reports_that_contradict_the_rows_are_errors(status: str, rule: str) -> None:
    rows = [tilfelle("1101")]
    declared = statuses(rows, frozenset()).with_columns(
        STATUS=pl.when(pl.col("KOMMUNE_NR") == "1101").then(pl.lit(status)).otherwise("STATUS")
    )
    with pytest.raises(DataError, match=rule) as caught:
        cubes([table(MEASURES)], {"skjema11": pl.LazyFrame(rows, schema=SKJEMA11)}, declared)
    assert caught.value.findings[0].where == "kommune 1101"


def test_delivered_without_rows_is_an_error() -> None:
    declared = statuses([tilfelle("1101")], frozenset())
    frame = pl.LazyFrame([tilfelle("1119")], schema=SKJEMA11)
    with pytest.raises(DataError, match="says levert, but there are no rows"):
        cubes([table(MEASURES)], {"skjema11": frame}, declared)


def test_a_kommune_without_inhabitants_is_an_error() -> None:
    people = population().filter(pl.col("KOMMUNE_NR") != "1101")
    with pytest.raises(DataError, match="kommune 1101"):
        cubes(
            [table(MEASURES)],
            {"skjema11": pl.LazyFrame([], schema=SKJEMA11), "befolkning": people},
            statuses([], frozenset()),
        )


# --- former regions, rounds and other sources -------------------------------------


def test_former_regions_are_there_for_carried_vintages_with_their_years() -> None:
    rows = [tilfelle("1101")]
    [cube] = cubes(
        [table(MEASURES)],
        {"skjema11": pl.LazyFrame(rows, schema=SKJEMA11)},
        statuses(rows, frozenset()),
        carried={"t1": frozenset({2023})},
    ).cubes
    region = cube.dimensions[0]
    labels = dict(zip(region.codes, region.labels, strict=True))
    assert labels["3002"].nb == "Moss (2020-2023)"
    assert labels["EKA30"].nb == "Viken (2020-2023)"
    assert labels["3103"].nb == "Moss"
    assert cells(cube, "all")["3002"][2] == State.NOT_APPLICABLE


def test_a_measure_that_is_off_in_march_is_missing_then() -> None:
    spec = table(
        [measure("june_only", kind="count", rounds=["june"]), measure("both", kind="count")]
    )
    rows = [tilfelle("1101")]
    frames = {"skjema11": pl.LazyFrame(rows, schema=SKJEMA11)}
    [march] = cubes([spec], frames, statuses(rows, frozenset()), kind="march").cubes
    [june] = cubes([spec], frames, statuses(rows, frozenset()), kind="june").cubes
    assert cells(march, "june_only")["1101"][2] == State.MISSING
    assert cells(march, "both")["1101"][2] == State.FIGURE
    assert cells(june, "june_only")["1101"][2] == State.FIGURE


def test_a_sum_counts_those_with_an_amount_as_contributors() -> None:
    frame = pl.LazyFrame(
        [
            {"KOMMUNE_NR": "1101", "BYDELSNR": None, "utbetalt": 500, "LAAN": amount}
            for amount in (0, 0, 0, 700, None)
        ]
    )
    spec = table([measure("laan", kind="sum", of="LAAN")])
    rows = [tilfelle("1101")]
    [cube] = cubes([spec], {"skjema11": frame}, statuses(rows, frozenset())).cubes
    assert cells(cube, "laan")["1101"][:2] == (700, 1)


def test_a_figure_is_copied_and_averaged_over_those_who_gave_it() -> None:
    frame = pl.LazyFrame(
        {
            "KOMMUNE_NR": [kommune for kommune in KOMMUNER if kommune != "1144"],
            "SATS_ENSLIG": [
                None if kommune == "1151" else 6000 + 10 * (kommune == "1101")
                for kommune in KOMMUNER
                if kommune != "1144"
            ],
        },
        schema={"KOMMUNE_NR": pl.String, "SATS_ENSLIG": pl.Int64},
    )
    spec = table(
        [
            measure("rate", kind="figure", of="SATS_ENSLIG", across="mean"),
            measure("own", kind="figure", of="SATS_ENSLIG"),
        ],
        source="skjema12",
        unit="kommune",
        unit_reason="rates",
    )
    [cube] = cubes([spec], {"skjema12": frame}, None).cubes
    rate, own = cells(cube, "rate"), cells(cube, "own")
    assert rate["1101"][0] == own["1101"][0] == 6010
    assert rate["1144"][2] == rate["1151"][2] == State.MISSING
    members = Country(YEAR, INHABITANTS, frozenset()).members("EKA11")
    reporters = len(members) - 2
    assert rate["EKA11"][0] == pytest.approx(6000 + 10 / reporters)
    assert own["EKA11"][2] == State.NOT_APPLICABLE
    assert rate["1101"][1] == -1


def test_a_difference_with_another_source_takes_the_fewest_persons_behind_it() -> None:
    rows = [tilfelle("1101"), tilfelle("1101"), *(tilfelle("1119") for _ in range(5))]
    accounts = pl.LazyFrame(
        {
            "KOMMUNE_NR": KOMMUNER,
            "FUNKSJON": ["281"] * len(KOMMUNER),
            "ART": ["470"] * len(KOMMUNER),
            "BELOEP": [1000] * len(KOMMUNER),
        },
        schema=ACCOUNTS,
    )
    spec = table(
        [
            measure(
                "other",
                kind="difference",
                terms=["f281", {"term": "utbetalt", "factor": "-0.001"}],
            )
        ]
    )
    frames = {"skjema11": pl.LazyFrame(rows, schema=SKJEMA11), "regnskap": accounts}
    [cube] = cubes([spec], frames, statuses(rows, frozenset())).cubes
    found = cells(cube, "other")
    assert found["1101"][0] == pytest.approx(999.8)
    assert found["1119"][0] == pytest.approx(999.5)
    assert (found["1101"][1], found["1119"][1]) == (2, 5)


def test_persons_counted_once_in_the_country() -> None:
    people = pl.LazyFrame({"alder": [20, 30, 30], "antall_kommuner": [1, 2, 1]})
    spec = table(
        [measure("n", kind="count"), measure("many", kind="count", where={"antall_kommuner": "2"})],
        source="mottakere",
        unit="person",
        regions=["land"],
        missing="sum",
    )
    rows = [tilfelle("1101")]
    frames = {"mottakere": people, "skjema11": pl.LazyFrame(rows, schema=SKJEMA11)}
    [cube] = cubes([spec], frames, statuses(rows, frozenset())).cubes
    assert cells(cube, "n")["EAK"] == (3, 3, State.FIGURE)
    assert cells(cube, "many")["EAK"] == (1, 1, State.FIGURE)


def test_numbers_of_persons_count_as_contributors() -> None:
    frame = pl.LazyFrame({"KOMMUNE_NR": KOMMUNER, "MOTTAKERE": [2] * len(KOMMUNER)})
    spec = table([measure("n", kind="sum", of="MOTTAKERE")], source="introduksjon", unit="person")
    [cube] = cubes([spec], {"introduksjon": frame}, None).cubes
    assert cells(cube, "n")["1101"][:2] == (2, 2)


@pytest.mark.parametrize(
    ("where", "rule"),
    [
        ({"VKLOO": "5"}, "there is no variable VKLOO"),
        ({"VKLO": "77"}, "`77` is not a value of VKLO"),
        ({"alder": "ung"}, "`ung` is not a value of alder"),
        ({"unntak_under_30": "1"}, "`1` is not a value of unntak_under_30"),
    ],
)
def test_a_spec_that_names_what_no_source_has_is_refused(
    where: Mapping[str, str], rule: str
) -> None:
    spec = table([measure("x", kind="count", where=where)])
    with pytest.raises(SpecError, match=rule):
        Plan(catalogue(spec), [spec], YEAR, "june")


def test_a_cube_never_shows_its_figures() -> None:
    cube = one_table([tilfelle("1101", utbetalt=123456)], frozenset())
    assert repr(cube) == f"Cube(t1, 2025, {' x '.join(str(size) for size in cube.shape)})"
