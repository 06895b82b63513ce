"""Pages that say what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kostra_publish.drafting.unexpected import unexpected
from kostra_publish.drafts import Wrong
from kostra_publish.errors import Finding, ReleaseError, SpecError
from kostra_publish.preview.app import Place, application
from kostra_publish.preview.board import Board
from tests.browser.test_markup import wrong as not_valid
from tests.draft_house import TEMPLATES
from tests.planted import TRUE
from tests.preview.asgi import PORT, ask
from tests.preview.pivot_drafts import draft

FINDINGS = (
    Finding("13995.yaml", "line 7", "measures.0.unit", "no such <unit>", "Use one that is there."),
    Finding("shared/terms.yaml", "", "", "it is empty", "Fill it in."),
)


def pages(tmp_path: Path, wrong: Wrong | None) -> tuple[str, str]:
    """The page, and the part of it that changes."""
    board = Board(draft())
    if wrong:
        board.take(wrong)
    app = application(board, Place(TEMPLATES, tmp_path, PORT))
    found = ask(app, "/feil").text, ask(app, "/feil/del").text
    assert found[1].strip() in found[0]
    return found


def test_each_finding_has_its_file_place_rule_and_fix(tmp_path: Path) -> None:
    page, part = pages(tmp_path, Wrong.of(SpecError(FINDINGS)))
    assert part.count('class="finding"') == 2
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))
    for words in (
        "13995.yaml , line 7 Hvor measures.0.unit Regel no such &lt;unit&gt;",
        "Slik rettes det Use one that is there.",
        "shared/terms.yaml Regel it is empty Slik rettes det Fill it in.",
    ):
        assert words in told
    assert '<a href="/">det siste utkastet som var riktig</a>' in part
    assert 'data-part="/feil/del" data-always' in page


def test_an_error_without_findings_has_its_words(tmp_path: Path) -> None:
    _, part = pages(tmp_path, Wrong.of(ReleaseError("it was altered", fix="Publish it again.")))
    assert "<h2>it was altered</h2>" in part
    assert "Publish it again." in part


def test_all_of_these_pages_are_valid(tmp_path: Path) -> None:
    files = []
    for n, one in enumerate((None, Wrong("x"), Wrong("x", "y", FINDINGS))):
        files.append(tmp_path / f"{n}.html")
        files[-1].write_text(pages(tmp_path, one)[0], encoding="utf-8")
    assert not_valid(*files) == []


def test_when_nothing_is_wrong_it_says_so(tmp_path: Path) -> None:
    _, part = pages(tmp_path, None)
    assert "Ingenting er galt" in part
    assert "finding" not in part


@pytest.mark.parametrize("text", [str(TRUE), f"value {TRUE}"])
def test_what_nobody_foresaw_is_told_by_place_and_kind_alone(tmp_path: Path, text: str) -> None:
    def fail() -> None:
        raise ValueError(text)

    with pytest.raises(ValueError, match=str(TRUE)) as error:
        fail()
    _, part = pages(tmp_path, unexpected(error.value))
    assert "what makes drafts stopped in test_failing.py, line" in part
    assert "(ValueError)" in part
    assert "report it" in part
    assert str(TRUE) not in part
