"""Releases from built to current and back, corrected and made again, on a small Norway."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest

from kostra_publish import releasing
from kostra_publish.auditing import audit
from kostra_publish.cli import main
from kostra_publish.disclosure import protection
from kostra_publish.disclosure.rounds import alone
from kostra_publish.errors import LeakError, ReleaseError, UsageError
from kostra_publish.microdata import synth
from kostra_publish.preparing import Sources
from kostra_publish.publication import Request, publish
from kostra_publish.rebuilding import Rebuilt, rebuild
from kostra_publish.releases.history import earlier_cubes
from kostra_publish.releases.life import standings, verify
from kostra_publish.releases.log import read_log
from kostra_publish.releases.manifest import read_manifest
from kostra_publish.specs.catalogue import load
from kostra_publish.specs.dimensions import TIME
from tests.few_specs import JUNE, TABLES, correct, write_specs
from tests.schedule import NOW, a_round
from tests.silence import silent

TEMPLATES = Path(__file__).parents[1] / "templates"
ROUNDS = ("2025-06", "2026-03", "2026-06")
LATE = NOW + timedelta(days=365)


class House:
    """A folder of releases with the data and specs that they are made of."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.out, self.specs, self.data = folder / "out", folder / "specs", data
        write_specs(self.specs)

    @property
    def place(self) -> releasing.Place:
        return releasing.Place(self.out, self.specs, TEMPLATES)

    def publish(self, name: str, *only: str) -> Path:
        request = Request(name, str(self.data), self.out, self.specs, TEMPLATES, NOW, only)
        return publish(request, silent).folder

    def approve(self, name: str, time: datetime = LATE) -> None:
        """As the verb does, but attacked by algebra alone: that is fast, and finds enough here."""
        with patch.object(releasing, "audit", partial(audit, in_full=False)):
            releasing.approve(self.place, name, time, "Kari Nordmann")

    def show(self, name: str, time: datetime = LATE) -> Path:
        folder = self.publish(name)
        self.approve(name, time)
        releasing.release(self.place, name, time)
        return folder

    def rebuild(self, name: str) -> Rebuilt:
        sources = Sources(str(self.data), self.specs, TEMPLATES)
        return rebuild(self.out / name, sources, silent)

    def current(self) -> str:
        return (self.out / "current").resolve().name


def head(release: Path, table: str, language: str = "nb") -> dict[str, Any]:
    path = release / "public/statbank/jsonstat" / f"{table}.{language}.json"
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    synth.write(folder, vintages=[2024, 2025], scale=0.05, filuttrekk=False)
    return folder


