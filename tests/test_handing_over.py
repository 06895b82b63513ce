"""The handover of rounds from end to end: a small synthetic Norway, real age and minisign."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from kostra_publish.auditing import audit
from kostra_publish.cli import main
from kostra_publish.disclosure.records import stored
from kostra_publish.disclosure.records.boxes import Generalisation
from kostra_publish.errors import DisclosureError, ReleaseError, SpecError
from kostra_publish.microdata import synth
from kostra_publish.nav import delivery_log
from kostra_publish.nav.documents.anonymisation import Anonymisation
from kostra_publish.nav.handover import read_records
from kostra_publish.preparing import Sources
from kostra_publish.publication import Request, Summary, publish
from kostra_publish.rebuilding import packages, rebuild
from kostra_publish.releases.history import earlier_cubes
from kostra_publish.releases.manifest import verify
from kostra_publish.specs.catalogue import load
from tests.few_specs import write_specs
from tests.nav.handing_over import BAGIT, Parties, parties
from tests.nav.handing_over import run as run_tool
from tests.schedule import NOW
from tests.silence import silent

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]

TOP = Path(__file__).parents[1]
TEMPLATES = TOP / "templates"
TABLES = ("kvp-deltakere", "malekort", "soshjelp-maaneder")
DELIVERIES = {"soshjelp-nav": "malekort", "kvp-nav": "kvp-deltakere"}
MAALEKORT = "KOSmalmottakere0000"
ROUNDS = ("2026-03", "2026-06")
SCALE = 0.05


def write_deliveries(folder: Path) -> None:
    """The deliveries of the project, with the tables that these specs have."""
    (folder / "nav").mkdir()
    for name, table in DELIVERIES.items():
        text = (TOP / "table_specs" / "nav" / f"{name}.yaml").read_text(encoding="utf-8")
        text = re.sub(r"tables: \[[^]m]*\]", f"tables: [{table}]", text)
        text = text.replace('table: "13995"', "table: malekort")
        text = text.replace("KOSsosantkliente0000", MAALEKORT)
        (folder / "nav" / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_specs(tmp_path_factory.mktemp("specs"), *TABLES)
    write_deliveries(folder)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    synth.write(folder, vintages=[2025], scale=SCALE, filuttrekk=False)
    return folder


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Parties:
    return parties(tmp_path_factory.mktemp("keys"))


def request_of(name: str, data: Path, out: Path, specs: Path) -> Request:
    return Request(name, str(data), out, specs, TEMPLATES, NOW)


def run(name: str, data: Path, out: Path, specs: Path, keys: Parties | None) -> Summary:
    request = request_of(name, data, out, specs)
    if keys is None:
        return publish(request, silent)
    return publish(replace(request, keys=keys.keys, by="Kari"), silent)


@pytest.fixture(scope="module")
def out(data: Path, specs: Path, keys: Parties, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    for name in ROUNDS:
        run(name, data, folder, specs, keys)
    return folder


@pytest.fixture(scope="module")
def opened(out: Path, keys: Parties, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every package, opened by the tools that anybody has."""
    folder = tmp_path_factory.mktemp("opened")
    for line in delivery_log.read(out / "nav").lines:
        name, sealed = line.package, out / "nav" / line.package
        for signed in (f"{name}.tar.age", f"{name}.manifest-sha256.txt"):
            run_tool("minisign", "-V", "-p", keys.signer, "-m", sealed / signed, cwd=folder)
        tar = folder / f"{name}.tar"
        run_tool(
            "age", "-d", "-i", keys.identity, "-o", tar, sealed / f"{name}.tar.age", cwd=folder
        )
        run_tool("tar", "-xf", tar, cwd=folder)
        run_tool(BAGIT, "--validate", folder / name, cwd=folder)
        run_tool("sha256sum", "-c", "manifest-sha256.txt", cwd=folder / name)
        assert (folder / name / "manifest-sha256.txt").read_bytes() == (
            sealed / f"{name}.manifest-sha256.txt"
        ).read_bytes()
    return folder


