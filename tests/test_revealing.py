"""True figures are shown to whoever may see them, and stay there."""

from __future__ import annotations

import hashlib
import io
import logging
import re
import shutil
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest
from rich.console import Console

from kostra_publish import cli, revealing, terminal_figures
from kostra_publish.checking import input_facts, round_inputs
from kostra_publish.cube.build import build
from kostra_publish.cube.plan import Plan
from kostra_publish.disclosure.primary import protect
from kostra_publish.disclosure.safe import SUPPRESSED, SafeCube
from kostra_publish.disclosure.seal import SEAL
from kostra_publish.disclosure.stored import with_history
from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.microdata import synth
from kostra_publish.releases.history import cube_files
from kostra_publish.releases.manifest import InputFile, write_manifest
from kostra_publish.releases.staging import staged
from kostra_publish.showing import Asked, Shown, show
from kostra_publish.specs.catalogue import load
from kostra_publish.terminal_figures import print_revealed
from tests.cubes import facts
from tests.planted import TRUE, TRUE_TEXT, plant, small_kommune
from tests.schedule import a_round, release_facts
from tests.shown_release import COUNT, specs_of
from tests.silence import silent
from tests.test_terminal import in_a_terminal, run

NAME, VINTAGE = "2026-06", 2025
SILENT = "1151"
"""A kommune that has not reported."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data with a small kommune, and a release of them with an earlier year."""
    folder = tmp_path_factory.mktemp("house")
    data = folder / "data"
    synth.write(data, vintages=[VINTAGE], scale=0.02, filuttrekk=False)
    plant(data / f"skjema11_p{VINTAGE}_v2.parquet")
    release(folder)
    return folder


def small(house: Path) -> str:
    return small_kommune(pl.read_parquet(house / f"data/skjema11_p{VINTAGE}_v2.parquet"))


def release(house: Path, *, other: float = 0.0) -> Path:
    """Count the table and write it as a release does; ``other`` is added to a figure shown."""
    specs = specs_of(house)
    path = specs / "kontakt.yaml"
    text = path.read_text(encoding="utf-8").replace(", factor: 0.001", "")
    path.write_text(text, encoding="utf-8")
    catalogue = load(specs)
    spec, current = catalogue.tables["kontakt"], a_round(NAME)
    plan = Plan(catalogue, [spec], VINTAGE, current.kind)
    inputs = round_inputs(plan, current, str(house / "data"))
    counted = inputs.count(plan.sources, plan.population, plan.queries)
    (true,) = build(plan, counted.results, counted.statuses, inputs.file_names).cubes
    safe = changed(protect(true, facts(VINTAGE, synthetic=True)), other)
    files = [
        InputFile(name=one.name, version=one.version, sha256=one.sha256, rows=one.rows)
        for one in input_facts(inputs, counted)
    ]
    with staged(house / "out", NAME) as staging:
        for where, data in cube_files(with_history(safe, hidden_year_before(safe))):
            staging.write(where, data)
        write_manifest(
            staging, release_facts(NAME), tables=[spec], inputs=files, specs=catalogue.sha256
        )
    return house / "out" / NAME


def changed(cube: SafeCube, by: float) -> SafeCube:
    cells = cube.frame().select("value", "status")
    first = pl.int_range(pl.len()) == pl.col("value").is_not_null().arg_max()
    cells = cells.with_columns(value=pl.when(first).then(pl.col("value") + by).otherwise("value"))
    return SafeCube(SEAL, cube.table, cube.dimensions, cells, cube.vintages)


def hidden_year_before(cube: SafeCube) -> SafeCube:
    """The year before, with nothing to see."""
    cells = pl.DataFrame(
        {"value": [None] * len(cube.values), "status": [SUPPRESSED] * len(cube.values)},
        schema={"value": pl.Float64, "status": pl.String},
    )
    *dims, time = cube.dimensions
    year = type(time)(time.code, time.role, time.label, ("2024",), time.labels)
    return SafeCube(SEAL, cube.table, [*dims, year], cells, {2024: facts(2024)})


def of(house: Path, *regions: str, **more: Any) -> Shown:
    asked = Asked(**{"table": "kontakt", "regions": regions, **more})
    return show(house / "out", None, house / "specs", asked)


def revealed(house: Path, *regions: str, **more: Any) -> revealing.Revealed:
    return revealing.reveal(of(house, *regions, **more), str(house / "data"), silent)


def arguments(house: Path, *more: str) -> list[str]:
    named = {"--out": "out", "--specs": "specs", "--data": "data"}
    folders = [text for name, path in named.items() for text in (name, str(house / path))]
    return ["show", "kontakt", "--reveal", *folders, *more]


