"""Rounds from end to end, on a synthetic Norway with every kommune."""

from __future__ import annotations

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from kostra_publish.auditing.files import read as read_file
from kostra_publish.auditing.released import sign_number
from kostra_publish.cli import main
from kostra_publish.disclosure.safe import MISSING, NOT_APPLICABLE, TIME, SafeCube
from kostra_publish.errors import (
    DataError,
    MissingDataError,
    ReleaseError,
    TemplateError,
    UsageError,
)
from kostra_publish.microdata import files, synth
from kostra_publish.publication import Request, Summary, publish
from kostra_publish.quality.stored import earlier_observations
from kostra_publish.releases.history import earlier_cubes, stored_universes
from kostra_publish.releases.manifest import read_manifest, verify
from kostra_publish.releases.verdict import quality_verdict
from kostra_publish.specs.catalogue import load
from tests.few_specs import TABLES, write_specs
from tests.schedule import NOW, a_round
from tests.silence import silent

TOP = Path(__file__).parents[1]
SPECS, TEMPLATES = TOP / "table_specs", TOP / "templates"
SCALE = 1
"""As many persons as there are: with few in each cell, protecting them takes longer."""
ROUNDS = ("2025-06", "2026-03", "2026-06")


def run(round_name: str, data: Path, out: Path, *only: str) -> Summary:
    request = Request(round_name, str(data), out, SPECS, TEMPLATES, NOW, only)
    return publish(request, silent)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    synth.write(folder, vintages=[2024, 2025], scale=SCALE, filuttrekk=False)
    return folder