@pytest.fixture(scope="module")
def shown(data: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    """June 2025, and March and June 2026, which everybody has seen."""
    house = House(tmp_path_factory.mktemp("shown"), data)
    for name in ROUNDS:
        house.show(name)
    return house


@pytest.fixture
def house(shown: House, tmp_path: Path) -> House:
    """The same, to go on with."""
    copy = House(tmp_path, shown.data)
    shutil.copytree(shown.out, copy.out, symlinks=True)
    return copy


# --- history ----------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_earlier_vintages_are_as_last_published_in_every_release(shown: House, table: str) -> None:
    spec = {table: load(shown.specs).table(table)}
    published: dict[str, pl.DataFrame] = {}
    for name in ROUNDS:
        [cube] = earlier_cubes(shown.out / name, spec).values() or [None]
        if cube is None:
            continue
        for vintage in cube.vintages:
            cells = cube.frame().filter(
                (pl.col(TIME) == str(vintage)) & (pl.col("status").fill_null("") != ".")
            )
            key = f"{vintage} of {cube.vintages[vintage].round}"
            assert published.setdefault(key, cells).equals(cells), key
    assert "2024 of 2025-06" in published
    assert "2025 of 2026-06" in published


def test_a_release_says_per_table_what_it_holds_and_replaces(shown: House) -> None:
    found = head(shown.out / "2026-06", "kvp-deltakere")["extension"]
    assert (found["firstPeriod"], found["lastPeriod"]) == ("2024", "2025")
    assert found["kostra"]["rounds"] == {"2024": "2025-06", "2025": "2026-06"}
    assert found["kostra"]["replaces"] == {"2025": "2026-03"}
    # The next round of a table is one that publishes it.
    assert found["px"]["nextUpdate"] == "2027-03-15T07:00:00Z"
    june = head(shown.out / "2026-06", JUNE)["extension"]
    assert june["px"]["nextUpdate"] == "2027-06-15T06:00:00Z"
    assert june["kostra"]["replaces"] == {}


# --- from built to current --------------------------------------------------------------


def test_what_everybody_sees_is_approved_and_whole(shown: House) -> None:
    assert shown.current() == "2026-06"
    steps = [(line.release, line.step) for line in read_log(shown.out).lines]
    assert steps == [
        (name, step) for name in ROUNDS for step in ("built", "audited", "approved", "released")
    ]
    assert [line.beside for line in read_log(shown.out).lines if line.step == "audited"] == [
        (), (), ("2026-03",),
    ]  # fmt: skip
    for name in ROUNDS:
        assert verify(shown.out / name) == []


def test_before_eight_o_clock_nothing_is_released(data: Path, tmp_path: Path) -> None:
    house = House(tmp_path, data)
    hour = a_round("2025-06").updated
    with pytest.raises(ReleaseError, match="under embargo until 2025-06-16 08:00 Europe/Oslo"):
        house.show("2025-06", hour - timedelta(seconds=1))
    assert not (house.out / "current").exists()
    releasing.release(house.place, "2025-06", hour)
    assert house.current() == "2025-06"


def test_an_audit_that_finds_something_is_logged_and_keeps_the_release_back(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, data)
    house.publish("2025-06")
    found = audit([house.out / "2025-06"], specs=house.specs, templates=TEMPLATES)
    leaking = type(found)(**{**vars(found), "leaks": ("2025-06 skjema11: 1 cell",)})
    with monkeypatch.context() as patched:
        patched.setattr(releasing, "audit", lambda *_paths, **_folders: leaking)
        with pytest.raises(LeakError, match="1 violation"):
            releasing.approve(house.place, "2025-06", LATE, "Kari Nordmann")
    assert read_log(house.out).lines[-1].violations == 1
    with pytest.raises(ReleaseError, match="not approved"):
        releasing.release(house.place, "2025-06", LATE)
    releasing.approve(house.place, "2025-06", LATE, "Kari Nordmann")
    assert standings(house.out).get("2025-06").state == "approved"


def test_an_altered_release_is_found_and_not_released_again(house: House) -> None:
    path = house.out / "2026-06" / "public/statbank/jsonstat/12269.en.json"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"Statistics", b"Statistisc", 1))
    for step in (releasing.verify, lambda _: releasing.release(house.place, "2026-06", LATE)):
        with pytest.raises(ReleaseError, match=r"12269.en.json: .*the file has been altered"):
            step(house.out / "2026-06")
    path.write_bytes(whole)
    releasing.verify(house.out / "current")


# --- corrections ------------------------------------------------------------------------


def moved(folder: Path, data: Path) -> Path:
    """The data, with a new version of one dataset in which Sola has more."""
    shutil.copytree(data, folder)
    old = max(folder.glob("introduksjon_p2025_v*.parquet"))
    rows = pl.read_parquet(old)
    sola = pl.when(pl.col("KOMMUNE_NR") == "1124").then(pl.col("MOTTAKERE") + 40)
    path = folder / f"introduksjon_p2025_v{int(old.stem[-1]) + 1}.parquet"
    rows.with_columns(sola.otherwise(pl.col("MOTTAKERE")).alias("MOTTAKERE")).write_parquet(
        path, metadata={"delivered": "2026-06-20", "synthetic": "true"}
    )
    return folder