# --- what is shown ----------------------------------------------------------------------


def test_a_true_figure_stands_beside_its_sign(house: Path) -> None:
    found = revealed(house, small(house))
    (region,) = found.regions
    count, amount = (dict(zip(heads(region), row, strict=True)) for row in region.sheet.rows)
    assert (count["2025"], count["2025, true figure"]) == (":", "2")
    assert amount["2025"] == ":"
    assert TRUE_TEXT.fullmatch(amount["2025, true figure"].removesuffix(",0"))
    assert region.hidden == (True, True)
    assert found.synthetic


def heads(region: revealing.Region) -> list[str]:
    return [column.head for column in region.sheet.columns]


def test_all_that_is_shown_is_the_same_and_hidden_are_counted_from_the_data(house: Path) -> None:
    rows = pl.read_parquet(house / f"data/skjema11_p{VINTAGE}_v2.parquet")
    counted: Mapping[str, int] = dict(
        rows.filter(pl.col("BOSIT").is_null() | (pl.col("BOSIT") != "6"))
        .group_by("KOMMUNE_NR")
        .len()
        .iter_rows()
    )
    kommuner = [code for code in of(house).cube.dimensions[0].codes if len(code) == 4]
    hidden = 0
    for code, region in zip(kommuner, revealed(house, *kommuner).regions, strict=True):
        row = dict(zip(heads(region), region.sheet.rows[0], strict=True))
        true = row["2025, true figure"].replace("\N{NO-BREAK SPACE}", "")
        if row["2025"] == SUPPRESSED:
            hidden += 1
            assert int(true) == counted[code] < 4
        else:
            assert row["2025, true figure"] == row["2025"]
    assert hidden > 5


def test_signs_that_are_no_secret_stay_and_so_do_earlier_years(house: Path) -> None:
    (region,) = revealed(house, SILENT).regions
    row = dict(zip(heads(region), region.sheet.rows[0], strict=True))
    assert (row["2024"], row["2025"], row["2025, true figure"]) == (":", "..", "..")


def test_only_what_is_asked_for_is_shown(house: Path) -> None:
    (region,) = revealed(house, small(house), measures=[COUNT], years=["2025"]).regions
    assert [row[0] for row in region.sheet.rows] == ["Tilfeller"]
    assert heads(region) == ["statistikkvariabel", "2025", "2025, true figure"]


def test_a_terminal_shows_it_between_warnings_and_nothing_is_left_behind(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    before = contents(house) | contents(tmp_path)
    seen = in_a_terminal(*arguments(house, "--region", small(house)), columns=80)
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen).replace("\r", "").splitlines()
    warned = [n for n, line in enumerate(lines) if line.startswith("TRUE FIGURES")]
    shown = [n for n, line in enumerate(lines) if TRUE_TEXT.search(line)]
    assert len(shown) == 1
    assert warned[0] < shown[0] < warned[1]
    assert lines[-1].startswith("Synthetic data (syntetiske data)")
    assert contents(house) | contents(tmp_path) == before


