"""What is wrong in a folder of specs is reported together, each with file, line and fix."""

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest
import yaml

from kostra_publish.checking import check_specs
from kostra_publish.cli import main
from kostra_publish.errors import SpecError, UsageError
from kostra_publish.specs import folders, json_schema
from kostra_publish.specs.catalogue import load

SPECS = Path(__file__).parents[2] / "table_specs"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "table_specs"
    shutil.copytree(SPECS, copy)
    return copy


def change(folder: Path, name: str, old: str, new: str) -> int:
    """Replace the first ``old`` in a file; returns its line."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def problems(folder: Path) -> SpecError:
    with pytest.raises(SpecError) as caught:
        load(folder)
    return caught.value


@pytest.mark.parametrize(
    ("name", "old", "new", "rule"),
    [
        ("12268.yaml", "source: regnskap", "source: regnskapet", "there is no source"),
        ("12268.yaml", "kind: ", "kin: ", "tag"),
        ("13995.yaml", "unit: tilfelle", "unit: tilfeller", "should be"),
        ("13995.yaml", "skjema:", "skjemaet:", "Extra inputs"),
        ("14019.yaml", "denominator: innbyggere", "denominator: innbygere", "no shared term"),
        ("10509.yaml", 'total: "', 'total: "x', "is not a category"),
        ("kvp-status.yaml", "id: kvp-status", "id: kvp", "must be the file's name"),
        ("13995-bydel.yaml", 'like: "13995"', 'like: "1399"', "`like` must name"),
        ("12268.yaml", "unit: tusen_kroner", "unit: tusen", "there is no unit"),
        ("quality.yaml", "term: f281_brutto", "term: f281_brutt", "no shared term"),
        ("quality.yaml", "unit: maaneder", "unit: maander", "there is no unit"),
        ("quality.yaml", "accounts: f281", "accounts: f282", "there is no indicator"),
        ("quality.yaml", "less: [utbetalt,", "less: [tilfeller,", "no amount of money"),
        ("quality.yaml", "most_percent: 3", "most_percents: 3", "Extra inputs"),
        ("quality.yaml", "severity: blocking", "severity: fatal", "'blocking'"),
    ],
)
def test_one_error_is_found_at_its_line(
    folder: Path, name: str, old: str, new: str, rule: str
) -> None:
    line = change(folder, name, old, new)
    findings = [finding for finding in problems(folder).findings if finding.file == name]
    assert any(rule in finding.rule for finding in findings), findings
    assert any(finding.where == f"line {line}" for finding in findings) or "Extra" not in rule
    assert all(finding.fix for finding in findings)


def test_an_indicator_is_a_figure_of_a_kommune(folder: Path) -> None:
    terms = folder / "shared" / "terms.yaml"
    text = terms.read_text(encoding="utf-8")
    for source, rule in (("source: mottakere", "once in the country"), ("of: x", "which source")):
        terms.write_text(f"{text}\n  anything: {{{source}}}\n", encoding="utf-8")
        path = folder / "quality.yaml"
        own = (SPECS / "quality.yaml").read_text(encoding="utf-8")
        path.write_text(own.replace("term: tilfeller\n", "term: anything\n"), encoding="utf-8")
        (finding,) = problems(folder).findings
        assert (finding.file, finding.field) == ("quality.yaml", "indicators.tilfeller.term")
        assert rule in finding.rule


def test_a_variable_that_an_indicator_has_not_got_is_found(folder: Path) -> None:
    change(folder, "shared/terms.yaml", "of: stoenadsmaaneder", "of: stoenadsmander")
    with pytest.raises(SpecError) as caught:
        check_specs(folder)
    assert any(
        finding.file == "quality.yaml" and finding.field == "indicators.stoenadsmaaneder.term.of"
        for finding in caught.value.findings
    )


def test_errors_in_several_files_come_together(folder: Path) -> None:
    change(folder, "12268.yaml", "source: regnskap", "source: regnskapet")
    change(folder, "12131.yaml", "source: skjema12", "source: skjema13")
    assert {finding.file for finding in problems(folder).findings} == {"12268.yaml", "12131.yaml"}


def test_findings_of_form_and_of_reference_come_together(folder: Path) -> None:
    change(folder, "10509.yaml", "unit: kommune", "unit: kommuner")
    change(folder, "13995.yaml", "    unit: antall", "    unit: antal")
    change(folder, "12268.yaml", "source: regnskap", "source: regnskapet")
    change(folder, "shared/texts.yaml", "{date}", "{dato}")
    found = {(finding.file, finding.field) for finding in problems(folder).findings}
    assert found == {
        ("10509.yaml", "unit"),
        ("13995.yaml", "measures.0.unit"),
        ("12268.yaml", "source"),
        ("texts.yaml", "final_figures.nb"),
    }


def test_nothing_is_said_of_what_refers_to_a_file_that_cannot_be_read(folder: Path) -> None:
    for name in ("13995.yaml", "shared/terms.yaml", "shared/sources.yaml", "discontinued.yaml"):
        (folder / name).write_text("[", encoding="utf-8")
    assert [finding.file for finding in problems(folder).findings] == [
        "13995.yaml", "discontinued.yaml", "sources.yaml", "terms.yaml"
    ]  # fmt: skip


def test_what_the_forms_do_not_have_is_told_with_the_rest(folder: Path) -> None:
    change(folder, "10509.yaml", "unit: kommune", "unit: kommuner")
    change(folder, "12269.yaml", "of: MOTTAKERE", "of: MOTTAGERE")
    with pytest.raises(SpecError) as caught:
        check_specs(folder)
    assert {finding.file for finding in caught.value.findings} == {"10509.yaml", "12269.yaml"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("12269.yaml", "12269.yml"),
        ("12269.yaml", "12269.YAML"),
        ("12269.yaml", "12269.yaml.bak"),
        ("12269.yaml", "12269.txt"),
        ("12269.yaml", "more/12269.yaml"),
        ("12269.yaml", "shared/12269.yaml"),
        ("shared/terms.yaml", "shared/terms.yml"),
    ],
)
def test_a_spec_under_a_name_that_is_not_read_is_refused(folder: Path, old: str, new: str) -> None:
    (folder / new).parent.mkdir(exist_ok=True)
    (folder / old).rename(folder / new)
    (finding,) = problems(folder).findings
    assert finding.file == new
    assert "not read" in finding.rule
    assert finding.fix


def test_notes_and_what_editors_leave_are_no_specs(folder: Path) -> None:
    for name in ("README.md", ".12269.yaml.swp", "12269.yaml~", "numbers.csv"):
        (folder / name).write_text("id: x\n", encoding="utf-8")
    assert "12269" in load(folder).tables


def test_what_a_table_takes_from_another_is_told_of_the_other_alone(folder: Path) -> None:
    change(folder, "13995.yaml", "    unit: antall", "    unit: antal")
    assert [finding.file for finding in problems(folder).findings] == ["13995.yaml"]


@pytest.mark.parametrize("words", ["{date", "{0}", "{date!r}", "{vintage}"])
def test_only_what_is_known_can_be_filled_into_a_text(folder: Path, words: str) -> None:
    line = change(folder, "shared/texts.yaml", "kommer {date}", f"kommer {words}")
    (finding,) = problems(folder).findings
    assert (finding.file, finding.where) == ("texts.yaml", f"line {line}")


def test_the_threshold_cannot_be_loosened(folder: Path) -> None:
    path = folder / "12131.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\ndisclosure: {{threshold: 3}}\n", encoding="utf-8")
    assert "threshold" in str(problems(folder))


def test_a_folder_without_specs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"sources\.yaml"):
        load(tmp_path)


def test_an_unknown_table_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="13995"):
        load(SPECS).table("99999")


@pytest.mark.parametrize(
    ("table", "words"), [("12210", r"avslutta serie[\s\S]*14019"), ("11064", "No table carries")]
)
def test_a_discontinued_table_says_what_replaced_it(table: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(SPECS).table(table)
    assert re.search(words, str(caught.value))


def test_the_json_schema_is_up_to_date_and_accepts_every_spec() -> None:
    assert json_schema.outdated(SPECS / "schema") == []
    for path in sorted(SPECS.glob("*.yaml")):
        own = SPECS / "schema" / f"{path.stem}.schema.json"
        schema = own if own.is_file() else SPECS / "schema" / "table.schema.json"
        validator = jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert not [error.message for error in validator.iter_errors(content)], path.name


def test_schemas_are_written_to_a_folder_of_the_user_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written: list[Path] = []

    def write(path: Path) -> list[Path]:
        written.append(path)
        return []

    monkeypatch.setattr(json_schema, "write", write)
    with pytest.raises(SystemExit) as stopped:
        main(["schema"])
    assert (stopped.value.code, written) == (2, [])
    assert "--specs" in capsys.readouterr().err
    (tmp_path / "table_specs").mkdir()
    for arguments in (["schema"], ["schema", "--specs", "table_specs"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0
    assert written == [Path("table_specs/schema")] * 2


def test_a_folder_is_the_option_else_here_else_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (folders.find("table_specs") / "13995.yaml").is_file()
    (tmp_path / "table_specs").mkdir()
    assert folders.find("table_specs") == Path("table_specs")
    assert folders.find("table_specs", tmp_path) == tmp_path
    with pytest.raises(UsageError, match="no folder"):
        folders.find("table_specs", tmp_path / "nowhere")


# --- the calendar ---

CORRECTIONS = """corrections:
  - release: 2026-06.{number}
    date: "2026-09-01"
    reason: {{nb: Feil., nn: Feil., en: Wrong.}}
    tables: ["{table}"]
