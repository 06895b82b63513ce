"""PX read back by pyaxis, and by a strict reader of the whole file in three languages."""

import re
from collections.abc import Sequence
from itertools import product
from math import prod
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from pyaxis import pyaxis

from kostra_publish.auditing.files import read
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs import px
from kostra_publish.specs.catalogue import Catalogue
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from kostra_publish.specs.models import LANGUAGES, Language, Note, Scope
from tests.awkward import awkward_cubes
from tests.cubes import catalogue, cube, dimension, dimensions, facts, measure, sample, table, text
from tests.outputs.test_jsonstat import (
    RELEASE,
    Cells,
    cells,
    document,
    flat,
    real,
    real_cube,
)

GOLDEN = Path(__file__).parent / "golden"
SIGN_OF = {'"."': ".", '".."': "..", '"..."': ":"}


def rendered(
    of: SafeCube, texts: Catalogue | None = None, languages: Sequence[Language] = LANGUAGES
) -> str:
    return px.render(of, texts or catalogue(), RELEASE, languages).decode()


class Px:
    """A PX file, read letter by letter as the specification says."""

    def __init__(self, written: str) -> None:
        self.said: dict[str, list[str]] = {}
        heading, _, data = written.partition("\nDATA=\n")
        for key, values in self.statements(heading + "\n"):
            assert key not in self.said, f"{key} stands twice"
            self.said[key] = values
        assert data.endswith(";\n")
        self.cells = data.removesuffix(";\n").split()
        assert all(line.endswith(" ") for line in data.removesuffix(";\n").splitlines())

    @staticmethod
    def statements(heading: str) -> list[tuple[str, list[str]]]:
        found, key, values, value = [], "", [""], False
        quoted = False
        for letter in heading:
            if letter == '"':
                quoted = not quoted
                if not value:
                    key += letter
            elif quoted or letter not in "=,;\n":
                if value:
                    values[-1] += letter
                else:
                    key += letter
            elif letter == "=":
                value = True
            elif letter == "," and value:
                values.append("")
            elif letter == ",":
                key += letter
            elif letter == ";":
                found.append((key, values))
                key, values, value = "", [""], False
        assert not quoted
        assert not key
        return found

    def variables(self, mark: str = "") -> list[str]:
        return [name for side in ("STUB", "HEADING") for name in self.said.get(side + mark, [])]

    def codes(self, mark: str = "") -> dict[str, list[str]]:
        """By the code of each variable, in the order of the data."""
        return {
            self.said[f'VARIABLECODE{mark}("{name}")'][0]: self.said[f'CODES{mark}("{name}")']
            for name in self.variables(mark)
        }

    def by_codes(self, order: Sequence[str]) -> Cells:
        codes = self.codes()
        assert len(self.cells) == prod(map(len, codes.values()))
        found: Cells = {}
        for key, cell in zip(product(*codes.values()), self.cells, strict=True):
            of = dict(zip(codes, key, strict=True))
            sign = SIGN_OF.get(cell)
            value = None if sign else float(cell)
            found[tuple(of[code] for code in order)] = (value, sign)
        return found


def assert_it_is(of: SafeCube, found: Px) -> None:
    assert found.by_codes([item.code for item in of.dimensions]) == cells(of)


def mark(language: Language) -> str:
    return "" if language == LANGUAGES[0] else f"[{language}]"


# --- read back by others ---


@pytest.mark.parametrize("table_id", ["13995", "14019", "10509"])
def test_pyaxis_reads_the_cells_of_the_cube(tmp_path: Path, table_id: str) -> None:
    """One language at a time: it loses its way in files with several."""
    whole = real_cube(table_id)
    for language, written in one_language_files(whole, real()).items():
        assert_pyaxis_reads(tmp_path / f"{language}.px", written, whole, language)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(awkward_cubes())
def test_pyaxis_reads_awkward_names_too(tmp_path: Path, whole: SafeCube) -> None:
    for language, written in one_language_files(whole).items():
        assert_pyaxis_reads(tmp_path / f"{language}.px", written, whole, language)