def test_a_correction_touches_only_what_it_names(house: House, tmp_path: Path) -> None:
    house.data = moved(tmp_path / "moved", house.data)
    correct(house.specs, "2026-06.1", "2026-09-01", "12269", unaffected=JUNE)
    before = contents(house.out / "2026-06")
    folder = house.show("2026-06.1")
    assert contents(house.out / "2026-06") == before
    assert house.current() == "2026-06.1"
    after = contents(folder)
    changed = {
        path
        for path in before.keys() | after.keys()
        if not path.startswith("internal/") and before.get(path) != after.get(path)
    }
    together = {
        f"public/statbank/{name}"
        for name in ("catalog.jsonld", "changes.json", "changes.xml", "datapackage.json")
    }
    # It is loaded alone: the other tables are in the statbank already.
    loaded = {path for path in before.keys() | after.keys() if path.startswith("statbank-load/")}
    assert {path for path in loaded if path in after} == {
        path for path in loaded if "12269" in path
    }
    assert {path for path in changed - loaded if "12269" not in path} <= {
        "manifest.json",
        *together,
        *(f"public/statbank/index{name}.html" for name in ("", ".nb", ".nn", ".en")),
        *(f"public/statbank/jsonstat/collection.{name}.json" for name in ("nb", "nn", "en")),
    }
    found = head(folder, "12269", "nn")
    assert "2025: Retta 1. september 2026. Sola hadde sendt tal for 3 år." in found["note"]
    kostra = found["extension"]["kostra"]
    assert kostra["rounds"]["2025"] == "2026-06.1"
    assert kostra["replaces"] == {"2025": "2026-06"}
    with_reason = {path for path, said in after.items() if "Sola hadde sendt tal" in _text(said)}
    public = {path for path in with_reason if path.startswith("public/")}
    pages = {f"public/statbank/index{name}.html" for name in ("", ".nb", ".nn")}
    assert {path for path in public if "12269" not in path} <= pages | together
    assert read_manifest(folder).correction is not None


def test_a_table_of_data_with_a_new_version_is_not_passed_over(
    house: House, tmp_path: Path
) -> None:
    house.data = moved(tmp_path / "moved", house.data)
    correct(house.specs, "2026-06.1", "2026-09-01", "12269")
    refused = rf"tables it does not name have not seen: introduksjon_p2025_v3.parquet \({JUNE}\)"
    with pytest.raises(ReleaseError, match=refused):
        house.publish("2026-06.1")
    assert not (house.out / "2026-06.1").exists()


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


def test_a_correction_that_would_change_more_is_refused(house: House) -> None:
    correct(house.specs, "2026-06.1", "2026-09-01", "12269")
    spec = house.specs / "12131.yaml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("(K)", "(kommune)"), encoding="utf-8")
    with pytest.raises(ReleaseError, match="would change what it does not name: 12131"):
        house.publish("2026-06.1")
    assert not (house.out / "2026-06.1").exists()


def fewer(folder: Path, data: Path) -> Path:
    """The data, with a new version of skjema 11C in which some participants are gone."""
    shutil.copytree(data, folder)
    old = max(folder.glob("skjema11c_p2025_v*.parquet"))
    path = folder / f"skjema11c_p2025_v{int(old.stem[-1]) + 1}.parquet"
    rows = pl.read_parquet(old)
    gone = (pl.int_range(pl.len()) % 9 == 0) & pl.col("KOMMUNE_NR").str.starts_with("11")
    rows.filter(~gone).write_parquet(
        path, metadata={"delivered": "2026-06-20", "synthetic": "true"}
    )
    return folder


def test_a_correction_of_microdata_is_released_beside_march_and_june(
    house: House, tmp_path: Path
) -> None:
    house.data = fewer(tmp_path / "fewer", house.data)
    correct(house.specs, "2026-06.1", "2026-09-01", "kvp-deltakere")
    house.show("2026-06.1")
    assert house.current() == "2026-06.1"
    audited = next(line for line in read_log(house.out).lines[::-1] if line.step == "audited")
    assert (audited.beside, audited.violations) == (("2026-03", "2026-06"), 0)


