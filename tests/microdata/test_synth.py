"""The synthetic årgang: is it Norway as published, valid in form, and the same every time?

The expected figures are those printed in the published tables (see ``published_sources``),
not read from the package's own targets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from kostra_publish.codes import regions
from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.microdata import synth
from kostra_publish.microdata.contracts import contract
from kostra_publish.microdata.files import find
from kostra_publish.microdata.layouts import layout, record_length
from kostra_publish.microdata.reading import diagnose
from kostra_publish.microdata.synth import filuttrekk, identity

MONTHS = [f"STMND_{month}" for month in range(1, 13)]
NAMES = ("JAN", "FEB", "MARS", "APRIL", "MAI", "JUNI", "JULI", "AUG", "SEPT", "OKT", "NOV", "DES")
DATASETS = (
    "befolkning",
    "innrapportering",
    "introduksjon",
    "regnskap",
    "skjema11",
    "skjema11c",
    "skjema12",
    "skjema7",
)

pytestmark = pytest.mark.filterwarnings("error")


# ── one full vintage ─────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def norway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("norway")
    synth.write(folder, vintages=[2023], filuttrekk=False)
    return folder


@pytest.fixture(scope="module")
def june(norway: Path) -> pl.DataFrame:
    return read(norway, "skjema11", 2023, 2)


@pytest.fixture(scope="module")
def mottakere(june: pl.DataFrame) -> pl.DataFrame:
    """One row per person outside institution, months counted once."""
    paid = pl.col("BIDRAG").cast(pl.Int64) + pl.col("LAAN").cast(pl.Int64)
    rows = june.filter(pl.col("BOSIT") != "6").with_columns(
        person().alias("person"), birth_year().alias("born"), paid.alias("paid")
    )
    taken = ["KJONN", "EKTSTAT", "BU18", "VKLO", "ARBSIT", "BOSIT", "born"]
    return (
        rows.group_by("person")
        .agg(
            pl.col("paid").sum(),
            pl.col("KOMMUNE_NR").n_unique().alias("kommuner"),
            pl.col(MONTHS).is_not_null().any(),
            pl.col(taken).first(),
        )
        .with_columns(
            pl.sum_horizontal(MONTHS).alias("months"), (2023 - pl.col("born")).alias("age")
        )
        .with_columns(age_group().alias("age_group"))
        .with_columns(*familiefase())
    )


def read(folder: Path, dataset: str, year: int, version: int) -> pl.DataFrame:
    return pl.read_parquet(folder / f"{dataset}_p{year}_v{version}.parquet")


def person() -> pl.Expr:
    return pl.coalesce("PERSON_FODSELSNR", "PERSON_DUF")


def birth_year() -> pl.Expr:
    """From the id alone, as a reader of 2023 must: the three digits after the date tell."""
    number = pl.col("PERSON_FODSELSNR")
    yy, three = number.str.slice(4, 2).cast(pl.Int32), number.str.slice(6, 3).cast(pl.Int32)
    substitute = number.str.ends_with("00100") | number.str.ends_with("00200")
    recent = pl.when(substitute).then(yy <= 23).otherwise(three >= 500)
    return pl.when(recent).then(2000 + yy).otherwise(1900 + yy)


def banded(*bands: tuple[str, int]) -> pl.Expr:
    """The first band whose highest age is not below the age; null without an age."""
    label = pl.lit(None, dtype=pl.String)
    for name, highest in reversed(bands):
        label = pl.when(pl.col("age") <= highest).then(pl.lit(name)).otherwise(label)
    return label


def age_group() -> pl.Expr:
    young = (("-19", 19), ("20-24", 24), ("25-29", 29), ("30-39", 39))
    return banded(*young, ("40-49", 49), ("50-59", 59), ("60-66", 66), ("67+", 150))


def familiefase() -> tuple[pl.Expr, pl.Expr]:
    couple, child = pl.col("EKTSTAT").is_in(["2", "3"]), pl.col("BU18") == "1"
    sex = pl.when(pl.col("KJONN") == "1").then(pl.lit("menn")).otherwise(pl.lit("kvinner"))
    band = banded(("-19", 19), ("20-24", 24), ("25-44", 44), ("45-66", 66), ("67+", 150))

    def phase(parent: pl.Expr, alone: pl.Expr) -> pl.Expr:
        return (
            pl.when(couple & child)
            .then(pl.lit("Par med barn <18"))
            .when(couple)
            .then(pl.lit("Par uten barn <18"))
            .when(child)
            .then(parent)
            .otherwise(alone)
        )

    fine = phase("Enslige m barn " + sex, "Enslige " + sex + " " + band)
    coarse = phase(pl.lit("Enslige m barn <18 i alt"), "Enslige " + sex + " i alt")
    return fine.alias("fase"), coarse.alias("fase_i_alt")


def total(frame: pl.DataFrame, column: str) -> int:
    return int(frame.select(pl.col(column).cast(pl.Int64).sum()).item())


def share(flags: pl.Series) -> float:
    return float(flags.sum()) / len(flags)


def percent(frame: pl.DataFrame, column: str) -> dict[str, float]:
    known = frame.filter(pl.col(column).is_not_null())
    counts = known.group_by(column).len()
    return {code: 100 * number / len(known) for code, number in counts.iter_rows()}


def assert_within(found: Mapping[str, float], wanted: Mapping[str, float], points: float) -> None:
    off = {key: (found.get(key), value) for key, value in wanted.items()}
    off = {k: v for k, v in off.items() if v[0] is None or abs(v[0] - v[1]) > points}
    assert not off


def test_national_totals_are_within_two_per_cent_of_those_of_2023(mottakere: pl.DataFrame) -> None:
    alone = mottakere.group_by("fase_i_alt").len()
    counts = dict(alone.iter_rows())
    assert len(mottakere) == pytest.approx(152_645, rel=0.02)
    assert counts["Enslige menn i alt"] == pytest.approx(53_171, rel=0.02)
    assert counts["Enslige kvinner i alt"] == pytest.approx(38_141, rel=0.02)
    assert mottakere["VKLO"].eq("5").sum() == pytest.approx(54_779, rel=0.02)
    assert total(mottakere, "paid") / 1000 == pytest.approx(9_770_381, rel=0.02)


def test_kr_per_month_is_within_two_per_cent(mottakere: pl.DataFrame) -> None:
    per_month = total(mottakere, "paid") / total(mottakere, "months")
    assert per_month == pytest.approx(12_078, rel=0.02)


def test_mean_months_by_familiefase_are_those_of_2023(mottakere: pl.DataFrame) -> None:
    published = {
        "Enslige menn i alt": 5.1,
        "Enslige menn -19": 4.5,
        "Enslige menn 20-24": 5.0,
        "Enslige menn 25-44": 5.0,
        "Enslige menn 45-66": 5.5,
        "Enslige menn 67+": 4.5,
        "Enslige kvinner i alt": 5.3,
        "Enslige kvinner -19": 4.6,
        "Enslige kvinner 20-24": 4.8,
        "Enslige kvinner 25-44": 4.8,
        "Enslige kvinner 45-66": 5.7,
        "Enslige kvinner 67+": 6.7,
        "Enslige m barn <18 i alt": 6.0,
        "Enslige m barn menn": 5.2,
        "Enslige m barn kvinner": 6.1,
        "Par uten barn <18": 5.0,
        "Par med barn <18": 5.7,
    }
    found: dict[str, float] = {}
    for level in ("fase", "fase_i_alt"):
        found |= dict(mottakere.group_by(level).agg(pl.col("months").mean()).iter_rows())
    assert_within(found, published, 0.2)
    assert total(mottakere, "months") / len(mottakere) == pytest.approx(5.3, abs=0.1)


def test_months_are_distributed_as_in_2016(mottakere: pl.DataFrame) -> None:
    # 2016 had a mean of 5.1 and 2023 of 5.3 months: the shape is the same, a little longer.
    published = [26778, 19237, 14143, 11319, 8737, 7547, 6206, 5742, 5476, 5607, 6254, 13359]
    shape = {str(m + 1): 100 * n / sum(published) for m, n in enumerate(published)}
    text = mottakere.with_columns(pl.col("months").cast(pl.String))
    assert_within(percent(text, "months"), shape, 1.2)


def test_shares_by_age_are_within_a_point(mottakere: pl.DataFrame) -> None:
    # 18-24: 22 121 of 124 897 tilfeller in 2021; 25 and over: as the mottakere of 2009.
    young = 100 * 22_121 / 124_897
    older = {"25-29": 16242, "30-39": 29173, "40-49": 25461}
    older |= {"50-59": 14188, "60-66": 4622, "67+": 1966}
    wanted = {age: (100 - young) * n / sum(older.values()) for age, n in older.items()}
    found = percent(mottakere, "age_group")
    assert found["-19"] + found["20-24"] == pytest.approx(young, abs=1)
    assert_within(found, wanted, 1)


def test_shares_by_main_source_are_within_a_point(mottakere: pl.DataFrame) -> None:
    # sosialhjelp 2023, arbeidsinntekt 2021, the others in the proportions of 2007
    wanted = {"5": 100 * 54_779 / 152_645, "1": 100 * 15_230 / 124_897}
    others = {"2": 3391, "3": 37444, "4": 2136, "6": 2862, "annen": 3794}
    rest = 100 - sum(wanted.values())
    wanted |= {code: rest * n / sum(others.values()) for code, n in others.items()}
    found = percent(mottakere, "VKLO")
    found["annen"] = found["7"] + found["8"] + found["9"]
    assert_within(found, wanted, 1)


def test_shares_by_work_situation_are_within_a_point_of_2009(mottakere: pl.DataFrame) -> None:
    counts = {"01": 7477, "02": 8065, "03": 6389, "04": 46516, "05": 5706, "06": 957}
    counts |= {"arbeidsløs": 35118, "09": 3830, "10": 3374}
    wanted = {code: 100 * n / sum(counts.values()) for code, n in counts.items()}
    found = percent(mottakere, "ARBSIT")
    found["arbeidsløs"] = found["07"] + found["08"]
    assert_within(found, wanted, 1)


def test_shares_by_housing_are_within_a_point(mottakere: pl.DataFrame) -> None:
    # Owned homes: EAKUO 7 746 and Oslo 616 tilfeller in 2021. The others are assumed.
    wanted = {"3": 100 * (7746 + 616) / 124_897, "1": 57.5, "2": 22.0, "4": 3.5, "5": 10.3}
    assert_within(percent(mottakere, "BOSIT"), wanted, 1)


def test_persons_in_several_kommuner_are_as_in_2009_by_age(mottakere: pl.DataFrame) -> None:
    two = {"-19": 454 / 6061, "20-24": 1610 / 20011, "25-29": 1089 / 16242, "30-39": 1533 / 29173}
    two |= {"40-49": 1041 / 25461, "50-59": 409 / 14188, "60-66": 95 / 4622, "67+": 20 / 1966}
    by_age = mottakere.filter(pl.col("age_group").is_not_null()).group_by("age_group")
    found = dict(by_age.agg(100 * pl.col("kommuner").eq(2).mean()).iter_rows())
    assert_within(found, {age: 100 * share for age, share in two.items()}, 0.5)
    assert share(mottakere["kommuner"].eq(2)) * 100 == pytest.approx(5.3, abs=0.3)
    assert share(mottakere["kommuner"].ge(3)) * 100 == pytest.approx(0.5, abs=0.1)


# ── places ───────────────────────────────────────────────────────────────────


def test_every_kommune_has_reported_or_is_said_to_be_missing(norway: Path) -> None:
    for version in (1, 2):
        report = read(norway, "innrapportering", 2023, version)
        for form in ("skjema11", "skjema11c", "skjema7", "skjema12", "regnskap", "introduksjon"):
            status = report.filter(pl.col("SKJEMA") == form)
            assert set(status["KOMMUNE_NR"]) == set(regions.kommuner(2023)["kommune"])
            reported = status.filter(pl.col("STATUS") == "levert")["KOMMUNE_NR"]
            with_rows = read(norway, form, 2023, version)["KOMMUNE_NR"]
            assert set(reported) == set(with_rows)


def test_oslo_is_its_fifteen_bydeler_and_no_one_else_has_a_bydel(june: pl.DataFrame) -> None:
    in_oslo = pl.col("KOMMUNE_NR") == regions.OSLO
    bydeler = june.filter(in_oslo)["BYDELSNR"].unique().sort().to_list()
    assert bydeler == [f"{number:02}" for number in range(1, 16)]
    assert june.filter(~in_oslo)["BYDELSNR"].null_count() == june.filter(~in_oslo).height
    assert june.filter(in_oslo).height / len(june) == pytest.approx(19_515 / 124_897, abs=0.015)


def test_some_kommuner_have_one_two_three_or_no_recipients(
    norway: Path, june: pl.DataFrame
) -> None:
    sizes = dict(june.group_by("KOMMUNE_NR").len().iter_rows())
    assert [sizes[code] for code in ("4629", "4633", "4636")] == [1, 2, 3]
    report = read(norway, "innrapportering", 2023, 2)
    none = report.filter((pl.col("STATUS") == "ingen") & (pl.col("SKJEMA") == "skjema11"))
    assert none["KOMMUNE_NR"].to_list() == ["5052"]


def missing(folder: Path, form: str, year: int, version: int) -> set[str]:
    report = read(folder, "innrapportering", year, version)
    absent = (pl.col("SKJEMA") == form) & (pl.col("STATUS") == "mangler")
    return set(report.filter(absent)["KOMMUNE_NR"])


def test_march_lacks_many_and_june_the_kommuner_that_really_lacked(norway: Path) -> None:
    march, june = (missing(norway, "skjema11", 2023, version) for version in (1, 2))
    assert june == {"1144", "1151", "1812", "1815", "1826", "1835", "5020", "5418", "5426"}
    assert 20 <= len(march) <= 40
    assert june < march
    assert missing(norway, "skjema11c", 2023, 1) == {"1127", "1566", "3442"}
    assert missing(norway, "skjema11c", 2023, 2) == set()
    assert 7 <= len(missing(norway, "skjema7", 2023, 1)) <= 12


def test_three_in_a_thousand_rows_change_between_march_and_june(
    norway: Path, june: pl.DataFrame
) -> None:
    march = read(norway, "skjema11", 2023, 1)
    both = june.filter(pl.col("KOMMUNE_NR").is_in(march["KOMMUNE_NR"].unique().implode()))
    changed = both.height - both.join(march, on=both.columns, how="inner", nulls_equal=True).height
    assert changed / both.height == pytest.approx(0.003, abs=0.0005)
    assert march.height < both.height


def test_population_is_that_of_the_next_new_year(norway: Path) -> None:
    people = read(norway, "befolkning", 2023, 2)
    assert people["PERSONER"].sum() == pytest.approx(5_550_203, abs=10)
    oslo = people.filter(pl.col("KOMMUNE_NR") == regions.OSLO)
    assert oslo["PERSONER"].sum() == 717_710
    assert oslo["BYDELSNR"].unique().sort().to_list()[-1] == "99"
    aalesund = people.filter(pl.col("KOMMUNE_NR") == "1507")
    assert aalesund["PERSONER"].sum() == 58_509 + 9_357


# ── ids ──────────────────────────────────────────────────────────────────────


def control_digits_fit(number: str) -> bool:
    digits = [int(character) for character in number]
    first = zip(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1), strict=False)
    second = zip(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), strict=True)
    return all(sum(d * w for d, w in pairs) % 11 == 0 for pairs in (first, second))


def test_ids_are_synthetic_and_valid_in_form(june: pl.DataFrame) -> None:
    numbers = june["PERSON_FODSELSNR"].drop_nulls()
    substitute = numbers.str.ends_with("00100") | numbers.str.ends_with("00200")
    national = numbers.filter(~substitute)
    months = national.str.slice(2, 2).cast(pl.Int32)
    days = national.str.slice(0, 2).cast(pl.Int32)
    assert months.is_between(81, 92).all()
    assert (days.is_between(1, 31) | days.is_between(41, 71)).all()
    assert share(days.gt(40)) == pytest.approx(0.05, abs=0.02)
    assert all(control_digits_fit(number) for number in national.sample(3000, seed=1))
    # A substitute is a plain birth date, and must not look like anyone's number.
    assert substitute.sum() > 100
    assert not any(control_digits_fit(number) for number in numbers.filter(substitute))


def test_sex_is_that_of_the_id(june: pl.DataFrame) -> None:
    known = june.filter(pl.col("PERSON_FODSELSNR").str.slice(6).is_in(["00100", "00200"]).not_())
    odd = known["PERSON_FODSELSNR"].str.slice(8, 1).cast(pl.Int32) % 2 == 1
    assert (odd == (known["KJONN"] == "1")).all()


def test_those_without_a_number_have_a_duf_number(june: pl.DataFrame) -> None:
    without = june.filter(pl.col("PERSON_FODSELSNR").is_null())
    assert without.height > 100
    assert without["PERSON_DUF"].str.contains("^[0-9]{12}$").all()


def test_a_person_has_one_row_in_a_kommune_and_stays_the_same_in_all(june: pl.DataFrame) -> None:
    by_person = june.group_by(person().alias("person"))
    same = by_person.agg(
        pl.len(),
        pl.col("KOMMUNE_NR").n_unique().alias("kommuner"),
        pl.struct("KJONN", "EKTSTAT", "BU18", "VKLO").n_unique().alias("faces"),
    )
    assert same["len"].eq(same["kommuner"]).all()
    assert same["faces"].eq(1).all()
    assert not june.select("KOMMUNE_NR", "PERSON_JOURNALNR").is_duplicated().any()


def test_no_number_is_handed_out_twice_even_when_a_date_runs_out() -> None:
    issuer = identity.Issuer(2023)
    born = np.full(900, np.datetime64("1990-05-17"))
    women = np.zeros(900, dtype=np.bool_)
    numbers, kinds = issuer.issue(born, women, np.full(900, identity.FOEDSELSNUMMER))
    given = numbers.drop_nulls()
    assert given.n_unique() == len(given) > 300
    assert {int(kind) for kind in kinds} == {
        identity.FOEDSELSNUMMER,
        identity.D_NUMBER,
        identity.DUF,
    }
    assert numbers.null_count() == int((kinds == identity.DUF).sum())


# ── records keep the control rules ───────────────────────────────────────────


def test_amounts_are_the_sums_of_their_months(june: pl.DataFrame) -> None:
    for label in ("BIDRAG", "LAAN"):
        months = [f"{label}_{name}" for name in NAMES]
        off = june.filter(pl.col(label) != pl.sum_horizontal(months))
        assert 0 < off.height / june.height < 0.001
    paid = pl.col("BIDRAG") + pl.col("LAAN")
    assert june.filter(paid <= 0).is_empty()


def test_support_and_amounts_are_in_the_same_months(june: pl.DataFrame) -> None:
    for month, name in zip(MONTHS, NAMES, strict=True):
        given = pl.coalesce(f"BIDRAG_{name}", f"LAAN_{name}").is_not_null()
        off = june.filter(pl.col(month).is_not_null() != given)
        assert off.height / june.height < 0.001


def test_source_work_and_trygd_agree(june: pl.DataFrame) -> None:
    allowed = {
        "1": ["01", "02"],
        "2": ["03", "05", "06"],
        "4": ["03"],
        "6": ["09"],
        "8": ["10"],
    }
    for vklo, arbsit in allowed.items():
        rows = june.filter(pl.col("VKLO") == vklo)
        assert rows.height > 0
        assert rows["ARBSIT"].is_in(arbsit).all()
    assert june.filter((pl.col("VKLO") == "3") & (pl.col("TRYGDESIT") == "12")).is_empty()
    odd = june.filter((pl.col("VKLO") == "5") & pl.col("ARBSIT").is_in(["01", "09", "10"]))
    assert 0 < odd.height / june.height < 0.001


def test_children_are_counted_where_there_are_any(june: pl.DataFrame) -> None:
    assert (june["BU18"].eq("1") == june["ANTBU18"].is_not_null()).all()
    assert june["ANTBU18"].drop_nulls().is_between(1, 13).all()
    assert june.filter((pl.col("TRYGDESIT") == "05") & (pl.col("BU18") == "2")).is_empty()


def test_vilkaar_have_dates_and_a_kind(june: pl.DataFrame) -> None:
    asked = pl.any_horizontal(pl.col("VILKARSOSLOV", "VILKARSAMEKT") == "1")
    names = [name for name in june.columns if name.startswith("VILKAR")][2:]
    kinds = pl.any_horizontal(pl.col(names).is_not_null())
    dates = pl.all_horizontal(pl.col("UTBETDATO", "UTBETTOMDATO").is_not_null())
    assert june.filter(asked != (kinds & dates)).is_empty()


def test_every_code_is_one_of_the_year(norway: Path) -> None:
    for form, dataset in (("11F", "skjema11"), ("11CF", "skjema11c")):
        frame = read(norway, dataset, 2023, 2)
        assert frame.columns == [field.name for field in layout(form, 2023)]
        for field in layout(form, 2023):
            values = frame[field.name]
            if field.mandatory:
                assert values.null_count() == 0, field.name
            if field.codes:
                assert set(values.drop_nulls()) <= set(field.codes), field.name


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_full_vintage_keeps_its_contracts(norway: Path, dataset: str, version: int) -> None:
    assert_keeps_its_contract(norway, dataset, 2023, version)


def assert_keeps_its_contract(folder: Path, dataset: str, year: int, version: int) -> None:
    file = find(str(folder), dataset, year, highest_version=version)
    assert file is not None
    assert file.version == version
    assert diagnose(file, contract(dataset, year)) == []


# ── the other datasets ───────────────────────────────────────────────────────


def test_kvp_has_the_published_participants_and_kr(norway: Path) -> None:
    records = read(norway, "skjema11c", 2023, 2)
    participants = records.unique("PERSON_FODSELSNR", keep="first", maintain_order=True)
    assert 9_000 <= participants.height <= 11_000
    assert share(participants["KJONN"].eq("2")) == pytest.approx(0.52, abs=0.01)
    before = {
        "YTELSE_SOSHJELP": 62.6,
        "YTELSE_INTRO": 4.3,
        "YTELSE_INDIVIDSTONAD": 9.5,
        "YTELSE_FOLKETRYGDL": 7.5,
    }
    found = {name: 100 * share(participants[name].is_not_null()) for name in before}
    assert_within(found, before, 1)
    per_person = total(records, "KVP_STONAD") / participants.height
    in_2018 = 925e6 / 8_925
    assert per_person == pytest.approx(in_2018 * 116_239 / 95_800, rel=0.02)


def test_kvp_outcomes_follow_the_status(norway: Path) -> None:
    records = read(norway, "skjema11c", 2023, 2)
    ended = pl.col("STATUS").is_in(["3", "4", "5", "7"])
    assert records.filter(ended != pl.col("AVSL_DATO").is_not_null()).is_empty()
    assert set(records["AVSL_DATO"].drop_nulls().dt.year()) == {2023}
    outcomes = [name for name in records.columns if name.startswith("AVSL_")][1:-1]
    told = pl.any_horizontal(pl.col(outcomes).is_not_null())
    assert records.filter(pl.col("STATUS").is_in(["3", "7"]) != told).is_empty()
    income = pl.col("AVSL_VIKTIGSTE_INNTEKT").is_not_null()
    assert records.filter((pl.col("STATUS") == "3") != income).is_empty()
    assert records.filter(pl.col("REG_DATO") > pl.col("VEDTAK_DATO")).is_empty()
    assert records.filter(pl.col("BEGYNT_DATO") > date(2023, 12, 31)).is_empty()


def test_some_participants_have_two_records(norway: Path) -> None:
    records = read(norway, "skjema11c", 2023, 2)
    twice = records.filter(pl.col("PERSON_FODSELSNR").is_duplicated())
    moved = twice.filter(pl.col("STATUS") == "6")
    assert moved.height > 0
    assert set(moved["KOMMUNE_NR"]) == {regions.OSLO}
    assert twice.filter(pl.col("STATUS") == "3").height > 0
    assert not records.select("KOMMUNE_NR", "PERSON_FODSELSNR", "STATUS").is_duplicated().any()


def gross_281(accounts: pl.DataFrame) -> pl.DataFrame:
    """Brutto driftsutgifter of 281 by kommune: art 010-480 + 590 - 690 - 710 - 729."""
    art = pl.col("ART").cast(pl.Int32)
    sign = (
        pl.when((art <= 480) | (art == 590))
        .then(1)
        .when(art.is_in([690, 710, 729]))
        .then(-1)
        .otherwise(0)
    )
    kept = accounts.filter((pl.col("FUNKSJON") == "281") & (pl.col("REGNSKAPSOMFANG") == "B"))
    return kept.group_by("KOMMUNE_NR").agg((pl.col("BELOEP") * sign).sum().alias("gross"))


def test_accounts_agree_with_skjema_11_in_the_country_but_not_everywhere(
    norway: Path, june: pl.DataFrame
) -> None:
    amounts = pl.col("BIDRAG", "LAAN").cast(pl.Int64)
    paid = june.group_by("KOMMUNE_NR").agg((pl.sum_horizontal(amounts) / 1000).sum().alias("paid"))
    both = paid.join(gross_281(read(norway, "regnskap", 2023, 2)), on="KOMMUNE_NR")
    gap = both["gross"] / both["paid"] - 1
    assert both["gross"].sum() == pytest.approx(both["paid"].sum(), rel=0.01)
    assert gap.abs().gt(0.05).sum() > 10
    assert gap.filter(both["paid"] > 1000).is_between(-0.16, 0.16).all()


def test_konsern_is_never_less_than_kommunekasse(norway: Path) -> None:
    accounts = read(norway, "regnskap", 2023, 2)
    keys = ["KOMMUNE_NR", "FUNKSJON", "ART"]
    kasse = accounts.filter(pl.col("REGNSKAPSOMFANG") == "A")
    konsern = accounts.filter(pl.col("REGNSKAPSOMFANG") == "B")
    both = kasse.join(konsern, on=keys, suffix="_B")
    assert both.height == kasse.height == konsern.height
    assert (both["BELOEP_B"] >= both["BELOEP"]).all()
    assert (both["BELOEP_B"] > both["BELOEP"]).any()
    assert set(accounts["FUNKSJON"]) == {"242", "243", "273", "275", "276", "281"}


def test_rates_are_the_states_or_near_them(norway: Path) -> None:
    rates = read(norway, "skjema12", 2023, 2)
    state = rates.filter(pl.col("BEREGNINGSGRUNNLAG") == "1")["SATS_ENSLIG"]
    own = rates.filter(pl.col("BEREGNINGSGRUNNLAG") == "2")["SATS_ENSLIG"]
    assert state.n_unique() == 1
    assert own.n_unique() > 5
    assert (own / state[0]).is_between(0.84, 1.21).all()


def test_skjema7_has_a_row_per_kommune_and_bydel(norway: Path) -> None:
    frame = read(norway, "skjema7", 2023, 2)
    assert frame.filter(pl.col("KOMMUNE_NR") == regions.OSLO).height == 15
    staff = frame.select(pl.sum_horizontal(pl.selectors.starts_with("AARSVERK_")).sum()).item()
    per_1000 = staff / 4_427.0
    assert per_1000 == pytest.approx(1.5, abs=0.3)
    assert (frame["KOMM_AARSVERK_STAT"] * 2 % 1 == 0).all()


# ── files ────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    synth.write(folder, vintages=[2022, 2025], seed=7, scale=0.02)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(
    small: Path, tmp_path: Path
) -> None:
    again, other = tmp_path / "again", tmp_path / "other"
    synth.write(again, vintages=[2022, 2025], seed=7, scale=0.02)
    synth.write(other, vintages=[2025], seed=8, scale=0.02)
    assert digests(again) == digests(small)
    assert (
        digests(other)["skjema11_p2025_v2.parquet"] != digests(small)["skjema11_p2025_v2.parquet"]
    )


def test_footers_say_synthetic_and_when_delivered(small: Path) -> None:
    names = sorted(path.name for path in small.glob("*.parquet"))
    expected = [f"{d}_p{y}_v{v}.parquet" for d in DATASETS for y in (2022, 2025) for v in (1, 2)]
    assert names == sorted(expected)
    for name in names:
        with (small / name).open("rb") as file:
            footer = pl.read_parquet_metadata(file)
        assert footer["synthetic"] == "true"
        year = 2023 if "_p2022" in name else 2026
        assert footer["delivered"] == f"{year}-{'02-20' if '_v1' in name else '06-05'}"


@pytest.mark.parametrize("year", [2022, 2025])
def test_other_vintages_keep_their_contracts(small: Path, year: int) -> None:
    for dataset in DATASETS:
        for version in (1, 2):
            assert_keeps_its_contract(small, dataset, year, version)


def test_it_returns_the_files_it_wrote_and_tells_its_progress(tmp_path: Path) -> None:
    told: list[str] = []
    written = synth.write(tmp_path, vintages=[2024], scale=0.01, progress=told.append)
    assert {str(path.relative_to(tmp_path)) for path in written} == set(digests(tmp_path))
    assert len(written) == len(set(written))
    assert any("2024" in line for line in told)


def records(folder: Path, form: str, year: int) -> Iterator[tuple[str, list[str]]]:
    old = filuttrekk.latin_1(year)
    for path in sorted((folder / "filuttrekk" / str(year) / form).glob("*.dat")):
        text = path.read_bytes().decode("latin-1" if path.stem in old else "utf-8")
        yield path.stem, text.removesuffix("\n").split("\n")


def parsed(lines: list[str], form: str, year: int) -> pl.DataFrame:
    columns = {}
    for field in layout(form, year):
        start = field.start - 1
        texts = [line[start : start + field.size].strip() or None for line in lines]
        column = pl.Series(texts, dtype=pl.String)
        if field.kind == "INTEGER":
            column = column.cast(pl.Int32)
        elif field.kind == "DATE":
            column = column.str.to_date(field.date_format)
        columns[field.name] = column
    return pl.DataFrame(columns)


@pytest.mark.parametrize("year", [2022, 2025])
@pytest.mark.parametrize(("form", "dataset"), [("11F", "skjema11"), ("11CF", "skjema11c")])
def test_filuttrekk_holds_the_june_records(small: Path, form: str, dataset: str, year: int) -> None:
    files = dict(records(small, form, year))
    lengths = {len(line) for lines in files.values() for line in lines}
    assert lengths == {record_length(form, year)}
    read_back = pl.concat([parsed(lines, form, year) for lines in files.values()])
    june = read(small, dataset, year, 2)
    in_order = ["KOMMUNE_NR", "PERSON_JOURNALNR"]
    assert read_back.sort(in_order).equals(june.sort(in_order))
    assert set(files) == set(june["KOMMUNE_NR"])


def test_both_encodings_and_letters_outside_ascii_occur(tmp_path: Path) -> None:
    synth.write(tmp_path, vintages=[2023], scale=0.1)
    folder = tmp_path / "filuttrekk" / "2023" / "11F"
    lettered = {p.stem for p in folder.glob("*.dat") if not p.read_bytes().isascii()}
    assert lettered <= filuttrekk.lettered(2023)
    old = lettered & filuttrekk.latin_1(2023)
    assert old
    assert lettered - old
    for kommune in old:
        with pytest.raises(UnicodeDecodeError):
            (folder / f"{kommune}.dat").read_bytes().decode("utf-8")


def test_scale_multiplies_persons_with_fresh_ids_but_not_kommuner(tmp_path: Path) -> None:
    synth.write(tmp_path, vintages=[2023], scale=1.5)
    rows = read(tmp_path, "skjema11", 2023, 2)
    persons = rows.filter(pl.col("BOSIT") != "6").select(person()).to_series().n_unique()
    assert persons == pytest.approx(1.5 * 152_645, rel=0.02)
    assert rows["KOMMUNE_NR"].n_unique() <= 356
    assert dict(rows.group_by("KOMMUNE_NR").len().iter_rows())["4629"] == 1
    assert not rows.select("KOMMUNE_NR", "PERSON_JOURNALNR").is_duplicated().any()
    assert not (tmp_path / "filuttrekk").exists()


@pytest.mark.parametrize(("vintage", "scale"), [(2026, 1.0), (2021, 1.0), (2023, 0.0)])
def test_what_cannot_be_made_is_refused(tmp_path: Path, vintage: int, scale: float) -> None:
    with pytest.raises(UsageError):
        synth.write(tmp_path, vintages=[vintage], scale=scale)


def test_a_file_that_is_not_synthetic_is_never_replaced(tmp_path: Path) -> None:
    synth.write(tmp_path, vintages=[2025], scale=0.01)
    synth.write(tmp_path, vintages=[2025], scale=0.01)
    real = tmp_path / "skjema12_p2025_v2.parquet"
    pl.read_parquet(real).write_parquet(real)
    sent = tmp_path / "filuttrekk" / "2025" / "11F" / "0301.dat"
    sent.write_text("one record", encoding="utf-8")
    before = digests(tmp_path)
    with pytest.raises(UsageError, match="not synthetic") as error:
        synth.write(tmp_path, vintages=[2025], seed=2, scale=0.01)
    assert f"{real.name}, filuttrekk/2025/11F/0301.dat" in str(error.value)
    assert digests(tmp_path) == before


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    for out in (taken, Path("/proc/x")):
        with pytest.raises(ReleaseError, match="cannot write in"):
            synth.write(out, vintages=[2025], scale=0.01)


def test_a_run_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synth.write(tmp_path, vintages=[2025], scale=0.01)
    before = digests(tmp_path)

    def full(*_arguments: object) -> list[Path]:
        # What Polars says of a full disk.
        raise pl.exceptions.ComputeError("parquet: underlying IO error: no room (os error 28)")

    monkeypatch.setattr(filuttrekk, "write_files", full)
    with pytest.raises(ReleaseError, match="No space left on device"):
        synth.write(tmp_path, vintages=[2025], seed=2, scale=0.01)
    assert digests(tmp_path) == before
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_forms_follow_the_layout_of_their_year(small: Path) -> None:
    early, late = (read(small, "skjema11", year, 2) for year in (2022, 2025))
    assert "FODSELSDATO" in late.columns
    assert "DISTRIKTSNR" in early.columns
    assert late.schema["FODSELSDATO"] == pl.Date
    assert late["FODSELSDATO"].null_count() == 0
    assert early["VERSION"].unique().to_list() == ["22"]
    assert set(late["SAKSBEHANDLER"]) == {"SYNTETISK"}
    assert early["PERSON_FODSELSNR"].drop_nulls().str.slice(6).is_in(["00100", "00200"]).sum() == 0