def one_language_files(of: SafeCube, texts: Catalogue | None = None) -> dict[Language, bytes]:
    files = dict(px.write_px([of], texts or catalogue(), RELEASE))
    return {
        language: files[f"public/statbank/px/{language}/{of.table.id}.px"] for language in LANGUAGES
    }


def assert_pyaxis_reads(file: Path, written: bytes, whole: SafeCube, language: Language) -> None:
    file.write_bytes(written)
    found = pyaxis.parse(str(file), encoding="utf-8", null_values="^$", sd_values="^$")
    frame, said = found["DATA"], found["METADATA"]
    names = list(frame.columns[:-1])
    labels = [as_written(item.label.get(language)) for item in whole.dimensions]
    assert same_but_for_codes(names, labels, [item.code for item in whole.dimensions])
    expected = [
        str(int(value) if value == int(value) else value)
        if value is not None
        else {sign: written for written, sign in SIGN_OF.items()}[str(sign)]
        for value, sign in cells(whole).values()
    ]
    assert list(frame["DATA"]) == expected
    for name, item in zip(names, whole.dimensions, strict=True):
        assert said[f"CODES({name})"] == list(item.codes)
        labels = [as_written(label.get(language)) for label in item.labels]
        assert same_but_for_codes(said[f"VALUES({name})"], labels, item.codes)


@pytest.mark.parametrize("table_id", sorted(real().tables))
def test_every_real_table_can_be_written(table_id: str) -> None:
    whole = real_cube(table_id, regions=["0301", "EAK"])
    written = rendered(whole, real())
    assert_it_is(whole, Px(written))
    content = read(f"public/statbank/px/{table_id}.px", written.encode())
    assert content.wrong == []
    assert content.table is not None
    assert content.table.table == table_id


@settings(max_examples=60)
@given(awkward_cubes())
def test_any_label_comes_back_but_for_what_the_format_has_not(whole: SafeCube) -> None:
    written = rendered(whole)
    found = Px(written)
    assert_it_is(whole, found)
    for language in LANGUAGES:
        names = found.variables(mark(language))
        labels = [as_written(item.label.get(language)) for item in whole.dimensions]
        assert same_but_for_codes(names, labels, [item.code for item in whole.dimensions])
        for name, item in zip(names, whole.dimensions, strict=True):
            values = found.said[f'VALUES{mark(language)}("{name}")']
            labels = [as_written(label.get(language)) for label in item.labels]
            assert same_but_for_codes(values, labels, item.codes)
    for path, data in px.write_px([whole], catalogue(), RELEASE):
        content = read(path, data)
        assert content.wrong == []
        assert content.table is not None
        assert content.table.shown.tolist() == whole.values.is_not_null().to_list()


def same_but_for_codes(names: Sequence[str], labels: Sequence[str], codes: Sequence[str]) -> bool:
    """Whether names are the labels, with the code behind those that are alike."""
    alike = {label for label in labels if labels.count(label) > 1}
    wanted = [
        f"{label} ({code})" if label in alike else label
        for label, code in zip(labels, codes, strict=True)
    ]
    return list(names) == wanted and len(set(names)) == len(names)


def as_written(words: str) -> str:
    return re.sub(r"[\r\n]+", " ", words).replace('"', "'")


# --- figures ---


def test_numbers_have_a_point_and_signs_are_points() -> None:
    values = [117.0, -0.0, 0.1, -3.0, 2.5, None, None, None]
    whole = flat(values, [None] * 5 + [".", "..", ":"])
    cells_of = px.figures(whole).decode().split()
    assert cells_of == ["117", "0", "0.1", "-3", "2.5", '"."', '".."', '"..."']
    found = Px(rendered(whole))
    assert [found.said[f"DATASYMBOL{n}"] for n in (1, 2, 3)] == [["."], [".."], [":"]]
    assert found.said["DATASYMBOL3[nn]"] == found.said["DATASYMBOL3[en]"] == [":"]