def test_a_correction_that_gives_a_difference_away_is_not_released(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.data = fewer(tmp_path / "fewer", house.data)
    correct(house.specs, "2026-06.1", "2026-09-01", "kvp-deltakere")
    with monkeypatch.context() as patched:
        # As though March and June had not been.
        patched.setattr(protection, "_beside", lambda universe, _earlier: [alone(universe)])
        house.publish("2026-06.1")
    with pytest.raises(LeakError, match="differences of few persons") as caught:
        house.approve("2026-06.1")
    last = read_log(house.out).lines[-1]
    assert (last.step, last.beside) == ("audited", ("2026-03", "2026-06"))
    assert last.violations == len(caught.value.leaks)
    with pytest.raises(ReleaseError, match="not approved"):
        releasing.release(house.place, "2026-06.1", LATE)
    assert house.current() == "2026-06"


def test_march_is_not_corrected_once_the_final_figures_are_out(house: House) -> None:
    correct(house.specs, "2026-03.1", "2026-09-01", "12269")
    with pytest.raises(ReleaseError, match="preliminary figures for 2025 in place of the final"):
        house.publish("2026-03.1")


def test_a_correction_names_tables_of_its_round_and_a_later_day(house: House) -> None:
    correct(house.specs, "2026-03.1", "2026-04-01", JUNE)
    with pytest.raises(UsageError, match=f"2026-03 does not publish {JUNE}"):
        house.publish("2026-03.1")
    path = house.specs / "rounds.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("2026-04-01", "2026-03-01"), encoding="utf-8"
    )
    with pytest.raises(UsageError, match=r"is dated 2026-03-01, before 2026-03 is out"):
        house.publish("2026-03.1")


def test_other_specs_than_those_it_was_made_with_approve_nothing(
    data: Path, tmp_path: Path
) -> None:
    house = House(tmp_path, data)
    house.publish("2025-06")
    spec = house.specs / "12131.yaml"
    spec.write_text(spec.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
    with pytest.raises(ReleaseError, match="2025-06 was made with other table specs"):
        releasing.approve(house.place, "2025-06", LATE, "Kari Nordmann")


@pytest.mark.parametrize("place", ["nowhere", "2026-06"])
def test_a_folder_that_is_not_of_releases_is_left_alone(house: House, place: str) -> None:
    out = house.out / place
    before = out.exists()
    with pytest.raises(UsageError, match=r"is a release|there is no folder"):
        releasing.withdraw(out, "2026-06", LATE, "Kari Nordmann", "no reason")
    assert out.exists() == before
    assert verify(house.out / "2026-06") == []


def test_there_is_nothing_to_correct_before_a_release(data: Path, tmp_path: Path) -> None:
    house = House(tmp_path, data)
    correct(house.specs, "2025-06.1", "2025-09-01", "12269")
    house.publish("2025-06")
    with pytest.raises(UsageError, match="which has not been released"):
        house.publish("2025-06.1")


def test_a_released_round_with_other_figures_is_refused(house: House, tmp_path: Path) -> None:
    house.publish("2026-06")
    house.data = moved(tmp_path / "moved", house.data)
    for path in house.data.glob("introduksjon_p2025_v*.parquet"):
        rows, metadata = pl.read_parquet(path), {"synthetic": "true"}
        rows.write_parquet(path, metadata=metadata)
    with pytest.raises(ReleaseError, match="2026-06 has been released with other figures"):
        house.publish("2026-06")
    assert house.current() == "2026-06"


# --- withdrawn --------------------------------------------------------------------------


def test_a_withdrawn_june_is_known_but_not_carried_on(house: House, tmp_path: Path) -> None:
    found = releasing.withdraw(house.out, "2026-06", LATE, "Kari Nordmann", "Oslo is wrong")
    assert house.current() == "2026-03"
    house.data = moved(tmp_path / "moved", house.data)
    correct(house.specs, "2026-06.1", "2026-09-01", *TABLES)
    folder = house.show("2026-06.1")
    manifest = read_manifest(folder)
    assert manifest.previous is not None
    assert manifest.previous.round == "2026-03"
    assert [one.round for one in manifest.beside] == ["2026-03", "2026-06"]
    assert found.get("2026-06").state == "withdrawn"
    kostra = head(folder, "12269")["extension"]["kostra"]
    assert kostra["replaces"] == {"2025": "2026-03"}


# --- other rounds -----------------------------------------------------------------------


def dated(house: House, entry: str) -> None:
    path = house.specs / "rounds.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\nrounds:\n", f"\nrounds:\n  - {entry}\n"), encoding="utf-8")


