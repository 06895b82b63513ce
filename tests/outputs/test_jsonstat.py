"""JSON-stat read back by two readers that are not ours, cell by cell."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from pyjstat import pyjstat

from kostra_publish.disclosure.safe import Corrected, SafeCube
from kostra_publish.disclosure.seal import SEAL
from kostra_publish.outputs import jsonstat
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from kostra_publish.specs.models import LANGUAGES, Break, Scope, Text
from tests.awkward import awkward_cubes
from tests.cubes import (
    REGIONS,
    catalogue,
    cube,
    dimension,
    dimensions,
    facts,
    measure,
    own_dimensions,
    sample,
    table,
    text,
)
from tests.schedule import release_facts

ROOT = Path(__file__).parents[2]
READER = ROOT / "tests/readers/read_cells.mjs"
RELEASE = release_facts("2026-03")

Cells = dict[tuple[str, ...], tuple[float | None, str | None]]


@cache
def real() -> Catalogue:
    return load(ROOT / "table_specs")


def real_cube(table_id: str, seed: int = 1, regions: Sequence[str] = tuple(REGIONS)) -> SafeCube:
    """Drawn figures in a real table, with its own dimensions and measures."""
    spec = real().table(table_id)
    between = own_dimensions(spec, real())
    dims = dimensions(spec, [2024, 2025], {code: code for code in regions}, between)
    published = [facts(2024), facts(2025, round="2026-03", preliminary=True)]
    return cube(spec, dims, published, seed=seed)


def document(of: SafeCube, language: Any = "nb", texts: Catalogue | None = None) -> dict[str, Any]:
    found = jsonstat.render(
        jsonstat.heading(of, texts or catalogue(), language, RELEASE), jsonstat.figures(of)
    )
    result: dict[str, Any] = json.loads(found)
    return result


def cells(of: SafeCube) -> Cells:
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in of.frame().iter_rows()}


def write(folder: Path, *cubes: SafeCube, texts: Catalogue | None = None) -> list[Path]:
    written = []
    for path, data in jsonstat.write_jsonstat(cubes, texts or catalogue(), RELEASE):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        written.append(target)
    return written


def read_by_node(*files: Path) -> list[dict[str, Any]]:
    """What jsonstat-toolkit finds: a dict per cell, or per item of a collection."""
    binaries = Path(sys.executable).parent
    run = subprocess.run(
        ["node", str(READER), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"},
    )
    assert run.returncode == 0, f"{run.stderr}\n`make test` installs what the reader needs"
    return [json.loads(line) for line in run.stdout.splitlines()]


def cells_by_node(file: Path) -> Cells:
    return {tuple(line["codes"]): (line["value"], line["status"]) for line in read_by_node(file)}


# --- read back by others ---


@pytest.mark.parametrize("table_id", ["13995", "14019", "10509"])
def test_jsonstat_toolkit_reads_the_cells_of_the_cube(tmp_path: Path, table_id: str) -> None:
    whole = real_cube(table_id)
    for file in write(tmp_path, whole, texts=real())[: len(LANGUAGES)]:
        assert cells_by_node(file) == cells(whole)


# pyjstat's own ``write`` uses what it tells others not to use.
@pytest.mark.filterwarnings("ignore:Shouldn't use this function:DeprecationWarning:pyjstat")
@pytest.mark.parametrize("table_id", ["13995", "14019", "10509"])
def test_pyjstat_reads_the_values_of_the_cube(table_id: str) -> None:
    assert_pyjstat_reads(real_cube(table_id), real())


@pytest.mark.filterwarnings("ignore:Shouldn't use this function:DeprecationWarning:pyjstat")
@settings(max_examples=30)
@given(awkward_cubes())
def test_pyjstat_reads_the_values_beside_awkward_names(whole: SafeCube) -> None:
    assert_pyjstat_reads(whole, catalogue())


def assert_pyjstat_reads(whole: SafeCube, texts: Catalogue) -> None:
    read = jsonstat.dataset(whole, texts, "nn", RELEASE)
    frame = read.write("dataframe", naming="id")  # type: ignore[attr-defined]
    codes = [item.code for item in whole.dimensions]
    rows = frame[[*codes, "value"]].astype(dict.fromkeys(codes, str))
    found = {tuple(row[:-1]): row[-1] for row in rows.itertuples(index=False)}
    assert found.keys() == cells(whole).keys()
    for key, (value, _) in cells(whole).items():
        assert (found[key] == value) if value is not None else found[key] != found[key]


def test_pyjstat_finds_each_cell_by_its_codes() -> None:
    whole = sample()
    read = jsonstat.dataset(whole, catalogue(), "en", RELEASE)
    codes = [item.code for item in whole.dimensions]
    for key, (value, _) in cells(whole).items():
        query = [{code: category} for code, category in zip(codes, key, strict=True)]
        assert read.get_value(query) == value  # type: ignore[attr-defined]


def test_pyjstat_gives_the_document_back_as_it_was() -> None:
    whole = sample()
    written = jsonstat.dataset(whole, catalogue(), "nb", RELEASE)
    assert isinstance(written, pyjstat.Dataset)
    assert json.loads(json.dumps(written)) == document(whole)


def test_the_collection_names_every_table_by_a_link_that_leads_there(tmp_path: Path) -> None:
    cubes = [sample("13995"), sample("14019")]
    files = write(tmp_path, *cubes)
    collections = files[-len(LANGUAGES) :]
    assert [path.name for path in collections] == [f"collection.{each}.json" for each in LANGUAGES]
    for file in collections:
        items = read_by_node(file)
        linked = [(file.parent / item["href"]).resolve() for item in items]
        language = file.name.split(".")[1]
        assert [path.name for path in linked] == [
            f"{each}.{language}.json" for each in (13995, 14019)
        ]
        for path, item in zip(linked, items, strict=True):
            assert json.loads(path.read_bytes())["label"] == item["label"]


@settings(max_examples=60)
@given(awkward_cubes())
def test_any_label_comes_back_as_it_went_out(whole: SafeCube) -> None:
    for language in LANGUAGES:
        read = jsonstat.dataset(whole, catalogue(), language, RELEASE)
        assert read["id"] == [item.code for item in whole.dimensions]
        for item in whole.dimensions:
            found = read["dimension"][item.code]
            assert found["label"] == item.label.get(language)
            assert list(found["category"]["label"]) == list(item.codes)
            assert list(found["category"]["label"].values()) == [
                label.get(language) for label in item.labels
            ]
        assert any(whole.vintages[2025].notes[0].text.get(language) in n for n in read["note"])
        assert_cells_are(read, whole)


def assert_cells_are(read: dict[str, Any], whole: SafeCube) -> None:
    """Value or status in each cell, never both, never neither, and those of the cube."""
    size = prod(read["size"])
    status = read.get("status", {})
    assert len(read["value"]) == size
    assert all(0 <= int(index) < size for index in status)
    for index, (value, sign) in enumerate(cells(whole).values()):
        assert read["value"][index] == value
        assert status.get(str(index)) == sign
        assert (read["value"][index] is None) == (str(index) in status)


def test_labels_that_node_reads_are_awkward_too(tmp_path: Path) -> None:
    odd = 'Kárášjohka "Karasjok"; ŋđ\nåæø' + "x" * 300
    spec = table(title=text(odd))
    dims = dimensions(spec, [2025], {"5610": odd, "0301": odd})
    whole = cube(spec, dims, [facts(2025)])
    assert cells_by_node(write(tmp_path, whole)[0]) == cells(whole)


# --- figures ---


def flat(values: list[float | None], statuses: list[str | None]) -> SafeCube:
    """A cube of one measure with these cells, one per region."""
    spec = table(measures=[measure("KOSantall0000", decimals=1)])
    dims = dimensions(spec, [2025], {str(1000 + n): str(n) for n in range(len(values))})
    frame = pl.DataFrame(
        {"value": values, "status": statuses}, schema={"value": pl.Float64, "status": pl.String}
    )
    return cube(spec, dims, [facts(2025)], cells=frame)


def test_whole_numbers_are_integers_and_signs_are_beside_nulls() -> None:
    values = [117.0, -0.0, 0.1, -3.0, 2.5, 1e18, 1e300, None, None, None]
    statuses = [None] * 7 + [".", "..", ":"]
    assert jsonstat.figures(flat(values, statuses)) == (
        '"value":[117,0,0.1,-3,2.5,1000000000000000000,1e+300,null,null,null],'
        '"status":{"7":".","8":"..","9":":"}'
    )


def test_without_signs_there_is_no_status() -> None:
    assert jsonstat.figures(flat([1.0, 2.0], [None, None])) == '"value":[1,2]'


def test_a_suppressed_cell_carries_no_number(tmp_path: Path) -> None:
    whole = sample()
    hidden = {key for key, (_, sign) in cells(whole).items() if sign == ":"}
    assert hidden
    read = cells_by_node(write(tmp_path, whole)[0])
    assert {read[key] for key in hidden} == {(None, ":")}


def test_the_same_cubes_give_the_same_bytes() -> None:
    one = list(jsonstat.write_jsonstat([real_cube("13995")], real(), RELEASE))
    assert one == list(jsonstat.write_jsonstat([real_cube("13995")], real(), RELEASE))


def test_a_million_cells_are_written_in_seconds() -> None:
    spec = table()
    # 500 regions x 500 categories x 2 measures x 2 years
    group = dimension("Gruppe", {str(n): str(n) for n in range(500)})
    dims = dimensions(spec, [2024, 2025], {str(1000 + n): str(n) for n in range(500)}, [group])
    frame = pl.select(
        value=pl.int_range(0, 1_000_000).cast(pl.Float64) / 10,
        status=pl.lit(None, dtype=pl.String),
    )
    published = {year: facts(year) for year in (2024, 2025)}
    whole = SafeCube(SEAL, spec, dims, frame, published)
    start = time.perf_counter()
    size = sum(len(data) for _, data in jsonstat.write_jsonstat([whole], catalogue(), RELEASE))
    # A second or so on a quiet machine; the limit is for a busy one.
    assert time.perf_counter() - start < 10
    assert size > 3 * 6_000_000


# --- what stands beside the figures ---


def test_a_document_has_the_members_of_the_statbank() -> None:
    whole = sample()
    found = document(whole)
    assert (found["version"], found["class"]) == ("2.0", "dataset")
    assert found["id"] == [KOMMUNE_REGION, "Kjonn", CONTENTS, TIME]
    assert found["size"] == [4, 3, 2, 2]
    assert found["role"] == {"time": [TIME], "geo": [KOMMUNE_REGION], "metric": [CONTENTS]}
    assert found["updated"] == "2026-03-16T07:00:00Z"
    assert found["source"] == "publisher"
    extension = found["extension"]
    assert extension["contact"] == [{"raw": "contact"}]
    assert (extension["firstPeriod"], extension["lastPeriod"]) == ("2024", "2025")
    assert extension["discontinued"] is False
    px = extension["px"]
    assert px.keys() == {
        "tableid", "matrix", "decimals", "official-statistics", "aggregallowed", "copyright",
        "language", "contents", "heading", "stub", "subject-code", "subject-area", "nextUpdate",
    }  # fmt: skip
    assert (px["tableid"], px["language"], px["decimals"]) == ("13995", "nb", 1)
    assert px["aggregallowed"] is False
    assert px["nextUpdate"] == "2026-06-15T06:00:00Z"
    assert sorted([*px["heading"], *px["stub"]]) == sorted(found["id"])


def test_dimensions_say_what_may_be_left_out() -> None:
    found = document(sample())["dimension"]
    assert found[KOMMUNE_REGION]["extension"]["elimination"] is False
    urn = "urn:ssb:classification:klass:131"
    assert found[KOMMUNE_REGION]["link"] == {"describedby": [{"extension": {KOMMUNE_REGION: urn}}]}
    assert found["Kjonn"]["extension"]["elimination"] is True
    assert found["Kjonn"]["extension"]["eliminationValueCode"] == "0"
    assert found[TIME]["category"]["index"] == {"2024": 0, "2025": 1}


def test_measures_have_units_and_kinds() -> None:
    found = document(sample())["dimension"][CONTENTS]
    assert found["category"]["unit"] == {
        "KOSantall0000": {"base": "number", "decimals": 0, "position": "end"},
        "KOSandel0000": {"base": "number", "decimals": 1, "position": "end"},
    }
    extension = found["extension"]
    assert extension["refperiod"] == {"KOSantall0000": "Year", "KOSandel0000": "Year"}
    assert set(extension["measuringType"].values()) == {"Flow"}
    assert set(extension["priceType"].values()) == {"NotApplicable"}
    assert extension["basePeriod"] == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_the_language_asked_for(language: Any) -> None:
    found = document(sample(), language)
    ending = {"nb": "", "nn": " (nn)", "en": " (en)"}[language]
    assert found["source"] == f"publisher{ending}"
    assert found["dimension"]["Kjonn"]["category"]["label"]["1"] == f"Menn{ending}"
    by_and = {"nb": ("etter", "og"), "nn": ("etter", "og"), "en": ("by", "and")}[language]
    assert found["label"] == (
        f"13995: Title of 13995{ending}, {by_and[0]} dimension {KOMMUNE_REGION}{ending}, "
        f"dimension Kjonn{ending}, dimension {CONTENTS}{ending} "
        f"{by_and[1]} dimension {TIME}{ending}"
    )


def test_preliminary_and_synthetic_figures_are_marked_first_and_must_be_seen() -> None:
    found = document(sample())
    assert found["note"][:2] == ["synthetic", "2025: preliminary final_figures"]
    assert found["extension"]["noteMandatory"]["0"] is True
    assert found["extension"]["noteMandatory"]["1"] is True
    assert found["extension"]["kostra"]["preliminary"] == ["2025"]
    assert found["extension"]["kostra"]["synthetic"] is True
    assert found["extension"]["kostra"]["rounds"] == {"2024": "2025-06", "2025": "2026-03"}


@pytest.mark.parametrize(
    ("language", "ending"),
    [
        ("nb", "Endelige tall kommer {}. juni {}."),
        ("nn", "Endelege tal kjem {}. juni {}."),
        ("en", "Final figures are published on {} June {}."),
    ],
)
# 15 June is a Saturday in 2024, a Sunday in 2025, a Monday in 2026.
@pytest.mark.parametrize(("year", "day"), [(2024, 17), (2025, 16), (2026, 15)])
def test_the_mark_of_preliminary_figures_gives_the_day_of_the_next_update(
    language: Any, ending: str, year: int, day: int
) -> None:
    release = release_facts(f"{year}-03")
    found = jsonstat.heading(sample(vintages=[year - 2, year - 1]), real(), language, release)
    (note,) = [one for one in found["note"] if one.startswith(f"{year - 1}: ")]
    assert note.endswith(ending.format(day, year))
    assert found["extension"]["px"]["nextUpdate"] == f"{year}-06-{day}T06:00:00Z"


def test_corrected_figures_say_when_and_why_and_what_they_replaced() -> None:
    reason = text("Sola had sent last year's figures.")
    corrected = [Corrected(day=date(2026, 9, 1), reason=reason)]
    spec = table()
    vintages = [
        facts(2024),
        facts(2025, round="2026-06.1", replaces="2026-06", corrected=corrected),
    ]
    whole = cube(spec, dimensions(spec, [2024, 2025]), vintages)
    found = jsonstat.heading(whole, real(), "nn", RELEASE)
    said = "2025: Retta 1. september 2026. Sola had sent last year's figures. (nn)"
    assert found["note"][1] == said
    assert found["extension"]["noteMandatory"]["1"] is True
    kostra = found["extension"]["kostra"]
    assert kostra["rounds"] == {"2024": "2025-06", "2025": "2026-06.1"}
    assert kostra["replaces"] == {"2025": "2026-06"}
    assert kostra["corrections"] == [{"period": "2025", "date": "2026-09-01", "text": reason.nn}]
    english = jsonstat.heading(whole, real(), "en", RELEASE)
    assert english["note"][1].startswith("2025: Corrected on 1 September 2026. Sola")


def test_regions_with_estimated_kommuner_tell_how_much_of_them_is() -> None:
    spec = table()
    vintages = [facts(2024), facts(2025, estimated={"EAK": 4.5})]
    whole = cube(spec, dimensions(spec, [2024, 2025]), vintages)
    found = jsonstat.heading(whole, real(), "nb", RELEASE)
    assert found["extension"]["kostra"]["estimated"] == {"2025": {"EAK": 4.5}}


def test_a_table_without_a_round_to_come_has_no_next_update() -> None:
    release = release_facts("2024-10-kvp")
    last = jsonstat.heading(sample(vintages=[2023]), real(), "nb", release)
    assert last["extension"]["px"]["nextUpdate"] == "2025-03-17T07:00:00Z"
    spec = table(rounds=["kvp"])
    never = jsonstat.heading(
        cube(spec, dimensions(spec, [2023]), [facts(2023)]), real(), "nb", release
    )
    assert "nextUpdate" not in never["extension"]["px"]


@pytest.mark.parametrize("synthetic", [True, False])
def test_synthetic_data_are_never_official_statistics(synthetic: bool) -> None:
    spec = table()
    whole = cube(
        spec, dimensions(spec, [2024, 2025]), [facts(2024, synthetic=synthetic), facts(2025)]
    )
    assert document(whole)["extension"]["px"]["official-statistics"] is False
    real_data = cube(spec, dimensions(spec, [2025]), [facts(2025, synthetic=False)])
    assert document(real_data)["extension"]["px"]["official-statistics"] is True


def test_who_has_not_reported_is_a_note_that_must_be_seen() -> None:
    found = document(sample())
    place = found["note"].index("Reports for 2025 are missing for: Moss")
    assert found["extension"]["noteMandatory"][str(place)] is True


def test_signs_that_occur_are_explained_and_no_others() -> None:
    whole = flat([None, 1.0], ["..", None])
    found = document(whole)["note"]
    assert ".. = not reported" in found
    assert not any(note.startswith((". =", ": =")) for note in found)


def a_break(vintage: int, **scope: Any) -> Break:
    return Break(vintage=vintage, text=text("The form changed"), scope=Scope(**scope))


def test_a_break_before_the_first_vintage_shown_is_still_a_note() -> None:
    whole = sample(vintages=[2025], breaks=[a_break(2017), a_break(2026)])
    found = document(whole)
    place = found["note"].index("2017: The form changed")
    assert found["extension"]["noteMandatory"][str(place)] is True
    assert not any("2026: The form" in note for note in found["note"])
    assert [item["period"] for item in found["extension"]["kostra"]["breaks"]] == ["2017"]


def test_a_break_of_one_measure_stands_with_it() -> None:
    whole = sample(breaks=[a_break(2025, measures=["KOSandel0000"])])
    contents = document(whole)["dimension"][CONTENTS]
    assert contents["category"]["note"] == {"KOSandel0000": ["2025: The form changed"]}
    assert contents["extension"]["categoryNoteMandatory"] == {"KOSandel0000": {"0": True}}


def test_a_note_on_regions_that_are_not_there_is_left_out() -> None:
    whole = sample(breaks=[a_break(2020, regions=["9999"])])
    assert "The form changed" not in json.dumps(document(whole))


def test_what_could_not_be_confirmed_is_marked() -> None:
    whole = sample(provisional=True)
    found = document(whole)
    assert "provisional: 13995." in found["note"]
    assert found["extension"]["kostra"]["provisional"] == {"table": ["13995"]}


@pytest.mark.parametrize("table_id", sorted(real().tables))
def test_every_real_table_can_be_written(table_id: str) -> None:
    whole = real_cube(table_id, regions=["0301", "EAK"])
    for language in LANGUAGES:
        found = document(whole, language, real())
        assert_cells_are(found, whole)
        assert found["label"]
        told = {item["text"] for item in found["extension"]["kostra"]["breaks"]}
        of_all = [item for item in whole.table.breaks if not item.scope.regions]
        assert {item.text.get(language) for item in of_all if item.vintage <= 2025} <= told


def test_a_long_list_of_unconfirmed_codes_is_not_in_the_note() -> None:
    measures = [measure(f"KOSny{n}0000", provisional=True) for n in range(7)]
    found = document(sample(measures=measures))
    assert "provisional." in found["note"]
    listed = found["extension"]["kostra"]["provisional"]["measures"]
    assert listed == [item.code for item in measures]


@pytest.mark.parametrize(("language", "end"), [("nb", ", etter alder"), ("en", ", by age")])
def test_a_title_that_names_its_variables_is_left_as_it_is(language: Any, end: str) -> None:
    title = Text(
        nb="Deltakere, etter alder", nn="Deltakarar, etter alder", en="Participants, by age"
    )
    label = document(sample(title=title), language)["label"]
    assert label.endswith(end)
