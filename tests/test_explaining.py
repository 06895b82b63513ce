"""Why a figure is hidden, from a release alone, in words and without values."""

import re
from pathlib import Path

import pytest

from kostra_publish import cli
from kostra_publish.errors import ReleaseError, UsageError
from kostra_publish.explaining import Asked, why
from tests import small_release
from tests.small_release import REGIONS


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return small_release.publish(tmp_path)


def test_a_hidden_figure_names_the_small_one_and_how_it_would_follow(release: Path) -> None:
    found = why(release, Asked("13995", region="1101", categories={"Kjonn": "2"}), 10)
    (figure,) = found.hidden
    assert figure.name == "1101 Eigersund, Kvinner, Tilfeller"
    (line,) = figure.lines
    assert line == (
        "protects «1101 Eigersund, Menn, Tilfeller» (too few to show): it would follow from "
        "this and «1101 Eigersund, Tilfeller» (shown)"
    )


def test_a_small_figure_says_so(release: Path) -> None:
    found = why(release, Asked("13995", "1101", "n", {"Kjonn": "1"}), 10)
    assert [figure.lines for figure in found.hidden] == [("is too few to show",)]


def test_all_figures_asked_for_are_counted_and_some_explained(release: Path) -> None:
    found = why(release, Asked("13995"), 3)
    assert (found.count, found.count_hidden, len(found.hidden)) == (9, 4, 3)
    shown = why(release, Asked("13995", region="EKA11"), 3)
    assert (shown.count, shown.count_hidden, shown.hidden) == (3, 0, ())


def test_no_value_is_said(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["why", str(release), "13995"])
    printed = capsys.readouterr().out
    assert printed.count("too few to show") == 4
    numbers = set(re.findall(r"\d+", printed)) - {*REGIONS, "11", "9", "4"}
    assert numbers == set()


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (Asked("10509"), "protects no table 10509"),
        (Asked("13995", region="0301"), "no 0301 in KOKkommuneregion0000"),
        (Asked("13995", measure="m"), "no m in ContentsCode"),
        (Asked("13995", categories={"Alder": "1"}), "no dimension Alder"),
    ],
)
def test_what_is_not_there_cannot_be_asked_for(release: Path, asked: Asked, rule: str) -> None:
    with pytest.raises(UsageError, match=rule):
        why(release, asked, 1)


def test_a_category_is_written_with_its_dimension(release: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["why", str(release), "13995", "--category", "2"])
    assert stopped.value.code == UsageError.exit_code


def test_a_release_that_was_altered_explains_nothing(release: Path) -> None:
    (path,) = (release / "internal/disclosure/2025").rglob("tables.parquet")
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ReleaseError, match="not as it was published"):
        why(release, Asked("13995"), 1)
