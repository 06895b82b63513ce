"""What `show` picks from a release, and what programs read of it."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pyjstat import pyjstat

from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.outputs import csv_table, jsonstat
from kostra_publish.releases.manifest import read_manifest, release_facts
from kostra_publish.showing import (
    Asked,
    Shown,
    as_csv,
    as_json,
    lines,
    sheets,
    show,
    sparkline,
)
from kostra_publish.specs.catalogue import load
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from kostra_publish.specs.models import Language
from tests.shown_release import AMOUNT, COUNT, NAME, REGIONS, YEARS, shown


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("house")
    shown(folder, "2025-06")
    shown(folder)
    # The specs do not change; reading them takes longest.
    with patch("kostra_publish.showing.load", cache(load)):
        yield folder


def of(house: Path, *regions: str, language: Language = "nb", **more: Any) -> Shown:
    asked = Asked(**{"table": "kontakt", "regions": regions, **more})
    return show(house / "out", None, house / "specs", asked, language)


def codes(found: Shown, dimension: str = KOMMUNE_REGION) -> tuple[str, ...]:
    return found.cube.dimension(dimension).codes


# --- which release ----------------------------------------------------------------------


def test_the_newest_release_is_shown_unless_another_is_named(house: Path) -> None:
    asked = Asked("kontakt")
    for named, name in (
        (None, NAME),
        (house / "out" / "2025-06", "2025-06"),
        (Path("2025-06"), "2025-06"),
    ):
        found = show(house / "out", named, house / "specs", asked)
        assert found.release == f"{name} (built)"


def test_a_look_is_shown(house: Path, tmp_path: Path) -> None:
    look = tmp_path / "looks" / NAME
    shutil.copytree(house / "out" / NAME, look)
    assert show(tmp_path, look, house / "specs", Asked("kontakt")).release == f"{NAME} (built)"


def test_current_is_the_release_that_it_leads_to(house: Path, tmp_path: Path) -> None:
    shutil.copytree(house / "out" / NAME, tmp_path / NAME)
    (tmp_path / "current").symlink_to(NAME)
    found = show(tmp_path, tmp_path / "current", house / "specs", Asked("kontakt"))
    assert found.standing.folder.name == NAME


def test_where_there_is_no_release_that_is_said(house: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no release in"):
        show(tmp_path, None, house / "specs", Asked("kontakt"))
    with pytest.raises(UsageError, match="it has no manifest"):
        show(tmp_path, tmp_path, house / "specs", Asked("kontakt"))
    with pytest.raises(UsageError, match=f"{NAME} has no table 12269"):
        show(house / "out", None, house / "specs", Asked("12269"))


def test_a_release_that_was_altered_is_not_shown(house: Path, tmp_path: Path) -> None:
    copy = tmp_path / NAME
    shutil.copytree(house / "out" / NAME, copy)
    path = copy / "internal/cubes/kontakt.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ReleaseError, match="not as it was published"):
        show(tmp_path, None, house / "specs", Asked("kontakt"))


# --- what is asked for ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("1124", "1124"),
        ("Sola", "1124"),
        ("sola", "1124"),
        ("Moss", "3103"),
        ("Moss (2020-2023)", "3002"),
        ("våler (østfold)", "3114"),
        ("Kautokeino", "5612"),
        ("guovdageaidnu", "5612"),
        ("Rogaland", "EKA11"),
        ("landet uten oslo", "EAKUO"),
    ],
)
def test_a_region_is_told_by_code_or_name(house: Path, said: str, code: str) -> None:
    assert codes(of(house, said)) == (code,)


def test_measures_years_and_categories_are_told_so_too(house: Path) -> None:
    found = of(house, measures=["utbetalt beløp i året"], years=["2024", "2025"])
    assert (codes(found, CONTENTS), codes(found, TIME)) == ((AMOUNT,), ("2024", "2025"))
    for dimension, category in (("KOKkjonn0000", "1"), ("kjønn", "Menn"), ("sex", "men")):
        by_sex = of(house, table="kontakt-kjonn", categories={dimension: [category]})
        assert codes(by_sex, "KOKkjonn0000") == ("1",)


def test_each_is_told_once_and_in_the_order_of_the_table(house: Path) -> None:
    assert codes(of(house, "Sola", "1101", "1124")) == ("1101", "1124")


@pytest.mark.parametrize(
    ("asked", "rule", "fix"),
    [
        ({"regions": ["Sol"]}, "no Sol in KOKkommuneregion0000", "1124 Sola"),
        ({"regions": ["1125"]}, "no 1125", "1124 Sola"),
        ({"regions": ["Mos"]}, "no Mos", "3103 Moss, 3002 Moss (2020-2023)"),
        ({"regions": ["Våler"]}, "several", "3114 Våler (Østfold), 3419 Våler (Innlandet)"),
        ({"measures": ["beløp"]}, "no beløp in ContentsCode", "KOSbelop0000 Utbetalt beløp i året"),
        ({"years": ["2019"]}, "no 2019 in Tid", "2023, 2024, 2025"),
        ({"years": ["xyz"]}, "no xyz in Tid", "It has 2023, 2024, 2025 …"),
        (
            {"categories": {"alder": ["1"]}},
            "no dimension alder",
            "and years only",
        ),
        (
            {"table": "kontakt-kjonn", "categories": {"alder": ["1"]}},
            "no dimension alder",
            "It has KOKkjonn0000 (kjønn).",
        ),
        ({"table": "kontakten"}, "there is no table kontakten", "kontakt-kjonn, kontakt"),
    ],
)
def test_what_is_not_there_is_refused_with_what_was_meant(
    house: Path, asked: dict[str, Any], rule: str, fix: str
) -> None:
    with pytest.raises(UsageError) as refused:
        of(house, **asked)
    assert rule in refused.value.message
    assert fix in refused.value.fix


# --- how it is laid out -----------------------------------------------------------------


def test_one_region_has_its_years_beside_the_areas_that_it_is_compared_with(house: Path) -> None:
    (sheet,) = sheets(of(house, "Sola"))
    assert [column.head for column in sheet.columns] == [
        "statistikkvariabel",
        *YEARS,
        "",
        "KOSTRA-gruppe 9, 2025",
        "Rogaland, 2025",
        "Landet, 2025",
        "Landet uten Oslo, 2025",
    ]
    space = "\N{NO-BREAK SPACE}"
    numbers = f"27{space}000", f"24{space}000", f"30{space}000", f"33{space}000"
    assert sheet.rows[0] == ("Tilfeller", "659", ":", "824", "▁ █", *numbers)


def test_the_newest_year_that_is_asked_for_stands_beside(house: Path) -> None:
    (sheet,) = sheets(of(house, "EAK", years=["2024"], language="en"))
    heads = [column.head for column in sheet.columns]
    assert heads == ["contents", "2024", "Landet uten Oslo, 2024"]
    assert sheet.rows[0] == ("Cases", "20,000", "22,000")


def test_a_former_region_stands_alone_and_one_with_a_new_code_tells_the_old(house: Path) -> None:
    former = of(house, "3002")
    assert (former.beside, former.former) == ((), ())
    assert of(house, "3103").former == ("3002",)
    assert of(house, "3103", "3002").former == ()


def test_several_regions_have_a_sheet_for_each_measure(house: Path) -> None:
    first, second = sheets(of(house, "Sola", "Moss"))
    assert [first.title, second.title] == ["Tilfeller", "Utbetalt beløp i året (1 000 kr)"]
    assert [row[0] for row in first.rows] == ["1124 Sola", "3103 Moss"]
    assert second.rows[0][1:] == ("12\N{NO-BREAK SPACE}345,6", "9\N{NO-BREAK SPACE}876,5", "..")


def test_several_regions_in_one_year_have_measures_across_the_top(house: Path) -> None:
    (sheet,) = sheets(of(house, "Sola", "Moss", years=["2025"]))
    heads = [column.head for column in sheet.columns]
    assert heads == ["region", "Tilfeller", "Utbetalt beløp i året (1 000 kr)"]
    assert sheet.rows[0] == ("1124 Sola", "824", "..")


def test_every_line_has_all_codes_and_names(house: Path) -> None:
    found = of(house, table="kontakt-kjonn")
    sheet = lines(found)
    assert len(sheet.rows) == len(REGIONS) * 2 * 2
    keys = {(row[0], row[2], row[4]) for row in sheet.rows}
    assert keys == {
        (region, sex, measure) for region in REGIONS for sex in "01" for measure in (COUNT, AMOUNT)
    }
    men = next(row for row in sheet.rows if row[:5:2] == ("1124", "1", COUNT))
    assert men == ("1124", "Sola", "1", "Menn", COUNT, "Tilfeller", "330", ":", "412")


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ((1, 2, 3), "▁▅█"),
        ((3.0, None, 1.0), "█ ▁"),
        ((5, 5), "▄▄"),
        ((5, None, None), "   "),
        ((None, None), "  "),
        ((-7, 0, 7), "▁▅█"),
        ((), ""),
    ],
)
def test_a_sparkline_has_a_bar_for_each_number_and_a_gap_for_a_sign(
    values: tuple[float | None, ...], bars: str
) -> None:
    assert sparkline(values) == bars


# --- what is read with it ---------------------------------------------------------------


def test_marks_breaks_and_signs_that_occur_are_told(house: Path) -> None:
    notes = of(house, "Sola").notes
    starts = [
        "Syntetiske data",
        "2025: Foreløpige, ureviderte tall. Endelige tall kommer 15. juni 2026.",
        "Nummer, tittel eller kode er ikke bekreftet av Statistikkbanken: KOSbelop0000.",
        "Andel av innbyggerne",
        "Utbetalt beløp i året: 2024: Lån er ikke med lenger.",
        ".. = ",
        ": = ",
        "Tall som bygger på færre enn fire personer",
    ]
    assert len(notes) == len(starts)
    assert all(note.startswith(start) for note, start in zip(notes, starts, strict=True))


def test_what_is_not_shown_is_not_told(house: Path) -> None:
    found = of(house, "EAKUO", years=["2024"], measures=[COUNT])
    (synthetic,) = found.notes
    assert synthetic.startswith("Syntetiske data")
    assert found.notes_left_out == 1


def test_a_kommune_that_has_not_reported_is_named_where_it_is_shown(house: Path) -> None:
    missing = "2025: Skjema 11 mangler for: Eigersund."
    assert missing in of(house, "Eigersund").notes
    assert missing not in of(house, "Sola").notes


# --- for programs -----------------------------------------------------------------------


def test_the_whole_table_is_what_the_release_has_to_the_byte(house: Path) -> None:
    found = of(house, language="en")
    release = release_facts(read_manifest(house / "out" / NAME))
    (_, _, english, *_) = jsonstat.write_jsonstat([found.whole], found.catalogue, release)
    assert as_json(found) == english[1]
    assert as_csv(of(house)) == csv_table.figures(found.whole, found.catalogue)


def test_json_of_a_part_is_read_by_pyjstat_with_its_signs_and_notes(house: Path) -> None:
    text = as_json(of(house, "Sola", "Moss", measures=[COUNT])).decode()
    read = pyjstat.Dataset.read(text)
    query = [{KOMMUNE_REGION: "1124"}, {CONTENTS: COUNT}, {TIME: "2025"}]
    assert read.get_value(query) == 824
    assert (read["size"], read["value"][:3]) == ([2, 1, 3], [659, None, 824])
    assert read["status"] == {"1": ":", "3": "."}
    assert read["extension"]["kostra"]["preliminary"] == ["2025"]
    assert any("Foreløpige" in note for note in read["note"])


def test_a_total_that_is_not_in_the_part_eliminates_nothing(house: Path) -> None:
    for picked, total in (("Menn", None), ("Begge kjønn", "0")):
        found = of(house, table="kontakt-kjonn", categories={"kjønn": [picked]})
        extension = json.loads(as_json(found))["dimension"]["KOKkjonn0000"]["extension"]
        assert extension.get("eliminationValueCode") == total


def test_csv_of_a_part_has_codes_names_values_signs_and_marks(house: Path) -> None:
    data = as_csv(of(house, "Sola", measures=[AMOUNT], language="en"))
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";", strict=True)
    names = "Tid", "ContentsCode_label", "unit", "preliminary", "value", "status"
    read = [[row[name] for name in names] for row in rows]
    label = "Amount paid in the year", "NOK 1 000"
    assert read == [
        ["2023", *label, "false", "12345,6", ""],
        ["2024", *label, "false", "9876,5", ""],
        ["2025", *label, "true", "", ".."],
    ]
