"""A new table's spec is one that works, and so is every example in it when it is taken in use."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from kostra_publish import cli
from kostra_publish.cube.plan import Plan
from kostra_publish.errors import ReleaseError, SpecError, UsageError
from kostra_publish.microdata.layouts import FIRST_YEAR, LAST_YEAR
from kostra_publish.microdata.variables import DATASET_OF_SOURCE, variables
from kostra_publish.scaffolding import Asked, new_table
from kostra_publish.scaffolding.dimensions import in_every_year
from kostra_publish.scaffolding.template import quoted
from kostra_publish.specs import yaml_text
from kostra_publish.specs.catalogue import Catalogue, load
from kostra_publish.specs.models import Count, Mean, Rate, Share, Sum, TableSpec
from kostra_publish.specs.references import Parts, table_findings
from tests.few_specs import SPECS

SOURCES = [name for name in DATASET_OF_SOURCE if name != "innrapportering"]


@cache
def specs() -> Catalogue:
    return load(SPECS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(SPECS, tmp_path / "table_specs")


def is_spare(line: str) -> bool:
    """Whether a line is of an example: no space after the sign, or two."""
    return bool(re.match(r"^ *#([^ ]|  )", line))


def without_sign(line: str) -> str:
    return line.replace("#", "", 1)


def examples(text: str) -> Iterator[tuple[int, int]]:
    """The first line of each example, and the first after it."""
    lines = text.splitlines()
    first = None
    for number, line in enumerate([*lines, ""]):
        if is_spare(line) and first is None:
            first = number
        elif not is_spare(line) and first is not None:
            yield first, number
            first = None


def in_use(text: str, *chosen: tuple[int, int]) -> str:
    lines = text.splitlines()
    for first, after in chosen:
        lines[first:after] = [without_sign(line) for line in lines[first:after]]
    return "\n".join(lines) + "\n"


def read(path: Path, text: str) -> TableSpec:
    """The spec, held to its model and to what it refers to, and to the forms of every year."""
    path.write_text(text, encoding="utf-8")
    document = yaml_text.read(path)
    spec = TableSpec.model_validate(document.content)
    known = specs()
    parts = Parts(
        sources=known.sources,
        terms=known.terms,
        codelists=known.codelists,
        texts=known.texts,
        discontinued=list(known.discontinued),
        tables=list(known.tables),
        kinds=list(known.calendar.kinds),
    )
    assert table_findings(parts, spec, document) == []
    whole = replace(
        known,
        tables={**known.tables, spec.id: spec},
        documents={**known.documents, spec.id: document},
    )
    for vintage in range(FIRST_YEAR, LAST_YEAR + 1):
        Plan(whole, [spec], vintage, "june")
    return spec


@pytest.mark.parametrize("source", SOURCES)
def test_a_new_table_passes_and_so_does_each_example_and_all_of_them(
    folder: Path, source: str
) -> None:
    made = new_table(folder, Asked("ny-tabell", source))
    text = made.path.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 100
    spec = read(made.path, text)
    assert spec.provisional
    assert not spec.official
    assert all(one.provisional for one in spec.measures)
    assert all(one.provisional for one in spec.dimensions)
    assert len(spec.measures) == 1
    places = [*examples(text)]
    for place in places:
        read(made.path, in_use(text, place))
    every = read(made.path, in_use(text, *places))
    assert every.notes
    assert every.breaks
    assert every.disclosure.threshold == 5
    if specs().sources[source].persons == "rows":
        kinds = {type(one.formula) for one in every.measures}
        assert kinds >= {Count, Sum, Share}
        assert (Rate in kinds) == (not specs().sources[source].national_only)
        assert (Mean in kinds) == (source != "skjema11_maaneder")


def test_a_new_table_is_one_of_the_specs_and_sex_divides_it(folder: Path) -> None:
    new_table(folder, Asked("enslige-fedre", "skjema11"))
    found = load(folder).table("enslige-fedre")
    assert [one.variable for one in found.dimensions] == ["KJONN"]
    assert found.measures[0].formula == Count(kind="count")
    assert found.title.nb.startswith("TITTEL ")
    assert found.measures[0].label.en.startswith("NAME ")
    assert found.rounds == specs().tables["13995"].rounds
    assert found.skjema == specs().tables["13995"].skjema


def test_a_number_is_an_id_too(folder: Path) -> None:
    new_table(folder, Asked("14999", "regnskap"))
    assert load(folder).table("14999").measures[0].code.startswith("KOS14999")


def test_measures_that_are_asked_for_are_in_use(folder: Path) -> None:
    asked = Asked("ny", "skjema11", ("stoenadsmaaneder", "sanksjon", "VKLO"))
    spec = read(folder / "ny.yaml", new_table(folder, asked).path.read_text(encoding="utf-8"))
    assert [one.formula.kind for one in spec.measures] == ["count", "sum", "count", "count"]


@pytest.mark.parametrize("rounds", [(), ("june",), ("march", "june")])
def test_the_rounds_are_those_that_are_asked_for(folder: Path, rounds: tuple[str, ...]) -> None:
    made = new_table(folder, Asked("ny", "skjema12", rounds=rounds))
    assert made.rounds == rounds
    assert load(folder).table("ny").rounds == list(rounds)


def test_contents_codes_are_nobody_elses(folder: Path) -> None:
    new_table(folder, Asked("ny", "skjema11"))
    again = new_table(folder, Asked("n-y", "skjema11"))
    text = again.path.read_text(encoding="utf-8")
    text = in_use(text, *examples(text))
    own = {one.code for one in read(folder / "n-y.yaml", text).measures}
    others = {one.code for name in ("ny",) for one in load(folder).table(name).measures}
    assert not own & others
    assert all(code.startswith("KOS") and code.endswith("0000") for code in own)


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (Asked("ny", "skjema8"), "no dataset skjema8"),
        (Asked("Ny tabell", "skjema11"), "not an id"),
        (Asked("13995", "skjema11"), "there is a file 13995"),
        (Asked("rounds", "skjema11"), "there is a file rounds"),
        (Asked("13138", "skjema11"), "discontinued"),
        (Asked("ny", "skjema11", ("JOURNALNR",)), "no variable JOURNALNR"),
        (Asked("ny", "skjema11", rounds=("april",)), "no kind of round april"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(
    folder: Path, asked: Asked, rule: str
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match=rule):
        new_table(folder, asked)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_datasets_are_listed_where_one_is_unknown(folder: Path) -> None:
    with pytest.raises(UsageError) as told:
        new_table(folder, Asked("ny", "skjema8"))
    assert [line.split()[0] for line in told.value.fix.splitlines()[1:]] == [*specs().sources]


def test_a_file_that_has_come_meanwhile_is_not_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "ny.yaml"

    def text(*_: object) -> str:
        path.write_text("mine", encoding="utf-8")
        return "new"

    monkeypatch.setattr("kostra_publish.scaffolding._Making.text", text)
    with pytest.raises(ReleaseError, match="cannot write"):
        new_table(folder, Asked("ny", "skjema11"))
    assert path.read_text(encoding="utf-8") == "mine"
    assert [one.name for one in folder.iterdir() if one.name.startswith(".")] == []


def test_another_table_that_is_wrong_does_not_stop_a_new_one(folder: Path) -> None:
    (folder / "wrong.yaml").write_text("id: wrong\n", encoding="utf-8")
    assert new_table(folder, Asked("ny", "skjema11")).path.is_file()
    with pytest.raises(UsageError, match=r"there is a file wrong\.yaml"):
        new_table(folder, Asked("wrong", "skjema11"))
    (folder / "shared" / "terms.yaml").write_text("terms: 3\n", encoding="utf-8")
    with pytest.raises(SpecError):
        new_table(folder, Asked("ny2", "skjema11"))


def test_the_packaged_specs_are_never_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(["new-table", "ny", "--from", "skjema11"])
    assert "those of the package are not written to" in capsys.readouterr().err


def test_the_verb_says_what_comes_next(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for rounds, said in (("none", "It is in no round"), ("june", "the rounds june")):
        arguments = ["--from", "skjema11c", "--specs", str(folder), "--rounds", rounds]
        with pytest.raises(SystemExit):
            cli.main(["new-table", f"ny-{rounds}", *arguments])
        printed = capsys.readouterr().out
        assert said in printed
        assert f"/tabell/ny-{rounds}" in printed


def test_what_every_year_has_is_in_every_year() -> None:
    assert "VILKARNORSKSAMISKOPPL" not in in_every_year("skjema11")
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        assert in_every_year("skjema11").keys() <= variables("skjema11", year).keys()


@pytest.mark.parametrize(
    "text", ["Ja", "0301", "no", "null", "a: b", "1 000 kr", "# x", "Ååå, ååå", '"', "* alt", "- x"]
)
def test_texts_are_quoted_where_yaml_would_take_them_for_something_else(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"one: {quoted(text)}\nmany: [{quoted(text)}, x]\n", encoding="utf-8")
    assert yaml_text.read(path).content == {"one": text, "many": [text, "x"]}