def test_a_round_of_national_figures_shows_the_country_and_nothing_else(
    data: Path, tmp_path: Path
) -> None:
    house = House(tmp_path, data)
    path = house.specs / "rounds.yaml"
    text = path.read_text(encoding="utf-8")
    part = "    figures: {}\n    regions: [land, land_uten_oslo]"
    path.write_text(text.replace(part.format("final"), part.format("preliminary")), "utf-8")
    dated(
        house,
        '{round: 2026-02-landstall, kind: landstall, date: "2026-02-25", tables: [kvp-deltakere]}',
    )
    house.publish("2025-06")
    folder = house.publish("2026-02-landstall")
    spec = load(house.specs).table("kvp-deltakere")
    cells = earlier_cubes(folder, {spec.id: spec})[spec.id].frame()
    own = cells.filter(pl.col(TIME) == "2025").with_columns(
        country=pl.col("KOKkommuneregion0000").is_in(["EAK", "EAKUO"])
    )
    assert own.filter("country")["value"].null_count() < own.filter("country").height
    assert set(own.filter(~pl.col("country"))["status"]) <= {"..", "."}
    # All of it comes in March, beside what was shown, and what was shown is as it was.
    march = house.publish("2026-03")
    assert [one.round for one in read_manifest(march).beside] == ["2026-02-landstall"]
    after = earlier_cubes(march, {spec.id: spec})[spec.id].frame().filter(pl.col(TIME) == "2025")
    codes = ["KOKkommuneregion0000", "KOKkjonn0000", "KOKalder0000", "ContentsCode"]
    both = own.filter("country").join(after, on=codes, suffix="_after")
    assert both["value"].equals(both["value_after"])
    assert both["status"].equals(both["status_after"])
    assert after["value"].null_count() < own["value"].null_count() - 5_000


def test_national_figures_after_the_whole_would_take_it_away(house: House) -> None:
    dated(
        house,
        '{round: 2026-07-landstall, kind: landstall, date: "2026-07-03", tables: [kvp-deltakere]}',
    )
    with pytest.raises(ReleaseError, match="publishes only some figures of kvp-deltakere"):
        house.publish("2026-07-landstall")


def test_kvp_has_a_round_of_its_own(house: House) -> None:
    dated(house, '{round: 2026-09-kvp, kind: kvp, date: "2026-09-08"}')
    folder = house.show("2026-09-kvp")
    before = contents(house.out / "2026-06")
    after = contents(folder)
    for table in ("12269", "12131"):
        paths = [path for path in before if f"/{table}." in path and path.startswith("public/")]
        assert paths
        assert all(before[path] == after[path] for path in paths)
    kostra = head(folder, "kvp-deltakere")["extension"]["kostra"]
    assert kostra["rounds"]["2025"] == "2026-09-kvp"


# --- made again -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["2025-06", "2026-06"])
def test_a_release_is_made_again_to_the_byte(shown: House, name: str) -> None:
    found = shown.rebuild(name)
    assert (found.different, found.files) == ((), len(contents(shown.out / name)))
    assert {path.name for path in shown.out.iterdir()} == {
        ".lock", "current", "releases.jsonl", *ROUNDS,
    }  # fmt: skip