@pytest.mark.parametrize(
    ("stub", "heading"),
    [
        ([], []),
        ([], [CONTENTS, TIME]),
        ([TIME, "Kjonn", CONTENTS], [KOMMUNE_REGION]),
        ([], [TIME, "Kjonn"]),
        ([], [KOMMUNE_REGION, "Kjonn", CONTENTS, TIME]),
    ],
)
def test_cells_follow_the_layout_of_the_table(stub: list[str], heading: list[str]) -> None:
    whole = sample(presentation={"stub": stub, "heading": heading})
    written = rendered(whole)
    assert_it_is(whole, Px(written))
    content = read("13995.px", written.encode())
    assert content.wrong == []
    assert content.table is not None
    again = content.table.in_order_of({item.code: item.codes for item in whole.dimensions})
    assert again.shown.tolist() == whole.values.is_not_null().to_list()


def test_two_hundred_thousand_cells_are_written_at_once() -> None:
    spec = table()
    group = dimension("Gruppe", {str(n): str(n) for n in range(100)})
    regions = {str(1000 + n): str(n) for n in range(500)}
    dims = dimensions(spec, [2024, 2025], regions, [group])
    values = pl.select(
        value=pl.int_range(0, 200_000).cast(pl.Float64) / 10,
        status=pl.lit(None, dtype=pl.String),
    )
    whole = cube(spec, dims, [facts(2024), facts(2025)], cells=values)
    assert len(px.figures(whole).splitlines()) == 100_000


# --- what stands beside the figures ---


def test_a_file_has_the_keywords_that_it_must_have() -> None:
    found = Px(rendered(sample())).said
    assert found["CHARSET"] == ["ANSI"]
    assert found["AXIS-VERSION"] == ["2013"]
    assert found["CODEPAGE"] == ["utf-8"]
    assert found["LANGUAGE"] == ["nb"]
    assert found["LANGUAGES"] == ["nb", "nn", "en"]
    assert found["AGGREGALLOWED"] == ["NO"]
    assert found["MATRIX"] == found["TABLEID"] == ["13995"]
    assert found["CREATION-DATE"] == ["20260316 08:00"]
    assert found["NEXT-UPDATE"] == ["20260615 08:00"]
    assert found["CONTVARIABLE"] == ["dimension ContentsCode"]
    assert found['TIMEVAL("dimension Tid")'] == ["TLIST(A1)", "2024", "2025"]
    assert found['LAST-UPDATED[en]("Measure KOSandel0000 (en)")'] == ["20260316 08:00"]
    assert found['UNITS("Measure KOSandel0000")'] == ["number"]
    assert found['ELIMINATION[nn]("dimension Kjonn (nn)")'] == ["Begge (nn)"]
    assert not any(key.startswith("ELIMINATION") and "region" in key for key in found)


