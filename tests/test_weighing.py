"""What guarantees cost, from a release alone."""

from pathlib import Path

import pytest

from kostra_publish import cli
from kostra_publish.errors import ReleaseError
from kostra_publish.weighing import weigh
from tests import small_release


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return small_release.publish(tmp_path)


def test_every_universe_is_weighed_and_the_rest_of_the_report_stays(release: Path) -> None:
    said: list[str] = []
    facts = weigh(release, said.append)
    assert said == ["skjema11-persons"]
    assert facts.costs is not None
    (costs,) = facts.costs
    assert (costs.figures, costs.small) == (9, 1)
    assert costs.guarantees["exact"] is not None
    assert costs.guarantees["exact"][0] == 3
    assert costs.widths is not None
    assert [table.table for table in facts.tables] == ["13995"] * 2


def test_the_report_goes_where_it_is_wanted_and_the_release_stays(
    release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in release.rglob("*") if path.is_file()}
    with pytest.raises(SystemExit) as done:
        cli.main(["policy", str(release), "--out", str(tmp_path / "policy")])
    assert done.value.code == 0
    assert "could be shown" in capsys.readouterr().out
    page = (tmp_path / "policy" / "report.html").read_text(encoding="utf-8")
    assert "Hva strengere garantier ville koste" in page
    assert before == {path: path.read_bytes() for path in release.rglob("*") if path.is_file()}


def test_a_report_that_was_altered_is_not_weighed(release: Path) -> None:
    (release / "internal/disclosure/report.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ReleaseError):
        weigh(release, lambda _: None)