def contents(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in a folder."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


# --- where it is refused ----------------------------------------------------------------


def test_a_pipe_is_refused_before_anything_is_read(house: Path) -> None:
    nowhere = [one.replace(str(house), "/nowhere") for one in arguments(house, "--region", "1124")]
    done = run(*nowhere)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"in a terminal only" in done.stderr


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        (["--region", "1124"], "in a terminal only"),
        (["--yes-i-may-see-this"], "for some regions, not for a whole table"),
        (["--region", "1124", "--format", "csv", "--yes-i-may-see-this"], "not written as csv"),
        (["--region", "1124", "--format", "json", "--yes-i-may-see-this"], "not written as json"),
        (["--region", "1124", "--year", "2024", "--yes-i-may-see-this"], "its own year, 2025"),
    ],
)
def test_what_is_asked_for_in_another_way_is_refused(
    house: Path, more: list[str], rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main(arguments(house, *more))
    captured = capsys.readouterr()
    assert (refused.value.code, captured.out) == (UsageError.exit_code, "")
    assert rule in captured.err


def test_whoever_says_so_sees_it_in_a_pipe(
    house: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(SystemExit) as done:
        cli.main(arguments(house, "--region", small(house), "--yes-i-may-see-this"))
    captured = capsys.readouterr()
    assert (done.value.code, captured.err, caplog.text) == (0, "", "")
    assert captured.out.count("TRUE FIGURES (uprikkede tall)") == 2
    assert len(TRUE_TEXT.findall(captured.out)) == 1


@pytest.fixture
def copy(house: Path, tmp_path: Path) -> Path:
    """The same, to be altered."""
    shutil.copytree(house, tmp_path / "copy")
    return tmp_path / "copy"


def refused(house: Path, *regions: str) -> str:
    """The message of a refusal, in which there is no true figure."""
    with pytest.raises(ReleaseError) as raised:
        revealed(house, *(regions or [small(house)]))
    told = "".join(traceback.format_exception(raised.value))
    assert not TRUE_TEXT.search(told)
    return str(raised.value)


def test_other_data_are_refused_by_name(copy: Path) -> None:
    path = copy / f"data/befolkning_p{VINTAGE}_v2.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    assert f"input {path.name}: its content is another" in refused(copy)
    path.unlink()
    assert f"input {path.name}: it is not there" in refused(copy)


def test_other_specs_are_refused_by_name(copy: Path) -> None:
    path = copy / "specs/kontakt.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert "spec kontakt.yaml: its content is another" in refused(copy)


def test_a_newer_delivery_beside_makes_no_difference(copy: Path) -> None:
    newest = copy / f"data/skjema11_p{VINTAGE}_v2.parquet"
    shutil.copy(newest, newest.with_name(f"skjema11_p{VINTAGE}_v3.parquet"))
    assert revealed(copy, small(copy)).regions[0].sheet.rows[0][-1] == "2"


def test_a_release_that_shows_another_figure_is_refused_without_a_figure(copy: Path) -> None:
    release(copy, other=1)
    told = refused(copy)
    assert "1 of " in told
    assert "come out otherwise than 2026-06 shows them" in told


def test_a_year_that_another_release_published_is_refused(copy: Path) -> None:
    found = of(copy, "1124")
    published = found.whole.vintages[VINTAGE].model_copy(update={"round": "2026-03"})
    cells = found.whole.frame().select("value", "status")
    of_march = SafeCube(
        SEAL, found.whole.table, found.whole.dimensions, cells, {VINTAGE: published}
    )
    asked = Shown(
        found.standing, found.catalogue, of_march, of_march.part({}), None, (), found.language
    )
    with pytest.raises(UsageError, match="2025 as 2026-03 published it") as raised:
        revealing.reveal(asked, str(copy / "data"), silent)
    assert raised.value.fix.endswith("/2026-03.")


def test_what_nobody_foresaw_is_told_by_its_kind_alone(house: Path) -> None:
    def fail(*_: object) -> None:
        raise ValueError(TRUE)

    with patch.object(revealing, "protect", fail):
        assert "the table cannot be counted again (ValueError)" in refused(house)


# --- nowhere else -----------------------------------------------------------------------


def test_a_true_figure_is_in_no_file_and_in_no_other_output(
    house: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    region = small(house)
    for path in house.rglob("*"):
        if path.is_file():
            assert not TRUE_TEXT.search(path.read_bytes().decode("latin-1")), path
    for form in ("table", "csv", "json", "md"):
        shown = [one for one in arguments(house) if one != "--reveal"]
        with pytest.raises(SystemExit):
            cli.main([*shown, "--region", region, "--format", form])
        captured = capsysbinary.readouterr()
        assert captured.out
        assert not TRUE_TEXT.search(captured.out.decode() + captured.err.decode())


def test_nothing_that_holds_true_figures_tells_them_by_itself(house: Path) -> None:
    found = revealed(house, small(house))
    (region,) = found.regions
    for one in (found, region, region.sheet, found.shown):
        assert not TRUE_TEXT.search(repr(one))


def test_a_long_table_sends_nobody_to_a_pipe(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal_figures, "MOST_OF_ONE", 1)
    seen = io.StringIO()
    console = Console(file=seen, width=80, force_terminal=True, color_system=None)
    print_revealed(console, revealed(house, small(house)))
    assert "1 of 2 rows. Pick with --measure.\n" in seen.getvalue()


def test_real_figures_are_not_said_to_be_synthetic(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = replace(revealed(house, SILENT), synthetic=False)
    print_revealed(Console(file=io.StringIO()), found)
    first, *_ = capsys.readouterr().out.split("\n\n")
    assert first.startswith("TRUE FIGURES")
    assert "Synthetic" not in first


def test_what_rich_takes_for_a_terminal_is_no_way_around(
    house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with pytest.raises(SystemExit) as refusal:
        cli.main(arguments(house, "--region", "1124"))
    assert (refusal.value.code, capsys.readouterr().out) == (2, "")