def test_decimals_are_those_of_each_measure() -> None:
    found = Px(rendered(sample())).said
    assert (found["DECIMALS"], found["SHOWDECIMALS"]) == (["1"], ["0"])
    precise = {key: values for key, values in found.items() if key.startswith("PRECISION(")}
    assert precise == {'PRECISION("dimension ContentsCode","Measure KOSandel0000")': ["1"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_and_notes_are_those_of_jsonstat(language: Language) -> None:
    whole = real_cube("13995")
    found = Px(rendered(whole, real())).said
    json = document(whole, language, real())
    at = mark(language)
    assert found[f"TITLE{at}"] == [json["label"]]
    assert found[f"CONTENTS{at}"] == [json["extension"]["px"]["contents"]]
    mandatory = {int(n) for n in json["extension"]["noteMandatory"]}
    for keyword, wanted in (("NOTEX", True), ("NOTE", False)):
        notes = [note for n, note in enumerate(json["note"]) if (n in mandatory) == wanted]
        assert found[f"{keyword}{at}"] == ["##".join(notes).replace('"', "'")]
    contents = json["dimension"][CONTENTS]
    name = contents["label"]
    for code, notes in contents["category"]["note"].items():
        label = contents["category"]["label"][code]
        said = [
            found.get(f'{key}{at}("{name}","{label}")', []) for key in ("VALUENOTEX", "VALUENOTE")
        ]
        together = "##".join(note for of in said for note in of)
        assert sorted(together.split("##")) == sorted(note.replace('"', "'") for note in notes)


def test_preliminary_missing_and_synthetic_are_mandatory_notes_and_marks() -> None:
    found = Px(rendered(sample())).said
    [notes] = found["NOTEX[en]"]
    assert notes.split("##")[:3] == [
        "synthetic (en)",
        "2025: preliminary (en) final_figures (en)",
        "Reports for 2025 are missing for: Moss (en)",
    ]
    assert found["OFFICIAL-STATISTICS"] == ["NO"]
    of_year = {
        key.removeprefix("KOSTRA-"): values
        for key, values in found.items()
        if key.startswith("KOSTRA-") and "2025" in key
    }
    assert of_year == {
        'ROUND("dimension Tid","2025")': ["2026-03"],
        'PRELIMINARY("dimension Tid","2025")': ["YES"],
        'SYNTHETIC("dimension Tid","2025")': ["YES"],
    }


def test_official_statistics_are_not_synthetic() -> None:
    spec = table()
    whole = cube(spec, dimensions(spec, [2025]), [facts(2025, synthetic=False)])
    assert Px(rendered(whole)).said["OFFICIAL-STATISTICS"] == ["YES"]


def test_names_that_are_alike_have_their_codes() -> None:
    measures = [measure(f"KOS{n}", label=text("Number")) for n in "ab"]
    found = Px(rendered(sample(measures=measures))).said
    assert found['VALUES("dimension ContentsCode")'] == ["Number (KOSa)", "Number (KOSb)"]
    assert found['UNITS("Number (KOSa)")'] == ["number"]


def test_notes_keep_their_line_breaks_and_no_others_come_in() -> None:
    note = Note(text=text('See "form" #11\nand more'), scope=Scope(measures=["KOSandel0000"]))
    found = Px(rendered(sample(notes=[note]))).said
    key = 'VALUENOTE("dimension ContentsCode","Measure KOSandel0000")'
    assert found[key] == ["See 'form' \N{FULLWIDTH NUMBER SIGN}11#and more"]


def test_long_texts_stand_on_several_lines_and_come_back_whole() -> None:
    words = " ".join(f"ord{n}" for n in range(200))
    whole = sample(title=text(words), notes=[Note(text=text("x" * 700))])
    written = rendered(whole)
    assert max(map(len, written.splitlines())) <= px.LINE
    found = Px(written).said
    assert f"13995: {words}" in found["TITLE"][0]
    assert "x" * 700 in found["NOTE"][0]


@pytest.mark.parametrize("table_id", ["13995", "10509", "12367"])
def test_no_line_is_longer_than_it_may_be(table_id: str) -> None:
    written = rendered(real_cube(table_id), real())
    assert max(map(len, written.splitlines())) <= px.LINE


# --- files ---


def test_there_are_four_files_per_table_and_the_same_cubes_give_the_same_bytes() -> None:
    files = dict(px.write_px([sample("13995"), sample("14019")], catalogue(), RELEASE))
    assert list(files) == [
        f"public/statbank/px/{folder}{table_id}.px"
        for table_id in ("13995", "14019")
        for folder in ("", "nb/", "nn/", "en/")
    ]
    again = px.write_px([sample("13995"), sample("14019")], catalogue(), RELEASE)
    assert files == dict(again)


def test_a_file_in_one_language_has_that_alone_and_the_same_data() -> None:
    whole = sample()
    files = dict(px.write_px([whole], catalogue(), RELEASE))
    every, data = files["public/statbank/px/13995.px"].split(b"DATA=\n")
    for language, written in one_language_files(whole).items():
        assert written.decode() == rendered(whole, languages=[language])
        heading, own_data = written.split(b"DATA=\n")
        assert own_data == data
        said, said_in_all = (dict(Px.statements(part.decode())) for part in (heading, every))
        assert not any("[" in key for key in said)
        of_language = {key: said_in_all[key] for key in said_in_all if f"[{language}]" in key}
        for key, values in of_language.items():
            assert said[key.replace(mark(language), "")] == values
        assert said["LANGUAGE"] == [language]
        assert "LANGUAGES" not in said


def test_the_file_of_a_small_table_looks_like_this() -> None:
    """Once changed on purpose, write it anew from what this finds."""
    whole = sample(vintages=[2025], regions={"0301": "Oslo", "3103": "Moss; før 2020"})
    assert rendered(whole) == (GOLDEN / "13995.px").read_text(encoding="utf-8")