@pytest.fixture(scope="module")
def out(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    for round_name in ROUNDS:
        run(round_name, data, folder)
    return folder


def jsonstat(release: Path, table: str, language: str = "nb") -> dict[str, object]:
    path = release / "public" / "statbank" / "jsonstat" / f"{table}.{language}.json"
    content: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return content


def test_each_round_has_every_table_and_verifies(out: Path) -> None:
    tables = load(SPECS).tables
    for name in ("2025-06", "2026-03", "2026-06"):
        assert verify(out / name) == []
        for table in tables.values():
            if a_round(name).publishes(table):
                for language in ("nb", "nn", "en"):
                    assert jsonstat(out / name, table.id, language)["class"] == "dataset"
    assert not (out / "current").exists()


def test_march_takes_the_march_delivery_and_june_the_newer(out: Path) -> None:
    names = {
        name: {file.name for file in read_manifest(out / name).inputs}
        for name in ("2026-03", "2026-06")
    }
    assert "skjema11_p2025_v1.parquet" in names["2026-03"]
    assert "skjema11_p2025_v2.parquet" in names["2026-06"]


def test_june_replaces_march_and_carries_the_vintage_before_unchanged(out: Path) -> None:
    tables = load(SPECS).tables
    first, march, june = (
        earlier_cubes(out / name, tables)["13995"] for name in ("2025-06", "2026-03", "2026-06")
    )
    assert [list(cube.vintages) for cube in (first, march, june)] == [
        [2024],
        [2024, 2025],
        [2024, 2025],
    ]
    assert march.vintages[2025].preliminary
    assert not june.vintages[2025].preliminary
    before = first.frame().rename({"value": "v", "status": "s"})
    keys = [name for name in before.columns if name not in {"v", "s"}]
    for later in (march, june):
        joined = before.join(later.frame(), on=keys, how="left")
        assert joined.height == before.height
        assert joined.filter(pl.col("v").ne_missing(pl.col("value"))).is_empty()
        assert joined.filter(pl.col("s").ne_missing(pl.col("status"))).is_empty()


def of_vintage(cube: SafeCube, vintage: int) -> pl.DataFrame:
    """The cells of a vintage, but those of regions and measures that it does not have."""
    own = cube.frame().filter(pl.col(TIME) == str(vintage))
    return own.filter(pl.col("status").ne_missing(NOT_APPLICABLE))


def test_every_table_carries_each_vintage_as_it_was_last_published(out: Path) -> None:
    tables = load(SPECS).tables
    compared = 0
    cubes = {name: earlier_cubes(out / name, tables) for name in ROUNDS}
    for earlier, later in pairwise(ROUNDS):
        own = int(later[:4]) - 1
        assert cubes[earlier].keys() <= cubes[later].keys()
        for table, before in cubes[earlier].items():
            after = cubes[later][table]
            for vintage, facts in before.vintages.items():
                if vintage == own and after.vintages[vintage].round == later:
                    assert after.vintages[vintage].replaces == facts.round
                    continue
                assert after.vintages[vintage] == facts, (table, vintage)
                was, now = (of_vintage(cube, vintage) for cube in (before, after))
                assert was.equals(now), (table, vintage, later)
                compared += 1
    assert compared >= 2 * (len(tables) - 1)


@pytest.mark.parametrize(("name", "count"), [("2026-03", 32), ("2026-06", 9)])
def test_kommuner_that_are_missing_are_missing_in_every_format_and_page(
    out: Path, data: Path, name: str, count: int
) -> None:
    version = {"2026-03": 1, "2026-06": 2}[name]
    statuses = pl.read_parquet(data / f"innrapportering_p2025_v{version}.parquet")
    lacking = statuses.filter(SKJEMA="skjema11", STATUS="mangler")["KOMMUNE_NR"].unique()
    assert len(lacking) == count
    statbank = out / name / "public" / "statbank"
    wanted = {"KOKkommuneregion0000": lacking.to_list(), TIME: ["2025"]}
    files = [path for path in statbank.rglob("13995.*") if "metadata" not in path.name]
    assert {path.suffix for path in files} == {".csv", ".json", ".parquet", ".px", ".xlsx"}
    for path in files:
        shown = read_file(path.relative_to(out / name).as_posix(), path.read_bytes()).table
        assert shown is not None
        size = [len(of) for of in shown.dimensions.values()]
        here = np.ix_(
            *(
                [of.index(one) for one in wanted.get(code, of)]
                for code, of in shown.dimensions.items()
            )
        )
        assert np.isnan(shown.values.reshape(size)[here]).all()
        signs = {*np.unique(shown.signs.reshape(size)[here]).tolist()}
        assert sign_number(MISSING) in signs
        assert signs <= {sign_number(MISSING), sign_number(NOT_APPLICABLE)}
    for path in (statbank / "jsonstat" / "13995.nb.json", statbank / "px" / "13995.px"):
        said = path.read_text(encoding="utf-8").replace('"\n"', "")
        assert "er beregnet for kommuner som mangler" in said
        assert all(f"({kommune})" in said for kommune in lacking)
    about = (statbank / "csv" / "13995.metadata.csv").read_text(encoding="utf-8")
    assert "er beregnet for kommuner som mangler" in about
    page = (statbank / "index.html").read_text(encoding="utf-8")
    assert all(f"({kommune})" in page for kommune in lacking)
    estimated = jsonstat(out / name, "13995")["extension"]["kostra"]["estimated"]["2025"]  # type: ignore[index]
    assert 0 < estimated["EAK"] < 20
    site = out / name / "public" / "nokkeltall"
    figure = re.compile(r'data-c="13995 \w+ (\d{4}) 2025"[^>]*>(?:<title>[^<]*: )?([^<]*)<')
    for kommune in lacking:
        for folder in (site, site / "nn", site / "en"):
            [path] = folder.glob(f"{kommune}-*/index.html")
            page = path.read_text(encoding="utf-8")
            assert {text for code, text in figure.findall(page) if code == kommune} == {".."}
            assert f"({kommune})" in page
    country = (site / "landet" / "index.html").read_text(encoding="utf-8")
    assert all(f"({kommune})" in country for kommune in lacking)
    assert "(EAK)" in country


def test_kommuner_without_a_report_are_missing_and_never_zero(out: Path, data: Path) -> None:
    statuses = pl.read_parquet(data / "innrapportering_p2025_v1.parquet")
    missing = statuses.filter(SKJEMA="skjema11", STATUS="mangler")["KOMMUNE_NR"].unique().to_list()
    assert len(missing) >= 20
    cube = earlier_cubes(out / "2026-03", load(SPECS).tables)["13995"].frame()
    cells = cube.filter(pl.col("KOKkommuneregion0000").is_in(missing), pl.col("Tid") == "2025")
    assert not cells.is_empty()
    assert set(cells["status"]) <= {"..", "."}
    country = cube.filter(
        KOKkommuneregion0000="EAK", ContentsCode="KOSsosantkliente0000", Tid="2025"
    )
    assert country["value"].item() > 0
    notes = json.dumps(jsonstat(out / "2026-03", "13995"), ensure_ascii=False)
    assert all(kommune in notes for kommune in missing)


def test_counts_below_four_are_hidden(out: Path) -> None:
    cube = earlier_cubes(out / "2026-06", load(SPECS).tables)["13995"].frame()
    counts = cube.filter(ContentsCode="KOSsosantkliente0000", Tid="2025")
    assert counts.filter(status=":").height > 0
    assert counts.filter(pl.col("value").is_between(1, 3)).is_empty()


def test_synthetic_and_preliminary_are_said_aloud(out: Path) -> None:
    for table in ("13995", "12131", "nasjonal-alder-kommuner"):
        content = jsonstat(out / "2026-06", table)
        assert any("syntetisk" in note.lower() for note in content["note"])  # type: ignore[attr-defined]
    march = jsonstat(out / "2026-03", "13995")
    assert any("foreløpig" in note.lower() for note in march["note"])  # type: ignore[attr-defined]
    index = (out / "2026-06" / "public" / "statbank" / "index.html").read_text(encoding="utf-8")
    assert "syntetisk" in index.lower()


def test_each_round_is_checked_against_those_before_it(out: Path) -> None:
    reports = {
        name: json.loads((out / name / "internal" / "quality.json").read_text(encoding="utf-8"))
        for name in ("2025-06", "2026-03", "2026-06")
    }
    compared = {
        name: [one["round"] for one in report["compared_with"]] for name, report in reports.items()
    }
    assert compared == {"2025-06": [], "2026-03": ["2025-06"], "2026-06": ["2025-06", "2026-03"]}
    made = {
        name: {one["name"] for one in report["checks"] if one["passed"] is not None}
        for name, report in reports.items()
    }
    assert made["2026-06"] - made["2025-06"] == {
        "change_from_last_year", "change_from_march", "population_kommune", "still_active",
    }  # fmt: skip
    assert "march_against_final" in made["2026-03"]
    for name in reports:
        assert quality_verdict(out / name).failed_blocking == ()
    (totals,) = (one for one in reports["2026-06"]["checks"] if one["name"] == "totals")
    assert totals["rows"] == []
    assert "0 total" not in totals["summary"]


def test_observations_are_internal_and_stay_in_the_house(out: Path) -> None:
    observed = earlier_observations([out / "2026-06"])
    assert observed[0].figures["tilfeller"]
    for release in ("2025-06", "2026-03", "2026-06"):
        files = {path for path in (out / release).rglob("*") if path.is_file()}
        outside = {
            path for path in files if "internal" not in path.relative_to(out / release).parts
        }
        tables = out / release / "public" / "statbank" / "parquet"
        assert {path.parent for path in outside if path.suffix == ".parquet"} == {tables}
        assert not [path for path in outside if "quality" in path.name]
        assert not [path for path in outside if b"livsopphold_flyktninger" in path.read_bytes()]


def test_a_round_that_fails_a_blocking_check_is_built_and_says_so(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    path = folder / "regnskap_p2025_v2.parquet"
    frame = pl.read_parquet(path)
    frame.with_columns(pl.col("BELOEP") * 1000).write_parquet(path)
    # Checks are made of the datasets that are read, whichever tables are published of them.
    specs = write_specs(tmp_path / "specs", *TABLES, "nasjonal-alder-kommuner")
    asked = ["2026-06", "--data", str(folder), "--specs", str(specs)]
    with pytest.raises(SystemExit) as done:
        main(["check", *asked])
    assert done.value.code == 0
    assert re.search(r"f281_country +blocking +failed", capsys.readouterr().out)
    with pytest.raises(SystemExit) as done:
        main(["publish", *asked, "--out", str(tmp_path / "out")])
    assert done.value.code == 0
    printed = capsys.readouterr().out
    assert "Check the quality" in printed
    assert "1 blocking" in printed
    assert "Quality: f281_country failed, and is blocking" in printed
    assert "not for release" in printed
    verdict = quality_verdict(tmp_path / "out" / "2026-06")
    assert [check.name for check in verdict.failed_blocking] == ["f281_country"]


def test_a_release_keeps_the_universes_of_its_vintage(out: Path) -> None:
    kept = stored_universes(out / "2026-06", 2025)
    assert {universe.title for universe in kept} >= {"skjema11-persons", "skjema11-amounts"}
    assert not stored_universes(out / "2026-06", 2024)
    for universe in kept:
        assert universe.inner.n_unique() == universe.inner.height
        assert not (universe.visible & universe.problem.small).any()


def test_an_altered_universe_is_not_used(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out / "2026-03", tmp_path / "2026-03")
    path = next((tmp_path / "2026-03" / "internal" / "disclosure").glob("*/*/cells.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ReleaseError, match="altered"):
        stored_universes(tmp_path / "2026-03", 2025)


def test_the_same_input_gives_the_same_bytes(out: Path, data: Path, tmp_path: Path) -> None:
    shutil.copytree(out / "2025-06", tmp_path / "2025-06")
    run("2026-03", data, tmp_path)
    one, other = (folder / "2026-03" / "manifest.json" for folder in (out, tmp_path))
    assert one.read_bytes() == other.read_bytes()
    assert verify(tmp_path / "2026-03") == []


def test_only_is_a_look_and_never_a_release(data: Path, tmp_path: Path) -> None:
    summary = run("2026-06", data, tmp_path, "12131")
    assert summary.tables == 1
    assert not (tmp_path / "2026-06").exists()
    assert jsonstat(tmp_path / "looks" / "2026-06", "12131")["class"] == "dataset"
    # Key-figure pages are of whole releases.
    assert not (tmp_path / "looks" / "2026-06" / "public" / "nokkeltall").exists()


def test_the_data_may_be_an_address(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("2026-06", data, tmp_path / "folder", "12269")
    request = Request(
        "2026-06", data.as_uri(), tmp_path / "address", SPECS, TEMPLATES, NOW, ("12269",)
    )
    publish(request, silent)
    one, other = (tmp_path / name / "looks" / "2026-06" for name in ("folder", "address"))
    assert (one / "manifest.json").read_bytes() == (other / "manifest.json").read_bytes()

    # Without a driver for the address the hash is not known, and that is said.
    monkeypatch.setattr(files, "sha256_of_address", lambda _address: None)
    publish(request, silent)
    assert {file.sha256 for file in read_manifest(other).inputs} == {None}
    assert verify(other) == []
    report = (other / "internal" / "quality.html").read_text(encoding="utf-8")
    assert "ikke kjent" in report
    with pytest.raises(SystemExit) as done:
        main(["check", "2026-06", "--data", data.as_uri()])
    assert done.value.code == 0
    assert "not known" in capsys.readouterr().out


def test_synthetic_csv_is_said_to_be_synthetic(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for path in data.glob("*_p2025_v2.parquet"):
        pl.read_parquet(path).write_csv(folder / f"{path.stem}.csv", separator=";")
    # Tables that are protected fast, and that together are made of every dataset.
    tables = ("12131", "12221", "12268", "kvp-deltakere", "nasjonal-alder-kommuner")
    assert run("2026-06", folder, tmp_path, *tables).synthetic
    look = tmp_path / "looks" / "2026-06"
    assert {file.name for file in read_manifest(look).inputs} == {
        path.name for path in folder.iterdir()
    }
    for table in tables:
        notes = jsonstat(look, table)["note"]
        assert any("syntetisk" in note.lower() for note in notes)  # type: ignore[attr-defined]


def test_a_missing_dataset_names_itself_and_leaves_nothing(data: Path, tmp_path: Path) -> None:
    incomplete = tmp_path / "data"
    shutil.copytree(data, incomplete)
    for path in incomplete.glob("regnskap_p2025_*"):
        path.unlink()
    with pytest.raises(MissingDataError, match="regnskap 2025"):
        run("2026-06", incomplete, tmp_path / "out")
    assert not list((tmp_path / "out").glob("2026-*"))
    assert not list((tmp_path / "out").glob(".staging*"))


def test_a_broken_row_stops_the_round_with_its_place_and_no_value(
    data: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "data"
    shutil.copytree(data, broken)
    path = broken / "skjema11_p2025_v2.parquet"
    frame = pl.read_parquet(path).with_columns(
        KJONN=pl.when(pl.int_range(pl.len()) == 6).then(pl.lit("Q")).otherwise("KJONN")
    )
    frame.write_parquet(path)
    with pytest.raises(DataError) as caught:
        run("2026-06", broken, tmp_path / "out")
    [finding] = caught.value.findings
    assert (finding.file, finding.field) == ("skjema11_p2025_v2.parquet", "KJONN")
    assert "7" in finding.where
    assert "Q" not in str(caught.value)


def test_a_round_that_publishes_nothing_of_what_is_asked(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no table"):
        run("2026-06", data, tmp_path, "99999")


def test_tables_that_the_round_does_not_publish_are_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run("2026-03", data, tmp_path, "12269", "kvp-utfall")
    assert "does not publish kvp-utfall" in caught.value.message
    assert "June" in caught.value.fix
    assert not (tmp_path / "looks").exists()


def test_templates_are_checked_before_any_data_is_read(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    with (templates / "quality.html.j2").open("a", encoding="utf-8") as file:
        file.write("{{ fact.round }}\n")
    request = Request("2026-06", "nowhere", tmp_path, SPECS, templates, NOW)
    with pytest.raises(TemplateError, match=r"quality.html.j2: line \d+: 'fact' is undefined"):
        publish(request, silent)


# --- the command line -------------------------------------------------------------


def test_publish_and_check_on_the_command_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        main(["publish", "2026-03", "--data", str(data), "--out", str(tmp_path), "--only", "12131"])
    assert done.value.code == 0
    assert "Synthetic data" in capsys.readouterr().out
    with pytest.raises(SystemExit) as done:
        main(["check", "2026-06", "--data", str(data)])
    assert done.value.code == 0
    printed = capsys.readouterr().out
    assert "Provisional" in printed
    assert "skjema11_p2025_v2" in printed


def test_check_counts_control_rules_by_kommune(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    path = folder / "skjema11_p2025_v2.parquet"
    frame = pl.read_parquet(path)
    # Rule 036: the sum of the months is not the whole.
    months = pl.col("^BIDRAG_.+$").is_not_null()
    broken = frame.filter(pl.any_horizontal(months))
    frame.with_columns(BIDRAG=pl.col("BIDRAG") + 1_000).write_parquet(path)
    out = tmp_path / "counts" / "rules.csv"
    asked = ["check", "2026-06", "--data", str(folder), "--rules-out"]
    with pytest.raises(SystemExit) as done:
        main([*asked, str(out)])
    assert done.value.code == 0
    counted = pl.read_csv(out, separator=";", schema_overrides={"rule": pl.String})
    sums = counted.filter(form="11F", rule="036").cast({"kommune": pl.String})
    assert sums["kommune"].str.zfill(4).to_list() == (
        broken["KOMMUNE_NR"].unique().sort().to_list()
    )
    assert sums["records"].sum() == broken.height
    assert sums["name"].null_count() == 0
    capsys.readouterr()

    for arguments, code, words in (
        (["check", "--rules-out", str(out)], 2, "needs a round"),
        ([*asked, str(path / "rules.csv")], 7, "cannot write"),
    ):
        with pytest.raises(SystemExit) as done:
            main(arguments)
        assert done.value.code == code
        assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["publish", "2026-04"], 2, "2026-03 or 2026-06"),
        (["publish", "2026-06", "--data", "nowhere"], 2, "nowhere"),
        (["publish", "2026-06", "--specs", "nowhere"], 2, "no folder nowhere"),
        (["publish", "2026-06", "--only", ""], 2, "--only names no table"),
        (["publish", "2026-06", "--only", " , "], 2, "--only names no table"),
        (["publish", "2026-06", "--only", "12210"], 2, "replaced by 14019"),
        (["synth", "--vintages", "2022-2020"], 2, "not years"),
        (["import", "12", "x.dat", "--year", "2025"], 2, "12"),
    ],
)
def test_errors_are_told_without_a_traceback(
    arguments: list[str], code: int, words: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == code
    captured = capsys.readouterr()
    assert words in captured.err.replace("\n", " ")
    assert "Traceback" not in captured.err