def test_what_a_release_was_made_of_and_is_not_as_it_was_is_named(
    house: House, tmp_path: Path
) -> None:
    house.data = moved(tmp_path / "moved", house.data)
    first = max(house.data.glob("skjema11c_p2025_v*.parquet"))
    pl.read_parquet(first).head(10).write_parquet(first)
    spec = house.specs / "12131.yaml"
    spec.write_text(spec.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
    shutil.rmtree(house.out / "2026-03")
    with pytest.raises(ReleaseError) as caught:
        house.rebuild("2026-06")
    lines = caught.value.message.splitlines()[1:]
    assert lines == [
        f"input {first.name}: its content is another",
        "spec 12131.yaml: its content is another",
        f"release 2026-03: it is not in {house.out}",
    ]


def test_rounds_that_came_into_the_calendar_later_change_nothing(house: House) -> None:
    dated(house, '{round: 2026-09-kvp, kind: kvp, date: "2026-09-08"}')
    assert house.rebuild("2026-06").different == ()
    # Nor does a correction tell the tables it does not name of them.
    correct(house.specs, "2026-06.1", "2026-09-01", "12269")
    found = head(house.show("2026-06.1"), "kvp-deltakere")["extension"]["px"]
    assert found["nextUpdate"] == "2027-03-15T07:00:00Z"


def test_what_a_correction_does_not_name_is_told_as_it_was(house: House) -> None:
    dated(house, '{round: 2027-03, kind: march, date: "2027-03-22"}')
    correct(house.specs, "2026-06.1", "2026-09-01", "12269")
    folder = house.show("2026-06.1")
    days = {table: head(folder, table)["extension"]["px"]["nextUpdate"] for table in TABLES[:2]}
    assert days == {"12269": "2027-03-22T07:00:00Z", "12131": "2027-03-15T07:00:00Z"}
    # What was corrected is told in later releases, too, whatever the calendar says by then.
    path = house.specs / "rounds.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("corrections:")] + "corrections: []\n", encoding="utf-8")
    dated(house, '{round: 2026-10-kvp, kind: kvp, date: "2026-10-08"}')
    later = house.show("2026-10-kvp")
    notes = " ".join(head(later, "12269")["note"])
    assert "Rettet 1. september 2026. Sola hadde sendt tall for 3 år." in notes


def test_a_round_that_is_moved_is_judged_by_the_calendar_it_was_made_with(
    data: Path, tmp_path: Path
) -> None:
    house = House(tmp_path, data)
    house.show("2026-03")
    house.publish("2026-06")
    house.approve("2026-06")
    dated(house, '{round: 2026-06, kind: june, date: "2026-06-29"}')
    with pytest.raises(ReleaseError, match="has been moved to 2026-06-29 08:00 Europe/Oslo"):
        releasing.release(house.place, "2026-06", LATE)
    # What March said of June stays as it was, and is no violation.
    house.show("2026-06")
    assert "15. juni 2026" in " ".join(head(house.out / "2026-03", "12269")["note"])


# --- the command line -------------------------------------------------------------------


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as done:
        main([*arguments])
    return int(done.value.code or 0)


def test_a_round_on_the_command_line(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    out, specs = ["--out", str(house.out)], ["--specs", str(house.specs)]
    assert run("rounds", *out, *specs, "--year", "2026") == 0
    said = capsys.readouterr().out
    assert "2026-06" in said
    assert "released" in said
    assert "current" in said
    assert run("verify", str(house.out / "2026-06")) == 0
    assert "nothing missing, nothing extra" in capsys.readouterr().out
    assert run("approve", "2026-06", "--by", " ", *out, *specs) == 2
    assert "--by says nothing" in capsys.readouterr().err
    assert run("release", "2026-07", *out) == 2
    assert "there is no release 2026-07" in capsys.readouterr().err
    arguments = ["withdraw", "2026-06", "--by", "Kari", "--reason", "Oslo is wrong", *out]
    assert run(*arguments) == 0
    assert "2026-03 is current" in capsys.readouterr().out
    data = ["--data", str(house.data)]
    assert run("rebuild", str(house.out / "2025-06"), *data, *specs) == 0
    assert "the same bytes" in capsys.readouterr().out