def report(opened: Path, package: str) -> Anonymisation:
    path = opened / package / "data" / "anonymisering.json"
    return Anonymisation.model_validate_json(path.read_bytes())


PACKAGES = [f"{name}_p2025_v{version}" for version in (1, 2) for name in sorted(DELIVERIES)]


def test_each_round_hands_over_each_delivery_as_its_next_version(out: Path, opened: Path) -> None:
    lines = delivery_log.read(out / "nav").lines
    assert [line.package for line in lines] == PACKAGES
    assert [line.release for line in lines] == ["2026-03", "2026-03", "2026-06", "2026-06"]
    for name in PACKAGES:
        assert (opened / name / "data").is_dir()


WITH_ROWS = [name for name in PACKAGES if name != "kvp-nav_p2025_v2"]
"""In a small Norway so few participants came after March that their number cannot be told."""


def test_rows_whose_number_is_hidden_are_left_out_and_the_letter_says_so(opened: Path) -> None:
    folder = opened / "kvp-nav_p2025_v2" / "data"
    assert not list(folder.glob("kvp-mikro*"))
    assert "er ikke med denne gangen" in (folder / "folgebrev.html").read_text(encoding="utf-8")
    assert "er ikke med denne gangen" not in (
        opened / "kvp-nav_p2025_v1" / "data" / "folgebrev.html"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize("package", WITH_ROWS)
def test_every_gate_is_passed_and_told(opened: Path, package: str) -> None:
    found = report(opened, package)
    assert found.synthetic
    for dataset in found.datasets:
        assert dataset.gates
        assert all(gate.passed for gate in dataset.gates)
    names = {gate.name for dataset in found.datasets for gate in dataset.gates}
    wanted = {"k", "rows", "l", "t", "tables", "margins", "columns", "complete", "reconciliation"}
    assert names == wanted | ({"since 2026-03"} if package.endswith("_v2") else set())


@pytest.mark.parametrize("package", WITH_ROWS)
def test_rows_are_anonymous_as_anybody_counts_them(opened: Path, package: str) -> None:
    name = package.replace("-nav", "-mikro")
    rows = pl.read_parquet(opened / package / "data" / f"{name}.parquet")
    assert rows.group_by(rows.columns).len()["len"].min() >= 4  # type: ignore[operator]
    assert {*rows.dtypes} == {pl.String}
    text = pl.read_csv(opened / package / "data" / f"{name}.csv", separator=";", infer_schema=False)
    assert text.equals(rows)


def test_rows_add_up_to_what_is_published(out: Path, opened: Path, specs: Path) -> None:
    tables = load(specs).tables
    for release, version in zip(ROUNDS, (1, 2), strict=True):
        cube = earlier_cubes(out / release, tables)["malekort"].frame()
        name = f"soshjelp-mikro_p2025_v{version}"
        rows = pl.read_parquet(
            opened / f"soshjelp-nav_p2025_v{version}" / "data" / f"{name}.parquet"
        )
        own = rows.filter(regiontype="kommune").group_by("region").len()
        region = cube.columns[0]
        total = cube.filter((pl.col("ContentsCode") == MAALEKORT) & (pl.col("Tid") == "2025"))
        joined = own.join(total, left_on="region", right_on=region)
        assert joined.height == own.height > 0
        assert (joined["len"] == joined["value"]).all()


def test_a_release_with_packages_verifies_and_comes_out_the_same_again(
    out: Path, data: Path, specs: Path
) -> None:
    assert verify(out / "2026-06") == []
    rebuild(out / "2026-06", Sources(str(data), specs, TEMPLATES), silent).refuse()


def test_the_audit_finds_nothing_in_what_is_handed_over(out: Path, specs: Path) -> None:
    both = [out / name for name in ROUNDS]
    assert audit(both, specs=specs, templates=TEMPLATES, in_full=False).leaks == ()


def test_packages_are_made_again_as_they_were(out: Path, data: Path, specs: Path) -> None:
    told = {one.package: one for one in read_records(out / "2026-03")}
    found = packages(out / "2026-03", Sources(str(data), specs, TEMPLATES), silent)
    assert {one.name for one in found} == {*told}


def test_the_same_round_again_changes_nothing(
    out: Path, data: Path, specs: Path, keys: Parties, tmp_path: Path
) -> None:
    copy = tmp_path / "out"
    shutil.copytree(out, copy)
    log = (copy / "nav" / "leveranselogg.jsonl").read_bytes()
    summary = run("2026-06", data, copy, specs, keys)
    assert [one.is_new for one in summary.sealed] == [False, False]
    assert (copy / "nav" / "leveranselogg.jsonl").read_bytes() == log


def test_a_changed_input_is_the_next_version(
    data: Path, specs: Path, keys: Parties, out: Path, tmp_path: Path
) -> None:
    copy, changed = tmp_path / "out", tmp_path / "data"
    shutil.copytree(out, copy)
    shutil.copytree(data, changed)
    path = changed / "skjema11_p2025_v2.parquet"
    more = pl.read_parquet(path).with_columns(pl.col("BIDRAG") + 1000)
    metadata = pl.read_parquet_metadata(path)
    own = {key: value for key, value in metadata.items() if not key.startswith("ARROW")}
    more.write_parquet(changed / "skjema11_p2025_v3.parquet", metadata=own)
    summary = run("2026-06", changed, copy, specs, keys)
    names = {one.line.package: one.is_new for one in summary.sealed}
    assert names == {"kvp-nav_p2025_v2": False, "soshjelp-nav_p2025_v3": True}


def test_without_keys_nothing_is_sealed_and_no_row_is_left(
    data: Path, specs: Path, tmp_path: Path
) -> None:
    summary = run("2026-03", data, tmp_path / "out", specs, None)
    assert [one.name for one in summary.packages] == PACKAGES[:2]
    assert not summary.sealed
    assert not (tmp_path / "out" / "nav").exists()
    header = b"region;regiontype;"
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert header not in path.read_bytes()
            assert "mikro" not in path.name


def test_nav_build_encrypts_to_somebody(
    out: Path,
    data: Path,
    specs: Path,
    keys: Parties,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("KOSTRA_NAV_TO", "KOSTRA_NAV_SIGN", "KOSTRA_NAV_BY"):
        monkeypatch.delenv(name, raising=False)
    copy = tmp_path / "out"
    shutil.copytree(out, copy)
    shutil.rmtree(copy / "nav")
    own = ["--data", str(data), "--out", str(copy), "--specs", str(specs)]
    own += ["--templates", str(TEMPLATES)]
    with pytest.raises(SystemExit) as refused:
        main(["nav", "build", "2026-03", *own])
    assert refused.value.code == 2
    assert "nobody to encrypt to" in capsys.readouterr().err
    with pytest.raises(SystemExit) as half:
        main(["nav", "build", "2026-03", *own, "--to", str(keys.recipients)])
    assert half.value.code == 2
    assert not (copy / "nav").exists()
    sealing = ["--to", str(keys.recipients), "--sign", str(keys.secret), "--by", "Kari"]
    with pytest.raises(SystemExit) as done:
        main(["nav", "build", "2026-03", *own, *sealing])
    assert done.value.code == 0
    assert [line.package for line in delivery_log.read(copy / "nav").lines] == PACKAGES[:2]


def test_packages_of_other_data_are_refused(
    out: Path, data: Path, specs: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "data"
    shutil.copytree(data, changed)
    people = pl.read_parquet(changed / "skjema11_p2025_v1.parquet")
    people.head(100).write_parquet(changed / "skjema11_p2025_v1.parquet")
    with pytest.raises(ReleaseError, match="cannot be made again"):
        packages(out / "2026-03", Sources(str(changed), specs, TEMPLATES), silent)


def test_a_package_that_does_not_pass_a_gate_is_not_written(
    data: Path, specs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def every(_self: Generalisation, _sizes: object, places: Places, _box: object) -> Flags:
        return np.ones(places.shape[1], dtype=np.bool_)

    monkeypatch.setattr(Generalisation, "_kept", every)
    with pytest.raises(DisclosureError, match=r"-mikro is not handed over: .*gate rows .*not pass"):
        run("2026-03", data, tmp_path / "out", specs, None)
    assert not (tmp_path / "out" / "2026-03").exists()
    assert not (tmp_path / "out" / "nav").exists()


def test_a_gate_cannot_be_loosened(specs: Path, tmp_path: Path) -> None:
    loose = tmp_path / "specs"
    shutil.copytree(specs, loose)
    path = loose / "nav" / "kvp-nav.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("    region:\n      rows", "    gates: {rows: 3}\n    region:\n      rows"),
        encoding="utf-8",
    )
    with pytest.raises(
        SpecError, match=r"nav/kvp-nav.yaml: line \d+, datasets.1.mikro-anonym.gates.rows"
    ):
        load(loose)


def test_a_variable_that_there_is_not_is_told_by_file_and_line(
    data: Path, specs: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "specs"
    shutil.copytree(specs, wrong)
    path = wrong / "nav" / "kvp-nav.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("variable: BU18", "variable: BARN"),
        encoding="utf-8",
    )
    with pytest.raises(SpecError, match=r"nav/kvp-nav.yaml: line \d+.*no variable BARN"):
        run("2026-03", data, tmp_path / "out", wrong, None)


def test_months_are_handed_over_once_they_are_switched_on(
    data: Path, specs: Path, out: Path, tmp_path: Path
) -> None:
    assert not (out / "2026-03" / "public/statbank/jsonstat/soshjelp-maaneder.nb.json").exists()
    on = tmp_path / "specs"
    shutil.copytree(specs, on)
    shutil.rmtree(on / "nav")
    (on / "nav").mkdir()
    name = "soshjelp-maaneder-nav.yaml"
    spec = (TOP / "table_specs" / "nav" / name).read_text(encoding="utf-8")
    (on / "nav" / name).write_text(spec.replace("active: false", "active: true"), encoding="utf-8")
    table = on / "soshjelp-maaneder.yaml"
    table.write_text(
        table.read_text(encoding="utf-8").replace("rounds: []", "rounds: [march, june]"),
        encoding="utf-8",
    )
    [package] = run("2026-03", data, tmp_path / "out", on, None).packages
    assert package.name == "soshjelp-maaneder-nav_p2025_v1"
    rows = pl.read_csv(package.payload["soshjelp-maaneder_p2025_v1.csv"], separator=";")
    country = rows.filter(region="EAK")
    assert country.height == 24
    cases = country.filter(pl.col("statistikkvariabel") == "KOSmndtilfeller0000")
    assert (cases["verdi"].cast(pl.Float64) > 0).all()


def test_altered_rows_of_a_release_are_found(out: Path, specs: Path, tmp_path: Path) -> None:
    copy = tmp_path / "out"
    shutil.copytree(out, copy)
    path = next((copy / "2026-03" / stored.FOLDER / "2025").rglob("leaves.parquet"))
    leaves = pl.read_parquet(path)
    leaves.with_columns(pl.lit(1).cast(pl.Int64).alias("rows")).write_parquet(path)
    found = audit([copy / "2026-03"], specs=specs, templates=TEMPLATES, in_full=False)
    said = {f"{leak}".rpartition(": ")[2] for leak in found.leaks}
    assert "the file has been altered" in {leak.what for leak in found.leaks}
    assert any("do not" in leak.what for leak in found.leaks), said


@pytest.mark.parametrize("change", ["figure", "region", "version"])
def test_a_record_that_says_more_is_found(
    out: Path, specs: Path, tmp_path: Path, change: str
) -> None:
    copy = tmp_path / "out"
    shutil.copytree(out / "2026-03", copy / "2026-03")
    path = copy / "2026-03" / "nav" / "kvp-nav.json"
    said = json.loads(path.read_bytes())
    if change == "figure":
        said["rows"] = 1234
    elif change == "region":
        said["missing"]["skjema11"] = ["9999"]
    else:
        said["version"] = 77
    path.write_text(json.dumps(said), encoding="utf-8")
    found = audit([copy / "2026-03"], specs=specs, templates=TEMPLATES, in_full=False)
    assert any("kvp-nav.json" in leak.where for leak in found.leaks)