"""


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("time_zone: Europe/Oslo", "time_zone: Europe/Nidaros", "no time zone"),
        ("    day: 15\n", "", "both a month and a day"),
        ("month: 6", "month: 3", "`march` is yearly in that month"),
        ("kind: fag", "kind: fagg", "no kind of round `fagg`"),
        ("round: 2021-06-fag", "round: 2021-06", "named by year and month alone"),
        ("round: 2009-06", "round: 2009-07", "yearly in month 6"),
        ("2023-09-05", "2023-10-05", "of another month"),
        ("round: 2024-10-kvp", "round: 2023-09-kvp", "dated twice"),
        (
            "kvp-deltakere: [KOSkvpdelt0000]",
            "kvp-deltaker: [KOSkvpdelt0000]",
            "no table kvp-deltaker",
        ),
        ("[KOSkvpdelt0000]", "[KOSkvpdelt]", "no measure KOSkvpdelt"),
        ("corrections: []\n", CORRECTIONS.format(number=2, table="13995"), "numbered from 1 on"),
        ("corrections: []\n", CORRECTIONS.format(number=1, table="1399"), "no table 1399"),
    ],
)
def test_what_is_wrong_in_the_calendar_is_told(folder: Path, old: str, new: str, rule: str) -> None:
    change(folder, "rounds.yaml", old, new)
    findings = problems(folder).findings
    assert any(one.file == "rounds.yaml" and rule in one.rule for one in findings), findings


def test_a_correction_without_a_reason_is_refused(folder: Path) -> None:
    written = CORRECTIONS.format(number=1, table="13995")
    without = "\n".join(line for line in written.splitlines() if "reason" not in line)
    change(folder, "rounds.yaml", "corrections: []\n", f"{without}\n")
    [finding] = problems(folder).findings
    assert (finding.field, finding.rule) == ("corrections.0.reason", "Field required")


@pytest.mark.parametrize("name", ["13995.yaml", "kvp-utfall.yaml"])
def test_a_table_is_published_in_rounds_of_the_calendar(folder: Path, name: str) -> None:
    line = change(folder, name, "rounds: [", "rounds: [mars, ")
    found = next(one for one in problems(folder).findings if one.file == name)
    assert (found.where, found.rule) == (f"line {line}", "rounds.yaml has no kind of round `mars`")


# --- the key-figure pages ---


@pytest.mark.parametrize(
    ("old", "new", "field", "rule"),
    [
        ('tables: ["14019"]', 'tables: ["14018"]', "figures.0.tables", "no table 14018"),
        (
            "measure: KOSandtilf18660000",
            "measure: KOSandtilf1866",
            "figures.0.measure",
            "table 14019 has no measure KOSandtilf1866",
        ),
        (
            "measure: KOSkvpdelt0000",
            'codes: {KOKkjonn0000: "3"}\n        measure: KOSkvpdelt0000',
            "figures.1.codes",
            "table kvp-deltakere has no category 3 of KOKkjonn0000",
        ),
        (
            "measure: KOSkvpdelt0000",
            'codes: {KOKkjoenn: "1"}\n        measure: KOSkvpdelt0000',
            "figures.1.codes",
            "table kvp-deltakere has no category 1 of KOKkjoenn",
        ),
        ("- id: unge-andel", "- id: tilfeller", "figures.2.id", "the name tilfeller is taken"),
        ("- id: unge-andel", "- id: sosialhjelp", "figures.2.id", "the name sosialhjelp is taken"),
        ("- id: satser", "- id: kvp", "id", "the name kvp is taken"),
        ("- id: unge-andel", "- id: Unge", "figures.2.id", "String should match"),
        ("- id: unge-andel", "- id: unge andel", "figures.2.id", "String should match"),
        ('tables: ["14019"]', "tables: []", "figures.0.tables", "at least 1 item"),
        ("compare: false", "compares: false", "figures.1.compares", "Extra inputs"),
    ],
)
def test_what_is_wrong_in_the_key_figures_is_told(
    folder: Path, old: str, new: str, field: str, rule: str
) -> None:
    line = change(folder, "pages.yaml", old, new)
    [finding] = problems(folder).findings
    assert finding.file == "pages.yaml"
    assert finding.field.startswith("themes.")
    assert finding.field.endswith(f".{field}")
    assert rule in finding.rule
    assert finding.where == f"line {line}"
    assert finding.fix


@pytest.mark.parametrize(
    "address",
    [
        "kostra-publish.example",
        "ftp://kostra-publish.example",
        "https://kostra-publish.example/",
        "https://kostra-publish.example/tall?a=b",
        "https://kostra-publish.example/tall#a",
        "https://kostra publish.example",
        "https:///tall",
        "",
    ],
)
def test_an_address_that_pages_cannot_be_found_at_is_refused(folder: Path, address: str) -> None:
    line = change(folder, "pages.yaml", "https://kostra-publish.example", f'"{address}"')
    [finding] = problems(folder).findings
    assert (finding.file, finding.field, finding.where) == ("pages.yaml", "address", f"line {line}")


@pytest.mark.parametrize(
    "address", ["https://example.org", "http://example.org:8000/a/b", "https://a.no/å"]
)
def test_an_address_may_have_folders(folder: Path, address: str) -> None:
    change(folder, "pages.yaml", "https://kostra-publish.example", address)
    found = load(folder).pages
    assert found is not None
    assert found.address == address


def test_without_the_file_there_are_no_key_figures(folder: Path) -> None:
    (folder / "pages.yaml").unlink()
    assert load(folder).pages is None


def test_an_address_that_is_not_confirmed_is_told_with_the_rest(folder: Path) -> None:
    assert any(one[0] == "pages.yaml" for one in load(folder).provisional())
    change(folder, "pages.yaml", "provisional: true\n", "")
    assert not any(one[0] == "pages.yaml" for one in load(folder).provisional())


def test_nothing_is_said_of_key_figures_of_a_table_that_cannot_be_read(folder: Path) -> None:
    (folder / "14019.yaml").write_text("[", encoding="utf-8")
    assert [finding.file for finding in problems(folder).findings] == ["14019.yaml"]


def test_a_key_figure_says_which_category_where_there_is_no_total(folder: Path) -> None:
    change(folder, "pages.yaml", "tables: [befolkning]", 'tables: ["12367"]')
    change(folder, "pages.yaml", "measure: KOSinnbyggere0000", "measure: KOSbelop0000")
    rules = [one.rule for one in problems(folder).findings if one.file == "pages.yaml"]
    assert "table 12367 has no total of KOKregnskapsomfa0000: say which category" in rules
