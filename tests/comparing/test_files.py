"""The page, the JSON file and the workbook say the same; the verb writes them or nothing."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kostra_publish import cli, comparing
from kostra_publish.comparing import Asked, compare, read_release, writing
from kostra_publish.errors import ReleaseError, TemplateError, UsageError
from kostra_publish.outputs.comparison import words, workbook
from kostra_publish.outputs.comparison.facts import Comparison
from kostra_publish.outputs.comparison.files import JSON, PAGE, WORKBOOK, write_comparison
from kostra_publish.outputs.comparison.page import number, percent
from kostra_publish.outputs.comparison.tallies import by_category
from tests.comparing.pairs import Told, expected, made, pair, publish, told_cells, with_words
from tests.cubes import catalogue, text

TEMPLATES = Path(__file__).parents[2] / "templates"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return pair(tmp_path_factory.mktemp("pair"))


@pytest.fixture(scope="module")
def comparison(folders: tuple[Path, Path]) -> Comparison:
    one, other = map(read_release, folders)
    return compare(one, other)


@pytest.fixture(scope="module")
def files(comparison: Comparison) -> dict[str, bytes]:
    return dict(write_comparison(comparison, TEMPLATES))


# --- they agree ---


def from_json(data: bytes) -> list[Told]:
    content = json.loads(data)
    found: list[Told] = []
    for table in content["tables"]:
        codes = {each["code"]: each["codes"] for each in table["dimensions"]}
        names = ("KOKkommuneregion0000", "ContentsCode", "Kjonn", "Tid")
        cells = table["cells"]
        places = [[codes[name][place] for place in cells[name]] for name in names]
        kinds = [content["kinds"][kind] for kind in cells["kind"]]
        found += [
            (table["table"], *row)
            for row in zip(*places, kinds, cells["before"], cells["after"], strict=True)
        ]
    return found


def sheets(data: bytes) -> dict[str, list[list[Any]]]:
    book = openpyxl.load_workbook(BytesIO(data))
    return {
        sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book
    }


SEX = {"Kjonn: Menn": "1", "Kjonn: Kvinner": "2"}


def from_workbook(data: bytes) -> list[Told]:
    kinds = {name: kind for kind, name in words.KIND["nb"].items()}
    head, *rows = sheets(data)["Celler"]
    assert head[:3] == ["Tabell", "Region", "Regionnavn"]
    return [
        (row[0], row[1], row[3], SEX[row[5].replace("dimension ", "")], row[6], kinds[row[7]],
         row[8], row[9])
        for row in rows
    ]  # fmt: skip


def test_json_and_workbook_hold_exactly_the_cells(files: dict[str, bytes]) -> None:
    for found in (from_json(files[JSON]), from_workbook(files[WORKBOOK])):
        assert len(found) == len(expected())
        assert set(found) == expected()


def test_the_summary_is_the_same_everywhere(
    comparison: Comparison, files: dict[str, bytes]
) -> None:
    content = json.loads(files[JSON])
    page = files[PAGE].decode()
    rows = sheets(files[WORKBOOK])["Sammendrag"]
    head = rows[3]
    assert (content["changed"], content["compared"]) == (comparison.changed, 40)
    assert f"<strong>{comparison.changed}</strong> av 40 celler" in page
    assert len(rows) == 4 + len(comparison.tables)
    for table, told, row in zip(comparison.tables, content["tables"], rows[4:], strict=True):
        counts = {kind: count for kind, count in table.counts().items() if count}
        assert told["counts"] == counts
        line = dict(zip(head, row, strict=True))
        assert (line["Tabell"], line["Endret i alt"]) == (table.table, table.cells.height)
        for kind, count in counts.items():
            assert line[words.KIND["nb"][kind].capitalize()] == count
            assert f"<span>{count} {words.KIND['nb'][kind]}</span>" in page
    assert sum(len(table["cells"]["kind"]) for table in content["tables"]) == comparison.changed


def test_texts_and_codes_are_the_same_everywhere(
    comparison: Comparison, files: dict[str, bytes]
) -> None:
    told = json.loads(files[JSON])["said"]
    rows = sheets(files[WORKBOOK])["Tekster og koder"][1:]
    assert [each["path"] for each in told] == [list(each.path) for each in comparison.said]
    assert [row[-1] for row in rows] == [" / ".join(each.path) for each in comparison.said]
    page = files[PAGE].decode()
    for change in comparison.said:
        assert words.about(change) in page


def test_a_category_says_what_changed_in_it(comparison: Comparison) -> None:
    table = next(each for each in comparison.tables if each.table == "13995")
    region = next(each for each in by_category(table, "geo") if each.code == "0301")
    assert (region.changed, region.label) == (4, "Oslo")
    assert dict(region.counts) == {"amended": 2, "newly suppressed": 2}
    # 4.2 to 4.1 is more of a change than 117 to 118.
    assert region.largest == pytest.approx(-0.1 / 4.2)


# --- as files ---


def test_the_same_comparison_gives_the_same_bytes(
    comparison: Comparison, files: dict[str, bytes]
) -> None:
    assert dict(write_comparison(comparison, TEMPLATES)) == files
    book = openpyxl.load_workbook(BytesIO(files[WORKBOOK]))
    assert book.properties.created == datetime(2000, 1, 1)  # noqa: DTZ001


def test_the_workbook_can_be_filtered_and_its_headings_stay(files: dict[str, bytes]) -> None:
    book = openpyxl.load_workbook(BytesIO(files[WORKBOOK]))
    assert book.sheetnames == ["Sammendrag", "Celler", "Tekster og koder"]
    cells = book["Celler"]
    assert (cells.freeze_panes, cells.auto_filter.ref) == ("C2", f"A1:L{cells.max_row}")
    assert cells.max_row == 1 + len(expected())
    formats = {
        cell.number_format
        for row in cells.iter_rows(min_row=2, min_col=9, max_col=10)
        for cell in row
        if cell.value is not None
    }
    assert formats == {"#,##0", "#,##0.0"}
    assert all(book[name].column_dimensions["A"].width > 10 for name in book.sheetnames)


def test_cells_that_do_not_fit_on_a_sheet_go_to_the_next(
    comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "ROWS", 11)
    found = sheets(workbook.write_workbook(comparison))
    rows = [row for name in found if name.startswith("Celler") for row in found[name][1:]]
    assert len(rows) == comparison.changed
    assert [*found][1:4] == ["Celler", "Celler 2", "Celler 3"]


def test_names_of_categories_are_texts_and_not_code(tmp_path: Path) -> None:
    names = {"0301": "=1+1", "3103": "<b>Moss & co</b>"}
    one = publish(tmp_path, "2026-03", made(names, {}))
    changes: dict[tuple[str, ...], float | str] = {
        (code, "1", "antall", "2025"): 3.0 for code in names
    }
    other = publish(tmp_path, "2026-06", made(names, changes))
    made_files = dict(write_comparison(compare(read_release(one), read_release(other)), TEMPLATES))
    assert [row[2] for row in sheets(made_files[WORKBOOK])["Celler"][1:]] == [*names.values()]
    assert "<b>Moss" not in made_files[PAGE].decode()
    json.loads(made_files[JSON])


def test_a_page_is_internal_marks_synthetic_data_and_fetches_nothing(
    files: dict[str, bytes],
) -> None:
    page = files[PAGE].decode()
    assert "skal ikke publiseres" in page
    assert "Syntetiske data." in page
    assert "default-src &#39;none&#39;" in page
    assert not re.search(r"<script|src=|https?://", page)


def test_a_comparison_without_a_change_says_so(folders: tuple[Path, Path]) -> None:
    side = read_release(folders[0])
    made_files = dict(write_comparison(compare(side, side), TEMPLATES))
    assert "Ingenting er ulikt" in made_files[PAGE].decode()
    content = json.loads(made_files[JSON])
    assert (content["changed"], content["said"]) == (0, [])
    assert [len(rows) for rows in sheets(made_files[WORKBOOK]).values()] == [6, 1, 1]


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [(1234.5, 1, "1 234,5"), (-3.0, 0, "−3"), (":", 2, ":"), (None, 0, ""), (0.0, 1, "0,0")],
)
def test_numbers_are_written_as_norwegians_do(value: Any, decimals: int, shown: str) -> None:
    assert number(value, decimals).replace("\N{NO-BREAK SPACE}", " ") == shown


@pytest.mark.parametrize(
    ("share", "shown"), [(0.125, "+12,5 %"), (-0.5, "−50,0 %"), (12.3, "+1 230 %"), (None, "")]
)
def test_shares_have_their_direction(share: float | None, shown: str) -> None:
    assert percent(share).replace("\N{NO-BREAK SPACE}", " ") == shown


# --- the verb ---


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(each) for each in ("compare", *arguments)])
    return int(stopped.value.code or 0)


def test_the_verb_tells_the_summary_first(
    folders: tuple[Path, Path], comparison: Comparison, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*folders) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{comparison.changed} of 40 cells differ")
    assert lines[1].split()[:3] == ["Table", "Differ", "Amended"]
    assert [line.split()[:2] for line in lines[2:5]] == [
        [table.table, str(table.cells.height)] for table in comparison.tables
    ]


def test_the_verb_lists_the_cells_that_are_asked_for(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*folders, "--table", "13995", "--region", "0301", "--measure", "antall") == 0
    out = capsys.readouterr().out
    lines = [re.sub(" +", " ", line) for line in out.splitlines()]
    assert any("0301 Oslo Measure antall" in line and "117 118" in line for line in lines)
    assert any("Suppressed" in line and line.endswith("9 :") for line in lines)


def test_the_verb_says_that_nothing_differs(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folders[0], folders[0]) == 0
    assert "Nothing differs between" in capsys.readouterr().out
    assert run(folders[0], folders[0], "--quiet") == 0
    assert capsys.readouterr().out == ""


def test_the_verb_writes_three_files(
    folders: tuple[Path, Path], files: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "new" / "folder"
    assert run(*folders, "--out", out, "--quiet") == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files


def test_what_is_asked_for_is_what_is_written(folders: tuple[Path, Path], tmp_path: Path) -> None:
    assert run(*folders, "--out", tmp_path, "--table", "14019", "--quiet") == 0
    content = json.loads((tmp_path / JSON).read_bytes())
    assert [table["table"] for table in content["tables"]] == ["14019"]


def test_files_are_replaced_all_together(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / PAGE).write_text("before", encoding="utf-8")

    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kostra_publish.outputs.comparison.files.write_workbook", full)
    with pytest.raises(ReleaseError, match="cannot write in"):
        writing.write(comparison, TEMPLATES, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [PAGE]
    assert (tmp_path / PAGE).read_text(encoding="utf-8") == "before"


def test_nothing_is_written_into_a_release(folders: tuple[Path, Path]) -> None:
    before = sorted(folders[0].rglob("*"))
    with pytest.raises(UsageError, match="a release never changes"):
        writing.check_place(folders[0] / "internal", TEMPLATES)
    assert run(*folders, "--out", folders[0]) == UsageError.exit_code
    assert sorted(folders[0].rglob("*")) == before


def test_a_template_that_is_missing_is_told_before_anything_is_read(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(TemplateError, match=r"compare\.html\.j2"):
        writing.check_place(tmp_path / "out", tmp_path)
    arguments = ("--out", tmp_path / "out", "--templates", tmp_path)
    assert run(*folders, *arguments) == TemplateError.exit_code


# --- releases that are not as they were published ---


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / folder.name))


@pytest.mark.parametrize(
    "name",
    ["public/statbank/jsonstat/13995.nn.json", "internal/cubes/13995.parquet",
     "internal/cubes/13995.json", "public/statbank/jsonstat/collection.en.json"],
)  # fmt: skip
def test_a_release_with_an_altered_file_is_refused(
    folders: tuple[Path, Path], tmp_path: Path, name: str
) -> None:
    release = copied(folders[0], tmp_path)
    data = bytearray((release / name).read_bytes())
    data[len(data) // 2] ^= 1
    (release / name).write_bytes(data)
    with pytest.raises(ReleaseError, match="not as it was published") as caught:
        read_release(release)
    assert name in caught.value.message
    assert caught.value.fix
    assert run(release, folders[1]) == ReleaseError.exit_code


def test_a_release_that_lacks_a_file_or_has_one_more_is_refused(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    release = copied(folders[0], tmp_path)
    extra = release / "internal/cubes/99999.parquet"
    extra.write_bytes(b"")
    with pytest.raises(ReleaseError, match=r"99999\.parquet"):
        read_release(release)
    extra.unlink()
    (release / "public/statbank/jsonstat/13995.nb.json").unlink()
    with pytest.raises(ReleaseError, match="the file is missing"):
        read_release(release)


def test_a_folder_that_is_no_release_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a release"):
        read_release(tmp_path)
    assert run(tmp_path, tmp_path / "nowhere") == UsageError.exit_code


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("internal/cubes/13995.parquet", b"no"),
        ("internal/cubes/13995.json", b"{}"),
        ("public/statbank/jsonstat/13995.en.json", b'{"a'),
        ("public/statbank/jsonstat/13995.en.json", b"3"),
    ],
)
def test_a_file_that_does_not_read_is_named(
    folders: tuple[Path, Path], tmp_path: Path, name: str, data: bytes
) -> None:
    release = copied(folders[0], tmp_path)
    (release / name).write_bytes(data)
    with pytest.raises(ReleaseError, match=r"13995.*does not read"):
        comparing.read_folder(release, "2026-03")


def test_a_cube_with_another_number_of_cells_than_its_dimensions_say_is_refused(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    release = copied(folders[0], tmp_path)
    other = (release / "internal/cubes/10509.parquet").read_bytes()
    (release / "internal/cubes/13995.parquet").write_bytes(other)
    with pytest.raises(ReleaseError, match="has 4 cells, not 24"):
        comparing.read_folder(release, "2026-03")


def test_a_release_without_a_list_of_tables_is_compared(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    release = copied(folders[0], tmp_path)
    for language in ("nb", "nn", "en"):
        (release / f"public/statbank/jsonstat/collection.{language}.json").unlink()
    found = compare(comparing.read_folder(release, "a"), read_release(folders[0]))
    assert found.changed == 0
    assert {change.table for change in found.said} == {""}


def test_asked_for_everything_is_everything(folders: tuple[Path, Path]) -> None:
    one, other = map(read_release, folders)
    assert told_cells(compare(one, other, Asked())) == told_cells(compare(one, other))


def test_a_title_in_other_words_stands_in_all_three(tmp_path: Path) -> None:
    cubes = [made({"0301": "Oslo"}, {})]
    one = publish(tmp_path, "2026-03", *cubes)
    changed = with_words(catalogue([cubes[0].table]), contact=text("Kari"))
    other = publish(tmp_path, "2026-06", *cubes, words=changed)
    made_files = dict(write_comparison(compare(read_release(one), read_release(other)), TEMPLATES))
    (told,) = json.loads(made_files[JSON])["said"]
    assert told["before"] == {"nb": "contact", "nn": "contact (nn)", "en": "contact (en)"}
    page = made_files[PAGE].decode()
    assert all(f"{one}</span> Kari" in page for one in ("nb", "nn", "en"))
    row = sheets(made_files[WORKBOOK])["Tekster og koder"][1]
    assert row[5] == "nb: Kari · nn: Kari (nn) · en: Kari (en)"
