"""Each way in which a load file can be other than the statbank wants it, told with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kostra_publish.cli import main
from kostra_publish.errors import LoadFileError, UsageError
from kostra_publish.loading import Validated, validate
from tests.cubes import cube, dimension, dimensions, facts, measure, sample, table
from tests.outputs.loading import client, written

Json = dict[str, Any]
Alter = Callable[[str], str]

SPEC = table(
    measures=[measure("KOSantall0000"), measure("KOSandel0000", decimals=1, unit="prosent")]
)
DIMENSIONS = dimensions(
    SPEC,
    [2025],
    {"0301": "Oslo", "3103": "Moss"},
    [dimension("Kjonn", {"1": "Menn", "2": "Kvinner"})],
)
CELLS = pl.DataFrame(
    {
        "value": [710.0, 20.5, None, 21.5, 712.0, None, 713.0, 23.5],
        "status": [None, None, ":", None, None, "..", None, None],
    },
    schema={"value": pl.Float64, "status": pl.String},
)
FIGURES, DESCRIPTION = written(
    cube(SPEC, DIMENSIONS, [facts(2025, synthetic=False)], cells=CELLS), release="2026-06"
)
LINES = "".join(
    f"{line}\r\n"
    for line in (
        "0301;1;2025;710;20,5;;",
        "0301;2;2025;;21,5;04;",
        "3103;1;2025;712;;;02",
        "3103;2;2025;713;23,5;;",
    )
)


@pytest.fixture
def theirs(tmp_path: Path) -> Json:
    """The description of the statbank, to be altered: the same as ours."""
    (tmp_path / "13995.dat").write_bytes(FIGURES)
    (tmp_path / "13995.uttrekksbeskrivelse.json").write_bytes(DESCRIPTION)
    found: Json = json.loads(DESCRIPTION)
    return found


def looked_at(folder: Path, theirs: Json, deltabell: str | None = None) -> Validated:
    path = folder / "fetched.json"
    path.write_text(json.dumps(theirs), encoding="utf-8")
    return validate(folder / "13995.dat", path, deltabell)


def said(found: Validated) -> list[str]:
    """What was found, without the folder."""
    folder = f"{found.path.parent}/"
    return [str(finding).replace(folder, "") for finding in found.findings]


def altered(folder: Path, alter: Alter) -> None:
    after = alter(LINES)
    assert after != LINES
    (folder / "13995.dat").write_bytes(after.encode())


def replaced(before: str, after: str) -> Alter:
    return lambda text: text.replace(before, after)


def columns(*order: int) -> Alter:
    """The same file with its columns in another order; they count from 1."""

    def alter(text: str) -> str:
        rows = [line.split(";") for line in text.splitlines()]
        return "".join(";".join(row[n - 1] for n in order) + "\r\n" for row in rows)

    return alter


def test_nothing_is_wrong_with_what_was_written(tmp_path: Path, theirs: Json) -> None:
    assert FIGURES.decode() == LINES
    found = looked_at(tmp_path, theirs)
    assert (found.findings, found.doubts) == ((), ())
    assert (found.deltabell, found.rows, found.columns) == ("13995.dat", 4, 7)
    found.refuse()


def test_the_shape_that_the_client_saves_is_read_too(tmp_path: Path, theirs: Json) -> None:
    client(json.dumps(theirs).encode()).to_json(tmp_path / "saved.json")
    found = validate(tmp_path / "13995.dat", tmp_path / "saved.json")
    assert (found.findings, found.doubts) == ((), ())


FAULTS: dict[str, tuple[Alter, str]] = {
    "variables in another order": (
        columns(2, 1, 3, 4, 5, 6, 7),
        ("4 lines, first 1, column 1 (KOKkommuneregion0000): holds the codes of Kjonn, which is "
        "column 2"),
    ),
    "a column less": (
        columns(1, 2, 3, 4, 5, 6),
        ("4 lines, first 1: has 6 columns, and the description 7: 3 variables, 2 measures, 2 of "
        "signs"),
    ),
    "no semicolons": (
        replaced(";", "\t"),
        "4 lines, first 1: has 1 column, and the description 7",
    ),
    "a row that is too short": (
        replaced("712;;;02", "712"),
        "line 3: has 4 columns, and the description 7",
    ),
    "a code that nobody knows": (
        replaced("3103;2", "9999;2"),
        ("line 4, column 1 (KOKkommuneregion0000): has a code that code list KOKkommuneregion0000 "
        "does not have. Add"),
    ),
    "spaces around a code": (
        replaced("3103;", "3103 ;"),
        ("2 lines, first 3, column 1 (KOKkommuneregion0000): has a code that code list "
        "KOKkommuneregion0000 does not have; there are spaces around some"),
    ),
    "codes without the 0 that they begin with": (
        replaced("0301;", "301;"),
        ("2 lines, first 1, column 1 (KOKkommuneregion0000): has a code that code list "
        "KOKkommuneregion0000 does not have; some lack the 0 that they begin with. Add"),
    ),
    "a period of another form": (
        replaced("3103;1;2025", "3103;1;2025M01"),
        "line 3, column 3 (Tid): has a period that is not written as åååå",
    ),
    "decimals of a whole number": (
        replaced("710", "710,0"),
        "line 1, column 4 (Measure KOSantall0000): has more decimals than are stored, no decimals",
    ),
    "too few decimals": (
        replaced(",5", ""),
        ("3 lines, first 1, column 5 (Measure KOSandel0000): has fewer decimals than are stored, "
        "1 decimal"),
    ),
    "too many decimals": (
        replaced("23,5", "23,50"),
        "line 4, column 5 (Measure KOSandel0000): has more decimals than are stored",
    ),
    "a decimal point": (
        replaced(",5", ".5"),
        "3 lines, first 1, column 5 (Measure KOSandel0000): has a point, not a comma",
    ),
    "a space between thousands": (
        replaced("713", "1 713"),
        "line 4, column 4 (Measure KOSantall0000): is not a number",
    ),
    "a sign in place of a number": (
        replaced("2025;;21,5;04", "2025;:;21,5;"),
        "line 2, column 4 (Measure KOSantall0000): is not a number",
    ),
    "a number beside the code of a sign": (
        replaced("2025;;21,5;04", "2025;711;21,5;04"),
        "line 2, column 4 (Measure KOSantall0000): has a number beside the code 04 in column 6",
    ),
    "a blank without a code": (
        replaced(";04;", ";;"),
        "line 2, column 4 (Measure KOSantall0000): has neither a number nor the code of a sign",
    ),
    "a code of a sign that is none": (
        replaced(";04;", ";03;"),
        "line 2, column 6 (signs of column 4): has what is no code of a sign; they are 01, 02, 04",
    ),
    "a row twice": (
        lambda text: text + text.splitlines(keepends=True)[0],
        "line 5: has the same codes as a row before it",
    ),
    "a row less": (
        lambda text: "".join(text.splitlines(keepends=True)[:3]),
        "1 combination: of its codes without a row, such as 3103; 2; 2025",
    ),
    "other line ends": (replaced("\r\n", "\n"), "4 lines, first 1: ends without CRLF"),
    "no end of the last line": (lambda text: text.rstrip(), "line 4: ends without CRLF"),
    "a byte order mark": (
        lambda text: f"\N{ZERO WIDTH NO-BREAK SPACE}{text}",
        "line 1: begins with a byte order mark",
    ),
    "an empty line": (
        lambda text: text + "\r\n",
        "line 5: has 0 columns, and the description 7",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("alter", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_with_line_column_rule_and_fix(
    tmp_path: Path, theirs: Json, alter: Alter, expected: str
) -> None:
    altered(tmp_path, alter)
    found = looked_at(tmp_path, theirs)
    [first, *_] = [one for one in said(found) if expected in one] or said(found)
    assert first.startswith(f"13995.dat: {expected}")
    assert all(finding.fix for finding in found.findings)
    assert not any(figure in one for one in said(found) for figure in ("71", "0,5", "1,5", "3,5"))
    with pytest.raises(LoadFileError):
        found.refuse()


@pytest.mark.parametrize(
    "data",
    [b"", b"\xef\xbb\xbf", FIGURES.replace(b"0301", b"\xe6"), b'0301;"1'],
    ids=["nothing", "only a mark", "another encoding", "an open quotation mark"],
)
def test_what_does_not_read_is_refused(tmp_path: Path, theirs: Json, data: bytes) -> None:
    (tmp_path / "13995.dat").write_bytes(data)
    with pytest.raises(LoadFileError, match=r"13995\.dat"):
        looked_at(tmp_path, theirs)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, theirs: Json) -> None:
    (tmp_path / "13995.dat").unlink()
    with pytest.raises(LoadFileError, match="cannot be read"):
        looked_at(tmp_path, theirs)


# --- what the statbank's description has otherwise ---


def part(theirs: Json) -> Json:
    found: Json = theirs["deltabller"][0]
    return found


def test_a_code_that_the_statbank_lacks_is_told_with_its_name(tmp_path: Path, theirs: Json) -> None:
    theirs["kodelister"][0]["koder"].pop()
    assert said(looked_at(tmp_path, theirs)) == [
        (
            "13995.dat: 2 lines, first 3, column 1 (KOKkommuneregion0000): has a code that code "
            "list KOKkommuneregion0000 does not have: 3103 (Moss). Add what is missing to the code "
            "list in the statbank, or correct it here."
        )
    ]


def test_codes_that_look_like_years_are_not_taken_for_them(tmp_path: Path, theirs: Json) -> None:
    theirs["kodelister"][0]["koder"] = [{"kode": "K-0301", "text": "Oslo"}]
    [found] = said(looked_at(tmp_path, theirs))
    assert "has 2 codes that code list KOKkommuneregion0000 does not have: 0301 (Oslo)" in found


def test_a_description_without_codes_of_signs(tmp_path: Path, theirs: Json) -> None:
    del theirs["null_prikk_missing_kodeliste"]
    found = said(looked_at(tmp_path, theirs))
    assert len(found) == 2
    assert all(
        "has the code of a sign, and the description has no list of them" in one for one in found
    )


def test_a_code_without_rows_is_a_doubt(tmp_path: Path, theirs: Json) -> None:
    theirs["kodelister"][0]["koder"].append({"kode": "3105", "text": "Sarpsborg"})
    found = looked_at(tmp_path, theirs)
    assert found.findings == ()
    [doubt] = found.doubts
    assert doubt.rule == "has no rows for 3105 of code list KOKkommuneregion0000"


def test_measures_in_another_order(tmp_path: Path, theirs: Json) -> None:
    measures = part(theirs)["statistikkvariabler"]
    for one, other in (("Text", 0), ("Enhet", 0), ("Antall_lagrede_desimaler", 0)):
        first, second = measures[other], measures[1]
        first[one], second[one] = second[one], first[one]
    found = said(looked_at(tmp_path, theirs))
    assert any("holds “Measure KOSantall0000”, which is column 5" in one for one in found)
    assert any("holds “Measure KOSandel0000”, which is column 4" in one for one in found)


def test_a_measure_and_a_unit_by_other_names_are_doubts(tmp_path: Path, theirs: Json) -> None:
    part(theirs)["statistikkvariabler"][0] |= {"Text": "Mottakere", "Enhet": "1 000 kr"}
    found = looked_at(tmp_path, theirs)
    assert found.findings == ()
    assert [doubt.rule for doubt in found.doubts] == [
        "holds “Measure KOSantall0000”, and is “Mottakere” in the description",
        "is in “number”, and in “1 000 kr” in the description",
    ]


def test_decimals_that_the_statbank_stores(tmp_path: Path, theirs: Json) -> None:
    part(theirs)["statistikkvariabler"][0]["Antall_lagrede_desimaler"] = "2"
    [found] = said(looked_at(tmp_path, theirs))
    assert "3 lines, first 1, column 4" in found
    assert "has fewer decimals than are stored, 2 decimals" in found


def test_a_table_without_columns_of_signs(tmp_path: Path, theirs: Json) -> None:
    del part(theirs)["null_prikk_missing"]
    [found] = said(looked_at(tmp_path, theirs))
    assert "has 7 columns, and the description 5: 3 variables, 2 measures, 0 of signs" in found
    assert "order them in the statbank" in found


def test_another_table(tmp_path: Path, theirs: Json) -> None:
    found = said(looked_at(tmp_path, theirs | {"TabellId": "14019"}))
    assert found == [
        (
            "13995.dat: is of table 13995, and the description of 14019. Name the load file and "
            "description of one table."
        )
    ]


def test_another_name(tmp_path: Path, theirs: Json) -> None:
    part(theirs)["deltabell"] = "KostraSosial1.dat"
    [found] = said(looked_at(tmp_path, theirs))
    assert "has a name that no deltabell of fetched.json has" in found
    assert "--deltabell: KostraSosial1.dat" in found
    assert looked_at(tmp_path, theirs, "KostraSosial1.dat").findings == ()
    with pytest.raises(UsageError, match=r"has no deltabell Other\.dat"):
        looked_at(tmp_path, theirs, "Other.dat")


def test_which_of_several_is_not_guessed(tmp_path: Path, theirs: Json) -> None:
    theirs["deltabller"] = [{**part(theirs), "deltabell": name} for name in ("a.dat", "b.dat")]
    [found] = said(looked_at(tmp_path, theirs))
    assert "--deltabell: a.dat, b.dat" in found


def test_synthetic_figures_are_refused_whatever_they_are_for(tmp_path: Path) -> None:
    figures, description = written(sample())
    (tmp_path / "syntetisk-13995.dat").write_bytes(figures)
    own = tmp_path / "own.json"
    own.write_bytes(description)
    assert validate(tmp_path / "syntetisk-13995.dat", own).findings == ()
    real = tmp_path / "real.json"
    real.write_bytes(description.replace(b"syntetisk-13995.dat", b"Sosial.dat"))
    found = validate(tmp_path / "syntetisk-13995.dat", real, "Sosial.dat")
    assert [finding.rule for finding in found.findings] == [
        "holds synthetic figures, as its name says"
    ]


def test_without_our_own_description_the_order_of_measures_is_a_doubt(
    tmp_path: Path, theirs: Json
) -> None:
    (tmp_path / "13995.uttrekksbeskrivelse.json").unlink()
    found = looked_at(tmp_path, theirs)
    assert found.findings == ()
    assert "the order of measures is not known" in str(found.doubts[0])


LOOSE: dict[str, Callable[[Json], object]] = {
    "no columns": lambda theirs: theirs.pop("deltabller"),
    "no deltabell": lambda theirs: theirs["deltabller"].clear(),
    "a number that is none": lambda theirs: part(theirs)["variabler"][0].update(kolonnenummer="x"),
    "a number twice": lambda theirs: part(theirs)["variabler"][0].update(kolonnenummer="2"),
    "a number too high": lambda theirs: part(theirs)["variabler"][0].update(kolonnenummer="9"),
    "no code list": lambda theirs: theirs["kodelister"].pop(),
    "signs of no measure": lambda theirs: part(theirs)["null_prikk_missing"][0].update(
        gjelder_for__kolonner_nummer="1"
    ),
}


@pytest.mark.parametrize("alter", LOOSE.values(), ids=LOOSE)
def test_a_description_that_does_not_hold_together_is_refused(
    tmp_path: Path, theirs: Json, alter: Callable[[Json], object]
) -> None:
    alter(theirs)
    with pytest.raises(LoadFileError, match=r"fetched\.json"):
        looked_at(tmp_path, theirs)


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '"{}"'])
def test_what_is_no_description_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "fetched.json").write_text(text, encoding="utf-8")
    with pytest.raises(LoadFileError, match="is not a description of a table"):
        validate(tmp_path / "13995.dat", tmp_path / "fetched.json")


@pytest.mark.parametrize("name", ["nothing.json", ""], ids=["nothing", "a folder"])
def test_a_description_that_cannot_be_read_is_told_as_that(tmp_path: Path, name: str) -> None:
    with pytest.raises(LoadFileError, match="cannot be read"):
        validate(tmp_path / "13995.dat", tmp_path / name)


# --- many columns ---


WIDE = table(measures=[measure(f"KOSantall{number:04}") for number in range(40)])
WIDE_REGIONS = dimensions(WIDE, [2025], {"0301": "Oslo"})


@pytest.fixture
def wide(tmp_path: Path) -> Json:
    """The description of a table with forty measures; its file is there too."""
    cells = pl.DataFrame({"value": [1.0] * 40, "status": [None] * 40})
    cells = cells.cast({"value": pl.Float64, "status": pl.String})
    cubes = cube(WIDE, WIDE_REGIONS, [facts(2025, synthetic=False)], cells=cells)
    figures, description = written(cubes, release="2026-06")
    (tmp_path / "13995.dat").write_bytes(figures)
    (tmp_path / "13995.uttrekksbeskrivelse.json").write_bytes(description)
    found: Json = json.loads(description)
    return found


def test_of_a_fault_in_forty_columns_the_first_six_are_told(tmp_path: Path, wide: Json) -> None:
    for one in part(wide)["statistikkvariabler"]:
        one["Antall_lagrede_desimaler"] = "2"
    found = said(looked_at(tmp_path, wide))
    assert [text.partition("column ")[2][:2].strip() for text in found] == [*"345678"]
    assert ["(and 34 more like this)" in text for text in found] == [False] * 5 + [True]


def test_nor_are_forty_doubts_told(tmp_path: Path, wide: Json) -> None:
    for one in part(wide)["statistikkvariabler"]:
        one["Enhet"] = "kr"
    found = looked_at(tmp_path, wide)
    assert found.findings == ()
    assert [" more like this" in doubt.rule for doubt in found.doubts] == [False] * 5 + [True]


def test_nor_forty_faults_of_the_description(tmp_path: Path, wide: Json) -> None:
    for one in part(wide)["statistikkvariabler"]:
        del one["Enhet"]
    with pytest.raises(LoadFileError, match="6 problems") as refused:
        looked_at(tmp_path, wide)
    assert str(refused.value).count("Enhet") == 6


# --- the verb ---


def run(folder: Path, theirs: Json) -> None:
    path = folder / "fetched.json"
    path.write_text(json.dumps(theirs), encoding="utf-8")
    main(["statbank", "validate", str(folder / "13995.dat"), str(path)])


def test_the_verb_says_that_it_fits(
    tmp_path: Path, theirs: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, theirs)
    assert not ended.value.code
    assert "fits 13995.dat: 4 rows, 7 columns" in " ".join(capsys.readouterr().out.split())


def test_the_verb_ends_with_4_when_anything_is_found(
    tmp_path: Path, theirs: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    altered(tmp_path, replaced(";04;", ";;"))
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, theirs)
    assert ended.value.code == 4
    assert "1 problem in what is to be loaded:" in capsys.readouterr().err
